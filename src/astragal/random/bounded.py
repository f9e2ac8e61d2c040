"""Distributions on an interval: one declaration each."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.searching import where
from astragal.random import coordinates as at
from astragal.random import kernels
from astragal.random.distribution import (
    NON_NEGATIVE,
    NUMBER,
    POSITIVE,
    PROBABILITY,
    REAL,
    Distribution,
    Parameter,
    Tails,
    interval,
)
from astragal.random.parameters import (
    HALF_LOG_2PI,
    LOC,
    LOG_2,
    SCALE,
)

uniform = Distribution(
    name="uniform",
    parameters=(Parameter("low", REAL, 0.0), Parameter("high", REAL, 1.0)),
    sampler=kernels.uniform,
    support=lambda low, high: interval("a number between low and high", "[a, b]", low, high),
    logdensity=lambda x, low, high: -e.log(high - low) + 0.0 * x,
    cdf=lambda x, low, high: e.minimum(e.maximum((x - low) / (high - low), 0.0), 1.0),
    quantile=lambda q, low, high: low + (high - low) * q,
    mean=lambda low, high: 0.5 * (low + high),
    variance=lambda low, high: e.square(high - low) / 12.0,
    ordered=(("low", "high"),),
    standard=at.hazard(
        lambda m, x, low, high: -m.log1p((low - x) / (high - low)),
        lambda m, y, low, high: low - (high - low) * m.expm1(-y),
    ),
    latex=r"\mathcal{U}",
)
triangular = Distribution(
    name="triangular",
    parameters=(Parameter("left", REAL), Parameter("mode", REAL), Parameter("right", REAL)),
    sampler=kernels.triangular,
    support=lambda left, mode, right: interval(
        "a number between left and right", "[a, b]", left, right
    ),
    logdensity=lambda x, left, mode, right: (
        LOG_2
        - e.log(right - left)
        + where(
            x < mode,
            e.log(x - left) - e.log(mode - left),
            where(e.equal(x, mode), 0.0, e.log(right - x) - e.log(right - mode)),
        )
    ),
    cdf=lambda x, left, mode, right: where(
        x < mode,
        e.square(x - left) / ((right - left) * (mode - left)),
        1.0 - e.square(right - x) / where(mode < right, (right - left) * (right - mode), 1.0),
    ),
    mean=lambda left, mode, right: (left + mode + right) / 3.0,
    variance=lambda left, mode, right: (
        (
            e.square(left)
            + e.square(mode)
            + e.square(right)
            - left * right
            - left * mode
            - right * mode
        )
        / 18.0
    ),
    ordered=(("left", "right"),),
    latex=r"\mathrm{Triangular}",
)


def _truncated_mass(loc: Expr, scale: Expr, lower: Expr, upper: Expr) -> Expr:
    """Log of the probability between the bounds, from the tail in which they lie."""
    a, b = (lower - loc) / scale, (upper - loc) / scale
    flip = a + b > 0.0
    low, high = where(flip, -b, a), where(flip, -a, b)
    top = sp.log_ndtr(high)
    return top + sp.log1mexp(e.minimum(sp.log_ndtr(low) - top, -1e-300))


truncated_normal = Distribution(
    name="truncated_normal",
    parameters=(
        LOC,
        SCALE,
        Parameter("lower", NUMBER, -math.inf),
        Parameter("upper", NUMBER, math.inf),
    ),
    sampler=kernels.truncated_normal,
    support=lambda loc, scale, lower, upper: interval(
        "a number between lower and upper", "[a, b]", lower, upper
    ),
    logdensity=lambda x, loc, scale, lower, upper: (
        -0.5 * e.square((x - loc) / scale)
        - e.log(scale)
        - HALF_LOG_2PI
        - _truncated_mass(loc, scale, lower, upper)
    ),
    cdf=lambda x, loc, scale, lower, upper: e.exp(
        _truncated_mass(loc, scale, lower, x) - _truncated_mass(loc, scale, lower, upper)
    ),
    ordered=(("lower", "upper"),),
    tails=Tails(
        lambda x, loc, scale, lower, upper: (
            _truncated_mass(loc, scale, lower, x) - _truncated_mass(loc, scale, lower, upper)
        ),
        lambda x, loc, scale, lower, upper: (
            _truncated_mass(loc, scale, x, upper) - _truncated_mass(loc, scale, lower, upper)
        ),
    ),
    latex=r"\mathcal{N}_{[a, b]}",
    source="Robert 1995",
)
beta = Distribution(
    name="beta",
    parameters=(Parameter("a", POSITIVE), Parameter("b", POSITIVE)),
    sampler=kernels.beta,
    support=lambda a, b: PROBABILITY,
    logdensity=lambda x, a, b: sp.xlogy(a - 1.0, x) + sp.xlog1py(b - 1.0, -x) - sp.betaln(a, b),
    cdf=lambda x, a, b: sp.betainc(a, b, x),
    quantile=lambda q, a, b: sp.betaincinv(a, b, q),
    mean=lambda a, b: a / (a + b),
    variance=lambda a, b: a * b / (e.square(a + b) * (a + b + 1.0)),
    tails=Tails(
        lambda x, a, b: e.log(sp.betainc(a, b, x)),
        lambda x, a, b: e.log(sp.betainc(b, a, 1.0 - x)),
    ),
    standard=at.log_odds(
        lambda a, b: (a, b),
        lambda m, x, a, b: m.log(x) - m.log1p(-x) - m.log(a / b),
        lambda m, y, a, b: at.share(m, y + m.log(a / b)),
    ),
    latex=r"\mathrm{Beta}",
)
kumaraswamy = Distribution(
    name="kumaraswamy",
    parameters=(Parameter("a", POSITIVE), Parameter("b", POSITIVE)),
    sampler=kernels.kumaraswamy,
    support=lambda a, b: PROBABILITY,
    logdensity=lambda x, a, b: (
        e.log(a) + e.log(b) + sp.xlogy(a - 1.0, x) + (b - 1.0) * sp.log1mexp(a * e.log(x))
    ),
    cdf=lambda x, a, b: -e.expm1(b * sp.log1mexp(a * e.log(x))),
    quantile=lambda q, a, b: e.exp(sp.log1mexp(e.log1p(-q) / b) / a),
    mean=lambda a, b: b * e.exp(sp.betaln(1.0 + 1.0 / a, b)),
    variance=lambda a, b: (
        b * e.exp(sp.betaln(1.0 + 2.0 / a, b)) - e.square(b * e.exp(sp.betaln(1.0 + 1.0 / a, b)))
    ),
    standard=at.hazard(
        lambda m, x, a, b: -b * at.log_one_minus_exp(m, -a * m.log(x)),
        lambda m, y, a, b: m.exp(at.log_one_minus_exp(m, y / b) / a),
    ),
    latex=r"\mathrm{Kumaraswamy}",
    source="Kumaraswamy 1980",
)
von_mises = Distribution(
    name="von_mises",
    parameters=(Parameter("mu", REAL), Parameter("kappa", NON_NEGATIVE)),
    sampler=kernels.von_mises,
    support=lambda mu, kappa: interval(
        "an angle between -pi and pi", r"[-\pi, \pi]", -math.pi + 0.0 * mu, math.pi + 0.0 * mu
    ),
    logdensity=lambda x, mu, kappa: (
        -2.0 * kappa * e.square(e.sin(0.5 * (x - mu)))
        - math.log(2 * math.pi)
        - e.log(sp.i0e(kappa))
    ),
    latex=r"\mathrm{VonMises}",
    source="Best & Fisher 1979",
)

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
