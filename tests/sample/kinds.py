"""A small model for each kind of step that `astragal.derive` can make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.expr import Expr

R = ag.random
Y = np.array([0.4, -1.0, 0.3, 0.9])
X = np.array([[1.0, 0.3], [0.2, -1.0], [-0.7, 1.4], [0.5, 0.5], [1.2, -0.3], [-1.5, 0.1]])


def keys(n: int = 5) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


@dataclass(frozen=True)
class Kind:
    """A model whose steps are of a kind, and how to ask for it.

    Attributes
    ----------
    build
        Gives the model's variables, and data.
    steps
        The kinds of its steps.
    forbid, prefer
        As for `astragal.derive`.
    """

    build: Callable[[], tuple[dict[str, Expr], dict[str, Any]]]
    steps: tuple[str, ...]
    forbid: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()

    def sampler(self) -> Sampler:
        """Derive."""
        variables, observed = self.build()
        model = ag.Model(variables)
        return ag.derive(model, observed, forbid=self.forbid, prefer=self.prefer)


def conjugate() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    v = R.inverse_gamma(k[0], 4.0, scale=2.0)
    m = R.normal(k[1], 0.5, ag.sqrt(v / 2.5))
    return {"v": v, "m": m, "y": R.normal(k[2], m, ag.sqrt(v), size=4)}, {"y": Y}


def counts() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    beta = R.gamma(k[0], 2.0, rate=3.0)
    theta = R.gamma(k[1], 1.5, rate=beta, size=3)
    y = R.poisson(k[2], theta * np.array([0.5, 1.0, 4.0]))
    return {"beta": beta, "theta": theta, "y": y}, {"y": [1, 0, 3]}


def simplex() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    p = R.dirichlet(k[0], np.array([1.0, 2.5, 3.0]))
    return {"p": p, "y": R.multinomial(k[1], 9, p)}, {"y": [4, 2, 3]}


def regression() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    a, b = R.normal(k[0], 0.0, 1.0), R.normal(k[1], 0.5, 1.0, size=2)
    v = R.inverse_gamma(k[2], 3.0, scale=2.0)
    y = R.normal(k[3], a + ag.matmul(X, b), ag.sqrt(v))
    return {"a": a, "b": b, "v": v, "y": y}, {"y": np.arange(6.0)}


def walk() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()

    def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.normal(key, 0.8 * x, 0.6)
        return new, new

    _, x = ag.scan(step, ag.constant(0.5), ag.split(k[0], 4))
    return {"x": x, "y": R.normal(k[1], x, 0.5)}, {"y": Y}


def mixture() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    w, mu = R.beta(k[0], 2.0, 3.0), R.normal(k[1], np.array([-1.0, 1.5]), 2.0)
    z = R.bernoulli(k[2], w, size=4)
    return {"w": w, "mu": mu, "z": z, "y": R.normal(k[3], mu[z], 0.7)}, {"y": Y}


def thinned() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    n = R.poisson(k[0], 6.0)
    return {"n": n, "y": R.binomial(k[1], n, 0.3)}, {"y": 2}


def largest() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    z = R.pareto(k[0], 2.5, scale=1.0)
    return {"z": z, "y": R.uniform(k[1], 0.0, z, size=3)}, {"y": [0.4, 2.0, 3.0]}


def truncated() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    z = R.half_normal(k[0], 2.0)
    return {"z": z, "y": R.normal(k[1], z, 1.5, size=4)}, {"y": Y}


def shapes() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    a, b = R.gamma(k[0], 2.0, rate=1.0), R.exponential(k[1], rate=1.0)
    return {"a": a, "b": b, "y": R.gamma(k[2], a, rate=1.0 + b**2, size=4)}, {"y": np.abs(Y)}


def chain_of_states() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])

    def step(z: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.categorical(key, ag.constant(p)[z])
        return new, new

    _, z = ag.scan(step, ag.constant(0), ag.split(k[0], 4))
    return {"z": z, "y": R.normal(k[1], ag.constant([-1.0, 0.5, 2.0])[z], 0.7)}, {"y": Y}


def summed_counts() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    a, b = R.poisson(k[0], 1.5), R.negative_binomial(k[1], 2.0, 0.4)
    return {"a": a, "b": b, "s": a + b}, {"s": 6}


def schools() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    mu, tau = R.normal(k[0], 0.0, 5.0), R.half_cauchy(k[1], 5.0)
    theta = R.normal(k[2], mu, tau, size=4)
    y = R.normal(k[3], theta, np.array([15.0, 10.0, 16.0, 11.0]))
    return {"mu": mu, "tau": tau, "theta": theta, "y": y}, {"y": [28.0, 8.0, -3.0, 7.0]}


def effects() -> tuple[dict[str, Expr], dict[str, Any]]:
    """Precision and effects, which the data tell little of."""
    k = keys()
    precision = R.gamma(k[0], 2.5, rate=1.5)
    effect = R.normal(k[1], 0.7, 1.0 / ag.sqrt(precision), size=4)
    y = R.normal(k[2], effect, 3.0)
    return {"precision": precision, "effect": effect, "y": y}, {"y": Y}


def moved() -> tuple[dict[str, Expr], dict[str, Any]]:
    """A location with heavy tails, and what lies about it."""
    k = keys()
    centre = R.student_t(k[0], 6.0, 0.3, 1.5)
    at = R.laplace(k[1], 2.0 * centre, 0.8, size=3)
    y = R.normal(k[2], at, 1.7)
    return {"centre": centre, "at": at, "y": y}, {"y": Y[:3]}


def spread() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    sd = R.uniform(k[0], 0.4, 3.0)
    return {"sd": sd, "y": R.normal(k[1], 0.3, sd, size=4)}, {"y": Y[:4]}


def vectors() -> tuple[dict[str, Expr], dict[str, Any]]:
    k = keys()
    s = R.inverse_wishart(k[0], 6.0, np.array([[2.0, 0.3], [0.3, 1.0]]))
    mu = R.multivariate_normal(k[1], np.array([0.1, 0.5]), s / 3.0)
    return {"s": s, "mu": mu, "y": R.multivariate_normal(k[2], mu, s, size=3)}, {
        "y": np.eye(3)[:, :2]
    }


KINDS: dict[str, Kind] = {
    "exact, normal-inverse-gamma": Kind(conjugate, ("exact", "exact")),
    "exact, simplex": Kind(simplex, ("exact",)),
    "exact, block of normals": Kind(walk, ("exact",)),
    "exact, by a reversal": Kind(thinned, ("exact",)),
    "exact, above a bound": Kind(largest, ("exact",)),
    "exact, cut": Kind(truncated, ("exact",)),
    "exact, between bounds": Kind(spread, ("exact",)),
    "exact, matrix normal": Kind(vectors, ("exact", "exact")),
    "gibbs, gamma": Kind(counts, ("gibbs", "gibbs"), ("interweave",)),
    "interweave, rate": Kind(counts, ("gibbs", "gibbs", "interweave")),
    "gibbs, block of normals": Kind(regression, ("gibbs", "gibbs")),
    "gibbs, indicators": Kind(mixture, ("gibbs", "gibbs", "gibbs")),
    "interweave, scale": Kind(effects, ("gibbs", "gibbs", "interweave"), ("exact",)),
    "interweave, location": Kind(
        moved, ("slice", "slice", "interweave"), ("exact", "gibbs", "nuts", "collapse")
    ),
    "collapse": Kind(schools, ("collapse",)),
    "slice": Kind(shapes, ("slice", "slice"), ("gibbs", "nuts")),
    "slice, vector": Kind(counts, ("slice", "slice"), ("gibbs", "nuts", "interweave")),
    "nuts": Kind(shapes, ("nuts",), ("gibbs",)),
    "path of states": Kind(chain_of_states, ("exact",)),
    "sites, of few values": Kind(chain_of_states, ("sites",), ("exact", "gibbs")),
    "sites, unbounded": Kind(summed_counts, ("sites",)),
}
"""By name; a new kind of step is a row here."""
