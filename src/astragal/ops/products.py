"""Products of arrays, and diagonals of matrices: with `astragal.ops.linalg` one namespace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.types import NUMERIC, Dim, Type, same_dim, show_shape, tensor_type
from astragal.ops import creation, dims, manipulation, reductions
from astragal.ops import elementwise as e
from astragal.ops.declare import (
    ArrayLike,
    as_expr,
    broadcast_shapes,
    cast,
    common_dtype,
    normalize_axes,
    tensor_of,
)
from astragal.ops.manipulation import permute_dims, reshape


def _prepare_matmul(x: ArrayLike, y: ArrayLike) -> tuple[Any, ...]:
    a, b = as_expr(x), as_expr(y)
    dtype = common_dtype("matmul", (a, b), NUMERIC, False)
    return cast(a, dtype), cast(b, dtype)


def _infer_matmul(x: Expr, y: Expr) -> Type:
    a, b = x.shape, y.shape
    if not a or not b:
        raise ShapeError(f"matmul of a scalar: {describe(x)} and {describe(y)}")
    inner = b[0] if len(b) == 1 else b[-2]
    if not may_be_equal(a[-1], inner):
        raise ShapeError(f"matmul: shapes {show_shape(a)} and {show_shape(b)} do not fit")
    batch = broadcast_shapes([a[:-2], b[:-2]], "matmul")
    rows = (a[-2],) if len(a) > 1 else ()
    columns = (b[-1],) if len(b) > 1 else ()
    return tensor_type(x.dtype, (*batch, *rows, *columns))


def may_be_equal(a: Dim, b: Dim) -> bool:
    """Tell whether two lengths are not known to differ."""
    return same_dim(a, b) or not (isinstance(a, int) and isinstance(b, int))


matmul = Op("matmul", _infer_matmul, _prepare_matmul)


def vecdot(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Expr:
    """Sum of products along an axis."""
    out = e.multiply(x1, x2)
    return reductions.sum(out, axis)


def outer(x1: ArrayLike, x2: ArrayLike, /) -> Expr:
    """All products of an element of one vector with one of another.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.linalg.outer([1.0, 2.0], [3.0, 4.0, 5.0]).shape
    (2, 3)
    """
    a, b = as_expr(x1), as_expr(x2)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(f"outer: {describe(a)} and {describe(b)} are not both vectors")
    return e.multiply(a[:, None], b)


def dot(x1: ArrayLike, x2: ArrayLike, /) -> Expr:
    """NumPy's ``dot``: scalar, vector and matrix products."""
    a, b = as_expr(x1), as_expr(x2)
    if not a.ndim or not b.ndim:
        return e.multiply(a, b)
    if b.ndim <= 2:
        return matmul(a, b)
    return tensordot(a, b, axes=((-1,), (-2,)))


def tensordot(
    x1: ArrayLike, x2: ArrayLike, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2
) -> Expr:
    """Sum of products over axes of two arrays.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.linalg.tensordot(ag.zeros((2, 3, 4)), ag.zeros((4, 3, 5)), axes=((1, 2), (1, 0))).shape
    (2, 5)
    """
    a, b = as_expr(x1), as_expr(x2)
    if isinstance(axes, int):
        if axes > a.ndim or axes > b.ndim:
            raise ShapeError(f"tensordot over {axes} axes of {describe(a)} and {describe(b)}")
        axes = tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    first = tuple(i if i >= 0 else i + a.ndim for i in axes[0])
    second = tuple(i if i >= 0 else i + b.ndim for i in axes[1])
    normalize_axes(first, a.ndim, "tensordot")
    normalize_axes(second, b.ndim, "tensordot")
    if len(first) != len(second) or not all(
        may_be_equal(a.shape[i], b.shape[j]) for i, j in zip(first, second, strict=True)
    ):
        shown = f"{show_shape(a.shape)} and {show_shape(b.shape)}"
        raise ShapeError(f"tensordot: shapes {shown} do not fit over axes {axes!r}")
    left = [i for i in range(a.ndim) if i not in first]
    right = [j for j in range(b.ndim) if j not in second]
    inner = dims.product(a.shape[i] for i in first)
    rows = dims.product(a.shape[i] for i in left)
    columns = dims.product(b.shape[j] for j in right)
    flat = matmul(
        reshape(permute_dims(a, (*left, *first)), (rows, inner)),
        reshape(permute_dims(b, (*second, *right)), (inner, columns)),
    )
    return reshape(flat, (*(a.shape[i] for i in left), *(b.shape[j] for j in right)))


def kron(x1: ArrayLike, x2: ArrayLike, /) -> Expr:
    """Kronecker product: blocks of one array, scaled by the elements of the other."""
    a, b = as_expr(x1), as_expr(x2)
    n = max(a.ndim, b.ndim)
    sa, sb = (1,) * (n - a.ndim) + a.shape, (1,) * (n - b.ndim) + b.shape
    wide = e.multiply(
        reshape(a, [d for s in sa for d in (s, 1)]), reshape(b, [d for s in sb for d in (1, s)])
    )
    return reshape(wide, [dims.product(pair) for pair in zip(sa, sb, strict=True)])


def cross(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Expr:
    """Vector product in three dimensions."""
    a, b = manipulation.broadcast_arrays(x1, x2)
    at = normalize_axes(axis, a.ndim, "cross")[0]
    if not may_be_equal(a.shape[at], 3):
        raise ShapeError(
            f"cross: axis {axis} of {describe(a)} and {describe(b)} is not of length 3"
        )
    u, v = ([x[(slice(None),) * at + (i,)] for i in range(3)] for x in (a, b))
    parts = [
        e.subtract(e.multiply(u[i], v[j]), e.multiply(u[j], v[i]))
        for i, j in ((1, 2), (2, 0), (0, 1))
    ]
    return manipulation.stack(parts, at)


def _diagonal_length(m: Dim, n: Dim, offset: int) -> Dim:
    rows = dims.subtract(m, max(-offset, 0))
    columns = dims.subtract(n, max(offset, 0))
    if isinstance(rows, int) and isinstance(columns, int):
        return max(min(rows, columns), 0)
    return (
        rows
        if same_dim(rows, columns) and not offset
        else dims.maximum(dims.minimum(rows, columns), 0)
    )


def diagonal(x: ArrayLike, /, *, offset: int = 0) -> Expr:
    """Elements on a diagonal of each matrix.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.linalg.diagonal([[1, 2], [3, 4]])).tolist()
    [1, 4]
    """
    x = as_expr(x)
    if x.ndim < 2:
        raise ShapeError(f"diagonal of {describe(x)}: expected a matrix")
    m, n = x.shape[-2:]
    at = creation.IOTA(_diagonal_length(m, n, offset), "int64")
    return x[..., e.add(at, max(-offset, 0)), e.add(at, max(offset, 0))]


def diag(x: ArrayLike, /) -> Expr:
    """Matrices with the given vectors on their diagonals.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.linalg.diag([1, 2])).tolist()
    [[1, 0], [0, 2]]
    """
    from astragal.ops.searching import where

    x = as_expr(x)
    if not x.ndim:
        raise ShapeError(f"diag of {describe(x)}: expected a vector")
    on = creation.eye(x.shape[-1], dtype="bool")
    return where(on, x[..., None, :], creation.zeros((), dtype=tensor_of(x, "diag").dtype))


def trace(x: ArrayLike, /, *, offset: int = 0, dtype: object = None) -> Expr:
    """Sum of a diagonal of each matrix."""
    on = diagonal(x, offset=offset)
    return reductions.sum(on if dtype is None else manipulation.astype(on, dtype), -1)
