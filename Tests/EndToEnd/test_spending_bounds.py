"""Nothing that a client writes into a request, and nothing that a provider does with it, makes a call cost more than its bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from support.gateway import Gateway, Site
from support.http import Reply
from support.scripted import ScriptedProvider

#: One output token costs 0.001 USD, input costs nothing. Of `u/` models nothing but the price is known.
POLICY = """
providers:
  scripted: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
models:
  "u/*": {{provider: scripted, upstream_model: "*", price: {{input: 0, output: 1000}}}}
  "s/*": {{provider: scripted, upstream_model: "*", price: {{input: 0, output: 1000}}, max_output_tokens: 100000, context_window: 200000}}
  "free/*": {{provider: scripted, upstream_model: "*", price: free}}
  seen/obedient: {{provider: scripted, price: {{input: 10, output: 0}}, max_output_tokens: 1000, context_window: 200000}}
  hedged: {{fallback: [s/slow-plain, s/echo], hedge: {{after: 100ms}}}}
organizations:
  acme:
    teams:
      research: {{{limits}}}
"""
Start = Callable[..., Gateway]


@pytest.fixture
def start(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], provider: ScriptedProvider) -> Start:
    return lambda limits="": own_gateway(new_site(POLICY.format(url=provider.url, limits=limits)))


def spent(gateway: Gateway) -> Decimal:
    return sum((Decimal(record["cost_usd"]) for record in gateway.site.records()), Decimal(0))


def raw(gateway: Gateway, body: str) -> Reply:
    return gateway.http.send("POST", "/v1/chat/completions", body.encode())


def asking(**fields: Any) -> str:
    """A body without its last brace."""
    return json.dumps({"model": "s/obedient", "messages": [{"role": "user", "content": "x"}], **fields})[:-1]


# --- Models of which nothing but the price is known


def test_max_cost_holds_for_unknown_models(start: Start) -> None:
    gateway = start()
    reply = gateway.http.chat("u/obedient", max_cost=5, max_tokens=100_000)
    assert (reply.status, reply.code) == (402, "max_cost_exceeded")
    assert gateway.http.chat("u/obedient", max_cost=5).status == 200
    assert spent(gateway) <= 5


def test_budgets_hold_for_unknown_models(start: Start, provider: ScriptedProvider) -> None:
    gateway = start("limits: [{usd: 6, per: total}]")
    assert gateway.http.chat("u/obedient").status == 200
    # As much as was counted with is asked for.
    assert provider.last("obedient").body["max_tokens"] == 4096
    assert gateway.http.chat("u/obedient", max_tokens=100_000).status == 200
    assert spent(gateway) <= 6


# --- What a stream does not show


def test_streams_that_think_unseen_are_covered_in_full(start: Start) -> None:
    gateway = start("limits: [{usd: 5, per: total}]")

    def ask(_: int) -> int:
        return gateway.http.chat("s/obedient", stream=True, max_tokens=4000, reasoning_effort="high", timeout=60).status

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(ask, range(6)))
    assert 200 in statuses and spent(gateway) <= 5, statuses


@pytest.mark.parametrize("model", ["endless-stream", "large-events"])
def test_a_provider_that_goes_on_is_cut_for_max_cost_alone(start: Start, model: str) -> None:
    gateway = start()
    reply = gateway.http.chat(f"s/{model}", stream=True, max_tokens=30, max_cost=0.05, timeout=60)
    reasons = [choice["finish_reason"] for part in reply.chunks() for choice in part["choices"] if choice["finish_reason"]]
    assert reply.status == 200 and reasons == ["length"] and reply.events()[-1] == ("message", "[DONE]")
    record = gateway.site.record(reply)
    assert (record["status"], record["error_code"]) == ("cut", "max_cost_exceeded")


def test_what_a_cut_stream_has_sent_is_charged(start: Start) -> None:
    """A client that leaves has had 4 kB an event: more than one token each."""
    gateway = start()
    connection, response = gateway.http.open_stream("s/large-events", max_tokens=50_000)
    received = 0
    while received < 40_000:
        received += len(response.read1(65536))
    connection.close()
    record = gateway.site.record(response.headers["x-request-id"])
    assert record["status"] == "canceled"
    assert record["estimated"] and record["output_tokens"] >= 8_000


# --- Two bounds at once


def test_a_race_stays_below_max_cost(start: Start) -> None:
    gateway = start()
    reply = gateway.http.chat("hedged", max_tokens=50, max_cost=0.099, stream=True)
    assert reply.status == 200
    records = gateway.site.records()
    assert len(records) == 1, "the two legs together could cost more"


# --- Members that cost more than tokens

DEAR: list[dict[str, Any]] = [
    {"service_tier": "priority"},
    {"web_search_options": {}},
    {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
    {"audio": {"voice": "alloy", "format": "wav"}},
    {"prediction": {"type": "content", "content": "abc"}},
    {"search_parameters": {"mode": "on"}},
    {"plugins": [{"id": "web"}]},
    {"best_of": 20},
    {"speed": "fast"},
    {"tools": [{"type": "web_search"}]},
    {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}, {"type": "code_interpreter"}]},
]
PLAIN: list[dict[str, Any]] = [
    {"service_tier": "auto"},
    {"service_tier": "flex"},
    {"modalities": ["text"]},
    {"best_of": 1},
    {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
]


@pytest.mark.parametrize("fields", DEAR, ids=lambda fields: next(iter(fields)))
def test_what_no_price_covers_is_refused_where_money_is_bounded(start: Start, fields: dict[str, Any], provider: ScriptedProvider) -> None:
    gateway = start("limits: [{usd: 5, per: total}]")
    reply = gateway.http.chat("s/echo", max_tokens=9, **fields)
    assert (reply.status, reply.code) == (400, "invalid_request_error") and reply.error["param"] in fields
    settings = {"model": [{"model": "s/echo", "settings": fields}], "messages": [{"role": "user", "content": "x"}], "max_tokens": 9}
    assert gateway.http.send("POST", "/v1/chat/completions", settings).status == 400
    # Where calls cost nothing it passes.
    provider.forget()
    assert gateway.http.chat("free/echo", max_tokens=9, **fields).status == 200
    assert provider.last("echo").body.items() >= fields.items()


def test_what_no_price_covers_is_refused_under_max_cost_and_passes_without(start: Start) -> None:
    gateway = start()
    assert gateway.http.chat("s/echo", max_tokens=9, service_tier="priority", max_cost=1).status == 400
    assert gateway.http.chat("s/echo", max_tokens=9, service_tier="priority").status == 200


def test_what_costs_tokens_only_passes(start: Start) -> None:
    gateway = start("limits: [{usd: 5, per: total}]")
    for fields in PLAIN:
        assert gateway.http.chat("s/echo", max_tokens=9, **fields).status == 200, fields


def test_files_count_as_a_full_context(start: Start) -> None:
    """What a provider makes of a file's bytes, or of its name, nobody knows beforehand."""
    gateway = start()
    content = [{"type": "text", "text": "Read it."}, {"type": "file", "file": {"file_id": "file-abc"}}]

    def ask(ceiling: float) -> int:
        body = {"model": "seen/obedient", "messages": [{"role": "user", "content": content}], "max_tokens": 9, "max_cost": ceiling}
        return gateway.http.send("POST", "/v1/chat/completions", body).status

    assert (ask(1.9), ask(2.1)) == (402, 200)


# --- Members that say one thing to us and another to the provider

TWO_FACED = [
    ',"n":1,"n":64}',
    ',"n":64,"n":1}',
    ',"max_tokens":9,"max_tokens":90000}',
    ',"\\u006e":64,"n":1}',
    ',"model":"u/obedient"}',
    ',"N":64}',
    ',"Max_Tokens":90000}',
    ',"MODEL":"u/obedient"}',
    ',"max_to\\u212aens":90000}',
    ',"me\\u017fsages":[1]}',
    ',"Stream":true}',
]


@pytest.mark.parametrize("rest", TWO_FACED)
def test_a_member_has_one_name_and_one_value(start: Start, rest: str, provider: ScriptedProvider) -> None:
    gateway = start("limits: [{usd: 5, per: total}]")
    provider.forget()
    reply = raw(gateway, asking() + rest)
    assert (reply.status, reply.code) == (400, "invalid_request_error"), reply
    assert not provider.calls


@pytest.mark.parametrize(("fields", "sent"), [({"n_predict": 90_000}, "max_tokens"), ({"n_predict": 90_000, "max_tokens": 90_000}, "max_tokens")])
def test_other_names_of_the_output_limit_are_limits(start: Start, fields: dict[str, Any], sent: str, provider: ScriptedProvider) -> None:
    """llama.cpp's server lets `n_predict` go before `max_tokens`: one member that every server knows takes the place of all."""
    gateway = start("limits: [{usd: 5, per: total}]")
    assert gateway.http.chat("s/obedient", **fields).status == 200
    body = provider.last("obedient").body
    assert body[sent] == 5000 and "n_predict" not in body
    assert spent(gateway) <= 5
    assert gateway.http.chat("s/obedient", n_predict=-1).status == 400


def test_other_names_of_n_count(start: Start) -> None:
    gateway = start("limits: [{usd: 5, per: total}]")
    gateway.http.chat("s/obedient", max_tokens=1000, n_cmpl=64)
    assert spent(gateway) <= 5
