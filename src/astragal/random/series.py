"""Sums of positive series in logarithms, around their largest term."""

from __future__ import annotations

from collections.abc import Callable

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.creation import arange

TERMS = 1024
"""Terms on both sides of the largest together: enough where it is a Poisson count of 8000."""


def around(peak: Expr) -> Expr:
    """Give the numbers of the terms around one of them, along a new last dimension."""
    first = e.maximum(e.floor(peak) - TERMS / 2, 0.0)
    return first[..., None] + arange(TERMS).astype(first.dtype)


def log_sum(terms: Expr) -> Expr:
    """Log of the sum of exponentials over the last dimension."""
    top = r.max(terms, -1, keepdims=True)
    return e.log(r.sum(e.exp(terms - top), -1)) + top[..., 0]


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
    shape = 0.0 * (x + a + b + nonc)
    x, a, b, half = x + shape, a + shape, b + shape, 0.5 * nonc + shape
    c = half * share(x)
    # Where a term is as large as the one before: (j + 1) (a + j) = c (a + b + j).
    d = a + 1.0 - c
    peak = 0.5 * (e.sqrt(e.square(d) + 4.0 * e.maximum(c * (a + b) - a, 0.0)) - d)
    j = around(e.maximum(peak, 0.0))
    weights = sp.xlogy(j, half[..., None]) - half[..., None] - sp.gammaln(j + 1.0)
    return log_sum(weights + log_term(x[..., None], a[..., None] + j, b[..., None]))
