"""What runs one program on one case, in a process of its own: Astragal, PyMC, NumPyro or JAGS."""

from __future__ import annotations

import json
import math
import os
import resource
import shutil
import signal
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
from _dialects import NumPyro, PyMC
from _nuts_cases import NUTS_CASES
from _published import Published

CHAINS, WARMUP = 4, 1000
EVERY: dict[str, Callable[[], Case]] = {**CASES, **NUTS_CASES}
LEAST, MOST = 0.5, 64
"""CPU seconds that the timed draws take at least, by up to so many times the draws asked for."""
Draws = dict[str, Any]
Sample = Callable[[int], tuple[Draws, float, float]]
"""From a number of draws to them, and the CPU seconds of the warm-up and of what follows."""


def cpu() -> float:
    """CPU seconds of this process, its threads, and children that have ended."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


class Run:
    """The clock of one program: when its first draw was there, and how it samples."""

    def __init__(self) -> None:
        self.begin = cpu()
        self.first = 0.0

    def reached(self) -> None:
        """The first draw is there."""
        self.first = cpu() - self.begin


def _less_warmup(sample: Callable[[int], Draws], few: int) -> Sample:
    """Time a program that says nothing of its warm-up: a run of few draws is taken off."""
    warmups: list[float] = []

    def timed(draws: int) -> tuple[Draws, float, float]:
        if not warmups:
            start = cpu()
            sample(few)
            warmups.append(cpu() - start)
        start = cpu()
        found = sample(draws)
        return found, warmups[0], max(cpu() - start - warmups[0], 1e-4)

    return timed


# -- the programs ----------------------------------------------------------------------------


def _astragal(case: Case | Published, backend: str) -> tuple[Run, Sample]:
    run = Run()
    sampler = case.sampler()
    options: dict[str, Any] = {"backend": backend, "progress": False}
    sampler.sample(draws=1, warmup=0, chains=1, **options)
    run.reached()
    sampler.sample(draws=4, warmup=120, chains=CHAINS, **options)  # blocks of other lengths

    def sample(draws: int) -> Draws:
        tree = sampler.sample(draws=draws, chains=CHAINS, seed=1, **options)
        return {n: np.asarray(tree["posterior"][n]) for n in case.watched}

    return run, _less_warmup(sample, 4)


def numba(case: Case | Published) -> tuple[Run, Sample]:
    return _astragal(case, "numba")


def jax(case: Case | Published) -> tuple[Run, Sample]:
    return _astragal(case, "jax")


def nutpie(case: Case | Published) -> tuple[Run, Sample]:
    import nutpie as program
    import pymc as pm

    assert case.peer is not None
    run = Run()
    with pm.Model() as model:
        case.peer(PyMC(), case.data)
    compiled = program.compile_pymc_model(model)

    def sample(tune: int, count: int, chains: int) -> Any:
        return program.sample(
            compiled, draws=count, tune=tune, chains=chains, seed=1, progress_bar=False
        )

    sample(1, 1, 1)
    run.reached()

    def timed(draws: int) -> tuple[Draws, float, float]:
        start = cpu()
        tree = sample(WARMUP, draws, CHAINS)
        spent = cpu() - start
        # Its threads draw and adapt at once: time is in proportion to leapfrog steps.
        before, after = (
            float(tree[g]["n_steps"].sum()) for g in ("warmup_sample_stats", "sample_stats")
        )
        share = after / (before + after)
        found = {n: np.asarray(tree["posterior"][n]) for n in case.watched}
        return found, spent * (1 - share), spent * share

    return run, timed


def numpyro(case: Case | Published) -> tuple[Run, Sample]:
    import jax as jx
    import jax.numpy as jnp
    import numpyro as npr
    from numpyro.infer import NUTS

    npr.enable_x64()
    assert case.peer is not None
    peer = case.peer
    run = Run()
    kernel = NUTS(lambda: peer(NumPyro(), case.data))
    first = kernel.init(jx.random.key(0), WARMUP, None, (), {})
    values = kernel.postprocess_fn((), {})
    size = 500

    @jx.jit  # one program for the warm-up and the draws: compiled once
    def advance(state: Any, count: Any) -> Any:
        shapes = jx.eval_shape(values, state.z)
        empty = {n: jnp.zeros((size, *shapes[n].shape)) for n in case.watched}

        def body(i: Any, carry: Any) -> Any:
            state, kept = carry
            state = kernel.sample(state, (), {})
            now = values(state.z)
            return state, {n: kept[n].at[i].set(now[n]) for n in kept}

        return jx.lax.fori_loop(0, count, body, (state, empty))

    def go(state: Any, count: int) -> tuple[Any, list[Draws]]:
        out = []
        while count > 0:
            now = min(count, size)
            state, kept = advance(state, now)
            out.append({n: np.asarray(v)[:now] for n, v in kept.items()})
            count -= now
        return state, out

    go(first, 1)
    run.reached()

    def timed(draws: int) -> tuple[Draws, float, float]:
        warm = after = 0.0
        chains = []
        for c in range(CHAINS):
            # A state of its own start: compiled once more, which is not counted.
            state = kernel.init(jx.random.key(c + 1), WARMUP, None, (), {})
            start = cpu()
            state, _ = go(state, WARMUP)
            middle = cpu()
            _, out = go(state, draws)
            warm, after = warm + middle - start, after + cpu() - middle
            chains.append({n: np.concatenate([o[n] for o in out]) for n in case.watched})
        return {n: np.stack([c[n] for c in chains]) for n in case.watched}, warm, after

    return run, timed


def jags(case: Case | Published) -> tuple[Run, Sample]:
    assert case.jags is not None
    model = case.jags
    run = Run()

    def sample(warmup: int, draws: int, chains: int) -> Draws:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "model.bug").write_text(model, encoding="utf-8")
            rows = (f'"{n}" <- {_dump(v)}' for n, v in case.data.items())
            (folder / "data.R").write_text("\n".join(rows), encoding="utf-8")
            _jags(folder, case, warmup, draws, chains)
            return _coda(folder, case, draws, chains)

    sample(0, 1, 1)
    run.reached()
    return run, _less_warmup(lambda draws: sample(WARMUP, draws, CHAINS), 1)


def _dump(value: Any) -> str:
    v = np.asarray(value)
    flat = ", ".join(repr(x) for x in v.ravel(order="F").tolist())
    if v.ndim < 2:
        return f"c({flat})"
    return f"structure(c({flat}), .Dim = c({', '.join(f'{d}L' for d in v.shape)}))"


def _jags(folder: Path, case: Case | Published, warmup: int, draws: int, chains: int) -> None:
    """Run JAGS; its compiling takes little, and is counted with the warm-up."""
    seeds = []
    for c in range(1, chains + 1):
        (folder / f"init{c}.R").write_text(
            f'".RNG.name" <- "base::Mersenne-Twister"\n".RNG.seed" <- {c}\n{case.start}',
            encoding="utf-8",
        )
        seeds.append(f'parameters in "init{c}.R", chain({c})')
    lines = [
        "load glm", 'model in "model.bug"', 'data in "data.R"', f"compile, nchains({chains})",
        *seeds, "initialize", f"adapt {warmup // 2}" if warmup else "",
        f"update {warmup - warmup // 2}" if warmup else "",
        *(f"monitor {n}" for n in case.watched), f"update {draws}", "coda *", "exit",
    ]  # fmt: skip
    (folder / "run.cmd").write_text("\n".join(x for x in lines if x) + "\n", encoding="utf-8")
    done = subprocess.run(["jags", "run.cmd"], cwd=folder, check=False, capture_output=True)
    if not (folder / "CODAindex.txt").exists():
        said = (done.stdout + done.stderr).decode().split()
        raise RuntimeError(f"JAGS: {' '.join(said)[-300:]}")


def _coda(folder: Path, case: Case | Published, draws: int, chains: int) -> Draws:
    """Read what JAGS wrote: the draws of each scalar, one after the other."""
    names = [r.split()[0] for r in (folder / "CODAindex.txt").read_text().splitlines()]
    read = []
    for c in range(1, chains + 1):
        values = np.loadtxt(folder / f"CODAchain{c}.txt", usecols=1, ndmin=1)
        read.append(values.reshape(len(names), draws))
    whole = np.stack(read)
    places = {v: [i for i, n in enumerate(names) if n.split("[")[0] == v] for v in case.watched}
    return {
        v: whole[:, at[0]] if names[at[0]] == v else np.moveaxis(whole[:, at], 1, 2)
        for v, at in places.items()
    }


PROGRAMS = {f.__name__: f for f in (numba, jax, nutpie, numpyro, jags)}
LABELS = {"numba": "Astragal, Numba", "jax": "Astragal, JAX", "nutpie": "PyMC + nutpie",
          "numpyro": "NumPyro", "jags": "JAGS"}  # fmt: skip
OURS = ("numba", "jax")


# -- one process -----------------------------------------------------------------------------


def work(program: str, name: str, draws: int, job: Path | None, out: Path) -> None:
    """Run one program on one case: its draws into a file, its times printed as JSON."""
    warnings.simplefilter("ignore")
    case = Published.read(job) if job else EVERY[name]()
    run, timed = PROGRAMS[program](case)
    found, warm, after = timed(draws)
    if after < LEAST:
        draws *= min(math.ceil(LEAST / after), MOST)
        found, warm, after = timed(draws)
    np.savez(out, **found)
    print(json.dumps({"first": run.first, "warm": warm, "after": after, "draws": draws}))


def measured(
    python: str, program: str, case: str | Published, draws: int, limit: float = math.inf
) -> dict[str, Any] | str:
    """Run a program in a process of its own: what it did, or why there is nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        command = [python, str(Path(__file__).with_name("bench_cases.py"))]
        command += ["--work", program, "--draws", str(draws), "--out", str(folder / "draws.npz")]
        if isinstance(case, Published):
            case.write(folder / "job.json")
            command += ["--job", str(folder / "job.json"), case.name]
        else:
            command.append(case)
        environment = {**os.environ, "ASTRAGAL_CACHE": scratch, "JAX_PLATFORMS": "cpu",
                       "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}  # fmt: skip
        # A session of its own: what it starts ends with it.
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                told, wrong = process.communicate(timeout=None if limit == math.inf else limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                return f"over {limit:.0f} s"
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            return wrong.strip().splitlines()[-1][:300] if wrong.strip() else "failed"
        result: dict[str, Any] = json.loads(told.splitlines()[-1])
        with np.load(folder / "draws.npz") as found:
            return result | summary(dict(found))


def summary(found: Draws) -> dict[str, Any]:
    """Summarise draws: the least bulk ESS, the largest R-hat, and means with their errors."""
    from arviz_stats.base import array_stats

    axes = {"chain_axis": 0, "draw_axis": 1}
    ess, rhat = math.inf, 1.0
    means: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    for n, v in found.items():
        flat = np.asarray(v, "float64").reshape(*v.shape[:2], -1)
        means[n] = [float(x) for x in flat.mean((0, 1))]
        errors[n] = []
        for i in range(flat.shape[2]):
            one = flat[:, :, i]
            if np.ptp(one) == 0.0:
                errors[n].append(0.0)
                continue
            ess = min(ess, float(np.squeeze(array_stats.ess(one, method="bulk", **axes))))
            rhat = max(rhat, float(np.squeeze(array_stats.rhat(one, **axes))))
            errors[n].append(float(np.squeeze(array_stats.mcse(one, **axes))))
    return {"ess": ess, "rhat": rhat, "means": means, "errors": errors}


def apart(a: dict[str, Any], b: dict[str, Any]) -> float:
    """The largest difference of posterior means, in Monte Carlo errors of both together."""
    worst = 0.0
    for n, means in a["means"].items():
        error = np.hypot(a["errors"][n], b["errors"][n])
        gaps = np.abs(np.array(means) - b["means"][n])
        worst = max(worst, float(np.max(gaps / np.where(error > 0.0, error, 1.0))))
    return worst


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
