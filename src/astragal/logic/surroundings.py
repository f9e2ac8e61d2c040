"""What stands near below a node: the random variables, and the numbers that they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from astragal.graph.expr import Expr, Op
from astragal.graph.literal import value_of
from astragal.graph.types import KeyType
from astragal.logic.facts import LEAVES, constant_of
from astragal.random.distribution import RandomOp

Trait = Op | tuple[Op, int, str, Any]
"""A random variable's operation; or that, the place of a parameter, the sort of number, the number.
"""
MOST = 64


def traits(x: Expr) -> Iterator[Trait]:
    """List what can be seen of a random variable."""
    yield x.op
    for i, a in enumerate(x.args[2:]):
        found = constant_of(a)
        if found is not None:
            value = value_of(found)
            number = value.flat[0] if value.size else None
            if number is not None and (not value.shape or (value == number).all()):
                yield x.op, i, value.dtype.kind, number.item()


def surroundings(x: Expr, reach: int) -> Mapping[Trait, int] | None:
    """Give the traits of random variables below a node, with the fewest steps down to them.

    None where more would have to be looked at than serves.
    """
    near: dict[Trait, int] = {}
    level = [x]
    for depth in range(1, reach + 1):
        below = {
            a: None
            for y in level
            for a in y.args
            if isinstance(a, Expr) and a.op not in LEAVES and a.type.__class__ is not KeyType
        }
        level = list(below)
        if not level:
            break
        if len(level) > MOST:
            return None
        for a in level:
            if isinstance(a.op, RandomOp):
                for trait in traits(a):
                    near.setdefault(trait, depth)
    return near
