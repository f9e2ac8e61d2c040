"""Rounding: whole numbers that stand for the cells around them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from astragal.density.laws import Law, Refused, Tail, tail_of
from astragal.graph.expr import Expr
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops.manipulation import astype, broadcast_to
from astragal.ops.searching import where

if TYPE_CHECKING:
    from astragal.density.measure import Measures


_CELLS: Mapping[str, tuple[float, float]] = {
    "round": (-0.5, 0.5),
    "floor": (0.0, 1.0),
    "ceil": (-1.0, 0.0),
}


def rounded(s: Measures, node: Expr, inside: list[int]) -> Law:
    """Whole numbers that stand for the cells around them."""
    x, name = node.args[0], node.op.name
    if node.dtype not in FLOATS or x.dtype not in FLOATS:
        raise Refused(f"{name} of whole numbers")
    law = s.law(x)
    t = tail_of(law)
    between = t.between
    if t.atoms or between is None:
        raise Refused(f"{name} of what has atoms")
    left, right = _CELLS[name]

    def density(v: Expr) -> Expr:
        whole = e.equal(e.floor(v), v)
        at = where(whole, v, 0.0)
        return where(whole, broadcast_to(between(at + left, at + right), node.shape), -math.inf)

    tail = Tail(
        lambda v: t.below(e.floor(v) + right),
        lambda v: t.above(e.floor(v) + right),
        lambda v: t.above(e.ceil(v) + left),
        lambda a, b: between(e.ceil(a) + left, e.floor(b) + right),
        atoms=True,
    )
    return Law(density, law.free, tail)


def to_integers(s: Measures, node: Expr, inside: list[int]) -> Law:
    """``astype`` of what has been rounded, or between floating-point types."""
    x = node.args[0]
    if node.dtype in FLOATS and x.dtype in FLOATS:
        law = s.law(x)
        return Law(lambda v: astype(law.density(astype(v, x.dtype)), node.dtype), law.free)
    if x.dtype not in FLOATS and node.dtype not in FLOATS:
        law = s.law(x)
        return Law(lambda v: law.density(astype(v, x.dtype)), law.free)
    if x.op.name not in _CELLS:
        raise Refused("a conversion to or from whole numbers; write floor, round or ceil first")
    law = s.law(x)
    return Law(lambda v: law.density(astype(v, x.dtype)), law.free)
