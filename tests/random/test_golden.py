"""Streams never change without notice: hashes of draws, the same on every backend.

The reference is checked for every law; the compiled backends here for some of them, since
each takes seconds to compile. All of them are checked, in parts if wanted (half an hour of one
core on a quiet machine in all), and after a change that is meant and noted in the changelog written
anew, by

    python tests/random/test_golden.py check numba jax
    python tests/random/test_golden.py check numba jax --part 3/8
    python tests/random/test_golden.py write
"""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from laws import OTHERS, UNIVARIATE, Case  # type: ignore[import-not-found]

import astragal as ag

CASES = {str(c): c for c in (*UNIVARIATE, *OTHERS)}
FILE = Path(__file__).with_name("golden.json")
GOLDEN: dict[str, dict[str, str]] = json.loads(FILE.read_text()) if FILE.exists() else {}
DRAWS = 1003
# Compiled in every run of the tests.
QUICK = (
    "normal(loc=-1.5, scale=2.5)",
    "exponential(rate=2.5)",
    "gamma(shape=0.3, rate=0.7)",
    "poisson(lam=43.7)",
    "categorical(p=[0.1, 0.5, 0.15, 0.25])",
)
SLOW = (
    "beta(a=0.4, b=2.3)",
    "von_mises(mu=0.8, kappa=2.3)",
    "student_t(df=3.5, loc=1.0, scale=2.0)",
    "binomial(n=150, p=0.72)",
    "polya_gamma(h=250.5, z=1.7)",
    "dirichlet(alpha=[0.3, 2.0, 1.1, 5.0])",
    (
        "multivariate_normal(mean=[1.0, -2.0, 3.0], "
        "cov=[[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]])"
    ),
)


def dtypes(case: Case) -> tuple[str, ...]:
    rv = case.draw(ag.key(0))
    # Some of the extremes are beyond the range of float32.
    fits = all(np.all(np.abs(v) < 1e30) for v in case.parameters.values())
    return ("float64", "float32") if rv.dtype == "float64" and fits else (rv.dtype,)


def digest(case: Case, dtype: str, backend: str) -> str:
    key = ag.input("key", dtype="key")
    wanted = dtype if dtype.startswith("float") else None
    f = ag.function([key], case.draw(key, DRAWS, wanted), backend=backend)
    # A key that another case beside it does not move.
    number = zlib.crc32(str(case).encode())
    x = np.ascontiguousarray(f(ag.evaluate(ag.fold_in(ag.key(1894), number))))
    assert x.dtype == dtype
    return hashlib.blake2b(x.tobytes(), digest_size=16).hexdigest()


ALL = [(str(c), t) for c in CASES.values() for t in dtypes(c)]


@pytest.mark.parametrize(("case", "dtype"), ALL)
def test_the_reference_draws_what_it_always_drew(case: str, dtype: str) -> None:
    assert digest(CASES[case], dtype, "numpy") == GOLDEN[case][dtype]


COMPILED = [
    *((c, dtypes(CASES[c])[0]) for c in QUICK),
    *(pytest.param(c, t, marks=pytest.mark.slow) for c in SLOW for t in dtypes(CASES[c])[:1]),
    pytest.param("gamma(shape=2.5, rate=4.0)", "float32", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize(("case", "dtype"), COMPILED)
def test_compiled_draws_have_the_bits_of_the_reference(case: str, dtype: str, backend: str) -> None:
    assert digest(CASES[case], dtype, backend) == GOLDEN[case][dtype]


def test_a_hash_tells_draws_apart() -> None:
    case = CASES["normal(loc=-1.5, scale=2.5)"]
    other = Case(case.name, {"loc": -1.5, "scale": np.nextafter(2.5, 3.0)}, None)
    key = ag.key(1)
    assert not np.array_equal(ag.evaluate(case.draw(key, 50)), ag.evaluate(other.draw(key, 50)))


def write() -> None:
    """Write the hashes of the reference."""
    table = {str(c): {t: digest(c, t, "numpy") for t in dtypes(c)} for c in CASES.values()}
    FILE.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")


def part_of(text: str) -> slice:
    """Read which part is meant: the third of eight is 3/8."""
    number, parts = map(int, text.split("/"))
    if not 1 <= number <= parts:
        raise ValueError(f"part {text}: expected a number from 1 to {parts}")
    return slice(number - 1, None, parts)


def check(backends: list[str], part: slice = slice(None)) -> int:
    """Compare laws on some backends, saying which as it goes; give the number that differ."""
    wrong = 0
    for case, dtype in ALL[part]:
        for backend in backends:
            same = digest(CASES[case], dtype, backend) == GOLDEN[case][dtype]
            wrong += not same
            print(f"{'same' if same else 'DIFFERS'}: {case}, {dtype}, {backend}", flush=True)
    print(f"{len(ALL[part])} streams on {' and '.join(backends)}: {wrong} differ")
    return wrong


def test_the_parts_of_the_check_are_all_of_it() -> None:
    parts = [ALL[part_of(f"{i}/7")] for i in range(1, 8)]
    assert sorted(stream for part in parts for stream in part) == sorted(ALL)
    with pytest.raises(ValueError, match="from 1 to 7"):
        part_of("8/7")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            write()
        case ["check", *backends, "--part", which] if backends:
            sys.exit(bool(check(backends, part_of(which))))
        case ["check", *backends] if backends:
            sys.exit(bool(check(backends)))
        case _:
            sys.exit("usage: test_golden.py write | check BACKEND ... [--part I/N]")
