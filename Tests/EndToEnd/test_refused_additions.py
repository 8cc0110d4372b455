"""A provider that refuses something that the gateway added is asked once more without it, and the next requests go straight."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

from support.gateway import Gateway, Site
from support.picky import PickyProvider, Refusal, contains, has

UNKNOWN = "Unrecognized request argument supplied: {}"
MARK = {"type": "ephemeral"}
CLAUDE, CONVERSE = "claude-sonnet-4-house", "us.anthropic.claude-haiku-4-5-20251001-v1:0"
FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "r", "schema": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}},
}


def openai(message: str, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": None}}


def anthropic(message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


def google(message: str) -> dict[str, Any]:
    return {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}


def converse(message: str) -> dict[str, Any]:
    return {"message": "The model returned the following errors: " + message}


MARKED = [{"role": "user", "content": [{"type": "text", "text": "a long text", "cache_control": MARK}]}]
BEGUN = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "The answer is"}]
NO_PREFILL = "This model does not support assistant message prefill. The conversation must end with a user message."
NO_BUDGET = '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
NO_OFF = '"thinking.type.disabled" is not supported for this model.'


def ends_with_assistant(body: dict[str, Any]) -> bool:
    turns = body.get("messages") or body["contents"]
    return turns[-1]["role"] in ("assistant", "model")


#: Name, provider, upstream model, what is refused, what the client sends, what the reduced request must be.
CASES: list[tuple[str, str, str, Refusal, dict[str, Any], Any]] = [
    ("oa-usage", "oa", "m1", Refusal(has("stream_options"), openai("Unknown parameter: 'stream_options'.", "stream_options")), {"stream": True}, lambda b: b["stream"] is True),
    ("oa-vllm", "oa", "m2", Refusal(has("stream_options"), {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}, 422),
     {"stream": True}, lambda b: b["stream"] is True),
    ("oa-ollama", "oa", "m3", Refusal(has("stream_options"), {"error": 'json: unknown field "stream_options"'}), {"stream": True}, lambda b: b["stream"] is True),
    ("az-usage", "az", "d1", Refusal(has("stream_options"), openai(UNKNOWN.format("stream_options"))), {"stream": True}, lambda b: b["stream"] is True),
    ("oa-limit", "oa", "m4", Refusal(has("max_tokens"), openai("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "max_tokens")),
     {"max_tokens": 77}, lambda b: b["max_completion_tokens"] == 77),
    ("az-limit", "az", "gpt-5-old", Refusal(has("max_completion_tokens"), openai(UNKNOWN.format("max_completion_tokens"))), {"max_tokens": 77}, lambda b: b["max_tokens"] == 77),
    ("an-marks", "an", CLAUDE + "-1", Refusal(contains("cache_control"), anthropic("messages.0.content.0.text.cache_control: Extra inputs are not permitted")),
     {"messages": MARKED}, lambda b: b["messages"][0]["content"] == [{"type": "text", "text": "a long text"}]),
    ("an-budget", "an", CLAUDE + "-2", Refusal(has("thinking", "budget_tokens"), anthropic(NO_BUDGET)), {"reasoning_effort": "high"},
     lambda b: b["thinking"]["type"] == "adaptive" and b["output_config"]["effort"] == "high"),
    ("an-thinking", "an", CLAUDE + "-3", Refusal(has("thinking"), anthropic("thinking: Extra inputs are not permitted")), {"reasoning_effort": "high"}, lambda b: "output_config" not in b),
    ("an-off", "an", "claude-sonnet-5-house", Refusal(has("thinking"), anthropic(NO_OFF)), {"reasoning_effort": "none"}, lambda b: b["output_config"]["effort"] == "low"),
    ("an-format", "an", "claude-sonnet-4-5-house", Refusal(has("output_config", "format"), anthropic("output_config.format: Extra inputs are not permitted")),
     {"response_format": FORMAT}, lambda b: b["tool_choice"]["type"] == "tool" and b["tools"][0]["input_schema"]["required"] == ["a"]),
    ("an-forced", "an", "claude-3-5-house", Refusal(has("tool_choice"), anthropic("tool_choice: type 'tool' is not supported by this model.")),
     {"response_format": FORMAT}, lambda b: "tools" not in b and '"required": ["a"]' in str(b["system"]).replace("'", '"') or '"required":["a"]' in str(b["system"])),
    ("an-prefill", "an", CLAUDE + "-4", Refusal(ends_with_assistant, anthropic(NO_PREFILL)), {"messages": BEGUN},
     lambda b: [turn["role"] for turn in b["messages"]] == ["user", "assistant", "user"]),
    ("be-marks", "be", CONVERSE + "@1", Refusal(contains("cachePoint"), {"message": "This model doesn't support the cachePoint field. Remove cachePoint and try again."}),
     {"messages": MARKED}, lambda b: b["messages"][0]["content"] == [{"text": "a long text"}]),
    ("be-thinking", "be", CONVERSE + "@2", Refusal(has("additionalModelRequestFields", "thinking"), converse("#: extraneous key [thinking] is not permitted, please reformat your input")),
     {"reasoning_effort": "low"}, lambda b: "additionalModelRequestFields" not in b),
    ("be-format", "be", CONVERSE + "@3", Refusal(has("outputConfig"), {"message": "This model doesn't support the outputConfig.textFormat field."}), {"response_format": FORMAT},
     lambda b: "tool" in b["toolConfig"]["toolChoice"]),
    ("be-prefill", "be", CONVERSE + "@4", Refusal(ends_with_assistant, converse(NO_PREFILL)), {"messages": BEGUN}, lambda b: b["messages"][-1]["role"] == "user"),
    ("ge-thinking", "ge", "gemini-3-flash-preview@1", Refusal(has("generationConfig", "thinkingConfig", "thinkingLevel"), google("Thinking level is not supported for this model.")),
     {"reasoning_effort": "high"}, lambda b: b["generationConfig"]["thinkingConfig"]["thinkingBudget"] >= 1024),
    ("ge-off", "ge", "gemini-2.5-flash@1", Refusal(lambda b: "'thinkingBudget': 0" in str(b), google("Budget 0 is invalid. This model only works in thinking mode.")),
     {"reasoning_effort": "none"}, lambda b: b["generationConfig"]["thinkingConfig"]["thinkingBudget"] == 128),
    ("ge-format", "ge", "gemini-2.5-flash@2", Refusal(has("generationConfig", "responseMimeType"), google("JSON mode is not enabled for models/gemini-2.5-flash")),
     {"response_format": FORMAT}, lambda b: '"required"' in b["systemInstruction"]["parts"][0]["text"]),
]  # fmt: skip


def policy(provider: PickyProvider) -> str:
    common = "retry: {attempts: 1}, breaker: {consecutive_failures: 1, cooldown: 60s}"
    lines = [
        "providers:",
        f'  oa: {{kind: openai, base_url: "{provider.url}", api_key: t, {common}}}',
        f'  ob: {{kind: openai, base_url: "{provider.url}", api_key: t, {common}}}',
        f'  az: {{kind: azure, base_url: "{provider.root}", api_key: t, api_version: "2024-10-21", {common}}}',
        f'  an: {{kind: anthropic, base_url: "{provider.root}", api_key: t, {common}}}',
        f'  ge: {{kind: gemini, base_url: "{provider.root}", api_key: t, {common}}}',
        f'  be: {{kind: bedrock, base_url: "{provider.root}", region: us-east-1, access_key_id: AKIDEXAMPLE, secret_access_key: secret-example, {common}}}',
        "models:",
        "  spare: {provider: ob, upstream_model: spare, price: free}",
    ]
    for name, kind, upstream, *_ in CASES:
        lines.append(f'  {name}: {{provider: {kind}, upstream_model: "{upstream}", price: {{input: 1, output: 2}}}}')
    for name, upstream, *_ in INSIDE:
        lines.append(f'  {name}: {{provider: {name[:2]}, upstream_model: "{upstream}", price: {{input: 1, output: 2}}}}')
    lines.append("  oa-in-9: {provider: oa, upstream_model: in-9, price: {input: 1, output: 2}}")
    for name in ["own", "value", "both", "twice", "later", "other"]:
        lines.append(f"  {name}: {{provider: oa, upstream_model: {name}, price: {{input: 1, output: 2}}}}")
    lines += ["  chain: {fallback: [both, spare]}", "organizations:", "  acme: {limits: [{usd: 10, per: day}], teams: {research: {}}}"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def picky() -> Iterator[PickyProvider]:
    running = PickyProvider()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, picky: PickyProvider) -> Iterator[Gateway]:
    running = Gateway(Site(tmp_path_factory.mktemp("picky") / "site", policy(picky)))
    yield running
    running.stop()


def send(gateway: Gateway, model: str, fields: dict[str, Any], **headers: str) -> Any:
    return gateway.http.send("POST", "/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": "hi"}], **fields}, headers)


@pytest.mark.parametrize("name, kind, upstream, refusal, fields, sound", CASES, ids=[case[0] for case in CASES])
def test_the_request_goes_out_once_more_without_what_was_refused(
    guarded: Gateway, picky: PickyProvider, name: str, kind: str, upstream: str, refusal: Refusal, fields: dict[str, Any], sound: Any
) -> None:
    picky.refusals[upstream] = [refusal]
    reply = send(guarded, name, fields)
    assert reply.status == 200, reply
    bodies = picky.bodies(upstream)
    assert len(bodies) == 2
    assert refusal.matches(bodies[0]) and not refusal.matches(bodies[1]) and sound(bodies[1]), bodies[1]
    # The refused attempt is one of its own, costs nothing, and moves neither breaker nor retry budget: the next request goes straight.
    attempts = guarded.site.records(request_id=reply.request_id)
    assert [(a["role"], a["status"]) for a in attempts] == [("primary", "error"), ("retry", "ok")]
    assert float(attempts[0]["cost_usd"]) == 0 and float(attempts[0].get("in_doubt_usd") or 0) == 0
    assert send(guarded, name, fields).status == 200
    assert len(picky.bodies(upstream)) == 3 and not refusal.matches(picky.bodies(upstream)[2])


def test_what_the_client_asked_for_is_never_taken_away(guarded: Gateway, picky: PickyProvider) -> None:
    picky.refusals["own"] = [Refusal(has("stream_options"), openai("Unknown parameter: 'stream_options'.", "stream_options"))]
    reply = send(guarded, "own", {"stream": True, "stream_options": {"include_usage": True}})
    assert reply.status == 400 and reply.error["param"] == "stream_options", reply
    assert len(picky.bodies("own")) == 1
    for member, value in [("logit_bias", {"5": 1}), ("reasoning_effort", "high"), ("response_format", FORMAT)]:
        picky.refusals["other"] = [Refusal(has(member), openai(f"Unsupported parameter: '{member}' is not supported with this model.", member))]
        before = len(picky.bodies("other"))
        assert send(guarded, "other", {member: value}).error["param"] == member
        assert len(picky.bodies("other")) == before + 1


def test_a_wrong_value_is_the_clients_to_mend(guarded: Gateway, picky: PickyProvider) -> None:
    said = openai("max_tokens is too large: 900000. This model supports at most 4096 completion tokens.", "max_tokens")
    picky.refusals["value"] = [Refusal(has("max_tokens"), said)]
    assert send(guarded, "value", {"max_tokens": 900_000}).status == 400
    assert len(picky.bodies("value")) == 1


def test_a_limit_is_never_dropped_and_the_next_target_takes_it(guarded: Gateway, picky: PickyProvider) -> None:
    picky.refusals["both"] = [Refusal(has(name), openai(UNKNOWN.format(name))) for name in ("max_tokens", "max_completion_tokens")]
    reply = send(guarded, "chain", {"max_tokens": 55})
    assert reply.status == 200, reply
    assert all(body.get("max_tokens", body.get("max_completion_tokens")) == 55 for body in picky.bodies("both"))
    assert len(picky.bodies("both")) == 2
    # Nothing was taken, so nothing is remembered.
    assert send(guarded, "both", {"max_tokens": 55}).status == 400
    assert len(picky.bodies("both")) == 4


def test_two_refusals_one_after_the_other(guarded: Gateway, picky: PickyProvider) -> None:
    picky.refusals["twice"] = [Refusal(has(name), openai(UNKNOWN.format(name))) for name in ("stream_options", "max_tokens")]
    fields = {"stream": True, "max_tokens": 9}
    assert send(guarded, "twice", fields).status == 200
    assert send(guarded, "twice", fields).status == 200
    bodies = picky.bodies("twice")
    assert len(bodies) == 4 and bodies[2]["max_completion_tokens"] == bodies[3]["max_completion_tokens"] == 9


def test_a_provider_that_refuses_everything_is_asked_twice_at_most(guarded: Gateway, picky: PickyProvider) -> None:
    picky.refusals["later"] = [Refusal(lambda body: True, openai(UNKNOWN.format("stream_options")))]
    reply = send(guarded, "later", {"stream": True})
    assert reply.status == 400 and "stream_options" in reply.error["message"]
    assert len(picky.bodies("later")) == 2
    # The detour has brought nothing: the addition stays.
    picky.refusals["later"] = []
    assert send(guarded, "later", {"stream": True}).status == 200
    assert "stream_options" in picky.bodies("later")[-1]


ROLE_ONLY = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "x", "choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]}
CONTENT = {**ROLE_ONLY, "choices": [{"index": 0, "delta": {"content": "so far"}, "finish_reason": None}]}

#: A refusal inside a stream whose status is 200: model, upstream model, what is refused, what the client sends.
INSIDE: list[tuple[str, str, Refusal, dict[str, Any]]] = [
    ("oa-in-1", "in-1", Refusal(has("stream_options"), openai("Unknown parameter: 'stream_options'.", "stream_options"), event=""), {}),
    ("oa-in-2", "in-2", Refusal(has("stream_options"), openai("Unknown parameter: 'stream_options'.", "stream_options"), event="error"), {}),
    ("oa-in-3", "in-3", Refusal(has("stream_options"), openai("Unknown parameter: 'stream_options'.", "stream_options"), event="", after=(ROLE_ONLY,)), {}),
    ("oa-in-4", "in-4", Refusal(has("max_tokens"), {"error": {**openai("Unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens")["error"], "code": 400}}, event=""), {"max_tokens": 77}),
    ("an-in-1", CLAUDE + "-in-1", Refusal(contains("cache_control"), anthropic("messages.0.content.0.text.cache_control: Extra inputs are not permitted"), event="error"), {"messages": MARKED}),
    ("an-in-2", CLAUDE + "-in-2", Refusal(ends_with_assistant, anthropic(NO_PREFILL), event="error"), {"messages": BEGUN}),
]


@pytest.mark.parametrize("name, upstream, refusal, fields", INSIDE, ids=[case[0] for case in INSIDE])
def test_a_refusal_inside_a_stream_is_one_too(guarded: Gateway, picky: PickyProvider, name: str, upstream: str, refusal: Refusal, fields: dict[str, Any]) -> None:
    picky.refusals[upstream] = [refusal]
    reply = send(guarded, name, {"stream": True, **fields})
    assert reply.status == 200 and reply.text == "ok" and reply.body.endswith(b"data: [DONE]\n\n"), reply.body
    assert reply.body.count(b'"role"') == 1, "nothing of the refused stream was passed on"
    bodies = picky.bodies(upstream)
    assert len(bodies) == 2 and refusal.matches(bodies[0]) and not refusal.matches(bodies[1])
    attempts = guarded.site.records(request_id=reply.request_id)
    assert [(a["role"], a["status"]) for a in attempts] == [("primary", "error"), ("retry", "ok")]
    assert float(attempts[0]["cost_usd"]) == 0 and float(attempts[0].get("in_doubt_usd") or 0) == 0
    assert send(guarded, name, {"stream": True, **fields}).text == "ok"
    assert len(picky.bodies(upstream)) == 3, "the next request goes straight"


def test_a_refusal_behind_content_is_told_and_nothing_is_sent_again(guarded: Gateway, picky: PickyProvider) -> None:
    picky.refusals["in-9"] = [Refusal(has("stream_options"), openai("Unknown parameter: 'stream_options'.", "stream_options"), event="", after=(ROLE_ONLY, CONTENT))]
    reply = send(guarded, "oa-in-9", {"stream": True})
    assert reply.status == 200 and reply.text == "so far" and b'"error"' in reply.body and b"[DONE]" not in reply.body
    assert len(picky.bodies("in-9")) == 1
