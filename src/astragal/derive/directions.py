"""Coordinates of a normal vector along directions that data tell apart.

Of x ~ Normal(m, s^2 C), C = L L' known, of which data tell about as much as h ~ Normal(x, inv(D)),
the elements of w = V' inv(L) x, V the eigenvectors of L' D L, are independent given s, and the
data tell of each alone: of some much, as of the level of a smooth curve, of others next to
nothing. Each has coordinates of its own between those as they are and standardised ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from astragal.compile.simplify import simplify
from astragal.density.joint import Factor
from astragal.density.transforms import Transform
from astragal.derive.between import pulled
from astragal.derive.check import Array, compiled
from astragal.derive.noncentred import Standard
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, value_of
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops.manipulation import broadcast_to


def along(
    s: Standard, own: Factor, told: Array, coordinates: Mapping[str, Expr], at: Mapping[str, Array]
) -> Standard:
    """Turn standardised coordinates, and take off what the data tell along each of them.

    Parameters
    ----------
    s
        Standardised coordinates of one normal vector.
    own
        Its law.
    told
        The matrix of what the data tell of the elements of these.
    coordinates, at
        The model's variables, and their values where that was read off.

    Returns
    -------
    Standard
        The same, where the covariance is no multiple of a known one.
    """
    mean, covariance = own.parameters
    read = _multiple(covariance)
    if read is None or not np.isfinite(told).all():
        return s
    factor, scale = read
    mean = broadcast_to(mean, own.value.shape)
    share, turn = np.linalg.eigh(told)
    share = np.maximum(share, 0.0)
    forth = factor @ turn
    back = np.linalg.solve(factor.T, turn).T
    run = compiled(list(coordinates.values()), [scale, mean, own.value])
    sd, loc, here = (np.asarray(x) for x in run(*(at[n] for n in coordinates)))
    inner = pulled(constant(back) @ mean, scale, share, loc=back @ loc, sd=sd, at=back @ here)
    if inner is None:
        return s
    t, density = inner
    per_element = float(np.log(np.diagonal(factor)).mean())
    transform = Transform(
        lambda u: constant(forth) @ t.forward(u),
        lambda x: t.backward(constant(back) @ x),
        lambda u: t.log_jacobian(u) + per_element,
        s.transform.shape,
    )
    return replace(s, transform=transform, density=density)


def _multiple(covariance: Expr) -> tuple[Array, Expr] | None:
    """Read a covariance as that of a known factor, times a number: both of these."""
    (found,) = simplify([linalg.cholesky(covariance)])
    if found.op not in (e.multiply, e.divide):
        return None
    factor, scale = found.args
    if not is_constant(factor) or scale.ndim:
        return None
    return np.asarray(value_of(factor)), scale if found.op is e.multiply else 1.0 / scale
