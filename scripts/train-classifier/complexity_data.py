"""Prompts and targets of the complexity experts."""

import csv
from pathlib import Path

import numpy as np

from features import extract, read_lines

HERE = Path(__file__).resolve().parent

# Expected gain of the strong model by task, in points of 0…100, from the gaps by category that the MT-Bench authors' judge measured for this pair
# (coding 2.6, math 1.8, extraction 1.5, reasoning .9, science .3, humanities .1, writing and role-play below .1, of 10).
TASK_GAIN = {"code": 70, "math": 55, "extract": 52, "analysis": 9, "summarize": 14, "translate": 10, "simple": 5, "search": 5, "creative": 4}
# Sources whose prompts of a task are plainly easier or harder than the task's average.
SOURCE_GAIN = {
    ("arenahard01_hand", "code"): 80, ("arenahard01_hand", "math"): 68, ("arenahard01_hand", "analysis"): 22, ("arenahard01_hand", "creative"): 9,
    ("conala", "code"): 52, ("mbpp", "code"): 62, ("mbpp_llmrouter", "code"): 62, ("humaneval_llmrouter", "code"): 66, ("gsm8k_train", "math"): 55, ("svamp", "math"): 40, ("aqua", "math"): 58, ("math_llmrouter", "math"): 64,
    ("clinc150", "math"): 18, ("nlu_eval", "math"): 14, ("mmlupro", "math"): 60, ("mmlupro", "analysis"): 24, ("agieval", "analysis"): 28,
    ("bbh", "analysis"): 32, ("dolly", "extract"): 20,
}
REASONING_GAIN = 32
REASONING_KINDS = (
    "boolean_expressions", "dyck_languages", "multistep_arithmetic_two", "navigate", "object_counting", "web_of_lies", "word_sorting",
    "date_understanding", "logical_deduction_five_objects", "causal_judgement", "formal_fallacies", "tracking_shuffled_objects_five_objects",
    "penguins_in_a_table", "temporal_sequences", "reasoning_about_colored_objects")
# How far a prompt's own difficulty (share of models that fail) moves it from its group's mean, in points.
DIFFICULTY_POINTS = 20

WEAK_MODELS = ("mistral-7b-instruct-v0.3", "codegemma-7b", "llama3-chatqa-1.5-70b")
STRONG_MODELS = (
    "gemma-2-9b-it", "llama-3.1-8b-instruct", "llama-3.1-nemotron-51b-instruct", "llama-3.3-nemotron-super-49b-v1", "qwen2.5-7b-instruct")


class Prompts:
    """Prompts with their features and named targets."""

    def __init__(self, prompts, **targets):
        self.prompts = prompts
        self.features = extract(prompts)
        for name, values in targets.items():
            setattr(self, name, np.asarray(values))

    def __len__(self):
        return len(self.prompts)


def read_table(name):
    """(label, prompt) pairs of a tab-separated file beside this one; "\\n" in a prompt is a line break."""
    with open(HERE / name, encoding="utf-8") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(label, prompt.replace("\\n", "\n")) for label, prompt in rows]


def choice_questions(data):
    """Multiple-choice questions with the two models' answers, right or wrong."""
    rows = read_lines(data / "cx_mmlu_gold.jsonl.gz")
    return Prompts(
        [row["prompt"] for row in rows], kind=[row["cat"] for row in rows],
        weak=[float(row["weak"]) for row in rows], strong=[float(row["strong"]) for row in rows])


def word_problems(data):
    """Word problems with the mean correctness of weaker and stronger models: a stand-in for the pair, of which no word problems are given."""
    rows = [row for row in read_lines(data / "cx_llmrouter.jsonl.gz") if row["cat"] == "gsm8k"]
    mean = lambda row, models: float(np.mean([row["models"][model] for model in models]))
    return Prompts(
        [row["prompt"] for row in rows], weak=[mean(row, WEAK_MODELS) for row in rows], strong=[mean(row, STRONG_MODELS) for row in rows])


def solved_problems(data, without):
    """Word problems with the number of steps and the log length of their solution."""
    excluded = {prompt.strip() for prompt in without}
    rows = [row for row in read_lines(data / "cx_gsm8k_train_steps.jsonl.gz") if row["prompt"].strip() not in excluded]
    return Prompts(
        [row["prompt"] for row in rows], steps=[float(row["steps"]) for row in rows],
        length=[float(np.log(row["solution_chars"])) for row in rows])


def open_prompts(data):
    """All kinds of prompts with the gain expected from their kind, and a weight."""
    rows = [(row["prompt"], row["source"], row["task"]) for row in read_lines(data / "task_prompts.jsonl.gz")]
    rows += [(row["prompt"], "own", row["task"]) for row in read_lines(HERE / "data" / "own-prompts.jsonl.gz")]
    rows += [(prompt, "logic", "reasoning") for prompt in reasoning_prompts(data)]
    gains = [SOURCE_GAIN.get((source, task), TASK_GAIN.get(task, REASONING_GAIN)) for _, source, task in rows]
    gains = np.array(gains, float) + difficulty_offsets(data, rows)
    weights = group_weights([source + task for _, source, task in rows], [source == "own" or source.endswith("_hand") for _, source, _ in rows])
    graded = read_table("complexity_prompts.tsv")
    gains = np.concatenate([gains, [float(points) for points, _ in graded]])
    weights = np.concatenate([weights, np.full(len(graded), 6.0)])
    return Prompts(
        [row[0] for row in rows] + [prompt for _, prompt in graded], gain=gains, weight=weights,
        source=[row[1] for row in rows] + ["graded"] * len(graded), task=[row[2] for row in rows] + [""] * len(graded))


def reasoning_prompts(data):
    """Puzzles, without the options that some of them end with."""
    prompts = [row["prompt"] for row in read_lines(data / "cx_llmrouter.jsonl.gz") if row["cat"] == "agentverse-logicgrid"]
    puzzles = [row["prompt"].split("\nOptions:")[0] for row in read_lines(data / "cx_bbh_codex.jsonl.gz") if row["cat"] in REASONING_KINDS]
    chosen = np.random.default_rng(1).permutation(len(puzzles))[:700]
    return prompts + [puzzles[index] for index in sorted(chosen)]


def difficulty_offsets(data, rows):
    """Points by which a prompt with known outcomes of nine models differs from the others of its benchmark."""
    known = {}
    for row in read_lines(data / "cx_llmrouter.jsonl.gz"):
        known[row["prompt"].strip()] = (row["cat"], 1 - float(np.mean(list(row["models"].values()))))
    means = {kind: np.mean([failed for other, failed in known.values() if other == kind]) for kind, _ in known.values()}
    found = [known.get(prompt.strip()) for prompt, _, task in rows]
    return np.array([DIFFICULTY_POINTS * (hit[1] - means[hit[0]]) if hit and hit[0] in ("mbpp", "human_eval", "math") else 0 for hit in found])


def group_weights(groups, real):
    """Large groups count with the root of their size, prompts of real users three times."""
    _, group, counts = np.unique(groups, return_inverse=True, return_counts=True)
    weights = counts[group] ** -0.5 * np.where(real, 3.0, 1.0)
    return weights / weights.mean()
