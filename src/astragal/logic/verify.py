"""Verification: a relation earns its place by being compared, number by number.

Sure identities are compared value by value. Where the outputs give all random variables
back, joint densities are compared, to rounding. Otherwise the joint law of the outputs is
computed on both sides by quadrature, and expectations of many functions of it are compared,
with an error bound from shifted grids; where that is out of reach, by samples. A relation is
rejected only by a difference that no rounding, quadrature or chance explains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np

from astragal.graph.errors import AstragalError, DTypeError, KeyReuseError, ModelError
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute
from astragal.graph.types import KeyType, TensorType
from astragal.logic.batch import NotBatched
from astragal.logic.conditional import Proportion, compare, compare_given
from astragal.logic.densities import (
    Inverse,
    Logs,
    compared,
    inverse_of,
    joint,
    recovers,
    whole_outputs,
    with_rounding,
)
from astragal.logic.enumerated import by_enumeration, enumerable
from astragal.logic.expectations import Difference, by_quadrature
from astragal.logic.lengths import lengths_of, with_lengths
from astragal.logic.numeric import Array, NotNumeric, evaluate_at, numeric_sort
from astragal.logic.relation import Relation
from astragal.logic.rounding import SAFETY, again, moved
from astragal.logic.samples import NoSamples, by_samples, sample
from astragal.logic.settings import settings, shown
from astragal.ops.declare import as_expr
from astragal.random.check import check_keys
from astragal.random.conditional import GIVEN
from astragal.random.keys import key, split

Effort = Literal["quick", "fast", "usual", "thorough"]
Comparison = Callable[
    [Relation, Mapping[Expr, Any], np.random.Generator, int], tuple[Proportion, list[Any]]
]


@dataclass(frozen=True)
class Plan:
    """How much is compared.

    Attributes
    ----------
    settings
        Values of the statement's variables at which expectations are compared.
    points
        Settings at which values and densities are compared, which is quick.
    rows
        Points at each of these, from either side.
    samples
        Numbers of draws, one after the other, since a gross mistake needs few; and of what chance
        explains, the share from which on a difference is looked at with the next number.
    members
        Of a statement about a family, how many members are looked at; None for all.
    lengths
        Of a statement about arrays of any length, how many lengths are looked at.
    more
        How many times as many settings are looked at by quadrature, by the number of random
        variables: one or two are quick.
    """

    settings: int
    points: int
    rows: int
    samples: tuple[tuple[int, float], ...]
    members: int | None = None
    lengths: int = 2
    more: Mapping[int, int] = field(default_factory=dict)


PLANS: Mapping[Effort, Plan] = {
    "quick": Plan(2, 6, 20, ((30_000, 0.4), (200_000, 1.0)), 3),
    "fast": Plan(2, 6, 20, ((30_000, 0.0), (300_000, 0.4), (1_500_000, 1.0)), 5, 3, {0: 3, 1: 3}),
    "usual": Plan(
        3, 12, 40, ((20_000, 0.0), (200_000, 0.35), (2_000_000, 1.0)), None, 4, {0: 4, 1: 3, 2: 2}
    ),
    "thorough": Plan(10, 40, 100, ((20_000, 0.0), (200_000, 0.0), (2_000_000, 1.0)), None, 5),
}


@dataclass(frozen=True)
class Verdict:
    """What came of a verification.

    Attributes
    ----------
    holds : bool
        Whether the identity stood every comparison. False also where none could be made.
    evidence : str
        How it was compared, and how closely both sides agree or differ.
    counterexample : dict or None
        Parameters at which the sides differ, with what differs.
    """

    holds: bool
    evidence: str
    counterexample: dict[str, Any] | None = None

    def __bool__(self) -> bool:
        return self.holds


def verify(relation: Relation, seed: int = 0, effort: Effort = "usual") -> Verdict:
    """Compare the two sides of a relation at generic parameters.

    Parameters
    ----------
    relation
    seed
        Where parameters and values are drawn from; the same seed gives the same verdict.
    effort
        ``"quick"`` for a whole book, ``"fast"`` for some relations in a row, ``"thorough"``
        where one mistake counts.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.rewrites.convolutions import normal_convolution
    >>> ag.verify(normal_convolution).holds
    True
    >>> @ag.relation("in law")
    ... def wrong(k: ag.Key, s, t):
    ...     k1, k2 = ag.split(k)
    ...     normal = ag.random.normal
    ...     return normal(k1, 0.0, s) + normal(k2, 0.0, t), normal(k, 0.0, s + t)
    >>> ag.verify(wrong).holds
    False
    """
    if not isinstance(relation, Relation):
        raise DTypeError(f"verify takes a relation, got {type(relation).__name__} {relation!r:.60}")
    if effort not in PLANS:
        raise ModelError(f"verify: effort is {effort!r}, expected one of {', '.join(PLANS)}")
    number: Any = seed
    if not isinstance(number, (int, np.integer)) or number < 0:
        raise ModelError(f"verify: seed is {seed!r}, expected a non-negative integer")
    if relation.members != (relation,):
        return _verify_members(relation, seed, effort)
    if lengths_of(relation):
        return _verify_lengths(relation, seed, effort)
    spent = _spent_twice(relation)
    if spent is not None:
        return spent
    rng = np.random.default_rng([seed, 20260])
    plan = PLANS[effort]
    if relation.kind == "sure":
        return _verify_sure(relation, rng, plan)
    if relation.kind == "conditional":
        try:
            return _verify_proportional(relation, rng, plan, compare)
        except (NotNumeric, NoSamples, NotBatched) as why:
            return Verdict(False, f"the densities could not be compared: {why}")
    if any(x.op is GIVEN for s in (relation.left, relation.right) for x in s.roots):
        try:
            return _verify_proportional(relation, rng, plan, compare_given)
        except (NotNumeric, NoSamples, NotBatched):
            return _verify_laws(relation, rng, plan)
    left, right = inverse_of(relation.left), inverse_of(relation.right)
    if left is not None and right is not None:
        try:
            return _verify_densities(relation, (left, right), rng, plan)
        except (NotBatched, NotNumeric, NoSamples):
            pass
    return _verify_laws(relation, rng, plan)


def _spent_twice(relation: Relation) -> Verdict | None:
    """Reject a statement of which a side spends a key twice: it has no law to be compared."""
    for which, side in (("left", relation.left), ("right", relation.right)):
        try:
            check_keys(*side.roots)
        except KeyReuseError as error:
            why = f"the {which} side spends a key twice"
            return Verdict(False, f"{why}: {error}", {"side": which, "key": str(error)})
    return None


def _verify_proportional(
    relation: Relation, rng: np.random.Generator, plan: Plan, way: Comparison
) -> Verdict:
    """Compare densities of which one lacks a constant."""
    worst, count = 0.0, 0
    for values in settings(relation, rng, plan.points // 2):
        found, at = way(relation, values, rng, plan.rows // 2)
        count += found.count
        if found.wrong is not None:
            return Verdict(
                False,
                f"the densities are not proportional: the difference of their logarithms varies "
                f"by {found.gap:.3g}",
                {**shown(values), "at": at},
            )
        worst = max(worst, found.gap)
    if count < plan.rows:
        return _none_found(relation)
    return Verdict(True, f"{count} points: the densities are proportional to {worst:.1e}")


def _verify_lengths(relation: Relation, seed: int, effort: Effort) -> Verdict:
    """Verify a statement about arrays of any length at some lengths."""
    evidence, count = "", 0
    letters = lengths_of(relation)
    for fixed in with_lengths(relation, PLANS[effort].lengths):
        count += 1
        verdict = verify(fixed, seed, effort)
        evidence = verdict.evidence
        if not verdict.holds:
            return verdict
    if not evidence:
        names = ", ".join(repr(d) for d in letters)
        return Verdict(False, f"no lengths {names} were found at which the statement has shapes")
    return Verdict(True, f"at {count} choices of lengths; {evidence}")


def _verify_members(relation: Relation, seed: int, effort: Effort) -> Verdict:
    """Verify a statement about families for each of their members."""
    members = relation.members
    if not members:
        return Verdict(False, f"no distribution belongs to the families of {relation.name}")
    few = PLANS[effort].members
    # Few of them, from all over the list: a different choice for each seed.
    step = 1 if few is None else max(1, -(-len(members) // few))
    chosen = members[seed % step :: step]
    verdicts = {m.choice.label: verify(m, seed, effort) for m in chosen}
    for label, verdict in verdicts.items():
        if not verdict.holds:
            found = {"member": label, **(verdict.counterexample or {})}
            return Verdict(False, f"{label}: {verdict.evidence}", found)
    label, verdict = next(iter(verdicts.items()))
    return Verdict(True, f"{len(chosen)} of {len(members)} members; {label}: {verdict.evidence}")


def _none_found(relation: Relation) -> Verdict:
    return Verdict(
        False, f"no parameters of {relation.name} were found that lie in all domains", None
    )


# -- sure: value by value ---------------------------------------------------------------------


def _verify_sure(relation: Relation, rng: np.random.Generator, plan: Plan) -> Verdict:
    worst = 0.0
    compared = 0
    n = len(relation.left.roots)
    for values in settings(relation, rng, plan.points):
        mapping: dict[Expr, Expr] = {v: as_expr(x) for v, x in values.items()}
        keys = [v for v in relation.variables if isinstance(v.type, KeyType)]
        mapping |= {k: key(int(rng.integers(0, 2**63))) for k in keys}
        try:
            sides = _sides_at(relation, mapping, keys)
        except AstragalError as error:
            return Verdict(False, f"the sides cannot be computed: {error}", shown(values))
        compared += 1
        slack: list[Array] | None = None
        for i, (a, b) in enumerate(zip(sides[:n], sides[n:], strict=True)):
            wrong, gap = _values_differ(a, b, values)
            if np.any(wrong):
                if slack is None:
                    slack = _rounding_of_values(relation, mapping, values, keys, sides)
                wrong = wrong & (np.abs(_as_float(a) - _as_float(b)) > slack[i] + slack[n + i])
            if np.any(wrong):
                at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
                whole = a.size <= MOST_SHOWN
                return Verdict(
                    False,
                    "the sides have different values for the same keys",
                    {
                        **shown(values),
                        "left": (a if whole else a[at]).tolist(),
                        "right": (b if whole else b[at]).tolist(),
                    },
                )
            worst = max(worst, gap)
    if not compared:
        return _none_found(relation)
    return Verdict(True, f"{compared} settings: values agree to {worst:.1e}")


KEYS = 20_000
"""Of a statement about scalars, so many keys are tried at each setting: it may be wrong rarely."""
MOST_SHOWN = 20


def _sides_at(
    relation: Relation,
    mapping: Mapping[Expr, Expr],
    keys: Sequence[Expr],
    more: Sequence[Expr] = (),
) -> list[Array]:
    """Compute both sides: for one key, or for an array of keys where all else is scalar.

    Parameters
    ----------
    more
        Other nodes of the sides that are computed with them.
    """
    from astragal.compile import evaluate

    roots = (*relation.left.roots, *relation.right.roots, *more)
    nodes = (*relation.left.order, *relation.right.order)
    numbers = (x.type for x in nodes if not isinstance(x.type, KeyType))
    if keys and all(isinstance(t, TensorType) and not t.shape for t in numbers):
        many = {**mapping, **{k: split(mapping[k], KEYS) for k in keys}}
        try:
            return [np.asarray(x) for x in evaluate(list(substitute(roots, many)))]
        except (AstragalError, IndexError, ValueError):
            pass  # an operation that looks at axes
    return [np.asarray(x) for x in evaluate(list(substitute(roots, mapping)))]


def _rounding_of_values(
    relation: Relation,
    mapping: Mapping[Expr, Expr],
    values: Mapping[Expr, Any],
    keys: Sequence[Expr],
    sides: Sequence[Array],
) -> list[Array]:
    """Measure what rounding makes of the values of both sides; all where none is left."""
    draws = list(dict.fromkeys((*relation.left.draws, *relation.right.draws)))
    roots = (*relation.left.roots, *relation.right.roots)
    worst = [np.zeros(x.shape) for x in sides]

    def once() -> list[Array]:
        given = dict(zip(draws, map(moved, drawn), strict=True))
        return evaluate_at(roots, {**values, **given})

    try:
        drawn = _sides_at(relation, mapping, keys, draws)[len(roots) :]
        for found in again(once):
            for i, (x, y) in enumerate(zip(sides, found, strict=True)):
                with np.errstate(all="ignore"):
                    change = np.where(x == y, 0.0, np.abs(_as_float(x) - _as_float(y)))
                worst[i] = np.maximum(worst[i], np.nan_to_num(change, nan=np.inf))
    except (AstragalError, ValueError):
        return [np.zeros(x.shape) for x in sides]  # a key is used for more than draws
    return [SAFETY * x for x in worst]


def _as_float(x: Array) -> Array:
    return np.asarray(x, float)


def _values_differ(a: Array, b: Array, values: Mapping[Expr, Any]) -> tuple[Array, float]:
    """Tell where values differ by more than rounding, and by how much relatively."""
    if a.dtype == bool:
        return np.asarray(a != b), 0.0
    with np.errstate(all="ignore"):
        both = (~np.isfinite(a) & ~np.isfinite(b)) | (a == b)
        gap = np.where(both, 0.0, np.abs(a - b) / (1e-300 + np.maximum(np.abs(a), np.abs(b))))
        # Where terms cancel, what counts is their size, not that of the difference.
        sizes = [float(np.max(np.abs(np.asarray(x, float)))) for x in values.values()]
        slack = 1e-9 * max(1.0, *sizes, 1.0)
        wrong = ~(gap <= 1e-6) & ~(np.abs(a - b) <= slack)
    return np.asarray(wrong & ~both), float(np.max(gap, initial=0.0))


# -- all random variables can be had from the outputs: exact densities --------------------------


def _verify_densities(
    relation: Relation,
    inverses: tuple[Inverse, Inverse],
    rng: np.random.Generator,
    plan: Plan,
) -> Verdict:
    worst, count = 0.0, 0
    counts = whole_outputs(relation.left, relation.right)
    for values in settings(relation, rng, plan.points):
        points = _points(relation, inverses, values, rng, plan.rows)
        ways = [
            partial(joint, side, inverse, values)
            for side, inverse in zip((relation.left, relation.right), inverses, strict=True)
        ]
        logs = compared(ways, points)
        if np.any(_wrong(logs)):
            logs = with_rounding(ways, points, counts, logs)
        wrong = _wrong(logs)
        gap = np.where(logs.telling | wrong, np.abs(logs.difference), 0.0)
        count += int(np.sum(logs.telling))
        if np.any(wrong):
            i = int(np.argmax(np.where(wrong, np.nan_to_num(gap, posinf=1e300), -1)))
            return Verdict(
                False,
                f"log densities differ by {gap[i]:.3g}",
                {
                    **shown(values),
                    "at": [np.asarray(p)[i].tolist() for p in points],
                    "left": float(logs.left[i]),
                    "right": float(logs.right[i]),
                },
            )
        worst = max(worst, float(np.max(gap, initial=0.0)))
    if count < plan.rows:
        return _none_found(relation)
    return Verdict(True, f"{count} points: log densities agree to {worst:.1e}")


def _wrong(logs: Logs) -> Array:
    """Tell where densities differ by more than rounding makes of them."""
    apart = ~logs.unsure & (np.abs(logs.difference) > logs.slack)
    return np.asarray(apart | logs.one_sided)


def _points(
    relation: Relation,
    inverses: tuple[Inverse, Inverse],
    values: Mapping[Expr, Any],
    rng: np.random.Generator,
    rows: int,
) -> list[Array]:
    """Draw values of the outputs from both sides, near and far."""
    out: list[list[Array]] = []
    n = len(relation.left.roots)
    for side, inverse in zip((relation.left, relation.right), inverses, strict=True):
        seed = int(rng.integers(0, 2**62))
        drawn = sample(side, values, rows, seed, (*side.roots, *side.draws))
        if not recovers(side, inverse, values, drawn[:n], drawn[n:]):
            raise NotNumeric("an output does not give its random variable back")
        out.append(drawn[:n])
    return [np.concatenate([np.asarray(d[i]) for d in out]) for i in range(n)]


# -- hidden random variables: expectations ----------------------------------------------------


COARSE = 1e-4
EXACT_SETTINGS = 4
"""Tables of probabilities cost little: so many times as many settings are looked at."""


def _verify_laws(relation: Relation, rng: np.random.Generator, plan: Plan) -> Verdict:
    sides = (relation.left, relation.right)
    why = next((r for s in sides if (r := numeric_sort(s))), None)
    worst, bound, count = 0.0, 0.0, 0
    how = "quadrature error"
    none = ""
    count_of_settings = plan.settings
    if why is None:
        count_of_settings *= plan.more.get(max(len(s.draws) for s in sides), 1)
    exact = all(enumerable(s) for s in sides)
    if exact:
        count_of_settings *= EXACT_SETTINGS
    for values in settings(relation, rng, count_of_settings):
        found: Difference | None = None
        if exact:
            try:
                found = by_enumeration(sides, values)
                how = "rounding"
            except NotNumeric:
                pass
        if why is None and found is None:
            try:
                found = by_quadrature(sides, values)
            except NotNumeric as error:
                why = str(error)
        # Coarse quadrature sees no small difference: samples are asked as well.
        if found is None or (not found.wrong and found.bound > COARSE):
            try:
                sampled = by_samples(sides, values, plan.samples, rng)
            except (NoSamples, NotNumeric) as error:
                if found is None:
                    none = f"neither quadrature ({why}) nor samples ({error}) could be had"
                    continue
            else:
                if found is None or sampled.wrong or sampled.bound < found.bound:
                    found, how = sampled, "chance"
        assert found is not None
        count += found.count
        worst, bound = max(worst, found.gap), max(bound, found.bound)
        if found.wrong:
            return Verdict(
                False,
                f"expectations differ by {found.gap:.3g}, {how} is at most {found.bound:.1g}",
                {
                    **shown(values),
                    "function": found.function,
                    "left": found.left,
                    "right": found.right,
                },
            )
    if not count:
        return Verdict(False, none) if none else _none_found(relation)
    because = f"; {why}" if why else ""
    return Verdict(
        True, f"{count} expectations agree to {worst:.1e} ({how} at most {bound:.1e}{because})"
    )
