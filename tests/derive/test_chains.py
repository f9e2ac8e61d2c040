"""Hidden Markov chains: the whole path in one step, against enumeration of all paths."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive.reach import reach
from astragal.graph.expr import Expr
from astragal.sample.calibrate import start_at_truth

R = ag.random
START = np.array([0.5, 0.3, 0.2])
TABLE = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5]])
MEANS = np.array([-1.0, 0.5, 2.0])
Y = np.array([-0.7, 0.4, 1.6, 1.9, -0.3])


def path(k: Expr, n: int, table: Any) -> tuple[Expr, Expr]:
    """The first state, and those after it."""
    keys = ag.split(k, 2)
    first = R.categorical(keys[0], START)

    def step(state: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.categorical(key, ag.constant(table)[state] if table is TABLE else table[state])
        return new, new

    _, rest = ag.scan(step, first, ag.split(keys[1], n - 1))
    return first, rest


def known() -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"), 2)
    first, rest = path(k[0], len(Y), TABLE)
    z = ag.concatenate([ag.reshape(first, (1,)), rest])
    return ag.Model({"first": first, "rest": rest, "y": R.normal(k[1], ag.constant(MEANS)[z], 0.8)})


def enumerated() -> dict[tuple[int, ...], float]:
    out = {}
    for z in itertools.product(range(3), repeat=len(Y)):
        p = START[z[0]] * np.prod([TABLE[a, b] for a, b in itertools.pairwise(z)])
        out[z] = float(p * st.norm(MEANS[list(z)], 0.8).pdf(Y).prod())
    return out


def test_a_path_with_known_parameters_is_drawn_exactly_with_its_evidence() -> None:
    sampler = ag.derive(known(), {"y": Y})
    assert sampler.exact
    assert sampler.steps[0].targets == ("first", "rest")
    paths = enumerated()
    whole = sum(paths.values())
    assert sampler.log_evidence() == pytest.approx(np.log(whole), rel=1e-12)
    tree = sampler.sample(seed=2, draws=10_000, chains=4, backend="numba", progress=False)
    posterior = tree["posterior"].dataset
    z = np.concatenate([posterior["first"].values[..., None], posterior["rest"].values], -1)
    for t in range(len(Y)):
        for v in range(3):
            p = sum(q for path_, q in paths.items() if path_[t] == v) / whole
            # Forty thousand draws: 0.01 is four standard errors.
            assert (z[..., t] == v).mean() == pytest.approx(p, abs=0.01)
    both = sum(q for path_, q in paths.items() if path_[1] == 1 and path_[2] == 2) / whole
    assert ((z[..., 1] == 1) & (z[..., 2] == 2)).mean() == pytest.approx(both, abs=0.01)


def unknown(n: int) -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"), 4)
    table = R.dirichlet(k[0], np.array([[4.0, 1.0], [2.0, 3.0]]))
    mu = R.normal(k[1], np.array([-1.0, 2.0]), 0.5)
    keys = ag.split(k[2], 2)
    first = R.categorical(keys[0], np.array([0.6, 0.4]))

    def step(state: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.categorical(key, table[state])
        return new, new

    _, rest = ag.scan(step, first, ag.split(keys[1], n - 1))
    z = ag.concatenate([ag.reshape(first, (1,)), rest])
    return ag.Model(
        {"table": table, "mu": mu, "first": first, "rest": rest, "y": R.normal(k[3], mu[z], 1.0)}
    )


@pytest.mark.slow
@pytest.mark.parametrize("prefer", [(), ("collapse",)])
def test_steps_with_a_path_keep_the_joint_law(prefer: tuple[str, ...]) -> None:
    sampler = ag.derive(unknown(6), {"y": np.linspace(-1.0, 2.0, 6)}, prefer=prefer)
    assert any({"first", "rest"} <= set(s.targets) for s in sampler.steps)
    start_at_truth(sampler, simulations=3000, seed=5).check()


def test_states_that_read_more_than_their_neighbours_are_no_chain() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    first, rest = path(k[0], 5, TABLE)
    # Each datum reads the states of two times, two steps apart.
    two = ag.constant(MEANS)[rest[2:]] + ag.constant(MEANS)[rest[:-2]]
    model = ag.Model({"first": first, "rest": rest, "y": R.normal(k[1], two, 1.0)})
    sampler = ag.derive(model, {"y": np.array([0.3, -0.2])})
    assert sampler.step("rest").kind == "sites"


def second_order(n: int) -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"), 3)
    table = np.array([[[0.9, 0.1], [0.3, 0.7]], [[0.6, 0.4], [0.2, 0.8]]])

    def step(at: tuple[Expr, Expr], key: Expr) -> tuple[tuple[Expr, Expr], Expr]:
        new = R.categorical(key, ag.constant(table)[at[0], at[1]])
        return (at[1], new), new

    _, z = ag.scan(step, (ag.constant(0), ag.constant(0)), ag.split(k[0], n))
    return ag.Model({"z": z, "y": R.normal(k[1], 1.0 * z, 0.8)})


def test_a_chain_of_second_order_is_not_drawn_as_one_of_first() -> None:
    sampler = ag.derive(second_order(6), {"y": np.linspace(-0.5, 1.5, 6)})
    assert [s.kind for s in sampler.steps] == ["sites"]


def partly_seen(labels: bool) -> tuple[ag.Model, dict[str, Any]]:
    """A chain of five states, of which the first two are data, or two are labelled."""
    k = ag.split(ag.input("key", dtype="key"), 4)

    def step(state: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.categorical(key, ag.constant(TABLE)[state])
        return new, new

    last, seen = ag.scan(step, ag.constant(0), ag.split(k[0], 2))
    _, hidden = ag.scan(step, last, ag.split(k[1], 3))
    z = ag.concatenate([seen, hidden])
    model = {"seen": seen, "hidden": hidden, "y": R.normal(k[2], ag.constant(MEANS)[z], 0.8)}
    if not labels:
        return ag.Model(model), {"y": Y, "seen": [0, 1]}
    _, z = ag.scan(step, ag.constant(0), ag.split(k[0], 5))
    y = R.normal(k[2], ag.constant(MEANS)[z], 0.8)
    label = R.categorical(k[3], ag.constant(np.eye(3))[z[np.array([1, 3])]])
    return ag.Model({"z": z, "y": y, "label": label}), {"y": Y, "label": [1, 2]}


@pytest.mark.parametrize("labels", [False, True])
def test_states_that_are_known_in_part_are_a_chain_of_the_others(labels: bool) -> None:
    model, data = partly_seen(labels)
    sampler = ag.derive(model, data, forbid=["exact", "collapse"])
    step = sampler.step("z" if labels else "hidden")
    assert step.kind == "gibbs"
    exact = ag.derive(model, data)
    fixed = {1: 1, 3: 2} if labels else {0: 0, 1: 1}
    whole = 0.0
    for z in itertools.product(range(3), repeat=5):
        if all(z[t] == v for t, v in fixed.items()):
            p = np.prod([TABLE[a, b] for a, b in itertools.pairwise((0, *z))])
            whole += float(p * st.norm(MEANS[list(z)], 0.8).pdf(Y).prod())
    assert exact.log_evidence() == pytest.approx(np.log(whole), rel=1e-12)


def test_which_states_a_term_reads_is_told_by_its_graph() -> None:
    z = ag.input("z", shape=(4,), dtype="int64")
    columns = {z: np.eye(4, dtype=bool)}
    table = ag.constant(np.arange(12.0).reshape(3, 4))
    term = table[z[1:], z[:-1]] + ag.constant([1.0, 2.0, 3.0])
    expected = np.eye(4, dtype=bool)[1:] | np.eye(4, dtype=bool)[:-1]
    np.testing.assert_array_equal(reach(term, columns), expected)
    rows = ag.matmul(table[z], ag.constant(np.ones((4, 2))))
    np.testing.assert_array_equal(reach(rows, columns), np.eye(4, dtype=bool)[:, None].repeat(2, 1))
    np.testing.assert_array_equal(reach(ag.sum(term), columns), np.ones(4, bool))
    # What is picked at random places, and what has no rule, may be anything.
    assert np.all(reach(table[0][z][z], columns))
    assert np.all(reach(ag.cumulative_sum(z), columns))
