"""Limits that a reload adds count what is under way and what was spent, once."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from support.budgets import admin
from support.gateway import Gateway, Site
from support.http import Reply
from support.metered import MeteredProvider

POLICY = """
providers:
  metered: {kind: openai, base_url: URL, retry: {attempts: 1}, breaker: off, timeouts: {first_byte: 60s, idle: 60s, total: 60s}}
models:
  m/large: {provider: metered, price: {input: 0, output: 1000}, max_output_tokens: 1000}
organizations:
  acme: {limits: [LIMITS], teams: {research: {}}}
"""


def ask(gateway: Gateway, tokens: int = 100, **order: Any) -> Reply:
    prompt = {"tag": "reload", "do": "answer", "input": 1, "cached": 0, "output": tokens, "batch": 1, "most": tokens, **order}
    return gateway.http.chat("m/large", json.dumps(prompt), max_tokens=tokens, timeout=60)


def limits(gateway: Gateway) -> list[dict[str, Any]]:
    """Every limit as the gateway itself tells it."""
    return admin(gateway).get("/admin/v1/budgets").json()["data"]


def reload(gateway: Gateway, text: str, count: int) -> None:
    """Changes the limits, and waits until so many are in force. One signal is two reloads: the folder is watched too."""
    gateway.site.policy_file.write_text(text)
    gateway.signal(signal.SIGHUP)
    deadline = time.monotonic() + 60
    while len(limits(gateway)) != count:
        assert time.monotonic() < deadline, gateway.log()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("before", "after", "spent"),
    [
        ("{requests: 1000, per: total}", "{usd: 2, per: day}", Decimal(2)),
        ("{usd: 100, per: day}", "{usd: 2, per: month}", Decimal(2)),
        ("{usd: 100, per: day}", "{requests: 20, per: day}", 20),
        ("{usd: 100, per: day}", "{usd: 2, per: day, models: ['m/*']}", Decimal(2)),
        ("{usd: 100, per: day}", "{tokens: 2500, per: month}", 2020),
    ],
)
def test_a_new_limit_counts_what_is_under_way(
    new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], metered: MeteredProvider, before: str, after: str, spent: Any
) -> None:
    text = POLICY.replace("URL", metered.url)
    gateway = own_gateway(new_site(text.replace("LIMITS", before)))
    with ThreadPoolExecutor(24) as pool:
        calls = [pool.submit(ask, gateway, pause=6) for _ in range(20)]
        time.sleep(2)
        reload(gateway, text.replace("LIMITS", f"{before}, {after}"), 2)
        time.sleep(1)
        new = limits(gateway)[-1]
        assert Decimal(new["held"]) >= Decimal(spent) and Decimal(new["spent"]) == 0, new
        assert [call.result().status for call in calls] == [200] * 20
    new = limits(gateway)[-1]
    assert Decimal(new["spent"]) == Decimal(spent) and Decimal(new["held"]) == 0, new
    told = json.loads(gateway.site.run("budgets", "--format", "json", check=True).stdout)
    assert [Decimal(one["spent"]) for one in told] == [Decimal(one["spent"]) for one in limits(gateway)]
    if Decimal(new["left"]) == 0:
        assert ask(gateway).status in (402, 429)


def test_limits_added_under_load_count_exactly(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], metered: MeteredProvider) -> None:
    text = POLICY.replace("URL", metered.url)
    rules = ["{usd: 1000, per: day}"]
    gateway = own_gateway(new_site(text.replace("LIMITS", rules[0])))
    more = [
        "{tokens: 100000000, per: day}", "{requests: 1000000, per: day}", "{usd: 1000, per: month}", "{requests: 1000000, per: total}",
        "{usd: 1000, per: total, models: ['m/*']}", "{usd: 0.5, per: month, soft: true}",
    ]
    stop = False

    def client(number: int) -> int:
        count = 0
        while not stop and count < 3_000:
            assert ask(gateway, 1).status == 200
            count += 1
        return count

    with ThreadPoolExecutor(6) as pool:
        clients = [pool.submit(client, number) for number in range(6)]
        for rule in more:
            time.sleep(0.7)
            rules.append(rule)
            reload(gateway, text.replace("LIMITS", ", ".join(rules)), len(rules))
        time.sleep(0.7)
        stop = True
        served = sum(one.result() for one in clients)
    assert served > 50
    records = gateway.site.records()
    cost = sum((Decimal(record["cost_usd"]) for record in records), Decimal(0))
    tokens = sum(record["input_tokens"] + record["output_tokens"] for record in records)
    expected = {"usd": cost, "tokens": tokens, "requests": len(records)}
    wrong = [limit for limit in limits(gateway) if Decimal(limit["spent"]) != expected[limit["kind"]] or Decimal(limit["held"]) != 0]
    assert not wrong, f"{expected}: {[(limit['kind'], limit['period'], limit['spent'], limit['held']) for limit in wrong]}"
