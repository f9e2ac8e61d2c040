"""Derivatives of elementwise operations: one row an operation, one function an operand.

A function ``(g, z, *x)`` gives g times the partial derivative of the result z by its
operand, so that one row serves the reverse pass (g a cotangent) and the forward pass
(g a tangent).

Conventions at kinks: ``abs`` has derivative 0 at 0, ``maximum`` and ``minimum`` give
half to each of two equal operands, steps (``sign``, ``floor``, ...) have derivative 0
everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.gradient.build import (
    Ct,
    apart,
    both_zero,
    div,
    identically_zero,
    lit,
    masked,
    maybe_empty,
    mul,
    neg,
    number,
    over,
    product,
    sub,
    where,
)
from astragal.ops.searching import where as select

Partial: TypeAlias = "Callable[..., Ct]"


def zero(g: Expr, z: Expr, *x: Expr) -> Ct:
    """Derivative of a step."""
    return None


def _pow_base(g: Expr, z: Expr, x: Expr, y: Expr) -> Ct:
    n = number(y)
    if n is not None:
        if n == 2:
            return product(g, 2.0, x)
        if n == 0:
            return None
        inner, base = (g, x) if n > 1 else _steep(g, x)
        return product(inner, n, e.pow(base, lit(n - 1, x)))
    # At exponent 0 the power is constant, also where x**-1 is infinite.
    flat = e.equal(y, 0.0)
    if (zeros := identically_zero(x)) is not None:
        flat = e.logical_or(flat, e.logical_and(zeros, e.less(y, 1.0)))
        x = select(flat, lit(1.0, x), x)
    return where(flat, None, product(g, y, e.pow(x, select(flat, 1.0, e.subtract(y, 1.0)))))


def _steep(g: Ct, x: Expr) -> tuple[Ct, Expr]:
    """Prepare a cotangent and an operand at which a slope may be infinite."""
    if g is None:
        return None, x
    if (zeros := identically_zero(x)) is not None:
        g, x = where(zeros, None, g), select(zeros, lit(1.0, x), x)
    return g, x if g is None else apart(g, x)


def _root(g: Expr, z: Expr, x: Expr) -> Ct:
    half, below = _steep(mul(0.5, g), z)
    return div(half, below)


def _pow_exponent(g: Expr, z: Expr, x: Expr, y: Expr) -> Ct:
    # x**y log x tends to 0 with x, for positive y.
    return product(g, z, e.log(select(e.equal(x, 0.0), 1.0, x)))


def _below(g: Expr, y: Expr) -> Ct:
    """Divide; only under a mask is a denominator 0 that goes with a finite density."""
    return over(g, y) if masked(g) else div(g, y)


def _quotient(g: Expr, z: Expr, y: Expr) -> Ct:
    """Multiply by a quotient, and divide by its denominator."""
    unasked = both_zero(g, y) if masked(g) else None
    if unasked is None:
        return div(mul(g, z), y)
    return div(mul(g, select(unasked, lit(0.0, z), z)), select(unasked, lit(1.0, y), y))


def shares(z: Expr, x: Expr, y: Expr) -> tuple[Expr, Expr]:
    """Give the shares of exp(x) and exp(y) in exp(z), their sum; of two that are 0, halves."""
    gap = e.subtract(x, y)
    if maybe_empty(x) and maybe_empty(y):
        gap = select(e.equal(z, -math.inf), lit(0.0, x), gap)
    # Of one gap, so that a backend computes one exponential for both.
    return sp.expit(gap), sp.expit(e.negative(gap))


def _over(g: Expr, x: Expr, y: Expr, less: Expr | float | None = None) -> Ct:
    """Multiply by x / y, the slope of x logarithms, less a finite one.

    Of no logarithms the slope is 0, also where y is 0.
    """
    if masked(g):
        return sub(over(mul(g, x), y), mul(g, less))
    known = is_constant(x) and bool((value_of(x) != 0).all())
    below = y if known else select(e.equal(x, 0.0), 1.0, y)
    return mul(g, sub(div(x, below), 0.0 if less is None else less))


def _larger(g: Expr, x: Expr, y: Expr) -> Ct:
    """Pass g where x > y, and half of it where x = y."""
    return where(e.greater(x, y), g, where(e.equal(x, y), mul(0.5, g), None))


def _gauss(x: Expr) -> Ct:
    return e.exp(e.multiply(-0.5, e.square(x)))


_ROOT_2PI = math.sqrt(2 * math.pi)

# fmt: off
PARTIALS: dict[str, tuple[Partial, ...]] = {
    # Arithmetic
    "add":        (lambda g, z, x, y: g, lambda g, z, x, y: g),
    "subtract":   (lambda g, z, x, y: g, lambda g, z, x, y: neg(g)),
    "multiply":   (lambda g, z, x, y: mul(g, y), lambda g, z, x, y: mul(g, x)),
    "divide":     (lambda g, z, x, y: _below(g, y), lambda g, z, x, y: neg(_quotient(g, z, y))),
    "floor_divide": (zero, zero),
    "remainder":  (lambda g, z, x, y: g, lambda g, z, x, y: neg(mul(g, e.floor_divide(x, y)))),
    "pow":        (_pow_base, _pow_exponent),
    "negative":   (lambda g, z, x: neg(g),),
    "positive":   (lambda g, z, x: g,),
    "abs":        (lambda g, z, x: mul(g, e.sign(x)),),
    "sign":       (zero,),
    "square":     (lambda g, z, x: product(g, 2.0, x),),
    "reciprocal": (lambda g, z, x: neg(mul(g, e.square(z))),),
    "maximum":    (lambda g, z, x, y: _larger(g, x, y), lambda g, z, x, y: _larger(g, y, x)),
    "minimum":    (lambda g, z, x, y: _larger(g, y, x), lambda g, z, x, y: _larger(g, x, y)),
    # Powers, exponentials and logarithms
    "sqrt":       (_root,),
    "exp":        (lambda g, z, x: mul(g, z),),
    "expm1":      (lambda g, z, x: mul(g, e.exp(x)),),
    "log":        (lambda g, z, x: over(g, x),),
    "log1p":      (lambda g, z, x: over(g, e.add(x, 1.0)),),
    "log2":       (lambda g, z, x: over(mul(1 / math.log(2), g), x),),
    "log10":      (lambda g, z, x: over(mul(1 / math.log(10), g), x),),
    "logaddexp":  (lambda g, z, x, y: mul(g, shares(z, x, y)[0]),
                   lambda g, z, x, y: mul(g, shares(z, x, y)[1])),
    "hypot":      (lambda g, z, x, y: mul(g, div(x, z)), lambda g, z, x, y: mul(g, div(y, z))),
    "copysign":   (lambda g, z, x, y: mul(g, e.copysign(e.sign(x), e.multiply(x, y))), zero),
    # Trigonometric and hyperbolic
    "sin":        (lambda g, z, x: mul(g, e.cos(x)),),
    "cos":        (lambda g, z, x: neg(mul(g, e.sin(x))),),
    "tan":        (lambda g, z, x: mul(g, e.add(e.square(z), 1.0)),),
    "asin":       (lambda g, z, x: div(g, e.sqrt(e.subtract(1.0, e.square(x)))),),
    "acos":       (lambda g, z, x: neg(div(g, e.sqrt(e.subtract(1.0, e.square(x))))),),
    "atan":       (lambda g, z, x: div(g, e.add(e.square(x), 1.0)),),
    "atan2":      (lambda g, z, y, x: mul(g, e.divide(x, e.add(e.square(x), e.square(y)))),
                   lambda g, z, y, x: neg(mul(g, e.divide(y, e.add(e.square(x), e.square(y)))))),
    "sinh":       (lambda g, z, x: mul(g, e.cosh(x)),),
    "cosh":       (lambda g, z, x: mul(g, e.sinh(x)),),
    "tanh":       (lambda g, z, x: mul(g, e.subtract(1.0, e.square(z))),),
    "asinh":      (lambda g, z, x: div(g, e.sqrt(e.add(e.square(x), 1.0))),),
    "acosh":      (lambda g, z, x: div(g, e.sqrt(e.multiply(e.subtract(x, 1.0), e.add(x, 1.0)))),),
    "atanh":      (lambda g, z, x: div(g, e.subtract(1.0, e.square(x))),),
    # Rounding
    "floor": (zero,), "ceil": (zero,), "round": (zero,), "trunc": (zero,),
    # Special functions
    "gammaln":    (lambda g, z, x: mul(g, sp.digamma(x)),),
    "digamma":    (lambda g, z, x: mul(g, sp.polygamma(1.0, x)),),
    "betaln":     (lambda g, z, a, b: mul(g, sub(sp.digamma(a), sp.digamma(e.add(a, b)))),
                   lambda g, z, a, b: mul(g, sub(sp.digamma(b), sp.digamma(e.add(a, b))))),
    "log_gamma_density": (lambda g, z, a, x: mul(g, sub(e.log(x), sp.digamma(a))),
                          lambda g, z, a, x: _over(g, e.subtract(a, 1.0), x, 1.0)),
    "log_beta_density": (lambda g, z, a, b, p, q: mul(g, _shape_slope(a, b, p)),
                         lambda g, z, a, b, p, q: mul(g, _shape_slope(b, a, q)),
                         lambda g, z, a, b, p, q: _over(g, e.subtract(a, 1.0), p, e.add(a, b)),
                         lambda g, z, a, b, p, q: _over(g, e.subtract(b, 1.0), q, e.add(a, b))),
    "erf":        (lambda g, z, x: product(g, 2 / math.sqrt(math.pi), e.exp(-e.square(x))),),
    "erfc":       (lambda g, z, x: product(g, -2 / math.sqrt(math.pi), e.exp(-e.square(x))),),
    "erfinv":     (lambda g, z, x: product(g, math.sqrt(math.pi) / 2, e.exp(e.square(z))),),
    "ndtr":       (lambda g, z, x: product(g, 1 / _ROOT_2PI, _gauss(x)),),
    "ndtri":      (lambda g, z, x: product(g, _ROOT_2PI, e.exp(e.multiply(0.5, e.square(z)))),),
    # The logarithm of the density less that of the probability: their ratio underflows.
    "log_ndtr":   (lambda g, z, x: mul(g, e.exp(-0.5 * e.square(x) - z - sp.HALF_LOG_2PI)),),
    "expit":      (lambda g, z, x: mul(g, e.multiply(z, e.subtract(1.0, z))),),
    "logit":      (lambda g, z, x: over(g, e.multiply(x, e.subtract(1.0, x))),),
    "log1mexp":   (lambda g, z, x: neg(over(g, e.expm1(e.negative(x)))),),
    "xlogy":      (lambda g, z, x, y: mul(g, e.log(y)), lambda g, z, x, y: _over(g, x, y)),
    "xlog1py":    (lambda g, z, x, y: mul(g, e.log1p(y)),
                   lambda g, z, x, y: _over(g, x, e.add(y, 1.0))),
    "i0e":        (lambda g, z, x: mul(g, sub(sp.i1e(x), mul(e.sign(x), z))),),
    "i1e":        (lambda g, z, x: mul(g, sub(_i1_slope(z, x), mul(e.sign(x), z))),),
    "owens_t":    (lambda g, z, h, a: product(g, -0.5 / _ROOT_2PI, _gauss(h),
                                              sp.erf(e.multiply(math.sqrt(0.5), e.multiply(a, h)))),
                   lambda g, z, h, a: mul(g, div(
                       _gauss(e.multiply(h, e.sqrt(e.add(e.square(a), 1.0)))),
                       e.multiply(2 * math.pi, e.add(e.square(a), 1.0))))),
}
# fmt: on


def _i1_slope(z: Expr, x: Expr) -> Ct:
    # i1'(x) = i0(x) - i1(x) / x, where the quotient tends to 1/2 at 0.
    at0 = e.equal(x, 0.0)
    return sub(sp.i0e(x), select(at0, 0.5, e.divide(z, select(at0, 1.0, x))))


def _shape_slope(a: Expr, b: Expr, p: Expr) -> Ct:
    return sub(e.log(p), sub(sp.digamma(a), sp.digamma(e.add(a, b))))


def _log_beta_density(a: Expr, b: Expr, x: Expr) -> Expr:
    return sp.xlogy(a - 1.0, x) + sp.xlog1py(b - 1.0, -x) - sp.betaln(a, b)


def _log_gamma_density(a: Expr, x: Expr) -> Expr:
    return sp.xlogy(a - 1.0, x) - x - sp.gammaln(a)


def _log_kve_slope(g: Expr, z: Expr, v: Expr, x: Expr) -> Ct:
    # K_v' = -K_(v-1) - (v / x) K_v, and K is even in its order.
    order = e.abs(v)
    ratio = e.exp(sp.log_kve(e.abs(order - 1.0), x) - z)
    return mul(g, 1.0 - ratio - order / x)


_NO_CLOSED_FORM = "its derivative by operand {} has no closed form"
_PARAMETER = (
    "its derivative by parameter {} has no closed form; the derivative by its last operand "
    "exists. For a gradient by the parameter use a log density, which needs no incomplete integral"
)
# fmt: off
ONE_OPERAND: dict[str, tuple[int, Partial, str]] = {
    "betainc":      (2, lambda g, z, a, b, x: mul(g, e.exp(_log_beta_density(a, b, x))),
                     _PARAMETER),
    "betaincinv":   (2, lambda g, z, a, b, y: mul(g, e.exp(-_log_beta_density(a, b, z))),
                     _PARAMETER),
    "gammainc":     (1, lambda g, z, a, x: mul(g, e.exp(_log_gamma_density(a, x))), _PARAMETER),
    "gammaincc":    (1, lambda g, z, a, x: neg(mul(g, e.exp(_log_gamma_density(a, x)))),
                     _PARAMETER),
    "gammaincinv":  (1, lambda g, z, a, y: mul(g, e.exp(-_log_gamma_density(a, z))), _PARAMETER),
    "gammainccinv": (1, lambda g, z, a, y: neg(mul(g, e.exp(-_log_gamma_density(a, z)))),
                     _PARAMETER),
    "polygamma":    (1, lambda g, z, n, x: mul(g, sp.polygamma(n + 1.0, x)),
                     _NO_CLOSED_FORM + ", the order"),
    "zeta":         (1, lambda g, z, s, q: neg(product(g, s, sp.zeta(s + 1.0, q))),
                     _NO_CLOSED_FORM + ", the exponent"),
    "log_kve":      (1, _log_kve_slope, _NO_CLOSED_FORM + ", the order"),
}
# fmt: on
"""Operations with a derivative by one operand alone: its position, the rule, why not the rest."""
