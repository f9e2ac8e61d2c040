"""Log densities of models: the sum of the textbook densities, with Jacobians and supports."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
HOURS = np.array([94.3, 15.7, 62.9])


def keys(n: int = 3) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def value(model: ag.Model, **values: object) -> float:
    return float(ag.evaluate(ag.logdensity(model, values)))


def pumps() -> ag.Model:
    k = keys(4)
    alpha = R.exponential(k[0], rate=1.5)
    beta = R.gamma(k[1], 0.1, rate=2.0)
    theta = R.gamma(k[2], alpha, rate=beta, size=3)
    return ag.Model(
        {"alpha": alpha, "beta": beta, "theta": theta, "y": R.poisson(k[3], theta * HOURS)}
    )


def test_the_joint_density_is_the_product_of_the_conditional_ones() -> None:
    theta, y = np.array([0.1, 0.4, 0.05]), np.array([5, 1, 4])
    expected = (
        st.expon(scale=1 / 1.5).logpdf(0.7)
        + st.gamma(0.1, scale=1 / 2.0).logpdf(0.9)
        + st.gamma(0.7, scale=1 / 0.9).logpdf(theta).sum()
        + st.poisson(theta * HOURS).logpmf(y).sum()
    )
    assert value(pumps(), alpha=0.7, beta=0.9, theta=theta, y=y) == pytest.approx(expected)


def test_terms_are_given_by_name_on_request() -> None:
    parts = ag.logdensity(pumps(), {"alpha": 0.7, "beta": 0.9}, by_name=True)
    assert list(parts) == ["alpha", "beta", "theta", "y"]
    assert float(ag.evaluate(parts["alpha"])) == pytest.approx(st.expon(scale=1 / 1.5).logpdf(0.7))


def test_what_has_no_value_is_an_input_of_its_name() -> None:
    model = pumps()
    density = ag.logdensity(model, {"theta": [0.1, 0.4, 0.05], "y": [5, 1, 4]})
    run = ag.function([ag.input("alpha"), ag.input("beta")], density, backend="numpy")
    whole = value(model, alpha=0.7, beta=0.9, theta=[0.1, 0.4, 0.05], y=[5, 1, 4])
    assert float(run(0.7, 0.9)) == pytest.approx(whole)


@pytest.mark.parametrize(
    ("build", "outside"),
    [
        (lambda k: R.gamma(k, 2.0, rate=3.0), -0.1),
        (lambda k: R.beta(k, 2.0, 3.0), 1.5),
        (lambda k: R.uniform(k, -1.0, 2.0), 2.5),
        (lambda k: R.half_cauchy(k, 2.0), -1.0),
        (lambda k: R.poisson(k, 2.0), -1),
        (lambda k: R.binomial(k, 4, 0.3), 5),
        (lambda k: R.bernoulli(k, 0.3), 2),
    ],
)
def test_the_density_vanishes_outside_the_support(
    build: Callable[[Expr], Expr], outside: float
) -> None:
    assert value(ag.Model({"x": build(keys()[0])}), x=outside) == -np.inf


TRANSFORMED: list[tuple[str, Callable[[Expr], Expr], float, float]] = [
    ("exp", ag.exp, 0.0, np.inf),
    ("affine", lambda x: 3.0 - 0.5 * x, -np.inf, np.inf),
    ("doubled", lambda x: x + x, -np.inf, np.inf),
    ("expit", ag.special.expit, 0.0, 1.0),
    ("tanh of a half", lambda x: ag.tanh(x / 2.0), -1.0, 1.0),
    ("sinh", ag.sinh, -np.inf, np.inf),
    ("exp of minus", lambda x: 2.0 * ag.exp(-x), 0.0, np.inf),
    ("cube", lambda x: x**3, -np.inf, np.inf),
    ("quotient", lambda x: 2.0 / ag.exp(x), 0.0, np.inf),
    ("log1p of exp", lambda x: ag.log1p(ag.exp(x)), 0.0, np.inf),
    ("expm1", ag.expm1, -1.0, np.inf),
    ("logaddexp", lambda x: ag.logaddexp(x, 0.5), 0.5, np.inf),
]


@pytest.mark.parametrize(("name", "f", "low", "high"), TRANSFORMED, ids=[t[0] for t in TRANSFORMED])
def test_an_invertible_function_of_a_variable_has_a_density_of_mass_one(
    name: str, f: Callable[[Expr], Expr], low: float, high: float
) -> None:
    y = ag.input("y")
    density = ag.logdensity({"y": f(R.normal(keys()[0], 0.4, 0.8))}, {"y": y})
    run = ag.function([y], ag.exp(density), backend="numpy")
    # Pieces, so that the quadrature sees the narrow part.
    edges = [v for v in (-50.0, -3.0, -1.0, 0.0, 0.5, 1.0, 3.0, 50.0) if low < v < high]
    pieces = zip([low, *edges], [*edges, high], strict=True)
    with np.errstate(all="ignore"):
        mass = sum(
            scipy.integrate.quad(lambda v: np.nan_to_num(float(run(v))), a, b, limit=200)[0]
            for a, b in pieces
        )
    assert mass == pytest.approx(1.0, abs=1e-5)


def test_a_change_of_variables_carries_its_jacobian() -> None:
    k = keys()
    a, b = R.normal(k[0], 1.0, 2.0), R.normal(k[1], -1.0, 3.0)
    model = ag.Model({"a": a, "s": ag.exp(2.0 * a - b / 3.0)})
    # b = 3 (2 a - log s), and |db/ds| = 3 / s.
    expected = (
        st.norm(1, 2).logpdf(0.3) + st.norm(-1, 3).logpdf(3 * (0.6 - np.log(2.5))) + np.log(3 / 2.5)
    )
    assert value(model, a=0.3, s=2.5) == pytest.approx(expected)


def test_a_transposed_or_reshaped_variable_keeps_its_density() -> None:
    x = R.normal(keys()[0], 0.5, 2.0, size=(2, 3))
    at = np.arange(6.0).reshape(3, 2)
    expected = st.norm(0.5, 2).logpdf(at).sum()
    assert value(ag.Model({"y": x.T}), y=at) == pytest.approx(expected)
    assert value(ag.Model({"y": ag.reshape(x, 6)}), y=at.ravel()) == pytest.approx(expected)


def test_a_deterministic_variable_of_named_ones_adds_nothing() -> None:
    k = keys()
    x = R.normal(k[0], 0.5, 2.0)
    model = ag.Model({"x": x, "double": 2.0 * x})
    assert value(model, x=1.0) == pytest.approx(st.norm(0.5, 2).logpdf(1.0))


def test_a_variable_that_nothing_determines_is_refused_by_name() -> None:
    k = keys()
    hidden = R.normal(k[0], 0.0, 1.0)
    with pytest.raises(ag.ModelError, match=r"random variable \(normal\) has no name"):
        ag.logdensity({"y": R.normal(k[1], hidden, 1.0)})


def test_a_sum_over_elements_is_not_solved_for_one_of_them() -> None:
    x = R.normal(keys()[0], 0.0, 1.0, size=3)
    with pytest.raises(ag.UnsupportedError, match="'y' is a function of random variables"):
        ag.logdensity({"y": ag.sum(x)}, {"y": 1.0})


def test_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ag.ModelError, match="no variable 'gamma'"):
        ag.logdensity(pumps(), {"gamma": 1.0})
    with pytest.raises(ag.ShapeError, match="'theta'"):
        ag.logdensity(pumps(), {"theta": [1.0, 2.0]})
    with pytest.raises(ag.DTypeError, match="'y'"):
        ag.logdensity(pumps(), {"y": [1.5, 2.0, 3.0]})
