"""The gamma-Poisson model by PyMC and nutpie, for `bench_derive`: CPU seconds, and the mean.

Run by an interpreter that has both, which need not have Astragal; counts come on standard
input, and the figures go to standard output, as JSON.
"""

from __future__ import annotations

import importlib
import json
import resource
import statistics
import sys


def cpu() -> float:
    """CPU seconds of this process and its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    given = json.load(sys.stdin)
    nutpie, pm = (importlib.import_module(p) for p in ("nutpie", "pymc"))
    with pm.Model() as model:
        z = pm.Gamma("z", 2.0, 4.0)
        pm.Poisson("y", z, observed=given["counts"])
    ready = nutpie.compile_pymc_model(model)
    times, mean, ess = [], 0.0, 0.0
    for seed in range(1 + given["rounds"]):
        begin = cpu()
        drawn = nutpie.sample(ready, draws=given["draws"], chains=1, progress_bar=False, seed=seed)
        times.append(cpu() - begin)
        mean = float(drawn.posterior["z"].mean())
        ess = float(importlib.import_module("arviz").ess(drawn, var_names=["z"])["z"])
    out: dict[str, object] = {"seconds": statistics.median(times[1:]), "mean": mean, "ess": ess}
    out["versions"] = f"PyMC {pm.__version__}, nutpie {nutpie.__version__}"
    print(json.dumps(out))


if __name__ == "__main__":
    main()
