"""Jointly normal blocks: all coefficients of a regression at once.

The log density of the block given everything else is ``-x' A x / 2 + b' x``, read off by
`astragal.density.quadratic`. With A = L L', a draw is ``L'^-1 (L^-1 b + e)``, e standard
normal (Rue 2001, J. R. Stat. Soc. B 63:325-338).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from astragal.density.affine import Total
from astragal.density.algebra import fold, fold_all, simplify
from astragal.density.quadratic import quadratic_form
from astragal.density.sparsity import pattern, thin
from astragal.derive.banded import factorised, normal_log_density, order_of
from astragal.derive.conjugate import (
    KEY,
    Centre,
    Found,
    Natural,
    Neighbourhood,
    Neighbourhoods,
    support_word,
)
from astragal.derive.notation import write
from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.graph.types import TensorType
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.creation import zeros
from astragal.ops.manipulation import concatenate, permute_dims, reshape
from astragal.ops.special import HALF_LOG_2PI
from astragal.random import RANDOM_OPS
from astragal.random.distribution import random_parts
from astragal.random.multivariate import MATRIX, VECTOR

LARGEST_BLOCK = 64
"""Coordinates of a block of several variables that are not many: Cholesky's cost is cubic."""
LARGEST_DENSE = 128
"""Most coordinates of a block of several variables whose matrix has no band."""
LARGEST_COST = 1e6
"""Most nanoseconds, roughly, of a draw of several variables that have a band."""
LARGEST_BANDED = 4000
"""Most coordinates of a block of several variables that has a band."""
LARGEST_VECTOR = 2000
"""Most coordinates of one variable."""


@dataclass(frozen=True, eq=False)
class Block:
    """Variables that are jointly normal given all others."""

    names: tuple[str, ...]
    total: Total


def size_of(z: Expr) -> int | None:
    """Number of elements, where it is static."""
    if not isinstance(z.type, TensorType) or not all(isinstance(d, int) for d in z.shape):
        return None
    return math.prod(int(d) for d in z.shape)


def gaussian_blocks(reads: Neighbourhoods, names: Sequence[str]) -> list[Block]:
    """Find the largest sets of variables, in order, that are jointly normal and connected.

    Only blocks that need it are given: several variables tied together, or one whose
    elements are.
    """
    nears = {n: reads.of(n) for n in names}
    able = [n for n in names if _may_be_normal(nears[n], reads)]
    chosen: list[str] = []
    for n in able:
        # What others are in was read with them: only what this one is in can fail.
        zs = [nears[m].z for m in (*chosen, n)]
        if quadratic_form(zs, terms_of([nears[n]])) is not None:
            chosen.append(n)
    total = _form(reads, chosen, nears) if chosen else None
    if total is None:
        return []
    return [b for part in _components(chosen, total, nears) if (b := _block(reads, part, nears))]


def _may_be_normal(near: Neighbourhood, reads: Neighbourhoods) -> bool:
    own, z = near.own, near.z
    n = size_of(z)
    if own is None or n is None or n > LARGEST_VECTOR or not _real(near):
        return False
    return all(
        f is own or f.support is None or not reads.depends(f.support, z) for f in near.factors
    )


def _real(near: Neighbourhood) -> bool:
    assert near.own is not None
    if support_word(near.own) == "real":
        return True
    domain = random_parts(near.own.rv)[0].support(*near.own.parameters)
    return domain is VECTOR or domain is MATRIX


def _form(
    reads: Neighbourhoods, names: Sequence[str], nears: Mapping[str, Neighbourhood]
) -> Total | None:
    return quadratic_form([nears[n].z for n in names], terms_of([nears[n] for n in names]))


def terms_of(nears: Iterable[Neighbourhood]) -> tuple[Expr, ...]:
    """All that reads some variables, each term once."""
    terms: dict[Expr, None] = {}
    for near in nears:
        terms.update(dict.fromkeys(f.density for f in near.factors))
        terms.update(dict.fromkeys(near.extra))
    return tuple(terms)


def _components(
    names: list[str], total: Total, nears: Mapping[str, Neighbourhood]
) -> list[list[str]]:
    """Split a set by which variables have products with each other."""
    name_of = {nears[n].z: n for n in names}
    group = {n: n for n in names}

    def root(n: str) -> str:
        while group[n] != n:
            n = group[n]
        return n

    for z, w in total.blocks:
        group[root(name_of[z])] = root(name_of[w])
    parts: dict[str, list[str]] = {}
    for n in names:
        parts.setdefault(root(n), []).append(n)
    return list(parts.values())


def _block(
    reads: Neighbourhoods, part: list[str], nears: Mapping[str, Neighbourhood]
) -> Block | None:
    if len(part) > 1:
        # The largest variables stay outside where the whole is too large.
        part = sorted(part, key=lambda n: size_of(nears[n].z) or 0)
        while len(part) > 1:
            key = (_is_dear, tuple(part), terms_of([nears[n] for n in part]))
            if key not in reads.blocks:
                reads.blocks[key] = _is_dear(reads, part, nears)
            if not reads.blocks[key]:
                break
            part = part[:-1]
        order = list(nears)
        part = sorted(part, key=order.index)
    if len(part) == 1 and nears[part[0]].z.shape == ():
        return None
    form = _form(reads, part, nears)
    return None if form is None else Block(tuple(part), form)


def _is_dear(reads: Neighbourhoods, part: list[str], nears: Mapping[str, Neighbourhood]) -> bool:
    """Whether a block is large, and has no band that makes it cheap nevertheless."""
    zs = [nears[n].z for n in part]
    sizes = [size_of(z) or 0 for z in zs]
    if sum(sizes) <= LARGEST_BLOCK:
        return False
    form = _form(reads, part, nears) if sum(sizes) <= LARGEST_BANDED else None
    if form is None:
        return True
    nonzero = pattern(fold_all(simplify(precision_of(form, zs, sizes))))
    order = order_of(nonzero | nonzero.T)
    return sum(sizes) > LARGEST_DENSE if order is None else order.cost > LARGEST_COST


def gaussian(block: Block, reads: Neighbourhoods, dense_to: int = 0) -> Found:
    """Give the law of a jointly normal block.

    Parameters
    ----------
    block
        The variables, with their quadratic form.
    reads
        The joint law.
    dense_to
        Up to how many coordinates a dense matrix is wanted, which the search can read on.
    """
    coordinates = reads.joint.coordinates
    zs = [coordinates[n] for n in block.names]
    sizes = [size_of(z) or 0 for z in zs]
    precision = fold_all(simplify(precision_of(block.total, zs, sizes)))
    linear = thin(fold_all(simplify(linear_of(block.total, zs, sizes))))
    n = sum(sizes)
    noise = RANDOM_OPS["normal"](KEY, (n,), 0.0, 1.0)
    flat = [reshape(z, (k,)) for z, k in zip(zs, sizes, strict=True)]
    x = concatenate(flat) if len(flat) > 1 else flat[0]
    banded = factorised(precision, linear) if n > dense_to else None
    draw: Callable[[Expr], Expr]
    if banded is not None:
        draw, logq, log_root = banded.draw, normal_log_density(banded, x), banded.log_root
        marginal = banded.half_square - log_root + n * HALF_LOG_2PI
    else:
        draw, logq, log_root, marginal = _dense(thin(precision), linear, x)

    def parts(whole: Expr) -> dict[str, Expr]:
        out, start = {}, 0
        for name, z, k in zip(block.names, zs, sizes, strict=True):
            out[name] = reshape(whole[start : start + k], z.shape)
            start += k
        return out

    if block.total.const is not None:
        marginal = marginal + block.total.const

    def text(labels: Mapping[Expr, str]) -> str:
        a, b = write(precision, labels), write(linear, labels)
        a = a if len(a) < 60 and ";" not in a else "-d2 log p / dx dx'"
        b = b if len(b) < 60 and ";" not in b else "d log p / dx at x = 0"
        return f"MultivariateNormal(inv(A) b, precision = A), A = {a}, b = {b}"

    return Found(
        targets=block.names,
        family="multivariate_normal",
        law=None,
        outputs=parts(draw(noise)),
        logq=logq,
        marginal=marginal,
        text=text,
        centre=Centre(parts(draw(zeros((n,)))), log_root - n * HALF_LOG_2PI),
        natural=Natural((precision, linear), lambda a, b: _dense(a, b, x)[3]),
    )


def _dense(
    precision: Expr, linear: Expr, x: Expr
) -> tuple[Callable[[Expr], Expr], Expr, Expr, Expr]:
    """From noise to draws, log density, half of the log determinant, log of the integral."""
    root = fold(linalg.cholesky(precision))
    half = linalg.solve_triangular(root, linear, lower=True)

    def draw(noise: Expr) -> Expr:
        return linalg.solve_triangular(root, half + noise, lower=True, transpose=True)

    away = linalg.matmul(permute_dims(root), x) - half
    log_root = r.sum(e.log(linalg.diagonal(root)))
    constant_part = scalar(int(x.shape[0]) * HALF_LOG_2PI, "float64")
    logq = -0.5 * r.sum(e.square(away)) + log_root - constant_part
    return draw, logq, log_root, 0.5 * r.sum(e.square(half)) - log_root + constant_part


def precision_of(total: Total, zs: Sequence[Expr], sizes: Sequence[int]) -> Expr:
    """Give the matrix A of a form ``-x' A x / 2 + b' x``, x the variables one after the other."""
    rows = []
    for z, k in zip(zs, sizes, strict=True):
        row = []
        for w, m in zip(zs, sizes, strict=True):
            parts = []
            if (z, w) in total.blocks:
                parts.append(total.blocks[z, w])
            if (w, z) in total.blocks:
                parts.append(permute_dims(total.blocks[w, z]))
            if z is w and parts:
                # The matrix of a square is symmetric: twice itself.
                parts = [_symmetric(parts[0])]
            whole = parts[0] if parts else zeros((k, m))
            for p in parts[1:]:
                whole = whole + p
            row.append(e.negative(whole))
        rows.append(concatenate(row, 1) if len(row) > 1 else row[0])
    return concatenate(rows, 0) if len(rows) > 1 else rows[0]


def _symmetric(block: Expr) -> Expr:
    return block + permute_dims(block)


def linear_of(total: Total, zs: Sequence[Expr], sizes: Sequence[int]) -> Expr:
    """Give the vector b of such a form."""
    parts = [
        total.linear[z] if z in total.linear else zeros((k,))
        for z, k in zip(zs, sizes, strict=True)
    ]
    return concatenate(parts, 0) if len(parts) > 1 else parts[0]
