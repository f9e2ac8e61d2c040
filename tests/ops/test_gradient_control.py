"""Gradients through loops, branches, calls and maps, against JAX's own and differences."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import KeyReuseError, UnsupportedError
from astragal.graph.subgraph import trace
from astragal.graph.traverse import toposort
from astragal.ops.control import MAP

Array = np.ndarray[Any, Any]


def scalar_map(f: Callable[..., Any], *xs: Any) -> Any:
    """An elementwise function as one node."""
    sub, captured = trace(lambda *p: [f(*p)], [ag.input("p").type for _ in xs])
    assert not captured
    return MAP(sub, *xs)


def call(f: Callable[..., Any], *xs: Any) -> Any:
    """A function as a call of a subgraph."""
    inputs = [ag.input(f"p{i}", shape=x.shape) for i, x in enumerate(xs)]
    return ag.subgraph(inputs, f(*inputs))(*xs)


OURS = SimpleNamespace(
    np=ag,
    scan=ag.scan,
    while_loop=ag.while_loop,
    cond=ag.cond,
    switch=ag.switch,
    map=scalar_map,
    call=call,
)
JAX = SimpleNamespace(
    np=jnp,
    scan=jax.lax.scan,
    while_loop=jax.lax.while_loop,
    cond=jax.lax.cond,
    switch=jax.lax.switch,
    map=lambda f, *xs: f(*xs),
    call=lambda f, *xs: f(*xs),
)


def recurrence(F: Any, x: Any, a: Any) -> Any:
    last, ys = F.scan(lambda c, xi: (F.np.sin(c * a) + xi, c * xi), a * 2.0, x)
    return last * ys


def backward(F: Any, x: Any, a: Any) -> Any:
    last, ys = F.scan(lambda c, xi: (c * a + F.np.exp(xi), c), a, x, reverse=True)
    return last + ys


def shown_carry(F: Any, x: Any, a: Any) -> Any:
    def step(c: Any, xi: Any) -> Any:
        new = F.np.sin(c * a) + xi
        return new, new

    last, ys = F.scan(step, a * x[0], x, reverse=True)
    return last * ys


def two_carries(F: Any, x: Any, y: Any) -> Any:
    def step(c: Any, row: Any) -> Any:
        p, q = c
        u, v = row
        return (p * v + q[0], q * u), (p * u, q)

    (p, q), (s, t) = F.scan(step, (x[0, 0], y[0]), (x[:, 1], y[:, 0]))
    return p * F.np.sum(q) + F.np.sum(s) * t


def captured_matrix(F: Any, w: Any, h: Any) -> Any:
    last, _ = F.scan(lambda c, _: (F.np.tanh(w @ c), ()), h, None, length=5)
    return last


def indexed_capture(F: Any, x: Any, a: Any) -> Any:
    index = F.np.asarray(np.array([2, 0, 2, 1]))
    last, _ = F.scan(lambda c, i: (c * x[i] + a, ()), a, index)
    return last


def late_activity(F: Any, x: Any, a: Any) -> Any:
    # The first carry becomes a function of a only through the second.
    def step(c: Any, xi: Any) -> Any:
        p, q = c
        return (p + q * xi, q * 1.5 + a), p

    (p, _), ys = F.scan(step, (F.np.asarray(0.25), F.np.asarray(1.0)), x)
    return p + F.np.sum(ys * ys)


def nested(F: Any, x: Any, a: Any) -> Any:
    def outer(c: Any, xi: Any) -> Any:
        d, _ = F.scan(lambda b, xj: (b * xj * a + xi, ()), c, x)
        return d, d * xi

    last, ys = F.scan(outer, a, x)
    return last + ys


def branch_in_loop(F: Any, x: Any, a: Any) -> Any:
    def step(c: Any, xi: Any) -> Any:
        new = F.cond(xi > 0.0, lambda v: F.np.sin(v) * a, lambda v: v * v + xi, c)
        return new, new

    return F.scan(step, a, x)[1]


def branch(F: Any, x: Any, a: Any) -> Any:
    return F.cond(a > 0.0, lambda v: F.np.exp(v) * a, lambda v: v, x)


def other_branch(F: Any, x: Any, a: Any) -> Any:
    return F.cond(a < 0.0, lambda v: F.np.exp(v) * a, lambda v: v, x)


def switched(F: Any, x: Any, a: Any) -> Any:
    i = F.np.astype(F.np.floor(a * 2.0), "int64")
    branches = [lambda v, b: (v, b), lambda v, b: (v * b, b * b), lambda v, b: (v + b, b * 3.0)]
    v, b = F.switch(i, branches, x, a)
    return v * b


def called(F: Any, x: Any, a: Any) -> Any:
    return F.call(lambda u, v: F.np.sin(u) * v + v, x, F.call(lambda v: v * v, a))


def mapped(F: Any, x: Any, a: Any) -> Any:
    return F.map(lambda u, v: F.np.sin(u * v) + v, x[:, None], x * a)


# fmt: off
X = np.array([0.7, -0.4, 1.1, 0.2])
SCALAR = np.asarray(0.6)
M = np.random.default_rng(5).normal(size=(4, 3))
CASES: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "a recurrence":        (recurrence, (X, SCALAR)),
    "a backward scan":     (backward, (X, SCALAR)),
    "a carry given out":   (shown_carry, (X, SCALAR)),
    "several carries":     (two_carries, (M, M[::-1] + 1.0)),
    "a captured matrix":   (captured_matrix, (M[:3], X[:3])),
    "an indexed capture":  (indexed_capture, (X, SCALAR)),
    "a late dependence":   (late_activity, (X, SCALAR)),
    "a scan in a scan":    (nested, (X, SCALAR)),
    "a branch in a scan":  (branch_in_loop, (X, SCALAR)),
    "a branch":            (branch, (X, SCALAR)),
    "the other branch":    (other_branch, (X, SCALAR)),
    "a switch":            (switched, (X, SCALAR)),
    "a call":              (called, (X, SCALAR)),
    "a map":               (mapped, (X, SCALAR)),
}
# fmt: on


@pytest.mark.parametrize("case", CASES)
def test_a_gradient_agrees_with_jax_and_with_differences(case: str, calculus: Any) -> None:
    f, values = CASES[case]
    calculus.check(lambda *a: f(OURS, *a), lambda *a: f(JAX, *a), *values)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_second_derivatives_agree_with_jax(case: str, calculus: Any) -> None:
    f, values = CASES[case]

    def loss(F: Any, *a: Any) -> Any:
        y = f(F, *a)
        return F.np.sum(F.np.sin(y) * y)

    calculus.check_second(lambda *a: loss(OURS, *a), lambda *a: loss(JAX, *a), *values)


def test_a_gradient_of_a_gradient_of_a_scan_agrees_with_jax(calculus: Any) -> None:
    x, a = ag.input("x", shape=(4,)), ag.input("a")
    f = recurrence
    first = ag.grad(ag.sum(f(OURS, x, a)), a)
    twice = ag.grad(first, (x, a))
    found = calculus.evaluate([x, a], twice, [X, SCALAR])
    reference = jax.grad(jax.grad(lambda u, v: jnp.sum(f(JAX, u, v)), 1), (0, 1))
    for g, e in zip(found, reference(jnp.asarray(X), jnp.asarray(SCALAR)), strict=True):
        np.testing.assert_allclose(g, np.asarray(e), rtol=1e-10)


def newton(F: Any, a: Any, b: Any) -> Any:
    """A root of x**2 - a by iteration, then b of it."""
    x, _ = F.while_loop(
        lambda s: F.np.abs(s[0] * s[0] - a) > 1e-12,
        lambda s: (0.5 * (s[0] + a / s[0]), s[1] + 1),
        (1.0 + b * 0.0, 0),
    )
    return x * b


def test_a_while_loop_has_tangents(calculus: Any) -> None:
    a, b = ag.input("a"), ag.input("b")
    y = ag.jvp(newton(OURS, a, b), (a, b), (1.0, 0.5))
    (found,) = calculus.evaluate([a, b], [y], [np.asarray(2.0), np.asarray(3.0)])
    expected = jax.jvp(lambda p, q: newton(JAX, p, q), (2.0, 3.0), (1.0, 0.5))[1]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(found, 3.0 * 0.5 / np.sqrt(2.0) + 0.5 * np.sqrt(2.0), rtol=1e-12)


def test_a_while_loop_has_no_gradient_and_the_error_says_what_to_do() -> None:
    a = ag.input("a")
    with pytest.raises(UnsupportedError, match=r"while_loop.*astragal\.scan.*astragal\.jvp"):
        ag.grad(newton(OURS, a, ag.constant(1.0)), a)


def test_a_while_loop_beside_the_way_does_not_matter(calculus: Any) -> None:
    a, b = ag.input("a"), ag.input("b")
    g = ag.grad(newton(OURS, a, ag.constant(1.0)) * b, b)
    (found,) = calculus.evaluate([a, b], [g], [np.asarray(2.0), np.asarray(3.0)])
    np.testing.assert_allclose(found, np.sqrt(2.0))


def test_a_scan_over_a_symbolic_length_has_a_gradient() -> None:
    x, a = ag.input("x", shape=("n",)), ag.input("a")
    f = ag.function([x, a], ag.grad(ag.sum(recurrence(OURS, x, a)), (x, a)), backend="numpy")
    with jax.enable_x64(True):
        expected = jax.grad(lambda u, v: jnp.sum(recurrence(JAX, u, v)), (0, 1))(
            jnp.asarray(X), jnp.asarray(SCALAR)
        )
    for g, e in zip(f(X, SCALAR), expected, strict=True):
        np.testing.assert_allclose(g, np.asarray(e), rtol=1e-10)


# -- linear in a node: free of it --------------------------------------------------------

T = ag.input("t", shape=(4,))
Z = ag.input("z", shape=(4,))


def linear_scan() -> Any:
    def step(c: Any, row: Any) -> Any:
        t, z = row
        p, q = c
        return (0.9 * p + t * z * q, q * z), p * z

    (p, _), ys = ag.scan(step, (T[0], ag.constant(1.0)), (T, Z))
    return p + ag.sum(ys * Z)


LINEAR: dict[str, Callable[[], Any]] = {
    "scan": linear_scan,
    "captured in a scan": lambda: ag.scan(lambda c, z: (c * z + T[0], ()), 0.5, Z)[0],
    "cond": lambda: ag.sum(ag.cond(Z[0] > 0.0, lambda t: t * Z, lambda t: 2.0 * t, T)),
    "call": lambda: ag.sum(call(lambda t, z: t * ag.exp(z), T, Z)),
    "map": lambda: ag.sum(scalar_map(lambda t, z: t * ag.exp(z) + z, T, Z)),
}


@pytest.mark.parametrize("case", LINEAR)
def test_the_gradient_of_what_is_linear_in_a_node_is_free_of_it(case: str) -> None:
    g = ag.grad(LINEAR[case](), T)
    below = set(toposort([g]))
    assert T not in below
    assert Z in below


def test_a_scan_that_does_not_depend_on_a_node_is_not_run_for_its_gradient() -> None:
    x, a = ag.input("x", shape=(4,)), ag.input("a")
    total, _ = ag.scan(lambda c, xi: (c + xi, ()), 0.0, x)
    assert ag.grad(total * a, a) is total
    g = ag.grad(total * a, x)
    assert x not in toposort([g])


def test_what_a_scan_gives_out_is_not_computed_again() -> None:
    x, a = ag.input("x", shape=(4,)), ag.input("a")
    value = ag.sum(shown_carry(OURS, x, a))
    both = toposort([value, *ag.grad(value, [x, a])])
    assert sum(n.op.name == "scan" for n in both) == 2


def test_a_draw_inside_a_scan_is_kept_for_the_reverse_pass() -> None:
    key, a = ag.input("k", dtype="key"), ag.input("a")

    def step(c: Any, k: Any) -> Any:
        e = ag.random.normal(k, 0.0, 1.0)
        return c * a + ag.sin(a * e), e

    last, draws = ag.scan(step, 0.5, ag.split(key, 3))
    g = ag.grad(last, a)
    f = ag.function([key, a], [g, draws, last], backend="numpy")
    slope, e, _ = f(ag.key(3), 0.8)
    c, d = 0.5, 0.0
    for v in e:
        c, d = c * 0.8 + np.sin(0.8 * v), d * 0.8 + c + v * np.cos(0.8 * v)
    np.testing.assert_allclose(slope, d, rtol=1e-12)
    # The draws were outputs of the scan: no second scan spends the keys again.
    scans = [n for n in toposort([g]) if n.op.name == "scan"]
    keyed = [
        n for n in scans if any("key" in repr(x.type) for x in n.args if isinstance(x, ag.Expr))
    ]
    assert len(keyed) == 1


def random_walk(F: Any, key: Any, draws: Any, a: Any, s: Any) -> Any:
    """A walk whose steps are drawn with parameters that depend on where it is."""

    def ours(c: Any, _: Any) -> Any:
        k, x = c
        pair = ag.split(k)
        new = ag.random.normal(pair[1], ag.sin(x * a), s * ag.exp(0.1 * x))
        return (pair[0], new), new

    def theirs(x: Any, e: Any) -> Any:
        new = jnp.sin(x * a) + s * jnp.exp(0.1 * x) * e
        return new, new

    if F is ag:
        return ag.scan(ours, (key, ag.constant(0.4)), length=5)[1]
    return jax.lax.scan(theirs, 0.4, draws)[1]


@pytest.mark.parametrize("backend", ["numpy", "numba", "jax"])
def test_draws_with_a_carried_key_have_pathwise_gradients(backend: str) -> None:
    key = ag.input("key", dtype="key")
    a, s = ag.input("a"), ag.input("s")
    xs = random_walk(ag, key, None, a, s)
    loss = ag.sum(xs * ag.constant([1.0, -0.5, 2.0, 0.3, 1.1]))
    f = ag.function([key, a, s], [xs, *ag.grad(loss, (a, s))], backend=backend)
    walk, *slopes = (np.asarray(v) for v in f(ag.key(11), 0.8, 0.6))
    before = np.concatenate([[0.4], walk[:-1]])
    noise = (walk - np.sin(before * 0.8)) / (0.6 * np.exp(0.1 * before))
    weights = jnp.asarray([1.0, -0.5, 2.0, 0.3, 1.1])
    with jax.enable_x64(True):
        expected = jax.grad(
            lambda a, s: jnp.sum(random_walk(jnp, None, jnp.asarray(noise), a, s) * weights), (0, 1)
        )(0.8, 0.6)
    for g, e in zip(slopes, expected, strict=True):
        np.testing.assert_allclose(g, np.asarray(e), rtol=1e-6)


def test_a_discrete_draw_inside_a_loop_does_not_pass_for_a_constant() -> None:
    key, lam = ag.input("key", dtype="key"), ag.input("lam")
    last, _ = ag.scan(
        lambda c, k: (c + ag.random.poisson(k, lam), ()), ag.constant(0.0), ag.split(key, 3)
    )
    with pytest.raises(UnsupportedError, match="poisson draws are not real numbers"):
        ag.grad(last, lam)


def test_a_loss_and_its_gradient_spend_the_keys_of_a_loop_once() -> None:
    key, a = ag.input("key", dtype="key"), ag.input("a")

    def step(c: Any, k: Any) -> Any:
        e = ag.random.normal(k, 0.0, 1.0)
        return c * a + ag.sin(a * e), ()

    last, _ = ag.scan(step, 0.5, ag.split(key, 3))
    ag.check_keys(last, ag.grad(last, a))
    # A scan of other steps over the same keys is another use of them.
    other, _ = ag.scan(lambda c, k: (c - ag.random.normal(k), ()), 0.5, ag.split(key, 3))
    with pytest.raises(KeyReuseError):
        ag.check_keys(last, other)


def test_dictionaries_are_matched_by_name_in_loops_and_branches() -> None:
    out = ag.while_loop(
        lambda s: s["n"] < 3,
        lambda s: {"n": s["n"] + 1, "a": 10.0 * s["a"], "b": s["b"] + 1.0},
        {"a": 2.0, "b": 5.0, "n": 0},
    )
    assert {k: float(ag.evaluate(v)) for k, v in out.items()} == {"a": 2000.0, "b": 8.0, "n": 3.0}
    last, _ = ag.scan(
        lambda c, x: ({"b": c["b"] + x, "a": 10.0 * c["a"]}, c["a"]),
        {"a": 2.0, "b": 5.0},
        ag.constant([1.0, 2.0]),
    )
    assert float(ag.evaluate(last["a"])) == 200.0
    assert float(ag.evaluate(last["b"])) == 8.0
    x = ag.input("x")
    chosen = ag.cond(x > 0, lambda: {"p": x, "q": 1.0}, lambda: {"q": 2.0, "p": -x})
    run = ag.function([x], [chosen["p"], chosen["q"]], backend="numpy")
    assert [float(v) for v in run(-3.0)] == [3.0, 2.0]
    y = ag.input("y")
    grads = ag.jvp(x * y, {"x": x, "y": y}, {"y": 1.0, "x": 0.0})
    assert float(ag.function([x, y], grads, backend="numpy")(3.0, 7.0)) == 3.0


def test_another_container_than_the_carried_one_is_refused() -> None:
    with pytest.raises(ag.ModelError, match=r"\{a: \*\}, expected \{a: \*, b: \*\}"):
        ag.while_loop(lambda s: s["a"] < 1, lambda s: {"a": s["a"]}, {"a": 0.0, "b": 1.0})
    with pytest.raises(ag.ModelError, match="carry"):
        ag.scan(lambda c, x: ((c, c), x), 0.0, ag.constant([1.0]))
