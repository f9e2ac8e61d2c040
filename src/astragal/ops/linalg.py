"""Linear algebra: the array API's functions, and triangular solves.

Functions of a matrix work on stacks of matrices: all dimensions but the last two are
a batch. Where a matrix has no such factor or inverse, the result is NaN on every
backend, never an exception: a sampler must be able to look at such a point and move on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.types import (
    FLOATS,
    NUMERIC,
    Dim,
    TupleType,
    Type,
    same_dim,
    show_shape,
    tensor_type,
)
from astragal.ops import creation, dims, manipulation, products, reductions
from astragal.ops import elementwise as e
from astragal.ops.declare import (
    ArrayLike,
    as_expr,
    broadcast_shapes,
    cast,
    common_dtype,
    normalize_axes,
    tensor_of,
)
from astragal.ops.manipulation import expand_dims, matrix_transpose
from astragal.ops.products import (
    cross,
    diag,
    diagonal,
    dot,
    kron,
    matmul,
    outer,
    tensordot,
    trace,
    vecdot,
)

__all__ = [
    "CHOLESKY",
    "DET",
    "EIGH",
    "OPS",
    "QR",
    "SLOGDET",
    "SOLVE",
    "SOLVE_TRIANGULAR",
    "SVD",
    "Eigh",
    "QRFactors",
    "SVDFactors",
    "Slogdet",
    "cho_solve",
    "cholesky",
    "cross",
    "det",
    "diag",
    "diagonal",
    "dot",
    "eigh",
    "eigvalsh",
    "inv",
    "kron",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


# -- operations of one matrix -------------------------------------------------------------


def _matrix(x: ArrayLike, name: str) -> Expr:
    """A stack of matrices of floating-point numbers."""
    x = as_expr(x)
    if tensor_of(x, name).ndim < 2:
        raise ShapeError(f"{name} of {describe(x)}: expected a matrix, or a stack of them")
    return x if x.dtype in FLOATS else cast(x, "float64")


def _square(x: ArrayLike, name: str) -> Expr:
    x = _matrix(x, name)
    if not products.may_be_equal(*x.shape[-2:]):
        raise ShapeError(f"{name} of {describe(x)}: expected a square matrix")
    return x


def _of_square(name: str, infer: Any) -> Op:
    return Op(name, infer, lambda x: (_square(x, name),))


def _smaller(x: Expr) -> Dim:
    m, n = x.shape[-2:]
    if same_dim(m, n):
        return m
    return min(m, n) if isinstance(m, int) and isinstance(n, int) else dims.minimum(m, n)


def _infer_slogdet(x: Expr) -> Type:
    t = tensor_type(x.dtype, x.shape[:-2])
    return TupleType((t, t))


def _infer_eigh(x: Expr) -> Type:
    return TupleType((tensor_type(x.dtype, x.shape[:-1]), tensor_type(x.dtype, x.shape)))


def _infer_qr(x: Expr, mode: str) -> Type:
    *batch, m, n = x.shape
    k = m if mode == "complete" else _smaller(x)
    return TupleType((tensor_type(x.dtype, (*batch, m, k)), tensor_type(x.dtype, (*batch, k, n))))


def _infer_svd(x: Expr, full: bool) -> Type:
    *batch, m, n = x.shape
    k = _smaller(x)
    shapes = (*batch, m, m if full else k), (*batch, k), (*batch, n if full else k, n)
    return TupleType(tuple(tensor_type(x.dtype, s) for s in shapes))


def _prepare_qr(x: ArrayLike, mode: str = "reduced") -> tuple[Any, ...]:
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is 'reduced' or 'complete', got {mode!r}")
    return _matrix(x, "qr"), mode


CHOLESKY = _of_square("cholesky", lambda x: x.type)
"""Lower triangular factor, read from the lower triangle; NaN where there is none."""

DET = _of_square("det", lambda x: tensor_type(x.dtype, x.shape[:-2]))
SLOGDET = _of_square("slogdet", _infer_slogdet)
EIGH = _of_square("eigh", _infer_eigh)
"""Ascending eigenvalues and eigenvectors of a symmetric matrix, read from the lower triangle."""

QR = Op("qr", _infer_qr, _prepare_qr)
SVD = Op("svd", _infer_svd, lambda x, full=True: (_matrix(x, "svd"), bool(full)))


# -- systems of equations -----------------------------------------------------------------


def _prepare_solve(a: ArrayLike, b: ArrayLike, *static: Any) -> tuple[Any, ...]:
    dtype = common_dtype("solve", (a, b), NUMERIC, True)
    return _square(cast(as_expr(a), dtype), "solve"), cast(as_expr(b), dtype), *static


def _infer_solve(a: Expr, b: Expr, *static: Any) -> Type:
    if b.ndim < 2 or not products.may_be_equal(a.shape[-1], b.shape[-2]):
        shown = f"{show_shape(a.shape)} and {show_shape(b.shape)}"
        raise ShapeError(f"solve: shapes {shown} do not fit")
    batch = broadcast_shapes([a.shape[:-2], b.shape[:-2]], "solve")
    return tensor_type(a.dtype, (*batch, *b.shape[-2:]))


SOLVE = Op("solve", _infer_solve, _prepare_solve)
"""``solve(a, b)``: the x with a x = b, both stacks of matrices; NaN where a is singular."""

SOLVE_TRIANGULAR = Op("solve_triangular", _infer_solve, _prepare_solve)
"""``solve_triangular(a, b, lower, unit_diagonal)``: reads only that triangle of a."""


def _solve(op: Op, a: ArrayLike, b: ArrayLike, *static: Any) -> Expr:
    right = as_expr(b)
    if right.ndim == 1:
        return op(a, right[:, None], *static)[..., 0]
    return op(a, right, *static)


def solve(x1: ArrayLike, x2: ArrayLike, /) -> Expr:
    """Solution of linear equations: the x with x1 x = x2.

    Parameters
    ----------
    x1
        Square matrices.
    x2
        A vector, or matrices whose columns are the right-hand sides.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])).tolist()
    [1.0, 0.5]
    """
    return _solve(SOLVE, x1, x2)


def solve_triangular(
    a: ArrayLike,
    b: ArrayLike,
    /,
    *,
    lower: bool = False,
    transpose: bool = False,
    unit_diagonal: bool = False,
) -> Expr:
    """Solution of triangular equations; the other triangle is not read.

    Parameters
    ----------
    a
        Triangular matrices.
    b
        A vector, or matrices whose columns are the right-hand sides.
    lower
        Whether ``a`` is lower triangular.
    transpose
        Whether to solve with the transpose of ``a``.
    unit_diagonal
        Whether to take the diagonal as ones.

    Examples
    --------
    >>> import astragal as ag
    >>> a = [[2.0, 0.0], [1.0, 4.0]]
    >>> ag.evaluate(ag.linalg.solve_triangular(a, [2.0, 5.0], lower=True)).tolist()
    [1.0, 1.0]
    """
    if transpose:
        a, lower = matrix_transpose(a), not lower
    return _solve(SOLVE_TRIANGULAR, a, b, bool(lower), bool(unit_diagonal))


def cholesky(x: ArrayLike, /, *, upper: bool = False) -> Expr:
    """Triangular factor of a positive definite matrix; NaN where it is not one.

    Only the lower triangle is read.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.linalg.cholesky([[4.0, 2.0], [2.0, 5.0]])).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    factor = CHOLESKY(x)
    return matrix_transpose(factor) if upper else factor


def cho_solve(factor: ArrayLike, b: ArrayLike, /) -> Expr:
    """Solution of equations whose matrix has the given lower Cholesky factor."""
    half = solve_triangular(factor, b, lower=True)
    return solve_triangular(factor, half, lower=True, transpose=True)


def inv(x: ArrayLike, /) -> Expr:
    """Inverse of a matrix; NaN where there is none."""
    x = _square(x, "inv")
    return SOLVE(x, creation.eye(x.shape[-1], dtype=x.dtype))


def det(x: ArrayLike, /) -> Expr:
    """Determinant of a matrix."""
    return DET(x)


class Slogdet(NamedTuple):
    """Sign of a determinant, and the logarithm of its absolute value."""

    sign: Expr
    logabsdet: Expr


class Eigh(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Expr
    eigenvectors: Expr


class QRFactors(NamedTuple):
    """A matrix of orthonormal columns, and an upper triangular one."""

    Q: Expr
    R: Expr


class SVDFactors(NamedTuple):
    """Left singular vectors, singular values in descending order, right singular vectors."""

    U: Expr
    S: Expr
    Vh: Expr


def slogdet(x: ArrayLike, /) -> Slogdet:
    """Sign and logarithm of the absolute value of the determinant.

    Examples
    --------
    >>> import astragal as ag
    >>> sign, logabsdet = ag.linalg.slogdet([[0.0, 1.0], [1.0, 0.0]])
    >>> float(ag.evaluate(sign)), float(ag.evaluate(logabsdet))
    (-1.0, 0.0)
    """
    out = SLOGDET(x)
    return Slogdet(out[0], out[1])


def eigh(x: ArrayLike, /) -> Eigh:
    """Eigenvalues and eigenvectors of a symmetric matrix; only the lower triangle is read."""
    out = EIGH(x)
    return Eigh(out[0], out[1])


def eigvalsh(x: ArrayLike, /) -> Expr:
    """Eigenvalues of a symmetric matrix, ascending."""
    return EIGH(x)[0]


def qr(x: ArrayLike, /, *, mode: str = "reduced") -> QRFactors:
    """Orthogonal and upper triangular factor of a matrix."""
    out = QR(x, mode)
    return QRFactors(out[0], out[1])


def svd(x: ArrayLike, /, *, full_matrices: bool = True) -> SVDFactors:
    """Singular value decomposition: x is ``(U * S) @ Vh``."""
    out = SVD(x, full_matrices)
    return SVDFactors(out[0], out[1], out[2])


def svdvals(x: ArrayLike, /) -> Expr:
    """Singular values of a matrix, descending."""
    return SVD(x, False)[1]


def pinv(x: ArrayLike, /, *, rtol: float | None = None) -> Expr:
    """Moore-Penrose inverse: singular values below ``rtol`` times the greatest count as 0."""
    from astragal.ops.searching import where

    x = _matrix(x, "pinv")
    u, s, vh = svd(x, full_matrices=False)
    kept = e.greater(s, e.multiply(reductions.max(s, -1, True), _tolerance(x, rtol)))
    inverse = where(kept, e.reciprocal(where(kept, s, 1.0)), 0.0)
    return matmul(e.multiply(matrix_transpose(vh), inverse[..., None, :]), matrix_transpose(u))


def matrix_rank(x: ArrayLike, /, *, rtol: float | None = None) -> Expr:
    """Number of singular values above ``rtol`` times the greatest."""
    x = _matrix(x, "matrix_rank")
    s = svdvals(x)
    least = e.multiply(reductions.max(s, -1, True), _tolerance(x, rtol))
    return reductions.count_nonzero(e.greater(s, least), -1)


def _tolerance(x: Expr, rtol: float | None) -> Any:
    if rtol is not None:
        return rtol
    import numpy as np

    m, n = x.shape[-2:]
    longer = max(m, n) if isinstance(m, int) and isinstance(n, int) else e.maximum(m, n)
    return cast(e.multiply(longer, float(np.finfo(x.dtype).eps)), x.dtype)


def matrix_power(x: ArrayLike, n: int, /) -> Expr:
    """Product of a square matrix with itself n times; of its inverse where n is negative.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.linalg.matrix_power([[1.0, 1.0], [0.0, 1.0]], 5)).tolist()
    [[1.0, 5.0], [0.0, 1.0]]
    """
    x = _square(x, "matrix_power")
    if n < 0:
        x, n = inv(x), -n
    if n == 0:
        eye = creation.eye(x.shape[-1], dtype=x.dtype)
        return manipulation.broadcast_to(eye, x.shape)
    out: Expr | None = None
    while n:
        if n & 1:
            out = x if out is None else matmul(out, x)
        n >>= 1
        x = matmul(x, x) if n else x
    assert out is not None
    return out


# -- norms ----------------------------------------------------------------------------------


def vector_norm(
    x: ArrayLike,
    /,
    *,
    axis: int | Sequence[int] | None = None,
    keepdims: bool = False,
    ord: float = 2,
) -> Expr:
    """Norm of vectors along axes.

    Parameters
    ----------
    x
        Numbers.
    axis
        Axes of a vector, by default all.
    keepdims
        Whether reduced axes stay, with length 1.
    ord
        2, 1, infinity, minus infinity, 0 (the number of nonzero elements) or any other number.

    Examples
    --------
    >>> import astragal as ag
    >>> float(ag.evaluate(ag.linalg.vector_norm([3.0, -4.0])))
    5.0
    """
    x = as_expr(x)
    x = x if tensor_of(x, "vector_norm").dtype in FLOATS else cast(x, "float64")
    axes = normalize_axes(axis, x.ndim, "vector_norm")
    if ord == 2:
        return e.sqrt(reductions.sum(e.square(x), axes, keepdims))
    size = e.abs(x)
    if ord == math.inf:
        return reductions.max(size, axes, keepdims)
    if ord == -math.inf:
        return reductions.min(size, axes, keepdims)
    if ord == 0:
        return cast(reductions.count_nonzero(x, axes, keepdims), x.dtype)
    if ord == 1:
        return reductions.sum(size, axes, keepdims)
    return e.pow(reductions.sum(e.pow(size, float(ord)), axes, keepdims), 1.0 / ord)


def matrix_norm(x: ArrayLike, /, *, keepdims: bool = False, ord: float | str = "fro") -> Expr:
    """Norm of a matrix.

    Parameters
    ----------
    x
        Matrices.
    keepdims
        Whether the last two dimensions stay, with length 1.
    ord
        ``"fro"``, ``"nuc"`` (sum of singular values), 2 and -2 (greatest and least singular
        value), 1 and -1 (greatest and least sum of a column), infinity and minus infinity
        (of a row).
    """
    x = _matrix(x, "matrix_norm")
    largest, smallest, total = reductions.max, reductions.min, reductions.sum
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        pick = {"nuc": total, 2: largest, -2: smallest}[ord]
        out = pick(svdvals(x), -1)
        return expand_dims(expand_dims(out, -1), -1) if keepdims else out
    if isinstance(ord, str) or abs(ord) not in (1, math.inf):
        raise ValueError(f"matrix_norm: unknown ord {ord!r}")
    along, over = (-2, -1) if abs(ord) == 1 else (-1, -2)
    sums = total(e.abs(x), along, True)
    out = (largest if ord > 0 else smallest)(sums, over, True)
    return out if keepdims else out[..., 0, 0]


OPS: tuple[Op, ...] = (*(matmul, CHOLESKY, SOLVE, SOLVE_TRIANGULAR, DET, SLOGDET, EIGH, QR, SVD),)
