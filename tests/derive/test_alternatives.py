"""What samplers are expected to cost, and the order that follows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.derive.choices import BESIDE, chosen_links
from astragal.derive.coupling import Coupling, coupling, sweeps_of
from astragal.derive.exact import closed_forms
from astragal.derive.plan import Plan
from astragal.derive.work import work

R = ag.random
Y = np.array([0.4, -1.0, 2.3, 0.9, 4.1, -2.2])


def keys(n: int) -> Any:
    return ag.split(ag.input("key", dtype="key"), n)


# -- work ------------------------------------------------------------------------------------


def test_work_grows_with_shapes_and_is_cubic_for_matrices() -> None:
    def of(n: int) -> float:
        return work([ag.linalg.cholesky(ag.input("a", (n, n)))])

    x = ag.input("x", (4000,))
    assert work([ag.exp(x)]) == pytest.approx(10 * work([ag.exp(ag.input("x", (400,)))]), rel=0.1)
    assert 6.0 < of(400) / of(200) < 8.5


def test_work_of_a_loop_is_that_of_its_steps() -> None:
    def of(n: int) -> float:
        return work([ag.scan(lambda c, x: (ag.exp(c) + x, c), 0.0, ag.input("x", (n,)))[0]])

    assert of(500) == pytest.approx(100 * of(5))


def test_what_stays_the_same_costs_nothing() -> None:
    x, y = ag.input("x", ()), ag.input("y", (100,))
    assert work([ag.exp(ag.constant(np.ones(100)))]) == 0.0
    assert work([x + ag.sum(ag.exp(y))], data={"y"}) < 1.0 < work([x + ag.sum(ag.exp(y))])


# -- sweeps ----------------------------------------------------------------------------------


def of_precision(h: Any) -> Coupling:
    return Coupling({"a": slice(0, 1), "b": slice(1, 2)}, np.asarray(h), {})


@pytest.mark.parametrize("r", [0.0, 0.6, 0.95])
def test_two_normal_variables_in_turn_forget_by_the_square_of_their_correlation(r: float) -> None:
    h = of_precision(np.linalg.inv([[1.0, r * 3.0], [r * 3.0, 9.0]]))
    assert h.sweeps([[0], [1]]) == pytest.approx(sweeps_of(r * r))
    assert h.sweeps([[0, 1]]) == pytest.approx(1.0)


def test_what_never_moves_has_no_effective_draw() -> None:
    assert of_precision(np.eye(2)).sweeps([[0]]) == math.inf


def groups(noise: float) -> Plan:
    """A mean and six effects about it, which one datum each tells of."""
    k = keys(3)
    mean = R.normal(k[0], 0.0, 50.0)
    x = R.normal(k[1], mean, 1.0, size=6)
    model = ag.Model({"mean": mean, "x": x, "y": R.normal(k[2], x, noise)})
    return Plan(model, {"y": Y})


@pytest.mark.parametrize("noise", [0.5, 4.0])
def test_effects_and_their_mean_hold_each_other_by_what_the_data_tell(noise: float) -> None:
    plan = groups(noise)
    h = coupling(plan, list(closed_forms(plan.reads, plan.latent, blocks=False)))
    assert h is not None
    # Given the effects the mean is known by six of them; the data know 1 / (1 + noise^2) of each.
    share = 6.0 / (6.0 + 50.0**-2) * noise**2 / (1.0 + noise**2)
    found = h.sweeps([h.places(["mean"]), h.places(["x"])])
    assert found == pytest.approx(sweeps_of(share), rel=1e-3)


def test_discrete_variables_are_not_told_of() -> None:
    k = keys(2)
    z = R.bernoulli(k[0], 0.3, size=6)
    plan = Plan(
        ag.Model({"z": z, "y": R.normal(k[1], ag.where(ag.equal(z, 1), 1.0, -1.0), 1.0)}), {"y": Y}
    )
    assert coupling(plan, list(closed_forms(plan.reads, plan.latent))) is None


# -- choices ---------------------------------------------------------------------------------


def crossed(noise: float, n: int = 30) -> Plan:
    """Two sets of effects that every pair of which is seen, with scales of their own."""
    k = keys(6)
    a, b = (
        R.normal(k[i], 0.0, 1.0 / ag.sqrt(R.gamma(k[2 + i], 2.0, rate=2.0)), size=n) for i in (0, 1)
    )
    y = R.normal(k[4], a[:, None] + b, noise)
    seen = np.random.default_rng(3).normal(size=(n, n))
    return Plan(ag.Model({"a": a, "b": b, "y": y}), {"y": seen})


def test_a_block_that_gains_less_than_it_costs_is_drawn_variable_by_variable() -> None:
    plan = crossed(10.0)
    links = chosen_links(plan, set())
    assert {"a", "b"} <= {link.name for link in links}
    assert "one after the other" in plan.compared[0]


def test_a_block_whose_variables_hold_each_other_stays() -> None:
    plan = crossed(0.05)
    assert "a+b" in {link.name for link in chosen_links(plan, set())}
    assert "a+b" not in {link.name for link in chosen_links(plan, {"block"})}


def test_a_small_block_is_not_worth_an_estimate() -> None:
    plan = groups(1.0)
    assert [link.name for link in chosen_links(plan, set())] == ["mean+x"]
    assert plan.compared == []
    assert BESIDE > 0.0


# -- alternatives ----------------------------------------------------------------------------


def schools() -> ag.Model:
    k = keys(4)
    mu, tau = R.normal(k[0], 0.0, 5.0), R.half_cauchy(k[1], 5.0)
    theta = R.normal(k[2], mu, tau, size=6)
    return ag.Model({"mu": mu, "tau": tau, "theta": theta, "y": R.normal(k[3], theta, 10.0)})


@pytest.mark.slow
def test_alternatives_are_in_the_order_of_their_expected_cost() -> None:
    sampler = ag.derive(schools(), {"y": Y})
    found = sampler.alternatives()
    costs = [a.cost for a in found]
    assert costs == sorted(costs)
    assert [a.chosen for a in found].count(True) == 1
    assert all(a.work > 0.0 and a.sweeps >= 1.0 and a.why for a in found)
    # Where the data are weak, trajectories on coordinates as they are take longest.
    assert found[-1].steps == (("mu+tau+theta", "nuts"),)
    assert "coordinates that the data speak against" in str(found[-1])
    for a in found:
        again = ag.derive(schools(), {"y": Y}, forbid=a.forbid, prefer=a.prefer)
        assert [s.name for s in again.steps] == [name for name, _ in a.steps]


def test_the_estimate_is_the_same_each_time() -> None:
    def found() -> Coupling | None:
        plan = groups(1.0)
        return coupling(plan, list(closed_forms(plan.reads, plan.latent)))

    first, second = found(), found()
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.precision, second.precision)
    assert first.held == second.held
