"""Values for the variables of a relation: generic, in all domains, the conditions met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from astragal.graph.expr import INPUT, Expr
from astragal.graph.types import INTEGERS, KeyType, TensorType, tensor_type
from astragal.logic.numeric import Array, evaluate_at, run
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
    """Draw values for the statement's variables that lie in all domains and meet `where`."""
    variables = [v for v in relation.variables if not isinstance(v.type, KeyType)]
    roles = {
        v: [
            *([relation.domains[v]] if v in relation.domains else []),
            *(p for s in (relation.left, relation.right) for p in _roles(v, s)),
        ]
        for v in variables
    }
    found = 0
    for attempt in range(400 * count):
        if found == count:
            return
        values: dict[Expr, Any] = {v: _guess(v, roles[v], rng, attempt) for v in variables}
        if allowed(relation, values) and _far_from_singular(relation, values):
            found += 1
            yield values


def _guess(v: Variable, domains: list[Any], rng: np.random.Generator, attempt: int) -> Any:
    t = v.type
    assert isinstance(t, TensorType)
    shape = tuple(d if isinstance(d, int) else 3 for d in t.shape)
    if t.dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    made = next((_MADE[d.words] for d in domains if d.words in _MADE), None)
    if made is not None:
        return made(rng, shape)
    # Where the usual ranges meet no condition, wider ones are tried.
    wide = 1.0 if attempt < 40 else 4.0
    if t.dtype in INTEGERS:
        low = 2 if attempt % 4 else 0  # an index may have to be small
        return np.asarray(rng.integers(low, int(7 * wide), shape), dtype=t.dtype)
    if PROBABILITY in domains or any("probability" in d.words or "1" in d.words for d in domains):
        value = rng.uniform(0.15, 0.85, shape)
    elif POSITIVE in domains or NON_NEGATIVE in domains:
        value = np.exp(rng.uniform(np.log(0.5), np.log(3.0 * wide), shape))
    elif COUNT in domains:
        value = rng.integers(2, 7, shape).astype(float)
    elif domains:
        value = rng.normal(0.3, 1.2, shape)
    else:
        # It stands inside expressions only: any of the usual ranges may be meant.
        ways = (
            lambda: np.exp(rng.uniform(np.log(0.5), np.log(3.0 * wide), shape)),
            lambda: rng.normal(0.3, 1.2 * wide, shape),
            lambda: rng.uniform(0.15, 0.85, shape),
        )
        value = ways[int(rng.integers(0, 3)) if attempt else 0]()
    return np.asarray(np.round(value, 3), dtype=t.dtype)


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
                if a in side.random or p.core or side.below[a] & held:
                    continue
                with np.errstate(all="ignore"):
                    value = evaluate_at([a], values)[0]
                if not np.all(_inside(p.domain, value, p.integer)):
                    return False
            named = {p.name: a for a, p in zip(parameters, d.parameters, strict=True)}
            for pair in d.ordered:
                ends = [named[n] for n in pair]
                if any(a in side.random or side.below[a] & held for a in ends):
                    continue
                if not np.less(*evaluate_at(ends, values)).all():
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


def _inside(domain: Any, value: Array, integer: bool) -> Array:
    x = INPUT("x", tensor_type("int64" if integer else "float64"))
    return np.asarray(run([x], [domain.contains(x)], [value])[0])


def shown(values: Mapping[Expr, Any]) -> dict[str, Any]:
    """Give values as plain numbers, by name."""
    return {repr(v): np.asarray(x).tolist() for v, x in values.items()}
