"""Choices, orders and parts of independent laws."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from astragal.density.laws import Law, Refused, leaf
from astragal.density.vectors import part_of_normal_vectors
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import FLOATS, same_shape
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import broadcast_to
from astragal.ops.searching import where
from astragal.random.distribution import is_random, random_parts

if TYPE_CHECKING:
    from astragal.density.measure import Measures


def _independent(laws: list[Law]) -> frozenset[Expr]:
    gone = frozenset[Expr]().union(*(law.free for law in laws))
    if len(gone) < sum(len(law.free) for law in laws):
        raise Refused("parts that are not independent")
    return gone


def chosen(s: Measures, node: Expr, inside: list[int]) -> Law:
    """One of two laws, by a test that neither moves."""
    test, x, y = node.args
    if inside != [1, 2]:
        raise Refused("a choice between a variable and a number")
    if any(not same_shape(v.shape, node.shape) for v in (x, y)):
        raise Refused("a choice that repeats a variable")
    a, b = s.law(x), s.law(y)
    gone = _independent([a, b])
    return Law(lambda v: where(test, a.density(v), b.density(v)), gone)


def in_order(s: Measures, node: Expr, inside: list[int]) -> Law:
    """Order statistics: n! times the product of the densities, on increasing values."""
    x, axis = node.args[0], node.args[1]
    if not is_random(x) or x not in s.free or random_parts(x)[0].core or node.dtype not in FLOATS:
        raise Refused("only independent draws of one continuous law are sorted")
    parameters = random_parts(x)[3]
    back = x.ndim - axis
    if any(p.ndim >= back and p.shape[p.ndim - back] != 1 for p in parameters):
        raise Refused("only draws of one law are sorted")
    n = node.shape[axis]
    if not isinstance(n, int):
        raise Refused("a number of draws that is not static")
    law = leaf(x)

    def cut(first: int | None, last: int | None) -> tuple[slice, ...]:
        return (*[slice(None)] * axis, slice(first, last))

    def density(v: Expr) -> Expr:
        rising = r.all(v[cut(1, None)] > v[cut(None, -1)], axis)
        total = r.sum(law.density(v), axis) + math.lgamma(n + 1.0)
        return where(rising, total, -math.inf)

    return Law(density, law.free)


def joined(s: Measures, node: Expr, inside: list[int]) -> Law:
    """``stack`` and ``concatenate`` of independent laws."""
    axis, *xs = node.args
    laws = [s.law(x) for x in xs]
    gone = _independent(laws)

    def density(v: Expr) -> Expr:
        total: Expr = as_expr(0.0)
        at = 0
        for x, law in zip(xs, laws, strict=True):
            if node.op.name == "stack":
                part = v[(*[slice(None)] * axis, at)]
                at += 1
            else:
                part = v[(*[slice(None)] * axis, slice(at, at + x.shape[axis]))]
                at += x.shape[axis]
            total = total + r.sum(law.density(part))
        return total

    return Law(density, gone)


def picked(s: Measures, node: Expr, inside: list[int]) -> Law:
    """Some elements of independent draws, or one of several stacked variables."""
    x, spec, *operands = node.args
    if inside != [0]:
        raise Refused("an index that is random")
    if x.op.name == "stack" and x.args[0] == 0 and spec[0][0] in ("int", "expr"):
        return _of_stacked(s, node)
    if is_random(x) and x in s.free and (vectors := part_of_normal_vectors(node)) is not None:
        return Law(vectors, frozenset({x}))
    if not is_random(x) or random_parts(x)[0].core:
        raise Refused("a part of a function of several variables")
    if any(not is_constant(o) or _repeats(o) for o in operands):
        raise Refused("elements that may be repeated")
    if sum(s[0] == "expr" for s in spec) > 1:
        raise Refused("several index arrays")
    _, key, _, parameters = random_parts(x)
    parts = [node.op(broadcast_to(p, x.shape), spec, *operands) for p in parameters]
    law = leaf(x.op(key, node.shape, *parts))
    return Law(law.density, frozenset({x}), law.tail)


def _of_stacked(s: Measures, node: Expr) -> Law:
    """One of several variables, by a number that may itself be random."""
    x, spec, *operands = node.args
    if any(s != ("slice", None, None, 1) for s in spec[1:]) or any(o.ndim for o in operands):
        raise Refused("a part of one of several variables")
    laws = [s.law(v) for v in x.args[1:]]
    gone = _independent(laws)
    if not operands:
        return Law(laws[spec[0][1]].density, gone, laws[spec[0][1]].tail)

    def density(v: Expr) -> Expr:
        out = laws[-1].density(v)
        for k, law in enumerate(laws[:-1]):
            out = where(e.equal(operands[0], k), law.density(v), out)
        return out

    return Law(density, gone)


def _repeats(index: Expr) -> bool:
    value = value_of(index)
    return bool(len(set(value.ravel().tolist())) < value.size or (value < 0).any())
