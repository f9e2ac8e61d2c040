r"""Spacings: what lies between the ordered values of a sample.

    X₁, …, Xₙ ~ Exponential(rate r)               U₁, …, Uₙ ~ Uniform(0, 1)
    ─────────────────────────────────────         ─────────────────────────────────
    X₍ₖ₊₁₎ - X₍ₖ₎ ~ Exponential(rate (n - k) r)    U₍ⱼ₎ - U₍ᵢ₎ ~ Beta(j - i, n - j + i + 1)
    Σ (X - min X) ~ Gamma(n - 1, rate r)          U₍ᵢ₎ / U₍ⱼ₎ ~ Beta(i, j - i)

When one of n waiting times has ended, the others start anew (Rényi). Of uniform numbers, the n + 1
spacings are exchangeable: they are a Dirichlet vector with exponents of one.

Example: how long from the second of five to the third.

>>> import astragal as ag
>>> from astragal.rewrites.spacings import exponential_spacing
>>> x = ag.sort(ag.random.exponential(ag.key(0), rate=2.0, size=(5,)))
>>> exponential_spacing.forward(x[2] - x[1])
exponential(key(0, 'threefry4x32'), 6.0)
"""

from astragal import (
    Integer,
    Key,
    abs,
    arange,
    log,
    max,
    min,
    relation,
    sort,
    split,
    sqrt,
    stack,
    sum,
)
from astragal.random import (
    beta,
    dirichlet,
    exponential,
    exponentiated_weibull,
    gamma,
    half_normal,
    normal,
    pareto,
    triangular,
    uniform,
)

RENYI = "Rényi 1953, Acta Math. Hung. 4"
DAVID = "David & Nagaraja 2003, Order Statistics, 3rd ed."

# Waiting times ---------------------------------------------------------------------------


@relation("in law", source=RENYI, where=lambda i, n: [i >= 1, i < n])
def exponential_spacing(k: Key, r, n: Integer, i: Integer):
    """From one end to the next."""
    x = sort(exponential(k, rate=r, size=(n,)))
    return x[i] - x[i - 1], exponential(k, rate=(n - i) * r)


@relation("in law", source=RENYI, where=lambda n: n >= 2)
def exponential_range(k: Key, r, n: Integer):
    """From the first to the last: the greatest of one fewer."""
    x = exponential(k, rate=r, size=(n,))
    return max(x) - min(x), exponentiated_weibull(k, n - 1, 1.0, 1 / r)


@relation("in law", source=RENYI, where=lambda n: n >= 2)
def exponential_excess(k: Key, r, n: Integer):
    """All the time after the first."""
    x = exponential(k, rate=r, size=(n,))
    return sum(x - min(x)), gamma(k, n - 1, rate=r)


@relation("in law", source=RENYI, where=lambda n: n >= 2)
def exponential_minimum_and_excess(k: Key, r, n: Integer):
    """The first says nothing of what comes after."""
    x = exponential(k, rate=r, size=(n,))
    yield min(x), sum(x - min(x))
    k1, k2 = split(k)
    yield exponential(k1, rate=n * r), gamma(k2, n - 1, rate=r)


@relation("in law", source=RENYI, where=lambda n: n >= 2)
def exponential_second(k: Key, r, n: Integer):
    """The second of n."""
    x = sort(exponential(k, rate=r, size=(n,)))
    k1, k2 = split(k)
    return x[1], exponential(k1, rate=n * r) + exponential(k2, rate=(n - 1) * r)


@relation("in law", source=RENYI)
def exponential_maximum_as_a_sum(k: Key, r, n: Integer):
    """The last of n is a sum of n spacings."""
    x = exponential(k, rate=r, size=(n,))
    return max(x), sum(exponential(k, rate=r * arange(1, n + 1)))


@relation("in law", source=f"{DAVID}, section 2.5", where=lambda i, n: [i >= 1, i < n])
def pareto_spacing(k: Key, b, m, n: Integer, i: Integer):
    """Logarithms of Pareto variables are waiting times."""
    x = sort(pareto(k, b, scale=m, size=(n,)))
    return x[i] / x[i - 1], pareto(k, (n - i) * b, scale=1.0)


# Uniform numbers -------------------------------------------------------------------------


@relation("in law", source=DAVID, where=lambda i, j, n: [i >= 0, i < j, j < n])
def uniform_spacing(k: Key, n: Integer, i: Integer, j: Integer):
    """From one to a later one."""
    x = sort(uniform(k, 0.0, 1.0, size=(n,)))
    return x[j] - x[i], beta(k, j - i, n - j + i + 1)


@relation("in law", source=DAVID, where=lambda i, j, n: [i >= 0, i < j, j < n])
def uniform_place_below(k: Key, n: Integer, i: Integer, j: Integer):
    """Below a later one, the others are a sample again."""
    x = sort(uniform(k, 0.0, 1.0, size=(n,)))
    return x[i] / x[j], beta(k, i + 1, j - i)


@relation("in law", source=DAVID)
def uniform_maximum_log(k: Key, n: Integer):
    """The logarithm of the greatest."""
    return -log(max(uniform(k, 0.0, 1.0, size=(n,)))), exponential(k, rate=n)


@relation("in law", source=DAVID)
def uniform_middle_of_two(k: Key):
    """The least and the greatest of two add up to both."""
    x = uniform(k, 0.0, 1.0, size=(2,))
    return min(x) + max(x), triangular(k, 0.0, 1.0, 2.0)


@relation("in law", source=DAVID)
def uniform_spacings_of_two(k: Key):
    """Three parts of a stick that is broken at random in two places."""
    x = uniform(k, 0.0, 1.0, size=(2,))
    yield min(x), max(x) - min(x), 1 - max(x)
    d = dirichlet(k, stack([1.0, 1.0, 1.0]))
    yield d[0], d[1], d[2]


# Others ----------------------------------------------------------------------------------


@relation("in law", source=DAVID)
def normal_range_of_two(k: Key, m, s):
    """The range of two normals."""
    x = normal(k, m, s, size=(2,))
    return max(x) - min(x), half_normal(k, sqrt(2.0) * s)


@relation("in law", source=DAVID)
def normal_gap(k: Key, m, s):
    """The distance of two normals of one law."""
    k1, k2 = split(k)
    return abs(normal(k1, m, s) - normal(k2, m, s)), half_normal(k, sqrt(2.0) * s)


@relation(
    "in law", source="David & Nagaraja 2003, Order Statistics, 3rd ed.", where=lambda n: n >= 2
)
def uniform_least_and_greatest(k: Key, n: Integer):
    """Below the greatest, the others are uniform again."""
    k1, k2 = split(k)
    u = uniform(k, 0.0, 1.0, size=(n,))
    yield min(u), max(u)
    top = beta(k2, n, 1.0)
    yield top * beta(k1, 1.0, n - 1), top


# Three of them together -------------------------------------------------------------------


@relation("in law", source="Malmquist 1950, Skand. Aktuarietidskr. 33")
def uniform_ratios_of_three(k: Key):
    """Each sorted uniform number over the next: independent powers of uniform numbers."""
    u = sort(uniform(k, 0.0, 1.0, size=(3,)))
    k1, k2, k3 = split(k, 3)
    yield u[0] / u[1], u[1] / u[2], u[2]
    yield uniform(k1, 0.0, 1.0), beta(k2, 2.0, 1.0), beta(k3, 3.0, 1.0)


@relation("in law", source="Sukhatme 1937, Ann. Eugen. 8")
def normalised_spacings_of_three(k: Key, r):
    """Each spacing times the number that still wait: waiting times of one rate."""
    x = sort(exponential(k, rate=r, size=(3,)))
    k1, k2, k3 = split(k, 3)
    yield 3 * x[0], 2 * (x[1] - x[0]), x[2] - x[1]
    yield exponential(k1, rate=r), exponential(k2, rate=r), exponential(k3, rate=r)


@relation("in law", source=RENYI)
def exponential_range_of_three(k: Key, s):
    """From the first of three to the last, one after the other."""
    x = exponential(k, scale=s, size=(3,))
    k1, k2 = split(k)
    return max(x) - min(x), exponential(k1, scale=s) + exponential(k2, scale=s / 2)


@relation("in law", source=RENYI, where=lambda n: n >= 2)
def exponential_range_as_a_sum(k: Key, r, n: Integer):
    """From the first of n to the last: all spacings but the first."""
    x = exponential(k, rate=r, size=(n,))
    return max(x) - min(x), sum(exponential(k, rate=r * arange(1, n)))


@relation("in law", source=RENYI, where=lambda n: n >= 2)
def pareto_maximum_over_minimum(k: Key, b, m, n: Integer):
    """The greatest of n Pareto variables over the least: the range of their logarithms."""
    x = pareto(k, b, scale=m, size=(n,))
    return log(max(x) / min(x)), exponentiated_weibull(k, n - 1, 1.0, 1 / b)
