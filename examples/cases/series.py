"""Series in time: walks with gaps, hidden states, volatility."""

from __future__ import annotations

from typing import Any

import numpy as np

import astragal as ag
from astragal.examples.cases.case import Case, Data, array

R = ag.random


@ag.model
def brownian(key, n, seen, step, noise):
    """A random walk seen with noise at some of its times: normal throughout."""
    k = ag.split(key)
    steps = R.normal(k[0], 0.0, step, size=n)
    locs = np.tril(np.ones((n, n))) @ steps
    return {"steps": steps, "locs": locs, "y": R.normal(k[1], locs[seen], noise)}


def _brownian(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    y = np.array([np.nan if v is None else v for v in d["observed_locs"]], dtype="float64")
    seen = np.flatnonzero(~np.isnan(y))
    step, noise = float(d["innovation_noise_scale"]), float(d["observation_noise_scale"])
    return brownian(len(y), seen, step, noise), {"y": y[seen]}


@ag.model
def stochastic_volatility(key, n):
    """Log volatility that follows a stationary autoregression."""
    k = ag.split(key, 5)
    half = R.beta(k[0], 20.0, 1.5)
    phi = 2 * half - 1
    mu = R.cauchy(k[1], 0.0, 5.0)
    sigma = R.half_cauchy(k[2], 2.0)
    h = R.stationary_ar1(k[3], n, phi, sigma, mu)
    return {
        "half": half,
        "persistence_of_volatility": phi,
        "mean_log_volatility": mu,
        "white_noise_shock_scale": sigma,
        "log_volatility": h,
        "y": R.normal(k[4], 0.0, ag.exp(h / 2)),
    }


def _stochastic_volatility(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (y,) = array(d, "centered_returns")
    return stochastic_volatility(len(y)), {"y": y}


@ag.model
def garch(key, y, first):
    """Variances by recursion from the data; flat priors on a constrained region."""
    k = ag.split(key, 4)
    mu = R.improper_uniform(k[0])
    alpha0 = R.improper_uniform(k[1], low=0.0)
    alpha1 = R.uniform(k[2], 0.0, 1.0)
    beta1 = R.improper_uniform(k[3], low=0.0, high=1 - alpha1)

    def step(s2, last):
        new = alpha0 + alpha1 * ag.square(last - mu) + beta1 * s2
        return new, new

    _, rest = ag.scan(step, ag.constant(first**2), ag.constant(y[:-1]))
    s2 = ag.concatenate([ag.constant([first**2]), rest])
    return {
        "mu": mu,
        "alpha0": alpha0,
        "alpha1": alpha1,
        "beta1": beta1,
        "likelihood": ag.factor(-0.5 * (ag.log(s2) + ag.square(y - mu) / s2)),
    }


def _garch(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (y,) = array(d, "y")
    return garch(y, float(d["sigma1"])), {}


def forward(transition, emission):
    """Log probability of a hidden Markov chain's data, the first state being uniform.

    ``transition`` is (state, next state), ``emission`` the log densities (time, state).
    """
    log_transition = ag.log(transition)

    def step(alpha, e):
        new = ag.logsumexp(alpha[:, None] + log_transition, axis=0) + e
        return new, 0.0

    last, _ = ag.scan(step, emission[0] - np.log(transition.shape[0]), emission[1:])
    return ag.logsumexp(last)


def ordered(k1, k2, mean1, mean2):
    """Two positive normals of standard deviation 1, in order; and the log prior of the second.

    The second starts from the first, so that every point that is tried is in order.
    """
    low = R.truncated_normal(k1, mean1, 1.0, lower=0.0)
    high = R.improper_uniform(k2, low=low)
    return low, high, -0.5 * ag.square(high - mean2)


@ag.model
def hidden_normals(key, n):
    """Two hidden states with normal emissions, whose means are positive and in order."""
    k = ag.split(key, 7)
    theta1, theta2 = (R.dirichlet(k[i], np.ones(2)) for i in (0, 1))
    mu1, mu2 = (R.truncated_normal(k[2 + i], m, 1.0, lower=0.0) for i, m in enumerate((3.0, 10.0)))
    rows = ag.stack([theta1, theta2])

    def step(state, key):
        new = R.categorical(key, rows[state])
        return new, new

    first = R.categorical(k[4], np.full(2, 0.5))
    _, rest = ag.scan(step, first, ag.split(k[5], n - 1))
    state = ag.concatenate([first[None], rest])
    mu = ag.stack([mu1, mu2])
    return {
        "theta1": theta1,
        "theta2": theta2,
        "mu1": mu1,
        "mu2": mu2,
        "mu": mu,
        "order": ag.constrain(mu1 < mu2),
        "state": state,
        "y": R.normal(k[6], mu[state], 1.0),
    }


def _hidden_normals(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (y,) = array(d, "y")
    return hidden_normals(len(y)), {"y": y}


@ag.model
def drives(key, u, v, concentration):
    """Two hidden states with two exponential emissions each, the states summed out."""
    k = ag.split(key, 6)
    theta1, theta2 = (R.dirichlet(k[i], concentration[i]) for i in (0, 1))
    phi1, phi2, prior1 = ordered(k[2], k[3], 0.0, 3.0)
    lam1, lam2, prior2 = ordered(k[4], k[5], 0.0, 3.0)
    phi, lam = ag.stack([phi1, phi2]), ag.stack([lam1, lam2])
    emission = ag.log(phi) - phi * u[:, None] + ag.log(lam) - lam * v[:, None]
    return {
        "theta1": theta1,
        "theta2": theta2,
        "phi1": phi1,
        "phi2": phi2,
        "lambda1": lam1,
        "lambda2": lam2,
        "phi": phi,
        "lambda_": lam,
        "prior": ag.factor(prior1 + prior2),
        "likelihood": ag.factor(forward(ag.stack([theta1, theta2]), emission)),
    }


def _drives(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    u, v, alpha = array(d, "u", "v", "alpha")
    return drives(u, v, alpha), {}


BROWNIAN = Case("gym_brownian", _brownian, draws=4000)
STOCHASTIC_VOLATILITY = Case("gym_stochvol", _stochastic_volatility, draws=2000)
GARCH = Case("garch-garch11", _garch, draws=4000)
HIDDEN_NORMALS = Case("hmm_example-hmm_example", _hidden_normals)
DRIVES = Case("bball_drive_event_0-hmm_drive_0", _drives)
