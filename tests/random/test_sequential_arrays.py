"""Vectors and orders from sequential generators: NumPy's own, in NumPy's order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.compile.numba import sequential as of_numba
from astragal.graph.errors import DomainError, ShapeError, UnsupportedError
from astragal.random import sequential

RNG = ag.input("rng", dtype="generator")
BACKENDS = ("numpy", "numba")
COV = [[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]]
MEAN = [1.0, -2.0, 3.0]
ROWS = np.arange(12.0).reshape(3, 4)

# Each with its arguments and those by name, as both take them.
# fmt: off
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("multinomial", (20, [0.2, 0.5, 0.3]), {}),
    ("multinomial", (150, [0.01, 0.0, 0.9, 0.09]), {"size": (2, 3)}),
    ("multinomial", (7, [1.0, 0.0, 0.0]), {"size": 2}),
    ("multinomial", (np.array([3, 40]), np.array([[0.1, 0.9], [0.5, 0.5]])), {}),
    ("dirichlet", ([0.3, 2.0, 5.0],), {"size": (4,)}),
    ("dirichlet", ([0.03, 0.02, 0.05],), {"size": 3}),
    ("dirichlet", ([0.03, 0.02],), {}),
    ("multivariate_hypergeometric", ([9, 16, 5], 7), {"size": 4}),
    ("multivariate_hypergeometric", ([9, 16, 0, 5], 26), {}),
    ("permutation", (ROWS,), {"axis": 1}),
    ("permutation", (9,), {}),
    ("permuted", (ROWS,), {"axis": 0}),
    ("permuted", (ROWS,), {"axis": 1}),
    ("permuted", (ROWS,), {}),
]
# fmt: on


def state(generator: np.random.Generator) -> Any:
    return generator.bit_generator.state


@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=pytest.mark.slow)])
def test_vectors_and_orders_are_numpys(backend: Any) -> None:
    rng, outs, wanted, theirs = RNG, [], [], np.random.default_rng(5)
    for name, args, named in CALLS:
        rng, x = getattr(sequential, name)(rng, *args, **named)
        outs.append(x)
        wanted.append(getattr(theirs, name)(*args, **named))
    last, *got = ag.function([RNG], [rng, *outs], backend=backend)(np.random.default_rng(5))
    for a, b, (name, _, _) in zip(got, wanted, CALLS, strict=True):
        assert np.array_equal(a, b), name
        assert a.dtype == b.dtype
    assert state(last) == state(theirs)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", ["svd", "eigh", "cholesky"])
def test_normal_vectors_are_numpys(method: Any, backend: Any) -> None:
    _, one = sequential.multivariate_normal(RNG, MEAN, COV, method=method)
    rng, many = sequential.multivariate_normal(RNG, MEAN, COV, (2, 4), method=method)
    last, x, y = ag.function([RNG], [rng, one, many], backend=backend)(np.random.default_rng(5))
    theirs = np.random.default_rng(5)
    wanted = theirs.multivariate_normal(MEAN, COV, (2, 4), method=method)
    # On NumPy the bits; elsewhere another library takes the covariance apart.
    np.testing.assert_allclose(y, wanted, rtol=0.0 if backend == "numpy" else 1e-13)
    np.testing.assert_allclose(x, wanted[0, 0], rtol=1e-13)
    assert state(last) == state(theirs)


def test_an_array_is_shuffled_as_numpy_does_in_place() -> None:
    for axis in (0, 1):
        theirs = ROWS.copy()
        np.random.default_rng(3).shuffle(theirs, axis=axis)
        _, x = sequential.shuffle(ag.numpy_generator(3), ROWS, axis)
        assert np.array_equal(ag.evaluate(x), theirs)


@pytest.mark.parametrize("backend", BACKENDS)
def test_vectors_are_drawn_in_loops_from_parameters_that_the_call_brings(backend: Any) -> None:
    alphas = ag.input("alphas", shape=("n", 3))

    def step(rng: Any, alpha: Any) -> Any:
        rng, p = sequential.dirichlet(rng, alpha)
        return sequential.multinomial(rng, 10, p)

    last, x = ag.scan(step, RNG, alphas)
    given = np.array([[0.02, 0.03, 0.05], [3.0, 1.0, 2.0], [0.5, 0.04, 0.01]])
    theirs = np.random.default_rng(8)
    wanted = [theirs.multinomial(10, theirs.dirichlet(a)) for a in given]
    f = ag.function([RNG, alphas], [last, x], backend=backend)
    end, got = f(np.random.default_rng(8), given)
    assert np.array_equal(got, wanted)
    assert state(end) == state(theirs)
    with pytest.raises(DomainError, match="dirichlet: parameter alpha"):
        f(np.random.default_rng(8), -given)


def test_what_numpy_refuses_is_refused() -> None:
    with pytest.raises(DomainError, match="multinomial: parameter pvals"):
        sequential.multinomial(RNG, 10, [0.7, 0.7, 0.1])
    with pytest.raises(DomainError, match="multinomial: parameter n"):
        sequential.multinomial(RNG, -1, [0.5, 0.5])
    with pytest.raises(DomainError, match="cov has a value that is not a symmetric matrix"):
        sequential.multivariate_normal(RNG, [0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(DomainError, match="expected 'svd'"):
        sequential.multivariate_normal(RNG, MEAN, COV, method="qr")
    with pytest.raises(DomainError, match="from 0 to the sum of colors"):
        sequential.multivariate_hypergeometric(RNG, [2, 3], 6)
    with pytest.raises(ShapeError, match="do not broadcast"):
        sequential.multinomial(RNG, [5, 6], [0.5, 0.5], size=3)
    with pytest.raises(ShapeError, match="length 2"):
        sequential.multivariate_normal(RNG, [0.0, 0.0], COV)


def test_a_covariance_of_lower_rank_has_vectors_too() -> None:
    cov = [[1.0, 1.0], [1.0, 1.0]]
    _, x = sequential.multivariate_normal(ag.numpy_generator(2), [0.0, 0.0], cov, 5)
    np.testing.assert_allclose(
        ag.evaluate(x), np.random.default_rng(2).multivariate_normal([0.0, 0.0], cov, 5), atol=1e-12
    )


def test_a_library_without_numpys_function_is_named_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(of_numba, "_bounded", None)
    with pytest.raises(UnsupportedError, match=r"no random_bounded_uint64.*backend='numpy'"):
        ag.function([RNG], sequential.choice(RNG, 31, 3, replace=False)[1], backend="numba")
    with pytest.raises(UnsupportedError, match="no random_nothing"):
        of_numba._exported("random_nothing", None)
