"""The models of `bench_cases`, each written for Astragal, PyMC, NumPyro and JAGS; data simulated.

Where a peer's documentation advises another form of the same model (non-centred effects), its
version has that form.
"""

# A peer's functions are imported where they are needed: it may be absent.
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Data = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One model and its data: what is observed, what is compared, and four ways to write it.

    ``forbid`` is for `astragal.derive`.
    """

    name: str
    data: Data
    observed: tuple[str, ...]
    watched: tuple[str, ...]
    astragal: Callable[[Any, Any, Data], dict[str, Any]]
    pymc: Callable[[Any, Data], None]
    numpyro: Callable[[Any, Any, Data], None]
    jags: str
    forbid: tuple[str, ...] = ()


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# -- eight schools ---------------------------------------------------------------------------


def schools() -> Case:
    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        mu, tau = ag.random.normal(k[0], 0.0, 5.0), ag.random.half_cauchy(k[1], 5.0)
        theta = ag.random.normal(k[2], mu, tau, size=8)
        return {
            "mu": mu,
            "tau": tau,
            "theta": theta,
            "y": ag.random.normal(k[3], theta, d["sigma"]),
        }

    def pymc(pm: Any, d: Data) -> None:
        mu, tau = pm.Normal("mu", 0.0, 5.0), pm.HalfCauchy("tau", 5.0)
        theta = pm.Deterministic("theta", mu + tau * pm.Normal("z", shape=8))
        pm.Normal("y", theta, d["sigma"], observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        mu, tau = npr.sample("mu", dist.Normal(0, 5)), npr.sample("tau", dist.HalfCauchy(5))
        z = npr.sample("z", dist.Normal(0, 1).expand([8]))
        theta = npr.deterministic("theta", mu + tau * z)
        npr.sample("y", dist.Normal(theta, d["sigma"]), obs=d["y"])

    jags = """model { mu ~ dnorm(0, 1 / 25)  tau ~ dt(0, 1 / 25, 1)T(0,)
      for (i in 1:8) { theta[i] ~ dnorm(mu, 1 / tau^2)
        y[i] ~ dnorm(theta[i], 1 / sigma[i]^2) } }"""
    data = {
        "sigma": np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]),
        "y": np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]),
    }
    watched = ("mu", "tau", "theta")
    return Case("eight schools", data, ("y",), watched, ours, pymc, numpyro, jags)


# -- pumps -----------------------------------------------------------------------------------


def pumps() -> Case:
    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        alpha = ag.random.exponential(k[0], rate=1.0)
        beta = ag.random.gamma(k[1], 0.1, rate=1.0)
        theta = ag.random.gamma(k[2], alpha, rate=beta, size=10)
        y = ag.random.poisson(k[3], theta * d["hours"])
        return {"alpha": alpha, "beta": beta, "theta": theta, "y": y}

    def pymc(pm: Any, d: Data) -> None:
        alpha, beta = pm.Exponential("alpha", 1.0), pm.Gamma("beta", 0.1, 1.0)
        theta = pm.Gamma("theta", alpha, beta, shape=10)
        pm.Poisson("y", theta * d["hours"], observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        alpha = npr.sample("alpha", dist.Exponential(1.0))
        beta = npr.sample("beta", dist.Gamma(0.1, 1.0))
        theta = npr.sample("theta", dist.Gamma(alpha, beta).expand([10]))
        npr.sample("y", dist.Poisson(theta * d["hours"]), obs=d["y"])

    jags = """model { alpha ~ dexp(1)  beta ~ dgamma(0.1, 1)
      for (i in 1:10) { theta[i] ~ dgamma(alpha, beta)  y[i] ~ dpois(theta[i] * hours[i]) } }"""
    data = {
        "hours": np.array([94.3, 15.7, 62.9, 126.0, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5]),
        "y": np.array([5, 1, 5, 14, 3, 19, 1, 1, 4, 22]),
    }
    return Case("pumps", data, ("y",), ("alpha", "beta", "theta"), ours, pymc, numpyro, jags)


# -- growth curves, as of the rats of BUGS ----------------------------------------------------


def growth() -> Case:
    rng, x = _rng(1), np.linspace(-1.0, 1.0, 5)
    a, b = rng.normal(2.0, 0.7, 30), rng.normal(1.0, 0.4, 30)
    data = {"x": x, "y": rng.normal(a[:, None] + b[:, None] * x, 0.5)}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        tau = [ag.random.gamma(k[i], 1.0, rate=1.0) for i in range(3)]
        sd = [1.0 / ag.sqrt(t) for t in tau]
        m = [ag.random.normal(k[3 + i], 0.0, 10.0) for i in range(2)]
        a, b = (ag.random.normal(k[5 + i], m[i], sd[i], size=30) for i in range(2))
        y = ag.random.normal(k[7], a[:, None] + b[:, None] * d["x"], sd[2])
        names = ("tau_a", "tau_b", "tau_y", "mu_a", "mu_b", "a", "b", "y")
        return dict(zip(names, (*tau, *m, a, b, y), strict=True))

    def pymc(pm: Any, d: Data) -> None:
        tau = [pm.Gamma(f"tau_{n}", 1.0, 1.0) for n in "aby"]
        m = [pm.Normal(f"mu_{n}", 0.0, 10.0) for n in "ab"]
        a, b = (pm.Normal(n, m[i], tau=tau[i], shape=30) for i, n in enumerate("ab"))
        pm.Normal("y", a[:, None] + b[:, None] * d["x"], tau=tau[2], observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        sd = [npr.sample(f"tau_{n}", dist.Gamma(1.0, 1.0)) ** -0.5 for n in "aby"]
        m = [npr.sample(f"mu_{n}", dist.Normal(0, 10)) for n in "ab"]
        a, b = (npr.sample(n, dist.Normal(m[i], sd[i]).expand([30])) for i, n in enumerate("ab"))
        npr.sample("y", dist.Normal(a[:, None] + b[:, None] * d["x"], sd[2]), obs=d["y"])

    jags = """model { tau_a ~ dgamma(1, 1)  tau_b ~ dgamma(1, 1)  tau_y ~ dgamma(1, 1)
      mu_a ~ dnorm(0, 0.01)  mu_b ~ dnorm(0, 0.01)
      for (i in 1:30) { a[i] ~ dnorm(mu_a, tau_a)  b[i] ~ dnorm(mu_b, tau_b)
        for (j in 1:5) { y[i, j] ~ dnorm(a[i] + b[i] * x[j], tau_y) } } }"""
    watched = ("tau_a", "tau_b", "tau_y", "mu_a", "mu_b", "a", "b")
    return Case("growth curves", data, ("y",), watched, ours, pymc, numpyro, jags)


# -- proportions of groups --------------------------------------------------------------------


def proportions() -> Case:
    rng = _rng(2)
    data = {"n": rng.integers(10, 60, 50)}
    data["y"] = rng.binomial(data["n"], rng.beta(3.0, 9.0, 50))

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        a, b = (ag.random.gamma(k[i], 2.0, rate=0.2) for i in (0, 1))
        p = ag.random.beta(k[2], a, b, size=50)
        return {"a": a, "b": b, "p": p, "y": ag.random.binomial(k[3], d["n"], p)}

    def pymc(pm: Any, d: Data) -> None:
        a, b = pm.Gamma("a", 2.0, 0.2), pm.Gamma("b", 2.0, 0.2)
        pm.Binomial("y", d["n"], pm.Beta("p", a, b, shape=50), observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        a, b = (npr.sample(n, dist.Gamma(2.0, 0.2)) for n in "ab")
        p = npr.sample("p", dist.Beta(a, b).expand([50]))
        npr.sample("y", dist.Binomial(d["n"], p), obs=d["y"])

    jags = """model { a ~ dgamma(2, 0.2)  b ~ dgamma(2, 0.2)
      for (i in 1:50) { p[i] ~ dbeta(a, b)  y[i] ~ dbin(p[i], n[i]) } }"""
    return Case(
        "beta-binomial, 50 groups", data, ("y",), ("a", "b", "p"), ours, pymc, numpyro, jags
    )


# -- one rate of many counts ------------------------------------------------------------------


def rate() -> Case:
    data = {"y": _rng(3).poisson(2.3, 1000)}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        z = ag.random.gamma(k[0], 2.0, rate=1.0)
        return {"z": z, "y": ag.random.poisson(k[1], z, size=1000)}

    def pymc(pm: Any, d: Data) -> None:
        pm.Poisson("y", pm.Gamma("z", 2.0, 1.0), observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        npr.sample("y", dist.Poisson(npr.sample("z", dist.Gamma(2.0, 1.0))), obs=d["y"])

    jags = "model { z ~ dgamma(2, 1)  for (i in 1:1000) { y[i] ~ dpois(z) } }"
    return Case("gamma-Poisson, N = 1000", data, ("y",), ("z",), ours, pymc, numpyro, jags)


# -- regression with a conjugate prior ----------------------------------------------------------


def regression() -> Case:
    rng = _rng(4)
    x = rng.normal(size=(200, 5))
    data = {"x": x, "y": rng.normal(x @ np.array([1.0, -0.5, 0.0, 2.0, 0.3]), 0.8)}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        v = ag.random.inverse_gamma(k[0], 3.0, scale=2.0)
        b = ag.random.normal(k[1], 0.0, 3.0 * ag.sqrt(v), size=5)
        return {"v": v, "b": b, "y": ag.random.normal(k[2], ag.matmul(d["x"], b), ag.sqrt(v))}

    def pymc(pm: Any, d: Data) -> None:
        v = pm.InverseGamma("v", 3.0, 2.0)
        b = pm.Normal("b", 0.0, 3.0 * v**0.5, shape=5)
        pm.Normal("y", d["x"] @ b, v**0.5, observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        v = npr.sample("v", dist.InverseGamma(3.0, 2.0))
        b = npr.sample("b", dist.Normal(0.0, 3.0 * v**0.5).expand([5]))
        npr.sample("y", dist.Normal(d["x"] @ b, v**0.5), obs=d["y"])

    jags = """model { t ~ dgamma(3, 2)  v <- 1 / t
      for (j in 1:5) { b[j] ~ dnorm(0, t / 9) }
      for (i in 1:200) { y[i] ~ dnorm(inprod(x[i, ], b), t) } }"""
    return Case("regression, conjugate prior", data, ("y",), ("v", "b"), ours, pymc, numpyro, jags)


# -- a mixture of two normals -------------------------------------------------------------------


def mixture() -> Case:
    rng = _rng(5)
    data = {"y": np.where(rng.random(500) < 0.3, rng.normal(-2, 1, 500), rng.normal(2, 1, 500))}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        w = ag.random.beta(k[0], 2.0, 2.0)
        m = [ag.random.normal(k[1 + i], c, 1.0) for i, c in enumerate((-2.0, 2.0))]
        tau = ag.random.gamma(k[3], 2.0, rate=1.0)
        law = ag.random.normal.law(ag.stack(m), 1.0 / ag.sqrt(tau))
        y = ag.random.mixture(k[4], ag.stack([w, 1.0 - w]), law, size=500)
        return {"w": w, "low": m[0], "high": m[1], "tau": tau, "y": y}

    def pymc(pm: Any, d: Data) -> None:
        w, tau = pm.Beta("w", 2.0, 2.0), pm.Gamma("tau", 2.0, 1.0)
        m = [pm.Normal("low", -2.0, 1.0), pm.Normal("high", 2.0, 1.0)]
        pm.NormalMixture("y", pm.math.stack([w, 1 - w]), pm.math.stack(m), tau=tau, observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        import jax.numpy as jnp

        w, tau = npr.sample("w", dist.Beta(2.0, 2.0)), npr.sample("tau", dist.Gamma(2.0, 1.0))
        m = [npr.sample("low", dist.Normal(-2, 1)), npr.sample("high", dist.Normal(2, 1))]
        mix = dist.Categorical(probs=jnp.stack([w, 1 - w]))
        parts = dist.Normal(jnp.stack(m), tau**-0.5)
        npr.sample("y", dist.MixtureSameFamily(mix, parts).expand([500]), obs=d["y"])

    jags = """model { w ~ dbeta(2, 2)  tau ~ dgamma(2, 1)  low ~ dnorm(-2, 1)  high ~ dnorm(2, 1)
      for (i in 1:500) { z[i] ~ dbern(w)  y[i] ~ dnorm(z[i] * low + (1 - z[i]) * high, tau) } }"""
    watched = ("w", "low", "high", "tau")
    return Case("mixture, N = 500", data, ("y",), watched, ours, pymc, numpyro, jags)


# -- sparse logistic regression ------------------------------------------------------------------


def horseshoe() -> Case:
    rng = _rng(6)
    x = rng.normal(size=(200, 20))
    p = 1.0 / (1.0 + np.exp(-(x[:, :3] @ np.array([2.0, -1.5, 1.0]))))
    data = {"x": x, "y": (rng.random(200) < p).astype("int64")}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        tau = ag.random.half_cauchy(k[0], 1.0)
        lam = ag.random.half_cauchy(k[1], 1.0, size=20)
        b = ag.random.normal(k[2], 0.0, tau * lam)
        y = ag.random.bernoulli(k[3], ag.expit(ag.matmul(d["x"], b)))
        return {"tau": tau, "lam": lam, "b": b, "y": y}

    def pymc(pm: Any, d: Data) -> None:
        tau, lam = pm.HalfCauchy("tau", 1.0), pm.HalfCauchy("lam", 1.0, shape=20)
        b = pm.Deterministic("b", pm.Normal("z", shape=20) * tau * lam)
        pm.Bernoulli("y", logit_p=d["x"] @ b, observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        tau = npr.sample("tau", dist.HalfCauchy(1.0))
        lam = npr.sample("lam", dist.HalfCauchy(1.0).expand([20]))
        z = npr.sample("z", dist.Normal(0, 1).expand([20]))
        b = npr.deterministic("b", z * tau * lam)
        npr.sample("y", dist.Bernoulli(logits=d["x"] @ b), obs=d["y"])

    jags = """model { tau ~ dt(0, 1, 1)T(0,)
      for (j in 1:20) { lam[j] ~ dt(0, 1, 1)T(0,)  b[j] ~ dnorm(0, 1 / (tau * lam[j])^2) }
      for (i in 1:200) { logit(p[i]) <- inprod(x[i, ], b)  y[i] ~ dbern(p[i]) } }"""
    return Case("horseshoe logistic", data, ("y",), ("tau", "b"), ours, pymc, numpyro, jags)


# -- a level that moves ---------------------------------------------------------------------------


def level() -> Case:
    rng = _rng(7)
    data = {"y": rng.normal(np.cumsum(rng.normal(0.0, 0.3, 200)), 0.7)}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        move, noise = (ag.random.half_normal(k[i], 1.0) for i in (0, 1))

        def step(x: Any, key: Any) -> tuple[Any, Any]:
            new = ag.random.normal(key, x, move)
            return new, new

        _, x = ag.scan(step, ag.constant(0.0), ag.split(k[2], 200))
        return {"move": move, "noise": noise, "x": x, "y": ag.random.normal(k[3], x, noise)}

    def pymc(pm: Any, d: Data) -> None:
        move, noise = pm.HalfNormal("move", 1.0), pm.HalfNormal("noise", 1.0)
        first = pm.Normal.dist(0.0, move)
        x = pm.GaussianRandomWalk("x", mu=0.0, sigma=move, init_dist=first, steps=199)
        pm.Normal("y", x, noise, observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        move = npr.sample("move", dist.HalfNormal(1.0))
        noise = npr.sample("noise", dist.HalfNormal(1.0))
        x = npr.sample("x", dist.GaussianRandomWalk(move, num_steps=200))
        npr.sample("y", dist.Normal(x, noise), obs=d["y"])

    jags = """model { move ~ dnorm(0, 1)T(0,)  noise ~ dnorm(0, 1)T(0,)
      x[1] ~ dnorm(0, 1 / move^2)
      for (t in 2:200) { x[t] ~ dnorm(x[t - 1], 1 / move^2) }
      for (t in 1:200) { y[t] ~ dnorm(x[t], 1 / noise^2) } }"""
    watched = ("move", "noise", "x")
    return Case("local level, T = 200", data, ("y",), watched, ours, pymc, numpyro, jags)


CASES: dict[str, Callable[[], Case]] = {
    f.__name__: f
    for f in (schools, pumps, growth, proportions, rate, regression, mixture, horseshoe, level)
}
