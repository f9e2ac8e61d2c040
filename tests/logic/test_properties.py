"""Random graphs, random places: a rewriting keeps the joint law of all outputs."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import astragal as ag
from astragal.graph.traverse import substitute
from astragal.logic import soundness
from astragal.logic.expectations import by_quadrature
from astragal.logic.numeric import Law, NotNumeric, law, numeric_sort
from astragal.logic.pattern import Side
from astragal.logic.search import neighbours
from astragal.logic.settings import settings as parameters
from astragal.logic.witnesses import Tests
from astragal.random import exponential, normal
from astragal.random.conditional import GIVEN
from astragal.rewrites import BOOK
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


# -- identities of the book, planted in graphs that read their insides ---------------------------


def _plain(rule: ag.Relation) -> bool:
    """Whether quadrature can do both sides, with few random variables."""
    sides = (rule.left, rule.right)
    return (
        rule.kind != "conditional"
        and not any(x.op is GIVEN for s in sides for x in s.order)
        and all(numeric_sort(s) is None and 0 < len(s.draws) <= 2 for s in sides)
        and all(d.op.name in KNOWN for s in sides for d in s.draws)
    )


KNOWN = {"normal", "gamma", "exponential", "poisson", "beta", "binomial", "uniform", "lognormal"}
PLANTS = tuple(m for rule in BOOK for m in rule.members[:2] if _plain(m))


def planted(seed: int) -> tuple[tuple[ag.Expr, ...], ag.Relation]:
    """Make outputs that hold one side of an identity; some read what it would make vanish."""
    rng = np.random.default_rng(seed)
    rule = PLANTS[int(rng.integers(len(PLANTS)))]
    side = (rule.left, rule.right)[int(rng.integers(2))]
    [values] = parameters(rule, rng, 1)
    keys = ag.split(ag.key(seed), 8)
    here: dict[ag.Expr, ag.Expr] = {v: ag.constant(x) for v, x in values.items()}
    names = [k for k in rule.variables if k not in here]
    here |= {k: keys[i] for i, k in enumerate(names)}
    nodes = dict(zip(side.order, substitute(side.order, here), strict=True))
    roots = [nodes[r] for r in side.roots]
    inside = [nodes[x] for x in side.order if x in side.random and x not in side.roots]
    outside = normal(keys[7], 0.5, 1.5)
    outputs = [r + outside if rng.random() < 0.3 and r.dtype == "float64" else r for r in roots]
    if inside and rng.random() < 0.5:
        outputs.append(inside[int(rng.integers(len(inside)))])
    elif rng.random() < 0.3:
        outputs.append(2.0 * roots[0])
    return tuple(outputs), rule


def difference(seed: int) -> bool | None:
    """Rewrite a planted graph at a random place; tell whether its joint law has changed.

    None where nothing applies, or where quadrature cannot tell.
    """
    before, rule = planted(seed)
    if len(Side(before).draws) > 3:
        return None
    steps = list(itertools.islice(neighbours(before, [rule]), 6))
    if not steps:
        return None
    step = steps[seed % len(steps)]
    after = substitute(before, dict(zip(step.old, step.new, strict=True)))
    try:
        ag.check_keys(*after)
    except ag.KeyReuseError:
        return True
    if len(Side(after).draws) > 3 or any(numeric_sort(Side(s)) for s in (before, after)):
        return None
    try:
        return bool(by_quadrature((Side(before), Side(after)), {}).wrong)
    except NotNumeric:
        return None


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_identities_of_the_book_keep_the_joint_law_wherever_they_apply(seed: int) -> None:
    assert difference(seed) is not True


@pytest.mark.slow
def test_without_the_check_of_privacy_the_joint_law_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(soundness, "private", lambda *_: None)
    assert True in {difference(seed) for seed in range(60)}
