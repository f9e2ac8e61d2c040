"""Draws: CPU time a value, beside NumPy's ``Generator`` (PCG64) and ``jax.random``.

A million float64 or int64 values of each law from one key. Before it is timed, each draw is
compared with the reference, bit for bit, and its mean with the law's. NumPy's generator runs
on, ours and JAX's begin from a key at every call. Names of laws, or of the parts ``loops``,
``cycles``, ``threads``, ``guards`` and ``shapes``, choose some.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import jax
import numba
import numpy as np

import astragal as ag
from _harness import compare, machine

N = 1_000_000
P = np.array([0.1, 0.5, 0.15, 0.25])
jr = jax.random

# fmt: off
LAWS: dict[str, tuple[Callable[..., Any], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "bits":          (lambda k: ag.random.bits(k, size=N),
                      lambda g: g.bit_generator.random_raw(N),
                      lambda k: jr.bits(k, (N,), "uint64")),
    "uniform":       (lambda k: ag.random.uniform(k, size=N),
                      lambda g: g.random(N), lambda k: jr.uniform(k, (N,), "float64")),
    "normal":        (lambda k: ag.random.normal(k, size=N),
                      lambda g: g.standard_normal(N), lambda k: jr.normal(k, (N,), "float64")),
    "exponential":   (lambda k: ag.random.exponential(k, rate=1.0, size=N),
                      lambda g: g.standard_exponential(N),
                      lambda k: jr.exponential(k, (N,), "float64")),
    "gamma(2.5)":    (lambda k: ag.random.gamma(k, 2.5, rate=1.0, size=N),
                      lambda g: g.standard_gamma(2.5, N),
                      lambda k: jr.gamma(k, 2.5, (N,), "float64")),
    "beta(0.7, 3)":  (lambda k: ag.random.beta(k, 0.7, 3.0, size=N),
                      lambda g: g.beta(0.7, 3.0, N),
                      lambda k: jr.beta(k, 0.7, 3.0, (N,), "float64")),
    "poisson(3)":    (lambda k: ag.random.poisson(k, 3.0, size=N),
                      lambda g: g.poisson(3.0, N), lambda k: jr.poisson(k, 3.0, (N,))),
    "poisson(50)":   (lambda k: ag.random.poisson(k, 50.0, size=N),
                      lambda g: g.poisson(50.0, N), lambda k: jr.poisson(k, 50.0, (N,))),
    "binomial(100, 0.3)": (lambda k: ag.random.binomial(k, 100, 0.3, size=N),
                      lambda g: g.binomial(100, 0.3, N),
                      lambda k: jr.binomial(k, 100.0, 0.3, (N,), "float64")),
    "categorical(4)": (lambda k: ag.random.categorical(k, P, size=N),
                      lambda g: g.choice(4, N, p=P),
                      lambda k: jr.categorical(k, np.log(P), shape=(N,))),
}
# fmt: on


def check(name: str, ours: Any, reference: Any, peer: Any) -> None:
    """Refuse to time what differs."""
    if np.asarray(ours).tobytes() != np.asarray(reference).tobytes():
        raise AssertionError(f"{name}: the backends differ")
    error = 6 * np.std(peer) / np.sqrt(N)
    if abs(np.mean(ours) - np.mean(peer)) > 2 * error:
        raise AssertionError(f"{name}: the means differ")


def sides(
    on_numba: Any, on_jax: Any, by_numpy: Any, by_jax: Any, key: Any, theirs: Any, generator: Any
) -> list[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    """Give the pairs to compare."""
    ready = jax.block_until_ready
    return [
        ("numba beside NumPy", lambda: on_numba(key), lambda: by_numpy(generator)),
        ("numba beside jax.random", lambda: on_numba(key), lambda: ready(by_jax(theirs))),
        ("jax beside jax.random", lambda: ready(on_jax(key)), lambda: ready(by_jax(theirs))),
    ]


def draws(names: list[str]) -> None:
    """Compare each law on each backend."""
    generator = np.random.default_rng(1)
    key = ag.evaluate(ag.key(1))
    k = ag.input("k", dtype="key")
    theirs_key = jr.key(1)
    for name, (ours, numpy_peer, jax_peer) in LAWS.items():
        if names and not any(name.startswith(n) for n in names):
            continue
        graph = ours(k)
        on_numba = ag.function([k], graph, backend="numba")
        on_jax = ag.function([k], graph, backend="jax")
        reference = ag.function([k], graph, backend="numpy")(key)
        peer = jax.jit(jax_peer)
        check(name, on_numba(key), reference, numpy_peer(generator))
        check(name, on_jax(key), reference, peer(theirs_key))
        for what, a, b in sides(on_numba, on_jax, numpy_peer, peer, key, theirs_key, generator):
            result = compare(f"{name}, {what}", a, b, rounds=5)
            per = 1e9 / N
            print(
                f"{result.name:44s} ours {result.ours * per:8.1f} ns   "
                f"peer {result.peer * per:8.1f} ns   ratio {result.ratio:6.2f}",
                flush=True,
            )


def loops() -> None:
    """Scalar draws in a compiled loop, and splitting: ns a turn."""
    steps = 100_000
    k = ag.input("k", dtype="key")
    keys = ag.input("keys", shape=(steps,), dtype="key")
    key = ag.evaluate(ag.key(1))

    def each(c: Any, kk: Any) -> Any:
        return c * 0.5 + ag.random.normal(kk), None

    def carried(s: Any, _: Any) -> Any:
        now, later = ag.split(s[1])
        return (s[0] * 0.5 + ag.random.normal(now), later), None

    def counted(c: Any, i: Any) -> Any:
        return c * 0.5 + ag.random.normal(ag.fold_in(k, i)), None

    def block(c: Any, x: Any) -> Any:
        return c * 0.5 + x, None

    draws_ahead = ag.random.normal(k, size=steps)
    spread = ag.function([k], ag.split(k, steps))
    given = spread(key)
    walk = ag.function([keys], ag.scan(each, 0.0, keys)[0])
    chain = ag.function([k], ag.scan(carried, (0.0, k), length=steps)[0][0])
    folded = ag.function([k], ag.scan(counted, 0.0, ag.arange(steps))[0])
    ahead = ag.function([k], ag.scan(block, 0.0, draws_ahead)[0])
    children = ag.function([k], ag.scan(lambda c, _: (ag.split(c)[1], None), k, length=steps)[0])
    generator = np.random.default_rng(1)
    cases: dict[str, Callable[[], Any]] = {
        "a normal for each of many keys, in a loop": lambda: walk(given),
        "a split and a normal, in a loop": lambda: chain(key),
        "a fold and a normal, in a loop": lambda: folded(key),
        "a normal drawn ahead, in a loop": lambda: ahead(key),
        "split, in a loop": lambda: children(key),
        "split into many": lambda: spread(key),
    }
    for name, ours in cases.items():
        result = compare(name, ours, lambda: generator.standard_normal(steps), rounds=5)
        print(f"{name:44s} ours {result.ours * 1e9 / steps:8.1f} ns each", flush=True)


def cycles() -> None:
    """Cycles a uint32 of random bits, by a chain whose turns take four cycles each.

    A product of 64-bit integers takes three cycles and an exclusive or takes one, on the processors
    of Intel, AMD and Apple of the last ten years.
    """
    turns = 1_000_000

    @numba.njit  # type: ignore[untyped-decorator]
    def chain(x: Any, factor: Any) -> Any:
        for i in range(turns):
            x = (x * factor) ^ np.uint64(i)
        return x

    k = ag.input("k", dtype="key")
    # Folded to one word while they are in the cache, so that fresh memory has no part in it.
    folded = ag.function([k], ag.max(ag.random.bits(k, size=N)))
    stored = ag.function([k], ag.random.bits(k, size=N))
    key = ag.evaluate(ag.key(1))
    start, factor = np.uint64(3), np.uint64(0x9E3779B97F4A7C15)
    for name, ours in (("folded to one word", folded), ("stored in fresh memory", stored)):
        result = compare(name, partial(ours, key), lambda: chain(start, factor), rounds=9)
        each = result.ours / (2 * N) / (result.peer / (4 * turns))
        print(f"{'random bits, ' + name:44s} ours {each:8.2f} cycles a uint32", flush=True)


def threads() -> None:
    """Two threads that draw at once: the same draws, and what a draw costs each of them.

    Wall time tells the gain where two cores are free. CPU time tells on a busy machine as well what
    a thread loses to the other one: nothing, where two cores do twice the work of one.
    """
    k = ag.input("k", dtype="key")
    draw = ag.function([k], ag.random.normal(k, size=N))
    keys = ag.evaluate(ag.split(ag.key(1)))
    expected = [draw(keys[0]), draw(keys[1])]
    turns = 10

    def work(number: int, spent: dict[int, float]) -> None:
        start = time.thread_time()
        found = [draw(keys[number]) for _ in range(turns)]
        spent[number] = (time.thread_time() - start) / turns
        if not np.array_equal(found[-1], expected[number]):
            raise AssertionError("a thread draws other values beside another one")

    def one() -> dict[int, float]:
        spent: dict[int, float] = {}
        work(0, spent)
        work(1, spent)
        return spent

    def both() -> dict[int, float]:
        spent: dict[int, float] = {}
        running = [threading.Thread(target=work, args=(i, spent)) for i in range(2)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        if len(spent) < 2:
            raise AssertionError("a thread failed")
        return spent

    alone, beside = (min(max(run().values()) for _ in range(9)) for run in (one, both))
    print(
        f"a million normals, CPU time of a thread: alone {alone * 1e3:.2f} ms, "
        f"beside another {beside * 1e3:.2f} ms: {2 * alone / beside:.2f} times the work of one"
    )
    result = compare("two threads", both, one, rounds=7, clock=time.perf_counter)
    print(f"{'two threads beside one, wall time':44s} ratio {result.ratio:6.2f}")


def shapes() -> None:
    """Polya-Gamma variables of several shapes, known at the call: ns a value on each backend."""
    k, h = ag.input("k", dtype="key"), ag.input("h", shape=("n",))
    key, n = ag.evaluate(ag.key(1)), 200_000
    graph = ag.random.polya_gamma(k, h, 1.3)
    on_numba, on_jax = (ag.function([k, h], graph, backend=b) for b in ("numba", "jax"))
    for shape in (1.0, 10.0, 16.0, 100.0, 1000.0, 1e9):
        given = np.full(n, shape)
        if on_numba(key, given).tobytes() != np.asarray(on_jax(key, given)).tobytes():
            raise AssertionError("the backends differ")

        def by_jax(given: Any = given) -> Any:
            return jax.block_until_ready(on_jax(key, given))

        result = compare("shape", partial(on_numba, key, given), by_jax, rounds=3)
        print(
            f"{f'Polya-Gamma, shape {shape:g}':44s} numba {result.ours * 1e9 / n:8.1f} ns   "
            f"jax {result.peer * 1e9 / n:8.1f} ns",
            flush=True,
        )


def guards() -> None:
    """What it costs on JAX that XLA may not fuse or re-associate; the other side's bits differ."""
    from astragal.compile import jax_cache, jax_map

    k = ag.input("k", dtype="key")
    key = ag.evaluate(ag.key(1))

    def run(f: Any) -> Any:
        return jax.block_until_ready(f(key))

    def free(x: Any) -> Any:
        return x

    # An empty cache, and one that stays so: nobody may find what is compiled without guards.
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(jax_cache, "SLOW", float("inf")),
        patch.dict(os.environ, ASTRAGAL_CACHE=folder),
    ):
        for name in ("uniform", "normal", "exponential", "gamma(2.5)"):
            graph = LAWS[name][0](k)
            guarded = ag.function([k], graph, backend="jax")
            run(guarded)
            without = ag.function([k], graph, backend="jax")
            with patch.multiple(jax_map, guard=free, keep=free):
                run(without)
            result = compare(name, partial(run, guarded), partial(run, without))
            per = 1e9 / N
            print(
                f"{name:20s} on JAX with guards {result.ours * per:7.1f} ns, "
                f"without {result.peer * per:7.1f} ns",
                flush=True,
            )


PARTS = {
    "loops": loops,
    "cycles": cycles,
    "threads": threads,
    "guards": guards,
    "shapes": shapes,
}


if __name__ == "__main__":
    print(machine("numpy", "jax", "numba"))
    jax.config.update("jax_enable_x64", True)
    names = sys.argv[1:]
    laws = [n for n in names if n not in PARTS]
    if laws or not names:
        draws(laws)
    for name, part in PARTS.items():
        if name in names or not names:
            part()
