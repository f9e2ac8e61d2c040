"""Executables of JAX on disk: found again by what they compute, and for nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import astragal as ag
from astragal.compile import jax as backend
from astragal.compile import jax_cache
from astragal.graph.errors import DomainError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, which keeps everything."""
    monkeypatch.setenv("ASTRAGAL_CACHE", str(tmp_path))
    monkeypatch.setattr(jax_cache, "SLOW", 0.0)
    return tmp_path


def files(folder: Path) -> set[str]:
    return {p.name for p in folder.glob("jax_*.bin")}


def forbid_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    def trace(*args: Any) -> Any:
        raise AssertionError("traced, where the executable is on disk")

    monkeypatch.setattr(backend.JaxProgram, "_trace", trace)


def test_a_second_program_of_the_same_graph_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = ag.input("x", shape=("n",)), ag.input("y")
    table = ag.constant(np.arange(40.0))
    graph = ag.sum(ag.exp(x) * y) + table
    values = np.array([0.5, 0.25]), 1.5
    first = ag.function([x, y], graph, backend="jax")(*values)
    assert len(files(folder)) == 1
    forbid_tracing(monkeypatch)
    a, b = ag.input("a", shape=("m",)), ag.input("b")
    again = ag.function([a, b], ag.sum(ag.exp(a) * b) + table, backend="jax")(*values)
    assert jnp.array_equal(first, again)
    assert again.dtype == np.float64


def test_what_differs_has_a_file_of_its_own(folder: Path) -> None:
    x, n = ag.input("x", shape=("n",)), ag.input("count", dtype="int64")

    def run(graph: ag.Expr, inputs: list[ag.Expr], *values: Any) -> Any:
        return np.asarray(ag.function(inputs, graph, backend="jax")(*values))

    two, three = np.ones(2), np.ones(3)
    seen = 0
    for graph, inputs, values, want in [
        (x + 1.0, [x], (two,), [2, 2]),
        (x + 2.0, [x], (two,), [3, 3]),
        (x - 1.0, [x], (two,), [0, 0]),
        (x + 1.0, [x], (three,), [2, 2, 2]),
        (x + ag.constant([1.0, 5.0]), [x], (two,), [2, 6]),
        (x + ag.constant([1.0, 6.0]), [x], (two,), [2, 7]),
        (ag.arange(n), [n], (2,), [0, 1]),
        (ag.arange(n), [n], (3,), [0, 1, 2]),
        (ag.astype(x, "float32"), [x], (two,), [1, 1]),
    ]:
        np.testing.assert_array_equal(run(graph, inputs, *values), want)
        seen += 1
        assert len(files(folder)) == seen
    # A setting of the user's that changes the program.
    with jax.default_matmul_precision("bfloat16"):
        run(x + 1.0, [x], two)
    assert len(files(folder)) == seen + 1


def test_a_damaged_file_is_compiled_anew(folder: Path) -> None:
    x = ag.input("x")
    for damage in (b"", b"[]\nnonsense", b"\x80\x04"):
        assert float(ag.function([x], x * 3.0, backend="jax")(2.0)) == 6.0
        (path,) = folder.glob("jax_*.bin")
        path.write_bytes(damage)
    assert float(ag.function([x], x * 3.0, backend="jax")(2.0)) == 6.0


def test_checks_keep_their_words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    k, rate = ag.input("k", dtype="key"), ag.input("rate")
    draw = ag.random.exponential(k, rate=rate)
    key = ag.evaluate(ag.key(1))
    good = float(ag.function([k, rate], draw, backend="jax")(key, 2.0))
    assert files(folder)
    forbid_tracing(monkeypatch)
    again = ag.function([k, rate], draw, backend="jax")
    assert float(again(key, 2.0)) == good
    with pytest.raises(DomainError, match="rate"):
        again(key, -1.0)


def test_without_a_writable_folder_programs_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("")
    monkeypatch.setenv("ASTRAGAL_CACHE", str(blocked))
    monkeypatch.setattr(jax_cache, "SLOW", 0.0)
    x = ag.input("x")
    assert float(ag.function([x], x * 3.0, backend="jax")(2.0)) == 6.0


def test_compiled_functions_may_be_traced_and_sharded(folder: Path) -> None:
    x = ag.input("x", shape=(4,))
    f = ag.function([x], x * 2.0, backend="jax")
    values = np.arange(4.0)
    plain = f(values)
    with backend.enable_x64():
        np.testing.assert_array_equal(jax.jit(f)(jnp.asarray(values)), plain)
        mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]), ("rows",))
        placed = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("rows"))
        np.testing.assert_array_equal(f(jax.device_put(values, placed)), plain)


def test_the_users_own_cache_is_left_alone(folder: Path) -> None:
    before = dict(jax.config.values)  # type: ignore[attr-defined]
    x = ag.input("x")
    ag.function([x], x * 3.0, backend="jax")(2.0)
    assert dict(jax.config.values) == before  # type: ignore[attr-defined]
    jax.jit(lambda v: v * 5.0)(2.0)
    assert len(files(folder)) == len(list(folder.iterdir())) == 1


PROGRAM = """
import numpy as np, astragal as ag
k = ag.input("k", dtype="key")
f = ag.function([k], ag.random.gamma(k, 2.5, rate=1.0, size=3), backend="jax")
print(np.asarray(f(ag.evaluate(ag.key(0)))).tobytes().hex())
"""


# Tracing linear algebra makes JAX look for LAPACK: a process that only reads must look itself.
ALGEBRA = """
import numpy as np, astragal as ag
from astragal.compile import jax_cache
jax_cache.SLOW = 0.0
x = ag.input("x", shape=(3, 3))
parts = [ag.linalg.cholesky(x), ag.linalg.solve(x, ag.linalg.qr(x)[0]), ag.linalg.eigh(x)[0]]
f = ag.function([x], parts, backend="jax")
spd = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.5], [0.5, -0.5, 2.0]])
print(*(np.asarray(v).tobytes().hex() for v in f(spd)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("program", [PROGRAM, ALGEBRA], ids=["draws", "LAPACK"])
def test_a_second_process_uses_what_the_first_compiled(tmp_path: Path, program: str) -> None:
    def run(seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "ASTRAGAL_CACHE": str(tmp_path), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    first = run("1")
    kept = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    assert len(kept) == 1
    assert run("2") == first
    assert {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == kept
