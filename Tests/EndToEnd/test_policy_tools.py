"""`check`, `route`, `classify` and `fit` as people and scripts use them."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.gateway import BINARY, ROOT, Gateway, Site
from support.policies import PRICE
from support.scripted import ScriptedProvider

EXAMPLES = sorted((ROOT / "policies/examples").glob("*.yaml"))
TASKS = {"code", "math", "creative", "analysis", "simple", "search", "extract", "translate", "summarize"}
SUBJECTS = ["the French Revolution", "photosynthesis", "a bicycle", "interest rates", "binary trees", "Swiss German", "whales", "tax law", "the moon"]
PATTERNS = [
    "Write a Swift function about {}.", "What is {}?", "Summarize this text about {} in three sentences.", "Translate into German: I like {}.",
    "Compare two views of {} and say which is better founded.", "Compute 12 * {n} + 7 step by step.", "Write a poem about {}.", "Hi! Tell me of {}.",
]  # fmt: skip


def prompts(count: int, seed: int = 7) -> list[str]:
    draw = random.Random(seed)
    return [draw.choice(PATTERNS).format(draw.choice(SUBJECTS), n=draw.randrange(999)) + f" ({number})" for number in range(count)]


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


Tool = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """`purser` in an empty directory, with nothing in its environment."""

    def run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BINARY, *arguments], input=text, capture_output=True, text=True, cwd=tmp_path, timeout=100, env={"PATH": "/usr/bin:/bin"})

    return run


# --- check


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_passes_its_own_tests(tool: Tool, example: Path) -> None:
    done = tool("check", "--policies", str(example))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(f"Tests\n  {example.read_text().count('given:')} passed\n"), done.stdout


def test_all_strategies_have_an_example() -> None:
    text = "".join(example.read_text() for example in EXAMPLES)
    for key in ("route:", "fallback:", "hedge:", "among:", "prefer:", "split:", "balance:", "over_ceiling:", "time_of_day:"):
        assert key in text, key


def test_a_failing_test_is_named(tool: Tool, tmp_path: Path) -> None:
    text = (ROOT / "policies/examples/task-routing.yaml").read_text()
    line = next(number for number, one in enumerate(text.split("\n"), 1) if "small talk" in one)
    tmp_path.joinpath("mine.yaml").write_text(text.replace("model: openai/gpt-4o-mini, task: simple", "model: openai/gpt-4, task: code"))
    done = tool("check", "--policies", "mine.yaml")
    assert done.returncode == 1
    assert f"mine.yaml:{line}: small talk goes to the cheapest failed" in done.stdout
    assert "model: expected openai/gpt-4, got openai/gpt-4o-mini" in done.stdout and "task: expected code, got simple" in done.stdout
    assert "5 passed, 1 failed" in done.stdout


def test_models_without_a_price_are_listed(tool: Tool, tmp_path: Path) -> None:
    text = 'providers: {one: {kind: openai, base_url: "http://127.0.0.1:9/v1"}}\nmodels:\n  m/unheard-of: {provider: one}\n  auto: {fallback: [m/unheard-of]}\n'
    tmp_path.joinpath("mine.yaml").write_text(text)
    done = tool("check", "--policies", "mine.yaml")
    said = done.stdout + done.stderr
    assert any("m/unheard-of" in line and "price" in line for line in said.splitlines()), said


# --- route


@pytest.fixture
def examples(tool: Tool) -> Tool:
    return lambda *arguments, **more: tool("route", "--policies", str(ROOT / "policies/examples/task-routing.yaml"), *arguments, **more)


def test_route_says_what_and_why(examples: Tool) -> None:
    done = examples("Write a Python function that parses dates.")
    assert done.returncode == 0
    for word in ("claude-3-5-sonnet-20241022", "code", "auto"):
        assert word in done.stdout
    told = json.loads(examples("--json", "Write a Python function that parses dates.").stdout)
    assert (told["model"], told["route"], told["rule"], told["features"]["task"]) == ("claude-3-5-sonnet-20241022", "auto", "2", "code")


@pytest.mark.parametrize("argument", [["-"], []], ids=["dash", "nothing"])
def test_route_reads_its_standard_input(examples: Tool, argument: list[str]) -> None:
    text = "Write a short story about a lighthouse keeper."
    assert examples("--json", *argument, text=text + "\n").stdout == examples("--json", text).stdout


def test_route_says_no(examples: Tool) -> None:
    done = examples("--max-cost", "0.0000001", "Hi, how are you?")
    assert done.returncode == 1 and "max_cost_exceeded" in done.stderr and "gpt-4o-mini" in done.stderr
    done = examples("--model", "autoo", "Hi")
    assert done.returncode == 1 and "model_not_found" in done.stderr and "auto" in done.stderr


@pytest.mark.parametrize("wrong", [["--max-cost", "much"], ["--metadata", "tier"], ["--max-tokens", "0"], ["--model", ","], ["--team", "no/such"]])
def test_route_helps_those_who_use_it_wrongly(examples: Tool, wrong: list[str]) -> None:
    done = examples(*wrong, "Hi")
    assert done.returncode == 2 and wrong[0] in done.stderr, done.stderr


# --- classify


def test_classify(tool: Tool) -> None:
    rows = [{"id": number, "prompt": prompt} for number, prompt in enumerate(prompts(200))] + [{"id": "a", "prompt": ""}, {"id": "b", "prompt": "東京 🚀"}]
    done = tool("classify", text=lines(rows))
    assert done.returncode == 0
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["id"] for one in answers] == [row["id"] for row in rows]
    for one in answers:
        assert one["task"] in TASKS and 0 <= one["complexity_score"] <= 1 and one["complexity"] in ("low", "medium", "high")
    assert {"code", "math", "creative", "simple", "summarize", "translate"} <= {one["task"] for one in answers}


def test_the_same_bytes_give_the_same_bytes(tool: Tool) -> None:
    text = lines([{"id": number, "prompt": prompt} for number, prompt in enumerate(prompts(500))])
    first = tool("classify", text=text).stdout
    assert tool("classify", text=text).stdout == first
    backwards = tool("classify", text="".join(reversed(text.splitlines(True)))).stdout
    assert sorted(backwards.splitlines()) == sorted(first.splitlines()), "what came before changes the answer"


def test_thousands_of_prompts_are_no_matter(tool: Tool) -> None:
    text = lines([{"id": number, "prompt": prompt * 4} for number, prompt in enumerate(prompts(5000))])
    done = tool("classify", text=text)
    assert done.returncode == 0 and done.stdout.count("\n") == 5000


@pytest.mark.parametrize(
    "bad",
    [
        '{"id": 1, "prompt": "x"', "[1]", '"x"', '{"id": 1}', '{"id": 1, "prompt": 7}', '{"id": 1, "prompt": "x", "system": []}', "\ufeff{}", "nul\0",
        pytest.param('{"id": null, "prompt": "x"}', id="id"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named(tool: Tool, bad: str) -> None:
    done = tool("classify", text=lines([{"id": "first", "prompt": "x"}]) + "\n" + bad + "\n" + lines([{"id": "last", "prompt": "x"}]))
    assert done.returncode == 1
    assert "line 3" in done.stderr, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["first"]


# --- fit


def outcomes(count: int, seed: int) -> list[dict[str, Any]]:
    """Here the strong model is needed for exactly the proofs, however short."""
    draw, rows = random.Random(seed), []
    for number in range(count):
        subject, hard = draw.choice(SUBJECTS), draw.random() < 0.4
        prompt = f"Give a rigorous derivation concerning {subject}, case {number}." if hard else f"List some facts about {subject}, number {number}, please."
        rows.append({"id": number, "prompt": prompt, "weak": 0 if hard else 1, "strong": 1})
    return rows


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fit")
    home.joinpath("train.jsonl").write_text(lines(outcomes(1500, 1)))
    done = subprocess.run([BINARY, "fit", "--train", "train.jsonl", "--out", "own.model"], capture_output=True, text=True, cwd=home, timeout=150, env={})
    assert done.returncode == 0, done.stderr
    assert "1500 rows" in done.stderr and "APGR" in done.stderr and done.stdout == ""
    return home / "own.model"


def test_fit_learns(tool: Tool, fitted: Path) -> None:
    rows = outcomes(400, 2)
    done = tool("classify", "--model", str(fitted), text=lines([{"id": row["weak"], "prompt": row["prompt"]} for row in rows]))
    scores = [(json.loads(line)["complexity_score"], json.loads(line)["id"]) for line in done.stdout.splitlines()]
    hard, easy = [score for score, weak in scores if not weak], [score for score, weak in scores if weak]
    right = sum(one > other for one in hard for other in easy) / (len(hard) * len(easy))
    assert right > 0.98, "the fitted model does not tell hard from easy"
    built_in = [json.loads(line)["task"] for line in tool("classify", text=lines([{"id": 0, "prompt": row["prompt"]} for row in rows])).stdout.splitlines()]
    assert [json.loads(line)["task"] for line in done.stdout.splitlines()] == built_in, "tasks are not what was fitted"


def test_fit_is_repeatable(fitted: Path) -> None:
    again = fitted.with_name("again.model")
    subprocess.run([BINARY, "fit", "--train", "train.jsonl", "--out", again], check=True, capture_output=True, cwd=fitted.parent, timeout=150, env={})
    assert again.read_bytes() == fitted.read_bytes()


def test_policies_use_the_fitted_model(
    fitted: Path, tool: Tool, own_gateway: Callable[..., Gateway], new_site: Callable[..., Site], provider: ScriptedProvider
) -> None:
    rows = outcomes(1500, 1)
    # A score is a rank among the rows that were learnt from: those that need no strong model come first.
    share = sum(row["weak"] for row in rows) / len(rows)
    text = f"""
providers: {{one: {{kind: openai, base_url: "{provider.url}"}}}}
models:
  m/weak: {{provider: one, upstream_model: echo, price: {PRICE}}}
  m/strong: {{provider: one, upstream_model: echo, price: {PRICE}}}
  auto: {{route: [{{when: {{complexity_score: ">{share:.3f}"}}, use: m/strong}}, {{use: m/weak}}]}}
organizations: {{acme: {{teams: {{research: {{}}}}}}}}
"""
    site = new_site("classifier: own.model" + text)
    site.policies.joinpath("own.model").write_bytes(fitted.read_bytes())
    gateway = own_gateway(site)
    fresh = outcomes(40, 3)
    answered = [gateway.http.chat("auto", row["prompt"]).headers["x-purser-model"] for row in fresh]
    right = [("m/weak" if row["weak"] else "m/strong") == model for row, model in zip(fresh, answered, strict=True)]
    assert sum(right) >= 37 and set(answered) == {"m/weak", "m/strong"}
    row = fresh[0]
    told = json.loads(site.run("route", "--json", row["prompt"], check=True).stdout)["features"]["complexity_score"]
    scored = json.loads(tool("classify", "--model", str(fitted), text=lines([row])).stdout)["complexity_score"]
    assert told == pytest.approx(scored, abs=1e-4)


def test_a_model_file_that_is_none(tool: Tool, tmp_path: Path, fitted: Path, new_site: Callable[..., Site]) -> None:
    whole = fitted.read_bytes()
    for name, data in {"empty": b"", "rubbish": b"x" * 5000, "half": whole[: len(whole) // 2], "flipped": whole[:40] + bytes([whole[40] ^ 255]) + whole[41:]}.items():
        tmp_path.joinpath(name).write_bytes(data)
        done = tool("classify", "--model", name, text=lines([{"id": 1, "prompt": "x"}]))
        assert done.returncode in (1, 3) and name in done.stderr and not done.stdout, (name, done)
    site = new_site("classifier: rubbish\n")
    site.policies.joinpath("rubbish").write_bytes(b"x" * 5000)
    done = site.run("check")
    assert done.returncode == 1 and "e2e.yaml:1:13: error:" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("rows", "words"),
    [('{"id": 1, "prompt": "x", "weak": 1, "strong": 1}\n{"id": 2, "prompt": "x", "weak": "no", "strong": 1}\n', "line 2"), ("{}\n", "line 1"), ("", "rows")],
)  # fmt: skip
def test_fit_refuses_what_it_cannot_learn_from(tool: Tool, tmp_path: Path, rows: str, words: str) -> None:
    tmp_path.joinpath("train.jsonl").write_text(rows)
    done = tool("fit", "--train", "train.jsonl", "--out", "own.model")
    assert done.returncode == 1 and words in done.stderr and not tmp_path.joinpath("own.model").exists(), done.stderr
    assert tool("fit", "--train", "absent.jsonl", "--out", "own.model").returncode == 3
