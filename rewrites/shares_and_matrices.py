r"""Parts of multivariate laws: shares and counts put together, scatter matrices.

    x ~ Dirichlet(a)
    ─────────────────────────────────────────
    xᵢ ~ Beta(aᵢ, Σ a - aᵢ)

A Dirichlet vector is gamma variables over their sum, and sums of gamma variables are gamma: what is
put together has the sum of the exponents. The counts of a multinomial or an urn behave alike.
A Wishart matrix is a sum of outer products of normal vectors, so that linear maps of the
vectors are congruences of the matrix, and a quadratic form in it is a sum of squares.

Example: one share of three.

>>> import astragal as ag
>>> from astragal.rewrites.shares_and_matrices import dirichlet_share
>>> x = ag.random.dirichlet(ag.key(1), ag.constant([2.0, 3.0, 5.0]))
>>> dirichlet_share.forward(x[0]).op.name
'beta'
"""

from astragal import (
    Covariance,
    Expr,
    Integer,
    Key,
    Matrix,
    Positive,
    PositiveVector,
    Simplex,
    Vector,
    equal,
    linalg,
    matmul,
    matrix_transpose,
    relation,
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
    inverse_gamma,
    inverse_wishart,
    multinomial,
    multivariate_normal,
    wishart,
)

KBJ = "Kotz, Balakrishnan & Johnson 2000, ch. 49"
JKB = "Johnson, Kotz & Balakrishnan 1997, ch. 35"
MUIRHEAD = "Muirhead 1982, section 3.2"


def symmetric(x: Expr) -> Expr:
    """Take what rounding has put apart together again."""
    return (x + matrix_transpose(x)) / 2


# Shares and counts ---------------------------------------------------------------------


@relation("in law", source=KBJ, where=lambda a, i: [i >= 0, i < a.shape[0]])
def dirichlet_share(k: Key, a: PositiveVector, i: Integer):
    """One share of a Dirichlet vector."""
    return dirichlet(k, a)[i], beta(k, a[i], sum(a) - a[i])


@relation("in law", source=JKB, where=lambda p, i: [i >= 0, i < p.shape[0]])
def multinomial_count(k: Key, n: Integer, p: Simplex, i: Integer):
    """One count of a multinomial vector."""
    return multinomial(k, n, p)[i], binomial(k, n, p[i])


@relation("in law", source=JKB, where=lambda a, i: [i >= 0, i < a.shape[0]])
def dirichlet_multinomial_count(k: Key, n: Integer, a: PositiveVector, i: Integer):
    """One count of a Pólya urn."""
    return dirichlet_multinomial(k, n, a)[i], beta_binomial(k, n, a[i], sum(a) - a[i])


@relation("in law", source=JKB, where=lambda p, i: [i >= 0, i < p.shape[0]])
def categorical_indicator(k: Key, p: Simplex, i: Integer):
    """Whether an outcome is a given one."""
    return where(equal(categorical(k, p), i), 1, 0), bernoulli(k, p[i])


# Scatter matrices ----------------------------------------------------------------------


@relation("in law", source=MUIRHEAD, where=lambda df, V: df > V.shape[0] - 1)
def wishart_inverse(k: Key, df, V: Covariance):
    """The inverse of a Wishart matrix is inverse Wishart, by definition."""
    return linalg.inv(wishart(k, df, V)), inverse_wishart(k, df, symmetric(linalg.inv(V)))


@relation("in law", source=MUIRHEAD, where=lambda df, V: df > V.shape[0] - 1)
def inverse_wishart_inverse(k: Key, df, V: Covariance):
    """The inverse of an inverse Wishart matrix is Wishart."""
    return linalg.inv(inverse_wishart(k, df, V)), wishart(k, df, symmetric(linalg.inv(V)))


@relation(
    "in law",
    source=MUIRHEAD,
    where=lambda df, V, A: [df > V.shape[0] - 1, A.shape[0] <= A.shape[1]],
)
def wishart_congruence(k: Key, df, V: Covariance, A: Matrix):
    """A linear map, of full row rank, of the vectors behind a Wishart matrix."""
    At = matrix_transpose(A)
    return (
        matmul(matmul(A, wishart(k, df, V)), At),
        wishart(k, df, symmetric(matmul(matmul(A, V), At))),
    )


@relation("in law", source=MUIRHEAD, where=lambda df, V: df > V.shape[0] - 1)
def wishart_scaling(k: Key, df, V: Covariance, c: Positive):
    """A multiple of a Wishart matrix."""
    return c * wishart(k, df, V), wishart(k, df, c * V)


@relation("in law", source=MUIRHEAD, where=lambda df, V: df > V.shape[0] - 1)
def inverse_wishart_scaling(k: Key, df, V: Covariance, c: Positive):
    """A multiple of an inverse Wishart matrix."""
    return c * inverse_wishart(k, df, V), inverse_wishart(k, df, c * V)


@relation(
    "in law",
    source=MUIRHEAD,
    where=lambda df, V, i: [df > V.shape[0] - 1, i >= 0, i < V.shape[0]],
)
def wishart_diagonal(k: Key, df, V: Covariance, i: Integer):
    """A diagonal entry of a Wishart matrix is a sum of squares."""
    return wishart(k, df, V)[i, i], V[i, i] * chi_square(k, df)


@relation(
    "in law",
    source=MUIRHEAD,
    where=lambda df, V, i: [df > V.shape[0] - 1, i >= 0, i < V.shape[0]],
)
def inverse_wishart_diagonal(k: Key, df, V: Covariance, i: Integer):
    """A diagonal entry of an inverse Wishart matrix is inverse gamma."""
    shape = (df - V.shape[0] + 1) / 2
    return inverse_wishart(k, df, V)[i, i], inverse_gamma(k, shape, scale=V[i, i] / 2)


@relation("in law", source=MUIRHEAD, where=lambda df, V: df > V.shape[0] - 1)
def wishart_form(k: Key, df, V: Covariance, a: Vector):
    """A quadratic form in a Wishart matrix is a sum of squares."""
    return (
        sum(a * matmul(wishart(k, df, V), a)),
        sum(a * matmul(V, a)) * chi_square(k, df),
    )


@relation("in law", source=MUIRHEAD, where=lambda V, n: n > V.shape[0] - 1)
def wishart_of_normals(k: Key, V: Covariance, n: Integer):
    """Outer products of normal vectors add up to a Wishart matrix, by definition."""
    X = multivariate_normal(k, zeros((V.shape[0],)), V, size=(n,))
    return matmul(matrix_transpose(X), X), wishart(k, n, V)
