"""The contraction of two normals in other rewriting engines, as `bench_rewrite.py` times it.

Each function makes a call without arguments that takes one graph there and back: the
conversion in and out counts where an engine needs one.
"""

# kanren is typed in part only.
# mypy: disable-error-code="attr-defined, no-untyped-call, unused-ignore"

from collections.abc import Callable
from typing import Any

import astragal as ag

normal = ag.random.normal


def kanren(terms: list[object], fixpoint: bool) -> Callable[[], object]:
    """The rule without its checks, as a kanren goal on etuples, term by term.

    One walk is enough for a pair; a chain, or a graph of several pairs, needs a fixpoint.
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


def at_once(roots: tuple[ag.Expr, ...]) -> list[object]:
    """A graph as one etuple, as plain kanren is given it."""
    from etuples import etuple

    return plain(roots) if len(roots) == 1 else [etuple("outputs", *plain(roots))]


def within(work: Callable[[], object], seconds: int) -> tuple[str, float]:
    """Run a call in a process of its own: how it ended, and its CPU seconds.

    It ends with an ``"answer"``, at the ``"limit"`` of CPU time, or for want of ``"memory"`` (4 GB)
    or of ``"recursion"``: a million calls deep, on a stack of 1 GB.
    """
    import os
    import resource
    import signal
    import sys
    import threading

    def alone() -> None:
        try:
            work()
        except MemoryError:
            os._exit(1)
        except RecursionError:
            os._exit(2)
        os._exit(0)

    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        sys.setrecursionlimit(1_000_000)
        threading.stack_size(1 << 30)
        thread = threading.Thread(target=alone)
        thread.start()
        thread.join()
    _, status, used = os.wait4(child, 0)
    ends = ("answer", "memory", "recursion")
    if os.WIFEXITED(status):
        end = ends[os.WEXITSTATUS(status)]
    else:
        late = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        end = "limit" if late else "a crash"
    return end, used.ru_utime + used.ru_stime


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


def tinygrad(n: int, chain_of: int = 0) -> Callable[[], object]:
    """The rule in tinygrad's matcher, compiled by it; it checks no uses and keeps no record."""
    from tinygrad.dtype import dtypes  # type: ignore[import-not-found]
    from tinygrad.uop.ops import (  # type: ignore[import-not-found]
        Ops,
        PatternMatcher,
        UOp,
        UPat,
        graph_rewrite,
    )

    real = dtypes.float32

    def add(a: Any, b: Any) -> Any:
        return UOp(Ops.ADD, real, (a, b))

    def draw(i: int) -> Any:
        parts = tuple(UOp(Ops.NOOP, real, (), f"{name}{i}") for name in "kms")
        return UOp(Ops.CUSTOM, real, parts, "normal")

    def drawn(name: str, *names: str) -> Any:
        return UPat(Ops.CUSTOM, src=tuple(map(UPat.var, names)), arg="normal", name=name)

    def contract(x: Any, k: Any, m1: Any, s1: Any, y: Any, l: Any, m2: Any, s2: Any) -> Any:  # noqa: E741
        # The matcher compiles functions without closures.
        return x.replace(src=(k, m1 + m2, (s1 * s1 + s2 * s2).sqrt()))

    rule = UPat(Ops.ADD, src=(drawn("x", "k", "m1", "s1"), drawn("y", "l", "m2", "s2")))
    matcher = PatternMatcher([(rule, contract)])
    if chain_of:
        total = draw(0)
        for i in range(1, chain_of):
            total = add(total, draw(i))
        roots = [total]
    else:
        roots = [add(draw(2 * i), draw(2 * i + 1)) for i in range(n)]
    graph = UOp(Ops.SINK, dtypes.void, tuple(roots))

    def work() -> object:
        found = graph_rewrite(graph, matcher)
        assert all(x.op is Ops.CUSTOM for x in found.src)
        return found

    return work
