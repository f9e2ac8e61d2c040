"""Second moves of both parameters of a law that was integrated out, their ratio held."""

from __future__ import annotations

import numpy as np

import astragal as ag

R = ag.random
TRIALS = np.array([13, 12, 9, 9, 8, 8])


def litters() -> tuple[ag.Model, dict[str, object]]:
    k = ag.split(ag.input("key", dtype="key"), 5)
    a, b = R.gamma(k[0], 1.0, rate=0.001), R.gamma(k[1], 1.0, rate=0.001)
    p = R.beta(k[2], a, b, size=6)
    alive = R.binomial(k[3], TRIALS, p)
    return ag.Model({"a": a, "b": b, "p": p, "r": alive}), {"r": np.array([13, 12, 9, 4, 7, 1])}


def test_both_parameters_of_rates_move_along_their_ratio() -> None:
    (step,) = ag.derive(*litters(), prefer=["collapse"]).steps
    assert step.name == "a+b+p"
    kinds = [(p.kind, p.targets) for p in step.parts]
    assert kinds == [("nuts", ("a", "b")), ("interweave", ("a", "b")), ("gibbs", ("p",))]
    assert "u = b * (1.0 / a)" in step.parts[1].conditional.text


def test_moves_along_ratios_can_be_forbidden() -> None:
    (step,) = ag.derive(*litters(), prefer=["collapse"], forbid=["interweave"]).steps
    assert [p.kind for p in step.parts] == ["nuts", "gibbs"]
