"""Choosing among the samplers of a model by short runs."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from astragal.derive.interweave import KIND as INTERWEAVE
from astragal.derive.noncentred import PATH, RELATIONS
from astragal.derive.sampler import Sampler, Step, Trial
from astragal.derive.search import derive
from astragal.graph.errors import ModelError, UnsupportedError
from astragal.model import Model
from astragal.sample.chain import chain_keys, program_of
from astragal.sample.groups import as_tree
from astragal.sample.results import diagnose
from astragal.sample.runner import BLOCK

WAYS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    ((), ()),
    ((), ("collapse",)),
    (("collapse",), ()),
    ((), ("noncentre",)),
    (("noncentre",), ()),
    (("augment",), ()),
    (("collapse", "augment"), ()),
    (("collapse", "augment", "gibbs", "exact"), ("nuts", "noncentre")),
    (("collapse", "augment", "gibbs", "exact", "noncentre"), ("nuts",)),
)
"""What is forbidden and preferred to get other samplers of the same posterior."""


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
    """Derive the samplers that there are, run each shortly, and give the best.

    Parameters
    ----------
    model, observed, forbid, prefer
        As for `astragal.derive`.
    draws, warmup
        Length of the runs, of two chains each.
    seed, backend
        As for `Sampler.sample`.

    Returns
    -------
    Sampler, tuple of Trial
        The sampler with most effective draws a second of what mixes worst, after warm-up
        and compilation; and what was tried, the best first. The choice rests on timings, so
        another machine may make another.

    Raises
    ------
    ModelError
        Where no run gave effective draws.
    """
    found: dict[tuple[tuple[Any, ...], ...], Sampler] = {}
    base_forbid, base_prefer = tuple(forbid), tuple(prefer)
    for more, first in WAYS:
        try:
            sampler = derive(
                model,
                observed,
                forbid=(*base_forbid, *more),
                prefer=(*base_prefer, *first),
            )
        except UnsupportedError:
            if not (more or first):
                raise
            continue
        shown = tuple((s.targets, s.kind, s.relations) for s in sampler.steps)
        found.setdefault(shown, sampler)
        if sampler.exact:
            return sampler, ()
    trials = [
        (_measure(sampler, draws, warmup, seed, backend), sampler) for sampler in found.values()
    ]
    trials.sort(key=lambda t: -t[0].rate)
    if not trials[0][0].rate > 0.0:
        raise ModelError("the pilot runs gave no effective draws: give a longer warmup or draws")
    return trials[0][1], tuple(t for t, _ in trials)


def _kind(step: Step) -> str:
    """Name a step's kind, and coordinates of its own choice."""
    chosen = {r.name for r in step.relations} & {*RELATIONS, PATH}
    standardised = chosen and step.kind != INTERWEAVE  # which is that by its nature
    return f"{step.kind} on standardised coordinates" if standardised else step.kind


def _measure(sampler: Sampler, draws: int, warmup: int, seed: int, backend: str) -> Trial:
    """Run two chains, and time their blocks after the warm-up."""
    program = program_of(sampler, backend, BLOCK)
    data = sampler.check_data({})
    seconds = 0.0
    chains: list[dict[str, list[Any]]] = []
    before = -(-warmup // BLOCK)
    for chain in range(2):
        start_key, key = chain_keys(seed, chain)
        state = program.start(start_key, data)
        kept: dict[str, list[Any]] = {}
        for number in range(before + -(-draws // BLOCK)):
            began = time.perf_counter()
            done = program.advance(key, number * BLOCK, before * BLOCK, state, data)
            state = done.state
            if number >= before:
                seconds += time.perf_counter() - began
                for name, values in done.draws.items():
                    kept.setdefault(name, []).append(values)
        chains.append(kept)
    names = chains[0]
    whole = {n: np.stack([np.concatenate(c[n]) for c in chains]) for n in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = diagnose(as_tree(sampler.model, {"posterior": whole}))
        least = float(np.min(table["ess_bulk"].to_numpy()))
    rate = least / seconds if seconds > 0.0 and least > 0.0 else 0.0
    return Trial(tuple((s.name, _kind(s)) for s in sampler.steps), rate)
