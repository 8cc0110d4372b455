"""Prints the task tables of docs/routing.md: evaluate.py DATA_FOLDER PURSER_PROGRAM

Leave-source-out retrains without each group of sources; the rest is measured with the model that the program ships."""

import json
import subprocess
import sys

import numpy as np

import softmax
from features import extract
from model_file import TASKS
from task_data import GROUPS, TaskData, macro_f1
from train import GAINS, PENALTY

GREETINGS = ("Hi! ", "Hello there, ", "Hey,\n\n", "Good morning! ", "Hi Claude, ", "Guten Tag, ", "Bonjour ! ", "Hola, ", "Привет! ", "你好,")
THANKS = (" Thanks!", "\n\nThank you in advance.", " thanks", " Thank you so much!", "\nCheers", " Danke!", " Merci.", " Gracias!", " Спасибо!", "谢谢")


def classify(program, prompts):
    lines = "".join(json.dumps({"id": index, "prompt": prompt}) + "\n" for index, prompt in enumerate(prompts))
    output = subprocess.run([program, "classify"], input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    return np.array([TASKS.index(json.loads(line)["task"]) for line in output.splitlines()])


def row(name, labels, predicted):
    print(f"| {name} | {len(labels):,} | {(labels == predicted).mean():.3f} | {macro_f1(labels, predicted):.3f} |", flush=True)


def leave_source_out(data):
    print("| left out | n | accuracy | macro-F1 |\n|---|---|---|---|")
    matrix = extract(data.prompts).matrix(GAINS)
    weights = data.weights()
    confusion = np.zeros((len(TASKS), len(TASKS)), int)
    for name in GROUPS:
        test = data.group(name)
        learnt, biases = softmax.fit(matrix[~test], data.labels[~test], len(TASKS), weights[~test], PENALTY)
        predicted = (matrix[test] @ learnt + biases).argmax(1)
        row(name, data.labels[test], predicted)
        np.add.at(confusion, (data.labels[test], predicted), 1)
    print("\n| asked ↓ taken for → | " + " | ".join(TASKS) + " |\n|" + "---|" * (len(TASKS) + 1))
    for task, counts in zip(TASKS, confusion):
        print(f"| {task} | " + " | ".join(map(str, counts)) + " |")


def shipped(data, program):
    predicted = classify(program, data.prompts)
    print("\n| shipped model | n | accuracy | macro-F1 |\n|---|---|---|---|")
    row("realistic-dev (own prompts never trained on)", data.labels[data.is_held_out], predicted[data.is_held_out])
    row("dev split of the laboratory sources", data.labels[data.is_dev], predicted[data.is_dev])
    print("\n| dressing | task unchanged |\n|---|---|")
    greeted = [GREETINGS[index % len(GREETINGS)] + prompt for index, prompt in enumerate(data.prompts)]
    thanked = [prompt.rstrip() + THANKS[index % len(THANKS)] for index, prompt in enumerate(data.prompts)]
    spaced = ["\n  " + prompt.replace(" ", "  ").replace("\n", "\n\n") + " \n\n" for prompt in data.prompts]
    for name, prompts in (("greeting before", greeted), ("thanks behind", thanked), ("more blanks and empty lines", spaced)):
        same = classify(program, prompts) == predicted
        print(f"| {name} ({len(GREETINGS) if prompts is not spaced else 1} kinds) | {same.mean():.4f} (realistic prompts: {same[data.is_realistic].mean():.4f}) |", flush=True)


if __name__ == "__main__":
    folder, program = sys.argv[1:]
    data = TaskData(folder)
    shipped(data, program)
    leave_source_out(data)
