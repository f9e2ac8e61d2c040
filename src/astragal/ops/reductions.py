"""Reductions over axes."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from typing import Any

from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.types import FLOATS, SIGNED, Type, dtype_name, same_dim, tensor_type
from astragal.ops import dims
from astragal.ops import elementwise as e
from astragal.ops.declare import ArrayLike, as_expr, cast, normalize_axes, tensor_of

Axis = int | Iterable[int] | None


def reduced_shape(x: Expr, axes: tuple[int, ...], keepdims: bool) -> tuple[Any, ...]:
    """Give the shape left when axes are reduced away."""
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(x.shape))
    return tuple(d for i, d in enumerate(x.shape) if i not in axes)


def _reduction(name: str, result: Callable[[str], str], kind: type[Op] = Op) -> Op:
    def prepare(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> tuple[Any, ...]:
        x = as_expr(x)
        dtype = tensor_of(x, name).dtype
        # Small integers and booleans are summed in 64 bits, as the array API asks.
        if name in ("sum", "prod") and dtype not in FLOATS:
            x = cast(x, "int64" if dtype in SIGNED or dtype == "bool" else "uint64")
        return x, normalize_axes(axis, x.ndim, name), bool(keepdims)

    def infer(x: Expr, axes: tuple[int, ...], keepdims: bool) -> Type:
        if name in ("max", "min") and builtins.any(same_dim(x.shape[a], 0) for a in axes):
            raise ShapeError(f"{name} of {describe(x)}: of no elements there is none")
        return tensor_type(result(x.dtype), reduced_shape(x, axes, keepdims))

    return kind(name, infer, prepare)


class Sum(Op):
    """A sum or product, which may be asked for in another data type."""

    __slots__ = ()

    def __call__(self, *args: Any, dtype: object = None, **named: Any) -> Expr:
        """Apply it, to the values converted to a data type."""
        if dtype is None:
            return super().__call__(*args, **named)
        name = dtype_name(dtype)
        # Integers are computed in 64 bits, which lose nothing modulo the smaller word.
        return cast(super().__call__(cast(as_expr(args[0]), name), *args[1:], **named), name)


def _same(dtype: str) -> str:
    return dtype


def _bool(dtype: str) -> str:
    return "bool"


# fmt: off
sum  = _reduction("sum", _same, Sum)
prod = _reduction("prod", _same, Sum)
max  = _reduction("max", _same)
min  = _reduction("min", _same)
any  = _reduction("any", _bool)
all  = _reduction("all", _bool)
# fmt: on


def count(x: Expr, axes: tuple[int, ...]) -> Any:
    """Number of elements along axes: an integer, or an expression."""
    return dims.product(x.shape[a] for a in axes)


def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Arithmetic mean over axes; integers are converted to float64.

    Examples
    --------
    >>> import astragal as ag
    >>> float(ag.evaluate(ag.mean([1.0, 2.0, 6.0])))
    3.0
    """
    x = as_expr(x)
    if tensor_of(x, "mean").dtype not in FLOATS:
        x = cast(x, "float64")
    axes = normalize_axes(axis, x.ndim, "mean")
    return e.divide(sum(x, axes, keepdims), cast(as_expr(count(x, axes)), x.dtype))


def var(x: ArrayLike, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Expr:
    """Variance over axes: squared deviations summed, over n - correction."""
    x = as_expr(x)
    axes = normalize_axes(axis, x.ndim, "var")
    centred = e.subtract(x, mean(x, axes, True))
    n = e.subtract(cast(as_expr(count(x, axes)), centred.dtype), correction)
    # Of fewer elements than the correction takes away, there is no variance.
    return e.divide(sum(e.square(centred), axes, keepdims), e.maximum(n, 0.0))


def std(x: ArrayLike, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Expr:
    """Standard deviation over axes: the root of `var`."""
    return e.sqrt(var(x, axis, correction, keepdims))


def count_nonzero(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Number of nonzero elements, in int64."""
    x = as_expr(x)
    flags = x if tensor_of(x, "count_nonzero").dtype == "bool" else e.not_equal(x, 0)
    return sum(flags, axis, keepdims)


def _prepare_logsumexp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> tuple[Any, ...]:
    x = as_expr(x)
    if tensor_of(x, "logsumexp").dtype not in FLOATS:
        x = cast(x, "float64")
    return x, normalize_axes(axis, x.ndim, "logsumexp"), bool(keepdims)


logsumexp = Op(
    "logsumexp",
    lambda x, axes, keepdims: tensor_type(x.dtype, reduced_shape(x, axes, keepdims)),
    _prepare_logsumexp,
)
"""Logarithm of the sum of exponentials over axes, without overflow; of none it is -inf."""


def _cumulative(name: str) -> Op:
    def prepare(x: ArrayLike, axis: int | None = None) -> tuple[Any, ...]:
        x = as_expr(x)
        dtype = tensor_of(x, name).dtype
        if dtype not in FLOATS:
            x = cast(x, "int64" if dtype in SIGNED or dtype == "bool" else "uint64")
        if axis is None and x.ndim != 1:
            raise ShapeError(f"{name} of {describe(x)}: give an axis")
        return x, normalize_axes(0 if axis is None else axis, x.ndim, name)[0]

    return Op(name, lambda x, axis: x.type, prepare)


CUMULATIVE_SUM = _cumulative("cumulative_sum")
CUMULATIVE_PROD = _cumulative("cumulative_prod")


def _accumulate(
    op: Op, start: int, x: ArrayLike, axis: int | None, dtype: object, include_initial: bool
) -> Expr:
    from astragal.ops.creation import full
    from astragal.ops.manipulation import concatenate

    x = as_expr(x)
    out = op(x if dtype is None else cast(x, dtype_name(dtype)), axis)
    out = out if dtype is None else cast(out, dtype_name(dtype))
    if not include_initial:
        return out
    at = normalize_axes(0 if axis is None else axis, x.ndim, op.name)[0]
    first = full((*out.shape[:at], 1, *out.shape[at + 1 :]), start, dtype=out.dtype)
    return concatenate([first, out], at)


def cumulative_sum(
    x: ArrayLike,
    /,
    *,
    axis: int | None = None,
    dtype: object = None,
    include_initial: bool = False,
) -> Expr:
    """Sums of all elements up to each one along an axis.

    Parameters
    ----------
    x
        Numbers; integers are summed in 64 bits.
    axis
        May be left out where the array has one dimension.
    dtype
        Data type to sum in.
    include_initial
        Whether to begin with the sum of none, 0.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.cumulative_sum([1, 2, 4], include_initial=True)).tolist()
    [0, 1, 3, 7]
    """
    return _accumulate(CUMULATIVE_SUM, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x: ArrayLike,
    /,
    *,
    axis: int | None = None,
    dtype: object = None,
    include_initial: bool = False,
) -> Expr:
    """Products of all elements up to each one along an axis; arguments as `cumulative_sum`."""
    return _accumulate(CUMULATIVE_PROD, 1, x, axis, dtype, include_initial)


def diff(
    x: ArrayLike,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: ArrayLike | None = None,
    append: ArrayLike | None = None,
) -> Expr:
    """Differences of neighbours along an axis, n times over.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.diff([1, 4, 9])).tolist()
    [3, 5]
    """
    from astragal.ops.manipulation import concatenate

    x = as_expr(x)
    at = normalize_axes(axis, x.ndim, "diff")[0]
    parts = [p for p in (prepend, x, append) if p is not None]
    x = concatenate(parts, at) if len(parts) > 1 else x
    before = (slice(None),) * at
    for _ in range(n):
        later, earlier = x[(*before, slice(1, None))], x[(*before, slice(None, -1))]
        both = e.not_equal if x.dtype == "bool" else e.subtract
        x = both(later, earlier)
    return x


def segment_sum(data: ArrayLike, segment_ids: ArrayLike, num_segments: Any) -> Expr:
    """Sums of the rows that carry the same number.

    Parameters
    ----------
    data
        Rows along the first axis.
    segment_ids
        For each row an integer from 0 below ``num_segments``.
    num_segments
        Number of sums.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.segment_sum([1.0, 2.0, 4.0], [0, 2, 0], 3)).tolist()
    [5.0, 0.0, 2.0]
    """
    from astragal.ops.creation import zeros

    x = as_expr(data)
    start = zeros((num_segments, *x.shape[1:]), dtype=tensor_of(x, "segment_sum").dtype)
    out: Expr = start.at[as_expr(segment_ids)].add(x)
    return out


OPS: tuple[Op, ...] = (
    *(sum, prod, max, min, any, all),
    *(logsumexp, CUMULATIVE_SUM, CUMULATIVE_PROD),
)
