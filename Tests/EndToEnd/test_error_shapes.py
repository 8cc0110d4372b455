"""Errors have OpenAI's shape whatever a server writes, and a conversation that is too long goes on to the next target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from support.gateway import Gateway, Site
from support.reciting import DONE, POLICY, ROLE, STOP, RecitingProvider, answer, ask, text


@pytest.fixture(scope="module")
def reciter() -> Iterator[RecitingProvider]:
    provider = RecitingProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, reciter: RecitingProvider) -> Iterator[Gateway]:
    policy = POLICY.replace("api_key: t", 'api_key: "sk-provider-CANARY-5f0d/5c0e9a"')
    running = Gateway(Site(tmp_path_factory.mktemp("errors") / "site", policy.format(url=reciter.url)))
    yield running
    running.stop()


BODIES = [
    ({"error": {"message": "words", "type": 7, "param": 3, "code": 400}}, "400"), ({"error": {"message": "words", "code": None}}, "invalid_request_error"),
    ({"error": "words"}, "invalid_request_error"), ({"errors": ["words"]}, "invalid_request_error"), ({"message": "words"}, "invalid_request_error"),
    ({"detail": [{"loc": ["body", "n"], "msg": "words", "type": "x"}]}, "invalid_request_error"), ([{"error": {"message": "words", "code": 400}}], "invalid_request_error"),
    ({"object": "error", "message": "words", "type": "BadRequestError", "param": None, "code": 400}, "invalid_request_error"), ("words", "invalid_request_error"),
    ({"error": {"message": json.dumps({"error": {"message": "words", "code": "inner"}})}}, "inner"), ("<html><title>words</title></html>", "invalid_request_error"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code"), BODIES)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_every_body_has_openais_shape(gateway: Gateway, reciter: RecitingProvider, body: Any, code: str, stream: bool) -> None:
    reciter.answers(body, 400)
    reply = ask(gateway, stream=stream)
    error = reply.json()["error"]
    assert (reply.status, error["message"], error["code"]) == (400, "words", code)
    assert isinstance(error["type"], str) and (error["param"] is None or isinstance(error["param"], str))


@pytest.mark.parametrize("body", ['{"detail": "key %s is bad"}', "key %s is bad", '{"error": "key %s is bad"}', "<title>key %s is bad</title>"])
@pytest.mark.parametrize("escape", ["/", "\\/"])
def test_the_providers_words_are_scrubbed(gateway: Gateway, reciter: RecitingProvider, body: str, escape: str) -> None:
    key = "sk-provider-CANARY-5f0d/5c0e9a"
    reciter.answers(body % (key.replace("/", escape) if body.startswith("{") else key), 400)
    reply = ask(gateway)
    assert b"CANARY" not in reply.body and "is bad" in reply.error["message"]


TOO_LONG = [
    (400, {"error": {"message": "This model's maximum context length is 5 tokens.", "code": "context_length_exceeded"}}),
    (500, {"error": {"code": 500, "message": "the request exceeds the available context size", "type": "exceed_context_size_error", "n_ctx": 5}}),
    (422, {"error": "Input validation error: `inputs` must have less than 5 tokens. Given: 9", "error_type": "validation"}),
    (400, {"object": "error", "message": "The input (9 tokens) is longer than the model's context length (5 tokens).", "code": 400}),
    (413, {"detail": "prompt is too long"}), (400, "prompt too long; exceeded max context length by 4 tokens"),
    (200, {"error": {"message": "maximum context length is 5", "code": "400"}}), (200, {"object": "error", "message": "maximum context length is 5"}),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), TOO_LONG)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_too_long_is_told_and_tried_elsewhere(gateway: Gateway, reciter: RecitingProvider, status: int, body: Any, stream: bool) -> None:
    reciter.answers(body, status)
    reply = ask(gateway, stream=stream)
    assert (reply.status, reply.code) == (400, "context_length_exceeded"), reply
    reciter.streams(ROLE, text("from b"), STOP, DONE, model="b")
    if not stream:
        reciter.answers(answer("from b"), model="b")
    assert ask(gateway, "chain", stream=stream).text == "from b"


@pytest.mark.parametrize("begun", [False, True], ids=["before content", "after content"])
def test_too_long_in_a_stream(gateway: Gateway, reciter: RecitingProvider, begun: bool) -> None:
    reciter.streams(ROLE, *([text("a")] if begun else []), {"error": {"message": "maximum context length is 5", "code": 400, "param": 1}})
    reply = ask(gateway, stream=True)
    if not begun:
        assert (reply.status, reply.code) == (400, "context_length_exceeded")
        return
    name, data = reply.events()[-1]
    error = json.loads(data)["error"]
    assert name == "error" and error["code"] == "context_length_exceeded" and error["param"] == "1"


def test_openais_client_raises_its_own_error(gateway: Gateway, reciter: RecitingProvider) -> None:
    reciter.answers({"error": {"message": "words", "code": 400}}, 400)
    transport = openai.DefaultHttpxClient(verify=gateway.site.trust())
    with openai.OpenAI(api_key=gateway.key, base_url=f"{gateway.url}/v1", max_retries=0, http_client=transport) as client:
        with pytest.raises(openai.BadRequestError) as raised:
            client.chat.completions.create(model="oa/m", messages=[{"role": "user", "content": "hi"}])
    assert (raised.value.code, raised.value.type) == ("400", "invalid_request_error")
