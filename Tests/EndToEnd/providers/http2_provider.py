"""A provider that offers HTTP/2 over TLS: `python http2_provider.py PORT CERTIFICATE KEY`. Says in its answers which version was spoken."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
#: What the stream of 200 numbers has used: fewer tokens would not be believed.
STREAM_USAGE = {"prompt_tokens": 10, "completion_tokens": 400, "total_tokens": 410}


async def provider(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body = b""
    while (event := await receive())["type"] == "http.request":
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    request = json.loads(body)
    version = scope["http_version"]
    if request.get("stream"):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for index in range(200):
            await send({"type": "http.response.body", "body": event_of({"index": 0, "delta": {"content": f"{index} "}, "finish_reason": None}), "more_body": True})
        await send({"type": "http.response.body", "body": event_of({"index": 0, "delta": {}, "finish_reason": "stop"}), "more_body": True})
        await send({"type": "http.response.body", "body": b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [], "usage": STREAM_USAGE}).encode() + b"\n\ndata: [DONE]\n\n"})
        return
    message = {"role": "assistant", "content": f"HTTP/{version}"}
    answer = {"id": "x", "object": "chat.completion", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE}
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def event_of(choice: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"


if __name__ == "__main__":
    config = Config()
    config.bind, config.certfile, config.keyfile = [f"127.0.0.1:{sys.argv[1]}"], sys.argv[2], sys.argv[3]
    config.alpn_protocols = ["h2", "http/1.1"]
    config.loglevel = "ERROR"
    asyncio.run(serve(provider, config))
