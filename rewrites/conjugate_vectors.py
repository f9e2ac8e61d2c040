r"""Conjugate updates of vectors and matrices: regression, covariances, their mixtures.

    Σ ~ InverseWishart(ν, Ψ)        y₁, …, yₙ ~ Normal(m, Σ)
    ─────────────────────────────────────────────────────────
    Σ | y ~ InverseWishart(ν + n, Ψ + Σᵢ (yᵢ - m)(yᵢ - m)ᵀ)

What a scalar variance has in squares, a covariance has in outer products. Coefficients have
a normal prior; given the errors' variance they and the data are jointly normal, and with an
inverse gamma prior on that variance, in units of which the coefficients are spread, the data
are a Student t vector.

Example: the coefficients of a regression with known noise.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_vectors import regression
>>> k1, k2 = ag.split(ag.key(1))
>>> design = ag.input("X", shape=(5, 2))
>>> w = ag.random.multivariate_normal(k1, ag.constant([0.0, 0.0]), ag.eye(2))
>>> y = ag.random.normal(k2, design @ w, 2.0)
>>> posterior, _ = regression.forward((w, y))
>>> posterior.op.name, posterior.shape
('multivariate_normal', (2,))
"""

from astragal import (
    Covariance,
    Expr,
    Integer,
    Key,
    Matrix,
    Positive,
    PositiveVector,
    Vector,
    eye,
    linalg,
    matmul,
    matrix_transpose,
    mean,
    relation,
    sqrt,
    square,
    sum,
)
from astragal.random import (
    gamma,
    inverse_gamma,
    inverse_wishart,
    matrix_normal,
    multivariate_normal,
    multivariate_t,
    normal,
    wishart,
)

BISHOP = "Bishop 2006, section 3.3"
MURPHY = "Murphy 2007, Conjugate Bayesian analysis of the Gaussian distribution"


def symmetric(x: Expr) -> Expr:
    """Take what rounding has put apart together again."""
    return (x + matrix_transpose(x)) / 2


def inverse(x: Expr) -> Expr:
    """Invert a covariance, symmetric to the last bit."""
    return symmetric(linalg.inv(x))


def scatter(y: Expr, m: Expr) -> Expr:
    """Add up the outer products of the rows' distances from m."""
    d = y - m
    return matmul(matrix_transpose(d), d)


def combined(m: Expr, P: Expr, total: Expr, Q: Expr) -> tuple[Expr, Expr]:
    """Put a prior mean m of precision P together with data of precision Q."""
    cov = inverse(P + Q)
    return matmul(cov, matmul(P, m) + total), cov


# Means and coefficients ----------------------------------------------------------------


@relation("conditional", source=MURPHY)
def vector_mean_sample(kμ: Key, ky: Key, m: Vector, S: Covariance, R: Covariance, n: Integer):
    """The mean of n vectors of a known covariance."""
    μ = multivariate_normal(kμ, m, S)
    y = multivariate_normal(ky, μ, R, size=(n,))
    yield μ, y
    Q = linalg.inv(R)
    yield multivariate_normal(kμ, *combined(m, linalg.inv(S), matmul(Q, sum(y, axis=0)), n * Q)), y


@relation("reversal", source=MURPHY)
def vector_mean(kμ: Key, ky: Key, m: Vector, S: Covariance, R: Covariance):
    """The mean of one vector: covariances add in the predictive law."""
    μ = multivariate_normal(kμ, m, S)
    yield μ, multivariate_normal(ky, μ, R)
    y = multivariate_normal(ky, m, S + R)
    K = matmul(S, linalg.inv(S + R))
    yield multivariate_normal(kμ, m + matmul(K, y - m), symmetric(S - matmul(K, S))), y


@relation("reversal", source=BISHOP)
def regression(kw: Key, ky: Key, m: Vector, S: Covariance, X: Matrix, s):
    """Coefficients, with errors of one known size."""
    w = multivariate_normal(kw, m, S)
    yield w, normal(ky, matmul(X, w), s)
    Xt = matrix_transpose(X)
    cov = symmetric(matmul(matmul(X, S), Xt)) + s**2 * eye(X.shape[0])
    y = multivariate_normal(ky, matmul(X, m), cov)
    posterior = combined(m, linalg.inv(S), matmul(Xt, y) / s**2, matmul(Xt, X) / s**2)
    yield multivariate_normal(kw, *posterior), y


@relation("reversal", source=BISHOP)
def regression_sizes(kw: Key, ky: Key, m: Vector, S: Covariance, X: Matrix, s: PositiveVector):
    """Coefficients, with errors of several known sizes."""
    w = multivariate_normal(kw, m, S)
    yield w, normal(ky, matmul(X, w), s)
    Xt = matrix_transpose(X)
    cov = symmetric(matmul(matmul(X, S), Xt)) + linalg.diag(s**2)
    y = multivariate_normal(ky, matmul(X, m), cov)
    weights = s**-2.0
    posterior = combined(m, linalg.inv(S), matmul(Xt, weights * y), matmul(Xt * weights, X))
    yield multivariate_normal(kw, *posterior), y


@relation("conditional", source=BISHOP)
def regression_with_offset(
    kw: Key, ky: Key, m: Vector, S: Covariance, X: Matrix, c: Vector, s: PositiveVector
):
    """Coefficients, where a known part is added to each mean."""
    w = multivariate_normal(kw, m, S)
    y = normal(ky, matmul(X, w) + c, s)
    yield w, y
    Xt, weights = matrix_transpose(X), s**-2.0
    posterior = combined(m, linalg.inv(S), matmul(Xt, weights * (y - c)), matmul(Xt * weights, X))
    yield multivariate_normal(kw, *posterior), y


# Variances -----------------------------------------------------------------------------


@relation("conditional", source=BISHOP)
def regression_variance(kv: Key, ky: Key, α, β, X: Matrix, w: Vector):
    """The size of the errors, with coefficients known."""
    v = inverse_gamma(kv, α, scale=β)
    y = normal(ky, matmul(X, w), sqrt(v))
    yield v, y
    n, squares = X.shape[0], sum(square(y - matmul(X, w)))
    yield inverse_gamma(kv, α + n / 2, scale=β + squares / 2), y


@relation("conditional", source=BISHOP)
def regression_precision(kt: Key, ky: Key, α, β, X: Matrix, w: Vector):
    """The same in terms of a precision."""
    t = gamma(kt, α, rate=β)
    y = normal(ky, matmul(X, w), 1 / sqrt(t))
    yield t, y
    n, squares = X.shape[0], sum(square(y - matmul(X, w)))
    yield gamma(kt, α + n / 2, rate=β + squares / 2), y


@relation("conditional", source="Hoerl & Kennard 1970, Technometrics 12")
def ridge_regression(kw: Key, ky: Key, X: Matrix, t, s):
    """Coefficients that are drawn around zero one by one."""
    w = normal(kw, 0.0, t, size=(X.shape[1],))
    y = normal(ky, matmul(X, w), s)
    yield w, y
    Xt = matrix_transpose(X)
    cov = inverse(eye(X.shape[1]) / t**2 + matmul(Xt, X) / s**2)
    yield multivariate_normal(kw, matmul(cov, matmul(Xt, y)) / s**2, cov), y


@relation("reversal", source="Kotz & Nadarajah 2004, section 1.2")
def scaled_covariance(kv: Key, ky: Key, α, β, m: Vector, S: Covariance):
    """A normal vector of a covariance known but for a factor is a Student t vector."""
    v = inverse_gamma(kv, α, scale=β)
    yield v, multivariate_normal(ky, m, v * S)
    y = multivariate_t(ky, m, β / α * S, 2 * α)
    length = sum((y - m) * linalg.solve(S, y - m))
    yield inverse_gamma(kv, α + m.shape[0] / 2, scale=β + length / 2), y


@relation("reversal", source=BISHOP)
def regression_unknown_variance(
    kv: Key, kw: Key, ky: Key, α, β, m: Vector, S: Covariance, X: Matrix
):
    """Coefficients and the size of the errors: the data are a Student t vector."""
    v = inverse_gamma(kv, α, scale=β)
    w = multivariate_normal(kw, m, v * S)
    yield v, w, normal(ky, matmul(X, w), sqrt(v))
    Xt, P, n = matrix_transpose(X), linalg.inv(S), X.shape[0]
    cov = eye(n) + symmetric(matmul(matmul(X, S), Xt))
    y = multivariate_t(ky, matmul(X, m), β / α * cov, 2 * α)
    mean_of, unit = combined(m, P, matmul(Xt, y), matmul(Xt, X))
    d = y - matmul(X, m)
    v = inverse_gamma(kv, α + n / 2, scale=β + sum(d * linalg.solve(cov, d)) / 2)
    yield v, multivariate_normal(kw, mean_of, v * unit), y


# Covariances ---------------------------------------------------------------------------


@relation("conditional", source=MURPHY, where=lambda ν, Ψ: ν > Ψ.shape[0] - 1)
def covariance_sample(kS: Key, ky: Key, ν, Ψ: Covariance, m: Vector, n: Integer):
    """The covariance of n vectors of a known mean."""
    S = inverse_wishart(kS, ν, Ψ)
    y = multivariate_normal(ky, m, S, size=(n,))
    yield S, y
    yield inverse_wishart(kS, ν + n, Ψ + scatter(y, m)), y


@relation("reversal", source=MURPHY, where=lambda ν, Ψ: ν > Ψ.shape[0] - 1)
def covariance_predictive(kS: Key, ky: Key, ν, Ψ: Covariance, m: Vector):
    """The covariance of one vector: the predictive law is Student's."""
    S = inverse_wishart(kS, ν, Ψ)
    yield S, multivariate_normal(ky, m, S)
    df = ν - m.shape[0] + 1
    y = multivariate_t(ky, m, Ψ / df, df)
    yield inverse_wishart(kS, ν + 1, Ψ + linalg.outer(y - m, y - m)), y


@relation(
    "conditional",
    source="Gupta & Nagar 1999, section 3.4",
    where=lambda ν, df, Ψ: [ν > Ψ.shape[0] - 1, df > Ψ.shape[0] - 1],
)
def covariance_wishart(kS: Key, ky: Key, ν, Ψ: Covariance, df):
    """The covariance of a scatter matrix."""
    S = inverse_wishart(kS, ν, Ψ)
    X = wishart(ky, df, S)
    yield S, X
    yield inverse_wishart(kS, ν + df, Ψ + X), X


@relation(
    "conditional",
    source="Gupta & Nagar 1999, section 3.4",
    where=lambda ν, df, V: [ν > V.shape[0] - 1, df > V.shape[0] - 1],
)
def precision_wishart(kL: Key, ky: Key, ν, V: Covariance, df):
    """The precision of a scatter matrix."""
    L = wishart(kL, ν, V)
    X = wishart(ky, df, linalg.inv(L))
    yield L, X
    yield wishart(kL, ν + df, inverse(linalg.inv(V) + X)), X


@relation("conditional", source=MURPHY, where=lambda ν, V: ν > V.shape[0] - 1)
def precision_sample(kL: Key, ky: Key, ν, V: Covariance, m: Vector, n: Integer):
    """The precision of n vectors of a known mean."""
    L = wishart(kL, ν, V)
    y = multivariate_normal(ky, m, linalg.inv(L), size=(n,))
    yield L, y
    yield wishart(kL, ν + n, inverse(linalg.inv(V) + scatter(y, m))), y


@relation("conditional", source=MURPHY, where=lambda ν, V: ν > V.shape[0] - 1)
def precision_once(kL: Key, ky: Key, ν, V: Covariance, m: Vector):
    """The precision of one vector of a known mean."""
    L = wishart(kL, ν, V)
    y = multivariate_normal(ky, m, linalg.inv(L))
    yield L, y
    yield wishart(kL, ν + 1, inverse(linalg.inv(V) + linalg.outer(y - m, y - m))), y


@relation("reversal", source=MURPHY, where=lambda ν, Ψ: ν > Ψ.shape[0] - 1)
def normal_inverse_wishart(kS: Key, kμ: Key, ky: Key, ν, Ψ: Covariance, m: Vector, κ: Positive):
    """Mean and covariance from one vector."""
    S = inverse_wishart(kS, ν, Ψ)
    μ = multivariate_normal(kμ, m, S / κ)
    yield S, μ, multivariate_normal(ky, μ, S)
    df = ν - m.shape[0] + 1
    y = multivariate_t(ky, m, Ψ * (κ + 1) / (κ * df), df)
    S = inverse_wishart(kS, ν + 1, Ψ + κ / (κ + 1) * linalg.outer(y - m, y - m))
    yield S, multivariate_normal(kμ, (κ * m + y) / (κ + 1), S / (κ + 1)), y


@relation("conditional", source=MURPHY, where=lambda ν, Ψ: ν > Ψ.shape[0] - 1)
def normal_inverse_wishart_sample(
    kS: Key, kμ: Key, ky: Key, ν, Ψ: Covariance, m: Vector, κ: Positive, n: Integer
):
    """Mean and covariance of a sample, both unknown."""
    S = inverse_wishart(kS, ν, Ψ)
    μ = multivariate_normal(kμ, m, S / κ)
    y = multivariate_normal(ky, μ, S, size=(n,))
    yield S, μ, y
    centre = mean(y, axis=0)
    d = centre - m
    S = inverse_wishart(kS, ν + n, Ψ + scatter(y, centre) + κ * n / (κ + n) * linalg.outer(d, d))
    yield S, multivariate_normal(kμ, (κ * m + sum(y, axis=0)) / (κ + n), S / (κ + n)), y


@relation("conditional", source=MURPHY, where=lambda ν, V: ν > V.shape[0] - 1)
def normal_wishart_sample(
    kL: Key, kμ: Key, ky: Key, ν, V: Covariance, m: Vector, κ: Positive, n: Integer
):
    """Mean and precision of a sample, both unknown."""
    L = wishart(kL, ν, V)
    μ = multivariate_normal(kμ, m, linalg.inv(κ * L))
    y = multivariate_normal(ky, μ, linalg.inv(L), size=(n,))
    yield L, μ, y
    centre = mean(y, axis=0)
    d = centre - m
    sums = linalg.inv(V) + scatter(y, centre) + κ * n / (κ + n) * linalg.outer(d, d)
    L = wishart(kL, ν + n, inverse(sums))
    yield (
        L,
        multivariate_normal(kμ, (κ * m + sum(y, axis=0)) / (κ + n), linalg.inv((κ + n) * L)),
        y,
    )


@relation(
    "conditional", source="Gupta & Nagar 1999, section 2.3", where=lambda ν, Ψ: ν > Ψ.shape[0] - 1
)
def matrix_regression(
    kS: Key, kW: Key, ky: Key, ν, Ψ: Covariance, M: Matrix, V: Covariance, X: Matrix
):
    """Coefficients of several responses, with one unknown covariance of errors."""
    n = X.shape[0]
    S = inverse_wishart(kS, ν, Ψ)
    W = matrix_normal(kW, M, V, S)
    Y = matrix_normal(ky, matmul(X, W), eye(n), S)
    yield S, W, Y
    Xt, P = matrix_transpose(X), linalg.inv(V)
    mean_of, unit = combined(M, P, matmul(Xt, Y), matmul(Xt, X))
    d = Y - matmul(X, M)
    cov = eye(n) + symmetric(matmul(matmul(X, V), Xt))
    spread = symmetric(matmul(matrix_transpose(d), linalg.solve(cov, d)))
    S = inverse_wishart(kS, ν + n, Ψ + spread)
    yield S, matrix_normal(kW, mean_of, unit, S), Y
