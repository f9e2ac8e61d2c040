r"""Conjugate updates of rates and scales from a sample of any size.

    θ ~ Gamma(α, rate β)        p(y | θ) = h(y) θ^c exp(-θ T(y))    for each observation
    ─────────────────────────────────────────────────────────────────────────────────────
    θ | y₁, …, yₙ ~ Gamma(α + n c, rate β + Σ T(yᵢ))

A likelihood that is a power of θ times an exponential in θ multiplies a gamma density to a gamma
density. The two columns below are all that distinguishes one pair from the next; the same
with 1/θ for an inverse gamma prior, and with both for a generalised inverse Gaussian, whose
density x^(p-1) exp(-(a x + b / x) / 2) has a place for each.

    | observation               | parameter θ        | c    | T(y)                     |
    |---------------------------|--------------------|------|--------------------------|
    | Poisson, exposure t       | rate               | y    | t                        |
    | exponential               | rate               | 1    | y                        |
    | gamma of shape a          | rate               | a    | y                        |
    | inverse gamma of shape a  | scale              | a    | 1 / y                    |
    | normal of mean m          | precision          | 1/2  | (y - m)² / 2             |
    | Pareto from m             | shape              | 1    | log(y / m)               |
    | Lomax of scale q          | shape              | 1    | log(1 + y / q)           |
    | Kumaraswamy, first a      | second exponent    | 1    | -log(1 - y^a)            |
    | Weibull of shape c        | scale^-c           | 1    | y^c                      |
    | Gumbel of scale q         | exp(location / q)  | 1    | exp(-y / q)              |
    | Lévy from m               | scale              | 1/2  | 1 / (2 (y - m))          |
    | inverse Gaussian, mean m  | shape              | 1/2  | (y - m)² / (2 m² y)      |

Example: three waiting times.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_rates import exponential_sample
>>> k1, k2 = ag.split(ag.key(1))
>>> rate = ag.random.gamma(k1, 2.0, rate=4.0)
>>> times = ag.random.exponential(k2, rate=rate, size=(3,))
>>> posterior, _ = exponential_sample.forward((rate, times))
>>> posterior.args[2]
5.0
"""

from astragal import (
    Expr,
    Integer,
    Key,
    PositiveVector,
    Vector,
    abs,
    exp,
    log,
    log1p,
    max,
    maximum,
    relation,
    special,
    sqrt,
    square,
    sum,
)
from astragal.random import (
    beta,
    exponential,
    gamma,
    generalized_inverse_gaussian,
    gumbel,
    inverse_gamma,
    inverse_gaussian,
    kumaraswamy,
    laplace,
    levy,
    lognormal,
    lomax,
    maxwell,
    normal,
    pareto,
    poisson,
    rayleigh,
    uniform,
    weibull,
)

FINK = "Fink 1997, A Compendium of Conjugate Priors"
DIACONIS = "Diaconis & Ylvisaker 1979, Ann. Stat. 7"


def gig(k: Expr, p: Expr, a: Expr, b: Expr) -> Expr:
    """Write the density x^(p-1) exp(-(a x + b / x) / 2) with a concentration and a scale."""
    return generalized_inverse_gaussian(k, p, sqrt(a * b), sqrt(b / a))


# A gamma prior -------------------------------------------------------------------------


@relation("conditional", source=FINK)
def poisson_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """Counts add to the shape, their number to the rate."""
    θ = gamma(kθ, α, rate=β)
    y = poisson(ky, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + sum(y), rate=β + n), y


@relation("conditional", source=FINK)
def poisson_exposures(kθ: Key, ky: Key, α, β, t: PositiveVector):
    """Counts of several exposures."""
    θ = gamma(kθ, α, rate=β)
    y = poisson(ky, t * θ)
    yield θ, y
    yield gamma(kθ, α + sum(y), rate=β + sum(t)), y


@relation("conditional", source=FINK)
def exponential_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """Waiting times add to the rate, their number to the shape."""
    θ = gamma(kθ, α, rate=β)
    y = exponential(ky, rate=θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(y)), y


@relation("conditional", source=FINK)
def exponential_exposures(kθ: Key, ky: Key, α, β, t: PositiveVector):
    """Waiting times at several multiples of one rate."""
    θ = gamma(kθ, α, rate=β)
    y = exponential(ky, rate=t * θ)
    yield θ, y
    yield gamma(kθ, α + t.shape[0], rate=β + sum(t * y)), y


@relation("conditional", source=FINK)
def gamma_sample(kθ: Key, ky: Key, α, β, a, n: Integer):
    """Gamma variables of a known shape."""
    θ = gamma(kθ, α, rate=β)
    y = gamma(ky, a, rate=θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n * a, rate=β + sum(y)), y


@relation("conditional", source=FINK)
def inverse_gamma_sample(kθ: Key, ky: Key, α, β, a, n: Integer):
    """Inverse gamma variables of a known shape: their scale is a rate of the reciprocals."""
    θ = gamma(kθ, α, rate=β)
    y = inverse_gamma(ky, a, scale=θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n * a, rate=β + sum(1 / y)), y


@relation("conditional", source="Bernardo & Smith 1994, appendix A")
def normal_precision_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """Normal variables of a known mean: half a degree of shape for each."""
    θ = gamma(kθ, α, rate=β)
    y = normal(ky, m, 1 / sqrt(θ), size=(n,))
    yield θ, y
    yield gamma(kθ, α + n / 2, rate=β + sum(square(y - m)) / 2), y


@relation("conditional", source="Bernardo & Smith 1994, appendix A")
def lognormal_precision_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """The same on the scale of logarithms."""
    θ = gamma(kθ, α, rate=β)
    y = lognormal(ky, m, 1 / sqrt(θ), size=(n,))
    yield θ, y
    yield gamma(kθ, α + n / 2, rate=β + sum(square(log(y) - m)) / 2), y


@relation("conditional", source=FINK)
def pareto_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """The shape of Pareto variables is the rate of their logarithms."""
    θ = gamma(kθ, α, rate=β)
    y = pareto(ky, θ, m, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(log(y / m))), y


@relation("conditional", source=DIACONIS)
def lomax_sample(kθ: Key, ky: Key, α, β, q, n: Integer):
    """The shape of Lomax variables."""
    θ = gamma(kθ, α, rate=β)
    y = lomax(ky, θ, q, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(log1p(y / q))), y


@relation("conditional", source=DIACONIS)
def kumaraswamy_sample(kθ: Key, ky: Key, α, β, a, n: Integer):
    """The second exponent of Kumaraswamy variables."""
    θ = gamma(kθ, α, rate=β)
    y = kumaraswamy(ky, a, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β - sum(special.log1mexp(a * log(y)))), y


@relation("conditional", source=DIACONIS)
def beta_second_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """The second exponent of a beta variable whose first is 1."""
    θ = gamma(kθ, α, rate=β)
    y = beta(ky, 1.0, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β - sum(log1p(-y))), y


@relation("conditional", source=DIACONIS)
def beta_first_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """The first exponent of a beta variable whose second is 1: a power of a uniform one."""
    θ = gamma(kθ, α, rate=β)
    y = beta(ky, θ, 1.0, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β - sum(log(y))), y


@relation("conditional", source=FINK)
def weibull_sample(kθ: Key, ky: Key, α, β, c, n: Integer):
    """Weibull variables of a known shape: their powers are waiting times."""
    θ = gamma(kθ, α, rate=β)
    y = weibull(ky, c, θ ** (-1 / c), size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(y**c)), y


@relation("conditional", source=DIACONIS)
def gumbel_sample(kθ: Key, ky: Key, α, β, q, n: Integer):
    """The location of Gumbel variables is the logarithm of a rate."""
    θ = gamma(kθ, α, rate=β)
    y = gumbel(ky, q * log(θ), q, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(exp(-y / q))), y


@relation("conditional", source=DIACONIS)
def levy_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """The scale of Lévy variables: they are reciprocals of squared normals."""
    θ = gamma(kθ, α, rate=β)
    y = levy(ky, m, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n / 2, rate=β + sum(1 / (y - m)) / 2), y


@relation("conditional", source="Tweedie 1957")
def inverse_gaussian_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """The shape of inverse Gaussian variables of a known mean."""
    θ = gamma(kθ, α, rate=β)
    y = inverse_gaussian(ky, m, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n / 2, rate=β + sum(square(y - m) / y) / (2 * m**2)), y


@relation("conditional", source=DIACONIS)
def rayleigh_precision_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """The inverse square of a Rayleigh scale."""
    θ = gamma(kθ, α, rate=β)
    y = rayleigh(ky, 1 / sqrt(θ), size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(square(y)) / 2), y


@relation("conditional", source=DIACONIS)
def maxwell_precision_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """The inverse square of a Maxwell scale: three halves for each velocity."""
    θ = gamma(kθ, α, rate=β)
    y = maxwell(ky, 1 / sqrt(θ), size=(n,))
    yield θ, y
    yield gamma(kθ, α + 1.5 * n, rate=β + sum(square(y)) / 2), y


@relation("conditional", source=DIACONIS)
def laplace_rate_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """The inverse of a Laplace scale."""
    θ = gamma(kθ, α, rate=β)
    y = laplace(ky, m, 1 / θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(abs(y - m))), y


# An inverse gamma prior ----------------------------------------------------------------


@relation("conditional", source=FINK)
def poisson_inverse_exposures(kθ: Key, ky: Key, α, β, t: PositiveVector):
    """Counts whose rates are exposures over one mean time."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = poisson(ky, t / θ)
    yield θ, y
    yield inverse_gamma(kθ, α + sum(y), scale=β + sum(t)), y


@relation("conditional", source=FINK)
def exponential_mean_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """The mean of waiting times."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = exponential(ky, rate=1 / θ, size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + n, scale=β + sum(y)), y


@relation("conditional", source=FINK)
def gamma_scale_sample(kθ: Key, ky: Key, α, β, a, n: Integer):
    """The scale of gamma variables of a known shape."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = gamma(ky, a, rate=1 / θ, size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + n * a, scale=β + sum(y)), y


@relation("conditional", source=FINK)
def inverse_gamma_rate_sample(kθ: Key, ky: Key, α, β, a, n: Integer):
    """The inverse scale of inverse gamma variables of a known shape."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = inverse_gamma(ky, a, scale=1 / θ, size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + n * a, scale=β + sum(1 / y)), y


@relation("conditional", source="Gelman et al., BDA3, section 2.6")
def normal_variance_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """The variance of normal variables of a known mean."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = normal(ky, m, sqrt(θ), size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + n / 2, scale=β + sum(square(y - m)) / 2), y


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


@relation("conditional", source=FINK)
def lognormal_variance_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """The variance of logarithms about a known mean."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = lognormal(ky, m, sqrt(θ), size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + n / 2, scale=β + sum(square(log(y) - m)) / 2), y


@relation("conditional", source=DIACONIS)
def rayleigh_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """The squared scale of Rayleigh variables."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = rayleigh(ky, sqrt(θ), size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + n, scale=β + sum(square(y)) / 2), y


@relation("conditional", source=DIACONIS)
def maxwell_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """The squared scale of Maxwell variables."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = maxwell(ky, sqrt(θ), size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + 1.5 * n, scale=β + sum(square(y)) / 2), y


@relation("conditional", source=DIACONIS)
def laplace_scale_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """The scale of Laplace variables about a known median."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = laplace(ky, m, θ, size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + n, scale=β + sum(abs(y - m))), y


@relation("conditional", source=FINK)
def weibull_scale_sample(kθ: Key, ky: Key, α, β, c, n: Integer):
    """A power of the scale of Weibull variables of a known shape."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = weibull(ky, c, θ ** (1 / c), size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + n, scale=β + sum(y**c)), y


# A generalised inverse Gaussian prior --------------------------------------------------


@relation("conditional", source="Jorgensen 1982, section 3")
def gig_poisson_sample(kθ: Key, ky: Key, p, b, s, n: Integer):
    """Counts add to the power, their number to one of the two rates."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = poisson(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, p + sum(y), b / s + 2 * n, b * s), y


@relation("conditional", source="Jorgensen 1982, section 3")
def gig_exponential_sample(kθ: Key, ky: Key, p, b, s, n: Integer):
    """The rate of waiting times."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = exponential(ky, rate=θ, size=(n,))
    yield θ, y
    yield gig(kθ, p + n, b / s + 2 * sum(y), b * s), y


@relation("conditional", source="Jorgensen 1982, section 3")
def gig_variance_sample(kθ: Key, ky: Key, p, b, s, m, n: Integer):
    """The variance of normal variables of a known mean."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = normal(ky, m, sqrt(θ), size=(n,))
    yield θ, y
    yield gig(kθ, p - n / 2, b / s, b * s + sum(square(y - m))), y


@relation("conditional", source="Jorgensen 1982, section 3")
def gig_precision_sample(kθ: Key, ky: Key, p, b, s, m, n: Integer):
    """The precision of normal variables of a known mean."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = normal(ky, m, 1 / sqrt(θ), size=(n,))
    yield θ, y
    yield gig(kθ, p + n / 2, b / s + sum(square(y - m)), b * s), y


@relation("conditional", source="Barndorff-Nielsen 1997")
def gig_mean_variance_sample(kθ: Key, ky: Key, p, b, s, m, c, n: Integer):
    """A variance that moves the mean too."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = normal(ky, m + c * θ, sqrt(θ), size=(n,))
    yield θ, y
    yield gig(kθ, p - n / 2, b / s + n * c**2, b * s + sum(square(y - m))), y


@relation("conditional", source="Jorgensen 1982, section 3")
def gamma_variance_sample(kθ: Key, ky: Key, α, β, m, n: Integer):
    """A gamma prior on a variance: the posterior is generalised inverse Gaussian."""
    θ = gamma(kθ, α, rate=β)
    y = normal(ky, m, sqrt(θ), size=(n,))
    yield θ, y
    yield gig(kθ, α - n / 2, 2 * β, sum(square(y - m))), y


# Ends of an interval -------------------------------------------------------------------


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
