r"""Conjugate updates of rates that each observation sees in its own way, and of ends of intervals.

    p(yᵢ | θ) = h(yᵢ) θ^cᵢ exp(-θ Tᵢ(yᵢ))
    ──────────────────────────────────────────────────
    θ ~ Gamma(α, β)      θ | y ~ Gamma(α + Σ cᵢ, rate β + Σ Tᵢ(yᵢ))

    θ ~ Pareto(b, m),  yᵢ ~ Uniform(0, θ)      θ | y ~ Pareto(b + n, max(m, y₁, …, yₙ))

Exposures, means and scales that differ from one observation to the next change T only. An end of
an interval enters the density of each observation as a power; beyond that it says where the
observations lie, as a Pareto law does, or from below a power law.

Example: the end of an interval.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_ends import uniform_end_sample
>>> k1, k2 = ag.split(ag.key(1))
>>> end = ag.random.pareto(k1, 2.0, scale=4.0)
>>> y = ag.random.uniform(k2, 0.0, end, size=(3,))
>>> posterior, _ = uniform_end_sample.forward((end, y))
>>> posterior.args[2]
5.0
"""

from astragal import (
    Integer,
    Key,
    Positive,
    PositiveVector,
    Vector,
    abs,
    exp,
    max,
    maximum,
    min,
    minimum,
    relation,
    sqrt,
    square,
    sum,
    where,
)
from astragal.random import (
    asymmetric_laplace,
    censored,
    exponential,
    gamma,
    inverse_gamma,
    negative_binomial,
    normal,
    pareto,
    poisson,
    power,
    truncated,
    uniform,
    weibull,
)

FINK = "Fink 1997, A Compendium of Conjugate Priors"

# Each in its own way -------------------------------------------------------------------------


@relation("conditional", source=FINK)
def poisson_exposures(kθ: Key, ky: Key, α, β, t: PositiveVector):
    """Counts of several exposures."""
    θ = gamma(kθ, α, rate=β)
    y = poisson(ky, t * θ)
    yield θ, y
    yield gamma(kθ, α + sum(y), rate=β + sum(t)), y


@relation("conditional", source=FINK)
def exponential_exposures(kθ: Key, ky: Key, α, β, t: PositiveVector):
    """Waiting times at several multiples of one rate."""
    θ = gamma(kθ, α, rate=β)
    y = exponential(ky, rate=t * θ)
    yield θ, y
    yield gamma(kθ, α + t.shape[0], rate=β + sum(t * y)), y


@relation("conditional", source=FINK)
def poisson_inverse_exposures(kθ: Key, ky: Key, α, β, t: PositiveVector):
    """Counts whose rates are exposures over one mean time."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = poisson(ky, t / θ)
    yield θ, y
    yield inverse_gamma(kθ, α + sum(y), scale=β + sum(t)), y


@relation("conditional", source="Gelman et al., BDA3, section 2.6")
def normal_variance_means(kθ: Key, ky: Key, α, β, m: Vector):
    """The variance of normal variables of known means, as of a regression's errors."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = normal(ky, m, sqrt(θ))
    yield θ, y
    yield inverse_gamma(kθ, α + m.shape[0] / 2, scale=β + sum(square(y - m)) / 2), y


@relation("conditional", source="Carvalho, Polson & Scott 2010")
def normal_variance_scales(kθ: Key, ky: Key, α, β, m, s: PositiveVector):
    """A common factor of the variances of normal variables, as a global shrinkage is."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = normal(ky, m, s * sqrt(θ))
    yield θ, y
    yield inverse_gamma(kθ, α + s.shape[0] / 2, scale=β + sum(square((y - m) / s)) / 2), y


@relation("conditional", source="Bernardo & Smith 1994, appendix A")
def normal_precision_means(kθ: Key, ky: Key, α, β, m: Vector):
    """The precision of normal variables of known means."""
    θ = gamma(kθ, α, rate=β)
    y = normal(ky, m, 1 / sqrt(θ))
    yield θ, y
    yield gamma(kθ, α + m.shape[0] / 2, rate=β + sum(square(y - m)) / 2), y


@relation("conditional", source=FINK)
def exponential_multiple(kθ: Key, ky: Key, α, β, t: Positive):
    """A waiting time at a multiple of a rate."""
    θ = gamma(kθ, α, rate=β)
    y = exponential(ky, rate=t * θ)
    yield θ, y
    yield gamma(kθ, α + 1, rate=β + t * y), y


@relation("conditional", source="Yu & Moyeed 2001, Stat. Probab. Lett. 54")
def asymmetric_laplace_scale_sample(kθ: Key, ky: Key, α, β, m, c: Positive, κ, n: Integer):
    """The scale of a quantile's errors."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = asymmetric_laplace(ky, m, c * θ, κ, size=(n,))
    yield θ, y
    d = y - m
    yield inverse_gamma(kθ, α + n, scale=β + sum(where(d < 0, -d / κ, d * κ)) / c), y


@relation("conditional", source="Tanner & Wong 1987, J. Am. Stat. Assoc. 82")
def truncated_exponential_missing(kθ: Key, ky: Key, km: Key, α, β, h: Positive, n: Integer):
    """Waiting times below a bound, and how many beyond it were missed."""
    θ = gamma(kθ, α, rate=β)
    y = truncated(ky, exponential.law(rate=θ), lower=0.0, upper=h, size=(n,))
    missed = negative_binomial(km, n, 1 - exp(-θ * h))
    yield θ, y, missed
    yield gamma(kθ, α + n, rate=β + (sum(y) + missed * h)), y, missed


@relation("conditional", source="Gelman et al., BDA3, section 8.7", where=lambda n: n >= 1)
def censored_wait_sample(kθ: Key, ky: Key, α, β, c: Positive, n: Integer):
    """Waiting times of which the longest are cut: only those that ended count."""
    θ = gamma(kθ, α, rate=β)
    y = censored(ky, exponential.law(rate=θ), upper=c, size=(n,))
    yield θ, y
    yield gamma(kθ, α + sum(where(y < c, 1.0, 0.0)), rate=β + sum(y)), y


@relation("conditional", source="Gelman et al., BDA3, section 8.7", where=lambda n: n >= 1)
def censored_weibull_sample(kθ: Key, ky: Key, α, β, d: Positive, c: Positive, n: Integer):
    """The same of lifetimes of a known shape."""
    θ = gamma(kθ, α, rate=β)
    y = censored(ky, weibull.law(d, θ ** (-1 / d)), upper=c, size=(n,))
    yield θ, y
    yield gamma(kθ, α + sum(where(y < c, 1.0, 0.0)), rate=β + sum(y**d)), y


# Ends of an interval -------------------------------------------------------------------------


@relation("conditional", source=FINK)
def uniform_end_sample(kθ: Key, ky: Key, b, m, n: Integer):
    """The end of a uniform law is beyond the largest observation."""
    θ = pareto(kθ, b, m)
    y = uniform(ky, 0.0, θ, size=(n,))
    yield θ, y
    yield pareto(kθ, b + n, maximum(m, max(y))), y


@relation("conditional", source=FINK)
def uniform_width_sample(kθ: Key, ky: Key, b, m, n: Integer):
    """Both ends, where the law is symmetric."""
    θ = pareto(kθ, b, m)
    y = uniform(ky, -θ, θ, size=(n,))
    yield θ, y
    yield pareto(kθ, b + n, maximum(m, max(abs(y)))), y


@relation("conditional", source=FINK)
def power_end_sample(kθ: Key, ky: Key, b, m, a, n: Integer):
    """The end of a power law is beyond the largest observation."""
    θ = pareto(kθ, b, m)
    y = power(ky, a, θ, size=(n,))
    yield θ, y
    yield pareto(kθ, b + n * a, maximum(m, max(y))), y


@relation("conditional", source=FINK)
def uniform_end_once(kθ: Key, ky: Key, b, m):
    """The end of a uniform law, seen once."""
    θ = pareto(kθ, b, m)
    y = uniform(ky, 0.0, θ)
    yield θ, y
    yield pareto(kθ, b + 1, maximum(m, y)), y


@relation("conditional", source=FINK)
def pareto_start_sample(kθ: Key, ky: Key, k, c, a, n: Integer):
    """The start of a Pareto law is before the smallest observation."""
    θ = power(kθ, k, c)
    y = pareto(ky, a, θ, size=(n,))
    yield θ, y
    yield power(kθ, k + n * a, minimum(c, min(y))), y


@relation("conditional", source=FINK)
def pareto_start_once(kθ: Key, ky: Key, k, c, a):
    """The same, seen once."""
    θ = power(kθ, k, c)
    y = pareto(ky, a, θ)
    yield θ, y
    yield power(kθ, k + a, minimum(c, y)), y


@relation("conditional", source=FINK)
def uniform_inverse_end_sample(kθ: Key, ky: Key, k, c, n: Integer):
    """The reciprocal of the end of a uniform law."""
    θ = power(kθ, k, c)
    y = uniform(ky, 0.0, 1 / θ, size=(n,))
    yield θ, y
    yield power(kθ, k + n, minimum(c, 1 / max(y))), y
