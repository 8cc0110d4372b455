"""The area under the performance-gap-recovered curve (arXiv 2406.18665), the measure of a complexity score."""

import numpy as np


def apgr(scores, weak, strong):
    """Share of the strong model's gain that routing by `scores` recovers, averaged over the share of calls to the strong model.

    Eleven thresholds at the deciles of the scores; trapezoid rule. .5 is chance. `weak` and `strong` are the qualities of the two answers to each prompt.
    """
    scores, weak, strong = (np.asarray(values, float) for values in (scores, weak, strong))
    edges = np.quantile(scores, np.linspace(0, 1, 11))
    shares, qualities = [], []
    for index, edge in enumerate(edges):
        chosen = scores > edge if index == 10 else scores >= edge
        shares.append(chosen.mean())
        qualities.append(np.where(chosen, strong, weak).mean())
    recovered = (np.array(qualities) - weak.mean()) / (strong.mean() - weak.mean())
    order = np.argsort(shares, kind="stable")
    return float(np.trapezoid(recovered[order], np.array(shares)[order]))


def folds(count, seed, parts=10):
    """(training, test) index pairs of one random partition."""
    order = np.random.default_rng(seed).permutation(count)
    for part in range(parts):
        test = order[part::parts]
        yield np.setdiff1d(order, test), test


def held_out(count, fit_predict, repeats=4):
    """One row of held-out scores per repetition of ten-fold cross-validation; `fit_predict(train, test)` scores the test rows."""
    scores = np.zeros((repeats, count))
    for repeat in range(repeats):
        for train, test in folds(count, repeat):
            scores[repeat, test] = fit_predict(train, test)
    return scores


def mean_apgr(scores, weak, strong):
    """Mean and standard deviation over the repetitions."""
    values = [apgr(row, weak, strong) for row in scores]
    return float(np.mean(values)), float(np.std(values))
