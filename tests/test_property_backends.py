"""Random well-typed graphs: whatever says something about one graph says the same thing.

The backends, the inferred types, the file format, the terms of logic, the gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from etuples import etuplize
from hypothesis import given, settings
from hypothesis import strategies as st
from unification import reify, unify, var

import astragal as ag
from astragal.graph.subgraph import trace
from astragal.graph.traverse import toposort
from astragal.ops.control import MAP

Array = np.ndarray[Any, Any]
Draw = Callable[[Any], Any]

INPUTS: dict[str, tuple[tuple[int, ...], str]] = {
    "s": ((), "float64"),
    "v": ((3,), "float64"),
    "m": ((2, 3), "float64"),
    "f": ((3,), "float32"),
    "i": ((2,), "int64"),
    "b": ((3,), "bool"),
}


def values() -> list[Array]:
    """Generic values: no two alike, both signs, nothing near a kink by design."""
    rng = np.random.default_rng(12)
    out: list[Array] = []
    for shape, dtype in INPUTS.values():
        x = rng.normal(size=shape)
        out.append(np.asarray(x * 3 if dtype == "int64" else x).astype(dtype))
    out[-1] = np.array([True, False, True])
    return out


@dataclass
class Builder:
    """A pool of expressions that grows by one random operation after another."""

    draw: Draw
    leaves: list[ag.Expr] = field(
        default_factory=lambda: [ag.input(n, shape=s, dtype=d) for n, (s, d) in INPUTS.items()]
    )
    pool: list[ag.Expr] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pool = list(self.leaves)

    def pick(self, *dtypes: str, ndim: int | None = None) -> ag.Expr:
        fits = [
            x
            for x in self.pool
            if (not dtypes or x.dtype in dtypes) and (ndim is None or x.ndim >= ndim)
        ]
        # Recent ones first, so that graphs grow deep.
        return fits[-1 - self.draw(st.integers(0, len(fits) - 1))]  # type: ignore[no-any-return]

    def number(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def one_of(self, things: list[Any]) -> Any:
        return self.draw(st.sampled_from(things))

    def real(self, ndim: int | None = None) -> ag.Expr:
        return self.pick("float64", "float32", ndim=ndim)


def tame(x: ag.Expr) -> ag.Expr:
    """Keep numbers in a range where nothing overflows and every backend is accurate."""
    return ag.tanh(x) * 2.0


def unary(b: Builder) -> ag.Expr:
    f = b.one_of(
        [
            ag.sin, ag.tanh, ag.exp, ag.negative, ag.square, ag.abs, ag.special.expit,
            ag.special.erf, ag.special.ndtr, ag.atan, ag.expm1,
            lambda x: ag.log(ag.square(x) + 0.5),
            lambda x: ag.sqrt(ag.square(x) + 0.3),
            lambda x: ag.special.gammaln(ag.square(x) + 0.7),
            lambda x: ag.special.digamma(ag.square(x) + 0.7),
            lambda x: ag.reciprocal(ag.square(x) + 0.6),
        ]
    )  # fmt: skip
    return f(tame(b.real()))  # type: ignore[no-any-return]


def binary(b: Builder) -> ag.Expr:
    f = b.one_of(
        [
            ag.add, ag.subtract, ag.multiply, ag.maximum, ag.minimum, ag.logaddexp,
            lambda x, y: x / (ag.square(y) + 0.4),
            lambda x, y: (ag.square(x) + 0.2) ** y,
            lambda x, y: ag.special.xlogy(x, ag.square(y) + 0.2),
            lambda x, y: ag.atan2(x, ag.square(y) + 0.3),
        ]
    )  # fmt: skip
    x, y = tame(b.real()), tame(b.real())
    if not _broadcast(x.shape, y.shape):
        y = ag.sum(y)
    return f(x, y)  # type: ignore[no-any-return]


def _broadcast(*shapes: Any) -> bool:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


def constants(b: Builder) -> ag.Expr:
    x = b.real()
    c = b.draw(st.sampled_from([-1.5, 0.25, 2.0, 3.0]))
    return b.one_of([x * c, c - x, x + c, x / c])  # type: ignore[no-any-return]


def selection(b: Builder) -> ag.Expr:
    x, y = b.real(), b.real()
    if not _broadcast(x.shape, y.shape):
        y = ag.mean(y)
    c = x > y
    if b.number(0, 1):
        c = ag.logical_or(c, ag.less(x, -0.4))
    flag = b.pick("bool")
    if b.number(0, 1) and _broadcast(c.shape, flag.shape):
        c = c & flag
    return ag.where(c, x, y)


def reduction(b: Builder) -> ag.Expr:
    x = tame(b.real(ndim=1))
    axis = b.one_of([None, 0, x.ndim - 1, -1])
    f = b.one_of([ag.sum, ag.mean, ag.max, ag.min, ag.prod, ag.var, ag.logsumexp])
    return f(x, axis=axis, keepdims=bool(b.number(0, 1)))  # type: ignore[no-any-return]


def layout(b: Builder) -> ag.Expr:
    x = b.real(ndim=1)
    n = int(np.prod([int(d) for d in x.shape]))
    choices: list[Callable[[], ag.Expr]] = [
        lambda: ag.reshape(x, (-1,)),
        lambda: ag.reshape(x, (n, 1)),
        lambda: ag.permute_dims(x),
        lambda: ag.expand_dims(x, axis=b.number(0, x.ndim)),
        lambda: ag.flip(x, axis=0),
        lambda: ag.roll(x, 1, axis=-1),
        lambda: ag.broadcast_to(x, (2, *x.shape)) if x.ndim < 3 else x,
        lambda: ag.stack([x, x * 0.5], axis=b.number(0, x.ndim)) if x.ndim < 3 else x,
        lambda: ag.concatenate([x, x * 2.0], axis=0),
        lambda: ag.cumulative_sum(x, axis=0),
        lambda: ag.cumulative_prod(ag.tanh(x), axis=-1),
        lambda: ag.sort(x, axis=-1),
    ]
    return b.one_of(choices)()  # type: ignore[no-any-return]


def index(b: Builder) -> ag.Expr:
    x = b.real(ndim=1)
    n = int(x.shape[0])
    places = [b.number(-n, n - 1) for _ in range(3)]
    at = b.pick("int64")
    choices: list[Callable[[], ag.Expr]] = [
        lambda: x[places[0]],
        lambda: x[:: b.one_of([1, 2, -1])],
        lambda: x[places],
        lambda: x[ag.remainder(at, n)] if x.ndim + at.ndim < 4 else x[0],
        lambda: x[..., None] if x.ndim < 3 else x[0],
        lambda: x[None, 1:] if x.ndim < 3 and n > 1 else x[0],
        lambda: x.at[places[0]].set(ag.sin(x[places[1]])),
        lambda: x.at[places].add(0.5),
    ]
    return b.one_of(choices)()  # type: ignore[no-any-return]


def product(b: Builder) -> ag.Expr:
    x = tame(b.real(ndim=1))
    y = tame(b.real(ndim=1))
    inner = y.shape[0] if y.ndim == 1 else y.shape[-2]
    if x.shape[-1] != inner or not _broadcast(x.shape[:-2], y.shape[:-2]):
        y = ag.permute_dims(x)
        if x.ndim > 2:
            return ag.einsum("...i,...i->...", x, x)
    return ag.matmul(x, y)


def integers(b: Builder) -> ag.Expr:
    x = b.pick("int64")
    choices: list[Callable[[], ag.Expr]] = [
        lambda: x + 3,
        lambda: ag.remainder(x, 5),
        lambda: ag.floor_divide(x, 3),
        lambda: ag.astype(ag.floor(tame(b.real())), "int64"),
        lambda: ag.where(x > 0, x, -x),
        lambda: ag.bitwise_xor(x, 6),
        lambda: ag.sum(x),
        lambda: ag.astype(b.pick("bool"), "int64"),
    ]
    return b.one_of(choices)()  # type: ignore[no-any-return]


def booleans(b: Builder) -> ag.Expr:
    x = b.pick("int64")
    flag = b.pick("bool")
    return b.one_of([x > 1, ag.equal(x, 0), ~flag, ag.any(flag), b.real() < 0.3])  # type: ignore[no-any-return]


def casts(b: Builder) -> ag.Expr:
    choices = [
        lambda: ag.astype(b.pick("int64"), "float64") * 0.1,
        lambda: ag.astype(tame(b.real()), "float64"),
        lambda: ag.astype(tame(b.real()), "float32"),
        lambda: ag.astype(b.pick("bool"), "float64"),
    ]
    return b.one_of(choices)()  # type: ignore[no-any-return]


def scan(b: Builder) -> ag.Expr:
    xs = tame(b.real(ndim=1))
    scale = tame(ag.mean(b.real()))
    start = ag.astype(b.real(), xs.dtype)
    start = ag.sin(start) if _broadcast(start.shape, xs.shape[1:]) else ag.mean(start)
    start = ag.broadcast_to(start, np.broadcast_shapes(start.shape, xs.shape[1:]))
    scale = ag.astype(scale, xs.dtype)

    def step(c: ag.Expr, x: ag.Expr) -> tuple[ag.Expr, ag.Expr]:
        new = ag.sin(c * scale) + x
        return new, ag.sum(c) * x

    last, ys = ag.scan(step, start, xs, reverse=bool(b.number(0, 1)))
    return last if b.number(0, 1) else ys  # type: ignore[no-any-return]


def branch(b: Builder) -> ag.Expr:
    x, p = tame(b.real()), ag.mean(b.real()) > 0.1
    return ag.cond(p, lambda v: ag.exp(v) * 0.5, lambda v: v * ag.sum(v), x)  # type: ignore[no-any-return]


def switch(b: Builder) -> ag.Expr:
    x, i = tame(b.real()), ag.sum(b.pick("int64"))
    branches: list[Any] = [ag.sin, lambda v: v * 0.3, lambda v: ag.square(v) - 1.0]
    return ag.switch(i, branches, x)  # type: ignore[no-any-return]


def loop(b: Builder) -> ag.Expr:
    x, n = tame(b.real()), b.number(0, 4)
    scale = ag.astype(tame(ag.mean(b.real())), x.dtype)
    _, out = ag.while_loop(
        lambda s: s[0] < n, lambda s: (s[0] + 1, ag.sin(s[1]) * scale + 0.1), (0, x)
    )
    return out  # type: ignore[no-any-return]


def call(b: Builder) -> ag.Expr:
    x = tame(b.real())
    p = ag.input("p", shape=x.shape, dtype=x.dtype)
    return ag.subgraph([p], ag.cos(p) * ag.sum(p))(x)  # type: ignore[no-any-return]


def mapped(b: Builder) -> ag.Expr:
    x = ag.astype(tame(b.real()), "float64")
    y = ag.astype(ag.mean(b.real()), "float64")
    sub, _ = trace(lambda p, q: [ag.where(p > q, ag.exp(p), q * p)], [y.type, y.type])
    return MAP(sub, x, y)


ARRAYS = [unary, unary, binary, binary, binary, constants, selection, reduction, layout, layout,
          index, index, product, integers, booleans, casts]  # fmt: skip
CONTROL = [scan, branch, switch, call, mapped]


@st.composite
def graphs(draw: Draw, steps: list[Any], size: int = 8) -> tuple[list[ag.Expr], list[ag.Expr]]:
    """Inputs, and the last few of a pool of expressions."""
    b = Builder(draw)
    for _ in range(b.number(2, size)):
        new = draw(st.sampled_from(steps))(b)
        if all(isinstance(d, int) and d <= 12 for d in new.shape) and new.ndim <= 4:
            b.pool.append(new)
    return b.leaves, b.pool[len(b.leaves) :][-3:] or [b.leaves[0]]


ANY = graphs([*ARRAYS, *CONTROL, loop])
SMOOTH = graphs([*(a for a in ARRAYS if a not in (integers, booleans)), *CONTROL])


def close(found: Any, expected: Any, dtype: str) -> None:
    f, e = np.asarray(found), np.asarray(expected)
    assert f.dtype == e.dtype == dtype
    assert f.shape == e.shape
    if dtype.startswith("float"):
        tolerance = 2e-4 if dtype == "float32" else 1e-8
        # float32 may stand between float64 operations, so its error is everywhere.
        scale = max(1.0, float(np.max(np.abs(e), initial=0.0, where=np.isfinite(e))))
        np.testing.assert_allclose(f, e, rtol=tolerance, atol=tolerance * scale)
    else:
        np.testing.assert_array_equal(f, e)


def single(outputs: list[ag.Expr]) -> bool:
    """Whether float32 takes part, whose rounding differs between backends."""
    return any(n.dtype == "float32" for n in toposort(outputs) if hasattr(n.type, "dtype"))


def assert_agreement(graph: tuple[list[ag.Expr], list[ag.Expr]], backend: str) -> None:
    inputs, outputs = graph
    reference = ag.function(inputs, outputs, backend="numpy")(*values())
    found = ag.function(inputs, outputs, backend=backend)(*values())
    loose = single(outputs)
    for x, f, r in zip(outputs, found, reference, strict=True):
        assert np.asarray(f).dtype == x.dtype
        if loose and x.dtype == "float64":
            np.testing.assert_allclose(np.asarray(f), r, rtol=2e-4, atol=2e-4 * _scale(r))
        elif loose and x.dtype not in ("float32", "float64"):
            continue  # a rounding error may turn a comparison
        else:
            close(f, r, x.dtype)


def _scale(r: Any) -> float:
    return max(1.0, float(np.max(np.abs(np.asarray(r)), initial=0.0)))


@settings(max_examples=25)
@given(graph=ANY)
def test_jax_computes_what_the_reference_does(graph: Any) -> None:
    assert_agreement(graph, "jax")


@pytest.mark.slow
@settings(max_examples=25)
@given(graph=ANY)
def test_numba_computes_what_the_reference_does(graph: Any) -> None:
    assert_agreement(graph, "numba")


@settings(max_examples=150)
@given(graph=ANY)
def test_inference_predicts_shapes_and_dtypes(graph: Any) -> None:
    inputs, outputs = graph
    for x, v in zip(outputs, ag.function(inputs, outputs, backend="numpy")(*values()), strict=True):
        assert np.asarray(v).dtype == x.dtype
        assert np.shape(v) == x.shape


@settings(max_examples=100)
@given(graph=ANY)
def test_a_saved_graph_loads_as_the_identical_object(graph: Any, tmp_path_factory: Any) -> None:
    _, outputs = graph
    path: Path = tmp_path_factory.mktemp("graphs") / "graph.ag"
    ag.save(path, outputs)
    first = path.read_bytes()
    loaded = ag.load(path)
    assert all(a is b for a, b in zip(loaded, outputs, strict=True))
    ag.save(path, outputs)
    assert path.read_bytes() == first


@settings(max_examples=100)
@given(graph=ANY)
def test_every_term_is_rebuilt_from_its_operation_and_arguments(graph: Any) -> None:
    _, outputs = graph
    for node in toposort(outputs):
        if node.args:
            assert node.op(*node.args) is node


@settings(max_examples=60)
@given(graph=ANY)
def test_reification_undoes_unification(graph: Any) -> None:
    _, outputs = graph
    for x in outputs:
        if x.op.name in {"input", "constant"}:
            continue
        term = etuplize(x)
        assert term.evaled_obj is x if hasattr(term, "evaled_obj") else True
        q = var()
        bound = unify(q, x, {})
        assert reify(q, bound) is x


@pytest.mark.slow
@settings(max_examples=20)
@given(graph=SMOOTH)
def test_gradients_agree_with_those_of_jax(graph: Any) -> None:
    inputs, outputs = graph
    loss = ag.constant(0.0)
    for k, y in enumerate(outputs):
        if y.dtype.startswith("float"):
            loss = loss + ag.sum(ag.sin(ag.astype(y, "float64") + 0.1 * k))
    wrt = inputs[:4]
    found = ag.function(inputs, ag.grad(loss, wrt), backend="numpy")(*values())
    pure = ag.function(inputs, loss, backend="jax").pure
    with jax.enable_x64(True):
        arrays = tuple(map(jnp.asarray, values()))
        expected = jax.grad(pure, argnums=(0, 1, 2, 3))(*arrays)
    loose = single([loss])
    for g, e, x in zip(found, expected, wrt, strict=True):
        assert g.shape == x.shape
        assert g.dtype == x.dtype
        tolerance = 3e-3 if loose else 1e-7
        np.testing.assert_allclose(
            g, np.asarray(e), rtol=tolerance, atol=tolerance * _scale(np.asarray(e))
        )


@settings(max_examples=60)
@given(graph=SMOOTH)
def test_tangents_and_gradients_are_transposes(graph: Any) -> None:
    inputs, outputs = graph
    outputs = [y for y in outputs if y.dtype == "float64"] or [inputs[0]]
    wrt = inputs[:3]
    rng = np.random.default_rng(4)
    u = [ag.constant(rng.normal(size=y.shape)) for y in outputs]
    t = [ag.constant(rng.normal(size=x.shape)) for x in wrt]
    pushed, pulled = ag.jvp(outputs, wrt, t), ag.vjp(outputs, wrt, u)
    zero = ag.constant(0.0)
    left = sum((ag.sum(a * b) for a, b in zip(u, pushed, strict=True)), start=zero)
    right = sum((ag.sum(a * b) for a, b in zip(t, pulled, strict=True)), start=zero)
    p, q = ag.function(inputs, [left, right], backend="numpy")(*values())
    tolerance = 2e-3 if single(outputs) else 1e-8
    np.testing.assert_allclose(p, q, rtol=tolerance, atol=tolerance * max(1.0, abs(float(p))))


def test_the_generator_reaches_every_kind_of_operation() -> None:
    """Otherwise the properties above would hold of too little."""
    seen: set[str] = set()

    @settings(max_examples=2000)
    @given(graph=ANY)
    def look(graph: Any) -> None:
        seen.update(n.op.name for n in toposort(graph[1]))

    look()
    wanted = {
        "scan",
        "switch",
        "while_loop",
        "call",
        "map",
        "index",
        "add_index",
        "set_index",
        "matmul",
        "where",
        "sort",
        "concatenate",
        "stack",
        "reshape",
    }
    assert wanted <= seen
