"""Shapes changed, arrays joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astragal.graph.errors import DTypeError, ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.types import (
    KeyType,
    TensorType,
    Type,
    dtype_name,
    show_shape,
    tensor_type,
)
from astragal.ops.creation import shape_argument, shape_dims
from astragal.ops.declare import (
    ALL,
    ASTYPE,
    ArrayLike,
    as_expr,
    broadcast_shapes,
    cast,
    common_dtype,
    normalize_axes,
)
from astragal.ops.indexing import with_shape


def astype(x: ArrayLike, dtype: object) -> Expr:
    """Convert an array's data type.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.astype([1, 2], "float32").type
    float32(2,)
    """
    return cast(as_expr(x), dtype_name(dtype))


def _infer_bitcast(x: Expr, dtype: str) -> Type:
    import numpy as np

    if not isinstance(x.type, TensorType) or np.dtype(x.dtype).itemsize != np.dtype(dtype).itemsize:
        raise DTypeError(f"bitcast of {describe(x)} to {dtype}: the sizes differ")
    return tensor_type(dtype, x.shape)


bitcast = Op(
    "bitcast",
    _infer_bitcast,
    lambda x, dtype: (as_expr(x), dtype_name(dtype)),
    elementwise=True,
)
"""Reinterpret the bits of numbers as another data type of the same size."""


def _infer_broadcast(x: Expr, shape: Any) -> Type:
    dims = shape_dims(shape)
    out = broadcast_shapes([x.type.shape, dims], "broadcast_to")
    if len(out) != len(dims):
        raise ShapeError(
            f"broadcast_to: {show_shape(x.type.shape)} does not broadcast to {show_shape(dims)}"
        )
    return with_shape(x.type, dims)


BROADCAST = Op("broadcast_to", _infer_broadcast)


def broadcast_to(x: ArrayLike, shape: Any) -> Expr:
    """Repeat an array along new or length-one dimensions.

    Raises
    ------
    ShapeError
        Where the shape does not fit.
    """
    x = as_expr(x)
    argument = shape_argument(shape_dims(shape))
    return x if shape_dims(argument) == x.type.shape else BROADCAST(x, argument)


def _infer_reshape(x: Expr, shape: Any) -> Type:
    dims = shape_dims(shape)
    static = [d for d in (*dims, *x.type.shape) if isinstance(d, int)]
    if len(static) == len(dims) + len(x.type.shape):
        import math

        if math.prod(dims) != math.prod(x.type.shape):  # type: ignore[arg-type]
            raise ShapeError(
                f"reshape: {show_shape(x.type.shape)} has another number of elements "
                f"than {show_shape(dims)}"
            )
    return with_shape(x.type, dims)


RESHAPE = Op("reshape", _infer_reshape)


def reshape(x: ArrayLike, shape: Any) -> Expr:
    """Arrange the elements in another shape, in row-major order; one dimension may be -1.

    Raises
    ------
    ShapeError
        Where the number of elements differs.
    """
    x = as_expr(x)
    dims = [shape] if isinstance(shape, (int, Expr)) else list(shape)
    unknown = [i for i, d in enumerate(dims) if isinstance(d, int) and d == -1]
    if len(unknown) > 1:
        raise ShapeError(f"reshape: more than one -1 in {shape!r}")
    if unknown:
        total: Any = 1
        for d in x.type.shape:
            total = total * d
        rest: Any = 1
        for i, d in enumerate(dims):
            rest = rest if i == unknown[0] else rest * d
        if isinstance(total, int) and isinstance(rest, int) and (rest == 0 or total % rest):
            raise ShapeError(f"reshape: {show_shape(x.type.shape)} does not fit {tuple(dims)!r}")
        dims[unknown[0]] = total // rest
    argument = shape_argument(shape_dims(dims))
    return x if shape_dims(argument) == x.type.shape else RESHAPE(x, argument)


def _infer_permute(x: Expr, axes: tuple[int, ...]) -> Type:
    return with_shape(x.type, tuple(x.type.shape[a] for a in axes))


PERMUTE = Op("permute_dims", _infer_permute)


def permute_dims(x: ArrayLike, axes: Sequence[int] | None = None) -> Expr:
    """Reorder the dimensions; by default reverse them."""
    x = as_expr(x)
    order = tuple(reversed(range(x.ndim))) if axes is None else tuple(int(a) % x.ndim for a in axes)
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(f"permute_dims: {axes!r} is no permutation of {x.ndim} axes")
    return x if order == tuple(range(x.ndim)) else PERMUTE(x, order)


def expand_dims(x: ArrayLike, axis: int = 0) -> Expr:
    """Insert a dimension of length one."""
    x = as_expr(x)
    at = normalize_axes(axis, x.ndim + 1, "expand_dims")[0]
    return x[(slice(None),) * at + (None,)]


def squeeze(x: ArrayLike, axis: int | Sequence[int]) -> Expr:
    """Remove dimensions of length one.

    Raises
    ------
    ShapeError
        Where a dimension is longer.
    """
    x = as_expr(x)
    axes = normalize_axes(axis, x.ndim, "squeeze")
    if any(x.shape[a] != 1 for a in axes):
        raise ShapeError(f"squeeze: axes {axes} of {describe(x)} are not all of length 1")
    return x[tuple(0 if i in axes else slice(None) for i in range(x.ndim))]


def _join_operands(name: str, arrays: Sequence[ArrayLike]) -> list[Expr]:
    if not arrays:
        raise ShapeError(f"{name} takes at least one array")
    exprs = [as_expr(a) for a in arrays]
    if any(isinstance(x.type, KeyType) for x in exprs):
        if len({x.type.impl if isinstance(x.type, KeyType) else None for x in exprs}) > 1:
            raise DTypeError(f"{name}: keys join only keys of one implementation")
        return exprs
    dtype = common_dtype(name, exprs, ALL, False)
    return [cast(x, dtype) for x in exprs]


def _infer_concatenate(axis: int, *xs: Expr) -> Type:
    first = xs[0].type.shape
    total: Any = 0
    for x in xs:
        shape = x.type.shape
        if len(shape) != len(first) or any(
            isinstance(a, int) and isinstance(b, int) and a != b
            for i, (a, b) in enumerate(zip(shape, first, strict=True))
            if i != axis
        ):
            shown = ", ".join(show_shape(y.type.shape) for y in xs)
            raise ShapeError(f"concatenate along axis {axis}: shapes {shown} do not fit")
        total = total + shape[axis]
    return with_shape(xs[0].type, (*first[:axis], total, *first[axis + 1 :]))


CONCATENATE = Op("concatenate", _infer_concatenate)


def concatenate(arrays: Sequence[ArrayLike], axis: int = 0) -> Expr:
    """Join arrays along an axis that they have.

    Raises
    ------
    ShapeError
        Where the other dimensions differ.
    """
    xs = _join_operands("concatenate", arrays)
    if len(xs) == 1:
        return xs[0]
    return CONCATENATE(normalize_axes(axis, xs[0].ndim, "concatenate")[0], *xs)


def _infer_stack(axis: int, *xs: Expr) -> Type:
    first = xs[0].type.shape
    if any(len(x.type.shape) != len(first) for x in xs) or any(
        isinstance(a, int) and isinstance(b, int) and a != b
        for x in xs
        for a, b in zip(x.type.shape, first, strict=True)
    ):
        shown = ", ".join(show_shape(x.type.shape) for x in xs)
        raise ShapeError(f"stack: shapes {shown} differ")
    return with_shape(xs[0].type, (*first[:axis], len(xs), *first[axis:]))


STACK = Op("stack", _infer_stack)


def stack(arrays: Sequence[ArrayLike], axis: int = 0) -> Expr:
    """Join arrays of one shape along a new axis.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x", shape=(3,))
    >>> ag.stack([x, x]).shape
    (2, 3)
    """
    xs = _join_operands("stack", arrays)
    return STACK(normalize_axes(axis, xs[0].ndim + 1, "stack")[0], *xs)


OPS: tuple[Op, ...] = (ASTYPE, bitcast, BROADCAST, RESHAPE, PERMUTE, CONCATENATE, STACK)
