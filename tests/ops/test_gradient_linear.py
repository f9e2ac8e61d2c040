"""The derivative of what is linear in a node is free of that node: random linear graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import astragal as ag
from astragal.graph.subgraph import trace
from astragal.graph.traverse import toposort
from astragal.ops.control import MAP

T = ag.input("t", shape=(3,))
H = ag.input("h", shape=(3,))
A = ag.input("a", shape=(3, 3))
S = ag.input("s")
FACTORS = [H, A, S, ag.exp(H), ag.sum(A), ag.constant(2.0), ag.constant(-0.5), A[0]]
Draw = Callable[[Any], Any]


def fits(x: ag.Expr, y: ag.Expr) -> bool:
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return True


def factor(draw: Draw, x: ag.Expr) -> ag.Expr:
    f = draw(st.sampled_from(FACTORS))
    return f if fits(f, x) else S


def scaled(draw: Draw, x: ag.Expr, y: ag.Expr) -> ag.Expr:
    f = factor(draw, x)
    return draw(st.sampled_from([x * f, f * x, x / ag.exp(f), -x, x - 0.5 * x]))  # type: ignore[no-any-return]


def combined(draw: Draw, x: ag.Expr, y: ag.Expr) -> ag.Expr:
    y = y if y.shape == x.shape else ag.sum(y)
    return draw(  # type: ignore[no-any-return]
        st.sampled_from([x + y, x - y, ag.where(factor(draw, x) > 0.0, x, y), x - factor(draw, x)])
    )


def reduced(draw: Draw, x: ag.Expr, y: ag.Expr) -> ag.Expr:
    if not x.ndim:
        return x * S
    keep = draw(st.booleans())
    options = [
        ag.sum(x, axis=0, keepdims=keep),
        ag.mean(x, axis=-1, keepdims=keep),
        ag.cumulative_sum(x, axis=0),
        ag.flip(x, axis=0),
        ag.roll(x, 1, axis=0),
        ag.sum(x),
    ]
    return draw(st.sampled_from(options))  # type: ignore[no-any-return]


def rearranged(draw: Draw, x: ag.Expr, y: ag.Expr) -> ag.Expr:
    if not x.ndim:
        return ag.stack([x, x * S, -x])
    order = ag.argsort(ag.broadcast_to(S, x.shape[:1]))
    options = [
        ag.reshape(x, (-1,)),
        ag.permute_dims(x),
        x[0],
        x[..., ::-1],
        x[order],
        x[:, None],
        x.at[0].set(x[-1] * S),
        x.at[order].add(S),
        ag.concatenate([x, x * S], axis=0),
        ag.stack([x, x / 3.0], axis=0),
    ]
    return draw(st.sampled_from(options))  # type: ignore[no-any-return]


def multiplied(draw: Draw, x: ag.Expr, y: ag.Expr) -> ag.Expr:
    if x.ndim == 0 or x.shape[-1] != 3:
        return x * ag.sum(A)
    if x.ndim > 1:
        return ag.matmul(x, A)
    options = [A @ x, x @ A, ag.linalg.solve(A, x), H @ x, ag.linalg.outer(H, x),
               ag.linalg.solve_triangular(A, x, lower=True),
               ag.einsum("ij,j->i", A, x)]  # fmt: skip
    return draw(st.sampled_from(options))  # type: ignore[no-any-return]


def looped(draw: Draw, x: ag.Expr, y: ag.Expr) -> ag.Expr:
    if not x.ndim or x.ndim > 2:
        return ag.cond(S > 0.0, lambda v: v * S, lambda v: v - S, x)  # type: ignore[no-any-return]
    start = ag.broadcast_to(S, x.shape[1:])
    rows = ag.broadcast_to(S, x.shape[:1])

    def step(c: Any, row: Any) -> Any:
        v, f = row
        p, q = c
        # A carry that is linear, beside one that is not and knows nothing of t.
        return (p * 0.5 + v * q, ag.sin(q) + f), p * f

    (last, _), ys = ag.scan(step, (start, S), (x, rows))
    return draw(st.sampled_from([last, ys]))  # type: ignore[no-any-return]


def called(draw: Draw, x: ag.Expr, y: ag.Expr) -> ag.Expr:
    p, f = ag.input("p", shape=x.shape), ag.input("f")
    if draw(st.booleans()):
        return ag.subgraph([p, f], p * ag.exp(f) - f)(x, S)  # type: ignore[no-any-return]
    sub, _ = trace(lambda u, v: [u * ag.exp(v) + v], [S.type, S.type])
    return MAP(sub, x, S)


STEPS = [scaled, scaled, combined, combined, reduced, rearranged, rearranged, multiplied, looped,
         called]  # fmt: skip


@st.composite
def linear(draw: Draw) -> ag.Expr:
    """An expression that is linear in t, up to what does not depend on t."""
    pool = [T]
    for _ in range(draw(st.integers(1, 8))):
        x, y = pool[-1], draw(st.sampled_from(pool))
        new = draw(st.sampled_from(STEPS))(draw, x, y)
        if new.ndim <= 3 and all(d <= 12 for d in new.shape):
            pool.append(new)
    return pool[-1]


@settings(max_examples=300)
@given(y=linear())
def test_the_derivative_of_a_linear_expression_is_free_of_its_argument(y: ag.Expr) -> None:
    loss = ag.sum(y * ag.sin(S))
    assert T not in toposort([ag.grad(loss, T)])
    assert T not in toposort([ag.jvp(y, T, H)])


@settings(max_examples=150)
@given(y=linear())
def test_the_second_derivative_of_a_square_of_it_is_free_too(y: ag.Expr) -> None:
    loss = -0.5 * ag.sum(ag.square(y - S))
    assert T not in toposort([ag.hvp(loss, T, H)])


@settings(max_examples=100)
@given(y=linear())
def test_a_linear_expression_is_its_derivative_times_its_argument(y: ag.Expr) -> None:
    rng = np.random.default_rng(8)
    values = [rng.normal(size=3), rng.normal(size=3), rng.normal(size=(3, 3)) + 2.0 * np.eye(3),
              np.asarray(0.37)]  # fmt: skip
    whole = ag.function([T, H, A, S], y, backend="numpy")
    (other,) = (ag.function([T, H, A, S], ag.jvp(y, T, H), backend="numpy"),)
    moved = [values[0] + values[1], *values[1:]]
    change = whole(*moved) - whole(*values)
    np.testing.assert_allclose(other(*values), change, rtol=1e-7, atol=1e-9 * _size(change))


def _size(x: Any) -> float:
    return max(1.0, float(np.max(np.abs(x), initial=0.0)))
