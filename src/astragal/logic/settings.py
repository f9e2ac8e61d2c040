"""Values for the variables of a relation: generic, in all domains, the conditions met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import INTEGERS, KeyType, TensorType
from astragal.logic.numeric import Array, evaluate_at, in_domain
from astragal.logic.pattern import Side
from astragal.logic.relation import Relation
from astragal.logic.variables import Variable
from astragal.random.distribution import (
    COUNT,
    NON_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    contains,
    random_parts,
)
from astragal.random.multivariate import CORRELATION, COVARIANCE, INCREASING, SIMPLEX


def settings(relation: Relation, rng: np.random.Generator, count: int) -> Iterator[dict[Expr, Any]]:
    """Draw values for the statement's variables that lie in all domains and meet `where`.

    Each variable comes from all parts of its range in turn: of several settings some have it
    negative, some below 1, whatever the others are. Of an alternative, the cases take turns; every
    third setting lies near the ends that a condition names. The last two of many settings lie far
    out, at opposite ends; of some, the last.
    """
    variables = [v for v in relation.variables if not isinstance(v.type, KeyType)]
    roles = {
        v: [
            *([relation.domains[v]] if v in relation.domains else []),
            *(p for s in (relation.left, relation.right) for p in _roles(v, s)),
        ]
        for v in variables
    }
    cases = _cases(relation.where)
    parts = {v: rng.permutation(count) for v in variables}
    flipped = {v: bool(rng.integers(2)) for v in variables}
    found = tried = 0
    for attempt in range(400 * count):
        if found == count:
            return
        far = tried < 20 and count >= SOME and found >= count - 1 - (count >= MANY)
        ends = _ends(cases[(found + attempt // 20) % len(cases)])
        values: dict[Expr, Any] = {}
        for v in variables:
            # Where the conditions tie variables together, the parts of their ranges may not fit.
            part = (parts[v][found], count) if tried < 20 else (0, 1)
            if far:
                part = (9 * (flipped[v] ^ (found == count - 1)), 10)
            # Next to an end, what else is asked of a value may be out of reach.
            near = found % 3 == 2 and not far and tried < 20
            guess = _Guess(roles[v], rng, attempt, part, far, near, found if tried < 4 else -1)
            values[v] = guess.value(v, *_interval(ends.get(v, ()), values))
        tried += 1
        if allowed(relation, values) and _far_from_singular(relation, values):
            found, tried = found + 1, 0
            yield values


SOME, MANY = 4, 6
"""Of so many settings or more, the last one, and the last two, are far from the others."""
MOST_CASES = 8


def _cases(conditions: Sequence[Expr]) -> list[tuple[Expr, ...]]:
    """Take alternatives apart: each case is a list of conditions that suffice together."""
    cases: list[tuple[Expr, ...]] = [()]
    stack = list(reversed(conditions))
    while stack:
        c = stack.pop()
        if c.op.name == "logical_and":
            stack += c.args
        elif c.op.name == "logical_or" and 2 * len(cases) <= MOST_CASES:
            own = [case for a in c.args if isinstance(a, Expr) for case in _cases((a,))]
            cases = [(*case, *more) for case in cases for more in own]
        else:
            cases = [(*case, c) for case in cases]
    return cases


def _ends(conditions: Sequence[Expr]) -> dict[Expr, list[tuple[Expr, bool]]]:
    """Read from conditions from where upward or downward a variable lies."""
    out: dict[Expr, list[tuple[Expr, bool]]] = {}
    stack = list(conditions)
    while stack:
        c = stack.pop()
        if c.op.name == "logical_and":
            stack += c.args
        if c.op.name not in _COMPARISONS or len(c.args) != 2:
            continue
        upward = _COMPARISONS[c.op.name]
        for a, b, up in ((*c.args, upward), (*c.args[::-1], not upward)):
            if isinstance(a, Variable) and not a.type.shape and not b.type.shape:
                out.setdefault(a, []).append((b, up))
    return out


def _interval(
    ends: Sequence[tuple[Expr, bool]], values: Mapping[Expr, Any]
) -> tuple[float | None, float | None]:
    """Compute between which numbers a variable lies, given those that have a value."""
    low: float | None = None
    high: float | None = None
    for end, upward in ends:
        if any(isinstance(x, Variable) and x not in values for x in toposort([end])):
            continue
        at = float(evaluate_at([end], values)[0])
        if upward:
            low = at if low is None else max(low, at)
        else:
            high = at if high is None else min(high, at)
    return low, high


_COMPARISONS = {"greater": True, "greater_equal": True, "less": False, "less_equal": False}
"""Whether a comparison says from where upward its first operand lies."""


@dataclass(frozen=True)
class _Guess:
    """One try at the value of a variable.

    Attributes
    ----------
    domains
        Of the parameters in whose place it stands.
    attempt
        How many tries there were: where the usual ranges meet no condition, wider ones are used.
    part
        Which part of the range to take, of how many.
    far
        Whether to go beyond the usual range on purpose.
    near
        Whether to stay near an end that a condition names.
    way
        Which of the usual ranges is meant where none is known; -1 for any.
    """

    domains: Sequence[Any]
    rng: np.random.Generator
    attempt: int
    part: tuple[int, int]
    far: bool
    near: bool
    way: int

    @property
    def wide(self) -> float:
        return 4.0 if self.far or self.attempt >= 40 else 1.0

    def share(self, shape: tuple[int, ...]) -> Array:
        """Give numbers between 0 and 1, in the part that is asked for."""
        i, n = (0, 1) if shape else self.part
        return np.asarray((i + self.rng.random(shape)) / n)

    def positive(self, shape: tuple[int, ...]) -> Array:
        low = 0.5 / self.wide if self.far else 0.5
        value: Array = np.exp(np.log(low) + self.share(shape) * np.log(3.0 * self.wide / low))
        return value

    def real(self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Array:
        share = low + (high - low) * self.share(shape)
        quantile = np.vectorize(NormalDist(0.3, 1.2 * self.wide).inv_cdf, otypes=[float])
        return np.asarray(quantile(np.clip(share, 1e-6, 1 - 1e-6)))

    def unit(self, shape: tuple[int, ...]) -> Array:
        low = 0.03 if self.far else 0.15
        return np.asarray(low + (1 - 2 * low) * self.share(shape))

    def value(self, v: Variable, low: float | None, high: float | None) -> Any:
        """Give a value between ends that the conditions name."""
        t = v.type
        assert isinstance(t, TensorType)
        shape = tuple(d if isinstance(d, int) else 3 for d in t.shape)
        if t.dtype == "bool":
            return self.rng.integers(0, 2, shape).astype(bool)
        made = next((_MADE[d.words] for d in self.domains if d.words in _MADE), None)
        if made is not None:
            return made(self.rng, shape)
        if t.dtype in INTEGERS:
            if low is not None and high is not None and low < high:  # an index
                return np.asarray(self.rng.integers(int(low), int(high) + 1, shape), dtype=t.dtype)
            first = 2 if self.attempt % 4 else 0  # an index may have to be small
            wide = 4.0 if self.attempt >= 40 else 1.0
            return np.asarray(self.rng.integers(first, int(7 * wide), shape), dtype=t.dtype)
        if low is not None and high is not None and low < high:
            value = low + (high - low) * (0.01 + 0.98 * self.share(shape))
        else:
            value = self.usual(shape)
            step = 0.02 if self.near else 1.0
            if low is not None and (self.near or value < low):
                value = low + step * self.positive(shape)
            elif high is not None and (self.near or value > high):
                value = high - step * self.positive(shape)
        return np.asarray(np.round(value, 3), dtype=t.dtype)

    def usual(self, shape: tuple[int, ...]) -> Array:
        domains = self.domains
        if PROBABILITY in domains or any(
            "probability" in d.words or "1" in d.words for d in domains
        ):
            return self.unit(shape)
        if POSITIVE in domains or NON_NEGATIVE in domains:
            return self.positive(shape)
        if COUNT in domains:
            return self.rng.integers(2, 7, shape).astype(float)
        if domains:
            return self.real(shape)
        # It stands inside expressions only: any of the usual ranges may be meant.
        ways = (self.positive, self.negative, self.unit, self.real)
        way = int(self.rng.integers(len(ways))) if self.way < 0 else self.way % len(ways)
        return ways[way](shape)

    def negative(self, shape: tuple[int, ...]) -> Array:
        return self.real(shape, 0.0, 0.35)


def _simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    x = np.round(rng.uniform(0.2, 1.0, shape), 3)
    p: Array = x / x.sum(axis=-1, keepdims=True)
    return p


def _covariance(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    x = np.round(rng.normal(0.0, 0.8, shape), 3)
    c: Array = x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1]) * np.round(rng.uniform(0.3, 1.0), 3)
    return c


def _correlation(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    x = _covariance(rng, shape)
    s = np.sqrt(np.diagonal(x, axis1=-2, axis2=-1))
    r: Array = x / s[..., None] / s[..., None, :]
    return r


def _increasing(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    x: Array = np.cumsum(np.round(rng.uniform(0.2, 1.0, shape), 3), axis=-1) - 1.0
    return x


_MADE: Mapping[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = {
    SIMPLEX.words: _simplex,
    COVARIANCE.words: _covariance,
    CORRELATION.words: _correlation,
    INCREASING.words: _increasing,
}


def _roles(v: Variable, side: Side) -> list[Any]:
    """List the domains of the parameters of distributions in whose place a variable stands."""
    out = []
    for x in side.draws:
        d, _, _, parameters = random_parts(x)
        out += [p.domain for a, p in zip(parameters, d.parameters, strict=True) if a is v]
    return out


def allowed(relation: Relation, values: Mapping[Expr, Any]) -> bool:
    """Tell whether values meet the conditions, and give parameters in their domains."""
    for v, domain in relation.domains.items():
        if not np.all(contains(domain, np.asarray(values[v]))):
            return False
    for c in relation.where:
        if not np.all(evaluate_at([c], values)[0]):
            return False
    held = frozenset(relation.held.values())
    for side in (relation.left, relation.right):
        for x in side.draws:
            d, _, _, parameters = random_parts(x)
            for a, p in zip(parameters, d.parameters, strict=True):
                if a in side.random or side.below[a] & held:
                    continue
                with np.errstate(all="ignore"):
                    value = evaluate_at([a], values)[0]
                inside = contains(p.domain, value) if p.core else in_domain(p, value)
                if not np.all(inside):
                    return False
            named = {p.name: a for a, p in zip(parameters, d.parameters, strict=True)}
            for pair in d.ordered:
                ends = [named[n] for n in pair]
                if any(a in side.random or side.below[a] & held for a in ends):
                    continue
                if not np.less(*evaluate_at(ends, values)).all():
                    return False
            if any(a in side.random or side.below[a] & held for a in parameters):
                continue
            for j in d.joint:
                if not np.all(evaluate_at([j.holds(*parameters)], values)[0]):
                    return False
    return True


def _far_from_singular(relation: Relation, values: Mapping[Expr, Any]) -> bool:
    """Whether random matrices have degrees of freedom to spare: others are singular to rounding."""
    for x in (*relation.left.draws, *relation.right.draws):
        names = [p.name for p in random_parts(x)[0].parameters]
        if len(x.shape) == 2 and "df" in names:
            df = random_parts(x)[3][names.index("df")]
            if isinstance(df, Variable) and np.any(values[df] < 5.0):
                return False
    return True


def shown(values: Mapping[Expr, Any]) -> dict[str, Any]:
    """Give values as plain numbers, by name."""
    return {repr(v): np.asarray(x).tolist() for v, x in values.items()}
