"""Laws given an event, and laws given the data: what they say, and where they may not be used."""

import pytest

import astragal as ag
from astragal.random import (
    binomial,
    exponential,
    gamma,
    multivariate_normal,
    normal,
    pareto,
    poisson,
    truncated_normal,
    uniform,
)

K = ag.key(0)
k1, k2 = ag.split(K)
r = ag.input("r")


@ag.relation("conditional")
def gamma_pareto(kb: ag.Key, ky: ag.Key, a, r, m, n: ag.Integer):  # type: ignore[no-untyped-def]
    b = gamma(kb, a, rate=r)
    y = pareto(ky, b, scale=m, size=(n,))
    yield b, y
    yield gamma(kb, a + n, rate=r + ag.sum(ag.log(y / m))), y


@ag.relation("conditional")
def pareto_uniform(kt: ag.Key, ky: ag.Key, a, m, n: ag.Integer):  # type: ignore[no-untyped-def]
    t = pareto(kt, a, scale=m)
    y = uniform(ky, 0.0, t, size=(n,))
    yield t, y
    yield pareto(kt, a + n, scale=ag.maximum(m, ag.max(y))), y


@ag.relation("conditional")
def normal_mean(  # type: ignore[no-untyped-def]
    km: ag.Key, ky: ag.Key, m: ag.Vector, S: ag.Covariance, T: ag.Covariance
):
    mean = multivariate_normal(km, m, S)
    y = multivariate_normal(ky, mean, T)
    P, Q = ag.linalg.inv(S), ag.linalg.inv(T)
    V = ag.linalg.inv(P + Q)
    yield mean, y
    yield multivariate_normal(km, V @ (P @ m + Q @ y), V), y


@ag.relation("conditional")
def precision_of_a_normal(km: ag.Key, kt: ag.Key, ky: ag.Key, m, s, a, b):  # type: ignore[no-untyped-def]
    mean, t = normal(km, m, s), gamma(kt, a, rate=b)
    y = normal(ky, mean, 1 / ag.sqrt(t))
    yield mean, t, y
    yield mean, gamma(kt, a + 0.5, rate=b + 0.5 * ag.square(y - mean)), y


@ag.relation("in law", where=lambda t: t > 0)
def lack_of_memory(k: ag.Key, r, t):  # type: ignore[no-untyped-def]
    x = exponential(k, rate=r)
    return ag.given(x - t, x > t), exponential(k, rate=r)


@ag.relation("in law", where=lambda a, b: a < b)
def truncation(k: ag.Key, m, s, a, b):  # type: ignore[no-untyped-def]
    x = normal(k, m, s)
    return ag.given(x, (x > a) & (x < b)), truncated_normal(k, m, s, a, b)


@ag.relation("in law")
def share_of_a_total(k: ag.Key, a, b, n: ag.Integer):  # type: ignore[no-untyped-def]
    k1, k2 = ag.split(k)
    x, z = poisson(k1, a), poisson(k2, b)
    return ag.given(x, ag.equal(x + z, n)), binomial(k, n, a / (a + b))


TRUE = [
    gamma_pareto, pareto_uniform, normal_mean, precision_of_a_normal, lack_of_memory, truncation,
    share_of_a_total,
]  # fmt: skip


@pytest.mark.parametrize("rule", TRUE, ids=lambda rule: rule.name)
def test_conditional_laws_hold(rule: ag.Relation) -> None:
    verdict = ag.verify(rule, effort="fast")
    assert verdict.holds, verdict


def test_false_conditional_laws_are_rejected() -> None:
    @ag.relation("conditional")
    def no_scale(kb: ag.Key, ky: ag.Key, a, r, m, n: ag.Integer):  # type: ignore[no-untyped-def]
        b = gamma(kb, a, rate=r)
        y = pareto(ky, b, scale=m, size=(n,))
        yield b, y
        yield gamma(kb, a + n, rate=r + ag.sum(ag.log(y))), y

    @ag.relation("conditional")
    def no_bound(kt: ag.Key, ky: ag.Key, a, m, n: ag.Integer):  # type: ignore[no-untyped-def]
        t = pareto(kt, a, scale=m)
        y = uniform(ky, 0.0, t, size=(n,))
        yield t, y
        yield pareto(kt, a + n, scale=m), y

    @ag.relation("in law", where=lambda t: t > 0)
    def not_shifted(k: ag.Key, r, t):  # type: ignore[no-untyped-def]
        x = exponential(k, rate=r)
        return ag.given(x, x > t), exponential(k, rate=r)

    @ag.relation("in law")
    def wrong_share(k: ag.Key, a, b, n: ag.Integer):  # type: ignore[no-untyped-def]
        k1, k2 = ag.split(k)
        x, z = poisson(k1, a), poisson(k2, b)
        return ag.given(x, ag.equal(x + z, n)), binomial(k, n, b / (a + b))

    for rule in (no_scale, no_bound, not_shifted, wrong_share):
        verdict = ag.verify(rule, effort="fast")
        assert not verdict.holds
        assert verdict.counterexample is not None


def test_a_posterior_is_read_from_the_joint_model() -> None:
    b = gamma(k1, 2.0, rate=r)
    y = pareto(k2, b, scale=1.5, size=(4,))
    posterior, data = gamma_pareto.forward((b, y))
    assert data is y
    assert posterior is gamma(k1, 6.0, rate=r + ag.sum(ag.log(y / 1.5)))
    assert gamma_pareto.backward((posterior, y)) is None


def test_a_conditional_law_takes_nothings_place_in_a_graph() -> None:
    b = gamma(k1, 2.0, rate=r)
    y = pareto(k2, b, scale=1.5, size=(4,))
    assert ag.rewrite((b, y), gamma_pareto) == (b, y)
    assert list(ag.equivalents(b, gamma_pareto)) == [b]


def test_data_with_means_of_their_own_are_another_model() -> None:
    b = gamma(k1, 2.0, rate=r)
    scales = ag.input("m", shape=(4,))
    assert gamma_pareto.forward((b, pareto(k2, b, scale=scales))) is None
    assert gamma_pareto.forward((b, pareto(k2, 2.0 * b, scale=1.5, size=(4,)))) is None


def test_an_event_is_rewritten_away() -> None:
    x = normal(K, 1.0, 2.0)
    for event in ((x > 0.0) & (x < 3.0), (x < 3.0) & (x > 0.0)):
        assert truncation.forward(ag.given(x, event)) is truncated_normal(K, 1.0, 2.0, 0.0, 3.0)
    assert truncation.forward(ag.given(x, (x > 3.0) & (x < 0.0))) is None  # no such interval
    assert ag.rewrite(ag.given(x + 0.0, x > 0.0), truncation).op.name == "given"


def test_a_variable_that_is_read_elsewhere_stays() -> None:
    x = exponential(K, rate=2.0)
    conditioned = ag.given(x - 1.0, x > 1.0)
    assert ag.rewrite(conditioned, lack_of_memory) is exponential(K, rate=2.0)
    assert ag.rewrite((conditioned, x), lack_of_memory) == (conditioned, x)


def test_totals_of_counts() -> None:
    x, z = poisson(k1, 2.0), poisson(k2, 3.0)
    found = share_of_a_total.forward(ag.given(x, ag.equal(z + x, 7)))
    assert found is binomial(K, 7, 0.4)


def test_the_event_must_fit() -> None:
    with pytest.raises(ag.DTypeError, match="the event is"):
        ag.given(r, r)
    with pytest.raises(ag.ShapeError, match="the event has shape"):
        ag.given(r, ag.input("v", shape=(3,)) > 0.0)


def test_statements_without_data_are_refused() -> None:
    with pytest.raises(ag.ModelError, match="0 of 1 are shared"):

        @ag.relation("conditional")
        def nothing_given(k: ag.Key, m):  # type: ignore[no-untyped-def]
            return normal(k, m, 1.0), normal(k, m, 1.0) + 0.0


def test_conditional_laws_are_written_so() -> None:
    assert gamma_pareto.text == (
        "X ~ gamma(a, r), Y ~ pareto(X, m)  =>  X | Y ~ gamma(a + n, r + sum(log(Y / m)))"
    )
    assert lack_of_memory.text.startswith("X ~ exponential(r); X - t | t < X  ~  exponential(r)")
    assert r"X \mid Y \sim" in gamma_pareto.latex


# -- typed variables ---------------------------------------------------------------------------


@ag.relation("in law")
def stretched(k: ag.Key, c: ag.Positive, r):  # type: ignore[no-untyped-def]
    return c * exponential(k, rate=r), exponential(k, rate=r / c)


def test_a_typed_variable_stands_only_for_what_is_known_to_lie_there() -> None:
    x = exponential(K, rate=2.0)
    assert stretched.forward(4.0 * x) is exponential(K, rate=0.5)
    assert stretched.forward(ag.exp(r) * x) is not None
    assert stretched.forward(-4.0 * x) is None
    assert stretched.forward(r * x) is None  # unknown is not true
    assert ag.verify(stretched).holds


def test_what_a_random_variable_demands_is_known() -> None:
    @ag.relation("in law")
    def one(k: ag.Key, p: ag.Probability):  # type: ignore[no-untyped-def]
        return binomial(k, 1, p) + 0, 1 - binomial(k, 1, 1 - p)

    assert one.forward(binomial(K, 1, r) + 0) is not None
