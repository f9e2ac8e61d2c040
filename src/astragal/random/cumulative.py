"""Probabilities of tails that have no formula: sums of positive terms, and quadrature.

Each side is a sum of positive numbers where it is the smaller, so that it keeps its digits
however small it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.creation import arange
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random import accurate
from astragal.random.distribution import Function, Tails
from astragal.random.series import TERMS, beta_peak, chi_square_peak, log_sum, together

# -- laws whose shape grows by a Poisson count -------------------------------------------------


def _mixed(half: Expr, peak: Expr, below: bool, part: Callable[[Expr], Expr]) -> Expr:
    """Log of the mean of a tail over a Poisson count of mean ``half``."""
    # A tail grows or falls with the count: the density's largest term, or one nearer the mean.
    place = e.minimum(peak, half) if below else e.maximum(peak, half)
    return accurate.over_counts(half, place, lambda j: _log(part(j)))


def _log(x: Expr) -> Expr:
    """Logarithm of a number that may have underflowed, without a NaN in its gradient."""
    some = x > 0.0
    return where(some, e.log(where(some, x, 1.0)), -math.inf)


def _chi_square_side(below: bool) -> Function:
    share = sp.gammainc if below else sp.gammaincc

    def side(x: Expr, df: Expr, nonc: Expr) -> Expr:
        x, df, nonc = together(x, df, nonc)
        y, a = 0.5 * x[..., None], 0.5 * df[..., None]
        peak = chi_square_peak(df, nonc, x)
        return _mixed(0.5 * nonc, peak, below, lambda j: share(a + j, y))

    return side


CHI_SQUARE = _chi_square_side(True), _chi_square_side(False)


def _beta_side(x: Expr, rest: Expr, a: Expr, b: Expr, nonc: Expr, below: bool) -> Expr:
    """One side at x = 1 - rest."""
    x, rest, a, b, half = together(x, rest, a, b, 0.5 * nonc)
    y, z, p, q = (v[..., None] for v in (x, rest, a, b))

    def part(j: Expr) -> Expr:
        return sp.betainc(p + j, q, y) if below else sp.betainc(q, p + j, z)

    return _mixed(half, beta_peak(a, b, half * x), below, part)


def _f_side(below: bool) -> Function:
    def side(x: Expr, dfnum: Expr, dfden: Expr, nonc: Expr) -> Expr:
        ratio = dfnum / dfden * x
        rest = 1.0 / (1.0 + ratio)
        return _beta_side(ratio * rest, rest, 0.5 * dfnum, 0.5 * dfden, nonc, below)

    return side


def _rice_side(below: bool) -> Function:
    def side(x: Expr, nu: Expr, scale: Expr) -> Expr:
        squares = e.square(x / scale), as_expr(2.0), e.square(nu / scale)
        return CHI_SQUARE[0 if below else 1](*squares)

    return side


def _skellam_side(below: bool) -> Function:
    # Johnson 1959: a difference of Poisson counts and the noncentral chi-square law.
    def side(x: Expr, mu1: Expr, mu2: Expr) -> Expr:
        k, a, b = together(x, mu1, mu2)
        if not below:
            # P(X > k) = P(-X <= -k - 1).
            k, a, b = -k - 1.0, b, a
        low = k < 0.0
        under = CHI_SQUARE[0](2.0 * b, e.maximum(-2.0 * k, 1.0), 2.0 * a)
        over = CHI_SQUARE[1](2.0 * a, e.maximum(2.0 * k + 2.0, 1.0), 2.0 * b)
        return where(low, under, over)

    return side


noncentral_chi_square = Tails(*CHI_SQUARE)
noncentral_beta = Tails(
    lambda x, a, b, nonc: _beta_side(x, 1.0 - x, a, b, nonc, True),
    lambda x, a, b, nonc: _beta_side(x, 1.0 - x, a, b, nonc, False),
)
noncentral_f = Tails(_f_side(True), _f_side(False))
rice = Tails(_rice_side(True), _rice_side(False))
skellam = Tails(_skellam_side(True), _skellam_side(False))


# -- counts ------------------------------------------------------------------------------------


def _zipf_above(x: Expr, a: Expr) -> Expr:
    return e.log(sp.zeta(a, x + 1.0)) - e.log(sp.zeta(a, 1.0))


def _log_series_above(x: Expr, p: Expr) -> Expr:
    # The integral of exp(-(x + 1) u) / (1 - p exp(-u)), by the trapezoid rule in log u: there it
    # falls off at least exponentially, and the nearest singularity is pi / 2 away.
    x, p = together(x, p)
    least = -e.log(x + 1.0)
    low = e.minimum(e.log1p(-p), least) - 40.0
    step = (least + 4.0 - low) / 511.0
    w = low[..., None] + step[..., None] * arange(512).astype("float64")
    u = e.exp(w)
    terms = w - (x + 1.0)[..., None] * u - e.log(-e.expm1(e.log(p)[..., None] - u))
    return log_sum(terms) + e.log(step) + (x + 1.0) * e.log(p) - e.log(-e.log1p(-p))


def _complement(above: Function) -> Function:
    return lambda x, *p: sp.log1mexp(e.minimum(above(x, *p), -1e-300))


zipf = Tails(_complement(_zipf_above), _zipf_above)
log_series = Tails(_complement(_log_series_above), _log_series_above)


def _outward(log_mass: Callable[[Expr], Expr], start: Expr, end: Expr, sign: int) -> Expr:
    """Log of a sum of masses from one count to an end; NaN where 1024 of them are too few."""
    steps = arange(TERMS).astype("float64")
    k = start[..., None] + sign * steps
    inside = sign * (end[..., None] - k) >= 0.0
    terms = log_mass(where(inside, k, end[..., None]))
    total = log_sum(where(inside, terms, -math.inf))
    # What is left falls on from the last term: it is no more than as many of it.
    left = sign * (end - start) - (TERMS - 1.0)
    rest = terms[..., -1] + e.log(e.maximum(left, 1.0)) - total
    return where((left <= 0.0) | (rest < math.log(1e-13)), total, math.nan)


def _beta_binomial_side(below: bool) -> Function:
    def side(x: Expr, n: Expr, a: Expr, b: Expr) -> Expr:
        x, n, a, b = together(x, n, a, b)

        def mass(k: Expr) -> Expr:
            return accurate.beta_binomial(k, n[..., None], a[..., None], b[..., None])

        first, second = _outward(mass, x, 0.0 * n, -1), _outward(mass, x + 1.0, n, 1)
        own, other = (first, second) if below else (second, first)
        # The side in which the mean is not.
        near = x * (a + b) <= n * a if below else x * (a + b) >= n * a
        return where(near | e.isnan(other), own, sp.log1mexp(e.minimum(other, -1e-300)))

    return side


beta_binomial = Tails(_beta_binomial_side(True), _beta_binomial_side(False))
negative_hypergeometric = Tails(
    lambda x, ngood, nbad, r: _beta_binomial_side(True)(x, ngood, r + 0.0, nbad - r + 1.0),
    lambda x, ngood, nbad, r: _beta_binomial_side(False)(x, ngood, r + 0.0, nbad - r + 1.0),
)


# -- angles ------------------------------------------------------------------------------------

_NODES, _WEIGHTS = (v.tolist() for v in np.polynomial.legendre.leggauss(64))


def _arc(u: Expr, v: Expr, kappa: Expr) -> tuple[Expr, Expr]:
    """Integrate exp(kappa (cos t - cos u)) from u to v, between 0 and pi; and kappa (cos u - 1).

    Beyond where it has fallen by exp(-42) the integrand is left out. On what remains, Gauss's
    rule with 64 nodes is exact to rounding.
    """
    s = e.sin(0.5 * u)
    far = e.minimum(e.sqrt(e.square(s) + 21.0 / e.maximum(kappa, 1e-300)), 1.0)
    width = e.minimum(v - u, e.maximum(2.0 * e.asin(far) - u, 0.0))
    half = 0.5 * width
    y = half[..., None] * (as_expr(_NODES) + 1.0)
    drop = -2.0 * kappa[..., None] * e.sin(u[..., None] + 0.5 * y) * e.sin(0.5 * y)
    return half * r.sum(as_expr(_WEIGHTS) * e.exp(drop), -1), -2.0 * kappa * e.square(s)


def _arcs(low: Expr, high: Expr, kappa: Expr) -> Expr:
    """Log of the integral of exp(kappa (cos t - 1)), for angles of up to a turn either way."""
    sums, tops = [], []
    for cell in (-2, -1, 0, 1):
        a = e.minimum(e.maximum(low, cell * math.pi), (cell + 1) * math.pi)
        b = e.minimum(e.maximum(high, cell * math.pi), (cell + 1) * math.pi)
        # By the symmetries of the cosine to between 0 and pi, where it falls.
        u, v = {
            -2: (a + 2 * math.pi, b + 2 * math.pi),
            -1: (-b, -a),
            0: (a, b),
            1: (2 * math.pi - b, 2 * math.pi - a),
        }[cell]
        total, top = _arc(e.maximum(u, 0.0), e.maximum(v, 0.0), kappa)
        sums.append(total)
        tops.append(where(b > a, top, -math.inf))
    top = tops[0]
    for t in tops[1:]:
        top = e.maximum(top, t)
    top = where(e.isfinite(top), top, 0.0)
    total = as_expr(0.0)
    for s, t in zip(sums, tops, strict=True):
        total = total + s * e.exp(t - top)
    return e.log(total) + top


def _angle_side(below: bool) -> Function:
    def side(x: Expr, mu: Expr, kappa: Expr) -> Expr:
        x, mu, kappa = together(x, mu, kappa)
        centre = mu - 2.0 * math.pi * e.floor((mu + math.pi) / (2.0 * math.pi))
        ends = (-math.pi - centre, x - centre) if below else (x - centre, math.pi - centre)
        return _arcs(*ends, kappa) - math.log(2.0 * math.pi) - e.log(sp.i0e(kappa))

    return side


von_mises = Tails(_angle_side(True), _angle_side(False))
