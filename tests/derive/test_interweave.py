"""Second moves of a hierarchy's parameters: where there is one, and where there must be none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.density.transforms import transform_of
from astragal.derive.block import Block
from astragal.derive.check import compiled
from astragal.derive.interweave import _with_digits
from astragal.derive.plan import Plan
from astragal.derive.standards import standard_of
from astragal.graph.subgraph import placeholder
from astragal.graph.types import tensor_type

R = ag.random
Y = np.array([0.4, -1.0, 2.3, 0.9, 4.1, -2.2])


def hierarchy(effect: Any = None) -> ag.Model:
    """Effects with a precision of their own, seen with much noise."""
    k = ag.split(ag.input("key", dtype="key"), 3)
    precision = R.gamma(k[0], 0.5, rate=0.5)
    made = effect or (lambda key, sd: R.normal(key, 0.7, sd, size=6))
    x = made(k[1], 1.0 / ag.sqrt(precision))
    return ag.Model({"precision": precision, "x": x, "y": R.normal(k[2], x, 3.0, size=6)})


def kinds(model: ag.Model, **options: Any) -> list[tuple[str, str]]:
    return [(s.name, s.kind) for s in ag.derive(model, {"y": Y}, **options).steps]


def test_a_scale_moves_once_more_with_its_effects() -> None:
    sampler = ag.derive(hierarchy(), {"y": Y})
    assert [(s.name, s.kind) for s in sampler.steps] == [
        ("precision", "gibbs"),
        ("x", "gibbs"),
        ("precision+x", "interweave"),
    ]
    # The step of a variable is the one that draws it from its conditional.
    assert sampler.step("precision").kind == sampler.step("x").kind == "gibbs"
    said = sampler.explain()
    assert "Yu & Meng 2011" in said
    assert "standard_location_scale" in said


def growth(noise: float) -> tuple[ag.Model, dict[str, Any]]:
    """A path that comes back to a level, seen through its exponential with noise of some size."""
    k = ag.split(ag.input("key", dtype="key"), 5)
    level, back = R.cauchy(k[0], 0.0, 5.0), R.beta(k[1], 20.0, 1.5)
    sd = R.half_cauchy(k[2], 2.0)

    def step(h: Any, key: Any) -> Any:
        new = R.normal(key, level + back * (h - level), sd)
        return new, new

    _, path = ag.scan(step, ag.constant(0.0), ag.split(k[3], 12))
    y = R.normal(k[4], ag.exp(path), noise)
    model = ag.Model({"level": level, "back": back, "sd": sd, "path": path, "y": y})
    return model, {"y": np.exp(np.sin(np.arange(12.0)))}


def test_parameters_of_a_path_move_once_more_where_its_innovations_do() -> None:
    model, data = growth(5.0)
    sampler = ag.derive(model, data)
    again = {s.name for s in sampler.steps if s.kind == "interweave"}
    assert [s.kind for s in sampler.steps[:1]] == ["nuts"]
    assert again == {"level", "back", "sd"}
    assert "Kastner" in sampler.explain()
    for forbidden in ("interweave", "slice"):
        assert {s.kind for s in ag.derive(model, data, forbid=[forbidden]).steps} == {"nuts"}


def test_parameters_of_a_path_that_moves_as_it_is_move_once() -> None:
    model, data = growth(0.001)
    assert {s.kind for s in ag.derive(model, data).steps} == {"nuts"}


@pytest.mark.parametrize("name", ["interweave", "standard_location_scale"])
def test_second_moves_can_be_forbidden(name: str) -> None:
    assert kinds(hierarchy(), forbid=[name]) == [("precision", "gibbs"), ("x", "gibbs")]


@pytest.mark.parametrize(
    "effect",
    [
        pytest.param(lambda k, sd: R.truncated_normal(k, 0.0, sd, 0.0, 9.0, size=6), id="bounded"),
        pytest.param(lambda k, sd: R.normal(k, 0.7, sd), id="one number"),
        pytest.param(lambda k, sd: R.normal(k, 0.7, 1.3, size=6), id="another scale"),
        pytest.param(lambda k, sd: R.gamma(k, sd, rate=1.3, size=6), id="a shape"),
    ],
)
def test_what_is_no_function_of_a_standard_draw_has_none(effect: Any) -> None:
    model = hierarchy(effect)
    found = kinds(model, prefer=["slice"], forbid=["exact", "collapse"])
    assert "interweave" not in [kind for _, kind in found]


def test_what_is_drawn_together_has_none() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    centre = R.normal(k[0], 0.0, 2.0)
    x = R.normal(k[1], centre, 1.5, size=6)
    model = ag.Model({"centre": centre, "x": x, "y": R.normal(k[2], x, 3.0)})
    found = kinds(model, forbid=["exact", "collapse"])
    assert found == [("centre+x", "gibbs")]


def test_many_scales_move_once() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    precision = R.gamma(k[0], 0.5, rate=0.5, size=9)
    x = R.normal(k[1], 0.7, 1.0 / ag.sqrt(precision))
    model = ag.Model({"precision": precision, "x": x, "y": R.normal(k[2], x, 3.0)})
    sampler = ag.derive(model, {"y": np.resize(Y, 9)})
    assert "interweave" not in [step.kind for step in sampler.steps]


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_the_posterior_of_a_scale_that_data_tell_little_of(backend: str) -> None:
    sampler = ag.derive(hierarchy(), {"y": Y})
    tree = sampler.sample(
        seed=5, draws=6_000, chains=2, warmup=500, progress=False, backend=backend
    )
    drawn = np.log(tree.posterior["precision"].values)
    # The effects integrated out: y ~ Normal(0.7, sqrt(9 + 1 / precision)).
    grid = np.linspace(-25.0, 6.0, 20_001)
    p = np.exp(grid)
    logp = st.gamma.logpdf(p, 0.5, scale=2.0) + grid
    logp += np.asarray(st.norm.logpdf(Y[:, None], 0.7, np.sqrt(9.0 + 1.0 / p))).sum(0)
    weight = np.exp(logp - logp.max())
    weight /= weight.sum()
    for q in (-3.0, -1.5, 0.0, 1.0):
        # 3,000 effective draws at least: four standard errors are 0.037.
        assert (drawn < q).mean() == pytest.approx(weight[grid < q].sum(), abs=0.04), q


def test_scales_of_several_plates_move_once_more_up_to_eight() -> None:
    def second_moves(plates: int) -> int:
        k = ag.split(ag.input("key", dtype="key"), plates + 2)
        s = R.uniform(k[0], 0.0, 9.0, size=plates)
        effects = {f"x{i}": R.normal(k[i + 1], 0.0, s[i], size=6) for i in range(plates)}
        model = {"s": s, **effects, "y": R.normal(k[-1], ag.stack(list(effects.values())), 3.0)}
        found = ag.derive(ag.Model(model), {"y": np.tile(Y, (plates, 1))}, forbid=["collapse"])
        return sum(step.kind == "interweave" for step in found.steps)

    assert second_moves(6) == 1
    assert second_moves(9) == 0


def test_a_scale_does_not_carry_what_it_scales_to_where_no_digits_are_left() -> None:
    plan = Plan(hierarchy(), {"y": Y})
    x = standard_of(plan.reads, "x", ("precision", "x"), {})
    own = plan.reads.of("precision").own
    t = None if own is None else transform_of(own)
    assert x is not None
    assert t is not None
    block = Block(plan.reads, ("precision", "x"), {"precision": t}, {"x": x})
    at = placeholder(tensor_type("float64", (7,)))
    run = compiled([at, plan.joint.coordinates["y"]], [_with_digits(block, at), block.height(at)])
    u = np.array([0.3, -1.2, 0.8, 1.9, -0.4, 0.1])
    # With a precision of exp(70), 0.7 + u / exp(35) are all 0.7: the next draw of it would fail.
    for log_precision, kept in ((-0.5, True), (12.0, True), (70.0, False)):
        guarded, height = run(np.concatenate([[log_precision], u]), Y)
        assert bool(guarded == height) is kept
        assert kept or guarded == -np.inf
