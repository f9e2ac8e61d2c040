"""Laws of expressions: what a density of a function that loses its variables is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import broadcast_to
from astragal.ops.searching import where
from astragal.random.distribution import Distribution, batch_shape, is_random, random_parts
from astragal.random.tails import (
    interior,
    is_discrete,
    log_above,
    log_below,
    log_density,
    log_mass,
    tails_of,
)

Of = Callable[[Expr], Expr]


@dataclass(frozen=True, eq=False)
class Tail:
    """Log probabilities of the tails of a law.

    Attributes
    ----------
    below, above, least
        Of what is at most a value, above it, and at least it.
    between
        Of a closed interval; None where it is not known.
    atoms
        Whether single values of a floating-point variable have a probability.
    """

    below: Of
    above: Of
    least: Of
    between: Callable[[Expr, Expr], Expr] | None = None
    atoms: bool = False


@dataclass(frozen=True, eq=False)
class Law:
    """The law of an expression, its free random variables integrated out.

    Attributes
    ----------
    density
        From a value to its log density, elementwise; minus infinity outside the support.
    free
        The variables that were integrated out.
    tail
        None where it is not known.
    """

    density: Of
    free: frozenset[Expr]
    tail: Tail | None = None


class Refused(Exception):
    """Why an expression has no law here."""


def private(expr: Expr, roots: Iterable[Expr], named: Iterable[Expr]) -> frozenset[Expr]:
    """Find the random variables without a name that only one expression reads.

    Parameters
    ----------
    expr
        The expression.
    roots
        All others of the model.
    named
        Random variables that have values of their own.
    """
    reached: set[Expr] = set()
    stack = [x for x in roots if x is not expr]
    while stack:
        node = stack.pop()
        if node in reached or node is expr:
            continue
        reached.add(node)
        stack += [a for a in node.args if isinstance(a, Expr)]
    own = [n for n in toposort([expr]) if is_random(n)]
    free = [n for n in own if n not in reached and n not in set(named)]
    # Variables that are parameters of others keep a coordinate of their own.
    below = {m for n in own for m in toposort([a for a in n.args if isinstance(a, Expr)])}
    return frozenset(n for n in free if n not in below)


def holds(x: Expr, free: frozenset[Expr]) -> bool:
    """Tell whether an expression reads one of some variables."""
    return any(n in free for n in toposort([x]))


def leaf(rv: Expr) -> Law:
    """Give the law of a random variable."""
    d, _, _, p = random_parts(rv)
    batch, gone = batch_shape(rv), frozenset({rv})

    def density(v: Expr) -> Expr:
        return broadcast_to(log_density(d, v, p), batch)

    try:
        tails_of(d)
    except UnsupportedError:
        return Law(density, gone)
    whole = rv.dtype not in FLOATS
    return Law(
        density,
        gone,
        Tail(
            lambda v: log_below(d, v, p),
            lambda v: log_above(d, v, p),
            lambda v: log_above(d, v - 1 if whole else v, p),
            lambda low, high: _mass(d, low, high, p),
        ),
    )


def _mass(d: Distribution, low: Expr, high: Expr, p: tuple[Expr, ...]) -> Expr:
    """Log of the probability from low to high: minus infinity outside the support."""
    ends = d.support(*p).range
    if ends is None or ends == (None, None):
        return log_mass(d, low, high, p)
    start, stop = ends
    outside: Expr = as_expr(False)
    if start is not None:
        outside = outside | (high < start)
        outside = outside | (e.equal(high, start) if not is_discrete(d) else as_expr(False))
    if stop is not None:
        outside = outside | (low > stop)
    inner = interior(ends)
    at = where(outside, inner, low), where(outside, inner + 1.0, high)
    return where(outside, -math.inf, log_mass(d, *at, p))


def tail_of(law: Law) -> Tail:
    """Give the tails of a law that has to have them."""
    if law.tail is None:
        raise Refused("the probabilities of its tails are not known")
    return law.tail


def minus(a: Expr, b: Expr) -> Expr:
    """log(e^a - e^b) for b <= a, where both may be minus infinity."""
    proper = e.isfinite(a) & e.isfinite(b) & (b < a)
    gap = where(proper, b - a, -1.0)
    return where(proper, a + sp.log1mexp(gap), where(e.isfinite(b), -math.inf, a))
