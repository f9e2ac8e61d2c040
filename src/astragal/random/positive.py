"""Distributions of positive numbers, of the normal and gamma kinds: one declaration each."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random import accurate, cumulative, kernels
from astragal.random import coordinates as at
from astragal.random.distribution import (
    POSITIVE,
    REAL,
    Distribution,
    Parameter,
    Tails,
    Turns,
    interval,
)
from astragal.random.parameters import (
    DF,
    LOC,
    LOG_2,
    NONC,
    RATE,
    SCALE,
    SHAPE,
    non_negative,
    positive,
)
from astragal.random.real import log_student, student_cdf
from astragal.random.series import around, chi_square_peak, log_sum

half_normal = Distribution(
    name="half_normal",
    parameters=(SCALE,),
    sampler=kernels.half_normal,
    support=non_negative,
    logdensity=lambda x, scale: -0.5 * e.square(x / scale) - e.log(scale) - sp.HALF_LOG_2PI + LOG_2,
    cdf=lambda x, scale: sp.erf(x / scale / math.sqrt(2)),
    quantile=lambda q, scale: math.sqrt(2) * scale * sp.erfinv(q),
    mean=lambda scale: math.sqrt(2 / math.pi) * scale,
    variance=lambda scale: (1.0 - 2.0 / math.pi) * e.square(scale),
    tails=Tails(
        lambda x, scale: e.log(sp.erf(x / scale / math.sqrt(2))),
        lambda x, scale: sp.log_ndtr(-x / scale) + LOG_2,
    ),
    standard=at.normal(lambda m, x, scale: x / scale, lambda m, y, scale: scale * y, positive=True),
    latex=r"\mathrm{HalfNormal}",
)
half_cauchy = Distribution(
    name="half_cauchy",
    parameters=(SCALE,),
    sampler=kernels.half_cauchy,
    support=non_negative,
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
    support=non_negative,
    logdensity=lambda x, df, scale: (
        LOG_2
        - 0.5 * (df + 1.0) * e.log1p(e.square(x / scale) / df)
        - sp.betaln(0.5 * df, 0.5)
        - 0.5 * e.log(df)
        - e.log(scale)
    ),
    cdf=lambda x, df, scale: 2.0 * student_cdf(x / scale, df) - 1.0,
    variance=None,
    tails=Tails(
        lambda x, df, scale: e.log1p(-e.exp(log_student(x / scale, df) + LOG_2)),
        lambda x, df, scale: log_student(x / scale, df) + LOG_2,
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
    support=positive,
    logdensity=lambda x, mean, sigma: (
        -0.5 * e.square((e.log(x) - mean) / sigma) - e.log(sigma) - e.log(x) - sp.HALF_LOG_2PI
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
gamma = Distribution(
    name="gamma",
    parameters=(SHAPE, RATE),
    sampler=kernels.gamma,
    support=positive,
    logdensity=lambda x, shape, rate: (
        sp.xlogy(shape - 1.0, x) - rate * x + shape * e.log(rate) - sp.gammaln(shape)
    ),
    accurate=accurate.gamma,
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
    support=positive,
    logdensity=lambda x, shape, scale: (
        shape * e.log(scale) - sp.gammaln(shape) - (shape + 1.0) * e.log(x) - scale / x
    ),
    accurate=accurate.inverse_gamma,
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
    support=positive,
    logdensity=lambda x, df: (
        sp.xlogy(0.5 * df - 1.0, x) - 0.5 * x - 0.5 * LOG_2 * df - sp.gammaln(0.5 * df)
    ),
    accurate=accurate.chi_square,
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
    # The Bessel form, through log I_v by its series in the Poisson counts.
    half = 0.5 * nonc
    j, step = around(chi_square_peak(df, nonc, x))
    terms = (
        sp.xlogy(j, half[..., None])
        - sp.gammaln(j + 1.0)
        + (0.5 * df[..., None] + j - 1.0) * e.log(0.5 * x[..., None])
        - sp.gammaln(0.5 * df[..., None] + j)
    )
    return log_sum(terms) + step - half - 0.5 * x - LOG_2


noncentral_chi_square = Distribution(
    name="noncentral_chi_square",
    parameters=(DF, NONC),
    sampler=kernels.noncentral_chi_square,
    support=positive,
    logdensity=lambda x, df, nonc: _log_noncentral(x + 0.0 * df, df + 0.0 * x, nonc + 0.0 * x),
    accurate=accurate.noncentral_chi_square,
    mean=lambda df, nonc: df + nonc,
    variance=lambda df, nonc: 2.0 * (df + 2.0 * nonc),
    tails=cumulative.noncentral_chi_square,
    turns=Turns("log"),
    latex=r"\chi'^2",
)
f = Distribution(
    name="f",
    parameters=(Parameter("dfnum", POSITIVE), Parameter("dfden", POSITIVE)),
    sampler=kernels.f,
    support=positive,
    logdensity=lambda x, dfnum, dfden: (
        0.5 * dfnum * e.log(dfnum / dfden)
        + sp.xlogy(0.5 * dfnum - 1.0, x)
        - 0.5 * (dfnum + dfden) * e.log1p(dfnum / dfden * x)
        - sp.betaln(0.5 * dfnum, 0.5 * dfden)
    ),
    accurate=accurate.f,
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
    support=positive,
    logdensity=lambda x, a, b: sp.xlogy(a - 1.0, x) - (a + b) * e.log1p(x) - sp.betaln(a, b),
    accurate=accurate.beta_prime,
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
maxwell = Distribution(
    name="maxwell",
    parameters=(SCALE,),
    sampler=kernels.maxwell,
    support=non_negative,
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
        0.5 * e.log(scale) - sp.HALF_LOG_2PI - 1.5 * e.log(x - loc) - 0.5 * scale / (x - loc)
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
    support=positive,
    logdensity=lambda x, mean, scale: (
        0.5 * e.log(scale)
        - sp.HALF_LOG_2PI
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
    support=positive,
    logdensity=lambda x, p, b, scale: (
        (p - 1.0) * e.log(x / scale)
        - 0.5 * b * (x / scale + scale / x)
        - LOG_2
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
    turns=Turns("log"),
    latex=r"\mathrm{GIG}",
    source="Devroye 2014 (sampler)",
)


DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
