"""Checks at run time of what a graph with symbolic dimensions takes for granted.

Two symbolic dimensions that meet in an operation are taken to be equal, and a backend
may make loops of one length of them. So a length of 1 does not stretch where it was not
static: that is an error, as is any other difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr
from astragal.graph.types import Shape, TupleType, same_dim, show_shape

Check = Callable[..., None]


def shape_check(node: Expr) -> Check | None:
    """Make the check for a node that broadcasts symbolic dimensions; None where none is due.

    Raises
    ------
    ShapeError
        When the check is called with values whose shapes differ from one another,
        naming the operation, the shapes and the dimensions.
    """
    if node.op.name == "broadcast_to":
        return _stretched(node)
    places = [i for i, a in enumerate(node.args) if isinstance(a, Expr)]
    if any(isinstance(node.args[i].type, TupleType) for i in places):
        return None
    name = node.op.name
    if node.op.elementwise:
        return _aligned(name, [(i, node.args[i].type.shape) for i in places])
    if name in ("matmul", "solve", "solve_triangular"):
        return _aligned(name, [(i, node.args[i].type.shape[:-2]) for i in places], drop=2)
    return None


def _columns(shapes: Sequence[Shape]) -> list[list[int]]:
    """For each dimension from the right, which shapes have a say in its length."""
    out = []
    for back in range(1, max(map(len, shapes), default=0) + 1):
        voices = [i for i, s in enumerate(shapes) if len(s) >= back and not same_dim(s[-back], 1)]
        first = shapes[voices[0]][-back] if voices else 1
        if all(same_dim(shapes[i][-back], first) for i in voices):
            voices = []
        out.append(voices)
    return out


def _aligned(name: str, operands: Sequence[tuple[int, Shape]], drop: int = 0) -> Check | None:
    declared = [shape for _, shape in operands]
    columns = _columns(declared)
    if not any(columns):
        return None

    def check(*args: Any) -> None:
        full = [np.shape(args[i]) for i, _ in operands]
        shapes = [s[: len(s) - drop] if len(s) >= drop else () for s in full]
        for back, voices in enumerate(columns, 1):
            if len({shapes[i][-back] for i in voices}) > 1:
                raise ShapeError(_message(name, full, declared))

    return check


def _stretched(node: Expr) -> Check | None:
    given, wanted = node.args[0].type.shape, node.type.shape
    back = [
        k
        for k in range(1, len(given) + 1)
        if not same_dim(given[-k], 1) and not same_dim(given[-k], wanted[-k])
    ]
    if not back:
        return None

    def check(x: Any, shape: tuple[int, ...]) -> None:
        if any(np.shape(x)[-k] != shape[-k] for k in back):
            shapes = [np.shape(x), tuple(shape)]
            raise ShapeError(_message("broadcast_to", shapes, [given, wanted]))

    return check


def _message(name: str, shapes: Sequence[tuple[int, ...]], declared: Sequence[Shape]) -> str:
    shown = " and ".join(str(tuple(int(n) for n in s)) for s in shapes)
    graph = " and ".join(map(show_shape, declared))
    return (
        f"{name}: operands of shapes {shown}; the graph takes dimensions of {graph} that meet "
        "to be equal (a length that is 1 only at run time does not stretch)"
    )
