"""Hierarchies on standardised coordinates: which, why, and with the same law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.derive.check import DerivationError
from astragal.derive.noncentred import check_standard
from astragal.derive.plan import Plan
from astragal.derive.standards import standard_of
from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr
from astragal.sample import run
from astragal.sample.calibrate import start_at_truth

R = ag.random
EFFECTS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
OTHERS = ("gibbs", "exact", "collapse", "slice")


@ag.model
def schools(key: Expr, errors: Any) -> dict[str, Expr]:
    k = ag.split(key, 4)
    mu = R.normal(k[0], 0.0, 5.0)
    tau = R.half_cauchy(k[1], 5.0)
    theta = R.normal(k[2], mu, tau, size=8)
    return {"mu": mu, "tau": tau, "theta": theta, "y": R.normal(k[3], theta, errors)}


def names_of(sampler: Any) -> list[str]:
    return [r.name for s in sampler.steps for r in s.relations]


# -- the choice ------------------------------------------------------------------------------


def test_weak_data_standardise_a_hierarchy_and_strong_data_do_not() -> None:
    weak = ag.derive(schools(ERRORS), {"y": EFFECTS}, forbid=OTHERS)
    assert names_of(weak) == ["standard_location_scale"]
    said = weak.explain()
    assert "Papaspiliopoulos, Roberts & Sköld 2007" in said
    assert "Betancourt & Girolami 2015" in said
    assert "theta = mu + tau * u" in said
    assert "theta on standardised coordinates: the data tell 0." in said
    strong = ag.derive(schools(ERRORS / 20), {"y": EFFECTS}, forbid=OTHERS)
    assert names_of(strong) == []
    assert "theta: noncentre: the data tell" in strong.explain()


@pytest.mark.parametrize(("events", "standardised"), [(1.0, True), (400.0, False)])
def test_a_scale_that_another_step_draws_counts_too(events: float, standardised: bool) -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    precision = R.gamma(k[0], 0.001, rate=0.001)
    effect = R.normal(k[1], 0.0, 1.0 / ag.sqrt(precision), size=8)
    y = R.poisson(k[2], events * ag.exp(effect))
    model = ag.Model({"precision": precision, "effect": effect, "y": y})
    seen = np.round(events * np.exp([0.4, -0.6, 0.1, 0.9, -0.2, -0.9, 0.5, 0.3]))
    sampler = ag.derive(model, {"y": seen}, prefer=["gibbs"])
    assert [s.kind for s in sampler.steps[:2]] == ["gibbs", "nuts"]
    moved = [r.name for r in sampler.step("effect").relations]
    assert moved == (["standard_location_scale"] if standardised else [])
    said = sampler.explain()
    assert ("effect on standardised coordinates: the data tell" in said) is standardised


def test_coordinates_can_be_forbidden_preferred_and_listed() -> None:
    weak, strong = schools(ERRORS), schools(ERRORS / 20)
    data = {"y": EFFECTS}
    assert not names_of(ag.derive(weak, data, forbid=(*OTHERS, "noncentre")))
    assert not names_of(ag.derive(weak, data, forbid=(*OTHERS, "standard_location_scale")))
    preferred = ag.derive(strong, data, forbid=OTHERS, prefer=("noncentre",))
    assert names_of(preferred) == ["standard_location_scale"]
    assert preferred.options["theta"] == ("nuts", "noncentre", "slice")
    assert preferred.options["mu"] == ("nuts", "slice")
    with pytest.raises(ModelError, match="noncentre"):
        ag.derive(weak, data, prefer=("noncentring",))


def test_the_funnel_of_the_schools_is_gone() -> None:
    sampler = ag.derive(schools(ERRORS), {"y": EFFECTS}, forbid=OTHERS)
    draws = run(sampler, draws=4_000, chains=2, seed=2, target_accept=0.95, progress=False)
    mu, tau = (draws.posterior[n].values for n in ("mu", "tau"))
    # Given mu and tau the data are normal: both posterior means by quadrature.
    at, t = np.meshgrid(np.linspace(-25, 30, 551), np.exp(np.linspace(-9, 5, 601)))
    logp = -0.5 * (at / 5) ** 2 - np.log1p((t / 5) ** 2) + np.log(t)
    for y, s in zip(EFFECTS, ERRORS, strict=True):
        logp = logp - 0.5 * np.log(s**2 + t**2) - 0.5 * (y - at) ** 2 / (s**2 + t**2)
    weight = np.exp(logp - logp.max())
    # About 3,000 effective draws.
    np.testing.assert_allclose(mu.mean(), np.average(at, weights=weight), atol=0.3)
    np.testing.assert_allclose(tau.mean(), np.average(t, weights=weight), atol=0.3)
    np.testing.assert_allclose((tau < 0.5).mean(), np.average(t < 0.5, weights=weight), atol=0.02)


# -- the law is what it was ------------------------------------------------------------------

Build = Callable[[Expr, Expr, Expr], Expr]


def loop(law: Callable[[Expr, Expr, Expr], Expr], reverse: bool = False) -> Build:
    """A path that a scan draws, from the location on."""

    def build(k: Expr, m: Expr, s: Expr) -> Expr:
        def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
            new = law(key, x, s)
            return new, new

        path: Expr = ag.scan(step, m, ag.split(k, 4), reverse=reverse)[1]
        return path

    return build


def near(s: Expr, n: int = 3) -> Expr:
    """Variances and covariances of elements that are near each other."""
    return ag.square(s) * (0.3 * np.eye(n) + 0.7)


# fmt: off
FAMILIES: dict[str, tuple[str, Build]] = {
    "normal":      ("standard_location_scale", lambda k, m, s: R.normal(k, m, s, size=3)),
    "student_t":   ("standard_location_scale", lambda k, m, s: R.student_t(k, 4.0, m, s, size=3)),
    "laplace":     ("standard_location_scale", lambda k, m, s: R.laplace(k, m, s, size=3)),
    "gumbel":      ("standard_location_scale", lambda k, m, s: R.gumbel(k, m, s, size=3)),
    "lognormal":   ("standard_log_location_scale",
                    lambda k, m, s: R.lognormal(k, m, s, size=3)),
    "half_normal": ("standard_scale", lambda k, m, s: R.half_normal(k, s, size=3)),
    "gamma":       ("standard_rate", lambda k, m, s: R.gamma(k, 2.5, rate=s, size=3)),
    "exponential": ("standard_rate", lambda k, m, s: R.exponential(k, rate=s * ag.ones((3,)))),
    "random_walk": ("innovations_of_a_path", lambda k, m, s: R.random_walk(k, 4, m, 0.3, s)),
    "ar1":         ("innovations_of_a_path", lambda k, m, s: R.ar1(k, 4, 0.6, s, m, 0.2)),
    "stationary_ar1":
                   ("innovations_of_a_path", lambda k, m, s: R.stationary_ar1(k, 4, -0.7, s, m)),
    "vector":      ("whitened_normal_vector",
                    lambda k, m, s: R.multivariate_normal(k, m * ag.ones((3,)), near(s))),
    "vectors":     ("whitened_normal_vector",
                    lambda k, m, s: R.multivariate_normal(
                        k, m * ag.ones((2,)), near(s, 2), size=4)),
    "vectors of their own":
                   ("whitened_normal_vector",
                    lambda k, m, s: R.multivariate_normal(
                        k, m * ag.ones((2,)), ag.arange(1.0, 4.0)[:, None, None] * near(s, 2))),
    "loop":        ("innovations_of_a_path",
                    loop(lambda k, x, s: R.normal(k, ag.sin(x) + 0.3 * x, s))),
    "loop backwards":
                   ("innovations_of_a_path", loop(lambda k, x, s: R.normal(k, 0.9 * x, s), True)),
    "loop, heavy tails":
                   ("innovations_of_a_path",
                    loop(lambda k, x, s: R.student_t(k, 4.0, 0.5 * x, s * (1.0 + x**2)))),
    "loop, positive":
                   ("innovations_of_a_path",
                    loop(lambda k, x, s: R.gamma(k, 2.5, rate=s * (1.0 + ag.exp(-x))))),
}
# fmt: on


def hierarchy(build: Build) -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"), 4)
    m, s = R.normal(k[0], 0.5, 1.0), R.gamma(k[1], 3.0, rate=2.0)
    x = build(k[2], m, s)
    return ag.Model({"m": m, "s": s, "x": x, "y": R.normal(k[3], ag.sin(x), 2.0)})


def observed(model: ag.Model) -> dict[str, Any]:
    shape = tuple(int(d) for d in model["y"].type.shape)  # type: ignore[union-attr]
    return {"y": np.linspace(-0.5, 1.0, int(np.prod(shape))).reshape(shape)}


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_of_locations_and_scales_has_coordinates(family: str) -> None:
    relation, build = FAMILIES[family]
    model = hierarchy(build)
    sampler = ag.derive(model, observed(model), forbid=OTHERS, prefer=("noncentre",))
    assert names_of(sampler) == [relation]


def _tilted(right: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    return lambda x: right(x) + 0.01 * ag.sum(x)


@pytest.mark.parametrize(
    "family", ["normal", "gamma", "stationary_ar1", "loop, heavy tails", "vectors"]
)
def test_a_density_that_is_another_is_refused(family: str) -> None:
    model = hierarchy(FAMILIES[family][1])
    plan = Plan(model, {n: np.asarray(v) for n, v in observed(model).items()})
    found = standard_of(plan.reads, "x", ("m", "s", "x"), {})
    own = plan.reads.of("x").own
    assert found is not None
    assert own is not None
    for s in (found, found.held):
        if s is None:
            continue
        assert check_standard(s, own, plan.joint.coordinates, plan.points)
        wrong = replace(s, density=_tilted(s.density))
        with pytest.raises(DerivationError, match="another density"):
            check_standard(wrong, own, plan.joint.coordinates, plan.points)
        shifted = replace(s.transform, backward=_tilted(s.transform.backward))
        with pytest.raises(DerivationError, match="another density"):
            check_standard(replace(s, transform=shifted), own, plan.joint.coordinates, plan.points)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gamma", "vectors", "stationary_ar1", "loop, positive"])
def test_moves_on_standardised_coordinates_keep_the_joint_law(family: str) -> None:
    model = hierarchy(FAMILIES[family][1])
    sampler = ag.derive(model, observed(model), forbid=OTHERS, prefer=("noncentre",))
    start_at_truth(sampler, simulations=1000, seed=5).check()


# -- where it must not -----------------------------------------------------------------------

# fmt: off
ELSEWHERE: dict[str, Build] = {
    "truncated": lambda k, m, s: R.truncated_normal(k, m, s, lower=0.0, size=3),
    "bounded":   lambda k, m, s: R.uniform(k, 0.0, s, size=3),
    "shaped":    lambda k, m, s: R.gamma(k, s, rate=1.0, size=3),
    "fixed":     lambda k, m, s: R.normal(k, 0.3, 1.5, size=3),
    "made":      lambda k, m, s: R.normal(k, 0.0, 1.0, size=3) * s,
    "loop, truncated":
                 loop(lambda k, x, s: R.truncated_normal(k, x, s, lower=0.0)),
    "loop, shaped":
                 loop(lambda k, x, s: R.gamma(k, s + x**2, rate=1.0)),
}
# fmt: on


@pytest.mark.parametrize("kind", list(ELSEWHERE))
def test_other_laws_are_left_as_they_are(kind: str) -> None:
    model = hierarchy(ELSEWHERE[kind])
    sampler = ag.derive(model, observed(model), forbid=OTHERS, prefer=("noncentre",))
    assert names_of(sampler) == []
    assert all("noncentre" not in kinds for kinds in sampler.options.values())


def test_a_law_is_standardised_with_regard_to_what_it_reads() -> None:
    model = hierarchy(FAMILIES["normal"][1])
    plan = Plan(model, {n: np.asarray(v) for n, v in observed(model).items()})
    assert standard_of(plan.reads, "x", ("m", "s", "x"), {}) is not None
    assert standard_of(plan.reads, "x", ("x",), {}) is None


def test_a_loop_of_several_draws_is_standardised_one_by_one() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    s = R.gamma(k[0], 3.0, rate=2.0)

    def step(x: Expr, key: Expr) -> tuple[Expr, Any]:
        own = ag.split(key, 2)
        v = R.normal(own[0], 0.5 * x[0], s, size=2)
        w = R.normal(own[1], ag.sum(v) + x[1], 2.0 * s)
        return ag.stack([w, v[0]]), (v, w)

    _, (v, w) = ag.scan(step, ag.constant(np.array([0.3, -0.2])), ag.split(k[1], 4))
    model = ag.Model({"s": s, "v": v, "w": w, "y": R.normal(k[2], w + v[:, 1], 1.0)})
    plan = Plan(model, {"y": np.array([0.3, 1.0, -0.5, 0.2])})
    for name in ("v", "w"):
        found, own = standard_of(plan.reads, name, ("s", "v", "w"), {}), plan.reads.of(name).own
        assert found is not None
        assert own is not None
        assert check_standard(found, own, plan.joint.coordinates, plan.points)


def test_a_path_that_the_data_tell_much_of_moves_as_it_is() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    s = R.gamma(k[0], 3.0, rate=2.0)
    path = loop(lambda key, x, s: R.normal(key, ag.sin(x) + 0.3 * x, s))(k[1], ag.constant(0.0), s)
    model = ag.Model({"s": s, "x": path, "y": R.normal(k[2], path**3 + path, 1e-3)})
    sampler = ag.derive(model, {"y": np.array([0.1, 0.5, 1.5, 4.0])}, forbid=("gibbs", "collapse"))
    assert "innovations_of_a_path" not in names_of(sampler)


def test_data_are_no_coordinates() -> None:
    model = hierarchy(FAMILIES["normal"][1])
    values = {**observed(model), "x": np.array([0.2, -0.4, 1.0])}
    sampler = ag.derive(model, values, forbid=OTHERS, prefer=("noncentre",))
    assert names_of(sampler) == []


def test_what_was_integrated_out_leaves_no_coordinates_of_others() -> None:
    k = ag.split(ag.input("key", dtype="key"), 8)
    tau = [R.gamma(k[i], 1.0, rate=1.0) for i in range(3)]
    m = [R.normal(k[3 + i], 0.0, 10.0) for i in range(2)]
    a, b = (R.normal(k[5 + i], m[i], 1.0 / ag.sqrt(tau[i]), size=30) for i in range(2))
    y = R.normal(k[7], a[:, None] + b[:, None] * np.linspace(-1.0, 1.0, 3), 1.0 / ag.sqrt(tau[2]))
    names = ("s", "t", "u", "m", "l", "a", "b", "y")
    model = ag.Model(dict(zip(names, (*tau, *m, a, b, y), strict=True)))
    seen = np.random.default_rng(1).normal(size=(30, 3))
    sampler = ag.derive(model, {"y": seen}, prefer=("collapse",))
    assert [s.kind for s in sampler.steps] == ["collapse"]
