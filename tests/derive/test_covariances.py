"""Precision and covariance matrices are drawn from Wishart and inverse Wishart laws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
SCALE = np.array([[1.0, 0.2], [0.2, 2.0]])
Y = np.random.default_rng(8).multivariate_normal([0.5, -1.0], [[2.0, 0.5], [0.5, 1.0]], 12)
ZERO = np.zeros(2)
AT = np.array([[1.5, -0.3], [-0.3, 0.7]])
LogLaw = Callable[..., float]


def model_of(prior: Callable[[Expr], Expr], covariance: Callable[[Expr], Expr]) -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"), 3)
    s = prior(k[0])
    return ag.Model({"s": s, "y": R.multivariate_normal(k[1], ZERO, covariance(s), size=len(Y))})


def wishart(key: Expr) -> Expr:
    return R.wishart(key, 4.0, SCALE)


def test_a_precision_matrix_has_a_wishart_law(law_of: LogLaw) -> None:
    sampler = ag.derive(model_of(wishart, lambda s: 0.5 * ag.linalg.inv(s)), {"y": Y})
    assert sampler.exact
    wanted = stats.wishart(4 + len(Y), np.linalg.inv(np.linalg.inv(SCALE) + 2.0 * Y.T @ Y))
    assert law_of(sampler, "s", AT) == pytest.approx(wanted.logpdf(AT), rel=1e-9)
    assert sampler.logdensity(s=AT) - sampler.log_evidence() == pytest.approx(
        wanted.logpdf(AT), rel=1e-9
    )


def test_a_covariance_matrix_has_an_inverse_wishart_law(law_of: LogLaw) -> None:
    prior = lambda key: R.inverse_wishart(key, 5.0, SCALE)  # noqa: E731
    sampler = ag.derive(model_of(prior, lambda s: 3.0 * s), {"y": Y})
    assert sampler.exact
    wanted = stats.invwishart(5 + len(Y), SCALE + Y.T @ Y / 3.0)
    assert law_of(sampler, "s", AT) == pytest.approx(wanted.logpdf(AT), rel=1e-9)


def test_the_mean_is_drawn_beside_the_matrix_and_either_reads_the_other() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    s = wishart(k[0])
    mu = R.multivariate_normal(k[1], ZERO, 10.0 * np.eye(2))
    y = R.multivariate_normal(k[2], mu, precision=s, size=len(Y))
    sampler = ag.derive(ag.Model({"s": s, "mu": mu, "y": y}), {"y": Y})
    assert {s.name: s.kind for s in sampler.steps} == {"s": "gibbs", "mu": "gibbs"}


def test_each_matrix_of_a_stack_reads_its_own_group(law_of: LogLaw) -> None:
    group = np.arange(len(Y)) % 3
    k = ag.split(ag.input("key", dtype="key"))
    s = R.wishart(k[0], 4.0, SCALE, size=3)
    y = R.multivariate_normal(k[1], ZERO, ag.linalg.inv(s)[group])
    sampler = ag.derive(ag.Model({"s": s, "y": y}), {"y": Y})
    assert sampler.exact
    wanted: float = 0.0
    for g in range(3):
        scale = np.linalg.inv(np.linalg.inv(SCALE) + Y[group == g].T @ Y[group == g])
        wanted += float(stats.wishart(4 + sum(group == g), scale).logpdf(AT))
    assert law_of(sampler, "s", np.stack([AT] * 3)) == pytest.approx(wanted, rel=1e-9)


def also_by_its_inverse(s: Expr, key: Expr) -> Expr:
    return R.multivariate_normal(key, ZERO, s)


def a_correlation(s: Expr, key: Expr) -> Expr:
    return R.normal(key, s[0, 1] / ag.sqrt(s[0, 0] * s[1, 1]), 1.0)


def a_sum(s: Expr, key: Expr) -> Expr:
    return R.multivariate_normal(key, ZERO, s + np.eye(2))


@pytest.mark.parametrize("child", [also_by_its_inverse, a_correlation, a_sum])
def test_another_reading_of_the_matrix_is_refused(child: Callable[[Expr, Expr], Expr]) -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    s = wishart(k[0])
    y = R.multivariate_normal(k[1], ZERO, ag.linalg.inv(s), size=len(Y))
    model = ag.Model({"s": s, "y": y, "x": (x := child(s, k[2]))})
    sampler = ag.derive(model, {"y": Y, "x": np.full(x.shape, 0.3)})
    assert [s.kind for s in sampler.steps] == ["nuts"]
