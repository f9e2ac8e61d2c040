"""Which entries of a matrix can differ from zero, and the computation of those alone.

The matrix of a quadratic form is a sum of constant matrices times scalars, and of products
``R' (S * w)`` with constant R and S. Their zeros are known before any value is, and an entry
costs what its own terms cost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, value_of
from astragal.graph.traverse import rebuild, toposort
from astragal.ops import elementwise as e
from astragal.ops.creation import zeros
from astragal.ops.manipulation import broadcast_to, concatenate, reshape

Array = np.ndarray[Any, Any]

MOST_TERMS = 6
"""Terms of an entry, or of a sum, that are written one by one."""


def _scalar(x: Expr) -> bool:
    return x.shape == ()


def pattern(x: Expr) -> Array:
    """Tell which entries of a matrix of static shape may differ from zero."""
    shape = tuple(int(d) for d in x.shape)
    name = x.op.name
    if is_constant(x):
        return np.asarray(value_of(x) != 0)
    if name in ("add", "subtract"):
        both = [np.broadcast_to(pattern(a), shape) for a in x.args]
        return np.asarray(both[0] | both[1])
    if name == "multiply":
        for c, m in (x.args, x.args[::-1]):
            if _scalar(c) and not _scalar(m):
                return np.broadcast_to(pattern(m), shape)
        a, b = (np.broadcast_to(pattern(a), shape) for a in x.args)
        return np.asarray(a & b)
    if name == "divide" and not _scalar(x.args[0]):
        return np.broadcast_to(pattern(x.args[0]), shape)
    if name in ("negative", "positive"):
        return pattern(x.args[0])
    if name == "permute_dims":
        return pattern(x.args[0]).transpose(x.args[1])
    if name == "reshape":
        return pattern(x.args[0]).reshape(shape)
    if name == "matmul" and all(a.ndim == 2 for a in x.args):
        a, b = (pattern(a).astype("float32") for a in x.args)
        return np.asarray(a @ b > 0)
    if name == "concatenate":
        axis, *parts = x.args
        return np.concatenate([pattern(p) for p in parts], axis)
    if name == "broadcast_to":
        return np.broadcast_to(pattern(x.args[0]), shape)
    return np.ones(shape, bool)


def entries(x: Expr, rows: Array, columns: Array) -> Expr:
    """Compute given entries of a matrix."""
    name = x.op.name
    if not len(rows):
        return zeros((0,), dtype=x.dtype)
    if is_constant(x):
        return constant(value_of(x)[rows, columns], x.dtype)
    if name in ("add", "subtract"):
        parts = [a for a in x.args if a.shape == x.shape or _scalar(a)]
        if len(parts) == 2:
            one, other = (a if _scalar(a) else entries(a, rows, columns) for a in parts)
            return one + other if name == "add" else one - other
    if name == "multiply":
        for c, m in (x.args, x.args[::-1]):
            if _scalar(c) and not _scalar(m):
                return e.multiply(c, entries(m, rows, columns))
    if name == "divide" and _scalar(x.args[1]):
        return e.divide(entries(x.args[0], rows, columns), x.args[1])
    if name == "negative":
        return -entries(x.args[0], rows, columns)
    if name == "permute_dims" and x.args[1] == (1, 0):
        return entries(x.args[0], columns, rows)
    if name == "broadcast_to" and _scalar(x.args[0]):
        return broadcast_to(x.args[0], rows.shape)
    if name == "concatenate":
        out = _of_parts(x, rows, columns)
        if out is not None:
            return out
    if name == "matmul":
        out = _of_product(x, rows, columns)
        if out is not None:
            return out
    return x[constant(rows), constant(columns)]


def _of_parts(x: Expr, rows: Array, columns: Array) -> Expr | None:
    """Entries of blocks side by side."""
    axis, *parts = x.args
    along = rows if axis == 0 else columns
    start, found, places = 0, [], []
    for p in parts:
        size = int(p.shape[axis])
        mine = np.flatnonzero((along >= start) & (along < start + size))
        if len(mine):
            i, j = rows[mine], columns[mine]
            found.append(entries(p, i - start, j) if axis == 0 else entries(p, i, j - start))
            places.append(mine)
        start += size
    order = np.argsort(np.concatenate(places), kind="stable")
    whole = concatenate(found) if len(found) > 1 else found[0]
    return whole if np.array_equal(order, np.arange(len(rows))) else whole[constant(order)]


def _weighted(x: Expr) -> tuple[Array, Expr | None] | None:
    """Read an array as a constant one, or as one with a weight for each row."""
    if is_constant(x):
        return value_of(x), None
    rows = tuple(int(d) for d in x.shape[:-1])
    if x.op.name in ("reshape", "broadcast_to") and x.args[0].shape[-1:] == x.shape[-1:]:
        inner = _weighted(x.args[0])
        if inner is None:
            return None
        matrix, w = inner
        if x.op.name == "reshape":
            return matrix.reshape(*rows, -1), None if w is None else reshape(w, rows)
        matrix = np.broadcast_to(matrix, (*rows, matrix.shape[-1]))
        return matrix, None if w is None else broadcast_to(w, rows)
    if x.op.name == "multiply":
        for m, w in (x.args, x.args[::-1]):
            inner = _weighted(m) if m.shape == x.shape else None
            if inner is not None and w.shape[-1:] in ((), (1,)):
                own = broadcast_to(w[..., 0] if w.ndim else w, rows)
                return inner[0], own if inner[1] is None else inner[1] * own
    return None


def _of_product(x: Expr, rows: Array, columns: Array) -> Expr | None:
    """Entries of ``(R * v)' (S * w)``: each the sum of few terms."""
    a, b = x.args
    left: tuple[Array, Expr | None] | None = None
    if is_constant(a) and a.ndim == 2:
        left = value_of(a).T, None
    elif a.op.name == "permute_dims" and a.ndim == 2:
        left = _weighted(a.args[0])
    right = _weighted(b) if b.ndim == 2 else None
    if left is None or right is None:
        return None
    products = left[0][:, rows] * right[0][:, columns]
    weights = [w for w in (left[1], right[1]) if w is not None]
    if not weights:
        return constant(products.sum(0), x.dtype)
    return few_terms(products, weights[0] if len(weights) == 1 else weights[0] * weights[1])


def few_terms(matrix: Array, w: Expr) -> Expr | None:
    """``w @ matrix`` for a constant matrix with few entries in each column."""
    many = int((matrix != 0).sum(0).max(initial=0))
    if many > MOST_TERMS:
        return None
    n = matrix.shape[1]
    out: Expr | None = None
    places = np.argsort(matrix == 0, axis=0, kind="stable")[:many]
    for at in places:
        c = matrix[at, np.arange(n)]
        picked = w if np.array_equal(at, np.arange(len(matrix))) else w[constant(at)]
        term = picked if (c == 1.0).all() else constant(c, w.dtype) * picked
        out = term if out is None else out + term
    return zeros((n,), dtype=w.dtype) if out is None else out


def thin(x: Expr) -> Expr:
    """Write products of vectors with constant matrices that have few entries as sums of those."""
    image: dict[Expr, Expr] = {}
    for node in toposort([x]):
        new = rebuild(node, image)
        if new.op.name == "matmul" and new.args[0].ndim == 1:
            new = _thin_product(new)
        image[node] = new
    return image[x]


def _thin_product(x: Expr) -> Expr:
    v, m = x.args
    right = _weighted(m) if m.ndim == 2 else None
    if right is None or is_constant(v):
        return x
    matrix, w = right
    out = few_terms(matrix, v if w is None else v * w)
    return x if out is None else out
