"""A clock that is set: no window opens again, nothing that is under way notices."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

from support.clock import Clock
from support.gateway import Gateway, Site
from support.http import Reply
from support.metered import MeteredProvider

HOUR, DAY, YEAR = 3_600, 86_400, 366 * 86_400

POLICY = """
providers:
  metered: {kind: openai, base_url: URL, retry: {attempts: 1}, breaker: off, timeouts: {first_byte: 3s, idle: 3s, total: 5s}}
models:
  m/large: {provider: metered, price: {input: 0, output: 1000}, max_output_tokens: 1000}
organizations:
  acme: {teams: {research: {limits: [{usd: 0.02, per: day}, {requests: 1000, per: total}]}}}
"""


def ask(gateway: Gateway, **order: Any) -> Reply:
    """A request that costs a cent: two are all that a day pays."""
    prompt = {"tag": "clock", "do": "answer", "input": 1, "cached": 0, "output": 10, "batch": 1, "most": 10, **order}
    return gateway.http.chat("m/large", json.dumps(prompt), max_tokens=10, stream=bool(order.get("stream")))


def spent(site: Site, clock: Clock) -> Decimal:
    told = json.loads(site.run("budgets", "--format", "json", check=True, environment=clock.environment).stdout)
    return next(Decimal(limit["spent"]) for limit in told if limit["kind"] == "usd")


def test_a_clock_that_jumps_opens_no_window_again(tmp_path: Path, own_gateway: Callable[..., Gateway], metered: MeteredProvider) -> None:
    # Without TLS: certificates are not valid at all times.
    clock = Clock(tmp_path / "clock")
    noon = DAY // 2 - int(time.time()) % DAY
    clock.ahead(noon)
    gateway = own_gateway(Site(tmp_path / "site", POLICY.replace("URL", metered.url)), plain=True, PURSER_ADMIN="off", **clock.environment)

    def status_at(seconds: int) -> int:
        clock.ahead(noon + seconds)
        return ask(gateway).status

    assert [status_at(0), status_at(60), status_at(120)] == [200, 200, 402]
    assert [status_at(step) for step in (-60, -HOUR, 13 * -HOUR, -DAY, -YEAR, HOUR, 0)] == [402] * 7
    assert [status_at(DAY), status_at(DAY + 60), status_at(DAY + HOUR)] == [200, 200, 402], "the next day has a budget of its own"
    assert [status_at(step) for step in (0, DAY - HOUR, -YEAR, DAY)] == [402] * 4, "no day has two"
    assert [status_at(YEAR), status_at(YEAR - HOUR), status_at(YEAR)] == [200, 200, 402]
    assert status_at(0) == 402
    clock.ahead(noon + YEAR)
    assert spent(gateway.site, clock) == Decimal("0.02")
    gateway.stop()
    again = own_gateway(gateway.site, key=gateway.key, plain=True, PURSER_ADMIN="off", **clock.environment)
    assert ask(again).status == 402, "a restart forgets no window"
    assert len(again.site.records(status="ok")) == 6
    assert again.site.run("ledger", "verify").returncode == 0


def test_what_is_under_way_does_not_notice(tmp_path: Path, own_gateway: Callable[..., Gateway], metered: MeteredProvider) -> None:
    clock = Clock(tmp_path / "clock")
    gateway = own_gateway(Site(tmp_path / "site", POLICY.replace("URL", metered.url)), **clock.environment)
    with ThreadPoolExecutor(2) as pool:
        began = time.monotonic()
        replies = [pool.submit(ask, gateway, pause=1.2), pool.submit(ask, gateway, stream=True, pause=0.12)]
        for step in (HOUR, -HOUR, YEAR, -YEAR, 50 * YEAR, 0):
            time.sleep(0.2)
            clock.ahead(step)
        assert [reply.result().status for reply in replies] == [200, 200] and time.monotonic() - began < 30
        assert replies[1].result().events()[-1] == ("message", "[DONE]")
    for record in gateway.site.records():
        assert record["status"] == "ok" and 1_000 < record["latency_ms"] < 3_000, record
    assert gateway.anonymous.get("/readyz").status == 200
