"""`Idempotency-Key`: a retry joins the request that runs or gets its answer, and is never paid for twice."""

from __future__ import annotations

import itertools
import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import dedalus_labs
import httpx
import openai
import pytest

from support.gateway import Gateway
from support.http import Reply, read
from support.limits import budgets
from support.scripted import Call, ScriptedProvider

numbers = itertools.count()


def key(value: str | None = None) -> dict[str, str]:
    """A header with a key of its own."""
    return {"Idempotency-Key": value or f"test-{next(numbers)}-{time.time_ns()}"}


@pytest.fixture
def calls(provider: ScriptedProvider) -> Callable[[str], list[Call]]:
    """What has reached the provider for an upstream model since the test began."""
    provider.forget()
    return lambda model: [call for call in list(provider.calls) if call.model == model]


@pytest.fixture
def site_of_two_loops(limited: Callable[..., Gateway]) -> Iterator[Gateway]:
    yield limited("limits: [{usd: 5, per: month}]", PURSER_LOOPS="2")


def ask(gateway: Gateway, model: str, headers: dict[str, str], prompt: str = "hello", **fields: Any) -> Reply:
    return gateway.http.chat(model, prompt, headers=headers, max_tokens=7, **fields)


def assert_paid_once(gateway: Gateway) -> None:
    """One record, and no hold is left."""
    (record,) = gateway.site.records()
    assert record["status"] == "ok" and Decimal(record["cost_usd"]) == Decimal("0.007")
    state = budgets(gateway)["acme/research", "usd"]
    assert (Decimal(state["spent"]), Decimal(state["held"])) == (Decimal("0.007"), 0)


def assert_same(first: Reply, other: Reply) -> None:
    assert (first.status, other.status) == (200, 200) and first.complete and other.complete
    assert first.body == other.body and "idempotency-replayed" not in first.headers and other.headers["idempotency-replayed"] == "true"
    for name in ("x-request-id", "x-purser-model", "x-purser-cost-usd", "content-type"):
        assert first.headers[name] == other.headers[name]


# --- While it runs


def test_many_join_a_plain_request(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]]) -> None:
    """Eight at once, on whichever loop: one call, one record, one answer."""
    same = key()
    with ThreadPoolExecutor(8) as pool:
        replies = [one.result() for one in [pool.submit(ask, site_of_two_loops, "s/slow-plain", same) for _ in range(8)]]
    first = [reply for reply in replies if "idempotency-replayed" not in reply.headers]
    assert len(first) == 1 and first[0].headers["x-purser-cost-usd"] == "0.007"
    for reply in replies:
        if reply is not first[0]:
            assert_same(first[0], reply)
    assert len(calls("slow-plain")) == 1
    assert_paid_once(site_of_two_loops)


def test_a_stream_is_joined_from_its_first_event(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]]) -> None:
    same = key()
    connection, response = site_of_two_loops.http.open_stream("s/slow-stream", headers=same, max_tokens=100)
    assert b"data:" in response.read1(10)
    opened = []
    for _ in range(4):
        time.sleep(0.3)
        opened.append(site_of_two_loops.http.open_stream("s/slow-stream", headers=same, max_tokens=100))
    first, *others = [read(one) for _, one in [(connection, response), *opened]]
    for one, _ in [(connection, response), *opened]:
        one.close()
    assert all(other.body.endswith(first.body) and other.complete and other.body.endswith(b"data: [DONE]\n\n") for other in others)
    assert len({other.body for other in others}) == 1 and others[0].text == "0123456789" * 20
    assert all(other.headers["idempotency-replayed"] == "true" for other in others)
    assert len(calls("slow-stream")) == 1
    assert_paid_once(site_of_two_loops)


@pytest.mark.parametrize("model", ["slow-plain", "slow-stream", "slow-first"])
def test_the_first_client_leaves_and_its_retry_joins(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]], provider: ScriptedProvider, model: str) -> None:
    same, stream = key(), model != "slow-plain"
    connection = site_of_two_loops.http.connect()
    body = b'{"model":"s/%s","max_tokens":100,"stream":%s,"messages":[{"role":"user","content":"hello"}]}' % (model.encode(), b"true" if stream else b"false")
    connection.request("POST", "/v1/chat/completions", body, site_of_two_loops.http.headers(same))
    provider.last(model)
    time.sleep(0.3)
    connection.close()
    time.sleep(0.5)
    reply = site_of_two_loops.http.send("POST", "/v1/chat/completions", body, same)
    assert reply.status == 200 and reply.complete and reply.headers["idempotency-replayed"] == "true"
    assert reply.text == {"slow-plain": "at last", "slow-stream": "0123456789" * 20, "slow-first": "late"}[model]
    (call,) = calls(model)
    assert not call.gone.is_set()
    assert len(site_of_two_loops.site.records()) == 1
    assert site_of_two_loops.site.record(reply)["status"] == "ok"


def test_without_a_key_who_leaves_cancels(site_of_two_loops: Gateway, provider: ScriptedProvider) -> None:
    provider.forget()
    connection, _ = site_of_two_loops.http.open_stream("s/slow-stream", max_tokens=7)
    connection.close()
    assert provider.last("slow-stream").gone.wait(5)


def test_nobody_comes_back(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]]) -> None:
    """It is finished and recorded as any other, and a later retry has its answer."""
    same = key()
    connection, _ = site_of_two_loops.http.open_stream("s/slow-stream", headers=same, max_tokens=100)
    connection.close()
    deadline = time.monotonic() + 60
    while not site_of_two_loops.site.records() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert_paid_once(site_of_two_loops)
    reply = site_of_two_loops.http.chat("s/slow-stream", headers=same, stream=True, max_tokens=100)
    assert reply.text == "0123456789" * 20 and len(calls("slow-stream")) == 1


def test_whatever_clients_do_each_key_is_paid_once(site_of_two_loops: Gateway, provider: ScriptedProvider) -> None:
    """Forty keys, five clients each, at random moments, many of whom leave at once or in the middle."""
    provider.forget()
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    headers = [key() for _ in range(40)]
    work = [(number, dice.random() * 3, client > 0 and dice.random() < 0.5) for number in range(len(headers)) for client in range(5)]
    dice.shuffle(work)

    def one(job: tuple[int, float, bool]) -> tuple[int, Reply | None]:
        number, delay, leaves = job
        time.sleep(delay)
        model = ["s/slow-stream", "s/slow-plain", "s/echo"][number % 3]
        connection = site_of_two_loops.http.connect()
        body = {"model": model, "stream": number % 3 == 0, "max_tokens": 100, "messages": [{"role": "user", "content": f"prompt {number}"}]}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), site_of_two_loops.http.headers(headers[number]))
        if leaves:
            time.sleep(delay / 6)
            return number, connection.close()
        reply = read(connection.getresponse())
        connection.close()
        return number, reply

    with ThreadPoolExecutor(50) as pool:
        replies = [(number, reply) for number, reply in pool.map(one, work) if reply is not None]
    deadline = time.monotonic() + 60
    while Decimal(budgets(site_of_two_loops)["acme/research", "usd"]["held"]) != 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    for number in range(len(headers)):
        mine = [reply for other, reply in replies if other == number]
        assert all(reply.status == 200 and reply.complete for reply in mine), f"seed {seed}: {mine}"
        assert len({(reply.body, reply.request_id) for reply in mine}) <= 1, f"seed {seed}: {mine}"
        assert sum("idempotency-replayed" not in reply.headers for reply in mine) <= 1, f"seed {seed}"
    sent = {number for number, *_ in work}
    assert len(provider.calls) == len(sent) == len(site_of_two_loops.site.records(status="ok")), f"seed {seed}"
    assert len(site_of_two_loops.site.records()) == len(sent), f"seed {seed}"


# --- Afterwards


@pytest.mark.parametrize("stream", [False, True])
def test_a_finished_answer_is_given_again(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]], stream: bool) -> None:
    same = key('"8e03978e-40d5-43dd-bc93-6894a57f9324"')
    first = ask(site_of_two_loops, "s/echo", same, stream=stream)
    for _ in range(3):
        assert_same(first, ask(site_of_two_loops, "s/echo", same, stream=stream))
    assert len(calls("echo")) == 1
    assert_paid_once(site_of_two_loops)


def test_another_client_s_key_is_another_key(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]]) -> None:
    gateway, same = site_of_two_loops, key()
    other = gateway.client(gateway.site.new_key())
    first = ask(gateway, "s/echo", same, "mine")
    assert first.text == "mine"
    # Neither the same body nor another one shows anything of it.
    for prompt in ("mine", "yours"):
        reply = other.chat("s/echo", prompt, headers=same if prompt == "mine" else key(), max_tokens=7)
        assert reply.text == prompt and "idempotency-replayed" not in reply.headers
    assert other.chat("s/echo", "else", headers=same, max_tokens=7).status == 422
    assert len(calls("echo")) == 3


def test_a_key_belongs_to_one_request(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]]) -> None:
    gateway, same = site_of_two_loops, key()
    assert ask(gateway, "s/echo", same).status == 200
    for headers, prompt in [(same, "other"), ({**same, "x-purser-explain": "true"}, "hello"), ({**same, "x-purser-max-cost": "1"}, "hello")]:
        reply = ask(gateway, "s/echo", headers, prompt)
        assert (reply.status, reply.code, reply.error["param"]) == (422, "idempotency_key_reused", "Idempotency-Key")
    # What is not part of the request does not matter.
    assert ask(gateway, "s/echo", {**same, "x-stainless-retry-count": "1", "x-request-id": "again"}).headers["idempotency-replayed"] == "true"
    assert len(calls("echo")) == 1


@pytest.mark.parametrize("value", ["", "x" * 256, "with space", "naïve", "tab\tbed"])
def test_what_is_no_key(gateway: Gateway, value: str) -> None:
    reply = gateway.http.chat("scripted/echo", headers={"Idempotency-Key": value.encode().decode("latin-1")})
    assert (reply.status, reply.code, reply.error["param"]) == (400, "invalid_request_error", "Idempotency-Key")


def test_the_longest_key(gateway: Gateway) -> None:
    assert gateway.http.chat("scripted/echo", headers=key("~" * 255)).status == 200


# --- What is not kept


def test_what_was_refused_runs_afresh(limited: Callable[..., Gateway]) -> None:
    poor, same = limited("limits: [{usd: 0, per: month}]"), key()
    for _ in range(2):
        refused = poor.http.chat("s/echo", headers=same, max_tokens=7)
        assert (refused.status, refused.code) == (402, "budget_exceeded")
        assert refused.headers["x-purser-budget-left-usd"] == "0" and "idempotency-replayed" not in refused.headers
    poor.site.policy_file.write_text(poor.site.policy_file.read_text().replace("usd: 0,", "usd: 1,"))
    deadline = time.monotonic() + 60
    while (reply := poor.http.chat("s/echo", headers=same, max_tokens=7)).status == 402 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert reply.status == 200 and "idempotency-replayed" not in reply.headers
    assert_paid_once(poor)


@pytest.mark.parametrize("model", ["status-500", "status-400", "cut-stream"])
def test_what_failed_runs_afresh(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]], model: str) -> None:
    """Clients retry after 5xx by themselves, with the same key: a failure that is repeated from memory would never heal."""
    same, stream = key(), model == "cut-stream"
    replies = [ask(site_of_two_loops, f"s/{model}", same, stream=stream) for _ in range(2)]
    assert replies[0].status == replies[1].status == {"status-500": 502, "status-400": 400, "cut-stream": 200}[model]
    assert not any("idempotency-replayed" in reply.headers for reply in replies) and len(calls(model)) == 2
    assert not stream or replies[1].events()[-1][0] == "error"


def test_bad_requests_are_not_kept(gateway: Gateway) -> None:
    same = key()
    bad = gateway.http.send("POST", "/v1/chat/completions", b'{"model": 7}', headers=same)
    assert bad.status == 400
    assert gateway.http.chat("scripted/echo", headers=same).status == 200


def test_an_answer_that_is_too_large(own_gateway: Callable[..., Gateway], calls: Callable[[str], list[Call]]) -> None:
    """It is given whole, once. A retry is told so, and is not charged; a joiner that does not read holds nobody up."""
    gateway, same = own_gateway(), key()
    before = gateway.resident_bytes()
    connection, response = gateway.http.open_stream("scripted/big-stream", headers=same, timeout=60)
    late, unread = gateway.http.open_stream("scripted/big-stream", headers=same, timeout=60)
    began = time.monotonic()
    first = read(response)
    connection.close()
    assert first.complete and first.body.endswith(b"data: [DONE]\n\n") and len(first.body) > 32 << 20
    assert time.monotonic() - began < 15
    retry = gateway.http.chat("scripted/big-stream", headers=same, stream=True)
    assert (retry.status, retry.code, retry.headers["x-should-retry"]) == (409, "idempotency_answer_not_kept", "false")
    # In whole events, up to the one that says why there are no more.
    slow = read(unread)
    assert len(slow.chunks()) > 1 and all(part["choices"] for part in slow.chunks())
    late.close()
    assert slow.events()[-1][0] == "error" and "idempotency_answer_not_kept" in slow.events()[-1][1]
    assert len(calls("big-stream")) == 1 and len(gateway.site.records()) == 1
    assert gateway.resident_bytes() - before < 60 << 20


def test_a_large_answer_that_nobody_waits_for_is_cancelled(own_gateway: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    """Nobody could ever have it; a retry does not pay again without knowing."""
    gateway, same = own_gateway(), key()
    provider.forget()
    connection, _ = gateway.http.open_stream("scripted/flood", headers=same)
    connection.close()
    assert provider.last("flood").gone.wait(10)
    deadline = time.monotonic() + 60
    while not (records := gateway.site.records()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [record["status"] for record in records] == ["canceled"]
    assert gateway.http.chat("scripted/flood", headers=same, stream=True).code == "idempotency_answer_not_kept"


def test_it_is_kept_for_a_time(limited: Callable[..., Gateway], calls: Callable[[str], list[Call]]) -> None:
    gateway, same = limited(PURSER_IDEMPOTENCY_KEEP="2"), key()
    assert ask(gateway, "s/echo", same).status == 200
    assert ask(gateway, "s/echo", same).headers["idempotency-replayed"] == "true"
    time.sleep(2.1)
    assert "idempotency-replayed" not in ask(gateway, "s/echo", same, "another").headers and len(calls("echo")) == 2


def test_the_oldest_answers_make_room(limited: Callable[..., Gateway], calls: Callable[[str], list[Call]]) -> None:
    """One MiB for all: what it has not room for is known to have been paid, and is not paid again."""
    gateway, keys = limited(PURSER_IDEMPOTENCY_MEMORY="1"), [key() for _ in range(4)]
    for one in keys:
        assert ask(gateway, "s/echo", one, "x" * 400_000).status == 200
    replies = [ask(gateway, "s/echo", one, "x" * 400_000) for one in keys]
    assert [reply.status for reply in replies] == [409, 409, 200, 200] and len(calls("echo")) == 4
    assert replies[0].code == "idempotency_answer_not_kept"


def test_a_restart_forgets(limited: Callable[..., Gateway], own_gateway: Callable[..., Gateway], calls: Callable[[str], list[Call]]) -> None:
    gateway, same = limited(), key()
    assert ask(gateway, "s/echo", same).status == 200
    gateway.stop()
    again = own_gateway(gateway.site, key=gateway.key)
    assert "idempotency-replayed" not in ask(again, "s/echo", same).headers and len(calls("echo")) == 2


# --- The process


def test_what_runs_counts_though_its_client_is_gone(own_gateway: Callable[..., Gateway], provider: ScriptedProvider) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="1")
    provider.forget()
    connection, _ = gateway.http.open_stream("scripted/slow-stream", headers=key())
    connection.close()
    assert gateway.http.chat("scripted/echo").code == "overloaded"
    deadline = time.monotonic() + 60
    while (reply := gateway.http.chat("scripted/echo")).status == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert reply.status == 200


def test_sigterm_waits_for_what_nobody_waits_for(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway()
    connection, response = gateway.http.open_stream("scripted/slow-stream", headers=key())
    request_id = response.headers["x-request-id"]
    connection.close()
    gateway.signal(signal.SIGTERM)
    assert gateway.process.wait(10) == 0
    assert gateway.site.record(request_id)["status"] == "ok"


# --- Real clients


def test_the_openai_sdk_after_its_own_timeout(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]]) -> None:
    """It repeats what headers it was given."""
    gateway = site_of_two_loops
    transport = openai.DefaultHttpxClient(verify=gateway.site.trust())
    with openai.OpenAI(api_key=gateway.key, base_url=f"{gateway.url}/v1", timeout=0.9, max_retries=4, http_client=transport) as client:
        answer = client.chat.completions.create(
            model="s/slow-plain", messages=[{"role": "user", "content": "hi"}], max_tokens=7, extra_headers=key())
    assert answer.choices[0].message.content == "at last" and len(calls("slow-plain")) == 1
    assert_paid_once(gateway)


@pytest.mark.parametrize("stream", [False, True])
def test_the_dedalus_sdk_after_its_own_timeout(site_of_two_loops: Gateway, calls: Callable[[str], list[Call]], stream: bool) -> None:
    """It sends a key by itself, and the same one with every retry."""
    gateway, model = site_of_two_loops, "slow-first" if stream else "slow-plain"
    attempts: list[str] = []
    transport = httpx.Client(verify=gateway.site.trust(), event_hooks={"request": [lambda sent: attempts.append(sent.headers["idempotency-key"])]})
    with dedalus_labs.Dedalus(api_key=gateway.key, base_url=gateway.url, timeout=0.9, max_retries=4, http_client=transport) as client:
        answer = client.chat.completions.create(model=f"s/{model}", messages=[{"role": "user", "content": "hi"}], max_tokens=7, stream=stream)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices) if stream else answer.choices[0].message.content
    assert text == ("late" if stream else "at last")
    assert len(attempts) > 1 and len(set(attempts)) == 1 and len(calls(model)) == 1
    assert_paid_once(gateway)
