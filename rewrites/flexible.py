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

from math import pi

from astragal import (
    Key,
    Positive,
    abs,
    cos,
    floor,
    log,
    not_equal,
    relation,
    sin,
    split,
    sqrt,
    square,
    where,
)
from astragal.random import (
    benford,
    bernoulli,
    birnbaum_saunders,
    burr,
    cauchy,
    chi_square,
    gamma,
    generalized_gamma,
    generalized_normal,
    generalized_pareto,
    gumbel,
    gumbel_minimum,
    half_normal,
    hyperbolic_secant,
    inverse_gamma,
    kumaraswamy,
    nakagami,
    negative_binomial,
    noncentral_chi_square,
    noncentral_t,
    normal,
    rayleigh,
    rice,
    skew_normal,
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


@relation("in law", source="Nadarajah 2005, J. Appl. Stat. 32")
def generalized_normal_of_gamma(k: Key, b: Positive, s: Positive):
    """A sign, a scale and a power of a gamma variable."""
    k1, k2 = split(k)
    sign = 2 * bernoulli(k1, 0.5) - 1
    return sign * s * gamma(k2, 1 / b, rate=1.0) ** (1 / b), generalized_normal(k, b, 0.0, s)


@relation("in law", source="Azzalini 1985, Scand. J. Stat. 12")
def skew_normal_by_signs(k: Key, α):
    """One normal variable tells whether the other is turned over."""
    k1, k2 = split(k)
    x, z = normal(k1, 0.0, 1.0), normal(k2, 0.0, 1.0)
    return where(z < α * x, x, -x), skew_normal(k, 0.0, 1.0, α)


@relation("in law", source="Jones 2009, Stat. Methodol. 6")
def kumaraswamy_of_uniform(k: Key, a: Positive, b: Positive):
    """By inversion from the other end."""
    u = uniform(k, 0.0, 1.0)
    return (1 - u ** (1 / b)) ** (1 / a), kumaraswamy(k, a, b)


@relation("in law", source="Coles 2001, section 4.2", where=lambda c: not_equal(c, 0.0))
def generalized_pareto_of_uniform(k: Key, c, m, s: Positive):
    """By inversion from the other end."""
    u = uniform(k, 0.0, 1.0)
    return m + s * (u**-c - 1) / c, generalized_pareto(k, c, m, s)


@relation("in law", source="Coles 2001, section 4.2", where=lambda c: not_equal(c, 0.0))
def generalized_pareto_tail_power(k: Key, c, s: Positive):
    """The probability of being exceeded is uniform."""
    return (1 + c * generalized_pareto(k, c, 0.0, s) / s) ** (-1 / c), uniform(k, 0.0, 1.0)


@relation("in law", source="Tadikamalla 1980, Int. Stat. Rev. 48")
def rayleigh_of_inverse_gamma(k: Key, a, b):
    """A Rayleigh variable whose squared scale is inverse gamma."""
    k1, k2 = split(k)
    return rayleigh(k2, sqrt(inverse_gamma(k1, a, scale=b))), burr(k, 2.0, a, sqrt(2 * b))


@relation("in law", source="Box & Muller 1958, Ann. Math. Stat. 29")
def half_normal_of_rayleigh(k: Key, s):
    """The size of one coordinate of a normal point in the plane."""
    k1, k2 = split(k)
    return abs(cos(uniform(k2, -pi, pi))) * rayleigh(k1, s), half_normal(k, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, vol. 2, ch. 29")
def chi_square_of_negative_binomial(k: Key, r, p):
    """Degrees of freedom that are added twice a count of failures."""
    k1, k2 = split(k)
    return chi_square(k2, 2 * r + 2 * negative_binomial(k1, r, p)), gamma(k, r, rate=p / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, vol. 2, ch. 29")
def noncentral_chi_square_of_gamma(k: Key, d, r):
    """A noncentrality that is a gamma variable of half the degrees of freedom."""
    k1, k2 = split(k)
    x = noncentral_chi_square(k2, d, gamma(k1, d / 2, rate=r))
    return x, gamma(k, d / 2, rate=r / (2 * r + 1))


@relation("in law", source="Coles 2001, section 3.1")
def gumbel_subtracted(k: Key, c, m, s):
    """A maximum taken from a number."""
    return c - gumbel(k, m, s), gumbel_minimum(k, c - m, s)


@relation("in law", source="Coles 2001, section 3.1")
def gumbel_minimum_subtracted(k: Key, c, m, s):
    """A minimum taken from a number."""
    return c - gumbel_minimum(k, m, s), gumbel(k, c - m, s)


@relation("in law", source="symmetry")
def uniform_negative(k: Key, a, b):
    """The mirror image of an interval."""
    return -uniform(k, a, b), uniform(k, -b, -a)
