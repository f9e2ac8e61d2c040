r"""Conjugate pairs: a prior and a likelihood whose arrow can be turned round.

    z ~ prior        y | z ~ likelihood
    ────────────────────────────────────
    y ~ predictive   z | y ~ posterior

Each identity is one of joint laws: log p(z) + log p(y | z) = log p(y) + log p(z | y).
Read forward it is a conjugate update and its predictive distribution; read backward it
introduces a latent variable, as where a negative binomial is a Poisson with a gamma rate.

The reason is the same throughout: as a function of z the likelihood multiplies the prior
by powers and exponentials that the prior has already, so exponents add.
"""

from astragal import (
    Expr,
    Integer,
    Key,
    Vector,
    arange,
    astype,
    equal,
    exp,
    expand_dims,
    log,
    relation,
    sqrt,
    square,
    sum,
)
from astragal.random import (
    bernoulli,
    beta,
    beta_binomial,
    beta_prime,
    binomial,
    burr,
    categorical,
    cauchy,
    dirichlet,
    dirichlet_multinomial,
    exponential,
    gamma,
    inverse_gamma,
    levy,
    lognormal,
    lomax,
    multinomial,
    negative_binomial,
    normal,
    pareto,
    poisson,
    student_t,
    weibull,
)


def one_hot(y: Expr, like: Expr) -> Expr:
    """Write the outcome as a vector of zeros and a one."""
    return astype(equal(arange(like.shape[0]), expand_dims(y, axis=-1)), "float64")


# Rates of counts and of waiting times --------------------------------------------------


@relation("reversal", source="Gelman et al., BDA3, section 2.6")
def gamma_poisson(kλ: Key, ky: Key, α, β):
    """A Poisson count with a gamma rate is negative binomial; the rate keeps its family."""
    λ = gamma(kλ, α, rate=β)
    yield λ, poisson(ky, λ)
    y = negative_binomial(ky, α, β / (β + 1))
    yield gamma(kλ, α + y, rate=β + 1), y


@relation("reversal", source="Gelman et al., BDA3, section 2.6", where=lambda t: t > 0)
def gamma_poisson_exposure(kλ: Key, ky: Key, α, β, t):
    """An exposure t multiplies the rate of the count, and adds to the rate of the gamma."""
    λ = gamma(kλ, α, rate=β)
    yield λ, poisson(ky, λ * t)
    y = negative_binomial(ky, α, β / (β + t))
    yield gamma(kλ, α + y, rate=β + t), y


@relation("reversal", source="Gelman et al., BDA3, section 2.6")
def gamma_exponential(kλ: Key, ky: Key, α, β):
    """A waiting time with a gamma rate has a Pareto law of the second kind (Lomax)."""
    λ = gamma(kλ, α, rate=β)
    yield λ, exponential(ky, rate=λ)
    y = lomax(ky, α, β)
    yield gamma(kλ, α + 1, rate=β + y), y


@relation("reversal", source="Fink 1997, A Compendium of Conjugate Priors")
def gamma_gamma_rate(kλ: Key, ky: Key, α, β, a):
    """A gamma prior on the rate of a gamma: the predictive is a scaled beta prime."""
    λ = gamma(kλ, α, rate=β)
    yield λ, gamma(ky, a, rate=λ)
    y = β * beta_prime(ky, a, α)
    yield gamma(kλ, α + a, rate=β + y), y


@relation("reversal", source="Fink 1997, A Compendium of Conjugate Priors")
def inverse_gamma_exponential(kθ: Key, ky: Key, α, β):
    """The mean of a waiting time with an inverse gamma prior."""
    θ = inverse_gamma(kθ, α, scale=β)
    yield θ, exponential(ky, rate=1 / θ)
    y = lomax(ky, α, β)
    yield inverse_gamma(kθ, α + 1, scale=β + y), y


# Probabilities -------------------------------------------------------------------------


@relation("reversal", source="Gelman et al., BDA3, section 2.4")
def beta_bernoulli(kp: Key, ky: Key, a, b):
    """One trial with a beta probability: its outcome adds to one of the two exponents."""
    p = beta(kp, a, b)
    yield p, bernoulli(ky, p)
    y = bernoulli(ky, a / (a + b))
    yield beta(kp, a + y, b + (1 - y)), y


@relation("reversal", source="Gelman et al., BDA3, section 2.4")
def beta_binomial_reversal(kp: Key, ky: Key, a, b, n: Integer):
    """Successes add to one exponent, failures to the other."""
    p = beta(kp, a, b)
    yield p, binomial(ky, n, p)
    y = beta_binomial(ky, n, a, b)
    yield beta(kp, a + y, b + (n - y)), y


# Means and variances of normals --------------------------------------------------------


@relation("reversal", source="Gelman et al., BDA3, section 2.5")
def normal_normal(kμ: Key, ky: Key, m, s, t):
    """Precisions add; the mean is weighted by them."""
    μ = normal(kμ, m, s)
    yield μ, normal(ky, μ, t)
    y = normal(ky, m, sqrt(s**2 + t**2))
    yield normal(kμ, (m * t**2 + y * s**2) / (s**2 + t**2), s * t / sqrt(s**2 + t**2)), y


@relation("reversal", source="Gelman et al., BDA3, section 2.5")
def normal_lognormal(kμ: Key, ky: Key, m, s, t):
    """The same for what is normal on the scale of logarithms."""
    μ = normal(kμ, m, s)
    yield μ, lognormal(ky, μ, t)
    y = lognormal(ky, m, sqrt(s**2 + t**2))
    yield normal(kμ, (m * t**2 + log(y) * s**2) / (s**2 + t**2), s * t / sqrt(s**2 + t**2)), y


@relation("reversal", source="Gelman et al., BDA3, section 2.6")
def inverse_gamma_normal(kv: Key, ky: Key, α, β, m):
    """A normal of unknown variance is Student's t: a scale mixture."""
    v = inverse_gamma(kv, α, scale=β)
    yield v, normal(ky, m, sqrt(v))
    y = student_t(ky, 2 * α, m, sqrt(β / α))
    yield inverse_gamma(kv, α + 0.5, scale=β + 0.5 * square(y - m)), y


@relation("reversal", source="Andrews & Mallows 1974, J. R. Stat. Soc. B 36")
def levy_normal(kv: Key, ky: Key, c, m):
    """A variance with a Lévy law: the observation is Cauchy."""
    v = levy(kv, 0.0, c)
    yield v, normal(ky, m, sqrt(v))
    y = cauchy(ky, m, sqrt(c))
    yield inverse_gamma(kv, 1.0, scale=(c + square(y - m)) / 2), y


@relation("reversal", source="Bernardo & Smith 1994, Bayesian Theory, section 5.2")
def gamma_normal_precision(kτ: Key, ky: Key, α, β, m):
    """The same with a gamma prior on the precision."""
    τ = gamma(kτ, α, rate=β)
    yield τ, normal(ky, m, 1 / sqrt(τ))
    y = student_t(ky, 2 * α, m, sqrt(β / α))
    yield gamma(kτ, α + 0.5, rate=β + 0.5 * square(y - m)), y


# Counts --------------------------------------------------------------------------------


@relation("reversal", source="Kingman 1993, Poisson Processes, section 5.1")
def poisson_thinning(kn: Key, ky: Key, λ, p):
    """Points kept and points lost of a thinned Poisson count are independent Poisson counts."""
    n = poisson(kn, λ)
    yield n, binomial(ky, n, p)
    y = poisson(ky, λ * p)
    yield y + poisson(kn, λ * (1 - p)), y


@relation("reversal", source="Gelman et al., BDA3, section 3.4")
def dirichlet_multinomial_reversal(kp: Key, ky: Key, α: Vector, n: Integer):
    """Counts of categories add to the exponents of a Dirichlet."""
    p = dirichlet(kp, α)
    yield p, multinomial(ky, n, p)
    y = dirichlet_multinomial(ky, n, α)
    yield dirichlet(kp, α + y), y


@relation("reversal", source="Gelman et al., BDA3, section 3.4")
def dirichlet_categorical(kp: Key, ky: Key, α: Vector):
    """One outcome adds one to its exponent."""
    p = dirichlet(kp, α)
    yield p, categorical(ky, p)
    y = categorical(ky, α / sum(α))
    yield dirichlet(kp, α + one_hot(y, α)), y


@relation("reversal", source="Johnson, Kemp & Kotz 2005, section 5.2.2")
def exponential_poisson(kλ: Key, ky: Key, r):
    """Exponential prior, Poisson observation: the predictive law is geometric."""
    λ = exponential(kλ, rate=r)
    yield λ, poisson(ky, λ)
    y = negative_binomial(ky, 1.0, r / (r + 1))
    yield gamma(kλ, 1.0 + y, rate=r + 1), y


@relation("reversal", source="Fink 1997, A Compendium of Conjugate Priors")
def inverse_gamma_gamma(kθ: Key, ky: Key, α, β, a):
    """Inverse gamma prior on the scale of a gamma variable."""
    θ = inverse_gamma(kθ, α, scale=β)
    yield θ, gamma(ky, a, rate=1 / θ)
    y = β * beta_prime(ky, a, α)
    yield inverse_gamma(kθ, α + a, scale=β + y), y


@relation("reversal", source="Burr 1942, Ann. Math. Stat. 13; Tadikamalla 1980")
def gamma_weibull(kθ: Key, ky: Key, α, β, c):
    """Gamma prior, Weibull lifetimes: the predictive law is Burr's."""
    θ = gamma(kθ, α, rate=β)
    yield θ, weibull(ky, c, θ ** (-1 / c))
    y = burr(ky, c, α, β ** (1 / c))
    yield gamma(kθ, α + 1, rate=β + y**c), y


@relation("reversal", source="Burr 1942, Ann. Math. Stat. 13; Tadikamalla 1980")
def inverse_gamma_weibull(kθ: Key, ky: Key, α, β, c):
    """The same with an inverse gamma prior of a power of the scale."""
    θ = inverse_gamma(kθ, α, scale=β)
    yield θ, weibull(ky, c, θ ** (1 / c))
    y = burr(ky, c, α, β ** (1 / c))
    yield inverse_gamma(kθ, α + 1, scale=β + y**c), y


@relation("reversal", source="Harris 1968, Oper. Res. 16")
def gamma_pareto(kθ: Key, ky: Key, α, β, m):
    """Gamma prior of a Pareto exponent: the logarithm of the predictive law is Lomax."""
    θ = gamma(kθ, α, rate=β)
    yield θ, pareto(ky, θ, m)
    x = lomax(ky, α, β)
    yield gamma(kθ, α + 1, rate=β + x), m * exp(x)
