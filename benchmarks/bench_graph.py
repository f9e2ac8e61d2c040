"""How many nodes of a graph a second: built, walked, rewritten, printed, simplified.

Chains of 100,000 nodes, with inference of shapes and data types, and an etuple of each
node as the peer: the lightest term there is, without types and without sharing.
The garbage collector runs as it does for users.
"""

from __future__ import annotations

import gc
import math
import operator
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from etuples import etuple

import astragal as ag
from _harness import compare, machine, readable
from astragal.compile.simplify import simplify
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import substitute, toposort

NODES = 100_000
x, y = ag.input("x"), ag.input("y")


def built(nodes: int = NODES) -> ag.Expr:
    """A deep chain of scalar arithmetic."""
    z = x
    for _ in range(nodes // 2):
        z = z + y
        z = z * x
    return z


def rate(name: str, job: Callable[[], object], rounds: int = 5) -> None:
    """Print the median of nodes a second, in CPU time."""
    times = []
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        kept = job()
        times.append(time.process_time() - start)
        del kept
    print(f"{name:40s} {NODES / statistics.median(times):12,.0f} nodes/s")


def found_again() -> None:
    """Terms that exist already."""
    for _ in range(NODES):
        x + y


def etuples() -> object:
    z = x
    for _ in range(NODES // 2):
        z = etuple(operator.add, z, y)
        z = etuple(operator.mul, z, x)
    return z


def growth() -> None:
    """Print how the time of each job grows from 10,000 to 100,000 nodes, as a power."""
    sizes = (NODES // 10, NODES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.ag"
        chains = [built(n) for n in sizes]

        def save_and_load(z: ag.Expr) -> object:
            ag.save(path, z)
            return ag.load(path)

        jobs: dict[str, Callable[[ag.Expr], object]] = {
            "traverse": lambda z: toposort([z]),
            "pprint, abridged": ag.pprint,
            "gradient": lambda z: ag.grad(z, x),
            "save and load": save_and_load,
        }
        for name, job in jobs.items():
            seconds = []
            for z in chains:
                times = []
                for _ in range(3):
                    gc.collect()
                    start = time.process_time()
                    kept = job(z)
                    times.append(time.process_time() - start)
                    del kept
                seconds.append(min(times))
            power = math.log10(seconds[1] / max(seconds[0], 1e-6))
            print(f"{name:40s} {readable(seconds[1]):>12s}   grows as nodes^{power:.2f}")


def main() -> None:
    print(machine("etuples"))
    growth()
    chain = built()
    jobs: dict[str, Callable[[], object]] = {
        "a term found again": found_again,
        "toposort": lambda: toposort([chain]),
        "substitute a leaf": lambda: substitute([chain], {x: y}),
        "make a subgraph": lambda: Subgraph([x, y], [chain]),
        "pprint, abridged": lambda: ag.pprint(chain),
        "simplify": lambda: simplify([chain]),
    }
    for name, job in jobs.items():
        rate(name, job)
    # Until the chain is gone, building it would only find it again.
    jobs.clear()
    chain = x
    rate("scalar arithmetic built anew", built)
    print(compare("a chain of 100,000 terms", built, etuples, rounds=5))


if __name__ == "__main__":
    main()
