"""Parts of normal vectors: what is not read is integrated out.

(x_a, x_b) ~ Normal(m, V)        x_a ~ Normal(m_a, V_aa)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import constant
from astragal.graph.traverse import toposort
from astragal.ops import reductions as r
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import broadcast_to, reshape
from astragal.random.distribution import is_random, random_parts

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
