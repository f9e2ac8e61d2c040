r"""Powers, logarithms and exponentials of positive variables.

    X has distribution function F        g increasing        Y = g(X)
    ────────────────────────────────────────────────────────────────────
    Y has distribution function F(g⁻¹(y))

A family that is closed under powers has a scale and an exponent that stand together, as in
F(x) = G((x / s)ᶜ): then Xᵏ has scale sᵏ and exponent c / k, and log X is of location
log s and scale 1 / c. So Weibull, log-logistic and log-normal variables are exponentials
of Gumbel (mirrored), logistic and normal ones, and whatever holds for a sum of the one holds for a
product of the other.

Example: the square of a waiting time, and the cube of a log-normal variable.

>>> import astragal as ag
>>> from astragal.rewrites.powers import lognormal_power
>>> lognormal_power.forward(ag.random.lognormal(ag.key(1), 0.5, 2.0) ** 3.0)
lognormal(key(1, 'threefry4x32'), 1.5, 6.0)
"""

from astragal import Key, abs, exp, expm1, log, log1p, relation, split, sqrt, square
from astragal.random import (
    beta,
    exponential,
    gumbel,
    kumaraswamy,
    log_logistic,
    logistic,
    lognormal,
    lomax,
    normal,
    pareto,
    rayleigh,
    uniform,
    weibull,
)

# Log-normal ----------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 14, definition")
def exp_normal(k: Key, m, s):
    """The exponential of a normal variable is log-normal, by definition."""
    return exp(normal(k, m, s)), lognormal(k, m, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 14, definition")
def log_lognormal(k: Key, m, s):
    """The logarithm of a log-normal variable is normal."""
    return log(lognormal(k, m, s)), normal(k, m, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 14")
def lognormal_power(k: Key, m, s, c):
    """A power of a log-normal variable multiplies its logarithm."""
    return lognormal(k, m, s) ** c, lognormal(k, c * m, abs(c) * s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 14")
def lognormal_reciprocal(k: Key, m, s):
    """The reciprocal of a log-normal variable negates its logarithm."""
    return 1 / lognormal(k, m, s), lognormal(k, -m, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 14")
def lognormal_product(k: Key, m1, s1, m2, s2):
    """A product of independent log-normal variables: the sum of normals, exponentiated."""
    k1, k2 = split(k)
    return (
        lognormal(k1, m1, s1) * lognormal(k2, m2, s2),
        lognormal(k, m1 + m2, sqrt(s1**2 + s2**2)),
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 14")
def lognormal_ratio(k: Key, m1, s1, m2, s2):
    """A quotient of independent log-normal variables: the difference of normals."""
    k1, k2 = split(k)
    return (
        lognormal(k1, m1, s1) / lognormal(k2, m2, s2),
        lognormal(k, m1 - m2, sqrt(s1**2 + s2**2)),
    )


# Exponential and Weibull ---------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 19")
def exponential_of_uniform(k: Key, s):
    """Minus the logarithm of a uniform variable is a waiting time: inversion."""
    return -s * log(uniform(k, 0.0, 1.0)), exponential(k, rate=1 / s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 19")
def exponential_of_uniform_complement(k: Key):
    """The same, as 1 - U is uniform too."""
    return -log1p(-uniform(k, 0.0, 1.0)), exponential(k, rate=1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 19")
def exp_minus_exponential(k: Key, r, t):
    """The exponential of minus a waiting time is uniform to a power: a beta variable."""
    return exp(-t * exponential(k, rate=r)), beta(k, r / t, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def exp_exponential(k: Key, m, r):
    """The exponential of a waiting time is a Pareto variable."""
    return m * exp(exponential(k, rate=r)), pareto(k, r, m)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def exp_exponential_itself(k: Key, r):
    """The same, from 1 upwards."""
    return exp(exponential(k, rate=r)), pareto(k, r, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 21")
def weibull_of_exponential(k: Key, c, s):
    """A power of a waiting time of mean 1, times a scale, is a Weibull variable."""
    return s * exponential(k, rate=1.0) ** (1 / c), weibull(k, c, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 21")
def exponential_power(k: Key, r, p):
    """A power of a waiting time of any mean is a Weibull variable."""
    return exponential(k, rate=r) ** p, weibull(k, 1 / p, r**-p)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 21")
def weibull_power(k: Key, c, s, p):
    """A power of a Weibull variable is a Weibull variable."""
    return weibull(k, c, s) ** p, weibull(k, c / p, s**p)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 21")
def weibull_to_exponential(k: Key, c, s):
    """The power that undoes the exponent of a Weibull variable leaves a waiting time."""
    return weibull(k, c, s) ** c, exponential(k, rate=s**-c)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def rayleigh_of_exponential(k: Key, r):
    """The square root of a waiting time is a Rayleigh variable."""
    return sqrt(exponential(k, rate=r)), rayleigh(k, sqrt(1 / (2 * r)))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def square_rayleigh(k: Key, s):
    """The square of a Rayleigh variable is a waiting time."""
    return square(rayleigh(k, s)), exponential(k, rate=1 / (2 * s**2))


# Pareto and Lomax ----------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def pareto_reciprocal(k: Key, b, m):
    """The reciprocal of a Pareto variable is a power of a uniform one."""
    return m / pareto(k, b, m), beta(k, b, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def power_reciprocal(k: Key, b):
    """The reciprocal of a power of a uniform variable is a Pareto variable."""
    return 1 / beta(k, b, 1.0), pareto(k, b, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def pareto_excess(k: Key, b, m):
    """A Pareto variable less its smallest value is a Lomax variable."""
    return pareto(k, b, m) - m, lomax(k, b, m)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def lomax_shift(k: Key, b, m):
    """A Lomax variable and its scale: a Pareto variable."""
    return m + lomax(k, b, m), pareto(k, b, m)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def log_pareto(k: Key, b, m):
    """The logarithm of a Pareto variable above its smallest value is a waiting time."""
    return log(pareto(k, b, m) / m), exponential(k, rate=b)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def log_standard_pareto(k: Key, b):
    """The same, where the smallest value is 1."""
    return log(pareto(k, b, 1.0)), exponential(k, rate=b)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def pareto_power(k: Key, b, m, p):
    """A power of a Pareto variable is a Pareto variable."""
    return pareto(k, b, m) ** p, pareto(k, b / p, m**p)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def log1p_lomax(k: Key, c, s):
    """The logarithm of 1 and a Lomax variable over its scale is a waiting time."""
    return log1p(lomax(k, c, s) / s), exponential(k, rate=c)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 20")
def expm1_exponential(k: Key, c, s):
    """The exponential of a waiting time, less 1, is a Lomax variable."""
    return s * expm1(exponential(k, rate=c)), lomax(k, c, s)


# Extreme values ------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 22")
def gumbel_of_exponential(k: Key, m, s):
    """Minus the logarithm of a waiting time is a Gumbel variable."""
    return m - s * log(exponential(k, rate=1.0)), gumbel(k, m, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 22")
def minus_log_exponential(k: Key, r):
    """The rate of a waiting time is a location of its logarithm."""
    return -log(exponential(k, rate=r)), gumbel(k, log(r), 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 22")
def exp_minus_gumbel(k: Key, m, s):
    """The exponential of minus a Gumbel variable, standardised, is a waiting time."""
    return exp(-(gumbel(k, m, s) - m) / s), exponential(k, rate=1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 22")
def minus_log_weibull(k: Key, c, s):
    """Minus the logarithm of a Weibull variable is a Gumbel variable."""
    return -log(weibull(k, c, s)), gumbel(k, -log(s), 1 / c)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 22")
def exp_minus_gumbel_weibull(k: Key, m, s):
    """The exponential of minus a Gumbel variable is a Weibull variable."""
    return exp(-gumbel(k, m, s)), weibull(k, 1 / s, exp(-m))


# Logistic ------------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def log_logistic_power(k: Key, c, s, p):
    """A power of a log-logistic variable is a log-logistic variable."""
    return log_logistic(k, c, s) ** p, log_logistic(k, c / p, s**p)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def log_logistic_reciprocal(k: Key, c, s):
    """The logistic law is symmetric: the reciprocal keeps the exponent."""
    return 1 / log_logistic(k, c, s), log_logistic(k, c, 1 / s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def log_log_logistic(k: Key, c, s):
    """The logarithm of a log-logistic variable is logistic, by definition."""
    return log(log_logistic(k, c, s)), logistic(k, log(s), 1 / c)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def exp_logistic(k: Key, m, s):
    """The exponential of a logistic variable is log-logistic."""
    return exp(logistic(k, m, s)), log_logistic(k, 1 / s, exp(m))


# Powers of uniforms --------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def uniform_power(k: Key, p):
    """A power of a uniform variable is a beta variable with second exponent 1."""
    return uniform(k, 0.0, 1.0) ** p, beta(k, 1 / p, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def beta_one_power(k: Key, a, p):
    """A power of a power of a uniform variable."""
    return beta(k, a, 1.0) ** p, beta(k, a / p, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def minus_log_beta_one(k: Key, a):
    """Minus the logarithm of a power of a uniform variable is a waiting time."""
    return -log(beta(k, a, 1.0)), exponential(k, rate=a)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def minus_log1p_beta_one(k: Key, b):
    """The same at the other end of the unit interval."""
    return -log1p(-beta(k, 1.0, b)), exponential(k, rate=b)


@relation("in law", source="Jones 2009, Kumaraswamy's distribution")
def beta_power_kumaraswamy(k: Key, b, p):
    """A power of a beta variable with first exponent 1 is a Kumaraswamy variable."""
    return beta(k, 1.0, b) ** p, kumaraswamy(k, 1 / p, b)


@relation("in law", source="Jones 2009, Kumaraswamy's distribution")
def kumaraswamy_power(k: Key, a, b, p):
    """A power of a Kumaraswamy variable is one too."""
    return kumaraswamy(k, a, b) ** p, kumaraswamy(k, a / p, b)


@relation("in law", source="Jones 2009, Kumaraswamy's distribution")
def kumaraswamy_to_beta(k: Key, a, b):
    """The power that undoes the first exponent leaves a beta variable."""
    return kumaraswamy(k, a, b) ** a, beta(k, 1.0, b)


@relation("in law", source="Jones 2009, Kumaraswamy's distribution")
def minus_log1p_kumaraswamy(k: Key, a, b):
    """A waiting time from a Kumaraswamy variable."""
    return -log1p(-(kumaraswamy(k, a, b) ** a)), exponential(k, rate=b)
