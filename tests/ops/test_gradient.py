"""Gradients against JAX's own and against finite differences, rule by rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import DTypeError, ShapeError, UnsupportedError
from astragal.graph.traverse import toposort
from astragal.ops import OPS
from astragal.ops.gradient.elementwise import ONE_OPERAND, PARTIALS
from astragal.ops.gradient.rules import REVERSE, WITHOUT

Array = np.ndarray[Any, Any]


@pytest.fixture(autouse=True)
def _double_precision() -> Any:
    with jax.enable_x64(True):
        yield


def mixed(seed: int, shape: tuple[int, ...]) -> Array:
    """Numbers that are all different, so that no symmetry hides a fault."""
    return np.asarray(np.random.default_rng(seed).normal(size=shape) + 0.3)


REAL = [0.37, -1.21, 2.3]
UNIT = [0.13, 0.62, 0.9]
OPEN = [-0.71, 0.22, 0.93]
POSITIVE = [0.31, 1.7, 4.2]
# fmt: off
POINTS: dict[str, tuple[Sequence[float], ...]] = {
    "sqrt": (POSITIVE,), "log": (POSITIVE,), "log1p": (POSITIVE,), "log2": (POSITIVE,),
    "log10": (POSITIVE,), "asin": (OPEN,), "acos": (OPEN,), "atanh": (OPEN,),
    "acosh": ([1.2, 1.9, 3.3],), "erfinv": (OPEN,), "erfcinv": ([0.3, 1.1, 1.6],),
    "ndtri": (UNIT,), "logit": (UNIT,), "gammaln": (POSITIVE,), "digamma": (POSITIVE,),
    "betaln": (POSITIVE, [1.3, 0.4, 2.2]), "pow": (POSITIVE, [0.5, -1.3, 2.0]),
    "xlogy": (REAL, POSITIVE), "xlog1py": (REAL, POSITIVE), "log1mexp": ([-0.2, -1.1, -3.0],),
    "log_gamma_density": ([0.3, 2.2, 40.0], [0.4, 1.7, 38.0]),
    "log_beta_density": ([0.3, 2.2, 40.0], [1.3, 0.4, 25.0], [0.2, 0.7, 0.6], [0.8, 0.3, 0.4]),
    "reciprocal": (REAL,), "remainder": ([5.3, -4.1, 7.7], [2.2, 1.3, -3.1]),
}
JAX: dict[str, Any] = {
    "gammaln": jsp.gammaln, "digamma": jsp.digamma, "betaln": jsp.betaln, "erf": jsp.erf,
    "erfc": jsp.erfc, "erfinv": jsp.erfinv, "ndtr": jsp.ndtr, "ndtri": jsp.ndtri,
    "log_ndtr": jsp.log_ndtr, "expit": jsp.expit, "logit": jsp.logit, "xlogy": jsp.xlogy,
    "xlog1py": jsp.xlog1py, "i0": jsp.i0, "i0e": jsp.i0e, "i1": jsp.i1, "i1e": jsp.i1e,
    "softplus": jax.nn.softplus, "log_expit": jax.nn.log_sigmoid, "abs": jnp.abs,
    "polygamma": jsp.polygamma,
}
# fmt: on


def function(name: str) -> Any:
    return getattr(ag, name, None) or getattr(ag.special, name, None)


def declared(names: Any) -> list[str]:
    return [n for n in names if function(n) is not None]


@pytest.mark.parametrize("name", declared(PARTIALS))
def test_an_elementwise_derivative_agrees_with_jax_and_with_differences(
    name: str, calculus: Any
) -> None:
    points = POINTS.get(name)
    if points is None:
        points = (REAL, [1.4, 0.83, -0.6])[: len(PARTIALS[name])]
    reference = JAX.get(name) or getattr(jnp, name, None)
    if name == "owens_t":
        reference = None
    calculus.check(function(name), reference, *points)


# fmt: off
LAST: dict[str, tuple[tuple[float, ...], Any]] = {
    "betainc": ((2.3, 0.7, 0.4), jsp.betainc), "betaincinv": ((2.3, 0.7, 0.4), None),
    "gammainc": ((2.3, 0.4), jsp.gammainc), "gammaincc": ((2.3, 0.4), jsp.gammaincc),
    "gammaincinv": ((2.3, 0.4), None), "gammainccinv": ((2.3, 0.4), None),
    "polygamma": ((2.0, 0.7), None), "zeta": ((2.5, 1.3), None), "log_kve": ((1.7, 0.8), None),
}
# fmt: on


@pytest.mark.parametrize("name", ONE_OPERAND)
def test_some_functions_have_a_gradient_by_their_last_operand_alone(
    name: str, calculus: Any
) -> None:
    values, reference = LAST[name]
    fixed = values[:-1]
    calculus.check(
        lambda x: function(name)(*fixed, x),
        None if reference is None else lambda x: reference(*fixed, x),
        values[-1],
    )
    operands = inputs = [ag.input(f"p{i}") for i in range(len(values))]
    with pytest.raises(UnsupportedError, match=f"{name} of type.*0 has no closed form"):
        ag.grad(function(name)(*operands), inputs[0])


def test_orders_of_bessel_functions_below_one_have_their_slope(calculus: Any) -> None:
    for order in (0.0, 0.3, 0.5, 1.0, 2.6):
        calculus.check(lambda x: ag.special.log_kve(order, x), None, [0.4, 2.2])  # noqa: B023


@pytest.mark.parametrize(
    ("f", "values", "expected"),
    [
        (ag.abs, (0.0,), (0.0,)),
        (ag.maximum, (1.5, 1.5), (0.5, 0.5)),
        (ag.minimum, (1.5, 1.5), (0.5, 0.5)),
        (ag.max, ([2.0, 1.0, 2.0],), ([0.5, 0.0, 0.5],)),
        (lambda x: ag.clip(x, 0.0, 1.0), (0.5,), (1.0,)),
        (lambda x: ag.clip(x, 0.0, 1.0), (1.5,), (0.0,)),
        (lambda x, y: x**y, (0.0, 2.0), (0.0, 0.0)),
        (lambda x, y: x**y, (0.0, 0.0), (0.0, 0.0)),
        (lambda x: x**2, (0.0,), (0.0,)),
        (ag.prod, ([0.0, 2.0, 3.0],), ([6.0, 0.0, 0.0],)),
    ],
)
def test_kinks_and_zeros_follow_the_stated_conventions(
    f: Any, values: Any, expected: Any, calculus: Any
) -> None:
    arrays = [np.asarray(v) for v in values]
    xs = calculus.inputs_like(arrays)
    for g, e in zip(calculus.evaluate(xs, ag.grad(f(*xs), xs), arrays), expected, strict=True):
        np.testing.assert_array_equal(g, e)


M = mixed(1, (3, 4))
N = mixed(2, (4, 2))
V = mixed(3, (4,))
W = mixed(4, (3,))
B = mixed(5, (2, 3, 4))
INDEX = np.array([2, 0, 2, 1])


def at(F: Any, x: Any, index: Any, value: Any, how: str) -> Any:
    return getattr(x.at[index], how)(value)


def logsumexp(F: Any) -> Any:
    return ag.logsumexp if F is ag else jsp.logsumexp


# Each case is one function of a namespace, which is ours or JAX's.
CASES: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "sum over all": (lambda F, x: F.sum(x), (M,)),
    "sum over an axis": (lambda F, x: F.sum(x, axis=1), (B,)),
    "logsumexp": (lambda F, x: logsumexp(F)(x, 1), (B,)),
    "cumulative sum": (lambda F, x: F.cumulative_sum(x, axis=1) ** 2, (B,)),
    "cumulative product": (lambda F, x: F.cumulative_prod(x, axis=1), (B,)),
    "sort": (lambda F, x: F.sort(x, axis=1) * W[:, None], (M,)),
    "roll and flip": (lambda F, x: F.roll(F.flip(x, axis=0), 1, axis=1) * x, (M,)),
    "differences": (lambda F, x: F.diff(x, axis=0) ** 2, (M,)),
    "sum keeping dimensions": (lambda F, x: F.sum(x * x, axis=(0, 2), keepdims=True), (B,)),
    "mean": (lambda F, x: F.mean(F.exp(x), axis=0), (M,)),
    "variance": (lambda F, x: F.var(x, axis=1), (M,)),
    "standard deviation": (lambda F, x: F.std(x, axis=0), (M,)),
    "maximum over an axis": (lambda F, x: F.max(x, axis=1), (B,)),
    "minimum over all": (lambda F, x: F.min(x), (M,)),
    "product over an axis": (lambda F, x: F.prod(x, axis=1), (B,)),
    "product over two axes": (lambda F, x: F.prod(x, axis=(0, 2), keepdims=True), (B,)),
    "broadcast sum": (lambda F, x, y: x + y, (M, V)),
    "broadcast product": (lambda F, x, y: x * y, (B, W[:, None])),
    "broadcast quotient": (lambda F, x, y: y / x, (B, np.asarray(1.7))),
    "broadcast_to": (lambda F, x: F.broadcast_to(x, (2, 3, 4)), (W[:, None],)),
    "reshape": (lambda F, x: F.reshape(x, (6, 2)) ** 2, (M,)),
    "transpose": (lambda F, x: F.permute_dims(x, (2, 0, 1)) ** 2, (B,)),
    "expand and squeeze": (lambda F, x: F.squeeze(F.expand_dims(x, axis=1), axis=1) ** 2, (M,)),
    "integer index": (lambda F, x: x[1] * x[-1], (M,)),
    "slices": (lambda F, x: x[1:, ::2] * x[:-1, 1::2], (M,)),
    "backward slice": (lambda F, x: x[::-1] * x, (V,)),
    "new axis": (lambda F, x: x[:, None] * x[None, :], (V,)),
    "index array, repeated": (lambda F, x: x[INDEX] ** 2, (M,)),
    "two index arrays": (lambda F, x: x[INDEX, INDEX] ** 2, (mixed(8, (3, 3)),)),
    "replaced part": (lambda F, x, y: at(F, x, (slice(1, 3),), y, "set") ** 2, (V, W[:2])),
    "replaced by a scalar": (lambda F, x, y: at(F, x, 0, y, "set") ** 2, (M, np.asarray(0.4))),
    "added part, repeated": (lambda F, x, y: at(F, x, INDEX, y, "add") ** 2, (W, V)),
    "selection": (lambda F, x, y: F.where(x > 0.2, x * y, y), (M, V)),
    "concatenation": (lambda F, x, y: F.concatenate([x, y, x], axis=0) ** 2, (M, M[:2])),
    "stacking": (lambda F, x, y: F.stack([x, y * y, x], axis=1) ** 2, (V, V[::-1])),
    "astype": (lambda F, x: F.astype(F.astype(x, "float32"), "float64") * x, (V.round(1),)),
    "dot": (lambda F, x, y: F.matmul(x, y), (V, V[::-1] ** 2)),
    "matrix times vector": (lambda F, x, y: F.matmul(x, y), (M, V)),
    "vector times matrix": (lambda F, x, y: F.matmul(x, y), (W, M)),
    "matrix product": (lambda F, x, y: F.matmul(x, y), (M, N)),
    "batched product": (lambda F, x, y: F.matmul(x, y), (B, N)),
    "batched by a vector": (lambda F, x, y: F.matmul(x, y), (B, V)),
    "vector by a batch": (lambda F, x, y: F.matmul(x, y), (W, B)),
    "broadcast batches": (lambda F, x, y: F.matmul(x, y), (B[:, None], mixed(9, (5, 4, 2)))),
    "full": (lambda F, x: F.full((3, 2), x) ** 2, (np.asarray(1.3),)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_gradient_agrees_with_jax_and_with_differences(case: str, calculus: Any) -> None:
    f, values = CASES[case]
    if case == "astype":
        xs = calculus.inputs_like(values)
        (found,) = calculus.evaluate(xs, [ag.grad(ag.sum(f(ag, *xs)), xs[0])], values)
        expected = jax.grad(lambda x: jnp.sum(f(jnp, x)))(jnp.asarray(values[0]))
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        return
    calculus.check(lambda *a: f(ag, *a), lambda *a: f(jnp, *a), *values)


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in CASES if c != "astype"])
def test_second_derivatives_agree_with_jax(case: str, calculus: Any) -> None:
    f, values = CASES[case]
    xs = calculus.inputs_like(values)

    def loss(F: Any, *a: Any) -> Any:
        y = f(F, *a)
        return F.sum(F.sin(y) * y)

    directions = [mixed(20 + i, v.shape) for i, v in enumerate(values)]
    graph = ag.hvp(loss(ag, *xs), xs, [ag.constant(d) for d in directions])
    gradient = jax.grad(lambda *a: loss(jnp, *a), argnums=tuple(range(len(values))))
    arrays = tuple(map(jnp.asarray, values))
    expected = jax.jvp(gradient, arrays, tuple(map(jnp.asarray, directions)))[1]
    for g, e in zip(calculus.evaluate(xs, graph, values), expected, strict=True):
        np.testing.assert_allclose(g, np.asarray(e), rtol=1e-7, atol=1e-9)


def test_a_product_with_zeros_has_all_its_derivatives(calculus: Any) -> None:
    x = ag.input("x", shape=(4,))
    v = np.array([0.0, 2.0, 0.0, 5.0])
    d = np.array([1.0, -0.5, 0.3, 2.0])
    found = calculus.evaluate([x], [ag.hvp(ag.prod(x), x, ag.constant(d))], [v])[0]
    expected = jax.jvp(jax.grad(jnp.prod), (jnp.asarray(v),), (jnp.asarray(d),))[1]
    np.testing.assert_allclose(found, np.asarray(expected), atol=1e-12)


# The shapes that these functions ask for are those of static arguments.
SETTLED = {"broadcast_to", "reshape"}


@pytest.mark.parametrize("case", [c for c in CASES if c not in SETTLED])
def test_gradients_at_symbolic_shapes_are_those_at_static_ones(case: str, calculus: Any) -> None:
    f, values = CASES[case]
    # Dimensions of one length get one name, but a length of one stays: it broadcasts.
    symbolic = [
        ag.input(f"s{i}", shape=tuple(d if d == 1 else f"n{d}" for d in v.shape))
        for i, v in enumerate(values)
    ]
    static = calculus.inputs_like(values)
    found, expected = (
        ag.function(xs, ag.grad(ag.sum(ag.sin(f(ag, *xs))), xs), backend="numpy")(*values)
        for xs in (symbolic, static)
    )
    for g, e, v in zip(found, expected, values, strict=True):
        assert g.shape == v.shape
        np.testing.assert_allclose(g, e, rtol=1e-12)


# -- symbolic dimensions -----------------------------------------------------------------


def test_broadcasting_over_a_symbolic_dimension_is_undone_by_its_length() -> None:
    x, m = ag.input("x", shape=("n",)), ag.input("m")
    f = ag.function(
        [x, m], [ag.grad(ag.sum(x - m), m), ag.grad(ag.sum((x - m) ** 2), m)], backend="numpy"
    )
    v = np.array([1.0, 2.5, -1.0, 4.0])
    count, slope = f(v, 0.5)
    assert float(count) == -4.0
    np.testing.assert_allclose(slope, -2 * np.sum(v - 0.5))


def test_a_product_over_a_symbolic_dimension_has_a_gradient() -> None:
    x = ag.input("x", shape=("n",))
    f = ag.function([x], ag.grad(ag.prod(x), x), backend="numpy")
    np.testing.assert_allclose(f(np.array([2.0, 3.0, 0.0, 7.0])), [0.0, 0.0, 42.0, 0.0])


# -- linear in a node: free of it --------------------------------------------------------


def free_of(graph: ag.Expr, *nodes: ag.Expr) -> bool:
    below = set(toposort([graph]))
    return not any(n in below for n in nodes)


T = ag.input("t", shape=(4,))
S = ag.input("s")
X = ag.input("X", shape=(3, 4))
H = ag.input("h", shape=(4,))
ROWS = ag.input("rows", shape=(5,), dtype="int64")
LINEAR: dict[str, ag.Expr] = {
    "difference of products": ag.sum(H * T - X[0] * H),
    "index array": ag.sum(X[0][ROWS] * T[ROWS]),
    "slices": ag.sum(X[:, 1:] * T[1:]),
    "matrix product": ag.sum(ag.exp(ag.sum(X)) * ag.matmul(X, T)),
    "dot": ag.matmul(H, T),
    "means": ag.mean(X * T) + 3.0 * ag.sum(T) / ag.sum(H),
    "broadcast": ag.sum(ag.broadcast_to(T, (3, 4)) * X),
    "selection": ag.sum(ag.where(H > 0.0, T, 2.0 * T) * H),
    "stack": ag.sum(ag.stack([T, H, -T]) * X),
    "concatenation": ag.sum(ag.concatenate([T, H]) * ag.concatenate([H, T])) - ag.sum(H),
    "replaced part": ag.sum(X[0] * H.at[1:3].set(T[:2])),
    "added part": ag.sum(X[0] * T.at[ROWS].add(H[0])),
    "reshape and transpose": ag.sum(ag.permute_dims(ag.reshape(T, (2, 2))) * X[:2, :2]),
    "quotient": ag.sum((T - H) / ag.square(H)),
    "cast": ag.sum(ag.astype(T, "float32")),
    "weighted logarithm": ag.sum(ag.special.xlogy(T, ag.square(H))),
}


@pytest.mark.parametrize("case", LINEAR)
def test_the_gradient_of_what_is_linear_in_a_node_is_free_of_it(case: str) -> None:
    assert free_of(ag.grad(LINEAR[case], T), T)


def test_the_gradient_of_a_dot_product_is_the_other_factor() -> None:
    x, t, h = (ag.input(n, shape=(3,)) for n in "xth")
    u = ag.input("u", shape=(3,))
    left, right = ag.grad(ag.sum(x * t - h * u), (t, u))
    assert left is x
    assert right is -h


def test_the_second_gradient_of_a_square_is_a_number() -> None:
    a, b = ag.input("a"), ag.input("b")
    assert free_of(ag.grad(ag.grad(ag.square(a - b), a), b), a, b)
    assert free_of(ag.grad(ag.grad((a - b) ** 2, a), a), a, b)
    x, m = ag.input("x", shape=("n",)), ag.input("m")
    twice = ag.grad(ag.grad(ag.sum(-0.5 * ag.square((x - m) / S)), m), m)
    assert free_of(twice, x, m)


def test_a_gradient_can_be_taken_by_a_node_inside(calculus: Any) -> None:
    theta, x = ag.input("theta"), ag.input("x")
    t = ag.log(theta)
    density = x * t - 2.0 * theta
    assert ag.grad(density, t) is x
    # By theta, every path counts.
    (g,) = calculus.evaluate(
        [theta, x], [ag.grad(density, theta)], [np.asarray(3.0), np.asarray(5.0)]
    )
    np.testing.assert_allclose(g, 5.0 / 3.0 - 2.0)


def test_a_nonlinear_gradient_is_not_free_of_its_node() -> None:
    assert not free_of(ag.grad(ag.sum(ag.exp(T) * H), T), T)


# -- matrices of derivatives ---------------------------------------------------------------


def curved(F: Any, x: Any, y: Any) -> Any:
    return {"tall": F.sin(F.concatenate([x, x * 2.0, x[:1]]) * F.sum(y)), "wide": F.sum(x) * y[0]}


def test_jacobians_agree_with_jax(calculus: Any) -> None:
    values = [mixed(30, (2,)), mixed(31, (2, 3))]
    xs = calculus.inputs_like(values)
    found = ag.jacobian(curved(ag, *xs), tuple(xs))
    arrays = tuple(map(jnp.asarray, values))
    expected = jax.jacobian(lambda *a: curved(jnp, *a), (0, 1))(*arrays)
    for name, row in found.items():
        for ours, theirs in zip(row, expected[name], strict=True):
            (value,) = calculus.evaluate(xs, [ours], values)
            assert value.shape == ours.shape == theirs.shape
            np.testing.assert_allclose(value, np.asarray(theirs), rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_hessians_agree_with_jax(calculus: Any) -> None:
    values = [mixed(30, (2,)), mixed(31, (2, 3))]
    xs = calculus.inputs_like(values)

    def loss(F: Any, x: Any, y: Any) -> Any:
        return F.sum(F.exp(x) * F.matmul(y, y[0])) + x[0] ** 3

    found = ag.hessian(loss(ag, *xs), tuple(xs))
    expected = jax.hessian(lambda *a: loss(jnp, *a), (0, 1))(*map(jnp.asarray, values))
    for row, other in zip(found, expected, strict=True):
        for ours, theirs in zip(row, other, strict=True):
            (value,) = calculus.evaluate(xs, [ours], values)
            np.testing.assert_allclose(value, np.asarray(theirs), rtol=1e-9, atol=1e-12)


def test_a_jacobian_over_a_symbolic_dimension_has_its_shape() -> None:
    x = ag.input("x", shape=("n",))
    f = ag.function([x], ag.jacobian(x * x[0], x), backend="numpy")
    np.testing.assert_allclose(f([2.0, 3.0, 5.0]), [[4, 0, 0], [3, 2, 0], [5, 0, 2]])


# -- the table is whole ------------------------------------------------------------------


def test_every_operation_has_a_rule_or_a_reason() -> None:
    leaves = {"input", "parameter", "dimension", "constant"}
    without = set(OPS) - set(REVERSE) - set(WITHOUT) - leaves - {"item"}
    for name in sorted(without):
        # What is left gives no floats, so that nothing flows back through it.
        assert name in NO_FLOATS, f"{name} has neither a gradient nor a reason for having none"


NO_FLOATS = {
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("isfinite", "isinf", "isnan", "signbit", "any", "all", "nonzero"),
    *("logical_and", "logical_or", "logical_xor", "logical_not"),
    *("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_invert"),
    *("bitwise_left_shift", "bitwise_right_shift"),
    *("argsort", "argmax", "argmin", "searchsorted", "shape", "iota"),
}


# -- structure, errors and size ----------------------------------------------------------


def test_gradients_come_in_the_container_they_were_asked_in() -> None:
    x, y = ag.input("x"), ag.input("y", shape=(2,))
    g = ag.grad(x * ag.sum(y), {"x": x, "rest": (y, [x])})
    assert g["x"] is ag.sum(y)
    assert g["rest"][0].shape == (2,)
    assert g["rest"][1][0] is g["x"]


def test_what_does_not_matter_has_gradient_zero_of_its_own_type(calculus: Any) -> None:
    x, y = ag.input("x"), ag.input("y", shape=(2,), dtype="float32")
    g = ag.grad(ag.exp(x), y)
    assert (g.shape, g.dtype) == ((2,), "float32")
    np.testing.assert_array_equal(ag.evaluate(g), 0.0)


def test_integers_pass_no_gradient(calculus: Any) -> None:
    x = ag.input("x")
    y = ag.astype(ag.floor(x), "int64")
    np.testing.assert_array_equal(ag.evaluate(ag.grad(ag.astype(y, "float64"), x)), 0.0)


def test_only_floats_can_be_differentiated_by() -> None:
    n = ag.input("n", dtype="int64")
    with pytest.raises(DTypeError, match="input 'n' of type int64"):
        ag.grad(n * 1.5, n)
    with pytest.raises(DTypeError, match="input 'k' of type key"):
        ag.grad(n * 1.5, ag.input("k", dtype="key"))
    with pytest.raises(DTypeError, match="not str 'n'"):
        ag.grad(n * 1.5, "n")


def test_only_a_scalar_has_a_gradient() -> None:
    x = ag.input("x", shape=(3,))
    with pytest.raises(ShapeError, match=r"expected a scalar; sum it, or use astragal\.vjp"):
        ag.grad(x, x)
    with pytest.raises(DTypeError, match="expected a floating-point scalar"):
        ag.grad(ag.input("n", dtype="int64"), x)
    with pytest.raises(ShapeError, match=r"cotangent of shape \(2,\)"):
        ag.vjp(x, x, np.ones(2))


def test_an_operation_without_derivative_says_why() -> None:
    x = ag.input("x")
    with pytest.raises(UnsupportedError, match=r"nextafter.*floating-point grid"):
        ag.grad(ag.nextafter(x, 2.0), x)


def test_gradients_of_single_precision_stay_in_single_precision() -> None:
    x = ag.input("x", shape=(3,), dtype="float32")
    for y in (ag.sum(ag.exp(x) * x), ag.prod(x), ag.mean(ag.square(x) / 3), ag.max(x)):
        assert ag.grad(y, x).dtype == "float32"
        assert {n.dtype for n in toposort([ag.grad(y, x)]) if n.op.name == "multiply"} <= {
            "float32",
            "int64",
        }


def test_a_chain_of_100_000_nodes_is_differentiated_in_both_directions() -> None:
    x = ag.input("x")
    y = x
    for i in range(50_000):
        y = ag.sin(y) + (0.1 if i % 2 else 0.2)
    g = ag.grad(y, x)
    t = ag.jvp(y, x, 1.0)
    assert len(toposort([g])) < 400_000
    assert t.shape == ()


def test_a_node_with_many_users_adds_their_parts_in_a_shallow_sum(calculus: Any) -> None:
    x = ag.input("x", shape=(5,))
    y = sum((ag.exp(x[i % 5] * float(i)) for i in range(1, 40)), start=ag.constant(0.0))
    values = [np.linspace(-0.1, 0.1, 5)]
    (g,) = calculus.evaluate([x], [ag.grad(y, x)], values)
    i = np.arange(1, 40)
    expected = np.bincount(i % 5, weights=i * np.exp(values[0][i % 5] * i))
    np.testing.assert_allclose(g, expected, rtol=1e-12)
