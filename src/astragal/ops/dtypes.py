"""Questions about data types: the array API's ``result_type`` and its companions."""

from __future__ import annotations

from typing import Any

import numpy as np

from astragal.graph.types import FLOATS, SIGNED, UNSIGNED, dtype_name
from astragal.ops.declare import ALL, as_expr, common_dtype, tensor_of

_KINDS: dict[str, frozenset[str]] = {
    "bool": frozenset({"bool"}),
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": SIGNED | UNSIGNED,
    "real floating": FLOATS,
    "complex floating": frozenset(),
    "numeric": SIGNED | UNSIGNED | FLOATS,
}


def _named(x: Any) -> bool:
    return isinstance(x, (str, type, np.dtype))


def result_type(*arrays_and_dtypes: Any) -> str:
    """Data type that operands are brought to: Python numbers adapt to what is beside them.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.result_type(ag.input("x", dtype="float32"), 1.5), ag.result_type("int8", "uint8")
    ('float32', 'int16')
    """
    if not arrays_and_dtypes:
        raise TypeError("result_type takes at least one array or data type")
    stand_ins = [
        as_expr(np.zeros((), dtype_name(a))) if _named(a) else a for a in arrays_and_dtypes
    ]
    return common_dtype("result_type", stand_ins, ALL, False)


def can_cast(from_: Any, to: object, /) -> bool:
    """Whether a data type, or an array's, may be converted to another without loss of kind.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.can_cast("int8", "int64"), ag.can_cast("float64", "float32")
    (True, False)
    """
    source = dtype_name(from_) if _named(from_) else tensor_of(as_expr(from_), "can_cast").dtype
    return bool(np.can_cast(source, dtype_name(to)))


def isdtype(dtype: object, kind: Any) -> bool:
    """Whether a data type is another, or of a kind, or any of several.

    Parameters
    ----------
    dtype
        A data type.
    kind
        A data type; ``"bool"``, ``"signed integer"``, ``"unsigned integer"``, ``"integral"``,
        ``"real floating"``, ``"complex floating"`` or ``"numeric"``; or a tuple of such.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.isdtype("int8", "integral"), ag.isdtype("float32", ("bool", "float64"))
    (True, False)
    """
    name = dtype_name(dtype)
    if isinstance(kind, tuple):
        return any(isdtype(name, k) for k in kind)
    if isinstance(kind, str) and kind in _KINDS:
        return name in _KINDS[kind]
    return name == dtype_name(kind)


def finfo(type: Any, /) -> Any:
    """Limits of a floating-point data type, or of an array's, as NumPy's ``finfo``."""
    return np.finfo(type if _named(type) else tensor_of(as_expr(type), "finfo").dtype)


def iinfo(type: Any, /) -> Any:
    """Limits of an integer data type, or of an array's, as NumPy's ``iinfo``."""
    return np.iinfo(type if _named(type) else tensor_of(as_expr(type), "iinfo").dtype)
