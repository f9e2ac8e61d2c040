r"""Mixtures: a parameter is drawn first, and forgotten.

    Z ~ mixing law        X | Z ~ kernel(Z)
    ────────────────────────────────────────
    X ~ ∫ kernel(z) dP(z)

Read forward, a latent variable that nothing else reads is summed out. Read backward, one is
introduced: given it the kernel is simple, which is what data augmentation and Gibbs samplers
live on. Where the law of Z given X has a name too, the page of conjugate pairs has the joint
statement.

Normals of random variance cover much of the page: what variance makes the tails of a Laplace,
a Student t, a logistic variable.

Example: a waiting time whose rate is a gamma variable.

>>> import astragal as ag
>>> from astragal.rewrites.mixtures import lomax_mixture
>>> k1, k2 = ag.split(ag.key(0))
>>> rate = ag.random.gamma(k1, 3.0, rate=2.0)
>>> lomax_mixture.forward(ag.random.exponential(k2, rate=rate))
lomax(key(0, 'threefry4x32'), 3.0, 2.0)
"""

from astragal import (
    Covariance,
    Integer,
    Key,
    Positive,
    Probability,
    Simplex,
    StochasticMatrix,
    Vector,
    equal,
    log,
    matmul,
    matrix_transpose,
    relation,
    split,
    sqrt,
    sum,
    where,
)
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
    gamma,
    gumbel,
    half_normal,
    hypergeometric,
    inverse_gamma,
    inverse_wishart,
    laplace,
    levy,
    logistic,
    lomax,
    multinomial,
    multivariate_normal,
    multivariate_t,
    negative_binomial,
    noncentral_chi_square,
    normal,
    poisson,
    rayleigh,
    skew_normal,
    student_t,
    uniform,
    weibull,
)

ANDREWS = "Andrews & Mallows 1974, JRSS B 36"
LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"
JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKB2 = "Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2"
JKB97 = "Johnson, Kotz & Balakrishnan 1997, Discrete Multivariate Distributions"
WALKER = "Damien, Wakefield & Walker 1999, JRSS B 61"

# Normals of random variance --------------------------------------------------------------


@relation("in law", source=ANDREWS)
def student_t_mixture(k: Key, d, m, s):
    """An inverse gamma variance gives Student's t."""
    k1, k2 = split(k)
    v = inverse_gamma(k1, d / 2, scale=d * s**2 / 2)
    return normal(k2, m, sqrt(v)), student_t(k, d, m, s)


@relation("in law", source=ANDREWS)
def student_t_precision_mixture(k: Key, d, m, s):
    """A gamma precision gives Student's t."""
    k1, k2 = split(k)
    w = gamma(k1, d / 2, scale=2 / d)
    return normal(k2, m, s / sqrt(w)), student_t(k, d, m, s)


@relation("in law", source=ANDREWS)
def student_t_chi_square_mixture(k: Key, d, m, s):
    """The same in terms of a chi-square variable."""
    k1, k2 = split(k)
    w = chi_square(k1, d)
    return normal(k2, m, s * sqrt(d / w)), student_t(k, d, m, s)


@relation("in law", source=ANDREWS)
def cauchy_levy_mixture(k: Key, m, s):
    """A Lévy variance gives a Cauchy variable."""
    k1, k2 = split(k)
    return normal(k2, m, sqrt(levy(k1, 0.0, s**2))), cauchy(k, m, s)


@relation("in law", source=ANDREWS)
def cauchy_half_normal_mixture(k: Key, m, s):
    """A deviation that is the reciprocal of a half-normal gives a Cauchy variable."""
    k1, k2 = split(k)
    return normal(k2, m, s / half_normal(k1, 1.0)), cauchy(k, m, s)


@relation("in law", source=ANDREWS)
def laplace_exponential_mixture(k: Key, m, s):
    """An exponential variance gives a Laplace variable (the Bayesian lasso)."""
    k1, k2 = split(k)
    return normal(k2, m, sqrt(exponential(k1, scale=2 * s**2))), laplace(k, m, s)


@relation("in law", source=ANDREWS)
def laplace_rayleigh_mixture(k: Key, m, s):
    """A Rayleigh deviation gives a Laplace variable."""
    k1, k2 = split(k)
    return normal(k2, m, rayleigh(k1, s)), laplace(k, m, s)


@relation("in law", source="Park & Casella 2008, JASA 103")
def laplace_precision_mixture(k: Key, m, s):
    """An inverse gamma precision of shape 1 gives a Laplace variable."""
    k1, k2 = split(k)
    u = inverse_gamma(k1, 1.0, scale=1 / (2 * s**2))
    return normal(k2, m, 1 / sqrt(u)), laplace(k, m, s)


@relation("in law", source="Kozumi & Kobayashi 2011, J. Stat. Comput. Simul. 81")
def asymmetric_laplace_mixture(k: Key, m, s, c):
    """A waiting time that moves the mean and is the variance: Bayesian quantile regression."""
    k1, k2 = split(k)
    z = exponential(k1, rate=1.0)
    return (
        normal(k2, m + s * (1 / c - c) * z, s * sqrt(2 * z)),
        asymmetric_laplace(k, m, s, c),
    )


@relation("in law", source="Azzalini 1985, Scand. J. Stat. 12")
def skew_normal_mixture(k: Key, m, s, a):
    """A half-normal mean gives a skew normal variable."""
    k1, k2 = split(k)
    d = a / sqrt(1 + a**2)
    h = half_normal(k1, 1.0)
    return normal(k2, m + s * d * h, s * sqrt(1 - d**2)), skew_normal(k, m, s, a)


@relation("in law", source="Bishop 2006, section 2.3")
def normal_mean_mixture(k: Key, m, t, s):
    """A normal mean adds its variance."""
    k1, k2 = split(k)
    return normal(k2, normal(k1, m, t), s), normal(k, m, sqrt(s**2 + t**2))


# Uniform variables on random intervals -------------------------------------------------------


@relation("in law", source=WALKER)
def normal_uniform_mixture(k: Key, m, s):
    """A normal is uniform on an interval whose squared half-width is a gamma variable."""
    k1, k2 = split(k)
    v = gamma(k1, 1.5, rate=0.5)
    return uniform(k2, m - s * sqrt(v), m + s * sqrt(v)), normal(k, m, s)


@relation("in law", source="Feller 1971, vol. 2, section V.9")
def exponential_uniform_mixture(k: Key, r):
    """A waiting time is uniform below a gamma variable of shape 2."""
    k1, k2 = split(k)
    return uniform(k2, 0.0, gamma(k1, 2.0, rate=r)), exponential(k, rate=r)


@relation("in law", source=WALKER)
def laplace_uniform_mixture(k: Key, m, s):
    """A Laplace variable is uniform on an interval of gamma half-width."""
    k1, k2 = split(k)
    v = gamma(k1, 2.0, scale=s)
    return uniform(k2, m - v, m + v), laplace(k, m, s)


# Positive variables ----------------------------------------------------------------------------


@relation("in law", source=LEEMIS)
def lomax_mixture(k: Key, a, s):
    """A waiting time with a gamma rate is Lomax."""
    k1, k2 = split(k)
    return exponential(k2, rate=gamma(k1, a, rate=s)), lomax(k, a, s)


@relation("in law", source=LEEMIS)
def beta_prime_mixture(k: Key, a, b, s):
    """A gamma variable with a gamma rate is a scaled beta prime."""
    k1, k2 = split(k)
    return gamma(k2, a, rate=gamma(k1, b, rate=s)), s * beta_prime(k, a, b)


@relation("in law", source=LEEMIS)
def beta_prime_unit_mixture(k: Key, a, b):
    """The same on the unit scale."""
    k1, k2 = split(k)
    return gamma(k2, a, rate=gamma(k1, b, rate=1.0)), beta_prime(k, a, b)


@relation("in law", source=f"{JKB1}, ch. 12")
def burr_mixture(k: Key, c, d, s: Positive):
    """A Weibull variable with a gamma hazard: a power of a beta prime (Burr XII)."""
    k1, k2 = split(k)
    r = gamma(k1, d, rate=1.0)
    return weibull(k2, c, s * r ** (-1 / c)), s * beta_prime(k, 1.0, d) ** (1 / c)


@relation("in law", source=f"{JKB1}, ch. 12")
def dagum_mixture(k: Key, c, d, s: Positive):
    """The reciprocal of a Weibull variable (Fréchet) with a gamma scale: Dagum."""
    k1, k2 = split(k)
    r = gamma(k1, d, rate=1.0)
    return 1 / weibull(k2, c, r ** (-1 / c) / s), s * beta_prime(k, d, 1.0) ** (1 / c)


@relation("in law", source=f"{JKB2}, ch. 23")
def logistic_mixture(k: Key, m, s):
    """A Gumbel variable moved by the logarithm of a waiting time is logistic."""
    k1, k2 = split(k)
    r = exponential(k1, rate=1.0)
    return gumbel(k2, m + s * log(r), s), logistic(k, m, s)


@relation("in law", source=f"{JKB2}, ch. 29")
def noncentral_chi_square_mixture(k: Key, d, c):
    """A Poisson number of further degrees of freedom."""
    k1, k2 = split(k)
    return chi_square(k2, d + 2 * poisson(k1, c / 2)), noncentral_chi_square(k, d, c)


# Counts ----------------------------------------------------------------------------------------


@relation("in law", source=LEEMIS)
def negative_binomial_mixture(k: Key, a, b):
    """A Poisson count with a gamma rate is negative binomial."""
    k1, k2 = split(k)
    return poisson(k2, gamma(k1, a, rate=b)), negative_binomial(k, a, b / (1 + b))


@relation("in law", source=f"{JKK}, ch. 5", where=lambda t: t > 0)
def negative_binomial_exposure_mixture(k: Key, a, b, t):
    """The same with an exposure."""
    k1, k2 = split(k)
    return poisson(k2, t * gamma(k1, a, rate=b)), negative_binomial(k, a, b / (t + b))


@relation("in law", source=f"{JKK}, ch. 5")
def poisson_exponential_mixture(k: Key, r):
    """With an exponential rate the number of failures is geometric."""
    k1, k2 = split(k)
    return poisson(k2, exponential(k1, rate=r)), negative_binomial(k, 1.0, r / (1 + r))


@relation("in law", source=LEEMIS)
def beta_binomial_mixture(k: Key, n: Integer, a, b):
    """Trials with a beta probability."""
    k1, k2 = split(k)
    return binomial(k2, n, beta(k1, a, b)), beta_binomial(k, n, a, b)


@relation("in law", source=f"{JKK}, ch. 6")
def bernoulli_beta_mixture(k: Key, a, b):
    """One trial with a beta probability: only its mean counts."""
    k1, k2 = split(k)
    return bernoulli(k2, beta(k1, a, b)), bernoulli(k, a / (a + b))


@relation("in law", source=f"{JKK}, ch. 6")
def bernoulli_uniform_mixture(k: Key):
    """One trial with a probability of which nothing is known."""
    k1, k2 = split(k)
    return bernoulli(k2, uniform(k1, 0.0, 1.0)), bernoulli(k, 0.5)


@relation("in law", source=f"{JKK}, ch. 6")
def binomial_uniform_mixture(k: Key, n: Integer):
    """Every count of successes is then equally likely (Bayes, 1763)."""
    k1, k2 = split(k)
    return binomial(k2, n, uniform(k1, 0.0, 1.0)), discrete_uniform(k, 0, n + 1)


@relation("in law", source=f"{JKK}, ch. 6", where=lambda n, d: d <= n)
def hypergeometric_binomial_mixture(k: Key, n: Integer, p, d: Integer):
    """A sample from an urn whose marked balls were marked by chance."""
    k1, k2 = split(k)
    g = binomial(k1, n, p)
    return hypergeometric(k2, g, n - g, d), binomial(k, d, p)


@relation("in law", source=f"{JKK}, ch. 6", where=lambda n, d: d <= n)
def hypergeometric_beta_binomial_mixture(k: Key, n: Integer, a, b, d: Integer):
    """The same where the chance itself is a beta variable."""
    k1, k2 = split(k)
    g = beta_binomial(k1, n, a, b)
    return hypergeometric(k2, g, n - g, d), beta_binomial(k, d, a, b)


@relation("in law", source="Kingman 1993, Poisson Processes, section 5.1")
def poisson_thinning_mixture(k: Key, λ, p):
    """Points kept of a thinned Poisson count."""
    k1, k2 = split(k)
    return binomial(k2, poisson(k1, λ), p), poisson(k, λ * p)


@relation("in law", source=f"{JKK}, ch. 3")
def binomial_thinning_mixture(k: Key, n: Integer, p, q):
    """Successes kept of a binomial count."""
    k1, k2 = split(k)
    return binomial(k2, binomial(k1, n, p), q), binomial(k, n, p * q)


# Categories and mixtures of finitely many ------------------------------------------------------


@relation("in law", source=f"{JKB97}, ch. 35")
def categorical_dirichlet_mixture(k: Key, α: Vector):
    """A category with Dirichlet probabilities: only their means count."""
    k1, k2 = split(k)
    return categorical(k2, dirichlet(k1, α)), categorical(k, α / sum(α))


@relation("in law", source=f"{JKB97}, ch. 35")
def multinomial_dirichlet_mixture(k: Key, α: Vector, n: Integer):
    """Counts of categories with Dirichlet probabilities."""
    k1, k2 = split(k)
    return multinomial(k2, n, dirichlet(k1, α)), dirichlet_multinomial(k, n, α)


@relation("in law", source="Bishop 2006, ch. 8")
def bernoulli_mixture(k: Key, q, p1: Probability, p0: Probability):
    """The law of total probability."""
    k1, k2 = split(k)
    z = bernoulli(k1, q)
    return bernoulli(k2, where(equal(z, 1), p1, p0)), bernoulli(k, q * p1 + (1 - q) * p0)


@relation("in law", source="Bishop 2006, ch. 13")
def categorical_channel(k: Key, w: Simplex, T: StochasticMatrix):
    """A category that is read through a noisy channel."""
    k1, k2 = split(k)
    return categorical(k2, T[categorical(k1, w)]), categorical(k, matmul(w, T))


@relation("reversal", source="Bishop 2006, ch. 13")
def categorical_channel_reversal(kz: Key, ky: Key, w: Simplex, T: StochasticMatrix):
    """Bayes' rule for a category and its reading: a step of the forward algorithm."""
    z = categorical(kz, w)
    yield z, categorical(ky, T[z])
    y = categorical(ky, matmul(w, T))
    likelihood = matrix_transpose(T)[y]
    yield categorical(kz, w * likelihood / sum(w * likelihood)), y


@relation("reversal", source="Bishop 2006, ch. 8")
def bernoulli_reversal(kz: Key, ky: Key, q, p1: Probability, p0: Probability):
    """Bayes' rule for two events: prevalence, sensitivity, and false alarms."""
    z = bernoulli(kz, q)
    yield z, bernoulli(ky, where(equal(z, 1), p1, p0))
    p = q * p1 + (1 - q) * p0
    y = bernoulli(ky, p)
    yield bernoulli(kz, where(equal(y, 1), q * p1 / p, q * (1 - p1) / (1 - p))), y


# Vectors ---------------------------------------------------------------------------------------


@relation("in law", source="Kotz & Nadarajah 2004, Multivariate t Distributions")
def multivariate_t_mixture(k: Key, d, m: Vector, S: Covariance):
    """A gamma precision for the whole vector gives a multivariate t."""
    k1, k2 = split(k)
    return multivariate_normal(k2, m, S / gamma(k1, d / 2, scale=2 / d)), multivariate_t(k, m, S, d)


@relation("in law", source="Murphy 2007, section 9", where=lambda d, m: d > m.shape[0])
def multivariate_t_wishart_mixture(k: Key, d, m: Vector, S: Covariance):
    """An inverse Wishart covariance gives a multivariate t."""
    k1, k2 = split(k)
    n = m.shape[0]
    return (
        multivariate_normal(k2, m, inverse_wishart(k1, d, S)),
        multivariate_t(k, m, S / (d - n + 1), d - n + 1),
    )
