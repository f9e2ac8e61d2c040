"""What a relation says of some variables of a model, given all the others."""

import pytest

import astragal as ag
from astragal.graph.traverse import toposort
from astragal.logic.blanket import data_of
from astragal.rewrites import BOOK
from astragal.rewrites.augmentation import half_cauchy_auxiliary
from astragal.rewrites.conjugacy import gamma_poisson
from astragal.rewrites.conjugate_vectors import regression

KEYS = [ag.split(ag.key(0), 4)[i] for i in range(4)]
RATE = ag.random.gamma(KEYS[0], 2.0, rate=4.0)
COUNT = ag.random.poisson(KEYS[1], RATE)


def test_a_reversal_is_a_conditional_law() -> None:
    updated = gamma_poisson.update(RATE, COUNT)
    assert updated is not None
    new, seen = updated
    assert seen is COUNT
    assert new.op is RATE.op
    assert COUNT in toposort(new.args[2:])
    assert ag.evaluate(new.args[3]) == 5.0


def test_what_stands_above_or_behind_the_data_changes_nothing() -> None:
    level = ag.random.gamma(KEYS[3], 1.0, rate=1.0)
    rate = ag.random.gamma(KEYS[0], level, rate=4.0)
    count = ag.random.poisson(KEYS[1], rate)
    later = ag.random.poisson(KEYS[2], count + 1.0)
    updated = gamma_poisson.update(rate, count, level, later)
    assert updated is not None
    assert updated[1:] == (count, level, later)
    assert level in toposort([updated[0]])


@pytest.mark.parametrize("other", [RATE + 1.0, ag.random.poisson(KEYS[2], RATE)])
def test_it_is_refused_where_something_else_reads_what_is_updated(other: ag.Expr) -> None:
    assert gamma_poisson.update(RATE, COUNT, other) is None


def test_too_few_outputs_and_laws_of_other_kinds_are_no_update() -> None:
    from astragal.rewrites.convolutions import normal_convolution

    assert gamma_poisson.update(RATE) is None
    assert normal_convolution.update(RATE) is None


def test_the_data_of_a_relation_are_known() -> None:
    assert data_of(gamma_poisson) == (1,)
    assert data_of(half_cauchy_auxiliary) == (1,)
    assert data_of(regression) == (1,)
    assert all(data_of(r) for r in BOOK if r.kind == "conditional")
