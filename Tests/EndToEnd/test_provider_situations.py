"""Requests that users of other gateways had refused or changed without a word: each arrives whole, is said another way, or goes to the next target."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from test_conversations_on_every_wire import LOOK, MAIN, PNG, ask, assistant, call, document, image, result, strict_house, text, user  # noqa: F401

PEOPLE = ["jane.roe@example.com", "+49 151 0000000", "Jane Roe", "user_8231"]


def chain(model: str) -> str:
    return f"chain-{model.replace('/', '-')}"


# --- What tells who the user is


@pytest.mark.parametrize("model", MAIN)
@pytest.mark.parametrize("person", PEOPLE)
def test_names_of_users_stay_here(ask: Any, model: str, person: str) -> None:
    asked = ask(model, [user("hi")], user=person, safety_identifier=person, prompt_cache_key=person, metadata={"user_id": person})
    assert asked.reply.status == 200, asked.reply
    assert person not in json.dumps(asked.body)


# --- Conversations of the time before tool calls


@pytest.mark.parametrize("model", MAIN)
def test_function_calls_of_old_are_calls(ask: Any, model: str) -> None:
    history = [user("weather?")]
    for number in range(2):
        history += [assistant(None, function_call={"name": "look", "arguments": f'{{"q":"place {number}"}}'}), {"role": "function", "name": "look", "content": f"dry {number}"}]
    asked = ask(model, [*history, user("so?")], tools=[LOOK])
    assert asked.reply.status == 200, asked.reply
    sent = json.dumps(asked.body)
    assert all(words in sent for words in ("place 0", "place 1", "dry 0", "dry 1"))
    assert sent.count('"functionCall"') + sent.count('"toolUse"') + sent.count('"tool_use"') == 2


@pytest.mark.parametrize("model", MAIN)
def test_a_function_result_without_its_call_is_told(ask: Any, model: str) -> None:
    asked = ask(model, [user("x"), {"role": "function", "name": "look", "content": "dry"}])
    assert asked.reply.status == 200, asked.reply
    assert "look" in json.dumps(asked.body) and "dry" in json.dumps(asked.body)


@pytest.mark.parametrize("model", MAIN)
def test_functions_of_old_go_to_the_next_target(ask: Any, model: str) -> None:
    functions = [LOOK["function"]]
    asked = ask(model, [user("x")], functions=functions)
    assert (asked.reply.status, asked.reply.error["param"], asked.body) == (400, "functions", None)
    assert ask(chain(model), [user("x")], functions=functions).reply.status == 200


# --- One call at a time


@pytest.mark.parametrize("choice", [None, "auto", "required", {"type": "function", "function": {"name": "look"}}], ids=str)
@pytest.mark.parametrize("model", [*MAIN, "be/nova", "ge/g25"])
def test_one_call_at_a_time_is_said(ask: Any, model: str, choice: Any) -> None:
    more = {} if choice is None else {"tool_choice": choice}
    asked = ask(model, [user("x")], tools=[LOOK], parallel_tool_calls=False, **more)
    assert asked.reply.status == 200, asked.reply
    sent = json.dumps(asked.body)
    assert '"disable_parallel_tool_use": true' in sent or "at most one tool" in sent
    for free in ({"parallel_tool_calls": True}, {"parallel_tool_calls": False, "tool_choice": "none"}):
        sent = json.dumps(ask(model, [user("x")], tools=[LOOK], **free).body)
        assert "disable_parallel" not in sent and "at most one tool" not in sent


# --- Documents and pictures

TEXTS = [("text/plain", "grün"), ("text/markdown", "# A"), ("text/csv", "a,b"), ("text/html", "<p>x"), ("application/json", "{}"), ("text/x-python", "x=1"), ("", "bare")]


@pytest.mark.parametrize(("kind", "words"), TEXTS)
@pytest.mark.parametrize("place", ["user", "tool"])
def test_text_files_reach_anthropic_as_text(ask: Any, kind: str, words: str, place: str) -> None:
    file = document(kind, base64.b64encode(words.encode()).decode(), "notes")
    messages = [user([text("read"), file])] if place == "user" else [user("x"), assistant(None, tool_calls=[call("c1")]), result("c1", [file])]
    asked = ask("an/c45", messages, tools=[LOOK])
    assert asked.reply.status == 200, asked.reply
    assert f'"data": {json.dumps(words)}' in json.dumps(asked.body)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00\xd8", b"  \n", "größe".encode("latin-1")])
def test_files_that_are_no_text_go_to_the_next_target(ask: Any, data: bytes) -> None:
    messages = [user([text("read"), document("text/plain", base64.b64encode(data).decode(), "a.txt")])]
    asked = ask("an/c45", messages)
    assert (asked.reply.status, asked.reply.error["param"], asked.body) == (400, "messages.0.content.1.file.file_data", None)
    assert ask(chain("an/c45"), messages).reply.status == 200


def test_pictures_behind_plain_http_go_to_the_next_target(ask: Any) -> None:
    def see(url: str) -> list[dict[str, Any]]:
        return [user([text("see"), {"type": "image_url", "image_url": {"url": url}}])]

    for url in ("http://example.com/a.png", "HTTP://example.com/a.png"):
        asked = ask("an/c45", see(url))
        assert (asked.reply.status, asked.reply.error["param"], asked.body) == (400, "messages.0.content.1.image_url.url", None)
        assert ask(chain("an/c45"), see(url)).reply.status == 200
    assert ask("an/c45", see("https://example.com/a.png")).reply.status == 200


# --- Settings that a provider has no room for

SETTINGS: list[dict[str, Any]] = [
    {"top_k": -1}, {"top_k": 0}, {"seed": 2**40}, {"seed": -(2**40)}, {"presence_penalty": 0, "frequency_penalty": 0.0}, {"tools": None, "tool_choice": None},
    {"stop": None, "temperature": None, "max_tokens": None}, {"stream_options": None}, {"response_format": {"type": "text"}}, {"logit_bias": {}, "logprobs": False},
    {"store": True, "service_tier": "auto", "verbosity": "low"}, {"prediction": {"type": "content", "content": "x"}}, {"functions": [], "function_call": "auto"},
]  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("model", MAIN)
def test_settings_that_ask_for_nothing_are_left_out(ask: Any, model: str, settings: dict[str, Any]) -> None:
    asked = ask(model, [user("hi")], **settings)
    assert asked.reply.status == 200, asked.reply
    sent = json.dumps(asked.body).lower()
    assert not any(name in sent for name in ("topk", "top_k", "seed", "penalty", "tool", "store", "tier", "prediction", "logit", "verbosity"))


def test_a_seed_that_fits_is_sent(ask: Any) -> None:
    assert ask("ge/g3", [user("hi")], seed=-7, top_k=40, presence_penalty=0.5).body["generationConfig"].items() >= {"seed": -7, "topK": 40, "presencePenalty": 0.5}.items()


# --- Unfinished answers where thinking is said to be off


@pytest.mark.parametrize("off", [{"thinking": {"type": "disabled"}}, {"reasoning_effort": "none"}, {"reasoning": {"enabled": False}}], ids=str)
@pytest.mark.parametrize("model", ["an/c45", "be/c45"])
def test_a_prefill_stays_where_thinking_is_off(ask: Any, model: str, off: dict[str, Any]) -> None:
    asked = ask(model, [user("2+2?"), assistant("The answer is")], **off)
    assert asked.reply.status == 200, asked.reply
    assert asked.body["messages"][-1]["role"] == "assistant"


# --- Messages with little in them

CALLED = [user("hi"), assistant("", tool_calls=[call("c1", arguments="")])]
SPARSE: list[list[dict[str, Any]]] = [
    [user("")], [user([])], [user([text("")])], [user("hi"), assistant(""), user("x")], [user("hi"), assistant(None), user("x")], [{"role": "system", "content": "only"}],
    [assistant("hello"), user("x")], [user("a"), user("b")], [*CALLED, result("c1", "")], [*CALLED, result("c1", None)], [*CALLED, result("c1", [])],
    [*CALLED, result("c1", [image("image/png", PNG)])], [user("hi"), assistant("x", tool_calls=[], function_call=None, audio=None, refusal=None), user("y")],
    [result("c9", "lost"), user("x")], [user("hi"), assistant(None, tool_calls=[call("c1", arguments="{bad")]), {"role": "system", "content": "mid"}, result("c1")],
    [user("hi"), assistant(None, tool_calls=[call("c1", arguments="[1]")]), {**result("c1"), "name": "look"}],
]  # fmt: skip


@pytest.mark.parametrize("messages", SPARSE, ids=str)
@pytest.mark.parametrize("model", MAIN)
def test_messages_with_little_in_them_are_taken(ask: Any, model: str, messages: list[dict[str, Any]]) -> None:
    for tools in ([], [LOOK]):
        asked = ask(model, messages, tools=tools)
        assert asked.reply.status == 200, asked.reply
