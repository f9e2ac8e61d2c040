"""Nested containers of expressions: dictionaries, lists and tuples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Rebuild = Callable[[Sequence[Any]], Any]
"""From leaves to a container."""


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """List the leaves of a container, and give the function that puts others in their place.

    Dictionaries keep their order; ``None`` is an empty container.

    Examples
    --------
    >>> leaves, rebuild = flatten({"a": 1, "b": (2, [3])})
    >>> leaves, rebuild("xyz")
    ([1, 2, 3], {'a': 'x', 'b': ('y', ['z'])})
    """
    leaves: list[Any] = []

    def read(t: Any) -> Rebuild:
        if t is None:
            return lambda values: None
        begin = len(leaves)
        if isinstance(t, dict):
            keys, parts = list(t), [read(v) for v in t.values()]
            own = _in_row(parts, begin)
            return lambda values: dict(zip(keys, own(values), strict=True))
        if isinstance(t, (list, tuple)):
            kind, own = type(t), _in_row([read(v) for v in t], begin)
            if hasattr(t, "_fields"):
                return lambda values: kind(*own(values))
            return lambda values: kind(own(values))
        leaves.append(t)
        return _Leaf(begin)

    return leaves, read(tree)


def _in_row(parts: Sequence[Rebuild], begin: int) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Give the parts of a container; those that are leaves all follow each other."""
    if all(isinstance(p, _Leaf) for p in parts):
        row = slice(begin, begin + len(parts))
        return lambda values: values[row]
    return lambda values: [p(values) for p in parts]


def flatten_like(tree: Any, like: Any) -> list[Any] | None:
    """List the leaves of a container in the order of another of the same shape.

    Entries of dictionaries belong together by key, whatever their order; lists and tuples
    serve for each other.

    Returns
    -------
    list, or None
        None where the shapes differ.

    Examples
    --------
    >>> flatten_like({"b": 2, "a": (1, 0)}, {"a": ("x", "y"), "b": "z"})
    [1, 0, 2]
    """
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != like.keys():
            return None
        pairs = [(tree[k], v) for k, v in like.items()]
    elif isinstance(like, (list, tuple)):
        if not isinstance(tree, (list, tuple)) or len(tree) != len(like):
            return None
        pairs = list(zip(tree, like, strict=True))
    elif like is None:
        return [] if tree is None else None
    else:
        return None if tree is None or isinstance(tree, (dict, list, tuple)) else [tree]
    out: list[Any] = []
    for part, other in pairs:
        leaves = flatten_like(part, other)
        if leaves is None:
            return None
        out += leaves
    return out


def describe_tree(tree: Any) -> str:
    """Write the shape of a container, for an error message.

    Examples
    --------
    >>> describe_tree({"a": 1, "b": (2, [3])})
    '{a: *, b: (*, [*])}'
    """
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{k}: {describe_tree(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(describe_tree, tree)) + "]"
    if isinstance(tree, tuple):
        return "(" + ", ".join(map(describe_tree, tree)) + ("," if len(tree) == 1 else "") + ")"
    return "None" if tree is None else "*"


class _Leaf:
    """The place of a leaf."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __call__(self, values: Sequence[Any]) -> Any:
        return values[self.index]
