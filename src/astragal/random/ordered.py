"""Sums and matrix products in a stated order, so that their bits are the same everywhere.

A library sums in the order that suits the machine. Samplers that need sums over a dimension
use these: each adds one element after the other, whatever the backend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph, placeholder
from astragal.graph.types import tensor_type
from astragal.ops import elementwise as e
from astragal.ops.control import MAP, scan
from astragal.ops.creation import arange, full
from astragal.ops.declare import as_expr, broadcast_shapes
from astragal.ops.manipulation import permute_dims
from astragal.ops.searching import where


def zeros(shape: Any) -> Expr:
    """Zeros of a shape; a number where it has no dimensions."""
    return full(shape, 0.0) if shape else as_expr(0.0)


UNROLLED = 16  # lengths up to this are added in the open

_BODIES: dict[tuple[Any, ...], Subgraph] = {}


def pointwise(function: Callable[..., Expr], *args: Any) -> Expr:
    """Apply a function of scalars to each element, with the bits of IEEE 754.

    The function must be one that stays (a name of a module), since its graph is kept.
    """
    exprs = [as_expr(a) for a in args]
    key = (function, *(x.dtype for x in exprs))
    body = _BODIES.get(key)
    if body is None:
        stand_ins = [placeholder(tensor_type(x.dtype)) for x in exprs]
        body = _BODIES[key] = Subgraph(stand_ins, [function(*stand_ins)])
    return MAP(body, *exprs)


def multiply(x: Expr, y: Expr) -> Expr:
    """Multiply scalars."""
    return x * y


def divide(x: Expr, y: Expr) -> Expr:
    """Divide scalars."""
    return x / y


def multiply_add(total: Expr, x: Expr, y: Expr) -> Expr:
    """Add a product to a scalar."""
    return total + x * y


def _multiply_subtract(total: Expr, x: Expr, y: Expr) -> Expr:
    return total - x * y


def _over_root(x: Expr, square: Expr) -> Expr:
    return x / e.sqrt(square)


def last_first(x: Expr, axes: int = 1) -> Expr:
    """Move the last dimension to the front (or the one before last, for ``axes`` of 2)."""
    n = x.ndim
    at = n - axes
    return permute_dims(x, (at, *(i for i in range(n) if i != at)))


def first_last(x: Expr) -> Expr:
    """Move the first dimension to the end."""
    return permute_dims(x, (*range(1, x.ndim), 0))


def total(x: Expr) -> Expr:
    """Sum over the last dimension, from the first element on."""
    n = x.shape[-1]
    if isinstance(n, int) and 0 < n <= UNROLLED:
        out = x[..., 0]
        for j in range(1, n):
            out = out + x[..., j]
        return out
    summed: Expr = scan(lambda c, v: (c + v, None), zeros(x.shape[:-1]), last_first(x))[0]
    return summed


def prefix(x: Expr, reverse: bool = False) -> Expr:
    """Sums up to and with each element of the last dimension, or from each element on."""

    def step(c: Expr, v: Expr) -> tuple[Expr, Expr]:
        return c + v, c + v

    _, out = scan(step, zeros(x.shape[:-1]), last_first(x), reverse=reverse)
    return first_last(out)


def _batch(a: Expr, b: Expr) -> Any:
    return broadcast_shapes([a.shape[:-2], b.shape[:-2]], "matmul")


def matmul(a: Expr, b: Expr) -> Expr:
    """Matrix product over the last two dimensions."""
    shape = (*_batch(a, b), a.shape[-2], b.shape[-1])

    def step(c: Expr, rows: tuple[Expr, Expr]) -> tuple[Expr, None]:
        x, y = rows
        return pointwise(multiply_add, c, x[..., :, None], y[..., None, :]), None

    out, _ = scan(step, zeros(shape), (last_first(a), last_first(b, 2)))
    return out  # type: ignore[no-any-return]


def transpose(a: Expr) -> Expr:
    """Exchange the last two dimensions."""
    return permute_dims(a, (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2))


def cholesky(a: Expr) -> Expr:
    """Lower Cholesky factor over the last two dimensions; NaN where there is none."""
    n = a.shape[-1]
    row = arange(n)

    def step(rest: Expr, j: Expr) -> tuple[Expr, Expr]:
        column = pointwise(_over_root, rest[..., :, j], rest[..., j, j][..., None])
        column = where(row >= j, column, 0.0)
        return pointwise(
            _multiply_subtract, rest, column[..., :, None], column[..., None, :]
        ), column

    _, columns = scan(step, a, row)
    return first_last(columns)


def solve_lower(a: Expr, b: Expr) -> Expr:
    """Solve a x = b for a lower triangular matrix, by forward substitution."""
    row = arange(a.shape[-1])
    shape = (*_batch(a, b), b.shape[-2], b.shape[-1])

    def step(rest: Expr, j: Expr) -> tuple[Expr, Expr]:
        x = pointwise(divide, rest[..., j, :], a[..., j, j][..., None])
        column = where(row > j, a[..., :, j], 0.0)
        return pointwise(_multiply_subtract, rest, column[..., :, None], x[..., None, :]), x

    _, rows = scan(step, zeros(shape) + b, row)
    return permute_dims(rows, (*range(1, rows.ndim - 1), 0, rows.ndim - 1))
