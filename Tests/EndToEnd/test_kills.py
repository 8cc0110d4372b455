"""Fifty lives of one ledger, each ended by kill -9 under load: no answer without its record, no window that a crash opened again."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from support.budgets import admin
from support.gateway import Gateway, Site
from support.load import Connection, Gone, LoadReply, run_clients
from support.metered import MeteredProvider

LIVES, CLIENTS = 50, 24

POLICY = """
providers:
  metered: {kind: openai, base_url: URL, retry: {attempts: 1}, breaker: off}
models:
  m/large: {provider: metered, price: {input: 3, cached_input: 0.3, output: 15}, max_output_tokens: 3000}
  m/broken: {provider: metered, price: {input: 3, cached_input: 0.3, output: 15}, max_output_tokens: 3000}
  chain: {fallback: [m/broken, m/large]}
organizations:
  acme:
    limits: [{usd: 40, per: total}, {tokens: 100000000, per: month}]
    teams:
      research: {each_user: [{usd: 0.04, per: total}]}
"""


class Lives:
    """What the clients of all lives have seen."""

    def __init__(self, seed: int):
        self.dice = random.Random(seed)
        self.whole: dict[str, LoadReply] = {}
        self.refused = 0

    def live(self, gateway: Gateway, life: int) -> None:
        """Load until the kill. Half of the clients share a user whose limit binds before the end."""

        async def client(connection: Connection, number: int) -> None:
            for turn in range(10_000):
                tag = f"life-{life}-{number}-{turn}"
                order = {"tag": tag, "do": "answer", "input": 20, "cached": 5, "share": self.dice.random(), "most": 400, "batch": 20, "pause": self.dice.choice([0, 0.01, 0.05])}
                model, stream = self.dice.choice(["m/large", "m/large", "chain"]), self.dice.random() < 0.5
                fields: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
                if number % 2:
                    fields["user"] = f"life-{life}"
                try:
                    reply = await connection.ask(gateway.key, model, json.dumps(order), {"x-request-id": tag}, max_tokens=400, **fields)
                except (Gone, OSError):
                    return
                if reply.status == 200 and reply.whole:
                    self.whole[tag] = reply
                elif reply.status == 402:
                    self.refused += 1

        async def kill() -> None:
            await asyncio.sleep(self.dice.uniform(0.2, 0.6))
            gateway.signal(signal.SIGKILL)
            await asyncio.Event().wait()

        run_clients(gateway, CLIENTS, client, kill)
        gateway.process.wait(5)


def limits(gateway: Gateway) -> dict[tuple[str, str | None, str], dict[str, Any]]:
    return {(limit["scope"], limit["user"], limit["kind"]): limit for limit in admin(gateway).get("/admin/v1/budgets").json()["data"]}


def test_fifty_kills_lose_nothing_and_open_nothing(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], metered: MeteredProvider) -> None:
    seed = random.randrange(1 << 30)
    site = new_site(POLICY.replace("URL", metered.url))
    key, lives = site.new_key(), Lives(seed)
    for life in range(LIVES):
        lives.live(Gateway(site, key), life)
    survivor = own_gateway(site, key=key)
    try:
        books = defaultdict(list)
        for record in site.records():
            books[record["request_id"]].append(record)
        assert_no_answer_is_lost(lives, books)
        assert_no_call_is_unknown(metered, books)
        assert_no_window_is_overspent(survivor, books)
        assert site.run("ledger", "verify").returncode == 0
        assert_doubt_is_refundable(survivor, books)
        assert survivor.http.chat("m/large", json.dumps({"tag": "alive", "do": "answer", "input": 1, "cached": 0, "share": 0, "most": 9}), max_tokens=9, user="nobody").status == 200
        assert site.run("ledger", "verify").returncode == 0
    except AssertionError as failure:
        raise AssertionError(f"seed {seed}: {failure}") from failure


def assert_no_answer_is_lost(lives: Lives, books: dict[str, list[dict[str, Any]]]) -> None:
    assert len(lives.whole) > 10 * LIVES and lives.refused > LIVES / 5, f"no load to speak of: {len(lives.whole)} answers, {lives.refused} refusals"
    for tag, reply in lives.whole.items():
        answered = [record for record in books[tag] if record["status"] in ("ok", "cut")]
        assert len(answered) == 1, f"{tag} was answered and has {books[tag]}"
        assert Decimal(reply.usage["cost"]) == Decimal(answered[0]["cost_usd"]), (tag, books[tag])


def assert_no_call_is_unknown(metered: MeteredProvider, books: dict[str, list[dict[str, Any]]]) -> None:
    """What reached the provider is in the ledger, if only in doubt: holds are durable before anything goes out."""
    unknown = [tag for tag in metered.arrived if not books[tag]]
    assert not unknown, f"{len(unknown)} of {len(metered.arrived)} calls: {unknown[:5]}"


def assert_no_window_is_overspent(gateway: Gateway, books: dict[str, list[dict[str, Any]]]) -> None:
    states = limits(gateway)
    for state in states.values():
        spent, in_doubt, limit = (Decimal(state[name]) for name in ("spent", "in_doubt", "limit"))
        mine = [record for records in books.values() for record in records if state["user"] in (None, record["user"])]
        if state["kind"] == "usd":
            assert spent == sum(Decimal(record["cost_usd"]) + Decimal(record["in_doubt_usd"]) for record in mine), state
            assert in_doubt == sum(Decimal(record["cost_usd" if record["status"] == "in_doubt" else "in_doubt_usd"]) for record in mine), state
        assert spent - in_doubt <= limit and spent <= limit, state
    doubt = Decimal(states["acme", None, "usd"]["in_doubt"])
    assert doubt > 0, "no kill hit a request"


def assert_doubt_is_refundable(gateway: Gateway, books: dict[str, list[dict[str, Any]]]) -> None:
    before = limits(gateway)
    listed = [json.loads(line) for line in gateway.site.run("ledger", "list", "--in-doubt", "--format", "jsonl", check=True).stdout.splitlines()]
    assert {record["call_id"] for record in listed} == {record["call_id"] for records in books.values() for record in records if record["status"] == "in_doubt" or record["in_doubt_tokens"]}
    refunded = next(record for record in listed if record["status"] == "in_doubt" and record["user"] and Decimal(record["cost_usd"]) > 0)
    reply = admin(gateway).send("POST", "/admin/v1/ledger/refund", {"id": refunded["call_id"], "note": "the provider billed nothing"})
    assert reply.status == 200 and Decimal(reply.json()["usd"]) == Decimal(refunded["cost_usd"])
    for scope in (("acme", None, "usd"), ("acme/research", refunded["user"], "usd")):
        for name in ("spent", "in_doubt"):
            assert Decimal(before[scope][name]) - Decimal(limits(gateway)[scope][name]) == Decimal(refunded["cost_usd"]), (scope, name)
