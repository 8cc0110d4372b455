"""Azure OpenAI: OpenAI's bodies, with the content filter's marks in them."""

from __future__ import annotations

import json
from typing import Any

from .script import Dialect, Script, Usage, pieces, written

FILTERED = {"hate": {"filtered": False, "severity": "safe"}}


def event(value: Any) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


class Azure(Dialect):
    kind = "azure"
    family = "gpt-5-mini"

    def system(self, body: dict[str, Any]) -> str:
        return "\n".join(message["content"] for message in body["messages"] if message["role"] in ("system", "developer"))

    def turns(self, body: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
        def parts(content: Any) -> list[dict[str, Any]]:
            return [{"text": content}] if isinstance(content, str) else content or []

        return [(message["role"], parts(message["content"])) for message in body["messages"]]

    def images(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        urls = [part["image_url"]["url"] for part in self.turns(body)[-1][1] if part["type"] == "image_url"]
        return [(head.removeprefix("data:").removesuffix(";base64"), data) for head, _, data in (url.partition(",") for url in urls)]

    def offered(self, body: dict[str, Any]) -> dict[str, Any]:
        return {tool["function"]["name"]: tool["function"]["parameters"] for tool in body.get("tools", [])}

    def results(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        return [(message["tool_call_id"], message["content"]) for message in body["messages"] if message["role"] == "tool"]

    def proofs(self, body: dict[str, Any]) -> list[str]:
        return []

    def wanted_schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        return body.get("response_format", {}).get("json_schema", {}).get("schema")

    def output_limit(self, body: dict[str, Any]) -> int | None:
        return body.get("max_completion_tokens", body.get("max_tokens"))

    def whole(self, script: Script) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": script.text or None, "refusal": None}
        if script.tools:
            message["tool_calls"] = [self._call(id, name, written(arguments)) for id, name, arguments in script.tools]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._stop(script), "content_filter_results": FILTERED}
        answer = {"id": "chatcmpl-azure", "object": "chat.completion", "created": 1, "model": "gpt-5-mini", "choices": [choice]}
        return answer if script.usage is None else {**answer, "usage": self._usage(script.usage)}

    def _stop(self, script: Script) -> str:
        return script.stop or ("tool_calls" if script.tools else "stop")

    def _call(self, id: str, name: str, arguments: str) -> dict[str, Any]:
        return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}

    def _usage(self, usage: Usage) -> dict[str, Any]:
        given = usage.plain + usage.cached + usage.written
        return {
            "prompt_tokens": given, "completion_tokens": usage.output, "total_tokens": given + usage.output,
            "prompt_tokens_details": {"cached_tokens": usage.cached}, "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
        }  # fmt: skip

    def failure(self, status: int, message: str) -> dict[str, Any]:
        return {"error": {"code": str(status), "message": message}}

    def parts(self, script: Script) -> list[bytes]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "" if script.text else None}]
        deltas += [{"content": piece} for piece in pieces(script.text)]
        for index, (id, name, arguments) in enumerate(script.tools):
            deltas.append({"tool_calls": [{"index": index, **self._call(id, name, "")}]})
            deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces(written(arguments))]
        # Azure's first chunk has no choices: it tells what the filter thinks of the prompt.
        out = [event({**self._chunk([]), "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": FILTERED}]})]
        out += [event(self._chunk([{"index": 0, "delta": delta, "finish_reason": None}])) for delta in deltas]
        out.append(event(self._chunk([{"index": 0, "delta": {}, "finish_reason": self._stop(script)}])))
        if script.usage:
            out.append(event({**self._chunk([]), "usage": self._usage(script.usage)}))
        return [*out, b"data: [DONE]\n\n"]

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": "chatcmpl-azure", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini", "choices": choices}

    def failure_in_stream(self, message: str) -> bytes:
        return event({"error": {"message": message, "type": "server_error", "code": None, "param": None}})
