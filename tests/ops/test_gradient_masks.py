"""What is masked, or without weight, has no part in a slope: not 0 / 0, which spoils the rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import astragal as ag
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort

S = np.array([0.0, 1.0])
AT = 0.3
CASES: dict[str, tuple[Callable[[Expr], Expr], float]] = {
    "log, branch": (lambda x: ag.where(S > 0, ag.log(x * S), ag.log1p(-x * S)), 1 / AT),
    "log, nothing": (lambda x: ag.where(S > 0, ag.log2(x * S), 0.0), 1 / AT / np.log(2)),
    "log1p": (lambda x: ag.where(S < 1, ag.log1p(-x * S), ag.log1p(-S - 0.0 * x)), 0.0),
    "logaddexp": (
        lambda x: ag.logaddexp(ag.log(x * S) - 1.0, ag.log1p(-x * S) - 2.0),
        (np.exp(-1) - np.exp(-2)) / (AT * np.exp(-1) + (1 - AT) * np.exp(-2)),
    ),
    "logaddexp of nothing": (
        lambda x: ag.where(S > 0, ag.logaddexp(ag.log(x * S), ag.log(x * S)), 0.0),
        1 / AT,
    ),
    "logsumexp": (lambda x: ag.logsumexp(ag.log(ag.stack([0.0 * x, x, x])), axis=0), 1 / AT),
    "xlogy": (
        lambda x: ag.logsumexp(ag.stack([ag.special.xlogy(1.0, x * S), 0.0 * x + S]), axis=0),
        1 / (AT + np.e),
    ),
    "gamma density": (
        lambda x: ag.where(S > 0, ag.special.log_gamma_density(0.4, x * S), 0.0),
        -0.6 / AT - 1.0,
    ),
    "sqrt, branch": (lambda x: ag.where(S > 0, ag.sqrt(x * S), 0.0), 0.5 / np.sqrt(AT)),
    "sqrt of a constant 0": (lambda x: ag.sqrt(x * S), 0.5 / np.sqrt(AT)),
    "root": (lambda x: (x * S) ** 0.7, 0.7 * AT**-0.3),
    "power": (lambda x: (x * S) ** x, AT**AT * (np.log(AT) + 1.0)),
    "quotient": (lambda x: ag.where(S > 0, x / (x * x * S), 0.0), -1 / AT**2),
    "logit": (lambda x: ag.where(S > 0, ag.special.logit(x * S), 0.0), 1 / (AT * (1 - AT))),
}


@pytest.mark.parametrize("case", CASES)
def test_a_branch_that_is_not_taken_has_no_part_in_a_slope(case: str) -> None:
    build, expected = CASES[case]
    x = ag.input("x")
    slope = ag.grad(ag.sum(build(x)), x)
    assert ag.function([x], slope, backend="numpy")(AT) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_slopes_under_masks_agree_on_all_backends(backend: str) -> None:
    x = ag.input("x")
    slopes = [ag.grad(ag.sum(build(x)), x) for build, _ in CASES.values()]
    found = ag.function([x], slopes, backend=backend)(AT)
    np.testing.assert_allclose(np.array(found), [v for _, v in CASES.values()], rtol=1e-12)


def test_what_is_asked_of_an_infinite_slope_stays_infinite() -> None:
    x = ag.input("x", shape=(2,))
    slopes = [ag.grad(ag.sum(f(x)), x) for f in (ag.log, ag.sqrt, lambda v: v**0.5)]
    for slope in ag.function([x], slopes, backend="numpy")(S):
        assert np.isinf(slope[0])
        assert np.isfinite(slope[1])


def test_a_cotangent_that_is_zero_somewhere_keeps_its_own_slope() -> None:
    # (log x - log 3)^2 has the slope 0 at 3, and curvature.
    x = ag.input("x")
    weighted = ag.exp(-x) * ag.square(ag.log(x) - np.log(3.0))
    curvature = ag.hessian(weighted, x)
    found = ag.function([x], curvature, backend="numpy")(3.0)
    assert found == pytest.approx(2 * np.exp(-3.0) / 9.0, rel=1e-10)


def test_slopes_without_a_mask_are_written_as_before() -> None:
    x, y = ag.input("x"), ag.input("y")
    plain = [ag.grad(ag.log(x), x), ag.grad(ag.log(ag.exp(x) * y) * y, y), ag.grad(x / y, y)]
    assert not any(n.op.name == "where" for n in toposort(plain[:1] + plain[2:]))


def test_a_gradient_by_a_node_is_its_own_at_a_constant_zero() -> None:
    x = ag.input("x")
    node = x * S
    slope = ag.grad(ag.sum(node ** (x + 1.0)), node)
    found = ag.function([x], slope, backend="numpy")(0.0)
    assert found.tolist() == [1.0, 1.0]


def test_paths_that_a_loop_has_not_reached_have_no_part_in_a_slope() -> None:
    # Of states in a row, each left or kept, the later ones cannot be reached at first.
    x = ag.input("x")
    start = np.array([0.0, -np.inf, -np.inf])

    def step(a: Expr, _: Expr) -> tuple[Expr, tuple[()]]:
        moved = ag.concatenate([ag.constant([-np.inf]), a[:-1]])
        return ag.logaddexp(a + ag.log(1 - x), moved + ag.log(x)), ()

    last, _ = ag.scan(step, ag.constant(start), ag.arange(2))
    # Two steps of two: x^2.
    f = ag.function([x], ag.grad(last[2], x), backend="numpy")
    assert f(AT) == pytest.approx(2 / AT, rel=1e-12)


def test_a_mixture_of_what_always_has_weight_is_not_guarded() -> None:
    p, y = ag.input("p"), np.array([0.3, 1.2])
    density = ag.logaddexp(ag.log(p) - y**2, ag.log1p(-p) - (y - 1.0) ** 2)
    slope = ag.grad(ag.sum(density), p)
    # One comparison for p, and none for each observation.
    assert all(n.shape == () for n in toposort([slope]) if n.op.name == "equal")
