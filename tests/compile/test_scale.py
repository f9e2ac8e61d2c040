"""Graphs far deeper than Python's stack: nothing recurses, nothing is quadratic."""

import math

import astragal as ag
from astragal.graph.traverse import substitute, toposort
from astragal.serialize import dumps, loads

DEPTH = 100_000
X = ag.input("x")


def chain(depth: int = DEPTH) -> ag.Expr:
    """An alternation of two operations that stays bounded: twice as many nodes as its depth."""
    y = X
    for _ in range(depth // 2):
        y = ag.cos(y) * 0.5
    return y


def by_hand(x: float, depth: int = DEPTH) -> float:
    for _ in range(depth // 2):
        x = math.cos(x) * 0.5
    return x


def test_deep_chains_are_walked_printed_and_rebuilt() -> None:
    y = chain()
    assert len(toposort([y])) == DEPTH + 2
    assert chain() is y
    assert len(repr(y)) < 200
    assert len(ag.pprint(y)) < 200_000
    (shifted,) = substitute([y], {X: X + 1.0})
    assert len(toposort([shifted])) == DEPTH + 4


def test_deep_chains_are_saved_and_loaded() -> None:
    y = chain()
    data = dumps((y,))
    assert loads(data)[0] is y
    assert len(data) < 40 * DEPTH


def test_deep_chains_are_compiled_and_run() -> None:
    f = ag.function([X], chain(), backend="numpy")
    assert float(f(0.25)) == by_hand(0.25)
    assert f.source.count("\n") > DEPTH


def test_deep_chains_are_differentiated() -> None:
    depth = 20_000
    slope = ag.function([X], ag.grad(ag.sum(chain(depth) * 3.0), X), backend="numpy")
    # Each step contracts: after so many nothing is left of the start.
    assert float(slope(0.25)) == 0.0
    short = ag.function([X], ag.grad(chain(6), X), backend="numpy")
    h = 1e-6
    assert math.isclose(
        float(short(0.25)), (by_hand(0.25 + h, 6) - by_hand(0.25 - h, 6)) / (2 * h), rel_tol=1e-8
    )


def test_shared_subgraphs_are_visited_once() -> None:
    # As a tree this would have 2**5000 leaves.
    y = X
    for _ in range(5_000):
        y = ag.tanh(y) + ag.tanh(y)
    assert len(toposort([y])) == 10_001
    assert loads(dumps((y,)))[0] is y
    assert math.isfinite(float(ag.function([X], y, backend="numpy")(0.5)))
    assert len(ag.pprint(y)) < 200_000
