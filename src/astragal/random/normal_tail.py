"""The upper tail of the normal distribution, with the same bits everywhere."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops.searching import where
from astragal.random import exact
from astragal.random.once import once


@once
def mills(x: Expr) -> Expr:
    """Ratio of the upper tail of the normal distribution to its density, for x >= 0."""
    near = x < 2.0
    # By the series of the distribution function.
    s = where(near, x, 2.0)
    square = s * s
    term = s
    total = s
    for n in range(1, 30):
        term = term * square * (1.0 / (2 * n + 1))
        total = total + term
    series = (0.5 * math.sqrt(2 * math.pi)) * exact.exp(0.5 * square) - total
    # By the continued fraction of Laplace.
    t = where(near, 2.0, x)
    fraction = t
    for n in range(60, 0, -1):
        fraction = t + float(n) / fraction
    return where(near, series, 1.0 / fraction)
