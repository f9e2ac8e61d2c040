"""Discrete univariate distributions: one declaration each.

Log masses follow Johnson, Kemp & Kotz, Univariate Discrete Distributions.
"""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.random import accurate, counts, cumulative
from astragal.random import coordinates as at
from astragal.random.distribution import (
    COUNT,
    INTEGER,
    NON_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    Distribution,
    Domain,
    Joint,
    Parameter,
    Tails,
    Turns,
)
from astragal.random.series import log_sum, skellam_counts, together

P = Parameter("p", PROBABILITY)
N = Parameter("n", COUNT, integer=True)


def _whole(words: str, latex: str, low: Expr | float, high: Expr | float | None) -> Domain:
    """Whole numbers from low to high."""

    def contains(x: Expr) -> Expr:
        inside = (x >= low) & e.equal(e.floor(x), x)
        return inside if high is None else inside & (x <= high)

    return Domain(words, latex, contains, ends=(low, high))


POSITIVE_INTEGER = _whole("a positive integer", r"\mathbb{N}", 1, None)
OPEN_PROBABILITY = Domain("a number between 0 and 1", "(0, 1)", lambda x: (x > 0) & (x < 1))
SUCCESS = Domain("a positive probability", "(0, 1]", lambda x: (x > 0) & (x <= 1))
ABOVE_ONE = Domain("a finite number above 1", r"(1, \infty)", lambda x: (x > 1) & e.isfinite(x))


def log_choose(n: Expr, k: Expr) -> Expr:
    """Log of the number of subsets of size k."""
    return -e.log1p(n) - sp.betaln(n - k + 1.0, k + 1.0)


FALLING = Turns(points=lambda *p: [])
"""From the smallest value on."""

bernoulli = Distribution(
    name="bernoulli",
    parameters=(P,),
    sampler=counts.bernoulli,
    support=lambda p: _whole("0 or 1", r"\{0, 1\}", 0, 1),
    dtype="int64",
    logdensity=lambda x, p: sp.xlogy(x, p) + sp.xlog1py(1.0 - x, -p),
    mean=lambda p: p,
    variance=lambda p: p * (1.0 - p),
    tails=Tails(
        lambda x, p: where(x >= 1, 0.0, e.log1p(-p)),
        lambda x, p: where(x >= 1, -math.inf, e.log(p)),
    ),
    cells=lambda p: 2,
    latex=r"\mathrm{Bernoulli}",
)
binomial = Distribution(
    name="binomial",
    parameters=(N, P),
    sampler=counts.binomial,
    support=lambda n, p: _whole("an integer from 0 to n", r"\{0, \dots, n\}", 0, n),
    dtype="int64",
    logdensity=lambda x, n, p: (
        sp.gammaln(n + 1.0)
        - sp.gammaln(x + 1.0)
        - sp.gammaln(n - x + 1.0)
        + sp.xlogy(x, p)
        + sp.xlog1py(n - x, -p)
    ),
    accurate=accurate.binomial,
    cdf=lambda x, n, p: where(x >= n, 1.0, sp.betainc(e.maximum(n - x, 0.5), x + 1.0, 1.0 - p)),
    mean=lambda n, p: n * p,
    variance=lambda n, p: n * p * (1.0 - p),
    tails=Tails(
        lambda x, n, p: e.log(sp.betainc(e.maximum(n - x, 0.5), x + 1.0, 1.0 - p)),
        lambda x, n, p: e.log(sp.betainc(x + 1.0, e.maximum(n - x, 0.5), p)),
    ),
    standard=at.counts(counts.binomial_drop, lambda n, p: e.floor((n + 1.0) * p)),
    latex=r"\mathrm{Binomial}",
    source="Hoermann 1993 (sampler)",
)
negative_binomial = Distribution(
    name="negative_binomial",
    parameters=(Parameter("n", POSITIVE), Parameter("p", SUCCESS)),
    sampler=counts.negative_binomial,
    support=lambda n, p: COUNT,
    dtype="int64",
    logdensity=lambda x, n, p: (
        sp.gammaln(x + n) - sp.gammaln(n) - sp.gammaln(x + 1.0) + sp.xlogy(n, p) + sp.xlog1py(x, -p)
    ),
    accurate=accurate.negative_binomial,
    cdf=lambda x, n, p: sp.betainc(n, x + 1.0, p),
    mean=lambda n, p: n * (1.0 - p) / p,
    variance=lambda n, p: n * (1.0 - p) / e.square(p),
    tails=Tails(
        lambda x, n, p: e.log(sp.betainc(n, x + 1.0, p)),
        lambda x, n, p: e.log(sp.betainc(x + 1.0, n, 1.0 - p)),
    ),
    standard=at.counts(
        counts.negative_binomial_drop,
        lambda n, p: e.maximum(e.floor((n - 1.0) * ((1.0 - p) / p)), 0.0),
        lambda n, p: n >= 1.0,
    ),
    turns=Turns(),
    latex=r"\mathrm{NegBinomial}",
    doc_note="Counts failures before the n-th success, as in NumPy.",
)
poisson = Distribution(
    name="poisson",
    parameters=(Parameter("lam", NON_NEGATIVE),),
    sampler=counts.poisson,
    support=lambda lam: COUNT,
    dtype="int64",
    logdensity=lambda x, lam: sp.xlogy(x, lam) - lam - sp.gammaln(x + 1.0),
    accurate=accurate.poisson,
    cdf=lambda x, lam: sp.gammaincc(x + 1.0, lam),
    mean=lambda lam: lam,
    variance=lambda lam: lam,
    tails=Tails(
        lambda x, lam: e.log(sp.gammaincc(x + 1.0, lam)),
        lambda x, lam: e.log(sp.gammainc(x + 1.0, lam)),
    ),
    standard=at.counts(counts.poisson_drop, e.floor),
    latex=r"\mathrm{Poisson}",
    source="Hoermann 1993 (sampler)",
)
geometric = Distribution(
    name="geometric",
    parameters=(Parameter("p", SUCCESS),),
    sampler=counts.geometric,
    support=lambda p: POSITIVE_INTEGER,
    dtype="int64",
    logdensity=lambda x, p: e.log(p) + sp.xlog1py(x - 1.0, -p),
    cdf=lambda x, p: -e.expm1(sp.xlog1py(x + 0.0 * p, -p)),
    mean=lambda p: 1.0 / p,
    variance=lambda p: (1.0 - p) / e.square(p),
    standard=at.hazard(
        lambda m, x, p: -x * m.log1p(-p),
        lambda m, y, p: e.ceil(-y / m.log1p(-p)),
        lattice=True,
    ),
    latex=r"\mathrm{Geometric}",
    doc_note="Counts trials up to the first success, as in NumPy: the smallest value is 1.",
)
hypergeometric = Distribution(
    name="hypergeometric",
    parameters=(
        Parameter("ngood", COUNT, integer=True),
        Parameter("nbad", COUNT, integer=True),
        Parameter("nsample", COUNT, integer=True),
    ),
    joint=(
        Joint(
            "nsample",
            lambda ngood, nbad, nsample: nsample <= ngood + nbad,
            "is more than ngood + nbad",
        ),
    ),
    sampler=counts.hypergeometric,
    support=lambda ngood, nbad, nsample: _whole(
        "a number of good ones that the sample can have",
        r"\{\max(0, n - b), \dots, \min(n, g)\}",
        e.maximum(nsample - nbad, 0),
        e.minimum(nsample, ngood),
    ),
    dtype="int64",
    logdensity=lambda x, ngood, nbad, nsample: (
        log_choose(astype(ngood, "float64"), x + 0.0)
        + log_choose(astype(nbad, "float64"), nsample - x + 0.0)
        - log_choose(astype(ngood + nbad, "float64"), astype(nsample, "float64"))
    ),
    accurate=accurate.hypergeometric,
    mean=lambda ngood, nbad, nsample: nsample * (ngood / (ngood + nbad)),
    variance=lambda ngood, nbad, nsample: (
        nsample
        * (ngood / (ngood + nbad))
        * (nbad / (ngood + nbad))
        * ((ngood + nbad - nsample) / (ngood + nbad - 1.0))
    ),
    standard=at.counts(counts.hypergeometric_drop, counts.hypergeometric_mode),
    turns=Turns(),
    latex=r"\mathrm{Hypergeometric}",
    source="Devroye 1987 (sampler)",
)
discrete_uniform = Distribution(
    name="discrete_uniform",
    parameters=(
        Parameter("low", INTEGER, integer=True),
        Parameter("high", INTEGER, integer=True),
    ),
    sampler=counts.discrete_uniform,
    support=lambda low, high: _whole(
        "an integer from low to high - 1", r"\{a, \dots, b - 1\}", low, high - 1
    ),
    dtype="int64",
    logdensity=lambda x, low, high: -e.log(astype(high - low, "float64")) + 0.0 * x,
    cdf=lambda x, low, high: (x - low + 1.0) / (high - low),
    mean=lambda low, high: 0.5 * (low + high - 1.0),
    variance=lambda low, high: (e.square(astype(high - low, "float64")) - 1.0) / 12.0,
    ordered=(("low", "high"),),
    tails=Tails(
        lambda x, low, high: e.log((x - low + 1.0) / (high - low)),
        lambda x, low, high: e.log((high - 1.0 - x) / (high - low)),
    ),
    standard=at.counts(
        lambda j, k, low, high: 0.0 * (j - k),
        lambda low, high: astype(low, "float64"),
        lambda low, high: (high - low < 2**50) & (abs(low) < 2**52) & (abs(high) < 2**52),
    ),
    turns=Turns(),
    latex=r"\mathcal{U}",
    doc_note="``high`` is excluded, as in ``numpy.random.Generator.integers``.",
)
beta_binomial = Distribution(
    name="beta_binomial",
    parameters=(N, Parameter("a", POSITIVE), Parameter("b", POSITIVE)),
    sampler=counts.beta_binomial,
    support=lambda n, a, b: _whole("an integer from 0 to n", r"\{0, \dots, n\}", 0, n),
    dtype="int64",
    logdensity=lambda x, n, a, b: (
        log_choose(astype(n, "float64"), x + 0.0) + sp.betaln(x + a, n - x + b) - sp.betaln(a, b)
    ),
    accurate=accurate.beta_binomial,
    mean=lambda n, a, b: n * a / (a + b),
    variance=lambda n, a, b: n * a * b * (a + b + n) / (e.square(a + b) * (a + b + 1.0)),
    tails=cumulative.beta_binomial,
    turns=Turns(hollow=lambda n, a, b: (a < 1.0) & (b < 1.0)),
    latex=r"\mathrm{BetaBinomial}",
)
log_series = Distribution(
    name="log_series",
    parameters=(Parameter("p", OPEN_PROBABILITY),),
    sampler=counts.log_series,
    support=lambda p: POSITIVE_INTEGER,
    dtype="int64",
    logdensity=lambda x, p: x * e.log(p) - e.log(x + 0.0) - e.log(-e.log1p(-p)),
    mean=lambda p: -p / ((1.0 - p) * e.log1p(-p)),
    variance=lambda p: -p * (p + e.log1p(-p)) / (e.square(1.0 - p) * e.square(e.log1p(-p))),
    tails=cumulative.log_series,
    turns=FALLING,
    latex=r"\mathrm{LogSeries}",
    source="Kemp 1981 (sampler)",
)
zipf = Distribution(
    name="zipf",
    parameters=(Parameter("a", ABOVE_ONE),),
    sampler=counts.zipf,
    support=lambda a: POSITIVE_INTEGER,
    dtype="int64",
    logdensity=lambda x, a: -a * e.log(x + 0.0) - e.log(sp.zeta(a, 1.0)),
    mean=lambda a: where(a > 2.0, sp.zeta(a - 1.0, 1.0) / sp.zeta(a, 1.0), float("inf")),
    tails=cumulative.zipf,
    turns=FALLING,
    latex=r"\mathrm{Zipf}",
    source="Devroye 1986 (sampler)",
)
point_mass = Distribution(
    name="point_mass",
    parameters=(Parameter("value", INTEGER, integer=True),),
    sampler=counts.point_mass,
    support=lambda value: _whole("the one value", r"\{a\}", value, value),
    dtype="int64",
    logdensity=lambda x, value: 0.0 * (x - value),
    tails=Tails(lambda x, value: 0.0 * (x - value), lambda x, value: -math.inf + 0.0 * value),
    mean=lambda value: astype(value, "float64"),
    variance=lambda value: 0.0 * value,
    turns=FALLING,
    latex=r"\delta",
    doc_note="Always the one value: for mixtures, as in zero-inflated laws.",
)


def _log_skellam(x: Expr, mu1: Expr, mu2: Expr) -> Expr:
    # The sum over the second count, around its largest term.
    k, a, b = together(x, mu1, mu2)
    j, step = skellam_counts(k, a, b)
    n = j + k[..., None]
    terms = (
        sp.xlogy(n, a[..., None])
        - a[..., None]
        - sp.gammaln(n + 1.0)
        + sp.xlogy(j, b[..., None])
        - b[..., None]
        - sp.gammaln(j + 1.0)
    )
    return log_sum(terms) + step


skellam = Distribution(
    name="skellam",
    parameters=(Parameter("mu1", POSITIVE), Parameter("mu2", POSITIVE)),
    sampler=counts.skellam,
    support=lambda mu1, mu2: INTEGER,
    dtype="int64",
    logdensity=_log_skellam,
    accurate=accurate.skellam,
    mean=lambda mu1, mu2: mu1 - mu2,
    variance=lambda mu1, mu2: mu1 + mu2,
    tails=cumulative.skellam,
    turns=Turns(),
    latex=r"\mathrm{Skellam}",
    doc_note="Difference of two Poisson counts.",
)
yule_simon = Distribution(
    name="yule_simon",
    parameters=(Parameter("alpha", POSITIVE),),
    sampler=counts.yule_simon,
    support=lambda alpha: POSITIVE_INTEGER,
    dtype="int64",
    logdensity=lambda x, alpha: e.log(alpha) + sp.betaln(x + 0.0, alpha + 1.0),
    cdf=lambda x, alpha: -e.expm1(e.log(x + 0.0) + sp.betaln(x + 0.0, alpha + 1.0)),
    tails=Tails(
        lambda x, alpha: sp.log1mexp(e.log(x + 0.0) + sp.betaln(x + 0.0, alpha + 1.0)),
        lambda x, alpha: e.log(x + 0.0) + sp.betaln(x + 0.0, alpha + 1.0),
    ),
    mean=lambda alpha: where(alpha > 1.0, alpha / where(alpha > 1.0, alpha - 1.0, 1.0), math.inf),
    variance=lambda alpha: where(
        alpha > 2.0,
        e.square(alpha / (alpha - 1.0)) / where(alpha > 2.0, alpha - 2.0, 1.0),
        math.inf,
    ),
    turns=FALLING,
    latex=r"\mathrm{YuleSimon}",
)
planck = Distribution(
    name="planck",
    parameters=(Parameter("lam", POSITIVE),),
    sampler=counts.planck,
    support=lambda lam: COUNT,
    dtype="int64",
    logdensity=lambda x, lam: sp.log1mexp(-lam) - lam * x,
    cdf=lambda x, lam: -e.expm1(-lam * (x + 1.0)),
    standard=at.hazard(
        lambda m, x, lam: lam * (x + 1.0),
        lambda m, y, lam: e.ceil(y / lam) - 1.0,
        lattice=True,
    ),
    mean=lambda lam: 1.0 / e.expm1(lam),
    variance=lambda lam: e.exp(-lam) / e.square(e.expm1(-lam)),
    latex=r"\mathrm{Planck}",
    doc_note="Geometric from 0: of failures, by the log of their probability.",
)
discrete_laplace = Distribution(
    name="discrete_laplace",
    parameters=(Parameter("a", POSITIVE),),
    sampler=counts.discrete_laplace,
    support=lambda a: INTEGER,
    dtype="int64",
    logdensity=lambda x, a: e.log(e.tanh(0.5 * a)) - a * e.abs(x),
    cdf=lambda x, a: e.exp(_laplace_below(x, a)),
    tails=Tails(lambda x, a: _laplace_below(x + 0.0, a), lambda x, a: _laplace_below(-x - 1, a)),
    standard=at.counts(lambda j, k, a: a * (e.abs(k) - e.abs(j)), lambda a: 0.0 * a),
    mean=lambda a: 0.0 * a,
    variance=lambda a: 2.0 * e.exp(-a) / e.square(e.expm1(-a)),
    latex=r"\mathrm{DiscreteLaplace}",
    doc_note="Difference of two geometric counts.",
)


def _laplace_below(x: Expr, a: Expr) -> Expr:
    """Log of the probability up to x."""
    rest = e.log1p(e.exp(-a))
    low = a * e.minimum(x + 0.0, -1.0) - rest
    high = e.log1p(-e.exp(-a * (e.maximum(x + 0.0, 0.0) + 1.0) - rest))
    return where(x < 0, low, high)


benford = Distribution(
    name="benford",
    parameters=(),
    sampler=counts.benford,
    support=lambda: _whole("a digit from 1 to 9", r"\{1, \dots, 9\}", 1, 9),
    dtype="int64",
    logdensity=lambda x: e.log(e.log1p(1.0 / (x + 0.0)) / math.log(10.0)),
    cdf=lambda x: e.log1p(x + 0.0) / math.log(10.0),
    turns=FALLING,
    latex=r"\mathrm{Benford}",
    doc_note="First digits.",
)
beta_negative_binomial = Distribution(
    name="beta_negative_binomial",
    parameters=(Parameter("n", POSITIVE), Parameter("a", POSITIVE), Parameter("b", POSITIVE)),
    sampler=counts.beta_negative_binomial,
    support=lambda n, a, b: COUNT,
    dtype="int64",
    logdensity=lambda x, n, a, b: (
        sp.betaln(a + n, x + b) - sp.betaln(n, x + 1.0) - e.log(x + n) - sp.betaln(a, b)
    ),
    accurate=accurate.beta_negative_binomial,
    mean=lambda n, a, b: where(a > 1.0, n * b / where(a > 1.0, a - 1.0, 1.0), math.inf),
    variance=lambda n, a, b: where(
        a > 2.0,
        n * (a + n - 1.0) * b * (a + b - 1.0) / (where(a > 2.0, a - 2.0, 1.0) * e.square(a - 1.0)),
        math.inf,
    ),
    turns=Turns(),
    latex=r"\mathrm{BetaNegBinomial}",
    doc_note="Failures before the n-th success, whose probability is a beta variable.",
)
negative_hypergeometric = Distribution(
    name="negative_hypergeometric",
    parameters=(
        Parameter("ngood", COUNT, integer=True),
        Parameter("nbad", COUNT, integer=True),
        Parameter("r", POSITIVE_INTEGER, integer=True),
    ),
    sampler=counts.negative_hypergeometric,
    support=lambda ngood, nbad, r: _whole(
        "an integer from 0 to ngood", r"\{0, \dots, g\}", 0, ngood
    ),
    dtype="int64",
    # A beta-binomial law at whole numbers: Johnson, Kemp & Kotz 2005, section 6.2.3.
    logdensity=lambda x, ngood, nbad, r: (
        log_choose(astype(ngood, "float64"), x + 0.0)
        + sp.betaln(x + r + 0.0, ngood - x + (nbad - r + 1.0))
        - sp.betaln(r + 0.0, nbad - r + 1.0)
    ),
    accurate=accurate.negative_hypergeometric,
    mean=lambda ngood, nbad, r: r * ngood / (nbad + 1.0),
    variance=lambda ngood, nbad, r: (
        r * ngood * (ngood + nbad + 1.0) / ((nbad + 1.0) * (nbad + 2.0)) * (1.0 - r / (nbad + 1.0))
    ),
    joint=(Joint("r", lambda ngood, nbad, r: r <= nbad, "is more than nbad"),),
    tails=cumulative.negative_hypergeometric,
    turns=Turns(),
    latex=r"\mathrm{NegHypergeometric}",
    doc_note="Good ones drawn, without putting back, before the ``r``-th bad one.",
)


bits = Distribution(
    name="bits",
    parameters=(),
    sampler=counts.bits,
    support=lambda: COUNT,
    dtype="uint64",
    logdensity=lambda x: -64.0 * math.log(2) + 0.0 * x,
    latex=r"\mathrm{Bits}",
    doc_note="Uniform over the integers of 64 bits.",
)

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
