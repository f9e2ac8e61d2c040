"""Rewriting whole graphs: relations applied to a fixpoint, each step recorded.

One pass goes through the shared graph, arguments first, with exact counts of who reads
what; a rewritten node is looked at again until nothing applies. Reversals, which replace
several nodes at once, are applied in rounds afterwards. Nothing recurses.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from astragal.graph.expr import Expr
from astragal.graph.traverse import children, substitute, toposort
from astragal.logic.codegen import LEAVES, Facts
from astragal.logic.compiled import Matcher, Rule, matcher_of
from astragal.logic.relation import Relation, Step
from astragal.logic.soundness import Place
from astragal.random.check import check_keys


@dataclass(frozen=True, eq=False)
class Rewriting:
    """A rewritten graph and how it came about.

    Attributes
    ----------
    before, after
        The target and the result: an expression, a tuple of them, or a model.
    steps : tuple of Step
    refused : tuple of (Relation, Expr, str)
        Matches that may not be rewritten, where, and why.
    stopped : str
        Why the search ended.
    """

    before: Any
    after: Any
    steps: tuple[Step, ...]
    refused: tuple[tuple[Relation, Expr, str], ...]
    stopped: str

    def replay(self, count: int | None = None) -> Any:
        """Apply the first steps again to the target; without a number, all of them."""
        roots, names, rebuild = _open(self.before)
        for step in self.steps[: len(self.steps) if count is None else count]:
            roots = substitute(roots, dict(zip(step.old, step.new, strict=True)))
        del names
        return rebuild(roots)

    def undo(self, count: int = 1) -> Any:
        """Give the graph as it was before the last steps."""
        return self.replay(max(len(self.steps) - count, 0))

    def __str__(self) -> str:
        lines = [str(s) for s in self.steps]
        lines += [f"{r.name} refused at {x!r}: {why}" for r, x, why in self.refused]
        return "\n".join([*lines, self.stopped])

    def _repr_html_(self) -> str:
        from astragal.display.show import rewriting_html

        return rewriting_html(self)


def _open(target: Any) -> tuple[tuple[Expr, ...], tuple[str, ...], Any]:
    """Take a target apart: its roots, their names, and how to put others in their place."""
    if isinstance(target, Expr):
        return (target,), ("the output",), lambda roots: roots[0]
    if isinstance(target, (tuple, list)):
        names = tuple(f"output {i}" for i in range(len(target)))
        return tuple(target), names, tuple
    variables: Mapping[str, Expr] = target.variables
    named = tuple(variables)

    def rebuild(roots: Sequence[Expr]) -> Any:
        return type(target)(dict(zip(named, roots, strict=True)))

    return tuple(variables.values()), tuple(f"named {n!r}" for n in named), rebuild


def rewrite(
    target: Any,
    relations: Relation | Iterable[Relation],
    *,
    direction: str = "forward",
    explain: bool = False,
    limit: int | None = None,
) -> Any:
    """Apply relations wherever they hold, until none applies.

    The joint law of all outputs (of a model: of all named variables) is kept.

    Parameters
    ----------
    target : Expr, tuple of Expr, or Model
    relations
        One relation or several; the first that applies is taken.
    direction
        ``"forward"`` or ``"backward"``. Where the new side is larger than the old one, what
        a relation has written is not rewritten by it again.
    explain
        Whether to give the whole `Rewriting`: steps, refused matches, undo.
    limit
        Most steps; by default four times the number of nodes.

    Returns
    -------
    The same sort of thing as the target, or a `Rewriting`.

    Raises
    ------
    KeyReuseError
        Where the graph spends a key twice: no law of it could be kept.

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.rewrites.convolutions import normal_convolution
    >>> a, b, c = ag.split(ag.key(0), 3)
    >>> normal = ag.random.normal
    >>> total = normal(a, 1.0, 2.0) + normal(b, 2.0, 4.0) + normal(c, 3.0, 4.0)
    >>> ag.rewrite(total, normal_convolution)
    normal(split(key(0, 'threefry4x32'), 3)[0], 6.0, 6.0)
    """
    given = (relations,) if isinstance(relations, Relation) else relations
    rules = tuple(member for r in given for member in r.members)
    roots, names, rebuild = _open(target)
    check_keys(*roots)
    run = _Run(rules, direction, roots, names, explain, limit)
    with collector_paused():
        run.sweep()
        run.reverse()
    result = rebuild(run.roots)
    if not explain:
        return result
    return Rewriting(target, result, tuple(run.steps), tuple(run.refused), run.stopped)


_NO_RULES: frozenset[Rule] = frozenset()


@dataclass
class _Run:
    """The state of one rewriting."""

    rules: tuple[Relation, ...]
    direction: str
    roots: tuple[Expr, ...]
    names: tuple[str, ...]
    explain: bool
    limit: int | None
    steps: list[Step] = field(default_factory=list)
    refused: list[tuple[Relation, Expr, str]] = field(default_factory=list)
    stopped: str = "no relation applies any more"
    uses: dict[Expr, int] = field(default_factory=dict)
    pinned: dict[Expr, str] = field(default_factory=dict)
    image: dict[Expr, Expr] = field(default_factory=dict)
    banned: dict[Expr, frozenset[Rule]] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)

    def sweep(self) -> None:
        """Apply relations with one root, arguments first."""
        matcher = matcher_of(self.rules, self.direction)
        order, self.uses = survey(self.roots)
        if self.limit is None:
            self.limit = 4 * len(self.uses) + 100
        for r, name in zip(self.roots, self.names, strict=True):
            self.pinned.setdefault(r, name)
        image = self.image
        wanted = matcher.ops
        if not wanted:
            return
        rules = matcher.rules
        for x in order:
            y = x
            for a in x.args:
                if isinstance(a, Expr) and a in image:
                    y = self.rebuilt(x)
                    break
            if y.op in wanted and rules(y):
                y = self.settle(y, matcher)
            if y is not x:
                image[x] = y
        self.roots = tuple(image.get(r, r) for r in self.roots)

    def rebuilt(self, x: Expr) -> Expr:
        """Apply a node's operation to the images of its arguments, and move its readers."""
        image, uses = self.image, self.uses
        y = x.op(*(image.get(a, a) if isinstance(a, Expr) else a for a in x.args))
        if y is x:
            return x
        old = self.banned.get(x)
        if old:
            self.banned[y] = self.banned.get(y, frozenset()) | old
        if y in uses:
            # The node exists: its arguments are read once less.
            for c in children(y):
                uses[c] -= 1
        else:
            uses[y] = 0
        uses[y] += uses.pop(x)
        if x in self.pinned:
            self.pinned.setdefault(y, self.pinned.pop(x))
        return y

    def settle(self, y: Expr, matcher: Matcher) -> Expr:
        """Rewrite at a node, and at what comes of it, until nothing applies."""
        top = y
        # Nodes to look at, arguments first; each is replaced in those that come after it.
        queue = [y]
        while queue:
            x = self.now(queue.pop(0))
            step = self.first(x, matcher)
            if step is None:
                continue
            rule, found = step
            fresh = self.replace(found, rule)
            if len(self.steps) >= (self.limit or 0):
                self.stopped = f"stopped after {len(self.steps)} steps, the limit"
                break
            table = matcher.table
            queue = [n for n in fresh if n.op in table and matcher.rules(n)] + queue
        return self.now(top)

    def now(self, x: Expr) -> Expr:
        """Give what a node has become."""
        image = self.image
        while (y := image.get(x, x)) is not x:
            x = y
        return x

    def first(self, x: Expr, matcher: Matcher) -> tuple[Rule, Step] | None:
        """Find the first relation that applies at a node."""
        if len(self.steps) >= (self.limit or 0):
            return None
        rules = matcher.rules(x)
        banned: frozenset[Rule] = self.banned.get(x, _NO_RULES) if rules else _NO_RULES
        for rule in rules:
            if rule in banned:
                continue
            found = rule.apply(
                x, self.uses, self.pinned, self.refused if self.explain else None, self.facts
            )
            if found is not None:
                return rule, found
        return None

    def replace(self, step: Step, rule: Rule) -> list[Expr]:
        """Put the new root in the place of the old one; list the new nodes, arguments first."""
        uses, pinned = self.uses, self.pinned
        [old], [new] = step.old, step.new
        self.steps.append(step)
        readers = uses[old]
        fresh = enter(new, uses)
        if not rule.shrinks:
            bans = self.banned.get(old, frozenset()) | {rule}
            for n in fresh:
                self.banned[n] = bans
        uses[new] += readers
        uses[old] -= readers
        if old in pinned:
            pinned.setdefault(new, pinned.pop(old))
        self.image[old] = new
        release(old, uses, pinned)
        return fresh

    def reverse(self) -> None:
        """Apply relations with several roots, in rounds of independent matches."""
        several = [r for r in self.rules if len(r.side(self.direction)[0].roots) > 1]
        if not several:
            return
        there = {x.op for x in self.uses}
        rules = [r for r in several if all(d.op in there for d in r.side(self.direction)[0].draws)]
        spent: set[tuple[Relation, frozenset[Expr]]] = set()
        while rules and len(self.steps) < (self.limit or 0):
            round_ = self._round(rules, spent)
            if not round_:
                return
            mapping: dict[Expr, Expr] = {}
            for step in round_:
                mapping.update(zip(step.old, step.new, strict=True))
            self.steps += round_
            self.roots = substitute(self.roots, mapping)

    def _round(
        self, rules: Sequence[Relation], spent: set[tuple[Relation, frozenset[Expr]]]
    ) -> list[Step]:
        order = toposort(self.roots)
        uses = count_uses_of(order)
        pinned = dict(zip(self.roots, self.names, strict=True))
        place = Place(uses, pinned)
        taken: list[Step] = []
        # What a step of this round touches, and what stands above it, waits for the next.
        touched: set[Expr] = set()
        for x in order:
            if any(isinstance(a, Expr) and a in touched for a in x.args):
                touched.add(x)
                if not any(x.op is r.side(self.direction)[0].roots[-1].op for r in rules):
                    continue
            for relation in rules:
                source, _ = relation.side(self.direction)
                if x.op is not source.roots[source.anchors[0]].op:
                    continue
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


def count_uses_of(order: Sequence[Expr]) -> dict[Expr, int]:
    """Count how many times each node of a sorted graph is taken as an argument."""
    uses = dict.fromkeys(order, 0)
    for x in order:
        for a in x.args:
            if isinstance(a, Expr):
                uses[a] += 1
    return uses


def survey(roots: Sequence[Expr]) -> tuple[list[Expr], dict[Expr, int]]:
    """List the nodes that have arguments, arguments first, and count how each node is read."""
    uses: dict[Expr, int] = {}
    order: list[Expr] = []
    stack: list[Any] = list(reversed(roots))
    pop, push = stack.pop, stack.append
    while stack:
        x = pop()
        if x.__class__ is list:
            order.append(x[0])
            continue
        if x in uses:
            continue
        uses[x] = 0
        args = x.args
        if x.op not in LEAVES:
            push([x])  # a mark: its arguments are done when it comes up
            for a in reversed(args):
                if isinstance(a, Expr) and a not in uses:
                    push(a)
    for x in order:
        for a in x.args:
            if isinstance(a, Expr):
                uses[a] += 1
    return order, uses


def enter(new: Expr, uses: dict[Expr, int]) -> list[Expr]:
    """Count what a new expression reads; list its nodes that were not in the graph."""
    fresh: list[Expr] = []
    stack = [new]
    while stack:
        x = stack[-1]
        if x in uses:
            stack.pop()
            continue
        ready = True
        if x.op in LEAVES:
            stack.pop()
            uses[x] = 0
            fresh.append(x)
            continue
        for a in x.args:
            if isinstance(a, Expr) and a not in uses:
                stack.append(a)
                ready = False
        if ready:
            stack.pop()
            uses[x] = 0
            fresh.append(x)
            for a in x.args:
                if isinstance(a, Expr):
                    uses[a] += 1
    return fresh


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the collector of cycles from walking a large graph again and again; graphs have none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def release(x: Expr, uses: dict[Expr, int], pinned: Mapping[Expr, str]) -> None:
    """Take a node that nothing reads out of the graph, and what only it read."""
    stack = [x]
    while stack:
        node = stack.pop()
        if uses.get(node) != 0 or node in pinned:
            continue
        del uses[node]
        if node.op in LEAVES:
            continue
        for a in node.args:
            if isinstance(a, Expr):
                uses[a] -= 1
                if uses[a] == 0:
                    stack.append(a)
