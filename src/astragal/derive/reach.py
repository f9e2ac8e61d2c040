"""Which elements of a variable each element of an expression reads.

It is read off the graph alone, and errs by naming too many: what has no rule reads all that
its arguments read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import constant
from astragal.graph.traverse import children, toposort
from astragal.graph.types import TensorType
from astragal.random.distribution import is_random

Array = np.ndarray[Any, Any]

LARGEST = 20_000_000
"""Entries of a table beyond which nothing is told."""
MOVES = ("index", "reshape", "permute_dims", "broadcast_to")
PRODUCTS = {"matmul": ((-1,), (-2,)), "solve": ((-2, -1), (-2,)),
            "solve_triangular": ((-2, -1), (-2,))}  # fmt: skip
"""Along which dimensions an element of a product reads its two operands."""
SUMS = ("sum", "prod", "max", "min", "any", "all", "logsumexp")


def reach(x: Expr, columns: Mapping[Expr, Array]) -> Array | None:
    """Tell which columns each element of an expression reads.

    Parameters
    ----------
    x
        An expression of static shape.
    columns
        For each of some inputs, which columns its elements are: of its shape, with a last
        dimension of all columns.

    Returns
    -------
    ndarray of bool, or None
        Of the shape of the expression, with a last dimension of all columns; None where a
        shape is not static, or the table would be too large.
    """
    n = next(iter(columns.values())).shape[-1]
    known: dict[Expr, Array] = dict(columns)
    for node in toposort([x]):
        if node in known or not any(c in known for c in children(node)):
            continue
        shape = _static(node)
        if shape is None or n * int(np.prod(shape)) > LARGEST:
            return None
        known[node] = _read(node, shape, n, known)
    shape = _static(x)
    return known.get(x, None if shape is None else np.zeros((*shape, n), bool))


def _static(node: Expr) -> tuple[int, ...] | None:
    """Shape of an array; of what is several arrays, that of a number."""
    if not isinstance(node.type, TensorType):
        return ()
    if not all(isinstance(d, int) for d in node.shape):
        return None
    return tuple(int(d) for d in node.shape)


def _read(node: Expr, shape: tuple[int, ...], n: int, known: Mapping[Expr, Array]) -> Array:
    name, args = node.op.name, node.args
    inside = [isinstance(a, Expr) and a in known for a in args]
    if node.op.elementwise:
        out = np.zeros((*shape, n), bool)
        for a, i in zip(args, inside, strict=True):
            if i:
                out |= _aligned(known[a], len(shape))
        return out
    if name in MOVES and inside[0] and not any(inside[1:]):
        places = _places(node)
        if places is not None:
            return known[args[0]].reshape(-1, n)[places]
    if name == "index" and not inside[0]:
        picked = _picked(node, shape, n, known)
        if picked is not None:
            return picked
    if name in SUMS:
        axes, keep = args[1], args[2]
        return np.asarray(known[args[0]].any(tuple(axes), keepdims=keep))
    if name in ("concatenate", "stack"):
        axis, *parts = args
        every = [known[p] if p in known else np.zeros((*p.shape, n), bool) for p in parts]
        join: Any = np.concatenate if name == "concatenate" else np.stack
        whole: Array = join(every, axis)
        return whole
    if name in PRODUCTS and min(a.ndim for a in args[:2]) > 1:
        out = np.zeros((*shape, n), bool)
        for a, i, own in zip(args[:2], inside[:2], PRODUCTS[name], strict=True):
            if i:
                summed = tuple(d + a.ndim for d in own)
                out |= _aligned(np.asarray(known[a].any(summed, keepdims=True)), len(shape))
        return out
    everything = np.zeros(n, bool)
    for a, i in zip(args, inside, strict=True):
        if i:
            everything |= known[a].reshape(-1, n).any(0)
    return np.broadcast_to(everything, (*shape, n))


def _aligned(table: Array, ndim: int) -> Array:
    return table.reshape((1,) * (ndim - table.ndim + 1) + table.shape)


def _places(node: Expr) -> Array | None:
    """Place of each element among those of the first argument; None where it is not known."""
    shape = node.args[0].shape
    every = np.arange(int(np.prod([int(d) for d in shape]))).reshape([int(d) for d in shape])
    at = node.op(constant(every), *node.args[1:])
    if any(x.op is INPUT or is_random(x) or x.op.name == "parameter" for x in toposort([at])):
        return None
    from astragal.compile import evaluate

    return np.asarray(evaluate(at))


def _picked(
    node: Expr, shape: tuple[int, ...], n: int, known: Mapping[Expr, Array]
) -> Array | None:
    """Elements picked by arrays that stand before whole slices: ``x[z]``, ``x[z, i]``."""
    _, spec, *operands = node.args
    whole = ("slice", None, None, 1)
    front = [i for i, item in enumerate(spec) if item[0] in ("expr", "int")]
    if front != list(range(len(front))) or any(item != whole for item in spec[len(front) :]):
        return None
    ndim = max((o.ndim for o in operands), default=0)
    batch = shape[:ndim]
    out = np.zeros((*batch, n), bool)
    for o in operands:
        if o in known:
            out |= _aligned(known[o], ndim)
    return np.broadcast_to(out.reshape(*batch, *(1,) * (len(shape) - ndim), n), (*shape, n))
