r"""Stochastic processes at points: random walks, Brownian motion, autoregressions.

    X_s ~ Normal(a, √s)        X_t | X_s ~ Normal(X_s, √(t - s))
    ──────────────────────────────────────────────────────────────────
    (X_s, X_t) is normal, with covariances min(s, t)
    X_s | X_t ~ Normal(a + (X_t - a) s / t, √(s (t - s) / t))

A Gaussian process seen at points is a normal vector; drawn one point after another it is a chain of
conditional laws, and what is known of the step's parameters is a regression of each value on the
one before.

Example: two steps of a random walk.

>>> import astragal as ag
>>> from astragal.rewrites.processes import walk_at_two
>>> k1, k2 = ag.split(ag.key(1))
>>> x = ag.random.normal(k1, 0.0, 3.0)
>>> y = ag.random.normal(k2, x, 4.0)
>>> walk_at_two.forward(ag.stack([x, y])).op.name
'multivariate_normal'
"""

from astragal import (
    Covariance,
    Expr,
    Integer,
    Key,
    Positive,
    Vector,
    cumulative_sum,
    eye,
    full,
    linalg,
    ones,
    relation,
    split,
    sqrt,
    square,
    stack,
)
from astragal.random import gamma, inverse_gamma, multivariate_normal, normal

HAMILTON = "Hamilton 1994, Time Series Analysis"
KARATZAS = "Karatzas & Shreve 1991, Brownian Motion and Stochastic Calculus, section 5.6"
RASMUSSEN = "Rasmussen & Williams 2006, Gaussian Processes for Machine Learning"


def pair(a: Expr, b: Expr, c: Expr) -> Expr:
    """Write a covariance of two."""
    return stack([stack([a, b]), stack([b, c])])


def weighed(m: Expr, s: Expr, total: Expr, q: Expr) -> tuple[Expr, Expr]:
    """Put a prior mean m of deviation s together with data of precision q."""
    p = s**-2 + q
    return (m * s**-2 + total) / p, 1 / sqrt(p)


# Values at points ------------------------------------------------------------------------------


@relation("in law", source=KARATZAS)
def walk_at_two(k: Key, m, s, t):
    """A normal variable and one around it."""
    k1, k2 = split(k)
    x = normal(k1, m, s)
    cov = pair(s**2, s**2, s**2 + t**2)
    return stack([x, normal(k2, x, t)]), multivariate_normal(k, stack([m, m]), cov)


@relation("in law", source=KARATZAS)
def walk_of_increments(k: Key, m, s, t):
    """The same, where the second is the first and an increment."""
    k1, k2 = split(k)
    x = normal(k1, m, s)
    cov = pair(s**2, s**2, s**2 + t**2)
    return stack([x, x + normal(k2, 0.0, t)]), multivariate_normal(k, stack([m, m]), cov)


@relation("in law", source=HAMILTON)
def line_at_two(k: Key, m, s, a, b, t):
    """A normal variable, and a line in it with errors."""
    k1, k2 = split(k)
    x = normal(k1, m, s)
    cov = pair(s**2, a * s**2, a**2 * s**2 + t**2)
    return (
        stack([x, normal(k2, a * x + b, t)]),
        multivariate_normal(k, stack([m, a * m + b]), cov),
    )


@relation("in law", source=HAMILTON)
def multiple_at_two(k: Key, m, s, a, t):
    """A normal variable, and a multiple of it with errors."""
    k1, k2 = split(k)
    x = normal(k1, m, s)
    cov = pair(s**2, a * s**2, a**2 * s**2 + t**2)
    return stack([x, normal(k2, a * x, t)]), multivariate_normal(k, stack([m, a * m]), cov)


@relation("in law", source=HAMILTON, where=lambda φ: (φ > -1) & (φ < 1))
def stationary_pair(k: Key, φ, s):
    """Two values of a stationary autoregression."""
    k1, k2 = split(k)
    x = normal(k1, 0.0, s / sqrt(1 - φ**2))
    v = s**2 / (1 - φ**2)
    return (
        stack([x, normal(k2, φ * x, s)]),
        multivariate_normal(k, full((2,), 0.0), pair(v, φ * v, v)),
    )


@relation("in law", source="Bishop 2006, section 2.3.3")
def two_sensors(k: Key, m, p, s, t):
    """Two measurements of one normal variable."""
    k1, k2, k3 = split(k, 3)
    x = normal(k1, m, p)
    cov = pair(p**2 + s**2, p**2, p**2 + t**2)
    return (
        stack([normal(k2, x, s), normal(k3, x, t)]),
        multivariate_normal(k, stack([m, m]), cov),
    )


@relation("in law", source=KARATZAS)
def walk_of_three(k: Key, s):
    """Three steps of a random walk."""
    k1, k2, k3 = split(k, 3)
    x = normal(k1, 0.0, s)
    y = normal(k2, x, s)
    steps = normal(k, 0.0, s, size=(3,))
    return stack([x, y, normal(k3, y, s)]), cumulative_sum(steps)


@relation("in law", source=f"{HAMILTON}, ch. 3")
def moving_average(k: Key, θ, s):
    """Two values of a moving average that share an error."""
    e = normal(k, 0.0, s, size=(3,))
    cov = s**2 * pair(1 + θ**2, θ + 0.0, 1 + θ**2)
    return (
        stack([e[1] + θ * e[0], e[2] + θ * e[1]]),
        multivariate_normal(k, full((2,), 0.0), cov),
    )


@relation("in law", source="Box, Jenkins & Reinsel 2008, section 3.2")
def autoregression_about_mean(k: Key, m, φ, x, s, t):
    """Two steps of an autoregression about its mean."""
    k1, k2 = split(k)
    y = normal(k1, m + φ * (x - m), s)
    z = normal(k2, m + φ * (y - m), t)
    return z, normal(k, m + φ**2 * (x - m), sqrt(φ**2 * s**2 + t**2))


@relation("in law", source="Anderson 2003, section 2.5", where=lambda ρ: (ρ > -1) & (ρ < 1))
def second_of_pair(k: Key, a, s: Positive, b, t: Positive, ρ):
    """The second of two correlated variables, drawn after the first."""
    k1, k2 = split(k)
    x = normal(k1, a, s)
    return normal(k2, b + ρ * t / s * (x - a), t * sqrt(1 - ρ**2)), normal(k, b, t)


@relation("in law", source=f"{RASMUSSEN}, section 2.7")
def shared_shock(k: Key, m, s, t, n: Integer):
    """Errors that share a shock."""
    k1, k2 = split(k)
    x = normal(k1, m, t) + normal(k2, 0.0, s, size=(n,))
    cov = s**2 * eye(n) + t**2 * ones((n, n))
    return x, multivariate_normal(k, m * ones((n,)), cov)


@relation("in law", source=f"{RASMUSSEN}, section 2.2")
def normal_vector_and_noises(k: Key, m: Vector, S: Covariance, s):
    """A normal vector, and errors of one size."""
    k1, k2 = split(k)
    n = m.shape[0]
    x = multivariate_normal(k1, m, S) + normal(k2, 0.0, s, size=(n,))
    return x, multivariate_normal(k, m, S + s**2 * eye(n))


@relation("in law", source="Anderson 2003, section 2.4")
def sum_of_two_entries(k: Key, m: Vector, S: Covariance, a, b):
    """A combination of two entries of a normal vector."""
    x = multivariate_normal(k, m, S)
    v = a**2 * S[0, 0] + 2 * a * b * S[0, 1] + b**2 * S[1, 1]
    return a * x[0] + b * x[1], normal(k, a * m[0] + b * m[1], sqrt(v))


@relation("in law", source="Anderson 2003, section 2.4")
def difference_of_two_entries(k: Key, m: Vector, S: Covariance):
    """The difference of two entries."""
    x = multivariate_normal(k, m, S)
    return x[0] - x[1], normal(k, m[0] - m[1], sqrt(S[0, 0] - 2 * S[0, 1] + S[1, 1]))


@relation("in law", source="Anderson 2003, section 2.4")
def plain_sum_of_two_entries(k: Key, m: Vector, S: Covariance):
    """The sum of two entries."""
    x = multivariate_normal(k, m, S)
    return x[0] + x[1], normal(k, m[0] + m[1], sqrt(S[0, 0] + 2 * S[0, 1] + S[1, 1]))


@relation("in law", source="Anderson 2003, section 2.4")
def independent_pair(k: Key, a, b, s, t):
    """Two normal variables as a vector."""
    k1, k2 = split(k)
    cov = linalg.diag(stack([s**2, t**2]))
    return (
        stack([normal(k1, a, s), normal(k2, b, t)]),
        multivariate_normal(k, stack([a, b]), cov),
    )


# What is known of the steps ----------------------------------------------------------------------


@relation("conditional", source=f"{HAMILTON}, ch. 12")
def autoregression_of_two_steps(kφ: Key, k1: Key, k2: Key, m, s, x, t):
    """The coefficient of an autoregression, after two steps."""
    φ = normal(kφ, m, s)
    y = normal(k1, φ * x, t)
    z = normal(k2, φ * y, t)
    yield φ, y, z
    yield normal(kφ, *weighed(m, s, (x * y + y * z) / t**2, (x**2 + y**2) / t**2)), y, z


@relation("conditional", source=f"{HAMILTON}, ch. 12")
def autoregression_variance(kv: Key, k1: Key, k2: Key, α, β, φ, x):
    """The variance of its errors."""
    v = inverse_gamma(kv, α, scale=β)
    y = normal(k1, φ * x, sqrt(v))
    z = normal(k2, φ * y, sqrt(v))
    yield v, y, z
    squares = square(y - φ * x) + square(z - φ * y)
    yield inverse_gamma(kv, α + 1, scale=β + squares / 2), y, z


@relation("conditional", source=f"{HAMILTON}, ch. 12")
def walk_variance(kv: Key, k1: Key, k2: Key, α, β, x):
    """The variance of a random walk's steps."""
    v = inverse_gamma(kv, α, scale=β)
    y = normal(k1, x, sqrt(v))
    z = normal(k2, y, sqrt(v))
    yield v, y, z
    yield inverse_gamma(kv, α + 1, scale=β + (square(y - x) + square(z - y)) / 2), y, z


@relation("conditional", source=f"{HAMILTON}, ch. 12")
def walk_precision(kτ: Key, k1: Key, k2: Key, α, β, x):
    """The precision of a random walk's steps."""
    τ = gamma(kτ, α, rate=β)
    y = normal(k1, x, 1 / sqrt(τ))
    z = normal(k2, y, 1 / sqrt(τ))
    yield τ, y, z
    yield gamma(kτ, α + 1, rate=β + (square(y - x) + square(z - y)) / 2), y, z


@relation("conditional", source=f"{HAMILTON}, ch. 12")
def walk_drift(kμ: Key, k1: Key, k2: Key, m, s, x, t):
    """The drift of a random walk: what lies between does not matter."""
    μ = normal(kμ, m, s)
    y = normal(k1, x + μ, t)
    z = normal(k2, y + μ, t)
    yield μ, y, z
    yield normal(kμ, *weighed(m, s, (z - x) / t**2, 2 / t**2)), y, z


@relation("conditional", source="West & Harrison 1997, Bayesian Forecasting, section 2.2")
def local_level(k1: Key, k2: Key, ky: Key, x0, s, t, u):
    """A level between its neighbours, which is seen with an error."""
    x1 = normal(k1, x0, s)
    x2 = normal(k2, x1, t)
    y = normal(ky, x1, u)
    yield x1, x2, y
    total, q = x2 / t**2 + y / u**2, t**-2 + u**-2
    yield normal(k1, *weighed(x0, s, total, q)), x2, y
