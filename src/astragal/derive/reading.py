"""Expressions as a textbook writes them: group sums, brackets of conditions, numbers computed.

What changes is the writing alone: the value is the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from astragal.density.algebra import fold, number_of, simplify
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import constant, is_constant, scalar, value_of
from astragal.graph.traverse import rebuild, toposort
from astragal.graph.types import TensorType
from astragal.ops import elementwise as e
from astragal.ops.creation import zeros
from astragal.ops.manipulation import broadcast_to

_REWRITTEN = frozenset({"add_index", "where"})


def readable(x: Expr) -> Expr:
    """Write sums over groups apart from what they are added to, and collect the rest.

    Examples
    --------
    >>> import astragal as ag
    >>> y, group = ag.input("y", 4), ag.input("group", 4, dtype="int64")
    >>> readable(-ag.zeros(3).at[group].add(-2.0 * y))
    2.0 * add_index([0.0, 0.0, 0.0], y, (('expr',),), group)
    """
    order = toposort([x])
    if not any(n.op.name in _REWRITTEN for n in order):
        return x
    image: dict[Expr, Expr] = {}
    for node in order:
        new = rebuild(node, image)
        if node.op.name == "add_index":
            new = _sum_over_groups(new)
        elif node.op.name == "where":
            new = _where(new)
        elif node.op.name == "square" and is_bracket(new.args[0]):
            new = new.args[0]
        image[node] = fold(new)
    return _positive_below(simplify(image[x], keep_shape=False))


def readable_law(law: Expr) -> Expr:
    """Give the same law with parameters as a textbook writes them."""
    key, size, *parameters = law.args
    out: Expr = law.op(key, size, *map(readable, parameters))
    return out


def _positive_below(x: Expr) -> Expr:
    """Write ``-a / (-b - c)`` as ``a / (b + c)``, and compute what is known."""
    image: dict[Expr, Expr] = {}
    for node in toposort([x]):
        new: Expr = rebuild(node, image)
        if new.op is e.divide and (below := _negated(new.args[1])) is not None:
            above = _negated(new.args[0])
            new = e.negative(new.args[0] / below) if above is None else above / below
        if new.op is e.negative and new.args[0].op is e.negative:
            new = new.args[0].args[0]
        image[node] = fold(new)
    return image[x]


def _negated(x: Expr) -> Expr | None:
    """Minus a sum of negative terms; None for any other expression."""
    if x.op is e.negative:
        inner: Expr = x.args[0]
        return inner
    if (number := number_of(x)) is not None:
        return scalar(-number, x.dtype) if number < 0 and x.shape == () else None
    if is_constant(x):
        value = value_of(x)
        return constant(-value, x.dtype) if (value < 0).all() else None
    if x.op is e.subtract:
        a, b = _negated(x.args[0]), x.args[1]
        positive = number_of(b) is None or (number_of(b) or 0.0) > 0
        return a + b if a is not None and positive else None
    if x.op is e.add:
        parts = [_negated(a) for a in x.args]
        return parts[0] + parts[1] if parts[0] is not None and parts[1] is not None else None
    return None


def is_group_sum(x: Expr) -> bool:
    """Tell whether an expression adds to zeros at the places of one array of indices."""
    return (
        x.op.name == "add_index" and x.args[2] == (("expr",),) and number_of(fold(x.args[0])) == 0
    )


def is_bracket(x: Expr) -> bool:
    """Tell whether an expression is one where a condition holds, and else zero."""
    return x.op.name == "where" and number_of(x.args[1]) == 1 and number_of(x.args[2]) == 0


def _sum_over_groups(node: Expr) -> Expr:
    """Linear in the whole and in what is added: constants and signs come out."""
    whole, value, *places = node.args
    start = number_of(fold(whole))
    out: Expr = _added(node, value, places)
    return out if start == 0 else out + whole


def _added(node: Expr, value: Expr, places: list[object]) -> Expr:
    name = value.op.name
    if name == "broadcast_to":
        return _added(node, value.args[0], places)
    if name == "negative":
        return e.negative(_added(node, value.args[0], places))
    if name in ("add", "subtract"):
        a, b = (_added(node, v, places) for v in value.args)
        both: Expr = a + b if name == "add" else a - b
        return both
    if name in ("multiply", "divide"):
        a, b = value.args
        if number_of(b) is not None:
            return value.op(_added(node, a, places), scalar(number_of(b) or 0.0, node.dtype))
        if name == "multiply" and number_of(a) is not None:
            return scalar(number_of(a) or 0.0, node.dtype) * _added(node, b, places)
    number = number_of(value)
    one = value if number is None else scalar(1.0, node.dtype)
    zero = zeros(node.shape, dtype=node.dtype)
    total = fold(node.op(fold(zero), one, *places))
    return total if number is None or number == 1 else scalar(number, node.dtype) * total


def _where(node: Expr) -> Expr:
    test, a, b = node.args
    p, q = number_of(a), number_of(b)
    if p is not None and p == q:
        return broadcast_to(a, node.shape)
    if q == 0 and p not in (None, 1.0):
        bracket = node.op(test, scalar(1.0, node.dtype), b)
        return broadcast_to(a * bracket, node.shape)
    return node


def with_words(x: Expr, written: Callable[[Expr], str]) -> Expr | None:
    """Put words in place of a node that text writes in its own way; None for any other.

    ``written`` gives the text of an operand.
    """
    if not isinstance(x.type, TensorType):
        return None
    if is_group_sum(x):
        value, index = written(x.args[1]), written(x.args[3])
        count = number_of(x.args[1]) == 1
        words = f"count({index} = i)" if count else f"sum({value} where {index} = i)"
        return INPUT(words, x.type)
    if (counted := _counted(x)) is not None:
        return INPUT(f"count({written(counted)} = i)", x.type)
    if is_bracket(x):
        return INPUT(f"[{written(x.args[0])}]", x.type)
    return None


def _counted(x: Expr) -> Expr | None:
    """Read ``sum(where(arange == y[:, None], 1, 0), 0)``: how often y is each index."""
    if x.op.name != "sum" or x.args[1] != (0,) or not is_bracket(x.args[0]):
        return None
    test = x.args[0].args[0]
    if test.op.name != "equal" or x.args[0].ndim != 2:
        return None
    for k, y in (test.args, test.args[::-1]):
        z = _plain(y)
        column = z.op.name == "index" and [item[0] for item in z.args[1]] == ["slice", "new"]
        known = is_constant(k) and k.ndim == 1
        if column and known and np.array_equal(value_of(k), np.arange(k.shape[0])):
            inner: Expr = z.args[0]
            return inner
    return None


def _plain(x: Expr) -> Expr:
    while x.op.name in ("astype", "broadcast_to"):
        x = x.args[0]
    return x
