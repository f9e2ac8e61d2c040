"""What a model's arrays are labelled with: names of dimensions, and coordinates along them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from astragal.graph.errors import ModelError, ShapeError
from astragal.graph.types import show_shape

Dims = dict[str, tuple[str | None, ...]]
Coords = dict[str, tuple[Any, ...]]

RESERVED = ("chain", "draw", "sample")
"""Dimensions that the results have beside the model's."""


def as_dims(dims: Mapping[str, Any] | None) -> Dims:
    """Convert the names of dimensions to tuples; a single dimension may be given as a word.

    Raises
    ------
    ModelError
        For a name that is no word, or that the results use themselves.
    """
    out: Dims = {}
    for variable, given in dict(dims or {}).items():
        names = (given,) if isinstance(given, str) else tuple(given)
        for name in names:
            if name is not None and not (isinstance(name, str) and name.isidentifier()):
                raise ModelError(f"dims of {variable!r}: {name!r} is no name for a dimension")
            if name in RESERVED:
                raise ModelError(f"dims of {variable!r}: {name!r} is a dimension of all results")
        if len(set(names) - {None}) < len([n for n in names if n is not None]):
            raise ModelError(f"dims of {variable!r} name a dimension twice: {', '.join(names)}")
        out[variable] = names
    return out


def as_coords(coords: Mapping[str, Any] | None) -> Coords:
    """Convert coordinates to tuples of plain values.

    Raises
    ------
    ModelError
        For coordinates that are no sequence, or that repeat a label.
    """
    out: Coords = {}
    for dim, given in dict(coords or {}).items():
        if isinstance(given, str) or not isinstance(given, (Sequence, np.ndarray)):
            raise ModelError(f"coords of {dim!r} are {given!r:.60}, expected a list of labels")
        out[dim] = tuple(given.tolist() if isinstance(given, np.ndarray) else given)
    return out


def check_labels(shapes: Mapping[str, Sequence[Any]], dims: Dims, coords: Coords) -> None:
    """Check labels against the shapes of what they label; a length that is not known fits.

    Raises
    ------
    ModelError
        For a variable that there is not, or a dimension that is called like one.
    ShapeError
        Where numbers of dimensions or lengths differ.
    """
    lengths = {dim: (len(labels), "its coordinates") for dim, labels in coords.items()}
    for name, names in dims.items():
        if name not in shapes:
            raise ModelError(f"dims of {name!r}, which is no variable of the model")
        shape = tuple(shapes[name])
        if len(shape) != len(names):
            raise ShapeError(
                f"{name!r} has shape {show_shape(shape)}, and its dims are "
                f"{', '.join(str(n) for n in names) or 'none'}"
            )
        for dim, size in zip(names, shape, strict=True):
            if dim in shapes:
                raise ModelError(f"dimension {dim!r} of {name!r} is called like a variable")
            if dim is None or not isinstance(size, int):
                continue
            known, where = lengths.setdefault(dim, (size, repr(name)))
            if known != size:
                raise ShapeError(
                    f"dimension {dim!r} has length {size} in {name!r} and {known} in {where}"
                )
