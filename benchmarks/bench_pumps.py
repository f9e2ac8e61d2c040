"""From ``import astragal`` to the first draw of pumps, cold and warm, and draws a second.

Each figure is the median of several fresh processes. Cold: an empty cache directory. Warm:
the directory that a run before has filled. Numba's helpers, compiled once a machine, are warm.

    python benchmarks/bench_pumps.py [--runs 3]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from _harness import machine

SCRIPT = """
import json, resource, sys, time
start = time.perf_counter()
import astragal as ag
imported = time.perf_counter() - start
from astragal.examples.pumps import data, pumps
from astragal.files import build
backend = sys.argv[1]
begin = time.perf_counter()
sampler = ag.derive(*build(pumps, data, "pumps"))
derived = time.perf_counter() - begin
import warnings
warnings.simplefilter("ignore")
sampler.sample(draws=1, warmup=0, chains=1, backend=backend, progress=False)
first = time.perf_counter() - start
cpu = resource.getrusage(resource.RUSAGE_SELF)
begin = time.perf_counter()
sampler.sample(draws=5000, warmup=0, chains=1, backend=backend, progress=False)
rate = 5000 / (time.perf_counter() - begin)
print(json.dumps({"import": imported, "derive": derived, "first draw": first,
                  "cpu": cpu.ru_utime + cpu.ru_stime, "draws/s": rate}))
"""


def once(backend: str, cache: str) -> dict[str, float]:
    environment = {**os.environ, "ASTRAGAL_CACHE": cache, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, backend],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    print(machine())
    print("seconds, medians of", runs, "processes")
    for backend in ("numba", "jax"):
        for state in ("cold", "warm"):
            rows = []
            with tempfile.TemporaryDirectory() as kept:
                if state == "warm":
                    once(backend, kept)
                for _ in range(runs):
                    with tempfile.TemporaryDirectory() as fresh:
                        rows.append(once(backend, fresh if state == "cold" else kept))
            shown = ", ".join(f"{k} {statistics.median(r[k] for r in rows):,.3g}" for k in rows[0])
            print(f"{backend:6s} {state:5s} {shown}")


if __name__ == "__main__":
    main()
