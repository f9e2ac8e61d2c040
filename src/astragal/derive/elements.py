"""Coordinates of a vector of which some elements lie below others, or within ends of their own.

Each element has for its ends those before it in the vector that must lie below and above it, and
what else bounds it or what it must lie below or above: trajectories meet no wall there.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from astragal.density.transforms import Interval, Transform, to_line
from astragal.derive.bounds import COMPARISONS
from astragal.derive.check import Array, compiled
from astragal.graph.expr import Expr, Op
from astragal.graph.literal import constant, is_constant
from astragal.graph.traverse import substitute, toposort
from astragal.ops import elementwise as e
from astragal.ops.manipulation import broadcast_to, reshape, stack

MOST = 64
"""Elements of such a vector: each is written on its own."""
Ends = list[Expr]
_PLACES = frozenset({"index", "reshape", "broadcast_to", "permute_dims", "concatenate"})
"""Operations that only put elements in other places."""


def within(
    z: Expr, interval: Interval, parts: Sequence[Expr], later: set[Expr]
) -> Transform | None:
    """Give coordinates of a vector within conditions on its elements.

    Parameters
    ----------
    z
        The vector.
    interval
        Where its own law lets it lie.
    parts
        Conditions that all must hold, elementwise.
    later
        Variables that no end may read.

    Returns
    -------
    Transform or None
        None where no condition bounds single elements.
    """
    if z.ndim != 1 or not isinstance(z.shape[0], int) or z.shape[0] > MOST:
        return None
    n = int(z.shape[0])
    below = np.eye(n, dtype=bool)  # row lies below column
    lows, highs = ([_own(x, z, i) for i in range(n)] for x in (interval.low, interval.high))
    found = False
    for part in parts:
        if part.op.name not in COMPARISONS:
            continue
        small, large = part.args if COMPARISONS[part.op.name] else part.args[::-1]
        first, second = (_places(x, z, part.shape) for x in (small, large))
        if first is not None and second is not None:
            for i, low, j, high in zip(*first, *second, strict=True):
                if i >= 0 and j >= 0:
                    below[i, j] = found = True
                elif i >= 0 and np.isfinite(high):
                    highs[i].append(constant(high))
                    found = True
                elif j >= 0 and np.isfinite(low):
                    lows[j].append(constant(low))
                    found = True
        elif first is not None and later.isdisjoint(toposort([large])):
            found |= _collect(highs, first[0], large, part)
        elif second is not None and later.isdisjoint(toposort([small])):
            found |= _collect(lows, second[0], small, part)
    for i in range(n):
        below |= below[:, [i]] & below[[i], :]
    if not found or (below & below.T).sum() > n:
        return None
    return _one_by_one(z, below, lows, highs)


def _places(x: Expr, z: Expr, shape: tuple[object, ...]) -> tuple[list[int], list[float]] | None:
    """Read which element of a vector stands where, -1 for a constant, and the constants' values.

    None for all else.
    """
    nodes = toposort([x])
    moved = {z}
    for node in nodes:
        inner = [a for a in node.args if isinstance(a, Expr)]
        if any(a in moved for a in inner):
            if node.op.name not in _PLACES:
                return None
            moved.add(node)
    if x not in moved and not is_constant(x):
        return None
    if any(a not in moved and not is_constant(a) for a in _read(moved, z)):
        return None
    n = int(z.shape[0])
    put = [substitute([x], {z: constant(np.arange(i, i + n, dtype="float64"))})[0] for i in (0, n)]
    once, again = (np.ravel(v) for v in compiled([], [broadcast_to(y, shape) for y in put])())
    # What is the same for other numbers in the vector's place is none of its elements.
    return np.where(once != again, once, -1.0).astype(int).tolist(), once.astype(float).tolist()


def _read(moved: set[Expr], z: Expr) -> list[Expr]:
    return [a for x in moved if x is not z for a in x.args if isinstance(a, Expr)]


def _own(bound: Expr | None, z: Expr, i: int) -> Ends:
    """End of an element by the law of all."""
    if bound is None:
        return []
    return [bound if bound.ndim == 0 else broadcast_to(bound, z.shape)[i]]


def _collect(ends: Sequence[Ends], places: Sequence[int], bound: Expr, part: Expr) -> bool:
    each = reshape(broadcast_to(bound, part.shape), (-1,))
    for j, i in enumerate(places):
        if i >= 0:
            ends[i].append(bound if bound.ndim == 0 else each[j])
    return any(i >= 0 for i in places)


def _one_by_one(z: Expr, below: Array, lows: Sequence[Ends], highs: Sequence[Ends]) -> Transform:
    n = len(below)

    def place(i: int, before: Sequence[Expr]) -> Transform:
        """Coordinates of an element, from the values of those before it."""
        least, most = _bounds(below, lows, i), _bounds(below.T, highs, i)
        low = [*(before[j] for j in _nearest(below, i)), *least]
        high = [*(before[j] for j in _nearest(below.T, i)), *most]
        ends = (_joined(e.maximum, low), _joined(e.minimum, high))
        return to_line(Interval(*ends), ())

    def values(u: Expr) -> list[Expr]:
        found: list[Expr] = []
        for i in range(n):
            found.append(place(i, found).forward(u[i]))
        return found

    def backward(x: Expr) -> Expr:
        parts = [x[i] for i in range(n)]
        return stack([place(i, parts).backward(parts[i]) for i in range(n)])

    def log_jacobian(u: Expr) -> Expr:
        found = values(u)
        return stack([place(i, found).log_jacobian(u[i]) for i in range(n)])

    return Transform(lambda u: stack(values(u)), backward, log_jacobian, z.shape)


def _nearest(below: Array, i: int) -> list[int]:
    """Those before an element that lie below it, with none of these between."""
    found = [j for j in range(i) if below[j, i]]
    return [j for j in found if not any(below[j, k] for k in found if k != j)]


def _bounds(below: Array, ends: Sequence[Ends], i: int) -> list[Expr]:
    """Ends of what lies below an element and comes no earlier, which keeps to its own."""
    kept = {x for j in range(i) if below[j, i] for x in ends[j]}
    new = [x for j in range(i, len(below)) if below[j, i] for x in ends[j]]
    return [x for x in dict.fromkeys(new) if x not in kept]


def _joined(op: Op, ends: Sequence[Expr]) -> Expr | None:
    return functools.reduce(op, ends) if ends else None
