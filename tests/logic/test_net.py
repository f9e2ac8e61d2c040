"""Of many relations, those that may apply at a node are found, and no other is kept from it."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

import numpy as np
import pytest

import astragal as ag
from astragal import Key, relation, split
from astragal.logic.net import FEW, matcher_of
from astragal.random import exponential, gamma, normal
from astragal.random.distribution import is_random
from astragal.rewrites.convolutions import normal_convolution
from astragal.rewrites.special_cases import gamma_exponential_case


def with_mean(mean: float) -> ag.Relation:
    """The convolution for one mean of a term, whichever it is."""

    @relation("in law")
    def shifted(k: Key, a, c, d):
        k1, k2 = split(k)
        return (
            normal(k1, a, c) + normal(k2, mean, d),
            normal(k, a + mean, ag.sqrt(c**2 + d**2)),
        )

    return shifted


MEANS = [float(i) for i in range(3, 3 + 4 * FEW)]
CROWD = tuple(with_mean(m) for m in MEANS)
K1, K2, K3 = split(ag.key(4), 3)


@pytest.mark.parametrize("mean", [MEANS[0], MEANS[3], MEANS[-1]])
@pytest.mark.parametrize("turned", [False, True])
def test_a_number_in_a_statement_finds_the_relation_among_many(mean: float, turned: bool) -> None:
    x, y = normal(K1, ag.input("a"), 3.0), normal(K2, mean, 4.0)
    total = y + x if turned else x + y
    [step] = ag.rewrite(total, CROWD, explain=True).steps
    assert step.relation is CROWD[MEANS.index(mean)]
    assert step.new[0] is step.relation.forward(total)


def test_a_number_may_stand_in_each_element_of_an_array_or_deeper_in_a_sum() -> None:
    means = np.full(2, MEANS[2])
    x, y = normal(K1, ag.input("a", shape=(2,)), 3.0), normal(K2, ag.constant(means), 4.0)
    [step] = ag.rewrite(x + y, CROWD, explain=True).steps
    assert step.relation is CROWD[2]
    scalar = ag.input("b")
    one, two = normal(K1, scalar, 3.0), normal(K2, MEANS[5], 4.0)
    longer = (one + normal(K3, scalar, 1.0) * scalar) + two
    [step] = ag.rewrite(longer, CROWD, explain=True).steps
    assert step.relation is CROWD[5]


def test_numbers_that_no_statement_has_are_told_from_all_of_them() -> None:
    total = normal(K1, 0.5, 3.0) + normal(K2, -1.5, 4.0)
    matcher = matcher_of(CROWD, "forward")
    bucket = matcher.rules(total)
    assert bucket is not None
    assert len(bucket.rules) == len(CROWD)
    assert len(list(bucket.at(total))) == 1  # the first, which is tried before one looks
    assert ag.rewrite(total, CROWD) is total
    means = ag.constant(np.asarray([MEANS[2], MEANS[3]]))  # not one number
    x, y = normal(K1, means, 3.0), normal(K2, means, 4.0)
    assert ag.rewrite(x + y, CROWD) is x + y


@relation("sure")
def log_of_exp(x):
    return ag.log(ag.exp(x)), x


def test_a_relation_without_random_variables_applies_where_none_stand() -> None:
    x = ag.input("x")
    rules = (normal_convolution, log_of_exp)
    total = normal(K1, x, 1.0) + normal(K2, x, 1.0)
    after = ag.rewrite((ag.log(ag.exp(x)), total), rules)
    assert after[0] is x
    assert is_random(after[1])
    assert not matcher_of((normal_convolution,), "forward").anywhere


@relation("in law")
def exponential_gamma(k: Key, b):
    return gamma(k, 1.0, rate=b), exponential(k, rate=b)


@relation("sure")
def centred(k: Key, m, s):
    return normal(k, m + 2.0 * s, s), normal(k, m, s) + 2.0 * s


def test_parameters_of_a_random_variable_are_told_apart_by_what_they_are() -> None:
    def fitting(x: ag.Expr, rule: ag.Relation) -> bool:
        return matcher_of((rule,), "forward").rules(x) is not None

    b = ag.input("b")
    assert fitting(gamma(K1, 1.0, rate=b), exponential_gamma)
    assert not fitting(gamma(K1, b, rate=b), exponential_gamma)
    # What is solved for may be written in any way.
    written: list[ag.Expr] = [b, 3.0 * b, ag.exp(b), ag.constant(0.5)]
    assert all(fitting(normal(K1, m, b), centred) for m in written)


@pytest.mark.parametrize("n", [3, "n"])
def test_a_repeated_constant_is_a_constant(n) -> None:
    length = ag.input(n, dtype="int64") if n == "n" else n
    wait = gamma(K1, ag.ones((length,)), rate=2.0)
    found = ag.rewrite(wait, gamma_exponential_case)
    assert (found.op, found.type) == (exponential.op, wait.type)
    for other in (ag.full((length,), 2.0), ag.full((length,), ag.input("a"))):
        kept = gamma(K1, other, rate=2.0)
        assert ag.rewrite(kept, gamma_exponential_case) is kept
