"""Fallback, retries, hedging and circuit breakers: what the client gets, what the provider saw, what the ledger says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from support.gateway import Gateway, Site, free_port
from support.http import Client, Reply
from support.policies import PRICE
from support.scripted import ScriptedProvider

MODELS = """
models:
  a/echo: {{provider: steady, upstream_model: echo, price: {price}}}
  b/echo: {{provider: steady, upstream_model: echo, price: {price}}}
  slow/plain: {{provider: steady, upstream_model: slow-plain, price: {price}}}
  slow/stream: {{provider: steady, upstream_model: slow-first, price: {price}}}
  gone/echo: {{provider: gone, upstream_model: echo, price: {price}}}
  weak/status-500: {{provider: breaking, upstream_model: status-500, price: {price}}}
  "bad/*": {{provider: steady, upstream_model: "*", price: {price}}}
  "flaky/*": {{provider: persistent, upstream_model: "*", price: {price}}}
  limited/echo: {{provider: limited, upstream_model: status-429-30, price: {price}}}

  robust: {{fallback: [gone/echo, bad/status-500, {{use: a/echo, timeout: 5s}}]}}
  guarded: {{fallback: [weak/status-500, a/echo]}}
  hopeless: {{fallback: [gone/echo, bad/status-500, bad/html-200]}}
  refused: {{fallback: [bad/status-400, a/echo]}}
  patient: {{fallback: [{{use: slow/plain, timeout: 300ms}}, a/echo]}}
  hedged: {{fallback: [slow/plain, a/echo], hedge: {{after: 200ms}}}}
  hedged-calm: {{fallback: [a/echo, slow/plain], hedge: {{after: 1s}}}}
  hedged-bad: {{fallback: [bad/status-500, slow/plain], hedge: {{after: 10s}}}}
  hedged-stream: {{fallback: [slow/stream, a/echo], hedge: {{after: 200ms}}}}
  streamed: {{fallback: [bad/error-first-in-stream, bad/html-200, a/echo]}}
  too-late: {{fallback: [bad/cut-stream, a/echo]}}
"""

PROVIDERS = """
providers:
  steady: {{kind: openai, base_url: {url}, breaker: off, retry: {{attempts: 1}}, timeouts: {{connect: 2s, first_byte: 20s, idle: 20s, total: 60s}}}}
  persistent: {{kind: openai, base_url: {url}, breaker: off, retry: {{attempts: 3, backoff: 10ms}}}}
  breaking: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}}}
  limited: {{kind: openai, base_url: {url}}}
  gone: {{kind: openai, base_url: {gone}, breaker: off, retry: {{attempts: 1}}}}
"""

TEAMS = "organizations: {acme: {teams: {research: {}}}}\n"


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory, provider: ScriptedProvider) -> Iterator[Gateway]:
    text = PROVIDERS.format(url=provider.url, gone=f"http://127.0.0.1:{free_port()}/v1") + MODELS.format(price=PRICE) + TEAMS
    running = Gateway(Site(tmp_path_factory.mktemp("fallback") / "site", text))
    yield running
    running.stop()


@pytest.fixture
def chat(routed: Gateway) -> Callable[..., Reply]:
    return routed.http.chat


def attempts(reply: Reply) -> list[tuple[str, str, str]]:
    return [(one["model"], one["role"], one["status"]) for one in reply.json()["purser"]["attempts"]]


EXPLAIN = {"x-purser-explain": "true"}


def test_the_next_answers(routed: Gateway, chat: Callable[..., Reply]) -> None:
    reply = chat("robust", "who is there", headers=EXPLAIN)
    assert (reply.status, reply.text) == (200, "who is there")
    assert reply.headers["x-purser-model"] == "a/echo"
    assert reply.headers["x-purser-route"] == "robust"
    assert reply.headers["x-purser-attempts"] == "3"
    assert attempts(reply) == [("gone/echo", "primary", "error"), ("bad/status-500", "fallback", "error"), ("a/echo", "fallback", "ok")]
    explained = reply.json()["purser"]
    assert explained["requested"] in ("robust", ["robust"]) and explained["route"] == "robust"
    assert explained["request_id"] == reply.request_id
    assert Decimal(reply.headers["x-purser-cost-usd"]) == explained["cost_usd"] > 0


def test_every_attempt_has_its_record(routed: Gateway, chat: Callable[..., Reply]) -> None:
    reply = chat("robust")
    records = routed.site.records(request_id=reply.request_id)
    assert [(r["model"], r["role"], r["status"], r["route"]) for r in records] == [
        ("gone/echo", "primary", "error", "robust"),
        ("bad/status-500", "fallback", "error", "robust"),
        ("a/echo", "fallback", "ok", "robust"),
    ]
    assert len({r["call_id"] for r in records}) == 3
    assert [Decimal(r["cost_usd"]) > 0 for r in records] == [False, False, True]


def test_the_last_failure_is_told_with_every_try(chat: Callable[..., Reply]) -> None:
    reply = chat("hopeless", headers=EXPLAIN)
    assert (reply.status, reply.code) == (502, "upstream_error")
    tried = [(one["model"], one["status"]) for one in reply.error["attempts"]]
    assert tried == [("gone/echo", "error"), ("bad/status-500", "error"), ("bad/html-200", "error")]
    assert reply.json()["purser"]["route"] == "hopeless"


def test_a_request_that_is_wrong_everywhere_is_not_tried_elsewhere(chat: Callable[..., Reply]) -> None:
    reply = chat("refused")
    assert (reply.status, reply.error["param"]) == (400, "max_tokens")


def test_a_target_may_have_a_timeout_of_its_own(chat: Callable[..., Reply]) -> None:
    reply = chat("patient", headers=EXPLAIN)
    assert reply.status == 200
    assert attempts(reply) == [("slow/plain", "primary", "timeout"), ("a/echo", "fallback", "ok")]


def test_the_clients_own_time_covers_all_attempts(chat: Callable[..., Reply]) -> None:
    reply = chat("patient", headers={"x-purser-timeout": "100ms", **EXPLAIN})
    assert (reply.status, reply.code) == (504, "upstream_timeout")


@pytest.mark.parametrize(
    "fields", [{"model": ["gone/echo", "a/echo"]}, {"model": "gone/echo", "models": ["b/echo"]}, {"model": [{"model": "gone/echo"}, {"model": "a/echo"}]}]
)
def test_the_request_may_bring_its_own_order(routed: Gateway, fields: dict) -> None:
    body = {"messages": [{"role": "user", "content": "mine"}], **fields}
    reply = routed.http.send("POST", "/v1/chat/completions", body, EXPLAIN)
    assert (reply.status, reply.text) == (200, "mine")
    assert [status for _, _, status in attempts(reply)] == ["error", "ok"]


def test_settings_hold_for_one_model_only(routed: Gateway, provider: ScriptedProvider) -> None:
    provider.forget()
    models = [{"model": "bad/status-500", "settings": {"temperature": 0.25}}, {"model": "a/echo", "settings": {"max_tokens": 3, "stop": ["x"]}}]
    body = {"model": models, "messages": [{"role": "user", "content": "mine"}], "temperature": 1}
    assert routed.http.send("POST", "/v1/chat/completions", body).status == 200
    first, second = provider.last("status-500").body, provider.last("echo").body
    assert (first["temperature"], "max_tokens" in first) == (0.25, False)
    assert (second["temperature"], second["max_tokens"], second["stop"]) == (1, 3, ["x"])


# --- Streams


def test_a_stream_falls_back_until_its_first_event(chat: Callable[..., Reply]) -> None:
    reply = chat("streamed", "flow", stream=True, headers=EXPLAIN)
    assert (reply.status, reply.text) == (200, "flow")
    assert reply.events()[-1] == ("message", "[DONE]")
    purser = reply.chunks()[-1]["purser"]
    assert [(one["model"], one["status"]) for one in purser["attempts"]] == [("bad/error-first-in-stream", "error"), ("bad/html-200", "error"), ("a/echo", "ok")]
    assert reply.headers["x-purser-attempts"] == "3"


def test_after_the_first_event_a_fault_is_told(routed: Gateway, chat: Callable[..., Reply]) -> None:
    reply = chat("too-late", stream=True, headers=EXPLAIN)
    name, data = reply.events()[-1]
    assert reply.status == 200 and name == "error" and '"attempts"' in data and '"purser"' in data
    assert [r["status"] for r in routed.site.records(request_id=reply.request_id)] == ["cut"]


# --- Retries


def test_one_target_is_tried_again(routed: Gateway, provider: ScriptedProvider) -> None:
    provider.forget()
    reply = routed.http.chat("flaky/status-500", headers=EXPLAIN)
    assert (reply.status, reply.code) == (502, "upstream_error")
    assert [(role, status) for _, role, status in attempts(reply)] == [("primary", "error"), ("retry", "error"), ("retry", "error")]
    assert len(provider.calls) == 3


def test_what_cannot_help_is_not_tried_again(routed: Gateway, provider: ScriptedProvider) -> None:
    provider.forget()
    assert routed.http.chat("flaky/status-401").status == 502
    assert routed.http.chat("flaky/status-400").status == 400
    assert len(provider.calls) == 2


# --- Hedging


def test_the_faster_wins_and_the_loser_is_billed(routed: Gateway, provider: ScriptedProvider, chat: Callable[..., Reply]) -> None:
    reply = chat("hedged", "quick", headers=EXPLAIN)
    assert (reply.status, reply.text) == (200, "quick")
    assert attempts(reply) == [("slow/plain", "primary", "canceled"), ("a/echo", "hedge", "ok")]
    loser, winner = routed.site.records(request_id=reply.request_id)
    assert (loser["status"], loser["error_code"], loser["estimated"]) == ("canceled", "lost_race", True)
    assert Decimal(loser["cost_usd"]) > 0 and winner["status"] == "ok"
    assert provider.last("slow-plain").gone.wait(2), "the loser was not cancelled"


def test_no_hedge_when_the_first_is_fast(chat: Callable[..., Reply], provider: ScriptedProvider) -> None:
    provider.forget()
    reply = chat("hedged-calm", headers=EXPLAIN)
    assert attempts(reply) == [("a/echo", "primary", "ok")]
    assert not [call for call in provider.calls if call.model == "slow-plain"]


def test_an_error_never_wins_a_race(chat: Callable[..., Reply]) -> None:
    reply = chat("hedged-bad", headers=EXPLAIN)
    assert reply.status == 200
    assert attempts(reply) == [("bad/status-500", "primary", "error"), ("slow/plain", "fallback", "ok")]


def test_a_streams_first_event_decides(chat: Callable[..., Reply], routed: Gateway) -> None:
    reply = chat("hedged-stream", "swift", stream=True, headers=EXPLAIN)
    assert (reply.status, reply.text, reply.headers["x-purser-model"]) == (200, "swift", "a/echo")
    assert [r["status"] for r in routed.site.records(request_id=reply.request_id)] == ["canceled", "ok"]


def test_a_client_that_leaves_ends_every_leg(routed: Gateway, provider: ScriptedProvider) -> None:
    provider.forget()
    connection = routed.http.connect()
    body = b'{"model":"hedged-stream","stream":true,"messages":[{"role":"user","content":"bye"}]}'
    connection.request("POST", "/v1/chat/completions", body, routed.http.headers())
    assert provider.last("slow-first")
    connection.sock.close()
    assert provider.last("slow-first").gone.wait(3)


# --- Health


def test_a_target_that_keeps_failing_is_left_alone(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider) -> None:
    text = PROVIDERS.format(url=provider.url, gone=f"http://127.0.0.1:{free_port()}/v1") + MODELS.format(price=PRICE) + TEAMS
    gateway = own_gateway(new_site(text), PURSER_LOOPS="1")
    for _ in range(5):
        assert gateway.http.chat("weak/status-500").status == 502
    provider.forget()
    reply = gateway.http.chat("weak/status-500", headers=EXPLAIN)
    assert (reply.status, reply.code) == (503, "no_healthy_upstream")
    assert 1 <= int(reply.headers["retry-after"]) <= 30
    assert not provider.calls
    reply = gateway.http.chat("guarded", headers=EXPLAIN)
    assert reply.status == 200 and attempts(reply) == [("a/echo", "primary", "ok")]
    excluded = {one["model"]: one.get("excluded_because") for one in reply.json()["purser"]["candidates"]}
    assert excluded["weak/status-500"] and not excluded["a/echo"]


def test_a_target_that_asks_for_time_gets_it(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider) -> None:
    text = PROVIDERS.format(url=provider.url, gone=f"http://127.0.0.1:{free_port()}/v1") + MODELS.format(price=PRICE) + TEAMS
    gateway = own_gateway(new_site(text))
    assert gateway.http.chat("limited/echo").status == 429
    provider.forget()
    reply = gateway.http.chat("limited/echo")
    assert (reply.status, reply.code) == (429, "rate_limit_exceeded")
    assert 1 <= int(reply.headers["retry-after"]) <= 30
    assert not provider.calls


def test_killing_a_provider_under_load_loses_nothing(own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider) -> None:
    """A real second provider dies in the middle of a load run; every request that had not begun its answer is answered by the other."""
    doomed = ScriptedProvider()
    text = PROVIDERS.format(url=provider.url, gone=doomed.url) + MODELS.format(price=PRICE) + TEAMS
    gateway = own_gateway(new_site(text + ""))
    replies: list[Reply] = []
    stop = threading.Event()

    def client(number: int) -> None:
        index = 0
        while not stop.is_set():
            body = {"model": ["gone/echo", "a/echo"], "messages": [{"role": "user", "content": f"{number}-{index}"}], "stream": index % 2 == 1}
            reply = gateway.http.send("POST", "/v1/chat/completions", body, EXPLAIN)
            reply.expected = f"{number}-{index}"  # type: ignore[attr-defined]
            replies.append(reply)
            index += 1

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for one in clients:
        one.start()
    time.sleep(1)
    doomed.stop()
    time.sleep(1.5)
    stop.set()
    for one in clients:
        one.join(20)
    assert len(replies) > 40
    by_model: dict[str, int] = {}
    for reply in replies:
        if reply.status == 200 and not any(name == "error" for name, _ in reply.events() if reply.headers["content-type"].startswith("text/event-stream")):
            assert reply.text == reply.expected  # type: ignore[attr-defined]
            by_model[reply.headers["x-purser-model"]] = by_model.get(reply.headers["x-purser-model"], 0) + 1
        else:
            # Only a stream whose first event had been sent may break, and it says so.
            assert reply.status == 200 and reply.events()[-1][0] == "error", reply
    assert by_model.keys() == {"gone/echo", "a/echo"}
    assert len(replies) - sum(by_model.values()) <= 8
