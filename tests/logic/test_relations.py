"""One statement, every use: forward, backward, as a goal, as text."""

# kanren is typed in part only.
# mypy: disable-error-code="attr-defined, no-untyped-call, arg-type, index"

import pickle
from collections.abc import Iterator

import pytest
from etuples import etuple
from kanren import eq, run
from unification import var

import astragal as ag
from astragal.logic.algebra import decide, same_value, simplify
from astragal.logic.goals import conditions_on
from astragal.logic.solve import solve
from astragal.logic.variables import variables_of
from astragal.random import gamma, negative_binomial, normal, poisson
from astragal.rewrites.convolutions import normal_convolution

K = ag.key(0)
k1, k2 = ag.split(K)
a, b, c, d, m, s = (ag.input(n) for n in "abcdms")
two = normal(k1, a, b) + normal(k2, c, d)
one = normal(K, m, s)
q_lv, r_lv = var("q"), var("r")


@ag.relation("reversal", source="Gelman et al., BDA3, section 2.6")
def gamma_poisson(kλ: ag.Key, ky: ag.Key, α, β) -> Iterator[tuple[ag.Expr, ag.Expr]]:  # type: ignore[no-untyped-def]
    λ = gamma(kλ, α, rate=β)
    yield λ, poisson(ky, λ)
    y = negative_binomial(ky, α, β / (β + 1))
    yield gamma(kλ, α + y, rate=β + 1), y


@ag.relation("sure", source="definition")
def standardise(k: ag.Key, m, s):  # type: ignore[no-untyped-def]
    return normal(k, m, s), m + s * normal(k, 0.0, 1.0)


@ag.relation("in law", source="scaling")
def scaled(k: ag.Key, c, s):  # type: ignore[no-untyped-def]
    return c * normal(k, 0.0, s), normal(k, 0.0, ag.abs(c) * s)


# -- forward and backward ---------------------------------------------------------------------


def test_the_sum_of_two_normals_is_a_normal_of_the_parent_key() -> None:
    assert normal_convolution.forward(two) is normal(K, a + c, ag.sqrt(b**2 + d**2))


def test_a_normal_is_the_sum_of_a_given_one_and_what_remains() -> None:
    assert normal_convolution.backward(one, m1=a, s1=b) is (
        normal(k1, a, b) + normal(k2, m - a, ag.sqrt(s**2 - b**2))
    )


@pytest.mark.parametrize(
    ("mean", "deviation", "bindings"),
    [
        (m, s, {"m1": a, "s1": b}),
        (m, s, {"m1": 1.0, "s1": 0.5}),
        (m, s, {"m1": a}),
        (m, s, {}),
        (m * 2.0, ag.exp(s), {"m1": a - m, "s1": 0.25}),
        (3.0, 5.0, {"m1": 1.0, "s1": 3.0}),
        (3.0, 5.0, {"m1": 0.1, "s1": 0.3}),
        (0.7, 1.1, {}),
    ],
)
def test_expanding_and_contracting_gives_the_same_expression(
    mean: object, deviation: object, bindings: dict[str, object]
) -> None:
    x = normal(K, mean, deviation)
    expanded = normal_convolution.backward(x, **bindings)
    assert expanded is not None
    assert expanded is not x
    assert normal_convolution.forward(expanded) is x


def test_nothing_remains_of_a_normal_smaller_than_the_given_one() -> None:
    assert normal_convolution.backward(normal(K, 3.0, 5.0), m1=1.0, s1=6.0) is None
    assert normal_convolution.backward(one, m1=1.0, s1=-6.0) is None


def test_a_condition_that_is_not_known_is_carried_along() -> None:
    from astragal.logic.soundness import Place, count_uses

    place = Place(count_uses((one,)))
    [step] = normal_convolution.steps((one,), "backward", {"m1": a, "s1": b}, place)
    assert step.conditions == (b <= s,)
    assert "provided b <= s" in str(step)


def test_keys_that_are_not_all_children_of_one_split_are_reused() -> None:
    keys = ag.split(K, 5)
    x = normal(keys[3], a, b) + normal(keys[1], c, d)
    assert normal_convolution.forward(x) is normal(keys[3], a + c, ag.sqrt(b**2 + d**2))


def test_children_in_any_order_give_their_parent_back() -> None:
    x = normal(k2, c, d) + normal(k1, a, b)
    assert normal_convolution.forward(x).args[0] is K


@pytest.mark.parametrize(
    "x",
    [
        normal(k1, a, b) - -normal(k2, c, d),
        ag.negative(-normal(k1, a, b)) + normal(k2, c, d),
    ],
)
def test_sums_are_found_in_other_forms(x: ag.Expr) -> None:
    # The second is a sum of a double negation: a form that is not read as a bare draw.
    found = normal_convolution.forward(x)
    assert found is None or found is normal(K, a + c, ag.sqrt(b**2 + d**2))


@pytest.mark.parametrize(
    ("form", "factor"),
    [
        (lambda x: 2.0 * x, 2.0),
        (lambda x: x * 2.0, 2.0),
        (lambda x: x / 0.5, 2.0),
        (lambda x: -x, 1.0),
    ],
)
def test_products_are_found_in_other_forms(form, factor: float) -> None:  # type: ignore[no-untyped-def]
    found = scaled.forward(form(normal(k1, 0.0, 3.0)))
    assert found is normal(k1, 0.0, 3.0 * factor)


def test_a_reversal_turns_a_pair_round_and_back() -> None:
    λ = gamma(k1, a, rate=b)
    y = poisson(k2, λ)
    new_λ, new_y = gamma_poisson.forward((λ, y))
    assert new_y is negative_binomial(k2, a, b / (b + 1))
    assert new_λ is gamma(k1, a + new_y, rate=b + 1)
    assert gamma_poisson.backward((new_λ, new_y)) == (λ, y)


def test_a_reversal_holds_element_by_element() -> None:
    λ = gamma(k1, 2.0, rate=4.0, size=(3,))
    y = poisson(k2, λ)
    new_λ, new_y = gamma_poisson.forward((λ, y))
    assert new_y.shape == new_λ.shape == (3,)
    assert gamma_poisson.backward((new_λ, new_y)) == (λ, y)
    assert gamma_poisson.forward((λ, poisson(k2, λ, size=(2, 3)))) is None
    scalar_λ = gamma(k1, 2.0, rate=4.0)
    assert gamma_poisson.forward((scalar_λ, poisson(k2, scalar_λ, size=(3,)))) is None


def test_a_sure_identity_keeps_the_key_itself() -> None:
    x = normal(k2, a, b)
    assert standardise.forward(x) is a + b * normal(k2, 0.0, 1.0)
    assert standardise.backward(standardise.forward(x)) is x


def test_relations_hold_element_by_element() -> None:
    v = ag.input("v", shape=(3,))
    x = normal(k1, v, 1.0) + normal(k2, 0.0, 2.0, size=(3,))
    assert normal_convolution.forward(x) is normal(K, v + 0.0, ag.sqrt(5.0)) or (
        normal_convolution.forward(x).args[2] is v
    )
    assert normal_convolution.forward(x).shape == (3,)


def test_single_precision_stays_single() -> None:
    n, t = ag.input("n", dtype="float32"), ag.input("t", dtype="float32")
    x = normal(k1, n, t) + normal(k2, n, t)
    assert normal_convolution.forward(x).dtype == "float32"


def test_a_statement_must_have_two_sides_of_one_type() -> None:
    with pytest.raises(ag.ModelError, match="gives 3 sides"):
        ag.relation("in law")(lambda x, y, z: (x, y, z))
    with pytest.raises(ag.ModelError, match="types"):
        ag.relation("in law")(lambda x: (x, ag.less(x, 1.0)))
    with pytest.raises(ag.ModelError, match="kind"):
        ag.relation("almost")


def test_unknown_bindings_and_directions_are_errors() -> None:
    with pytest.raises(TypeError, match="no variable 'm3'"):
        normal_convolution.backward(one, m3=1.0)
    with pytest.raises(TypeError, match="expected float64"):
        normal_convolution.backward(one, m1=K)
    with pytest.raises(TypeError, match="takes expressions"):
        normal_convolution.forward(3.0)


def test_a_relation_is_pickled_by_name() -> None:
    assert pickle.loads(pickle.dumps(normal_convolution)) is normal_convolution


def test_conditions_that_do_not_hold_keep_a_relation_away() -> None:
    @ag.relation("in law", where=lambda c: c > 0.0)
    def positive(k: ag.Key, c, s):  # type: ignore[no-untyped-def]
        return c * normal(k, 0.0, s), normal(k, 0.0, c * s)

    x = normal(k1, 0.0, s)
    assert positive.forward(2.0 * x) is normal(k1, 0.0, 2.0 * s)
    assert positive.forward(-2.0 * x) is None
    assert positive.forward(a * x) is None  # unknown is not true
    assert positive.forward(ag.exp(a) * x) is not None


# -- as a goal ---------------------------------------------------------------------------------


def test_the_goal_runs_in_both_directions() -> None:
    assert run(0, q_lv, normal_convolution(two, q_lv)) == (normal_convolution.forward(two),)
    [expanded] = run(0, q_lv, normal_convolution(q_lv, one))
    free = variables_of(expanded)
    assert [str(v.args[0])[:2] for v in free] == ["m1", "s1"]
    assert run(0, True, normal_convolution(two, normal_convolution.forward(two))) == (True,)
    assert run(0, True, normal_convolution(two, one)) == ()


def test_free_parameters_are_logic_variables_that_later_goals_bind() -> None:
    wanted = normal_convolution.backward(one, m1=a, s1=b)
    goals = normal_convolution(q_lv, one), eq(q_lv, wanted)
    assert run(0, q_lv, *goals) == (wanted,)


def test_conditions_are_constraints() -> None:
    x = normal(K, m, 5.0)
    for deviation, answers in ((3.0, 1), (6.0, 0)):
        first = etuple(normal.op, k1, None, 1.0, deviation)
        goal = eq(q_lv, etuple(ag.add, first, r_lv))
        assert len(run(0, q_lv, normal_convolution(q_lv, x), goal)) == answers
        assert len(run(0, q_lv, goal, normal_convolution(q_lv, x))) == answers
    [state] = normal_convolution(q_lv, x)({})
    from unification import reify

    assert len(conditions_on(reify(q_lv, state.data), state)) == 2


def test_a_known_summand_gives_the_other() -> None:
    first = etuple(normal.op, k1, None, a, b)
    answers = run(0, r_lv, normal_convolution(etuple(ag.add, first, r_lv), one))
    assert normal(k2, m - a, ag.sqrt(s**2 - b**2)) in answers


def test_both_sides_unknown_give_the_statement() -> None:
    [(left, right)] = run(0, (q_lv, r_lv), normal_convolution(q_lv, r_lv))
    assert left.op is ag.add
    assert right.op is normal.op


# -- as text -------------------------------------------------------------------------------------


def test_the_statement_is_written_without_keys() -> None:
    assert normal_convolution.text == (
        "normal(m1, s1) + normal(m2, s2)  ~  normal(m1 + m2, sqrt(s1**2 + s2**2))"
    )
    assert gamma_poisson.text == (
        "X ~ gamma(α, β), Y ~ poisson(X)  <=>  "
        "X ~ gamma(α + Y, β + 1), Y ~ negative_binomial(α, β / (β + 1))"
    )
    assert r"\mathcal{N}\left(m_{1}, s_{1}^{2} \right)" in normal_convolution.latex


# -- the algebra ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "simple"),
    [
        (a + (m - a), m),
        (ag.sqrt(a**2 + ag.sqrt(s**2 - a**2) ** 2), ag.abs(s)),
        (2.0 * m / 0.5, 4.0 * m),
        (m * m / m, m),
        (ag.constant(0.1) + (ag.constant(0.7) - 0.1), ag.constant(0.7)),
        (m + a, m + a),
        (m + m, m + m),
        (ag.exp(ag.log(m)) - 0.0, m),
        (ag.sqrt(2.0) * ag.sqrt(2.0) * m, 2.0 * m),
    ],
)
def test_what_cancels_is_left_out(x: ag.Expr, simple: ag.Expr) -> None:
    assert simplify(x) is simple


def test_the_root_of_a_square_is_an_absolute_value() -> None:
    assert simplify(ag.sqrt(s**2)) is not s
    assert simplify(ag.sqrt(s**2), [s]) is s
    assert not same_value(ag.sqrt(s**2), s)
    assert not same_value(a / b * b, a + b)


def test_equations_are_solved_for_one_unknown() -> None:
    assert solve(d / (d + 1.0), m / (m + 1.0), d).value is m  # type: ignore[union-attr]
    assert solve(a + ag.sin(d), m, d) is None
    assert solve(ag.exp(d) * a, m, d).value is ag.log(m / a)  # type: ignore[union-attr]


def test_conditions_are_decided_where_they_can_be() -> None:
    assert decide(ag.constant(2.0) < 3.0) is True
    assert decide(a + 1.0 > a) is True
    assert decide(ag.exp(a) < 0.0) is False or decide(ag.exp(a) < 0.0) is None
    assert decide(a < b) is None


# -- numbers alone -------------------------------------------------------------------------------


@ag.relation("sure", where=lambda x: x > 0.0)
def root_of_square(x):  # type: ignore[no-untyped-def]
    return ag.sqrt(x**2), x


@ag.relation("sure")
def circle(x):  # type: ignore[no-untyped-def]
    return ag.sin(x) ** 2 + ag.cos(x) ** 2, ag.constant(1.0)


@ag.relation("sure")
def nothing(x):  # type: ignore[no-untyped-def]
    return x - x, 0.0 * x


def test_identities_of_numbers_are_matched_by_value_or_by_form() -> None:
    assert root_of_square.forward(ag.constant(2.0)) is ag.constant(2.0)
    assert root_of_square.forward(ag.sqrt(ag.exp(a) ** 2)) is ag.exp(a)
    assert root_of_square.forward(ag.constant(-2.0)) is None
    assert root_of_square.forward(ag.sqrt(a**2)) is None  # of unknown sign
    assert circle.forward(ag.sin(a + b) ** 2 + ag.cos(a + b) ** 2) is ag.constant(1.0)
    assert circle.forward(ag.cos(a) ** 2 + ag.sin(a) ** 2) is ag.constant(1.0)
    assert circle.forward(ag.sin(a) ** 2 + ag.cos(b) ** 2) is None
    assert circle.backward(ag.constant(1.0)) is None  # of which number?
    assert circle.backward(ag.constant(1.0), x=a) is ag.sin(a) ** 2 + ag.cos(a) ** 2


def test_nothing_is_divided_by_zero_to_solve_an_equation() -> None:
    assert nothing.backward(ag.constant(2.0)) is None
    assert nothing.backward(ag.constant(0.0) * a) is a - a
    assert solve(0.0 * d, m, d) is None
    found = solve(a * d, m, d)
    assert found is not None
    assert found.value is m / a
    assert found.conditions == (ag.not_equal(a, 0.0),)
    assert solve(a * d, m, d, [a]).conditions == ()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("left", "condition"),
    [
        (ag.exp(d), m > 0.0),
        (ag.sqrt(d), m >= 0.0),
        (d**2, m >= 0.0),
        (ag.expm1(d), m > -1.0),
        (1.0 / d, ag.not_equal(m, 0.0)),
    ],
)
def test_a_value_outside_the_range_of_a_function_has_no_preimage(
    left: ag.Expr, condition: ag.Expr
) -> None:
    found = solve(left, m, d)
    assert found is not None
    assert found.conditions == (condition,)
    assert solve(left, ag.constant(-4.0), d) is None or left.op.name == "divide"
