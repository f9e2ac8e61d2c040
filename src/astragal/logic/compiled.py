"""Relations compiled for large graphs: which rule can apply at a node, and its fast path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from astragal.graph.expr import Expr, Op
from astragal.logic.codegen import Facts, Fast, compile_rule
from astragal.logic.match import _VIEWS
from astragal.logic.relation import Relation, Step
from astragal.logic.soundness import Place
from astragal.random.distribution import is_random

ASSOCIATIVE = frozenset({"add", "multiply"})
_WRAPS: set[Op] = set()  # operations under which another form of a pattern may stand


@dataclass(frozen=True, eq=False)
class Rule:
    """One relation in one direction, ready to be tried at a node.

    Attributes
    ----------
    relation : Relation
    direction : str
    shrinks : bool
        Whether the new side is smaller than the old one, so that it may be applied for ever.
    heads : frozenset of Op
        Operations of the pattern's random variables that stand right below its root; one of
        them must be an argument (perhaps negated) of a node that fits.
    """

    relation: Relation
    direction: str
    shrinks: bool
    heads: frozenset[Op]
    fast: tuple[Fast, ...]

    def apply(
        self,
        x: Expr,
        uses: dict[Expr, int],
        pinned: Mapping[Expr, str],
        refused: list[tuple[Relation, Expr, str]] | None,
        facts: Facts,
    ) -> Step | None:
        """Rewrite at a node, where that is possible and sound."""
        for rule in self.fast:
            found = rule(x, uses, pinned, facts)
            if found is not None:
                new, bindings = found
                return Step(self.relation, self.direction, (x,), (new,), bindings)
        if self.heads and not self._near(x):
            return None
        why: list[str] | None = None if refused is None else []
        place = Place(uses, pinned)
        step = next(self.relation.steps_at(x, self.direction, place, why), None)
        if step is None and x.op.name in ASSOCIATIVE and self.heads:
            step = self._regrouped(x, place)
        if refused is not None and step is None:
            refused += [(self.relation, x, w) for w in dict.fromkeys(why or ())]
        return step

    def may_fit(self, ops: tuple[Op | None, ...], root: Op) -> bool:
        """Tell whether a node with such arguments can fit, in some form or grouping."""
        if not self.heads:
            return True
        return any(
            op is not None and (op in self.heads or op in _WRAPS or op is root) for op in ops
        )

    def _near(self, x: Expr) -> bool:
        """Whether a random variable of the pattern stands one or two steps below a node."""
        heads = self.heads
        for a in x.args:
            if isinstance(a, Expr):
                if a.op in heads:
                    return True
                for b in a.args:
                    if isinstance(b, Expr) and b.op in heads:
                        return True
        return False

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


@dataclass(frozen=True, eq=False)
class Matcher:
    """Rules sorted by the operation of their root."""

    table: Mapping[Op, tuple[Rule, ...]]
    seen: dict[tuple[Op | None, ...], tuple[Rule, ...]]

    @property
    def ops(self) -> Mapping[Op, tuple[Rule, ...]]:
        """Operations at which some rule can apply."""
        return self.table

    def rules(self, x: Expr) -> tuple[Rule, ...]:
        """List the rules that may apply at a node: by its operation and its arguments'."""
        if x.op not in self.table:
            return ()
        key = (x.op, *[a.op if isinstance(a, Expr) else None for a in x.args])
        found = self.seen.get(key)
        if found is None:
            fits = [r for r in self.table[x.op] if r.may_fit(key[1:], x.op)]
            found = self.seen[key] = tuple(fits)
        return found


def measure(side: Any) -> tuple[int, int]:
    """Give the number of random variables of a side, and of its operations."""
    return len(side.draws), sum(1 for x in side.order if x.args and x.op.name != "variable")


@cache
def rule_of(relation: Relation, direction: str) -> Rule:
    """Prepare a relation for one direction."""
    source, target = relation.side(direction)
    root = source.roots[source.anchors[0]]
    heads: frozenset[Op] = frozenset()
    if not is_random(root):
        heads = frozenset(a.op for a in root.args if isinstance(a, Expr) and is_random(a))
    fast = tuple(compile_rule(relation, direction) or ())
    return Rule(relation, direction, measure(target) < measure(source), heads, fast)


@cache
def matcher_of(relations: tuple[Relation, ...], direction: str) -> Matcher:
    """Sort relations with one root by the operations that their root can be written with."""
    from astragal import ops

    table: dict[Op, list[Rule]] = {}
    for relation in relations:
        source, _ = relation.side(direction)
        if len(source.roots) != 1:
            continue
        rule = rule_of(relation, direction)
        root = source.roots[0]
        table.setdefault(root.op, []).append(rule)
        for wanted, found in _VIEWS:
            if wanted == root.op.name and not is_random(root):
                table.setdefault(ops.OPS[found], []).append(rule)
    _WRAPS.update(ops.OPS[name] for name in ("negative", "multiply", "divide"))
    return Matcher({op: tuple(rules) for op, rules in table.items()}, {})
