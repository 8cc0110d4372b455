"""What goes wrong in every dialect, by the name that selects it; a number or a remark may follow after `--`."""

from __future__ import annotations

import asyncio
from typing import Awaitable, Callable

from ..faults import HTML, PRIVATE_TEXT
from ..scripted import Call, Wire
from .sayings import SIGNATURE, WEATHER, echo
from .script import Dialect, Script
from .strict import strict

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


async def slow(dialect: Dialect, call: Call, wire: Wire) -> None:
    """Thinks for three seconds, unless the gateway leaves."""
    if not await wire.until_gone(call, 3):
        await dialect.answer(call, wire, Script(text="at last"))
        wire.close()


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
    "bad-request": bad_request, "telling": telling, "too-long": too_long, "endless": endless, "slow": slow, "error-in-200": error_in_200, "null-content": null_content, "no-answer": no_answer, "html": html,
    "error-in-stream": error_in_stream, "error-first": error_first, "cut": cut, "torn": torn, "dripping": dripping, "cut-at": cut_at, "long-text": long_text, "strict": strict,
}  # fmt: skip
