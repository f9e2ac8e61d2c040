"""The JAX backend: a pure function, one line an operation.

An operation whose function in ``jax.numpy`` or ``jax.scipy.special`` has the same name
and arguments needs no line; lines that hold for NumPy as well stand in
`astragal.compile.arrays`. Everything is traced and run with 64-bit types on, by JAX's own
context manager, so the user's configuration neither matters nor changes.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
import numpy as np
from jax import lax

from astragal.compile import jax_cache
from astragal.compile import numpy as reference
from astragal.compile.arguments import as_keys
from astragal.compile.arrays import Lowering, array_lowerings
from astragal.compile.checks import shape_check
from astragal.compile.jax_arrays import VOCABULARY
from astragal.compile.jax_checks import Checks, checking, checks_of, first, have_checks, require
from astragal.compile.jax_map import random_bits, run_map
from astragal.compile.jax_scan import leaf, run_scan
from astragal.compile.keyarray import KeyArray
from astragal.compile.program import Program
from astragal.graph.digest import digest
from astragal.graph.errors import DomainError, DTypeError, ShapeError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import children, toposort
from astragal.graph.types import FLOATS, KeyType, TensorType, Type, show_shape
from astragal.ops.indexing import python_index

# The context manager left jax.experimental in the course of JAX 0.8.
_home: Any = jax if hasattr(jax, "enable_x64") else jax.experimental  # pyright: ignore[reportAttributeAccessIssue]


def enable_x64() -> Any:
    """Give the context in which 64-bit types are on."""
    return _home.enable_x64(True)


def _is_traced(x: Any) -> bool:
    return isinstance(x, jax.Array)


# -- control flow ------------------------------------------------------------------------------


def _scan(*args: Any) -> tuple[Any, ...]:
    return run_scan(call, *args)


def _while(condition: Subgraph, body: Subgraph, n: int, *args: Any) -> Any:
    init: Any = [leaf(a, p.type) for a, p in zip(args[:n], body.parameters, strict=False)]
    captures = args[n:]

    def step(state: Any) -> Any:
        new = call(body, [*state, *captures])
        return [leaf(v, o.type) for v, o in zip(new, body.outputs, strict=True)]

    def test(state: Any) -> Any:
        return call(condition, [*state, *captures])[0]

    checks = checks_of(condition, body)
    if checks is None:
        return tuple(lax.while_loop(test, step, init))

    def checked_test(state: Any) -> Any:
        # What a condition draws is checked in the turn that follows, and once more at the end.
        return checks.within(lambda: test(state[0]))[0]

    def checked(state: Any) -> Any:
        def turn() -> Any:
            test(state[0])
            return step(state[0])

        new, failed = checks.within(turn)
        return new, first(state[1], failed)

    last, failed = lax.while_loop(checked_test, checked, (init, jnp.int32(0)))
    checks.add(first(failed, checks.within(lambda: test(last))[1]))
    return tuple(last)


def _switch(n: int, index: Any, *rest: Any) -> Any:
    branches, operands = rest[:n], rest[n:]
    if not _is_traced(index):
        return tuple(call(branches[min(max(int(index), 0), n - 1)], operands))

    checks = checks_of(*branches)

    def branch(sub: Subgraph) -> Callable[[], Any]:
        def run() -> tuple[Any, ...]:
            return tuple(
                leaf(v, o.type) for v, o in zip(call(sub, operands), sub.outputs, strict=True)
            )

        if checks is None:
            return run
        within = checks.within
        return lambda: within(run)

    # lax.switch clamps the index.
    out = lax.switch(index, [branch(b) for b in branches])
    if checks is None:
        return out
    checks.add(out[1])
    return out[0]


# -- arrays ------------------------------------------------------------------------------------


def _shape(*dims: Any) -> tuple[int, ...]:
    for d in dims:
        if _is_traced(d):
            raise UnsupportedError(
                "a shape depends on values, and JAX compiles for fixed shapes: let it follow from "
                "the shapes of the inputs, or use the numba or numpy backend"
            )
    return tuple(int(d) for d in dims)


def _iota(n: Any, dtype: str) -> Any:
    return jnp.arange(_shape(n)[0], dtype=dtype)


def _index(x: Any, spec: Any, *operands: Any) -> Any:
    return jnp.asarray(x)[_static_index(spec, operands)]


def _static_index(spec: Any, operands: Sequence[Any]) -> Any:
    rest = list(operands)
    for item in spec:
        if item[0] == "slice":
            for bound in item[1:3]:
                if bound == "expr":
                    _shape(rest.pop(0))
        elif item[0] == "expr":
            rest.pop(0)
    return python_index(spec, list(operands))


def _nonzero(x: Any) -> Any:
    if _is_traced(x):
        raise UnsupportedError(
            "nonzero (a boolean mask as an index) gives a shape that depends on values, and JAX "
            "compiles for fixed shapes: use astragal.where, or the numba or numpy backend"
        )
    return np.nonzero(x)


LOWERINGS: dict[str, Lowering] = {
    **array_lowerings(jnp),
    **VOCABULARY,
    "shape": _shape,
    "iota": _iota,
    "index": _index,
    "set_index": lambda x, v, spec, *ops: jnp.asarray(x).at[_static_index(spec, ops)].set(v),
    "add_index": lambda x, v, spec, *ops: jnp.asarray(x).at[_static_index(spec, ops)].add(v),
    "nonzero": _nonzero,
    "scan": _scan,
    "while_loop": _while,
    "switch": _switch,
    "call": lambda sub, *args: tuple(call(sub, args)),
    "map": run_map,
    "random_bits": random_bits,
    "require": require,
}


def lowering(name: str) -> Lowering:
    """Find how JAX computes an operation.

    Raises
    ------
    UnsupportedError
        Where it has no rule.
    """
    found = (
        LOWERINGS.get(name)
        or getattr(jnp, name, None)
        or getattr(jax.scipy.special, name, None)
        or getattr(lax, name, None)
    )
    if found is None:
        raise UnsupportedError(f"the JAX backend has no rule for {name}; add one in LOWERINGS")
    return found


def rule(node: Expr) -> Callable[..., Any]:
    """Give the function that computes a node, in the node's data type."""
    if node.op.name == "sequential":
        raise UnsupportedError(
            f"sequential.{node.args[0]} draws as NumPy's generator does, which JAX does not have: "
            f"draw from a key instead (astragal.random), or use the numba or numpy backend"
        )
    function = lowering(node.op.name)
    if not isinstance(node.type, TensorType):
        return function
    dtype = np.dtype(node.type.dtype)
    # While JAX traces, all shapes are known: the check costs nothing when the program runs.
    check = shape_check(node)

    def compute(*args: Any) -> Any:
        if check is not None:
            check(*args)
        value = function(*args)
        return value if getattr(value, "dtype", None) == dtype else jnp.asarray(value, dtype=dtype)

    if node.type.shape or dtype.kind not in "iub" or node.op.name in {"scan", "while_loop", "map"}:
        return compute
    static = reference.rule(node)

    def compute_scalar(*args: Any) -> Any:
        # Integers that follow from shapes stay known while JAX traces: they may be shapes.
        if any(_is_traced(a) for a in args):
            return compute(*args)
        return static(*args)

    return compute_scalar


_BODIES: weakref.WeakKeyDictionary[Subgraph, Program] = weakref.WeakKeyDictionary()


def call(sub: Subgraph, args: Sequence[Any]) -> list[Any]:
    """Trace a subgraph on values."""
    program = _BODIES.get(sub)
    if program is None:
        program = _BODIES[sub] = Program(sub.parameters, sub.outputs, rule)
    return program.run(args)


def _lengths(inputs: Sequence[Expr], outputs: Sequence[Expr]) -> tuple[int, ...]:
    """Find the inputs that are lengths: JAX compiles anew for each of their values."""
    wanted: list[Expr] = []
    for node in toposort(outputs):
        name, args = node.op.name, node.args
        if name in ("shape", "iota", "scan"):
            wanted += [a for a in args[:2] if isinstance(a, Expr)]
        elif name == "index":
            rest = list(args[2:])
            for item in args[1]:
                bounds = item[1:3] if item[0] == "slice" else item[:1]
                found = [rest.pop(0) for b in bounds if b == "expr"]
                wanted += found if item[0] == "slice" else []
    # Integers that they are computed from, not arrays.
    places = {x: i for i, x in enumerate(inputs)}
    seen: set[Expr] = set()
    while wanted:
        node = wanted.pop()
        if node in seen or (isinstance(node.type, TensorType) and node.type.shape):
            continue
        seen.add(node)
        wanted += children(node)
    return tuple(sorted(places[n] for n in seen if n in places and n.dtype not in FLOATS))


# -- programs ----------------------------------------------------------------------------------


class JaxProgram:
    """A graph compiled for JAX.

    Attributes
    ----------
    pure : callable
        From arrays to a list of arrays; to be traced by any transformation.
    """

    def __init__(
        self,
        inputs: Sequence[Expr],
        outputs: Sequence[Expr],
        dims: Mapping[Expr, tuple[int, int]],
        reuse: Mapping[int, int],
    ) -> None:
        self._inputs = list(inputs)
        self._outputs = list(outputs)
        self._leaves = [*inputs, *dims]
        self._places = list(dims.values())
        self._program = Program([*inputs, *dims], outputs, rule)
        self.lengths = _lengths(inputs, outputs)
        self._checks = Checks() if have_checks(outputs) else None
        self._messages = [] if self._checks is None else self._checks.messages
        traced = self._trace if self._checks is None else self._trace_checked
        # After a failed check the old value is still there: nothing may have taken its memory.
        self.reused = frozenset(() if self._checks is not None else reuse)
        self._donated = tuple(sorted(reuse[r] for r in self.reused))
        self._jitted: Any = jax.jit(
            traced, static_argnums=self.lengths, donate_argnums=self._donated
        )
        self._dtypes = [np.dtype(x.dtype) for x in inputs]
        self._compiled: dict[Any, tuple[Callable[..., Any], list[str]]] = {}
        self._lock = threading.Lock()

    def _trace_checked(self, *values: Any) -> tuple[list[Any], Any]:
        checks = self._checks
        assert checks is not None
        with checking(checks):
            return checks.within(lambda: self._trace(*values))

    def _trace(self, *values: Any) -> list[Any]:
        arrays = [
            np.dtype(x.dtype).type(v)
            if i in self.lengths and not _is_traced(v)
            else jnp.asarray(v, dtype=x.dtype)
            for i, (v, x) in enumerate(zip(values, self._inputs, strict=True))
        ]
        dims = [np.int64(arrays[i].shape[axis]) for i, axis in self._places]
        results = self._program.run([*arrays, *dims])
        return [leaf(v, o.type) for v, o in zip(results, self._outputs, strict=True)]

    def pure(self, *values: Any) -> list[Any]:
        """Compute with 64-bit types on, whatever the caller's setting is."""
        with enable_x64(), checking(None):
            return self._trace(*values)

    def __call__(self, *values: Any) -> list[Any]:
        """Compute the outputs, compiled.

        Raises
        ------
        DomainError
            Where a check fails, which is known once the program has run.
        """
        with enable_x64():
            if self.lengths:
                values = tuple(int(v) if i in self.lengths else v for i, v in enumerate(values))
            if not jax_cache.is_plain(values):
                run, messages = self._jitted, self._messages
            else:
                run, messages = self._for_shapes(values)
                values = self._arrays(values)
            out: Any = run(*values)
            if self._checks is not None:
                out, failed = out
                number = int(failed)
                if number:
                    raise DomainError(messages[number - 1])
        return out  # type: ignore[no-any-return]

    def _arrays(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """Give the values that are no lengths, in the data types that the program takes."""
        return tuple(
            v if isinstance(v, jax.Array) and v.dtype == t else np.asarray(v, t)
            for i, (v, t) in enumerate(zip(values, self._dtypes, strict=True))
            if i not in self.lengths
        )

    def _for_shapes(self, values: Sequence[Any]) -> tuple[Callable[..., Any], list[str]]:
        """Give the program for the shapes of some values."""
        key = tuple(v if i in self.lengths else np.shape(v) for i, v in enumerate(values))
        found = self._compiled.get(key)
        if found is not None:
            return found
        with self._lock:
            if key not in self._compiled:
                rest = iter(self._arrays(values))
                full = [v if i in self.lengths else next(rest) for i, v in enumerate(values)]
                out: Any = [0] * len(self._outputs)
                places = repr((self.lengths, self._places, self._donated)).encode()
                self._compiled[key] = jax_cache.compiled(
                    self._jitted,
                    full,
                    self.lengths,
                    digest(self._leaves, self._outputs) + places,
                    self._messages,
                    out if self._checks is None else (out, 0),
                )
            return self._compiled[key]

    @property
    def source(self) -> str:
        """The traced program, where all shapes are static; else its steps."""
        if any(isinstance(d, Expr) for x in self._inputs for d in x.type.shape):
            return self._program.text()
        shapes = [
            jax.ShapeDtypeStruct(x.type.shape, x.dtype)  # type: ignore[no-untyped-call]
            for x in self._inputs
        ]
        with enable_x64():
            return str(jax.make_jaxpr(self._trace)(*shapes))


def compile_jax(
    inputs: Sequence[Expr],
    outputs: Sequence[Expr],
    dims: Mapping[Expr, tuple[int, int]] | None = None,
    reuse: Mapping[int, int] | None = None,
) -> JaxProgram:
    """Compile a graph without keys; a call takes values for the inputs, and gives a list.

    Parameters
    ----------
    inputs, outputs
        The graph.
    dims
        From symbolic dimension to the input, by number, and the axis that have it.
    reuse
        From the position of an output to that of an input whose memory it may take.
    """
    return JaxProgram(inputs, outputs, dims or {}, reuse or {})


def prepare(value: Any, type: Type, what: str) -> Any:
    """Check a value for `pure`: its dtype is converted, its shape must fit, it may be traced."""
    if isinstance(type, KeyType):
        return value if _are_words(value, type) else as_keys(value, type.impl, what).words
    assert isinstance(type, TensorType)
    if isinstance(value, Expr):
        raise DTypeError(f"{what} is given an expression; fn.pure takes arrays")
    with enable_x64():
        array = jnp.asarray(value)
        if not jnp.can_cast(array.dtype, type.dtype, "same_kind") and array.dtype.kind != "i":
            raise DTypeError(f"{what} is of type {type!r}, given {array.dtype}")
        if len(array.shape) != len(type.shape) or any(
            isinstance(n, int) and n != m for m, n in zip(array.shape, type.shape, strict=True)
        ):
            raise ShapeError(
                f"{what} has shape {show_shape(type.shape)}, given {show_shape(array.shape)}"
            )
        return array.astype(type.dtype)


def _are_words(value: Any, type: KeyType) -> bool:
    dtype = getattr(value, "dtype", None)
    return dtype == np.uint32 and not isinstance(value, KeyArray)


def _register() -> None:
    def make(impl: str, children: Sequence[Any]) -> KeyArray:
        # JAX puts placeholders of its own in place of the words.
        new = object.__new__(KeyArray)
        object.__setattr__(new, "words", children[0])
        object.__setattr__(new, "impl", impl)
        return new

    jax.tree_util.register_pytree_node(KeyArray, lambda k: ((k.words,), k.impl), make)


_register()
