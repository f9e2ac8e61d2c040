"""Numbers of trials that are not known: too few of them for the successes seen are impossible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import betaln, gammaln, logsumexp

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
Prior = Callable[..., Expr]


def log_mass(n: int, seen: Any, a: float, b: float) -> float:
    """Log probability of successes given the trials, the rate integrated out."""
    seen = np.atleast_1d(seen)
    if n < seen.max():
        return -np.inf
    ways = (gammaln(n + 1.0) - gammaln(seen + 1.0) - gammaln(n - seen + 1.0)).sum()
    whole = betaln(a + seen.sum(), b + len(seen) * n - seen.sum()) - betaln(a, b)
    return float(ways + whole)


PRIORS: dict[str, Prior] = {
    "uniform": lambda key, most: R.discrete_uniform(key, 1, most + 1),
    "categorical": lambda key, most: R.categorical(key, np.r_[0.0, np.full(most, 1.0 / most)]),
}


@pytest.mark.parametrize(("prior", "most"), [("uniform", 12), ("categorical", 90)])
def test_trials_of_several_counts(prior: str, most: int) -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    rate, n = R.beta(k[0], 2.0, 3.0), PRIORS[prior](k[1], most)
    seen = np.array([3, 5, 6])
    sampler = ag.derive(
        ag.Model({"rate": rate, "n": n, "y": R.binomial(k[2], n, rate, size=3)}), {"y": seen}
    )
    assert sampler.exact
    masses = np.array([log_mass(i, seen, 2.0, 3.0) for i in range(1, most + 1)])
    assert sampler.log_evidence() == pytest.approx(logsumexp(masses) - np.log(most))
    drawn = sampler.sample(draws=500, chains=4, backend="numba", progress=False)
    n_drawn = np.asarray(drawn["posterior"]["n"])
    p = np.exp(masses - logsumexp(masses))
    sd = np.sqrt(p @ np.arange(1, most + 1) ** 2 - (p @ np.arange(1, most + 1)) ** 2)
    assert n_drawn.min() >= seen.max()
    assert n_drawn.mean() == pytest.approx(p @ np.arange(1, most + 1), abs=4.5 * sd / 2000**0.5)


def test_trials_that_are_not_known_get_no_auxiliary_variables() -> None:
    """The law of the number of trials would lack how the auxiliary variables' measure reads it."""
    k = ag.split(ag.input("key", dtype="key"), 5)
    x = np.linspace(-1.0, 1.0, 8)
    n, b = R.poisson(k[0], 9.0, size=8), R.normal(k[1], 0.0, 1.5, size=2)
    p, r = ag.expit(b[0] + b[1] * x), R.gamma(k[2], 2.0, rate=1.0)
    y = np.array([3, 4, 2, 5, 6, 4, 3, 1])
    few = ag.Model({"n": n, "b": b, "y": R.binomial(k[3], n, p)})
    spread = ag.Model({"r": r, "b": b, "y": R.negative_binomial(k[4], r, p)})
    for model, expected in ((few, ["n", "b"]), (spread, ["r+b"])):
        found = ag.derive(model, {"y": y}, prefer=["augment"])
        assert [s.name for s in found.steps] == expected
    counted = ag.Model({"n": n, "b": b, "y": R.binomial(k[3], n, p)})
    known = ag.derive(counted, {"y": y, "n": y + 2}, prefer=["augment"])
    assert "y_auxiliary" in known.latent_names
