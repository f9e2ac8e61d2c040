"""Near misses are rejected with a counterexample, and what floating point makes hard holds."""

# ruff: noqa: E741
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

import pytest

import astragal as ag
from astragal import Integer, Key, Relation, exp, log, maximum, minimum, relation, split, sqrt
from astragal import random as r

FALSE: list[Relation] = []
TRUE: list[Relation] = []


def false(kind="in law", **options):
    return lambda f: FALSE.append(relation(kind, **options)(f))


def true(kind="in law", **options):
    return lambda f: TRUE.append(relation(kind, **options)(f))


# -- a rate for a scale, a variance for a standard deviation ------------------------------------


@false()
def gamma_scaled_by_its_rate(k: Key, a, b, c):
    return c * r.gamma(k, a, rate=b), r.gamma(k, a, rate=b * c)


@false()
def inverse_of_a_gamma_keeps_the_rate_inverted(k: Key, a, b):
    return 1 / r.gamma(k, a, rate=b), r.inverse_gamma(k, a, scale=1 / b)


@false()
def weibull_from_an_exponential_rate(k: Key, c, s):
    return r.exponential(k, rate=s) ** (1 / c), r.weibull(k, c, s)


@false()
def scaled_normal_variance(k: Key, m, s, c):
    return c * r.normal(k, m, s), r.normal(k, c * m, sqrt(c) * s)


@false()
def product_of_lognormals_adds_deviations(k: Key, m1, s1, m2, s2):
    a, b = split(k)
    return r.lognormal(a, m1, s1) * r.lognormal(b, m2, s2), r.lognormal(k, m1 + m2, s1 + s2)


@false()
def rayleigh_squared_without_the_two(k: Key, s):
    return r.rayleigh(k, s) ** 2, r.exponential(k, scale=s**2)


@false("reversal")
def normal_posterior_adds_variances(km: Key, ky: Key, m, s, t):
    x = r.normal(km, m, s)
    yield x, r.normal(ky, x, t)
    y = r.normal(ky, m, sqrt(s**2 + t**2))
    v = 1 / (1 / s + 1 / t)
    yield r.normal(km, v * (m / s + y / t), sqrt(v)), y


# -- n and n - 1, trials and failures -------------------------------------------------------------


@false()
def sample_variance_over_n(k: Key, m, s):
    x = r.normal(k, m, s, size=4)
    return 4 * ag.var(x) / s**2, r.chi_square(k, 4.0)


@false()
def mean_with_the_deviation_over_n(k: Key, m, s):
    return ag.mean(r.normal(k, m, s, size=3)), r.normal(k, m, s / 3)


@false()
def maximum_of_uniforms_counts_one_less(k: Key):
    return ag.max(r.uniform(k, 0.0, 1.0, size=4)), r.beta(k, 3.0, 1.0)


@false()
def geometric_counts_failures(k: Key, p):
    return r.geometric(k, p), r.negative_binomial(k, 1.0, p)


@false("reversal")
def beta_binomial_keeps_all_trials(kp: Key, ky: Key, a, b, n: Integer):
    p = r.beta(kp, a, b)
    yield p, r.binomial(ky, n, p)
    y = r.beta_binomial(ky, n, a, b)
    yield r.beta(kp, a + y, b + n), y


@false()
def erlang_one_step_short(k: Key, b):
    return ag.sum(r.exponential(k, rate=b, size=3)), r.gamma(k, 2.0, rate=b)


# -- the posterior right, the predictive wrong, and the reverse ------------------------------------


@false("reversal")
def gamma_poisson_predictive_of_two(kl: Key, ky: Key, a, b):
    l = r.gamma(kl, a, rate=b)
    yield l, r.poisson(ky, l)
    y = r.negative_binomial(ky, a, b / (b + 2))
    yield r.gamma(kl, a + y, rate=b + 1), y


@false("reversal")
def exponential_predictive_without_shape(kl: Key, ky: Key, a, b):
    l = r.gamma(kl, a, rate=b)
    yield l, r.exponential(ky, rate=l)
    y = r.lomax(ky, a + 1, b)
    yield r.gamma(kl, a + 1, rate=b + y), y


@false("reversal")
def normal_predictive_without_the_noise(km: Key, ky: Key, m, s, t):
    x = r.normal(km, m, s)
    yield x, r.normal(ky, x, t)
    y = r.normal(ky, m, s)
    v = 1 / (1 / s**2 + 1 / t**2)
    yield r.normal(km, v * (m / s**2 + y / t**2), sqrt(v)), y


@false("conditional")
def precision_without_the_half(kt: Key, ky: Key, a, b, m):
    t = r.gamma(kt, a, rate=b)
    y = r.normal(ky, m, 1 / sqrt(t))
    yield t, y
    yield r.gamma(kt, a + 0.5, rate=b + (y - m) ** 2), y


@false("conditional")
def pareto_bound_forgotten(kt: Key, ky: Key, a, m):
    t = r.pareto(kt, a, scale=m)
    y = r.uniform(ky, 0.0, t)
    yield t, y
    yield r.pareto(kt, a + 1, scale=y), y


# -- marginals right, the joint law wrong ---------------------------------------------------------


@false()
def sum_kept_beside_a_term(k: Key, m, s):
    a, b = split(k)
    x, y = r.normal(a, m, s), r.normal(b, m, s)
    return (x, x + y), (r.normal(a, m, s), r.normal(b, 2 * m, sqrt(2.0) * s))


@false()
def reflected_pair(k: Key, s):
    a, b = split(k)
    x = r.normal(a, 0.0, s)
    return (x, -x), (r.normal(a, 0.0, s), r.normal(b, 0.0, s))


@false()
def uncorrelated_and_dependent(k: Key):
    a, b = split(k)
    x = r.normal(a, 0.0, 1.0)
    return (x, x**2), (r.normal(a, 0.0, 1.0), r.chi_square(b, 1.0))


@false()
def minimum_and_maximum_apart(k: Key, b):
    c, d = split(k)
    x, y = r.exponential(c, rate=b), r.exponential(d, rate=b)
    # Each from a pair of its own has the marginal; together they are ordered.
    g, h = split(d)
    return (minimum(x, y), maximum(x, y)), (
        r.exponential(c, rate=2 * b),
        maximum(r.exponential(g, rate=b), r.exponential(h, rate=b)),
    )


@false()
def thinned_and_rest_dependent_for_a_fixed_count(k: Key, q):
    a, b = split(k)
    x = r.binomial(a, 5, q)
    return (x, 5 - x), (r.binomial(a, 5, q), r.binomial(b, 5, 1 - q))


@false()
def one_scale_drawn_twice(k: Key, n):
    a, b, c, d = split(k, 4)
    v = r.gamma(a, n / 2, rate=n / 2)
    return (r.normal(b, 0.0, 1.0) / sqrt(v), r.normal(c, 0.0, 1.0) / sqrt(v)), (
        r.student_t(b, n, 0.0, 1.0),
        r.student_t(d, n, 0.0, 1.0),
    )


# -- true at one setting, nearly true at others ---------------------------------------------------


@false()
def student_with_thirty_degrees_scaled(k: Key, m, s):
    return r.student_t(k, 30.0, m, s), r.normal(k, m, s * sqrt(30.0 / 28.0))


@false()
def gamma_near_a_lognormal(k: Key):
    return r.gamma(k, 40.0, rate=40.0), r.lognormal(k, -0.0125, 0.158)


@false()
def weibull_minimum_for_shape_one_alone(k: Key, c, s):
    a, b = split(k)
    return minimum(r.weibull(a, c, s), r.weibull(b, c, s)), r.weibull(k, c, s / 2)


@false(where=lambda a, b: (a > 0.0) & (b > 0.0))
def binomial_sum_of_two_probabilities(k: Key, p, q, a, b):
    c, d = split(k)
    total = r.binomial(c, 3, p) + r.binomial(d, 3, q)
    return total, r.binomial(k, 6, (p + q) / 2)


@false()
def binomial_near_a_poisson(k: Key, l):
    return r.binomial(k, 200, l / 200), r.poisson(k, l)


@false()
def truncation_forgotten_far_out(k: Key, m, s):
    return r.truncated_normal(k, m, s, m - 2.5 * s, m + 2.5 * s), r.normal(k, m, s)


@false()
def folded_normal_as_a_half_normal(k: Key, m, s):
    return ag.abs(r.normal(k, m, s)), r.half_normal(k, s)


@false()
def logit_of_a_beta(k: Key, a, b):
    x = r.beta(k, a, b)
    return log(x / (1 - x)), r.logistic(k, log(a / b), 1.0)


# -- boundaries -----------------------------------------------------------------------------------


@false()
def pareto_from_zero(k: Key, a, m):
    return r.lomax(k, a, m), r.pareto(k, a, scale=m)


@false()
def uniform_with_its_ends_swapped(k: Key, a):
    return 1 - r.uniform(k, 0.0, 1.0) ** (1 / a), r.beta(k, a, 1.0)


@false("sure")
def standardised_shift_dropped(k: Key, m, s):
    return r.gumbel(k, m, s), s * r.gumbel(k, m, 1.0)


@false("sure")
def right_but_for_the_sign(k: Key, m, s):
    return r.normal(k, m, s), m - s * r.normal(k, 0.0, 1.0)


# -- true ones that rounding would refute ---------------------------------------------------------


@true()
def odds_of_a_beta_near_one(k: Key, a):
    x = r.beta(k, a + 20.0, 0.05)
    return x / (1 - x), r.beta_prime(k, a + 20.0, 0.05)


@true()
def heavy_tail_of_a_quotient(k: Key):
    a, b = split(k)
    return r.normal(a, 0.0, 1.0) / r.normal(b, 0.0, 1.0), r.cauchy(k, 0.0, 1.0)


@true()
def levy_of_a_small_normal(k: Key, s):
    return s / r.normal(k, 0.0, 1.0) ** 2, r.levy(k, 0.0, s)


@true()
def gamma_of_a_tiny_shape(k: Key):
    return 3.0 * r.gamma(k, 0.01, rate=3.0), r.gamma(k, 0.01, rate=1.0)


@true()
def lognormal_that_overflows_when_squared(k: Key, m):
    return r.lognormal(k, m + 300.0, 1.0), exp(r.normal(k, m + 300.0, 1.0))


@true()
def sigmoid_that_saturates(k: Key):
    x = r.logistic(k, 30.0, 1.0)
    return ag.expit(x), ag.expit(30.0 + r.logistic(k, 0.0, 1.0))


@true()
def uniform_at_the_end_of_its_range(k: Key):
    return 1.0 + 1e-6 * r.uniform(k, 0.0, 1.0), r.uniform(k, 1.0, 1.0 + 1e-6)


@true()
def exponential_far_from_zero(k: Key, b):
    return 1e8 + r.exponential(k, rate=b), 1e8 - log(r.uniform(k, 0.0, 1.0)) / b


@true("reversal")
def counts_out_of_reach_on_both_sides(kp: Key, ky: Key, a, b):
    p = r.beta(kp, a, b)
    yield p, r.bernoulli(ky, p)
    y = r.bernoulli(ky, a / (a + b))
    yield r.beta(kp, a + y, b + 1 - y), y


@true("sure")
def difference_that_cancels(k: Key, m, s):
    return r.normal(k, m, s) - m, s * r.normal(k, 0.0, 1.0)


@true()
def student_with_a_small_degree(k: Key):
    a, b = split(k)
    v = r.inverse_gamma(a, 0.25, scale=0.25)
    return r.normal(b, 0.0, sqrt(v)), r.student_t(k, 0.5, 0.0, 1.0)


@pytest.mark.parametrize("rule", FALSE, ids=lambda r: r.name)
def test_a_near_miss_is_rejected_with_a_counterexample(rule: Relation) -> None:
    verdict = ag.verify(rule, effort="fast")
    assert not verdict.holds, verdict.evidence
    assert verdict.counterexample, verdict.evidence


@pytest.mark.parametrize("rule", TRUE, ids=lambda r: r.name)
def test_rounding_refutes_nothing_that_is_true(rule: Relation) -> None:
    verdict = ag.verify(rule, effort="fast")
    assert verdict.holds, (verdict.evidence, verdict.counterexample)


def test_there_are_enough_of_either_sort() -> None:
    assert len(FALSE) >= 30
    assert len(TRUE) >= 10
