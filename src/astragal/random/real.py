"""Distributions on the whole line: one declaration each."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random import coordinates as at
from astragal.random import kernels
from astragal.random.distribution import (
    POSITIVE,
    REAL,
    Distribution,
    Parameter,
    Tails,
)
from astragal.random.parameters import (
    DF,
    EULER,
    HALF_LOG_2PI,
    LOC,
    LOG_2,
    SCALE,
    real,
)

normal = Distribution(
    name="normal",
    parameters=(LOC, SCALE),
    sampler=kernels.normal,
    support=real,
    logdensity=lambda x, loc, scale: (
        -0.5 * e.square((x - loc) / scale) - e.log(scale) - HALF_LOG_2PI
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
        - HALF_LOG_2PI
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
    latex=r"\mathrm{ExGaussian}",
    doc_note="A normal variable plus an independent exponential one of mean ``nu``.",
)

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
