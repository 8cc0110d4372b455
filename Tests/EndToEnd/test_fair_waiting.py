"""A request waits only for those whose room it needs, and a large one is served in the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from support.gateway import Gateway, Site
from support.http import Client, Reply
from support.metered import MeteredProvider

POLICY = """
providers:
  metered: {kind: openai, base_url: URL, retry: {attempts: 1}, breaker: off, timeouts: {first_byte: 60s, idle: 60s, total: 60s}}
models:
  m/large: {provider: metered, price: {input: 0, output: 1000}, max_output_tokens: 10000}
organizations:
  acme: {limits: [LIMIT], teams: {a: {}, b: {}}}
"""


def ask(client: Client, tokens: int, output: int = 1, **order: Any) -> Reply:
    """A request that holds a tenth of a cent for each token and costs that for each of `output`."""
    prompt = {"tag": "fair", "do": "answer", "input": 1, "cached": 0, "output": output, "batch": 1, "most": tokens, **order}
    return client.chat("m/large", json.dumps(prompt), max_tokens=tokens, timeout=60)


def timed(client: Client, tokens: int, **order: Any) -> tuple[int, float]:
    began = time.monotonic()
    return ask(client, tokens, **order).status, time.monotonic() - began


@pytest.mark.parametrize(("limit", "team"), [("{usd: 10, per: day}", "acme/b"), ("{usd: 10, per: day}", "acme/a"), ("{tokens: 10200, per: day}", "acme/b")])
def test_small_requests_pass_a_large_one_that_waits(
    new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], metered: MeteredProvider, limit: str, team: str
) -> None:
    gateway = own_gateway(new_site(POLICY.replace("URL", metered.url).replace("LIMIT", limit)))
    large, small = gateway.client(gateway.site.new_key("acme/a")), gateway.client(gateway.site.new_key(team))
    with ThreadPoolExecutor(2) as pool:
        holder = pool.submit(timed, large, 6000, pause=7)
        time.sleep(1)
        waiter = pool.submit(timed, large, 6000)
        time.sleep(0.5)
        for _ in range(20):
            status, seconds = timed(small, 1)
            assert status == 200 and seconds < 3, (status, seconds)
        assert not waiter.done(), "the large one waits for what the other holds"
        assert holder.result()[0] == 200
        status, seconds = waiter.result()
        assert status == 200 and 3 < seconds < 10, (status, seconds)


def test_a_large_request_is_not_starved_by_small_ones(
    new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], metered: MeteredProvider
) -> None:
    gateway = own_gateway(new_site(POLICY.replace("URL", metered.url).replace("LIMIT", "{usd: 10, per: day}")))
    large, small = gateway.client(gateway.site.new_key("acme/a")), gateway.client(gateway.site.new_key("acme/b"))
    stop = time.monotonic() + 6

    def hammer(_: int) -> list[int]:
        statuses = []
        while time.monotonic() < stop:
            statuses.append(ask(small, 900, pause=0.3).status)
        return statuses

    with ThreadPoolExecutor(20) as pool:
        hammers = [pool.submit(hammer, number) for number in range(16)]
        time.sleep(1)
        status, seconds = timed(large, 6000)
        assert status == 200 and seconds < 4.5, (status, seconds)
        statuses = [status for one in hammers for status in one.result()]
        assert set(statuses) == {200} and len(statuses) > 50
