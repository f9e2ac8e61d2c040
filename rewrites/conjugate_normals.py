r"""Conjugate updates of normal means, of means with variances, and of vectors.

    μ ~ Normal(m, S)        y | μ ~ Normal(H μ + c, R)
    ────────────────────────────────────────────────────────────────
    y     ~ Normal(H m + c, G)                   G = H S Hᵀ + R
    μ | y ~ Normal(m + K (y - H m - c), S - K H S)      K = S Hᵀ G⁻¹

Precisions add, and means are weighted by them. The one statement above is a Kalman step, a
regression with known noise, a Gaussian process at a point; the same written with precisions
is the update of a mean from a sample. With an unknown variance the prior of the mean is stated
in units of it, and the sum of squares about the two means joins the scale.

Example: a mean, from four observations.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_normals import normal_mean_sample
>>> k1, k2 = ag.split(ag.key(1))
>>> mu = ag.random.normal(k1, 0.0, 2.0)
>>> y = ag.random.normal(k2, mu, 1.0, size=(4,))
>>> posterior, _ = normal_mean_sample.forward((mu, y))
>>> posterior.op.name
'normal'
"""

from collections.abc import Callable
from math import inf
from typing import Any

from astragal import (
    Expr,
    Family,
    Integer,
    Key,
    Positive,
    PositiveVector,
    Vector,
    eye,
    log,
    mean,
    ones,
    relation,
    special,
    sqrt,
    square,
    sum,
)
from astragal.random import (
    exponential,
    gamma,
    half_normal,
    inverse_gamma,
    inverse_gaussian,
    logit_normal,
    lognormal,
    multivariate_normal,
    normal,
    student_t,
    truncated_normal,
    uniform,
)

BDA = "Gelman et al., BDA3, section 2.5"
MURPHY = "Murphy 2007, Conjugate Bayesian analysis of the Gaussian distribution"


def of_logarithm(k: Expr, m: Any, s: Any, size: Any = None) -> Expr:
    """Variables whose logarithm is normal."""
    return lognormal(k, m, s, size=size)


def of_logit(k: Expr, m: Any, s: Any, size: Any = None) -> Expr:
    """Variables whose log odds are normal."""
    return logit_normal(k, m, s, size=size)


TRANSFORMS: dict[str, Callable[[Expr], Expr]] = {
    "normal": lambda y: y,
    "of_logarithm": log,
    "of_logit": special.logit,
}


class Normal(Family):
    """Laws of variables of which a known function is normal."""

    roles = ("m", "s")
    words = "a law of a transformed normal variable"
    listed = ((normal, "loc scale"), (of_logarithm, ""), (of_logit, ""))

    def back(self, y: Expr) -> Expr:
        """Give the normal variable."""
        return self.written("T", TRANSFORMS[self.member.name if self.member else "normal"], y)


def weighed(m: Expr, p: Expr, total: Expr, q: Expr) -> tuple[Expr, Expr]:
    """Put a prior mean m of precision p together with data of precision q.

    ``total`` is the sum of the data, each in units of its variance.
    """
    return (m * p + total) / (p + q), 1 / sqrt(p + q)


# Means ---------------------------------------------------------------------------------


@relation("conditional", source=BDA)
def normal_mean_sample(kμ: Key, ky: Key, D: Normal, m, s, t, n: Integer):
    """The mean of n observations of one precision."""
    μ = normal(kμ, m, s)
    y = D(ky, μ, t, size=(n,))
    yield μ, y
    x = D.back(y)
    yield normal(kμ, *weighed(m, s**-2, sum(x) / t**2, n / t**2)), y


@relation("conditional", source=BDA)
def normal_mean_precisions(kμ: Key, ky: Key, D: Normal, m, s, t: PositiveVector):
    """The mean of observations of several precisions."""
    μ = normal(kμ, m, s)
    y = D(ky, μ, t)
    yield μ, y
    x = D.back(y)
    yield normal(kμ, *weighed(m, s**-2, sum(x / t**2), sum(t**-2.0))), y


@relation("conditional", source="Bishop 2006, section 3.3")
def normal_slope(kμ: Key, ky: Key, m, s, c, x: Vector, t):
    """A slope: each observation is c and x times the unknown."""
    μ = normal(kμ, m, s)
    y = normal(ky, c + x * μ, t)
    yield μ, y
    yield normal(kμ, *weighed(m, s**-2, sum(x * (y - c)) / t**2, sum(square(x)) / t**2)), y


@relation("conditional", source="Bishop 2006, section 3.3")
def normal_slope_through_origin(kμ: Key, ky: Key, m, s, x: Vector, t):
    """A slope without an intercept."""
    μ = normal(kμ, m, s)
    y = normal(ky, x * μ, t)
    yield μ, y
    yield normal(kμ, *weighed(m, s**-2, sum(x * y) / t**2, sum(square(x)) / t**2)), y


@relation("conditional", source="Hamilton 1994, Time Series Analysis, ch. 12")
def autoregression_coefficient(kφ: Key, k1: Key, k2: Key, k3: Key, m, s, x, t):
    """The coefficient of a first-order autoregression over three steps."""
    φ = normal(kφ, m, s)
    y1 = normal(k1, φ * x, t)
    y2 = normal(k2, φ * y1, t)
    y3 = normal(k3, φ * y2, t)
    yield φ, y1, y2, y3
    total = (x * y1 + y1 * y2 + y2 * y3) / t**2
    yield normal(kφ, *weighed(m, s**-2, total, (x**2 + y1**2 + y2**2) / t**2)), y1, y2, y3


@relation("conditional", source=BDA)
def truncated_normal_mean_sample(kμ: Key, ky: Key, D: Normal, m, s, low, high, t, n: Integer):
    """A truncated prior gives the posterior truncated at the same places."""
    μ = truncated_normal(kμ, m, s, low, high)
    y = D(ky, μ, t, size=(n,))
    yield μ, y
    x = D.back(y)
    yield truncated_normal(kμ, *weighed(m, s**-2, sum(x) / t**2, n / t**2), low, high), y


@relation("conditional", source=BDA)
def truncated_normal_mean(kμ: Key, ky: Key, m, s, low, high, t):
    """The same of one observation."""
    μ = truncated_normal(kμ, m, s, low, high)
    y = normal(ky, μ, t)
    yield μ, y
    yield truncated_normal(kμ, *weighed(m, s**-2, y / t**2, t**-2), low, high), y


@relation("conditional", source=BDA)
def half_normal_mean_sample(kμ: Key, ky: Key, D: Normal, s, t, n: Integer):
    """A half-normal prior is a normal one truncated at its mode."""
    μ = half_normal(kμ, s)
    y = D(ky, μ, t, size=(n,))
    yield μ, y
    x = D.back(y)
    yield truncated_normal(kμ, *weighed(0 * s, s**-2, sum(x) / t**2, n / t**2), 0.0, inf), y


@relation("conditional", source=BDA)
def half_normal_mean(kμ: Key, ky: Key, s, t):
    """The same of one observation."""
    μ = half_normal(kμ, s)
    y = normal(ky, μ, t)
    yield μ, y
    yield truncated_normal(kμ, *weighed(0 * s, s**-2, y / t**2, t**-2), 0.0, inf), y


@relation("conditional", source=BDA)
def exponential_prior_mean(kμ: Key, ky: Key, r, t):
    """An exponential prior of a mean moves it against its slope."""
    μ = exponential(kμ, rate=r)
    y = normal(ky, μ, t)
    yield μ, y
    yield truncated_normal(kμ, y - r * t**2, t, 0.0, inf), y


@relation("conditional", source=BDA)
def exponential_prior_mean_sample(kμ: Key, ky: Key, D: Normal, r, t, n: Integer):
    """The same of a sample."""
    μ = exponential(kμ, rate=r)
    y = D(ky, μ, t, size=(n,))
    yield μ, y
    x = D.back(y)
    yield truncated_normal(kμ, mean(x) - r * t**2 / n, t / sqrt(n), 0.0, inf), y


@relation("conditional", source=BDA)
def uniform_normal_mean_sample(kμ: Key, ky: Key, D: Normal, low, high, t, n: Integer):
    """A flat prior on an interval gives a truncated normal posterior."""
    μ = uniform(kμ, low, high)
    y = D(ky, μ, t, size=(n,))
    yield μ, y
    x = D.back(y)
    yield truncated_normal(kμ, mean(x), t / sqrt(n), low, high), y


@relation("conditional", source=BDA)
def uniform_normal_mean(kμ: Key, ky: Key, low, high, t):
    """The same of one observation."""
    μ = uniform(kμ, low, high)
    y = normal(ky, μ, t)
    yield μ, y
    yield truncated_normal(kμ, y, t, low, high), y


@relation("conditional", source=BDA)
def truncated_normal_mean_precisions(kμ: Key, ky: Key, m, s, low, high, t: PositiveVector):
    """A truncated prior, and observations of several precisions."""
    μ = truncated_normal(kμ, m, s, low, high)
    y = normal(ky, μ, t)
    yield μ, y
    yield truncated_normal(kμ, *weighed(m, s**-2, sum(y / t**2), sum(t**-2.0)), low, high), y


@relation("conditional", source="Bishop 2006, section 3.3")
def truncated_normal_slope(kμ: Key, ky: Key, m, s, low, high, x: Vector, t):
    """A slope of which bounds are known, as where it is positive."""
    μ = truncated_normal(kμ, m, s, low, high)
    y = normal(ky, x * μ, t)
    yield μ, y
    total, p = sum(x * y) / t**2, sum(square(x)) / t**2
    yield truncated_normal(kμ, *weighed(m, s**-2, total, p), low, high), y


@relation("conditional", source="Fink 1997, A Compendium of Conjugate Priors")
def lognormal_median_sample(kθ: Key, ky: Key, m, s, t, n: Integer):
    """The median of lognormal variables, with a lognormal prior."""
    θ = lognormal(kθ, m, s)
    y = lognormal(ky, log(θ), t, size=(n,))
    yield θ, y
    yield lognormal(kθ, *weighed(m, s**-2, sum(log(y)) / t**2, n / t**2)), y


@relation("conditional", source=BDA)
def mean_from_two(kμ: Key, ky: Key, kz: Key, m, s, t, u):
    """Two measurements, by instruments of two precisions."""
    μ = normal(kμ, m, s)
    y, z = normal(ky, μ, t), normal(kz, μ, u)
    yield μ, y, z
    yield normal(kμ, *weighed(m, s**-2, y / t**2 + z / u**2, t**-2 + u**-2)), y, z


@relation("conditional", source="Tweedie 1957")
def inverse_gaussian_drift_sample(kθ: Key, ky: Key, m, s, l, n: Integer):  # noqa: E741
    """The drift of a Brownian motion, from the times at which it passes a point."""
    θ = truncated_normal(kθ, m, s, 0.0, inf)
    y = inverse_gaussian(ky, 1 / θ, l, size=(n,))
    yield θ, y
    yield truncated_normal(kθ, *weighed(m, s**-2, l * n, l * sum(y)), 0.0, inf), y


@relation("reversal", source="Bishop 2006, section 2.3.3")
def normal_linear(kx: Key, ky: Key, m, s, a, c, t):
    """An affine function of a normal variable, seen with noise."""
    x = normal(kx, m, s)
    yield x, normal(ky, a * x + c, t)
    v = a**2 * s**2 + t**2
    y = normal(ky, a * m + c, sqrt(v))
    yield normal(kx, m + a * s**2 / v * (y - a * m - c), s * t / sqrt(v)), y


@relation("reversal", source="Bishop 2006, section 2.3.3")
def normal_multiple(kx: Key, ky: Key, m, s, a, t):
    """A multiple of a normal variable, seen with noise."""
    x = normal(kx, m, s)
    yield x, normal(ky, a * x, t)
    v = a**2 * s**2 + t**2
    y = normal(ky, a * m, sqrt(v))
    yield normal(kx, m + a * s**2 / v * (y - a * m), s * t / sqrt(v)), y


@relation("reversal", source="Bishop 2006, section 2.3.3")
def normal_shifted(kx: Key, ky: Key, m, s, c, t):
    """A shifted normal variable, seen with noise."""
    x = normal(kx, m, s)
    yield x, normal(ky, c + x, t)
    v = s**2 + t**2
    y = normal(ky, c + m, sqrt(v))
    yield normal(kx, m + s**2 / v * (y - m - c), s * t / sqrt(v)), y


@relation("reversal", source="Gelman et al., BDA3, section 5.4")
def normal_random_effect(kx: Key, ky: Key, m, s, t, n: Integer):
    """Observations that share an effect are one normal vector; the effect is shrunk."""
    x = normal(kx, m, s)
    yield x, normal(ky, x, t, size=(n,))
    cov = t**2 * eye(n) + s**2 * ones((n, n))
    y = multivariate_normal(ky, m * ones((n,)), cov)
    v = n * s**2 + t**2
    yield normal(kx, (m * t**2 + s**2 * sum(y)) / v, s * t / sqrt(v)), y


# Means and variances -------------------------------------------------------------------


@relation("conditional", source=MURPHY)
def normal_inverse_gamma_sample(
    kv: Key, kμ: Key, ky: Key, D: Normal, α, β, m, κ: Positive, n: Integer
):
    """Mean and variance of a normal sample, both unknown."""
    v = inverse_gamma(kv, α, scale=β)
    μ = normal(kμ, m, sqrt(v / κ))
    y = D(ky, μ, sqrt(v), size=(n,))
    yield v, μ, y
    x = D.back(y)
    spread = sum(square(x - mean(x))) + κ * n * square(mean(x) - m) / (κ + n)
    v = inverse_gamma(kv, α + n / 2, scale=β + spread / 2)
    yield v, normal(kμ, (κ * m + sum(x)) / (κ + n), sqrt(v / (κ + n))), y


@relation("conditional", source=MURPHY)
def normal_gamma_sample(kτ: Key, kμ: Key, ky: Key, D: Normal, α, β, m, κ: Positive, n: Integer):
    """Mean and precision of a normal sample."""
    τ = gamma(kτ, α, rate=β)
    μ = normal(kμ, m, 1 / sqrt(κ * τ))
    y = D(ky, μ, 1 / sqrt(τ), size=(n,))
    yield τ, μ, y
    x = D.back(y)
    spread = sum(square(x - mean(x))) + κ * n * square(mean(x) - m) / (κ + n)
    τ = gamma(kτ, α + n / 2, rate=β + spread / 2)
    yield τ, normal(kμ, (κ * m + sum(x)) / (κ + n), 1 / sqrt((κ + n) * τ)), y


@relation("reversal", source=MURPHY)
def normal_gamma(kτ: Key, kμ: Key, ky: Key, α, β, m, κ: Positive):
    """Mean and precision from one observation: the predictive law is Student's."""
    τ = gamma(kτ, α, rate=β)
    μ = normal(kμ, m, 1 / sqrt(κ * τ))
    yield τ, μ, normal(ky, μ, 1 / sqrt(τ))
    y = student_t(ky, 2 * α, m, sqrt(β * (κ + 1) / (α * κ)))
    τ = gamma(kτ, α + 0.5, rate=β + κ * square(y - m) / (2 * (κ + 1)))
    yield τ, normal(kμ, (κ * m + y) / (κ + 1), 1 / sqrt((κ + 1) * τ)), y


@relation("reversal", source=MURPHY)
def normal_inverse_gamma(kv: Key, kμ: Key, ky: Key, α, β, m, κ: Positive):
    """Mean and variance from one observation."""
    v = inverse_gamma(kv, α, scale=β)
    μ = normal(kμ, m, sqrt(v / κ))
    yield v, μ, normal(ky, μ, sqrt(v))
    y = student_t(ky, 2 * α, m, sqrt(β * (κ + 1) / (α * κ)))
    v = inverse_gamma(kv, α + 0.5, scale=β + κ * square(y - m) / (2 * (κ + 1)))
    yield v, normal(kμ, (κ * m + y) / (κ + 1), sqrt(v / (κ + 1))), y


@relation("conditional", source=MURPHY)
def semi_conjugate_variance(kv: Key, kμ: Key, ky: Key, α, β, m, s, n: Integer):
    """The variance, where the mean is held: a Gibbs step."""
    v, μ = inverse_gamma(kv, α, scale=β), normal(kμ, m, s)
    y = normal(ky, μ, sqrt(v), size=(n,))
    yield v, μ, y
    yield inverse_gamma(kv, α + n / 2, scale=β + sum(square(y - μ)) / 2), μ, y


@relation("conditional", source=MURPHY)
def semi_conjugate_mean(kv: Key, kμ: Key, ky: Key, α, β, m, s, n: Integer):
    """The mean, where the variance is held: the other Gibbs step."""
    v, μ = inverse_gamma(kv, α, scale=β), normal(kμ, m, s)
    y = normal(ky, μ, sqrt(v), size=(n,))
    yield v, μ, y
    yield v, normal(kμ, *weighed(m, s**-2, sum(y) / v, n / v)), y


@relation("conditional", source="Gelman et al., BDA3, section 5.4")
def hierarchical_mean(kμ: Key, kθ: Key, ky: Key, m, s, t, r: PositiveVector):
    """The mean of a population, where its members are held: the data drop out."""
    n = r.shape[0]
    μ = normal(kμ, m, s)
    θ = normal(kθ, μ, t, size=(n,))
    y = normal(ky, θ, r)
    yield μ, θ, y
    yield normal(kμ, *weighed(m, s**-2, sum(θ) / t**2, n / t**2)), θ, y


@relation("conditional", source="Gelman et al., BDA3, section 5.4")
def hierarchical_effects(kμ: Key, kθ: Key, ky: Key, m, s, t, r: PositiveVector):
    """The members of a population, where its mean is held."""
    μ = normal(kμ, m, s)
    θ = normal(kθ, μ, t, size=(r.shape[0],))
    y = normal(ky, θ, r)
    yield μ, θ, y
    yield μ, normal(kθ, *weighed(μ, t**-2, y / r**2, r**-2.0)), y
