"""Joint laws of the two sides of a relation, compared through expectations by samples.

The threshold is a bound that holds for any law, so that chance rejects a true identity with
a known, tiny probability.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from astragal.graph.errors import AstragalError, DomainError
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute
from astragal.graph.types import KeyType
from astragal.logic.batch import NotBatched, lift
from astragal.logic.expectations import Difference
from astragal.logic.numeric import Array, Law, NotNumeric, evaluate_at, log_density, run
from astragal.logic.pattern import Side, unconditioned
from astragal.logic.rounding import SAFETY, again, moved
from astragal.logic.variables import Variable
from astragal.logic.witnesses import Tests
from astragal.ops.creation import input as input_of
from astragal.ops.declare import as_expr
from astragal.random.distribution import random_parts
from astragal.random.keys import key, split

FALSE_ALARMS = 1e-6
"""Probability that chance rejects any true identity in a whole run of the book's tests."""
LOOKS = 45_000
"""Looks at samples that such a run takes at most: 1,500 relations, 10 settings, 3 numbers."""
PILOT = 2_000
MOST_DRAWS = 5_000_000
MOST_NUMBERS = 16
"""Of a statement in which more numbers are drawn and given out at once, fewer draws are taken."""
CHUNK = 400_000
PIECE = 10_000
RETRIES = 3
ROUNDING = 1e-9
"""What rounding may make of a difference of means."""


class NoSamples(Exception):
    """A side cannot be drawn; the message says why."""


class OutOfDomain(NoSamples):
    """A parameter of a random variable of a side has a value that none may have."""


def by_samples(
    sides: Sequence[Side],
    values: Mapping[Expr, Any],
    looks: Sequence[tuple[int, float]],
    rng: np.random.Generator,
) -> Difference:
    """Compare means over pairs of draws, one from either side, the functions chosen by others.

    Where both sides have one law, the difference of a function between the draws of a pair is
    as likely to have either sign. Given their sizes, the sum of n such differences exceeds t
    times the root of the sum of their squares with probability at most 2 exp(-t**2 / 2)
    (Hoeffding 1963), whatever the law and the function.

    Parameters
    ----------
    looks
        Numbers of draws at which the means are compared, more each time; the next look is
        taken where the largest difference exceeds a share of its bound.

    Raises
    ------
    NoSamples
        Where a side cannot be drawn.
    """
    pilot = _columns(sample(sides[0], values, PILOT, int(rng.integers(0, 2**62))))
    for side in sides:
        _refuse_rounded(side, values, int(rng.integers(0, 2**62)))
    tests = Tests(Law(tuple(pilot), np.full(PILOT, 1 / PILOT), 1.0), rough=True)
    sums = np.zeros((3, len(tests.names)))
    rounding = np.zeros(len(tests.names))
    done = 0
    found: Difference | None = None
    for n, share in _affordable(looks, sides):
        while done < n:
            m = min(CHUNK, n - done)
            seeds = rng.integers(0, 2**62, len(sides))
            try:
                left, right = (
                    _columns(sample(side, values, m, int(seed)))
                    for side, seed in zip(sides, seeds, strict=True)
                )
            except NoSamples:
                if found is None:
                    raise
                return found  # so many could not be had: what the look before saw stands
            for start in range(0, m, PIECE):
                piece = slice(start, start + PIECE)
                sums += tests.paired([y[piece] for y in left], [y[piece] for y in right])
            done += m
        found = _difference(tests, sums / done, done, rounding)
        if found.wrong and not np.any(rounding):
            for side in sides:
                rounding += _rounding(tests, side, values, int(rng.integers(0, 2**62)))
            found = _difference(tests, sums / done, done, rounding)
        if found.wrong or found.gap < share * found.bound:
            break
    assert found is not None
    return found


def _affordable(
    looks: Sequence[tuple[int, float]], sides: Sequence[Side]
) -> list[tuple[int, float]]:
    """Take fewer draws of large arrays: their numbers are drawn and compared one by one."""
    nodes = [x for s in sides for x in (*s.roots, *s.draws)]
    size = sum(math.prod(n for n in x.type.shape if isinstance(n, int)) for x in nodes)
    least = looks[0][0]
    return [(max(least, int(n * min(1.0, MOST_NUMBERS / size))), share) for n, share in looks]


def _rounding(tests: Tests, side: Side, values: Mapping[Expr, Any], seed: int) -> Array:
    """Measure how far means move where draws, and all that is made of them, are rounded otherwise.

    A draw within a unit in the last place of an end of its support is all rounding.
    """
    if unconditioned(side)[1] is not None or not side.draws:
        return np.zeros(len(tests.names))
    drawn = sample(side, values, PIECE, seed, (*side.roots, *side.draws))
    draws = drawn[len(side.roots) :]
    inputs = [input_of(f"x{i}", np.shape(x), x.dtype.name) for i, x in enumerate(draws)]
    known = {v: as_expr(np.asarray(x)) for v, x in values.items()}
    known.update(zip(side.draws, inputs, strict=True))
    try:
        outputs = list(lift(side.roots, known, side.draws, PIECE))
    except NotBatched:
        return np.zeros(len(tests.names))

    def means() -> Array:
        roots = [np.asarray(v) for v in run(inputs, outputs, [moved(x) for x in draws])]
        return tests.table(tests.values(_columns(roots))) / PIECE

    here = means()
    worst: Array = np.max([np.abs(m - here) for m in again(means, RETRIES)], axis=0)
    return SAFETY * worst


def _difference(tests: Tests, means: Array, n: int, rounding: Array) -> Difference:
    """Compare means over n pairs, given those of the squares of differences too."""
    left, right, squares = means
    level = math.log(2 * LOOKS * len(left) / FALSE_ALARMS)
    gap = np.abs(left - right)
    bound = np.sqrt(2 * level * np.maximum(squares, 0.0) / n) + ROUNDING + rounding
    i = int((gap / bound).argmax())
    return Difference(
        float(gap[i]), float(bound[i]), tests.names[i], float(left[i]), float(right[i]), len(gap)
    )


def _columns(drawn: Sequence[Array]) -> list[Array]:
    """Give the elements of the outputs, one array each.

    Raises
    ------
    NoSamples
        Where counts lie so far out that neighbours are one float.
    """
    for r in drawn:
        if r.dtype.kind in "iu" and np.mean(np.abs(r.astype(float)) >= 2.0**50) > RARE:
            raise NoSamples("counts are larger than a float can tell apart")
    rows = [np.asarray(r, float).reshape(len(r), -1) for r in drawn]
    return [c for r in rows for c in r.T]


RARE = 1e-5
"""So few draws beyond the reach of floats change nothing that is compared."""


def _refuse_rounded(side: Side, values: Mapping[Expr, Any], seed: int) -> None:
    """Refuse a setting at which draws are rounded to an end of their support.

    Raises
    ------
    NoSamples
        Naming the distribution.
    """
    bare, event = unconditioned(side)
    whole = bare if event is None else Side((*bare.roots, event))
    numbers = [
        x for x in whole.draws
        if not x.type.shape and random_parts(x)[0].dtype == "float"
        and not any(p.core for p in random_parts(x)[0].parameters)
    ]  # fmt: skip
    if not numbers:
        return
    drawn = dict(zip(numbers, sample(whole, values, PILOT, seed, numbers), strict=True))
    for x in numbers:
        d, _, _, parameters = random_parts(x)
        if any(set(Side((a,)).draws) - set(numbers) for a in parameters):
            continue
        try:
            at = evaluate_at(parameters, {**values, **drawn})
            log = log_density(d, drawn[x], at)
        except NotNumeric:
            continue
        if np.mean(~np.isfinite(log)) > 0.01:
            raise NoSamples(f"draws of {d.name} are rounded to an end of their support")


def sample(
    side: Side,
    values: Mapping[Expr, Any],
    n: int,
    seed: int,
    roots: Sequence[Expr] | None = None,
) -> list[Array]:
    """Draw n independent values of a side's roots, or of other nodes of it together.

    Raises
    ------
    NoSamples
        Where that cannot be done.
    """
    from astragal.compile import function

    bare, event = unconditioned(side)
    if event is not None:
        return _sample_given(Side((*bare.roots, event)), values, n, seed)
    roots = side.roots if roots is None else roots
    mapping: dict[Expr, Expr] = {v: as_expr(x) for v, x in values.items()}
    keys = [k for k in side.order if isinstance(k.type, KeyType) and isinstance(k, Variable)]
    root = key(seed)
    try:
        try:
            own = split(root, max(len(keys), 1))
            mapping |= {k: own[i] for i, k in enumerate(keys)}
            whole = lift(roots, mapping, (), n)
            result = function([], list(whole), backend="numpy")()
        except NotBatched:
            result = _in_loop(roots, mapping, keys, split(root, n))
    except DomainError as error:
        raise OutOfDomain(str(error)) from None
    except AstragalError as error:
        raise NoSamples(str(error)) from None
    many = list(result) if isinstance(result, (list, tuple)) else [result]
    return [np.asarray(v) for v in many]


def _sample_given(whole: Side, values: Mapping[Expr, Any], n: int, seed: int) -> list[Array]:
    """Draw until n draws lie in an event, the last output."""
    pilot = sample(whole, values, PILOT, seed)[-1]
    chance = float(np.mean(pilot))
    # So many that enough lie in the event even where the pilot flatters it by four deviations.
    least = chance - 4.0 * math.sqrt(chance * (1.0 - chance) / PILOT)
    many = int(1.1 * n / max(least, 1e-9)) + 1000
    if many > MOST_DRAWS:
        raise NoSamples(f"the event is too rare, with probability {chance:.2g}")
    *drawn, event = sample(whole, values, many, seed + 1)
    kept = [np.asarray(v)[event.astype(bool)][:n] for v in drawn]
    if len(kept[0]) < n:
        raise NoSamples(f"the event is too rare, with probability {chance:.2g}")
    return kept


def _in_loop(
    roots: Sequence[Expr], mapping: Mapping[Expr, Expr], keys: Sequence[Expr], each: Expr
) -> Any:
    """Draw once for each key, in a compiled loop: for operations without a rule for batches."""
    from astragal.compile import function
    from astragal.ops.control import scan

    def body(carry: Expr, k: Expr) -> tuple[Expr, tuple[Expr, ...]]:
        own = split(k, len(keys))
        here = {**mapping, **{k: own[j] for j, k in enumerate(keys)}}
        return carry, substitute(roots, here)

    _, drawn = scan(body, 0.0, each)
    return function([], list(drawn), backend="numba")()
