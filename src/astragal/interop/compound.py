"""Random variables of PyMC that are made of others: mixtures, truncation, censoring.

The parts are random variables of the graph too, which no other node reads: they are read as
laws, and not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from astragal import random as r
from astragal.graph.errors import UnsupportedError
from astragal.random.wrapper import Law

if TYPE_CHECKING:
    from astragal.interop.reader import Reader

# fmt: off
PARTS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "MixtureRV":        lambda x: x[2:],
    "_HurdleRV":        lambda x: x[2:],
    "CensoredRV":       lambda x: x[:1],
    "RandomWalkRV":     lambda x: x[:2],
    "AutoRegressiveRV": lambda x: x[2:3],
    "GARCH11RV":        lambda x: x[4:5],
    "EulerMaruyamaRV":  lambda x: x[:1],
    "_LKJCholeskyCovRV": lambda x: x[3:4],
}
"""Which operands are parts, by class."""
# fmt: on


def _mixture(read: Reader, node: Any, strip: bool) -> Law:
    _, weights, *parts = node.inputs
    laws = [read.law(p, strip) for p in parts]
    w = read.parameter(weights, strip)
    return r.mixture.law(w, laws[0] if len(laws) == 1 else laws)


def _censored(read: Reader, node: Any, strip: bool) -> Law:
    base, low, high = node.inputs
    return r.censored.law(
        read.law(base, strip), read.parameter(low, strip), read.parameter(high, strip)
    )


def _truncated(read: Reader, node: Any, strip: bool) -> Law:
    *_, low, high = node.inputs
    law = read.law_of(node.op.base_rv_op, node.inputs[:-2], strip)
    return r.truncated.law(law, read.parameter(low, strip), read.parameter(high, strip))


# fmt: off
LAWS: dict[str, Callable[[Reader, Any, bool], Law]] = {
    "MixtureRV": _mixture, "_HurdleRV": _mixture, "CensoredRV": _censored,
    "TruncatedRV": _truncated,
}
# fmt: on


def size_of(read: Reader, node: Any, name: str) -> tuple[int, ...] | None:
    """The static size of a compound variable, None where none is given."""
    if name == "TruncatedRV":
        return read.size(node.inputs[:-2])
    parts = PARTS[name](node.inputs)
    size = read.size(parts[0].owner.inputs)
    along = name != "CensoredRV" and len(parts) == 1
    return size[:-1] if along and size is not None else size


def inner(nodes: list[Any], kind: Callable[[Any], str]) -> Iterator[Any]:
    """The parts of all compound variables."""
    for node in nodes:
        parts = PARTS.get(kind(node.op))
        for v in parts(node.inputs) if parts else ():
            if v.owner is None:
                raise UnsupportedError(f"a part of {kind(node.op)} is no random variable")
            yield v
