"""Graphs of 100,000 nodes: nothing recurses on the depth, nothing visits a node twice."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import astragal as ag
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import depends_on, fold, substitute, toposort, users

DEEP = 100_000
x, y = ag.input("x"), ag.input("y")


def chain(n: int) -> ag.Expr:
    z = x
    for _ in range(n // 2):
        z = ag.sin(z) * y
    return z


@pytest.mark.parametrize(
    "walk",
    [
        pytest.param(lambda z: toposort([z]), id="toposort"),
        pytest.param(
            lambda z: fold([z], lambda node, below: 1 + max(below, default=0))[z], id="fold"
        ),
        pytest.param(lambda z: substitute([z], {x: y + 1.0}), id="substitute"),
        pytest.param(lambda z: depends_on([z], [x]), id="depends_on"),
        pytest.param(lambda z: users([z]), id="users"),
        pytest.param(lambda z: Subgraph([x, y], [z]), id="Subgraph"),
        pytest.param(ag.pprint, id="pprint"),
        pytest.param(repr, id="repr"),
        pytest.param(hash, id="hash"),
    ],
)
def test_a_deep_chain_is_walked(walk: Callable[[ag.Expr], Any]) -> None:
    assert walk(chain(DEEP))


def test_a_graph_that_doubles_at_each_step_is_walked_as_a_graph() -> None:
    z = x
    for _ in range(200):
        z = z + ag.exp(z) * z
    assert len(toposort([z])) == 601
    assert len(ag.pprint(z, limit=1000).splitlines()) < 700
    (image,) = substitute([z], {x: y})
    assert len(toposort([image])) == 601


def test_what_is_no_longer_used_is_forgotten() -> None:
    z = chain(DEEP)
    watch = weakref.ref(z)
    del z
    gc.collect()
    assert watch() is None
    assert chain(1000) is chain(1000)


def test_loops_within_loops_are_traced_once_a_level() -> None:
    count = 0

    def body(c: Any, _: Any) -> tuple[Any, None]:
        nonlocal count
        count += 1
        return c * 2.0, None

    def repeated(inner: Any) -> Any:
        return lambda c, _: (ag.scan(inner, c, None, length=2)[0], None)

    step: Any = body
    for _ in range(12):
        step = repeated(step)
    ag.scan(step, x, None, length=2)
    assert count == 1


def test_a_loop_whose_state_widens_is_traced_again() -> None:
    total, _ = ag.scan(lambda c, u: (c + u, None), 0, ag.input("v", (3,)))
    assert total.dtype == "float64"


def test_equal_subgraphs_are_one_object() -> None:
    a, b = ag.input("a"), ag.input("b")
    assert Subgraph([a], [ag.exp(a)]) is Subgraph([b], [ag.exp(b)])
    assert Subgraph([a], [ag.exp(a)]) is not Subgraph([a, b], [ag.exp(a)])
    with pytest.raises(ag.ModelError, match="closed over nothing, but it reads input 'b'"):
        Subgraph([a], [a + b])


def test_substitution_does_not_enter_what_it_put_in() -> None:
    assert substitute([x + y], {x: x * y, y: x}) == (x * y + x,)
    assert substitute([ag.exp(x)], {}) == (ag.exp(x),)


def test_a_shared_term_is_one_object() -> None:
    assert (x + 1) is (x + 1.0)
    assert ag.constant(0.0) is not ag.constant(-0.0)
    assert ag.constant(float("nan")) is ag.constant(float("nan"))
    assert ag.constant(1) is not ag.constant(1.0)
    assert ag.constant(True) is not ag.constant(1)


@pytest.mark.parametrize(
    "term",
    [x + y, ag.sum(ag.input("m", (2, 3)), axis=1), ag.input("m", (2, 3))[0, 1:], ag.zeros(3)],
    ids=str,
)
def test_a_term_is_rebuilt_from_its_parts(term: ag.Expr) -> None:
    assert term.op(*term.args) is term
