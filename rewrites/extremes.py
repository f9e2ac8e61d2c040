r"""Extremes and lifetimes: what is closed under maxima, minima, and excesses over a threshold.

    max(X₁, …, Xₙ) ~ GEV(ξ)        X - t | X > t ~ GPD(ξ)

A law whose maxima are of its own family is a generalized extreme value law: Gumbel (ξ = 0),
Fréchet (ξ > 0) or mirrored Weibull (ξ < 0). A law whose excesses over every threshold are of
its own family is a generalized Pareto law: exponential, Lomax and Pareto, or uniform and its
powers. Lifetimes whose hazards are of one shape are closed under minima.

Example: yearly maxima and the maximum of a decade.

>>> import astragal as ag
>>> from astragal.rewrites.extremes import frechet_maximum_of_n
>>> years = ag.random.frechet(ag.key(0), 2.0, 3.0, size=4)
>>> frechet_maximum_of_n.forward(ag.max(years))
frechet(key(0, 'threefry4x32'), 2.0, 6.0)
"""

from astragal import (
    Family,
    Integer,
    Key,
    exp,
    given,
    log,
    max,
    maximum,
    min,
    minimum,
    not_equal,
    relation,
    split,
)
from astragal.random import (
    burr,
    dagum,
    exponential,
    exponentiated_weibull,
    frechet,
    gamma,
    generalized_extreme_value,
    generalized_logistic,
    generalized_pareto,
    gompertz,
    gumbel,
    gumbel_minimum,
    log_logistic,
    logistic,
    lomax,
    pareto,
    power,
    uniform,
    weibull,
)

LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
COLES = "Coles 2001, An Introduction to Statistical Modeling of Extreme Values"
JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKB2 = "Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2"
DAVID = "David & Nagaraja 2003, Order Statistics, 3rd ed."

# Special cases ---------------------------------------------------------------------------


@relation("in law", source=COLES)
def extreme_value_gumbel_case(k: Key, m, s):
    """Shape 0: light tails."""
    return generalized_extreme_value(k, 0.0, m, s), gumbel(k, m, s)


@relation("in law", source=COLES)
def extreme_value_frechet_case(k: Key, c, s):
    """A positive shape: heavy tails, with an end on the left."""
    return generalized_extreme_value(k, 1 / c, s, s / c), frechet(k, c, s)


@relation("in law", source=COLES)
def extreme_value_weibull_case(k: Key, c, s):
    """A negative shape: an end on the right."""
    return generalized_extreme_value(k, -1 / c, -s, s / c), -weibull(k, c, s)


@relation("in law", source=COLES)
def generalized_pareto_exponential_case(k: Key, s):
    """Shape 0: excesses have no memory."""
    return generalized_pareto(k, 0.0, 0.0, s), exponential(k, scale=s)


@relation("in law", source=COLES)
def generalized_pareto_lomax_case(k: Key, c, s):
    """A positive shape from zero is Lomax."""
    return generalized_pareto(k, 1 / c, 0.0, s / c), lomax(k, c, s)


@relation("in law", source=COLES)
def generalized_pareto_pareto_case(k: Key, b, m):
    """A positive shape from the scale is Pareto."""
    return generalized_pareto(k, 1 / b, m, m / b), pareto(k, b, m)


@relation("in law", source=COLES)
def generalized_pareto_uniform_case(k: Key, s):
    """Shape -1: flat up to its end."""
    return generalized_pareto(k, -1.0, 0.0, s), uniform(k, 0.0, s)


@relation("in law", source=f"{JKB1}, ch. 12")
def burr_lomax_case(k: Key, d, s):
    """A first shape of 1: Lomax."""
    return burr(k, 1.0, d, s), lomax(k, d, s)


@relation("in law", source=f"{JKB1}, ch. 12")
def burr_log_logistic_case(k: Key, c, s):
    """A second shape of 1: log-logistic."""
    return burr(k, c, 1.0, s), log_logistic(k, c, s)


@relation("in law", source=f"{JKB1}, ch. 12")
def dagum_log_logistic_case(k: Key, c, s):
    """The same of the family of reciprocals."""
    return dagum(k, c, 1.0, s), log_logistic(k, c, s)


@relation("in law", source=LEEMIS)
def exponentiated_weibull_case(k: Key, c, s):
    """The first power of a Weibull distribution function."""
    return exponentiated_weibull(k, 1.0, c, s), weibull(k, c, s)


@relation("in law", source=f"{JKB2}, ch. 23")
def generalized_logistic_case(k: Key, m, s):
    """The first power of a logistic distribution function."""
    return generalized_logistic(k, 1.0, m, s), logistic(k, m, s)


@relation("in law", source=LEEMIS)
def power_uniform_case(k: Key, s):
    """The first power of a uniform distribution function."""
    return power(k, 1.0, s), uniform(k, 0.0, s)


@relation("in law", source=COLES)
def gumbel_mirrored(k: Key, m, s):
    """Maxima turned round are minima."""
    return -gumbel(k, m, s), gumbel_minimum(k, -m, s)


@relation("in law", source=COLES)
def gumbel_minimum_mirrored(k: Key, m, s):
    """Minima turned round are maxima."""
    return -gumbel_minimum(k, m, s), gumbel(k, -m, s)


@relation("in law", source=COLES)
def weibull_reciprocal(k: Key, c, s):
    """The reciprocal of a Weibull variable is Fréchet."""
    return 1 / weibull(k, c, s), frechet(k, c, 1 / s)


@relation("in law", source=COLES)
def frechet_reciprocal(k: Key, c, s):
    """The reciprocal of a Fréchet variable is Weibull."""
    return 1 / frechet(k, c, s), weibull(k, c, 1 / s)


@relation("in law", source=f"{JKB1}, ch. 12")
def burr_reciprocal(k: Key, c, d, s):
    """The reciprocal of a Burr variable is a Dagum variable."""
    return 1 / burr(k, c, d, s), dagum(k, c, d, 1 / s)


# Minima ----------------------------------------------------------------------------------


@relation("in law", source=COLES)
def gumbel_minimum_of_two(k: Key, m1, m2, s):
    """Logarithms of Weibull variables of one shape."""
    k1, k2 = split(k)
    return (
        minimum(gumbel_minimum(k1, m1, s), gumbel_minimum(k2, m2, s)),
        gumbel_minimum(k, -s * log(exp(-m1 / s) + exp(-m2 / s)), s),
    )


@relation("in law", source=COLES)
def gumbel_minimum_of_n(k: Key, n: Integer, m, s):
    """The least of n moves down by s log n."""
    return min(gumbel_minimum(k, m, s, size=(n,))), gumbel_minimum(k, m - s * log(n), s)


# Maxima ----------------------------------------------------------------------------------


class PowerOfCdf(Family):
    """Families whose distribution function has the parameter as its exponent."""

    roles = ("a",)
    words = "a family of powers of a distribution function"
    listed = (
        (power, "a"),
        (dagum, "d"),
        (exponentiated_weibull, "a"),
        (generalized_logistic, "c"),
    )


@relation("in law", source=f"{LEEMIS}; {DAVID}, ch. 2")
def maximum_of_two(k: Key, D: PowerOfCdf, a, b):
    """Distribution functions multiply, so their exponents add."""
    k1, k2 = split(k)
    return maximum(D(k1, a), D(k2, b)), D(k, a + b)


@relation("in law", source=f"{LEEMIS}; {DAVID}, ch. 2")
def maximum_of_n(k: Key, D: PowerOfCdf, n: Integer, a):
    """The greatest of n has n times the exponent."""
    return max(D(k, a, size=(n,))), D(k, n * a)


@relation("in law", source=f"{DAVID}, ch. 2")
def weibull_maximum_of_n(k: Key, n: Integer, c, s):
    """The greatest of n Weibull variables."""
    return max(weibull(k, c, s, size=(n,))), exponentiated_weibull(k, n, c, s)


@relation("in law", source=f"{DAVID}, ch. 2")
def weibull_maximum(k: Key, c, s):
    """The greater of two Weibull variables."""
    k1, k2 = split(k)
    return maximum(weibull(k1, c, s), weibull(k2, c, s)), exponentiated_weibull(k, 2.0, c, s)


@relation("in law", source=f"{JKB2}, ch. 23")
def logistic_maximum_of_n(k: Key, n: Integer, m, s):
    """The greatest of n logistic variables."""
    return max(logistic(k, m, s, size=(n,))), generalized_logistic(k, n, m, s)


@relation("in law", source=f"{JKB2}, ch. 23")
def logistic_maximum(k: Key, m, s):
    """The greater of two logistic variables."""
    k1, k2 = split(k)
    return maximum(logistic(k1, m, s), logistic(k2, m, s)), generalized_logistic(k, 2.0, m, s)


@relation("in law", source=f"{DAVID}, ch. 2")
def exponential_maximum_of_n(k: Key, n: Integer, s):
    """The last of n waiting times."""
    return max(exponential(k, scale=s, size=(n,))), exponentiated_weibull(k, n, 1.0, s)


@relation("in law", source=f"{DAVID}, ch. 2")
def uniform_maximum_power(k: Key, n: Integer, t):
    """The greatest of n uniform numbers below a bound."""
    return max(uniform(k, 0.0, t, size=(n,))), power(k, n, t)


@relation("in law", source=COLES)
def frechet_maximum(k: Key, c, s1, s2):
    """Fréchet variables of one shape: cth powers of scales add."""
    k1, k2 = split(k)
    return (
        maximum(frechet(k1, c, s1), frechet(k2, c, s2)),
        frechet(k, c, (s1**c + s2**c) ** (1 / c)),
    )


@relation("in law", source=COLES)
def frechet_maximum_of_n(k: Key, n: Integer, c, s):
    """The greatest of n Fréchet variables of one law."""
    return max(frechet(k, c, s, size=(n,))), frechet(k, c, s * n ** (1 / c))


@relation("in law", source=COLES, where=lambda c: not_equal(c, 0.0))
def extreme_value_maximum_of_n(k: Key, n: Integer, c, m, s):
    """The greatest of n extreme values of one law: max-stability."""
    return (
        max(generalized_extreme_value(k, c, m, s, size=(n,))),
        generalized_extreme_value(k, c, m + s * (n**c - 1) / c, s * n**c),
    )


# Excesses and truncation ------------------------------------------------------------------


@relation("in law", source=COLES, where=lambda s, c, t: (t > 0, s + c * t > 0))
def generalized_pareto_excess(k: Key, c, s, t):
    """The excess over a threshold keeps the shape: what thresholds are chosen by."""
    x = generalized_pareto(k, c, 0.0, s)
    return given(x - t, x > t), generalized_pareto(k, c, 0.0, s + c * t)


@relation("in law", source=f"{JKB2}, ch. 22", where=lambda t: t > 0)
def gompertz_residual(k: Key, c, s, t):
    """A hazard that grows exponentially does so from where it is."""
    x = gompertz(k, c, s)
    return given(x - t, x > t), gompertz(k, c * exp(t / s), s)


@relation("in law", source=LEEMIS, where=lambda s, t: (t > 0, t < s))
def power_truncation(k: Key, a, s, t):
    """Below a bound the power law is one on a smaller scale."""
    x = power(k, a, s)
    return given(x, x < t), power(k, a, t)


# Mixtures ---------------------------------------------------------------------------------


@relation("in law", source=f"{JKB1}, ch. 12")
def burr_of_weibull(k: Key, c, d, s):
    """A Weibull variable with a gamma hazard."""
    k1, k2 = split(k)
    r = gamma(k1, d, rate=1.0)
    return weibull(k2, c, s * r ** (-1 / c)), burr(k, c, d, s)


@relation("in law", source=f"{JKB1}, ch. 12")
def dagum_of_frechet(k: Key, c, d, s):
    """A Fréchet variable with a gamma scale."""
    k1, k2 = split(k)
    r = gamma(k1, d, rate=1.0)
    return frechet(k2, c, s * r ** (1 / c)), dagum(k, c, d, s)
