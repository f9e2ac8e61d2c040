r"""Truncation: laws of a variable that is known to lie on one side of something.

    X ~ F with hazard h          X ~ Symmetric about m           X ~ Uniform(l, h)
    ──────────────────────       ──────────────────────────      ──────────────────────────────
    X - t | X > t ~ hazard       |X - m| ~ X - m | X > m         X | X > t ~ Uniform(t, h)
          h(t + ·)

What is known cuts the density, which keeps its form. An exponential waiting time starts anew, a
Pareto variable is Pareto from the new bound on, and half of a symmetric law is its folded law.

Example: a Cauchy variable that is known to be positive.

>>> import astragal as ag
>>> from astragal.rewrites.truncation import positive_cauchy
>>> x = ag.random.cauchy(ag.key(0), 0.0, 2.0)
>>> positive_cauchy.forward(ag.given(x, x > 0.0))
half_cauchy(key(0, 'threefry4x32'), 2.0)
"""

from math import inf

from astragal import (
    Integer,
    Key,
    Positive,
    PositiveVector,
    abs,
    equal,
    exp,
    floor,
    given,
    log,
    relation,
    special,
    split,
    sqrt,
    sum,
)
from astragal.random import (
    bernoulli,
    beta,
    binomial,
    cauchy,
    dirichlet_multinomial,
    discrete_uniform,
    exponential,
    generalized_pareto,
    geometric,
    gompertz,
    gumbel_minimum,
    half_cauchy,
    half_logistic,
    half_normal,
    half_student_t,
    laplace,
    log_uniform,
    logistic,
    lomax,
    negative_binomial,
    normal,
    pareto,
    planck,
    power,
    rayleigh,
    skew_normal,
    student_t,
    truncated,
    truncated_normal,
    uniform,
    weibull,
)

MEMORY = "the exponential has no memory; Feller 1971, vol. 2, section I.3"
SYMMETRY = "symmetry of the density"
DEVROYE = "Devroye 1986, Non-Uniform Random Variate Generation"
JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"

# Half of a symmetric law -----------------------------------------------------------------


@relation("in law", source=SYMMETRY)
def positive_laplace(k: Key, s):
    """Half of a Laplace law is exponential."""
    x = laplace(k, 0.0, s)
    return given(x, x > 0.0), exponential(k, rate=1 / s)


@relation("in law", source=SYMMETRY)
def laplace_above_its_median(k: Key, m, s):
    """The same about any median."""
    x = laplace(k, m, s)
    return given(x - m, x > m), exponential(k, rate=1 / s)


@relation("in law", source=SYMMETRY)
def negative_laplace(k: Key, s):
    """The other half."""
    x = laplace(k, 0.0, s)
    return given(-x, x < 0.0), exponential(k, rate=1 / s)


@relation("in law", source=SYMMETRY)
def positive_cauchy(k: Key, s):
    """Half of a Cauchy law."""
    x = cauchy(k, 0.0, s)
    return given(x, x > 0.0), half_cauchy(k, s)


@relation("in law", source=SYMMETRY)
def positive_student_t(k: Key, n, s):
    """Half of Student's."""
    x = student_t(k, n, 0.0, s)
    return given(x, x > 0.0), half_student_t(k, n, s)


@relation("in law", source=SYMMETRY)
def positive_logistic(k: Key, s):
    """Half of a logistic law."""
    x = logistic(k, 0.0, s)
    return given(x, x > 0.0), half_logistic(k, s)


@relation("in law", source=SYMMETRY)
def normal_above_its_mean(k: Key, m, s):
    """Half of a normal law about its mean."""
    x = normal(k, m, s)
    return given(x - m, x > m), half_normal(k, s)


@relation("in law", source=SYMMETRY)
def negative_normal(k: Key, s):
    """The other half."""
    x = normal(k, 0.0, s)
    return given(-x, x < 0.0), half_normal(k, s)


@relation("in law", source="Azzalini 1985, Scand. J. Stat. 12")
def skew_by_selection(k: Key, a):
    """A normal variable that another one has passed."""
    k1, k2 = split(k)
    x = normal(k1, 0.0, 1.0)
    return given(x, normal(k2, 0.0, 1.0) < a * x), skew_normal(k, 0.0, 1.0, a)


# From a bound on, or up to it ------------------------------------------------------------


@relation("in law", source=JKB1, where=lambda t: t >= 0)
def half_normal_above(k: Key, s, t):
    """A half-normal tail is a normal one."""
    x = half_normal(k, s)
    return given(x, x > t), truncated_normal(k, 0.0, s, t, inf)


@relation("in law", source=JKB1, where=lambda t: t > 0)
def half_normal_below(k: Key, s, t):
    """A half-normal variable that is cut."""
    x = half_normal(k, s)
    return given(x, x < t), truncated_normal(k, 0.0, s, 0.0, t)


@relation("in law", source=JKB1, where=lambda a, b, c: (a < c) & (c <= b))
def truncated_normal_below(k: Key, m, s, a, b, c):
    """To cut again is to cut once."""
    x = truncated_normal(k, m, s, a, b)
    return given(x, x < c), truncated_normal(k, m, s, a, c)


@relation("in law", source=DEVROYE, where=lambda a, b, t: (a <= t) & (t < b))
def uniform_upper_part(k: Key, a, b, t):
    """The upper part of an interval."""
    x = uniform(k, a, b)
    return given(x, x > t), uniform(k, t, b)


@relation("in law", source=DEVROYE, where=lambda a, b, t: (a < t) & (t <= b))
def uniform_lower_part(k: Key, a, b, t):
    """The lower part."""
    x = uniform(k, a, b)
    return given(x, x < t), uniform(k, a, t)


@relation("in law", source=DEVROYE, where=lambda a, b, t: (a <= t) & (t < b))
def uniform_excess(k: Key, a, b, t):
    """How far above."""
    x = uniform(k, a, b)
    return given(x - t, x > t), uniform(k, 0.0, b - t)


@relation("in law", source=DEVROYE, where=lambda t: (t > 0) & (t <= 1))
def uniform_rescaled(k: Key, t):
    """A uniform number below a bound, in units of the bound."""
    x = uniform(k, 0.0, 1.0)
    return given(x / t, x < t), uniform(k, 0.0, 1.0)


@relation("in law", source="power law", where=lambda t: (t > 0) & (t <= 1))
def power_rescaled(k: Key, a, t):
    """The same of a power law."""
    x = power(k, a, 1.0)
    return given(x / t, x < t), power(k, a, 1.0)


@relation("in law", source="power law", where=lambda t: (t >= 0) & (t < 1))
def beta_rescaled_tail(k: Key, b, t):
    """And of its mirror image."""
    x = beta(k, 1.0, b)
    return given((x - t) / (1 - t), x > t), beta(k, 1.0, b)


@relation("in law", source="power law", where=lambda a, c, b: (a <= c) & (c < b))
def log_uniform_above(k: Key, a, b, c):
    """The upper part of an interval of logarithms."""
    x = log_uniform(k, a, b)
    return given(x, x > c), log_uniform(k, c, b)


@relation("in law", source=JKB1, where=lambda m, t: t >= m)
def pareto_ratio(k: Key, b, m, t):
    """A Pareto variable in units of what it exceeds."""
    x = pareto(k, b, scale=m)
    return given(x / t, x > t), pareto(k, b, scale=1.0)


@relation("in law", source=JKB1, where=lambda m, t: t >= m)
def pareto_excess_over(k: Key, b, m, t):
    """How far a Pareto variable exceeds a bound."""
    x = pareto(k, b, scale=m)
    return given(x - t, x > t), lomax(k, b, t)


@relation("in law", source=JKB1, where=lambda t: t > 0)
def lomax_above(k: Key, c, s, t):
    """A Lomax tail is Pareto."""
    x = lomax(k, c, s)
    return given(s + x, x > t), pareto(k, c, scale=s + t)


@relation(
    "in law", source="Pickands 1975, Ann. Stat. 3", where=lambda c, s, t: [t > 0, s + c * t > 0]
)
def generalized_pareto_above(k: Key, c, m, s, t):
    """A generalised Pareto tail is one too."""
    x = generalized_pareto(k, c, m, s)
    return given(x, x > m + t), generalized_pareto(k, c, m + t, s + c * t)


@relation("in law", source="Gompertz 1825")
def positive_gumbel_minimum(k: Key, m, s):
    """A Gompertz lifetime: a Gumbel minimum that is known to be positive."""
    x = gumbel_minimum(k, m, s)
    return given(x, x > 0.0), gompertz(k, exp(-m / s), s)


# No memory -------------------------------------------------------------------------------


@relation("in law", source=MEMORY, where=lambda t: t > 0)
def exponential_tail(k: Key, r, t):
    """What is still to come is as at the start."""
    x = exponential(k, rate=r)
    return given(x, x > t), t + exponential(k, rate=r)


@relation("in law", source=MEMORY, where=lambda t: t > 0)
def weibull_residual(k: Key, s, t, c):
    """So is the power of a Weibull lifetime."""
    x = weibull(k, c, s)
    return given(x**c - t**c, x > t), exponential(k, rate=s**-c)


@relation("in law", source=MEMORY, where=lambda t: t > 0)
def rayleigh_above(k: Key, s, t):
    """And the square of a Rayleigh variable."""
    x = rayleigh(k, s)
    return given(x, x > t), sqrt(t**2 + exponential(k, rate=1 / (2 * s**2)))


@relation("in law", source=MEMORY, where=lambda n: n >= 0)
def planck_residual(k: Key, a, n: Integer):
    """The same in whole steps."""
    x = planck(k, a)
    return given(x - n, x >= n), planck(k, a)


@relation("in law", source=MEMORY)
def exponential_that_is_first(k: Key, r1, r2):
    """When the first comes does not depend on who it is."""
    k1, k2 = split(k)
    x = exponential(k1, rate=r1)
    return given(x, x < exponential(k2, rate=r2)), exponential(k, rate=r1 + r2)


@relation("in law", source=MEMORY)
def exponential_lead(k: Key, r1, r2):
    """Whoever is late starts anew."""
    k1, k2 = split(k)
    x, y = exponential(k1, rate=r1), exponential(k2, rate=r2)
    return given(x - y, x > y), exponential(k, rate=r1)


# Counts ----------------------------------------------------------------------------------


@relation("in law", source=JKK, where=lambda a, b, n: (a < n) & (n <= b))
def discrete_uniform_below(k: Key, a: Integer, b: Integer, n: Integer):
    """The lower part of a range."""
    x = discrete_uniform(k, a, b)
    return given(x, x < n), discrete_uniform(k, a, n)


@relation("in law", source=JKK, where=lambda a, b, n: (a <= n) & (n < b))
def discrete_uniform_from(k: Key, a: Integer, b: Integer, n: Integer):
    """The upper part."""
    x = discrete_uniform(k, a, b)
    return given(x, x >= n), discrete_uniform(k, n, b)


@relation("in law", source=JKK)
def bernoulli_given_one_of_two(k: Key, p, q):
    """Which of two trials it was that succeeded alone."""
    k1, k2 = split(k)
    x = bernoulli(k1, p)
    odd = p * (1 - q) + q * (1 - p)
    return given(x, equal(x + bernoulli(k2, q), 1)), bernoulli(k, p * (1 - q) / odd)


@relation("in law", source=JKK, where=lambda n, m: (m >= 0) & (m <= n + 1))
def trial_given_total(k: Key, p, n: Integer, m: Integer):
    """One trial among n + 1 of which m succeeded."""
    k1, k2 = split(k)
    x = bernoulli(k1, p)
    return given(x, equal(x + binomial(k2, n, p), m)), bernoulli(k, m / (n + 1))


@relation("in law", source=JKK, where=lambda n: n >= 0)
def planck_given_total(k: Key, a, n: Integer):
    """Where a total of steps was parted."""
    k1, k2 = split(k)
    x = planck(k1, a)
    return given(x, equal(x + planck(k2, a), n)), discrete_uniform(k, 0, n + 1)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1997, ch. 35")
def negative_binomial_vector_given_total(k: Key, a: PositiveVector, p, n: Integer):
    """Failures of several groups, given how many there were."""
    x = negative_binomial(k, a, p)
    return given(x, equal(sum(x), n)), dirichlet_multinomial(k, n, a)


# Truncated laws ---------------------------------------------------------------------------


@relation("in law", source=JKB1, where=lambda c: c > 0)
def truncated_normal_scaling(k: Key, c, m, s, a, b):
    """Bounds scale with the variable."""
    return c * truncated_normal(k, m, s, a, b), truncated_normal(k, c * m, c * s, c * a, c * b)


@relation("in law", source=JKB1)
def truncated_normal_shift(k: Key, c, m, s, a, b):
    """And move with it."""
    return c + truncated_normal(k, m, s, a, b), truncated_normal(k, c + m, s, c + a, c + b)


@relation("in law", source=JKB1, where=lambda d: d > 0)
def truncated_normal_affine(k: Key, c, d, m, s, a, b):
    """Both at once: a truncated normal variable from a standard one."""
    return (
        c + d * truncated_normal(k, m, s, a, b),
        truncated_normal(k, c + d * m, d * s, c + d * a, c + d * b),
    )


@relation("in law", source=SYMMETRY)
def truncated_normal_mirrored(k: Key, m, s, a, b):
    """In the mirror the bounds change places."""
    return -truncated_normal(k, m, s, a, b), truncated_normal(k, -m, s, -b, -a)


@relation("in law", source="definition")
def truncated_exponential_scaling(k: Key, c: Positive, r, h: Positive):
    """A waiting time below a bound, in other units."""
    x = truncated(k, exponential.law(rate=r), lower=0.0, upper=h)
    return c * x, truncated(k, exponential.law(rate=r / c), lower=0.0, upper=c * h)


@relation("in law", source="Devroye 1986, section II.2")
def truncated_exponential_of_uniform(k: Key, r, h: Positive):
    """By inversion."""
    u = uniform(k, 0.0, 1.0)
    return -log(1 - u * (1 - exp(-h * r))) / r, truncated(
        k, exponential.law(rate=r), lower=0.0, upper=h
    )


@relation("in law", source="Feller 1971, section I.3")
def exponential_modulo(k: Key, r, h: Positive):
    """What is left of a waiting time after whole periods."""
    x = exponential(k, rate=r)
    return x % h, truncated(k, exponential.law(rate=r), lower=0.0, upper=h)


@relation("in law", source="Feller 1971, section I.3")
def exponential_fraction(k: Key, r):
    """What is left of it after whole units."""
    x = exponential(k, rate=r)
    return x - floor(x), truncated(k, exponential.law(rate=r), lower=0.0, upper=1.0)


@relation("in law", source="Steutel & Thiemann 1989, Statist. Neerlandica 43")
def exponential_whole_and_fraction(k: Key, r):
    """Whole units say nothing of what is left."""
    k1, k2 = split(k)
    x = exponential(k, rate=r)
    yield floor(x), x - floor(x)
    rest = truncated(k2, exponential.law(rate=r), lower=0.0, upper=1.0)
    yield 1.0 * planck(k1, r), rest


@relation("in law", source="symmetry", where=lambda a: a > 0)
def truncated_normal_folded(k: Key, s, a):
    """A normal variable between symmetric bounds, without its sign."""
    return abs(truncated_normal(k, 0.0, s, -a, a)), truncated_normal(k, 0.0, s, 0.0, a)


@relation("in law", source="Devroye 1986, section II.2", where=lambda a, b: a < b)
def truncated_normal_of_uniform(k: Key, m, s: Positive, a, b):
    """By inversion between the probabilities of the bounds."""
    p, q = special.ndtr(a), special.ndtr(b)
    z = special.ndtri(p + uniform(k, 0.0, 1.0) * (q - p))
    return m + s * z, truncated_normal(k, m, s, m + s * a, m + s * b)


@relation("in law", source="von Neumann 1951, J. Res. Nat. Bur. Stand. 12")
def uniform_below_another(k: Key):
    """A uniform number, kept where a second one leaves room for it."""
    k1, k2 = split(k)
    x, y = uniform(k1, 0.0, 1.0), uniform(k2, 0.0, 1.0)
    return given(x, x + y <= 1), beta(k, 1.0, 2.0)


@relation("in law", source="Johnk 1964, Metrika 8")
def beta_by_rejection(k: Key, a: Positive, b: Positive):
    """Powers of uniform numbers, kept where they sum to less than 1."""
    k1, k2 = split(k)
    x, y = uniform(k1, 0.0, 1.0) ** (1 / a), uniform(k2, 0.0, 1.0) ** (1 / b)
    return given(x / (x + y), x + y <= 1), beta(k, a, b)


@relation("in law", source="Devroye 1986, section V.4.2")
def ratio_in_the_disc(k: Key):
    """The slope of a point of the disc."""
    k1, k2 = split(k)
    x, y = uniform(k1, -1.0, 1.0), uniform(k2, -1.0, 1.0)
    return given(x / y, x**2 + y**2 < 1), cauchy(k, 0.0, 1.0)


@relation("in law", source="Marsaglia & Bray 1964, SIAM Rev. 6")
def square_in_the_disc(k: Key):
    """Its squared distance from the centre."""
    k1, k2 = split(k)
    x, y = uniform(k1, -1.0, 1.0), uniform(k2, -1.0, 1.0)
    return given(x**2 + y**2, x**2 + y**2 < 1), uniform(k, 0.0, 1.0)


# In other units, and about other places --------------------------------------------------


@relation("in law", source=JKB1, where=lambda m, c: c >= 1)
def pareto_in_units_of_a_multiple(k: Key, b, m, c):
    """A Pareto variable above a multiple of its scale, in units of the multiple."""
    x = pareto(k, b, scale=m)
    return given(x / c, x > m * c), pareto(k, b, scale=m)


@relation("in law", source=SYMMETRY)
def laplace_below_its_median(k: Key, m, s):
    """How far below its median a Laplace variable falls."""
    x = laplace(k, m, s)
    return given(m - x, x < m), exponential(k, rate=1 / s)


@relation("in law", source=MEMORY, where=lambda t: t >= 0)
def laplace_far_above(k: Key, m, s, t):
    """Above its median a Laplace variable has no memory."""
    x = laplace(k, m, s)
    return given(x, x > m + t), m + t + exponential(k, rate=1 / s)


@relation("in law", source="power law", where=lambda t: (t > 0) & (t <= 1))
def beta_rescaled(k: Key, a, t):
    """A power of a uniform number below a bound, in units of the bound."""
    x = beta(k, a, 1.0)
    return given(x / t, x < t), beta(k, a, 1.0)


@relation("in law", source=f"{JKK}, ch. 5", where=lambda n: n >= 0)
def geometric_beyond(k: Key, p, n: Integer):
    """Trials that have failed so far are only counted."""
    x = geometric(k, p)
    return given(x, x > n), n + geometric(k, p)


@relation("in law", source=f"{JKK}, ch. 5", where=lambda n: n >= 0)
def planck_beyond(k: Key, a, n: Integer):
    """The same counted from zero."""
    x = planck(k, a)
    return given(x, x >= n), n + planck(k, a)


@relation("in law", source=JKB1, where=lambda t: t > 0)
def lomax_beyond(k: Key, c, s, t):
    """What a Lomax variable exceeds adds to its scale."""
    x = lomax(k, c, s)
    return given(x, x > t), t + lomax(k, c, s + t)


@relation("in law", source=SYMMETRY)
def student_t_above_its_median(k: Key, n, m, s):
    """Half of Student's law about its median."""
    x = student_t(k, n, m, s)
    return given(x - m, x > m), half_student_t(k, n, s)


@relation("in law", source=SYMMETRY)
def cauchy_above_its_median(k: Key, m, s):
    """Half of a Cauchy law about its median."""
    x = cauchy(k, m, s)
    return given(x - m, x > m), half_cauchy(k, s)


@relation("in law", source=SYMMETRY)
def logistic_above_its_median(k: Key, m, s):
    """Half of a logistic law about its median."""
    x = logistic(k, m, s)
    return given(x - m, x > m), half_logistic(k, s)


@relation("in law", source=DEVROYE, where=lambda t: (t >= 0) & (t < 1))
def uniform_residual(k: Key, t):
    """A uniform number above a bound, from the bound on and in units of what is left."""
    u = uniform(k, 0.0, 1.0)
    return given((u - t) / (1 - t), u > t), uniform(k, 0.0, 1.0)
