"""The labelled prompts, where they come from and how much each counts."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np

from features import read_lines
from model_file import TASKS

OWN_PROMPTS = Path(__file__).parent / "data" / "own-prompts.jsonl.gz"
# Sources written by people for real (or written here to look so), and how they are grouped when one group is left out.
GROUPS = {
    "arena": ("arenahard01_hand",),
    "oasst+vicuna": ("oasst_hand", "vicuna_hand"),
    "own a": ("own_a",),
    "own b": ("own_b",),
    "own c": ("own_c",),
}
# How much the realistic prompts count beside all laboratory prompts together.
REALISTIC_SHARE = 10.0


def is_held_out(row):
    """An eighth of our own prompts is never trained on: "realistic-dev". Whole blocks of 25, because neighbours share topics."""
    return row["source"].startswith("own_") and hashlib.sha256(f"{row['source']} {row['block']}".encode()).digest()[0] < 32


class TaskData:
    def __init__(self, folder):
        rows = read_lines(Path(folder) / "task_prompts.jsonl.gz") + read_lines(OWN_PROMPTS)
        self.prompts = [row["prompt"] for row in rows]
        self.labels = np.array([TASKS.index(row["task"]) for row in rows])
        self.sources = np.array([row["source"] for row in rows])
        self.is_dev = np.array([row.get("split") == "dev" for row in rows])
        self.is_own = np.char.startswith(self.sources, "own_")
        self.is_realistic = self.is_own | np.char.endswith(self.sources, "_hand")
        self.is_held_out = np.array([is_held_out(row) for row in rows])

    def weights(self):
        """Large laboratory sources count less per prompt than small ones, realistic prompts most."""
        counts = Counter(self.sources)
        weights = np.array([counts[source] ** -0.5 for source in self.sources])
        weights[~self.is_realistic] /= weights[~self.is_realistic].sum()
        weights[self.is_realistic] = REALISTIC_SHARE / self.is_realistic.sum()
        return weights / weights.mean()

    def group(self, name):
        return np.isin(self.sources, GROUPS[name])


def macro_f1(labels, predicted):
    """The mean of the F1 scores of the classes that occur."""
    scores = []
    for label in np.unique(labels):
        hits = ((predicted == label) & (labels == label)).sum()
        scores.append(2 * hits / ((predicted == label).sum() + (labels == label).sum()))
    return float(np.mean(scores))
