"""Time series and other loops, sums of draws, and discrete variables that hold together."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.expr import Expr
from astragal.sample.calibrate import start_at_truth

R = ag.random
T = 6
Y = np.array([0.4, -1.0, 0.3, 0.9, 2.0, 1.1])
P = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])


def keys(n: int = 4) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def walk(k: Expr, rho: Any = 0.8, sd: Any = 0.6) -> Expr:
    def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.normal(key, rho * x + 0.1, sd)
        return new, new

    out: Expr = ag.scan(step, ag.constant(0.5), ag.split(k, T))[1]
    return out


def test_a_local_level_is_drawn_exactly_with_its_evidence() -> None:
    k = keys()
    x = walk(k[0])
    sampler = ag.derive(ag.Model({"x": x, "y": R.normal(k[1], x, 0.5)}), {"y": Y})
    assert sampler.exact
    inverse = np.linalg.inv(np.eye(T) - 0.8 * np.eye(T, k=-1))
    mean = inverse @ (0.1 + np.eye(T)[0] * 0.8 * 0.5)
    cov = 0.36 * inverse @ inverse.T + 0.25 * np.eye(T)
    expected = st.multivariate_normal(mean, cov).logpdf(Y)
    assert sampler.log_evidence() == pytest.approx(expected, rel=1e-9)


def test_the_coefficient_and_variance_of_an_autoregression_are_conjugate(
    law_of: Callable[..., float],
) -> None:
    k = keys()
    rho, v = R.normal(k[0], 0.0, 2.0), R.inverse_gamma(k[1], 3.0, scale=2.0)
    sampler = ag.derive(ag.Model({"rho": rho, "v": v, "x": walk(k[2], rho, ag.sqrt(v))}), {"x": Y})
    assert [s.kind for s in sampler.steps] == ["gibbs", "gibbs"]
    before = np.concatenate([[0.5], Y[:-1]])
    precision = 1 / 4 + before @ before / 0.7
    law = st.norm(before @ (Y - 0.1) / 0.7 / precision, precision**-0.5)
    assert law_of(sampler, "rho", 0.3, {"v": 0.7}) == pytest.approx(law.logpdf(0.3))
    law = st.invgamma(3 + T / 2, scale=2 + 0.5 * np.sum((Y - 0.1 - 0.3 * before) ** 2))
    assert law_of(sampler, "v", 0.7, {"rho": 0.3}) == pytest.approx(law.logpdf(0.7))


def test_a_walk_that_nothing_observes_is_not_drawn_from_its_old_values() -> None:
    k = keys()
    x = walk(k[0])
    sampler = ag.derive(ag.Model({"x": x, "y": R.normal(k[1], x[-1], 0.5)}), {"y": 0.3})
    assert sampler.exact
    inverse = np.linalg.inv(np.eye(T) - 0.8 * np.eye(T, k=-1))
    mean = (inverse @ (0.1 + np.eye(T)[0] * 0.8 * 0.5))[-1]
    sd = np.sqrt(0.36 * (inverse @ inverse.T)[-1, -1] + 0.25)
    assert sampler.log_evidence() == pytest.approx(st.norm(mean, sd).logpdf(0.3))


def test_an_observed_sum_moves_all_its_terms() -> None:
    k = keys()
    x = R.normal(k[0], np.array([0.0, 1.0, 2.0]), 1.5)
    sampler = ag.derive(ag.Model({"x": x, "s": ag.sum(x)}), {"s": 6.0})
    assert sampler.exact
    assert sampler.log_evidence() == pytest.approx(st.norm(3, 1.5 * np.sqrt(3)).logpdf(6.0))
    data = {"s": ag.constant(6.0)}
    new, _ = sampler.sweep(ag.key(1), sampler.initial(ag.key(0), data), data)
    drawn = np.asarray(ag.evaluate(sampler.values(new, data)["x"]))
    assert drawn.sum() == pytest.approx(6.0)


def switching() -> tuple[ag.Model, dict[str, Any]]:
    k = keys()
    mu = R.normal(k[1], np.array([-1.0, 0.5, 2.0]), 1.0)

    def step(z: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.categorical(key, ag.constant(P)[z])
        return new, new

    z = ag.scan(step, ag.constant(0), ag.split(k[0], 4))[1]
    return ag.Model({"mu": mu, "z": z, "y": R.normal(k[2], mu[z], 0.7)}), {"y": Y[:4]}


def summed_counts() -> tuple[ag.Model, dict[str, Any]]:
    k = keys()
    a, b = R.poisson(k[0], 1.5), R.poisson(k[1], 2.5)
    return ag.Model({"a": a, "b": b, "s": a + b}), {"s": 6}


def mean_of(sampler: Sampler, name: str, sweeps: int = 4000, seed: int = 3) -> Any:
    """Average of a variable over a chain on the fast backend."""
    data = {n: ag.constant(v) for n, v in sampler.observed.items()}

    def one(state: Mapping[str, Expr], i: Expr) -> tuple[Any, Expr]:
        new, _ = sampler.sweep(ag.fold_in(ag.key(seed), i), state, data, tuning=i < 200)
        return new, sampler.values(new, data)[name].astype("float64")

    start = sampler.initial(ag.key(seed + 1), data)
    _, out = ag.scan(one, start, ag.arange(sweeps))
    return np.asarray(ag.function([], ag.mean(out[200:], axis=0), backend="numba")())


@pytest.mark.slow
def test_counts_with_an_observed_sum_are_binomial() -> None:
    """Given their sum, Poisson counts are binomial: 6 trials of probability 1.5 / 4."""
    sampler = ag.derive(*summed_counts())
    assert [s.kind for s in sampler.steps] == ["sites"]
    assert mean_of(sampler, "a") == pytest.approx(6 * 1.5 / 4, abs=0.1)


@pytest.mark.slow
def test_states_of_a_chain_have_the_posterior_of_enumeration() -> None:
    model, observed = switching()
    sampler = ag.derive(model, {**observed, "mu": [-1.0, 0.5, 2.0]})
    weights, ones = [], []
    for path in itertools.product(range(3), repeat=4):
        p = np.prod([P[a, b] for a, b in itertools.pairwise((0, *path))])
        means = np.array([-1.0, 0.5, 2.0])[list(path)]
        weights.append(p * np.prod(st.norm(means, 0.7).pdf(Y[:4])))
        ones.append(np.array(path))
    expected = np.average(ones, axis=0, weights=weights)
    assert mean_of(sampler, "z") == pytest.approx(expected, abs=0.12)


@pytest.mark.slow
def test_steps_of_loops_keep_the_joint_law() -> None:
    start_at_truth(ag.derive(*switching()), simulations=2000, seed=2).check()
