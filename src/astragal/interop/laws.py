"""Random variables of PyTensor and PyMC: one row a class, with the parameters converted.

A row takes the operands of their random variable, after the generator and the size, in their
order, and gives a law of ours, and what is added to its draws where they are shifted. The
conventions are those of the two libraries' own sampling functions and densities.
"""

# A row says what the operands are called, also where it passes them on as they are.
# ruff: noqa: PLW0108

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from astragal import random as r
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, value_of
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops.creation import eye
from astragal.ops.declare import ASTYPE
from astragal.ops.manipulation import astype, matrix_transpose
from astragal.ops.products import diag, kron, matmul
from astragal.ops.reductions import sum as total
from astragal.random import discrete
from astragal.random.combinators import op_of_named
from astragal.random.wrapper import Law

Row = Callable[..., Law | tuple[Law, Expr]]


def _is_one(x: Expr) -> bool:
    return is_constant(x) and bool((value_of(x) == 1).all())


def rate(scale: Expr) -> Expr:
    """One divided by a scale; what is one divided by a rate gives that rate back."""
    # A cast changes the number of digits, not the meaning.
    while scale.op is ASTYPE and scale.args[0].dtype in FLOATS:
        scale = scale.args[0]
    if scale.op is e.reciprocal:
        found: Expr = scale.args[0]
    elif (
        scale.op is e.divide and is_constant(scale.args[0]) and (value_of(scale.args[0]) == 1).all()
    ):
        found = scale.args[1]
    else:
        found = 1.0 / scale
    return constant(value_of(found), "float64") if is_constant(found) else found


def _shifted(law: Law, loc: Expr) -> Law | tuple[Law, Expr]:
    return law if is_constant(loc) and not value_of(loc).any() else (law, loc)


def _whole(n: Expr) -> Expr:
    return n if n.dtype == "int64" else astype(n, "int64")


def _half_cauchy(*p: Expr) -> Law | tuple[Law, Expr]:
    # PyTensor's has a location before the scale, PyMC's has the scale alone.
    return _shifted(r.half_cauchy.law(p[-1]), p[0]) if len(p) == 2 else r.half_cauchy.law(p[0])


def _point_mass(value: Expr) -> Law:
    at = value_of(value) if is_constant(value) else None
    if at is None or (at != 0).any():
        raise UnsupportedError("a point mass is read at the constant 0 only")
    return Law(op_of_named(discrete.point_mass), (0,))


def _wald(mean: Expr, scale: Expr, *shift: Expr) -> Law | tuple[Law, Expr]:
    # PyMC's has a third parameter, which is added to the draw.
    law = r.inverse_gaussian.law(mean, scale)
    return _shifted(law, shift[0]) if shift else law


def _square(factor: Expr) -> Expr:
    return matmul(factor, matrix_transpose(factor))


def _kronecker_normal(mean: Expr, noise: Expr, *parts: Expr) -> Law:
    cov = functools.reduce(kron, parts)
    return r.multivariate_normal.law(mean, cov=cov + noise**2 * eye(cov.shape[-1]))


def _car(mean: Expr, neighbours: Expr, alpha: Expr, tau: Expr, _valid: Expr) -> Law:
    # PyMC leaves out a constant: half the log determinant of the degrees, and that of 2 pi.
    degrees = diag(total(neighbours, axis=-1))
    return r.multivariate_normal.law(mean, precision=tau * (degrees - alpha * neighbours))


# fmt: off
LAWS: dict[str, Row] = {
    # numbers
    "NormalRV":          lambda mu, sigma: r.normal.law(mu, sigma),
    "SkewNormalRV":      lambda mu, sigma, alpha: r.skew_normal.law(mu, sigma, alpha),
    "StudentTRV":        lambda nu, mu, sigma: r.student_t.law(nu, mu, sigma),
    "CauchyRV":          lambda loc, scale: r.cauchy.law(loc, scale),
    "LaplaceRV":         lambda mu, b: r.laplace.law(mu, b),
    # density below mu: exp(b (x - mu) / kappa); above: exp(-b kappa (x - mu))
    "AsymmetricLaplaceRV": lambda b, kappa, mu: r.asymmetric_laplace.law(mu, rate(b), kappa),
    "LogisticRV":        lambda mu, s: r.logistic.law(mu, s),
    "GumbelRV":          lambda mu, beta: r.gumbel.law(mu, beta),
    "ExGaussianRV":      lambda mu, sigma, nu: r.ex_gaussian.law(mu, sigma, nu),
    # exp((mu - x) / sigma) is a square of a standard normal
    "MoyalRV":           lambda mu, sigma: r.transformed.law(
        r.log_gamma.law(0.5), "affine", mu - sigma * math.log(2.0), -sigma),
    "FlatRV":            lambda: r.improper_uniform.law(),
    # between two bounds
    "UniformRV":         lambda low, high: r.uniform.law(low, high),
    "TriangularRV":      lambda lower, c, upper: r.triangular.law(lower, c, upper),
    "TruncatedNormalRV": lambda mu, sigma, a, b: r.truncated_normal.law(mu, sigma, a, b),
    "BetaRV":            lambda a, b: r.beta.law(a, b),
    "BetaClippedRV":     lambda a, b: r.beta.law(a, b),
    "KumaraswamyRV":     lambda a, b: r.kumaraswamy.law(a, b),
    "LogitNormal":       lambda mu, sigma: r.logit_normal.law(mu, sigma),
    "VonMisesRV":        lambda mu, kappa: r.von_mises.law(mu, kappa),
    # positive numbers
    "HalfNormalRV":      lambda loc, sigma: _shifted(r.half_normal.law(sigma), loc),
    "HalfCauchyRV":      _half_cauchy,
    "HalfStudentTRV":    lambda nu, sigma: r.half_student_t.law(nu, sigma),
    "HalfFlatRV":        lambda: r.improper_uniform.law(0.0, math.inf),
    "LogNormalRV":       lambda mu, sigma: r.lognormal.law(mu, sigma),
    "GammaRV":           lambda shape, scale: r.gamma.law(shape, rate=rate(scale)),
    "InvGammaRV":        lambda shape, scale: r.inverse_gamma.law(shape, scale=scale),
    # SciPy's gengamma(alpha / p, p, scale=lambd): a gamma variable to the power 1 / p
    "GenGammaRV":        lambda alpha, p, lambd: r.generalized_gamma.law(alpha / p, p, lambd),
    "ExponentialRV":     lambda scale: r.exponential.law(rate=rate(scale)),
    "WeibullRV":         lambda shape: r.weibull.law(shape, 1.0),
    "WeibullBetaRV":     lambda alpha, beta: r.weibull.law(alpha, beta),
    "ParetoRV":          lambda b, scale: r.pareto.law(b, scale),
    "WaldRV":            _wald,
    # SciPy's: the first operand is nu / sigma
    "RiceRV":            lambda b, sigma: r.rice.law(b * sigma, sigma),
    "PolyaGammaRV":      lambda h, z: r.polya_gamma.law(h, z),
    # exponential draws below b times the scale
    "TruncExponentialRV": lambda b, loc, scale: _shifted(
        r.truncated.law(r.exponential.law(rate=rate(scale)), 0.0, b * scale), loc),
    # counts
    "DiracDeltaRV":      _point_mass,
    "BernoulliRV":       lambda p: r.bernoulli.law(p),
    "BinomialRV":        lambda n, p: r.binomial.law(_whole(n), p),
    # failures before the n-th success
    "NegBinomialRV":     lambda n, p: r.negative_binomial.law(n, p),
    "BetaBinomialRV":    lambda n, a, b: r.beta_binomial.law(_whole(n), a, b),
    "PoissonRV":         lambda mu: r.poisson.law(mu),
    # trials up to the first success
    "GeometricRV":       lambda p: r.geometric.law(p),
    "HyperGeometricRV":  lambda good, bad, n: r.hypergeometric.law(
        _whole(good), _whole(bad), _whole(n)),
    # PyTensor's excludes the upper end, PyMC's includes it.
    "IntegersRV":        lambda low, high: r.discrete_uniform.law(_whole(low), _whole(high)),
    "DiscreteUniformRV": lambda low, high: r.discrete_uniform.law(_whole(low), _whole(high) + 1),
    "CategoricalRV":     lambda p: r.categorical.law(p),
    "MultinomialRV":     lambda n, p: r.multinomial.law(_whole(n), p),
    "DirichletMultinomialRV": lambda n, a: r.dirichlet_multinomial.law(_whole(n), a),
    # vectors and matrices
    "DirichletRV":       lambda a: r.dirichlet.law(a),
    "MvNormalRV":        lambda mean, cov: r.multivariate_normal.law(mean, cov=cov),
    "PrecisionMvNormalRV": lambda mean, tau: r.multivariate_normal.law(mean, precision=tau),
    "MvStudentTRV":      lambda nu, mu, scale: r.multivariate_t.law(mu, scale, nu),
    # the Cholesky factors of the two covariances
    "MatrixNormalRV":    lambda mu, row, col: r.matrix_normal.law(mu, _square(row), _square(col)),
    "KroneckerNormalRV": _kronecker_normal,
    "CARRV":             _car,
    "WishartRV":         lambda nu, v: r.wishart.law(nu, v),
}
# fmt: on
