"""A provider that answers word for word what a test gives it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Callable

from .gateway import Gateway
from .http import Reply
from .scripted import Behaviour, Call, ScriptedProvider, Wire

#: A second between events is silence; half a minute is for good.
POLICY = """
providers:
  oa: {{kind: openai, base_url: "{url}", api_key: t, retry: {{attempts: 1}}, breaker: off, timeouts: {{idle: 1s}}}}
  ob: {{kind: openai, base_url: "{url}", api_key: t, retry: {{attempts: 1}}, breaker: off}}
models:
  oa/m: {{provider: oa, upstream_model: a, price: {{input: 1, output: 2}}}}
  oa/free: {{provider: oa, upstream_model: a, price: free}}
  ob/m: {{provider: ob, upstream_model: b, price: {{input: 1, output: 2}}}}
  chain: {{fallback: [oa/m, ob/m]}}
  hedge: {{fallback: [oa/m, ob/m], hedge: {{after: 100ms}}}}
organizations:
  acme: {{teams: {{research: {{}}}}}}
"""

HEAD = {"id": "x1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
DONE = "[DONE]"


def choice(delta: dict[str, Any], finish: Any = None, **more: Any) -> dict[str, Any]:
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


ROLE = choice({"role": "assistant", "content": ""})
STOP = choice({}, "stop")


def text(words: str, **more: Any) -> dict[str, Any]:
    return choice({"content": words}, **more)


def usage(prompt: Any, completion: Any, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, **more}


def answer(words: Any = "fine", finish: Any = "stop", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": words}
    return {**HEAD, "object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}


@dataclass
class Recital:
    """What is answered: a body with its kind, or the events of a stream, which may be pauses (numbers)."""

    status: int = 200
    kind: str = "text/event-stream"
    events: tuple[Any, ...] = ()
    body: bytes | None = None
    #: `end`: in order; `cut`: the connection breaks; `hang`: it stays open.
    end: str = "end"


def event(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


class RecitingProvider(ScriptedProvider):
    """Answers `a` and `b` as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.recitals: dict[str, Recital] = {}

    def script(self, call: Call) -> Behaviour | None:
        recital = self.recitals[call.model]

        async def recite(call: Call, wire: Wire) -> None:
            if recital.body is not None:
                return await wire.reply(recital.status, recital.body, kind=recital.kind)
            await wire.begin_stream()
            for value in recital.events:
                if isinstance(value, (int, float)):
                    await asyncio.sleep(value)
                else:
                    await wire.chunk(event(value))
            if recital.end == "end":
                await wire.end_stream()
            elif recital.end == "cut":
                wire.close()
            else:
                await wire.until_gone(call, 30)

        return recite

    def streams(self, *events: Any, end: str = "end", model: str = "a") -> None:
        self.recitals[model] = Recital(events=events, end=end)

    def answers(self, value: Any, status: int = 200, kind: str = "application/json", model: str = "a") -> None:
        body = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.recitals[model] = Recital(status, kind, body=body)


Ask = Callable[..., Reply]


def ask(gateway: Gateway, model: str = "oa/m", **fields: Any) -> Reply:
    return gateway.http.chat(model, "hi", **fields)


def strict_chunks(reply: Reply) -> list[dict[str, Any]]:
    """All chunks of a stream, each of them JSON to the letter."""

    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is not JSON")

    return [json.loads(data, parse_constant=refuse) for name, data in reply.events() if name == "message" and data != DONE]


def words(reply: Reply) -> str:
    """The text of a stream, whatever its end."""
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in strict_chunks(reply) if chunk["choices"])


def is_done(reply: Reply) -> bool:
    events = reply.events()
    return bool(events) and events[-1][1] == DONE
