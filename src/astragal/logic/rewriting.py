"""Rewriting whole graphs: relations applied to a fixpoint, each step recorded.

One pass goes through the shared graph, arguments first, with exact counts of who reads
what; a rewritten node is looked at again until nothing applies. Reversals, which replace
several nodes at once, are applied in rounds afterwards. Bodies of loops and branches come first,
each as a graph of its own. Nothing recurses, but into bodies of bodies.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, overload

from astragal.graph.expr import Expr
from astragal.graph.traverse import children, substitute, toposort
from astragal.graph.types import KeyType
from astragal.logic.arguments import expression_given, rules_given
from astragal.logic.bodies import HOLDERS, in_bodies
from astragal.logic.codegen import LEAVES, Facts
from astragal.logic.compiled import Matcher, Rule, is_live, matcher_of
from astragal.logic.compiled import Record as FastRecord
from astragal.logic.relation import Relation, Step
from astragal.logic.soundness import Place, readers_of
from astragal.random.check import check_keys
from astragal.random.distribution import is_random
from astragal.random.spent_once import spent_once


@dataclass(frozen=True, eq=False)
class Rewriting:
    """A rewritten graph and how it came about.

    Attributes
    ----------
    before, after
        The target and the result: an expression, a tuple of them, or a model.
    steps : sequence of Step
    refused : tuple of (Relation, Expr, str)
        Matches that may not be rewritten, where, and why.
    stopped : str
        Why the search ended.
    """

    before: Any
    after: Any
    steps: Sequence[Step]
    refused: tuple[tuple[Relation, Expr, str], ...]
    stopped: str

    def replay(self, count: int | None = None) -> Any:
        """Apply the first steps again to the target; without a number, all of them."""
        roots, _, rebuild = _open(self.before)
        return rebuild(replayed(roots, self.steps[: len(self.steps) if count is None else count]))

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


class Record(Sequence[Step]):
    """The steps of a rewriting; those of the fast path are written out when they are read."""

    __slots__ = ("_kept",)

    def __init__(self, kept: Sequence[Step | FastRecord]) -> None:
        self._kept = kept

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, index: int | slice) -> Step | tuple[Step, ...]:
        if isinstance(index, slice):
            return tuple(map(_written, self._kept[index]))
        return _written(self._kept[index])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Record):
            return self._kept is other._kept
        return isinstance(other, tuple) and tuple(self) == other

    __hash__ = None  # type: ignore[assignment]


def _written(step: Step | FastRecord) -> Step:
    return step[0].step(step) if isinstance(step, tuple) else step


def replayed(roots: Sequence[Expr], steps: Sequence[Step]) -> tuple[Expr, ...]:
    """Apply steps one after the other, each wherever its old nodes stand.

    Steps at single nodes came about arguments first: one walk in that order applies all of
    them, as long as each is met in its turn. What several nodes have become is substituted.
    """
    roots = tuple(roots)
    done = 0
    while done < len(steps):
        roots, met = _walked(roots, steps, done)
        if met == done:
            step = steps[done]
            roots = substitute(roots, dict(zip(step.old, step.new, strict=True)))
            met += 1
        done = met
    return roots


def _walked(
    roots: tuple[Expr, ...], steps: Sequence[Step], done: int
) -> tuple[tuple[Expr, ...], int]:
    """Apply the steps that one walk meets in their turn; give how many have been applied.

    A term that was rewritten and comes about again, elsewhere, is what it has become.
    """
    image: dict[Expr, Expr] = {}
    became: dict[Expr, Expr] = {}
    for x in survey(roots)[0]:
        y = x
        if any(isinstance(a, Expr) and a in image for a in x.args):
            y = x.op(*(image.get(a, a) if isinstance(a, Expr) else a for a in x.args))
        while True:
            if done < len(steps) and steps[done].old == (y,):
                old, [y] = y, steps[done].new
                became.pop(y, None)  # it was rewritten before, and is back
                became[old] = y
                done += 1
            elif y in became:
                y = became[y]
            else:
                break
        if y is not x:
            image[x] = y
    return tuple(image.get(r, r) for r in roots), done


def _open(target: Any) -> tuple[tuple[Expr, ...], tuple[str, ...], Any]:
    """Take a target apart: its roots, their names, and how to put others in their place."""
    if isinstance(target, Expr):
        return (target,), ("the output",), lambda roots: roots[0]
    if isinstance(target, (tuple, list)):
        names = tuple(f"output {i}" for i in range(len(target)))
        for x in target:
            expression_given(x, "a tuple for rewrite")
        return tuple(target), names, tuple
    variables = getattr(target, "variables", None)
    if not isinstance(variables, Mapping):
        expression_given(target, "rewrite, beside models and tuples,")
    assert isinstance(variables, Mapping)
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
        One relation or several. Of those that apply at a place, the one that removes the most
        random variables is taken, and of equals the first.
    direction
        ``"forward"`` or ``"backward"``. Where the new side is larger than the old one, what
        a relation has written is not rewritten by it again.
    explain
        Whether to give the whole `Rewriting`: steps, refused matches, undo.
    limit
        Most steps; by default some times the number of nodes.

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
    rules = rules_given(relations, "rewrite")
    roots, names, rebuild = _open(target)
    with collector_paused():
        order, uses = survey(roots)
        # The whole proof is needed only where the plain one does not see it.
        if not spent_once(order, uses):
            check_keys(*roots)
        run = _Run(rules, direction, roots, names, explain, limit, order, uses)
        run.all()
    result = rebuild(run.roots)
    if not explain:
        return result
    return Rewriting(target, result, Record(run.steps), tuple(run.refused), run.stopped)


_NO_RULES: frozenset[Rule] = frozenset()
Refusal = tuple[Relation, Expr, str]


@dataclass
class _Run:
    """The state of one rewriting."""

    rules: tuple[Relation, ...]
    direction: str
    roots: tuple[Expr, ...]
    names: tuple[str, ...]
    explain: bool
    limit: int | None
    order: list[Expr]
    uses: dict[Expr, int]
    steps: list[Step | FastRecord] = field(default_factory=list)
    refused: list[tuple[Relation, Expr, str]] = field(default_factory=list)
    stopped: str = "no relation applies any more"
    pinned: dict[Expr, str] = field(default_factory=dict)
    image: dict[Expr, Expr] = field(default_factory=dict)
    banned: dict[Expr, frozenset[Rule]] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)

    def all(self) -> None:
        """Apply all relations, in bodies first."""
        if any(x.op in HOLDERS for x in self.order):
            found = in_bodies(self.roots, self.order, self._inner)
            self.refused += found.refused
            if found.steps:
                self.steps += found.steps
                self.roots = found.roots
                self.order, self.uses = survey(self.roots)
        self.sweep()
        self.reverse()

    def _inner(self, outputs: tuple[Expr, ...]) -> tuple[Sequence[Step], Sequence[Refusal]]:
        """Rewrite the outputs of a body."""
        names = tuple(f"output {i} of the body" for i in range(len(outputs)))
        left = None if self.limit is None else max(self.limit - len(self.steps), 0)
        order, uses = survey(outputs)
        run = _Run(self.rules, self.direction, outputs, names, self.explain, left, order, uses)
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
        wanted = matcher.ops
        if not wanted:
            return
        rules = matcher.rules
        for x in self.order:
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

    def rebuilt(self, x: Expr) -> Expr:
        """Apply a node's operation to the images of its arguments, and move its readers."""
        image, uses = self.image, self.uses
        y = x.op(*(image.get(a, a) if isinstance(a, Expr) else a for a in x.args))
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
        uses[y] += uses.pop(x)
        if x in self.pinned:
            self.pinned.setdefault(y, self.pinned.pop(x))
        return y

    def settle(self, y: Expr, fitting: tuple[Rule, ...], matcher: Matcher) -> Expr:
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
            if y.op not in table or not (fitting := rules(y)):
                return y

    def inside(self, new: Expr, fresh: list[Expr], matcher: Matcher) -> Expr:
        """Rewrite below a new node, arguments first; give what it has become."""
        image = self.image
        for x in arguments_first(fresh):
            if x is new:
                continue
            y = x
            if any(isinstance(a, Expr) and a in image for a in x.args):
                y = self.rebuilt(x)
            if y.op in matcher.table and (fitting := matcher.rules(y)):
                y = self.settle(y, fitting, matcher)
            if y is not x:
                image[x] = y
        y = new
        if any(isinstance(a, Expr) and a in image for a in new.args):
            y = image[new] = self.rebuilt(new)
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

    def first(self, x: Expr, rules: tuple[Rule, ...]) -> tuple[Rule, Step | FastRecord] | None:
        """Find the first relation that applies at a node."""
        if len(self.steps) >= (self.limit or 0):
            return None
        refused = self.refused if self.explain else None
        banned = self.banned.get(x, _NO_RULES) if self.banned else _NO_RULES
        live = self.live(x)
        for rule in rules:
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
        return fresh

    def reverse(self) -> None:
        """Apply relations with several roots, in rounds of independent matches."""
        matcher = matcher_of(self.rules, self.direction, True)
        table, rules = matcher.table, matcher.rules
        if not any(x.op in table and rules(x) and self.live(x) for x in self.uses):
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
            for relation in [r.relation for r in rules]:
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
    """List the nodes that have arguments, arguments first, and count how each node is read.

    Leaves are not counted, but for keys: they never vanish.
    """
    uses: dict[Expr, int] = dict.fromkeys(roots, 0)
    seen: set[Expr] = set()
    order: list[Expr] = []
    stack: list[Any] = list(reversed(roots))
    pop, push = stack.pop, stack.append
    while stack:
        x = pop()
        if x.__class__ is list:
            order.append(x[0])
            continue
        if x in seen or x.op in LEAVES:
            continue
        seen.add(x)
        push([x])  # a mark: its arguments are done when it comes up
        for a in reversed(x.args):
            if isinstance(a, Expr) and a not in seen:
                push(a)
    del seen
    for x in order:
        if x not in uses:
            uses[x] = 0
        for a in x.args:
            if isinstance(a, Expr):
                if a in uses:
                    uses[a] += 1
                elif a.type.__class__ is KeyType:
                    uses[a] = 1
    return order, uses


def enter(new: Expr, uses: dict[Expr, int]) -> list[Expr]:
    """Count what a new expression reads; list its nodes that were not in the graph."""
    if new in uses:
        return []
    uses[new] = 0
    fresh = [new]
    for x in fresh:  # it grows on the way
        if x.op in LEAVES:
            continue
        for a in x.args:
            if isinstance(a, Expr):
                if a in uses:
                    uses[a] += 1
                elif a.op not in LEAVES or a.type.__class__ is KeyType:
                    uses[a] = 1
                    fresh.append(a)
    return fresh


def arguments_first(nodes: Sequence[Expr]) -> list[Expr]:
    """Sort nodes that stand above one another, looking at no others."""
    those = set(nodes)
    order: list[Expr] = []
    done: set[Expr] = set()
    stack = [(x, False) for x in nodes]
    while stack:
        x, ready = stack.pop()
        if x in done:
            continue
        if ready:
            done.add(x)
            order.append(x)
            continue
        stack.append((x, True))
        stack += [(a, False) for a in reversed(x.args) if isinstance(a, Expr) and a in those]
    return order


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
        for a in node.args:
            if isinstance(a, Expr) and a in uses:
                left = uses[a] = uses[a] - 1
                if not left:
                    stack.append(a)
