"""Goals of relations of which neither side is known as a whole."""

from functools import partial

import pytest
from etuples import etuple
from kanren.core import run
from kanren.graph import map_anyo, reduceo, walko
from unification import var

import astragal as ag
from astragal.logic.variables import Variable
from astragal.random import gamma, negative_binomial, normal, poisson
from astragal.rewrites.conjugacy import gamma_poisson
from astragal.rewrites.convolutions import normal_convolution

k = ag.key(0)
k1, k2 = ag.split(k)
NORMAL = normal(k, 0.0, 1.0).op
q, r, s = var(), var(), var()


def test_means_are_solved_for_over_both_sides() -> None:
    left = etuple(ag.add, etuple(NORMAL, k1, None, q, 3.0), r)
    right = etuple(NORMAL, k, None, 5.0, s)
    [(mean, other, deviation)] = run(0, (q, r, s), normal_convolution(left, right))
    assert isinstance(mean, Variable)
    assert other.args[2] is 5.0 - mean
    assert deviation is ag.sqrt(ag.constant(3.0) ** 2.0 + other.args[3] ** 2.0)


@pytest.mark.parametrize("turned", [False, True])
def test_the_terms_of_a_sum_stand_in_either_order(turned: bool) -> None:
    known = normal(k2, 2.0, 4.0)
    left = etuple(ag.add, known, q) if turned else etuple(ag.add, q, known)
    [(other, _)] = run(0, (q, r), normal_convolution(left, etuple(NORMAL, k, None, 5.0, r)))
    assert other.args[:3] == (k1, None, ag.constant(3.0))


def test_a_deviation_larger_than_that_of_the_sum_has_no_answer() -> None:
    right = etuple(NORMAL, k, None, s, 5.0)

    def left(deviation: float) -> object:
        return etuple(ag.add, etuple(NORMAL, k1, None, q, deviation), r)

    [(_, other, _)] = run(0, (q, r, s), normal_convolution(left(3.0), right))
    assert other.args[3] is ag.constant(4.0)
    assert run(0, (q, r, s), normal_convolution(left(6.0), right)) == ()


def test_another_operation_has_no_answer() -> None:
    left = etuple(ag.multiply, etuple(NORMAL, k1, None, q, 3.0), r)
    assert run(0, (q, r, s), normal_convolution(left, etuple(NORMAL, k, None, s, 5.0))) == ()


def test_a_prior_is_read_from_a_predictive() -> None:
    prior, predictive = gamma(k1, 1.0, rate=1.0).op, negative_binomial(k1, 2.0, 0.5).op
    left = (etuple(prior, k1, None, q, r), s)
    right = (var(), etuple(predictive, k2, None, 2.0, 0.75))
    [(shape, rate, data)] = run(0, (q, r, s), gamma_poisson(left, right))
    assert (shape, rate) == (ag.constant(2.0), ag.constant(3.0))
    assert data is poisson(k2, gamma(k1, 2.0, rate=3.0))


def test_a_walk_over_a_term_with_a_text_in_it_ends() -> None:
    total = normal(k1, 1.0, 3.0) + normal(k2, 2.0, 4.0)
    found = tuple(run(0, q, walko(normal_convolution, ag.exp(total), q)))
    assert found[0].evaled_obj is ag.exp(normal(k, 3.0, 5.0))


def test_several_outputs_may_be_written_as_a_list() -> None:
    rate = gamma(k1, 2.0, rate=3.0)
    [(shape, data)] = run(0, (q, r), gamma_poisson([rate, poisson(k2, rate)], [q, r]))
    assert data is negative_binomial(k2, 2.0, 0.75)
    assert shape.op is rate.op


# None, the size of a scalar, is an empty list for kanren: by default a walk succeeds there.
inside = partial(walko, normal_convolution, map_rel=map_anyo)


def test_a_walk_gives_each_answer_once_and_fails_where_nothing_applies() -> None:
    total = normal(k1, 1.0, 3.0) + normal(k2, 2.0, 4.0)
    [found] = run(0, q, inside(ag.exp(total), q))
    assert found.evaled_obj is ag.exp(normal(k, 3.0, 5.0))
    assert run(0, q, inside(found, q)) == ()


def test_reducing_ends_when_more_answers_are_asked_for_than_there_are() -> None:
    a, b = ag.split(k1)
    total = (normal(a, 1.0, 3.0) + normal(b, 2.0, 4.0)) + normal(k2, 0.0, 12.0)
    found = tuple(run(0, q, reduceo(inside, ag.exp(total), q)))
    assert found[0].evaled_obj is ag.exp(normal(k, 3.0, 13.0))
    assert len(found) == 2
