"""Providers with dialects of their own, each behind the same OpenAI-shaped face: what they are asked and what clients get."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from support.dialects import DIALECTS, Dialect
from support.dialects.provider import KEYS, REGION, DialectProvider
from support.dialects.sayings import SIGNATURE, THOUGHT, WEATHER
from support.dialects.signature import signature
from support.gateway import Gateway

TEXT = "Grüße — naïve café, 東京 🚀 \"quoted\"\n\tdone."
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]},
        },
    }
]
PIXEL = base64.b64encode(bytes.fromhex("89504e470d0a1a0a0000000d49484452")).decode()
FORMAT: Any = {
    "type": "json_schema",
    "json_schema": {
        "name": "place", "strict": True,
        "schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
    },
}  # fmt: skip


@pytest.fixture
def client(house: Gateway) -> Iterator[openai.OpenAI]:
    transport = openai.DefaultHttpxClient(verify=house.site.trust())
    with openai.OpenAI(api_key=house.key, base_url=f"{house.url}/v1", max_retries=0, http_client=transport) as sdk:
        yield sdk


def user(content: Any) -> Any:
    return {"role": "user", "content": content}


def streamed(stream: Any) -> tuple[str, str, dict[int, dict[str, str]], str | None, list[Any]]:
    """Text, reasoning, tool calls, the finish reason and the details of reasoning of a stream, put together as clients do."""
    text, reasoning, calls, finish, details = "", "", {}, None, []
    for chunk in stream:
        for choice in chunk.choices:
            text += choice.delta.content or ""
            extra = choice.delta.model_extra or {}
            reasoning += extra.get("reasoning_content") or ""
            details += extra.get("reasoning_details") or []
            for part in choice.delta.tool_calls or []:
                call = calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
                call["id"] += part.id or ""
                call["name"] += part.function.name or ""
                call["arguments"] += part.function.arguments or ""
            finish = choice.finish_reason or finish
    return text, reasoning, calls, finish, details


# --- How they are asked

PATHS = {
    ("anthropic", False): "/v1/messages",
    ("anthropic", True): "/v1/messages",
    ("gemini", False): "/v1beta/models/gemini-3-flash%40echo:generateContent",
    ("gemini", True): "/v1beta/models/gemini-3-flash%40echo:streamGenerateContent?alt=sse",
    ("azure", False): "/openai/deployments/gpt-5-mini%40echo/chat/completions?api-version=2024-10-21",
    ("azure", True): "/openai/deployments/gpt-5-mini%40echo/chat/completions?api-version=2024-10-21",
    ("bedrock", False): "/model/us.anthropic.claude-sonnet-4-5-v1%3A0%40echo/converse",
    ("bedrock", True): "/model/us.anthropic.claude-sonnet-4-5-v1%3A0%40echo/converse-stream",
}
CREDENTIALS = {"anthropic": ("x-api-key", "E2E_ANTHROPIC_KEY"), "gemini": ("x-goog-api-key", "E2E_GEMINI_KEY"), "azure": ("api-key", "E2E_AZURE_KEY")}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_address_and_credentials(chat: Any, house: Gateway, dialects: DialectProvider, dialect: Dialect, stream: bool) -> None:
    assert chat(f"{dialect.kind}/echo", "hello", stream=stream).status == 200
    call = dialects.asked("echo")
    assert call.path == PATHS[dialect.kind, stream]
    assert call.header("content-type") == "application/json"
    names = [name.lower() for name, _ in call.headers]
    assert len(names) == len(set(names)), f"a header came twice: {names}"
    for kind, (name, key) in CREDENTIALS.items():
        assert call.header(name) == (KEYS[key] if kind == dialect.kind else None)
    assert call.header("anthropic-version") == ("2023-06-01" if dialect.kind == "anthropic" else None)
    assert (call.header("authorization") is not None) == (dialect.kind == "bedrock")
    assert house.key not in str(call.headers) + call.raw_body.decode(), "the client's key went to the provider"


def test_azures_v1_has_no_deployment_in_its_path(chat: Any, dialects: DialectProvider) -> None:
    assert chat("v1/echo", "hello").text == "hello"
    assert dialects.asked("echo").path == "/openai/v1/chat/completions"


@pytest.mark.parametrize("prompt", ["hello", TEXT, "x" * 100_000], ids=["short", "unicode", "long"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_calls_to_bedrock_are_signed(chat: Any, dialects: DialectProvider, prompt: str, stream: bool) -> None:
    assert chat("bedrock/echo", prompt, stream=stream).status == 200
    call = dialects.asked("echo")
    kind, _, rest = call.header("authorization").partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(", "))
    assert kind == "AWS4-HMAC-SHA256"
    assert parts["Credential"] == f"{KEYS['E2E_AWS_ID']}/{call.header('x-amz-date')[:8]}/{REGION}/bedrock/aws4_request"
    assert {"host", "x-amz-date", "x-amz-security-token"} <= set(parts["SignedHeaders"].split(";"))
    assert call.header("x-amz-security-token") == KEYS["E2E_AWS_TOKEN"]
    assert parts["Signature"] == signature(call)


# --- Text


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_text_and_system_prompts(client: openai.OpenAI, dialects: DialectProvider, dialect: Dialect, stream: bool) -> None:
    messages: Any = [
        {"role": "system", "content": "Be brief."},
        user("first"),
        {"role": "assistant", "content": "second"},
        {"role": "developer", "content": "Be kind."},
        user([{"type": "text", "text": TEXT[:9]}, {"type": "text", "text": TEXT[9:]}]),
    ]
    answer: Any = client.chat.completions.create(model=f"{dialect.kind}/echo", messages=messages, max_tokens=77, stop=["END"], stream=stream)
    if stream:
        text, _, _, finish, _ = streamed(answer)
    else:
        text, finish = answer.choices[0].message.content, answer.choices[0].finish_reason
    assert (text, finish) == (TEXT, "stop")
    body = dialects.asked("echo").body
    assert dialect.system(body) == "Be brief.\nBe kind."
    spoken = [(role, dialect.text_of(parts)) for role, parts in dialect.turns(body) if role not in ("system", "developer")]
    assert [text for _, text in spoken] == ["first", "second", TEXT] and spoken[1][0] in ("assistant", "model")
    assert dialect.output_limit(body) == 77
    assert "END" in json.dumps(body)


def test_a_stream_byte_by_byte(client: openai.OpenAI, dialect: Dialect) -> None:
    text, *_ = streamed(client.chat.completions.create(model=f"{dialect.kind}/dripping", messages=[user(TEXT)], stream=True))
    assert text == TEXT


def test_the_async_client(house: Gateway, dialect: Dialect) -> None:
    async def run() -> list[str]:
        transport = openai.DefaultAsyncHttpxClient(verify=house.site.trust())
        async with openai.AsyncOpenAI(api_key=house.key, base_url=f"{house.url}/v1", max_retries=0, http_client=transport) as sdk:

            async def one(number: int) -> str:
                stream = await sdk.chat.completions.create(model=f"{dialect.kind}/echo", messages=[user(f"{number} {TEXT}")], stream=True)
                return "".join([part.choices[0].delta.content or "" async for part in stream if part.choices])

            return await asyncio.gather(*map(one, range(40)))

    assert asyncio.run(run()) == [f"{number} {TEXT}" for number in range(40)]


def test_anthropic_always_gets_a_limit(chat: Any, dialects: DialectProvider) -> None:
    chat("anthropic/echo", "x")
    assert dialects.asked("echo").body["max_tokens"] == 4096
    chat("limited/echo", "x")
    assert dialects.asked("echo").body["max_tokens"] == 900
    chat("limited/echo", "x", max_completion_tokens=100_000)
    assert dialects.asked("echo").body["max_tokens"] == 900


def test_images(chat: Any, dialects: DialectProvider, dialect: Dialect) -> None:
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]
    messages = [user(content)]
    reply = chat(f"{dialect.kind}/echo", "", messages=messages)
    assert (reply.status, reply.text) == (200, "What is it?")
    assert dialect.images(dialects.asked("echo").body) == [("image/png", PIXEL)]


# --- Tools


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_parallel_tool_calls_and_their_results(client: openai.OpenAI, dialects: DialectProvider, dialect: Dialect, stream: bool) -> None:
    request: Any = {"model": f"{dialect.kind}/tools", "tools": TOOLS, "stream": stream}
    answer: Any = client.chat.completions.create(messages=[user("Weather?")], **request)
    if stream:
        text, _, parts, finish, _ = streamed(answer)
        calls = [(call["id"], call["name"], call["arguments"]) for _, call in sorted(parts.items())]
    else:
        choice = answer.choices[0]
        text, finish = choice.message.content, choice.finish_reason
        calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls]
    assert (text, finish) == ("Let me look.", "tool_calls")
    assert [(id, name, json.loads(arguments)) for id, name, arguments in calls] == WEATHER
    assert dialect.offered(dialects.asked("tools").body) == {"get_weather": TOOLS[0]["function"]["parameters"]}

    asked = {"role": "assistant", "content": text, "tool_calls": [{"id": id, "type": "function", "function": {"name": name, "arguments": arguments}} for id, name, arguments in calls]}
    results = [{"role": "tool", "tool_call_id": "call_zrh", "content": "12 °C"}, {"role": "tool", "tool_call_id": "call_gva", "content": "14 °C"}]
    answer = client.chat.completions.create(messages=[user("Weather?"), asked, *results], **request)
    said = streamed(answer)[0] if stream else answer.choices[0].message.content
    named = ["get_weather", "get_weather"] if dialect.kind == "gemini" else ["call_zrh", "call_gva"]
    assert json.loads(said) == [[named[0], "12 °C"], [named[1], "14 °C"]]
    history = json.dumps(dialects.asked("tools").body, ensure_ascii=False)
    assert "Zürich" in history and "Genève" in history, "the calls themselves were not carried along"


def test_arguments_that_are_no_json_can_be_sent_back(chat: Any, dialects: DialectProvider, dialect: Dialect) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Zür'}}
    messages = [user("Weather?"), {"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_1", "content": "?"}]
    assert chat(f"{dialect.kind}/tools", "", messages=messages, tools=TOOLS).status == 200
    assert '{\\"city\\": \\"Zür' in json.dumps(dialects.asked("tools").body, ensure_ascii=False)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("kind", ["anthropic", "gemini", "bedrock"])
def test_reasoning_goes_round(client: openai.OpenAI, dialects: DialectProvider, kind: str, stream: bool) -> None:
    """A client that sends its messages back as it got them brings the provider its own proof of its thinking."""
    request: Any = {"model": f"{kind}/think", "tools": TOOLS, "reasoning_effort": "medium"}
    answer: Any = client.chat.completions.create(messages=[user("Weather?")], stream=stream, **request)
    if stream:
        _, reasoning, parts, _, details = streamed(answer)
        calls: Any = [{"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}} for call in parts.values()]
        message: Any = {"role": "assistant", "content": None, "tool_calls": calls, "reasoning_details": details}
    else:
        message = answer.choices[0].message.model_dump(exclude_none=True)
        reasoning = message["reasoning_content"]
    assert reasoning == THOUGHT
    assert SIGNATURE in json.dumps(message["reasoning_details"])
    second = client.chat.completions.create(messages=[user("Weather?"), message, {"role": "tool", "tool_call_id": "call_zrh", "content": "12"}], **request)
    assert second.choices[0].message.content == f"proofs: {SIGNATURE}"
    asked = dialects.asked("think").body
    assert "think" in json.dumps({name: value for name, value in asked.items() if name not in ("model", "messages", "contents")}).lower()


def test_anothers_reasoning_is_not_sent_to_anthropic(chat: Any, dialects: DialectProvider) -> None:
    details = [{"type": "reasoning.encrypted", "data": SIGNATURE, "format": "google-gemini-v1"}]
    messages = [user("a"), {"role": "assistant", "content": "b", "reasoning_content": THOUGHT, "reasoning_details": details}, user("c")]
    for kind in ("anthropic", "bedrock"):
        assert chat(f"{kind}/echo", "", messages=messages).text == "c"
        assert SIGNATURE not in dialects.asked("echo").raw_body.decode()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("model", [*(f"{kind}/structured" for kind in DIALECTS), "old/structured"])
def test_structured_output(client: openai.OpenAI, model: str, stream: bool) -> None:
    """Natively, or by a forced tool of which the client sees nothing."""
    answer: Any = client.chat.completions.create(model=model, messages=[user("Where?")], response_format=FORMAT, stream=stream)
    if stream:
        text, _, calls, finish, _ = streamed(answer)
    else:
        text, calls, finish = answer.choices[0].message.content, answer.choices[0].message.tool_calls, answer.choices[0].finish_reason
    assert (json.loads(text), calls or None, finish) == ({"city": "Zürich"}, None, "stop")


STOPS = [
    ("anthropic", "stop_sequence", "stop"), ("anthropic", "max_tokens", "length"), ("anthropic", "refusal", "content_filter"),
    ("anthropic", "pause_turn", "stop"), ("anthropic", "brand_new", "stop"), ("anthropic", "model_context_window_exceeded", "length"),
    ("gemini", "MAX_TOKENS", "length"), ("gemini", "SAFETY", "content_filter"), ("gemini", "RECITATION", "content_filter"), ("gemini", "BRAND_NEW", "stop"),
    ("azure", "length", "length"), ("azure", "content_filter", "content_filter"),
    ("bedrock", "stop_sequence", "stop"), ("bedrock", "max_tokens", "length"), ("bedrock", "guardrail_intervened", "content_filter"),
    ("bedrock", "content_filtered", "content_filter"), ("bedrock", "brand_new", "stop"),
]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(("kind", "reason", "finish"), STOPS)
def test_stop_reasons(client: openai.OpenAI, kind: str, reason: str, finish: str, stream: bool) -> None:
    answer: Any = client.chat.completions.create(model=f"{kind}/stop-{reason}", messages=[user("x")], stream=stream)
    got = streamed(answer) if stream else (answer.choices[0].message.content, None, None, answer.choices[0].finish_reason)
    assert (got[0], got[3]) == ("so far", finish)
