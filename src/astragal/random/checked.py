"""Parameters that depend on inputs: how a graph is made that refuses those outside their domain.

`with_checks` runs before a graph is simplified and lowered. A parameter whose value is not
static is wrapped in ``require``, which raises where a backend can; what is drawn is NaN, or
the lowest integer, wherever a parameter is wrong, for backends and transformations that
cannot raise. The bodies of loops, branches and calls are checked as well: a check belongs to
a turn that runs and to the branch that is taken.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from astragal.graph.expr import Expr, Op
from astragal.graph.literal import constant, is_constant
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.searching import clip, where
from astragal.random.distribution import Distribution, Parameter, RandomOp
from astragal.random.places import place_of
from astragal.random.sequential import SEQUENTIAL
from astragal.random.sequential import conditions as sequential_conditions

REQUIRE = Op("require", lambda x, ok, message: x.type)
"""A parameter that is checked at the call: ``require(x, ok, message)``.

It is ``x``. Where the scalar ``ok`` is false, a compiled function raises a `DomainError`.
"""

Condition = tuple[int, Expr, str]
"""Number of a parameter, what must hold, and words with room for the name of a variable."""

LOWEST = int(np.iinfo(np.int64).min)
"""What a count is whose parameters are outside their domain, where nothing can raise."""


def with_checks(
    roots: Sequence[Expr], *, raising: bool, marking: bool, names: Mapping[Expr, str] | None = None
) -> tuple[Expr, ...]:
    """Check the parameters of random variables that are not static.

    Parameters
    ----------
    roots
        Inputs and outputs of a function.
    raising
        Whether parameters are wrapped in ``require``.
    marking
        Whether draws from wrong parameters become NaN, or `LOWEST` where they are integers,
        element by element.
    names
        What random variables are called, for the messages.

    Returns
    -------
    tuple of Expr
        The images of the roots, in order.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.random.normal(ag.key(1), 0.0, ag.input("s"))
    >>> (checked,) = with_checks([x], raising=True, marking=False)
    >>> checked.args[3].op.name, checked.args[3].args[2][:54]
    ('require', 'normal: parameter scale has a value that is not a posi')
    """
    return _Pass(raising, marking, names or {}).run(roots)


_BODIES: weakref.WeakKeyDictionary[Subgraph, dict[tuple[bool, bool], Subgraph]] = (
    weakref.WeakKeyDictionary()
)


class _Pass:
    def __init__(self, raising: bool, marking: bool, names: Mapping[Expr, str]) -> None:
        self.raising = raising
        self.marking = marking
        self.names = names
        self.new: dict[Expr, Expr] = {}

    def run(self, roots: Sequence[Expr]) -> tuple[Expr, ...]:
        order = toposort(roots)
        homes = _homes(order, roots)
        for node in order:
            self.new[node] = self._image(node, homes.get(node))
        return tuple(self.new[x] for x in roots)

    def _image(self, node: Expr, home: tuple[Expr, int] | None) -> Expr:
        args: list[Any] = []
        changed = False
        for a in node.args:
            b = self.new[a] if isinstance(a, Expr) else a
            if isinstance(a, Subgraph):
                b = self._body(a)
            changed = changed or b is not a
            args.append(b)
        if isinstance(node.op, RandomOp):
            return self._checked(node, args, home)
        if node.op is SEQUENTIAL and self.raising:
            # Parameters come after the method, the size and the generator.
            found = sequential_conditions(args[0], args[3:])
            kept = [(i, ok, words) for i, ok, words in found if not is_constant(args[3 + i])]
            self._require(node, args, 3, self._where_taken(kept, home), args[0])
            return node.op(*args)
        return node.op.again(node, args) if changed else node

    def _body(self, body: Subgraph) -> Subgraph:
        kept = _BODIES.setdefault(body, {})
        mode = self.raising, self.marking
        if mode not in kept:
            outputs = _Pass(*mode, self.names).run(body.outputs)
            same = all(a is b for a, b in zip(outputs, body.outputs, strict=True))
            kept[mode] = body if same else Subgraph(body.parameters, outputs)
        return kept[mode]

    def _checked(self, node: Expr, args: list[Any], home: tuple[Expr, int] | None) -> Expr:
        op = node.op
        assert isinstance(op, RandomOp)
        d = op.distribution
        parameters: list[Expr] = args[2:]
        conditions = list(_of_distribution(d, parameters))
        if not conditions:
            return op.again(node, args)
        conditions = self._where_taken(conditions, home)
        if self.raising:
            self._require(node, args, 2, conditions, d.name)
        draw = op.again(node, args)
        if not self.marking:
            return draw
        valid = conditions[0][1]
        for _, ok, _ in conditions[1:]:
            valid = e.logical_and(valid, ok)
        return _marked(draw, valid, d.core)

    def _where_taken(
        self, conditions: list[Condition], home: tuple[Expr, int] | None
    ) -> list[Condition]:
        """Ask for conditions only where the branch is taken that alone reads the draw."""
        if home is None:
            return conditions
        switch, branch = home
        taken = clip(self.new[switch.args[1]], 0, switch.args[0] - 1)
        return [
            (i, e.logical_or(ok, e.not_equal(taken, branch)), words) for i, ok, words in conditions
        ]

    def _require(
        self, node: Expr, args: list[Any], first: int, conditions: list[Condition], who: str
    ) -> None:
        """Wrap parameters, of which the first is at a given place, in the checks of them."""
        name, place = self.names.get(node), place_of(node)
        for i, ok, words in conditions:
            message = f"{who}: " + words.format(of=f" of {name!r}" if name else "")
            message += f" ({place})" if place else ""
            args[first + i] = REQUIRE(args[first + i], r.all(ok), message)


def _marked(draw: Expr, valid: Expr, core: int) -> Expr:
    """Give draws where parameters are valid, else a value that nobody takes for a draw."""
    for _ in range(core):
        valid = valid[..., None]
    if draw.dtype in FLOATS:
        return where(valid, draw, constant(math.nan, draw.dtype))
    return where(valid, draw, constant(LOWEST, "int64"))


def _of_distribution(d: Distribution, parameters: Sequence[Expr]) -> Iterator[Condition]:
    """Give what must hold for each batch element of a random variable."""
    names = [p.name for p in d.parameters]
    for i, (x, p) in enumerate(zip(parameters, d.parameters, strict=True)):
        if not is_constant(x):
            ok = _each(p, x, p.domain.contains)
            yield i, ok, f"parameter {p.name}{{of}} has a value that is not {p.domain.words}"
    for low, high in d.ordered:
        i, j = names.index(low), names.index(high)
        a, b = parameters[i], parameters[j]
        if not (is_constant(a) and is_constant(b)):
            at = i if not is_constant(a) else j
            yield at, a < b, f"{low}{{of}} is not below {high}"
    for joint in d.joint:
        free = [i for i, x in enumerate(parameters) if not is_constant(x)]
        if free:
            named = names.index(joint.name)
            at = named if named in free else free[0]
            words = f"parameter {joint.name}{{of}} has a value that {joint.words}"
            yield at, joint.holds(*parameters), words


def _each(p: Parameter, x: Expr, contains: Callable[[Expr], Expr]) -> Expr:
    """Test a parameter, one truth value for each batch element."""
    ok = contains(x)
    extra = ok.ndim - (x.ndim - p.core)
    return r.all(ok, tuple(range(ok.ndim - extra, ok.ndim))) if extra else ok


def _homes(order: Sequence[Expr], roots: Sequence[Expr]) -> dict[Expr, tuple[Expr, int]]:
    """Find what only one branch of a switch reads: the switch and the number of the branch.

    Tracing moves what does not depend on a branch's operands out of the branch.
    """
    home: dict[Expr, tuple[Expr, int]] = {}
    if not any(n.op.name == "switch" for n in order):
        return home
    shared = set(roots)
    for node in reversed(order):
        place = home.get(node)
        if node.op.name == "switch" and place is None:
            count = node.args[0]
            operands = node.args[2 + count :]
            for k, a in enumerate(operands):
                readers = [
                    j for j, b in enumerate(node.args[2 : 2 + count]) if _reads(b, b.parameters[k])
                ]
                _claim(home, shared, a, (node, readers[0]) if len(readers) == 1 else None)
            _claim(home, shared, node.args[1], None)
            continue
        for a in node.args:
            if isinstance(a, Expr):
                _claim(home, shared, a, None if node in shared else place)
    return {n: p for n, p in home.items() if n not in shared}


def _claim(
    home: dict[Expr, tuple[Expr, int]],
    shared: set[Expr],
    node: Expr,
    place: tuple[Expr, int] | None,
) -> None:
    if place is None or home.setdefault(node, place) != place:
        shared.add(node)


_READ: weakref.WeakKeyDictionary[Subgraph, frozenset[Expr]] = weakref.WeakKeyDictionary()


def _reads(body: Subgraph, parameter: Expr) -> bool:
    found = _READ.get(body)
    if found is None:
        below = set(toposort(body.outputs))
        found = _READ[body] = frozenset(p for p in body.parameters if p in below)
    return parameter in found
