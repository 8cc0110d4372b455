"""Bytes on a socket: framing, smuggling, slowness and rubbish. Strictness is the product here."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable

import pytest

from support.gateway import Gateway
from support.http import Client, chat_body, read, read_until_closed
from support.scripted import ScriptedProvider


def request(gateway: Gateway, prompt: str = "raw", *lines: str, model: str = "scripted/echo", stream: bool = False, close: bool = False) -> bytes:
    """A well-formed chat request, with `lines` added to its head."""
    body = json.dumps(chat_body(model, prompt, stream=stream)).encode()
    head = ["POST /v1/chat/completions HTTP/1.1", "Host: localhost", f"Authorization: Bearer {gateway.key}", "Content-Type: application/json"]
    head += [f"Content-Length: {len(body)}", *lines, *(["Connection: close"] if close else [])]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def statuses(received: bytes) -> list[int]:
    """The statuses of all answers in what a connection brought."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def exchange(client: Client, data: bytes, seconds: float = 10) -> bytes:
    """Sends, and reads until the gateway closes."""
    with client.socket() as connection:
        connection.sendall(data)
        return read_until_closed(connection, seconds)


def test_pipelining_is_answered_in_order(gateway: Gateway, http: Client) -> None:
    """The second answer is ready first; it has to wait."""
    first = request(gateway, model="scripted/slow-plain")
    received = exchange(http, first + request(gateway, "second") + request(gateway, "third", stream=True, close=True))
    assert statuses(received) == [200, 200, 200]
    assert received.index(b"at last") < received.index(b"second") < received.index(b"third")


def test_keep_alive_serves_many(gateway: Gateway, http: Client) -> None:
    connection = http.connect()
    for number in range(50):
        body = json.dumps(chat_body("scripted/echo", f"{number}", stream=number % 2 == 1))
        connection.request("POST", "/v1/chat/completions", body, http.headers())
        assert read(connection.getresponse()).text == f"{number}"
    connection.close()


HOST = "Host: localhost\r\n"
#: A chat request's head up to its body; `KEY` stands for the key.
CHUNKED = f"POST /v1/chat/completions HTTP/1.1\r\n{HOST}Authorization: Bearer KEY\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
SMUGGLING = {
    "CL and TE": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two TE": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE identity": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: identity\r\n\r\n",
    "TE chunked, chunked": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "TE xchunked": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n",
    "TE in 1.0": f"POST / HTTP/1.0\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two CL": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
    "two equal CL": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345",
    "CL list": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 5, 5\r\n\r\n12345",
    "CL with sign": f"POST / HTTP/1.1\r\n{HOST}Content-Length: +5\r\n\r\n12345",
    "CL hexadecimal": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 0x5\r\n\r\n12345",
    "CL beyond 64 bits": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 99999999999999999999999\r\n\r\n",
    "CL negative": f"POST / HTTP/1.1\r\n{HOST}Content-Length: -1\r\n\r\n",
    "bare LF": "GET /healthz HTTP/1.1\nHost: localhost\n\n",
    "bare LF after a field": "GET /healthz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
    "bare CR": f"GET /healthz HTTP/1.1\r\n{HOST}X: a\rb\r\n\r\n",
    "folded field": f"GET /healthz HTTP/1.1\r\n{HOST}X: a\r\n b\r\n\r\n",
    "space before colon": f"GET /healthz HTTP/1.1\r\n{HOST}X : a\r\n\r\n",
    "space before the first field": f"GET /healthz HTTP/1.1\r\n {HOST}\r\n",
    "NUL in a value": f"GET /healthz HTTP/1.1\r\n{HOST}X: a\0b\r\n\r\n",
    "no Host": "GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": f"GET /healthz HTTP/1.1\r\n{HOST}{HOST}\r\n",
    "bad Host": "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
    "name is no token": f"GET /healthz HTTP/1.1\r\n{HOST}X@Y[: a\r\n\r\n",
    "no version": "GET /healthz\r\n\r\n",
    "version 2.0": f"GET /healthz HTTP/2.0\r\n{HOST}\r\n",
    "two spaces": f"GET  /healthz HTTP/1.1\r\n{HOST}\r\n",
    "tab in the target": f"GET /health\tz HTTP/1.1\r\n{HOST}\r\n",
    **{
        f"chunk size {size!r}": f"{CHUNKED}{size}\r\n12345\r\n0\r\n\r\n"
        for size in ("0x5", "+5", "-5", "5_", " 5", "", "g", "10000000000000000000000000000005")
    },
    "chunk without CRLF": f"{CHUNKED}5\r\n12345XX0\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_framing_errors_end_the_connection(gateway: Gateway, http: Client, provider: ScriptedProvider, name: str) -> None:
    """One refusal, and no answer to what is smuggled behind it."""
    provider.forget()
    refused = SMUGGLING[name].replace("KEY", gateway.key).encode("latin-1")
    received = exchange(http, refused + request(gateway, "smuggled", close=True), seconds=5)
    assert len(statuses(received)) <= 1, received
    assert all(status in (400, 405, 411, 413, 414, 431, 501, 505) for status in statuses(received)), received
    assert not provider.calls, "the smuggled request was served"


@pytest.mark.parametrize("line", ["CONNECT localhost:443", "TRACE /v1/chat/completions", "BREW /v1/chat/completions"])
def test_methods_that_are_never_served(gateway: Gateway, http: Client, line: str) -> None:
    received = exchange(http, f"{line} HTTP/1.1\r\nHost: localhost\r\nX-Canary: echoed\r\nConnection: close\r\n\r\n".encode())
    assert statuses(received)[0] in (400, 405, 501) and b"echoed" not in received


def test_no_upgrade(gateway: Gateway, http: Client) -> None:
    """Offers to speak something else are overheard; the request itself is served."""
    received = exchange(http, request(gateway, "no upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: close, Upgrade"))
    assert statuses(received) in ([200], [400])


CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
RUBBISH = [b"\x00\x01\x02\x03", CLIENT_HELLO, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", b"\r\n\r\n\xff"]


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_not_http_is_refused_at_once(http: Client, rubbish: bytes) -> None:
    began = time.monotonic()
    assert all(status in (400, 405, 505) for status in statuses(exchange(http, rubbish)))
    assert time.monotonic() - began < 3


def test_plain_http_on_the_tls_port(gateway: Gateway) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = read_until_closed(plain, 5)
    assert time.monotonic() - began < 3 and b" 200 " not in received
    assert gateway.anonymous.get("/healthz").status == 200


def test_expect_continue(gateway: Gateway, http: Client) -> None:
    head, _, body = request(gateway, "patience", "Expect: 100-continue", close=True).partition(b"\r\n\r\n")
    with http.socket() as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        received = read_until_closed(connection)
    assert statuses(received) == [200] and b"patience" in received


def test_expect_continue_is_not_said_to_a_request_that_is_refused(http: Client) -> None:
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
    received = exchange(http, head.encode())
    assert statuses(received)[0] in (401, 413, 417)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_chunked_request_body(gateway: Gateway, http: Client, size: int) -> None:
    body = json.dumps(chat_body("scripted/echo", f"in chunks of {size}")).encode()
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {gateway.key}\r\nContent-Type: application/json\r\n"
    data = head.encode() + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    data += b"".join(b"%x;note=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\nX-Trailer: ignored\r\n\r\n"
    received = exchange(http, data)
    assert statuses(received) == [200] and f"in chunks of {size}".encode() in received


def test_one_byte_at_a_time(gateway: Gateway, http: Client) -> None:
    with http.socket() as connection:
        for byte in request(gateway, "byte by byte", close=True):
            connection.sendall(bytes([byte]))
        assert b"byte by byte" in read_until_closed(connection)


def test_half_close_after_a_request_still_gets_the_answer(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(plain=True)
    with gateway.http.socket() as connection:
        connection.sendall(request(gateway, "half closed"))
        connection.shutdown(socket.SHUT_WR)
        assert b"half closed" in read_until_closed(connection)
    with gateway.http.socket() as connection:
        connection.sendall(request(gateway, "half a request")[:-20])
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in read_until_closed(connection, 6)


def test_plain_mode(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(plain=True)
    assert gateway.url.startswith("http://")
    assert gateway.http.chat("scripted/echo", "in the clear").text == "in the clear"
    with gateway.http.socket() as connection:
        connection.sendall(CLIENT_HELLO)
        assert b" 200 " not in read_until_closed(connection, 5)


def test_slow_heads_end_and_others_do_not_wait(gateway: Gateway, http: Client) -> None:
    with http.socket(30) as slow, http.socket(30) as silent:
        slow.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX: ")
        began = time.monotonic()
        assert http.chat("scripted/echo").status == 200 and time.monotonic() - began < 6
        received = read_until_closed(slow, 60)
        assert 8 < time.monotonic() - began and set(statuses(received)) <= {408}
        silent.close()


def test_a_handshake_that_never_comes_is_ended(gateway: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), 20) as mute:
        assert read_until_closed(mute, 16) == b""


def test_resets_leak_nothing(gateway: Gateway, http: Client) -> None:
    before = gateway.descriptors()
    for number in range(200):
        connection = http.socket() if number % 4 == 0 else socket.create_connection(("127.0.0.1", gateway.port))
        if number % 4 == 0:
            connection.sendall(request(gateway, stream=True)[: 50 + number * 2])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    deadline = time.monotonic() + 60
    while gateway.descriptors() > before + 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert gateway.descriptors() <= before + 4
    assert http.chat("scripted/echo").status == 200
