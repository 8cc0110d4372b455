"""What a refusal says of the limits: the same numbers as an answer, true at that moment, beside when to come back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import openai

from support.gateway import Gateway
from support.http import Reply
from support.limits import budgets

NAMES = [f"x-ratelimit-{fact}-{kind}" for kind in ("requests", "tokens") for fact in ("limit", "remaining", "reset")]


def seconds(reset: str) -> float:
    """A time as OpenAI writes it: `1h2m3s`, `350ms`."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?|(\d+)ms", reset)
    assert found, reset
    hours, minutes, rest, milliseconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest + milliseconds / 1000


def away_from_the_minute(need: float = 10) -> None:
    if time.time() % 60 > 60 - need:
        time.sleep(61 - time.time() % 60)


def assert_same_moment(reply: Reply, reset: str) -> None:
    """`retry-after` and the reset of the limit that is in the way name one moment."""
    assert abs(int(reply.headers["retry-after-ms"]) / 1000 - seconds(reset)) <= 1.1
    assert int(reply.headers["retry-after"]) == -(-int(reply.headers["retry-after-ms"]) // 1000)


def test_a_rate_limit_that_is_used_up(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{requests: 2, per: minute}, {tokens: 100000, per: hour}]")
    away_from_the_minute()
    answers = [gateway.http.chat("s/echo", max_tokens=7) for _ in range(2)]
    refused = gateway.http.chat("s/echo", max_tokens=7)
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert all(name in reply.headers for name in NAMES for reply in [*answers, refused])
    assert [reply.headers["x-ratelimit-remaining-requests"] for reply in [*answers, refused]] == ["1", "0", "0"]
    assert refused.headers["x-ratelimit-limit-requests"] == "2" and refused.headers["x-ratelimit-limit-tokens"] == "100000"
    # Two answers of 18 tokens: the refused request has taken nothing.
    assert refused.headers["x-ratelimit-remaining-tokens"] == str(100000 - 2 * 18)
    assert seconds(refused.headers["x-ratelimit-reset-requests"]) <= 60 - time.time() % 60 + 1.1
    assert_same_moment(refused, refused.headers["x-ratelimit-reset-requests"])
    assert "x-purser-budget-left-usd" not in refused.headers


def test_of_several_limits_the_one_that_is_in_the_way_longest(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{requests: 1, per: minute}]", "timezone: UTC\n    limits: [{requests: 1, per: day}]")
    away_from_the_minute()
    assert gateway.http.chat("s/echo", max_tokens=7).status == 200
    refused = gateway.http.chat("s/echo", max_tokens=7)
    left_of_the_day = 86400 - time.time() % 86400
    assert abs(seconds(refused.headers["x-ratelimit-reset-requests"]) - left_of_the_day) < 3
    assert_same_moment(refused, refused.headers["x-ratelimit-reset-requests"])
    assert "per day" in refused.error["message"]


def test_tokens_that_are_left_and_not_enough(limited: Callable[..., Gateway]) -> None:
    """What is left is told, and of two limits the one without room for this request, whichever has less left."""
    gateway = limited("limits: [{tokens: 600, per: minute}]", "timezone: UTC\n    limits: [{tokens: 620, per: day}]")
    away_from_the_minute()
    assert gateway.http.chat("s/echo", max_tokens=7).status == 200
    refused = gateway.http.chat("s/echo", "x" * 590, max_tokens=7)
    assert refused.status == 429
    assert (refused.headers["x-ratelimit-limit-tokens"], refused.headers["x-ratelimit-remaining-tokens"]) == ("620", str(620 - 18))
    assert abs(seconds(refused.headers["x-ratelimit-reset-tokens"]) - (86400 - time.time() % 86400)) < 3
    # A smaller one still fits, and sees the tighter limit.
    answer = gateway.http.chat("s/echo", max_tokens=7)
    assert (answer.status, answer.headers["x-ratelimit-limit-tokens"]) == (200, "600")


def test_a_budget_that_is_spent(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{usd: 0.007, per: day}, {requests: 9, per: hour}]")
    assert gateway.http.chat("s/echo", max_tokens=7).status == 200
    for stream in (False, True):
        refused = gateway.http.chat("s/echo", max_tokens=7, stream=stream)
        assert (refused.status, refused.code) == (402, "budget_exceeded")
        assert refused.headers["x-purser-budget-left-usd"] == "0" and refused.headers["x-should-retry"] == "false"
        assert (refused.headers["x-ratelimit-limit-requests"], refused.headers["x-ratelimit-remaining-requests"]) == ("9", "8")
        assert "retry-after" not in refused.headers and "x-ratelimit-limit-tokens" not in refused.headers
    state = budgets(gateway)["acme/research", "usd"]
    assert Decimal(state["left"]) == Decimal(refused.headers["x-purser-budget-left-usd"])


def test_a_request_that_is_too_dear_for_itself(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{usd: 5, per: day}]")
    refused = gateway.http.chat("s/echo", max_tokens=700, headers={"x-purser-max-cost": "0.000001"})
    assert (refused.status, refused.code) == (402, "max_cost_exceeded")
    assert refused.headers["x-purser-budget-left-usd"] == "5"


def test_a_provider_s_rate_limit_is_not_ours(limited: Callable[..., Gateway]) -> None:
    gateway = limited("limits: [{requests: 9, per: day}]")
    reply = gateway.http.chat("s/status-429", max_tokens=7)
    assert reply.status == 429 and not [name for name in NAMES if name in reply.headers]


def test_without_limits_nothing_is_claimed(limited: Callable[..., Gateway]) -> None:
    gateway = limited()
    reply = gateway.http.chat("s/echo", max_tokens=700, headers={"x-purser-max-cost": "0.000001"})
    assert reply.status == 402 and not [name for name in [*NAMES, "x-purser-budget-left-usd"] if name in reply.headers]


def test_the_openai_sdk_comes_back_when_it_is_told_to(limited: Callable[..., Gateway]) -> None:
    """A concurrency limit says `retry-after: 1`; left to itself the SDK would come back after half a second."""
    gateway = limited("limits: [{concurrent: 1}, {requests: 50, per: day}]")
    seen: list[tuple[float, int, str | None]] = []

    def note(response: Any) -> None:
        seen.append((time.monotonic(), response.status_code, response.headers.get("x-ratelimit-remaining-requests")))

    transport = openai.DefaultHttpxClient(verify=gateway.site.trust(), event_hooks={"response": [note]})
    with ThreadPoolExecutor(1) as pool, openai.OpenAI(
        api_key=gateway.key, base_url=f"{gateway.url}/v1", max_retries=5, http_client=transport
    ) as client:
        busy = pool.submit(gateway.http.chat, "s/slow-plain", max_tokens=7)
        while int(budgets(gateway)["acme/research", "concurrent"]["held"]) == 0:
            time.sleep(0.05)
        answer = client.chat.completions.create(model="s/echo", messages=[{"role": "user", "content": "hi"}], max_tokens=7)
        assert answer.choices[0].message.content == "hi" and busy.result().status == 200
    refusals = [one for one in seen if one[1] == 429]
    assert refusals and seen[-1][1] == 200 and all(remaining == "49" for _, _, remaining in refusals)
    pauses = [after[0] - before[0] for before, after in zip(seen, seen[1:])]
    assert all(0.95 <= pause < 1.6 for pause in pauses), pauses
