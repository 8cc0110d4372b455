"""Many clients at once, in one event loop: connections that stay open, answers read to their end."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .gateway import Gateway
from .http import chat_body


@dataclass
class LoadReply:
    """An answer. `whole` when its framing says that it has ended; a stream must have said `[DONE]` besides."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)

    @property
    def code(self) -> str | None:
        """The error's code; of a stream that of its last event."""
        if self.is_stream:
            last = self.body.rstrip().rpartition(b"data: ")[2]
            return None if last == b"[DONE]" else json.loads(last).get("error", {}).get("code")
        return self.json().get("error", {}).get("code")

    @property
    def usage(self) -> dict[str, Any] | None:
        """What the answer says it used, money included."""
        if not self.is_stream:
            return self.json().get("usage")
        events = [event.removeprefix(b"data: ") for event in self.body.split(b"\n\n") if event.startswith(b"data: {")]
        return next((usage for event in reversed(events) if (usage := json.loads(event, parse_float=Decimal).get("usage"))), None)


class Gone(Exception):
    """The gateway closed the connection before the answer's end. `reply` is what had come, if a head had."""

    def __init__(self, reply: LoadReply | None = None):
        super().__init__("the connection ended")
        self.reply = reply


class Connection:
    """One client. It connects when it first has something to ask, and again after it or the gateway has hung up.

    With a `turn`, connecting waits for it: a thousand handshakes at once take a slow machine longer than the gateway waits for a request.
    """

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, turn: asyncio.Semaphore | None = None):
        self.host, self.port, self.tls, self.turn = host, port, tls, turn or asyncio.Semaphore(1)
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls, limit=1 << 20, ssl_handshake_timeout=60 if self.tls else None)

    def hang_up(self) -> None:
        """Leaves at once, whatever is on its way."""
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None

    async def send(self, method: str, path: str, key: str, body: Any = None, headers: dict[str, str] | None = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        fields = {"Host": self.host, "Authorization": f"Bearer {key}", "Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
        async with self.turn if self.writer is None else nullcontext():
            await self.open()
            self.writer.write(head.encode() + data)
            await self.writer.drain()

    async def receive(self, leave_after: int | None = None) -> LoadReply:
        """The answer. With `leave_after` the client leaves after so many pieces of a stream, and what it has is not whole."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except (asyncio.IncompleteReadError, OSError):
            self.hang_up()
            raise Gone from None
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        reply = LoadReply(int(head[0].split()[1]), fields, b"", False)
        try:
            if fields.get("transfer-encoding") == "chunked":
                await self._chunks(reply, leave_after)
            else:
                reply.body = await self.reader.readexactly(int(fields["content-length"]))
                reply.whole = True
        except (asyncio.IncompleteReadError, OSError):
            self.hang_up()
            raise Gone(reply) from None
        if fields.get("connection") == "close" or not reply.whole:
            self.hang_up()
        return reply

    async def _chunks(self, reply: LoadReply, leave_after: int | None) -> None:
        received = 0
        while leave_after is None or received < leave_after:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            piece = await self.reader.readexactly(size + 2)
            if not size:
                reply.whole = not reply.is_stream or reply.body.endswith(b"data: [DONE]\n\n")
                return
            reply.body += piece[:-2]
            received += 1

    async def ask(self, key: str, model: str, prompt: str, headers: dict[str, str] | None = None, leave_after: int | None = None, **fields: Any) -> LoadReply:
        """A chat completion."""
        await self.send("POST", "/v1/chat/completions", key, chat_body(model, prompt, **fields), headers)
        return await self.receive(leave_after)


def run_clients(gateway: Gateway, count: int, work: Callable[[Connection, int], Awaitable[None]], beside: Callable[[], Awaitable[None]] | None = None) -> None:
    """Runs `work` once for each of `count` clients, all at once; `beside` goes on until they are done."""
    tls, turn = None if gateway.plain else gateway.site.trust(), asyncio.Semaphore(64)

    async def client(number: int) -> None:
        connection = Connection(gateway.host, gateway.port, tls, turn)
        try:
            await work(connection, number)
        finally:
            connection.hang_up()

    async def all_of_them() -> None:
        other = asyncio.create_task(beside()) if beside else None
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(count):
                    group.create_task(client(number))
        finally:
            if other:
                other.cancel()
                result = await asyncio.gather(other, return_exceptions=True)
        if other and not isinstance(result[0], asyncio.CancelledError):
            raise result[0]

    asyncio.run(all_of_them())
