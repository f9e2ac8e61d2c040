r"""Affine maps of normal vectors: marginals, conditionals, filtering.

    x ~ Normal(m, S)
    ─────────────────────────────────
    A x + b ~ Normal(A m + b, A S Aᵀ)

The characteristic function of A x + b at t is that of x at Aᵀ t: all that follows is that one line.
Parts of a vector are A = (I 0); sums of vectors are A = (I I); a whitened vector is A = L⁻¹ for
S = L Lᵀ; a conditional law is a part that was made independent of the other by taking its
regression off. The relations of two vectors keep the joint law, so that each may be observed.

Example: a linear map of a vector.

>>> import astragal as ag
>>> from astragal.rewrites.linear_gaussian import vector_map
>>> A, m = ag.input("A", shape=(2, 3)), ag.input("m", shape=(3,))
>>> x = ag.random.multivariate_normal(ag.key(1), m, ag.eye(3))
>>> vector_map.forward(A @ x).op.name
'multivariate_normal'
"""

from astragal import (
    Covariance,
    Expr,
    Integer,
    Key,
    Matrix,
    PositiveVector,
    Vector,
    concat,
    equal,
    eye,
    linalg,
    matmul,
    matrix_transpose,
    mean,
    relation,
    split,
    sqrt,
    stack,
    sum,
    zeros,
)
from astragal.random import multivariate_normal, multivariate_t, normal

MUIRHEAD = "Muirhead 1982, Thm 1.2.6"
KOTZ = "Kotz & Nadarajah 2004, section 1.5"
BISHOP = "Bishop 2006, section 2.3"
SÄRKKÄ = "Särkkä 2013, Bayesian Filtering and Smoothing, ch. 4"


def symmetric(x: Expr) -> Expr:
    """Take what rounding has put apart together again."""
    return (x + matrix_transpose(x)) / 2


def congruent(A: Expr, S: Expr) -> Expr:
    """Write A S Aᵀ."""
    return symmetric(matmul(matmul(A, S), matrix_transpose(A)))


def blocks(A: Expr, B: Expr, C: Expr, D: Expr) -> Expr:
    """Put four matrices together."""
    return concat([concat([A, B], axis=1), concat([C, D], axis=1)])


# Maps ----------------------------------------------------------------------------------


@relation("in law", source=MUIRHEAD, where=lambda A: A.shape[0] <= A.shape[1])
def vector_affine(k: Key, A: Matrix, b: Vector, m: Vector, S: Covariance):
    """An affine map of a normal vector, of full row rank."""
    x = multivariate_normal(k, m, S)
    return matmul(A, x) + b, multivariate_normal(k, matmul(A, m) + b, congruent(A, S))


@relation("in law", source=MUIRHEAD, where=lambda A: A.shape[0] <= A.shape[1])
def vector_map(k: Key, A: Matrix, m: Vector, S: Covariance):
    """A linear map of a normal vector, of full row rank."""
    return (
        matmul(A, multivariate_normal(k, m, S)),
        multivariate_normal(k, matmul(A, m), congruent(A, S)),
    )


@relation("in law", source=MUIRHEAD)
def vector_shift(k: Key, b: Vector, m: Vector, S: Covariance):
    """A shifted normal vector."""
    return b + multivariate_normal(k, m, S), multivariate_normal(k, b + m, S)


@relation("in law", source=MUIRHEAD)
def vector_scaling(k: Key, c, m: Vector, S: Covariance):
    """A multiple of a normal vector."""
    return c * multivariate_normal(k, m, S), multivariate_normal(k, c * m, c**2 * S)


@relation("in law", source=MUIRHEAD)
def vector_form(k: Key, a: Vector, m: Vector, S: Covariance):
    """A linear form of a normal vector is a normal variable."""
    return (
        sum(a * multivariate_normal(k, m, S)),
        normal(k, sum(a * m), sqrt(sum(a * matmul(S, a)))),
    )


@relation("in law", source=MUIRHEAD)
def vector_total(k: Key, m: Vector, S: Covariance):
    """The sum of the entries of a normal vector."""
    return sum(multivariate_normal(k, m, S)), normal(k, sum(m), sqrt(sum(S)))


@relation("in law", source=KOTZ, where=lambda A: A.shape[0] <= A.shape[1])
def student_vector_map(k: Key, A: Matrix, m: Vector, S: Covariance, ν):
    """A linear map of a Student t vector, of full row rank."""
    return (
        matmul(A, multivariate_t(k, m, S, ν)),
        multivariate_t(k, matmul(A, m), congruent(A, S), ν),
    )


@relation("in law", source=KOTZ, where=lambda A: A.shape[0] <= A.shape[1])
def student_vector_affine(k: Key, A: Matrix, b: Vector, m: Vector, S: Covariance, ν):
    """An affine map of a Student t vector, of full row rank."""
    return (
        matmul(A, multivariate_t(k, m, S, ν)) + b,
        multivariate_t(k, matmul(A, m) + b, congruent(A, S), ν),
    )


# Sums ----------------------------------------------------------------------------------


@relation("in law", source=MUIRHEAD)
def vector_difference(k: Key, m1: Vector, S1: Covariance, m2: Vector, S2: Covariance):
    """A difference of independent normal vectors: covariances add."""
    k1, k2 = split(k)
    return (
        multivariate_normal(k1, m1, S1) - multivariate_normal(k2, m2, S2),
        multivariate_normal(k, m1 - m2, S1 + S2),
    )


@relation("in law", source=MUIRHEAD)
def vector_sample_mean(k: Key, m: Vector, S: Covariance, n: Integer):
    """The mean of n normal vectors."""
    return (
        mean(multivariate_normal(k, m, S, size=(n,)), axis=0),
        multivariate_normal(k, m, S / n),
    )


@relation("in law", source=MUIRHEAD)
def vector_sample_sum(k: Key, m: Vector, S: Covariance, n: Integer):
    """The sum of n normal vectors."""
    return (
        sum(multivariate_normal(k, m, S, size=(n,)), axis=0),
        multivariate_normal(k, n * m, n * S),
    )


# White noise ---------------------------------------------------------------------------


@relation("in law", source=MUIRHEAD)
def whitening(k: Key, m: Vector, S: Covariance):
    """The inverse of a Cholesky factor makes the entries independent."""
    n = m.shape[0]
    L = linalg.cholesky(S)
    return (
        matmul(linalg.inv(L), multivariate_normal(k, m, S) - m),
        normal(k, 0.0, 1.0, size=(n,)),
    )


@relation("in law", source=MUIRHEAD)
def whitening_by_solving(k: Key, m: Vector, S: Covariance):
    """The same by a triangular system."""
    n = m.shape[0]
    L = linalg.cholesky(S)
    return (
        linalg.solve_triangular(L, multivariate_normal(k, m, S) - m, lower=True),
        normal(k, 0.0, 1.0, size=(n,)),
    )


@relation("in law", source=MUIRHEAD)
def colouring(k: Key, m: Vector, S: Covariance):
    """A Cholesky factor gives independent entries their covariance."""
    n = m.shape[0]
    L = linalg.cholesky(S)
    return (
        m + matmul(L, normal(k, 0.0, 1.0, size=(n,))),
        multivariate_normal(k, m, S),
    )


@relation("in law", source=MUIRHEAD, where=lambda A: A.shape[0] <= A.shape[1])
def map_of_noise(k: Key, A: Matrix, s):
    """A linear map of independent entries, of full row rank."""
    n = A.shape[1]
    noise = normal(k, 0.0, s, size=(n,))
    cov = s**2 * symmetric(matmul(A, matrix_transpose(A)))
    return matmul(A, noise), multivariate_normal(k, zeros((A.shape[0],)), cov)


@relation("in law", source=MUIRHEAD)
def independent_entries(k: Key, m: Vector, s: PositiveVector):
    """Uncorrelated entries of a normal vector are independent."""
    return multivariate_normal(k, m, linalg.diag(s**2)), normal(k, m, s)


@relation("in law", source=MUIRHEAD)
def white_vector(k: Key, n: Integer):
    """A vector of unit covariance is noise."""
    return (
        multivariate_normal(k, zeros((n,)), eye(n)),
        normal(k, 0.0, 1.0, size=(n,)),
    )


@relation("in law", source=MUIRHEAD)
def white_vectors(k: Key, n: Integer, p: Integer):
    """Several of them are a matrix of noise."""
    return (
        multivariate_normal(k, zeros((p,)), eye(p), size=(n,)),
        normal(k, 0.0, 1.0, size=(n, p)),
    )


# Parts ---------------------------------------------------------------------------------


@relation("in law", source=BISHOP, where=lambda m, i: [i >= 0, i < m.shape[0]])
def vector_entry(k: Key, m: Vector, S: Covariance, i: Integer):
    """An entry of a normal vector."""
    return multivariate_normal(k, m, S)[i], normal(k, m[i], sqrt(S[i, i]))


@relation("in law", source=BISHOP, where=lambda m, n: [n > 0, n < m.shape[0]])
def first_entries(k: Key, m: Vector, S: Covariance, n: Integer):
    """The first entries of a normal vector."""
    return multivariate_normal(k, m, S)[:n], multivariate_normal(k, m[:n], S[:n, :n])


@relation("in law", source=BISHOP, where=lambda m, n: [n > 0, n < m.shape[0]])
def last_entries(k: Key, m: Vector, S: Covariance, n: Integer):
    """The other entries of a normal vector."""
    return multivariate_normal(k, m, S)[n:], multivariate_normal(k, m[n:], S[n:, n:])


@relation("in law", source=BISHOP, where=lambda m, i, n: [i > 0, i < n, n <= m.shape[0]])
def middle_entries(k: Key, m: Vector, S: Covariance, i: Integer, n: Integer):
    """A run of entries of a normal vector."""
    return multivariate_normal(k, m, S)[i:n], multivariate_normal(k, m[i:n], S[i:n, i:n])


@relation("in law", source=BISHOP, where=lambda m: equal(m.shape[0], 2))
def pair_by_conditioning(k: Key, m: Vector, S: Covariance):
    """The entries of a pair: one, and the other given it."""
    k1, k2 = split(k)
    x = multivariate_normal(k, m, S)
    u = normal(k1, m[0], sqrt(S[0, 0]))
    v = normal(k2, m[1] + S[1, 0] / S[0, 0] * (u - m[0]), sqrt(S[1, 1] - S[1, 0] ** 2 / S[0, 0]))
    return (x[0], x[1]), (u, v)


@relation("in law", source=BISHOP, where=lambda m, n: [n > 0, n < m.shape[0]])
def parts_by_conditioning(k: Key, m: Vector, S: Covariance, n: Integer):
    """A vector cut in two: the first part, and the second given it."""
    k1, k2 = split(k)
    x = multivariate_normal(k, m, S)
    yield x[:n], x[n:]
    u = multivariate_normal(k1, m[:n], S[:n, :n])
    K = matmul(S[n:, :n], linalg.inv(S[:n, :n]))
    v = multivariate_normal(
        k2, m[n:] + matmul(K, u - m[:n]), symmetric(S[n:, n:] - matmul(K, S[:n, n:]))
    )
    yield u, v


@relation("in law", source=BISHOP)
def independent_parts(k: Key, a: Vector, A: Covariance, b: Vector, B: Covariance):
    """Independent normal vectors are parts of one, uncorrelated."""
    k1, k2 = split(k)
    yield multivariate_normal(k1, a, A), multivariate_normal(k2, b, B)
    n, p = a.shape[0], b.shape[0]
    cov = blocks(A, zeros((n, p)), zeros((p, n)), B)
    x = multivariate_normal(k, concat([a, b]), cov)
    yield x[:n], x[n:]


@relation("in law", source=BISHOP)
def state_and_measurement(k: Key, m: Vector, P: Covariance, H: Matrix, c: Vector, R: Covariance):
    """A vector and an affine map of it with noise are jointly normal."""
    k1, k2 = split(k)
    x = multivariate_normal(k1, m, P)
    yield x, multivariate_normal(k2, matmul(H, x) + c, R)
    G = matmul(P, matrix_transpose(H))
    cov = blocks(P, G, matrix_transpose(G), congruent(H, P) + R)
    both = multivariate_normal(k, concat([m, matmul(H, m) + c]), cov)
    n = m.shape[0]
    yield both[:n], both[n:]


# Chains --------------------------------------------------------------------------------


@relation("in law", source=SÄRKKÄ)
def chain_step(k: Key, m, s, a, t):
    """A step of a chain: what was uncertain before is multiplied, noise is added."""
    k1, k2 = split(k)
    return (
        normal(k2, a * normal(k1, m, s), t),
        normal(k, a * m, sqrt(a**2 * s**2 + t**2)),
    )


@relation("in law", source=SÄRKKÄ)
def chain_step_affine(k: Key, m, s, a, c, t):
    """The same with a drift."""
    k1, k2 = split(k)
    return (
        normal(k2, a * normal(k1, m, s) + c, t),
        normal(k, a * m + c, sqrt(a**2 * s**2 + t**2)),
    )


@relation("in law", source=SÄRKKÄ)
def chain_step_plain(k: Key, m, s, t):
    """A step of a random walk."""
    k1, k2 = split(k)
    return normal(k2, normal(k1, m, s), t), normal(k, m, sqrt(s**2 + t**2))


@relation("in law", source=SÄRKKÄ)
def two_chain_steps(k: Key, m, s, a, t, b, u):
    """Two steps of a chain."""
    k1, k2, k3 = split(k, 3)
    return (
        normal(k3, b * normal(k2, a * normal(k1, m, s), t), u),
        normal(k, a * b * m, sqrt((a * b * s) ** 2 + (b * t) ** 2 + u**2)),
    )


@relation("in law", source=SÄRKKÄ)
def vector_prediction(k: Key, m: Vector, P: Covariance, F: Matrix, Q: Covariance):
    """A step of a chain of vectors: the prediction of a Kalman filter."""
    k1, k2 = split(k)
    return (
        multivariate_normal(k2, matmul(F, multivariate_normal(k1, m, P)), Q),
        multivariate_normal(k, matmul(F, m), congruent(F, P) + Q),
    )


@relation("in law", source="Bishop 2006, section 3.5")
def regression_prediction(k: Key, m: Vector, S: Covariance, X: Matrix, s):
    """Data of a linear model with coefficients integrated out."""
    k1, k2 = split(k)
    return (
        normal(k2, matmul(X, multivariate_normal(k1, m, S)), s),
        multivariate_normal(k, matmul(X, m), congruent(X, S) + s**2 * eye(X.shape[0])),
    )


@relation("in law", source="Bishop 2006, section 6.4")
def regression_and_noise(k: Key, m: Vector, S: Covariance, X: Matrix, s):
    """The same, where the noise is added."""
    k1, k2 = split(k)
    n = X.shape[0]
    return (
        matmul(X, multivariate_normal(k1, m, S)) + normal(k2, zeros((n,)), s),
        multivariate_normal(k, matmul(X, m), congruent(X, S) + s**2 * eye(n)),
    )


# Both variables kept -------------------------------------------------------------------


@relation("in law", source=BISHOP)
def part_and_sum(k1: Key, k2: Key, m1, s1, m2, s2):
    """One term of a sum, and the sum: the sum, and the term given it."""
    x = normal(k1, m1, s1)
    v = s1**2 + s2**2
    t = normal(k2, m1 + m2, sqrt(v))
    return (
        (x, x + normal(k2, m2, s2)),
        (normal(k1, m1 + s1**2 / v * (t - m1 - m2), s1 * s2 / sqrt(v)), t),
    )


@relation("reversal", source=SÄRKKÄ)
def kalman_update(kx: Key, ky: Key, m: Vector, P: Covariance, H: Matrix, R: Covariance):
    """A state and its measurement: the update of a Kalman filter."""
    x = multivariate_normal(kx, m, P)
    yield x, multivariate_normal(ky, matmul(H, x), R)
    G = congruent(H, P) + R
    K = matmul(matmul(P, matrix_transpose(H)), linalg.inv(G))
    y = multivariate_normal(ky, matmul(H, m), G)
    yield multivariate_normal(kx, m + matmul(K, y - matmul(H, m)), P - congruent(K, G)), y


@relation("reversal", source=SÄRKKÄ)
def kalman_update_offset(
    kx: Key, ky: Key, m: Vector, P: Covariance, H: Matrix, c: Vector, R: Covariance
):
    """The same with a known offset."""
    x = multivariate_normal(kx, m, P)
    yield x, multivariate_normal(ky, matmul(H, x) + c, R)
    G = congruent(H, P) + R
    K = matmul(matmul(P, matrix_transpose(H)), linalg.inv(G))
    y = multivariate_normal(ky, matmul(H, m) + c, G)
    yield multivariate_normal(kx, m + matmul(K, y - matmul(H, m) - c), P - congruent(K, G)), y


@relation("reversal", source="Rasmussen & Williams 2006, section 2.2")
def gaussian_process_noise(kf: Key, ky: Key, m: Vector, K: Covariance, s):
    """Values of a Gaussian process, seen with noise."""
    f = multivariate_normal(kf, m, K)
    yield f, normal(ky, f, s)
    G = K + s**2 * eye(m.shape[0])
    y = multivariate_normal(ky, m, G)
    W = matmul(K, linalg.inv(G))
    yield multivariate_normal(kf, m + matmul(W, y - m), symmetric(K - matmul(W, K))), y


# Stationary chains ---------------------------------------------------------------------


@relation("in law", source="Hamilton 1994, Time Series Analysis, ch. 3")
def stationary_autoregression(k: Key, φ, s):
    """Three steps of a stationary autoregression: correlations are powers."""
    k1, k2, k3 = split(k, 3)
    x = normal(k1, 0.0, s / sqrt(1 - φ**2))
    y = normal(k2, φ * x, s)
    z = normal(k3, φ * y, s)
    one = φ**0
    corr = stack([stack([one, φ, φ**2]), stack([φ, one, φ]), stack([φ**2, φ, one])])
    return stack([x, y, z]), multivariate_normal(k, zeros((3,)), s**2 / (1 - φ**2) * corr)
