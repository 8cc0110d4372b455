"""Exact money: in the answer, in the headers and in the ledger, three times the same."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from support.gateway import Gateway, Site
from support.http import Client
from support.scripted import ScriptedProvider

#: 600 × 0.15 + 400 × 0.075 + 500 × 0.60 USD per million: cached tokens once, reasoning tokens once.
PRICED = Decimal("0.00042")

RECORD_FIELDS = {
    "request_id", "call_id", "parent", "time", "org", "team", "key_id", "user", "metadata", "requested_model", "route", "task", "complexity", "experiment",
    "arm", "role", "provider", "model", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "cost_usd",
    "price_version", "latency_ms", "first_token_ms", "status", "error_code", "stream", "tool", "estimated",
    "cache_write_1h_tokens", "audio_input_tokens", "audio_output_tokens", "service_tier", "in_doubt_usd", "in_doubt_tokens",
}  # fmt: skip


def test_exact_cost_of_a_plain_answer(http: Client, site: Site) -> None:
    reply = http.chat("scripted/priced", user="ada", metadata={"project": "engine"})
    usage = reply.json()["usage"]
    assert isinstance(usage["cost"], Decimal) and usage["cost"] == PRICED
    assert Decimal(reply.headers["x-purser-cost-usd"]) == PRICED
    assert usage["prompt_tokens_details"]["cached_tokens"] == 400, "the provider's own usage members stay"
    record = site.record(reply, seconds=0)
    assert RECORD_FIELDS <= record.keys(), RECORD_FIELDS - record.keys()
    assert isinstance(record["cost_usd"], str) and Decimal(record["cost_usd"]) == PRICED
    assert "e" not in record["cost_usd"].lower(), "a decimal, not a float's notation"
    assert (record["input_tokens"], record["cached_input_tokens"]) == (1000, 400), "cached tokens are part of the input tokens"
    assert (record["output_tokens"], record["reasoning_tokens"]) == (500, 120), "reasoning tokens are part of the output tokens"
    assert (record["org"], record["team"], record["user"]) == ("acme", "acme/research", "ada")
    assert record["metadata"] == {"project": "engine"}
    assert (record["status"], record["error_code"], record["stream"], record["estimated"]) == ("ok", None, False, False)
    assert record["latency_ms"] >= 0


def test_exact_cost_of_a_stream(http: Client, site: Site) -> None:
    reply = http.chat("scripted/priced", stream=True, stream_options={"include_usage": True})
    assert "x-purser-cost-usd" not in reply.headers
    assert reply.chunks()[-1]["usage"]["cost"] == PRICED
    assert reply.events()[-1] == ("message", "[DONE]")
    record = site.record(reply, seconds=0)
    assert Decimal(record["cost_usd"]) == PRICED and record["stream"] is True
    assert 0 <= record["first_token_ms"] <= record["latency_ms"]


def test_own_fields_are_removed_before_the_provider(http: Client, provider: ScriptedProvider) -> None:
    http.chat("scripted/echo", "own fields", metadata={"a": "b"}, max_cost=None, models=None, max_turns=None, mcp_servers=[], tools=None, credentials=None)
    body = provider.last("echo").body
    assert body.keys() == {"model", "messages"}, body.keys()


def test_free_is_zero_and_not_absent(http: Client, site: Site) -> None:
    reply = http.chat("scripted/free")
    assert reply.json()["usage"]["cost"] == 0 and Decimal(reply.headers["x-purser-cost-usd"]) == 0
    assert Decimal(site.record(reply)["cost_usd"]) == 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_without_usage_is_estimated_and_says_so(http: Client, site: Site, stream: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if stream else {}
    reply = http.chat("scripted/no-usage", "some prompt to be counted", stream=stream, **options)
    usage = reply.chunks()[-1]["usage"] if stream else reply.json()["usage"]
    record = site.record(reply)
    assert record["estimated"] is True and record["status"] == "ok"
    assert record["input_tokens"] > 0 and record["output_tokens"] > 0
    assert Decimal(record["cost_usd"]) == usage["cost"] > 0


def test_the_record_is_there_before_the_answer_ends(gateway: Gateway, site: Site) -> None:
    """Read the ledger at the moment the last byte is in: no polling."""
    for number in range(5):
        reply = gateway.http.chat("scripted/echo", stream=number % 2 == 1, stream_options={"include_usage": True} if number % 2 else None)
        assert len(site.records(request_id=reply.request_id)) == 1


def test_a_thousand_small_costs_add_up(gateway: Gateway, site: Site) -> None:
    client = gateway.client(site.new_key("acme/research", "--name", "adding-up"))
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda number: client.chat("scripted/echo", f"{number}"), range(1000)))
    assert {reply.status for reply in replies} == {200}
    ids = {reply.request_id for reply in replies}
    assert len(ids) == 1000, "request ids repeat"
    records = [record for record in site.records() if record["request_id"] in ids]
    assert len(records) == 1000 and len({record["call_id"] for record in records}) == 1000
    assert len({record["key_id"] for record in records}) == 1
    assert sum(Decimal(record["cost_usd"]) for record in records) == Decimal("0.00585")


def test_response_headers(http: Client) -> None:
    reply = http.chat("scripted/echo")
    assert reply.headers["x-purser-model"] == "scripted/echo"
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,128}", reply.headers["x-request-id"])
    assert re.search(r"\bdur=\d", reply.headers["server-timing"])
    streamed = http.chat("scripted/echo", stream=True)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.headers["x-accel-buffering"] == "no" and "no-cache" in streamed.headers["cache-control"]
    assert streamed.headers["x-purser-model"] == "scripted/echo"


@pytest.mark.parametrize(("sent", "kept"), [("abc-123_x.y", True), ("has space", False), ("<script>", False), ("x" * 500, False), ("é", False)])
def test_request_id_is_kept_or_replaced(http: Client, site: Site, sent: str, kept: bool) -> None:
    reply = http.chat("scripted/echo", headers={"x-request-id": sent})
    assert (reply.request_id == sent) is kept
    assert site.record(reply)["status"] == "ok"
