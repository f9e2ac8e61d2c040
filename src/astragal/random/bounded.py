"""Distributions on an interval: one declaration each."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random import accurate, cumulative, kernels, ordered
from astragal.random import coordinates as at
from astragal.random.distribution import (
    NON_NEGATIVE,
    NUMBER,
    POSITIVE,
    PROBABILITY,
    REAL,
    Distribution,
    Joint,
    Parameter,
    Tails,
    Turns,
    interval,
)
from astragal.random.parameters import (
    LOC,
    LOG_2,
    NONC,
    SCALE,
)
from astragal.random.series import noncentral

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
    ordered=(("left", "right"),),
    joint=(
        Joint(
            "mode",
            lambda left, mode, right: (left <= mode) & (mode <= right),
            "is not between left and right",
        ),
    ),
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
    standard=at.hazard(at.triangular_hazard, at.triangular_value),
    latex=r"\mathrm{Triangular}",
)


def _truncated_mass(loc: Expr, scale: Expr, lower: Expr, upper: Expr) -> Expr:
    """Log of the probability between the bounds, from the tail in which they lie.

    A bound at infinity is left out, not computed with: slopes there are 0 times infinity.
    """
    below, above = e.equal(lower, -math.inf), e.equal(upper, math.inf)
    a, b = ((where(far, loc, x) - loc) / scale for far, x in ((below, lower), (above, upper)))
    flip = a + b > 0.0
    low, high = where(flip, -b, a), where(flip, -a, b)
    top = sp.log_ndtr(high)
    both = top + sp.log1mexp(e.minimum(sp.log_ndtr(low) - top, -1e-300))
    one = sp.log_ndtr(where(below, b, -a))
    return where(below & above, 0.0, where(below | above, one, both))


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
        - sp.HALF_LOG_2PI
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
    accurate=accurate.beta,
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


def _on_circle(mu: Expr) -> Expr:
    return mu - 2.0 * math.pi * e.floor((mu + math.pi) / (2.0 * math.pi))


def _turns_of_angles(mu: Expr, kappa: Expr) -> list[Expr]:
    """The angle mu, and the one across the circle from it."""
    inside = ordered.pointwise(_on_circle, mu)
    across = where(inside > 0.0, inside - math.pi, inside + math.pi)
    return [e.minimum(inside, across), e.maximum(inside, across)]


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
    tails=cumulative.von_mises,
    turns=Turns(points=_turns_of_angles),
    latex=r"\mathrm{VonMises}",
    source="Best & Fisher 1979",
)
power = Distribution(
    name="power",
    parameters=(Parameter("a", POSITIVE), SCALE),
    support=lambda a, scale: interval("a number from 0 to scale", "[0, s]", 0.0 * scale, scale),
    logdensity=lambda x, a, scale: e.log(a) - e.log(scale) + sp.xlogy(a - 1.0, x / scale),
    **at.by_hazard(
        at.hazard(
            lambda m, x, a, scale: -a * m.log(x / scale),
            lambda m, y, a, scale: scale * m.exp(-y / a),
            rising=False,
        )
    ),
    mean=lambda a, scale: scale * a / (a + 1.0),
    variance=lambda a, scale: e.square(scale / (a + 1.0)) * a / (a + 2.0),
    latex=r"\mathrm{Power}",
    doc_note="Of which the ``a``-th power is uniform: SciPy's ``powerlaw``.",
)
arcsine = Distribution(
    name="arcsine",
    parameters=(Parameter("low", REAL, 0.0), Parameter("high", REAL, 1.0)),
    sampler=kernels.arcsine,
    support=lambda low, high: interval("a number between low and high", "[a, b]", low, high),
    logdensity=lambda x, low, high: (
        -math.log(math.pi) - 0.5 * e.log(x - low) - 0.5 * e.log(high - x)
    ),
    cdf=lambda x, low, high: 2.0 / math.pi * e.atan2(e.sqrt(x - low), e.sqrt(high - x)),
    tails=Tails(
        lambda x, low, high: e.log(2.0 / math.pi * e.atan2(e.sqrt(x - low), e.sqrt(high - x))),
        lambda x, low, high: e.log(2.0 / math.pi * e.atan2(e.sqrt(high - x), e.sqrt(x - low))),
    ),
    standard=at.log_odds(
        lambda low, high: (as_expr(0.5), as_expr(0.5)),
        lambda m, x, low, high: m.log((x - low) / (high - x)),
        lambda m, y, low, high: low + (high - low) * at.share(m, y),
    ),
    mean=lambda low, high: 0.5 * (low + high),
    variance=lambda low, high: 0.125 * e.square(high - low),
    ordered=(("low", "high"),),
    latex=r"\mathrm{Arcsine}",
)
log_uniform = Distribution(
    name="log_uniform",
    parameters=(Parameter("low", POSITIVE), Parameter("high", POSITIVE)),
    support=lambda low, high: interval("a number between low and high", "[a, b]", low, high),
    logdensity=lambda x, low, high: -e.log(x) - e.log(e.log(high / low)),
    **at.by_hazard(
        at.hazard(
            lambda m, x, low, high: -m.log1p(-m.log(x / low) / m.log(high / low)),
            lambda m, y, low, high: low * m.exp(-m.log(high / low) * m.expm1(-y)),
        )
    ),
    mean=lambda low, high: (high - low) / e.log(high / low),
    variance=lambda low, high: (
        0.5 * (high - low) * (high + low) / e.log(high / low)
        - e.square((high - low) / e.log(high / low))
    ),
    ordered=(("low", "high"),),
    latex=r"\mathrm{LogUniform}",
    doc_note="Also called reciprocal.",
)
semicircle = Distribution(
    name="semicircle",
    parameters=(Parameter("radius", POSITIVE, 1.0),),
    sampler=kernels.semicircle,
    support=lambda radius: interval("a number up to radius", "[-r, r]", -radius, radius),
    logdensity=lambda x, radius: (
        math.log(2.0 / math.pi)
        - 2.0 * e.log(radius)
        + 0.5 * (e.log(radius - x) + e.log(radius + x))
    ),
    cdf=lambda x, radius: sp.betainc(1.5, 1.5, 0.5 * (1.0 + x / radius)),
    tails=Tails(
        lambda x, radius: e.log(sp.betainc(1.5, 1.5, 0.5 * (1.0 + x / radius))),
        lambda x, radius: e.log(sp.betainc(1.5, 1.5, 0.5 * (1.0 - x / radius))),
    ),
    standard=at.log_odds(
        lambda radius: (as_expr(1.5), as_expr(1.5)),
        lambda m, x, radius: m.log((radius + x) / (radius - x)),
        lambda m, y, radius: radius * at.tanh_half(m, y),
    ),
    mean=lambda radius: 0.0 * radius,
    variance=lambda radius: 0.25 * e.square(radius),
    latex=r"\mathrm{Semicircle}",
    doc_note="Wigner's law of eigenvalues.",
)
logit_normal = Distribution(
    name="logit_normal",
    parameters=(Parameter("mean", REAL, 0.0), Parameter("sigma", POSITIVE, 1.0)),
    support=lambda mean, sigma: PROBABILITY,
    logdensity=lambda x, mean, sigma: (
        -0.5 * e.square((sp.logit(x) - mean) / sigma)
        - e.log(sigma)
        - sp.HALF_LOG_2PI
        - e.log(x)
        - e.log1p(-x)
    ),
    **at.by_normal(
        at.normal(
            lambda m, x, mean, sigma: (m.log(x) - m.log1p(-x) - mean) / sigma,
            lambda m, y, mean, sigma: at.share(m, mean + sigma * y),
        )
    ),
    latex=r"\mathrm{LogitNormal}",
)


def _unit(x: Expr, loc: Expr, scale: Expr) -> Expr:
    return (x - loc) / scale


johnson_sb = Distribution(
    name="johnson_sb",
    parameters=(Parameter("a", REAL), Parameter("b", POSITIVE), LOC, SCALE),
    support=lambda a, b, loc, scale: interval(
        "a number from loc to loc + scale", r"[\mu, \mu + s]", loc, loc + scale
    ),
    logdensity=lambda x, a, b, loc, scale: (
        e.log(b)
        - e.log(scale)
        - e.log(_unit(x, loc, scale))
        - e.log1p(-_unit(x, loc, scale))
        - sp.HALF_LOG_2PI
        - 0.5 * e.square(a + b * sp.logit(_unit(x, loc, scale)))
    ),
    **at.by_normal(
        at.normal(
            lambda m, x, a, b, loc, scale: (
                a + b * (m.log(_unit(x, loc, scale)) - m.log1p(-_unit(x, loc, scale)))
            ),
            lambda m, y, a, b, loc, scale: loc + scale * at.share(m, (y - a) / b),
        )
    ),
    latex=r"\mathrm{JohnsonSB}",
    source="Johnson 1949",
)


def _log_noncentral_beta(x: Expr, a: Expr, b: Expr, nonc: Expr) -> Expr:
    return noncentral(
        x,
        a,
        b,
        nonc,
        lambda x, a, b: sp.xlogy(a - 1.0, x) + sp.xlog1py(b - 1.0, -x) - sp.betaln(a, b),
        lambda x: x,
    )


noncentral_beta = Distribution(
    name="noncentral_beta",
    parameters=(Parameter("a", POSITIVE), Parameter("b", POSITIVE), NONC),
    sampler=kernels.noncentral_beta,
    support=lambda a, b, nonc: PROBABILITY,
    logdensity=_log_noncentral_beta,
    accurate=accurate.noncentral_beta,
    tails=cumulative.noncentral_beta,
    turns=Turns("odds", start=lambda a, b, nonc: as_expr(0.5)),
    latex=r"\mathrm{Beta}'",
    doc_note="x / (x + y) of a noncentral and a plain chi-square variable.",
)


DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
