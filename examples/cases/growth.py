"""Curves of growth: of many rats, and of a cross-over trial's patients."""

from __future__ import annotations

from typing import Any

import numpy as np

import astragal as ag
from astragal.examples.cases.case import Case, Data, array

R = ag.random


@ag.model
def rats(key, x, n):
    """Lines with independent random intercepts and slopes."""
    k = ag.split(key, 8)
    alpha_c, beta_c = R.normal(k[0], 0.0, 1000.0), R.normal(k[1], 0.0, 1000.0)
    tau_c, alpha_tau, beta_tau = (R.gamma(k[i], 0.001, rate=0.001) for i in (2, 3, 4))
    alpha = R.normal(k[5], alpha_c, 1 / ag.sqrt(alpha_tau), size=n)
    beta = R.normal(k[6], beta_c, 1 / ag.sqrt(beta_tau), size=n)
    mean = alpha[:, None] + beta[:, None] * (x - 22.0)
    return {
        "alpha": alpha,
        "beta": beta,
        "alpha_c": alpha_c,
        "beta_c": beta_c,
        "tau_c": tau_c,
        "alpha_tau": alpha_tau,
        "beta_tau": beta_tau,
        "alpha0": alpha_c - 22.0 * beta_c,
        "sigma": 1 / ag.sqrt(tau_c),
        "sigma_alpha": 1 / ag.sqrt(alpha_tau),
        "sigma_beta": 1 / ag.sqrt(beta_tau),
        "y": R.normal(k[7], mean, 1 / ag.sqrt(tau_c)),
    }


def _rats(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y = array(d, "x", "Y")
    return rats(x, len(y)), {"y": y}


@ag.model
def birats(key, x, n, omega, mean, precision):
    """Lines with correlated random intercepts and slopes."""
    k = ag.split(key, 5)
    r = R.wishart(k[0], 2.0, np.linalg.inv(omega))
    mu_beta = R.multivariate_normal(k[1], mean, np.linalg.inv(precision))
    tau = R.gamma(k[2], 0.001, rate=0.001)
    covariance = ag.linalg.inv(r)
    beta = R.multivariate_normal(k[3], mu_beta, covariance, size=n)
    sd1, sd2 = ag.sqrt(covariance[0, 0]), ag.sqrt(covariance[1, 1])
    return {
        "R": r,
        "mu_beta": mu_beta,
        "tauC": tau,
        "beta": beta,
        "sigma": 1 / ag.sqrt(tau),
        "sd1": sd1,
        "sd2": sd2,
        "rho": covariance[0, 1] / (sd1 * sd2),
        "y": R.normal(k[4], beta[:, :1] + beta[:, 1:] * x, 1 / ag.sqrt(tau)),
    }


def _birats(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y, omega, mean, precision = array(d, "x", "Y", "Omega", "mean", "prec")
    return birats(x, len(y), omega, mean, precision), {"y": y}


@ag.model
def equivalence(key, treatment, period):
    """A two-period cross-over trial; ``treatment`` and ``period`` are 1 or -1."""
    k = ag.split(key, 7)
    mu, phi, pi = (R.normal(k[i], 0.0, 1000.0) for i in (0, 1, 2))
    tau1, tau2 = (R.gamma(k[i], 0.001, rate=0.001) for i in (3, 4))
    delta = R.normal(k[5], 0.0, 1 / ag.sqrt(tau2), size=treatment.shape[0])
    mean = mu + treatment * phi / 2 + period * pi / 2 + delta[:, None]
    return {
        "mu": mu,
        "phi": phi,
        "pi": pi,
        "tau1": tau1,
        "tau2": tau2,
        "delta": delta,
        "sigma1": 1 / ag.sqrt(tau1),
        "sigma2": 1 / ag.sqrt(tau2),
        "theta": ag.exp(phi),
        "y": R.normal(k[6], mean, 1 / ag.sqrt(tau1)),
    }


def _equivalence(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    group, y, sign = array(d, "group", "Y", "sign")
    which = group[:, None] * (np.array([1.0, 2.0]) - 1.5) + 1.5
    return equivalence(np.where(which == 1, sign[0], sign[1]), sign), {"y": y}


RATS = Case("rats", _rats, draws=4000)
BIRATS = Case("birats", _birats, draws=4000)
EQUIVALENCE = Case("equiv", _equivalence, prefer=("collapse",), draws=4000)
