"""The discrimination net: which of many relations may apply at a node.

First by the operation of the node and those of its arguments; then, where many are left, by the
random variables near below it and the numbers that these take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from astragal.graph.expr import Expr, Op
from astragal.logic.compiled import Rule, rule_of
from astragal.logic.relation import Relation
from astragal.logic.surroundings import Trait, surroundings
from astragal.logic.views import VIEWS
from astragal.ops import OPS
from astragal.random.distribution import RandomOp, is_random

FEW = 4
"""So many relations are tried one by one."""


@dataclass(frozen=True, eq=False)
class Bucket:
    """Relations that fit a node's operation and those of its arguments, in order of preference."""

    rules: tuple[Rule, ...]

    def at(self, x: Expr) -> Iterator[Rule]:
        """List those that may apply at a node; the first is tried before one looks around."""
        if len(self.rules) <= FEW:
            yield from self.rules
            return
        yield self.rules[0]
        near = surroundings(x, self.reach)
        if near is None:
            yield from self.rules[1:]
            return
        found = {i for trait in near for i in self.pivots.get(trait, ())}
        for i in sorted(found.union(self.pivots[None])):
            if i and self.rules[i].may_stand(near):
                yield self.rules[i]

    @cached_property
    def reach(self) -> int:
        """How many steps below a node its random variables tell of the relations."""
        return max(r.depth for r in self.rules)

    @cached_property
    def pivots(self) -> dict[Trait | None, list[int]]:
        """Places of the relations by one thing that must stand below a node; None for nothing."""
        found: dict[Trait | None, list[int]] = {None: []}
        for i, rule in enumerate(self.rules):
            # A number tells more than an operation.
            pivot = max(rule.deep, key=lambda t: isinstance(t, tuple), default=None)
            found.setdefault(pivot, []).append(i)
        return found


@dataclass(frozen=True, eq=False)
class Matcher:
    """Rules sorted by the operation of their root, then of its arguments.

    The second level is filled as combinations of operations turn up; a relation that does
    not fit a node's is not tried there, however many there are.
    """

    table: Mapping[Op, tuple[Rule, ...]]
    seen: dict[tuple[Op | None, ...], Bucket | None] = field(default_factory=dict)

    @cached_property
    def anywhere(self) -> bool:
        """Whether some rule can apply where no random variable stands."""
        rules = (r for rules in self.table.values() for r in rules)
        return not all(r.needs or isinstance(r.root, RandomOp) for r in rules)

    def rules(self, x: Expr) -> Bucket | None:
        """List the rules that may apply at a node: by its operation and its arguments'."""
        if x.op not in self.table:
            return None
        args = x.args
        key: tuple[Op | None, ...]
        if len(args) == 2 and args[0].__class__ is args[1].__class__ is Expr:
            key = (x.op, args[0].op, args[1].op)
        else:
            key = (x.op, *[a.op if isinstance(a, Expr) else None for a in args])
        try:
            return self.seen[key]
        except KeyError:
            fits = [r for r in self.table[x.op] if r.may_fit(key[1:], x.op)]
            fits.sort(key=lambda r: -r.removed)
            found = self.seen[key] = Bucket(tuple(fits)) if fits else None
            return found


@cache
def matcher_of(relations: tuple[Relation, ...], direction: str, several: bool = False) -> Matcher:
    """Sort relations by the operations that their root can be written with.

    Parameters
    ----------
    several
        Whether to take those with several roots, by the root that reads the others, instead of
        those with one.
    """
    table: dict[Op, list[Rule]] = {}
    for relation in [m for r in relations for m in r.members]:
        source, _ = relation.side(direction)
        if (len(source.roots) > 1) is not several:
            continue
        rule = rule_of(relation, direction)
        root = source.roots[source.anchors[0]]
        table.setdefault(root.op, []).append(rule)
        for wanted, found in VIEWS:
            if wanted == root.op.name and not is_random(root):
                table.setdefault(OPS[found], []).append(rule)
    return Matcher({op: tuple(rules) for op, rules in table.items()})
