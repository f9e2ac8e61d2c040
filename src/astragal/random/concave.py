"""Draws from a part of a log-concave distribution, however far out it lies.

Where the coordinate is standard exponential, by inversion. Where not, by rejection from a hat
that any log-concave density has (Devroye 1986, section VII.2): from the mode m to a point t
where the log density has dropped by c, it is at most what it is at m, and beyond t it lies
below the line through both, since the graph of a concave function lies below its chords
outside of them. With c between 0.5 and 3 at least a fifth of the proposals is accepted, on
any interval: the chord's tail has the area (t - m) exp(-c) / c, and the density at least
(t - m) (1 - exp(-c)) / c between m and t.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import while_loop
from astragal.ops.searching import where
from astragal.random import exact
from astragal.random.distribution import Standard
from astragal.random.exact import unit_interval
from astragal.random.sampler import Kernel, Source, until

_ENOUGH, _TOO_MUCH = 0.7, 3.0
NOTHING = -(2.0**63)
"""The whole number that stands for no value: where no value is possible, or none was found."""

Drop = Callable[[Expr], Expr]


def between(source: Source, low: Expr, high: Expr) -> Expr:
    """Give a standard exponential value between two, by inversion."""
    u = source.uniform()
    # exp(low - high) is 0 where high is infinite.
    return low - exact.log1p(u * exact.expm1(low - high))


def _reach(drop: Drop, limit: Expr, lattice: bool) -> tuple[Expr, Expr]:
    """Find how far from the mode the log density drops by about 1, and by how much."""
    one = limit * 0.0 + 1.0
    start = e.minimum(one, limit)
    if not lattice:
        start, _ = while_loop(
            lambda s: (drop(s[0]) > _TOO_MUCH) & (s[1] < 1100.0),
            lambda s: (0.5 * s[0], s[1] + 1.0),
            (start, one * 0.0),
        )
    reach, _ = while_loop(
        lambda s: (drop(s[0]) < _ENOUGH) & (s[0] < limit) & (s[1] < 1100.0),
        lambda s: (e.minimum(2.0 * s[0], limit), s[1] + 1.0),
        (start, one * 0.0),
    )
    return reach, drop(reach)


def log_concave_between(
    source: Source,
    drop: Callable[[Expr, Expr], Expr],
    mode: Expr,
    low: Expr,
    high: Expr,
    lattice: bool,
) -> Expr:
    """Give a value of a log-concave density between two bounds.

    Parameters
    ----------
    source
        Random bits.
    drop
        ``drop(a, b)``: the log density at a less that at b.
    mode
        Where it is largest between the bounds.
    low, high
        The bounds; infinite ones are none.
    lattice
        Whether the values are whole numbers.
    """
    huge = 2.0**1000
    room = e.minimum(high - mode, huge), e.minimum(mode - low, huge)
    sides = []
    for sign, limit in zip((1.0, -1.0), room, strict=True):

        def fall(x: Expr, sign: float = sign) -> Expr:
            return drop(mode, mode + sign * x)

        reach, by = _reach(fall, limit, lattice)
        slope = by / where(reach > 0.0, reach, 1.0)
        open_ = (reach < limit) & (by > 0.0)
        safe = where(open_, slope, 1.0)
        # The first point of the tail: for whole numbers the next one.
        start = reach + 1.0 if lattice else reach
        height = exact.exp(-safe * start)
        width = -exact.expm1(-safe) if lattice else safe
        sides.append((reach, start, safe, where(open_, height / width, 0.0)))
    (right, after, slope_r, tail_r), (left, ahead, slope_l, tail_l) = sides
    flat = right + left + 1.0 if lattice else right + left
    total = flat + tail_r + tail_l
    # An interval of no width has one value.
    whole = where(total > 0.0, total, 1.0)

    def attempt(first: Expr, second: Expr, third: Expr, _: Expr) -> tuple[list[Expr], Expr]:
        u, v = unit_interval(first) * whole, unit_interval(second)
        in_flat, in_right = u < flat, u < flat + tail_r
        far = -exact.log(v)
        inner = e.minimum(e.floor(v * flat), flat - 1.0) - left if lattice else v * flat - left
        steps = [far / s for s in (slope_r, slope_l)]
        if lattice:
            steps = [e.floor(s) for s in steps]
        move = where(in_flat, inner, where(in_right, after + steps[0], -(ahead + steps[1])))
        bound = where(in_flat, 0.0, where(in_right, -slope_r * move, slope_l * move))
        x = mode + move
        inside = (x >= low) & (x <= high)
        at = where(inside, x, mode)
        return [at], inside & (exact.log(unit_interval(third)) + bound <= -drop(mode, at))

    return until(source, attempt, blocks=2)[0]


def restricted(s: Standard, ends: Callable[..., tuple[Expr, Expr]]) -> Kernel:
    """Make the sampler of a part of a distribution with a standard coordinate.

    Parameters
    ----------
    s
        The coordinate.
    ends
        From parameters to the ends of the support, as numbers that may be infinite.
    """

    def draw(source: Source, *args: Expr) -> Expr:
        *p, lower, upper = args
        low, high = ends(*p)
        if s.lattice:
            lower, upper = e.ceil(lower), e.floor(upper)
        a, b = e.maximum(lower, low), e.minimum(upper, high)
        if s.lattice and s.drop is not None:
            start, stop = a, b
        elif s.lattice:
            start, stop = (_coordinate(s, x, low - 1.0, high, p) for x in (a - 1.0, b))
        else:
            start, stop = (_coordinate(s, x, low, high, p) for x in (a, b))
        first, last = e.minimum(start, stop), e.maximum(start, stop)
        if s.drop is None:
            y = between(source, first, last)
        else:
            drop = s.drop
            mode = e.minimum(e.maximum(s.mode(*p), first), last)
            y = log_concave_between(
                source, lambda u, v: drop(u, v, *p), mode, first, last, s.lattice
            )
        x = e.minimum(e.maximum(s.value(exact, y, *p), a), b)
        return where(a <= b, x, NOTHING if s.lattice else math.nan)

    return Kernel(draw, block=True)


def _coordinate(s: Standard, x: Expr, low: Expr, high: Expr, p: list[Expr]) -> Expr:
    """The coordinate of a value; beyond the support, that of the support's end."""
    inside = (x > low) & (x < high)
    y = s.coordinate(exact, where(inside, x, _middle(low, high)), *p)
    bottom, top = (0.0, math.inf) if s.drop is None else s.range
    under, over = (bottom, top) if s.rising else (top, bottom)
    return where(inside, y, where(x <= low, under, over))


def _middle(low: Expr, high: Expr) -> Expr:
    has_low, has_high = e.isfinite(low), e.isfinite(high)
    below, above = where(has_low, low, 0.0), where(has_high, high, 0.0)
    one_sided = where(has_low, below + 1.0, where(has_high, above - 1.0, 0.0))
    return where(has_low & has_high, 0.5 * (below + above), one_sided)
