"""Keys that are equal to one another, counted over trees and folds of a million.

    python benchmarks/collisions.py                  # every implementation, three seeds
    python benchmarks/collisions.py --seeds 20 --impl threefry4x32

Three trees of each seed: all nodes of 19 splits in two, a thousand children with a thousand each,
and a million numbers folded into the root. By proof or bound none are equal (see the page on keys).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import astragal as ag
from astragal.random.implementations import IMPLEMENTATIONS

Words = np.ndarray[Any, Any]


def _words(keys: Any) -> Words:
    """Give the words of keys, a row each."""
    found: Words = np.asarray(ag.evaluate(ag.key_data(keys), backend="numba"))
    return found.reshape(-1, found.shape[-1])


def halves(impl: str, seed: int) -> Words:
    """All nodes of a tree of 19 splits in two: 2**20 - 1 keys."""
    level = ag.reshape(ag.key(seed, impl=impl), (1,))
    parts = [_words(level)]
    for _ in range(19):
        level = ag.wrap_key_data(_words(ag.split(level)), impl=impl)
        parts.append(_words(level))
    return np.concatenate(parts)


def thousands(impl: str, seed: int) -> Words:
    """A root, its thousand children, and a thousand of each."""
    root = ag.key(seed, impl=impl)
    children = ag.split(root, 1000)
    return np.concatenate([_words(k) for k in (root, children, ag.split(children, 1000))])


def folds(impl: str, seed: int) -> Words:
    """A million numbers folded into a root."""
    return _words(ag.fold_in(ag.key(seed, impl=impl), ag.arange(10**6)))


TREES: tuple[Callable[[str, int], Words], ...] = (halves, thousands, folds)


def equal(words: Words) -> int:
    """Count the rows that some row before them is."""
    rows = np.ascontiguousarray(words).view([("", words.dtype)] * words.shape[-1])
    return len(words) - len(np.unique(rows))


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="equal keys in trees of a million")
    parser.add_argument("--impl", nargs="*", default=sorted(IMPLEMENTATIONS))
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args(arguments)
    total = 0
    for impl in given.impl:
        for tree in TREES:
            counts = [tree(impl, seed) for seed in range(given.seeds)]
            found = sum(map(equal, counts))
            total += found
            size = sum(map(len, counts))
            print(
                f"{impl:12s} {tree.__name__:9s} {size:9,d} keys of {given.seeds} seeds: "
                f"{found} equal to another of their tree",
                flush=True,
            )
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
