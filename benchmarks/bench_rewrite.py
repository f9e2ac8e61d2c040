"""Contraction of normals on large graphs: ours, beside plain kanren, egglog and PyTensor.

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


def kanren_pairs(n: int) -> Callable[[], object]:
    """The rule without its checks, as a kanren goal on etuples: one walk of one pair after another.

    Together in one graph, plain kanren gives no answer in reasonable time.
    """
    from etuples import etuple, etuplize
    from kanren import eq, lall, run, var
    from kanren.graph import walko

    terms = [etuplize(x) for x in pairs(n)]

    def contracto(a: object, b: object) -> object:
        key, m1, s1, m2, s2 = (var() for _ in range(5))
        one, two = (
            etuple(normal.op, k, None, m, s)  # type: ignore[attr-defined]
            for k, m, s in ((var(), m1, s1), (var(), m2, s2))
        )
        new = etuple(
            normal.op,  # type: ignore[attr-defined]
            key,
            None,
            etuple(ag.add, m1, m2),
            etuple(ag.sqrt, etuple(ag.add, etuple(ag.pow, s1, 2.0), etuple(ag.pow, s2, 2.0))),
        )
        return lall(eq(a, etuple(ag.add, one, two)), eq(b, new))

    def work() -> object:
        q = var()
        return [run(1, q, walko(contracto, term, q)) for term in terms]

    return work


def egglog_pairs(n: int) -> Callable[[], object]:
    """The same rule in egglog's text form, program and extraction included."""
    from egglog.bindings import EGraph  # type: ignore[attr-defined]

    head = """
(datatype Key (Root String) (Child Key i64))
(datatype R (Var String) (Add R R) (Sqrt R) (Pow R R) (Num f64) (Normal Key R R))
(rewrite (Add (Normal (Child k 0) a b) (Normal (Child k 1) c d))
         (Normal k (Add a c) (Sqrt (Add (Pow b (Num 2.0)) (Pow d (Num 2.0))))))
"""
    lines = [
        f'(let x{i} (Add (Normal (Child (Root "k{i}") 0) (Var "p{i}") (Var "q{i}"))'
        f' (Normal (Child (Root "k{i}") 1) (Var "r{i}") (Var "t{i}"))))'
        for i in range(n)
    ]
    text = "\n".join([head, *lines, "(run 1)", *(f"(extract x{i})" for i in range(n))])

    def work() -> object:
        graph = EGraph()
        return graph.run_program(*graph.parse_program(text))

    return work


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
    target = pairs(100)
    ours = lambda: ag.rewrite(target, normal_convolution, explain=True)  # noqa: E731
    print(compare("100 pairs beside plain kanren", ours, kanren_pairs(100), rounds=3))
    try:
        print(compare("100 pairs beside egglog", ours, egglog_pairs(100)))
    except ImportError:
        print("egglog is not installed")
    from astragal.rewrites import BOOK

    alone = ours
    print(compare("one rule beside the book", alone, lambda: ag.rewrite(target, BOOK)))
    crowd = [normal_convolution, *many_rules(200)]
    print(compare("one rule beside 200 on its root", alone, lambda: ag.rewrite(target, crowd)))


if __name__ == "__main__":
    main()
