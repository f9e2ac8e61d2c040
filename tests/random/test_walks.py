"""Random walks and autoregressions are normal vectors of known mean and covariance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import astragal as ag
from astragal.graph.errors import DomainError, ShapeError

R = ag.random
N = 5
T = np.arange(1, N + 1)
_GROW = np.array([[(-0.8) ** (i - j) if i >= j else 0.0 for j in range(N)] for i in range(N)])
CASES = {
    "random_walk": (
        (N, 1.5, 0.3, 0.7), 1.5 + 0.3 * T, 0.49 * np.minimum.outer(T, T)
    ),
    "ar1": ((N, -0.8, 0.5, 2.0, 1.0), 2.0 - (-0.8) ** T, 0.25 * _GROW @ _GROW.T),
    "stationary_ar1": (
        (N, 0.6, 0.5, 2.0), np.full(N, 2.0),
        0.25 / 0.64 * 0.6 ** np.abs(np.subtract.outer(T, T)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_log_density_is_that_of_the_normal_vector(name: str) -> None:
    args, mean, cov = CASES[name]
    x = getattr(R, name)(ag.key(3), *args, size=7)
    v = ag.evaluate(x)
    found = ag.logdensity({"x": x}, {"x": v})
    expected = stats.multivariate_normal(mean, cov).logpdf(v).sum()
    assert float(ag.evaluate(found)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_draws_whitened_are_standard_normal(name: str) -> None:
    args, mean, cov = CASES[name]
    v = ag.evaluate(getattr(R, name)(ag.key(3), *args, size=8000))
    z = np.linalg.solve(np.linalg.cholesky(cov), (v - mean).T)
    assert all(stats.kstest(row, "norm").pvalue > 1e-4 for row in z)
    assert np.abs(np.corrcoef(z) - np.eye(N)).max() < 0.06


@pytest.mark.parametrize("name", CASES)
def test_moments_are_those_of_the_normal_vector(name: str) -> None:
    args, mean, cov = CASES[name]
    x = getattr(R, name)(ag.key(3), *args)
    d, p = x.op.distribution, x.args[2:]
    np.testing.assert_allclose(ag.evaluate(d.mean(*p)), mean, rtol=1e-12)
    np.testing.assert_allclose(ag.evaluate(d.variance(*p)), np.diag(cov), rtol=1e-12)


def test_the_length_may_be_an_input() -> None:
    n = ag.input("n", dtype="int64")
    f = ag.function([n], R.random_walk(ag.key(0), n), backend="numpy")
    assert f(3).shape == (3,)


def test_rows_have_parameters_of_their_own() -> None:
    rho: Any = np.array([0.1, -0.9, 0.5])
    x = R.stationary_ar1(ag.key(0), 4, rho)
    assert x.shape == (3, 4)
    single = [stats.multivariate_normal(
        np.zeros(4), r ** np.abs(np.subtract.outer(np.arange(4), np.arange(4))) / (1 - r**2)
    ) for r in rho]  # fmt: skip
    v = ag.evaluate(x)
    expected = sum(law.logpdf(row) for law, row in zip(single, v, strict=True))
    assert float(ag.evaluate(ag.logdensity({"x": x}, {"x": v}))) == pytest.approx(expected)


def test_an_unstable_law_is_not_stationary() -> None:
    with pytest.raises(DomainError, match="between -1 and 1"):
        R.stationary_ar1(ag.key(0), 4, 1.0)
    with pytest.raises(ShapeError, match="one integer"):
        R.random_walk(ag.key(0), [3, 4])
