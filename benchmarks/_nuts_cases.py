"""Models that only NUTS moves, for `bench_nuts`: auxiliary variables and closed forms refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from _cases import Case, Data, schools

ELSE = ("gibbs", "exact", "collapse", "augment", "slice")


def nuts_schools() -> Case:
    """Eight schools as it is written there: the peers' versions are non-centred."""
    whole = schools()
    return Case("eight schools by NUTS", whole.data, whole.observed, whole.watched,
                whole.astragal, whole.pymc, whole.numpyro, whole.jags, ELSE)  # fmt: skip


def nuts_logistic() -> Case:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(500, 10))
    p = 1.0 / (1.0 + np.exp(-(0.5 + x @ np.linspace(-1.0, 1.0, 10))))
    data = {"x": x, "y": (rng.random(500) < p).astype("int64")}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        a, b = ag.random.normal(k[0], 0.0, 1.0), ag.random.normal(k[1], 0.0, 1.0, size=10)
        return {"a": a, "b": b, "y": ag.random.bernoulli(k[2], ag.expit(a + d["x"] @ b))}

    def pymc(pm: Any, d: Data) -> None:
        a, b = pm.Normal("a", 0.0, 1.0), pm.Normal("b", 0.0, 1.0, shape=10)
        pm.Bernoulli("y", logit_p=a + d["x"] @ b, observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        a = npr.sample("a", dist.Normal(0, 1))
        b = npr.sample("b", dist.Normal(0, 1).expand([10]))
        npr.sample("y", dist.Bernoulli(logits=a + d["x"] @ b), obs=d["y"])

    jags = """model { a ~ dnorm(0, 1)  for (j in 1:10) { b[j] ~ dnorm(0, 1) }
      for (i in 1:500) { logit(p[i]) <- a + inprod(x[i,], b)  y[i] ~ dbern(p[i]) } }"""
    watched = ("a", "b")
    return Case("logistic regression by NUTS, N = 500, p = 10", data, ("y",), watched,
                ours, pymc, numpyro, jags, ELSE)  # fmt: skip


def nuts_volatility() -> Case:
    rng = np.random.default_rng(8)
    h = -1.0 + np.cumsum(0.2 * rng.normal(size=200))
    data = {"y": rng.normal(size=200) * np.exp(h / 2)}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        mu, sigma = ag.random.normal(k[0], 0.0, 2.0), ag.random.half_normal(k[1], 0.5)
        h = ag.random.random_walk(k[2], 200, mu, 0.0, sigma)
        return {"mu": mu, "sigma": sigma, "h": h, "y": ag.random.normal(k[3], 0.0, ag.exp(h / 2))}

    def pymc(pm: Any, d: Data) -> None:
        mu, sigma = pm.Normal("mu", 0.0, 2.0), pm.HalfNormal("sigma", 0.5)
        steps = pm.Normal("z", shape=200)
        h = pm.Deterministic("h", mu + sigma * pm.math.cumsum(steps))
        pm.Normal("y", 0.0, pm.math.exp(h / 2), observed=d["y"])

    def numpyro(npr: Any, dist: Any, d: Data) -> None:
        import jax.numpy as jnp

        mu = npr.sample("mu", dist.Normal(0, 2))
        sigma = npr.sample("sigma", dist.HalfNormal(0.5))
        steps = npr.sample("z", dist.Normal(0, 1).expand([200]))
        h = npr.deterministic("h", mu + sigma * jnp.cumsum(steps))
        npr.sample("y", dist.Normal(0, jnp.exp(h / 2)), obs=d["y"])

    jags = """model { mu ~ dnorm(0, 1 / 4)  sigma ~ dnorm(0, 4)T(0,)
      h[1] ~ dnorm(mu, 1 / sigma^2)
      for (t in 2:200) { h[t] ~ dnorm(h[t - 1], 1 / sigma^2) }
      for (t in 1:200) { y[t] ~ dnorm(0, exp(-h[t])) } }"""
    watched = ("mu", "sigma", "h")
    return Case("stochastic volatility by NUTS, T = 200", data, ("y",), watched,
                ours, pymc, numpyro, jags, ELSE)  # fmt: skip


NUTS_CASES = {f.__name__: f for f in (nuts_schools, nuts_logistic, nuts_volatility)}
