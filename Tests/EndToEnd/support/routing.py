"""Policies with virtual models of every strategy, and many requests at once."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterable

from .answers import answer
from .gateway import Gateway
from .http import Reply, read
from .scripted import Call, Wire, behaviour

#: Asks for the `purser` object.
EXPLAIN = {"x-purser-explain": "true"}


@behaviour("pause-300-ms")
async def pause(call: Call, wire: Wire) -> None:
    await asyncio.sleep(0.3)
    await answer(call, wire, call.prompt)


PROVIDERS = """
providers:
  steady: {{kind: openai, base_url: {url}, breaker: off, retry: {{attempts: 1}}}}
  gone: {{kind: openai, base_url: {gone}, retry: {{attempts: 1}}}}
  sick: {{kind: openai, base_url: {gone}, retry: {{attempts: 1}}, breaker: {{consecutive_failures: 3, cooldown: 1s}}}}
  off: {{kind: openai, base_url: {url}, api_key: ${{E2E_NOT_SET}}}}
"""

MODELS = """
models:
  s/mini: {provider: steady, upstream_model: echo, price: {input: 0.15, output: 0.60}, context_window: 4000, max_output_tokens: 1000, quality: 10, capabilities: {images: false}}
  s/mid: {provider: steady, upstream_model: echo, price: {input: 3, output: 15}, context_window: 128000, max_output_tokens: 2000, quality: 60}
  s/big: {provider: steady, upstream_model: echo, price: {input: 30, output: 60}, context_window: 200000, max_output_tokens: 4000, quality: 90}
  s/slow: {provider: steady, upstream_model: pause-300-ms, price: {input: 1, output: 1}}
  s/busy: {provider: steady, upstream_model: slow-plain, price: {input: 1, output: 1}}
  s/long: {provider: steady, upstream_model: slow-stream, price: {input: 1, output: 1}}
  s/broken: {provider: steady, upstream_model: status-500, price: {input: 1, output: 1}}
  s/early: {provider: steady, upstream_model: cut-stream, price: {input: 1, output: 1}}
  gone/echo: {provider: gone, upstream_model: echo, price: {input: 1, output: 1}}

  s/html: {provider: steady, upstream_model: html-200, price: {input: 100, output: 100}, max_output_tokens: 100}
  s/dear: {provider: steady, upstream_model: echo, price: {input: 100, output: 100}, max_output_tokens: 100}
  sick/echo: {provider: sick, upstream_model: echo, price: {input: 1, output: 1}}
  off/echo: {provider: off, upstream_model: echo, price: {input: 1, output: 1}}

  auto:
    route:
      - {name: gold, when: {metadata.tier: gold}, use: s/big}
      - {name: canary, when: {header.x-canary: "yes"}, use: s/big}
      - {name: ada, when: {user: ada}, use: s/big}
      - {name: others, when: {team: acme/others}, use: s/mid}
      - {name: night, when: {key: nightly}, use: s/mid}
      - {name: seeing, when: {images: true}, use: s/mid}
      - {name: streamed tools, when: {tools: true, stream: true}, use: s/big}
      - {name: tools, when: {tools: true}, use: s/mid}
      - {name: long, when: {input_tokens: ">2000"}, use: s/big}
      - {name: code, when: {task: code}, use: s/mid, fallback: [s/big]}
      - {name: hard, when: {complexity: high, max_cost: ">=0.05"}, use: s/mid}
      - {name: German, when: {language: de}, use: s/mid}
      - {name: rest, use: s/mini}
  chain: {fallback: [s/big, s/mid, s/mini]}
  clamped: {over_ceiling: clamp, fallback: [s/mini]}
  cheap: {among: [s/big, s/mid, s/mini], prefer: cheapest}
  best: {among: [s/mini, s/big, s/mid], prefer: best}
  swift: {among: [s/slow, s/mid], prefer: fastest}
  falling: {fallback: [s/broken, s/mini]}
  hopeless: {fallback: [s/broken]}
  outer: {route: [{name: nested, when: {stream: true}, use: falling}, {use: cheap}]}
  only-gold: {route: [{when: {metadata.tier: gold}, use: s/mini}]}
  assistant: {split: {experiment: trial, sticky: user, arms: {control: {use: s/mini, weight: 90}, candidate: {use: s/mid, weight: 10}}}}
  pool: {balance: {targets: [{use: s/mini, weight: 3}, {use: s/mid, weight: 1}]}}
  cosy: {balance: {targets: [s/mini, s/mid], affinity: session}}
  calm: {balance: {targets: [s/busy, s/mini], strategy: least_busy}}
  standby: {balance: {targets: [{use: s/mid, priority: 2}, {use: s/mini, priority: 1}]}}
  spare: {balance: {targets: [{use: gone/echo, priority: 1}, {use: s/mini, priority: 2}]}}
  dear-chain: {fallback: [s/html, s/dear]}
  healing: {fallback: [sick/echo, s/mini]}
  darkness: {fallback: [off/echo]}
  twilight: {fallback: [off/echo, s/mini]}
  tuned: {fallback: [{use: s/mini, max_output_tokens: 33, settings: {temperature: 0.5}}]}
  by-project: {split: {experiment: projects, sticky: metadata.project, arms: {left: {use: s/mini, weight: 1}, right: {use: s/mid, weight: 1}}}}
  switch: {fallback: [s/mini]}
  switch-long: {fallback: [s/long]}

organizations:
  acme:
    teams:
      research: {}
      others: {}
      narrow: {models: [assistant]}
"""


def policies(url: str, gone: str) -> str:
    return PROVIDERS.format(url=url, gone=gone) + MODELS


def ask_all(gateway: Gateway, bodies: Iterable[dict[str, Any]], threads: int = 8, headers: dict[str, str] | None = None) -> list[Reply]:
    """Sends the bodies over a few kept connections; the replies come in the order of the bodies."""
    own = threading.local()

    def ask(body: dict[str, Any]) -> Reply:
        connection = getattr(own, "connection", None)
        if connection is None:
            connection = own.connection = gateway.http.connect()
        connection.request("POST", "/v1/chat/completions", json.dumps(body).encode(), gateway.http.headers(headers))
        return read(connection.getresponse())

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(ask, bodies))


def explained(reply: Reply) -> dict[str, Any]:
    """The `purser` object, wherever the answer has it."""
    streamed = (reply.headers["content-type"] or "").startswith("text/event-stream")
    return reply.chunks()[-1]["purser"] if streamed else reply.json()["purser"]


def excluded(reply: Reply) -> dict[str, str | None]:
    return {one["model"]: one.get("excluded_because") for one in explained(reply)["candidates"]}
