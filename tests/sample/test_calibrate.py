"""Calibration passes what is right, and catches what is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.traverse import substitute
from astragal.sample.calibrate import CalibrationError, ranks, start_at_truth


def poisson_rates() -> Sampler:
    k = ag.split(ag.input("key", dtype="key"), 3)
    beta = ag.random.gamma(k[0], 2.0, rate=3.0)
    theta = ag.random.gamma(k[1], 1.5, rate=beta, size=4)
    y = ag.random.poisson(k[2], theta * np.array([0.5, 1.0, 4.0, 9.0]))
    model = ag.Model({"beta": beta, "theta": theta, "y": y})
    return ag.derive(model, {"y": [1, 0, 3, 7]}, forbid=["interweave"])


def spoilt(sampler: Sampler, name: str, change: Callable[[ag.Expr], ag.Expr]) -> Sampler:
    """A sampler whose step for a variable gives something else."""
    steps = []
    for s in sampler.steps:
        outputs = {n: change(x) if n == name else x for n, x in s.program.outputs.items()}
        program = dataclasses.replace(s.program, outputs=outputs)
        steps.append(dataclasses.replace(s, program=program) if name in s.targets else s)
    return dataclasses.replace(sampler, steps=tuple(steps), exact=False)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return poisson_rates()


def test_right_steps_keep_the_joint_law(sampler: Sampler) -> None:
    result = start_at_truth(sampler, simulations=3000, seed=1)
    result.check()
    assert result.moved == {"beta": 1.0, "theta": 1.0}


def test_a_rate_taken_for_a_scale_is_caught_and_named(sampler: Sampler) -> None:
    def rate_for_scale(draw: ag.Expr) -> ag.Expr:
        key, size, shape, rate = draw.args
        return draw.op(key, size, shape, 1.0 / rate)

    wrong = spoilt(sampler, "theta", rate_for_scale)
    result = start_at_truth(wrong, simulations=1000, seed=1)
    assert not result.holds
    assert result.findings[0].step == "theta"
    with pytest.raises(CalibrationError, match="step theta does not keep the joint law"):
        result.check()


def test_one_child_of_several_left_out_is_caught(sampler: Sampler) -> None:
    def first_child_only(draw: ag.Expr) -> ag.Expr:
        theta = next(x for n, x in sampler.step("beta").program.inputs.items() if n == "theta")
        padded = ag.concatenate([theta[:1], theta[:1], theta[:1], theta[:1]])
        return substitute([draw], {theta: padded})[0]

    wrong = spoilt(sampler, "beta", first_child_only)
    assert not start_at_truth(wrong, simulations=3000, seed=1).holds


def test_a_step_that_stands_still_is_caught(sampler: Sampler) -> None:
    inputs = {**sampler.step("theta").program.inputs}
    inputs.setdefault("theta", ag.input("theta", shape=(4,)))
    steps = tuple(
        dataclasses.replace(
            s,
            program=dataclasses.replace(
                s.program, inputs=inputs, outputs={"theta": inputs["theta"]}
            ),
        )
        if "theta" in s.targets
        else s
        for s in sampler.steps
    )
    still = dataclasses.replace(sampler, steps=steps)
    with pytest.raises(CalibrationError, match="step theta does not move"):
        start_at_truth(still, simulations=200, backend="numpy").check()


@pytest.mark.slow
def test_ranks_of_the_truth_are_uniform(sampler: Sampler) -> None:
    result = ranks(sampler, simulations=150, draws=31, thin=4, warmup=50, backend="numba")
    result.check()
    assert result.ranks is not None
    assert set(result.ranks) >= {"beta", "theta[0]", "log joint"}


@pytest.mark.slow
def test_ranks_see_a_scaled_draw(sampler: Sampler) -> None:
    wrong = spoilt(sampler, "theta", lambda draw: draw * 1.5)
    result = ranks(wrong, simulations=150, draws=31, thin=4, warmup=50, backend="numba")
    assert not result.holds


def normal_inverse_gamma() -> Sampler:
    k = ag.split(ag.input("key", dtype="key"), 3)
    v = ag.random.inverse_gamma(k[0], 4.0, scale=2.0)
    m = ag.random.normal(k[1], 0.5, ag.sqrt(v / 2.5))
    y = ag.random.normal(k[2], m, ag.sqrt(v), size=4)
    return ag.derive(ag.Model({"v": v, "m": m, "y": y}), {"y": [0.4, -1.0, 0.3, 0.9]})


@pytest.mark.slow
def test_a_step_of_an_exact_sampler_is_run_with_those_after_it() -> None:
    """The law of v has m integrated out: beside the old m it is not the joint one."""
    exact = normal_inverse_gamma()
    assert exact.exact
    start_at_truth(exact, simulations=10_000, seed=1).check()
    wrong = dataclasses.replace(spoilt(exact, "v", lambda draw: draw * 1.2), exact=True)
    result = start_at_truth(wrong, simulations=10_000, seed=1)
    assert not result.holds
    assert result.findings[0].step == "v"
    assert min(f.p_value for f in result.findings if f.step == "m") > 1e-4


def below_each_other() -> Sampler:
    k = ag.split(ag.input("key", dtype="key"), 4)
    low, high = ag.random.normal(k[0]), ag.random.normal(k[1], 0.0, 1.0, size=2)
    model = ag.Model(
        {
            "low": low,
            "high": high,
            "order": ag.constrain(low < high),
            "pull": ag.factor(-0.5 * low**2),
            "y": ag.random.normal(k[2], low, 1.0),
            "w": ag.random.normal(k[3], high, 1.0),
        }
    )
    return ag.derive(model, {"y": 0.3, "w": [0.5, 0.1]}, forbid=["nuts"])


def test_factors_and_constraints_weigh_the_draws() -> None:
    right = below_each_other()
    assert {s.kind for s in right.steps} == {"gibbs"}
    start_at_truth(right, simulations=900, seed=3, backend="numpy").check()

    def without_the_order(draw: ag.Expr) -> ag.Expr:
        key, size, loc, scale, *_ = draw.args
        return ag.random.normal(key, loc, scale, size=size)

    wrong = spoilt(right, "low", without_the_order)
    result = start_at_truth(wrong, simulations=900, seed=3, backend="numpy")
    assert not result.holds
    assert result.findings[0].step == "low"


def test_constraints_that_nothing_meets_are_told() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    a = ag.random.normal(k[0])
    model = ag.Model({"a": a, "far": ag.constrain(a > 6.0), "y": ag.random.normal(k[1], a, 1.0)})
    with pytest.raises(CalibrationError, match="leave 0 of 200 draws"):
        start_at_truth(ag.derive(model, {"y": 6.0}), simulations=200, backend="numpy")


def test_truths_to_rank_meet_the_constraints_and_other_factors_are_refused() -> None:
    with pytest.raises(ag.ModelError, match="a factor that is no constraint"):
        ranks(below_each_other(), simulations=20, draws=7, warmup=10, backend="numpy")
    k = ag.split(ag.input("key", dtype="key"))
    a = ag.random.normal(k[0])
    model = ag.Model({"a": a, "up": ag.constrain(a > 0.3), "y": ag.random.normal(k[1], a, 1.0)})
    result = ranks(
        ag.derive(model, {"y": 0.5}), simulations=25, draws=7, thin=1, warmup=0, backend="numpy"
    )
    assert result.holds


def test_a_variable_of_size_zero_need_not_move() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    b, none = ag.random.normal(k[0]), ag.random.normal(k[1], size=0)
    y = ag.random.normal(k[2], b + ag.sum(none), 1.0, size=3)
    sampler = ag.derive(ag.Model({"b": b, "none": none, "y": y}), {"y": [0.1, 0.2, 0.3]})
    start_at_truth(sampler, simulations=300, backend="numpy").check()
