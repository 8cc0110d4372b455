"""Behaviours of a provider that fails, each named as the upstream model that selects it."""

from __future__ import annotations

import asyncio
import json

from .answers import chunk, completion, stream_of
from .scripted import Call, Wire, behaviour

#: What a careless provider might write into an error. Nothing of it may reach a client.
PRIVATE_TEXT = "PRIVATE-TEXT-OF-THE-PROVIDER"

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>" + PRIVATE_TEXT.encode() + b"</body></html>"


def failure(message: str, code: str | None = None, kind: str = "server_error") -> dict:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@behaviour("reset-before-head")
async def reset_before_head(call: Call, wire: Wire) -> None:
    wire.reset()


@behaviour("close-before-head")
async def close_before_head(call: Call, wire: Wire) -> None:
    wire.close()


@behaviour("reset-mid-body")
async def reset_mid_body(call: Call, wire: Wire) -> None:
    body = json.dumps(completion(call, "never complete")).encode()
    await wire.raw(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:60])
    await asyncio.sleep(0.05)
    wire.reset()


@behaviour("short-body")
async def short_body(call: Call, wire: Wire) -> None:
    """Promises more bytes than it sends."""
    body = json.dumps(completion(call, "short")).encode()
    await wire.raw(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body) + 100}\r\n\r\n".encode() + body)
    wire.close()


@behaviour("long-body")
async def long_body(call: Call, wire: Wire) -> None:
    """Sends more bytes than it promised: the promised ones are half a JSON document."""
    body = json.dumps(completion(call, "long")).encode()
    await wire.raw(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body) // 2}\r\n\r\n".encode() + body)
    wire.close()


@behaviour("silent")
async def silent(call: Call, wire: Wire) -> None:
    await wire.until_gone(call, 30)


@behaviour("silent-mid-stream")
async def silent_mid_stream(call: Call, wire: Wire) -> None:
    await wire.begin_stream()
    await wire.event(chunk(call, {"role": "assistant", "content": "and then"}))
    await wire.until_gone(call, 30)


@behaviour("drip-forever")
async def drip_forever(call: Call, wire: Wire) -> None:
    """Never idle, never done: only a limit on the whole call ends it."""
    await wire.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
    for _ in range(300):
        await wire.raw(b" ")
        await asyncio.sleep(0.1)


@behaviour("cut-stream")
async def cut_stream(call: Call, wire: Wire) -> None:
    """The HTTP message is complete, the SSE stream is not: no finish reason, no [DONE]."""
    await wire.begin_stream()
    for value in stream_of(call, "this will be cut")[:3]:
        await wire.event(value)
    await wire.end_stream()


@behaviour("reset-stream")
async def reset_stream(call: Call, wire: Wire) -> None:
    await wire.begin_stream()
    for value in stream_of(call, "this will be cut")[:3]:
        await wire.event(value)
    await asyncio.sleep(0.05)
    wire.reset()


@behaviour("error-in-stream")
async def error_in_stream(call: Call, wire: Wire) -> None:
    await wire.begin_stream()
    for value in stream_of(call, "so far so good")[:3]:
        await wire.event(value)
    # An error that arrives together with the first events is still an ordinary failure: nothing has been said to the client yet.
    await asyncio.sleep(0.1)
    await wire.event(failure("the engine caught fire"))
    await wire.end_stream()


@behaviour("garbage-in-stream")
async def garbage_in_stream(call: Call, wire: Wire) -> None:
    await wire.begin_stream()
    await wire.event(stream_of(call, "x")[0])
    await wire.event('{"choices": [{"index": 0, "delta": {"content": "broken')
    await wire.end_stream()


@behaviour("error-first-in-stream")
async def error_first_in_stream(call: Call, wire: Wire) -> None:
    """Nothing was sent to the client yet, so it can still get a status."""
    await wire.begin_stream()
    await wire.event(failure("no engine free"))
    await wire.end_stream()


@behaviour("error-in-200")
async def error_in_200(call: Call, wire: Wire) -> None:
    await wire.reply_json(200, failure("looks fine, is not"))


@behaviour("not-json")
async def not_json(call: Call, wire: Wire) -> None:
    await wire.reply(200, b'{"choices": [oops')


@behaviour("wrong-shape")
async def wrong_shape(call: Call, wire: Wire) -> None:
    await wire.reply_json(200, ["an", "array"])


@behaviour("deep-json")
async def deep_json(call: Call, wire: Wire) -> None:
    await wire.reply(200, b"[" * 100_000 + b"]" * 100_000)


@behaviour("html-200")
async def html_200(call: Call, wire: Wire) -> None:
    await wire.reply(200, HTML, kind="text/html")


@behaviour("html-502")
async def html_502(call: Call, wire: Wire) -> None:
    await wire.reply(502, HTML, kind="text/html")


@behaviour("status-400")
async def status_400(call: Call, wire: Wire) -> None:
    error = {"message": "max_tokens is too large", "type": "invalid_request_error", "param": "max_tokens", "code": "integer_above_max_value"}
    await wire.reply_json(400, {"error": error})


def status(code: int, *headers: str):
    async def script(call: Call, wire: Wire) -> None:
        """Tells the key it was given, as some providers do."""
        await wire.reply_json(code, failure(f"{PRIVATE_TEXT}: {call.header('authorization')}", "scripted"), "Set-Cookie: a=b", *headers)

    return script


for _code in (401, 403, 404, 408, 422, 500, 503):
    behaviour(f"status-{_code}")(status(_code))
behaviour("status-429")(status(429, "Retry-After: 7"))
behaviour("status-429-30")(status(429, "Retry-After: 30"))
behaviour("status-429-ms")(status(429, "Retry-After: 2", "retry-after-ms: 1500"))
behaviour("status-429-absurd")(status(429, "Retry-After: 999999999999999999999"))
behaviour("status-302")(status(302, "Location: /v1/elsewhere"))


@behaviour("status-999")
async def status_999(call: Call, wire: Wire) -> None:
    await wire.reply_json(999, {})


@behaviour("not-http")
async def not_http(call: Call, wire: Wire) -> None:
    await wire.raw(b"SSH-2.0-OpenSSH_9.2\r\n")
    wire.close()


@behaviour("endless-head")
async def endless_head(call: Call, wire: Wire) -> None:
    await wire.raw(b"HTTP/1.1 200 OK\r\n")
    for number in range(20_000):
        await wire.raw(b"X-%05d: %s\r\n" % (number, b"h" * 200))


@behaviour("endless-body")
async def endless_body(call: Call, wire: Wire) -> None:
    """Up to 256 MiB of one JSON string."""
    await wire.raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"id":"')
    for _ in range(4096):
        await wire.raw(b"b" * 65536)
    wire.close()


@behaviour("endless-event")
async def endless_event(call: Call, wire: Wire) -> None:
    """One SSE line without an end, up to 64 MiB."""
    await wire.begin_stream()
    await wire.event(stream_of(call, "x")[0])
    await wire.chunk(b'data: {"choices":[{"index":0,"delta":{"content":"')
    for _ in range(1024):
        await wire.chunk(b"e" * 65536)
    wire.close()


@behaviour("tiny-values")
async def tiny_values(call: Call, wire: Wire) -> None:
    """A good answer with fifteen million numbers in it."""
    body = json.dumps(completion(call, "fine")).encode()
    await wire.reply(200, body[:-1] + b',"extra":[' + b"0," * 15_000_000 + b"0]}")


@behaviour("error-of-tiny-values")
async def error_of_tiny_values(call: Call, wire: Wire) -> None:
    await wire.reply(500, b'{"error":{"message":"no","extra":[' + b"0," * 15_000_000 + b"0]}}")


@behaviour("many-probabilities")
async def many_probabilities(call: Call, wire: Wire) -> None:
    """What 2,000 tokens with twenty alternatives each look like."""
    token = {"token": "a", "logprob": -0.5, "bytes": [97]}
    answer = completion(call, "a" * 2_000)
    answer["choices"][0]["logprobs"] = {"content": [{**token, "top_logprobs": [token] * 20}] * 2_000}
    await wire.reply_json(200, answer)


@behaviour("blank-lines")
async def blank_lines(call: Call, wire: Wire) -> None:
    """Blank lines without end, up to 32 MiB, before anything of an answer."""
    await wire.begin_stream()
    for _ in range(512):
        await wire.chunk(b"\n" * 65536)
    for part in stream_of(call, "late"):
        await wire.event(part)
    await wire.event("[DONE]")
    await wire.end_stream()


@behaviour("comments")
async def comments(call: Call, wire: Wire) -> None:
    """Content, then comments, up to 32 MiB."""
    await wire.begin_stream()
    for part in stream_of(call, "early")[:2]:
        await wire.event(part)
    for _ in range(512):
        await wire.chunk(b":\r\n\r\n: x\n\n" * 6554)
    await wire.end_stream()


@behaviour("some-blank-lines")
async def some_blank_lines(call: Call, wire: Wire) -> None:
    """4 MiB of blank lines, content, 4 MiB, content, and so on: 20 MiB in all."""
    await wire.begin_stream()
    for part in stream_of(call, "long in coming"):
        for _ in range(64):
            await wire.chunk(b"\n" * 65536)
        await wire.event(part)
    await wire.event("[DONE]")
    await wire.end_stream()


@behaviour("answer-then-blank-lines")
async def answer_then_blank_lines(call: Call, wire: Wire) -> None:
    """A whole answer without `[DONE]`, and blank lines behind it, up to 32 MiB."""
    await wire.begin_stream()
    for part in stream_of(call, "whole"):
        await wire.event(part)
    for _ in range(512):
        await wire.chunk(b"\n" * 65536)
    await wire.end_stream()
