"""Well-known members of a wrong type are refused with 400 and the member's path, before any provider is called."""

from __future__ import annotations

from typing import Any

import pytest

from support.http import Client
from support.scripted import ScriptedProvider

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"stop": ["a", 5]}, "stop.1"),
    ({"stop": 5}, "stop"),
    ({"logit_bias": "50256"}, "logit_bias"),
    ({"logit_bias": {"50256": "-100"}}, "logit_bias.50256"),
    ({"user": ["a"]}, "user"),
    ({"metadata": ["a"]}, "metadata"),
    ({"temperature": "hot"}, "temperature"),
    ({"seed": "1"}, "seed"),
    ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
    ({"tools": [{"type": "function", "function": {"name": 5}}]}, "tools.0.function.name"),
    ({"tools": [{"type": "function", "function": {"name": "f", "parameters": "{}"}}]}, "tools.0.function.parameters"),
    ({"tool_choice": 1}, "tool_choice"),
    ({"response_format": {"type": "json_schema", "json_schema": "{}"}}, "response_format.json_schema"),
    ({"modalities": "text"}, "modalities"),
    ({"web_search_options": True}, "web_search_options"),
    ({"messages": [{"role": "user", "content": "a", "name": 5}]}, "messages.0.name"),
    ({"messages": [{"role": "wizard", "content": "a"}]}, "messages.0.role"),
    ({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": [{"type": "image_url"}]}]}, "messages.1.content.0.image_url"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages.0.content.0.text"),
    ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content.0.input_audio"),
    ({"messages": [{"role": "tool", "content": "r", "tool_call_id": 5}]}, "messages.0.tool_call_id"),
    (
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}]}]},
        "messages.0.tool_calls.0.function.arguments",
    ),
]


@pytest.mark.parametrize(("fields", "param"), WRONG, ids=[param for _, param in WRONG])
def test_a_wrong_type_is_refused_before_any_call(http: Client, provider: ScriptedProvider, fields: dict[str, Any], param: str) -> None:
    before = len(provider.calls)
    reply = http.chat("scripted/echo", **fields)
    assert (reply.status, reply.code, reply.error["param"]) == (400, "invalid_request_error", param)
    assert len(provider.calls) == before


@pytest.mark.parametrize("fields", [{"stop": None, "tools": [], "logit_bias": {}, "user": None}, {"temperature": 3}, {"n": 2, "logit_bias": {"1": -100}}])
def test_ranges_nulls_and_empty_lists_are_passed_or_dropped(http: Client, fields: dict[str, Any]) -> None:
    assert http.chat("scripted/echo", **fields).status == 200
