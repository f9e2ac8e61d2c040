"""Unconstrained coordinates of probability vectors, covariance and correlation matrices.

Each function gives, for values with n entries in their last dimension: the map from
coordinates to values, its inverse, the log Jacobian as a function of the coordinates (one
number a value), and the number of coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import constant
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.creation import zeros_like
from astragal.ops.manipulation import matrix_transpose, reshape, stack

Map = Callable[[Expr], Expr]
Maps = tuple[Map, Map, Map, int]


def simplex(n: int) -> Maps:
    """Coordinates of n probabilities: isometric log ratios.

    Egozcue, Pawlowsky-Glahn, Mateu-Figueras & Barceló-Vidal 2003, Math. Geol. 35:279-300.
    With V an orthonormal basis of the vectors of sum zero, ``p = softmax(V u)``, and the
    Jacobian of all entries but the last is ``sqrt(n) prod(p)``.
    """
    columns = []
    for i in range(1, n):
        row = np.zeros(n)
        row[:i], row[i] = 1.0 / i, -1.0
        columns.append(row * math.sqrt(i / (i + 1.0)))
    basis = np.array(columns).reshape(n - 1, n)

    def log_p(u: Expr) -> Expr:
        x = linalg.matmul(u, constant(basis, u.dtype))
        return x - r.logsumexp(x, axis=-1, keepdims=True)

    return (
        lambda u: e.exp(log_p(u)),
        lambda p: linalg.matmul(e.log(p), constant(basis.T, p.dtype)),
        lambda u: r.sum(log_p(u), -1) + 0.5 * math.log(n),
        n - 1,
    )


def _flat(x: Expr, n: int) -> Expr:
    return reshape(x, (*x.shape[:-2], n * n))


def _square(x: Expr, n: int) -> Expr:
    return reshape(x, (*x.shape[:-1], n, n))


def covariance(n: int) -> Maps:
    """Coordinates of a positive definite matrix: its Cholesky factor, the diagonal in logs.

    The Jacobian of ``L -> L L'`` is ``2^n prod L_ii^(n - i)``, i from 0 (Muirhead 1982,
    Aspects of Multivariate Statistical Theory, Theorem 2.1.9).
    """
    rows, columns = np.tril_indices(n)
    size = rows.size
    places = rows * n + columns
    on = (rows == columns).nonzero()[0]
    off = (rows != columns).nonzero()[0]
    below, diagonal = np.zeros((size, n * n)), np.zeros((n, n * n))
    below[off, places[off]] = 1.0
    diagonal[np.arange(n), places[on]] = 1.0

    def factor(u: Expr) -> Expr:
        flat = linalg.matmul(u, constant(below, u.dtype))
        return _square(flat + linalg.matmul(e.exp(u[..., on]), constant(diagonal, u.dtype)), n)

    def forward(u: Expr) -> Expr:
        root = factor(u)
        return linalg.matmul(root, matrix_transpose(root))

    def backward(x: Expr) -> Expr:
        entries = _flat(linalg.cholesky(x), n)[..., places]
        return stack(
            [e.log(entries[..., i]) if i in on else entries[..., i] for i in range(size)], axis=-1
        )

    powers = np.arange(n + 1.0, 1.0, -1.0)  # n - i, and one more of the exponential

    def slope(u: Expr) -> Expr:
        return r.sum(u[..., on] * constant(powers, u.dtype), -1) + n * math.log(2.0)

    return forward, backward, slope, size


def correlation(n: int) -> Maps:
    """Coordinates of a correlation matrix: its canonical partial correlations, on the line.

    Lewandowski, Kurowicka & Joe 2009, J. Multivar. Anal. 100:1989-2001, section 2.4. Row i
    of the Cholesky factor is ``z_ij sqrt(1 - sum of squares before)``, z = tanh(u).
    """
    size = n * (n - 1) // 2

    def rows(u: Expr) -> tuple[list[list[Expr]], Expr]:
        """The factor's rows, and the log Jacobian."""
        z, at = e.tanh(u), 0
        slope = r.sum(e.log1p(-e.square(z)), -1)
        one = zeros_like(slope) + 1.0
        out = [[one]]
        for i in range(1, n):
            row, left = [], one
            for _ in range(i):
                row.append(z[..., at] * e.sqrt(left))
                slope = slope + 0.5 * e.log(left)
                left = left * (1.0 - e.square(z[..., at]))
                at += 1
            row.append(e.sqrt(left))
            # Below the diagonal, d R_kj / d L_kj is L_jj: one for each of the rows to come.
            slope = slope + (n - 1 - i) * 0.5 * e.log(left)
            out.append(row)
        return out, slope

    def forward(u: Expr) -> Expr:
        if n == 1:
            return r.sum(u, -1)[..., None, None] + 1.0
        factor, _ = rows(u)
        zero = zeros_like(u[..., 0])
        whole = stack([stack([*row, *[zero] * (n - len(row))], axis=-1) for row in factor], axis=-2)
        off = linalg.matmul(whole, matrix_transpose(whole))
        eye = constant(np.eye(n), u.dtype)
        return off * (1.0 - eye) + eye

    def backward(x: Expr) -> Expr:
        root = linalg.cholesky(x)
        out = []
        for i in range(1, n):
            left: Expr = zeros_like(x[..., 0, 0]) + 1.0
            for j in range(i):
                entry = root[..., i, j]
                out.append(e.atanh(entry / e.sqrt(left)))
                left = left - e.square(entry)
        return stack(out, axis=-1)

    return forward, backward, lambda u: rows(u)[1], size
