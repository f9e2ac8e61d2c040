"""Statements about vectors, of any length, and what they are not true of."""

import pytest

import astragal as ag
from astragal.logic.lengths import at_lengths, lengths_of, with_lengths
from astragal.logic.soundness import Place, count_uses
from astragal.random import bernoulli, beta, exponential, gamma, normal, poisson, weibull

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


# -- several outputs, none above the others ------------------------------------------------------


@ag.relation("in law")
def rotation(ka: ag.Key, kb: ag.Key, m1, m2, s):  # type: ignore[no-untyped-def]
    x, y = normal(ka, m1, s), normal(kb, m2, s)
    yield x + y, x - y
    c = ag.sqrt(2.0) * s
    yield normal(ka, m1 + m2, c), normal(kb, m1 - m2, c)


@ag.relation("in law")
def total_and_share(ka: ag.Key, kb: ag.Key, a, b, r):  # type: ignore[no-untyped-def]
    x, y = gamma(ka, a, rate=r), gamma(kb, b, rate=r)
    yield x + y, x / (x + y)
    yield gamma(ka, a + b, rate=r), beta(kb, a, b)


ka, kb, kc = ag.split(K, 3)


def test_outputs_side_by_side_are_found_in_a_graph() -> None:
    x, y = normal(ka, 1.0, 2.0), normal(kb, 3.0, 2.0)
    up, down = ag.rewrite((ag.exp(x + y), ag.sin(x - y)), rotation)
    assert up.args[0].op.name == down.args[0].op.name == "normal"
    ag.check_keys(up, down)
    u, v = gamma(ka, 1.0, rate=m), gamma(kb, 3.0, rate=m)
    total, share = ag.rewrite((ag.exp(u + v), v / (u + v)), total_and_share)
    assert total.args[0].args[2:] == gamma(ka, 4.0, rate=m).args[2:]
    assert share is beta(share.args[0], 3.0, 1.0)


def test_outputs_side_by_side_that_are_not_all_there_stay() -> None:
    x, y = normal(ka, 1.0, 2.0), normal(kb, 3.0, 2.0)
    for before in (
        (x + y, x - normal(kc, 3.0, 2.0)),
        (x + y, x - y, x),  # a variable is read elsewhere
        (x + y, x - y, ag.exp(y)),
        (x + normal(kb, x, 2.0), x - normal(kb, x, 2.0)),
        (x + normal(kb, 3.0, 5.0), x - normal(kb, 3.0, 5.0)),  # unequal spreads
    ):
        assert ag.rewrite(before, rotation) == before
    u, v = gamma(ka, 1.0, rate=m), gamma(kb, 3.0, rate=m)
    before = (u + v, u / (u + v), u * 2.0)
    assert ag.rewrite(before, total_and_share) == before


def test_the_joint_law_is_verified() -> None:
    assert ag.verify(rotation, effort="fast").holds
    assert ag.verify(total_and_share, effort="fast").holds

    @ag.relation("in law")
    def not_independent(ka: ag.Key, kb: ag.Key, m1, m2, s, t):  # type: ignore[no-untyped-def]
        x, y = normal(ka, m1, s), normal(kb, m2, t)
        yield x + y, x - y
        c = ag.sqrt(s**2 + t**2)
        yield normal(ka, m1 + m2, c), normal(kb, m1 - m2, c)  # each is right, both are not

    assert not ag.verify(not_independent, effort="fast").holds


# -- a random number of terms --------------------------------------------------------------------


@ag.relation("in law")
def thinned(kn: ag.Key, kb: ag.Key, rate, p):  # type: ignore[no-untyped-def]
    n = poisson(kn, rate)
    kept = ag.astype(bernoulli(kb, p, size=(n,)), "int64")
    return ag.sum(kept), poisson(kn, rate * p)


def test_sums_of_a_random_number_of_terms() -> None:
    n = poisson(ka, 3.0)
    kept = ag.sum(ag.astype(bernoulli(kb, 0.25, size=(n,)), "int64"))
    assert thinned.forward(kept) is poisson(ka, 0.75)
    assert ag.rewrite(ag.exp(1.0 * kept), thinned) is ag.exp(1.0 * poisson(ka, 0.75))
    assert ag.rewrite((kept, n), thinned) == (kept, n)  # the number is read elsewhere
    fixed = ag.sum(ag.astype(bernoulli(kb, 0.25, size=(5,)), "int64"))
    assert thinned.forward(fixed) is None
    other = ag.sum(ag.astype(bernoulli(kb, 0.25, size=(n + 1,)), "int64"))
    assert thinned.forward(other) is None


@pytest.mark.slow
def test_a_law_of_a_random_sum_is_verified() -> None:
    assert ag.verify(thinned, effort="quick").holds

    @ag.relation("in law")
    def not_thinned(kn: ag.Key, kb: ag.Key, rate, p):  # type: ignore[no-untyped-def]
        n = poisson(kn, rate)
        kept = ag.astype(bernoulli(kb, p, size=(n,)), "int64")
        return ag.sum(kept), poisson(kn, rate * ag.sqrt(p))

    assert not ag.verify(not_thinned, effort="quick").holds
