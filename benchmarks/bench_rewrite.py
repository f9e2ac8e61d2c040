"""Contraction of normals on large graphs: ours, beside plain kanren, egglog, PyTensor, tinygrad.

The same rule everywhere: a sum of two independent normals, each read once, drawn from the
two children of one split, is one normal of the parent key. Times include going there and
back: our checks, the record of steps, a peer's conversion in and out.

    python benchmarks/bench_rewrite.py            # all sizes, and the peers that are installed
    python benchmarks/bench_rewrite.py --quick
"""

# kanren is typed in part only.
# mypy: disable-error-code="attr-defined, no-untyped-call, unused-ignore"

import argparse
import gc
import time
import tracemalloc
from collections.abc import Callable

import astragal as ag
from _harness import compare, machine
from _rewrite_peers import at_once, egglog, kanren, plain, pytensor, tinygrad, within
from astragal.graph.expr import Op
from astragal.rewrites.convolutions import normal_convolution

normal = ag.random.normal


def pairs(n: int) -> tuple[ag.Expr, ...]:
    """Independent sums of two normals, in one graph."""
    keys = ag.split(ag.key(1), n)
    out = []
    for i in range(n):
        k1, k2 = ag.split(keys[i])
        p, q, r, t = (ag.input(f"{name}{i}") for name in "pqrt")
        out.append(normal(k1, p, q) + normal(k2, r, t))
    return tuple(out)


def chain(n: int) -> ag.Expr:
    """One sum of n normals."""
    keys = ag.split(ag.key(2), n)
    total = normal(keys[0], ag.input("m0"), ag.input("s0"))
    for i in range(1, n):
        total = total + normal(keys[i], ag.input(f"m{i}"), ag.input(f"s{i}"))
    return total


def nodes(target: ag.Expr | tuple[ag.Expr, ...]) -> int:
    """Nodes of a graph."""
    from astragal.graph.traverse import toposort

    return len(toposort(target if isinstance(target, tuple) else (target,)))


def measure(name: str, make: Callable[[], object], steps: int, rounds: int = 5) -> float:
    """Print rewrites and nodes a second, medians over fresh graphs, and the peak memory."""
    times = []
    size = 0
    for _ in range(rounds):
        gc.collect()
        target = make()
        size = nodes(target)  # type: ignore[arg-type]
        start = time.process_time()
        found = ag.rewrite(target, normal_convolution, explain=True)
        times.append(time.process_time() - start)
        assert len(found.steps) == steps
        del found, target
    target = make()
    tracemalloc.start()
    ag.rewrite(target, normal_convolution, explain=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    seconds = sorted(times)[len(times) // 2]
    print(
        f"{name:24s} {steps / seconds:10,.0f} rewrites/s {size / seconds:12,.0f} nodes/s "
        f"{peak / size:6.0f} bytes a node at the peak"
    )
    return seconds


def doubled(depth: int) -> None:
    """Print what it takes to handle a graph in which each node reads the one below twice."""
    import copy
    import pickle

    from unification import reify, unify

    from astragal.logic.variables import variable

    def build(leaf: ag.Expr) -> ag.Expr:
        x = leaf
        for _ in range(depth):
            x = x + x
        return x

    v = variable("leaf")
    closed = build(ag.input("x"))
    work: dict[str, Callable[[], object]] = {
        "unify": lambda: unify(build(v), closed, {}),
        "reify": lambda: reify(build(v), {v: ag.input("x")}),
        "rewrite": lambda: ag.rewrite(closed, normal_convolution),
        "hash": lambda: hash(closed),
        "compare": lambda: closed == build(ag.input("x")),
        "copy": lambda: copy.deepcopy(closed),
        "pickle": lambda: pickle.loads(pickle.dumps(closed)),
    }
    for name, call in work.items():
        print(f"doubled {depth} times, {name:8s} {1e3 * median(call):8.2f} ms")


def median(call: Callable[[], object], rounds: int = 5) -> float:
    """Median CPU seconds of a call, after one to warm up."""
    call()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return sorted(times)[rounds // 2]


def goals() -> None:
    """Print what a relational goal takes: a hit, a miss, and the first form of a neighbourhood."""
    from kanren import run, var

    k1, k2 = ag.split(ag.key(3))
    m = [ag.input(f"g{i}") for i in range(4)]
    hit = normal(k1, m[0], m[1]) + normal(k2, m[2], m[3])
    miss = ag.exp(m[0])
    q = var()
    for name, call in {
        "goal, hit": lambda: run(1, q, normal_convolution(hit, q)),
        "goal, miss": lambda: run(1, q, normal_convolution(miss, q)),
        "first form of a chain of 6": lambda: list(
            ag.equivalents(chain(6), normal_convolution, limit=2)
        ),
    }.items():
        print(f"{name:32s} {1e6 * median(lambda c=call: [c() for _ in range(50)]) / 50:8.0f} us")  # type: ignore[misc]


def many_rules(count: int) -> list[ag.Relation]:
    """False copies of the rule for other families, on the same root operation."""
    families = [
        ag.random.gamma, ag.random.laplace, ag.random.logistic, ag.random.gumbel,
        ag.random.cauchy, ag.random.lognormal,
    ]  # fmt: skip

    def rule(family: Op, i: int) -> ag.Relation:
        @ag.relation("in law")
        def other(k: ag.Key, a, b, c, d):  # type: ignore[no-untyped-def]
            k1, k2 = ag.split(k)
            both = family(k1, None, a, b) + family(k2, None, c, d)
            return both, family(k, None, a + c, b + d + float(i))

        return other

    return [rule(families[i % len(families)].op, i) for i in range(count)]  # type: ignore[attr-defined]


def alike(count: int) -> list[ag.Relation]:
    """Relations on sums of two normals, each for a spread of its own that no target has."""

    def rule(i: int) -> ag.Relation:
        @ag.relation("in law")
        def other(k: ag.Key, a, b, c):  # type: ignore[no-untyped-def]
            k1, k2 = ag.split(k)
            spread = ag.sqrt(c**2 + float(i * i))
            return normal(k1, a, float(i)) + normal(k2, b, c), normal(k, a + b, spread)

        return other

    return [rule(i + 2) for i in range(count)]


def crowds() -> None:
    """Print what 200 relations on the same root operation cost beside the one that applies."""
    target = pairs(100)
    for name, others in (("other laws", many_rules(200)), ("other numbers", alike(200))):
        crowd = [*others, normal_convolution]
        print(
            compare(
                f"one rule beside 200 on its root, {name}",
                lambda: ag.rewrite(target, normal_convolution, explain=True),
                lambda c=crowd: ag.rewrite(target, c, explain=True),  # type: ignore[misc]
            )
        )


def unbounded(seconds: int) -> None:
    """Print plain kanren's `reduceo(walko)` on a graph as one term, or how long it had for it."""
    for name, target in (("100 pairs", pairs(100)), ("chain of 16", (chain(16),))):
        ours = median(lambda t=target: ag.rewrite(t, normal_convolution, explain=True))  # type: ignore[misc]
        end, took = within(kanren(at_once(target), True), seconds)
        ratio = f"{'at least ' if end == 'limit' else ''}{took / ours:,.0f}"
        print(
            f"{name} beside plain kanren as one term: ours {1e3 * ours:.2f} ms, kanren ends with "
            f"{end} after {took:.1f} s of CPU: ratio {ratio if end in ('answer', 'limit') else '-'}"
        )


def mixed(n: int) -> tuple[ag.Expr, ...]:
    """A graph of about n nodes: several relations of the book apply, and many nodes bear none."""
    r = ag.random
    out = []
    for i in range(n // 30):
        k1, k2 = ag.split(ag.key(10 + i))
        k3, k4 = ag.split(ag.key(10_000 + i))
        a, b, c = (ag.input(f"{name}{i}") for name in "abc")
        both = r.gamma(k1, a, rate=b) + r.gamma(k2, c, rate=b)
        least = ag.minimum(r.exponential(k3, rate=a), r.exponential(k4, rate=b))
        plainly = ag.exp(a * b) + ag.log(c + 1.0) / (a + 2.0)
        out += [both, least, ag.sqrt(plainly) - ag.tanh(a - c)]
    return tuple(out)


def whole_book() -> None:
    """Print what the book costs beside the relations that apply, on graphs of 1,000 nodes."""
    from astragal.rewrites import BOOK

    for name, target in (("pairs", pairs(90)), ("mixed", mixed(1_000))):
        found = ag.rewrite(target, BOOK, explain=True)
        needed = list(dict.fromkeys(s.relation.whole or s.relation for s in found.steps))
        print(f"{name}: {nodes(target)} nodes, {len(found.steps)} steps of {len(needed)} relations")
        print(
            compare(
                f"the relations needed beside the book, {name}",
                lambda t=target, n=needed: ag.rewrite(t, n, explain=True),  # type: ignore[misc]
                lambda t=target: ag.rewrite(t, BOOK, explain=True),  # type: ignore[misc]
            )
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    print(machine("miniKanren", "etuples"))
    sizes = (100, 1_000) if quick else (1_000, 10_000, 100_000)
    seconds = {n: measure(f"{n:,} pairs", lambda n=n: pairs(n), n) for n in sizes}  # type: ignore[misc]
    import math

    small, large = min(sizes), max(sizes)
    growth = math.log(seconds[large] / seconds[small]) / math.log(large / small)
    print(f"growth: time ~ size ** {growth:.2f}")
    for n in (100, 1_000) if quick else (1_000, 10_000):
        measure(f"chain of {n:,}", lambda n=n: chain(n), n - 1)  # type: ignore[misc]
    for name, target, count, length in (
        ("100 pairs", pairs(100), 100, 0),
        ("chain of 16", (chain(16),), 0, 16),
    ):
        ours = lambda t=target: ag.rewrite(t, normal_convolution, explain=True)  # type: ignore[misc] # noqa: E731
        peers: dict[str, Callable[[], Callable[[], object]]] = {
            "egglog": lambda n=count, c=length: egglog(n, c),  # type: ignore[misc]
            "PyTensor": lambda n=count, c=length: pytensor(n, c),  # type: ignore[misc]
            "tinygrad": lambda n=count, c=length: tinygrad(n, c),  # type: ignore[misc]
        }
        if not length:
            peers["plain kanren, term by term"] = lambda t=target, c=length: kanren(plain(t), c > 0)  # type: ignore[misc]
        for peer, make in peers.items():
            try:
                work = make()
            except ImportError:
                print(f"{peer} is not installed")
                continue
            try:
                print(compare(f"{name} beside {peer}", ours, work, rounds=3))
            except RecursionError:
                print(f"{name} beside {peer}: the peer recurses too deeply")
    whole_book()
    crowds()
    unbounded(5 if quick else 60)
    doubled(400)
    goals()


if __name__ == "__main__":
    main()
