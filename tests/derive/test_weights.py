"""Improper priors, factors, constraints, and scales whose square has a known law."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
Y = np.array([1.3, -0.2, 0.7, 2.2, 0.4])


def keys(n: int = 3) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def test_the_reference_prior_of_a_normal_gives_the_t_and_the_inverse_gamma() -> None:
    k = keys()
    mu, v = R.improper_uniform(k[0]), R.improper_uniform(k[1], low=0.0)
    y = R.normal(k[2], mu, ag.sqrt(v), size=5)
    model = ag.Model({"mu": mu, "v": v, "prior": ag.factor(-ag.log(v)), "y": y})
    sampler = ag.derive(model, {"y": Y})
    assert sampler.exact
    tree = sampler.sample(seed=3, draws=5_000, chains=4, backend="numba", progress=False)
    mean, s2, n = Y.mean(), Y.var(ddof=1), len(Y)
    for name, law in (
        ("mu", st.t(n - 1, mean, np.sqrt(s2 / n))),
        ("v", st.invgamma((n - 1) / 2, scale=(n - 1) * s2 / 2)),
    ):
        p = st.kstest(tree["posterior"][name].values.ravel(), law.cdf).pvalue
        assert p > 1e-6, name


@pytest.mark.parametrize(
    ("prior", "density", "family"),
    [
        (lambda k: R.half_normal(k, 2.0), lambda s: st.halfnorm(0, 2.0).pdf(s), "Inverse"),
        (lambda k: R.improper_uniform(k, low=0.0), lambda s: 1.0, "InverseGamma"),
        (lambda k: R.rayleigh(k, 0.7), lambda s: st.rayleigh(0, 0.7).pdf(s), "Inverse"),
    ],
)
def test_a_scale_whose_square_has_a_known_law_is_drawn_from_it(prior, density, family) -> None:  # type: ignore[no-untyped-def]
    k = keys()
    s = prior(k[0])
    model = ag.Model({"s": s, "y": R.normal(k[1], 0.5, s, size=5)})
    sampler = ag.derive(model, {"y": Y})
    assert sampler.exact
    assert family in str(sampler)

    def joint(x: float) -> float:
        return float(density(x) * st.norm(0.5, x).pdf(Y).prod())

    whole, _ = scipy.integrate.quad(joint, 0, np.inf)
    grid = np.linspace(0.3, 4.0, 15)
    cdf = [scipy.integrate.quad(joint, 0, g)[0] / whole for g in grid]
    tree = sampler.sample(seed=4, draws=5_000, chains=4, backend="numba", progress=False)
    draws = tree["posterior"]["s"].values.ravel()
    # Twenty thousand draws: a frequency has a standard deviation below 0.0036.
    np.testing.assert_allclose([(draws <= g).mean() for g in grid], cdf, atol=0.018)
    assert sampler.log_evidence() == pytest.approx(np.log(whole), rel=1e-9)


def test_a_factor_multiplies_the_joint_density() -> None:
    k = keys()
    a, b = R.gamma(k[0], 2.0, rate=1.0), R.gamma(k[1], 3.0, rate=1.0)
    plain = ag.Model({"a": a, "b": b})
    weighted = ag.Model({"a": a, "b": b, "w": ag.factor(-2.5 * ag.log(a + b))})
    at = {"a": 0.7, "b": 1.9}
    gap = ag.evaluate(ag.logdensity(weighted, at)) - ag.evaluate(ag.logdensity(plain, at))
    assert gap == pytest.approx(-2.5 * np.log(2.6))


@pytest.mark.filterwarnings("ignore::astragal.sample.SamplingWarning")
def test_a_constraint_is_kept_by_every_draw() -> None:
    k = keys()
    mu = R.normal(k[0], 0.0, 1.0, size=2)
    model = ag.Model({"mu": mu, "up": ag.constrain(mu[0] < mu[1]), "y": R.normal(k[1], mu, 1.0)})
    sampler = ag.derive(model, {"y": [0.4, 0.1]})
    tree = sampler.sample(seed=5, draws=500, chains=2, backend="numba", progress=False)
    draws = tree["posterior"]["mu"].values
    assert np.all(draws[..., 0] < draws[..., 1])
    assert "up" not in tree["posterior"]


def test_what_has_no_law_is_not_drawn_from() -> None:
    k = keys()
    mu = R.improper_uniform(k[0])
    model = ag.Model({"mu": mu, "y": R.normal(k[1], mu, 1.0)})
    with pytest.raises(ag.ModelError, match="improper prior"):
        model.sample_prior()
    a = R.normal(k[0])
    with pytest.raises(ag.ModelError, match="has a factor"):
        ag.Model({"a": a, "w": ag.factor(a)}).sample_prior()


def test_a_factor_is_real_and_a_constraint_boolean_and_neither_is_observed() -> None:
    a = R.normal(keys()[0])
    with pytest.raises(ag.DTypeError, match="real numbers"):
        ag.factor(a > 0)
    with pytest.raises(ag.DTypeError, match="booleans"):
        ag.constrain(a)
    with pytest.raises(ag.ModelError, match="not observed"):
        ag.logdensity(ag.Model({"a": a, "w": ag.factor(a)}), {"w": 1.0})


def constrained(event: Callable[[Expr, Expr], Expr]) -> ag.Model:
    """Two normal numbers, each seen once, and an event."""
    k = keys(4)
    a, b = R.normal(k[0], 0.0, 1.0), R.normal(k[1], 0.5, 1.0)
    x, y = R.normal(k[2], a, 1.0), R.normal(k[3], b, 1.0)
    return ag.Model({"a": a, "b": b, "event": ag.constrain(event(a, b)), "x": x, "y": y})


@pytest.mark.filterwarnings("ignore::astragal.sample.SamplingWarning")
@pytest.mark.parametrize(
    "event",
    [lambda a, b: a < b, lambda a, b: (b > 0.3) & (2.0 * a + 1.0 < 3.0 * b)],
    ids=["order", "several"],
)
def test_numbers_in_order_have_laws_that_are_cut(event: Callable[[Any, Any], Any]) -> None:
    sampler = ag.derive(constrained(event), {"x": 1.0, "y": 0.2})
    assert {s.name: s.kind for s in sampler.steps} == {"a": "gibbs", "b": "gibbs"}
    tree = sampler.sample(seed=1, draws=20_000, warmup=100, backend="numba", progress=False)
    a, b = np.meshgrid(*2 * [np.linspace(-5.0, 6.0, 1101)], indexing="ij")
    weight = st.norm.pdf(a) * st.norm.pdf(b, 0.5) * st.norm.pdf(1.0, a) * st.norm.pdf(0.2, b)
    weight = np.where(event(a, b), weight, 0.0)
    for name, grid in (("a", a), ("b", b)):
        # The grid is right to 0.005, the means of some 40,000 effective draws to 0.004.
        assert float(tree["posterior"][name].mean()) == pytest.approx(
            float((weight * grid).sum() / weight.sum()), abs=0.02
        )


def test_conditions_on_others_are_kept_where_a_number_is_integrated_out() -> None:
    sampler = ag.derive(constrained(lambda a, b: (a > 0.5) & (b < 0.0)), {"x": 1.0, "y": 0.2})
    assert sampler.exact
    tree = sampler.sample(seed=2, draws=5_000, backend="numba", progress=False)
    for name, loc, low, high in (("a", 0.5, 0.5, np.inf), ("b", 0.35, -np.inf, 0.0)):
        law = st.truncnorm((low - loc) / 0.5**0.5, (high - loc) / 0.5**0.5, loc, 0.5**0.5)
        assert st.kstest(tree["posterior"][name].values.ravel(), law.cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    "event",
    [lambda a, b: a * a < 1.0 + 0.0 * b, lambda a, b: ag.sin(3.0 * a) < 0.5],
    ids=["square", "wave"],
)
def test_an_event_that_is_no_bound_leaves_no_law(event: Callable[[Any, Any], Any]) -> None:
    sampler = ag.derive(constrained(event), {"x": 1.0, "y": 0.2})
    assert sampler.step("a").kind not in ("gibbs", "exact")


def test_elements_in_order_are_not_drawn_as_if_they_were_independent() -> None:
    k = keys(4)
    v, p = R.normal(k[0], 0.0, 1.0, size=3), R.dirichlet(k[1], np.ones(3))
    y = R.normal(k[2], v, 1.0)
    rising = ag.Model({"v": v, "rise": ag.constrain(v[1:] > v[:-1]), "y": y})
    assert ag.derive(rising, {"y": [0.1, 0.2, 0.3]}).step("v").kind == "nuts"
    z = R.categorical(k[3], p, size=4)
    shares = ag.Model({"p": p, "least": ag.constrain(p > 0.1), "z": z})
    assert ag.derive(shares, {"z": [0, 1, 2, 2]}).step("p").kind == "nuts"
