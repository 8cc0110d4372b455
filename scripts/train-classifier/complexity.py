#!/usr/bin/env python3
"""Trains the complexity score: one number that ranks prompts by how much a strong model gains over a weak one.

    complexity.py [DATA] [--tables FILE]

`train(data)` gives the columns for the model file; run as a program it cross-validates and writes the tables of docs/routing-complexity.md.

    score = curve(knots[format], columns[format])
    format = choice   if numbers[options] >= 3
             problem  if columns[gate] > 0
             open     otherwise
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from apgr import apgr, folds, held_out, mean_apgr
from complexity_data import Prompts, choice_questions, open_prompts, read_table, solved_problems, word_problems
from complexity_experts import NUMBERS, fit_choice, fit_gate, fit_open, fit_problem, fit_problem_weights, fit_solution, problem_inputs
from features import Features

OPTIONS_OF_A_CHOICE = 3
# The gate leans towards "word problem": a missed one would be ranked by another scale.
GATE_BIAS = 0.5
# Riddles look like word problems, and only the graded prompts have the short ones that people ask.
GRADED_WEIGHT = 10
# Points of the open expert and their scores: .40 and .75 are the borders of the tiers.
OPEN_KNOTS = [(-10, 0.01), (0, 0.03), (10, 0.12), (20, 0.25), (30, 0.40), (45, 0.60), (55, 0.75), (70, 0.90), (95, 0.99)]
# Scores at the quantiles 0, .1, .5, .9 and 1 of each expert's training prompts.
CHOICE_LEVELS = (0.05, 0.22, 0.42, 0.66, 0.92)
PROBLEM_LEVELS = (0.42, 0.52, 0.62, 0.72, 0.86)
GAIN_BY_CATEGORY = {
    "coding": 2.61, "math": 1.83, "extraction": 1.50, "reasoning": 0.88, "stem": 0.33, "humanities": 0.10, "writing": 0.06, "roleplay": 0.03}


@dataclass
class ComplexityModel:
    """Columns by name (`choice`, `problem`, `open`, `gate`) and calibration knots (raw score, score) by format."""
    columns: dict
    knots: dict

    def formats(self, features):
        """0 choice, 1 problem, 2 open."""
        is_choice = features.numbers[:, NUMBERS.index("options")] >= OPTIONS_OF_A_CHOICE
        return np.where(is_choice, 0, np.where(self.columns["gate"].scores(features) > 0, 1, 2))

    def scores(self, features):
        formats = self.formats(features)
        total = np.zeros(len(formats))
        for index, name in enumerate(("choice", "problem", "open")):
            total = np.where(formats == index, curve(self.knots[name], self.columns[name].scores(features)), total)
        return total


def curve(knots, values):
    """Linear between the knots; beyond the outermost ones it approaches 0 and 1 and never reaches them, as in the program."""
    raw, score = np.array(knots, float).T
    width = raw[-1] - raw[0]
    below = score[0] / (1 + np.maximum(raw[0] - values, 0) / width)
    above = 1 - (1 - score[-1]) / (1 + np.maximum(values - raw[-1], 0) / width)
    return np.where(values <= raw[0], below, np.where(values >= raw[-1], above, np.interp(values, raw, score)))


@dataclass
class Data:
    choice: Prompts
    problems: Prompts
    solved: Prompts
    open: Prompts


def load(folder):
    problems = word_problems(folder)
    return Data(choice_questions(folder), problems, solved_problems(folder, problems.prompts), open_prompts(folder))


def solutions(data):
    return {"steps": fit_solution(data.solved, data.solved.steps), "length": fit_solution(data.solved, data.solved.length)}


def part(features, rows):
    return Features([section[rows] for section in features.sections], features.numbers[rows])


def gate_rows(data):
    """Rows of `open` that are certainly no word problems."""
    story = np.isin(data.open.source, ["gsm8k_train", "svamp", "aqua"]) | (np.isin(data.open.source, ["clinc150", "own"]) & (data.open.task == "math"))
    return np.where(~story)[0]


def train_gate(data, solved_rows, other_rows):
    weights = np.where(data.open.source[other_rows] == "graded", GRADED_WEIGHT, 1)
    gate = fit_gate(part(data.solved.features, solved_rows), part(data.open.features, other_rows), weights)
    gate.bias += GATE_BIAS
    return gate


def quantile_knots(values, levels):
    return list(zip(np.quantile(values, (0, 0.1, 0.5, 0.9, 1)).tolist(), levels))


def train_from(data):
    choice = fit_choice(data.choice, np.arange(len(data.choice)))
    problem = fit_problem(data.problems, solutions(data))
    columns = {
        "choice": choice, "problem": problem, "open": fit_open(data.open, np.arange(len(data.open))),
        "gate": train_gate(data, np.arange(0, len(data.solved), 3), gate_rows(data))}
    spread = choice_scores(data, 1)[0]
    knots = {
        "choice": quantile_knots(spread, CHOICE_LEVELS), "problem": quantile_knots(problem.scores(data.solved.features), PROBLEM_LEVELS),
        "open": OPEN_KNOTS}
    return ComplexityModel(columns, knots)


def train(folder):
    """The model from the data folder."""
    return train_from(load(Path(folder)))


def choice_scores(data, repeats=4):
    """Held-out scores of the multiple-choice expert."""
    prompts = data.choice
    return held_out(len(prompts), lambda train, test: fit_choice(prompts, train).scores(part(prompts.features, test)), repeats)


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="the folder with cx_*.jsonl.gz and task_prompts.jsonl.gz", type=Path)
    parser.add_argument("--tables", type=Path, help="write the tables here instead of printing them")
    options = parser.parse_args()
    data = load(options.data)
    text = tables(data, train_from(data))
    if options.tables:
        options.tables.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
