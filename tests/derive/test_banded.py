"""Normal blocks with a band: the law is that of a dense matrix, at a cost linear in length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import astragal as ag
from astragal.density.sparsity import entries, few_terms, pattern
from astragal.derive.banded import Factor, factorised, normal_log_density, order_of
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import TensorType

R = ag.random
RNG = np.random.default_rng(11)
Array = np.ndarray[Any, Any]


def band(n: int, width: int) -> Array:
    """A positive definite matrix of a band."""
    out = 4.0 * width * np.eye(n)
    for k in range(1, width + 1):
        side = np.diag(RNG.normal(size=n - k), k)
        out += side + side.T
    return out


def with_border(inner: Array, k: int) -> Array:
    n = len(inner)
    out = np.zeros((n + k, n + k))
    out[:n, :n], out[n:, n:] = inner, np.eye(k) * 3.0 * n + 1.0
    out[n:, :n] = RNG.normal(size=(k, n))
    out[:n, n:] = out[n:, :n].T
    return out


def shuffled(a: Array) -> Array:
    p = RNG.permutation(len(a))
    return a[np.ix_(p, p)]


MATRICES = {
    "band": band(40, 1),
    "shuffled": shuffled(band(40, 1)),
    "border": with_border(band(40, 1), 2),
    "wide": shuffled(band(130, 3)),
    "wide with border": shuffled(with_border(band(131, 2), 2)),
    "diagonal": np.diag(RNG.uniform(1.0, 2.0, 30)),
}


def factor_of(name: str) -> tuple[Array, Array, Factor]:
    a = MATRICES[name]
    b = RNG.normal(size=len(a))
    factor = factorised(ag.constant(a), ag.constant(b))
    assert factor is not None
    return a, b, factor


@pytest.mark.parametrize("name", MATRICES)
def test_the_law_is_that_of_the_dense_matrix(name: str) -> None:
    a, b, factor = factor_of(name)
    x = RNG.normal(size=len(a))
    mean = np.linalg.solve(a, b)
    wanted = stats.multivariate_normal(mean, np.linalg.inv(a)).logpdf(x)
    got = [normal_log_density(factor, ag.constant(x)), factor.half_square, factor.log_root]
    logq, square, root = (float(ag.evaluate(v)) for v in got)
    assert logq == pytest.approx(wanted, rel=1e-9)
    assert square == pytest.approx(0.5 * b @ mean)
    assert root == pytest.approx(0.5 * np.linalg.slogdet(a)[1])


@pytest.mark.parametrize("name", MATRICES)
def test_draws_are_noise_with_the_matrix_as_its_precision(name: str) -> None:
    a, b, factor = factor_of(name)
    noise = RNG.normal(size=len(a))
    at_zero = np.asarray(ag.evaluate(factor.draw(ag.zeros(len(a)))))
    away = np.asarray(ag.evaluate(factor.draw(ag.constant(noise)))) - np.linalg.solve(a, b)
    assert at_zero == pytest.approx(np.linalg.solve(a, b))
    # With x = L'^-1 e, x' A x is e' e, for every e.
    assert away @ a @ away == pytest.approx(noise @ noise)


def test_a_full_matrix_stays_dense() -> None:
    full = np.ones((40, 40)) + 50.0 * np.eye(40)
    assert order_of(full != 0) is None
    assert factorised(ag.constant(full), ag.constant(np.ones(40))) is None


def test_zeros_are_known_before_values() -> None:
    w, c = ag.input("w", (5,)), ag.input("c")
    d = np.eye(5) - np.diag(np.ones(4), -1)
    gram = ag.matmul(ag.constant(d.T), ag.constant(d) * w[:, None])
    matrix = -c * gram + ag.constant(np.eye(5))
    zeros = d.T @ d == 0
    assert not pattern(matrix)[zeros].any()
    rows, columns = np.nonzero(~zeros)
    weights = RNG.uniform(1, 2, 5)
    got = ag.function([w, c], entries(matrix, rows, columns), backend="numpy")(weights, 0.7)
    wanted = -0.7 * d.T @ np.diag(weights) @ d + np.eye(5)
    assert np.asarray(got) == pytest.approx(wanted[rows, columns])
    assert pattern(ag.exp(ag.constant(d) * c)).all()
    assert few_terms(np.ones((9, 2)), ag.input("v", (9,))) is None
    nothing = ag.broadcast_to(0.0 * c, (5, 5))
    assert not pattern(nothing).any()
    assert pattern(c - ag.permute_dims(nothing, (1, 0))).all()
    assert pattern(ag.broadcast_to(c, (5, 5))).all()


def test_entries_of_repeated_scalars_make_no_matrix() -> None:
    c = ag.input("c")
    matrix = 2.0 * c - ag.permute_dims(ag.broadcast_to(c, (3, 40)), (1, 0))
    rows, columns = np.array([0, 7]), np.array([1, 2])
    few = entries(matrix, rows, columns)
    assert all(x.shape in ((), (2,)) for x in toposort([few]) if isinstance(x.type, TensorType))
    assert ag.function([c], few, backend="numpy")(0.75).tolist() == [0.75, 0.75]
    assert entries(matrix, rows[:0], columns[:0]).shape == (0,)


def local_level(n: int, walk: str) -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"), 5)
    s1, s2 = (R.inverse_gamma(k[i], 2.0, scale=0.2) for i in (0, 1))
    first: dict[str, Expr] = {}
    if walk == "law":
        path = x = R.random_walk(k[2], n, 0.0, 0.1, ag.sqrt(s1))
    else:
        x0 = R.normal(k[3], 0.0, 2.0)

        def step(last: Expr, key: Expr) -> tuple[Expr, Expr]:
            new = R.normal(key, 0.9 * last, ag.sqrt(s1))
            return new, new

        _, x = ag.scan(step, x0, ag.split(k[2], n - 1))
        path = ag.concatenate([ag.reshape(x0, (1,)), x])
        first["x0"] = x0
    y = R.normal(k[4], path, ag.sqrt(s2))
    return ag.Model({"s1": s1, "s2": s2, **first, "x": x, "y": y})


@pytest.mark.parametrize("walk", ["law", "loop"])
def test_no_matrix_of_a_long_path_is_made(walk: str) -> None:
    n = 90
    sampler = ag.derive(local_level(n, walk), {"y": RNG.normal(size=n)}, forbid=["collapse"])
    step = sampler.step("x")
    assert step.kind == "gibbs"
    assert step.targets == (("x",) if walk == "law" else ("x0", "x"))
    shapes = [
        x.shape for x in toposort(step.program.outputs.values()) if isinstance(x.type, TensorType)
    ]
    assert max(int(np.prod([int(d) for d in s])) for s in shapes) < 8 * n


def test_intercepts_and_slopes_of_many_groups_are_one_block() -> None:
    groups, x = 60, np.array([-1.0, 0.0, 2.0])
    k = ag.split(ag.input("key", dtype="key"), 5)
    means = [R.normal(k[i], 0.0, 10.0) for i in (0, 1)]
    a, b = (R.normal(k[2 + i], means[i], 1.5, size=groups) for i in (0, 1))
    y = R.student_t(k[4], 4.0, a[:, None] + b[:, None] * x, 1.0)
    model = ag.Model({"m": means[0], "n": means[1], "a": a, "b": b, "y": y})
    sampler = ag.derive(model, {"y": RNG.normal(size=(groups, 3))})
    kinds = {s.name: s.kind for s in sampler.steps}
    assert kinds["m+n+a+b"] == "gibbs"


def test_balanced_groups_make_no_matrix() -> None:
    groups, x = 25, np.linspace(-1.0, 1.0, 5)
    k = ag.split(ag.input("key", dtype="key"), 8)
    taus = [R.gamma(k[i], 2.0, rate=1.0) for i in range(3)]
    means = [R.normal(k[3 + i], 0.0, 10.0) for i in (0, 1)]
    a, b = (R.normal(k[5 + i], means[i], 1.0 / ag.sqrt(taus[i]), size=groups) for i in (0, 1))
    y = R.normal(k[7], a[:, None] + b[:, None] * x, 1.0 / ag.sqrt(taus[2]))
    names = ("s", "t", "u", "m", "n", "a", "b", "y")
    model = ag.Model(dict(zip(names, (*taus, *means, a, b, y), strict=True)))
    sampler = ag.derive(model, {"y": RNG.normal(size=(groups, 5))})
    outputs = sampler.step("m+n+a+b").program.outputs.values()
    shapes = [v.shape for v in toposort(outputs) if isinstance(v.type, TensorType)]
    assert max(int(np.prod([int(d) for d in s])) for s in shapes) < 4 * 2 * groups


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_draws_of_a_path_have_the_moments_of_its_law(backend: str) -> None:
    n = 80
    k = ag.split(ag.input("key", dtype="key"))
    x = R.random_walk(k[0], n, 0.0, 0.1, 0.5)
    y = RNG.normal(size=n)
    sampler = ag.derive(ag.Model({"x": x, "y": R.normal(k[1], x, 1.0)}), {"y": y})
    assert sampler.exact
    root = np.tril(np.ones((n, n)))
    prior = np.linalg.inv(0.25 * root @ root.T)
    precision = prior + np.eye(n)
    mean = np.linalg.solve(precision, prior @ (0.1 * np.arange(1, n + 1)) + y)
    tree = sampler.sample(seed=2, draws=2000, warmup=0, chains=2, backend=backend, progress=False)
    draws = tree["posterior"]["x"].values.reshape(-1, n)
    sd = np.sqrt(np.diag(np.linalg.inv(precision)))
    assert np.abs((draws.mean(0) - mean) / sd).max() < 4.5 / np.sqrt(4000)
    assert np.abs(draws.std(0) / sd - 1.0).max() < 0.06
