"""State that a loop updates: one array on Numba where nobody can tell, and right everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import astragal as ag

N, STEPS = 5, 4
LONG = 100  # a shorter array stays where it is, and what is new is copied to it
State = tuple[Any, Any]

# From (state, another array) and the step, the next of both.
ONE_ARRAY: dict[str, Callable[[Any, Any, Any], State]] = {
    "read by nobody": lambda x, y, i: (x.at[i].set(y[0]), y + 1.0),
    "its sum read afterwards": lambda x, y, i: ((n := x.at[i].add(y[1])), y + ag.sum(n)),
    "its elements read afterwards": lambda x, y, i: ((n := x.at[i].set(y[1])), y * 0.5 + n),
    "one element read afterwards": lambda x, y, i: ((n := x.at[i].set(y[1])), y + n[i + 1]),
    "two updates": lambda x, y, i: ((n := x.at[i].set(y[1]).at[0].add(1.0)), y + n),
}
# What reads the array before the update, or keeps a part of it, forbids that.
TWO_ARRAYS: dict[str, Callable[[Any, Any, Any], State]] = {
    "read before": lambda x, y, i: (x.at[i].set(y[0] + ag.sum(x)), y),
    "the other is the array": lambda x, y, i: ((n := x.at[i].set(y[0] + 2.0)), n),
    "the other is the old array": lambda x, y, i: (x.at[i].set(y[0] + 2.0), x),
    "the other is the array between updates": lambda x, y, i: (
        (n := x.at[i].set(y[0] + 2.0)).at[0].add(1.0),
        n,
    ),
    "the other is a part": lambda x, y, i: (
        (n := x.at[i].set(y[0] + 2.0)),
        ag.reshape(ag.reshape(n, (1, *n.shape))[0], n.shape),
    ),
    "the other is reversed": lambda x, y, i: ((n := x.at[i].set(y[0] + 2.0)), n[::-1]),
    "they change places": lambda x, y, i: (y, x.at[i].set(y[0] + 2.0)),
}
EVERY = {**ONE_ARRAY, **TWO_ARRAYS}


def scanned(step: Callable[[Any, Any, Any], State], x: Any, y: Any) -> list[Any]:
    """Both, and what they were on the way."""

    def body(state: State, i: Any) -> tuple[State, State]:
        new = step(*state, i)
        return new, new

    last, ways = ag.scan(body, (x, y), ag.arange(STEPS))
    return [*last, *ways]


def looped(step: Callable[[Any, Any, Any], State], x: Any, y: Any) -> list[Any]:
    last: list[Any]
    _, *last = ag.while_loop(
        lambda s: s[0] < STEPS,
        lambda s: (s[0] + 1, *step(s[1], s[2], s[0])),
        (ag.constant(0), x, y),
    )
    return last


@pytest.mark.parametrize("n", [N, LONG])
@pytest.mark.parametrize("loop", [scanned, looped])
@pytest.mark.parametrize("name", list(EVERY))
def test_loops_give_what_the_reference_gives(name: str, loop: Any, n: int) -> None:
    x, y = ag.input("x", (n,)), ag.input("y", (n,))
    outputs = loop(EVERY[name], x, y)
    given = np.arange(1.0, n + 1), np.linspace(0.5, 2.0, n)
    kept = [g.copy() for g in given]
    want = ag.function([x, y], outputs, backend="numpy")(*given)
    for _ in range(2):
        found = ag.function([x, y], outputs, backend="numba")(*given)
        for a, b in zip(found, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13)
    for a, b in zip(given, kept, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", list(EVERY))
def test_a_loop_copies_its_state_only_where_somebody_could_tell(name: str) -> None:
    x, y = ag.input("x", (LONG,)), ag.input("y", (LONG,))
    source = ag.function([x, y], looped(EVERY[name], x, y), backend="numba").source
    _, _, body = source.partition("while True:")
    inside = body.partition("return")[0].splitlines()
    copies = [line for line in inside if "copied(" in line and line.startswith(" " * 8)]
    assert bool(copies) == (name in TWO_ARRAYS)


def test_a_loop_in_a_loop_begins_each_time_with_what_it_is_given() -> None:
    start = ag.input("start", (N,))

    def inner(value: Any) -> Any:
        _, x = ag.while_loop(
            lambda s: s[0] < 3,
            lambda s: (s[0] + 1, s[1].at[s[0]].add(value)),
            (ag.constant(0), start),
        )
        return x

    total, _ = ag.scan(lambda t, i: (t + inner(t[1] + i), None), ag.zeros((N,)), ag.arange(4))
    given = np.arange(float(N))
    want = ag.function([start], total, backend="numpy")(given)
    np.testing.assert_allclose(ag.function([start], total, backend="numba")(given), want)
    np.testing.assert_array_equal(given, np.arange(N))


def test_short_arrays_are_made_once_a_call() -> None:
    x = ag.input("x", (N,))
    last, rows = ag.scan(
        lambda s, i: ((n := ag.cumulative_sum(s * 0.5) + i), n), x, ag.arange(STEPS)
    )
    run = ag.function([x], [last, rows], backend="numba")
    inside = run.source.partition("for i")[2]
    assert "local(" in inside
    given = np.linspace(-1.0, 1.0, N)
    want = ag.function([x], [last, rows], backend="numpy")(given)
    first, second = run(given), run(2.0 * given)
    np.testing.assert_allclose(first[0], want[0], rtol=1e-13)
    np.testing.assert_allclose(first[1], want[1], rtol=1e-13)
    # What a call gives is not on the stack of the next.
    assert not np.allclose(second[1], first[1])


@pytest.mark.parametrize("n", [2, 3])
def test_branches_and_products_of_short_vectors_ask_for_no_memory_in_a_loop(n: int) -> None:
    x, m = ag.input("x", (n,)), ag.input("m", (n, n))

    def body(c: tuple[Any, Any]) -> tuple[Any, Any]:
        i, v = c
        once = ag.cond(i % 2 < 1, lambda a, b: ag.matmul(b, a), lambda a, b: a, v, m)
        twice = ag.cond(i % 3 < 1, ag.matmul, lambda a, b: a, once, m)
        return i + 1, 0.5 * (once + twice)

    loop = ag.while_loop(lambda c: c[0] < 7, body, (ag.constant(0), x))
    f = ag.function([x, m], loop[1], backend="numba")
    inside = f.source.partition("while True:")[2]
    assert "matvec(" in inside
    assert "vecmat(" in inside
    assert "empty(" not in inside
    at, rows = np.arange(1.0, n + 1), np.arange(1.0, n * n + 1).reshape(n, n) / n**2
    reference = ag.function([x, m], loop[1], backend="numpy")(at, rows)
    np.testing.assert_allclose(f(at, rows), reference, rtol=1e-13)


def test_carried_parts_of_each_other_change_places() -> None:
    a, b = ag.input("a", (2, 3)), ag.input("b", (3,))
    last = ag.scan(lambda s, i: ((ag.stack([s[1], s[0][0]]), s[0][1]), None), (a, b), ag.arange(3))
    given = np.arange(6.0).reshape(2, 3), np.array([7.0, 8.0, 9.0])
    want = ag.function([a, b], last[0], backend="numpy")(*given)
    for got, wanted in zip(
        ag.function([a, b], last[0], backend="numba")(*given), want, strict=True
    ):
        np.testing.assert_array_equal(got, wanted)


def test_constant_positions_are_checked_when_the_code_is_written() -> None:
    x = ag.input("x", (30,))
    for places in ([0, 3, 6, 9], [7, 2, 2, 29], [-1, 4, 0, 3], [5], [9, 6, 3, 0]):
        run = ag.function([x], ag.exp(x[ag.constant(places)]), backend="numba")
        given = np.linspace(0.0, 1.0, 30)
        np.testing.assert_allclose(run(given), np.exp(given[places]))
        assert "raise" not in run.source
    n = ag.input("n", dtype="int64")
    beyond = ag.function([x, n], ag.arange(n)[ag.constant([0, 3])] + x[0], backend="numba")
    given = np.arange(30.0)
    np.testing.assert_array_equal(beyond(given, 4), [0.0, 3.0])
    with pytest.raises(IndexError, match="outside its axis"):
        beyond(given, 3)
