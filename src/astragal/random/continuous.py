"""Continuous univariate distributions: one declaration each.

Log densities follow Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions.
"""

from __future__ import annotations

import math
from typing import Any

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.creation import arange
from astragal.ops.declare import as_expr
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
    Domain,
    Parameter,
    Tails,
    interval,
)
from astragal.random.polya_gamma import polya_gamma as draw_polya_gamma

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_LOG_2 = math.log(2)
_EULER = 0.57721566490153286061


def _inverse(x: Expr) -> Expr:
    # A number stays a number, and the inverse of an inverse is plain: so that a rate given as
    # a scale is found by relations.
    if _is_number(x) and (value := value_of(x).item()):
        return scalar(1.0 / value, x.dtype)
    if (
        x.op is e.divide
        and x.args[1].type == x.type
        and _is_number(x.args[0])
        and (value_of(x.args[0]).item() == 1)
    ):
        inner: Expr = x.args[1]
        return inner
    return e.divide(1.0, x)


def _is_number(x: Expr) -> bool:
    return is_constant(x) and not x.shape and x.dtype in FLOATS


def _root_inverse(x: Expr) -> Expr:
    return e.divide(1.0, e.sqrt(x))


LOC = Parameter("loc", REAL, 0.0)
SCALE = Parameter("scale", POSITIVE, 1.0)
SHAPE = Parameter("shape", POSITIVE)
RATE = Parameter("rate", POSITIVE, keyword=True, alternatives={"scale": _inverse})
DF = Parameter("df", POSITIVE)


def _real(*parameters: Expr) -> Domain:
    return REAL


def _positive(*parameters: Expr) -> Domain:
    return POSITIVE


def _non_negative(*parameters: Expr) -> Domain:
    return NON_NEGATIVE


def _above(x: Expr, test: Any, value: Any) -> Expr:
    """A moment where it exists, infinite elsewhere."""
    return where(test, value, math.inf)


# -- on the whole line -----------------------------------------------------------------------

normal = Distribution(
    name="normal",
    parameters=(LOC, SCALE),
    sampler=kernels.normal,
    support=_real,
    logdensity=lambda x, loc, scale: (
        -0.5 * e.square((x - loc) / scale) - e.log(scale) - _HALF_LOG_2PI
    ),
    cdf=lambda x, loc, scale: sp.ndtr((x - loc) / scale),
    quantile=lambda q, loc, scale: loc + scale * sp.ndtri(q),
    mean=lambda loc, scale: loc,
    variance=lambda loc, scale: e.square(scale),
    tails=Tails(
        lambda x, loc, scale: sp.log_ndtr((x - loc) / scale),
        lambda x, loc, scale: sp.log_ndtr((loc - x) / scale),
    ),
    standard=at.normal(
        lambda m, x, loc, scale: (x - loc) / scale, lambda m, y, loc, scale: loc + scale * y
    ),
    latex=r"\mathcal{N}",
    source="Wichura 1988 (sampler)",
)
skew_normal = Distribution(
    name="skew_normal",
    parameters=(LOC, SCALE, Parameter("alpha", REAL)),
    sampler=kernels.skew_normal,
    support=_real,
    logdensity=lambda x, loc, scale, alpha: (
        _LOG_2
        - 0.5 * e.square((x - loc) / scale)
        - e.log(scale)
        - _HALF_LOG_2PI
        + sp.log_ndtr(alpha * ((x - loc) / scale))
    ),
    cdf=lambda x, loc, scale, alpha: (
        sp.ndtr((x - loc) / scale) - 2.0 * sp.owens_t((x - loc) / scale, alpha)
    ),
    mean=lambda loc, scale, alpha: (
        loc + scale * math.sqrt(2 / math.pi) * alpha / e.sqrt(1.0 + e.square(alpha))
    ),
    variance=lambda loc, scale, alpha: (
        e.square(scale) * (1.0 - 2.0 / math.pi * e.square(alpha) / (1.0 + e.square(alpha)))
    ),
    latex=r"\mathrm{SkewNormal}",
    source="Azzalini 1985",
)
student_t = Distribution(
    name="student_t",
    parameters=(DF, LOC, SCALE),
    sampler=kernels.student_t,
    support=_real,
    logdensity=lambda x, df, loc, scale: (
        -0.5 * (df + 1.0) * e.log1p(e.square((x - loc) / scale) / df)
        - sp.betaln(0.5 * df, 0.5)
        - 0.5 * e.log(df)
        - e.log(scale)
    ),
    cdf=lambda x, df, loc, scale: _student_cdf((x - loc) / scale, df),
    mean=lambda df, loc, scale: where(df > 1.0, loc, math.nan),
    variance=lambda df, loc, scale: where(
        df > 2.0, e.square(scale) * df / (df - 2.0), where(df > 1.0, math.inf, math.nan)
    ),
    tails=Tails(
        lambda x, df, loc, scale: _log_student((loc - x) / scale, df),
        lambda x, df, loc, scale: _log_student((x - loc) / scale, df),
    ),
    standard=at.student(
        lambda df, loc, scale: df, lambda df, loc, scale: loc, lambda df, loc, scale: scale
    ),
    latex=r"\mathrm{StudentT}",
)


def _student_cdf(z: Expr, df: Expr) -> Expr:
    tail = 0.5 * sp.betainc(0.5 * df, 0.5, df / (df + e.square(z)))
    return where(z > 0.0, 1.0 - tail, tail)


def _log_student(z: Expr, df: Expr) -> Expr:
    """Log of the probability above z."""
    tail = e.log(sp.betainc(0.5 * df, 0.5, df / (df + e.square(z)))) - _LOG_2
    return where(z > 0.0, tail, e.log1p(-0.5 * sp.betainc(0.5 * df, 0.5, df / (df + e.square(z)))))


cauchy = Distribution(
    name="cauchy",
    parameters=(LOC, SCALE),
    sampler=kernels.cauchy,
    support=_real,
    logdensity=lambda x, loc, scale: (
        -math.log(math.pi) - e.log(scale) - e.log1p(e.square((x - loc) / scale))
    ),
    cdf=lambda x, loc, scale: e.atan2(scale, loc - x) / math.pi,
    quantile=lambda q, loc, scale: loc - scale / e.tan(math.pi * q),
    tails=Tails(
        lambda x, loc, scale: e.log(e.atan2(scale, loc - x) / math.pi),
        lambda x, loc, scale: e.log(e.atan2(scale, x - loc) / math.pi),
    ),
    standard=at.student(
        lambda loc, scale: as_expr(1.0), lambda loc, scale: loc, lambda loc, scale: scale
    ),
    latex=r"\mathrm{Cauchy}",
)
laplace = Distribution(
    name="laplace",
    parameters=(LOC, SCALE),
    sampler=kernels.laplace,
    support=_real,
    logdensity=lambda x, loc, scale: -_LOG_2 - e.log(scale) - e.abs(x - loc) / scale,
    cdf=lambda x, loc, scale: where(
        x < loc,
        0.5 * e.exp(-e.abs(x - loc) / scale),
        1.0 - 0.5 * e.exp(-e.abs(x - loc) / scale),
    ),
    quantile=lambda q, loc, scale: (
        loc + scale * where(q < 0.5, e.log(2.0 * q), -e.log(2.0 * (1.0 - q)))
    ),
    mean=lambda loc, scale: loc,
    variance=lambda loc, scale: 2.0 * e.square(scale),
    standard=at.hazard(
        lambda m, x, loc, scale: at.laplace_hazard(m, (x - loc) / scale),
        lambda m, y, loc, scale: loc + scale * at.laplace_value(m, y),
    ),
    latex=r"\mathrm{Laplace}",
)
asymmetric_laplace = Distribution(
    name="asymmetric_laplace",
    parameters=(LOC, SCALE, Parameter("kappa", POSITIVE)),
    sampler=kernels.asymmetric_laplace,
    support=_real,
    logdensity=lambda x, loc, scale, kappa: (
        -e.log(kappa + 1.0 / kappa)
        - e.log(scale)
        - e.abs(x - loc) / scale * where(x < loc, 1.0 / kappa, kappa)
    ),
    cdf=lambda x, loc, scale, kappa: where(
        x < loc,
        e.square(kappa) / (1.0 + e.square(kappa)) * e.exp(-e.abs(x - loc) / scale / kappa),
        1.0 - e.exp(-e.abs(x - loc) / scale * kappa) / (1.0 + e.square(kappa)),
    ),
    mean=lambda loc, scale, kappa: loc + scale * (1.0 / kappa - kappa),
    variance=lambda loc, scale, kappa: e.square(scale) * (e.square(kappa) + 1.0 / e.square(kappa)),
    latex=r"\mathrm{AsymmetricLaplace}",
    source="Kotz, Kozubowski & Podgorski 2001",
)
logistic = Distribution(
    name="logistic",
    parameters=(LOC, SCALE),
    sampler=kernels.logistic,
    support=_real,
    logdensity=lambda x, loc, scale: (
        -e.abs(x - loc) / scale - e.log(scale) - 2.0 * e.log1p(e.exp(-e.abs(x - loc) / scale))
    ),
    cdf=lambda x, loc, scale: sp.expit((x - loc) / scale),
    quantile=lambda q, loc, scale: loc + scale * sp.logit(q),
    mean=lambda loc, scale: loc,
    variance=lambda loc, scale: math.pi**2 / 3.0 * e.square(scale),
    standard=at.hazard(
        lambda m, x, loc, scale: at.log_one_plus_exp(m, (x - loc) / scale),
        lambda m, y, loc, scale: loc + scale * (y + at.log_one_minus_exp(m, y)),
    ),
    latex=r"\mathrm{Logistic}",
)
gumbel = Distribution(
    name="gumbel",
    parameters=(LOC, SCALE),
    sampler=kernels.gumbel,
    support=_real,
    logdensity=lambda x, loc, scale: -(x - loc) / scale - e.exp(-(x - loc) / scale) - e.log(scale),
    cdf=lambda x, loc, scale: e.exp(-e.exp(-(x - loc) / scale)),
    quantile=lambda q, loc, scale: loc - scale * e.log(-e.log(q)),
    mean=lambda loc, scale: loc + _EULER * scale,
    variance=lambda loc, scale: math.pi**2 / 6.0 * e.square(scale),
    standard=at.hazard(
        lambda m, x, loc, scale: -at.log_one_minus_exp(m, m.exp((loc - x) / scale)),
        lambda m, y, loc, scale: loc - scale * m.log(-at.log_one_minus_exp(m, y)),
    ),
    latex=r"\mathrm{Gumbel}",
)


def _log_ex_gaussian(x: Expr, loc: Expr, scale: Expr, nu: Expr) -> Expr:
    z = (x - loc) / scale - scale / nu
    return -e.log(nu) + 0.5 * e.square(scale / nu) - (x - loc) / nu + sp.log_ndtr(z)


ex_gaussian = Distribution(
    name="ex_gaussian",
    parameters=(LOC, SCALE, Parameter("nu", POSITIVE)),
    sampler=kernels.ex_gaussian,
    support=_real,
    logdensity=_log_ex_gaussian,
    cdf=lambda x, loc, scale, nu: (
        sp.ndtr((x - loc) / scale) - nu * e.exp(_log_ex_gaussian(x, loc, scale, nu))
    ),
    mean=lambda loc, scale, nu: loc + nu,
    variance=lambda loc, scale, nu: e.square(scale) + e.square(nu),
    latex=r"\mathrm{ExGaussian}",
    doc_note="A normal variable plus an independent exponential one of mean ``nu``.",
)

# -- on an interval --------------------------------------------------------------------------

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
        _LOG_2
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
        - _HALF_LOG_2PI
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

# -- on the positive half-line ---------------------------------------------------------------

half_normal = Distribution(
    name="half_normal",
    parameters=(SCALE,),
    sampler=kernels.half_normal,
    support=_non_negative,
    logdensity=lambda x, scale: -0.5 * e.square(x / scale) - e.log(scale) - _HALF_LOG_2PI + _LOG_2,
    cdf=lambda x, scale: sp.erf(x / scale / math.sqrt(2)),
    quantile=lambda q, scale: math.sqrt(2) * scale * sp.erfinv(q),
    mean=lambda scale: math.sqrt(2 / math.pi) * scale,
    variance=lambda scale: (1.0 - 2.0 / math.pi) * e.square(scale),
    tails=Tails(
        lambda x, scale: e.log(sp.erf(x / scale / math.sqrt(2))),
        lambda x, scale: sp.log_ndtr(-x / scale) + _LOG_2,
    ),
    standard=at.normal(lambda m, x, scale: x / scale, lambda m, y, scale: scale * y, positive=True),
    latex=r"\mathrm{HalfNormal}",
)
half_cauchy = Distribution(
    name="half_cauchy",
    parameters=(SCALE,),
    sampler=kernels.half_cauchy,
    support=_non_negative,
    logdensity=lambda x, scale: math.log(2 / math.pi) - e.log(scale) - e.log1p(e.square(x / scale)),
    cdf=lambda x, scale: 2.0 / math.pi * e.atan(x / scale),
    quantile=lambda q, scale: scale * e.tan(0.5 * math.pi * q),
    mean=lambda scale: math.inf * scale,
    variance=lambda scale: math.inf * scale,
    tails=Tails(
        lambda x, scale: e.log(2.0 / math.pi * e.atan2(x, scale)),
        lambda x, scale: e.log(2.0 / math.pi * e.atan2(scale, x)),
    ),
    standard=at.student(
        lambda scale: as_expr(1.0), lambda scale: as_expr(0.0), lambda scale: scale, positive=True
    ),
    latex=r"\mathrm{HalfCauchy}",
)
half_student_t = Distribution(
    name="half_student_t",
    parameters=(DF, SCALE),
    sampler=kernels.half_student_t,
    support=_non_negative,
    logdensity=lambda x, df, scale: (
        _LOG_2
        - 0.5 * (df + 1.0) * e.log1p(e.square(x / scale) / df)
        - sp.betaln(0.5 * df, 0.5)
        - 0.5 * e.log(df)
        - e.log(scale)
    ),
    cdf=lambda x, df, scale: 2.0 * _student_cdf(x / scale, df) - 1.0,
    variance=None,
    tails=Tails(
        lambda x, df, scale: e.log1p(-e.exp(_log_student(x / scale, df) + _LOG_2)),
        lambda x, df, scale: _log_student(x / scale, df) + _LOG_2,
    ),
    standard=at.student(
        lambda df, scale: df, lambda df, scale: as_expr(0.0), lambda df, scale: scale, positive=True
    ),
    latex=r"\mathrm{HalfStudentT}",
)
lognormal = Distribution(
    name="lognormal",
    parameters=(Parameter("mean", REAL, 0.0), Parameter("sigma", POSITIVE, 1.0)),
    sampler=kernels.lognormal,
    support=_positive,
    logdensity=lambda x, mean, sigma: (
        -0.5 * e.square((e.log(x) - mean) / sigma) - e.log(sigma) - e.log(x) - _HALF_LOG_2PI
    ),
    cdf=lambda x, mean, sigma: sp.ndtr((e.log(x) - mean) / sigma),
    quantile=lambda q, mean, sigma: e.exp(mean + sigma * sp.ndtri(q)),
    mean=lambda mean, sigma: e.exp(mean + 0.5 * e.square(sigma)),
    variance=lambda mean, sigma: e.expm1(e.square(sigma)) * e.exp(2.0 * mean + e.square(sigma)),
    tails=Tails(
        lambda x, mean, sigma: sp.log_ndtr((e.log(x) - mean) / sigma),
        lambda x, mean, sigma: sp.log_ndtr((mean - e.log(x)) / sigma),
    ),
    standard=at.normal(
        lambda m, x, mean, sigma: (m.log(x) - mean) / sigma,
        lambda m, y, mean, sigma: m.exp(mean + sigma * y),
    ),
    latex=r"\mathrm{LogNormal}",
)
exponential = Distribution(
    name="exponential",
    parameters=(RATE,),
    sampler=kernels.exponential,
    support=_non_negative,
    logdensity=lambda x, rate: e.log(rate) - rate * x,
    cdf=lambda x, rate: -e.expm1(-rate * x),
    quantile=lambda q, rate: -e.log1p(-q) / rate,
    mean=lambda rate: 1.0 / rate,
    variance=lambda rate: 1.0 / e.square(rate),
    standard=at.hazard(lambda m, x, rate: rate * x, lambda m, y, rate: y / rate),
    latex=r"\mathrm{Exponential}",
)
gamma = Distribution(
    name="gamma",
    parameters=(SHAPE, RATE),
    sampler=kernels.gamma,
    support=_positive,
    logdensity=lambda x, shape, rate: (
        sp.xlogy(shape - 1.0, x) - rate * x + shape * e.log(rate) - sp.gammaln(shape)
    ),
    cdf=lambda x, shape, rate: sp.gammainc(shape, rate * x),
    quantile=lambda q, shape, rate: sp.gammaincinv(shape, q) / rate,
    mean=lambda shape, rate: shape / rate,
    variance=lambda shape, rate: shape / e.square(rate),
    tails=Tails(
        lambda x, shape, rate: e.log(sp.gammainc(shape, rate * x)),
        lambda x, shape, rate: e.log(sp.gammaincc(shape, rate * x)),
    ),
    standard=at.log_gamma(
        lambda shape, rate: shape,
        lambda m, x, shape, rate: m.log(x * (rate / shape)),
        lambda m, y, shape, rate: shape / rate * m.exp(y),
    ),
    latex=r"\mathrm{Gamma}",
    source="Marsaglia & Tsang 2000 (sampler)",
)
inverse_gamma = Distribution(
    name="inverse_gamma",
    parameters=(SHAPE, Parameter("scale", POSITIVE, keyword=True)),
    sampler=kernels.inverse_gamma,
    support=_positive,
    logdensity=lambda x, shape, scale: (
        shape * e.log(scale) - sp.gammaln(shape) - (shape + 1.0) * e.log(x) - scale / x
    ),
    cdf=lambda x, shape, scale: sp.gammaincc(shape, scale / x),
    quantile=lambda q, shape, scale: scale / sp.gammainccinv(shape, q),
    mean=lambda shape, scale: where(shape > 1.0, scale / (shape - 1.0), math.inf),
    variance=lambda shape, scale: where(
        shape > 2.0, e.square(scale / (shape - 1.0)) / (shape - 2.0), math.inf
    ),
    tails=Tails(
        lambda x, shape, scale: e.log(sp.gammaincc(shape, scale / x)),
        lambda x, shape, scale: e.log(sp.gammainc(shape, scale / x)),
    ),
    standard=at.log_gamma(
        lambda shape, scale: shape,
        lambda m, x, shape, scale: -m.log(x * (shape / scale)),
        lambda m, y, shape, scale: scale / shape * m.exp(-y),
        rising=False,
    ),
    latex=r"\mathrm{InvGamma}",
)
chi_square = Distribution(
    name="chi_square",
    parameters=(DF,),
    sampler=kernels.chi_square,
    support=_positive,
    logdensity=lambda x, df: (
        sp.xlogy(0.5 * df - 1.0, x) - 0.5 * x - 0.5 * _LOG_2 * df - sp.gammaln(0.5 * df)
    ),
    cdf=lambda x, df: sp.gammainc(0.5 * df, 0.5 * x),
    quantile=lambda q, df: 2.0 * sp.gammaincinv(0.5 * df, q),
    mean=lambda df: df,
    variance=lambda df: 2.0 * df,
    tails=Tails(
        lambda x, df: e.log(sp.gammainc(0.5 * df, 0.5 * x)),
        lambda x, df: e.log(sp.gammaincc(0.5 * df, 0.5 * x)),
    ),
    standard=at.log_gamma(
        lambda df: 0.5 * df,
        lambda m, x, df: m.log(x * (0.5 / (0.5 * df))),
        lambda m, y, df: (0.5 * df) / 0.5 * m.exp(y),
    ),
    latex=r"\chi^2",
)


def _log_noncentral(x: Expr, df: Expr, nonc: Expr) -> Expr:
    # The Bessel form, through log I_v by its series in the Poisson counts, summed around the
    # largest term. 2^9 terms on both sides reach 1e-15 for noncentralities up to 10^4.
    from astragal.ops.creation import arange
    from astragal.ops.reductions import sum as total

    half = 0.5 * nonc
    order = 0.5 * df - 1.0
    peak = 0.5 * (-order + e.sqrt(e.square(order) + nonc * x))
    first = e.maximum(e.floor(peak) - 512.0, 0.0)
    j = first[..., None] + arange(1024).astype(first.dtype)
    terms = (
        sp.xlogy(j, half[..., None])
        - sp.gammaln(j + 1.0)
        + (0.5 * df[..., None] + j - 1.0) * e.log(0.5 * x[..., None])
        - sp.gammaln(0.5 * df[..., None] + j)
    )
    from astragal.ops.reductions import max as largest

    top = largest(terms, -1, keepdims=True)
    return e.log(total(e.exp(terms - top), -1)) + top[..., 0] - half - 0.5 * x - _LOG_2


noncentral_chi_square = Distribution(
    name="noncentral_chi_square",
    parameters=(DF, Parameter("nonc", NON_NEGATIVE)),
    sampler=kernels.noncentral_chi_square,
    support=_positive,
    logdensity=lambda x, df, nonc: _log_noncentral(x + 0.0 * df, df + 0.0 * x, nonc + 0.0 * x),
    mean=lambda df, nonc: df + nonc,
    variance=lambda df, nonc: 2.0 * (df + 2.0 * nonc),
    latex=r"\chi'^2",
)
f = Distribution(
    name="f",
    parameters=(Parameter("dfnum", POSITIVE), Parameter("dfden", POSITIVE)),
    sampler=kernels.f,
    support=_positive,
    logdensity=lambda x, dfnum, dfden: (
        0.5 * dfnum * e.log(dfnum / dfden)
        + sp.xlogy(0.5 * dfnum - 1.0, x)
        - 0.5 * (dfnum + dfden) * e.log1p(dfnum / dfden * x)
        - sp.betaln(0.5 * dfnum, 0.5 * dfden)
    ),
    cdf=lambda x, dfnum, dfden: sp.betainc(
        0.5 * dfnum, 0.5 * dfden, dfnum * x / (dfnum * x + dfden)
    ),
    mean=lambda dfnum, dfden: where(dfden > 2.0, dfden / (dfden - 2.0), math.inf),
    variance=lambda dfnum, dfden: where(
        dfden > 4.0,
        2.0 * e.square(dfden / (dfden - 2.0)) * (dfnum + dfden - 2.0) / (dfnum * (dfden - 4.0)),
        math.inf,
    ),
    tails=Tails(
        lambda x, dfnum, dfden: e.log(
            sp.betainc(0.5 * dfnum, 0.5 * dfden, dfnum * x / (dfnum * x + dfden))
        ),
        lambda x, dfnum, dfden: e.log(
            sp.betainc(0.5 * dfden, 0.5 * dfnum, dfden / (dfnum * x + dfden))
        ),
    ),
    standard=at.log_odds(
        lambda dfnum, dfden: (0.5 * dfnum, 0.5 * dfden),
        lambda m, x, dfnum, dfden: m.log(x),
        lambda m, y, dfnum, dfden: 1.0 * m.exp(y),
    ),
    latex=r"\mathrm{F}",
)
beta_prime = Distribution(
    name="beta_prime",
    parameters=(Parameter("a", POSITIVE), Parameter("b", POSITIVE)),
    sampler=kernels.beta_prime,
    support=_positive,
    logdensity=lambda x, a, b: sp.xlogy(a - 1.0, x) - (a + b) * e.log1p(x) - sp.betaln(a, b),
    cdf=lambda x, a, b: sp.betainc(a, b, x / (1.0 + x)),
    mean=lambda a, b: where(b > 1.0, a / (b - 1.0), math.inf),
    variance=lambda a, b: where(
        b > 2.0, a * (a + b - 1.0) / ((b - 2.0) * e.square(b - 1.0)), math.inf
    ),
    tails=Tails(
        lambda x, a, b: e.log(sp.betainc(a, b, x / (1.0 + x))),
        lambda x, a, b: e.log(sp.betainc(b, a, 1.0 / (1.0 + x))),
    ),
    standard=at.log_odds(
        lambda a, b: (a, b),
        lambda m, x, a, b: m.log(x * (b / a)),
        lambda m, y, a, b: (a / b) * m.exp(y),
    ),
    latex=r"\mathrm{BetaPrime}",
)
weibull = Distribution(
    name="weibull",
    parameters=(SHAPE, SCALE),
    sampler=kernels.weibull,
    support=_non_negative,
    logdensity=lambda x, shape, scale: (
        e.log(shape)
        - e.log(scale)
        + sp.xlogy(shape - 1.0, x / scale)
        - e.exp(shape * e.log(x / scale))
    ),
    cdf=lambda x, shape, scale: -e.expm1(-e.pow(x / scale, shape)),
    quantile=lambda q, shape, scale: scale * e.pow(-e.log1p(-q), 1.0 / shape),
    mean=lambda shape, scale: scale * e.exp(sp.gammaln(1.0 + 1.0 / shape)),
    variance=lambda shape, scale: (
        e.square(scale)
        * (e.exp(sp.gammaln(1.0 + 2.0 / shape)) - e.exp(2.0 * sp.gammaln(1.0 + 1.0 / shape)))
    ),
    standard=at.hazard(
        lambda m, x, shape, scale: m.exp(shape * m.log(x / scale)),
        lambda m, y, shape, scale: scale * m.exp(m.log(y) / shape),
    ),
    latex=r"\mathrm{Weibull}",
)
log_logistic = Distribution(
    name="log_logistic",
    parameters=(SHAPE, SCALE),
    sampler=kernels.log_logistic,
    support=_positive,
    logdensity=lambda x, shape, scale: (
        e.log(shape)
        - e.log(x)
        - shape * e.abs(e.log(x / scale))
        - 2.0 * e.log1p(e.exp(-shape * e.abs(e.log(x / scale))))
    ),
    cdf=lambda x, shape, scale: sp.expit(shape * e.log(x / scale)),
    quantile=lambda q, shape, scale: scale * e.exp(sp.logit(q) / shape),
    mean=lambda shape, scale: where(
        shape > 1.0, scale * (math.pi / shape) / e.sin(math.pi / shape), math.inf
    ),
    standard=at.hazard(
        lambda m, x, shape, scale: at.log_one_plus_exp(m, shape * m.log(x / scale)),
        lambda m, y, shape, scale: scale * m.exp((y + at.log_one_minus_exp(m, y)) / shape),
    ),
    latex=r"\mathrm{LogLogistic}",
)
pareto = Distribution(
    name="pareto",
    parameters=(SHAPE, Parameter("scale", POSITIVE)),
    sampler=kernels.pareto,
    support=lambda shape, scale: interval("a number not below scale", r"[m, \infty)", scale, None),
    logdensity=lambda x, shape, scale: (
        e.log(shape) + shape * e.log(scale) - (shape + 1.0) * e.log(x)
    ),
    cdf=lambda x, shape, scale: -e.expm1(shape * e.log(scale / x)),
    quantile=lambda q, shape, scale: scale * e.exp(-e.log1p(-q) / shape),
    mean=lambda shape, scale: where(shape > 1.0, shape * scale / (shape - 1.0), math.inf),
    variance=lambda shape, scale: where(
        shape > 2.0, e.square(scale / (shape - 1.0)) * shape / (shape - 2.0), math.inf
    ),
    standard=at.hazard(
        lambda m, x, shape, scale: shape * m.log(x / scale),
        lambda m, y, shape, scale: scale * m.exp(y / shape),
    ),
    latex=r"\mathrm{Pareto}",
)
lomax = Distribution(
    name="lomax",
    parameters=(SHAPE, SCALE),
    sampler=kernels.lomax,
    support=_non_negative,
    logdensity=lambda x, shape, scale: (
        e.log(shape) - e.log(scale) - (shape + 1.0) * e.log1p(x / scale)
    ),
    cdf=lambda x, shape, scale: -e.expm1(-shape * e.log1p(x / scale)),
    quantile=lambda q, shape, scale: scale * e.expm1(-e.log1p(-q) / shape),
    mean=lambda shape, scale: where(shape > 1.0, scale / (shape - 1.0), math.inf),
    variance=lambda shape, scale: where(
        shape > 2.0, e.square(scale / (shape - 1.0)) * shape / (shape - 2.0), math.inf
    ),
    standard=at.hazard(
        lambda m, x, shape, scale: shape * m.log1p(x / scale),
        lambda m, y, shape, scale: scale * m.expm1(y / shape),
    ),
    latex=r"\mathrm{Lomax}",
)
rayleigh = Distribution(
    name="rayleigh",
    parameters=(SCALE,),
    sampler=kernels.rayleigh,
    support=_non_negative,
    logdensity=lambda x, scale: e.log(x) - 2.0 * e.log(scale) - 0.5 * e.square(x / scale),
    cdf=lambda x, scale: -e.expm1(-0.5 * e.square(x / scale)),
    quantile=lambda q, scale: scale * e.sqrt(-2.0 * e.log1p(-q)),
    mean=lambda scale: math.sqrt(math.pi / 2) * scale,
    variance=lambda scale: (2.0 - math.pi / 2) * e.square(scale),
    standard=at.hazard(
        lambda m, x, scale: 0.5 * (x / scale) * (x / scale),
        lambda m, y, scale: scale * e.sqrt(2.0 * y),
    ),
    latex=r"\mathrm{Rayleigh}",
)
maxwell = Distribution(
    name="maxwell",
    parameters=(SCALE,),
    sampler=kernels.maxwell,
    support=_non_negative,
    logdensity=lambda x, scale: (
        2.0 * e.log(x)
        - 3.0 * e.log(scale)
        - 0.5 * e.square(x / scale)
        + 0.5 * math.log(2 / math.pi)
    ),
    cdf=lambda x, scale: sp.gammainc(1.5, 0.5 * e.square(x / scale)),
    mean=lambda scale: 2.0 * math.sqrt(2 / math.pi) * scale,
    variance=lambda scale: (3.0 - 8.0 / math.pi) * e.square(scale),
    tails=Tails(
        lambda x, scale: e.log(sp.gammainc(1.5, 0.5 * e.square(x / scale))),
        lambda x, scale: e.log(sp.gammaincc(1.5, 0.5 * e.square(x / scale))),
    ),
    standard=at.log_gamma(
        lambda scale: as_expr(1.5),
        lambda m, x, scale: 2.0 * m.log(x / scale) - math.log(3.0),
        lambda m, y, scale: math.sqrt(3.0) * scale * m.exp(0.5 * y),
    ),
    latex=r"\mathrm{Maxwell}",
)
levy = Distribution(
    name="levy",
    parameters=(LOC, SCALE),
    sampler=kernels.levy,
    support=lambda loc, scale: interval("a number above loc", r"(\mu, \infty)", loc, None),
    logdensity=lambda x, loc, scale: (
        0.5 * e.log(scale) - _HALF_LOG_2PI - 1.5 * e.log(x - loc) - 0.5 * scale / (x - loc)
    ),
    cdf=lambda x, loc, scale: sp.erfc(e.sqrt(0.5 * scale / (x - loc))),
    quantile=lambda q, loc, scale: loc + scale / e.square(sp.ndtri(0.5 * q)),
    mean=lambda loc, scale: math.inf * scale,
    variance=lambda loc, scale: math.inf * scale,
    tails=Tails(
        lambda x, loc, scale: e.log(sp.erfc(e.sqrt(0.5 * scale / (x - loc)))),
        lambda x, loc, scale: e.log(sp.erf(e.sqrt(0.5 * scale / (x - loc)))),
    ),
    standard=at.normal(
        lambda m, x, loc, scale: e.sqrt(scale / (x - loc)),
        lambda m, y, loc, scale: loc + scale / (y * y),
        positive=True,
        rising=False,
    ),
    latex=r"\mathrm{Levy}",
)


def _inverse_gaussian_parts(x: Expr, mean: Expr, scale: Expr) -> tuple[Expr, Expr, Expr]:
    root = e.sqrt(scale / x)
    far = 2.0 * scale / mean + sp.log_ndtr(-root * (x / mean + 1.0))
    return root * (x / mean - 1.0), far, x


def _inverse_gaussian_below(x: Expr, mean: Expr, scale: Expr) -> Expr:
    z, far, _ = _inverse_gaussian_parts(x, mean, scale)
    return e.logaddexp(sp.log_ndtr(z), far)


def _inverse_gaussian_above(x: Expr, mean: Expr, scale: Expr) -> Expr:
    z, far, _ = _inverse_gaussian_parts(x, mean, scale)
    near = sp.log_ndtr(-z)
    return near + sp.log1mexp(e.minimum(far - near, -1e-300))


inverse_gaussian = Distribution(
    name="inverse_gaussian",
    parameters=(Parameter("mean", POSITIVE), Parameter("scale", POSITIVE)),
    sampler=kernels.inverse_gaussian,
    support=_positive,
    logdensity=lambda x, mean, scale: (
        0.5 * e.log(scale)
        - _HALF_LOG_2PI
        - 1.5 * e.log(x)
        - 0.5 * scale * e.square((x - mean) / mean) / x
    ),
    cdf=lambda x, mean, scale: (
        sp.ndtr(e.sqrt(scale / x) * (x / mean - 1.0))
        + e.exp(2.0 * scale / mean + sp.log_ndtr(-e.sqrt(scale / x) * (x / mean + 1.0)))
    ),
    mean=lambda mean, scale: mean,
    variance=lambda mean, scale: mean * e.square(mean) / scale,
    tails=Tails(_inverse_gaussian_below, _inverse_gaussian_above),
    standard=at.inverse_gaussian(
        lambda mean, scale: (as_expr(-0.5), scale / mean), lambda mean, scale: mean
    ),
    latex=r"\mathrm{InvGaussian}",
    source="Michael, Schucany & Haas 1976 (sampler)",
    doc_note="Also called Wald; ``numpy.random.Generator.wald`` has the same parameters.",
)
generalized_inverse_gaussian = Distribution(
    name="generalized_inverse_gaussian",
    parameters=(Parameter("p", REAL), Parameter("b", POSITIVE), SCALE),
    sampler=kernels.generalized_inverse_gaussian,
    support=_positive,
    logdensity=lambda x, p, b, scale: (
        (p - 1.0) * e.log(x / scale)
        - 0.5 * b * (x / scale + scale / x)
        - _LOG_2
        - sp.log_kve(p, b)
        + b
        - e.log(scale)
    ),
    mean=lambda p, b, scale: scale * e.exp(sp.log_kve(p + 1.0, b) - sp.log_kve(p, b)),
    variance=lambda p, b, scale: (
        e.square(scale)
        * (
            e.exp(sp.log_kve(p + 2.0, b) - sp.log_kve(p, b))
            - e.exp(2.0 * (sp.log_kve(p + 1.0, b) - sp.log_kve(p, b)))
        )
    ),
    standard=at.inverse_gaussian(lambda p, b, scale: (p, b), lambda p, b, scale: scale),
    latex=r"\mathrm{GIG}",
    source="Devroye 2014 (sampler)",
)


def _log_polya_gamma(x: Expr, h: Expr, z: Expr) -> Expr:
    # Polson, Scott & Windle 2013, equation 5: an alternating series.
    n = arange(200)
    h_, x_ = (h + 0.0 * x)[..., None], (x + 0.0 * h)[..., None]
    size = sp.gammaln(n + h_) - sp.gammaln(n + 1.0) + e.log(2.0 * n + h_)
    terms = size - e.square(2.0 * n + h_) / (8.0 * x_)
    top = r.max(terms, -1, keepdims=True)
    signs = 1.0 - 2.0 * e.remainder(n, 2)
    series = e.log(r.sum(signs * e.exp(terms - top), -1)) + top[..., 0]
    half = 0.5 * e.abs(z)
    log_cosh = half + e.log1p(e.exp(-2.0 * half)) - _LOG_2
    return (
        h * log_cosh
        + (h - 1.0) * _LOG_2
        - sp.gammaln(h)
        + series
        - _HALF_LOG_2PI
        - 1.5 * e.log(x)
        - 0.5 * e.square(z) * x
    )


def _polya_gamma_mean(h: Expr, z: Expr) -> Expr:
    flat = e.abs(z) < 1e-3
    safe = where(flat, 1.0, z)
    return h * where(flat, 0.25 - e.square(z) / 48.0, e.tanh(0.5 * safe) / (2.0 * safe))


def _polya_gamma_variance(h: Expr, z: Expr) -> Expr:
    flat = e.abs(z) < 1e-2
    safe = where(flat, 1.0, e.abs(z))
    # (sinh z - z) / cosh(z / 2)^2, without overflow.
    q = e.exp(-safe)
    inner = (2.0 * (1.0 - e.square(q)) - 4.0 * safe * q) / e.square(1.0 + q)
    value = inner / (4.0 * safe * e.square(safe))
    return h * where(flat, 1.0 / 24.0 - e.square(z) / 120.0, value)


polya_gamma = Distribution(
    name="polya_gamma",
    parameters=(Parameter("h", POSITIVE), Parameter("z", REAL, 0.0)),
    sampler=draw_polya_gamma,
    support=_positive,
    logdensity=_log_polya_gamma,
    mean=_polya_gamma_mean,
    variance=_polya_gamma_variance,
    latex=r"\mathrm{PG}",
    source="Polson, Scott & Windle 2013",
)

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
