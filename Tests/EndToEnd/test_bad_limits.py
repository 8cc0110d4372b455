"""Nonsense in policies and in requests: it is told, and never allows what it should not."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.budgets import ask, limits, policy, recorded
from support.gateway import Gateway, Site
from support.metered import MeteredProvider

NONSENSE = {
    "limits: [{usd: -1, per: day}]": '"usd" must not be negative',
    "limits: [{tokens: -1, per: day}]": '"tokens" must be a whole number from 0',
    "limits: [{usd: 1000000001, per: day}]": "leave the limit out",
    "limits: [{usd: 1e400, per: day}]": "usd",
    "limits: [{usd: .nan, per: day}]": "usd",
    "limits: [{usd: 0.0000000001, per: day}]": "usd",
    "limits: [{requests: 99999999999999999999, per: day}]": "requests",
    "limits: [{usd: 1, per: day}, {usd: 2, per: day}]": "differ in nothing but the amount",
    "limits: [{usd: 1, tokens: 1, per: day}]": "usd",
    "limits: [{usd: 1, per: fortnight}]": 'unknown period "fortnight"',
    "limits: [{usd: 1}]": "per",
    "limits: [{usd: 1, per: day, models: [m/nonesuch]}]": "m/nonesuch",
    "timezone: Mars/Olympus": 'unknown time zone "Mars/Olympus"',
    "timezone: ../../etc/passwd": "unknown time zone",
    "limit: [{usd: 1, per: day}]": 'did you mean "limits"',
}


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_limits_that_make_no_sense_are_told_with_their_place(tmp_path: Path, metered: MeteredProvider, nonsense: str) -> None:
    site = Site(tmp_path / "site", policy(metered.url, nonsense))
    for command, status in (("check", 1), ("serve", 3), ("budgets", 1)):
        done = site.run(command, *(["--listen", "http://127.0.0.1:0"] if command == "serve" else []))
        assert done.returncode == status, (command, done)
        assert "e2e.yaml:10:" in done.stderr and NONSENSE[nonsense] in done.stderr and "Fatal" not in done.stderr, done.stderr


def test_two_policies_that_name_one_team(tmp_path: Path, metered: MeteredProvider) -> None:
    site = Site(tmp_path / "site", policy(metered.url))
    (site.policies / "more.yaml").write_text("organizations: {acme: {teams: {research: {limits: [{usd: 100, per: total}]}}}}\n")
    for command, status in (("check", 1), ("serve", 3)):
        done = site.run(command)
        assert done.returncode == status and "defined twice" in done.stderr and "e2e.yaml" in done.stderr and "more.yaml" in done.stderr, done.stderr


def test_nonsense_leaves_the_limits_in_force(budgeted: Callable[..., Gateway], metered: MeteredProvider) -> None:
    gateway = budgeted("limits: [{usd: 0.01, per: total}]")
    assert ask(gateway.http).status == 200
    for nonsense in ("limits: [{usd: -1, per: total}]", "limits: [{usd: 100, per: total}], timezone: Mars/Olympus"):
        gateway.site.policy_file.write_text(policy(metered.url, nonsense))
        gateway.signal(signal.SIGHUP)
        deadline = time.monotonic() + 60
        while gateway.anonymous.get("/readyz").json().get("policies") != "refused":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert ask(gateway.http, max_tokens=7, do={"output": 7}).status in (200, 402)
        assert recorded(gateway.site) <= Decimal("0.01")


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ("usd: 0, per: day", 402, "budget_exceeded"),
        ("tokens: 0, per: day", 429, "rate_limit_exceeded"),
        ("requests: 0, per: day", 429, "rate_limit_exceeded"),
        ("concurrent: 0", 429, "rate_limit_exceeded"),
    ],
)
def test_a_limit_of_zero_refuses(budgeted: Callable[..., Gateway], metered: MeteredProvider, rule: str, status: int, code: str) -> None:
    gateway = budgeted(f"limits: [{{{rule}}}]")
    tag = f"zero-{rule}"
    for stream in (False, True):
        reply = ask(gateway.http, tag, stream=stream)
        assert (reply.status, reply.code) == (status, code) and "acme/research" in reply.error["message"]
    assert tag not in metered.arrived and gateway.site.records() == []


def test_the_tightest_of_contradictory_limits_binds(budgeted: Callable[..., Gateway]) -> None:
    gateway = budgeted("limits: [{usd: 1000, per: minute}, {usd: 0.02, per: day}, {usd: 900, per: month}], each_key: [{usd: 0.01, per: total}]")
    assert ask(gateway.http).status == 200
    reply = ask(gateway.http, do={"output": 7})
    while reply.status == 200:
        reply = ask(gateway.http, do={"output": 7})
    assert reply.status == 402 and "key" in reply.error["message"] and recorded(gateway.site) <= Decimal("0.01")


def test_a_user_of_ten_kilobytes(budgeted: Callable[..., Gateway], metered: MeteredProvider) -> None:
    gateway = budgeted()
    for user in ("u" * 10_240, "u" * 257, "ü" * 129, 7, ["a"], {"name": "a"}, True):
        reply = ask(gateway.http, "long user", user=user)
        assert (reply.status, reply.error["param"]) == (400, "user"), user
    assert "long user" not in metered.arrived and gateway.site.records() == []
    assert not [scope for scope in limits(gateway.site) if scope[1]]


@pytest.mark.parametrize("user", ["u" * 256, "a\nb\tc", 'x" user "y', "\x00", "acme/research", "🧑‍🚀", "'; DROP TABLE usage_record; --", "\u202eevil"])
def test_any_short_user_is_counted_as_itself(budgeted: Callable[..., Gateway], user: str) -> None:
    gateway = budgeted()
    assert ask(gateway.http, user=user).status == 200
    assert Decimal(limits(gateway.site)["acme/research", user, "usd"]["spent"]) == Decimal("0.007")
    (record,) = gateway.site.records()
    assert record["user"] == user
    table = gateway.site.run("budgets", check=True).stdout
    assert not set(table) & {"\x00", "\t", "\u202e", "\x1b"} and len([line for line in table.splitlines() if "user" in line]) == 1


FORGED = {
    "org": "rich", "team": "acme/other", "key_id": "key_other", "user": "boss", "cost_usd": "-5", "status": "refund", "role": "hold",
    "estimated": "true", "request_id": "req_x", "model": "m/free", "hold": "call_1", "settles_hold": "1",
}  # fmt: skip


@pytest.mark.parametrize("place", ["body", "header", "members", "headers"])
def test_forged_metadata_moves_no_money(budgeted: Callable[..., Gateway], place: str) -> None:
    gateway = budgeted()
    fields: dict[str, Any] = {"metadata": FORGED} if place == "body" else {}
    headers = {"x-purser-metadata": json.dumps(FORGED)} if place == "header" else {}
    if place == "members":
        fields = {name: value for name, value in FORGED.items() if name not in ("model", "user")}
    if place == "headers":
        headers = {f"x-purser-{name.replace('_', '-')}": value for name, value in FORGED.items()} | {"openai-organization": "rich", "openai-project": "other"}
    assert ask(gateway.http, user="ann", headers=headers, **fields).status == 200
    (record,) = gateway.site.records()
    told = (record["org"], record["team"], record["user"], record["status"], record["role"], record["estimated"], record["model"])
    assert told == ("acme", "acme/research", "ann", "ok", "primary", False, "m/large") and Decimal(record["cost_usd"]) == Decimal("0.007")
    spent = {scope: Decimal(limit["spent"]) for scope, limit in limits(gateway.site).items()}
    assert spent == {("acme", None, "usd"): Decimal("0.007"), ("acme/research", None, "usd"): Decimal("0.007"), ("acme/research", "ann", "usd"): Decimal("0.007"), ("acme/other", None, "usd"): 0}
    assert gateway.site.run("ledger", "verify").returncode == 0


@pytest.mark.parametrize(
    "metadata", [{"a": 1}, {"a": {"b": "c"}}, {"a": None}, ["a"], "a", {"a": "x" * 513}, {"n" * 65: "x"}, {str(n): "x" for n in range(17)}], ids=lambda value: str(value)[:20]
)
def test_metadata_that_is_none(budgeted: Callable[..., Gateway], metered: MeteredProvider, metadata: Any) -> None:
    gateway = budgeted()
    for reply in (ask(gateway.http, "no metadata", metadata=metadata), ask(gateway.http, "no metadata", headers={"x-purser-metadata": json.dumps(metadata)})):
        assert reply.status == 400 and reply.error["param"].startswith("metadata"), reply
    assert ask(gateway.http, "no metadata", headers={"x-purser-metadata": "{"}).status == 400
    assert "no metadata" not in metered.arrived and gateway.site.records() == []
