"""Draws from a part of any law: proposals, and the logarithm of how much there is of them.

A law with a standard coordinate is drawn from as it is, in a share that its tails give. One
whose density rises and falls in known places has a hat of steps over it. A table has its entries.
Laws made of laws pass the bounds on to those they are made of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import while_loop
from astragal.ops.creation import arange
from astragal.ops.declare import as_expr, broadcast_shapes, cast
from astragal.ops.manipulation import broadcast_arrays, broadcast_to, reshape, stack
from astragal.ops.searching import where
from astragal.random import exact, ordered, staircase
from astragal.random.concave import NOTHING, restricted
from astragal.random.derived import Params, tails_if_any
from astragal.random.distribution import Distribution, Standard, Tails, Turns
from astragal.random.exact import unit_interval
from astragal.random.sampler import Kernel
from astragal.random.staircase import SLACK, choose, point_of, steps_between
from astragal.random.tails import is_discrete, log_density, log_mass

if TYPE_CHECKING:
    from astragal.random.lower import Draws

FAR = 2.0**1000
"""Values are looked for up to here."""


@dataclass(frozen=True)
class Hat:
    """What lies over a part of a law.

    Attributes
    ----------
    log_area
        Logarithm of its area, in the shape of the parameters; minus infinity where nothing is.
    propose
        From keys to points under the hat, as real numbers, and whether they are draws.
    """

    log_area: Expr
    propose: Callable[[Draws], tuple[Expr, Expr]]


def ends_of(d: Distribution, p: Params) -> tuple[Expr, Expr]:
    """Give the ends of the support, infinite where there is none."""
    low, high = d.support(*p).range or (None, None)
    return (
        as_expr(-math.inf if low is None else low),
        as_expr(math.inf if high is None else high),
    )


def has_hat(d: Distribution) -> bool:
    """Tell whether parts of a law can be drawn from, wherever they lie."""
    known = d.standard is not None and d.standard.where is None and _has_tails(d)
    return known or any(x is not None for x in (d.part, d.turns, d.cells))


def _has_tails(d: Distribution) -> bool:
    return tails_if_any([d], _NO_TAILS) is not None


_NO_TAILS = Tails(lambda x, *p: x, lambda x, *p: x)


def hat_of(d: Distribution, p: Params, lower: Expr, upper: Expr) -> Hat:
    """Give the hat over the values of a law between two bounds.

    Raises
    ------
    UnsupportedError
        For a law that declares neither a coordinate, nor where its density turns.
    """
    if d.part is not None:
        made: Hat = d.part(p, lower, upper)
        return made
    s = d.standard
    if s is not None and s.where is None and _has_tails(d):
        return _known(d, s, p, lower, upper)
    if d.cells is not None:
        return _table(d, p, lower, upper)
    if d.turns is not None:
        return _steps(d, d.turns, p, lower, upper)
    raise UnsupportedError(f"{d.name} declares no way to draw from a part of it")


def _known(d: Distribution, s: Standard, p: Params, lower: Expr, upper: Expr) -> Hat:
    """Give a part whose share tails tell, and whose values a coordinate gives."""
    kernel = restricted(s, lambda *q: ends_of(d, q))

    def propose(draws: Draws) -> tuple[Expr, Expr]:
        return cast(draws.values(kernel, *p, lower, upper), "float64"), as_expr(True)

    return Hat(log_share(d, p, lower, upper), propose)


def log_share(d: Distribution, p: Params, lower: Expr, upper: Expr) -> Expr:
    """Log of the probability between two bounds; of less than 1e-300 there is nothing."""
    mass = log_mass(d, lower, upper, p)
    if not is_discrete(d):
        # Too narrow for a difference of probabilities: there the density is flat.
        low, high = ends_of(d, p)
        a, b = e.maximum(lower, low), e.minimum(upper, high)
        some = (b > a) & e.isfinite(b - a)
        width = where(some, b - a, 1.0)
        flat = log_density(d, where(some, a + 0.5 * width, 0.0), p) + e.log(width)
        mass = where(e.isnan(mass) & some, flat, mass)
    return where(e.isnan(mass), -math.inf, mass)


def single(x: Expr, log_probability: Expr) -> Hat:
    """Give a part of one value."""
    return Hat(log_probability, lambda draws: (cast(x, "float64"), as_expr(True)))


def among(hats: Sequence[Hat], log_weights: Sequence[Expr]) -> Hat:
    """Give the hat over a mixture of parts."""
    columns = broadcast_arrays(*(h.log_area + w for h, w in zip(hats, log_weights, strict=True)))
    areas = stack(list(columns), axis=-1)

    def propose(draws: Draws) -> tuple[Expr, Expr]:
        choice, *each = draws.split(1 + len(hats))
        index = choose(areas, choice.values(_UNIFORM))
        x, ok = (broadcast_to(v, draws.batch) for v in hats[0].propose(each[0]))
        for i, (h, own) in enumerate(zip(hats[1:], each[1:], strict=True), 1):
            value, kept = h.propose(own)
            here = e.equal(index, i)
            x, ok = where(here, value, x), where(here, kept, ok)
        return x, ok

    return Hat(log_sum(areas), propose)


def hat_along(d: Distribution, weights: Expr, p: Params, lower: Expr, upper: Expr) -> Hat:
    """Give the hat over a mixture of one law, whose parameters have the components last.

    Raises
    ------
    UnsupportedError
        For components without a number, of a law whose tails are not known.
    """
    s = d.standard
    if s is not None and s.where is None and _has_tails(d):
        kernel = restricted(s, lambda *q: ends_of(d, q))
        shares = log_share(d, p, lower[..., None], upper[..., None])
        areas = e.log(weights) + shares

        def propose(draws: Draws) -> tuple[Expr, Expr]:
            choice, value = draws.split(2)
            index = choose(areas, choice.values(_UNIFORM))
            own = [entry(x, index) for x in p]
            return cast(value.values(kernel, *own, lower, upper), "float64"), as_expr(True)

        return Hat(log_sum(areas), propose)
    number = weights.shape[-1]
    if not isinstance(number, int):
        raise UnsupportedError(
            f"truncated: a mixture of {d.name} needs a known number of components"
        )
    hats = [
        hat_of(d, [x[..., min(i, n - 1)] for x in p for n in (x.shape[-1],)], lower, upper)
        for i in range(number)
    ]
    return among(hats, [e.log(weights[..., i]) for i in range(number)])


def entry(values: Expr, index: Expr) -> Expr:
    """Give a parameter of the component that integers choose, or the one that all have."""
    if values.shape[-1] == 1:
        return values[..., 0]
    same = e.equal(arange(values.shape[-1]), index[..., None])
    return cast(r.sum(where(same, values, cast(as_expr(0), values.dtype)), -1), values.dtype)


def log_sum(values: Expr) -> Expr:
    """Log of a sum of exponentials over the last dimension, minus infinity where all are."""
    top = r.max(values, -1)
    some = top > -math.inf
    return where(some, r.logsumexp(where(some[..., None], values, 0.0), -1), -math.inf)


_UNIFORM = Kernel(lambda s: s.uniform())


def _three(source: object) -> tuple[Expr, ...]:
    first, second = source.block_at(0)  # type: ignore[attr-defined]
    return tuple(map(unit_interval, (first, second, source.block_at(1)[0])))  # type: ignore[attr-defined]


_THREE = Kernel(_three, block=True)


# -- tables --------------------------------------------------------------------------------------


def _table(d: Distribution, p: Params, lower: Expr, upper: Expr) -> Hat:
    assert d.cells is not None
    values = cast(arange(d.cells(*p)), "float64")
    rows = [beside(x, q.core) for x, q in zip(p, d.parameters, strict=True)]
    inside = (values >= lower[..., None]) & (values <= upper[..., None])
    logs = where(inside, log_density(d, values, rows), -math.inf)

    def propose(draws: Draws) -> tuple[Expr, Expr]:
        index = choose(logs, draws.values(_UNIFORM))
        return cast(index, "float64"), as_expr(True)

    return Hat(log_sum(logs), propose)


def beside(x: Expr, core: int) -> Expr:
    """Give a parameter a dimension of length 1 after those of the batch."""
    at = x.ndim - core
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


# -- steps ---------------------------------------------------------------------------------------


def _log_odds_of(x: Expr) -> Expr:
    return exact.log_or_infinite(x) - exact.log1p(-e.minimum(x, 1.0 - 2.0**-53))


def _share_of(y: Expr) -> Expr:
    t = exact.exp(-e.abs(y))
    return where(y < 0.0, t, 1.0) / (1.0 + t)


def _same(x: Expr) -> Expr:
    return x


def _log_slope_of_odds(y: Expr) -> Expr:
    return -e.abs(y) - 2.0 * e.log1p(e.exp(-e.abs(y)))


_Coordinate = tuple[
    Callable[..., Expr], Callable[..., Expr], Callable[..., Expr], tuple[float, float]
]
# From values, back, the log of the slope of the way back, and the range.
_COORDINATES: dict[str, _Coordinate] = {
    "value": (_same, _same, lambda y: 0.0 * y, (-FAR, FAR)),
    "log": (exact.log_or_infinite, exact.exp, lambda y: y, (-708.0, 709.0)),
    "odds": (_log_odds_of, _share_of, _log_slope_of_odds, (-708.0, 36.7)),
}


def _steps(d: Distribution, turns: Turns, p: Params, lower: Expr, upper: Expr) -> Hat:
    lattice = is_discrete(d)
    most = 2.0**63 - 1024.0 if lattice else FAR
    into, back, slope, (bottom, top) = _COORDINATES[turns.coordinate]
    shape = broadcast_shapes(
        [lower.shape, upper.shape]
        + [x.shape[: x.ndim - q.core] for x, q in zip(p, d.parameters, strict=True)],
        d.name,
    )

    def spread(x: Expr | float) -> Expr:
        return broadcast_to(cast(as_expr(x), "float64"), shape)

    def height(y: Expr) -> Expr:
        h = log_density(d, ordered.pointwise(back, y), p) + slope(y)
        return where(e.isnan(h), -math.inf, h)

    low, high = ends_of(d, p)
    ends = [spread(x) for x in (e.maximum(lower, low), e.minimum(upper, high))]
    if lattice:
        ends = [e.ceil(ends[0]), e.floor(ends[1])]
    a, b = ends
    bottom, top = max(bottom, -most), min(top, most)
    start, stop = (
        e.minimum(e.maximum(ordered.pointwise(into, x), bottom), top)
        for x in ((a, b) if turns.coordinate == "value" else (e.maximum(a, 0.0), e.maximum(b, 0.0)))
    )
    stop = where(a <= b, stop, start - 1.0)
    step = spread(turns.step(*p))
    points = [spread(x) for x in turns.points(*p)] if turns.points is not None else None
    if points is None:
        begin = e.minimum(e.maximum(spread(turns.start(*p)), spread(low)), spread(high))
        begin = e.maximum(ordered.pointwise(into, begin), bottom)
        sign = where(spread_bool(turns.hollow, p, shape), -1.0, 1.0) if turns.hollow else None

        def turned(y: Expr) -> Expr:
            if sign is None:
                return height(y)
            # A lowest point is the highest one of the negative; beyond the ends nothing changes.
            return sign * height(e.minimum(e.maximum(y, spread(low)), spread(high)))

        points = list(staircase.turning_point(turned, begin, step, lattice))
    steps = steps_between(height, start, stop, points, step, lattice)
    areas = steps.areas()

    def propose(draws: Draws) -> tuple[Expr, Expr]:
        u, v, w = draws.values(_THREE)
        y, hat = point_of(steps, choose(areas, u), v, lattice)
        x = ordered.pointwise(back, y)
        if turns.coordinate != "value":
            x = e.minimum(e.maximum(x, a), b)
        over = height(y) - (hat + SLACK)
        # A density above its hat was declared wrongly: no value rather than a wrong one.
        wrong = over > 1e-6
        return where(wrong, math.nan, x), wrong | (e.log(w) <= over)

    total = log_sum(areas)
    return Hat(where(total > -math.inf, total + SLACK, total), propose)


def spread_bool(function: Callable[..., Expr], p: Params, shape: object) -> Expr:
    """Give a condition on parameters in their common shape."""
    return broadcast_to(function(*p), shape)


# -- draws ---------------------------------------------------------------------------------------

AGAIN = 500
"""Proposals for a value at most: no hat is so high that half as many are needed."""


def draw_from(hat: Hat, draws: Draws, missing: Expr, lattice: bool) -> Expr:
    """Draw the values that are missing; nothing where there is no value."""
    some = broadcast_to(hat.log_area > -math.inf, draws.batch)

    def again(s: tuple[Expr, Expr, Expr]) -> tuple[Expr, Expr, Expr]:
        number, x, done = s
        value, ok = hat.propose(draws.child(number, AGAIN))
        return number + 1, where(done, x, value), done | broadcast_to(ok, draws.batch)

    nothing = NOTHING if lattice else math.nan
    empty = broadcast_to(as_expr(nothing), draws.batch)
    begin = (as_expr(0, "uint64"), empty, e.logical_not(missing & some))
    _, x, done = while_loop(lambda s: e.logical_not(r.all(s[2])) & (s[0] < AGAIN), again, begin)
    found = missing & some & done & e.logical_not(e.isnan(x))
    return where(found, x, nothing)
