"""Expressions are terms of etuples, unification and kanren."""

# kanren is typed in part only.
# mypy: disable-error-code="attr-defined, no-untyped-call, arg-type, index"

import copy
import importlib.util
import pickle
from collections.abc import Iterator, Mapping

import kanren
import numpy as np
import pytest
from etuples import apply, etuple, etuplize, rands, rator
from kanren import conso, eq, fact, lall, membero, run
from kanren.assoccomm import associative, commutative, eq_assoc, eq_assoccomm, eq_comm
from kanren.constraints import isinstanceo, neq
from kanren.graph import reduceo, walko
from kanren.term import applyo
from multipledispatch.conflict import ambiguities
from unification import Var, isvar, reify, unify, var
from unification.core import _unify

import astragal as ag
from astragal.logic.search import assoccommo
from astragal.logic.unify import as_graph
from astragal.logic.variables import variable

x, y, z = (ag.input(n) for n in "xyz")
q_lv, r_lv = var("q"), var("r")
expression = ag.exp(x) + y * 2.0


def doubled(leaf: ag.Expr, depth: int) -> ag.Expr:
    for _ in range(depth):
        leaf = leaf + leaf
    return leaf


def test_etuples_registers_its_unification_only_where_packaging_is_installed() -> None:
    assert importlib.util.find_spec("packaging") is not None
    assert unify(etuple(1, q_lv), etuple(1, 2), {}) == {q_lv: 2}


def test_the_tuple_of_an_expression_evaluates_to_the_same_expression() -> None:
    term = etuplize(expression)
    assert term.evaled_obj is expression
    plain = etuple(ag.add, etuple(ag.exp, x), etuple(ag.multiply, y, ag.constant(2.0)))
    assert term == plain
    assert hash(term) == hash(plain)
    assert plain.evaled_obj is expression


def test_leaves_are_atoms() -> None:
    for leaf in (x, ag.constant(1.5), variable("m")):
        assert etuplize(leaf, return_bad_args=True) is leaf
        with pytest.raises(TypeError, match="atom"):
            etuplize(leaf)
        assert run(0, q_lv, conso(q_lv, r_lv, leaf)) == ()


def test_operator_and_operands_rebuild_the_expression() -> None:
    assert rator(expression) is ag.add
    assert apply(rator(expression), rands(expression)) is expression
    draw = ag.random.normal(ag.key(3), x, 2.0, size=(4,))
    assert apply(rator(draw), rands(draw)) is draw


def test_an_expression_unifies_with_a_tuple_of_variables() -> None:
    [(left, right)] = run(0, (q_lv, r_lv), eq(etuple(ag.add, q_lv, r_lv), expression))
    assert left is ag.exp(x)
    assert right is y * 2.0
    assert unify(etuple(ag.subtract, q_lv, r_lv), expression, {}) is False
    assert unify(etuple(q_lv, x), ag.sin(x), {}) == {q_lv: ag.sin}


def test_ground_expressions_unify_only_with_themselves() -> None:
    assert unify(expression, ag.exp(x) + y * 2.0, {}) == {}
    assert unify(expression, ag.exp(x) + y * 3.0, {}) is False


def test_a_variable_in_a_graph_is_a_logic_variable() -> None:
    m = variable("m")
    assert isvar(m)
    s = unify(ag.exp(m) + y * m, ag.exp(x) + y * x, {})
    assert s == {m: x}
    assert reify(ag.sin(m), s) is ag.sin(x)
    assert unify(ag.exp(m) + y * m, expression, {}) is False


def test_a_typed_variable_stands_only_for_its_type() -> None:
    m = variable("m")
    assert unify(m, ag.key(0), {}) is False
    assert unify(m, ag.input("v", shape=(3,)), {}) is False
    assert unify(m, 1.5, {}) == {m: 1.5}
    assert unify(m, True, {}) is False
    assert run(0, q_lv, eq(q_lv, m), eq(q_lv, ag.key(0))) == ()


def test_nothing_contains_itself() -> None:
    m = variable("m")
    assert unify(m, m + 1.0, {}) is False
    assert unify(q_lv, (1, q_lv), {}) is False
    assert unify((q_lv, r_lv), (etuple(ag.exp, r_lv), etuple(ag.exp, q_lv)), {}) is False


@pytest.mark.parametrize(
    ("constant", "number", "same"),
    [
        (ag.constant(1.0), 1.0, True),
        (ag.constant(1.0), 1, False),
        (ag.constant(1.0), True, False),
        (ag.constant(1), 1, True),
        (ag.constant(1), True, False),
        (ag.constant(True), True, True),
        (ag.constant(True), 1, False),
        (ag.constant(0.0), -0.0, False),
        (ag.constant(float("nan")), float("nan"), True),
        (ag.constant(0.5, "float32"), 0.5, True),
        (ag.constant([1.0, 2.0]), np.array([1.0, 2.0]), True),
        (ag.constant([1.0, 2.0]), np.array([1, 2]), False),
    ],
)
def test_a_constant_is_its_value_and_type(constant: ag.Expr, number: object, same: bool) -> None:
    assert (unify(constant, number, {}) == {}) is same
    assert (unify(number, constant, {}) == {}) is same
    assert (unify(q_lv, number, {q_lv: constant}) is not False) is same


def test_terms_without_expressions_unify_as_in_the_library() -> None:
    assert unify((1, q_lv), (1, [2, r_lv]), {}) == {q_lv: [2, r_lv]}
    assert unify({"a": q_lv}, {"a": expression}, {}) == {q_lv: expression}
    assert unify({"a": q_lv}, {"a": 2}, {q_lv: 1}) is False
    assert reify({"a": (q_lv, 1)}, {q_lv: expression}) == {"a": (expression, 1)}
    assert unify(1, True, {}) == {}


@pytest.mark.parametrize("depth", [40, 400])
def test_shared_parts_cost_nothing_extra(depth: int) -> None:
    pattern, graph = doubled(variable("a"), depth), doubled(x, depth)
    s = unify(pattern, graph, {})
    assert s == {variable("a"): x}
    assert reify(pattern, s) is graph
    assert unify(pattern, doubled(y, depth) + 1.0, {}) is False
    term = etuplize(graph)
    assert term == etuplize(graph)
    assert term != etuplize(doubled(y, depth))
    assert isinstance(hash(term), int)
    assert unify(term, graph, {}) == {}
    assert run(1, q_lv, eq(etuple(q_lv, r_lv, r_lv), term)) == (ag.add,)


def test_deep_chains_do_not_recurse() -> None:
    pattern, graph = variable("a"), x
    for _ in range(20_000):
        pattern, graph = ag.sin(pattern), ag.sin(graph)  # type: ignore[assignment]
    s = unify(pattern, graph, {})
    assert reify(pattern, s) is graph
    assert etuplize(graph).evaled_obj is graph


def test_goals_on_lists_take_terms_apart() -> None:
    [(head, tail)] = run(0, (q_lv, r_lv), conso(q_lv, r_lv, expression))
    assert head is ag.add
    assert tuple(tail) == expression.args
    assert run(0, q_lv, membero(q_lv, rands(expression))) == expression.args


def test_commutative_and_associative_goals_see_terms() -> None:
    fact(commutative, ag.add)
    fact(associative, ag.add)
    answers = run(0, q_lv, eq_comm(etuplize(x + y), q_lv))
    assert {a.evaled_obj for a in answers} == {x + y, y + x}
    assert len(run(0, q_lv, eq_comm(x + y, y + x))) == 1
    assert run(0, q_lv, eq_comm(x + y, y * x)) == ()
    pattern = etuple(ag.add, etuple(ag.add, z, q_lv), x)
    assert y in run(0, q_lv, eq_assoccomm(etuplize(x + (y + z)), pattern))


def test_a_fixed_point_is_reached_below_the_root() -> None:
    def doubleo(a: object, b: object) -> object:
        w = var()
        return lall(eq(a, etuple(ag.add, w, w)), eq(b, etuple(ag.multiply, 2.0, w)))

    graph = ag.exp(x + x) + ag.sin(y + y)
    found = run(1, q_lv, reduceo(lambda a, b: walko(doubleo, a, b), graph, q_lv))
    assert found[0].evaled_obj is ag.exp(2.0 * x) + ag.sin(2.0 * y)


def test_constraints_hold_of_expressions() -> None:
    assert run(0, q_lv, neq(q_lv, x), eq(q_lv, y)) == (y,)
    assert run(0, q_lv, neq(q_lv, x), eq(q_lv, x)) == ()
    assert run(0, q_lv, isinstanceo(q_lv, ag.Expr), eq(q_lv, x)) == (x,)
    open_term = ag.exp(variable("m"))
    assert run(0, q_lv, neq(q_lv, x), eq(q_lv, open_term)) == (open_term,)
    assert kanren.core.isground(open_term, {}) is False


def test_expressions_are_associative_without_being_written_as_tuples() -> None:
    fact(commutative, ag.add)
    fact(associative, ag.add)
    left, right = x + (ag.sin(y) + z), (x + ag.sin(y)) + z
    assert run(0, True, eq_assoc(left, right)) == (True,)
    assert run(1, True, eq_assoccomm(left, (z + ag.sin(y)) + x)) == (True,)
    assert run(0, True, eq_assoc(left, (z + x) + ag.sin(y))) == ()
    assert run(0, True, eq_assoccomm(left, x + ag.sin(y))) == ()
    assert run(0, True, assoccommo(ag.exp(left), ag.exp((z + x) + ag.sin(y)))) == (True,)
    assert run(0, True, assoccommo(left, x + ag.sin(y))) == ()
    assert y in run(0, q_lv, assoccommo(x + (y + z), etuple(ag.add, etuple(ag.add, z, q_lv), x)))
    assert run(0, True, eq_assoc(x - (y - z), (x - y) - z)) == ()  # no such fact of subtract
    assert right in [as_graph(f) for f in run(0, q_lv, eq_assoc(left, q_lv))]
    vector = ag.input("v", shape=(3,))
    assert run(0, True, eq_assoc(vector + (vector + 1.0), (vector + vector) + 1.0)) == (True,)


@pytest.mark.parametrize("depth", [40, 400])
def test_goals_on_doubled_graphs_end(depth: int) -> None:
    fact(commutative, ag.add)
    fact(associative, ag.add)
    graph = doubled(x, depth)
    assert run(1, True, eq_comm(graph, graph)) == (True,)
    assert run(1, True, eq_assoccomm(graph, graph)) == (True,)
    assert run(1, True, assoccommo(graph + (x + y), (y + graph) + x)) == (True,)
    assert run(1, True, assoccommo(graph, doubled(y, depth))) == ()
    assert run(1, q_lv, conso(ag.add, q_lv, graph))[0][0] is graph.args[0]
    assert run(0, True, neq(q_lv, graph), eq(q_lv, graph)) == ()


@pytest.mark.parametrize("depth", [40, 400])
def test_expressions_and_their_tuples_are_copied_and_pickled_as_what_they_are(depth: int) -> None:
    graph = doubled(x, depth)
    term = etuplize(graph)
    for copied in (copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))):
        assert copied(graph) is graph
        assert copied(term) == term
        assert copied(term).evaled_obj is graph
    assert len({hash(graph), hash(doubled(x, depth))}) == 1
    assert graph != doubled(y, depth)


def test_an_operation_is_related_to_its_arguments_both_ways() -> None:
    assert run(0, (q_lv, r_lv), applyo(q_lv, r_lv, ag.sin(x))) == ((ag.sin, etuple(x)),)
    assert run(0, q_lv, applyo(ag.multiply, (x, y), q_lv)) == (x * y,)
    draw = ag.random.normal(ag.key(3), x, 2.0)
    [args] = run(0, r_lv, applyo(draw.op, r_lv, draw))
    assert args[2:] == (x, ag.constant(2.0))


def test_relations_are_goals_among_others() -> None:
    from astragal.logic.goals import conditiono
    from astragal.rewrites.convolutions import normal_convolution

    k1, k2 = ag.split(ag.key(0))
    normal = ag.random.normal
    total = normal(k1, x, 3.0) + normal(k2, y, 4.0)
    assert run(0, q_lv, normal_convolution(total, q_lv)) == (normal(ag.key(0), x + y, 5.0),)
    # Written as plain tuples, and below the root.
    plain = etuple(ag.add, etuple(normal.op, k1, None, x, 3.0), etuple(normal.op, k2, None, y, 4.0))
    assert run(0, q_lv, normal_convolution(plain, q_lv)) == (normal(ag.key(0), x + y, 5.0),)
    [found] = run(1, q_lv, walko(normal_convolution, ag.exp(total), q_lv))
    assert found.evaled_obj is ag.exp(normal(ag.key(0), x + y, 5.0))
    # A spread that is asked for, with a condition on it.
    s_lv = variable("s")
    part = etuple(ag.add, etuple(normal.op, k1, None, 1.0, s_lv), r_lv)
    whole = normal(ag.key(0), 0.0, 5.0)
    for limit, answers in ((3.0, (3.0,)), (2.0, ())):
        goals = (
            eq(s_lv, 3.0),
            conditiono(s_lv <= limit),
            eq(q_lv, part),
            normal_convolution(q_lv, whole),
        )
        assert run(0, s_lv, *goals) == answers


def test_another_library_s_sort_of_variable_stands_beside_expressions() -> None:
    class Only(Var):  # type: ignore[misc]
        """A variable with a rule of its own, as PyTensor has one: it takes floats alone."""

        __slots__ = ()

    def rule(u: object, v: object, s: dict[object, object]) -> Iterator[object]:
        v, u = (u, v) if isinstance(u, Only) else (v, u)
        yield {**s, v: u} if isinstance(u, float) else False

    before = set(_unify.funcs)
    for pair in ((Only, (Only, Var, object)), (object, Only)):
        _unify.add((*pair, Mapping), rule)
    x, only = ag.input("x"), Only()
    assert ambiguities(_unify.funcs)
    assert unify({"a": x + 1.0}, {"a": x + 1.0}, {}) == {}
    assert not ambiguities(_unify.funcs)
    assert unify({"a": only}, {"a": 1.5}, {}) == {only: 1.5}
    assert unify({"a": x}, {"a": only}, {}) is False
    for signature in set(_unify.funcs) - before:
        del _unify.funcs[signature]
    _unify.reorder()
    _unify._cache.clear()
