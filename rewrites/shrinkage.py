r"""Shrinkage: the lasso, the horseshoe and Student's errors, each law given all others.

    v_j ~ Exponential(λ²/2)        b_j | v ~ Normal(0, σ √v_j)        y | b ~ Normal(X b, σ)
    ──────────────────────────────────────────────────────────────────────────────────────
    b | v, y ~ Normal(A⁻¹ Xᵀ y, σ² A⁻¹)        A = Xᵀ X + diag(1 / v)

A coefficient that is normal given a scale of its own has a Gibbs step for each: the scales see the
coefficients and nothing of the data, and what is above the scales sees these alone.

Example: the variance of a lasso's coefficient.

>>> import astragal as ag
>>> from astragal.rewrites.shrinkage import lasso_variance
>>> k1, k2 = ag.split(ag.key(1))
>>> v = ag.random.exponential(k1, rate=0.5)
>>> b = ag.random.normal(k2, 0.0, 2.0 * ag.sqrt(v))
>>> posterior, _ = lasso_variance.forward((v, b))
>>> posterior.op.name
'generalized_inverse_gaussian'
"""

from astragal import (
    Integer,
    Key,
    Matrix,
    Positive,
    PositiveVector,
    constant,
    linalg,
    matmul,
    matrix_transpose,
    relation,
    sqrt,
    square,
    sum,
)
from astragal.random import (
    exponential,
    gamma,
    half_cauchy,
    inverse_gamma,
    laplace,
    multivariate_normal,
    normal,
    student_t,
)
from astragal.rewrites.conjugate_rates import gig
from astragal.rewrites.conjugate_vectors import inverse

PARK = "Park & Casella 2008, J. Am. Stat. Assoc. 103"
MAKALIC = "Makalic & Schmidt 2016, IEEE Signal Process. Lett. 23"
WEST = "West 1987, Biometrika 74"

# The lasso ---------------------------------------------------------------------------------------


@relation("reversal", source=PARK)
def lasso_variance(kv: Key, kb: Key, r, s):
    """The variance of a coefficient whose marginal law is Laplace's."""
    v = exponential(kv, rate=r)
    yield v, normal(kb, 0.0, s * sqrt(v))
    b = laplace(kb, 0.0, s / sqrt(2 * r))
    yield gig(kv, constant(0.5), 2 * r, square(b / s)), b


@relation("conditional", source=PARK)
def lasso_rate(kr: Key, kv: Key, α, β, n: Integer):
    """The squared penalty, with a gamma prior: it sees the variances alone."""
    r = gamma(kr, α, rate=β)
    v = exponential(kv, rate=r / 2, size=(n,))
    yield r, v
    yield gamma(kr, α + n, rate=β + sum(v) / 2), v


@relation("conditional", source=PARK)
def lasso_coefficients(kv: Key, kb: Key, ky: Key, r, X: Matrix, s):
    """The coefficients, in units of the errors."""
    v = exponential(kv, rate=r, size=(X.shape[1],))
    b = normal(kb, 0.0, s * sqrt(v))
    y = normal(ky, matmul(X, b), s)
    yield v, b, y
    Xt = matrix_transpose(X)
    unit = inverse(matmul(Xt, X) + linalg.diag(1 / v))
    yield v, multivariate_normal(kb, matmul(unit, matmul(Xt, y)), s**2 * unit), y


@relation("conditional", source=PARK)
def lasso_errors(kv: Key, kb: Key, ky: Key, α, β, t: PositiveVector, X: Matrix):
    """The variance of the errors, in units of which coefficients are spread."""
    v = inverse_gamma(kv, α, scale=β)
    b = normal(kb, 0.0, t * sqrt(v))
    y = normal(ky, matmul(X, b), sqrt(v))
    yield v, b, y
    squares = sum(square(y - matmul(X, b))) + sum(square(b / t))
    n = X.shape[0] + X.shape[1]
    yield inverse_gamma(kv, α + n / 2, scale=β + squares / 2), b, y


# The horseshoe -----------------------------------------------------------------------------------


@relation("conditional", source=MAKALIC)
def horseshoe_coefficients(kl: Key, kb: Key, ky: Key, t: Positive, X: Matrix, s):
    """The coefficients, given the local scales."""
    size = half_cauchy(kl, 1.0, size=(X.shape[1],))
    b = normal(kb, 0.0, t * size)
    y = normal(ky, matmul(X, b), s)
    yield size, b, y
    Xt = matrix_transpose(X)
    unit = inverse(matmul(Xt, X) / s**2 + linalg.diag((t * size) ** -2.0))
    yield size, multivariate_normal(kb, matmul(unit, matmul(Xt, y)) / s**2, unit), y


@relation("conditional", source=MAKALIC)
def horseshoe_local_variance(kν: Key, kv: Key, kb: Key, c, t: Positive):
    """A local variance, whose scale has an inverse gamma law as well."""
    ν = inverse_gamma(kν, 0.5, scale=c)
    v = inverse_gamma(kv, 0.5, scale=1 / ν)
    b = normal(kb, 0.0, t * sqrt(v))
    yield ν, v, b
    yield ν, inverse_gamma(kv, 1.0, scale=1 / ν + square(b / t) / 2), b


@relation("conditional", source="Wand et al. 2011, Bayesian Anal. 6")
def half_cauchy_variance(kν: Key, kv: Key, ky: Key, c, m):
    """A variance whose root is half-Cauchy, after one observation."""
    ν = inverse_gamma(kν, 0.5, scale=c)
    v = inverse_gamma(kv, 0.5, scale=1 / ν)
    y = normal(ky, m, sqrt(v))
    yield ν, v, y
    yield ν, inverse_gamma(kv, 1.0, scale=1 / ν + square(y - m) / 2), y


# Student's errors --------------------------------------------------------------------------------


@relation("conditional", source=WEST)
def student_mean(kμ: Key, kw: Key, ky: Key, m, s, a, r, t: Positive, n: Integer):
    """The mean of normal variables, given the weights that make them Student's."""
    μ = normal(kμ, m, s)
    w = gamma(kw, a, rate=r, size=(n,))
    y = normal(ky, μ, t / sqrt(w))
    yield μ, w, y
    p = s**-2 + sum(w) / t**2
    yield normal(kμ, (m * s**-2 + sum(w * y) / t**2) / p, 1 / sqrt(p)), w, y


@relation("conditional", source=WEST)
def student_variance(kv: Key, kw: Key, ky: Key, α, β, a, r, m, n: Integer):
    """Their common variance, given the weights."""
    v = inverse_gamma(kv, α, scale=β)
    w = gamma(kw, a, rate=r, size=(n,))
    y = normal(ky, m, sqrt(v / w))
    yield v, w, y
    yield inverse_gamma(kv, α + n / 2, scale=β + sum(w * square(y - m)) / 2), w, y


@relation("reversal", source=WEST)
def cauchy_weight(kw: Key, ky: Key, m, s):
    """The weight of a Cauchy variable has a law of shape 1: it is a waiting time."""
    w = gamma(kw, 0.5, rate=0.5)
    yield w, normal(ky, m, s / sqrt(w))
    y = student_t(ky, 1.0, m, s)
    yield exponential(kw, rate=(1 + square((y - m) / s)) / 2), y
