"""Probabilities of intervals, in logarithms and for any value, inside the support or not.

A declaration's functions are meant inside the support. Here they are completed: what lies
outside has density 0, and no number of it enters a gradient.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random.distribution import Distribution, Ends, Tails


def tails_of(d: Distribution) -> Tails:
    """Give the log probabilities of a distribution's tails.

    Raises
    ------
    UnsupportedError
        Where the declaration has none.
    """
    if d.tails is not None:
        return d.tails
    s = d.standard
    if s is not None and s.drop is None:
        hazard = s.coordinate

        def near(x: Expr, *p: Expr) -> Expr:
            return -hazard(e, x, *p)

        def far(x: Expr, *p: Expr) -> Expr:
            return sp.log1mexp(-hazard(e, x, *p))

        return Tails(far, near) if s.rising else Tails(near, far)
    raise UnsupportedError(
        f"{d.name} declares no tail probabilities, which the density of a truncated, censored or "
        "discretised form needs"
    )


def is_discrete(d: Distribution) -> bool:
    """Tell whether the values are whole numbers."""
    return d.dtype != "float"


def is_end(x: Expr | float | None, number: float) -> bool:
    """Tell whether a bound is a known number."""
    if isinstance(x, (int, float)):
        return x == number
    return x is not None and is_constant(x) and bool(np.all(value_of(x) == number))


def interior(ends: Ends) -> Expr:
    """Give a point between two ends."""
    low, high = ends
    if low is None or is_end(low, -math.inf):
        return as_expr(0.0) if high is None or is_end(high, math.inf) else as_expr(high) - 1.0
    if high is None or is_end(high, math.inf):
        return as_expr(low) + 1.0
    return 0.5 * (as_expr(low) + high)


def placed(d: Distribution, x: Expr, parameters: Sequence[Expr]) -> tuple[Expr, Expr]:
    """Give whether a value is in the support, and a value that is: itself where it is."""
    domain = d.support(*parameters)
    inside = domain.contains(x)
    if domain.range is None or x.dtype not in FLOATS:
        return inside, x
    return inside, where(inside, x, interior(domain.range))


def log_density(d: Distribution, x: Expr, parameters: Sequence[Expr]) -> Expr:
    """Log density at any value: minus infinity outside the support."""
    inside, at = placed(d, x, parameters)
    return where(inside, d.logdensity(at, *parameters), -math.inf)


def _side(d: Distribution, x: Expr, p: Sequence[Expr], below: bool) -> Expr:
    tails = tails_of(d)
    function = tails.below if below else tails.above
    ends = d.support(*p).range
    if ends is None:
        return function(x, *p)
    if is_discrete(d) and x.dtype in FLOATS:
        x = e.floor(x)
    low, high = ends
    # Values up to the upper end are all of them; up to less than the lower end, none.
    under = as_expr(False) if low is None else (x < low if is_discrete(d) else x <= low)
    over = as_expr(False) if high is None else x >= high
    under, over = under | e.equal(x, -math.inf), over | e.equal(x, math.inf)
    at = where(under | over, interior(ends), x)
    none, all_ = where(under, -math.inf, 0.0), where(under, 0.0, -math.inf)
    return where(under | over, none if below else all_, function(at, *p))


def log_below(d: Distribution, x: Expr, p: Sequence[Expr]) -> Expr:
    """Log of the probability of values up to x."""
    return _side(d, x, p, True)


def log_above(d: Distribution, x: Expr, p: Sequence[Expr]) -> Expr:
    """Log of the probability of values beyond x."""
    return _side(d, x, p, False)


def before(d: Distribution, x: Expr) -> Expr:
    """Give what lies just before a value: the whole number below it, or the value itself."""
    return e.ceil(x) - 1.0 if is_discrete(d) else x


def log_mass(d: Distribution, low: Expr, high: Expr, p: Sequence[Expr]) -> Expr:
    """Log of the probability from low to high, both included; NaN where it is not known.

    The difference is taken in the tail in which the interval lies.
    """
    start = before(d, low)
    ends = d.support(*p).range or (None, None)
    from_start = is_end(low, -math.inf) or (is_constant(low) and _reaches(low, ends[0], 1))
    to_end = is_end(high, math.inf) or (is_constant(high) and _reaches(high, ends[1], -1))
    if from_start and to_end:
        return 0.0 * high + 0.0 * low if not is_constant(high) else as_expr(0.0)
    if from_start:
        return _known(log_below(d, high, p))
    if to_end:
        return _known(log_above(d, start, p))
    below, above = log_below(d, high, p), log_above(d, start, p)
    upper = above < below
    # Both sides of a difference are finite where it is taken, for the sake of gradients.
    far, near = (
        where(upper, above, below),
        where(upper, log_above(d, high, p), log_below(d, start, p)),
    )
    none = e.equal(near, -math.inf)
    gap = where(none, 0.0, near) - far
    proper = (gap < -NARROW) & e.isfinite(far)
    rest = where(none, 0.0, sp.log1mexp(where(proper & e.logical_not(none), gap, -1.0)))
    return where(e.isfinite(far) & (proper | none), far + rest, math.nan)


NARROW = 1e-9
"""A share of a tail below which its difference has lost too many digits to be known."""


def _reaches(x: Expr, end: Expr | float | None, sign: int) -> bool:
    """Whether a static bound lies at or beyond a static end of the support."""
    if end is None:
        return False
    if isinstance(end, Expr):
        if not is_constant(end):
            return False
        end = value_of(end)  # type: ignore[assignment]
    return bool(np.all(sign * value_of(x) <= sign * np.asarray(end)))


def _known(x: Expr) -> Expr:
    # A probability that underflows is not 0, and its logarithm not known.
    return where(e.isfinite(x), x, math.nan)
