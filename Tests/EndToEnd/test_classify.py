"""`purser classify` and `purser fit` on the command line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from support.gateway import BINARY

FINE, NO, USAGE, CANNOT_START = 0, 1, 2, 3
PROMPTS = {
    "a": ("Write a Python function that reverses a list.", "code"),
    "b": ("Translate into German: the train is late.", "translate"),
    "c": ("What is the weather in Lisbon right now?", "search"),
}


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def run(*arguments: str | Path, given: str | bytes = "") -> subprocess.CompletedProcess[str]:
    data = given.encode() if isinstance(given, str) else given
    done = subprocess.run([BINARY, *map(str, arguments)], input=data, capture_output=True, timeout=60, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def outcomes(count: int) -> list[dict[str, object]]:
    """The strong model gains on ships and not on gardens."""
    topics = [("ship", 0), ("garden", 1)]
    return [
        {"id": str(index), "prompt": f"Tell me about the {topics[index % 2][0]} number {index}.", "weak": topics[index % 2][1], "strong": 1}
        for index in range(count)
    ]


def test_classify() -> None:
    done = run("classify", given=lines(*({"id": name, "prompt": prompt} for name, (prompt, _) in PROMPTS.items())))
    assert done.returncode == FINE and done.stderr == ""
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(answer["id"], answer["task"]) for answer in answers] == [(name, task) for name, (_, task) in PROMPTS.items()]
    for answer in answers:
        assert 0 < answer["complexity_score"] < 1
        assert answer["complexity"] in ("low", "medium", "high")


def test_ids_come_back_as_they_were() -> None:
    done = run("classify", given=lines({"id": 'q"\n☃', "prompt": ""}, {"id": -7, "prompt": "hi"}) + "\n \n" + lines({"id": "", "prompt": "x"}))
    assert done.returncode == FINE
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ['q"\n☃', -7, ""]


def test_a_line_without_its_end() -> None:
    done = run("classify", given=lines({"id": "a", "prompt": "hi"}).rstrip("\n"))
    assert done.returncode == FINE and len(done.stdout.splitlines()) == 1
    assert run("classify").stdout == ""


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("{", "Not valid JSON"),
        ("[]", "object"),
        ('{"id":"a"}', '"prompt"'),
        ('{"id":"a","prompt":7}', '"prompt"'),
        ('{"prompt":"a"}', '"id"'),
        ('{"id":1.5,"prompt":"a"}', '"id"'),
        ('{"id":"a","prompt":"a","system":1}', '"system"'),
    ],
)
def test_a_bad_line_is_named(bad: str, complaint: str) -> None:
    """What came before it is answered; nothing after it is."""
    done = run("classify", given=lines({"id": "a", "prompt": "hi"}, {"id": "b", "prompt": "hi"}) + bad + "\n" + lines({"id": "c", "prompt": "hi"}))
    assert done.returncode == NO
    assert "line 3" in done.stderr and complaint in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_many_lines_and_long_ones() -> None:
    rows = [{"id": str(index), "prompt": "word " * (index % 50)} for index in range(20_000)]
    rows.append({"id": "long", "prompt": "Translate this. " + "x " * 1_000_000})
    done = run("classify", given=lines(*rows))
    assert done.returncode == FINE
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [row["id"] for row in rows]


def test_fit_and_use(tmp_path: Path) -> None:
    train, model = tmp_path / "train.jsonl", tmp_path / "model"
    train.write_text(lines(*outcomes(200)))
    done = run("fit", "--train", train, "--out", model)
    assert done.returncode == FINE and "200 rows" in done.stderr and done.stdout == ""
    questions = lines({"id": "ship", "prompt": "Tell me about the ship number 900."}, {"id": "garden", "prompt": "Tell me about the garden number 900."})
    fitted = run("classify", "--model", model, given=questions)
    ship, garden = (json.loads(line)["complexity_score"] for line in fitted.stdout.splitlines())
    assert ship > garden + 0.3
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".new"] == []


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (lines(*outcomes(20)), "at least 50"),
        (lines(*({**row, "weak": 1} for row in outcomes(80))), "nothing to tell apart"),
        (lines(*outcomes(60), {"id": "x", "prompt": "x", "weak": 0}), "line 61"),
        (lines(*outcomes(60), {"id": "x", "weak": 0, "strong": 1}), "line 61"),
        (lines(*outcomes(60), {"id": "x", "prompt": "x", "weak": 1e9, "strong": 1}), "line 61"),
        ("", "0 rows"),
    ],
)
def test_rows_that_teach_nothing(tmp_path: Path, rows: str, complaint: str) -> None:
    train, model = tmp_path / "train.jsonl", tmp_path / "model"
    train.write_text(rows)
    done = run("fit", "--train", train, "--out", model)
    assert done.returncode == NO and complaint in done.stderr and str(train) in done.stderr
    assert not model.exists()


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    missing, damaged, train = tmp_path / "missing", tmp_path / "damaged", tmp_path / "train.jsonl"
    damaged.write_bytes(b"PURSERCM" + bytes(100))
    train.write_text(lines(*outcomes(60)))
    for arguments, complaint in (
        (("classify", "--model", missing), "missing"),
        (("classify", "--model", damaged), "damaged"),
        (("fit", "--train", missing, "--out", tmp_path / "model"), "missing"),
        (("fit", "--train", train, "--out", tmp_path / "nowhere" / "model"), "nowhere"),
    ):
        done = run(*arguments)
        assert done.returncode == CANNOT_START and complaint in done.stderr, done.stderr
    assert run("fit", "--train", train).returncode == USAGE
