"""Search over the forms that relations reach: which there are, and what turns A into B.

Forms that differ in the order or the grouping of sums and products alone are one form.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from etuples import etuplize
from kanren.core import run
from unification import reify, unify, var

from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute, toposort
from astragal.logic.pattern import Side
from astragal.logic.soundness import Place, count_uses, readers_of
from astragal.logic.unify import as_graph
from astragal.logic.variables import is_ground
from astragal.logic.views import COMMUTATIVE, read_as
from astragal.random.check import check_keys

if TYPE_CHECKING:
    from astragal.logic.relation import Relation, Step

Goal = Callable[[Any], Iterator[Any]]
ASSOCIATIVE = frozenset({"add", "multiply", "maximum", "minimum", "logical_and", "logical_or"})


class Forms:
    """Numbers for expressions; two that are equal up to order and grouping have the same.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y, z = (ag.input(n) for n in "xyz")
    >>> forms = Forms()
    >>> forms(x + (y + z)) == forms((z + x) + y), forms(x - y) == forms(y - x)
    (True, False)
    """

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._known: dict[Expr, int] = {}
        self._terms: dict[Expr, Counter[int]] = {}

    def __call__(self, x: Expr) -> int:
        """Give the number of an expression's form."""
        found = self._known.get(x)
        if found is None:
            for node in toposort([x]):
                if node not in self._known:
                    self._known[node] = self._number(node)
            found = self._known[x]
        return found

    def _number(self, x: Expr) -> int:
        name = x.op.name
        parts: Any
        if name in ASSOCIATIVE:
            # A shared term counts as often as it stands there: no term is written out twice.
            terms: Counter[int] = Counter()
            for a in x.args:
                same = a.op is x.op and a.type == x.type
                terms.update(self._terms[a] if same else {self._known[a]: 1})
            self._terms[x] = terms
            parts = frozenset(terms.items())
        elif name in COMMUTATIVE:
            parts = frozenset(Counter(self._known[a] for a in x.args).items())
        elif not any(isinstance(a, Expr) for a in x.args):
            parts = x
        else:
            parts = tuple((self._known[a], None) if isinstance(a, Expr) else a for a in x.args)
        return self._numbers.setdefault((x.op, x.type, parts), len(self._numbers))


def neighbours(
    roots: tuple[Expr, ...],
    relations: Sequence[Relation],
    directions: Sequence[str] = ("forward", "backward"),
) -> Iterator[Step]:
    """List the single rewritings of a graph: each place, each relation, each direction."""
    nodes = toposort(roots)
    place = Place(count_uses(roots), dict.fromkeys(roots, "an output"), readers_of(nodes))
    for x in reversed(nodes):
        for relation in relations:
            for direction in directions:
                source, _ = relation.side(direction)
                if _may_stand(source, x):
                    yield from relation.steps_at(x, direction, place)


def _may_stand(source: Side, x: Expr) -> bool:
    return x.op.name in read_as(source.roots[source.anchors[0]])


def stepo(a: Any, b: Any, relations: Sequence[Relation]) -> Goal:
    """Make the goal that one rewriting, somewhere in it, turns a known graph into another."""

    def goal(state: Any) -> Iterator[Any]:
        x = as_graph(reify(a, state))
        if not isinstance(x, Expr):
            return
        for step in neighbours((x,), relations):
            s = unify(b, substitute((x,), dict(zip(step.old, step.new, strict=True)))[0], state)
            if s is not False:
                yield s

    return goal


def assoccommo(a: Any, b: Any) -> Goal:
    """Make the goal that two terms are equal up to the order and grouping of sums and products.

    Two graphs are compared as such, however large or shared they are. Where one of them holds
    unknowns, it is kanren's ``eq_assoccomm`` on their expression tuples, which knows of the
    operations that are facts of `kanren.assoccomm.associative` and ``commutative``.

    Examples
    --------
    >>> import astragal as ag
    >>> from kanren import run
    >>> x, y, z = (ag.input(n) for n in "xyz")
    >>> run(0, True, assoccommo(x + (y + z), (z + x) + y))
    (True,)
    """

    def goal(state: Any) -> Iterator[Any]:
        from kanren.assoccomm import eq_assoccomm

        reified: Any = reify((a, b), state)
        u, v = (as_graph(t) for t in reified)
        if all(isinstance(t, Expr) and is_ground(t) for t in (u, v)):
            form_of = Forms()
            if form_of(u) == form_of(v):
                yield state
            return
        terms = (etuplize(t, return_bad_args=True) for t in (u, v))
        found: Any = eq_assoccomm(*terms)  # type: ignore[no-untyped-call]
        yield from found(state)

    return goal


def _expression(x: Any, what: str) -> Expr:
    from astragal.logic.arguments import expression_given

    return expression_given(x, what)


def _count(limit: Any, what: str) -> int:
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ModelError(f"{what}: limit is {limit!r}, expected a number of forms")
    return limit


def rules_of(relations: Relation | Iterable[Relation]) -> tuple[Relation, ...]:
    """List relations one by one, families taken apart; conditional laws reach no form."""
    from astragal.logic.arguments import rules_given

    return tuple(r for r in rules_given(relations, "a search") if not r.held)


def equivalents(
    x: Expr, relations: Relation | Iterable[Relation], limit: int | None = None
) -> Iterator[Expr]:
    """List the forms of an expression that relations reach, nearest first, none twice.

    Parameters
    ----------
    x
        An expression; it is the first of its forms.
    relations
        Read in both directions.
    limit
        How many forms to give at most.

    Notes
    -----
    Every form's neighbours are taken in turn, one a round, so that a form with endlessly many
    does not keep the others waiting. Forms that differ only in the order or the grouping of
    sums and products count as one.

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.rewrites.convolutions import normal_convolution
    >>> x = ag.random.normal(ag.key(0), ag.input("m"), 2.0)
    >>> forms = ag.equivalents(x, [normal_convolution], limit=3)
    >>> [sum(n.op.name == "normal" for n in toposort([f])) for f in forms]
    [1, 2, 3]
    """
    rules = rules_of(relations)
    check_keys(_expression(x, "equivalents"))
    if limit is not None and _count(limit, "equivalents") < 1:
        return
    yield x
    form_of = Forms()
    seen = {form_of(x)}

    def new_forms(of: Expr) -> Iterator[Expr]:
        q = var()
        for y in run(None, q, stepo(of, q, rules)):
            number = form_of(y)
            if number not in seen:
                seen.add(number)
                yield y

    # A round: every stream in the queue gives one form, so that none starves the others.
    streams = deque([new_forms(x)])
    while streams and (limit is None or len(seen) < limit):
        stream = streams.popleft()
        form = next(stream, None)
        if form is None:
            continue
        yield form
        streams += [stream, new_forms(form)]


def path(
    a: Expr, b: Expr, relations: Relation | Iterable[Relation], limit: int = 200
) -> list[Step] | None:
    """Find a shortest derivation that turns one expression into another.

    Parameters
    ----------
    a, b
        The first and the last form; the order and the grouping of sums and products do not
        count.
    relations
        Read in both directions.
    limit
        How many forms to look at before giving up.

    Returns
    -------
    list of Step, or None
        None where there is none within the bound.

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.rewrites.convolutions import normal_convolution
    >>> k1, k2 = ag.split(ag.key(0))
    >>> normal = ag.random.normal
    >>> start = normal(k2, 1.0, 4.0) + normal(k1, 2.0, 3.0)
    >>> [step] = ag.path(start, normal(ag.key(0), 3.0, 5.0), normal_convolution)
    >>> step.direction
    'forward'
    """
    rules, limit = rules_of(relations), _count(limit, "path")
    for x in (a, b):
        check_keys(_expression(x, "path"))
    form_of = Forms()
    goal = form_of(b)
    came: dict[int, tuple[int, Step] | None] = {form_of(a): None}
    queue = deque([a])
    while queue and goal not in came and len(came) <= limit:
        x = queue.popleft()
        for step in neighbours((x,), rules):
            y = substitute((x,), dict(zip(step.old, step.new, strict=True)))[0]
            number = form_of(y)
            if number in came:
                continue
            came[number] = (form_of(x), step)
            queue.append(y)
            if number == goal:
                break
    if goal not in came:
        return None
    steps: list[Step] = []
    at = came[goal]
    while at is not None:
        steps.append(at[1])
        at = came[at[0]]
    return steps[::-1]
