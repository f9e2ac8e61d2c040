"""Which entries of a matrix can differ from zero, and the computation of those alone.

The matrix of a quadratic form is a sum of constant matrices times scalars, and of products
``R' (S * w)`` with constant R and S. Their zeros are known before any value is, and an entry
costs what its own terms cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from astragal.density.affine import fold
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, value_of
from astragal.graph.traverse import rebuild, toposort
from astragal.ops import elementwise as e
from astragal.ops.creation import zeros
from astragal.ops.manipulation import broadcast_to, concatenate, reshape

Array = np.ndarray[Any, Any]

MOST_TERMS = 6
"""Terms of an entry, or of a sum, that are written one by one."""
DEAR = 4
"""Products of a multiplication of matrices that cost what adding a term to its place does."""


SPARSE = 20
"""Products of a dense multiplication of matrices that cost what one of a sparse one does."""


def _scalar(x: Expr) -> bool:
    return x.shape == ()


def pattern(x: Expr) -> Array:
    """Tell which entries of a matrix of static shape may differ from zero."""
    return _pattern(x, {})


def _pattern(x: Expr, known: dict[Expr, Array]) -> Array:
    if x not in known:
        known[x] = _pattern_of(x, lambda a: _pattern(a, known))
    return known[x]


def _pattern_of(x: Expr, pattern: Callable[[Expr], Array]) -> Array:
    """The same, from the patterns of its parts."""
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
        return _pattern_of_product(*(pattern(a) for a in x.args))
    if name == "concatenate":
        axis, *parts = x.args
        return np.concatenate([pattern(p) for p in parts], axis)
    if name == "broadcast_to":
        return np.broadcast_to(pattern(x.args[0]), shape)
    if name == "index" and (moved := _moved(x)) is not None:
        source, places = moved
        return np.asarray(pattern(source).ravel()[places])
    if name == "solve" and x.args[0].ndim == 2:
        return np.broadcast_to(pattern(x.args[1]).any(-2, keepdims=True), shape)
    if name == "solve_triangular" and x.args[0].ndim == 2:
        # Forward from the first row that is not zero, or backward from the last.
        lower, transpose = x.args[2:4]
        way = 1 if lower != transpose else -1
        given = np.broadcast_to(pattern(x.args[1]), shape)
        return np.logical_or.accumulate(given[..., ::way, :], -2)[..., ::way, :]
    return np.ones(shape, bool)


def _moved(x: Expr) -> tuple[Expr, Array] | None:
    """Read an array whose elements are those of another: that one, and a place in it for each."""
    name, shape = x.op.name, tuple(int(d) for d in x.shape)
    if name not in ("reshape", "permute_dims", "broadcast_to", "index"):
        return None
    if name == "index" and not all(is_constant(o) for o in x.args[2:]):
        return None
    source = x.args[0]
    inner = _moved(source)
    size = tuple(int(d) for d in source.shape)
    source, places = (source, np.arange(math.prod(size)).reshape(size)) if inner is None else inner
    if name == "reshape":
        return source, places.reshape(shape)
    if name == "permute_dims":
        return source, places.transpose(x.args[1])
    if name == "broadcast_to":
        return source, np.broadcast_to(places, shape)
    return source, value_of(fold(x.op(constant(places), *x.args[1:])))


def _pattern_of_product(a: Array, b: Array) -> Array:
    """Which entries a product of matrices can have."""
    # Pairs of entries that meet, beside what a dense product takes.
    if SPARSE * float(a.sum(0) @ b.sum(1)) > a.size * b.shape[1]:
        return np.asarray(a.astype("float32") @ b.astype("float32") > 0)
    from scipy.sparse import csr_array

    return np.asarray((csr_array(a, dtype="float32") @ csr_array(b, dtype="float32")).toarray() > 0)


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
    if (moved := _moved(x)) is not None:
        source, places = moved
        return reshape(source, (-1,))[constant(places[rows, columns])]
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


def _factors(x: Expr) -> tuple[Array, Array, Expr | None] | None:
    """Read a product as ``(R * v)' (S * w)``, or ``v' (S * w)``: R, S and the weights."""
    a, b = x.args
    left: tuple[Array, Expr | None] | None = None
    if is_constant(a) and a.ndim == 2:
        left = value_of(a).T, None
    elif a.op.name == "permute_dims" and a.ndim == 2:
        left = _weighted(a.args[0])
    right = _weighted(b) if b.ndim == 2 else None
    if left is None or right is None:
        return None
    weights = [w for w in (left[1], right[1]) if w is not None]
    w = weights[0] * weights[1] if len(weights) == 2 else weights[0] if weights else None
    return left[0], right[0], w


def _of_product(x: Expr, rows: Array, columns: Array) -> Expr | None:
    """Entries of ``(R * v)' (S * w)``: each the sum of few terms."""
    found = _factors(x)
    if found is None:
        return _of_known_zeros(x, rows, columns)
    left, right, w = found
    # Imported here: it takes a third of the time of importing Astragal.
    from scipy.sparse import csc_array

    products = csc_array(left)[:, rows].multiply(csc_array(right)[:, columns])
    if w is None:
        return constant(np.asarray(products.sum(0)), x.dtype)
    return few_terms(products, w)


def _of_known_zeros(x: Expr, rows: Array, columns: Array) -> Expr | None:
    """Entries of a product of matrices that are known by their zeros alone: the terms that meet."""
    a, b = x.args
    if a.ndim != 2 or b.ndim != 2:
        return None
    from scipy.sparse import csc_array

    met = csc_array(pattern(a).T.astype(float))[:, rows]
    met = met.multiply(csc_array(pattern(b).astype(float))[:, columns])
    terms = _in_turn(met)
    if terms is None:
        return None
    out: Expr = zeros(rows.shape, dtype=x.dtype)
    for at, c in terms:
        term = entries(a, rows, at) * entries(b, at, columns)
        out = out + (term if c.all() else constant(c, x.dtype) * term)
    return out


def _in_turn(matrix: Any) -> list[tuple[Array, Array]] | None:
    """Give the first entry of each column, row and value, then the second; None of many.

    Columns with fewer entries than others repeat one, as zero.
    """
    row, column, values = _by_columns(matrix)
    count = np.bincount(column, minlength=matrix.shape[1])
    many = int(count.max(initial=0))
    if many > MOST_TERMS:
        return None
    c_of, at_of = np.zeros((many, len(count))), np.zeros((many, len(count)), "int64")
    start = np.cumsum(count) - count
    at_of[:, count > 0] = row[start[count > 0]]
    place = np.arange(len(row)) - start[column]
    c_of[place, column], at_of[place, column] = values, row
    return list(zip(at_of, c_of, strict=True))


def _by_columns(matrix: Any) -> tuple[Array, Array, Array]:
    """Rows, columns and values of the entries that are not zero, one column after the other."""
    from scipy.sparse import coo_array

    given = coo_array(matrix)
    given.eliminate_zeros()
    order = np.lexsort((given.row, given.col))
    return given.row[order], given.col[order], given.data[order]


def few_terms(matrix: Any, w: Expr) -> Expr | None:
    """``w @ matrix`` for a constant matrix with few entries in each column, or few in all."""
    length, n = matrix.shape
    terms = _in_turn(matrix)
    if terms is None:
        row, column, values = _by_columns(matrix)
        pays = _pays(len(row), length * n)
        return _added(values, row, column, w, n) if pays else None
    out: Expr | None = None
    for at, c in terms:
        picked = w if np.array_equal(at, np.arange(length)) else w[constant(at)]
        term = picked if (c == 1.0).all() else constant(c, w.dtype) * picked
        out = term if out is None else out + term
    return zeros((n,), dtype=w.dtype) if out is None else out


def _pays(terms: int, products: int) -> bool:
    """Tell whether adding terms where they belong costs less than multiplying matrices."""
    return DEAR * terms < products


def _added(values: Array, rows: Array, places: Array, w: Expr, n: int) -> Expr:
    """A vector to whose places constants times elements of w are added."""
    all_of_w = np.array_equal(rows, np.arange(int(w.shape[0])))
    terms = w if all_of_w else w[constant(rows)]
    if (values != 1.0).any():
        terms = constant(values, w.dtype) * terms
    out: Expr = zeros((n,), dtype=w.dtype).at[constant(places)].add(terms)
    return out


def _gram(x: Expr) -> Expr | None:
    """``R' (S * w)`` for constant R and S with few entries in each row, such as of groups."""
    found = _factors(x)
    if found is None:
        return None
    left, right, w = found
    if w is None:
        return None  # a constant
    p, q = left.shape[1], right.shape[1]
    row, i = np.nonzero(left)
    other, j = np.nonzero(right)
    # Each entry of a row of R meets all of the same row of S.
    per_row = np.bincount(other, minlength=len(right))
    times = per_row[row]
    if not _pays(int(times.sum()), len(left) * p * q):
        return None
    start = np.cumsum(per_row) - per_row
    j = j[np.repeat(start[row] - np.cumsum(times) + times, times) + np.arange(times.sum())]
    row, i = np.repeat(row, times), np.repeat(i, times)
    return reshape(_added(left[row, i] * right[row, j], row, i * q + j, w, p * q), (p, q))


def thin(x: Expr) -> Expr:
    """Write products with constant matrices that have few entries as sums of those."""
    image: dict[Expr, Expr] = {}
    for node in toposort([x]):
        new = rebuild(node, image)
        if new.op.name == "matmul":
            new = _thin_product(new)
        image[node] = new
    return image[x]


def _thin_product(x: Expr) -> Expr:
    v, m = x.args
    if v.ndim == 2:
        out = _gram(x)
        return x if out is None else out
    right = _weighted(m) if m.ndim == 2 else None
    if right is None or is_constant(v):
        return x
    matrix, w = right
    out = few_terms(matrix, v if w is None else v * w)
    return x if out is None else out
