"""Coefficients of nearly dependent columns: X'X has no digit left, orthogonal columns have all.

The references are computed in rational numbers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

import astragal as ag
from astragal.derive.designs import LARGEST_CONDITION

R = ag.random
Array = np.ndarray[Any, Any]
TIMES = np.linspace(5.0, 9.0, 16)
POWERS = TIMES[:, None] ** np.arange(10.0)
Y = 0.9 - 0.1 / TIMES + 1e-3 * np.random.default_rng(1).normal(size=TIMES.size)


def least_squares(x: Array, y: Array) -> tuple[Array, Array, float]:
    """Coefficients, their variances for a unit residual variance, and the residuals' squares."""
    p = x.shape[1]
    rows = [[Fraction(float(v)) for v in row] for row in x]
    right = [Fraction(float(v)) for v in y]
    whole = [
        [sum((row[i] * row[j] for row in rows), Fraction()) for j in range(p)]
        + [sum((row[i] * v for row, v in zip(rows, right, strict=True)), Fraction())]
        + [Fraction(int(i == j)) for j in range(p)]
        for i in range(p)
    ]
    for i in range(p):
        whole[i] = [v / whole[i][i] for v in whole[i]]
        for j in range(p):
            if j != i:
                whole[j] = [a - whole[j][i] * b for a, b in zip(whole[j], whole[i], strict=True)]
    best = [row[p] for row in whole]
    left = [v - sum(a * b for a, b in zip(r, best, strict=True))
            for r, v in zip(rows, right, strict=True)]  # fmt: skip
    variances = [float(whole[i][p + 1 + i]) for i in range(p)]
    return np.array([float(b) for b in best]), np.array(variances), float(sum(v * v for v in left))


def polynomial(prior: float | None = None) -> ag.Model:
    """Powers of a number with flat priors, or normal ones."""
    k = ag.split(ag.input("key", dtype="key"), 3)
    p = POWERS.shape[1]
    beta = R.improper_uniform(k[0], size=p) if prior is None else R.normal(k[0], 0, prior, size=p)
    variance = R.improper_uniform(k[1], low=0.0)
    y = R.normal(k[2], ag.matmul(POWERS, beta), ag.sqrt(variance))
    flat = ag.factor(-ag.log(variance))
    return ag.Model({"beta": beta, "variance": variance, "flat": flat, "y": y})


def test_powers_of_a_number_are_drawn_from_their_exact_posterior() -> None:
    assert np.linalg.cond(POWERS / np.linalg.norm(POWERS, axis=0)) > 1e3 * LARGEST_CONDITION
    best, unit, squares = least_squares(POWERS, Y)
    sampler = ag.derive(polynomial(), {"y": Y})
    assert sampler.exact
    assert "orthogonal columns" in sampler.explain()
    draws = sampler.sample(seed=1, draws=300, chains=2, backend="numpy", progress=False)[
        "posterior"
    ]
    nu = len(Y) - POWERS.shape[1]
    # Given the variance, beta is normal: standardised it has mean 0 and variance 1.
    scale = np.sqrt(draws["variance"].values.reshape(-1, 1) * unit)
    z = (draws["beta"].values.reshape(-1, len(best)) - best) / scale
    assert abs(z.mean(axis=0)).max() < 4.5 / np.sqrt(600)
    assert abs(z.var(axis=0) - 1.0).max() < 4.5 * np.sqrt(2 / 600)
    precision = 1.0 / draws["variance"].values
    assert abs(precision.mean() * squares / nu - 1.0) < 4.5 * np.sqrt(2 / nu / 600)


def test_a_prior_that_says_something_keeps_its_own_coordinates() -> None:
    sampler = ag.derive(polynomial(2.0), {"y": Y})
    assert "orthogonal columns" not in sampler.explain()


def test_columns_that_are_far_from_dependent_are_left_alone() -> None:
    k = ag.split(ag.input("key", dtype="key"), 2)
    beta = R.improper_uniform(k[0], size=3)
    model = ag.Model({"beta": beta, "y": R.normal(k[1], ag.matmul(POWERS[:, :3], beta), 0.1)})
    assert "orthogonal columns" not in ag.derive(model, {"y": Y}).explain()
