"""Conditional laws: sides that are given an event, and relations that hold given the data.

A relation of kind ``"conditional"`` says what the law of some variables is, given the others
of the same pair of sides: a posterior without a name for the law of the data. Where both
sides are densities, ``log p(z, y) - log q(z | y)`` must not depend on z.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute
from astragal.logic.numeric import Array, NotNumeric, evaluate_at
from astragal.logic.pattern import Side, unconditioned
from astragal.logic.variables import VARIABLE, Variable
from astragal.random.distribution import contains, random_parts

if TYPE_CHECKING:
    from astragal.logic.densities import Inverse
    from astragal.logic.relation import Relation

LETTERS = "XYZWVU"
GIVEN_ROWS = 3


def held_letters(left: Side, right: Side, name: str) -> tuple[Side, Mapping[Expr, Variable]]:
    """Write letters for the outputs that both sides share: they are held.

    Returns
    -------
    side
        The right side, in which a letter stands for each of them.
    letters
        From those outputs to their letters.

    Raises
    ------
    ModelError
        Where all outputs are shared, or none.
    """
    held = [a for a, b in zip(left.roots, right.roots, strict=True) if a is b]
    if not held or len(held) == len(left.roots):
        raise ModelError(
            f"relation {name}: a conditional identity has outputs that both sides share, which "
            f"are given, and others; {len(held)} of {len(left.roots)} are shared"
        )
    letters: dict[Expr, Variable] = {}
    for i, r in enumerate(left.roots):
        if r in held:
            made = VARIABLE(LETTERS[i] if i < len(LETTERS) else f"Y{i}", r.type)
            assert isinstance(made, Variable)
            letters[r] = made
    return Side(substitute(right.roots, letters)), letters


@dataclass(frozen=True)
class Proportion:
    """Whether two densities are proportional at some points.

    Attributes
    ----------
    gap, bound : float
        How much the difference of their logarithms varies, and what rounding explains.
    wrong : int or None
        A point at which it varies more.
    count : int
        How many points were compared.
    """

    gap: float
    bound: float
    wrong: int | None
    count: int


@dataclass(frozen=True)
class _Logs:
    """Log densities at points, what rounding may make of them, and where nothing can be said."""

    at: Array
    slack: Array
    unsure: Array


def _moved(points: Sequence[Array]) -> list[Array]:
    """Put points beside themselves, moved a little: so rounding is seen."""
    from astragal.logic.densities import STEP

    return [
        np.concatenate([p, p * (1 + STEP), p * (1 - STEP)])
        if p.dtype.kind == "f"
        else np.concatenate([p, p, p])
        for p in points
    ]


def _log_density(
    side: Side, inverse: Inverse, values: Mapping[Expr, Any], moved: Sequence[Array]
) -> _Logs:
    from astragal.logic.densities import at_edge, joint

    total, size = joint(side, inverse, values, moved)
    log, up, down = np.split(total, 3)
    with np.errstate(all="ignore"):
        change = np.nan_to_num(np.abs(up - log) + np.abs(down - log), nan=0.0, posinf=0.0)
    # At the edge of a support rounding decides between a density and none.
    edge = at_edge(log, up, down)
    lost = np.isnan(log) | np.isposinf(log)
    return _Logs(log, 1e-9 * (1 + size[: len(log)]) + 50 * change, edge | lost)


def proportion(a: _Logs, b: _Logs) -> Proportion:
    """Compare two log densities, of which one may lack a constant."""
    p, q, unsure = a.at, b.at, a.unsure | b.unsure
    with np.errstate(all="ignore"):
        one = (np.isneginf(p) != np.isneginf(q)) & ~(np.maximum(p, q) < -300) & ~unsure
        used = ~unsure & np.isfinite(p) & np.isfinite(q)
        d = np.where(used, p - q, 0.0)
    if np.any(one):
        return Proportion(np.inf, 0.0, int(np.argmax(one)), int(used.sum()))
    if used.sum() < 2:
        return Proportion(0.0, 0.0, None, 0)
    slack = a.slack + b.slack
    gap = np.where(used, np.abs(d - np.median(d[used])), 0.0)
    limit = slack + float(np.median(slack[used]))
    wrong = gap > limit
    i = int(np.argmax(np.where(wrong, gap, -1.0))) if np.any(wrong) else None
    at = int(np.argmax(gap)) if i is None else i
    return Proportion(float(gap[at]), float(limit[at]), i, int(used.sum()))


def compare(
    relation: Relation, values: Mapping[Expr, Any], rng: np.random.Generator, rows: int
) -> tuple[Proportion, list[Any]]:
    """Compare a conditional law with the joint density that it comes from.

    Returns
    -------
    Proportion
        Of ``p(z, y)`` and ``q(z | y)`` as functions of z.
    list
        Values of the outputs where they are not proportional.

    Raises
    ------
    NotNumeric
        Where one of the densities cannot be had.
    """
    from astragal.logic.samples import OutOfDomain, sample

    left, right, letters = relation.left, relation.right, relation.held
    new = [i for i, r in enumerate(left.roots) if r not in letters]
    alone = Side(tuple(right.roots[i] for i in new))
    joint_inverse, inverse = _inverse(left), _inverse(alone)
    seeds = [int(i) for i in rng.integers(0, 2**62, 1 + GIVEN_ROWS)]
    prior = sample(left, values, max(rows, GIVEN_ROWS), seeds[0])
    found = Proportion(0.0, 0.0, None, 0)
    for seed, row in zip(seeds[1:], _regular(left, joint_inverse, values, prior), strict=False):
        held: dict[Expr, Any] = {
            letters[r]: prior[i][row] for i, r in enumerate(left.roots) if r in letters
        }
        here: dict[Expr, Any] = {**values, **held}
        try:
            posterior = sample(alone, here, rows, seed)
        except OutOfDomain:
            if not _outside(alone, here):
                continue  # rounding: a number has overflowed
            # Data that do occur lead out of the parameters' domains.
            at = [np.asarray(p[row]).tolist() for p in prior]
            return Proportion(np.inf, 0.0, row, found.count), at
        points = [np.concatenate([posterior[j], prior[i][:rows]]) for j, i in enumerate(new)]
        moved = _moved(points)
        whole = [_repeated(prior[i][row], len(moved[0])) for i in range(len(left.roots))]
        for j, i in enumerate(new):
            whole[i] = moved[j]
        one = proportion(
            _log_density(left, joint_inverse, values, whole),
            _log_density(alone, inverse, here, moved),
        )
        if one.wrong is not None:
            return one, [np.asarray(v)[one.wrong].tolist() for v in whole]
        worst = max(found, one, key=lambda p: p.gap)
        found = Proportion(worst.gap, worst.bound, None, found.count + one.count)
    return found, []


def _outside(side: Side, values: Mapping[Expr, Any]) -> bool:
    """Tell whether a parameter of a side has a finite value outside its domain."""
    for x in side.draws:
        d, _, _, parameters = random_parts(x)
        for a, p in zip(parameters, d.parameters, strict=True):
            if a not in side.random:
                [value] = evaluate_at([a], values)
                if np.all(np.isfinite(value)) and not np.all(contains(p.domain, value)):
                    return True
    return False


def _regular(
    side: Side, inverse: Inverse, values: Mapping[Expr, Any], points: Sequence[Array]
) -> list[int]:
    """List the rows at which a side has a density: rounding puts others on the edge of a support.

    A beta variable may be drawn as 1, where its density is infinite or 0.
    """
    near = _log_density(side, inverse, values, _moved(points))
    return [int(i) for i in np.flatnonzero(np.isfinite(near.at) & ~near.unsure)]


def compare_given(
    relation: Relation, values: Mapping[Expr, Any], rng: np.random.Generator, rows: int
) -> tuple[Proportion, list[Any]]:
    """Compare two laws of which one or both are given an event, by their densities."""
    from astragal.logic.samples import NoSamples, sample

    sides = (relation.left, relation.right)
    if any(getattr(x.type, "shape", ()) for s in sides for x in s.draws):
        raise NotNumeric("an event of arrays is observed by samples")
    bare = [unconditioned(s) for s in sides]
    inverses = [_inverse(s) for s, _ in bare]
    drawn: list[list[Array]] = []
    lost = ""
    for side, seed in zip(sides, rng.integers(0, 2**62, 2), strict=True):
        try:
            drawn.append(sample(side, values, rows, int(seed)))
        except NoSamples as why:  # a rare event: the other side tells where to look
            lost = str(why)
    if not drawn:
        raise NoSamples(lost)
    points = [np.concatenate(ys) for ys in zip(*drawn, strict=True)]
    moved = _moved(points)
    logs = []
    for (side, event), inverse in zip(bare, inverses, strict=True):
        found = _log_density(side, inverse, values, moved)
        if event is not None:
            if not set(Side((event,)).draws) <= set(inverse.draws):
                raise NotNumeric("the event reads a random variable that no output gives back")
            [at] = substitute([event], inverse.draws)
            known = {**values, **dict(zip(inverse.letters, moved, strict=True))}
            whole = np.split(np.broadcast_to(evaluate_at([at], known)[0], moved[0].shape), 3)
            # At the edge of the event rounding decides.
            unsure = found.unsure | (whole[0] != whole[1]) | (whole[0] != whole[2])
            found = _Logs(np.where(whole[0], found.at, -np.inf), found.slack, unsure)
        logs.append(found)
    one = proportion(*logs)
    if one.wrong is None:
        return one, []
    return one, [np.asarray(v)[one.wrong].tolist() for v in moved]


def _inverse(side: Side) -> Inverse:
    from astragal.logic.densities import inverse_of

    found = inverse_of(side)
    if found is None:
        raise NotNumeric("an output does not give its random variable back")
    return found


def _repeated(y: Any, n: int) -> Array:
    value = np.asarray(y)
    return np.broadcast_to(value, (n, *value.shape))
