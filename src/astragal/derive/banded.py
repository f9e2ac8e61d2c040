"""Jointly normal blocks whose elements hold to few others: paths, groups, and their like.

In a good order the matrix of the block has a band, and a border of the few elements that hold
to many, such as a common mean. Cholesky's algorithm keeps that form: it runs along the band,
a block of the band's width at a time (Rue 2001, J. R. Stat. Soc. B 63:325-338, section 3), in
time and memory linear in the length. For the path of a state space model this is Kalman's
filter with backward sampling, in the form of information.

With A = [[D, B'], [B, C]], D of the band, the factors are

    L_t L_t' = D_t - W_t W_t'       W_t = E_t L'_{t-1}^-1       G_t = L_t^-1 (R_t - W_t G_{t-1})

where E_t is the block left of D_t, and R_t holds the columns of the border and the linear part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.density.sparsity import entries, pattern
from astragal.graph.expr import Expr
from astragal.graph.literal import constant
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.control import scan
from astragal.ops.creation import zeros
from astragal.ops.manipulation import concatenate, matrix_transpose, reshape
from astragal.ops.special import HALF_LOG_2PI

Array = np.ndarray[Any, Any]

FEWEST = 12
"""Elements below which a dense matrix is as good."""


@dataclass(frozen=True, eq=False)
class Order:
    """An order of the elements.

    Attributes
    ----------
    band, border
        Places of the elements in the given order.
    width
        Of the band, and of the blocks along it.
    """

    band: Array
    border: Array
    width: int

    @property
    def steps(self) -> int:
        """Number of blocks along the band."""
        return -(-len(self.band) // self.width)

    @property
    def cost(self) -> float:
        """Nanoseconds, roughly, of one draw."""
        b, k = self.width, len(self.border)
        one = 40.0 + 5.0 * k if b == 1 else 2500.0 + 6.0 * b**3 + 4.0 * b * b * k
        return self.steps * one + len(self.band) * k * k + k**3 / 3.0


def order_of(nonzero: Array) -> Order | None:
    """Find the order of least cost; None where a dense matrix costs less.

    Parameters
    ----------
    nonzero
        Which entries of the symmetric matrix may differ from zero.
    """
    n = len(nonzero)
    if n < FEWEST:
        return None
    # Imported here: it takes a third of the time of importing Astragal.
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    degrees = nonzero.sum(1)
    ranked = np.argsort(-degrees, kind="stable")
    found: list[Order] = []
    # Elements with many neighbours stand at the border: where degrees fall, it may end.
    falls = np.flatnonzero(degrees[ranked[:-1]] > degrees[ranked[1:]]) + 1
    for size in sorted({0, *falls[falls <= n // 3].tolist()})[:24]:
        border, rest = np.sort(ranked[:size]), np.sort(ranked[size:])
        inner = csr_array(nonzero[np.ix_(rest, rest)])
        place = np.asarray(reverse_cuthill_mckee(inner, symmetric_mode=True))
        for order in (rest, rest[place]):
            i, j = np.nonzero(nonzero[np.ix_(order, order)])
            width = max(int(np.abs(i - j).max(initial=0)), 1)
            found.append(Order(order, border, width))
    best = min(found, key=lambda o: o.cost)
    return best if best.cost < 0.5 * n**3 / 3.0 else None


@dataclass(frozen=True, eq=False)
class Factor:
    """Cholesky's factor of a banded matrix with a border, and the linear part in its terms.

    Attributes
    ----------
    order
        Of the elements.
    roots, left, columns
        L_t, W_t and G_t, one after the other; without matrix dimensions for a width of 1.
    corner, half_corner
        The factor of what is left of the border, and its linear part; None for no border.
    """

    order: Order
    roots: Expr
    left: Expr
    columns: Expr
    corner: Expr | None
    half_corner: Expr | None

    @property
    def _half(self) -> Expr:
        return self.columns[..., -1]

    @property
    def log_root(self) -> Expr:
        """Half of the log determinant."""
        diagonal = self.roots if self.order.width == 1 else linalg.diagonal(self.roots)
        out = r.sum(e.log(diagonal))
        return out if self.corner is None else out + r.sum(e.log(linalg.diagonal(self.corner)))

    @property
    def half_square(self) -> Expr:
        """Half of the squared length of L^-1 b."""
        out = r.sum(e.square(self._half))
        if self.half_corner is not None:
            out = out + r.sum(e.square(self.half_corner))
        return 0.5 * out

    def _blocks(self, x: Expr) -> Expr:
        """The band's elements of a vector, by blocks, with zeros at the end."""
        o = self.order
        x = x[constant(o.band)]
        more = o.steps * o.width - len(o.band)
        if more:
            x = concatenate([x, zeros((more,))])
        return x if o.width == 1 else reshape(x, (o.steps, o.width))

    def _times(self, matrix: Expr, x: Expr) -> Expr:
        """Each block's transposed matrix times its vector."""
        if self.order.width == 1:
            return matrix * x
        return r.sum(matrix * x[:, :, None], 1)

    def whitened(self, x: Expr) -> Expr:
        """Squared length of ``L' x - L^-1 b``."""
        band = self._blocks(x)
        away = self._times(self.roots, band) - self._half
        later = self._times(self.left, band)[1:]
        away = away + concatenate([later, zeros(_one(away))])
        if self.corner is None or self.half_corner is None:
            return r.sum(e.square(away))
        rest = x[constant(self.order.border)]
        away = away + linalg.matmul(self.columns[..., :-1], rest)
        corner = linalg.matmul(matrix_transpose(self.corner), rest) - self.half_corner
        return r.sum(e.square(away)) + r.sum(e.square(corner))

    def draw(self, noise: Expr) -> Expr:
        """Solve ``L' x = L^-1 b + noise``."""
        o = self.order
        right = self._half + self._blocks(noise)
        parts: list[Expr] = []
        if self.corner is not None and self.half_corner is not None:
            wanted = self.half_corner + noise[constant(o.border)]
            rest = linalg.solve_triangular(self.corner, wanted, lower=True, transpose=True)
            right = right - linalg.matmul(self.columns[..., :-1], rest)
            parts.append(rest)

        if o.width == 1:
            later = concatenate([self.left[1:], zeros((1,))]) / self.roots
            _, band = scan(_back_scalar, zeros(()), (later, right / self.roots), reverse=True)
        else:
            _, band = scan(_back, zeros((o.width,)), (self.roots, self.left, right), reverse=True)
        whole = concatenate([reshape(band, (-1,))[: len(o.band)], *parts])
        places = np.concatenate([o.band, o.border])
        back_to = np.argsort(places, kind="stable")
        return whole if np.array_equal(places, np.arange(len(places))) else whole[constant(back_to)]


def _one(x: Expr) -> tuple[int, ...]:
    return (1, *(int(d) for d in x.shape[1:]))


def _gather(precision: Expr, rows: Array, columns: Array, filler: Array) -> Expr:
    """Entries at places of one shape; where a place is negative, a given number."""
    known = (rows >= 0) & (columns >= 0)
    values = entries(precision, rows[known], columns[known])
    if known.all():
        return reshape(values, rows.shape)
    place = np.zeros(rows.shape, "int64")
    place[known] = np.arange(known.sum()) + 2
    place[~known] = filler[~known]
    return concatenate([constant([0.0, 1.0]), values])[constant(place)]


def _places(o: Order) -> Array:
    """Place of each element of each block; -1 after the end."""
    places = np.full(o.steps * o.width, -1)
    places[: len(o.band)] = o.band
    return places.reshape(o.steps, o.width)


def _bands(precision: Expr, nonzero: Array, o: Order) -> tuple[Expr, Expr]:
    """D_t and E_t, the first E being zero."""
    at, b = _places(o), o.width
    before = np.concatenate([np.full((1, b), -1), at[:-1]])

    def part(rows: Array, columns: Array, filler: Array) -> Expr:
        i, j = (np.array(x) for x in np.broadcast_arrays(rows, columns))
        # What is zero for certain is not computed.
        dead = (i < 0) | (j < 0) | ~nonzero[i, j]
        i[dead] = -1
        return _gather(precision, i, j, np.broadcast_to(filler, i.shape))

    if b == 1:
        return part(at[:, 0], at[:, 0], np.array(1)), part(at[:, 0], before[:, 0], np.array(0))
    eye = np.where(at[:, :, None] < 0, np.eye(b, dtype="int64"), 0)
    diagonal = part(at[:, :, None], at[:, None, :], eye)
    return diagonal, part(at[:, :, None], before[:, None, :], np.array(0))


def factorised(precision: Expr, linear: Expr) -> Factor | None:
    """Factorise a matrix along its band; None where a dense factor costs less."""
    nonzero = pattern(precision)
    nonzero = nonzero | nonzero.T
    o = order_of(nonzero)
    if o is None:
        return None
    k = len(o.border)
    diagonal, off = _bands(precision, nonzero, o)
    right = _columns(precision, linear, o)
    if o.width == 1:
        roots, left, columns = _of_scalars(diagonal, off, right)
    else:
        start = (constant(np.eye(o.width)), zeros((o.width, k + 1)))
        _, (roots, left, columns) = scan(_forward, start, (diagonal, off, right))
    if not k:
        return Factor(o, roots, left, columns, None, None)
    border = constant(o.border)
    i, j = (x.ravel() for x in np.meshgrid(o.border, o.border, indexing="ij"))
    inner = reshape(entries(precision, i, j), (k, k))
    flat = reshape(columns, (-1, k + 1))
    gram = linalg.matmul(matrix_transpose(flat[:, :-1]), flat)
    corner = linalg.cholesky(inner - gram[:, :-1])
    half = linalg.solve_triangular(corner, linear[border] - gram[:, -1], lower=True)
    return Factor(o, roots, left, columns, corner, half)


def _columns(precision: Expr, linear: Expr, o: Order) -> Expr:
    """R_t: the border's columns and the linear part, by blocks."""
    at, k = _places(o), len(o.border)
    flat = at.ravel()
    values = linear[constant(np.maximum(flat, 0))]
    if (flat < 0).any():
        values = values * constant((flat >= 0).astype(float))
    parts = [values[:, None]]
    if k:
        rows = np.repeat(flat[:, None], k, 1)
        beside = np.broadcast_to(o.border, rows.shape)
        parts.insert(0, _gather(precision, rows, np.array(beside), np.zeros(rows.shape, "int64")))
    whole = concatenate(parts, 1) if k else parts[0]
    return whole if o.width == 1 else reshape(whole, (o.steps, o.width, k + 1))


Carry = tuple[Expr, Expr]
Step = Callable[[Carry, tuple[Expr, Expr, Expr]], tuple[Carry, tuple[Expr, Expr, Expr]]]


def _of_scalars(diagonal: Expr, off: Expr, right: Expr) -> tuple[Expr, Expr, Expr]:
    """Factorise along a band of width 1.

    What follows one after the other has neither roots nor quotients but one: of the factors
    L d L', with ones on L's diagonal.
    """

    def forward(carry: tuple[Expr, Expr], at: tuple[Expr, Expr, Expr]) -> Any:
        inverse, columns = carry
        diagonal, off, right = at
        part = off * inverse
        left = diagonal - part * off
        new = (1.0 / left, right - part * columns)
        return new, (left, *new)

    start = (constant(1.0), zeros((int(right.shape[1]),)))
    # The reverse pass reads the inverses.
    _, (squares, _inverses, columns) = scan(forward, start, (diagonal, off, right))
    roots = e.sqrt(squares)
    before = concatenate([constant([1.0]), roots[:-1]])
    return roots, off / before, columns / roots[:, None]


def _back_scalar(carry: Expr, at: tuple[Expr, Expr]) -> tuple[Expr, Expr]:
    later, wanted = at
    x = wanted - later * carry
    return x, x


def _back(carry: Expr, at: tuple[Expr, Expr, Expr]) -> tuple[Expr, Expr]:
    root, left, wanted = at
    x = linalg.solve_triangular(root, wanted - carry, lower=True, transpose=True)
    return r.sum(left * x[:, None], 0), x


def _forward(carry: Carry, at: tuple[Expr, Expr, Expr]) -> tuple[Carry, tuple[Expr, Expr, Expr]]:
    before, columns = carry
    diagonal, off, right = at
    left = matrix_transpose(linalg.solve_triangular(before, matrix_transpose(off), lower=True))
    root = linalg.cholesky(diagonal - linalg.matmul(left, matrix_transpose(left)))
    new = linalg.solve_triangular(root, right - linalg.matmul(left, columns), lower=True)
    return (root, new), (root, left, new)


def normal_log_density(factor: Factor, x: Expr) -> Expr:
    """Log density of the law that a factor stands for."""
    n = len(factor.order.band) + len(factor.order.border)
    constant_part = n * HALF_LOG_2PI
    return -0.5 * factor.whitened(x) + factor.log_root - constant_part
