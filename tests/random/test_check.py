# ruff: noqa: E501
"""The proof that no key is spent twice: what it must refuse, and what it must let pass."""

from typing import Any

import pytest

import astragal as ag
from astragal.graph.errors import KeyReuseError
from astragal.random.check import check_keys

normal, uniform, gamma = ag.random.normal, ag.random.uniform, ag.random.gamma
KEY = ag.input("k", dtype="key")
KEYS = ag.input("ks", shape=("n",), dtype="key")
I = ag.input("i", dtype="int64")  # noqa: E741
B = ag.input("b", dtype="bool")


def split_in_scan(key: Any, n: Any = 5) -> Any:
    def step(k: Any, _: Any) -> Any:
        a, b = ag.split(k)
        return a, normal(b)

    return ag.scan(step, key, length=n)


def both_branches(k: Any) -> Any:
    return ag.cond(B, normal, uniform, k)


def folded_in_scan(k: Any, start: Any = 0.0) -> Any:
    return ag.scan(lambda c, i: (c + normal(ag.fold_in(k, i)), c), start, ag.arange(4))[0]


def folded_by_carry(k: Any) -> Any:
    return ag.while_loop(
        lambda s: s[0] < 4, lambda s: (s[0] + 1, s[1] + normal(ag.fold_in(k, s[0]))), (0, 0.0)
    )[1]


def chosen_by_counter(k: Any) -> Any:
    ks = ag.split(k, 4)
    return ag.scan(lambda c, i: (c + normal(ks[i]), c), 0.0, ag.arange(4))[0]


def scanned_keys(k: Any) -> Any:
    return ag.scan(lambda c, s: (c + normal(s), c), 0.0, ag.split(k, 7))[0]


def swapped_carries(k: Any) -> Any:
    a, b = ag.split(k)

    def step(s: Any, _: Any) -> Any:
        c, d = ag.split(s[0])
        return (s[1], c), normal(d)

    return ag.scan(step, (a, b), length=3)[1]


# fmt: off
SOUND = {
    "two children":            lambda: [normal(c) for c in ag.split(KEY)],
    "a child split again":     lambda: [normal(ag.split(KEY)[0]), *map(normal, ag.split(ag.split(KEY)[1]))],
    "one variable used twice": lambda: [normal(KEY) * 2.0, ag.exp(normal(KEY))],
    "a draw for each key":     lambda: [normal(ag.split(KEY, 6))],
    "parts of a key array":    lambda: [normal(ag.split(KEY, 6)[:2]), uniform(ag.split(KEY, 6)[2:])],
    "a symbolic number of keys": lambda: [normal(KEYS)],
    "parts of symbolically many": lambda: [normal(KEYS[0]), uniform(KEYS[1:])],
    "reshaped and transposed": lambda: [normal(ag.reshape(ag.split(KEY, 6), (2, 3)).T[1]),
                                        normal(ag.split(KEY, 6)[0])],
    "distinct folds":          lambda: [normal(ag.fold_in(KEY, 0)), normal(ag.fold_in(KEY, 1))],
    "a fold of unknown data":  lambda: [normal(ag.fold_in(KEY, I))],
    "a fold of many":          lambda: [normal(ag.fold_in(KEY, ag.arange(5)))],
    "a carried key":           lambda: [split_in_scan(KEY)[1]],
    "the key a loop ends with": lambda: [normal(split_in_scan(KEY)[0]), split_in_scan(KEY)[1]],
    "a key in either branch":  lambda: [both_branches(KEY)],
    "folded with the counter": lambda: [folded_in_scan(KEY)],
    "folded with a carried count": lambda: [folded_by_carry(KEY)],
    "chosen by the counter":   lambda: [chosen_by_counter(KEY)],
    "keys scanned over":       lambda: [scanned_keys(KEY)],
    "carries that change places": lambda: [swapped_carries(KEY)],
    "either of two keys":      lambda: [normal(ag.where(B, *ag.split(KEY)))],
    "an unknown one of many":  lambda: [normal(ag.split(KEY, 3)[I])],
}
UNSOUND = {
    "two variables":          lambda: [normal(KEY), uniform(KEY)],
    "equal laws, other parameters": lambda: [normal(KEY), normal(KEY, 1.0)],
    "drawn and split":        lambda: [normal(KEY), normal(ag.split(KEY)[0])],
    "split in two and three": lambda: [normal(ag.split(KEY, 2)[0]), normal(ag.split(KEY, 3)[2])],
    "overlapping parts":      lambda: [normal(ag.split(KEY, 6)[:4]), uniform(ag.split(KEY, 6)[3:])],
    "a gather with repeats":  lambda: [normal(ag.split(KEY, 3)[ag.constant([0, 2, 0])])],
    "an unknown gather":      lambda: [normal(ag.split(KEY, 3)[ag.input("at", shape=(2,), dtype="int64")])],
    "a key broadcast":        lambda: [normal(ag.broadcast_to(KEY, (3,)))],
    "stacked with itself":    lambda: [normal(ag.stack([KEY, KEY]))],
    "one fold twice":         lambda: [normal(ag.fold_in(KEY, 3)), uniform(ag.fold_in(KEY, 3))],
    "folded and drawn":       lambda: [normal(ag.fold_in(KEY, 3)), uniform(KEY)],
    "unknown folds":          lambda: [normal(ag.fold_in(KEY, I)), uniform(ag.fold_in(KEY, 2))],
    "folds that repeat":      lambda: [normal(ag.fold_in(KEY, ag.constant([1, 2, 1])))],
    "captured by a scan":     lambda: [ag.scan(lambda c, x: (c + normal(KEY, x), c), 0.0, ag.arange(3) * 1.0)[0]],
    "captured by a while":    lambda: [ag.while_loop(lambda s: s < 3.0, lambda s: s + normal(KEY, s) ** 2, 0.0)],
    "spent and carried on":   lambda: [ag.scan(lambda k, _: (k, normal(k)), KEY, length=3)[1]],
    "carried on twice":       lambda: [ag.scan(lambda s, _: ((s[0], s[0]), 0.0), tuple(ag.split(KEY)), length=3)[0][0]],
    "spent before a loop":    lambda: [normal(KEY), split_in_scan(KEY)[1]],
    "spent after a branch":   lambda: [both_branches(KEY), normal(KEY)],
    "spent after keys scanned": lambda: [scanned_keys(KEY), normal(ag.split(KEY, 7)[3])],
    "either, and one of them": lambda: [normal(ag.where(B, *ag.split(KEY))), normal(ag.split(KEY)[0])],
    "an unknown one, and another": lambda: [normal(ag.split(KEY, 3)[I]), normal(ag.split(KEY, 3)[0])],
    "the counter of another loop": lambda: [ag.scan(
        lambda c, _: (folded_in_scan(KEY, c), c), 0.0, length=3)[0]],
    "used twice in a branch": lambda: [ag.cond(B, lambda k: normal(k) + uniform(k), lambda k: 0.0, KEY)],
}
# fmt: on


@pytest.mark.parametrize("case", SOUND)
def test_a_sound_graph_passes(case: Any) -> None:
    check_keys(*SOUND[case]())


@pytest.mark.parametrize("case", UNSOUND)
def test_a_key_spent_twice_is_found(case: Any) -> None:
    with pytest.raises(KeyReuseError):
        check_keys(*UNSOUND[case]())


def test_the_error_names_both_consumers_and_their_lines() -> None:
    k = ag.input("a key of this test", dtype="key")
    x = normal(k, 1.25)
    y = gamma(k, 2.0, rate=3.0)
    with pytest.raises(KeyReuseError) as error:
        check_keys(x * y)
    text = str(error.value)
    assert "normal(" in text
    assert "gamma(" in text
    lines = [x for x in text.splitlines() if "test_check.py:" in x]
    assert len(lines) == 2


def test_the_proof_is_linear() -> None:
    k = ag.key(3)
    total = ag.constant(0.0)
    for _ in range(20_000):
        a, k = ag.split(k)
        total = total + normal(a)
    check_keys(total)
