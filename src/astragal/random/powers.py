"""Distributions of powers, lengths and ratios of normal and gamma variables."""

from __future__ import annotations

import math
from typing import Any

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random import accurate, cumulative, kernels
from astragal.random import coordinates as at
from astragal.random.distribution import (
    NON_NEGATIVE,
    POSITIVE,
    Distribution,
    Parameter,
    Tails,
    Turns,
)
from astragal.random.parameters import (
    DF,
    LOC,
    LOG_2,
    NONC,
    SCALE,
    SHAPE,
    non_negative,
    positive,
)
from astragal.random.series import noncentral

# -- powers of gamma variables -----------------------------------------------------------------


def _gamma_ratio(shape: Expr, r: Expr | float) -> Expr:
    """Mean of the r-th power of a standard gamma variable."""
    return e.exp(sp.gammaln(shape + r) - sp.gammaln(shape))


def _power_of_gamma(shape: at.Map, power: at.Map, unit: at.Map) -> dict[str, Any]:
    """Give what follows where (x / unit)^power is standard gamma."""

    def image(x: Expr, *p: Expr) -> Expr:
        return e.exp(power(*p) * e.log(x / unit(*p)))

    return {
        "sampler": kernels.power_of_gamma(shape, power, unit),
        "cdf": lambda x, *p: sp.gammainc(shape(*p), image(x, *p)),
        "tails": Tails(
            lambda x, *p: e.log(sp.gammainc(shape(*p), image(x, *p))),
            lambda x, *p: e.log(sp.gammaincc(shape(*p), image(x, *p))),
        ),
        "standard": at.log_gamma(
            shape,
            lambda m, x, *p: power(*p) * m.log(x / unit(*p)) - m.log(shape(*p)),
            lambda m, y, *p: unit(*p) * m.exp((y + m.log(shape(*p))) / power(*p)),
        ),
    }


chi = Distribution(
    name="chi",
    parameters=(DF,),
    support=positive,
    logdensity=lambda x, df: (
        sp.xlogy(df - 1.0, x) - 0.5 * e.square(x) - (0.5 * df - 1.0) * LOG_2 - sp.gammaln(0.5 * df)
    ),
    accurate=accurate.chi,
    **_power_of_gamma(lambda df: 0.5 * df, lambda df: as_expr(2.0), lambda df: as_expr(2**0.5)),
    mean=lambda df: math.sqrt(2.0) * _gamma_ratio(0.5 * df, 0.5),
    variance=lambda df: df - 2.0 * e.square(_gamma_ratio(0.5 * df, 0.5)),
    latex=r"\chi",
)
nakagami = Distribution(
    name="nakagami",
    parameters=(Parameter("nu", POSITIVE), SCALE),
    support=positive,
    logdensity=lambda x, nu, scale: (
        LOG_2
        + sp.xlogy(nu, nu)
        - sp.gammaln(nu)
        - e.log(scale)
        + sp.xlogy(2.0 * nu - 1.0, x / scale)
        - nu * e.square(x / scale)
    ),
    accurate=accurate.nakagami,
    **_power_of_gamma(
        lambda nu, scale: nu,
        lambda nu, scale: as_expr(2.0),
        lambda nu, scale: scale / e.sqrt(nu),
    ),
    mean=lambda nu, scale: scale / e.sqrt(nu) * _gamma_ratio(nu, 0.5),
    variance=lambda nu, scale: e.square(scale) * (1.0 - e.square(_gamma_ratio(nu, 0.5)) / nu),
    latex=r"\mathrm{Nakagami}",
)
generalized_gamma = Distribution(
    name="generalized_gamma",
    parameters=(Parameter("a", POSITIVE), Parameter("c", POSITIVE), SCALE),
    support=positive,
    logdensity=lambda x, a, c, scale: (
        e.log(c) - e.log(x) - sp.gammaln(a) + a * c * e.log(x / scale) - e.exp(c * e.log(x / scale))
    ),
    accurate=accurate.generalized_gamma,
    **_power_of_gamma(lambda a, c, scale: a, lambda a, c, scale: c, lambda a, c, scale: scale),
    mean=lambda a, c, scale: scale * _gamma_ratio(a, 1.0 / c),
    variance=lambda a, c, scale: (
        e.square(scale) * (_gamma_ratio(a, 2.0 / c) - e.square(_gamma_ratio(a, 1.0 / c)))
    ),
    latex=r"\mathrm{GenGamma}",
    doc_note="Of which the ``c``-th power, over that of ``scale``, is gamma of shape ``a``.",
)

# -- lengths of normal vectors -----------------------------------------------------------------


def _rice_mean(nu: Expr, scale: Expr) -> Expr:
    q = 0.25 * e.square(nu / scale)
    return scale * math.sqrt(0.5 * math.pi) * ((1.0 + 2.0 * q) * sp.i0e(q) + 2.0 * q * sp.i1e(q))


rice = Distribution(
    name="rice",
    parameters=(Parameter("nu", NON_NEGATIVE), SCALE),
    sampler=kernels.rice,
    support=non_negative,
    logdensity=lambda x, nu, scale: (
        e.log(x)
        - 2.0 * e.log(scale)
        - 0.5 * e.square((x - nu) / scale)
        + e.log(sp.i0e(x / scale * (nu / scale)))
    ),
    mean=_rice_mean,
    variance=lambda nu, scale: (
        2.0 * e.square(scale) + e.square(nu) - e.square(_rice_mean(nu, scale))
    ),
    tails=cumulative.rice,
    turns=Turns("log"),
    latex=r"\mathrm{Rice}",
    doc_note="Length of a vector of two normal variables, whose mean has the length ``nu``.",
)


def _folded_mean(loc: Expr, scale: Expr) -> Expr:
    z = loc / scale
    return scale * math.sqrt(2.0 / math.pi) * e.exp(-0.5 * e.square(z)) + loc * sp.erf(
        z / math.sqrt(2.0)
    )


folded_normal = Distribution(
    name="folded_normal",
    parameters=(LOC, SCALE),
    sampler=kernels.folded_normal,
    support=non_negative,
    logdensity=lambda x, loc, scale: (
        e.logaddexp(-0.5 * e.square((x - loc) / scale), -0.5 * e.square((x + loc) / scale))
        - e.log(scale)
        - sp.HALF_LOG_2PI
    ),
    cdf=lambda x, loc, scale: sp.ndtr((x - loc) / scale) - sp.ndtr((-x - loc) / scale),
    tails=Tails(
        lambda x, loc, scale: (
            sp.log_ndtr((x - loc) / scale)
            + sp.log1mexp(sp.log_ndtr((-x - loc) / scale) - sp.log_ndtr((x - loc) / scale))
        ),
        lambda x, loc, scale: e.logaddexp(
            sp.log_ndtr((loc - x) / scale), sp.log_ndtr((-x - loc) / scale)
        ),
    ),
    mean=_folded_mean,
    variance=lambda loc, scale: (
        e.square(loc) + e.square(scale) - e.square(_folded_mean(loc, scale))
    ),
    turns=Turns("log"),
    latex=r"\mathrm{FoldedNormal}",
)
birnbaum_saunders = Distribution(
    name="birnbaum_saunders",
    parameters=(SHAPE, SCALE),
    support=positive,
    logdensity=lambda x, shape, scale: (
        e.log(e.sqrt(x / scale) + e.sqrt(scale / x))
        - LOG_2
        - e.log(shape)
        - e.log(x)
        - sp.HALF_LOG_2PI
        - 0.5 * e.square((e.sqrt(x / scale) - e.sqrt(scale / x)) / shape)
    ),
    **at.by_normal(
        at.normal(
            lambda m, x, shape, scale: 2.0 / shape * at.sinh(m, 0.5 * m.log(x / scale)),
            lambda m, y, shape, scale: scale * m.exp(2.0 * at.asinh(m, 0.5 * shape * y)),
        )
    ),
    mean=lambda shape, scale: scale * (1.0 + 0.5 * e.square(shape)),
    variance=lambda shape, scale: e.square(scale * shape) * (1.0 + 1.25 * e.square(shape)),
    latex=r"\mathrm{BirnbaumSaunders}",
    source="Birnbaum & Saunders 1969",
)


def _log_noncentral_f(x: Expr, dfnum: Expr, dfden: Expr, nonc: Expr) -> Expr:
    ratio = dfnum / dfden
    return e.log(ratio) + noncentral(
        ratio * x,
        0.5 * dfnum,
        0.5 * dfden,
        nonc,
        lambda y, a, b: sp.xlogy(a - 1.0, y) - (a + b) * e.log1p(y) - sp.betaln(a, b),
        lambda y: y / (1.0 + y),
    )


noncentral_f = Distribution(
    name="noncentral_f",
    parameters=(Parameter("dfnum", POSITIVE), Parameter("dfden", POSITIVE), NONC),
    sampler=kernels.noncentral_f,
    support=positive,
    logdensity=_log_noncentral_f,
    accurate=accurate.noncentral_f,
    mean=lambda dfnum, dfden, nonc: where(
        dfden > 2.0,
        dfden * (dfnum + nonc) / (dfnum * where(dfden > 2.0, dfden - 2.0, 1.0)),
        math.inf,
    ),
    variance=lambda dfnum, dfden, nonc: where(
        dfden > 4.0,
        2.0
        * e.square(dfden / dfnum)
        * (e.square(dfnum + nonc) + (dfnum + 2.0 * nonc) * (dfden - 2.0))
        / (e.square(dfden - 2.0) * where(dfden > 4.0, dfden - 4.0, 1.0)),
        math.inf,
    ),
    tails=cumulative.noncentral_f,
    turns=Turns("log"),
    latex=r"\mathrm{F}'",
)


DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
