"""Indexing with integers, slices, arrays, ``None`` and the ellipsis.

``x[index]`` is the operation ``index(x, spec, *operands)``: the spec is static, and
what depends on the graph (an index array, a slice bound) is an operand, in order.
Spec items: ``("int", i)``, ``("slice", start, stop, step)`` with a bound ``"expr"``
where it is an operand, ``("new",)`` and ``("expr",)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from astragal.graph.errors import DTypeError, ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.literal import constant, is_constant, value_of
from astragal.graph.types import (
    FLOATS,
    INTEGERS,
    Dim,
    KeyType,
    Shape,
    TensorType,
    TupleType,
    Type,
    show_shape,
    tensor_type,
)
from astragal.ops.declare import as_expr, broadcast_shapes

Spec = tuple[tuple[Any, ...], ...]


def _infer_item(x: Expr, i: int) -> Type:
    if not isinstance(x.type, TupleType):
        raise DTypeError(f"item {i} of {describe(x)}, which is no tuple")
    return x.type.items[i]


ITEM = Op("item", _infer_item)
"""One value of a tuple-typed expression: ``item(tuple, i)``."""


def with_shape(type: Type, shape: Shape) -> Type:
    """Give a tensor or key type another shape."""
    if isinstance(type, KeyType):
        return KeyType(type.impl, shape)
    assert isinstance(type, TensorType)
    return tensor_type(type.dtype, shape)


def _slice_length(n: Dim, start: Any, stop: Any, step: int, bounds: list[Expr]) -> Dim:
    if isinstance(n, int) and all(map(is_constant, bounds)):
        rest = [int(value_of(b)) for b in bounds]
        first, last = (rest.pop(0) if b == "expr" else b for b in (start, stop))
        return len(range(*slice(first, last, step).indices(n)))
    if (start, stop) == (None, None) and step in (1, -1):
        return n
    from astragal.ops.creation import slice_length

    return slice_length(n, start, stop, step, bounds)


def _infer_index(x: Expr, spec: Spec, *operands: Expr) -> Type:
    shape = x.type.shape
    axis = 0
    rest = list(operands)
    out: list[Dim | None] = []  # None marks where the advanced part goes
    advanced: list[Shape] = []
    places: list[int] = []
    arrays = any(
        item[0] == "expr" and o.type.shape
        for item, o in zip([s for s in spec if s[0] == "expr"], _own(spec, operands), strict=True)
    )
    for position, item in enumerate(spec):
        if item[0] == "new":
            out.append(1)
        elif item[0] == "slice":
            bounds = [rest.pop(0) for b in item[1:3] if b == "expr"]
            out.append(_slice_length(shape[axis], item[1], item[2], item[3], bounds))
            axis += 1
        else:
            index_shape: Shape = rest.pop(0).type.shape if item[0] == "expr" else ()
            if arrays:
                advanced.append(index_shape)
                places.append(position)
                if not out or out[-1] is not None:
                    out.append(None)
            axis += 1
    if not arrays:
        return with_shape(x.type, tuple(d for d in out if d is not None))
    block = broadcast_shapes(advanced, "index")
    adjacent = places == list(range(places[0], places[-1] + 1))
    kept = [d for d in out if d is not None]
    where = out.index(None) if adjacent else 0
    return with_shape(x.type, (*kept[:where], *block, *kept[where:]))


def _own(spec: Spec, operands: tuple[Expr, ...]) -> list[Expr]:
    """Operands that stand for whole spec items, without the slice bounds."""
    rest = list(operands)
    own = []
    for item in spec:
        if item[0] == "expr":
            own.append(rest.pop(0))
        elif item[0] == "slice":
            for b in item[1:3]:
                if b == "expr":
                    rest.pop(0)
    return own


INDEX = Op("index", _infer_index)


def _as_index_item(i: Any, n: Dim, axis: int, x: Expr) -> tuple[list[tuple[Any, ...]], list[Expr]]:
    """Turn one index into spec items and operands."""
    if isinstance(i, slice):
        parts: list[Any] = []
        operands = []
        for b in (i.start, i.stop):
            if isinstance(b, Expr) and not _is_integer(b):
                raise DTypeError(
                    f"slice bound {describe(b)} in an index of {describe(x)}: "
                    "expected a scalar integer"
                )
            if isinstance(b, Expr) and not is_constant(b):
                parts.append("expr")
                operands.append(b)
            else:
                parts.append(int(value_of(b)) if isinstance(b, Expr) else _static_int(b, x))
        step = 1 if i.step is None else _static_int(i.step, x)
        if step == 0:
            raise ShapeError(f"slice step of 0 in an index of {describe(x)}")
        return [("slice", *parts, step)], operands
    if isinstance(i, (int, np.integer)) and not isinstance(i, bool):
        i = int(i)
        if isinstance(n, int) and not -n <= i < n:
            raise IndexError(f"index {i} is outside axis {axis} of length {n}, in {describe(x)}")
        return [("int", i % n if isinstance(n, int) else i)], []
    if isinstance(i, _FromMask):
        if isinstance(n, int) and isinstance(i.length, int) and i.length != n:
            raise IndexError(
                f"a mask of length {i.length} for axis {axis} of length {n}, in {describe(x)}"
            )
        return [("expr",)], [i.places]
    e = constant(i, "int64") if isinstance(i, list) and not i else as_expr(i)
    if not isinstance(e.type, TensorType) or e.type.dtype not in INTEGERS:
        raise DTypeError(
            f"index of {describe(x)}: expected integers or booleans, got {describe(e)}"
        )
    if is_constant(e) and isinstance(n, int) and e.type.dtype in INTEGERS:
        value = value_of(e)
        if value.size and (value.min() < -n or value.max() >= n):
            bad = value.min() if value.min() < -n else value.max()
            raise IndexError(f"index {bad} is outside axis {axis} of length {n}, in {describe(x)}")
        if not value.shape:
            return [("int", int(value) % n)], []
        e = constant(np.where(value < 0, value + n, value)) if value.min(initial=0) < 0 else e
    return [("expr",)], [e]


def _static_int(b: Any, x: Expr) -> int | None:
    if b is None:
        return None
    if isinstance(b, (int, np.integer)) and not isinstance(b, bool):
        return int(b)
    raise DTypeError(f"slice bound {b!r} in an index of {describe(x)}: expected an integer")


def parse_index(x: Expr, index: Any) -> tuple[Spec, tuple[Expr, ...]]:
    """Turn a Python index into a static spec and operands.

    Raises
    ------
    IndexError
        For too many indices, or an integer outside its axis.
    """
    items = list(index) if isinstance(index, tuple) else [index]
    items = [_mask_to_integers(i) for i in items]
    items = [j for i in items for j in (i if isinstance(i, _Many) else [i])]
    taken = sum(i is not None and i is not Ellipsis for i in items)
    ndim = len(x.type.shape)
    if taken > ndim:
        raise IndexError(f"{taken} indices for {ndim} dimensions, in {describe(x)}")
    if not any(i is Ellipsis for i in items):
        items.append(Ellipsis)
    at = next(k for k, i in enumerate(items) if i is Ellipsis)
    if any(i is Ellipsis for i in items[at + 1 :]):
        raise IndexError(f"more than one ellipsis in an index of {describe(x)}")
    items[at : at + 1] = [slice(None)] * (ndim - taken)
    spec: list[tuple[Any, ...]] = []
    operands: list[Expr] = []
    axis = 0
    for i in items:
        if i is None:
            spec.append(("new",))
            continue
        new, more = _as_index_item(i, x.type.shape[axis], axis, x)
        spec += new
        operands += more
        axis += 1
    return tuple(spec), tuple(operands)


def _is_mask(x: Expr) -> bool:
    return isinstance(x.type, TensorType) and x.type.dtype == "bool"


def _is_integer(x: Expr) -> bool:
    return isinstance(x.type, TensorType) and x.type.dtype in INTEGERS and not x.type.shape


class _FromMask:
    """Places along an axis that a mask selects, and the mask's length there."""

    __slots__ = ("length", "places")

    def __init__(self, places: Expr, length: Dim) -> None:
        self.places = places
        self.length = length


class _Many(list[Any]):
    """Several index items in place of one."""


def _mask_to_integers(i: Any) -> Any:
    """Replace a boolean mask by the integer positions that it selects."""
    if isinstance(i, (bool, np.bool_)):
        raise DTypeError(f"{i!r} is no index; expected integers, slices or a boolean array")
    if isinstance(i, list) and i:
        i = as_expr(i)
    elif isinstance(i, np.ndarray):
        i = constant(i)
    if not isinstance(i, Expr) or not _is_mask(i):
        return i
    if not i.shape:
        raise DTypeError(f"{describe(i)} is no index; expected integers or a mask with dimensions")
    if is_constant(i):
        places = [constant(p) for p in np.nonzero(value_of(i))]
    else:
        from astragal.ops.creation import nonzero

        places = list(nonzero(i))
    return _Many(map(_FromMask, places, i.shape))


def getitem(x: Expr, index: Any) -> Expr:
    """Take a part of an array, a key array or a tuple: what ``x[index]`` calls.

    Raises
    ------
    IndexError, ShapeError, DTypeError
        Where the index does not fit; the message names the array.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x", shape=(4, 3))
    >>> x[1:, 0].shape, x[[0, 2]].shape, x[..., None].shape
    ((3,), (2, 3), (4, 3, 1))
    """
    if isinstance(x.type, TupleType):
        n = len(x.type.items)
        if not isinstance(index, int) or not -n <= index < n:
            raise IndexError(f"item {index!r} of a tuple of {n}")
        return ITEM(x, index % n)
    spec, operands = parse_index(x, index)
    if all(s == ("slice", None, None, 1) for s in spec):
        return x
    return INDEX(x, spec, *operands)


def show_index(spec: Spec, operands: list[str]) -> str:
    """Write a spec as it is written in Python."""
    rest = list(operands)
    out = []
    for item in spec:
        if item[0] == "int":
            out.append(str(item[1]))
        elif item[0] == "new":
            out.append("None")
        elif item[0] == "expr":
            out.append(rest.pop(0) if rest else "...")
        else:
            a, b = (
                (rest.pop(0) if rest else "...") if v == "expr" else ("" if v is None else str(v))
                for v in item[1:3]
            )
            out.append(f"{a}:{b}" + (f":{item[3]}" if item[3] != 1 else ""))
    while len(out) > 1 and out[-1] == ":":
        out.pop()
    return ", ".join(out)


def python_index(spec: Spec, operands: list[Any]) -> tuple[Any, ...]:
    """Give the index that NumPy takes, with values for operands."""
    rest = list(operands)
    out: list[Any] = []
    for item in spec:
        if item[0] == "int":
            out.append(item[1])
        elif item[0] == "new":
            out.append(None)
        elif item[0] == "expr":
            out.append(rest.pop(0))
        else:
            start, stop = (int(rest.pop(0)) if v == "expr" else v for v in item[1:3])
            out.append(slice(start, stop, item[3]))
    return tuple(out)


def _infer_set(x: Expr, value: Expr, spec: Spec, *operands: Expr) -> Type:
    part = _infer_index(x, spec, *operands)
    fits = broadcast_shapes([value.type.shape, part.shape], "set_index")
    if len(fits) != len(part.shape):
        raise ShapeError(
            f"set_index: a value of shape {show_shape(value.type.shape)} does not fit "
            f"a part of shape {show_shape(part.shape)}"
        )
    return x.type


SET_INDEX = Op("set_index", _infer_set)
ADD_INDEX = Op("add_index", _infer_set)


class At:
    """A part of an array, to be replaced in a copy: ``x.at[i].set(v)``, ``x.at[i].add(v)``."""

    __slots__ = ("_index", "_x")

    def __init__(self, x: Expr, index: Any = ()) -> None:
        self._x = x
        self._index = index

    def __getitem__(self, index: Any) -> At:
        return At(self._x, index)

    def set(self, value: Any) -> Expr:
        """Give a copy of the array with the part replaced."""
        return self._update(SET_INDEX, value)

    def add(self, value: Any) -> Expr:
        """Give a copy of the array with a value added to the part; repeated indices add up."""
        return self._update(ADD_INDEX, value)

    def _update(self, op: Op, value: Any) -> Expr:
        from astragal.ops.declare import cast

        x = self._x
        spec, operands = parse_index(x, self._index)
        new = as_expr(value)
        if isinstance(x.type, TensorType):
            if (
                x.type.dtype in INTEGERS
                and isinstance(new.type, TensorType)
                and new.dtype in FLOATS
            ):
                raise DTypeError(
                    f"a part of {describe(x)} cannot hold {describe(new)}; "
                    "convert one of them with astype"
                )
            new = cast(new, x.type.dtype)
        elif new.type.__class__ is not x.type.__class__:
            raise DTypeError(f"a key array holds keys only, not {describe(new)}")
        return op(x, new, spec, *operands)


OPS: tuple[Op, ...] = (ITEM, INDEX, SET_INDEX, ADD_INDEX)
