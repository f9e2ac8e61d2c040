"""Pathwise gradients: the draw, moved with its parameter under one key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import UnsupportedError
from astragal.graph.traverse import toposort
from astragal.random.distribution import Distribution
from astragal.random.pathwise import PATHWISE

# fmt: off
VALUES = {
    "loc": 0.7, "scale": 1.3, "rate": 2.1, "low": -0.4, "high": 1.9, "shape": 2.6, "mean": 0.3,
    "sigma": 0.8, "df": 5.0, "mu": 0.5, "kappa": 1.7, "alpha": 1.5, "left": -0.6, "mode": 0.4,
    "right": 2.2, "a": 1.8, "b": 0.7, "nu": 0.9, "p": 0.6,
}
# fmt: on


def distribution(name: str) -> Distribution:
    found: Distribution = ag.random.RANDOM_OPS[name].distribution
    return found


def parameters(d: Distribution) -> list[float]:
    return [VALUES.get(p.name, 1.4) for p in d.parameters]


SCALARS = [
    n
    for n, op in ag.random.RANDOM_OPS.items()
    if not op.distribution.core and not any(p.core for p in op.distribution.parameters)
]
CASES = [(n, p) for n, path in PATHWISE.items() if n in SCALARS for p in path.parameters]


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_the_gradient_of_a_draw_is_its_motion_under_one_key(name: str, parameter: str) -> None:
    d = distribution(name)
    leaves = [ag.input(p.name) for p in d.parameters]
    key = ag.input("key", dtype="key")
    draw = ag.random.RANDOM_OPS[name](key, (40,), *leaves)
    at = [p.name for p in d.parameters].index(parameter)
    tangent = ag.jvp(draw, leaves[at], 1.0)
    weights = np.linspace(-1.0, 2.0, 40)
    gradient = ag.grad(ag.sum(draw * weights), leaves[at])
    f = ag.function([key, *leaves], [draw, tangent, gradient], backend="numpy")
    v, h = parameters(d), 1e-6
    ahead, behind = ([*v[:at], v[at] + s * h, *v[at + 1 :]] for s in (1, -1))
    _, slope, total = f(ag.key(5), *v)
    expected = (f(ag.key(5), *ahead)[0] - f(ag.key(5), *behind)[0]) / (2 * h)
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(total, np.sum(weights * slope), rtol=1e-10)


@pytest.mark.parametrize("name", SCALARS)
def test_every_parameter_has_a_gradient_or_a_reason(name: str) -> None:
    d = distribution(name)
    # Whole numbers that rise, but for the number of bad ones that are waited for.
    whole = {"r": 2}
    leaves = [
        ag.constant(whole.get(p.name, 5 + i)) if p.integer else ag.input(p.name)
        for i, p in enumerate(d.parameters)
    ]
    draw = ag.random.RANDOM_OPS[name](ag.key(1), None, *leaves)
    smooth = PATHWISE[name].parameters if name in PATHWISE else ()
    for p, leaf in zip(d.parameters, leaves, strict=True):
        if p.name in smooth and d.dtype == "float":
            assert ag.grad(draw, leaf).shape == ()
        elif not p.integer:
            with pytest.raises(UnsupportedError, match=f"{name} by its {p.name}.*score"):
                ag.grad(ag.astype(draw, "float64"), leaf)


C2 = np.array([[1.7, 0.4], [0.4, 0.9]])
C3 = np.array([[2.1, -0.3, 0.5], [-0.3, 1.2, 0.2], [0.5, 0.2, 0.8]])
# fmt: off
MANY: dict[str, dict[str, Any]] = {
    "multivariate_normal": {"mean": np.array([0.3, -1.0, 2.0]), "cov": C3},
    "multivariate_t":      {"loc": np.array([0.3, -1.0, 2.0]), "shape": C3, "df": 5.0},
    "matrix_normal":       {"mean": np.arange(6.0).reshape(2, 3), "rowcov": C2, "colcov": C3},
    "wishart":             {"df": 6.5, "scale": C3},
    "inverse_wishart":     {"df": 6.5, "scale": C3},
}
# fmt: on
STRUCTURED = [(n, p) for n, path in PATHWISE.items() if n not in SCALARS for p in path.parameters]


@pytest.mark.parametrize(("name", "parameter"), STRUCTURED)
def test_vectors_and_matrices_move_with_their_parameters(name: str, parameter: str) -> None:
    d = distribution(name)
    values = [np.asarray(MANY[name][p.name], dtype=np.float64) for p in d.parameters]
    leaves = [ag.input(p.name, shape=v.shape) for p, v in zip(d.parameters, values, strict=True)]
    key = ag.input("key", dtype="key")
    draw = ag.random.RANDOM_OPS[name](key, (4,), *leaves)
    at = [p.name for p in d.parameters].index(parameter)
    direction = np.cos(np.arange(values[at].size)).reshape(values[at].shape)
    if d.parameters[at].core == 2 and parameter != "mean":
        direction = direction + direction.T
    shape = tuple(int(n) for n in draw.shape if isinstance(n, int))
    weights = np.sin(np.arange(1, 1 + np.prod(shape))).reshape(shape)
    tangent = ag.jvp(draw, leaves[at], ag.constant(direction))
    gradient = ag.grad(ag.sum(draw * weights), leaves[at])
    f = ag.function([key, *leaves], [draw, tangent, gradient], backend="numpy")
    h = 1e-6
    ahead, behind = (
        [*values[:at], values[at] + s * h * direction, *values[at + 1 :]] for s in (1, -1)
    )
    _, slope, whole = f(ag.key(5), *values)
    expected = (f(ag.key(5), *ahead)[0] - f(ag.key(5), *behind)[0]) / (2 * h)
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(np.sum(whole * direction), np.sum(weights * slope), rtol=1e-9)


def test_a_wishart_draw_does_not_move_with_its_degrees_of_freedom() -> None:
    df = ag.input("df")
    x = ag.random.wishart(ag.key(0), df, C3)
    with pytest.raises(UnsupportedError, match=r"wishart by its df.*gamma.*respect to scale"):
        ag.grad(ag.sum(x), df)


def test_the_table_names_real_parameters() -> None:
    for name, path in PATHWISE.items():
        assert set(path.parameters) <= {p.name for p in distribution(name).parameters}, name


def test_a_gamma_draw_moves_with_its_rate_but_not_with_its_shape() -> None:
    a, r = ag.input("a"), ag.input("r")
    x = ag.random.gamma(ag.key(0), a, rate=r)
    assert ag.grad(x, r).shape == ()
    with pytest.raises(UnsupportedError, match=r"sampled by rejection.*respect to rate.*score"):
        ag.grad(x, a)
    with pytest.raises(UnsupportedError, match="sampled by rejection"):
        ag.jvp(x, a, 1.0)


def test_a_discrete_draw_does_not_pass_for_a_constant() -> None:
    lam = ag.input("lam")
    y = ag.random.poisson(ag.key(0), lam, size=(3,))
    with pytest.raises(UnsupportedError, match="poisson draws are not real numbers"):
        ag.grad(ag.mean(ag.square(y - lam)), lam)
    # Where its law does not depend on what is differentiated by, it is a constant.
    t = ag.input("t")
    assert ag.grad(ag.sum(y * t), t).shape == ()


def test_a_location_moves_the_draw_as_a_whole() -> None:
    m, s = ag.input("m"), ag.input("s")
    x = ag.random.normal(ag.key(0), m, s, size=(4,))
    assert ag.grad(ag.sum(x), m) is ag.constant(4.0)
    assert x in toposort([ag.grad(ag.sum(x), s)])


def test_parameters_may_be_one_expression() -> None:
    m = ag.input("m")
    x = ag.random.normal(ag.key(0), m, m)
    f = ag.function([m], [x, ag.grad(x, m)], backend="numpy")
    value, slope = f(2.0)
    np.testing.assert_allclose(slope, value / 2.0)


def test_parameters_of_many_shapes_get_gradients_of_their_own() -> None:
    m, s = ag.input("m", shape=(3, 1)), ag.input("s", shape=(4,))
    x = ag.random.normal(ag.key(0), m, s)
    gm, gs = ag.grad(ag.sum(x), (m, s))
    assert (gm.shape, gs.shape) == ((3, 1), (4,))
    f: Any = ag.function([m, s], [x, gm, gs], backend="numpy")
    a, b = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 2.0, 0.5, 3.0])
    value, left, right = f(a, b)
    np.testing.assert_allclose(left, np.full((3, 1), 4.0))
    np.testing.assert_allclose(right, ((value - a) / b).sum(0))
