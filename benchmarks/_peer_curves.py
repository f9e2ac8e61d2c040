"""Counts, mixtures, series and curves of `astragal.examples.cases`, as `_peer_models` has them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from _peer_models import Data, Peer

SUBSTEPS = 10
"""Steps of the integrator between two times of measurement."""

# -- counts ----------------------------------------------------------------------------------


def _beetles(p: Any, d: Data, link: str) -> None:
    centre = d["x"].mean()
    alpha_star, beta = (p.normal(n, 0.0, 1000.0**0.5) for n in ("alpha_star", "beta"))
    eta = alpha_star + beta * (d["x"] - centre)
    p.keep("alpha", alpha_star - beta * centre)
    p.keep("rhat", d["n"] * (p.sigmoid(eta) if link == "logit" else p.ndtr(eta)))
    if link == "logit":
        p.binomial_logits("r", d["n"], eta, d["r"])
    else:
        p.binomial("r", d["n"], p.ndtr(eta), observed=d["r"])


def _german(p: Any, d: Data) -> None:
    weights = p.normal("weights", 0.0, 1.0, shape=d["x"].shape[1])
    p.bernoulli_logits("labels", d["x"] @ weights, d["labels"])


def _salmonella(p: Any, d: Data) -> None:
    alpha, beta, gamma = (p.normal(n, 0.0, 1000.0) for n in ("alpha", "beta", "gamma"))
    sigma = p.keep("sigma", p.gamma("tau", 0.001, 0.001) ** -0.5)
    line = alpha + beta * np.log(d["x"] + 10.0) + gamma * (d["x"] / 1000.0)
    own = sigma * p.normal("z", 0.0, 1.0, shape=d["y"].shape)
    p.poisson("y", p.exp(line[:, None] + own), observed=d["y"])


BEETLES = """model { alpha_star ~ dnorm(0, 1.0E-3)  beta ~ dnorm(0, 1.0E-3)
      alpha <- alpha_star - beta * mean(x)
      for (i in 1:8) { LINK(p[i]) <- alpha_star + beta * (x[i] - mean(x))
        r[i] ~ dbin(p[i], n[i])  rhat[i] <- n[i] * p[i] } }"""
BEETLES_LOGIT = Peer(lambda p, d: _beetles(p, d, "logit"), BEETLES.replace("LINK", "logit"))
BEETLES_PROBIT = Peer(lambda p, d: _beetles(p, d, "probit"), BEETLES.replace("LINK", "probit"))
GERMAN = Peer(
    _german,
    """model { for (j in 1:25) { weights[j] ~ dnorm(0, 1) }
      for (i in 1:1000) { logit(q[i]) <- inprod(x[i, ], weights)  labels[i] ~ dbern(q[i]) } }""",
)
SALMONELLA = Peer(
    _salmonella,
    """model { alpha ~ dnorm(0, 1.0E-6)  beta ~ dnorm(0, 1.0E-6)  gamma ~ dnorm(0, 1.0E-6)
      tau ~ dgamma(0.001, 0.001)  sigma <- 1 / sqrt(tau)
      for (i in 1:6) { for (j in 1:3) { lambda[i, j] ~ dnorm(0, tau)
        log(m[i, j]) <- alpha + beta * log(x[i] + 10) + gamma * x[i] / 1000 + lambda[i, j]
        y[i, j] ~ dpois(m[i, j]) } } }""",
)


# -- discrete variables and mixtures ------------------------------------------------------------


def _two_normals(p: Any, d: Data) -> None:
    low = p.normal("low", 0.0, 2.0)
    gap = p.half_flat("gap")  # the means are in order
    mu = p.keep("mu", p.stack([low, low + gap]))
    p.factor("prior", -0.5 * ((low + gap) / 2.0) ** 2)
    sigma, theta = p.half_normal("sigma", 2.0, shape=2), p.beta("theta", 5.0, 5.0)
    p.normal_mixture("y", p.stack([theta, 1 - theta]), mu, sigma, d["y"])


def _hearts(p: Any, d: Data) -> None:
    alpha, delta = p.normal("alpha", 0.0, 100.0), p.normal("delta", 0.0, 100.0)
    p.keep("beta", p.exp(alpha))
    theta = p.keep("theta", p.sigmoid(delta))
    # the states are summed out
    p.zero_inflated_binomial("y", theta, d["trials"], p.sigmoid(alpha), d["y"])


ASIA = Peer(
    None,  # nothing in it is continuous
    """data { seen <- dyspnoea + 1 }
      model { smoking ~ dcat(p_smoking)  tuberculosis ~ dcat(p_tuberculosis[asia, ])
      lung_cancer ~ dcat(p_cancer[smoking, ])  bronchitis ~ dcat(p_bronchitis[smoking, ])
      either <- max(tuberculosis, lung_cancer)  xray ~ dcat(p_xray[either, ])
      seen ~ dcat(p_dyspnoea[either, bronchitis, ]) }""",
)
TWO_NORMALS = Peer(
    _two_normals,
    """data { one <- 1 }
      model { mu[1] ~ dnorm(0, 0.25)  mu[2] ~ dnorm(0, 0.25)T(mu[1], )
      one ~ dbern(1 - pnorm(mu[1], 0, 0.25))  theta ~ dbeta(5, 5)
      for (k in 1:2) { sigma[k] ~ dnorm(0, 0.25)T(0, ) }
      for (i in 1:length(y)) { z[i] ~ dbern(1 - theta)
        y[i] ~ dnorm(mu[z[i] + 1], 1 / sigma[z[i] + 1]^2) } }""",
)
HEARTS = Peer(
    _hearts,
    """model { alpha ~ dnorm(0, 1.0E-4)  delta ~ dnorm(0, 1.0E-4)  beta <- exp(alpha)
      theta <- ilogit(delta)
      for (i in 1:12) { state[i] ~ dbern(theta)
        q[i] <- (1 - state[i]) * ilogit(alpha)  y[i] ~ dbin(q[i], trials[i]) } }""",
)


# -- series ----------------------------------------------------------------------------------


def _brownian(p: Any, d: Data) -> None:
    steps = p.normal("steps", 0.0, d["innovation_noise_scale"], shape=30)
    locs = p.keep("locs", p.cumsum(steps))
    p.normal("y", locs[d["seen"]], d["observation_noise_scale"], observed=d["y"])


def _stochastic_volatility(p: Any, d: Data) -> None:
    n = len(d["y"])
    phi = p.keep("persistence_of_volatility", 2 * p.beta("half", 20.0, 1.5) - 1)
    mu = p.cauchy("mean_log_volatility", 0.0, 5.0)
    sigma = p.half_cauchy("white_noise_shock_scale", 2.0)
    z = p.normal("z", 0.0, 1.0, shape=n)  # not centred
    first = z[0] / p.sqrt(1 - phi**2)
    entering = p.concatenate([first[None], z[1:]])
    rest = p.scan(lambda s, x, phi: phi * s + x, 0.0 * z[0], entering, phi)
    h = p.keep("log_volatility", mu + sigma * rest)
    p.normal("y", 0.0, p.exp(h / 2), observed=d["y"])


def _garch(p: Any, d: Data) -> None:
    y = d["y"]
    mu, alpha0 = p.flat("mu"), p.half_flat("alpha0")
    alpha1, share = p.uniform("alpha1", 0.0, 1.0), p.uniform("share", 0.0, 1.0)
    beta1 = p.keep("beta1", share * (1 - alpha1))
    p.factor("prior", p.log(1 - alpha1))
    first = d["sigma1"] ** 2 + 0.0 * mu

    def step(s: Any, last: Any, mu: Any, alpha0: Any, alpha1: Any, beta1: Any) -> Any:
        return alpha0 + alpha1 * (last - mu) ** 2 + beta1 * s

    rest = p.scan(step, first, y[:-1], mu, alpha0, alpha1, beta1)
    p.normal("y", mu, p.sqrt(p.concatenate([first[None], rest])), observed=y)


def _forward(p: Any, transition: Any, emission: Any) -> Any:
    """Log probability of a hidden Markov chain's data, the first of two states being uniform."""
    moves = p.log(transition)

    def step(alpha: Any, e: Any, moves: Any) -> Any:
        return p.logsumexp(alpha[:, None] + moves, axis=0) + e

    return p.logsumexp(p.scan(step, emission[0] - np.log(2.0), emission[1:], moves)[-1])


def _ordered(p: Any, name: str, low: float, high: float) -> Any:
    """Two positive normals in order: the smaller, and by how much the other is larger."""
    first, gap = p.lower_normal(f"{name}_low", low, 1.0), p.half_flat(f"{name}_gap")
    p.factor(f"{name}_prior", -0.5 * (first + gap - high) ** 2)
    return p.keep(name, p.stack([first, first + gap]))


def _hidden_normals(p: Any, d: Data) -> None:
    rows = [p.dirichlet(f"theta{k}", np.ones(2)) for k in (1, 2)]
    mu = _ordered(p, "mu", 3.0, 10.0)
    p.factor("likelihood", _forward(p, p.stack(rows), -0.5 * (d["y"][:, None] - mu) ** 2))


def _drives(p: Any, d: Data) -> None:
    rows = [p.dirichlet(f"theta{k + 1}", d["concentration"][k]) for k in (0, 1)]
    phi, lam = _ordered(p, "phi", 0.0, 3.0), _ordered(p, "lambda_", 0.0, 3.0)
    emission = p.log(phi) - phi * d["u"][:, None] + p.log(lam) - lam * d["v"][:, None]
    p.factor("likelihood", _forward(p, p.stack(rows), emission))


BROWNIAN = Peer(
    _brownian,
    """data { q <- 1 / innovation_noise_scale^2  s <- 1 / observation_noise_scale^2 }
      model { locs[1] ~ dnorm(0, q)  for (t in 2:30) { locs[t] ~ dnorm(locs[t - 1], q) }
      for (i in 1:length(y)) { y[i] ~ dnorm(locs[seen[i] + 1], s) } }""",
)
STOCHASTIC_VOLATILITY = Peer(
    _stochastic_volatility,
    """model { half ~ dbeta(20, 1.5)  persistence_of_volatility <- 2 * half - 1
      mean_log_volatility ~ dt(0, 0.04, 1)  white_noise_shock_scale ~ dt(0, 0.25, 1)T(0, )
      tau <- 1 / white_noise_shock_scale^2
      log_volatility[1] ~ dnorm(mean_log_volatility, tau * (1 - persistence_of_volatility^2))
      for (t in 2:length(y)) { log_volatility[t] ~ dnorm(mean_log_volatility
        + persistence_of_volatility * (log_volatility[t - 1] - mean_log_volatility), tau) }
      for (t in 1:length(y)) { y[t] ~ dnorm(0, exp(-log_volatility[t])) } }""",
)
GARCH = Peer(
    _garch,
    """data { one <- 1 }
      model { mu ~ dnorm(0, 1.0E-6)  alpha0 ~ dunif(0, 1000)  alpha1 ~ dunif(0, 1)
      beta1 ~ dunif(0, 1 - alpha1)  one ~ dbern(1 - alpha1)  v[1] <- sigma1^2
      for (t in 2:length(y)) { v[t] <- alpha0 + alpha1 * (y[t - 1] - mu)^2 + beta1 * v[t - 1] }
      for (t in 1:length(y)) { y[t] ~ dnorm(mu, 1 / v[t]) } }""",
)
CHAIN = """z[1] ~ dcat(first)
      for (t in 2:length(z)) { z[t] ~ dcat(theta[z[t - 1], ]) }
      for (k in 1:2) { theta1[k] <- theta[1, k]  theta2[k] <- theta[2, k] }"""
ORDERED = """NAME[1] ~ dnorm(LOW, 1)T(0, )  NAME[2] ~ dnorm(HIGH, 1)T(NAME[1], )
      one_NAME ~ dbern(1 - pnorm(NAME[1], HIGH, 1))"""


def _in_order(name: str, low: int, high: int) -> str:
    return ORDERED.replace("NAME", name).replace("LOW", str(low)).replace("HIGH", str(high))


HIDDEN_NORMALS = Peer(
    _hidden_normals,
    f"""data {{ one_mu <- 1  first[1] <- 0.5  first[2] <- 0.5  a[1] <- 1  a[2] <- 1
        n <- length(y) }}
      model {{ {_in_order("mu", 3, 10)}
      for (k in 1:2) {{ theta[k, 1:2] ~ ddirch(a) }}  {CHAIN.replace("length(z)", "n")}
      for (t in 1:n) {{ y[t] ~ dnorm(mu[z[t]], 1) }} }}""",
)
DRIVES = Peer(
    _drives,
    f"""data {{ one_phi <- 1  one_lambda_ <- 1  first[1] <- 0.5  first[2] <- 0.5
        n <- length(u) }}
      model {{ {_in_order("phi", 0, 3)}  {_in_order("lambda_", 0, 3)}
      for (k in 1:2) {{ theta[k, 1:2] ~ ddirch(concentration[k, ]) }}
      {CHAIN.replace("length(z)", "n")}
      for (t in 1:n) {{ u[t] ~ dexp(phi[z[t]])  v[t] ~ dexp(lambda_[z[t]]) }} }}""",
    "phi <- c(2, 7)\nlambda_ <- c(0.03, 0.08)\n",
)


# -- curves ----------------------------------------------------------------------------------


def _dugongs(p: Any, d: Data) -> None:
    alpha, beta = p.uniform("alpha", 0.0, 100.0), p.uniform("beta", 0.0, 100.0)
    gamma = p.uniform("gamma", 0.5, 1.0)
    p.keep("U3", p.log(gamma / (1 - gamma)))
    sigma = p.keep("sigma", p.gamma("tau", 0.001, 0.001) ** -0.5)
    p.normal("y", alpha - beta * gamma ** d["x"], sigma, observed=d["y"])


def _gaussian_process(p: Any, d: Data) -> None:
    rho, alpha = p.gamma("rho", 25.0, 4.0), p.half_normal("alpha", 2.0)
    sigma = p.half_normal("sigma", 1.0)
    apart = np.square(d["x"][:, None] - d["x"])
    n = len(d["x"])
    covariance = alpha**2 * p.exp(-apart / (2 * rho**2)) + sigma * np.eye(n)
    p.multivariate_normal("y", np.zeros(n), covariance, observed=d["y"])


def _one_compartment(p: Any, d: Data) -> None:
    k_a, K_m, V_m, sigma = (p.half_cauchy(n, 1.0) for n in ("k_a", "K_m", "V_m", "sigma"))
    dose, volume = d["D"], d["V"]

    def step(c: Any, at: Any, k_a: Any, K_m: Any, V_m: Any) -> Any:
        def slope(t: Any, c: Any) -> Any:
            return dose * k_a / volume * p.exp(-k_a * t) - V_m / volume * c / (K_m + c)

        t, h = at[0], at[1]
        a = slope(t, c)
        b = slope(t + h / 2, c + h / 2 * a)
        e = slope(t + h / 2, c + h / 2 * b)
        return c + h / 6 * (a + 2 * b + 2 * e + slope(t + h, c + h * e))

    path = p.scan(step, 0.0 * k_a, _grid(d), k_a, K_m, V_m)
    p.lognormal("y", p.log(path[SUBSTEPS - 1 :: SUBSTEPS]), sigma, observed=d["y"])


def _grid(d: Data) -> Any:
    """Time and length of each step of the integrator."""
    ends = np.concatenate([[float(d["t0"])], d["times"]])
    starts = [np.linspace(a, b, SUBSTEPS + 1)[:-1] for a, b in itertools.pairwise(ends)]
    return np.column_stack([np.concatenate(starts), np.repeat(np.diff(ends) / SUBSTEPS, SUBSTEPS)])


DUGONGS = Peer(
    _dugongs,
    """model { alpha ~ dunif(0, 100)  beta ~ dunif(0, 100)  gamma ~ dunif(0.5, 1)
      tau ~ dgamma(0.001, 0.001)  sigma <- 1 / sqrt(tau)  U3 <- logit(gamma)
      for (i in 1:length(y)) { y[i] ~ dnorm(alpha - beta * pow(gamma, x[i]), tau) } }""",
    "alpha <- 1\nbeta <- 1\ngamma <- 0.9\ntau <- 1\n",  # as in the BUGS examples
)
GAUSSIAN_PROCESS = Peer(
    _gaussian_process,
    """data { for (i in 1:length(x)) { zero[i] <- 0 } }
      model { rho ~ dgamma(25, 4)  alpha ~ dnorm(0, 0.25)T(0, )  sigma ~ dnorm(0, 1)T(0, )
      for (i in 1:length(x)) { for (j in 1:length(x)) {
        C[i, j] <- alpha^2 * exp(-(x[i] - x[j])^2 / (2 * rho^2)) + sigma * equals(i, j) } }
      P <- inverse(C)  y ~ dmnorm(zero, P) }""",
)
ONE_COMPARTMENT = Peer(
    _one_compartment,
    f"""data {{ for (i in 1:length(times)) {{
        h[i] <- (times[i] - ifelse(i == 1, t0, times[max(i - 1, 1)])) / {SUBSTEPS}
        for (j in 1:{SUBSTEPS}) {{
          at[(i - 1) * {SUBSTEPS} + j] <- times[i] - ({SUBSTEPS} + 1 - j) * h[i]
          w[(i - 1) * {SUBSTEPS} + j] <- h[i] }} }} }}
      model {{ k_a ~ dt(0, 1, 1)T(0, )  K_m ~ dt(0, 1, 1)T(0, )  V_m ~ dt(0, 1, 1)T(0, )
      sigma ~ dt(0, 1, 1)T(0, )  c[1] <- 0  q <- D * k_a / V  r <- V_m / V
      for (t in 1:length(at)) {{
        s1[t] <- q * exp(-k_a * at[t]) - r * c[t] / (K_m + c[t])
        c2[t] <- c[t] + w[t] / 2 * s1[t]  m[t] <- q * exp(-k_a * (at[t] + w[t] / 2))
        s2[t] <- m[t] - r * c2[t] / (K_m + c2[t])  c3[t] <- c[t] + w[t] / 2 * s2[t]
        s3[t] <- m[t] - r * c3[t] / (K_m + c3[t])  c4[t] <- c[t] + w[t] * s3[t]
        s4[t] <- q * exp(-k_a * (at[t] + w[t])) - r * c4[t] / (K_m + c4[t])
        c[t + 1] <- c[t] + w[t] / 6 * (s1[t] + 2 * s2[t] + 2 * s3[t] + s4[t]) }}
      for (i in 1:length(y)) {{ y[i] ~ dlnorm(log(c[{SUBSTEPS} * i + 1]), 1 / sigma^2) }} }}""",
)  # fmt: skip
