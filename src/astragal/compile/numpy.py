"""The NumPy backend: the reference, one line an operation.

An operation whose NumPy or SciPy function has the same name and arguments needs no line;
lines that hold for JAX as well stand in `astragal.compile.arrays`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

from astragal.compile.arrays import Lowering, array_lowerings
from astragal.compile.checks import shape_check
from astragal.compile.numpy_arrays import VOCABULARY
from astragal.compile.numpy_map import random_bits, require, run_map
from astragal.compile.numpy_sequential import sequential
from astragal.compile.program import Program
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph
from astragal.graph.types import TensorType
from astragal.ops.indexing import python_index


def _scan(body: Subgraph, n: Any, reverse: bool, k: int, m: int, *args: Any) -> Any:
    n = int(n[0]) if isinstance(n, tuple) else int(n)
    carry = list(args[:k])
    sequences, captures = args[k : k + m], args[k + m :]
    rows: list[list[Any]] = []
    for i in reversed(range(n)) if reverse else range(n):
        out = call(body, [*carry, *(s[i] for s in sequences), *captures])
        carry = out[:k]
        rows.append(out[k:])
    if reverse:
        rows.reverse()
    types = [o.type for o in body.outputs[k:]]
    stacked = [
        np.stack([np.asarray(r[j]) for r in rows])
        if rows
        else np.empty((0, *t.shape), getattr(t, "dtype", "uint32"))
        for j, t in enumerate(types)
    ]
    return (*carry, *stacked)


def _while(condition: Subgraph, body: Subgraph, n: int, *args: Any) -> Any:
    state, captures = list(args[:n]), args[n:]
    while call(condition, [*state, *captures])[0]:
        state = call(body, [*state, *captures])
    return tuple(state)


def _switch(n: int, index: Any, *rest: Any) -> Any:
    return tuple(call(rest[min(max(int(index), 0), n - 1)], rest[n:]))


def _set(x: Any, value: Any, spec: Any, *operands: Any) -> Any:
    out = np.array(x)
    out[python_index(spec, list(operands))] = value
    return out


def _add_at(x: Any, value: Any, spec: Any, *operands: Any) -> Any:
    out = np.array(x)
    np.add.at(out, python_index(spec, list(operands)), value)
    return out


LOWERINGS: dict[str, Lowering] = {
    **array_lowerings(np),
    **VOCABULARY,
    "set_index": _set,
    "add_index": _add_at,
    "scan": _scan,
    "while_loop": _while,
    "switch": _switch,
    "call": lambda sub, *args: tuple(call(sub, args)),
    "map": run_map,
    "random_bits": random_bits,
    "require": require,
    "sequential": sequential,
}


def lowering(name: str) -> Lowering:
    """Find how NumPy computes an operation.

    Raises
    ------
    UnsupportedError
        Where it has no rule.
    """
    found = LOWERINGS.get(name) or getattr(np, name, None) or getattr(scipy.special, name, None)
    if found is None:
        raise UnsupportedError(f"the NumPy backend has no rule for {name}; add one in LOWERINGS")
    return found


def rule(node: Expr) -> Callable[..., Any]:
    """Give the function that computes a node, in the node's data type."""
    function = lowering(node.op.name)
    if not isinstance(node.type, TensorType):
        return function
    dtype = np.dtype(node.type.dtype)
    check = shape_check(node)

    def compute(*args: Any) -> Any:
        if check is not None:
            check(*args)
        value = function(*args)
        return value if getattr(value, "dtype", None) == dtype else np.asarray(value, dtype=dtype)

    return compute


class NumpyProgram:
    """A graph compiled for NumPy.

    Attributes
    ----------
    source : str
        The steps as text.
    """

    def __init__(self, inputs: Sequence[Expr], outputs: Sequence[Expr]) -> None:
        self._program = Program(inputs, outputs, rule)

    @property
    def source(self) -> str:
        """The steps, as Python."""
        return self._program.text()

    def __call__(self, *values: Any) -> list[Any]:
        """Compute the outputs; what NumPy would warn of gives NaN or infinity."""
        with np.errstate(all="ignore"):
            return self._program.run(values)


def compile_numpy(inputs: Sequence[Expr], outputs: Sequence[Expr]) -> NumpyProgram:
    """Compile a graph without keys; a call takes values for the inputs, and gives a list."""
    return NumpyProgram(inputs, outputs)


_BODIES: weakref.WeakKeyDictionary[Subgraph, Program] = weakref.WeakKeyDictionary()


def call(sub: Subgraph, args: Sequence[Any]) -> list[Any]:
    """Run a subgraph on values."""
    program = _BODIES.get(sub)
    if program is None:
        program = _BODIES[sub] = Program(sub.parameters, sub.outputs, rule)
    return program.run(args)
