"""Extreme ratios of two quadratic forms, from products with their matrices alone.

With hundreds of coordinates a matrix of second derivatives takes as many gradients, and a product
with it two. The least ratio x' A x / x' B x over x is approached from above: each round takes the
best of the place, its residual over a diagonal, and the last move (Knyazev 2001, SIAM J. Sci.
Comput. 23:517-541, of one vector).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from astragal.derive.check import Array

Matrix = Callable[[Array], Array]
"""From a vector to its product with a symmetric matrix."""

PROBES = 16
"""Products from which a diagonal is estimated."""
_ROUNDS, _CLOSE = 60, 1e-3
_STEP = 1e-4


def curvature(slope: Matrix, at: Array, counted: Array) -> Matrix:
    """Give products with minus the second derivatives along some coordinates.

    Parameters
    ----------
    slope
        The gradient.
    at
        Where.
    counted
        Places of the coordinates; the others stay.
    """

    def product(v: Array) -> Array:
        wide = float(np.abs(v).max())
        if wide == 0.0:
            return np.zeros_like(v)
        move = np.zeros_like(at)
        move[counted] = (_STEP / wide) * v
        difference = slope(at - move) - slope(at + move)
        return np.asarray(difference[counted] * (wide / (2.0 * _STEP)))

    return product


def diagonal(a: Matrix, n: int) -> Array:
    """Estimate the diagonal of a positive definite matrix from random signs."""
    signs = np.random.default_rng(20_13).choice([-1.0, 1.0], size=(PROBES, n))
    found = np.mean([s * a(s) for s in signs], axis=0)
    return np.asarray(np.maximum(found, 0.1 * max(float(np.abs(found).mean()), 1e-300)))


def least_ratio(a: Matrix, b: Matrix, scale: Array) -> float:
    """Give the least of x' A x / x' B x, or somewhat more.

    Parameters
    ----------
    a, b
        Symmetric matrices; the second is positive definite.
    scale
        About the diagonal of the second.

    Returns
    -------
    float
        Not a number where a product is none.

    Examples
    --------
    >>> import numpy as np
    >>> sizes = np.arange(1.0, 301.0)
    >>> round(least_ratio(lambda x: sizes * x, lambda x: 2.0 * x, np.full(300, 2.0)), 2)
    0.5
    """
    x = np.random.default_rng(20_14).standard_normal(len(scale)) / np.sqrt(scale)
    span, of_a, of_b = x[None], a(x)[None], b(x)[None]
    ratio = np.inf
    settled = 0
    for _ in range(_ROUNDS):
        last, ratio = ratio, float(of_a[0] @ span[0]) / float(of_b[0] @ span[0])
        settled = settled + 1 if abs(last - ratio) <= _CLOSE * abs(ratio) else 0
        if settled == 3 or not np.isfinite(ratio):
            break
        w = (of_a[0] - ratio * of_b[0]) / scale
        w /= max(float(np.abs(w).max()), 1e-300)
        span, of_a, of_b = (
            np.vstack([m, new]) for m, new in ((span, w), (of_a, a(w)), (of_b, b(w)))
        )
        best, move = _best(span, of_a, of_b)
        parts = np.stack([best, move])
        span, of_a, of_b = parts @ span, parts @ of_a, parts @ of_b
    return ratio


def _best(span: Array, of_a: Array, of_b: Array) -> tuple[Array, Array]:
    """Weights of some vectors: of the best sum of them, and of its part without the first."""
    p, q = span @ of_a.T, span @ of_b.T
    wide = 1.0 / np.sqrt(np.maximum(np.diag(q), 1e-300))
    values, axes = np.linalg.eigh(0.5 * (q + q.T) * np.outer(wide, wide))
    kept = values > 1e-10 * values[-1]
    root = wide[:, None] * axes[:, kept] / np.sqrt(values[kept])
    own = root.T @ (0.5 * (p + p.T)) @ root
    best = root @ np.linalg.eigh(own)[1][:, 0]
    move = best.copy()
    move[0] = 0.0
    return best, move / max(float(np.abs(move).max()), 1e-300)


LARGEST = 150
"""Coordinates of steps that draw in turn, above which their matrices are not written."""


def left_in_turn(h: Matrix, full: Matrix, sizes: Sequence[int]) -> float:
    """Give what steps that draw in turn, given latents, leave of one less the share that stays.

    With F the curvature given the latents and L that of it in which no step reads a later one, a
    sweep leaves I - inv(L) H of where it was; of a single step L is F.

    Parameters
    ----------
    h, full
        The curvature without the latents, and given them.
    sizes
        Coordinates of each step, in a row.
    """
    n = sum(sizes)
    if len(sizes) == 1 or n > LARGEST:
        return 1.0
    without, given = (np.stack([f(row) for row in np.eye(n)]) for f in (h, full))
    step = np.repeat(np.arange(len(sizes)), sizes)
    earlier = np.where(step[:, None] >= step, given, 0.0)
    if not (np.isfinite(without).all() and np.isfinite(earlier).all()):
        return 1.0
    stays = np.linalg.eigvals(np.eye(n) - np.linalg.solve(earlier, without))
    return 1.0 - float(np.abs(stays).max())
