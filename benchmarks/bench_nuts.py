"""NUTS beside nutpie and NumPyro: least bulk ESS per CPU second where nothing else applies.

Eight schools, a logistic regression without auxiliary variables, and a path of log
volatilities. Each program runs in a process of its own as `bench_cases` does it: four chains
after their warm-up, compiling not counted. Ratios are of medians; above 1, ours is faster.

    python benchmarks/bench_nuts.py [CASE ...] [--peers PYTHON] [--rounds 3] [--draws 1000]
"""

from __future__ import annotations

import argparse
import statistics
import sys

from _harness import machine
from _nuts_cases import NUTS_CASES
from _programs import LABELS, available, measured

SIDES = {"nutpie": "numba", "numpyro": "jax"}
"""Each peer, and the backend of ours that it is compared with."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*NUTS_CASES, []], default=[])
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=1000)
    given = parser.parse_args()
    absent = available(given.peers)
    print(machine())
    for name in given.cases or NUTS_CASES:
        print(f"\n{NUTS_CASES[name]().name}", flush=True)
        for peer, backend in SIDES.items():
            rates: dict[str, list[float]] = {backend: [], peer: []}
            for program, found in rates.items():
                python = sys.executable if program == backend else given.peers
                for _ in range(0 if program in absent else given.rounds):
                    got = measured(python, program, name, given.draws)
                    if isinstance(got, str):
                        print(f"  {LABELS[program]}: {got}")
                        break
                    found.append(got["ess"] / got["after"])
            ours, theirs = (statistics.median(r) if r else 0.0 for r in rates.values())
            if not (ours and theirs):
                print(f"  {LABELS[peer]} is left out: {absent.get(peer, 'it gave nothing')}")
                continue
            print(f"  {LABELS[backend]:16s} {ours:>9,.0f}   {LABELS[peer]:14s} {theirs:>9,.0f}"
                  f"   ratio {ours / theirs:.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
