"""Densities of functions that lose their variables: extremes, clipping, rounding, choices.

``y = max(a, b)`` cannot be solved for a: the variables below it are integrated out, in
closed form. This serves where nothing else reads them. A rule takes an operation and its
value to the log density of that value; a maximum, a clip and a rounding need the
probabilities of tails as well, which monotone functions pass on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from astragal.density import choices, extremes, rounding
from astragal.density.invert import UNARY, undo_binary
from astragal.density.laws import Law, Of, Refused, Tail, holds, leaf
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import FLOATS, same_shape
from astragal.ops import elementwise as e
from astragal.ops.searching import where
from astragal.random.distribution import is_random


class Measures:
    """Finds the laws of expressions.

    Parameters
    ----------
    free
        The random variables that only these read, of which no other is a parameter.
    """

    def __init__(self, free: frozenset[Expr]) -> None:
        self.free = free

    def law(self, expr: Expr) -> Law:
        """Give the law of an expression, its free variables integrated out.

        Raises
        ------
        Refused
            With the reason.
        """
        if is_random(expr):
            if expr not in self.free:
                raise Refused("a variable that is read elsewhere")
            return leaf(expr)
        rule = _RULES.get(expr.op.name)
        args = enumerate(expr.args)
        inside = [i for i, a in args if isinstance(a, Expr) and holds(a, self.free)]
        if len(inside) == 1 and (expr.op.name in UNARY or rule is None):
            return _through(self, expr, inside[0])
        if rule is None:
            raise Refused(f"{expr.op.name} has no rule")
        return rule(self, expr, inside)


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
    return Measures(free).law(expr)


def _through(s: Measures, node: Expr, at: int) -> Law:
    """A bijection of one operand."""
    x, name = node.args[at], node.op.name
    if not node.op.elementwise or not same_shape(x.shape, node.shape) or node.dtype not in FLOATS:
        raise Refused(f"{name} has no rule")
    if x.dtype not in FLOATS:
        raise Refused(f"{name} of whole numbers has no rule")
    inner = s.law(x)
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
    ends = RANGES.get(name, (None, None))
    low, high = ends

    def back(v: Expr) -> Expr:
        v = v if low is None else e.maximum(v, low)
        return undo(v if high is None else e.minimum(v, high))[0]

    return Law(density, inner.free, _pushed(tail if sign > 0 else _turned(tail), back, ends))


def _turned(tail: Tail) -> Tail:
    """Exchange the tails of a continuous variable."""
    between = tail.between
    return Tail(
        tail.above, tail.below, tail.below, None if between is None else lambda a, b: between(b, a)
    )


def _pushed(tail: Tail, back: Of, ends: tuple[float | None, float | None]) -> Tail:
    """Tails of an increasing function, from its inverse and what it reaches."""
    between, (low, high) = tail.between, ends

    def reached(a: Expr, b: Expr) -> Expr:
        assert between is not None
        if low is None:
            return between(back(a), back(b))
        middle = low + 1.0 if high is None else 0.5 * (low + high)
        beyond = b <= low if high is None else (b <= low) | (a >= high)
        mass = between(back(where(beyond, middle, a)), back(where(beyond, middle, b)))
        return where(beyond, -math.inf, mass)

    return Tail(
        lambda v: tail.below(back(v)),
        lambda v: tail.above(back(v)),
        lambda v: tail.above(back(v)),
        None if between is None else reached,
    )


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


Rule = Callable[[Measures, Expr, list[int]], Law]
# fmt: off
_RULES: dict[str, Rule] = {
    "maximum":     extremes.extreme,
    "minimum":     extremes.extreme,
    "max":         extremes.reduced,
    "min":         extremes.reduced,
    "round":       rounding.rounded,
    "floor":       rounding.rounded,
    "ceil":        rounding.rounded,
    "astype":      rounding.to_integers,
    "where":       choices.chosen,
    "sort":        choices.in_order,
    "stack":       choices.joined,
    "concatenate": choices.joined,
    "index":       choices.picked,
}
# fmt: on
