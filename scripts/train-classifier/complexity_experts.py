"""The four linear columns of the complexity score: three experts by prompt format, and the gate that recognises word problems."""

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import lsq_linear
from sklearn.linear_model import LogisticRegression, Ridge

# Order of `numbers` as the extractor writes them.
NUMBERS = """
    bytes words lines sentences questions endsWithQuestion numbers decimals mathSigns codeSigns dollars brackets quotes commas capitalized shouted
    foreignWords longestWord meanWordLengthTenths options listLines fences commands codeLines firstLineWords lastLineWords years slashes equalSigns
    backticks percents fractions distinct codeVerb codeNoun codeLanguage codeTool mathVerb mathNoun unit numberWord wordProblem composeVerb creativeNoun
    personaWord draftNoun ideaWord analysisVerb analysisNoun adviceWord causeWord translateVerb humanLanguage summarizeVerb extractVerb extractNoun
    givenText freshTime localWord liveNoun searchVerb who what when which why how auxiliary politeness firstPerson secondPerson smallTalk factNoun
    recommendVerb shortAnswer listWord toneWord compareWord businessNoun scienceNoun logicWord formatWord rewriteVerb comparisonWord multipleWord
    fractionWord perWord restWord thirdPerson conditionWord rateWord calendarWord negation
    """.split()
# Signs of a long chain of calculation; how many kinds of them occur matters more than how often one does.
CHAIN_SIGNS = ("comparisonWord", "multipleWord", "fractionWord", "perWord", "restWord", "conditionWord", "rateWord", "calendarWord")
# What makes a word problem harder, each with its expected weight on standardised values. 500 labels of a stand-in pair are too few to learn the
# weights freely: the nearer they are kept to these, the better they did on held-out prompts.
PROBLEM_PRIOR = {
    "steps": 0.1, "length": 0.1, "bytes": 0.1, "kinds": 0.08, "thirdPerson": 0.06, "comparisonWord": 0.05, "multipleWord": 0.03,
    "fractionWord": 0.03, "numberWord": 0.03, "capitalized": 0.03, "sentences": 0.02}
PROBLEM_SHRINKAGE = 2000


@dataclass
class Term:
    """weight x clip(log2(1 + number), low, high), with the piecewise linear log2 of `log2_steps`."""
    number: int
    low: float
    high: float
    weight: float


@dataclass
class Column:
    """bias + sum of terms + for each section: gain / root of the number of its features x the sum of the features' weights (bits: gain x sum)."""
    gains: tuple
    weights: np.ndarray
    bias: float = 0.0
    terms: list = field(default_factory=list)

    def scores(self, features):
        total = features.matrix(self.gains) @ self.weights + self.bias
        values = log2_steps(features.numbers)
        for term in self.terms:
            total = total + term.weight * np.clip(values[:, term.number], term.low, term.high)
        return total


def log2_steps(numbers):
    """log2(1 + n), linear between powers of two: exact in any language."""
    values = 1.0 + np.maximum(0, numbers).astype(float)
    exponents = np.floor(np.log2(values))
    return exponents + values / 2**exponents - 1


def kernel_ridge(matrix, targets, penalty):
    """Ridge weights for fewer prompts than features; the mean is the bias."""
    mean = targets.mean()
    gram = (matrix @ matrix.T).toarray()
    duals = np.linalg.solve(gram + penalty * np.eye(len(targets)), targets - mean)
    return matrix.T @ duals, mean


CHOICE_GAINS = (1, 0, 0, 0, 0)
CHOICE_PENALTY = 2.5


def fit_choice(prompts, rows):
    """Gain of the strong model on multiple-choice questions, from words and word pairs alone: length would mislead on questions about passages."""
    matrix = prompts.features.matrix(CHOICE_GAINS)[rows]
    weights, bias = kernel_ridge(matrix, (prompts.strong - prompts.weak)[rows], CHOICE_PENALTY)
    return Column(CHOICE_GAINS, weights, bias)


SOLUTION_GAINS = (1, 0, 0.5, 0.5, 0.1)
NUMBER_GAIN = 0.05


def fit_solution(solved, targets):
    """A column that predicts a property of a word problem's solution from its text."""
    values = log2_steps(solved.features.numbers)
    mean, spread = values.mean(0), np.maximum(values.std(0), 0.05)
    used = [index for index in range(len(NUMBERS)) if values[:, index].std() > 0.05]
    numbers = np.clip((values - mean) / spread, -3, 3)[:, used] * NUMBER_GAIN
    matrix = sparse.hstack([solved.features.matrix(SOLUTION_GAINS), sparse.csr_matrix(numbers)]).tocsr()
    model = Ridge(alpha=1, solver="lsqr").fit(matrix, targets)
    rows = solved.features.sections[0].shape[1]
    terms, bias = [], float(model.intercept_)
    for index, weight in zip(used, model.coef_[rows:] * NUMBER_GAIN):
        slope = weight / spread[index]
        terms.append(Term(index, mean[index] - 3 * spread[index], mean[index] + 3 * spread[index], slope))
        bias -= slope * mean[index]
    return Column(SOLUTION_GAINS, model.coef_[:rows], bias, terms)


def problem_inputs(features, solutions):
    """The inputs of the word-problem expert in the order of `PROBLEM_PRIOR`."""
    values = log2_steps(features.numbers)
    inputs = {name: column.scores(features) for name, column in solutions.items()}
    inputs["kinds"] = sum(np.clip(values[:, NUMBERS.index(name)], 0, 1) for name in CHAIN_SIGNS)
    return np.column_stack([inputs[name] if name in inputs else values[:, NUMBERS.index(name)] for name in PROBLEM_PRIOR])


def fit_problem_weights(inputs, weak, strong):
    """Non-negative weights, drawn towards the prior: of the gain and of the weak model's failure in equal parts."""
    standard = lambda values: (values - values.mean(0)) / values.std(0)
    target = standard(standard(strong - weak) - standard(weak))
    prior = np.sqrt(PROBLEM_SHRINKAGE) * np.array(list(PROBLEM_PRIOR.values()))
    matrix = np.vstack([standard(inputs), np.sqrt(PROBLEM_SHRINKAGE) * np.eye(inputs.shape[1])])
    weights = lsq_linear(matrix, np.concatenate([target, prior]), bounds=(0, np.inf)).x
    return weights / inputs.std(0)


def fit_problem(problems, solutions):
    """The word-problem expert as one column: a sum of linear parts is linear."""
    inputs = problem_inputs(problems.features, solutions)
    slopes = dict(zip(PROBLEM_PRIOR, fit_problem_weights(inputs, problems.weak, problems.strong)))
    weights, bias, terms = 0, 0.0, []
    for name, column in solutions.items():
        weights = weights + slopes[name] * column.weights
        bias += slopes[name] * column.bias
        terms += [Term(term.number, term.low, term.high, slopes[name] * term.weight) for term in column.terms]
    terms += [Term(NUMBERS.index(name), 0, 1, slopes["kinds"]) for name in CHAIN_SIGNS]
    plain = [name for name in PROBLEM_PRIOR if name not in solutions and name != "kinds" and slopes[name] > 0]
    terms += [Term(NUMBERS.index(name), 0, 16, slopes[name]) for name in plain]
    return Column(SOLUTION_GAINS, weights, bias, merged(terms))


def merged(terms):
    """Terms over the same clipped number added up."""
    total = {}
    for term in terms:
        key = (term.number, float(term.low), float(term.high))
        total[key] = total.get(key, 0.0) + float(term.weight)
    return [Term(*key, weight) for key, weight in total.items() if weight != 0]


OPEN_GAINS = (1, 1, 0.5, 1, 0.2)
OPEN_PENALTY = 8


def fit_open(prompts, rows):
    """Expected gain in points of 0…100 for prompts of any other form."""
    model = Ridge(alpha=OPEN_PENALTY, solver="lsqr")
    model.fit(prompts.features.matrix(OPEN_GAINS)[rows], prompts.gain[rows], sample_weight=prompts.weight[rows])
    return Column(OPEN_GAINS, model.coef_, float(model.intercept_))


GATE_GAINS = (1, 0.5, 0.5, 0, 0.15)


def fit_gate(problems, others, other_weights):
    """Positive for arithmetic told as a story, negative for everything else."""
    matrix = sparse.vstack([problems.matrix(GATE_GAINS), others.matrix(GATE_GAINS)])
    labels = np.concatenate([np.ones(len(problems.numbers)), np.zeros(len(others.numbers))])
    weights = np.concatenate([np.full(len(problems.numbers), other_weights.sum() / len(problems.numbers)), other_weights])
    model = LogisticRegression(C=10, max_iter=300).fit(matrix, labels, weights * len(weights) / weights.sum())
    return Column(GATE_GAINS, model.coef_[0], float(model.intercept_[0]))
