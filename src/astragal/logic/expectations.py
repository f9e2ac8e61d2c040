"""Joint laws of the two sides of a relation, compared through expectations.

By quadrature over all random variables where there are few of them, else by samples: the
threshold is then a bound that holds for any law (empirical Bernstein), so that chance
rejects a true identity with a known, tiny probability.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.graph.errors import AstragalError, DomainError
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute
from astragal.graph.types import KeyType
from astragal.logic.batch import NotBatched, lift
from astragal.logic.numeric import Array, Law, NotNumeric, law
from astragal.logic.pattern import Side, unconditioned
from astragal.logic.variables import Variable
from astragal.ops.declare import as_expr
from astragal.random.keys import key, split

SHIFTS = (0.0, 0.25, 0.5, 0.75)
FALSE_ALARMS = 1e-6
"""Probability that chance rejects any true identity in a whole run of the book's tests."""
COMPARISONS = 50_000_000
"""Comparisons by samples that such a run makes at most: 1,500 relations, 10 settings,
3 sample sizes, 1,000 functions."""
LEVEL = math.log(4 * COMPARISONS / FALSE_ALARMS)
PILOT = 2_000
MOST_DRAWS = 5_000_000
_JOINT = 6
_FEW = 3
_TRIPLES = 40
_REACH = 5
CHUNK = 400_000


@dataclass(frozen=True)
class Difference:
    """How far apart two laws were found.

    Attributes
    ----------
    gap : float
        The difference of the expectations that stands out most.
    bound : float
        What error or chance explains of it.
    function : str
    left, right : float
        Its expectations.
    count : int
        How many expectations were compared.
    """

    gap: float
    bound: float
    function: str
    left: float
    right: float
    count: int

    @property
    def wrong(self) -> bool:
        """Whether nothing explains the difference."""
        return self.gap > self.bound


class Tests:
    """Bounded functions of the outputs, centred where the outputs are.

    Bumps and steps at several places, of several widths, into the tails, and powers, which
    see a wrong spread or a tail that is a little too light; of several outputs also products
    of two, of three and of all, so that the joint law counts and not the marginals alone.
    """

    __test__ = False  # pytest: these are no tests

    def __init__(self, first: Law) -> None:
        self.single: list[list[tuple[str, float, float]]] = []
        for a in first.roots:
            places = _quantiles(a, first.weights, (0.02, 0.15, 0.4, 0.65, 0.9, 0.99))
            width = max(places[4] - places[1], 1e-3 * abs(places[2]), 1e-6)
            own = [("step", c, 0.4 * width) for c in places]
            own += [("bump", c, f * width) for c in places[1:5] for f in (0.25, 1.0)]
            own += [("step", places[2], f * width) for f in (6.0, 60.0)]
            own += [(f"power {n}", places[2], 0.45 * width) for n in (2, 3, 4)]
            self.single.append(own)
        self.names: list[str] = [
            f"{kind}(output {i}, {c:.3g}, {w:.3g})"
            for i, own in enumerate(self.single)
            for kind, c, w in own
        ]
        self.pairs = list(itertools.combinations(range(len(self.single)), 2))
        for i, j in self.pairs:
            self.names += [f"product of output {i} and {j}, {n}" for n in range(_JOINT**2)]
        count = len(self.single)
        self.triples = list(itertools.combinations(range(count), 3))[:_TRIPLES]
        for t in self.triples:
            which = f"output {t[0]}, {t[1]} and {t[2]}"
            self.names += [f"product of {which}, {n}" for n in range(_FEW**3)]
        self.whole = count > 3
        if self.whole:
            self.names += [f"product of all outputs, {n}" for n in range(_JOINT)]

    def moments(self, roots: Sequence[Array], weights: Array) -> tuple[Array, Array]:
        """Compute the means of all functions, and of their squares.

        Each function has values within an interval of length 1.
        """
        means, squares, steps = [], [], []
        with np.errstate(all="ignore"):
            for own, y in zip(self.single, roots, strict=True):
                values = np.stack([_test(kind, y, c, w) for kind, c, w in own])
                np.nan_to_num(values, copy=False)
                means.append(values @ weights)
                squares.append((values * values) @ weights)
                steps.append(values[:_JOINT])
        for i, j in self.pairs:
            # A product of functions of two outputs is an entry of a product of matrices.
            weighted = steps[i] * weights
            means.append((weighted @ steps[j].T).ravel())
            squares.append(((weighted * steps[i]) @ (steps[j] * steps[j]).T).ravel())
        for i, j, k in self.triples:
            # Three functions with values in an interval of length 1 have products in one of 1/4.
            few = [4 ** (1 / 3) * steps[n][1 : 1 + _FEW] for n in (i, j, k)]
            both = (few[0][:, None] * few[1][None]).reshape(_FEW**2, -1)
            means.append(((both * weights) @ few[2].T).ravel())
            squares.append(((both * both * weights) @ (few[2] * few[2]).T).ravel())
        if self.whole:
            product = 0.5 * np.prod([2 * s for s in steps], axis=0)
            means.append(product @ weights)
            squares.append((product * product) @ weights)
        return np.concatenate(means), np.concatenate(squares)

    def expect(self, law: Law) -> Array:
        """Compute the expectations of all functions."""
        return self.moments(*law.points)[0]


def _test(kind: str, y: Array, c: float, w: float) -> Array:
    z = (y - c) / w
    if kind == "step":
        return np.arctan(z) / np.pi
    if kind == "bump":
        return np.exp(-0.5 * z * z)
    n = int(kind.split()[1])
    most = float(_REACH**n)
    return np.clip(z, -_REACH, _REACH) ** n / (most if n % 2 == 0 else 2 * most)


def _quantiles(y: Array, weights: Array, levels: Sequence[float]) -> list[float]:
    flat, w = np.ravel(y), np.ravel(weights)
    keep = np.isfinite(flat) & (w > 0)
    flat, w = flat[keep], w[keep]
    if not len(flat):
        raise NotNumeric("no finite values")
    order = np.argsort(flat, kind="stable")
    total = np.cumsum(w[order])
    at = np.searchsorted(total, np.asarray(levels) * total[-1])
    return [float(flat[order[min(i, len(flat) - 1)]]) for i in at]


# -- quadrature -------------------------------------------------------------------------------


def by_quadrature(sides: Sequence[Side], values: Mapping[Expr, Any]) -> Difference:
    """Compare expectations, each summed over grids in four places, which shows their error.

    Raises
    ------
    NotNumeric
        Where a side cannot be done, or the error is too large to tell anything.
    """
    laws = [[law(s, values, shift) for shift in SHIFTS] for s in sides]
    tests = Tests(laws[0][0])
    means, errors = [], []
    for ways in laws:
        table = np.asarray([tests.expect(w) for w in ways])
        lost = max(abs(w.mass - 1.0) for w in ways)
        means.append(table.mean(axis=0))
        errors.append(np.ptp(table, axis=0).max() + lost)
    error = max(errors)
    if not error <= 0.02:
        raise NotNumeric(f"quadrature is off by {error:.2g}")
    gap = np.abs(means[0] - means[1])
    i = int(gap.argmax())
    return Difference(
        float(gap[i]), 6 * error + 1e-8, tests.names[i],
        float(means[0][i]), float(means[1][i]), len(gap),
    )  # fmt: skip


# -- samples ----------------------------------------------------------------------------------


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
    """Compare means over independent pairs of draws, the functions chosen by other draws.

    The bound is Maurer and Pontil's (2009) for means of bounded variables, at a level that
    leaves `FALSE_ALARMS` for a whole run.

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
    tests = Tests(Law(tuple(pilot), np.full(PILOT, 1 / PILOT), 1.0))
    totals = [[np.zeros(len(tests.names)) for _ in range(2)] for _ in sides]
    done = 0
    found: Difference | None = None
    for n, share in looks:
        while done < n:
            m = min(CHUNK, n - done)
            seeds = rng.integers(0, 2**62, len(sides))
            for side, total, seed in zip(sides, totals, seeds, strict=True):
                try:
                    drawn = _columns(sample(side, values, m, int(seed)))
                except NoSamples:
                    if found is None:
                        raise
                    return found  # so many could not be had: what the look before saw stands
                means, squares = tests.moments(drawn, np.ones(m))
                total[0] += means
                total[1] += squares
            done += m
        found = _difference(tests, [(a / done, b / done) for a, b in totals], done)
        if found.wrong or found.gap < share * found.bound:
            break
    assert found is not None
    return found


def _difference(tests: Tests, moments: Sequence[tuple[Array, Array]], n: int) -> Difference:
    """Compare means of n draws, given those of the squares too."""
    means = [m for m, _ in moments]
    spread = sum(np.maximum(q - m * m, 0.0) for m, q in moments)
    gap = np.abs(means[0] - means[1])
    bound = np.sqrt(2 * spread * LEVEL / n) + 2 * 7 * LEVEL / (3 * (n - 1))
    i = int((gap / bound).argmax())
    return Difference(
        float(gap[i]), float(bound[i]), tests.names[i],
        float(means[0][i]), float(means[1][i]), len(gap),
    )  # fmt: skip


def _columns(drawn: Sequence[Array]) -> list[Array]:
    rows = [np.asarray(r, float).reshape(len(r), -1) for r in drawn]
    return [c for r in rows for c in r.T]


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
