"""The golden files of the providers against the vendors' own types: what goes upstream must be a request to their SDKs, and what goes to
the client must be an answer to OpenAI's."""

import base64
import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming, MessageCreateParamsStreaming
from botocore.validate import ParamValidator
from openai import ContentFilterFinishReasonError, LengthFinishReasonError
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import TypeAdapter

GOLDEN = Path(__file__).parent.parent / "ProvidersTests" / "Golden"


def golden(wire: str, name: str, start: str = "") -> list[Any]:
    """Files of that name whose text begins so, as parameters with readable names."""
    files = sorted(file for file in GOLDEN.glob(f"{wire}/*/{name}") if file.read_text().startswith(start))
    return [pytest.param(file.read_text(), id=f"{file.parent.parent.name}/{file.parent.name}") for file in files]


def body(upstream: str) -> dict[str, Any]:
    """The body of a request: what follows the path and the headers."""
    return json.loads(upstream.split("\n\n", 1)[1])


@pytest.mark.parametrize("text", golden("anthropic", "upstream.txt", "POST"))
def test_anthropic_takes_the_request(text: str) -> None:
    request = body(text)
    shape: Any = MessageCreateParamsStreaming if request.get("stream") else MessageCreateParamsNonStreaming
    TypeAdapter(shape).validate_python(request)


@pytest.mark.parametrize("text", golden("bedrock", "upstream.txt", "POST"))
def test_bedrock_takes_the_request(text: str) -> None:
    def decoded(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {name: decoded(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [decoded(inner) for inner in value]
        return base64.b64decode(value + "==") if name in ("bytes", "redactedContent") else value

    shape = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape
    report = ParamValidator().validate({"modelId": "m", **decoded(body(text))}, shape)
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("text", golden("*", "client.json", "{"))
def test_openai_takes_the_answer(text: str) -> None:
    completion = ChatCompletion.model_validate(json.loads(text))
    assert completion.choices
    assert completion.usage


# Azure passes as it is, and its first chunk has neither object nor choices.
STREAMS = [stream for stream in golden("*", "client.sse") if not str(stream.id).startswith("azure/")]


@pytest.mark.parametrize("text", STREAMS)
def test_openai_takes_the_stream(text: str) -> None:
    """Every chunk is one, and put together they are an answer: one id, reasons to end, arguments that are JSON."""
    chunks = [json.loads(line.removeprefix("data: ")) for line in text.split("\n") if line.startswith("data: ")]
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    assert len({chunk["id"] for chunk in chunks}) <= 1
    if "=== complete" not in text:
        return
    try:
        completion: ChatCompletion = state.get_final_completion()
    except (ContentFilterFinishReasonError, LengthFinishReasonError) as error:
        # The library raises these when the answer is whole, for what its reason says.
        assert any(f'"finish_reason":"{reason}"' in text for reason in ("content_filter", "length")), error
        return
    assert all(choice.finish_reason for choice in completion.choices)


def test_there_is_something_to_check() -> None:
    assert len(golden("anthropic", "upstream.txt", "POST")) >= 40
    assert len(golden("bedrock", "upstream.txt", "POST")) >= 25
    assert len(golden("*", "client.json", "{")) >= 60
    assert len(STREAMS) >= 70
