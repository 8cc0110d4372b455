"""Google's generateContent."""

from __future__ import annotations

import json
from typing import Any

from .script import Dialect, Script, Usage, pieces

STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}


def event(value: Any) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\r\n\r\n".encode()


class Gemini(Dialect):
    kind = "gemini"
    family = "gemini-3-flash"

    def system(self, body: dict[str, Any]) -> str:
        return "\n".join(part["text"] for part in body.get("systemInstruction", {}).get("parts", []))

    def turns(self, body: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
        return [(content["role"], content["parts"]) for content in body["contents"]]

    def images(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        inline = [part["inlineData"] for part in self.turns(body)[-1][1] if "inlineData" in part]
        return [(data["mimeType"], data["data"]) for data in inline]

    def offered(self, body: dict[str, Any]) -> dict[str, Any]:
        declared = [one for tool in body.get("tools", []) for one in tool["functionDeclarations"]]
        return {one["name"]: one.get("parametersJsonSchema") for one in declared}

    def results(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        found = [part["functionResponse"] for part in self.turns(body)[-1][1] if "functionResponse" in part]
        return [(one["name"], one["response"].get("output") or json.dumps(one["response"])) for one in found]

    def proofs(self, body: dict[str, Any]) -> list[str]:
        return [part["thoughtSignature"] for _, parts in self.turns(body) for part in parts if "thoughtSignature" in part]

    def wanted_schema(self, body: dict[str, Any]) -> dict[str, Any] | None:
        return body.get("generationConfig", {}).get("responseJsonSchema")

    def output_limit(self, body: dict[str, Any]) -> int | None:
        return body.get("generationConfig", {}).get("maxOutputTokens")

    def whole(self, script: Script) -> dict[str, Any]:
        return self._answer(self._said(script), script.stop or "STOP", script.usage)

    def _said(self, script: Script) -> list[dict[str, Any]]:
        """Every part with as little text as a stream brings at once."""
        said: list[dict[str, Any]] = [{"text": piece, "thought": True} for piece in pieces(script.thinking)]
        said += [{"text": piece} for piece in pieces(script.text)]
        said += [{"functionCall": {"id": id, "name": name, "args": arguments}} for id, name, arguments in script.tools]
        if script.signature:
            # On the first call, where there are calls; else on the last text.
            next((part for part in said if "functionCall" in part), said[-1])["thoughtSignature"] = script.signature
        return said

    def _answer(self, said: list[dict[str, Any]], stop: str | None, usage: Usage | None) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": said}, "index": 0}
        if stop:
            candidate["finishReason"] = stop
        answer = {"candidates": [candidate], "modelVersion": "gemini", "responseId": "scripted"}
        if usage is None:
            return answer
        counts = {"promptTokenCount": usage.plain + usage.cached + usage.written, "candidatesTokenCount": usage.output - usage.reasoning}
        counts |= {"cachedContentTokenCount": usage.cached} if usage.cached else {}
        counts |= {"thoughtsTokenCount": usage.reasoning} if usage.reasoning else {}
        return {**answer, "usageMetadata": {**counts, "totalTokenCount": usage.plain + usage.cached + usage.written + usage.output}}

    def failure(self, status: int, message: str) -> dict[str, Any]:
        return {"error": {"code": status, "message": message, "status": STATUSES.get(status, "INTERNAL")}}

    def parts(self, script: Script) -> list[bytes]:
        *rest, last = [[part] for part in self._said(script)] or [[]]
        growing = Usage(script.usage.plain + script.usage.cached + script.usage.written, 0, 0, 1) if script.usage else None
        return [*(event(self._answer(said, None, growing)) for said in rest), event(self._answer(last, script.stop or "STOP", script.usage))]

    def failure_in_stream(self, message: str) -> bytes:
        return event(self.failure(503, message))
