r"""Folds and combinations: random signs, mirror images, sums that close on other families.

    Z ~ Bernoulli(1/2)   X ~ half of a symmetric law        U, V ~ Uniform(0, 1)
    ────────────────────────────────────────────────        ───────────────────────────
    X if Z = 1 else -X ~ the symmetric law                  log(U / V) ~ Laplace(0, 1)
                                                            |U - V| ~ Beta(1, 2)

A symmetric law is a random sign times a law of sizes. Logarithms of ratios are differences, and a
difference of two alike is symmetric: this is how Laplace, logistic and hyperbolic secant variables
arise. Squares and folds of symmetric beta variables are beta variables again.

Example: the logarithm of a ratio.

>>> import astragal as ag
>>> from astragal.rewrites.folds import log_uniform_ratio
>>> k1, k2 = ag.split(ag.key(0))
>>> ratio = ag.random.uniform(k1, 0.0, 1.0) / ag.random.uniform(k2, 0.0, 1.0)
>>> log_uniform_ratio.forward(ag.log(ratio))
laplace(key(0, 'threefry4x32'), 0.0, 1.0)
"""

from astragal import (
    Integer,
    Key,
    Positive,
    Vector,
    abs,
    cos,
    equal,
    exp,
    log,
    maximum,
    minimum,
    relation,
    sin,
    special,
    split,
    sqrt,
    square,
    sum,
    tan,
    where,
)
from astragal.random import (
    arcsine,
    asymmetric_laplace,
    bernoulli,
    beta,
    beta_prime,
    cauchy,
    chi_square,
    dagum,
    exponential,
    f,
    gamma,
    generalized_gamma,
    generalized_logistic,
    generalized_normal,
    gumbel,
    gumbel_minimum,
    half_cauchy,
    half_logistic,
    half_normal,
    hyperbolic_secant,
    inverse_gamma,
    laplace,
    levy,
    log_gamma,
    log_laplace,
    log_logistic,
    log_uniform,
    logistic,
    logit_normal,
    lognormal,
    lomax,
    normal,
    normal_inverse_gaussian,
    pareto,
    power,
    rayleigh,
    semicircle,
    triangular,
    uniform,
    von_mises,
)

PI = 3.141592653589793
SYMMETRY = "symmetry of the density"
LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKB2 = "Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2"
FELLER = "Feller 1971, vol. 2"

# Signs -----------------------------------------------------------------------------------


@relation("in law", source=SYMMETRY)
def half_normal_or_mirrored(k: Key, s):
    """A sign that is chosen for a half-normal size."""
    k1, k2 = split(k)
    x = half_normal(k2, s)
    return where(equal(bernoulli(k1, 0.5), 1), x, -x), normal(k, 0.0, s)


@relation("in law", source=SYMMETRY)
def exponential_or_mirrored(k: Key, r):
    """A sign that is chosen for a waiting time."""
    k1, k2 = split(k)
    x = exponential(k2, rate=r)
    return where(equal(bernoulli(k1, 0.5), 1), x, -x), laplace(k, 0.0, 1 / r)


@relation("in law", source=SYMMETRY)
def half_cauchy_or_mirrored(k: Key, s):
    """A sign that is chosen for a half-Cauchy size."""
    k1, k2 = split(k)
    x = half_cauchy(k2, s)
    return where(equal(bernoulli(k1, 0.5), 1), x, -x), cauchy(k, 0.0, s)


@relation("in law", source=SYMMETRY)
def signed_half_logistic(k: Key, s):
    """A random sign of a half-logistic size."""
    k1, k2 = split(k)
    return (2 * bernoulli(k1, 0.5) - 1) * half_logistic(k2, s), logistic(k, 0.0, s)


@relation("in law", source=f"{JKB2}, ch. 24")
def signed_generalized_gamma(k: Key, b, s):
    """A random sign of a power of a gamma variable."""
    k1, k2 = split(k)
    return (
        (2 * bernoulli(k1, 0.5) - 1) * generalized_gamma(k2, 1 / b, b, s),
        generalized_normal(k, b, 0.0, s),
    )


@relation("in law", source=f"{JKB2}, ch. 24")
def asymmetric_laplace_mirrored(k: Key, m, s, c):
    """The slopes change places."""
    return -asymmetric_laplace(k, m, s, c), asymmetric_laplace(k, -m, s, 1 / c)


@relation("in law", source=SYMMETRY)
def arcsine_reflected(k: Key):
    """The arcsine law is its own mirror image."""
    return 1 - arcsine(k, 0.0, 1.0), arcsine(k, 0.0, 1.0)


@relation("in law", source=SYMMETRY)
def semicircle_mirrored(k: Key, r):
    """So is the semicircle."""
    return -semicircle(k, r), semicircle(k, r)


@relation("in law", source=SYMMETRY)
def von_mises_mirrored(k: Key, c):
    """And the von Mises law about zero."""
    return -von_mises(k, 0.0, c), von_mises(k, 0.0, c)


@relation("in law", source=SYMMETRY)
def logit_normal_reflected(k: Key, m, s):
    """The complement has the mirrored logit."""
    return 1 - logit_normal(k, m, s), logit_normal(k, -m, s)


@relation("in law", source="Barndorff-Nielsen 1997", where=lambda a, b: a > abs(b))
def normal_inverse_gaussian_mirrored(k: Key, a, b, m, s):
    """The skew turns round."""
    return (
        -normal_inverse_gaussian(k, a, b, m, s),
        normal_inverse_gaussian(k, a, -b, -m, s),
    )


@relation("in law", source="Barndorff-Nielsen 1997", where=lambda a, b: a > abs(b))
def normal_inverse_gaussian_affine(k: Key, a, b, m, s, c, d: Positive):
    """A location and a scale."""
    return (
        c + d * normal_inverse_gaussian(k, a, b, m, s),
        normal_inverse_gaussian(k, a, b, c + d * m, d * s),
    )


@relation("in law", source=f"{JKB2}, ch. 24")
def generalized_normal_affine(k: Key, b, m, s, c, d: Positive):
    """A location and a scale of a law with a shape."""
    return c + d * generalized_normal(k, b, m, s), generalized_normal(k, b, c + d * m, d * s)


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_scaling(k: Key, a, c, s, d: Positive):
    """A multiple of a generalised gamma variable."""
    return d * generalized_gamma(k, a, c, s), generalized_gamma(k, a, c, d * s)


@relation("in law", source=f"{JKB1}, ch. 17")
def generalized_gamma_of_gamma(k: Key, a, c, s: Positive):
    """The power of a gamma variable that a generalised one is."""
    return s * gamma(k, a, rate=1.0) ** (1 / c), generalized_gamma(k, a, c, s)


# Uniform numbers -------------------------------------------------------------------------


@relation("in law", source=LEEMIS)
def log_uniform_ratio(k: Key):
    """The logarithm of a ratio of two uniform numbers."""
    k1, k2 = split(k)
    return log(uniform(k1, 0.0, 1.0) / uniform(k2, 0.0, 1.0)), laplace(k, 0.0, 1.0)


@relation("in law", source=LEEMIS)
def uniform_ratio(k: Key):
    """The ratio itself."""
    k1, k2 = split(k)
    return uniform(k1, 0.0, 1.0) / uniform(k2, 0.0, 1.0), log_laplace(k, 1.0, 1.0)


@relation("in law", source=LEEMIS)
def pareto_ratio_of_two(k: Key, b, m):
    """The ratio of two Pareto variables of one law."""
    k1, k2 = split(k)
    return pareto(k1, b, scale=m) / pareto(k2, b, scale=m), log_laplace(k, b, 1.0)


@relation("in law", source=LEEMIS)
def uniform_gap(k: Key):
    """The distance of two uniform numbers."""
    k1, k2 = split(k)
    return abs(uniform(k1, 0.0, 1.0) - uniform(k2, 0.0, 1.0)), beta(k, 1.0, 2.0)


@relation("in law", source=LEEMIS)
def uniform_gap_triangle(k: Key, w):
    """The same as a triangle."""
    k1, k2 = split(k)
    return abs(uniform(k1, 0.0, w) - uniform(k2, 0.0, w)), triangular(k, 0.0, 0.0, w)


@relation("in law", source=LEEMIS)
def triangular_falling_case(k: Key):
    """A triangle that falls."""
    return triangular(k, 0.0, 0.0, 1.0), beta(k, 1.0, 2.0)


@relation("in law", source=LEEMIS)
def triangular_rising_case(k: Key):
    """A triangle that rises."""
    return triangular(k, 0.0, 1.0, 1.0), beta(k, 2.0, 1.0)


@relation("in law", source=LEEMIS)
def uniform_pair_mean(k: Key, a, b):
    """The mean of two uniform numbers."""
    k1, k2 = split(k)
    return (uniform(k1, a, b) + uniform(k2, a, b)) / 2, triangular(k, a, (a + b) / 2, b)


@relation("in law", source="Devroye 1986, section II.2")
def uniform_lesser_part(k: Key):
    """The lesser part of a stick that is broken."""
    u = uniform(k, 0.0, 1.0)
    return minimum(u, 1 - u), uniform(k, 0.0, 0.5)


@relation("in law", source="Devroye 1986, section II.2")
def uniform_greater_part(k: Key):
    """The greater part."""
    u = uniform(k, 0.0, 1.0)
    return maximum(u, 1 - u), uniform(k, 0.5, 1.0)


@relation("in law", source="Devroye 1986, section II.2")
def uniform_wrapped(k: Key, c):
    """A shift round a circle of length one."""
    return (uniform(k, 0.0, 1.0) + c) % 1.0, uniform(k, 0.0, 1.0)


@relation("in law", source="Devroye 1986, section II.2")
def uniform_pair_wrapped(k: Key):
    """Two uniform numbers, added round a circle."""
    k1, k2 = split(k)
    return (uniform(k1, 0.0, 1.0) + uniform(k2, 0.0, 1.0)) % 1.0, uniform(k, 0.0, 1.0)


@relation("in law", source="Devroye 1986, section II.3")
def pareto_of_uniform(k: Key, b, m: Positive):
    """A power of a uniform number, without an intermediate law."""
    return m * uniform(k, 0.0, 1.0) ** (-1 / b), pareto(k, b, scale=m)


@relation("in law", source="Devroye 1986, section II.3")
def rayleigh_of_uniform(k: Key, s: Positive):
    """A Rayleigh variable by inversion."""
    return s * sqrt(-2.0 * log(uniform(k, 0.0, 1.0))), rayleigh(k, s)


@relation("in law", source="Devroye 1986, section II.3")
def logs_of_a_uniform_sample(k: Key, n: Integer):
    """Logarithms of uniform numbers are waiting times."""
    return -sum(log(uniform(k, 0.0, 1.0, size=(n,)))), gamma(k, n, rate=1.0)


@relation("in law", source="Devroye 1986, section II.3")
def log_of_a_uniform_product(k: Key):
    """The same of two."""
    k1, k2 = split(k)
    return -log(uniform(k1, 0.0, 1.0) * uniform(k2, 0.0, 1.0)), gamma(k, 2.0, rate=1.0)


@relation("in law", source="Benford 1938", where=lambda a: a > 0)
def log_uniform_reciprocal(k: Key, a, b):
    """The ends of the interval change places."""
    return 1 / log_uniform(k, a, b), log_uniform(k, 1 / b, 1 / a)


@relation("in law", source=f"{JKB2}, ch. 25")
def sine_square_of_uniform(k: Key):
    """A squared sine."""
    return square(sin(PI / 2 * uniform(k, 0.0, 1.0))), arcsine(k, 0.0, 1.0)


@relation("in law", source="Ulam & von Neumann 1947")
def logistic_map(k: Key):
    """The arcsine law is that of the logistic map."""
    x = arcsine(k, 0.0, 1.0)
    return 4 * x * (1 - x), arcsine(k, 0.0, 1.0)


@relation("in law", source="Wigner 1955")
def coordinate_of_a_disc(k: Key, r: Positive):
    """One coordinate of a point of a disc."""
    k1, k2 = split(k)
    return r * sqrt(uniform(k1, 0.0, 1.0)) * cos(uniform(k2, -PI, PI)), semicircle(k, r)


# Hyperbolic secants ----------------------------------------------------------------------


@relation("in law", source=f"{JKB2}, ch. 23")
def secant_of_half_cauchy(k: Key):
    """The logarithm of a half-Cauchy variable."""
    return log(half_cauchy(k, 1.0)), hyperbolic_secant(k, 0.0, 1.0)


@relation("in law", source=f"{JKB2}, ch. 23")
def secant_of_normals(k: Key):
    """The logarithm of a ratio of two normal sizes."""
    k1, k2 = split(k)
    ratio = normal(k1, 0.0, 1.0) / normal(k2, 0.0, 1.0)
    return log(abs(ratio)), hyperbolic_secant(k, 0.0, 1.0)


@relation("in law", source=f"{JKB2}, ch. 23")
def secant_of_tangent(k: Key):
    """The logarithm of a tangent."""
    return log(tan(PI / 2 * uniform(k, 0.0, 1.0))), hyperbolic_secant(k, 0.0, 1.0)


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
