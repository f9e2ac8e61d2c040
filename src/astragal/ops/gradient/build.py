"""Arithmetic on cotangents, simplified while it is built.

Absent means zero: an operand ``None`` is a zero that no one needs to compute. Trivial
factors vanish here, so that the gradient of an expression that is linear in a node is
free of that node; conjugacy is decided by looking at such graphs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import constant, is_constant, scalar, value_of
from astragal.graph.types import Shape, same_dim, same_shape
from astragal.ops import elementwise as e
from astragal.ops.creation import FULL, shape_argument
from astragal.ops.declare import broadcast_shapes
from astragal.ops.indexing import INDEX
from astragal.ops.manipulation import BROADCAST, RESHAPE
from astragal.ops.reductions import count
from astragal.ops.reductions import sum as sum_
from astragal.ops.searching import where as where_

Ct: TypeAlias = "Expr | None"
"""A cotangent or tangent; None is zero."""


def strip(x: Expr) -> Expr:
    """Take away broadcasting: the array whose repetition an expression is."""
    while x.op is FULL or x.op is BROADCAST:
        x = x.args[1] if x.op is FULL else x.args[0]
    return x


def number(x: Expr) -> float | None:
    """Give the number that an expression holds throughout, if it is a constant one."""
    x = strip(x)
    if is_constant(x) and not x.type.shape:
        return value_of(x).item()  # type: ignore[no-any-return]
    return None


def lit(value: float, like: Expr) -> Expr:
    """Make a scalar of the data type of an expression."""
    return scalar(value, like.dtype)


def expand(x: Expr, shape: Shape) -> Expr:
    """Broadcast to a shape, from what was broadcast before."""
    if same_shape(x.shape, shape):
        return x
    x = strip(x)
    if not x.shape:
        return FULL(shape_argument(shape), x)
    return x if same_shape(x.shape, shape) else BROADCAST(x, shape_argument(shape))


def zeros(like: Expr) -> Expr:
    """Make the zero of an expression's type, where one must be computed after all."""
    return expand(lit(0.0, like), like.shape)


def or_zeros(x: Ct, like: Expr) -> Expr:
    """Give a cotangent, or the zero of its type."""
    return zeros(like) if x is None else x


def _pair(a: Expr | float, b: Expr | float) -> tuple[Expr, Expr]:
    if not isinstance(a, Expr):
        assert isinstance(b, Expr)
        return lit(a, b), b
    return a, b if isinstance(b, Expr) else lit(b, a)


def mul(a: Ct | float, b: Ct | float) -> Ct:
    """Multiply; zeros, ones and signs are taken out."""
    if a is None or b is None:
        return None
    x, y = _pair(a, b)
    shape = broadcast_shapes([x.shape, y.shape], "multiply")
    out = _mul(strip(x), strip(y))
    return None if out is None else expand(out, shape)


def _mul(a: Expr, b: Expr) -> Ct:
    if a.op is e.negative or b.op is e.negative:
        inner = _mul(*(x.args[0] if x.op is e.negative else x for x in (a, b)))
        return inner if a.op is b.op else neg(inner)
    m, n = number(a), number(b)
    if n is not None:
        a, b, m, n = b, a, n, m
    if m is None:
        return e.multiply(a, b)
    if m == 0:
        return None
    if n is not None:
        return scalar(np.dtype(a.dtype).type(m) * np.dtype(a.dtype).type(n), a.dtype)
    if m == 1:
        return b
    if m == -1:
        return neg(b)
    if b.op is e.multiply and (k := number(b.args[0])) is not None and not b.args[0].shape:
        return _mul(scalar(m * k, a.dtype), b.args[1])
    return e.multiply(a, b)


def product(*factors: Ct | float) -> Ct:
    """Multiply several factors, from the left."""
    out: Ct | float = factors[0]
    for f in factors[1:]:
        out = mul(out, f)
    assert not isinstance(out, float)
    return out  # pyright: ignore[reportReturnType]


def neg(a: Ct) -> Ct:
    """Change the sign."""
    if a is None:
        return None
    x = strip(a)
    return expand(_neg(x), a.shape)


def _neg(x: Expr) -> Expr:
    n = number(x)
    if n is not None:
        return scalar(-n, x.dtype)
    if x.op is e.negative:
        inner: Expr = x.args[0]
        return inner
    if x.op is e.subtract:
        return e.subtract(x.args[1], x.args[0])
    if x.op is e.multiply and (k := number(x.args[0])) is not None and not x.args[0].shape:
        out = _mul(scalar(-k, x.dtype), x.args[1])
        return e.negative(x) if out is None else out
    return e.negative(x)


def add(a: Ct | float, b: Ct | float) -> Ct:
    """Add; multiples of one expression become one multiple."""
    if a is None or b is None:
        only = b if a is None else a
        assert not isinstance(only, (int, float))
        return only
    x, y = _pair(a, b)
    shape = broadcast_shapes([x.shape, y.shape], "add")
    p, q = strip(x), strip(y)
    m, n = number(p), number(q)
    if m is not None and n is not None:
        return expand(scalar(m + n, p.dtype), shape) if m + n else None
    j, u = _coefficient(p)
    k, v = _coefficient(q)
    if u is v:
        return mul(j + k, expand(u, shape))
    if m == 0 or n == 0:
        return expand(q if m == 0 else p, shape)
    if q.op is e.negative:
        out = e.subtract(p, q.args[0])
    elif p.op is e.negative:
        out = e.subtract(q, p.args[0])
    else:
        out = e.add(p, q)
    return expand(out, shape)


def _coefficient(x: Expr) -> tuple[float, Expr]:
    """Read a term as a number times an expression."""
    if x.op is e.negative:
        return -1.0, x.args[0]
    if x.op is e.multiply and (k := number(x.args[0])) is not None and not x.args[0].shape:
        return k, x.args[1]
    return 1.0, x


def sub(a: Ct | float, b: Ct | float) -> Ct:
    """Subtract."""
    if isinstance(b, (int, float)):
        return add(a, -b)
    if isinstance(a, (int, float)) and b is not None:
        a = lit(a, b)
    return add(a, neg(b))


def div(a: Ct | float, b: Expr | float) -> Ct:
    """Divide; a denominator is never zero by absence."""
    if a is None:
        return None
    x, y = _pair(a, b)
    shape = broadcast_shapes([x.shape, y.shape], "divide")
    return expand(_div(strip(x), strip(y)), shape)


def _div(a: Expr, b: Expr) -> Expr:
    m, n = number(a), number(b)
    if n == 1:
        return a
    if m is not None and n is not None and n != 0:
        return scalar(m / n, a.dtype)
    if a.op is e.negative or b.op is e.negative:
        inner = _div(*(x.args[0] if x.op is e.negative else x for x in (a, b)))
        return inner if a.op is b.op else _neg(inner)
    return e.divide(a, b)


def over(g: Ct, x: Expr) -> Ct:
    """Divide a cotangent by what may be 0: what is not asked for has no part in a slope.

    A branch that is not taken, or a component without weight, passes 0 to an infinite slope; the
    product is 0 there, and no 0 / 0 that would reach all the rest.
    """
    return None if g is None else div(g, apart(g, x))


def apart(g: Expr, x: Expr) -> Expr:
    """Give a denominator that is 1 where it is 0 together with a cotangent.

    Where the cotangent alone is 0 nothing is replaced: its own slope counts in second derivatives.
    """
    unasked = both_zero(g, x)
    return x if unasked is None else where_(unasked, lit(1.0, x), x)


def both_zero(g: Expr, x: Expr) -> Expr | None:
    """Tell where a cotangent and a denominator are 0; None where this can be seen to be nowhere."""
    inner, below = strip(g), strip(x)
    # A weight exp(-inf) is exactly 0; of what a density divides by, only underflow is.
    if all(_factors(inner, _known_nonzero)) or all(_factors(below, _positive)):
        return None
    return e.logical_and(e.equal(inner, lit(0.0, inner)), e.equal(below, lit(0.0, below)))


def identically_zero(x: Expr, depth: int = 8) -> Expr | None:
    """Tell where an expression is 0 whatever it depends on: by a factor that is a constant.

    There any function of it is flat in the other factors, however steep it is. None where
    this cannot be seen, or is nowhere.
    """
    inner = strip(x)
    if is_constant(inner):
        zero = value_of(inner) == 0
        return constant(zero) if zero.any() else None
    operands = inner.args[: _THROUGH.get(inner.op.name, 0) if depth else 0]
    found = [identically_zero(a, depth - 1) for a in operands]
    held = [z for z in found if z is not None]
    return functools.reduce(e.logical_or, held) if held else None


def maybe_empty(x: Expr, depth: int = 8) -> bool:
    """See whether a log weight may well be minus infinity: by a constant, or carried by a loop."""
    x = strip(x)
    if is_constant(x):
        return bool(np.any(np.isneginf(value_of(x))))
    if x.op.name in ("log", "log2", "log10"):
        return identically_zero(x.args[0]) is not None
    if x.op.name in _TERMS and depth:
        parts = [a for a in x.args[_TERMS[x.op.name]] if isinstance(a, Expr)]
        return any(maybe_empty(a, depth - 1) for a in parts)
    return x.op is INPUT


_TERMS = {"add": slice(2), "subtract": slice(1), "where": slice(1, 3), "index": slice(1),
          "reshape": slice(1), "logaddexp": slice(2)}  # fmt: skip
"""Operations that are minus infinity where some of these operands are."""

_THROUGH = {"multiply": 2, "divide": 1, "negative": 1, "abs": 1, "sqrt": 1, "square": 1}
"""Operations that are 0 where one of so many first operands is."""


def masked(g: Expr) -> bool:
    """See whether a cotangent passed a branch that may not be taken, or a weight."""
    return any(_factors(g, lambda x: x.op.name in _WEIGHTS))


def _known_nonzero(x: Expr) -> bool:
    return is_constant(x) and bool(np.all(value_of(x) != 0))


def _positive(x: Expr) -> bool:
    return x.op.name in ("exp", "cosh") or _known_nonzero(x)


def _factors(x: Expr, holds: Callable[[Expr], bool], depth: int = 8) -> Iterator[bool]:
    """Ask of each factor of an expression, all of which must be other than 0 where it is."""
    x = strip(x)
    if x.op.name not in _FACTORED or not depth:
        yield holds(x)
        return
    for a in x.args[: 2 if x.op.name in ("multiply", "divide") else 1]:
        yield from _factors(a, holds, depth - 1)


_WEIGHTS = frozenset({"where", "exp", "expit", "astype"})
_FACTORED = frozenset(
    {"multiply", "divide", "negative", "abs", "sqrt", "square", "reciprocal", "index", "reshape",
     "permute_dims"}
)  # fmt: skip
"""Operations whose result is 0 only where one of the first operands is."""


def where(condition: Expr, a: Ct, b: Ct) -> Ct:
    """Select; zero by absence on either side."""
    if a is None and b is None:
        return None
    like = a if a is not None else b
    assert like is not None
    x, y = (lit(0.0, like) if v is None else v for v in (a, b))
    shape = broadcast_shapes([condition.shape, x.shape, y.shape], "where")
    return expand(where_(strip(condition), strip(x), strip(y)), shape)


def total(terms: Sequence[Expr]) -> Ct:
    """Add many terms in pairs, so that the sum is shallow."""
    row: list[Ct] = list(terms)
    if not row:
        return None
    while len(row) > 1:
        row = [
            add(row[i], row[i + 1]) if i + 1 < len(row) else row[i] for i in range(0, len(row), 2)
        ]
    return row[0]


def sum_axes(x: Expr, axes: tuple[int, ...], keepdims: bool = False) -> Ct:
    """Sum over axes; along axes that only repeat, multiply by their length."""
    if not axes:
        return x
    inner = strip(x)
    lead = x.ndim - inner.ndim
    repeated = tuple(
        a
        for a in axes
        if a < lead or (same_dim(inner.shape[a - lead], 1) and not same_dim(x.shape[a], 1))
    )
    shape = tuple(1 if i in axes else d for i, d in enumerate(x.shape) if keepdims or i not in axes)
    if not repeated:
        return sum_(x, axes, keepdims)
    n = count(x, repeated)
    if isinstance(n, Expr):
        from astragal.ops.declare import cast

        n = cast(n, x.dtype)
    inner_axes = tuple(a - lead for a in axes if a >= lead)
    kept = sum_(inner, inner_axes, keepdims) if inner_axes else inner
    out = mul(float(n) if not isinstance(n, Expr) else n, kept)
    return None if out is None else expand(out, shape)


def unbroadcast(x: Ct, shape: Shape) -> Ct:
    """Sum over the axes along which an operand of a shape was repeated."""
    if x is None or same_shape(x.shape, shape):
        return x
    lead = x.ndim - len(shape)
    x = sum_axes(x, tuple(range(lead))) if lead else x
    if x is None:
        return None
    axes = tuple(
        i
        for i, (d, n) in enumerate(zip(shape, x.shape, strict=True))
        if same_dim(d, 1) and not same_dim(n, 1)
    )
    return sum_axes(x, axes, keepdims=True)


def take(x: Expr, index: tuple[object, ...]) -> Expr:
    """Take a part of a cotangent; of a repeated number, make it shorter."""
    if not (inner := strip(x)).shape:
        part = x[index]
        return expand(inner, part.shape)
    return x[index]


def insert_axes(x: Expr, axes: tuple[int, ...], ndim: int) -> Expr:
    """Put back reduced axes, with length one."""
    spec = tuple(("new",) if i in axes else ("slice", None, None, 1) for i in range(ndim))
    if not strip(x).shape:
        shape = list(x.shape)
        for a in axes:
            shape.insert(a, 1)
        return expand(x, tuple(shape))
    return INDEX(x, spec)


def reshape(x: Expr, shape: Shape) -> Expr:
    """Arrange in another shape."""
    if same_shape(x.shape, shape):
        return x
    if not strip(x).shape:
        return expand(x, shape)
    return RESHAPE(x, shape_argument(shape))
