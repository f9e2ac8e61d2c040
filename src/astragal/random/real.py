"""Distributions on the whole line: one declaration each."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.creation import arange
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random import accurate, kernels, skewed
from astragal.random import coordinates as at
from astragal.random.distribution import (
    POSITIVE,
    REAL,
    Distribution,
    Joint,
    Parameter,
    Standard,
    Tails,
    Turns,
)
from astragal.random.parameters import (
    DF,
    EULER,
    LOC,
    LOG_2,
    SCALE,
    SHAPE,
    real,
)

normal = Distribution(
    name="normal",
    parameters=(LOC, SCALE),
    sampler=kernels.normal,
    support=real,
    logdensity=lambda x, loc, scale: (
        -0.5 * e.square((x - loc) / scale) - e.log(scale) - sp.HALF_LOG_2PI
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
    support=real,
    logdensity=lambda x, loc, scale, alpha: (
        LOG_2
        - 0.5 * e.square((x - loc) / scale)
        - e.log(scale)
        - sp.HALF_LOG_2PI
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
    standard=skewed.skew_normal,
    turns=Turns(start=lambda loc, scale, alpha: loc, step=lambda loc, scale, alpha: scale),
    latex=r"\mathrm{SkewNormal}",
    source="Azzalini 1985",
)
student_t = Distribution(
    name="student_t",
    parameters=(DF, LOC, SCALE),
    sampler=kernels.student_t,
    support=real,
    logdensity=lambda x, df, loc, scale: (
        -0.5 * (df + 1.0) * e.log1p(e.square((x - loc) / scale) / df)
        - sp.betaln(0.5 * df, 0.5)
        - 0.5 * e.log(df)
        - e.log(scale)
    ),
    cdf=lambda x, df, loc, scale: student_cdf((x - loc) / scale, df),
    mean=lambda df, loc, scale: where(df > 1.0, loc, math.nan),
    variance=lambda df, loc, scale: where(
        df > 2.0, e.square(scale) * df / (df - 2.0), where(df > 1.0, math.inf, math.nan)
    ),
    tails=Tails(
        lambda x, df, loc, scale: log_student((loc - x) / scale, df),
        lambda x, df, loc, scale: log_student((x - loc) / scale, df),
    ),
    standard=at.student(
        lambda df, loc, scale: df, lambda df, loc, scale: loc, lambda df, loc, scale: scale
    ),
    latex=r"\mathrm{StudentT}",
)


def student_cdf(z: Expr, df: Expr) -> Expr:
    """Probability up to z."""
    tail = 0.5 * sp.betainc(0.5 * df, 0.5, df / (df + e.square(z)))
    return where(z > 0.0, 1.0 - tail, tail)


def log_student(z: Expr, df: Expr) -> Expr:
    """Log of the probability above z."""
    tail = e.log(sp.betainc(0.5 * df, 0.5, df / (df + e.square(z)))) - LOG_2
    return where(z > 0.0, tail, e.log1p(-0.5 * sp.betainc(0.5 * df, 0.5, df / (df + e.square(z)))))


cauchy = Distribution(
    name="cauchy",
    parameters=(LOC, SCALE),
    sampler=kernels.cauchy,
    support=real,
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
    support=real,
    logdensity=lambda x, loc, scale: -LOG_2 - e.log(scale) - e.abs(x - loc) / scale,
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
    support=real,
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
    standard=at.hazard(
        lambda m, x, loc, scale, kappa: at.asymmetric_laplace_hazard(m, (x - loc) / scale, kappa),
        lambda m, y, loc, scale, kappa: loc + scale * at.asymmetric_laplace_value(m, y, kappa),
    ),
    latex=r"\mathrm{AsymmetricLaplace}",
    source="Kotz, Kozubowski & Podgorski 2001",
)
logistic = Distribution(
    name="logistic",
    parameters=(LOC, SCALE),
    sampler=kernels.logistic,
    support=real,
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
    support=real,
    logdensity=lambda x, loc, scale: -(x - loc) / scale - e.exp(-(x - loc) / scale) - e.log(scale),
    cdf=lambda x, loc, scale: e.exp(-e.exp(-(x - loc) / scale)),
    quantile=lambda q, loc, scale: loc - scale * e.log(-e.log(q)),
    mean=lambda loc, scale: loc + EULER * scale,
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
    support=real,
    logdensity=_log_ex_gaussian,
    cdf=lambda x, loc, scale, nu: (
        sp.ndtr((x - loc) / scale) - nu * e.exp(_log_ex_gaussian(x, loc, scale, nu))
    ),
    mean=lambda loc, scale, nu: loc + nu,
    variance=lambda loc, scale, nu: e.square(scale) + e.square(nu),
    standard=skewed.ex_gaussian,
    turns=Turns(start=lambda loc, scale, nu: loc, step=lambda loc, scale, nu: scale),
    latex=r"\mathrm{ExGaussian}",
    doc_note="A normal variable plus an independent exponential one of mean ``nu``.",
)
gumbel_minimum = Distribution(
    name="gumbel_minimum",
    parameters=(LOC, SCALE),
    support=real,
    logdensity=lambda x, loc, scale: (x - loc) / scale - e.exp((x - loc) / scale) - e.log(scale),
    **at.by_hazard(
        at.hazard(
            lambda m, x, loc, scale: m.exp((x - loc) / scale),
            lambda m, y, loc, scale: loc + scale * m.log(y),
        )
    ),
    mean=lambda loc, scale: loc - EULER * scale,
    variance=lambda loc, scale: math.pi**2 / 6.0 * e.square(scale),
    latex=r"\mathrm{GumbelMin}",
    doc_note="Of the smallest of many; ``gumbel`` is that of the largest.",
)


def _sech_tail(z: Expr) -> Expr:
    """Log of the probability above z."""
    return e.log(2.0 / math.pi) + e.log(e.atan(e.exp(-z)))


hyperbolic_secant = Distribution(
    name="hyperbolic_secant",
    parameters=(LOC, SCALE),
    sampler=kernels.hyperbolic_secant,
    support=real,
    logdensity=lambda x, loc, scale: (
        LOG_2
        - math.log(math.pi)
        - e.log(scale)
        - e.abs(x - loc) / scale
        - e.log1p(e.exp(-2.0 * e.abs(x - loc) / scale))
    ),
    cdf=lambda x, loc, scale: 2.0 / math.pi * e.atan(e.exp((x - loc) / scale)),
    quantile=lambda q, loc, scale: loc + scale * e.log(e.tan(0.5 * math.pi * q)),
    tails=Tails(
        lambda x, loc, scale: _sech_tail((loc - x) / scale),
        lambda x, loc, scale: _sech_tail((x - loc) / scale),
    ),
    standard=Standard(
        lambda m, x, loc, scale: (x - loc) / scale,
        lambda m, y, loc, scale: loc + scale * y,
        drop=lambda y, z, *p: at.t_drop(y, z, as_expr(1.0)),
    ),
    mean=lambda loc, scale: loc,
    variance=lambda loc, scale: 0.25 * math.pi**2 * e.square(scale),
    latex=r"\mathrm{Sech}",
)
log_gamma = Distribution(
    name="log_gamma",
    parameters=(SHAPE,),
    sampler=kernels.log_gamma,
    support=real,
    logdensity=lambda x, shape: shape * x - e.exp(x) - sp.gammaln(shape),
    accurate=accurate.log_gamma,
    cdf=lambda x, shape: sp.gammainc(shape, e.exp(x)),
    tails=Tails(
        lambda x, shape: e.log(sp.gammainc(shape, e.exp(x))),
        lambda x, shape: e.log(sp.gammaincc(shape, e.exp(x))),
    ),
    standard=at.log_gamma(
        lambda shape: shape,
        lambda m, x, shape: x - m.log(shape),
        lambda m, y, shape: y + m.log(shape),
    ),
    mean=sp.digamma,
    variance=sp.trigamma,
    latex=r"\mathrm{LogGamma}",
)
generalized_logistic = Distribution(
    name="generalized_logistic",
    parameters=(Parameter("c", POSITIVE), LOC, SCALE),
    support=real,
    logdensity=lambda x, c, loc, scale: (
        e.log(c) - e.log(scale) - (x - loc) / scale - (c + 1.0) * sp.softplus((loc - x) / scale)
    ),
    **at.by_hazard(
        at.hazard(
            lambda m, x, c, loc, scale: c * at.log_one_plus_exp(m, (loc - x) / scale),
            lambda m, y, c, loc, scale: loc - scale * (y / c + at.log_one_minus_exp(m, y / c)),
            rising=False,
        )
    ),
    mean=lambda c, loc, scale: loc + scale * (sp.digamma(c) + EULER),
    variance=lambda c, loc, scale: e.square(scale) * (sp.trigamma(c) + math.pi**2 / 6.0),
    latex=r"\mathrm{GenLogistic}",
    doc_note="Type I: the distribution function is the ``c``-th power of the logistic one.",
)


def _upper_normal(z: Expr, beta: Expr) -> Expr:
    """Half the probability above |z|."""
    return 0.5 * sp.gammaincc(1.0 / beta, e.pow(e.abs(z), beta))


generalized_normal = Distribution(
    name="generalized_normal",
    parameters=(Parameter("beta", POSITIVE), LOC, SCALE),
    sampler=kernels.generalized_normal,
    support=real,
    logdensity=lambda x, beta, loc, scale: (
        e.log(beta)
        - LOG_2
        - e.log(scale)
        - sp.gammaln(1.0 / beta)
        - e.pow(e.abs((x - loc) / scale), beta)
    ),
    cdf=lambda x, beta, loc, scale: where(
        x < loc,
        _upper_normal((x - loc) / scale, beta),
        1.0 - _upper_normal((x - loc) / scale, beta),
    ),
    tails=Tails(
        lambda x, beta, loc, scale: where(
            x < loc,
            e.log(_upper_normal((x - loc) / scale, beta)),
            e.log1p(-_upper_normal((x - loc) / scale, beta)),
        ),
        lambda x, beta, loc, scale: where(
            x > loc,
            e.log(_upper_normal((x - loc) / scale, beta)),
            e.log1p(-_upper_normal((x - loc) / scale, beta)),
        ),
    ),
    mean=lambda beta, loc, scale: loc,
    variance=lambda beta, loc, scale: (
        e.square(scale) * e.exp(sp.gammaln(3.0 / beta) - sp.gammaln(1.0 / beta))
    ),
    standard=skewed.generalized_normal,
    turns=Turns(points=lambda beta, loc, scale: [loc], step=lambda beta, loc, scale: scale),
    latex=r"\mathrm{GenNormal}",
    doc_note="Also called exponential power: normal for beta = 2, Laplace for beta = 1.",
)
johnson_su = Distribution(
    name="johnson_su",
    parameters=(Parameter("a", REAL), Parameter("b", POSITIVE), LOC, SCALE),
    support=real,
    logdensity=lambda x, a, b, loc, scale: (
        e.log(b)
        - e.log(scale)
        - 0.5 * e.log1p(e.square((x - loc) / scale))
        - sp.HALF_LOG_2PI
        - 0.5 * e.square(a + b * e.asinh((x - loc) / scale))
    ),
    **at.by_normal(
        at.normal(
            lambda m, x, a, b, loc, scale: a + b * at.asinh(m, (x - loc) / scale),
            lambda m, y, a, b, loc, scale: loc + scale * at.sinh(m, (y - a) / b),
        )
    ),
    mean=lambda a, b, loc, scale: loc - scale * e.exp(0.5 / e.square(b)) * e.sinh(a / b),
    variance=lambda a, b, loc, scale: (
        0.5
        * e.square(scale)
        * e.expm1(1.0 / e.square(b))
        * (e.exp(1.0 / e.square(b)) * e.cosh(2.0 * a / b) + 1.0)
    ),
    latex=r"\mathrm{JohnsonSU}",
    source="Johnson 1949",
)


def _root_of_difference(a: Expr, b: Expr) -> Expr:
    return e.sqrt((a - b) * (a + b))


def _log_normal_inverse_gaussian(x: Expr, a: Expr, b: Expr, loc: Expr, scale: Expr) -> Expr:
    z = (x - loc) / scale
    root = e.sqrt(1.0 + e.square(z))
    # The gamma of the law less a times the root, which are near where z is near its centre.
    return (
        e.log(a / math.pi)
        - e.log(scale)
        - e.log(root)
        + sp.log_kve(1.0, a * root)
        + (_root_of_difference(a, b) - a * root + b * z)
    )


normal_inverse_gaussian = Distribution(
    name="normal_inverse_gaussian",
    parameters=(Parameter("a", POSITIVE), Parameter("b", REAL), LOC, SCALE),
    sampler=kernels.normal_inverse_gaussian,
    support=real,
    logdensity=_log_normal_inverse_gaussian,
    mean=lambda a, b, loc, scale: loc + scale * b / _root_of_difference(a, b),
    variance=lambda a, b, loc, scale: (
        e.square(scale * a) / (_root_of_difference(a, b) * (a - b) * (a + b))
    ),
    joint=(Joint("b", lambda a, b, loc, scale: e.abs(b) < a, "is not between -a and a"),),
    turns=Turns(start=lambda a, b, loc, scale: loc, step=lambda a, b, loc, scale: scale),
    latex=r"\mathrm{NIG}",
    source="Barndorff-Nielsen 1997",
    doc_note="``a`` is the tails' heaviness and ``b`` the asymmetry, with |b| < a.",
)


def _log_noncentral_t(x: Expr, df: Expr, nonc: Expr) -> Expr:
    # The integral over the chi variable y, of y^df exp(-(y - mu)^2 / 2), by the trapezoid rule
    # in log y, whose error is beyond double precision.
    shape = x + df + nonc
    x, df, nonc = x + 0.0 * shape, df + 0.0 * shape, nonc + 0.0 * shape
    root = e.hypot(x, e.sqrt(df))
    mu = nonc * (x / root)
    peak = 0.5 * (mu + e.sqrt(e.square(mu) + 4.0 * (df + 1.0)))
    # For a negative mu, without cancellation.
    peak = where(mu < 0.0, 2.0 * (df + 1.0) / (e.sqrt(e.square(mu) + 4.0 * (df + 1.0)) - mu), peak)
    width = 1.0 / e.sqrt(peak * (2.0 * peak - mu))
    low, high = -(40.0 / (df + 1.0) + 10.0 * width), 12.0 * width
    step = (high - low) / 600.0
    u = low[..., None] + step[..., None] * arange(601).astype("float64")
    y = peak[..., None] * e.exp(u)
    rise = y - peak[..., None]
    # Log of the integrand less its value at the peak.
    terms = (df + 1.0)[..., None] * u - rise * (0.5 * rise + (peak - mu)[..., None])
    area = e.log(r.sum(e.exp(terms), -1)) + e.log(step)
    at_peak = (df + 1.0) * e.log(peak) - 0.5 * e.square(peak - mu)
    return (
        area
        + at_peak
        - 0.5 * df * e.square(nonc / root)
        + 0.5 * df * e.log(df)
        - 0.5 * math.log(math.pi)
        - sp.gammaln(0.5 * df)
        - 0.5 * (df - 1.0) * LOG_2
        - (df + 1.0) * e.log(root)
    )


def _noncentral_t_mean(df: Expr, nonc: Expr) -> Expr:
    value = (
        nonc
        * e.sqrt(0.5 * df)
        * e.exp(sp.gammaln(0.5 * (e.maximum(df, 1.001) - 1.0)) - sp.gammaln(0.5 * df))
    )
    return where(df > 1.0, value, math.nan)


noncentral_t = Distribution(
    name="noncentral_t",
    parameters=(DF, Parameter("nonc", REAL)),
    sampler=kernels.noncentral_t,
    support=real,
    logdensity=_log_noncentral_t,
    mean=_noncentral_t_mean,
    variance=lambda df, nonc: where(
        df > 2.0,
        df * (1.0 + e.square(nonc)) / where(df > 2.0, df - 2.0, 1.0)
        - e.square(_noncentral_t_mean(df, nonc)),
        where(df > 1.0, math.inf, math.nan),
    ),
    turns=Turns(start=lambda df, nonc: nonc),
    latex=r"\mathrm{StudentT}'",
    source="Johnson, Kotz & Balakrishnan 1995, chapter 31",
)


DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
