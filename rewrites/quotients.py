r"""Quotients, products and reciprocals: the gamma, beta, F, Student and Cauchy families.

    X ~ Gamma(a, rate r)      Y ~ Gamma(b, rate r)      independent
    ────────────────────────────────────────────────────────────────
    X / (X + Y) ~ Beta(a, b)          X + Y ~ Gamma(a + b, rate r)          independent
    X / Y       ~ BetaPrime(a, b)

Write the joint density in the sum and the share: it factors, a gamma density times a beta
density (Lukacs 1955: only for gamma variables). Chi-square variables are gamma variables, so
quotients of sums of squares are F and beta variables, and a normal variable over such a
root is Student's t, whose case of one degree of freedom is Cauchy.

Example: a share of two waiting times.

>>> import astragal as ag
>>> from astragal.rewrites.quotients import gamma_share
>>> k1, k2 = ag.split(ag.key(1))
>>> x, y = ag.random.gamma(k1, 2.0, rate=4.0), ag.random.gamma(k2, 3.0, rate=4.0)
>>> gamma_share.forward(x / (x + y))
beta(key(1, 'threefry4x32'), 2.0, 3.0)
"""

from astragal import (
    Key,
    Positive,
    abs,
    log,
    relation,
    special,
    split,
    sqrt,
    square,
)
from astragal.random import (
    arcsine,
    beta,
    beta_prime,
    cauchy,
    chi_square,
    exponential,
    f,
    frechet,
    gamma,
    generalized_inverse_gaussian,
    half_cauchy,
    half_normal,
    inverse_gamma,
    inverse_gaussian,
    laplace,
    log_logistic,
    logistic,
    lomax,
    nakagami,
    normal,
    rayleigh,
    student_t,
    uniform,
    weibull,
)

LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"

# Reciprocals ---------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 17")
def inverse_gamma_reciprocal(k: Key, a, b):
    """The reciprocal of an inverse gamma variable is a gamma variable, by definition."""
    return 1 / inverse_gamma(k, a, scale=b), gamma(k, a, rate=b)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 17")
def gamma_reciprocal(k: Key, a, b):
    """The reciprocal of a gamma variable: the rate is the scale of the inverse."""
    return 1 / gamma(k, a, rate=b), inverse_gamma(k, a, scale=b)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 17")
def gamma_quotient(k: Key, c, a, b):
    """A number over a gamma variable."""
    return c / gamma(k, a, rate=b), inverse_gamma(k, a, scale=b * c)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 17")
def inverse_gamma_quotient(k: Key, c, a, b):
    """A number over an inverse gamma variable."""
    return c / inverse_gamma(k, a, scale=b), gamma(k, a, rate=b / c)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 19")
def exponential_reciprocal(k: Key, c, r):
    """A number over a waiting time."""
    return c / exponential(k, rate=r), inverse_gamma(k, 1.0, scale=c * r)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def chi_square_reciprocal(k: Key, n):
    """The reciprocal of a chi-square variable."""
    return 1 / chi_square(k, n), inverse_gamma(k, n / 2, scale=0.5)


@relation("in law", source="Gelman et al., BDA3, appendix A")
def scaled_inverse_chi_square(k: Key, c, n):
    """A sum of squares over a chi-square variable: the posterior of a variance."""
    return c / chi_square(k, n), inverse_gamma(k, n / 2, scale=c / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def f_reciprocal(k: Key, m, n):
    """The reciprocal of an F variable: degrees of freedom change places."""
    return 1 / f(k, m, n), f(k, n, m)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def beta_prime_reciprocal(k: Key, a, b):
    """The reciprocal of a beta prime variable: exponents change places."""
    return 1 / beta_prime(k, a, b), beta_prime(k, b, a)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def cauchy_reciprocal(k: Key, s):
    """The reciprocal of a centred Cauchy variable is one."""
    return 1 / cauchy(k, 0.0, s), cauchy(k, 0.0, 1 / s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def shifted_cauchy_reciprocal(k: Key, m, s):
    """A Cauchy law is a point of the half-plane, and a reciprocal moves the point."""
    return 1 / cauchy(k, m, s), cauchy(k, m / (m**2 + s**2), s / (m**2 + s**2))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def half_cauchy_reciprocal(k: Key, s):
    """The reciprocal of a half-Cauchy variable is one."""
    return 1 / half_cauchy(k, s), half_cauchy(k, 1 / s)


@relation("in law", source="Jorgensen 1982, section 2")
def generalized_inverse_gaussian_reciprocal(k: Key, p, b, s):
    """The reciprocal of a generalised inverse Gaussian variable: the power changes sign."""
    return (
        1 / generalized_inverse_gaussian(k, p, b, s),
        generalized_inverse_gaussian(k, -p, b, 1 / s),
    )


@relation("in law", source="Shuster 1968")
def inverse_gaussian_distance(k: Key, m, l):  # noqa: E741
    """The exponent of an inverse Gaussian density is chi-square, as a normal's is."""
    x = inverse_gaussian(k, m, l)
    return l * square(x - m) / (m**2 * x), chi_square(k, 1.0)


# Shares --------------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def beta_reflection(k: Key, a, b):
    """The other share: exponents change places."""
    return 1 - beta(k, a, b), beta(k, b, a)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def gamma_share(k: Key, a, b, r):
    """The share of one gamma variable in the sum of two."""
    k1, k2 = split(k)
    x, y = gamma(k1, a, rate=r), gamma(k2, b, rate=r)
    return x / (x + y), beta(k, a, b)


@relation("in law", source="Lukacs 1955")
def gamma_share_and_sum(k1: Key, k2: Key, a, b, r):
    """The share and the sum of two gamma variables are independent."""
    x, y = gamma(k1, a, rate=r), gamma(k2, b, rate=r)
    return (x / (x + y), x + y), (beta(k1, a, b), gamma(k2, a + b, rate=r))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def chi_square_share(k: Key, m, n):
    """The share of one sum of squares in the sum of two."""
    k1, k2 = split(k)
    x, y = chi_square(k1, m), chi_square(k2, n)
    return x / (x + y), beta(k, m / 2, n / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def exponential_share(k: Key, r):
    """The share of one waiting time in the sum of two is uniform."""
    k1, k2 = split(k)
    x, y = exponential(k1, rate=r), exponential(k2, rate=r)
    return x / (x + y), uniform(k, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def beta_prime_share(k: Key, a, b):
    """A probability from its odds."""
    x = beta_prime(k, a, b)
    return x / (1 + x), beta(k, a, b)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def beta_prime_other_share(k: Key, a, b):
    """The other probability from the odds."""
    return 1 / (1 + beta_prime(k, a, b)), beta(k, b, a)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def beta_odds(k: Key, a, b):
    """Odds from a probability."""
    x = beta(k, a, b)
    return x / (1 - x), beta_prime(k, a, b)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def beta_reciprocal_excess(k: Key, a, b):
    """The odds against."""
    return 1 / beta(k, a, b) - 1, beta_prime(k, b, a)


@relation("in law", source="Carvalho, Polson & Scott 2010, section 2")
def half_cauchy_shrinkage(k: Key):
    """How much a half-Cauchy scale shrinks: the weight that the horseshoe is named for."""
    return 1 / (1 + square(half_cauchy(k, 1.0))), beta(k, 0.5, 0.5)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def f_share(k: Key, m, n):
    """A share of sums of squares from their quotient."""
    x = f(k, m, n)
    return (m * x / n) / (1 + m * x / n), beta(k, m / 2, n / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def f_other_share(k: Key, m, n):
    """The other share."""
    return 1 / (1 + m * f(k, m, n) / n), beta(k, n / 2, m / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28")
def student_t_share(k: Key, n):
    """A symmetric beta variable from a Student t."""
    x = student_t(k, n, 0.0, 1.0)
    return 0.5 + x / (2 * sqrt(n + square(x))), beta(k, n / 2, n / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28")
def student_t_of_beta(k: Key, n):
    """A Student t from a symmetric beta variable."""
    x = beta(k, n / 2, n / 2)
    return sqrt(n) * (x - 0.5) / sqrt(x * (1 - x)), student_t(k, n, 0.0, 1.0)


# Quotients -----------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def gamma_ratio(k: Key, a, b, r):
    """The quotient of two gamma variables of the same rate."""
    k1, k2 = split(k)
    return gamma(k1, a, rate=r) / gamma(k2, b, rate=r), beta_prime(k, a, b)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def gamma_ratio_of_rates(k: Key, a, b, r1, r2):
    """The quotient of two gamma variables: their rates are a scale."""
    k1, k2 = split(k)
    return gamma(k1, a, rate=r1) / gamma(k2, b, rate=r2), (r2 / r1) * beta_prime(k, a, b)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def chi_square_ratio(k: Key, m, n):
    """The quotient of two mean squares, which gives the F law its name."""
    k1, k2 = split(k)
    return (chi_square(k1, m) / m) / (chi_square(k2, n) / n), f(k, m, n)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def chi_square_plain_ratio(k: Key, m, n):
    """The quotient of two sums of squares."""
    k1, k2 = split(k)
    return chi_square(k1, m) / chi_square(k2, n), beta_prime(k, m / 2, n / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 19")
def exponential_ratio(k: Key, r1, r2):
    """The quotient of two waiting times has a Lomax law without a mean."""
    k1, k2 = split(k)
    return exponential(k1, rate=r1) / exponential(k2, rate=r2), lomax(k, 1.0, r2 / r1)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def exponential_gamma_ratio(k: Key, a, r1, r2):
    """A waiting time over a gamma variable has a Lomax law."""
    k1, k2 = split(k)
    return exponential(k1, rate=r1) / gamma(k2, a, rate=r2), lomax(k, a, r2 / r1)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def f_of_beta_prime(k: Key, m, n):
    """An F variable is a scaled beta prime."""
    return n / m * beta_prime(k, m / 2, n / 2), f(k, m, n)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 27")
def beta_prime_of_f(k: Key, m, n):
    """The quotient of sums of squares from that of mean squares."""
    return m * f(k, m, n) / n, beta_prime(k, m / 2, n / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def normal_ratio(k: Key, s1, s2):
    """The quotient of two centred normal variables is Cauchy."""
    k1, k2 = split(k)
    return normal(k1, 0.0, s1) / normal(k2, 0.0, s2), cauchy(k, 0.0, s1 / s2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def half_normal_ratio(k: Key, s1, s2):
    """The quotient of two half-normal variables is half-Cauchy."""
    k1, k2 = split(k)
    return half_normal(k1, s1) / half_normal(k2, s2), half_cauchy(k, s1 / s2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def normal_absolute_ratio(k: Key, s1, s2):
    """The sign of the denominator does not count."""
    k1, k2 = split(k)
    return normal(k1, 0.0, s1) / abs(normal(k2, 0.0, s2)), cauchy(k, 0.0, s1 / s2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28, definition")
def student_t_ratio(k: Key, n):
    """A normal variable over the root of an independent mean square."""
    k1, k2 = split(k)
    return normal(k1, 0.0, 1.0) / sqrt(chi_square(k2, n) / n), student_t(k, n, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28")
def student_t_gamma_ratio(k: Key, s, a, r):
    """A normal variable over the root of a gamma variable."""
    k1, k2 = split(k)
    return (
        normal(k1, 0.0, s) / sqrt(gamma(k2, a, rate=r)),
        student_t(k, 2 * a, 0.0, s * sqrt(r / a)),
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28")
def student_t_inverse_gamma_product(k: Key, s, a, b):
    """A normal variable times the root of an inverse gamma variable."""
    k1, k2 = split(k)
    return (
        normal(k1, 0.0, s) * sqrt(inverse_gamma(k2, a, scale=b)),
        student_t(k, 2 * a, 0.0, s * sqrt(b / a)),
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 24")
def laplace_product(k: Key, s, r):
    """A normal variable times the root of a waiting time is Laplace."""
    k1, k2 = split(k)
    return (
        normal(k1, 0.0, s) * sqrt(exponential(k2, rate=r)),
        laplace(k, 0.0, s / sqrt(2 * r)),
    )


# Products ------------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def beta_product(k: Key, a, b, c):
    """A share of a share."""
    k1, k2 = split(k)
    return beta(k1, a, b) * beta(k2, a + b, c), beta(k, a, b + c)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def gamma_beta_product(k: Key, a, b, r):
    """A share of a gamma variable is a gamma variable of smaller shape."""
    k1, k2 = split(k)
    return gamma(k1, a + b, rate=r) * beta(k2, a, b), gamma(k, a, rate=r)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def exponential_beta_product(k: Key, a, r):
    """The same, where the whole is a waiting time."""
    k1, k2 = split(k)
    return exponential(k1, rate=r) * beta(k2, a, 1 - a), gamma(k, a, rate=r)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def uniform_gamma_product(k: Key, r):
    """A uniform share of a gamma variable of shape 2 is a waiting time."""
    k1, k2 = split(k)
    return uniform(k1, 0.0, 1.0) * gamma(k2, 2.0, rate=r), exponential(k, rate=r)


@relation("in law", source="Stuart 1962; Johnson, Kotz & Balakrishnan 1995, ch. 25")
def uniform_power_gamma_product(k: Key, a, r):
    """A power of a uniform variable times a gamma variable one shape larger."""
    k1, k2 = split(k)
    return uniform(k1, 0.0, 1.0) ** (1 / a) * gamma(k2, a + 1, rate=r), gamma(k, a, rate=r)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 24")
def normal_determinant(k: Key):
    """The determinant of four normal variables is Laplace."""
    ka, kb, kc, kd = split(k, 4)
    return (
        normal(ka, 0.0, 1.0) * normal(kb, 0.0, 1.0) + normal(kc, 0.0, 1.0) * normal(kd, 0.0, 1.0),
        laplace(k, 0.0, 1.0),
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 13")
def normal_product_of_squares(k1: Key, k2: Key):
    """A product is a difference of squares: (x + y)² - (x - y)² = 4xy."""
    return (
        normal(k1, 0.0, 1.0) * normal(k2, 0.0, 1.0),
        (chi_square(k1, 1.0) - chi_square(k2, 1.0)) / 2,
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 13")
def normal_product_variance_gamma(k1: Key, k2: Key, s, t):
    """A product of two normal variables: given one, the other's variance is a gamma variable."""
    return (
        normal(k1, 0.0, s) * normal(k2, 0.0, t),
        normal(k1, 0.0, sqrt(gamma(k2, 0.5, rate=1 / (2 * s**2 * t**2)))),
    )


# Log odds ------------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def logistic_of_exponentials(k: Key, m, s):
    """The log quotient of two waiting times is logistic."""
    k1, k2 = split(k)
    return (
        m + s * log(exponential(k1, rate=1.0) / exponential(k2, rate=1.0)),
        logistic(k, m, s),
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def log_exponential_ratio(k: Key, r1, r2):
    """The rates of two waiting times are a location of their log quotient."""
    k1, k2 = split(k)
    return (
        log(exponential(k1, rate=r1) / exponential(k2, rate=r2)),
        logistic(k, log(r2 / r1), 1.0),
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def log_gamma_difference(k: Key, a, b, r):
    """The log quotient of two gamma variables is the log odds of a beta variable."""
    k1, k2 = split(k)
    return (
        log(gamma(k1, a, rate=r)) - log(gamma(k2, b, rate=r)),
        special.logit(beta(k, a, b)),
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def log_beta_prime(k: Key, a, b):
    """The log odds of a beta variable are the logarithm of a beta prime."""
    return log(beta_prime(k, a, b)), special.logit(beta(k, a, b))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def logit_uniform(k: Key):
    """The log odds of a uniform variable are logistic."""
    return special.logit(uniform(k, 0.0, 1.0)), logistic(k, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def expit_logistic(k: Key, m, s):
    """The distribution function of a logistic variable at itself is uniform."""
    return special.expit((logistic(k, m, s) - m) / s), uniform(k, 0.0, 1.0)


@relation("in law", source=LEEMIS)
def weibull_ratio(k: Key, c, s1, s2):
    """Powers of Weibull variables are waiting times, whose ratio is log-logistic."""
    k1, k2 = split(k)
    return weibull(k1, c, s1) / weibull(k2, c, s2), log_logistic(k, c, s1 / s2)


@relation("in law", source=LEEMIS)
def frechet_ratio(k: Key, c, s1, s2):
    """So are their reciprocals."""
    k1, k2 = split(k)
    return frechet(k1, c, s1) / frechet(k2, c, s2), log_logistic(k, c, s1 / s2)


@relation("in law", source=LEEMIS)
def rayleigh_ratio(k: Key, s1, s2):
    """Squares of Rayleigh variables are waiting times too."""
    k1, k2 = split(k)
    return rayleigh(k1, s1) / rayleigh(k2, s2), log_logistic(k, 2.0, s1 / s2)


@relation("in law", source=LEEMIS)
def log_logistic_beta_prime_case(k: Key, s: Positive):
    """The ratio of two waiting times is beta prime too."""
    return s * beta_prime(k, 1.0, 1.0), log_logistic(k, 1.0, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, vol. 2, ch. 25")
def beta_of_uniform_powers(k: Key, a):
    """A chain of beta products that starts from powers of uniform numbers."""
    k1, k2 = split(k)
    u, v = uniform(k1, 0.0, 1.0), uniform(k2, 0.0, 1.0)
    return u ** (1 / a) * v ** (1 / (a + 1)), beta(k, a, 2.0)


@relation("in law", source="Rao 1949, Sankhya 9")
def beta_products_apart(k: Key, a, b, c):
    """A product of beta variables says nothing of the share that its second factor keeps."""
    k1, k2 = split(k)
    x, y = beta(k1, a, b), beta(k2, a + b, c)
    return (x * y, (1 - x) * y / (1 - x * y)), (beta(k1, a, b + c), beta(k2, b, c))


@relation("in law", source=LEEMIS)
def half_cauchy_share(k: Key):
    """A squared Cauchy variable shrinks by an arcsine factor."""
    return 1 / (1 + square(cauchy(k, 0.0, 1.0))), arcsine(k, 0.0, 1.0)


@relation("in law", source="Jørgensen 1982, Statistical Properties of the GIG Distribution")
def generalized_inverse_gaussian_inverted(k: Key, c, p, b, s):
    """A number over a generalised inverse Gaussian variable: the power changes its sign."""
    return (
        c / generalized_inverse_gaussian(k, p, b, s),
        generalized_inverse_gaussian(k, -p, b, c / s),
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def root_inverse_gamma(k: Key, a, s):
    """A spread whose square is inverse gamma, turned over: a Nakagami variable."""
    return 1 / sqrt(inverse_gamma(k, a, scale=s)), nakagami(k, a, sqrt(a / s))
