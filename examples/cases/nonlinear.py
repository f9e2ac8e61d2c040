"""Curves that are not linear in their parameters: growth, Gaussian processes, kinetics."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import astragal as ag
from astragal.examples.cases.case import Case, Data, array

R = ag.random


@ag.model
def dugongs(key, x):
    """Length by age, with a limit."""
    k = ag.split(key, 5)
    alpha, beta = R.uniform(k[0], 0.0, 100.0), R.uniform(k[1], 0.0, 100.0)
    gamma = R.uniform(k[2], 0.5, 1.0)
    tau = R.gamma(k[3], 0.001, rate=0.001)
    return {
        "alpha": alpha,
        "beta": beta,
        "gamma": gamma,
        "tau": tau,
        "sigma": 1 / ag.sqrt(tau),
        "U3": ag.special.logit(gamma),
        "y": R.normal(k[4], alpha - beta * gamma**x, 1 / ag.sqrt(tau)),
    }


def _dugongs(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y = array(d, "x", "Y")
    return dugongs(x), {"y": y}


@ag.model
def gaussian_process(key, x):
    """A squared exponential kernel; ``sigma`` is the variance of the noise."""
    k = ag.split(key, 4)
    rho = R.gamma(k[0], 25.0, rate=4.0)
    alpha = R.half_normal(k[1], 2.0)
    sigma = R.half_normal(k[2], 1.0)
    apart = np.square(x[:, None] - x)
    covariance = ag.square(alpha) * ag.exp(-apart / (2 * ag.square(rho)))
    y = R.multivariate_normal(k[3], np.zeros(len(x)), covariance + sigma * np.eye(len(x)))
    return {"rho": rho, "alpha": alpha, "sigma": sigma, "y": y}


def _gaussian_process(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y = array(d, "x", "y")
    return gaussian_process(x), {"y": y}


SUBSTEPS = 10
"""Steps of the integrator between two times of measurement."""


@ag.model
def one_compartment(key, start, times, dose, volume):
    """First-order absorption and Michaelis-Menten elimination (fourth-order Runge-Kutta)."""
    k = ag.split(key, 5)
    k_a, K_m, V_m, sigma = (R.half_cauchy(k[i], 1.0) for i in range(4))

    def slope(t, c):
        return dose * k_a / volume * ag.exp(-k_a * t) - V_m / volume * c / (K_m + c)

    def step(c, at):
        t, h = at[0], at[1]
        a = slope(t, c)
        b = slope(t + h / 2, c + h / 2 * a)
        e = slope(t + h / 2, c + h / 2 * b)
        f = slope(t + h, c + h * e)
        new = c + h / 6 * (a + 2 * b + 2 * e + f)
        return new, new

    ends = np.concatenate([[start], times])
    grid = np.concatenate(
        [np.linspace(a, b, SUBSTEPS + 1)[:-1] for a, b in itertools.pairwise(ends)]
    )
    sizes = np.repeat(np.diff(ends) / SUBSTEPS, SUBSTEPS)
    _, path = ag.scan(step, ag.constant(0.0), ag.constant(np.column_stack([grid, sizes])))
    return {
        "k_a": k_a,
        "K_m": K_m,
        "V_m": V_m,
        "sigma": sigma,
        "y": R.lognormal(k[4], ag.log(path[SUBSTEPS - 1 :: SUBSTEPS]), sigma),
    }


def _one_compartment(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    times, y = array(d, "times", "C_hat")
    model = one_compartment(float(d["t0"]), times, float(d["D"]), float(d["V"]))
    return model, {"y": y}


DUGONGS = Case("dugongs", _dugongs, forbid=("gibbs",), draws=5000)
GAUSSIAN_PROCESS = Case("gp_pois_regr-gp_regr", _gaussian_process)
ONE_COMPARTMENT = Case("one_comp_mm_elim_abs-one_comp_mm_elim_abs", _one_compartment, draws=6000)
