"""Rules for factorisations and systems of equations, on stacks of matrices.

``cholesky`` and ``eigh`` read the lower triangle alone, and their gradients lie in it.
Where eigenvalues or singular values coincide, their vectors are not functions of the
matrix, and the gradients of these are NaN or infinite.

Source: M. Giles, Collected matrix derivative results for forward and reverse mode
algorithmic differentiation (2008); for the singular value decomposition J. Townsend,
Differentiating the singular value decomposition (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astragal.graph.expr import Expr
from astragal.graph.types import same_dim
from astragal.ops import elementwise as e
from astragal.ops.creation import IOTA, eye, tril, triu
from astragal.ops.gradient.build import Ct, add, mul, neg, sub, where
from astragal.ops.gradient.engine import unsupported
from astragal.ops.gradient.shapes import Needs, Parts, only
from astragal.ops.indexing import ITEM
from astragal.ops.linalg import SOLVE, SOLVE_TRIANGULAR, diag, matmul
from astragal.ops.manipulation import matrix_transpose
from astragal.ops.searching import where as select


def _t(x: Expr) -> Expr:
    if x.op.name == "permute_dims" and x.args[1] == (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2):
        inner: Expr = x.args[0]
        return inner
    return matrix_transpose(x)


def _mm(*factors: Expr) -> Expr:
    out = factors[0]
    for f in factors[1:]:
        out = matmul(out, f)
    return out


def _half_lower(x: Expr) -> Ct:
    """Give the lower triangle, with half the diagonal."""
    row, column = _places(x)
    return where(e.greater(row, column), x, where(e.equal(row, column), mul(0.5, x), None))


def _places(x: Expr) -> tuple[Expr, Expr]:
    n = x.shape[-1]
    return IOTA(n, "int64")[:, None], IOTA(n, "int64")


def _lower_of_symmetric(s: Expr) -> Ct:
    """Turn a gradient over symmetric matrices into one over their lower triangles."""
    return _half_lower(e.add(s, _t(s)))


def _cholesky_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    inner = _half_lower(_mm(_t(node), g))
    assert inner is not None
    left = SOLVE_TRIANGULAR(_t(node), inner, False, False)
    whole = _t(SOLVE_TRIANGULAR(_t(node), _t(left), False, False))
    return only(_lower_of_symmetric(whole), node)


def _solve_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    a, _ = node.args
    right = SOLVE(_t(a), g)
    return [neg(_mm(right, _t(node))) if needs[0] else None, right if needs[1] else None]


def _solve_triangular_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    a, _, lower, unit = node.args
    right = SOLVE_TRIANGULAR(_t(a), g, not lower, unit)
    left: Ct = None
    if needs[0]:
        whole = _mm(right, _t(node))
        left = neg(tril(whole, k=-int(unit)) if lower else triu(whole, k=int(unit)))
    return [left, right if needs[1] else None, None, None]


def _inverse_transpose(a: Expr) -> Expr:
    return SOLVE(_t(a), eye(a.shape[-1], dtype=a.dtype))


def _det_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    scale = mul(g, node)
    assert scale is not None
    return only(mul(scale[..., None, None], _inverse_transpose(node.args[0])), node)


def _slogdet_rule(node: Expr, g: Sequence[Ct], needs: Needs) -> Parts:
    if g[1] is None:  # the sign is a step
        return only(None, node)
    return only(mul(g[1][..., None, None], _inverse_transpose(node.args[0])), node)


def _gaps(values: Expr) -> Expr:
    """One over the difference of the j-th and the i-th value, and 0 on the diagonal."""
    row, column = _places(values)
    apart = e.subtract(values[..., None, :], values[..., :, None])
    same = e.equal(row, column)
    return select(same, 0.0, e.divide(1.0, select(same, 1.0, apart)))


def _eigh_rule(node: Expr, g: Sequence[Ct], needs: Needs) -> Parts:
    w, v = ITEM(node, 0), ITEM(node, 1)
    inner: Ct = None if g[0] is None else diag(g[0])
    if g[1] is not None:
        inner = add(inner, mul(_gaps(w), _mm(_t(v), g[1])))
    assert inner is not None
    return only(_lower_of_symmetric(_mm(v, inner, _t(v))), node)


def _qr_rule(node: Expr, g: Sequence[Ct], needs: Needs) -> Parts:
    a, mode = node.args
    q, r = ITEM(node, 0), ITEM(node, 1)
    m, n = a.shape[-2:]
    tall = isinstance(m, int) and isinstance(n, int) and m >= n
    if not (same_dim(m, n) or (tall and mode == "reduced")):
        raise unsupported(
            node,
            "the factors are smooth functions of a matrix only with as many rows as columns "
            "or more, in the reduced mode",
        )
    middle: Ct = None if g[1] is None else _mm(r, _t(g[1]))
    if g[0] is not None:
        middle = sub(middle, _mm(_t(g[0]), q))
    assert middle is not None
    symmetric = e.add(tril(middle), _t(tril(middle, k=-1)))
    whole = add(g[0], _mm(q, symmetric))
    assert whole is not None
    return only(_t(SOLVE_TRIANGULAR(r, _t(whole), False, False)), node)


def _svd_rule(node: Expr, g: Sequence[Ct], needs: Needs) -> Parts:
    a, full = node.args
    u, s, vh = (ITEM(node, i) for i in range(3))
    gu, gs, gvh = g
    if full and not same_dim(*a.shape[-2:]):
        if gu is not None or gvh is not None:
            raise unsupported(
                node,
                "the vectors beyond the singular ones are no function of the matrix; "
                "use full_matrices=False",
            )
        k = s.shape[-1]
        u, vh = u[..., :, :k], vh[..., :k, :]
    row, column = s[..., None, :], s[..., :, None]
    inner: Ct = None if gs is None else diag(gs)
    outside: Ct = None
    gaps = _gaps(e.square(s))
    if gu is not None:
        turn = sub(_mm(_t(u), gu), _mm(_t(gu), u))
        inner = add(inner, mul(mul(gaps, turn), row))
        rest = e.divide(e.subtract(gu, _mm(u, _t(u), gu)), row)
        outside = _mm(rest, vh)
    if gvh is not None:
        v, gv = _t(vh), _t(gvh)
        turn = sub(_mm(vh, gv), _mm(gvh, v))
        inner = add(inner, mul(column, mul(gaps, turn)))
        rest = e.divide(e.subtract(gvh, _mm(gvh, v, vh)), column)
        outside = add(outside, _mm(u, rest))
    assert inner is not None
    return only(add(_mm(u, inner, vh), outside), node)


RULES: dict[str, Any] = {
    "cholesky": _cholesky_rule,
    "solve": _solve_rule,
    "solve_triangular": _solve_triangular_rule,
    "det": _det_rule,
    "slogdet": _slogdet_rule,
    "eigh": _eigh_rule,
    "qr": _qr_rule,
    "svd": _svd_rule,
}
