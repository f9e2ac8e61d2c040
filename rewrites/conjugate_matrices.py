r"""Conjugate updates of covariances, precisions and tables of coefficients.

    W ~ MatrixNormal(M, V, Σ)        Y | W ~ MatrixNormal(X W, R, Σ)
    ───────────────────────────────────────────────────────────────────
    Y     ~ MatrixNormal(X M, X V Xᵀ + R, Σ)
    W | Y ~ MatrixNormal(M', V', Σ)       V'⁻¹ = V⁻¹ + Xᵀ R⁻¹ X

The covariance of the columns stands beside all that follows from the rows, so that a regression
of many responses is one of each, and unknown only when all else is known. Wishart laws are
conjugate to what they are in each other's units.

Example: a covariance from a table of normal rows.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_matrices import covariance_of_table
>>> k1, k2 = ag.split(ag.key(1))
>>> S = ag.random.inverse_wishart(k1, 5.0, ag.eye(2))
>>> Y = ag.random.matrix_normal(k2, ag.zeros((3, 2)), ag.eye(3), S)
>>> posterior, _ = covariance_of_table.forward((S, Y))
>>> float(ag.evaluate(posterior.args[2]))
8.0
"""

from astragal import (
    Covariance,
    Expr,
    Key,
    Matrix,
    Positive,
    PositiveVector,
    Vector,
    equal,
    eye,
    linalg,
    matmul,
    matrix_transpose,
    relation,
    sqrt,
    sum,
)
from astragal.random import (
    gamma,
    inverse_wishart,
    matrix_normal,
    multivariate_normal,
    multivariate_t,
    normal,
    wishart,
)
from astragal.rewrites.conjugate_vectors import combined, inverse, symmetric

GUPTA = "Gupta & Nagar 1999, Matrix Variate Distributions"
KOTZ = "Kotz & Nadarajah 2004, section 1.2"
BISHOP = "Bishop 2006, section 3.3"


def sandwich(X: Expr, S: Expr) -> Expr:
    """Write X S Xᵀ, symmetric to the last bit."""
    return symmetric(matmul(matmul(X, S), matrix_transpose(X)))


# Covariances and precisions --------------------------------------------------------------------


@relation(
    "conditional",
    source=f"{GUPTA}, section 3.4",
    where=lambda ν, df, V: [ν > V.shape[0] - 1, df > V.shape[0] - 1],
)
def scale_of_inverse_wishart(kL: Key, kX: Key, ν, V: Covariance, df):
    """The scale of an inverse Wishart matrix, with a Wishart prior."""
    L = wishart(kL, ν, V)
    X = inverse_wishart(kX, df, L)
    yield L, X
    yield wishart(kL, ν + df, inverse(linalg.inv(V) + linalg.inv(X))), X


@relation(
    "conditional",
    source=f"{GUPTA}, section 3.4",
    where=lambda ν, df, P: [ν > P.shape[0] - 1, df > P.shape[0] - 1],
)
def inverse_scale_of_inverse_wishart(kS: Key, kX: Key, ν, P: Covariance, df):
    """The inverse of the scale of an inverse Wishart matrix, with a prior of that name."""
    S = inverse_wishart(kS, ν, P)
    X = inverse_wishart(kX, df, linalg.inv(S))
    yield S, X
    yield inverse_wishart(kS, ν + df, P + linalg.inv(X)), X


@relation(
    "conditional",
    source=f"{GUPTA}, section 3.4",
    where=lambda ν, P, M, U: [
        ν > P.shape[0] - 1,
        equal(M.shape[0], U.shape[0]),
        equal(M.shape[1], P.shape[0]),
    ],
)
def covariance_of_table(kS: Key, kY: Key, ν, P: Covariance, M: Matrix, U: Covariance):
    """The covariance of the columns of a normal table."""
    S = inverse_wishart(kS, ν, P)
    Y = matrix_normal(kY, M, U, S)
    yield S, Y
    d = Y - M
    spread = symmetric(matmul(matrix_transpose(d), linalg.solve(U, d)))
    yield inverse_wishart(kS, ν + U.shape[0], P + spread), Y


@relation(
    "reversal",
    source=f"{GUPTA}, section 2.3",
    where=lambda M, V, S, X, R: [
        equal(M.shape[0], V.shape[0]),
        equal(M.shape[1], S.shape[0]),
        equal(X.shape[0], R.shape[0]),
        equal(X.shape[1], V.shape[0]),
    ],
)
def table_of_coefficients(
    kW: Key, kY: Key, M: Matrix, V: Covariance, S: Covariance, X: Matrix, R: Covariance
):
    """Coefficients of several responses, whose covariance is known."""
    W = matrix_normal(kW, M, V, S)
    yield W, matrix_normal(kY, matmul(X, W), R, S)
    Xt, Q = matrix_transpose(X), linalg.inv(R)
    Y = matrix_normal(kY, matmul(X, M), sandwich(X, V) + R, S)
    P = linalg.inv(V)
    yield (
        matrix_normal(
            kW, *combined(M, P, matmul(Xt, matmul(Q, Y)), symmetric(matmul(Xt, matmul(Q, X)))), S
        ),
        Y,
    )


@relation("reversal", source=KOTZ)
def scaled_precision(kw: Key, ky: Key, α, β, m: Vector, S: Covariance):
    """A normal vector of a precision known but for a factor is a Student t vector."""
    w = gamma(kw, α, rate=β)
    yield w, multivariate_normal(ky, m, S / w)
    y = multivariate_t(ky, m, β / α * S, 2 * α)
    length = sum((y - m) * linalg.solve(S, y - m))
    yield gamma(kw, α + m.shape[0] / 2, rate=β + length / 2), y


# Coefficients ------------------------------------------------------------------------------------


@relation("reversal", source=BISHOP)
def regression_unknown_precision(
    kw: Key, kb: Key, ky: Key, α, β, m: Vector, S: Covariance, X: Matrix
):
    """Coefficients and the precision of the errors."""
    w = gamma(kw, α, rate=β)
    b = multivariate_normal(kb, m, S / w)
    yield w, b, normal(ky, matmul(X, b), 1 / sqrt(w))
    Xt, P, n = matrix_transpose(X), linalg.inv(S), X.shape[0]
    cov = eye(n) + sandwich(X, S)
    y = multivariate_t(ky, matmul(X, m), β / α * cov, 2 * α)
    centre, unit = combined(m, P, matmul(Xt, y), matmul(Xt, X))
    d = y - matmul(X, m)
    w = gamma(kw, α + n / 2, rate=β + sum(d * linalg.solve(cov, d)) / 2)
    yield w, multivariate_normal(kb, centre, unit / w), y


@relation("reversal", source="Bishop 2006, section 2.3.3")
def projection_seen(kx: Key, ky: Key, m: Vector, S: Covariance, h: Vector, s):
    """A normal vector, of which one linear function is seen with noise."""
    x = multivariate_normal(kx, m, S)
    yield x, normal(ky, sum(h * x), s)
    Sh = matmul(S, h)
    g = sum(h * Sh) + s**2
    y = normal(ky, sum(h * m), sqrt(g))
    yield multivariate_normal(kx, m + Sh * (y - sum(h * m)) / g, S - linalg.outer(Sh, Sh) / g), y


@relation("reversal", source="Rasmussen & Williams 2006, section 2.2")
def values_seen(kf: Key, ky: Key, m: Vector, K: Covariance, s: PositiveVector):
    """A Gaussian process at points, each seen with noise of its own."""
    f = multivariate_normal(kf, m, K)
    yield f, normal(ky, f, s)
    G = K + linalg.diag(s**2)
    y = multivariate_normal(ky, m, G)
    gain = matmul(K, linalg.inv(G))
    yield multivariate_normal(kf, m + matmul(gain, y - m), symmetric(K - matmul(gain, K))), y


@relation("reversal", source="Rasmussen & Williams 2006, section 2.7")
def factors_seen(kf: Key, ky: Key, F: Matrix, s: Positive):
    """Factors that are drawn one by one, and what is seen of them through their loadings."""
    f = normal(kf, 0.0, 1.0, size=(F.shape[1],))
    yield f, normal(ky, matmul(F, f), s)
    Ft, n = matrix_transpose(F), F.shape[0]
    cov = symmetric(matmul(F, Ft)) + s**2 * eye(n)
    y = multivariate_normal(ky, 0.0 * matmul(F, Ft)[0], cov)
    unit = inverse(eye(F.shape[1]) + matmul(Ft, F) / s**2)
    yield multivariate_normal(kf, matmul(unit, matmul(Ft, y)) / s**2, unit), y
