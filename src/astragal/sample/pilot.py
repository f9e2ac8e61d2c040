"""Choosing among the samplers of a model by short runs."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from astragal.derive.alternatives import kind_of, ranked
from astragal.derive.sampler import Sampler
from astragal.derive.search import derive
from astragal.derive.steps import Trial
from astragal.graph.errors import ModelError
from astragal.model import Model
from astragal.sample.chain import chain_keys, program_of
from astragal.sample.groups import as_tree
from astragal.sample.results import diagnose

Array = np.ndarray[Any, Any]
TRIED = 3
"""Samplers of least expected cost that are run, beside that of a derivation without tuning."""
CHAINS = 4
AGREED = 1.1
"""The largest R-hat of chains that are taken to agree."""
NARROW = 0.5
"""The least width of a quantity over that which another sampler found."""


def pilot(
    model: Model,
    observed: Mapping[str, Any],
    *,
    forbid: Iterable[str] = (),
    prefer: Iterable[str] = (),
    draws: int = 500,
    warmup: int = 500,
    seed: int = 0,
    backend: str = "numba",
) -> tuple[Sampler, tuple[Trial, ...]]:
    """Run the samplers with the least expected cost shortly, and give the best.

    For a seed each run is the same wherever it is made; which one was fastest is not.

    Parameters
    ----------
    model, observed, forbid, prefer
        As for `astragal.derive`.
    draws, warmup
        Length of the runs, of four chains each, every one from a start of its own.
    seed, backend
        As for `Sampler.sample`.

    Returns
    -------
    Sampler, tuple of Trial
        The sampler with most effective draws a second of what mixes worst, after warm-up
        and compilation, of those whose chains agree; and what was tried, the best first. The
        choice rests on timings, so another machine may make another.

    Raises
    ------
    ModelError
        Where no run gave effective draws.
    """
    first = derive(model, observed, forbid=forbid, prefer=prefer)
    if first.exact:
        return first, ()
    every = ranked(first)
    tried = [x for i, x in enumerate(every) if i < TRIED or x[0].chosen]
    runs = [_measure(sampler, draws, warmup, seed, backend) for _, sampler in tried]
    judged = [
        replace(t, work=a.work, sweeps=a.sweeps)
        for t, (a, _) in zip(_judged(runs), tried, strict=True)
    ]
    trials = list(zip(judged, (s for _, s in tried), strict=True))
    trials.sort(key=lambda t: (not t[0].trusted, -t[0].rate))
    if not trials[0][0].rate > 0.0:
        raise ModelError("the pilot runs gave no effective draws: give a longer warmup or draws")
    return trials[0][1], tuple(t for t, _ in trials)


@dataclass(frozen=True, eq=False)
class _Run:
    """A trial, the largest R-hat of its quantities, and how wide each of them was."""

    trial: Trial
    r_hat: float
    widths: Mapping[str, Array]


def _judged(runs: Sequence[_Run]) -> list[Trial]:
    """Distrust runs whose chains disagree, and those that saw but a part of what others saw."""
    agreed = [run for run in runs if run.r_hat <= AGREED]
    widest = {
        n: np.max([run.widths[n] for run in agreed], axis=0) for run in agreed for n in run.widths
    }

    def trusted(run: _Run) -> bool:
        seen = (np.all(run.widths[n] >= NARROW * w) for n, w in widest.items())
        return run.r_hat <= AGREED and all(seen)

    return [replace(run.trial, trusted=trusted(run)) for run in runs]


def _measure(sampler: Sampler, draws: int, warmup: int, seed: int, backend: str) -> _Run:
    """Run chains, and time their blocks after the warm-up."""
    program = program_of(sampler, backend)
    data = sampler.check_data({})
    seconds = 0.0
    chains: list[dict[str, list[Any]]] = []
    block = program.block
    before = -(-warmup // block)
    for chain in range(CHAINS):
        start_key, key = chain_keys(seed, chain)
        state = program.start(start_key, data)
        kept: dict[str, list[Any]] = {}
        for number in range(before + -(-draws // block)):
            began = time.perf_counter()
            done = program.advance(key, number * block, before * block, state, data)
            state = done.state
            if number >= before:
                seconds += time.perf_counter() - began
                for name, values in done.draws.items():
                    kept.setdefault(name, []).append(values)
        chains.append(kept)
    names = chains[0]
    whole = {n: np.stack([np.concatenate(c[n]) for c in chains]) for n in names}
    # What never moves is known, or discrete: it tells of no disagreement.
    moving = {n: x for n, x in whole.items() if x.dtype.kind == "f"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = diagnose(as_tree(sampler.model, {"posterior": moving or whole}))
        least = float(np.min(table["ess_bulk"].to_numpy()))
        r_hat = float(np.nanmax(table["r_hat"].to_numpy()))
    rate = least / seconds if seconds > 0.0 and least > 0.0 else 0.0
    trial = Trial(tuple((s.name, kind_of(s)) for s in sampler.steps), rate)
    widths = {n: np.ptp(np.quantile(x, [0.1, 0.9], axis=(0, 1)), axis=0) for n, x in moving.items()}
    return _Run(trial, r_hat, widths)
