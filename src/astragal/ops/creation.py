"""Arrays made from numbers, and lengths computed from arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from astragal.graph.errors import DTypeError, ShapeError
from astragal.graph.expr import DIMENSION, INPUT, Expr, Op
from astragal.graph.literal import constant, is_constant, value_of
from astragal.graph.types import (
    INTEGERS,
    Dim,
    GeneratorType,
    KeyType,
    Shape,
    TupleType,
    Type,
    dtype_name,
    tensor_type,
)
from astragal.ops import elementwise as e
from astragal.ops.declare import ArrayLike, as_dims, as_expr, tensor_of


def input(name: str, shape: Any = (), dtype: object = "float64") -> Expr:
    """Make a named argument of a function or a model.

    Parameters
    ----------
    name
        A non-empty name; it appears in errors and in ``pprint``.
    shape
        Static dimensions, names for dimensions that are known only at the call
        (equal names are equal lengths), or ``None`` for a length of its own.
    dtype
        Data type, or ``"key"`` for random keys of the default implementation, or
        ``"generator"`` for a sequential generator of NumPy.

    Returns
    -------
    Expr
        The same object for the same name and type.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.input("x", shape=("n", 3)).type
    float64(n, 3)
    """
    if not name or type(name) is not str:
        raise DTypeError(f"an input's name is a non-empty string, got {name!r}")
    dims: list[Dim] = []
    for axis, d in enumerate((shape,) if isinstance(shape, (int, str, Expr)) else shape):
        if d is None:
            dims.append(DIMENSION(f"{name}.{axis}"))
        elif isinstance(d, str):
            dims.append(DIMENSION(d))
        else:
            dims += as_dims(d, "input")
    if isinstance(dtype, KeyType):
        return INPUT(name, KeyType(dtype.impl, tuple(dims)))
    if dtype == "key":
        from astragal.random.keys import DEFAULT

        return INPUT(name, KeyType(DEFAULT, tuple(dims)))
    if dtype == "generator":
        if dims:
            raise DTypeError(f"input {name!r}: a generator has no dimensions")
        return INPUT(name, GeneratorType())
    return INPUT(name, tensor_type(dtype_name(dtype), tuple(dims)))


# A shape with symbolic dimensions is an argument of its own: a tuple of integers.
SHAPE = Op("shape", lambda *dims: TupleType(tuple(d.type for d in dims)))


def shape_argument(dims: Shape) -> tuple[int, ...] | Expr:
    """Give a shape as an argument of a term: a static tuple, or a `SHAPE` term."""
    if all(isinstance(d, int) for d in dims):
        return dims  # type: ignore[return-value]
    return SHAPE(*(as_expr(d) for d in dims))


def shape_dims(argument: Any) -> Shape:
    """Read the dimensions back from a shape argument."""
    if isinstance(argument, Expr):
        return as_dims(argument.args if argument.op is SHAPE else (argument,), "shape")
    return as_dims(argument, "shape")


def _prepare_full(shape: Any, value: ArrayLike) -> tuple[Any, ...]:
    return shape_argument(shape_dims(shape)), as_expr(value)


def _infer_full(shape: Any, value: Expr) -> Type:
    if tensor_of(value, "full").shape:
        raise ShapeError(f"full takes a scalar, got {value!r}")
    return tensor_type(value.dtype, shape_dims(shape))


FULL = Op("full", _infer_full, _prepare_full)


def full(shape: Any, fill_value: ArrayLike, *, dtype: object = None) -> Expr:
    """Make an array that holds one value throughout.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.full((2,), 3.5).type
    float64(2,)
    """
    return FULL(shape, as_expr(fill_value, None if dtype is None else dtype_name(dtype)))


def zeros(shape: Any, *, dtype: object = "float64") -> Expr:
    """Make an array of zeros."""
    return full(shape, 0, dtype=dtype)


def ones(shape: Any, *, dtype: object = "float64") -> Expr:
    """Make an array of ones."""
    return full(shape, 1, dtype=dtype)


def full_like(x: ArrayLike, fill_value: ArrayLike, *, dtype: object = None) -> Expr:
    """Make an array of the shape and data type of another that holds one value."""
    x = as_expr(x)
    return full(x.shape, fill_value, dtype=dtype or tensor_of(x, "full_like").dtype)


def zeros_like(x: ArrayLike, *, dtype: object = None) -> Expr:
    """Make zeros of the shape and data type of an array."""
    return full_like(x, 0, dtype=dtype)


def ones_like(x: ArrayLike, *, dtype: object = None) -> Expr:
    """Make ones of the shape and data type of an array."""
    return full_like(x, 1, dtype=dtype)


def _infer_arange(n: Any, dtype: str) -> Type:
    return tensor_type(dtype, as_dims(n, "arange"))


IOTA = Op(
    "iota",
    _infer_arange,
    lambda n, dtype: (as_dims(n, "arange")[0], dtype_name(dtype)),
)
"""The integers from 0 below n: ``iota(n, dtype)``."""


def arange(start: Any, stop: Any = None, step: Any = 1, *, dtype: object = None) -> Expr:
    """Make evenly spaced numbers from start up to, not including, stop.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.arange(2, 8, 3)).tolist()
    [2, 5]
    """
    if stop is None:
        start, stop = 0, start
    if not any(isinstance(v, Expr) and not is_constant(v) for v in (start, stop, step)):
        bounds: Any = [value_of(v)[()] if isinstance(v, Expr) else v for v in (start, stop, step)]
        return constant(np.arange(*bounds, dtype=None if dtype is None else dtype_name(dtype)))
    from astragal.ops.declare import cast

    for bound in (start, stop, step):
        if tensor_of(as_expr(bound), "arange").dtype not in INTEGERS:
            raise DTypeError(f"arange with a symbolic bound counts integers, got {bound!r}")
    if isinstance(step, Expr) and not is_constant(step):
        raise ShapeError("arange: the step must be known when the graph is built")
    by = int(value_of(step)) if isinstance(step, Expr) else int(step)
    if by == 0:
        raise ShapeError("arange: the step is 0")
    from_zero = isinstance(start, int) and start == 0
    way = stop if from_zero else e.subtract(stop, start)
    # The number of steps is rounded up.
    count = way if by == 1 else e.negative(e.floor_divide(e.negative(way), by))
    out = IOTA(count if count.op is DIMENSION else e.maximum(count, 0), "int64")
    out = out if by == 1 else e.multiply(out, by)
    out = out if from_zero else e.add(out, start)
    return out if dtype is None else cast(out, dtype_name(dtype))


def slice_length(n: Dim, start: Any, stop: Any, step: int, bounds: list[Expr]) -> Dim:
    """Give the length of a slice whose array or bounds are symbolic, as an expression."""
    rest = list(bounds)
    first, last = (rest.pop(0) if b == "expr" else b for b in (start, stop))

    def clip(bound: Any, default: Any) -> Any:
        if bound is None:
            return default
        from astragal.ops.searching import where

        bound = as_expr(bound)
        wrapped = where(e.less(bound, 0), e.add(bound, n), bound)
        low, high = (0, n) if step > 0 else (-1, e.subtract(n, 1))
        return e.minimum(e.maximum(wrapped, low), high)

    if step > 0:
        lo, hi = clip(first, 0), clip(last, n)
        length = e.floor_divide(e.add(e.subtract(hi, lo), step - 1), step)
    else:
        lo, hi = clip(first, e.subtract(n, 1)), clip(last, -1)
        length = e.floor_divide(e.add(e.subtract(lo, hi), -step - 1), -step)
    return e.maximum(length, 0)


def _infer_nonzero(mask: Expr) -> Type:
    from astragal.ops.reductions import count_nonzero

    n = count_nonzero(mask)
    return TupleType(tuple(tensor_type("int64", (n,)) for _ in mask.shape))


NONZERO = Op("nonzero", _infer_nonzero, lambda x: (as_expr(x),))


def nonzero(x: ArrayLike) -> tuple[Expr, ...]:
    """Give the positions of the nonzero elements, one index array a dimension.

    The number of positions is symbolic, so the JAX backend cannot compile it.
    """
    return tuple(NONZERO(x))


def asarray(value: ArrayLike, /, *, dtype: object = None, copy: bool | None = None) -> Expr:
    """Turn numbers, lists, arrays or lists of expressions into an expression.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> ag.asarray([x, 1.0]).type
    float64(2,)
    """
    from astragal.ops.declare import cast

    out = as_expr(value, None if dtype is None else dtype_name(dtype))
    return out if dtype is None else cast(out, dtype_name(dtype))


def empty(shape: Any, *, dtype: object = "float64") -> Expr:
    """Make an array whose values do not matter; they are zeros."""
    return zeros(shape, dtype=dtype)


def empty_like(x: ArrayLike, *, dtype: object = None) -> Expr:
    """Make an array like another whose values do not matter; they are zeros."""
    return zeros_like(x, dtype=dtype)


def eye(n_rows: Any, n_cols: Any = None, /, *, k: int = 0, dtype: object = "float64") -> Expr:
    """Make a matrix with ones on a diagonal and zeros elsewhere.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.eye(2, 3, k=1, dtype="int64")).tolist()
    [[0, 1, 0], [0, 0, 1]]
    """
    from astragal.ops.declare import cast

    rows, columns = IOTA(n_rows, "int64"), IOTA(n_rows if n_cols is None else n_cols, "int64")
    return cast(e.equal(e.add(rows, k)[:, None], columns), dtype_name(dtype))


def linspace(
    start: ArrayLike, stop: ArrayLike, /, num: int, *, dtype: object = None, endpoint: bool = True
) -> Expr:
    """Make a number of evenly spaced numbers from start to stop.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.linspace(0.0, 1.0, 5)).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    from astragal.ops.declare import cast
    from astragal.ops.manipulation import concatenate, expand_dims

    first, last = (as_expr(v) for v in (start, stop))
    if is_constant(first) and is_constant(last):
        values = np.linspace(value_of(first), value_of(last), num, endpoint=endpoint)
        return constant(values, "float64" if dtype is None else dtype_name(dtype))
    first, last = e.multiply(first, 1.0), e.multiply(last, 1.0)
    steps = num - 1 if endpoint else num
    if num == 1 or steps < 1:
        out = expand_dims(first, 0)[: max(num, 0)]
    else:
        count = cast(IOTA(num, "int64"), first.dtype)
        width = e.divide(e.subtract(last, first), float(steps))
        shape = (slice(None), *(None,) * width.ndim)
        out = e.add(e.multiply(count[shape], width), first)
        if endpoint:
            # The last one is the end itself, not a sum rounded near it.
            out = concatenate([out[:-1], expand_dims(e.add(last, e.multiply(0.0, first)), 0)])
    return out if dtype is None else cast(out, dtype_name(dtype))


def meshgrid(*arrays: ArrayLike, indexing: str = "xy") -> tuple[Expr, ...]:
    """Make coordinate arrays of a grid from coordinates along each axis.

    Examples
    --------
    >>> import astragal as ag
    >>> [g.shape for g in ag.meshgrid([1, 2, 3], [4, 5])]
    [(2, 3), (2, 3)]
    """
    from astragal.ops.manipulation import broadcast_to

    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', got {indexing!r}")
    xs = [as_expr(a) for a in arrays]
    if any(x.ndim != 1 for x in xs):
        raise ShapeError("meshgrid takes arrays of one dimension")
    axes = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        axes[:2] = 1, 0
    shape = [xs[axes.index(i)].shape[0] for i in range(len(xs))]
    return tuple(
        broadcast_to(x[tuple(slice(None) if i == at else None for i in range(len(xs)))], shape)
        for x, at in zip(xs, axes, strict=True)
    )


def _band(x: ArrayLike, k: int, name: str, lower: bool) -> Expr:
    from astragal.ops.searching import where

    x = as_expr(x)
    if tensor_of(x, name).ndim < 2:
        raise ShapeError(f"{name} of {x!r}: expected two dimensions or more")
    rows, columns = IOTA(x.shape[-2], "int64")[:, None], IOTA(x.shape[-1], "int64")
    inside = e.greater_equal(e.add(rows, k), columns)
    inside = inside if lower else e.less_equal(e.add(rows, k), columns)
    return where(inside, x, zeros((), dtype=x.dtype))


def tril(x: ArrayLike, /, *, k: int = 0) -> Expr:
    """Keep a matrix on and below its diagonal k, zeros above.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.tril([[1, 2], [3, 4]])).tolist()
    [[1, 0], [3, 4]]
    """
    return _band(x, k, "tril", lower=True)


def triu(x: ArrayLike, /, *, k: int = 0) -> Expr:
    """Keep a matrix on and above its diagonal k, zeros below."""
    return _band(x, k, "triu", lower=False)


OPS: tuple[Op, ...] = (SHAPE, FULL, IOTA, NONZERO)
