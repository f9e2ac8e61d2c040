"""NUTS leaves laws invariant that are not normal, in several dimensions."""

from __future__ import annotations

import numpy as np
import scipy.stats as st

import astragal as ag
from astragal.derive import nuts
from astragal.graph.expr import Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute
from astragal.sample import run


def test_a_transition_keeps_the_logistic_law_in_three_dimensions() -> None:
    def density(u: Expr) -> tuple[Expr, Expr]:
        at = placeholder(u.type)
        logp = -ag.sum(ag.abs(at) + 2 * ag.log1p(ag.exp(-ag.abs(at))))
        return tuple(substitute([logp, ag.grad(logp, at)], {at: u}))  # type: ignore[return-value]

    k, start = ag.input("k", dtype="key"), ag.input("start", (3,))
    mass = ag.constant(np.array([3.2, 3.2, 3.2]))

    def move(x: Expr, i: Expr) -> tuple[Expr, Expr]:
        # Steps short enough for trees of several levels.
        new, _ = nuts.transition(density, x, ag.constant(0.6), mass, ag.fold_in(k, i))
        return new, new

    _, xs = ag.scan(move, start, ag.arange(40_000))
    draws = ag.function([k, start], xs, backend="numba")(ag.evaluate(ag.key(1)), np.zeros(3))
    # Seven thousand effective draws of the square at least: 2 % is four standard errors.
    np.testing.assert_allclose(draws.std(0), np.pi / np.sqrt(3), rtol=0.02)
    for q in (0.05, 0.25, 0.75, 0.95):
        np.testing.assert_allclose((draws < st.logistic.ppf(q)).mean(0), q, atol=0.015)


def test_a_likelihood_that_saturates_has_a_gradient() -> None:
    # expit(60) rounds to 1, and the gradient of xlog1py(0, -1) as written is 0 / 0: every
    # step would diverge, and the chain stay where it is.
    x = np.array([1.0, -1.0, 60.0])

    @ag.model
    def probabilities(key: Expr) -> dict[str, Expr]:
        k = ag.split(key, 2)
        slope = ag.random.student_t(k[0], 5.0, 0.0, 3.0)
        return {"slope": slope, "y": ag.random.bernoulli(k[1], ag.expit(slope * x))}

    sampler = ag.derive(probabilities(), {"y": np.array([1, 0, 1])}, forbid=("augment", "slice"))
    assert sampler.step("slope").kind == "nuts"
    draws = run(sampler, draws=2_000, chains=2, warmup=500, seed=3, progress=False)
    slope = draws.posterior["slope"].values
    grid = np.linspace(-10, 200, 400_001)
    logp = st.t.logpdf(grid, 5.0, 0.0, 3.0)
    logp -= 2 * np.logaddexp(0, -grid) + np.logaddexp(0, -60 * grid)
    weight = np.exp(logp - logp.max())
    for q in (1.5, 3.0, 6.0):
        below = weight[grid < q].sum() / weight.sum()
        # At least 1,000 effective draws: four standard errors.
        np.testing.assert_allclose((slope < q).mean(), below, atol=0.065)
