"""Turns the experts' scores into shares of usual prompts: of realistic prompts, 40 of 100 get a score below .40 and 25 one of .75 or more."""

import numpy as np

from complexity import curve

POINTS = 40


def calibrated(knots, scores):
    """The knots of every format, mapped by one rising curve that makes `scores` of realistic prompts spread evenly: no order changes."""
    shares = np.linspace(0, 1, POINTS + 1)[1:-1]
    levels, first = np.unique(np.quantile(scores, shares), return_index=True)
    levels, shares = np.concatenate([[0], levels, [1]]), np.concatenate([[0], shares[first], [1]])
    return {name: mapped(points, levels, shares) for name, points in knots.items()}


def mapped(points, levels, shares):
    """The points of one format and those where its curve crosses a level, with their new shares."""
    raw, score = np.array(points, float).T
    inner = levels[(levels > score[0]) & (levels < score[-1])]
    grid = np.unique(np.float32(np.concatenate([raw, np.interp(inner, score, raw)])))
    new = np.interp(curve(points, grid.astype(float)), levels, shares)
    return [(float(at), min(max(float(share), 0.005), 0.995)) for at, share in zip(grid, new)]
