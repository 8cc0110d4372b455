"""No client key takes more than its share of the gateway's places, whatever it sends, and no header counts twice."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from support.gateway import Gateway, Site
from support.http import chat_body
from support.scripted import ScriptedProvider


def head(key: str, length: int, *lines: str) -> bytes:
    fields = ["POST /v1/chat/completions HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", "Content-Type: application/json", f"Content-Length: {length}", *lines]
    return "\r\n".join(fields).encode() + b"\r\n\r\n"


@pytest.fixture
def twenty(own_gateway: Callable[..., Gateway]) -> Gateway:
    return own_gateway(PURSER_MAX_REQUESTS="20")


def status_of(connection: socket.socket, seconds: float = 0.05) -> bytes:
    """The first line of an answer, if there is one by now."""
    connection.settimeout(seconds)
    try:
        return connection.recv(65536)
    except TimeoutError:
        return b""


@pytest.mark.parametrize("lines", [(), ("Idempotency-Key: {number}",)], ids=["plain", "idempotent"])
def test_half_sent_bodies_of_one_key_keep_nobody_out(twenty: Gateway, lines: tuple[str, ...]) -> None:
    other = twenty.client(twenty.site.new_key("acme/narrow"))
    with ExitStack() as stack:
        slow = [stack.enter_context(twenty.http.socket()) for _ in range(25)]
        for number, connection in enumerate(slow):
            connection.sendall(head(twenty.key, 1_000, *(line.format(number=number) for line in lines)) + b"{")
        time.sleep(0.3)
        for _ in range(10):
            assert other.chat("scripted/echo").status == 200
        with ThreadPoolExecutor(8) as pool:
            assert {reply.status for reply in pool.map(lambda _: other.chat("scripted/echo"), range(8))} == {200}
        answers = [status_of(connection) for connection in slow]
        refused = [answer for answer in answers if answer]
        assert 25 - len(refused) == 6, "half of what is free"
        assert all(b" 503 " in answer and b"--max-requests" in answer and b"This key" in answer for answer in refused)
        assert twenty.anonymous.get("/readyz").json()["requests"] == "ok"
    deadline = time.monotonic() + 60
    while twenty.http.chat("scripted/echo").status != 200:
        assert time.monotonic() < deadline


def test_several_keys_with_half_sent_bodies_leave_room(twenty: Gateway) -> None:
    keys = [twenty.key] + [twenty.site.new_key("acme/research") for _ in range(3)]
    other = twenty.client(twenty.site.new_key("acme/narrow"))
    with ExitStack() as stack:
        for key in keys * 8:
            stack.enter_context(twenty.http.socket()).sendall(head(key, 1_000) + b"{")
        time.sleep(0.3)
        assert {other.chat("scripted/echo").status for _ in range(10)} == {200}


def test_runs_without_a_client_keep_nobody_out(twenty: Gateway, provider: ScriptedProvider) -> None:
    other = twenty.client(twenty.site.new_key("acme/narrow"))
    with ExitStack() as stack:
        for number in range(25):
            connection = stack.enter_context(twenty.http.socket())
            body = json.dumps(chat_body("scripted/endless-stream", stream=True)).encode()
            connection.sendall(head(twenty.key, len(body), f"Idempotency-Key: run-{number}") + body)
        time.sleep(0.5)
        assert other.chat("scripted/echo").status == 200
    for _ in range(20):
        assert other.chat("scripted/echo").status == 200
        time.sleep(0.05)


def test_attended_requests_of_one_key_leave_room(twenty: Gateway) -> None:
    other = twenty.client(twenty.site.new_key("acme/narrow"))
    with ThreadPoolExecutor(30) as pool:
        busy = [pool.submit(twenty.http.chat, "scripted/slow-plain") for _ in range(30)]
        time.sleep(0.5)
        assert {other.chat("scripted/echo").status for _ in range(5)} == {200}
        statuses = [one.result().status for one in busy]
    assert statuses.count(200) == 15 and statuses.count(503) == 15


def test_the_keys_of_one_team_leave_room_together(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="100")
    keys = [gateway.site.new_key("acme/research") for _ in range(10)]
    other = gateway.client(gateway.site.new_key("acme/narrow"))
    with ThreadPoolExecutor(200) as pool:
        busy = [pool.submit(gateway.client(key).chat, "scripted/slow-plain") for key in keys * 15]
        time.sleep(0.8)
        with ThreadPoolExecutor(12) as others:
            assert {reply.status for reply in others.map(lambda _: other.chat("scripted/echo"), range(30))} == {200}
        replies = [one.result() for one in busy]
    assert [reply.status for reply in replies].count(200) == 80
    assert any("This team has 80 requests" in reply.error["message"] for reply in replies if reply.status == 503)


def test_the_half_sent_bodies_of_one_team_leave_room(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="100")
    keys = [gateway.site.new_key("acme/research") for _ in range(10)]
    other = gateway.client(gateway.site.new_key("acme/narrow"))
    with ExitStack() as stack:
        slow = [stack.enter_context(gateway.http.socket()) for _ in range(150)]
        for number, connection in enumerate(slow):
            connection.sendall(head(keys[number % 10], 1_000) + b"{")
        time.sleep(0.5)
        answers = [status_of(connection, 0.01) for connection in slow]
        assert sum(not answer for answer in answers) == 50, "as many as there are places free"
        assert any(b"its team 50 requests" in answer for answer in answers)
        with ThreadPoolExecutor(12) as pool:
            assert {reply.status for reply in pool.map(lambda _: other.chat("scripted/echo"), range(30))} == {200}


def test_the_share_of_a_team_can_be_named(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="20", PURSER_MAX_REQUESTS_PER_TEAM="3")
    colleague = gateway.client(gateway.site.new_key("acme/research"))
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda client: client.chat("scripted/slow-plain"), [gateway.http, colleague] * 3))
    assert sorted(reply.status for reply in replies) == [200] * 3 + [503] * 3
    assert all("--max-requests-per-team" in reply.error["message"] for reply in replies if reply.status == 503)


def test_the_share_can_be_named(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="20", PURSER_MAX_REQUESTS_PER_KEY="2")
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: gateway.http.chat("scripted/slow-plain"), range(4)))
    assert sorted(reply.status for reply in replies) == [200, 200, 503, 503]
    assert all("--max-requests-per-key" in reply.error["message"] for reply in replies if reply.status == 503)


@pytest.mark.parametrize("key", [None, "sk-purser-nobody"])
def test_senders_without_a_key_hold_no_place(own_gateway: Callable[..., Gateway], key: str | None) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="1")
    with ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(gateway.http.socket()).sendall(head(key or "", 1_000) + b"{")
        for _ in range(5):
            assert gateway.http.chat("scripted/echo").status == 200


def test_hundreds_of_slow_bodies_of_one_key_harm_nobody(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="100")
    other = gateway.client(gateway.site.new_key("acme/narrow"))
    with ExitStack() as stack:
        slow = [stack.enter_context(gateway.http.socket()) for _ in range(300)]
        for connection in slow:
            connection.sendall(head(gateway.key, 100_000) + b"{")
        for _ in range(3):
            for connection in slow:
                try:
                    connection.sendall(b" " * 20)
                except OSError:
                    pass  # It was refused.
            assert other.chat("scripted/echo").status == 200


def test_a_key_keeps_the_answers_that_others_kept(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_IDEMPOTENCY_MEMORY="1")
    other = gateway.client(gateway.site.new_key("acme/narrow"))
    kept = [other.chat("scripted/echo", "x" * 100_000, headers={"Idempotency-Key": f"kept-{number}"}) for number in range(2)]
    for number in range(30):
        assert gateway.http.chat("scripted/echo", "y" * 150_000, headers={"Idempotency-Key": f"flood-{number}"}).status == 200
    for number, first in enumerate(kept):
        again = other.chat("scripted/echo", "x" * 100_000, headers={"Idempotency-Key": f"kept-{number}"})
        assert (again.status, again.headers["idempotency-replayed"], again.body) == (200, "true", first.body)


# --- Headers that are there twice


TWICE = {
    "x-purser-max-cost": ("5", "0.000001"),
    "x-purser-timeout": ("5m", "1ms"),
    "x-purser-metadata": ('{"a": "1"}', '{"a": "2"}'),
    "x-purser-explain": ("false", "true"),
    "x-session-id": ("one", "two"),
    "Idempotency-Key": ("one", "two"),
}


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_an_own_header_that_is_there_twice_is_refused(gateway: Gateway, provider: ScriptedProvider, name: str, order: int) -> None:
    first, second = TWICE[name]
    values = [(first, second), (second, first), (first, first)][order]
    body = json.dumps(chat_body("scripted/echo", f"twice {name} {order}")).encode()
    provider.forget()
    with gateway.http.socket() as connection:
        spelt = [name, name.upper()]
        connection.sendall(head(gateway.key, len(body), *(f"{spelt[n]}: {value}" for n, value in enumerate(values)), "Connection: close") + body)
        answer = connection.makefile("rb").read()
    assert b" 400 " in answer.splitlines()[0]
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert error["param"].lower() == name.lower() and error["type"] == "invalid_request_error"
    assert not provider.calls


@pytest.mark.parametrize("name", TWICE)
def test_an_own_header_that_is_there_once_is_taken(gateway: Gateway, name: str) -> None:
    assert gateway.http.chat("scripted/echo", f"once {name}", headers={name: TWICE[name][0]}).status == 200
