"""Order: sorting, extremes and their places, binary search, distinct values."""

from __future__ import annotations

from typing import Any, NamedTuple

from astragal.graph.errors import DTypeError, ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.types import FLOATS, NUMERIC, Type, same_dim, tensor_type
from astragal.ops import dims
from astragal.ops import elementwise as e
from astragal.ops.creation import arange, ones, zeros
from astragal.ops.declare import (
    ALL,
    ArrayLike,
    as_expr,
    cast,
    common_dtype,
    normalize_axes,
    tensor_of,
)
from astragal.ops.manipulation import concatenate, expand_dims, flip, moveaxis, reshape
from astragal.ops.reductions import CUMULATIVE_SUM, sum
from astragal.ops.reductions import any as any_
from astragal.ops.searching import where


def _along(name: str) -> tuple[Any, Any]:
    """Preparation and type of an operation along one axis that keeps the shape."""

    def prepare(x: ArrayLike, axis: int = -1) -> tuple[Any, ...]:
        x = as_expr(x)
        tensor_of(x, name)
        if not x.ndim:
            raise ShapeError(f"{name} of {describe(x)}: a scalar has no axis")
        return x, normalize_axes(axis, x.ndim, name)[0]

    return prepare, None


SORT = Op("sort", lambda x, axis: x.type, _along("sort")[0])
"""Values in ascending order along an axis, NaN last: ``sort(x, axis)``."""

ARGSORT = Op("argsort", lambda x, axis: tensor_type("int64", x.shape), _along("argsort")[0])
"""Places of the values in ascending order, equal ones in their order: ``argsort(x, axis)``."""


def sort(x: ArrayLike, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Expr:
    """Values in order along an axis.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.sort([3.0, 1.0, 2.0], descending=True)).tolist()
    [3.0, 2.0, 1.0]
    """
    out = SORT(x, axis)
    return flip(out, axis=axis) if descending else out


def argsort(
    x: ArrayLike, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> Expr:
    """Places of the values in order along an axis; equal values keep theirs.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.argsort([3.0, 1.0, 3.0], descending=True)).tolist()
    [0, 2, 1]
    """
    if not descending:
        return ARGSORT(x, axis)
    # Sorted backwards and reversed twice, equal values stand in their first order again.
    x = as_expr(x)
    back = flip(ARGSORT(flip(x, axis=axis), axis), axis=axis)
    return e.subtract(e.subtract(x.shape[axis], 1), back)


def _place(name: str) -> Op:
    def infer(x: Expr, axis: int) -> Type:
        if same_dim(x.shape[axis], 0):
            raise ShapeError(f"{name} of {describe(x)}: of no elements there is none")
        return tensor_type("int64", (*x.shape[:axis], *x.shape[axis + 1 :]))

    return Op(name, infer, _along(name)[0])


ARGMAX = _place("argmax")
ARGMIN = _place("argmin")


def _find(op: Op, x: ArrayLike, axis: int | None, keepdims: bool) -> Expr:
    x = as_expr(x)
    if tensor_of(x, op.name).dtype not in NUMERIC:
        raise DTypeError(f"{op.name} takes numbers: got {describe(x)}")
    if axis is None:
        out = op(reshape(x, (-1,)), 0)
        return reshape(out, (1,) * x.ndim) if keepdims else out
    at = normalize_axes(axis, x.ndim, op.name)[0]
    return expand_dims(op(x, at), at) if keepdims else op(x, at)


def argmax(x: ArrayLike, /, *, axis: int | None = None, keepdims: bool = False) -> Expr:
    """Place of the first greatest value, by default in the flattened array; NaN is greatest.

    Examples
    --------
    >>> import astragal as ag
    >>> int(ag.evaluate(ag.argmax([1.0, 5.0, 5.0])))
    1
    """
    return _find(ARGMAX, x, axis, keepdims)


def argmin(x: ArrayLike, /, *, axis: int | None = None, keepdims: bool = False) -> Expr:
    """Place of the first least value, by default in the flattened array; NaN is least."""
    return _find(ARGMIN, x, axis, keepdims)


def _prepare_search(x1: ArrayLike, x2: ArrayLike, side: str = "left") -> tuple[Any, ...]:
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side is 'left' or 'right', got {side!r}")
    dtype = common_dtype("searchsorted", (x1, x2), NUMERIC, False)
    return cast(as_expr(x1), dtype), cast(as_expr(x2), dtype), side


def _infer_search(x1: Expr, x2: Expr, side: str) -> Type:
    if x1.ndim != 1:
        raise ShapeError(f"searchsorted: the sorted values have one dimension, got {describe(x1)}")
    return tensor_type("int64", x2.shape)


SEARCHSORTED = Op("searchsorted", _infer_search, _prepare_search)


def searchsorted(
    x1: ArrayLike, x2: ArrayLike, /, *, side: str = "left", sorter: ArrayLike | None = None
) -> Expr:
    """Places where values would be inserted to keep an array sorted.

    Parameters
    ----------
    x1
        Sorted values, of one dimension.
    x2
        Values to insert.
    side
        Whether equal values are inserted on their ``"left"`` or ``"right"``.
    sorter
        Integers that sort ``x1``.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.searchsorted([1.0, 2.0, 4.0], [2.0, 3.0])).tolist()
    [1, 2]
    """
    values = as_expr(x1)
    return SEARCHSORTED(values if sorter is None else values[as_expr(sorter)], x2, side)


def quantile(
    x: ArrayLike, q: ArrayLike, /, *, axis: int | None = None, keepdims: bool = False
) -> Expr:
    """Quantiles along an axis, by linear interpolation between neighbours.

    Parameters
    ----------
    x
        Numbers; NaN among them counts as the greatest.
    q
        Probability, or several: they become the leading dimensions of the result.
    axis
        Axis of the sample, by default that of the flattened array.
    keepdims
        Whether that axis stays, with length 1.

    Examples
    --------
    >>> import astragal as ag
    >>> float(ag.evaluate(ag.quantile([1.0, 2.0, 4.0], 0.75)))
    3.0
    """
    x = as_expr(x)
    if tensor_of(x, "quantile").dtype not in FLOATS:
        x = cast(x, "float64")
    ndim = x.ndim
    if axis is None:
        x, at = reshape(x, (-1,)), 0
    else:
        at = normalize_axes(axis, ndim, "quantile")[0]
    # The sample goes to the front, so that one index array picks whole rows.
    rows = SORT(moveaxis(x, at, 0), 0)
    p = cast(as_expr(q), x.dtype)
    position = e.multiply(p, cast(as_expr(dims.subtract(rows.shape[0], 1)), x.dtype))
    below = e.floor(position)
    part = e.subtract(position, below)
    part = reshape(part, (*p.shape, *(1,) * (rows.ndim - 1)))
    low = rows[cast(below, "int64")]
    high = rows[cast(e.ceil(position), "int64")]
    out = e.add(low, e.multiply(part, e.subtract(high, low)))
    # Where both neighbours are one, possibly infinite, element there is nothing to interpolate.
    out = where(e.equal(low, high), low, out)
    if not keepdims:
        return out
    if axis is None:
        return reshape(out, (*p.shape, *(1,) * ndim))
    return expand_dims(out, p.ndim + at)


def median(x: ArrayLike, /, axis: int | None = None, *, keepdims: bool = False) -> Expr:
    """Middle value along an axis, or the mean of the two in the middle."""
    return quantile(x, 0.5, axis=axis, keepdims=keepdims)


def isin(x1: ArrayLike, x2: ArrayLike, /, *, invert: bool = False) -> Expr:
    """Whether each element of an array is among the values of another.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.isin([1, 2, 3], [3, 1])).tolist()
    [True, False, True]
    """
    dtype = common_dtype("isin", (x1, x2), ALL, False)
    x, values = cast(as_expr(x1), dtype), reshape(cast(as_expr(x2), dtype), (-1,))
    found = any_(e.equal(expand_dims(x, -1), values), -1)
    return e.logical_not(found) if invert else found


class UniqueAll(NamedTuple):
    """Distinct values in order, where each stands first, where each element went, and counts."""

    values: Expr
    indices: Expr
    inverse_indices: Expr
    counts: Expr


class UniqueCounts(NamedTuple):
    """Distinct values in order, and how often each occurs."""

    values: Expr
    counts: Expr


class UniqueInverse(NamedTuple):
    """Distinct values in order, and the place among them of each element."""

    values: Expr
    inverse_indices: Expr


def _first_of_each(ordered: Expr) -> Expr:
    """Whether an element of a sorted array differs from the one before it."""
    if isinstance(ordered.shape[0], int) and ordered.shape[0] == 0:
        return zeros((0,), dtype="bool")
    return concatenate([ones((1,), dtype="bool"), e.not_equal(ordered[1:], ordered[:-1])])


def unique_values(x: ArrayLike, /) -> Expr:
    """Distinct values in ascending order; each NaN counts as one of its own.

    How many there are is known at run time only, so JAX cannot compile it.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.unique_values([3, 1, 3])).tolist()
    [1, 3]
    """
    ordered = sort(reshape(x, (-1,)))
    return ordered[_first_of_each(ordered)]


def unique_all(x: ArrayLike, /) -> UniqueAll:
    """Distinct values of an array, with first places, inverse and counts.

    Examples
    --------
    >>> import astragal as ag
    >>> u = ag.unique_all([3, 1, 3])
    >>> [ag.evaluate(part).tolist() for part in u]
    [[1, 3], [1, 0], [1, 0, 1], [1, 2]]
    """
    x = as_expr(x)
    flat = reshape(x, (-1,))
    order = argsort(flat)
    ordered = flat[order]
    first = _first_of_each(ordered)
    rank = e.subtract(CUMULATIVE_SUM(first, 0), 1)
    inverse = zeros(flat.shape, dtype="int64").at[order].set(rank)
    starts = arange(flat.shape[0])[first]
    ends = concatenate([starts[1:], reshape(sum(ones(flat.shape, dtype="int64")), (1,))])
    counts = e.subtract(ends[: starts.shape[0]], starts)
    return UniqueAll(ordered[first], order[first], reshape(inverse, x.shape), counts)


def unique_counts(x: ArrayLike, /) -> UniqueCounts:
    """Distinct values of an array, and how often each occurs."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: ArrayLike, /) -> UniqueInverse:
    """Distinct values of an array, and the place among them of each element."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


OPS: tuple[Op, ...] = (SORT, ARGSORT, ARGMAX, ARGMIN, SEARCHSORTED)
