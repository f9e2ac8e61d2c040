"""Blocks of many observations of groups: sums over groups, not products of large matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.density.algebra import fold_all, simplify
from astragal.density.quadratic import quadratic_form
from astragal.density.sparsity import entries, few_terms, pattern, thin
from astragal.derive.gaussian import precision_of
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort

R = ag.random
N = 240


def design(groups: int, covariates: int = 0) -> np.ndarray[Any, Any]:
    """Indicators of groups, and further columns."""
    rng = np.random.default_rng(groups)
    own = np.eye(groups)[rng.integers(0, groups, N)]
    return np.column_stack([own, rng.normal(size=(N, covariates))])


def products_of(x: Expr) -> list[Expr]:
    return [n for n in toposort([x]) if n.op.name == "matmul"]


@pytest.mark.parametrize("weighted", ["left", "right", "both"])
def test_products_of_groups_are_sums(weighted: str) -> None:
    w = ag.input("w", (N,))
    one, other = design(9, 1), design(14, 2)
    left: Any = ag.constant(one)
    right: Any = ag.constant(other)
    if weighted != "right":
        left = left * w[:, None]
    if weighted != "left":
        right = right * w[:, None]
    whole = ag.matmul(ag.permute_dims(left, (1, 0)), right)
    found = thin(whole)
    assert products_of(whole)
    assert not products_of(found)
    weights = np.random.default_rng(2).uniform(0.5, 2.0, N)
    used = weights**2 if weighted == "both" else weights
    got = ag.function([w], found, backend="numba")(weights)
    assert got == pytest.approx(one.T @ (used[:, None] * other))


def test_products_of_full_matrices_stay() -> None:
    w = ag.input("w", (N,))
    full = design(1, 5)
    whole = ag.matmul(ag.constant(full.T), ag.constant(full) * w[:, None])
    assert thin(whole) is whole


def test_sums_over_many_observations_of_groups_make_no_matrix() -> None:
    w, groups = ag.input("w", (N,)), design(11)
    found = thin(ag.matmul(w, ag.constant(groups)))
    assert not products_of(found)
    weights = np.arange(N, dtype=float)
    assert ag.function([w], found, backend="numba")(weights) == pytest.approx(weights @ groups)
    assert few_terms(np.ones((N, 3)), w) is None


def test_zeros_of_what_is_shared_are_found_once() -> None:
    x = ag.constant(np.eye(3)) * ag.input("c")
    for _ in range(60):
        x = x + x
    assert (pattern(x) == np.eye(3)).all()


def crossed(*sizes: int) -> ag.Sampler:
    """Effects of crossed groups on logits, so that the matrix has weights and no band."""
    k = ag.split(ag.input("key", dtype="key"), 2 * len(sizes) + 1)
    rng = np.random.default_rng(0)
    scales = [R.half_normal(k[2 * i], 1.0) for i in range(len(sizes))]
    effects = [
        R.normal(k[2 * i + 1], 0.3, s, size=n)
        for i, (n, s) in enumerate(zip(sizes, scales, strict=True))
    ]
    eta = sum(x[rng.integers(0, n, 600)] for x, n in zip(effects, sizes, strict=True))
    named = {f"s{i}": s for i, s in enumerate(scales)} | {f"x{i}": x for i, x in enumerate(effects)}
    model = ag.Model({**named, "y": R.bernoulli(k[-1], ag.expit(eta))})
    y = rng.integers(0, 2, 600)
    return ag.derive(model, {"y": y}, forbid=["interweave"], prefer=["augment"])


def test_crossed_groups_of_a_hundred_are_one_block() -> None:
    assert crossed(38, 62).step("x0").targets == ("x0", "x1")


def test_more_crossed_groups_are_drawn_in_turn() -> None:
    assert crossed(60, 80).step("x0").targets == ("x0",)


@pytest.mark.parametrize("law", ["covariance", "precision"])
def test_vectors_of_groups_hold_to_their_own_and_are_whitened_once(law: str) -> None:
    groups = 8
    matrix, z = ag.input("matrix", (2, 2)), ag.input("z", (groups, 2))
    root = ag.linalg.cholesky(matrix)
    away = z - ag.constant([0.5, -1.0])
    white = (
        ag.linalg.solve_triangular(root, ag.permute_dims(away, (1, 0)), lower=True)
        if law == "covariance"
        else ag.matmul(away, root)
    )
    form = quadratic_form([z], [-0.5 * ag.sum(ag.square(white))])
    assert form is not None
    whole = fold_all(simplify(precision_of(form, [z], [2 * groups])))
    few = np.kron(np.eye(groups), np.ones((2, 2))) != 0
    assert (pattern(whole) == few).all()
    read = entries(whole, *np.nonzero(few))
    solved = [x for x in toposort([read]) if x.op.name in ("solve_triangular", "matmul")]
    assert all(x.shape[-1] <= 3 for x in solved)
    value = np.array([[2.0, 0.5], [0.5, 1.0]])
    wanted = np.linalg.inv(value) if law == "covariance" else value
    got = ag.function([matrix], read, backend="numba")(value)
    assert got == pytest.approx(np.kron(np.eye(groups), wanted)[few])
