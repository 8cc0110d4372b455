"""Measures what a request costs on each path, and compares it with costs.json (--update: writes it).

Exit status: 0 within the bounds, 1 a path costs more, 2 usage.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support import answers, gateway as support_gateway
from support.dialects.provider import DialectProvider
from support.dialects.script import Script
from support.gateway import ROOT, Gateway, Site
from support.scripted import Behaviour, Call, ScriptedProvider, Wire, behaviour

from .callgrind import busiest, control, profiled

COSTS = Path(__file__).with_name("costs.json")
#: How much more instructions than in costs.json are a rise; fewer differ from build to build by inlining.
TOLERANCE = 0.05
#: How many more allocations are a rise: one request in some hundred grows a buffer.
FURTHER_ALLOCATIONS = 1.0
WARM, COUNTED, ROUNDS = 60, 100, 3
#: Twenty events of a stream, so that what each costs is seen.
TEXT = "five " * 18

POLICIES = """
providers:
  scripted: {kind: openai, base_url: "URL", retry: {attempts: 1}, breaker: off}
  anthropic: {kind: anthropic, base_url: "BASE", api_key: none, retry: {attempts: 1}, breaker: off}
models:
  s/echo: {provider: scripted, upstream_model: echo, price: {input: 1, output: 1}, max_output_tokens: 1000}
  s/broken: {provider: scripted, upstream_model: status-500, price: {input: 1, output: 1}, max_output_tokens: 1000}
  s/stream: {provider: scripted, upstream_model: in-one-write, price: {input: 1, output: 1}, max_output_tokens: 1000}
  a/stream: {provider: anthropic, upstream_model: claude-sonnet-4-5@in-one-write, price: {input: 1, output: 1}, max_output_tokens: 1000}
  routed:
    route:
      - {when: {task: translate}, use: s/stream}
      - {when: {complexity: high, max_cost: ">=0.05"}, use: s/stream}
      - {when: {metadata.tier: gold}, use: s/stream}
      - {use: s/echo, fallback: [s/stream]}
  falling: {fallback: [s/broken, s/echo]}
organizations:
  acme:
    timezone: UTC
    teams:
      research: {}
      limited:
        limits: [{usd: 1000000, per: month}, {tokens: 1000000000, per: day}, {requests: 100000000, per: day}, {concurrent: 100}]
        each_key: [{usd: 1000000, per: month}]
"""


@behaviour("in-one-write")
async def in_one_write(call: Call, wire: Wire) -> None:
    """A whole stream in one write, so that the gateway's work does not depend on how it arrives."""
    events = "".join(f"data: {json.dumps(value)}\n\n" for value in answers.stream_of(call, TEXT)) + "data: [DONE]\n\n"
    await whole(wire, events.encode())


async def whole(wire: Wire, events: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    await wire.raw(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(events), events))


class AnthropicAtOnce(DialectProvider):
    """The same for a stream that is translated."""

    def script(self, call: Call) -> Behaviour | None:
        dialect = self.dialect(call)

        async def say(call: Call, wire: Wire) -> None:
            await whole(wire, b"".join(dialect.parts(Script(text=TEXT))))

        return say


class Caller:
    """One client on one connection, which sends a request when the answer to the last has come."""

    def __init__(self, port: int, key: str, model: str, stream: bool):
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": "What is the capital of Switzerland?"}], "stream": stream}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.request = head.encode() + body
        self.connection = socket.create_connection(("127.0.0.1", port), 60)

    def ask(self, times: int) -> None:
        for _ in range(times):
            self.connection.sendall(self.request)
            received = b""
            while not self._is_whole(received):
                part = self.connection.recv(65536)
                assert part, f"the gateway closed after {received[-200:]!r}"
                received += part
            assert received.startswith(b"HTTP/1.1 200 "), received[:500]

    @staticmethod
    def _is_whole(received: bytes) -> bool:
        head, found, body = received.partition(b"\r\n\r\n")
        if not found:
            return False
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), None)
        return body.endswith(b"0\r\n\r\n") if length is None else len(body) == length


#: Path → team, model, whether streamed.
PATHS: dict[str, tuple[str, str, bool]] = {
    "plain": ("acme/research", "s/echo", False),
    "streamed": ("acme/research", "s/stream", True),
    "under limits": ("acme/limited", "s/echo", False),
    "streamed under limits": ("acme/limited", "s/stream", True),
    "routed": ("acme/research", "routed", False),
    "fallback": ("acme/research", "falling", False),
    "translated stream": ("acme/research", "a/stream", True),
}


def measured(binary: Path, report: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Instructions and allocations per request, of the least disturbed of some rounds."""
    found: dict[str, dict[str, float]] = {}
    providers: list[Any] = [ScriptedProvider(), AnthropicAtOnce()]
    with tempfile.TemporaryDirectory(prefix="costs-") as name:
        directory = Path(name)
        support_gateway.BINARY = profiled(binary, directory)
        text = POLICIES.replace("URL", providers[0].url).replace("BASE", providers[1].url.removesuffix("/v1"))
        # One loop, and hashes that do not change from start to start.
        gateway = Gateway(Site(directory / "site", text), plain=True, PURSER_LOOPS="1", SWIFT_DETERMINISTIC_HASHING="1")
        dumps = 0
        for path, (team, model, stream) in PATHS.items():
            caller = Caller(gateway.port, gateway.site.new_key(team), model, stream)
            caller.ask(WARM)
            rounds = []
            for _ in range(ROUNDS):
                control(gateway.process.pid, "-z")
                caller.ask(COUNTED)
                control(gateway.process.pid, "-d")
                dumps += 1
                rounds.append(busiest(directory, dumps))
            instructions, allocations = (min(values) / COUNTED for values in zip(*rounds))
            found[path] = {"instructions": round(instructions), "allocations": round(allocations, 2)}
            report(f"{path:24}{instructions:12,.0f} instructions{allocations:9.2f} allocations   (rounds: {', '.join(f'{one / COUNTED:,.0f}' for one, _ in rounds)})")
        gateway.stop()
    for provider in providers:
        provider.stop()
    return found


def rises(known: dict[str, dict[str, float]], found: dict[str, dict[str, float]]) -> list[str]:
    """What costs more than it may, in words."""
    told = []
    for path, now in found.items():
        if path not in known:
            told.append(f"{path}: not in {COSTS.name}")
            continue
        was = known[path]
        if now["instructions"] > was["instructions"] * (1 + TOLERANCE):
            told.append(f"{path}: {now['instructions']:,} instructions a request, {now['instructions'] / was['instructions'] - 1:+.1%} from {was['instructions']:,}")
        if now["allocations"] > was["allocations"] + FURTHER_ALLOCATIONS:
            told.append(f"{path}: {now['allocations']} allocations a request, from {was['allocations']}")
    return told


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/check costs", description=__doc__)
    parser.add_argument("--update", action="store_true", help="keep what was measured as the new bounds")
    parser.add_argument("--binary", type=lambda text: Path(text).resolve(strict=True), default=ROOT / ".build/release/purser")
    options = parser.parse_args()
    found = measured(options.binary, lambda line: print(line, file=sys.stderr, flush=True))
    if options.update:
        COSTS.write_text(json.dumps(found, indent=2) + "\n")
        print(f"check: {COSTS.relative_to(ROOT)} holds these figures now", file=sys.stderr)
        return 0
    told = rises(json.loads(COSTS.read_text()), found)
    for line in told:
        print(f"check: {line}", file=sys.stderr)
    if told:
        print("check: if that is the price of something wanted, say so in the commit and keep it: scripts/check costs --update", file=sys.stderr)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
