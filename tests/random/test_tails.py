"""Tails that are sums or integrals: their logarithms, far out and near, against many digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import UnsupportedError
from astragal.random.distribution import Distribution, random_parts

# Logarithms of the probabilities up to x and beyond it, computed with 30 digits or more.
# fmt: off
TAILS: tuple[tuple[str, float, tuple[float, ...], float, float], ...] = (
    ("von_mises", -1.5, (0.75, 1.25), -2.8035913656209716, -0.062505456573666819),
    ("von_mises", 3.0, (-2.0, 200.0), 0.0, -120.24674469758347),
    ("von_mises", 0.5, (3.0, 0.0), -0.54545593825937192, -0.8664950532751428),
    ("zipf", 10, (1.125,), -1.185506904331739, -0.36469449289066556),
    ("zipf", 1000, (9.0,), -1.242512047703322e-25, -57.347492149568803),
    ("log_series", 50, (0.9375,), -0.0033978257489062759, -5.6863179693576352),
    ("log_series", 3, (0.0009765625,), -2.3289889651995973e-10, -22.180416677165241),
    ("noncentral_chi_square", 0.125, (2.75, 60.0), -33.339201951325894, -3.3187043262719029e-15),
    ("noncentral_chi_square", 300.0, (2.75, 60.0), -1.04016501378555e-21, -48.314907585206481),
    ("noncentral_chi_square", 18000.0, (3.0, 20000.0), -29.306814549168943, -1.87159621889e-13),
    ("rice", 0.25, (5.0, 1.0), -15.792909036994298, -1.3842890453395037e-7),
    ("rice", 12.0, (2.5, 1.25), -3.2869565659038076e-14, -31.046229221223975),
    ("skellam", -30, (3.25, 5.0), -33.933323087218554, -1.8320825177767813e-15),
    ("skellam", 60, (3.25, 5.0), -1.183827532614817e-56, -128.77597059823489),
    ("skellam", 0, (100.0, 120.0), -0.086911410617641139, -2.4860069399419858),
    ("beta_binomial", 100, (2000, 20.0, 30.0), -28.764302501854569, -3.2197499686961186e-13),
    ("beta_binomial", 29, (30, 2.5, 0.75), -0.15232514978310329, -1.9569338716588745),
    ("negative_hypergeometric", 3, (25, 12, 4), -1.9952376646084021, -0.14616090436521471),
    ("noncentral_beta", 0.015625, (1.75, 2.5, 3.0), -7.4023917305608934, -0.00060997855522339935),
    ("noncentral_f", 20.0, (3.5, 7.0, 2.25), -0.0027635061111833258, -5.8926365101495407),
)
# fmt: on


def declaration(name: str) -> Distribution:
    found: Distribution = getattr(ag.random, name).op.distribution
    return found


def sides(name: str, x: Any, parameters: tuple[Any, ...]) -> list[ag.Expr]:
    d = declaration(name)
    assert d.tails is not None
    args = [
        v if isinstance(v, ag.Expr) else ag.constant(v, "int64" if p.integer else "float64")
        for v, p in zip(parameters, d.parameters, strict=True)
    ]
    value = ag.constant(x, "int64" if d.dtype == "int64" else "float64")
    return [d.tails.below(value, *args), d.tails.above(value, *args)]


@pytest.mark.parametrize(
    "backend", ["numpy", *(pytest.param(b, marks=pytest.mark.slow) for b in ("numba", "jax"))]
)
def test_tails_keep_their_digits(backend: str) -> None:
    outputs = [s for name, x, p, _, _ in TAILS for s in sides(name, x, p)]
    found = np.array(ag.function([], outputs, backend=backend)()).reshape(-1, 2)
    wanted = np.array([row[3:] for row in TAILS])
    # The JAX library's incomplete gamma and beta functions have fewer digits.
    rtol = 1e-8 if backend == "jax" else 1e-12
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=1e-9 if backend == "jax" else 1e-14)


@pytest.mark.parametrize(
    ("name", "parameters", "low", "high"),
    [
        ("zipf", (1.5,), 3, 40), ("log_series", (0.9,), 2, 30), ("skellam", (3.0, 5.0), -4, 6),
        ("beta_binomial", (30, 2.0, 0.5), 4, 25), ("negative_hypergeometric", (25, 12, 4), 2, 9),
    ],
)  # fmt: skip
def test_the_masses_of_a_truncated_count_sum_to_one(
    name: str, parameters: tuple[Any, ...], low: int, high: int
) -> None:
    law = getattr(ag.random, name).law(*parameters)
    x = ag.random.truncated(ag.key(0), law, low, high, size=high - low + 1)
    values = np.arange(low, high + 1)
    d = random_parts(x)[0]
    logs = ag.evaluate(d.logdensity(ag.constant(values), *x.args[2:]))
    assert np.exp(logs).sum() == pytest.approx(1.0, rel=1e-11)


@pytest.mark.parametrize(
    ("name", "parameters", "low", "high"),
    [
        ("von_mises", (1.0, 4.0), -1.5, 2.5), ("rice", (2.0, 0.7), 0.5, 4.0),
        ("noncentral_chi_square", (3.0, 5.0), 2.0, 20.0),
        ("noncentral_beta", (1.5, 2.5, 3.0), 0.25, 0.75),
    ],
)  # fmt: skip
def test_a_truncated_density_integrates_to_one(
    name: str, parameters: tuple[float, ...], low: float, high: float
) -> None:
    x = ag.random.truncated(ag.key(0), getattr(ag.random, name).law(*parameters), low, high)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    at = ag.constant(low + 0.5 * (high - low) * (nodes + 1.0))
    logs = ag.evaluate(random_parts(x)[0].logdensity(at, *x.args[2:]))
    assert 0.5 * (high - low) * (weights @ np.exp(logs)) == pytest.approx(1.0, rel=1e-11)


def test_the_slope_of_a_tail_is_the_density() -> None:
    for name, x, p in (
        ("von_mises", 0.4, (2.0, 3.0)), ("rice", 3.0, (2.0, 0.7)),
        ("noncentral_f", 1.7, (3.0, 7.0, 2.0)),
    ):  # fmt: skip
        d = declaration(name)
        assert d.tails is not None
        at = ag.input("x")
        args = [ag.constant(v) for v in p]
        slope = ag.grad(ag.exp(d.tails.below(at, *args)), at)
        got, wanted = ag.function([at], [slope, ag.exp(d.logdensity(at, *args))], backend="numpy")(
            x
        )
        assert got == pytest.approx(wanted, rel=1e-11)


def test_parameters_of_an_angle_and_the_noncentrality_have_a_gradient() -> None:
    for name, x, p, which in (
        ("von_mises", 0.4, (2.0, 3.0), 0),
        ("von_mises", 0.4, (2.0, 3.0), 1),
        ("noncentral_chi_square", 4.0, (3.0, 5.0), 1),
    ):
        own = ag.input("p")
        args = tuple(own if i == which else v for i, v in enumerate(p))
        side = sides(name, x, args)[0]
        f = ag.function([own], [side, ag.grad(side, own)], backend="numpy")
        h = 1e-5
        difference = (f(p[which] + h)[0] - f(p[which] - h)[0]) / (2 * h)
        assert f(p[which])[1] == pytest.approx(difference, rel=1e-7)
    df = ag.input("df")
    with pytest.raises(UnsupportedError, match="has no closed form"):
        ag.grad(sides("noncentral_chi_square", 4.0, (df, 5.0))[0], df)


def test_where_the_masses_are_too_many_there_is_no_number() -> None:
    below, above = (float(ag.evaluate(s)) for s in sides("beta_binomial", 10**6, (2 * 10**6, 3, 3)))
    assert math.isnan(below)
    assert math.isnan(above)


def test_an_observation_beyond_a_bound_has_a_density() -> None:
    law = ag.random.von_mises.law(0.5, 2.0)
    y = ag.random.censored(ag.key(0), law, upper=1.0)
    found = float(ag.evaluate(ag.logdensity({"y": y}, {"y": 1.0})))
    assert found == pytest.approx(float(ag.evaluate(sides("von_mises", 1.0, (0.5, 2.0))[1])))
