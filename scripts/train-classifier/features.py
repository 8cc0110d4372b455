"""Prompts and their features, exactly as the program computes them (the `classifier-features` executable)."""

import gzip
import json
import subprocess
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

ROOT = Path(__file__).resolve().parents[2]
EXTRACTOR = ROOT / ".build" / "release" / "classifier-features"
ROW_BITS = 15
SECTIONS = ("whole", "head", "tail", "characters", "bits")


def read_lines(path):
    """The JSON lines of a file, gzipped or not."""
    path = Path(path)
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")
    with opened as lines:
        return [json.loads(line) for line in lines if line.strip()]


class Features:
    """Features of many prompts: `rows[section]` as binary CSR matrices, `numbers` as an integer matrix."""

    def __init__(self, sections, numbers):
        self.sections = sections
        self.numbers = numbers

    def matrix(self, gains):
        """One CSR matrix, each section divided by the root of its number of features and multiplied by its gain."""
        total = None
        for section, gain in zip(self.sections, gains):
            counts = np.maximum(np.diff(section.indptr), 1)
            scale = np.full(len(counts), gain) if section is self.sections[-1] else gain / np.sqrt(counts)
            scaled = sparse.csr_matrix(
                (np.repeat(scale, np.diff(section.indptr)).astype(np.float32), section.indices, section.indptr), shape=section.shape)
            total = scaled if total is None else total + scaled
        return total


def extract(prompts):
    """Runs the extractor over a list of prompts."""
    lines = "".join(json.dumps({"id": str(index), "prompt": prompt}) + "\n" for index, prompt in enumerate(prompts))
    output = subprocess.run([EXTRACTOR], input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    indices = [[] for _ in SECTIONS]
    pointers = [[0] for _ in SECTIONS]
    numbers = []
    for line in output.splitlines():
        record = json.loads(line)
        rows = np.array(record["rows"], dtype=np.int32)
        start = 0
        for section, end in enumerate(record["ends"]):
            indices[section].append(rows[start:end])
            pointers[section].append(pointers[section][-1] + end - start)
            start = end
        numbers.append(record["numbers"])
    shape = (len(numbers), 1 << ROW_BITS)
    sections = [
        sparse.csr_matrix((np.ones(pointer[-1], np.float32), np.concatenate(index), np.array(pointer)), shape=shape)
        for index, pointer in zip(indices, pointers)
    ]
    return Features(sections, np.array(numbers, dtype=np.int32))
