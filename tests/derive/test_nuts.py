"""NUTS leaves laws invariant that are not normal, in several dimensions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive import nuts
from astragal.graph.expr import INPUT, Expr
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


# The wall at 0 is sixty times as steep as the rest.
@pytest.mark.filterwarnings("ignore:.*diverged")
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


# -- the same trees and windows as Stan ------------------------------------------------------

SPREADS = np.array([1.0, 0.3, 2.0, 0.7])


def _leaves_by_recursion(
    x: np.ndarray, p: np.ndarray, step: float, forward: list[bool]
) -> tuple[int, int]:
    """Number of leaves and depth of Stan's tree, over a normal law with a unit metric."""
    count = 0

    def turns(a: np.ndarray, b: np.ndarray, rho: np.ndarray) -> bool:
        return bool(a @ rho <= 0 or b @ rho <= 0)

    def build(depth: int, x: np.ndarray, p: np.ndarray, step: float):  # type: ignore[no-untyped-def]
        """Ends of a subtree in order of time from the start; None where it turns."""
        nonlocal count
        if depth == 0:
            count += 1
            half = p - 0.5 * step * x / SPREADS**2
            x = x + step * half
            p = half - 0.5 * step * x / SPREADS**2
            return x, p, p, p
        left = build(depth - 1, x, p, step)
        if left is None:
            return None
        right = build(depth - 1, left[0], left[2], step)
        if right is None or _joined(left[1:], right[1:]):
            return None
        return right[0], left[1], right[2], left[3] + right[3]

    def _joined(a: tuple[np.ndarray, ...], b: tuple[np.ndarray, ...]) -> bool:
        (first, end, rho), (begin, last, other) = a, b
        return (
            turns(first, last, rho + other)
            or turns(first, begin, rho + begin)
            or turns(end, last, other + end)
        )

    tree = (p, p, p)  # first, last and sum of momenta, in order of time
    ends = {True: (x, p), False: (x, p)}
    for depth, ahead in enumerate(forward):
        new = build(depth, *ends[ahead], step if ahead else -step)
        if new is None:
            return count, depth + 1
        ends[ahead] = new[0], new[2]
        part = new[1:] if ahead else (new[2], new[1], new[3])
        pair = (tree, part) if ahead else (part, tree)
        if _joined(*pair):
            return count, depth + 1
        tree = (pair[0][0], pair[1][1], tree[2] + part[2])
    raise AssertionError("deeper than any tree of this test")


def test_trees_are_those_of_stans_recursion() -> None:
    key = INPUT("key", ag.key(0).type)

    def density(u: Expr) -> tuple[Expr, Expr]:
        return -0.5 * ag.sum(ag.square(u / SPREADS)), -u / SPREADS**2

    start = np.array([0.4, -0.1, 1.2, 0.3])
    _, info = nuts.transition(density, ag.constant(start), ag.constant(0.11), ag.ones((4,)), key)
    k = ag.split(key, 3)
    momenta = ag.random.normal(k[0], 0.0, 1.0, size=4)
    # The first turn computes the density at the start.
    ahead = [ag.random.uniform(ag.fold_in(k[1], 2 * d), 0.0, 1.0) < 0.5 for d in range(1, 11)]
    run_one = ag.function([key], (info["leapfrogs"], info["depth"], momenta, ahead))
    depths = set()
    for seed in range(60):
        leaves, depth, p, forward = run_one(ag.evaluate(ag.key(seed)))
        assert _leaves_by_recursion(start, p, 0.11, [bool(f) for f in forward]) == (leaves, depth)
        depths.add(int(depth))
    assert {4, 5, 6} <= depths


def _ends_of_stan(warmup: int) -> list[int]:
    """Where Stan's windows end: `windowed_adaptation.hpp`, counted from 0."""
    first, last, size = 75, 50, 25
    if warmup < 20:
        return []
    if first + size + last > warmup:
        first, last = int(0.15 * warmup), int(0.1 * warmup)
        size = warmup - first - last
    final, end = warmup - last - 1, first + size - 1
    out = [end]
    while end != final:
        size *= 2
        end += size
        if end != final and end + 2 * size >= final + 1:
            end = final
        out.append(end)
    return out


@pytest.mark.parametrize("warmup", [40, 149, 150, 160, 500, 1000, 1234, 2000])
def test_windows_of_the_metric_end_where_those_of_stan_end(warmup: int) -> None:
    tuning = nuts.tuning_start(1)

    def one(t: dict[str, Expr], i: Expr) -> tuple[dict[str, Expr], Expr]:
        new = nuts.adapt(t, ag.constant([1.0]) * i, ag.constant(0.8), warmup - i, ag.constant(0.1))
        return new, new["inverse_mass"][0]

    _, metric = ag.scan(one, tuning, ag.arange(warmup))
    values = ag.function([], metric, backend="numpy")()
    changed = np.flatnonzero(np.diff(np.concatenate([[1.0], values])))
    assert changed.tolist() == _ends_of_stan(warmup)


@pytest.mark.parametrize(("refused", "missed"), [(0, None), (2, 0.1), (6, 0.2)])
def test_steps_end_by_what_the_last_window_has_shown(refused: int, missed: float | None) -> None:
    """Of 500 transitions some diverge; then 50 have an acceptance of 0.7, where 0.8 is asked."""

    def one(t: dict[str, Expr], i: Expr) -> tuple[dict[str, Expr], Expr]:
        acceptance = ag.where(i >= 950, 0.7, 0.8)
        diverging = (i >= 700) & (i < 700 + refused)
        new = nuts.adapt(
            t, ag.constant([1.0]) * i, acceptance, 1000 - i, ag.constant(0.1), diverging
        )
        return new, new["log_step"]

    _, steps = ag.scan(one, nuts.tuning_start(1), ag.arange(1000))
    found = ag.function([], steps, backend="numpy")()[950:]
    m = np.arange(1.0, 51.0)
    # The log of ten times the step, 0, is where every window starts and stays.
    if missed is None:
        moves = (m[1:] + 5.0) ** -0.7 * 0.8 * np.log(0.7 / 0.8)
        expected = np.concatenate([[0.0], np.cumsum(moves)])
    else:
        expected = -missed * m / (m + 10.0) * np.sqrt(m) / 0.05
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@ag.model
def bent(key: Expr) -> dict[str, Expr]:
    """A funnel and a banana, with data that say nothing."""
    k = ag.split(key, 5)
    v = ag.random.normal(k[0], 0.0, 1.0)
    a = ag.random.normal(k[2], 0.0, 1.0)
    return {
        "v": v,
        "x": ag.random.normal(k[1], 0.0, ag.exp(v / 2), size=2),
        "a": a,
        "b": ag.random.normal(k[3], ag.square(a), 0.5),
        "y": ag.random.normal(k[4], 0.0, 1.0),
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*diverged")
@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_laws_that_are_bent_are_kept(backend: str) -> None:
    sampler = ag.derive(bent(), {"y": 0.0}, forbid=("gibbs", "exact", "slice"))
    assert [s.kind for s in sampler.steps] == ["nuts"]
    draws = run(sampler, draws=8_000, chains=2, seed=6, backend=backend, progress=False)
    found = {n: draws.posterior[n].values for n in "avbx"}
    standard = {
        "a": found["a"],
        "v": found["v"],
        "b": (found["b"] - found["a"] ** 2) / 0.5,
        "x": found["x"][..., 0] / np.exp(found["v"] / 2),
    }
    for name, z in standard.items():
        # About 1,500 effective draws at least.
        for q in (0.05, 0.25, 0.5, 0.75, 0.95):
            np.testing.assert_allclose(
                (z < st.norm.ppf(q)).mean(), q, atol=0.045, err_msg=f"{name} at {q}"
            )


def test_the_acceptance_that_is_asked_for_is_adapted_to() -> None:
    k = ag.split(ag.key(0), 2)
    x = ag.random.logistic(k[0], 0.0, 1.0, size=3)
    model = ag.Model({"x": x, "y": ag.random.normal(k[1], x, 1.0)})
    sampler = ag.derive(model, {"y": np.zeros(3)}, forbid=("slice", "augment"))
    assert [s.kind for s in sampler.steps] == ["nuts"]

    def told(**options: float) -> tuple[float, float, np.ndarray]:
        tree = run(sampler, draws=500, chains=2, seed=4, progress=False, **options)  # type: ignore[arg-type]
        stats = tree["sample_stats"]
        rate, step = (float(stats[n].mean()) for n in ("acceptance_rate", "step_size"))
        return rate, step, np.asarray(tree["posterior"]["x"])

    plain, same = told(), told(target_accept=0.8)
    rare, often = told(target_accept=0.6), told(target_accept=0.97)
    np.testing.assert_array_equal(plain[2], same[2])
    assert rare[0] < plain[0] < often[0]
    assert rare[1] > plain[1] > often[1]
    assert often[0] > 0.95


def test_trajectories_end_at_the_depth_that_is_asked_for() -> None:
    k = ag.split(ag.key(0), 2)
    x = ag.random.normal(k[0], 0.0, np.array([1.0, 3000.0]))
    model = ag.Model({"x": x, "y": ag.random.normal(k[1], x, 1.0)})
    sampler = ag.derive(model, {"y": np.zeros(2)}, forbid=("gibbs", "exact", "slice"))

    def told(**options: int) -> tuple[int, list[str]]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            tree = run(sampler, draws=50, warmup=0, chains=1, seed=3, progress=False, **options)  # type: ignore[arg-type]
        assert tree["sample_stats"].attrs["max_depth"] == options.get("max_depth", 10)
        return int(tree["sample_stats"]["tree_depth"].max()), [str(w.message) for w in caught]

    shallow, says = told(max_depth=2)
    assert shallow == 2
    assert any("cut off after 2^2 steps" in line for line in says)
    deep, _ = told(max_depth=12)
    assert 2 < deep <= 12


@pytest.mark.parametrize(("law", "trials"), [("poisson", ()), ("binomial", (40,))])
def test_counts_at_a_rate_of_zero_have_a_slope(law: str, trials: tuple[int, ...]) -> None:
    # Who is not at risk has rate 0 and no events, whatever the hazard: 0 log 0 is 0, and flat.
    k = ag.split(ag.key(0), 2)
    hazard = ag.random.gamma(k[0], 2.0, rate=1.5)
    rate = np.array([1.0, 0.0, 1.0, 0.0, 1.0]) * hazard / 40.0
    y = getattr(ag.random, law)(k[1], *trials, rate)
    data = {"y": np.array([3, 0, 1, 0, 0])}
    height = ag.logdensity(ag.Model({"hazard": hazard, "y": y}), {**data, "hazard": hazard})
    at = placeholder(hazard.type)
    (logp,) = substitute([height], {hazard: at})
    places = [ag.constant(1.25 + d) for d in (0.0, -1e-5, 1e-5)]
    slope = substitute([ag.grad(logp, at)], {at: places[0]})[0]
    low, high = (float(ag.evaluate(substitute([logp], {at: x})[0])) for x in places[1:])
    np.testing.assert_allclose(float(ag.evaluate(slope)), (high - low) / 2e-5, rtol=1e-5)
