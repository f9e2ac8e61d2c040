"""The Numba backend: fused loops, calls, matrices, and the time to a first result.

Run it with ``python benchmarks/bench_compile.py``. Beside NumPy, a loop written by hand, a
bare call of a compiled function, and PyTensor's NUMBA mode where PyTensor is installed.
With ``models``, ``python benchmarks/bench_compile.py models [NAME ...]``, it times whole models
instead: from model to first draw, on Numba and JAX, with cold and warm caches.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np

import astragal as ag
from _harness import compare, machine, readable

MODELS = ("pumps", "schools", "horseshoe", "trials", "items")  # of `_compile_cases`

# What a new process runs: a chain of 50 nodes and its sum, from the graph to the first result.
PROGRAM = """
import sys, time
which, length = sys.argv[1], int(sys.argv[2])
import numpy as np
if which == "astragal":
    import astragal as lib
    from astragal.compile import numba as backend
    x = lib.input("x", shape=(1000,))
else:
    import numba, pytensor, pytensor.tensor as lib
    x = lib.vector("x")
values = np.linspace(0.1, 0.9, 1000)
wall, cpu = time.perf_counter(), time.process_time()
functions = [lib.exp, lib.tanh, lib.sqrt, lib.log1p, lib.sin]
y = x
for k in range(length // 5):
    y = functions[k % 5](0.25 * abs(y)) + 0.5 * k + x
if which == "astragal":
    f = lib.function([x], [y, y.sum()], backend="numba")
else:
    f = pytensor.function([x], [y, y.sum()], mode="NUMBA")
f(values)
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def chain(x: Any, y: Any, lib: Any) -> Any:
    """Ten operations on two arrays, for any library with the array API's names."""
    d = x - y
    return lib.exp(d * d * -0.125) * x + lib.sqrt(x * x + 1.0) - y


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
def by_hand(x: Any, y: Any) -> Any:
    """The same chain as a loop."""
    out = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        d = x[i] - y[i]
        out[i] = math.exp(d * d * -0.125) * x[i] + math.sqrt(x[i] * x[i] + 1.0) - y[i]
    return out


def first_call(which: str, cache: str, length: int = 50) -> tuple[float, float]:
    """Seconds (wall, CPU) from a graph to its first result, in a new process."""
    environment = {
        **os.environ,
        "ASTRAGAL_CACHE": f"{cache}/astragal",
        "PYTENSOR_FLAGS": f"base_compiledir={cache}/pytensor",
        "NUMBA_CACHE_DIR": f"{cache}/numba",
    }
    out = subprocess.run(
        [sys.executable, "-c", PROGRAM, which, str(length)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu = out.stdout.split()
    return float(wall), float(cpu)


def times_to_first_call(which: str, rounds: int = 3) -> None:
    """Print cold and warm times of one library."""
    cold, warm = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(first_call(which, cache))
            warm.append(first_call(which, cache))
    for name, found in (("cold", cold), ("warm", warm)):
        wall, cpu = (statistics.median(t[k] for t in found) for k in (0, 1))
        print(f"{which}, 50 nodes, first call, {name}: wall {wall:.2f} s, CPU {cpu:.2f} s")


def models(names: Sequence[str]) -> None:
    """Print CPU seconds from a model to its first draw, in new processes.

    Importing a backend's library, of which its own time is printed first, is part of them.
    """
    folder = Path(__file__).parent
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}

    def seconds(cache: str, *command: str) -> list[float]:
        out = subprocess.run(
            [sys.executable, *command],
            env={**environment, "ASTRAGAL_CACHE": cache},
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return [float(t) for t in out.stdout.split()]

    clock = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"
    for library in ("astragal", "numba", "jax"):
        times = [seconds("", "-c", clock.format(library))[0] for _ in range(3)]
        print(f"import {library}: CPU {min(times):.2f} s", flush=True)
    for name in names or MODELS:
        for backend in ("numba", "jax"):
            with tempfile.TemporaryDirectory() as cache:
                for state in ("cold", "warm"):
                    derived, first = seconds(cache, "_compile_cases.py", name, backend)
                    print(
                        f"{name}, {backend}, {state}: derivation {derived:.2f} s, "
                        f"to the first draw {first:.2f} s more",
                        flush=True,
                    )


def algebra(rng: np.random.Generator) -> None:
    """Print matrix functions beside NumPy's, at a small size and a large one."""
    for n in (8, 300):
        root = rng.normal(size=(n, n))
        spd = root @ root.T + n * np.eye(n)
        x, y = ag.input("x", shape=("n", "n")), ag.input("y", shape=("n", "n"))
        for name, graph, peer in (
            ("matmul", ag.matmul(x, y), np.matmul),
            ("cholesky", ag.linalg.cholesky(x + y), lambda a, b: np.linalg.cholesky(a + b)),
            ("solve", ag.linalg.solve(x, y), np.linalg.solve),
        ):
            f = ag.function([x, y], graph, backend="numba")
            np.testing.assert_allclose(f(spd, spd), peer(spd, spd), rtol=1e-6, atol=1e-8)

            def ours(f: Any = f, spd: Any = spd) -> Any:
                return f(spd, spd)

            def theirs(peer: Any = peer, spd: Any = spd) -> Any:
                return peer(spd, spd)

            print(compare(f"{name}, {n} rows, beside NumPy", ours, theirs))


def main() -> None:
    """Print every figure."""
    if sys.argv[1:2] == ["models"]:
        print(machine("numpy", "numba", "jax"))
        models(sys.argv[2:])
        return
    print(machine("numpy", "numba"))
    rng = np.random.default_rng(0)
    a, b = rng.random(10**6), rng.random(10**6)
    x, y = ag.input("x", shape=("n",)), ag.input("y", shape=("n",))
    fused = ag.function([x, y], chain(x, y, ag), backend="numba")

    def ours() -> Any:
        return fused(a, b)

    np.testing.assert_allclose(fused(a, b), chain(a, b, np), rtol=1e-14)
    print(compare("10 operations on 10^6, beside NumPy", ours, lambda: chain(a, b, np)))
    print(compare("the same, beside a loop by hand", ours, lambda: by_hand(a, b)))
    total = ag.function([x, y], ag.sum(chain(x, y, ag)), backend="numba")
    print(compare("their sum, beside NumPy", lambda: total(a, b), lambda: np.sum(chain(a, b, np))))

    s = ag.input("s")
    scalar = ag.function([s], s * 2.0 + 1.0, backend="numba")
    bare = numba.njit(lambda v: v * 2.0 + 1.0)
    result = compare(
        "call of a scalar function, beside njit", lambda: scalar(1.5), lambda: bare(1.5)
    )
    print(result)
    print(f"call overhead: {readable(result.ours - result.peer)}")

    algebra(rng)
    times_to_first_call("astragal")
    try:
        import pytensor  # noqa: F401
    except ImportError:
        print("PyTensor is not installed: its times to a first call are left out")
    else:
        times_to_first_call("pytensor")


if __name__ == "__main__":
    main()
