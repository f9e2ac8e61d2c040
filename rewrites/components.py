r"""Which of several laws an observation is from: components of mixtures, and hypotheses.

    z ~ Categorical(w)        y | z ~ D(θ_z)
    ───────────────────────────────────────────────────
    P(z = j | y)  ∝  w_j p(y | θ_j)

Bayes' theorem for an indicator needs nothing of D but its density. With two hypotheses the log
odds move by the log likelihood ratio, and ratios of independent observations add.

Example: which of two rates counts are from.

>>> import astragal as ag
>>> from astragal.rewrites.components import component
>>> k1, k2 = ag.split(ag.key(1))
>>> z = ag.random.categorical(k1, ag.constant([0.5, 0.5]))
>>> y = ag.random.exponential(k2, rate=ag.constant([1.0, 4.0])[z])
>>> posterior, _ = component.forward((z, y))
>>> posterior.op.name
'categorical'
"""

from collections.abc import Callable
from typing import Any

from astragal import (
    Covariance,
    Expr,
    Family,
    Integer,
    Key,
    Positive,
    PositiveVector,
    Probability,
    Simplex,
    Vector,
    equal,
    expit,
    linalg,
    log,
    max,
    relation,
    softmax,
    special,
    sum,
    where,
)
from astragal.random import (
    bernoulli,
    beta,
    binomial,
    categorical,
    exponential,
    gamma,
    geometric,
    gumbel,
    inverse_gamma,
    laplace,
    logistic,
    lognormal,
    multivariate_normal,
    negative_binomial,
    normal,
    pareto,
    poisson,
    rayleigh,
    student_t,
    weibull,
)

BISHOP = "Bishop 2006, section 9.2"
ROBERT = "Robert 2007, The Bayesian Choice, section 5.2"
MCLACHLAN = "McLachlan & Peel 2000, Finite Mixture Models, section 1.4"


def exponential_of_mean(k: Expr, m: Any, size: Any = None) -> Expr:
    """Waiting times of a mean."""
    return exponential(k, rate=1 / m, size=size)


def gamma_of_scale(k: Expr, a: Any, s: Any, size: Any = None) -> Expr:
    """Gamma variables of a scale."""
    return gamma(k, a, scale=s, size=size)


WRITTEN: dict[str, Callable[..., Expr]] = {
    "exponential_of_mean": lambda y, m: -y / m - log(m),
    "gamma_of_scale": lambda y, a, s: (a - 1) * log(y) - y / s - special.gammaln(a) - a * log(s),
}


class Written(Family):
    """Laws with a density that is declared, or written above."""

    def logdensity(self, x: Any, *parameters: Any) -> Expr:
        """Give the log density at a value."""
        if self.member is not None and self.member.distribution is None:
            return WRITTEN[self.member.name](x, *parameters)
        return super().logdensity(x, *parameters)


class OfOne(Written):
    """Laws that differ in one positive parameter, the others known."""

    roles = ("θ",)
    words = "a law of a positive parameter"
    listed = (
        (exponential, "rate"),
        (poisson, "lam"),
        (gamma, "rate"),
        (rayleigh, "scale"),
        (pareto, "shape"),
        (weibull, "scale"),
        (normal, "scale"),
        (laplace, "scale"),
        (negative_binomial, "n"),
        (exponential_of_mean, ""),
    )


class OfChance(Family):
    """Laws that differ in one probability, the others known."""

    roles = ("p",)
    words = "a law of a probability"
    listed = ((bernoulli, "p"), (binomial, "p"), (geometric, "p"), (negative_binomial, "p"))


class OfLocation(Family):
    """Laws that differ in their location, the others known."""

    roles = ("m",)
    words = "a law of a location"
    listed = ((normal, "loc"), (lognormal, "mean"), (laplace, "loc"), (student_t, "loc"),
              (logistic, "loc"), (gumbel, "loc"))  # fmt: skip


class OfTwo(Written):
    """Laws that differ in two positive parameters."""

    roles = ("a", "b")
    words = "a law of two positive parameters"
    listed = (
        (gamma, "shape rate"),
        (beta, "a b"),
        (inverse_gamma, "shape scale"),
        (gamma_of_scale, ""),
        (weibull, "shape scale"),
    )


class OfLocationAndScale(Family):
    """Laws that differ in their location and in their scale."""

    roles = ("m", "s")
    words = "a law of a location and a scale"
    listed = tuple((f, "loc scale") for f in (normal, laplace, logistic, gumbel))


def odds(p: Any, ratio: Expr) -> Expr:
    """Move the log odds of a probability."""
    return expit(special.logit(p) + ratio)


# Components ------------------------------------------------------------------------------------


@relation("conditional", source=BISHOP)
def component(kz: Key, ky: Key, D: OfOne, w: Simplex, θ: PositiveVector):
    """Which component of a mixture an observation is from, where one parameter differs."""
    z = categorical(kz, w)
    y = D(ky, θ[z])
    yield z, y
    yield categorical(kz, softmax(log(w) + D.logdensity(y, θ))), y


@relation("conditional", source=BISHOP, where=lambda p: max(p) < 1)
def component_of_trials(kz: Key, ky: Key, D: OfChance, w: Simplex, p: PositiveVector):
    """The same of outcomes of trials."""
    z = categorical(kz, w)
    y = D(ky, p[z])
    yield z, y
    yield categorical(kz, softmax(log(w) + D.logdensity(y, p))), y


@relation("conditional", source=BISHOP)
def component_at(kz: Key, ky: Key, D: OfLocation, w: Simplex, m: Vector):
    """The same where locations differ, and scales do not."""
    z = categorical(kz, w)
    y = D(ky, m[z])
    yield z, y
    yield categorical(kz, softmax(log(w) + D.logdensity(y, m))), y


@relation("conditional", source=MCLACHLAN)
def component_of_two(kz: Key, ky: Key, D: OfTwo, w: Simplex, a: PositiveVector, b: PositiveVector):
    """The same where two parameters differ."""
    z = categorical(kz, w)
    y = D(ky, a[z], b[z])
    yield z, y
    yield categorical(kz, softmax(log(w) + D.logdensity(y, a, b))), y


@relation("conditional", source=MCLACHLAN)
def component_of_place_and_size(
    kz: Key, ky: Key, D: OfLocationAndScale, w: Simplex, m: Vector, s: PositiveVector
):
    """The same where locations and scales differ."""
    z = categorical(kz, w)
    y = D(ky, m[z], s[z])
    yield z, y
    yield categorical(kz, softmax(log(w) + D.logdensity(y, m, s))), y


# Hypotheses ------------------------------------------------------------------------------------


@relation("conditional", source=ROBERT)
def hypothesis(kz: Key, ky: Key, D: OfOne, p, a: Positive, b: Positive):
    """Two simple hypotheses about a parameter, after one observation."""
    z = bernoulli(kz, p)
    y = D(ky, where(equal(z, 1), a, b))
    yield z, y
    yield bernoulli(kz, odds(p, D.logdensity(y, a) - D.logdensity(y, b))), y


@relation("conditional", source=ROBERT)
def hypothesis_of_sample(kz: Key, ky: Key, D: OfOne, p, a: Positive, b: Positive, n: Integer):
    """The same after a sample: log likelihood ratios add."""
    z = bernoulli(kz, p)
    y = D(ky, where(equal(z, 1), a, b), size=(n,))
    yield z, y
    yield bernoulli(kz, odds(p, sum(D.logdensity(y, a) - D.logdensity(y, b)))), y


@relation("conditional", source=ROBERT)
def hypothesis_of_trials(
    kz: Key, ky: Key, D: OfChance, p, q: Probability, r: Probability, n: Integer
):
    """Two hypotheses about a probability."""
    z = bernoulli(kz, p)
    y = D(ky, where(equal(z, 1), q, r), size=(n,))
    yield z, y
    yield bernoulli(kz, odds(p, sum(D.logdensity(y, q) - D.logdensity(y, r)))), y


@relation("conditional", source=ROBERT)
def hypothesis_at(kz: Key, ky: Key, D: OfLocation, p, a, b):
    """Two hypotheses about a location, after one observation."""
    z = bernoulli(kz, p)
    y = D(ky, where(equal(z, 1), a, b))
    yield z, y
    yield bernoulli(kz, odds(p, D.logdensity(y, a) - D.logdensity(y, b))), y


@relation("conditional", source=ROBERT)
def hypothesis_at_of_sample(kz: Key, ky: Key, D: OfLocation, p, a, b, n: Integer):
    """The same after a sample."""
    z = bernoulli(kz, p)
    y = D(ky, where(equal(z, 1), a, b), size=(n,))
    yield z, y
    yield bernoulli(kz, odds(p, sum(D.logdensity(y, a) - D.logdensity(y, b)))), y


@relation("conditional", source="Fisher 1936, Ann. Eugen. 7; Anderson 2003, section 6.4")
def discriminant(kz: Key, ky: Key, p, a: Vector, b: Vector, S: Covariance):
    """Two hypotheses about the mean of a normal vector: the linear discriminant."""
    z = bernoulli(kz, p)
    y = multivariate_normal(ky, where(equal(z, 1), a, b), S)
    yield z, y
    yield bernoulli(kz, odds(p, sum((a - b) * linalg.solve(S, y - (a + b) / 2)))), y
