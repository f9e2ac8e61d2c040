"""The array vocabulary: names and meanings of the Python array API standard."""

from __future__ import annotations

from typing import Any

from astragal.graph.expr import DIMENSION, INPUT, PARAMETER, Expr, Op
from astragal.graph.literal import CONSTANT
from astragal.graph.types import KeyType, TensorType
from astragal.ops import (
    control,
    creation,
    elementwise,
    indexing,
    linalg,
    manipulation,
    reductions,
    searching,
    sorting,
    special,
)

MODULES = (
    elementwise,
    special,
    creation,
    searching,
    sorting,
    indexing,
    reductions,
    manipulation,
    linalg,
    control,
)

OPS: dict[str, Op] = {
    op.name: op
    for op in (INPUT, PARAMETER, DIMENSION, CONSTANT, *(o for m in MODULES for o in m.OPS))
}
"""Every operation of the vocabulary, by name."""


def _binary(op: Any, swap: bool = False) -> Any:
    def method(self: Expr, other: Any) -> Expr:
        if other is None or isinstance(other, (str, bytes, dict)):
            return NotImplemented
        result: Expr = op(other, self) if swap else op(self, other)
        return result

    return method


def _bitwise(logical: Op, bitwise: Op) -> Any:
    """``&``, ``|`` and ``^``: logic of booleans, bits of integers."""

    def apply(a: Any, b: Any) -> Expr:
        x, y = (v if isinstance(v, Expr) else None for v in (a, b))
        strong = x if x is not None else y
        assert strong is not None
        is_bool = isinstance(strong.type, TensorType) and strong.type.dtype == "bool"
        return (logical if is_bool else bitwise)(a, b)

    return apply


def _unary(op: Any) -> Any:
    def method(self: Expr) -> Expr:
        result: Expr = op(self)
        return result

    return method


def _invert(x: Expr) -> Expr:
    is_bool = isinstance(x.type, TensorType) and x.type.dtype == "bool"
    return (elementwise.logical_not if is_bool else elementwise.bitwise_invert)(x)


_PAIRS: dict[str, Any] = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.divide,
    "floordiv": elementwise.floor_divide,
    "mod": elementwise.remainder,
    "pow": elementwise.pow,
    "matmul": linalg.matmul,
    "and": _bitwise(elementwise.logical_and, elementwise.bitwise_and),
    "or": _bitwise(elementwise.logical_or, elementwise.bitwise_or),
    "xor": _bitwise(elementwise.logical_xor, elementwise.bitwise_xor),
    "lshift": elementwise.bitwise_left_shift,
    "rshift": elementwise.bitwise_right_shift,
}
_SINGLE: dict[str, Any] = {
    "__lt__": _binary(elementwise.less),
    "__le__": _binary(elementwise.less_equal),
    "__gt__": _binary(elementwise.greater),
    "__ge__": _binary(elementwise.greater_equal),
    "__neg__": _unary(elementwise.negative),
    "__pos__": _unary(elementwise.positive),
    "__abs__": _unary(elementwise.abs),
    "__invert__": _unary(_invert),
    "__getitem__": indexing.getitem,
    "astype": manipulation.astype,
    "reshape": lambda self, *shape: manipulation.reshape(
        self, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    ),
    "sum": reductions.sum,
    "prod": reductions.prod,
    "mean": reductions.mean,
    "var": reductions.var,
    "std": reductions.std,
    "max": reductions.max,
    "min": reductions.min,
    "any": reductions.any,
    "all": reductions.all,
    "T": property(manipulation.permute_dims),
    "mT": property(
        lambda self: manipulation.permute_dims(
            self, (*range(self.ndim - 2), self.ndim - 1, self.ndim - 2)
        )
    ),
    "at": property(indexing.At),
}


def install_operators() -> None:
    """Give `Expr` its operators and methods, which the graph layer does not know."""
    for name, op in _PAIRS.items():
        setattr(Expr, f"__{name}__", _binary(op))
        setattr(Expr, f"__r{name}__", _binary(op, swap=True))
    for name, method in _SINGLE.items():
        setattr(Expr, name, method)


install_operators()
_ = KeyType
