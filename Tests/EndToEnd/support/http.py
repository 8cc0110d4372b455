"""A client that hides nothing: one request, one connection, every header and byte of the answer kept."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from decimal import Decimal
from typing import Any


class Reply:
    """An answer, whole or cut short."""

    def __init__(self, status: int, headers: http.client.HTTPMessage, body: bytes, complete: bool):
        self.status, self.headers, self.body, self.complete = status, headers, body, complete

    def __repr__(self) -> str:
        return f"<{self.status} {self.body[:400]!r}{'' if self.complete else ' CUT'}>"

    def json(self) -> Any:
        """The body, numbers with a point as exact decimals."""
        return json.loads(self.body, parse_float=Decimal)

    @property
    def error(self) -> dict[str, Any]:
        """The `error` object, checked for the members that OpenAI's clients read."""
        error = self.json()["error"]
        assert {"message", "type", "param", "code"} <= error.keys(), error
        return error

    @property
    def code(self) -> str:
        return self.error["code"]

    @property
    def request_id(self) -> str:
        return self.headers["x-request-id"]

    def events(self) -> list[tuple[str, str]]:
        """The server-sent events as (name, data); comments are left out."""
        found = []
        for block in self.body.decode().replace("\r\n", "\n").split("\n\n"):
            fields = [line.partition(":")[::2] for line in block.split("\n") if line and not line.startswith(":")]
            data = [value.removeprefix(" ") for name, value in fields if name == "data"]
            if data:
                found.append((dict(fields).get("event", "message").strip(), "\n".join(data)))
        return found

    def chunks(self) -> list[dict[str, Any]]:
        """The JSON of every unnamed event but [DONE]."""
        return [json.loads(data, parse_float=Decimal) for name, data in self.events() if name == "message" and data != "[DONE]"]

    @property
    def text(self) -> str:
        """What the model said, streamed or not."""
        if (self.headers["content-type"] or "").startswith("text/event-stream"):
            return "".join(choice["delta"].get("content") or "" for part in self.chunks() for choice in part["choices"])
        return self.json()["choices"][0]["message"]["content"]


class Client:
    """Requests to one gateway with one key."""

    def __init__(self, host: str, port: int, key: str | None, tls: ssl.SSLContext | None):
        self.host, self.port, self.key, self.tls = host, port, key, tls

    def connect(self, timeout: float = 60) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)

    def socket(self, timeout: float = 10) -> socket.socket:
        """A bare connection: TLS done, nothing sent."""
        plain = socket.create_connection((self.host, self.port), timeout)
        return plain if self.tls is None else self.tls.wrap_socket(plain, server_hostname=self.host)

    def headers(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        own = {"Content-Type": "application/json"}
        if self.key is not None:
            own["Authorization"] = f"Bearer {self.key}"
        return {**own, **(extra or {})}

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 60) -> Reply:
        """One request on a connection of its own. A `body` that is not bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = self.connect(timeout)
        try:
            connection.request(method, path, data, self.headers(headers))
            return read(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **more: Any) -> Reply:
        return self.send("GET", path, **more)

    def chat(self, model: str, prompt: str = "hello", *, headers: dict[str, str] | None = None, timeout: float = 60, **fields: Any) -> Reply:
        """A chat completion."""
        return self.send("POST", "/v1/chat/completions", chat_body(model, prompt, **fields), headers, timeout)

    def open_stream(
        self, model: str, prompt: str = "hello", timeout: float = 60, headers: dict[str, str] | None = None, **fields: Any
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A streamed chat completion, returned as soon as its head has arrived."""
        connection = self.connect(timeout)
        body = json.dumps(chat_body(model, prompt, stream=True, **fields)).encode()
        connection.request("POST", "/v1/chat/completions", body, self.headers(headers))
        return connection, connection.getresponse()


def chat_body(model: str, prompt: str = "hello", **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **fields}


def read(response: http.client.HTTPResponse) -> Reply:
    """The whole answer; one that ends before its framing says so is marked as not complete."""
    parts, complete = [], True
    try:
        while data := response.read1(65536):
            parts.append(data)
        complete = not response.length
        response.close()
    except (http.client.IncompleteRead, ValueError) as cut:
        parts.append(getattr(cut, "partial", b""))
        complete = False
    except ssl.SSLEOFError:
        complete = False
    return Reply(response.status, response.headers, b"".join(parts), complete)


def read_until_closed(connection: socket.socket, seconds: float = 10) -> bytes:
    """Everything the peer sends until it closes; fails when it does not close in time."""
    received, deadline = b"", time.monotonic() + seconds
    while True:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            data = connection.recv(65536)
        except (ConnectionError, ssl.SSLError) as end:
            assert not isinstance(end, TimeoutError), f"still open after {seconds} s; got {received[:300]!r}"
            return received
        except TimeoutError:
            raise AssertionError(f"still open after {seconds} s; got {received[:300]!r}") from None
        if not data:
            return received
        received += data
