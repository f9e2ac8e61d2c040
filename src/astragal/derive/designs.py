r"""Coefficients of constant, nearly dependent columns, by orthogonal columns in their place.

    X = Q R        w = R x        X x = Q w

The matrix ``X' X`` of a normal law of x has the square of X's condition, and for powers of a
number no digit may be left; that of w is the identity, near enough (Golub & Van Loan 2013,
Matrix Computations, section 5.3). Only where x is read through such products alone: a prior that
says something may be all that is known of a direction, and is flat in no other coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from astragal.density.quadratic import quadratic_form
from astragal.derive.conjugate import Centre, Found, Neighbourhoods
from astragal.derive.gaussian import Block, gaussian, terms_of
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, scalar, value_of
from astragal.graph.traverse import children, substitute, toposort
from astragal.ops import elementwise as e
from astragal.ops import linalg

LARGEST_CONDITION = 1e5
"""Of columns of length 1; beyond it, half of the digits of a law may be lost."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class _Basis:
    """Orthogonal columns in place of those that one variable is multiplied by."""

    products: Mapping[Expr, Expr]
    root: Array
    lengths: Array

    def into(self, x: Expr) -> Expr:
        """From the coefficients of the columns to those of the orthogonal ones."""
        return linalg.matmul(constant(self.root), x * constant(self.lengths))

    def back(self, w: Expr) -> Expr:
        """From the coefficients of the orthogonal columns to those of the given ones."""
        return e.divide(linalg.solve_triangular(constant(self.root), w), constant(self.lengths))

    @property
    def log_slope(self) -> float:
        """Log determinant of the way in."""
        return float(np.log(np.abs(np.diag(self.root)) * self.lengths).sum())


def by_orthogonal_columns(block: Block, reads: Neighbourhoods, dense_to: int = 0) -> Found | None:
    """Give the law of a jointly normal block, or None where the usual way loses nothing."""
    zs = {n: reads.joint.coordinates[n] for n in block.names}
    terms = terms_of([reads.of(n) for n in block.names])
    bases = {n: b for n, z in zs.items() if (b := _basis(z, terms)) is not None}
    if not bases:
        return None
    products = {old: new for b in bases.values() for old, new in b.products.items()}
    total = quadratic_form([*zs.values()], dict.fromkeys(substitute(terms, products)))
    if total is None:
        return None
    found = gaussian(replace(block, total=total), reads, dense_to)
    into = {zs[n]: b.into(zs[n]) for n, b in bases.items()}
    slope = scalar(sum(b.log_slope for b in bases.values()), "float64")

    def back(values: Mapping[str, Expr]) -> dict[str, Expr]:
        return {n: bases[n].back(x) if n in bases else x for n, x in values.items()}

    assert found.centre is not None
    return replace(
        found,
        outputs=back(found.outputs),
        logq=substitute([found.logq], into)[0] + slope,
        marginal=found.marginal - slope,
        text=lambda _: (
            f"MultivariateNormal by orthogonal columns (Q R = X) for {', '.join(bases)}: "
            "R x ~ MultivariateNormal(inv(A) b, precision = A), A = -d2 log p / d(R x) d(R x)'"
        ),
        centre=Centre(back(found.centre.values), found.centre.logq + slope),
    )


def _basis(z: Expr, terms: Sequence[Expr]) -> _Basis | None:
    """Find the columns of a vector that is read as their coefficients alone."""
    readers = [node for node in toposort(terms) if z in children(node)]
    if z.ndim != 1 or not readers or any(not _is_product(node, z) for node in readers):
        return None
    matrices = [value_of(node.args[0]) for node in readers]
    whole = np.concatenate(matrices)
    lengths = np.sqrt(np.square(whole).sum(axis=0))
    if whole.shape[0] < whole.shape[1] or not np.isfinite(lengths).all() or not lengths.all():
        return None
    columns, root = np.linalg.qr(whole / lengths)
    values = np.linalg.svd(root, compute_uv=False)
    if not LARGEST_CONDITION * values[-1] < values[0] < values[-1] / np.finfo(float).eps:
        return None
    ends = np.cumsum([m.shape[0] for m in matrices])[:-1]
    parts = np.split(columns, ends)
    new = {node: linalg.matmul(constant(q), z) for node, q in zip(readers, parts, strict=True)}
    return _Basis(new, root, lengths)


def _is_product(node: Expr, z: Expr) -> bool:
    """Whether it is a constant matrix times the vector."""
    if node.op.name != "matmul" or node.args[1] is not z:
        return False
    matrix = node.args[0]
    return isinstance(matrix, Expr) and is_constant(matrix) and matrix.ndim == 2
