"""Reductions over axes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from astragal.graph.expr import Expr, Op
from astragal.graph.types import FLOATS, INTEGERS, SIGNED, Type, tensor_type
from astragal.ops import elementwise as e
from astragal.ops.declare import ArrayLike, as_expr, cast, normalize_axes, tensor_of

Axis = int | Iterable[int] | None


def reduced_shape(x: Expr, axes: tuple[int, ...], keepdims: bool) -> tuple[Any, ...]:
    """Give the shape left when axes are reduced away."""
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(x.shape))
    return tuple(d for i, d in enumerate(x.shape) if i not in axes)


def _reduction(name: str, result: Callable[[str], str]) -> Op:
    def prepare(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> tuple[Any, ...]:
        x = as_expr(x)
        dtype = tensor_of(x, name).dtype
        # Small integers and booleans are summed in 64 bits, as the array API asks.
        if name in ("sum", "prod") and dtype not in FLOATS:
            x = cast(x, "int64" if dtype in SIGNED or dtype == "bool" else "uint64")
        return x, normalize_axes(axis, x.ndim, name), bool(keepdims)

    def infer(x: Expr, axes: tuple[int, ...], keepdims: bool) -> Type:
        return tensor_type(result(x.dtype), reduced_shape(x, axes, keepdims))

    return Op(name, infer, prepare)


def _same(dtype: str) -> str:
    return dtype


def _bool(dtype: str) -> str:
    return "bool"


# fmt: off
sum  = _reduction("sum", _same)
prod = _reduction("prod", _same)
max  = _reduction("max", _same)
min  = _reduction("min", _same)
any  = _reduction("any", _bool)
all  = _reduction("all", _bool)
# fmt: on


def count(x: Expr, axes: tuple[int, ...]) -> Any:
    """Number of elements along axes: an integer, or an expression."""
    n: Any = 1
    for a in axes:
        n = n * x.shape[a]
    return n


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


def var(
    x: ArrayLike, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Expr:
    """Variance over axes: squared deviations summed, over n - correction."""
    x = as_expr(x)
    axes = normalize_axes(axis, x.ndim, "var")
    centred = e.subtract(x, mean(x, axes, True))
    n = e.subtract(cast(as_expr(count(x, axes)), centred.dtype), correction)
    return e.divide(sum(e.square(centred), axes, keepdims), n)


def std(
    x: ArrayLike, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Expr:
    """Standard deviation over axes: the root of `var`."""
    return e.sqrt(var(x, axis, correction, keepdims))


def count_nonzero(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Expr:
    """Number of nonzero elements, in int64."""
    x = as_expr(x)
    flags = x if tensor_of(x, "count_nonzero").dtype == "bool" else e.not_equal(x, 0)
    return sum(flags, axis, keepdims)


_ = INTEGERS
OPS: tuple[Op, ...] = (sum, prod, max, min, any, all)
