"""Streams: keys by creation order, state by function, saved and restored exactly."""

import json
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import ModelError


def same(a: Any, b: Any) -> Any:
    return np.array_equal(np.asarray(a), np.asarray(b))


def test_a_variable_depends_on_the_seed_and_its_number_alone() -> None:
    first, second = ag.RandomStream(5), ag.RandomStream(5)
    a, b = first.normal(size=4), first.gamma(2.0, rate=3.0)
    c = second.normal(size=4)
    d = second.gamma(2.0, rate=3.0)
    together = ag.function([], [a, b], backend="numpy")
    alone = ag.function([], d, backend="numpy")
    assert same(together()[1], alone())
    assert same(ag.function([], c, backend="numpy")(), ag.function([], a, backend="numpy")())


def test_each_call_advances_and_functions_do_not_disturb_each_other() -> None:
    stream = ag.RandomStream(1)
    x = stream.uniform(size=3)
    f, g = (ag.function([], x, backend="numpy") for _ in range(2))
    first = [f() for _ in range(3)]
    assert not same(first[0], first[1])
    assert all(same(a, g()) for a in first)


@pytest.mark.parametrize("other", ["jax", "numba"])
def test_a_state_is_restored_on_another_backend(other: Any) -> None:
    stream = ag.RandomStream(8)
    x, y = stream.normal(size=3), stream.poisson(4.5)
    f = ag.function([], [x, y], backend="numpy")
    f()
    state = json.loads(json.dumps(stream.getstate(f)))
    expected = [f(), f()]
    g = ag.function([], [x, y], backend=other)
    stream.setstate(g, state)
    for values in expected:
        for a, b in zip(values, g(), strict=True):
            assert same(a, b)


def test_seeding_a_function_begins_anew() -> None:
    stream = ag.RandomStream(2)
    f = ag.function([], stream.beta(0.5, 2.0, size=2), backend="numpy")
    stream.seed(f, 99)
    fresh = ag.RandomStream(99)
    g = ag.function([], fresh.beta(0.5, 2.0, size=2), backend="numpy")
    assert same(f(), g())


def test_a_stream_knows_its_variables() -> None:
    stream = ag.RandomStream(0)
    x, y = stream.normal(), stream.normal()
    assert x in stream
    assert ag.random.normal(ag.key(0)) not in stream
    assert stream.results() == (x, y)
    assert x is not y
    ag.check_keys(x, y)


def test_state_of_other_variables_is_refused() -> None:
    stream = ag.RandomStream(0)
    f = ag.function([], stream.normal(), backend="numpy")
    g = ag.function([], stream.normal(), backend="numpy")
    with pytest.raises(ModelError, match="setstate"):
        stream.setstate(g, stream.getstate(f))
    with pytest.raises(ModelError, match="no variable of this stream"):
        stream.seed(ag.function([], ag.constant(1.0), backend="numpy"), 3)
    with pytest.raises(AttributeError, match="gaussian"):
        stream.gaussian()


def test_what_is_no_state_is_refused() -> None:
    stream = ag.RandomStream(3)
    f = ag.function([], stream.normal(), backend="numpy")
    for wrong in (None, {"a": [1]}, [1]):
        with pytest.raises(ModelError, match="takes what getstate gave"):
            stream.setstate(f, wrong)  # type: ignore[arg-type]
