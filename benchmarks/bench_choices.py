"""Choices among samplers: what each was expected to cost, and what it costs.

For every sampler that a posterior has: the work of a sweep and the sweeps that an effective draw
takes, as `Sampler.alternatives` expects them and as runs of two chains show them (CPU time of the
draws after compilation, the least bulk ESS); at the end the rank correlation of the products, and
how much slower the first by expectation is than the first by measurement.

    python benchmarks/bench_choices.py [CASE ...] [--data FOLDER] [--draws 1000] [--most 6]

Cases are those of `bench_cases`, and, with a folder of data, those of `astragal.examples.cases`.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

import astragal as ag
from _cases import CASES
from _harness import machine
from astragal.sample.results import diagnose

CHAINS, WARMUP, IN_TURN = 2, 600, 300


def posterior(name: str, folder: Path | None) -> tuple[Any, dict[str, Any]]:
    """Give the model of a case, and its data."""
    if name in CASES:
        case = CASES[name]()
        variables = case.astragal(ag, ag.split(ag.input("key", dtype="key"), 10), case.data)
        return ag.Model(variables), {n: case.data[n] for n in case.observed}
    from astragal.examples.cases import CASES as MORE
    from astragal.examples.cases.__main__ import find

    if folder is None:
        raise SystemExit(f"{name} needs --data FOLDER")
    return MORE[name].build(json.loads((find(folder, name) / "data.json").read_text()))


def measured(sampler: Any, draws: int) -> tuple[float, float]:
    """Give nanoseconds a sweep, and sweeps an effective draw."""
    trajectories = any(q.endswith("log_step") for q in sampler.tuning_names)
    warmup = 0 if sampler.exact else WARMUP if trajectories else IN_TURN

    def sample(count: int) -> tuple[float, Any]:
        begin = time.process_time()
        tree = sampler.sample(draws=count, warmup=warmup, chains=CHAINS, seed=1, progress=False)
        return time.process_time() - begin, tree

    sample(1)
    short, long = sample(draws)[0], sample(3 * draws)
    spent = max(long[0] - short, 1e-9) / (2 * CHAINS * draws)
    least = float(np.nanmin(diagnose(long[1])["ess_bulk"].to_numpy()))
    return 1e9 * spent, 3 * CHAINS * draws / least


def compare(name: str, folder: Path | None, draws: int, most: int) -> tuple[float, float]:
    """Print a table of one case; give the rank correlation, and the loss of the choice."""
    model, data = posterior(name, folder)
    begin = time.process_time()
    sampler = ag.derive(model, data)
    derived = time.process_time()
    found = sampler.alternatives()
    listed = time.process_time()
    print(f"{name}: derived in {derived - begin:.2f} s, alternatives in {listed - derived:.1f} s")
    print("  expected: us  sweeps  product   measured: us  sweeps  product")
    expected, costs = [], []
    for a in [a for i, a in enumerate(found) if i < most or a.chosen]:
        other = ag.derive(model, data, forbid=a.forbid, prefer=a.prefer)
        try:
            nanoseconds, sweeps = measured(other, draws)
        except Exception as error:  # a sampler that fails is no reason to skip the others
            print(f"  {error!r:.90}", flush=True)
            continue
        expected.append(a.cost)
        costs.append(nanoseconds * sweeps)
        own = f"{a.work / 1e3:12.1f} {a.sweeps:7.1f} {a.cost / 1e3:8.1f}"
        seen = f"{nanoseconds / 1e3:14.1f} {sweeps:7.1f} {costs[-1] / 1e3:8.1f}"
        kinds = ", ".join(f"{n}: {kind}" for n, kind in a.steps)
        print(f"{own} {seen} {'*' if a.chosen else ' '} {kinds:.70}", flush=True)
    ranks = float(spearmanr(expected, costs)[0]) if len(costs) > 2 else float("nan")
    loss = costs[int(np.argmin(expected))] / min(costs)
    print(
        f"  rank correlation {ranks:.2f}; the first by expectation costs {loss:.2f} times the best"
    )
    return ranks, loss


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="What samplers are expected to cost, and cost.")
    parser.add_argument("names", nargs="*", default=list(CASES))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--most", type=int, default=6)
    given = parser.parse_args()
    print(machine())
    warnings.simplefilter("ignore")
    found = [compare(n, given.data, given.draws, given.most) for n in given.names]
    ranks, losses = np.array(found).T
    print(f"mean rank correlation {np.nanmean(ranks):.2f}; worst loss {losses.max():.2f}")


if __name__ == "__main__":
    main()
