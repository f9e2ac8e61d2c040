# ruff: noqa: E501
"""The proof that no key is spent twice: what it must refuse, and what it must let pass."""

from typing import Any

import pytest

import astragal as ag
from astragal.graph.errors import KeyReuseError
from astragal.graph.subgraph import Subgraph
from astragal.ops.control import MAP
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


X = ag.input("x")
J = ag.input("j", dtype="int64")
OTHER = ag.input("k2", dtype="key")
FOUR = ag.split(KEY, 4)


def counted(n: int, body: Any) -> Any:
    """A sum over i below n of what a body gives."""
    return ag.scan(lambda c, i: (c + body(i), c), 0.0, ag.arange(n))[0]


def mapped(*consumers: Any) -> Any:
    return Subgraph([KEY, X], [sum((f(KEY) for f in consumers), X)])


def words(k: Any) -> Any:
    return ag.key_data(k)


def wrap(w: Any) -> Any:
    return ag.wrap_key_data(w)


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
    "handed through a loop":   lambda: [normal(ag.scan(lambda k, _: (k, 0.0), KEY, length=3)[0])],
    "a counter in fewer bits": lambda: [counted(100, lambda i: normal(ag.fold_in(KEY, ag.astype(i, "uint8"))))],
    "a counter scaled and moved": lambda: [counted(100, lambda i: normal(ag.fold_in(KEY, i * 2 + 1)))],
    "counted backwards":       lambda: [counted(4, lambda i: normal(FOUR[3 - i]))],
    "counted from the end":    lambda: [counted(4, lambda i: normal(FOUR[i - 2]))],
    "chosen by a carried count": lambda: [ag.while_loop(
        lambda s: s[0] < 4, lambda s: (s[0] + 1, s[1] + normal(FOUR[s[0]])), (0, 0.0))[1]],
    "a fold of folds":         lambda: [counted(2, lambda i: counted(3, lambda j: normal(ag.fold_in(ag.fold_in(KEY, i), j))))],
    "symbolically many, counted": lambda: [ag.scan(lambda c, i: (c + normal(KEYS[i]), c), 0.0, ag.arange(KEYS.shape[0]))[0]],
    "mapped over keys":        lambda: [MAP(mapped(normal), FOUR, ag.arange(4) * 1.0)],
    "out as words and in":     lambda: [normal(wrap(words(KEY)))],
    "one of several as words": lambda: [normal(wrap(words(FOUR)[1]))],
    "each of three branches":  lambda: [ag.switch(I, [normal, uniform, lambda k: normal(ag.split(k)[0])], KEY)],
    "one called body, two keys": lambda: [ag.subgraph([OTHER], normal(OTHER))(k) for k in ag.split(KEY)],
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
    "one unknown fold twice": lambda: [normal(ag.fold_in(KEY, I)), uniform(ag.fold_in(KEY, I))],
    "folds of two unknowns":  lambda: [normal(ag.fold_in(KEY, I)), uniform(ag.fold_in(KEY, J))],
    "folded and split":       lambda: [normal(ag.fold_in(KEY, 1)), uniform(ag.split(KEY)[0])],
    "counted from both ends": lambda: [normal(FOUR[-1]), uniform(FOUR[3])],
    "handed through, and drawn": lambda: [normal(KEY), normal(ag.scan(lambda k, _: (k, 0.0), KEY, length=3)[0], 2.0)],
    "out of a branch, and drawn": lambda: [normal(ag.cond(B, lambda k: k, lambda k: ag.split(k)[0], KEY)), uniform(KEY)],
    "two calls of a key":     lambda: [ag.subgraph([OTHER], f(OTHER))(KEY) for f in (normal, uniform)],
    "its words, changed":     lambda: [normal(KEY), uniform(wrap(words(KEY) + 0 * words(KEY)))],
    "a part of words":        lambda: [normal(FOUR), uniform(wrap(words(FOUR)[1]))],
    "several parts of words": lambda: [normal(wrap(words(FOUR)[::-1]))],
    "a counter that wraps":   lambda: [counted(1000, lambda i: normal(ag.fold_in(KEY, ag.astype(i, "uint8"))))],
    "a counter that overflows": lambda: [counted(100, lambda i: normal(ag.fold_in(KEY, i * 2**62)))],
    "a counter round the end": lambda: [counted(4, lambda i: normal(FOUR[:3][i - 2]))],
    "more turns than keys":   lambda: [counted(10, lambda i: normal(FOUR[i]))],
    "a remainder":            lambda: [counted(4, lambda i: normal(ag.fold_in(KEY, i % 2)))],
    "a counter halved":       lambda: [counted(4, lambda i: normal(ag.fold_in(KEY, i // 2)))],
    "a counter and the next": lambda: [counted(4, lambda i: normal(ag.fold_in(KEY, i)) + normal(ag.fold_in(KEY, i + 1)))],
    "from both ends at once": lambda: [counted(4, lambda i: normal(FOUR[i]) + uniform(FOUR[3 - i]))],
    "a counter times zero":   lambda: [counted(4, lambda i: normal(ag.fold_in(KEY, i * 0)))],
    "mapped over one key":    lambda: [MAP(mapped(normal), KEY, ag.arange(3) * 1.0)],
    "mapped over, and drawn": lambda: [MAP(mapped(normal), FOUR, ag.arange(4) * 1.0), normal(FOUR[1])],
    "twice in a mapped body": lambda: [MAP(mapped(normal, uniform), FOUR, ag.arange(4) * 1.0)],
    "in a condition":         lambda: [ag.while_loop(lambda s: normal(KEY, s) > 0.0, lambda s: s + 1.0, 0.0)],
    "in a condition and its body": lambda: [ag.while_loop(
        lambda s: normal(s[1], s[0]) > 0.0, lambda s: (s[0] + normal(s[1]), ag.split(s[1])[0]), (0.0, KEY))[0]],
    "repeated":               lambda: [normal(ag.repeat(FOUR, 2))],
    "rolled":                 lambda: [normal(ag.roll(FOUR, 1)[0]), uniform(FOUR[3])],
    "flipped":                lambda: [normal(ag.flip(FOUR)[0]), uniform(FOUR[3])],
    "written over":           lambda: [normal(FOUR.at[0].set(FOUR[1]))],
    "parts of unknown length": lambda: [normal(KEYS[I:]), uniform(KEYS[:J])],
    "chosen by a mask":       lambda: [normal(KEYS[ag.input("m", shape=("n",), dtype="bool")]), uniform(KEYS[0])],
    "one key for many, chosen": lambda: [normal(ag.where(ag.input("m3", shape=(3,), dtype="bool"), KEY, OTHER))],
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


def test_the_error_names_consumers_inside_loops_and_their_lines() -> None:
    def step(k: Any, _: Any) -> Any:
        a, b = ag.split(k)
        x = normal(a)
        return b, x + uniform(a, x, 3.0)

    with pytest.raises(KeyReuseError) as error:
        ag.function([], ag.scan(step, ag.key(1), length=3)[1], check_keys=True)
    text = str(error.value)
    assert "normal(" in text
    assert "uniform(" in text
    assert len([x for x in text.splitlines() if "test_check.py:" in x]) == 2


def test_a_function_is_checked_if_that_is_asked_for() -> None:
    k = ag.key(2)
    outputs = [normal(k), uniform(k)]
    assert len(ag.function([], outputs, backend="numpy")()) == 2
    with pytest.raises(KeyReuseError):
        ag.function([], outputs, backend="numpy", check_keys=True)


def test_a_chain_of_choices_is_checked_in_linear_time() -> None:
    n = 3000
    ks = ag.split(ag.key(3), n)
    x = ks[0]
    for i in range(1, n):
        x = ag.where(i < I, x, ks[i])
    check_keys(normal(x))
    with pytest.raises(KeyReuseError):
        check_keys(normal(x), uniform(ks[n // 2]))
