"""A provider that bills all it may, on four wires, and keeps its own account."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from itertools import accumulate
from typing import Any, NamedTuple

from ..dialects.bedrock import event as aws_event
from ..scripted import Behaviour, Call, ScriptedProvider, Wire

MARK = re.compile(rb"q(\d{8})-([a-z0-9]+)-(\d+)-")
#: USD per million tokens of input and output, by the upstream name of the model.
PRICES = {"big": (10, 40), "small": (1, 4), "claude": (3, 15), "gemini": (2, 8), "bedrock": (1, 5)}
#: What one image counts as.
IMAGE = 5_000
#: Output tokens that may be under way when the gateway ends a stream: what it promises to count of those that it has not seen.
UNDER_WAY = 1_024


class Bill(NamedTuple):
    """What one call costs."""

    model: str
    input: int
    output: int

    @property
    def nanos(self) -> int:
        """In nano-dollars: prices are whole dollars per million tokens."""
        input, output = PRICES[self.model]
        return (self.input * input + self.output * output) * 1_000

    @property
    def tokens(self) -> int:
        return self.input + self.output


class BillingProvider(ScriptedProvider):
    """Counts a token for each byte of a body and each image as 5,000; whatever ends early is billed as far as it went."""

    def __init__(self) -> None:
        #: By the number of the request.
        self.bills: dict[int, list[Bill]] = defaultdict(list)
        #: Calls without a limit of output, by the number of the request and the upstream model.
        self.unlimited: list[tuple[int, str]] = []
        #: Calls that were refused for what the gateway had added.
        self.detours = 0
        super().__init__()
        self.origin = f"http://127.0.0.1:{self.port}"

    def script(self, call: Call) -> Behaviour:
        self.calls.clear()
        return self.serve

    async def serve(self, call: Call, wire: Wire) -> None:
        found = MARK.search(call.raw_body)
        assert found, call.raw_body[:300]
        number, do, share = int(found[1]), found[2].decode(), int(found[3])
        job = Job(self, call, wire, number, share)
        if job.limit is None:
            self.unlimited.append((number, job.name))
        if call.model == "big" and do.startswith("first"):
            do = do.removeprefix("first")
        elif do.startswith("first"):
            do = "ok"
        await getattr(job, do)()


class Job:
    """One call."""

    def __init__(self, provider: BillingProvider, call: Call, wire: Wire, number: int, share: int):
        self.provider, self.call, self.wire, self.number = provider, call, wire, number
        self.dialect = dialect(call.path)
        self.name = next(known for known in PRICES if known in call.model)
        self.choices, self.limit = self._limits(call.body)
        self.allowed = (self.limit or 4_096) * self.choices
        self.most = self.output = max(1, self.allowed * share // 100)
        #: Whether it thinks first, which nobody sees.
        self.thinks = call.body.get("reasoning_effort") in ("low", "high")
        self.input = input_tokens(call)

    def _limits(self, body: dict[str, Any]) -> tuple[int, int | None]:
        if self.dialect == "gemini":
            config = body.get("generationConfig", {})
            return config.get("candidateCount", 1), config.get("maxOutputTokens")
        if self.dialect == "bedrock":
            return 1, body.get("inferenceConfig", {}).get("maxTokens")
        return body.get("n", 1), body.get("max_completion_tokens", body.get("max_tokens"))

    def bill(self, output: int) -> None:
        self.provider.bills[self.number].append(Bill(self.name, self.input, output))

    def made(self, seen: int) -> int:
        """Output that is billed where `seen` was sent and nothing reported."""
        return self.most if self.thinks else seen

    # --- What can become of a call

    async def ok(self, usage: bool = True, running: str = "") -> None:
        if not self.call.streamed:
            self.bill(self.output if usage else self.made(self.output))
            return await self.wire.reply_json(200, self.whole(self.output if usage else None))
        events, sent = self.stream(min(self.output, 40), usage, running), 0
        try:
            await self.begin_stream()
            for event in events:
                await self.wire.chunk(event)
                sent += 1
            await self.wire.end_stream()
            if self.output > UNDER_WAY:
                await asyncio.sleep(0.05)
            left = self.wire.reader.at_eof() or self.wire.writer.is_closing()
        except ConnectionError:
            left = True
        # Who leaves a stream leaves what the provider had made by then.
        if left:
            self.bill(self.made(min(self.output, UNDER_WAY)))
        else:
            self.bill(self.output if usage or running else self.made(self.output))

    async def begin_stream(self) -> None:
        if self.dialect != "bedrock":
            return await self.wire.begin_stream()
        await self.wire.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n")

    async def silent(self) -> None:
        """No usage at all: what was made can be counted only by its text, which is all there is."""
        self.output = min(self.output, 40)
        await self.ok(usage=False)

    async def zeros(self) -> None:
        """Zeros along the way, and a true count at the end."""
        await self.ok(running="zeros")

    async def running(self) -> None:
        """A count in each event of what has come so far, and none at the end."""
        self.output = min(self.output, 40)
        await self.ok(usage=False, running="counts")

    async def refused(self) -> None:
        await self.wire.reply_json(500, {"error": {"message": "out of order", "type": "server_error"}})

    async def busy(self) -> None:
        await self.wire.reply_json(429, {"error": {"message": "slow down", "type": "rate_limit_error"}})

    async def gone(self) -> None:
        """Everything is made and billed, and the connection breaks before the first byte."""
        self.bill(self.allowed)
        self.wire.reset()

    async def cut(self) -> None:
        """The stream breaks in the middle."""
        sent = min(self.output, 10)
        if self.call.streamed:
            self.output = sent
        self.bill(self.made(sent) if self.call.streamed else self.allowed)
        if self.call.streamed:
            await self.begin_stream()
            for event in self.stream(sent, usage=False)[:sent]:
                await self.wire.chunk(event)
            await asyncio.sleep(0.02)
        else:
            await self.wire.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"id\": \"x\", ")
            await asyncio.sleep(0.02)
        self.wire.reset()

    async def slow(self) -> None:
        """Works for a while; who leaves meanwhile pays for what is made by then."""
        if not self.call.streamed:
            self.bill(self.output)
            await asyncio.sleep(0.25)
            return await self.wire.reply_json(200, self.whole(self.output))
        self.output = min(self.output, UNDER_WAY)
        pieces = min(self.output, 12)
        sent, events = 0, self.stream(pieces, usage=True)
        try:
            await self.begin_stream()
            for event in events:
                await self.wire.chunk(event)
                sent += 1
                await asyncio.sleep(0.02)
            await self.wire.end_stream()
        except ConnectionError:
            return self.bill(self.made(min(self.output, -(-self.output * sent // pieces))))
        self.bill(self.output)

    async def wrong(self) -> None:
        """The other kind of answer than was asked for."""
        self.output = min(self.output, 40)
        self.bill(self.output)
        if self.call.streamed:
            return await self.wire.reply_json(200, self.whole(self.output))
        await self.begin_stream()
        for event in self.stream(self.output, usage=True):
            await self.wire.chunk(event)
        await self.wire.end_stream()

    async def broken(self) -> None:
        """An answer that is no JSON."""
        self.bill(self.output)
        await self.wire.reply(200, b"<html>busy</html>")

    async def picky(self) -> None:
        """Refuses something that the gateway has added, and bills nothing for it; inside a stream where one was asked for. Takes the rest."""
        unwanted = self.unwanted()
        if unwanted is None:
            return await self.ok()
        self.provider.detours += 1
        error = {"error": {"type": "invalid_request_error", "message": unwanted}}
        if self.dialect == "anthropic":
            error["type"] = "error"
        if not self.call.streamed or self.dialect not in ("openai", "anthropic") or self.number % 2:
            return await self.wire.reply_json(400, error)
        await self.begin_stream()
        await self.wire.chunk(f"event: error\ndata: {json.dumps(error)}\n\n".encode())
        await self.wire.end_stream()

    def unwanted(self) -> str | None:
        """What is refused of the request; `None`: nothing."""
        body = self.call.body
        for name in ("stream_options", "max_tokens"):
            if self.dialect == "openai" and name in body:
                return f"Unsupported parameter: '{name}' is not supported with this model."
        if self.dialect == "anthropic" and body["messages"][-1]["role"] == "assistant":
            return "This model does not support assistant message prefill. The conversation must end with a user message."
        if self.dialect == "anthropic" and b'"cache_control"' in self.call.raw_body:
            return "messages.0.content.0.text.cache_control: Extra inputs are not permitted"
        return None

    # --- Dialects

    def whole(self, output: int | None) -> Any:
        text = "tok " * min(self.output, 2_000)
        if self.dialect == "anthropic":
            usage = {"usage": {"input_tokens": self.input, "output_tokens": output}} if output is not None else {}
            return {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", **usage}
        if self.dialect == "gemini":
            usage = {"usageMetadata": {"promptTokenCount": self.input, "candidatesTokenCount": output, "totalTokenCount": self.input + output}} if output is not None else {}
            return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP", "index": 0}], **usage}
        if self.dialect == "bedrock":
            usage = {"usage": {"inputTokens": self.input, "outputTokens": output, "totalTokens": self.input + output}} if output is not None else {}
            return {"output": {"message": {"role": "assistant", "content": [{"text": text}]}}, "stopReason": "end_turn", "metrics": {"latencyMs": 5}, **usage}
        usage = {"usage": {"prompt_tokens": self.input, "completion_tokens": output, "total_tokens": self.input + output}} if output is not None else {}
        choices = [{"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"} for index in range(self.choices)]
        return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": choices, **usage}

    def stream(self, pieces: int, usage: bool, running: str = "") -> list[bytes]:
        """All output in so many events, then the end with the bill. `running`: whether each event tells a count so far, and which."""
        texts = ["tok " * (self.output // pieces + (index < self.output % pieces)) for index in range(pieces)]
        return {"anthropic": self._anthropic, "gemini": self._gemini, "bedrock": self._bedrock, "openai": self._openai}[self.dialect](texts, usage, running)

    @staticmethod
    def _so_far(texts: list[str], running: str) -> list[int]:
        return [0 if running == "zeros" else count for count in accumulate(len(text) // 4 for text in texts)]

    def _anthropic(self, texts: list[str], usage: bool, running: str) -> list[bytes]:
        start = {"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": self.input, "output_tokens": 0}}}
        deltas = [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in texts]
        ending = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, **({"usage": {"output_tokens": self.output}} if usage else {})}
        block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        events = [start, block, *deltas, {"type": "content_block_stop", "index": 0}, ending, {"type": "message_stop"}]
        return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]

    def _gemini(self, texts: list[str], usage: bool, running: str) -> list[bytes]:
        def counts(output: int) -> dict[str, Any]:
            return {"usageMetadata": {"promptTokenCount": self.input, "candidatesTokenCount": output, "totalTokenCount": self.input + output}}

        said = [counts(count) if running else {} for count in self._so_far(texts, running)]
        parts = [{"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}], **told} for text, told in zip(texts, said, strict=True)]
        last = {"candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": "STOP", "index": 0}], **(counts(self.output) if usage else {})}
        return [f"data: {json.dumps(event)}\n\n".encode() for event in [*parts, last]]

    def _bedrock(self, texts: list[str], usage: bool, running: str) -> list[bytes]:
        deltas = [aws_event("contentBlockDelta", contentBlockIndex=0, delta={"text": text}) for text in texts]
        counts = {"inputTokens": self.input, "outputTokens": self.output, "totalTokens": self.input + self.output}
        ends = [aws_event("metadata", usage=counts, metrics={"latencyMs": 5})] if usage else []
        return [aws_event("messageStart", role="assistant"), *deltas, aws_event("contentBlockStop", contentBlockIndex=0), aws_event("messageStop", stopReason="end_turn"), *ends]

    def _openai(self, texts: list[str], usage: bool, running: str) -> list[bytes]:
        def counts(output: int) -> dict[str, Any]:
            return {"usage": {"prompt_tokens": self.input, "completion_tokens": output, "total_tokens": self.input + output}}

        said = [counts(count) if running else {} for count in self._so_far(texts, running)]
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        deltas = [{**head, "choices": [{"index": index % self.choices, "delta": {"content": text}, "finish_reason": None}], **told} for index, (text, told) in enumerate(zip(texts, said, strict=True))]
        ends = [{**head, "choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]} for index in range(self.choices)]
        last = [{**head, "choices": [], **counts(self.output)}] if usage else []
        return [f"data: {json.dumps(event)}\n\n".encode() for event in [*deltas, *ends, *last]] + [b"data: [DONE]\n\n"]


def dialect(path: str) -> str:
    """Which wire an address belongs to."""
    if path.endswith("/v1/messages"):
        return "anthropic"
    if path.startswith("/model/"):
        return "bedrock"
    return "gemini" if ":" in path.rpartition("/")[2] else "openai"


def input_tokens(call: Call) -> int:
    """A token for each byte, and what images count as instead of their bytes."""
    images, payload = 0, 0

    def walk(value: Any) -> None:
        nonlocal images, payload
        if isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, dict):
            data = image_payload(value)
            if data is not None:
                images += 1
                payload += len(data)
            for one in value.values():
                walk(one)

    walk(call.body)
    return len(call.raw_body) - payload + images * IMAGE


def image_payload(part: dict[str, Any]) -> str | None:
    """The base64 of an image, where a part is one in the words of its wire."""
    if part.get("type") == "image_url" and isinstance(part.get("image_url"), dict):
        return part["image_url"].get("url", "").partition(",")[2]
    if part.get("type") == "image" and isinstance(part.get("source"), dict):
        return part["source"].get("data", "")
    if isinstance(part.get("image"), dict):
        return part["image"].get("source", {}).get("bytes", "")
    if isinstance(part.get("inlineData"), dict):
        return part["inlineData"].get("data", "")
    return None
