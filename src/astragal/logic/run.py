"""One run of the rewriting engine over a shared graph.

One pass goes through the graph, arguments first, with exact counts of who reads what; a rewritten
node is looked at again until nothing applies. Reversals, which replace several nodes at once, are
applied in rounds afterwards. Bodies of loops and branches come first, each as a graph of its own.
Nothing recurses, but into bodies of bodies.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import chain

from astragal.graph.expr import Expr
from astragal.graph.traverse import children, substitute, toposort
from astragal.logic.bodies import HOLDERS, in_bodies
from astragal.logic.compiled import Record as FastRecord
from astragal.logic.compiled import Rule
from astragal.logic.facts import Facts, is_live
from astragal.logic.net import Bucket, Matcher, matcher_of
from astragal.logic.record import Record
from astragal.logic.relation import Relation, Step
from astragal.logic.soundness import Place, readers_of
from astragal.logic.tally import (
    arguments_first,
    count_uses_of,
    enter,
    release,
    survey,
)
from astragal.random.distribution import is_random

_NO_RULES: frozenset[Rule] = frozenset()
Refusal = tuple[Relation, Expr, str]


@dataclass
class Run:
    """The state of one rewriting."""

    rules: tuple[Relation, ...]
    direction: str
    roots: tuple[Expr, ...]
    names: tuple[str, ...]
    explain: bool
    limit: int | None
    order: list[Expr]
    uses: dict[Expr, int]
    random: list[Expr]
    steps: list[Step | FastRecord] = field(default_factory=list)
    refused: list[tuple[Relation, Expr, str]] = field(default_factory=list)
    stopped: str = "no relation applies any more"
    pinned: dict[Expr, str] = field(default_factory=dict)
    image: dict[Expr, Expr] = field(default_factory=dict)
    banned: dict[Expr, frozenset[Rule]] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    written: list[Expr] = field(default_factory=list)
    lasting: set[Expr] = field(default_factory=set)

    def all(self) -> None:
        """Apply all relations, in bodies first."""
        if any(x.op in HOLDERS for x in self.order):
            found = in_bodies(self.roots, self.order, self._inner)
            self.refused += found.refused
            if found.steps:
                self.steps += found.steps
                self.roots = found.roots
                self.order, self.uses, self.random = survey(self.roots)
        self.sweep()
        self.reverse()

    def _inner(self, outputs: tuple[Expr, ...]) -> tuple[Sequence[Step], Sequence[Refusal]]:
        """Rewrite the outputs of a body."""
        names = tuple(f"output {i} of the body" for i in range(len(outputs)))
        left = None if self.limit is None else max(self.limit - len(self.steps), 0)
        graph = survey(outputs)
        run = Run(self.rules, self.direction, outputs, names, self.explain, left, *graph)
        run.all()
        return Record(run.steps), run.refused

    def sweep(self) -> None:
        """Apply relations with one root, arguments first."""
        matcher = matcher_of(self.rules, self.direction)
        if self.limit is None:
            self.limit = 8 * len(self.uses) + 100 + len(self.steps)
        for r, name in zip(self.roots, self.names, strict=True):
            self.pinned.setdefault(r, name)
        image = self.image
        wanted, rules = matcher.table, matcher.rules
        if not matcher.anywhere:
            self.order = self.random
        for x in self.order if wanted else ():
            y = x
            if image:
                for a in x.args:
                    if isinstance(a, Expr) and a in image:
                        y = self.rebuilt(x)
                        break
            if y.op in wanted and (fitting := rules(y)):
                y = self.settle(y, fitting, matcher)
            if y is not x:
                image[x] = y
        self.roots = tuple(image.get(r, r) for r in self.roots)

    def rebuilt(self, x: Expr, last: Collection[Expr] = ()) -> Expr:
        """Apply a node's operation to the images of its arguments, and move its readers.

        Parameters
        ----------
        last
            Arguments that stay what they are.
        """
        image, uses = self.image, self.uses
        y = x.op(*(image.get(a, a) if isinstance(a, Expr) and a not in last else a for a in x.args))
        if y is x:
            return x
        old = self.banned.get(x)
        if old:
            self.banned[y] = self.banned.get(y, frozenset()) | old
        there = self.now(y)
        if there in uses:
            # The node exists, or has been rewritten: its arguments are read once less.
            for c in children(y):
                if c in uses:
                    uses[c] -= 1
            y = there
        else:
            uses[y] = 0
            self.written.append(y)
        uses[y] += uses.pop(x)
        if x in self.pinned:
            self.pinned.setdefault(y, self.pinned.pop(x))
        return y

    def settle(self, y: Expr, fitting: Bucket, matcher: Matcher) -> Expr:
        """Rewrite at a node, and at what comes of it, until nothing applies."""
        table, rules = matcher.table, matcher.rules
        while True:
            found = self.first(y, fitting)
            if found is None:
                return y
            rule, step = found
            fresh = self.replace(step, rule)
            if isinstance(step, tuple):
                new, settled = step[2], rule.inert
            else:
                new, settled = step.new[0], False
            if not settled and any(
                n.op in table and rules(n) and (is_random(n) or self.live(n))
                for n in fresh
                if n is not new
            ):
                new = self.inside(new, fresh, matcher)
            y = self.now(new)
            if len(self.steps) >= (self.limit or 0):
                self.stopped = f"stopped after {len(self.steps)} steps, the limit"
                return y
            again = rules(y)
            if again is None:
                return y
            fitting = again

    def inside(self, new: Expr, fresh: list[Expr], matcher: Matcher) -> Expr:
        """Rewrite below a new node, arguments first; give what it has become.

        Where `x` has become `0 + 1 * x`, it stays itself in what is written since.
        """
        image, last = self.image, frozenset(self.lasting)

        def moved(x: Expr) -> bool:
            return any(isinstance(a, Expr) and a in image and a not in last for a in x.args)

        for x in arguments_first(fresh):
            if x is new:
                continue
            y = self.rebuilt(x, last) if moved(x) else x
            if y.op in matcher.table and (fitting := matcher.rules(y)):
                y = self.settle(y, fitting, matcher)
            if y is not x:
                image[x] = y
        y = new
        if moved(new):
            y = image[new] = self.rebuilt(new, last)
        return y

    def now(self, x: Expr) -> Expr:
        """Give what a node has become."""
        image = self.image
        while (y := image.get(x, x)) is not x:
            x = y
        return x

    def live(self, x: Expr) -> bool:
        """Whether a random variable stands below a node."""
        return is_live(x, self.facts)

    def first(self, x: Expr, rules: Bucket) -> tuple[Rule, Step | FastRecord] | None:
        """Find the first relation that applies at a node."""
        if len(self.steps) >= (self.limit or 0):
            return None
        refused = self.refused if self.explain else None
        banned = self.banned.get(x, _NO_RULES) if self.banned else _NO_RULES
        live = self.live(x)
        for rule in rules.at(x):
            if (not live and rule.needs) or rule in banned:
                continue
            found = rule.apply(x, self.uses, self.pinned, refused, self.facts)
            if found is not None:
                return rule, found
        return None

    def replace(self, step: Step | FastRecord, rule: Rule) -> list[Expr]:
        """Put the new root in the place of the old one; list the new nodes."""
        uses, pinned = self.uses, self.pinned
        if isinstance(step, tuple):
            _, old, new, _ = step
        else:
            [old], [new] = step.old, step.new
        self.steps.append(step)
        readers = uses[old]
        fresh = enter(new, uses)
        self.written += fresh[:1] if isinstance(step, tuple) and rule.inert else fresh
        if not rule.shrinks:
            bans = self.banned.get(old, frozenset()) | {rule}
            for n in (old, *fresh):  # the old node too: another relation may bring it back
                self.banned[n] = bans
        uses[new] += readers
        uses[old] -= readers
        if old in pinned:
            pinned.setdefault(new, pinned.pop(old))
        self.image.pop(new, None)  # it was rewritten before, and is back
        self.image[old] = new
        release(old, uses, pinned)
        if old in uses:
            self.lasting.add(old)
        return fresh

    def reverse(self) -> None:
        """Apply relations with several roots, in rounds of independent matches."""
        matcher = matcher_of(self.rules, self.direction, True)
        table, rules = matcher.table, matcher.rules
        uses = self.uses
        there = (x for x in chain(self.order, self.written) if x.op in table and x in uses)
        if not any(rules(x) and self.live(x) for x in there):
            return
        spent: set[tuple[Relation, frozenset[Expr]]] = set()
        while len(self.steps) < (self.limit or 0):
            round_ = self._round(matcher, spent)
            if not round_:
                return
            mapping: dict[Expr, Expr] = {}
            for step in round_:
                mapping.update(zip(step.old, step.new, strict=True))
            self.steps += round_
            self.roots = substitute(self.roots, mapping)

    def _round(self, matcher: Matcher, spent: set[tuple[Relation, frozenset[Expr]]]) -> list[Step]:
        order = toposort(self.roots)
        uses = count_uses_of(order)
        pinned = dict(zip(self.roots, self.names, strict=True))
        place = Place(uses, pinned, readers_of(order))
        taken: list[Step] = []
        # What a step of this round touches, and what stands above it, waits for the next.
        touched: set[Expr] = set()
        for x in order:
            if any(isinstance(a, Expr) and a in touched for a in x.args):
                touched.add(x)
            rules = matcher.rules(x)
            if not rules or not self.live(x):
                continue
            for relation in [r.relation for r in rules.at(x)]:
                why: list[str] | None = [] if self.explain else None
                step = next(relation.steps_at(x, self.direction, place, why), None)
                self.refused += [(relation, x, w) for w in why or ()]
                if step is None:
                    continue
                keys = frozenset(o.args[0] for o in step.old)
                if (relation, keys) in spent or any(o in touched for o in step.old):
                    continue
                if any(v in touched for v in step.bindings.values()):
                    continue
                spent.add((relation, keys))
                taken.append(step)
                touched.update(step.old)
                break
        return taken
