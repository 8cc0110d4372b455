"""Budgets that hold: what may be spent is set aside before it is spent, whatever happens."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from support.gateway import Gateway
from support.http import Reply
from support.limits import budgets
from support.scripted import ScriptedProvider

EXPLAIN = {"x-purser-explain": "true"}

def spent(gateway: Gateway) -> Decimal:
    return sum((Decimal(record["cost_usd"]) + Decimal(record["in_doubt_usd"]) for record in gateway.site.records()), Decimal(0))


def test_a_budget_refuses_what_it_cannot_pay(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{usd: 0.02, per: day}]")
    # `echo` reports 7 output tokens: 0.007 USD.
    for _ in range(2):
        reply = gateway.http.chat("s/echo", max_tokens=7)
        assert reply.status == 200
    assert Decimal(reply.headers["x-purser-budget-left-usd"]) == Decimal("0.006")
    reply = gateway.http.chat("s/echo", max_tokens=20, headers=EXPLAIN)
    assert reply.status == 402 or reply.status == 200
    while reply.status == 200:
        reply = gateway.http.chat("s/echo", max_tokens=20, headers=EXPLAIN)
    assert reply.code == "budget_exceeded" and reply.headers["x-should-retry"] == "false"
    assert "acme/research" in reply.error["message"] and "0.02" in reply.error["message"] and "resets" in reply.error["message"]
    assert spent(gateway) <= Decimal("0.02")


def test_the_output_is_clamped_to_what_is_left(limited: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    gateway = limited("limits: [{usd: 0.05, per: total}]")
    assert gateway.http.chat("s/echo").status == 200
    assert provider.last("echo").body["max_tokens"] == 50
    assert gateway.http.chat("s/echo").status == 200
    assert provider.last("echo").body["max_tokens"] == 43


def test_a_thousand_requests_for_a_budget_of_a_thousand(limited: Callable[..., Gateway]) -> None:
    """200 clients at once, each asking for far more than it uses: nobody is starved by what others only hold, and nothing is overspent."""
    gateway = limited("limits: [{usd: 1.4, per: month}]")
    statuses: list[int] = []

    def client(number: int) -> None:
        for index in range(2):
            statuses.append(gateway.http.chat("s/echo", f"{number}-{index}", max_tokens=70, timeout=60).status)

    with ThreadPoolExecutor(100) as pool:
        list(pool.map(client, range(110)))
    served = statuses.count(200)
    assert set(statuses) <= {200, 402, 429}
    assert 190 <= served <= 200, served
    assert spent(gateway) == served * Decimal("0.007") <= Decimal("1.4")
    state = budgets(gateway)["acme/research", "usd"]
    assert Decimal(state["spent"]) == spent(gateway) and Decimal(state["held"]) == 0


def test_nothing_is_overspent_whatever_happens(limited: Callable[..., Gateway]) -> None:
    """Failures, fallbacks, hedges, streams that break, clients that leave: the ledger never exceeds the limit, and no hold is left behind."""
    gateway = limited("limits: [{usd: 0.9, per: month}, {tokens: 1000000, per: day}]", "limits: [{usd: 0.95, per: week}]")
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    kinds = ["s/echo", "chain", "hedged", "s/status-500", "s/cut-stream", "s/error-in-stream", "s/slow-stream", "s/no-usage", "s/echo", "s/echo"]
    work = [(dice.choice(kinds), dice.random() < 0.5, dice.choice([7, 20, 60]), dice.random() < 0.15) for _ in range(260)]

    def one(job: tuple[str, bool, int, bool]) -> int:
        model, stream, limit, leaves = job
        if leaves:
            connection, _ = gateway.http.open_stream("s/slow-stream", max_tokens=limit, timeout=60)
            time.sleep(0.1)
            connection.close()
            return 0
        return gateway.http.chat(model, stream=stream, max_tokens=limit, timeout=60).status

    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(one, work))
    assert {200, 402} & set(statuses), f"seed {seed}: {set(statuses)}"
    deadline = time.monotonic() + 60
    while Decimal(budgets(gateway)["acme/research", "usd"]["held"]) != 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    reported = sum((Decimal(r["cost_usd"]) for r in gateway.site.records() if not r["estimated"]), Decimal(0))
    assert reported <= Decimal("0.9"), f"seed {seed}"
    states = budgets(gateway)
    assert Decimal(states["acme/research", "usd"]["held"]) == 0 == states["acme/research", "tokens"]["held"], f"seed {seed}"
    assert Decimal(states["acme/research", "usd"]["spent"]) == spent(gateway) == Decimal(states["acme", "usd"]["spent"]), f"seed {seed}"
    assert gateway.site.run("ledger", "verify").returncode == 0
    assert "hold was not ended" not in gateway.log()


def test_a_stream_that_reaches_the_limit_is_cut_in_good_order(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{tokens: 1500, per: total}]")
    other = gateway.http.chat("s/echo", max_tokens=7)
    assert other.status == 200
    reply = gateway.http.chat("s/large-events", stream=True, stream_options={"include_usage": True}, headers=EXPLAIN, timeout=60)
    assert reply.status == 200
    reasons = [choice["finish_reason"] for chunk in reply.chunks() for choice in chunk["choices"] if choice["finish_reason"]]
    assert reasons == ["length"] and reply.events()[-1] == ("message", "[DONE]")
    record = gateway.site.record(reply)
    assert (record["status"], record["error_code"]) == ("cut", "budget_exceeded")
    assert [one["status"] for one in reply.chunks()[-1]["purser"]["attempts"]] == ["cut"]


def test_rate_limits_tell_the_truth(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{requests: 3, per: minute}]")
    if time.time() % 60 > 50:
        time.sleep(61 - time.time() % 60)
    remaining = []
    for _ in range(3):
        reply = gateway.http.chat("s/echo", max_tokens=7)
        remaining.append(int(reply.headers["x-ratelimit-remaining-requests"]))
        assert reply.headers["x-ratelimit-limit-requests"] == "3" and reply.headers["x-ratelimit-reset-requests"].endswith("s")
    assert remaining == [2, 1, 0]
    reply = gateway.http.chat("s/echo", max_tokens=7)
    assert (reply.status, reply.code) == (429, "rate_limit_exceeded")
    assert 1 <= int(reply.headers["retry-after"]) <= 60 and int(reply.headers["retry-after-ms"]) <= 60_000


def test_concurrency_is_bounded(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{concurrent: 2}]")
    with ThreadPoolExecutor(6) as pool:
        statuses = [reply.status for reply in pool.map(lambda _: gateway.http.chat("s/slow-plain", max_tokens=7), range(6))]
    assert statuses.count(200) == 2 and statuses.count(429) == 4
    assert gateway.http.chat("s/echo", max_tokens=7).status == 200


def test_waiting_is_an_option(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{concurrent: 1, wait: 8s}]")
    with ThreadPoolExecutor(3) as pool:
        statuses = [reply.status for reply in pool.map(lambda _: gateway.http.chat("s/slow-plain", max_tokens=7), range(3))]
    assert statuses == [200, 200, 200]


def test_keys_and_users_have_their_own(limited: Callable[..., Gateway]) -> None:
    gateway = limited("each_key: [{requests: 2, per: day}], each_user: [{requests: 1, per: day}]".replace(", each_user", "\n        each_user"))
    first, second = gateway.client(gateway.site.new_key()), gateway.client(gateway.site.new_key())
    assert [first.chat("s/echo", max_tokens=7, user=name).status for name in ("ann", "ann", "bob", "cid")] == [200, 429, 200, 429]
    assert [second.chat("s/echo", max_tokens=7, user=name).status for name in ("ann", "dan")] == [429, 200]


def test_every_level_binds(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{usd: 5, per: day}]", "limits: [{usd: 0.01, per: day}]")
    assert gateway.http.chat("s/echo", max_tokens=7).status == 200
    other = gateway.client(gateway.site.new_key("acme/other"))
    reply = other.chat("s/echo", max_tokens=7)
    assert (reply.status, reply.code) == (402, "budget_exceeded") and "acme has a limit" in reply.error["message"]


def test_windows_go_on_after_a_restart(limited: Callable[..., Gateway], own_gateway: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{usd: 0.02, per: month}]")
    for _ in range(2):
        assert gateway.http.chat("s/echo", max_tokens=7).status == 200
    gateway.stop()
    again = own_gateway(gateway.site, key=gateway.key)
    assert Decimal(budgets(again)["acme/research", "usd"]["spent"]) == Decimal("0.014")
    assert again.http.chat("s/echo", max_tokens=7).status in (200, 402)
    assert again.http.chat("s/echo", max_tokens=20).status == 402


def test_killed_in_the_middle_what_was_held_is_charged(limited: Callable[..., Gateway], own_gateway: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    gateway = limited("limits: [{usd: 0.05, per: month}]")
    gateway.expect_clean_exit = False
    provider.forget()
    thread = threading.Thread(target=lambda: pytest.raises(Exception, gateway.http.chat, "s/slow-plain", max_tokens=30))
    thread.start()
    provider.last("slow-plain")
    gateway.process.kill()
    thread.join()
    again = own_gateway(gateway.site, key=gateway.key)
    state = budgets(again)["acme/research", "usd"]
    assert Decimal(state["spent"]) == Decimal("0.03")
    (record,) = again.site.records(status="in_doubt")
    assert Decimal(record["cost_usd"]) == Decimal("0.03")
    assert again.http.chat("s/echo", max_tokens=30).status in (200, 402)
    assert spent(again) <= Decimal("0.05")


def test_a_reload_keeps_what_is_spent(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{usd: 0.02, per: month}]")
    assert gateway.http.chat("s/echo", max_tokens=7).status == 200
    text = gateway.site.policy_file.read_text()
    gateway.site.policy_file.write_text(text.replace("usd: 0.02", "usd: 0.01"))
    deadline = time.monotonic() + 60
    while (reply := gateway.http.chat("s/echo", max_tokens=7)).status == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (reply.status, reply.code) == (402, "budget_exceeded")


def test_settings_of_a_model_cannot_ask_for_more_than_is_set_aside(limited: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    gateway = limited("limits: [{usd: 1, per: total}]")

    def ask(settings: dict, **fields: object) -> Reply:
        body = {"model": [{"model": "s/echo", "settings": settings}], "messages": [{"role": "user", "content": "x"}], **fields}
        return gateway.http.send("POST", "/v1/chat/completions", body)

    assert ask({"max_tokens": 90000}, max_tokens=10).status == 200
    assert provider.last("echo").body["max_tokens"] == 10
    assert ask({"max_tokens": 5}, max_tokens=10).status == 200
    assert provider.last("echo").body["max_tokens"] == 5
    assert ask({"n": 100}, max_tokens=10).status == 400
