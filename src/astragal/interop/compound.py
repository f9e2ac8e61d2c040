"""Random variables of PyMC that are made of others: mixtures, truncation, censoring, series.

The parts are random variables of the graph too, which no other node reads: they are read as
laws, and not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from astragal import random as r
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.interop.operations import whole
from astragal.ops.control import scan
from astragal.ops.manipulation import concatenate
from astragal.ops.reductions import sum as total
from astragal.random.distribution import Law
from astragal.random.keys import split

if TYPE_CHECKING:
    from astragal.interop.reader import Reader

# fmt: off
PARTS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "MixtureRV":        lambda x: x[2:],
    "_HurdleRV":        lambda x: x[2:],
    "CensoredRV":       lambda x: x[:1],
    "RandomWalkRV":     lambda x: x[:2],
    "AutoRegressiveRV": lambda x: x[2:3],
}
"""Which operands are parts, by class."""
# fmt: on


class Series(NamedTuple):
    """A path in time: its first values, those after them, and both joined."""

    init: Expr
    steps: Expr
    path: Expr


# -- laws ------------------------------------------------------------------------------------


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


# -- series ----------------------------------------------------------------------------------


def _random_walk(read: Reader, node: Any, key: Expr) -> Series:
    first, step, steps = node.inputs[:3]
    innovation = read.law(step, True)
    if innovation.op.name != "normal":
        raise UnsupportedError(f"a random walk with steps of {innovation.op.name} is not read")
    n = whole(read[steps])[0]
    own = split(key)
    start = read.law(first, True)(own[0], ())
    if any(p.shape for p in innovation.parameters):
        raise UnsupportedError("several random walks in one variable are not read")
    drift, scale = innovation.parameters

    def move(x: Expr, k: Expr) -> tuple[Expr, Expr]:
        new = r.normal(k, x + drift, scale)
        return new, new

    _, after = scan(move, start, split(own[1], n))
    return Series(start, after, concatenate([start[None], after]))


def _autoregression(read: Reader, node: Any, key: Expr) -> Series:
    rho, scale = (read.parameter(v, True) for v in node.inputs[:2])
    order, n = node.op.ar_order, whole(read[node.inputs[3]])[0]
    if scale.shape or rho.shape != (order + node.op.constant_term,):
        raise UnsupportedError("several autoregressions in one variable are not read")
    own = split(key)
    start = read.law(node.inputs[2], True)(own[0], (order,))
    # PyMC's first coefficient belongs to the latest value.
    constant, weights = (rho[0], rho[1:]) if node.op.constant_term else (None, rho)

    def move(x: Expr, k: Expr) -> tuple[Expr, Expr]:
        mean = total(x * weights[::-1])
        new = r.normal(k, mean if constant is None else mean + constant, scale)
        return concatenate([x[1:], new[None]]), new

    _, after = scan(move, start, split(own[1], n))
    return Series(start, after, concatenate([start, after]))


SERIES: dict[str, Callable[[Reader, Any, Expr], Series]] = {
    "RandomWalkRV": _random_walk,
    "AutoRegressiveRV": _autoregression,
}


def inner(nodes: list[Any], kind: Callable[[Any], str]) -> Iterator[Any]:
    """The parts of all compound variables."""
    for node in nodes:
        parts = PARTS.get(kind(node.op))
        for v in parts(node.inputs) if parts else ():
            if v.owner is None:
                raise UnsupportedError(f"a part of {kind(node.op)} is no random variable")
            yield v
