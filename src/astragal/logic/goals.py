"""Relations as kanren goals, and search over the forms that they reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from cons.core import ConsPair
from etuples.core import ExpressionTuple
from kanren.constraints import ConstrainedState, ConstraintStore
from kanren.core import lany
from unification import isvar
from unification import reify as library_reify
from unification import unify as library_unify

from astragal.graph.errors import KeyReuseError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant
from astragal.graph.traverse import substitute
from astragal.graph.types import KeyType, TensorType
from astragal.logic.algebra import decide, same_value
from astragal.logic.build import assign_keys, build_side
from astragal.logic.facts import LEAVES, Facts
from astragal.logic.match import Match, match, settle
from astragal.logic.pattern import Side, accepts
from astragal.logic.soundness import Place, count_uses
from astragal.logic.unify import as_graph
from astragal.logic.variables import Variable, fresh, is_ground, variables_of
from astragal.logic.views import COMMUTATIVE
from astragal.ops.declare import as_expr
from astragal.random.check import check_keys

if TYPE_CHECKING:
    from astragal.logic.relation import Relation

State = Any
Goal = Callable[[State], Iterator[State]]


class ConditionStore(ConstraintStore):
    """Conditions on logic variables, such as ``0 < s`` and ``s <= t``.

    A state fails as soon as a condition is seen to fail; what is seen to hold is dropped.
    """

    op_str = "where"

    def pre_unify_check(self, lvar_map: Any, lvar: Any = None, value: Any = None) -> bool:
        """Nothing is known before."""
        return True

    def post_unify_check(
        self, lvar_map: Any, lvar: Any = None, value: Any = None, old_state: Any = None
    ) -> bool:
        """Look at every condition again, with what is bound now."""
        for c in list(self.lvar_constraints):
            now = library_reify(c, lvar_map)
            verdict = decide(now) if isinstance(now, Expr) else None
            if verdict is False:
                return False
            if verdict is True:
                del self.lvar_constraints[c]
        return True


def conditiono(*conditions: Expr) -> Goal:
    """Make the goal that conditions on typed logic variables hold.

    Examples
    --------
    >>> from kanren import eq, run
    >>> from astragal.logic.variables import variable
    >>> s = variable("s")
    >>> run(0, s, conditiono(s > 0.0), eq(s, 2.0)), run(0, s, conditiono(s > 0.0), eq(s, -2.0))
    ((2.0,), ())
    """

    def goal(state: State) -> Iterator[State]:
        if not conditions:
            yield state
            return
        state = _constrained(state)
        store = state.constraints[ConditionStore]
        for c in conditions:
            store.lvar_constraints[c] = {c}
        if store.post_unify_check(state.data):
            yield state

    return goal


def _constrained(state: State) -> Any:
    """Copy a state as one that holds conditions."""
    known = isinstance(state, ConstrainedState)
    out = state.copy() if known else ConstrainedState(state)  # type: ignore[no-untyped-call]
    if ConditionStore not in out.constraints:
        out.constraints[ConditionStore] = ConditionStore()  # type: ignore[no-untyped-call]
    return out


def conditions_on(x: Any, state: State) -> tuple[Expr, ...]:
    """List what a state demands of the logic variables of a term."""
    if not isinstance(state, ConstrainedState) or not isinstance(x, Expr):
        return ()
    mine = set(variables_of(x))
    store = state.constraints.get(ConditionStore)
    held = store.lvar_constraints if store is not None else ()
    return tuple(c for c in held if mine & set(variables_of(c)))


def _graph(x: Any, n: int) -> tuple[Expr, ...] | None:
    """Give the expressions that a term is; None where it is not known well enough."""
    parts = x if n > 1 and isinstance(x, (tuple, list)) else (x,)
    if len(parts) != n:
        return None
    out = [as_graph(p) for p in parts]
    if all(isinstance(p, Expr) and not isinstance(p, Variable) for p in out):
        return tuple(out)
    return None


def _term(roots: tuple[Expr, ...]) -> Any:
    return roots[0] if len(roots) == 1 else roots


def relation_goal(relation: Relation, lhs: Any, rhs: Any) -> Goal:
    """Make the goal that two terms are the two sides of a relation.

    A side that is known is rewritten, and the result unified with the other. Where the
    known side does not determine a parameter of the other, the answer holds a typed logic
    variable, with its conditions among the constraints of the state.
    """
    if relation.expand is not None:
        goals = [relation_goal(member, lhs, rhs) for member in relation.members]
        either: Goal = lany(*goals)
        return either

    def goal(state: State) -> Iterator[State]:
        left, right = library_reify((lhs, rhs), state)  # pyright: ignore[reportGeneralTypeIssues]
        n = len(relation.left.roots)
        if n > 1:  # several outputs may be written as a list as well
            left, right = (tuple(x) if type(x) is list else x for x in (left, right))
        l_graph, r_graph = _graph(left, n), _graph(right, n)
        seen: list[tuple[Expr, ...]] = []
        closed_left = l_graph is not None and all(map(is_ground, l_graph))
        if l_graph is not None and (closed_left or r_graph is None):
            yield from _known(relation, l_graph, "forward", left, right, state, seen)
            return
        if r_graph is not None:
            yield from _known(relation, r_graph, "backward", right, left, state, seen)
            return
        yield from _unknown(relation, left, right, state)

    return goal


def _known(
    relation: Relation,
    roots: tuple[Expr, ...],
    direction: str,
    given: Any,
    other: Any,
    state: State,
    seen: list[tuple[Expr, ...]],
) -> Iterator[State]:
    source, target = relation.side(direction)
    first = Match(source, {})
    place = Place(count_uses(roots))
    quick = _compiled(relation, roots, direction, place) if isvar(other) else None
    if quick is not None:
        if spends_twice(roots):
            return
        # The other ways to match are looked for when they are asked for.
        seen.append((quick,))
        yield from _unified(quick, other, state)
    hints = source.positive | target.positive

    def all_roots(places: tuple[int, ...], m: Match) -> Iterator[Match]:
        if not places:
            yield m
            return
        for found in match(source.roots[places[0]], roots[places[0]], m):
            yield from all_roots(places[1:], found)

    for found in all_roots(source.anchors, first):
        for partly, told in _told(relation, found, target, other, state):
            settled = list(settle(partly, hints=hints)) or list(
                settle(partly, witness="open", hints=hints)
            )
            for m in settled:
                for v in relation.variables:
                    if v not in m.env and not isinstance(v.type, KeyType) and v in _wanted(target):
                        m.env[v] = fresh(v)
                step = relation.finish(m, target, direction, place)
                if step is not None and relation.kind != "sure" and spends_twice(roots):
                    return
                if step is None or (told and not _agree(m, told)):
                    continue
                if any(same_form(step.new, old) for old in seen):
                    continue
                seen.append(step.new)
                for s in _unified(_term(step.new), other, state):
                    free = variables_of(*step.new)
                    wanted = [m.env[v] > 0.0 for v in hints if m.env.get(v) in free]
                    yield from conditiono(*wanted, *step.conditions)(s)


def _compiled(
    relation: Relation, roots: tuple[Expr, ...], direction: str, place: Place
) -> Expr | None:
    """Give the first form by the compiled matcher, where all is known and parameters are leaves.

    Numbers and larger parameters are brought to a short form, for which the general way looks
    further.
    """
    from astragal.logic.compiled import rule_of

    if len(roots) != 1 or relation.expand is not None:
        return None
    x = roots[0]
    fast = rule_of(relation, direction).fast
    if not fast or not is_ground(x):
        return None
    uses = dict(place.uses)
    for rule in fast:
        found = rule(x, uses, {}, Facts())
        if found is not None:
            new, values = found
            return new if all(v.op in LEAVES and not is_constant(v) for v in values) else None
    return None


def spends_twice(roots: tuple[Expr, ...]) -> bool:
    """Tell whether a graph without unknowns spends a key twice: it has no law then."""
    if not all(map(is_ground, roots)):
        return False
    try:
        check_keys(*roots)
    except KeyReuseError:
        return True
    return False


def same_form(a: tuple[Expr, ...], b: tuple[Expr, ...]) -> bool:
    """Tell whether two rewritings differ at most in the order of sums and products."""
    return all(x is y or _same_node(x, y) for x, y in zip(a, b, strict=True))


def _same_node(x: Expr, y: Expr) -> bool:
    if x.op is not y.op or len(x.args) != len(y.args):
        return False
    for a, b in zip(x.args, y.args, strict=True):
        if a is b or (not isinstance(a, Expr) and not isinstance(b, Expr) and a == b):
            continue
        if not (isinstance(a, Expr) and isinstance(b, Expr) and same_value(a, b)):
            return False
    return True


def _wanted(target: Side) -> set[Expr]:
    return {x for x in target.order if isinstance(x, Variable)}


def _agree(m: Match, told: Mapping[Expr, Expr]) -> bool:
    return all(m.env.get(v) is x for v, x in told.items())


def _told(
    relation: Relation, found: Match, target: Side, other: Any, state: State
) -> Iterator[tuple[Match, dict[Expr, Expr]]]:
    """Read from the other side, as far as it is written, values of the statement's variables."""
    if isvar(other) or _opaque(other):
        yield found, {}
        return
    skeleton = found.copy()
    skeleton.equations = []
    letters: dict[Expr, Variable] = {}
    for v in _wanted(target):
        if v not in skeleton.env and not isinstance(v.type, KeyType):
            assert isinstance(v, Variable)
            skeleton.env[v] = letters[v] = fresh(v)
    keys = assign_keys(skeleton, target, exact=relation.kind == "sure")
    built = None if keys is None else build_side(skeleton, target, keys)
    if built is None:
        return
    shapes = [_term(built)]
    root = built[0]
    if len(built) == 1 and root.op.name in COMMUTATIVE:
        shapes.append(root.op(root.args[1], root.args[0]))
    for shape in shapes:
        s = library_unify(shape, other, state)
        if s is False:
            # The written part may hold a computed parameter in another form.
            continue
        out = found.copy()
        told: dict[Expr, Expr] = {}
        for v, x in letters.items():
            value = as_graph(library_reify(x, s))
            if isinstance(value, (int, float)):
                value = as_expr(value, v.type.dtype)  # type: ignore[union-attr]
            if isinstance(value, Expr) and not isinstance(value, Variable):
                if not accepts(v.type, value.type):
                    break
                out.env[v] = told[v] = value
        else:
            yield out, told


def _opaque(x: Any) -> bool:
    return not isinstance(x, (Expr, ExpressionTuple, tuple, list, ConsPair))


def _unified(new: Any, other: Any, state: State) -> Iterator[State]:
    s = library_unify(new, other, state)
    if s is not False:
        yield s
        return
    if isinstance(new, Expr) and new.op.name in COMMUTATIVE:
        s = library_unify(new.op(new.args[1], new.args[0]), other, state)
        if s is not False:
            yield s


def _unknown(relation: Relation, left: Any, right: Any, state: State) -> Iterator[State]:
    """Neither side is known as a whole: the statement itself, with what the parts tell."""
    n = len(relation.left.roots)
    ways = [_either_way_round(p) for p in (*relation.left.roots, *relation.right.roots)]
    if not any(map(_written, (left, right))):
        ways = [way[:1] for way in ways]  # all answers are one
    for roots in product(*ways):
        yield from _partly(relation, Side(roots), n, (left, right), state)


def _written(side: Any) -> bool:
    """Whether anything of a side is known."""
    return not isvar(side) and not (isinstance(side, tuple) and all(map(isvar, side)))


def _either_way_round(p: Expr) -> tuple[Expr, ...]:
    """Give a sum or a product with its terms in either order."""
    return (p, p.op(*reversed(p.args))) if p.op.name in COMMUTATIVE else (p,)


def _partly(
    relation: Relation, whole: Side, n: int, sides: tuple[Any, Any], state: State
) -> Iterator[State]:
    """Read what two sides tell in part, solve for the rest, and unify both with the statement."""
    left, right = sides
    given = [part for side in sides for part in _parts(side, n)]
    hints = relation.left.positive | relation.right.positive
    for read in _read_all(whole.roots, given, Match(whole, {})):
        told = dict(read.equations)
        for m in list(settle(read, hints=hints)) or list(settle(read, witness="open", hints=hints)):
            names: dict[Expr, Expr] = {
                v: m.env[v] if v in m.env else fresh(v) for v in relation.variables
            }
            built = substitute(whole.roots, {**names, **told})
            s = library_unify(_term(built[:n]), left, state)
            s = s if s is False else library_unify(_term(built[n:]), right, s)
            if s is not False:
                positive = [names[v] > 0.0 for v in hints if v in names]
                conditions = substitute((*relation.where, *m.conditions), names)
                yield from conditiono(*positive, *conditions)(s)


def _parts(side: Any, n: int) -> tuple[Any, ...]:
    """Give what is written for each of n outputs; None where nothing is."""
    if n == 1:
        return (side,)
    return tuple(side) if isinstance(side, (tuple, list)) and len(side) == n else (None,) * n


def _read_all(ps: tuple[Expr, ...], given: list[Any], m: Match) -> Iterator[Match]:
    if not ps:
        yield m
        return
    for found in _read(ps[0], given[0], m):
        yield from _read_all(ps[1:], given[1:], found)


def _read(p: Expr, given: Any, m: Match) -> Iterator[Match]:
    """Read values of letters from a term that is known in part; the rest is unified later."""
    if given is None or isvar(given) or isinstance(p.type, KeyType):
        yield m
        return
    x = as_graph(given)
    if isinstance(x, Expr) and is_ground(x):
        yield from match(p, x, m)
        return
    if isinstance(x, (int, float)) and isinstance(p.type, TensorType):
        yield from match(p, as_expr(x, p.type.dtype), m)
        return
    term = getattr(given, "_tuple", given)
    drawn = p in m.side.random or any(y in m.side.random for y in m.side.below[p])
    if drawn and isinstance(term, tuple) and len(term) == len(p.args) + 1:
        pairs = [(a, b) for a, b in zip(p.args, term[1:], strict=True) if isinstance(a, Expr)]
        yield from _read_all(tuple(a for a, _ in pairs), [b for _, b in pairs], m)
    else:
        yield m
