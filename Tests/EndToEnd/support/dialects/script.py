"""What a model says, in no provider's words, and what a dialect must be able to do with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ..scripted import Call, Wire


@dataclass
class Usage:
    """Tokens, each counted once: `plain`, `cached` and `written` make up the input; `reasoning` is a part of the output."""

    plain: int = 11
    cached: int = 0
    written: int = 0
    output: int = 7
    reasoning: int = 0


@dataclass
class Script:
    """One answer."""

    text: str = ""
    thinking: str = ""
    #: The provider's proof of the thinking.
    signature: str = ""
    #: id, name, arguments; arguments that are no JSON as the text that a stream brings
    tools: list[tuple[str, str, dict[str, Any] | str]] = field(default_factory=list)
    usage: Usage | None = field(default_factory=Usage)
    #: The reason for the end in the provider's own word; empty: the usual one.
    stop: str = ""


def pieces(text: str, size: int = 6) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def written(arguments: dict[str, Any] | str) -> str:
    """Arguments as the text that streams bring in pieces."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


class Dialect:
    """One provider's way to be asked and to answer."""

    kind: str
    #: The models' names begin so: much of what is translated depends on the model.
    family: str
    #: The status with which a refused credential is answered.
    refusal = 401
    #: The status of an overloaded provider.
    overload = 503
    #: Whether its usage tells the tokens written to the cache.
    counts_cache_writes = False
    #: Whether its usage tells the tokens of reasoning.
    counts_reasoning = True

    # What was asked

    def system(self, body: dict[str, Any]) -> str:
        """The system prompts, joined by line breaks."""
        raise NotImplementedError

    def turns(self, body: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
        """Role and parts of each message."""
        raise NotImplementedError

    def text_of(self, parts: list[dict[str, Any]]) -> str:
        return "".join(part["text"] for part in parts if "text" in part)

    def prompt(self, body: dict[str, Any]) -> str:
        return self.text_of(self.turns(body)[-1][1])

    def images(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        """Media type (or format) and base64 of the images in the last message."""
        raise NotImplementedError

    def offered(self, body: dict[str, Any]) -> dict[str, Any]:
        """The schemas of the tools by their names."""
        raise NotImplementedError

    def results(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        """What tools are said to have answered: the call's id (or the tool's name) and its text."""
        raise NotImplementedError

    def proofs(self, body: dict[str, Any]) -> list[str]:
        """The signatures that came back."""
        raise NotImplementedError

    def wanted_schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        """The schema that the answer itself shall have."""
        raise NotImplementedError

    def output_limit(self, body: dict[str, Any]) -> int | None:
        raise NotImplementedError

    # What is answered

    def whole(self, script: Script) -> dict[str, Any]:
        raise NotImplementedError

    def failure(self, status: int, message: str) -> dict[str, Any]:
        """The body of an error."""
        raise NotImplementedError

    async def begin(self, wire: Wire) -> None:
        await wire.begin_stream()

    def parts(self, script: Script) -> list[bytes]:
        """The stream in as many pieces as it has events."""
        raise NotImplementedError

    def failure_in_stream(self, message: str) -> bytes:
        raise NotImplementedError

    async def answer(self, call: Call, wire: Wire, script: Script) -> None:
        if not call.streamed:
            return await wire.reply_json(200, self.whole(script))
        await self.begin(wire)
        for part in self.parts(script):
            await wire.chunk(part)
        await wire.end_stream()
