"""From a model to its first draw in this process, for `bench_compile`: CPU seconds.

    python benchmarks/_compile_cases.py NAME BACKEND

Two models are larger than those of `_cases`: an item response model whose abilities and items all
move by NUTS, and a meta-analysis of binomial trials with a flat prior of its scale.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import astragal as ag
from _cases import CASES

Problem = tuple[ag.Model, dict[str, Any]]
r = ag.random


def items() -> Problem:
    """Two-parameter logistic model of 20 items and 100 people."""
    y = (np.random.default_rng(0).random((20, 100)) < 0.5).astype(float)
    k = ag.split(ag.input("key", dtype="key"), 8)
    people, slopes, places = (r.half_cauchy(k[i], 2.0) for i in range(3))
    centre = r.normal(k[3], 0.0, 5.0)
    theta = r.normal(k[4], 0.0, people, size=100)
    a = r.lognormal(k[5], 0.0, slopes, size=20)
    b = r.normal(k[6], centre, places, size=20)
    answers = r.bernoulli(k[7], ag.special.expit(a[:, None] * (theta[None, :] - b[:, None])))
    variables = {"people": people, "slopes": slopes, "places": places, "centre": centre}
    return ag.Model({**variables, "theta": theta, "a": a, "b": b, "y": answers}), {"y": y}


def trials() -> Problem:
    """Eight trials of a treatment, beside controls of their own."""
    treated = np.array([1, 9, 2, 1, 10, 1, 1, 90]), np.array([40, 135, 200, 48, 150, 59, 25, 1159])
    control = np.array([2, 23, 7, 1, 8, 9, 3, 118]), np.array([36, 135, 200, 46, 148, 56, 23, 1157])
    k = ag.split(ag.input("key", dtype="key"), 6)
    tau, mu = r.uniform(k[0], 0.0, 50.0), r.uniform(k[1], -10.0, 10.0)
    effect = r.normal(k[2], mu, tau, size=8)
    rate = r.uniform(k[3], 0.0, 1.0, size=8)
    risk = ag.special.expit(effect + ag.log(rate) - ag.log1p(-rate))
    x, y = r.binomial(k[4], control[1], rate), r.binomial(k[5], treated[1], risk)
    variables = {"tau": tau, "mu": mu, "effect": effect, "rate": rate, "x": x, "y": y}
    return ag.Model(variables), {"x": control[0], "y": treated[0]}


LARGE: dict[str, Callable[[], Problem]] = {"items": items, "trials": trials}


def problem(name: str) -> tuple[ag.Model, dict[str, Any], tuple[str, ...]]:
    """Give a model, what is observed, and what is forbidden."""
    if name in LARGE:
        return (*LARGE[name](), ())
    case = CASES[name]()
    keys = ag.split(ag.input("key", dtype="key"), 10)
    observed = {n: case.data[n] for n in case.observed}
    return ag.Model(case.astragal(ag, keys, case.data)), observed, case.forbid


def main() -> None:
    """Print CPU seconds: until the sampler is derived, and from there to the first draw."""
    warnings.simplefilter("ignore")
    name, backend = sys.argv[1:3]
    start = time.process_time()
    model, observed, forbid = problem(name)
    sampler = ag.derive(model, observed, forbid=forbid)
    derived = time.process_time()
    sampler.sample(draws=1, warmup=0, chains=1, backend=backend, progress=False)
    print(derived - start, time.process_time() - derived)


if __name__ == "__main__":
    main()
