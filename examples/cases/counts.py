"""Binary and count data: dose response, credit, mutagenicity."""

from __future__ import annotations

from typing import Any

import numpy as np

import astragal as ag
from astragal.examples.cases.case import Case, Data, array, integers

R = ag.random


@ag.model
def beetles(key, x, n, link):
    """Dose response; ``link`` is ``"logit"`` or ``"probit"``."""
    k = ag.split(key, 3)
    centre = x.mean()
    alpha_star = R.normal(k[0], 0.0, np.sqrt(1000.0))
    beta = R.normal(k[1], 0.0, np.sqrt(1000.0))
    eta = alpha_star + beta * (x - centre)
    p = ag.expit(eta) if link == "logit" else ag.special.ndtr(eta)
    return {
        "alpha_star": alpha_star,
        "beta": beta,
        "alpha": alpha_star - beta * centre,
        "rhat": n * p,
        "r": R.binomial(k[2], n, p),
    }


def _beetles(link: str) -> Any:
    def build(d: Data) -> tuple[ag.Model, dict[str, Any]]:
        (x,) = array(d, "x")
        n, r = integers(d, "n", "r")
        return beetles(x, n, link), {"r": r}

    return build


@ag.model
def german_credit(key, x):
    """Logistic regression with standard normal weights."""
    k = ag.split(key)
    weights = R.normal(k[0], 0.0, 1.0, size=x.shape[1])
    return {"weights": weights, "labels": R.bernoulli(k[1], ag.expit(x @ weights))}


def _german(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (x,) = array(d, "features")
    (labels,) = integers(d, "labels")
    x = (x - x.mean(0)) / x.std(0)
    return german_credit(np.column_stack([x, np.ones(len(x))])), {"labels": labels}


@ag.model
def salmonella(key, x, plates):
    """Counts with more spread than a Poisson has: a normal effect for each plate."""
    k = ag.split(key, 6)
    alpha, beta, gamma = (R.normal(k[i], 0.0, 1000.0) for i in (0, 1, 2))
    tau = R.gamma(k[3], 0.001, rate=0.001)
    lam = R.normal(k[4], 0.0, 1 / ag.sqrt(tau), size=(len(x), plates))
    line = alpha + beta * np.log(x + 10.0) + gamma * (x / 1000.0)
    return {
        "alpha": alpha,
        "beta": beta,
        "gamma": gamma,
        "tau": tau,
        "lambda_": lam,
        "sigma": 1 / ag.sqrt(tau),
        "y": R.poisson(k[5], ag.exp(line[:, None] + lam)),
    }


def _salmonella(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (x,) = array(d, "x")
    (y,) = integers(d, "y")
    return salmonella(x, y.shape[1]), {"y": y}


BEETLES_LOGIT = Case("beetles_logit", _beetles("logit"), draws=10_000)
BEETLES_PROBIT = Case("beetles_probit", _beetles("probit"), draws=4000)
GERMAN = Case("gym_german_logistic", _german, draws=4000)
SALMONELLA = Case("salm", _salmonella, draws=5000)
