r"""Augmentation: a variable brought in so that the others become tractable.

    w ~ Gamma(ν/2, rate ν/2)        y | w ~ Normal(m, s / √w)
    ──────────────────────────────────────────────────────────
    y     ~ StudentT(ν, m, s)
    w | y ~ Gamma((ν + 1)/2, rate (ν + ((y - m) / s)²) / 2)

Read backward, each relation brings a latent variable in; read forward it integrates it out. A
heavy tail is a normal variable of random variance; a half-Cauchy scale is the root of an inverse
gamma variance whose scale is drawn from another; given a Pólya-Gamma variable, the likelihood of
a logit is a normal one.

    | variable                        | given the latent one      | the latent one             |
    |---------------------------------|---------------------------|----------------------------|
    | Student t                       | normal                    | inverse gamma variance     |
    | Laplace                         | normal                    | exponential variance       |
    | asymmetric Laplace              | normal, mean shifted too  | exponential variance       |
    | half-Student t, half-Cauchy     | root of an inverse gamma  | inverse gamma scale        |
    | count of successes, by a logit  | as normal in the logit    | Pólya-Gamma precision      |

Example: a Student t variable with its precision.

>>> import astragal as ag
>>> from astragal.rewrites.augmentation import student_t_precision
>>> k1, k2 = ag.split(ag.key(1))
>>> w = ag.random.gamma(k1, 2.0, rate=2.0)
>>> _, y = student_t_precision.forward((w, ag.random.normal(k2, 0.0, 1.0 / ag.sqrt(w))))
>>> y.op.name
'student_t'
"""

from astragal import (
    Covariance,
    Expr,
    Integer,
    IntegerVector,
    Key,
    Matrix,
    Positive,
    Vector,
    abs,
    equal,
    exp,
    expit,
    given,
    linalg,
    matmul,
    matrix_transpose,
    relation,
    split,
    sqrt,
    square,
)
from astragal.random import (
    asymmetric_laplace,
    bernoulli,
    binomial,
    chi_square,
    exponential,
    gamma,
    generalized_inverse_gaussian,
    half_cauchy,
    half_normal,
    half_student_t,
    inverse_gamma,
    inverse_gaussian,
    laplace,
    multivariate_normal,
    negative_binomial,
    normal,
    polya_gamma,
    student_t,
)

ANDREWS = "Andrews & Mallows 1974, JRSS B 36"
WAND = "Wand, Ormerod, Padoan & Frühwirth 2011, Bayesian Anal. 6"
POLSON = "Polson, Scott & Windle 2013, J. Am. Stat. Assoc. 108:1339-1349"


def gig(k: Expr, p: float, a: Expr, b: Expr) -> Expr:
    """Write the density x^(p-1) exp(-(a x + b / x) / 2) with a concentration and a scale."""
    return generalized_inverse_gaussian(k, p, sqrt(a * b), sqrt(b / a))


# Normal variables of random variance ---------------------------------------------------------


@relation("reversal", source="West 1987")
def student_t_precision(kw: Key, ky: Key, ν, m, s):
    """A Student t variable is a normal one whose precision is a gamma variable."""
    w = gamma(kw, ν / 2, rate=ν / 2)
    yield w, normal(ky, m, s / sqrt(w))
    y = student_t(ky, ν, m, s)
    yield gamma(kw, (ν + 1) / 2, rate=(ν + square((y - m) / s)) / 2), y


@relation("reversal", source="West 1987")
def student_t_variance(kv: Key, ky: Key, ν, m, s):
    """The same with an inverse gamma variance."""
    v = inverse_gamma(kv, ν / 2, scale=ν * s**2 / 2)
    yield v, normal(ky, m, sqrt(v))
    y = student_t(ky, ν, m, s)
    yield inverse_gamma(kv, (ν + 1) / 2, scale=(ν * s**2 + square(y - m)) / 2), y


@relation("reversal", source=ANDREWS)
def laplace_variance(kv: Key, ky: Key, m, s):
    """A Laplace variable is a normal one whose variance is a waiting time."""
    v = exponential(kv, rate=1 / (2 * s**2))
    yield v, normal(ky, m, sqrt(v))
    y = laplace(ky, m, s)
    yield gig(kv, 0.5, 1 / s**2, square(y - m)), y


@relation("reversal", source="Kozumi & Kobayashi 2011, J. Stat. Comput. Simul. 81")
def asymmetric_laplace_variance(kz: Key, ky: Key, m, r, c, v):
    """A waiting time that moves the mean as well: the law of a quantile's errors."""
    z = exponential(kz, rate=r)
    yield z, normal(ky, m + c * z, sqrt(v * z))
    s = sqrt(v / (2 * r))
    d = c / (r * s)
    y = asymmetric_laplace(ky, m, s, (sqrt(d**2 + 4) - d) / 2)
    yield gig(kz, 0.5, 2 * r + c**2 / v, square(y - m) / v), y


@relation("reversal", source="Park & Casella 2008")
def lasso_inverse_variance(ku: Key, kb: Key, l, s):  # noqa: E741
    """The reciprocal of a lasso coefficient's variance is inverse Gaussian."""
    u = inverse_gamma(ku, 1.0, scale=l**2 / 2)
    yield u, normal(kb, 0.0, s / sqrt(u))
    b = laplace(kb, 0.0, s / l)
    yield inverse_gaussian(ku, l * s / abs(b), l**2), b


# Scales ------------------------------------------------------------------------------------


@relation("in law", source=WAND)
def half_student_t_by_inverse_gammas(k: Key, ν, A):
    """A half-Student t scale is the root of an inverse gamma of inverse gamma scale."""
    k1, k2 = split(k)
    a = inverse_gamma(k1, 0.5, scale=1 / A**2)
    return sqrt(inverse_gamma(k2, ν / 2, scale=ν / a)), half_student_t(k, ν, A)


@relation("in law", source="Makalic & Schmidt 2016, IEEE Signal Process. Lett. 23")
def half_cauchy_by_inverse_gammas(k: Key, A):
    """A half-Cauchy scale is the root of an inverse gamma of inverse gamma scale."""
    k1, k2 = split(k)
    a = inverse_gamma(k1, 0.5, scale=1 / A**2)
    return sqrt(inverse_gamma(k2, 0.5, scale=1 / a)), half_cauchy(k, A)


@relation("in law", source="Armagan, Clyde & Dunson 2011, Adv. Neural Inf. Process. Syst. 24")
def half_cauchy_by_gammas(k: Key, A):
    """The same with gamma variables, of which each is the rate of the next."""
    k1, k2 = split(k)
    a = gamma(k1, 0.5, rate=A**2)
    return sqrt(gamma(k2, 0.5, rate=a)), half_cauchy(k, A)


@relation("in law", source="Gelman 2006, Bayesian Anal. 1")
def half_student_t_by_expansion(k: Key, ν, A):
    """A half-Student t scale is a half-normal over the root of a chi-square."""
    k1, k2 = split(k)
    return half_normal(k1, A) / sqrt(chi_square(k2, ν) / ν), half_student_t(k, ν, A)


@relation("in law", source="Gelman 2006, Bayesian Anal. 1")
def half_cauchy_by_expansion(k: Key, A):
    """A half-Cauchy scale is the size of a normal over that of another."""
    k1, k2 = split(k)
    return abs(normal(k1, 0.0, A)) / sqrt(chi_square(k2, 1.0)), half_cauchy(k, A)


@relation("conditional", source="Makalic & Schmidt 2016")
def half_cauchy_auxiliary(ka: Key, kv: Key, b, c: Positive):
    """A chain of inverse gamma variables: the first given the second."""
    a = inverse_gamma(ka, 0.5, scale=b)
    v = inverse_gamma(kv, c / 2, scale=c / a)
    yield a, v
    yield inverse_gamma(ka, (c + 1) / 2, scale=b + c / v), v


# Logits ------------------------------------------------------------------------------------


@relation("in law", source=POLSON)
def polya_gamma_by_acceptance(k: Key, kq: Key, h, z):
    """Where the precision of a missed normal factor is kept, it is tilted."""
    w = polya_gamma(k, h, 0.0)
    q = bernoulli(kq, 1 - exp(-w * z**2 / 2))
    return given(w, equal(q, 0)), polya_gamma(k, h, z)


def logit_update(m: Expr, S: Expr, X: Expr, w: Expr, κ: Expr) -> tuple[Expr, Expr]:
    """Give mean and covariance of coefficients whose logits have precisions w."""
    Xt, P = matrix_transpose(X), linalg.inv(S)
    cov = linalg.inv(P + matmul(Xt * w, X))
    return matmul(cov, matmul(P, m) + matmul(Xt, κ)), (cov + matrix_transpose(cov)) / 2


@relation("conditional", source=POLSON)
def bernoulli_logit(kψ: Key, ky: Key, kw: Key, m, s):
    """Given a Pólya-Gamma precision, one trial is a normal observation of its logit."""
    ψ = normal(kψ, m, s)
    y = bernoulli(ky, expit(ψ))
    w = polya_gamma(kw, 1.0, ψ)
    yield ψ, y, w
    p = 1 / s**2 + w
    yield normal(kψ, (m / s**2 + (y - 0.5)) / p, 1 / sqrt(p)), y, w


@relation("conditional", source=POLSON)
def binomial_logit(kψ: Key, ky: Key, kw: Key, m, s, n: Integer):
    """So are several trials."""
    ψ = normal(kψ, m, s)
    y = binomial(ky, n, expit(ψ))
    w = polya_gamma(kw, n, ψ)
    yield ψ, y, w
    p = 1 / s**2 + w
    yield normal(kψ, (m / s**2 + (y - n / 2)) / p, 1 / sqrt(p)), y, w


@relation("conditional", source=POLSON)
def negative_binomial_logit(kψ: Key, ky: Key, kw: Key, m, s, r: Positive):
    """And a count of failures before the r-th success."""
    ψ = normal(kψ, m, s)
    y = negative_binomial(ky, r, 1 - expit(ψ))
    w = polya_gamma(kw, y + r, ψ)
    yield ψ, y, w
    p = 1 / s**2 + w
    yield normal(kψ, (m / s**2 + (y - r) / 2) / p, 1 / sqrt(p)), y, w


@relation("conditional", source=POLSON)
def bernoulli_logits(kb: Key, ky: Key, kw: Key, m: Vector, S: Covariance, X: Matrix):
    """Coefficients of a logistic regression."""
    b = multivariate_normal(kb, m, S)
    ψ = matmul(X, b)
    y = bernoulli(ky, expit(ψ))
    w = polya_gamma(kw, 1.0, ψ)
    yield b, y, w
    yield multivariate_normal(kb, *logit_update(m, S, X, w, y - 0.5)), y, w


@relation("conditional", source=POLSON)
def binomial_logits(
    kb: Key, ky: Key, kw: Key, m: Vector, S: Covariance, X: Matrix, n: IntegerVector
):
    """Coefficients where each observation has trials of its own."""
    b = multivariate_normal(kb, m, S)
    ψ = matmul(X, b)
    y = binomial(ky, n, expit(ψ))
    w = polya_gamma(kw, n, ψ)
    yield b, y, w
    yield multivariate_normal(kb, *logit_update(m, S, X, w, y - n / 2)), y, w


@relation("conditional", source=POLSON)
def negative_binomial_logits(
    kb: Key, ky: Key, kw: Key, m: Vector, S: Covariance, X: Matrix, r: Integer
):
    """Coefficients of counts of failures before r successes."""
    b = multivariate_normal(kb, m, S)
    ψ = matmul(X, b)
    y = negative_binomial(ky, r, 1 - expit(ψ))
    w = polya_gamma(kw, y + r, ψ)
    yield b, y, w
    yield multivariate_normal(kb, *logit_update(m, S, X, w, (y - r) / 2)), y, w
