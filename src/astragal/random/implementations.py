"""Key implementations: how the words of a key become bits, children and other keys.

An implementation is a few functions on scalar integer expressions. Everything else (split,
draws, key arrays, every backend) is lowered to them, so one that a user registers works
everywhere. The functions see the words of one key as uint32 expressions and may use integer
operations only.

The default, ``threefry4x32``, is collision-free by construction. A key is a 128-bit cipher
key K and a 64-bit node: the path from the root in the tree of splits, in binary after a
leading 1, so that child i of n appends ceil(log2 n) bits. A block of random bits is
Threefry-4x32-20 under K of the counter (element, tag, attempt, node). The counters of two
draws differ in the node, and those of one draw in element, tag or attempt; the cipher is a
bijection; so within one K no block is ever used twice. A path longer than 63 bits takes as
its new K the cipher of the full node, which is injective again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from astragal.graph.errors import DomainError
from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import cond
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.random.once import once

Words = tuple[Expr, ...]

# The counter's tag field, 8 bits: what a block is for. Draws use 0 .. 126.
REKEY = 127
FOLD = 128  # and above: the field also holds the highest 7 bits of what is folded in


@dataclass(frozen=True)
class KeyImplementation:
    """How keys of one sort are made, split and turned into bits.

    Attributes
    ----------
    name
        As in ``ag.key(seed, impl=name)``.
    words
        Number of uint32 words in a key.
    seed
        From an integer in 0 .. 2**128 - 1 to the words of a root key, as integers.
    child
        ``child(words, index, n)``: the words of child ``index`` (uint64) of ``n`` (an
        integer, or a uint64 expression).
    fold
        ``fold(words, data)``: the words of the key that has ``data`` (uint64) folded in.
    block
        ``block(words, element, attempt, tag)``: four uint32. ``element`` is uint64, ``attempt``
        uint32, ``tag`` an integer in 0 .. 126.
    pairs
        Whether one block holds the 64 bits of two elements. If not, each element has a block,
        whose first two words are its 64 bits, most significant word first.
    well_formed
        Whether the words of a key may be these.
    """

    name: str
    words: int
    seed: Callable[[int], tuple[int, ...]]
    child: Callable[[Words, Expr, int | Expr], Words]
    fold: Callable[[Words, Expr], Words]
    block: Callable[[Words, Expr, Expr, int], Words]
    pairs: bool = True
    well_formed: Callable[[Sequence[int]], bool] = lambda words: True


IMPLEMENTATIONS: dict[str, KeyImplementation] = {}
"""Every registered key implementation, by name."""


def register(implementation: KeyImplementation) -> KeyImplementation:
    """Make a key implementation known under its name.

    Raises
    ------
    DomainError
        Where the name is taken by another one.
    """
    known = IMPLEMENTATIONS.setdefault(implementation.name, implementation)
    if known is not implementation:
        raise DomainError(f"a key implementation {implementation.name!r} is registered already")
    return implementation


def u32(x: Expr) -> Expr:
    """Give the low 32 bits of an integer."""
    return astype(x, "uint32")


def u64(x: Expr) -> Expr:
    """Widen an unsigned integer to 64 bits."""
    return astype(x, "uint64")


def rotate(x: Expr, bits: int, size: int = 32) -> Expr:
    """Rotate the bits of a word to the left."""
    return (x << bits) | (x >> (size - bits))


def bit_length(x: Expr) -> Expr:
    """Give the number of bits of a uint64 without its leading zeros, as uint64."""
    length: Expr = x * 0
    for step in (32, 16, 8, 4, 2, 1):
        big = (x >> step) > 0
        length = where(big, length + step, length)
        x = where(big, x >> step, x)
    return where(x > 0, length + 1, length)


# -- Threefry-4x32-20 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as
# 1, 2, 3"; rotations from Random123 1.14) --------------------------------------------------

ROTATIONS_4 = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))
PARITY = 0x1BD11BDA


@once
def threefry4x32(key: Words, counter: Words, rounds: int = 20) -> Words:
    """Encrypt four words under four words."""
    k = [*key, key[0] ^ key[1] ^ key[2] ^ key[3] ^ PARITY]
    x = [c + w for c, w in zip(counter, key, strict=True)]
    for r in range(rounds):
        first, second = ROTATIONS_4[r % 8]
        a, b = (1, 3) if r % 2 == 0 else (3, 1)
        x[0] = x[0] + x[a]
        x[a] = rotate(x[a], first) ^ x[0]
        x[2] = x[2] + x[b]
        x[b] = rotate(x[b], second) ^ x[2]
        if r % 4 == 3:
            s = r // 4 + 1
            x = [w + k[(s + j) % 5] for j, w in enumerate(x)]
            x[3] = x[3] + s
    return tuple(x)


def _counter(element: Expr, attempt: Expr, tag: int | Expr, high: Expr, low: Expr) -> Words:
    """Lay out a counter: 40 bits of element, 8 of tag, 16 of attempt, 64 of node."""
    second = (u32(element >> 32) & 0xFF) | (tag << 8) | (attempt << 16)
    return u32(element), second, low, high


Cipher = Callable[[Words, Words], Words]
"""From a key and a counter of four words to four words."""


def tree(name: str, key_words: int, cipher: Cipher) -> KeyImplementation:
    """Make the implementation over the tree of splits from a block cipher on four words.

    Parameters
    ----------
    name
        Of the implementation.
    key_words
        Number of uint32 words in the cipher's key.
    cipher
        ``cipher(key, counter)``.
    """
    k = key_words

    def block(words: Words, element: Expr, attempt: Expr, tag: int) -> Words:
        return cipher(words[:k], _counter(element, attempt, tag, words[k], words[k + 1]))

    def fold(words: Words, data: Expr) -> Words:
        # 63 bits of data fill the fields of element (40), attempt (16) and tag (7).
        tag = u32(data >> 56) & 0x7F | FOLD
        counter = _counter(data, u32(data >> 40) & 0xFFFF, tag, words[k], words[k + 1])
        zero = words[k] * 0
        return (*cipher(words[:k], counter)[:k], zero, zero + 1)

    def child(words: Words, index: Expr, n: int | Expr) -> Words:
        node = u64(words[k]) << 32 | u64(words[k + 1])
        # ceil(log2 n) bits tell the children of n apart.
        bits: int | Expr = (n - 1).bit_length() if isinstance(n, int) else bit_length(n - 1)
        if isinstance(bits, int) and bits == 0:
            return words
        longer = node << bits | index
        fits = e.equal(longer >> bits, node)

        def append(*w: Expr) -> Words:
            return (*w[:k], u32(longer >> 32), u32(longer))

        def begin_anew(*w: Expr) -> Words:
            # As many bits as there is room for; the full node makes the new cipher key.
            room = 64 - bit_length(node)
            left = bits - room
            full = node << room | index >> left
            zero = node * 0
            counter = _counter(zero, u32(zero), REKEY, u32(full >> 32), u32(full))
            rest = ((zero + 1) << left) | (index & (((zero + 1) << left) - 1))
            return (*cipher(w[:k], counter)[:k], u32(rest >> 32), u32(rest))

        return tuple(cond(fits, append, begin_anew, *words))

    def seed(number: int) -> tuple[int, ...]:
        return (*_words_of(name, number, k), 0, 1)

    def well_formed(words: Sequence[int]) -> bool:
        return any(words[k:])  # a path begins with a 1

    return KeyImplementation(name, k + 2, seed, child, fold, block, well_formed=well_formed)


def _words_of(name: str, number: int, count: int) -> tuple[int, ...]:
    if number >> (32 * count):
        raise DomainError(f"a seed of {name} lies in 0 .. 2**{32 * count} - 1, got {number}")
    return tuple(number >> (32 * i) & 0xFFFFFFFF for i in range(count))


THREEFRY_4X32 = register(tree("threefry4x32", 4, threefry4x32))

# -- Threefry-2x32-20, as in jax.random ------------------------------------------------------

_ROTATIONS_2 = (13, 15, 26, 6, 17, 29, 16, 24)


@once
def threefry2x32(key: Words, counter: Words) -> Words:
    """Encrypt two words under two words."""
    k = [*key, key[0] ^ key[1] ^ PARITY]
    x, y = (c + w for c, w in zip(counter, key, strict=True))
    for r in range(20):
        x = x + y
        y = rotate(y, _ROTATIONS_2[r % 8]) ^ x
        if r % 4 == 3:
            s = r // 4 + 1
            x, y = x + k[s % 3], y + k[(s + 1) % 3] + s
    return x, y


def _jax_seed(seed: int) -> tuple[int, ...]:
    low, high = _words_of("threefry2x32", seed, 2)
    return high, low


def _jax_block(words: Words, element: Expr, attempt: Expr, tag: int) -> Words:
    # With tag and attempt zero, the counter of jax.random.bits; the second half is ours.
    low = u32(element)
    halves: list[Expr] = []
    for t in (tag, tag | 0x80):
        high = (u32(element >> 32) & 0xFF) | (attempt << 16)
        halves += threefry2x32(words, (high | (t << 8) if t else high, low))
    return tuple(halves)


THREEFRY_2X32 = register(
    KeyImplementation(
        name="threefry2x32",
        words=2,
        seed=_jax_seed,
        child=lambda words, index, n: threefry2x32(words, (u32(index >> 32), u32(index))),
        fold=lambda words, data: threefry2x32(words, (u32(data >> 32), u32(data))),
        block=_jax_block,
        pairs=False,
    )
)
"""Bit for bit the keys of ``jax.random``: ``key``, ``split``, ``fold_in``, ``bits``.

Its split hashes: n keys collide with probability about n**2 / 2**65.
"""

# -- Philox (Salmon, Moraes, Dror & Shaw 2011) -------------------------------------------------


@once
def philox4x32(key: Words, counter: Words) -> Words:
    """Encrypt four words under two words, in ten rounds."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        a, b = u64(c[0]) * 0xD2511F53, u64(c[2]) * 0xCD9E8D57
        c = [u32(b >> 32) ^ c[1] ^ k0, u32(b), u32(a >> 32) ^ c[3] ^ k1, u32(a)]
        k0, k1 = k0 + 0x9E3779B9, k1 + 0xBB67AE85
    return tuple(c)


def _product(x: Expr, m: int) -> tuple[Expr, Expr]:
    """High and low half of the 128-bit product with a constant."""
    m_high, m_low = m >> 32, m & 0xFFFFFFFF
    high, low = x >> 32, x & 0xFFFFFFFF
    first = low * m_low
    middle = high * m_low + (first >> 32)
    other = low * m_high + (middle & 0xFFFFFFFF)
    return high * m_high + (middle >> 32) + (other >> 32), x * m


@once
def philox4x64(key: Words, counter: Words) -> Words:
    """Encrypt four words of 64 bits under two, in ten rounds."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        high0, low0 = _product(c[0], 0xD2E7470EE14C6C93)
        high1, low1 = _product(c[2], 0xCA5A826395121157)
        c = [high1 ^ c[1] ^ k0, low1, high0 ^ c[3] ^ k1, low0]
        k0, k1 = k0 + 0x9E3779B97F4A7C15, k1 + 0xBB67AE8584CAA73B
    return tuple(c)


def _philox4x64_words(key: Words, counter: Words) -> Words:
    """The first two of four results, for a counter of four words of 32 bits."""
    k = [u64(key[i]) | u64(key[i + 1]) << 32 for i in (0, 2)]
    c = [u64(counter[i]) | u64(counter[i + 1]) << 32 for i in (0, 2)]
    zero = c[0] * 0
    x, y, _, _ = philox4x64(tuple(k), (*c, zero, zero))
    return u32(x), u32(x >> 32), u32(y), u32(y >> 32)


PHILOX_4X32 = register(tree("philox4x32", 2, philox4x32))
"""Collision-free like the default within one cipher key, which has 64 bits: paths beyond 63
bits and folds draw new ones, of which n collide with probability about n**2 / 2**65."""

PHILOX_4X64 = register(tree("philox4x64", 4, _philox4x64_words))
"""Collision-free like the default within one cipher key, which has 128 bits."""
