"""Sums of positive series in logarithms, around their largest term."""

from __future__ import annotations

from collections.abc import Callable

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.creation import arange
from astragal.ops.declare import cast
from astragal.ops.manipulation import astype, broadcast_arrays
from astragal.ops.searching import where

TERMS = 1024
"""Terms on both sides of the largest together."""


def around(peak: Expr, least: Expr | float = 0.0) -> tuple[Expr, Expr]:
    """Give the numbers of the terms around one of them, along a new last dimension.

    Parameters
    ----------
    peak
        Number of the largest term, of a series no wider than a Poisson count of that mean.
    least
        The first number.

    Returns
    -------
    tuple of Expr
        The numbers, and the logarithm of their distance. That is more than 1 where 1024 of
        them would not reach 8 deviations. The terms are smooth then: a sum with steps of a
        32nd of a deviation is the whole sum over the step, to rounding (Poisson's summation).
    """
    step = e.maximum(e.ceil(e.sqrt(e.maximum(peak, 1.0)) / 64.0), 1.0)
    first = e.maximum(e.floor(peak) - 0.5 * TERMS * step, least)
    # As integers: which terms are taken has no derivative.
    whole = astype(first, "int64")[..., None] + astype(step, "int64")[..., None] * arange(TERMS)
    return astype(whole, "float64"), e.log(astype(astype(step, "int64"), "float64"))


def log_sum(terms: Expr) -> Expr:
    """Log of the sum of exponentials over the last dimension."""
    top = r.max(terms, -1, keepdims=True)
    top = where(e.isfinite(top), top, 0.0)
    return e.log(r.sum(e.exp(terms - top), -1)) + top[..., 0]


def together(*values: Expr) -> tuple[Expr, ...]:
    """Give numbers one shape, in float64."""
    return tuple(cast(v, "float64") for v in broadcast_arrays(*values))


def noncentral(
    x: Expr,
    a: Expr,
    b: Expr,
    nonc: Expr,
    log_term: Callable[[Expr, Expr, Expr], Expr],
    share: Callable[[Expr], Expr],
) -> Expr:
    """Log density of a beta law, or one of its images, whose shape grows by a Poisson count.

    Parameters
    ----------
    x
        Values.
    a, b
        Shapes.
    nonc
        Twice the mean of the count that is added to ``a``.
    log_term
        ``log_term(x, a, b)``: the log density without noncentrality.
    share
        From values to those of the beta law.
    """
    x, a, b, half = together(x, a, b, 0.5 * nonc)
    j, step = around(beta_peak(a, b, half * share(x)))
    weights = sp.xlogy(j, half[..., None]) - half[..., None] - sp.gammaln(j + 1.0)
    return log_sum(weights + log_term(x[..., None], a[..., None] + j, b[..., None])) + step


def beta_peak(a: Expr, b: Expr, c: Expr) -> Expr:
    """Where a term is as large as the one before: (j + 1) (a + j) = c (a + b + j)."""
    d = a + 1.0 - c
    peak = 0.5 * (e.sqrt(e.square(d) + 4.0 * e.maximum(c * (a + b) - a, 0.0)) - d)
    return e.maximum(peak, 0.0)


def chi_square_peak(df: Expr, nonc: Expr, x: Expr) -> Expr:
    """The same of a noncentral chi-square density: j (df / 2 - 1 + j) = nonc x / 4."""
    order = 0.5 * df - 1.0
    return 0.5 * (-order + e.sqrt(e.square(order) + nonc * x))


def skellam_counts(k: Expr, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """Give the second counts around the largest term, of Poisson counts whose difference is k."""
    root = e.sqrt(e.square(k) + 4.0 * a * b)
    peak = 0.5 * where(k > 0.0, 4.0 * a * b / (root + e.abs(k) + 1e-300), root - k)
    return around(e.maximum(peak, -k), e.maximum(-k, 0.0))
