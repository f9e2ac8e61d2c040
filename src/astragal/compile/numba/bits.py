"""Random bits in generated code: the cipher in a loop that LLVM turns into SIMD.

The loop is a unit, compiled once a machine. What it writes is read by the loop that uses
it, a part at a time, so that bits stay in the cache.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from astragal.compile.numba import cache
from astragal.compile.numba.plan import LONG_INSIDE, NEVER
from astragal.compile.numba.writer import Array, Bits, Writer, product
from astragal.compile.numpy_map import first_block
from astragal.graph.errors import DomainError
from astragal.graph.expr import Expr
from astragal.random.implementations import IMPLEMENTATIONS

if TYPE_CHECKING:
    from astragal.compile.numba.scope import Scope

GROUP = 16  # blocks whose halves fill neighbouring elements
PART = 1024  # elements whose bits are made at a time

# How elements get their bits: two share a block, each has a block, each has the two first
# words of one, in the order of ``jax.random``. Those of one element are numbers, and go to memory
# where an array is asked for.
PAIRS, BLOCKS, HIGH, NUMBER = "pairs", "blocks", "high", "number"


def _kind(impl: str, block: bool) -> str:
    return BLOCKS if block else PAIRS if IMPLEMENTATIONS[impl].pairs else HIGH


def _halves(scope: Scope, block: Sequence[str], kind: str) -> list[str]:
    """Write the 64 bits, once or twice, of the words of one block."""
    a, b, c, d = block
    let = scope.writer.let
    if kind == HIGH:
        return [let(f"(uint64({a}) << uint64(32)) | uint64({b})")]
    return [let(f"uint64({x}) | (uint64({y}) << uint64(32))") for x, y in ((a, b), (c, d))]


# -- many elements of one key ----------------------------------------------------------------


@functools.cache
def _fill(impl: str, tag: int, kind: str) -> str:
    """Compile the loop that fills arrays with bits; give its call, up to the arguments.

    Its arguments: words, number of the first block (a multiple of 16), how many elements (or
    groups of elements that share blocks), and where they go.
    """
    from astragal.compile.numba.codegen import module_of
    from astragal.compile.numba.scope import Scope

    writer = Writer()
    scope = Scope(writer, {}, limit=NEVER)
    words = [f"w{i}" for i in range(IMPLEMENTATIONS[impl].words)]
    body = first_block(impl, tag)
    targets = {PAIRS: ["out", "out"], BLOCKS: ["out", "more"], HIGH: ["out"]}[kind]
    width = 2 * GROUP if kind == PAIRS else GROUP

    def one(places: Sequence[str], limit: int) -> None:
        a, b, c, d = scope.inline(body, [*words, "element"], limit=limit)
        halves = ((b, a),) if kind == HIGH else ((a, b), (c, d))
        for target, place, half in zip(targets, places, halves, strict=True):
            for k, word in enumerate(half):
                writer.line(f"poke_half({target}, 2 * ({place}) + {k}, {word})")

    # Whole groups of elements: their numbers differ in the last four bits alone, so that the
    # cipher stays in 32 bits.
    with writer.block("for g in range(groups):"):
        writer.line(f"first = uint64(start + g * {GROUP})")
        with writer.block(f"for j in range({GROUP}):"):
            writer.line("element = first | uint64(j)")
            place = f"g * {width} + j"
            paired = [place, f"{place} + {GROUP}"]
            one(paired if kind == PAIRS else [place] * len(targets), NEVER)
    if kind != PAIRS:
        with writer.block(f"for i in range({GROUP} * groups, count):"):
            writer.line("element = uint64(start + i)")
            one(["i"] * len(targets), LONG_INSIDE)
    ins = ["uint32"] * len(words) + ["int64", "int64"]
    n = len(set(targets))
    groups = "count" if kind == PAIRS else f"count // {GROUP}"
    lines = [
        *writer.definitions,
        f"@unit_function({ins!r}, {n})",
        f"def main({', '.join([*words, 'start', 'count', *dict.fromkeys(targets)])}):",
        "    wide()",
        f"    groups = {groups}",
        *("    " + text for text in writer.lines),
    ]
    source = module_of("\n".join(lines) + "\n")
    cache.load(source)
    return f"unit_{cache.name_of(source)}<{ins!r}, {n}>("


def fill(bits: Bits, start: str, stop: str, targets: Sequence[str]) -> str:
    """Write the call that makes the bits of elements from start (a multiple of 32) to stop."""
    if bits.kind == PAIRS:
        size = 2 * GROUP
        first = start if start == "0" else f"{start} // 2"
        count = f"({stop} - {start} + {size - 1}) // {size}"
    else:
        first, count = start, f"{stop} - {start}"
    return f"{bits.call}{', '.join([*bits.words, first, count, *targets])})"


def buffers(scope: Scope, bits: Bits, size: str) -> list[str]:
    """Make room for the bits of elements, in whole groups."""
    step = 2 * GROUP
    if bits.kind == PAIRS:
        room = (
            str(-(-int(size) // step) * step)
            if size.isdigit()
            else f"({size} + {step - 1}) // {step} * {step}"
        )
    else:
        room = size
    return [
        scope.writer.let(f"empty({room}, np.uint64)", "a")
        for _ in range(2 if bits.kind == BLOCKS else 1)
    ]


def made(scope: Scope, bits: Bits) -> list[Array]:
    """Make all the bits, in memory."""
    if bits.kind == NUMBER:
        outs = [scope.empty(("1",), "uint64") for _ in bits.words]
        for out, word in zip(outs, bits.words, strict=True):
            scope.writer.line(f"put({out.name}, 0, {word})")
        return outs
    names = buffers(scope, bits, bits.count)
    scope.writer.line(fill(bits, "0", bits.count, [f"pointer({n}, 0)" for n in names]))
    owned = bits.kind != PAIRS
    return [Array(n, (bits.count,), "uint64", owned=owned) for n in names]


# -- the lowering ----------------------------------------------------------------------------


def _random_bits(scope: Scope, node: Expr) -> Any:
    impl, block, tag, argument, *keys = node.args
    count = scope.shape(argument if isinstance(argument, Expr) else (argument,))[0]
    kind = _kind(impl, block)
    lead = scope.dims(keys[0])
    for k in keys[1:]:
        for a, b in zip(lead, scope.dims(k), strict=True):
            scope.same("random_bits", a, b)
    if lead:
        outs = _of_keys(scope, node, kind, lead, count)
    elif count == "1":
        halves = _of_one(scope, impl, tag, [scope.scalar(k) for k in keys], kind)
        bits = Bits(node, "", tuple(halves[: 2 if block else 1]), NUMBER, count, (count,))
        return [bits, replace(bits, half=1)] if block else bits
    else:
        words = tuple(scope.scalar(k) for k in keys)
        bits = Bits(node, _fill(impl, tag, kind), words, kind, count, (count,))
        return [bits, replace(bits, half=1)] if block else bits
    return outs if block else outs[0]


def _of_one(scope: Scope, impl: str, tag: int, words: list[str], kind: str) -> list[str]:
    body = first_block(impl, tag)
    return _halves(scope, scope.inline(body, [*words, "uint64(0)"], own=True), kind)


def _of_keys(scope: Scope, node: Expr, kind: str, lead: tuple[str, ...], count: str) -> list[Array]:
    """Make the bits of several keys, row by row."""
    impl, block, tag, _, *keys = node.args
    writer = scope.writer
    outs = [scope.empty((*lead, count), "uint64") for _ in range(2 if block else 1)]
    arrays = [scope.array(k) for k in keys]
    shape = Bits(node, _fill(impl, tag, kind), (), kind, count, (count,))
    row = buffers(scope, shape, count) if count != "1" and kind == PAIRS else None
    r = writer.fresh("i")
    with writer.block(f"for {r} in range({product(lead)}):"):
        words = [
            writer.let(f"at({a.name}, {r if a.offset == '0' else f'{a.offset} + {r}'})")
            for a in arrays
        ]
        if count == "1":
            for out, half in zip(outs, _of_one(scope, impl, tag, words, kind), strict=False):
                writer.line(f"put({out.name}, {r}, {half})")
            return outs
        bits = replace(shape, words=tuple(words))
        start = writer.let(f"{r} * {count}")
        if row is None:
            targets = [f"pointer({out.name}, {start})" for out in outs]
            writer.line(fill(bits, "0", count, targets))
        else:
            writer.line(fill(bits, "0", count, [f"pointer({row[0]}, 0)"]))
            writer.line(f"copy_part({row[0]}, 0, {outs[0].name}, {start}, {count})")
    return outs


def _require(scope: Scope, node: Expr) -> Any:
    x, ok, message = node.args
    scope.writer.check(f"not {scope.scalar(ok)}", DomainError(message))
    return scope.value(x)


LOWERINGS: dict[str, Callable[..., Any]] = {"random_bits": _random_bits, "require": _require}
