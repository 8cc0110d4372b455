"""A random search for overspending: bodies × plans × limits × provider faults × client exits.

PURSER_SEARCH_REQUESTS sets how many requests are tried (CI: 4,000; before a release: 100,000), PURSER_SEARCH_SEED repeats a run.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest

from support.gateway import Gateway, Site
from support.search.provider import BillingProvider
from support.search.world import World

REQUESTS = int(os.environ.get("PURSER_SEARCH_REQUESTS", "4000"))
SEED = int(os.environ.get("PURSER_SEARCH_SEED") or random.SystemRandom().randrange(10**9))
#: Requests of one gateway; a new one begins with new limits.
ROUND = 2_000


@pytest.mark.timeout(3 * 3600)
def test_nothing_that_is_billed_exceeds_a_limit(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway]) -> None:
    statuses: Counter[int] = Counter()
    billed = refused = detours = 0
    for start in range(0, REQUESTS, ROUND):
        seed = SEED + start
        provider = BillingProvider()
        world = World(random.Random(seed), provider, organizations=40)
        gateway = own_gateway(new_site(world.policies()), plain=True, key="none")
        asyncio.run(world.run(gateway.port, min(ROUND, REQUESTS - start), clients=16))
        held = held_at_rest(gateway)
        note = f"PURSER_SEARCH_SEED={seed} PURSER_SEARCH_REQUESTS={ROUND}"
        undercharged = world.undercharged(gateway.site.records())
        assert (world.overspent(), len(undercharged)) == ([], 0), "\n".join([note, *undercharged[:5]])
        assert world.unlimited() == [], f"calls without a limit of output; {note}"
        assert world.turned_away() == [], f"refused by limits that refuse nothing; {note}"
        assert held == [], f"held by nobody; {note}"
        assert gateway.site.run("ledger", "verify").returncode == 0, note
        statuses.update(world.statuses.values())
        refused += len(world.refused)
        detours += provider.detours
        billed += sum(len(bills) for bills in provider.bills.values())
        gateway.stop()
        provider.stop()
    print(f"\n{REQUESTS} requests, seed {SEED}: {billed} calls billed, {refused} refused by limits, {detours} refused for an addition, answers {dict(statuses.most_common())}")
    # The search is of use only if much is served and much is refused.
    assert detours > 0
    assert statuses[200] > REQUESTS / 10 and refused > REQUESTS / 10, (statuses, refused)


def held_at_rest(gateway: Gateway) -> list[str]:
    """What limits hold when nothing is under way any more: nothing, within some seconds."""
    deadline = time.monotonic() + 30
    while True:
        told = json.loads(gateway.site.run("budgets", "--format", "json", check=True).stdout)
        assert told
        held = [f"{limit}" for limit in told if Decimal(limit["held"]) != 0]
        if not held or time.monotonic() > deadline:
            return held
        time.sleep(0.3)
