"""Lines of generated code, fresh names, constants and numbered checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import Literal
from astragal.graph.subgraph import Subgraph


@dataclass(frozen=True, slots=True)
class Array:
    """An array in generated code: a contiguous variable, seen in a shape, from an offset on.

    Attributes
    ----------
    name
        A variable that holds a one-dimensional array.
    dims
        The code of each dimension.
    dtype
        Data type.
    offset
        The code of the position of the first element.
    owned
        Whether nothing but this program holds the memory, and it is this array alone.
    """

    name: str
    dims: tuple[str, ...]
    dtype: str
    offset: str = "0"
    owned: bool = False


@dataclass(frozen=True, slots=True)
class Bits:
    """Random bits that are made where they are used, a part at a time.

    Attributes
    ----------
    node
        The operation that they are the result of.
    call
        The call of the loop that makes them, up to the arguments.
    words
        The key, as code.
    kind
        How elements get their bits (see `astragal.compile.numba.bits`).
    count
        Number of elements, as code.
    dims
        The shape that they are seen in.
    half
        Which of the two results this is.
    """

    node: Expr
    call: str
    words: tuple[str, ...]
    kind: str
    count: str
    dims: tuple[str, ...]
    half: int = 0


Value = "str | Array | Bits | list[Value]"


def product(dims: tuple[str, ...] | list[str]) -> str:
    """Write a product of lengths, the static ones multiplied."""
    static = 1
    rest = []
    for d in dims:
        if d.isdigit():
            static *= int(d)
        else:
            rest.append(d)
    if static == 0 or not rest:
        return str(static)
    return " * ".join(rest if static == 1 else [str(static), *rest])


class Writer:
    """Where generated code goes, and what it has in common."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.prefix = ""
        self.constants: dict[Literal, str] = {}
        self.failures: list[Exception] = []
        # Where the program begins to change an argument: after it nothing may fail.
        self.changes: int | None = None
        self.wide = False  # whether loops are long enough for the widest registers
        self.sequential = False  # whether NumPy's generator is drawn from
        # Functions of the module that others call, and their text.
        self.functions: dict[tuple[Subgraph, int], str] = {}
        self.definitions: list[str] = []
        self._known: dict[str, int] = {}
        self._values: dict[str, Literal] = {}
        self._count = 0

    def fresh(self, kind: str = "v") -> str:
        """Give a name that nothing has."""
        self._count += 1
        return f"{kind}{self._count}"

    def change(self) -> None:
        """Note that an argument is changed from here on."""
        if self.changes is None:
            self.changes = len(self.lines)

    def line(self, text: str) -> None:
        """Add a line at the current indentation."""
        self.lines.append(self.prefix + text)

    def let(self, code: str, kind: str = "v") -> str:
        """Name the value of an expression."""
        name = self.fresh(kind)
        self.line(f"{name} = {code}")
        return name

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Open an indented block under a line."""
        self.line(head)
        kept = self.prefix
        self.prefix += "    "
        mark = len(self.lines)
        yield
        if len(self.lines) == mark:
            self.line("pass")
        self.prefix = kept

    @contextmanager
    def into(self, lines: list[str]) -> Iterator[None]:
        """Write into another list of lines for a while."""
        kept = self.lines, self.prefix
        self.lines, self.prefix = lines, ""
        yield
        self.lines, self.prefix = kept

    def check(self, bad: str, error: Exception) -> None:
        """Add a check that raises an error where a condition holds."""
        key = f"{type(error).__name__}: {error}"
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.failures)
            self.failures.append(error)
        self.line(f"if {bad}:")
        self.line(f"    raise Failure({number})")

    def constant(self, literal: Literal) -> str:
        """Name a constant array, which is passed as an argument."""
        found = self.constants.get(literal)
        if found is None:
            found = self.constants[literal] = f"k{len(self.constants)}"
            self._values[found] = literal
        return found

    def value_of(self, name: str) -> np.ndarray[Any, Any] | None:
        """Give the value of a constant array, where that is what a name stands for."""
        literal = self._values.get(name)
        return None if literal is None else np.asarray(literal.value)
