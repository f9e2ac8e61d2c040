r"""Squares, absolute values and norms of symmetric variables.

    X ~ Normal(0, s)
    ─────────────────────────────
    X² ~ Gamma(1/2, rate 1/(2s²))

Both branches of the square root add up: a symmetric density f gives |X| the density 2f(x),
and Y = X² the density f(√y) / √y. For the normal that is a gamma density of shape 1/2; the
square of a radius in n dimensions has shape n / 2, and an angle that is independent of it.

Example: the root of a sum of two squares.

>>> import astragal as ag
>>> from astragal.rewrites.squares import rayleigh_norm
>>> k1, k2 = ag.split(ag.key(1))
>>> x, y = ag.random.normal(k1, 0.0, 3.0), ag.random.normal(k2, 0.0, 3.0)
>>> rayleigh_norm.forward(ag.sqrt(x**2 + y**2))
rayleigh(key(1, 'threefry4x32'), 3.0)
"""

from math import pi

from astragal import Key, abs, atan2, cos, log, relation, sin, split, sqrt, square
from astragal.random import (
    bernoulli,
    beta_prime,
    cauchy,
    chi_square,
    exponential,
    f,
    gamma,
    half_cauchy,
    half_normal,
    half_student_t,
    laplace,
    maxwell,
    noncentral_chi_square,
    normal,
    rayleigh,
    student_t,
    uniform,
)

# Squares -------------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def square_standard_normal(k: Key):
    """The square of a standard normal variable: chi-square with one degree of freedom."""
    return square(normal(k, 0.0, 1.0)), chi_square(k, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def square_normal(k: Key, s):
    """The square of a centred normal variable: a gamma variable of shape 1/2."""
    return square(normal(k, 0.0, s)), gamma(k, 0.5, rate=1 / (2 * s**2))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 29")
def square_shifted_normal(k: Key, m):
    """The square of a normal variable of variance 1: its mean is the non-centrality."""
    return square(normal(k, m, 1.0)), noncentral_chi_square(k, 1.0, m**2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 29")
def square_scaled_normal(k: Key, m, s):
    """The square of any normal variable over its variance."""
    return square(normal(k, m, s) / s), noncentral_chi_square(k, 1.0, (m / s) ** 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28")
def square_student_t(k: Key, n):
    """The square of a Student t variable is an F variable."""
    return square(student_t(k, n, 0.0, 1.0)), f(k, 1.0, n)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28")
def square_half_student_t(k: Key, n, s):
    """A squared scale with a half-t prior is an F variable, scaled."""
    return square(half_student_t(k, n, s)), s**2 * f(k, 1.0, n)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def square_half_normal(k: Key, s):
    """The sign of a normal variable does not count for its square."""
    return square(half_normal(k, s)), gamma(k, 0.5, rate=1 / (2 * s**2))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def square_maxwell(k: Key, s):
    """A squared radius in three dimensions."""
    return square(maxwell(k, s)), gamma(k, 1.5, rate=1 / (2 * s**2))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def half_normal_root(k: Key, r):
    """The root of a gamma variable of shape 1/2."""
    return sqrt(gamma(k, 0.5, rate=r)), half_normal(k, sqrt(1 / (2 * r)))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def rayleigh_root(k: Key, r):
    """The root of a gamma variable of shape 1, which is a waiting time."""
    return sqrt(gamma(k, 1.0, rate=r)), rayleigh(k, sqrt(1 / (2 * r)))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def maxwell_root(k: Key, r):
    """The root of a gamma variable of shape 3/2."""
    return sqrt(gamma(k, 1.5, rate=r)), maxwell(k, sqrt(1 / (2 * r)))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def chi_one(k: Key):
    """The root of a chi-square variable with one degree of freedom."""
    return sqrt(chi_square(k, 1.0)), half_normal(k, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def chi_two(k: Key):
    """The root of a chi-square variable with two degrees of freedom."""
    return sqrt(chi_square(k, 2.0)), rayleigh(k, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def chi_three(k: Key):
    """The root of a chi-square variable with three degrees of freedom."""
    return sqrt(chi_square(k, 3.0)), maxwell(k, 1.0)


@relation("in law", source="Carvalho, Polson & Scott 2010, section 2")
def square_half_cauchy(k: Key, s):
    """The square of a half-Cauchy variable: the prior of a variance in the horseshoe."""
    return square(half_cauchy(k, s)), s**2 * beta_prime(k, 0.5, 0.5)


@relation("in law", source="Carvalho, Polson & Scott 2010, section 2")
def square_cauchy(k: Key, s):
    """The square of a Cauchy variable."""
    return square(cauchy(k, 0.0, s)), s**2 * beta_prime(k, 0.5, 0.5)


# Absolute values and signs -------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 13")
def abs_normal(k: Key, s):
    """A centred normal variable without its sign."""
    return abs(normal(k, 0.0, s)), half_normal(k, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def abs_cauchy(k: Key, s):
    """A centred Cauchy variable without its sign."""
    return abs(cauchy(k, 0.0, s)), half_cauchy(k, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28")
def abs_student_t(k: Key, n, s):
    """A centred Student t variable without its sign."""
    return abs(student_t(k, n, 0.0, s)), half_student_t(k, n, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 24")
def abs_laplace(k: Key, s):
    """A centred Laplace variable without its sign is a waiting time."""
    return abs(laplace(k, 0.0, s)), exponential(k, rate=1 / s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 24")
def laplace_distance(k: Key, m, s):
    """The distance of a Laplace variable from its median is a waiting time."""
    return abs(laplace(k, m, s) - m), exponential(k, rate=1 / s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 13")
def normal_distance(k: Key, m, s):
    """The distance of a normal variable from its mean."""
    return abs(normal(k, m, s) - m), half_normal(k, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def cauchy_distance(k: Key, m, s):
    """The distance of a Cauchy variable from its median."""
    return abs(cauchy(k, m, s) - m), half_cauchy(k, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 26")
def uniform_distance(k: Key, w):
    """A uniform variable about zero, without its sign."""
    return abs(uniform(k, -w, w)), uniform(k, 0.0, w)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 13")
def signed_half_normal(k: Key, s):
    """A random sign makes a half-normal variable normal."""
    kz, kx = split(k)
    return (2 * bernoulli(kz, 0.5) - 1) * half_normal(kx, s), normal(k, 0.0, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 24")
def signed_exponential(k: Key, r):
    """A random sign makes a waiting time a Laplace variable."""
    kz, kx = split(k)
    return (2 * bernoulli(kz, 0.5) - 1) * exponential(kx, rate=r), laplace(k, 0.0, 1 / r)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def signed_half_cauchy(k: Key, s):
    """A random sign makes a half-Cauchy variable Cauchy."""
    kz, kx = split(k)
    return (2 * bernoulli(kz, 0.5) - 1) * half_cauchy(kx, s), cauchy(k, 0.0, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28")
def signed_half_student_t(k: Key, n, s):
    """A random sign makes a half-t variable a Student t."""
    kz, kx = split(k)
    return (2 * bernoulli(kz, 0.5) - 1) * half_student_t(kx, n, s), student_t(k, n, 0.0, s)


# Norms and polar coordinates -----------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def rayleigh_norm(k: Key, s):
    """The distance from the origin of a normal point in the plane."""
    kx, ky = split(k)
    return sqrt(square(normal(kx, 0.0, s)) + square(normal(ky, 0.0, s))), rayleigh(k, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def squared_norm(k: Key, s):
    """The squared distance in the plane is a waiting time."""
    kx, ky = split(k)
    return (
        square(normal(kx, 0.0, s)) + square(normal(ky, 0.0, s)),
        exponential(k, rate=1 / (2 * s**2)),
    )


@relation("in law", source="Box & Muller 1958")
def polar(kx: Key, ky: Key, s):
    """Radius and angle of a normal point in the plane are independent."""
    x, y = normal(kx, 0.0, s), normal(ky, 0.0, s)
    return (sqrt(square(x) + square(y)), atan2(y, x)), (rayleigh(kx, s), uniform(ky, -pi, pi))


@relation("in law", source="Box & Muller 1958")
def box_muller(ku: Key, kv: Key):
    """Two normal variables of two uniform ones: a radius, and an angle."""
    radius = sqrt(-2 * log(uniform(ku, 0.0, 1.0)))
    angle = 2 * pi * uniform(kv, 0.0, 1.0)
    return (radius * cos(angle), radius * sin(angle)), (normal(ku, 0.0, 1.0), normal(kv, 0.0, 1.0))


@relation("in law", source="Box & Muller 1958")
def from_polar(kr: Key, ka: Key, s):
    """The way back: a Rayleigh radius at a uniform angle."""
    radius, angle = rayleigh(kr, s), uniform(ka, -pi, pi)
    return (radius * cos(angle), radius * sin(angle)), (normal(kr, 0.0, s), normal(ka, 0.0, s))


@relation("in law", source="Muirhead 1982, section 1.5")
def rotation(kx: Key, ky: Key, s, a):
    """A rotation of the plane does not change a round normal law."""
    x, y = normal(kx, 0.0, s), normal(ky, 0.0, s)
    return (
        (cos(a) * x - sin(a) * y, sin(a) * x + cos(a) * y),
        (normal(kx, 0.0, s), normal(ky, 0.0, s)),
    )
