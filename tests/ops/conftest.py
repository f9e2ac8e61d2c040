"""The numerical checker that every rule's test uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import astragal as ag
from astragal.compile.numpy import compile_numpy

Array = np.ndarray[Any, Any]


def evaluate(inputs: Sequence[ag.Expr], outputs: Sequence[ag.Expr], values: Any) -> list[Array]:
    with np.errstate(all="ignore"):
        return [np.asarray(v) for v in compile_numpy(list(inputs), list(outputs))(*values)]


def inputs_like(values: Sequence[Array]) -> list[ag.Expr]:
    return [ag.input(f"x{i}", shape=v.shape, dtype=v.dtype) for i, v in enumerate(values)]


def mixed(seed: int, shape: tuple[int, ...]) -> Array:
    """Weights that are all different, so that no symmetry hides a fault."""
    return np.asarray(np.random.default_rng(seed).normal(size=shape) + 0.3)


def check(f: Callable[..., Any], reference: Callable[..., Any] | None, *values: Any) -> None:
    """Reverse against JAX, forward against reverse, both against finite differences."""
    arrays = [np.asarray(v, dtype=np.float64) for v in values]
    xs = inputs_like(arrays)
    y = f(*xs)
    w = mixed(7, y.shape)
    found = evaluate(xs, ag.vjp(y, xs, ag.constant(w)), arrays)
    directions = [mixed(11 + i, a.shape) for i, a in enumerate(arrays)]
    (pushed,) = evaluate(xs, [ag.jvp(y, xs, [ag.constant(d) for d in directions])], arrays)
    for x, g in zip(arrays, found, strict=True):
        assert g.shape == x.shape
    assert pushed.shape == w.shape
    inner = sum(float(np.sum(g * d)) for g, d in zip(found, directions, strict=True))
    np.testing.assert_allclose(np.sum(w * pushed), inner, rtol=1e-9, atol=1e-11)
    h = 1e-6
    ahead, behind = (
        evaluate(xs, [y], [a + s * h * d for a, d in zip(arrays, directions, strict=True)])[0]
        for s in (1, -1)
    )
    slope = (ahead - behind) / (2 * h)
    np.testing.assert_allclose(pushed, slope, rtol=2e-6, atol=2e-7)
    if reference is not None:
        expected = jax.vjp(reference, *map(jnp.asarray, arrays))[1](jnp.asarray(w))
        for g, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(g, np.asarray(e), rtol=1e-8, atol=1e-10)


def check_second(f: Callable[..., Any], reference: Callable[..., Any], *values: Any) -> None:
    """Hessian products of a scalar function against JAX's."""
    arrays = [np.asarray(v, dtype=np.float64) for v in values]
    xs = inputs_like(arrays)
    directions = [mixed(20 + i, a.shape) for i, a in enumerate(arrays)]
    graph = ag.hvp(f(*xs), xs, [ag.constant(d) for d in directions])
    gradient = jax.grad(reference, argnums=tuple(range(len(arrays))))
    expected = jax.jvp(
        gradient, tuple(map(jnp.asarray, arrays)), tuple(map(jnp.asarray, directions))
    )[1]
    for g, e in zip(evaluate(xs, graph, arrays), expected, strict=True):
        np.testing.assert_allclose(g, np.asarray(e), rtol=1e-7, atol=1e-9)


class Calculus:
    """What the tests of gradients share."""

    evaluate = staticmethod(evaluate)
    inputs_like = staticmethod(inputs_like)
    mixed = staticmethod(mixed)
    check = staticmethod(check)
    check_second = staticmethod(check_second)


@pytest.fixture
def calculus() -> Any:
    with jax.enable_x64(True):
        yield Calculus
