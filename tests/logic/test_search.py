"""Which forms there are, and what turns A into B: fairly, once each, within a bound."""

import itertools

import pytest
from kanren.core import run
from unification import var

import astragal as ag
from astragal.logic.search import Forms
from astragal.random import exponential, gamma, normal
from astragal.rewrites.convolutions import normal_convolution

K = ag.key(0)
k1, k2 = ag.split(K)
a, b, m, s = (ag.input(n) for n in "abms")
one = normal(K, m, s)


@ag.relation("sure")
def commuted(x, y):  # type: ignore[no-untyped-def]
    return x + y, y + x


@ag.relation("sure")
def doubled(x):  # type: ignore[no-untyped-def]
    return x + x, 2.0 * x


@ag.relation("sure")
def grown(x):  # type: ignore[no-untyped-def]
    return ag.exp(x), ag.exp(x + 1.0) * ag.exp(-1.0)


@pytest.mark.parametrize(
    ("x", "y", "same"),
    [
        (a + (b + m), (m + a) + b, True),
        (a * b + m, m + b * a, True),
        (ag.sin(a + b), ag.sin(b + a), True),
        (a + a + b, a + b + b, False),
        (a - b, b - a, False),
        (a + b * m, (a + b) * m, False),
        (ag.equal(a, b), ag.equal(b, a), True),
        (a < b, b < a, False),
        (ag.sum(ag.stack([a, b])), ag.sum(ag.stack([b, a])), False),
        (normal(k1, a, b) + normal(k2, m, s), normal(k2, m, s) + normal(k1, a, b), True),
        (normal(k1, a, b) + normal(k2, m, s), normal(k2, a, b) + normal(k1, m, s), False),
    ],
)
def test_forms_are_the_same_up_to_order_and_grouping(x: ag.Expr, y: ag.Expr, same: bool) -> None:
    form_of = Forms()
    assert (form_of(x) == form_of(y)) is same


def test_a_doubled_graph_has_a_form_at_once() -> None:
    x, y = a + b, b + a
    for _ in range(400):
        x, y = x + x, y + y
    form_of = Forms()
    assert form_of(x) == form_of(y)


def test_forms_come_nearest_first_and_once() -> None:
    forms = list(ag.equivalents(one, [normal_convolution], limit=5))
    assert len(set(forms)) == 5
    assert forms[0] is one
    assert forms[1] is normal_convolution.backward(one)


def test_a_commuted_sum_is_no_other_form() -> None:
    assert list(ag.equivalents(a + b, commuted)) == [a + b]
    assert list(ag.equivalents(a + b + m, commuted, limit=10)) == [a + b + m]


def test_no_form_starves_another() -> None:
    x = ag.exp(a) + (b + b)
    forms = list(itertools.islice(ag.equivalents(x, [grown, doubled]), 12))
    assert len(forms) == 12
    assert any("2.0 * b" in repr(f) for f in forms[:3])


def test_the_limit_is_kept_and_an_end_is_one() -> None:
    assert list(ag.equivalents(one, normal_convolution, limit=0)) == []
    assert list(ag.equivalents(one, normal_convolution, limit=1)) == [one]
    assert list(ag.equivalents(b + b, doubled)) == [b + b, 2.0 * b]


def test_a_derivation_is_found_or_said_not_to_be() -> None:
    far = normal_convolution.backward(one, m1=a)
    steps = ag.path(far, one, normal_convolution)
    assert steps is not None
    assert [step.direction for step in steps] == ["forward"]
    assert ag.path(one, gamma(K, m, rate=s), normal_convolution, limit=5) is None
    assert ag.path(one, one, normal_convolution) == []
    assert ag.path(a + b, b + a, doubled) == []
    assert ag.path(b + b, a + a, doubled) is None


def test_a_derivation_goes_through_several_relations_and_families() -> None:
    @ag.relation("sure")
    def standardised(k: ag.Key, D: ag.Rate, r):  # type: ignore[no-untyped-def]
        return D(k, r), D(k, 1.0) / r

    @ag.relation("in law")
    def one_event(k: ag.Key, r):  # type: ignore[no-untyped-def]
        return gamma(k, 1.0, rate=r), exponential(k, rate=r)

    start, end = gamma(K, 1.0, rate=m), exponential(K, rate=1.0) / m
    steps = ag.path(start, end, [standardised, one_event])
    assert steps is not None
    assert len(steps) == 2
    assert {"one_event"} < {step.relation.name for step in steps}


def test_a_goal_gives_what_forward_gives_and_no_form_twice() -> None:
    a, b = ag.split(ag.key(4))
    m, s = ag.input("m"), ag.input("s")
    q = var()
    for mean, spread in ((ag.input("n"), ag.input("t")), (1.0, 2.0), (m + 1.0, s * 2.0)):
        x = ag.random.normal(a, m, s) + ag.random.normal(b, mean, spread)
        once = normal_convolution.forward(x)
        assert run(1, q, normal_convolution(x, q)) == (once,)
        assert run(0, q, normal_convolution(x, q)) == (once,)
    shared = ag.random.normal(a, m, s)
    assert run(0, q, normal_convolution(shared + shared, q)) == ()
    twice = ag.random.normal(a, m, s) + ag.random.normal(ag.split(a)[0], 1.0, 2.0)
    assert run(0, q, normal_convolution(twice, q)) == ()
