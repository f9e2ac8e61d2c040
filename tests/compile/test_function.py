"""Compiled functions: what they take, what they give, what they keep."""

import copy
import pickle
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import DTypeError, ModelError, ShapeError, UnsupportedError

BACKENDS = ["numpy", "numba", "jax"]
backends = pytest.mark.parametrize("backend", BACKENDS)


def scale_and_shift(backend: str, **options: Any) -> ag.Function:
    x, y = ag.input("x", shape=(3,)), ag.input("y")
    return ag.function([x, y], x * y + 1.5, backend=backend, **options)


# -- containers -----------------------------------------------------------------------------------


@backends
def test_results_have_the_form_of_the_outputs(backend: str) -> None:
    x, y = ag.input("x"), ag.input("y")
    outputs = {"sum": x + y, "rest": [x - y, (x * y, None)]}
    got = ag.function((x, y), outputs, backend=backend)(5.0, 2.0)
    assert list(got) == ["sum", "rest"]
    assert float(got["sum"]) == 7.0
    assert float(got["rest"][0]) == 3.0
    assert isinstance(got["rest"][1], tuple)
    assert float(got["rest"][1][0]) == 10.0
    assert got["rest"][1][1] is None


@pytest.mark.parametrize(
    ("outputs", "form"),
    [
        (lambda x: x, np.ndarray),
        (lambda x: [x], list),
        (lambda x: (x,), tuple),
        (lambda x: {"a": x}, dict),
        (lambda x: [], list),
        (lambda x: None, type(None)),
    ],
)
def test_a_single_output_is_not_wrapped(outputs: Any, form: type) -> None:
    x = ag.input("x")
    assert type(ag.function([x], outputs(x), backend="numpy")(2.5)) is form


def test_inputs_in_a_list_are_given_by_place_or_by_name() -> None:
    f = ag.function([ag.input("x"), ag.input("y")], ag.input("x") - ag.input("y"), backend="numpy")
    assert float(f(5.0, 2.0)) == float(f(5.0, y=2.0)) == float(f(y=2.0, x=5.0)) == 3.0


def test_inputs_in_a_dictionary_are_given_as_one_or_by_key() -> None:
    x, y = ag.input("a"), ag.input("b")
    f = ag.function({"left": x, "right": y}, x - y, backend="numpy")
    assert float(f({"right": 2.0, "left": 5.0})) == float(f(left=5.0, right=2.0)) == 3.0


def test_a_single_input_needs_no_list() -> None:
    x = ag.input("x")
    assert float(ag.function(x, x * 3.0, backend="numpy")(2.0)) == 6.0


def test_nested_inputs_are_given_as_nested_values() -> None:
    x, y, z = (ag.input(n) for n in "xyz")
    f = ag.function([x, {"a": y, "b": [z]}], x * y - z, backend="numpy")
    assert float(f(2.0, {"b": [7.0], "a": 5.0})) == 3.0


@pytest.mark.parametrize(
    ("args", "named", "message"),
    [
        ((1.0,), {}, r"takes 2 arguments \(x, y\), 1 given"),
        ((1.0, 2.0, 3.0), {}, "takes 2 arguments"),
        ((1.0,), {"x": 2.0}, "'x' is given twice"),
        ((1.0,), {"w": 2.0}, "no input 'w'; it takes x, y"),
        ((), {"x": 2.0}, "no value is given for y"),
    ],
)
def test_a_call_with_other_arguments_says_which(args: Any, named: Any, message: str) -> None:
    x, y = ag.input("x"), ag.input("y")
    f = ag.function([x, y], x - y, backend="numpy")
    with pytest.raises(TypeError, match=message):
        f(*args, **named)


def test_a_wrong_container_is_named_by_its_place() -> None:
    x, y = ag.input("x"), ag.input("y")
    f = ag.function([x, {"a": y}], x - y, backend="numpy")
    with pytest.raises(
        TypeError, match=r"inputs\[1\]: expected a dictionary with the keys \['a'\]"
    ):
        f(1.0, {"b": 2.0})


# -- what may be an input -------------------------------------------------------------------------


def test_an_input_that_the_outputs_read_must_be_listed() -> None:
    x, y = ag.input("x"), ag.input("weight", shape=(2,))
    with pytest.raises(ModelError, match=r"input 'weight' of type float64\(2,\)"):
        ag.function([x], x + ag.sum(y))


def test_an_input_of_the_same_name_and_another_type_is_told_apart() -> None:
    with pytest.raises(ModelError, match="the listed one of that name is of type int64"):
        ag.function([ag.input("x", dtype="int64")], ag.input("x") + 1.0)


def test_an_input_inside_a_loop_must_be_listed_too() -> None:
    step = ag.input("step")
    total, _ = ag.scan(lambda c, x: (c + step * x, None), 0.0, ag.constant([1.0, 2.0]))
    with pytest.raises(ModelError, match="input 'step'"):
        ag.function([], total)


def test_unused_inputs_are_allowed() -> None:
    f = ag.function([ag.input("x"), ag.input("unused", shape=(2,))], ag.input("x"), backend="numpy")
    assert float(f(2.5, [1.0, 2.0])) == 2.5


def test_an_input_listed_twice_is_an_error() -> None:
    x = ag.input("x")
    with pytest.raises(ModelError, match="'x' is listed twice"):
        ag.function([x, x], x)


@pytest.mark.parametrize("wrong", [ag.input("x") + 1.0, 2.5, "x"])
def test_an_input_is_a_leaf(wrong: Any) -> None:
    with pytest.raises(ModelError, match=r"expected expressions made by astragal\.input"):
        ag.function([wrong], ag.input("x"))


def test_an_unknown_backend_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedError, match="'torch'; known: numpy, numba, jax"):
        ag.function([], ag.constant(1.0), backend="torch")
    with pytest.raises(UnsupportedError, match="'torch'"):
        ag.evaluate(ag.constant(1.0), backend="torch")


# -- values ---------------------------------------------------------------------------------------


@backends
@pytest.mark.parametrize(
    "value",
    [
        [1.0, 2.0, 4.0],
        (1, 2, 4),
        np.array([1.0, 2.0, 4.0]),
        np.array([1, 2, 4]),
        np.array([1, 2, 4], dtype="uint8"),
        np.array([1.0, 2.0, 4.0], dtype="float32"),
        np.array([9.0, 1.0, 9.0, 2.0, 9.0, 4.0])[1::2],
        np.array([1.0, 2.0, 4.0], dtype=">f8"),
    ],
)
def test_values_that_lose_nothing_are_converted(backend: str, value: Any) -> None:
    np.testing.assert_array_equal(scale_and_shift(backend)(value, 2), [3.5, 5.5, 9.5])


@backends
@pytest.mark.parametrize(
    ("dtype", "value", "message"),
    [
        (
            "float32",
            np.array([0.1]),
            r"'v' is of type float32\(1,\), given float64; that may change",
        ),
        ("float32", np.array([3]), "given int64"),
        ("int64", [2.5], "given float64"),
        ("int32", np.array([3]), "given int64"),
        ("uint8", [300], "outside the range of uint8"),
        ("uint8", [-1], "outside the range of uint8"),
        ("bool", [1], "given int64"),
        ("float64", ["a"], "given list"),
        ("float64", [1j], "given list"),
        ("float64", [None], "given list"),
        ("float64", [[1.0], [2.0, 3.0]], "given list"),
    ],
)
def test_values_that_would_change_are_refused(
    backend: str, dtype: str, value: Any, message: str
) -> None:
    v = ag.input("v", shape=(1,), dtype=dtype)
    f = ag.function([v], v, backend=backend)
    with pytest.raises(DTypeError, match=message):
        f(value)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("float32", 0.1),
        ("float32", 7),
        ("int8", -128),
        ("uint64", 2**64 - 1),
        ("float64", True),
        ("bool", np.True_),
        ("int64", np.int16(-3)),
    ],
)
def test_numbers_adapt_to_the_input(dtype: str, value: Any) -> None:
    v = ag.input("v", dtype=dtype)
    got = ag.function([v], v, backend="numpy")(value)
    assert got.dtype == dtype
    assert got == np.asarray(value, dtype=dtype)


@backends
@pytest.mark.parametrize("value", [[1.0, 2.0], [[1.0, 2.0, 3.0]], 1.0])
def test_a_value_of_another_shape_names_the_input(backend: str, value: Any) -> None:
    with pytest.raises(ShapeError, match=r"input 'x' has shape \(3,\), given"):
        scale_and_shift(backend)(value, 2.0)


def test_an_expression_is_no_value() -> None:
    with pytest.raises(DTypeError, match="'y' is given an expression; a compiled function takes"):
        scale_and_shift("numpy")([1.0, 2.0, 4.0], ag.constant(1.0))


def test_a_key_is_no_number() -> None:
    with pytest.raises(DTypeError, match="input 'y' is given a key"):
        scale_and_shift("numpy")([1.0, 2.0, 4.0], ag.evaluate(ag.key(3)))


@backends
def test_results_are_arrays_of_the_predicted_type(backend: str) -> None:
    import jax

    x = ag.input("x", shape=(2, 3), dtype="float32")
    outs = [x, x > 0, ag.sum(x), ag.argmax(x), x[0, 1], ag.constant(2.5), x.T]
    got = ag.function([x], outs, backend=backend)(np.arange(6, dtype="float32").reshape(2, 3))
    for value, expr in zip(got, outs, strict=True):
        assert isinstance(value, jax.Array if backend == "jax" else np.ndarray)
        assert (value.dtype, value.shape) == (expr.dtype, expr.shape)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_results_belong_to_the_caller(backend: str) -> None:
    x = ag.input("x", shape=(3,))
    c = ag.constant([7.0, 8.0, 9.0])
    total = ag.shared([1.0, 2.0, 4.0])
    y = x + 1.0
    f = ag.function([x], [x, x[1:], c, total, ag.reshape(x, (3, 1)), y, y], backend=backend)
    given = np.array([1.0, 2.0, 4.0])
    first = [np.array(v) for v in f(given)]
    for value in f(given):
        value[...] = -1.0
    assert given.tolist() == [1.0, 2.0, 4.0]
    one, other = f(given)[-2:]
    one[...] = -1.0
    assert other.tolist() == [2.0, 3.0, 5.0]
    for value, expected in zip(f(given), first, strict=True):
        np.testing.assert_array_equal(value, expected)


# -- symbolic dimensions --------------------------------------------------------------------------


@backends
def test_a_symbolic_length_is_known_at_the_call(backend: str) -> None:
    x = ag.input("x", shape=("n", 2))
    f = ag.function([x], [ag.sum(x, 0) / x.shape[0], ag.arange(x.shape[0] + 1)], backend=backend)
    for n in (1, 3, 5):
        mean, steps = f(np.ones((n, 2)) * [2.0, 5.0])
        assert mean.tolist() == [2.0, 5.0]
        assert steps.tolist() == list(range(n + 1))


@backends
def test_lengths_of_one_name_must_agree(backend: str) -> None:
    x, y = ag.input("x", shape=("n",)), ag.input("y", shape=(2, "n"))
    f = ag.function([x, y], ag.sum(x) + ag.sum(y), backend=backend)
    assert float(f([1.0, 2.0], np.ones((2, 2)))) == 7.0
    with pytest.raises(
        ShapeError,
        match=r"dimension 'n': input 'x' has 3 along axis 0, input 'y' has 2 along axis 1",
    ):
        f([1.0, 2.0, 3.0], np.ones((2, 2)))


@backends
@pytest.mark.parametrize("n", [1, 2])
def test_a_length_of_one_at_the_call_does_not_stretch(backend: str, n: int) -> None:
    x, y = ag.input("x", shape=("n",)), ag.input("y", shape=(3,))
    f = ag.function([x, y], x * y, backend=backend)
    assert f([1.0, 2.0, 3.0], [5.0, 6.0, 7.0]).tolist() == [5.0, 12.0, 21.0]
    with pytest.raises(ShapeError):
        f(np.ones(n), [5.0, 6.0, 7.0])


@backends
def test_a_computed_length_is_checked(backend: str) -> None:
    x = ag.input("x", shape=("n",))
    y = ag.input("y", shape=(x.shape[0] + 1,))
    f = ag.function([x, y], ag.sum(y) - ag.sum(x), backend=backend)
    assert float(f([1.0, 2.0], [3.0, 4.0, 5.0])) == 9.0
    with pytest.raises(ShapeError, match=r"input 'y' has 2 along axis 0, expected n \+ 1 = 3"):
        f([1.0, 2.0], [3.0, 4.0])


def test_a_length_that_no_input_has_is_an_error() -> None:
    n = ag.input("x", shape=("n",)).shape[0]
    with pytest.raises(ModelError, match="dimension 'n' is not known"):
        ag.function([], ag.zeros(n))


@backends
def test_a_length_may_be_an_input_of_its_own(backend: str) -> None:
    n = ag.input("n", dtype="int64")
    f = ag.function([n], ag.sum(ag.arange(n) * 2), backend=backend)
    assert int(f(4)) == 12
    assert int(f(5)) == 20


# -- keys -----------------------------------------------------------------------------------------


def sample(backend: str) -> ag.Function:
    k = ag.input("k", dtype="key")
    return ag.function([k], ag.random.normal(k, 1.0, 2.0, size=(5,)), backend=backend)


@backends
def test_keys_go_in_and_come_out(backend: str) -> None:
    k = ag.input("k", dtype="key")
    split = ag.function([k], ag.split(k, 3), backend=backend)
    children = split(ag.evaluate(ag.key(7)))
    assert isinstance(children, ag.KeyArray)
    assert children.shape == (3,)
    assert children == ag.evaluate(ag.split(ag.key(7), 3))
    np.testing.assert_array_equal(
        sample(backend)(children[1]),
        ag.evaluate(ag.random.normal(ag.split(ag.key(7), 3)[1], 1.0, 2.0, size=(5,))),
    )


@backends
def test_a_key_expression_is_taken_for_its_value(backend: str) -> None:
    f = sample(backend)
    np.testing.assert_array_equal(f(ag.key(7)), f(ag.evaluate(ag.key(7))))


def test_a_seed_sequence_is_a_key() -> None:
    f = sample("numpy")
    a, b = (f(np.random.SeedSequence(s)) for s in (1, 2))
    np.testing.assert_array_equal(a, f(np.random.SeedSequence(1)))
    assert not np.array_equal(a, b)


def test_a_jax_key_is_a_key() -> None:
    import jax

    f = sample("numpy")
    np.testing.assert_array_equal(f(jax.random.key(42)), f(ag.key(42)))
    k = ag.input("k", shape=(2,), dtype="key")
    g = ag.function([k], ag.random.normal(k), backend="numpy")
    both = jax.random.split(jax.random.key(42))
    assert g(both).shape == (2,)


@pytest.mark.parametrize("seed", [42, np.int64(42)])
def test_an_integer_is_no_key(seed: Any) -> None:
    with pytest.raises(
        DTypeError, match=r"'k' is a random key, given the integer 42; pass .*key\(42\)"
    ):
        sample("numpy")(seed)


def test_what_is_no_key_is_told_what_would_be() -> None:
    with pytest.raises(DTypeError, match=r"pass astragal\.key\(seed\)"):
        sample("numpy")(np.zeros(6, dtype="uint32"))


def test_keys_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"'k' holds keys of shape \(\), given \(2,\)"):
        sample("numpy")(ag.split(ag.key(7)))


@pytest.mark.parametrize(
    "use",
    [
        lambda k: k + 1,
        lambda k: 2 * k,
        np.asarray,
        np.exp,
        lambda k: np.array([1.0]) + k,
        lambda k: k < k,
        float,
        bool,
        lambda k: -k,
    ],
)
def test_a_key_has_no_arithmetic(use: Any) -> None:
    with pytest.raises(TypeError, match="a key has no arithmetic"):
        use(ag.evaluate(ag.key(3)))


def test_a_key_is_immutable_and_compares_by_its_words() -> None:
    a, b = (ag.evaluate(ag.key(s)) for s in (3, 4))
    assert a == ag.evaluate(ag.key(3))
    assert a != b
    assert len({a, b, ag.evaluate(ag.key(3))}) == 2
    with pytest.raises(AttributeError, match="immutable"):
        a.impl = "other"
    with pytest.raises(ValueError, match="read-only"):
        a.words[0] = 1
    assert pickle.loads(pickle.dumps(a)) == copy.deepcopy(a) == a


# -- shared variables -----------------------------------------------------------------------------


@backends
def test_an_update_is_seen_by_the_next_call(backend: str) -> None:
    total = ag.shared(0.0, name="total")
    x = ag.input("x")
    add = ag.function([x], total * 1.0, updates={total: total + x}, backend=backend)
    read = ag.function([], total, backend=backend)
    assert [float(add(v)) for v in (2.5, 1.0, 4.0)] == [0.0, 2.5, 3.5]
    assert float(read()) == float(total.value) == float(add.state[total]) == 7.5


@backends
def test_updates_are_simultaneous(backend: str) -> None:
    a, b = ag.shared([1.0, 2.0]), ag.shared([3.0, 5.0])
    swap = ag.function([], [], updates={a: b, b: a * 10.0}, backend=backend)
    swap()
    assert a.value.tolist() == [3.0, 5.0]
    assert b.value.tolist() == [10.0, 20.0]
    swap()
    assert a.value.tolist() == [10.0, 20.0]
    assert b.value.tolist() == [30.0, 50.0]


@backends
def test_a_key_can_be_shared(backend: str) -> None:
    k = ag.shared(ag.key(7))
    following = ag.split(k)
    draw = ag.function(
        [], ag.random.normal(following[1]), updates={k: following[0]}, backend=backend
    )
    one, two = ag.split(ag.key(7)), ag.split(ag.split(ag.key(7))[0])
    expected = [ag.evaluate(ag.random.normal(p[1])) for p in (one, two)]
    assert [float(draw()), float(draw())] == [float(v) for v in expected]


def test_a_default_update_follows_every_function_that_reads() -> None:
    count = ag.shared(0)
    count.default_update = count + 1
    f = ag.function([], count, backend="numpy")
    g = ag.function([], count, updates={count: count + 10}, backend="numpy")
    still = ag.function([], count, updates={count: count}, backend="numpy")
    assert [int(h()) for h in (f, f, g, still, f)] == [0, 1, 2, 12, 12]


def test_state_is_read_and_set_by_variable_or_name() -> None:
    total = ag.shared([1.0, 2.0], name="total")
    f = ag.function([], total * 2.0, backend="numpy")
    assert list(f.state) == ["total"]
    f.state["total"] = [3, 4]
    assert f.state[total].tolist() == [3.0, 4.0]
    assert f().tolist() == [6.0, 8.0]
    with pytest.raises(ShapeError, match=r"'total' has shape \(2,\), given \(3,\)"):
        f.state[total] = [1.0, 2.0, 3.0]
    with pytest.raises(KeyError, match="no shared variable 'other'; the function has: total"):
        f.state["other"]


def test_what_is_read_from_a_shared_variable_is_a_copy() -> None:
    start = np.array([1.0, 2.0])
    total = ag.shared(start)
    start[0] = 9.0
    got = total.value
    got[1] = 9.0
    f = ag.function([], total, updates={total: total + 1.0}, backend="numpy")
    f()[...] = 9.0
    f.state[total][...] = 9.0
    assert total.value.tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("update", "error", "message"),
    [
        (lambda s: s + 0.5, DTypeError, "'s' holds int64, its update is of type float64"),
        (lambda s: ag.constant([1, 2]), ShapeError, r"its update is of type int64\(2,\)"),
        (lambda s: ag.key(3), DTypeError, "its update is of type key"),
    ],
)
def test_an_update_keeps_the_type(update: Any, error: type, message: str) -> None:
    s = ag.shared(3, name="s")
    with pytest.raises(error, match=message):
        ag.function([], [], updates={s: update(s)})


def test_only_shared_variables_are_updated() -> None:
    x = ag.input("x")
    updates: Any = {x: x + 1.0}
    with pytest.raises(ModelError, match="only shared variables"):
        ag.function([x], [], updates=updates)
    with pytest.raises(ModelError, match="has a value of its own"):
        ag.function([ag.shared(1.0)], [])


def test_an_update_of_an_unknown_length_is_checked_at_the_call() -> None:
    s, x = ag.shared([1.0, 2.0], name="s"), ag.input("x", shape=("n",))
    f = ag.function([x], [], updates={s: x}, backend="numpy")
    f([5.0, 6.0])
    with pytest.raises(ShapeError, match=r"update of 's' has shape \(3,\), the variable \(2,\)"):
        f([5.0, 6.0, 7.0])
    assert s.value.tolist() == [5.0, 6.0]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_calls_from_many_threads_lose_no_update(backend: str) -> None:
    a, b = ag.shared(0), ag.shared(0)
    up = ag.function([], a, updates={a: a + 1, b: b - a}, backend=backend)
    down = ag.function([], b, updates={b: b + a}, backend=backend)
    seen: list[int] = []

    def run() -> None:
        for _ in range(50):
            seen.append(int(up()))
            down()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert int(a.value) == 400
    assert sorted(seen) == list(range(400))


# -- pickling -------------------------------------------------------------------------------------


@backends
def test_a_function_is_pickled_with_its_state(backend: str) -> None:
    total, x = ag.shared(1.5, name="total"), ag.input("x")
    f = ag.function([x], {"t": total + x}, updates={total: total + x}, backend=backend)
    f(2.0)
    g = pickle.loads(pickle.dumps(f))
    assert g.backend == backend
    assert float(g(1.0)["t"]) == float(f(1.0)["t"]) == 4.5
    g(1.0)
    assert float(g.state["total"]) == 5.5
    assert float(f.state["total"]) == float(total.value) == 4.5


def test_a_stream_goes_on_where_a_pickled_function_stood() -> None:
    f = ag.function([], ag.RandomStream(5).normal(size=(3,)), backend="numpy")
    first = f()
    g = pickle.loads(pickle.dumps(f))
    second = f()
    np.testing.assert_array_equal(g(), second)
    assert not np.array_equal(first, second)


def test_functions_pickled_together_go_on_sharing() -> None:
    total = ag.shared(1.5)
    f = ag.function([], [], updates={total: total * 2.0}, backend="numpy")
    g = ag.function([], total, backend="numpy")
    f, g, again = pickle.loads(pickle.dumps((f, g, total)))
    f()
    assert float(g()) == float(again.value) == 3.0


# -- evaluate -------------------------------------------------------------------------------------


@backends
def test_evaluate_computes_containers(backend: str) -> None:
    x = ag.constant([1.0, 2.0])
    got = ag.evaluate({"a": x * 2.0, "b": (ag.sum(x), 7)}, backend=backend)
    assert got["a"].tolist() == [2.0, 4.0]
    assert float(got["b"][0]) == 3.0
    assert int(got["b"][1]) == 7


def test_evaluate_names_the_inputs_in_the_way() -> None:
    x, y = ag.input("x"), ag.input("y", shape=("n",))
    with pytest.raises(
        ModelError, match=r"input 'x' of type float64, input 'y' .*astragal.function"
    ):
        ag.evaluate(x + ag.sum(y))


def test_evaluate_reads_shared_variables_and_changes_none() -> None:
    s = ag.shared(2.0)
    s.default_update = s + 1.0
    assert float(ag.evaluate(s * 3.0)) == float(ag.evaluate(s * 3.0)) == 6.0


# -- looking inside -------------------------------------------------------------------------------


@backends
def test_names_given_by_users_never_enter_the_source(backend: str) -> None:
    x = ag.input('"); import os; ("', shape=(2,))
    f = ag.function([x], ag.sum(x * 2.0), backend=backend)
    assert "import os" not in f.source
    assert float(f([1.0, 2.5])) == 7.0


def test_the_source_of_the_reference_is_a_line_a_step() -> None:
    x = ag.input("x", shape=(3,))
    total, _ = ag.scan(lambda c, v: (c * v, None), 1.0, x)
    source = ag.function([x], ag.exp(total) - 2.5, backend="numpy").source
    assert source.splitlines()[0] == "def program_0(v0, v1):"
    assert "multiply(v0, v1)" in source
    assert "scan(program_0, 3, False, 1, 1, 1.0, v0)" in source


def test_pure_is_for_jax() -> None:
    with pytest.raises(UnsupportedError, match='compile it with backend="jax"'):
        _ = scale_and_shift("numpy").pure


def test_importing_astragal_imports_no_backend() -> None:
    code = (
        "import sys, astragal\n"
        "print([m for m in ('jax', 'numba', 'arviz', 'scipy.special', 'matplotlib', 'xarray')"
        " if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
