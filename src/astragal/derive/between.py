"""Coordinates between a normal variable as it is and standardised ones, element by element.

Of x ~ Normal(m, s), of which the data tell about as much as h ~ Normal(x, 1 / sqrt(i)), the law
given m and s is about normal: with w = 1 / (1 + i s^2) its mean is w m + (1 - w) h, its variance
w s^2. With these taken off, steps of one size fit whatever m and s are, of elements that the data
tell much of and of others, where x itself is too narrow for small s and (x - m) / s for large
(Papaspiliopoulos, Roberts & Sköld 2007, Stat. Sci. 22, section 4, with the weights of a normal
model). Without data, i = 0, it is the latter. Any i and h give the same law: what they are is
a matter of speed alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from astragal.density.joint import Factor
from astragal.density.transforms import Transform
from astragal.derive.check import Array
from astragal.derive.noncentred import RELATIONS, Standard
from astragal.graph.expr import Expr
from astragal.graph.literal import constant
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.creation import zeros_like
from astragal.ops.special import HALF_LOG_2PI

FAMILIES = ("normal", "lognormal")
"""Laws that are normal, or are so on the logarithm."""
_SEEN = 1e-12
"""What the data have to tell, beside a law, to be seen: where a density has no top, a scale may be
1e-100 where it was looked at, and nothing that follows from this can be computed elsewhere."""


def between(s: Standard, own: Factor, told: Array, loc: Array, sd: Array, at: Array) -> Standard:
    """Take off what the data tell of a variable, too.

    Parameters
    ----------
    s
        Standardised coordinates of it.
    own
        Its law.
    told
        What the data tell of its elements over what its own law tells, at a mode.
    loc, sd, at
        The parameters of its law, and its value, there.

    Returns
    -------
    Standard
        The same, where its law is not normal, nor its logarithm's, or nothing is known.
    """
    logarithm = own.family == "lognormal"
    if own.family not in FAMILIES or s.relation.name not in RELATIONS or told.shape != at.shape:
        return s
    m, scale = own.parameters
    found = pulled(m, scale, told, loc=loc, sd=sd, at=np.log(at) if logarithm else at)
    if found is None:
        return s
    transform, density = found
    return replace(s, transform=_exp(transform) if logarithm else transform, density=density)


def _exp(t: Transform) -> Transform:
    """Go on to the exponential."""
    return Transform(
        lambda u: e.exp(t.forward(u)),
        lambda x: t.backward(e.log(x)),
        lambda u: t.log_jacobian(u) + t.forward(u),
        t.shape,
    )


def pulled(
    m: Expr, scale: Expr, told: Array, *, loc: Array, sd: Array, at: Array
) -> tuple[Transform, Callable[[Expr], Expr]] | None:
    """Give coordinates of a normal variable that has its elements of independent laws.

    Parameters
    ----------
    m, scale
        The parameters of its law.
    told, loc, sd, at
        As `between` has them.

    Returns
    -------
    transform, log density of coordinates
        None where nothing is known.
    """
    weight = told / np.square(sd)
    # The slope of what the data tell, at the location: i (h - m).
    slope = (at - loc) * (weight + 1.0 / np.square(sd))
    if not (np.isfinite(weight).all() and np.isfinite(slope).all() and (told > _SEEN).any()):
        return None
    i, first, push = (constant(np.broadcast_to(x, at.shape)) for x in (weight, loc, slope))
    variance = e.square(scale)
    rest = 1.0 / (1.0 + i * variance)
    towards = i * (first - m) + push  # i (h - m)
    centre = m + variance * rest * towards
    spread = scale * e.sqrt(rest)

    def density(u: Expr) -> Expr:
        z = scale * rest * towards + e.sqrt(rest) * u
        return r.sum(-0.5 * e.square(z) + 0.5 * e.log(rest) - HALF_LOG_2PI)

    transform = Transform(
        lambda u: centre + spread * u,
        lambda z: (z - centre) / spread,
        lambda u: e.log(spread) + zeros_like(u),
        at.shape,
    )
    return transform, density
