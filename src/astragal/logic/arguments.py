"""What is asked of the arguments of `rewrite`, `equivalents`, `path` and `verify`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from astragal.graph.errors import DTypeError
from astragal.graph.expr import Expr
from astragal.logic.relation import Relation


def rules_given(relations: Any, what: str) -> tuple[Relation, ...]:
    """List the relations that were given, one or several, families taken apart.

    Raises
    ------
    DTypeError
        For what is no relation.
    """
    given = (relations,) if isinstance(relations, Relation) else relations
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DTypeError(
            f"{what}: expected a relation or a sequence of them, got {_shown(relations)}"
        )
    listed = tuple(given)
    for r in listed:
        if not isinstance(r, Relation):
            raise DTypeError(f"{what}: expected relations, got {_shown(r)}")
    return _members(listed)


@lru_cache(maxsize=64)
def _members(relations: tuple[Relation, ...]) -> tuple[Relation, ...]:
    return tuple(member for r in relations for member in r.members)


def expression_given(x: Any, what: str) -> Expr:
    """Check that an argument is an expression.

    Raises
    ------
    DTypeError
        For what is none.
    """
    if not isinstance(x, Expr):
        raise DTypeError(f"{what} takes expressions, got {_shown(x)}")
    return x


def _shown(x: Any) -> str:
    return f"{type(x).__name__} {x!r:.60}"
