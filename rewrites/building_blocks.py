r"""Building blocks: variables made of simpler ones.

    Gⱼ ~ Gamma(αⱼ, 1) independent        Z ~ Normal(0, I)
    ──────────────────────────────       ────────────────────────
    G / Σ G  ~  Dirichlet(α)             m + L Z ~ Normal(m, L Lᵀ)

Read from left to right, a construction is recognised; read from right to left, a variable is
taken apart, which is how it is drawn, and how a hierarchy is made non-centred.

Example: shares of three gamma variables.

>>> import astragal as ag
>>> from astragal.rewrites.building_blocks import dirichlet_of_gammas
>>> a = ag.input("a", shape=(3,))
>>> g = ag.random.gamma(ag.key(0), a, rate=1.0)
>>> dirichlet_of_gammas.forward(g / ag.sum(g))
dirichlet(key(0, 'threefry4x32'), a)
"""

from astragal import (
    Covariance,
    Key,
    Matrix,
    PositiveVector,
    Vector,
    equal,
    eye,
    linalg,
    matmul,
    matrix_transpose,
    relation,
    split,
    sqrt,
    stack,
    sum,
)
from astragal.random import (
    beta,
    chi_square,
    dirichlet,
    gamma,
    matrix_normal,
    multivariate_normal,
    multivariate_t,
    normal,
)

DEVROYE = "Devroye 1986, Non-Uniform Random Variate Generation"
NON_CENTRED = "Papaspiliopoulos, Roberts & Sköld 2007, Stat. Sci. 22"

# Vectors of normals ----------------------------------------------------------------------


@relation("in law", source="Bishop 2006, section 12.2", where=lambda d: d > 0)
def normal_vector_by_factors(k: Key, m: Vector, F: Matrix, d):
    """Factor analysis: few common factors, and noise for each."""
    k1, k2 = split(k)
    n = m.shape[0]
    z = normal(k1, 0.0, 1.0, size=(F.shape[1],))
    e = normal(k2, 0.0, 1.0, size=(n,))
    S = matmul(F, matrix_transpose(F)) + d * eye(n)
    return m + matmul(F, z) + sqrt(d) * e, multivariate_normal(k, m, S)


@relation("in law", source="Kotz & Nadarajah 2004, Multivariate t Distributions")
def student_t_vector_by_cholesky(k: Key, d, m: Vector, S: Covariance):
    """One chi-square variable for the whole vector makes its tails heavy."""
    k1, k2 = split(k)
    z = normal(k1, 0.0, 1.0, size=m.shape)
    w = chi_square(k2, d)
    return m + matmul(linalg.cholesky(S), z) / sqrt(w / d), multivariate_t(k, m, S, d)


@relation("in law", source="Gupta & Nagar 1999, Matrix Variate Distributions, ch. 2")
def normal_matrix_by_cholesky(k: Key, M: Matrix, U: Covariance, V: Covariance):
    """One root for rows and one for columns."""
    z = normal(k, 0.0, 1.0, size=M.shape)
    L = matmul(linalg.cholesky(U), z)
    return M + matmul(L, matrix_transpose(linalg.cholesky(V))), matrix_normal(k, M, U, V)


# Gamma variables -------------------------------------------------------------------------


@relation("in law", source=f"{DEVROYE}, ch. IX.4")
def beta_of_gammas(k: Key, a, b):
    """The share of one gamma variable in two."""
    k1, k2 = split(k)
    g, h = gamma(k1, a, rate=1.0), gamma(k2, b, rate=1.0)
    return g / (g + h), beta(k, a, b)


@relation("in law", source=f"{DEVROYE}, ch. XI.4")
def dirichlet_of_gammas(k: Key, α: Vector):
    """Shares of independent gamma variables."""
    g = gamma(k, α, rate=1.0)
    return g / sum(g), dirichlet(k, α)


@relation("in law", source="Lukacs 1955, Ann. Math. Stat. 26")
def dirichlet_and_total(k: Key, α: Vector, r):
    """The shares say nothing of the total."""
    k1, k2 = split(k)
    g = gamma(k, α, rate=r)
    return (g / sum(g), sum(g)), (dirichlet(k1, α), gamma(k2, sum(α), rate=r))


@relation("in law", source="Sethuraman 1994, Stat. Sinica 4", where=lambda α: equal(α.shape[0], 3))
def stick_breaking_in_three(k: Key, α: PositiveVector):
    """A piece of the stick, a piece of the rest, and the rest."""
    k1, k2 = split(k)
    v = beta(k1, α[0], α[1] + α[2])
    w = beta(k2, α[1], α[2])
    return stack([v, (1 - v) * w, (1 - v) * (1 - w)]), dirichlet(k, α)


@relation("in law", source="Sethuraman 1994, Stat. Sinica 4", where=lambda α: equal(α.shape[0], 4))
def stick_breaking_in_four(k: Key, α: PositiveVector):
    """The same with one piece more."""
    k1, k2, k3 = split(k, 3)
    u = beta(k1, α[0], α[1] + α[2] + α[3])
    v = beta(k2, α[1], α[2] + α[3])
    w = beta(k3, α[2], α[3])
    return (
        stack([u, (1 - u) * v, (1 - u) * (1 - v) * w, (1 - u) * (1 - v) * (1 - w)]),
        dirichlet(k, α),
    )


# Chains ----------------------------------------------------------------------------------


@relation("in law", source=NON_CENTRED)
def autoregression_of_three(k: Key, φ, s):
    """A Gaussian autoregression as moving averages of its noise."""
    k1, k2, k3 = split(k, 3)
    x = normal(k1, 0.0, s)
    y = normal(k2, φ * x, s)
    w = normal(k3, φ * y, s)
    z = normal(k, 0.0, s, size=(3,))
    return (x, y, w), (z[0], φ * z[0] + z[1], φ**2 * z[0] + φ * z[1] + z[2])
