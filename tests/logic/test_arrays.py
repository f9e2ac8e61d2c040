"""Statements about vectors, of any length, and what they are not true of."""

import pytest

import astragal as ag
from astragal.logic.lengths import at_lengths, lengths_of, with_lengths
from astragal.logic.soundness import Place, count_uses
from astragal.random import exponential, gamma, normal, weibull

K = ag.key(0)
m, s = ag.input("m"), ag.input("s")
v = ag.input("v", shape=(3,))


@ag.relation("in law")
def normal_sum(k: ag.Key, m, s, n: ag.Integer):  # type: ignore[no-untyped-def]
    return ag.sum(normal(k, m, s, size=(n,))), normal(k, n * m, ag.sqrt(n) * s)


@ag.relation("in law")
def weighted_sum(k: ag.Key, m: ag.Vector, s: ag.Vector):  # type: ignore[no-untyped-def]
    return ag.sum(normal(k, m, s)), normal(k, ag.sum(m), ag.sqrt(ag.sum(s**2)))


@ag.relation("in law")
def sample_mean(k: ag.Key, m, s, n: ag.Integer):  # type: ignore[no-untyped-def]
    return ag.mean(normal(k, m, s, size=(n,))), normal(k, m, s / ag.sqrt(n))


@ag.relation("in law")
def weakest_link(k: ag.Key, c, s, n: ag.Integer):  # type: ignore[no-untyped-def]
    return ag.min(weibull(k, c, s, size=(n,))), weibull(k, c, s * n ** (-1 / c))


@ag.relation("in law", where=lambda n: n > 2)
def rows(k: ag.Key, r, n: ag.Integer):  # type: ignore[no-untyped-def]
    return ag.sum(exponential(k, rate=r, size=(n - 1,))), gamma(k, n - 1, rate=r)


def why_not(x: ag.Expr, rule: ag.Relation) -> str:
    reasons: list[str] = []
    found = next(rule.steps((x,), "forward", {}, Place(count_uses((x,))), reasons), None)
    assert found is None
    return "; ".join(reasons)


def test_the_length_is_read_from_the_array() -> None:
    assert normal_sum.forward(ag.sum(normal(K, 1.0, 2.0, size=(4,)))) is normal(K, 4.0, 4.0)
    n = ag.input("n", dtype="int64")
    found = normal_sum.forward(ag.sum(normal(K, m, s, size=(n,))))
    assert found is normal(K, n * m, ag.sqrt(n) * s)


def test_a_length_is_given_when_a_sum_is_taken_apart() -> None:
    x = normal(K, 4.0, 4.0)
    assert normal_sum.backward(x, n=4) is ag.sum(normal(K, 1.0, 2.0, size=(4,)))
    assert normal_sum.backward(x) is None


def test_a_length_may_be_computed() -> None:
    assert rows.forward(ag.sum(exponential(K, rate=m, size=(3,)))) is gamma(K, 3.0, rate=m)
    one = ag.sum(exponential(K, rate=m, size=(1,)))
    assert rows.forward(one) is None  # n would be 2


def test_elements_may_have_parameters_of_their_own() -> None:
    x = ag.sum(normal(K, v, ag.exp(v)))
    assert weighted_sum.forward(x) is normal(K, ag.sum(v), ag.sqrt(ag.sum(ag.exp(v) ** 2)))


def test_a_vector_of_means_is_no_mean_of_all() -> None:
    assert "not one value a draw" in why_not(ag.sum(normal(K, v, 1.0)), normal_sum)
    assert "not one value a draw" in why_not(ag.mean(normal(K, v, 1.0)), sample_mean)


def test_a_stretched_vector_is_no_vector() -> None:
    x = ag.sum(normal(K, v, ag.input("u", shape=(1,))))
    assert "stretched" in why_not(x, weighted_sum)


def test_sums_along_an_axis_of_a_matrix_are_not_mistaken_for_sums_of_all() -> None:
    draws = normal(K, 0.0, 1.0, size=(3, 3))
    assert "names axes" in why_not(ag.sum(draws, axis=0), normal_sum)
    assert why_not(ag.sum(draws, axis=1), normal_sum) == ""
    assert why_not(ag.sum(draws), normal_sum) == ""


def test_a_scalar_added_to_a_vector_is_drawn_once() -> None:
    assert normal_sum.forward(ag.sum(v + normal(K, 0.0, 1.0))) is None


@pytest.mark.parametrize("rule", [normal_sum, weighted_sum, sample_mean, weakest_link, rows])
def test_statements_about_arrays_hold(rule: ag.Relation) -> None:
    assert ag.verify(rule, effort="fast").holds


def test_lengths_are_letters_of_the_statement() -> None:
    assert lengths_of(normal_sum) == (normal_sum.variables[3],)
    fixed = at_lengths(normal_sum, dict.fromkeys(lengths_of(normal_sum), 4))
    assert fixed.left.draws[0].shape == (4,)
    assert [str(x) for x in fixed.variables] == ["k", "m", "s"]
    assert len(list(with_lengths(weighted_sum))) == 2
    assert all(f.left.draws[0].shape[0] > 1 for f in with_lengths(rows))  # type: ignore[operator]


def test_a_false_statement_about_arrays_is_rejected() -> None:
    @ag.relation("in law")
    def wrong(k: ag.Key, m, s, n: ag.Integer):  # type: ignore[no-untyped-def]
        return ag.sum(normal(k, m, s, size=(n,))), normal(k, n * m, n * s)

    assert not ag.verify(wrong, effort="fast").holds
