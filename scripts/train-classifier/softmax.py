"""Multinomial logistic regression with weights per example, on sparse features."""

import numpy as np
from scipy.optimize import minimize


def fit(matrix, labels, classes, weights, penalty, iterations=120, targets=None):
    """Weights (features x classes) and bias (classes) that minimize weighted cross entropy + penalty/2 |W|^2.

    `targets` (examples x classes) may give soft labels instead of `labels`."""
    used = np.flatnonzero(np.diff(matrix.tocsc().indptr))
    small = matrix[:, used].tocsr()
    transposed = small.T.tocsr()
    if targets is None:
        targets = np.zeros((len(labels), classes), np.float32)
        targets[np.arange(len(labels)), labels] = 1
    total = weights.sum()
    share = (weights / total).astype(np.float32)[:, None]

    def loss(flat):
        flat = flat.reshape(-1, classes).astype(np.float32)
        scores = small @ flat[:-1] + flat[-1]
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        sums = powers.sum(axis=1, keepdims=True)
        value = float((share * targets * (np.log(sums) - scores)).sum()) + penalty / 2 * float((flat[:-1] ** 2).sum())
        error = share * (powers / sums - targets)
        gradient = np.vstack([transposed @ error + penalty * flat[:-1], error.sum(axis=0)])
        return value, gradient.ravel().astype(np.float64)

    start = np.zeros((len(used) + 1) * classes)
    result = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxcor": 8}).x.reshape(-1, classes)
    full = np.zeros((matrix.shape[1], classes), np.float32)
    full[used] = result[:-1]
    return full, result[-1].astype(np.float32)
