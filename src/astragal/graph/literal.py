"""Constants: arrays as immutable, hashable values.

Constants are equal when dtype, shape and bits are: ``0.0`` and ``-0.0`` differ,
a NaN equals itself, ``1`` and ``1.0`` and ``True`` are three values.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from astragal.graph.errors import DTypeError
from astragal.graph.expr import Expr, Op
from astragal.graph.types import Type, dtype_name, tensor_type


class Literal:
    """A read-only array, compared and hashed by its bits."""

    __slots__ = ("_key", "value")

    value: np.ndarray[Any, Any]

    def __init__(self, value: np.ndarray[Any, Any]) -> None:
        # Large matrices are made by the hundred: a checksum finds them, their bits decide.
        digest = value.tobytes() if value.nbytes <= 64 else zlib.crc32(_bits(value).data)
        self.value = value
        self._key = (value.dtype, value.shape, digest)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Literal) or self._key != other._key:
            return False
        return isinstance(self._key[2], bytes) or bool(
            np.array_equal(_bits(self.value), _bits(other.value))
        )

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return repr(self.value.tolist()) if self.value.size <= 8 else f"array{self.value.shape}"


def _bits(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give the bytes of an array in order; they are copied only where they lie otherwise."""
    return np.ascontiguousarray(value).reshape(-1).view("uint8")


def _type_of(literal: Literal) -> Type:
    shape = tuple(int(d) for d in literal.value.shape)
    return tensor_type(dtype_name(literal.value.dtype), shape)


CONSTANT = Op("constant", _type_of)

_SCALARS: dict[tuple[str, type, Any], Expr] = {}


def scalar(value: float, dtype: str) -> Expr:
    """Give a scalar constant; the common ones are kept.

    Examples
    --------
    >>> scalar(2, "float64")
    2.0
    """
    key = (dtype, type(value), value)
    # 0.0 == -0.0 and nan != nan: neither may be looked up by value.
    plain = value != 0 and value == value
    if plain and (found := _SCALARS.get(key)) is not None:
        return found
    array = np.asarray(value, dtype=dtype)
    array.flags.writeable = False
    node = CONSTANT(Literal(array))
    if plain and len(_SCALARS) < 10_000:
        _SCALARS[key] = node
    return node


def constant(value: Any, dtype: object = None) -> Expr:
    """Make a constant of a number, a list or an array (which is copied).

    Parameters
    ----------
    value
        Numbers or booleans; not text, not objects, not complex numbers.
    dtype
        Wanted data type; by default NumPy's own choice.

    Raises
    ------
    DTypeError
        Where the value is not numeric.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.constant([1.5, 2.0]).type
    float64(2,)
    """
    if isinstance(value, Expr):
        raise DTypeError(f"constant() takes numbers and arrays, not an expression: {value!r}")
    try:
        array = np.array(value, dtype=None if dtype is None else dtype_name(dtype), order="C")
        dtype_name(array.dtype)
    except (ValueError, TypeError) as error:
        raise DTypeError(
            f"{type(value).__name__} {value!r:.80} is no numeric constant: {error}"
        ) from None
    if array.dtype.byteorder not in "=|":
        array = array.astype(array.dtype.newbyteorder("="))
    array.flags.writeable = False
    return CONSTANT(Literal(array))


def is_constant(x: object) -> bool:
    """Tell whether an argument is a constant expression."""
    return isinstance(x, Expr) and x.op is CONSTANT


def value_of(x: Expr) -> np.ndarray[Any, Any]:
    """Give the array of a constant (read-only)."""
    literal = x.args[0]
    assert isinstance(literal, Literal)
    return literal.value
