"""Sequential draws on the NumPy backend: NumPy's own, from a generator put into a state."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from astragal.random.sequential import METHODS, set_words, words_of


class _Scratch(threading.local):
    """A generator for each thread; every use puts it into a state first."""

    def __init__(self) -> None:
        self.generator = np.random.Generator(np.random.PCG64(0))


_SCRATCH = _Scratch()


def scratch() -> np.random.Generator:
    """Give this thread's generator, whose state means nothing."""
    return _SCRATCH.generator


def sequential(method: str, size: Any, words: Any, *parameters: Any) -> tuple[Any, Any]:
    """Give the state after a draw, and what was drawn."""
    rng = scratch()
    set_words(rng, words)
    if method == "permutation":
        drawn = rng.permutation(int(size[0]))
    elif method == "choice":
        population, count, replace, shuffle, *given = parameters
        p = given[0] if given else None
        drawn = rng.choice(int(population), int(count), bool(replace), p, shuffle=bool(shuffle))
    else:
        drawn = getattr(rng, method)(*parameters, size=tuple(int(n) for n in size))
    return words_of(rng), np.asarray(drawn, METHODS[method].dtype if method in METHODS else "int64")
