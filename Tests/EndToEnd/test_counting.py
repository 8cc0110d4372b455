"""The input is counted from what is sent: no member of a request hides another, whatever the provider makes of it.

The provider bills one token for each byte that it reads. Input and output cost 10 USD a million tokens; the team has a budget that a small
request fits into and a large one does not.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from support.bytewise import BytewiseProvider
from support.gateway import Gateway, Site

POLICY = """
providers:
  open: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
  anthropic: {{kind: anthropic, base_url: {root}, api_key: k, retry: {{attempts: 1}}, breaker: off}}
models:
  gpt: {{provider: open, price: {{input: 10, output: 10}}, context_window: 128000}}
  "or/*": {{provider: open, price: {{input: 10, output: 10}}}}
  claude: {{provider: anthropic, upstream_model: claude-3-5-sonnet-20241022, price: {{input: 10, output: 10}}, context_window: 128000}}
organizations:
  acme:
    teams:
      research: {{limits: [{{usd: {limit}, per: day}}]}}
"""
LONG = "x" * 216_000
NUMBERS = [1_000_000_000] * 20_000
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"


@pytest.fixture
def bytewise() -> Iterator[BytewiseProvider]:
    provider = BytewiseProvider()
    yield provider
    provider.stop()


@pytest.fixture
def start(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway], bytewise: BytewiseProvider) -> Callable[..., Gateway]:
    return lambda limit="0.10": own_gateway(new_site(POLICY.format(url=bytewise.url, root=bytewise.url.removesuffix("/v1"), limit=limit)))


def user(*parts: Any, **members: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts), **members}


HI = {"type": "text", "text": "hi"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}

HIDDEN: dict[str, dict[str, Any]] = {
    "refusal-behind-image": {"messages": [user(HI, {"type": "refusal", "refusal": LONG, "image_url": "x"})]},
    "text-behind-image": {"messages": [user({"type": "text", "text": LONG, "image_url": {"url": PNG}})]},
    "image-with-text": {"messages": [user({"type": "image_url", "image_url": {"url": PNG}, "text": LONG})]},
    "image-detail": {"messages": [user({"type": "image_url", "image_url": {"url": PNG, "detail": LONG}})]},
    "image-type": {"messages": [user({"type": "image_url", "image_url": {"url": f"data:image/png;{LONG};base64,iVBORw0KGgo="}})]},
    "sound-in-text": {"messages": [user({"type": "text", "text": "hi", "input_audio": {"data": LONG}})]},
    "no-type": {"messages": [user({"text": "hi", "input_audio": {"data": LONG}})]},
    "no-type-address": {"messages": [user({"text": "hi", "audio_url": {"url": "https://a.example/b"}})]},
    "sound-behind-image": {"messages": [user({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}, "image_url": "x"})]},
    "annotations": {"messages": [user({"type": "text", "text": "hi", "annotations": [LONG]})]},
    "numbers-in-unknown-part": {"messages": [user({"type": "data", "data": NUMBERS})]},
    "numbers-in-message": {"messages": [{"role": "user", "content": "hi", "extra": NUMBERS}]},
    "numbers-in-details": {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "a", "reasoning_details": [{"n": NUMBERS}]}, {"role": "user", "content": "hi"}]},
    "name": {"messages": [{"role": "user", "content": "hi", "name": LONG}]},
    "member": {"messages": [{"role": "user", "content": "hi"}], "some_member": NUMBERS},
    "settings": {"model": {"model": "gpt", "settings": {"some_member": NUMBERS}}, "messages": [{"role": "user", "content": "hi"}]},
    "tool": {"messages": [{"role": "user", "content": "hi"}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"default": NUMBERS}}}]},
    "description": {"messages": [{"role": "user", "content": "hi"}], "tools": [{"type": "function", "function": {"name": "f", "description": LONG}}]},
    "format": {"messages": [{"role": "user", "content": "hi"}], "response_format": {"type": "json_schema", "json_schema": {"name": "r", "schema": {"type": "object", "default": NUMBERS}}}},
    "arguments": {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": LONG}}]}, {"role": "tool", "tool_call_id": "c", "content": "r"}]},
    "stop": {"messages": [{"role": "user", "content": "hi"}], "stop": [LONG]},
    "audio_url": {"messages": [user({"type": "audio_url", "audio_url": {"url": "https://a.example/b"}})]},
    "document_url": {"messages": [user({"type": "document_url", "document_url": "https://a.example/1000-pages.pdf"})]},
    "video_url": {"messages": [user({"type": "video_url", "video_url": {"url": "https://a.example/b"}})]},
    "file_id": {"messages": [user({"type": "file", "file": {"file_id": "f"}})]},
    "input_file": {"messages": [user({"type": "input_file", "file_url": "https://a.example/b"})]},
    "source": {"messages": [user({"type": "document", "source": {"type": "url", "url": "https://a.example/b"}})]},
    "earlier-sound": {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "audio": {"id": "a"}}, {"role": "user", "content": "hi"}]},
    "pdf-as-image": {"messages": [user({"type": "image_url", "image_url": {"url": "data:application/pdf;base64,JVBERi0x"}})]},
}


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("model", ["gpt", "claude"])
def test_what_a_member_hides_is_counted(start: Callable[..., Gateway], bytewise: BytewiseProvider, model: str, name: str) -> None:
    """Each of them would cost more than the budget; it is refused, or it costs no more than the budget because it is left out."""
    gateway = start()
    fields = {"model": model, "max_tokens": 100, **HIDDEN[name]}
    reply = gateway.http.send("POST", "/v1/chat/completions", fields)
    assert bytewise.usd("10", "10") <= Decimal("0.10"), reply
    assert reply.status in (200, 400, 402), reply
    ceiling = gateway.http.send("POST", "/v1/chat/completions", {**fields, "max_cost": 0.05})
    assert ceiling.status in (200, 400, 402)
    assert bytewise.usd("10", "10") <= Decimal("0.10")


@pytest.mark.parametrize("name", ["no-type-address", "audio_url", "document_url", "file_id", "refusal-behind-image", "numbers-in-message"])
def test_what_does_not_fit_is_refused_by_its_limit(start: Callable[..., Gateway], bytewise: BytewiseProvider, name: str) -> None:
    gateway = start()
    assert gateway.http.send("POST", "/v1/chat/completions", {"model": "gpt", "max_tokens": 10, **HIDDEN[name]}).code == "budget_exceeded"
    assert gateway.http.send("POST", "/v1/chat/completions", {"model": "gpt", "max_tokens": 10, **HIDDEN[name], "max_cost": 0.05}).code == "max_cost_exceeded"
    assert not bytewise.billed


def test_a_providers_own_prompt_for_tools_is_counted(start: Callable[..., Gateway], bytewise: BytewiseProvider) -> None:
    gateway = start("0.02")
    tool = {"type": "function", "function": {"name": "f", "description": "Does it.", "parameters": {"type": "object", "properties": {}}}}
    for more in ({"tools": [tool]}, {"response_format": {"type": "json_schema", "json_schema": {"name": "r", "schema": {"type": "object"}}}}):
        for _ in range(20):
            gateway.http.chat("claude", "hi", max_tokens=20, **more)
    assert bytewise.billed and bytewise.usd("10", "10") <= Decimal("0.02")


@pytest.mark.parametrize("member", [{"provider": {"order": ["dear"]}}, {"transforms": ["middle-out"]}, {"extra_body": {"a": 1}}, {"plugins": [{"id": "web"}]}, {"route": "fallback"}, {"fallbacks": ["dear"]}])
def test_members_that_change_the_price_are_refused_by_name(start: Callable[..., Gateway], bytewise: BytewiseProvider, member: dict[str, Any]) -> None:
    reply = start("5").http.chat("gpt", "hi", **member)
    assert (reply.status, reply.error["param"]) == (400, next(iter(member)))
    assert not bytewise.billed


@pytest.mark.parametrize("name", ["x:online", "x:nitro", "@preset/mine"])
def test_a_name_that_changes_the_price_is_refused(start: Callable[..., Gateway], bytewise: BytewiseProvider, name: str) -> None:
    reply = start("5").http.chat("or/" + name, "hi")
    assert (reply.status, reply.error["param"]) == (400, "model")
    assert not bytewise.billed


def test_random_bodies_overspend_nothing(start: Callable[..., Gateway], bytewise: BytewiseProvider) -> None:
    """`PURSER_RANDOM_BODIES` says how many; a failure prints the seed."""
    seed = int(os.environ.get("PURSER_SEED", random.randrange(1 << 32)))
    draw = random.Random(seed)
    gateway = start("3")

    def part() -> dict[str, Any]:
        made = draw.choice([HI, {"type": "text", "text": "é\n\"" * draw.randrange(200)}, {"type": "image_url", "image_url": {"url": PNG}}, {"type": "refusal", "refusal": "no" * draw.randrange(99)}, {"text": "a"}])
        decoys = {"image_url": {"url": PNG}, "annotations": [1e22] * draw.randrange(50), "cache_control": {"type": "ephemeral", "n": "z" * draw.randrange(500)}}
        return {**{name: value for name, value in decoys.items() if draw.random() < 0.2}, **made}

    def body(_: int) -> dict[str, Any]:
        messages: list[dict[str, Any]] = [user(*(part() for _ in range(draw.randrange(1, 4)))) for _ in range(draw.randrange(1, 4))]
        fields: dict[str, Any] = {"model": draw.choice(["gpt", "claude", ["gpt", "claude"]]), "messages": messages, "max_tokens": draw.randrange(1, 300)}
        if draw.random() < 0.3:
            fields["tools"] = [{"type": "function", "function": {"name": f"f{n}", "parameters": {"type": "object", "default": [n] * draw.randrange(99)}}} for n in range(draw.randrange(1, 4))]
        if draw.random() < 0.2:
            fields["response_format"] = {"type": "json_schema", "json_schema": {"name": "r", "schema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "\"" * draw.randrange(99)}}}}}
        if draw.random() < 0.2:
            fields["name" * draw.randrange(1, 9)] = {"n": draw.random(), "list": list(range(draw.randrange(200)))}
        if draw.random() < 0.2:
            fields["max_cost"] = round(draw.random() * 0.1, 4)
        return fields

    bodies = [body(number) for number in range(int(os.environ.get("PURSER_RANDOM_BODIES", "400")))]
    with ThreadPoolExecutor(8) as clients:
        replies = list(clients.map(lambda fields: gateway.http.send("POST", "/v1/chat/completions", fields), bodies))
    assert sum(reply.status == 200 for reply in replies) > len(replies) / 20, f"seed {seed}"
    assert all(reply.status in (200, 400, 402, 429) for reply in replies), f"seed {seed}"
    assert bytewise.usd("10", "10") <= 3, f"seed {seed}"
