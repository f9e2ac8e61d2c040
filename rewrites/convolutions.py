r"""Convolutions: sums of independent variables that stay in their family.

    X ~ Normal(m₁, s₁)        Y ~ Normal(m₂, s₂)        independent
    ────────────────────────────────────────────────────────────────
    X + Y ~ Normal(m₁ + m₂, √(s₁² + s₂²))

Characteristic functions multiply: exp(i t m - s² t² / 2) has its exponents added, so
means and variances add.

The same argument gives most of this page. Where the characteristic function is φ(t)ᵃ, with φ
the same for all terms, the exponents a add: gamma variables of one rate, counts of one
probability, Poisson counts. Where it is exp(-|s t|^α), the αth powers of the scales add:
normal (α = 2), Cauchy (α = 1) and Lévy (α = 1/2) variables are stable.

Example: trials of two experiments with one probability.

>>> import astragal as ag
>>> from astragal.rewrites.convolutions import sum_of_two
>>> k1, k2 = ag.split(ag.key(0))
>>> sum_of_two.forward(ag.random.binomial(k1, 5, 0.25) + ag.random.binomial(k2, 3, 0.25))
binomial(key(0, 'threefry4x32'), 8, 0.25)
"""

from astragal import (
    Covariance,
    Family,
    Integer,
    Key,
    Vector,
    abs,
    mean,
    relation,
    split,
    sqrt,
    sum,
)
from astragal.random import (
    asymmetric_laplace,
    bernoulli,
    binomial,
    cauchy,
    chi_square,
    ex_gaussian,
    exponential,
    gamma,
    geometric,
    gumbel,
    inverse_gaussian,
    laplace,
    levy,
    logistic,
    multinomial,
    multivariate_normal,
    negative_binomial,
    noncentral_chi_square,
    normal,
    poisson,
    polya_gamma,
    triangular,
    uniform,
    wishart,
)

JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKB2 = "Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2"
JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"
LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
FELLER = "Feller 1971, vol. 2"

# Stable laws -----------------------------------------------------------------------------


@relation("in law", source="Casella & Berger 2002, Thm 5.2.6")
def normal_convolution(k: Key, m1, s1, m2, s2):
    """The sum of two independent normals is normal: means add, and variances add."""
    k1, k2 = split(k)
    return (
        normal(k1, m1, s1) + normal(k2, m2, s2),
        normal(k, m1 + m2, sqrt(s1**2 + s2**2)),
    )


@relation("in law", source="Casella & Berger 2002, Thm 5.2.6")
def normal_difference(k: Key, m1, s1, m2, s2):
    """The difference of two independent normals: means are subtracted, variances add."""
    k1, k2 = split(k)
    return (
        normal(k1, m1, s1) - normal(k2, m2, s2),
        normal(k, m1 - m2, sqrt(s1**2 + s2**2)),
    )


@relation("in law", source=f"{JKB1}, ch. 16")
def cauchy_convolution(k: Key, m1, s1, m2, s2):
    """The sum of two independent Cauchy variables: locations and scales add."""
    k1, k2 = split(k)
    return cauchy(k1, m1, s1) + cauchy(k2, m2, s2), cauchy(k, m1 + m2, s1 + s2)


@relation("in law", source=f"{JKB1}, ch. 16")
def cauchy_difference(k: Key, m1, s1, m2, s2):
    """The difference of two independent Cauchy variables: scales still add."""
    k1, k2 = split(k)
    return cauchy(k1, m1, s1) - cauchy(k2, m2, s2), cauchy(k, m1 - m2, s1 + s2)


@relation("in law", source=f"{JKB1}, ch. 16", where=lambda a, b: abs(a) + abs(b) > 0)
def cauchy_combination(k: Key, a, m1, s1, b, m2, s2):
    """A linear combination of two independent Cauchy variables."""
    k1, k2 = split(k)
    return (
        a * cauchy(k1, m1, s1) + b * cauchy(k2, m2, s2),
        cauchy(k, a * m1 + b * m2, abs(a) * s1 + abs(b) * s2),
    )


@relation("in law", source=f"{FELLER}, section II.4")
def levy_convolution(k: Key, m1, s1, m2, s2):
    """The sum of two independent Lévy variables: roots of scales add."""
    k1, k2 = split(k)
    return levy(k1, m1, s1) + levy(k2, m2, s2), levy(k, m1 + m2, (sqrt(s1) + sqrt(s2)) ** 2)


@relation("in law", source="Tweedie 1957, Ann. Math. Stat. 28")
def inverse_gaussian_convolution(k: Key, m1, m2, c):
    """First passage times past one barrier and then another: the drift is the same."""
    k1, k2 = split(k)
    return (
        inverse_gaussian(k1, m1, c * m1**2) + inverse_gaussian(k2, m2, c * m2**2),
        inverse_gaussian(k, m1 + m2, c * (m1 + m2) ** 2),
    )


# A parameter that adds up ------------------------------------------------------------------


class ClosedUnderAddition(Family):
    """Families whose characteristic function has the parameter as its exponent."""

    roles = ("a",)
    words = "closed under addition"
    listed = (
        (gamma, "shape"),
        (chi_square, "df"),
        (poisson, "lam"),
        (binomial, "n"),
        (negative_binomial, "n"),
        (polya_gamma, "h"),
    )


@relation("in law", source=f"{JKB1}, ch. 17; {JKK}, ch. 3 to 5")
def sum_of_two(k: Key, D: ClosedUnderAddition, a, b):
    """Exponents of a characteristic function add, all else being the same."""
    k1, k2 = split(k)
    return D(k1, a) + D(k2, b), D(k, a + b)


@relation("in law", source=f"{JKB2}, ch. 29")
def noncentral_chi_square_convolution(k: Key, d1, c1, d2, c2):
    """Squares of normals: their numbers add, and the squares of their means."""
    k1, k2 = split(k)
    return (
        noncentral_chi_square(k1, d1, c1) + noncentral_chi_square(k2, d2, c2),
        noncentral_chi_square(k, d1 + d2, c1 + c2),
    )


@relation("in law", source=LEEMIS)
def bernoulli_pair(k: Key, p):
    """Two trials."""
    k1, k2 = split(k)
    return bernoulli(k1, p) + bernoulli(k2, p), binomial(k, 2, p)


@relation("in law", source=LEEMIS)
def binomial_and_trial(k: Key, n: Integer, p):
    """One trial more."""
    k1, k2 = split(k)
    return binomial(k1, n, p) + bernoulli(k2, p), binomial(k, n + 1, p)


@relation("in law", source=LEEMIS)
def exponential_pair(k: Key, r):
    """Two waiting times, one after the other."""
    k1, k2 = split(k)
    return exponential(k1, rate=r) + exponential(k2, rate=r), gamma(k, 2.0, rate=r)


@relation("in law", source=LEEMIS)
def gamma_and_wait(k: Key, a, r):
    """One waiting time more."""
    k1, k2 = split(k)
    return gamma(k1, a, rate=r) + exponential(k2, rate=r), gamma(k, a + 1, rate=r)


@relation("in law", source=f"{JKK}, ch. 5")
def geometric_pair(k: Key, p):
    """Trials until two successes: the geometric law counts trials, the other failures."""
    k1, k2 = split(k)
    return geometric(k1, p) + geometric(k2, p), negative_binomial(k, 2.0, p) + 2


# Differences and sums that leave their family ------------------------------------------------


@relation("in law", source=f"{JKB2}, ch. 24")
def exponential_difference(k: Key, r):
    """The difference of two waiting times of one rate is Laplace."""
    k1, k2 = split(k)
    return exponential(k1, rate=r) - exponential(k2, rate=r), laplace(k, 0.0, 1 / r)


@relation("in law", source=f"{JKB2}, ch. 24")
def exponential_difference_asymmetric(k: Key, r1, r2):
    """With two rates, the slopes of the density differ."""
    k1, k2 = split(k)
    return (
        exponential(k1, rate=r1) - exponential(k2, rate=r2),
        asymmetric_laplace(k, 0.0, 1 / sqrt(r1 * r2), sqrt(r1 / r2)),
    )


@relation("in law", source=f"{JKB2}, ch. 22")
def gumbel_difference(k: Key, m1, m2, s):
    """The difference of two Gumbel variables of one scale is logistic."""
    k1, k2 = split(k)
    return gumbel(k1, m1, s) - gumbel(k2, m2, s), logistic(k, m1 - m2, s)


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_exponential_sum(k: Key, m, s, r):
    """A normal and a waiting time: exponentially modified Gaussian, by definition."""
    k1, k2 = split(k)
    return normal(k1, m, s) + exponential(k2, rate=r), ex_gaussian(k, m, s, 1 / r)


@relation("in law", source=f"{JKB1}, ch. 13")
def ex_gaussian_and_normal(k: Key, m1, s1, t, m2, s2):
    """A further normal only widens the normal part."""
    k1, k2 = split(k)
    return (
        ex_gaussian(k1, m1, s1, t) + normal(k2, m2, s2),
        ex_gaussian(k, m1 + m2, sqrt(s1**2 + s2**2), t),
    )


@relation("in law", source=LEEMIS)
def uniform_pair(k: Key, a, b):
    """Two uniform variables of one interval: a triangle."""
    k1, k2 = split(k)
    return uniform(k1, a, b) + uniform(k2, a, b), triangular(k, 2 * a, a + b, 2 * b)


@relation("in law", source=LEEMIS)
def uniform_difference(k: Key, a, b):
    """The difference of two uniform variables of one interval: a triangle about zero."""
    k1, k2 = split(k)
    return uniform(k1, a, b) - uniform(k2, a, b), triangular(k, a - b, 0.0, b - a)


@relation("in law", source=f"{JKB2}, ch. 24")
def gamma_difference(k: Key, a, r):
    """The difference of two gamma variables of one law is a normal of gamma variance."""
    k1, k2 = split(k)
    return (
        gamma(k1, a, rate=r) - gamma(k2, a, rate=r),
        normal(k1, 0.0, sqrt(gamma(k2, a, rate=r**2 / 2))),
    )


@relation("in law", source=f"{JKB2}, ch. 24")
def laplace_and_normal(k: Key, m, s, t):
    """A Laplace and a normal: a normal with one waiting time added and one taken off."""
    a, b = split(k)
    k1, k2, k3 = split(k, 3)
    return (
        laplace(a, m, s) + normal(b, 0.0, t),
        normal(k1, m, t) + exponential(k2, scale=s) - exponential(k3, scale=s),
    )


# Sums of n -----------------------------------------------------------------------------------


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_sum(k: Key, n: Integer, m, s):
    """The sum of n independent normals."""
    return sum(normal(k, m, s, size=(n,))), normal(k, n * m, sqrt(n) * s)


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_mean(k: Key, n: Integer, m, s):
    """The mean of n independent normals: its spread falls with the root of n."""
    return mean(normal(k, m, s, size=(n,))), normal(k, m, s / sqrt(n))


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_weighted_sum(k: Key, w: Vector, m: Vector, s: Vector):
    """A weighted sum of independent normals."""
    return sum(w * normal(k, m, s)), normal(k, sum(w * m), sqrt(sum((w * s) ** 2)))


@relation("in law", source=f"{JKB1}, ch. 16")
def cauchy_sum(k: Key, n: Integer, m, s):
    """The sum of n independent Cauchy variables."""
    return sum(cauchy(k, m, s, size=(n,))), cauchy(k, n * m, n * s)


@relation("in law", source=f"{JKB1}, ch. 16")
def cauchy_mean(k: Key, n: Integer, m, s):
    """The mean of n independent Cauchy variables is no better than one of them."""
    return mean(cauchy(k, m, s, size=(n,))), cauchy(k, m, s)


@relation("in law", source=f"{FELLER}, section II.4")
def levy_sum(k: Key, n: Integer, m, s):
    """The sum of n independent Lévy variables grows with the square of n."""
    return sum(levy(k, m, s, size=(n,))), levy(k, n * m, n**2 * s)


@relation("in law", source="Tweedie 1957, Ann. Math. Stat. 28")
def inverse_gaussian_sum(k: Key, n: Integer, m, s):
    """The sum of n independent inverse Gaussian variables of one law."""
    return sum(inverse_gaussian(k, m, s, size=(n,))), inverse_gaussian(k, n * m, n**2 * s)


@relation("in law", source=f"{JKB1}, ch. 17; {JKK}, ch. 3 to 5")
def sum_of_n(k: Key, D: ClosedUnderAddition, n: Integer, a):
    """Exponents of a characteristic function add, n times."""
    return sum(D(k, a, size=(n,))), D(k, n * a)


@relation("in law", source=f"{JKB1}, ch. 17")
def gamma_mean(k: Key, n: Integer, a, r):
    """The mean of n independent gamma variables of one law."""
    return mean(gamma(k, a, rate=r, size=(n,))), gamma(k, n * a, rate=n * r)


@relation("in law", source=LEEMIS)
def exponential_sum(k: Key, n: Integer, r):
    """The sum of n waiting times of one rate (Erlang)."""
    return sum(exponential(k, rate=r, size=(n,))), gamma(k, n, rate=r)


@relation("in law", source=LEEMIS)
def exponential_mean(k: Key, n: Integer, r):
    """The mean of n waiting times of one rate."""
    return mean(exponential(k, rate=r, size=(n,))), gamma(k, n, rate=n * r)


@relation("in law", source=LEEMIS)
def bernoulli_sum(k: Key, n: Integer, p):
    """Successes in n trials."""
    return sum(bernoulli(k, p, size=(n,))), binomial(k, n, p)


@relation("in law", source=f"{JKK}, ch. 5")
def geometric_sum(k: Key, n: Integer, p):
    """Trials until n successes."""
    return sum(geometric(k, p, size=(n,))), negative_binomial(k, n, p) + n


@relation("in law", source=f"{JKB2}, ch. 24")
def laplace_sum(k: Key, n: Integer, s):
    """A sum of n Laplace variables is a difference of two gamma variables."""
    k1, k2 = split(k)
    return (
        sum(laplace(k, 0.0, s, size=(n,))),
        gamma(k1, n, scale=s) - gamma(k2, n, scale=s),
    )


@relation("in law", source=f"{JKK}, ch. 4")
def poisson_vector_sum(k: Key, λ: Vector):
    """The sum of Poisson counts with rates of their own."""
    return sum(poisson(k, λ)), poisson(k, sum(λ))


@relation("in law", source=f"{JKB1}, ch. 17")
def gamma_vector_sum(k: Key, a: Vector, r):
    """The sum of gamma variables with shapes of their own and one rate."""
    return sum(gamma(k, a, rate=r)), gamma(k, sum(a), rate=r)


# Vectors and matrices --------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1997, Discrete Multivariate, ch. 35")
def multinomial_convolution(k: Key, n1: Integer, n2: Integer, p: Vector):
    """Counts of categories of two samples with the same probabilities."""
    k1, k2 = split(k)
    return multinomial(k1, n1, p) + multinomial(k2, n2, p), multinomial(k, n1 + n2, p)


@relation(
    "in law",
    source="Muirhead 1982, ch. 3",
    where=lambda d1, d2, V: (d1 > V.shape[0] - 1) & (d2 > V.shape[0] - 1),
)
def wishart_convolution(k: Key, d1, d2, V: Covariance):
    """Scatter matrices of two samples with one covariance: degrees of freedom add."""
    k1, k2 = split(k)
    return wishart(k1, d1, V) + wishart(k2, d2, V), wishart(k, d1 + d2, V)


@relation("in law", source=LEEMIS)
def laplace_located(k: Key, m, r):
    """A difference of waiting times of one rate, from a place on."""
    k1, k2 = split(k)
    return m + exponential(k1, rate=r) - exponential(k2, rate=r), laplace(k, m, 1 / r)


@relation("in law", source="Kotz, Kozubowski & Podgorski 2001, section 3.2")
def asymmetric_laplace_located(k: Key, m, r1, r2):
    """The same of two rates."""
    k1, k2 = split(k)
    return (
        m + exponential(k1, rate=r1) - exponential(k2, rate=r2),
        asymmetric_laplace(k, m, 1 / sqrt(r1 * r2), sqrt(r1 / r2)),
    )


@relation("in law", source=LEEMIS)
def chi_square_and_wait(k: Key, d):
    """A waiting time of mean 2 is a chi-square variable of two degrees of freedom."""
    k1, k2 = split(k)
    return chi_square(k1, d) + exponential(k2, rate=0.5), chi_square(k, d + 2)


@relation("in law", source="Anderson 2003, An Introduction to Multivariate Statistical Analysis")
def vector_convolution(k: Key, m1: Vector, S1: Covariance, m2: Vector, S2: Covariance):
    """Covariances of independent normal vectors add."""
    k1, k2 = split(k)
    return (
        multivariate_normal(k1, m1, S1) + multivariate_normal(k2, m2, S2),
        multivariate_normal(k, m1 + m2, S1 + S2),
    )
