"""Derive, run and check cases: ``python -m astragal.examples.cases [NAME ...] --data FOLDER``.

The folder holds, for each case, ``data.json`` and reference results, and ``check.py``, which
compares draws with them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from astragal.examples.cases import CASES


def find(folder: Path, name: str) -> Path:
    """Find the folder of a case."""
    for path in sorted(folder.glob(f"**/{name}")):
        if (path / "data.json").exists():
            return path
    raise SystemExit(f"no case {name!r} below {folder}")


def run(
    name: str, folder: Path, backend: str, seed: int
) -> tuple[Any, dict[str, Any], float, float]:
    """Derive and sample one case: the sampler, draws by name, and CPU seconds for either."""
    case = CASES[name]
    data = json.loads((find(folder, name) / "data.json").read_text())
    began = time.process_time()  # of all threads: other work on the machine adds nothing
    sampler = case.derive(data)
    derived = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = sampler.sample(
            seed=seed,
            draws=case.draws,
            warmup=0 if sampler.exact else case.warmup,
            backend=backend,
            progress=False,
        )
    done = time.process_time()
    draws = {n: np.asarray(v.values, dtype=float) for n, v in tree["posterior"].data_vars.items()}
    return sampler, draws, derived - began, done - derived


def reference_names(folder: Path, name: str) -> dict[str, str]:
    """From a name in the model to that in the reference."""
    reference = json.loads((find(folder, name) / "reference.json").read_text())
    bases = {n.split("[")[0] for n in reference["params"]}
    return {b.replace(".", "_").replace("lambda", "lambda_"): b for b in bases}


def check(name: str, folder: Path, draws: dict[str, Any], python: str) -> tuple[bool, str]:
    """Compare draws with the reference by the collection's own program."""
    names = reference_names(folder, name)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "draws.npz"
        kept = {names[n]: v for n, v in draws.items() if n in names}
        np.savez(path, **kept)
        command = [python, str(folder / "check.py"), str(path), find(folder, name).name]
        options = ["--quantiles", "--min-ess", "400", "--max-blind", "0.2"]
        out = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    return out.returncode == 0, out.stdout + out.stderr


def steps_of(sampler: Any) -> str:
    """Say what each step of a sampler draws, and how."""
    return ", ".join(f"{s.name}: {s.kind}" for s in sampler.steps)


def line(table: bool, name: str, good: bool, deriving: float, sampling: float, kinds: str) -> str:
    """Say in a line, or a row of a table, what became of a case."""
    if table:
        word = "agrees" if good else "differs"
        return f"| {name} | {kinds} | {deriving:.2f} | {sampling:.1f} | {word} |"
    word = "ok    " if good else "FAILED"
    return f"{name:45} {word} derive {deriving:5.2f} s, run {sampling:6.1f} s   {kinds}"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", help="cases; by default all")
    parser.add_argument("--data", type=Path, required=True, help="folder of the collection")
    parser.add_argument("--backend", default="numba", choices=["numba", "jax", "numpy"])
    parser.add_argument("--python", default=sys.executable, help="interpreter for check.py")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="print a table in Markdown")
    parser.add_argument("--out", type=Path, help="file that gets a line of JSON a case")
    parser.add_argument("--verbose", action="store_true", help="show derivations and checks")
    given = parser.parse_args()
    failed = []
    if given.table:
        print("| case | steps | derive, CPU s | run, CPU s | reference |\n|---|---|---|---|---|")
    for name in given.names or CASES:
        try:
            result = run(name, given.data, given.backend, given.seed)
            good, told = check(name, given.data, result[1], given.python)
            if not good:  # once more, from another seed
                result = run(name, given.data, given.backend, given.seed + 1)
                good, told = check(name, given.data, result[1], given.python)
        except Exception as error:  # one case must not hide the others
            print(f"{name:45} ERROR {type(error).__name__}: {error}", flush=True)
            failed.append(name)
            continue
        sampler, _, deriving, sampling = result
        kinds = steps_of(sampler)
        print(line(given.table, name, good, deriving, sampling, kinds), flush=True)
        if given.out is not None:
            record = {
                "case": name,
                "backend": given.backend,
                "steps": kinds,
                "agrees": good,
                "derive": round(deriving, 2),
                "run": round(sampling, 1),
            }
            with given.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        if given.verbose or not good:
            print(told, flush=True)
        if given.verbose:
            print(sampler.explain(), flush=True)
        if not good:
            failed.append(name)
    print(f"{len(given.names or CASES) - len(failed)} cases agree, {len(failed)} do not: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
