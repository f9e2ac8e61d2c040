"""Key implementations: known answers, agreement with NumPy and JAX, trees without collisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import DomainError, DTypeError, ShapeError
from astragal.random.implementations import (
    IMPLEMENTATIONS,
    KeyImplementation,
    philox4x32,
    philox4x64,
    register,
    u32,
)


def constants(dtype: str, *values: int) -> tuple[ag.Expr, ...]:
    return tuple(ag.constant(np.array(v, dtype=dtype)) for v in values)


def test_philox4x32_gives_the_known_answers() -> None:
    # Random123 1.14, kat_vectors.
    zero = philox4x32(constants("uint32", 0, 0), constants("uint32", 0, 0, 0, 0))
    assert [int(ag.evaluate(w)) for w in zero] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    counter = constants("uint32", 0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    pi = philox4x32(constants("uint32", 0xA4093822, 0x299F31D0), counter)
    assert [int(ag.evaluate(w)) for w in pi] == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def test_philox4x64_is_numpys() -> None:
    key, counter = [3**40, 2**64 - 5], [7, 1, 2**63, 11]
    generator = np.random.Philox(key=key, counter=counter)
    # NumPy steps its counter before the first block.
    given = constants("uint64", counter[0] + 1, *counter[1:])
    found = [int(ag.evaluate(w)) for w in philox4x64(constants("uint64", *key), given)]
    assert found == generator.random_raw(4).tolist()


def words(key: ag.Expr) -> Any:
    return ag.evaluate(ag.key_data(key))


def test_threefry2x32_is_jaxs() -> None:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        ours = ag.key(2**40 + 17, impl="threefry2x32")
        theirs = jax.random.key(2**40 + 17, impl="threefry2x32")
        data = jax.random.key_data
        assert np.array_equal(words(ours), data(theirs))
        assert np.array_equal(words(ag.split(ours, 5)), data(jax.random.split(theirs, 5)))
        assert np.array_equal(words(ag.fold_in(ours, 12)), data(jax.random.fold_in(theirs, 12)))
        for size in ((), (7,), (33, 3)):
            for dtype in ("uint32", "uint64"):
                mine = ag.evaluate(ag.random.bits(ours, size=size, dtype=dtype))
                assert np.array_equal(mine, jax.random.bits(theirs, size, dtype=dtype))


def distinct(rows: Any) -> int:
    """Count different rows."""
    return len(set(rows.view(f"V{rows.shape[1] * rows.itemsize}").ravel().tolist()))


OTHERS = ("threefry2x32", "philox4x32", "philox4x64")
BUILT_IN = ("threefry4x32", *(pytest.param(i, marks=pytest.mark.slow) for i in OTHERS))


@pytest.mark.parametrize("impl", BUILT_IN)
def test_a_tree_of_a_million_keys_has_no_two_alike(impl: str) -> None:
    # A thousand children, each with a thousand: all keys, inner ones included.
    root = ag.key(5, impl=impl)
    children = ag.split(root, 1000)
    leaves = np.swapaxes(words(ag.split(children, 1000)), 0, 1).reshape(-1, words(root).size)
    every = np.concatenate([words(root)[None], words(children), leaves])
    assert distinct(every) == len(every)


@pytest.mark.parametrize("impl", BUILT_IN)
def test_a_million_folds_are_all_different_from_one_another_and_from_a_tree(impl: str) -> None:
    # Folds of one key and of its sibling; 2**40 and above reach the counter's other fields.
    one, other = ag.split(ag.key(6, impl=impl))
    data = np.arange(250_000)
    parts = [words(ag.fold_in(k, d)) for k in (one, other) for d in (data, data + 2**40)]
    every = np.concatenate([*parts, words(ag.split(ag.key(6, impl=impl), 4))])
    assert distinct(every) == len(every)


def test_a_path_that_begins_anew_gives_new_keys() -> None:
    # 63 bits of path are full after 63 splits: the next ones draw a new cipher key.
    key, seen = ag.key(7), []
    for _ in range(66):
        children = words(ag.split(key))
        seen.append(children)
        key = ag.wrap_key_data(children[1])
    every = np.concatenate(seen)
    assert distinct(every) == len(every) == 132
    assert distinct(every[:, :4].copy()) == 2


@pytest.mark.parametrize("impl", sorted(IMPLEMENTATIONS))
def test_sibling_keys_draw_independently(impl: str) -> None:
    keys = ag.split(ag.key(9, impl=impl), 200)
    u = ag.evaluate(ag.random.uniform(keys, size=(200, 100)))
    correlations = np.corrcoef(u)[np.triu_indices(200, 1)] * 10.0
    # 19,900 correlations of 100 values: standard normal, nearly.
    assert abs(correlations.mean()) < 4 / np.sqrt(len(correlations))
    assert correlations.std() == pytest.approx(1.0, abs=0.03)
    assert abs(correlations).max() < 5.5


@pytest.mark.parametrize("impl", sorted(IMPLEMENTATIONS))
@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_every_implementation_draws_the_same_on_every_backend(impl: str, backend: str) -> None:
    k = ag.input("k", dtype=ag.key(0, impl=impl).type)
    a, b = ag.split(k)
    outputs = [ag.random.normal(a, 1.5, 2.0, size=40), ag.random.rayleigh(b, 2.0, size=5)]
    root = ag.evaluate(ag.key(2**33 + 1, impl=impl))
    reference = ag.function([k], outputs, backend="numpy")(root)
    found = ag.function([k], outputs, backend=backend)(root)
    for x, y in zip(found, reference, strict=True):
        assert np.asarray(x).tobytes() == np.asarray(y).tobytes()


def test_a_seed_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DomainError, match=r"philox4x32.*2\*\*64"):
        ag.key(2**64, impl="philox4x32")


def test_a_user_adds_an_implementation_with_a_few_functions() -> None:
    def mix(w: tuple[ag.Expr, ...], x: ag.Expr) -> tuple[ag.Expr, ...]:
        y = (w[0] ^ u32(x)) * 0x9E3779B1
        return (y ^ (y >> 15),)

    def block(w: tuple[ag.Expr, ...], element: ag.Expr, attempt: ag.Expr, tag: int) -> Any:
        x = mix((w[0] + attempt + tag,), element)[0]
        return x, x * 3 + 1, x * 5 + 2, x * 7 + 3

    if "poor" not in IMPLEMENTATIONS:
        register(
            KeyImplementation(
                "poor", 1, lambda s: (s & 0xFFFFFFFF,), lambda w, i, n: mix(w, i), mix, block
            )
        )
    k = ag.input("k", dtype=ag.key(0, impl="poor").type)
    ks = ag.split(ag.fold_in(k, 5), 3)
    outputs = [
        ag.random.uniform(ks[0], size=1000),
        ag.random.gamma(ks[1], 2.5, rate=1.0, size=7),
        ag.scan(lambda c, kk: (c + ag.random.normal(kk), c), 0.0, ag.split(ks[2], 6))[1],
    ]
    root = ag.evaluate(ag.key(3, impl="poor"))
    first = ag.function([k], outputs, backend="numpy")(root)
    assert 0.4 < first[0].mean() < 0.6
    for backend in ("numba", "jax"):
        found = ag.function([k], outputs, backend=backend)(root)
        assert [np.asarray(x).tobytes() for x in found[:2]] == [x.tobytes() for x in first[:2]]
        # Sums in the loop may be rounded in another way.
        assert np.allclose(np.asarray(found[2]), first[2], rtol=1e-14)


# -- handing over ------------------------------------------------------------------------------


@pytest.mark.parametrize("impl", sorted(IMPLEMENTATIONS))
def test_a_seed_sequence_is_a_key_and_a_key_makes_one(impl: str) -> None:
    k = ag.input("k", dtype=ag.key(0, impl=impl).type)
    f = ag.function([k], ag.split(k)[1], backend="numpy")
    given = np.random.SeedSequence(7)
    assert f(given) == f(ag.key(given, impl)) != f(np.random.SeedSequence(8))
    keys = ag.evaluate(ag.split(ag.key(1, impl=impl)))
    one, other = keys[0], keys[1]
    a, b, again = (np.random.default_rng(x.seed_sequence()).random() for x in (one, other, one))
    assert a != b
    assert a == again
    with pytest.raises(ShapeError, match="one key"):
        keys.seed_sequence()


def test_keys_are_handed_to_jax_and_taken_from_it() -> None:
    jax = pytest.importorskip("jax")
    theirs = jax.random.split(jax.random.key(3), 4)
    k = ag.input("k", shape=(4,), dtype=ag.key(0, impl="threefry2x32").type)
    for backend in ("numpy", "numba", "jax"):
        back = ag.function([k], k[1:], backend=backend)(theirs).to_jax()
        assert (jax.random.key_data(back) == jax.random.key_data(theirs[1:])).all()
    draw = ag.function([k], ag.random.bits(k, dtype="uint32"), backend="jax")
    wanted = [int(jax.random.bits(x)) for x in theirs]
    assert draw(theirs).tolist() == wanted
    # In a program of the user's, where keys are traced.
    assert jax.jit(draw.pure)(theirs).tolist() == wanted
    assert jax.vmap(lambda s: draw.pure(jax.random.split(s, 4)))(theirs).shape == (4, 4)
    with pytest.raises(DTypeError, match="threefry2x32"):
        ag.evaluate(ag.key(1)).to_jax()


def test_jaxs_keys_seed_those_of_another_implementation() -> None:
    jax = pytest.importorskip("jax")
    k = ag.input("k", dtype="key")
    f = ag.function([k], ag.random.uniform(k), backend="numpy")
    a, b = (float(f(jax.random.key(s))) for s in (1, 2))
    assert a != b
    assert a == float(f(ag.key(1)))
