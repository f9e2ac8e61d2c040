"""Linear regressions with normal, flat and heavy-tailed priors, and with normal or t errors."""

from __future__ import annotations

from typing import Any

import numpy as np

import astragal as ag
from astragal.examples.cases.case import Case, Data, array, integers

R = ag.random


@ag.model
def flat_regression(key, x):
    """Flat coefficients, and a scale that is flat on its own scale."""
    k = ag.split(key, 3)
    beta = R.improper_uniform(k[0], size=x.shape[1])
    sigma = R.improper_uniform(k[1], low=0.0)
    return {"beta": beta, "sigma": sigma, "y": R.normal(k[2], x @ beta, sigma)}


@ag.model
def reference_regression(key, x):
    """Flat coefficients, and a variance that is flat on the scale of its logarithm."""
    k = ag.split(key, 3)
    beta = R.improper_uniform(k[0], size=x.shape[1])
    sigma2 = R.improper_uniform(k[1], low=0.0)
    return {
        "beta": beta,
        "sigma2": sigma2,
        "prior": ag.factor(-ag.log(sigma2)),
        "y": R.normal(k[2], x @ beta, ag.sqrt(sigma2)),
    }


def _earnings(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    earn, height, male = array(d, "earn", "height", "male")
    x = np.column_stack([np.ones(len(earn)), height, male, height * male])
    return flat_regression(x), {"y": np.log(earn)}


def _mesquite(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    weight, d1, d2, canopy, total, density, group = array(
        d, "weight", "diam1", "diam2", "canopy_height", "total_height", "density", "group"
    )
    x = np.column_stack(
        [
            np.ones(len(weight)),
            np.log(d1 * d2 * canopy),
            np.log(d1 * d2),
            np.log(d1 / d2),
            np.log(total),
            np.log(density),
            group,
        ]
    )
    return flat_regression(x), {"y": np.log(weight)}


def _nes(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    party, ideology, race, education, gender, income = array(
        d, "partyid7", "real_ideo", "race_adj", "educ1", "gender", "income"
    )
    (age,) = integers(d, "age_discrete")
    groups = [age == i for i in (2, 3, 4)]
    x = np.column_stack([np.ones(len(party)), ideology, race, *groups, education, gender, income])
    return flat_regression(x), {"y": party}


def _norris(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y = array(d, "x", "y")
    return reference_regression(np.column_stack([np.ones(len(x)), x])), {"y": y}


@ag.model
def groups(key, instrument):
    """One mean a group, one variance: flat, and flat on the scale of its logarithm."""
    k = ag.split(key, 3)
    mu = R.improper_uniform(k[0], size=5)
    sigma2 = R.improper_uniform(k[1], low=0.0)
    return {
        "mu": mu,
        "sigma2": sigma2,
        "prior": ag.factor(-ag.log(sigma2)),
        "y": R.normal(k[2], mu[instrument], ag.sqrt(sigma2)),
    }


def _sirstv(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (y,) = array(d, "resistance")
    (instrument,) = integers(d, "instrument")
    return groups(instrument - 1), {"y": y}


@ag.model
def one_sample(key, n):
    """Mean and variance of one sample, under the reference prior."""
    k = ag.split(key, 3)
    mu = R.improper_uniform(k[0])
    sigma2 = R.improper_uniform(k[1], low=0.0)
    return {
        "mu": mu,
        "sigma2": sigma2,
        "prior": ag.factor(-ag.log(sigma2)),
        "y": R.normal(k[2], mu, ag.sqrt(sigma2), size=n),
    }


def _light(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (y,) = array(d, "y")
    return one_sample(len(y)), {"y": y}


@ag.model
def half_cauchy_regression(key, x, mean, sd):
    """Normal or flat coefficients (flat where sd is infinite), half-Cauchy scale."""
    k = ag.split(key, 3)
    if np.all(np.isinf(sd)):
        beta = R.improper_uniform(k[0], size=x.shape[1])
    else:
        beta = R.normal(k[0], mean, sd, size=x.shape[1])
    sigma = R.half_cauchy(k[1], 2.5)
    return {"beta": beta, "sigma": sigma, "y": R.normal(k[2], x @ beta, sigma)}


def _kidiq(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    score, school, iq = array(d, "kid_score", "mom_hs", "mom_iq")
    x = np.column_stack([np.ones(len(score)), school, iq, school * iq])
    return half_cauchy_regression(x, 0.0, np.inf), {"y": score}


@ag.model
def autoregression(key, lags):
    """An autoregression is a regression on its lags."""
    k = ag.split(key, 4)
    alpha = R.normal(k[0], 0.0, 10.0)
    beta = R.normal(k[1], 0.0, 10.0, size=lags.shape[1])
    sigma = R.half_cauchy(k[2], 2.5)
    y = R.normal(k[3], alpha + lags @ beta, sigma)
    return {"alpha": alpha, "beta": beta, "sigma": sigma, "y": y}


def _autoregression(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    (y,) = array(d, "y")
    order = int(d["K"])
    lags = np.column_stack([y[order - j : len(y) - j] for j in range(1, order + 1)])
    return autoregression(lags), {"y": y[order:]}


@ag.model
def kilpisjarvi(key, x, mean, sd):
    """Proper normal priors, flat scale, and covariates that are not centred."""
    k = ag.split(key, 4)
    alpha = R.normal(k[0], mean[0], sd[0])
    beta = R.normal(k[1], mean[1], sd[1])
    sigma = R.improper_uniform(k[2], low=0.0)
    y = R.normal(k[3], alpha + beta * x, sigma)
    return {"alpha": alpha, "beta": beta, "sigma": sigma, "y": y}


def _kilpisjarvi(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y = array(d, "x", "y")
    mean, sd = [d["pmualpha"], d["pmubeta"]], [d["psalpha"], d["psbeta"]]
    return kilpisjarvi(x, mean, sd), {"y": y}


@ag.model
def half_normal_regression(key, x):
    """A half-normal prior on the scale: its square is generalised inverse Gaussian."""
    k = ag.split(key, 3)
    beta = R.normal(k[0], 0.0, 10.0, size=x.shape[1])
    sigma = R.half_normal(k[1], 10.0)
    return {"beta": beta, "sigma": sigma, "y": R.normal(k[2], x @ beta, sigma)}


def _blr(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y = array(d, "X", "y")
    return half_normal_regression(x), {"y": y}


@ag.model
def line(key, x):
    """Five points, vague conjugate priors."""
    k = ag.split(key, 4)
    alpha = R.normal(k[0], 0.0, 1000.0)
    beta = R.normal(k[1], 0.0, 1000.0)
    tau = R.gamma(k[2], 0.001, rate=0.001)
    y = R.normal(k[3], alpha + beta * (x - x.mean()), 1 / ag.sqrt(tau))
    return {"alpha": alpha, "beta": beta, "tau": tau, "sigma": 1 / ag.sqrt(tau), "y": y}


def _line(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y = array(d, "x", "Y")
    return line(x), {"y": y}


@ag.model
def stacks(key, x):
    """Errors with the law of a Student t of four degrees of freedom."""
    k = ag.split(key, 4)
    mean, sd = x.mean(0), x.std(0, ddof=1)
    beta0 = R.normal(k[0], 0.0, np.sqrt(1e5))
    beta = R.normal(k[1], 0.0, np.sqrt(1e5), size=3)
    tau = R.gamma(k[2], 0.001, rate=0.001)
    y = R.student_t(k[3], 4.0, beta0 + ((x - mean) / sd) @ beta, 1 / ag.sqrt(tau))
    return {
        "beta0": beta0,
        "beta": beta,
        "tau": tau,
        "sigma": ag.sqrt(2 / tau),
        "b0": beta0 - ag.sum(beta * (mean / sd)),
        "y": y,
    }


def _stacks(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    x, y = array(d, "x", "Y")
    return stacks(x), {"y": y}


EARNINGS = Case("earnings-logearn_interaction", _earnings)
MESQUITE = Case("mesquite-logmesquite_logvas", _mesquite)
NES = Case("nes2000-nes", _nes)
NORRIS = Case("nist_norris", _norris)
SIRSTV = Case("nist_sirstv", _sirstv)
LIGHT = Case("bda_light", _light)
KIDIQ = Case("kidiq-kidscore_interaction", _kidiq)
AUTOREGRESSION = Case("arK-arK", _autoregression)
KILPISJARVI = Case("kilpisjarvi_mod-kilpisjarvi", _kilpisjarvi)
BLR = Case("sblrc-blr", _blr)
LINE = Case("line", _line)
STACKS = Case("stacks_t4", _stacks, draws=10_000)
