"""Parts of normal vectors: what is not read is integrated out.

(x_a, x_b) ~ Normal(m, V)        x_a ~ Normal(m_a, V_aa)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import constant
from astragal.graph.traverse import toposort
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.declare import as_expr
from astragal.ops.linalg import solve
from astragal.ops.manipulation import broadcast_to, concatenate, reshape
from astragal.random import RANDOM_OPS
from astragal.random.distribution import is_random, random_parts
from astragal.random.keys import fold_in

Array = np.ndarray[Any, Any]


def positions(part: Expr) -> Array | None:
    """Positions of a part of an array among all its elements; None where they are not known."""
    shape = part.args[0].shape
    if not all(isinstance(n, int) for n in shape):
        return None
    every = np.arange(int(np.prod([int(n) for n in shape]))).reshape(shape)
    at = part.op(constant(every), *part.args[1:])
    if not all(isinstance(k, int) for k in at.shape) or any(
        x.op is INPUT or is_random(x) for x in toposort([at])
    ):
        return None
    from astragal.compile import evaluate

    return np.asarray(evaluate(at))


def part_of_normal_vectors(part: Expr) -> Callable[[Expr], Expr] | None:
    """Give the log density of some elements of independent normal vectors.

    Parameters
    ----------
    part
        An index into the vectors.

    Returns
    -------
    callable or None
        From values of the elements to the log density of all of them; None where elements
        are taken twice, or at places that are not known.
    """
    x = part.args[0]
    at = positions(part)
    if x.op.name != "multivariate_normal" or at is None or len(np.unique(at)) < at.size:
        return None
    d, _, _, (mean, cov) = random_parts(x)
    size = int(x.shape[-1])
    vectors = x.shape[:-1]
    rows, columns = np.divmod(at.ravel(), size)
    # Vectors of which the same elements are read, with the places of these in the part.
    groups: dict[tuple[int, ...], list[tuple[int, Array]]] = {}
    for row in np.unique(rows):
        here = np.flatnonzero(rows == row)
        here = here[np.argsort(columns[here])]
        groups.setdefault(tuple(columns[here].tolist()), []).append((int(row), here))
    own_mean = reshape(broadcast_to(mean, x.shape), (-1, size))
    own_cov = cov if cov.ndim == 2 else broadcast_to(cov, (*vectors, size, size))

    def density(value: Expr) -> Expr:
        flat = reshape(value, (-1,))
        total: Expr = as_expr(0.0)
        for read, members in groups.items():
            among = constant(np.array([row for row, _ in members]))
            cut = constant(np.array(read))
            block = own_cov
            if cov.ndim > 2:
                block = reshape(own_cov, (-1, size, size))[among]
            block = block[..., cut, :][..., cut]
            values = flat[constant(np.stack([here for _, here in members]))]
            total = total + r.sum(d.logdensity(values, own_mean[among][:, cut], block))
        return total

    return density


class Entries(NamedTuple):
    """Elements of several normal vectors, the same of each, drawn given others of these.

    Attributes
    ----------
    drawn
        A row a vector; of one element a vector, that element.
    at
        Positions of what is drawn among all elements.
    owner
        The part that they belong to; -1 for none.
    """

    drawn: Expr
    at: Array
    owner: int


def entries_of_normal_vectors(x: Expr, parts: Sequence[Array]) -> list[Entries] | None:
    """Write independent normal vectors as draws of those elements that parts take, and of the rest.

    Of each vector what the first part takes comes first, and the others given it:

        x_b | x_a ~ Normal(m_b + V_ba V_aa^-1 (x_a - m_a), V_bb - V_ba V_aa^-1 V_ab)

    Parameters
    ----------
    x
        The vectors.
    parts
        Positions of each part, no two the same.

    Returns
    -------
    list of Entries or None
        None where x is something else.
    """
    if x.op.name != "multivariate_normal" or not all(isinstance(n, int) for n in x.shape):
        return None
    _, key, _, (mean, cov) = random_parts(x)
    size = int(x.shape[-1])
    owner = np.full(int(np.prod([int(n) for n in x.shape])), -1)
    for i, at in enumerate(parts):
        owner[at.ravel()] = i
    table = owner.reshape(-1, size)
    # Of what all vectors share there is one.
    if mean.ndim > 1:
        mean = reshape(broadcast_to(mean, x.shape), (-1, size))
    if cov.ndim > 2:
        cov = reshape(broadcast_to(cov, (*x.shape, size)), (-1, size, size))
    out: list[Entries] = []
    for pattern in np.unique(table, axis=0):
        rows = np.flatnonzero((table == pattern).all(1))
        m = mean if mean.ndim == 1 else mean[constant(rows)]
        v = cov if cov.ndim == 2 else cov[constant(rows)]
        taken: list[int] = []
        known: Expr | None = None
        for i in (*range(len(parts)), -1):
            columns = np.flatnonzero(pattern == i)
            if not columns.size:
                continue
            centre, spread = _given(m, v, taken, known, columns)
            seed = fold_in(key, len(out))
            if columns.size == 1:
                scale = e.sqrt(spread[..., 0, 0])
                drawn = RANDOM_OPS["normal"](seed, (len(rows),), centre[..., 0], scale)
            else:
                drawn = x.op(seed, (len(rows),), centre, spread)
            here = drawn[:, None] if columns.size == 1 else drawn
            known = here if known is None else concatenate([known, here], axis=1)
            taken += columns.tolist()
            out.append(Entries(drawn, rows[:, None] * size + columns, i))
    return out


def _given(
    mean: Expr, cov: Expr, taken: Sequence[int], known: Expr | None, columns: Array
) -> tuple[Expr, Expr]:
    """Give mean and covariance of elements of vectors, given those that were taken before."""
    if columns.size == mean.shape[-1]:
        return mean, cov
    b = constant(columns)
    m, own = mean[..., b], cov[..., b, :][..., b]
    if known is None:
        return m, own
    a = constant(np.array(taken))
    cross = cov[..., a, :][..., b]
    gain = solve(cov[..., a, :][..., a], cross)
    off = known - mean[..., a]
    moved = off @ gain if cov.ndim == 2 else (off[:, None, :] @ gain)[:, 0, :]
    return m + moved, own - cov[..., b, :][..., a] @ gain
