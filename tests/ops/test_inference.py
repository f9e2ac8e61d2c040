"""What is inferred when a graph is built is what comes out when it runs."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import astragal as ag
from astragal.compile.numpy import compile_numpy
from astragal.compile.simplify import simplify
from astragal.graph.types import DTYPES, FLOATS, INTEGERS, TensorType
from astragal.ops import OPS

ELEMENTWISE = [
    n for n, op in OPS.items() if op.elementwise and n not in {"astype", "bitcast", "map"}
]


def arity(name: str) -> int:
    for n in (1, 2, 3, 4):
        try:
            OPS[name](*[True] * n)
        except TypeError as error:
            if "arguments" not in str(error):
                return n
        else:
            return n
    raise AssertionError(name)


ARITY = {n: 3 if n == "where" else arity(n) for n in ELEMENTWISE}


@st.composite
def steps(draw: Any) -> list[tuple[Any, ...]]:
    return [
        (
            draw(
                st.sampled_from(
                    ["elementwise", "reduce", "index", "shape", "join", "order", "cast", "linalg"]
                )
            ),
            *(draw(st.integers(0, 10_000)) for _ in range(5)),
        )
        for _ in range(draw(st.integers(1, 12)))
    ]


def grow(nodes: list[ag.Expr], step: tuple[Any, ...]) -> Any:
    """One more node, chosen by numbers; what does not fit is an error of ours."""
    kind, i, j, k, p, q = step
    x, y = nodes[i % len(nodes)], nodes[j % len(nodes)]
    axis = p % x.ndim if x.ndim else None
    if kind == "elementwise":
        name = ELEMENTWISE[k % len(ELEMENTWISE)]
        z = nodes[q % len(nodes)]
        return OPS[name](*[x, y, z, x][: ARITY[name]])
    if kind == "reduce":
        f = [
            ag.sum,
            ag.prod,
            ag.mean,
            ag.max,
            ag.min,
            ag.any,
            ag.all,
            ag.logsumexp,
            ag.var,
            ag.std,
        ][k % 10]
        return f(x, axis=[axis, None][q % 2], keepdims=bool(j % 2))
    if kind == "index":
        n = x.shape[0]
        at = [slice(None, None, -1), slice(1, None), None, ..., 0, [0, -1], slice(p % 4, q % 4)][
            k % 7
        ]
        assert isinstance(n, int)
        return x[at]
    if kind == "shape":
        f = [
            lambda: ag.reshape(x, (-1,)),
            lambda: ag.permute_dims(x),
            lambda: ag.expand_dims(x, axis=0),
            lambda: ag.broadcast_to(x, (2, *x.shape)),
            lambda: ag.flip(x),
            lambda: ag.roll(x, q % 5, axis=axis),
            lambda: ag.tile(x, (2, 1)),
            lambda: ag.repeat(x, 2, axis=axis),
            lambda: ag.tril(x),
            lambda: ag.diff(x),
        ][k % 10]
        return f()
    if kind == "join":
        return (
            [ag.concat([x, y], axis=axis), ag.stack([x, y])][k % 2]
            if k % 3
            else ag.where(ag.equal(x, y), x, y)
        )
    if kind == "order":
        f = [ag.sort, ag.argsort, ag.argmax, ag.argmin, ag.cumulative_sum, ag.cumulative_prod][
            k % 6
        ]
        return f(x, axis=axis)
    if kind == "cast":
        return ag.astype(x, DTYPES[k % len(DTYPES)])
    return [ag.matmul, ag.linalg.kron, lambda a, b: ag.tensordot(a, b, axes=1)][k % 3](x, y)


@given(steps(), st.integers(0, 2**32 - 1))
def test_shapes_and_data_types_are_what_was_inferred(
    program: list[tuple[Any, ...]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    leaves = [
        ("f", (2, 3), "float64"),
        ("g", (3,), "float32"),
        ("i", (3, 2), "int64"),
        ("b", (), "bool"),
        ("s", (1, 3), "int16"),
    ]
    nodes = [ag.input(*leaf) for leaf in leaves]
    inputs = list(nodes)
    values = [
        (rng.uniform(-2, 2, shape) if dtype in FLOATS else rng.integers(0, 3, shape)).astype(dtype)
        for _, shape, dtype in leaves
    ]
    for step in program:
        try:
            new = grow(nodes, step)
        except (ag.AstragalError, IndexError):
            continue
        size = np.prod([d for d in new.shape if isinstance(d, int)], dtype=float)
        if size < 400 and new.ndim < 6 and 0 not in new.shape:
            nodes.append(new)
    found = compile_numpy(inputs, nodes)(*values)
    short = compile_numpy(inputs, list(simplify(nodes)))(*values)
    for node, value, other in zip(nodes, found, short, strict=True):
        assert isinstance(node.type, TensorType)
        assert (value.dtype.name, np.shape(value)) == (node.dtype, node.shape), node
        assert (other.dtype.name, np.shape(other)) == (node.dtype, node.shape), node


def test_every_elementwise_operation_takes_part() -> None:
    assert len(ELEMENTWISE) > 80
    assert {ARITY[n] for n in ELEMENTWISE} == {1, 2, 3, 4}
    assert INTEGERS.issubset(DTYPES)
