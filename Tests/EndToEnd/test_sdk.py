"""OpenAI's own Python client through the gateway, over verified TLS."""

from __future__ import annotations

import subprocess
import sys
import time
from decimal import Decimal

import openai
import pytest

from support.answers import DRIPPED, USAGE
from support.gateway import Gateway, Site
from support.http import Client
from support.policies import FILE_KEY
from support.scripted import ScriptedProvider

WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
}


def messages(prompt: str) -> list[dict]:
    return [{"role": "user", "content": prompt}]


def test_plain_answer(sdk: openai.OpenAI, site: Site) -> None:
    raw = sdk.chat.completions.with_raw_response.create(model="scripted/echo", messages=messages("Grüezi 🚀"))
    answer = raw.parse()
    assert answer.choices[0].message.content == "Grüezi 🚀"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens == USAGE["prompt_tokens"]
    assert answer.usage.completion_tokens == USAGE["completion_tokens"]
    assert answer._request_id == raw.headers["x-request-id"]
    assert site.record(answer._request_id)["status"] == "ok"


@pytest.mark.parametrize("model", ["scripted/echo", "scripted/drip", "scripted/odd-events"])
def test_stream(sdk: openai.OpenAI, model: str) -> None:
    said = {"scripted/echo": "streamed words", "scripted/drip": DRIPPED, "scripted/odd-events": "odd but legal"}[model]
    chunks = list(sdk.chat.completions.create(model=model, messages=messages("streamed words"), stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == said
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1


def test_usage_chunk_only_for_those_who_asked(sdk: openai.OpenAI, site: Site, provider: ScriptedProvider) -> None:
    request = {"model": "scripted/echo", "messages": messages("count me"), "stream": True}
    with sdk.chat.completions.with_raw_response.create(**request, extra_headers={"x-request-id": "usage-not-asked"}).parse() as unasked:
        chunks = list(unasked)
    assert all(chunk.choices and not chunk.usage for chunk in chunks), "a usage chunk that nobody asked for"
    assert provider.last("echo").body["stream_options"]["include_usage"] is True, "the gateway has to ask"

    asked = {**request, "stream_options": {"include_usage": True}, "extra_headers": {"x-request-id": "usage-asked"}}
    chunks = list(sdk.chat.completions.create(**asked))
    assert chunks[-1].choices == [] and all(chunk.usage is None for chunk in chunks[:-1])
    assert chunks[-1].usage.total_tokens == USAGE["total_tokens"]
    assert Decimal(str(chunks[-1].usage.cost)) == Decimal("0.00000585")

    for request_id in ("usage-not-asked", "usage-asked"):
        record = site.record(request_id)
        assert (record["input_tokens"], record["output_tokens"], record["stream"]) == (11, 7, True)
        assert Decimal(record["cost_usd"]) == Decimal("0.00000585")


def test_tools(sdk: openai.OpenAI, provider: ScriptedProvider) -> None:
    answer = sdk.chat.completions.create(model="scripted/tools", messages=messages("weather?"), tools=[WEATHER], tool_choice="auto")
    assert provider.last("tools").body["tools"] == [WEATHER]
    assert answer.choices[0].finish_reason == "tool_calls"
    call = answer.choices[0].message.tool_calls[0]
    assert (call.id, call.function.name, call.function.arguments) == ("call_7", "get_weather", '{"city":"Zürich"}')


def test_tools_streamed(sdk: openai.OpenAI) -> None:
    with sdk.chat.completions.stream(model="scripted/tools", messages=messages("weather?"), tools=[WEATHER]) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls[0].function.arguments == '{"city":"Zürich"}'


def test_everything_openai_shaped_passes_through(sdk: openai.OpenAI, provider: ScriptedProvider) -> None:
    sent = {
        "temperature": 0.25, "n": 1, "seed": 7, "top_p": 0.5, "max_tokens": 12, "stop": ["\n", "§"], "logit_bias": {"50256": -100},
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": True}},
    }  # fmt: skip
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    content = [{"type": "text", "text": "what is this?"}, picture]
    sdk.chat.completions.create(model="scripted/echo", messages=[{"role": "user", "content": content}], **sent, extra_body={"a_new_field": {"deep": [1, None]}})
    body = provider.last("echo").body
    assert body == {"model": "echo", "messages": [{"role": "user", "content": content}], **sent, "a_new_field": {"deep": [1, None]}}


def test_own_fields_and_headers_stay_inside(sdk: openai.OpenAI, http: Client, provider: ScriptedProvider, gateway: Gateway) -> None:
    headers = {"x-purser-timeout": "20s", "x-forwarded-for": "10.1.1.1", "openai-organization": "org-theirs", "cookie": "a=b"}
    sdk.chat.completions.create(model="scripted/echo", messages=messages("x"), extra_headers=headers)
    call = provider.last("echo")
    sent = {name.lower() for name, _ in call.headers}
    assert not sent & {*headers, "x-api-key", "x-stainless-lang"}, f"the client's headers reached the provider: {sent}"
    assert gateway.key not in str(call.headers)


@pytest.mark.parametrize(
    ("model", "exception"),
    [
        ("scripted/nonesuch", openai.NotFoundError),
        ("scripted/status-400", openai.BadRequestError),
        ("scripted/status-429", openai.RateLimitError),
        ("scripted/status-500", openai.InternalServerError),
        ("scripted/status-401", openai.InternalServerError),
        ("hasty/silent", openai.InternalServerError),
        ("refused/echo", openai.InternalServerError),
    ],
)
def test_exception_classes(sdk: openai.OpenAI, model: str, exception: type[openai.APIStatusError]) -> None:
    with pytest.raises(exception) as raised:
        sdk.chat.completions.create(model=model, messages=messages("x"))
    assert type(raised.value) is exception
    assert raised.value.code and raised.value.request_id


def test_wrong_and_forbidden(sdk: openai.OpenAI, gateway: Gateway) -> None:
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided"):
        sdk.with_options(api_key="sk-wrong").models.list()
    narrow = sdk.with_options(api_key=gateway.site.new_key("acme/narrow"))
    with pytest.raises(openai.PermissionDeniedError):
        narrow.chat.completions.create(model="scripted/priced", messages=messages("x"))


def test_fault_in_a_stream_raises(sdk: openai.OpenAI) -> None:
    for model in ("scripted/cut-stream", "scripted/reset-stream", "scripted/error-in-stream"):
        seen = []
        with pytest.raises(openai.APIError):
            for chunk in sdk.chat.completions.create(model=model, messages=messages("x"), stream=True):
                seen.append(chunk)
        assert seen, f"{model}: what came before the fault was lost"


def test_client_timeout_and_retry(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.APITimeoutError):
        sdk.with_options(timeout=0.3).chat.completions.create(model="scripted/slow-plain", messages=messages("x"))
    assert sdk.chat.completions.create(model="scripted/echo", messages=messages("still here")).choices[0].message.content == "still here"


def test_leaving_a_stream_cancels_upstream_within_a_second(sdk: openai.OpenAI, site: Site, provider: ScriptedProvider) -> None:
    stream = sdk.chat.completions.create(
        model="scripted/endless-stream", messages=messages("x"), stream=True, extra_headers={"x-request-id": "left-early"}
    )
    for _, _ in zip(range(5), stream):
        pass
    left = time.monotonic()
    stream.close()
    call = provider.last("endless-stream")
    assert call.gone.wait(5), "the provider was never told"
    assert call.gone_at - left < 1.0
    record = site.record("left-early")
    assert record["status"] == "canceled" and record["estimated"] is True
    assert record["output_tokens"] > 0 and Decimal(record["cost_usd"]) > 0, "what was streamed is billed"


def test_leaving_before_the_answer_cancels_upstream(sdk: openai.OpenAI, site: Site, provider: ScriptedProvider) -> None:
    with pytest.raises(openai.APITimeoutError):
        options = sdk.with_options(timeout=0.3)
        options.chat.completions.create(model="scripted/silent", messages=messages("x"), extra_headers={"x-request-id": "left-at-once"})
    assert provider.last("silent").gone.wait(1.5)
    assert site.record("left-at-once")["status"] == "canceled"


def test_models(sdk: openai.OpenAI, gateway: Gateway) -> None:
    listed = {model.id: model for model in sdk.models.list()}
    assert {"scripted/echo", "hasty/echo", "local/smollm2"} <= listed.keys()
    assert listed["scripted/echo"].object == "model" and isinstance(listed["scripted/echo"].created, int)
    assert sdk.models.retrieve("scripted/echo").id == "scripted/echo"  # the client sends scripted%2Fecho
    assert gateway.http.get("/v1/models/scripted/echo").json()["id"] == "scripted/echo"
    with pytest.raises(openai.NotFoundError):
        sdk.models.retrieve("scripted/nonesuch")
    narrow = sdk.with_options(api_key=gateway.site.new_key("acme/narrow"))
    assert [model.id for model in narrow.models.list()] == ["scripted/echo"]
    assert [model.id for model in sdk.with_options(api_key=FILE_KEY).models.list()] == ["scripted/echo"]


def test_aliases(sdk: openai.OpenAI, site: Site) -> None:
    raw = sdk.chat.completions.with_raw_response.create(model="short-name", messages=messages("hi"))
    assert raw.headers["x-purser-model"] == "scripted/aliased"
    record = site.record(raw.headers["x-request-id"])
    assert (record["requested_model"], record["model"], record["provider"]) == ("short-name", "scripted/aliased", "scripted")


def test_a_client_that_does_not_know_our_ca_refuses(gateway: Gateway) -> None:
    with openai.OpenAI(api_key=gateway.key, base_url=f"{gateway.url}/v1", max_retries=0) as stranger:
        with pytest.raises(openai.APIConnectionError):
            stranger.models.list()


def test_ssl_cert_file_is_all_it_takes(gateway: Gateway) -> None:
    request = {"model": "scripted/echo", "messages": messages("by env")}
    program = f"import openai; print(openai.OpenAI().chat.completions.create(**{request!r}).choices[0].message.content)"
    environment = {"SSL_CERT_FILE": str(gateway.site.ca), "OPENAI_BASE_URL": f"{gateway.url}/v1", "OPENAI_API_KEY": gateway.key}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "by env", done.stderr
