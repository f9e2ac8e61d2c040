"""The models of `astragal.examples.cases` as PyMC and NumPyro write them (once), and as JAGS does.

Data have the names of the arguments of Astragal's models and of what is observed there. JAGS has
no improper priors: it gets wide normal and uniform ones in their place, and a point of data
(``one``) where a density must be weighted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from _dialects import Model

Data = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A model in the vocabulary of `_dialects`, and in JAGS's language; None where it has none.

    ``start`` is where JAGS's chains start, for it starts in the middle of priors.
    """

    model: Model | None
    jags: str | None
    start: str = ""


# -- regressions -----------------------------------------------------------------------------


def _flat_regression(p: Any, d: Data) -> None:
    beta, sigma = p.flat("beta", shape=d["x"].shape[1]), p.half_flat("sigma")
    p.normal("y", d["x"] @ beta, sigma, observed=d["y"])


def _reference_regression(p: Any, d: Data) -> None:
    beta, sigma2 = p.flat("beta", shape=d["x"].shape[1]), p.half_flat("sigma2")
    p.factor("prior", -p.log(sigma2))
    p.normal("y", d["x"] @ beta, p.sqrt(sigma2), observed=d["y"])


def _groups(p: Any, d: Data) -> None:
    mu, sigma2 = p.flat("mu", shape=5), p.half_flat("sigma2")
    p.factor("prior", -p.log(sigma2))
    p.normal("y", mu[d["instrument"]], p.sqrt(sigma2), observed=d["y"])


def _one_sample(p: Any, d: Data) -> None:
    mu, sigma2 = p.flat("mu"), p.half_flat("sigma2")
    p.factor("prior", -p.log(sigma2))
    p.normal("y", mu, p.sqrt(sigma2), observed=d["y"])


def _half_cauchy_regression(p: Any, d: Data) -> None:
    beta, sigma = p.flat("beta", shape=d["x"].shape[1]), p.half_cauchy("sigma", 2.5)
    p.normal("y", d["x"] @ beta, sigma, observed=d["y"])


def _autoregression(p: Any, d: Data) -> None:
    alpha, beta = p.normal("alpha", 0.0, 10.0), p.normal("beta", 0.0, 10.0, shape=5)
    p.normal("y", alpha + d["lags"] @ beta, p.half_cauchy("sigma", 2.5), observed=d["y"])


def _kilpisjarvi(p: Any, d: Data) -> None:
    alpha, beta = (p.normal(n, d["mean"][i], d["sd"][i]) for i, n in enumerate(("alpha", "beta")))
    p.normal("y", alpha + beta * d["x"], p.half_flat("sigma"), observed=d["y"])


def _half_normal_regression(p: Any, d: Data) -> None:
    beta = p.normal("beta", 0.0, 10.0, shape=d["x"].shape[1])
    p.normal("y", d["x"] @ beta, p.half_normal("sigma", 10.0), observed=d["y"])


def _line(p: Any, d: Data) -> None:
    alpha, beta = p.normal("alpha", 0.0, 1000.0), p.normal("beta", 0.0, 1000.0)
    sigma = p.keep("sigma", p.gamma("tau", 0.001, 0.001) ** -0.5)
    p.normal("y", alpha + beta * (d["x"] - d["x"].mean()), sigma, observed=d["y"])


def _stacks(p: Any, d: Data) -> None:
    mean, sd = d["x"].mean(0), d["x"].std(0, ddof=1)
    beta0, beta = p.normal("beta0", 0.0, 1e5**0.5), p.normal("beta", 0.0, 1e5**0.5, shape=3)
    tau = p.gamma("tau", 0.001, 0.001)
    p.keep("sigma", p.sqrt(2 / tau))
    p.keep("b0", beta0 - (mean / sd) @ beta)
    p.student_t("y", 4.0, beta0 + ((d["x"] - mean) / sd) @ beta, tau**-0.5, observed=d["y"])


FLAT = "for (j in 1:length(x[1,])) { beta[j] ~ dnorm(0, 1.0E-10) }"
LINEAR = "for (i in 1:length(y)) { y[i] ~ dnorm(inprod(x[i,], beta), tau) }"

FLAT_REGRESSION = Peer(
    _flat_regression,
    f"model {{ sigma ~ dunif(0, 1.0E4)  tau <- 1 / sigma^2  {FLAT}  {LINEAR} }}",
)
NORRIS = Peer(
    _reference_regression,
    f"model {{ tau ~ dgamma(1.0E-6, 1.0E-6)  sigma2 <- 1 / tau  {FLAT}  {LINEAR} }}",
)
SIRSTV = Peer(
    _groups,
    """model { tau ~ dgamma(1.0E-6, 1.0E-6)  sigma2 <- 1 / tau
      for (j in 1:5) { mu[j] ~ dnorm(0, 1.0E-10) }
      for (i in 1:length(y)) { y[i] ~ dnorm(mu[instrument[i] + 1], tau) } }""",
)
LIGHT = Peer(
    _one_sample,
    """model { tau ~ dgamma(1.0E-6, 1.0E-6)  sigma2 <- 1 / tau  mu ~ dnorm(0, 1.0E-10)
      for (i in 1:length(y)) { y[i] ~ dnorm(mu, tau) } }""",
)
KIDIQ = Peer(
    _half_cauchy_regression,
    f"model {{ sigma ~ dt(0, 1 / 6.25, 1)T(0,)  tau <- 1 / sigma^2  {FLAT}  {LINEAR} }}",
)
AUTOREGRESSION = Peer(
    _autoregression,
    """model { sigma ~ dt(0, 1 / 6.25, 1)T(0,)  alpha ~ dnorm(0, 0.01)
      for (j in 1:5) { beta[j] ~ dnorm(0, 0.01) }
      for (i in 1:length(y)) { y[i] ~ dnorm(alpha + inprod(lags[i,], beta), 1 / sigma^2) } }""",
)
KILPISJARVI = Peer(
    _kilpisjarvi,
    """model { alpha ~ dnorm(mean[1], 1 / sd[1]^2)  beta ~ dnorm(mean[2], 1 / sd[2]^2)
      sigma ~ dunif(0, 1.0E4)
      for (i in 1:length(y)) { y[i] ~ dnorm(alpha + beta * x[i], 1 / sigma^2) } }""",
)
BLR = Peer(
    _half_normal_regression,
    f"""model {{ for (j in 1:length(x[1,])) {{ beta[j] ~ dnorm(0, 0.01) }}
      sigma ~ dnorm(0, 0.01)T(0,)  tau <- 1 / sigma^2  {LINEAR} }}""",
)
LINE = Peer(
    _line,
    """model { alpha ~ dnorm(0, 1.0E-6)  beta ~ dnorm(0, 1.0E-6)  tau ~ dgamma(0.001, 0.001)
      sigma <- 1 / sqrt(tau)
      for (i in 1:length(y)) { y[i] ~ dnorm(alpha + beta * (x[i] - mean(x)), tau) } }""",
)
STACKS = Peer(
    _stacks,
    """data { for (j in 1:3) { for (i in 1:length(y)) {
        z[i, j] <- (x[i, j] - mean(x[, j])) / sd(x[, j]) }  r[j] <- mean(x[, j]) / sd(x[, j]) } }
      model { beta0 ~ dnorm(0, 1.0E-5)  for (j in 1:3) { beta[j] ~ dnorm(0, 1.0E-5) }
      tau ~ dgamma(0.001, 0.001)  sigma <- sqrt(2 / tau)  b0 <- beta0 - inprod(r, beta)
      for (i in 1:length(y)) { y[i] ~ dt(beta0 + inprod(z[i, ], beta), tau, 4) } }""",
)


# -- growth ----------------------------------------------------------------------------------


def _rats(p: Any, d: Data) -> None:
    centres = [p.normal(n, 0.0, 1000.0) for n in ("alpha_c", "beta_c")]
    names = {"sigma": "tau_c", "sigma_alpha": "alpha_tau", "sigma_beta": "beta_tau"}
    sigma, *sds = (p.keep(n, p.gamma(t, 0.001, 0.001) ** -0.5) for n, t in names.items())
    alpha, beta = (
        p.normal(n, centres[i], sds[i], shape=len(d["y"])) for i, n in enumerate(("alpha", "beta"))
    )
    p.keep("alpha0", centres[0] - 22.0 * centres[1])
    p.normal("y", alpha[:, None] + beta[:, None] * (d["x"] - 22.0), sigma, observed=d["y"])


def _birats(p: Any, d: Data) -> None:
    # R is Wishart with two degrees of freedom: Bartlett's factors.
    root = np.linalg.cholesky(np.linalg.inv(d["omega"]))
    a, b, c = p.chi2("a", 2.0), p.chi2("b", 1.0), p.normal("c", 0.0, 1.0)
    rows = [p.stack([p.sqrt(a), 0.0 * a]), p.stack([c, p.sqrt(b)])]
    factor = root @ p.stack(rows)
    covariance = p.inverse(factor @ factor.T)
    sds = [p.keep(f"sd{i + 1}", p.sqrt(covariance[i, i])) for i in (0, 1)]
    p.keep("rho", covariance[0, 1] / (sds[0] * sds[1]))
    mu = p.multivariate_normal("mu_beta", d["mean"], np.linalg.inv(d["precision"]))
    beta = p.multivariate_normal("beta", mu, covariance, count=len(d["y"]))
    sigma = p.keep("sigma", p.gamma("tauC", 0.001, 0.001) ** -0.5)
    p.normal("y", beta[:, :1] + beta[:, 1:] * d["x"], sigma, observed=d["y"])


def _equivalence(p: Any, d: Data) -> None:
    mu, phi, pi = (p.normal(n, 0.0, 1000.0) for n in ("mu", "phi", "pi"))
    sigma1, sigma2 = (p.keep(f"sigma{i}", p.gamma(f"tau{i}", 0.001, 0.001) ** -0.5) for i in (1, 2))
    p.keep("theta", p.exp(phi))
    delta = sigma2 * p.normal("z", 0.0, 1.0, shape=len(d["y"]))
    mean = mu + d["treatment"] * phi / 2 + d["period"] * pi / 2 + delta[:, None]
    p.normal("y", mean, sigma1, observed=d["y"])


RATS = Peer(
    _rats,
    """model { alpha_c ~ dnorm(0, 1.0E-6)  beta_c ~ dnorm(0, 1.0E-6)
      tau_c ~ dgamma(0.001, 0.001)  alpha_tau ~ dgamma(0.001, 0.001)
      beta_tau ~ dgamma(0.001, 0.001)  alpha0 <- alpha_c - 22 * beta_c
      sigma <- 1 / sqrt(tau_c)  sigma_alpha <- 1 / sqrt(alpha_tau)
      sigma_beta <- 1 / sqrt(beta_tau)
      for (i in 1:30) { alpha[i] ~ dnorm(alpha_c, alpha_tau)  beta[i] ~ dnorm(beta_c, beta_tau)
        for (j in 1:5) { y[i, j] ~ dnorm(alpha[i] + beta[i] * (x[j] - 22), tau_c) } } }""",
)
BIRATS = Peer(
    _birats,
    """model { R ~ dwish(omega, 2)  S <- inverse(R)  mu_beta ~ dmnorm(mean, precision)
      tauC ~ dgamma(0.001, 0.001)  sigma <- 1 / sqrt(tauC)
      sd1 <- sqrt(S[1, 1])  sd2 <- sqrt(S[2, 2])  rho <- S[1, 2] / (sd1 * sd2)
      for (i in 1:30) { beta[i, 1:2] ~ dmnorm(mu_beta, R)
        for (j in 1:5) { y[i, j] ~ dnorm(beta[i, 1] + beta[i, 2] * x[j], tauC) } } }""",
)
EQUIVALENCE = Peer(
    _equivalence,
    """model { mu ~ dnorm(0, 1.0E-6)  phi ~ dnorm(0, 1.0E-6)  pi ~ dnorm(0, 1.0E-6)
      tau1 ~ dgamma(0.001, 0.001)  tau2 ~ dgamma(0.001, 0.001)  theta <- exp(phi)
      sigma1 <- 1 / sqrt(tau1)  sigma2 <- 1 / sqrt(tau2)
      for (i in 1:10) { delta[i] ~ dnorm(0, tau2)  for (k in 1:2) {
        y[i, k] ~ dnorm(mu + treatment[i, k] * phi / 2 + period[k] * pi / 2 + delta[i], tau1) } }
      }""",
)


# -- groups that share their strength ----------------------------------------------------------


def _schools(p: Any, d: Data) -> None:
    mu, tau = p.normal("mu", 0.0, 5.0), p.half_cauchy("tau", 5.0)
    theta = p.keep("theta", mu + tau * p.normal("z", 0.0, 1.0, shape=8))
    p.normal("y", theta, d["sigma"], observed=d["y"])


def _pumps(p: Any, d: Data) -> None:
    alpha, beta = p.exponential("alpha", 1.0), p.gamma("beta", 0.1, 1.0)
    theta = p.gamma("theta", alpha, beta, shape=10)
    p.poisson("failures", theta * d["hours"], observed=d["failures"])


def _rat_tumors(p: Any, d: Data) -> None:
    alpha, beta = p.half_flat("alpha"), p.half_flat("beta")
    p.factor("prior", -2.5 * p.log(alpha + beta))
    p.keep("mu", alpha / (alpha + beta))
    theta = p.beta("theta", alpha, beta, shape=len(d["n"]))
    p.binomial("y", d["n"], theta, observed=d["y"])


def _surgical(p: Any, d: Data) -> None:
    mu = p.normal("mu", 0.0, 1000.0)
    sigma = p.keep("sigma", p.gamma("tau", 0.001, 0.001) ** -0.5)
    b = p.normal("b", mu, sigma, shape=len(d["n"]))
    p.keep("p", p.sigmoid(b))
    p.keep("pop_mean", p.sigmoid(mu))
    p.binomial_logits("r", d["n"], b, d["r"])


def _blockers(p: Any, d: Data) -> None:
    effect = p.normal("d", 0.0, 1000.0)
    sigma = p.keep("sigma", p.gamma("tau", 0.001, 0.001) ** -0.5)
    mu = p.normal("mu", 0.0, 1e5**0.5, shape=22)
    delta = p.keep("delta", effect + sigma * p.normal("z", 0.0, 1.0, shape=22))
    p.keep("delta_new", effect + sigma * p.normal("z_new", 0.0, 1.0))
    p.binomial_logits("rc", d["control"], mu, d["rc"])
    p.binomial_logits("rt", d["treated"], mu + delta, d["rt"])


SCHOOLS = Peer(
    _schools,
    """model { mu ~ dnorm(0, 1 / 25)  tau ~ dt(0, 1 / 25, 1)T(0,)
      for (i in 1:8) { theta[i] ~ dnorm(mu, 1 / tau^2)
        y[i] ~ dnorm(theta[i], 1 / sigma[i]^2) } }""",
)
PUMPS = Peer(
    _pumps,
    """model { alpha ~ dexp(1)  beta ~ dgamma(0.1, 1)
      for (i in 1:10) { theta[i] ~ dgamma(alpha, beta)
        failures[i] ~ dpois(theta[i] * hours[i]) } }""",
)
RAT_TUMORS = Peer(
    _rat_tumors,
    """model { mu ~ dunif(0, 1)  v ~ dunif(0, 2)  # flat here is (alpha + beta)^(-5/2) there
      alpha <- mu / v^2  beta <- (1 - mu) / v^2
      for (i in 1:length(n)) { theta[i] ~ dbeta(alpha, beta)  y[i] ~ dbin(theta[i], n[i]) } }""",
    "mu <- 0.5\nv <- 0.5\n",
)
SURGICAL = Peer(
    _surgical,
    """model { mu ~ dnorm(0, 1.0E-6)  tau ~ dgamma(0.001, 0.001)  sigma <- 1 / sqrt(tau)
      pop_mean <- ilogit(mu)
      for (i in 1:12) { b[i] ~ dnorm(mu, tau)  logit(p[i]) <- b[i]  r[i] ~ dbin(p[i], n[i]) } }""",
)
BLOCKERS = Peer(
    _blockers,
    """model { d ~ dnorm(0, 1.0E-6)  tau ~ dgamma(0.001, 0.001)  sigma <- 1 / sqrt(tau)
      delta_new ~ dnorm(d, tau)
      for (i in 1:22) { mu[i] ~ dnorm(0, 1.0E-5)  delta[i] ~ dnorm(d, tau)
        logit(pc[i]) <- mu[i]  rc[i] ~ dbin(pc[i], control[i])
        logit(pt[i]) <- mu[i] + delta[i]  rt[i] ~ dbin(pt[i], treated[i]) } }""",
)
