"""How a distribution states its sampler: once, for every backend.

A `Kernel` is a function on scalar expressions, from random bits and parameters to one value.
It is lowered to ``map``, the bits of its first attempt to ``random_bits``, which makes them
for all elements at once. A `Composition` is a graph made of other random variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import while_loop
from astragal.ops.declare import as_expr
from astragal.random import exact
from astragal.random.implementations import KeyImplementation, Words, u64


@dataclass(frozen=True, eq=False)
class Source:
    """The random bits of one element of a draw.

    Attributes
    ----------
    implementation
        Of the key.
    key
        The words of the key.
    element
        Number of the element under its key, uint64.
    first
        The element's first bits: one uint64, or two where the kernel asked for a block.
    ahead
        First blocks of other tags, by tag, for those that the kernel asked for.
    """

    implementation: KeyImplementation
    key: Words
    element: Expr
    first: Words
    ahead: Mapping[int, Words] = field(default_factory=dict)

    def block(self, attempt: Expr, tag: int = 0) -> tuple[Expr, Expr]:
        """Give two uint64 of random bits of their own for each attempt and tag."""
        w = self.implementation.block(self.key, self.element, attempt, tag)
        return u64(w[0]) | u64(w[1]) << 32, u64(w[2]) | u64(w[3]) << 32

    def block_at(self, number: int, tag: int = 0) -> tuple[Expr, Expr]:
        """Give the two uint64 of a block whose attempt is a fixed number."""
        if number == 0 and tag == 0 and len(self.first) == 2:
            return self.first[0], self.first[1]
        if number == 0 and tag in self.ahead:
            first, second = self.ahead[tag]
            return first, second
        return self.block(as_expr(number, "uint32"), tag)

    def uniform(self) -> Expr:
        """Give a number in the open unit interval, from the first bits."""
        return exact.unit_interval(self.first[0])


@dataclass(frozen=True, eq=False)
class Kernel:
    """A sampler of one element.

    Attributes
    ----------
    draw
        ``draw(source, *parameters)``: the value, or a tuple of them, from scalar
        expressions; parameters of floating point come as float64, whatever the data type of
        the distribution.
    block
        Whether an element's first bits are a whole block (two uint64) or one uint64.
    ahead
        From parameters to the other tags whose first block most elements need. The blocks of many
        elements are made together, which takes a tenth of the time.
    single
        The same in float32 arithmetic, from parameters of float32; None where float32 values
        are those of float64, rounded.
    known
        From parameters to a shorter kernel that draws the same, where the values that are known
        when a graph is compiled leave some of its branches out; None where they do not.
    """

    draw: Callable[..., Any]
    block: bool = False
    ahead: Callable[..., tuple[int, ...]] = lambda *parameters: ()
    single: Callable[..., Any] | None = None
    known: Callable[..., Kernel | None] = lambda *parameters: None

    def given(self, *parameters: Expr) -> Kernel:
        """Give the kernel to use for parameters."""
        return self.known(*parameters) or self


@dataclass(frozen=True, eq=False)
class Composition:
    """A sampler made of several draws, or of one draw and arithmetic on whole arrays.

    Attributes
    ----------
    draw
        ``draw(draws, *parameters)``, where ``draws`` is an `astragal.random.lower.Draws`. Sums
        and products are those of `astragal.random.ordered`, whose bits are the same everywhere.
    """

    draw: Callable[..., Expr]


Sampler = Kernel | Composition


LAST_ATTEMPT = 500
"""No sampler rejects half as often as this; a parameter that is NaN would, for ever."""


def until(
    source: Source,
    attempt: Callable[..., tuple[Sequence[Expr], Expr]],
    tag: int = 0,
    blocks: int = 1,
    start: Expr | None = None,
) -> tuple[Expr, ...]:
    """Repeat attempts, each with blocks of its own, until one is accepted.

    Parameters
    ----------
    source
        Random bits.
    attempt
        From two uint64 a block to values and whether they are accepted.
    tag
        Which of the element's sequences of blocks to use: the first of ``blocks`` tags.
    blocks
        Number of blocks an attempt.
    start
        Number of the first attempt, uint32, for samplers that come here more than once with
        one tag; the next ones have the 500 numbers after it.

    Returns
    -------
    tuple of Expr
        The accepted values.
    """
    begin = as_expr(0, "uint32") if start is None else start
    tags = range(tag, tag + blocks)
    first = [
        w
        for t in tags
        for w in (source.block_at(0, t) if start is None else source.block(start, t))
    ]
    values, accepted = attempt(*first)

    def again(state: tuple[Expr, ...]) -> tuple[Expr, ...]:
        number = state[0] + 1
        bits = [w for b in range(blocks) for w in source.block(number, tag + b)]
        new, ok = attempt(*bits)
        return (number, ok | (number >= begin + LAST_ATTEMPT), *new)

    end = while_loop(lambda s: e.logical_not(s[1]), again, (begin, accepted, *values))
    return tuple(end[2:])
