"""Trains the complexity score: one number that ranks prompts by how much a strong model gains over a weak one.

    score = curve(knots[format], columns[format] + (for open: the prior of the task, averaged over the task's probabilities))
    format = choice   if numbers[options] >= 3
             problem  if columns[gate] > 0
             open     otherwise
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from apgr import held_out
from complexity_data import Prompts, choice_questions, open_prompts, solved_problems, word_problems
from complexity_experts import NUMBERS, fit_choice, fit_gate, fit_open, fit_problem, fit_solution
from features import Features

OPTIONS_OF_A_CHOICE = 3
# The gate leans towards "word problem": a missed one would be ranked by another scale.
GATE_BIAS = 0.5
# Riddles look like word problems, and only the graded prompts have the short ones that people ask.
GRADED_WEIGHT = 10
# Points of the open expert and their scores: .40 and .75 are the borders of the tiers.
OPEN_KNOTS = [(-10, 0.01), (0, 0.03), (10, 0.12), (20, 0.25), (30, 0.40), (45, 0.58), (58, 0.70), (66, 0.77), (76, 0.92), (95, 0.99)]
# Scores at the quantiles 0, .1, .5, .9 and 1 of each expert's training prompts.
CHOICE_LEVELS = (0.05, 0.22, 0.42, 0.66, 0.92)
PROBLEM_LEVELS = (0.42, 0.52, 0.62, 0.72, 0.86)
# Expected gain by task in points of 0…100 for a prompt whose task is certain, in the order of the model file's task columns:
# code, math, creative, analysis, simple, search, extract, translate, summarize.
TASK_PRIOR = np.array([78, 55, 1.5, 12, 4.5, 3, 45, 6, 9], float)
# Of an open prompt's points: how much the tasks' probabilities give; the rest is the open expert's own.
TASK_SHARE = 0.6



@dataclass
class ComplexityModel:
    """Columns by name (`choice`, `problem`, `open`, `gate`), calibration knots (raw score, score) by format, and what each task adds to `open`."""
    columns: dict
    knots: dict
    prior: np.ndarray
    tasks: "TaskColumns"

    def formats(self, features):
        """0 choice, 1 problem, 2 open."""
        is_choice = features.numbers[:, NUMBERS.index("options")] >= OPTIONS_OF_A_CHOICE
        return np.where(is_choice, 0, np.where(self.columns["gate"].scores(features) > 0, 1, 2))

    def scores(self, features):
        formats = self.formats(features)
        total = np.zeros(len(formats))
        for index, name in enumerate(("choice", "problem", "open")):
            total = np.where(formats == index, curve(self.knots[name], self.raw(name, features)), total)
        return total

    def raw(self, name, features):
        """The score of a format before its curve."""
        scores = self.columns[name].scores(features)
        return scores + self.tasks.probabilities(features) @ self.prior if name == "open" else scores


@dataclass
class TaskColumns:
    """The nine task columns of the model: weights (rows x 9), biases and the gains of the sections."""
    weights: np.ndarray
    biases: np.ndarray
    gains: tuple

    def probabilities(self, features):
        """Softmax with the program's exponential."""
        values = features.matrix(self.gains) @ self.weights + self.biases
        powers = power_of_two((values - values.max(1, keepdims=True)) * 1.4426950)
        return powers / powers.sum(1, keepdims=True)


def power_of_two(values):
    """2^v within .3 % for -30 < v <= 0, else 0: from operations that give the same bits on every machine."""
    whole = np.floor(np.maximum(values, -30))
    part = values - whole
    return np.where(values > -30, 2.0**whole * (1 + part * (0.6565 + 0.3435 * part)), 0)


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


def train_from(data, tasks):
    """The model from loaded data and the trained task columns."""
    choice = fit_choice(data.choice, np.arange(len(data.choice)))
    problem = fit_problem(data.problems, solutions(data))
    columns = {
        "choice": choice, "problem": problem, "open": fit_open(data.open, np.arange(len(data.open))),
        "gate": train_gate(data, np.arange(0, len(data.solved), 3), gate_rows(data))}
    columns["open"].weights = columns["open"].weights * (1 - TASK_SHARE)
    columns["open"].bias *= 1 - TASK_SHARE
    spread = choice_scores(data, 1)[0]
    knots = {
        "choice": quantile_knots(spread, CHOICE_LEVELS), "problem": quantile_knots(problem.scores(data.solved.features), PROBLEM_LEVELS),
        "open": OPEN_KNOTS}
    return ComplexityModel(columns, knots, TASK_PRIOR * TASK_SHARE, tasks)


def train(folder, tasks):
    """The model from the data folder; `tasks`: weights, biases and section gains of the task columns."""
    return train_from(load(Path(folder)), TaskColumns(*tasks))


def choice_scores(data, repeats=4):
    """Held-out scores of the multiple-choice expert."""
    prompts = data.choice
    return held_out(len(prompts), lambda train, test: fit_choice(prompts, train).scores(part(prompts.features, test)), repeats)
