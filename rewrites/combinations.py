r"""Combinations: sums, products and quotients that close on other families.

    X ~ Gamma(a)   Y ~ Gamma(b)                      X ~ Lévy(s)   Y ~ Lévy(t)
    ─────────────────────────────────────────        ──────────────────────────────────
    X / Y ~ BetaPrime(a, b), apart from X + Y        X + Y ~ Lévy((√s + √t)²)

Logarithms of quotients are differences of logarithms, so each fact about gamma variables is one
about the logarithms of gamma, logistic and Gumbel variables too. Squares and folds of symmetric
beta variables are beta variables again.

Example: the mean of two Cauchy variables is no better than one.

>>> import astragal as ag
>>> from astragal.rewrites.combinations import cauchy_pair_mean
>>> k1, k2 = ag.split(ag.key(0))
>>> pair = ag.random.cauchy(k1, 1.0, 2.0) + ag.random.cauchy(k2, 1.0, 2.0)
>>> cauchy_pair_mean.forward(pair / 2.0)
cauchy(key(0, 'threefry4x32'), 1.0, 2.0)
"""

from astragal import (
    Integer,
    Key,
    Positive,
    PositiveVector,
    Vector,
    abs,
    exp,
    log,
    prod,
    relation,
    special,
    split,
    sqrt,
    square,
    sum,
)
from astragal.random import (
    beta,
    beta_prime,
    cauchy,
    chi_square,
    dagum,
    exponential,
    f,
    gamma,
    generalized_logistic,
    gumbel,
    gumbel_minimum,
    half_logistic,
    half_normal,
    inverse_gamma,
    laplace,
    levy,
    log_gamma,
    log_laplace,
    log_logistic,
    logistic,
    lognormal,
    lomax,
    noncentral_chi_square,
    normal,
    normal_inverse_gaussian,
    pareto,
    power,
    rayleigh,
    skellam,
    skew_normal,
    uniform,
)

PI = 3.141592653589793
SYMMETRY = "symmetry of the density"
LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKB2 = "Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2"
FELLER = "Feller 1971, vol. 2"

# Sums and differences --------------------------------------------------------------------


@relation("in law", source=f"{JKB2}, ch. 22")
def gumbel_minimum_difference(k: Key, m1, m2, s):
    """The difference of two Gumbel minima."""
    k1, k2 = split(k)
    return gumbel_minimum(k1, m1, s) - gumbel_minimum(k2, m2, s), logistic(k, m1 - m2, s)


@relation("in law", source=f"{JKB2}, ch. 22")
def gumbel_and_minimum(k: Key, m1, m2, s):
    """A Gumbel maximum and a minimum."""
    k1, k2 = split(k)
    return gumbel(k1, m1, s) + gumbel_minimum(k2, m2, s), logistic(k, m1 + m2, s)


@relation("in law", source=f"{JKB2}, ch. 22")
def gumbel_gap(k: Key, m, s):
    """The distance of two Gumbel variables of one law."""
    k1, k2 = split(k)
    return abs(gumbel(k1, m, s) - gumbel(k2, m, s)), half_logistic(k, s)


@relation("in law", source=f"{JKB2}, ch. 23")
def gumbel_and_log_gamma(k: Key, c):
    """A generalised logistic variable is a difference of logarithms."""
    k1, k2 = split(k)
    return log_gamma(k1, c) + gumbel(k2, 0.0, 1.0), generalized_logistic(k, c, 0.0, 1.0)


@relation("in law", source=f"{JKB2}, ch. 23")
def log_gamma_pair(k: Key, a, b):
    """A logit of a beta variable is one, too."""
    k1, k2 = split(k)
    return log_gamma(k1, a) - log_gamma(k2, b), special.logit(beta(k, a, b))


@relation("in law", source=f"{JKB2}, ch. 22")
def log_gamma_gumbel_case(k: Key):
    """The logarithm of a waiting time."""
    return log_gamma(k, 1.0), gumbel_minimum(k, 0.0, 1.0)


@relation("in law", source=f"{FELLER}, section VI.1", where=lambda a, b: [a > 0, b > 0])
def levy_combination(k: Key, a, m1, s1, b, m2, s2):
    """A positive combination of two Lévy variables."""
    k1, k2 = split(k)
    return (
        a * levy(k1, m1, s1) + b * levy(k2, m2, s2),
        levy(k, a * m1 + b * m2, (sqrt(a * s1) + sqrt(b * s2)) ** 2),
    )


@relation("in law", source=f"{FELLER}, section VI.1")
def levy_mean(k: Key, m, s, n: Integer):
    """The mean of Lévy variables is wider than each."""
    return sum(levy(k, m, s, size=(n,))) / n, levy(k, m, n * s)


@relation("in law", source=f"{FELLER}, section VI.1")
def cauchy_weighted_sum(k: Key, w: Vector, m: Vector, s: Vector):
    """Weights of either sign: sizes add."""
    return sum(w * cauchy(k, m, s)), cauchy(k, sum(w * m), sum(abs(w) * s))


@relation("in law", source=f"{FELLER}, section VI.1")
def cauchy_pair_mean(k: Key, m, s):
    """The mean of two Cauchy variables is as wide as each."""
    k1, k2 = split(k)
    return (cauchy(k1, m, s) + cauchy(k2, m, s)) / 2, cauchy(k, m, s)


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_pair_mean(k: Key, m, s):
    """The mean of two normals."""
    k1, k2 = split(k)
    return (normal(k1, m, s) + normal(k2, m, s)) / 2, normal(k, m, s / sqrt(2.0))


@relation("in law", source="Pitman & Williams 1967, Ann. Math. Stat. 38")
def tangent_addition(k: Key):
    """Angles add round the circle, and their tangents so."""
    k1, k2 = split(k)
    x, y = cauchy(k1, 0.0, 1.0), cauchy(k2, 0.0, 1.0)
    return (x + y) / (1 - x * y), cauchy(k, 0.0, 1.0)


# Products and quotients ------------------------------------------------------------------


@relation("in law", source=f"{JKB2}, ch. 24")
def laplace_size_ratio(k: Key, s):
    """The ratio of two Laplace sizes."""
    k1, k2 = split(k)
    return abs(laplace(k1, 0.0, s)) / abs(laplace(k2, 0.0, s)), f(k, 2.0, 2.0)


@relation("in law", source=f"{JKB2}, ch. 24")
def laplace_total_size(k: Key, m, s, n: Integer):
    """Distances of Laplace variables from their median add up to a sum of squares."""
    x = laplace(k, m, s, size=(n,))
    return 2 * sum(abs(x - m)) / s, chi_square(k, 2 * n)


@relation("in law", source=f"{JKB1}, ch. 17")
def gamma_times_inverse_gamma(k: Key, a, r, b, s):
    """A gamma variable with a gamma variable below it."""
    k1, k2 = split(k)
    return gamma(k1, a, rate=r) * inverse_gamma(k2, b, scale=s), s / r * beta_prime(k, a, b)


@relation("in law", source=f"{JKB1}, ch. 17")
def inverse_gamma_ratio(k: Key, a, s, b, t):
    """Two of them."""
    k1, k2 = split(k)
    return (
        inverse_gamma(k1, a, scale=s) / inverse_gamma(k2, b, scale=t),
        s / t * beta_prime(k, b, a),
    )


@relation("in law", source=f"{JKB2}, ch. 27")
def gamma_mean_ratio(k: Key, a, b, r):
    """A ratio of gamma variables, each over its mean."""
    k1, k2 = split(k)
    return gamma(k1, a, rate=r) / a / (gamma(k2, b, rate=r) / b), f(k, 2 * a, 2 * b)


@relation("in law", source=f"{JKB2}, ch. 25")
def gamma_ratio_and_sum(k: Key, a, b, r):
    """The ratio says nothing of the sum."""
    k1, k2 = split(k)
    x, y = gamma(k1, a, rate=r), gamma(k2, b, rate=r)
    yield x / y, x + y
    yield beta_prime(k1, a, b), gamma(k2, a + b, rate=r)


@relation("in law", source=f"{JKB2}, ch. 25")
def wait_share(k: Key, b, r):
    """A waiting time's share."""
    k1, k2 = split(k)
    x = exponential(k1, rate=r)
    return x / (x + gamma(k2, b, rate=r)), beta(k, 1.0, b)


@relation("in law", source=f"{JKB2}, ch. 25")
def share_beside_a_wait(k: Key, a, r):
    """The share of what stands beside it."""
    k1, k2 = split(k)
    x = gamma(k1, a, rate=r)
    return x / (x + exponential(k2, rate=r)), beta(k, a, 1.0)


@relation("in law", source=f"{JKB2}, ch. 25")
def exponential_share_and_sum(k: Key, r):
    """Two waiting times: where the first ends says nothing of the whole."""
    k1, k2 = split(k)
    x, y = exponential(k1, rate=r), exponential(k2, rate=r)
    yield x / (x + y), x + y
    yield uniform(k1, 0.0, 1.0), gamma(k2, 2.0, rate=r)


@relation("in law", source=f"{JKB2}, ch. 25")
def chi_square_share_and_sum(k: Key, a, b):
    """The same of sums of squares."""
    k1, k2 = split(k)
    x, y = chi_square(k1, a), chi_square(k2, b)
    yield x / (x + y), x + y
    yield beta(k1, a / 2, b / 2), chi_square(k2, a + b)


@relation("in law", source="Gordon 1994; Legendre's duplication formula")
def gamma_duplication(k: Key, a):
    """The product of two gamma variables half a step apart is a square."""
    k1, k2 = split(k)
    return (
        gamma(k1, a, rate=1.0) * gamma(k2, a + 0.5, rate=1.0),
        square(gamma(k, 2 * a, rate=1.0)) / 4,
    )


@relation("in law", source="Legendre's duplication formula")
def beta_duplication(k: Key, a, b):
    """So it is of beta variables."""
    k1, k2 = split(k)
    return beta(k1, a, b) * beta(k2, a + 0.5, b), square(beta(k, 2 * a, 2 * b))


@relation("in law", source=f"{JKB2}, ch. 25")
def square_symmetric_beta(k: Key, a):
    """The squared distance from the middle."""
    return square(2 * beta(k, a, a) - 1), beta(k, 0.5, a)


@relation("in law", source=f"{JKB2}, ch. 25")
def symmetric_beta_fold(k: Key, a):
    """The same from the other end."""
    x = beta(k, a, a)
    return 4 * x * (1 - x), beta(k, a, 0.5)


@relation("in law", source=f"{JKB2}, ch. 25")
def beta_complement_gamma_product(k: Key, a, b, r):
    """The other part of a gamma variable."""
    k1, k2 = split(k)
    return (1 - beta(k1, a, b)) * gamma(k2, a + b, rate=r), gamma(k, b, rate=r)


@relation("in law", source=f"{JKB2}, ch. 25")
def beta_times_beta_prime(k: Key, a, b, c):
    """A share of a ratio."""
    k1, k2 = split(k)
    return beta(k1, a, b) * beta_prime(k2, a + b, c), beta_prime(k, a, c)


@relation("in law", source=f"{JKB2}, ch. 23")
def log_logistic_of_waits(k: Key, c, s: Positive):
    """A power of a ratio of waiting times."""
    k1, k2 = split(k)
    ratio = exponential(k1, rate=1.0) / exponential(k2, rate=1.0)
    return s * ratio ** (1 / c), log_logistic(k, c, s)


@relation("in law", source=f"{JKB2}, ch. 24")
def log_laplace_reciprocal(k: Key, c, s):
    """The mirror image of a logarithm."""
    return 1 / log_laplace(k, c, s), log_laplace(k, c, 1 / s)


@relation("in law", source=f"{JKB1}, ch. 20")
def power_of_pareto(k: Key, a, s):
    """The reciprocal of a power variable."""
    return 1 / power(k, a, s), pareto(k, a, scale=1 / s)


@relation("in law", source=f"{JKB1}, ch. 20")
def lomax_share(k: Key, c, s):
    """What is left of a share."""
    return s / (s + lomax(k, c, s)), power(k, c, 1.0)


@relation("in law", source=f"{JKB1}, ch. 14")
def lognormal_power_product(k: Key, a, m1, s1, b, m2, s2):
    """A product of powers."""
    k1, k2 = split(k)
    return (
        lognormal(k1, m1, s1) ** a * lognormal(k2, m2, s2) ** b,
        lognormal(k, a * m1 + b * m2, sqrt(a**2 * s1**2 + b**2 * s2**2)),
    )


@relation("in law", source=f"{JKB1}, ch. 14")
def geometric_mean_of_lognormals(k: Key, m, s, n: Integer):
    """The geometric mean."""
    x = lognormal(k, m, s, size=(n,))
    return exp(sum(log(x)) / n), lognormal(k, m, s / sqrt(n))


@relation("in law", source=f"{JKB2}, ch. 22", where=lambda c: c > 0)
def dagum_of_beta_prime(k: Key, c, d, s: Positive):
    """A power of a beta prime variable."""
    return s * beta_prime(k, d, 1.0) ** (1 / c), dagum(k, c, d, s)


# Sums with parameters of their own --------------------------------------------------------


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_vector_sum(k: Key, m: Vector, s: Vector):
    """A sum of independent normals: means add, and variances add."""
    return sum(normal(k, m, s)), normal(k, sum(m), sqrt(sum(s**2)))


@relation("in law", source=f"{JKB1}, ch. 16")
def cauchy_vector_sum(k: Key, m: Vector, s: PositiveVector):
    """A sum of independent Cauchy variables: locations and scales add."""
    return sum(cauchy(k, m, s)), cauchy(k, sum(m), sum(s))


@relation("in law", source="Feller 1971, vol. 2, section II.4")
def levy_vector_sum(k: Key, m: Vector, s: PositiveVector):
    """A sum of independent Lévy variables: roots of scales add."""
    return sum(levy(k, m, s)), levy(k, sum(m), sum(sqrt(s)) ** 2)


@relation("in law", source=f"{JKB2}, ch. 29")
def noncentral_chi_square_vector_sum(k: Key, d: PositiveVector, c: PositiveVector):
    """Squares of normals: their numbers add, and the squares of their means."""
    return sum(noncentral_chi_square(k, d, c)), noncentral_chi_square(k, sum(d), sum(c))


@relation("in law", source="Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions, ch. 4")
def skellam_vector_sum(k: Key, a: PositiveVector, b: PositiveVector):
    """What is counted up adds up, and what is counted down."""
    return sum(skellam(k, a, b)), skellam(k, sum(a), sum(b))


@relation(
    "in law", source="Barndorff-Nielsen 1997, Scand. J. Stat. 24", where=lambda a, b: abs(b) < a
)
def normal_inverse_gaussian_sum(k: Key, n: Integer, a, b, m, s):
    """Locations and scales add, n times."""
    law = normal_inverse_gaussian
    return sum(law(k, a, b, m, s, size=(n,))), law(k, n * a, n * b, n * m, n * s)


@relation("in law", source=LEEMIS)
def sums_of_two_uniform_samples(k: Key, n: Integer, m: Integer):
    """Two sums of uniform numbers are one of all of them (Irwin and Hall)."""
    k1, k2 = split(k)
    both = sum(uniform(k1, 0.0, 1.0, size=(n,))) + sum(uniform(k2, 0.0, 1.0, size=(m,)))
    return both, sum(uniform(k, 0.0, 1.0, size=(n + m,)))


@relation("in law", source=SYMMETRY)
def sum_of_uniforms_reflected(k: Key, n: Integer):
    """Each number is its own mirror image, and so is their sum."""
    return n - sum(uniform(k, 0.0, 1.0, size=(n,))), sum(uniform(k, 0.0, 1.0, size=(n,)))


# Sums that are skewed ---------------------------------------------------------------------


@relation("in law", source="Azzalini 1985, Scand. J. Stat. 12")
def normal_and_half_normal(k: Key, m, s, t):
    """A normal and the size of another: skew normal."""
    k1, k2 = split(k)
    return normal(k1, m, s) + half_normal(k2, t), skew_normal(k, m, sqrt(s**2 + t**2), t / s)


@relation("in law", source="Azzalini 1985, Scand. J. Stat. 12")
def normal_less_half_normal(k: Key, m, s, t):
    """Taken off, it skews the other way: the noise and loss of a production frontier."""
    k1, k2 = split(k)
    return normal(k1, m, s) - half_normal(k2, t), skew_normal(k, m, sqrt(s**2 + t**2), -t / s)


@relation("in law", source=f"{JKB2}, ch. 23")
def log_gamma_difference_of_two(k: Key, a, b):
    """The difference of two logarithms of gamma variables: log odds of a beta variable."""
    k1, k2 = split(k)
    return log_gamma(k1, a) - log_gamma(k2, b), special.logit(beta(k, a, b))


@relation("in law", source=f"{JKB2}, ch. 23")
def log_wait_difference(k: Key):
    """Of two waiting times: logistic."""
    k1, k2 = split(k)
    return log_gamma(k1, 1.0) - log_gamma(k2, 1.0), logistic(k, 0.0, 1.0)


# Products of powers of uniform numbers ------------------------------------------------------


@relation("in law", source=LEEMIS)
def power_pair_product(k: Key, a):
    """Logarithms of powers of uniform numbers are waiting times, which add."""
    k1, k2 = split(k)
    return power(k1, a, 1.0) * power(k2, a, 1.0), exp(-gamma(k, 2.0, rate=a))


@relation("in law", source=LEEMIS)
def power_sample_product(k: Key, n: Integer, a):
    """The same n times."""
    return prod(power(k, a, 1.0, size=(n,))), exp(-gamma(k, n, rate=a))


@relation("in law", source=LEEMIS)
def pareto_pair_product(k: Key, b, m1, m2):
    """And upside down."""
    k1, k2 = split(k)
    x = pareto(k1, b, scale=m1) * pareto(k2, b, scale=m2)
    return x, m1 * m2 * exp(gamma(k, 2.0, rate=b))


@relation("in law", source=LEEMIS)
def power_ratio(k: Key, a, c, d):
    """Of two waiting times the difference is Laplace, and its exponential log-Laplace."""
    k1, k2 = split(k)
    return power(k1, a, c) / power(k2, a, d), log_laplace(k, a, c / d)


@relation("in law", source=LEEMIS)
def pareto_ratio_of_scales(k: Key, b, m1, m2):
    """The same of Pareto variables, which may begin at different places."""
    k1, k2 = split(k)
    return pareto(k1, b, scale=m1) / pareto(k2, b, scale=m2), log_laplace(k, b, m1 / m2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, vol. 2, ch. 24")
def normal_rayleigh_product(k: Key, s, t):
    """A normal variable times a length in the plane is Laplace."""
    k1, k2 = split(k)
    return normal(k1, 0.0, s) * rayleigh(k2, t), laplace(k, 0.0, s * t)
