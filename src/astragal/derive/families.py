"""Exponential families: from statistics and natural parameters to a distribution.

A row says: on this support, a log density that is linear in these statistics is this
distribution, with these parameters. It names no prior and no likelihood.

A natural parameter may be zero for some elements, as that of 1 / z is for a group without
data. The law of such an element is that of the other statistics, where they have one alone:
`proper` puts a number in place of the zero that is too small to be seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from astragal.density.forms import (
    IDENTITY,
    INVERSE,
    LOG,
    LOG_COMPLEMENT,
    LOG_SQUARE,
    SQUARE,
    Monomial,
)
from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.searching import where


@dataclass(frozen=True)
class Family:
    """A row of the table.

    Attributes
    ----------
    name
        Of the distribution, as in `astragal.random`.
    support
        ``real``, ``positive``, ``unit`` or ``simplex``.
    statistics
        In the order of the natural parameters.
    parameters
        From natural parameters to the distribution's own.
    log_normaliser
        From natural parameters to log of the integral of
        exp(natural parameters times statistics), elementwise.
    """

    name: str
    support: str
    statistics: tuple[Monomial, ...]
    parameters: Callable[..., tuple[Expr, ...]]
    log_normaliser: Callable[..., Expr]


def _normal(eta1: Expr, eta2: Expr) -> tuple[Expr, ...]:
    precision = -2.0 * eta2
    return eta1 / precision, e.divide(1.0, e.sqrt(precision))


def _normal_normaliser(eta1: Expr, eta2: Expr) -> Expr:
    # exp(b z - a z^2 / 2) integrates to sqrt(2 pi / a) exp(b^2 / (2 a)).
    precision = -2.0 * eta2
    return 0.5 * e.square(eta1) / precision - 0.5 * e.log(precision) + sp.HALF_LOG_2PI


def _gamma_normaliser(a: Expr, b: Expr) -> Expr:
    return sp.gammaln(a + 1.0) - (a + 1.0) * e.log(-b)


def _inverse_gamma_normaliser(a: Expr, b: Expr) -> Expr:
    return sp.gammaln(-a - 1.0) - (-a - 1.0) * e.log(-b)


def _dirichlet_normaliser(eta: Expr) -> Expr:
    alpha = eta + 1.0
    return r.sum(sp.gammaln(alpha), -1) - sp.gammaln(r.sum(alpha, -1))


def _generalised_inverse_gaussian(a: Expr, b: Expr, c: Expr) -> tuple[Expr, ...]:
    # exp(a log z + b z + c / z) is z^(p - 1) exp(-w (z / s + s / z) / 2).
    return a + 1.0, 2.0 * e.sqrt(b * c), e.sqrt(c / b)


def _generalised_inverse_gaussian_normaliser(a: Expr, b: Expr, c: Expr) -> Expr:
    p = a + 1.0
    return math.log(2.0) + sp.log_kv(p, 2.0 * e.sqrt(b * c)) + 0.5 * p * e.log(c / b)


def _lognormal(a: Expr, b: Expr) -> tuple[Expr, ...]:
    return _normal(a + 1.0, b)


def _lognormal_normaliser(a: Expr, b: Expr) -> Expr:
    return _normal_normaliser(a + 1.0, b)


def _beta_normaliser(a: Expr, b: Expr) -> Expr:
    return sp.betaln(a + 1.0, b + 1.0)


def _dirichlet(eta: Expr) -> tuple[Expr, ...]:
    return (eta + 1.0,)


_GIG = "generalized_inverse_gaussian"
# fmt: off
FAMILIES: tuple[Family, ...] = (
    Family("gamma", "positive", (LOG, IDENTITY), lambda a, b: (a + 1.0, -b), _gamma_normaliser),
    Family("inverse_gamma", "positive", (LOG, INVERSE),
           lambda a, b: (-a - 1.0, -b), _inverse_gamma_normaliser),
    Family(_GIG, "positive", (LOG, IDENTITY, INVERSE),
           _generalised_inverse_gaussian, _generalised_inverse_gaussian_normaliser),
    Family("lognormal", "positive", (LOG, LOG_SQUARE), _lognormal, _lognormal_normaliser),
    Family("beta", "unit", (LOG, LOG_COMPLEMENT),
           lambda a, b: (a + 1.0, b + 1.0), _beta_normaliser),
    Family("normal", "real", (IDENTITY, SQUARE), _normal, _normal_normaliser),
    Family("dirichlet", "simplex", (LOG,), _dirichlet, _dirichlet_normaliser),
)
# fmt: on


Natural = Sequence[Expr]
_UNSEEN = 1e-9
"""Part of a log density that is lost in its rounding, and in its checks."""


def proper(family: Family, eta: Natural, low: Expr | None, high: Expr | None) -> list[Expr]:
    """Replace zeros among natural parameters where the law is proper without them.

    What is not proper keeps its zero: its distribution refuses it.

    Parameters
    ----------
    family, eta
        The row, and its natural parameters.
    low, high
        Bounds of the variable beside its support.
    """
    if family.name == _GIG:
        a, b, c = eta
        # Of density z^(p - 1) exp(b z) to 1 part in 1e290 of a unit: smaller than any draw.
        tiny = 1e-30 if c.dtype == "float32" else 1e-280
        return [a, _unless_zero(b, tiny, a < -1.0), _unless_zero(c, tiny, a > -1.0)]
    if family.name == "gamma" and high is not None:
        return [eta[0], _unless_zero(eta[1], _UNSEEN / high)]
    if family.name == "inverse_gamma" and low is not None:
        return [eta[0], _unless_zero(eta[1], _UNSEEN * low)]
    if family.name == "normal" and (low is not None or high is not None):
        return [eta[0], _unless_zero(eta[1], _least_precision(eta[0], low, high))]
    return list(eta)


def _least_precision(slope: Expr, low: Expr | None, high: Expr | None) -> Expr:
    """A curvature that is not seen beside a slope, or across an interval."""
    steep = 10.0 * _UNSEEN * e.square(slope)
    if low is not None and high is not None:
        return steep + 1e-3 * _UNSEEN / e.square(high - low)
    return where(slope > 0.0 if low is None else slope < 0.0, steep, 0.0)


def _unless_zero(x: Expr, least: Expr | float, where_: Expr | bool = True) -> Expr:
    """Put the negative of a number in place of a zero."""
    zero = e.equal(x, 0.0)
    return where(zero if where_ is True else zero & where_, -least, x)


def find_family(support: str, used: set[Monomial], known: set[str]) -> Family | None:
    """Find the row of a support whose statistics include those used.

    Parameters
    ----------
    support, used
        What the log density is like.
    known
        Names of the distributions that there are.
    """
    for f in FAMILIES:
        if f.support == support and used <= set(f.statistics) and f.name in known:
            # Without its leading statistic a family is another one: no normal without z^2.
            if f.name in {"normal", "lognormal"} and f.statistics[-1] not in used:
                continue
            return f
    return None
