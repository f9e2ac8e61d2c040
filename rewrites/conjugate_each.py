r"""Conjugate updates where each observation has a parameter of its own.

    p(yᵢ | θ) = h(yᵢ) θ^c(xᵢ) exp(-θ T(yᵢ, xᵢ))
    ─────────────────────────────────────────────────────────────────
    θ ~ Gamma(α, β)      θ | y ~ Gamma(α + Σ c(xᵢ), rate β + Σ T(yᵢ, xᵢ))

What is known of an observation (the shape of a gamma variable, the start of a Pareto law, the
weight of a normal variable) changes its c and its T only; sums of these are what counts. The table
is that of `conjugate_rates`, of which here the laws with one other parameter stand.

Example: gamma variables of several shapes.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_each import rate_each
>>> k1, k2 = ag.split(ag.key(1))
>>> rate = ag.random.gamma(k1, 2.0, rate=4.0)
>>> y = ag.random.gamma(k2, ag.constant([1.0, 2.0, 3.0]), rate=rate)
>>> posterior, _ = rate_each.forward((rate, y))
>>> float(ag.evaluate(posterior.args[2]))
8.0
"""

from typing import Any, ClassVar

from astragal import (
    Expr,
    Integer,
    Key,
    Positive,
    PositiveVector,
    Vector,
    maximum,
    ones,
    relation,
    sqrt,
    square,
    sum,
)
from astragal.random import (
    beta,
    binomial,
    exponential,
    frechet,
    gamma,
    generalized_inverse_gaussian,
    gompertz,
    inverse_gamma,
    inverse_gaussian,
    kumaraswamy,
    laplace,
    levy,
    lognormal,
    lomax,
    negative_binomial,
    normal,
    pareto,
    poisson,
    power,
    weibull,
)
from astragal.rewrites.conjugate_rates import LIKELIHOODS, OfRate, gig

FINK = "Fink 1997, A Compendium of Conjugate Priors"
BERNARDO = "Bernardo & Smith 1994, appendix A"

OTHERS = (
    (gamma, "shape"),
    (inverse_gamma, "shape"),
    (inverse_gaussian, "mean"),
    (weibull, "shape"),
    (frechet, "shape"),
    (pareto, "scale"),
    (lomax, "scale"),
    (power, "scale"),
    (kumaraswamy, "a"),
    (gompertz, "scale"),
)


def parameter(law: Any) -> str:
    """Name the parameter that the table calls θ."""
    return next(q.parameter for q in LIKELIHOODS if q.law is law)


class OfRateAndOther(OfRate):
    """Those laws of a rate θ that have one other parameter x, a positive one."""

    roles: ClassVar[tuple[str, ...]] = ("θ", "x")
    words = "a law of a rate θ and of another parameter"
    listed = tuple((law, f"{parameter(law)} {other}") for law, other in OTHERS)

    def __call__(self, key: Any, *parameters: Any, size: Any = None) -> Expr:
        """Draw with the first parameter given as a rate."""
        return super(OfRate, self).__call__(key, *self.forms("rate", parameters), size=size)

    def forms(self, form: str, parameters: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give the law's own parameters, from one of the table's two forms."""
        if self.member is None:
            return parameters
        return getattr(self.likelihood, form)(*parameters), parameters[1]

    def counts(self, x: Expr) -> Expr:
        """Add up the powers c of θ."""
        return sum(self.written("c", self.likelihood.count, x) * ones(x.shape))

    def statistic_at(self, y: Expr, x: Expr) -> Expr:
        """Give the statistics T."""
        return self.written("T", self.likelihood.statistic, y, x)


class OfScaleAndOther(OfRateAndOther):
    """The same laws, where θ is the reciprocal of that rate."""

    words = "a law of a scale θ and of another parameter"

    def __call__(self, key: Any, *parameters: Any, size: Any = None) -> Expr:
        """Draw with the first parameter given as a scale."""
        return super(OfRate, self).__call__(key, *self.forms("scale", parameters), size=size)


class OfRateAtPlace(OfRateAndOther):
    """Laws of a rate θ and of a location."""

    words = "a law of a rate θ and of a location"
    listed = tuple(
        (law, f"{parameter(law)} {other}")
        for law, other in (
            (normal, "loc"),
            (lognormal, "mean"),
            (laplace, "loc"),
            (levy, "loc"),
        )
    )


class OfScaleAtPlace(OfScaleAndOther):
    """Laws of a scale θ and of a location."""

    words = "a law of a scale θ and of a location"
    listed = OfRateAtPlace.listed


# Of a table --------------------------------------------------------------------------------


@relation("conditional", source=FINK)
def rate_each(kθ: Key, ky: Key, D: OfRateAndOther, α, β, x: PositiveVector):
    """A rate, where each observation has another parameter of its own."""
    θ = gamma(kθ, α, rate=β)
    y = D(ky, θ, x)
    yield θ, y
    yield gamma(kθ, α + D.counts(x), rate=β + sum(D.statistic_at(y, x))), y


@relation("conditional", source=FINK)
def scale_each(kθ: Key, ky: Key, D: OfScaleAndOther, α, β, x: PositiveVector):
    """A scale, where each observation has another parameter of its own."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = D(ky, θ, x)
    yield θ, y
    yield inverse_gamma(kθ, α + D.counts(x), scale=β + sum(D.statistic_at(y, x))), y


@relation("conditional", source=FINK)
def rate_each_at(kθ: Key, ky: Key, D: OfRateAtPlace, α, β, m: Vector):
    """A rate, where each observation has a location of its own."""
    θ = gamma(kθ, α, rate=β)
    y = D(ky, θ, m)
    yield θ, y
    yield gamma(kθ, α + D.counts(m), rate=β + sum(D.statistic_at(y, m))), y


@relation("conditional", source=FINK)
def scale_each_at(kθ: Key, ky: Key, D: OfScaleAtPlace, α, β, m: Vector):
    """A scale, where each observation has a location of its own."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = D(ky, θ, m)
    yield θ, y
    yield inverse_gamma(kθ, α + D.counts(m), scale=β + sum(D.statistic_at(y, m))), y


# With sizes, weights and numbers of trials ---------------------------------------------------


@relation("conditional", source=FINK)
def exponential_means(kθ: Key, ky: Key, α, β, t: PositiveVector):
    """Waiting times whose means are multiples of one."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = exponential(ky, rate=1 / (t * θ))
    yield θ, y
    yield inverse_gamma(kθ, α + t.shape[0], scale=β + sum(y / t)), y


@relation("conditional", source=FINK)
def weibull_sizes(kθ: Key, ky: Key, α, β, c, t: PositiveVector):
    """Lifetimes of one shape, of which each has a size of its own."""
    θ = gamma(kθ, α, rate=β)
    y = weibull(ky, c, t * θ ** (-1 / c))
    yield θ, y
    yield gamma(kθ, α + t.shape[0], rate=β + sum((y / t) ** c)), y


@relation("conditional", source=FINK)
def negative_binomial_sizes(kp: Key, ky: Key, a, b, r: PositiveVector):
    """Failures before several numbers of successes."""
    p = beta(kp, a, b)
    y = negative_binomial(ky, r, p)
    yield p, y
    yield beta(kp, a + sum(r), b + sum(y)), y


@relation("conditional", source=BERNARDO)
def normal_variance_weights(kv: Key, ky: Key, α, β, m, w: PositiveVector):
    """Normal variables whose variances are one over known weights."""
    v = inverse_gamma(kv, α, scale=β)
    y = normal(ky, m, sqrt(v / w))
    yield v, y
    yield inverse_gamma(kv, α + w.shape[0] / 2, scale=β + sum(w * square(y - m)) / 2), y


@relation("conditional", source=BERNARDO)
def normal_precision_weights(kτ: Key, ky: Key, α, β, m, w: PositiveVector):
    """Normal variables whose precisions are one times known weights."""
    τ = gamma(kτ, α, rate=β)
    y = normal(ky, m, 1 / sqrt(τ * w))
    yield τ, y
    yield gamma(kτ, α + w.shape[0] / 2, rate=β + sum(w * square(y - m)) / 2), y


@relation("conditional", source=BERNARDO)
def normal_precision_times(kτ: Key, ky: Key, α, β, m, t: PositiveVector):
    """Increments of a Brownian motion over several times."""
    τ = gamma(kτ, α, rate=β)
    y = normal(ky, m, sqrt(t / τ))
    yield τ, y
    yield gamma(kτ, α + t.shape[0] / 2, rate=β + sum(square(y - m) / t) / 2), y


@relation("conditional", source="Jorgensen 1982, section 3")
def gig_poisson_exposures(kθ: Key, ky: Key, p, b, s, t: PositiveVector):
    """Counts of several exposures, whose rate is generalised inverse Gaussian."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = poisson(ky, t * θ)
    yield θ, y
    yield gig(kθ, p + sum(y), b / s + 2 * sum(t), b * s), y


# Of two sorts ----------------------------------------------------------------------------------


@relation("conditional", source=FINK)
def two_counts(kθ: Key, ky: Key, kz: Key, α, β, t: Positive, u: Positive):
    """Two counts of two exposures."""
    θ = gamma(kθ, α, rate=β)
    y, z = poisson(ky, t * θ), poisson(kz, u * θ)
    yield θ, y, z
    yield gamma(kθ, α + y + z, rate=β + t + u), y, z


@relation("conditional", source="Raiffa & Schlaifer 1961, section 10.1")
def count_and_wait(kθ: Key, ky: Key, kz: Key, α, β, t: Positive):
    """A count and a waiting time of one Poisson process."""
    θ = gamma(kθ, α, rate=β)
    y, z = poisson(ky, t * θ), exponential(kz, rate=θ)
    yield θ, y, z
    yield gamma(kθ, α + y + 1, rate=β + t + z), y, z


@relation("conditional", source=FINK)
def two_trials(kp: Key, ky: Key, kz: Key, a, b, m: Integer, r):
    """Successes among m trials, and failures before r successes: the stopping rule is no matter."""
    p = beta(kp, a, b)
    y, z = binomial(ky, m, p), negative_binomial(kz, r, p)
    yield p, y, z
    yield beta(kp, a + y + r, b + (m - y) + z), y, z


@relation("conditional", source=FINK)
def power_end_once(kθ: Key, ky: Key, b, m, a):
    """The end of a power law, seen once."""
    θ = pareto(kθ, b, m)
    y = power(ky, a, θ)
    yield θ, y
    yield pareto(kθ, b + a, maximum(m, y)), y


@relation("conditional", source=FINK)
def rates_of_population(kβ: Key, kθ: Key, ky: Key, α, β, a, t: PositiveVector):
    """The rate of a population of rates, where its members are held: the counts drop out."""
    r = gamma(kβ, α, rate=β)
    θ = gamma(kθ, a, rate=r, size=(t.shape[0],))
    y = poisson(ky, t * θ)
    yield r, θ, y
    yield gamma(kβ, α + a * t.shape[0], rate=β + sum(θ)), θ, y
