r"""Races: which of several variables comes first, and when.

    Xᵢ ~ F with hazard aᵢ h(x), independent
    ────────────────────────────────────────────────────
    P(X₁ < X₂) = a₁ / (a₁ + a₂)
    argmin X ~ Categorical(a / Σ a)      independent of      min X ~ F with hazard Σ a h(x)

Where hazards are proportional, a monotone map of time turns each variable into a waiting time of
rate aᵢ, and no map of time changes who is first. Powers of a distribution function are the same
seen from above, for the last. A family with a scale of its own, as Weibull's, has the power of the
scale for a rate. Variables of one continuous law are in each order equally often.

Example: the heavier tail is longer on its way with these odds.

>>> import astragal as ag
>>> from astragal.rewrites.races import first_of_two
>>> k1, k2 = ag.split(ag.key(0))
>>> x, y = ag.random.pareto(k1, 1.0, scale=2.0), ag.random.pareto(k2, 3.0, scale=2.0)
>>> first_of_two.forward(ag.where(x < y, 1, 0))
bernoulli(key(0, 'threefry4x32'), 0.25)
"""

from astragal import (
    Integer,
    Key,
    Vector,
    abs,
    argmax,
    argmin,
    atan,
    exp,
    expit,
    log,
    logsumexp,
    max,
    maximum,
    min,
    minimum,
    prod,
    relation,
    split,
    sum,
    where,
)
from astragal.random import (
    bernoulli,
    beta,
    burr,
    categorical,
    cauchy,
    dagum,
    discrete_laplace,
    discrete_uniform,
    exponential,
    exponentiated_weibull,
    frechet,
    generalized_logistic,
    geometric,
    gumbel,
    gumbel_minimum,
    log_logistic,
    logistic,
    rayleigh,
    weibull,
)
from astragal.rewrites.extremes import PowerOfCdf
from astragal.rewrites.order_statistics import Comparable, ProportionalHazards

DAVID = "David & Nagaraja 2003, Order Statistics, 3rd ed."
YELLOTT = "Yellott 1977, J. Math. Psych. 15"
LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
COLES = "Coles 2001, An Introduction to Statistical Modeling of Extreme Values"


# Two -------------------------------------------------------------------------------------


@relation("in law", source=DAVID)
def first_of_two(k: Key, D: ProportionalHazards, a, b):
    """The odds of being first are those of the hazards."""
    k1, k2 = split(k)
    return where(D(k1, a) < D(k2, b), 1, 0), bernoulli(k, a / (a + b))


@relation("in law", source=DAVID)
def last_of_two(k: Key, D: PowerOfCdf, a, b):
    """The odds of being last are those of the exponents."""
    k1, k2 = split(k)
    return where(D(k1, a) > D(k2, b), 1, 0), bernoulli(k, a / (a + b))


@relation("in law", source=COLES)
def weibull_race(k: Key, c, s1, s2):
    """Powers of Weibull variables are waiting times."""
    k1, k2 = split(k)
    return (
        where(weibull(k1, c, s1) < weibull(k2, c, s2), 1, 0),
        bernoulli(k, s2**c / (s1**c + s2**c)),
    )


@relation("in law", source=COLES)
def rayleigh_race(k: Key, s1, s2):
    """Squares of Rayleigh variables are."""
    k1, k2 = split(k)
    return (
        where(rayleigh(k1, s1) < rayleigh(k2, s2), 1, 0),
        bernoulli(k, s2**2 / (s1**2 + s2**2)),
    )


@relation("in law", source=COLES)
def frechet_race(k: Key, c, s1, s2):
    """Reciprocal powers of Fréchet variables are."""
    k1, k2 = split(k)
    return (
        where(frechet(k1, c, s1) > frechet(k2, c, s2), 1, 0),
        bernoulli(k, s1**c / (s1**c + s2**c)),
    )


@relation("in law", source=YELLOTT)
def gumbel_minimum_race(k: Key, a, b, s):
    """Logarithms of waiting times."""
    k1, k2 = split(k)
    return (
        where(gumbel_minimum(k1, a, s) < gumbel_minimum(k2, b, s), 1, 0),
        bernoulli(k, expit((b - a) / s)),
    )


@relation("in law", source="the difference is Cauchy")
def cauchy_race(k: Key, a, s, b, t):
    """The greater of two Cauchy variables."""
    k1, k2 = split(k)
    p = 0.5 + atan((a - b) / (s + t)) / 3.141592653589793
    return where(cauchy(k1, a, s) > cauchy(k2, b, t), 1, 0), bernoulli(k, p)


@relation("in law", source=LEEMIS)
def geometric_race(k: Key, p, q):
    """Who succeeds first, if one alone succeeds then."""
    k1, k2 = split(k)
    return (
        where(geometric(k1, p) < geometric(k2, q), 1, 0),
        bernoulli(k, p * (1 - q) / (p + q - p * q)),
    )


@relation("in law", source="symmetry")
def fair_race(k: Key, D: Comparable):
    """Of two draws of one continuous law each is as often the first."""
    k1, k2 = split(k)
    return where(D(k1) < D(k2), 1, 0), bernoulli(k, 0.5)


# Two, and the time or the gap ------------------------------------------------------------


@relation("in law", source=DAVID)
def exponential_time_and_gap(k: Key, r):
    """When the first comes says nothing of how long the other takes from there."""
    k1, k2 = split(k)
    x, y = exponential(k1, rate=r), exponential(k2, rate=r)
    yield minimum(x, y), abs(x - y)
    yield exponential(k1, rate=2 * r), exponential(k2, rate=r)


@relation("in law", source=LEEMIS)
def exponential_gap(k: Key, r):
    """The gap alone."""
    k1, k2 = split(k)
    return abs(exponential(k1, rate=r) - exponential(k2, rate=r)), exponential(k, rate=r)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 5")
def geometric_time_and_gap(k: Key, p):
    """The same in whole steps, where the gap has a sign."""
    k1, k2 = split(k)
    x, y = geometric(k1, p), geometric(k2, p)
    yield minimum(x, y), x - y
    yield geometric(k1, 1 - (1 - p) ** 2), discrete_laplace(k2, -log(1 - p))


# Many ------------------------------------------------------------------------------------


@relation("in law", source=DAVID)
def vector_minimum(k: Key, D: ProportionalHazards, a: Vector):
    """The first of many: hazards add."""
    return min(D(k, a)), D(k, sum(a))


@relation("in law", source=DAVID)
def vector_maximum(k: Key, D: PowerOfCdf, a: Vector):
    """The last of many: exponents add."""
    return max(D(k, a)), D(k, sum(a))


@relation("in law", source=YELLOTT)
def first_of_many(k: Key, D: ProportionalHazards, a: Vector):
    """Who is first."""
    return argmin(D(k, a)), categorical(k, a / sum(a))


@relation("in law", source=YELLOTT)
def last_of_many(k: Key, D: PowerOfCdf, a: Vector):
    """Who is last."""
    return argmax(D(k, a)), categorical(k, a / sum(a))


@relation("in law", source=COLES)
def weibull_vector_minimum(k: Key, c, s: Vector):
    """The first of Weibull variables of one shape."""
    return min(weibull(k, c, s)), weibull(k, c, sum(s ** (-c)) ** (-1 / c))


@relation("in law", source=COLES)
def weibull_vector_race(k: Key, c, s: Vector):
    """Who is first among them."""
    return argmin(weibull(k, c, s)), categorical(k, s ** (-c) / sum(s ** (-c)))


@relation("in law", source=COLES)
def weibull_vector_race_and_time(k: Key, c, s: Vector):
    """Who is first does not depend on when."""
    x = weibull(k, c, s)
    yield min(x), argmin(x)
    k1, k2 = split(k)
    yield weibull(k1, c, sum(s ** (-c)) ** (-1 / c)), categorical(k2, s ** (-c) / sum(s ** (-c)))


@relation("in law", source=COLES)
def rayleigh_vector_minimum(k: Key, s: Vector):
    """The first of Rayleigh variables."""
    return min(rayleigh(k, s)), rayleigh(k, sum(s ** (-2.0)) ** (-0.5))


@relation("in law", source=COLES)
def frechet_vector_maximum(k: Key, c, s: Vector):
    """The greatest of Fréchet variables of one shape."""
    return max(frechet(k, c, s)), frechet(k, c, sum(s**c) ** (1 / c))


@relation("in law", source=COLES)
def frechet_vector_race(k: Key, c, s: Vector):
    """Which of them is the greatest."""
    return argmax(frechet(k, c, s)), categorical(k, s**c / sum(s**c))


@relation("in law", source=YELLOTT)
def gumbel_vector_maximum_scaled(k: Key, m: Vector, s):
    """The greatest of Gumbel variables of one scale."""
    return max(gumbel(k, m, s)), gumbel(k, s * logsumexp(m / s), s)


@relation("in law", source=YELLOTT)
def gumbel_vector_race(k: Key, m: Vector, s):
    """Which of them is the greatest: a softmax at a temperature."""
    return argmax(gumbel(k, m, s)), categorical(k, exp(m / s - logsumexp(m / s)))


@relation("in law", source="Maddison, Tarlow & Minka 2014, NeurIPS")
def gumbel_vector_race_and_value(k: Key, m: Vector):
    """Which is the greatest does not depend on how great it is."""
    x = gumbel(k, m, 1.0)
    yield max(x), argmax(x)
    k1, k2 = split(k)
    yield gumbel(k1, logsumexp(m), 1.0), categorical(k2, exp(m - logsumexp(m)))


@relation("in law", source=COLES)
def gumbel_minimum_vector_minimum(k: Key, m: Vector, s):
    """The least of Gumbel minima of one scale."""
    return min(gumbel_minimum(k, m, s)), gumbel_minimum(k, -s * logsumexp(-m / s), s)


@relation("in law", source=LEEMIS)
def geometric_vector_minimum(k: Key, p: Vector):
    """The first success of many who try at once."""
    return min(geometric(k, p)), geometric(k, 1 - prod(1 - p))


# Equal laws ------------------------------------------------------------------------------


@relation("in law", source="symmetry", where=lambda n: n >= 1)
def place_of_the_least(k: Key, D: Comparable, n: Integer):
    """The least of a sample stands anywhere."""
    return argmin(D(k, size=(n,))), discrete_uniform(k, 0, n)


@relation("in law", source="symmetry", where=lambda n: n >= 1)
def place_of_the_greatest(k: Key, D: Comparable, n: Integer):
    """So does the greatest."""
    return argmax(D(k, size=(n,))), discrete_uniform(k, 0, n)


@relation("in law", source=f"{DAVID}, section 2.6", where=lambda n: n >= 1)
def rank_of_the_first(k: Key, D: Comparable, n: Integer):
    """The first of a sample has any rank."""
    x = D(k, size=(n,))
    return sum(where(x < x[0], 1, 0)), discrete_uniform(k, 0, n)


@relation("in law", source=DAVID)
def log_logistic_minimum_of_n(k: Key, n: Integer, c, s):
    """The least of n log-logistic variables."""
    return min(log_logistic(k, c, s, size=(n,))), burr(k, c, n, s)


@relation("in law", source=DAVID)
def log_logistic_maximum_of_n(k: Key, n: Integer, c, s):
    """The greatest of n log-logistic variables."""
    return max(log_logistic(k, c, s, size=(n,))), dagum(k, c, n, s)


@relation("in law", source=DAVID)
def logistic_minimum_of_n(k: Key, n: Integer, m, s):
    """The least of n logistic variables, the mirror image of the greatest."""
    return min(logistic(k, m, s, size=(n,))), -generalized_logistic(k, n, -m, s)


@relation("in law", source=DAVID)
def log_logistic_minimum(k: Key, c, s):
    """The lesser of two log-logistic variables."""
    k1, k2 = split(k)
    return minimum(log_logistic(k1, c, s), log_logistic(k2, c, s)), burr(k, c, 2.0, s)


@relation("in law", source=DAVID)
def log_logistic_maximum(k: Key, c, s):
    """The greater."""
    k1, k2 = split(k)
    return maximum(log_logistic(k1, c, s), log_logistic(k2, c, s)), dagum(k, c, 2.0, s)


@relation("in law", source=DAVID)
def exponential_maximum(k: Key, r):
    """The greater of two waiting times, by its distribution function."""
    k1, k2 = split(k)
    return (
        maximum(exponential(k1, rate=r), exponential(k2, rate=r)),
        exponentiated_weibull(k, 2.0, 1.0, 1 / r),
    )


@relation("in law", source=LEEMIS)
def beta_race(k: Key, a, b):
    """Powers of uniform numbers: exponents of distribution functions as shares."""
    k1, k2 = split(k)
    race = where(beta(k1, a, 1.0) > beta(k2, b, 1.0), 1, 0)
    return race, bernoulli(k, a / (a + b))
