"""One chain as compiled blocks of sweeps.

A block is a `scan` over iterations. Iteration i spends ``fold_in(key, i)``, so that the
draws depend neither on the length of the blocks, nor on the number of chains or workers.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from astragal.compile import evaluate, function
from astragal.density.joint import factorise
from astragal.derive.alternatives import work_of
from astragal.derive.nuts import DEPTH
from astragal.derive.points import possible_values
from astragal.derive.sampler import Sampler
from astragal.derive.steps import Step
from astragal.graph.errors import DomainError, ModelError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.types import INTEGERS
from astragal.ops.control import scan
from astragal.ops.creation import arange, input
from astragal.ops.elementwise import maximum
from astragal.random.keys import fold_in, key, split
from astragal.sample.checkpoint import Arrays, Block
from astragal.sample.feasible import Search

TRIES = 100
"""Starting points that are tried before a chain gives up."""
LOWEST = -1e10
"""Log density below which another starting point is tried: of one like this, as of exponentials
of wide covariates, trajectories lose the digits that they compare."""
STARTS = 10
"""Points of which a chain with trajectories starts at the highest: from the tail of a curve's
parameters, where the data pull at nothing, it might not find back."""
FAR_TRIES = 10
"""Starting points after which, none having a density, discrete variables are looked for."""
LOW_TRIES = 20
"""Starting points that are tried for a higher one; then the highest will do."""
BLOCKS = (100, 200, 500, 1000)
"""Sweeps between two looks at the clock, the checkpoint and Ctrl-C: parts of the usual warm-up."""
BLOCK_NANOSECONDS = 2e6
"""Expected work of a block, which makes that of calling it (0.05 ms) small."""


@dataclass(frozen=True)
class ChainProgram:
    """The compiled functions of a sampler.

    Attributes
    ----------
    start
        From key words and data to the initial state.
    advance
        ``advance(key, first, warmup, state, data)``: a block of sweeps from iteration ``first``.
    block
        Number of sweeps in a block.
    """

    start: Callable[[Any, Arrays], Arrays]
    advance: Callable[[Any, int, int, Arrays, Arrays], Block]
    block: int


_PROGRAMS: weakref.WeakKeyDictionary[Sampler, dict[str, ChainProgram]] = weakref.WeakKeyDictionary()


def program_of(sampler: Sampler, backend: str) -> ChainProgram:
    """Give the compiled functions of a sampler, which are kept: other data compile nothing."""
    programs = _PROGRAMS.setdefault(sampler, {})
    if backend not in programs:
        programs[backend] = build(sampler, backend, block_of(sampler, backend))
    return programs[backend]


def block_of(sampler: Sampler, backend: str) -> int:
    """Choose how many sweeps run at a time: more where one takes less than calling them.

    The choice rests on the sampler alone, so that a checkpoint finds the blocks it left.
    """
    if backend == "numpy":  # interpreted: a call is nothing beside a sweep
        return BLOCKS[0]
    sweep = sum(work_of(s, None, sampler.observed) for s in sampler.steps)
    return max((n for n in BLOCKS if n * sweep <= BLOCK_NANOSECONDS), default=BLOCKS[0])


def build(sampler: Sampler, backend: str, block: int) -> ChainProgram:
    """Compile a sampler's start and its block of sweeps.

    Parameters
    ----------
    sampler
        What to compile.
    backend
        ``"numpy"``, ``"numba"`` or ``"jax"``.
    block
        Number of sweeps in one call.
    """
    k = input("key", dtype="key")
    data = inputs_like(sampler, sampler.observed, "data")
    initial = sampler.initial(k, data)
    state = {n: input(f"state {n}", x.type.shape, x.dtype) for n, x in initial.items()}
    first = input("first", dtype="int64")
    warmup = input("warmup", dtype="int64")

    def sweep(now: dict[str, Expr], i: Expr) -> tuple[dict[str, Expr], tuple[Any, Any]]:
        new, info = sampler.sweep(fold_in(k, i), now, data, tuning=maximum(warmup - i, 0))
        return new, (sampler.values(new, data), info)

    at = first + arange(block)
    if sampler.exact:
        # No draw reads the one before: as a loop that carries nothing they may run together.
        _, (rows, (draws, info)) = scan(lambda none, i: (none, sweep(state, i)), [], at)
        last = {n: x[-1] for n, x in rows.items()}
    else:
        last, (draws, info) = scan(sweep, state, at)
    run_block = function([k, first, warmup, state, data], (last, draws, info), backend=backend)

    def advance(key: Any, at: int, warm: int, now: Arrays, given: Arrays) -> Block:
        new, drawn, told = run_block(key, at, warm, now, given)
        return Block(draws=_arrays(drawn), info=_arrays(told), state=_arrays(new))

    start = _anywhere(initial) if sampler.exact else None
    return ChainProgram(start or _highest(sampler, data), advance, block)


def _anywhere(state: Mapping[str, Expr]) -> Callable[[Any, Arrays], Arrays] | None:
    """Start from zeros, where their number is known: independent draws begin anywhere."""
    if not all(isinstance(d, int) for x in state.values() for d in x.type.shape):
        return None
    zeros = {n: np.zeros(x.type.shape, x.dtype) for n, x in state.items()}
    return lambda key, given: zeros


def _highest(sampler: Sampler, data: dict[str, Expr]) -> Callable[[Any, Arrays], Arrays]:
    """Draw points until one has a density; where there are trajectories, the highest of ten."""
    k = input("key", dtype="key")
    discrete = [] if sampler.exact else _discrete(sampler)
    # A start is drawn once: compiling it would cost more than running it.
    assert sampler.target is not None

    held = inputs_like(
        sampler, [n for n in sampler.latent_names if sampler.types[n].dtype in INTEGERS], "held"
    )

    def starter(at: Expr, more: list[Expr], told: dict[str, Expr]) -> Callable[..., Any]:
        here = sampler.initial(at, data, *more) | told
        if discrete:
            own, at = split(at, 2)
            here = _settled(discrete, own, here, data)
        height = sampler.target(at, {**here, **data})[0]["logdensity"]  # type: ignore[misc]
        return function([k, *more, told, data], (here, height), backend="numpy")

    def possible(key: Any, given: Arrays) -> Arrays:
        joint = factorise(sampler.augmented or sampler.model, [*given], name_all=True)
        seed = [int(w) for w in np.ravel(key.words)]
        try:
            found = possible_values(joint, dict(given), seed)
        except UnsupportedError:
            return {}
        return {n: x for n, x in found.items() if n in held}

    attempt = input("attempt", dtype="int64")
    several = any(name.endswith(DEPTH) for name in sampler.tuning_names)
    wanted = STARTS if several else 1
    first_start = None if several else starter(k, [], {})

    def start(key: Any, given: Arrays) -> Arrays:
        again, best, top, seen = None, None, -np.inf, 0
        search: Search | None = None
        told: Arrays = {}
        with np.errstate(all="ignore"):
            for i in range(TRIES):
                try:
                    if i == 0 and first_start is not None:
                        drawn, height = first_start(key, {}, given)
                    else:
                        again = again or starter(
                            fold_in(k, attempt), [attempt], held if told else {}
                        )
                        drawn, height = again(key, i, told, given)
                except DomainError:
                    # Discrete variables that were drawn leave others none of their values.
                    if told or not held:
                        raise
                    again, told = None, possible(key, given)
                    if len(told) < len(held):
                        raise
                    continue
                if sampler.exact:  # independent draws begin anywhere
                    return _arrays(drawn)
                if best is None and i == FAR_TRIES and held and not told:
                    # Counts that have no end, drawn by themselves, are less than what was seen.
                    found = possible(key, given)
                    again, told = None, found if len(found) == len(held) else {}
                # Constraints may have refused the point.
                if best is None and i >= LOW_TRIES:
                    search = Search(sampler) if search is None else search
                    if not np.isfinite(height):
                        drawn, height = search.better(drawn, given, i)
                seen += bool(np.isfinite(height))
                if np.isfinite(height) and height > top:
                    best, top = _arrays(drawn), float(height)
                enough = (seen >= wanted and top >= LOWEST) or i >= LOW_TRIES
                if best is not None and enough:
                    return best
        assert search is not None
        raise ModelError(
            f"no starting point of positive density was found in {TRIES} tries: "
            f"{search.complaint()}"
        )

    return start


def _discrete(sampler: Sampler) -> list[Step]:
    """List the steps, or their parts, that draw discrete variables from their conditionals."""
    return [
        s
        for whole in sampler.steps
        for s in whole.parts or (whole,)
        if s.kind == "gibbs" and all(sampler.types[n].dtype in INTEGERS for n in s.targets)
    ]


def _settled(
    steps: Sequence[Step], key: Expr, state: Mapping[str, Expr], data: Mapping[str, Expr]
) -> dict[str, Expr]:
    """Draw the discrete variables from their conditionals, as far as these are exact.

    Drawn before the data are looked at, some of many are sure to be impossible: an animal
    that was seen and is not there. And the labels of a mixture would be those of the states,
    exchanged as often as not, whatever the priors of its parts say.
    """
    new = dict(state)
    for step, k in zip(steps, split(key, len(steps)), strict=True):
        new.update(step.update(k, {**new, **data}))
    return new


def inputs_like(sampler: Sampler, names: Iterable[str], prefix: str) -> dict[str, Expr]:
    """Make an input for each of some variables, of its type."""
    types = sampler.types
    return {n: input(f"{prefix} {n}", types[n].shape, types[n].dtype) for n in names}


def _arrays(values: Mapping[str, Any]) -> Arrays:
    return {name: np.asarray(v) for name, v in values.items()}


def chain_keys(seed: int, chain: int) -> tuple[Any, Any]:
    """Give the keys of a chain's start and of its iterations: values, not expressions."""
    start, iterations = _chain_keys()(_root(seed), chain)
    return start, iterations


@lru_cache(maxsize=32)
def _root(seed: int) -> Any:
    return evaluate(key(seed))


@cache
def _chain_keys() -> Callable[..., Any]:
    root, chain = input("key", dtype="key"), input("chain", dtype="int64")
    both = split(fold_in(root, chain), 2)
    return function([root, chain], (both[0], both[1]), backend="numpy")
