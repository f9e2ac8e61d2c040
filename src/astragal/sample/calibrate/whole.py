"""Simulation-based calibration: the whole sampler, a run a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from astragal.compile import function
from astragal.derive.sampler import Sampler
from astragal.sample.calibrate.joint import check, quantities, truths
from astragal.sample.calibrate.verdict import Array, Calibration, Finding
from astragal.sample.chain import chain_keys, inputs_like, program_of


def ranks(
    sampler: Sampler,
    *,
    simulations: int = 200,
    draws: int = 63,
    thin: int = 10,
    warmup: int = 500,
    seed: int = 0,
    backend: str = "numba",
) -> Calibration:
    """Simulation-based calibration: the rank of the truth among posterior draws is uniform.

    Parameters
    ----------
    sampler, seed, backend
        As for `start_at_truth`.
    simulations
        Data sets, each with a chain of its own.
    draws, thin, warmup
        Draws that are ranked, one in ``thin`` iterations, after a warm-up. Thin until they
        are nearly independent: correlated draws give uneven ranks.

    Returns
    -------
    Calibration
        With the ranks, for `Calibration.save_plot`.

    Raises
    ------
    ModelError
        For what is no sampler, or a count that is none.
    """
    check(sampler, simulations=simulations, draws=draws, thin=thin)
    truth_of = truths(sampler)
    state = inputs_like(sampler, sampler.latent_names, "state")
    data_in = inputs_like(sampler, sampler.observed, "data")
    measure: Any = function([state, data_in], quantities(sampler, state, data_in), backend=backend)
    program = program_of(sampler, backend)
    block = program.block
    found: dict[str, list[Array]] = {}
    for i in range(simulations):
        truth_key, _ = chain_keys(seed, 2 * i)
        start_key, run_key = chain_keys(seed, 2 * i + 1)
        drawn = truth_of(truth_key)
        data = {n: drawn[n] for n in sampler.observed}
        now = program.start(start_key, data)
        blocks = []
        for first in range(0, warmup + draws * thin, block):
            done = program.advance(run_key, first, warmup, now, data)
            now = done.state
            blocks.append(done.draws)
        here = measure({n: drawn[n] for n in sampler.latent_names}, data)
        kept = range(warmup + thin - 1, warmup + draws * thin, thin)
        at = [{n: blocks[k // block][n][k % block] for n in sampler.latent_names} for k in kept]
        sampled = [measure(row, data) for row in at]
        # Ties, in discrete variables, are broken at random, reproducibly.
        for name, value in here.items():
            column = np.stack([np.asarray(s[name]) for s in sampled])
            less = (column < np.asarray(value)).sum(axis=0)
            ties = (column == np.asarray(value)).sum(axis=0)
            jitter = np.random.default_rng([seed, i]).integers(0, ties + 1)
            found.setdefault(name, []).append(less + jitter)
    flat = _by_element(found)
    findings = [Finding("whole sampler", n, _uniform(r, draws)) for n, r in flat.items()]
    findings.sort(key=lambda f: f.p_value)
    return Calibration(tuple(findings), {}, simulations, flat, draws)


def _by_element(found: Mapping[str, list[Array]]) -> dict[str, Array]:
    """Ranks of every scalar, in the order of the simulations."""
    flat: dict[str, Array] = {}
    for name, rows in found.items():
        table = np.stack(rows)
        if table.ndim == 1:
            flat[name] = table
        else:
            flat |= {f"{name}[{k}]": table[:, k] for k in range(table.shape[1])}
    return flat


def _uniform(values: Array, most: int) -> float:
    """P-value of uniform ranks, by chi-square on bins of equal size."""
    from scipy import stats

    most_bins = max(2, min(16, len(values) // 10))
    # Bins of equal size: a divisor of the number of ranks (choose draws = 2**k - 1).
    bins = max((b for b in range(2, most_bins + 1) if (most + 1) % b == 0), default=most + 1)
    counts = np.bincount(values * bins // (most + 1), minlength=bins)
    return float(stats.chisquare(counts).pvalue)
