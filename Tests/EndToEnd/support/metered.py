"""A provider that does what each prompt says and keeps its own account: what it reported to have used, call by call."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from .answers import chunk, completion
from .faults import failure
from .scripted import Behaviour, Call, ScriptedProvider, Wire, mark_gone

#: Text of one token in a stream: four bytes, as English has.
TOKEN = "tok "


class Usage(NamedTuple):
    """Tokens of one call."""

    input: int
    cached: int
    output: int

    @classmethod
    def of(cls, record: dict[str, Any]) -> Usage:
        return cls(record["input_tokens"], record["cached_input_tokens"], record["output_tokens"])

    def openai(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.input,
            "completion_tokens": self.output,
            "total_tokens": self.input + self.output,
            "prompt_tokens_details": {"cached_tokens": self.cached},
        }

    def cost(self, input: str, cached: str, output: str) -> Decimal:
        """In USD, from prices of a million tokens: exact, then rounded once to a nano-dollar."""
        exact = (self.input - self.cached) * Decimal(input) + self.cached * Decimal(cached) + self.output * Decimal(output)
        return (exact / 1_000_000).quantize(Decimal("1e-9"), ROUND_HALF_UP)


class MeteredProvider(ScriptedProvider):
    """The prompt is JSON: `tag` names the request, `do` what happens, `input`, `cached` and `output` or `share` (of the output asked for) what it uses."""

    def __init__(self) -> None:
        #: Every usage that was sent off, by the tag and the model.
        self.reported: dict[tuple[str, str], list[Usage]] = defaultdict(list)
        #: The tags of all requests that have arrived.
        self.arrived: set[str] = set()
        super().__init__()

    def script(self, call: Call) -> Behaviour:
        order = json.loads(call.prompt)
        self.arrived.add(order["tag"])
        # What this provider did is in its account; thousands of calls are not worth keeping.
        self.calls.clear()
        if call.model == "broken":
            return self.fail
        # Of two that race only one is silent.
        if order["do"] == "silent" and call.model == "small":
            return self.silent
        return {"fail": self.fail, "busy": self.busy}.get(order["do"], self.stream if call.streamed else self.whole)

    def use(self, call: Call, order: dict[str, Any]) -> Usage:
        """What a call uses: never more output than it was allowed."""
        limit = call.body.get("max_completion_tokens") or call.body.get("max_tokens") or order["most"]
        wanted = order["output"] if "output" in order else max(1, int(limit * order["share"]))
        return Usage(order["input"], order["cached"], min(limit, wanted) * call.body.get("n", 1))

    def report(self, call: Call, order: dict[str, Any], usage: Usage) -> Any:
        """What the answer says of the usage; an order may want something else to be said."""
        self.reported[order["tag"], call.model].append(usage)
        return order.get("usage", usage.openai())

    async def fail(self, call: Call, wire: Wire) -> None:
        await wire.reply_json(500, failure("out of order"))

    async def busy(self, call: Call, wire: Wire) -> None:
        await wire.reply_json(429, failure("slow down", "rate_limit_exceeded"))

    async def silent(self, call: Call, wire: Wire) -> None:
        await wire.until_gone(call, 30)

    async def whole(self, call: Call, wire: Wire) -> None:
        order = json.loads(call.prompt)
        if order.get("pause") and await self.left(call, wire, order["pause"]):
            return
        usage = self.use(call, order)
        await wire.reply_json(200, completion(call, "done", self.report(call, order, usage)))

    async def stream(self, call: Call, wire: Wire) -> None:
        """Some tokens an event. With `cut` the stream ends in its middle, without a usage."""
        order = json.loads(call.prompt)
        usage = self.use(call, order)
        tokens, batch = usage.output, order["batch"]
        cut_at = tokens // 2 if order["do"] == "cut" else None
        await wire.begin_stream()
        sent = 0
        while sent < tokens:
            if cut_at is not None and sent >= cut_at:
                return await wire.end_stream()
            size = min(batch, tokens - sent)
            await wire.event(chunk(call, {"content": TOKEN * size}))
            sent += size
            if order.get("pause"):
                await asyncio.sleep(order["pause"])
        if cut_at is not None:
            return await wire.end_stream()
        await wire.event(chunk(call, {}, "stop"))
        await wire.event(chunk(call, None, usage=self.report(call, order, usage)))
        await wire.event("[DONE]")
        await wire.end_stream()

    async def left(self, call: Call, wire: Wire, seconds: float) -> bool:
        """Waits; whether the gateway has left meanwhile."""
        await asyncio.sleep(seconds)
        if not wire.reader.at_eof():
            return False
        mark_gone(call)
        wire.close()
        return True
