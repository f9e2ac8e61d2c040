"""Univariate distributions: one declaration each.

Log densities follow Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions,
and Johnson, Kemp & Kotz, Univariate Discrete Distributions.
"""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.random import kernels
from astragal.random.distribution import (
    COUNT,
    NON_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    REAL,
    Distribution,
    Domain,
    Parameter,
)

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def _inverse(x: Expr) -> Expr:
    return e.divide(1.0, x)


LOC = Parameter("loc", REAL, 0.0)
SCALE = Parameter("scale", POSITIVE, 1.0)
RATE = Parameter("rate", POSITIVE, keyword=True, alternatives={"scale": _inverse})

normal = Distribution(
    name="normal",
    sampler=kernels.normal,
    parameters=(LOC, SCALE),
    support=lambda loc, scale: REAL,
    logdensity=lambda x, loc, scale: (
        -0.5 * e.square((x - loc) / scale) - e.log(scale) - _HALF_LOG_2PI
    ),
    cdf=lambda x, loc, scale: sp.ndtr((x - loc) / scale),
    quantile=lambda q, loc, scale: loc + scale * sp.ndtri(q),
    mean=lambda loc, scale: loc,
    variance=lambda loc, scale: e.square(scale),
    latex=r"\mathcal{N}",
)
half_normal = Distribution(
    name="half_normal",
    sampler=kernels.half_normal,
    parameters=(SCALE,),
    support=lambda scale: NON_NEGATIVE,
    logdensity=lambda x, scale: (
        -0.5 * e.square(x / scale) - e.log(scale) - _HALF_LOG_2PI + math.log(2)
    ),
    latex=r"\mathrm{HalfNormal}",
)
half_cauchy = Distribution(
    name="half_cauchy",
    sampler=kernels.half_cauchy,
    parameters=(SCALE,),
    support=lambda scale: NON_NEGATIVE,
    logdensity=lambda x, scale: math.log(2 / math.pi) - e.log(scale) - e.log1p(e.square(x / scale)),
    latex=r"\mathrm{HalfCauchy}",
)
uniform = Distribution(
    name="uniform",
    sampler=kernels.uniform,
    parameters=(Parameter("low", REAL, 0.0), Parameter("high", REAL, 1.0)),
    support=lambda low, high: Domain(
        "a number between low and high", "[a, b]", lambda x: (x >= low) & (x <= high)
    ),
    logdensity=lambda x, low, high: -e.log(high - low) + 0.0 * x,
    latex=r"\mathcal{U}",
)
exponential = Distribution(
    name="exponential",
    sampler=kernels.exponential,
    parameters=(RATE,),
    support=lambda rate: NON_NEGATIVE,
    logdensity=lambda x, rate: e.log(rate) - rate * x,
    latex=r"\mathrm{Exponential}",
)
gamma = Distribution(
    name="gamma",
    sampler=kernels.gamma,
    parameters=(Parameter("shape", POSITIVE), RATE),
    support=lambda shape, rate: POSITIVE,
    logdensity=lambda x, shape, rate: (
        sp.xlogy(shape - 1.0, x) - rate * x + shape * e.log(rate) - sp.gammaln(shape)
    ),
    latex=r"\mathrm{Gamma}",
)
inverse_gamma = Distribution(
    name="inverse_gamma",
    sampler=kernels.inverse_gamma,
    parameters=(Parameter("shape", POSITIVE), Parameter("scale", POSITIVE, keyword=True)),
    support=lambda shape, scale: POSITIVE,
    logdensity=lambda x, shape, scale: (
        shape * e.log(scale) - sp.gammaln(shape) - (shape + 1.0) * e.log(x) - scale / x
    ),
    latex=r"\mathrm{InvGamma}",
)
beta = Distribution(
    name="beta",
    sampler=kernels.beta,
    parameters=(Parameter("a", POSITIVE), Parameter("b", POSITIVE)),
    support=lambda a, b: PROBABILITY,
    logdensity=lambda x, a, b: sp.xlogy(a - 1.0, x) + sp.xlog1py(b - 1.0, -x) - sp.betaln(a, b),
    latex=r"\mathrm{Beta}",
)
bernoulli = Distribution(
    name="bernoulli",
    sampler=kernels.bernoulli,
    parameters=(Parameter("p", PROBABILITY),),
    support=lambda p: Domain("0 or 1", r"\{0, 1\}", lambda x: e.equal(x, 0) | e.equal(x, 1)),
    dtype="int64",
    logdensity=lambda x, p: sp.xlogy(x, p) + sp.xlog1py(1.0 - x, -p),
    latex=r"\mathrm{Bernoulli}",
)
binomial = Distribution(
    name="binomial",
    sampler=kernels.binomial,
    parameters=(Parameter("n", COUNT, integer=True), Parameter("p", PROBABILITY)),
    support=lambda n, p: Domain(
        "an integer from 0 to n",
        r"\{0, \dots, n\}",
        lambda x: (x >= 0) & (x <= n) & e.equal(e.floor(x), x),
    ),
    dtype="int64",
    logdensity=lambda x, n, p: (
        sp.gammaln(n + 1.0)
        - sp.gammaln(x + 1.0)
        - sp.gammaln(n - x + 1.0)
        + sp.xlogy(x, p)
        + sp.xlog1py(n - x, -p)
    ),
    latex=r"\mathrm{Binomial}",
)
negative_binomial = Distribution(
    name="negative_binomial",
    sampler=kernels.negative_binomial,
    parameters=(Parameter("n", POSITIVE), Parameter("p", PROBABILITY)),
    support=lambda n, p: COUNT,
    dtype="int64",
    logdensity=lambda x, n, p: (
        sp.gammaln(x + n) - sp.gammaln(n) - sp.gammaln(x + 1.0) + sp.xlogy(n, p) + sp.xlog1py(x, -p)
    ),
    latex=r"\mathrm{NegBinomial}",
)
poisson = Distribution(
    name="poisson",
    sampler=kernels.poisson,
    parameters=(Parameter("lam", NON_NEGATIVE),),
    support=lambda lam: COUNT,
    dtype="int64",
    logdensity=lambda x, lam: sp.xlogy(x, lam) - lam - sp.gammaln(x + 1.0),
    latex=r"\mathrm{Poisson}",
)

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
