"""Random graphs, random places: a rewriting keeps the joint law of all outputs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import astragal as ag
from astragal.logic.expectations import Tests
from astragal.logic.numeric import Law, law
from astragal.logic.pattern import Side
from astragal.random import exponential, normal
from astragal.rewrites.convolutions import normal_convolution


@ag.relation("sure")
def standardise(k: ag.Key, m, s):  # type: ignore[no-untyped-def]
    return normal(k, m, s), m + s * normal(k, 0.0, 1.0)


RULES = (normal_convolution, standardise)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[ag.Expr, ...]:
    """Two outputs over at most three draws, some shared, some feeding others."""
    keys = ag.split(ag.key(draw(st.integers(0, 99))), 3)
    pool: list[ag.Expr] = []
    for i in range(draw(st.integers(2, 3))):
        mean = draw(st.sampled_from([ag.constant(0.5), ag.constant(-1.25), *pool]))
        spread = draw(st.sampled_from([0.5, 1.5, 2.0]))
        rate = draw(st.booleans()) and i == 2
        pool.append(exponential(keys[i], rate=spread) if rate else normal(keys[i], mean, spread))
    terms = list(pool)
    for _ in range(draw(st.integers(1, 3))):
        a, b = draw(st.sampled_from(terms)), draw(st.sampled_from(terms))
        terms.append(draw(st.sampled_from([a + b, a - b, 2.0 * a, a + 1.0])))
    return terms[-1], draw(st.sampled_from(terms))


def expectations(
    roots: tuple[ag.Expr, ...], tests: Tests | None
) -> tuple[np.ndarray, Tests, float]:
    ways: list[Law] = [law(Side(roots), {}, shift) for shift in (0.0, 0.5)]
    tests = tests or Tests(ways[0])
    table = np.asarray([tests.expect(w) for w in ways])
    off = float(np.ptp(table, axis=0).max()) + max(abs(w.mass - 1) for w in ways)
    return table.mean(axis=0), tests, off


@given(graphs(), st.sampled_from(["forward", "backward"]), st.sampled_from(RULES))
@settings(max_examples=25)
def test_rewriting_keeps_the_joint_law_of_the_outputs(
    before: tuple[ag.Expr, ...], direction: str, rule: ag.Relation
) -> None:
    found = ag.rewrite(before, rule, direction=direction, explain=True)
    assert found.replay() == found.after
    if len(Side(found.after).draws) > 3 or not found.steps:
        return
    was, tests, off = expectations(before, None)
    now, _, off_now = expectations(found.after, tests)
    assert np.abs(was - now).max() <= 1e-7 + 6 * max(off, off_now)
    ag.check_keys(*found.after)
