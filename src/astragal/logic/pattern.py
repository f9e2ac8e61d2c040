"""Sides of a relation: graphs over logic variables, and what is known of them beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr, describe
from astragal.graph.traverse import children, depends_on, toposort
from astragal.graph.types import KeyType, Type
from astragal.logic.variables import Variable
from astragal.ops.indexing import INDEX
from astragal.random.conditional import GIVEN
from astragal.random.distribution import NON_NEGATIVE, POSITIVE, is_random, random_parts
from astragal.random.keys import SPLIT, split

Path = tuple[tuple[int, int], ...]
"""How a key is reached from a key variable: (number of children, which one), from the top."""


def is_full(spec: tuple[tuple[object, ...], ...]) -> bool:
    """Tell whether index items take everything."""
    return all(s == ("slice", None, None, 1) for s in spec)


def child_of(key: Expr) -> tuple[Expr, int, int] | None:
    """Take a key apart that is one child of a split: the split, the number of children, which."""
    if key.op is not INDEX:
        return None
    parent, spec = key.args[0], key.args[1]
    if parent.op is not SPLIT or spec[0][0] != "int" or not is_full(spec[1:]):
        return None
    n, i = parent.args[1], spec[0][1]
    return (parent, n, i) if isinstance(n, int) else None


def key_path(key: Expr) -> tuple[Expr, Path]:
    """Follow a key up through the splits that it came from."""
    steps: list[tuple[int, int]] = []
    while (found := child_of(key)) is not None:
        parent, n, i = found
        steps.append((n, i))
        key = parent.args[0]
    return key, tuple(reversed(steps))


def descend(key: Expr, path: Path) -> Expr:
    """Give the descendant of a key."""
    for n, i in path:
        key = split(key, n)[i]
    return key


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a relation.

    Attributes
    ----------
    roots : tuple of Expr
        What the side says, one expression or several (their joint law is meant).
    """

    roots: tuple[Expr, ...]

    @cached_property
    def order(self) -> tuple[Expr, ...]:
        """All nodes, arguments first."""
        return tuple(toposort(self.roots))

    @cached_property
    def draws(self) -> tuple[Expr, ...]:
        """The random variables, in order."""
        return tuple(x for x in self.order if is_random(x))

    @cached_property
    def random(self) -> frozenset[Expr]:
        """Nodes that are, or depend on, random variables."""
        return frozenset(depends_on(self.roots, self.draws)) if self.draws else frozenset()

    @cached_property
    def keys(self) -> tuple[tuple[Expr, Path], ...]:
        """How the key of each random variable is reached."""
        return tuple(key_path(d.args[0]) for d in self.draws)

    @cached_property
    def below(self) -> dict[Expr, frozenset[Expr]]:
        """Logic variables (other than keys) and random variables below each node, itself too."""
        out: dict[Expr, frozenset[Expr]] = {}
        for x in self.order:
            own = {x} if is_random(x) or _is_parameter(x) else set()
            out[x] = frozenset(own.union(*(out[c] for c in children(x))))
        return out

    @cached_property
    def letters(self) -> frozenset[Expr]:
        """Logic variables of the side, other than keys."""
        return frozenset(x for x in self.order if _is_parameter(x))

    @cached_property
    def anchors(self) -> tuple[int, ...]:
        """Places of the roots in the order in which they are matched: users first."""
        n = len(self.roots)
        order = sorted(range(n), key=lambda i: -self.order.index(self.roots[i]))
        return tuple(order)

    @cached_property
    def single_anchor(self) -> bool:
        """Whether every root stands below the first anchor."""
        if not self.anchors:
            return False
        first = self.roots[self.anchors[0]]
        reach = set(toposort([first]))
        return all(r in reach for r in self.roots)

    @cached_property
    def positive(self) -> frozenset[Expr]:
        """Logic variables that a random variable of this side takes as a positive parameter."""
        out = []
        for d in self.draws:
            dist, _, _, parameters = random_parts(d)
            for x, p in zip(parameters, dist.parameters, strict=True):
                if p.domain in (POSITIVE, NON_NEGATIVE) and isinstance(x, Variable):
                    out.append(x)
        return frozenset(out)

    def bound_to_axes(self, x: Expr) -> bool:
        """Whether a node holds of arrays as they are written, not row by row of a batch."""
        if isinstance(x.type, KeyType) or not x.args or is_random(x) or x.op.elementwise:
            return False
        return x.op.name not in _ANYWHERE


_ANYWHERE = frozenset({"variable", "constant", "dimension", "shape", "astype", "where", "given"})
"""Operations besides the elementwise ones that do not look at axes."""


def unconditioned(side: Side) -> tuple[Side, Expr | None]:
    """Take ``given(x, event)`` apart: the side without it, and the event.

    Raises
    ------
    ModelError
        Where an event stands below another, or outputs have different events.
    """
    events = {x.args[1] for x in side.order if x.op is GIVEN}
    if not events:
        return side, None
    inside = [x for x in side.order if x.op is GIVEN and x not in side.roots]
    if len(events) > 1 or inside or any(r.op is not GIVEN for r in side.roots):
        raise ModelError("one event for all outputs of a side: astragal.given((x, y), event)")
    [event] = events
    return Side(tuple(r.args[0] for r in side.roots)), event


def _is_parameter(x: Expr) -> bool:
    return isinstance(x, Variable) and not isinstance(x.type, KeyType)


def make_side(value: object, name: str, which: str) -> Side:
    """Check what a relation's function gave for one side."""
    roots = value if isinstance(value, tuple) else (value,)
    for r in roots:
        if not isinstance(r, Expr):
            raise ModelError(
                f"relation {name}: the {which} side holds {describe(r)}, no expression"
            )
    return Side(tuple(roots))  # pyright: ignore[reportArgumentType]


def accepts(wanted: Type, given: Type) -> bool:
    """Tell whether a variable may stand for a value: the kind of number, and at least its rank."""
    if isinstance(wanted, KeyType) or isinstance(given, KeyType):
        return isinstance(wanted, KeyType) and isinstance(given, KeyType)
    try:
        a, b = wanted.dtype, given.dtype  # type: ignore[union-attr]
    except AttributeError:
        return wanted == given
    return _KIND[a] == _KIND[b] and len(given.shape) >= len(wanted.shape)


_KIND: dict[str, str] = {
    **dict.fromkeys(("float32", "float64"), "float"),
    "bool": "bool",
    **dict.fromkeys(
        ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"), "int"
    ),
}


def key_variables(sides: Sequence[Side]) -> list[Expr]:
    """List the key variables of sides, in order of first use."""
    return list(dict.fromkeys(k for s in sides for k, _ in s.keys))
