"""Vectors of which some elements lie below others: trajectories meet no wall."""

from __future__ import annotations

import numpy as np
import pytest

import astragal as ag
from astragal.derive.check import compiled
from astragal.derive.moves import coordinates
from astragal.derive.plan import Plan
from astragal.graph.subgraph import placeholder
from astragal.graph.types import tensor_type
from astragal.ops import reductions as r

R = ag.random
ODD = np.array([1, 3])
EVENTS = {
    "one after another": lambda x, a: ag.all(x[:-1] < x[1:]),
    "in a partial order": lambda x, a: (
        (x[3] < x[0]) & (x[3] >= x[1]) & (x[2] < x[np.array([1, 3])])
    ),
    "between ends": lambda x, a: (x[1] > a) & (x[:3] < x[3]) & (x[3] < 3.0 + a),
    "after a constant": lambda x, a: ag.concatenate([ag.constant([2.0]), x[:-1]]) <= x,
    "of several lengths": lambda x, a: ag.all(x[2:] < a) & (x[0] < x[1]) & ag.all(x[1:3] < x[3]),
    "with no end for some": lambda x, a: (x[0] < x[2]) & (x < np.array([np.inf, 2.0, 2.5, np.inf])),
    "of a part": lambda x, a: x[np.array([0, 1])] > x[np.array([2, 3])],
}


def keys(n: int) -> ag.Expr:
    return ag.split(ag.input("key", dtype="key"), n)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_coordinates_of_vectors_keep_to_constraints_on_elements(event: str, law: str) -> None:
    k = keys(4)
    a = R.normal(k[0], 0.0, 1.0)
    x = R.normal(k[1], 0.0, 1.0, size=4) if law == "normal" else R.uniform(k[1], -4.0, 9.0, size=4)
    test = EVENTS[event](x, a)
    model = ag.Model({"a": a, "x": x, "c": ag.constrain(test), "y": R.cauchy(k[2], x + a, 1.0)})
    plan = Plan(model, {"y": np.zeros(4)})
    _, transforms = coordinates(plan.reads, ["a", "x"])
    t, at = transforms["x"], plan.joint.coordinates["a"]
    u = placeholder(tensor_type("float64", (4,)))
    value = t.forward(u)
    slope = ag.linalg.slogdet(ag.jacobian(value, u)).logabsdet
    run = compiled([at, u], [value, t.backward(value), r.sum(t.log_jacobian(u)), slope])
    place, where = ag.input("a"), ag.input("x", shape=(4,))
    holds = ag.function([place, where], ag.all(EVENTS[event](where, place)), backend="numpy")
    for point in np.random.default_rng(3).normal(size=(5, 4)) * 1.5:
        z, back, jacobian, exact = run(0.3, point)
        assert holds(0.3, z)
        assert np.asarray(back) == pytest.approx(point)
        assert float(jacobian) == pytest.approx(float(exact))
        assert law == "normal" or (np.all(z > -4.0) and np.all(z < 9.0))


def test_what_bounds_no_single_elements_leaves_coordinates_as_they_are() -> None:
    k = keys(3)
    x = R.normal(k[0], 0.0, 1.0, size=3)
    at = ag.constant([0.1, 0.4, 0.2])
    for event in (ag.sum(x) < 1.0, x[0] * x[1] < x[2], (x[0] < x[1]) & (x[1] < x[0])):
        model = ag.Model({"x": x, "c": ag.constrain(event), "y": R.cauchy(k[1], x, 1.0)})
        _, transforms = coordinates(Plan(model, {"y": np.zeros(3)}).reads, ["x"])
        assert ag.evaluate(transforms["x"].forward(at)).tolist() == [0.1, 0.4, 0.2]


def test_dates_in_order_have_the_law_of_sorted_ones() -> None:
    k = keys(2)
    x = R.uniform(k[0], 0.0, 1.0, size=5)
    ends = ag.Model({"x": x, "c": ag.constrain(x[1:] > x[:-1]), "y": R.normal(k[1], x[0], 50.0)})
    posterior = ag.derive(ends, {"y": 0.5}).sample(seed=2, draws=1000, chains=2, progress=False)
    found = np.asarray(posterior["posterior"]["x"])
    assert found.mean((0, 1)) == pytest.approx(np.arange(1, 6) / 6, abs=0.02)
    assert not np.asarray(posterior["sample_stats"]["diverging"]).any()
