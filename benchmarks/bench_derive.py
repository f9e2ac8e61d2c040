"""Deriving: milliseconds a textbook case, growth with the model, and exact draws a second.

Time to derive is compared with nothing, for no peer derives these laws rightly; the growth
is that with 10, 100 and 1,000 conjugate pairs in one model, and with as many observations
of one latent. Draws of exact posteriors stand beside a loop written by hand with NumPy, and
beside PyMC with nutpie, with one chain after a warm-up.

    python benchmarks/bench_derive.py [--draws 100000] [--peers PYTHON]

PYTHON is an interpreter that has pymc and nutpie.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import astragal as ag
from _harness import Comparison, compare, machine, readable, sample

R = ag.random
RNG = np.random.default_rng(0)
Y = RNG.normal(size=50)
COUNTS = RNG.poisson(3.0, size=50)
X = RNG.normal(size=(50, 5))
Case = tuple[dict[str, ag.Expr], dict[str, Any]]


def keys(n: int = 4) -> ag.Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def gamma_poisson() -> Case:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=4.0)
    return {"z": z, "y": R.poisson(k[1], z, size=50)}, {"y": COUNTS}


def beta_binomial() -> Case:
    k = keys()
    z = R.beta(k[0], 2.0, 3.0)
    return {"z": z, "y": R.binomial(k[1], 10, 1.0 - z, size=50)}, {"y": np.minimum(COUNTS, 10)}


def normal_mean() -> Case:
    k = keys()
    z = R.normal(k[0], 0.0, 2.0)
    return {"z": z, "y": R.normal(k[1], z, 1.5, size=50)}, {"y": Y}


def normal_both() -> Case:
    k = keys()
    v = R.inverse_gamma(k[0], 3.0, scale=2.0)
    m = R.normal(k[1], 0.5, ag.sqrt(v / 2.5))
    return {"v": v, "m": m, "y": R.normal(k[2], m, ag.sqrt(v), size=50)}, {"y": Y}


def dirichlet() -> Case:
    k = keys()
    p = R.dirichlet(k[0], np.array([1.0, 2.5, 3.0]))
    return {"p": p, "y": R.categorical(k[1], p, size=50)}, {"y": COUNTS % 3}


def regression() -> Case:
    k = keys()
    v = R.inverse_gamma(k[0], 3.0, scale=2.0)
    b = R.normal(k[1], 0.0, ag.sqrt(v), size=5)
    return {"v": v, "b": b, "y": R.normal(k[2], ag.matmul(X, b), ag.sqrt(v))}, {"y": Y}


def groups() -> Case:
    k = keys()
    z = R.normal(k[0], 0.5, 2.0, size=4)
    return {"z": z, "y": R.normal(k[1], z[np.arange(50) % 4], 1.5)}, {"y": Y}


def mixture() -> Case:
    k = keys()
    w, mu = R.beta(k[0], 2.0, 3.0), R.normal(k[1], np.array([-1.0, 1.5]), 2.0)
    z = R.bernoulli(k[2], w, size=50)
    return {"w": w, "mu": mu, "z": z, "y": R.normal(k[3], mu[z], 0.7)}, {"y": Y}


def local_level() -> Case:
    k = keys()

    def step(x: ag.Expr, key: ag.Expr) -> tuple[ag.Expr, ag.Expr]:
        new = R.normal(key, x, 0.5)
        return new, new

    _, x = ag.scan(step, ag.constant(0.0), ag.split(k[0], 50))
    return {"x": x, "y": R.normal(k[1], x, 1.0)}, {"y": Y}


CASES = (gamma_poisson, beta_binomial, normal_mean, normal_both, dirichlet, regression, groups,
         mixture, local_level)  # fmt: skip


def pairs(n: int) -> Case:
    """N independent gamma rates, each with a count."""
    k = keys(2 * n)
    variables: dict[str, ag.Expr] = {}
    data: dict[str, Any] = {}
    for i in range(n):
        z = R.gamma(k[2 * i], 2.0 + i % 3, rate=4.0)
        variables |= {f"z{i}": z, f"y{i}": R.poisson(k[2 * i + 1], z)}
        data[f"y{i}"] = int(COUNTS[i % 50])
    return variables, data


def shared(n: int) -> Case:
    """N counts, each under its own name, of one rate."""
    k = keys(n + 1)
    z = R.gamma(k[n], 2.0, rate=4.0)
    names = {f"y{i}": R.poisson(k[i], z * (1.0 + i % 5)) for i in range(n)}
    return {"z": z, **names}, {n: int(COUNTS[i % 50]) for i, n in enumerate(names)}


def derived(build: Callable[[], Case], rounds: int) -> float:
    """Median CPU seconds of building and deriving."""
    times = []
    for _ in range(rounds + 1):
        begin = time.process_time()
        variables, data = build()
        ag.derive(ag.Model(variables), data)
        times.append(time.process_time() - begin)
    return statistics.median(times[1:])


def drawer(case: Case, backend: str, draws: int) -> Callable[[], Any]:
    """Independent draws of an exact sampler, in one compiled loop."""
    sampler = ag.derive(ag.Model(case[0]), case[1])
    assert sampler.exact
    root = ag.input("root", dtype="key")
    data = {n: ag.input(n, v.shape, v.dtype) for n, v in sampler.observed.items()}
    start = sampler.initial(root, data)

    def one(carry: Any, i: ag.Expr) -> tuple[Any, list[ag.Expr]]:
        new, _ = sampler.sweep(ag.fold_in(root, i), start, data)
        return carry, [new[n] for n in sampler.latent_names]

    _, out = ag.scan(one, [], ag.arange(draws))
    run = ag.function([root, *data.values()], list(out), backend=backend)
    key = ag.evaluate(ag.key(1))

    def call() -> Any:
        return [np.asarray(v) for v in run(key, *sampler.observed.values())]

    return call


def by_hand_gamma(draws: int) -> Callable[[], Any]:
    rng = np.random.default_rng(1)
    a, b = 2.0 + COUNTS.sum(), 4.0 + COUNTS.size

    def call() -> Any:
        out = np.empty(draws)
        for i in range(draws):
            out[i] = rng.gamma(a, 1.0 / b)
        return out

    return call


def by_hand_regression(draws: int) -> Callable[[], Any]:
    rng = np.random.default_rng(1)
    precision = np.eye(5) + X.T @ X
    root = np.linalg.cholesky(precision)
    mean = np.linalg.solve(precision, X.T @ Y)
    rest = Y @ Y - mean @ precision @ mean
    upper = np.linalg.inv(root).T

    def call() -> Any:
        out = np.empty((draws, 6))
        for i in range(draws):
            v = (2.0 + 0.5 * rest) / rng.gamma(3.0 + 25.0)
            out[i, 0] = v
            out[i, 1:] = mean + np.sqrt(v) * (upper @ rng.normal(size=5))
        return out

    return call


def by_nutpie(python: str, draws: int, rounds: int = 3) -> dict[str, Any] | str:
    """Time the gamma-Poisson model by nutpie, in a process of its own; or say why not."""
    given = {"counts": COUNTS.tolist(), "draws": draws, "rounds": rounds}
    worker = Path(__file__).with_name("_derive_peer.py")
    done = subprocess.run(
        [python, str(worker)], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["it failed"])[-1][:100]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def beside_nutpie(python: str, draws: int) -> str:
    """One line: independent draws of ours, and those of NUTS."""
    theirs = by_nutpie(python, draws)
    if isinstance(theirs, str):
        return f"PyMC with nutpie is left out: {theirs} (--peers names an interpreter that has it)"
    ours = drawer(gamma_poisson(), "numba", draws)
    mean = ours()[0].mean()
    assert abs(mean - theirs["mean"]) < 0.02 * abs(mean), (mean, theirs["mean"])
    seconds = statistics.median(sample(ours, 1, time.process_time) for _ in range(3))
    line = Comparison("gamma_poisson, beside nutpie", seconds, theirs["seconds"])
    effective = theirs["ess"] / theirs["seconds"]
    return (
        f"{line}   {draws / seconds:,.0f} draws/s, {effective:,.0f} effective ones of "
        f"{theirs['versions']}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--peers", default=sys.executable)
    options = parser.parse_args()
    draws = options.draws
    print(machine("numpy"))
    print("time to derive, CPU, median of 5")
    for build in CASES:
        print(f"  {build.__name__:16s} {readable(derived(build, 5)):>12s}")
    print("growth, CPU")
    for name, make in (("pairs", pairs), ("shared", shared)):
        times = {n: derived(functools.partial(make, n), 1) for n in (10, 100, 1000)}
        power = np.log(times[1000] / times[100]) / np.log(10.0)
        shown = ", ".join(f"{n}: {readable(t)}" for n, t in times.items())
        print(f"  {name:8s} {shown}; exponent {power:.2f} from 100 to 1,000")
    print(f"{draws:,} exact draws, CPU; the peer is a loop written by hand with NumPy")
    for backend in ("numba", "jax"):
        for build, peer in ((gamma_poisson, by_hand_gamma), (regression, by_hand_regression)):
            ours = drawer(build(), backend, draws)
            theirs = peer(draws)
            mine, other = ours()[0].mean(), np.asarray(theirs()).reshape(draws, -1)[:, 0].mean()
            assert abs(mine - other) < 0.02 * abs(other), (mine, other)
            line = compare(f"{build.__name__}, {backend}", ours, theirs, rounds=3)
            print(f"  {line}   {draws / line.ours:,.0f} draws/s")
    print(f"  {beside_nutpie(options.peers, draws)}")


if __name__ == "__main__":
    main()
