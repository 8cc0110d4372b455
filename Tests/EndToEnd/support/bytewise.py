"""A provider that bills one token for each byte of the body that it reads, the declared cost of each medium, and all the output that it may give."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .answers import chunk, completion
from .scripted import Behaviour, Call, ScriptedProvider, Wire

IMAGE = 5_000
#: What Anthropic's models add to a request with tools, at most.
TOOL_PROMPT = 530
WINDOW = 128_000


class BytewiseProvider(ScriptedProvider):
    """Speaks OpenAI's dialect and Anthropic's. `billed` adds up the tokens of all calls, whatever became of their answers."""

    def __init__(self) -> None:
        self.billed: list[tuple[int, int]] = []
        super().__init__()

    def usd(self, input: str, output: str) -> Decimal:
        return sum((Decimal(a) * Decimal(input) + Decimal(b) * Decimal(output) for a, b in self.billed), Decimal(0)) / 1_000_000

    def script(self, call: Call) -> Behaviour:
        self.calls[:-10] = []
        return self.answer

    async def answer(self, call: Call, wire: Wire) -> None:
        read = len(call.raw_body) + sum(medium(part) for part in parts(call.body))
        if call.path.endswith("/messages"):
            read += TOOL_PROMPT if "tools" in call.body else 0
            written = call.body["max_tokens"]
            self.billed.append((read, written))
            usage: dict[str, Any] = {"input_tokens": read, "output_tokens": written}
            await wire.reply_json(200, {"id": "m", "type": "message", "role": "assistant", "model": call.model, "content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn", "usage": usage})
            return
        limit = next((call.body[name] for name in ("max_completion_tokens", "max_tokens") if name in call.body), 100)
        written = limit * call.body.get("n", 1)
        self.billed.append((read, written))
        usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        if not call.streamed:
            await wire.reply_json(200, completion(call, "ok", usage))
            return
        await wire.begin_stream()
        await wire.event(chunk(call, {"role": "assistant", "content": "ok"}))
        await wire.event(chunk(call, {}, "stop"))
        await wire.event(chunk(call, None, usage=usage))
        await wire.event("[DONE]")
        await wire.chunk(b"")


def parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    """All parts of all messages, those within results of tools included."""
    found: list[dict[str, Any]] = []
    waiting = [message.get("content") for message in body.get("messages", [])]
    while waiting:
        content = waiting.pop()
        if isinstance(content, list):
            found += [part for part in content if isinstance(part, dict)]
            waiting += [part.get("content") for part in content if isinstance(part, dict) and part.get("type") == "tool_result"]
    return found


def medium(part: dict[str, Any]) -> int:
    """What a part costs beyond its bytes: a medium that came along is billed by its declared cost and not by its bytes."""
    kind = part.get("type")
    if kind == "image_url":
        url = part["image_url"]["url"] if isinstance(part["image_url"], dict) else part["image_url"]
        payload = url.partition(";base64,")[2] if url.startswith("data:image/") else ""
        return IMAGE - len(payload)
    if kind == "image":
        return IMAGE - len(part["source"].get("data", ""))
    if kind == "document":
        return WINDOW - len(part["source"].get("data", ""))
    if kind in ("input_audio", "file", "video_url", "audio_url", "document_url", "input_file"):
        inner = part.get(kind)
        payload = (inner.get("data") or inner.get("file_data", "").partition(";base64,")[2]) if isinstance(inner, dict) else ""
        return WINDOW - len(payload)
    return 0
