"""Conditional laws read off a relation, among other variables of a model.

A reversal says what the law of some variables is given the others, and a conditional identity
says it too. Both hold whatever else there is, as long as nothing else reads the variables that
are updated but through those that are given: these are their Markov blanket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute, toposort
from astragal.logic.pattern import Side
from astragal.logic.variables import fresh, variable

if TYPE_CHECKING:
    from astragal.logic.relation import Relation


def data_of(relation: Relation) -> tuple[int, ...]:
    """List the outputs of a relation that are given, by their places.

    Those of a reversal that its right side draws before the others.
    """
    right: Side = relation.right
    if relation.kind == "conditional":
        return tuple(i for i, r in enumerate(relation.left.roots) if r in relation.held)
    if relation.kind != "reversal":
        return ()
    readers, last = _readers(right), _readers(relation.left)
    first = [i for i in range(len(right.roots)) if i not in readers]
    data = tuple(i for i in first if i in last)
    return data if len(data) < len(right.roots) else ()


def _readers(side: Side) -> list[int]:
    """List the outputs that read another one, by their places."""
    return [
        i
        for i, r in enumerate(side.roots)
        if not {*side.roots}.isdisjoint(x for x in toposort([r]) if x is not r)
    ]


def update(relation: Relation, outputs: tuple[Expr, ...]) -> tuple[Expr, ...] | None:
    """Give the outputs with those that a relation updates drawn from their conditional law.

    Parameters
    ----------
    outputs
        First those of the statement, in its order; then others, which are given as well.

    Returns
    -------
    tuple of Expr or None
        None where the relation does not apply, or another output reads what is updated and
        not through what is given.
    """
    given = data_of(relation)
    n = len(relation.left.roots)
    own, others = outputs[:n], outputs[n:]
    if not given or len(own) < n:
        return None
    new = relation.forward(own)
    if new is None:
        return None
    new = substitute(new, {new[i]: own[i] for i in given})
    letters: dict[Expr, Expr] = {own[i]: fresh(variable(None, own[i].type)) for i in given}
    below = set(toposort(substitute(others, letters))) if others else set()
    if any(own[i] in below for i in range(n) if i not in given):
        return None
    return (*new, *others)
