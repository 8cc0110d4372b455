"""`policies/schema.json`, by which editors complete and underline: it takes what `check` takes, and sees the mistakes that can be seen without thinking."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from support import routing
from support.dialects import provider as dialects
from support.gateway import ROOT
from test_policy_mistakes import MISTAKES, place

SHIPPED = sorted((ROOT / "policies").rglob("*.yaml"))
#: Mistakes of form. The others are of meaning: names that do not exist, cycles, rules that are never reached.
OF_FORM = [
    "an unknown key", "an unknown kind", "an unknown task", "an unknown condition", "a negative price", "half a price", "a weight of zero", "a split of one",
    "a wrong stickiness", "two strategies", "a test of nothing",
]  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> jsonschema.Validator:
    text = json.loads((ROOT / "policies/schema.json").read_text())
    validator = jsonschema.validators.validator_for(text)
    validator.check_schema(text)
    return validator(text)


def parsed(text: str) -> Any:
    """As editors parse it, by YAML 1.2; `${NAME}` is Purser's own, and legal in braces without quotes."""
    return YAML(typ="safe", pure=True).load(re.sub(r"\$\{(\w+)\}", r"$\1", text))


def complaints(schema: jsonschema.Validator, text: str) -> list[str]:
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in schema.iter_errors(parsed(text))]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_is_valid(schema: jsonschema.Validator, path: Any) -> None:
    assert not complaints(schema, path.read_text())


def test_what_the_tests_run_under_is_valid(schema: jsonschema.Validator, policy_text: str) -> None:
    for text in (policy_text, routing.policies("http://a/v1", "http://b/v1"), dialects.policies("http://a/v1", "http://b/v1")):
        assert not complaints(schema, text)


@pytest.mark.parametrize("mistake", OF_FORM)
def test_mistakes_of_form_are_seen(schema: jsonschema.Validator, mistake: str) -> None:
    assert complaints(schema, place(MISTAKES[mistake][0])[0])
