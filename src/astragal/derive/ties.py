"""Discrete latents that hold each other: drawn one at a time, they would never move.

Of z = w, seen to be true, neither can change alone: a chain that draws each given the other
stays where it began, and looks converged. Two such variables are found by what is possible of
both at generic values of the rest: where single changes do not lead from every possible pair of
values to every other, they are to be moved at once, or summed out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from astragal.density.tables import finite_values
from astragal.derive.check import Array, compiled
from astragal.derive.plan import Plan
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS

MOST = 1024
"""Values of several variables together, above which they are not summed out one in another."""
_POINTS, _PLACES = 2, 3


def tied(plan: Plan) -> list[tuple[str, str]]:
    """Find the pairs of discrete latents of which single changes do not reach all values.

    Parameters
    ----------
    plan
        What is known of the model.

    Returns
    -------
    list of pairs of names
        Those that some law reads together, and whose values are few.
    """
    values = {n: v for n in plan.latent if (v := _values(plan, n)) is not None}
    if len(values) < 2:
        return []
    plan.points.restart()
    rng = np.random.default_rng(20_11)
    points = [plan.points(rng) for _ in range(_POINTS)]
    return [
        (one, other)
        for one, other in itertools.combinations(values, 2)
        if _read_together(plan, one, other)
        and any(_apart(plan, one, other, values, p) for p in points)
    ]


def joint_values(plan: Plan, names: Sequence[str]) -> int:
    """Count the values that an element of each of some discrete latents can have together."""
    known = [_values(plan, n) for n in names]
    return math.prod(len(v) for v in known if v is not None)


def _values(plan: Plan, name: str) -> range | None:
    near = plan.reads.of(name)
    return None if near.own is None or near.z.dtype in FLOATS else finite_values(near.own.rv)


def _read_together(plan: Plan, one: str, other: str) -> bool:
    z, w = plan.reads.of(one), plan.reads.of(other)
    return any(f in w.factors for f in z.factors) or any(j in w.extra for j in z.extra)


def _apart(
    plan: Plan, one: str, other: str, values: Mapping[str, range], point: Mapping[str, Array]
) -> bool:
    """Whether the possible pairs of values of some two elements fall into parts."""
    z, w = plan.reads.of(one), plan.reads.of(other)
    terms: dict[Expr, None] = dict.fromkeys(f.total for f in (*z.factors, *w.factors))
    terms.update(dict.fromkeys((*z.extra, *w.extra)))
    names = {x: n for n, x in plan.joint.coordinates.items()}
    below = [x for x in toposort(terms) if x in names and x is not z.z and x is not w.z]
    run = compiled([z.z, w.z, *below], list(terms))
    given = [point[names[x]] for x in below]
    for i, j in _elements(point[one].shape, point[other].shape):
        table = np.zeros((len(values[one]), len(values[other])), bool)
        for at in np.ndindex(*table.shape):
            a, b = point[one].copy(), point[other].copy()
            a[i], b[j] = values[one][at[0]], values[other][at[1]]
            table[at] = all(np.all(t > -np.inf) for t in run(a, b, *given))
        if _parts(table) > 1:
            return True
    return False


def _elements(
    one: tuple[int, ...], other: tuple[int, ...]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Some pairs of places: of arrays of one shape, the same place in both."""
    first = list(itertools.islice(np.ndindex(*one), _PLACES))
    if one == other:
        return list(zip(first, first, strict=True))
    return list(itertools.product(first, itertools.islice(np.ndindex(*other), _PLACES)))


def _parts(table: Array) -> int:
    """Count the sets of pairs that changes of one value at a time lead through."""
    left = {(int(i), int(j)) for i, j in zip(*np.nonzero(table), strict=True)}
    count = 0
    while left:
        count += 1
        front = {left.pop()}
        while front:
            near = {p for p in left if any(p[0] == q[0] or p[1] == q[1] for q in front)}
            left -= near
            front = near
    return count
