"""A provider whose models call tools."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from .reciting import HEAD
from .scripted import Behaviour, Call, ScriptedProvider, Wire

#: An MCP server on the official SDK: `python odd_server.py stdio`, `python odd_server.py http PORT`.
SERVER = Path(__file__).parent.parent / "servers" / "odd_server.py"


def call(name: str, arguments: Any, number: int = 0) -> dict[str, Any]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": f"call_{number}_{name}", "type": "function", "function": {"name": name, "arguments": text}}


class ToolUser(ScriptedProvider):
    """Each model calls what a test has planned for it, turn by turn; then it says what the tools have answered."""

    def __init__(self) -> None:
        super().__init__()
        #: By model: the calls of each turn, with the words before them.
        self.turns: dict[str, list[tuple[str, list[dict[str, Any]]]]] = {}

    def script(self, call: Call) -> Behaviour | None:
        turn = sum(message["role"] == "assistant" for message in call.body["messages"])
        plan = self.turns.get(call.model, [])
        if turn < len(plan):
            words, calls = plan[turn]
        else:
            results = [message["content"] for message in call.body["messages"] if message["role"] == "tool"]
            words, calls = f"done: {' | '.join(results)}", []

        async def answer(call: Call, wire: Wire) -> None:
            if call.model == "gone":
                return await wire.reply_json(503, {"error": {"message": "gone", "type": "server_error", "param": None, "code": None}})
            usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
            finish = "tool_calls" if calls else "stop"
            if not call.streamed:
                message = {"role": "assistant", "content": words or None, **({"tool_calls": calls} if calls else {})}
                choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
                return await wire.reply_json(200, {**HEAD, "object": "chat.completion", "choices": [choice], "usage": usage})
            await wire.begin_stream()
            deltas: list[dict[str, Any]] = [{"role": "assistant"}, *({"content": word} for word in re.findall(r"\S+\s*", words))]
            for index, one in enumerate(calls):
                function = one["function"]
                deltas.append({"tool_calls": [{**one, "index": index, "function": {**function, "arguments": ""}}]})
                deltas.append({"tool_calls": [{"index": index, "function": {"arguments": function["arguments"]}}]})
            for delta in deltas:
                await wire.event({**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            await wire.event({**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
            await wire.event({**HEAD, "choices": [], "usage": usage})
            await wire.event("[DONE]")
            await wire.end_stream()

        return answer
