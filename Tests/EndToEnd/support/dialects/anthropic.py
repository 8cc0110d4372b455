"""Anthropic's Messages."""

from __future__ import annotations

import json
from typing import Any

from .script import Dialect, Script, Usage, pieces, written

TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}


def event(name: str, **members: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **members}, ensure_ascii=False)}\n\n".encode()


class Anthropic(Dialect):
    kind = "anthropic"
    family = "claude-sonnet-4-5"
    overload = 529
    counts_cache_writes = True
    counts_reasoning = False

    def system(self, body: dict[str, Any]) -> str:
        return "\n".join(part["text"] for part in body.get("system", []))

    def turns(self, body: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
        return [(message["role"], message["content"]) for message in body["messages"]]

    def images(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        sources = [part["source"] for part in self.turns(body)[-1][1] if part["type"] == "image"]
        return [(source["media_type"], source["data"]) for source in sources if source["type"] == "base64"]

    def offered(self, body: dict[str, Any]) -> dict[str, Any]:
        return {tool["name"]: tool["input_schema"] for tool in body.get("tools", [])}

    def results(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        found = [part for part in self.turns(body)[-1][1] if part["type"] == "tool_result"]
        return [(part["tool_use_id"], self.text_of(part["content"])) for part in found]

    def proofs(self, body: dict[str, Any]) -> list[str]:
        return [part["signature"] for _, parts in self.turns(body) for part in parts if part["type"] == "thinking"]

    def wanted_schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        return body.get("output_config", {}).get("format", {}).get("schema")

    def output_limit(self, body: dict[str, Any]) -> int | None:
        return body["max_tokens"]

    def whole(self, script: Script) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        if script.thinking:
            content.append({"type": "thinking", "thinking": script.thinking, "signature": script.signature})
        if script.text:
            content.append({"type": "text", "text": script.text})
        content += [{"type": "tool_use", "id": id, "name": name, "input": arguments} for id, name, arguments in script.tools]
        answer = {"id": "msg_scripted", "type": "message", "role": "assistant", "model": "claude", "content": content, "stop_reason": self._stop(script), "stop_sequence": None}
        return answer if script.usage is None else {**answer, "usage": self._usage(script.usage)}

    def _stop(self, script: Script) -> str:
        return script.stop or ("tool_use" if script.tools else "end_turn")

    def _usage(self, usage: Usage) -> dict[str, int]:
        return {
            "input_tokens": usage.plain, "cache_creation_input_tokens": usage.written, "cache_read_input_tokens": usage.cached,
            "output_tokens": usage.output,
        }  # fmt: skip

    def failure(self, status: int, message: str) -> dict[str, Any]:
        return {"type": "error", "error": {"type": TYPES.get(status, "api_error"), "message": message}, "request_id": "req_scripted"}

    def parts(self, script: Script) -> list[bytes]:
        begun = {"id": "msg_scripted", "type": "message", "role": "assistant", "model": "claude", "content": [], "stop_reason": None}
        if script.usage:
            begun["usage"] = {**self._usage(script.usage), "output_tokens": 1}
        out = [event("message_start", message=begun), event("ping")]
        for index, (block, deltas) in enumerate(self._blocks(script)):
            out.append(event("content_block_start", index=index, content_block=block))
            out += [event("content_block_delta", index=index, delta=delta) for delta in deltas] + [event("ping")]
            out.append(event("content_block_stop", index=index))
        last: dict[str, Any] = {"delta": {"stop_reason": self._stop(script), "stop_sequence": None}}
        if script.usage:
            last["usage"] = {"output_tokens": script.usage.output}
        return [*out, event("message_delta", **last), event("message_stop")]

    def _blocks(self, script: Script) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
        if script.thinking:
            thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(script.thinking)]
            blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, [*thoughts, {"type": "signature_delta", "signature": script.signature}]))
        if script.text:
            blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces(script.text)]))
        for id, name, arguments in script.tools:
            inputs = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces(written(arguments))]]
            blocks.append(({"type": "tool_use", "id": id, "name": name, "input": {}}, inputs))
        return blocks

    def failure_in_stream(self, message: str) -> bytes:
        return event("error", error={"type": "overloaded_error", "message": message})
