"""Trains the model that ships: train.py DATA_FOLDER MODEL_FILE

Writes the realistic prompts that it did not learn from beside the tests, which measure the model on them."""

import json
import sys
from pathlib import Path

import numpy as np

import complexity
import model_file
import softmax
from calibration import calibrated
from complexity_experts import NUMBERS
from features import ROOT, ROW_BITS, extract
from task_data import TaskData

GAINS = (1.0, 1.0, 0.5, 1.0, 0.2)
PENALTY = 1e-4
# How much a system prompt counts: for tasks done to a text that the user sends, and for the others (SystemInfluence.swift).
SYSTEM_TEXT_TASK_SHARE, SYSTEM_OTHER_SHARE = 3.0, 0.5
MEDIUM_FROM, HIGH_FROM = 0.40, 0.75
TASKS = len(model_file.TASKS)
EXPERTS = ("choice", "problem", "open", "gate")


def task_weights(data, examples):
    """Weights and biases of the nine task columns, learnt from some of the examples."""
    matrix = extract(data.prompts).matrix(GAINS)
    return softmax.fit(matrix[examples], data.labels[examples], TASKS, data.weights()[examples], PENALTY)


def complexity_section(model):
    """The experts and, for each format, its condition and its curve."""
    experts = [
        (TASKS + index, model.columns[name].bias, [(term.number, term.low, term.high, term.weight) for term in model.columns[name].terms])
        for index, name in enumerate(EXPERTS)
    ]
    conditions = {
        "choice": ("number", NUMBERS.index("options"), complexity.OPTIONS_OF_A_CHOICE), "problem": ("expert", EXPERTS.index("gate"), 0.0),
        "open": ("always", 0, 0.0)}
    points = {"open": model.prior}
    formats = [
        (conditions[name], EXPERTS.index(name), points.get(name, np.zeros(TASKS)), model.knots[name])
        for name in ("choice", "problem", "open")
    ]
    return model_file.complexity_section(MEDIUM_FROM, HIGH_FROM, experts, formats)


def write_realistic_dev(data):
    target = ROOT / "Tests" / "ClassifierTests" / "Corpus" / "realistic-dev.jsonl"
    rows = [{"prompt": data.prompts[index], "task": model_file.TASKS[data.labels[index]]} for index in np.flatnonzero(data.is_held_out)]
    target.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write(target, columns, scored):
    """Puts the task columns (weights, biases) and the complexity model into one file."""
    weights = np.zeros((1 << ROW_BITS, model_file.COLUMNS), np.float32)
    biases = np.zeros(model_file.COLUMNS, np.float32)
    gains = np.tile(np.array(GAINS, np.float32)[:, None], model_file.COLUMNS)
    weights[:, :TASKS], biases[:TASKS] = columns
    for index, name in enumerate(EXPERTS):
        weights[:, TASKS + index] = scored.columns[name].weights
        gains[:, TASKS + index] = scored.columns[name].gains
    table, units = model_file.quantize(weights)
    scales = model_file.scales_section(gains, units, biases, SYSTEM_TEXT_TASK_SHARE, SYSTEM_OTHER_SHARE)
    model_file.write(Path(target), table, scales, complexity_section(scored))


def main(folder, target):
    data = TaskData(folder)
    write_realistic_dev(data)
    columns = task_weights(data, ~data.is_held_out & ~data.is_dev)
    scored = complexity.train(folder, (*columns, GAINS))
    usual = extract([data.prompts[index] for index in np.flatnonzero(data.is_realistic)])
    scored.knots = calibrated(scored.knots, scored.scores(usual))
    write(target, columns, scored)


if __name__ == "__main__":
    main(*sys.argv[1:])
