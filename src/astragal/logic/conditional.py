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
from astragal.logic.rounding import again, moved
from astragal.logic.variables import VARIABLE, Variable
from astragal.random.distribution import contains, random_parts

if TYPE_CHECKING:
    from astragal.logic.densities import Inverse, Logs, Way
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


def proportion(ways: Sequence[Way], points: Sequence[Array], whole: Sequence[bool]) -> Proportion:
    """Compare two log densities, of which one may lack a constant."""
    from astragal.logic.densities import compared, with_rounding

    logs = compared(ways, points)
    found = _proportion(logs)
    if found.wrong is None:
        return found
    return _proportion(with_rounding(ways, points, whole, logs))


def _proportion(logs: Logs) -> Proportion:
    used = logs.telling
    count = int(used.sum())
    if np.any(logs.one_sided):
        return Proportion(np.inf, 0.0, int(np.argmax(logs.one_sided)), count)
    if count < 2:
        return Proportion(0.0, 0.0, None, 0)
    d = np.where(used, logs.difference, 0.0)
    # The constant is read off where rounding counts least.
    sharp = used & (logs.slack <= np.median(logs.slack[used]))
    gap = np.where(used, np.abs(d - np.median(d[sharp])), 0.0)
    limit = logs.slack + float(np.median(logs.slack[used]))
    wrong = gap > limit
    i = int(np.argmax(np.where(wrong, gap, -1.0))) if np.any(wrong) else None
    at = int(np.argmax(gap)) if i is None else i
    return Proportion(float(gap[at]), float(limit[at]), i, count)


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
    from astragal.logic.densities import joint, whole_outputs
    from astragal.logic.samples import OutOfDomain, sample

    left, right, letters = relation.left, relation.right, relation.held
    new = [i for i, r in enumerate(left.roots) if r not in letters]
    alone = Side(tuple(right.roots[i] for i in new))
    joint_inverse, inverse = _inverse(left), _inverse(alone)
    counts = whole_outputs(left, right)
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
        count = len(points[0])
        data = {i: _repeated(prior[i][row], count) for i in range(len(left.roots)) if i not in new}

        def whole(points: Sequence[Array], data: Mapping[int, Array] = data) -> tuple[Array, Array]:
            given = {**data, **dict(zip(new, points, strict=True))}
            every = [given[i] for i in range(len(left.roots))]
            return joint(left, joint_inverse, values, every)

        def posterior_alone(
            points: Sequence[Array], here: Mapping[Expr, Any] = here
        ) -> tuple[Array, Array]:
            return joint(alone, inverse, here, points)

        one = proportion((whole, posterior_alone), points, [counts[i] for i in new])
        if one.wrong is not None:
            found_at = {**data, **dict(zip(new, points, strict=True))}
            return one, [
                np.asarray(found_at[i])[one.wrong].tolist() for i in range(len(left.roots))
            ]
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
    from astragal.logic.densities import joint, whole_outputs

    counts = whole_outputs(side)

    def once() -> Array:
        here = [p if w else moved(p) for p, w in zip(points, counts, strict=True)]
        return joint(side, inverse, values, here)[0]

    finite = np.isfinite(once()) & np.all([np.isfinite(log) for log in again(once, 2)], axis=0)
    return [int(i) for i in np.flatnonzero(finite)]


def compare_given(
    relation: Relation, values: Mapping[Expr, Any], rng: np.random.Generator, rows: int
) -> tuple[Proportion, list[Any]]:
    """Compare two laws of which one or both are given an event, by their densities."""
    from astragal.logic.densities import whole_outputs
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
    ways = [
        _given_event(side, event, inverse, values)
        for (side, event), inverse in zip(bare, inverses, strict=True)
    ]
    one = proportion(ways, points, whole_outputs(*(side for side, _ in bare)))
    if one.wrong is None:
        return one, []
    return one, [np.asarray(v)[one.wrong].tolist() for v in points]


def _given_event(
    side: Side, event: Expr | None, inverse: Inverse, values: Mapping[Expr, Any]
) -> Way:
    """Make the log density of a side given an event, up to a constant."""
    from astragal.logic.densities import joint

    inside: Expr | None = None
    if event is not None:
        if not set(Side((event,)).draws) <= set(inverse.draws):
            raise NotNumeric("the event reads a random variable that no output gives back")
        [inside] = substitute([event], inverse.draws)

    def log(points: Sequence[Array]) -> tuple[Array, Array]:
        total, size = joint(side, inverse, values, points)
        if inside is not None:
            known = {**values, **dict(zip(inverse.letters, points, strict=True))}
            total = np.where(evaluate_at([inside], known)[0], total, -np.inf)
        return total, size

    return log


def _inverse(side: Side) -> Inverse:
    from astragal.logic.densities import inverse_of

    found = inverse_of(side)
    if found is None:
        raise NotNumeric("an output does not give its random variable back")
    return found


def _repeated(y: Any, n: int) -> Array:
    value = np.asarray(y)
    return np.broadcast_to(value, (n, *value.shape))
