"""Jointly normal blocks and finite discrete variables, against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.expr import Expr

R = ag.random
X = np.random.default_rng(3).normal(size=(8, 3)) + 0.5
Y = np.array([1.0, -0.3, 2.2, 0.4, 1.7, 3.1, -1.0, 0.6])
M = np.array([0.5, -1.0, 2.0])


def keys(n: int = 5) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def moments(sampler: Sampler, names: tuple[str, ...], draws: dict[str, Any]) -> tuple[Any, Any]:
    flat = [draws[n].reshape(len(draws[n]), -1) for n in names]
    joined = np.concatenate(flat, axis=1)
    return joined.mean(0), np.cov(joined.T)


def test_a_regression_with_known_variance_is_drawn_exactly(
    draws_of: Callable[..., dict[str, Any]],
) -> None:
    k = keys()
    b = R.normal(k[0], M, 2.0)
    sampler = ag.derive(ag.Model({"b": b, "y": R.normal(k[1], ag.matmul(X, b), 1.5)}), {"y": Y})
    assert sampler.exact
    precision = np.eye(3) / 4 + X.T @ X / 2.25
    mean = np.linalg.solve(precision, M / 4 + X.T @ Y / 2.25)
    evidence = st.multivariate_normal(X @ M, 4 * X @ X.T + 2.25 * np.eye(8)).logpdf(Y)
    assert sampler.log_evidence() == pytest.approx(evidence, rel=1e-10)
    at = np.array([0.3, 0.1, 1.0])
    posterior = st.multivariate_normal(mean, np.linalg.inv(precision))
    density = sampler.logdensity(b=at) - sampler.log_evidence()
    assert density == pytest.approx(posterior.logpdf(at), rel=1e-9)
    draws = draws_of(sampler, 4000)["b"]
    root = np.linalg.cholesky(precision).T
    standard = (draws - mean) @ root.T  # independent standard normals, if all is right
    for column in standard.T:
        assert st.kstest(column, st.norm.cdf).pvalue > 1e-3
    assert np.abs(np.corrcoef(standard.T) - np.eye(3)).max() < 0.07


def test_a_regression_with_unknown_variance_is_normal_inverse_gamma(
    law_of: Callable[..., float],
) -> None:
    k = keys()
    v = R.inverse_gamma(k[0], 3.0, scale=2.0)
    b = R.normal(k[1], M, 2.0 * ag.sqrt(v))
    y = R.normal(k[2], ag.matmul(X, b), ag.sqrt(v))
    sampler = ag.derive(ag.Model({"v": v, "b": b, "y": y}), {"y": Y})
    assert sampler.exact
    assert [s.name for s in sampler.steps] == ["v", "b"]
    precision = np.eye(3) / 4 + X.T @ X
    linear = M / 4 + X.T @ Y
    rest = Y @ Y + M @ M / 4 - linear @ np.linalg.solve(precision, linear)
    expected = st.invgamma(3 + 4, scale=2 + rest / 2)
    for at in (0.5, 2.0):
        assert law_of(sampler, "v", at) == pytest.approx(expected.logpdf(at), rel=1e-9)
    scale = np.sqrt(2 / 3)
    cov = scale**2 * (4 * X @ X.T + np.eye(8))
    evidence = st.multivariate_t(X @ M, cov, df=6).logpdf(Y)
    assert sampler.log_evidence() == pytest.approx(evidence, rel=1e-9)


def test_intercept_and_slopes_are_drawn_together(draws_of: Callable[..., Any]) -> None:
    k = keys()
    a, b = R.normal(k[0], 0.0, 10.0), R.normal(k[1], M, 2.0)
    y = R.normal(k[2], a + ag.matmul(X, b), 1.5)
    sampler = ag.derive(ag.Model({"a": a, "b": b, "y": y}), {"y": Y})
    assert sampler.exact
    whole = np.column_stack([np.ones(8), X])
    prior = np.diag([0.01, 0.25, 0.25, 0.25])
    precision = prior + whole.T @ whole / 2.25
    centre = np.array([0.0, *M])
    mean = np.linalg.solve(precision, prior @ centre + whole.T @ Y / 2.25)
    draws = draws_of(sampler, 4000)
    got, cov = moments(sampler, ("a", "b"), draws)
    expected = np.linalg.inv(precision)
    assert np.all(np.abs(got - mean) < 5 * np.sqrt(np.diag(expected) / 4000))
    assert np.allclose(cov, expected, atol=0.08 * np.abs(expected).max())


def test_a_random_walk_is_one_block() -> None:
    k = keys()
    x = R.normal(k[0], 0.0, 3.0, size=6)
    observed = np.array([0.4, -1.0, 2.0, 0.3, 0.9])
    model = ag.Model({"x": x, "y": R.normal(k[1], x[1:] - x[:-1], 0.5)})
    sampler = ag.derive(model, {"y": observed})
    difference = np.diff(np.eye(6), axis=0)
    cov = 9 * difference @ difference.T + 0.25 * np.eye(5)
    expected = st.multivariate_normal(np.zeros(5), cov).logpdf(observed)
    assert sampler.log_evidence() == pytest.approx(expected, rel=1e-9)


def test_a_product_of_two_latents_is_no_joint_block() -> None:
    k = keys()
    a, b = R.normal(k[0], 1.0, 2.0), R.normal(k[1], 0.0, 1.0)
    sampler = ag.derive(ag.Model({"a": a, "b": b, "y": R.normal(k[2], a * b, 0.5)}), {"y": 1.3})
    assert [s.targets for s in sampler.steps] == [("a",), ("b",)]
    assert not sampler.exact


# -- discrete ------------------------------------------------------------------------------


def test_an_indicator_has_the_posterior_of_bayes_theorem(law_of: Callable[..., float]) -> None:
    k = keys()
    z = R.bernoulli(k[0], 0.3)
    y = R.normal(k[1], 3.0 * z, 2.0, size=3)
    data = np.array([-1.0, 0.3, 2.0])
    sampler = ag.derive(ag.Model({"z": z, "y": y}), {"y": data})
    assert sampler.exact
    joint = [np.log(p) + st.norm(3.0 * v, 2.0).logpdf(data).sum() for v, p in ((0, 0.7), (1, 0.3))]
    evidence = np.logaddexp(*joint)
    assert sampler.log_evidence() == pytest.approx(evidence)
    for v in (0, 1):
        assert law_of(sampler, "z", v) == pytest.approx(joint[v] - evidence)


def test_a_count_below_a_binomial_is_summed_over_its_support(
    draws_of: Callable[..., Any],
) -> None:
    k = keys()
    n = R.binomial(k[0], 9, 0.6)
    sampler = ag.derive(ag.Model({"n": n, "y": R.binomial(k[1], n, 0.4)}), {"y": 2})
    assert sampler.exact
    assert sampler.log_evidence() == pytest.approx(st.binom(9, 0.24).logpmf(2))
    counts = np.bincount(draws_of(sampler, 4000)["n"], minlength=10)
    # Given y, what the second stage lost is binomial too.
    expected = np.array([0, 0, *st.binom(7, 0.6 * 0.6 / 0.76).pmf(range(8))]) * 4000
    assert counts[:2].sum() == 0
    assert st.chisquare(counts[2:], expected[2:]).pvalue > 1e-3


def test_a_mixture_with_its_indicators_has_three_gibbs_steps(law_of: Callable[..., float]) -> None:
    k = keys()
    w = R.beta(k[0], 2.0, 3.0)
    mu = R.normal(k[1], np.array([-1.0, 1.5]), 2.0)
    z = R.bernoulli(k[2], w, size=8)
    sampler = ag.derive(
        ag.Model({"w": w, "mu": mu, "z": z, "y": R.normal(k[3], mu[z], 0.7)}), {"y": Y}
    )
    assert [(s.name, s.kind) for s in sampler.steps] == [
        ("w", "gibbs"), ("mu", "gibbs"), ("z", "gibbs"),
    ]  # fmt: skip
    labels = np.array([0, 1, 1, 0, 0, 1, 0, 1])
    means = np.array([-0.4, 2.0])
    given = {"w": 0.35, "mu": means, "z": labels}
    assert law_of(sampler, "w", 0.6, given) == pytest.approx(st.beta(6, 7).logpdf(0.6))
    expected = 0.0
    for j, prior in enumerate((-1.0, 1.5)):
        own = Y[labels == j]
        precision = 1 / 4 + own.size / 0.49
        centre = (prior / 4 + own.sum() / 0.49) / precision
        expected += st.norm(centre, precision**-0.5).logpdf(0.8)
    assert law_of(sampler, "mu", np.array([0.8, 0.8]), given) == pytest.approx(expected)
    odds = [np.log(p) + st.norm(m, 0.7).logpdf(Y) for p, m in ((0.65, -0.4), (0.35, 2.0))]
    total = np.logaddexp(*odds)
    expected = float(np.sum(np.where(labels == 1, odds[1], odds[0]) - total))
    assert law_of(sampler, "z", labels, given) == pytest.approx(expected)


def test_indicators_that_meet_in_a_product_are_not_drawn_as_independent() -> None:
    k = keys()
    z = R.bernoulli(k[0], 0.4, size=3)
    model = ag.Model({"z": z, "y": R.normal(k[1], z[1:] * z[:-1], 0.5)})
    sampler = ag.derive(model, {"y": np.array([1.0, 0.0])})
    assert [s.kind for s in sampler.steps] == ["sites"]
    assert "its elements are not independent" in sampler.explain()
    with pytest.raises(ag.UnsupportedError, match="every step for z is forbidden"):
        ag.derive(model, {"y": np.array([1.0, 0.0])}, forbid=["sites"])


def test_a_thinned_poisson_count_is_turned_round_by_a_relation_of_the_book(
    draws_of: Callable[..., Any],
) -> None:
    k = keys()
    n = R.poisson(k[0], 6.0)
    sampler = ag.derive(ag.Model({"n": n, "y": R.binomial(k[1], n, 0.3)}), {"y": 2})
    assert sampler.exact
    assert [r.name for r in sampler.step("n").relations] == ["poisson_thinning"]
    assert sampler.log_evidence() == pytest.approx(st.poisson(1.8).logpmf(2))
    density = sampler.logdensity(n=5) - sampler.log_evidence()
    assert density == pytest.approx(st.poisson(4.2).logpmf(3))
    lost = draws_of(sampler, 4000)["n"] - 2
    counts = np.bincount(np.minimum(lost, 10), minlength=11)
    expected = np.append(st.poisson(4.2).pmf(range(10)), st.poisson(4.2).sf(9)) * 4000
    assert lost.min() >= 0
    assert st.chisquare(counts, expected).pvalue > 1e-3
