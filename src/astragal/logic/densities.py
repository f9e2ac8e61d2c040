"""Joint log densities of the two sides of a relation, compared at points.

They are exact where the outputs give the random variables back: where they are the random
variables, or where solving one output after the other for one random variable each is a
change of variables, whose Jacobian is triangular.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from astragal.graph.errors import AstragalError
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute
from astragal.graph.types import TensorType
from astragal.logic.batch import lift
from astragal.logic.numeric import Array, axis_of, evaluate_at, log_density, run
from astragal.logic.pattern import Side
from astragal.logic.solve import solve
from astragal.logic.variables import Variable, fresh, variable
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.creation import input as make_input
from astragal.ops.declare import ASTYPE, as_expr, cast
from astragal.ops.gradient import grad
from astragal.random.distribution import Distribution, batch_shape, is_random, random_parts

STEP = 1e-15
"""Points are moved by this fraction, to see how much of a density is rounding."""


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
            # What was solved for is rounded: by how much does that move the density?
            for factor in (1 + 4e-16, 1 - 4e-16):
                near = {x: v * factor if v.dtype.kind == "f" else v for x, v in at.items()}
                change = np.abs(_sum_of_terms(side, values, near, len(points[0]))[0] - total)
                size = size + 1e10 * np.nan_to_num(change, nan=0.0, posinf=0.0)
        if inverse.log_jacobian is not None:
            slope = evaluate_at([inverse.log_jacobian], known)[0]
            total = total - slope
            size = np.maximum(size, np.nan_to_num(np.abs(slope), posinf=0.0, neginf=0.0))
            back, unsure = _round_trip(side, values, at, points)
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
        for p in parameters:
            if p.dtype.kind == "f":
                size = np.maximum(size, np.nan_to_num(np.abs(p), posinf=0.0))
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
    side: Side, values: Mapping[Expr, Any], at: Mapping[Expr, Array], points: Sequence[Array]
) -> tuple[Array, Array]:
    """Tell which points come out again from the random variables found for them.

    Returns
    -------
    back, unsure : ndarray
        Where they do; where rounding of the random variables decides it.
    """

    def outputs(factor: float) -> list[Array]:
        moved = {x: v * factor if v.dtype.kind == "f" else v for x, v in at.items()}
        return evaluate_at(side.roots, {**values, **moved})

    ok: Array = np.asarray(True)
    unsure: Array = np.asarray(False)
    here, up, down = outputs(1.0), outputs(1 + 4e-16), outputs(1 - 4e-16)
    for a, b, c, d in zip(here, points, up, down, strict=True):
        gap = np.abs(a - b)
        near = gap <= 1e-6 * (1e-300 + np.abs(a) + np.abs(b)) + 1e-9
        ok = ok & (near | (a == b))
        # A small step of the random variable goes further than the output is off.
        unsure = unsure | (np.abs(c - a) + np.abs(d - a) > 0.1 * gap) | ~np.isfinite(a + c + d)
    return ok, unsure


def _joint_of_arrays(
    side: Side, inverse: Inverse, values: Mapping[Expr, Any], points: Sequence[Array]
) -> tuple[Array, Array]:
    from astragal.compile.simplify import simplify as written_out

    n = len(points[0])
    constants: dict[Expr, Expr] = {v: as_expr(np.asarray(x)) for v, x in values.items()}
    inputs = [
        make_input(f"y{i}", np.shape(p), np.asarray(p).dtype.name) for i, p in enumerate(points)
    ]
    given = {**constants, **dict(zip(inverse.letters, inputs, strict=True))}
    draws = lift(list(inverse.draws.values()), given, inverse.letters, n)
    at = dict(zip(inverse.draws, draws, strict=True))
    terms: list[Expr] = []
    for x in side.draws:
        d, _, _, exprs = random_parts(x)
        rank = len(batch_shape(x))
        own = []
        for a, p in zip(exprs, d.parameters, strict=True):
            [y] = lift([a], {**constants, **at}, at, n)
            own.append(_ranked(y, rank + p.core))
        terms += [_over_rows(t) for t in _terms(d, at[x], own)]
    if inverse.log_jacobian is not None:
        terms.append(-lift([inverse.log_jacobian], given, inverse.letters, n)[0])
    # As written, the log of a probability that saturates loses its digits.
    logs = [np.asarray(v) for v in run(inputs, list(written_out(terms)), list(points))]
    size = np.maximum.reduce([np.nan_to_num(np.abs(v), posinf=0.0, neginf=0.0) for v in logs])
    total = np.sum(logs, axis=0)
    return np.where(np.isnan(total), -np.inf, total), size


def _ranked(y: Expr, rank: int) -> Expr:
    from astragal.ops.manipulation import reshape

    own = y.type.shape
    return reshape(y, (own[0], *(1,) * (rank + 1 - len(own)), *own[1:]))


def _terms(d: Distribution, x: Expr, parameters: Sequence[Expr]) -> list[Expr]:
    """Give the log density, and minus infinity where value or parameters are out of place."""
    inside = [d.support(*parameters).contains(x)]
    inside += [p.domain.contains(v) for v, p in zip(parameters, d.parameters, strict=True)]
    return [d.logdensity(x, *parameters), *(e.log(cast(i, "float64")) for i in inside)]


def _over_rows(x: Expr) -> Expr:
    axes = tuple(range(1, x.ndim))
    return r.sum(x, axes) if axes else x


def at_edge(here: Array, up: Array, down: Array) -> Array:
    """Tell where a log density is minus infinity at a point or right beside it, not at both."""
    out, beside = np.isneginf(here), (np.isneginf(up), np.isneginf(down))
    return np.asarray((out != beside[0]) | (out != beside[1]))


def compared(
    sides: Sequence[tuple[Side, Inverse]], values: Mapping[Expr, Any], points: Sequence[Array]
) -> tuple[Array, Array, Array, Array]:
    """Compare joint log densities at points.

    Returns
    -------
    left, right : ndarray
        Log densities.
    gap : ndarray
        Their difference, 0 where nothing can be said.
    tolerance : ndarray
        What rounding may make of the difference: seen by moving the points a little.
    """
    m = len(points[0])
    moved = [
        np.concatenate([p, p * (1 + STEP), p * (1 - STEP)]) if p.dtype.kind == "f"
        else np.concatenate([p, p, p])
        for p in points
    ]  # fmt: skip
    logs, slack = [], np.zeros(m)
    unsure = np.zeros(m, bool)
    for side, inverse in sides:
        total, size = joint(side, inverse, values, moved)
        here, up, down = total[:m], total[m : 2 * m], total[2 * m :]
        with np.errstate(all="ignore"):
            change = np.nan_to_num(np.abs(up - here) + np.abs(down - here), nan=0.0, posinf=0.0)
        slack = slack + 1e-9 * (1 + size[:m]) + 50 * change
        # At the edge of a support rounding decides between a density and none.
        edge = at_edge(here, up, down)
        lost = np.isnan(here) | np.isposinf(here)
        unsure |= edge | lost
        logs.append(here)
    a, b = logs
    with np.errstate(all="ignore"):
        faint = (np.isneginf(a) != np.isneginf(b)) & (np.maximum(a, b) < -300)
        gap = np.where((np.isneginf(a) & np.isneginf(b)) | unsure | faint, 0.0, np.abs(a - b))
    return a, b, gap, slack
