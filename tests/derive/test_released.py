"""Scales that are drawn with what they are the scales of integrated out, given leaves."""

from __future__ import annotations

import numpy as np

import astragal as ag

R = ag.random


def effects(trials: int, by_hand: bool) -> tuple[ag.Model, dict[str, object]]:
    """Forty groups about a mean, of binomial data."""
    k = ag.split(ag.input("key", dtype="key"), 4)
    m, s = R.normal(k[0], 0.0, 2.0), R.gamma(k[1], 2.0, rate=3.0)
    b = R.normal(k[2], 0.0, 1.0, size=40) if by_hand else R.normal(k[2], 0.0, s, size=40)
    p = ag.expit(m + (s * b if by_hand else b))
    data = np.random.default_rng(3).binomial(trials, np.linspace(0.3, 0.7, 40))
    return ag.Model({"m": m, "s": s, "b": b, "y": R.binomial(k[3], trials, p)}), {"y": data}


def test_effects_that_data_tell_little_of_do_not_hold_their_scale() -> None:
    sampler = ag.derive(*effects(4, True), prefer=["augment"])
    assert {"m", "b"} < {*sampler.step("s").targets}
    assert sampler.step("s").kind == "collapse"
    assert sampler.step("y_auxiliary").kind == "gibbs"
    shown = sampler.explain()
    assert "s | ... by slice, " in shown
    assert "without what is normal" in shown


def test_effects_that_data_tell_much_of_are_drawn_in_turn_with_it() -> None:
    sampler = ag.derive(*effects(200, False), prefer=["augment"])
    assert sampler.step("s").kind in ("gibbs", "slice")
