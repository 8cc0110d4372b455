"""`purser check` and `purser route` on the example policies: nobody is called, no key is needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.gateway import ROOT, Site

EXAMPLES = sorted((ROOT / "policies/examples").glob("*.yaml"))
TASKS = str(ROOT / "policies/examples/task-routing.yaml")
COSTS = str(ROOT / "policies/examples/cost-optimizer.yaml")
FINE, NO, USAGE, CANNOT_START = 0, 1, 2, 3


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_passes_its_own_tests(new_site: Callable[..., Site], example: Path) -> None:
    done = new_site().run("check", "--policies", str(example))
    assert done.returncode == FINE, done.stdout + done.stderr
    assert " passed" in done.stdout and "failed" not in done.stdout
    assert "the most that a request can cost" in done.stdout


def test_check_tells_a_failing_test(new_site: Callable[..., Site], policy_text: str) -> None:
    site = new_site(policy_text + "tests:\n  - {name: odd, given: {model: scripted/echo, prompt: Hi}, expect: {model: scripted/free}}\n")
    done = site.run("check")
    assert done.returncode == NO
    assert "odd failed" in done.stdout and "expected scripted/free, got scripted/echo" in done.stdout
    line = (policy_text + "tests:\n").count("\n") + 1
    assert f"e2e.yaml:{line}: odd failed" in done.stdout


def test_route_as_json(new_site: Callable[..., Site]) -> None:
    done = new_site().run("route", "--policies", TASKS, "--json", "Write a Python function that reverses a linked list.", check=True)
    decision = json.loads(done.stdout)
    assert (decision["requested"], decision["route"], decision["rule"]) == ("auto", "auto", "2")
    assert decision["model"] == "claude-3-5-sonnet-20241022" and decision["features"]["task"] == "code"
    assert [candidate["model"] for candidate in decision["candidates"]] == ["claude-3-5-sonnet-20241022", "openai/gpt-4"]
    assert all(candidate["estimated_cost"] > 0 for candidate in decision["candidates"])
    assert done.stderr == "", "silent in a pipe"


def test_route_reads_standard_input(new_site: Callable[..., Site]) -> None:
    site = new_site()
    for arguments in (["-"], []):
        done = site.run("route", "--policies", TASKS, "--json", *arguments, input="Translate to French: good morning\n", check=True)
        assert json.loads(done.stdout)["features"]["task"] == "translate"


def test_route_for_people(new_site: Callable[..., Site]) -> None:
    done = new_site().run("route", "--policies", TASKS, "--images", "What is this?", check=True)
    assert done.stdout.startswith("auto → claude-3-5-sonnet-20241022\n  decided by auto, rule 1\n")
    assert "Candidate" in done.stdout and "\x1b" not in done.stdout


def test_route_under_a_ceiling(new_site: Callable[..., Site]) -> None:
    site = new_site()
    arguments = ["route", "--policies", COSTS, "--model", "cheapest", "--json", "What is the capital of France?"]
    fits = json.loads(site.run(*arguments, "--max-cost", "0.05", check=True).stdout)
    assert fits["model"] == "openai/gpt-4o-mini"
    refused = site.run(*arguments, "--max-cost", "0.000001")
    assert refused.returncode == NO and "max_cost_exceeded" in refused.stderr and "openai/gpt-4o-mini" in refused.stderr
    assert "model" not in json.loads(refused.stdout)


def test_route_by_metadata_and_names(new_site: Callable[..., Site]) -> None:
    site = new_site()
    office = str(ROOT / "policies/examples/office-hours.yaml")
    done = site.run("route", "--policies", office, "--model", "office", "--metadata", "job=nightly-sync", "--json", "Hi", check=True)
    assert json.loads(done.stdout)["rule"] == "batch"
    several = site.run("route", "--policies", TASKS, "--model", "openai/gpt-4,auto", "--json", "Hi", check=True)
    assert json.loads(several.stdout)["requested"] == ["openai/gpt-4", "auto"]


def test_route_mistakes(new_site: Callable[..., Site], policy_text: str) -> None:
    site = new_site()
    unknown = site.run("route", "--policies", TASKS, "--model", "autoo", "Hi")
    assert unknown.returncode == NO and "Did you mean auto?" in unknown.stderr
    for arguments in (["--max-cost", "cheap"], ["--metadata", "novalue"], ["--max-tokens", "0"]):
        done = site.run("route", "--policies", TASKS, *arguments, "Hi")
        assert (done.returncode, done.stdout) == (USAGE, ""), arguments
    site.policy_file.write_text(policy_text.replace("kind: openai", "kind: opnai", 1))
    assert site.run("route", "Hi").returncode == CANNOT_START
    assert site.run("route", "--policies", "/nowhere", "Hi").returncode == CANNOT_START
