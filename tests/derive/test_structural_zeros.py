"""Probabilities that are exactly 0 or 1 for some observations leave the others their slopes."""

from __future__ import annotations

import numpy as np

import astragal as ag
from astragal.graph.expr import Expr

MEMBER = np.array([0.0, 0.0, 1.0, 1.0])


def test_a_trait_that_some_cannot_have_is_learnt_from_the_others() -> None:
    # Reaction times of those with and without a condition that alone delays some trials.
    rng = np.random.default_rng(3)
    delayed = rng.uniform(size=(4, 12)) < (0.4 * MEMBER)[:, None]
    y = rng.normal(3.0 * delayed, 0.5)

    @ag.model
    def trials(key: Expr) -> dict[str, Expr]:
        k = ag.split(key, 4)
        share = ag.random.uniform(k[0], 0.0, 1.0)
        delay = ag.random.uniform(k[1], 0.0, 6.0)
        z = ag.random.bernoulli(k[2], (share * MEMBER)[:, None], size=(4, 12))
        return {
            "share": share,
            "delay": delay,
            "z": z,
            "y": ag.random.normal(k[3], delay * z, 0.5),
        }

    s = ag.derive(trials(), {"y": y})
    tree = s.sample(seed=1, draws=300, warmup=300, chains=2, progress=False)
    drawn = tree.posterior
    assert int(tree.sample_stats["diverging"].sum()) == 0
    assert not drawn["z"].values[:, :, :2].any()
    # Delays are so long that who is delayed can be seen: a beta law, and a mean.
    n, m = 24, int(delayed.sum())
    assert abs(float(drawn["share"].mean()) - (m + 1) / (n + 2)) < 0.03
    assert abs(float(drawn["delay"].mean()) - y[delayed].mean()) < 0.05
