"""The bound on memory: it holds, what does not fit is refused honestly, health is always answered, and afterwards all is as before."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.gateway import Gateway, Site
from support.http import Client, Reply, read, read_until_closed

MIB = 1 << 20

#: By how much the bound may be passed for a moment: by what comes between two readings for requests that were let in before.
MARGIN = 1.1


class Health(threading.Thread):
    """Asks for health and readiness all the time, each on a connection of its own."""

    def __init__(self, gateway: Gateway):
        super().__init__(daemon=True)
        self.client, self.goes_on = gateway.anonymous, True
        self.slowest, self.statuses, self.readiness = 0.0, set[int](), list[Reply]()

    def run(self) -> None:
        while self.goes_on:
            began = time.monotonic()
            self.statuses.add(self.client.get("/healthz").status)
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.readiness.append(self.client.get("/readyz"))
            time.sleep(0.02)

    def __enter__(self) -> Health:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.goes_on = False
        self.join()

    def assert_always_answered(self) -> None:
        assert self.statuses == {200} and len(self.readiness) > 2
        assert self.slowest < 5, f"/healthz took {self.slowest:.2f} s"

    @property
    def memory(self) -> set[str]:
        return {reply.json()["memory"] for reply in self.readiness}


@pytest.fixture
def small_gateway(own_gateway: Callable[..., Gateway]) -> Callable[..., Gateway]:
    def start(size: str, **options: str) -> Gateway:
        return own_gateway(plain=True, PURSER_MAX_MEMORY=size, PURSER_LOOPS="2", **options)

    return start


def storm(client: Client, count: int, body_bytes: int, model: str = "scripted/slow-plain") -> list[Reply]:
    """So many requests at once, each with a prompt of that size."""
    body = chat(model, "m" * body_bytes)
    with ThreadPoolExecutor(count) as pool:
        replies = list(pool.map(lambda _: send_anyway(client, body), range(count)))
    heard = [reply for reply in replies if reply is not None]
    assert len(heard) >= count * 3 // 4, f"{len(heard)} of {count} heard an answer"
    return heard


def send_anyway(client: Client, body: bytes) -> Reply | None:
    """One request whose answer may come before the body is sent; `None` when it was lost because sending took longer than the gateway waits."""
    connection = client.connect(60)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", "/v1/chat/completions", body, client.headers())
        return read(connection.getresponse())
    except (ConnectionError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def assert_refusals(replies: list[Reply], bound: str) -> None:
    refused = [reply for reply in replies if reply.status != 200]
    assert {reply.status for reply in refused} == {503}
    for reply in refused:
        assert reply.code == "overloaded" and reply.headers["retry-after"] == "1"
        assert f"--max-memory {bound}" in reply.error["message"]


def eventually_serves(gateway: Gateway, seconds: float = 60) -> None:
    """Ready again, and connections are kept: without a restart."""
    deadline = time.monotonic() + seconds
    while (ready := gateway.anonymous.get("/readyz")).status != 200 or ready.json()["memory"] != "ok":
        assert time.monotonic() < deadline, f"{ready} after {seconds} s:\n{gateway.log()[-2000:]}"
        time.sleep(0.05)
    connection = gateway.http.connect()
    connection.connect()
    own = connection.sock
    for _ in range(3):
        connection.request("POST", "/v1/chat/completions", chat("scripted/echo"), gateway.http.headers())
        response = connection.getresponse()
        assert response.status == 200 and response.headers["connection"] is None
        response.read()
        assert connection.sock is own, "the connection was not kept"
    connection.close()


def chat(model: str, prompt: str = "hello", **fields: object) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": prompt}], **fields}).encode()


def messages(gateway: Gateway) -> list[str]:
    return [json.loads(line)["message"] for line in gateway.log().splitlines()]


def test_many_large_bodies_stay_within_the_bound(small_gateway: Callable[..., Gateway]) -> None:
    gateway = small_gateway("256MiB")
    with Health(gateway) as health:
        replies = storm(gateway.http, 32, 12 * MIB)
        small = storm(gateway.http, 8, 1_000, "scripted/echo")
    served = [reply.status for reply in replies].count(200)
    peak = gateway.resident_bytes()
    assert 4 <= served < 32, f"{served} of 32 were served"
    assert peak <= 256 * MIB * MARGIN, f"{peak / MIB:.0f} MiB"
    assert_refusals(replies, "256MiB")
    assert {reply.status for reply in small} == {200}
    health.assert_always_answered()
    eventually_serves(gateway)
    assert gateway.http.chat("scripted/echo", "m" * 12 * MIB).status == 200
    told = messages(gateway)
    assert "overload: requests are being refused" in told and "request failed" not in told


def test_bodies_of_unknown_length_stay_within_the_bound(small_gateway: Callable[..., Gateway]) -> None:
    gateway = small_gateway("128MiB")
    body = chat("scripted/slow-plain", "m" * 8 * MIB)
    pieces = [body[at : at + 65536] for at in range(0, len(body), 65536)]

    def send(_: int) -> tuple[int, bytes]:
        connection = gateway.http.connect(60)
        try:
            connection.request("POST", "/v1/chat/completions", iter(pieces), {**gateway.http.headers(), "Transfer-Encoding": "chunked"}, encode_chunked=True)
        except OSError:
            pass  # refused in the middle: the answer is there all the same
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(send, range(32)))
    assert {status for status, _ in answers} == {200, 503}
    assert all(b"--max-memory 128MiB" in body for status, body in answers if status == 503)
    assert gateway.resident_bytes() <= 128 * MIB * MARGIN, f"{gateway.resident_bytes() / MIB:.0f} MiB"
    eventually_serves(gateway)


def test_a_body_that_could_never_fit_is_too_large(small_gateway: Callable[..., Gateway]) -> None:
    gateway = small_gateway("64MiB")
    assert gateway.http.chat("scripted/echo", "m" * 7 * MIB).status == 200
    assert gateway.http.chat("scripted/echo", "m" * 9 * MIB).status == 413


def test_announced_bodies_count_before_they_come(small_gateway: Callable[..., Gateway]) -> None:
    """Clients that announce much and send nothing cannot make room look free; small requests go on."""
    gateway = small_gateway("256MiB")
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key}\r\nContent-Type: application/json\r\nContent-Length: {16 * MIB}\r\n\r\n{{"
    waiting = [gateway.http.socket() for _ in range(12)]
    for connection in waiting:
        connection.sendall(head.encode())
    refused = 0
    for connection in waiting:
        connection.settimeout(0.2)
        try:
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 503 ") and b"retry-after: 1\r\n" in answer
            refused += 1
        except TimeoutError:
            pass
    assert 6 <= refused <= 9, f"{refused} of 12 were refused: 32 MiB each, and not 230 in all"
    assert gateway.resident_bytes() < 80 * MIB
    assert gateway.http.chat("scripted/echo").status == 200
    assert gateway.http.chat("scripted/echo", "m" * 8 * MIB).status in (200, 503)
    for connection in waiting:
        connection.close()
    eventually_serves(gateway)


def test_when_memory_is_exhausted_health_says_so(small_gateway: Callable[..., Gateway]) -> None:
    gateway = small_gateway("64MiB")
    idle = gateway.http.socket(timeout=30)
    idle.sendall(f"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key}\r\n\r\n".encode())
    assert b"connection: close" not in idle.recv(65536)
    with Health(gateway) as health:
        replies = storm(gateway.http, 160, 200_000)
    statuses = [reply.status for reply in replies]
    assert statuses.count(200) >= 30 and statuses.count(503) >= 30, statuses
    assert_refusals(replies, "64MiB")
    # 52 MiB on a quiet machine; up to 74 were seen while other processes had both cores, and memory that was freed was late to go back.
    assert gateway.resident_bytes() <= 64 * MIB * 1.25, f"{gateway.resident_bytes() / MIB:.0f} MiB"
    health.assert_always_answered()
    assert "exhausted" in health.memory
    for reply in health.readiness:
        body = reply.json()
        assert (reply.status, body["status"]) == ((503, "not ready") if body["memory"] == "exhausted" else (200, "ready"))
    assert read_until_closed(idle, 5) == b"", "a connection that waits for nothing keeps its memory"
    eventually_serves(gateway)
    told = messages(gateway)
    assert "memory is exhausted: requests are refused" in told and "memory is enough again" in told
    assert "request failed" not in told and len(told) < 30, told


def test_clients_that_do_not_read_cannot_fill_the_memory(small_gateway: Callable[..., Gateway]) -> None:
    gateway = small_gateway("64MiB")
    body = chat("scripted/torrent", stream=True)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    readers = []
    for _ in range(200):
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect((gateway.host, gateway.port))
        reader.sendall(head.encode() + body)
        readers.append(reader)
    with Health(gateway) as health:
        time.sleep(6)
    health.assert_always_answered()
    peak = gateway.resident_bytes()
    for reader in readers:
        reader.close()
    assert peak <= 64 * MIB * MARGIN, f"{peak / MIB:.0f} MiB"
    eventually_serves(gateway)


def test_the_bound_must_make_sense(new_site: Callable[..., Site]) -> None:
    site = new_site()
    for text, complaint in [("12", "at least 64MiB"), ("63MiB", "at least 64MiB"), ("much", "512MiB or 2GiB"), ("1.5GiB", "512MiB or 2GiB"), ("-1", "")]:
        done = site.run("serve", f"--max-memory={text}")
        assert done.returncode == 2 and complaint in done.stderr, (text, done)
    assert site.run("serve", environment={"PURSER_MAX_MEMORY": "lots"}).returncode == 2
    assert "--max-memory" in site.run("serve", "--help").stdout
