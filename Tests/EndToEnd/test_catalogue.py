"""Prices of known models: the gateway's bill is what the catalogue's source works out with a calculator of its own."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from genai_prices import types as genai
from genai_prices.data import providers as sellers

from support.budgets import admin
from support.gateway import Gateway, Site
from support.scripted import Behaviour, Call, ScriptedProvider, Wire

POLICY = """
providers:
  oa: {{kind: openai, base_url: {url}, retry: {{attempts: 1}}, breaker: off}}
  an: {{kind: anthropic, base_url: {url}, api_key: t, retry: {{attempts: 1}}, breaker: off}}
models:
  "openai/*": {{provider: oa}}
  "anthropic/*": {{provider: an}}
organizations:
  acme: {{teams: {{research: {{}}}}}}
"""
#: Prices that are announced for later count from the beginning: the dearer of them.
LATER = datetime.datetime(2027, 12, 1, 12, tzinfo=datetime.timezone.utc)
OPENAI = ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-5", "gpt-5-mini", "gpt-5.4", "gpt-5.5", "gpt-5.6-sol", "gpt-6-sol", "gpt-6.1-terra", "o3", "o4-mini"]
ANTHROPIC = ["claude-opus-5-5", "claude-sonnet-5", "claude-haiku-5-5", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-8", "claude-3-opus-20240229"]


class ReportingProvider(ScriptedProvider):
    """Reports the usage that the prompt gives, in the dialect that it is asked in."""

    def script(self, call: Call) -> Behaviour:
        return self.answer

    async def answer(self, call: Call, wire: Wire) -> None:
        if call.path.endswith("/v1/messages"):
            prompt = call.body["messages"][0]["content"]
            report = json.loads(prompt if isinstance(prompt, str) else prompt[0]["text"])
            text = {"type": "text", "text": "hi"}
            await wire.reply_json(200, {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [text], "stop_reason": "end_turn", **report})
        else:
            choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
            report = json.loads(call.prompt)
            await wire.reply_json(200, {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **report})


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    provider = ReportingProvider()
    gateway = Gateway(Site(tmp_path_factory.mktemp("catalogue") / "site", POLICY.format(url=provider.url)))
    yield gateway
    gateway.stop()
    provider.stop()


def calculated(seller: str, name: str, usage: dict[str, int], context: dict[str, str] | None = None) -> Decimal:
    """What genai-prices says, rounded once to a nano-dollar."""
    provider = next(p for p in sellers if p.id == seller)
    model = next(m for m in provider.models if m.is_match(name))
    price = model.calc_price(genai.Usage(**usage), provider, genai_request_timestamp=LATER, price_context=context)
    return price.total_price.quantize(Decimal("1e-9"), ROUND_HALF_UP)


def billed(gateway: Gateway, model: str, report: dict[str, Any]) -> dict[str, Any]:
    reply = gateway.http.chat(model, json.dumps(report), max_tokens=5)
    assert reply.status == 200, reply
    record = gateway.site.record(reply)
    assert Decimal(reply.headers["x-purser-cost-usd"]) == Decimal(record["cost_usd"]) and not record["estimated"]
    return record


@pytest.mark.parametrize("input", [1_234, 250_001, 300_001])
@pytest.mark.parametrize("name", OPENAI)
def test_openai_models_cost_what_the_source_says(priced: Gateway, name: str, input: int) -> None:
    usage = {"prompt_tokens": input, "completion_tokens": 777, "total_tokens": input + 777, "prompt_tokens_details": {"cached_tokens": 234}}
    for tier in (None, "default", "flex", "priority"):
        known = tier in (None, "default") or has_tier(name, tier)
        record = billed(priced, f"openai/{name}", {"usage": usage, **({"service_tier": tier} if tier else {})})
        tokens = {"input_tokens": input, "cache_read_tokens": 234, "output_tokens": 777}
        if known and not (tier == "priority" and input > 200_000):  # the source charges long inputs at that tier less than standard ones
            assert Decimal(record["cost_usd"]) == calculated("openai", name, tokens, {"service_tier": tier} if tier else None), (tier, record["price_version"])
        assert record["service_tier"] == ("standard" if tier in (None, "default") else tier)


def has_tier(name: str, tier: str) -> bool:
    model = next(m for p in sellers if p.id == "openai" for m in p.models if m.is_match(name))
    return any(v.when == {"service_tier": tier} for v in model.price_variants or ())


@pytest.mark.parametrize("plain", [1_000, 120_000, 230_000])
@pytest.mark.parametrize("name", ANTHROPIC)
def test_anthropic_models_cost_what_the_source_says(priced: Gateway, name: str, plain: int) -> None:
    writes = {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200}
    usage = {"input_tokens": plain, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 500, "cache_creation": writes, "output_tokens": 99}
    record = billed(priced, f"anthropic/{name}", {"usage": usage})
    tokens = {"input_tokens": plain + 550, "cache_read_tokens": 50, "cache_write_tokens": 500, "cache_write_5m_tokens": 300, "cache_write_1h_tokens": 200, "output_tokens": 99}
    assert Decimal(record["cost_usd"]) == calculated("anthropic", name, tokens)
    assert (record["cache_write_tokens"], record["cache_write_1h_tokens"]) == (500, 200)


def test_an_hour_in_the_cache_costs_its_own_price(priced: Gateway) -> None:
    usage = {"input_tokens": 0, "cache_creation_input_tokens": 100_000, "cache_creation": {"ephemeral_1h_input_tokens": 100_000}, "output_tokens": 0}
    assert billed(priced, "anthropic/claude-sonnet-4-5", {"usage": {**usage, "output_tokens": 1}})["cost_usd"] == "0.600015"


def test_fast_mode_has_its_own_price(priced: Gateway) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 100, "speed": "fast"}
    record = billed(priced, "anthropic/claude-opus-5-5", {"usage": usage})
    assert Decimal(record["cost_usd"]) == calculated("anthropic", "claude-opus-5-5", {"input_tokens": 1_000, "output_tokens": 100}, {"speed": "fast"})
    assert record["service_tier"] == "fast"


# --- Under a budget: what has a price is reserved at it, what has none is refused


BOUND = """
providers:
  oa: {kind: openai, base_url: URL, retry: {attempts: 1}, breaker: off}
  an: {kind: anthropic, base_url: URL, api_key: t, retry: {attempts: 1}, breaker: off}
models:
  plain: {provider: oa, price: {input: 1, output: 2}}
  tiered: {provider: oa, price: {input: 1, output: 2, priority: {input: 10, output: 20}, audio_output: 50, audio_input: 40}}
  steep: {provider: oa, price: {input: 1, output: 2, long_context: {above: 10, input: 100, output: 2}}}
  odd: {provider: oa, price: {input: 1, cached_input: 100, output: 1}}
  claude: {provider: an, price: {input: 1, cache_write: 1.25, cache_write_1h: 200, output: 1}}
organizations:
  acme: {teams: {research: {limits: [{usd: 0.01, per: day}]}}}
"""


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    provider = ReportingProvider()
    gateway = Gateway(Site(tmp_path_factory.mktemp("bound") / "site", BOUND.replace("URL", provider.url)))
    yield gateway
    gateway.stop()
    provider.stop()


USAGE = json.dumps({"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "input_tokens": 1, "output_tokens": 1}})
HOUR = [{"role": "user", "content": [{"type": "text", "text": USAGE, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}]
SOUND = [{"role": "user", "content": [{"type": "text", "text": USAGE}, {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}]


@pytest.mark.parametrize(
    ("model", "fields", "status", "param"),
    [
        ("plain", {}, 200, None),
        ("plain", {"service_tier": "priority"}, 400, "service_tier"),
        ("plain", {"service_tier": "fast"}, 400, "service_tier"),
        ("plain", {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}, 400, "modalities"),
        ("plain", {"service_tier": "flex"}, 200, None),
        ("tiered", {"service_tier": "priority"}, 200, None),
        ("tiered", {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}, 200, None),
        # At the dearer price the request does not fit any more: 1,000 tokens in at 10 USD, 1,000 out at 20 per million.
        ("tiered", {"service_tier": "priority", "pad": 2_000}, 402, None),
        ("tiered", {"pad": 2_000}, 200, None),
        ("steep", {}, 402, None),
        ("odd", {}, 402, None),
        ("claude", {}, 200, None),
        ("claude", {"messages": HOUR}, 402, None),
        ("plain", {"messages": SOUND}, 402, None),
    ],
)
def test_budgets_reserve_the_dearest_price_that_a_request_can_cause(bound: Gateway, model: str, fields: dict[str, Any], status: int, param: str | None) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": USAGE + " " * fields.get("pad", 0)}], "max_tokens": 16}
    body |= {name: value for name, value in fields.items() if name != "pad"}
    reply = bound.http.send("POST", "/v1/chat/completions", body)
    assert reply.status == status, reply
    if param:
        assert reply.error["param"] == param


# --- A catalogue of one's own

OWN = "catalogue: prices.json\nproviders: {p: {kind: openai, base_url: URL, breaker: off}}\nmodels: {'*': {provider: p, upstream_model: '*'}}\norganizations: {acme: {teams: {research: {}}}}\n"


def litellm(input: float) -> str:
    return json.dumps({"own-model": {"litellm_provider": "openai", "input_cost_per_token": input, "output_cost_per_token": 2e-06, "input_cost_per_audio_token": 4e-05}})


def test_a_catalogue_is_replaced_while_the_gateway_runs(new_site: Callable[..., Site], own_gateway: Callable[..., Gateway]) -> None:
    provider = ReportingProvider()
    site = new_site(OWN.replace("URL", provider.url))
    (site.policies / "prices.json").write_text(litellm(1e-06))
    gateway = own_gateway(site)
    usage = {"prompt_tokens": 1_000, "completion_tokens": 1, "total_tokens": 1_001, "prompt_tokens_details": {"audio_tokens": 100}}
    assert billed(gateway, "own-model", {"usage": usage})["cost_usd"] == "0.004902"
    done = site.run("catalogue", "diff")
    assert done.returncode == 1 and "openai/own-model" in done.stdout and "1 new" in done.stdout
    (site.home / "newer.json").write_text(litellm(3e-06))
    done = site.run("catalogue", "update", str(site.home / "newer.json"), "--out", str(site.policies / "prices.json"), check=True)
    assert "prices.json" in done.stdout
    # The file beside the policies is read with them.
    assert admin(gateway).send("POST", "/admin/v1/reload").json()["reloaded"]
    assert billed(gateway, "own-model", {"usage": usage})["cost_usd"] == "0.006702"
    assert site.run("catalogue", "update", __file__).returncode == 3
    provider.stop()
