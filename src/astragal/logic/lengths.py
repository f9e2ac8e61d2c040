"""Lengths of a statement: the letters that stand in shapes, and the statement at given lengths."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from astragal.graph.errors import AstragalError
from astragal.graph.expr import DIMENSION, Expr
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import TensorType, tensor_type
from astragal.logic.algebra import decide, number_of
from astragal.logic.pattern import Side
from astragal.logic.variables import VARIABLE, Variable
from astragal.ops.declare import as_expr
from astragal.random.distribution import is_random, random_parts
from astragal.random.multivariate import CORRELATION, COVARIANCE, FACTOR

if TYPE_CHECKING:
    from astragal.logic.relation import Relation

LENGTHS = (3, 2, 4, 5)


def lengths_of(relation: Relation) -> tuple[Expr, ...]:
    """List the letters that stand in shapes, such as the n of ``size=(n,)``.

    Examples
    --------
    >>> import astragal as ag
    >>> @ag.relation("in law")
    ... def total(k: ag.Key, m, s, n: ag.Integer):
    ...     normal = ag.random.normal
    ...     return ag.sum(normal(k, m, s, size=(n,))), normal(k, n * m, ag.sqrt(n) * s)
    >>> lengths_of(total)
    (n,)
    """
    found: dict[Expr, None] = {}
    for x in (*relation.variables, *relation.left.order, *relation.right.order):
        if isinstance(x.type, TensorType):
            for d in x.type.shape:
                if isinstance(d, Expr) and not any(map(is_random, below := toposort([d]))):
                    # A length that is drawn, as in a sum of a random number of terms, is none.
                    found.update(dict.fromkeys(y for y in below if _is_letter(y)))
    return tuple(found)


def _is_letter(x: Expr) -> bool:
    return x.op is DIMENSION or isinstance(x, Variable)


def at_lengths(relation: Relation, lengths: Mapping[Expr, int]) -> Relation:
    """Write a statement with numbers for its lengths: all shapes are static then.

    Raises
    ------
    ShapeError
        Where the statement needs other lengths, such as equal ones.
    """
    new: dict[Expr, Expr] = {d: as_expr(n) for d, n in lengths.items()}
    for v in relation.variables:
        if isinstance(v.type, TensorType) and v.type.shape and v not in new:
            dims = tuple(_known(d, lengths) for d in v.type.shape)
            new[v] = VARIABLE(v.args[0], tensor_type(v.type.dtype, dims))
    sides = [Side(substitute(s.roots, new)) for s in (relation.left, relation.right)]
    held: dict[Expr, Variable] = {}
    if relation.held:
        # The letters of what is given have the static types of what they stand for.
        left = sides[0]
        before = dict(zip(relation.left.roots, left.roots, strict=True))
        letters: dict[Expr, Expr] = {}
        for r, v in relation.held.items():
            made = VARIABLE(v.args[0], before[r].type)
            assert isinstance(made, Variable)
            held[before[r]] = letters[v] = made
        sides = [left, Side(substitute(relation.right.roots, {**new, **letters}))]
    variables = [new.get(v, v) for v in relation.variables if v not in lengths]
    domains = {}
    for v, domain in relation.domains.items():
        if isinstance(u := new.get(v, v), Variable):
            domains[u] = domain
    return replace(
        relation,
        variables=tuple(v for v in variables if isinstance(v, Variable)),
        left=sides[0],
        right=sides[1],
        where=substitute(relation.where, new),
        held=held,
        domains=domains,
    )


def _known(d: Expr | int, lengths: Mapping[Expr, int]) -> int:
    if isinstance(d, int):
        return d
    [value] = substitute([d], {k: as_expr(n) for k, n in lengths.items()})
    number = number_of(value)
    assert number is not None
    return int(number)


def with_lengths(relation: Relation, most: int = 2) -> Iterator[Relation]:
    """Give the statement at some lengths, unequal ones where it allows them."""
    letters = lengths_of(relation)
    if not letters:
        yield relation
        return
    given = 0
    unequal = itertools.product(LENGTHS[:3], repeat=min(len(letters), 5))
    equal = ((n,) * len(letters) for n in LENGTHS)
    tried: set[tuple[int, ...]] = set()
    # The most different lengths first; equal ones fit where nothing else does.
    for choice in itertools.chain(sorted(unequal, key=lambda c: -len(set(c))), equal):
        whole = (*choice, *(choice[-1],) * (len(letters) - len(choice)))
        if whole in tried:
            continue
        tried.add(whole)
        try:
            fixed = at_lengths(relation, dict(zip(letters, whole, strict=True)))
        except (AstragalError, IndexError):
            continue
        if any(decide(c) is False for c in fixed.where) or not _square(fixed):
            continue
        yield fixed
        given += 1
        if given == most:
            return


def _square(relation: Relation) -> bool:
    """Tell whether covariances have equal dimensions, which no type says."""
    for side in (relation.left, relation.right):
        for x in side.draws:
            d, _, _, parameters = random_parts(x)
            for a, p in zip(parameters, d.parameters, strict=True):
                square = p.domain in (COVARIANCE, CORRELATION, FACTOR)
                if square and a.type.shape[-1] != a.type.shape[-2]:
                    return False
    return True
