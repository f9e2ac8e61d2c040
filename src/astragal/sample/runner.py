"""Running a derived sampler: chains side by side, progress, checkpoints, results."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.derive.nuts import AIM, DEPTH, MAX_DEPTH, TARGET
from astragal.derive.sampler import Sampler
from astragal.graph.errors import ModelError
from astragal.sample.chain import ChainProgram, chain_keys, program_of
from astragal.sample.checkpoint import Arrays, Block, Checkpoint, Identity, fingerprint
from astragal.sample.groups import as_tree, constants_of, named_stats
from astragal.sample.likelihood import GROUPS, log_likelihood, pointwise
from astragal.sample.predictive import predict, prior
from astragal.sample.progress import Report, chain_bars
from astragal.sample.results import diagnose, warnings_of
from astragal.sample.settings import Settings, names_of
from astragal.sample.starts import Start, starts_of

if TYPE_CHECKING:
    import xarray as xr


STARTS_ANEW = 10
"""Other starts that a chain has which trajectories cannot leave the first of."""
APART = 1 << 20
"""Between the numbers of a chain's starts: more than the chains of any run."""


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
    groups: Iterable[str] = (),
    target_accept: float = TARGET,
    max_depth: int = MAX_DEPTH,
    start: Start = None,
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
    groups
        Further groups of the result: ``"log_likelihood"``, ``"log_prior"``,
        ``"posterior_predictive"``, ``"prior"`` and ``"prior_predictive"``.
    target_accept
        Mean acceptance of trajectories (NUTS) that the warm-up adapts their step size to. Closer
        to 1 where transitions diverge: steps are shorter, and a draw costs more. Samplers without
        trajectories have no use for it.
    max_depth
        Doublings after which a trajectory ends, from 1 to 15: at most ``2**max_depth`` steps a
        draw (Stan's ``max_treedepth``).
    start
        Values of latent variables, by name, that all chains start at; or a list of such mappings,
        one a chain. What has no value starts at random, about the locations of priors; where there
        are trajectories, at the point of ten that has the highest density.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior``, ``sample_stats``, ``observed_data`` and ``constant_data``, as
        ArviZ reads them, with the dimensions and coordinates of the model (`Model.labelled`).
        Ctrl-C gives the draws that all chains have finished, without the chains that have
        hardly begun.

    Raises
    ------
    ModelError, ShapeError, DomainError
        For settings or data that do not fit.

    Warns
    -----
    SamplingWarning
        Where chains disagree, effective draws are few, or transitions diverged. Draws of an exact
        sampler are independent, whatever their number: they are not measured, nor are variables
        that were integrated out, and discrete ones, that are drawn anew from the others each time.

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
    >>> tree = sampler.sample(draws=200, backend="numpy", progress=False)
    >>> bool(abs(tree["posterior"]["p"].mean() - 9 / 15) < 0.02)
    True
    """
    settings = Settings(
        seed=seed, draws=draws, warmup=_warmup(sampler, warmup), chains=chains, thin=thin,
        backend=backend, keep_warmup=keep_warmup, groups=names_of(groups),
        target_accept=target_accept, max_depth=max_depth, workers=workers, checkpoint=checkpoint,
    )  # fmt: skip
    tree, lines = _drawn(sampler, settings, sampler.check_data(observed or {}), start, progress)
    for line in lines:
        warnings.warn(line, SamplingWarning, stacklevel=2)
    return tree


def _drawn(
    sampler: Sampler, settings: Settings, data: Arrays, start: Start, progress: bool
) -> tuple[xr.DataTree, list[str]]:
    """Draw, and say what the user should look at."""
    chains = settings.chains
    further = _prepared(sampler, settings)
    program = program_of(sampler, settings.backend)
    told = _told(sampler, settings)
    begun = starts_of(sampler, start, chains)
    store = _store(sampler, settings, data, begun, program.block)
    stop = threading.Event()
    with chain_bars(chains, settings.total, progress) as report:

        def work(chain: int) -> list[Block]:
            return _chain(program, data, settings, chain, store, stop, report, told | begun[chain])

        finished = _run_all(work, chains, settings.workers or os.cpu_count() or 1, stop)
    counts = [_kept(len(blocks) * program.block, settings) for blocks in finished]
    kept = _begun(counts)
    least = min(counts[c] for c in kept)
    tree = further(_collect(sampler, [finished[c] for c in kept], settings, data, least))
    # Independent draws of the posterior itself have nothing to converge to.
    lines = [] if sampler.exact else warnings_of(tree, diagnose(tree, sampler.recovered_names))
    if len(kept) < chains:
        short = ", ".join(str(c) for c in range(chains) if c not in kept)
        lines.insert(0, f"interrupted with few draws of chains {short} or none: they are left out.")
    return tree, lines


def _told(sampler: Sampler, settings: Settings) -> Arrays:
    """What the user asks of trajectories, by the names of the state that hold it."""
    asked = {AIM: settings.target_accept, DEPTH: float(settings.max_depth)}
    names = sampler.tuning_names
    return {n: np.asarray(x) for end, x in asked.items() for n in names if n.endswith(end)}


def _warmup(sampler: Sampler, given: int | None) -> int:
    return given if given is not None else 0 if sampler.exact else 1000


def _prepared(sampler: Sampler, settings: Settings) -> Callable[[xr.DataTree], xr.DataTree]:
    """What adds the further groups; what cannot be had is refused before anything runs."""
    likelihood = [g for g in GROUPS if g in settings.groups]
    if likelihood:
        pointwise(sampler)
    drawn = None
    wanted = [g for g in ("prior", "prior_predictive") if g in settings.groups]
    if wanted:
        drawn = prior(sampler, draws=settings.draws, seed=settings.seed, backend=settings.backend)

    def extend(tree: xr.DataTree) -> xr.DataTree:
        if likelihood:
            tree = log_likelihood(sampler, tree, backend=settings.backend, groups=likelihood)
        if "posterior_predictive" in settings.groups:
            tree = predict(sampler, tree, seed=settings.seed, backend=settings.backend)
        for name in wanted:
            if drawn is not None and name in drawn.children:
                tree[name] = drawn[name]
        return tree

    return extend


def _store(
    sampler: Sampler, settings: Settings, data: Arrays, begun: Sequence[Arrays], block: int
) -> Checkpoint | None:
    """Open the checkpoint of a run that keeps one."""
    if settings.checkpoint is None:
        return None
    shown = fingerprint({"sampler": np.frombuffer(_sampler_bytes(sampler), np.uint8)})
    identity = Identity(
        sampler=shown, data=fingerprint(data), seed=int(settings.seed),
        warmup=int(settings.warmup), chains=int(settings.chains), thin=int(settings.thin),
        block=block, backend=settings.backend, target_accept=float(settings.target_accept),
        max_depth=int(settings.max_depth), start=fingerprint(_flat(begun)),
    )  # fmt: skip
    return Checkpoint(settings.checkpoint, identity)


def _flat(begun: Sequence[Arrays]) -> Arrays:
    return {f"{i} {n}": v for i, values in enumerate(begun) for n, v in values.items()}


def _sampler_bytes(sampler: Sampler) -> bytes:
    """What a sampler computes, as bytes."""
    from astragal.serialize import dumps

    exprs = [x for s in sampler.steps for x in s.program.outputs.values()]
    return bytes(dumps(tuple(exprs)))


def _chain(
    program: ChainProgram,
    data: Arrays,
    settings: Settings,
    chain: int,
    store: Checkpoint | None,
    stop: threading.Event,
    report: Report,
    told: Arrays,
) -> list[Block]:
    """Run one chain block by block, from the checkpoint as far as that goes.

    One that its start holds, where the density has no slope, starts elsewhere.
    """
    start_key, key = chain_keys(settings.seed, chain)
    total, warmup = settings.total, int(settings.warmup)
    blocks: list[Block] = []
    state: Arrays | None = None
    for number in range(-(-total // program.block)):
        if stop.is_set():
            break
        first = number * program.block
        done = None if store is None else store.load(chain, number)
        if done is None:
            if state is None:
                state = program.start(start_key, data) | told
            done = program.advance(key, first, warmup, state, data)
            again = 0
            while not number and again < STARTS_ANEW and _held(done):
                again += 1
                start_key, _ = chain_keys(settings.seed, chain + again * APART)
                state = program.start(start_key, data) | told
                done = program.advance(key, first, warmup, state, data)
            if store is not None:
                store.save(chain, number, done)
        state = done.state
        blocks.append(done)
        reached = min(first + program.block, total)
        report(chain, reached, "warm-up" if reached < warmup else "drawing")
    return blocks


def _held(done: Block) -> bool:
    """Tell whether a trajectory has ended a block where it knows of no density."""
    return any(n.endswith("logdensity") and not np.isfinite(x[-1]) for n, x in done.info.items())


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


def _kept(iterations: int, settings: Settings) -> int:
    """Count the draws that some iterations of a chain give."""
    done = (iterations - int(settings.warmup)) // int(settings.thin)
    return max(0, min(int(settings.draws), done))


def _begun(counts: Sequence[int]) -> list[int]:
    """Choose the chains of a run that count: where it was interrupted, some may have hardly begun.

    All are cut to the shortest, so one with few draws would cost more than it gives.
    """
    if max(counts) == 0:
        raise ModelError("interrupted before the first draw; nothing to return")
    return [c for c, n in enumerate(counts) if 10 * n >= max(counts)]


def _collect(
    sampler: Sampler, finished: list[list[Block]], settings: Settings, data: Arrays, kept: int
) -> xr.DataTree:
    """Join blocks to arrays of shape (chain, draw, ...), of the draws that all chains have."""
    warmup, thin = int(settings.warmup), int(settings.thin)
    least = min(len(blocks) for blocks in finished)

    def join(part: str, begin: int, step: int, count: int) -> Arrays:
        def chain(blocks: list[Block], name: str) -> np.ndarray[Any, Any]:
            whole = np.concatenate([getattr(b, part)[name] for b in blocks[:least]])
            return whole[begin::step][:count]

        names = getattr(finished[0][0], part)
        return {n: np.stack([chain(blocks, n) for blocks in finished]) for n in names}

    def stats(begin: int, step: int, count: int) -> Arrays:
        return named_stats(join("info", begin, step, count), whole=len(sampler.steps) == 1)

    # The last of each `thin` iterations is kept.
    begin = warmup + thin - 1
    groups = {
        "posterior": join("draws", begin, thin, kept),
        "sample_stats": stats(begin, thin, kept),
    }
    if settings.keep_warmup:
        groups["warmup_posterior"] = join("draws", 0, 1, warmup)
        groups["warmup_sample_stats"] = stats(0, 1, warmup)
    groups |= {"observed_data": data, "constant_data": constants_of(sampler.model)}
    tree = as_tree(sampler.model, groups)
    if "sample_stats" in tree.children:
        tree["sample_stats"].attrs["max_depth"] = int(settings.max_depth)
    tree["posterior"].attrs.update(
        inference_library="astragal", sampler=str(sampler), backend=settings.backend,
        seed=int(settings.seed), warmup=warmup, thin=thin,
    )  # fmt: skip
    return tree
