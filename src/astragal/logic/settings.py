"""Values for the variables of a relation: generic, in all domains, the conditions met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    random_parts,
)


def settings(relation: Relation, rng: np.random.Generator, count: int) -> Iterator[dict[Expr, Any]]:
    """Draw values for the statement's variables that lie in all domains and meet `where`."""
    variables = [v for v in relation.variables if not isinstance(v.type, KeyType)]
    roles = {
        v: [p for s in (relation.left, relation.right) for p in _roles(v, s)] for v in variables
    }
    found = 0
    for attempt in range(400 * count):
        if found == count:
            return
        values: dict[Expr, Any] = {v: _guess(v, roles[v], rng, attempt) for v in variables}
        if allowed(relation, values):
            found += 1
            yield values


def _guess(v: Variable, domains: list[Any], rng: np.random.Generator, attempt: int) -> Any:
    t = v.type
    assert isinstance(t, TensorType)
    shape = tuple(d if isinstance(d, int) else 3 for d in t.shape)
    if t.dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    # Where the usual ranges meet no condition, wider ones are tried.
    wide = 1.0 if attempt < 40 else 4.0
    if t.dtype in INTEGERS:
        return np.asarray(rng.integers(2, int(7 * wide), shape), dtype=t.dtype)
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


def _roles(v: Variable, side: Side) -> list[Any]:
    """List the domains of the parameters of distributions in whose place a variable stands."""
    out = []
    for x in side.draws:
        d, _, _, parameters = random_parts(x)
        out += [p.domain for a, p in zip(parameters, d.parameters, strict=True) if a is v]
    return out


def allowed(relation: Relation, values: Mapping[Expr, Any]) -> bool:
    """Tell whether values meet the conditions, and give parameters in their domains."""
    for c in relation.where:
        if not np.all(evaluate_at([c], values)[0]):
            return False
    for side in (relation.left, relation.right):
        for x in side.draws:
            d, _, _, parameters = random_parts(x)
            for a, p in zip(parameters, d.parameters, strict=True):
                if a in side.random or p.core:
                    continue
                with np.errstate(all="ignore"):
                    value = evaluate_at([a], values)[0]
                if not np.all(_inside(p.domain, value, p.integer)):
                    return False
            named = {p.name: a for a, p in zip(parameters, d.parameters, strict=True)}
            for pair in d.ordered:
                ends = [named[n] for n in pair]
                if side.random.isdisjoint(ends) and not np.less(*evaluate_at(ends, values)).all():
                    return False
    return True


def _inside(domain: Any, value: Array, integer: bool) -> Array:
    x = INPUT("x", tensor_type("int64" if integer else "float64"))
    return np.asarray(run([x], [domain.contains(x)], [value])[0])


def shown(values: Mapping[Expr, Any]) -> dict[str, Any]:
    """Give values as plain numbers, by name."""
    return {repr(v): np.asarray(x).tolist() for v, x in values.items()}
