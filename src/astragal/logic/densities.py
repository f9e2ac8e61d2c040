"""Joint log densities of the two sides of a relation, compared at points.

They are exact where the outputs give the random variables back: where they are the random
variables, or where solving one output after the other for one random variable each is a
change of variables, whose Jacobian is triangular.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from astragal.graph.errors import AstragalError
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute
from astragal.graph.types import TensorType
from astragal.logic.batch import lift
from astragal.logic.numeric import Array, axis_of, evaluate_at, log_density, run
from astragal.logic.pattern import Side
from astragal.logic.rounding import SAFETY, again, moved, perturbing
from astragal.logic.solve import solve
from astragal.logic.variables import Variable, fresh, variable
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.creation import input as make_input
from astragal.ops.declare import ASTYPE, as_expr, cast
from astragal.ops.gradient import grad
from astragal.random.distribution import Distribution, batch_shape, is_random, random_parts


@dataclass(frozen=True, eq=False)
class Inverse:
    """How a side's random variables follow from its outputs.

    Attributes
    ----------
    letters : tuple of Expr
        Leaves that stand for the outputs.
    draws : dict
        From each random variable to an expression of letters and the statement's variables.
    log_jacobian : Expr or None
        Logarithm of the derivative of the outputs by the random variables; None where it is 0.
    """

    letters: tuple[Expr, ...]
    draws: Mapping[Expr, Expr]
    log_jacobian: Expr | None


@cache
def inverse_of(side: Side) -> Inverse | None:
    """Solve a side's outputs for its random variables; None where that is not seen to be possible.

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.rewrites.conjugacy import gamma_gamma_rate
    >>> inverse_of(gamma_gamma_rate.right) is None
    False
    """
    if len(side.roots) != len(side.draws) or len(set(side.roots)) != len(side.roots):
        return None
    letters = tuple(variable(None, x.type) for x in side.roots)
    if all(is_random(x) for x in side.roots):
        return Inverse(letters, dict(zip(side.roots, letters, strict=True)), None)
    known: dict[Expr, Expr] = {}
    jacobian: Expr | None = None
    rest = list(zip(side.roots, letters, strict=True))
    while rest:
        open_ = [
            (i, [d for d in side.draws if d in side.below[root] and d not in known])
            for i, (root, _) in enumerate(rest)
        ]
        place = next(((i, own[0]) for i, own in open_ if len(own) == 1), None)
        if place is None:
            return None
        root, y = rest.pop(place[0])
        found = _undone(root, y, place[1], known, side)
        if found is None:
            return None
        known[place[1]], term = found
        if term is not None:
            jacobian = term if jacobian is None else jacobian + term
    return Inverse(letters, known, jacobian)


def _undone(
    root: Expr, y: Expr, draw: Expr, known: Mapping[Expr, Expr], side: Side
) -> tuple[Expr, Expr | None] | None:
    """Solve one output for one random variable, and give the log of its derivative by it."""
    if root is draw:
        return y, None
    if root.op is ASTYPE and root.args[0] is draw and _is_discrete(draw):
        return cast(y, draw.dtype), None
    if draw.type.shape or root.type.shape or _is_discrete(draw):
        return None
    z = fresh_like(draw)
    d, _, _, parameters = random_parts(draw)
    low = (d.support(*parameters).bounds or (None,))[0]
    positive: list[Expr] = [z] if isinstance(low, float) and low >= 0.0 else []
    positive += side.positive
    try:
        [whole] = substitute([root], {**known, draw: z})
        solution = solve(whole, y, z, positive)
        if solution is None:
            return None
        slope = grad(whole, z)
        [slope] = substitute([slope], {z: solution.value})
    except AstragalError:
        return None
    return solution.value, e.log(e.abs(slope))


def fresh_like(draw: Expr) -> Variable:
    """Make a leaf of a random variable's type."""
    return fresh(variable(draw.op.name, draw.type))


def _is_discrete(draw: Expr) -> bool:
    return random_parts(draw)[0].dtype != "float"


# -- values -----------------------------------------------------------------------------------


def joint(
    side: Side, inverse: Inverse, values: Mapping[Expr, Any], points: Sequence[Array]
) -> tuple[Array, Array]:
    """Compute the joint log density of a side's outputs at points, and the size of its terms.

    Raises
    ------
    NotBatched
        Where arrays are computed by an operation without a rule for batches.
    """
    with np.errstate(all="ignore"):
        if any(x.type.shape for x in side.order if isinstance(x.type, TensorType)):
            return _joint_of_arrays(side, inverse, values, points)
        known: dict[Expr, Any] = dict(values)
        known.update(zip(inverse.letters, points, strict=True))
        draws = evaluate_at(list(inverse.draws.values()), known)
        at = dict(zip(inverse.draws, draws, strict=True))
        total, size = _sum_of_terms(side, values, at, len(points[0]))
        if inverse.log_jacobian is not None:
            slope = evaluate_at([inverse.log_jacobian], known)[0]
            total = total - slope
            size = np.maximum(size, np.nan_to_num(np.abs(slope), posinf=0.0, neginf=0.0))
            back, unsure = _round_trip(side, inverse, known, points)
            total = np.where(back, total, np.where(unsure, np.nan, -np.inf))
        return total, size


def _sum_of_terms(
    side: Side, values: Mapping[Expr, Any], at: Mapping[Expr, Array], count: int
) -> tuple[Array, Array]:
    """Add up the log densities of random variables at values of theirs; give the largest too."""
    total, size = np.zeros(count), np.zeros(count)
    for x in side.draws:
        d, _, _, exprs = random_parts(x)
        parameters = evaluate_at(exprs, {**values, **at})
        log = log_density(d, at[x], parameters)
        total = total + log
        size = np.maximum(size, np.nan_to_num(np.abs(log), posinf=0.0))
    return total, size


def recovers(
    side: Side,
    inverse: Inverse,
    values: Mapping[Expr, Any],
    points: Sequence[Array],
    drawn: Sequence[Array],
) -> bool:
    """Tell whether the inverse gives back the random variables that outputs were computed from.

    The square of a normal does not: its root has one sign.

    Parameters
    ----------
    points, drawn
        Values of the outputs, and of the side's random variables, drawn together.
    """
    if inverse.log_jacobian is None:
        return True
    count = len(points[0])
    at = {x: np.asarray(v) for x, v in zip(side.draws, drawn, strict=True)}
    return all(
        _gives_back(side, inverse, values, {**at, x: _across(x, values, at, count)})
        for x in side.draws
    )


def _across(x: Expr, values: Mapping[Expr, Any], at: Mapping[Expr, Array], count: int) -> Array:
    """Give values of a random variable over the whole of its support, and those drawn."""
    d, _, _, exprs = random_parts(x)
    if d.dtype != "float" or any(p.core for p in d.parameters):
        return at[x]
    parameters = [np.ravel(p)[:1] for p in evaluate_at(exprs, {**values, **at})]
    grid = axis_of(d, parameters, count, 0.3, (-1,))[0]
    grid = np.where(np.arange(count) % 2, grid, at[x])
    return np.where(np.isfinite(grid) & (np.abs(grid) < 1e8), grid, at[x])


def _gives_back(
    side: Side, inverse: Inverse, values: Mapping[Expr, Any], at: Mapping[Expr, Array]
) -> bool:
    with np.errstate(all="ignore"):
        points = evaluate_at(side.roots, {**values, **at})
        step = {x: v * (1 + 1e-3) + 1e-6 if v.dtype.kind == "f" else v for x, v in at.items()}
        moved = evaluate_at(side.roots, {**values, **step})
        # Where an output saturates, rounding has lost the random variable.
        telling: Array = np.asarray(True)
        for a, b in zip(points, moved, strict=True):
            telling = telling & np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) > 1e-7 * np.abs(a))
        known: dict[Expr, Any] = dict(values)
        known.update(zip(inverse.letters, points, strict=True))
        found = evaluate_at([inverse.draws[x] for x in side.draws], known)
        for x, a in zip(side.draws, found, strict=True):
            b = at[x]
            near = np.abs(a - b) <= 1e-3 * (np.abs(a) + np.abs(b)) + 1e-9
            if np.any(telling & ~near):
                return False
    return True


def _round_trip(
    side: Side, inverse: Inverse, known: Mapping[Expr, Any], points: Sequence[Array]
) -> tuple[Array, Array]:
    """Tell which points come out again from the random variables found for them.

    Returns
    -------
    back, unsure : ndarray
        Where they do; where rounding of the random variables decides it.
    """

    def outputs() -> list[Array]:
        draws = evaluate_at(list(inverse.draws.values()), known)
        at = dict(zip(inverse.draws, map(moved, draws), strict=True))
        return evaluate_at(side.roots, {**known, **at})

    here = outputs()
    gaps = [np.abs(a - b) for a, b in zip(here, points, strict=True)]
    ok: Array = np.asarray(True)
    for a, b, gap in zip(here, points, gaps, strict=True):
        near = gap <= 1e-6 * (1e-300 + np.abs(a) + np.abs(b)) + 1e-9
        ok = ok & (near | (a == b))
    unsure: Array = np.asarray(False)
    if not np.all(ok) and not perturbing():
        for other in again(outputs):
            for a, b, gap in zip(here, other, gaps, strict=True):
                unsure = unsure | ~(SAFETY * np.abs(a - b) <= 0.5 * gap)
    return ok, unsure


def _joint_of_arrays(
    side: Side, inverse: Inverse, values: Mapping[Expr, Any], points: Sequence[Array]
) -> tuple[Array, Array]:
    # Floats are inputs: what is computed from them alone is rounded as well, each time anew.
    floats = [v for v, x in values.items() if np.asarray(x).dtype.kind == "f"]
    others = {v: np.asarray(x) for v, x in values.items() if v not in floats}
    inputs, outputs, count = _lifted(
        side,
        inverse,
        tuple((v, np.shape(values[v])) for v in floats),
        tuple((v, x.dtype.name, x.shape, x.tobytes()) for v, x in others.items()),
        tuple((np.shape(p), np.asarray(p).dtype.name) for p in points),
    )
    found = run(inputs, outputs, [*(values[v] for v in floats), *points])
    logs = [np.asarray(v) for v in found[:count]]
    size = np.maximum.reduce([np.nan_to_num(np.abs(v), posinf=0.0, neginf=0.0) for v in logs])
    out = np.any([np.isneginf(v) for v in found[count:]], axis=0)
    return np.where(out, -np.inf, np.sum(logs, axis=0)), size


Shape = tuple[int, ...]


@lru_cache(maxsize=64)
def _lifted(
    side: Side,
    inverse: Inverse,
    floats: tuple[tuple[Expr, Shape], ...],
    others: tuple[tuple[Expr, str, Shape, bytes], ...],
    points: tuple[tuple[Shape, str], ...],
) -> tuple[list[Expr], list[Expr], int]:
    """Write the terms of a log density over rows of points, then what must hold for it to be one.

    Returns
    -------
    inputs
        For the float variables, then for the points.
    outputs, count
        The terms, of which the first ``count`` are logarithms of densities; the others are minus
        infinity at points out of place.
    """
    n = points[0][0][0]
    outer = [make_input(f"v{i}", shape) for i, (_, shape) in enumerate(floats)]
    known: dict[Expr, Expr] = {
        v: as_expr(np.frombuffer(data, dtype).reshape(shape)) for v, dtype, shape, data in others
    }
    known.update(zip((v for v, _ in floats), outer, strict=True))
    inputs = [make_input(f"y{i}", shape, dtype) for i, (shape, dtype) in enumerate(points)]
    given = {**known, **dict(zip(inverse.letters, inputs, strict=True))}
    draws = lift(list(inverse.draws.values()), given, inverse.letters, n)
    at = dict(zip(inverse.draws, draws, strict=True))
    terms: list[Expr] = []
    inside: list[Expr] = []
    for x in side.draws:
        d, _, _, exprs = random_parts(x)
        rank = len(batch_shape(x))
        own = []
        for a, p in zip(exprs, d.parameters, strict=True):
            [y] = lift([a], {**known, **at}, at, n)
            own.append(_ranked(y, rank + p.core))
        terms.append(_over_rows(d.logdensity(at[x], *own)))
        inside += [_over_rows(e.log(cast(i, "float64"))) for i in _in_place(d, at[x], own)]
    if inverse.log_jacobian is not None:
        terms.append(-lift([inverse.log_jacobian], given, inverse.letters, n)[0])
    from astragal.compile.simplify import simplify as written_out

    # As written, the log of a probability that saturates loses its digits.
    return [*outer, *inputs], list(written_out([*terms, *inside])), len(terms)


def _ranked(y: Expr, rank: int) -> Expr:
    from astragal.ops.manipulation import reshape

    own = y.type.shape
    return reshape(y, (own[0], *(1,) * (rank + 1 - len(own)), *own[1:]))


def _in_place(d: Distribution, x: Expr, parameters: Sequence[Expr]) -> list[Expr]:
    """Say that a value lies in the support and the parameters in their domains."""
    return [
        d.support(*parameters).contains(x),
        *(p.domain.contains(v) for v, p in zip(parameters, d.parameters, strict=True)),
    ]


def _over_rows(x: Expr) -> Expr:
    axes = tuple(range(1, x.ndim))
    return r.sum(x, axes) if axes else x


Way = Callable[[Sequence[Array]], tuple[Array, Array]]
"""From points to log densities there, and the sizes of their terms."""


@dataclass(frozen=True)
class Logs:
    """Two log densities at the same points.

    Attributes
    ----------
    left, right : ndarray
    slack : ndarray
        What rounding may make of their difference.
    unsure : ndarray
        Where rounding decides whether there is a density at all.
    """

    left: Array
    right: Array
    slack: Array
    unsure: Array

    @property
    def difference(self) -> Array:
        """The left less the right one; 0 where neither has a density."""
        return _difference(self.left, self.right)

    @property
    def telling(self) -> Array:
        """Where both have a density, of which rounding leaves enough to compare."""
        finite = np.isfinite(self.left) & np.isfinite(self.right)
        return np.asarray(finite & ~self.unsure & (self.slack < MOST_ROUNDING))

    @property
    def one_sided(self) -> Array:
        """Where one of them has a density and the other has none."""
        one = np.isneginf(self.left) != np.isneginf(self.right)
        return np.asarray(one & ~self.unsure)


MOST_ROUNDING = 0.01
"""Log densities that rounding may have moved by more tell nothing."""


def _difference(a: Array, b: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(np.isneginf(a) & np.isneginf(b), 0.0, a - b)


def compared(ways: Sequence[Way], points: Sequence[Array]) -> Logs:
    """Compute two log densities at points, with the least that rounding makes of them."""
    (a, x), (b, y) = (way(points) for way in ways)
    return Logs(a, b, 1e-9 * (2.0 + x + y), np.isnan(a) | np.isposinf(a) | ~(b < np.inf))


def with_rounding(
    ways: Sequence[Way], points: Sequence[Array], whole: Sequence[bool], first: Logs
) -> Logs:
    """Measure what rounding makes of the difference, by rounding every step otherwise.

    Parameters
    ----------
    whole
        Which of the outputs are counts, written as numbers or not: they are not moved. Others are
        moved in the last place, together for both densities: at the edge of a support a point may
        lie on either side.
    """

    def once() -> list[Array]:
        here = [p if w else moved(p) for p, w in zip(points, whole, strict=True)]
        return [way(here)[0] for way in ways]

    here = first.difference
    worst, unsure = np.zeros(len(here)), first.unsure
    for a, b in again(once):
        lost = np.isnan(a) | np.isposinf(a) | ~(b < np.inf)
        lost |= np.isneginf(a) != np.isneginf(first.left)
        lost |= np.isneginf(b) != np.isneginf(first.right)
        unsure = unsure | lost
        with np.errstate(all="ignore"):
            change = np.abs(_difference(a, b) - here)
        worst = np.maximum(worst, np.where(lost, 0.0, np.nan_to_num(change, posinf=0.0)))
    return Logs(first.left, first.right, first.slack + SAFETY * worst, unsure)


def whole_outputs(*sides: Side) -> list[bool]:
    """Tell which outputs are counts on either side, written as numbers or not."""
    return [
        any(_is_count(x) for x in roots) for roots in zip(*(s.roots for s in sides), strict=True)
    ]


def _is_count(x: Expr) -> bool:
    inner = x.args[0] if x.op is ASTYPE else x
    return getattr(inner.type, "dtype", "float64") not in ("float64", "float32")
