"""Rewriting ends, gives the same result each time, and its record can be replayed and undone."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

import pytest

import astragal as ag
from astragal import Key, relation, split
from astragal.graph.traverse import substitute, toposort
from astragal.logic.relation import Step
from astragal.random import exponential, normal, uniform
from astragal.rewrites.convolutions import normal_convolution


@relation("sure")
def there(k: Key, s):
    return exponential(k, rate=s), exponential(k, rate=1.0) / s


@relation("sure")
def and_back(k: Key, s):
    return exponential(k, rate=1.0) / s, exponential(k, rate=s)


def one_by_one(roots: tuple[ag.Expr, ...], steps: tuple[Step, ...]) -> tuple[ag.Expr, ...]:
    for step in steps:
        roots = substitute(roots, dict(zip(step.old, step.new, strict=True)))
    return roots


def chain(n: int) -> ag.Expr:
    keys = split(ag.key(5), n)
    total = normal(keys[0], ag.input("m0"), 1.5)
    for i in range(1, n):
        total = total + normal(keys[i], ag.input(f"m{i}"), 1.5)
    return total


def pairs(n: int) -> tuple[ag.Expr, ...]:
    keys = split(ag.key(6), n)
    out = []
    for i in range(n):
        a, b = split(keys[i])
        out.append(ag.exp(normal(a, ag.input(f"p{i}"), 2.0) + normal(b, 1.0, ag.input(f"q{i}"))))
    return tuple(out)


@pytest.mark.parametrize("target", [(chain(9),), pairs(5)], ids=["chain", "pairs"])
def test_every_prefix_of_a_record_replays_as_its_steps_one_by_one(
    target: tuple[ag.Expr, ...],
) -> None:
    found = ag.rewrite(target, normal_convolution, explain=True)
    for count in range(len(found.steps) + 1):
        assert found.replay(count) == one_by_one(target, found.steps[:count])
    assert found.replay() == found.after
    assert found.undo(len(found.steps)) == target
    assert len(found.steps) == sum(s.relation is normal_convolution for s in found.steps)


def test_what_a_step_writes_is_rewritten_by_other_relations_and_above_it() -> None:
    @relation("sure")  # no truth: what is tested is the record
    def outer(k: Key, m, s):
        return normal(k, m, s), m + exponential(k, rate=s)

    k1, k2 = split(ag.key(1))
    m, s, t = ag.input("m"), ag.input("s"), ag.input("t")
    target = (ag.exp(normal(k1, m, s)) * exponential(k2, rate=t), normal(k1, m, s) + 1.0)
    found = ag.rewrite(target, [outer, there], explain=True)
    assert [x.relation.name for x in found.steps] == ["outer", "there", "there"]
    assert found.replay() == found.after == one_by_one(target, tuple(found.steps))
    draws = [x for x in toposort(found.after) if x.op is exponential(k1, rate=s).op]
    assert [x.args[2] for x in draws] == [ag.constant(1.0)] * 2


def test_relations_that_undo_each_other_stop() -> None:
    x = exponential(ag.key(0), rate=ag.input("r"))
    found = ag.rewrite(x, [there, and_back], explain=True)
    assert len(found.steps) < 100
    again = ag.rewrite(x, [there, and_back], explain=True)
    assert again.after is found.after
    assert [s.old for s in again.steps] == [s.old for s in found.steps]
    bounded = ag.rewrite(x, [there, and_back], explain=True, limit=1)
    assert len(bounded.steps) == 1
    assert "limit" in bounded.stopped


@relation("sure")
def between(k: Key, a, b):
    return uniform(k, a, b), a + (b - a) * uniform(k, 0.0, 1.0)


@relation("sure")
def by_quantile(k: Key, r):
    return exponential(k, rate=r), -ag.log1p(-uniform(k, 0.0, 1.0)) / r


@relation("sure")
def standardise(k: Key, m, s):
    return normal(k, m, s), m + s * normal(k, 0.0, 1.0)


@relation("in law")
def mirrored(k: Key, s):
    return normal(k, 0.0, s), -normal(k, 0.0, s)


def test_what_a_relation_writes_may_hold_what_it_replaces() -> None:
    key = ag.key(3)
    u, x = uniform(key, 0.0, 1.0), exponential(key, rate=2.0)
    for before in ((u,), (ag.exp(u), 2.0 * u + u), (x, ag.exp(x))):
        found = ag.rewrite(before, (between, by_quantile), explain=True)
        once = between.forward(u)
        want = substitute(before, {x: by_quantile.forward(x)})
        assert found.after == substitute(want, {u: once})
        assert found.replay() == found.after
        assert found.undo(len(found.steps)) == before


def test_what_stands_in_its_own_image_is_replaced_in_what_was_written_before() -> None:
    key, m = ag.key(3), ag.input("m")
    before = normal(key, m, 2.0)
    found = ag.rewrite(before, (standardise, mirrored), explain=True)
    assert found.after is m + 2.0 * -normal(key, 0.0, 1.0)
    assert found.replay() is found.after


def test_of_several_that_apply_the_one_that_removes_most_is_taken() -> None:
    @relation("in law")
    def shifted(k: Key, m, s, c):
        return normal(k, m, s) + c, normal(k, m + c, s)

    k1, k2 = split(ag.key(2))
    x = normal(k1, 1.0, 3.0) + normal(k2, 2.0, 4.0)
    for order in ([shifted, normal_convolution], [normal_convolution, shifted]):
        assert ag.rewrite(x, order) is normal(ag.key(2), 3.0, 5.0)


def test_a_node_that_two_others_become_is_counted_once() -> None:
    k1, k2 = split(ag.key(3))
    a, b = normal(k1, 0.0, 1.0), normal(k2, 1.0, 2.0)
    # The same sum, read by two outputs in two writings: a + b and b + a.
    target = (ag.exp(a + b), ag.exp(b + a))
    found = ag.rewrite(target, normal_convolution, explain=True)
    assert found.after == target  # each draw is read twice
    ag.check_keys(*found.after)


def test_keys_spent_twice_are_refused_whatever_way_they_are_proved() -> None:
    k = ag.key(4)
    halves = split(k)
    for target in (
        (normal(k, 0.0, 1.0), exponential(k, rate=1.0)),
        (normal(k, 0.0, 1.0), normal(halves[0], 0.0, 1.0)),
        (normal(halves, 0.0, 1.0), normal(halves[1], 0.0, 1.0)),
    ):
        with pytest.raises(ag.KeyReuseError):
            ag.rewrite(target, normal_convolution)
    # What the plain proof does not see is not refused for that.
    folded = ag.fold_in(k, 3)
    x = normal(folded, 0.0, 1.0)
    assert ag.rewrite(x, normal_convolution) is x


def test_a_long_chain_replays_in_one_walk() -> None:
    found = ag.rewrite(chain(2_000), normal_convolution, explain=True)
    assert found.replay() is found.after
    assert found.undo(1) is not found.after
