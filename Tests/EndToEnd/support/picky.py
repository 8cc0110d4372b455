"""A provider of every dialect that refuses requests by what is in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable

from .dialects import DIALECTS
from .dialects.provider import DialectProvider
from .dialects.script import Script
from .scripted import Behaviour, Call, ScriptedProvider, Wire


@dataclass
class Refusal:
    """What is refused, and how it is said."""

    matches: Callable[[dict[str, Any]], bool]
    body: Any
    status: int = 400
    #: Sends the refusal as the first event of a stream that began with 200: with this name, or without one ("").
    event: str | None = None
    #: Sends this before it.
    after: tuple[Any, ...] = ()


def has(*path: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a body has a member, told by its path."""

    def matches(body: dict[str, Any]) -> bool:
        value: Any = body
        for name in path:
            if not isinstance(value, dict) or name not in value:
                return False
            value = value[name]
        return True

    return matches


def contains(text: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: text in str(body)


class PickyProvider(ScriptedProvider):
    """Answers `ok` unless a refusal of the model matches. OpenAI's paths are answered in Azure's shape, which is the same."""

    def __init__(self) -> None:
        self.refusals: dict[str, list[Refusal]] = {}
        super().__init__()
        self.root = self.url.removesuffix("/v1")

    def script(self, call: Call) -> Behaviour | None:
        dialect = DIALECTS["azure"] if call.path.startswith("/v1/chat/") else DialectProvider.dialect(call)

        async def answer(call: Call, wire: Wire) -> None:
            for refusal in self.refusals.get(call.model, []):
                if refusal.matches(call.body):
                    if refusal.event is not None:
                        return await self._refuse_inside(wire, refusal)
                    return await wire.reply_json(refusal.status, refusal.body)
            await dialect.answer(call, wire, Script(text="ok"))

        return answer

    async def _refuse_inside(self, wire: Wire, refusal: Refusal) -> None:
        await wire.begin_stream()
        for value in refusal.after:
            await wire.event(value)
        name = f"event: {refusal.event}\n" if refusal.event else ""
        await wire.chunk(f"{name}data: {json.dumps(refusal.body)}\n\n".encode())
        await wire.end_stream()

    def bodies(self, model: str) -> list[dict[str, Any]]:
        """What has been sent to a model."""
        return [call.body for call in self.calls if call.model == model]
