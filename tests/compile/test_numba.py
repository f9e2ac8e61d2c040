"""The Numba backend computes what the reference computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.compile.numba import compile_numba
from astragal.compile.numpy import compile_numpy
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort

RNG = np.random.default_rng(20_251)
X = RNG.normal(size=7)
Y = RNG.normal(size=7)
A = RNG.normal(size=(7, 3))
PLACES = np.array([0, -1, 3, 3, 2])


def both(inputs: Sequence[Expr], outputs: Sequence[Expr], *values: Any) -> tuple[Any, Any]:
    """Run a graph on Numba and on the reference; symbolic lengths are passed as inputs."""
    dims = [n for n in toposort(outputs) if n.op.name == "dimension"]
    lengths = [
        next(v.shape[x.shape.index(d)] for x, v in zip(inputs, values, strict=True) if d in x.shape)
        for d in dims
    ]
    given = [*values, *lengths]
    reference = compile_numpy([*inputs, *dims], outputs)(*given)
    return compile_numba([*inputs, *dims], outputs)(*given), reference


def check(inputs: Sequence[Expr], outputs: Sequence[Expr], *values: Any) -> None:
    got, wanted = both(inputs, outputs, *values)
    for o, g, w in zip(outputs, got, wanted, strict=True):
        assert g.dtype == np.dtype(o.dtype)
        assert g.shape == np.shape(w)
        np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-14)


x, y = ag.input("x", shape=("n",)), ag.input("y", shape=("n",))
s = ag.input("s")
a = ag.input("a", shape=("n", 3))
i = ag.input("i", shape=(5,), dtype="int64")


def _scan() -> list[Expr]:
    last, (before, out) = ag.scan(lambda c, v: (c * 0.5 + v, (c, ag.exp(v))), s, x)
    return [last, before, out]


def _rows() -> list[Expr]:
    last, out = ag.scan(lambda c, v: (c * 0.5 + v, c[::-1] - v), a[0], a[1:], reverse=True)
    return [last, out]


GRAPHS: dict[str, Callable[[], list[Expr]]] = {
    "elementwise chains and a sum over one": lambda: [
        ag.exp(x) * y + s,
        ag.sum(ag.exp(x) - 2.0),
        ag.where(x > y, x, s),
    ],
    "broadcast and reduce": lambda: [
        ag.exp(x)[:, None] * a,
        ag.sum(a * 2, 0),
        ag.sum(a * 2, 1),
        ag.max(a + 1, 1, True),
        ag.min(a),
        ag.all(a < 10.0, 0),
    ],
    "softmax": lambda: [ag.exp(a) / ag.sum(ag.exp(a), 1, True)],
    "permute and slice": lambda: [a.T, a[1:, ::-1], a[::2, 1], a[None, -1], a.T[1] + x],
    "products": lambda: [a.T @ a, x @ a, a.T @ x, x @ y, a @ a[:3]],
    "gather": lambda: [x[i], ag.exp(x)[i] + 1, x[i[0]], x[-1], a[i, 1], a[i[1]]],
    "dynamic slices": lambda: [x[i[2] : i[4] + 3], x[i[4] : -1], x[: i[0] - 5 : -1]],
    "updates": lambda: [x.at[i].add(1.0), x.at[2].set(5.0), a.at[:, 1].add(x), a.at[1].set(s)],
    "joins": lambda: [
        ag.concatenate([x, x * 2]),
        ag.stack([x, x[::-1]], axis=1),
        ag.concatenate([a, a[:2] + 1]),
    ],
    "reshape": lambda: [a.reshape(-1), a.T.reshape(-1, 7), ag.exp(x).reshape(7, 1)],
    "scan of scalars": _scan,
    "scan of rows": _rows,
    "while_loop": lambda: list(
        ag.while_loop(
            lambda q: q[1] < 100.0, lambda q: (q[0] + 1, q[1] * 3.0 + s * s, q[2] * 2.0), (0, s, x)
        )
    ),
    "branches": lambda: [
        ag.cond(s > 0, lambda v: v * 2.0, lambda v: v[::-1], x),
        ag.cond(s < 0, lambda v: v * 2.0, lambda v: v[::-1], x),
        ag.switch(i[2], [lambda: s, lambda: s + 1, lambda: s * 3]),
    ],
    "special functions": lambda: [
        ag.special.digamma(ag.abs(x)),
        ag.special.gammaln(ag.abs(x)),
        ag.special.ndtr(x),
        ag.special.log_ndtr(x),
        ag.special.expit(x),
    ],
}


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_numba_agrees_with_the_reference(graph: str) -> None:
    outputs = GRAPHS[graph]()
    known = {x: X, y: Y, s: np.array(0.3), a: A, i: PLACES}
    used = [n for n in toposort(outputs) if n in known]
    check(used, outputs, *(known[n] for n in used))


def test_results_are_arrays_of_their_own() -> None:
    values = X.copy()
    same, again, part = compile_numba([x], [x, x, x[2:]])(values)
    same[0] = part[0] = 9.0
    assert values[0] == X[0]
    assert again[0] == X[0]
    assert values[2] == X[2]


def test_read_only_and_strided_arguments_are_accepted() -> None:
    values = X.copy()
    values.flags.writeable = False
    program = compile_numba([x], [x * 2.0])
    np.testing.assert_array_equal(program(values)[0], X * 2)
    np.testing.assert_array_equal(program(np.repeat(X, 2)[::2])[0], X * 2)


def test_another_length_of_one_name_is_an_error_that_names_the_inputs() -> None:
    program = compile_numba([x, y], [x + y])
    with pytest.raises(ag.ShapeError, match=r"dimension n is 7 .* 'x' .* but 6 .* 'y'"):
        program(X, Y[:6])


def test_a_position_outside_its_axis_is_an_error() -> None:
    program = compile_numba([x, i], [x[i]])
    with pytest.raises(IndexError, match="outside its axis"):
        program(X, np.array([0, 1, 2, 3, 7]))


def test_source_holds_no_text_of_the_user() -> None:
    named = ag.input("import os; os.abort()", shape=("evil()",))
    program = compile_numba([named], [named + 1.0])
    assert "abort" not in program.source
    assert "evil" not in program.source


def test_what_one_branch_needs_is_not_computed_for_the_other() -> None:
    position = ag.input("position", dtype="int64")
    safe = ag.cond(position < 7, lambda: x[position], lambda: -1.0)
    program = compile_numba([x, position], [safe])
    assert program(X, 3)[0] == X[3]
    assert program(X, 700)[0] == -1.0


def test_a_length_computed_in_a_branch_is_found_by_the_other_uses() -> None:
    start = ag.input("start", dtype="int64")
    tail = x[start:]
    chosen = ag.cond(start > 2, lambda: ag.sum(tail), lambda: 0.0)
    check([x, start], [chosen, tail * 2.0], X, np.array(1))
    check([x, start], [chosen, tail * 2.0], X, np.array(4))


def test_long_draws_are_made_in_parts_that_join() -> None:
    key = ag.input("key", dtype="key")
    size = 2 * 1024 + 77
    draws = [ag.random.normal(key, 1.0, 2.0, size=size), ag.random.uniform(key, size=(size, 3))]
    whole = [ag.sum(draws[1]), ag.sum(draws[1], 0), ag.concatenate([draws[0], draws[0][:5]])]
    k = ag.evaluate(ag.key(11))
    got = ag.function([key], [*draws, *whole], backend="numba")(k)
    wanted = ag.function([key], [*draws, *whole], backend="numpy")(k)
    for g, w in zip(got[:2], wanted[:2], strict=True):
        np.testing.assert_array_equal(g, w)
    for g, w in zip(got[2:], wanted[2:], strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-12)


def test_a_loop_that_only_updates_an_array_keeps_one() -> None:
    values = X.copy()
    count = ag.arange(5)

    def fill(c: Expr, k: Expr) -> tuple[Expr, Expr]:
        return c.at[k].set(ag.exp(s) + k).at[k + 1].add(2.0), s * k

    filled, _ = ag.scan(fill, x, count)
    program = compile_numba([x, s], [filled, x])
    assert program.source.count("copied(") == 2  # before the loop, and the input given back
    wanted = compile_numpy([x, s], [filled, x])(values, 0.3)
    for g, w in zip(program(values, 0.3), wanted, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-14)
    np.testing.assert_array_equal(values, X)


def test_a_loop_that_reads_an_array_beside_its_update_copies_it() -> None:
    count = ag.arange(5)

    def shift(c: tuple[Expr, Expr], k: Expr) -> tuple[tuple[Expr, Expr], Expr]:
        new = c[0].at[k].set(c[0][k + 1] * 2.0)
        return (new, c[0]), ag.sum(c[0]) + ag.sum(c[1])

    (last, before), sums = ag.scan(shift, (x[:7], y[:7]), count)
    one, other = ag.while_loop(
        lambda q: ag.sum(q[0]) < 50.0,
        lambda q: (q[1].at[0].add(10.0), q[0].at[1].add(7.0)),
        (x[:7] * 1.0, y[:7] * 1.0),
    )
    check([x, y], [last, before, sums, one, other], X, Y)
