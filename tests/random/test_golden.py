"""Streams never change without notice: hashes of draws, the same on every backend.

After a change that is meant, and noted in the changelog, write the hashes anew:
``python tests/random/test_golden.py``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import OTHERS, UNIVARIATE, Case

import astragal as ag

CASES = {str(c): c for c in (*UNIVARIATE, *OTHERS)}
FILE = Path(__file__).with_name("golden.json")
GOLDEN: dict[str, dict[str, str]] = json.loads(FILE.read_text()) if FILE.exists() else {}
DRAWS = 1003
# Compiled in every run of the tests; the others are slow.
QUICK = {
    "normal(loc=-1.5, scale=2.5)",
    "exponential(rate=2.5)",
    "gamma(shape=0.3, rate=0.7)",
    "poisson(lam=43.7)",
    "categorical(p=[0.1, 0.5, 0.15, 0.25])",
}


def dtypes(case: Case) -> tuple[str, ...]:
    rv = case.draw(ag.key(0))
    # Some of the extremes are beyond the range of float32.
    fits = all(np.all(np.abs(v) < 1e30) for v in case.parameters.values())
    return ("float64", "float32") if rv.dtype == "float64" and fits else (rv.dtype,)


def digest(case: Case, dtype: str, backend: str) -> str:
    key = ag.input("key", dtype="key")
    wanted = dtype if dtype.startswith("float") else None
    f = ag.function([key], case.draw(key, DRAWS, wanted), backend=backend)
    x = np.ascontiguousarray(
        f(ag.evaluate(ag.fold_in(ag.key(1894), sorted(CASES).index(str(case)))))
    )
    assert x.dtype == dtype
    return hashlib.blake2b(x.tobytes(), digest_size=16).hexdigest()


ALL = [(str(c), t) for c in CASES.values() for t in dtypes(c)]


@pytest.mark.parametrize(("case", "dtype"), ALL)
def test_the_reference_draws_what_it_always_drew(case: str, dtype: str) -> None:
    assert digest(CASES[case], dtype, "numpy") == GOLDEN[case][dtype]


def marked(case: str, dtype: str) -> Any:
    quick = case in QUICK and dtype != "float32"
    return pytest.param(case, dtype, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize(("case", "dtype"), [marked(*p) for p in ALL])
def test_compiled_draws_have_the_bits_of_the_reference(case: str, dtype: str, backend: str) -> None:
    assert digest(CASES[case], dtype, backend) == GOLDEN[case][dtype]


def test_a_hash_tells_draws_apart() -> None:
    case = CASES["normal(loc=-1.5, scale=2.5)"]
    other = Case(case.name, {"loc": -1.5, "scale": np.nextafter(2.5, 3.0)}, None)
    key = ag.key(1)
    assert not np.array_equal(ag.evaluate(case.draw(key, 50)), ag.evaluate(other.draw(key, 50)))


if __name__ == "__main__":
    table = {str(c): {t: digest(c, t, "numpy") for t in dtypes(c)} for c in CASES.values()}
    FILE.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")
