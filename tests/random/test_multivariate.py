"""Vectors and matrices: samplers and log densities against SciPy's laws and exact moments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import astragal as ag
from astragal.graph.errors import DomainError, ShapeError

S = np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]])
C = np.array([[1.5, -0.4], [-0.4, 0.7]])
M = np.arange(6.0).reshape(3, 2)
P = np.array([0.1, 0.5, 0.15, 0.25])
A = np.array([0.3, 2.0, 1.1, 5.0])
m = np.array([1.0, -2.0, 3.0])
CELLS = np.array([12, 30, 5, 9])
DRAWS = 20_000

# fmt: off
LAWS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "multivariate_normal":   ((m, S), stats.multivariate_normal(m, S)),
    "multivariate_t":        ((m, S, 5.5), stats.multivariate_t(m, S, df=5.5)),  # type: ignore[arg-type]
    "matrix_normal":         ((M, S, C), stats.matrix_normal(M, S, C)),
    "wishart":               ((5.5, S), stats.wishart(5.5, S)),
    "inverse_wishart":       ((7.5, S), stats.invwishart(7.5, S)),
    "dirichlet":             ((A,), stats.dirichlet(A)),
    "multinomial":           ((40, P), stats.multinomial(40, P)),
    "dirichlet_multinomial": ((40, A), stats.dirichlet_multinomial(A, 40)),  # type: ignore[arg-type]
    "multivariate_hypergeometric": ((CELLS, 20), stats.multivariate_hypergeom(CELLS, 20)),
}
# fmt: on


def draws(name: str, *parameters: Any, n: int = DRAWS) -> Any:
    number = sorted([*LAWS, "categorical", "ordered_logistic", "lkj"]).index(name)
    key = ag.fold_in(ag.key(77), number)
    return ag.evaluate(getattr(ag.random, name)(key, *parameters, size=n))


@pytest.mark.parametrize("name", LAWS)
def test_the_log_density_is_scipys(name: str) -> None:
    parameters, law = LAWS[name]
    x = draws(name, *parameters, n=5)
    rv = getattr(ag.random, name)(ag.key(0), *parameters)
    found = ag.evaluate(rv.op.distribution.logdensity(ag.constant(x), *rv.args[2:]))
    log = law.logpdf if hasattr(law, "logpdf") else law.logpmf
    np.testing.assert_allclose(found, [log(v) for v in x], rtol=1e-11, atol=1e-11)


def reference(name: str, law: Any) -> Any:
    if name != "dirichlet_multinomial":
        return law.rvs(DRAWS, random_state=1)
    rng = np.random.default_rng(1)
    return rng.multinomial(40, rng.dirichlet(A, DRAWS))


@pytest.mark.parametrize("name", LAWS)
def test_projections_of_draws_follow_those_of_scipys_draws(name: str) -> None:
    parameters, law = LAWS[name]
    x = draws(name, *parameters).reshape(DRAWS, -1)
    y = reference(name, law).reshape(DRAWS, -1)
    weights = np.random.default_rng(3).normal(size=(3, x.shape[1]))
    for w in weights:
        assert stats.ks_2samp(x @ w, y @ w).pvalue > 1e-4


def test_a_wrong_covariance_is_found_out() -> None:
    x = draws("multivariate_normal", m, S * np.array([[1, 0.3, 1], [0.3, 1, 1], [1, 1, 1]]))
    w = np.array([1.0, 1.0, 0.0])
    law = stats.norm(w @ m, np.sqrt(w @ S @ w))
    assert stats.kstest(x @ w, law.cdf).pvalue < 1e-4


@pytest.mark.parametrize("name", ["multivariate_normal", "wishart", "dirichlet", "multinomial"])
def test_batches_of_parameters_and_keys_give_each_its_own(name: str) -> None:
    parameters, _ = LAWS[name]
    keys = ag.split(ag.key(5), 3)
    function = getattr(ag.random, name)
    together = ag.evaluate(function(keys, *parameters))
    alone = [ag.evaluate(function(keys[i], *parameters)) for i in range(3)]
    assert np.array_equal(together, np.stack(alone))


def test_the_three_ways_to_a_normal_vector_agree() -> None:
    k = ag.key(3)
    by_covariance = ag.evaluate(ag.random.multivariate_normal(k, m, cov=S))
    by_precision = ag.evaluate(ag.random.multivariate_normal(k, m, precision=np.linalg.inv(S)))
    by_factor = ag.evaluate(ag.random.multivariate_normal(k, m, cholesky=np.linalg.cholesky(S)))
    np.testing.assert_allclose(by_precision, by_covariance, rtol=1e-10)
    np.testing.assert_allclose(by_factor, by_covariance, rtol=1e-10)


def test_categories_come_with_their_probabilities() -> None:
    x = draws("categorical", P)
    assert stats.chisquare(np.bincount(x, minlength=4), P * DRAWS).pvalue > 1e-4
    d = ag.random.categorical.op.distribution
    found = ag.evaluate(d.logdensity(ag.arange(4), ag.constant(P)))
    np.testing.assert_allclose(found, np.log(P), rtol=1e-14)


def test_ordered_categories_come_with_differences_of_logistic_probabilities() -> None:
    cuts = np.array([-1.0, 0.3, 2.0])
    p = np.diff([0.0, *special.expit(cuts - 0.7), 1.0])
    x = draws("ordered_logistic", 0.7, cuts)
    assert stats.chisquare(np.bincount(x, minlength=4), p * DRAWS).pvalue > 1e-4
    d = ag.random.ordered_logistic.op.distribution
    found = ag.evaluate(d.logdensity(ag.arange(4), ag.constant(np.full(4, 0.7)), ag.constant(cuts)))
    np.testing.assert_allclose(found, np.log(p), rtol=1e-13)


def test_lkj_matrices_have_beta_correlations_and_a_normalised_density() -> None:
    eta, size = 1.7, 4
    x = draws("lkj", size, eta)
    b = eta + 0.5 * (size - 2)
    for i, j in ((1, 0), (3, 1), (3, 2)):
        assert stats.kstest((x[:, i, j] + 1) / 2, stats.beta(b, b).cdf).pvalue > 1e-4
    # Three rows: the integral of the density over a grid of correlations is one.
    r = (np.arange(60) + 0.5) / 30 - 1
    a, b_, c = np.meshgrid(r, r, r)
    valid = 1 + 2 * a * b_ * c - a**2 - b_**2 - c**2 > 1e-9
    a, b_, c = a[valid], b_[valid], c[valid]
    one = np.ones_like(a)
    grid = np.stack([one, a, b_, a, one, c, b_, c, one], -1).reshape(-1, 3, 3)
    d = ag.random.lkj.op.distribution
    log = ag.evaluate(d.logdensity(ag.constant(grid), ag.constant(3), ag.constant(2.5)))
    assert np.exp(log).sum() * (1 / 30) ** 3 == pytest.approx(1.0, rel=2e-3)


def test_tiny_dirichlet_parameters_stay_on_the_simplex() -> None:
    x = draws("dirichlet", np.array([1e-3, 2e-3, 1e-3]), n=500)
    assert np.isfinite(x).all()
    np.testing.assert_allclose(x.sum(-1), 1.0, rtol=1e-14)
    assert (x.max(-1) > 0.99).mean() > 0.9


def test_what_is_no_probability_vector_or_covariance_is_refused() -> None:
    k = ag.key(0)
    with pytest.raises(DomainError, match=r"categorical: parameter p.*sum 1"):
        ag.random.categorical(k, [0.5, 0.6])
    with pytest.raises(DomainError, match=r"multivariate_normal: parameter cov.*positive definite"):
        ag.random.multivariate_normal(k, [0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(DomainError, match=r"cholesky.*lower triangular"):
        ag.random.multivariate_normal(k, [0.0, 0.0], cholesky=[[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ShapeError, match="lkj"):
        ag.random.lkj(k, ag.input("n", dtype="int64"), 1.0)


def test_parameters_of_other_lengths_are_refused() -> None:
    with pytest.raises(ShapeError, match="expected 2 by 2 for a value of length 2"):
        ag.random.multivariate_normal(ag.key(0), ag.zeros(2), ag.eye(3))


def test_poisson_binomial_is_a_sum_of_unequal_trials() -> None:
    p = np.array([0.1, 0.5, 0.9, 0.33])
    masses = np.ones(1)
    for q in p:
        masses = np.convolve(masses, [1 - q, q])
    x = ag.random.poisson_binomial(ag.key(4), p, size=DRAWS)
    v = ag.evaluate(x)
    assert stats.chisquare(np.bincount(v, minlength=5), masses * DRAWS).pvalue > 1e-4
    d = ag.random.poisson_binomial.op.distribution
    found = ag.evaluate(d.logdensity(ag.constant(np.arange(5)), *x.args[2:]))
    np.testing.assert_allclose(found, np.log(masses), rtol=1e-12)
