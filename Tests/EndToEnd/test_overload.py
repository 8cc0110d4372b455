"""More requests at once than the gateway takes: a quick and honest refusal, and health that always answers."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.gateway import Gateway
from support.http import chat_body, read_until_closed


def test_what_is_too_much_is_refused_at_once(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="3")
    with ThreadPoolExecutor(9) as pool:
        busy = [pool.submit(gateway.http.chat, "scripted/slow-plain") for _ in range(8)]
        assert gateway.anonymous.get("/healthz").status == 200
        replies = [one.result() for one in busy]
    statuses = [reply.status for reply in replies]
    assert statuses.count(200) == 3 and statuses.count(503) == 5
    refused = next(reply for reply in replies if reply.status == 503)
    assert refused.code == "overloaded" and "--max-requests" in refused.error["message"] and refused.headers["retry-after"] == "1"
    assert gateway.http.chat("scripted/echo").status == 200


def test_a_full_gateway_says_so_and_keeps_connections(own_gateway: Callable[..., Gateway]) -> None:
    gateway = own_gateway(PURSER_MAX_REQUESTS="1")
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(gateway.http.chat, "scripted/slow-plain")
        while (ready := gateway.anonymous.get("/readyz")).status == 200 and not busy.done():
            time.sleep(0.01)
        assert ready.status == 503 and ready.json()["status"] == "not ready" and ready.json()["requests"] == "full"

        connection = gateway.http.socket()
        for _ in range(3):
            answer = ask(connection, gateway.key, chat_body("scripted/echo"))
            assert b" 503 " in answer and b"overloaded" in answer and b"connection: close" not in answer
        # A body that is still on its way is not worth waiting for.
        connection.sendall(head(gateway.key, 10_000_000) + b"{")
        assert b"connection: close" in read_until_closed(connection)
        assert busy.result().status == 200
    assert gateway.anonymous.get("/readyz").json()["requests"] == "ok"
    assert gateway.http.chat("scripted/echo").status == 200
    time.sleep(2.5)
    told = [json.loads(line) for line in gateway.log().splitlines()]
    ended = next(line for line in told if line["message"] == "overload is over")
    assert (ended["because"], ended["refused"]) == ("requests", "4")
    assert len([line for line in told if line["message"] == "overload: requests are being refused"]) == 1
    assert not [line for line in told if line["message"] == "request failed"]


def head(key: str, length: int) -> bytes:
    return f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()


def ask(connection: socket.socket, key: str, fields: dict[str, Any]) -> bytes:
    """Sends a request in one piece, and reads an answer that comes in one."""
    body = json.dumps(fields).encode()
    connection.sendall(head(key, len(body)) + body)
    return connection.recv(65536)
