r"""Conjugate updates of rates and scales, from one observation or a sample of any size.

    p(y | θ) = h(y) θ^c exp(-θ T(y))        for each of n observations
    ─────────────────────────────────────────────────────────────────────
    θ ~ Gamma(α, rate β)      θ | y ~ Gamma(α + n c, rate β + Σ T(yᵢ))
    θ ~ InvGamma(α, β)      1/θ in its place:  InvGamma(α + n c, β + Σ T(yᵢ))

A likelihood that is a power of θ times an exponential in θ multiplies a gamma density to a gamma
density. The table `LIKELIHOODS` below is all that distinguishes one pair from the next: where the
parameter stands, as a rate θ and as a scale, then c and T. An exponential and a chi-square prior
are gamma laws. A generalised inverse Gaussian prior, whose density is
x^(p-1) exp(-(a x + b / x) / 2), has a place for both, so that gamma priors on scales and inverse
gamma priors on rates are of this form in the end.

Where hazards are proportional, T is a cumulative hazard and T(Y) a waiting time of rate θ; where θ
is the exponent of a distribution function, T is the negative logarithm of that function.

Example: three waiting times.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_rates import rate_sample
>>> k1, k2 = ag.split(ag.key(1))
>>> rate = ag.random.gamma(k1, 2.0, rate=4.0)
>>> times = ag.random.exponential(k2, rate=rate, size=(3,))
>>> posterior, _ = rate_sample.forward((rate, times))
>>> posterior.args[2]
5.0
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from astragal import (
    Expr,
    Family,
    Integer,
    Key,
    abs,
    exp,
    expm1,
    log,
    log1p,
    relation,
    special,
    sqrt,
    square,
    sum,
    where,
)
from astragal.random import (
    asymmetric_laplace,
    beta,
    beta_prime,
    burr,
    chi_square,
    dagum,
    exponential,
    exponentiated_weibull,
    frechet,
    gamma,
    generalized_gamma,
    generalized_inverse_gaussian,
    generalized_logistic,
    generalized_normal,
    gompertz,
    gumbel,
    gumbel_minimum,
    half_normal,
    inverse_gamma,
    inverse_gaussian,
    kumaraswamy,
    laplace,
    levy,
    log_laplace,
    logit_normal,
    lognormal,
    lomax,
    maxwell,
    nakagami,
    normal,
    pareto,
    poisson,
    power,
    rayleigh,
    weibull,
)

FINK = "Fink 1997, A Compendium of Conjugate Priors"
DIACONIS = "Diaconis & Ylvisaker 1979, Ann. Stat. 7"
JORGENSEN = "Jorgensen 1982, section 3"


@dataclass(frozen=True)
class Likelihood:
    """How a density depends on a parameter: h(y) θ^c exp(-θ T(y)).

    All but the first two take the other parameters after their own.
    """

    law: Callable[..., Expr]
    parameter: str
    rate: Callable[..., Any]
    scale: Callable[..., Any]
    count: Callable[..., Any]
    statistic: Callable[..., Expr]


def beta_first(k: Expr, θ: Any, size: Any = None) -> Expr:
    """Beta variables whose second exponent is 1."""
    return beta(k, θ, 1.0, size=size)


def beta_second(k: Expr, θ: Any, size: Any = None) -> Expr:
    """Beta variables whose first exponent is 1."""
    return beta(k, 1.0, θ, size=size)


def beta_prime_second(k: Expr, θ: Any, size: Any = None) -> Expr:
    """Beta prime variables whose first exponent is 1."""
    return beta_prime(k, 1.0, θ, size=size)


def gumbel_unit(k: Expr, θ: Any, size: Any = None) -> Expr:
    """Gumbel variables of scale 1."""
    return gumbel(k, θ, 1.0, size=size)


def gumbel_minimum_unit(k: Expr, θ: Any, size: Any = None) -> Expr:
    """Gumbel minima of scale 1."""
    return gumbel_minimum(k, θ, 1.0, size=size)


def itself(θ: Any, *_: Any) -> Any:
    """The parameter is the rate."""
    return θ


def inverse(θ: Any, *_: Any) -> Any:
    """The parameter is the reciprocal of the rate."""
    return 1 / θ


def root(θ: Any, *_: Any) -> Any:
    """The parameter is a standard deviation, of a variance."""
    return sqrt(θ)


def inverse_root(θ: Any, *_: Any) -> Any:
    """The parameter is a standard deviation, of a precision."""
    return 1 / sqrt(θ)


def one(*_: Any) -> Any:
    """Each observation counts once."""
    return 1


def half(*_: Any) -> Any:
    """Each observation counts for half a degree of shape."""
    return 0.5


# fmt: off
LIKELIHOODS = (
    # law, parameter, as a rate, as a scale, c, T(y)
    Likelihood(exponential, "rate", itself, inverse, one, lambda y: y),
    Likelihood(gamma, "rate", itself, inverse, lambda a: a, lambda y, a: y),
    Likelihood(inverse_gamma, "scale", itself, inverse, lambda a: a, lambda y, a: 1 / y),
    Likelihood(normal, "scale", inverse_root, root, half, lambda y, m: square(y - m) / 2),
    Likelihood(lognormal, "sigma", inverse_root, root, half,
               lambda y, m: square(log(y) - m) / 2),
    Likelihood(logit_normal, "sigma", inverse_root, root, half,
               lambda y, m: square(special.logit(y) - m) / 2),
    Likelihood(half_normal, "scale", inverse_root, root, half, lambda y: square(y) / 2),
    Likelihood(rayleigh, "scale", inverse_root, root, one, lambda y: square(y) / 2),
    Likelihood(maxwell, "scale", inverse_root, root, lambda: 1.5, lambda y: square(y) / 2),
    Likelihood(nakagami, "scale", inverse_root, root, lambda ν: ν, lambda y, ν: ν * square(y)),
    Likelihood(levy, "scale", itself, inverse, half, lambda y, m: 1 / (2 * (y - m))),
    Likelihood(inverse_gaussian, "scale", itself, inverse, half,
               lambda y, m: square(y - m) / y / (2 * m**2)),
    Likelihood(laplace, "scale", inverse, itself, one, lambda y, m: abs(y - m)),
    Likelihood(asymmetric_laplace, "scale", inverse, itself, one,
               lambda y, m, κ: where(y - m < 0, -(y - m) / κ, (y - m) * κ)),
    Likelihood(weibull, "scale", lambda θ, c: θ ** (-1 / c), lambda θ, c: θ ** (1 / c), one,
               lambda y, c: y**c),
    Likelihood(frechet, "scale", lambda θ, c: θ ** (1 / c), lambda θ, c: θ ** (-1 / c), one,
               lambda y, c: y**-c),
    Likelihood(generalized_gamma, "scale", lambda θ, a, c: θ ** (-1 / c),
               lambda θ, a, c: θ ** (1 / c), lambda a, c: a, lambda y, a, c: y**c),
    Likelihood(generalized_normal, "scale", lambda θ, b, m: θ ** (-1 / b),
               lambda θ, b, m: θ ** (1 / b), lambda b, m: 1 / b, lambda y, b, m: abs(y - m) ** b),
    Likelihood(gumbel, "loc", lambda θ, q: q * log(θ), lambda θ, q: -q * log(θ), one,
               lambda y, q: exp(-y / q)),
    Likelihood(gumbel_minimum, "loc", lambda θ, q: -q * log(θ), lambda θ, q: q * log(θ), one,
               lambda y, q: exp(y / q)),
    Likelihood(gumbel_unit, "", log, lambda θ: -log(θ), one, lambda y: exp(-y)),
    Likelihood(gumbel_minimum_unit, "", lambda θ: -log(θ), log, one, exp),
    # cumulative hazards
    Likelihood(pareto, "shape", itself, inverse, one, lambda y, m: log(y / m)),
    Likelihood(lomax, "shape", itself, inverse, one, lambda y, q: log1p(y / q)),
    Likelihood(kumaraswamy, "b", itself, inverse, one,
               lambda y, a: -special.log1mexp(a * log(y))),
    Likelihood(beta_second, "", itself, inverse, one, lambda y: -log1p(-y)),
    Likelihood(beta_prime_second, "", itself, inverse, one, log1p),
    Likelihood(burr, "d", itself, inverse, one, lambda y, c, q: log1p((y / q) ** c)),
    Likelihood(gompertz, "c", itself, inverse, one, lambda y, q: expm1(y / q)),
    Likelihood(log_laplace, "c", itself, inverse, one, lambda y, q: abs(log(y / q))),
    # logarithms of distribution functions
    Likelihood(power, "a", itself, inverse, one, lambda y, q: -log(y / q)),
    Likelihood(beta_first, "", itself, inverse, one, lambda y: -log(y)),
    Likelihood(dagum, "d", itself, inverse, one, lambda y, c, q: log1p((y / q) ** -c)),
    Likelihood(exponentiated_weibull, "a", itself, inverse, one,
               lambda y, c, q: -special.log1mexp(-((y / q) ** c))),
    Likelihood(generalized_logistic, "c", itself, inverse, one,
               lambda y, m, q: log1p(exp(-(y - m) / q))),
)
# fmt: on


class OfRate(Family):
    """Laws of density h(y) θ^c exp(-θ T(y))."""

    roles: ClassVar[tuple[str, ...]] = ("θ",)
    words = "a law of a rate θ"
    listed = tuple((q.law, q.parameter) for q in LIKELIHOODS)

    @property
    def likelihood(self) -> Likelihood:
        """The row of the table."""
        names = [m.name for m in OfRate.members()]
        return LIKELIHOODS[names.index(self.member.name)] if self.member else LIKELIHOODS[0]

    def __call__(self, key: Any, *parameters: Any, size: Any = None) -> Expr:
        """Draw with the parameter given as a rate."""
        return super().__call__(key, *self.written_as("rate", parameters), size=size)

    def written_as(self, form: str, parameters: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give the law's own parameter, from one of the table's two forms."""
        if self.member is None:
            return parameters
        return (getattr(self.likelihood, form)(*parameters, *self.hidden),)

    def count(self) -> Expr:
        """The power c of θ that an observation brings."""
        return self.written("c", self.likelihood.count)

    def statistic(self, y: Expr) -> Expr:
        """The statistic T."""
        return self.written("T", self.likelihood.statistic, y)


class OfScale(OfRate):
    """The same laws, where the parameter is the reciprocal of that rate."""

    words = "a law of a scale θ"

    def __call__(self, key: Any, *parameters: Any, size: Any = None) -> Expr:
        """Draw with the parameter given as a scale."""
        return Family.__call__(self, key, *self.written_as("scale", parameters), size=size)


# Its variables of a small exponent round to their centre, where two rates of a generalised
# inverse Gaussian law would be none.
ROUNDED = (generalized_normal,)


class OfPositiveRate(OfRate):
    """Those laws whose statistic is seen to be positive."""

    words = "a law of a rate θ with T > 0"
    listed = tuple((q.law, q.parameter) for q in LIKELIHOODS if q.law not in ROUNDED)


class OfPositiveScale(OfScale):
    """The same, of a scale."""

    words = "a law of a scale θ with T > 0"
    listed = OfPositiveRate.listed


def gig(k: Expr, p: Expr, a: Expr, b: Expr) -> Expr:
    """Write the density x^(p-1) exp(-(a x + b / x) / 2) with a concentration and a scale."""
    return generalized_inverse_gaussian(k, p, sqrt(a * b), sqrt(b / a))


# A rate ------------------------------------------------------------------------------------


@relation("conditional", source=f"{FINK}; {DIACONIS}")
def rate_sample(kθ: Key, ky: Key, D: OfRate, α, β, n: Integer):
    """A gamma prior on a rate: counts add to the shape, statistics to the rate."""
    θ = gamma(kθ, α, rate=β)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + n * D.count(), rate=β + sum(D.statistic(y))), y


@relation("conditional", source=f"{FINK}; {DIACONIS}")
def rate_once(kθ: Key, ky: Key, D: OfRate, α, β):
    """The same of one observation."""
    θ = gamma(kθ, α, rate=β)
    y = D(ky, θ)
    yield θ, y
    yield gamma(kθ, α + D.count(), rate=β + D.statistic(y)), y


@relation("conditional", source=f"{FINK}; {DIACONIS}")
def exponential_rate_sample(kθ: Key, ky: Key, D: OfRate, β, n: Integer):
    """An exponential prior is the gamma prior of shape 1."""
    θ = exponential(kθ, rate=β)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, 1 + n * D.count(), rate=β + sum(D.statistic(y))), y


@relation("conditional", source=f"{FINK}; {DIACONIS}")
def exponential_rate_once(kθ: Key, ky: Key, D: OfRate, β):
    """The same of one observation."""
    θ = exponential(kθ, rate=β)
    y = D(ky, θ)
    yield θ, y
    yield gamma(kθ, 1 + D.count(), rate=β + D.statistic(y)), y


@relation("conditional", source=f"{FINK}; {DIACONIS}")
def chi_square_rate_sample(kθ: Key, ky: Key, D: OfRate, ν, n: Integer):
    """A chi-square prior is the gamma prior of rate a half."""
    θ = chi_square(kθ, ν)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, ν / 2 + n * D.count(), rate=0.5 + sum(D.statistic(y))), y


@relation("conditional", source=JORGENSEN)
def gig_rate_sample(kθ: Key, ky: Key, D: OfRate, p, b, s, n: Integer):
    """A generalised inverse Gaussian prior: statistics add to one of its two rates."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, p + n * D.count(), b / s + 2 * sum(D.statistic(y)), b * s), y


@relation("conditional", source=JORGENSEN)
def inverse_gamma_rate_sample(kθ: Key, ky: Key, D: OfPositiveRate, α, β, n: Integer):
    """An inverse gamma prior on a rate: the posterior is generalised inverse Gaussian."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, n * D.count() - α, 2 * sum(D.statistic(y)), 2 * β), y


# A scale -----------------------------------------------------------------------------------


@relation("conditional", source=f"{FINK}; {DIACONIS}")
def scale_sample(kθ: Key, ky: Key, D: OfScale, α, β, n: Integer):
    """An inverse gamma prior on a scale, or a power of one, as a variance is."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, α + n * D.count(), scale=β + sum(D.statistic(y))), y


@relation("conditional", source=f"{FINK}; {DIACONIS}")
def scale_once(kθ: Key, ky: Key, D: OfScale, α, β):
    """The same of one observation."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = D(ky, θ)
    yield θ, y
    yield inverse_gamma(kθ, α + D.count(), scale=β + D.statistic(y)), y


@relation("conditional", source=f"{FINK}; {DIACONIS}")
def levy_scale_sample(kθ: Key, ky: Key, D: OfScale, c, n: Integer):
    """A Lévy prior is the inverse gamma prior of shape a half."""
    θ = levy(kθ, 0.0, c)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield inverse_gamma(kθ, 0.5 + n * D.count(), scale=c / 2 + sum(D.statistic(y))), y


@relation("conditional", source=JORGENSEN)
def gig_scale_sample(kθ: Key, ky: Key, D: OfScale, p, b, s, n: Integer):
    """A generalised inverse Gaussian prior: statistics add to the other rate."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, p - n * D.count(), b / s, b * s + 2 * sum(D.statistic(y))), y


@relation("conditional", source=JORGENSEN)
def gamma_scale_sample(kθ: Key, ky: Key, D: OfPositiveScale, α, β, n: Integer):
    """A gamma prior on a scale: the posterior is generalised inverse Gaussian."""
    θ = gamma(kθ, α, rate=β)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, α - n * D.count(), 2 * β, 2 * sum(D.statistic(y))), y


@relation("conditional", source="Barndorff-Nielsen 1997")
def gig_mean_variance_sample(kθ: Key, ky: Key, p, b, s, m, c, n: Integer):
    """A variance that moves the mean too."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = normal(ky, m + c * θ, sqrt(θ), size=(n,))
    yield θ, y
    yield gig(kθ, p - n / 2, b / s + n * c**2, b * s + sum(square(y - m))), y


# Counts ------------------------------------------------------------------------------------


@relation("conditional", source=FINK)
def poisson_sample(kθ: Key, ky: Key, α, β, n: Integer):
    """Counts add to the shape, their number to the rate."""
    θ = gamma(kθ, α, rate=β)
    y = poisson(ky, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, α + sum(y), rate=β + n), y


@relation("conditional", source=FINK)
def exponential_poisson_sample(kθ: Key, ky: Key, β, n: Integer):
    """An exponential prior."""
    θ = exponential(kθ, rate=β)
    y = poisson(ky, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, 1 + sum(y), rate=β + n), y


@relation("conditional", source=FINK)
def chi_square_poisson_sample(kθ: Key, ky: Key, ν, n: Integer):
    """A chi-square prior."""
    θ = chi_square(kθ, ν)
    y = poisson(ky, θ, size=(n,))
    yield θ, y
    yield gamma(kθ, ν / 2 + sum(y), rate=0.5 + n), y


@relation("conditional", source=JORGENSEN)
def gig_poisson_sample(kθ: Key, ky: Key, p, b, s, n: Integer):
    """Counts add to the power, their number to one of the two rates."""
    θ = generalized_inverse_gaussian(kθ, p, b, s)
    y = poisson(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, p + sum(y), b / s + 2 * n, b * s), y


@relation("conditional", source=JORGENSEN)
def inverse_gaussian_poisson(kθ: Key, ky: Key, m, s):
    """One count whose mean is inverse Gaussian."""
    θ = inverse_gaussian(kθ, m, s)
    y = poisson(ky, θ)
    yield θ, y
    yield gig(kθ, y - 0.5, s / m**2 + 2, s), y


@relation("conditional", source=JORGENSEN)
def inverse_gamma_poisson(kθ: Key, ky: Key, α, β):
    """One count whose mean is inverse gamma."""
    θ = inverse_gamma(kθ, α, scale=β)
    y = poisson(ky, θ)
    yield θ, y
    yield gig(kθ, y - α, 2.0 + 0 * β, 2 * β), y
