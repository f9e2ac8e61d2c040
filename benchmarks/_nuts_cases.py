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
                whole.astragal, whole.peer, whole.jags, ELSE)  # fmt: skip


def nuts_logistic() -> Case:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(500, 10))
    p = 1.0 / (1.0 + np.exp(-(0.5 + x @ np.linspace(-1.0, 1.0, 10))))
    data = {"x": x, "y": (rng.random(500) < p).astype("int64")}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        a, b = ag.random.normal(k[0], 0.0, 1.0), ag.random.normal(k[1], 0.0, 1.0, size=10)
        return {"a": a, "b": b, "y": ag.random.bernoulli(k[2], ag.expit(a + d["x"] @ b))}

    def peer(p: Any, d: Data) -> None:
        a, b = p.normal("a", 0.0, 1.0), p.normal("b", 0.0, 1.0, shape=10)
        p.bernoulli_logits("y", a + d["x"] @ b, d["y"])

    jags = """model { a ~ dnorm(0, 1)  for (j in 1:10) { b[j] ~ dnorm(0, 1) }
      for (i in 1:500) { logit(p[i]) <- a + inprod(x[i,], b)  y[i] ~ dbern(p[i]) } }"""
    watched = ("a", "b")
    return Case("logistic regression by NUTS, N = 500, p = 10", data, ("y",), watched,
                ours, peer, jags, ELSE)  # fmt: skip


def nuts_volatility() -> Case:
    rng = np.random.default_rng(8)
    h = -1.0 + np.cumsum(0.2 * rng.normal(size=200))
    data = {"y": rng.normal(size=200) * np.exp(h / 2)}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        mu, sigma = ag.random.normal(k[0], 0.0, 2.0), ag.random.half_normal(k[1], 0.5)
        h = ag.random.random_walk(k[2], 200, mu, 0.0, sigma)
        return {"mu": mu, "sigma": sigma, "h": h, "y": ag.random.normal(k[3], 0.0, ag.exp(h / 2))}

    def peer(p: Any, d: Data) -> None:
        mu, sigma = p.normal("mu", 0.0, 2.0), p.half_normal("sigma", 0.5)
        h = p.keep("h", mu + sigma * p.cumsum(p.normal("z", 0.0, 1.0, shape=200)))
        p.normal("y", 0.0, p.exp(h / 2), observed=d["y"])

    jags = """model { mu ~ dnorm(0, 1 / 4)  sigma ~ dnorm(0, 4)T(0,)
      h[1] ~ dnorm(mu, 1 / sigma^2)
      for (t in 2:200) { h[t] ~ dnorm(h[t - 1], 1 / sigma^2) }
      for (t in 1:200) { y[t] ~ dnorm(0, exp(-h[t])) } }"""
    watched = ("mu", "sigma", "h")
    return Case("stochastic volatility by NUTS, T = 200", data, ("y",), watched,
                ours, peer, jags, ELSE)  # fmt: skip


NUTS_CASES = {f.__name__: f for f in (nuts_schools, nuts_logistic, nuts_volatility)}
