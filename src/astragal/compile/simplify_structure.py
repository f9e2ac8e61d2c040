"""Simplifications of shapes, data types, axes and constants: what patterns cannot say.

Each function takes a node whose arguments are already simple, and gives what takes its
place, or None. All are exact but those that `STABLE` names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from astragal.compile.simplify import fitted
from astragal.graph.expr import Expr, Op
from astragal.graph.literal import CONSTANT, constant, is_constant, value_of
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, INTEGERS, TensorType, same_shape
from astragal.ops import OPS, linalg, reductions
from astragal.ops import elementwise as e
from astragal.ops.creation import FULL
from astragal.ops.declare import ASTYPE, broadcast_shapes, cast
from astragal.ops.indexing import INDEX, ITEM
from astragal.ops.manipulation import (
    BROADCAST,
    PERMUTE,
    RESHAPE,
    STACK,
    broadcast_to,
    permute_dims,
    reshape,
)
from astragal.ops.searching import where

Simplification = Callable[[Expr], Expr | None]

LARGEST_FOLD = 4096
"""Most elements of a constant that folding makes."""

# Loops may not end, and one value repeated is best left as it is.
_UNFOLDED = {"scan", "while_loop", "switch", "call", "map", "random_bits"}
_UNFOLDED |= {"constant", "iota", "full", "shape", "broadcast_to"}
_FOLDED = frozenset(OPS) - _UNFOLDED - {"input", "parameter", "dimension"}


# -- constants ------------------------------------------------------------------------------


def fold_constants(x: Expr) -> Expr | None:
    """Compute what depends on constants alone, where the result is small."""
    for a in x.args:
        if isinstance(a, Expr) and a.op is not CONSTANT:
            return _fold_item(x) if x.op is ITEM else None
    if x.op.name not in _FOLDED:
        return None
    if not isinstance(x.type, TensorType) or not _is_small(x.type):
        return None
    value = _computed(x)
    return None if value is None else constant(value, x.type.dtype)


def _fold_item(x: Expr) -> Expr | None:
    several, i = x.args
    small = isinstance(x.type, TensorType) and _is_small(x.type)
    if several.op.name not in _FOLDED or not small:
        return None
    if not all(is_constant(a) for a in several.args if isinstance(a, Expr)):
        return None
    value = _computed(several)
    return None if value is None else constant(value[i], x.type.dtype)  # type: ignore[union-attr]


def _is_small(t: TensorType) -> bool:
    size = 1
    for d in t.shape:
        if not isinstance(d, int):
            return False
        size *= d
    return size <= LARGEST_FOLD


def _computed(x: Expr) -> Any:
    from astragal.compile.numpy import lowering

    args = [value_of(a) if isinstance(a, Expr) else a for a in x.args]
    if x.op in (e.floor_divide, e.remainder) and x.dtype in INTEGERS and not np.all(args[1]):
        return None  # backends differ in what they make of an integer divided by zero
    with np.errstate(all="ignore"):
        try:
            return lowering(x.op.name)(*args)
        except Exception:  # a graph that is never run may hold a mistake
            return None


# -- broadcasting and filling ----------------------------------------------------------------


def _unspread(x: Expr) -> Expr | None:
    """Elementwise operations stretch their operands themselves."""
    if not any(isinstance(a, Expr) and a.op in (BROADCAST, FULL) for a in x.args):
        return None
    shape = x.type.shape
    args = list(x.args)
    for i, a in enumerate(args):
        if isinstance(a, Expr) and a.op in (BROADCAST, FULL):
            args[i] = a.args[0 if a.op is BROADCAST else 1]
            shapes = [v.type.shape for v in args if isinstance(v, Expr)]
            if not same_shape(broadcast_shapes(shapes, x.op.name), shape):
                args[i] = a
    if any(a is not b for a, b in zip(args, x.args, strict=True)):
        return x.op(*args)
    # All operands are filled with one value each: so is the result.
    if all(a.op in (FULL, BROADCAST) or not a.type.shape for a in _operands(x)):
        inner = [_inner(a) for a in _operands(x)]
        if all(not a.type.shape for a in inner) and shape:
            rest = [a for a in x.args if not isinstance(a, Expr)]
            return broadcast_to(x.op(*inner, *rest), shape)
    return None


def _operands(x: Expr) -> list[Expr]:
    return [a for a in x.args if isinstance(a, Expr)]


def _inner(a: Expr) -> Expr:
    """Give what is repeated, of a filled or a broadcast array."""
    inner: Expr = a.args[0] if a.op is BROADCAST else a.args[1] if a.op is FULL else a
    return inner


def _broadcast(x: Expr) -> Expr | None:
    inner: Expr = x.args[0]
    if same_shape(inner.type.shape, x.type.shape):
        return inner
    if inner.op is BROADCAST:
        return broadcast_to(inner.args[0], x.type.shape)
    if inner.op is FULL:
        return FULL(x.args[1], inner.args[1])
    if is_constant(inner) and not inner.type.shape:
        return FULL(x.args[1], inner)
    return None


def _full(x: Expr) -> Expr | None:
    value: Expr = x.args[1]
    return value if not x.type.shape else None


def _reshape(x: Expr) -> Expr | None:
    inner: Expr = x.args[0]
    if same_shape(inner.type.shape, x.type.shape):
        return inner
    if inner.op is RESHAPE:
        return reshape(inner.args[0], x.type.shape)
    if inner.op is FULL:
        return FULL(x.args[1], inner.args[1])
    return None


def _permute(x: Expr) -> Expr | None:
    inner: Expr = x.args[0]
    axes: tuple[int, ...] = x.args[1]
    if axes == tuple(range(len(axes))):
        return inner
    if inner.op is PERMUTE:
        return permute_dims(inner.args[0], [inner.args[1][a] for a in axes])
    if inner.op is FULL:
        return FULL(x.type.shape, inner.args[1])
    return None


# -- indexing -------------------------------------------------------------------------------

_EVERYTHING = ("slice", None, None, 1)


def _index(x: Expr) -> Expr | None:
    inner: Expr = x.args[0]
    spec, *operands = x.args[1:]
    if all(item == _EVERYTHING for item in spec):
        return inner
    if operands:
        return None
    if inner.op is FULL:
        return FULL(x.type.shape, inner.args[1])
    if inner.op is STACK:
        return _index_of_stack(inner, spec)
    return None


def _index_of_stack(inner: Expr, spec: tuple[tuple[Any, ...], ...]) -> Expr | None:
    """Take one of the arrays that were stacked, and index that."""
    axis, *parts = inner.args
    at = -1
    for place, item in enumerate(spec):
        at += item[0] != "new"
        if at == axis and item[0] != "new":
            if item[0] != "int":
                return None
            rest = spec[:place] + spec[place + 1 :]
            part: Expr = parts[item[1]]
            return part if all(i == _EVERYTHING for i in rest) else INDEX(part, rest)
    return None


# -- data types -----------------------------------------------------------------------------


def _exactly_held(dtype: str, other: str) -> bool:
    """Tell whether every value of a data type is a value of the other."""
    if dtype == other:
        return True
    if other in FLOATS and dtype in INTEGERS:
        return np.iinfo(dtype).bits <= (32 if other == "float64" else 16)
    return bool(np.can_cast(dtype, other, "safe"))


def _astype(x: Expr) -> Expr | None:
    inner: Expr = x.args[0]
    dtype: str = x.args[1]
    if inner.dtype == dtype:
        return inner
    if inner.op is ASTYPE:
        first = inner.args[0]
        # From a float to integers the result depends on the way where it does not fit.
        direct = dtype == first.dtype or not (inner.dtype in FLOATS and dtype in INTEGERS)
        if direct and _exactly_held(first.dtype, inner.dtype):
            return cast(first, dtype)
    if inner.op in (FULL, BROADCAST):
        place = 1 if inner.op is FULL else 0
        return broadcast_to(cast(inner.args[place], dtype), inner.type.shape)
    return None


# -- reductions -----------------------------------------------------------------------------


def _reduction(x: Expr) -> Expr | None:
    inner, axes, _ = x.args
    return fitted(inner, x) if not axes else None


def _sum_of_two(x: Expr) -> Expr | None:
    """Of two arrays that were stacked, `logsumexp` is `logaddexp`: no table is made."""
    inner, axes, keepdims = x.args
    if inner.op is not STACK or axes != inner.args[:1] or len(inner.args) != 3:
        return None
    total = e.logaddexp(*inner.args[1:])
    return STACK(*axes, total) if keepdims else total


def _single(x: Expr) -> Expr | None:
    first: Expr = x.args[1]
    return first if len(x.args) == 2 else None


def _log_of_sum(x: Expr) -> Expr | None:
    """``log(sum(exp(x)))`` is `logsumexp`; so with a mean, whose count is subtracted."""
    inner: Expr = x.args[0]
    if inner.op is reductions.sum and inner.args[0].op is e.exp:
        return reductions.logsumexp(inner.args[0].args[0], *inner.args[1:])
    if inner.op is e.divide and inner.args[0].op is reductions.sum:
        total, count = inner.args
        if total.args[0].op is e.exp and is_constant(count) and np.all(value_of(count) > 0):
            found = reductions.logsumexp(total.args[0].args[0], *total.args[1:])
            return e.subtract(found, e.log(count))
    return None


# -- matrices -------------------------------------------------------------------------------


def _cholesky_of_multiple(x: Expr) -> Expr | None:
    """The factor of ``s * A`` is the root of s times that of A, which is a constant's once."""
    found = _multiple(x.args[0])
    if found is None:
        return None
    matrix, op, scale = found
    value = _known(linalg.CHOLESKY(matrix))
    if value is None or not np.isfinite(value).all():
        return None
    root = e.sqrt(where(scale > 0, scale, float("nan")))
    return op(constant(value, x.dtype), root)


_FEW = 16
"""Operations that are computed at once where a factor is looked for."""


def _known(x: Expr) -> Any:
    """Compute what reads constants alone, such as a factor of an inverse; None for all else."""
    nodes = toposort([x])
    values: dict[Expr, Any] = {}
    for node in nodes if len(nodes) <= _FEW else ():
        if any(a in values and values[a] is None for a in node.args if isinstance(a, Expr)):
            return None
        args = [constant(values[a]) if a in values else a for a in node.args]
        values[node] = value_of(node) if is_constant(node) else _computed(node.op(*args))
    return values.get(x)


def _solve_of_multiple(x: Expr) -> Expr | None:
    """Solutions with ``s * A`` are those with A over s."""
    found = _multiple(x.args[0])
    if found is None:
        return None
    matrix, op, scale = found
    other = e.divide if op is e.multiply else e.multiply
    return other(x.op(matrix, *x.args[1:]), scale)


def _multiple(x: Expr) -> tuple[Expr, Op, Expr] | None:
    """Read a matrix times or over numbers: the matrix, which of both, the number."""
    op, scale = None, None
    while x.op in (e.multiply, e.divide):
        first, second = x.args
        if x.op is e.multiply and first.ndim == 0:
            first, second = second, first
        if second.ndim or first.ndim < 2:
            break
        if op is None or scale is None:
            op, scale = x.op, second
        else:
            scale = scale * second if x.op is op else scale / second
        x = first
    return None if op is None or scale is None else (x, op, scale)


STABLE = frozenset({"_log_of_sum", "_sum_of_two", "_cholesky_of_multiple", "_solve_of_multiple"})
"""Functions here whose replacement is more accurate, not equal to the last bit."""

_ELEMENTWISE = [name for name, op in OPS.items() if op.elementwise and name != "map"]

STRUCTURE: dict[str, tuple[Simplification, ...]] = {
    **dict.fromkeys(_ELEMENTWISE, (_unspread,)),
    "astype": (_astype,),
    "broadcast_to": (_broadcast,),
    "cholesky": (_cholesky_of_multiple,),
    "concatenate": (_single,),
    "full": (_full,),
    "index": (_index,),
    "log": (_log_of_sum, _unspread),
    "permute_dims": (_permute,),
    "reshape": (_reshape,),
    "solve": (_solve_of_multiple,),
    "solve_triangular": (_solve_of_multiple,),
    "logsumexp": (_reduction, _sum_of_two),
    **dict.fromkeys(("sum", "prod", "max", "min", "any", "all"), (_reduction,)),
}
