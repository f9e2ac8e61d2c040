"""Densities of functions that lose their variables: extremes, clipping, rounding, choices.

``y = max(a, b)`` cannot be solved for a: the variables below it are integrated out, in
closed form. This serves where nothing else reads them. A rule takes an operation and its
value to the log density of that value; a maximum, a clip and a rounding need the
probabilities of tails as well, which monotone functions pass on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from astragal.density.invert import UNARY, undo_binary
from astragal.density.vectors import part_of_normal_vectors
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, same_shape
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import astype, broadcast_to, reshape
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


def measure(expr: Expr, free: frozenset[Expr]) -> Law:
    """Give the law of an expression.

    Parameters
    ----------
    expr
        A function of random variables.
    free
        Those that only it reads, of which no other is a parameter.

    Raises
    ------
    Refused
        With the reason.
    """
    if is_random(expr):
        if expr not in free:
            raise Refused("a variable that is read elsewhere")
        return _leaf(expr)
    rule = _RULES.get(expr.op.name)
    inside = [i for i, a in enumerate(expr.args) if isinstance(a, Expr) and _holds(a, free)]
    if len(inside) == 1 and (expr.op.name in UNARY or rule is None):
        return _through(expr, inside[0], free)
    if rule is None:
        raise Refused(f"{expr.op.name} has no rule")
    return rule(expr, inside, free)


def _holds(x: Expr, free: frozenset[Expr]) -> bool:
    return any(n in free for n in toposort([x]))


def _leaf(rv: Expr) -> Law:
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


def _through(node: Expr, at: int, free: frozenset[Expr]) -> Law:
    """A bijection of one operand."""
    x, name = node.args[at], node.op.name
    if not node.op.elementwise or not same_shape(x.shape, node.shape) or node.dtype not in FLOATS:
        raise Refused(f"{name} has no rule")
    if x.dtype not in FLOATS:
        raise Refused(f"{name} of whole numbers has no rule")
    inner = measure(x, free)
    tail = inner.tail
    if tail is not None and tail.atoms:
        raise Refused(f"{name} of what has atoms has no rule")

    def undo(v: Expr) -> tuple[Expr, Expr]:
        found = UNARY[name](node, v) if name in UNARY else undo_binary(node, at, v)
        if found is None:
            raise Refused(f"{name} has no rule")
        return found

    def density(v: Expr) -> Expr:
        u, slope = undo(v)
        # Outside the range of the function its inverse is no number.
        inside = e.isfinite(u)
        whole = inner.density(where(inside, u, 0.0)) + where(inside, slope, 0.0)
        return where(inside, whole, -math.inf)

    sign = _direction(node, at)
    if tail is None or sign == 0:
        return Law(density, inner.free)
    low, high = RANGES.get(name, (None, None))

    def back(v: Expr) -> Expr:
        v = v if low is None else e.maximum(v, low)
        return undo(v if high is None else e.minimum(v, high))[0]

    below, above, between = tail.below, tail.above, tail.between
    if sign > 0 and low is not None:
        middle = low + 1.0 if high is None else 0.5 * (low + high)

        def reached(a: Expr, b: Expr) -> Expr:
            beyond = b <= low if high is None else (b <= low) | (a >= high)
            assert between is not None
            mass = between(back(where(beyond, middle, a)), back(where(beyond, middle, b)))
            return where(beyond, -math.inf, mass)

        new = Tail(
            lambda v: below(back(v)),
            lambda v: above(back(v)),
            lambda v: above(back(v)),
            None if between is None else reached,
        )
    elif sign > 0:
        new = Tail(
            lambda v: below(back(v)),
            lambda v: above(back(v)),
            lambda v: above(back(v)),
            None if between is None else lambda a, b: between(back(a), back(b)),
        )
    else:
        new = Tail(
            lambda v: above(back(v)),
            lambda v: below(back(v)),
            lambda v: below(back(v)),
            None if between is None else lambda a, b: between(back(b), back(a)),
        )
    return Law(density, inner.free, new)


RANGES: Mapping[str, tuple[float | None, float | None]] = {
    "exp": (0.0, None),
    "expm1": (-1.0, None),
    "expit": (0.0, 1.0),
    "ndtr": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "sqrt": (0.0, None),
}
"""What increasing functions reach; tails beyond are those of the end."""
_ENTIRE = frozenset({"positive", "sinh", "asinh", "log", "log1p", "logit", "ndtri", "atanh", "add"})


def _direction(node: Expr, at: int) -> int:
    """1 for an increasing function, -1 for a decreasing one, 0 for neither."""
    name = node.op.name
    if name in RANGES or name in _ENTIRE:
        return 1
    if name == "negative":
        return -1
    if name == "subtract":
        return 1 if at == 0 else -1
    if name in ("multiply", "divide") and (name == "multiply" or at == 0):
        other = node.args[1 - at]
        if is_constant(other) and value_of(other).size:
            signs = value_of(other)
            return 1 if (signs > 0).all() else -1 if (signs < 0).all() else 0
    return 0


def _tail(law: Law) -> Tail:
    if law.tail is None:
        raise Refused("the probabilities of its tails are not known")
    return law.tail


def _minus(a: Expr, b: Expr) -> Expr:
    """log(e^a - e^b) for b <= a, where both may be minus infinity."""
    proper = e.isfinite(a) & e.isfinite(b) & (b < a)
    gap = where(proper, b - a, -1.0)
    return where(proper, a + sp.log1mexp(gap), where(e.isfinite(b), -math.inf, a))


# -- extremes ------------------------------------------------------------------------------


def _extreme(node: Expr, inside: list[int], free: frozenset[Expr]) -> Law:
    """``maximum`` and ``minimum``: of two laws, or of a law and a bound."""
    largest = node.op.name == "maximum"
    if len(inside) == 1:
        x, bound = node.args[inside[0]], node.args[1 - inside[0]]
        if not same_shape(x.shape, node.shape):
            raise Refused("a value that is compared with several bounds")
        return _clipped(measure(x, free), bound, largest, node)
    a, b = (measure(x, free) for x in node.args)
    if a.free & b.free or any(not same_shape(x.shape, node.shape) for x in node.args):
        raise Refused("an extreme of variables that are not independent")
    left, right = _tail(a), _tail(b)
    if left.atoms or right.atoms:
        raise Refused("an extreme of what has atoms")

    def side(t: Tail, v: Expr) -> Expr:
        return t.below(v) if largest else t.least(v)

    def both(v: Expr) -> Expr:
        return side(left, v) + side(right, v)

    if node.dtype in FLOATS:

        def density(v: Expr) -> Expr:
            return e.logaddexp(a.density(v) + side(right, v), b.density(v) + side(left, v))
    else:
        # Of whole numbers: P(M = v) is a difference of two products.
        def density(v: Expr) -> Expr:
            return _minus(both(v), both(v - 1 if largest else v + 1))

    return Law(density, a.free | b.free, _extreme_tail(both, largest, node))


def _extreme_tail(both: Of, largest: bool, node: Expr) -> Tail:
    """Tails of the largest (or least) of several, from the one that is a product."""
    whole = node.dtype not in FLOATS

    def rest(v: Expr) -> Expr:
        p = both(v)
        return sp.log1mexp(where(p < 0, p, -1e-300))

    def step(f: Of, by: int) -> Of:
        return (lambda v: f(v + by)) if whole else f

    if largest:
        return Tail(both, rest, step(rest, -1), lambda a, b: _minus(both(b), step(both, -1)(a)))
    # P(M <= v) is 1 - P(M >= v + 1).
    return Tail(step(rest, 1), step(both, 1), both, lambda a, b: _minus(both(a), step(both, 1)(b)))


def _clipped(law: Law, bound: Expr, largest: bool, node: Expr) -> Law:
    """A law with all that lies beyond a bound moved onto it."""
    t = _tail(law)
    if t.atoms and t.between is not None:
        raise Refused("a bound on what has been rounded")

    def density(v: Expr) -> Expr:
        beyond = t.below(bound) if largest else t.least(bound)
        inside = v > bound if largest else v < bound
        at = e.equal(v, bound)
        plain = law.density(where(inside, v, bound))
        return where(inside, plain, where(at, broadcast_to(beyond, node.shape), -math.inf))

    if largest:
        tail = Tail(
            lambda v: where(v < bound, -math.inf, t.below(v)),
            lambda v: where(v < bound, 0.0, t.above(v)),
            lambda v: where(v <= bound, 0.0, t.least(v)),
            atoms=node.dtype in FLOATS,
        )
    else:
        tail = Tail(
            lambda v: where(v >= bound, 0.0, t.below(v)),
            lambda v: where(v >= bound, -math.inf, t.above(v)),
            lambda v: where(v > bound, -math.inf, t.least(v)),
            atoms=node.dtype in FLOATS,
        )
    return Law(density, law.free, tail)


def _reduced(node: Expr, inside: list[int], free: frozenset[Expr]) -> Law:
    """``max`` and ``min`` over axes, of elements that are independent."""
    x, axes, keep = node.args
    if node.dtype not in FLOATS:
        raise Refused("an extreme of several whole numbers")
    law = measure(x, free)
    t = _tail(law)
    if t.atoms or not _elementwise(x, free):
        raise Refused("elements that are not independent, or have atoms")
    largest = node.op.name == "max"
    side = t.below if largest else t.least

    def spread(v: Expr) -> Expr:
        ones = tuple(1 if a in axes else d for a, d in enumerate(x.shape))
        return broadcast_to(reshape(v, ones), x.shape)

    def both(v: Expr) -> Expr:
        return r.sum(side(spread(v)), axes, keep)

    def density(v: Expr) -> Expr:
        w = spread(v)
        logs, tails = law.density(w), side(w)
        # sum over i of f_i times the product of the other F_j
        known = e.isfinite(tails)
        odds = where(known, logs - where(known, tails, 0.0), -math.inf)
        return both(v) + r.logsumexp(odds, axes, keep)

    return Law(density, law.free, _extreme_tail(both, largest, node))


def _elementwise(x: Expr, free: frozenset[Expr]) -> bool:
    """Whether each element of x reads its own element of variables of its shape."""
    for n in toposort([x]):
        if not _holds(n, free):
            continue
        if is_random(n):
            if n in free and (not same_shape(n.shape, x.shape) or random_parts(n)[0].core):
                return False
        elif not n.op.elementwise or not same_shape(n.shape, x.shape):
            return False
    return True


# -- rounding ------------------------------------------------------------------------------

_CELLS: Mapping[str, tuple[float, float]] = {
    "round": (-0.5, 0.5),
    "floor": (0.0, 1.0),
    "ceil": (-1.0, 0.0),
}


def _rounded(node: Expr, inside: list[int], free: frozenset[Expr]) -> Law:
    """Whole numbers that stand for the cells around them."""
    x, name = node.args[0], node.op.name
    if node.dtype not in FLOATS or x.dtype not in FLOATS:
        raise Refused(f"{name} of whole numbers")
    law = measure(x, free)
    t = _tail(law)
    between = t.between
    if t.atoms or between is None:
        raise Refused(f"{name} of what has atoms")
    left, right = _CELLS[name]

    def density(v: Expr) -> Expr:
        whole = e.equal(e.floor(v), v)
        at = where(whole, v, 0.0)
        return where(whole, broadcast_to(between(at + left, at + right), node.shape), -math.inf)

    tail = Tail(
        lambda v: t.below(e.floor(v) + right),
        lambda v: t.above(e.floor(v) + right),
        lambda v: t.above(e.ceil(v) + left),
        lambda a, b: between(e.ceil(a) + left, e.floor(b) + right),
        atoms=True,
    )
    return Law(density, law.free, tail)


def _to_integers(node: Expr, inside: list[int], free: frozenset[Expr]) -> Law:
    """``astype`` of what has been rounded, or between floating-point types."""
    x = node.args[0]
    if node.dtype in FLOATS and x.dtype in FLOATS:
        law = measure(x, free)
        return Law(lambda v: astype(law.density(astype(v, x.dtype)), node.dtype), law.free)
    if x.dtype not in FLOATS and node.dtype not in FLOATS:
        law = measure(x, free)
        return Law(lambda v: law.density(astype(v, x.dtype)), law.free)
    if x.op.name not in _CELLS:
        raise Refused("a conversion to or from whole numbers; write floor, round or ceil first")
    law = measure(x, free)
    return Law(lambda v: law.density(astype(v, x.dtype)), law.free)


# -- choices, orders, parts ----------------------------------------------------------------


def _independent(laws: list[Law]) -> frozenset[Expr]:
    gone = frozenset[Expr]().union(*(law.free for law in laws))
    if len(gone) < sum(len(law.free) for law in laws):
        raise Refused("parts that are not independent")
    return gone


def _where(node: Expr, inside: list[int], free: frozenset[Expr]) -> Law:
    """One of two laws, by a test that neither moves."""
    test, x, y = node.args
    if inside != [1, 2]:
        raise Refused("a choice between a variable and a number")
    if any(not same_shape(v.shape, node.shape) for v in (x, y)):
        raise Refused("a choice that repeats a variable")
    a, b = measure(x, free), measure(y, free)
    gone = _independent([a, b])
    return Law(lambda v: where(test, a.density(v), b.density(v)), gone)


def _sorted(node: Expr, inside: list[int], free: frozenset[Expr]) -> Law:
    """Order statistics: n! times the product of the densities, on increasing values."""
    x, axis = node.args[0], node.args[1]
    if not is_random(x) or x not in free or random_parts(x)[0].core or node.dtype not in FLOATS:
        raise Refused("only independent draws of one continuous law are sorted")
    parameters = random_parts(x)[3]
    back = x.ndim - axis
    if any(p.ndim >= back and p.shape[p.ndim - back] != 1 for p in parameters):
        raise Refused("only draws of one law are sorted")
    n = node.shape[axis]
    if not isinstance(n, int):
        raise Refused("a number of draws that is not static")
    law = _leaf(x)

    def cut(first: int | None, last: int | None) -> tuple[slice, ...]:
        return (*[slice(None)] * axis, slice(first, last))

    def density(v: Expr) -> Expr:
        rising = r.all(v[cut(1, None)] > v[cut(None, -1)], axis)
        total = r.sum(law.density(v), axis) + math.lgamma(n + 1.0)
        return where(rising, total, -math.inf)

    return Law(density, law.free)


def _joined(node: Expr, inside: list[int], free: frozenset[Expr]) -> Law:
    """``stack`` and ``concatenate`` of independent laws."""
    axis, *xs = node.args
    laws = [measure(x, free) for x in xs]
    gone = _independent(laws)

    def density(v: Expr) -> Expr:
        total: Expr = as_expr(0.0)
        at = 0
        for x, law in zip(xs, laws, strict=True):
            if node.op.name == "stack":
                part = v[(*[slice(None)] * axis, at)]
                at += 1
            else:
                part = v[(*[slice(None)] * axis, slice(at, at + x.shape[axis]))]
                at += x.shape[axis]
            total = total + r.sum(law.density(part))
        return total

    return Law(density, gone)


def _picked(node: Expr, inside: list[int], free: frozenset[Expr]) -> Law:
    """Some elements of independent draws, or one of several stacked variables."""
    x, spec, *operands = node.args
    if inside != [0]:
        raise Refused("an index that is random")
    if x.op.name == "stack" and x.args[0] == 0 and spec[0][0] in ("int", "expr"):
        return _of_stacked(node, free)
    if is_random(x) and x in free and (vectors := part_of_normal_vectors(node)) is not None:
        return Law(vectors, frozenset({x}))
    if not is_random(x) or random_parts(x)[0].core:
        raise Refused("a part of a function of several variables")
    if any(not is_constant(o) or _repeats(o) for o in operands):
        raise Refused("elements that may be repeated")
    if sum(s[0] == "expr" for s in spec) > 1:
        raise Refused("several index arrays")
    _, key, _, parameters = random_parts(x)
    parts = [node.op(broadcast_to(p, x.shape), spec, *operands) for p in parameters]
    law = _leaf(x.op(key, node.shape, *parts))
    return Law(law.density, frozenset({x}), law.tail)


def _of_stacked(node: Expr, free: frozenset[Expr]) -> Law:
    """One of several variables, by a number that may itself be random."""
    x, spec, *operands = node.args
    if any(s != ("slice", None, None, 1) for s in spec[1:]) or any(o.ndim for o in operands):
        raise Refused("a part of one of several variables")
    laws = [measure(v, free) for v in x.args[1:]]
    gone = _independent(laws)
    if not operands:
        return Law(laws[spec[0][1]].density, gone, laws[spec[0][1]].tail)

    def density(v: Expr) -> Expr:
        out = laws[-1].density(v)
        for k, law in enumerate(laws[:-1]):
            out = where(e.equal(operands[0], k), law.density(v), out)
        return out

    return Law(density, gone)


def _repeats(index: Expr) -> bool:
    value = value_of(index)
    return bool(len(set(value.ravel().tolist())) < value.size or (value < 0).any())


Rule = Callable[[Expr, list[int], frozenset[Expr]], Law]
# fmt: off
_RULES: dict[str, Rule] = {
    "maximum":     _extreme,
    "minimum":     _extreme,
    "max":         _reduced,
    "min":         _reduced,
    "round":       _rounded,
    "floor":       _rounded,
    "ceil":        _rounded,
    "astype":      _to_integers,
    "where":       _where,
    "sort":        _sorted,
    "stack":       _joined,
    "concatenate": _joined,
    "index":       _picked,
}
# fmt: on
