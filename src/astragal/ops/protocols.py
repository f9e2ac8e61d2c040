"""NumPy's functions on expressions: ``np.exp(x)``, ``np.sum(x)``, ``np.ones(3) * x``.

Two tables say which NumPy functions have a counterpart, with NumPy's own argument
order. What is in neither is an error that names the function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np

from astragal.graph.errors import DTypeError, ShapeError
from astragal.graph.expr import Expr, describe
from astragal.graph.types import FLOATS, dtype_name
from astragal.ops import creation, dims, linalg, manipulation, reductions, searching, sorting
from astragal.ops import einsum as einsum_
from astragal.ops import elementwise as e
from astragal.ops import special as s
from astragal.ops.declare import ArrayLike, as_expr, cast

Function = Callable[..., Any]


# -- functions that differ from the array API's ---------------------------------------------


def around(x: ArrayLike, decimals: int = 0) -> Expr:
    """Round to a number of decimals, halves to even."""
    if not decimals:
        return e.round(x)
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return e.divide(e.round(e.multiply(x, scale)), scale)
    return e.multiply(e.round(e.divide(x, scale)), scale)


def size(x: Expr) -> Any:
    """Number of elements."""
    return dims.product(x.shape)


def squeeze(x: ArrayLike, axis: Any = None) -> Expr:
    """Remove dimensions of length one, by default all."""
    x = as_expr(x)
    if axis is None:
        axis = [i for i, d in enumerate(x.shape) if isinstance(d, int) and d == 1]
    return manipulation.squeeze(x, axis)


def cumsum(x: ArrayLike, axis: int | None = None, dtype: object = None) -> Expr:
    """Cumulative sum; of the flattened array where no axis is given."""
    x = manipulation.ravel(x) if axis is None else x
    return reductions.cumulative_sum(x, axis=axis, dtype=dtype)


def cumprod(x: ArrayLike, axis: int | None = None, dtype: object = None) -> Expr:
    """Cumulative product; of the flattened array where no axis is given."""
    x = manipulation.ravel(x) if axis is None else x
    return reductions.cumulative_prod(x, axis=axis, dtype=dtype)


def take(x: ArrayLike, indices: ArrayLike, axis: int | None = None) -> Expr:
    """Elements at places; of the flattened array where no axis is given."""
    x = manipulation.ravel(x) if axis is None else x
    return manipulation.take(x, indices, axis=axis or 0)


def _truth(x: ArrayLike) -> Expr:
    x = as_expr(x)
    return x if x.dtype == "bool" else e.not_equal(x, 0)


def _logical(op: Function) -> Function:
    return lambda *xs: op(*map(_truth, xs))


def _bits(logical: Function, bitwise: Function) -> Function:
    def apply(*xs: ArrayLike) -> Any:
        dtypes = [as_expr(x).dtype for x in xs]
        return (logical if set(dtypes) == {"bool"} else bitwise)(*xs)

    return apply


def _scaled(factor: float) -> Function:
    return lambda x: e.multiply(x, factor)


def _einsum(text: str, *xs: ArrayLike, optimize: object = None) -> Expr:
    return einsum_.einsum(text, *xs)


def _fmax(op: Function) -> Function:
    def apply(x: ArrayLike, y: ArrayLike) -> Expr:
        x, y = as_expr(x), as_expr(y)
        both = op(x, y)
        return searching.where(e.isnan(x), y, searching.where(e.isnan(y), x, both))

    return apply


def _reduced(op: Function) -> Function:
    def apply(x: ArrayLike, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Expr:
        x = as_expr(x)
        out: Expr = op(x if dtype is None else cast(x, dtype_name(dtype)), axis, keepdims)
        return out if dtype is None else cast(out, dtype_name(dtype))

    return apply


def _extreme(op: Function) -> Function:
    return lambda x, axis=None, keepdims=False: op(x, axis, keepdims)


def _spread(op: Function) -> Function:
    def apply(
        x: ArrayLike,
        axis: Any = None,
        ddof: float = 0.0,
        keepdims: bool = False,
        correction: float = 0.0,
    ) -> Any:
        return op(x, axis, ddof or correction, keepdims)

    return apply


def _where(condition: ArrayLike, *branches: ArrayLike) -> Any:
    if not branches:
        return creation.nonzero(condition)
    return searching.where(_truth(condition), *branches)


def _stacked(axis: int, least: int) -> Function:
    """``vstack``, ``hstack`` and ``dstack``: join, after dimensions of length 1 are put in."""

    def apply(arrays: Sequence[ArrayLike]) -> Expr:
        xs = [_at_least(as_expr(a), least) for a in arrays]
        return manipulation.concatenate(xs, 0 if xs[0].ndim == 1 else axis)

    return apply


def _at_least(x: Expr, n: int) -> Expr:
    if x.ndim >= n:
        return x
    if n == 3:
        x = x if x.ndim == 2 else _at_least(x, 2)
        return x[:, :, None]
    return x[(None,) * (n - x.ndim)]


def _column_stack(arrays: Sequence[ArrayLike]) -> Expr:
    xs = [as_expr(a) for a in arrays]
    return manipulation.concatenate([x if x.ndim > 1 else x[:, None] for x in xs], 1)


def _diag(x: ArrayLike, k: int = 0) -> Expr:
    x = as_expr(x)
    if x.ndim == 2:
        return linalg.diagonal(x, offset=k)
    if k:
        raise ShapeError(f"np.diag of {describe(x)} off the main diagonal is not supported")
    return linalg.diag(x)


def _linalg_norm(x: ArrayLike, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Expr:
    x = as_expr(x)
    two = axis is None and x.ndim == 2 if not isinstance(axis, tuple) else len(axis) == 2
    if two and ord is not None:
        x = x if axis is None else manipulation.moveaxis(x, axis, (-2, -1))
        return linalg.matrix_norm(x, keepdims=keepdims, ord=ord)
    return linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=2 if ord is None else ord)


def _vdot(x: ArrayLike, y: ArrayLike) -> Expr:
    return linalg.vecdot(manipulation.ravel(x), manipulation.ravel(y))


def _inner(x: ArrayLike, y: ArrayLike) -> Expr:
    a, b = as_expr(x), as_expr(y)
    if not a.ndim or not b.ndim:
        return e.multiply(a, b)
    return linalg.tensordot(a, b, axes=((-1,), (-1,)))


def _outer(x: ArrayLike, y: ArrayLike) -> Expr:
    return linalg.outer(manipulation.ravel(x), manipulation.ravel(y))


def _split(x: ArrayLike, parts: int | Sequence[int], axis: int = 0) -> list[Expr]:
    x = as_expr(x)
    n = x.shape[axis]
    if not isinstance(n, int):
        raise ShapeError(f"np.split of {describe(x)}: the length of axis {axis} is not static")
    if isinstance(parts, int):
        if n % parts:
            raise ShapeError(f"np.split of {describe(x)}: {parts} does not divide {n}")
        cuts = list(range(0, n + 1, n // parts))
    else:
        cuts = [0, *(int(p) for p in parts), n]
    before = (slice(None),) * (axis % x.ndim)
    return [x[(*before, slice(a, b))] for a, b in pairwise(cuts)]


def _append(x: ArrayLike, values: ArrayLike, axis: int | None = None) -> Expr:
    return manipulation.concat([x, values], axis=axis)


def _nan_to_num(
    x: ArrayLike, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Expr:
    x = as_expr(x)
    if x.dtype not in FLOATS:
        return x
    top = float(np.finfo(x.dtype).max)
    out = searching.where(e.isnan(x), nan, x)
    out = searching.where(e.equal(x, math.inf), top if posinf is None else posinf, out)
    return searching.where(e.equal(x, -math.inf), -top if neginf is None else neginf, out)


def _isclose(
    x: ArrayLike, y: ArrayLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Expr:
    a, b = as_expr(x), as_expr(y)
    near = e.less_equal(e.abs(e.subtract(a, b)), e.add(atol, e.multiply(rtol, e.abs(b))))
    close = e.logical_or(e.logical_and(near, e.isfinite(b)), e.equal(a, b))
    return e.logical_or(close, e.logical_and(e.isnan(a), e.isnan(b))) if equal_nan else close


def _average(x: ArrayLike, axis: Any = None, weights: ArrayLike | None = None) -> Expr:
    if weights is None:
        return reductions.mean(x, axis)
    x, w = as_expr(x), as_expr(weights)
    if w.ndim != x.ndim:
        if not isinstance(axis, int) or w.ndim != 1:
            raise ShapeError(f"np.average: weights {describe(w)} do not fit {describe(x)}")
        at = axis % x.ndim
        w = w[tuple(slice(None) if i == at else None for i in range(x.ndim))]
    w = manipulation.broadcast_to(w, x.shape)
    return e.divide(reductions.sum(e.multiply(x, w), axis), reductions.sum(w, axis))


def _full_like(x: ArrayLike, value: ArrayLike, dtype: object = None, shape: Any = None) -> Expr:
    x = as_expr(x)
    return creation.full(x.shape if shape is None else shape, value, dtype=dtype or x.dtype)


def _result_type(*args: Any) -> Any:
    exprs = [a.dtype if isinstance(a, Expr) else a for a in args]
    return np.result_type(*exprs)


# fmt: off
UFUNCS: dict[str, Function] = {
    **{op.name: op for op in e.OPS},
    **{op.name: op for op in s.OPS},
    "absolute": e.abs, "fabs": e.abs, "conjugate": e.positive, "rint": e.round,
    "power": e.pow, "float_power": lambda x, y: e.pow(cast(as_expr(x), "float64"), y),
    "true_divide": e.divide, "mod": e.remainder,
    "divmod": lambda x, y: (e.floor_divide(x, y), e.remainder(x, y)),
    "arcsin": e.asin, "arccos": e.acos, "arctan": e.atan, "arctan2": e.atan2,
    "arcsinh": e.asinh, "arccosh": e.acosh, "arctanh": e.atanh,
    "exp2": lambda x: e.pow(2.0, x), "psi": s.digamma, "gamma": s.gamma, "beta": s.beta,
    "deg2rad": _scaled(math.pi / 180), "radians": _scaled(math.pi / 180),
    "rad2deg": _scaled(180 / math.pi), "degrees": _scaled(180 / math.pi),
    "fmax": _fmax(e.maximum), "fmin": _fmax(e.minimum),
    "logical_and": _logical(e.logical_and), "logical_or": _logical(e.logical_or),
    "logical_xor": _logical(e.logical_xor), "logical_not": _logical(e.logical_not),
    "bitwise_and": _bits(e.logical_and, e.bitwise_and),
    "bitwise_or": _bits(e.logical_or, e.bitwise_or),
    "bitwise_xor": _bits(e.logical_xor, e.bitwise_xor),
    "invert": _bits(e.logical_not, e.bitwise_invert),
    "left_shift": e.bitwise_left_shift, "right_shift": e.bitwise_right_shift,
    "matmul": linalg.matmul, "vecdot": linalg.vecdot,
    "i0": s.i0, "i1": s.i1, "kv": s.kv, "kve": s.kve, "entr": s.entr, "rel_entr": s.rel_entr,
    "log_expit": s.log_expit, "erfcinv": s.erfcinv,
}
"""NumPy's and SciPy's universal functions, by name."""

REDUCTIONS: dict[str, Function] = {
    "add": _reduced(reductions.sum), "multiply": _reduced(reductions.prod),
    "maximum": _extreme(reductions.max), "minimum": _extreme(reductions.min),
    "logical_and": _extreme(reductions.all), "logical_or": _extreme(reductions.any),
}

FUNCTIONS: dict[Function, Function] = {
    # reductions
    np.sum: _reduced(reductions.sum), np.prod: _reduced(reductions.prod),
    np.mean: _reduced(reductions.mean), np.average: _average,
    np.var: _spread(reductions.var), np.std: _spread(reductions.std),
    np.max: _extreme(reductions.max), np.amax: _extreme(reductions.max),
    np.min: _extreme(reductions.min), np.amin: _extreme(reductions.min),
    np.any: lambda x, axis=None, keepdims=False: reductions.any(_truth(x), axis, keepdims),
    np.all: lambda x, axis=None, keepdims=False: reductions.all(_truth(x), axis, keepdims),
    np.ptp: lambda x, axis=None, keepdims=False: e.subtract(
        reductions.max(x, axis, keepdims), reductions.min(x, axis, keepdims)),
    np.count_nonzero: reductions.count_nonzero,
    np.cumsum: cumsum, np.cumprod: cumprod,
    np.cumulative_sum: reductions.cumulative_sum, np.cumulative_prod: reductions.cumulative_prod,
    np.diff: lambda x, n=1, axis=-1, prepend=None, append=None: reductions.diff(
        x, n=n, axis=axis, prepend=prepend, append=append),
    np.median: sorting.median, np.quantile: sorting.quantile,
    np.percentile: lambda x, q, axis=None, keepdims=False: sorting.quantile(
        x, e.divide(q, 100.0), axis=axis, keepdims=keepdims),
    # order
    np.argmax: lambda x, axis=None, keepdims=False: sorting.argmax(x, axis=axis, keepdims=keepdims),
    np.argmin: lambda x, axis=None, keepdims=False: sorting.argmin(x, axis=axis, keepdims=keepdims),
    np.sort: lambda x, axis=-1, kind=None, stable=None: sorting.sort(x, axis=axis),
    np.argsort: lambda x, axis=-1, kind=None, stable=None: sorting.argsort(x, axis=axis),
    np.searchsorted: lambda a, v, side="left", sorter=None: sorting.searchsorted(
        a, v, side=side, sorter=sorter),
    np.unique: sorting.unique_values, np.unique_values: sorting.unique_values,
    np.unique_all: sorting.unique_all, np.unique_counts: sorting.unique_counts,
    np.unique_inverse: sorting.unique_inverse,
    np.isin: lambda x, y, invert=False: sorting.isin(x, y, invert=invert),
    np.nonzero: creation.nonzero, np.where: _where,
    # selection and rounding
    np.clip: searching.clip, np.round: around, np.around: around,
    np.nan_to_num: _nan_to_num, np.isclose: _isclose,
    np.allclose: lambda x, y, rtol=1e-5, atol=1e-8, equal_nan=False: reductions.all(
        _isclose(x, y, rtol, atol, equal_nan)),
    np.take: take,
    np.take_along_axis: lambda x, i, axis=-1: manipulation.take_along_axis(x, i, axis=axis),
    # shapes
    np.shape: lambda x: x.shape, np.ndim: lambda x: x.ndim,
    np.size: lambda x, axis=None: size(x) if axis is None else x.shape[axis],
    np.reshape: manipulation.reshape, np.ravel: manipulation.ravel, np.squeeze: squeeze,
    np.expand_dims: manipulation.expand_dims,
    np.transpose: manipulation.permute_dims, np.permute_dims: manipulation.permute_dims,
    np.matrix_transpose: manipulation.matrix_transpose,
    np.swapaxes: manipulation.swapaxes, np.moveaxis: manipulation.moveaxis,
    np.broadcast_to: manipulation.broadcast_to, np.broadcast_arrays: manipulation.broadcast_arrays,
    np.tile: manipulation.tile,
    np.repeat: lambda x, repeats, axis=None: manipulation.repeat(x, repeats, axis=axis),
    np.roll: lambda x, shift, axis=None: manipulation.roll(x, shift, axis=axis),
    np.flip: lambda x, axis=None: manipulation.flip(x, axis=axis),
    np.flipud: lambda x: manipulation.flip(x, axis=0),
    np.fliplr: lambda x: manipulation.flip(x, axis=1),
    np.concatenate: lambda arrays, axis=0: manipulation.concat(arrays, axis=axis),
    np.stack: manipulation.stack, np.vstack: _stacked(0, 2), np.hstack: _stacked(1, 1),
    np.dstack: _stacked(2, 3), np.column_stack: _column_stack,
    np.split: _split, np.append: _append,
    np.unstack: lambda x, axis=0: manipulation.unstack(x, axis=axis),
    np.astype: manipulation.astype,
    np.atleast_1d: lambda x: _at_least(x, 1), np.atleast_2d: lambda x: _at_least(x, 2),
    # creation
    np.full_like: _full_like,
    np.zeros_like: lambda x, dtype=None, shape=None: _full_like(x, 0, dtype, shape),
    np.ones_like: lambda x, dtype=None, shape=None: _full_like(x, 1, dtype, shape),
    np.empty_like: lambda x, dtype=None, shape=None: _full_like(x, 0, dtype, shape),
    np.tril: lambda x, k=0: creation.tril(x, k=k), np.triu: lambda x, k=0: creation.triu(x, k=k),
    np.linspace: lambda a, b, num=50, endpoint=True: creation.linspace(
        a, b, num, endpoint=endpoint),
    np.meshgrid: lambda *xs, indexing="xy": creation.meshgrid(*xs, indexing=indexing),
    np.result_type: _result_type,
    # products
    np.dot: linalg.dot, np.vdot: _vdot, np.inner: _inner, np.outer: _outer,
    np.tensordot: lambda x, y, axes=2: linalg.tensordot(x, y, axes=axes),
    np.einsum: _einsum,
    np.kron: linalg.kron, np.cross: lambda x, y, axis=-1: linalg.cross(x, y, axis=axis),
    np.diag: _diag,
    np.trace: lambda x, offset=0: linalg.trace(x, offset=offset),
    np.diagonal: lambda x, offset=0: linalg.diagonal(x, offset=offset),
    # linear algebra
    np.linalg.norm: _linalg_norm, np.linalg.matrix_norm: linalg.matrix_norm,
    np.linalg.vector_norm: linalg.vector_norm,
    np.linalg.inv: linalg.inv, np.linalg.det: linalg.det, np.linalg.slogdet: linalg.slogdet,
    np.linalg.solve: linalg.solve, np.linalg.cholesky: linalg.cholesky,
    np.linalg.qr: lambda x, mode="reduced": linalg.qr(x, mode=mode),
    np.linalg.svd: lambda x, full_matrices=True, compute_uv=True: (
        linalg.svd(x, full_matrices=full_matrices) if compute_uv else linalg.svdvals(x)),
    np.linalg.svdvals: linalg.svdvals,
    np.linalg.eigh: linalg.eigh, np.linalg.eigvalsh: linalg.eigvalsh,
    np.linalg.pinv: linalg.pinv, np.linalg.matrix_rank: linalg.matrix_rank,
    np.linalg.matrix_power: linalg.matrix_power,
    np.linalg.outer: linalg.outer, np.linalg.cross: linalg.cross, np.linalg.vecdot: linalg.vecdot,
    np.linalg.matmul: linalg.matmul, np.linalg.tensordot: linalg.tensordot,
    np.linalg.trace: linalg.trace, np.linalg.diagonal: linalg.diagonal,
    np.linalg.matrix_transpose: manipulation.matrix_transpose,
}
"""NumPy's other functions, with its order of arguments."""
# fmt: on

_IDLE: dict[str, tuple[Any, ...]] = {
    "out": (None, (None,)),
    "where": (True, np._NoValue),
    "initial": (None, np._NoValue),
    "dtype": (None,),
    "casting": ("same_kind",),
    "order": ("K", "C", None),
    "subok": (True, False),
    "keepdims": (np._NoValue,),
    "like": (None,),
}


def _refuse(name: str, why: str) -> NoReturn:
    raise TypeError(f"{name} of an expression {why}")


def _meaningful(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Leave out arguments that hold what NumPy takes by default."""
    return {
        k: v
        for k, v in kwargs.items()
        if not any(v is idle for idle in _IDLE.get(k, ()))
        and not (k == "out" and isinstance(v, tuple) and all(o is None for o in v))
    }


def array_ufunc(self: Expr, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Apply a universal function to expressions and arrays: NumPy calls this.

    Raises
    ------
    TypeError
        Where the function has no counterpart, or an argument (``out``, ``where``) has none.
    """
    name = f"{getattr(ufunc, '__module__', None) or 'numpy'}.{ufunc.__name__}"
    kwargs = _meaningful(kwargs)
    dtype = kwargs.pop("dtype", None) if method == "__call__" else None
    if "out" in kwargs:
        _refuse(name, "cannot write into an array (out=): expressions are immutable")
    if any(isinstance(x, np.ndarray) and x.dtype == object for x in inputs):
        _refuse(name, "beside an array of objects is not supported")
    function = UFUNCS.get(ufunc.__name__)
    if method == "reduce":
        function = REDUCTIONS.get(ufunc.__name__)
        kwargs.setdefault("axis", 0)
    elif method == "accumulate":
        function = {"add": cumsum, "multiply": cumprod}.get(ufunc.__name__)
        kwargs.setdefault("axis", 0)
    elif method == "outer" and function is not None:
        a, b = (as_expr(x) for x in inputs)
        inputs = (a[(..., *(None,) * b.ndim)], b)
    elif method != "__call__":
        function = None
    if function is None:
        shown = name if method == "__call__" else f"{name}.{method}"
        _refuse(shown, "is not supported; astragal.ops lists what is")
    if dtype is not None:
        inputs = tuple(cast(as_expr(x), dtype_name(dtype)) for x in inputs)
    return _called(name, function, inputs, kwargs)


def array_function(
    self: Expr, func: Function, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Apply one of NumPy's other functions to expressions and arrays: NumPy calls this."""
    name = f"{func.__module__}.{func.__name__}"
    function = FUNCTIONS.get(func)
    if function is None:
        _refuse(name, "is not supported; astragal.ops lists what is")
    return _called(name, function, args, _meaningful(kwargs))


def _called(name: str, function: Function, args: Any, kwargs: dict[str, Any]) -> Any:
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        if isinstance(error, DTypeError) or "argument" not in str(error):
            raise
        reason = str(error).split(" ", 1)[-1]
        raise TypeError(f"{name} of an expression: {reason}") from None
