"""The dieharder battery on random bits: on one stream, and on streams of many keys interleaved.

    python benchmarks/battery.py                      # a few quick tests of every stream
    python benchmarks/battery.py --all --streams one siblings
    python benchmarks/battery.py --tests 102 --streams leaves --keys 20

Needs the program dieharder (on Debian: ``apt-get install dieharder``), and says so where it is
missing. Bits come from the Numba backend, which gives those of every other. Of the p-values of a
key's tests the least and the largest are printed; one within 1e-6 of 0 or 1 is a failure. Of
several keys, one value a test and key is tested for being uniform: those of one run of a test (30
of the serial one) are of the same bits, so that all of them together are not independent.
Compare with what the stream `control`, of NumPy's SFC64, gives for as many keys.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import stats

import astragal as ag

ROWS = 1 << 16
QUICK = ("0", "2", "15", "102", "205")  # birthdays, 32 x 32 ranks, runs, serial, bytes
FAILURE = 1e-6


def one(impl: str, key: Any) -> Iterator[bytes]:
    """The bits of one key, from the first element on."""
    k = ag.input("k", dtype=ag.key(0, impl).type)
    n = 1 << 22
    # Longer than any test reads in parts: elements follow from their number alone.
    f = ag.function([k], ag.random.bits(k, size=16 * n))
    whole = f(key)
    for i in range(16):
        yield whole[i * n : (i + 1) * n].tobytes()
    yield from siblings(impl, key)


def siblings(impl: str, key: Any) -> Iterator[bytes]:
    """Element i of each of many siblings, then element i + 1 of each."""
    k = ag.input("k", dtype=ag.key(0, impl).type)
    many, depth = 1 << 12, 1 << 10
    f = ag.function([k], ag.random.bits(ag.split(k, many), size=(many, depth)).T)
    yield from _onwards(f, k, key)


def leaves(impl: str, key: Any) -> Iterator[bytes]:
    """The first element of each leaf of a tree, from left to right."""
    k = ag.input("k", dtype=ag.key(0, impl).type)
    f = ag.function([k], ag.random.bits(ag.split(k, 1 << 16)))
    yield from _onwards(f, k, key)


def folds(impl: str, key: Any) -> Iterator[bytes]:
    """The first element of a key with 0, 1, 2, ... folded in."""
    k = ag.input("k", dtype=ag.key(0, impl).type)
    start = ag.input("start", dtype="int64")
    f = ag.function([k, start], ag.random.bits(ag.fold_in(k, start + ag.arange(ROWS))))
    for i in range(1 << 30):
        yield f(key, i * ROWS).tobytes()


def control(impl: str, key: Any) -> Iterator[bytes]:
    """Bits of NumPy's SFC64, to see what the battery itself does."""
    source = np.random.SFC64([int(w) for w in key.words])
    while True:
        yield source.random_raw(ROWS).tobytes()


def _onwards(f: Any, k: Any, key: Any) -> Iterator[bytes]:
    """Give what a function makes of the leaves of a tree over 2**10 keys, then of the next."""
    spread = ag.function([k], ag.split(k, 1 << 10))
    while True:
        inner = spread(key)
        for i in range(1, 1 << 10):
            yield f(inner[i]).tobytes()
        key = inner[0]


STREAMS: dict[str, Callable[[str, Any], Iterator[bytes]]] = {
    "one": one,
    "siblings": siblings,
    "leaves": leaves,
    "folds": folds,
    "control": control,
}


def dieharder(source: Iterator[bytes], arguments: list[str]) -> list[tuple[str, float]]:
    """Run the battery on bytes; give the name and p-value of each test."""
    process = subprocess.Popen(
        ["dieharder", "-g", "200", "-D", "test_name", "-D", "ntuple", "-D", "pvalues", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )

    def feed() -> None:
        assert process.stdin is not None
        try:
            for block in source:
                process.stdin.write(block)
        except (BrokenPipeError, OSError):
            pass

    threading.Thread(target=feed, daemon=True).start()
    assert process.stdout is not None
    text = process.stdout.read().decode()
    process.wait()
    found = []
    for line in text.splitlines():
        parts = [p.strip() for p in line.split("|")]
        if len(parts) >= 3 and parts[1].isdigit():
            found.append((f"{parts[0]} {parts[1]}", float(parts[2])))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="dieharder on random bits")
    parser.add_argument("--streams", nargs="*", default=list(STREAMS), choices=list(STREAMS))
    parser.add_argument("--tests", nargs="*", default=list(QUICK), help="numbers of dieharder")
    parser.add_argument("--all", action="store_true", help="all tests: an hour for each stream")
    parser.add_argument("--keys", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="seed of the first key")
    parser.add_argument("--impl", default="threefry4x32")
    given = parser.parse_args(arguments)
    if shutil.which("dieharder") is None:
        print("dieharder is not installed here (on Debian: apt-get install dieharder)")
        return 0
    runs = [["-a"]] if given.all else [["-d", t] for t in given.tests]
    failed = False
    for name in given.streams:
        values: list[float] = []
        apart: list[float] = []
        for seed in range(given.first, given.first + given.keys):
            for run in runs:
                key = ag.evaluate(ag.key(seed, given.impl))
                found = dieharder(STREAMS[name](given.impl, key), run)
                last = {test.rsplit(" ", 1)[0]: p for test, p in found}
                apart += last.values()
                values += [p for _, p in found]
                for test, p in found:
                    if not FAILURE < p < 1 - FAILURE:
                        failed = True
                        print(f"{name}, key {seed}: {test} gives p = {p:.8f}")
        if not values:
            print(f"{name}: dieharder gave no results")
            failed = True
            continue
        both = stats.kstest(apart, "uniform").pvalue if len(apart) > 8 else float("nan")
        print(
            f"{name:9s} {given.impl}: {len(values)} p-values from {min(values):.2g} to "
            f"1 - {1 - max(values):.2g}; {len(apart)} of different bits, uniform with "
            f"p = {both:.3g}",
            flush=True,
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
