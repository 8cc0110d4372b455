"""Providers with dialects of their own when things go wrong or look odd, and what all of it costs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from support.dialects import DIALECTS, Dialect
from support.dialects.provider import DialectProvider
from support.dialects.sayings import GARBLED
from support.dialects.signature import signature
from support.gateway import Gateway
from support.http import Reply
from support.scripted import ScriptedProvider

Chat = Callable[..., Reply]
EXPLAIN = {"x-purser-explain": "true"}
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])

#: Input, cached and written tokens, output, reasoning; the cost of 3, 0.30, 3.75 and 15 USD per million, each token once.
BILLS = {
    "anthropic": (1200, 400, 200, 500, 0, Decimal("0.01017")),
    "bedrock": (1200, 400, 200, 500, 0, Decimal("0.01017")),
    "gemini": (1000, 400, 0, 500, 120, Decimal("0.00942")),
    "azure": (1000, 400, 0, 500, 120, Decimal("0.00942")),
}


# --- The bill


@BOTH
def test_the_bill_is_exact(house: Gateway, chat: Chat, dialect: Dialect, stream: bool) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    reply = chat(f"{dialect.kind}/priced", **options)
    usage = reply.chunks()[-1]["usage"] if stream else reply.json()["usage"]
    given, cached, written, output, reasoning, cost = BILLS[dialect.kind]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (given, output, given + output)
    assert usage["prompt_tokens_details"]["cached_tokens"] == cached
    assert usage["completion_tokens_details"]["reasoning_tokens"] == reasoning
    assert usage["cost"] == cost
    record = house.site.record(reply, seconds=0)
    counted = [record[f"{name}_tokens"] for name in ("input", "cached_input", "cache_write", "output", "reasoning")]
    assert (counted, Decimal(record["cost_usd"])) == ([given, cached, written, output, reasoning], cost)
    assert (record["provider"], record["model"], record["status"]) == (dialect.kind, f"{dialect.kind}/priced", "ok")
    assert (record["estimated"], record["stream"]) == (False, stream)


def test_a_stream_shows_its_usage_only_when_asked(house: Gateway, chat: Chat, dialect: Dialect) -> None:
    reply = chat(f"{dialect.kind}/priced", stream=True)
    assert not [chunk for chunk in reply.chunks() if chunk.get("usage")]
    assert reply.events()[-1] == ("message", "[DONE]")
    assert Decimal(house.site.record(reply)["cost_usd"]) == BILLS[dialect.kind][-1]


@BOTH
def test_without_usage_it_is_estimated(house: Gateway, chat: Chat, dialect: Dialect, stream: bool) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    reply = chat(f"{dialect.kind}/no-usage", "some prompt to be counted", **options)
    assert (reply.status, reply.text) == (200, "four words without usage")
    usage = reply.chunks()[-1]["usage"] if stream else reply.json()["usage"]
    record = house.site.record(reply)
    assert record["estimated"] is True and record["input_tokens"] > 0 and record["output_tokens"] > 0
    assert Decimal(record["cost_usd"]) == usage["cost"] > 0


LIMITED = [pytest.param(dialect, id=kind) for kind, dialect in DIALECTS.items()]


@pytest.mark.parametrize("dialect", LIMITED)
def test_a_ceiling_limits_the_output(chat: Chat, dialects: DialectProvider, dialect: Dialect) -> None:
    """The most that a call may cost is only true when the provider is told where to stop."""
    for model, ceiling in [(f"{dialect.kind}/echo", Decimal("0.1")), (f"clamped-{dialect.kind}", Decimal("0.01"))]:
        reply = chat(model, "hello", max_cost=float(ceiling), headers=EXPLAIN)
        limit = dialect.output_limit(dialects.asked("echo").body)
        assert limit is not None and 0 < limit * Decimal("0.000015") <= ceiling
        assert limit * Decimal("0.000015") <= reply.json()["purser"]["candidates"][0]["estimated_cost"] <= ceiling


@pytest.mark.parametrize("dialect", LIMITED)
def test_a_target_limits_the_output(chat: Chat, dialects: DialectProvider, dialect: Dialect) -> None:
    chat(f"short-{dialect.kind}", "hello")
    assert dialect.output_limit(dialects.asked("echo").body) == 33


def test_the_clients_own_limit_is_kept_when_it_is_less(chat: Chat, dialects: DialectProvider, dialect: Dialect) -> None:
    for fields in ({"max_tokens": 20}, {"max_completion_tokens": 20}):
        assert chat(f"clamped-{dialect.kind}", "hello", max_cost=0.01, **fields).status == 200
        assert dialect.output_limit(dialects.asked("echo").body) == 20


# --- Failures

FAILURES = [
    ("refused", 502, "upstream_error"), ("rate-limited", 429, "rate_limit_exceeded"), ("overloaded", 502, "upstream_error"),
    ("broken", 502, "upstream_error"), ("html", 502, "upstream_error"),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize(("behaviour", "status", "code"), FAILURES)
def test_failures(house: Gateway, chat: Chat, dialect: Dialect, behaviour: str, status: int, code: str, stream: bool) -> None:
    # Whoever asks for time is left alone for a while: each case has a target of its own.
    reply = chat(f"{dialect.kind}/{behaviour}--{stream}", stream=stream)
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["retry-after"] == ("7" if status == 429 else None)
    record = house.site.record(reply)
    assert (record["status"], record["error_code"]) == ("error", code)
    # What came with status 200 may have been billed by the provider, so it is estimated.
    assert Decimal(record["cost_usd"]) == 0 or (record["estimated"] and behaviour == "html")


@BOTH
def test_the_clients_own_mistake_is_told_in_openais_shape(chat: Chat, dialect: Dialect, stream: bool) -> None:
    reply = chat(f"{dialect.kind}/bad-request", stream=stream)
    assert (reply.status, reply.error["message"]) == (400, "temperature: must be less than 1")


def test_an_error_that_calls_itself_an_answer(house: Gateway, chat: Chat, dialect: Dialect) -> None:
    reply = chat(f"{dialect.kind}/error-in-200")
    assert (reply.status, reply.code) == (502, "upstream_error")
    assert house.site.record(reply)["status"] == "error"


def test_an_error_before_the_first_chunk_has_a_status(chat: Chat, dialect: Dialect) -> None:
    reply = chat(f"{dialect.kind}/error-first", stream=True)
    assert (reply.status, reply.code) == (502, "upstream_error")


@pytest.mark.parametrize("behaviour", ["error-in-stream", "cut", "torn"])
def test_faults_after_the_stream_began(house: Gateway, chat: Chat, dialect: Dialect, behaviour: str) -> None:
    reply = chat(f"{dialect.kind}/{behaviour}", stream=True)
    assert reply.status == 200
    *before, (name, data) = reply.events()
    assert before and {one for one, _ in before} == {"message"} and name == "error"
    assert "[DONE]" not in [data for _, data in before]
    assert Reply(200, reply.headers, data.encode(), True).code == "upstream_error"
    said = "".join(choice["delta"].get("content") or "" for chunk in reply.chunks() for choice in chunk["choices"])
    assert said and "this far and no further".startswith(said)
    record = house.site.record(reply)
    assert (record["status"], record["error_code"], record["estimated"]) == ("cut", "upstream_error", True)


def test_no_credential_comes_back(chat: Chat, dialect: Dialect) -> None:
    """The provider quotes its caller's headers in an error that the client may read."""
    reply = chat(f"{dialect.kind}/telling", stream=True)
    assert reply.status == 400 and b"your headers were" in reply.body


def test_every_try_is_signed_anew(chat: Chat, dialects: DialectProvider) -> None:
    dialects.forget()
    assert chat("stubborn/broken").status == 502
    first, *_, last = dialects.calls
    assert len(dialects.calls) == 3
    # A signature holds for its second; how long the pauses are is left to chance.
    if last.started - first.started > 1.1:
        assert first.header("authorization") != last.header("authorization"), "an old signature was sent again"
    assert all(call.header("authorization").endswith(signature(call)) for call in dialects.calls)


def test_what_is_too_long_for_one_may_fit_another(chat: Chat, dialect: Dialect) -> None:
    reply = chat(f"{dialect.kind}/too-long")
    assert (reply.status, reply.code) == (400, "context_length_exceeded")
    assert chat([f"{dialect.kind}/too-long", "plain/echo"], "hi").headers["x-purser-model"] == "plain/echo"


def test_who_leaves_ends_the_providers_work(house: Gateway, dialects: DialectProvider, dialect: Dialect) -> None:
    connection, response = house.http.open_stream(f"{dialect.kind}/endless")
    response.read1(200)
    call = dialects.asked("endless")
    response.close()
    connection.close()
    assert call.gone.wait(3), "the provider was left working"
    record = house.site.record(response.headers["x-request-id"])
    assert (record["status"], record["estimated"]) == ("canceled", True) and Decimal(record["cost_usd"]) > 0


@pytest.mark.parametrize("behaviour", ["torn", "error-in-stream", "refused", "html"])
def test_no_descriptor_leaks(house: Gateway, chat: Chat, dialect: Dialect, behaviour: str) -> None:
    chat(f"{dialect.kind}/{behaviour}", stream=True)
    time.sleep(0.1)
    before = house.descriptors()
    for _ in range(6):
        chat(f"{dialect.kind}/{behaviour}", stream=True)
    deadline = time.monotonic() + 60
    while house.descriptors() > before + 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert house.descriptors() <= before + 2


# --- Odd answers


@BOTH
def test_an_answer_with_nothing_in_it(house: Gateway, chat: Chat, dialect: Dialect, stream: bool) -> None:
    reply = chat(f"{dialect.kind}/nothing", stream=stream)
    assert (reply.status, reply.text or "") == (200, "")
    choices = [choice for chunk in reply.chunks() for choice in chunk["choices"]] if stream else reply.json()["choices"]
    assert choices[-1]["finish_reason"] == "stop"
    assert house.site.record(reply)["status"] == "ok"


def test_null_where_the_content_should_be(house: Gateway, chat: Chat, dialect: Dialect) -> None:
    reply = chat(f"{dialect.kind}/null-content")
    assert reply.status == 200 and not reply.text
    assert house.site.record(reply)["status"] == "ok"


@pytest.mark.parametrize("kind", ["anthropic", "azure", "bedrock"])
def test_tool_arguments_that_are_no_json(chat: Chat, kind: str) -> None:
    """A stream brings them as they came: what to make of them is the client's to say."""
    reply = chat(f"{kind}/garbled", stream=True)
    deltas = [choice["delta"] for chunk in reply.chunks() for choice in chunk["choices"]]
    calls = [call for delta in deltas for call in delta.get("tool_calls") or []]
    assert "".join(call["function"].get("arguments") or "" for call in calls) == GARBLED
    assert reply.events()[-1] == ("message", "[DONE]")


def test_tool_arguments_that_are_no_object(chat: Chat) -> None:
    """Whole answers have arguments as JSON, where the wrong kind is either text for the client or an unusable answer."""
    for kind in ("anthropic", "bedrock"):
        call = chat(f"{kind}/garbled").json()["choices"][0]["message"]["tool_calls"][0]
        assert json.loads(call["function"]["arguments"]) == GARBLED
    for stream in (False, True):
        assert (chat("gemini/garbled", stream=stream).status, chat("gemini/garbled").code) == (502, "upstream_error")


def test_an_answer_without_what_was_asked_for(chat: Chat, dialect: Dialect) -> None:
    reply = chat(f"{dialect.kind}/no-answer")
    assert (reply.status, reply.code) == (502, "upstream_error")


def test_what_a_dialect_cannot_say_is_refused_by_name(chat: Chat) -> None:
    for kind in ("anthropic", "gemini", "bedrock"):
        reply = chat(f"{kind}/echo", logit_bias={"50256": -100})
        assert (reply.status, reply.error["param"]) == (400, "logit_bias"), kind


# --- Fallback across dialects


@BOTH
@pytest.mark.parametrize("behaviour", ["overloaded", "refused", "broken", "html"])
def test_fallback_to_another_dialect(house: Gateway, chat: Chat, provider: ScriptedProvider, dialect: Dialect, behaviour: str, stream: bool) -> None:
    first = f"{dialect.kind}/{behaviour}"
    reply = chat([first, "plain/echo"], "hello there", stream=stream, headers=EXPLAIN)
    assert (reply.status, reply.text, reply.headers["x-purser-model"]) == (200, "hello there", "plain/echo")
    purser = reply.chunks()[-1]["purser"] if stream else reply.json()["purser"]
    assert [(one["model"], one["role"], one["status"]) for one in purser["attempts"]] == [(first, "primary", "error"), ("plain/echo", "fallback", "ok")]
    body = provider.last("echo").body
    assert body["messages"] == [{"role": "user", "content": "hello there"}]
    assert [record["provider"] for record in house.site.records(request_id=reply.request_id)] == [dialect.kind, "plain"]


@BOTH
def test_a_chain_through_every_dialect(chat: Chat, dialects: DialectProvider, stream: bool) -> None:
    """Each translates the same request anew; the last one answers."""
    chain = [*(f"{kind}/error-first" if stream else f"{kind}/error-in-200" for kind in DIALECTS), "bedrock/echo"]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "all the way"}]
    reply = chat(chain, "", messages=messages, stream=stream, max_tokens=50)
    assert (reply.status, reply.text, reply.headers["x-purser-attempts"]) == (200, "all the way", "5")
    for call, dialect in zip(dialects.calls[-5:], [*DIALECTS.values(), DIALECTS["bedrock"]], strict=True):
        assert (dialect.system(call.body), dialect.prompt(call.body), dialect.output_limit(call.body)) == ("Be brief.", "all the way", 50)


def test_what_one_dialect_cannot_say_another_may(chat: Chat) -> None:
    reply = chat(["anthropic/echo", "plain/echo"], "hello", logit_bias={"50256": -100})
    assert (reply.status, reply.text, reply.headers["x-purser-model"]) == (200, "hello", "plain/echo")


def test_nothing_silent_after_the_first_event(chat: Chat, dialect: Dialect) -> None:
    reply = chat([f"{dialect.kind}/cut", "plain/echo"], "hello", stream=True)
    assert reply.events()[-1][0] == "error" and "hello" not in reply.body.decode()
