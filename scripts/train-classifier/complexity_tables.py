#!/usr/bin/env python3
"""Cross-validates the complexity score and prints the tables of docs/routing-complexity.md."""

import argparse
from pathlib import Path

import numpy as np

import train
from apgr import apgr, folds, held_out, mean_apgr
from complexity import TaskColumns, choice_scores, gate_rows, load, part, solutions, train_from, train_gate
from complexity_data import Prompts, read_table
from complexity_experts import fit_problem_weights, problem_inputs
from task_data import TaskData

GAIN_BY_CATEGORY = {
    "coding": 2.61, "math": 1.83, "extraction": 1.50, "reasoning": 0.88, "stem": 0.33, "humanities": 0.10, "writing": 0.06, "roleplay": 0.03}


def problem_scores(data, repeats=8):
    """Held-out scores of the word-problem expert."""
    prompts, inputs = data.problems, problem_inputs(data.problems.features, solutions(data))
    fit = lambda rows: fit_problem_weights(inputs[rows], prompts.weak[rows], prompts.strong[rows])
    return held_out(len(prompts), lambda train, test: inputs[test] @ fit(train), repeats)


def plain_length(prompts):
    """Bytes of the prompt, ties broken by order."""
    return np.array([len(prompt.encode()) for prompt in prompts]) + 1e-6 * np.arange(len(prompts))


def choice_table(data):
    prompts = data.choice
    whole = mean_apgr(choice_scores(data), prompts.weak, prompts.strong)
    length = apgr(plain_length(prompts.prompts), prompts.weak, prompts.strong)
    return [("multiple choice (1,412 rows of the pair), ten-fold held out x 4", length, whole[0], whole[1])]


def problem_table(data):
    prompts, scores = data.problems, problem_scores(data)
    length = plain_length(prompts.prompts)
    shifted, certain = prompts.weak - prompts.weak.mean() + 0.637, np.full(len(prompts), 0.858)
    rows = []
    for name, weak, strong in (("three weak against five strong models", prompts.weak, prompts.strong), ("three weak models against a constant .858", shifted, certain)):
        rows.append((f"word problems (500), {name}, ten-fold held out x 8", apgr(length, weak, strong), *mean_apgr(scores, weak, strong)))
    return rows


def open_table(model):
    labels, prompts = zip(*read_table("open_dev.tsv"))
    gain = np.array([GAIN_BY_CATEGORY[label] for label in labels])
    seen = Prompts(list(prompts))
    scores = model.scores(seen.features) + 1e-9 * np.arange(len(prompts))
    category = gain + 1e-9 * np.arange(len(prompts))
    value = lambda score: apgr(score, 0 * gain, gain)
    rows = [("72 prompts of our own in eight categories, gain by category (categories known: %.3f)" % value(category), value(plain_length(prompts)), value(scores), 0.0)]
    return rows, [(label, scores[np.array(labels) == label]) for label in GAIN_BY_CATEGORY]


def pair_share(model):
    """Of pairs of an easy and a hard prompt, the easy one often longer: how many are in order."""
    easy, hard = zip(*read_table("complexity_pairs.tsv"))
    below, above = model.scores(Prompts(list(easy)).features), model.scores(Prompts(list(hard)).features)
    return int((below < above).sum()), len(easy)


def gate_table(data):
    """Held-out recall on word problems and false alarms on everything else."""
    rows, caught, alarms = gate_rows(data), [], []
    for (train, test), (other_train, other_test) in zip(folds(len(data.solved), 0, 5), folds(len(rows), 0, 5)):
        gate = train_gate(data, train[::2], rows[other_train])
        caught.append((gate.scores(part(data.solved.features, test)) > 0).mean())
        alarms.append((gate.scores(part(data.open.features, rows[other_test])) > 0).mean())
    return float(np.mean(caught)), float(np.mean(alarms))


def tables(data, model):
    open_rows, categories = open_table(model)
    lines = ["| set | plain length | score | sd |", "|---|---|---|---|"]
    for name, length, score, deviation in choice_table(data) + problem_table(data) + open_rows:
        lines.append(f"| {name} | {length:.3f} | **{score:.3f}** | {deviation:.3f} |")
    lines += ["", "| category (own prompts) | lowest | mean | highest score |", "|---|---|---|---|"]
    lines += [f"| {name} | {values.min():.2f} | {values.mean():.2f} | {values.max():.2f} |" for name, values in categories]
    caught, alarms = gate_table(data)
    lines += ["", f"Gate, held out: {caught:.4f} of word problems recognised, {alarms:.4f} of other prompts taken for one."]
    lines += ["Easy before hard: %d of %d pairs in order." % pair_share(model)]
    return "\n".join(lines) + "\n"


def task_columns(folder):
    """The task columns as they ship."""
    data = TaskData(folder)
    weights, biases = train.task_weights(data, ~data.is_held_out & ~data.is_dev)
    return TaskColumns(weights, biases, train.GAINS)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="the folder with cx_*.jsonl.gz and task_prompts.jsonl.gz", type=Path)
    folder = parser.parse_args().data
    data = load(folder)
    print(tables(data, train_from(data, task_columns(folder))), end="")


if __name__ == "__main__":
    main()
