"""Keys: the cipher's known answers, the tree of splits, and what keys refuse."""

from typing import Any

import jax
import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import DomainError, DTypeError
from astragal.random.implementations import threefry4x32


def words_of(text: Any) -> Any:
    return tuple(ag.constant(int(w, 16), "uint32") for w in text.split())


# Random123 1.14, kat_vectors: counter, key, result.
THREEFRY_4X32_20 = [
    ("0 0 0 0", "0 0 0 0", "9c6ca96a e17eae66 fc10ecd4 5256a7d8"),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff ffffffff ffffffff",
        "2a881696 57012287 f6c7446e a16a6732",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0 082efa98 ec4e6c89",
        "59cd1dbb b8879579 86b5d00c ac8b6d84",
    ),
]


@pytest.mark.parametrize(("counter", "key", "result"), THREEFRY_4X32_20)
def test_threefry_gives_the_known_answers(counter: Any, key: Any, result: Any) -> None:
    out = threefry4x32(words_of(key), words_of(counter))
    assert [int(ag.evaluate(w)) for w in out] == [int(w, 16) for w in result.split()]


def words(key: Any) -> Any:
    return ag.evaluate(ag.key_data(key))


def test_a_root_key_is_its_seed_at_the_root_of_the_tree() -> None:
    assert words(ag.key(5 + (7 << 96))).tolist() == [5, 0, 0, 7, 0, 1]


def test_a_child_appends_its_number_to_the_path() -> None:
    assert words(ag.split(ag.key(9), 5))[:, 5].tolist() == [8, 9, 10, 11, 12]


def test_splitting_in_four_is_splitting_twice_across_new_cipher_keys() -> None:
    key = ag.key(11)
    for depth in range(70):
        twice = [c for half in ag.split(key) for c in ag.split(half)]
        four = words(ag.split(key, 4))
        assert np.array_equal(np.stack([words(c) for c in twice]), four), depth
        # The walk goes on from words, so that each step is computed afresh.
        key = ag.wrap_key_data(words(ag.split(key)[1]))


def test_a_symbolic_number_of_children_gives_the_same_children() -> None:
    n = ag.constant(3) + ag.constant(2)
    key = ag.split(ag.key(4), 3)[2]
    assert np.array_equal(words(ag.split(key, n)), words(ag.split(key, 5)))


def test_folding_in_different_data_gives_different_keys() -> None:
    data = np.array([0, 1, 2, 2**40, 2**56, 2**62, 2**63 - 1])
    rows = words(ag.fold_in(ag.key(3), data))
    assert len(np.unique(rows, axis=0)) == len(data)
    assert rows[:, 4:].tolist() == [[0, 1]] * len(data)


def test_key_arrays_keep_their_keys_through_every_change_of_shape() -> None:
    k = ag.split(ag.key(1), 6)
    w = words(k)
    assert np.array_equal(words(k[4]), w[4])
    assert np.array_equal(words(k[::2]), w[::2])
    assert np.array_equal(words(ag.reshape(k, (2, 3)).T), w.reshape(2, 3, 6).transpose(1, 0, 2))
    assert np.array_equal(words(ag.stack([k[2], k[0]])), w[[2, 0]])
    assert np.array_equal(words(ag.concatenate([k[3:], k[:3]])), np.r_[w[3:], w[:3]])
    mask = np.array([True, False, True])
    assert np.array_equal(
        words(ag.where(ag.constant(mask), k[:3], k[3:])), np.where(mask[:, None], w[:3], w[3:])
    )
    assert np.array_equal(words(k[ag.constant([5, 1])]), w[[5, 1]])


def test_one_draw_a_key_is_the_draw_of_each_key() -> None:
    k = ag.split(ag.key(2), 3)
    rate = np.array([[0.5, 2.0], [1.0, 3.0], [9.0, 0.1]])
    together = ag.evaluate(ag.random.gamma(k, 1.7, rate=rate))
    alone = [ag.evaluate(ag.random.gamma(k[i], 1.7, rate=rate[i])) for i in range(3)]
    assert np.array_equal(together, np.stack(alone))


@pytest.mark.parametrize("name", ["normal", "poisson"])
def test_a_shorter_draw_is_the_beginning_of_a_longer_one(name: Any) -> None:
    k = ag.key(8)
    draw = getattr(ag.random, name)
    long = ag.evaluate(draw(k, 12.5, size=(1000,)))
    for n in (0, 1, 16, 17, 31, 33, 999):
        assert np.array_equal(ag.evaluate(draw(k, 12.5, size=(n,))), long[:n])
    assert np.array_equal(ag.evaluate(draw(k, 12.5, size=(50, 20))), long.reshape(50, 20))


def test_a_key_has_no_arithmetic() -> None:
    k = ag.key(0)
    with pytest.raises(DTypeError, match="keys have no arithmetic"):
        k + 1
    with pytest.raises(TypeError, match="key_data"):
        np.asarray(k)


def test_a_bad_seed_or_implementation_is_refused() -> None:
    with pytest.raises(DomainError, match="2\\*\\*128"):
        ag.key(-1)
    with pytest.raises(DTypeError, match="seed"):
        ag.key(1.5)  # type: ignore[arg-type]
    with pytest.raises(DomainError, match="threefry4x32"):
        ag.key(1, impl="mersenne")


def test_keys_of_jax_and_seed_sequences_of_numpy_are_keys_in_a_graph() -> None:
    theirs: Any = jax.random.key(5)
    mine = ag.key(5, impl="threefry2x32")
    draws = [ag.evaluate(ag.random.normal(k, size=3)) for k in (theirs, mine)]
    assert np.array_equal(*draws)
    for n in (2, 3):
        words = ag.evaluate(ag.key_data(ag.split(theirs, n)))
        assert np.array_equal(words, jax.random.key_data(jax.random.split(theirs, n)))
    many: Any = jax.random.split(theirs, 4)
    folded = ag.evaluate(ag.key_data(ag.fold_in(many, 7)))
    wanted = jax.vmap(lambda k: jax.random.key_data(jax.random.fold_in(k, 7)))(many)
    assert np.array_equal(folded, wanted)
    assert ag.random.normal(many).shape == (4,)
    sequence: Any = np.random.SeedSequence(3)
    assert ag.split(sequence) is ag.split(ag.key(sequence))
    value: Any = ag.evaluate(ag.split(ag.key(2)))
    assert np.array_equal(
        ag.evaluate(ag.random.uniform(value)), ag.evaluate(ag.random.uniform(ag.split(ag.key(2))))
    )


def test_what_is_no_key_is_refused_with_what_to_do_instead() -> None:
    other: Any = jax.random.key(3, impl="rbg")
    words: Any = jax.random.PRNGKey(3)
    k = ag.key(1)
    with pytest.raises(DTypeError, match=r"a JAX key of rbg.*impl='threefry2x32'"):
        ag.random.normal(other)
    with pytest.raises(DTypeError, match="takes a key"):
        ag.random.normal(words)
    for convert in (lambda: ag.astype(k, "float64"), lambda: k.astype("int64"), lambda: k + 1):
        with pytest.raises(DTypeError, match=r"astragal\.key_data"):
            convert()
    with pytest.raises(DomainError, match=r"0 \.\. 2\*\*63 - 1"):
        ag.fold_in(k, 2**64)
    with pytest.raises(DomainError, match="no key of threefry4x32 has such words"):
        ag.wrap_key_data(np.zeros(6, "uint32"))
    given = ag.input("k", dtype=ag.key(0, impl="threefry2x32").type)
    f = ag.function([given], ag.random.normal(given), backend="numpy")
    with pytest.raises(DTypeError, match="more bits than a seed of threefry2x32"):
        f(other)


def test_several_numbers_split_into_an_array_of_keys() -> None:
    keys = ag.split(ag.key(7), (3, 2))
    assert keys.shape == (3, 2)
    flat = ag.split(ag.key(7), 6)
    assert (ag.evaluate(ag.key_data(keys)).reshape(6, -1) == ag.evaluate(ag.key_data(flat))).all()
    # Columns of one array of keys are spent apart: two draws a step of a loop.
    ends, (_, drawn) = ag.scan(
        lambda c, k: (c + ag.random.normal(k[0], 0.0, 1.0), (c, ag.random.normal(k[1], c, 1.0))),
        0.0,
        keys,
    )
    ag.check_keys(ends, drawn)
    assert ag.evaluate(drawn).shape == (3,)


def test_a_tuple_of_one_number_is_that_number() -> None:
    assert ag.split(ag.key(7), (3,)) is ag.split(ag.key(7), 3)
