"""What is seen of the sign of an expression, without computing it."""

from __future__ import annotations

from astragal.graph.expr import Expr
from astragal.graph.literal import value_of
from astragal.graph.types import TensorType
from astragal.logic.algebra.numbers import number_of
from astragal.random.distribution import NON_NEGATIVE, POSITIVE, is_random, random_parts


def nonnegative(x: Expr, depth: int = 0) -> bool:
    """Tell whether an expression is seen not to be negative, wherever it is a number."""
    name = x.op.name
    if name in {"square", "abs", "sqrt", "exp"}:
        return True
    if name == "constant":
        value = value_of(x)
        return value.dtype.kind in "bu" or bool((value >= 0).all())
    if is_random(x):
        d, _, _, parameters = random_parts(x)
        support = d.support(*parameters)
        return support is POSITIVE or support is NON_NEGATIVE or support.words in _NONNEGATIVE_WORDS
    if depth > 12:
        return False
    if name in _NONNEGATIVE_OPS or name in _SAME_SIGN:
        args = _parts(x)
        if name == "maximum":
            return any(nonnegative(a, depth + 1) for a in args)
        if name == "multiply" and args[0] is args[1]:
            return True
        seen = all(nonnegative(a, depth + 1) for a in args)
        return seen or (
            name in _PRODUCTS and len(args) == 2 and all(nonpositive(a, depth + 1) for a in args)
        )
    if name == "negative":
        return nonpositive(x.args[0], depth + 1)
    if name == "subtract":
        return nonnegative(x.args[0], depth + 1) and nonpositive(x.args[1], depth + 1)
    if name == "pow":
        k = number_of(x.args[1])
        even = k is not None and k.denominator == 1 and k.numerator % 2 == 0
        return even or nonnegative(x.args[0], depth + 1)
    return False


def nonpositive(x: Expr, depth: int = 0) -> bool:
    """Tell whether an expression is seen not to be above zero, wherever it is a number."""
    name = x.op.name
    if name == "constant":
        value = value_of(x)
        return value.dtype.kind in "iuf" and bool((value <= 0).all())
    signed = isinstance(x.type, TensorType) and not x.dtype.startswith(("bool", "uint"))
    if depth > 12 or not signed:
        return False
    args = _parts(x)
    if name == "negative":
        return nonnegative(args[0], depth + 1)
    if name == "subtract":
        return nonpositive(args[0], depth + 1) and nonnegative(args[1], depth + 1)
    if name in _PRODUCTS:
        return any(
            nonpositive(a, depth + 1) and nonnegative(b, depth + 1) for a, b in (args, args[::-1])
        )
    same = name in _SAME_SIGN or name in _SUMS
    return same and all(nonpositive(a, depth + 1) for a in args)


def _parts(x: Expr) -> list[Expr]:
    """Operands of which the sign is made: not what says where they stand."""
    args = [a for a in x.args if isinstance(a, Expr)]
    if x.op.name in _SAME_SIGN:
        return args[:1]
    return args[:2] if x.op.name in _PLACED else args


_PRODUCTS = frozenset({"multiply", "divide", "matmul"})
_PLACED = frozenset({"add_index", "set_index"})
_SUMS = frozenset({"add", "concatenate", "stack"}) | _PLACED
_NONNEGATIVE_OPS = _PRODUCTS | _SUMS | {"maximum", "reciprocal"}
_SAME_SIGN = frozenset(
    {"astype", "index", "sum", "full", "broadcast_to", "reshape", "permute_dims"}
)


def positive(x: Expr, depth: int = 0) -> bool:
    """Tell whether an expression is seen to be above zero, wherever it is a number."""
    name = x.op.name
    if name == "exp":
        return True
    if name == "constant":
        value = value_of(x)
        return value.dtype.kind in "iuf" and bool((value > 0).all())
    if is_random(x):
        d, _, _, parameters = random_parts(x)
        return d.support(*parameters) is POSITIVE
    if depth > 12 or name not in {"add", "multiply", "divide", "sqrt", "square", "pow"}:
        return False
    args = [a for a in x.args if isinstance(a, Expr)]
    if name == "pow":
        return positive(args[0], depth + 1)
    some = any if name == "add" else all
    return nonnegative(x) and some(positive(a, depth + 1) for a in args)


_NONNEGATIVE_WORDS = frozenset(
    {
        "a probability",
        "a non-negative integer",
        "a positive integer",
        "0 or 1",
        "an integer from 0 to n",
    }
)
