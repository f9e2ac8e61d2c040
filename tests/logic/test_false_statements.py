"""Statements that are nearly true, of all sorts, are rejected with a counterexample."""

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
    maximum,
    minimum,
    relation,
    split,
    sqrt,
    where,
)
from astragal import random as r

FALSE: list[Relation] = []


def false(kind="in law", **options):
    return lambda f: FALSE.append(relation(kind, **options)(f))


# -- right marginals, a wrong joint law ----------------------------------------------------------


@false()
def correlation_of_the_other_sign(k: Key, s):
    a, b = split(k)
    x, y = r.normal(a, 0.0, s), r.normal(b, 0.0, s)
    return (x, 0.3 * x + sqrt(0.91) * y), (x, sqrt(0.91) * y - 0.3 * x)


@false()
def one_mixing_variable_or_two(k: Key):
    a, b, c, d = split(k, 4)
    x, y = r.normal(a, 0.0, 1.0), r.normal(b, 0.0, 1.0)
    v, w = r.chi_square(c, 12.0) / 12.0, r.chi_square(d, 12.0) / 12.0
    return (x / sqrt(v), y / sqrt(v)), (x / sqrt(v), y / sqrt(w))


@false()
def sum_and_difference_of_laplaces(k: Key, s):
    a, b = split(k)
    c, d = split(a)
    e, f = split(b)
    x, y = r.laplace(a, 0.0, s), r.laplace(b, 0.0, s)
    u = r.laplace(c, 0.0, s) + r.laplace(d, 0.0, s)
    v = r.laplace(e, 0.0, s) + r.laplace(f, 0.0, s)
    return (x + y, x - y), (u, v)


@false()
def coordinates_in_a_disk(k: Key):
    a, b = split(k)
    radius = sqrt(r.uniform(a, 0.0, 1.0))
    angle = r.uniform(b, 0.0, 6.283185307179586)
    return (radius * ag.cos(angle), radius * ag.sin(angle)), (
        r.semicircle(a, 1.0),
        r.semicircle(b, 1.0),
    )


@false()
def counts_with_a_common_part(k: Key, l, m):
    a, b, c, d = split(k, 4)
    x, y, z, w = r.poisson(a, l), r.poisson(b, l), r.poisson(c, m), r.poisson(d, m)
    return (x + z, y + z), (x + z, y + w)


@false()
def parity_of_four_coins(k: Key):
    x = ag.astype(r.bernoulli(k, 0.5, size=3), "float64")
    y = ag.astype(r.bernoulli(k, 0.5, size=4), "float64")
    last = (x[0] + x[1] + x[2]) % 2.0
    return ag.concat([x, ag.reshape(last, (1,))]), y


@false()
def four_of_six_signs_decide_each_other(k: Key):
    a, b = split(k)
    x = r.normal(a, 0.0, 1.0, size=6)
    sign = ag.sign(x[0] * x[1] * x[2])
    fourth = sign * ag.abs(x[3])
    tied = ag.stack([x[0], x[1], x[2], fourth, x[4], x[5]])
    return tied, r.normal(b, 0.0, 1.0, size=6)


@false()
def ends_of_a_sample_as_if_apart(k: Key):
    a, b = split(k)
    x = ag.sort(r.uniform(k, 0.0, 1.0, size=9))
    return (x[0], x[8]), (r.beta(a, 1.0, 9.0), r.beta(b, 9.0, 1.0))


@false()
def walk_whose_last_step_forgets(k: Key, s):
    a, b, c = split(k, 3)
    x, y, z = (r.normal(i, 0.0, s) for i in (a, b, c))
    path = (x, 0.6 * x + 0.8 * y, 0.6 * (0.6 * x + 0.8 * y) + 0.8 * z)
    other = (x, 0.6 * x + 0.8 * y, 0.6 * (0.6 * x - 0.8 * y) + 0.8 * z)
    return path, other


@false()
def bridge_with_the_covariance_of_a_walk(k: Key):
    a, b = split(k)
    x, y = r.normal(a, 0.0, sqrt(2.0) / 3.0), r.normal(b, 0.0, 1.0)
    # Of a bridge at 1/3 and 2/3: covariance 1/9, variances 2/9; the right slope is 1/2.
    left = (x, 0.5 * x + sqrt(1.0 / 6.0) * y)
    return left, (x, 0.7 * x + sqrt(2.0 / 9.0 * (1.0 - 0.49)) * y)


@false()
def innovations_run_backward(k: Key):
    a, b = split(k)
    x = r.exponential(a, rate=1.0)
    y = where(r.uniform(b, 0.0, 1.0) < 0.5, 0.0, 2.0) * x
    return (x, y), (y, x)


@false()
def gaussian_copula_for_a_student_one(k: Key):
    a, b, c = split(k, 3)
    x, y = r.normal(a, 0.0, 1.0), r.normal(b, 0.0, 1.0)
    v = sqrt(r.chi_square(c, 30.0) / 30.0)
    z = 0.5 * x + sqrt(0.75) * y
    t = (x / v, z / v)
    e, f = split(b)
    w = sqrt(r.chi_square(e, 30.0) / 30.0)
    return t, (x / v, 0.5 * x / v + sqrt(0.75) * r.normal(f, 0.0, 1.0) / w)


@false()
def maximum_beside_a_fresh_argument(k: Key, b):
    c, d, e = split(k, 3)
    x, y, z = (r.exponential(i, rate=b) for i in (c, d, e))
    return (x, maximum(x, y)), (z, maximum(x, y))


@false()
def dirichlet_sticks_without_what_was_broken_off(k: Key, a, b, c):
    i, j = split(k)
    x = r.dirichlet(k, ag.stack([a, b, c]))
    u, v = r.beta(i, a, b + c), r.beta(j, b, a + c)
    return (x[0], x[1]), (u, (1.0 - u) * v)


# -- wrong in the tails alone ---------------------------------------------------------------------


@false()
def twelve_uniforms_for_a_normal(k: Key):
    return ag.sum(r.uniform(k, 0.0, 1.0, size=12)) - 6.0, r.normal(k, 0.0, 1.0)


@false()
def largest_of_twenty_for_the_limit(k: Key):
    x = ag.max(r.exponential(k, rate=1.0, size=20)) - 2.995732273553991
    return x, r.gumbel(k, 0.0, 1.0)


@false()
def a_sum_clipped_at_four_deviations(k: Key, m, s):
    a, b = split(k)
    x = r.normal(a, m, s) + r.normal(b, 0.0, s)
    d = 4.0 * sqrt(2.0) * s
    return minimum(maximum(x, m - d), m + d), r.normal(k, m, sqrt(2.0) * s)


@false()
def an_outlier_in_a_thousand(k: Key, s):
    a, b = split(k)
    x = r.normal(a, 0.0, s)
    return where(r.uniform(b, 0.0, 1.0) < 0.001, 5.0 * x, x), r.normal(k, 0.0, s)


@false()
def twenty_wide_tails_for_gaussian_ones(k: Key):
    x = r.student_t(k, 12.0, 0.0, 1.0, size=3)
    return ag.sum(x) / sqrt(3.6), r.normal(k, 0.0, 1.0)


@false()
def a_sum_of_thirty_exponentials_as_normal(k: Key):
    x = ag.sum(r.exponential(k, rate=1.0, size=30))
    return (x - 30.0) / sqrt(30.0), r.normal(k, 0.0, 1.0)


@false()
def root_of_a_chi_square_by_fisher(k: Key):
    x = ag.sum(r.normal(k, 0.0, 1.0, size=25) ** 2)
    return sqrt(2.0 * x), r.normal(k, 7.0, 1.0)


@false()
def heavy_tail_from_the_wrong_index(k: Key, s):
    a, b = split(k)
    x, y = r.pareto(a, 2.0, scale=s), r.pareto(b, 3.0, scale=s)
    return minimum(x, y), r.pareto(k, 4.9, scale=s)


# -- wrong at some parameters ---------------------------------------------------------------------


@false()
def wrapped_normal_as_uniform(k: Key, s):
    return r.normal(k, 0.0, s) % 1.0, r.uniform(k, 0.0, 1.0)


@false()
def beta_by_kumaraswamy(k: Key, a, b):
    return r.beta(k, maximum(a, 1.0), minimum(b, 1.0)), r.kumaraswamy(
        k, maximum(a, 1.0), minimum(b, 1.0)
    )


@false()
def squared_normal_about_its_mean(k: Key, m, s):
    return (r.normal(k, m, s) / s) ** 2, r.noncentral_chi_square(k, 1.0, ag.abs(m) / s)


@false()
def pareto_minimum_from_the_larger_start(k: Key, a, b, s, t):
    c, d = split(k)
    return minimum(r.pareto(c, a, scale=s), r.pareto(d, b, scale=t)), r.pareto(
        k, a + b, scale=maximum(s, t)
    )


@false("sure")
def root_of_a_square(k: Key, m, s):
    x = r.normal(k, m, s)
    return sqrt(x**2), x


@false("sure")
def angle_of_a_tangent(k: Key, s):
    x = r.normal(k, 0.0, s)
    return ag.atan(ag.tan(x)), x


@false("sure")
def root_of_a_power_of_any_sign(k: Key, m, s):
    x = r.normal(k, m, s)
    return (x**4) ** 0.25, x


@false()
def skewness_kept_by_a_negative_slope(k: Key, c, m, s, a):
    return c * r.skew_normal(k, m, s, a), r.skew_normal(k, c * m, ag.abs(c) * s, a)


@false()
def uniform_of_a_part_of_a_number(k: Key, n: Integer):
    return r.discrete_uniform(k, 0, 3 * n + 1) % n, r.discrete_uniform(k, 0, n)


@false()
def student_variance_from_three_degrees_on(k: Key, v):
    return r.student_t(k, v, 0.0, 1.0), r.student_t(k, maximum(v, 3.0), 0.0, 1.0)


@false()
def poisson_of_a_large_mean(k: Key, l):
    return r.poisson(k, l), r.poisson(k, where(l > 2.5, l * 1.02, l))


@false()
def first_parameter_wins_when_smaller(k: Key, a, b):
    c, d = split(k)
    x, y = r.exponential(c, rate=a), r.exponential(d, rate=b)
    return maximum(x, y), r.exponential(k, rate=where(a < b, a, b))


# -- batches --------------------------------------------------------------------------------------


@false()
def one_row_repeated(k: Key, m, s):
    return ag.broadcast_to(r.normal(k, m, s, size=(2, 1)), (2, 3)), r.normal(k, m, s, size=(2, 3))


@false()
def a_letter_of_three_used_twice(k: Key, m, s):
    a, b = split(k)
    x, y = r.normal(a, m, s), r.normal(b, m, s)
    return ag.stack([x, y, x]), r.normal(k, m, s, size=3)


@false()
def sums_along_the_other_axis(k: Key):
    scale = ag.constant([[1.0], [2.0]])
    x = r.normal(k, 0.0, scale, size=(2, 2))
    return ag.sum(x, axis=0), ag.sum(x, axis=1)


@false()
def a_matrix_of_rows_turned(k: Key):
    x = r.normal(k, ag.constant([[0.0, 0.5], [1.0, 1.5]]), 1.0, size=(2, 2))
    return x, ag.matrix_transpose(x)


@false()
def sorted_is_as_drawn(k: Key):
    x = r.uniform(k, 0.0, 1.0, size=2)
    return x, ag.sort(x)


@false()
def running_total_from_the_other_end(k: Key, s):
    x = r.exponential(k, rate=s, size=3)
    return ag.cumulative_sum(x), ag.flip(ag.cumulative_sum(x))


@false()
def fewer_copies_than_elements(k: Key, l):
    return ag.tile(r.poisson(k, l, size=2), (2,)), r.poisson(k, l, size=4)


# -- posterior, predictive, evidence --------------------------------------------------------------


@false("reversal")
def predictive_of_a_normal_of_unknown_variance(kv: Key, km: Key, ky: Key, a, b, m, c):
    v = r.inverse_gamma(kv, a, scale=b)
    mu = r.normal(km, m, sqrt(v / c))
    yield v, mu, r.normal(ky, mu, sqrt(v))
    y = r.student_t(ky, 2 * a, m, sqrt(b / a / c))
    after = r.inverse_gamma(kv, a + 0.5, scale=b + c * (y - m) ** 2 / (2 * (c + 1)))
    yield after, r.normal(km, (c * m + y) / (c + 1), sqrt(after / (c + 1))), y


@false("reversal")
def beta_binomial_predictive_turned(kp: Key, ky: Key, a, b, n: Integer):
    p = r.beta(kp, a, b)
    yield p, r.binomial(ky, n, p)
    y = r.beta_binomial(ky, n, b, a)
    yield r.beta(kp, a + y, b + n - y), y


@false("reversal")
def gamma_poisson_exposure_left_out(kl: Key, ky: Key, a, b, t: Positive):
    l = r.gamma(kl, a, rate=b)
    yield l, r.poisson(ky, l * t)
    y = r.negative_binomial(ky, a, b / (b + 1))
    yield r.gamma(kl, a + y, rate=b + t), y


@false("reversal")
def second_observation_as_if_the_first_were_not(kt: Key, k1: Key, k2: Key, m, s, t):
    x = r.normal(kt, m, s)
    yield x, r.normal(k1, x, t), r.normal(k2, x, t)
    y, z = r.normal(k1, m, sqrt(s**2 + t**2)), r.normal(k2, m, sqrt(s**2 + t**2))
    v = 1 / (1 / s**2 + 2 / t**2)
    yield r.normal(kt, v * (m / s**2 + (y + z) / t**2), sqrt(v)), y, z


@false("reversal")
def urn_that_forgets(kp: Key, k1: Key, k2: Key, a, b):
    p = r.beta(kp, a, b)
    yield p, r.binomial(k1, 1, p), r.binomial(k2, 1, p)
    x, y = r.binomial(k1, 1, a / (a + b)), r.binomial(k2, 1, a / (a + b))
    yield r.beta(kp, a + x + y, b + 2 - x - y), x, y


@false("reversal")
def pareto_evidence_of_one_piece(kt: Key, ky: Key, a, m):
    t = r.pareto(kt, a, scale=m)
    yield t, r.uniform(ky, 0.0, t)
    y = r.uniform(ky, 0.0, m * (a + 1) / a)
    yield r.pareto(kt, a + 1, scale=maximum(m, y)), y


@false("conditional")
def data_counted_once_of_five(kp: Key, ky: Key, a, b):
    p = r.beta(kp, a, b)
    y = r.negative_binomial(ky, 2.0, p, size=5)
    yield p, y
    yield r.beta(kp, a + 2.0, b + ag.sum(y)), y


@false("conditional")
def precision_with_the_mean_of_squares(kt: Key, ky: Key, a, b):
    t = r.gamma(kt, a, rate=b)
    y = r.normal(ky, 0.0, 1 / sqrt(t), size=4)
    yield t, y
    yield r.gamma(kt, a + 2.0, rate=b + ag.mean(y**2) / 2), y


@false("conditional")
def bound_that_is_not_an_end(kt: Key, ky: Key, a, m):
    t = r.pareto(kt, a, scale=m)
    y = r.uniform(ky, 0.0, t, size=3)
    yield t, y
    yield r.pareto(kt, a + 3.0, scale=maximum(m, ag.mean(y))), y


@false("conditional")
def shape_of_a_gamma_as_if_a_rate(ka: Key, ky: Key, c, d, b):
    a = r.gamma(ka, c, rate=d)
    y = r.gamma(ky, a, rate=b)
    yield a, y
    yield r.gamma(ka, c + 1.0, rate=d + b * y), y


# -- counts off by one ----------------------------------------------------------------------------


@false()
def two_geometrics_as_failures(k: Key, p):
    a, b = split(k)
    return r.geometric(a, p) + r.geometric(b, p), r.negative_binomial(k, 2.0, p) + 1


@false()
def numbers_from_one_to_n(k: Key, n: Integer):
    return r.discrete_uniform(k, 0, n) + 1, r.discrete_uniform(k, 1, n + 2)


@false()
def draws_and_marks_exchanged_with_the_total(k: Key):
    return r.hypergeometric(k, 7, 5, 4), r.hypergeometric(k, 4, 7, 7)


@false()
def half_of_the_failures(k: Key, p):
    x = r.negative_binomial(k, 1.0, p)
    return ag.floor(ag.astype(x, "float64") / 2.0), ag.astype(
        r.negative_binomial(k, 1.0, 1.0 - (1.0 - p) ** 2.1), "float64"
    )


@false()
def binomial_given_a_success(k: Key, p):
    x = r.binomial(k, 5, p)
    return ag.given(x, x >= 1), 1 + r.binomial(k, 4, p)


@false()
def waiting_given_not_before_three(k: Key, p):
    x = r.geometric(k, p)
    return ag.given(x - 3, x >= 3), r.geometric(k, p)


@false()
def censored_is_not_truncated(k: Key, l):
    x = r.poisson(k, l)
    return minimum(x, 3), ag.given(x, x <= 3)


@false()
def ceiling_for_a_floor(k: Key, b):
    return ag.ceil(r.exponential(k, rate=b)), ag.floor(r.exponential(k, rate=b))


@false()
def median_of_four_counts(k: Key, l):
    return ag.sort(r.poisson(k, l, size=4))[1], ag.sort(r.poisson(k, l, size=4))[2]


# -- kinds ----------------------------------------------------------------------------------------


@false("sure")
def mirrored_for_the_same_key(k: Key, s):
    return r.normal(k, 0.0, s), -r.normal(k, 0.0, s)


@false("sure")
def terms_exchanged_with_their_keys(k: Key, s, t):
    a, b = split(k)
    return r.normal(a, 0.0, s) + r.normal(b, 0.0, t), r.normal(b, 0.0, s) + r.normal(a, 0.0, t)


@false("sure")
def one_minus_a_uniform(k: Key):
    return r.uniform(k, 0.0, 1.0), 1.0 - r.uniform(k, 0.0, 1.0)


@false("sure")
def child_of_a_key(k: Key, m, s):
    return r.normal(split(k)[0], m, s), r.normal(k, m, s)


@false("reversal")
def conditional_right_marginal_wrong(ka: Key, kb: Key, s, t):
    x = r.normal(ka, 0.0, s)
    yield x, r.normal(kb, x, t)
    y = r.normal(kb, 0.0, s + t)
    g = s**2 / (s**2 + t**2)
    yield r.normal(ka, g * y, sqrt(g) * t), y


# -- conditions -----------------------------------------------------------------------------------


@false(where=lambda m, t: t > m - 0.5)
def laplace_tail_from_a_little_below(k: Key, m, s, t):
    x = r.laplace(k, m, s)
    return ag.given(x - t, x > t), r.exponential(k, scale=s)


@false("sure", where=lambda c: c < 0.1)
def an_exponential_exceeds_a_small_bound(k: Key, b, c):
    x = r.exponential(k, rate=b)
    return maximum(x, c), x


@false(where=lambda n, m: m >= n)
def remainder_of_a_larger_range(k: Key, n: Integer, m: Integer):
    return r.discrete_uniform(k, 0, m) % n, r.discrete_uniform(k, 0, n)


@false(where=lambda a: a > 0.5)
def student_beyond_a_half(k: Key, a, s):
    x = r.pareto(k, a, scale=s)
    return ag.given(x - s, x > 2 * s), r.lomax(k, a, s)


@false(where=lambda m: m >= 0.0)
def folded_normal_of_a_positive_mean(k: Key, m, s):
    return ag.abs(r.normal(k, m, s)), r.truncated_normal(k, m, s, 0.0, 1e6)


@false(where=lambda c: (c > 0.0) | (c < -2.0))
def laplace_scaled_and_shifted_outside(k: Key, c, s):
    return c * r.exponential(k, scale=s), r.exponential(k, scale=ag.abs(c) * s)


# -- families -------------------------------------------------------------------------------------


@false()
def any_location_scale_adds_up(k: Key, D: ag.LocationScale, m, s, n, t):
    a, b = split(k)
    return D(a, m, s) + D(b, n, t), D(k, m + n, s + t)


@false()
def any_location_scale_is_symmetric(k: Key, D: ag.LocationScale, m, s):
    return -D(k, m, s), D(k, -m, s)


@false()
def any_rate_grows_with_its_variable(k: Key, D: ag.Rate, b, c: Positive):
    return c * D(k, b), D(k, b * c)


@false()
def any_scale_family_has_a_lightest_member(k: Key, D: ag.Scale, s, t):
    a, b = split(k)
    return minimum(D(a, s), D(b, t)), D(k, s * t / (s + t))


# -- any length -----------------------------------------------------------------------------------


@false()
def deviation_of_a_sum_of_any_length(k: Key, m, s, n: Integer):
    return ag.sum(r.normal(k, m, s, size=(n,))), r.normal(k, n * m, (n + 1) / 2 * s)


@false()
def at_most_three_squares_count(k: Key, n: Integer):
    x = ag.sum(r.normal(k, 0.0, 1.0, size=(n,)) ** 2)
    return x, r.chi_square(k, minimum(ag.astype(n, "float64"), 3.0))


@false()
def degrees_of_a_sample_of_any_length(k: Key, s, n: Integer):
    x = r.normal(k, 0.0, s, size=(n,))
    return ag.sum((x - ag.mean(x)) ** 2) / s**2, r.chi_square(k, ag.astype(n, "float64"))


@false()
def trials_of_unlike_chances(k: Key, p: Vector):
    q = ag.expit(p)
    x = ag.sum(ag.astype(r.bernoulli(k, q), "int64"))
    n = ag.sum(ag.astype(q < 2.0, "int64"))
    return x, r.binomial(k, n, ag.mean(q))


@pytest.mark.parametrize("rule", FALSE, ids=lambda r: r.name)
def test_a_nearly_true_statement_is_rejected_with_a_counterexample(rule: Relation) -> None:
    verdict = ag.verify(rule, effort="fast")
    assert not verdict.holds, verdict.evidence
    assert verdict.counterexample, verdict.evidence


def test_there_are_more_than_sixty() -> None:
    assert len(FALSE) > 60
