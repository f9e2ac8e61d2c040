"""Hats of steps over densities that rise and fall in known places, however far out.

Where a density is monotone, its largest value over an interval is at an end of it. So steps that
begin at the higher end of a part and go down it, each as wide as the density falls by a little,
lie above the density, and a point under the steps that is under the density too is a draw
(Ahrens 1993). Further down the steps may be higher, since little of the area is there.

Only log densities are needed. They decide which step is taken and whether a point is kept; the
values themselves are made of bits and of bounds by operations that round alike everywhere. So two
backends, whose logarithms differ in the last digit, give the same bits but where a comparison lies
within that digit, about once in 10**12 draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import scan, while_loop
from astragal.ops.creation import arange
from astragal.ops.manipulation import concatenate, stack
from astragal.ops.searching import where
from astragal.random import exact, ordered

STEPS = 128
"""Steps of a part at most; what is beyond them has the height of the last."""
SLACK = 0.02
"""Logarithm by which the hat is higher than the steps: over the few values around a turning
point, which is not known to the last digit."""
_FLAT = 0.01
_NOTHING = 40.0  # logarithm by which what is lower does not count
_FIRST = 1.0  # how far the log density may fall over the first step,
_MORE = 0.25  # and how much further over each of the later ones

Height = Callable[[Expr], Expr]


@dataclass(frozen=True)
class Steps:
    """Steps of a hat, along the last dimension.

    Attributes
    ----------
    start, sign
        Where the part begins, and in which direction it goes down.
    offset, width
        Of a step: it reaches from the start plus ``sign * offset`` on, over ``width``.
    height
        Logarithm of its height.
    """

    start: Expr
    sign: Expr
    offset: Expr
    width: Expr
    height: Expr

    def areas(self) -> Expr:
        """Give the logarithms of the areas."""
        some = self.width > 0.0
        log = self.height + e.log(where(some, self.width, 1.0))
        wrong = r.any(some & e.isnan(log), -1, keepdims=True)
        return where(some & e.logical_not(wrong), log, -math.inf)


def _third(low: Expr, high: Expr) -> Expr:
    return low + 0.375 * (high - low)


def _quarter(low: Expr, high: Expr) -> Expr:
    return low + 0.75 * (high - low)


def turning_point(height: Height, start: Expr, step: Expr, lattice: bool) -> tuple[Expr, Expr]:
    """Give two values on both sides of where a function turns from rising to falling.

    Between them it hardly changes, or there are few whole numbers.
    """
    here = height(start)
    up, down = height(start + step) > here, height(start - step) > here
    sign = where(up, 1.0, where(down, -1.0, 0.0))

    def climb(s: tuple[Expr, ...]) -> tuple[Expr, ...]:
        before, at, stride, going, count = s
        ahead = at + sign * stride
        better = going & (height(ahead) > height(at))
        return (
            where(better, at, before),
            where(better, ahead, at),
            where(better, 2.0 * stride, stride),
            better,
            count + 1,
        )

    moves = e.not_equal(sign, 0.0)
    first = where(moves, start, start - step)
    begin = (first, start + sign * step, where(moves, 2.0 * step, step), moves, 0)
    before, at, stride, _, _ = while_loop(lambda s: r.any(s[3]) & (s[4] < 2100), climb, begin)
    after = where(moves, at + sign * stride, start + step)

    def values(s: tuple[Expr, ...]) -> tuple[Expr, list[Expr]]:
        low, high = s[0], s[1]
        inner = [ordered.pointwise(f, low, high) for f in (_third, _quarter)]
        if lattice:
            inner = [e.floor(inner[0]), e.ceil(inner[1])]
        at = [low, *inner, high]
        return stack([height(x) for x in at]), at

    def close(h: Expr, at: list[Expr]) -> Expr:
        near = r.max(h, 0) - r.min(h, 0) < _FLAT
        return near | (at[3] - at[0] <= (3.0 if lattice else 0.0))

    def narrow(s: tuple[Expr, ...]) -> tuple[Expr, ...]:
        low, high, done, count = s
        h, at = values(s)
        right = h[1] < h[2]
        stop = done | close(h, at)
        return (
            where(right & e.logical_not(stop), at[1], low),
            where(right | stop, high, at[2]),
            stop,
            count + 1,
        )

    low, high = e.minimum(before, after), e.maximum(before, after)
    start_ = (low, high, low > high, 0)
    low, high, _, _ = while_loop(lambda s: r.any(~s[2]) & (s[3] < 400), narrow, start_)
    return low, high


def _descend(
    height: Height, start: Expr, sign: Expr, length: Expr, step: Expr, lattice: bool
) -> Steps:
    """Lay steps down a part in which the height falls, from its start on."""
    last = length - 1.0 if lattice else length

    def at(t: Expr) -> Expr:
        return height(start + sign * e.minimum(t, last))

    def fall(high: Expr, low: Expr) -> Expr:
        by = high - low
        return where(e.isnan(by), math.inf, by)

    top = at(0.0 * length)
    least = 1.0 if lattice else 0.0

    def size(s: Expr) -> Expr:
        return e.maximum(e.floor(s), 1.0) if lattice else s

    def steep(s: tuple[Expr, Expr]) -> Expr:
        far = (fall(top, at(s[0])) > _FIRST) & (s[0] > least) & (length > 0.0)
        return r.any(far) & (s[1] < 300)

    def shorter(s: tuple[Expr, Expr]) -> tuple[Expr, Expr]:
        far = fall(top, at(s[0])) > _FIRST
        return where(far, size(s[0] * 0.0625), s[0]), s[1] + 1

    # Far out the scale is that of the numbers there.
    begin_with = e.minimum(e.maximum(step, 0.25 * e.abs(start)), length)
    first, _ = while_loop(steep, shorter, (size(begin_with), 0))

    def lay(s: tuple[Expr, ...], _: Expr) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
        t, high, width, allowed, wrong = s
        n = e.maximum(e.minimum(width, length - t), 0.0)
        there = at(t + n)
        # Where nearly nothing is, a log density may have lost its digits, and seem to rise.
        low = e.minimum(there, high)
        risen = (there > high + 0.1) & (there > top - _NOTHING) & (n > 0.0)
        by = fall(high, low)
        kept = (by <= allowed) | (n <= least)
        laid = where(kept, n, 0.0)
        wider = where(
            4.0 * by < allowed, 8.0 * width, where(2.0 * by < allowed, 2.0 * width, width)
        )
        new = (
            where(kept, t + n, t),
            where(kept, low, high),
            where(kept, e.minimum(wider, 2.0**1000), size(0.25 * width)),
            where(kept, allowed + _MORE, allowed),
            wrong | (kept & risen),
        )
        return new, (t, laid, high)

    begin = (0.0 * length, top, first, 0.0 * length + _FIRST, length < 0.0)
    (t, high, _, _, wrong), out = scan(lay, begin, arange(STEPS))
    rest = (t, e.maximum(length - t, 0.0), high)
    offset, width, heights = (
        ordered.first_last(concatenate([x, y[None]])) for x, y in zip(out, rest, strict=True)
    )
    # A part that rises was declared wrongly: no values rather than wrong ones.
    some = (length > 0.0)[..., None]
    heights = where(wrong[..., None], math.nan, heights)
    spread = 0.0 * offset
    return Steps(
        start[..., None] + spread,
        sign[..., None] + spread,
        offset,
        where(some, width, 0.0),
        heights,
    )


def steps_between(
    height: Height, low: Expr, high: Expr, turns: list[Expr], step: Expr, lattice: bool
) -> Steps:
    """Lay steps over an interval.

    Parameters
    ----------
    height
        Log density.
    low, high
        Ends of the interval, which are finite.
    turns
        Values in rising order between which the density is monotone.
    step
        Size of the first step.
    lattice
        Whether the values are whole numbers.
    """
    laid = []
    ends = [low, *turns, high]
    for i, part in enumerate(pairwise(ends)):
        a, b = (e.minimum(e.maximum(x, low), high) for x in part)
        if lattice:
            # A turn belongs to the part that it ends.
            a, b = (a if i == 0 else e.floor(a) + 1.0), e.floor(b)
        falling = height(a) >= height(b)
        length = e.maximum(b - a + 1.0 if lattice else b - a, 0.0)
        length = where(low <= high, length, 0.0)
        sign = where(falling, 1.0, -1.0)
        laid.append(_descend(height, where(falling, a, b), sign, length, step, lattice))
    if len(laid) == 1:
        return laid[0]
    names = ("start", "sign", "offset", "width", "height")
    return Steps(*(concatenate([getattr(s, n) for s in laid], -1) for n in names))


def _place(start: Expr, sign: Expr, offset: Expr, width: Expr, u: Expr) -> Expr:
    return start + sign * (offset + width * u)


def _count(start: Expr, sign: Expr, offset: Expr, width: Expr, u: Expr) -> Expr:
    # The product may round up to the width.
    within = e.maximum(e.minimum(e.floor(width * u), width - 1.0), 0.0)
    return start + sign * (offset + within)


def point_of(steps: Steps, index: Expr, u: Expr, lattice: bool) -> tuple[Expr, Expr]:
    """Give a point of a chosen step, and the step's height."""
    parts = [chosen(getattr(steps, n), index) for n in ("start", "sign", "offset", "width")]
    x = ordered.pointwise(_count if lattice else _place, *parts, u)
    return x, chosen(steps.height, index)


def chosen(values: Expr, index: Expr) -> Expr:
    """Give the entries along the last dimension that integers choose."""
    if values.ndim == 1:
        return values[index]
    same = e.equal(arange(values.shape[-1]), index[..., None])
    return r.sum(where(same, values, 0.0), -1)


def choose(log_weights: Expr, u: Expr) -> Expr:
    """Choose among the entries of the last dimension, in proportion to exponentials."""
    top = r.max(log_weights, -1, keepdims=True)
    weights = e.exp(log_weights - where(top > -math.inf, top, 0.0))
    bounds = ordered.prefix(weights)
    at = ordered.pointwise(ordered.multiply, u, bounds[..., -1])
    return r.sum(bounds[..., :-1] <= at[..., None], -1)


def exponential_of(y: Expr) -> Expr:
    """Give exp(y), with the same bits everywhere."""
    return ordered.pointwise(exact.exp, y)
