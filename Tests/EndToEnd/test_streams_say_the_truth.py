"""A stream commits with its first content, has one identity, and ends when its answer is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.gateway import Gateway, Site
from support.reciting import DONE, HEAD, POLICY, ROLE, STOP, RecitingProvider, answer, ask, choice, is_done, strict_chunks, text, usage, words


@pytest.fixture(scope="module")
def reciter() -> Iterator[RecitingProvider]:
    provider = RecitingProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, reciter: RecitingProvider) -> Iterator[Gateway]:
    running = Gateway(Site(tmp_path_factory.mktemp("truth") / "site", POLICY.format(url=reciter.url)))
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def good_second(reciter: RecitingProvider) -> None:
    reciter.streams(ROLE, text("from b"), STOP, DONE, model="b")


NO_CONTENT = {
    "role": [ROLE], "empty delta": [choice({})], "null content": [choice({"content": None})], "comment": [b": PROCESSING\n\n"],
    "no choices": [{**HEAD, "choices": []}], "null choices": [{**HEAD, "choices": None}], "empty calls": [choice({"tool_calls": []})],
    "ping": [b"event: ping\ndata: {\"type\": \"ping\"}\n\n"], "empty data": [b"data:\n\n"], "usage": [{**HEAD, "choices": [], "usage": usage(0, 0)}],
    "filter": [{"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": [{"prompt_index": 0}]}],
    "empty reason": [choice({"role": "assistant"}, "")], "nothing": [],
}  # fmt: skip


@pytest.mark.parametrize("fault", ["cut", "error", "done", "garbage", "failed"])
@pytest.mark.parametrize("events", NO_CONTENT.values(), ids=NO_CONTENT.keys())
def test_without_content_another_target_answers(gateway: Gateway, reciter: RecitingProvider, events: list[Any], fault: str) -> None:
    last = {"cut": [], "error": [{"error": {"message": "broke", "code": 500}}], "done": [DONE], "garbage": ["{\"choices\": [nonsense]}"],
            "failed": [choice({}, "error")]}[fault]  # fmt: skip
    reciter.streams(*events, *last, end="cut" if fault == "cut" else "end")
    reply = ask(gateway, "chain", stream=True)
    assert (reply.status, reply.text) == (200, "from b") and is_done(reply), reply
    assert reply.headers["x-purser-model"] == "ob/m"


FIRST_CONTENT = {
    "text": {"content": "a"}, "space": {"content": " "}, "reasoning": {"reasoning_content": "hm"}, "reasoning of OpenRouter": {"reasoning": "hm"},
    "refusal": {"refusal": "no"}, "call": {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]},
    "old call": {"function_call": {"name": "f", "arguments": ""}}, "sound": {"audio": {"id": "a", "data": "AAAA"}},
    "details": {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}, "parts": {"content": [{"type": "text", "text": "a"}]},
    "thoughts": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
}  # fmt: skip


@pytest.mark.parametrize("delta", FIRST_CONTENT.values(), ids=FIRST_CONTENT.keys())
def test_content_commits_and_a_fault_is_told(gateway: Gateway, reciter: RecitingProvider, delta: dict[str, Any]) -> None:
    reciter.streams(ROLE, choice(delta), end="cut")
    reply = ask(gateway, "chain", stream=True)
    assert reply.headers["x-purser-model"] == "oa/m" and reply.events()[-1][0] == "error", reply
    assert strict_chunks(reply)[0]["choices"][0]["delta"]["role"] == "assistant", "what was held back comes with the first content"


def test_a_role_wins_no_race(gateway: Gateway, reciter: RecitingProvider) -> None:
    reciter.streams(ROLE, 3, text("late"), STOP, DONE)
    reply = ask(gateway, "hedge", stream=True)
    assert reply.text == "from b"


@pytest.mark.parametrize("filler", [b": ping\n\n", choice({}), ROLE, b"event: ping\ndata: {}\n\n", {**HEAD, "choices": []}], ids=["comment", "empty", "role", "ping", "no choices"])
def test_signs_of_life_are_no_progress(gateway: Gateway, reciter: RecitingProvider, filler: Any) -> None:
    drip = [value for _ in range(20) for value in (filler, 0.2)]
    reciter.streams(*drip, text("too late"), STOP, DONE)
    assert ask(gateway, "chain", stream=True).text == "from b"
    reciter.streams(text("a"), *drip, STOP, DONE)
    reply = ask(gateway, stream=True)
    assert reply.events()[-1][0] == "error" and "idle" in reply.events()[-1][1]
    assert gateway.site.record(reply)["error_code"] == "upstream_timeout"


def test_slow_content_is_progress(gateway: Gateway, reciter: RecitingProvider) -> None:
    reciter.streams(*[value for _ in range(6) for value in (text("a"), 0.4)], STOP, DONE)
    assert ask(gateway, stream=True).text == "a" * 6


@pytest.mark.parametrize("end", ["end", "cut", "hang"])
def test_an_answer_with_its_reason_is_whole(gateway: Gateway, reciter: RecitingProvider, end: str) -> None:
    reciter.streams(ROLE, text("all"), STOP, {**HEAD, "choices": [], "usage": usage(3, 2)}, end=end)
    reply = ask(gateway, stream=True)
    assert reply.text == "all" and is_done(reply)
    record = gateway.site.record(reply)
    assert (record["status"], record["estimated"], record["output_tokens"]) == ("ok", False, 2)


@pytest.mark.parametrize("reason", ["", "null", None])
def test_no_reason_is_no_end(gateway: Gateway, reciter: RecitingProvider, reason: Any) -> None:
    reciter.streams(ROLE, text("a"), choice({"content": "b"}, reason))
    reply = ask(gateway, stream=True)
    assert reply.events()[-1][0] == "error"
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in strict_chunks(reply))


REASONS = [("stop", "stop"), ("eos", "stop"), ("eos_token", "stop"), ("stop_sequence", "stop"), ("end_turn", "stop"), ("STOP", "stop"), ("whatever", "stop"),
           ("max_tokens", "length"), ("MAX_TOKENS", "length"), ("model_length", "length"), ("tool_use", "tool_calls"), ("SAFETY", "content_filter"),
           ("content_filter", "content_filter"), ("function_call", "function_call")]  # fmt: skip


@pytest.mark.parametrize(("reason", "expected"), REASONS)
def test_reasons_are_openais(gateway: Gateway, reciter: RecitingProvider, reason: str, expected: str) -> None:
    reciter.streams(ROLE, text("a"), choice({}, reason))
    reply = ask(gateway, stream=True)
    last = strict_chunks(reply)[-1]["choices"][0]
    assert is_done(reply) and last["finish_reason"] == expected
    assert last.get("native_finish_reason") == (None if reason == expected else reason)
    reciter.answers(answer("a", reason))
    assert ask(gateway).json()["choices"][0]["finish_reason"] == expected


@pytest.mark.parametrize("reason", ["error", "abort", "insufficient_system_resource"])
def test_a_failure_is_no_end(gateway: Gateway, reciter: RecitingProvider, reason: str) -> None:
    reciter.streams(ROLE, text("a"), choice({}, reason), DONE)
    reply = ask(gateway, stream=True)
    assert words(reply) == "a" and reply.events()[-1][0] == "error" and not is_done(reply)
    reciter.answers(answer("a", reason))
    assert ask(gateway).status == 502


@pytest.mark.parametrize("wants_usage", [False, True])
def test_one_identity(gateway: Gateway, reciter: RecitingProvider, wants_usage: bool) -> None:
    """Placeholders are no identity, and what changes along the way is not passed on."""
    first = {"choices": [], "id": "", "model": "", "created": 0}
    strange = {**text("b"), "id": "x2", "created": 2, "model": "other"}
    bare = {"choices": [{"index": 0, "delta": {"content": "c"}, "finish_reason": None}]}
    reciter.streams(first, text("a"), strange, bare, STOP, DONE)
    more = {"stream_options": {"include_usage": True}} if wants_usage else {}
    reply = ask(gateway, stream=True, headers={"x-purser-explain": "true"}, **more)
    chunks = strict_chunks(reply)
    assert reply.text == "abc" and {(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks} == {("x1", 1, "m")}
    assert "purser" in chunks[-1] and any(chunk.get("usage") for chunk in chunks) == wants_usage


def test_an_identity_is_made_up_where_there_is_none(gateway: Gateway, reciter: RecitingProvider) -> None:
    reciter.streams(*[{"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]}] * 3, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    chunks = strict_chunks(ask(gateway, stream=True))
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1 and chunks[0]["id"] and chunks[0]["created"] > 1


BAD_NUMBERS = ["NaN", "-Infinity", "Infinity", "nan", "-inf"]


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_numbers_that_json_lacks_are_mended(gateway: Gateway, reciter: RecitingProvider, number: str) -> None:
    def with_number(value: dict[str, Any]) -> str:
        return json.dumps(value).replace('"?"', number)

    logprobs = {"content": [{"token": "a", "logprob": "?", "bytes": None, "top_logprobs": []}], "score": "?"}
    middle, last, plain = choice({"content": "b"}), choice({}, "stop"), answer("b")
    for value in (middle, last, plain):
        value["choices"][0]["logprobs"] = logprobs
    reciter.streams(ROLE, text("a"), with_number(middle), text("c"), with_number(last), DONE)
    reply = ask(gateway, stream=True, logprobs=True)
    assert reply.text == "abc" and is_done(reply)
    mended = [chunk["choices"][0]["logprobs"] for chunk in strict_chunks(reply) if chunk["choices"][0].get("logprobs")]
    reciter.answers(with_number(plain))
    mended.append(ask(gateway, logprobs=True).json()["choices"][0]["logprobs"])
    assert [(found["content"][0]["logprob"], found["score"]) for found in mended] == [(-9999, None)] * 3


def test_bytes_that_are_not_utf8_are_mended(gateway: Gateway, reciter: RecitingProvider) -> None:
    broken = b"data: " + json.dumps(text("?")).encode().replace(b"?", b"\xe2\x82") + b"\n\n"
    reciter.streams(ROLE, text("a"), broken, text("\t"), STOP, DONE)
    assert ask(gateway, stream=True).text == "a\ufffd\t"


@pytest.mark.parametrize("garbage", ['{"choices": [}', '{"id":"x1","choices":[{"index":0,"delta":{"content":"b"', "{'choices': []}", "nonsense", "[1]", '{"choices": 5}'])
def test_no_garbage_reaches_the_client(gateway: Gateway, reciter: RecitingProvider, garbage: str) -> None:
    reciter.streams(ROLE, text("a"), text("b"), garbage, text("c"), STOP, DONE)
    reply = ask(gateway, stream=True)
    assert words(reply) == "ab" and reply.events()[-1][0] == "error" and len(strict_chunks(reply)) == 3
    reciter.streams(ROLE, garbage, text("c"), STOP, DONE)
    assert ask(gateway, "chain", stream=True).text == "from b"


def test_thoughts_in_parts_become_reasoning(gateway: Gateway, reciter: RecitingProvider) -> None:
    thoughts = [{"type": "thinking", "thinking": [{"type": "text", "text": "h\"m"}]}]
    reciter.streams(ROLE, choice({"content": thoughts}), choice({"content": [{"type": "text", "text": "4"}]}), text("2"), STOP, DONE)
    reply = ask(gateway, stream=True)
    assert reply.text == "42"
    assert "".join(chunk["choices"][0]["delta"].get("reasoning_content") or "" for chunk in strict_chunks(reply)) == 'h"m'
    reciter.answers(answer([*thoughts, {"type": "text", "text": "42"}], usage=usage(3, 9)))
    message = ask(gateway).json()["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("42", 'h"m')


def test_thoughts_of_a_cut_stream_count(gateway: Gateway, reciter: RecitingProvider) -> None:
    chunk = choice({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "x" * 300}]}]})
    reciter.streams(chunk, chunk, end="cut")
    record = gateway.site.record(ask(gateway, stream=True))
    assert record["status"] == "cut" and record["estimated"] and record["output_tokens"] >= 150


# Answers of the wrong kind

WRONG = {
    "a stream": (b"data: {}\n\ndata: [DONE]\n\n", "text/event-stream", "stream"), "a stream called JSON": (b"data: {}\n\n", "application/json", "stream"),
    "a page": (b"<html><body>secret words</body></html>", "text/html", "web page"), "nothing": (b"", "application/json", "nothing"),
    "no choice": (b'{"choices": []}', "application/json", ""), "null": (b'{"choices": null}', "application/json", ""),
    "no message": (b'{"choices": [{"index": 0, "finish_reason": "stop"}]}', "application/json", ""), "a text": (b'"secret words"', "application/json", ""),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "word"), WRONG.values(), ids=WRONG.keys())
def test_an_answer_of_the_wrong_kind_is_told_as_such(gateway: Gateway, reciter: RecitingProvider, body: bytes, kind: str, word: str) -> None:
    reciter.answers(body, kind=kind)
    reply = ask(gateway)
    assert (reply.status, reply.code) == (502, "upstream_error") and word in reply.error["message"], reply
    assert "secret words" not in gateway.log()
    reciter.answers(answer("from b"), model="b")
    assert ask(gateway, "chain").text == "from b"


@pytest.mark.parametrize("value", [answer("whole"), "<html></html>", "", {"choices": []}])
def test_no_stream_where_one_was_asked_for(gateway: Gateway, reciter: RecitingProvider, value: Any) -> None:
    reciter.answers(value)
    reply = ask(gateway, stream=True)
    assert reply.status == 502 and "stream" in reply.error["message"]
    assert ask(gateway, "chain", stream=True).text == "from b"


def test_a_whole_answer_that_was_refused_is_charged(gateway: Gateway, reciter: RecitingProvider) -> None:
    reciter.answers(answer("whole", usage=usage(70, 30)))
    record = gateway.site.record(ask(gateway, stream=True))
    assert (record["input_tokens"], record["output_tokens"], record["estimated"]) == (70, 30, False)


def test_an_error_in_json_where_a_stream_was_asked_for(gateway: Gateway, reciter: RecitingProvider) -> None:
    reciter.answers({"error": {"message": "maximum context length is 5", "code": 400}})
    reply = ask(gateway, stream=True)
    assert (reply.status, reply.code) == (400, "context_length_exceeded")
    assert ask(gateway, "chain", stream=True).text == "from b"
