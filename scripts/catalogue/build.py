"""Writes the catalogue of known models: one JSON file that the program embeds.

Prices and context windows come from the Python package genai-prices (MIT), what it does not have (the longest answer, abilities, names that
need limits of their own) from two files beside this one: `limits.json`, made of LiteLLM's price map (MIT) with --limits, and `overrides.json`,
kept by hand, which goes before both.

Every price is the dearest of those that hold today or that the package announces for later: a bill that is too low would let a budget be
overspent. Prices by the time of day count at their peak.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, Iterator

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "Sources/CCatalogue/catalogue.json"

# Sellers whose names of models a policy can mean: their own APIs, and hosts that speak OpenAI's.
PROVIDERS = {
    "openai": ["api.openai.com"],
    "azure": [],
    "anthropic": ["api.anthropic.com"],
    "google": ["generativelanguage.googleapis.com", "aiplatform.googleapis.com"],
    "aws": [],
    "mistral": ["api.mistral.ai"],
    "deepseek": ["api.deepseek.com"],
    "x-ai": ["api.x.ai"],
    "groq": ["api.groq.com"],
    "cohere": ["api.cohere.ai", "api.cohere.com"],
    "perplexity": ["api.perplexity.ai"],
    "moonshotai": ["api.moonshot.ai", "api.moonshot.cn"],
    "together": ["api.together.xyz", "api.together.ai"],
    "fireworks": ["api.fireworks.ai"],
    "cerebras": ["api.cerebras.ai"],
    "zai": ["api.z.ai"],
    "minimax": ["api.minimax.io", "api.minimaxi.com"],
    "openrouter": ["openrouter.ai"],
}

# The package's names of prices, and the policy language's.
KINDS = {
    "input_mtok": "input",
    "cache_read_mtok": "cached_input",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "audio_input",
    "output_mtok": "output",
    "output_audio_mtok": "audio_output",
}

TIERS = [("service_tier", "flex", "flex"), ("service_tier", "priority", "priority"), ("service_tier", "fast", "fast"), ("speed", "fast", "fast")]


def text(price: Decimal) -> str:
    return f"{price.normalize():f}"


def dearest(prices: list[Any]) -> dict[str, Any]:
    """Of several price lists of a model, the dearest price of each kind."""
    found: dict[str, dict[int, Decimal]] = {}
    for listed in prices:
        for key, kind in KINDS.items():
            value = getattr(listed, key)
            if value is None:
                continue
            steps = found.setdefault(kind, {})
            base, tiers = (value.base, value.tiers) if hasattr(value, "tiers") else (value, [])
            steps[0] = max(steps.get(0, Decimal(0)), base)
            for tier in tiers:
                steps[tier.start] = max(steps.get(tier.start, Decimal(0)), tier.price)
    return written(found)


def written(found: dict[str, dict[int, Decimal]]) -> dict[str, Any]:
    usual = {kind: text(steps[0]) for kind, steps in found.items()}
    thresholds = sorted({start for steps in found.values() for start in steps if start})
    if thresholds:
        # Of several steps the first threshold counts, at the dearest price.
        usual["long_context"] = {"above": thresholds[0], **{kind: text(max(steps.values())) for kind, steps in found.items()}}
    return usual


def price_list(model: Any, today: datetime.datetime) -> dict[str, Any] | None:
    lists = current(model, today)
    prices = dearest(lists)
    if "input" not in prices or "output" not in prices:
        return None
    for key, value, tier in TIERS:
        variants = [v.prices for v in model.price_variants or () if v.when == {key: value}]
        variants = [v for v in variants if v.input_mtok is not None and v.output_mtok is not None]
        if variants:
            prices[tier] = complete(dearest(variants), prices)
    return prices


def complete(tier: dict[str, Any], standard: dict[str, Any]) -> dict[str, Any]:
    """A tier without a price of its own for a kind of tokens has the standard one."""
    filled = {**{kind: standard[kind] for kind in KINDS.values() if kind in standard}, **tier}
    if "long_context" in standard and "long_context" not in tier:
        # The standard list's long inputs cost more, this tier names one price: the dearer of the two.
        long = standard["long_context"]
        filled["long_context"] = {
            "above": long["above"],
            **{k: max(filled.get(k, "0"), v, key=Decimal) for k, v in long.items() if k != "above"},
        }
    return filled


def current(model: Any, today: datetime.datetime) -> list[Any]:
    """The lists that hold now or will."""
    if not isinstance(model.prices, list):
        return [model.prices]
    dated = [c for c in model.prices if hasattr(c.constraint, "start_date")]
    hourly = [c for c in model.prices if hasattr(c.constraint, "start_time")]
    begun = [c for c in dated if c.constraint.start_date <= today.date()]
    later = [c for c in dated if c.constraint.start_date > today.date()]
    now = begun[-1:] or [c for c in model.prices if c.constraint is None] or model.prices[:1]
    return [c.prices for c in now + later + hourly]


def names(model: Any) -> Iterator[str]:
    """Names that mean the model: its id, and what its matching rules spell out. Expressions are left out: dates are the program's business."""

    def walk(clause: Any) -> Iterator[str]:
        for part in getattr(clause, "or_", []):
            yield from walk(part)
        for kind in ("equals", "starts_with", "contains", "ends_with"):
            if value := getattr(clause, kind, None):
                yield value.rstrip("-@:/")

    yield model.id
    yield from walk(model.match)


def bedrock(provider: Any, today: datetime.datetime) -> Iterator[tuple[str, list[str], Any, str | None]]:
    """Bedrock's models by their names without version and region; Anthropic's are found by their own."""
    for model in provider.models:
        if "anthropic." in model.id or model.id.startswith("regional."):
            continue
        name = re.sub(r"-v\d+(:\d+)?$", "", model.id)
        if name.startswith("global."):
            yield name.removeprefix("global."), [], model, "tenth_more"
        else:
            yield name, [], model, "united_states_only"


def regional_anthropic(provider: Any) -> set[str]:
    """Claude models that cost a tenth more when a call has to stay within a region."""
    prices = {re.sub(r"-v\d+(:\d+)?$|-\d{8}-v\d+:\d+$", "", m.id): m.prices for m in provider.models if "anthropic." in m.id and not isinstance(m.prices, list)}
    found = set()
    for name, listed in prices.items():
        if not name.startswith("regional.anthropic."):
            continue
        base = prices.get(name.replace("regional.", "global.", 1))
        if base is not None and base.input_mtok != listed.input_mtok:
            found.add(re.sub(r"-\d{8}$", "", name.removeprefix("regional.anthropic.")))
    return found


def rows(today: datetime.datetime) -> list[dict[str, Any]]:
    from genai_prices.data import providers

    by_id = {provider.id: provider for provider in providers}
    overrides = json.loads((HERE / "overrides.json").read_text())
    limits = json.loads((HERE / "limits.json").read_text())
    dearer_regions = regional_anthropic(by_id["aws"])
    made: list[dict[str, Any]] = []
    for provider_id in PROVIDERS:
        provider = by_id[provider_id]
        if provider_id == "aws":
            models = list(bedrock(provider, today))
        else:
            models = [(m.id, list(dict.fromkeys(names(m)))[1:], m, None) for m in provider.models]
        taken: set[str] = set()
        for name, also, model, regional in models:
            prices = price_list(model, today)
            name = name.rstrip("-@:/")
            if prices is None or name in taken:
                continue
            if provider_id == "anthropic":
                name = re.sub(r"-(latest|\d{8})$|-0$", "", name)
                regional = "tenth_more" if name in dearer_regions else None
            known = {n: overrides[f"{provider_id}/{n}"] for n in [name, *also] if f"{provider_id}/{n}" in overrides}
            # A name that has limits of its own is a row of its own, with the names of its snapshots.
            for own in [n for n in known if n != name and n not in taken]:
                snapshots = [n for n in also if re.fullmatch(re.escape(own) + r"-(latest|\d{8}|\d{4}-\d{2}-\d{2})", n) and n not in known]
                made.append(row(provider_id, own, snapshots, model, prices, regional, known[own], limits, taken))
            if name not in taken:
                made.append(row(provider_id, name, also, model, prices, regional, known.get(name, {}), limits, taken))
        prices_of = {name: made_row["price"] for made_row in made if made_row["provider"] == provider_id for name in [made_row["name"], *made_row.get("also", [])]}
        for key, override in overrides.items():
            name = key.split("/", 1)[1]
            # A snapshot with limits of its own has the price of its model, unless it is written beside them.
            prices = override.get("price") or prices_of.get(re.sub(r"-(\d{8}|\d{4}-\d{2}-\d{2})$", "", name))
            if key.startswith(provider_id + "/") and name not in taken and prices:
                made.append(row(provider_id, name, [], None, prices, None, override, limits, taken))
    return made


def row(
    provider: str, name: str, also: list[str], model: Any, prices: dict[str, Any], regional: str | None, override: dict[str, Any],
    limits: dict[str, Any], taken: set[str],
) -> dict[str, Any]:
    other = [n for n in dict.fromkeys([*override.get("also", []), *also]) if n != name and n not in taken and n]
    taken.update([name, *other])
    facts = {**limits.get(f"{provider}/{name}", {}), **override}
    window = facts.get("window") or (model.context_window if model else None)
    answer = facts.get("answer")
    made: dict[str, Any] = {"provider": provider, "name": name}
    if other:
        made["also"] = other
    if window:
        made["context_window"] = window
    if answer:
        made["max_output_tokens"] = min(answer, window or answer)
    if "can" in facts:
        made["can"] = facts["can"]
    regional = facts.get("regional", regional)
    if regional:
        made["regional"] = regional
    made["price"] = override.get("price", prices)
    return made


def read_limits(path: Path) -> dict[str, Any]:
    """The longest answers and the abilities of models, from LiteLLM's price map."""
    wanted = {"openai": "openai", "azure": "azure", "anthropic": "anthropic", "gemini": "google", "mistral": "mistral", "deepseek": "deepseek",
              "xai": "x-ai", "groq": "groq", "cohere_chat": "cohere", "perplexity": "perplexity", "moonshot": "moonshotai", "together_ai": "together",
              "fireworks_ai": "fireworks", "cerebras": "cerebras", "zai": "zai", "minimax": "minimax", "openrouter": "openrouter",
              "bedrock_converse": "aws", "bedrock": "aws"}
    abilities = [("supports_function_calling", "tools"), ("supports_vision", "images"), ("supports_response_schema", "structured_output"),
                 ("supports_reasoning", "reasoning")]
    found: dict[str, Any] = {}
    for name, entry in json.loads(path.read_text()).items():
        provider = wanted.get(entry.get("litellm_provider", ""))
        if provider is None or entry.get("mode") not in ("chat", "responses") or not isinstance(entry.get("max_output_tokens"), int):
            continue
        own = name.split("/", 1)[1] if "/" in name and provider not in ("anthropic", "openai", "aws") else name
        own = re.sub(r"-v\d+(:\d+)?$", "", own) if provider == "aws" else own
        found.setdefault(f"{provider}/{own}", {"answer": entry["max_output_tokens"], "can": [word for key, word in abilities if entry.get(key)]})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limits", type=Path, metavar="FILE", help="make limits.json anew from LiteLLM's model_prices_and_context_window.json")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    today = datetime.datetime.now(datetime.timezone.utc)
    if arguments.limits:
        from genai_prices.data import providers  # the limits of models without a price are of no use

        priced = {f"{p.id}/{n}" for p in providers for m in p.models for n in ([re.sub(r'-v\d+(:\d+)?$', '', m.id)] + list(names(m)))}
        limits = {k: v for k, v in read_limits(arguments.limits).items() if k in priced}
        lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(limits.items()))
        (HERE / "limits.json").write_text("{\n" + lines + "\n}\n")
    made = rows(today)
    source = f"genai-prices {importlib.metadata.version('genai-prices')}"
    head = {"format": "purser-catalogue", "version": 1, "source": source, "date": today.date().isoformat(), "hosts": {h: p for p, hosts in PROVIDERS.items() for h in hosts}}
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in made)
    arguments.out.write_text(json.dumps(head)[:-1] + ', "models": [\n' + lines + "\n]}\n")
    print(f"{len(made)} models of {source} in {arguments.out.relative_to(Path.cwd()) if arguments.out.is_relative_to(Path.cwd()) else arguments.out}")


if __name__ == "__main__":
    main()
