"""Whole posteriors beside PyMC with nutpie, NumPyro and JAGS: time to the first draw, and ESS.

Each program runs in a process of its own, one after the other, with caches of compiled code
empty. Printed for each: CPU seconds from the model to the first draw (imports not counted), and
effective draws a CPU second: the least bulk ESS of what is watched, divided by the CPU time of
four chains with their warm-up, compiling not counted. A program that is absent is skipped.

    python benchmarks/bench_cases.py [CASE ...] [--peers PYTHON] [--draws 1000]

PYTHON is an interpreter that has pymc, nutpie and numpyro; JAGS is the program ``jags``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from _cases import CASES, Case
from _harness import machine
from _nuts_cases import NUTS_CASES

CHAINS, WARMUP = 4, 1000
EVERY = {**CASES, **NUTS_CASES}
Draws = dict[str, Any]


def cpu() -> float:
    """CPU seconds of this process, its threads, and children that have ended."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


class Run:
    """What one program did: the clock when its first draw was there, and its timed draws."""

    def __init__(self) -> None:
        self.begin = cpu()
        self.first = self.spent = 0.0

    def reached(self) -> None:
        """The first draw is there."""
        self.first = cpu() - self.begin

    def timed(self, sample: Callable[[], Any]) -> Any:
        """Run what is timed."""
        start = cpu()
        out = sample()
        self.spent = cpu() - start
        return out


# -- the programs ----------------------------------------------------------------------------


def _astragal(case: Case, draws: int, backend: str) -> tuple[Run, Draws]:
    import astragal as ag

    observed = {n: case.data[n] for n in case.observed}
    run = Run()
    model = ag.Model(case.astragal(ag, ag.split(ag.input("key", dtype="key"), 10), case.data))
    sampler = ag.derive(model, observed, forbid=case.forbid)
    options: dict[str, Any] = {"backend": backend, "progress": False}
    sampler.sample(draws=1, warmup=0, chains=1, **options)
    run.reached()
    tree = run.timed(lambda: sampler.sample(draws=draws, chains=CHAINS, seed=1, **options))
    return run, {n: np.asarray(tree["posterior"][n]) for n in case.watched}


def numba(case: Case, draws: int) -> tuple[Run, Draws]:
    return _astragal(case, draws, "numba")


def jax(case: Case, draws: int) -> tuple[Run, Draws]:
    return _astragal(case, draws, "jax")


def nutpie(case: Case, draws: int) -> tuple[Run, Draws]:
    import nutpie as sampler
    import pymc as pm

    run = Run()
    with pm.Model() as model:
        case.pymc(pm, case.data)
    compiled = sampler.compile_pymc_model(model)

    def sample(tune: int, count: int, chains: int, seed: int) -> Any:
        return sampler.sample(
            compiled, draws=count, tune=tune, chains=chains, seed=seed, progress_bar=False
        )

    sample(1, 1, 1, 0)
    run.reached()
    tree = run.timed(lambda: sample(WARMUP, draws, CHAINS, 1))
    return run, {n: np.asarray(tree["posterior"][n]) for n in case.watched}


def numpyro(case: Case, draws: int) -> tuple[Run, Draws]:
    import jax as jx
    import numpyro as npr
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS

    npr.enable_x64()
    run = Run()

    def sampling(warmup: int, count: int) -> Any:
        kernel = NUTS(lambda: case.numpyro(npr, dist, case.data))
        return MCMC(kernel, num_warmup=warmup, num_samples=count, progress_bar=False)

    sampling(1, 1).run(jx.random.key(0))
    run.reached()

    @jx.jit  # without it, every run compiles again
    def chain(key: Any) -> Any:
        mcmc = sampling(WARMUP, draws)
        mcmc.run(key)
        drawn = mcmc.get_samples()
        return {n: drawn[n] for n in case.watched}

    def chains(seed: int) -> list[Draws]:
        keys = jx.random.split(jx.random.key(seed), CHAINS)
        return [{n: np.asarray(v) for n, v in chain(k).items()} for k in keys]

    chain(jx.random.key(0))
    found = run.timed(lambda: chains(1))
    return run, {n: np.stack([c[n] for c in found]) for n in case.watched}


def jags(case: Case, draws: int) -> tuple[Run, Draws]:
    run = Run()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.bug").write_text(case.jags, encoding="utf-8")
        rows = (f'"{n}" <- {_dump(v)}' for n, v in case.data.items())
        (folder / "data.R").write_text("\n".join(rows), encoding="utf-8")
        _jags(folder, case, 0, 1, 1)
        run.reached()
        run.timed(lambda: _jags(folder, case, WARMUP, draws, CHAINS))
        return run, _coda(folder, case, draws)


def _dump(value: Any) -> str:
    v = np.asarray(value)
    flat = ", ".join(repr(x) for x in v.ravel(order="F").tolist())
    if v.ndim < 2:
        return f"c({flat})"
    return f"structure(c({flat}), .Dim = c({', '.join(f'{d}L' for d in v.shape)}))"


def _jags(folder: Path, case: Case, warmup: int, draws: int, chains: int) -> None:
    """Run JAGS; its compiling takes little, and is counted."""
    seeds = []
    for c in range(1, chains + 1):
        (folder / f"init{c}.R").write_text(
            f'".RNG.name" <- "base::Mersenne-Twister"\n".RNG.seed" <- {c}\n', encoding="utf-8"
        )
        seeds.append(f'parameters in "init{c}.R", chain({c})')
    lines = [
        "load glm", 'model in "model.bug"', 'data in "data.R"', f"compile, nchains({chains})",
        *seeds, "initialize", f"adapt {warmup // 2}" if warmup else "",
        f"update {warmup - warmup // 2}" if warmup else "",
        *(f"monitor {n}" for n in case.watched), f"update {draws}", "coda *", "exit",
    ]  # fmt: skip
    (folder / "run.cmd").write_text("\n".join(x for x in lines if x) + "\n", encoding="utf-8")
    subprocess.run(["jags", "run.cmd"], cwd=folder, check=True, capture_output=True)


def _coda(folder: Path, case: Case, draws: int) -> Draws:
    """Read what JAGS wrote: the draws of each scalar, one after the other."""
    names = [r.split()[0] for r in (folder / "CODAindex.txt").read_text().splitlines()]
    chains = []
    for c in range(1, CHAINS + 1):
        values = np.loadtxt(folder / f"CODAchain{c}.txt", usecols=1)
        chains.append(values.reshape(len(names), draws))
    whole = np.stack(chains)
    places = {v: [i for i, n in enumerate(names) if n.split("[")[0] == v] for v in case.watched}
    return {
        v: whole[:, at[0]] if names[at[0]] == v else np.moveaxis(whole[:, at], 1, 2)
        for v, at in places.items()
    }


PROGRAMS = {f.__name__: f for f in (numba, jax, nutpie, numpyro, jags)}
LABELS = {"numba": "Astragal, Numba", "jax": "Astragal, JAX", "nutpie": "PyMC + nutpie",
          "numpyro": "NumPyro", "jags": "JAGS"}  # fmt: skip


# -- one process -----------------------------------------------------------------------------


def work(program: str, name: str, draws: int) -> None:
    """Run one program on one case, and print what it did as JSON."""
    import arviz_stats
    import xarray as xr

    warnings.simplefilter("ignore")
    run, found = PROGRAMS[program](EVERY[name](), draws)
    arrays = {
        n: (("chain", "draw", *(f"{n}_{i}" for i in range(v.ndim - 2))), v)
        for n, v in found.items()
    }
    ess = arviz_stats.ess(xr.Dataset(arrays), method="bulk")
    least = min(float(ess[n].min()) for n in found)
    means = {n: [float(x) for x in v.mean((0, 1)).ravel()] for n, v in found.items()}
    sds = {n: [float(x) for x in v.std((0, 1)).ravel()] for n, v in found.items()}
    print(json.dumps({"first": run.first, "spent": run.spent, "ess": least,
                      "means": means, "sds": sds}))  # fmt: skip


def measured(python: str, program: str, name: str, draws: int) -> dict[str, Any] | str:
    """Run a program in a process of its own: what it did, or why there is nothing."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "ASTRAGAL_CACHE": cache, "JAX_PLATFORMS": "cpu",
                       "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}  # fmt: skip
        command = [python, __file__, name, "--work", program, "--draws", str(draws)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:70] if done.stderr.strip() else "failed"
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def available(python: str) -> dict[str, str]:
    """Why a program cannot run, for those that cannot."""
    out = {}
    for program, module in (("nutpie", "nutpie"), ("numpyro", "numpyro")):
        if python == sys.executable:
            found = find_spec(module) is not None
        else:
            code = f"import importlib.util as u, sys; sys.exit(u.find_spec('{module}') is None)"
            found = subprocess.run([python, "-c", code], check=False).returncode == 0
        if not found:
            out[program] = f"{module} is not installed: --peers names an interpreter that has it"
    if shutil.which("jags") is None:
        out["jags"] = "there is no program jags (Debian package jags)"
    return out


def _apart(a: dict[str, Any], b: dict[str, Any]) -> float:
    """The largest difference of posterior means, in standard deviations."""
    worst = 0.0
    for n, means in a["means"].items():
        gaps = np.abs(np.array(means) - b["means"][n]) / np.maximum(a["sds"][n], 1e-12)
        worst = max(worst, float(gaps.max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*EVERY, []], default=[])
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--work", choices=list(PROGRAMS))
    given = parser.parse_args()
    if given.work:
        work(given.work, given.cases[0], given.draws)
        return
    absent = available(given.peers)
    print(machine())
    for program, why in absent.items():
        print(f"{LABELS[program]} is left out: {why}")
    for name in given.cases or CASES:
        print(f"\n{EVERY[name]().name}", flush=True)
        ours: dict[str, Any] | None = None
        for program in PROGRAMS:
            if program in absent:
                continue
            python = sys.executable if program in ("numba", "jax") else given.peers
            got = measured(python, program, name, given.draws)
            if isinstance(got, str):
                print(f"  {LABELS[program]:16s} {got}", flush=True)
                continue
            ours = got if ours is None else ours
            gap = _apart(ours, got)
            note = f"   means {gap:.2f} sd apart" if gap > 0.25 else ""
            print(
                f"  {LABELS[program]:16s} first draw {got['first']:6.2f} s   "
                f"{got['ess'] / got['spent']:>10,.0f} effective draws a second "
                f"(ESS {got['ess']:,.0f} in {got['spent']:.2f} s){note}",
                flush=True,
            )


if __name__ == "__main__":
    main()
