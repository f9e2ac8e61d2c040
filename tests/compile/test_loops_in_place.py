"""State that a loop updates: one array on Numba where nobody can tell, and right everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import astragal as ag

N, STEPS = 5, 4
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
        ag.reshape(ag.reshape(n, (1, N))[0], (N,)),
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


@pytest.mark.parametrize("loop", [scanned, looped])
@pytest.mark.parametrize("name", list(EVERY))
def test_loops_give_what_the_reference_gives(name: str, loop: Any) -> None:
    x, y = ag.input("x", (N,)), ag.input("y", (N,))
    outputs = loop(EVERY[name], x, y)
    given = np.arange(1.0, N + 1), np.linspace(0.5, 2.0, N)
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
    x, y = ag.input("x", (N,)), ag.input("y", (N,))
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
