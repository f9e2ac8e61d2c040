"""How many nodes of a graph a second: built, walked, rewritten, printed, simplified.

Chains of 100,000 nodes, with inference of shapes and data types, and an etuple of each
node as the peer: the lightest term there is, without types and without sharing.
The garbage collector runs as it does for users.
"""

from __future__ import annotations

import gc
import operator
import statistics
import time
from collections.abc import Callable

from etuples import etuple

import astragal as ag
from _harness import compare, machine
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


def main() -> None:
    print(machine("etuples"))
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
