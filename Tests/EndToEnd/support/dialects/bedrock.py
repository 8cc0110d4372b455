"""AWS Bedrock's Converse, its streams in AWS's binary framing."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

from ..scripted import Wire
from .script import Dialect, Script, Usage, pieces, written


def message(value: Any, **headers: str) -> bytes:
    """One message of `application/vnd.amazon.eventstream`."""
    head = b""
    for name, text in headers.items():
        key = f":{name.replace('_', '-')}".encode()
        head += struct.pack("!B", len(key)) + key + struct.pack("!BH", 7, len(text.encode())) + text.encode()
    payload = json.dumps(value, ensure_ascii=False).encode()
    prelude = struct.pack("!II", len(head) + len(payload) + 16, len(head))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return body + struct.pack("!I", zlib.crc32(body))


def event(name: str, **members: Any) -> bytes:
    return message(members, event_type=name, content_type="application/json", message_type="event")


class Bedrock(Dialect):
    kind = "bedrock"
    #: A colon in it, as real ids have, which must be signed as it is sent.
    family = "us.anthropic.claude-sonnet-4-5-v1:0"
    refusal = 403
    counts_cache_writes = True
    counts_reasoning = False

    def system(self, body: dict[str, Any]) -> str:
        return "\n".join(part["text"] for part in body.get("system", []))

    def turns(self, body: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
        return [(one["role"], one["content"]) for one in body["messages"]]

    def images(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        images = [part["image"] for part in self.turns(body)[-1][1] if "image" in part]
        return [(f"image/{image['format']}", image["source"]["bytes"]) for image in images]

    def offered(self, body: dict[str, Any]) -> dict[str, Any]:
        tools = [tool["toolSpec"] for tool in body.get("toolConfig", {}).get("tools", []) if "toolSpec" in tool]
        return {tool["name"]: tool["inputSchema"]["json"] for tool in tools}

    def results(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        found = [part["toolResult"] for part in self.turns(body)[-1][1] if "toolResult" in part]
        return [(one["toolUseId"], self.text_of(one["content"])) for one in found]

    def proofs(self, body: dict[str, Any]) -> list[str]:
        thoughts = [part["reasoningContent"] for _, parts in self.turns(body) for part in parts if "reasoningContent" in part]
        return [thought["reasoningText"]["signature"] for thought in thoughts]

    def wanted_schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        wanted = body.get("outputConfig", {}).get("textFormat", {}).get("structure", {}).get("jsonSchema", {}).get("schema")
        return json.loads(wanted) if wanted else None

    def output_limit(self, body: dict[str, Any]) -> int | None:
        return body.get("inferenceConfig", {}).get("maxTokens")

    def whole(self, script: Script) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        if script.thinking:
            content.append({"reasoningContent": {"reasoningText": {"text": script.thinking, "signature": script.signature}}})
        if script.text:
            content.append({"text": script.text})
        content += [{"toolUse": {"toolUseId": id, "name": name, "input": arguments}} for id, name, arguments in script.tools]
        answer = {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": self._stop(script), "metrics": {"latencyMs": 5}}
        return answer if script.usage is None else {**answer, "usage": self._usage(script.usage)}

    def _stop(self, script: Script) -> str:
        return script.stop or ("tool_use" if script.tools else "end_turn")

    def _usage(self, usage: Usage) -> dict[str, int]:
        return {
            "inputTokens": usage.plain, "cacheReadInputTokens": usage.cached, "cacheWriteInputTokens": usage.written,
            "outputTokens": usage.output, "totalTokens": usage.plain + usage.cached + usage.written + usage.output,
        }  # fmt: skip

    def failure(self, status: int, text: str) -> dict[str, Any]:
        return {"message": text}

    async def begin(self, wire: Wire) -> None:
        await wire.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n")

    def parts(self, script: Script) -> list[bytes]:
        out = [event("messageStart", role="assistant")]
        for index, (start, deltas) in enumerate(self._blocks(script)):
            if start:
                out.append(event("contentBlockStart", contentBlockIndex=index, start=start))
            out += [event("contentBlockDelta", contentBlockIndex=index, delta=delta) for delta in deltas]
            out.append(event("contentBlockStop", contentBlockIndex=index))
        out.append(event("messageStop", stopReason=self._stop(script)))
        return [*out, event("metadata", usage=self._usage(script.usage), metrics={"latencyMs": 5})] if script.usage else out

    def _blocks(self, script: Script) -> list[tuple[dict[str, Any] | None, list[dict[str, Any]]]]:
        blocks: list[tuple[dict[str, Any] | None, list[dict[str, Any]]]] = []
        if script.thinking:
            thoughts = [{"reasoningContent": {"text": piece}} for piece in pieces(script.thinking)]
            blocks.append((None, [*thoughts, {"reasoningContent": {"signature": script.signature}}]))
        if script.text:
            blocks.append((None, [{"text": piece} for piece in pieces(script.text)]))
        for id, name, arguments in script.tools:
            inputs = [{"toolUse": {"input": piece}} for piece in pieces(written(arguments))]
            blocks.append(({"toolUse": {"toolUseId": id, "name": name}}, inputs))
        return blocks

    def failure_in_stream(self, text: str) -> bytes:
        return message({"message": text}, exception_type="modelStreamErrorException", content_type="application/json", message_type="exception")
