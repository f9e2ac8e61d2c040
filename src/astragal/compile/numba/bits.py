"""Random bits in generated code: the cipher in a loop that LLVM turns into SIMD."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from astragal.compile.numba.plan import NEVER
from astragal.compile.numba.writer import Array, product
from astragal.compile.numpy_map import first_block
from astragal.graph.expr import Expr
from astragal.random.implementations import IMPLEMENTATIONS

if TYPE_CHECKING:
    from astragal.compile.numba.scope import Scope

GROUP = 16  # blocks whose halves fill neighbouring elements


def _halves(
    scope: Scope,
    impl: str,
    tag: int,
    words: Sequence[str],
    element: str,
    high_first: bool = False,
) -> list[str]:
    """Write the cipher of one block; give its halves of 64 bits.

    ``high_first`` gives only the first half, in the order of ``jax.random``.
    """
    # Several elements: the cipher stands in the loop, which becomes SIMD.
    many = element != "uint64(0)"
    a, b, c, d = scope.inline(
        first_block(impl, tag), [*words, element], own=not many, limit=NEVER if many else None
    )
    let = scope.writer.let
    if high_first:
        return [let(f"(uint64({a}) << uint64(32)) | uint64({b})")]
    return [let(f"uint64({x}) | (uint64({y}) << uint64(32))") for x, y in ((a, b), (c, d))]


def _fill_pairs(scope: Scope, impl: str, tag: int, words: list[str], count: str) -> Array:
    """Fill an array whose elements share blocks, 32 to a group; it is padded to whole groups."""
    writer = scope.writer
    groups = writer.let(f"({count} + {2 * GROUP - 1}) // {2 * GROUP}", "n")
    out = writer.let(f"empty({groups} * {2 * GROUP}, np.uint64)", "a")
    g, j = writer.fresh("i"), writer.fresh("i")
    with writer.block(f"for {g} in range({groups}):"), writer.block(f"for {j} in range({GROUP}):"):
        element = writer.let(f"uint64({g} * {GROUP} + {j})")
        first, second = _halves(scope, impl, tag, words, element)
        writer.line(f"put({out}, {g} * {2 * GROUP} + {j}, {first})")
        writer.line(f"put({out}, {g} * {2 * GROUP} + {j} + {GROUP}, {second})")
    return Array(out, (count,), "uint64")


def _each(
    scope: Scope,
    impl: str,
    tag: int,
    words: list[str],
    count: str,
    store: Callable[..., None],
    high_first: bool,
) -> None:
    """Compute a block for each element."""
    writer = scope.writer
    if count == "1":
        store("0", *_halves(scope, impl, tag, words, "uint64(0)", high_first))
        return
    i = writer.fresh("i")
    with writer.block(f"for {i} in range({count}):"):
        element = writer.let(f"uint64({i})")
        store(i, *_halves(scope, impl, tag, words, element, high_first))


def _random_bits(scope: Scope, node: Expr) -> Any:
    impl, block, tag, argument, *keys = node.args
    writer = scope.writer
    count = scope.shape(argument if isinstance(argument, Expr) else (argument,))[0]
    high_first = not block and not IMPLEMENTATIONS[impl].pairs
    whole = block or high_first
    lead = scope.dims(keys[0])
    for k in keys[1:]:
        for a, b in zip(lead, scope.dims(k), strict=True):
            scope.same("random_bits", a, b)
    if not lead and not whole and count != "1":
        return _fill_pairs(scope, impl, tag, [scope.scalar(k) for k in keys], count)
    dims = (*lead, count)
    outs = [scope.empty(dims, "uint64") for _ in range(2 if block else 1)]

    def write(words: list[str], start: str) -> None:
        def store(i: str, *halves: str) -> None:
            at = i if not start else start if i == "0" else f"{start} + {i}"
            for out, half in zip(outs, halves, strict=False):
                writer.line(f"put({out.name}, {at}, {half})")

        if whole or count == "1":
            _each(scope, impl, tag, words, count, store, high_first)
            return
        filled = _fill_pairs(scope, impl, tag, words, count)
        i = writer.fresh("i")
        with writer.block(f"for {i} in range({count}):"):
            store(i, f"at({filled.name}, {i})")

    if not lead:
        write([scope.scalar(k) for k in keys], "")
    else:
        arrays = [scope.array(k) for k in keys]
        r = writer.fresh("i")
        with writer.block(f"for {r} in range({product(lead)}):"):
            words = [
                writer.let(f"at({a.name}, {r if a.offset == '0' else f'{a.offset} + {r}'})")
                for a in arrays
            ]
            write(words, writer.let(f"{r} * {count}" if count != "1" else r))
    return outs if block else outs[0]


LOWERINGS: dict[str, Callable[..., Any]] = {"random_bits": _random_bits}
