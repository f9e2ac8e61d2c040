"""True statements that numbers make hard are accepted: heavy tails, rounding, joint laws."""

# ruff: noqa: E741
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

import pytest

import astragal as ag
from astragal import (
    Integer,
    Key,
    Positive,
    Relation,
    Vector,
    exp,
    log,
    maximum,
    relation,
    split,
    sqrt,
)
from astragal import random as r

TRUE: list[Relation] = []


def true(kind="in law", **options):
    return lambda f: TRUE.append(relation(kind, **options)(f))


# -- heavy tails, overflow, saturation ------------------------------------------------------------


@true()
def ratio_of_gammas_of_small_shapes(k: Key):
    a, b = split(k)
    x, y = r.gamma(a, 0.05, rate=1.0), r.gamma(b, 0.7, rate=1.0)
    return x / (x + y), r.beta(k, 0.05, 0.7)


@true()
def levy_by_a_normal(k: Key, s):
    return s / r.normal(k, 0.0, 1.0) ** 2, r.levy(k, 0.0, s)


@true()
def cauchy_inverted(k: Key, s):
    return 1.0 / r.cauchy(k, 0.0, s), r.cauchy(k, 0.0, 1.0 / s)


@true()
def mean_of_cauchys(k: Key, m, s):
    return ag.mean(r.cauchy(k, m, s, size=5)), r.cauchy(k, m, s)


@true()
def exponential_of_a_wide_normal(k: Key):
    return exp(r.normal(k, 0.0, 40.0)), r.lognormal(k, 0.0, 40.0)


@true()
def logistic_far_out(k: Key, m, s):
    u = r.uniform(k, 0.0, 1.0)
    return m + s * (log(u) - ag.log1p(-u)), r.logistic(k, m, s)


@true()
def expit_of_a_wide_logistic(k: Key):
    return ag.expit(r.logistic(k, 0.0, 1.0)), r.uniform(k, 0.0, 1.0)


@true()
def pareto_of_a_tiny_index(k: Key, s):
    return s * exp(r.exponential(k, rate=0.04)), r.pareto(k, 0.04, scale=s)


@true()
def product_of_paretos(k: Key, a):
    b, c = split(k)
    x = r.pareto(b, a, scale=1.0) * r.pareto(c, a, scale=1.0)
    return log(x), r.gamma(k, 2.0, rate=a)


@true()
def double_exponential_of_a_double_exponential(k: Key, s):
    a, b = split(k)
    return exp(r.exponential(a, scale=s) - r.exponential(b, scale=s)), r.log_laplace(k, 1 / s, 1.0)


@true()
def student_of_half_a_degree(k: Key):
    a, b = split(k)
    return r.normal(a, 0.0, 1.0) / sqrt(r.chi_square(b, 0.5) / 0.5), r.student_t(k, 0.5, 0.0, 1.0)


@true()
def weibull_of_a_tiny_shape(k: Key, s):
    return s * r.exponential(k, rate=1.0) ** 12.0, r.weibull(k, 1 / 12.0, s)


@true()
def inverse_gaussian_by_its_tail(k: Key, m, s):
    x = r.inverse_gaussian(k, m, s)
    return s * (x - m) ** 2 / (m**2 * x), r.chi_square(k, 1.0)


@true("sure")
def log_of_an_exponential_that_overflows(k: Key):
    x = r.normal(k, 500.0, 100.0)
    return ag.logaddexp(x, 0.0), ag.softplus(x)


@true("sure")
def sigmoid_and_its_mirror(k: Key, m, s):
    x = 30.0 * r.normal(k, m, s)
    return 1.0 - ag.expit(x), ag.expit(-x)


@true("sure")
def difference_of_near_equals(k: Key, m, s):
    x = r.normal(k, m, s)
    return (x + 1000.0) - 1000.0, x


@true("sure")
def hypotenuse_both_ways(k: Key, s):
    a, b = split(k)
    x, y = r.cauchy(a, 0.0, s), r.cauchy(b, 0.0, s)
    return ag.hypot(x, y), sqrt(x**2 + y**2)


@true("sure")
def logsumexp_shifted(k: Key, c):
    x = r.cauchy(k, 0.0, 5.0, size=4)
    return ag.logsumexp(x + c), c + ag.logsumexp(x)


@true("sure")
def softmax_shifted(k: Key, c):
    x = r.normal(k, 0.0, 200.0, size=4)
    return ag.softmax(x + c), ag.softmax(x)


@true("sure")
def sorted_twice(k: Key, m, s):
    x = r.normal(k, m, s, size=5)
    return ag.sort(ag.sort(x)), ag.sort(-ag.sort(-x))


@true("sure")
def variance_by_its_moments(k: Key, m, s):
    x = r.normal(k, m, s, size=7)
    return ag.var(x), ag.mean(x**2) - ag.mean(x) ** 2


@true("sure")
def product_as_a_sum_of_logs(k: Key, a):
    x = r.gamma(k, a, rate=1.0, size=6)
    return log(ag.prod(x)), ag.sum(log(x))


# -- counts ---------------------------------------------------------------------------------------


@true()
def hypergeometric_exchanged(k: Key):
    return r.hypergeometric(k, 7, 5, 4), r.hypergeometric(k, 4, 8, 7)


@true()
def binomial_mirrored(k: Key, p, n: Integer):
    return n - r.binomial(k, n, p), r.binomial(k, n, 1.0 - p)


@true()
def failures_in_pairs(k: Key, p):
    x = ag.astype(r.negative_binomial(k, 1.0, p), "float64")
    return ag.floor(x / 2.0), ag.astype(
        r.negative_binomial(k, 1.0, 1.0 - (1.0 - p) ** 2), "float64"
    )


@true()
def geometric_without_memory(k: Key, p):
    x = r.geometric(k, p)
    return ag.given(x - 3, x > 3), r.geometric(k, p)


@true()
def ceiling_of_an_exponential(k: Key, b):
    return ag.astype(ag.ceil(r.exponential(k, rate=b)), "int64"), r.geometric(k, 1.0 - exp(-b))


@true()
def counts_mixed_by_an_exponential(k: Key, b):
    a, c = split(k)
    return r.poisson(a, r.exponential(c, rate=b)), r.negative_binomial(k, 1.0, b / (1.0 + b))


@true()
def poisson_parity(k: Key, l):
    x = r.poisson(k, l)
    return x % 2, ag.astype(r.bernoulli(k, (1.0 - exp(-2.0 * l)) / 2.0), "int64")


@true()
def poisson_of_a_large_mean_thinned(k: Key):
    a, b = split(k)
    return r.binomial(a, r.poisson(b, 400.0), 0.25), r.poisson(k, 100.0)


@true()
def rare_binomial_sum(k: Key):
    a, b = split(k)
    return r.binomial(a, 1000, 0.002) + r.binomial(b, 500, 0.002), r.binomial(k, 1500, 0.002)


@true()
def maximum_of_geometrics_by_failures(k: Key, p):
    a, b = split(k)
    x, y = r.geometric(a, p), r.geometric(b, p)
    # The larger: the first of both, then what is left of one where they were not equal.
    c, d = split(a)
    first = r.geometric(c, 1.0 - (1.0 - p) ** 2)
    tie = ag.astype(r.bernoulli(d, p**2 / (1.0 - (1.0 - p) ** 2)), "int64")
    return maximum(x, y), first + (1 - tie) * r.geometric(b, p)


@true()
def remainder_where_it_divides(k: Key, n: Integer):
    return r.discrete_uniform(k, 0, 3 * n) % n, r.discrete_uniform(k, 0, n)


@true()
def number_from_its_digits(k: Key):
    a, b = split(k)
    x, y = r.discrete_uniform(a, 0, 4), r.discrete_uniform(b, 0, 5)
    return x + 4 * y, r.discrete_uniform(k, 0, 20)


# -- joint laws -----------------------------------------------------------------------------------


@true()
def rotation_of_normals(k: Key, s):
    a, b = split(k)
    x, y = r.normal(a, 0.0, s), r.normal(b, 0.0, s)
    return (0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y), (x, y)


@true()
def correlated_pair_from_either_end(k: Key, s):
    a, b = split(k)
    x, y = r.normal(a, 0.0, s), r.normal(b, 0.0, s)
    z = 0.3 * x + sqrt(0.91) * y
    return (x, z), (z, x)


@true()
def ends_of_a_sample_one_after_the_other(k: Key):
    a, b = split(k)
    x = ag.sort(r.uniform(k, 0.0, 1.0, size=4))
    top = r.beta(a, 4.0, 1.0)
    return (x[3], x[0]), (top, top * r.beta(b, 1.0, 3.0))


@true()
def total_and_shares_of_gammas(k: Key, b):
    a, c, d = split(k, 3)
    x, y, z = r.gamma(a, 0.4, rate=b), r.gamma(c, 1.3, rate=b), r.gamma(d, 2.2, rate=b)
    t = x + y + z
    shares = r.dirichlet(a, ag.constant([0.4, 1.3, 2.2]))
    return (x / t, y / t, t), (shares[0], shares[1], r.gamma(d, 3.9, rate=b))


@true()
def seven_coins_and_the_parity_of_six(k: Key):
    x = ag.astype(r.bernoulli(k, 0.5, size=7), "float64")
    s = ag.sum(x[:6])
    parity = s % 2.0
    return (x[0], x[1], x[2], x[3], x[4], parity), tuple(x[i] for i in range(6))


@true()
def vector_turned_round(k: Key, m, s):
    x = r.logistic(k, m, s, size=4)
    return ag.flip(x), x


@true()
def shuffled_by_other_ranks(k: Key):
    a, b = split(k)
    x, u = r.exponential(a, rate=1.0, size=4), r.uniform(b, 0.0, 1.0, size=4)
    return ag.take(x, ag.argsort(u)), r.exponential(a, rate=1.0, size=4)


@true()
def place_of_the_largest(k: Key):
    return ag.argmax(r.cauchy(k, 0.0, 1.0, size=6)), r.discrete_uniform(k, 0, 6)


@true()
def argmax_of_gumbels(k: Key, a, b, c):
    x = ag.stack([a, b, c])
    return ag.argmax(x + r.gumbel(k, 0.0, 1.0, size=3)), r.categorical(k, ag.softmax(x))


@true()
def disk_by_its_radius(k: Key):
    a, b = split(k)
    radius, angle = sqrt(r.uniform(a, 0.0, 1.0)), r.uniform(b, 0.0, 6.283185307179586)
    return radius * ag.cos(angle), r.semicircle(k, 1.0)


@true()
def one_mixing_variable_for_two(k: Key):
    a, b, c, d = split(k, 4)
    v = r.gamma(c, 6.0, rate=6.0)
    x, y = r.normal(a, 0.0, 1.0) / sqrt(v), r.normal(b, 0.0, 1.0) / sqrt(v)
    w = r.chi_square(d, 12.0) / 12.0
    return (x, y), (r.normal(a, 0.0, 1 / sqrt(w)), r.normal(b, 0.0, 1 / sqrt(w)))


@true()
def sum_of_squares_and_direction(k: Key):
    a, b = split(k)
    x, y = r.normal(a, 0.0, 1.0), r.normal(b, 0.0, 1.0)
    return (x**2 + y**2, y / x), (r.exponential(a, scale=2.0), r.cauchy(b, 0.0, 1.0))


# -- posteriors -----------------------------------------------------------------------------------


@true("reversal")
def normal_of_unknown_mean_and_variance(kv: Key, km: Key, ky: Key, a, b, m, c):
    v = r.inverse_gamma(kv, a, scale=b)
    mu = r.normal(km, m, sqrt(v / c))
    yield v, mu, r.normal(ky, mu, sqrt(v))
    y = r.student_t(ky, 2 * a, m, sqrt(b / a * (1 + 1 / c)))
    after = r.inverse_gamma(kv, a + 0.5, scale=b + c * (y - m) ** 2 / (2 * (c + 1)))
    yield after, r.normal(km, (c * m + y) / (c + 1), sqrt(after / (c + 1))), y


@true("reversal")
def urn_that_remembers(kp: Key, k1: Key, k2: Key, a, b):
    p = r.beta(kp, a, b)
    yield p, r.binomial(k1, 1, p), r.binomial(k2, 1, p)
    x = r.binomial(k1, 1, a / (a + b))
    y = r.binomial(k2, 1, (a + x) / (a + b + 1))
    yield r.beta(kp, a + x + y, b + 2 - x - y), x, y


@true("reversal")
def two_normals_one_after_the_other(kt: Key, k1: Key, k2: Key, m, s, t):
    x = r.normal(kt, m, s)
    yield x, r.normal(k1, x, t), r.normal(k2, x, t)
    y = r.normal(k1, m, sqrt(s**2 + t**2))
    w = 1 / (1 / s**2 + 1 / t**2)
    n = w * (m / s**2 + y / t**2)
    z = r.normal(k2, n, sqrt(w + t**2))
    v = 1 / (1 / s**2 + 2 / t**2)
    yield r.normal(kt, v * (m / s**2 + (y + z) / t**2), sqrt(v)), y, z


@true("conditional")
def failures_of_five(kp: Key, ky: Key, a, b):
    p = r.beta(kp, a, b)
    y = r.negative_binomial(ky, 2.0, p, size=5)
    yield p, y
    yield r.beta(kp, a + 10.0, b + ag.sum(y)), y


@true("conditional")
def pareto_bound_of_three(kt: Key, ky: Key, a, m):
    t = r.pareto(kt, a, scale=m)
    y = r.uniform(ky, 0.0, t, size=3)
    yield t, y
    yield r.pareto(kt, a + 3.0, scale=maximum(m, ag.max(y))), y


@true("conditional")
def scale_of_a_weibull_far_out(kl: Key, ky: Key, a, b, c):
    l = r.inverse_gamma(kl, a, scale=b)
    y = r.weibull(ky, c, l ** (1 / c), size=4)
    yield l, y
    yield r.inverse_gamma(kl, a + 4.0, scale=b + ag.sum(y**c)), y


# -- conditions, families, lengths ----------------------------------------------------------------


@true(where=lambda m, t: t >= m)
def laplace_tail_from_its_centre(k: Key, m, s, t):
    x = r.laplace(k, m, s)
    return ag.given(x - t, x > t), r.exponential(k, scale=s)


@true("sure", where=lambda c: c <= 0.0)
def an_exponential_exceeds_no_positive_bound(k: Key, b, c):
    x = r.exponential(k, rate=b)
    return maximum(x, c), x


@true(where=lambda a: a > 0.5)
def pareto_beyond_a_multiple(k: Key, a, s):
    x = r.pareto(k, a, scale=s)
    return ag.given(x, x > 2 * s), r.pareto(k, a, scale=2 * s)


@true()
def any_rate_shrinks_with_its_variable(k: Key, D: ag.Rate, b, c: Positive):
    return c * D(k, b), D(k, b / c)


@true()
def any_location_shifts(k: Key, D: ag.Location, m, c):
    return c + D(k, m), D(k, m + c)


@true()
def degrees_of_a_sample(k: Key, s, n: Integer):
    x = r.normal(k, 0.0, s, size=(n,))
    return ag.sum((x - ag.mean(x)) ** 2) / s**2, r.chi_square(k, ag.astype(n - 1, "float64"))


@true()
def largest_of_any_number(k: Key, n: Integer):
    return ag.max(r.uniform(k, 0.0, 1.0, size=(n,))), r.beta(k, ag.astype(n, "float64"), 1.0)


@true()
def rates_of_any_length_compete(k: Key, v: Vector):
    x = exp(v)
    return ag.min(r.exponential(k, rate=x)), r.exponential(k, rate=ag.sum(x))


@true()
def trials_of_equal_chances(k: Key, p: ag.Probability, n: Integer):
    return ag.sum(ag.astype(r.bernoulli(k, p, size=(n,)), "int64")), r.binomial(k, n, p)


@pytest.mark.parametrize("rule", TRUE, ids=lambda r: r.name)
def test_what_is_true_but_hard_is_accepted(rule: Relation) -> None:
    verdict = ag.verify(rule, effort="quick")
    assert verdict.holds, (verdict.evidence, verdict.counterexample)


def test_there_are_sixty() -> None:
    assert len(TRUE) >= 60
