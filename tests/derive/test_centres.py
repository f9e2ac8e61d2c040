"""What integrating normal variables out leaves keeps its digits, however small a scale is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

import astragal as ag
from astragal.density.transforms import transform_of
from astragal.derive.block import Block
from astragal.derive.centres import at_centres
from astragal.derive.exact import integrate_out
from astragal.derive.plan import Plan
from astragal.graph.expr import Expr

R = ag.random
Y = 1000.0 + np.array([0.9, -0.5, 1.6])
X = np.array([[1.0, 0.3], [0.2, -1.0], [-0.7, 1.4]])
Build = tuple[dict[str, Expr], list[str]]


def keys() -> Expr:
    return ag.split(ag.input("key", dtype="key"), 5)


def elements() -> Build:
    k = keys()
    t = R.half_cauchy(k[0], 0.7)
    th = R.normal(k[1], 1000.0, t, size=3)
    return {"t": t, "th": th, "y": R.normal(k[2], th, 1.0)}, ["th"]


def levels() -> Build:
    k = keys()
    t = R.half_cauchy(k[0], 0.7)
    mu = R.normal(k[1], 990.0, 5.0)
    th = R.normal(k[2], mu, t, size=3)
    return {"t": t, "mu": mu, "th": th, "y": R.normal(k[3], th, 1.0)}, ["th", "mu"]


def coefficients() -> Build:
    k = keys()
    t = R.half_cauchy(k[0], 0.7)
    b = R.normal(k[1], 300.0, t, size=2)
    return {"t": t, "b": b, "y": R.normal(k[2], X @ b, 1.0)}, ["b"]


def predicted() -> Build:
    # The centre of what is predicted is the mean itself, which all else reads too.
    k = keys()
    m = R.laplace(k[0], 1000.0, 2.0)
    th = R.normal(k[1], m, 1.0, size=3)
    new = R.normal(k[2], m, 2.0)
    return {"m": m, "th": th, "new": new, "y": R.normal(k[3], th, 1.0)}, ["th", "new"]


def covariance(build: object, t: float) -> tuple[Any, Any]:
    if build is elements:
        return np.full(3, 1000.0), np.eye(3) * (1 + t**2)
    if build is levels:
        return np.full(3, 990.0), np.eye(3) * (1 + t**2) + 25.0
    return X @ np.full(2, 300.0), np.eye(3) + t**2 * X @ X.T


@pytest.mark.parametrize("build", [elements, levels, coefficients])
def test_small_scales_leave_the_density_its_digits(build: Any) -> None:
    variables, names = build()
    plan = Plan(ag.Model(variables), {"y": Y})
    links, after, left = integrate_out(plan.reads, names, lambda link: True, True)
    assert not left
    centred = at_centres(plan.joint, after, links)
    assert centred is not after
    inputs = [plan.joint.coordinates[n] for n in ("t", "y")]
    run = ag.function(inputs, centred.total, backend="numpy")
    for t in (3.0, 0.1, 1e-4, 1e-8, 1e-13, 1e-20):
        mean, cov = covariance(build, t)
        wanted = scipy.stats.multivariate_normal.logpdf(Y, mean, cov)
        wanted += scipy.stats.halfcauchy.logpdf(t, scale=0.7)
        if t >= (1e-8 if len(names) == 1 else 1e-4):
            assert run(t, Y) == pytest.approx(wanted, rel=1e-9, abs=1e-6)
        else:
            # Rounding a centre moves the density down, never up; no number counts as outside.
            assert not run(t, Y) > wanted + 1e-6


@pytest.mark.parametrize(
    ("build", "name"), [(elements, "t"), (levels, "t"), (coefficients, "t"), (predicted, "m")]
)
def test_slopes_are_those_with_centres_held(build: Any, name: str) -> None:
    variables, names = build()
    plan = Plan(ag.Model(variables), {"y": Y})
    links, after, _ = integrate_out(plan.reads, names, lambda link: True, True)
    reads = plan.reads.after(at_centres(plan.joint, after, links))
    own = reads.of(name).own
    assert own is not None
    assert reads.joint.level
    transform = transform_of(own)
    assert transform is not None
    block = Block(reads, [name], {name: transform}, {})
    u, y = ag.input("u", (1,)), plan.joint.coordinates["y"]
    whole, (height, slope) = block.height(u), block.density(u)
    found = ag.function([u, y], (whole, ag.grad(whole, u), height, slope), backend="numpy")
    for at in (-1.5, 0.0, 2.0):
        wanted, its_slope, *got = found(np.array([at]), Y)
        assert got[0] == pytest.approx(wanted, rel=1e-12)
        assert got[1] == pytest.approx(its_slope, rel=1e-9)


@pytest.mark.slow
def test_a_chain_does_not_run_into_a_scale_of_zero() -> None:
    variables, _ = elements()
    sampler = ag.derive(ag.Model(variables), {"y": Y})
    assert sampler.step("t").kind == "collapse"
    draws = sampler.sample(seed=3, draws=2000, warmup=500, chains=2, progress=False)
    t = draws["posterior"]["t"].values

    def weight(u: float) -> float:
        law = scipy.stats.norm.logpdf(Y - 1000.0, 0.0, np.sqrt(1.0 + np.exp(2 * u))).sum()
        return float(np.exp(law + scipy.stats.halfcauchy.logpdf(np.exp(u), scale=0.7) + u))

    whole = scipy.integrate.quad(weight, -20.0, 12.0)[0]
    mean = scipy.integrate.quad(lambda u: u * weight(u), -20.0, 12.0)[0] / whole
    assert np.log(t).mean() == pytest.approx(mean, abs=0.15)
    assert np.log(t).min() > -14.0


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("far", [0.0, 1e4, 1e8])
def test_a_sample_far_from_zero_keeps_its_digits(regression: bool, far: float) -> None:
    """Squares are taken about the centre: about zero they lose 16 digits, and draws with them."""
    k, sd = keys(), 0.5
    noise = sd * np.random.default_rng(2).normal(size=6)
    x = np.stack([np.ones(6), np.arange(6.0) - 2.0], 1)
    v = R.inverse_gamma(k[0], 3.0, scale=2.0 * sd**2)
    if regression:
        b = R.normal(k[1], np.array([far, 0.3]), 2.0 * ag.sqrt(v))
        mean, spread = ag.matmul(x, b), x @ x.T
    else:
        b = R.normal(k[1], far, 2.0 * ag.sqrt(v))
        mean, spread = b, np.ones((6, 6))
    y = far + (0.3 * x[:, 1] if regression else 0.0) + noise
    model = ag.Model({"v": v, "b": b, "y": R.normal(k[2], mean, ag.sqrt(v), size=6)})
    sampler = ag.derive(model, {"y": y})
    # The marginal law of the residuals is Student's t, with 6 degrees of freedom.
    scale = (2.0 * sd**2 / 3.0) * (np.eye(6) + 4.0 * spread)
    away = y - far - (0.3 * x[:, 1] if regression else 0.0)
    wanted = scipy.stats.multivariate_t.logpdf(away, np.zeros(6), scale, df=6)
    assert sampler.log_evidence() == pytest.approx(wanted, rel=1e-6 if far > 1e6 else 1e-9)
