"""Policies that are wrong: one precise error each, on the command line and in a running gateway, which keeps its old ones."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable

import pytest

from support.gateway import Gateway, Site

GOOD = """
providers:
  one: {kind: openai, base_url: "http://127.0.0.1:9/v1"}
models:
  m/a: {provider: one, price: {input: 1, output: 2}}
  m/b: {provider: one, price: {input: 1, output: 2}}
  auto: {route: [{use: m/a}]}
organizations: {acme: {teams: {research: {}}}}
"""


def model(text: str) -> str:
    return GOOD.replace("organizations:", f"  {text}\norganizations:")


def provider(text: str) -> str:
    return GOOD.replace("models:", f"  {text}\nmodels:")


#: What is wrong (‸ stands before the place that must be named), and words of the error.
MISTAKES: dict[str, tuple[str, str]] = {
    "an unknown key": (provider('two: {kind: openai, base_url: "http://127.0.0.1:9", ‸max_conections: 3}'), 'unknown key .*did you mean "max_connections"'),
    "an unknown kind": (provider("two: {kind: ‸antropic}"), 'did you mean "anthropic"'),
    "a key of another kind": (provider('two: {kind: openai, base_url: "http://127.0.0.1:9", region: ‸eu-west-1}'), '"region" belongs to providers of kind bedrock'),
    "a missing variable": (provider("two: {kind: anthropic, required: true, api_key: ‸${E2E_NOT_SET}}"), "E2E_NOT_SET is not set .*required"),
    "an unknown model": (model("v: {fallback: [m/a, ‸m/bb]}"), 'unknown model "m/bb" .*did you mean "m/b"'),
    "an unknown provider": (model("m/c: {provider: ‸oen, price: free}"), 'unknown provider .*did you mean "one"'),
    "a cycle": (model("v: {fallback: [m/a, w]}\n  w: {route: [{use: ‸v}]}"), "a cycle of virtual models: v → w → v"),
    "a model of itself": (model("v: {fallback: [‸v]}"), "a cycle of virtual models: v → v"),
    "an unreachable rule": (model("v: {route: [{use: m/a}, ‸{when: {task: code}, use: m/b}]}"), "never reached.*has no conditions"),
    "a rule in another's shadow": (
        model('v: {route: [{when: {complexity_score: ">0.2"}, use: m/a}, ‸{when: {complexity_score: ">0.5", task: code}, use: m/b}]}'), "never reached.*holds whenever",
    ),
    "an unknown task": (model("v: {route: [{when: {task: ‸coed}, use: m/a}]}"), 'unknown task "coed" .*did you mean "code"'),
    "an unknown condition": (model("v: {route: [{when: {‸complexty: low}, use: m/a}]}"), 'unknown condition .*did you mean "complexity"'),
    "a condition that never holds": (model('v: {route: [{when: {complexity_score: ‸">1.5"}, use: m/a}]}'), "complexity_score"),
    "a comparison of nothing": (model('v: {route: [{when: {max_cost: ‸">=cheap"}, use: m/a}]}'), "max_cost"),
    "an unknown team": (model("v: {route: [{when: {team: ‸acme/reserch}, use: m/a}]}"), 'did you mean "acme/research"'),
    "a negative price": (model("m/c: {provider: one, price: {input: ‸-1, output: 2}}"), 'the price "input" must not be negative'),
    "half a price": (model("m/c: {provider: one, price: ‸{input: 1}}"), 'the price has no "output"'),
    "a weight of zero": (model("v: {balance: [m/a, {use: m/b, weight: ‸0}]}"), "a weight of 0 would never be chosen"),
    "a split of one": (model("v: {split: {experiment: x, arms: ‸{a: {use: m/a, weight: 1}}}}"), "two arms or more"),
    "a wrong stickiness": (model("v: {split: {experiment: x, sticky: ‸usr, arms: {a: {use: m/a, weight: 1}, b: {use: m/b, weight: 1}}}}"), 'did you mean "user"'),
    "the best of the unmeasured": (model("v: {among: [m/a, m/b], prefer: ‸best}"), '"quality"'),
    "a hedge of one": (model("v: {fallback: [m/a], hedge: ‸{after: 1s}}"), '"hedge" needs two targets or more'),
    "two strategies": (model("v: {fallback: ‸[m/a], route: [{use: m/b}]}"), 'one strategy: either "route" or "fallback"'),
    "a name twice": (model("‸m/a: {provider: one, price: free}"), "m/a"),
    "a test of nothing": (GOOD + "tests: [{name: t, given: {model: auto, prompt: hi}, expect: {‸modl: m/a}}]\n", 'did you mean "model"'),
    "a bracket left open": (model("v: {fallback: [m/a"), ""),
    "a tab": (GOOD.replace("  m/b:", "‸\tm/b:"), "not valid YAML"),
}  # fmt: skip


def place(text: str) -> tuple[str, int, int]:
    """The text without its mark, and line and column of the mark."""
    before, mark, after = text.partition("‸")
    if not mark:
        return text, 0, 0
    return before + after, before.count("\n") + 1, len(before) - before.rfind("\n")


def assert_precise(said: str, text: str, line: int, column: int, words: str) -> None:
    errors = re.findall(r"^(.*):(\d+):(\d+): error: (.*)$", said, re.MULTILINE)
    assert len(errors) == 1, f"not one error:\n{said}"
    path, at_line, at_column, message = errors[0]
    assert path.endswith("e2e.yaml") and re.search(words, message), said
    assert line == 0 or (int(at_line), int(at_column)) == (line, column), said
    shown = text.split("\n")[int(at_line) - 1].replace("\t", " ")
    lines = said.splitlines()
    start = next(number for number, one in enumerate(lines) if " error: " in one)
    number, _, quoted = lines[start + 1].partition(" | ")
    # What follows an unknown key may be a misplaced secret, so it is not shown.
    visible = quoted.partition("***")[0]
    assert number.strip() == at_line and shown.startswith(visible) and len(visible) >= min(len(shown), int(at_column)), said
    assert quoted == shown or "unknown key" in message, said
    assert lines[start + 2].index("^") - lines[start + 2].index("| ") - 2 == int(at_column) - 1, said


@pytest.mark.parametrize("mistake", MISTAKES)
def test_check_says_what_is_wrong_and_where(new_site: Callable[..., Site], mistake: str) -> None:
    text, line, column = place(MISTAKES[mistake][0])
    done = new_site(text).run("check")
    assert done.returncode == 1, done.stderr
    assert_precise(done.stderr, text, line, column, MISTAKES[mistake][1])


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12))
HOSTILE = {
    "a bomb": BOMB,
    "10 MB": GOOD + "# " + "x" * (10 << 20) + "\n",
    "deep": "models: " + "[" * 100_000 + "]" * 100_000,
    "binary": "\x00\x01\x02\ufffe",
    "not a mapping": "- providers\n- models\n",
    "a million names": "models:\n" + "".join(f"  m{n}: {{provider: one, price: free}}\n" for n in range(25_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_quickly(new_site: Callable[..., Site], name: str) -> None:
    site = new_site()
    site.policy_file.write_text(HOSTILE[name])
    began = time.monotonic()
    done = site.run("check")
    assert done.returncode == 1 and time.monotonic() - began < 10
    assert "e2e.yaml" in done.stderr and "error" in done.stderr and len(done.stderr) < 100_000, done.stderr[:2000]


def test_a_running_gateway_keeps_its_policies(own_gateway: Callable[..., Gateway], policy_text: str) -> None:
    """Each mistake is refused whole, shown in /readyz and in the log, and forgotten with the next good file."""
    gateway = own_gateway()
    policy = gateway.site.policy_file

    def reload(text: str, until: Callable[[str], bool]) -> None:
        before = gateway.why_not()
        policy.write_text(text)
        gateway.signal(signal.SIGHUP)
        deadline = time.monotonic() + 60
        # A reload waits until two looks at the files agree; until then the last mistake is told.
        while not until(seen := gateway.why_not()) or (seen and seen == before):
            assert time.monotonic() < deadline, f"the admin listener says {seen!r}"
            time.sleep(0.02)

    for mistake in MISTAKES:
        text, line, column = place(MISTAKES[mistake][0])
        reload(text, lambda seen: bool(seen) and re.search(MISTAKES[mistake][1], seen) is not None)
        ready = gateway.anonymous.get("/readyz")
        assert ready.status == 200 and ready.json()["policies"] == "refused"
        assert_precise(gateway.why_not(), text, line, column, MISTAKES[mistake][1])
        assert gateway.http.chat("scripted/echo", mistake).text == mistake
    for text in HOSTILE.values():
        policy.write_text(text)
        gateway.signal(signal.SIGHUP)
        time.sleep(0.2)
        assert gateway.http.chat("scripted/echo").status == 200
    reload(policy_text, lambda seen: not seen)
    assert gateway.log().count("policies refused") >= len(MISTAKES)
