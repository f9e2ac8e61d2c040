"""Shapes changed, arrays joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astragal.graph.errors import DTypeError, ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import (
    KeyType,
    Type,
    dtype_name,
    same_dim,
    same_shape,
    show_shape,
    tensor_type,
)
from astragal.ops import dims
from astragal.ops import elementwise as e
from astragal.ops.creation import IOTA, shape_argument, shape_dims
from astragal.ops.declare import (
    ALL,
    ASTYPE,
    ArrayLike,
    as_dims,
    as_expr,
    broadcast_shapes,
    cast,
    common_dtype,
    normalize_axes,
    tensor_of,
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

    if np.dtype(tensor_of(x, "bitcast").dtype).itemsize != np.dtype(dtype).itemsize:
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
    new = shape_dims(shape)
    out = broadcast_shapes([x.type.shape, new], "broadcast_to")
    wider = any(same_dim(b, 1) and not same_dim(a, 1) for a, b in zip(out, new, strict=False))
    if len(out) != len(new) or wider:
        raise ShapeError(
            f"broadcast_to: {show_shape(x.type.shape)} does not broadcast to {show_shape(new)}"
        )
    return with_shape(x.type, new)


BROADCAST = Op(
    "broadcast_to",
    _infer_broadcast,
    lambda x, shape: (as_expr(x), shape_argument(shape_dims(shape))),
)


def broadcast_to(x: ArrayLike, shape: Any) -> Expr:
    """Repeat an array along new or length-one dimensions.

    Raises
    ------
    ShapeError
        Where the shape does not fit.
    """
    x = as_expr(x)
    new = shape_dims(shape)
    return x if same_shape(new, x.type.shape) else BROADCAST(x, new)


def _infer_reshape(x: Expr, shape: Any) -> Type:
    new = shape_dims(shape)
    before, after = dims.product(x.type.shape), dims.product(new)
    if isinstance(before, int) and isinstance(after, int) and before != after:
        raise ShapeError(
            f"reshape: {show_shape(x.type.shape)} has another number of elements "
            f"than {show_shape(new)}"
        )
    return with_shape(x.type, new)


def _prepare_shaped(x: ArrayLike, shape: Any) -> tuple[Any, ...]:
    return as_expr(x), shape_argument(shape_dims(shape))


RESHAPE = Op("reshape", _infer_reshape, _prepare_shaped)


def reshape(x: ArrayLike, shape: Any) -> Expr:
    """Arrange the elements in another shape, in row-major order; one dimension may be -1.

    Raises
    ------
    ShapeError
        Where the number of elements differs.
    """
    x = as_expr(x)
    wanted = [shape] if isinstance(shape, (int, Expr)) else list(shape)
    unknown = [i for i, d in enumerate(wanted) if isinstance(d, int) and d == -1]
    if len(unknown) > 1:
        raise ShapeError(f"reshape: more than one -1 in {shape!r}")
    if unknown:
        total = dims.product(x.type.shape)
        rest = dims.product(
            as_dims([d for i, d in enumerate(wanted) if i != unknown[0]], "reshape")
        )
        if isinstance(total, int) and isinstance(rest, int) and (rest == 0 or total % rest):
            raise ShapeError(f"reshape: {show_shape(x.type.shape)} does not fit {tuple(wanted)!r}")
        wanted[unknown[0]] = dims.quotient(total, rest)
    new = as_dims(wanted, "reshape")
    return x if same_shape(new, x.type.shape) else RESHAPE(x, new)


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
    if any(not same_dim(x.shape[a], 1) for a in axes):
        raise ShapeError(f"squeeze: axes {axes} of {describe(x)} are not all of length 1")
    return x[tuple(0 if i in axes else slice(None) for i in range(x.ndim))]


def _join_operands(name: str, arrays: Sequence[ArrayLike]) -> list[Expr]:
    if not arrays:
        raise ShapeError(f"{name} takes at least one array")
    # Python numbers stay as they are: they adapt to the arrays beside them.
    given = [a if type(a) in (bool, int, float) else as_expr(a) for a in arrays]
    exprs = [as_expr(a) for a in given]
    if any(isinstance(x.type, KeyType) for x in exprs):
        if len({x.type.impl if isinstance(x.type, KeyType) else None for x in exprs}) > 1:
            raise DTypeError(f"{name}: keys join only keys of one implementation")
        return exprs
    dtype = common_dtype(name, given, ALL, False)
    return [cast(x, dtype) for x in exprs]


def _infer_concatenate(axis: int, *xs: Expr) -> Type:
    first = xs[0].type.shape
    for x in xs:
        shape = x.type.shape
        if len(shape) != len(first) or any(
            isinstance(a, int) and isinstance(b, int) and a != b
            for i, (a, b) in enumerate(zip(shape, first, strict=True))
            if i != axis
        ):
            shown = ", ".join(show_shape(y.type.shape) for y in xs)
            raise ShapeError(f"concatenate along axis {axis}: shapes {shown} do not fit")
    total = dims.add(*(x.type.shape[axis] for x in xs))
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


def concat(arrays: Sequence[ArrayLike], /, *, axis: int | None = 0) -> Expr:
    """Join arrays along an axis that they have, or flattened where it is ``None``."""
    if axis is None:
        return concatenate([reshape(a, (-1,)) for a in arrays])
    return concatenate(arrays, axis)


def broadcast_arrays(*arrays: ArrayLike) -> tuple[Expr, ...]:
    """Repeat arrays to their common shape."""
    xs = [as_expr(a) for a in arrays]
    shape = broadcast_shapes([x.type.shape for x in xs], "broadcast_arrays")
    return tuple(broadcast_to(x, shape) for x in xs)


def unstack(x: ArrayLike, /, *, axis: int = 0) -> tuple[Expr, ...]:
    """Take an array apart along an axis of known length.

    Examples
    --------
    >>> import astragal as ag
    >>> [int(ag.evaluate(part)) for part in ag.unstack([1, 2])]
    [1, 2]
    """
    x = as_expr(x)
    at = normalize_axes(axis, x.ndim, "unstack")[0]
    n = x.type.shape[at]
    if not isinstance(n, int):
        raise ShapeError(f"unstack of {describe(x)}: the length of axis {at} is not static")
    return tuple(x[(slice(None),) * at + (i,)] for i in range(n))


def moveaxis(x: ArrayLike, source: int | Sequence[int], destination: int | Sequence[int]) -> Expr:
    """Move dimensions to other places; the rest keep their order.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.moveaxis(ag.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_expr(x)
    pair = [(a,) if isinstance(a, int) else tuple(a) for a in (source, destination)]
    for axes in pair:
        normalize_axes(axes, x.ndim, "moveaxis")
    origin, target = ([a % x.ndim for a in axes] for axes in pair)
    if len(origin) != len(target):
        raise ShapeError(f"moveaxis: {len(origin)} axes to {len(target)} places")
    order = [a for a in range(x.ndim) if a not in origin]
    for place, a in sorted(zip(target, origin, strict=True)):
        order.insert(place, a)
    return permute_dims(x, order)


def matrix_transpose(x: ArrayLike) -> Expr:
    """Swap the last two dimensions."""
    x = as_expr(x)
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose of {describe(x)}: expected two dimensions or more")
    return permute_dims(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def swapaxes(x: ArrayLike, axis1: int, axis2: int) -> Expr:
    """Swap two dimensions."""
    x = as_expr(x)
    a, b = (normalize_axes(i, x.ndim, "swapaxes")[0] for i in (axis1, axis2))
    order = list(range(x.ndim))
    order[a], order[b] = b, a
    return permute_dims(x, order)


def flip(x: ArrayLike, /, *, axis: int | Sequence[int] | None = None) -> Expr:
    """Reverse the order along axes, by default all.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.flip([1, 2, 3])).tolist()
    [3, 2, 1]
    """
    x = as_expr(x)
    axes = normalize_axes(axis, x.ndim, "flip")
    return x[tuple(slice(None, None, -1 if i in axes else 1) for i in range(x.ndim))]


def roll(
    x: ArrayLike, /, shift: int | Sequence[int], *, axis: int | Sequence[int] | None = None
) -> Expr:
    """Move elements along axes; what leaves at one end comes back at the other.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.roll([1, 2, 3, 4], 1)).tolist()
    [4, 1, 2, 3]
    """
    x = as_expr(x)
    if axis is None:
        return reshape(roll(reshape(x, (-1,)), shift, axis=0), x.type.shape)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    shifts = (shift,) * len(axes) if isinstance(shift, int) else tuple(shift)
    if len(shifts) != len(axes):
        raise ShapeError(f"roll: {len(shifts)} shifts for {len(axes)} axes")
    for a, s in zip(axes, shifts, strict=True):
        at = normalize_axes(a, x.ndim, "roll")[0]
        n = x.type.shape[at]
        before = (slice(None),) * at
        if isinstance(n, int):
            cut = -s % n if n else 0
            if cut:
                parts = [x[(*before, slice(cut, None))], x[(*before, slice(None, cut))]]
                x = concatenate(parts, at)
        elif s:
            x = x[(*before, e.remainder(e.subtract(IOTA(n, "int64"), s), n))]
    return x


def repeat(x: ArrayLike, repeats: int | ArrayLike, /, *, axis: int | None = None) -> Expr:
    """Repeat each element along an axis, by default of the flattened array.

    Parameters
    ----------
    x
        Array.
    repeats
        One number for all elements, or one for each. Where numbers for each are known
        at run time only, so is the length of the result.
    axis
        Axis along which to repeat.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.repeat([7, 8], [1, 2])).tolist()
    [7, 8, 8]
    """
    import numpy as np

    x = as_expr(x)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    at = normalize_axes(axis, x.ndim, "repeat")[0]
    shape = x.type.shape
    before = (slice(None),) * at
    counts = as_expr(repeats)
    if not counts.ndim:
        (times,) = as_dims(int(value_of(counts)) if is_constant(counts) else counts, "repeat")
        wide = broadcast_to(expand_dims(x, at + 1), (*shape[: at + 1], times, *shape[at + 1 :]))
        return reshape(wide, (*shape[:at], dims.product((shape[at], times)), *shape[at + 1 :]))
    if is_constant(counts):
        numbers = value_of(counts)
        if isinstance(n := shape[at], int):
            numbers = np.broadcast_to(numbers, (n,))
        return x[(*before, np.repeat(np.arange(len(numbers)), numbers))]
    from astragal.ops.reductions import CUMULATIVE_SUM
    from astragal.ops.sorting import SEARCHSORTED

    ends = CUMULATIVE_SUM(broadcast_to(counts, (shape[at],)), 0)
    return x[(*before, SEARCHSORTED(ends, IOTA(ends[-1], "int64"), "right"))]


def tile(x: ArrayLike, repetitions: int | Sequence[int], /) -> Expr:
    """Lay copies of an array side by side.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.tile([1, 2], (2, 2))).tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    x = as_expr(x)
    times = as_dims(repetitions, "tile")
    n = max(x.ndim, len(times))
    shape = (1,) * (n - x.ndim) + x.type.shape
    times = (1,) * (n - len(times)) + times
    paired = reshape(x, [d for s in shape for d in (1, s)])
    wide = broadcast_to(paired, [d for pair in zip(times, shape, strict=True) for d in pair])
    return reshape(wide, [dims.product(pair) for pair in zip(times, shape, strict=True)])


def take(x: ArrayLike, indices: ArrayLike, /, *, axis: int | None = None) -> Expr:
    """Elements at given places along an axis.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.take([[1, 2, 3]], [2, 0], axis=1)).tolist()
    [[3, 1]]
    """
    x = as_expr(x)
    if axis is None:
        if x.ndim != 1:
            raise ShapeError(f"take from {describe(x)}: give an axis")
        axis = 0
    at = normalize_axes(axis, x.ndim, "take")[0]
    return x[(slice(None),) * at + (as_expr(indices),)]


def take_along_axis(x: ArrayLike, indices: ArrayLike, /, *, axis: int = -1) -> Expr:
    """Elements at places that differ from row to row, as `argsort` gives them.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.take_along_axis([[3, 1], [5, 4]], [[1, 0], [0, 1]])).tolist()
    [[1, 3], [5, 4]]
    """
    x, places = as_expr(x), as_expr(indices)
    at = normalize_axes(axis, x.ndim, "take_along_axis")[0]
    if places.ndim != x.ndim:
        raise ShapeError(
            f"take_along_axis: {describe(x)} and {describe(places)} differ in their dimensions"
        )
    grid: list[Any] = []
    for i, d in enumerate(x.type.shape):
        if i == at:
            grid.append(places)
        else:
            grid.append(reshape(IOTA(d, "int64"), [d if j == i else 1 for j in range(x.ndim)]))
    return x[tuple(grid)]


def ravel(x: ArrayLike) -> Expr:
    """All elements in one dimension, in row-major order."""
    return reshape(x, (-1,))


OPS: tuple[Op, ...] = (ASTYPE, bitcast, BROADCAST, RESHAPE, PERMUTE, CONCATENATE, STACK)
