"""Compiled functions: inputs checked by name, state kept between calls, any backend.

The way of a graph: simplify, lower the randomness, compile. The backends see arrays,
control flow and ``random_bits`` only; symbolic dimensions reach them as int64 inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from astragal.compile.arguments import checker
from astragal.compile.keyarray import KeyArray
from astragal.compile.simplify import simplify
from astragal.compile.shared import Cell, Shared, as_update, frozen_value
from astragal.graph.errors import ModelError, ShapeError, UnsupportedError
from astragal.graph.expr import DIMENSION, INPUT, Expr, describe
from astragal.graph.traverse import toposort
from astragal.graph.tree import flatten
from astragal.graph.types import KeyType, TensorType
from astragal.ops.declare import as_expr
from astragal.random.lower import lower_random

Place = tuple[int, int]
"""Number of an input, and axis."""


def _numpy(inputs: Sequence[Expr], outputs: Sequence[Expr], dims: Mapping[Expr, Place]) -> Any:
    from astragal.compile.numpy import compile_numpy

    return compile_numpy([*inputs, *dims], outputs)


def _numba(inputs: Sequence[Expr], outputs: Sequence[Expr], dims: Mapping[Expr, Place]) -> Any:
    from astragal.compile.numba import compile_numba

    return compile_numba([*inputs, *dims], outputs)


def _jax(inputs: Sequence[Expr], outputs: Sequence[Expr], dims: Mapping[Expr, Place]) -> Any:
    from astragal.compile.jax import compile_jax

    return compile_jax(inputs, outputs, dims)


BACKENDS: dict[str, Callable[..., Any]] = {"numpy": _numpy, "numba": _numba, "jax": _jax}
"""From the name of a backend to what compiles ``(inputs, outputs, dimensions)`` with it."""


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


def lower(roots: Sequence[Expr]) -> tuple[Expr, ...]:
    """Bring graphs into the form that backends take: simplified, and without randomness."""
    return lower_random(simplify(roots))


class Function:
    """A compiled graph: what `astragal.function` makes.

    Attributes
    ----------
    backend : str
    inputs, outputs
        As given: expressions, or containers of them.
    updates : dict
        From shared variable to what it becomes.
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        updates: Mapping[Shared, Any] | None = None,
        backend: str = "numba",
    ) -> None:
        self.backend = check_backend(backend)
        self.inputs = inputs
        self.outputs = outputs
        leaves, _ = flatten(inputs)
        self._leaves = _check_inputs(leaves)
        if isinstance(outputs, Mapping):
            outputs = dict(outputs)
        outs, self._write = flatten(outputs)
        outs = [as_expr(v) for v in outs]
        self.updates = _all_updates(outs, updates or {})
        targets = list(self.updates)
        results = [*outs, *self.updates.values()]
        self._shared = _shared_below(results, targets)
        _check_free(results, self._leaves)

        held = [*self._leaves, *self._shared]
        lowered = lower([*held, *results])
        ins, results = list(lowered[: len(held)]), list(lowered[len(held) :])
        self._dims = _Dimensions(self._leaves, ins, results)
        self._program = BACKENDS[backend](ins, results, self._dims.places)

        is_jax = backend == "jax"
        self._checks = [checker(x.type, f"input {_name(x)!r}", is_jax) for x in self._leaves]
        self._finish = [
            _finisher(old, new, is_jax) for old, new in zip(outs, results, strict=False)
        ]
        self._cells = [s.cell for s in self._shared]
        self._locks = [c.lock for c in sorted(self._cells, key=lambda c: c.serial)]
        self._targets = [(t.cell, _keeper(t.cell, is_jax)) for t in targets]
        self._read = _reader(inputs, self._leaves)
        self._build = _builder(outputs, self._write)
        self._plain = not self._shared and not self._dims

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Compute the outputs from values for the inputs.

        Raises
        ------
        DTypeError, ShapeError
            Where a value does not fit, naming the input.
        """
        given = self._read(args, named)
        values = [check(v) for check, v in zip(self._checks, given, strict=True)]
        if self._plain:
            results = self._program(*values)
        else:
            results = self._call_with_state(values)
        return self._build([finish(v) for finish, v in zip(self._finish, results, strict=False)])

    def _call_with_state(self, values: list[Any]) -> Any:
        dims = self._dims.read(values)
        if self.backend == "jax":
            dims = []
        with ExitStack() as stack:
            # Always in the order in which the variables were made: no two calls can wait
            # for each other.
            for lock in self._locks:
                stack.enter_context(lock)
            state = [_raw(c, self.backend) for c in self._cells]
            results = self._program(*values, *state, *dims)
            new = results[len(results) - len(self._targets) :]
            for (cell, keep), value in zip(self._targets, new, strict=True):
                cell.value = keep(value)
            # Outputs are taken while the state cannot change under them.
            return results

    @property
    def source(self) -> str:
        """The program as text: what Numba compiles, what JAX traces, NumPy's steps."""
        return str(self._program.source)

    @property
    def pure(self) -> Callable[..., Any]:
        """The function as JAX sees it: traceable by ``jit``, ``vmap`` and ``grad``.

        Called like the function itself. With shared variables it takes their values first,
        a dictionary by name, and gives ``(outputs, new values)``.

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
        if self._shared:
            if not args or not isinstance(args[0], Mapping):
                names = ", ".join(c.name for c in self._cells)
                raise TypeError(f"fn.pure takes a dictionary of the shared values first: {names}")
            state, *rest = args
            args = tuple(rest)
        given = self._read(args, named)
        values = [
            prepare(v, x.type, f"input {_name(x)!r}")
            for v, x in zip(given, self._leaves, strict=True)
        ]
        self._dims.read(values)
        held = [prepare(state[c.name], c.type, f"shared {c.name!r}") for c in self._cells]
        results = self._program.pure(*values, *held)
        outs = self._build([f(v) for f, v in zip(self._finish, results, strict=False)])
        if not self._shared:
            return outs
        new = dict(state)
        first = len(results) - len(self._targets)
        for (cell, _), value in zip(self._targets, results[first:], strict=True):
            impl = cell.type.impl if isinstance(cell.type, KeyType) else None
            new[cell.name] = value if impl is None else KeyArray(value, impl)
        return outs, new

    @property
    def state(self) -> State:
        """The values of the shared variables that the function reads or updates."""
        return State(self._cells)

    def __repr__(self) -> str:
        names = ", ".join(_name(x) for x in self._leaves)
        return f"<function of ({names}) on {self.backend}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from astragal.serialize import dump_tree

        tree = (self.inputs, self.outputs, list(self.updates.items()))
        return (_restore, (*dump_tree(tree), self.backend))

    def __copy__(self) -> Function:
        return self

    def __deepcopy__(self, memo: object) -> Function:
        return self


def _restore(data: bytes, cells: Sequence[Cell], backend: str) -> Function:
    from astragal.serialize import load_tree

    inputs, outputs, updates = load_tree(data, cells)
    return Function(inputs, outputs, dict(updates), backend)


class State(MutableMapping[Any, Any]):
    """The shared values of a function: ``fn.state[variable]`` or ``fn.state["name"]``.

    Reading gives a copy; assigning checks the type.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = list(cells)

    def _find(self, which: Any) -> Cell:
        found = [c for c in self._cells if c.name == which or getattr(which, "args", (0,))[0] is c]
        if len(found) == 1:
            return found[0]
        names = ", ".join(c.name for c in self._cells) or "none"
        problem = "several shared variables are called" if found else "no shared variable"
        raise KeyError(f"{problem} {which!r}; the function has: {names}")

    def __getitem__(self, which: Any) -> Any:
        cell = self._find(which)
        with cell.lock:
            held = cell.value
            return held if isinstance(held, KeyArray) else np.array(held)

    def __setitem__(self, which: Any, value: Any) -> None:
        cell = self._find(which)
        new = frozen_value(value, cell.type, f"shared variable {cell.name!r}")
        with cell.lock:
            cell.value = new

    def __delitem__(self, which: Any) -> None:
        raise TypeError("a function's shared variables cannot be removed")

    def __iter__(self) -> Iterator[str]:
        return (c.name for c in self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __repr__(self) -> str:
        return f"State({ {c.name: c.value for c in self._cells} })"


# -- building ----------------------------------------------------------------------------------


def _name(x: Expr) -> str:
    return str(x.args[0])


def _check_inputs(leaves: Sequence[Any]) -> list[Expr]:
    seen: set[Expr] = set()
    for x in leaves:
        if isinstance(x, Shared):
            raise ModelError(f"inputs: {x.name!r} is a shared variable and has a value of its own")
        if not isinstance(x, Expr) or x.op is not INPUT:
            shown = describe(x)
            raise ModelError(f"inputs: expected expressions made by astragal.input, got {shown}")
        if x in seen:
            raise ModelError(f"inputs: {_name(x)!r} is listed twice")
        seen.add(x)
    return list(leaves)


def _shared_below(results: Sequence[Expr], more: Sequence[Shared]) -> list[Shared]:
    found = [n for n in toposort(results) if isinstance(n, Shared)]
    return list(dict.fromkeys([*found, *more]))


def _all_updates(outs: Sequence[Expr], given: Mapping[Any, Any]) -> dict[Shared, Expr]:
    """Add the default updates of all shared variables that are read, to a fixed point."""
    updates = {target: as_update(target, value) for target, value in dict(given).items()}
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
    names = {_name(x): x for x in leaves}
    hints = [
        f"{describe(x)}"
        + (
            f" (the listed one of that name is of type {names[_name(x)].type!r})"
            if _name(x) in names
            else ""
        )
        for x in missing
    ]
    raise ModelError(f"the outputs read what is not among the inputs: {', '.join(hints)}")


class _Dimensions:
    """Where the symbolic dimensions are read, and what they must agree with."""

    def __init__(
        self, leaves: Sequence[Expr], lowered: Sequence[Expr], results: Sequence[Expr]
    ) -> None:
        self._names = [_name(x) for x in leaves]
        found: dict[Expr, list[Place]] = {}
        computed: list[tuple[Expr, Place]] = []
        for i, x in enumerate(leaves):
            for axis, d in enumerate(x.type.shape):
                if isinstance(d, Expr) and d.op is DIMENSION:
                    found.setdefault(d, []).append((i, axis))
                elif isinstance(d, Expr):
                    computed.append((d, (i, axis)))
        self._found = found
        needed = [n for n in toposort(results) if n.op is DIMENSION]
        for d in needed:
            if d not in found:
                raise ModelError(
                    f"dimension {d.label!r} is not known: no input has it as one of its dimensions"
                )
        self.places: dict[Expr, Place] = {d: found[d][0] for d in needed}
        self._sizes = None
        if computed:
            from astragal.compile.numpy import compile_numpy

            self._computed = computed
            exprs = lower([d for d, _ in computed])
            below = {n for n in toposort(exprs)}
            at = [i for i, x in enumerate(lowered) if x in below]
            self._operands = at
            self._sizes = compile_numpy([*(lowered[i] for i in at), *found], exprs)

    def __bool__(self) -> bool:
        return bool(self._found) or self._sizes is not None

    def read(self, values: Sequence[Any]) -> list[Any]:
        """Give the dimensions that the program reads; check that all agree."""
        size: dict[Expr, int] = {}
        for d, places in self._found.items():
            first, axis = places[0]
            n = values[first].shape[axis]
            for i, other in places[1:]:
                if values[i].shape[other] != n:
                    raise ShapeError(
                        f"dimension {d.label!r}: input {self._names[first]!r} has {n} along axis "
                        f"{axis}, input {self._names[i]!r} has {values[i].shape[other]} along "
                        f"axis {other}"
                    )
            size[d] = n
        if self._sizes is not None:
            wanted = self._sizes(*(values[i] for i in self._operands), *size.values())
            for n, (d, (i, axis)) in zip(wanted, self._computed, strict=True):
                if values[i].shape[axis] != int(n):
                    raise ShapeError(
                        f"input {self._names[i]!r} has {values[i].shape[axis]} along axis {axis}, "
                        f"expected {d!r} = {int(n)}"
                    )
        return [np.int64(size[d]) for d in self.places]


# -- values in and out ---------------------------------------------------------------------------


def _reader(inputs: Any, leaves: Sequence[Expr]) -> Callable[..., Sequence[Any]]:
    """Give the function from a call's arguments to values, one a leaf."""
    if isinstance(inputs, Expr):
        inputs = [inputs]
    names = [_name(x) for x in leaves]
    count = len(leaves)
    if isinstance(inputs, dict):
        keys = list(inputs)

        def read_dict(args: tuple[Any, ...], named: dict[str, Any]) -> Sequence[Any]:
            given = args[0] if len(args) == 1 and not named else named
            if args and given is named or not isinstance(given, Mapping):
                raise TypeError(f"the function takes one dictionary with the keys {keys}")
            return _match(inputs, dict(given), "inputs")

        return read_dict

    flat = all(isinstance(x, Expr) for x in inputs)
    order = {n: i for i, n in enumerate(names)} if flat else {}

    def read(args: tuple[Any, ...], named: dict[str, Any]) -> Sequence[Any]:
        if named:
            args = _by_name(args, named, order, names)
        if len(args) != len(inputs):
            shown = ", ".join(names)
            raise TypeError(
                f"the function takes {len(inputs)} arguments ({shown}), {len(args)} given"
            )
        return args if flat else _match(list(inputs), list(args), "inputs")

    assert count == len(names)
    return read


def _by_name(
    args: tuple[Any, ...], named: dict[str, Any], order: Mapping[str, int], names: Sequence[str]
) -> tuple[Any, ...]:
    out: dict[int, Any] = dict(enumerate(args))
    for name, value in named.items():
        if name not in order:
            raise TypeError(f"the function has no input {name!r}; it takes {', '.join(names)}")
        if order[name] in out:
            raise TypeError(f"input {name!r} is given twice")
        out[order[name]] = value
    missing = [n for n, i in order.items() if i not in out]
    if missing:
        raise TypeError(f"no value is given for {', '.join(missing)}")
    return tuple(out[i] for i in range(len(out)))


def _match(wanted: Any, given: Any, where: str) -> list[Any]:
    """Take values out of a container, in the order of the leaves of one like it."""
    if isinstance(wanted, Expr):
        return [given]
    if wanted is None:
        return []
    if isinstance(wanted, dict):
        if not isinstance(given, Mapping) or set(given) != set(wanted):
            keys = sorted(map(repr, given)) if isinstance(given, Mapping) else type(given).__name__
            raise TypeError(
                f"{where}: expected a dictionary with the keys {list(wanted)}, got {keys}"
            )
        return [v for k in wanted for v in _match(wanted[k], given[k], f"{where}[{k!r}]")]
    if not isinstance(given, (list, tuple)) or len(given) != len(wanted):
        raise TypeError(
            f"{where}: expected {len(wanted)} items, got {type(given).__name__} {given!r:.60}"
        )
    return [
        v
        for i, (w, g) in enumerate(zip(wanted, given, strict=True))
        for v in _match(w, g, f"{where}[{i}]")
    ]


def _builder(outputs: Any, write: Callable[[Sequence[Any]], Any]) -> Callable[[list[Any]], Any]:
    """Give the function from results to a container like the outputs; short for flat ones."""
    if isinstance(outputs, (list, tuple, dict)) or outputs is None:
        if type(outputs) is list and not any(isinstance(v, (list, tuple, dict)) for v in outputs):
            return list if None not in [v is None or None for v in outputs] else write
        return write
    return lambda values: values[0]


_ALIASES = frozenset({"bitcast", "positive"})


def _is_fresh(node: Expr) -> bool:
    """Tell whether a program's result for a node is an array that nothing else holds."""
    return node.op.elementwise and node.op.name not in _ALIASES


def _finisher(old: Expr, new: Expr, is_jax: bool) -> Callable[[Any], Any]:
    if isinstance(old.type, KeyType):
        impl = old.type.impl
        return lambda words: KeyArray(words, impl)
    if is_jax or not isinstance(old.type, TensorType):
        return lambda value: value
    dtype = np.dtype(old.type.dtype)
    if _is_fresh(new):
        return lambda value: np.asarray(value, dtype=dtype)
    return lambda value: np.array(value, dtype=dtype)


def _raw(cell: Cell, backend: str) -> Any:
    held = cell.value
    if isinstance(held, KeyArray):
        held = held.words
    return held if backend == "jax" else np.asarray(held)


def _keeper(cell: Cell, is_jax: bool) -> Callable[[Any], Any]:
    """Give the function from a result to what a cell holds."""
    if isinstance(cell.type, KeyType):
        impl = cell.type.impl
        return lambda words: KeyArray(words, impl)
    if is_jax:
        return lambda value: value
    assert isinstance(cell.type, TensorType)
    dtype = np.dtype(cell.type.dtype)

    def keep(value: Any) -> Any:
        out = np.array(value, dtype=dtype)
        out.flags.writeable = False
        return out

    return keep


def function(
    inputs: Any,
    outputs: Any,
    *,
    updates: Mapping[Shared, Any] | None = None,
    backend: str = "numba",
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

    Returns
    -------
    Function
        Its results are NumPy arrays (JAX arrays on ``"jax"``), and `KeyArray` for keys.

    Raises
    ------
    ModelError
        Where the outputs read an input that is not listed, or one is listed twice.
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
    return Function(inputs, outputs, updates, backend)


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
    lowered = lower([*held, *exprs])
    program = BACKENDS[backend](lowered[: len(held)], lowered[len(held) :], {})
    results = program(*(_raw(s.cell, backend) for s in held))
    return write(
        [
            _finisher(old, new, backend == "jax")(v)
            for old, new, v in zip(exprs, lowered[len(held) :], results, strict=True)
        ]
    )
