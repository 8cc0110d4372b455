"""Windows come from the ledger, whatever the clock did, and no clock lengthens a wait."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support.clock import Clock
from support.gateway import Gateway, Site
from support.http import Reply
from support.metered import MeteredProvider

HOUR, DAY = 3_600, 86_400

POLICY = """
providers:
  metered: {kind: openai, base_url: URL, retry: {attempts: 1}, breaker: off, timeouts: {first_byte: 60s, idle: 60s, total: 60s}}
models:
  m/large: {provider: metered, price: {input: 0, output: 1000}, max_output_tokens: 1000}
organizations:
  acme: {teams: {research: {limits: [LIMITS]}}}
"""


def ask(gateway: Gateway, tokens: int = 10, **order: Any) -> Reply:
    """A request that holds and costs a tenth of a cent for each token."""
    prompt = {"tag": "window", "do": "answer", "input": 1, "cached": 0, "output": tokens, "batch": 1, "most": tokens, **order}
    return gateway.http.chat("m/large", json.dumps(prompt), max_tokens=tokens, timeout=60)


@pytest.mark.parametrize("wrong", [-DAY, -3 * DAY, DAY, 40 * DAY])
@pytest.mark.parametrize("limits", ["{usd: 0.02, per: day}", "{usd: 0.02, per: month, models: [m/large]}, {tokens: 1000, per: day}"])
def test_a_start_with_a_wrong_clock_forgets_nothing(
    tmp_path: Path, own_gateway: Callable[..., Gateway], metered: MeteredProvider, wrong: int, limits: str
) -> None:
    clock = Clock(tmp_path / "clock")
    # The fifteenth, at noon: a day before or after it is in the same month.
    now = time.gmtime()
    right = (15 - now.tm_mday) * DAY + DAY // 2 - int(time.time()) % DAY
    clock.ahead(right)
    options = {"plain": True, "PURSER_ADMIN": "off", **clock.environment}
    first = own_gateway(Site(tmp_path / "site", POLICY.replace("URL", metered.url).replace("LIMITS", limits)), **options)
    assert [ask(first).status for _ in range(3)] == [200, 200, 402]
    first.stop()
    clock.ahead(right + wrong)
    again = own_gateway(first.site, key=first.key, **options)
    assert ask(again).status in (200, 402), "a window of the wrong time has its own budget, if any"
    clock.ahead(right)
    for _ in range(3):
        refusal = ask(again)
        assert refusal.status == 402 and "$0.02 spent" in refusal.error["message"], refusal.error


@pytest.mark.parametrize("step", [-HOUR, -DAY, HOUR, DAY])
def test_a_clock_that_is_set_changes_no_wait(tmp_path: Path, own_gateway: Callable[..., Gateway], metered: MeteredProvider, step: int) -> None:
    clock = Clock(tmp_path / "clock")
    clock.ahead(DAY // 2 - int(time.time()) % DAY)
    limits = "{usd: 0.02, per: total}"
    gateway = own_gateway(
        Site(tmp_path / "site", POLICY.replace("URL", metered.url).replace("LIMITS", limits)), plain=True, PURSER_ADMIN="off", **clock.environment
    )

    def timed(**order: Any) -> tuple[int, float]:
        began = time.monotonic()
        return ask(gateway, **order).status, time.monotonic() - began

    with ThreadPoolExecutor(2) as pool:
        holder = pool.submit(timed, tokens=20, pause=16)
        time.sleep(1)
        waiter = pool.submit(timed, tokens=20)
        time.sleep(1)
        clock.ahead(DAY // 2 - int(time.time()) % DAY + step)
        status, seconds = waiter.result()
        assert status == 429 and 9 < seconds < 14, (status, seconds)
        assert holder.result()[0] == 200
