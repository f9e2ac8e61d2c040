"""Coordinates that take off what the data tell of elements, and moves that keep their digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import astragal as ag
from astragal.derive.between import between
from astragal.derive.check import DerivationError, compiled
from astragal.derive.noncentred import check_standard
from astragal.derive.plan import Plan
from astragal.derive.standards import standard_of
from astragal.graph.subgraph import placeholder
from astragal.graph.types import tensor_type

R = ag.random
SEEN = np.array([3, 40, 1, 900])
TIMES = np.array([1.0, 12.0, 0.5, 400.0])


def counts(law: str = "normal") -> ag.Model:
    """Rates of groups of which the data tell little and much."""
    k = ag.split(ag.input("key", dtype="key"), 4)
    m, s = R.normal(k[0], 0.0, 2.0), R.half_normal(k[1], 1.0)
    if law == "student_t":
        x = R.student_t(k[2], 5.0, m, s, size=4)
    else:
        x = (R.normal if law == "normal" else R.lognormal)(k[2], m, s, size=4)
    rates = TIMES * (x if law == "lognormal" else ag.exp(x))
    return ag.Model({"m": m, "s": s, "x": x, "y": R.poisson(k[3], rates)})


def test_what_the_data_tell_is_taken_off_unless_plain_coordinates_are_asked_for() -> None:
    text = "what they tell is taken off"
    never = ("gibbs", "collapse")
    assert text in ag.derive(counts(), {"y": SEEN}, forbid=never).explain()
    assert text in ag.derive(counts("lognormal"), {"y": SEEN}, forbid=never).explain()
    preferred = ag.derive(counts(), {"y": SEEN}, prefer=("noncentre",), forbid=never)
    assert text not in preferred.explain()
    assert text not in ag.derive(counts("student_t"), {"y": SEEN}, forbid=never).explain()


@pytest.mark.parametrize("law", ["normal", "lognormal"])
def test_coordinates_between_have_the_density_of_the_model_and_others_are_refused(law: str) -> None:
    plan = Plan(counts(law), {"y": SEEN})
    value = np.exp if law == "lognormal" else np.asarray
    own = plan.reads.of("x").own
    s = standard_of(plan.reads, "x", ("m", "s", "x"), {})
    assert own is not None
    assert s is not None
    told, at = np.array([0.3, 4.0, 0.0, 70.0]), np.array([0.2, 1.4, -0.5, 0.9])
    new = between(s, own, told, np.array(0.4), np.array(0.7), value(at))
    assert check_standard(new, own, plan.joint.coordinates, plan.points)
    # At the place where it was read off, the law given the data is about standard normal.
    m, scale = (plan.joint.coordinates[n] for n in "ms")
    x = placeholder(tensor_type("float64", (4,)))
    (u,) = compiled([m, scale, x], [new.transform.backward(x)])(0.4, 0.7, value(at))
    assert np.asarray(u) == pytest.approx(0.0, abs=1e-12)
    (u,) = compiled([m, scale, x], [new.transform.backward(x)])(0.4, 0.7, value(at + 0.1))
    assert np.asarray(u) == pytest.approx(0.1 * np.sqrt(1.0 + told) / 0.7)
    false = replace(new, density=lambda v: new.density(v) + 0.1 * m)
    with pytest.raises(DerivationError, match="another density"):
        check_standard(false, own, plan.joint.coordinates, plan.points)
    assert between(s, own, told * 0.0, np.array(0.4), np.array(0.7), value(at)) is s
    assert between(s, own, told + np.inf, np.array(0.4), np.array(0.7), value(at)) is s
