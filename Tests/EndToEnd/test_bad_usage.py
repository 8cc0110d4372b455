"""What providers report, and what prices say, is not believed blindly."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from support.budgets import admin, ask, limits, policy, recorded
from support.gateway import Gateway
from support.metered import MeteredProvider

FORGED_USAGE = [
    {"prompt_tokens": 1, "completion_tokens": -7, "total_tokens": -6},
    {"prompt_tokens": -1_000_000, "completion_tokens": 7, "total_tokens": 8},
    {"prompt_tokens": 1, "completion_tokens": 2**63, "total_tokens": 8},
    {"prompt_tokens": 1, "completion_tokens": 2**63 - 1, "total_tokens": 8},
    {"prompt_tokens": 1, "completion_tokens": 1_000_000_001, "total_tokens": 8},
    {"prompt_tokens": 1, "completion_tokens": 7.5, "total_tokens": 8},
    {"prompt_tokens": 1, "completion_tokens": "7", "total_tokens": 8},
    {"prompt_tokens": 1, "completion_tokens": None, "total_tokens": 8},
    {"prompt_tokens": 1, "completion_tokens": 7, "total_tokens": 8, "prompt_tokens_details": {"cached_tokens": 2}},
    {"prompt_tokens": 1, "completion_tokens": 7, "total_tokens": 8, "prompt_tokens_details": {"cached_tokens": -5}},
    {"completion_tokens": 7},
    [],
]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("usage", FORGED_USAGE, ids=lambda usage: json.dumps(usage)[:60])
def test_a_usage_that_cannot_be_true_is_replaced_by_our_own_count(budgeted: Callable[..., Gateway], usage: Any, stream: bool) -> None:
    gateway = budgeted()
    assert ask(gateway.http).status == 200
    reply = ask(gateway.http, "forged", do={"usage": usage}, stream=stream)
    assert reply.status == 200
    record = gateway.site.record(reply)
    assert record["estimated"] and record["status"] == "ok" and record["output_tokens"] > 0
    spent = Decimal(limits(gateway.site)["acme/research", None, "usd"]["spent"])
    assert spent == Decimal("0.007") + Decimal(record["cost_usd"]) > Decimal("0.007"), "what is spent never gets less"
    assert gateway.site.run("ledger", "verify").returncode == 0


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_what_a_provider_bills_beyond_its_cap_is_charged_and_is_the_last(budgeted: Callable[..., Gateway], stream: bool) -> None:
    gateway = budgeted()
    reply = ask(gateway.http, "overrun", do={"usage": {"prompt_tokens": 1, "completion_tokens": 3000, "total_tokens": 3001}}, stream=stream)
    record = gateway.site.record(reply)
    assert Decimal(record["cost_usd"]) == 3 == Decimal(limits(gateway.site)["acme/research", None, "usd"]["spent"])
    reply = ask(gateway.http, "after the overrun")
    assert (reply.status, reply.code) == (402, "budget_exceeded")
    assert gateway.site.run("ledger", "verify").returncode == 0


@pytest.mark.parametrize("batch", [1, 40, 500])
def test_a_stream_without_a_report_is_counted_by_its_text(budgeted: Callable[..., Gateway], batch: int) -> None:
    """However many tokens a provider puts into an event: what a cut stream has brought is not guessed too low."""
    gateway = budgeted()
    reply = ask(gateway.http, "uncounted", max_tokens=200, do={"do": "cut", "batch": batch, "output": 200}, stream=True)
    assert reply.status == 200 and reply.events()[-1][0] == "error"
    record = gateway.site.record(reply)
    brought = reply.body.count(b"tok ")
    assert record["estimated"] and record["status"] == "cut" and record["output_tokens"] >= brought >= 100
    assert Decimal(limits(gateway.site)["acme/research", None, "usd"]["spent"]) == Decimal(record["cost_usd"]) + Decimal(record["in_doubt_usd"])


# Prices


def test_a_price_that_changes_rewrites_no_record(budgeted: Callable[..., Gateway], metered: MeteredProvider) -> None:
    gateway = budgeted()
    assert ask(gateway.http).status == 200
    gateway.site.policy_file.write_text(policy(metered.url).replace("output: 1000", "output: 2000"))
    assert admin(gateway).send("POST", "/admin/v1/reload").status == 200
    reply = ask(gateway.http)
    assert reply.json()["usage"]["cost"] == Decimal("0.014")
    assert sorted(Decimal(record["cost_usd"]) for record in gateway.site.records()) == [Decimal("0.007"), Decimal("0.014")]
    assert Decimal(limits(gateway.site)["acme/research", None, "usd"]["spent"]) == Decimal("0.021")
    gateway.stop()
    done = gateway.site.run("ledger", "verify", "--format", "json")
    assert done.returncode == 0 and json.loads(done.stdout)["checked_costs"] == 2, "each record is checked with its own price"


@pytest.mark.parametrize("price", ["price: {input: -1, output: 1}", "price: {output: 1}", "price: {inptu: 1, output: 1}", "price: {input: 1, output: 1e3}", "price: gratis", ""])
def test_a_price_that_is_none_is_no_price_of_nothing(budgeted: Callable[..., Gateway], metered: MeteredProvider, price: str) -> None:
    """A typo in a price is refused whole; a model without a price is not served."""
    gateway = budgeted()
    gateway.site.policy_file.write_text(policy(metered.url).replace("price: {input: 0, output: 1000}, ", f"{price}, " if price else ""))
    # Without its only model a reload would leave nothing to serve: that must be meant.
    reloaded = admin(gateway).send("POST", "/admin/v1/reload", {"force": True})
    assert reloaded.status == (422 if price else 200), reloaded
    reply = ask(gateway.http, "without a price")
    if price:
        assert reply.json()["usage"]["cost"] == Decimal("0.007")
    else:
        assert reply.status in (402, 403, 404, 503) and "price" in reply.error["message"], reply
        assert "without a price" not in metered.arrived


def test_what_cannot_be_priced_is_refused_under_a_limit_on_money(budgeted: Callable[..., Gateway], metered: MeteredProvider) -> None:
    gateway = budgeted()
    text = policy(metered.url).replace("organizations:", "  m/unknown: {provider: metered, unpriced: allow}\norganizations:")
    gateway.site.policy_file.write_text(text)
    assert admin(gateway).send("POST", "/admin/v1/reload").status == 200
    for stream in (False, True):
        reply = ask(gateway.http, "unpriced", model="m/unknown", stream=stream)
        assert (reply.status, reply.code) == (402, "budget_exceeded") and "price" in reply.error["message"]
    assert "unpriced" not in metered.arrived and recorded(gateway.site) == 0
