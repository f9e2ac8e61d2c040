"""Conditioning on any subset of the variables: the evidence is the marginal density."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

import astragal as ag

R = ag.random
st: Any = scipy.stats
VALUES: dict[str, Any] = {
    "a": 0.7,
    "b": np.array([0.3, 1.9, -0.4]),
    "y": 1.2,
    "d": np.array([0.2, -0.6]),
}
COUNTS: dict[str, Any] = {"p": 0.37, "z": 1, "w": 2, "x": np.array([0.4, 1.3])}


def subsets(names: dict[str, Any]) -> list[tuple[str, ...]]:
    return [c for k in range(1, len(names)) for c in itertools.combinations(names, k)]


def normals() -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"), 4)
    a = R.normal(k[0], 0.5, 1.5)
    b = R.normal(k[1], 2.0 * a - 1.0, np.array([0.7, 1.1, 0.4]))
    y = R.normal(k[2], ag.sum(b) - a / 2.0, 0.5)
    return ag.Model({"a": a, "b": b, "y": y, "d": R.normal(k[3], 1.0 - a, 0.8, size=2)})


def joint_normal() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Mean and covariance of (a, b, y, d), by the map from independent noise."""
    a = np.array([1.5, 0, 0, 0, 0, 0, 0])
    b = [2 * a + np.eye(7)[1 + i] * s for i, s in enumerate((0.7, 1.1, 0.4))]
    y = b[0] + b[1] + b[2] - a / 2 + np.eye(7)[4] * 0.5
    d = [-a + np.eye(7)[5 + i] * 0.8 for i in range(2)]
    root = np.array([a, *b, y, *d])
    return np.array([0.5, 0, 0, 0, -0.25, 0.5, 0.5]), root @ root.T


PLACES = {"a": [0], "b": [1, 2, 3], "y": [4], "d": [5, 6]}


@pytest.mark.parametrize("names", subsets(VALUES), ids=",".join)
def test_normals_given_any_of_them(names: tuple[str, ...]) -> None:
    sampler = ag.derive(normals(), {n: VALUES[n] for n in names})
    assert sampler.exact
    mean, cov = joint_normal()
    at = [i for n in names for i in PLACES[n]]
    law = st.multivariate_normal(mean[at], cov[np.ix_(at, at)])
    whole = np.concatenate([np.ravel(VALUES[n]) for n in names])
    assert sampler.log_evidence() == pytest.approx(law.logpdf(whole), rel=1e-9)


def counted() -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"), 4)
    p = R.beta(k[0], 2.0, 3.5)
    z = R.bernoulli(k[1], p)
    mean = ag.where(ag.equal(z, 1), 1.0, -0.5)
    x = R.normal(k[3], mean, 0.8, size=2)
    return ag.Model({"p": p, "z": z, "w": R.binomial(k[2], 5, 1.0 - p), "x": x})


def density(p: float, z: int, names: tuple[str, ...]) -> float:
    out = st.beta.pdf(p, 2, 3.5) * st.bernoulli.pmf(z, p)
    if "w" in names:
        out *= st.binom.pmf(2, 5, 1 - p)
    if "x" in names:
        out *= st.norm.pdf(COUNTS["x"], 1.0 if z else -0.5, 0.8).prod()
    return float(out)


@pytest.mark.parametrize("names", subsets(COUNTS), ids=",".join)
def test_a_probability_and_an_indicator_given_any_of_them(names: tuple[str, ...]) -> None:
    sampler = ag.derive(counted(), {n: COUNTS[n] for n in names})
    assert sampler.exact
    zs = (1,) if "z" in names else (0, 1)

    def at(p: float) -> float:
        return sum(density(p, z, names) for z in zs)

    expected = at(0.37) if "p" in names else scipy.integrate.quad(at, 0, 1)[0]
    assert sampler.log_evidence() == pytest.approx(np.log(expected), rel=1e-7)


def test_the_posterior_as_a_model_predicts_by_the_conditional_law() -> None:
    sampler = ag.derive(normals(), {"d": VALUES["d"]})
    predictive = sampler.posterior_model()
    mean, cov = joint_normal()
    y, d = [4], [5, 6]
    gain = cov[np.ix_(y, d)] @ np.linalg.inv(cov[np.ix_(d, d)])
    law = st.norm(
        mean[4] + (gain @ (VALUES["d"] - mean[d]))[0],
        np.sqrt((cov[np.ix_(y, y)] - gain @ cov[np.ix_(d, y)])[0, 0]),
    )
    whole = ag.derive(predictive, {"y": 1.2})
    assert whole.log_evidence() == pytest.approx(law.logpdf(1.2), rel=1e-7)
