"""One server that speaks every dialect: the path tells which, the upstream model's part after `@` what happens."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Awaitable, Callable

from ..faults import HTML, PRIVATE_TEXT
from ..scripted import Behaviour, Call, ScriptedProvider, Wire
from . import DIALECTS
from .script import Dialect, Script, Usage

#: Handed to the gateway in its environment; none may appear anywhere but in requests to the provider.
KEYS = {
    "E2E_ANTHROPIC_KEY": "sk-ant-CANARY-1b9f6e2d7c",
    "E2E_GEMINI_KEY": "AIzaCANARY-84c2a1f0e5b7",
    "E2E_AZURE_KEY": "azure-CANARY-60d3e9c7a2",
    "E2E_AWS_ID": "AKIACANARY5E2F7A91B0",
    "E2E_AWS_SECRET": "aws/secret+CANARY-d41d8cd98f00b204e9800998",
    "E2E_AWS_TOKEN": "aws-session-CANARY-9a0364b9e99bb480dd25",
}
REGION = "eu-central-1"
PRICE = "{input: 3, cached_input: 0.30, cache_write: 3.75, output: 15}"

WEATHER = [("call_zrh", "get_weather", {"city": "Zürich", "days": 2}), ("call_gva", "get_weather", {"city": "Genève"})]
SIGNATURE = "c2lnbmF0dXJlLW9mLXRoZS1wcm92aWRlcg=="
#: Arguments as a model may leave them when it is interrupted.
GARBLED = '{"city": "Zür'
THOUGHT = "Ich überlege: the user wants the weather."


def policies(url: str, plain_url: str) -> str:
    """Providers of every kind, each kind's behaviours as `KIND/BEHAVIOUR`, and some models with a purpose."""
    common = f"base_url: {url.removesuffix('/v1')}, retry: {{attempts: 1}}, breaker: off, timeouts: {{first_byte: 20s, idle: 20s}}"
    aws = "access_key_id: ${E2E_AWS_ID}, secret_access_key: ${E2E_AWS_SECRET}, session_token: ${E2E_AWS_TOKEN}"
    lines = [
        "providers:",
        f"  anthropic: {{kind: anthropic, api_key: ${{E2E_ANTHROPIC_KEY}}, {common}}}",
        f"  gemini: {{kind: gemini, api_key: ${{E2E_GEMINI_KEY}}, {common}}}",
        f'  azure: {{kind: azure, api_key: ${{E2E_AZURE_KEY}}, api_version: "2024-10-21", {common}}}',
        f"  azure-v1: {{kind: azure, api_key: ${{E2E_AZURE_KEY}}, api_version: v1, {common}}}",
        f"  bedrock: {{kind: bedrock, region: {REGION}, {aws}, {common}}}",
        f"  stubborn: {{kind: bedrock, region: {REGION}, {aws}, {common.replace('attempts: 1', 'attempts: 3, backoff: 600ms')}}}",
        f"  plain: {{kind: openai, base_url: {plain_url}, retry: {{attempts: 1}}, breaker: off}}",
        "models:",
        f"  plain/echo: {{provider: plain, price: {PRICE}}}",
        f"  stubborn/broken: {{provider: stubborn, upstream_model: {DIALECTS['bedrock'].family}@broken, price: {PRICE}}}",
        f"  v1/echo: {{provider: azure-v1, upstream_model: gpt-5-mini@echo, price: {PRICE}}}",
        f"  limited/echo: {{provider: anthropic, upstream_model: claude-sonnet-4-5@echo, max_output_tokens: 900, price: {PRICE}}}",
        "  old/structured: {provider: anthropic, upstream_model: claude-3-haiku@structured, price: free}",
    ]
    for dialect in DIALECTS.values():
        lines.append(f'  "{dialect.kind}/*": {{provider: {dialect.kind}, upstream_model: "{dialect.family}@*", price: {PRICE}}}')
    return "\n".join(lines) + "\norganizations: {acme: {teams: {research: {}}}}\n"


# --- What a model says


def echo(dialect: Dialect, body: dict[str, Any]) -> Script:
    return Script(text=dialect.prompt(body))


def tools(dialect: Dialect, body: dict[str, Any]) -> Script:
    """Two calls at once; when their results are there, what they were."""
    results = dialect.results(body)
    return Script(text=json.dumps(results)) if results else Script(text="Let me look.", tools=WEATHER)


def think(dialect: Dialect, body: dict[str, Any]) -> Script:
    """Thinks and calls; the second time says which proofs of its thinking have come back."""
    if dialect.results(body):
        return Script(text="proofs: " + ",".join(dialect.proofs(body)))
    return Script(thinking=THOUGHT, signature=SIGNATURE, tools=WEATHER[:1])


def priced(dialect: Dialect, body: dict[str, Any]) -> Script:
    written = 200 if dialect.counts_cache_writes else 0
    return Script(text="worth it", usage=Usage(600, 400, written, 500, 120 if dialect.counts_reasoning else 0))


def structured(dialect: Dialect, body: dict[str, Any]) -> Script:
    """Keeps to the schema if it is told one, by whatever means."""
    schema = dialect.wanted_schema(body)
    if schema:
        return Script(text=json.dumps({name: "Zürich" for name in schema["properties"]}, ensure_ascii=False))
    for name, offered in dialect.offered(body).items():
        return Script(tools=[("call_format", name, {member: "Zürich" for member in offered["properties"]})])
    return Script(text="as I like")


def no_usage(dialect: Dialect, body: dict[str, Any]) -> Script:
    return Script(text="four words without usage", usage=None)


def nothing(dialect: Dialect, body: dict[str, Any]) -> Script:
    return Script()


def garbled(dialect: Dialect, body: dict[str, Any]) -> Script:
    return Script(tools=[("call_1", "get_weather", GARBLED)])


SAYINGS: dict[str, Callable[[Dialect, dict[str, Any]], Script]] = {
    "echo": echo, "tools": tools, "think": think, "priced": priced, "structured": structured, "no-usage": no_usage, "nothing": nothing, "garbled": garbled,
}  # fmt: skip


# --- What goes wrong

Fault = Callable[[Dialect, Call, Wire], Awaitable[None]]


def private(call: Call) -> str:
    """Tells the secrets it was given, as careless providers do."""
    return PRIVATE_TEXT + ": " + "; ".join(f"{name}={value}" for name, value in call.headers)


def failing(status: Callable[[Dialect], int], *headers: str) -> Fault:
    async def fault(dialect: Dialect, call: Call, wire: Wire) -> None:
        await wire.reply_json(status(dialect), dialect.failure(status(dialect), private(call)), *headers)

    return fault


async def telling(dialect: Dialect, call: Call, wire: Wire) -> None:
    """An error that the client may see, with every credential in it."""
    await wire.reply_json(400, dialect.failure(400, private(call).replace(PRIVATE_TEXT, "your headers were")))


async def too_long(dialect: Dialect, call: Call, wire: Wire) -> None:
    words = {
        "anthropic": "prompt is too long: 208310 tokens > 200000 maximum",
        "gemini": "The input token count (1250000) exceeds the maximum number of tokens allowed (1048576).",
        "bedrock": "Input is too long for requested model.",
        "azure": "This model's maximum context length is 128000 tokens.",
    }[dialect.kind]
    body = dialect.failure(400, words)
    if dialect.kind == "azure":
        body = {"error": {"message": words, "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}
    await wire.reply_json(400, body)


async def endless(dialect: Dialect, call: Call, wire: Wire) -> None:
    """Streams until the gateway leaves, 30 s at most."""
    script = Script(text="tick " * 4000)
    await dialect.begin(wire)
    watch = asyncio.create_task(wire.until_gone(call, 30))
    for part in dialect.parts(script)[:-3]:
        await wire.chunk(part)
        await asyncio.sleep(0.01)
        if watch.done():
            break


def all_kinds(dialect: Dialect) -> bytes:
    """A stream with every kind of block."""
    thinking = "" if dialect.kind == "azure" else "hm hm hm"
    return b"".join(dialect.parts(Script(text="some words", thinking=thinking, signature=SIGNATURE if thinking else "", tools=WEATHER[:1])))


async def cut_at(dialect: Dialect, call: Call, wire: Wire) -> None:
    """As many bytes of `all_kinds` as the name says."""
    sent = all_kinds(dialect)[: number_in(call)]
    await dialect.begin(wire)
    if sent:
        await wire.chunk(sent)
    await wire.end_stream()


async def long_text(dialect: Dialect, call: Call, wire: Wire) -> None:
    """As many events of six letters as the name says."""
    sent = b"".join(dialect.parts(Script(text="letter" * number_in(call))))
    await dialect.begin(wire)
    for at in range(0, len(sent), 60_000):
        await wire.chunk(sent[at : at + 60_000])
    await wire.end_stream()


def number_in(call: Call) -> int:
    return int(call.model.rpartition("--")[2])


async def bad_request(dialect: Dialect, call: Call, wire: Wire) -> None:
    await wire.reply_json(400, dialect.failure(400, "temperature: must be less than 1"))


async def error_in_200(dialect: Dialect, call: Call, wire: Wire) -> None:
    await wire.reply_json(200, dialect.failure(500, PRIVATE_TEXT))


async def null_content(dialect: Dialect, call: Call, wire: Wire) -> None:
    """The whole answer, but null wherever it has content."""
    answer = dialect.whole(Script(text="x"))
    holder = {"anthropic": answer, "gemini": answer.get("candidates", [{}])[0], "bedrock": answer.get("output", {}).get("message", {})}.get(dialect.kind)
    if holder is None:
        holder = answer["choices"][0]["message"]
    holder["content"] = None
    await wire.reply_json(200, answer)


async def no_answer(dialect: Dialect, call: Call, wire: Wire) -> None:
    """Everything but what was asked for."""
    answer = dialect.whole(Script(text="x"))
    for name in ("content", "candidates", "choices", "output"):
        answer.pop(name, None)
    await wire.reply_json(200, answer)


async def html(dialect: Dialect, call: Call, wire: Wire) -> None:
    await wire.reply(200, HTML, kind="text/html")


async def begin_saying(dialect: Dialect, wire: Wire) -> None:
    await dialect.begin(wire)
    for part in dialect.parts(Script(text="this far and no further"))[:-3]:
        await wire.chunk(part)


async def error_in_stream(dialect: Dialect, call: Call, wire: Wire) -> None:
    await begin_saying(dialect, wire)
    # What comes together with the first event is still an ordinary failure: nothing has been said to the client yet.
    await wire.until_gone(call, 0.15) or await wire.chunk(dialect.failure_in_stream(PRIVATE_TEXT))
    await wire.end_stream()
    wire.close()


async def error_first(dialect: Dialect, call: Call, wire: Wire) -> None:
    await dialect.begin(wire)
    await wire.chunk(dialect.failure_in_stream(PRIVATE_TEXT))
    await wire.end_stream()


async def cut(dialect: Dialect, call: Call, wire: Wire) -> None:
    """The HTTP message is complete, the stream in it is not."""
    await begin_saying(dialect, wire)
    await wire.end_stream()


async def torn(dialect: Dialect, call: Call, wire: Wire) -> None:
    """Ends in the middle of an event, by RST."""
    await begin_saying(dialect, wire)
    await wire.until_gone(call, 0.1)
    await wire.chunk(dialect.parts(Script(text="y"))[-1][:9])
    wire.reset()


async def dripping(dialect: Dialect, call: Call, wire: Wire) -> None:
    """Every byte in an HTTP chunk and a packet of its own."""
    await dialect.begin(wire)
    for part in dialect.parts(echo(dialect, call.body)):
        for byte in part:
            await wire.chunk(bytes([byte]))
    await wire.end_stream()


FAULTS: dict[str, Fault] = {
    "refused": failing(lambda dialect: dialect.refusal),
    "rate-limited": failing(lambda dialect: 429, "Retry-After: 7"),
    "overloaded": failing(lambda dialect: dialect.overload),
    "broken": failing(lambda dialect: 500),
    "bad-request": bad_request, "telling": telling, "too-long": too_long, "endless": endless, "error-in-200": error_in_200, "null-content": null_content, "no-answer": no_answer, "html": html,
    "error-in-stream": error_in_stream, "error-first": error_first, "cut": cut, "torn": torn, "dripping": dripping, "cut-at": cut_at, "long-text": long_text,
}  # fmt: skip


class DialectProvider(ScriptedProvider):
    """The server."""

    def script(self, call: Call) -> Behaviour | None:
        dialect, name = self.dialect(call), call.model.partition("@")[2]
        fault, saying = FAULTS.get(name.partition("--")[0]), SAYINGS.get(name)

        async def say(call: Call, wire: Wire) -> None:
            if fault:
                await fault(dialect, call, wire)
            elif name.startswith("stop-"):
                await dialect.answer(call, wire, Script(text="so far", stop=name.removeprefix("stop-")))
            else:
                await dialect.answer(call, wire, saying(dialect, call.body))

        return say if fault or saying or name.startswith("stop-") else None

    @staticmethod
    def dialect(call: Call) -> Dialect:
        """Who it is that was asked, told by the path."""
        starts = {"/v1/messages": "anthropic", "/v1beta/": "gemini", "/openai/": "azure", "/model/": "bedrock"}
        return next(DIALECTS[kind] for start, kind in starts.items() if call.path.startswith(start))

    def asked(self, behaviour: str) -> Call:
        """The newest call for that behaviour."""
        return next(call for call in reversed(self.calls) if call.model.partition("@")[2] == behaviour)
