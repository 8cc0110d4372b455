"""Behaviours of a provider that does its job, each named as the upstream model that selects it."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from typing import Any

from .scripted import Call, Wire, behaviour

#: What `echo` and most others report.
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}

#: What `priced` reports: 600 plain + 400 cached prompt tokens, 500 completion tokens of which 120 were reasoning.
PRICED_USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "total_tokens": 1500,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 120},
}

TOOL_CALLS = [{"id": "call_7", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Zürich"}'}}]

#: Long enough that pieces, UTF-8 sequences and HTTP chunks never line up.
DRIPPED = "Grüße — naïve café, 東京 🚀 done."


def completion(call: Call, content: str | None, usage: dict[str, Any] | None = USAGE, **message: Any) -> dict[str, Any]:
    """A whole `chat.completion`."""
    answer = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": call.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": None, **message},
                "logprobs": None,
                "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
            }
        ],
    }
    return answer if usage is None else {**answer, "usage": usage}


def chunk(call: Call, delta: dict[str, Any] | None, finish: str | None = None, **extra: Any) -> dict[str, Any]:
    """A `chat.completion.chunk`; without choices when `delta` is None."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return {"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1, "model": call.model, "choices": choices, **extra}


def pieces(text: str) -> list[str]:
    return [text[at : at + 5] for at in range(0, len(text), 5)]


def stream_of(call: Call, text: str, usage: dict[str, Any] | None = USAGE) -> list[dict[str, Any]]:
    """The chunks of an answer, with the usage chunk only when the request asked for it, as OpenAI does."""
    asked = (call.body.get("stream_options") or {}).get("include_usage")
    extra = {"usage": None} if asked else {}
    chunks = [chunk(call, {"role": "assistant", "content": "", "refusal": None}, **extra)]
    chunks += [chunk(call, {"content": piece}, **extra) for piece in pieces(text)]
    chunks += [chunk(call, {}, "stop", **extra)]
    return chunks + [chunk(call, None, usage=usage)] if asked and usage else chunks


async def answer(call: Call, wire: Wire, text: str, usage: dict[str, Any] | None = USAGE, pause: float = 0) -> None:
    """An answer in the form that the request asks for."""
    if not call.streamed:
        return await wire.reply_json(200, completion(call, text, usage))
    await wire.begin_stream()
    for value in stream_of(call, text, usage):
        await wire.event(value)
        if pause:
            await asyncio.sleep(pause)
    await wire.event("[DONE]")
    await wire.end_stream()


@behaviour("echo")
async def echo(call: Call, wire: Wire) -> None:
    await answer(call, wire, call.prompt)


@behaviour("priced")
async def priced(call: Call, wire: Wire) -> None:
    await answer(call, wire, "worth it", PRICED_USAGE)


@behaviour("no-usage")
async def no_usage(call: Call, wire: Wire) -> None:
    await answer(call, wire, "four words without usage", None)


@behaviour("tools")
async def tools(call: Call, wire: Wire) -> None:
    """Calls the tool it is offered; the arguments come in pieces when streamed."""
    if not call.streamed:
        return await wire.reply_json(200, completion(call, None, tool_calls=TOOL_CALLS))
    function = TOOL_CALLS[0]["function"]
    await wire.begin_stream()
    first = {"index": 0, "id": "call_7", "type": "function", "function": {"name": function["name"], "arguments": ""}}
    await wire.event(chunk(call, {"role": "assistant", "content": None, "tool_calls": [first]}))
    for piece in pieces(function["arguments"]):
        await wire.event(chunk(call, {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))
    await wire.event(chunk(call, {}, "tool_calls"))
    await wire.event(chunk(call, None, usage=USAGE))
    await wire.event("[DONE]")
    await wire.end_stream()


@behaviour("slow-stream")
async def slow_stream(call: Call, wire: Wire) -> None:
    """Takes about two seconds, in steps of 50 ms."""
    await answer(call, wire, "0123456789" * 20, pause=0.05)


@behaviour("slow-plain")
async def slow_plain(call: Call, wire: Wire) -> None:
    """Thinks for two seconds, unless the gateway leaves first."""
    if not await wire.until_gone(call, 2):
        await answer(call, wire, "at last")
        wire.close()


@behaviour("slow-first")
async def slow_first(call: Call, wire: Wire) -> None:
    """A stream that thinks for two seconds before its first event, unless the gateway leaves."""
    await wire.begin_stream()
    if not await wire.until_gone(call, 2):
        for value in stream_of(call, "late"):
            await wire.event(value)
        await wire.event("[DONE]")
        await wire.end_stream()


@behaviour("endless-stream")
async def endless_stream(call: Call, wire: Wire) -> None:
    """Streams until somebody hangs up (60 s at most)."""
    watch = asyncio.create_task(wire.until_gone(call, 60))
    await wire.begin_stream()
    await wire.event(chunk(call, {"role": "assistant", "content": ""}))
    while not watch.done():
        await wire.event(chunk(call, {"content": "tick "}))
        await asyncio.sleep(0.02)
    wire.close()


@behaviour("hang-up")
async def hang_up(call: Call, wire: Wire) -> None:
    """Answers, and closes the connection without having announced it: what servers do to connections that are idle for too long."""
    await answer(call, wire, call.prompt)
    wire.close()


@behaviour("flood")
async def flood(call: Call, wire: Wire) -> None:
    """Streams as fast as the gateway takes it, 64 KiB an event, up to 256 MiB."""
    await wire.begin_stream()
    for _ in range(4096):
        await wire.event(chunk(call, {"content": "f" * 65536}))
        call.sent += 65536
    await wire.event("[DONE]")
    await wire.end_stream()


@behaviour("torrent")
async def torrent(call: Call, wire: Wire) -> None:
    """Like `flood`, in events of 1 KiB, 64 of them in a piece."""
    await wire.begin_stream()
    event = f"data: {json.dumps(chunk(call, {'content': 't' * 800}))}\n\n".encode()
    for _ in range(4096):
        await wire.chunk(event * 64)


@behaviour("big-stream")
async def big_stream(call: Call, wire: Wire) -> None:
    """Says one word, waits a second, then streams 32 MiB as fast as the gateway takes it, 64 KiB an event."""
    await wire.begin_stream()
    await wire.event(chunk(call, {"role": "assistant", "content": "first"}))
    await asyncio.sleep(1)
    for _ in range(512):
        await wire.event(chunk(call, {"content": "b" * 65536}))
        call.sent += 65536
    await wire.event(chunk(call, {}, "stop"))
    await wire.event(chunk(call, None, usage=USAGE))
    await wire.event("[DONE]")
    await wire.end_stream()


@behaviour("drip")
async def drip(call: Call, wire: Wire) -> None:
    """A stream whose every byte is an HTTP chunk and a packet of its own."""
    await wire.begin_stream()
    for value in [*(json.dumps(c, ensure_ascii=False) for c in stream_of(call, DRIPPED)), "[DONE]"]:
        for byte in f"data: {value}\n\n".encode():
            await wire.chunk(bytes([byte]))
            await asyncio.sleep(0)
    await wire.end_stream()


@behaviour("odd-events")
async def odd_events(call: Call, wire: Wire) -> None:
    """Legal but unusual: CRLF ends, comments, no space after the colon, `id` and `retry` fields, two events in one chunk."""
    await wire.begin_stream()
    first, *rest = [json.dumps(c, ensure_ascii=False) for c in stream_of(call, "odd but legal")]
    await wire.chunk(f": hello\r\n\r\nretry: 10\r\nid: 1\r\ndata:{first}\r\n\r\n".encode())
    await wire.chunk("".join(f"data: {value}\r\n\r\n" for value in rest).encode() + b"data: [DONE]\r\n\r\n")
    await wire.end_stream()


@behaviour("gzip")
async def gzipped(call: Call, wire: Wire) -> None:
    """A coding that nobody asked for."""
    await wire.reply(200, gzip.compress(json.dumps(completion(call, "squeezed")).encode()), "Content-Encoding: gzip")


@behaviour("obedient")
async def obedient(call: Call, wire: Wire) -> None:
    """Uses every output token that it may, of each choice; without a limit 20,000. Thinks unseen: a stream shows one word only, after a while."""
    limits = [call.body[name] for name in ("n_predict", "max_completion_tokens", "max_tokens") if name in call.body]
    used = (limits[0] if limits else 20_000) * call.body.get("n_cmpl", call.body.get("n", 1))
    if call.streamed:
        await wire.until_gone(call, 0.3)
    await answer(call, wire, "done", {"prompt_tokens": 11, "completion_tokens": used, "total_tokens": 11 + used})


@behaviour("large-events")
async def large_events(call: Call, wire: Wire) -> None:
    """A stream of 4 kB of text an event that ends when somebody hangs up (60 s at most) and pays no heed to any limit."""
    watch = asyncio.create_task(wire.until_gone(call, 60))
    await wire.begin_stream()
    while not watch.done():
        await wire.event(chunk(call, {"content": "word " * 800}))
        await asyncio.sleep(0.02)
    wire.close()
