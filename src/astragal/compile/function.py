"""Compiled functions: inputs checked by name, state kept between calls, any backend.

The way of a graph: simplify, lower the randomness, compile. The backends see arrays,
control flow and ``random_bits`` only; symbolic dimensions reach them as int64 inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from astragal.compile.arguments import checker
from astragal.compile.calls import builder, finisher, is_fresh, keeper, reader
from astragal.compile.dimensions import Dimensions, Place, name_of
from astragal.compile.keyarray import KeyArray
from astragal.compile.reuse import candidates
from astragal.compile.shared import Cell, Shared, State, as_update
from astragal.compile.simplify import simplify
from astragal.graph.errors import ModelError, UnsupportedError
from astragal.graph.expr import DIMENSION, INPUT, Expr, describe
from astragal.graph.traverse import toposort
from astragal.graph.tree import flatten
from astragal.graph.types import KeyType, TensorType
from astragal.ops.declare import as_expr
from astragal.ops.fuse_scans import fuse_scans
from astragal.random.check import check_keys as prove_keys
from astragal.random.checked import with_checks
from astragal.random.lower import lower_random


def _numpy(
    inputs: Sequence[Expr],
    outputs: Sequence[Expr],
    dims: Mapping[Expr, Place],
    reuse: Mapping[int, int],
) -> Any:
    from astragal.compile.numpy import compile_numpy

    return compile_numpy([*inputs, *dims], outputs)


def _numba(
    inputs: Sequence[Expr],
    outputs: Sequence[Expr],
    dims: Mapping[Expr, Place],
    reuse: Mapping[int, int],
) -> Any:
    from astragal.compile.numba import compile_numba

    return compile_numba([*inputs, *dims], outputs, reuse)


def _jax(
    inputs: Sequence[Expr],
    outputs: Sequence[Expr],
    dims: Mapping[Expr, Place],
    reuse: Mapping[int, int],
) -> Any:
    from astragal.compile.jax import compile_jax

    return compile_jax(inputs, outputs, dims, reuse)


def _copied(value: Any) -> Any:
    """Copy an array: JAX's stay JAX's."""
    if isinstance(value, (np.ndarray, np.generic)):
        return np.array(value, order="C")
    return value.copy()


BACKENDS: dict[str, Callable[..., Any]] = {"numpy": _numpy, "numba": _numba, "jax": _jax}
"""From the name of a backend to what compiles ``(inputs, outputs, dimensions, reuse)`` with it:
the last maps results to inputs whose memory they may take."""


def check_backend(backend: str) -> str:
    """Give back the name of a backend.

    Raises
    ------
    UnsupportedError
        Where there is none of that name, listing those that there are.
    """
    if backend not in BACKENDS:
        raise UnsupportedError(f"unknown backend {backend!r}; known: {', '.join(BACKENDS)}")
    return backend


def lower(
    roots: Sequence[Expr],
    backend: str,
    check: bool = True,
    names: Mapping[Expr, str] | None = None,
) -> tuple[Expr, ...]:
    """Bring graphs into the form that backends take: simplified, fused, without randomness."""
    # JAX is traced with checks and without them: what it draws is marked in any case.
    marking = backend == "jax" or not check
    guarded = with_checks(roots, raising=check, marking=marking, names=names)
    return lower_random(fuse_scans(simplify(guarded)), alone=backend == "numba")


class Function:
    """A compiled graph: what `astragal.function` makes.

    Attributes
    ----------
    backend : str
    check : bool
        Whether a call raises where a parameter is outside its domain.
    inputs, outputs
        As given: expressions, or containers of them.
    updates : dict
        From shared variable to what it becomes, default updates included.
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        updates: Mapping[Shared, Any] | None = None,
        backend: str = "numba",
        *,
        check: bool = True,
        check_keys: bool = False,
    ) -> None:
        self.backend = check_backend(backend)
        self.check = check
        self.inputs = dict(inputs) if isinstance(inputs, Mapping) else inputs
        self.outputs = dict(outputs) if isinstance(outputs, Mapping) else outputs
        self._leaves = _check_inputs(flatten(self.inputs)[0])
        outs, write = flatten(self.outputs)
        outs = [as_expr(v) for v in outs]
        self.updates = _all_updates(outs, updates or {})
        wanted = [*outs, *self.updates.values()]
        variables = _shared_below(wanted, list(self.updates))
        _check_free(wanted, self._leaves)
        if check_keys:
            prove_keys(*wanted)

        held = [*self._leaves, *variables]
        named = self.outputs if isinstance(self.outputs, dict) else {}
        names = {x: str(n) for n, x in named.items() if isinstance(x, Expr)}
        lowered = lower([*held, *wanted], backend, check, names)
        operands, results = lowered[: len(held)], lowered[len(held) :]
        self._dims = Dimensions(self._leaves, operands, results)
        first, n = len(self._leaves), len(outs)
        becomes = {
            n + k: first + variables.index(v)
            for k, v in enumerate(self.updates)
            if isinstance(v.type, TensorType)
        }
        reuse = candidates(operands, results, becomes)
        self._program = BACKENDS[backend](operands, results, self._dims.places, reuse)
        changed: frozenset[int] = getattr(self._program, "reused", frozenset())
        lent = {becomes[r] - first for r in changed}
        # Which variables are lent to the program; those that Numba changed are not given back.
        self._lent = [k in lent for k in range(len(variables))]
        given = [r for r in range(len(results)) if backend == "jax" or r not in changed]

        jax = backend == "jax"
        # A result that is asked for twice is one array: only the first keeps it.
        # Numba programs give arrays of their own.
        fresh = [
            backend == "numba" or (is_fresh(r) and r not in results[:i])
            for i, r in enumerate(results)
        ]
        self._checks = [checker(x.type, f"input {name_of(x)!r}", jax) for x in self._leaves]
        self._finish = [finisher(x.type, f, jax) for x, f in zip(outs, fresh[:n], strict=True)]
        own = {v: v.cell.for_function() for v in variables}
        self._cells = [own[v] for v in variables]
        self._borrowed = {c for c, lent in zip(self._cells, self._lent, strict=True) if lent}
        self._locks = [c.lock for c in sorted(self._cells, key=lambda c: c.serial)]
        self._targets = [
            (own[v], keeper(v.cell.type, f, jax, f"the update of {v.name!r}"))
            for r, (v, f) in enumerate(zip(self.updates, fresh[n:], strict=True), n)
            if r in given
        ]
        self._read = reader(self.inputs, self._leaves)
        self._build = builder(self.outputs, write)
        items = [inputs] if isinstance(inputs, Expr) else inputs
        # The number of arguments, where each is the value of one input.
        flat = isinstance(items, (list, tuple)) and all(isinstance(x, Expr) for x in items)
        self._flat = len(items) if flat else -1
        self._plain = not variables and not self._dims

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Compute the outputs from values for the inputs.

        Raises
        ------
        DTypeError, ShapeError
            Where a value does not fit, naming the input.
        """
        # As many values as inputs need no reading: the usual call, and the fastest.
        given = args if len(args) == self._flat and not named else self._read(args, named)
        values = [check(v) for check, v in zip(self._checks, given, strict=True)]
        if not self._plain:
            return self._with_state(values)
        results = self._program(*values)
        return self._build([f(v) for f, v in zip(self._finish, results, strict=True)])

    def _with_state(self, values: list[Any]) -> Any:
        dims = self._dims.read(values)
        with ExitStack() as stack:
            # Always in the order in which the variables were made: no two calls can wait
            # for each other.
            for lock in self._locks:
                stack.enter_context(lock)
            state = [
                c.lend(_copied) if lent else c.raw(self.backend == "jax")
                for c, lent in zip(self._cells, self._lent, strict=True)
            ]
            results = self._program(*values, *state, *([] if self.backend == "jax" else dims))
            n = len(self._finish)
            outs = [f(v) for f, v in zip(self._finish, results[:n], strict=True)]
            new = [keep(v) for (_, keep), v in zip(self._targets, results[n:], strict=True)]
            for (cell, _), value in zip(self._targets, new, strict=True):
                # What a program gives for memory that it was lent is held by nobody else,
                # but where JAX hands an argument through.
                own = cell in self._borrowed and all(
                    value is not v for v in (*values, *results[:n])
                )
                cell.mine = value if own else None
                cell.value = value
        return self._build(outs)

    @property
    def source(self) -> str:
        """The program as text: what Numba compiles, what JAX traces, NumPy's steps."""
        return str(self._program.source)

    @property
    def pure(self) -> Callable[..., Any]:
        """The function as JAX sees it: to be transformed by ``jit``, ``vmap`` and ``grad``.

        It is called like the function itself, and computes with 64-bit types whatever the
        user's configuration is. Outside of it JAX keeps to that configuration: where 64-bit
        types are off, what the user computes from a float64 result is float32 again.
        With shared variables it takes their values first, a dictionary by name, and gives
        ``(outputs, new values)``.

        Raises
        ------
        UnsupportedError
            On another backend than JAX.
        """
        if self.backend != "jax":
            raise UnsupportedError(
                f"fn.pure is for JAX; this function was compiled for {self.backend}: "
                'compile it with backend="jax"'
            )
        return self._pure

    def _pure(self, *args: Any, **named: Any) -> Any:
        from astragal.compile.jax import prepare

        state: Mapping[str, Any] = {}
        if self._cells:
            if not args or not isinstance(args[0], Mapping):
                names = ", ".join(c.name for c in self._cells)
                raise TypeError(f"fn.pure takes a dictionary of the shared values first: {names}")
            state, args = args[0], args[1:]
        given = self._read(args, named)
        values = [
            # A length stays a number, known while JAX traces.
            check(v)
            if i in self._program.lengths and isinstance(v, (int, np.integer))
            else prepare(v, x.type, f"input {name_of(x)!r}")
            for i, (v, x, check) in enumerate(zip(given, self._leaves, self._checks, strict=True))
        ]
        self._dims.read(values)
        held = [prepare(state[c.name], c.type, f"shared {c.name!r}") for c in self._cells]
        results = self._program.pure(*values, *held)
        n = len(self._finish)
        outs = self._build([f(v) for f, v in zip(self._finish, results[:n], strict=True)])
        if not self._cells:
            return outs
        new = dict(state)
        for (cell, _), value in zip(self._targets, results[n:], strict=True):
            kind = cell.type
            new[cell.name] = KeyArray(value, kind.impl) if isinstance(kind, KeyType) else value
        return outs, new

    @property
    def state(self) -> State:
        """The values of the shared variables that the function reads or updates."""
        return State(self._cells)

    def __repr__(self) -> str:
        names = ", ".join(name_of(x) for x in self._leaves)
        return f"<function of ({names}) on {self.backend}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from astragal.serialize import dump_tree

        tree = (self.inputs, self.outputs, list(self.updates.items()))
        own = [c.read() for c in self._cells if c.origin is not None]
        return (_restore, (*dump_tree(tree), self.backend, own, self.check))

    def __copy__(self) -> Function:
        return self

    def __deepcopy__(self, memo: object) -> Function:
        return self


def _restore(
    data: bytes, cells: Sequence[Cell], backend: str, own: Sequence[Any], check: bool
) -> Function:
    from astragal.serialize import load_tree

    inputs, outputs, updates = load_tree(data, cells)
    f = Function(inputs, outputs, dict(updates), backend, check=check)
    for cell, value in zip((c for c in f._cells if c.origin is not None), own, strict=True):
        cell.write(value)
    return f


# -- building ----------------------------------------------------------------------------------


def _check_inputs(leaves: Sequence[Any]) -> list[Expr]:
    seen: set[Expr] = set()
    for x in leaves:
        if isinstance(x, Shared):
            raise ModelError(f"inputs: {x.name!r} is a shared variable and has a value of its own")
        if not isinstance(x, Expr) or x.op is not INPUT:
            shown = describe(x)
            raise ModelError(f"inputs: expected expressions made by astragal.input, got {shown}")
        if x in seen:
            raise ModelError(f"inputs: {name_of(x)!r} is listed twice")
        seen.add(x)
    return list(leaves)


def _shared_below(results: Sequence[Expr], more: Sequence[Shared]) -> list[Shared]:
    found = [n for n in toposort(results) if isinstance(n, Shared)]
    return list(dict.fromkeys([*found, *more]))


def _all_updates(outs: Sequence[Expr], given: Mapping[Any, Any]) -> dict[Shared, Expr]:
    """Add the default updates of all shared variables that are read, to a fixed point."""
    if not isinstance(given, Mapping):
        raise ModelError(f"updates: expected a mapping from shared variables, got {given!r:.60}")
    updates = {target: as_update(target, value) for target, value in given.items()}
    while True:
        below = _shared_below([*outs, *updates.values()], [])
        more = {s: u for s in below if s not in updates and (u := s.default_update) is not None}
        if not more:
            return updates
        updates.update(more)


def free_inputs(roots: Sequence[Expr]) -> list[Expr]:
    """List the inputs that have no value: neither constants nor shared variables."""
    return [n for n in toposort(roots) if n.op is INPUT and not isinstance(n, Shared)]


def _check_free(results: Sequence[Expr], leaves: Sequence[Expr]) -> None:
    known = set(leaves)
    missing = [x for x in free_inputs(results) if x not in known]
    if not missing:
        return
    names = {name_of(x): x for x in leaves}
    hints = [
        f"{describe(x)}"
        + (
            f" (the listed one of that name is of type {names[name_of(x)].type!r})"
            if name_of(x) in names
            else ""
        )
        for x in missing
    ]
    raise ModelError(f"the outputs read what is not among the inputs: {', '.join(hints)}")


def function(
    inputs: Any,
    outputs: Any,
    *,
    updates: Mapping[Shared, Any] | None = None,
    backend: str = "numba",
    check: bool = True,
    check_keys: bool = False,
) -> Function:
    """Compile a graph into a function of values.

    Parameters
    ----------
    inputs
        Inputs of the graph (`astragal.input`): one, or a list, tuple or dictionary of
        them, which may be nested. A list or tuple gives positional arguments, a
        dictionary one dictionary argument (or keywords).
    outputs
        What to compute: an expression, or a container of them.
    updates
        From shared variable (`astragal.shared`) to what it becomes after each call.
    backend
        ``"numba"`` (compiled, the default), ``"jax"`` or ``"numpy"`` (the reference).
    check
        Whether a call raises where a parameter of a random variable is outside its domain,
        those in loops and in branches that are taken included. Without it, and in ``fn.pure``
        always, what is drawn from wrong parameters is NaN, or ``-2**63`` where it is an integer.
    check_keys
        Whether to prove first that no key is spent twice, outputs and updates together, as
        `astragal.check_keys` does. Off by default: outputs that share a key are dependent
        but well defined, as common random numbers are, and `derive` and `rewrite`, which rely on
        independence, always check.

    Returns
    -------
    Function
        Its results are NumPy arrays (JAX arrays on ``"jax"``), and `KeyArray` for keys.

    Raises
    ------
    ModelError
        Where the outputs read an input that is not listed, or one is listed twice.
    KeyReuseError
        With ``check_keys``, naming both consumers of a key and where they were built.
    UnsupportedError
        For an unknown backend, or one that has no rule for an operation.

    Notes
    -----
    A value passes as it is where it has the input's data type. Python numbers and lists
    adapt; arrays are converted only where no value can change, so int64 to float64, but
    never float64 to float32.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x", shape=("n",)), ag.input("y")
    >>> f = ag.function([x, y], {"sum": ag.sum(x) + y, "scaled": x * y}, backend="numpy")
    >>> float(f([1.0, 2.0], 3)["sum"])
    6.0
    """
    return Function(inputs, outputs, updates, backend, check=check, check_keys=check_keys)


def evaluate(outputs: Any, backend: str = "numpy") -> Any:
    """Compute expressions that have no inputs.

    Parameters
    ----------
    outputs
        An expression, or a container of them.
    backend
        Where to compute.

    Returns
    -------
    array, KeyArray or container of them
        Shared variables are read, not updated.

    Raises
    ------
    ModelError
        Where an expression has inputs, naming them.

    Examples
    --------
    >>> import astragal as ag
    >>> float(ag.evaluate(ag.exp(0.0)))
    1.0
    """
    check_backend(backend)
    if isinstance(outputs, Mapping):
        outputs = dict(outputs)
    exprs, write = flatten(outputs)
    exprs = [as_expr(v) for v in exprs]
    order = toposort(exprs)
    free = [n for n in order if n.op in (INPUT, DIMENSION) and not isinstance(n, Shared)]
    if free:
        names = ", ".join(describe(n) for n in free)
        raise ModelError(
            f"the value depends on {names}; compile a function of it with astragal.function"
        )
    held = [n for n in order if isinstance(n, Shared)]
    lowered = lower([*held, *exprs], backend)
    program = BACKENDS[backend](lowered[: len(held)], lowered[len(held) :], {}, {})
    with ExitStack() as stack:
        cells = [s.cell for s in held]
        for lock in sorted((c.serial, c.lock) for c in cells):
            stack.enter_context(lock[1])
        results = program(*(c.raw(backend == "jax") for c in cells))
        finish = [finisher(x.type, False, backend == "jax") for x in exprs]
        return write([f(v) for f, v in zip(finish, results, strict=True)])
