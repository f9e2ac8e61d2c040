"""Running a derived sampler: chains side by side, progress, checkpoints, results."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.derive.sampler import Sampler
from astragal.graph.errors import ModelError
from astragal.sample.chain import ChainProgram, chain_keys, program_of
from astragal.sample.checkpoint import Arrays, Block, Checkpoint, Identity, fingerprint
from astragal.sample.progress import Report, chain_bars
from astragal.sample.results import diagnose, to_datatree, warnings_of

if TYPE_CHECKING:
    import xarray as xr

BLOCK = 100
"""Sweeps between two looks at the clock, the checkpoint and Ctrl-C."""


class SamplingWarning(UserWarning):
    """Something about a run that its user should look at."""


def run(
    sampler: Sampler,
    *,
    seed: int = 0,
    draws: int = 1000,
    warmup: int | None = None,
    chains: int = 4,
    backend: str = "numba",
    observed: Mapping[str, Any] | None = None,
    progress: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
    thin: int = 1,
    workers: int | None = None,
    keep_warmup: bool = False,
) -> xr.DataTree:
    """Draw from a posterior.

    Parameters
    ----------
    sampler
        What `astragal.derive` gave.
    seed
        Equal seeds give equal draws, whatever the number of workers.
    draws
        Draws to keep, a chain.
    warmup
        Iterations before them; by default 1000, and 0 for an exact sampler, which needs none.
    chains
        Number of chains, each from a start of its own.
    backend
        ``"numba"``, ``"jax"`` or ``"numpy"``.
    observed
        Other data of the same shapes, by name.
    progress
        Whether to show a bar a chain.
    checkpoint
        Directory that keeps the draws as they come. Called again with the same settings
        (or more draws), a run goes on where it stopped, bit for bit.
    thin
        Keep each ``thin``-th iteration.
    workers
        Chains that run at a time; by default one a processor.
    keep_warmup
        Whether the result has the warm-up too.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior``, ``sample_stats`` and ``observed_data``, as ArviZ reads them.
        Ctrl-C gives the draws that all chains have finished.

    Raises
    ------
    ModelError, ShapeError, DomainError
        For settings or data that do not fit.

    Warns
    -----
    SamplingWarning
        Where chains disagree, effective draws are few, or transitions diverged.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021, Bayesian Anal. 16(2):667-718.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.key(0))
    >>> p = ag.random.beta(k[0], 2.0, 3.0)
    >>> model = ag.Model({"p": p, "y": ag.random.binomial(k[1], 10, p)})
    >>> sampler = ag.derive(model, {"y": 7})
    >>> tree = sampler.sample(draws=500, backend="numpy", progress=False)
    >>> bool(abs(tree["posterior"]["p"].mean() - 9 / 15) < 0.02)
    True
    """
    counts = {"draws": (draws, 1), "chains": (chains, 1), "thin": (thin, 1)}
    if warmup is not None:
        counts["warmup"] = (warmup, 0)
    for name, (value, least) in counts.items():
        # Counts reach this function from files and command lines too.
        given: object = value
        whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
        if not whole or value < least:
            raise ModelError(
                f"sample: {name} is {value!r}, expected an integer of at least {least}"
            )
    if warmup is None:
        warmup = 0 if sampler.exact else 1000
    data = sampler.check_data(observed or {})
    program = program_of(sampler, backend, BLOCK)
    store = None
    if checkpoint is not None:
        shown = fingerprint({"sampler": np.frombuffer(_sampler_bytes(sampler), np.uint8)})
        store = Checkpoint(
            checkpoint,
            Identity(
                sampler=shown,
                data=fingerprint(data),
                seed=int(seed),
                warmup=int(warmup),
                chains=int(chains),
                thin=int(thin),
                block=BLOCK,
                backend=backend,
            ),
        )
    total = int(warmup + draws * thin)
    stop = threading.Event()
    with chain_bars(chains, total, progress) as report:

        def work(chain: int) -> list[Block]:
            return _chain(program, data, seed, chain, int(warmup), total, store, stop, report)

        finished = _run_all(work, chains, workers or os.cpu_count() or 1, stop)
    tree, stats = _collect(sampler, finished, int(warmup), int(draws), thin, data, keep_warmup)
    tree["posterior"].attrs.update(backend=backend, seed=int(seed), warmup=int(warmup), thin=thin)
    for line in warnings_of(diagnose(tree), stats, chains):
        warnings.warn(line, SamplingWarning, stacklevel=2)
    return tree


def _sampler_bytes(sampler: Sampler) -> bytes:
    """What a sampler computes, as bytes."""
    from astragal.serialize import dumps

    exprs = [x for s in sampler.steps for x in s.program.outputs.values()]
    return bytes(dumps(tuple(exprs)))


def _chain(
    program: ChainProgram,
    data: Arrays,
    seed: int,
    chain: int,
    warmup: int,
    total: int,
    store: Checkpoint | None,
    stop: threading.Event,
    report: Report,
) -> list[Block]:
    """Run one chain block by block, from the checkpoint as far as that goes."""
    start_key, key = chain_keys(seed, chain)
    blocks: list[Block] = []
    state: Arrays | None = None
    for number in range(-(-total // BLOCK)):
        if stop.is_set():
            break
        first = number * BLOCK
        done = None if store is None else store.load(chain, number)
        if done is None:
            if state is None:
                state = program.start(start_key, data)
            done = program.advance(key, first, warmup, state, data)
            if store is not None:
                store.save(chain, number, done)
        state = done.state
        blocks.append(done)
        reached = min(first + BLOCK, total)
        report(chain, reached, "warm-up" if reached < warmup else "drawing")
    return blocks


def _run_all(work: Any, chains: int, workers: int, stop: threading.Event) -> list[list[Block]]:
    """Run all chains; on Ctrl-C let each finish its block and keep what is done."""
    with ThreadPoolExecutor(max_workers=min(workers, chains)) as pool:
        futures: list[Future[list[Block]]] = [pool.submit(work, c) for c in range(chains)]
        try:
            # An error in one chain stops the others.
            while True:
                done, pending = wait(futures, timeout=0.2)
                if not pending or any(f.done() and f.exception() for f in done):
                    break
        except KeyboardInterrupt:
            pass
        finally:
            stop.set()
    return [f.result() for f in futures]


def _collect(
    sampler: Sampler,
    finished: list[list[Block]],
    warmup: int,
    draws: int,
    thin: int,
    data: Arrays,
    keep_warmup: bool,
) -> tuple[xr.DataTree, Arrays]:
    """Join blocks to arrays of shape (chain, draw, ...), as long as the shortest chain."""
    least = min(len(blocks) for blocks in finished)
    kept = max(0, min(draws, (least * BLOCK - warmup) // thin))
    if kept == 0:
        raise ModelError("interrupted before the first draw; nothing to return")

    def join(part: str, begin: int, step: int, count: int) -> Arrays:
        def chain(blocks: list[Block], name: str) -> np.ndarray[Any, Any]:
            whole = np.concatenate([getattr(b, part)[name] for b in blocks[:least]])
            return whole[begin::step][:count]

        names = getattr(finished[0][0], part)
        return {n: np.stack([chain(blocks, n) for blocks in finished]) for n in names}

    # The last of each `thin` iterations is kept.
    begin = warmup + thin - 1
    stats = join("info", begin, thin, kept)
    before = (join("draws", 0, 1, warmup), join("info", 0, 1, warmup)) if keep_warmup else None
    posterior = join("draws", begin, thin, kept)
    tree = to_datatree(posterior, stats, data, {"sampler": str(sampler)}, before)
    return tree, stats
