"""Attempts to get more out of a limit than it has, to be billed nothing, or to be cut off for money that is there."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from support.answers import answer, chunk
from support.gateway import Gateway, Site
from support.scripted import Call, ScriptedProvider, Wire, behaviour

#: One output token costs 0.001 USD, input costs nothing. `echo` reports 7 output tokens, so a call of it costs 0.007 USD.
POLICY = """
providers:
  scripted: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
  again: {{kind: openai, base_url: {url}, retry: {{attempts: 3, backoff: 1ms}}, breaker: off}}
models:
  big: {{provider: scripted, upstream_model: echo, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  cheap: {{provider: scripted, upstream_model: echo, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  spends-all: {{provider: scripted, upstream_model: spends-all, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  slow: {{provider: scripted, upstream_model: four-later, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  long: {{provider: scripted, upstream_model: long-stream, price: {{input: 0, output: 0}}}}
  bad: {{provider: scripted, upstream_model: status-500, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  chain: {{fallback: [bad, big]}}
organizations:
  acme:
    teams:
      research: {{{limits}}}
"""
Start = Callable[..., Gateway]


@pytest.fixture
def start(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], provider: ScriptedProvider) -> Start:
    return lambda limits: own_gateway(new_site(POLICY.format(url=provider.url, limits=limits)))


def states(gateway: Gateway) -> list[dict]:
    return json.loads(gateway.site.run("budgets", "--format", "json", check=True).stdout)


@behaviour("spends-all")
async def spends_all(call: Call, wire: Wire) -> None:
    """Bills all output that it may make, of every choice."""
    allowed = max([call.body.get(name) or 0 for name in ("max_tokens", "max_completion_tokens")] or [0]) or 4096
    used = int(allowed * (call.body.get("n") or 1))
    await answer(call, wire, "done", {"prompt_tokens": 5, "completion_tokens": used, "total_tokens": used + 5})


@behaviour("four-later")
async def four_later(call: Call, wire: Wire) -> None:
    await asyncio.sleep(4)
    await answer(call, wire, "done", {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12})


@behaviour("long-stream")
async def long_stream(call: Call, wire: Wire) -> None:
    """9,000 tokens of eight bytes and more, one an event."""
    await wire.begin_stream()
    for _ in range(90):
        data = "".join("data: " + json.dumps(chunk(call, {"content": "tokenized "})) + "\n\n" for _ in range(100))
        await wire.chunk(data.encode())
    await wire.event(chunk(call, {}, "stop"))
    await wire.event(chunk(call, None, usage={"prompt_tokens": 5, "completion_tokens": 9000, "total_tokens": 9005}))
    await wire.event("[DONE]")
    await wire.end_stream()


UNBOUNDED = ["{requests: 100, per: minute}", "{concurrent: 5}", "{usd: 5, per: day, soft: true}", "{usd: 5, per: day, models: [big]}", ""]


@pytest.mark.parametrize("limits", [f"limits: [{limit}]" for limit in UNBOUNDED])
def test_limits_that_set_no_output_aside_cut_no_stream(start: Start, limits: str) -> None:
    reply = start(limits).http.chat("long", stream=True)
    assert len(reply.text) == 90_000 and reply.chunks()[-1]["choices"][0]["finish_reason"] == "stop"


SPELLINGS = [
    {"max_tokens": 5, "n": 4},
    {"max_tokens": 5, "max_completion_tokens": 500},
    {"max_tokens": 500, "max_completion_tokens": 5},
    {"max_tokens": None, "max_completion_tokens": None},
    {"max_tokens": 5.0},
    {"max_tokens": 5e2},
    {"max_completion_tokens": 5e2, "n": 3.0},
    {"max_tokens": 0},
    {"max_tokens": -1},
    {"max_tokens": 10**30},
    {"n": 128, "max_tokens": 1},
    {"n": 10**9, "max_tokens": 1},
    {"n": 0},
    {"n": None},
    {"max_output_tokens": 900, "max_tokens": 1},
    {"max_new_tokens": 900, "max_tokens": 1},
    {"min_tokens": 900, "max_tokens": 1},
]


def test_spellings_of_output_limits_stay_within_the_budget(start: Start) -> None:
    gateway = start("limits: [{usd: 0.05, per: day}]")
    bodies = [json.dumps({"model": "spends-all", "messages": [{"role": "user", "content": "hi"}], **fields}).encode() for fields in SPELLINGS]
    bodies += [
        b'{"model":"spends-all","max_tokens":5,"max_tokens":900,"messages":[{"role":"user","content":"hi"}]}',
        b'{"model":"spends-all","max_tokens":5,"max\\u005ftokens":900,"messages":[{"role":"user","content":"hi"}]}',
        b'{"model":"spends-all","n":1,"\\u006e":90,"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}',
        b'{"model":{"model":"spends-all","settings":{"max_tokens":900}},"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}',
        b'{"model":{"model":"spends-all","settings":{"n":9}},"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}',
        b'{"model":["bad",{"model":"spends-all","settings":{"max_completion_tokens":900}}],"max_tokens":5,"messages":[{"role":"user","content":"hi"}]}',
    ]
    told = []
    for body in bodies:
        reply = gateway.http.send("POST", "/v1/chat/completions", body)
        told.append((reply.status, body[:90]))
        [limit] = [one for one in states(gateway) if one["kind"] == "usd"]
        assert Decimal(str(limit["spent"])) <= Decimal("0.05"), (told, limit)
        assert reply.status != 500, told


def test_first_limit_of_a_team_counts_what_is_under_way(start: Start) -> None:
    gateway = start("")
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(gateway.http.chat("slow", max_tokens=100).status)) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.6)
    text = gateway.site.policy_file.read_text().replace("research: {}", "research: {limits: [{usd: 0.5, per: day}, {concurrent: 5}]}")
    gateway.site.policy_file.write_text(text)
    gateway.site.run("reload", check=True)
    status = gateway.http.chat("big", max_tokens=7, headers={"x-purser-timeout": "300ms"}).status
    for thread in threads:
        thread.join()
    assert replies == [200] * 5 and status != 200
    assert {one["kind"]: Decimal(str(one["spent"])) for one in states(gateway)}["usd"] == Decimal("0.035")


def test_candidate_that_can_be_served_at_once_does_not_wait_for_held_money(start: Start) -> None:
    gateway = start("limits: [{usd: 0.05, per: day, models: [slow, big]}]")
    thread = threading.Thread(target=lambda: gateway.http.chat("slow", max_tokens=50))
    thread.start()
    time.sleep(0.4)
    began = time.monotonic()
    reply = gateway.http.chat(["big", "cheap"], max_tokens=20)
    took = time.monotonic() - began
    thread.join()
    assert (reply.status, reply.headers["x-purser-model"]) == (200, "cheap") and took < 3


@pytest.mark.parametrize("limits", ["limits: [{requests: 100, per: day}]", ""])
def test_request_of_several_calls_is_one_request_whoever_counts(start: Start, limits: str) -> None:
    gateway = start(limits)
    for model in ["chain", ["bad", "bad", "big"], ["bad", "chain"]]:
        assert gateway.http.chat(model, max_tokens=7).status == 200
    assert gateway.http.chat(["bad", "bad"], max_tokens=7).status == 502
    text = gateway.site.policy_file.read_text().replace(f"research: {{{limits}}}", "research: {limits: [{requests: 100, per: month}]}")
    gateway.site.policy_file.write_text(text)
    gateway.site.run("reload", check=True)
    assert [one["spent"] for one in states(gateway)] == [4], "what the ledger has of requests is what the limits have"
    assert gateway.http.chat("big", max_tokens=7).headers["x-ratelimit-remaining-requests"] == "95"
