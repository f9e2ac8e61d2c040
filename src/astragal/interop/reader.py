"""Reading a graph of PyTensor, operation by operation; PyTensor itself is not imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from astragal.graph.errors import AstragalError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, value_of
from astragal.graph.types import TensorType
from astragal.interop import compound, loops
from astragal.interop.laws import LAWS
from astragal.interop.operations import COMPARISONS, ELEMENTWISE, OPERATIONS, whole
from astragal.interop.parts import ROWS, Parts
from astragal.model import Model
from astragal.ops.creation import input
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.random.keys import split
from astragal.random.wrapper import Law


class Reading(NamedTuple):
    """What was read: a model, and what the source said beside it.

    Attributes
    ----------
    model : Model
    observed : dict
        Data by variable, as `astragal.derive` takes them.
    dims : dict
        From variable to the names of its dimensions.
    coords : dict
        From dimension to the labels along it.
    """

    model: Model
    observed: dict[str, np.ndarray[Any, Any]]
    dims: dict[str, tuple[str | None, ...]]
    coords: dict[str, tuple[Any, ...]]


def kind(op: Any) -> str:
    """The class of an operation; a user's own random variable is none of the libraries'."""
    lines = [c.__name__ for c in type(op).__mro__]
    if lines[0] == "LogitNormal":  # PyMC's own, written as users write theirs
        return lines[0]
    own = any("Custom" in name for name in lines)
    return f"CustomDist ({lines[0]})" if own else lines[0]


def is_random(op: Any) -> bool:
    """Whether an operation draws."""
    names = {c.__name__ for c in type(op).__mro__}
    return bool(names & {"RandomVariable", "SymbolicRandomVariable", "RNGConsumerOp"})


def ancestors(variables: Iterable[Any]) -> list[Any]:
    """Nodes of the graph that variables are made by, operands before what they make."""
    found: dict[int, Any] = {}
    open_ = [(v.owner, False) for v in reversed(list(variables)) if v.owner is not None]
    while open_:
        node, ready = open_.pop()
        if id(node) in found:
            continue
        if ready:
            found[id(node)] = node
            continue
        open_.append((node, True))
        open_ += [(v.owner, False) for v in reversed(node.inputs) if v.owner is not None]
    return list(found.values())


def drawn(node: Any) -> Any:
    """The output of a random node that is no generator."""
    return next(v for v in node.outputs if hasattr(v.type, "dtype"))


class Reader:
    """Expressions of the variables read so far."""

    def __init__(self, outputs: Iterable[Any], key: Expr | None = None) -> None:
        self.nodes = ancestors(outputs)
        parts = {id(v.owner) for v in compound.inner(self.nodes, kind)}
        self.nodes = [n for n in self.nodes if id(n) not in parts]
        self.random = [drawn(n) for n in self.nodes if is_random(n.op)]
        self.parts: dict[int, Parts] = {}
        root = input("key", dtype="key") if key is None else key
        self._keys = split(root, max(len(self.random), 1))
        self._read: dict[int, Any] = {}
        for node in self.nodes:
            self._reading = node
            try:
                self._read_node(node)
            except UnsupportedError as error:
                if str(error).startswith(("variable ", "a variable ")):
                    raise error.with_traceback(None) from None
                raise UnsupportedError(f"{_named(node)} cannot be read: {error}") from None
            except (AstragalError, ValueError, TypeError, IndexError) as error:
                raise UnsupportedError(f"{_named(node)} cannot be read: {error}") from error

    def read(self, outputs: Iterable[Any]) -> None:
        """Read what makes variables, in the scope that is open."""
        for node in ancestors(outputs):
            self._read_node(node)

    @contextmanager
    def scope(self, known: dict[int, Any]) -> Iterator[None]:
        """Read an inner graph: the same variables stand for other expressions there."""
        outer, self._read = self._read, known
        try:
            yield
        finally:
            self._read = outer

    def __getitem__(self, variable: Any) -> Any:
        found = self._read.get(id(variable))
        if found is None:
            found = self._read[id(variable)] = self._leaf(variable)
        return found

    def named(self, name: str, variable: Any) -> dict[str, Expr]:
        """A variable with the parts that it is made of, by name."""
        found, x = self.parts.get(id(variable)), self[variable]
        parts = {} if found is None else found.parts
        return {**{_joined(name, n): part for n, part in parts.items()}, name: x}

    def data(self, name: str, variable: Any, value: Any) -> dict[str, np.ndarray[Any, Any]]:
        """Observed data of a variable, or of its parts."""
        found, x = self.parts.get(id(variable)), np.asarray(value)
        taken = {"": x} if found is None else found.take(x)
        return {_joined(name, n): part for n, part in taken.items()}

    def _leaf(self, v: Any) -> Any:
        """A constant, shared data, or an input that is given later."""
        kind = type(v.type).__name__
        if kind in ("NoneTypeT", "RandomGeneratorType", "RandomType"):
            return _NOTHING
        if hasattr(v, "data"):
            return v.data if isinstance(v.data, slice) else constant(np.asarray(v.data))
        if hasattr(v, "get_value"):
            return constant(np.asarray(v.get_value()))
        if not hasattr(v.type, "dtype"):
            raise UnsupportedError(f"input {v.name!r} is a {v.type}, expected an array")
        if v.name is None:
            raise UnsupportedError(f"an input of type {v.type} has no name: give it one")
        return input(v.name, shape=getattr(v.type, "shape", ()), dtype=v.type.dtype)

    def _read_node(self, node: Any) -> None:
        if is_random(node.op):
            x = drawn(node)
            self._read[id(x)] = self._draw(node, x)
            for v in node.outputs:
                self._read.setdefault(id(v), _NOTHING)
            return
        name = type(node.op).__name__
        inside = loops.loop if name == "Scan" else loops.function
        if name not in OPERATIONS and hasattr(node.op, "inner_outputs"):
            self._set(node, inside(self, node))
            return
        out = node.outputs[0]
        if not hasattr(out.type, "dtype") and name != "MakeSlice":
            self._read[id(out)] = _NOTHING
            return
        if name == "Elemwise" or (hasattr(node.op, "nfunc_spec") and name not in OPERATIONS):
            x = self._elementwise(node, getattr(node.op, "scalar_op", node.op), out)
        elif name in OPERATIONS:
            args = [self[v] for v in node.inputs]
            x = OPERATIONS[name](node.op, *(None if a is _NOTHING else a for a in args))
        else:
            raise self._unknown(node, name, "operation")
        self._set(node, x if isinstance(x, (tuple, list)) else [x])

    def _set(self, node: Any, made: Iterable[Any]) -> None:
        """Remember the outputs of a node, in their data types."""
        for v, x in zip(node.outputs, made, strict=True):
            tensor = isinstance(x, Expr) and isinstance(x.type, TensorType)
            self._read[id(v)] = astype(x, v.type.dtype) if tensor and x.dtype != v.type.dtype else x

    def _elementwise(self, node: Any, scalar: Any, out: Any) -> Expr:
        name = type(scalar).__name__
        args = [self._bare(v) for v in node.inputs]
        if max((_ndim(a) for a in args), default=0) < out.type.ndim:
            args = [self[v] for v in node.inputs]
        if name == "Cast":
            return _as(args[0], out.type.dtype)
        if name == "Switch":
            branches = (_as(a, out.type.dtype) for a in args[1:])
            return where(_as(args[0], "bool"), *branches)
        if name not in ELEMENTWISE:
            raise self._unknown(node, name, "operation")
        dtype = out.type.dtype
        if name in COMPARISONS:
            dtype = str(np.result_type(*(v.type.dtype for v in node.inputs)))
        made: Expr = ELEMENTWISE[name](*(_as(a, dtype) for a in args))
        return made

    def _draw(self, node: Any, out: Any) -> Expr:
        name = kind(node.op)
        key = self._keys[self._index(out)]
        if name in ROWS:
            found = self.parts[id(out)] = ROWS[name](self, node, key)
            return found.whole
        if name not in LAWS and name not in compound.LAWS:
            raise self._unknown(node, name, "random variable")
        size = self.size_of(out)
        for strip in (True, False):
            law, shift = self._shifted(node.op, node.inputs, strip, node)
            x = law(key, size)
            if _ndim(x) == out.type.ndim:
                break
        else:
            core = max(out.type.ndim - (0 if size is None else len(size)), 0)
            raise UnsupportedError(f"{_named(node)}: got {core} dimensions")
        return x if shift is None else x + shift

    def _shifted(
        self, op: Any, inputs: Iterable[Any], strip: bool, node: Any = None
    ) -> tuple[Law, Expr | None]:
        """The law that an operation draws from, and what is added to its draws."""
        name = kind(op)
        if name in compound.LAWS:
            return compound.LAWS[name](self, node, strip), None
        if name not in LAWS:
            raise UnsupportedError(f"a part is the random variable {name}, which is not read")
        _, *operands = (v for v in inputs if not type(v.type).__name__.startswith("Random"))
        made = LAWS[name](*(self.parameter(v, strip) for v in operands))
        return made if isinstance(made, tuple) else (made, None)

    def law_of(self, op: Any, inputs: Iterable[Any], strip: bool, node: Any = None) -> Law:
        """The law that an operation draws from, given its operands."""
        law, shift = self._shifted(op, inputs, strip, node)
        if shift is not None:
            raise UnsupportedError(f"a part is a shifted {kind(op)}, which is not read")
        return law

    def law(self, part: Any, strip: bool) -> Law:
        """The law of a random variable that is a part of another."""
        return self.law_of(part.owner.op, part.owner.inputs, strip, part.owner)

    def _unknown(self, node: Any, name: str, what: str) -> UnsupportedError:
        """The error for a node that no row reads: it names the nearest variable with a name."""
        if not any(n is node for n in self.nodes):
            node = self._reading
        below = {id(v) for v in node.outputs}
        near = [v.name for v in node.outputs if v.name]
        for n in self.nodes if not near else ():
            if any(id(v) in below for v in n.inputs):
                below |= {id(v) for v in n.outputs}
                near += [v.name for v in n.outputs if v.name]
        reads = [repr(v.name) for v in node.inputs if v.name and v.name != "NoneConst"]
        return UnsupportedError(
            (f"variable {near[0]!r}" if near else "a variable without a name")
            + f" needs the {what} {name}"
            + (f" of {', '.join(reads)}" if reads else "")
            + ", which has no counterpart in Astragal"
        )

    def _index(self, out: Any) -> int:
        found = next((i for i, v in enumerate(self.random) if v is out), None)
        if found is None:
            name = f"{kind(out.owner.op)} inside of a function or a loop"
            raise self._unknown(out.owner, name, "random variable")
        return found

    def size_of(self, variable: Any) -> tuple[int, ...] | None:
        """The static size of a random variable, None where none is given."""
        node, name = variable.owner, kind(variable.owner.op)
        made = name in compound.LAWS
        return compound.size_of(self, node, name) if made else self.size(node.inputs)

    def size(self, inputs: Iterable[Any]) -> tuple[int, ...] | None:
        """The static size of a random variable, None where none is given."""
        size = next(v for v in inputs if not type(v.type).__name__.startswith("Random"))
        return None if type(size.type).__name__ == "NoneTypeT" else tuple(whole(self[size]))

    def parameter(self, v: Any, strip: bool) -> Expr:
        """A parameter of a law, without the dimensions that broadcasting adds in front."""
        x: Expr = self._bare(v) if strip else self[v]
        # Numbers are stored in the smallest type that holds them.
        return _as(x, "int64" if np.dtype(x.dtype).kind in "iu" else "float64")

    def _bare(self, v: Any) -> Any:
        """A variable without the dimensions that broadcasting adds in front."""
        node = v.owner
        if node is not None and type(node.op).__name__ == "DimShuffle":
            n = node.op.input_ndim
            order = tuple(node.op.new_order)
            front = len(order) - n
            if front > 0 and order == ("x",) * front + tuple(range(n)):
                return self[node.inputs[0]]
        return self[v]


def _joined(name: str, part: str) -> str:
    return f"{name}_{part}" if part else name


_NOTHING = object()
"""What stands for a generator or None."""


def _ndim(x: Any) -> int:
    return len(x.type.shape)


def _as(x: Expr, dtype: str) -> Expr:
    if x.dtype == dtype:
        return x
    return constant(value_of(x), dtype) if is_constant(x) else astype(x, dtype)


def _named(node: Any) -> str:
    names = [v.name for v in node.outputs if v.name]
    sort = type(node.op).__name__
    return f"variable {names[0]!r} ({sort})" if names else f"a variable without a name ({sort})"
