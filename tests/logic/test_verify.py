"""Verification accepts what is true and rejects what is false, whatever makes it hard."""

# ruff: noqa: E741
# mypy: disable-error-code="no-untyped-def"

import pytest

import astragal as ag
from astragal import Key, Relation, minimum, relation, split, sqrt, verify, where
from astragal.random import (
    bernoulli,
    binomial,
    cauchy,
    exponential,
    gamma,
    half_cauchy,
    inverse_gamma,
    laplace,
    levy,
    negative_binomial,
    normal,
    poisson,
    student_t,
)
from astragal.rewrites import BOOK


@relation("in law")
def deviations_added(k: Key, m1, s1, m2, s2):
    a, b = split(k)
    return normal(a, m1, s1) + normal(b, m2, s2), normal(k, m1 + m2, s1 + s2)


@relation("in law")
def normal_with_inverse_gamma_variance(k: Key, ν, m, s):
    a, b = split(k)
    return normal(a, m, sqrt(inverse_gamma(b, ν / 2, scale=ν * s**2 / 2))), student_t(k, ν, m, s)


@relation("in law")
def normal_with_inverse_gamma_deviation(k: Key, ν, m, s):
    a, b = split(k)
    return normal(a, m, inverse_gamma(b, ν / 2, scale=ν * s**2 / 2)), student_t(k, ν, m, s)


@relation("in law")
def normal_with_exponential_variance(k: Key, m, s):
    a, b = split(k)
    return normal(a, m, sqrt(exponential(b, scale=2 * s**2))), laplace(k, m, s)


@relation("in law")
def laplace_without_the_two(k: Key, m, s):
    a, b = split(k)
    return normal(a, m, sqrt(exponential(b, scale=s**2))), laplace(k, m, s)


@relation("in law")
def student_with_many_degrees_is_normal(k: Key, m, s):
    return student_t(k, 30.0, m, s), normal(k, m, s)


@relation("in law")
def minimum_of_exponentials(k: Key, r1, r2):
    a, b = split(k)
    return minimum(exponential(a, rate=r1), exponential(b, rate=r2)), exponential(k, rate=r1 + r2)


@relation("in law")
def minimum_with_scales_added(k: Key, r1, r2):
    a, b = split(k)
    return minimum(exponential(a, scale=r1), exponential(b, scale=r2)), exponential(
        k, scale=r1 + r2
    )


@relation("in law")
def half_cauchy_by_two_inverse_gammas(k: Key, A):
    a, b = split(k)
    return sqrt(
        inverse_gamma(a, 0.5, scale=1 / inverse_gamma(b, 0.5, scale=1 / A**2))
    ), half_cauchy(k, A)


@relation("in law")
def half_cauchy_scale_inverted(k: Key, A):
    a, b = split(k)
    return sqrt(inverse_gamma(a, 0.5, scale=1 / inverse_gamma(b, 0.5, scale=A**2))), half_cauchy(
        k, A
    )


@relation("in law")
def poisson_with_gamma_rate(k: Key, r, p):
    a, b = split(k)
    return poisson(b, gamma(a, r, rate=p / (1 - p))), negative_binomial(k, r, p)


@relation("in law")
def poisson_with_odds_inverted(k: Key, r, p):
    a, b = split(k)
    return poisson(b, gamma(a, r, rate=(1 - p) / p)), negative_binomial(k, r, p)


@relation("in law")
def poisson_sum(k: Key, a, b):
    x, y = split(k)
    return poisson(x, a) + poisson(y, b), poisson(k, a + b)


@relation("in law")
def sum_and_difference_of_unequal(k: Key, m, s, t):
    a, b = split(k)
    x = normal(a, m, s)
    z = normal(b, m, t)
    return (x + z, x - z), (
        normal(a, 2 * m, sqrt(s**2 + t**2)),
        normal(b, 0.0 * m, sqrt(s**2 + t**2)),
    )


@relation("in law")
def sum_and_difference_of_equal(k: Key, m, s):
    a, b = split(k)
    x = normal(a, m, s)
    z = normal(b, m, s)
    return (x + z, x - z), (normal(a, 2 * m, sqrt(2.0) * s), normal(b, 0.0 * m, sqrt(2.0) * s))


@relation("in law")
def two_counts_of_one_rate(k: Key, r, p):
    a, b = split(k)
    c, d = split(b)
    l = gamma(a, r, rate=p / (1 - p))
    return (poisson(c, l), poisson(d, l)), (negative_binomial(a, r, p), negative_binomial(b, r, p))


@relation("in law")
def race_inverted(k: Key, s1, s2):
    a, b = split(k)
    return where(exponential(a, scale=s1) < exponential(b, scale=s2), 1, 0), bernoulli(
        k, s1 / (s1 + s2)
    )


@relation("in law")
def race(k: Key, s1, s2):
    a, b = split(k)
    return where(exponential(a, scale=s1) < exponential(b, scale=s2), 1, 0), bernoulli(
        k, s2 / (s1 + s2)
    )


@relation("in law")
def poisson_thinned(k: Key, l, q):
    a, b = split(k)
    return binomial(b, poisson(a, l), q), poisson(k, l * q)


@relation("in law")
def normal_ratio(k: Key):
    a, b = split(k)
    return normal(a, 0.0, 1.0) / normal(b, 0.0, 1.0), cauchy(k, 0.0, 1.0)


@relation("in law")
def doubling_as_a_sum(k: Key, m, s):
    x = normal(k, m, s)
    return x + x, normal(k, 2 * m, sqrt(2.0) * s)


@relation("in law")
def levy_sum(k: Key, s1, s2):
    a, b = split(k)
    return levy(a, 0.0, s1) + levy(b, 0.0, s2), levy(k, 0.0, (sqrt(s1) + sqrt(s2)) ** 2)


@relation("in law")
def levy_scales_added(k: Key, s1, s2):
    a, b = split(k)
    return levy(a, 0.0, s1) + levy(b, 0.0, s2), levy(k, 0.0, s1 + s2)


@relation("reversal")
def gamma_poisson(kλ: Key, ky: Key, α, β):
    λ = gamma(kλ, α, rate=β)
    yield λ, poisson(ky, λ)
    y = negative_binomial(ky, α, β / (β + 1))
    yield gamma(kλ, α + y, rate=β + 1), y


@relation("reversal")
def gamma_poisson_odds_inverted(kλ: Key, ky: Key, α, β):
    λ = gamma(kλ, α, rate=β)
    yield λ, poisson(ky, λ)
    y = negative_binomial(ky, α, 1 / (β + 1))
    yield gamma(kλ, α + y, rate=β + 1), y


@relation("in law")
def sum_of_four(k: Key, m, s):
    a = split(k, 4)
    return normal(a[0], m, s) + normal(a[1], m, s) + normal(a[2], m, s) + normal(
        a[3], m, s
    ), normal(k, 4 * m, 2 * s)


@relation("sure")
def standardised(k: Key, m, s):
    return normal(k, m, s), m + s * normal(k, 0.0, 1.0)


@relation("sure")
def standardised_with_a_variance(k: Key, m, s):
    return normal(k, m, s), m + s**2 * normal(k, 0.0, 1.0)


TRUE = [
    normal_with_inverse_gamma_variance,
    normal_with_exponential_variance,
    minimum_of_exponentials,
    half_cauchy_by_two_inverse_gammas,
    poisson_with_gamma_rate,
    poisson_sum,
    sum_and_difference_of_equal,
    race,
    poisson_thinned,
    normal_ratio,
    levy_sum,
    gamma_poisson,
    sum_of_four,
    standardised,
]
FALSE = [
    deviations_added,
    normal_with_inverse_gamma_deviation,
    laplace_without_the_two,
    student_with_many_degrees_is_normal,
    minimum_with_scales_added,
    half_cauchy_scale_inverted,
    poisson_with_odds_inverted,
    sum_and_difference_of_unequal,
    two_counts_of_one_rate,
    race_inverted,
    doubling_as_a_sum,
    levy_scales_added,
    gamma_poisson_odds_inverted,
    standardised_with_a_variance,
]


@pytest.mark.parametrize("rule", TRUE, ids=lambda r: r.name)
def test_what_is_true_is_accepted(rule: Relation) -> None:
    verdict = verify(rule)
    assert verdict.holds, (verdict.evidence, verdict.counterexample)


@pytest.mark.parametrize("rule", FALSE, ids=lambda r: r.name)
def test_what_is_false_is_rejected_with_a_counterexample(rule: Relation) -> None:
    verdict = verify(rule)
    assert not verdict.holds
    assert verdict.counterexample


@pytest.mark.slow
@pytest.mark.parametrize("rule", BOOK, ids=lambda r: r.name)
def test_every_relation_of_the_book_is_true(rule: Relation) -> None:
    verdict = verify(rule, effort="quick")
    assert verdict.holds, (verdict.evidence, verdict.counterexample)


def test_the_same_seed_gives_the_same_verdict() -> None:
    assert verify(deviations_added, seed=3) == verify(deviations_added, seed=3)
    assert verify(deviations_added, seed=3) != verify(deviations_added, seed=4)


def test_a_relation_without_valid_parameters_is_not_accepted() -> None:
    @relation("in law", where=lambda s: (s < 1.0) & (s > 2.0))
    def nowhere(k: Key, s):
        return normal(k, 0.0, s), normal(k, 0.0, s)

    verdict = verify(nowhere)
    assert not verdict.holds
    assert "no parameters" in verdict.evidence


def test_the_book_is_reported_in_order() -> None:
    from astragal.logic.report import rules, verify_all

    assert list(rules()) == list(BOOK)
    [(rule, verdict)] = verify_all(["normal_convolution"])
    assert rule is ag.rewrites.convolutions.normal_convolution
    assert verdict.holds
    with pytest.raises(KeyError, match="no relation 'nonsense'"):
        list(rules(["nonsense"]))
