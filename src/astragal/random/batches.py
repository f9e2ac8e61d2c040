"""The batch shape of a draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astragal.graph.errors import ShapeError
from astragal.graph.types import Shape, show_shape
from astragal.ops.creation import shape_dims
from astragal.ops.declare import broadcast_shapes


def batch_of(name: str, shapes: Sequence[Shape], keys: Shape, size: Any) -> Shape:
    """Give the batch shape that keys, a size and the batch shapes of parameters make.

    Raises
    ------
    ShapeError
        Where they do not fit together.
    """
    implied = broadcast_shapes(shapes, name)
    if size is None:
        if keys:
            # One draw a key: the keys' dimensions lead.
            n = max(len(implied), len(keys))
            lead = keys + (1,) * (n - len(keys))
            implied = broadcast_shapes([lead, implied], name)
            _check_keys(name, keys, implied)
        return implied
    dims = shape_dims(size)
    whole = broadcast_shapes([implied, dims], name)
    if len(whole) != len(dims) or any(
        isinstance(a, int) and isinstance(b, int) and a != b
        for a, b in zip(whole, dims, strict=True)
    ):
        raise ShapeError(
            f"{name}: size {show_shape(dims)} does not fit parameters of shape "
            f"{show_shape(implied)}"
        )
    _check_keys(name, keys, dims)
    return dims


def _check_keys(name: str, keys: Shape, batch: Shape) -> None:
    # A key stretched along a dimension would give the same draws again and again.
    if len(batch) < len(keys) or any(
        isinstance(a, int) and isinstance(b, int) and a != b
        for a, b in zip(keys, batch, strict=False)
    ):
        raise ShapeError(
            f"{name}: a batch of shape {show_shape(batch)} must begin with the shape of the "
            f"keys, {show_shape(keys)}"
        )
