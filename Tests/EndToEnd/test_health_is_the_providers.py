"""Breakers, cooldowns and retry budgets move by what a provider did by itself, and by nothing that one client can cause."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from support.answers import chunk
from support.gateway import Gateway, Site
from support.http import Client, Reply, chat_body
from support.moody import MoodyProvider, says, streams_error, takes
from support.scripted import Call, Wire

POLICY = """
providers:
  p: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: {{cooldown: 1s}}}}
  quick: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, timeouts: {{connect: 200ms, first_byte: 200ms, total: 1s}}, breaker: {{consecutive_failures: 2, cooldown: 5s}}}}
  again: {{kind: openai, base_url: {url}, retry: {{attempts: 5, backoff: 1ms}}, timeouts: {{connect: 100ms, first_byte: 200ms, total: 800ms}}, breaker: off}}
  free: {{kind: openai, base_url: {url}, retry: {{attempts: 3, backoff: 1ms}}, breaker: off}}
models:
  m: {{provider: p, price: {{input: 1, output: 1}}}}
  q: {{provider: quick, price: {{input: 1, output: 1}}}}
  r: {{provider: again, price: {{input: 1, output: 1}}}}
  f: {{provider: free, price: {{input: 1, output: 1}}}}
  hurried: {{fallback: [{{use: m, timeout: 20ms}}]}}
  hurried-free: {{fallback: [{{use: f, timeout: 20ms}}]}}
organizations:
  acme: {{teams: {{research: {{}}}}}}
  other: {{teams: {{work: {{}}}}}}
"""


@pytest.fixture
def moody() -> Iterator[MoodyProvider]:
    running = MoodyProvider()
    yield running
    running.stop()


@pytest.fixture
def clients(tmp_path: Path, moody: MoodyProvider) -> Iterator[tuple[Client, Client]]:
    """Clients of two organizations, in front of the same targets."""
    gateway = Gateway(Site(tmp_path / "site", POLICY.format(url=moody.url)))
    yield gateway.http, gateway.client(gateway.site.new_key("other/work"))
    gateway.stop()


def impatient(client: Client, model: str = "m", prompt: str = "slow", timeout: str = "5ms") -> Reply:
    return client.chat(model, prompt, headers={"x-purser-timeout": timeout})


def test_clients_deadlines_open_no_breaker(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    a, b = clients
    moody.moods["slow"] = takes(0.5)
    assert {impatient(a).status for _ in range(12)} == {504}
    for _ in range(3):
        assert b.chat("m").status == 200


def test_a_places_timeout_opens_no_breaker(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    a, b = clients
    moody.moods["slow"] = takes(0.5)
    assert {a.chat("hurried", "slow").status for _ in range(8)} == {504}
    assert b.chat("m").status == 200


def test_a_places_timeout_covers_retries_and_takes_none(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    a, _ = clients
    moody.moods["slow"] = takes(0.5)
    for _ in range(6):
        assert a.chat("hurried-free", "slow").status == 504
    assert moody.count("slow") == 6, "an attempt that a place's timeout ended was made again"


def test_impatience_leaves_the_retry_budget_to_others(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    a, b = clients
    moody.moods["slow"] = takes(0.5)
    seen: dict[str, int] = {}

    async def every_second(call, wire) -> None:
        seen["n"] = seen.get("n", 0) + 1
        await (says(500, {"error": {"message": "no"}}) if seen["n"] % 2 else takes(0))(call, wire)

    moody.moods["flaky"] = every_second
    stop = threading.Event()

    def hurry() -> None:
        while not stop.is_set():
            a.chat("hurried-free", "slow")

    threads = [threading.Thread(target=hurry) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            assert b.chat("f", "flaky").status == 200
            time.sleep(0.05)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_the_providers_own_slowness_opens_the_breaker(clients: tuple[Client, Client]) -> None:
    a, b = clients
    assert [a.chat("q", "silent").status for _ in range(2)] == [504, 504]
    refused = b.chat("q")
    assert (refused.status, refused.code) == (503, "no_healthy_upstream")


def test_after_an_outage_impatient_calls_do_not_keep_others_from_probing(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    a, b = clients
    moody.moods["bad"] = says(500, {"error": {"message": "no"}})
    moody.moods["slow"] = takes(2)
    assert [a.chat("m", "bad").status for _ in range(5)] == [502] * 5
    assert b.chat("m").status == 503
    stop = threading.Event()

    def hurry() -> None:
        while not stop.is_set():
            impatient(a, timeout="200ms")

    threads = [threading.Thread(target=hurry) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1.5)
        assert b.chat("m").status == 200
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_an_inconclusive_probe_frees_its_place(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    a, _ = clients
    moody.moods["bad"] = says(500, {"error": {"message": "no"}})
    moody.moods["slow"] = takes(2)
    assert [a.chat("m", "bad").status for _ in range(5)] == [502] * 5
    time.sleep(1.1)
    assert impatient(a).status == 504
    assert a.chat("m", "status-400").status == 400
    assert a.chat("m").status == 200


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_refusals_of_requests_open_no_breaker_and_hide_no_failures(clients: tuple[Client, Client], moody: MoodyProvider, status: int) -> None:
    a, b = clients
    moody.moods["wrong"] = says(status, {"error": {"message": "no", "type": "invalid_request_error", "code": "bad"}})
    moody.moods["bad"] = says(500, {"error": {"message": "no"}})
    assert {a.chat("m", "wrong").status for _ in range(8)} == {status}
    assert b.chat("m").status == 200
    for _ in range(5):
        assert b.chat("m", "bad").status == 502
        a.chat("m", "wrong")
    assert b.chat("m").status == 503, "refusals between failures made the breaker forget them"


OVERSIZED = [
    ("Request too large for gpt-4o in organization org-abc123 on tokens per min (TPM): Limit 30000, Requested 41234.", ()),
    ("Rate limit reached for gpt-4 on tokens per min (TPM): Limit 10000, Used 0, Requested 12000. Please try again in 12s.", ("Retry-After: 12",)),
    ("Extra usage is required for long context requests.", ()),
]


@pytest.mark.parametrize("message, headers", OVERSIZED)
def test_a_429_for_one_requests_size_cools_nobody(clients: tuple[Client, Client], moody: MoodyProvider, message: str, headers: tuple[str, ...]) -> None:
    a, b = clients
    moody.moods["huge"] = says(429, {"error": {"message": message, "type": "tokens", "code": "rate_limit_exceeded"}}, *headers)
    for _ in range(3):
        refused = a.chat("m", "huge")
        assert (refused.status, refused.code, refused.headers["x-should-retry"]) == (429, "rate_limit_exceeded", "false")
        assert "org-abc123" not in refused.body.decode()
        assert b.chat("m").status == 200


def test_a_429_without_a_time_cools_for_a_second(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    a, b = clients
    moody.moods["busy"] = says(429, {"error": {"message": "Rate limit reached for requests"}})
    assert a.chat("m", "busy").status == 429
    limited = b.chat("m")
    assert limited.status == 429 and int(limited.headers["retry-after-ms"]) <= 1_000
    time.sleep(1.1)
    assert b.chat("m").status == 200


@pytest.mark.parametrize(
    "header, low, high",
    [
        (lambda: "Retry-After: 20", 20_000, 20_000),
        (lambda: "Retry-After: 2.5", 2_500, 2_500),
        (lambda: "retry-after-ms: 1500", 1_500, 1_500),
        (lambda: f"Retry-After: {formatdate(time.time() + 30, usegmt=True)}", 20_000, 30_000),
        (lambda: "Retry-After: Tue, 01 Dec 2026 00:00:40 GMT\r\nDate: Tue, 01 Dec 2026 00:00:00 GMT", 40_000, 40_000),
        (lambda: "Retry-After: 9999999", 3_600_000, 3_600_000),
        (lambda: "Retry-After: soon", 1_000, 1_000),
    ],
)
def test_a_providers_time_is_read_in_all_its_forms(
    clients: tuple[Client, Client], moody: MoodyProvider, header: Callable[[], str], low: int, high: int
) -> None:
    moody.moods["busy"] = lambda call, wire: says(429, {"error": {"message": "slow down"}}, header())(call, wire)
    refused = clients[0].chat("m", "busy")
    assert refused.status == 429 and low <= int(refused.headers["retry-after-ms"]) <= high


MISTAKES = [
    {"message": "This model's maximum context length is 8192 tokens.", "type": "invalid_request_error", "code": "context_length_exceeded"},
    {"message": "litellm.BadRequestError: no such parameter", "type": None, "code": "400"},
    {"message": "wrong", "type": "BadRequestError", "code": None},
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("error", MISTAKES)
def test_a_clients_mistake_inside_a_200_is_its_400(clients: tuple[Client, Client], moody: MoodyProvider, error: dict, stream: bool) -> None:
    a, b = clients
    moody.moods["wrong"] = streams_error(error)
    for _ in range(6):
        refused = a.chat("m", "wrong", stream=stream)
        assert refused.status == 400 and error["message"] in refused.body.decode()
    assert b.chat("m").status == 200


def test_moderated_input_is_no_fault_of_the_provider(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    a, b = clients
    error = {"code": 403, "message": "Your input was flagged", "metadata": {"reasons": ["violence"], "flagged_input": "…", "provider_name": "x"}}
    moody.moods["rude"] = says(403, {"error": error})
    for _ in range(6):
        refused = a.chat("m", "rude")
        assert refused.status == 403 and "flagged" in refused.body.decode()
    assert b.chat("m").status == 200


def test_a_client_that_does_not_read_is_no_fault_of_the_provider(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    a, b = clients

    async def generous(call: Call, wire: Wire) -> None:
        await wire.begin_stream()
        for _ in range(400):
            await wire.event(chunk(call, {"content": "x" * 40_000}))
        await wire.event("[DONE]")
        await wire.end_stream()

    moody.moods["generous"] = generous
    open_streams = []
    for _ in range(4):
        connection = a.connect()
        connection.connect()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        body = json.dumps(chat_body("q", "generous", stream=True)).encode()
        connection.request("POST", "/v1/chat/completions", body, a.headers())
        open_streams.append(connection)
    time.sleep(2)
    assert b.chat("q").status == 200
    for connection in open_streams:
        connection.close()
    time.sleep(0.3)
    assert b.chat("q").status == 200


def test_total_covers_all_attempts_at_one_target(clients: tuple[Client, Client], moody: MoodyProvider) -> None:
    started = time.monotonic()
    reply = clients[0].chat("r", "silent")
    took = time.monotonic() - started
    assert reply.status == 504 and took < 2.5, took
    assert 2 <= moody.count("silent") <= 3
