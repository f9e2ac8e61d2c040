"""Distributions with vector or matrix values or parameters: one declaration each."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import Shape
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.control import scan
from astragal.ops.creation import arange
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import astype, concatenate, permute_dims
from astragal.ops.searching import where
from astragal.random import accurate, compositions
from astragal.random.discrete import log_choose
from astragal.random.distribution import (
    COUNT,
    POSITIVE,
    PROBABILITY,
    REAL,
    Distribution,
    Domain,
    Joint,
    Parameter,
)
from astragal.random.ordered import transpose


def _on_simplex(p: Expr) -> Expr:
    slack = 1e-4 if p.dtype == "float32" else 1e-8
    return r.all(p >= 0, -1) & (e.abs(r.sum(p, -1) - 1.0) <= slack)


def _is_covariance(a: Expr) -> Expr:
    symmetric = r.all(e.abs(a - transpose(a)) <= 1e-8 * r.max(e.abs(a)), (-2, -1))
    return symmetric & r.all(e.isfinite(a), (-2, -1)) & r.all(linalg.eigvalsh(a) > 0, -1)


def _is_factor(a: Expr) -> Expr:
    i = arange(a.shape[-1])
    lower = r.all((i[:, None] >= i) | e.equal(a, 0.0), (-2, -1))
    on = e.equal(i[:, None], i)
    return lower & r.all(e.logical_not(on) | (a > 0.0), (-2, -1))


def _counts_of(n: Expr) -> Domain:
    return Domain(
        "non-negative integers with sum n",
        r"\{x \in \mathbb{N}_0^k : \sum_i x_i = n\}",
        lambda x: r.all((x >= 0) & e.equal(e.floor(x), x), -1) & e.equal(r.sum(x, -1), n),
    )


def _finite(axes: int | tuple[int, int]) -> Any:
    return lambda x: r.all(e.isfinite(x), axes)


def _is_correlation(a: Expr) -> Expr:
    return _is_covariance(a) & r.all(e.abs(linalg.diagonal(a) - 1.0) < 1e-8, -1)


def _is_increasing(c: Expr) -> Expr:
    return r.all(c[..., 1:] > c[..., :-1], -1)


# fmt: off
SIMPLEX     = Domain("probabilities with sum 1", r"\Delta", _on_simplex)
VECTOR      = Domain("a vector of finite numbers", r"\mathbb{R}^k", _finite(-1))
MATRIX      = Domain("a matrix of finite numbers", r"\mathbb{R}^{m \times n}", _finite((-2, -1)))
COVARIANCE  = Domain("a symmetric, positive definite matrix", r"\mathbb{S}_{++}", _is_covariance)
FACTOR      = Domain("a lower triangular matrix with a positive diagonal", r"\mathbb{L}_{++}",
                     _is_factor)
CORRELATION = Domain("a correlation matrix", r"\mathbb{S}_{++}", _is_correlation)
INCREASING  = Domain("increasing numbers", r"\mathbb{R}^k_{<}", _is_increasing)
# fmt: on

N = Parameter("n", COUNT, integer=True)
ALPHA = Parameter("alpha", POSITIVE, core=1)


def _cov(name: str) -> Parameter:
    return Parameter(
        name,
        COVARIANCE,
        core=2,
        alternatives={"precision": linalg.inv, "cholesky": lambda c: c @ transpose(c)},
        alternative_domains={"cholesky": FACTOR},
    )


def _choices(x: Expr, p: Expr) -> Expr:
    """The entries of the last dimension that integers choose."""
    k = arange(p.shape[-1])
    return r.sum(where(e.equal(k, x[..., None]), p, 0.0), -1)


categorical = Distribution(
    name="categorical",
    parameters=(Parameter("p", SIMPLEX, core=1),),
    sampler=compositions.categorical,
    support=lambda p: Domain(
        "an integer from 0 to k - 1",
        r"\{0, \dots, k - 1\}",
        lambda x: (x >= 0) & (x < p.shape[-1]) & e.equal(e.floor(x), x),
    ),
    dtype="int64",
    logdensity=lambda x, p: e.log(_choices(x, p)),
    mean=lambda p: r.sum(p * arange(p.shape[-1]), -1),
    cells=lambda p: p.shape[-1],
    latex=r"\mathrm{Categorical}",
)


def _log_ordered(x: Expr, eta: Expr, cutpoints: Expr) -> Expr:
    # P(y = j) = expit(c_j - eta) - expit(c_{j-1} - eta), in logs without cancellation.
    z = cutpoints - eta[..., None]
    k = arange(cutpoints.shape[-1])
    upper = r.sum(where(e.equal(k, x[..., None]), z, 0.0), -1)
    lower = r.sum(where(e.equal(k, x[..., None] - 1), z, 0.0), -1)
    is_first, is_last = e.equal(x, 0), e.equal(x, cutpoints.shape[-1])
    width = where(is_first | is_last, 1.0, upper - lower)
    inner = sp.log_expit(upper) + sp.log_expit(-lower) + sp.log1mexp(-width)
    return where(is_first, sp.log_expit(upper), where(is_last, sp.log_expit(-lower), inner))


ordered_logistic = Distribution(
    name="ordered_logistic",
    parameters=(Parameter("eta", REAL), Parameter("cutpoints", INCREASING, core=1)),
    sampler=compositions.ordered_logistic,
    support=lambda eta, cutpoints: Domain(
        "an integer from 0 to the number of cutpoints",
        r"\{0, \dots, k\}",
        lambda x: (x >= 0) & (x <= cutpoints.shape[-1]) & e.equal(e.floor(x), x),
    ),
    dtype="int64",
    logdensity=_log_ordered,
    cells=lambda eta, cutpoints: as_expr(cutpoints.shape[-1]) + 1,
    latex=r"\mathrm{OrderedLogistic}",
)


def _second_core(n: Expr, p: Expr) -> Shape:
    return p.shape[-1:]


multinomial = Distribution(
    name="multinomial",
    parameters=(N, Parameter("p", SIMPLEX, core=1)),
    sampler=compositions.multinomial,
    support=lambda n, p: _counts_of(n),
    dtype="int64",
    core=1,
    core_shape=_second_core,
    logdensity=lambda x, n, p: (
        sp.gammaln(n + 1.0) + r.sum(sp.xlogy(x, p) - sp.gammaln(x + 1.0), -1)
    ),
    accurate=accurate.multinomial,
    mean=lambda n, p: astype(n, "float64")[..., None] * p,
    variance=lambda n, p: astype(n, "float64")[..., None] * p * (1.0 - p),
    latex=r"\mathrm{Multinomial}",
)
dirichlet_multinomial = Distribution(
    name="dirichlet_multinomial",
    parameters=(N, ALPHA),
    sampler=compositions.dirichlet_multinomial,
    support=lambda n, alpha: _counts_of(n),
    dtype="int64",
    core=1,
    core_shape=_second_core,
    logdensity=lambda x, n, alpha: (
        sp.gammaln(r.sum(alpha, -1))
        + sp.gammaln(n + 1.0)
        - sp.gammaln(n + r.sum(alpha, -1))
        + r.sum(sp.gammaln(x + alpha) - sp.gammaln(alpha) - sp.gammaln(x + 1.0), -1)
    ),
    accurate=accurate.dirichlet_multinomial,
    mean=lambda n, alpha: astype(n, "float64")[..., None] * alpha / r.sum(alpha, -1, keepdims=True),
    latex=r"\mathrm{DirichletMultinomial}",
)
dirichlet = Distribution(
    name="dirichlet",
    parameters=(ALPHA,),
    sampler=compositions.dirichlet,
    support=lambda alpha: SIMPLEX,
    core=1,
    logdensity=lambda x, alpha: (
        r.sum(sp.xlogy(alpha - 1.0, x) - sp.gammaln(alpha), -1) + sp.gammaln(r.sum(alpha, -1))
    ),
    accurate=accurate.dirichlet,
    mean=lambda alpha: alpha / r.sum(alpha, -1, keepdims=True),
    variance=lambda alpha: (
        alpha
        * (r.sum(alpha, -1, keepdims=True) - alpha)
        / (e.square(r.sum(alpha, -1, keepdims=True)) * (r.sum(alpha, -1, keepdims=True) + 1.0))
    ),
    latex=r"\mathrm{Dirichlet}",
)


def _solve(factor: Expr, b: Expr) -> Expr:
    return linalg.solve_triangular(factor, b, lower=True)


def _half_log_det(factor: Expr) -> Expr:
    return r.sum(e.log(linalg.diagonal(factor)), -1)


def _squared_length(factor: Expr, d: Expr) -> Expr:
    """Squared length of the whitened vector."""
    return r.sum(e.square(_solve(factor, d[..., None])[..., 0]), -1)


def _float(n: Any) -> Expr:
    return as_expr(float(n)) if isinstance(n, int) else astype(n, "float64")


def _log_normal(x: Expr, mean: Expr, cov: Expr) -> Expr:
    c = linalg.cholesky(cov)
    k = _float(x.shape[-1])
    return -0.5 * _squared_length(c, x - mean) - _half_log_det(c) - sp.HALF_LOG_2PI * k


multivariate_normal = Distribution(
    name="multivariate_normal",
    parameters=(Parameter("mean", VECTOR, core=1), _cov("cov")),
    sampler=compositions.multivariate_normal,
    support=lambda mean, cov: VECTOR,
    core=1,
    logdensity=_log_normal,
    mean=lambda mean, cov: mean,
    variance=lambda mean, cov: linalg.diagonal(cov),
    latex=r"\mathcal{N}",
)


def _log_t(x: Expr, loc: Expr, shape: Expr, df: Expr) -> Expr:
    c = linalg.cholesky(shape)
    k = _float(x.shape[-1])
    return (
        sp.gammaln(0.5 * (df + k))
        - sp.gammaln(0.5 * df)
        - 0.5 * k * e.log(math.pi * df)
        - _half_log_det(c)
        - 0.5 * (df + k) * e.log1p(_squared_length(c, x - loc) / df)
    )


multivariate_t = Distribution(
    name="multivariate_t",
    parameters=(
        Parameter("loc", VECTOR, core=1),
        Parameter("shape", COVARIANCE, core=2),
        Parameter("df", POSITIVE),
    ),
    sampler=compositions.multivariate_t,
    support=lambda loc, shape, df: VECTOR,
    core=1,
    logdensity=_log_t,
    mean=lambda loc, shape, df: where(df[..., None] > 1.0, loc, math.nan),
    latex=r"\mathrm{MultivariateT}",
)


def _log_matrix_normal(x: Expr, mean: Expr, rowcov: Expr, colcov: Expr) -> Expr:
    a, b = linalg.cholesky(rowcov), linalg.cholesky(colcov)
    half = _solve(a, x - mean)
    white = _solve(b, transpose(half))
    m, n = (_float(d) for d in x.shape[-2:])
    return (
        -0.5 * r.sum(e.square(white), (-2, -1))
        - n * _half_log_det(a)
        - m * _half_log_det(b)
        - sp.HALF_LOG_2PI * m * n
    )


matrix_normal = Distribution(
    name="matrix_normal",
    parameters=(
        Parameter("mean", MATRIX, core=2),
        Parameter("rowcov", COVARIANCE, core=2),
        Parameter("colcov", COVARIANCE, core=2),
    ),
    sampler=compositions.matrix_normal,
    support=lambda mean, rowcov, colcov: MATRIX,
    core=2,
    logdensity=_log_matrix_normal,
    mean=lambda mean, rowcov, colcov: mean,
    latex=r"\mathcal{MN}",
)


def _log_multigamma(a: Expr, n: Any) -> Expr:
    i = astype(arange(n), "float64")
    k = _float(n)
    return 0.25 * k * (k - 1.0) * math.log(math.pi) + r.sum(sp.gammaln(a[..., None] - 0.5 * i), -1)


def _log_wishart(x: Expr, df: Expr, scale: Expr) -> Expr:
    k = _float(scale.shape[-1])
    c, s = linalg.cholesky(x), linalg.cholesky(scale)
    trace = r.sum(e.square(_solve(s, c)), (-2, -1))
    return (
        (df - k - 1.0) * _half_log_det(c)
        - 0.5 * trace
        - 0.5 * math.log(2) * df * k
        - df * _half_log_det(s)
        - _log_multigamma(0.5 * df, scale.shape[-1])
    )


_FREE = Joint(
    "df",
    lambda df, scale: df > _float(scale.shape[-1]) - 1.0,
    "is not above the number of rows of scale less 1",
)
wishart = Distribution(
    name="wishart",
    parameters=(Parameter("df", POSITIVE), Parameter("scale", COVARIANCE, core=2)),
    joint=(_FREE,),
    sampler=compositions.wishart,
    support=lambda df, scale: COVARIANCE,
    core=2,
    logdensity=_log_wishart,
    mean=lambda df, scale: df[..., None, None] * scale,
    latex=r"\mathcal{W}",
    source="Bartlett 1933 (sampler)",
)


def _log_inverse_wishart(x: Expr, df: Expr, scale: Expr) -> Expr:
    k = _float(scale.shape[-1])
    c, s = linalg.cholesky(x), linalg.cholesky(scale)
    trace = r.sum(e.square(_solve(c, s)), (-2, -1))
    return (
        df * _half_log_det(s)
        - (df + k + 1.0) * _half_log_det(c)
        - 0.5 * trace
        - 0.5 * math.log(2) * df * k
        - _log_multigamma(0.5 * df, scale.shape[-1])
    )


inverse_wishart = Distribution(
    name="inverse_wishart",
    parameters=(Parameter("df", POSITIVE), Parameter("scale", COVARIANCE, core=2)),
    joint=(_FREE,),
    sampler=compositions.inverse_wishart,
    support=lambda df, scale: COVARIANCE,
    core=2,
    logdensity=_log_inverse_wishart,
    mean=lambda df, scale: scale / (df - _float(scale.shape[-1]) - 1.0)[..., None, None],
    latex=r"\mathcal{W}^{-1}",
)


def _static_size(n: Expr) -> int:
    if not is_constant(n) or n.type.shape:
        raise ShapeError("lkj: n, the size of the matrix, is one integer known beforehand")
    return int(value_of(n))


def _log_lkj(x: Expr, n: Expr, eta: Expr) -> Expr:
    size = _static_size(n)
    c = linalg.cholesky(x)
    # Lewandowski, Kurowicka & Joe 2009, equations 16 and 17.
    log_constant: Expr = 0.0 * eta
    for k in range(1, size):
        b = eta + 0.5 * (size - 1 - k)
        width = 2.0 * eta - 2.0 + size - k
        log_constant = (
            log_constant + width * (size - k) * math.log(2) + (size - k) * sp.betaln(b, b)
        )
    return 2.0 * (eta - 1.0) * _half_log_det(c) - log_constant


lkj = Distribution(
    name="lkj",
    joint=(Joint("n", lambda n, eta: n >= 1, "is not a positive number of rows"),),
    parameters=(N, Parameter("eta", POSITIVE)),
    sampler=compositions.lkj,
    support=lambda n, eta: CORRELATION,
    core=2,
    core_shape=lambda n, eta: (_static_size(n), _static_size(n)),
    logdensity=_log_lkj,
    latex=r"\mathrm{LKJ}",
    source="Lewandowski, Kurowicka & Joe 2009",
    doc_note="``n``, the number of rows, must be known beforehand.",
)


def _log_multivariate_hypergeometric(x: Expr, m: Expr, n: Expr) -> Expr:
    cells = astype(m, "float64")
    ways = r.sum(log_choose(cells, x + 0.0), -1)
    return ways - log_choose(r.sum(cells, -1), astype(n, "float64"))


def _sample_domain(m: Expr, n: Expr) -> Domain:
    whole = _counts_of(n)
    return replace(whole, contains=lambda x: whole.contains(x) & r.all(x <= m, -1))


def _share(m: Expr) -> Expr:
    return astype(m, "float64") / r.sum(astype(m, "float64"), -1, keepdims=True)


multivariate_hypergeometric = Distribution(
    name="multivariate_hypergeometric",
    parameters=(Parameter("m", COUNT, core=1, integer=True), N),
    sampler=compositions.multivariate_hypergeometric,
    support=_sample_domain,
    dtype="int64",
    core=1,
    logdensity=_log_multivariate_hypergeometric,
    mean=lambda m, n: astype(n, "float64")[..., None] * _share(m),
    joint=(Joint("n", lambda m, n: n <= r.sum(m, -1), "is more than the sum of m"),),
    latex=r"\mathrm{MultiHypergeometric}",
)


def _log_poisson_binomial(x: Expr, p: Expr) -> Expr:
    """By the recursion over the trials, all of whose terms are positive."""
    size = p.shape[-1]
    k = arange(as_expr(size) + 1)
    # The trials in front, and the counts last.
    trials = permute_dims(p, (p.ndim - 1, *range(p.ndim - 1)))
    start = where(e.equal(k, 0), 1.0, 0.0) + 0.0 * trials[0][..., None]

    def step(mass: Expr, q: Expr) -> tuple[Expr, None]:
        none = 0.0 * mass[..., :1]
        shifted = concatenate([none, mass[..., :-1]], axis=mass.ndim - 1)
        return mass * (1.0 - q)[..., None] + shifted * q[..., None], None

    mass, _ = scan(step, start, trials)
    return e.log(r.sum(where(e.equal(k, x[..., None]), mass, 0.0), -1))


poisson_binomial = Distribution(
    name="poisson_binomial",
    parameters=(Parameter("p", PROBABILITY, core=1),),
    sampler=compositions.poisson_binomial,
    support=lambda p: Domain(
        "an integer from 0 to the number of trials",
        r"\{0, \dots, k\}",
        lambda x: (x >= 0) & (x <= p.shape[-1]) & e.equal(e.floor(x), x),
    ),
    dtype="int64",
    logdensity=_log_poisson_binomial,
    mean=lambda p: r.sum(p, -1),
    variance=lambda p: r.sum(p * (1.0 - p), -1),
    cells=lambda p: as_expr(p.shape[-1]) + 1,
    latex=r"\mathrm{PoissonBinomial}",
    doc_note="Successes of independent trials with probabilities of their own.",
)

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
