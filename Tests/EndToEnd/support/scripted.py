"""A provider made of scripts.

It listens on a loopback port and answers `POST /v1/chat/completions` by the behaviour that the request's `model` names
(see `answers.py` and `faults.py`). It works on raw sockets, because most behaviours are things that no HTTP library lets one
do: a reset before the head, a Content-Length that lies, one byte at a time.

Every request is kept in `calls`, so tests can say what reached the provider and when the gateway hung up.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Awaitable, Callable
from urllib.parse import unquote

from .serving import ServerThread

Behaviour = Callable[["Call", "Wire"], Awaitable[None]]

#: Every behaviour by the upstream model name that selects it.
BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(name: str) -> Callable[[Behaviour], Behaviour]:
    """Registers a behaviour under an upstream model name."""

    def register(function: Behaviour) -> Behaviour:
        BEHAVIOURS[name] = function
        return function

    return register


@dataclass
class Call:
    """One request that reached the provider."""

    path: str
    headers: list[tuple[str, str]]
    raw_body: bytes
    body: dict[str, Any]
    connection: int
    started: float = field(default_factory=time.monotonic)
    #: Set when the gateway closed the connection while the behaviour still ran.
    gone: threading.Event = field(default_factory=threading.Event)
    gone_at: float = 0.0
    #: Bytes of content sent so far, where the behaviour counts them.
    sent: int = 0

    @property
    def model(self) -> str:
        """The upstream model: a member of the body, or a part of the path."""
        if "model" in self.body:
            return self.body["model"]
        named = re.search(r"/models?/([^/:]+)", self.path)
        return unquote(named[1]) if named else ""

    @property
    def streamed(self) -> bool:
        return bool(self.body.get("stream")) or ":streamGenerateContent" in self.path or self.path.endswith("/converse-stream")

    @property
    def prompt(self) -> str:
        """The last message's content, as text."""
        content = self.body["messages"][-1]["content"]
        return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Wire:
    """The provider's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer
        self.open = True

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self, status: int, body: bytes, *headers: str, kind: str = "application/json") -> None:
        """A whole answer with a truthful Content-Length; the connection stays open."""
        lines = [f"HTTP/1.1 {status} Scripted", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
        await self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def reply_json(self, status: int, value: Any, *headers: str) -> None:
        await self.reply(status, json.dumps(value, ensure_ascii=False).encode(), *headers)

    async def begin_stream(self, *headers: str) -> None:
        lines = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked", *headers]
        await self.raw("\r\n".join(lines).encode() + b"\r\n\r\n")

    async def chunk(self, data: bytes) -> None:
        """One HTTP chunk."""
        await self.raw(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def event(self, value: Any) -> None:
        """One server-sent event in a chunk of its own."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        await self.chunk(f"data: {text}\n\n".encode())

    async def end_stream(self) -> None:
        await self.raw(b"0\r\n\r\n")

    def close(self) -> None:
        """An orderly end: what was written is sent, then FIN."""
        self.open = False
        self.writer.close()

    def reset(self) -> None:
        """RST: what was not read by the peer yet may be lost."""
        self.open = False
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def until_gone(self, call: Call, seconds: float) -> bool:
        """Waits until the gateway closes the connection; false when it has not within `seconds`. Ends the connection."""

        async def end() -> None:
            while await self.reader.read(4096):
                pass

        try:
            await asyncio.wait_for(end(), seconds)
        except asyncio.TimeoutError:
            return False
        except ConnectionError:
            pass
        mark_gone(call)
        self.open = False
        return True


def mark_gone(call: Call) -> None:
    call.gone_at = time.monotonic()
    call.gone.set()


class ScriptedProvider(ServerThread):
    """The provider, on a thread and event loop of its own."""

    def __init__(self, port: int = 0) -> None:
        self.calls: list[Call] = []
        self.connections = 0
        super().__init__("scripted provider", port, limit=1 << 20)
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def script(self, call: Call) -> Behaviour | None:
        """How to answer a request."""
        return BEHAVIOURS.get(call.model)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        wire, number = Wire(reader, writer), self.connections
        call: Call | None = None
        try:
            while wire.open:
                call = None
                call = await self._read_call(reader, number)
                if call is None:
                    break
                self.calls.append(call)
                script = self.script(call)
                if script is None:
                    await wire.reply_json(404, {"error": {"message": f"no behaviour {call.model!r}", "code": "model_not_found"}})
                else:
                    await script(call, wire)
        except (ConnectionError, asyncio.IncompleteReadError):
            if call is not None:
                mark_gone(call)
        finally:
            writer.close()

    async def _read_call(self, reader: asyncio.StreamReader, connection: int) -> Call | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        request_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        body = await reader.readexactly(length)
        return Call(request_line.split(" ")[1], headers, body, json.loads(body or b"{}"), connection)

    def forget(self) -> None:
        """Empties the log of calls."""
        self.calls.clear()

    def last(self, model: str, seconds: float = 60.0) -> Call:
        """The newest call with that upstream model, waiting for it when it has not arrived yet."""
        deadline = time.monotonic() + seconds
        while True:
            for call in reversed(list(self.calls)):
                if call.model == model:
                    return call
            assert time.monotonic() < deadline, f"no call for {model!r} reached the provider"
            time.sleep(0.01)
