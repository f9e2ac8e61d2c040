"""Shared variables: leaves of a graph that hold a value between calls."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any

import numpy as np

from astragal.compile.keyarray import KeyArray
from astragal.graph.errors import DTypeError, ModelError, ShapeError
from astragal.graph.expr import INPUT, Expr, describe
from astragal.graph.literal import constant, value_of
from astragal.graph.subgraph import compatible
from astragal.graph.types import KeyType, TensorType, Type, promote
from astragal.ops.declare import as_expr, cast

_serial = itertools.count()


class Cell:
    """What a shared variable holds: a value, its lock and its default update.

    Stands as the name in the `Shared` leaf, and equals itself alone.
    """

    __slots__ = (
        "__weakref__",
        "lock",
        "mine",
        "name",
        "origin",
        "private",
        "serial",
        "type",
        "update",
        "value",
    )

    name: str
    type: Type
    value: Any  # a read-only array, or a KeyArray: replaced, or changed while it is `mine`
    mine: Any  # the value, where nobody but this cell holds its memory; else anything
    update: Expr | None
    private: bool  # whether each function that reads it has a value of its own
    origin: Cell | None  # the private cell that this one is a function's copy of

    def __init__(self, name: str | None, type: Type, value: Any) -> None:
        self.serial = next(_serial)
        self.lock = threading.RLock()
        self.name = name or f"shared{self.serial}"
        self.type = type
        self.value = value
        self.mine = None
        self.update = None
        self.private = False
        self.origin = None

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<shared {self.name!r}>"

    def for_function(self) -> Cell:
        """Give the cell that a compiled function uses: this one, or a copy of a private one."""
        if not self.private:
            return self
        own = Cell(self.name, self.type, self.value)
        own.origin = self
        return own

    def raw(self, aliased: bool = False) -> Any:
        """Give the value as programs take it: an array, of words for keys.

        Parameters
        ----------
        aliased
            Whether what the program gives may share memory with what it takes.
        """
        held = self.value
        if aliased:
            self.mine = None
        return held.words if isinstance(held, KeyArray) else held

    def lend(self, copy: Callable[[Any], Any]) -> Any:
        """Give the value to a program that changes it: a copy, where it is not this cell's own."""
        if self.mine is None or self.value is not self.mine:
            self.value = self.mine = copy(self.value)
        return self.value

    def read(self) -> Any:
        """Give a copy of the value."""
        with self.lock:
            held = self.value
            return held if isinstance(held, KeyArray) else np.array(held)

    def write(self, value: Any) -> None:
        """Replace the value, by a copy of one that fits the type."""
        new = frozen_value(value, self.type, f"shared variable {self.name!r}")
        with self.lock:
            self.value = new

    def __reduce__(self) -> tuple[Any, ...]:
        kept = {"update": self.update, "private": self.private}
        return (Cell, (self.name, self.type, self.read()), (None, kept))


class Shared(Expr):
    """A leaf with a value of its own, which functions may read and update.

    Made by `astragal.shared`.
    """

    __slots__ = ()

    @property
    def cell(self) -> Cell:
        """What holds the value."""
        found = self.args[0]
        assert isinstance(found, Cell)
        return found

    @property
    def name(self) -> str:
        """The name given by the user, or a number."""
        return self.cell.name

    @property
    def value(self) -> Any:
        """The present value: a copy; assigning another checks its type."""
        return self.cell.read()

    @value.setter
    def value(self, new: Any) -> None:
        self.cell.write(new)

    @property
    def default_update(self) -> Expr | None:
        """What the value becomes after each call that reads it and names no other update."""
        return self.cell.update

    @default_update.setter
    def default_update(self, new: Any) -> None:
        self.cell.update = None if new is None else as_update(self, new)


def leaf(cell: Cell) -> Shared:
    """Give the one leaf of a cell."""
    args = (cell, cell.type)
    ref = INPUT._table.get(args)
    found = None if ref is None else ref()
    if found is None:
        found = INPUT._intern(args, cell.type, Shared)
    assert isinstance(found, Shared)
    return found


def is_shared(x: object) -> bool:
    """Tell whether an expression is a shared variable."""
    return isinstance(x, Shared)


def as_update(target: Any, value: Any) -> Expr:
    """Turn what a user gives for an update into an expression of the variable's type.

    Raises
    ------
    DTypeError, ShapeError
        Where it is of another data type or shape.
    """
    if not isinstance(target, Shared):
        shown = describe(target) if isinstance(target, Expr) else repr(target)
        raise ModelError(f"updates: only shared variables (astragal.shared) change, not {shown}")
    new, want = as_expr(value), target.type
    given = new.type
    same_sort = type(given) is type(want)
    if isinstance(want, TensorType) and isinstance(given, TensorType):
        if promote(given.dtype, want.dtype) == want.dtype:
            new = cast(new, want.dtype)
        else:
            same_sort = False
    if not same_sort or not compatible(new.type, want):
        error = ShapeError if same_sort else DTypeError
        raise error(f"updates: {target.name!r} holds {want!r}, its update is of type {given!r}")
    return new


def frozen_value(value: Any, type: Type, what: str) -> Any:
    """Check a value against a type, and copy it."""
    from astragal.compile.arguments import checker

    checked = checker(type, what)(value)
    if isinstance(type, KeyType):
        return KeyArray(checked, type.impl)
    out = np.array(checked)
    out.flags.writeable = False
    return out


def shared(value: Any, name: str | None = None) -> Shared:
    """Make a variable that keeps its value between the calls of compiled functions.

    Functions that read it see its present value; those that list it in ``updates``
    change it. All functions that use one variable share its value.

    Parameters
    ----------
    value
        Initial value: a number, an array or a key. It is copied, and fixes the type.
    name
        A name for errors and ``pprint``.

    Returns
    -------
    Shared
        An expression. ``.value`` reads (a copy) and sets the present value;
        ``.default_update`` is applied after each call that names no other.

    Examples
    --------
    >>> import astragal as ag
    >>> total = ag.shared(0.0, name="total")
    >>> x = ag.input("x")
    >>> add = ag.function([x], total, updates={total: total + x}, backend="numpy")
    >>> float(add(2.5)), float(add(1.0)), float(total.value)
    (0.0, 2.5, 3.5)
    """
    if isinstance(value, Expr):
        from astragal.compile import evaluate

        value = evaluate(value)
    if isinstance(value, KeyArray):
        return leaf(Cell(name, KeyType(value.impl, value.shape), value))
    literal = constant(value)
    return leaf(Cell(name, literal.type, value_of(literal)))


class State(MutableMapping[Any, Any]):
    """The shared values of a function: ``fn.state[variable]`` or ``fn.state["name"]``.

    Reading gives a copy; assigning checks the type.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = list(cells)

    def _find(self, which: Any) -> Cell:
        cell = getattr(which, "args", (0,))[0]
        found = [c for c in self._cells if c.name == which or cell in (c, c.origin or c)]
        if len(found) == 1:
            return found[0]
        names = ", ".join(c.name for c in self._cells) or "none"
        problem = "several shared variables are called" if found else "no shared variable"
        raise KeyError(f"{problem} {which!r}; the function has: {names}")

    def __getitem__(self, which: Any) -> Any:
        return self._find(which).read()

    def __setitem__(self, which: Any, value: Any) -> None:
        cell = self._find(which)
        cell.write(value)

    def __delitem__(self, which: Any) -> None:
        raise TypeError("a function's shared variables cannot be removed")

    def __iter__(self) -> Iterator[str]:
        return (c.name for c in self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __repr__(self) -> str:
        return f"State({dict(self)!r})"
