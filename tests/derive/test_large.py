"""Derivations of large models: what makes them fast changes no number and no law."""

import zlib

import numpy as np
import pytest
import scipy.linalg

import astragal as ag
from astragal.density.sparsity import entries, few_terms, pattern
from astragal.derive.relations import NAMES, PAGE, book, page
from astragal.graph.literal import constant

R = ag.random
RNG = np.random.default_rng(20)


def test_constants_of_one_checksum_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zlib, "crc32", lambda data: 0)
    a, b = RNG.normal(size=(2, 50))
    assert constant(a) is constant(a.copy())
    assert constant(a) is not constant(b)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
def test_many_small_triangular_systems_are_solved_as_one_by_one(
    lower: bool, transpose: bool
) -> None:
    a = RNG.normal(size=(9, 3, 3)) + 3 * np.eye(3)
    b = RNG.normal(size=(9, 3, 2))
    a[4, 1, 1] = 0.0  # of a singular matrix nothing is known
    x, y = (constant(v) for v in (a, b))
    wanted = ag.linalg.solve_triangular(x, y, lower=lower, transpose=transpose)
    found = ag.evaluate(wanted, backend="numpy")
    assert np.isnan(found[4]).all()
    for i in set(range(9)) - {4}:
        one = scipy.linalg.solve_triangular(a[i], b[i], lower=lower, trans=1 if transpose else 0)
        np.testing.assert_allclose(found[i], one, rtol=1e-10)


def test_a_sparse_product_has_the_entries_of_the_dense_one() -> None:
    left, right = (RNG.normal(size=(40, 7)) * (RNG.random((40, 7)) < 0.1) for _ in "lr")
    left[:, 0] = right[:, 3] = 0.0
    w = ag.input("w", 40)
    product = constant(left).T @ (constant(right) * w[:, None])
    nonzero = pattern(product)
    rows, columns = (v.ravel() for v in np.indices(nonzero.shape))
    value = RNG.normal(size=40)
    found = ag.function([w], entries(product, rows, columns), backend="numpy")(value)
    dense = left.T @ (right * value[:, None])
    np.testing.assert_allclose(found, dense.ravel(), rtol=1e-12, atol=1e-14)
    assert not dense[~nonzero].any()
    assert not pattern(constant(left.T) @ constant(right))[0].any()


def test_an_empty_column_adds_nothing() -> None:
    matrix = np.array([[0.0, 2.0, 1.0], [0.0, 0.0, 3.0]])
    w = ag.input("w", 2)
    out = few_terms(matrix, w)
    assert out is not None
    found = ag.function([w], out, backend="numpy")(np.array([5.0, 7.0]))
    np.testing.assert_array_equal(found, [0.0, 10.0, 26.0])


def test_a_page_of_the_book_has_the_relations_that_steps_are_named_by() -> None:
    found = page(PAGE)
    assert found.items() <= book().items()
    assert set(NAMES.values()) <= set(found)


def test_a_path_written_in_a_loop_is_one_block() -> None:
    k = ag.split(ag.input("key", dtype="key"), 12)
    q, r = R.half_normal(k[0], 1.0), R.half_normal(k[1], 1.0)
    xs = [R.normal(k[2], 0.0, 2.0)]
    for t in range(3, 10):
        xs.append(R.normal(k[t], xs[-1], q))
    model = ag.Model({"q": q, "r": r, "x": ag.stack(xs), "y": R.normal(k[10], ag.stack(xs), r)})
    sampler = ag.derive(model, {"y": np.arange(8.0)}, forbid=["collapse"])
    assert max(len(s.targets) for s in sampler.steps if s.kind == "gibbs") == 8
