"""Ciphers rolled into loops give the words of the cipher written out."""

import jax
import numpy as np
import pytest

import astragal as ag
from astragal.compile import jax_ciphers
from astragal.compile.jax_ciphers import FEW
from astragal.random.implementations import threefry4x32


@pytest.mark.parametrize("size", [0, 1, 33, 2 * FEW, 2 * FEW + 64])
def test_draws_are_the_same_on_both_sides_of_the_limit(size: int) -> None:
    k = ag.input("k", dtype="key")
    draws = [ag.random.uniform(c, size=size) for c in ag.split(k, 2)]
    given = ag.evaluate(ag.key(7))
    want, got = (ag.function([k], draws, backend=b)(given) for b in ("numpy", "jax"))
    for a, b in zip(want, got, strict=True):
        np.testing.assert_array_equal(np.asarray(b).view(np.uint64), a.view(np.uint64))


def test_the_rolled_cipher_is_the_cipher() -> None:
    rng = np.random.default_rng(1)
    words = [rng.integers(0, 2**32, 40, np.uint32) for _ in range(8)]
    inputs = [ag.input(f"w{i}", (40,), "uint32") for i in range(8)]
    cipher = ag.function(inputs, list(threefry4x32(tuple(inputs[:4]), tuple(inputs[4:]))))
    (rolled,) = jax_ciphers.rolled().values()
    for a, b in zip(cipher(*words), rolled(*words), strict=True):
        np.testing.assert_array_equal(a, b)


def test_rolled_ciphers_are_mapped_by_jax() -> None:
    k = ag.input("k", dtype="key")
    f = ag.function([k], ag.random.normal(k, size=3), backend="jax")
    keys = ag.evaluate(ag.split(ag.key(3), 5))
    rows = np.stack([np.asarray(f(keys[i])) for i in range(5)])
    # XLA rounds a transformed program as it likes; its bits are ours.
    np.testing.assert_allclose(jax.vmap(f.pure)(keys), rows, rtol=1e-6)
