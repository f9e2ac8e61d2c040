"""Statements about families: members come from declarations, and serve every use."""

# kanren is typed in part only.
# mypy: disable-error-code="attr-defined, no-untyped-call, arg-type, index"

import pickle

import pytest
from kanren import run
from unification import var

import astragal as ag
from astragal.logic.families import is_general
from astragal.logic.numeric import evaluate_at
from astragal.random import RANDOM_OPS, binomial, gamma, gumbel, normal, poisson, student_t

K = ag.key(0)
k1, k2 = ag.split(K)
m, s = ag.input("m"), ag.input("s")
q_lv, r_lv = var("q"), var("r")


class ClosedUnderAddition(ag.Family):
    """Families in which a parameter adds up."""

    roles = ("a",)
    listed = ((poisson, "lam"), (gamma, "shape"), (binomial, "n"))


@ag.relation("sure", source="definition")
def standardise(k: ag.Key, D: ag.LocationScale, m, s):  # type: ignore[no-untyped-def]
    return D(k, m, s), m + s * D(k, 0.0, 1.0)


@ag.relation("in law", source="generating functions")
def total(k: ag.Key, D: ClosedUnderAddition, a, b):  # type: ignore[no-untyped-def]
    k1, k2 = ag.split(k)
    return D(k1, a) + D(k2, b), D(k, a + b)


def names(family: type[ag.Family]) -> set[str]:
    return {m.name for m in family.members()}


def test_members_are_found_from_declarations() -> None:
    assert {"normal", "student_t", "gumbel", "asymmetric_laplace"} <= names(ag.LocationScale)
    assert names(ag.Rate) == {"exponential", "gamma"}
    assert "uniform" in names(ag.HasQuantile)


@pytest.mark.parametrize(
    ("family", "other"),
    [
        (ag.LocationScale, "ex_gaussian"),  # its rate would have to move with the scale
        (ag.LocationScale, "inverse_gaussian"),  # its scale is the other convention's shape
        (ag.LocationScale, "truncated_normal"),  # its bounds would have to move too
        (ag.Scale, "inverse_gaussian"),
        (ag.Scale, "lognormal"),
        (ag.Scale, "normal"),
        (ag.Rate, "weibull"),
        (ag.HasQuantile, "poisson"),
        (ag.Continuous, "improper_uniform"),
    ],
)
def test_what_is_no_member(family: type[ag.Family], other: str) -> None:
    assert other not in names(family)


def test_every_member_is_rewritten_and_others_are_not() -> None:
    x = student_t(K, 5.0, m, s)
    assert standardise.forward(x) is m + s * student_t(K, 5.0, 0.0, 1.0)
    assert standardise.backward(standardise.forward(x)) is x
    assert standardise.forward(gamma(K, 2.0, rate=3.0)) is None


def test_parameters_without_a_role_are_the_same_throughout() -> None:
    one = gamma(k1, 1.0, rate=m)
    assert total.forward(one + gamma(k2, 2.0, rate=m)) is gamma(K, 3.0, rate=m)
    assert total.forward(one + gamma(k2, 2.0, rate=s)) is None
    assert total.forward(one + poisson(k2, 2.0)) is None


def test_a_role_may_be_a_count_in_one_member() -> None:
    assert total.forward(binomial(k1, 5, 0.25) + binomial(k2, 3, 0.25)) is binomial(K, 8, 0.25)


def test_a_member_is_chosen_by_name() -> None:
    x = normal(K, m, s)
    assert standardise.forward(x, D=normal) is m + s * normal(K, 0.0, 1.0)
    assert standardise.forward(x, D=gumbel) is None
    with pytest.raises(TypeError, match="D is one of normal"):
        standardise.forward(x, D=gamma)
    with pytest.raises(TypeError, match="no variable 'c'"):
        standardise.forward(x, c=1.0)


def test_the_matcher_takes_families_apart() -> None:
    keys = ag.split(K, 4)
    targets = (
        gamma(keys[0], 1.0, rate=m) + gamma(keys[1], 2.0, rate=m),
        poisson(keys[2], m) + poisson(keys[3], s),
    )
    found = ag.rewrite(targets, total, explain=True)
    assert [x.op.name for x in found.after] == ["gamma", "poisson"]
    assert [step.relation.name for step in found.steps] == ["total[gamma]", "total[poisson]"]


def test_the_goal_enumerates_distributions() -> None:
    x = gumbel(K, m, s)
    assert run(0, q_lv, standardise(x, q_lv)) == (m + s * gumbel(K, 0.0, 1.0),)
    answers = run(0, (q_lv, r_lv), standardise(q_lv, r_lv))
    assert {left.op.name for left, _ in answers} == names(ag.LocationScale)
    assert run(2, (q_lv, r_lv), standardise(q_lv, r_lv)) == answers[:2] or len(answers) > 2


def test_each_member_is_verified() -> None:
    assert ag.verify(standardise).holds

    @ag.relation("in law")
    def wrong(k: ag.Key, D: ag.LocationScale, m, s):  # type: ignore[no-untyped-def]
        return m - s * D(k, 0.0, 1.0), D(k, m, s)  # true of symmetric ones alone

    verdict = ag.verify(wrong)
    assert not verdict.holds
    assert verdict.counterexample is not None
    assert verdict.counterexample["member"] == "skew_normal"


def test_the_general_statement_is_shown() -> None:
    assert standardise.text == (
        "D(m, s)  ==  m + s * D(0, 1)  for every D that is a location-scale family"
    )
    assert r"\text{for every D" in standardise.latex
    assert is_general(standardise.left.roots[0].op)
    assert not any(is_general(op) for op in RANDOM_OPS.values())


def test_members_are_pickled_by_name() -> None:
    member = standardise.members[2]
    assert pickle.loads(pickle.dumps(member)) is member
    assert member.whole is standardise


def test_a_quantile_is_taken_from_the_declaration() -> None:
    @ag.relation("in law")
    def by_quantile(k: ag.Key, D: ag.HasQuantile):  # type: ignore[no-untyped-def]
        return D(k), D.quantile(ag.random.uniform(k, 0.0, 1.0))

    x = by_quantile.forward(ag.random.logistic(K, 1.0, 2.0))
    u = next(n for n in ag.random.RANDOM_OPS.values() if n.name == "uniform")
    draw = u(K, None, 0.0, 1.0)
    assert float(evaluate_at([x], {draw: 0.5})[0]) == pytest.approx(1.0)


def test_a_family_that_names_no_parameter_is_an_error() -> None:
    class Wrong(ag.Family):
        roles = ("a",)
        listed = ((gamma, "rte"),)

    @ag.relation("in law")
    def rule(k: ag.Key, D: Wrong, a):  # type: ignore[no-untyped-def]
        return D(k, a), D(k, a)

    with pytest.raises(ag.ModelError, match="it has shape, rate"):
        _ = rule.members
    with pytest.raises(ag.ModelError, match="takes a parameters, got 2"):

        @ag.relation("in law")
        def two(k: ag.Key, D: ClosedUnderAddition, a, b):  # type: ignore[no-untyped-def]
            return D(k, a, b), D(k, a, b)
