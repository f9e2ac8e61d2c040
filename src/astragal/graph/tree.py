"""Nested containers of expressions: dictionaries, lists and tuples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """List the leaves of a container, and give the function that puts others in their place.

    Dictionaries keep their order; ``None`` is an empty container.

    Examples
    --------
    >>> leaves, rebuild = flatten({"a": 1, "b": (2, [3])})
    >>> leaves, rebuild("xyz")
    ([1, 2, 3], {'a': 'x', 'b': ('y', ['z'])})
    """
    leaves: list[Any] = []

    def read(t: Any) -> Any:
        if t is None:
            return None
        if isinstance(t, dict):
            return {k: read(v) for k, v in t.items()}
        if isinstance(t, (list, tuple)):
            items = [read(v) for v in t]
            if hasattr(t, "_fields"):
                return type(t)(*items)
            return type(t)(items)
        leaves.append(t)
        return _Slot(len(leaves) - 1)

    shape = read(tree)

    def write(values: Sequence[Any]) -> Any:
        def fill(t: Any) -> Any:
            if isinstance(t, _Slot):
                return values[t.index]
            if isinstance(t, dict):
                return {k: fill(v) for k, v in t.items()}
            if isinstance(t, (list, tuple)):
                items = [fill(v) for v in t]
                return type(t)(*items) if hasattr(t, "_fields") else type(t)(items)
            return t

        return fill(shape)

    return leaves, write


class _Slot:
    """The place of a leaf."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index
