"""Whole matrices of derivatives, one row or column after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astragal.graph.expr import Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute
from astragal.graph.types import Dim
from astragal.ops import dims
from astragal.ops.control import scan
from astragal.ops.creation import eye
from astragal.ops.gradient.build import Ct, expand, lit, reshape
from astragal.ops.gradient.engine import forward, reverse
from astragal.ops.manipulation import moveaxis


def _size(x: Expr) -> Dim:
    return dims.product(x.shape)


def _by_basis(unit: Expr, results: Sequence[Expr]) -> list[Expr]:
    """Compute results that are linear in an array for each of its unit arrays, stacked."""
    if not unit.shape:
        one = lit(1.0, unit)
        return list(substitute(results, {unit: one}))

    def row(carry: tuple[()], basis: Expr) -> tuple[tuple[()], list[Expr]]:
        return (), list(substitute(results, {unit: reshape(basis, unit.shape)}))

    _, rows = scan(row, (), eye(_size(unit), dtype=unit.dtype))
    return [reshape(r, (*unit.shape, *r.shape[1:])) for r in rows]


def rows_of(y: Expr, wrt: Sequence[Expr]) -> list[Expr]:
    """Derivatives of one array by several, by a reverse pass for each of its elements."""
    u = placeholder(y.type)
    found = reverse([y], [u], wrt)
    return _filled(u, y, wrt, found, lambda stacked, x: stacked)


def columns_of(y: Expr, x: Expr) -> Expr:
    """Derivative of one array by another, by a forward pass for each element of that."""
    u = placeholder(x.type)
    found = forward([y], [x], [u])
    n = x.ndim

    def turn(stacked: Expr, x: Expr) -> Expr:
        return moveaxis(stacked, tuple(range(n)), tuple(range(y.ndim, y.ndim + n)))

    return _filled(u, y, [x], found, turn)[0]


def _filled(u: Expr, y: Expr, wrt: Sequence[Expr], found: Sequence[Ct], place: Any) -> list[Expr]:
    """Compute what is not zero, and put zeros where there is nothing to compute."""
    there = [f for f in found if f is not None]
    stacked = iter(_by_basis(u, there) if there else [])
    out: list[Expr] = []
    for x, f in zip(wrt, found, strict=True):
        shape = (*y.shape, *x.shape)
        out.append(expand(lit(0.0, y), shape) if f is None else place(next(stacked), x))
    return out


def is_wide(y: Expr, wrt: Sequence[Expr]) -> bool:
    """Tell whether there are at least as many places to differentiate by as values."""
    rows, columns = _size(y), [_size(x) for x in wrt]
    if isinstance(rows, int) and all(isinstance(c, int) for c in columns):
        return rows <= sum(c for c in columns if isinstance(c, int))
    return True
