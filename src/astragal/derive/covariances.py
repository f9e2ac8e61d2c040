"""Gibbs steps of covariance and precision matrices.

A log density that is linear in a positive definite matrix Z and in log |Z| is a Wishart
law; one that is linear in the inverse of Z and in log |Z| an inverse Wishart law.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from astragal.density.algebra import fold_all, simplify
from astragal.density.determinants import matrix_form
from astragal.derive.conjugate import KEY, Found, Neighbourhood, Neighbourhoods, law_density
from astragal.derive.notation import write_law
from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.creation import arange
from astragal.ops.manipulation import astype, broadcast_to, matrix_transpose
from astragal.random import RANDOM_OPS
from astragal.random.distribution import random_parts
from astragal.random.multivariate import COVARIANCE


def matrix_law(near: Neighbourhood, reads: Neighbourhoods) -> Found | str | None:
    """Find the Wishart or inverse Wishart law of a matrix given all else.

    Returns
    -------
    Found, str or None
        Why there is none; None for a variable that is no positive definite matrix.
    """
    own, z = near.own, near.z
    if own is None or random_parts(own.rv)[0].support(*own.parameters) is not COVARIANCE:
        return None
    for f in near.factors:
        if f is not own and f.support is not None and reads.depends(f.support, z):
            return f"the support of {f.name} depends on it"
    n = z.shape[-1]
    form = matrix_form(z, [*near.extra, *(f.density for f in near.factors)])
    if form is None or not isinstance(n, int):
        return "its log density is not linear in it, or in its inverse, and its log determinant"
    batch = z.shape[:-2]
    if (form.linear is None) == (form.inverse is None):
        return "no family has the statistics Z, inverse(Z) and log det(Z)"
    slope = form.inverse if form.linear is None else form.linear
    assert slope is not None
    # -1/2 tr(A Z), A symmetric: the gradient by all entries is -A/2.
    precision = simplify(-(slope + matrix_transpose(slope)))
    precision = fold_all(broadcast_to(precision, z.shape))
    log_det = broadcast_to(form.log_det, batch)
    inverse = form.linear is None
    if inverse:
        family, df, scale = "inverse_wishart", -2.0 * log_det - (n + 1.0), precision
    else:
        scale = linalg.inv(precision)
        scale = 0.5 * (scale + matrix_transpose(scale))
        family, df = "wishart", 2.0 * log_det + (n + 1.0)
    df = simplify(df, keep_shape=False)
    law = RANDOM_OPS[family](KEY, batch, df, fold_all(scale))
    name = str(z.args[0])
    half = r.sum(e.log(linalg.diagonal(linalg.cholesky(precision))), -1)
    normaliser = 0.5 * df * n * math.log(2.0) - df * half + _log_multigamma(0.5 * df, n)
    return Found(
        targets=(name,),
        family=family,
        law=law,
        outputs={name: law},
        logq=law_density(law, z),
        marginal=simplify(form.const + r.sum(broadcast_to(normaliser, batch))),
        text=lambda labels: _text(law, labels),
        finder="wishart_form",
    )


def _text(law: Expr, labels: Mapping[Expr, str]) -> str:
    shown = write_law(law, labels)
    if len(shown) < 120 and ";" not in shown:
        return shown
    if law.op.name == "wishart":
        return "Wishart(n + 1 + 2 d log p / d log det(x), inv(-2 d log p / dx))"
    return "InverseWishart(-n - 1 - 2 d log p / d log det(x), -2 d log p / d inv(x))"


def _log_multigamma(a: Expr, n: int) -> Expr:
    """Log of the multivariate gamma function (Muirhead 1982, Theorem 2.1.12)."""
    i = astype(arange(n), "float64")
    parts = sp.gammaln(a[..., None] - 0.5 * i)
    return 0.25 * n * (n - 1.0) * math.log(math.pi) + r.sum(parts, -1)
