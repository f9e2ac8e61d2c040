r"""Special cases: one distribution is another at some of its parameters.

    D(θ₀, φ) = E(φ)

Nothing vanishes and nothing is solved: the two densities are the same function. Each
relation is read forward from the larger family to the smaller one.

Example: a gamma variable of shape 1 is a waiting time.

>>> import astragal as ag
>>> from astragal.rewrites.special_cases import gamma_exponential_case
>>> gamma_exponential_case.forward(ag.random.gamma(ag.key(0), 1.0, rate=3.0))
exponential(key(0, 'threefry4x32'), 3.0)
"""

from math import inf

from astragal import Integer, Key, Vector, relation, sqrt, stack, sum
from astragal.random import (
    asymmetric_laplace,
    bernoulli,
    beta,
    beta_binomial,
    beta_prime,
    binomial,
    categorical,
    cauchy,
    chi_square,
    dirichlet,
    dirichlet_multinomial,
    discrete_uniform,
    exponential,
    f,
    gamma,
    generalized_inverse_gaussian,
    geometric,
    half_cauchy,
    half_normal,
    half_student_t,
    hypergeometric,
    inverse_gamma,
    inverse_gaussian,
    inverse_wishart,
    kumaraswamy,
    laplace,
    levy,
    log_logistic,
    lomax,
    multinomial,
    multivariate_normal,
    negative_binomial,
    noncentral_chi_square,
    normal,
    rayleigh,
    skew_normal,
    student_t,
    truncated_normal,
    uniform,
    weibull,
    wishart,
)

LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKB2 = "Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2"
JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"

# Gamma and its kin -----------------------------------------------------------------------


@relation("in law", source=LEEMIS)
def gamma_exponential_case(k: Key, r):
    """A gamma variable of shape 1 is a waiting time."""
    return gamma(k, 1.0, rate=r), exponential(k, rate=r)


@relation("in law", source=LEEMIS)
def gamma_chi_square_case(k: Key, d):
    """A gamma variable of shape d/2 and rate 1/2 is chi-square."""
    return gamma(k, d / 2, rate=0.5), chi_square(k, d)


@relation("in law", source=LEEMIS)
def chi_square_exponential_case(k: Key):
    """With two degrees of freedom it is a waiting time of mean 2."""
    return chi_square(k, 2.0), exponential(k, rate=0.5)


@relation("in law", source="Feller 1971, vol. 2, section II.4")
def inverse_gamma_levy_case(k: Key, s):
    """An inverse gamma variable of shape 1/2 is Lévy."""
    return inverse_gamma(k, 0.5, scale=s / 2), levy(k, 0.0, s)


@relation("in law", source=f"{JKB1}, ch. 18")
def noncentral_chi_square_case(k: Key, d):
    """Without a mean, the squares of normals add up to a central chi-square."""
    return noncentral_chi_square(k, d, 0.0), chi_square(k, d)


@relation("in law", source=LEEMIS)
def weibull_exponential_case(k: Key, s):
    """A Weibull variable of shape 1 is a waiting time of mean s."""
    return weibull(k, 1.0, s), exponential(k, scale=s)


@relation("in law", source=LEEMIS)
def weibull_rayleigh_case(k: Key, s):
    """A Weibull variable of shape 2 is Rayleigh."""
    return weibull(k, 2.0, sqrt(2.0) * s), rayleigh(k, s)


# Inverse Gaussian and its kin --------------------------------------------------------------


@relation("in law", source="Jørgensen 1982, Statistical Properties of the GIG Distribution")
def generalized_inverse_gaussian_case(k: Key, b, s):
    """At p = -1/2 the normalising Bessel function is elementary: the inverse Gaussian."""
    return generalized_inverse_gaussian(k, -0.5, b, s), inverse_gaussian(k, s, b * s)


# Beta and its kin --------------------------------------------------------------------------


@relation("in law", source=LEEMIS)
def beta_uniform_case(k: Key):
    """A flat beta is uniform."""
    return beta(k, 1.0, 1.0), uniform(k, 0.0, 1.0)


@relation("in law", source="Jones 2009, Stat. Methodol. 6")
def kumaraswamy_first_case(k: Key, b):
    """With a first exponent of 1 both families have the density b (1 - x)^(b - 1)."""
    return kumaraswamy(k, 1.0, b), beta(k, 1.0, b)


@relation("in law", source="Jones 2009, Stat. Methodol. 6")
def kumaraswamy_second_case(k: Key, a):
    """With a second exponent of 1 both families have the density a x^(a - 1)."""
    return kumaraswamy(k, a, 1.0), beta(k, a, 1.0)


@relation("in law", source=f"{JKB2}, ch. 27")
def f_beta_prime_case(k: Key, a, b):
    """The F law is a beta prime on another scale."""
    return f(k, a, b), b / a * beta_prime(k, a / 2, b / 2)


@relation("in law", source=f"{JKB2}, ch. 27")
def f_lomax_case(k: Key, d):
    """With two degrees of freedom above the line it is Lomax."""
    return f(k, 2.0, d), lomax(k, d / 2, d / 2)


@relation("in law", source=f"{JKB1}, ch. 20", where=lambda s: s > 0)
def beta_prime_lomax_case(k: Key, c, s):
    """A beta prime with a first exponent of 1 is Lomax."""
    return s * beta_prime(k, 1.0, c), lomax(k, c, s)


@relation("in law", source=f"{JKB1}, ch. 20")
def beta_prime_lomax_unit_case(k: Key, c):
    """The same on the unit scale."""
    return beta_prime(k, 1.0, c), lomax(k, c, 1.0)


@relation("in law", source=LEEMIS)
def log_logistic_lomax_case(k: Key, s):
    """A log-logistic variable of shape 1 is a ratio of waiting times, as a Lomax of shape 1."""
    return log_logistic(k, 1.0, s), lomax(k, 1.0, s)


# Normal and its kin ------------------------------------------------------------------------


@relation("in law", source=LEEMIS)
def student_t_cauchy_case(k: Key, m, s):
    """Student's t with one degree of freedom is Cauchy."""
    return student_t(k, 1.0, m, s), cauchy(k, m, s)


@relation("in law", source=LEEMIS)
def half_student_t_cauchy_case(k: Key, s):
    """The same, folded."""
    return half_student_t(k, 1.0, s), half_cauchy(k, s)


@relation("in law", source="Azzalini 1985, Scand. J. Stat. 12")
def skew_normal_case(k: Key, m, s):
    """Without skew, a skew normal is normal."""
    return skew_normal(k, m, s, 0.0), normal(k, m, s)


@relation("in law", source=f"{JKB1}, ch. 13")
def truncated_normal_half_case(k: Key, s):
    """A normal cut at its mean is half-normal."""
    return truncated_normal(k, 0.0, s, 0.0, inf), half_normal(k, s)


@relation("in law", source=f"{JKB1}, ch. 13")
def truncated_normal_case(k: Key, m, s):
    """A normal that is cut nowhere."""
    return truncated_normal(k, m, s, -inf, inf), normal(k, m, s)


@relation("in law", source="Kozumi & Kobayashi 2011, J. Stat. Comput. Simul. 81")
def asymmetric_laplace_case(k: Key, m, s):
    """With equal slopes an asymmetric Laplace is a Laplace."""
    return asymmetric_laplace(k, m, s, 1.0), laplace(k, m, s)


# Counts ------------------------------------------------------------------------------------


@relation("in law", source=LEEMIS)
def binomial_bernoulli_case(k: Key, p):
    """One trial."""
    return binomial(k, 1, p), bernoulli(k, p)


@relation("in law", source=f"{JKK}, ch. 6")
def beta_binomial_bernoulli_case(k: Key, a, b):
    """One trial with a beta probability."""
    return beta_binomial(k, 1, a, b), bernoulli(k, a / (a + b))


@relation("in law", source=LEEMIS)
def beta_binomial_uniform_case(k: Key, n: Integer):
    """With a flat prior every count of successes is equally likely (Bayes, 1763)."""
    return beta_binomial(k, n, 1.0, 1.0), discrete_uniform(k, 0, n + 1)


@relation("in law", source=LEEMIS)
def discrete_uniform_bernoulli_case(k: Key):
    """A fair coin."""
    return discrete_uniform(k, 0, 2), bernoulli(k, 0.5)


@relation("in law", source=f"{JKK}, ch. 5")
def negative_binomial_geometric_case(k: Key, p):
    """Failures before the first success; the geometric law counts the success too."""
    return negative_binomial(k, 1.0, p), geometric(k, p) - 1


@relation("in law", source=f"{JKK}, ch. 6")
def hypergeometric_symmetry(k: Key, g: Integer, b: Integer, n: Integer):
    """What is marked and what is drawn may change places."""
    return hypergeometric(k, g, b, n), hypergeometric(k, n, g + b - n, g)


@relation("in law", source=f"{JKK}, ch. 6", where=lambda g, b: (g >= 0) & (b >= 0) & (g + b > 0))
def hypergeometric_bernoulli_case(k: Key, g: Integer, b: Integer):
    """One draw from an urn."""
    return hypergeometric(k, g, b, 1), bernoulli(k, g / (g + b))


# Vectors -----------------------------------------------------------------------------------

KBJ = "Kotz, Balakrishnan & Johnson 2000, Continuous Multivariate Distributions 1"
JKB97 = "Johnson, Kotz & Balakrishnan 1997, Discrete Multivariate Distributions"


@relation("in law", source=f"{JKB97}, ch. 35")
def categorical_bernoulli_case(k: Key, p):
    """Two categories."""
    return categorical(k, stack([1 - p, p])), bernoulli(k, p)


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_beta_case(k: Key, a, b):
    """The first of two shares."""
    return dirichlet(k, stack([a, b]))[0], beta(k, a, b)


@relation("in law", source=f"{JKB97}, ch. 35")
def multinomial_binomial_case(k: Key, n: Integer, p):
    """The first of two counts."""
    return multinomial(k, n, stack([p, 1 - p]))[0], binomial(k, n, p)


@relation("in law", source=f"{JKB97}, ch. 35")
def dirichlet_multinomial_case(k: Key, α: Vector):
    """One trial: the category's probability is its share of the exponents."""
    return dirichlet_multinomial(k, 1, α), multinomial(k, 1, α / sum(α))


@relation("in law", source="Muirhead 1982, ch. 1")
def multivariate_normal_scalar_case(k: Key, m, v):
    """One dimension."""
    return multivariate_normal(k, stack([m]), stack([stack([v])]))[0], normal(k, m, sqrt(v))


@relation("in law", source="Muirhead 1982, ch. 3")
def wishart_scalar_case(k: Key, d, v):
    """A Wishart matrix of one row is a gamma variable."""
    return wishart(k, d, stack([stack([v])]))[0, 0], gamma(k, d / 2, scale=2 * v)


@relation("in law", source="Gupta & Nagar 1999, Matrix Variate Distributions")
def inverse_wishart_scalar_case(k: Key, d, v):
    """An inverse Wishart matrix of one row is an inverse gamma variable."""
    return inverse_wishart(k, d, stack([stack([v])]))[0, 0], inverse_gamma(k, d / 2, scale=v / 2)
