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
from typing import Any

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


def kanren(terms: list[object], fixpoint: bool) -> Callable[[], object]:
    """The rule without its checks, as a kanren goal on etuples, term by term.

    One walk is enough for pairs; a chain needs a fixpoint. All pairs together in one graph
    get no answer in reasonable time.
    """
    from etuples import etuple
    from kanren import eq, lall, run, var
    from kanren.graph import reduceo, walko

    def contracto(a: object, b: object) -> object:
        key, m1, s1, m2, s2 = (var() for _ in range(5))
        one, two = (
            etuple(normal.op, k, None, m, s)  # type: ignore[attr-defined]
            for k, m, s in ((key, m1, s1), (var(), m2, s2))
        )
        new = etuple(
            normal.op,  # type: ignore[attr-defined]
            key,
            None,
            etuple(ag.add, m1, m2),
            etuple(ag.sqrt, etuple(ag.add, etuple(ag.pow, s1, 2.0), etuple(ag.pow, s2, 2.0))),
        )
        return lall(eq(a, etuple(ag.add, one, two)), eq(b, new))

    def walk(a: object, b: object) -> object:
        return walko(contracto, a, b)

    def goal(a: object, b: object) -> Any:
        return reduceo(walk, a, b) if fixpoint else walk(a, b)

    def work() -> object:
        q = var()
        return [run(1, q, goal(term, q)) for term in terms]

    return work


def plain(roots: tuple[ag.Expr, ...]) -> list[object]:
    """Expressions as etuples of plain strings and numbers."""
    from etuples import etuplize

    return [etuplize(x) for x in roots]


def pytensor(n: int, chain_of: int = 0) -> Callable[[], object]:
    """The rule in PyTensor's rewriter, on n pairs or on one chain; the copy of the graph counts."""
    import pytensor.tensor as pt
    from pytensor.graph import FunctionGraph, node_rewriter
    from pytensor.graph.rewriting.basic import EquilibriumGraphRewriter
    from pytensor.scalar.basic import Add
    from pytensor.tensor.elemwise import Elemwise
    from pytensor.tensor.random.basic import NormalRV

    def draw(i: int) -> object:
        return pt.random.normal(pt.dscalar(f"m{i}"), pt.dscalar(f"s{i}"))

    if chain_of:
        total = draw(0)
        for i in range(1, chain_of):
            total = total + draw(i)  # type: ignore[operator]
        outputs = [total]
    else:
        outputs = [draw(2 * i) + draw(2 * i + 1) for i in range(n)]  # type: ignore[operator]

    def is_normal(x: object) -> bool:
        owner = x.owner  # type: ignore[attr-defined]
        return owner is not None and isinstance(owner.op, NormalRV)

    @node_rewriter([Elemwise])  # type: ignore[untyped-decorator, unused-ignore]
    def contract(fgraph: object, node: object) -> object:
        if not isinstance(node.op.scalar_op, Add) or len(node.inputs) != 2:  # type: ignore[attr-defined]
            return None
        a, b = node.inputs  # type: ignore[attr-defined]
        if not (is_normal(a) and is_normal(b)) or a is b:
            return None
        if any(len(fgraph.clients[x]) != 1 for x in (a, b)):  # type: ignore[attr-defined]
            return None
        m1, s1 = a.owner.op.dist_params(a.owner)
        m2, s2 = b.owner.op.dist_params(b.owner)
        return [pt.random.normal(m1 + m2, pt.sqrt(s1**2 + s2**2), rng=a.owner.inputs[0])]

    rewriter = EquilibriumGraphRewriter([contract], max_use_ratio=100)

    def work() -> object:
        graph = FunctionGraph(outputs=outputs, clone=True)
        rewriter.rewrite(graph)
        drawn = sum(isinstance(x.op, NormalRV) for x in graph.toposort())
        assert drawn == len(outputs), drawn
        return graph

    return work


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


def egglog(n: int, chain_of: int = 0) -> Callable[[], object]:
    """The same rule in egglog's text form, program and extraction included."""
    from egglog.bindings import EGraph  # type: ignore[attr-defined]

    head = """
(datatype Key (Root String) (Child Key i64))
(datatype R (Var String) (Add R R) (Sqrt R) (Pow R R) (Num f64) (Normal Key R R))
(rewrite (Add (Normal k a b) (Normal l c d))
         (Normal k (Add a c) (Sqrt (Add (Pow b (Num 2.0)) (Pow d (Num 2.0))))))
"""

    def draw(i: int) -> str:
        return f'(Normal (Child (Root "k{i // 2}") {i % 2}) (Var "m{i}") (Var "s{i}"))'

    if chain_of:
        lines = [f"(let $x0 {draw(0)})"]
        lines += [f"(let $x{i} (Add $x{i - 1} {draw(i)}))" for i in range(1, chain_of)]
        wanted, rounds = [chain_of - 1], chain_of
    else:
        lines = [f"(let $x{i} (Add {draw(2 * i)} {draw(2 * i + 1)}))" for i in range(n)]
        wanted, rounds = list(range(n)), 1
    out = [f"(extract $x{i})" for i in wanted]
    text = "\n".join([head, *lines, f"(run {rounds})", *out])

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
    for name, target, count, length in (
        ("100 pairs", pairs(100), 100, 0),
        ("chain of 16", (chain(16),), 0, 16),
    ):
        ours = lambda t=target: ag.rewrite(t, normal_convolution, explain=True)  # type: ignore[misc] # noqa: E731
        peers: dict[str, Callable[[], Callable[[], object]]] = {
            "egglog": lambda n=count, c=length: egglog(n, c),  # type: ignore[misc]
            "PyTensor": lambda n=count, c=length: pytensor(n, c),  # type: ignore[misc]
        }
        if not length or not quick:
            peers["plain kanren"] = lambda t=target, c=length: kanren(plain(t), c > 0)  # type: ignore[misc]
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
    target = pairs(100)
    from astragal.rewrites import BOOK

    def alone() -> object:
        return ag.rewrite(target, normal_convolution, explain=True)

    def whole() -> object:
        return ag.rewrite(target, BOOK, explain=True)

    print(compare("one rule beside the book", alone, whole))
    crowd = [normal_convolution, *many_rules(200)]
    print(
        compare(
            "one rule beside 200 on its root",
            alone,
            lambda: ag.rewrite(target, crowd, explain=True),
        )
    )
    doubled(400)
    goals()


if __name__ == "__main__":
    main()
