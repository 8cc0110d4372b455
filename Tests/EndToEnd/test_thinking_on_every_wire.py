"""How much a model is to think reaches every provider in its own words and within the limit of output, in whatever words the client says it."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from support.gateway import Gateway, Site
from support.picky import PickyProvider

HI = [{"role": "user", "content": "hi"}]
MODELS = {
    "an/next": ("an", "claude-next-20270101"), "an/old": ("an", "claude-sonnet-4-house"), "an/o48": ("an", "claude-opus-4-8"), "an/c45": ("an", "claude-sonnet-4-5"),
    "an/o46": ("an", "claude-opus-4-6"), "an/s5": ("an", "claude-sonnet-5"), "an/s55": ("an", "claude-sonnet-5-5"), "an/o55": ("an", "claude-opus-5-5"),
    "an/h3": ("an", "claude-3-haiku-20240307"), "be/c45": ("be", "us.anthropic.claude-haiku-4-5-20251001-v1:0"), "be/s5": ("be", "us.anthropic.claude-sonnet-5"),
    "be/o48": ("be", "us.anthropic.claude-opus-4-8"), "be/nova": ("be", "amazon.nova-pro-v1:0"), "ge/g3": ("ge", "gemini-3-flash-preview"), "ge/p3": ("ge", "gemini-3-pro-preview"),
    "ge/g25": ("ge", "gemini-2.5-flash"), "ge/p25": ("ge", "gemini-2.5-pro"), "oa/o3": ("oa", "o3-mini"), "az/g5": ("az", "prod-gpt-5-mini"), "az/g4": ("az", "gpt-4o-eu"), "oa/m": ("oa", "m"),
}  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[PickyProvider]:
    running = PickyProvider()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def thinkers(tmp_path_factory: pytest.TempPathFactory, provider: PickyProvider) -> Iterator[Gateway]:
    common = "retry: {attempts: 1}, breaker: off"
    lines = [
        "providers:",
        f'  oa: {{kind: openai, base_url: "{provider.url}", api_key: t, {common}}}',
        f'  az: {{kind: azure, base_url: "{provider.root}", api_key: t, api_version: "2024-10-21", {common}}}',
        f'  an: {{kind: anthropic, base_url: "{provider.root}", api_key: t, {common}}}',
        f'  ge: {{kind: gemini, base_url: "{provider.root}", api_key: t, {common}}}',
        f'  be: {{kind: bedrock, base_url: "{provider.root}", region: us-east-1, access_key_id: AKIDEXAMPLE, secret_access_key: secret-example, {common}}}',
        "models:",
        *(f'  {name}: {{provider: {kind}, upstream_model: "{upstream}", price: {{input: 1, output: 1}}}}' for name, (kind, upstream) in MODELS.items()),
        "organizations: {acme: {teams: {research: {}}}}",
    ]
    running = Gateway(Site(tmp_path_factory.mktemp("thinkers") / "site", "\n".join(lines) + "\n"))
    yield running
    running.stop()


@pytest.fixture
def sent(thinkers: Gateway, provider: PickyProvider) -> Any:
    def ask(model: str, **fields: Any) -> dict[str, Any]:
        before = len(provider.calls)
        reply = thinkers.http.send("POST", "/v1/chat/completions", {"model": model, "messages": HI, **fields})
        assert reply.status == 200, reply
        assert len(provider.calls) == before + 1
        return provider.calls[-1].body

    return ask


def claude(body: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Limit of output, `thinking` and effort of a request to a Claude, on either wire."""
    if "inferenceConfig" in body or "additionalModelRequestFields" in body or "outputConfig" in body or "model" not in body:
        fields = body.get("additionalModelRequestFields", {})
        return body.get("inferenceConfig", {}).get("maxTokens"), fields.get("thinking"), body.get("outputConfig", {}).get("effort")
    return body["max_tokens"], body.get("thinking"), body.get("output_config", {}).get("effort")


def gemini(body: dict[str, Any]) -> dict[str, Any] | None:
    return body.get("generationConfig", {}).get("thinkingConfig")


BUDGET = {"type": "enabled", "budget_tokens": 8192}
SAME_BUDGET = [
    {"thinking": BUDGET}, {"reasoning": {"max_tokens": 8192}}, {"thinking_budget": 8192}, {"enable_thinking": True, "thinking_budget": 8192},
    {"chat_template_kwargs": {"enable_thinking": True, "thinking_budget": 8192}}, {"reasoning_effort": "medium"}, {"reasoning": {"effort": "medium"}},
]  # fmt: skip


@pytest.mark.parametrize("wish", SAME_BUDGET)
@pytest.mark.parametrize("model", ["an/old", "an/c45", "be/c45"])
def test_a_budget_fits_below_the_limit(sent: Any, model: str, wish: dict[str, Any]) -> None:
    limit, thinking, _ = claude(sent(model, **wish))
    assert thinking == BUDGET and limit > 8192
    for asked in (4000, 2049):
        limit, thinking, _ = claude(sent(model, **wish, max_tokens=asked))
        assert limit == asked and 1024 <= thinking["budget_tokens"] < asked
    for asked in (1024, 500, 1):
        limit, thinking, _ = claude(sent(model, **wish, max_tokens=asked))
        assert limit == asked and thinking is None


@pytest.mark.parametrize("wish", SAME_BUDGET)
@pytest.mark.parametrize("model", ["an/next", "an/o48", "be/o48", "an/s5", "be/s5"])
def test_models_without_budgets_get_the_newer_form(sent: Any, model: str, wish: dict[str, Any]) -> None:
    for more in ({}, {"max_tokens": 4000}):
        limit, thinking, effort = claude(sent(model, **wish, **more))
        assert thinking["type"] == "adaptive" and "budget_tokens" not in thinking and effort == "medium"
        assert limit == 4000 if more else limit > 8192


def test_a_budget_is_kept_where_both_forms_are_known(sent: Any) -> None:
    assert claude(sent("an/o46", thinking=BUDGET))[1] == BUDGET
    assert claude(sent("an/o46", reasoning_effort="high"))[1:] == ({"type": "adaptive"}, "high")


@pytest.mark.parametrize("model", ["an/c45", "be/c45", "ge/g3"])
def test_the_reasoning_object_does_what_the_effort_does(sent: Any, model: str) -> None:
    for effort in ("minimal", "low", "medium", "high", "xhigh"):
        assert sent(model, reasoning={"effort": effort}) == sent(model, reasoning_effort=effort), effort
    asked = sent(model, reasoning={"max_tokens": 4000})
    if model == "ge/g3":
        assert gemini(asked)["thinkingLevel"] == "low"
    else:
        assert claude(asked)[1]["budget_tokens"] == 4000
    with_both = sent(model, reasoning={"enabled": True, "max_tokens": 4000})
    assert with_both == asked


OFF = [
    {"reasoning_effort": "none"}, {"reasoning": {"enabled": False}}, {"reasoning": {"effort": "none"}}, {"reasoning": {"enabled": False, "effort": "high"}},
    {"thinking": {"type": "disabled"}}, {"enable_thinking": False}, {"chat_template_kwargs": {"enable_thinking": False}}, {"chat_template_kwargs": {"thinking": False}},
    {"thinking_budget": 0}, {"reasoning": {"max_tokens": 0}},
]  # fmt: skip


@pytest.mark.parametrize("wish", OFF)
def test_off_is_off(sent: Any, wish: dict[str, Any]) -> None:
    for model in ("an/c45", "be/c45", "an/o48", "be/o48", "an/o46"):
        assert claude(sent(model, **wish))[1:] == (None, None), model
    for model in ("an/s5", "be/s5"):
        assert claude(sent(model, **wish))[1:] == ({"type": "disabled"}, None), model
    assert claude(sent("an/s55", **wish))[1:] == ({"type": "between_tools"}, None)
    # These always think and refuse the word for off.
    for model in ("an/o55", "an/next"):
        assert claude(sent(model, **wish))[1:] == (None, "low"), model
    assert gemini(sent("ge/g3", **wish)) == {"thinkingLevel": "minimal"}
    assert gemini(sent("ge/p3", **wish)) == {"thinkingLevel": "low"}
    assert gemini(sent("ge/g25", **wish)) == {"thinkingBudget": 0}
    assert gemini(sent("ge/p25", **wish)) == {"thinkingBudget": 128}


@pytest.mark.parametrize("wish", [{}, {"reasoning": {}}, {"reasoning_effort": None}, {"reasoning": {"exclude": True}}])
def test_who_says_nothing_gets_the_providers_default(sent: Any, wish: dict[str, Any]) -> None:
    for model in ("an/c45", "be/c45", "an/s5", "be/s5"):
        assert claude(sent(model, **wish))[1:] == (None, None)
    for model in ("ge/g3", "ge/g25"):
        assert gemini(sent(model, **wish)) is None


@pytest.mark.parametrize("wish", SAME_BUDGET + OFF)
def test_models_that_cannot_think_are_told_nothing(sent: Any, wish: dict[str, Any]) -> None:
    assert claude(sent("an/h3", **wish, max_tokens=100)) == (100, None, None)
    assert not {"additionalModelRequestFields", "outputConfig"} & sent("be/nova", **wish).keys()


def test_gemini_budgets_stay_within_range_and_limit(sent: Any) -> None:
    assert gemini(sent("ge/g25", reasoning={"max_tokens": 99_999}))["thinkingBudget"] == 24_576
    assert gemini(sent("ge/p25", thinking={"type": "enabled", "budget_tokens": 99_999}))["thinkingBudget"] == 32_768
    assert gemini(sent("ge/g25", reasoning_effort="high", max_tokens=3000))["thinkingBudget"] < 3000
    assert gemini(sent("ge/g25", enable_thinking=True))["thinkingBudget"] == -1
    assert gemini(sent("ge/g25", reasoning={"effort": "low", "exclude": True})) == {"thinkingBudget": 2048}


@pytest.mark.parametrize("wish", SAME_BUDGET + OFF)
def test_openais_dialect_passes_the_clients_own_words(sent: Any, wish: dict[str, Any]) -> None:
    body = sent("oa/m", **wish)
    assert {name: body[name] for name in wish} == wish


@pytest.mark.parametrize("member", ["max_tokens", "max_completion_tokens"])
def test_reasoning_models_get_their_own_name_of_the_limit(sent: Any, member: str) -> None:
    for model in ("oa/o3", "az/g5"):
        body = sent(model, **{member: 77})
        assert body["max_completion_tokens"] == 77 and "max_tokens" not in body
    for model in ("oa/m", "az/g4"):
        assert sent(model, **{member: 77})[member] == 77
