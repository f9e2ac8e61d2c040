"""The JAX backend: pure, traceable, in 64 bits, and silent about its ways."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

import astragal as ag
from astragal.compile import jax as backend
from astragal.compile import jax_map, jax_special
from astragal.compile.jax_map import through_double
from astragal.graph.errors import DomainError, DTypeError, ShapeError, UnsupportedError
from astragal.ops import OPS


@pytest.fixture(params=[False, True], ids=["32 bits", "64 bits"])
def users_setting(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether the user has switched 64-bit types on; it must not matter, nor change."""
    config: Any = jax.config
    before = config.jax_enable_x64
    config.update("jax_enable_x64", request.param)
    yield request.param
    after = config.jax_enable_x64
    config.update("jax_enable_x64", before)
    assert after == request.param


def weighted() -> ag.Function:
    x, y = ag.input("x", shape=("n",)), ag.input("y")
    return ag.function([x, y], ag.sum(ag.exp(x * y)) + 1e-12, backend="jax")


XS, Y = np.array([1.0, 2.0]), 0.5
VALUE = float(np.exp(0.5) + np.exp(1.0) + 1e-12)
SLOPE = float(np.exp(0.5) + 2.0 * np.exp(1.0))


# -- 64 bits and transformations ------------------------------------------------------------------


def test_a_call_computes_in_64_bits(users_setting: bool) -> None:
    got = weighted()(XS, Y)
    assert isinstance(got, jax.Array)
    assert got.dtype == "float64"
    assert float(got) == pytest.approx(VALUE, rel=1e-15)


def test_pure_works_under_jit(users_setting: bool) -> None:
    got = jax.jit(weighted().pure)(XS, Y)
    assert got.dtype == "float64"
    assert float(got) == pytest.approx(VALUE, rel=1e-15 if users_setting else 1e-7)


def test_pure_works_under_grad(users_setting: bool) -> None:
    assert float(jax.grad(weighted().pure, argnums=1)(XS, Y)) == pytest.approx(SLOPE, rel=1e-7)
    nested = jax.jit(jax.grad(lambda y: weighted().pure(XS, y)))
    assert float(nested(Y)) == pytest.approx(SLOPE, rel=1e-7)


def test_pure_works_under_vmap(users_setting: bool) -> None:
    ys = np.array([0.0, 0.5, -1.25])
    got = jax.vmap(weighted().pure, in_axes=(None, 0))(XS, ys)
    np.testing.assert_allclose(got, [np.sum(np.exp(XS * y)) for y in ys], rtol=1e-7)


def test_gradients_of_the_graph_agree_with_gradients_of_jax() -> None:
    x = ag.input("x", shape=(3,))
    y = ag.logsumexp(ag.special.gammaln(ag.exp(x)) * ag.tanh(x))
    at = np.array([0.3, -1.25, 2.0])
    ours = ag.function([x], ag.grad(y, x), backend="numpy")(at)
    with backend.enable_x64():
        theirs = jax.grad(ag.function([x], y, backend="jax").pure)(at)
    np.testing.assert_allclose(theirs, ours, rtol=1e-12)


def test_pure_refuses_what_does_not_fit() -> None:
    f = weighted().pure
    with pytest.raises(ShapeError, match="input 'y' has shape"):
        f(XS, XS)
    with pytest.raises(DTypeError, match="'x' is given an expression"):
        f(ag.constant(XS), Y)
    flag = ag.input("flag", dtype="bool")
    g = ag.function([flag], ag.where(flag, 1.0, 2.0), backend="jax").pure
    with pytest.raises(DTypeError, match="'flag' is of type bool, given float"):
        g(0.5)


def test_keys_pass_through_transformations() -> None:
    k = ag.input("k", dtype="key")
    f = ag.function([k], [ag.random.normal(k), ag.split(k, 2)], backend="jax")
    keys = ag.evaluate(ag.split(ag.key(7), 3))
    draws, children = jax.jit(jax.vmap(f.pure))(keys)
    assert isinstance(children, ag.KeyArray)
    assert children.shape == (3, 2)
    for i in range(3):
        draw, child = f(keys[i])
        assert float(draws[i]) == float(draw)
        assert children[i] == child


def test_a_jax_array_stays_one() -> None:
    x = ag.input("x", shape=(2,), dtype="float32")
    f = ag.function([x], x * 2.0, backend="jax")
    assert f(jnp.array([1.0, 2.5], dtype="float32")).tolist() == [2.0, 5.0]
    assert ag.function([x], x * 2.0, backend="numpy")(jnp.ones(2, "float32")).tolist() == [2.0, 2.0]


def test_pure_hands_shared_values_through() -> None:
    total, x = ag.shared(1.5, name="total"), ag.input("x")
    k = ag.shared(ag.key(3), name="k")
    pair = ag.split(k)
    f = ag.function(
        [x], ag.random.normal(pair[1]) + x, updates={total: total + x, k: pair[0]}, backend="jax"
    )
    state = {"total": 4.0, "k": ag.evaluate(ag.key(3))}
    out, new = jax.jit(f.pure)(state, 2.0)
    assert float(new["total"]) == 6.0
    assert new["k"] == ag.evaluate(ag.split(ag.key(3))[0])
    assert float(total.value) == 1.5
    assert float(out) == pytest.approx(float(f(2.0)), rel=1e-6)
    with pytest.raises(TypeError, match="dictionary of the shared values first: k, total"):
        f.pure(2.0)


def test_results_keep_the_sharding_of_the_arguments() -> None:
    code = """
import jax, numpy as np, astragal as ag
mesh = jax.sharding.Mesh(np.array(jax.devices()), ("rows",))
rows = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("rows"))
x = ag.input("x", shape=(8, 3), dtype="float32")
f = ag.function([x], ag.exp(x) - 0.5, backend="jax")
got = f(jax.device_put(np.ones((8, 3), "float32"), rows))
print(len(jax.devices()), got.sharding.is_equivalent_to(rows, 2), float(got[7, 2]))
"""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **flags},
    )
    devices, kept, value = out.stdout.split()
    assert (devices, kept) == ("4", "True")
    assert float(value) == pytest.approx(np.e - 0.5, rel=1e-6)


# -- control flow ---------------------------------------------------------------------------------


def assert_same_on_both(inputs: Any, outputs: Any, *values: Any, rtol: float = 1e-13) -> list[Any]:
    """Compute on the reference and on JAX; compare values, dtypes and shapes."""
    want = ag.function(inputs, outputs, backend="numpy")(*values)
    got = ag.function(inputs, outputs, backend="jax")(*values)
    for w, g in zip(want, got, strict=True):
        assert (g.dtype, g.shape) == (w.dtype, w.shape)
        np.testing.assert_allclose(np.asarray(g), w, rtol=rtol, atol=1e-300)
    return list(want)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", [0, 1, 4])
def test_scan(reverse: bool, n: int) -> None:
    xs, step = ag.input("xs", shape=("n", 2)), ag.input("step")

    def body(carry: Any, x: Any) -> Any:
        total, count = carry
        return (total * step + x, count + 1), {"seen": total[0], "count": count}

    (total, count), ys = ag.scan(body, (ag.zeros((2,)), 0), xs, reverse=reverse)
    values = np.arange(2.0 * n).reshape(n, 2) + 0.25
    want = assert_same_on_both([xs, step], [total, count, ys["seen"], ys["count"]], values, 0.5)
    expected = np.zeros(2)
    for row in values[::-1] if reverse else values:
        expected = expected * 0.5 + row
    np.testing.assert_allclose(want[0], expected)
    assert int(want[1]) == n


@pytest.mark.parametrize("n", [1, 2, 255, 257, 1000])
def test_steps_that_read_nothing_of_each_other_are_those_of_a_loop(n: int) -> None:
    xs, shift = ag.input("xs", shape=("n",)), ag.input("shift")
    kept, ys = ag.scan(lambda c, x: (c, ag.sum(c * x) + shift), ag.arange(3.0), xs)
    want = assert_same_on_both([xs, shift], [kept, ys], np.linspace(-1.0, 2.0, n), 0.5)
    np.testing.assert_allclose(want[1], 3.0 * np.linspace(-1.0, 2.0, n) + 0.5)


def test_an_element_of_many_draws_depends_on_its_key_alone() -> None:
    root = ag.input("root", dtype="key")

    def drawn(n: int) -> Any:
        draw = lambda c, i: (c, ag.random.gamma(ag.fold_in(root, i), 2.5, rate=1.5))  # noqa: E731
        run = ag.function([root], ag.scan(draw, [], ag.arange(n))[1], backend="jax")
        return np.asarray(run(ag.evaluate(ag.key(3))))

    many = drawn(300)
    assert (many[:7] == drawn(7)).all()
    assert (many[:1] == drawn(1)).all()


def test_a_wrong_parameter_among_many_steps_is_named() -> None:
    root, scales = ag.input("root", dtype="key"), ag.input("scales", shape=("n",))
    draw = lambda c, s: (c, ag.random.normal(ag.fold_in(root, 1), 0.0, s))  # noqa: E731
    run = ag.function([root, scales], ag.scan(draw, [], scales)[1], backend="jax")
    wrong = np.ones(300)
    assert np.isfinite(run(ag.evaluate(ag.key(0)), wrong)).all()
    wrong[290] = -1.0
    with pytest.raises(DomainError, match="parameter scale"):
        run(ag.evaluate(ag.key(0)), wrong)


@pytest.mark.parametrize("start", [1.0, 150.0])
def test_while_loop(start: float) -> None:
    x, factor = ag.input("x"), ag.input("factor")
    turns, last = ag.while_loop(lambda s: s[1] < 100.0, lambda s: (s[0] + 1, s[1] * factor), (0, x))
    want = assert_same_on_both([x, factor], [turns, last], start, 3.0)
    assert int(want[0]) == (5 if start == 1.0 else 0)


@pytest.mark.parametrize(
    ("index", "expected"), [(-3, 2.5), (0, 2.5), (1, 6.25), (2, -2.5), (9, -2.5)]
)
def test_switch_clamps_its_index(index: int, expected: float) -> None:
    i, x = ag.input("i", dtype="int64"), ag.input("x")
    y = ag.switch(i, [lambda v: v, lambda v: v * v, lambda v: -v], x)
    assert float(assert_same_on_both([i, x], [y], index, 2.5)[0]) == expected


def test_control_flow_nests_and_calls() -> None:
    x = ag.input("x", shape=(3,))
    p = ag.input("p")
    soft = ag.subgraph([p], ag.logaddexp(p, 0.0))

    def body(c: Any, v: Any) -> Any:
        new = ag.cond(v > 0.0, soft, lambda a: a * a, v - c)
        n, _ = ag.while_loop(lambda s: s[1] > 1.0, lambda s: (s[0] + 1, s[1] / 2.0), (0, new + 4.0))
        return c + new, n

    total, turns = ag.scan(body, 0.5, x)
    assert_same_on_both([x], [total, turns], [1.5, -2.0, 7.0])


# -- shapes that depend on values -----------------------------------------------------------------


def test_shapes_that_depend_on_data_are_refused() -> None:
    x = ag.input("x", shape=(3,))
    f = ag.function([x], x[x > 0.0], backend="jax")
    with pytest.raises(UnsupportedError, match=r"boolean mask .* use astragal\.where"):
        f([1.0, -2.0, 3.0])
    g = ag.function([x], ag.zeros(ag.count_nonzero(x)), backend="jax")
    with pytest.raises(UnsupportedError, match="a shape depends on values"):
        g([1.0, -2.0, 3.0])


def test_a_length_given_to_pure_is_static() -> None:
    n, x = ag.input("n", dtype="int64"), ag.input("x")
    f = ag.function([n, x], ag.sum(ag.arange(n) * x), backend="jax")
    assert float(f(4, 0.5)) == 3.0
    assert float(jax.jit(f.pure, static_argnums=0)(4, 0.5)) == 3.0
    with pytest.raises(UnsupportedError, match="a shape depends on values"):
        jax.jit(f.pure)(4, 0.5)


# -- the vocabulary -------------------------------------------------------------------------------


LEAVES = {"input", "parameter", "dimension", "constant"}


@pytest.mark.parametrize("name", sorted(set(OPS) - LEAVES))
def test_every_operation_has_a_rule(name: str) -> None:
    assert callable(backend.lowering(name))


def test_an_unknown_operation_names_the_table() -> None:
    with pytest.raises(UnsupportedError, match="no rule for frobnicate; add one in LOWERINGS"):
        backend.lowering("frobnicate")


def test_matrices_without_a_factor_give_nan_as_in_the_reference() -> None:
    a = ag.input("a", shape=(2, 2, 2))
    b = np.array([[1.0, 3.0], [2.0, 5.0]])
    linalg = ag.linalg
    outs = [
        linalg.cholesky(a),
        linalg.solve(a, b),
        linalg.solve_triangular(a, b, lower=True),
        linalg.inv(a),
    ]
    good = np.array([[4.0, 2.0], [2.0, 5.0]])
    singular = np.array([[0.0, 0.0], [2.0, -3.0]])
    want = assert_same_on_both([a], outs, np.stack([good, singular]))
    assert all(np.isnan(w[1]).all() and not np.isnan(w[0]).any() for w in want)


def test_only_the_lower_triangle_is_read() -> None:
    a = ag.input("a", shape=(2, 2))
    outs = [
        ag.linalg.cholesky(a),
        ag.linalg.eigh(a)[0],
        ag.linalg.solve_triangular(a, a, lower=True),
    ]
    clean, dirty = np.array([[4.0, 2.0], [2.0, 5.0]]), np.array([[4.0, 99.0], [2.0, 5.0]])
    for f in (ag.function([a], outs[:2], backend=b) for b in ("numpy", "jax")):
        for w, g in zip(f(clean), f(dirty), strict=True):
            np.testing.assert_allclose(g, w, rtol=1e-14)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_logsumexp_of_nothing_and_of_infinities(axis: int | None) -> None:
    x = ag.input("x", shape=(None, 2))
    for rows in ([], [[-np.inf, -np.inf]], [[np.inf, 1.0]], [[1000.0, 1000.5]]):
        assert_same_on_both([x], [ag.logsumexp(x, axis)], np.reshape(rows, (-1, 2)))


RNG = np.random.default_rng(20)
SHAPES = np.exp(RNG.uniform(-3, 6, 400))
OTHER = np.exp(RNG.uniform(-3, 6, 400))
TAIL = np.concatenate([10.0 ** RNG.uniform(-100, -1, 200), RNG.uniform(0, 1, 200)])


@pytest.mark.parametrize(
    ("ours", "reference", "args"),
    [
        (jax_special.gammaincinv, scipy.special.gammaincinv, (SHAPES, TAIL)),
        (jax_special.gammainccinv, scipy.special.gammainccinv, (SHAPES, TAIL)),
        (jax_special.betaincinv, scipy.special.betaincinv, (SHAPES, OTHER, TAIL)),
    ],
)
def test_quantiles_agree_with_scipy(ours: Any, reference: Any, args: Any) -> None:
    want = reference(*args)
    normal = (want > 1e-290) & (want < 1e290)
    with backend.enable_x64():
        got = np.asarray(jax.jit(ours)(*args))
    assert normal.sum() > 300
    # The condition number of a quantile in a small shape is its inverse.
    error = (np.abs(got - want) * np.minimum(args[0], 1.0))[normal] / want[normal]
    assert error.max() < 1e-11


@pytest.mark.parametrize(
    ("f", "args", "expected"),
    [
        (jax_special.gammaincinv, (2.5, [0.0, 1.0, -0.1, 1.1, np.nan]), [0, np.inf, *[np.nan] * 3]),
        (jax_special.gammainccinv, (2.5, [1.0, 0.0, 1.1]), [0, np.inf, np.nan]),
        (jax_special.betaincinv, (2.5, 0.5, [0.0, 1.0, -0.1]), [0, 1, np.nan]),
        (jax_special.log_kve, (1.5, [0.0, np.inf, -1.0]), [np.inf, -np.inf, np.nan]),
    ],
)
def test_special_functions_at_the_ends_of_their_domain(f: Any, args: Any, expected: Any) -> None:
    with backend.enable_x64():
        arrays = [jnp.asarray(a, dtype="float64") for a in args]
        np.testing.assert_array_equal(jax.jit(f)(*arrays), expected)


def test_bessel_functions_agree_with_scipy() -> None:
    v, x = RNG.uniform(-40, 40, 500), 10.0 ** RNG.uniform(-6, 5, 500)
    want = np.log(scipy.special.kve(v, x))
    finite = np.isfinite(want)
    with backend.enable_x64():
        got = np.asarray(jax.jit(jax_special.log_kve)(v, x))
    assert finite.sum() > 400
    np.testing.assert_allclose(got[finite], want[finite], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("f", "args", "rtol"),
    [
        pytest.param(jax_special.gammaincinv, (1.3, 0.25), 1e-7, marks=pytest.mark.slow),
        pytest.param(jax_special.gammainccinv, (1.3, 0.25), 1e-7, marks=pytest.mark.slow),
        pytest.param(jax_special.betaincinv, (1.3, 2.1, 0.25), 1e-7, marks=pytest.mark.slow),
        (jax_special.log_kve, (1.3, 2.5), 1e-7),
    ],
)
def test_special_functions_have_gradients(f: Any, args: tuple[float, ...], rtol: float) -> None:
    with backend.enable_x64():
        n, h = len(args), 1e-5
        got = np.array(jax.jit(jax.grad(f, tuple(range(n))))(*args))
        steps = h * np.concatenate([np.eye(n), -np.eye(n)])
        up, down = np.split(np.asarray(jax.jit(f)(*(np.array(args) + steps).T)), 2)
        np.testing.assert_allclose(got, (up - down) / (2 * h), rtol=rtol)


EDGES = np.array([-np.inf, -3.7, -2.5, -1.0, -0.5, -0.0, 0.0, 0.3, 1.0, 2.5, 7.9, np.inf, np.nan])
# At infinities and poles, outside of what a distribution uses, these differ from SciPy.
UNLIKE_SCIPY = {"gammaln", "polygamma", "zeta", "betaln", "betaincinv", "gammainc", "gammaincc"}
UNLIKE_SCIPY |= {"gammaincinv", "gammainccinv", "owens_t", "log_kve"}
INT_POWERS = ("pow", "int64")


def arguments(n: int, dtype: str) -> list[np.ndarray[Any, Any]]:
    base = {
        "float64": EDGES,
        "int64": np.array([-7, -3, -1, 0, 1, 2, 9]),
        "uint8": np.array([0, 1, 2, 5, 250], dtype="uint8"),
        "bool": np.array([True, False]),
    }[dtype]
    return [g.ravel() for g in np.meshgrid(*[base] * n)]


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8", "bool"])
def test_elementwise_operations_agree_at_the_edges(dtype: str, n: int) -> None:
    values = arguments(n, dtype)
    inputs = [ag.input(f"x{i}", v.shape, dtype) for i, v in enumerate(values)]
    built: dict[str, Any] = {}
    for name, op in sorted(OPS.items()):
        # Of integers to negative powers NumPy says that there are none.
        known = name in {*UNLIKE_SCIPY, "astype", "bitcast", "map"} or (name, dtype) == INT_POWERS
        if op.elementwise and not known:
            with contextlib.suppress(TypeError, ag.AstragalError):
                built[name] = op(*inputs)
    assert built or (dtype, n) != ("float64", 2)
    want, got = (ag.function(inputs, built, backend=b)(*values) for b in ("numpy", "jax"))
    for name in built:
        assert got[name].dtype == want[name].dtype, name
        np.testing.assert_allclose(got[name], want[name], rtol=1e-11, atol=1e-13, err_msg=name)


@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        ("gammaln", [(1e-3, 50)]),
        ("polygamma", [(0, 4), (1e-2, 20)]),
        ("zeta", [(1.1, 9), (0.1, 20)]),
        ("betaln", [(1e-3, 50), (1e-3, 50)]),
        ("gammainc", [(0, 50), (0, 60)]),
        ("gammaincc", [(1e-3, 50), (0, 60)]),
        ("owens_t", [(-3, 3), (-3, 3)]),
    ],
)
def test_special_functions_agree_inside_their_domain(name: str, ranges: Any) -> None:
    values = [np.random.default_rng(5).uniform(low, high, size=60) for low, high in ranges]
    if name == "polygamma":
        values[0] = np.floor(values[0])
    values = [np.append(v, r[0]) for v, r in zip(values, ranges, strict=True)]
    inputs = [ag.input(f"x{i}", shape=v.shape) for i, v in enumerate(values)]
    assert_same_on_both(inputs, [OPS[name](*inputs)], *values, rtol=1e-10)


@pytest.mark.slow
def test_the_last_elements_of_a_long_draw_go_on_by_themselves_under_vmap_too() -> None:
    from astragal.compile.jax_map import LARGE

    k = ag.input("k", dtype="key")
    draw = ag.random.gamma(k, 0.7, rate=2.0, size=LARGE)
    f = ag.function([k], draw, backend="jax")
    keys = ag.evaluate(ag.split(ag.key(3)))
    wanted = [ag.function([k], draw, backend="numpy")(keys[i]) for i in range(2)]
    assert np.asarray(f(keys[0])).tobytes() == wanted[0].tobytes()
    both = jax.jit(jax.vmap(f.pure))(keys.words)
    assert np.asarray(both).tobytes() == np.stack(wanted).tobytes()


def test_quotients_and_roots_of_singles_can_be_rounded_through_doubles() -> None:
    rng = np.random.default_rng(7)
    # No subnormal numbers: XLA's CPU takes them for zeros.
    edges = np.array([0, -0.0, 1, 3, 1e-30, 3.4028235e38, np.inf, -np.inf, np.nan], "float32")
    x, y = (np.exp(10 * rng.normal(size=5_000)).astype("float32") for _ in range(2))
    x, y = np.r_[x, np.repeat(edges, edges.size)], np.r_[y, np.tile(edges, edges.size)]
    with np.errstate(all="ignore"), jax.enable_x64(True):
        quotient, root = x / y, np.sqrt(x)
        normal = ~(np.abs(quotient) < np.finfo("float32").tiny)
        np.testing.assert_array_equal(
            jax.jit(through_double(jnp.divide))(x, y)[normal], quotient[normal]
        )
        np.testing.assert_array_equal(jax.jit(through_double(jnp.sqrt))(x), root)


def test_a_device_that_rounds_singles_otherwise_draws_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jax_map, "rounds_singles", lambda: False)
    key = ag.input("key", dtype="key")
    # A size that no other test compiles, so that the code is traced under the patch.
    draw = ag.random.gamma(key, 0.3, rate=0.7, size=277, dtype="float32")
    given = ag.evaluate(ag.key(5))
    expected = ag.function([key], draw, backend="numpy")(given)
    pure = ag.function([key], draw, backend="jax").pure
    np.testing.assert_array_equal(pure(given), expected)
