"""Elements whose law degenerates: without data some natural parameters of theirs are zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

import astragal as ag
from astragal.derive import Sampler
from astragal.derive.families import FAMILIES, Family, proper
from astragal.graph.errors import AstragalError
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, scalar
from astragal.sample.calibrate import start_at_truth

R = ag.random
SIZE = 3
Prior = Callable[[Expr], Expr]
Data = Callable[[Expr, Expr], Expr]

# Laws of all elements, of which the first alone has data.
# fmt: off
PRIORS: Mapping[str, Prior] = {
    "gamma":         lambda k: R.gamma(k, 2.5, rate=1.5, size=SIZE),
    "inverse gamma": lambda k: R.inverse_gamma(k, 3.0, scale=2.0, size=SIZE),
    "weibull":       lambda k: R.weibull(k, 2.0, scale=1.5, size=SIZE),
    "pareto":        lambda k: R.pareto(k, 4.0, 0.5, size=SIZE),
    "positive":      lambda k: R.uniform(k, 0.0, 3.0, size=SIZE),
    "uniform":       lambda k: R.uniform(k, -2.0, 2.0, size=SIZE),
    "laplace":       lambda k: R.laplace(k, 0.0, 1.0, size=SIZE),
}
DATA: Mapping[str, Data] = {
    "rate":     lambda k, x: R.exponential(k, rate=x[0], size=4),
    "scale":    lambda k, x: R.gamma(k, 2.0, scale=x[0], size=4),
    "sd":       lambda k, x: R.normal(k, 0.5, x[0], size=4),
    "variance": lambda k, x: R.normal(k, 0.5, ag.sqrt(x[0]), size=4),
    "mean":     lambda k, x: R.normal(k, x[0], 0.5, size=4),
    "odds":     lambda k, x: R.bernoulli(k, ag.expit(x[0]), size=4),
}
# fmt: on


@pytest.mark.parametrize(
    ("prior", "data"),
    [
        ("gamma", "variance"),
        ("inverse gamma", "rate"),
        ("weibull", "sd"),
        ("pareto", "scale"),
        ("positive", "rate"),
        ("uniform", "odds"),
        ("laplace", "mean"),
    ],
)
def test_elements_without_data_have_a_closed_form(prior: str, data: str) -> None:
    # The search compares each law with the joint density, in all elements.
    kinds = {s.kind for s in first_alone(prior, data).steps}
    assert not {"nuts", "slice"} & kinds


@pytest.mark.slow
def test_elements_without_data_keep_their_own_law() -> None:
    start_at_truth(first_alone("gamma", "variance"), simulations=300, seed=4).check()


def first_alone(prior: str, data: str) -> Sampler:
    """Derive a sampler of several elements, of which the first alone has data."""
    k = ag.split(ag.input("key", dtype="key"))
    x = PRIORS[prior](k[0])
    model = ag.Model({"x": x, "y": DATA[data](k[1], x)})
    return ag.derive(model, {"y": np.array([1, 0, 1, 1]) if data == "odds" else np.ones(4)})


@pytest.mark.slow
def test_a_component_that_is_empty_has_its_prior() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    mean = R.uniform(k[0], -2.0, 2.0, size=SIZE)
    z = R.categorical(k[1], [0.2, 0.3, 0.5], size=2)  # two values: one component is empty
    model = ag.Model({"mean": mean, "z": z, "y": R.normal(k[2], mean[z], 0.7)})
    sampler = ag.derive(model, {"y": np.array([0.3, -1.0])})
    assert {s.kind for s in sampler.steps} == {"gibbs"}
    start_at_truth(sampler, simulations=300, seed=4).check()


def test_what_is_not_proper_is_refused() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    x = R.improper_uniform(k[0], low=0.0, size=SIZE)
    model = ag.Model({"x": x, "y": R.normal(k[1], 0.0, ag.sqrt(x[0]), size=9)})
    with pytest.raises(AstragalError):
        ag.derive(model, {"y": np.arange(9.0)})


def family(name: str) -> Family:
    return next(f for f in FAMILIES if f.name == name)


def kept(name: str, eta: list[float], low: float | None, high: float | None) -> list[float]:
    """Natural parameters after `proper`."""
    ends = (None if x is None else scalar(x, "float64") for x in (low, high))
    out = proper(family(name), [constant(np.float64(x)) for x in eta], *ends)
    return [float(np.asarray(ag.evaluate(x))) for x in out]


@pytest.mark.parametrize(
    ("name", "eta", "low", "high", "changes"),
    [
        ("generalized_inverse_gaussian", [0.5, -2.0, 0.0], None, None, True),
        ("generalized_inverse_gaussian", [-1.5, -2.0, 0.0], None, None, False),
        ("generalized_inverse_gaussian", [-1.5, 0.0, -2.0], None, None, True),
        ("generalized_inverse_gaussian", [0.5, 0.0, -2.0], None, None, False),
        ("generalized_inverse_gaussian", [0.5, -2.0, -1.0], None, None, False),
        ("gamma", [0.5, 0.0], 0.0, 3.0, True),
        ("gamma", [0.5, 0.0], 0.0, None, False),
        ("gamma", [0.5, 0.0], 0.0, np.inf, False),
        ("inverse_gamma", [-3.0, 0.0], 0.5, None, True),
        ("inverse_gamma", [-3.0, 0.0], 0.0, None, False),
        ("normal", [0.0, 0.0], -2.0, 2.0, True),
        ("normal", [-1.0, 0.0], 0.0, None, True),
        ("normal", [1.0, 0.0], 0.0, None, False),
        ("normal", [1.0, 0.0], None, 0.0, True),
        ("normal", [1.0, -0.5], -2.0, 2.0, False),
        ("normal", [1.0, 0.0], None, None, False),
    ],
)
def test_a_zero_is_replaced_where_the_law_is_proper_without(
    name: str, eta: list[float], low: float | None, high: float | None, changes: bool
) -> None:
    new = kept(name, eta, low, high)
    assert (new != eta) is changes
    assert np.allclose(new, eta, rtol=0, atol=2e-8)


def test_a_generalised_inverse_gaussian_with_next_to_no_inverse_is_a_gamma() -> None:
    b, c, shape = 1.0, 1e-280, 0.05
    k = ag.input("key", dtype="key")
    law = R.generalized_inverse_gaussian(k, shape, 2 * np.sqrt(b * c), np.sqrt(c / b), size=4000)
    draws = ag.function([k], law, backend="numpy")(ag.evaluate(ag.key(3)))
    # 2.5 % of the law lie below exp(-74), where sinh from expm1 had no digits left.
    assert stats.kstest(draws, stats.gamma(shape, scale=1 / b).cdf).pvalue > 1e-3


def groups() -> tuple[ag.Model, dict[str, Any]]:
    """A mean, effects about it and their spread, read through a logit."""
    k = ag.split(ag.input("key", dtype="key"), 4)
    m, s = R.normal(k[0], 0.0, 2.0), R.half_normal(k[1], 1.0)
    b = R.normal(k[2], m, s, size=30)
    model = ag.Model({"m": m, "s": s, "b": b, "y": R.binomial(k[3], 5, ag.expit(b))})
    return model, {"y": np.arange(30) % 6}


def test_a_block_holds_in_the_warm_up_where_no_digits_are_left() -> None:
    sampler = ag.derive(*groups(), prefer=["augment"])
    step = next(s for s in sampler.steps if set(s.targets) == {"m", "b"} and s.kind == "gibbs")
    key, warming = ag.input("key", dtype="key"), ag.input("left", dtype="int64", shape=())
    places = dict(step.program.inputs)
    new = step.update(key, places, warming)
    run = ag.function([key, warming, *places.values()], list(new.values()), backend="numpy")

    def drawn(scale: float, left: int) -> dict[str, Any]:
        state = {"s": scale, "m": 0.3, "b": np.full(30, 0.3), "y": groups()[1]["y"]}
        given = [state.get(n, np.full([int(d) for d in x.shape], 0.2)) for n, x in places.items()]
        with np.errstate(all="ignore"):
            return dict(zip(new, run(ag.evaluate(ag.key(1)), left, *given), strict=True))

    assert drawn(1e-200, 5)["m"] == 0.3  # its precision is infinite
    assert not np.isfinite(drawn(1e-200, 0)["m"])
    assert drawn(0.5, 5)["m"] != 0.3
    assert drawn(0.5, 5)["m"] == drawn(0.5, 0)["m"]
