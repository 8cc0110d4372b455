"""What the models of every dialect say, by the name that selects it."""

from __future__ import annotations

import json
from typing import Any, Callable

from .script import Dialect, Script, Usage

WEATHER = [("call_zrh", "get_weather", {"city": "Zürich", "days": 2}), ("call_gva", "get_weather", {"city": "Genève"})]
SIGNATURE = "c2lnbmF0dXJlLW9mLXRoZS1wcm92aWRlcg=="
#: Arguments as a model may leave them when it is interrupted.
GARBLED = '{"city": "Zür'
THOUGHT = "Ich überlege: the user wants the weather."


def echo(dialect: Dialect, body: dict[str, Any]) -> Script:
    return Script(text=dialect.prompt(body))


def tools(dialect: Dialect, body: dict[str, Any]) -> Script:
    """Two calls at once; when their results are there, what they were."""
    results = dialect.results(body)
    return Script(text=json.dumps(results)) if results else Script(text="Let me look.", tools=WEATHER)


def think(dialect: Dialect, body: dict[str, Any]) -> Script:
    """Thinks and calls; the second time says which proofs of its thinking have come back."""
    if dialect.results(body):
        return Script(text="proofs: " + ",".join(dialect.proofs(body)))
    return Script(thinking=THOUGHT, signature=SIGNATURE, tools=WEATHER[:1])


def priced(dialect: Dialect, body: dict[str, Any]) -> Script:
    written = 200 if dialect.counts_cache_writes else 0
    return Script(text="worth it", usage=Usage(600, 400, written, 500, 120 if dialect.counts_reasoning else 0))


def structured(dialect: Dialect, body: dict[str, Any]) -> Script:
    """Keeps to the schema if it is told one, by whatever means."""
    schema = dialect.wanted_schema(body)
    if schema:
        return Script(text=json.dumps({name: "Zürich" for name in schema["properties"]}, ensure_ascii=False))
    for name, offered in dialect.offered(body).items():
        return Script(tools=[("call_format", name, {member: "Zürich" for member in offered["properties"]})])
    return Script(text="as I like")


def no_usage(dialect: Dialect, body: dict[str, Any]) -> Script:
    return Script(text="four words without usage", usage=None)


def nothing(dialect: Dialect, body: dict[str, Any]) -> Script:
    return Script()


def garbled(dialect: Dialect, body: dict[str, Any]) -> Script:
    return Script(tools=[("call_1", "get_weather", GARBLED)])


SAYINGS: dict[str, Callable[[Dialect, dict[str, Any]], Script]] = {
    "echo": echo, "tools": tools, "think": think, "priced": priced, "structured": structured, "no-usage": no_usage, "nothing": nothing, "garbled": garbled,
}  # fmt: skip
