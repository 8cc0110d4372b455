"""One gateway's answers to named requests, as lines of text in which only what may differ from run to run is replaced."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import ssl
import time
from typing import Any

from support.gateway import Gateway
from support.scripted import Call, ScriptedProvider

#: A request's answer that is still incomplete after so many seconds is compared as far as it came.
PATIENCE = 12.0

#: What differs from run to run, and what stands in its place.
VOLATILE: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r'"(created|created_at)": ?\d{10}'), r'"\1":CREATED'),
    (re.compile(r"dur=[0-9.]+"), "dur=N"),
    (re.compile(r'"(ms|[a-z_]*_ms|uptime[a-z_]*)": ?[0-9.]+'), r'"\1":N'),
    (re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)?"), "TIME"),
    (re.compile(r"\b20\d{6}T\d{6}Z"), "TIME"),
    (re.compile(r"(Credential=[^/]+/)\d{8}"), r"\1DAY"),
    (re.compile(r"(Signature=)[0-9a-f]{64}"), r"\1SIGNATURE"),
    (re.compile(r"chain ends with [0-9a-f]{64}"), "chain ends with HASH"),
    (re.compile(r"\b\d+ sums\b"), "N sums"),
    (re.compile(r"(?i)^(x-ratelimit-reset-[a-z]+|date): .*$", re.M), r"\1: TIME"),
]
#: Identifiers that the gateway makes: numbered in the order in which they appear in a capture, so that references stay comparable.
MADE = re.compile(r"\b(key_[0-9a-z]{8}|(req|call|chatcmpl|res|hold)[_-][0-9a-zA-Z]{12,})\b")

#: What the head of a stream says of limits: it depends on how much of the stream has come when it is written, so only exact captures keep it.
OF_THE_MOMENT = re.compile(rb"(?i)x-purser-budget-left-usd:|x-ratelimit-remaining-")


class Capture:
    """Sends requests to a gateway and keeps what came of each under its name."""

    def __init__(self, gateway: Gateway, *providers: ScriptedProvider):
        self.gateway, self.providers = gateway, providers
        self.found: dict[str, list[str]] = {}
        self.names: dict[str, str] = {}
        self.requests: dict[str, str] = {}
        admin = gateway.site.environment["PURSER_ADMIN"]
        self.admin_port = int(admin.rpartition(":")[2])
        self.admin_key = gateway.admin().key or ""
        self.fixed = {gateway.key: "KEY", self.admin_key: "ADMIN-KEY", f":{gateway.port}": ":PORT", f":{self.admin_port}": ":ADMIN-PORT", str(gateway.site.home): "HOME"}

    # --- What is sent

    def chat(self, name: str, model: Any, prompt: str = "hello, Zürich", *, headers: dict[str, str] | None = None, exact: bool = False, **fields: Any) -> bytes:
        """A chat completion."""
        body = {"model": model, "messages": [{"role": "user", "content": prompt}], **fields}
        return self.send(name, "POST", "/v1/chat/completions", body, headers, exact=exact)

    def both(self, name: str, model: Any, prompt: str = "hello, Zürich", **fields: Any) -> None:
        """The same request plain and streamed."""
        self.chat(f"{name} · plain", model, prompt, **fields)
        self.chat(f"{name} · stream", model, prompt, stream=True, **fields)

    def send(
        self, name: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, *, key: str | None = "",
        admin: bool = False, exact: bool = False,
    ) -> bytes:  # fmt: skip
        """One request on a connection of its own. A `body` that is not bytes is sent as JSON; `key`: empty for the listener's own, `None` for none."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        token = (self.admin_key if admin else self.gateway.key) if key == "" else key
        fields = {"Host": "localhost", "Connection": "close"}
        if token is not None:
            fields["Authorization"] = f"Bearer {token}"
        if body is not None:
            fields |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
        head = [f"{method} {path} HTTP/1.1", *(f"{field}: {value}" for field, value in (fields | (headers or {})).items())]
        return self.raw(name, "\r\n".join(head).encode() + b"\r\n\r\n" + data, admin=admin, exact=exact)

    def raw(self, name: str, data: bytes, *, admin: bool = False, plain: bool = False, exact: bool = False) -> bytes:
        """Sends bytes and keeps every byte until the gateway closes."""
        assert name not in self.found, f"two requests are named {name!r}"
        seen = [len(provider.calls) for provider in self.providers]
        received, ending = self._exchange(data, self.admin_port if admin else self.gateway.port, plain)
        lines = [*self._answers(received, exact), ending]
        time.sleep(0.002)
        for provider, before in zip(self.providers, seen):
            for call in provider.calls[before:]:
                lines += upstream_lines(call)
        self.found[name] = self._normal(name, lines)
        for made in re.findall(rb"(?im)^x-request-id: ([!-~]+)\r$", received):
            self.requests.setdefault(made.decode(), name)
        return received

    def command(self, name: str, *arguments: str) -> None:
        """What a command prints."""
        done = self.gateway.site.run(*arguments)
        self.found[name] = self._normal(name, [f"exit {done.returncode}", *done.stdout.splitlines(), *done.stderr.splitlines()])

    def _exchange(self, data: bytes, port: int, plain: bool) -> tuple[bytes, str]:
        received, deadline = b"", time.monotonic() + PATIENCE
        connection: socket.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        if not (plain or self.gateway.plain):
            connection = self.gateway.site.trust().wrap_socket(connection, server_hostname="localhost")
        with connection:
            try:
                connection.sendall(data)
                while True:
                    connection.settimeout(max(0.01, deadline - time.monotonic()))
                    if not (part := connection.recv(65536)):
                        return received, "(closed)"
                    received += part
            except TimeoutError:
                return received, "(still open)"
            except ssl.SSLError as error:
                return received, f"(TLS: {error.reason})"
            except ConnectionError as error:
                return received, f"({type(error).__name__})"

    # --- What is kept

    def _answers(self, received: bytes, exact: bool) -> list[str]:
        """The responses on one connection, each as head and body."""
        lines: list[str] = []
        while received:
            head, found, rest = received.partition(b"\r\n\r\n")
            streamed = b"\r\ncontent-type: text/event-stream" in head
            lines += [shown(line) for line in head.split(b"\r\n") if not (streamed and not exact and OF_THE_MOMENT.match(line))]
            if not found:
                return [*lines, "(the head is cut)"]
            lines.append("")
            if re.search(rb"(?i)\r\ntransfer-encoding: chunked", head):
                body, sizes, rest = unchunked(rest)
                if exact:
                    lines.append(f"chunks of {sizes}")
                if not sizes or sizes[-1] != 0:
                    lines.append("(the chunked body is cut)")
            else:
                length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
                bodiless = re.match(rb"HTTP/1.1 (1..|204|304)", head)
                size = 0 if bodiless else min(int(length[1]), len(rest)) if length else len(rest)
                body, rest = rest[:size], rest[size:]
                if length and int(length[1]) == size:
                    # Identifiers and times have no fixed length.
                    lines = [re.sub(r"(?i)^(content-length): \d+$", r"\1: as it is", line) for line in lines]
            lines += [shown(line) for line in body.split(b"\n")]
            received = rest
        return lines

    def _normal(self, name: str, lines: list[str]) -> list[str]:
        text = "\n".join(lines)
        for value, stand_in in self.fixed.items():
            text = text.replace(value, stand_in)
        text = re.sub(r"(?m)^(retry-after(?:-ms)?): (\d+)$", lambda found: f"{found[1]}: {about(found[1], int(found[2]))}", text)
        for pattern, stand_in in VOLATILE:
            text = pattern.sub(stand_in, text)
        return MADE.sub(lambda match: self._named(name, match[0]), text).split("\n")

    def _named(self, name: str, made: str) -> str:
        kind = re.split("[_-]", made)[0]
        return self.names.setdefault(made, f"{kind}-of-«{name}»-{sum(1 for one in self.names.values() if one.startswith(f'{kind}-of-«{name}»'))}")

    # --- Records

    def finish(self) -> dict[str, list[str]]:
        """Ends the gateway, and adds the records of every request and the sums to what was found."""
        self.gateway.stop()
        done = self.gateway.site.run("usage", "--format", "jsonl", check=True)
        for line in done.stdout.splitlines():
            record = json.loads(line)
            name = self.requests.get(record["request_id"], "records of no known request")
            # Whether a call that failed or said nothing had a first token depends on what came in one read.
            certain = record["status"] == "ok" and not record["model"].endswith("/nothing")
            record |= {"time": "T", "latency_ms": "T", "first_token_ms": None if certain and record["first_token_ms"] is None else "T"}
            self.found.setdefault(name, []).extend(self._normal(name, [f"record {json.dumps(record, ensure_ascii=False)}"]))
        for name, row in self._rows():
            self.found.setdefault(name, []).extend(self._normal(name, [f"row {row}"]))
        for grouping in ("model,team,key", "task,route,arm"):
            self.command(f"usage by {grouping}", "usage", "--by", grouping, "--format", "csv")
        self.command("budgets", "budgets", "--format", "json")
        self.command("verify", "ledger", "verify")
        return self.found

    def _rows(self) -> list[tuple[str, str]]:
        """The records as the ledger's file has them."""
        ledger = sqlite3.connect(f"file:{self.gateway.site.state / 'ledger.db'}?mode=ro", uri=True)
        ledger.row_factory = sqlite3.Row
        words = dict(ledger.execute("SELECT id, text FROM name"))
        named = ("org", "team", "key_id", "requested_model", "route", "task", "complexity", "experiment", "arm", "role", "provider", "model", "error_code", "tool")
        rows = []
        for row in ledger.execute("SELECT * FROM usage_record ORDER BY request_id, time"):
            record = {name: words.get(row[name], row[name]) if name in named else row[name] for name in row.keys()}
            record |= {field: None if record[field] is None else field for field in ("id", "time", "latency_us", "hash", "price_version")}
            del record["first_token_us"]
            rows.append((self.requests.get(record["request_id"], "records of no known request"), repr(record)))
        ledger.close()
        return rows


def about(field: str, value: int) -> str:
    """A time to wait, without what depends on the moment: the rest of a day is only that."""
    milliseconds = field.endswith("-ms")
    if value > (3_600_000 if milliseconds else 3_600):
        return "until the window ends"
    return f"about {round(value, -2)}" if milliseconds else str(value)


def shown(line: bytes) -> str:
    """Bytes as text that shows what is not UTF-8 or not printable."""
    text = line.decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() or letter == "\t" else f"\\x{ord(letter):02x}" for letter in text)


def unchunked(data: bytes) -> tuple[bytes, list[int], bytes]:
    """The body in chunked exact, the sizes of its chunks, and what follows it."""
    body, sizes = b"", []
    while (line := re.match(rb"([0-9A-Fa-f]+)\r\n", data)) is not None:
        size, at = int(line[1], 16), line.end()
        if len(data) < at + size + 2:
            return body + data[at:], sizes, b""
        assert data[at + size : at + size + 2] == b"\r\n", data[:200]
        body, data = body + data[at : at + size], data[at + size + 2 :]
        sizes.append(size)
        if size == 0:
            return body, sizes, data
    return body + data, sizes, b""


def upstream_lines(call: Call) -> list[str]:
    """What reached a provider."""
    return ["", f"→ {call.path}", *(f"→ {name}: {value}" for name, value in call.headers), *(f"→ {shown(line)}" for line in call.raw_body.split(b"\n"))]
