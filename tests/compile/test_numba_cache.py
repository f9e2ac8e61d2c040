"""Generated modules on disk: shared by processes, safe where nothing can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import astragal as ag
from astragal.compile.numba import cache
from astragal.compile.numba.codegen import generate

PROGRAM = """
import numpy as np, astragal as ag
from astragal.compile.numba import compile_numba
x = ag.input("x", shape=(3,))
program = compile_numba([x], [ag.exp(x) + ag.sum(x)])
print(program(np.array([0.5, 1.0, 2.0]))[0].tolist())
"""


def run(folder: Path) -> str:
    out = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "ASTRAGAL_CACHE": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return out.stdout


def compiled(folder: Path) -> dict[str, int]:
    """Numba's files of compiled code, with their times of change."""
    return {p.name: p.stat().st_mtime_ns for p in folder.rglob("*.nbc")}


def test_a_second_process_uses_what_the_first_compiled(tmp_path: Path) -> None:
    first = run(tmp_path)
    kept = compiled(tmp_path)
    assert kept
    assert run(tmp_path) == first
    assert compiled(tmp_path) == kept


def test_without_a_writable_cache_programs_still_run(tmp_path: Path) -> None:
    # A file where the directory should be: nothing can be written, even by root.
    blocked = tmp_path / "cache"
    blocked.write_text("")
    wanted = np.exp([0.5, 1.0, 2.0]) + 3.5
    np.testing.assert_allclose(eval(run(blocked)), wanted, rtol=1e-15)


def test_other_data_of_the_same_shape_share_one_module() -> None:
    x = ag.input("x", shape=(3, 40))
    data = np.random.default_rng(5).normal(size=(2, 3, 40))
    one, two = (generate([x], [ag.sum(x * ag.constant(d), 1)])[0] for d in data)
    assert one == two
    assert cache.name_of(one) == cache.name_of(two)


def test_a_name_depends_on_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    name = cache.name_of("main = 1")
    assert name != cache.name_of("main = 2")
    monkeypatch.setattr(cache, "versions", lambda: "another numba")
    assert name != cache.name_of("main = 1")


def test_a_program_calls_its_own_copies_of_helpers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program's copy may round sums otherwise: draws would follow what ran before."""
    monkeypatch.setenv("ASTRAGAL_CACHE", str(tmp_path))
    a, x = ag.input("a", shape=(5, 7)), ag.input("x", shape=(7,))
    before = set(cache._LOADED)
    f = ag.function([a, x], a @ x - 0.0625, backend="numba")
    assert f(np.ones((5, 7)), np.ones(7)).tolist() == [6.9375] * 5
    (name,) = set(cache._LOADED) - before
    (compiled,) = cache.loaded(name).main.overloads.values()
    linked = {x.linkage.name for x in compiled.library.get_defined_functions()}
    assert linked <= {"internal", "external"}
