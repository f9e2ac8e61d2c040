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
    abs,
    cos,
    equal,
    log,
    maximum,
    minimum,
    relation,
    sin,
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
    cauchy,
    exponential,
    gamma,
    generalized_gamma,
    generalized_normal,
    half_cauchy,
    half_logistic,
    half_normal,
    hyperbolic_secant,
    johnson_sb,
    johnson_su,
    laplace,
    log_laplace,
    log_uniform,
    logistic,
    logit_normal,
    noncentral_t,
    normal,
    normal_inverse_gaussian,
    pareto,
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


# Laws that a mirror changes ----------------------------------------------------------------


@relation("in law", source="Johnson 1949, Biometrika 36")
def johnson_su_mirrored(k: Key, a, b, m, s):
    """Johnson's unbounded law: the skew turns round."""
    return -johnson_su(k, a, b, m, s), johnson_su(k, -a, b, -m, s)


@relation("in law", source="Johnson 1949, Biometrika 36")
def johnson_sb_mirrored(k: Key, a, b, m, s):
    """And his bounded one, whose location is the lower end."""
    return -johnson_sb(k, a, b, m, s), johnson_sb(k, -a, b, -m - s, s)


@relation("in law", source="Johnson 1949, Biometrika 36")
def johnson_sb_reflected(k: Key, c, a, b, m, s):
    """The same about any point."""
    return c - johnson_sb(k, a, b, m, s), johnson_sb(k, -a, b, c - m - s, s)


@relation("in law", source=f"{JKB1}, ch. 13; {LEEMIS}")
def johnson_sb_logit_normal_case(k: Key, a, b):
    """On the unit interval it is a logit-normal law."""
    return johnson_sb(k, a, b, 0.0, 1.0), logit_normal(k, -a / b, 1 / b)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, vol. 2, ch. 31")
def noncentral_t_mirrored(k: Key, d, c):
    """A mean above the line that changes its sign."""
    return -noncentral_t(k, d, c), noncentral_t(k, d, -c)


@relation("in law", source="Mardia & Jupp 2000, section 3.5")
def von_mises_negated(k: Key, m, c):
    """An angle counted the other way."""
    return -von_mises(k, m, c), von_mises(k, -m, c)


@relation("in law", source=f"{JKB1}, ch. 17")
def abs_generalized_normal(k: Key, b, s):
    """The size of a generalised normal variable."""
    return abs(generalized_normal(k, b, 0.0, s)), generalized_gamma(k, 1 / b, b, s)


@relation("in law", source=SYMMETRY)
def abs_triangular(k: Key, w: Positive):
    """The size of a symmetric triangular variable."""
    return abs(triangular(k, -w, 0.0, w)), triangular(k, 0.0, 0.0, w)


@relation("in law", source=LEEMIS)
def triangular_of_uniform(k: Key):
    """A root of a uniform number, taken off 1."""
    return 1 - sqrt(uniform(k, 0.0, 1.0)), triangular(k, 0.0, 0.0, 1.0)
