r"""Larger families: noncentral, folded and generalised laws, and what they come down to.

    |Normal(ν, s)|  ~  FoldedNormal(ν, s)          X ~ Gamma(a, 1)
    √(X² + Y²)      ~  Rice(ν, s)                  s X^(1/c) ~ GeneralizedGamma(a, c, s)

A noncentral law is what a central one becomes when the normals behind it have means. At mean
zero it is the central one again. The generalised gamma law is every power of a gamma law:
chi, half-normal, Rayleigh, Maxwell, Nakagami and Weibull variables are some of them.

Example: a Rice variable without a signal.

>>> import astragal as ag
>>> from astragal.rewrites.generalizations import rice_rayleigh_case
>>> rice_rayleigh_case.forward(ag.random.rice(ag.key(0), 0.0, 2.0))
rayleigh(key(0, 'threefry4x32'), 2.0)
"""

from astragal import (
    Integer,
    Key,
    abs,
    exp,
    expit,
    log,
    relation,
    split,
    sqrt,
)
from astragal.random import (
    arcsine,
    beta,
    beta_binomial,
    beta_negative_binomial,
    chi,
    chi_square,
    discrete_laplace,
    exponential,
    f,
    folded_normal,
    gamma,
    generalized_gamma,
    generalized_normal,
    geometric,
    half_logistic,
    half_normal,
    inverse_gaussian,
    laplace,
    log_gamma,
    log_laplace,
    log_uniform,
    logistic,
    logit_normal,
    maxwell,
    nakagami,
    negative_binomial,
    negative_hypergeometric,
    noncentral_beta,
    noncentral_chi_square,
    noncentral_f,
    noncentral_t,
    normal,
    normal_inverse_gaussian,
    planck,
    poisson,
    power,
    rayleigh,
    rice,
    semicircle,
    skellam,
    student_t,
    uniform,
    weibull,
    yule_simon,
)

LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKB2 = "Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2"
JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"

# Powers of gamma variables ------------------------------------------------------------------


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_gamma_case(k: Key, a, s):
    """The first power."""
    return generalized_gamma(k, a, 1.0, s), gamma(k, a, scale=s)


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_weibull_case(k: Key, c, s):
    """Shape 1: a power of a waiting time."""
    return generalized_gamma(k, 1.0, c, s), weibull(k, c, s)


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_half_normal_case(k: Key, s):
    """The root of a gamma variable of shape 1/2."""
    return generalized_gamma(k, 0.5, 2.0, sqrt(2.0) * s), half_normal(k, s)


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_rayleigh_case(k: Key, s):
    """The root of a gamma variable of shape 1."""
    return generalized_gamma(k, 1.0, 2.0, sqrt(2.0) * s), rayleigh(k, s)


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_maxwell_case(k: Key, s):
    """The root of a gamma variable of shape 3/2."""
    return generalized_gamma(k, 1.5, 2.0, sqrt(2.0) * s), maxwell(k, s)


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_chi_case(k: Key, d):
    """The root of a chi-square variable."""
    return generalized_gamma(k, d / 2, 2.0, sqrt(2.0)), chi(k, d)


@relation("in law", source=f"{JKB1}, ch. 18")
def generalized_gamma_nakagami_case(k: Key, nu, s):
    """The root of a gamma variable, by its mean square."""
    return generalized_gamma(k, nu, 2.0, s / sqrt(nu)), nakagami(k, nu, s)


@relation("in law", source=LEEMIS)
def chi_half_normal_case(k: Key):
    """The length of one normal."""
    return chi(k, 1.0), half_normal(k, 1.0)


@relation("in law", source=LEEMIS)
def chi_rayleigh_case(k: Key):
    """The length of a vector of two normals."""
    return chi(k, 2.0), rayleigh(k, 1.0)


@relation("in law", source=f"{JKB1}, ch. 18")
def chi_maxwell_case(k: Key):
    """The length of a vector of three normals."""
    return chi(k, 3.0), maxwell(k, 1.0)


@relation("in law", source=f"{JKB1}, ch. 18")
def root_chi_square(k: Key, d):
    """The root of a chi-square variable, by definition."""
    return sqrt(chi_square(k, d)), chi(k, d)


@relation("in law", source=f"{JKB1}, ch. 18")
def square_chi(k: Key, d):
    """And back."""
    return chi(k, d) ** 2, chi_square(k, d)


@relation("in law", source=f"{JKB1}, ch. 18")
def nakagami_half_normal_case(k: Key, s):
    """Nakagami of shape 1/2."""
    return nakagami(k, 0.5, s), half_normal(k, s)


@relation("in law", source=f"{JKB1}, ch. 18")
def nakagami_rayleigh_case(k: Key, s):
    """Nakagami of shape 1."""
    return nakagami(k, 1.0, s), rayleigh(k, s / sqrt(2.0))


# Noncentral and folded laws -------------------------------------------------------------------


@relation("in law", source=f"{JKB2}, ch. 31")
def noncentral_t_case(k: Key, d):
    """Without a mean above the line: Student's t."""
    return noncentral_t(k, d, 0.0), student_t(k, d, 0.0, 1.0)


@relation("in law", source=f"{JKB2}, ch. 30")
def noncentral_f_case(k: Key, a, b):
    """Without means above the line: the F law."""
    return noncentral_f(k, a, b, 0.0), f(k, a, b)


@relation("in law", source=f"{JKB2}, ch. 30")
def noncentral_beta_case(k: Key, a, b):
    """Without means: a beta variable."""
    return noncentral_beta(k, a, b, 0.0), beta(k, a, b)


@relation("in law", source=LEEMIS)
def rice_rayleigh_case(k: Key, s):
    """Noise without a signal."""
    return rice(k, 0.0, s), rayleigh(k, s)


@relation("in law", source=LEEMIS)
def folded_normal_case(k: Key, s):
    """A normal folded at its mean."""
    return folded_normal(k, 0.0, s), half_normal(k, s)


@relation("in law", source=f"{JKB1}, ch. 13")
def abs_shifted_normal(k: Key, m, s):
    """A normal folded at zero, by definition."""
    return abs(normal(k, m, s)), folded_normal(k, m, s)


@relation("in law", source=f"{JKB1}, ch. 18")
def rice_mixture(k: Key, nu, s):
    """A Poisson number of further pairs of squares."""
    k1, k2 = split(k)
    j = poisson(k1, nu**2 / (2 * s**2))
    return s * sqrt(chi_square(k2, 2.0 + 2 * j)), rice(k, nu, s)


@relation("in law", source=f"{JKB2}, ch. 30")
def noncentral_f_ratio(k: Key, a, b, c):
    """The ratio of mean squares of which the upper one has means."""
    k1, k2 = split(k)
    return (
        noncentral_chi_square(k1, a, c) / a / (chi_square(k2, b) / b),
        noncentral_f(k, a, b, c),
    )


@relation("in law", source=f"{JKB2}, ch. 30")
def noncentral_beta_mixture(k: Key, a, b, c):
    """A Poisson number of further degrees of freedom."""
    k1, k2 = split(k)
    return beta(k2, a + poisson(k1, c / 2), b), noncentral_beta(k, a, b, c)


# Around the normal ------------------------------------------------------------------------------


@relation("in law", source=f"{JKB2}, ch. 24")
def generalized_normal_laplace_case(k: Key, m, s):
    """Exponent 1: Laplace."""
    return generalized_normal(k, 1.0, m, s), laplace(k, m, s)


@relation("in law", source=f"{JKB2}, ch. 24")
def generalized_normal_case(k: Key, m, s):
    """Exponent 2: normal."""
    return generalized_normal(k, 2.0, m, sqrt(2.0) * s), normal(k, m, s)


@relation(
    "in law", source="Barndorff-Nielsen 1997, Scand. J. Stat. 24", where=lambda a, b: abs(b) < a
)
def normal_inverse_gaussian_mixture(k: Key, a, b, m, s):
    """A normal whose mean and variance follow one inverse Gaussian variable."""
    k1, k2 = split(k)
    v = inverse_gaussian(k1, 1 / sqrt(a**2 - b**2), 1.0)
    return normal(k2, m + s * b * v, s * sqrt(v)), normal_inverse_gaussian(k, a, b, m, s)


@relation(
    "in law", source="Barndorff-Nielsen 1997, Scand. J. Stat. 24", where=lambda a, b: abs(b) < a
)
def normal_inverse_gaussian_convolution(k: Key, a, b, m1, s1, m2, s2):
    """With the same slopes of both tails, locations and scales add."""
    k1, k2 = split(k)
    law = normal_inverse_gaussian
    return (
        law(k1, a * s1, b * s1, m1, s1) + law(k2, a * s2, b * s2, m2, s2),
        law(k, a * (s1 + s2), b * (s1 + s2), m1 + m2, s1 + s2),
    )


@relation("in law", source="Johnson 1949, Biometrika 36; logit-normal, definition")
def expit_normal(k: Key, m, s):
    """The logistic function of a normal, by definition."""
    return expit(normal(k, m, s)), logit_normal(k, m, s)


@relation("in law", source=f"{JKB2}, ch. 23")
def abs_logistic(k: Key, s):
    """A logistic variable folded at zero."""
    return abs(logistic(k, 0.0, s)), half_logistic(k, s)


@relation("in law", source=f"{JKB2}, ch. 24", where=lambda s: s > 0)
def exp_laplace(k: Key, c, s):
    """The exponential of a Laplace variable."""
    return s * exp(laplace(k, 0.0, 1 / c)), log_laplace(k, c, s)


@relation("in law", source=f"{JKB1}, ch. 17")
def log_of_gamma(k: Key, a):
    """The logarithm of a gamma variable."""
    return log(gamma(k, a, rate=1.0)), log_gamma(k, a)


@relation("in law", source=f"{JKB1}, ch. 17")
def exp_log_gamma(k: Key, a):
    """And back."""
    return exp(log_gamma(k, a)), gamma(k, a, rate=1.0)


# On an interval ----------------------------------------------------------------------------------


@relation("in law", source=LEEMIS)
def beta_arcsine_case(k: Key):
    """Both exponents 1/2: the share of time that a random walk leads."""
    return beta(k, 0.5, 0.5), arcsine(k, 0.0, 1.0)


@relation("in law", source=LEEMIS)
def beta_power_case(k: Key, a):
    """A second exponent of 1."""
    return beta(k, a, 1.0), power(k, a, 1.0)


@relation("in law", source=LEEMIS)
def exp_uniform(k: Key, a, b):
    """The exponential of a uniform variable."""
    return exp(uniform(k, a, b)), log_uniform(k, exp(a), exp(b))


@relation("in law", source=LEEMIS)
def log_log_uniform(k: Key, a, b):
    """The logarithm of a log-uniform variable, by definition."""
    return log(log_uniform(k, a, b)), uniform(k, log(a), log(b))


@relation("in law", source=f"{JKB2}, ch. 25", where=lambda r: r > 0)
def semicircle_of_beta(k: Key, r):
    """Both exponents 3/2, on the whole diameter (Wigner)."""
    return r * (2 * beta(k, 1.5, 1.5) - 1), semicircle(k, r)


# Counts ------------------------------------------------------------------------------------------


@relation("in law", source=f"{JKK}, ch. 4")
def poisson_difference(k: Key, a, b):
    """The difference of two Poisson counts (Skellam), by definition."""
    k1, k2 = split(k)
    return poisson(k1, a) - poisson(k2, b), skellam(k, a, b)


@relation("in law", source=f"{JKK}, ch. 4")
def skellam_convolution(k: Key, a1, b1, a2, b2):
    """What is counted up adds up, and what is counted down."""
    k1, k2 = split(k)
    return skellam(k1, a1, b1) + skellam(k2, a2, b2), skellam(k, a1 + a2, b1 + b2)


@relation("in law", source=f"{JKK}, ch. 4")
def skellam_difference(k: Key, a1, b1, a2, b2):
    """In a difference they change places."""
    k1, k2 = split(k)
    return skellam(k1, a1, b1) - skellam(k2, a2, b2), skellam(k, a1 + b2, b1 + a2)


@relation("in law", source=f"{JKK}, ch. 4")
def skellam_and_poisson(k: Key, a, b, c):
    """A further count up."""
    k1, k2 = split(k)
    return skellam(k1, a, b) + poisson(k2, c), skellam(k, a + c, b)


@relation("in law", source=f"{JKK}, ch. 4")
def skellam_mirrored(k: Key, a, b):
    """Up and down exchanged."""
    return -skellam(k, a, b), skellam(k, b, a)


@relation("in law", source=f"{JKK}, ch. 5")
def planck_geometric(k: Key, a):
    """A geometric count from zero, by the logarithm of the failure probability."""
    return geometric(k, 1 - exp(-a)) - 1, planck(k, a)


@relation("in law", source="Inusah & Kozubowski 2006, J. Stat. Plan. Inference 136")
def planck_difference(k: Key, a):
    """The difference of two geometric counts: a Laplace law on the integers."""
    k1, k2 = split(k)
    return planck(k1, a) - planck(k2, a), discrete_laplace(k, a)


@relation("in law", source="Inusah & Kozubowski 2006, J. Stat. Plan. Inference 136")
def geometric_difference(k: Key, p):
    """The same in terms of the probability of success."""
    k1, k2 = split(k)
    return geometric(k1, p) - geometric(k2, p), discrete_laplace(k, -log(1 - p))


@relation("in law", source=LEEMIS)
def beta_negative_binomial_mixture(k: Key, r, a, b):
    """Failures before successes of beta probability."""
    k1, k2 = split(k)
    return negative_binomial(k2, r, beta(k1, a, b)), beta_negative_binomial(k, r, a, b)


@relation("in law", source=f"{JKK}, ch. 6")
def beta_geometric_mixture(k: Key, a, b):
    """Trials until a success of beta probability."""
    k1, k2 = split(k)
    return geometric(k2, beta(k1, a, b)), 1 + beta_negative_binomial(k, 1.0, a, b)


@relation("in law", source=f"{JKK}, ch. 6")
def yule_simon_mixture(k: Key, a):
    """Trials until a success whose log probability is minus a waiting time."""
    k1, k2 = split(k)
    return geometric(k2, exp(-exponential(k1, rate=a))), yule_simon(k, a)


@relation("in law", source=f"{JKK}, ch. 6")
def yule_simon_beta_mixture(k: Key, a):
    """The same with a probability that is a power of a uniform number."""
    k1, k2 = split(k)
    return geometric(k2, beta(k1, a, 1.0)), yule_simon(k, a)


@relation("in law", source=f"{JKK}, ch. 6")
def yule_simon_case(k: Key, a):
    """A beta negative binomial count with one success, counted as trials."""
    return 1 + beta_negative_binomial(k, 1.0, a, 1.0), yule_simon(k, a)


@relation("in law", source=f"{JKK}, ch. 6", where=lambda b, r: r <= b)
def negative_hypergeometric_beta_binomial(k: Key, g: Integer, b: Integer, r: Integer):
    """Good ones before the rth bad one: as if each gap between bad ones were equally likely."""
    return negative_hypergeometric(k, g, b, r), beta_binomial(k, g, r, b - r + 1)
