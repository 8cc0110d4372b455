"""A provider that does what the prompt says, so that calls to one target can end in different ways."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from .answers import answer, completion
from .scripted import BEHAVIOURS, Behaviour, Call, ScriptedProvider, Wire


class MoodyProvider(ScriptedProvider):
    """The prompt names a behaviour, or is the key of one that the test has put into `moods`. Anything else is echoed."""

    def __init__(self) -> None:
        self.moods: dict[str, Behaviour] = {}
        self.lock = threading.Lock()
        self.running = self.most_running = 0
        super().__init__()

    def script(self, call: Call) -> Behaviour | None:
        behaviour = self.moods.get(call.prompt) or BEHAVIOURS.get(call.prompt) or BEHAVIOURS["echo"]

        async def counted(call: Call, wire: Wire) -> None:
            with self.lock:
                self.running += 1
                self.most_running = max(self.most_running, self.running)
            try:
                await behaviour(call, wire)
            finally:
                with self.lock:
                    self.running -= 1

        return counted

    def count(self, prompt: str) -> int:
        return sum(call.prompt == prompt for call in list(self.calls))


def says(status: int, value: Any, *headers: str) -> Behaviour:
    """A refusal or failure with this body."""

    async def script(call: Call, wire: Wire) -> None:
        await wire.reply_json(status, value, *headers)

    return script


def takes(seconds: float) -> Behaviour:
    """An answer that takes its time."""

    async def script(call: Call, wire: Wire) -> None:
        await asyncio.sleep(seconds)
        await answer(call, wire, "at last")

    return script


def streams_error(error: dict[str, Any]) -> Behaviour:
    """An error in an answer with status 200, streamed or not."""

    async def script(call: Call, wire: Wire) -> None:
        if not call.streamed:
            return await wire.reply_json(200, {"error": error})
        await wire.begin_stream()
        await wire.event({"error": error})
        await wire.end_stream()

    return script


def whole(call: Call, text: str) -> dict[str, Any]:
    return completion(call, text)
