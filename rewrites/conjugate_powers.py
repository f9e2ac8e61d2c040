r"""Conjugate updates of exponents: laws whose distribution function is a power of another.

    θ ~ Gamma(α, rate β)        P(Y > y | θ) = exp(-θ H(y))
    ────────────────────────────────────────────────────────
    θ | y₁, …, yₙ ~ Gamma(α + n, rate β + Σ H(yᵢ))

Where hazards are proportional, θ multiplies a cumulative hazard H that is known, and H(Y) is a
waiting time of rate θ. So it is from below, where H is the negative logarithm of a distribution
function that is raised to the power θ.

    | observation                 | parameter θ          | H(y)                        |
    |-----------------------------|----------------------|-----------------------------|
    | Burr of scale q             | second exponent      | log(1 + (y / q)^c)          |
    | Gompertz of scale q         | first parameter      | exp(y / q) - 1              |
    | generalised logistic        | exponent             | log(1 + exp(-(y - m) / q))  |
    | log-Laplace of scale q      | exponent             | |log(y / q)|                |
    | Fréchet of shape c          | scale^c              | y^-c                        |
    | generalised gamma           | scale^-c             | y^c, which counts k times   |

Example: three lifetimes.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_powers import gompertz_sample
>>> k1, k2 = ag.split(ag.key(1))
>>> c = ag.random.gamma(k1, 2.0, rate=4.0)
>>> lifetimes = ag.random.gompertz(k2, c, 10.0, size=(3,))
>>> posterior, _ = gompertz_sample.forward((c, lifetimes))
>>> posterior.args[2]
5.0
"""

from astragal import (
    Integer,
    Key,
    Positive,
    abs,
    exp,
    expm1,
    log,
    log1p,
    max,
    maximum,
    relation,
    sum,
    where,
)
from astragal.random import (
    asymmetric_laplace,
    burr,
    exponential,
    frechet,
    gamma,
    generalized_gamma,
    generalized_logistic,
    gompertz,
    inverse_gamma,
    log_laplace,
    negative_binomial,
    pareto,
    power,
    truncated,
)

DIACONIS = "Diaconis & Ylvisaker 1979, Ann. Stat. 7"
FINK = "Fink 1997, A Compendium of Conjugate Priors"

# Proportional hazards ------------------------------------------------------------------------


@relation("conditional", source=DIACONIS)
def burr_sample(kθ: Key, ky: Key, α, β, c, q, n: Integer):
    """The second exponent of Burr variables."""
    θ = gamma(kθ, α, rate=β)
    y = burr(ky, c, θ, q, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(log1p((y / q) ** c))), y


@relation("conditional", source=DIACONIS)
def gompertz_sample(kθ: Key, ky: Key, α, β, q, n: Integer):
    """The level of a hazard that grows exponentially."""
    θ = gamma(kθ, α, rate=β)
    y = gompertz(ky, θ, q, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(expm1(y / q))), y


@relation("conditional", source=DIACONIS)
def generalized_logistic_sample(kθ: Key, ky: Key, α, β, m, q, n: Integer):
    """The exponent of a logistic distribution function."""
    θ = gamma(kθ, α, rate=β)
    y = generalized_logistic(ky, θ, m, q, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(log1p(exp(-(y - m) / q)))), y


@relation("conditional", source=DIACONIS)
def log_laplace_sample(kθ: Key, ky: Key, α, β, q, n: Integer):
    """The exponent of log-Laplace variables, on both sides of the median."""
    θ = gamma(kθ, α, rate=β)
    y = log_laplace(ky, θ, q, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(abs(log(y / q)))), y


@relation("conditional", source=DIACONIS)
def frechet_sample(kθ: Key, ky: Key, α, β, c, n: Integer):
    """A power of the scale of Fréchet variables."""
    θ = gamma(kθ, α, rate=β)
    y = frechet(ky, c, θ ** (1 / c), size=(n,))
    yield θ, y
    yield gamma(kθ, α + n, rate=β + sum(y**-c)), y


@relation("conditional", source=DIACONIS)
def generalized_gamma_sample(kθ: Key, ky: Key, α, β, k, c, n: Integer):
    """A power of the scale of generalised gamma variables."""
    θ = gamma(kθ, α, rate=β)
    y = generalized_gamma(ky, k, c, θ ** (-1 / c), size=(n,))
    yield θ, y
    yield gamma(kθ, α + n * k, rate=β + sum(y**c)), y


# Two-sided errors ----------------------------------------------------------------------------


@relation("conditional", source="Yu & Moyeed 2001, Stat. Probab. Lett. 54")
def asymmetric_laplace_scale_sample(kθ: Key, ky: Key, α, β, m, c: Positive, κ, n: Integer):
    """The scale of a quantile's errors."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = asymmetric_laplace(ky, m, c * θ, κ, size=(n,))
    yield θ, y
    d = y - m
    yield inverse_gamma(kθ, α + n, scale=β + sum(where(d < 0, -d / κ, d * κ)) / c), y


# Ends of an interval -------------------------------------------------------------------------


@relation("conditional", source=FINK)
def power_end_sample(kθ: Key, ky: Key, b, m, a, n: Integer):
    """The end of a power law is beyond the largest observation."""
    θ = pareto(kθ, b, m)
    y = power(ky, a, θ, size=(n,))
    yield θ, y
    yield pareto(kθ, b + n * a, maximum(m, max(y))), y


@relation("conditional", source="Tanner & Wong 1987, J. Am. Stat. Assoc. 82")
def truncated_exponential_missing(kθ: Key, ky: Key, km: Key, α, β, h: Positive, n: Integer):
    """Waiting times below a bound, and how many beyond it were missed."""
    θ = gamma(kθ, α, rate=β)
    y = truncated(ky, exponential.law(rate=θ), lower=0.0, upper=h, size=(n,))
    missed = negative_binomial(km, n, 1 - exp(-θ * h))
    yield θ, y, missed
    yield gamma(kθ, α + n, rate=β + (sum(y) + missed * h)), y, missed
