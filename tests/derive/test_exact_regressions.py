"""Normal laws with a latent scale or covariance are drawn exactly: the scale, then the rest.

References, all by NumPy and SciPy: a sample of a normal-inverse-gamma law has a multivariate
t law; the evidence of the matrix laws is Gelman et al., BDA3, section 3.6, and Rossi, Allenby
& McCulloch 2005, section 2.8.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
st: Any = scipy.stats
Array = np.ndarray[Any, Any]
N = 7
_rng = np.random.default_rng(1)
X = _rng.normal(size=(N, 3))
Z = _rng.normal(size=(N, 2))
Y = _rng.normal(size=N) + 0.5
W = _rng.normal(size=4) - 1.0
GROUP = np.array([0, 1, 2, 1, 1, 0, 0])
G = np.eye(3)[GROUP]
S3 = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.0], [0.1, 0.0, 0.5]])
V = np.eye(N) + 0.3
Case = tuple[dict[str, Expr], dict[str, Any], Array, Array, Array]


def keys(n: int = 6) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def variance(k: Expr) -> Expr:
    return R.inverse_gamma(k[0], 3.0, scale=2.0)


def two_blocks_of_coefficients() -> Case:
    k = keys()
    v = variance(k)
    a = R.normal(k[1], 0.5, ag.sqrt(v) * 2, size=3)
    b = R.normal(k[2], -0.3, ag.sqrt(v / 3), size=2)
    y = R.normal(k[3], ag.matmul(X, a) + ag.matmul(Z, b), ag.sqrt(v))
    mean = 0.5 * X.sum(1) - 0.3 * Z.sum(1)
    return (
        {"v": v, "a": a, "b": b, "y": y},
        {"y": Y},
        Y,
        mean,
        4 * X @ X.T + Z @ Z.T / 3 + np.eye(N),
    )


def a_precision_an_intercept_and_coefficients() -> Case:
    k = keys()
    p = R.gamma(k[0], 3.0, rate=2.0)
    s = 1 / ag.sqrt(p)
    a, c = R.normal(k[1], 0.5, 2 * s, size=3), R.normal(k[2], 0.0, 5 * s)
    y = R.normal(k[3], c + ag.matmul(X, a), s)
    return (
        {"p": p, "a": a, "c": c, "y": y},
        {"y": Y},
        Y,
        0.5 * X.sum(1),
        4 * X @ X.T + 25 + np.eye(N),
    )


def two_data_sets() -> Case:
    k = keys()
    v = variance(k)
    a, b = R.normal(k[1], 0.5, 2 * ag.sqrt(v)), R.normal(k[2], -0.3, ag.sqrt(v / 3))
    y, w = R.normal(k[3], a, ag.sqrt(v), size=N), R.normal(k[4], b, ag.sqrt(v) / 2, size=4)
    whole = np.concatenate([Y, W])
    shape = np.diag([1.0] * N + [0.25] * 4)
    shape[:N, :N] += 4
    shape[N:, N:] += 1 / 3
    mean = np.array([0.5] * N + [-0.3] * 4)
    return {"v": v, "a": a, "b": b, "y": y, "w": w}, {"y": Y, "w": W}, whole, mean, shape


def groups_by_an_index() -> Case:
    k = keys()
    v = variance(k)
    a = R.normal(k[1], 0.5, 2 * ag.sqrt(v), size=3)
    y = R.normal(k[3], a[GROUP], ag.sqrt(v))
    return {"v": v, "a": a, "y": y}, {"y": Y}, Y, np.full(N, 0.5), 4 * G @ G.T + np.eye(N)


def groups_around_a_common_mean() -> Case:
    k = keys()
    v = variance(k)
    mu = R.normal(k[1], 0.0, 3 * ag.sqrt(v))
    a = R.normal(k[2], mu, 2 * ag.sqrt(v), size=3)
    y = R.normal(k[3], a[GROUP], ag.sqrt(v))
    return {"v": v, "mu": mu, "a": a, "y": y}, {"y": Y}, Y, np.zeros(N), 9 + 4 * G @ G.T + np.eye(N)


def a_multivariate_prior_and_correlated_noise() -> Case:
    k = keys()
    v = variance(k)
    mean = np.array([0.1, 0.2, 0.3])
    a, b = R.multivariate_normal(k[1], mean, v * S3), R.normal(k[2], 0.0, ag.sqrt(v), size=2)
    y = R.multivariate_normal(k[3], ag.matmul(X, a) + ag.matmul(Z, b), v * V)
    return {"v": v, "a": a, "b": b, "y": y}, {"y": Y}, Y, X @ mean, X @ S3 @ X.T + Z @ Z.T + V


SCALAR = [
    two_blocks_of_coefficients,
    a_precision_an_intercept_and_coefficients,
    two_data_sets,
    groups_by_an_index,
    groups_around_a_common_mean,
    a_multivariate_prior_and_correlated_noise,
]


@pytest.mark.parametrize("build", SCALAR, ids=lambda f: f.__name__.replace("_", " "))
def test_one_latent_variance_of_all_gives_a_multivariate_t_evidence(
    build: Callable[[], Case], law_of: Callable[..., float]
) -> None:
    variables, observed, y, mean, shape = build()
    sampler = ag.derive(ag.Model(variables), observed)
    assert sampler.exact, sampler.rejected
    # InverseGamma(3, 2) variances: 6 degrees of freedom, and a scale of 2 / 3.
    expected = st.multivariate_t(mean, shape * 2 / 3, df=6).logpdf(y)
    assert sampler.log_evidence() == pytest.approx(expected, rel=1e-9)
    rest = y - mean
    scale = 2 + 0.5 * rest @ np.linalg.solve(shape, rest)
    for at in (0.4, 1.9):
        if "v" in variables:
            wanted = st.invgamma(3 + y.size / 2, scale=scale).logpdf(at)
            assert law_of(sampler, "v", at) == pytest.approx(wanted, rel=1e-9)
        else:
            wanted = st.gamma(3 + y.size / 2, scale=1 / scale).logpdf(at)
            assert law_of(sampler, "p", at) == pytest.approx(wanted, rel=1e-9)


def test_coefficients_in_two_blocks_are_drawn_from_their_t_law(
    draws_of: Callable[..., Any],
) -> None:
    variables, observed, y, mean, _ = two_blocks_of_coefficients()
    draws = draws_of(ag.derive(ag.Model(variables), observed), 500)
    x = np.hstack([X, Z])
    prior = np.diag([4.0] * 3 + [1 / 3] * 2)
    m0 = np.array([0.5] * 3 + [-0.3] * 2)
    cov = np.linalg.inv(np.linalg.inv(prior) + x.T @ x)
    centre = m0 + cov @ x.T @ (y - mean)
    shape = x @ prior @ x.T + np.eye(N)
    scale = 2 + 0.5 * (y - mean) @ np.linalg.solve(shape, y - mean)
    law = st.t(6 + N)
    both = np.hstack([draws["a"], draws["b"]])
    for i in range(5):
        sd = math.sqrt(scale / (3 + N / 2) * cov[i, i])
        assert st.kstest((both[:, i] - centre[i]) / sd, law.cdf).pvalue > 1e-3


# -- matrices ------------------------------------------------------------------------------

Q = 2
PSI = np.array([[2.0, 0.3], [0.3, 1.0]])
ROWS = np.diag([1.0, 2.0, 3.0]) + 0.2
YS = _rng.normal(size=(N, Q)) @ np.array([[1.0, 0.4], [0.0, 1.5]]) + np.array([0.5, -1.0])
M0 = np.array([0.1, 0.5])
B0 = np.array([[0.2, -0.1], [0.0, 0.3], [0.4, 0.1]])


def matrix_evidence(
    y: Array, x: Array, b0: Array, k0: Array, df: float, psi: Array
) -> tuple[Any, Any]:
    """Log evidence of ``Y ~ N(X B, S)``, ``B ~ MN(b0, inv(k0), S)``, ``S ~ IW``, and S's law."""
    n, q = y.shape
    k = k0 + x.T @ x
    b = np.linalg.solve(k, k0 @ b0 + x.T @ y)
    after = psi + (y - x @ b).T @ (y - x @ b) + (b - b0).T @ k0 @ (b - b0)
    log_gamma = scipy.special.multigammaln

    def log_det(m: Array) -> float:
        return float(np.linalg.slogdet(m)[1])

    out = -0.5 * n * q * math.log(math.pi) + log_gamma(0.5 * (df + n), q) - log_gamma(0.5 * df, q)
    out += 0.5 * df * log_det(psi) - 0.5 * (df + n) * log_det(after)
    return out + 0.5 * q * (log_det(k0) - log_det(k)), st.invwishart(df + n, after)


ONES = np.ones((N, 1))
AT = np.array([[1.5, -0.3], [-0.3, 0.7]])


def niw() -> tuple[dict[str, Expr], Any]:
    k = keys()
    s = R.inverse_wishart(k[0], 5.0, PSI)
    mu = R.multivariate_normal(k[1], M0, s / 3.0)
    y = R.multivariate_normal(k[2], mu, s, size=N)
    return {"s": s, "mu": mu, "y": y}, matrix_evidence(YS, ONES, M0[None], 3 * np.eye(1), 5.0, PSI)


def niw_of_groups() -> tuple[dict[str, Expr], Any]:
    k = keys()
    s = R.inverse_wishart(k[0], 5.0, PSI)
    mu = R.multivariate_normal(k[1], M0, s / 3.0, size=3)
    y = R.multivariate_normal(k[2], mu[GROUP], s)
    wanted = matrix_evidence(YS, G, np.tile(M0, (3, 1)), 3 * np.eye(3), 5.0, PSI)
    return {"s": s, "mu": mu, "y": y}, wanted


def mniw() -> tuple[dict[str, Expr], Any]:
    k = keys()
    s = R.inverse_wishart(k[0], 5.0, PSI)
    b = R.matrix_normal(k[1], B0, ROWS, s)
    y = R.multivariate_normal(k[2], ag.matmul(X, b), s)
    return {"s": s, "b": b, "y": y}, matrix_evidence(YS, X, B0, np.linalg.inv(ROWS), 5.0, PSI)


def mniw_as_a_matrix_and_an_intercept() -> tuple[dict[str, Expr], Any]:
    k = keys()
    s = R.inverse_wishart(k[0], 5.0, PSI)
    c, b = R.multivariate_normal(k[3], M0, 2.0 * s), R.matrix_normal(k[1], B0, ROWS, s)
    y = R.matrix_normal(k[2], c + ag.matmul(X, b), np.eye(N), s)
    prior = np.zeros((4, 4))
    prior[0, 0], prior[1:, 1:] = 0.5, np.linalg.inv(ROWS)
    wanted = matrix_evidence(YS, np.hstack([ONES, X]), np.vstack([M0, B0]), prior, 5.0, PSI)
    return {"s": s, "c": c, "b": b, "y": y}, wanted


def mniw_transposed() -> tuple[dict[str, Expr], Any]:
    k = keys()
    s = R.inverse_wishart(k[0], 5.0, PSI)
    b = R.matrix_normal(k[1], B0.T, s, ROWS)
    y = R.multivariate_normal(k[2], ag.matmul(X, ag.matrix_transpose(b)), s)
    return {"s": s, "b": b, "y": y}, matrix_evidence(YS, X, B0, np.linalg.inv(ROWS), 5.0, PSI)


def normal_wishart() -> tuple[dict[str, Expr], Any]:
    k = keys()
    w = R.wishart(k[0], 5.0, np.linalg.inv(PSI))
    mu = R.multivariate_normal(k[1], M0, precision=3.0 * w)
    y = R.multivariate_normal(k[2], mu, ag.linalg.inv(w), size=N)
    return {"w": w, "mu": mu, "y": y}, matrix_evidence(YS, ONES, M0[None], 3 * np.eye(1), 5.0, PSI)


MATRICES = [
    niw, niw_of_groups, mniw, mniw_as_a_matrix_and_an_intercept, mniw_transposed, normal_wishart,
]  # fmt: skip


@pytest.mark.parametrize("build", MATRICES, ids=lambda f: f.__name__.replace("_", " "))
def test_a_latent_covariance_is_drawn_first_then_the_means_given_it(
    build: Callable[[], tuple[dict[str, Expr], Any]], law_of: Callable[..., float]
) -> None:
    variables, (evidence, law) = build()
    sampler = ag.derive(ag.Model(variables), {"y": YS})
    assert sampler.exact, sampler.rejected
    assert sampler.log_evidence() == pytest.approx(evidence, rel=1e-9)
    if "s" in variables:
        assert law_of(sampler, "s", AT) == pytest.approx(law.logpdf(AT), rel=1e-9)
    else:
        inverse = st.wishart(law.df, np.linalg.inv(law.scale))
        assert law_of(sampler, "w", AT) == pytest.approx(inverse.logpdf(AT), rel=1e-9)


def test_coefficients_under_a_latent_covariance_have_t_laws(draws_of: Callable[..., Any]) -> None:
    variables, (_, law) = mniw_transposed()
    drawn = draws_of(ag.derive(ag.Model(variables), {"y": YS}), 400)["b"]
    prior = np.linalg.inv(ROWS)
    precision = prior + X.T @ X
    mean = np.linalg.solve(precision, prior @ B0 + X.T @ YS)
    df = law.df - Q + 1
    for i in range(len(B0)):
        for j in range(Q):
            sd = math.sqrt(law.scale[j, j] / df * np.linalg.inv(precision)[i, i])
            at = (drawn[:, j, i] - mean[i, j]) / sd
            assert st.kstest(at, st.t(df).cdf).pvalue > 1e-3


def test_a_mean_whose_own_variance_is_known_is_no_normal_inverse_wishart() -> None:
    k = keys()
    s = R.inverse_wishart(k[0], 5.0, PSI)
    mu = R.multivariate_normal(k[1], M0, np.eye(2))
    y = R.multivariate_normal(k[2], mu, s, size=N)
    sampler = ag.derive(ag.Model({"s": s, "mu": mu, "y": y}), {"y": YS})
    assert not sampler.exact
    assert {x.name: x.kind for x in sampler.steps} == {"s": "gibbs", "mu": "gibbs"}


def test_coefficients_under_two_latent_variances_are_no_normal_inverse_gamma() -> None:
    k = keys()
    v, t = variance(k), R.inverse_gamma(k[4], 2.0, scale=1.0)
    a = R.normal(k[1], 0.5, ag.sqrt(t), size=3)
    y = R.normal(k[3], ag.matmul(X, a), ag.sqrt(v))
    sampler = ag.derive(ag.Model({"v": v, "t": t, "a": a, "y": y}), {"y": Y})
    assert not sampler.exact
