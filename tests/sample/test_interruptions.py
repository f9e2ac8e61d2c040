"""A run that is killed or interrupted for real, in a process of its own, on both backends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::astragal.sample.SamplingWarning"),
]

MODEL = """
import sys, warnings
import astragal as ag

def sampler():
    k = ag.split(ag.input("key", dtype="key"), 3)
    shape = ag.random.exponential(k[0], rate=0.5)
    rate = ag.random.gamma(k[1], shape, rate=0.7)
    y = ag.random.poisson(k[2], rate, size=3)
    return ag.derive(ag.Model({"shape": shape, "rate": rate, "y": y}), {"y": [3, 1, 4]})
"""
# Where tests run in the background of a shell, interrupts are ignored, and their children's too.
RUN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
warnings.simplefilter("ignore")
backend, folder, out = sys.argv[1:]
tree = sampler().sample(draws=1_000_000, warmup=100, chains=2, backend=backend, seed=4,
                        progress=False, checkpoint=folder)
tree.to_netcdf(out, engine="h5netcdf")
"""


def sample(backend: str, draws: int, folder: Path | None = None) -> xr.Dataset:
    space: dict[str, object] = {}
    exec(MODEL, space)
    made = space["sampler"]
    assert callable(made)
    tree = made().sample(
        draws=draws, warmup=100, chains=2, backend=backend, seed=4, progress=False,
        checkpoint=folder,
    )  # fmt: skip
    posterior: xr.Dataset = tree["posterior"].dataset
    return posterior


def stopped(backend: str, tmp_path: Path, how: signal.Signals) -> tuple[Path, Path]:
    """Start a long run, stop it when each chain has some blocks: the checkpoint, and its result."""
    folder, out = tmp_path / "run", tmp_path / "draws.nc"
    process = subprocess.Popen(
        [sys.executable, "-c", MODEL + RUN, backend, str(folder), str(out)],
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )
    done = [0]
    try:
        for _ in range(6000):
            done = [len(list(folder.glob(f"chain{c:03d}-*.npz"))) for c in range(2)]
            if min(done) >= 4 or process.poll() is not None:
                break
            time.sleep(0.05)
        process.send_signal(how)
        process.wait(120)
    finally:
        process.kill()
    assert min(done) >= 4, "the run stopped by itself"
    return folder, out


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_a_killed_run_goes_on_bit_for_bit(backend: str, tmp_path: Path) -> None:
    folder, out = stopped(backend, tmp_path, signal.SIGKILL)
    assert not out.exists()
    done = min(len(list(folder.glob(f"chain{c:03d}-*.npz"))) for c in range(2))
    draws = 100 * min(done, 20) + 300
    resumed, whole = sample(backend, draws, folder), sample(backend, draws)
    for name in whole.data_vars:
        np.testing.assert_array_equal(resumed[name], whole[name])


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_ctrl_c_gives_what_is_done(backend: str, tmp_path: Path) -> None:
    _, out = stopped(backend, tmp_path, signal.SIGINT)
    with xr.open_datatree(out, engine="h5netcdf") as tree:
        kept = tree["posterior"].dataset.load()
    assert 200 <= kept.sizes["draw"] < 1_000_000
    whole = sample(backend, 200)
    for name in whole.data_vars:
        np.testing.assert_array_equal(kept[name][:, :200], whole[name])
