"""The largest and the least of several, and bounds: laws by probabilities of tails."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from astragal.density.laws import Law, Of, Refused, Tail, holds, minus, tail_of
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, same_shape
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.manipulation import broadcast_to, reshape
from astragal.ops.searching import where
from astragal.random.distribution import is_random, random_parts

if TYPE_CHECKING:
    from astragal.density.measure import Measures


def extreme(s: Measures, node: Expr, inside: list[int]) -> Law:
    """``maximum`` and ``minimum``: of two laws, or of a law and a bound."""
    largest = node.op.name == "maximum"
    if len(inside) == 1:
        x, bound = node.args[inside[0]], node.args[1 - inside[0]]
        if not same_shape(x.shape, node.shape):
            raise Refused("a value that is compared with several bounds")
        return _clipped(s.law(x), bound, largest, node)
    a, b = (s.law(x) for x in node.args)
    if a.free & b.free or any(not same_shape(x.shape, node.shape) for x in node.args):
        raise Refused("an extreme of variables that are not independent")
    left, right = tail_of(a), tail_of(b)
    if left.atoms or right.atoms:
        raise Refused("an extreme of what has atoms")

    def side(t: Tail, v: Expr) -> Expr:
        return t.below(v) if largest else t.least(v)

    def both(v: Expr) -> Expr:
        return side(left, v) + side(right, v)

    if node.dtype in FLOATS:

        def density(v: Expr) -> Expr:
            return e.logaddexp(a.density(v) + side(right, v), b.density(v) + side(left, v))
    else:
        # Of whole numbers: P(M = v) is a difference of two products.
        def density(v: Expr) -> Expr:
            return minus(both(v), both(v - 1 if largest else v + 1))

    return Law(density, a.free | b.free, _extreme_tail(both, largest, node))


def _extreme_tail(both: Of, largest: bool, node: Expr) -> Tail:
    """Tails of the largest (or least) of several, from the one that is a product."""
    whole = node.dtype not in FLOATS

    def rest(v: Expr) -> Expr:
        p = both(v)
        return sp.log1mexp(where(p < 0, p, -1e-300))

    def step(f: Of, by: int) -> Of:
        return (lambda v: f(v + by)) if whole else f

    if largest:
        return Tail(both, rest, step(rest, -1), lambda a, b: minus(both(b), step(both, -1)(a)))
    # P(M <= v) is 1 - P(M >= v + 1).
    return Tail(step(rest, 1), step(both, 1), both, lambda a, b: minus(both(a), step(both, 1)(b)))


def _clipped(law: Law, bound: Expr, largest: bool, node: Expr) -> Law:
    """A law with all that lies beyond a bound moved onto it."""
    t = tail_of(law)
    if t.atoms and t.between is not None:
        raise Refused("a bound on what has been rounded")

    def density(v: Expr) -> Expr:
        beyond = t.below(bound) if largest else t.least(bound)
        inside = v > bound if largest else v < bound
        at = e.equal(v, bound)
        plain = law.density(where(inside, v, bound))
        return where(inside, plain, where(at, broadcast_to(beyond, node.shape), -math.inf))

    if largest:
        tail = Tail(
            lambda v: where(v < bound, -math.inf, t.below(v)),
            lambda v: where(v < bound, 0.0, t.above(v)),
            lambda v: where(v <= bound, 0.0, t.least(v)),
            atoms=node.dtype in FLOATS,
        )
    else:
        tail = Tail(
            lambda v: where(v >= bound, 0.0, t.below(v)),
            lambda v: where(v >= bound, -math.inf, t.above(v)),
            lambda v: where(v > bound, -math.inf, t.least(v)),
            atoms=node.dtype in FLOATS,
        )
    return Law(density, law.free, tail)


def reduced(s: Measures, node: Expr, inside: list[int]) -> Law:
    """``max`` and ``min`` over axes, of elements that are independent."""
    x, axes, keep = node.args
    if node.dtype not in FLOATS:
        raise Refused("an extreme of several whole numbers")
    law = s.law(x)
    t = tail_of(law)
    if t.atoms or not _elementwise(x, s.free):
        raise Refused("elements that are not independent, or have atoms")
    largest = node.op.name == "max"
    side = t.below if largest else t.least

    def spread(v: Expr) -> Expr:
        ones = tuple(1 if a in axes else d for a, d in enumerate(x.shape))
        return broadcast_to(reshape(v, ones), x.shape)

    def both(v: Expr) -> Expr:
        return r.sum(side(spread(v)), axes, keep)

    def density(v: Expr) -> Expr:
        w = spread(v)
        logs, tails = law.density(w), side(w)
        # sum over i of f_i times the product of the other F_j
        known = e.isfinite(tails)
        odds = where(known, logs - where(known, tails, 0.0), -math.inf)
        return both(v) + r.logsumexp(odds, axes, keep)

    return Law(density, law.free, _extreme_tail(both, largest, node))


def _elementwise(x: Expr, free: frozenset[Expr]) -> bool:
    """Whether each element of x reads its own element of variables of its shape."""
    for n in toposort([x]):
        if not holds(n, free):
            continue
        if is_random(n):
            if n in free and (not same_shape(n.shape, x.shape) or random_parts(n)[0].core):
                return False
        elif not n.op.elementwise or not same_shape(n.shape, x.shape):
            return False
    return True
