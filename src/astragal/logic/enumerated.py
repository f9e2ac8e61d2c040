"""Laws of finitely many values, exactly: all that random variables can be, one by one.

A side whose random variables are counts with few values, arrays of them too, has a law that is a
table. Events are rows of it, so that conditional laws are exact however rare the event.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from astragal.graph.errors import AstragalError
from astragal.graph.expr import Expr
from astragal.graph.types import TensorType
from astragal.logic.batch import NotBatched, lift
from astragal.logic.expectations import Difference
from astragal.logic.numeric import Array, NotNumeric, run
from astragal.logic.pattern import Side, unconditioned
from astragal.ops import reductions
from astragal.ops.creation import input as make_input
from astragal.ops.declare import as_expr
from astragal.random.distribution import random_parts

MOST_ROWS = 200_000
EXACT = 1e-9

# The least and the most that a count can be, from its parameters.
RANGES: dict[str, Callable[..., tuple[Any, Any]]] = {
    "bernoulli": lambda p: (0, 1),
    "binomial": lambda n, p: (0, n),
    "beta_binomial": lambda n, a, b: (0, n),
    "hypergeometric": lambda g, b, n: (0, np.minimum(g, n)),
    "negative_hypergeometric": lambda g, b, r: (0, g),
    "discrete_uniform": lambda low, high: (low, high - 1),
    "categorical": lambda p: (0, np.shape(p)[-1] - 1),
    "poisson_binomial": lambda p: (0, np.shape(p)[-1]),
}
# Vectors of counts with a given total.
TOTALS: dict[str, Callable[..., tuple[Any, int]]] = {
    "multinomial": lambda n, p: (n, np.shape(p)[-1]),
    "dirichlet_multinomial": lambda n, a: (n, np.shape(a)[-1]),
    "multivariate_hypergeometric": lambda m, n: (n, np.shape(m)[-1]),
}


def enumerable(side: Side) -> bool:
    """Tell whether all random variables of a side have finitely many values, of known shapes."""
    return bool(side.draws) and all(
        isinstance(x.type, TensorType)
        and all(isinstance(d, int) for d in x.type.shape)
        and random_parts(x)[0].name in {*RANGES, *TOTALS}
        for x in side.draws
    )


def by_enumeration(sides: Sequence[Side], values: Mapping[Expr, Any]) -> Difference:
    """Compare the probabilities of all values that the outputs can have.

    Raises
    ------
    NotNumeric
        Where there are too many, or a table does not add up.
    """
    left, right = (_table(s, values) for s in sides)
    places = [*left, *(v for v in right if v not in left)]
    gaps = [abs(left.get(v, 0.0) - right.get(v, 0.0)) for v in places]
    i = int(np.argmax(gaps))
    at = places[i]
    return Difference(
        gaps[i], EXACT, f"the probability of {at[0] if len(at) == 1 else at}",
        left.get(at, 0.0), right.get(at, 0.0), len(places),
    )  # fmt: skip


def _table(side: Side, values: Mapping[Expr, Any]) -> dict[tuple[float, ...], float]:
    """Give the probability of each value of the outputs, flat."""
    bare, event = unconditioned(side)
    roots = bare.roots if event is None else (*bare.roots, event)
    known: dict[Expr, Array] = {}
    weights = np.zeros(1)
    for x in Side(roots).draws:
        known, weights = _with_axis(x, known, weights, values)
    chance = np.exp(weights)
    if not abs(float(chance.sum()) - 1.0) < EXACT:
        raise NotNumeric(f"the values that were listed have probability {chance.sum():.6g}")
    outputs = _at_rows(roots, known, values, len(weights))
    if event is not None:
        chance = chance * outputs[-1].astype(bool)
        if not chance.sum() > 0:
            raise NotNumeric("the event has no probability")
        chance = chance / chance.sum()
        outputs = outputs[:-1]
    whole = np.concatenate([v.reshape(len(chance), -1).astype(float) for v in outputs], axis=1)
    places, inverse = np.unique(whole[chance > 0], axis=0, return_inverse=True)
    sums = np.bincount(inverse.ravel(), weights=chance[chance > 0])
    return {tuple(p.tolist()): float(c) for p, c in zip(places, sums, strict=True)}


def _with_axis(
    x: Expr, known: Mapping[Expr, Array], weights: Array, values: Mapping[Expr, Any]
) -> tuple[dict[Expr, Array], Array]:
    """Cross the rows so far with all values of one more random variable."""
    d, _, _, exprs = random_parts(x)
    rows = len(weights)
    parameters = _at_rows(exprs, known, values, rows) if exprs else []
    listed = _values_of(x, d.name, parameters)
    if rows * len(listed) > MOST_ROWS:
        raise NotNumeric(f"{rows * len(listed)} values of {d.name} and others are too many")
    crossed = {y: np.repeat(v, len(listed), axis=0) for y, v in known.items()}
    crossed[x] = np.tile(listed, (rows, *[1] * (listed.ndim - 1)))
    assert isinstance(x.type, TensorType)
    stand = make_input("value", x.type.shape, x.type.dtype)
    log = reductions.sum(d.logdensity(stand, *exprs) + as_expr(0.0))
    inside = reductions.all(d.support(*exprs).contains(stand))
    found = _at_rows([log, inside], {**crossed, stand: crossed[x]}, values, len(crossed[x]))
    with np.errstate(all="ignore"):
        new = np.repeat(weights, len(listed)) + np.where(found[1].astype(bool), found[0], -np.inf)
    kept = np.isfinite(new)
    return {y: v[kept] for y, v in crossed.items()}, new[kept]


def _values_of(x: Expr, name: str, parameters: Sequence[Array]) -> Array:
    """List what a random variable can be at any of the rows, and perhaps more."""
    assert isinstance(x.type, TensorType)
    shape = tuple(d for d in x.type.shape if isinstance(d, int))
    if name in TOTALS:
        total, parts = TOTALS[name](*parameters)
        if len(shape) > 1:
            raise NotNumeric(f"a sample of {name} has too many values")
        found = [c for n in np.unique(total) for c in _compositions(int(n), parts)]
        return np.asarray(found).reshape(len(found), *shape)
    low, high = RANGES[name](*parameters)
    span = np.arange(int(np.min(low)), int(np.max(high)) + 1)
    count = int(np.prod(shape, dtype=int))
    if float(len(span)) ** count > MOST_ROWS:
        raise NotNumeric(f"{len(span)}**{count} values of {name} are too many")
    return np.asarray(list(itertools.product(span.tolist(), repeat=count))).reshape(-1, *shape)


def _compositions(n: int, parts: int) -> list[tuple[int, ...]]:
    """List the ways to share n among some parts."""
    ways = float(np.prod([(n + i + 1) / (i + 1) for i in range(parts - 1)]))
    if ways > MOST_ROWS:
        raise NotNumeric(f"{ways:.3g} ways to share {n} among {parts} are too many")
    bars = itertools.combinations(range(n + parts - 1), parts - 1)
    return [
        tuple(b - a - 1 for a, b in itertools.pairwise((-1, *cut, n + parts - 1))) for cut in bars
    ]


def _at_rows(
    roots: Sequence[Expr], known: Mapping[Expr, Array], values: Mapping[Expr, Any], rows: int
) -> list[Array]:
    """Compute expressions at many values of some nodes."""
    fixed = {v: as_expr(np.asarray(a)) for v, a in values.items()}
    stand = {
        x: make_input(f"x{i}", (rows, *x.type.shape), x.type.dtype)  # type: ignore[union-attr]
        for i, x in enumerate(known)
    }
    try:
        lifted = lift(roots, {**fixed, **stand}, stand, rows)
    except (NotBatched, AstragalError) as why:
        raise NotNumeric(f"many values at once: {why}") from None
    return [
        np.broadcast_to(v, (rows, *np.shape(v)[1:])) if np.ndim(v) else np.full(rows, v)
        for v in run(list(stand.values()), lifted, list(known.values()))
    ]
