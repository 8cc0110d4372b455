"""Money is reserved for every call that a plan may make, whichever limit counts it and wherever it stands in the plan."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from support.answers import answer
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
  bad: {{provider: scripted, upstream_model: status-500, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  slow: {{provider: scripted, upstream_model: slow-plain, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  failing: {{provider: again, upstream_model: status-500, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  nop: {{provider: scripted, upstream_model: echo, unpriced: allow}}
  later: {{provider: scripted, upstream_model: ten-later, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  own: {{provider: scripted, upstream_model: echo, price: {{input: 0, output: 1000}}, max_output_tokens: 50}}
  chain: {{fallback: [bad, big]}}
  late-bad: {{provider: scripted, upstream_model: fails-later, price: {{input: 0, output: 1000}}, max_output_tokens: 1000}}
  hedged: {{fallback: [late-bad, big], hedge: {{after: 50ms}}}}
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


@behaviour("fails-later")
async def fails_later(call: Call, wire: Wire) -> None:
    """A 500 after long enough for a hedge to have begun."""
    await asyncio.sleep(0.4)
    await wire.reply_json(500, {"error": {"message": "no", "type": "server_error"}})


# --- A limit on some models counts them wherever they stand in a plan

KINDS = ["usd: 0.015, per: day", "tokens: 200, per: day", "requests: 2, per: day"]


@pytest.mark.parametrize("where", ["limits: [{{{0}, models: [big]}}]", "each_key: [{{{0}, models: [big]}}]", "each_user: [{{{0}, models: [big]}}]"])
@pytest.mark.parametrize("model", [["bad", "big"], "chain", "hedged"])
@pytest.mark.parametrize("kind", KINDS)
def test_limit_on_a_later_model_binds(start: Start, where: str, model: object, kind: str) -> None:
    gateway = start(where.format(kind))
    statuses = [gateway.http.chat(model, max_tokens=7, user="u1").status for _ in range(12)]
    assert statuses[0] == 200 and 200 not in statuses[-2:], statuses
    served = [record for record in gateway.site.records() if record["model"] == "big"]
    assert sum(record["output_tokens"] for record in served) <= (200 if "tokens" in kind else 21)
    assert gateway.http.chat("big", max_tokens=7, user="u1").status in (402, 429)


def test_concurrent_limit_on_a_later_model_binds(start: Start) -> None:
    gateway = start("limits: [{concurrent: 1, models: [slow]}]")
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(gateway.http.chat(["bad", "slow"], max_tokens=7).status)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies.count(200) == 1, replies


def test_refused_translation_reserves_for_the_next_target(start: Start) -> None:
    gateway = start("limits: [{usd: 0.015, per: day, models: [big]}]")
    statuses = [gateway.http.chat(["bad", "cheap", "big"], max_tokens=7).status for _ in range(5)]
    assert statuses == [200] * 5, "no limit counts `cheap`"


# --- A candidate whose own limit is spent is passed over


@pytest.mark.parametrize("models", [["big", "cheap"], ["cheap", "big"], ["bad", "big", "cheap"]])
def test_candidate_with_a_spent_limit_is_passed_over(start: Start, models: list[str]) -> None:
    gateway = start("limits: [{usd: 0.007, per: day, models: [big]}]")
    assert gateway.http.chat("big", max_tokens=7).status == 200
    assert gateway.http.chat("big", max_tokens=20).status == 402
    reply = gateway.http.chat(models, max_tokens=20)
    assert reply.status == 200 and reply.headers["x-purser-model"] == "cheap"


def test_refusal_of_all_candidates_names_the_spent_limit(start: Start) -> None:
    gateway = start("limits: [{usd: 0.007, per: day, models: [big]}, {usd: 0.007, per: day, models: [cheap]}]")
    for model in ["big", "cheap"]:
        assert gateway.http.chat(model, max_tokens=7).status == 200
    reply = gateway.http.chat(["big", "cheap"], max_tokens=20)
    assert (reply.status, reply.code) == (402, "budget_exceeded") and "0.007 spent" in reply.error["message"]
    assert reply.headers["x-purser-budget-left-usd"] == "0"


# --- Rules about prices are decided for each call


def test_price_rules_hold_for_each_call(start: Start, provider: ScriptedProvider) -> None:
    gateway = start("limits: [{requests: 600, per: minute}, {usd: 0.55, per: day, models: [big, nop]}]")
    assert gateway.http.chat("nop", max_tokens=7).status == 402
    assert gateway.http.chat("big", web_search_options={}, max_tokens=7).status == 400
    before = len(provider.calls)
    assert gateway.http.chat(["bad", "nop"], max_tokens=7).status in (402, 500, 502)
    assert gateway.http.chat(["bad", "big"], web_search_options={}, max_tokens=7).status in (400, 500, 502)
    assert all(call.model != "echo" for call in provider.calls[before:])
    assert gateway.http.chat("cheap", web_search_options={}, max_tokens=7).status == 200, "no limit on money counts it"


# --- Soft limits


@pytest.mark.parametrize("more", ["", ", {usd: 5, per: day, models: [cheap]}"])
def test_soft_limit_alone_counts_and_tells(start: Start, more: str) -> None:
    gateway = start("limits: [{usd: 0.01, per: day, soft: true}" + more + "]")
    for _ in range(3):
        assert gateway.http.chat("big", max_tokens=7).status == 200
    assert gateway.log().count("limit reached") == 1


# --- What an attempt has not used is for the next one


@pytest.mark.parametrize("models", [["bad", "big"], ["bad", "bad", "big"], "chain"])
def test_failed_attempt_gives_back_before_the_next(start: Start, models: object) -> None:
    gateway = start("limits: [{usd: 0.01, per: day}]")
    reply = gateway.http.chat(models, max_tokens=8)
    assert reply.status == 200, reply
    assert [one["held"] for one in states(gateway)] == ["0"]


def test_provider_error_is_not_replaced_by_a_refusal_of_its_retry(start: Start, provider: ScriptedProvider) -> None:
    gateway = start("limits: [{usd: 0.01, per: day}]")
    before = len(provider.calls)
    reply = gateway.http.chat("failing", max_tokens=8)
    assert reply.status in (500, 502) and len(provider.calls) - before == 3
    assert sum(Decimal(record["cost_usd"]) for record in gateway.site.records()) == 0


# --- Who has waited is served like a newcomer


@behaviour("ten-later")
async def ten_later(call: Call, wire: Wire) -> None:
    """Answers after a second; uses ten tokens."""
    await asyncio.sleep(1)
    await answer(call, wire, "later", {"prompt_tokens": 1, "completion_tokens": 10, "total_tokens": 11})


def test_request_that_waited_is_served_with_what_is_left(start: Start, provider: ScriptedProvider) -> None:
    gateway = start("limits: [{usd: 0.04, per: day}]")
    first: list = []
    holder = threading.Thread(target=lambda: first.append(gateway.http.chat("later", max_tokens=10).status))
    holder.start()
    time.sleep(0.4)
    # Nothing is spent yet, so it asks for all; when the other has ended 0.03 are left, and it goes on with a shorter answer.
    reply = gateway.http.chat("big", max_tokens=40)
    holder.join()
    assert first == [200] and reply.status == 200, reply
    assert provider.last("echo").body["max_tokens"] == 30


# --- What was reserved is what is sent


@pytest.mark.parametrize("limits", ["limits: [{usd: 5, per: day}]", "limits: [{tokens: 100000, per: day}]"])
@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, {"max_tokens": 50}),
        ({"max_tokens": 5000}, {"max_tokens": 50}),
        ({"max_tokens": 9}, {"max_tokens": 9}),
        ({"max_completion_tokens": 5000}, {"max_completion_tokens": 50}),
        ({"max_tokens": 20, "max_completion_tokens": 5000}, {"max_tokens": 50}),
        ({"n_predict": 5000}, {"max_tokens": 50}),
        ({"max_tokens": 30, "n_predict": 40}, {"max_tokens": 40}),
    ],
)
def test_reserved_output_is_sent(start: Start, provider: ScriptedProvider, limits: str, fields: dict, sent: dict) -> None:
    gateway = start(limits)
    assert gateway.http.chat("own", **fields).status == 200
    body = provider.last("echo").body
    assert {name: body[name] for name in ("max_tokens", "max_completion_tokens", "n_predict") if name in body} == sent


@pytest.mark.parametrize("fields", [{"max_tokens": 5000}, {}, {"max_completion_tokens": 60}])
def test_reserved_output_is_sent_under_max_cost(start: Start, provider: ScriptedProvider, fields: dict) -> None:
    gateway = start("limits: []")
    assert gateway.http.chat("own", max_cost=1, **fields).status == 200
    body = provider.last("echo").body
    assert [body[name] for name in ("max_tokens", "max_completion_tokens") if name in body] == [50]


def test_without_a_bound_the_clients_own_limits_go_upstream(start: Start, provider: ScriptedProvider) -> None:
    gateway = start("limits: [{requests: 100, per: day}]")
    assert gateway.http.chat("own", max_tokens=70, n_predict=80).status == 200
    body = provider.last("echo").body
    assert (body["max_tokens"], body["n_predict"]) == (70, 80)
