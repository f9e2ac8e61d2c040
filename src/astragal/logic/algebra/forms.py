"""Expressions compared, measured and written shorter, by their normal forms."""

from __future__ import annotations

from collections.abc import Iterable

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant
from astragal.graph.types import TensorType
from astragal.logic.algebra.normalizer import MOST_NODES, NUMERIC, Normalizer
from astragal.logic.algebra.numbers import Large
from astragal.logic.algebra.poly import added, build


def same_value(a: Expr, b: Expr, nonnegative: Iterable[Expr] = (), fold: bool = False) -> bool:
    """Tell whether two expressions are seen to be equal as functions of their atoms.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x"), ag.input("y")
    >>> same_value(x - -y, (2.0 * x + 2.0 * y) / 2.0), same_value(x, y)
    (True, False)
    """
    if a is b:
        return True
    n = Normalizer(nonnegative, fold)
    try:
        return not added(n.poly(a), n.poly(b), -1).terms
    except Large:
        return False


def cost(x: Expr, bound: int = 4 * MOST_NODES) -> tuple[int, int]:
    """Count the operations and the nodes of an expression's numeric part, up to a bound."""
    seen: set[Expr] = set()
    operations = 0
    stack = [x]
    while stack and len(seen) < bound:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if node.op.name in NUMERIC:
                operations += 1
                stack.extend(a for a in node.args if isinstance(a, Expr))
    return operations, len(seen)


def simplify(
    x: Expr,
    nonnegative: Iterable[Expr] = (),
    *,
    fold: bool = False,
    exact: bool = True,
    known: bool = False,
) -> Expr:
    """Write an expression shorter where something cancels; otherwise leave it as it is.

    Parameters
    ----------
    nonnegative
        Expressions known not to be negative.
    fold
        Whether the root of a square is the number itself, for the context demands it positive.
    exact
        Whether constants are folded only where no rounding is needed.
    known
        Whether the result must be a constant, or a part of the expression as it is written.

    Examples
    --------
    >>> import astragal as ag
    >>> m, n, s, t = (ag.input(x) for x in "mnst")
    >>> simplify(n + (m - n))
    m
    >>> simplify(ag.sqrt(t**2 + ag.sqrt(s**2 - t**2) ** 2), fold=True)
    s
    >>> simplify(n + m)
    n + m
    """
    if x.op.name not in NUMERIC or not isinstance(x.type, TensorType):
        return x
    n = Normalizer(nonnegative, fold)
    try:
        p = n.poly(x)
        found = n.written(p, x) if p.constant() is None else None
        if found is not None and found.type == x.type:
            return found
        new = build(p, x, exact)
    except Large:
        return x
    if known and not is_constant(new):
        return x
    if new.type != x.type or cost(new) >= cost(x):
        return x
    return new
