"""Graphs made to mislead: each check refuses its counterexample, and says why."""

# kanren is typed in part only.
# mypy: disable-error-code="attr-defined, no-untyped-call"

import contextlib
from collections.abc import Callable, Iterator

import pytest
from kanren import run
from unification import var

import astragal as ag
from astragal.logic.soundness import Place, count_uses
from astragal.random import exponential, gamma, normal, poisson
from astragal.rewrites.convolutions import normal_convolution

K = ag.key(7)
ks = ag.split(K)
a, b, m, s = (ag.input(n) for n in "abms")
v = ag.input("v", shape=(3,))
x, y = normal(ks[0], m, s), normal(ks[1], a, b)


@ag.relation("in law", where=lambda c: c > 0.0)
def stretched(k: ag.Key, c, r):  # type: ignore[no-untyped-def]
    return c * exponential(k, rate=r), exponential(k, rate=r / c)


@ag.relation("in law")
def sample_mean(k: ag.Key, m, s, n: ag.Integer):  # type: ignore[no-untyped-def]
    return ag.mean(normal(k, m, s, size=(n,))), normal(k, m, s / ag.sqrt(n))


@ag.relation("in law")
def weighted_sum(k: ag.Key, m: ag.Vector, s: ag.Vector):  # type: ignore[no-untyped-def]
    return ag.sum(normal(k, m, s)), normal(k, ag.sum(m), ag.sqrt(ag.sum(s**2)))


@ag.relation("in law")
def two_from_one(k: ag.Key, m, s):  # type: ignore[no-untyped-def]
    k1, k2 = ag.split(k)
    return normal(k1, m, s) - normal(k2, m, s), ag.sqrt(2.0) * s * normal(k, 0.0, 1.0)


@ag.relation("reversal")
def gamma_poisson(kλ: ag.Key, ky: ag.Key, α, β) -> Iterator[tuple[ag.Expr, ag.Expr]]:  # type: ignore[no-untyped-def]
    λ = gamma(kλ, α, rate=β)
    yield λ, poisson(ky, λ)
    y = ag.random.negative_binomial(ky, α, β / (β + 1))
    yield gamma(kλ, α + y, rate=β + 1), y


def why(rule: ag.Relation, *roots: ag.Expr) -> str:
    found = ag.rewrite(roots, rule, explain=True)
    assert found.steps == ()
    assert found.after == roots
    return " ".join(reason for _, _, reason in found.refused)


def grown(c: ag.Expr, e: ag.Expr) -> tuple[ag.Expr, ag.Expr]:
    return c + e * x, c


READERS: dict[str, Callable[[], ag.Expr]] = {
    "an operation": lambda: ag.exp(x),
    "a gradient": lambda: ag.grad(x**2 * y, x),
    "a loop": lambda: ag.scan(grown, 0.0, v)[0],
    "a branch": lambda: ag.cond(m > 0.0, lambda: x, lambda: y),
    "a parameter": lambda: normal(ag.key(3), x, 1.0),
    "an event": lambda: ag.given(normal(ag.key(3), 0.0, 1.0), x > 0.0),
    "a length": lambda: ag.zeros((ag.astype(ag.abs(x), "int64"),)),
    "a comparison": lambda: ag.equal(x, y),
}


@pytest.mark.parametrize("reader", READERS)
def test_what_another_reads_does_not_vanish(reader: str) -> None:
    assert "something outside the match reads it" in why(
        normal_convolution, x + y, READERS[reader]()
    )


def test_a_gradient_that_does_not_read_it_lets_a_variable_vanish() -> None:
    slope = ag.grad((x + y) ** 2, x)
    total, new_slope = ag.rewrite((x + y, slope), normal_convolution)
    assert total.op.name == "normal"
    assert new_slope is 2.0 * total


def test_keys_that_are_looked_at_are_not_free() -> None:
    assert "is not spent by normal alone" in why(normal_convolution, x + y, ag.key_data(ks[0]))
    # Where the parent is looked at, it is not given back.
    total, _ = ag.rewrite((x + y, ag.key_data(K)), normal_convolution)
    assert total.args[0] is ks[0]


ROUTES: dict[str, Callable[[], ag.Expr]] = {
    "a reshaped array": lambda: ag.reshape(ks, (1, 2))[0, 0],
    "an index known later": lambda: ks[ag.input("i", dtype="int64")],
    "a stack": lambda: ag.stack([ks[0], ks[1]])[ag.input("i", dtype="int64")],
    "the key itself": lambda: ks[-2],
}


@pytest.mark.parametrize("route", ROUTES)
def test_a_key_reached_in_two_ways_is_spent_once(route: str) -> None:
    twice = normal(ks[0], 1.0, 2.0) + normal(ROUTES[route](), 3.0, 2.0)
    for way in (
        lambda: ag.rewrite(twice, normal_convolution),
        lambda: list(ag.equivalents(twice, normal_convolution)),
        lambda: ag.path(twice, x, normal_convolution),
    ):
        with pytest.raises(ag.KeyReuseError):
            way()
    q_lv = var("q")
    assert run(0, q_lv, normal_convolution(twice, q_lv)) == ()
    with contextlib.suppress(ag.KeyReuseError):
        assert normal_convolution.forward(twice) is None


def test_key_arrays_that_overlap_are_spent_twice() -> None:
    four = ag.split(K, 4)
    twice = normal(four[:2], 1.0, 2.0) + normal(four[1:3], 1.0, 2.0)
    with pytest.raises(ag.KeyReuseError):
        normal_convolution.forward(twice)
    apart = normal(four[:2], 1.0, 2.0) + normal(four[2:], 1.0, 2.0)
    found = normal_convolution.forward(apart)
    assert found.shape == (2,)
    ag.check_keys(found)


def test_lengths_that_may_differ_are_not_taken_for_equal() -> None:
    n, p = ag.input("n", dtype="int64"), ag.input("p", dtype="int64")
    draws = normal(ks[0], 0.0, 1.0, size=(n,))
    same = normal_convolution.forward(draws + normal(ks[1], 0.0, 1.0, size=(n,)))
    assert same.op.name == "normal"
    assert normal_convolution.forward(draws + normal(ks[1], 0.0, 1.0, size=(p,))) is None
    assert "batch shapes differ" in why(normal_convolution, draws + y)


WHY: dict[str, tuple[ag.Relation, tuple[ag.Expr, ...]]] = {
    "batch shapes differ": (normal_convolution, (x + normal(ks[1], 0.0, 1.0, size=(3,)),)),
    "names axes": (sample_mean, (ag.mean(normal(K, m, s, size=(3, 3)), axis=0),)),
    "not one value a draw": (sample_mean, (ag.mean(normal(K, v, s)),)),
    "is stretched": (weighted_sum, (ag.sum(normal(K, v, ag.input("u", shape=(1,)))),)),
    "depends on a random variable of the match": (normal_convolution, (x + normal(ks[1], x, s),)),
    "is not spent by normal alone": (normal_convolution, (x + y, ag.key_data(ks[1]))),
    "but it is output 1": (normal_convolution, (x + y, x)),
    "is not known to hold": (stretched, (a * exponential(K, rate=m),)),
    "the condition c > 0.0 fails": (stretched, (-2.0 * exponential(K, rate=m),)),
}


@pytest.mark.parametrize("reason", WHY)
def test_every_refusal_says_why(reason: str) -> None:
    rule, roots = WHY[reason]
    assert reason in why(rule, *roots)


def test_a_reversal_is_refused_with_its_reason() -> None:
    λ = gamma(ks[0], a, rate=b)
    reasons: list[str] = []
    pair = (λ, poisson(ks[1], gamma(ks[0], λ * 0.0 + a, rate=b)))
    place = Place(count_uses(pair))
    assert next(gamma_poisson.steps(pair, "forward", {}, place, reasons), None) is None
    scalar, counts = λ, poisson(ks[1], λ, size=(3,))
    assert "batch shapes differ" in why(gamma_poisson, scalar, counts)


def test_a_new_side_needs_keys_that_the_match_frees() -> None:
    found = two_from_one.forward(normal(ks[0], m, s) - normal(ks[1], m, s))
    assert found is not None
    back = two_from_one.backward(ag.sqrt(2.0) * s * normal(ag.key(5), 0.0, 1.0), m=a)
    assert back is not None
    ag.check_keys(back)


def test_single_precision_is_kept_or_left_alone() -> None:
    single = normal(ks[0], 1.0, 2.0, dtype="float32") + normal(ks[1], 1.0, 2.0, dtype="float32")
    assert normal_convolution.forward(single).dtype == "float32"
    mixed = normal(ks[0], 1.0, 2.0, dtype="float32") + normal(ks[1], 1.0, 2.0)
    assert normal_convolution.forward(mixed) is None
