"""Products and factorisations, on both sides of the sizes from which LAPACK computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag

SIZES = [3, 48, 90]


def both(graph: ag.Expr, inputs: list[ag.Expr], *values: Any) -> tuple[Any, Any]:
    want, got = (ag.function(inputs, graph, backend=b)(*values) for b in ("numpy", "numba"))
    return want, got


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("n", "k", "m"), [(5, 7, 3), (40, 30, 50), (64, 1, 400), (1, 300, 90)])
def test_products(dtype: str, n: int, k: int, m: int) -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(2, n, k)).astype(dtype)
    b = rng.normal(size=(k, m)).astype(dtype)
    x, y = ag.input("x", a.shape, dtype), ag.input("y", b.shape, dtype)
    want, got = both(ag.matmul(x, y) + ag.matmul(2.0 * x, y), [x, y], a, b)
    np.testing.assert_allclose(got, want, rtol=1e-12 if dtype == "float64" else 1e-3, atol=1e-4)


def test_products_keep_nan_and_are_zero_over_nothing() -> None:
    x, y = ag.input("x", ("n", "k")), ag.input("y", ("k", "m"))
    f = ag.function([x, y], x @ y, backend="numba")
    a = np.ones((60, 60))
    a[3, 4] = np.nan
    out = f(a, np.zeros((60, 60)))
    assert np.isnan(out[3]).all()
    assert not np.isnan(np.delete(out, 3, 0)).any()
    np.testing.assert_array_equal(f(np.ones((2, 0)), np.ones((0, 3))), np.zeros((2, 3)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", SIZES)
def test_factors(dtype: str, n: int) -> None:
    rng = np.random.default_rng(1)
    root = rng.normal(size=(n, n + 5))
    spd = (root @ root.T / n).astype(dtype)
    indefinite = spd.copy()
    indefinite[n - 1, n - 1] = -1.0
    x = ag.input("x", (2, n, n), dtype)
    factor = ag.function([x], ag.linalg.cholesky(x), backend="numba")
    out = factor(np.stack([indefinite, spd]))
    assert np.isnan(out[0]).all()
    np.testing.assert_allclose(
        out[1], np.linalg.cholesky(spd), rtol=1e-3, atol=1e-9 if dtype == "float64" else 1e-3
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", SIZES)
def test_solutions(dtype: str, n: int) -> None:
    rng = np.random.default_rng(2)
    a = rng.normal(size=(n, n)) + 9 * np.eye(n)
    singular = a.copy()
    singular[:, 1] = 0.0
    b = rng.normal(size=(n, 3))
    x, y = ag.input("x", (2, n, n), dtype), ag.input("y", (n, 3), dtype)
    solve = ag.function([x, y], ag.linalg.solve(x, y), backend="numba")
    out = solve(np.stack([singular, a]).astype(dtype), b.astype(dtype))
    assert np.isnan(out[0]).all()
    want = np.linalg.solve(a, b)
    np.testing.assert_allclose(out[1], want, atol=1e-12 if dtype == "float64" else 1e-4)
