"""The table of operations against the backends: each is compiled, not looked up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

import astragal as ag
from astragal.compile.jax import compile_jax
from astragal.compile.numba.codegen import generate
from astragal.compile.numpy import compile_numpy
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.tree import flatten
from astragal.ops import OPS, elementwise, special

x, v, i = ag.input("x"), ag.input("v", (3,)), ag.input("i", (3,), "int64")
m, flags = ag.input("m", (3, 3)), ag.input("c", (3,), "bool")
s = ag.input("s", ("n",))
LEAVES = [x, v, i, m, flags, s]
N = s.shape[0]
assert isinstance(N, Expr)

# fmt: off
EXAMPLES: dict[str, Callable[[], Any]] = {
    "constant":         lambda: ag.constant([1.0, 2.0]),
    "shape":            lambda: ag.broadcast_to(x, (N, 2)),
    "full":             lambda: ag.full((3,), x),
    "iota":             lambda: ag.eye(3),
    "nonzero":          lambda: ag.nonzero(flags),
    "sort":             lambda: ag.sort(v),
    "argsort":          lambda: ag.argsort(v),
    "argmax":           lambda: ag.argmax(v),
    "argmin":           lambda: ag.argmin(v),
    "searchsorted":     lambda: ag.searchsorted(v, x),
    "item":             lambda: ag.linalg.slogdet(m).sign,
    "index":            lambda: v[i],
    "set_index":        lambda: v.at[0].set(x),
    "add_index":        lambda: v.at[i].add(x),
    "sum":              lambda: ag.sum(v),
    "prod":             lambda: ag.prod(v),
    "max":              lambda: ag.max(v),
    "min":              lambda: ag.min(v),
    "any":              lambda: ag.any(flags),
    "all":              lambda: ag.all(flags),
    "logsumexp":        lambda: ag.logsumexp(v),
    "cumulative_sum":   lambda: ag.cumulative_sum(v),
    "cumulative_prod":  lambda: ag.cumulative_prod(v),
    "broadcast_to":     lambda: ag.broadcast_to(v, (2, 3)),
    "reshape":          lambda: ag.reshape(m, (9,)),
    "permute_dims":     lambda: m.T,
    "concatenate":      lambda: ag.concat([v, v]),
    "stack":            lambda: ag.stack([v, v]),
    "matmul":           lambda: m @ v,
    "cholesky":         lambda: ag.linalg.cholesky(m),
    "solve":            lambda: ag.linalg.solve(m, v),
    "solve_triangular": lambda: ag.linalg.solve_triangular(m, v),
    "det":              lambda: ag.linalg.det(m),
    "slogdet":          lambda: ag.linalg.slogdet(m).logabsdet,
    "eigh":             lambda: ag.linalg.eigvalsh(m),
    "qr":               lambda: ag.linalg.qr(m).R,
    "svd":              lambda: ag.linalg.svdvals(m),
    "scan":             lambda: ag.scan(lambda c, u: (c + u, c), x, v)[1],
    "while_loop":       lambda: ag.while_loop(lambda s: s < 9.0, lambda s: s * 2.0, x),
    "switch":           lambda: ag.switch(i[0], [lambda: x, lambda: x + 1.0]),
    "call":             lambda: ag.subgraph([x], ag.exp(x))(v[0]),
    "where":            lambda: ag.where(flags, v, x),
    "astype":           lambda: ag.astype(v, "float32"),
    "bitcast":          lambda: ag.bitcast(v, "uint64"),
    "map":              lambda: OPS["map"](_body(), v),
}
"""A small use of each operation that is not elementwise on numbers."""
# fmt: on

# What a graph is made of, not something that a backend computes.
LEAF_OPS = {"input", "parameter", "dimension"}


def _body() -> Any:
    from astragal.graph.subgraph import Subgraph

    return Subgraph([x], [ag.exp(x)])


def example(name: str) -> list[Expr]:
    """Give expressions that use an operation."""
    if name in EXAMPLES:
        return list(flatten(EXAMPLES[name]())[0])
    op = OPS[name]
    for operand in (v, i, flags):
        for count in (1, 2, 3, 4):
            try:
                return [op(*[operand] * count)]
            except TypeError:
                continue
    raise LookupError(f"the table of backends has no example of {name}")


def _numpy(outputs: list[Expr]) -> None:
    compile_numpy([*LEAVES, N], outputs)


def _numba(outputs: list[Expr]) -> None:
    generate([*LEAVES, N], outputs)


def _jax(outputs: list[Expr]) -> None:
    shapes = [jax.ShapeDtypeStruct((4,) if a is s else a.shape, a.dtype) for a in LEAVES]
    compiled = compile_jax(LEAVES, outputs, {N: (LEAVES.index(s), 0)})
    with jax.enable_x64(True):
        jax.eval_shape(compiled.pure, *shapes)


BACKENDS: dict[str, Callable[[list[Expr]], None]] = {
    "NumPy": _numpy,
    "Numba": _numba,
    "JAX": _jax,
}


def support() -> dict[str, dict[str, str]]:
    """Say for each operation and backend why it is not supported; nothing where it is."""
    found: dict[str, dict[str, str]] = {}
    for name in OPS:
        if name in LEAF_OPS:
            continue
        outputs = example(name)
        found[name] = {}
        for backend, compile_with in BACKENDS.items():
            try:
                compile_with(outputs)
            except UnsupportedError as error:
                found[name][backend] = str(error)
            else:
                found[name][backend] = ""
    return found


def table() -> str:
    """Write the operations against the backends, and the reasons of the holes."""
    found = support()
    groups = {
        "elementwise": [op.name for op in elementwise.OPS],
        "special": [op.name for op in special.OPS],
    }
    groups["of whole arrays"] = [n for n in found if not any(n in g for g in groups.values())]
    lines = [
        "## Operations and backends\n",
        "All functions above are made of these operations. Each was compiled by each backend",
        "when this page was made.\n",
        "| operation | kind | " + " | ".join(BACKENDS) + " |",
        "|---|---|" + "---|" * len(BACKENDS),
    ]
    notes: list[str] = []
    for kind, names in groups.items():
        for name in names:
            cells = []
            for backend in BACKENDS:
                reason = found[name][backend]
                if reason:
                    notes.append(f"{len(notes) + 1}. {name} on {backend}: {reason}")
                cells.append(f"no ({len(notes)})" if reason else "yes")
            lines.append(f"| `{name}` | {kind} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *notes, ""])
