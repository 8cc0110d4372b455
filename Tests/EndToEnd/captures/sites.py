"""The requests: for each set of policies a gateway of its own and what it is asked, in a fixed order."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support import answers, faults  # noqa: F401  (they register the behaviours)
from support.dialects import DIALECTS
from support.dialects.faults import FAULTS
from support.dialects.provider import KEYS, DialectProvider, policies as dialect_policies
from support.dialects.sayings import SAYINGS
from support.gateway import Gateway, Site, free_port
from support.picky import PickyProvider
from support.policies import FILE_KEY, PRICE, policies
from support.routing import policies as routing_policies
from support.scripted import BEHAVIOURS, Behaviour, Call, ScriptedProvider, Wire, behaviour

from test_fallback import MODELS as FALLBACK_MODELS, PROVIDERS as FALLBACK_PROVIDERS, TEAMS as FALLBACK_TEAMS
from test_http_errors import BAD_BODIES
from test_protocol import CHUNKED, RUBBISH, SMUGGLING
from test_providers import FORMAT, PIXEL, TOOLS
from test_refused_additions import CASES as REFUSED, policy as picky_policy
from test_routing import CEILINGS, RULES
from test_types_at_the_door import WRONG

from .capture import Capture

EXPLAIN = {"x-purser-explain": "true"}
CHAT = "/v1/chat/completions"
#: Behaviours without an end, or with so many bytes that only their number would be compared.
WITHOUT_END = {"flood", "torrent", "endless-stream", "big-stream", "large-events", "drip-forever", "endless-body", "endless-event", "silent", "silent-mid-stream", "slow-plain", "slow-first", "slow-stream"}


@behaviour("at-once")
async def at_once(call: Call, wire: Wire) -> None:
    """A whole stream in one write: the chunks that the client gets depend on the gateway alone."""
    events = "".join(f"data: {json.dumps(value)}\n\n" for value in answers.stream_of(call, "all at once")) + "data: [DONE]\n\n"
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    await wire.raw(f"{head}{len(events):x}\r\n{events}\r\n0\r\n\r\n".encode())


@behaviour("paced")
async def paced(call: Call, wire: Wire) -> None:
    """An event every tenth of a second."""
    await answers.answer(call, wire, "pace by pace", pause=0.1)


class PacedDialects(DialectProvider):
    """Knows one behaviour more: an event every twentieth of a second."""

    def script(self, call: Call) -> Behaviour | None:
        dialect = self.dialect(call)

        async def say(call: Call, wire: Wire) -> None:
            await dialect.begin(wire)
            for part in dialect.parts(SAYINGS["echo"](dialect, call.body)):
                await wire.chunk(part)
                await asyncio.sleep(0.05)
            await wire.end_stream()

        return say if call.model.endswith("@paced") else super().script(call)


class Providers:
    """The upstreams, the same for both builds so that their addresses are."""

    def __init__(self) -> None:
        self.scripted, self.dialects, self.picky = ScriptedProvider(), PacedDialects(), PickyProvider()
        self.nobody = f"http://127.0.0.1:{free_port()}/v1"

    def stop(self) -> None:
        for provider in (self.scripted, self.dialects, self.picky):
            provider.stop()


def running(home: Path, text: str, *providers: ScriptedProvider, keys: dict[str, str] | None = None, **environment: str) -> Capture:
    """A gateway with one loop, so that its records have one order."""
    site = Site(home / "site", text)
    site.environment |= keys or {}
    return Capture(Gateway(site, PURSER_LOOPS="1", **environment), *providers)


# --- One dialect on both sides


def passing(home: Path, providers: Providers) -> dict[str, list[str]]:
    """Every behaviour of a provider that speaks OpenAI's API, and every way to ask."""
    nobody = providers.nobody
    capture = running(home, policies(providers.scripted.url, nobody, nobody, nobody), providers.scripted)
    for name in sorted(BEHAVIOURS.keys() - WITHOUT_END):
        capture.both(name, f"scripted/{name}", headers=EXPLAIN if "status" in name else None, exact=name in ("at-once", "paced"))
    for name in ("silent", "slow-plain"):
        capture.both(f"hasty {name}", f"hasty/{name}")
    capture.chat("hasty silent-mid-stream", "hasty/silent-mid-stream", stream=True)
    capture.chat("hasty drip-forever", "hasty/drip-forever")
    capture.both("refused", "refused/echo", headers=EXPLAIN)
    for name, headers in {
        "explain": EXPLAIN, "timeout": {"x-purser-timeout": "300ms"}, "own request id": {"x-request-id": "mine-1"}, "bad request id": {"x-request-id": "a b"},
        "traceparent": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, "metadata": {"x-purser-metadata": '{"a":"b"}'},
        "bad metadata": {"x-purser-metadata": "{"}, "max cost": {"x-purser-max-cost": "0.5"}, "no max cost": {"x-purser-max-cost": "x"}, "bad timeout": {"x-purser-timeout": "soon"},
        "bad explain": {"x-purser-explain": "maybe"}, "origin": {"Origin": "https://app.example"},
    }.items():  # fmt: skip
        capture.both(f"header {name}", "scripted/slow-plain" if "timeout" == name else "scripted/echo", headers=headers)
    for name, fields in {
        "tools": {"tools": TOOLS, "tool_choice": "auto"}, "format": {"response_format": FORMAT}, "two choices": {"n": 2}, "usage": {"stream_options": {"include_usage": True}},
        "no usage": {"stream_options": {"include_usage": False}}, "user": {"user": "ada"}, "metadata": {"metadata": {"project": "x", "a": "ü"}}, "nulls": {"stop": None, "tools": []},
        "settings": {"temperature": 0.5, "top_p": 1, "seed": 7, "logit_bias": {"5": 1}}, "limit": {"max_tokens": 33}, "new limit": {"max_completion_tokens": 33}, "ceiling": {"max_cost": 0.5},
        "low ceiling": {"max_cost": 0.0000001}, "mcp": {"mcp_servers": ["x"]}, "turns": {"max_turns": 3}, "base_url": {"base_url": "http://x"}, "models": {"models": ["scripted/status-500", "scripted/echo"]},
        "effort": {"reasoning_effort": "low"}, "unknown": {"made_up": {"deep": [1, 2.50, 1e3]}},
    }.items():  # fmt: skip
        capture.both(f"member {name}", "scripted/echo", **fields)
    capture.both("image", "scripted/echo", messages=[{"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]}])
    capture.both("list of models", ["scripted/status-500", {"model": "scripted/echo", "settings": {"temperature": 0}}], headers=EXPLAIN)
    capture.both("alias", "short-name")
    capture.both("free", "scripted/free", headers=EXPLAIN)
    capture.both("unknown model", "scripted/ecko")
    for name, body, _ in BAD_BODIES:
        capture.send(f"body {name}", "POST", CHAT, body)
    for number, (fields, _) in enumerate(WRONG):
        capture.chat(f"wrong type {number}", "scripted/echo", **fields)
    return capture.finish()


# --- HTTP


def door(home: Path, providers: Providers) -> dict[str, list[str]]:
    """Endpoints, keys, CORS, and bytes that are not quite HTTP."""
    nobody = providers.nobody
    text = policies(providers.scripted.url, nobody, nobody, nobody) + 'cors: {origins: ["https://app.example"]}\n'
    capture = running(home, text, providers.scripted)
    gateway = capture.gateway
    for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE", "BREW"):
        for path in ("/healthz", "/readyz", "/v1/models", "/models", "/v1/models/scripted/echo", "/v1/models/nothing", "/v1/models/scripted%2Fecho", CHAT, "/", "/v1//models/", "/nowhere", "*"):
            capture.send(f"{method} {path}", method, path)
    for name, headers in {"none": {}, "wrong": {"Authorization": "Bearer sk-purser-wrong"}, "basic": {"Authorization": "Basic dTpw"}, "x-api-key": {"x-api-key": gateway.key}, "api-key": {"api-key": gateway.key}, "file": {"Authorization": f"Bearer {FILE_KEY}"}, "two": {"Authorization": "Bearer x", "x-api-key": gateway.key}}.items():
        capture.send(f"key {name} · chat", "POST", CHAT, {"model": "scripted/echo", "messages": [{"role": "user", "content": "k"}]}, headers, key=None)
        capture.send(f"key {name} · models", "GET", "/v1/models", headers=headers, key=None)
    capture.send("file key, other model", "POST", CHAT, {"model": "scripted/priced", "messages": [{"role": "user", "content": "k"}]}, key=FILE_KEY)
    for origin in ("https://app.example", "https://evil.example"):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        capture.send(f"preflight {origin}", "OPTIONS", CHAT, headers=asked, key=None)
        capture.both(f"origin {origin}", "scripted/echo", headers={"Origin": origin})
        capture.both(f"error for {origin}", "scripted/status-500", headers={"Origin": origin})
    body = json.dumps({"model": "scripted/echo", "messages": [{"role": "user", "content": "raw"}]}).encode()
    host = f"Host: localhost\r\nAuthorization: Bearer {gateway.key}\r\nContent-Type: application/json\r\n".encode()
    post, close = b"POST /v1/chat/completions HTTP/1.1\r\n" + host, b"Connection: close\r\n"
    whole = post + b"Content-Length: %d\r\n" % len(body)
    for name, refused in SMUGGLING.items():
        capture.raw(f"framing {name}", refused.replace("KEY", gateway.key).encode("latin-1") + whole + close + b"\r\n" + body)
    for number, rubbish in enumerate(RUBBISH):
        capture.raw(f"rubbish {number}", rubbish)
    capture.raw("plain HTTP", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", plain=True)
    capture.raw("three on one connection", whole + b"\r\n" + body + b"GET /v1/models/scripted/echo HTTP/1.1\r\n" + host + b"\r\n" + whole + close + b"\r\n" + body)
    streamed = body[:-1] + b', "stream": true}'
    capture.raw("streams on one connection", (post + b"Content-Length: %d\r\n\r\n" % len(streamed) + streamed) * 2 + whole + close + b"\r\n" + body)
    capture.raw("a refusal, then another", post + b"Content-Length: 2\r\n\r\n{}" + whole + close + b"\r\n" + body)
    capture.raw("HTTP 1.0", whole.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n" + body)
    capture.raw("HTTP 1.0, stream", post.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Content-Length: %d\r\n\r\n" % len(streamed) + streamed)
    capture.raw("chunked body", post + close + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:])) + b"0\r\nX-Trailer: y\r\n\r\n")
    capture.raw("continue", whole + close + b"Expect: 100-continue\r\n\r\n" + body)
    capture.raw("another expectation", whole + close + b"Expect: miracles\r\n\r\n" + body)
    capture.raw("too long a body", post + close + b"Content-Length: 99999999\r\n\r\n")
    capture.raw("too long a line", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n")
    capture.raw("too long a head", post + b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(100)) + b"\r\n")
    capture.raw("too many fields", post + b"".join(b"X-%d: y\r\n" % number for number in range(1000)) + b"\r\n")
    packed = gzip.compress(body, mtime=0)
    capture.raw("gzip", post + close + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)
    capture.raw("broken gzip", post + close + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    capture.raw("unknown coding", post + close + b"Content-Encoding: br\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    capture.raw("another type", whole.replace(b"application/json", b"text/plain") + close + b"\r\n" + body)
    return capture.finish()


# --- Providers with an API of their own


def apis(home: Path, providers: Providers) -> dict[str, list[str]]:
    """Every saying and fault of every provider API."""
    capture = running(home, dialect_policies(providers.dialects.url, providers.scripted.url), providers.dialects, providers.scripted, keys=KEYS)
    talk = [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "call_zrh", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Zürich"}'}}]},
        {"role": "tool", "tool_call_id": "call_zrh", "content": "sunny"},
    ]  # fmt: skip
    for kind in DIALECTS:
        for saying in SAYINGS:
            fields = {"tools": TOOLS} if saying in ("tools", "think", "garbled") else {"response_format": FORMAT} if saying == "structured" else {}
            capture.both(f"{kind} {saying}", f"{kind}/{saying}", **fields)
        for stop in ("max_tokens", "MAX_TOKENS", "length", "refusal", "SAFETY", "content_filtered", "odd"):
            capture.both(f"{kind} stop {stop}", f"{kind}/stop-{stop}")
        for fault in sorted(FAULTS.keys() - {"endless", "slow", "cut-at", "long-text"} - ({"strict"} if kind == "azure" else set())):
            capture.both(f"{kind} {fault}", f"{kind}/{fault}", headers=EXPLAIN)
        # Converse has no id: the gateway makes one, of no fixed length.
        capture.chat(f"{kind} paced", f"{kind}/paced", "pace by pace", stream=True, exact=kind != "bedrock")
        capture.both(f"{kind} results", f"{kind}/tools", messages=talk, tools=TOOLS)
        capture.both(f"{kind} thinking", f"{kind}/think", reasoning_effort="high", tools=TOOLS)
        capture.both(f"{kind} clamped", f"clamped-{kind}", max_cost=0.01, headers=EXPLAIN)
        capture.both(f"{kind} short", f"short-{kind}", stream_options={"include_usage": True})
        capture.both(f"{kind} hedged", f"race-{kind}", headers=EXPLAIN)
        for number in (0, 40, 200, 400, 700):
            capture.chat(f"{kind} cut at {number}", f"{kind}/cut-at--{number}", stream=True)
        capture.both(f"{kind} unsupported", f"{kind}/echo", logprobs=True, n=2)
    capture.both("stubborn", "stubborn/broken", headers=EXPLAIN)
    capture.both("v1", "v1/echo")
    capture.both("limited", "limited/echo", max_tokens=2000)
    return capture.finish()


def refused(home: Path, providers: Providers) -> dict[str, list[str]]:
    """Providers that refuse what the gateway has added."""
    capture = running(home, picky_policy(providers.picky), providers.picky)
    for name, _, upstream, refusal, fields, _ in REFUSED:
        providers.picky.refusals[upstream] = [refusal]
        capture.chat(name, name, **fields)
        capture.chat(f"{name} again", name, **fields)
    return capture.finish()


# --- Decisions


def routing(home: Path, providers: Providers) -> dict[str, list[str]]:
    """Rules, ceilings, experiments, balance."""
    capture = running(home, routing_policies(providers.scripted.url, providers.nobody), providers.scripted)
    for number, (rule, prompt, fields, headers, _) in enumerate(RULES):
        capture.chat(f"rule {number} {rule}", "auto", prompt, headers=EXPLAIN | headers, **fields)
    for number, (fields, headers, _) in enumerate(CEILINGS):
        capture.both(f"ceiling {number}", "chain", "hello", headers=EXPLAIN | headers, **fields)
    for model in ("chain", "clamped", "cheap", "best", "falling", "hopeless", "outer", "only-gold", "standby", "spare", "dear-chain", "darkness", "twilight", "tuned"):
        capture.both(model, model)
        capture.both(f"{model} explained", model, headers=EXPLAIN)
        capture.both(f"{model}, little", model, headers=EXPLAIN, max_cost=0.0001)
    for user in ("ada", "bob", "eve", "ümit"):
        capture.both(f"split for {user}", "assistant", user=user, headers=EXPLAIN)
        capture.both(f"session {user}", "cosy", headers=EXPLAIN | {"x-session-id": user.encode("ascii", "replace").decode()})
        capture.chat(f"project {user}", "by-project", metadata={"project": user}, headers=EXPLAIN)
    for number in range(6):
        capture.both(f"breaker {number}", "healing", headers=EXPLAIN)
    for number, (_, prompt, _, _, _) in enumerate(RULES[:6]):
        capture.command(f"route {number}", "route", "--model", "auto", "--json", prompt)
    capture.command("check", "check")
    return capture.finish()


def falling(home: Path, providers: Providers) -> dict[str, list[str]]:
    """Fallback, retries and hedges."""
    text = FALLBACK_PROVIDERS.format(url=providers.scripted.url, gone=providers.nobody) + FALLBACK_MODELS.format(price=PRICE) + FALLBACK_TEAMS
    capture = running(home, text, providers.scripted)
    for model in ("robust", "hopeless", "refused", "patient", "hedged", "hedged-calm", "streamed", "too-late", "flaky/status-503", "flaky/status-429", "flaky/error-first-in-stream", "flaky/cut-stream", "guarded"):
        capture.both(model, model, headers=EXPLAIN)
    capture.chat("hedged-bad", "hedged-bad", headers=EXPLAIN)
    capture.chat("hedged-stream", "hedged-stream", headers=EXPLAIN, stream=True)
    for number in range(4):
        capture.both(f"guarded {number}", "guarded", headers=EXPLAIN)
    capture.both("cooled", "limited/echo", headers=EXPLAIN)
    return capture.finish()


# --- Money

LIMITS = """
providers:
  scripted: {kind: openai, base_url: URL, retry: {attempts: 1}, breaker: off}
models:
  "s/*": {provider: scripted, upstream_model: "*", price: {input: 0, output: 1000}, max_output_tokens: 100000}
  chain: {fallback: [s/status-500, s/echo]}
  hedged: {fallback: [s/slow-plain, s/echo], hedge: {after: 150ms}}
organizations:
  acme:
    timezone: UTC
    limits: [{usd: 90, per: total}, {usd: 0.05, per: total, soft: true}]
    teams:
      research: {limits: [{usd: 50, per: total}, {tokens: 10000000, per: total}]}
      poor: {limits: [{usd: 0.05, per: total}]}
      rare: {limits: [{requests: 3, per: day}]}
      terse: {limits: [{tokens: 300, per: day}]}
      single: {limits: [{concurrent: 1}]}
      personal: {each_user: [{usd: 0.02, per: total}], each_key: [{requests: 4, per: day}]}
      partly: {limits: [{usd: 0.01, per: total, models: [s/priced]}]}
"""


def money(home: Path, providers: Providers) -> dict[str, list[str]]:
    """Limits that refuse, reservations that come back, idempotent retries, the admin listener."""
    capture = running(home, LIMITS.replace("URL", providers.scripted.url), providers.scripted)
    for model in ("s/echo", "s/priced", "s/no-usage", "s/status-500", "s/status-400", "s/cut-stream", "s/reset-stream", "s/short-body", "s/error-in-stream", "s/obedient", "chain", "hedged"):
        capture.both(f"rich {model}", model, max_tokens=50)
        capture.both(f"rich, explained {model}", model, max_tokens=50, headers=EXPLAIN)
    capture.chat("rich, at once", "s/at-once", max_tokens=50, stream=True, exact=True)
    for team in ("poor", "rare", "terse", "single", "personal", "partly"):
        key = capture.gateway.site.new_key(f"acme/{team}")
        capture.fixed[key] = f"{team.upper()}-KEY"
        for number in range(6):
            for model in ("s/echo", "chain", "s/priced"):
                body = {"model": model, "messages": [{"role": "user", "content": f"round {number}"}], "max_tokens": 12, "user": "ada" if number % 2 else "bob"}
                streamed = {"stream": True} if number > 2 else {}
                capture.send(f"{team} {model} {number}", "POST", CHAT, body | streamed, EXPLAIN if number % 2 else None, key=key)
        capture.send(f"{team} unlimited output", "POST", CHAT, {"model": "s/echo", "messages": [{"role": "user", "content": "x"}]}, key=key)
    for name in ("echo", "status-500", "cut-stream", "at-once"):
        for number in range(3):
            capture.both(f"idempotent {name} {number}", f"s/{name}", max_tokens=9, headers={"Idempotency-Key": f"key-{name}-plain"} if name == "echo" else {"Idempotency-Key": f"key-{name}"})
    capture.chat("idempotent, other body", "s/echo", "another", max_tokens=9, headers={"Idempotency-Key": "key-echo-plain"})
    capture.chat("idempotent, bad", "s/echo", headers={"Idempotency-Key": "ä"})
    administer(capture)
    return capture.finish()


def administer(capture: Capture) -> None:
    """The admin listener."""
    for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
        for path in ("/healthz", "/admin/v1/budgets", "/admin/v1/budgets?scope=acme%2Fpoor", "/admin/v1/budgets?scope=", "/admin/v1/reload", "/admin/v1/ledger/refund", "/v1/models", "/nothing"):
            capture.send(f"admin {method} {path}", method, path, admin=True)
    for name, headers in {"none": {}, "wrong": {"Authorization": "Bearer x"}, "another field": {"x-api-key": capture.admin_key}}.items():
        capture.send(f"admin key {name}", "GET", "/admin/v1/budgets", headers=headers, key=None, admin=True)
    capture.send("admin, another host", "GET", "/admin/v1/budgets", headers={"Host": "evil.example"}, admin=True)
    for number, body in enumerate((b"{", b"[]", {}, {"id": 7}, {"id": "x" * 300}, {"id": "x", "note": 7}, {"id": "req_nobody"}, {"id": "x", "amount": 5})):
        capture.send(f"refund {number}", "POST", "/admin/v1/ledger/refund", body, admin=True)
    (capture.gateway.site.policies / "more.yaml").write_text("models:\n  bad: {fallback: [s/for, nothing/x]}\nteams: {}\n")
    capture.send("reload of a mistake", "POST", "/admin/v1/reload", admin=True)
    capture.send("readiness after a mistake", "GET", "/readyz")
    (capture.gateway.site.policies / "more.yaml").write_text("models:\n  more: {fallback: [s/echo]}\n")
    capture.send("reload", "POST", "/admin/v1/reload", admin=True)
    capture.both("after the reload", "more", max_tokens=5)
    time.sleep(0.5)


SITES: dict[str, Callable[[Path, Providers], dict[str, list[str]]]] = {
    "passing": passing, "door": door, "apis": apis, "refused": refused, "routing": routing, "falling": falling, "money": money,
}  # fmt: skip
