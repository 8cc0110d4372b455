"""Calls that were sent and ended without a final usage count in the limits at what was reserved; the record keeps the estimate apart."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from support.answers import chunk
from support.budgets import admin
from support.gateway import Gateway, Site
from support.scripted import Call, ScriptedProvider, Wire, behaviour

#: Ten dollars a million tokens, both ways: a token is 0.00001 USD.
POLICY = """
providers:
  scripted: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off, timeouts: {{connect: 2s, first_byte: 2s, idle: 2s, total: 20s}}}}
  again: {{kind: openai, base_url: {url}, retry: {{attempts: 3, backoff: 1ms, on: [connect, timeout, 5xx]}}, breaker: off, timeouts: {{first_byte: 300ms}}}}
models:
  "s/*": {{provider: scripted, upstream_model: "*", price: {{input: 10, output: 10}}, max_output_tokens: 4000, context_window: 128000}}
  "r/*": {{provider: again, upstream_model: "*", price: {{input: 10, output: 10}}, max_output_tokens: 4000, context_window: 128000}}
  hedged: {{fallback: [s/silent, s/echo], hedge: {{after: 100ms}}}}
organizations:
  acme:
    teams:
      research: {{{limits}}}
"""
Start = Callable[..., Gateway]
TOKEN = Decimal("0.00001")


@pytest.fixture
def start(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], provider: ScriptedProvider) -> Start:
    def begin(limits: str = "limits: [{usd: 2, per: day}]") -> Gateway:
        return own_gateway(new_site(POLICY.format(url=provider.url, limits=limits)))

    return begin


@behaviour("twenty-and-more")
async def twenty_and_more(call: Call, wire: Wire) -> None:
    """Twenty words of a stream, then silence until the gateway hangs up."""
    await wire.begin_stream()
    for _ in range(20):
        await wire.event(chunk(call, {"content": "word "}))
    await wire.until_gone(call, 10)


@behaviour("status-524")
async def status_524(call: Call, wire: Wire) -> None:
    await wire.reply(524, b"<html>a timeout occurred</html>", kind="text/html")


@behaviour("status-504")
async def status_504(call: Call, wire: Wire) -> None:
    await wire.reply(504, b"<html>a timeout occurred</html>", kind="text/html")


@behaviour("json-for-a-stream")
async def json_for_a_stream(call: Call, wire: Wire) -> None:
    await wire.reply_json(200, {"id": "x", "object": "chat.completion", "choices": []})


@behaviour("by-the-character")
async def by_the_character(call: Call, wire: Wire) -> None:
    """61 tokens, smoothed: one character an event."""
    text = ("words of a smoothed stream " * 10)[:270]
    await wire.begin_stream()
    for character in text:
        await wire.event(chunk(call, {"content": character}))
    await wire.event(chunk(call, {}, "stop"))
    await wire.event({**chunk(call, {}), "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 61, "total_tokens": 66}})
    await wire.event("[DONE]")
    await wire.end_stream()


def state(gateway: Gateway) -> dict:
    """The limit as the admin listener of the commands tells it, when nothing is held any more."""
    deadline = time.monotonic() + 60
    while True:
        [one] = json.loads(gateway.site.run("budgets", "--format", "json", check=True).stdout)
        if Decimal(one["held"]) == 0 or time.monotonic() > deadline:
            return one
        time.sleep(0.1)


def settled(gateway: Gateway, count: int = 1) -> list[dict]:
    deadline = time.monotonic() + 60
    while len(records := gateway.site.records()) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(records) == count
    return records


def total(record: dict) -> Decimal:
    return Decimal(record["cost_usd"]) + Decimal(record["in_doubt_usd"])


def leave_stream(gateway: Gateway, model: str, **fields: object) -> None:
    """Reads the first words of a stream and hangs up."""
    connection, response = gateway.http.open_stream(model, **fields)
    response.read(200)
    connection.close()


# --- Each way in which a call ends without a final usage


@pytest.mark.parametrize("content", [None, "file"])
def test_left_stream_counts_its_reserved_input(start: Start, content: str | None) -> None:
    gateway = start()
    file = [{"type": "text", "text": "hi"}, {"type": "file", "file": {"file_id": "file-abc"}}]
    more = {"messages": [{"role": "user", "content": file}]} if content else {}
    leave_stream(gateway, "s/twenty-and-more", max_tokens=2000, **more)
    [record] = settled(gateway)
    assert record["status"] == "canceled" and record["estimated"] is True
    if content:
        assert total(record) >= 128_000 * TOKEN, "the file may have filled the context"
    assert Decimal(record["cost_usd"]) < total(record) and record["in_doubt_tokens"] > 0
    assert Decimal(state(gateway)["spent"]) == total(record) and Decimal(state(gateway)["in_doubt"]) == Decimal(record["in_doubt_usd"])


@pytest.mark.parametrize(
    ("model", "stream"),
    [
        ("s/silent", False), ("s/silent", True), ("s/close-before-head", False), ("s/close-before-head", True), ("s/reset-before-head", False),
        ("s/status-524", False), ("s/status-524", True), ("s/status-504", False), ("s/json-for-a-stream", True), ("s/html-200", True),
        ("s/not-json", False), ("s/short-body", False), ("s/reset-mid-body", False), ("s/not-http", False),
    ],
)
def test_unseen_output_counts_as_reserved(start: Start, model: str, stream: bool) -> None:
    gateway = start()
    reply = gateway.http.chat(model, stream=stream, max_tokens=1000)
    assert reply.status >= 400
    [record] = settled(gateway)
    assert total(record) >= 1000 * TOKEN, record
    assert record["in_doubt_tokens"] + record["input_tokens"] + record["output_tokens"] >= 1000
    assert Decimal(state(gateway)["spent"]) == total(record)


@pytest.mark.parametrize("headers", [{"x-purser-timeout": "500ms"}])
def test_deadline_of_the_client_counts_as_reserved(start: Start, headers: dict[str, str]) -> None:
    gateway = start()
    assert gateway.http.chat("s/silent", max_tokens=1000, headers=headers).status == 504
    [record] = settled(gateway)
    assert total(record) >= 1000 * TOKEN and Decimal(state(gateway)["spent"]) == total(record)


def test_lost_race_counts_as_reserved(start: Start) -> None:
    gateway = start()
    assert gateway.http.chat("hedged", max_tokens=1000).status == 200
    records = settled(gateway, 2)
    [loser] = [record for record in records if record["error_code"] == "lost_race"]
    [winner] = [record for record in records if record["status"] == "ok"]
    assert total(loser) >= 1000 * TOKEN
    assert Decimal(winner["in_doubt_usd"]) == 0 and winner["in_doubt_tokens"] == 0
    assert Decimal(state(gateway)["spent"]) == total(loser) + total(winner)


@pytest.mark.parametrize("model", ["r/silent", "r/close-before-head"])
def test_each_retry_that_was_sent_counts(start: Start, provider: ScriptedProvider, model: str) -> None:
    gateway = start("limits: [{usd: 0.025, per: day}]")
    before = len(provider.calls)
    assert gateway.http.chat(model, max_tokens=1000).status >= 500
    sent = len(provider.calls) - before
    assert 2 <= sent <= 3
    records = settled(gateway, sent)
    assert sum(map(total, records)) >= 2 * 1000 * TOKEN
    assert Decimal(state(gateway)["spent"]) == sum(map(total, records)) <= Decimal("0.025")


@pytest.mark.parametrize("model", ["s/status-400", "s/status-429", "s/status-500", "s/status-503", "s/html-502"])
@pytest.mark.parametrize("stream", [False, True])
def test_definite_refusal_costs_nothing(start: Start, model: str, stream: bool) -> None:
    gateway = start()
    assert gateway.http.chat(model, stream=stream, max_tokens=1000).status >= 400
    [record] = settled(gateway)
    assert total(record) == 0 and Decimal(state(gateway)["spent"]) == 0


@pytest.mark.parametrize("stream", [False, True])
def test_complete_answer_is_charged_exactly(start: Start, stream: bool) -> None:
    gateway = start()
    assert gateway.http.chat("s/echo", stream=stream, max_tokens=1000).status == 200
    [record] = settled(gateway)
    assert Decimal(record["in_doubt_usd"]) == 0 and record["in_doubt_tokens"] == 0 and record["estimated"] is False
    assert Decimal(state(gateway)["spent"]) == Decimal(record["cost_usd"])


# --- Doubt is shown, refunded, and survives a restart


@pytest.mark.parametrize("limit", ["usd: 2, per: day", "tokens: 100000, per: day"])
def test_doubt_outlives_a_restart_and_is_refunded(start: Start, own_gateway: Callable[..., Gateway], limit: str) -> None:
    gateway = start(f"limits: [{{{limit}}}]")
    assert gateway.http.chat("s/silent", max_tokens=1000, headers={"x-purser-timeout": "300ms"}).status == 504
    [record] = settled(gateway)
    before = state(gateway)
    listed = gateway.site.run("ledger", "list", "--in-doubt", check=True).stdout
    assert record["call_id"] in listed and "in_doubt" in listed
    gateway.stop()
    assert json.loads(gateway.site.run("ledger", "verify", "--format", "json", check=True).stdout)["ok"] is True
    again = own_gateway(gateway.site)
    assert state(again)["spent"] == before["spent"] and state(again)["in_doubt"] == before["in_doubt"] != "0"
    again.stop()
    gateway.site.run("ledger", "refund", record["call_id"], check=True)
    assert gateway.site.run("ledger", "refund", record["call_id"]).returncode != 0, "once"
    last = own_gateway(gateway.site)
    known = Decimal(record["cost_usd"]) if "usd" in limit else record["input_tokens"] + record["output_tokens"]
    assert Decimal(state(last)["spent"]) == known and Decimal(state(last)["in_doubt"]) == 0


def test_admin_listener_refunds_the_doubt_of_a_call(start: Start) -> None:
    gateway = start()
    assert gateway.http.chat("s/silent", max_tokens=1000, headers={"x-purser-timeout": "300ms"}).status == 504
    [record] = settled(gateway)
    reply = admin(gateway).send("POST", "/admin/v1/ledger/refund", {"id": record["call_id"], "note": "never arrived"})
    assert reply.status == 200 and Decimal(reply.json()["usd"]) == Decimal(record["in_doubt_usd"])
    assert Decimal(state(gateway)["spent"]) == Decimal(record["cost_usd"]) and Decimal(state(gateway)["in_doubt"]) == 0
    assert gateway.http.chat("s/echo", max_tokens=10).status == 200


# --- Events are no tokens


def test_stream_by_the_character_is_not_cut(start: Start) -> None:
    gateway = start()
    reply = gateway.http.chat("s/by-the-character", stream=True, max_tokens=100)
    assert reply.status == 200 and len(reply.text) == 270
    [record] = settled(gateway)
    assert record["status"] == "ok" and record["output_tokens"] == 61 and Decimal(record["in_doubt_usd"]) == 0
