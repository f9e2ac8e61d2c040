"""Distributions of positive numbers with a hazard in closed form: one declaration each."""

from __future__ import annotations

import math

from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.searching import where
from astragal.random import coordinates as at
from astragal.random import kernels
from astragal.random.distribution import (
    POSITIVE,
    Distribution,
    Parameter,
    interval,
)
from astragal.random.parameters import (
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

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
