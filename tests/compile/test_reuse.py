"""Shared values changed in place: where nobody can tell, and nowhere else."""

from __future__ import annotations

import threading
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import astragal as ag
from astragal.compile.jax import enable_x64

N = 6


def place(x: Any) -> int:
    """Where a shared variable's value lies."""
    held = x.cell.value
    return int(held.unsafe_buffer_pointer() if isinstance(held, jax.Array) else held.ctypes.data)


def variable() -> Any:
    return ag.shared(np.arange(float(N)), name="x")


IN_PLACE: dict[str, Any] = {
    "a fixed element set": lambda x, v: (x.at[2].set(v), lambda a, b: np.r_[a[:2], b, a[3:]]),
    "two elements added to": lambda x, v: (
        x.at[1].add(v).at[3].add(v),
        lambda a, b: a + b * np.isin(np.arange(N), [1, 3]),
    ),
    "each element one more": lambda x, v: (x + 1.0, lambda a, b: a + 1),
    "each element read twice": lambda x, v: (x * v + ag.exp(-x), lambda a, b: a * b + np.exp(-a)),
}


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("case", list(IN_PLACE))
def test_what_only_replaces_itself_keeps_its_memory(case: str, backend: str) -> None:
    x, v = variable(), ag.input("v")
    update, want = IN_PLACE[case](x, v)
    f = ag.function([v], 2.0 * v, updates={x: update}, backend=backend)
    expected = np.arange(float(N))
    places = set()
    for b in (0.5, 0.25, 0.75, 0.5):
        assert float(f(b)) == 2 * b
        expected = want(expected, b)
        np.testing.assert_allclose(x.value, expected, rtol=1e-14)
        places.add(place(x))
    if backend == "numba":
        assert len(places) == 1
    else:
        assert f._program.reused


@pytest.mark.parametrize("backend", ["numba", "jax", "numpy"])
@pytest.mark.parametrize(
    "outputs",
    [
        lambda x, new: x,
        lambda x, new: new,
        lambda x, new: [x, new],
        lambda x, new: ag.sum(x),
        lambda x, new: x[::-1],
        lambda x, new: ag.reshape(x, (2, 3)),
    ],
    ids=["old", "new", "both", "sum", "reversed", "reshaped"],
)
@pytest.mark.parametrize("kind", [0, 1])
def test_results_keep_what_they_were(backend: str, outputs: Any, kind: int) -> None:
    x = variable()
    new = x.at[2].set(-1.0) if kind else x + 1.0
    f = ag.function([], outputs(x, new), updates={x: new}, backend=backend)
    first = f()
    before = [np.array(v) for v in (first if isinstance(first, list) else [first])]
    for _ in range(3):
        f()
    after = [np.asarray(v) for v in (first if isinstance(first, list) else [first])]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
    want = np.arange(float(N)) + 4
    if kind:
        want = np.r_[0.0, 1, -1, 3, 4, 5]
    np.testing.assert_array_equal(x.value, want)


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize(
    "update",
    [
        lambda x: x.at[1:].set(x[:-1]),
        lambda x: x[::-1] * 1.0,
        lambda x: x + ag.cumulative_sum(x),
        lambda x: x + ag.sum(x),
        lambda x: x * x[0],
        lambda x: ag.reshape(ag.matrix_transpose(ag.reshape(x, (2, 3))) + 0.0, (N,)),
    ],
    ids=["shifted", "reversed", "running sums", "sum", "first", "transposed"],
)
def test_elements_that_read_others_see_the_old_ones(update: Any, backend: str) -> None:
    x = variable()
    f = ag.function([], [], updates={x: update(x)}, backend=backend)
    y = ag.input("y", (N,))
    reference = ag.function([y], update(y), backend="numpy")
    expected = np.arange(float(N))
    for _ in range(3):
        f()
        expected = reference(expected)
        np.testing.assert_allclose(x.value, expected, rtol=1e-14)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_swapped_variables_do_not_share_memory(backend: str) -> None:
    x, y = ag.shared(np.zeros(3)), ag.shared(np.ones(3))
    f = ag.function([], [], updates={x: y + 0.0, y: x + 0.0}, backend=backend)
    f()
    np.testing.assert_array_equal([x.value, y.value], [np.ones(3), np.zeros(3)])
    f()
    np.testing.assert_array_equal([x.value, y.value], [np.zeros(3), np.ones(3)])


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_neither_constants_nor_what_users_hold_changes(backend: str) -> None:
    given = np.arange(float(N))
    literal = ag.constant(given)
    x = ag.shared(given)
    f = ag.function([], [], updates={x: x + 1.0}, backend=backend)
    f()
    read = x.value
    state = f.state["x"] if "x" in f.state else f.state[x]
    f()
    np.testing.assert_array_equal(given, np.arange(N))
    np.testing.assert_array_equal(ag.evaluate(literal), given)
    np.testing.assert_array_equal(read, given + 1)
    np.testing.assert_array_equal(state, given + 1)
    x.value = given
    f()
    f()
    np.testing.assert_array_equal(given, np.arange(N))
    np.testing.assert_array_equal(x.value, given + 2)


def test_an_argument_that_becomes_the_value_stays_the_users() -> None:
    x, y = variable(), ag.input("y", (N,))
    keep = ag.function([y], [], updates={x: +y}, backend="jax")
    step = ag.function([], [], updates={x: x + 1.0}, backend="jax")
    with enable_x64():
        mine = jnp.arange(float(N))
        keep(mine)
        step()
        step()
        np.testing.assert_array_equal(mine, np.arange(N))
    np.testing.assert_array_equal(x.value, np.arange(N) + 2)


@pytest.mark.parametrize("readers", ["numpy", "numba", "jax"])
@pytest.mark.parametrize("writers", ["numba", "jax"])
def test_functions_on_any_backend_share_a_variable(readers: str, writers: str) -> None:
    x = variable()
    read = ag.function([], x, backend=readers)
    write = ag.function([], [], updates={x: x + 1.0}, backend=writers)
    seen = []
    for _ in range(3):
        seen.append(read())
        write()
        seen.append(ag.evaluate(x, backend=readers))
    for k, value in enumerate(seen):
        np.testing.assert_array_equal(value, np.arange(N) + (k + 1) // 2)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_a_call_that_fails_leaves_the_value(backend: str) -> None:
    x, i, rate = variable(), ag.input("i", dtype="int64"), ag.input("rate")
    k = ag.input("k", dtype="key")
    draw = ag.random.exponential(k, rate=rate)
    f = ag.function([i, k, rate], draw, updates={x: x.at[i].set(9.0)}, backend=backend)
    key = ag.evaluate(ag.key(0))
    f(1, key, 1.0)
    want = np.r_[0.0, 9, 2, 3, 4, 5]
    with pytest.raises(ag.AstragalError):
        f(2, key, -1.0)
    np.testing.assert_array_equal(x.value, want)
    if backend == "numba":
        with pytest.raises(IndexError):
            f(N, key, 1.0)
    np.testing.assert_array_equal(x.value, want)
    f(2, key, 1.0)
    assert x.value[2] == 9.0


def test_a_check_that_comes_late_forbids_it() -> None:
    x, at = variable(), ag.input("at", (2,), dtype="int64")
    f = ag.function([at], [], updates={x: x.at[at].add(1.0)}, backend="numba")
    f([0, 1])
    with pytest.raises(IndexError):
        f([0, N])
    np.testing.assert_array_equal(x.value, [1.0, 2, 2, 3, 4, 5])


def test_threads_count_every_call() -> None:
    x = variable()
    f = ag.function([], [], updates={x: x + 1.0}, backend="numba")
    g = ag.function([], ag.sum(x), backend="numba")

    def work() -> None:
        for _ in range(200):
            f()
            assert (g() - N * (N - 1) / 2) % N == 0

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    np.testing.assert_array_equal(x.value, np.arange(N) + 800)
