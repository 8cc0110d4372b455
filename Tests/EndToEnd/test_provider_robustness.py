"""Providers with dialects of their own under what nobody planned: streams cut at any byte, requests with any mistake, everything at once."""

from __future__ import annotations

import asyncio
import copy
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from support.dialects import DIALECTS, Dialect
from support.dialects.faults import all_kinds
from support.dialects.provider import DialectProvider
from support.dialects.sayings import SIGNATURE
from support.gateway import Gateway
from support.http import Reply
from support.routing import ask_all

Chat = Callable[..., Reply]
REQUEST: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]},
        {
            "role": "assistant", "content": None,
            "reasoning_details": [{"type": "reasoning.text", "text": "hm", "signature": SIGNATURE, "format": "anthropic-claude-v1"}],
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
        {"role": "user", "content": "go on", "name": "ada"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}],
    "tool_choice": "auto", "parallel_tool_calls": True, "max_tokens": 100, "temperature": 0.5, "stop": ["END"], "reasoning_effort": "low", "user": "u",
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}},
}  # fmt: skip
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, "", "x", "\0", "a" * 5000, [], {}, [[]], [None], {"type": "x"}, "data:image/png;base64,", "http://x/y.png", {"a": {"a": {}}},
    "💥", "required", "none", "\ud800",
]  # fmt: skip


def test_the_whole_request_is_taken(chat: Chat, dialect: Dialect) -> None:
    assert chat(f"{dialect.kind}/echo", "", **REQUEST).text == "go on"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value but the whole."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


def with_mistakes(request: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    request = copy.deepcopy(request)
    for _ in range(draw.choice([1, 1, 2, 3])):
        *way, last = draw.choice(list(places(request)))
        holder: Any = request
        for step in way:
            holder = holder[step]
        if isinstance(holder, dict) and draw.random() < 0.2:
            holder.pop(last)
        elif isinstance(holder, list) and draw.random() < 0.2:
            holder.insert(last, copy.deepcopy(draw.choice(holder)))
        else:
            holder[last] = copy.deepcopy(draw.choice(VALUES))
    return request


def test_any_mistake_is_taken_or_told(house: Gateway, dialects: DialectProvider, dialect: Dialect) -> None:
    """Nothing but 200 and 400; what goes to the provider can be read by it."""
    draw = random.Random(dialect.kind)
    bodies = [{"model": f"{dialect.kind}/nothing", **with_mistakes(REQUEST, draw), "stream": draw.random() < 0.5} for _ in range(400)]
    dialects.forget()
    for body, reply in zip(bodies, ask_all(house, bodies, threads=4), strict=True):
        assert reply.status in (200, 400), (body, reply)
        assert reply.status == 200 or reply.error["message"]
    assert len(dialects.calls) > 50
    if dialect.kind != "azure":
        for call in dialects.calls:
            assert dialect.turns(call.body) and dialect.text_of(dialect.turns(call.body)[0][1]) is not None


def test_a_stream_cut_at_any_byte_is_never_called_whole(chat: Chat, dialect: Dialect) -> None:
    whole = all_kinds(dialect)
    began, ends = time.monotonic(), []
    for size in [*range(0, len(whole), 37), *range(len(whole) - 40, len(whole) + 1)]:
        reply = chat(f"{dialect.kind}/cut-at--{size}", stream=True)
        if reply.status == 200 and reply.events()[-1] == ("message", "[DONE]"):
            ends.append(size)
            finish = [choice["finish_reason"] for chunk in reply.chunks() for choice in chunk["choices"] if choice["finish_reason"]]
            assert finish == ["tool_calls"]
        else:
            assert (reply.status, reply.code) == (502, "upstream_error") if reply.status != 200 else reply.events()[-1][0] == "error", (size, reply)
    assert ends and ends[-1] == len(whole) and time.monotonic() - began < 60
    # What is cut before the reason for the end has come is never whole.
    assert min(ends) > len(whole) * 3 // 4


def test_long_answers_take_time_in_proportion(chat: Chat, dialect: Dialect) -> None:
    """40,000 events of one block: nothing is gathered over and over again."""
    began = time.monotonic()
    reply = chat(f"{dialect.kind}/long-text--40000", stream=True, timeout=60)
    assert len(reply.text) == 240_000 and time.monotonic() - began < 10


def test_no_cross_talk(house: Gateway) -> None:
    """Every dialect, plain and streamed, through the same connections at once: each answer belongs to its question."""

    async def one(sdk: openai.AsyncOpenAI, gate: asyncio.Semaphore, number: int) -> str | None:
        kind, asked = list(DIALECTS)[number % 4], f"nonce {number} " + "ü" * (number % 61)
        request: Any = {"model": f"{kind}/echo", "messages": [{"role": "user", "content": asked}]}
        async with gate:
            if number % 3 == 0:
                said = (await sdk.chat.completions.create(**request)).choices[0].message.content
            else:
                stream = await sdk.chat.completions.create(**request, stream=True)
                said = "".join([part.choices[0].delta.content or "" async for part in stream if part.choices])
        return None if said == asked else f"{kind}: asked {asked!r}, got {said!r}"

    async def run() -> list[str | None]:
        transport = openai.DefaultAsyncHttpxClient(verify=house.site.trust())
        async with openai.AsyncOpenAI(api_key=house.key, base_url=f"{house.url}/v1", max_retries=0, http_client=transport) as sdk:
            gate = asyncio.Semaphore(40)
            return await asyncio.gather(*(one(sdk, gate, number) for number in range(800)))

    assert not [problem for problem in asyncio.run(run()) if problem]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_race_between_dialects(house: Gateway, chat: Chat, dialects: DialectProvider, dialect: Dialect, stream: bool) -> None:
    """The slow one is left and billed, the quick one answers."""
    reply = chat(f"race-{dialect.kind}", "quick", stream=stream)
    assert (reply.text, reply.headers["x-purser-model"]) == ("quick", "plain/echo")
    assert dialects.asked("slow").gone.wait(3), "the loser was left working"
    loser, winner = house.site.records(request_id=reply.request_id)
    assert (loser["provider"], loser["status"], loser["estimated"], winner["status"]) == (dialect.kind, "canceled", True, "ok")
    assert float(loser["cost_usd"]) > 0


@pytest.mark.parametrize("choice", ["none", "required", {"type": "function", "function": {"name": "f"}}], ids=["none", "required", "named"])
def test_tool_choices(chat: Chat, dialects: DialectProvider, dialect: Dialect, choice: Any) -> None:
    assert chat(f"{dialect.kind}/echo", "hi", tools=REQUEST["tools"], tool_choice=choice).status == 200
    body = dialects.asked("echo").body
    told = {
        "anthropic": lambda: body["tool_choice"],
        "gemini": lambda: body["toolConfig"]["functionCallingConfig"],
        "azure": lambda: body["tool_choice"],
        "bedrock": lambda: body.get("toolConfig", {}).get("toolChoice"),
    }[dialect.kind]()
    expected = {
        "anthropic": [{"type": "none"}, {"type": "any"}, {"type": "tool", "name": "f"}],
        "gemini": [{"mode": "NONE"}, {"mode": "ANY"}, {"mode": "ANY", "allowedFunctionNames": ["f"]}],
        "azure": ["none", "required", {"type": "function", "function": {"name": "f"}}],
        # Converse cannot forbid calls but by offering no tools.
        "bedrock": [None, {"any": {}}, {"tool": {"name": "f"}}],
    }[dialect.kind]
    assert told == expected[["none", "required"].index(choice) if isinstance(choice, str) else 2]
    assert dialect.kind != "bedrock" or choice != "none" or "toolConfig" not in body


def test_json_objects(chat: Chat, dialects: DialectProvider, dialect: Dialect) -> None:
    assert chat(f"{dialect.kind}/echo", "Give me JSON.", response_format={"type": "json_object"}).status == 200
    body = json.dumps(dialects.asked("echo").body)
    assert {"anthropic": "json_response", "gemini": "application/json", "azure": "json_object", "bedrock": "json_response"}[dialect.kind] in body


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("gemini", "../../evil"), ("gemini", "a/../../evil"), ("gemini", "./evil"), ("gemini", ".."), ("azure", ".."), ("bedrock", ".."),
        ("gemini", "evil?key=1"), ("gemini", "evil#x"), ("gemini", "..\\evil"), ("azure", "../evil"), ("azure", "evil?api-version=1"),
        ("bedrock", "../evil"), ("bedrock", "evil/converse?x"),
    ],
)  # fmt: skip
def test_a_models_name_cannot_leave_its_place(house: Gateway, dialects: DialectProvider, kind: str, name: str) -> None:
    """A client may name any model that a pattern fits: its name is one part of a path, and nothing else."""
    dialects.forget()
    house.http.chat(f"bare-{kind}/{name}")
    roots = {"gemini": "/v1beta/", "azure": "/openai/deployments/", "bedrock": "/model/"}
    for call in dialects.calls:
        path, _, query = call.path.partition("?")
        assert path.startswith(roots[kind]) and not {"..", "."} & set(path.lower().replace("%2e", ".").split("/")), path
        assert query == ("api-version=2024-10-21" if kind == "azure" else ""), query
