"""How operations are declared: conversion of operands, promotion and broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from astragal.graph.errors import DTypeError, ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.literal import constant, is_constant, scalar, value_of
from astragal.graph.types import (
    FLOATS,
    INTEGERS,
    NUMERIC,
    Dim,
    GeneratorType,
    KeyType,
    Shape,
    TensorType,
    Type,
    dtype_name,
    promote,
    same_shape,
    show_shape,
    tensor_type,
)

ArrayLike: TypeAlias = "Expr | float | int | bool | np.ndarray[Any, Any] | Sequence[Any]"

ALL = frozenset({"bool"}) | NUMERIC
INTEGER_OR_BOOL = INTEGERS | {"bool"}


def as_expr(value: ArrayLike, dtype: str | None = None) -> Expr:
    """Turn a value into an expression; the one way in for what users pass.

    Lists of expressions are stacked.

    Examples
    --------
    >>> as_expr(2.5)
    2.5
    """
    if isinstance(value, Expr):
        return value
    if type(value) in (float, int, bool):
        return scalar(value, dtype or _DEFAULT[type(value)])  # type: ignore[arg-type]
    if isinstance(value, (list, tuple)) and any(_holds_expr(v) for v in value):
        from astragal.ops.manipulation import stack

        return stack(value if dtype is None else [as_expr(v, dtype) for v in value])
    return constant(value, dtype)


def _holds_expr(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_expr, value))
    return isinstance(value, Expr)


_DEFAULT = {float: "float64", int: "int64", bool: "bool"}


def tensor_of(x: Expr, op: str) -> TensorType:
    """Give the tensor type of an operand.

    Raises
    ------
    DTypeError
        For keys and tuples, naming the operation.
    """
    if isinstance(x.type, TensorType):
        return x.type
    if isinstance(x.type, KeyType):
        raise DTypeError(
            f"{op} of a key: keys have no arithmetic and no values to compare; "
            "draw from the key (astragal.random), split it (astragal.split), or take its words "
            "(astragal.key_data)"
        )
    if isinstance(x.type, GeneratorType):
        raise DTypeError(
            f"{op} of a generator: it has no arithmetic; draw from it with the functions of "
            "astragal.random.sequential, which give the next generator and what was drawn"
        )
    raise DTypeError(f"{op} of {describe(x)}: take an item of the tuple first, with expr[i]")


def broadcast_dim(a: Dim, b: Dim) -> Dim | None:
    """Combine two dimensions, or give None where they cannot be equal.

    Two different symbolic dimensions are taken to be equal; the call checks it.
    """
    if a is b or (isinstance(a, int) and isinstance(b, int) and a == b):
        return a
    if isinstance(a, int) and a == 1:
        return b
    if isinstance(b, int) and b == 1:
        return a
    if isinstance(a, int):
        return None if isinstance(b, int) else a
    return b if isinstance(b, int) else a


def broadcast_shapes(shapes: Sequence[Shape], op: str) -> Shape:
    """Broadcast shapes by NumPy's rule.

    Raises
    ------
    ShapeError
        Naming the operation and all shapes.

    Examples
    --------
    >>> broadcast_shapes([(3, 1), (4,)], "add")
    (3, 4)
    """
    out: Shape = ()
    for shape in shapes:
        if same_shape(shape, out):
            continue
        n = max(len(out), len(shape))
        left = (1,) * (n - len(out)) + out
        right = (1,) * (n - len(shape)) + shape
        dims = [broadcast_dim(a, b) for a, b in zip(left, right, strict=True)]
        if any(d is None for d in dims):
            shown = " and ".join(show_shape(s) for s in shapes)
            raise ShapeError(f"{op}: shapes {shown} do not broadcast")
        out = tuple(dims)  # type: ignore[arg-type]
    return out


def cast(x: Expr, dtype: str) -> Expr:
    """Convert an operand's data type, folding constants."""
    if tensor_of(x, "astype").dtype == dtype:
        return x
    if is_constant(x):
        return constant(value_of(x), dtype)
    return ASTYPE(x, dtype)


def _infer_astype(x: Expr, dtype: str) -> Type:
    return tensor_type(dtype, tensor_of(x, "astype").shape)


ASTYPE = Op(
    "astype",
    _infer_astype,
    lambda x, dtype: (as_expr(x), dtype_name(dtype)),
    elementwise=True,
)


def common_dtype(name: str, args: Sequence[Any], accepts: frozenset[str], to_float: bool) -> str:
    """Find the data type that operands are brought to.

    Python numbers adapt to the arrays beside them, as in the array API: they decide
    nothing but the kind (a float beside integers gives float64).
    """
    strong: str | None = None
    weak: type | None = None
    for a in args:
        if type(a) in _DEFAULT:
            if weak is None or _RANK[type(a)] > _RANK[weak]:
                weak = type(a)
            continue
        x = a if isinstance(a, Expr) else as_expr(a)
        dtype = tensor_of(x, name).dtype
        strong = dtype if strong is None else promote(strong, dtype)
    if strong is None:
        assert weak is not None
        strong = _DEFAULT[weak]
    elif weak is float and strong not in FLOATS:
        strong = "float64"
    elif weak is int and strong == "bool":
        strong = "int64"
    if to_float and strong not in FLOATS:
        strong = "float64"
    if strong not in accepts:
        shown = ", ".join(describe(a) if isinstance(a, Expr) else repr(a) for a in args)
        raise DTypeError(f"{name} takes {_sorts(accepts)}, not {strong}: got {shown}")
    return strong


_RANK = {bool: 0, int: 1, float: 2}


def _sorts(accepts: frozenset[str]) -> str:
    if accepts == FLOATS:
        return "floating-point numbers"
    if accepts == NUMERIC:
        return "numbers"
    if accepts == INTEGER_OR_BOOL:
        return "integers or booleans"
    return " or ".join(sorted(accepts))


def elementwise(
    name: str,
    arity: int,
    accepts: frozenset[str] = NUMERIC,
    *,
    to_float: bool = False,
    result: str | None = None,
) -> Op:
    """Declare an elementwise operation.

    Parameters
    ----------
    name
        Its array API name.
    arity
        Number of operands, all brought to one data type.
    accepts
        Data types that it takes.
    to_float
        Whether integers are converted to float64 first (``exp``, ``divide``).
    result
        Data type of the result where it is not the operands'.
    """
    ready = accepts & FLOATS if to_float else accepts

    def prepare(*args: Any) -> tuple[Any, ...]:
        if len(args) != arity:
            raise TypeError(f"{name} takes {arity} arguments, {len(args)} given")
        # The usual case, made fast: expressions of one type that needs no conversion.
        first = args[0]
        if type(first) is Expr:
            type0 = first.type
            if type(type0) is TensorType and type0.dtype in ready:
                for a in args:
                    if type(a) is not Expr or a.type is not type0:
                        break
                else:
                    return args
        dtype = common_dtype(name, args, accepts, to_float)
        return tuple(
            cast(a, dtype)
            if isinstance(a, Expr)
            else (scalar(a, dtype) if type(a) in _DEFAULT else cast(as_expr(a), dtype))
            for a in args
        )

    def infer(*args: Expr) -> Type:
        type0 = args[0].type
        for a in args:
            if a.type is not type0:
                shape = broadcast_shapes([a.type.shape for a in args], name)
                return tensor_type(result or args[0].dtype, shape)
        return type0 if result is None else tensor_type(result, type0.shape)

    return Op(name, infer, prepare, elementwise=True)


def normalize_axes(axis: int | Iterable[int] | None, ndim: int, op: str) -> tuple[int, ...]:
    """Turn an axis argument into sorted, distinct, non-negative integers.

    Raises
    ------
    ShapeError
        For an axis outside the array, or given twice.
    """
    if axis is None:
        return tuple(range(ndim))
    wanted = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    out = []
    for a in wanted:
        if not -ndim <= a < ndim:
            raise ShapeError(f"{op}: axis {a} is outside an array of {ndim} dimensions")
        out.append(int(a) % ndim)
    if len(set(out)) != len(out):
        raise ShapeError(f"{op}: axis given twice in {wanted}")
    return tuple(sorted(out))


def as_dims(shape: Any, op: str) -> Shape:
    """Turn a shape argument (an integer, an expression, or several) into dimensions.

    Raises
    ------
    ShapeError
        For negative or non-integer dimensions.
    """
    from astragal.ops import dims

    if isinstance(shape, Expr) or (not isinstance(shape, Sequence) and np.ndim(shape) == 0):
        shape = (shape,)
    out: list[Dim] = []
    for given in shape:
        # An array without dimensions is the number in it.
        d = given[()] if isinstance(given, np.ndarray) and given.ndim == 0 else given
        if isinstance(d, Expr):
            if d.type.shape or d.dtype not in INTEGERS:
                raise ShapeError(f"{op}: a dimension is a scalar integer, got {describe(d)}")
            out.append(dims.canonical(d))
        elif isinstance(d, (int, np.integer)) and not isinstance(d, bool) and d >= 0:
            out.append(int(d))
        else:
            raise ShapeError(f"{op}: {d!r} is no dimension; expected a non-negative integer")
    return tuple(out)


Infer = Callable[..., Type]
