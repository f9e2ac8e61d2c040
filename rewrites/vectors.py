r"""Vectors of shares and of counts: what is put together, taken out, added up.

    x ~ Dirichlet(a)                                      x ~ Multinomial(n, p)
    ──────────────────────────────────────────────        ─────────────────────────────────
    (x₁ + x₂, x₃) ~ Dirichlet(a₁ + a₂, a₃)                x₁ + x₂ ~ Binomial(n, p₁ + p₂)
    x₁ / (x₁ + x₂) ~ Beta(a₁, a₂)

A Dirichlet vector is gamma variables over their sum. Sums of gamma variables are gamma, and shares
do not depend on the sum: so shares may be merged, and those within a part are shares of their own.
Counts of a multinomial, of a Pólya urn and of an urn without replacement are merged alike.

Example: two shares of three, merged.

>>> import astragal as ag
>>> from astragal.rewrites.vectors import dirichlet_pair_merged
>>> x = ag.random.dirichlet(ag.key(1), ag.constant([2.0, 3.0, 5.0]))
>>> dirichlet_pair_merged.forward(x[0] + x[1]).op.name
'beta'
"""

from astragal import (
    Covariance,
    Expr,
    Integer,
    IntegerVector,
    Key,
    Matrix,
    PositiveVector,
    Simplex,
    Vector,
    argmax,
    equal,
    linalg,
    matmul,
    matrix_transpose,
    ones,
    relation,
    split,
    sqrt,
    stack,
    sum,
    where,
    zeros,
)
from astragal.random import (
    bernoulli,
    beta,
    beta_binomial,
    binomial,
    categorical,
    chi_square,
    dirichlet,
    dirichlet_multinomial,
    exponential,
    f,
    gamma,
    hypergeometric,
    inverse_wishart,
    matrix_normal,
    multinomial,
    multivariate_hypergeometric,
    multivariate_normal,
    multivariate_t,
    noncentral_chi_square,
    normal,
    poisson,
    student_t,
    wishart,
)
from astragal.rewrites.shares_and_matrices import symmetric

KBJ = "Kotz, Balakrishnan & Johnson 2000, Continuous Multivariate Distributions 1"
JKB = "Johnson, Kotz & Balakrishnan 1997, Discrete Multivariate Distributions"
MUIRHEAD = "Muirhead 1982, Aspects of Multivariate Statistical Theory"
GUPTA = "Gupta & Nagar 1999, Matrix Variate Distributions"

# Shares ----------------------------------------------------------------------------------


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: a.shape[0] >= 3)
def dirichlet_pair_merged(k: Key, a: PositiveVector):
    """The first two shares together."""
    x = dirichlet(k, a)
    return x[0] + x[1], beta(k, a[0] + a[1], sum(a) - a[0] - a[1])


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: equal(a.shape[0], 3))
def dirichlet_merged_to_two(k: Key, a: PositiveVector):
    """Three shares, of which two are put together."""
    x = dirichlet(k, a)
    return stack([x[0] + x[1], x[2]]), dirichlet(k, stack([a[0] + a[1], a[2]]))


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: equal(a.shape[0], 4))
def dirichlet_merged_to_three(k: Key, a: PositiveVector):
    """Four shares, of which two are put together."""
    x = dirichlet(k, a)
    return (
        stack([x[0] + x[1], x[2], x[3]]),
        dirichlet(k, stack([a[0] + a[1], a[2], a[3]])),
    )


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: equal(a.shape[0], 4))
def dirichlet_merged_in_pairs(k: Key, a: PositiveVector):
    """Four shares, put together in pairs."""
    x = dirichlet(k, a)
    return (
        stack([x[0] + x[1], x[2] + x[3]]),
        dirichlet(k, stack([a[0] + a[1], a[2] + a[3]])),
    )


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: a.shape[0] >= 3)
def dirichlet_share_within(k: Key, a: PositiveVector):
    """One share within a part."""
    x = dirichlet(k, a)
    return x[0] / (x[0] + x[1]), beta(k, a[0], a[1])


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: a.shape[0] >= 3)
def dirichlet_shares_within(k: Key, a: PositiveVector):
    """All shares within a part."""
    x = dirichlet(k, a)
    return stack([x[0], x[1]]) / (x[0] + x[1]), dirichlet(k, stack([a[0], a[1]]))


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: equal(a.shape[0], 3))
def dirichlet_neutrality(k: Key, a: PositiveVector):
    """A share, and the next one of what is left, are independent."""
    x = dirichlet(k, a)
    yield x[0], x[1] / (1 - x[0])
    k1, k2 = split(k)
    yield beta(k1, a[0], a[1] + a[2]), beta(k2, a[1], a[2])


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_of_two(k: Key, a, b):
    """Two shares are one beta variable and its complement."""
    x = beta(k, a, b)
    return stack([x, 1 - x]), dirichlet(k, stack([a, b]))


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_times_gamma(kg: Key, kd: Key, a: PositiveVector, r):
    """A total with its own exponent, shared out, is gamma variables."""
    return gamma(kg, sum(a), rate=r) * dirichlet(kd, a), gamma(kd, a, rate=r)


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_of_gammas_of_a_rate(k: Key, a: PositiveVector, r):
    """Gamma variables of any one rate over their sum."""
    x = gamma(k, a, rate=r)
    return x / sum(x), dirichlet(k, a)


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_of_chi_squares(k: Key, d: PositiveVector):
    """Sums of squares over their sum."""
    x = chi_square(k, d)
    return x / sum(x), dirichlet(k, d / 2)


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_of_waits(k: Key, r, n: Integer):
    """Waiting times over their sum: all shares are alike."""
    x = exponential(k, rate=r, size=(n,))
    return x / sum(x), dirichlet(k, ones((n,)))


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda n: n >= 2)
def share_of_a_wait(k: Key, r, n: Integer):
    """One of them."""
    x = exponential(k, rate=r, size=(n,))
    return x[0] / sum(x), beta(k, 1.0, n - 1)


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: a.shape[0] >= 2)
def share_of_a_gamma(k: Key, a: PositiveVector, r):
    """One gamma variable of several."""
    x = gamma(k, a, rate=r)
    return x[0] / sum(x), beta(k, a[0], sum(a) - a[0])


# Counts ----------------------------------------------------------------------------------


@relation("in law", source=f"{JKB}, ch. 35", where=lambda p: p.shape[0] >= 3)
def multinomial_pair_merged(k: Key, n: Integer, p: Simplex):
    """Two categories together."""
    x = multinomial(k, n, p)
    return x[0] + x[1], binomial(k, n, p[0] + p[1])


@relation("in law", source=f"{JKB}, ch. 35", where=lambda p: equal(p.shape[0], 3))
def multinomial_merged_to_two(k: Key, n: Integer, p: Simplex):
    """Three categories, of which two are put together."""
    x = multinomial(k, n, p)
    return (
        stack([x[0] + x[1], x[2]]),
        multinomial(k, n, stack([p[0] + p[1], p[2]])),
    )


@relation("in law", source=f"{JKB}, ch. 35")
def multinomial_of_two(k: Key, n: Integer, p):
    """Two categories: successes and failures."""
    x = binomial(k, n, p)
    return stack([x, n - x]), multinomial(k, n, stack([p, 1 - p]))


@relation("in law", source=f"{JKB}, ch. 35")
def multinomial_of_poisson(kn: Key, kx: Key, m, p: Simplex):
    """A Poisson number, sorted into categories, is independent Poisson numbers."""
    return multinomial(kx, poisson(kn, m), p), poisson(kx, m * p)


@relation("in law", source=f"{JKB}, ch. 35")
def multinomial_winner(k: Key, p: Simplex):
    """One trial: the category that was hit."""
    return argmax(multinomial(k, 1, p)), categorical(k, p)


@relation("in law", source=f"{JKB}, ch. 35", where=lambda p: p.shape[0] >= 3)
def categorical_pair_merged(k: Key, p: Simplex):
    """Whether an outcome is one of the first two."""
    return where(categorical(k, p) < 2, 1, 0), bernoulli(k, p[0] + p[1])


@relation("in law", source=f"{JKB}, ch. 35", where=lambda a: a.shape[0] >= 3)
def polya_pair_merged(k: Key, n: Integer, a: PositiveVector):
    """Two colours of a Pólya urn together."""
    x = dirichlet_multinomial(k, n, a)
    return x[0] + x[1], beta_binomial(k, n, a[0] + a[1], sum(a) - a[0] - a[1])


@relation("in law", source=f"{JKB}, ch. 35", where=lambda a: equal(a.shape[0], 3))
def polya_merged_to_two(k: Key, n: Integer, a: PositiveVector):
    """Three colours, of which two are put together."""
    x = dirichlet_multinomial(k, n, a)
    return (
        stack([x[0] + x[1], x[2]]),
        dirichlet_multinomial(k, n, stack([a[0] + a[1], a[2]])),
    )


@relation("in law", source=f"{JKB}, ch. 39", where=lambda m, i: [i >= 0, i < m.shape[0]])
def urn_count(k: Key, m: IntegerVector, n: Integer, i: Integer):
    """One colour among those drawn from an urn without replacement."""
    return (
        multivariate_hypergeometric(k, m, n)[i],
        hypergeometric(k, m[i], sum(m) - m[i], n),
    )


@relation("in law", source=f"{JKB}, ch. 39", where=lambda m: m.shape[0] >= 3)
def urn_pair_merged(k: Key, m: IntegerVector, n: Integer):
    """Two colours together."""
    x = multivariate_hypergeometric(k, m, n)
    return x[0] + x[1], hypergeometric(k, m[0] + m[1], sum(m) - m[0] - m[1], n)


@relation("in law", source=f"{JKB}, ch. 39")
def urn_left_over(k: Key, m: IntegerVector, n: Integer):
    """What stays in the urn is a sample, too."""
    return (
        m - multivariate_hypergeometric(k, m, n),
        multivariate_hypergeometric(k, m, sum(m) - n),
    )


@relation("in law", source=f"{JKB}, ch. 39", where=lambda m: equal(m.shape[0], 3))
def urn_in_sequence(k: Key, m: IntegerVector, n: Integer):
    """Colour by colour, each from what is left."""
    x = multivariate_hypergeometric(k, m, n)
    yield x[0], x[1], x[2]
    k1, k2 = split(k)
    first = hypergeometric(k1, m[0], m[1] + m[2], n)
    second = hypergeometric(k2, m[1], m[2], n - first)
    yield first, second, n - first - second


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
