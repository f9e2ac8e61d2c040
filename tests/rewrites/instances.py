"""Graphs that are instances of a relation's sides: numbers for letters, keys for keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

import astragal as ag
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute
from astragal.graph.types import KeyType
from astragal.logic.lengths import with_lengths
from astragal.logic.settings import settings
from astragal.ops.declare import as_expr
from astragal.rewrites import BOOK


@dataclass(frozen=True)
class Instance:
    """Both sides of a statement, as graphs."""

    left: tuple[Expr, ...]
    right: tuple[Expr, ...]


@cache
def instance(relation: ag.Relation) -> Instance | None:
    """Build both sides at some parameters; None where none are found."""
    rng = np.random.default_rng(11)
    for fixed in with_lengths(relation.members[0]):
        for values in settings(fixed, rng, 1):
            mapping: dict[Expr, Expr] = {v: as_expr(np.asarray(x)) for v, x in values.items()}
            keys = [v for v in fixed.variables if isinstance(v.type, KeyType)]
            own = ag.split(ag.key(3), max(len(keys), 1))
            mapping |= {v: own[i] if len(keys) > 1 else ag.key(3) for i, v in enumerate(keys)}
            n = len(fixed.left.roots)
            try:
                both = substitute((*fixed.left.roots, *fixed.right.roots), mapping)
            except ag.AstragalError:
                continue
            return Instance(both[:n], both[n:])
    return None


def apply(
    relation: ag.Relation, roots: tuple[Expr, ...], direction: str
) -> tuple[Expr, ...] | None:
    """Apply a relation to a whole graph."""
    found: tuple[Expr, ...] | None = relation.members[0].apply(roots, direction, {})
    return found


NAMES = [r.name for r in BOOK]
BY_NAME = {r.name: r for r in BOOK}
