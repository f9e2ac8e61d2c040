r"""Maps of families with a shape: generalised gamma, Rice, Nakagami and their kin.

    X ~ GeneralizedGamma(a, c, s)
    ─────────────────────────────
    X^c ~ Gamma(a, rate s^-c)

A family that was made by a power, an exponential or a norm gives back what it was made of.

Example: the power that undoes the second shape.

>>> import astragal as ag
>>> from astragal.rewrites.flexible import generalized_gamma_power
>>> generalized_gamma_power.forward(ag.random.generalized_gamma(ag.key(1), 2.0, 3.0, 1.0) ** 3.0)
generalized_gamma(key(1, 'threefry4x32'), 2.0, 1.0, 1.0)
"""

from astragal import Key, abs, cos, floor, log, relation, sin, split, sqrt, square
from astragal.random import (
    benford,
    birnbaum_saunders,
    cauchy,
    chi_square,
    gamma,
    generalized_gamma,
    generalized_normal,
    hyperbolic_secant,
    nakagami,
    noncentral_chi_square,
    noncentral_t,
    normal,
    rice,
    uniform,
)

JKB1 = "Johnson, Kotz & Balakrishnan 1994"
JKB2 = "Johnson, Kotz & Balakrishnan 1995"


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_power(k: Key, a, c, s, p):
    """A power of a generalised gamma variable is one too."""
    return generalized_gamma(k, a, c, s) ** p, generalized_gamma(k, a, c / p, s**p)


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_to_gamma(k: Key, a, c, s):
    """The power that undoes the second shape leaves a gamma variable."""
    return generalized_gamma(k, a, c, s) ** c, gamma(k, a, rate=s**-c)


@relation("in law", source=f"{JKB1}, ch. 18")
def square_nakagami(k: Key, n, s):
    """The square of a Nakagami variable is a gamma variable of mean s²."""
    return square(nakagami(k, n, s)), gamma(k, n, rate=n / s**2)


@relation("in law", source=f"{JKB1}, ch. 18")
def nakagami_scaling(k: Key, c, n, s):
    """A multiple of a Nakagami variable."""
    return c * nakagami(k, n, s), nakagami(k, n, c * s)


@relation("in law", source=f"{JKB2}, ch. 24")
def generalized_normal_power(k: Key, b, s):
    """The exponent of a generalised normal density is a gamma variable."""
    return abs(generalized_normal(k, b, 0.0, s)) ** b, gamma(k, 1 / b, rate=s**-b)


@relation("in law", source=f"{JKB2}, ch. 33")
def birnbaum_saunders_reciprocal(k: Key, c, s):
    """The reciprocal of a fatigue life is one."""
    return 1 / birnbaum_saunders(k, c, s), birnbaum_saunders(k, c, 1 / s)


@relation("in law", source=f"{JKB2}, ch. 31, definition")
def noncentral_t_ratio(k: Key, n, d):
    """A shifted normal variable over the root of an independent mean square."""
    k1, k2 = split(k)
    return normal(k1, d, 1.0) / sqrt(chi_square(k2, n) / n), noncentral_t(k, n, d)


@relation("in law", source=f"{JKB2}, ch. 23")
def log_abs_cauchy(k: Key):
    """The logarithm of the size of a Cauchy variable."""
    return log(abs(cauchy(k, 0.0, 1.0))), hyperbolic_secant(k, 0.0, 1.0)


@relation("in law", source="Benford 1938")
def first_digit(k: Key):
    """The first digit of a number of uniform logarithm."""
    return floor(10.0 ** uniform(k, 0.0, 1.0)), 1.0 * benford(k)


@relation("in law", source=f"{JKB1}, ch. 18")
def rice_norm(k: Key, n, a, s):
    """The distance from the origin of a normal point in the plane about another point."""
    k1, k2 = split(k)
    x, y = normal(k1, n * cos(a), s), normal(k2, n * sin(a), s)
    return sqrt(square(x) + square(y)), rice(k, n, s)


@relation("in law", source=f"{JKB2}, ch. 29")
def square_rice(k: Key, n, s):
    """The squared distance in units of the variance."""
    return square(rice(k, n, s) / s), noncentral_chi_square(k, 2.0, (n / s) ** 2)
