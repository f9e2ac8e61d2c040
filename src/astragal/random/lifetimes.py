"""Distributions of positive numbers with a hazard in closed form: one declaration each."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.searching import where
from astragal.random import coordinates as at
from astragal.random import kernels
from astragal.random.distribution import (
    POSITIVE,
    REAL,
    Distribution,
    Domain,
    Parameter,
    interval,
)
from astragal.random.parameters import (
    LOC,
    LOG_2,
    RATE,
    SCALE,
    SHAPE,
    non_negative,
    positive,
)

exponential = Distribution(
    name="exponential",
    parameters=(RATE,),
    sampler=kernels.exponential,
    support=non_negative,
    logdensity=lambda x, rate: e.log(rate) - rate * x,
    cdf=lambda x, rate: -e.expm1(-rate * x),
    quantile=lambda q, rate: -e.log1p(-q) / rate,
    mean=lambda rate: 1.0 / rate,
    variance=lambda rate: 1.0 / e.square(rate),
    standard=at.hazard(lambda m, x, rate: rate * x, lambda m, y, rate: y / rate),
    latex=r"\mathrm{Exponential}",
)
weibull = Distribution(
    name="weibull",
    parameters=(SHAPE, SCALE),
    sampler=kernels.weibull,
    support=non_negative,
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
    support=positive,
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
    support=non_negative,
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
    support=non_negative,
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

C, D = Parameter("c", POSITIVE), Parameter("d", POSITIVE)


def _moment_above(order: float, shape: Expr, value: Expr) -> Expr:
    """A moment of a power tail: infinite where the tail is too heavy."""
    return where(shape > order, value, math.inf)


frechet = Distribution(
    name="frechet",
    parameters=(SHAPE, SCALE),
    support=positive,
    logdensity=lambda x, shape, scale: (
        e.log(shape)
        - e.log(scale)
        - (shape + 1.0) * e.log(x / scale)
        - e.exp(-shape * e.log(x / scale))
    ),
    **at.by_hazard(
        at.hazard(
            lambda m, x, shape, scale: m.exp(-shape * m.log(x / scale)),
            lambda m, y, shape, scale: scale * m.exp(-m.log(y) / shape),
            rising=False,
        )
    ),
    mean=lambda shape, scale: _moment_above(
        1.0, shape, scale * e.exp(sp.gammaln(1.0 - 1.0 / e.maximum(shape, 1.0 + 1e-9)))
    ),
    variance=lambda shape, scale: _moment_above(
        2.0, shape, e.square(scale) * _spread(-1.0 / e.maximum(shape, 2.0 + 1e-9))
    ),
    latex=r"\mathrm{Frechet}",
)


def _spread(r: Expr) -> Expr:
    """Variance of the r-th power of a standard exponential variable."""
    return e.exp(sp.gammaln(1.0 + 2.0 * r)) - e.exp(2.0 * sp.gammaln(1.0 + r))


gompertz = Distribution(
    name="gompertz",
    parameters=(C, SCALE),
    support=non_negative,
    logdensity=lambda x, c, scale: e.log(c) - e.log(scale) + x / scale - c * e.expm1(x / scale),
    **at.by_hazard(
        at.hazard(
            lambda m, x, c, scale: c * m.expm1(x / scale),
            lambda m, y, c, scale: scale * m.log1p(y / c),
        )
    ),
    latex=r"\mathrm{Gompertz}",
)
burr = Distribution(
    name="burr",
    parameters=(C, D, SCALE),
    support=positive,
    logdensity=lambda x, c, d, scale: (
        e.log(c)
        + e.log(d)
        - e.log(x)
        + c * e.log(x / scale)
        - (d + 1.0) * sp.softplus(c * e.log(x / scale))
    ),
    **at.by_hazard(
        at.hazard(
            lambda m, x, c, d, scale: d * at.log_one_plus_exp(m, c * m.log(x / scale)),
            lambda m, y, c, d, scale: scale * m.exp((y / d + at.log_one_minus_exp(m, y / d)) / c),
        )
    ),
    mean=lambda c, d, scale: _moment_above(
        1.0, c * d, scale * d * e.exp(_betaln_right(d, 1.0 / c))
    ),
    variance=lambda c, d, scale: _moment_above(
        2.0,
        c * d,
        e.square(scale)
        * (d * e.exp(_betaln_right(d, 2.0 / c)) - e.square(d * e.exp(_betaln_right(d, 1.0 / c)))),
    ),
    latex=r"\mathrm{Burr}",
    doc_note="Type XII, also called Singh-Maddala.",
)


def _betaln_right(d: Expr, r: Expr) -> Expr:
    """Log of B(1 + r, d - r), where it exists."""
    return sp.betaln(1.0 + r, e.maximum(d - r, 1e-12))


dagum = Distribution(
    name="dagum",
    parameters=(C, D, SCALE),
    support=positive,
    logdensity=lambda x, c, d, scale: (
        e.log(c)
        + e.log(d)
        - e.log(x)
        - c * e.log(x / scale)
        - (d + 1.0) * sp.softplus(-c * e.log(x / scale))
    ),
    **at.by_hazard(
        at.hazard(
            lambda m, x, c, d, scale: d * at.log_one_plus_exp(m, -c * m.log(x / scale)),
            lambda m, y, c, d, scale: scale * m.exp(-(y / d + at.log_one_minus_exp(m, y / d)) / c),
            rising=False,
        )
    ),
    mean=lambda c, d, scale: _moment_above(
        1.0, c, scale * d * e.exp(sp.betaln(d + 1.0 / c, e.maximum(1.0 - 1.0 / c, 1e-12)))
    ),
    variance=lambda c, d, scale: _moment_above(
        2.0,
        c,
        e.square(scale)
        * (
            d * e.exp(sp.betaln(d + 2.0 / c, e.maximum(1.0 - 2.0 / c, 1e-12)))
            - e.square(d * e.exp(sp.betaln(d + 1.0 / c, e.maximum(1.0 - 1.0 / c, 1e-12))))
        ),
    ),
    latex=r"\mathrm{Dagum}",
    doc_note="Also called Burr type III.",
)
half_logistic = Distribution(
    name="half_logistic",
    parameters=(SCALE,),
    support=non_negative,
    logdensity=lambda x, scale: LOG_2 - e.log(scale) - x / scale - 2.0 * e.log1p(e.exp(-x / scale)),
    **at.by_hazard(
        at.hazard(
            lambda m, x, scale: x / scale + m.log1p(0.5 * m.expm1(-x / scale)),
            lambda m, y, scale: scale * (y + m.log1p(-m.expm1(-y))),
        )
    ),
    mean=lambda scale: math.log(4.0) * scale,
    variance=lambda scale: (math.pi**2 / 3.0 - math.log(4.0) ** 2) * e.square(scale),
    latex=r"\mathrm{HalfLogistic}",
)
exponentiated_weibull = Distribution(
    name="exponentiated_weibull",
    parameters=(Parameter("a", POSITIVE), C, SCALE),
    support=positive,
    logdensity=lambda x, a, c, scale: (
        e.log(a)
        + e.log(c)
        - e.log(scale)
        + (a - 1.0) * sp.log1mexp(-e.exp(c * e.log(x / scale)))
        + (c - 1.0) * e.log(x / scale)
        - e.exp(c * e.log(x / scale))
    ),
    **at.by_hazard(
        at.hazard(
            lambda m, x, a, c, scale: -a * at.log_one_minus_exp(m, m.exp(c * m.log(x / scale))),
            lambda m, y, a, c, scale: scale * m.exp(m.log(-at.log_one_minus_exp(m, y / a)) / c),
            rising=False,
        )
    ),
    latex=r"\mathrm{ExpWeibull}",
)
log_laplace = Distribution(
    name="log_laplace",
    parameters=(C, SCALE),
    support=positive,
    logdensity=lambda x, c, scale: e.log(c) - LOG_2 - e.log(x) - c * e.abs(e.log(x / scale)),
    **at.by_hazard(
        at.hazard(
            lambda m, x, c, scale: at.laplace_hazard(m, c * m.log(x / scale)),
            lambda m, y, c, scale: scale * m.exp(at.laplace_value(m, y) / c),
        )
    ),
    mean=lambda c, scale: _moment_above(
        1.0, c, scale * e.square(c) / where(c > 1.0, e.square(c) - 1.0, 1.0)
    ),
    variance=lambda c, scale: _moment_above(
        2.0,
        c,
        e.square(scale)
        * (
            e.square(c) / where(c > 2.0, e.square(c) - 4.0, 1.0)
            - e.square(e.square(c) / where(c > 1.0, e.square(c) - 1.0, 1.0))
        ),
    ),
    latex=r"\mathrm{LogLaplace}",
)

# -- extremes ----------------------------------------------------------------------------------

XI = Parameter("shape", REAL)


def _box_cox(m: Any, z: Expr, xi: Expr) -> Expr:
    """Give log(1 + xi z) / xi."""
    none = e.equal(xi, 0.0)
    return where(none, z, m.log1p(where(none, 0.0, xi * z)) / where(none, 1.0, xi))


def _unbox(m: Any, y: Expr, xi: Expr) -> Expr:
    """Give (exp(xi y) - 1) / xi."""
    none = e.equal(xi, 0.0)
    return where(none, y, m.expm1(where(none, 0.0, xi * y)) / where(none, 1.0, xi))


def _edge(shape: Expr, loc: Expr, scale: Expr) -> Expr:
    return loc - scale / where(e.equal(shape, 0.0), 1.0, shape)


def _pareto_support(shape: Expr, loc: Expr, scale: Expr) -> Domain:
    high = where(shape < 0.0, _edge(shape, loc, scale), math.inf)
    domain = interval("a number that the tail reaches", r"[\mu, \dots)", loc, high)
    return replace(domain, bounds=None, ends=domain.bounds)


def _extreme_support(shape: Expr, loc: Expr, scale: Expr) -> Domain:
    low = where(shape > 0.0, _edge(shape, loc, scale), -math.inf)
    high = where(shape < 0.0, _edge(shape, loc, scale), math.inf)
    domain = interval("a number that the tails reach", r"\{x : 1 + \xi z > 0\}", low, high)
    return replace(domain, bounds=None, ends=domain.bounds)


generalized_pareto = Distribution(
    name="generalized_pareto",
    parameters=(XI, LOC, SCALE),
    support=_pareto_support,
    logdensity=lambda x, shape, loc, scale: (
        -e.log(scale) - (1.0 + shape) * _box_cox(e, (x - loc) / scale, shape)
    ),
    **at.by_hazard(
        at.hazard(
            lambda m, x, shape, loc, scale: _box_cox(m, (x - loc) / scale, shape),
            lambda m, y, shape, loc, scale: loc + scale * _unbox(m, y, shape),
        )
    ),
    mean=lambda shape, loc, scale: where(
        shape < 1.0, loc + scale / where(shape < 1.0, 1.0 - shape, 1.0), math.inf
    ),
    variance=lambda shape, loc, scale: where(
        shape < 0.5,
        e.square(scale / (1.0 - shape)) / where(shape < 0.5, 1.0 - 2.0 * shape, 1.0),
        math.inf,
    ),
    latex=r"\mathrm{GPD}",
    source="Coles 2001, section 4.2",
    doc_note="A positive shape is a heavy tail, as for SciPy's ``genpareto``.",
)
generalized_extreme_value = Distribution(
    name="generalized_extreme_value",
    parameters=(XI, LOC, SCALE),
    support=_extreme_support,
    logdensity=lambda x, shape, loc, scale: (
        -e.log(scale)
        - (1.0 + shape) * _box_cox(e, (x - loc) / scale, shape)
        - e.exp(-_box_cox(e, (x - loc) / scale, shape))
    ),
    **at.by_hazard(
        at.hazard(
            lambda m, x, shape, loc, scale: m.exp(-_box_cox(m, (x - loc) / scale, shape)),
            lambda m, y, shape, loc, scale: loc + scale * _unbox(m, -m.log(y), shape),
            rising=False,
        )
    ),
    latex=r"\mathrm{GEV}",
    source="Coles 2001, section 3.1",
    doc_note="A positive shape is a heavy tail: it is minus that of SciPy's ``genextreme``.",
)


DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
