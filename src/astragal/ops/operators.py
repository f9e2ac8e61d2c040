"""Operators and methods of `Expr`, which the graph layer does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from astragal.graph.expr import Expr, Op
from astragal.graph.types import TensorType
from astragal.ops import (
    elementwise,
    indexing,
    linalg,
    manipulation,
    protocols,
    reductions,
    searching,
    sorting,
)


def _binary(op: Callable[[Any, Any], Expr]) -> Any:
    def method(self: Expr, other: Any) -> Any:
        if other is None or isinstance(other, (str, bytes, dict)):
            return NotImplemented
        return op(self, other)

    return method


def _swapped(op: Callable[[Any, Any], Expr]) -> Any:
    def method(self: Expr, other: Any) -> Any:
        if other is None or isinstance(other, (str, bytes, dict)):
            return NotImplemented
        return op(other, self)

    return method


def _is_bool(x: object) -> bool:
    return isinstance(x, Expr) and isinstance(x.type, TensorType) and x.type.dtype == "bool"


def _bitwise(logical: Op, bitwise: Op) -> Any:
    """``&``, ``|`` and ``^``: logic of booleans, bits of integers."""
    return lambda a, b: (logical if _is_bool(a) or _is_bool(b) else bitwise)(a, b)


def _invert(x: Expr) -> Expr:
    return (elementwise.logical_not if _is_bool(x) else elementwise.bitwise_invert)(x)


def _method(function: Callable[..., Expr]) -> Any:
    """Bind an operation or a function to its first argument."""

    def method(self: Expr, *args: Any, **kwargs: Any) -> Expr:
        return function(self, *args, **kwargs)

    return method


def _several(function: Callable[[Expr, Any], Expr]) -> Any:
    """A method that takes a tuple, or its items one by one."""

    def method(self: Expr, *items: Any) -> Expr:
        one = len(items) == 1 and not isinstance(items[0], int)
        return function(self, items[0] if one else items)

    return method


def _permute(x: Expr, axes: Any) -> Expr:
    return manipulation.permute_dims(x, None if axes is None or axes == () else axes)


# fmt: off
_PAIRS: dict[str, Any] = {
    "add":      elementwise.add,
    "sub":      elementwise.subtract,
    "mul":      elementwise.multiply,
    "truediv":  elementwise.divide,
    "floordiv": elementwise.floor_divide,
    "mod":      elementwise.remainder,
    "pow":      elementwise.pow,
    "matmul":   linalg.matmul,
    "and":      _bitwise(elementwise.logical_and, elementwise.bitwise_and),
    "or":       _bitwise(elementwise.logical_or, elementwise.bitwise_or),
    "xor":      _bitwise(elementwise.logical_xor, elementwise.bitwise_xor),
    "lshift":   elementwise.bitwise_left_shift,
    "rshift":   elementwise.bitwise_right_shift,
}
_SINGLE: dict[str, Any] = {
    "__lt__":     _binary(elementwise.less),
    "__le__":     _binary(elementwise.less_equal),
    "__gt__":     _binary(elementwise.greater),
    "__ge__":     _binary(elementwise.greater_equal),
    "__neg__":    _method(elementwise.negative),
    "__pos__":    _method(elementwise.positive),
    "__abs__":    _method(elementwise.abs),
    "__invert__": _method(_invert),
    "__round__":  lambda self, ndigits=None: protocols.around(self, ndigits or 0),
    "__divmod__": lambda self, other: (self // other, self % other),
    "__getitem__": indexing.getitem,
    "__array_ufunc__":    protocols.array_ufunc,
    "__array_function__": protocols.array_function,
    # shape and data type
    "astype":    manipulation.astype,
    "reshape":   _several(manipulation.reshape),
    "transpose": _several(_permute),
    "swapaxes":  manipulation.swapaxes,
    "squeeze":   protocols.squeeze,
    "ravel":     manipulation.ravel,
    "flatten":   manipulation.ravel,
    "copy":      lambda self: self,
    "T":         property(manipulation.permute_dims),
    "mT":        property(manipulation.matrix_transpose),
    "size":      property(protocols.size),
    "at":        property(indexing.At),
    # values
    "sum":     _method(reductions.sum),
    "prod":    _method(reductions.prod),
    "mean":    reductions.mean,
    "var":     reductions.var,
    "std":     reductions.std,
    "max":     _method(reductions.max),
    "min":     _method(reductions.min),
    "any":     _method(reductions.any),
    "all":     _method(reductions.all),
    "cumsum":  lambda self, axis=None: protocols.cumsum(self, axis),
    "cumprod": lambda self, axis=None: protocols.cumprod(self, axis),
    "argmax":  lambda self, axis=None, keepdims=False: sorting.argmax(
        self, axis=axis, keepdims=keepdims),
    "argmin":  lambda self, axis=None, keepdims=False: sorting.argmin(
        self, axis=axis, keepdims=keepdims),
    "argsort": lambda self, axis=-1: sorting.argsort(self, axis=axis),
    "clip":    searching.clip,
    "round":   lambda self, decimals=0: protocols.around(self, decimals),
    "dot":     linalg.dot,
    "trace":   lambda self, offset=0: linalg.trace(self, offset=offset),
    "diagonal": lambda self, offset=0: linalg.diagonal(self, offset=offset),
    "take":    lambda self, indices, axis=None: protocols.take(self, indices, axis),
    "repeat":  lambda self, repeats, axis=None: manipulation.repeat(self, repeats, axis=axis),
}
# fmt: on


def install() -> None:
    """Give `Expr` its operators and methods."""
    for name, op in _PAIRS.items():
        setattr(Expr, f"__{name}__", _binary(op))
        setattr(Expr, f"__r{name}__", _swapped(op))
    for name, method in _SINGLE.items():
        setattr(Expr, name, method)
