"""Digests of graphs: the same in every process, whatever the inputs are called."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Sequence
from typing import Any

from astragal.graph.expr import Expr
from astragal.graph.literal import Literal
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import toposort

_KNOWN: weakref.WeakKeyDictionary[Subgraph, bytes] = weakref.WeakKeyDictionary()


def digest(leaves: Sequence[Expr], outputs: Sequence[Expr]) -> bytes:
    """Give 32 bytes that tell two graphs apart: other operations, constants or wiring.

    Parameters
    ----------
    leaves
        Inputs and dimensions, which count by their position and data type; the lengths that
        their types state are the caller's to add.
    outputs
        The graph.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x"), ag.input("y")
    >>> digest([x], [x + 1.0]) == digest([y], [y + 1.0])
    True
    >>> digest([x], [x + 1.0]) == digest([x], [x + 1])
    True
    >>> digest([x], [x + 1.0]) == digest([x], [1.0 + x])
    False
    """
    text = hashlib.blake2b(digest_size=32)
    number: dict[Expr, int] = {}
    for leaf in leaves:
        number[leaf] = len(number)
        text.update(f"leaf {_dtype(leaf)};".encode())
    for node in toposort(outputs):
        if node in number:
            continue
        args = [f"%{number[a]}".encode() if isinstance(a, Expr) else _static(a) for a in node.args]
        number[node] = len(number)
        text.update(f"{node.op.name} {len(args)} ".encode() + b",".join(args) + b";")
    text.update(repr([number[o] for o in outputs]).encode())
    return text.digest()


def _dtype(leaf: Expr) -> str:
    return str(getattr(leaf.type, "dtype", type(leaf.type).__name__))


def _static(value: Any) -> bytes:
    """Write a static argument, with its length before it."""
    if isinstance(value, Subgraph):
        known = _KNOWN.get(value)
        if known is None:
            known = _KNOWN[value] = digest(value.parameters, value.outputs)
        data = b"subgraph " + known
    elif isinstance(value, Literal):
        array = value.value
        data = f"{array.dtype.name} {array.shape} ".encode() + array.tobytes()
    elif isinstance(value, tuple):
        data = b"(" + b",".join(_static(v) for v in value) + b")"
    else:
        data = f"{type(value).__name__} {value!r}".encode()
    return f"{len(data)}:".encode() + data
