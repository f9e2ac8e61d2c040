"""Sequential generators: values, whose draws are NumPy's own."""

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import DomainError, DTypeError, UnsupportedError
from astragal.random import sequential

RNG = ag.input("rng", dtype="generator")
BACKENDS = ("numpy", "numba")
ARGUMENTS: dict[str, tuple[float, ...]] = {
    "uniform": (-1.0, 2.5),
    "normal": (1.0, 2.5),
    "lognormal": (0.5, 1.2),
    "exponential": (2.5,),
    "standard_gamma": (0.3,),
    "gamma": (2.5, 3.0),
    "beta": (0.4, 2.3),
    "chisquare": (3.3,),
    "noncentral_chisquare": (3.0, 2.0),
    "f": (3.0, 5.0),
    "standard_t": (4.5,),
    "laplace": (1.0, 2.0),
    "logistic": (1.0, 2.0),
    "pareto": (2.5,),
    "weibull": (1.5,),
    "power": (2.5,),
    "rayleigh": (2.0,),
    "triangular": (-1.0, 0.5, 2.0),
    "poisson": (43.0,),
    "binomial": (100, 0.6),
    "negative_binomial": (5, 0.3),
    "geometric": (0.05,),
    "zipf": (2.5,),
    "logseries": (0.7,),
    "integers": (-5, 10),
    "gumbel": (1.0, 2.0),
    "vonmises": (0.5, 2.3),
    "wald": (1.3, 2.4),
    "noncentral_f": (3.0, 5.0, 2.0),
    "hypergeometric": (300, 700, 450),
}


def state(generator: np.random.Generator) -> Any:
    return generator.bit_generator.state


def check_agreement(methods: Any, backend: str) -> None:
    """Draw arrays and numbers with each method in turn, beside NumPy."""
    rng, outs, mine, theirs = RNG, [], [], np.random.default_rng(5)
    for m in methods:
        given = ARGUMENTS.get(m, ())
        rng, many = getattr(sequential, m)(rng, *given, size=(2, 5))
        rng, one = getattr(sequential, m)(rng, *given)
        outs += [many, one]
        mine += [getattr(theirs, m)(*given, size=(2, 5)), getattr(theirs, m)(*given)]
    last, *got = ag.function([RNG], [rng, *outs], backend=backend)(np.random.default_rng(5))
    for a, b in zip(got, mine, strict=True):
        assert np.array_equal(a, b)
        assert a.dtype == np.asarray(b).dtype
    assert state(last) == state(theirs)


def test_every_method_draws_as_numpy_does_on_the_reference() -> None:
    check_agreement(sequential.METHODS, "numpy")


def test_the_usual_methods_draw_as_numpy_does_on_numba() -> None:
    some = ["random", "normal", "exponential", "gamma", "poisson", "integers", "wald"]
    check_agreement(some, "numba")


@pytest.mark.slow
def test_every_method_draws_as_numpy_does_on_numba() -> None:
    check_agreement(sequential.METHODS, "numba")


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_next_generator_is_a_value_and_the_first_one_is_left_as_it_is(backend: Any) -> None:
    rng, x = sequential.uniform(RNG, size=2)
    last, y = sequential.uniform(rng, size=2)
    _, again = sequential.random(RNG, size=2)
    f = ag.function([RNG], [last, x, y, again], backend=backend)
    given = np.random.default_rng(123)
    before = state(given)
    last, first, second, copy = f(given)
    assert np.round(first, 8).tolist() == [0.68235186, 0.05382102]
    assert np.round(second, 8).tolist() == [0.22035987, 0.18437181]
    assert np.array_equal(first, copy)
    assert state(given) == before
    given.random(4)
    assert state(last) == state(given)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_generator_is_carried_through_loops_and_branches(backend: Any) -> None:
    def step(rng: Any, s: Any) -> Any:
        rng, x = sequential.normal(rng, 0.0, s)
        # A half of 64 bits is kept between draws of 32 bits.
        return sequential.integers(rng, 0, x < 0.0, endpoint=True)[0], x

    def plain(generator: Any, scales: Any) -> Any:
        out = []
        for s in scales:
            out.append(generator.normal(0.0, s))
            generator.integers(0, int(out[-1] < 0.0), endpoint=True)
        return out

    scales = ag.input("scales", shape=("n",))
    last, x = ag.scan(step, RNG, scales)
    more = ag.input("more", dtype="bool")
    branch = ag.cond(more, sequential.random, lambda r: (r, 0.0), last)
    f = ag.function([RNG, scales, more], [*branch, x], backend=backend)
    given = np.linspace(1.0, 2.0, 20)
    theirs = np.random.default_rng(8)
    wanted = plain(theirs, given)
    end, _, got = f(np.random.default_rng(8), given, False)
    assert got.tolist() == wanted
    assert state(end) == state(theirs)
    assert f(np.random.default_rng(8), given, True)[1] == theirs.random()


@pytest.mark.parametrize("backend", BACKENDS)
def test_parameters_are_broadcast_element_by_element(backend: Any) -> None:
    loc, scale = ag.input("loc", shape=(3, 1)), ag.input("scale", shape=("n",))
    _, x = sequential.normal(RNG, loc, scale)
    f = ag.function([RNG, loc, scale], x, backend=backend)
    a, b = np.array([[1.0], [2.0], [3.0]]), np.array([0.5, 1.5])
    wanted = np.random.default_rng(2).normal(a, b)
    assert np.array_equal(f(np.random.default_rng(2), a, b), wanted)


@pytest.mark.parametrize("backend", BACKENDS)
def test_choices_and_permutations(backend: Any) -> None:
    values, p = np.array([10.0, 20.0, 30.0]), [0.2, 0.5, 0.3]
    rng, order = sequential.permutation(RNG, 10)
    rng, some = sequential.choice(rng, values, 7, p=p)
    _, numbers = sequential.choice(rng, 5, (2, 3))
    theirs = np.random.default_rng(4)
    got = ag.function([RNG], [order, some, numbers], backend=backend)(np.random.default_rng(4))
    assert got[0].tolist() == theirs.permutation(10).tolist()
    assert got[1].tolist() == theirs.choice(values, 7, p=p).tolist()
    assert got[2].tolist() == theirs.choice(5, (2, 3)).tolist()


CHOICES: list[dict[str, Any]] = [
    {"a": 30, "size": 12, "replace": False},
    {"a": 30, "size": (3, 4), "replace": False, "shuffle": False},
    {"a": 20_000, "size": 900, "replace": False},
    {"a": 20_000, "size": 900, "replace": False, "shuffle": False},
    {"a": 9, "size": 9, "replace": False},
    {"a": 9, "size": None, "replace": False},
    {"a": 5, "size": 4, "replace": False, "p": [0.5, 0.2, 0.0, 0.01, 0.29]},
    {"a": [2.0, 7.0, 1.0, 8.0], "size": 3, "replace": False},
    {"a": [2.0, 7.0, 1.0, 8.0], "size": (2, 3), "p": [0.5, 0.2, 0.1, 0.2]},
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_choices_without_replacement(backend: Any) -> None:
    rng, outs, wanted, theirs = RNG, [], [], np.random.default_rng(6)
    for given in CHOICES:
        for _ in range(2):
            rng, x = sequential.choice(rng, **given)
            outs.append(x)
            wanted.append(theirs.choice(**given))
    last, *got = ag.function([RNG], [rng, *outs], backend=backend)(np.random.default_rng(6))
    for a, b in zip(got, wanted, strict=True):
        assert np.array_equal(a, b)
    assert state(last) == state(theirs)


@pytest.mark.parametrize("backend", BACKENDS)
def test_choices_that_cannot_be_made_are_refused(backend: Any) -> None:
    with pytest.raises(DomainError, match="fewer elements than are chosen"):
        sequential.choice(RNG, 3, 4, replace=False)
    with pytest.raises(DomainError, match="probabilities with sum 1"):
        sequential.choice(RNG, 2, 4, p=[0.5, 0.6])
    with pytest.raises(DomainError, match="fewer positive entries"):
        sequential.choice(RNG, 3, 2, replace=False, p=[0.0, 0.0, 1.0])
    n, p = ag.input("n", dtype="int64"), ag.input("p", shape=(3,))
    f = ag.function([RNG, n], sequential.choice(RNG, n, 4, replace=False)[1], backend=backend)
    assert sorted(f(np.random.default_rng(1), 4)) == [0, 1, 2, 3]
    with pytest.raises(DomainError, match="a has fewer elements than are chosen"):
        f(np.random.default_rng(1), 3)
    f = ag.function([RNG, p], sequential.choice(RNG, 3, 4, p=p)[1], backend=backend)
    with pytest.raises(DomainError, match="probabilities with sum 1"):
        f(np.random.default_rng(1), np.array([0.5, 0.5, 0.5]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bound_that_the_call_brings_is_checked_against_one_that_is_known(backend: Any) -> None:
    high = ag.input("high", dtype="int64")
    f = ag.function([RNG, high], sequential.integers(RNG, high)[1], backend=backend)
    assert f(np.random.default_rng(1), 1) == 0
    with pytest.raises(DomainError, match="high"):
        f(np.random.default_rng(1), 0)
    good = ag.input("good", dtype="int64")
    f = ag.function([RNG, good], sequential.hypergeometric(RNG, good, 3, 9)[1], backend=backend)
    with pytest.raises(DomainError, match=r"ngood.* is too small for nsample"):
        f(np.random.default_rng(1), 5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_wrong_parameters_are_refused(backend: Any) -> None:
    scale = ag.input("scale")
    f = ag.function([RNG, scale], sequential.normal(RNG, 0.0, scale)[1], backend=backend)
    with pytest.raises(DomainError, match="normal: parameter scale"):
        f(np.random.default_rng(1), -1.0)
    with pytest.raises(DomainError, match="binomial: parameter p"):
        sequential.binomial(RNG, 10, 1.5)


def test_what_is_no_generator_is_refused() -> None:
    f = ag.function([RNG], sequential.random(RNG)[1], backend="numpy")
    with pytest.raises(DTypeError, match=r"numpy\.random\.Generator"):
        f(3)
    with pytest.raises(DTypeError, match="PCG64"):
        f(np.random.Generator(np.random.MT19937(1)))
    with pytest.raises(DTypeError, match="numpy_generator"):
        sequential.random(ag.key(1))
    with pytest.raises(DTypeError, match="no arithmetic"):
        RNG + 1
    with pytest.raises(DTypeError, match="seed"):
        ag.numpy_generator(1.5)  # type: ignore[arg-type]


def test_jax_names_the_alternative() -> None:
    with pytest.raises(UnsupportedError, match=r"draw from a key.*numba"):
        ag.function([RNG], sequential.random(RNG)[1], backend="jax")


def test_graphs_with_generators_are_saved(tmp_path: Any) -> None:
    _, x = sequential.normal(ag.numpy_generator(3), size=4)
    _, y = sequential.normal(RNG, size=4)
    ag.save(tmp_path / "g.ag", [x, y])
    assert [a is b for a, b in zip(ag.load(tmp_path / "g.ag"), [x, y], strict=True)] == [True] * 2
    wanted = np.random.default_rng(3).normal(size=4)
    assert np.array_equal(ag.evaluate(x, backend="numba"), wanted)
