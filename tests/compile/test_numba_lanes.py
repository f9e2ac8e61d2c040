"""Exponentials and logarithms in loops are those of the library, to a few roundings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import astragal as ag
from astragal.compile.numba.elementwise import LANES
from astragal.compile.numba.lanes import LANES as WRITTEN
from astragal.graph.traverse import toposort

ODD = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 5e-324, -5e-324, 1e-310, 709.78, 709.79,
       -708.5, -745.1, -745.2, 1e308, -1e308, 2.0**-54, -0.6931471805599453]  # fmt: skip
"""Numbers at which formulas change or end."""
UNARY: dict[str, tuple[Callable[..., ag.Expr], float, float]] = {
    "exp": (ag.exp, -760.0, 720.0),
    "expm1": (ag.expm1, -60.0, 720.0),
    "log": (ag.log, 0.0, 1e6),
    "log1p": (ag.log1p, -1.0, 30.0),
    "expit": (ag.expit, -800.0, 800.0),
    "tanh": (ag.tanh, -25.0, 25.0),
    "log1mexp": (ag.special.log1mexp, -60.0, 0.0),
}
BINARY = {
    "logaddexp": ag.logaddexp,
    "xlogy": ag.special.xlogy,
    "xlog1py": ag.special.xlog1py,
}


def _points(low: float, high: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    small = np.exp(rng.uniform(-700.0, 5.0, 2000)) * rng.choice([-1.0, 1.0], 2000)
    return np.concatenate([ODD, rng.uniform(low, high, 5000), rng.normal(size=2000), small])


def _assert_close(ours: np.ndarray, reference: np.ndarray, scale: np.ndarray) -> None:
    """Compare to four roundings of numbers of a scale."""
    finite = np.isfinite(reference)
    np.testing.assert_array_equal(ours[~finite], reference[~finite])
    gap = np.abs(ours[finite] - reference[finite])
    # Below the normal numbers a unit in the last place is more.
    assert (gap <= 4 * 2.0**-52 * np.abs(scale[finite]) + 1e-322).all()
    assert (np.signbit(ours) == np.signbit(reference))[reference == 0].all()


def _on(backend: str, f: Callable[..., ag.Expr], *points: np.ndarray) -> np.ndarray:
    xs = [ag.input(f"x{i}", (None,), "float64") for i in range(len(points))]
    with np.errstate(all="ignore"):
        return np.asarray(ag.function(xs, f(*xs), backend=backend)(*points))


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number(name: str) -> None:
    f, low, high = UNARY[name]
    x = _points(low, high)
    ours, reference = (_on(b, f, x) for b in ("numba", "numpy"))
    if name == "expit":  # 1 / (1 + exp(-x)) is 0 where the exponential overflows
        reference = np.where(x < -709.0, np.exp(np.minimum(x, 0.0)), reference)
    _assert_close(ours, reference, reference)


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers(name: str) -> None:
    x, y = _points(-40.0, 40.0), _points(-40.0, 40.0)[::-1].copy()
    both = np.array([(a, b) for a in ODD for b in ODD]).T
    x, y = np.concatenate([x, both[0], x]), np.concatenate([y, both[1], x])
    ours, reference = (_on(b, BINARY[name], x, y) for b in ("numba", "numpy"))
    # A sum near one has a logarithm near zero, and the roundings of the larger term.
    scale = np.maximum(np.abs(x), np.abs(reference)) if name == "logaddexp" else reference
    _assert_close(ours, reference, scale)


def test_shares_of_a_sum_take_the_exponential_of_the_sum() -> None:
    x, y = ag.input("x", (40,), "float64"), ag.input("y", (40,), "float64")
    total = ag.logsumexp(ag.stack([x, y], axis=1), axis=1)
    both = ag.function([x, y], (total, *ag.grad(ag.sum(total), [x, y])), backend="numba")
    assert "lane_logaddexp" in both.source
    assert "lane_exp(" not in both.source
    a, b = np.random.default_rng(3).normal(0.0, 9.0, (2, 40))
    value, left, right = both(a, b)
    np.testing.assert_allclose(value, np.logaddexp(a, b), rtol=1e-14)
    np.testing.assert_allclose(left, np.exp(a - value), rtol=1e-13)
    np.testing.assert_allclose(right, np.exp(b - value), rtol=1e-13)


def test_every_function_is_compared() -> None:
    assert set(UNARY) | set(BINARY) == LANES
    assert {f"lane_{name}" for name in LANES} == set(WRITTEN)


def test_numbers_that_are_no_arrays_and_single_precision_keep_the_library() -> None:
    x, y = ag.input("x", (), "float64"), ag.input("y", (50,), "float32")
    source = ag.function([x, y], (ag.exp(x), ag.exp(y)), backend="numba").source
    assert "exp(" in source
    assert "lane_" not in source


def test_a_product_with_a_matrix_has_a_slope_without_its_transpose() -> None:
    w, a = ag.input("w", (3,), "float64"), ag.input("a", (40, 3), "float64")
    rows, columns = ag.grad(ag.sum(ag.exp(a @ w)), w), ag.grad(ag.sum(ag.exp(w @ a.T)), w)
    rng = np.random.default_rng(2)
    at, matrix = rng.normal(size=3), rng.normal(size=(40, 3))
    expected = matrix.T @ np.exp(matrix @ at)
    for g in (rows, columns):
        found = ag.function([w, a], g, backend="numba")(at, matrix)
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert not any(n.op.name == "permute_dims" for n in toposort([rows]))
