"""Densities of functions of variables: masses of one, and the textbook's formulas."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
A, B = st.norm(0.4, 0.8), st.gamma(2.5, scale=1 / 1.5)


def keys(n: int = 4) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def a(k: Expr, size: Any = None) -> Expr:
    return R.normal(k, 0.4, 0.8, size=size)


def b(k: Expr, size: Any = None) -> Expr:
    return R.gamma(k, 2.5, rate=1.5, size=size)


def density(model: ag.Model | dict[str, Expr], **values: Any) -> float:
    return float(ag.evaluate(ag.logdensity(model, values)))


def at(build: Callable[[Expr], Expr], y: Any) -> float:
    return density({"y": build(keys())}, y=y)


def test_the_largest_and_the_least_of_two() -> None:
    for y in (0.3, 1.7):
        expected = A.pdf(y) * B.cdf(y) + B.pdf(y) * A.cdf(y)
        assert at(lambda k: ag.maximum(a(k[0]), b(k[1])), y) == pytest.approx(np.log(expected))
        expected = A.pdf(y) * B.sf(y) + B.pdf(y) * A.sf(y)
        assert at(lambda k: ag.minimum(a(k[0]), b(k[1])), y) == pytest.approx(np.log(expected))


def test_the_largest_of_many_is_their_extreme_value_law() -> None:
    y = 1.7
    expected = np.log(5) + A.logpdf(y) + 4 * A.logcdf(y)
    assert at(lambda k: ag.max(a(k[0], 5)), y) == pytest.approx(expected)
    expected = np.log(5) + B.logpdf(y) + 4 * B.logsf(y)
    assert at(lambda k: ag.min(b(k[0], 5)), y) == pytest.approx(expected)
    rows = at(lambda k: ag.max(R.normal(k[0], np.array([[0.0], [1.0]]), 2.0, size=(2, 3)), axis=1),
              [0.5, 2.0])  # fmt: skip
    each = [np.log(3) + st.norm(m, 2).logpdf(v) + 2 * st.norm(m, 2).logcdf(v)
            for m, v in ((0, 0.5), (1, 2.0))]  # fmt: skip
    assert rows == pytest.approx(sum(each))


def test_the_largest_of_two_counts_has_a_mass_of_one() -> None:
    def build(k: Expr) -> Expr:
        return ag.maximum(R.poisson(k[0], 2.0), R.binomial(k[1], 6, 0.4))

    logs = [at(build, y) for y in range(30)]
    expected = st.poisson(2).cdf(3) * st.binom(6, 0.4).cdf(3)
    assert np.exp(logs[:4]).sum() == pytest.approx(expected)
    assert np.exp(logs).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("inner", ["normal", "exp", "falling", "logistic"])
def test_clipped_data_have_masses_at_both_ends(inner: str) -> None:
    # The variable, its law in closed form, and ends inside its range.
    cases: dict[str, tuple[Callable[[Expr], Expr], Any, float, float]] = {
        "normal": (lambda x: x, A, -0.5, 1.1),
        "exp": (ag.exp, st.lognorm(0.8, scale=np.exp(0.4)), 0.5, 2.0),
        "falling": (lambda x: 3.0 - 2.0 * x, st.norm(2.2, 1.6), 0.0, 2.5),
        "logistic": (lambda x: 2.0 * x + 1.0, st.norm(1.8, 1.6), 0.0, 2.5),
    }
    f, law, low, high = cases[inner]

    def build(k: Expr) -> Expr:
        return ag.clip(f(a(k[0])), low, high)

    assert at(build, low) == pytest.approx(law.logcdf(low))
    assert at(build, high) == pytest.approx(law.logsf(high))
    middle = 0.3 * low + 0.7 * high
    assert at(build, middle) == pytest.approx(law.logpdf(middle))
    assert at(build, high + 0.1) == -np.inf
    assert at(build, low - 0.1) == -np.inf


def test_clipped_counts_keep_the_mass_of_the_end() -> None:
    logs = [at(lambda k: ag.minimum(R.poisson(k[0], 2.0), 3), y) for y in range(5)]
    assert logs[3] == pytest.approx(st.poisson(2.0).logsf(2))
    assert logs[2] == pytest.approx(st.poisson(2.0).logpmf(2))
    assert logs[4] == -np.inf
    logs = [at(lambda k: ag.maximum(R.poisson(k[0], 2.0), 2), y) for y in range(40)]
    assert logs[1] == -np.inf
    assert np.exp(logs).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "left", "right"), [("round", -0.5, 0.5), ("floor", 0, 1), ("ceil", -1, 0)]
)
def test_rounded_data_have_the_mass_of_their_cells(name: str, left: float, right: float) -> None:
    f = getattr(ag, name)
    for y in (-1.0, 0.0, 2.0):
        expected = np.log(A.cdf(y + right) - A.cdf(y + left))
        assert at(lambda k: f(a(k[0])), y) == pytest.approx(expected)
        assert at(lambda k: f(a(k[0])).astype("int64"), int(y)) == pytest.approx(expected)
    assert at(lambda k: f(a(k[0])), 0.5) == -np.inf
    far = at(lambda k: f(a(k[0])), 30.0)
    assert far == pytest.approx(A.logsf(30 + left), rel=1e-6)


def test_a_rounded_positive_variable_has_no_cell_below_zero() -> None:
    def build(k: Expr) -> Expr:
        return ag.floor(ag.exp(a(k[0])))

    logs = [at(build, float(y)) for y in range(-1, 60)]
    assert logs[0] == -np.inf
    assert np.exp(logs).sum() == pytest.approx(1.0, abs=1e-5)


def test_what_nobody_names_is_integrated_out_of_a_choice() -> None:
    def build(k: Expr) -> Expr:
        return ag.where(R.bernoulli(k[2], 0.3).astype("bool"), a(k[0]), b(k[1]))

    for y in (-0.2, 0.9):
        expected = np.log(0.3 * A.pdf(y) + 0.7 * B.pdf(y))
        assert at(build, y) == pytest.approx(expected)


def test_a_mixture_through_an_index_is_summed_over_the_index() -> None:
    mu, p = np.array([-1.0, 0.5, 3.0]), np.array([0.2, 0.3, 0.5])
    y = np.array([0.1, 2.2])
    each = np.log((p * st.norm(mu, 0.7).pdf(y[:, None])).sum(1))
    found = at(lambda k: R.normal(k[1], ag.constant(mu)[R.categorical(k[0], p, size=2)], 0.7), y)
    assert found == pytest.approx(each.sum())
    # One index for both is another law than one each.
    shared = np.log((p * st.norm(mu, 0.7).pdf(y[:, None]).prod(0)).sum())
    found = at(lambda k: R.normal(k[1], ag.constant(mu)[R.categorical(k[0], p)], 0.7, size=2), y)
    assert found == pytest.approx(shared)


def test_one_of_several_stacked_variables_is_chosen() -> None:
    for i, law in ((0, A), (1, B)):
        both = keys()
        found = density({"y": ag.stack([a(both[0]), b(both[1])])[i]}, y=0.9)
        assert found == pytest.approx(law.logpdf(0.9))
    k = keys()
    model = {"z": (z := R.categorical(k[2], np.array([0.4, 0.6]))),
             "y": ag.stack([a(k[0]), b(k[1])])[z]}  # fmt: skip
    assert density(model, z=1, y=0.9) == pytest.approx(np.log(0.6) + B.logpdf(0.9))


def test_sorted_draws_have_the_density_of_order_statistics() -> None:
    y = [-0.3, 0.2, 1.5]
    expected = np.log(6) + A.logpdf(y).sum()
    assert at(lambda k: ag.sort(a(k[0], 3)), y) == pytest.approx(expected)
    assert at(lambda k: ag.sort(a(k[0], 3)), y[::-1]) == -np.inf
    with pytest.raises(ag.UnsupportedError):
        at(lambda k: ag.sort(R.normal(k[0], np.array([0.0, 1.0, 2.0]), 1.0)), y)


def test_stacked_and_joined_variables_have_the_product_of_their_densities() -> None:
    expected = A.logpdf(0.3) + B.logpdf(0.9)
    assert at(lambda k: ag.stack([a(k[0]), b(k[1])]), [0.3, 0.9]) == pytest.approx(expected)
    joined = at(lambda k: ag.concatenate([a(k[0], 1), ag.exp(a(k[1], 2))]), [0.3, 0.9, 1.4])
    other = st.lognorm(0.8, scale=np.exp(0.4)).logpdf([0.9, 1.4]).sum()
    assert joined == pytest.approx(A.logpdf(0.3) + other)


def test_a_part_of_independent_draws_has_their_density() -> None:
    assert at(lambda k: a(k[0], 4)[1:3], [0.3, 0.9]) == pytest.approx(A.logpdf([0.3, 0.9]).sum())
    m = np.array([0.0, 1.0, 2.0])
    picked = at(lambda k: R.normal(k[0], m, 1.0)[np.array([2, 0])], [1.7, 0.4])
    assert picked == pytest.approx(st.norm(2, 1).logpdf(1.7) + st.norm(0, 1).logpdf(0.4))


@pytest.mark.parametrize(
    "build",
    [
        lambda k: ag.maximum((x := a(k[0])), x + 1.0),
        lambda k: a(k[0], 3)[np.array([0, 0])],
        lambda k: ag.maximum(a(k[0]), ag.constant(np.zeros(2))),
        lambda k: ag.max(ag.cumulative_sum(a(k[0], 3))),
        lambda k: ag.max(ag.where(ag.constant(True), (x := a(k[0])), a(k[1]) + x) * ag.ones(2)),
        lambda k: ag.round(ag.clip(a(k[0]), -1.0, 1.0)),
        lambda k: ag.abs(a(k[0])) * a(k[1], 2),
    ],
)
def test_what_is_not_independent_is_refused(build: Callable[[Expr], Expr]) -> None:
    x = build(keys())
    with pytest.raises((ag.UnsupportedError, ag.ModelError)):
        ag.logdensity({"y": x})


def test_a_variable_that_is_read_elsewhere_is_not_integrated_out() -> None:
    k = keys()
    x = a(k[0])
    with pytest.raises((ag.UnsupportedError, ag.ModelError)):
        ag.logdensity({"y": ag.maximum(x, b(k[1])), "w": R.normal(k[2], x, 1.0)})


# -- changes of variables that tie elements together -----------------------------------------


SCALE = np.array([[2.0, 0.3], [0.3, 1.0]])
MATRIX = np.array([[2.0, 0.5], [-1.0, 1.0]])


def test_cumulative_sums_are_solved_for_their_steps() -> None:
    y = np.array([0.3, 0.1, 1.0])
    expected = A.logpdf(np.diff(y, prepend=0.0)).sum()
    assert at(lambda k: ag.cumulative_sum(a(k[0], 3)), y) == pytest.approx(expected)
    logs = A.logpdf(np.log(np.diff(np.exp(y).cumsum(), prepend=0.0))) - y
    ordered = at(lambda k: ag.cumulative_sum(ag.exp(a(k[0], 3))), np.exp(y).cumsum())
    assert ordered == pytest.approx(logs.sum())


def test_a_matrix_times_a_vector_has_a_multivariate_normal_density() -> None:
    y = np.array([0.3, 0.9])
    cov = 0.64 * MATRIX @ MATRIX.T
    expected = st.multivariate_normal(MATRIX @ [0.4, 0.4], cov).logpdf(y)
    assert at(lambda k: ag.matmul(ag.constant(MATRIX), a(k[0], 2)), y) == pytest.approx(expected)
    inverse = np.linalg.inv(MATRIX)
    expected = st.multivariate_normal(inverse @ [0.4, 0.4], 0.64 * inverse @ inverse.T).logpdf(y)
    found = at(lambda k: ag.linalg.solve(ag.constant(MATRIX), a(k[0], 2)), y)
    assert found == pytest.approx(expected)
    lower = np.tril(MATRIX)
    inverse = np.linalg.inv(lower)
    expected = st.multivariate_normal(inverse @ [0.4, 0.4], 0.64 * inverse @ inverse.T).logpdf(y)
    found = at(lambda k: ag.linalg.solve_triangular(ag.constant(MATRIX), a(k[0], 2), lower=True), y)
    assert found == pytest.approx(expected)
    shape = at(lambda k: (ag.matmul(ag.constant(MATRIX), ag.exp(a(k[0], 2))))[::-1], [0.9, 3.0])
    back = np.linalg.solve(MATRIX, [3.0, 0.9])
    expected = A.logpdf(np.log(back)).sum() - np.log(back).sum() - np.log(2.5)
    assert shape == pytest.approx(expected)


def test_a_cholesky_factor_has_the_density_of_its_matrix() -> None:
    """Bartlett: squares of the diagonal are chi-square, the rest is normal."""
    factor = np.array([[1.3, 0.0], [-0.4, 0.7]])
    found = at(lambda k: ag.linalg.cholesky(R.wishart(k[0], 5.0, np.eye(2))), factor)
    expected = st.chi(5).logpdf(1.3) + st.chi(4).logpdf(0.7) + st.norm.logpdf(-0.4)
    assert found == pytest.approx(expected)


# -- loops -----------------------------------------------------------------------------------

T = 6
Y = np.array([0.4, -1.0, 0.3, 0.9, 2.0, 1.1])


def walk(k: Expr, first: Any = 0.5, reverse: bool = False) -> Expr:
    def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.normal(key, 0.8 * x + 0.1, 0.6)
        return new, new

    out: Expr = ag.scan(step, ag.constant(first), ag.split(k, T), reverse=reverse)[1]
    return out


def test_an_autoregression_is_a_product_over_its_steps() -> None:
    before = np.concatenate([[0.5], Y[:-1]])
    expected = st.norm(0.8 * before + 0.1, 0.6).logpdf(Y).sum()
    assert at(lambda k: walk(k[0]), Y) == pytest.approx(expected)
    after = np.concatenate([Y[1:], [0.5]])
    expected = st.norm(0.8 * after + 0.1, 0.6).logpdf(Y).sum()
    assert at(lambda k: walk(k[0], reverse=True), Y) == pytest.approx(expected)
    assert at(lambda k: ag.exp(walk(k[0])), np.exp(Y)) == pytest.approx(
        st.norm(0.8 * before + 0.1, 0.6).logpdf(Y).sum() - Y.sum()
    )


def test_two_steps_of_memory_and_a_parameter_outside() -> None:
    k = keys()
    rho = R.normal(k[0], 0.0, 1.0)

    def step(s: Any, key: Expr) -> tuple[Any, Expr]:
        new = R.normal(key, rho * s[0] - 0.3 * s[1], 0.6)
        return (new, s[0]), new

    _, x = ag.scan(step, (ag.constant(0.1), ag.constant(0.2)), ag.split(k[1], T))
    padded = np.concatenate([[0.2, 0.1], Y])
    expected = st.norm.logpdf(0.7)
    expected += st.norm(0.7 * padded[1:-1] - 0.3 * padded[:-2], 0.6).logpdf(Y).sum()
    assert density({"rho": rho, "x": x}, rho=0.7, x=Y) == pytest.approx(expected)


def test_a_moving_variance_stays_a_recursion() -> None:
    def step(s: Expr, key: Expr) -> tuple[Expr, Expr]:
        y = R.normal(key, 0.0, ag.sqrt(s))
        return 0.2 + 0.3 * y**2 + 0.5 * s, y

    _, x = ag.scan(step, ag.constant(1.0), ag.split(keys()[0], T))
    s, expected = 1.0, 0.0
    for v in Y:
        expected += st.norm(0, np.sqrt(s)).logpdf(v)
        s = 0.2 + 0.3 * v**2 + 0.5 * s
    assert density({"x": x}, x=Y) == pytest.approx(expected)


def test_a_key_may_be_carried() -> None:
    def step(s: Any, _: Any) -> tuple[Any, Expr]:
        x, key = s
        k = ag.split(key)
        new = R.normal(k[0], x, 0.6)
        return (new, k[1]), new

    _, x = ag.scan(step, (ag.constant(0.0), keys()[0]), length=T)
    expected = st.norm(np.concatenate([[0.0], Y[:-1]]), 0.6).logpdf(Y).sum()
    assert density({"x": x}, x=Y) == pytest.approx(expected)


def test_states_and_emissions_of_one_loop() -> None:
    m = np.array([[0.9, 0.2], [-0.1, 0.7]])

    def step(x: Expr, k: Expr) -> tuple[Expr, Any]:
        both = ag.split(k)
        new = R.normal(both[0], ag.matmul(ag.constant(m), x), 0.5)
        return new, (new, R.poisson(both[1], ag.exp(ag.sum(new)), size=3))

    _, (x, n) = ag.scan(step, ag.zeros(2), ag.split(keys()[0], 4))
    rng = np.random.default_rng(0)
    states, counts = rng.normal(size=(4, 2)), rng.integers(0, 4, size=(4, 3))
    before = np.concatenate([np.zeros((1, 2)), states[:-1]])
    expected = st.norm(before @ m.T, 0.5).logpdf(states).sum()
    expected += st.poisson(np.exp(states.sum(1))[:, None]).logpmf(counts).sum()
    assert density({"x": x, "n": n}, x=states, n=counts) == pytest.approx(expected)


def test_a_chain_of_states_reads_its_transition_matrix() -> None:
    p = np.array([[0.7, 0.3], [0.1, 0.9]])

    def step(z: Expr, k: Expr) -> tuple[Expr, Expr]:
        new = R.categorical(k, ag.constant(p)[z])
        return new, new

    _, z = ag.scan(step, ag.constant(0), ag.split(keys()[0], 5))
    path = np.array([0, 1, 1, 0, 1])
    expected = np.log(p[np.concatenate([[0], path[:-1]]), path]).sum()
    assert density({"z": z}, z=path) == pytest.approx(expected)


def test_what_a_loop_hides_is_asked_for() -> None:
    def step(x: Expr, k: Expr) -> tuple[Expr, Expr]:
        both = ag.split(k)
        new = R.normal(both[0], x, 0.5)
        return new, R.poisson(both[1], ag.exp(new))

    _, n = ag.scan(step, ag.constant(0.0), ag.split(keys()[0], 4))
    with pytest.raises(ag.UnsupportedError, match="inside a scan has no value"):
        ag.logdensity({"n": n})


# -- masses ----------------------------------------------------------------------------------

MASSES: dict[str, tuple[Callable[[Expr], Expr], list[float]]] = {
    "largest of exponentials": (lambda k: ag.maximum(ag.exp(a(k[0])), b(k[1])), [0, 1, 3, 80]),
    "least after logs": (lambda k: ag.minimum(ag.log(b(k[0])), a(k[1])), [-60, -3, 0, 1, 8]),
    "largest, moved": (lambda k: 2.0 - 3.0 * ag.maximum(a(k[0]), b(k[1])), [-80, -5, 0, 4.5]),
    "chosen": (lambda k: ag.where(b(k[0]) > 1.2, a(k[1]), 2.0 * a(k[2])), [-9, 0, 1, 9]),
    "logits": (lambda k: ag.max(ag.special.expit(a(k[0], 3))), [0, 0.4, 0.8, 1]),
}


@pytest.mark.parametrize("name", [n for n in MASSES if n != "chosen"])
def test_integrated_laws_have_a_mass_of_one(name: str) -> None:
    build, edges = MASSES[name]
    y = ag.input("y")
    run = ag.function([y], ag.exp(ag.logdensity({"y": build(keys())}, {"y": y})), backend="numpy")
    pieces = itertools.pairwise(edges)
    mass = sum(scipy.integrate.quad(lambda v: float(run(v)), *p, limit=200)[0] for p in pieces)
    assert mass == pytest.approx(1.0, abs=1e-5)
