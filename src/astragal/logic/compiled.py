"""Relations compiled for large graphs: which rule can apply at a node, and its fast path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from astragal.graph.expr import Expr, Op
from astragal.graph.literal import is_constant
from astragal.logic.codegen import Fast, bound_variables, compile_rule
from astragal.logic.facts import REPEATED, Facts
from astragal.logic.pattern import Side
from astragal.logic.relation import Relation, Step
from astragal.logic.soundness import Place
from astragal.logic.surroundings import Trait, surroundings, traits
from astragal.logic.variables import Variable
from astragal.logic.views import VIEWS
from astragal.ops import OPS
from astragal.ops import elementwise as e
from astragal.random.distribution import is_random

ASSOCIATIVE = frozenset({"add", "multiply"})
_WRAPS = frozenset((e.negative, e.multiply, e.divide, OPS["reciprocal"]))
"""Operations under which another form of a pattern may stand."""


@dataclass(frozen=True, eq=False)
class Rule:
    """One relation in one direction, ready to be tried at a node.

    Attributes
    ----------
    relation : Relation
    direction : str
    shrinks : bool
        Whether the new side is smaller than the old one, so that it may be applied for ever.
    inert : bool
        Whether nothing but the new root can be rewritten, where the fast path has written it:
        parameters without random variables.
    removed : int
        How many random variables fewer the new side has; the most are removed first.
    root : Op
        Operation of the pattern's root.
    heads : frozenset of Op
        Operations of the pattern's random variables that stand right below its root.
    needs : tuple of frozenset of Op
        For each argument of the root that holds random variables, the operations that an
        argument of a node that fits can have.
    places : tuple of frozenset of Op or None
        Of a random variable, the operations that each parameter of a node that fits can have,
        in order; None for any.
    deep : tuple of Trait
        What is said of the random variables below the root: all of it is true of what stands
        below a node that fits, at most `depth` steps down.
    """

    relation: Relation
    direction: str
    shrinks: bool
    inert: bool
    removed: int
    root: Op
    heads: frozenset[Op]
    needs: tuple[frozenset[Op], ...]
    places: tuple[frozenset[Op] | None, ...]
    deep: tuple[Trait, ...]
    depth: int
    fast: tuple[Fast, ...]
    bound: tuple[Variable, ...]

    def step(self, record: Record) -> Step:
        """Write a record of the fast path out."""
        _, old, new, values = record
        bindings = dict(zip(self.bound, values, strict=True))
        return Step(self.relation, self.direction, (old,), (new,), bindings)

    def apply(
        self,
        x: Expr,
        uses: dict[Expr, int],
        pinned: Mapping[Expr, str],
        refused: list[tuple[Relation, Expr, str]] | None,
        facts: Facts,
    ) -> Step | Record | None:
        """Rewrite at a node, where that is possible and sound."""
        for rule in self.fast:
            found = rule(x, uses, pinned, facts)
            if found is not None:
                return (self, x, *found)
        if self.deep:
            near = surroundings(x, self.depth)
            if near is not None and not self.may_stand(near):
                return None
        why: list[str] | None = None if refused is None else []
        place = Place(uses, pinned)
        step = next(self.relation.steps_at(x, self.direction, place, why), None)
        if step is None and x.op.name in ASSOCIATIVE and self.heads:
            step = self._regrouped(x, place)
        if refused is not None and step is None:
            refused += [(self.relation, x, w) for w in dict.fromkeys(why or ())]
        return step

    def may_fit(self, ops: tuple[Op | None, ...], at: Op) -> bool:
        """Tell whether a node with such arguments can fit, in some form or grouping."""
        if self.places:
            parameters = ops[len(ops) - len(self.places) :]
            return all(w is None or op in w for w, op in zip(self.places, parameters, strict=True))
        # Read as another operation, a node has its arguments negated or inverted.
        other = _WRAPS if at is not self.root else frozenset()
        if all(any(op in need or op in other for op in ops) for need in self.needs):
            return True
        # A sum of more than two terms may be grouped in any way.
        if at is self.root and at in ops and any(at in need for need in self.needs):
            return at.name in ASSOCIATIVE
        # Two terms of a longer sum: one of them, and a sum that may hold the other.
        longer = bool(self.heads) and at.name in ASSOCIATIVE and at in ops
        return longer and any(op in self.heads for op in ops)

    def may_stand(self, near: Mapping[Trait, int]) -> bool:
        """Tell whether all random variables of the pattern can stand below a node."""
        return all(near.get(t, self.depth + 1) <= self.depth for t in self.deep)

    def _regrouped(self, x: Expr, place: Place) -> Step | None:
        """Rewrite two terms of a longer sum: ``(a + x) + y`` is ``a + (x + y)``."""
        left, right = x.args
        for this, other in ((left, right), (right, left)):
            terms = terms_of(this, x.op, place)
            if len(terms) < 2 or other.op not in self.heads:
                continue
            for i in range(len(terms) - 1, -1, -1):
                if terms[i].op not in self.heads:
                    continue
                pair = x.op(terms[i], other)
                if pair.type != x.type or pair in place.uses:
                    continue
                found = next(self.relation.steps_at(pair, self.direction, place), None)
                if found is None:
                    continue
                rest = terms[:i] + terms[i + 1 :]
                total = rest[0]
                for t in rest[1:]:
                    total = x.op(total, t)
                new = x.op(total, found.new[0])
                return Step(
                    self.relation, self.direction, (x,), (new,), found.bindings, found.conditions
                )
        return None


def terms_of(x: Expr, op: Op, place: Place, limit: int = 16) -> list[Expr]:
    """List the terms of a sum (or product), as far as its inner nodes are read once."""
    out: list[Expr] = []
    stack = [x]
    while stack:
        y = stack.pop()
        inner = y.op is op and place.uses.get(y, 0) == 1 and y not in place.pinned
        if inner and y.type == x.type and len(out) + len(stack) < limit:
            stack += [y.args[1], y.args[0]]
        else:
            out.append(y)
    return out


Record = tuple[Rule, Expr, Expr, tuple[Expr, ...]]
"""A rewriting by the fast path: the rule, the old node, the new one, values of the variables."""


def measure(side: Any) -> tuple[int, int]:
    """Give the number of random variables of a side, and of its operations."""
    return len(side.draws), sum(1 for x in side.order if x.args and x.op.name != "variable")


@cache
def rule_of(relation: Relation, direction: str) -> Rule:
    """Prepare a relation for one direction."""
    source, target = relation.side(direction)
    root = source.roots[source.anchors[0]]
    below = [a for a in root.args if isinstance(a, Expr) and a in source.random]
    heads = frozenset(a.op for a in below if is_random(a) and not is_random(root))
    needs = tuple(frozenset({a.op}) | _also_read_as(a) for a in below)
    places = _places(source, root) if is_random(root) else ()
    drawn = [x for x in source.draws if x is not root and x in source.below[root]]
    deep = tuple(dict.fromkeys(t for x in drawn for t in traits(x)))
    fast = tuple(compile_rule(relation, direction) or ())
    bound = bound_variables(relation, source)
    before, after = measure(source), measure(target)
    depth = 2 * _depth(source, root) + 1
    return Rule(
        relation=relation,
        direction=direction,
        shrinks=after < before,
        inert=target.draws == target.roots,
        removed=before[0] - after[0],
        root=root.op,
        heads=heads,
        needs=needs,
        places=places,
        deep=deep,
        depth=depth,
        fast=fast,
        bound=bound,
    )


def _also_read_as(p: Expr) -> frozenset[Op]:
    """List the operations that a part of a pattern can be written with."""
    if is_random(p):
        return frozenset()
    if is_constant(p):
        return frozenset(OPS[name] for name in REPEATED)
    return frozenset(OPS[found] for wanted, found in VIEWS if wanted == p.op.name)


def _places(source: Side, root: Expr) -> tuple[frozenset[Op] | None, ...]:
    """List the operations that each parameter can have; what is an equation can have any."""
    places: list[frozenset[Op] | None] = []
    met: set[Expr] = set()
    for p in root.args[2:]:
        drawn = {x for x in source.below[p] if is_random(x)}
        certain = is_constant(p) or not drawn <= met
        places.append(frozenset({p.op}) | _also_read_as(p) if certain else None)
        met |= drawn
    return tuple(places)


def _depth(side: Side, root: Expr) -> int:
    """Give the greatest number of steps from the root to a random variable."""
    far: dict[Expr, int] = {}
    for x in side.order:
        below = [far[a] + 1 for a in x.args if isinstance(a, Expr) and a in far]
        if is_random(x) or below:
            far[x] = max(below, default=0)
    return far.get(root, 0)
