"""Data as arrays of the types of the variables that they are values of."""

from __future__ import annotations

from typing import Any

import numpy as np

from astragal.graph.errors import DomainError, ModelError, ShapeError
from astragal.graph.types import TensorType, show_shape


def as_data(name: str, value: Any, type: TensorType, what: str = "data") -> np.ndarray[Any, Any]:
    """Convert data, or what else they are called, to the type of the variable that they are of.

    Raises
    ------
    ModelError
        For values that are no numbers.
    ShapeError
        For another shape than the variable's.
    DomainError
        For numbers that the data type cannot hold, such as 2.5 for a count, and for counts
        whose sums it could not.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ModelError(
            f"{what} for {name!r} are masked in places; observe the known elements under a name of "
            "their own, and leave the others to be drawn"
        )
    try:
        array = np.asarray(value)
        if array.dtype == object or array.dtype.kind not in "biuf":
            raise TypeError(f"they are {array.dtype}")
    except (TypeError, ValueError) as error:
        raise ModelError(f"{what} for {name!r} are no numbers: {error}") from None
    static = all(isinstance(d, int) for d in type.shape)
    if array.ndim != len(type.shape) or (static and array.shape != type.shape):
        raise ShapeError(
            f"{what} for {name!r} have shape {show_shape(array.shape)}, expected "
            f"{show_shape(type.shape)}"
        )
    floats = array.dtype.kind == "f"
    with np.errstate(invalid="ignore", over="ignore"):
        converted = array.astype(type.dtype)
    if floats and np.dtype(type.dtype).kind == "f":
        # Rounding to a shorter type is meant; a number that it cannot hold is not.
        same = np.isfinite(converted) | ~np.isfinite(array)
    else:
        same = converted == array
    if not np.all(same):
        bad = array[~same].flat[0] if array.ndim else array
        raise DomainError(f"{what} for {name!r} hold {bad}, which is no {type.dtype}")
    large = (converted > MOST_COUNT) | (converted < -MOST_COUNT)
    if type.dtype == "int64" and np.any(large):
        bad = converted[large].flat[0] if converted.ndim else converted
        raise DomainError(
            f"{what} for {name!r} hold {bad}, expected at most 2**53: beyond, a count is no "
            "float64, and sums of counts do not fit an int64"
        )
    return converted


MOST_COUNT = 2**53
"""The largest integer up to which all are numbers of double precision."""
