"""The real local model (llama.cpp's own server) behind the gateway."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal

import openai

from support.gateway import Gateway, Site
from support.http import chat_body

MODEL = "local/smollm2"
ASK = {"model": MODEL, "messages": [{"role": "user", "content": "Name three colours."}], "max_tokens": 24, "temperature": 0, "seed": 1}


def assert_billed(site: Site, request_id: str, usage: openai.types.CompletionUsage) -> None:
    """The ledger says what the answer said."""
    record = site.record(request_id)
    assert record["status"] == "ok" and record["estimated"] is False
    assert record["input_tokens"] == usage.prompt_tokens and record["output_tokens"] == usage.completion_tokens
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
    assert record["cached_input_tokens"] == cached
    cost = Decimal(record["cost_usd"])
    assert cost == Decimal(str(usage.cost))
    assert cost == (usage.prompt_tokens * Decimal("0.01") + usage.completion_tokens * Decimal("0.02")) / 1_000_000


def test_plain(sdk: openai.OpenAI, site: Site) -> None:
    answer = sdk.chat.completions.create(**ASK)
    assert answer.choices[0].message.content.strip()
    assert answer.usage.completion_tokens > 0
    assert_billed(site, answer._request_id, answer.usage)


def test_streamed(sdk: openai.OpenAI, site: Site) -> None:
    headers = {"x-request-id": "local-streamed"}
    chunks = list(sdk.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True}, extra_headers=headers))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text.strip()
    assert_billed(site, "local-streamed", chunks[-1].usage)


def test_curl(gateway: Gateway) -> None:
    command = ["curl", "-sS", "--fail-with-body", "--cacert", str(gateway.site.ca), f"{gateway.url}/v1/chat/completions"]
    command += ["-H", f"Authorization: Bearer {gateway.key}", "-H", "Content-Type: application/json"]
    plain = subprocess.run([*command, "-d", json.dumps(ASK)], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(plain.stdout)["choices"][0]["message"]["content"].strip()
    streamed = subprocess.run([*command, "-N", "-d", json.dumps({**ASK, "stream": True})], capture_output=True, text=True, timeout=60, check=True)
    assert streamed.stdout.rstrip().endswith("data: [DONE]")


def test_its_own_errors_pass_through(gateway: Gateway) -> None:
    """A prompt longer than the context is the client's mistake, told in the provider's words."""
    reply = gateway.http.send("POST", "/v1/chat/completions", chat_body(MODEL, "word " * 9000, max_tokens=1), timeout=60)
    assert reply.status == 400 and "context" in reply.json()["error"]["message"]


def test_leaving_frees_the_model(sdk: openai.OpenAI) -> None:
    for _ in range(5):  # one more than the model has slots
        stream = sdk.chat.completions.create(**{**ASK, "max_tokens": 4000, "messages": [{"role": "user", "content": "Tell a long story."}]}, stream=True)
        next(iter(stream))
        stream.close()
    assert sdk.with_options(timeout=15).chat.completions.create(**ASK).choices[0].message.content
