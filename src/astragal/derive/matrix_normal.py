"""Jointly normal blocks whose covariance is a latent matrix: the matrix normal law.

Where the log density of some vectors or matrices M, all else given, is
``tr(W (B' M - M' K M / 2))`` with W a latent precision matrix or the inverse of a latent
covariance matrix, M is normal with mean ``K^-1 B``, rows of covariance ``K^-1`` and columns
of covariance ``W^-1``. What is left without M is linear in W and ``log |W|``, so that the
law of the matrix can be found next (Gelman et al., BDA3, section 3.6; Rossi, Allenby &
McCulloch 2005, Bayesian Statistics and Marketing, section 2.8.5).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.density.algebra import fold_all, simplify
from astragal.density.determinants import linear_in
from astragal.density.quadratic import quadratic_form
from astragal.derive.check import compiled
from astragal.derive.conjugate import KEY, Found, Neighbourhoods
from astragal.derive.gaussian import linear_of, precision_of, terms_of
from astragal.derive.notation import write
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import constant, scalar
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import TensorType
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.manipulation import concatenate, matrix_transpose, reshape
from astragal.ops.special import HALF_LOG_2PI
from astragal.random import RANDOM_OPS
from astragal.random.distribution import is_random, random_parts
from astragal.random.multivariate import COVARIANCE

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Law:
    """``tr(W (B' M - M' K M / 2))``, where the rows of M are coordinates of the variables.

    Attributes
    ----------
    z
        The latent matrix.
    inverse
        Whether W is its inverse.
    rows
        For each row of M, the places of its entries among the coordinates.
    precision, linear
        K and B.
    const
        What the log density is besides, free of M.
    """

    z: Expr
    inverse: bool
    rows: Array
    precision: Expr
    linear: Expr
    const: Expr


def matrix_normal(names: Sequence[str], reads: Neighbourhoods) -> Found | None:
    """Find the matrix normal law of jointly normal variables; None where they have none."""
    coordinates = reads.joint.coordinates
    zs = [coordinates[n] for n in names]
    terms = terms_of([reads.of(n) for n in names])
    for z in covariances(names, reads):
        law = _law(z, zs, terms)
        if law is not None:
            return _found(law, names, zs)
    return None


def covariances(names: Sequence[str], reads: Neighbourhoods) -> Iterator[Expr]:
    """Give the latent covariance and precision matrices beside some variables."""
    for name in reads.joint.coordinates:
        own = reads.of(name).own
        if own is not None and name not in names and _is_covariance(own.rv, own.parameters):
            yield own.value


def _is_covariance(rv: Expr, parameters: Sequence[Expr]) -> bool:
    if not is_random(rv):
        return False
    domain = random_parts(rv)[0].support(*parameters)
    return domain is COVARIANCE and len(rv.shape) == 2


def _law(z: Expr, zs: Sequence[Expr], terms: Sequence[Expr]) -> Law | None:
    found = linear_in(z, terms)
    if found is None:
        return None
    stands = [t for t in found.stand_ins[:2] if t in found.slopes]
    if len(stands) != 1:
        return None
    (w,) = stands
    total = quadratic_form(zs, [found.whole])
    if total is None:
        return None
    sizes = [math.prod(int(d) for d in x.shape) for x in zs]
    precision, linear = precision_of(total, zs, sizes), linear_of(total, zs, sizes)
    for rows in _layouts(zs, int(z.shape[-1])):
        if _is_product(precision, linear, w, rows):
            break
    else:
        return None
    at_one = {w: constant(np.eye(int(z.shape[-1])))}
    k, b = substitute([precision, linear], at_one)
    first = rows[:, 0]
    inverse = w is found.stand_ins[1]
    const = scalar(0.0, "float64") if total.const is None else total.const
    root = linalg.cholesky(z)
    back = {w: linalg.inv(z) if inverse else z, found.stand_ins[2]: 2.0 * _log_root(root)}
    return Law(
        z,
        inverse,
        rows,
        fold_all(simplify(k[first[:, None], first])),
        fold_all(simplify(b[rows])),
        substitute([const], back)[0],
    )


def _layouts(zs: Sequence[Expr], q: int) -> Iterable[Array]:
    """Ways to write the coordinates as a matrix of q columns: by the last axis, or the first."""
    ways: list[list[Array]] = []
    start = 0
    for z in zs:
        shape = tuple(int(d) for d in z.shape)
        places: Array = np.arange(math.prod(shape)).reshape(shape) + start
        start += places.size
        mine = [places.reshape(-1, q)] if shape and shape[-1] == q else []
        if len(shape) == 2 and shape[0] == q:
            mine.append(places.T)
        ways.append(mine)
    return (np.concatenate(way) for way in itertools.product(*ways))


def _is_product(precision: Expr, linear: Expr, w: Expr, rows: Array) -> bool:
    """Whether the precision is that of the rows times W, and the linear part a matrix times W.

    Both are linear in W, so that generic values of W, and of all else, tell.
    """
    inputs = [x for x in toposort([precision, linear]) if x.op is w.op or x.op is INPUT]
    run = compiled([w, *(x for x in inputs if x is not w)], [precision, linear])
    rng = np.random.default_rng(7)
    q = rows.shape[1]
    flat = rows.ravel()
    for _ in range(2):
        rest = [_generic(x, rng) for x in inputs if x is not w]
        a, b = run(np.eye(q), *rest)
        k, h = a[np.ix_(rows[:, 0], rows[:, 0])], b[rows]
        root = rng.normal(size=(q, q + 1))
        value = root @ root.T
        a, b = run(value, *rest)
        if not np.allclose(a[np.ix_(flat, flat)], np.kron(k, value), rtol=1e-9, atol=1e-9):
            return False
        if not np.allclose(b[flat], (h @ value).ravel(), rtol=1e-9, atol=1e-9):
            return False
    return True


def _generic(x: Expr, rng: np.random.Generator) -> object:
    assert isinstance(x.type, TensorType)
    shape = tuple(int(d) for d in x.shape)
    if len(shape) > 1 and shape[-1] == shape[-2]:
        # Another matrix may be a covariance.
        root = rng.normal(size=(*shape[:-1], shape[-1] + 1))
        return np.matmul(root, np.swapaxes(root, -1, -2)).astype(x.dtype)
    return rng.uniform(0.3, 1.5, size=shape).astype(x.dtype)


def _log_root(root: Expr) -> Expr:
    return r.sum(e.log(linalg.diagonal(root)), -1)


def _found(law: Law, names: Sequence[str], zs: Sequence[Expr]) -> Found:
    p, q = law.rows.shape
    root, side = linalg.cholesky(law.precision), linalg.cholesky(law.z)
    half = linalg.solve_triangular(fold_all(root), law.linear, lower=True)
    noise = RANDOM_OPS["normal"](KEY, (p, q), 0.0, 1.0)
    if law.inverse:
        spread = linalg.matmul(noise, matrix_transpose(side))
    else:
        turned = matrix_transpose(noise)
        spread = linalg.solve_triangular(side, turned, lower=True, transpose=True)
        spread = matrix_transpose(spread)
    draw = linalg.solve_triangular(fold_all(root), half + spread, lower=True, transpose=True)
    flat = [reshape(z, (-1,)) for z in zs]
    x = concatenate(flat) if len(flat) > 1 else flat[0]
    away = linalg.matmul(matrix_transpose(root), x[law.rows]) - half
    if law.inverse:
        white = linalg.solve_triangular(side, matrix_transpose(away), lower=True)
        w: Expr = linalg.inv(law.z)
    else:
        white, w = linalg.matmul(away, side), law.z
    sign = -1.0 if law.inverse else 1.0
    log_roots = q * _log_root(root) + sign * p * _log_root(side)
    constant_part = p * q * HALF_LOG_2PI
    square = r.sum(linalg.matmul(matrix_transpose(half), half) * w)
    return Found(
        targets=tuple(names),
        family="matrix_normal",
        law=None,
        outputs=_parts(draw, law.rows, names, zs),
        logq=log_roots - 0.5 * r.sum(e.square(white)) - constant_part,
        marginal=law.const + 0.5 * square - log_roots + constant_part,
        text=lambda labels: _text(law, labels),
    )


def _parts(draw: Expr, rows: Array, names: Sequence[str], zs: Sequence[Expr]) -> dict[str, Expr]:
    flat = reshape(draw, (-1,))
    if not np.array_equal(rows.ravel(), np.arange(rows.size)):
        flat = flat[np.argsort(rows.ravel())]
    out: dict[str, Expr] = {}
    start = 0
    for name, z in zip(names, zs, strict=True):
        size = math.prod(int(d) for d in z.shape)
        out[name] = reshape(flat[start : start + size], z.shape)
        start += size
    return out


def _text(law: Law, labels: Mapping[Expr, str]) -> str:
    matrix = write(law.z, labels)
    columns = matrix if law.inverse else f"inv({matrix})"
    if law.rows.shape[0] == 1:
        mean = simplify(law.linear[0] / law.precision[0, 0])
        k = write(fold_all(law.precision[0, 0]), labels)
        shown = write(mean, labels)
        shown = shown if len(shown) < 60 and ";" not in shown else "b / k, b = d log p / d mean"
        return f"MultivariateNormal({shown}, {columns} / {k})"
    a, b = write(law.precision, labels), write(law.linear, labels)
    a = a if len(a) < 60 and ";" not in a else "-d2 log p / dx dx'"
    b = b if len(b) < 60 and ";" not in b else "d log p / dx at x = 0"
    return f"MatrixNormal(inv(K) B, inv(K), {columns}), K = {a}, B = {b}, of {matrix} = I"
