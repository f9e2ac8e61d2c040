"""Densities that jump are not followed by gradients, and wide bounds do not hide where to start."""

from __future__ import annotations

import numpy as np
import pytest

import astragal as ag
from astragal.derive.moves import able, coordinates
from astragal.derive.plan import Plan
from astragal.graph.traverse import substitute
from astragal.sample.chain import chain_keys, program_of

R = ag.random
YEARS = np.arange(12.0)
COUNTS = [5, 4, 6, 3, 5, 4, 1, 0, 2, 1, 0, 1]


def keys(n: int) -> ag.Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def change_point() -> ag.Model:
    k = keys(3)
    level = R.normal(k[0], 0.0, 10.0, size=2)
    change = R.uniform(k[1], 0.0, 11.0)
    y = R.poisson(k[2], ag.exp(level[0] + ag.where(change < YEARS, level[1], 0.0)))
    return ag.Model({"level": level, "change": change, "y": y})


def test_the_time_of_a_change_moves_by_slices_and_what_changes_by_trajectories() -> None:
    sampler = ag.derive(change_point(), {"y": COUNTS})
    assert {s.name: s.kind for s in sampler.steps} == {"level": "nuts", "change": "slice"}
    assert "nuts" not in sampler.options["change"]


@pytest.mark.slow
def test_the_time_of_a_change_has_the_posterior_that_sums_give() -> None:
    draws = ag.derive(change_point(), {"y": COUNTS}).sample(
        draws=1500, chains=2, seed=3, target_accept=0.95, progress=False
    )
    change = np.ceil(draws["posterior"]["change"].to_numpy()).ravel()
    # Flat over intervals of a year; the levels are nearly flat, so that their integrals are
    # of gamma form in the rates, up to the width of their prior.
    y, total = np.array(COUNTS), []
    grid = np.linspace(-6.0, 4.0, 600)
    for first in range(1, 12):
        early, late = y[:first], y[first:]
        a = early.sum() * grid - first * np.exp(grid) - grid**2 / 200.0
        both = grid[:, None] + grid[None]
        b = late.sum() * both - len(late) * np.exp(both) - grid[None] ** 2 / 200.0
        total.append(np.log(np.exp(a[:, None] + b).sum()))
    weights = np.exp(np.array(total) - max(total))
    share = np.array([(change == first).mean() for first in range(1, 12)])
    assert np.abs(share - weights / weights.sum()).max() < 0.04


@pytest.mark.parametrize("test", ["kink", "constraint", "support"])
def test_kinks_supports_and_constraints_are_no_jumps(test: str) -> None:
    k = keys(4)
    x = R.normal(k[0], 0.0, 1.0)
    model = {"x": x, "z": R.student_t(k[1], 4.0, x, 1.0)}
    if test == "kink":
        mean = ag.where(x < YEARS, YEARS - x, 0.0)
        model["y"] = R.student_t(k[2], 4.0, mean, 1.0)
    else:
        model["y"] = R.student_t(k[2], 4.0, x * YEARS, 1.0)
        model["more"] = ag.constrain(x < 3.0) if test == "constraint" else R.uniform(k[3], x, 9.0)
    plan = Plan(ag.Model(model), {"y": np.zeros(12)}, ())
    assert "nuts" in able(plan.reads.of("x"))


def ring(inner: float, law: str) -> ag.Model:
    k = keys(2)
    x, y = (
        R.uniform(k[i], -1.0, 1.0) if law == "uniform" else R.normal(k[i], 0.0, 1.0) for i in (0, 1)
    )
    size = ag.square(x) + ag.square(y)
    return ag.Model({"x": x, "y": y, "ring": ag.constrain((size < 1.0) & (size > inner))})


def test_what_is_level_between_walls_moves_by_slices() -> None:
    sampler = ag.derive(ring(0.5, "uniform"), {})
    assert [s.kind for s in sampler.steps] == ["slice", "slice"]
    at = sampler.sample(draws=1000, seed=5, backend="numba", progress=False)["posterior"]
    size = (at["x"] ** 2 + at["y"] ** 2).to_numpy()
    # The squared radius is uniform from 0.5 to 1, and its draws are nearly independent.
    assert abs(size.mean() - 0.75) < 0.015
    assert abs((size < 0.625).mean() - 0.25) < 0.04
    assert abs(float((at["x"] > 0.0).mean()) - 0.5) < 0.1


def test_what_has_a_slope_between_walls_or_only_ends_moves_by_trajectories() -> None:
    assert [s.kind for s in ag.derive(ring(0.5, "normal"), {}).steps] == ["nuts"]
    x = R.uniform(keys(1)[0], 0.0, 1.0, size=4)
    ordered = ag.Model({"x": x, "order": ag.constrain(x[:-1] < x[1:])})
    assert "nuts" in ag.derive(ordered, {}).options["x"]


def test_a_chain_starts_between_bounds_that_few_points_have_a_density_within() -> None:
    k = keys(2)
    risk = R.uniform(k[0], -100.0, 100.0, size=6)
    y = R.binomial(k[1], 50, 1.0 - ag.exp(-ag.exp(risk)))
    sampler = ag.derive(ag.Model({"risk": risk, "y": y}), {"y": [3, 5, 2, 9, 30, 4]})
    data = {"y": ag.constant([3, 5, 2, 9, 30, 4])}
    first, near = ag.evaluate([sampler.initial(ag.key(1), data, tries=t)["risk"] for t in (0, 99)])
    assert np.abs(first).max() > 20.0
    assert np.abs(near).max() < 5.0
    start, _ = chain_keys(1, 0)
    begun = program_of(sampler, "numpy").start(start, dict(sampler.observed))
    assert begun["risk"].max() < 5.0


def narrowed(model: dict[str, ag.Expr], names: list[str], at: dict[str, float]) -> dict[str, float]:
    """Values at coordinate 0.7 of variables, in the order in which they move."""
    y = R.student_t(keys(9)[8], 4.0, sum((model[n] for n in names), 0.0), 1.0)
    plan = Plan(ag.Model({**model, "y": y}), {"y": np.array(0.3)}, ())
    ordered, transforms = coordinates(plan.reads, names)
    place = plan.joint.coordinates
    out = {}
    for n in ordered:
        value = transforms[n].forward(ag.constant(0.7))
        known = {place[m]: ag.constant(v) for m, v in at.items() if m != n}
        out[n] = float(ag.evaluate(substitute([value], known)[0]))
    return out


def test_trajectories_run_within_constraints_between_numbers() -> None:
    k = keys(9)
    x, y, z = (R.normal(k[i], 0.0, 10.0) for i in range(3))
    between = ag.constrain((y > x) & (z < y))
    found = narrowed(
        {"x": x, "y_": y, "z": z, "c": between}, ["x", "y_", "z"], {"x": 2.0, "y_": 5.0}
    )
    assert found["x"] == pytest.approx(0.7)
    assert found["y_"] == pytest.approx(2.0 + np.exp(0.7))
    assert found["z"] == pytest.approx(5.0 - np.exp(0.7))


def test_constraints_that_are_no_bounds_leave_coordinates_as_they_are() -> None:
    k = keys(9)
    x, y = (R.normal(k[i], 0.0, 10.0) for i in range(2))
    for event in (x * x > y, ag.square(y) < 4.0, (x < y) | (y < 0.0)):
        found = narrowed({"x": x, "z": y, "c": ag.constrain(event)}, ["x", "z"], {"x": 2.0})
        assert found["x"] == pytest.approx(0.7)
        if event.op.name != "greater":
            assert found["z"] == pytest.approx(0.7)


def test_a_slice_does_not_end_where_rounding_has_reached_an_end() -> None:
    k = keys(2)
    df = R.uniform(k[0], 2.0, 50.0)
    seen = np.random.default_rng(3).standard_t(4, size=1000)
    sampler = ag.derive(
        ag.Model({"df": df, "y": R.student_t(k[1], df, 0.0, 1.0, size=1000)}), {"y": seen}
    )
    # The first level lies so low that the interval reaches numbers which are 2 as rounded.
    at = sampler.sample(draws=400, warmup=100, seed=1, progress=False)
    assert (np.abs(at["posterior"]["df"] - 4.3) < 2.0).all()
