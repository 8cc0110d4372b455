"""Prints the table of `purser fit` in docs/routing.md: evaluate_fit.py DATA_FOLDER PURSER_PROGRAM

A base model learns one half of a set; `purser fit` starts from it and is cross-validated on the other half, which the base never saw."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import complexity
import train
from apgr import apgr
from complexity_data import Prompts
from task_data import TaskData

FOLDS = 5


def half(prompts, rows):
    targets = {name: values[rows] for name, values in vars(prompts).items() if name not in ("prompts", "features")}
    return Prompts([prompts.prompts[row] for row in rows], **targets)


def scores(program, model, prompts):
    lines = "".join(json.dumps({"id": index, "prompt": prompt}) + "\n" for index, prompt in enumerate(prompts))
    output = subprocess.run([program, "classify", "--model", model], input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    return np.array([json.loads(line)["complexity_score"] for line in output.splitlines()])


def fitted_scores(program, folder, base, prompts):
    """Each fifth scored by a model that `purser fit` made from the others."""
    fold = np.random.default_rng(0).permutation(len(prompts)) % FOLDS
    result = np.zeros(len(prompts))
    for index in range(FOLDS):
        inside, outside = np.flatnonzero(fold != index), np.flatnonzero(fold == index)
        rows = ({"id": str(row), "prompt": prompts.prompts[row], "weak": prompts.weak[row], "strong": prompts.strong[row]} for row in inside)
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        arguments = [program, "fit", "--train", folder / "rows.jsonl", "--out", folder / "fitted", "--base", base]
        subprocess.run(arguments, stderr=subprocess.DEVNULL, check=True)
        result[outside] = scores(program, folder / "fitted", [prompts.prompts[row] for row in outside])
    return result


def main(data_folder, program):
    data, tasks = complexity.load(Path(data_folder)), TaskData(data_folder)
    columns = train.task_weights(tasks, ~tasks.is_held_out)
    print("| rows of | rows to fit | length | base | fitted |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for name in ("choice", "problems"):
            whole = getattr(data, name)
            order = np.random.default_rng(1).permutation(len(whole))
            setattr(data, name, half(whole, order[: len(order) // 3]))
            train.write(folder / "base", columns, complexity.train_from(data, (*columns, train.GAINS)))
            rest = half(whole, order[len(order) // 3 :])
            setattr(data, name, whole)
            length = np.array([len(prompt.encode()) for prompt in rest.prompts]) + 1e-6 * np.arange(len(rest))
            base, fitted = scores(program, folder / "base", rest.prompts), fitted_scores(program, folder, folder / "base", rest)
            values = " | ".join(f"{apgr(value, rest.weak, rest.strong):.3f}" for value in (length, base, fitted))
            print(f"| {name} | {len(rest) * (FOLDS - 1) // FOLDS} | {values} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
