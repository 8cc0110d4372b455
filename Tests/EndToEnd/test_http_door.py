"""What people meet at the door: browsers of other origins, slashes too many, packed bodies, plain HTTP on the TLS port, connections that say nothing."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.gateway import Gateway, Site
from support.http import Client, Reply, chat_body, read_until_closed
from support.moody import MoodyProvider

POLICY = """
providers:
  p: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
models:
  house/m: {{provider: p, upstream_model: m, price: {{input: 1, output: 1}}}}
organizations:
  acme: {{teams: {{research: {{}}}}}}
"""
APP = "https://app.example"


@pytest.fixture(scope="module")
def moody() -> Iterator[MoodyProvider]:
    running = MoodyProvider()
    yield running
    running.stop()


def started(home: Path, moody: MoodyProvider, cors: str = "") -> Iterator[Gateway]:
    running = Gateway(Site(home / "site", POLICY.format(url=moody.url) + cors), PURSER_LOOPS="1")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, moody: MoodyProvider) -> Iterator[Gateway]:
    """Without a word on CORS."""
    yield from started(tmp_path_factory.mktemp("door"), moody)


@pytest.fixture(scope="module")
def http(door: Gateway) -> Client:
    return door.http


@pytest.fixture(scope="module")
def browsable(tmp_path_factory: pytest.TempPathFactory, moody: MoodyProvider) -> Iterator[Gateway]:
    cors = 'cors: {origins: ["https://app.example", "HTTP://LocalHost:3000/", "https://shop.example:443", "capacitor://localhost"]}\n'
    yield from started(tmp_path_factory.mktemp("browsable"), moody, cors)


# --- CORS


def preflight(gateway: Gateway, origin: str, path: str = "/v1/chat/completions") -> Reply:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type,x-stainless-lang"}
    return gateway.anonymous.send("OPTIONS", path, headers=asked)


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000", "https://shop.example", "capacitor://localhost"])
def test_a_preflight_needs_no_key(browsable: Gateway, origin: str) -> None:
    reply = preflight(browsable, origin)
    assert reply.status in (200, 204) and reply.body == b""
    assert reply.headers["access-control-allow-origin"] == origin
    assert "POST" in reply.headers["access-control-allow-methods"]
    allowed = reply.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ["authorization", "content-type", "x-stainless-lang"])
    assert "Origin" in ",".join(reply.headers.get_all("vary"))
    assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil", "http://app.example", "https://app.example:8443", "null"])
def test_another_origin_gets_no_leave(browsable: Gateway, origin: str) -> None:
    reply = preflight(browsable, origin)
    assert reply.status == 403 and "access-control-allow-origin" not in reply.headers
    answer = browsable.http.chat("house/m", headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers and "Origin" in answer.headers["vary"]


def test_answers_streams_and_errors_can_be_read_by_the_page(browsable: Gateway) -> None:
    http, origin = browsable.http, {"Origin": APP}
    replies = [
        http.chat("house/m", headers=origin),
        http.chat("house/m", headers=origin, stream=True),
        http.chat("house/m", headers={**origin, "Idempotency-Key": "k1"}),
        http.chat("house/m", headers={**origin, "Idempotency-Key": "k1"}),
        http.chat("nothing", headers=origin),
        http.send("POST", "/v1/chat/completions", b"no json", headers=origin),
        browsable.anonymous.chat("house/m", headers=origin),
        http.get("/v1/models", headers=origin),
        http.get("/nowhere", headers=origin),
        http.send("DELETE", "/v1/models", headers=origin),
        http.get("/healthz", headers=origin),
    ]
    assert [reply.status for reply in replies] == [200, 200, 200, 200, 404, 400, 401, 200, 404, 405, 200]
    for reply in replies:
        assert reply.headers.get_all("access-control-allow-origin") == [APP]
        exposed = reply.headers["access-control-expose-headers"].lower()
        own = [name for name in map(str.lower, reply.headers.keys()) if name.startswith(("x-purser-", "x-request-id", "x-ratelimit-", "retry-after"))]
        assert all(name in exposed for name in own), own
        assert "Origin" in reply.headers["vary"]


def test_a_request_of_no_browser_is_answered_as_ever(browsable: Gateway) -> None:
    reply = browsable.http.chat("house/m")
    assert reply.status == 200 and "access-control-allow-origin" not in reply.headers


def test_every_origin_only_where_the_policy_says_so(tmp_path: Path, moody: MoodyProvider) -> None:
    for gateway in started(tmp_path, moody, 'cors: {origins: ["*"]}\n'):
        assert preflight(gateway, "https://anywhere.example").headers["access-control-allow-origin"] == "*"
        assert gateway.http.chat("house/m", headers={"Origin": "null"}).headers["access-control-allow-origin"] == "*"


def test_without_a_word_in_the_policies_there_is_no_cors(door: Gateway) -> None:
    reply = preflight(door, APP)
    assert reply.status == 405 and "access-control-allow-origin" not in reply.headers
    assert "access-control-allow-origin" not in door.http.chat("house/m", headers={"Origin": APP}).headers


# --- Paths


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions/", "/v1//chat/completions", "//v1/chat/completions", "/v1/chat//completions/", "/chat/completions/", "//chat//completions"]
)
def test_slashes_too_many_do_no_harm(http: Client, path: str) -> None:
    assert http.send("POST", path, chat_body("house/m")).status == 200


@pytest.mark.parametrize("path", ["/v1/models/", "/v1//models", "/models/", "/v1/models/house/m/", "/v1//models//house/m", "/healthz/", "//readyz"])
def test_slashes_too_many_elsewhere(http: Client, path: str) -> None:
    assert http.get(path).status == 200


@pytest.mark.parametrize("path", ["/", "//", "/v1/", "/v1/chat/completions/x", "/v1/chat/completions%2f", "/v1chat/completions", "/v1/models/nothing/"])
def test_what_is_nowhere_stays_nowhere(http: Client, path: str) -> None:
    assert http.get(path).status in (404, 405) and http.get(path).status != 200


# --- Packed bodies


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def in_members(data: bytes) -> bytes:
    return b"".join(gzip.compress(data[at : at + 10]) for at in range(0, len(data), 10))


PACKERS = [
    (gzip.compress, "gzip"), (gzip.compress, "x-gzip"), (gzip.compress, "GZip"), (in_members, "gzip"), (zlib.compress, "deflate"), (raw_deflate, "deflate"),
    (bytes, "identity"), (bytes, ""), (gzip.compress, "identity, gzip"),
]  # fmt: skip


def packed(http: Client, body: bytes, coding: str, **more: str) -> Reply:
    return http.send("POST", "/v1/chat/completions", body, headers={"Content-Encoding": coding, **more})


@pytest.mark.parametrize("pack, coding", PACKERS)
def test_a_packed_body_is_unpacked(http: Client, moody: MoodyProvider, pack: Callable[[bytes], bytes], coding: str) -> None:
    body = json.dumps(chat_body("house/m", "squeezed " * 1000)).encode()
    reply = packed(http, pack(body), coding)
    assert (reply.status, reply.text) == (200, "squeezed " * 1000)
    assert moody.last("m").header("content-encoding") is None


def test_a_packed_body_in_tiny_pieces(door: Gateway) -> None:
    data = gzip.compress(json.dumps(chat_body("house/m", "in pieces")).encode())
    with door.http.socket() as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {door.key}\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        for at in range(0, len(data), 3):
            piece = data[at : at + 3]
            connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 200") and b"in pieces" in answer


def test_a_packed_body_and_its_plain_twin_are_one_request(http: Client) -> None:
    body = json.dumps(chat_body("house/m", "twins")).encode()
    first = packed(http, gzip.compress(body), "gzip", **{"Idempotency-Key": "twins"})
    second = packed(http, body, "identity", **{"Idempotency-Key": "twins"})
    assert (first.status, second.status) == (200, 200) and first.body == second.body


@pytest.mark.parametrize(
    "body, coding",
    [
        (b"no gzip at all", "gzip"), (b"", "gzip"), (gzip.compress(b"{}" * 500)[:-9], "gzip"), (gzip.compress(b"{}")[:5], "gzip"), (gzip.compress(b"{}") + b"rest", "gzip"),
        (zlib.compress(b"{}" * 99)[:-5], "deflate"), (zlib.compress(b"{}") + b"x", "deflate"), (b"\xff\xff\xff\xff", "deflate"), (b"x", "deflate"),
    ],  # fmt: skip
)
def test_a_broken_body_is_the_clients_mistake(http: Client, body: bytes, coding: str) -> None:
    reply = packed(http, body, coding)
    assert (reply.status, reply.code) == (400, "invalid_request_error")


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "gzip, br", "utf-8", "gzip;q=1"])
def test_an_unknown_coding_is_refused_with_those_that_are_known(http: Client, coding: str) -> None:
    reply = packed(http, b"{}", coding)
    assert (reply.status, reply.code) == (415, "unsupported_media_type")
    assert "gzip" in reply.error["message"] and reply.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("pack, coding", [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
def test_a_bomb_is_too_large_and_stops_nobody(door: Gateway, pack: Callable[[bytes], bytes], coding: str) -> None:
    bomb = pack(bytes(400 << 20))
    assert len(bomb) < 1 << 20
    slowest: list[float] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            began = time.monotonic()
            assert door.anonymous.get("/healthz").status == 200
            slowest.append(time.monotonic() - began)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(3):
            reply = packed(door.http, bomb, coding)
            assert (reply.status, reply.code) == (413, "request_too_large")
    finally:
        done.set()
        watcher.join()
    assert max(slowest) < 3


# --- TLS


@pytest.mark.parametrize("head", ["GET /v1/models HTTP/1.1", "POST /v1/chat/completions HTTP/1.1", "OPTIONS * HTTP/1.0", "PRI * HTTP/2.0"])
def test_plain_http_to_the_tls_port_is_told_so(door: Gateway, head: str) -> None:
    with socket.create_connection(("127.0.0.1", door.port), 10) as connection:
        connection.sendall(f"{head}\r\nHost: localhost\r\n\r\n".encode())
        answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer and b'"error"' in answer


def test_plain_http_by_the_byte_is_told_so(door: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", door.port), 10) as connection:
        connection.sendall(b"G")
        time.sleep(0.1)
        answer = read_until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_what_is_neither_ends_in_silence(door: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", door.port), 10) as connection:
        connection.sendall(b"\x00\x01\x02\x03 nonsense\r\n\r\n")
        assert not read_until_closed(connection).startswith(b"HTTP")
    assert door.anonymous.get("/healthz").status == 200


# --- Connections that say nothing


def test_silent_connections_end_and_those_that_were_used_are_kept(door: Gateway) -> None:
    bare = socket.create_connection(("127.0.0.1", door.port), 10)
    encrypted = door.http.socket()
    used = door.http.connect(timeout=30)
    used.request("GET", "/healthz")
    assert used.getresponse().read()
    began = time.monotonic()
    assert read_until_closed(bare, 25) == b""
    assert read_until_closed(encrypted, 25) == b""
    took = time.monotonic() - began
    assert 8 < took < 24, took
    used.request("GET", "/healthz")
    assert used.getresponse().status == 200
    for connection in (bare, encrypted, used):
        connection.close()
