"""Normal vectors with a scale or a covariance that moves: coordinates by a factor of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import astragal as ag
from astragal.derive.check import DerivationError, compiled
from astragal.derive.directions import along
from astragal.derive.noncentred import WHITE, check_standard
from astragal.derive.plan import Plan
from astragal.derive.standards import standard_of

R = ag.random
N = 6
ROOT = np.eye(N) - 1.6 * np.eye(N, k=-1) + 0.7 * np.eye(N, k=-2)
SMOOTH = np.linalg.inv(ROOT.T @ ROOT)
SEEN = np.array([2, 0, 1, 4, 3, 6])


def curve(kind: str = "covariance") -> ag.Model:
    """Counts about a smooth curve, whose roughness is not known."""
    k = ag.split(ag.input("key", dtype="key"), 4)
    m, s = R.normal(k[0], 0.0, 2.0), R.half_normal(k[1], 1.0)
    law = {
        "covariance": ag.square(s) * SMOOTH,
        "precision": (ROOT.T @ ROOT) / ag.square(s),
        "both": SMOOTH + s * np.eye(N),
    }[kind]
    mean = m + np.linspace(0.0, 1.0, N)
    if kind == "precision":
        x = R.multivariate_normal(k[2], mean, precision=law)
    else:
        x = R.multivariate_normal(k[2], mean, law)
    return ag.Model({"m": m, "s": s, "x": x, "y": R.poisson(k[3], ag.exp(x))})


@pytest.mark.parametrize("kind", ["covariance", "precision", "both"])
def test_a_factor_of_the_covariance_gives_standard_draws(kind: str) -> None:
    plan = Plan(curve(kind), {"y": SEEN})
    own = plan.reads.of("x").own
    s = standard_of(plan.reads, "x", ("m", "s", "x"), {})
    assert own is not None
    assert s is not None
    assert s.relation.name == WHITE
    assert check_standard(s, own, plan.joint.coordinates, plan.points)
    # What data tell of one coordinate and not of others turns them all.
    told = np.diag([40.0, 0.0, 3.0, 0.1, 0.0, 9.0]) + 0.02
    at = {"m": np.array(0.3), "s": np.array(0.7), "x": np.linspace(0.5, 1.0, N)}
    at["y"] = SEEN
    new = along(s, own, told, plan.joint.coordinates, at)
    assert (new is s) == (kind == "both")
    assert check_standard(new, own, plan.joint.coordinates, plan.points)
    if new is s:
        return
    m, scale, x = (plan.joint.coordinates[n] for n in ("m", "s", "x"))
    run = compiled([m, scale, x], [new.transform.backward(x), s.transform.backward(x)])
    # There the law given the data, and its width along each direction, are about standard.
    (u, z), (v, w) = (run(at["m"], at["s"], at["x"] + d) for d in (0.0, 0.1 * np.arange(N)))
    assert np.asarray(u) == pytest.approx(0.0, abs=1e-10)
    assert np.sum(np.square(v)) == pytest.approx((w - z) @ (told + np.eye(N)) @ (w - z))
    false = replace(new, density=lambda c: new.density(c) + 0.1 * m)
    with pytest.raises(DerivationError, match="another density"):
        check_standard(false, own, plan.joint.coordinates, plan.points)


def test_trajectories_go_along_the_directions_of_a_curve() -> None:
    explained = ag.derive(curve(), {"y": SEEN}).explain()
    assert "of each of its directions is taken off" in explained
    k = ag.split(ag.input("key", dtype="key"), 2)
    fixed = R.multivariate_normal(k[0], np.zeros(N), SMOOTH)
    model = ag.Model({"x": fixed, "y": R.poisson(k[1], ag.exp(fixed))})
    assert WHITE not in ag.derive(model, {"y": SEEN}).explain()
