"""The named models of `bench_cases`, for Astragal, its peers (`_dialects`) and JAGS.

Their data are simulated or printed in the literature. Where a peer's documentation advises
another form of the same model (non-centred effects), its version has that form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from _dialects import Model
from _peer_models import PUMPS, SCHOOLS

Data = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One model and its data: what is observed, what is compared, and three ways to write it.

    ``forbid`` is for `astragal.derive`, ``start`` for JAGS.
    """

    name: str
    data: Data
    observed: tuple[str, ...]
    watched: tuple[str, ...]
    astragal: Callable[[Any, Any, Data], dict[str, Any]]
    peer: Model | None
    jags: str | None
    forbid: tuple[str, ...] = ()
    start: str = ""

    def sampler(self) -> Any:
        """Derive Astragal's sampler."""
        import astragal as ag

        keys = ag.split(ag.input("key", dtype="key"), 10)
        observed = {n: self.data[n] for n in self.observed}
        return ag.derive(ag.Model(self.astragal(ag, keys, self.data)), observed, forbid=self.forbid)


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

    data = {
        "sigma": np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]),
        "y": np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]),
    }
    watched = ("mu", "tau", "theta")
    return Case("eight schools", data, ("y",), watched, ours, SCHOOLS.model, SCHOOLS.jags)


# -- pumps -----------------------------------------------------------------------------------


def pumps() -> Case:
    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        alpha = ag.random.exponential(k[0], rate=1.0)
        beta = ag.random.gamma(k[1], 0.1, rate=1.0)
        theta = ag.random.gamma(k[2], alpha, rate=beta, size=10)
        y = ag.random.poisson(k[3], theta * d["hours"])
        return {"alpha": alpha, "beta": beta, "theta": theta, "failures": y}

    data = {
        "hours": np.array([94.3, 15.7, 62.9, 126.0, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5]),
        "failures": np.array([5, 1, 5, 14, 3, 19, 1, 1, 4, 22]),
    }
    return Case(
        "pumps", data, ("failures",), ("alpha", "beta", "theta"), ours, PUMPS.model, PUMPS.jags
    )


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

    def peer(p: Any, d: Data) -> None:
        sd = [p.gamma(f"tau_{n}", 1.0, 1.0) ** -0.5 for n in "aby"]
        m = [p.normal(f"mu_{n}", 0.0, 10.0) for n in "ab"]
        a, b = (p.normal(n, m[i], sd[i], shape=30) for i, n in enumerate("ab"))
        p.normal("y", a[:, None] + b[:, None] * d["x"], sd[2], observed=d["y"])

    jags = """model { tau_a ~ dgamma(1, 1)  tau_b ~ dgamma(1, 1)  tau_y ~ dgamma(1, 1)
      mu_a ~ dnorm(0, 0.01)  mu_b ~ dnorm(0, 0.01)
      for (i in 1:30) { a[i] ~ dnorm(mu_a, tau_a)  b[i] ~ dnorm(mu_b, tau_b)
        for (j in 1:5) { y[i, j] ~ dnorm(a[i] + b[i] * x[j], tau_y) } } }"""
    watched = ("tau_a", "tau_b", "tau_y", "mu_a", "mu_b", "a", "b")
    return Case("growth curves", data, ("y",), watched, ours, peer, jags)


# -- proportions of groups --------------------------------------------------------------------


def proportions() -> Case:
    rng = _rng(2)
    data = {"n": rng.integers(10, 60, 50)}
    data["y"] = rng.binomial(data["n"], rng.beta(3.0, 9.0, 50))

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        a, b = (ag.random.gamma(k[i], 2.0, rate=0.2) for i in (0, 1))
        p = ag.random.beta(k[2], a, b, size=50)
        return {"a": a, "b": b, "p": p, "y": ag.random.binomial(k[3], d["n"], p)}

    def peer(p: Any, d: Data) -> None:
        a, b = p.gamma("a", 2.0, 0.2), p.gamma("b", 2.0, 0.2)
        p.binomial("y", d["n"], p.beta("p", a, b, shape=50), observed=d["y"])

    jags = """model { a ~ dgamma(2, 0.2)  b ~ dgamma(2, 0.2)
      for (i in 1:50) { p[i] ~ dbeta(a, b)  y[i] ~ dbin(p[i], n[i]) } }"""
    return Case("beta-binomial, 50 groups", data, ("y",), ("a", "b", "p"), ours, peer, jags)


# -- one rate of many counts ------------------------------------------------------------------


def rate() -> Case:
    data = {"y": _rng(3).poisson(2.3, 1000)}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        z = ag.random.gamma(k[0], 2.0, rate=1.0)
        return {"z": z, "y": ag.random.poisson(k[1], z, size=1000)}

    def peer(p: Any, d: Data) -> None:
        p.poisson("y", p.gamma("z", 2.0, 1.0), observed=d["y"])

    jags = "model { z ~ dgamma(2, 1)  for (i in 1:1000) { y[i] ~ dpois(z) } }"
    return Case("gamma-Poisson, N = 1000", data, ("y",), ("z",), ours, peer, jags)


# -- regression with a conjugate prior ----------------------------------------------------------


def regression() -> Case:
    rng = _rng(4)
    x = rng.normal(size=(200, 5))
    data = {"x": x, "y": rng.normal(x @ np.array([1.0, -0.5, 0.0, 2.0, 0.3]), 0.8)}

    def ours(ag: Any, k: Any, d: Data) -> dict[str, Any]:
        v = ag.random.inverse_gamma(k[0], 3.0, scale=2.0)
        b = ag.random.normal(k[1], 0.0, 3.0 * ag.sqrt(v), size=5)
        return {"v": v, "b": b, "y": ag.random.normal(k[2], ag.matmul(d["x"], b), ag.sqrt(v))}

    def peer(p: Any, d: Data) -> None:
        v = p.inverse_gamma("v", 3.0, 2.0)
        b = p.normal("b", 0.0, 3.0 * v**0.5, shape=5)
        p.normal("y", d["x"] @ b, v**0.5, observed=d["y"])

    jags = """model { t ~ dgamma(3, 2)  v <- 1 / t
      for (j in 1:5) { b[j] ~ dnorm(0, t / 9) }
      for (i in 1:200) { y[i] ~ dnorm(inprod(x[i, ], b), t) } }"""
    return Case("regression, conjugate prior", data, ("y",), ("v", "b"), ours, peer, jags)


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

    def peer(p: Any, d: Data) -> None:
        w, tau = p.beta("w", 2.0, 2.0), p.gamma("tau", 2.0, 1.0)
        m = p.stack([p.normal("low", -2.0, 1.0), p.normal("high", 2.0, 1.0)])
        p.normal_mixture("y", p.stack([w, 1 - w]), m, tau**-0.5, d["y"])

    jags = """model { w ~ dbeta(2, 2)  tau ~ dgamma(2, 1)  low ~ dnorm(-2, 1)  high ~ dnorm(2, 1)
      for (i in 1:500) { z[i] ~ dbern(w)  y[i] ~ dnorm(z[i] * low + (1 - z[i]) * high, tau) } }"""
    watched = ("w", "low", "high", "tau")
    return Case("mixture, N = 500", data, ("y",), watched, ours, peer, jags)


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

    def peer(p: Any, d: Data) -> None:
        tau, lam = p.half_cauchy("tau", 1.0), p.half_cauchy("lam", 1.0, shape=20)
        b = p.keep("b", p.normal("z", 0.0, 1.0, shape=20) * tau * lam)
        p.bernoulli_logits("y", d["x"] @ b, d["y"])

    jags = """model { tau ~ dt(0, 1, 1)T(0,)
      for (j in 1:20) { lam[j] ~ dt(0, 1, 1)T(0,)  b[j] ~ dnorm(0, 1 / (tau * lam[j])^2) }
      for (i in 1:200) { logit(p[i]) <- inprod(x[i, ], b)  y[i] ~ dbern(p[i]) } }"""
    return Case("horseshoe logistic", data, ("y",), ("tau", "b"), ours, peer, jags)


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

    def peer(p: Any, d: Data) -> None:
        move, noise = p.half_normal("move", 1.0), p.half_normal("noise", 1.0)
        p.normal("y", p.random_walk("x", move, 200), noise, observed=d["y"])

    jags = """model { move ~ dnorm(0, 1)T(0,)  noise ~ dnorm(0, 1)T(0,)
      x[1] ~ dnorm(0, 1 / move^2)
      for (t in 2:200) { x[t] ~ dnorm(x[t - 1], 1 / move^2) }
      for (t in 1:200) { y[t] ~ dnorm(x[t], 1 / noise^2) } }"""
    watched = ("move", "noise", "x")
    return Case("local level, T = 200", data, ("y",), watched, ours, peer, jags)


CASES: dict[str, Callable[[], Case]] = {
    f.__name__: f
    for f in (schools, pumps, growth, proportions, rate, regression, mixture, horseshoe, level)
}
