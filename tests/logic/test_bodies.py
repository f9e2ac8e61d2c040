"""Relations apply inside loops and branches, where that keeps the law of what comes out."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

import numpy as np
import pytest

import astragal as ag
from astragal import Key, relation, split
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import substitute, toposort
from astragal.random import normal
from astragal.random.distribution import is_random
from astragal.rewrites.convolutions import normal_convolution


@relation("sure")
def log_of_exp(x):
    return ag.log(ag.exp(x)), x


@relation("sure")
def standardise(k: Key, m, s):
    return normal(k, m, s), m + s * normal(k, 0.0, 1.0)


def draws(*roots: ag.Expr) -> int:
    """Count random variables, those in bodies too."""
    count, stack = 0, [tuple(roots)]
    while stack:
        for x in toposort(stack.pop()):
            count += is_random(x)
            stack += [a.outputs for a in x.args if isinstance(a, Subgraph)]
    return count


def walk(shown: bool = False, outside: bool = False) -> tuple[ag.Expr, ...]:
    """Make a random walk whose steps are sums of two normals, four turns of a loop."""
    keys = split(ag.key(3), 5)

    def turn(x: ag.Expr, k: ag.Expr) -> tuple[ag.Expr, ag.Expr]:
        a, b = split(k)
        first, second = normal(a, 0.5 * x, 1.5), normal(b, -0.25, 2.0)
        return first + second, first if shown else x

    last, path = ag.scan(turn, 1.0, keys[:4])
    return (last, path, normal(keys[4])) if outside else (last, path)


def assert_same_law(before: tuple[ag.Expr, ...], after: tuple[ag.Expr, ...]) -> None:
    """Compare means and covariances of the last value and the path over many seeds."""
    seed = ag.input("seed", dtype="int64")
    tables = []
    for roots in (before, after):
        many = substitute(roots, {ag.key(3): ag.fold_in(ag.key(3), seed)})
        draw = ag.function([seed], list(many), backend="numpy")
        rows = [np.concatenate([np.ravel(v) for v in draw(i)]) for i in range(300)]
        tables.append(np.asarray(rows))
    a, b = tables
    spread = np.sqrt((a.var(axis=0) + b.var(axis=0)) / len(a)) + 1e-12
    assert np.all(np.abs(a.mean(axis=0) - b.mean(axis=0)) < 5 * spread)
    assert np.allclose(np.cov(a.T), np.cov(b.T), rtol=0.4, atol=1.0)


@pytest.mark.slow
def test_a_convolution_applies_inside_a_loop() -> None:
    before = walk()
    found = ag.rewrite(before, normal_convolution, explain=True)
    assert draws(*before) == 2
    assert draws(*found.after) == 1
    ag.check_keys(*found.after)
    assert_same_law(before, found.after)
    assert found.replay() == found.after
    assert found.undo() == before


def test_a_value_that_the_body_gives_out_does_not_vanish() -> None:
    before = walk(shown=True)
    found = ag.rewrite(before, normal_convolution, explain=True)
    assert found.after == before
    assert any("output" in why for _, _, why in found.refused)


def test_a_key_that_is_carried_on_is_not_freed() -> None:
    def turn(k: ag.Expr, _: None) -> tuple[ag.Expr, ag.Expr]:
        a, b, c = split(k, 3)
        return a, normal(b, 0.0, 3.0) + normal(c, 0.0, 4.0)

    last, sums = ag.scan(turn, ag.key(7), length=3)
    before = (normal(last), sums)
    after = ag.rewrite(before, normal_convolution)
    assert draws(*after) == 2
    ag.check_keys(*after)

    def carried(k: ag.Expr, _: None) -> tuple[ag.Expr, ag.Expr]:
        a, b = split(k)
        return a, normal(a, 0.0, 3.0) + normal(b, 0.0, 4.0)

    twice, _ = ag.scan(carried, ag.key(7), length=1)
    assert refuses(lambda: ag.rewrite(twice, normal_convolution))


def refuses(call: object) -> bool:
    try:
        call()  # type: ignore[operator]
    except ag.KeyReuseError:
        return True
    return False


def test_what_a_turn_reads_of_another_stays() -> None:
    keys = split(ag.key(3), 4)

    def turn(x: ag.Expr, k: ag.Expr) -> tuple[ag.Expr, ag.Expr]:
        fresh = normal(k, 0.0, 1.0)
        return fresh, x + fresh  # both are draws, one of them of the turn before

    last, sums = ag.scan(turn, 0.0, keys)
    assert ag.rewrite((last, sums), normal_convolution) == (last, sums)


def test_a_parameter_that_depends_on_the_other_draw_is_refused_inside_too() -> None:
    def turn(x: ag.Expr, k: ag.Expr) -> tuple[ag.Expr, None]:
        a, b = split(k)
        first = normal(a, x, 1.0)
        return first + normal(b, first, 1.0), None

    last, _ = ag.scan(turn, 0.0, split(ag.key(1), 3))
    assert ag.rewrite(last, normal_convolution) is last


def test_sure_relations_apply_in_branches_calls_and_nested_loops() -> None:
    x = ag.input("x")
    chosen = ag.cond(x > 0.0, lambda v: ag.log(ag.exp(v)) + 1.0, lambda v: v, x)
    called = ag.subgraph([x], ag.log(ag.exp(x)) * 2.0)(x)

    def outer(c: ag.Expr, _: None) -> tuple[ag.Expr, None]:
        inner, _ = ag.scan(lambda d, _: (ag.log(ag.exp(d)) + 1.0, None), c, length=2)
        return inner, None

    looped, _ = ag.scan(outer, x, length=3)
    roots = (chosen, called, looped)
    found = ag.rewrite(roots, log_of_exp, explain=True)
    assert len(found.steps) == 3
    assert "exp" not in repr([n.args for n in inside(found.after)])
    assert found.replay() == found.after
    assert found.replay(0) == roots
    want, have = (ag.function([x], list(r), backend="numpy")(0.75) for r in (roots, found.after))
    assert np.allclose(want, have)


def inside(roots: tuple[ag.Expr, ...]) -> list[ag.Expr]:
    """List all nodes, those of bodies too."""
    out: list[ag.Expr] = []
    stack = [tuple(roots)]
    while stack:
        for x in toposort(stack.pop()):
            out.append(x)
            stack += [a.outputs for a in x.args if isinstance(a, Subgraph)]
    return out


def test_branches_may_each_spend_the_key_that_they_share() -> None:
    k, x = ag.key(2), ag.input("x")

    def branch(m: float):
        def run(k: ag.Expr) -> ag.Expr:
            a, b = split(k)
            return normal(a, m, 3.0) + normal(b, 1.0, 4.0)

        return run

    y = ag.cond(x > 0.0, branch(0.0), branch(5.0), k)
    after = ag.rewrite(y, normal_convolution)
    assert draws(y) == 4
    assert draws(after) == 2
    ag.check_keys(after)


def test_a_loop_whose_gradient_repeats_its_draws_is_left_alone() -> None:
    m = ag.input("m")

    def turn(x: ag.Expr, k: ag.Expr) -> tuple[ag.Expr, None]:
        a, b = split(k)
        return x * (normal(a, m, 1.0) + normal(b, m, 1.0)), None

    last, _ = ag.scan(turn, 1.0, split(ag.key(1), 3))
    both = (last, ag.grad(last, m))
    ag.check_keys(*both)
    after = ag.rewrite(both, normal_convolution)
    ag.check_keys(*after)
    assert after == both


@pytest.mark.slow
def test_a_loop_that_stops_by_chance_stops_as_often() -> None:
    def go(s: tuple[ag.Expr, ag.Expr]) -> tuple[ag.Expr, ag.Expr]:
        k, a, b = split(s[0], 3)
        return k, s[1] + (normal(a, 1.0, 0.6) + normal(b, 0.5, 0.8))

    _, x = ag.while_loop(lambda s: s[1] < 5.0, go, (ag.key(3), 0.0))
    after = ag.rewrite(x, normal_convolution)
    assert (draws(x), draws(after)) == (2, 1)
    assert_same_law((x, x * x), (after, after * after))
