"""Bijections that random variables can be sent through, with their Jacobians."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.searching import where
from astragal.random import exact, ordered
from astragal.random.distribution import (
    POSITIVE,
    PROBABILITY,
    REAL,
    Domain,
    Ends,
    Function,
    Parameter,
)

NONZERO = Domain(
    "a finite number other than 0",
    r"\mathbb{R} \setminus \{0\}",
    lambda x: e.isfinite(x) & e.not_equal(x, 0.0),
)


@dataclass(frozen=True, eq=False)
class Bijection:
    """A smooth, monotone map between intervals.

    Attributes
    ----------
    forward
        ``forward(x, *parameters)``, of operations whose bits are the same everywhere.
    inverse
        ``inverse(y, *parameters)``.
    log_slope
        ``log_slope(y, *parameters)``: log |d x / d y|, from the image.
    source, image
        Domains of x and y; the image where x has its whole domain.
    moved
        From the ends of an interval of x to those of its image.
    parameters
        Its own parameters.
    rising
        From the parameters, whether y grows with x.
    moments
        From mean and variance of x to those of y; None where they do not follow.
    back
        The inverse of operations whose bits are the same everywhere, of any number: beyond the
        image, an end of the source. None where ``inverse`` is that.
    """

    forward: Function
    inverse: Function
    log_slope: Function
    source: Domain
    image: Domain
    moved: Callable[..., Ends]
    parameters: tuple[Parameter, ...] = ()
    rising: Callable[..., bool | Expr] = lambda *p: True
    moments: Callable[..., tuple[Expr, Expr]] | None = None
    back: Function | None = None

    def preimage(self, y: Expr, *parameters: Expr) -> Expr:
        """Give the inverse at any number, with the same bits everywhere; ends beyond the image."""
        return ordered.pointwise(self.back or self.inverse, y, *parameters)


def _expit(x: Expr) -> Expr:
    t = exact.exp(-e.abs(x))
    return where(x < 0.0, t, 1.0) / (1.0 + t)


def _softplus(x: Expr) -> Expr:
    return e.maximum(x, 0.0) + exact.log1p(exact.exp(-e.abs(x)))


def _at(function: Function, edge: dict[float, float | None]) -> Callable[..., Ends]:
    """Move the ends of an interval by an increasing function; some ends have known images."""

    def end(x: Expr | float | None, infinite: float) -> Expr | float | None:
        at = infinite if x is None else x
        if isinstance(at, (int, float)):
            if float(at) in edge:
                return edge[float(at)]
            from astragal.ops.declare import as_expr

            return function(as_expr(float(at)))
        return function(at)

    return lambda low, high: (end(low, -math.inf), end(high, math.inf))


def _affine_ends(
    low: Expr | float | None, high: Expr | float | None, loc: Expr, scale: Expr
) -> Ends:
    if low is None and high is None:
        return None, None
    ends = [
        where(scale > 0.0, s * math.inf, -s * math.inf) if x is None else loc + scale * x
        for s, x in zip((-1.0, 1.0), (low, high), strict=True)
    ]
    return e.minimum(*ends), e.maximum(*ends)


def _positive(y: Expr) -> Expr:
    return e.maximum(y, 0.0)


def _log_of(y: Expr) -> Expr:
    return exact.log_or_infinite(_positive(y))


def _logit_of(y: Expr) -> Expr:
    inside = e.minimum(_positive(y), 1.0)
    return exact.log_or_infinite(inside) - exact.log_or_infinite(1.0 - inside)


def _log1p_of(y: Expr) -> Expr:
    inside = (y > -1.0) & (y < INF)
    return where(inside, exact.log1p(where(inside, y, 0.0)), where(y > 0.0, INF, -INF))


def _inverse_softplus(y: Expr) -> Expr:
    return y + exact.log_or_infinite(-exact.expm1(-_positive(y)))


def _square_of(y: Expr) -> Expr:
    return _positive(y) * _positive(y)


def _root_of(y: Expr) -> Expr:
    return e.sqrt(_positive(y))


def _reciprocal_of(y: Expr) -> Expr:
    return 1.0 / _positive(y)


def _power_of(y: Expr, p: Expr) -> Expr:
    return exact.exp(_log_of(y) / p)


INF = math.inf
BIJECTIONS: dict[str, Bijection] = {
    "affine": Bijection(
        lambda x, loc, scale: loc + scale * x,
        lambda y, loc, scale: (y - loc) / scale,
        lambda y, loc, scale: -e.log(e.abs(scale)) + 0.0 * y,
        REAL,
        REAL,
        _affine_ends,
        (Parameter("shift", REAL), Parameter("factor", NONZERO)),
        lambda loc, scale: scale > 0.0,
        lambda m, v, loc, scale: (loc + scale * m, e.square(scale) * v),
    ),
    "exp": Bijection(
        exact.exp,
        e.log,
        lambda y: -e.log(y),
        REAL,
        POSITIVE,
        _at(e.exp, {-INF: 0.0, INF: None, 0.0: 1.0}),
        back=_log_of,
    ),
    "log": Bijection(
        exact.log_or_infinite,
        e.exp,
        lambda y: y,
        POSITIVE,
        REAL,
        _at(e.log, {0.0: None, INF: None, 1.0: 0.0}),
        back=exact.exp,
    ),
    "expm1": Bijection(
        exact.expm1,
        e.log1p,
        lambda y: -e.log1p(y),
        REAL,
        Domain("a number above -1", r"(-1, \infty)", lambda y: y > -1.0, (-1.0, None)),
        _at(e.expm1, {-INF: -1.0, INF: None, 0.0: 0.0}),
        back=_log1p_of,
    ),
    "log1p": Bijection(
        exact.log1p,
        e.expm1,
        lambda y: y,
        POSITIVE,
        POSITIVE,
        _at(e.log1p, {0.0: 0.0, INF: None}),
        back=exact.expm1,
    ),
    "expit": Bijection(
        _expit,
        sp.logit,
        lambda y: -e.log(y) - e.log1p(-y),
        REAL,
        PROBABILITY,
        _at(sp.expit, {-INF: 0.0, INF: 1.0, 0.0: 0.5}),
        back=_logit_of,
    ),
    "logit": Bijection(
        lambda x: exact.log_or_infinite(x) - exact.log_or_infinite(1.0 - x),
        sp.expit,
        lambda y: sp.log_expit(y) + sp.log_expit(-y),
        PROBABILITY,
        REAL,
        _at(sp.logit, {0.0: None, 1.0: None}),
        back=_expit,
    ),
    "softplus": Bijection(
        _softplus,
        lambda y: y + e.log(-e.expm1(-y)),
        lambda y: -e.log(-e.expm1(-y)),
        REAL,
        POSITIVE,
        _at(sp.softplus, {-INF: 0.0, INF: None}),
        back=_inverse_softplus,
    ),
    "sqrt": Bijection(
        e.sqrt,
        e.square,
        lambda y: e.log(2.0 * y),
        POSITIVE,
        POSITIVE,
        _at(e.sqrt, {0.0: 0.0, INF: None, 1.0: 1.0}),
        back=_square_of,
    ),
    "square": Bijection(
        lambda x: x * x,
        e.sqrt,
        lambda y: -0.5 * e.log(y) - math.log(2.0),
        POSITIVE,
        POSITIVE,
        _at(e.square, {0.0: 0.0, INF: None, 1.0: 1.0}),
        back=_root_of,
    ),
    "reciprocal": Bijection(
        lambda x: 1.0 / x,
        lambda y: e.divide(1.0, y),
        lambda y: -2.0 * e.log(y),
        POSITIVE,
        POSITIVE,
        lambda low, high: (
            0.0 if high is None else e.divide(1.0, high),
            None if isinstance(low, float) and low == 0.0 else e.divide(1.0, low),
        ),
        rising=lambda: False,
        back=_reciprocal_of,
    ),
    "power": Bijection(
        lambda x, p: exact.exp(p * exact.log_or_infinite(x)),
        lambda y, p: e.exp(e.log(y) / p),
        lambda y, p: (1.0 / p - 1.0) * e.log(y) - e.log(e.abs(p)),
        POSITIVE,
        POSITIVE,
        lambda low, high, p: (0.0, None),
        (Parameter("exponent", NONZERO),),
        lambda p: p > 0.0,
        back=_power_of,
    ),
}
"""By name; all but ``affine``, ``reciprocal`` and ``power`` are increasing whatever happens."""
