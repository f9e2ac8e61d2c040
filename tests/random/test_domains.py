# ruff: noqa: E501
"""Parameters outside their domains: refused when built if static, at the call if not."""

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import DomainError, ShapeError


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_parameter_that_is_an_input_is_checked_at_the_call(backend: Any) -> None:
    scale = ag.input("scale", shape=(3,))
    p = ag.input("p")
    a, b = ag.split(ag.key(0))
    draws = [ag.random.normal(a, 0.0, scale), ag.random.binomial(b, 10, p)]
    f = ag.function([scale, p], draws, backend=backend)
    assert np.isfinite(f([1.0, 2.0, 0.5], 0.3)[0]).all()
    with pytest.raises(DomainError, match=r"normal: parameter scale.*positive"):
        f([1.0, -2.0, 0.5], 0.3)
    with pytest.raises(DomainError, match=r"binomial: parameter p.*probability"):
        f([1.0, 2.0, 0.5], 1.5)
    with pytest.raises(DomainError, match="scale"):
        f([1.0, np.nan, 0.5], 0.3)


BACKENDS = ("numpy", "numba", "jax")


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_error_names_the_variable_the_parameter_and_the_line(backend: Any) -> None:
    scale = ag.input("scale")
    draw = ag.random.exponential(ag.key(0), scale=scale)
    f = ag.function([scale], {"waiting": draw}, backend=backend)
    assert np.isfinite(f(2.0)["waiting"])
    with pytest.raises(DomainError, match=r"rate of 'waiting'.*positive.*test_domains.py:\d+"):
        f(-2.0)


def wrong_in_a_loop(kind: str, x: Any) -> Any:
    """A normal whose scale is x - 1, x - 2, ... in turn."""
    keys = ag.split(ag.key(0), 3)
    draw = ag.random.normal
    if kind == "scan":
        return ag.scan(lambda c, k: (c - 1.0, draw(k, 0.0, c - 1.0)), x, keys)[1]
    if kind == "while_loop":
        return ag.while_loop(
            lambda s: s[0] < 3,
            lambda s: (s[0] + 1, draw(keys[s[0]], 0.0, x - s[0] - 1.0)),
            (ag.constant(0), x * 0.0),
        )[1]
    if kind == "while condition":
        return ag.while_loop(
            lambda s: draw(ag.fold_in(keys[0], s[0]), 0.0, s[1]) > -1e300,
            lambda s: (s[0] + 1, s[1] - 1.0),
            (ag.constant(0), x),
        )[1]
    if kind == "switch":
        return ag.cond(x < 3.0, lambda v: draw(keys[0], 0.0, v - 3.0), lambda v: v, x)
    a = ag.input("a")
    return ag.subgraph([a], draw(ag.key(3), 0.0, a - 3.0))(x)


@pytest.mark.parametrize("kind", ["scan", "while_loop", "while condition", "switch", "call"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_checks_hold_inside_loops_branches_and_calls(backend: Any, kind: Any) -> None:
    x = ag.input("x")
    f = ag.function([x], wrong_in_a_loop(kind, x), backend=backend)
    if kind != "while condition":
        assert np.isfinite(f(5.0)).all()
    with pytest.raises(DomainError, match="parameter scale"):
        f(2.5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_branch_that_is_not_taken_is_not_checked(backend: Any) -> None:
    x = ag.input("x")
    k = ag.key(0)
    # The draw does not depend on an operand of the branch: tracing puts it before the branch.
    y = ag.cond(x > 0.0, lambda: ag.random.normal(k, 0.0, x), lambda: ag.constant(7.0))
    f = ag.function([x], y, backend=backend)
    assert float(f(-1.0)) == 7.0
    assert np.isfinite(f(1.0))
    # Where something else reads the draw, it is checked.
    z = ag.random.normal(k, 0.0, x)
    both = ag.cond(x > 0.0, lambda: z, lambda: ag.constant(7.0)) + z
    with pytest.raises(DomainError, match="parameter scale"):
        ag.function([x], both, backend=backend)(-1.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_relations_between_parameters_are_checked_at_the_call(backend: Any) -> None:
    a, b, p = ag.input("a"), ag.input("b"), ag.input("p", shape=(3,))
    m = ag.input("m", shape=(2, 2))
    k = ag.split(ag.key(0), 4)
    out = [
        ag.random.uniform(k[0], a, b),
        ag.random.discrete_uniform(k[1], 0, ag.astype(b, "int64")),
        ag.random.categorical(k[2], p),
        ag.random.multivariate_normal(k[3], np.zeros(2), m),
    ]
    f = ag.function([a, b, p, m], out, backend=backend)
    third, unit = [0.25, 0.25, 0.5], np.eye(2)
    assert np.isfinite(f(0.0, 2.0, third, unit)[0])
    with pytest.raises(DomainError, match="uniform: low is not below high"):
        f(3.0, 2.0, third, unit)
    with pytest.raises(DomainError, match="discrete_uniform: low is not below high"):
        f(-3.0, -2.0, third, unit)
    with pytest.raises(DomainError, match=r"categorical: parameter p.*sum 1"):
        f(0.0, 2.0, [0.25, 0.25, 0.25], unit)
    with pytest.raises(DomainError, match=r"multivariate_normal: parameter cov.*positive definite"):
        f(0.0, 2.0, third, [[1.0, 2.0], [2.0, 1.0]])


@pytest.mark.parametrize("name", sorted(ag.random.RANDOM_OPS))
def test_no_distribution_draws_from_wrong_parameters(name: Any) -> None:
    d = ag.random.RANDOM_OPS[name].distribution
    if d.sampler is None or d.core or not d.parameters or any(p.core for p in d.parameters):
        pytest.skip("no parameters, or not numbers")
    first = d.parameters[0]
    wrong = ag.input("wrong", dtype="int64" if first.integer else "float64")
    rest = [7 if p.integer else 0.5 for p in d.parameters[1:]]
    # Minus two is in no domain but that of all numbers, NaN in none.
    values = [-2] if first.integer else [np.nan]
    try:
        draw = ag.random.RANDOM_OPS[name](ag.key(0), (5,), wrong, *rest)
    except (DomainError, ShapeError):
        pytest.skip("not these values")
    if first.domain.words == "an integer":
        pytest.skip("every integer will do")
    f = ag.function([wrong], draw, backend="numpy", check=False)
    for value in values:
        x = np.asarray(f(value))
        assert np.isnan(x).all() if x.dtype.kind == "f" else (x == -(2**63)).all()


def test_jax_marks_wrong_draws_element_by_element_under_its_transformations() -> None:
    import jax

    rate, n = ag.input("rate", shape=(3,)), ag.input("n", dtype="int64")
    a, b = ag.split(ag.key(0))
    draws = [ag.random.geometric(a, rate), ag.random.discrete_uniform(b, 0, n, size=2)]
    draws += [ag.random.bernoulli(a, rate), ag.random.exponential(a, rate=rate)]
    f = ag.function([rate, n], draws, backend="jax")
    good = [x.tolist() for x in f([0.1, 0.2, 0.3], 5)]
    wrong = -(2**63)
    for pure in (f.pure, lambda r, n: _first(jax.vmap(f.pure, (0, None)), r, n)):
        counts, whole, truth, times = jax.jit(pure)(np.array([0.1, -2.0, 0.3]), -1)
        assert counts.tolist() == [good[0][0], wrong, good[0][2]]
        assert whole.tolist() == [wrong] * 2
        assert truth.tolist() == [good[2][0], wrong, good[2][2]]
        assert np.allclose(times.tolist()[::2], good[3][::2], rtol=1e-6)
        assert np.isnan(times[1])
    with pytest.raises(DomainError, match="geometric: parameter p"):
        f([0.1, -2.0, 0.3], 5)


def _first(mapped: Any, rates: Any, n: Any) -> Any:
    return [x[0] for x in mapped(rates[None], n)]


def test_checks_can_be_left_out() -> None:
    scale = ag.input("scale")
    draw = ag.random.normal(ag.key(0), 0.0, scale)
    f = ag.function([scale], draw, backend="numba", check=False)
    assert np.isfinite(f(1.0))
    assert np.isnan(f(-1.0))


def test_static_parameters_are_refused_where_they_are_built() -> None:
    k = ag.key(0)
    with pytest.raises(DomainError, match=r"gamma: parameter shape is -1.0"):
        ag.random.gamma(k, -1.0, rate=2.0)
    with pytest.raises(DomainError, match=r"uniform: low is 2.0 and high is 1.0"):
        ag.random.uniform(k, 2.0, 1.0)
    with pytest.raises(DomainError, match=r"categorical: parameter p"):
        ag.random.categorical(k, [0.5, 0.6])
    with pytest.raises(TypeError, match="rate= or scale="):
        ag.random.gamma(k, 2.0, 4.0)


R, K, S = ag.random, ag.key(3), np.eye(3)
# fmt: off
TOGETHER: dict[str, tuple[Any, Any, Any, str]] = {
    # A law of one number that the call brings, one that is right, one that is wrong, and the words.
    "triangular": (lambda v: R.triangular(K, 0.0, v, 3.0), 1.0, 5.0, "mode.*is not between left and right"),
    "hypergeometric": (lambda v: R.hypergeometric(K, 5, 5, v), 4, 20, "nsample.*is more than ngood"),
    "negative_hypergeometric": (lambda v: R.negative_hypergeometric(K, 9, 5, v), 3, 6, "parameter r .*is more than nbad"),
    "normal_inverse_gaussian": (lambda v: R.normal_inverse_gaussian(K, 2.0, v), -1.0, 2.0, "parameter b .*is not between -a and a"),
    "multivariate_hypergeometric": (lambda v: R.multivariate_hypergeometric(K, [3, 4], v), 7, 8, "parameter n .*is more than the sum"),
    "wishart": (lambda v: R.wishart(K, v, S), 2.5, 2.0, "df .*is not above the number of rows"),
    "inverse_wishart": (lambda v: R.inverse_wishart(K, v, S), 2.5, 1.0, "df .*is not above the number of rows"),
    "truncated": (lambda v: R.truncated(K, R.triangular.law(0.0, v, 3.0), 1.0), 1.0, 5.0, "mode.*is not between"),
    "mixture": (lambda v: R.mixture(K, [0.5, 0.5], [R.normal.law(), R.triangular.law(0.0, v, 3.0)]), 1.0, 5.0, "mode_1.*is not between"),
    "mixture along": (lambda v: R.mixture(K, [0.5, 0.5], R.triangular.law(np.zeros(2), ag.stack([ag.constant(1.0), v]) if isinstance(v, ag.Expr) else np.array([1.0, v]), np.full(2, 3.0))), 1.0, 5.0, "mode.*is not between"),
}
# fmt: on


@pytest.mark.parametrize("name", TOGETHER)
def test_parameters_that_do_not_fit_together_are_refused(name: str) -> None:
    draw, right, wrong, words = TOGETHER[name]
    assert draw(right) is draw(right)
    with pytest.raises(DomainError, match=words):
        draw(wrong)
    v = ag.input("v", dtype="float64" if isinstance(right, float) else "int64")
    f = ag.function([v], draw(v), backend="numpy")
    assert np.isfinite(f(right)).all()
    with pytest.raises(DomainError, match=words):
        f(wrong)
    marked = ag.function([v], draw(v), backend="numpy", check=False)(wrong)
    assert (np.isnan(marked) if marked.dtype.kind == "f" else marked == -(2**63)).all()
