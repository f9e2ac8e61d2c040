"""Gradients through factorisations and systems of equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import UnsupportedError
from astragal.graph.traverse import toposort

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(3)
A = RNG.normal(size=(3, 3)) + 2 * np.eye(3)
STACKED = RNG.normal(size=(2, 3, 3)) + 2 * np.eye(3)
TALL = RNG.normal(size=(4, 3))
WIDE = RNG.normal(size=(3, 4))
RIGHT = RNG.normal(size=(3, 2))
VECTOR = RNG.normal(size=3)


def t(x: Any) -> Any:
    return x.mT


def spd(x: Any) -> Any:
    return x @ x.mT + np.eye(3)


# From a name to one function of a namespace (ours or JAX's) and its arguments.
CASES: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "cholesky": (lambda F, a: F.linalg.cholesky(spd(a)), (A,)),
    "cholesky of a stack": (lambda F, a: F.linalg.cholesky(spd(a)), (STACKED,)),
    "solve": (lambda F, a, b: F.linalg.solve(a, b), (A, RIGHT)),
    "solve with a vector": (lambda F, a, b: F.linalg.solve(a, b), (A, VECTOR)),
    "inverse": (lambda F, a: F.linalg.inv(a), (STACKED,)),
    "determinant": (lambda F, a: F.linalg.det(a), (STACKED,)),
    "logarithm of the determinant": (lambda F, a: F.linalg.slogdet(a)[1], (STACKED,)),
    "eigenvalues": (lambda F, a: F.linalg.eigh(spd(a))[0], (STACKED,)),
    "eigenvectors": (lambda F, a: F.linalg.eigh(spd(a))[1] ** 2, (A,)),
    "orthogonal factor": (lambda F, a: F.linalg.qr(a)[0] ** 2, (TALL,)),
    "triangular factor": (lambda F, a: F.linalg.qr(a)[1] ** 2, (A,)),
    "singular values": (lambda F, a: F.linalg.svd(a, full_matrices=False)[1], (WIDE,)),
    "left vectors": (lambda F, a: F.linalg.svd(a, full_matrices=False)[0] ** 2, (TALL,)),
    "right vectors": (lambda F, a: F.linalg.svd(a, full_matrices=False)[2] ** 2, (WIDE,)),
    "trace": (lambda F, a: F.linalg.trace(a @ a), (A,)),
    "power": (lambda F, a: F.linalg.matrix_power(a, 3), (A,)),
    "Frobenius norm": (lambda F, a: F.linalg.matrix_norm(a), (A,)),
    "pseudoinverse": (lambda F, a: F.linalg.pinv(a), (TALL,)),
    "outer product": (lambda F, a, b: F.linalg.outer(a, b), (VECTOR, VECTOR**2)),
    "contraction": (lambda F, a, b: F.einsum("ij,kj,i->k", a, b, a[:, 0]), (A, A.T + 1)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_gradient_agrees_with_jax_and_with_differences(case: str, calculus: Any) -> None:
    f, values = CASES[case]
    calculus.check(lambda *a: f(ag, *a), lambda *a: f(jnp, *a), *values)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_second_derivatives_agree_with_jax(case: str, calculus: Any) -> None:
    f, values = CASES[case]

    def loss(F: Any, *a: Any) -> Any:
        y = f(F, *a)
        return F.sum(F.sin(y) * y)

    calculus.check_second(lambda *a: loss(ag, *a), lambda *a: loss(jnp, *a), *values)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_triangular_solves_have_gradients_in_their_triangle(
    lower: bool, unit: bool, calculus: Any
) -> None:
    def ours(a: Any, b: Any) -> Any:
        return ag.linalg.solve_triangular(a, b, lower=lower, unit_diagonal=unit)

    def reference(a: Any, b: Any) -> Any:
        return jsl.solve_triangular(a, b, lower=lower, unit_diagonal=unit)

    calculus.check(ours, reference, A, RIGHT)


def test_the_gradient_of_cholesky_lies_in_the_triangle_that_is_read(calculus: Any) -> None:
    s = A @ A.T + np.eye(3)
    calculus.check(ag.linalg.cholesky, None, s)
    calculus.check(lambda x: ag.linalg.eigh(x)[0], None, s)
    x = ag.input("x", shape=(3, 3))
    (g,) = calculus.evaluate([x], [ag.grad(ag.sum(ag.linalg.cholesky(x)), x)], [s])
    np.testing.assert_array_equal(np.triu(g, 1), 0.0)
    assert np.all(g[np.tril_indices(3)] != 0.0)


def test_singular_values_of_a_full_decomposition_have_a_gradient(calculus: Any) -> None:
    calculus.check(
        lambda a: ag.linalg.svd(a)[1], lambda a: jnp.linalg.svd(a, compute_uv=False), TALL
    )


def test_vectors_that_are_no_function_of_the_matrix_are_refused() -> None:
    x = ag.input("x", shape=(4, 3))
    with pytest.raises(UnsupportedError, match="use full_matrices=False"):
        ag.grad(ag.sum(ag.linalg.svd(x)[0]), x)
    with pytest.raises(UnsupportedError, match="as many rows as columns or more"):
        ag.grad(ag.sum(ag.linalg.qr(ag.input("y", shape=(3, 4)))[0]), ag.input("y", shape=(3, 4)))


def test_the_gradient_of_a_solution_linear_in_its_right_side_is_free_of_it() -> None:
    a, b = ag.input("a", shape=(3, 3)), ag.input("b", shape=(3,))
    m = ag.input("m", shape=(3,))
    g = ag.grad(ag.sum(ag.linalg.solve(a, b) * m), b)
    assert b not in toposort([g])
    # A normal log density in its mean: the second derivative is free of both.
    half = ag.linalg.solve_triangular(ag.linalg.cholesky(a), b - m, lower=True)
    v = ag.input("v", shape=(3,))
    twice = ag.hvp(-0.5 * ag.sum(ag.square(half)), m, v)
    assert not {b, m} & set(toposort([twice]))
