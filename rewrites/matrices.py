r"""Normal and Student vectors taken apart, matrices of normal variables, scatter matrices.

    X of n independent rows ~ Normal(0, V)
    ───────────────────────────────────────────────
    XᵀX ~ Wishart(n, V)      A W Aᵀ ~ Wishart(n, A V Aᵀ)

A Wishart matrix is a sum of outer products of normal vectors, so that linear maps of the
vectors are congruences of the matrix, and a quadratic form in it is a sum of squares. A normal
matrix has a covariance for its rows and one for its columns, which linear maps from either side
change.

Example: a form in a scatter matrix.

>>> import astragal as ag
>>> from astragal.rewrites.matrices import wishart_form
>>> W = ag.random.wishart(ag.key(1), 5.0, ag.constant([[2.0, 0.5], [0.5, 1.0]]))
>>> a = ag.constant([1.0, -1.0])
>>> wishart_form.forward(ag.sum(a * ag.matmul(W, a))).op.name
'multiply'
"""

from astragal import (
    Covariance,
    Expr,
    Integer,
    Key,
    Matrix,
    Positive,
    Vector,
    equal,
    eye,
    linalg,
    matmul,
    matrix_transpose,
    mean,
    relation,
    split,
    sqrt,
    sum,
    zeros,
)
from astragal.random import (
    chi_square,
    f,
    inverse_gamma,
    inverse_wishart,
    matrix_normal,
    multivariate_normal,
    multivariate_t,
    noncentral_chi_square,
    normal,
    student_t,
    wishart,
)

KBJ = "Kotz, Balakrishnan & Johnson 2000, Continuous Multivariate Distributions 1"
JKB = "Johnson, Kotz & Balakrishnan 1997, Discrete Multivariate Distributions"
MUIRHEAD = "Muirhead 1982, Aspects of Multivariate Statistical Theory"
GUPTA = "Gupta & Nagar 1999, Matrix Variate Distributions"


def symmetric(x: Expr) -> Expr:
    """Take what rounding has put apart together again."""
    return (x + matrix_transpose(x)) / 2


# Vectors of Student's law ----------------------------------------------------------------


@relation("in law", source=f"{KBJ}, ch. 44", where=lambda m, i: [i >= 0, i < m.shape[0]])
def student_vector_entry(k: Key, m: Vector, S: Covariance, n, i: Integer):
    """One coordinate."""
    return multivariate_t(k, m, S, n)[i], student_t(k, n, m[i], sqrt(S[i, i]))


@relation("in law", source=f"{KBJ}, ch. 44")
def student_vector_form(k: Key, m: Vector, S: Covariance, n, a: Vector):
    """A linear form."""
    return (
        sum(a * multivariate_t(k, m, S, n)),
        student_t(k, n, sum(a * m), sqrt(sum(a * matmul(S, a)))),
    )


@relation("in law", source="Muirhead 1982, section 1.4")
def mahalanobis_noncentral(k: Key, m: Vector, S: Covariance):
    """The squared distance of a normal vector from a point that is not its mean."""
    x = multivariate_normal(k, m, S)
    return (
        sum(x * linalg.solve(S, x)),
        noncentral_chi_square(k, m.shape[0], sum(m * linalg.solve(S, m))),
    )


# Normal matrices -------------------------------------------------------------------------


def fits(M: Expr, U: Expr, V: Expr) -> list[Expr]:
    """Say that a covariance goes with the rows of a matrix, and another with its columns."""
    return [equal(M.shape[0], U.shape[0]), equal(M.shape[1], V.shape[0])]


@relation("in law", source=f"{GUPTA}, ch. 2", where=fits)
def normal_matrix_transposed(k: Key, M: Matrix, U: Covariance, V: Covariance):
    """Rows and columns change places."""
    return (
        matrix_transpose(matrix_normal(k, M, U, V)),
        matrix_normal(k, matrix_transpose(M), V, U),
    )


@relation(
    "in law",
    source=f"{GUPTA}, ch. 2",
    where=lambda M, U, V, A: [*fits(M, U, V), A.shape[0] <= A.shape[1]],
)
def normal_matrix_from_the_left(k: Key, M: Matrix, U: Covariance, V: Covariance, A: Matrix):
    """A linear map, of full row rank, of the columns."""
    return (
        matmul(A, matrix_normal(k, M, U, V)),
        matrix_normal(k, matmul(A, M), symmetric(matmul(matmul(A, U), matrix_transpose(A))), V),
    )


@relation(
    "in law",
    source=f"{GUPTA}, ch. 2",
    where=lambda M, U, V, B: [*fits(M, U, V), B.shape[1] <= B.shape[0]],
)
def normal_matrix_from_the_right(k: Key, M: Matrix, U: Covariance, V: Covariance, B: Matrix):
    """A linear map, of full column rank, of the rows."""
    return (
        matmul(matrix_normal(k, M, U, V), B),
        matrix_normal(k, matmul(M, B), U, symmetric(matmul(matmul(matrix_transpose(B), V), B))),
    )


@relation(
    "in law",
    source=f"{GUPTA}, ch. 2",
    where=lambda M, U, V, i: [*fits(M, U, V), i >= 0, i < M.shape[0]],
)
def normal_matrix_row(k: Key, M: Matrix, U: Covariance, V: Covariance, i: Integer):
    """One row."""
    return matrix_normal(k, M, U, V)[i], multivariate_normal(k, M[i], U[i, i] * V)


@relation(
    "in law",
    source=f"{GUPTA}, ch. 2",
    where=lambda M, U, V, i, j: [
        *fits(M, U, V),
        i >= 0,
        i < M.shape[0],
        j >= 0,
        j < M.shape[1],
    ],
)
def normal_matrix_entry(k: Key, M: Matrix, U: Covariance, V: Covariance, i: Integer, j: Integer):
    """One entry."""
    return matrix_normal(k, M, U, V)[i, j], normal(k, M[i, j], sqrt(U[i, i] * V[j, j]))


@relation("in law", source=f"{GUPTA}, ch. 2", where=fits)
def normal_matrix_sum(k: Key, M: Matrix, N: Matrix, U: Covariance, V: Covariance):
    """Two of the same spread."""
    k1, k2 = split(k)
    return (
        matrix_normal(k1, M, U, V) + matrix_normal(k2, N, U, V),
        matrix_normal(k, M + N, 2 * U, V),
    )


# Wishart matrices ------------------------------------------------------------------------


@relation("in law", source=f"{MUIRHEAD}, section 3.2", where=lambda d, V: d > V.shape[0] - 1)
def wishart_trace(k: Key, d, V: Covariance):
    """The trace in units of the covariance is a sum of squares."""
    return (
        linalg.trace(matmul(linalg.inv(V), wishart(k, d, V))),
        chi_square(k, d * V.shape[0]),
    )


@relation(
    "in law",
    source=f"{MUIRHEAD}, section 3.2",
    where=lambda d, V: [d > 1, equal(V.shape[0], 2)],
)
def wishart_determinant(k: Key, d, V: Covariance):
    """The determinant is a product of sums of squares."""
    k1, k2 = split(k)
    return (
        linalg.det(wishart(k, d, V)),
        linalg.det(V) * chi_square(k1, d) * chi_square(k2, d - 1),
    )


@relation(
    "in law",
    source=f"{MUIRHEAD}, section 3.2",
    where=lambda d, V, n: [d > V.shape[0] - 1, n >= 1, n <= V.shape[0]],
)
def wishart_block(k: Key, d, V: Covariance, n: Integer):
    """The first rows and columns."""
    return wishart(k, d, V)[:n, :n], wishart(k, d, V[:n, :n])


@relation(
    "in law",
    source=f"{MUIRHEAD}, section 3.2",
    where=lambda d, V, n: [d > V.shape[0] - 1, n >= 1, n <= V.shape[0]],
)
def inverse_wishart_block(k: Key, d, V: Covariance, n: Integer):
    """The same of an inverse Wishart matrix: degrees of freedom are lost."""
    return (
        inverse_wishart(k, d, V)[:n, :n],
        inverse_wishart(k, d - (V.shape[0] - n), V[:n, :n]),
    )


@relation("in law", source=f"{MUIRHEAD}, section 3.2", where=lambda d, V: d > V.shape[0] - 1)
def wishart_inverse_form(k: Key, d, V: Covariance, a: Vector):
    """A quadratic form in the inverse loses a degree of freedom for each other dimension."""
    W = wishart(k, d, V)
    return (
        sum(a * linalg.solve(V, a)) / sum(a * linalg.solve(W, a)),
        chi_square(k, d - V.shape[0] + 1),
    )


@relation(
    "in law", source="Hotelling 1931, Ann. Math. Stat. 2", where=lambda d, V: d > V.shape[0] - 1
)
def hotelling(kx: Key, kw: Key, d, V: Covariance):
    """A squared distance in units of an estimated covariance."""
    n = V.shape[0]
    x = multivariate_normal(kx, zeros((n,)), V)
    t = sum(x * linalg.solve(wishart(kw, d, V), x))
    return (d - n + 1) / n * t, f(kx, n, d - n + 1)


# Scatter matrices ----------------------------------------------------------------------


@relation("in law", source=f"{MUIRHEAD}, section 3.2", where=lambda df, V: df > V.shape[0] - 1)
def wishart_inverse(k: Key, df, V: Covariance):
    """The inverse of a Wishart matrix is inverse Wishart, by definition."""
    return linalg.inv(wishart(k, df, V)), inverse_wishart(k, df, symmetric(linalg.inv(V)))


@relation("in law", source=f"{MUIRHEAD}, section 3.2", where=lambda df, V: df > V.shape[0] - 1)
def inverse_wishart_inverse(k: Key, df, V: Covariance):
    """The inverse of an inverse Wishart matrix is Wishart."""
    return linalg.inv(inverse_wishart(k, df, V)), wishart(k, df, symmetric(linalg.inv(V)))


@relation(
    "in law",
    source=f"{MUIRHEAD}, section 3.2",
    where=lambda df, V, A: [df > V.shape[0] - 1, A.shape[0] <= A.shape[1]],
)
def wishart_congruence(k: Key, df, V: Covariance, A: Matrix):
    """A linear map, of full row rank, of the vectors behind a Wishart matrix."""
    At = matrix_transpose(A)
    return (
        matmul(matmul(A, wishart(k, df, V)), At),
        wishart(k, df, symmetric(matmul(matmul(A, V), At))),
    )


@relation("in law", source=f"{MUIRHEAD}, section 3.2", where=lambda df, V: df > V.shape[0] - 1)
def wishart_scaling(k: Key, df, V: Covariance, c: Positive):
    """A multiple of a Wishart matrix."""
    return c * wishart(k, df, V), wishart(k, df, c * V)


@relation("in law", source=f"{MUIRHEAD}, section 3.2", where=lambda df, V: df > V.shape[0] - 1)
def inverse_wishart_scaling(k: Key, df, V: Covariance, c: Positive):
    """A multiple of an inverse Wishart matrix."""
    return c * inverse_wishart(k, df, V), inverse_wishart(k, df, c * V)


@relation(
    "in law",
    source=f"{MUIRHEAD}, section 3.2",
    where=lambda df, V, i: [df > V.shape[0] - 1, i >= 0, i < V.shape[0]],
)
def wishart_diagonal(k: Key, df, V: Covariance, i: Integer):
    """A diagonal entry of a Wishart matrix is a sum of squares."""
    return wishart(k, df, V)[i, i], V[i, i] * chi_square(k, df)


@relation(
    "in law",
    source=f"{MUIRHEAD}, section 3.2",
    where=lambda df, V, i: [df > V.shape[0] - 1, i >= 0, i < V.shape[0]],
)
def inverse_wishart_diagonal(k: Key, df, V: Covariance, i: Integer):
    """A diagonal entry of an inverse Wishart matrix is inverse gamma."""
    shape = (df - V.shape[0] + 1) / 2
    return inverse_wishart(k, df, V)[i, i], inverse_gamma(k, shape, scale=V[i, i] / 2)


@relation("in law", source=f"{MUIRHEAD}, section 3.2", where=lambda df, V: df > V.shape[0] - 1)
def wishart_form(k: Key, df, V: Covariance, a: Vector):
    """A quadratic form in a Wishart matrix is a sum of squares."""
    return (
        sum(a * matmul(wishart(k, df, V), a)),
        sum(a * matmul(V, a)) * chi_square(k, df),
    )


@relation("in law", source=f"{MUIRHEAD}, section 3.2", where=lambda V, n: n > V.shape[0] - 1)
def wishart_of_normals(k: Key, V: Covariance, n: Integer):
    """Outer products of normal vectors add up to a Wishart matrix, by definition."""
    X = multivariate_normal(k, zeros((V.shape[0],)), V, size=(n,))
    return matmul(matrix_transpose(X), X), wishart(k, n, V)


@relation("in law", source=MUIRHEAD, where=lambda d, p: d > p - 1)
def wishart_identity_trace(k: Key, d, p: Integer):
    """The trace of a standard Wishart matrix is a sum of squares."""
    return linalg.trace(wishart(k, d, eye(p))), chi_square(k, d * p)


@relation("in law", source=MUIRHEAD, where=lambda d, V: d > V.shape[0] - 1)
def wishart_inverse_form_written_out(k: Key, d, V: Covariance, a: Vector):
    """The same form with the inverses written out."""
    left = sum(a * matmul(linalg.inv(V), a)) / sum(a * matmul(linalg.inv(wishart(k, d, V)), a))
    return left, chi_square(k, d - V.shape[0] + 1)


@relation("in law", source=MUIRHEAD, where=lambda d, V: [d > 1, equal(V.shape[0], 2)])
def wishart_residual(k: Key, d, V: Covariance):
    """What the second variable leaves of the first."""
    W = wishart(k, d, V)
    left = W[0, 0] - W[0, 1] ** 2 / W[1, 1]
    return left, (V[0, 0] - V[0, 1] ** 2 / V[1, 1]) * chi_square(k, d - 1)


@relation("in law", source=MUIRHEAD, where=lambda n, V: n >= V.shape[0])
def wishart_of_a_normal_matrix(k: Key, V: Covariance, n: Integer):
    """The matrix of sums of squares of a normal matrix with independent rows."""
    X = matrix_normal(k, zeros((n, V.shape[0])), eye(n), V)
    return matmul(matrix_transpose(X), X), wishart(k, 1.0 * n, V)


@relation("in law", source="Anderson 2003, section 3.3", where=lambda n, V: n > V.shape[0])
def mean_and_scatter(k: Key, m: Vector, V: Covariance, n: Integer):
    """Mean and scatter of a normal sample are independent."""
    k1, k2 = split(k)
    X = multivariate_normal(k, m, V, size=(n,))
    c = mean(X, axis=0)
    yield c, matmul(matrix_transpose(X), X) - n * linalg.outer(c, c)
    yield multivariate_normal(k1, m, V / n), wishart(k2, n - 1.0, V)
