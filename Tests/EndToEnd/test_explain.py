"""What clients are told about a decision: in bodies, last chunks, errors and headers, and the same by `purser route`."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from support.gateway import Gateway, Site
from support.http import Reply
from support.routing import EXPLAIN, explained

Chat = Callable[..., Reply]
SIMPLE = "Hi, how are you?"
CODE = "Write a Python function that parses RFC 3339 dates without using any library."
PROOF = "Prove that there are infinitely many primes of the form 4k + 3, and generalize the argument as far as it goes."


@pytest.fixture
def chat(routed: Gateway) -> Chat:
    return routed.http.chat


def offline(site: Site, model: str, prompt: str, *arguments: str) -> dict[str, Any]:
    """What `purser route` says."""
    done = site.run("route", "--model", model, "--json", *arguments, prompt)
    return json.loads(done.stdout, parse_float=Decimal)


SAME: list[tuple[str, str, dict[str, Any], dict[str, str], list[str]]] = [
    ("auto", SIMPLE, {}, {}, []),
    ("auto", CODE, {}, {}, []),
    ("auto", PROOF, {"max_cost": 0.06}, {}, ["--max-cost", "0.06"]),
    ("auto", SIMPLE, {"metadata": {"tier": "gold"}}, {}, ["--metadata", "tier=gold"]),
    ("auto", SIMPLE, {}, {"x-canary": "yes"}, ["--header", "x-canary=yes"]),
    ("auto", SIMPLE, {"user": "ada"}, {}, ["--user", "ada"]),
    ("auto", "Grüße aus Zürich! Wie spät ist es jetzt bei euch in 東京?", {}, {}, []),
    ("chain", "hello", {"max_cost": 0.1, "max_tokens": 50}, {}, ["--max-cost", "0.1", "--max-tokens", "50"]),
    ("chain", "hello", {"max_cost": 0.0001}, {}, ["--max-cost", "0.0001"]),
    ("clamped", "hello", {"max_cost": 0.0003}, {}, ["--max-cost", "0.0003"]),
    ("cheap", "word " * 5000, {}, {}, []),
    ("assistant", "hello", {"user": "grace"}, {}, ["--user", "grace"]),
    ("s/mid", "hello", {}, {}, []),
    (["s/broken", "s/mini"], "hello", {}, {}, []),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("model", "prompt", "fields", "headers", "arguments"), SAME)
def test_the_same_is_said_everywhere(routed: Gateway, chat: Chat, model: Any, prompt: str, fields: dict[str, Any], headers: dict[str, str], arguments: list[str]) -> None:
    """The body, the last chunk, an error and `purser route` tell one and the same decision."""
    names = ",".join(model) if isinstance(model, list) else model
    told = offline(routed.site, names, prompt, *arguments)
    for stream in (False, True):
        seen = explained(chat(model, prompt, stream=stream, headers={**EXPLAIN, **headers}, **fields))
        assert seen["features"].pop("stream") is stream
        assert {"request_id", "attempts", "cost_usd"} <= seen.keys()
        mine = {name: seen[name] for name in seen.keys() - {"request_id", "attempts", "cost_usd"}}
        assert mine == {**told, "features": {name: value for name, value in told["features"].items() if name != "stream"}}


@pytest.mark.parametrize(("model", "prompt", "fields", "headers", "arguments"), SAME)
def test_the_same_is_decided_everywhere(routed: Gateway, chat: Chat, model: Any, prompt: str, fields: dict[str, Any], headers: dict[str, str], arguments: list[str]) -> None:
    told = offline(routed.site, ",".join(model) if isinstance(model, list) else model, prompt, *arguments)
    for stream in (False, True):
        seen = explained(chat(model, prompt, stream=stream, headers={**EXPLAIN, **headers}, **fields))
        for name in ("requested", "route", "rule", "model", "experiment", "arm"):
            assert seen.get(name) == told.get(name), name
        for name in ("task", "complexity", "complexity_score", "language", "tools", "images", "structured_output"):
            assert seen["features"][name] == told["features"][name], name
        assert [(one["model"], "excluded_because" in one) for one in seen["candidates"]] == [(one["model"], "excluded_because" in one) for one in told["candidates"]]


def test_system_prompts_count_the_same(routed: Gateway, chat: Chat) -> None:
    told = offline(routed.site, "auto", CODE, "--system", "You are a careful programmer.")
    messages = [{"role": "system", "content": "You are a careful programmer."}, {"role": "user", "content": CODE}]
    seen = explained(chat("auto", "", messages=messages, headers=EXPLAIN))
    assert (seen["features"], seen["candidates"]) == (told["features"], told["candidates"])


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_attempts_and_costs_are_told(routed: Gateway, chat: Chat, stream: bool) -> None:
    reply = chat("falling", "hello", stream=stream, headers=EXPLAIN)
    why = explained(reply)
    assert [(one["model"], one["role"], one["status"]) for one in why["attempts"]] == [("s/broken", "primary", "error"), ("s/mini", "fallback", "ok")]
    assert all(one["ms"] >= 0 for one in why["attempts"])
    costs = [Decimal(record["cost_usd"]) for record in routed.site.records(request_id=reply.request_id)]
    assert [one["cost_usd"] for one in why["attempts"]] == costs and why["cost_usd"] == sum(costs)
    assert why["request_id"] == reply.request_id


def test_the_last_chunk_comes_with_usage_and_before_done(chat: Chat) -> None:
    reply = chat("auto", SIMPLE, stream=True, stream_options={"include_usage": True}, headers=EXPLAIN)
    *_, last, done = reply.events()
    chunk = json.loads(last[1], parse_float=Decimal)
    assert done == ("message", "[DONE]") and chunk["choices"] == [] and chunk["purser"]["cost_usd"] > 0
    assert [one["usage"]["cost"] for one in reply.chunks() if one.get("usage")] == [chunk["purser"]["cost_usd"]]


def test_the_last_chunk_belongs_to_its_stream(chat: Chat) -> None:
    chunks = chat("falling", SIMPLE, stream=True, headers=EXPLAIN).chunks()
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert chunks[-1]["model"] != "s/broken"


def test_errors_are_explained(chat: Chat) -> None:
    for model, status in [("hopeless", 502), ("only-gold", 400), ("nothing-of-this-name", 404)]:
        reply = chat(model, headers=EXPLAIN)
        assert reply.status == status and explained(reply)["requested"] == model
    late = chat("s/early", stream=True, headers=EXPLAIN)
    name, data = late.events()[-1]
    assert name == "error" and json.loads(data)["purser"]["attempts"][0]["status"] == "cut"


def test_nothing_is_explained_unasked(chat: Chat, routed: Gateway) -> None:
    for headers in ({}, {"x-purser-explain": "false"}):
        for reply in (chat("falling", headers=headers), chat("falling", stream=True, headers=headers), chat("hopeless", headers=headers)):
            assert b'"purser"' not in reply.body


def test_headers_of_direct_calls(chat: Chat) -> None:
    reply = chat("s/mini")
    assert (reply.headers["x-purser-model"], reply.headers["x-purser-attempts"]) == ("s/mini", "1")
