"""Mixtures: two normals, and patients some of whom are cured."""

from __future__ import annotations

from typing import Any

import astragal as ag
from astragal.examples.cases.case import Case, Data, array, integers

R = ag.random


@ag.model
def two_normals(key, n):
    """A mixture of two normals whose means are in order."""
    k = ag.split(key, 5)
    mu = R.normal(k[0], 0.0, 2.0, size=2)
    sigma = R.half_normal(k[1], 2.0, size=2)
    theta = R.beta(k[2], 5.0, 5.0)
    z = R.bernoulli(k[3], 1 - theta, size=n)
    return {
        "mu": mu,
        "ordered": ag.constrain(mu[0] < mu[1]),
        "sigma": sigma,
        "theta": theta,
        "z": z,
        "y": R.normal(k[4], mu[z], sigma[z]),
    }


def _two_normals(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (y,) = array(d, "y")
    return two_normals(len(y)), {"y": y}


@ag.model
def hearts(key, trials):
    """Premature heart beats: a cured patient has none after the treatment."""
    k = ag.split(key, 4)
    alpha, delta = R.normal(k[0], 0.0, 100.0), R.normal(k[1], 0.0, 100.0)
    p, theta = ag.expit(alpha), ag.expit(delta)
    state = R.bernoulli(k[2], theta, size=trials.shape)
    return {
        "alpha": alpha,
        "delta": delta,
        "state": state,
        "p": p,
        "theta": theta,
        "beta": ag.exp(alpha),
        "y": R.binomial(k[3], trials, ag.where(ag.equal(state, 1), 0.0, p)),
    }


def _hearts(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y = integers(d, "x", "y")
    return hearts(x + y), {"y": y}


TWO_NORMALS = Case("low_dim_gauss_mix-low_dim_gauss_mix", _two_normals, draws=4000)
HEARTS = Case("hearts", _hearts, draws=20_000)
