"""Groups that share their strength."""

from __future__ import annotations

from typing import Any

import numpy as np

import astragal as ag
from astragal.examples.cases.case import Case, Data, array, integers
from astragal.examples.eight_schools import eight_schools
from astragal.examples.pumps import pumps

R = ag.random


def _schools(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    y, sigma = array(d, "y", "sigma")
    return eight_schools(sigma), {"y": y}


def _pumps(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (t,) = array(d, "t")
    (x,) = integers(d, "x")
    return pumps(t), {"failures": x}


@ag.model
def rat_tumors(key, n):
    """Tumour rates of experiments, under the improper prior of Gelman et al. (5.9)."""
    k = ag.split(key, 4)
    alpha, beta = (R.improper_uniform(k[i], low=0.0) for i in (0, 1))
    theta = R.beta(k[2], alpha, beta, size=n.shape)
    return {
        "alpha": alpha,
        "beta": beta,
        "prior": ag.factor(-2.5 * ag.log(alpha + beta)),
        "theta": theta,
        "mu": alpha / (alpha + beta),
        "y": R.binomial(k[3], n, theta),
    }


def _rat_tumors(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    y, n = integers(d, "y", "n")
    return rat_tumors(n), {"y": y}


@ag.model
def surgical(key, n):
    """Mortality of hospitals, exchangeable on the scale of logits."""
    k = ag.split(key, 4)
    mu = R.normal(k[0], 0.0, 1000.0)
    tau = R.gamma(k[1], 0.001, rate=0.001)
    b = R.normal(k[2], mu, 1 / ag.sqrt(tau), size=n.shape)
    return {
        "mu": mu,
        "tau": tau,
        "b": b,
        "p": ag.expit(b),
        "sigma": 1 / ag.sqrt(tau),
        "pop_mean": ag.expit(mu),
        "r": R.binomial(k[3], n, ag.expit(b)),
    }


def _surgical(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    n, r = integers(d, "n", "r")
    return surgical(n), {"r": r}


@ag.model
def blockers(key, treated, control):
    """Trials of beta blockers: an effect for each trial, and one for the next."""
    k = ag.split(key, 7)
    d = R.normal(k[0], 0.0, 1000.0)
    tau = R.gamma(k[1], 0.001, rate=0.001)
    mu = R.normal(k[2], 0.0, np.sqrt(1e5), size=treated.shape)
    delta = R.normal(k[3], d, 1 / ag.sqrt(tau), size=treated.shape)
    return {
        "d": d,
        "tau": tau,
        "mu": mu,
        "delta": delta,
        "sigma": 1 / ag.sqrt(tau),
        "delta_new": R.normal(k[4], d, 1 / ag.sqrt(tau)),
        "rc": R.binomial(k[5], control, ag.expit(mu)),
        "rt": R.binomial(k[6], treated, ag.expit(mu + delta)),
    }


def _blockers(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    nt, nc, rt, rc = integers(d, "nt", "nc", "rt", "rc")
    return blockers(nt, nc), {"rt": rt, "rc": rc}


SCHOOLS = Case("eight_schools-eight_schools_centered", _schools, draws=5000)
PUMPS = Case("pumps", _pumps, draws=4000)
RAT_TUMORS = Case("bda_rat_tumors", _rat_tumors, prefer=("collapse",), draws=4000)
SURGICAL = Case("surgical", _surgical, draws=20_000)
BLOCKERS = Case("blockers", _blockers, draws=40_000)
