"""Loops, branches and calls: their bodies are written in place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from astragal.compile.numba.plan import LONG_INSIDE, read_by, updated_in_place
from astragal.compile.numba.writer import Array, product
from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph
from astragal.graph.types import TupleType

if TYPE_CHECKING:
    from astragal.compile.numba.scope import Scope

Lowering = Callable[..., Any]

SHORT = 64  # elements up to which an array that a loop carries stays where it is


def _given(scope: Scope, x: Expr) -> Any:
    return scope.value(x)


def _held(scope: Scope, values: Sequence[Any], own: Collection[int] = ()) -> list[Any]:
    """Put values into variables of their own, which a loop may assign, or change."""
    out: list[Any] = []
    for k, v in enumerate(values):
        if (isinstance(v, Array) and k in own) or (isinstance(v, Array) and _is_short(v)):
            code = f"copied({v.name}, {v.offset}, {product(v.dims)})"
            out.append(Array(scope.writer.let(code, "a"), v.dims, v.dtype, owned=True))
        elif isinstance(v, Array):
            name = scope.writer.let(scope.vector(v), "a")
            out.append(Array(name, v.dims, v.dtype))
        elif isinstance(v, list):
            out.append(_held(scope, v))
        else:
            out.append(scope.writer.let(v, "s"))
    return out


def _assign(scope: Scope, held: Sequence[Any], new: Sequence[Any], what: str) -> None:
    """Assign new values to the variables of a loop, all at once."""
    writer = scope.writer
    mine = {h.name if isinstance(h, Array) else h for h in held}
    pairs, copies = [], []
    for h, v in zip(held, new, strict=True):
        if isinstance(h, Array) and _is_short(h) and h.dims == v.dims:
            if v.name != h.name or v.offset != "0":
                size = product(h.dims)
                # Another carry, or part of one: it is read before that is written.
                source = v
                if not v.owned or v.name in mine:
                    code = f"copied({v.name}, {v.offset}, {size})"
                    source = Array(writer.let(code, "a"), v.dims, v.dtype)
                copies.append((h.name, source))
            continue
        if isinstance(h, Array):
            for a, b in zip(h.dims, v.dims, strict=True):
                if a != b:
                    writer.check(f"{a} != {b}", ShapeError(f"{what}: the body changes a length"))
            code, name = scope.vector(v), h.name
        else:
            code, name = v, h
        if code == name:
            continue
        if code in mine:
            code = writer.let(code, "t")
        pairs.append((name, code))
    for name, code in pairs:
        writer.line(f"{name} = {code}")
    for name, source in copies:
        _copy(scope, source, name)


def _copy(scope: Scope, source: Array, name: str) -> None:
    """Write the elements of an array into another, which begins with them."""
    i = scope.writer.fresh("i")
    place = i if source.offset == "0" else f"{source.offset} + {i}"
    with scope.writer.block(f"for {i} in range({product(source.dims)}):"):
        scope.writer.line(f"put({name}, {i}, at({source.name}, {place}))")


def _is_short(a: Array) -> bool:
    """Tell whether a loop copies an array that it carries, rather than make a new one each time."""
    size = product(a.dims)
    return size.isdigit() and 0 < int(size) <= SHORT


def _row(array: Array, i: str) -> str:
    size = product(array.dims[1:])
    step = i if size == "1" else f"{i} * {size}" if size.isdigit() else f"{i} * ({size})"
    return step if array.offset == "0" else f"{array.offset} + {step}"


def _scan(scope: Scope, node: Expr) -> list[Any]:
    body, length, reverse, k, m, *args = node.args
    writer = scope.writer
    if isinstance(length, Expr):
        found = scope.values[length]
        n = found[0] if isinstance(found, list) else found
    else:
        n = str(length[0] if isinstance(length, tuple) else length)
    own = updated_in_place(body, k)
    carry = _held(scope, [_given(scope, a) for a in args[:k]], own)
    sequences = [scope.array(a) for a in args[k : k + m]]
    captures = [_given(scope, a) for a in args[k + m :]]
    for s in sequences:
        scope.same("scan", n, s.dims[0])
    i = writer.fresh("i")
    # What the steps stack is made before the loop where its shape is known there.
    stacked: list[Array | None] = []
    for t in body.outputs[k:]:
        if all(isinstance(d, int) for d in t.type.shape):
            stacked.append(scope.empty((n, *(str(d) for d in t.type.shape)), t.dtype))
        else:
            stacked.append(None)
    if any(s is None for s in stacked):
        stacked = _symbolic_rows(scope, node, n, carry, sequences, captures, stacked)
    head = f"for {i} in range({n} - 1, -1, -1):" if reverse else f"for {i} in range({n}):"
    with writer.block(head):
        elements = [_element(scope, s, i) for s in sequences]
        new = scope.inline(body, [*carry, *elements, *captures], free=own)
        for out, value in zip(stacked, new[k:], strict=True):
            assert out is not None
            _write_row(scope, out, i, value)
        _assign(scope, carry, new[:k], "scan")
    return [*carry, *stacked]


def _element(scope: Scope, sequence: Array, i: str) -> Any:
    if len(sequence.dims) == 1:
        return scope.writer.let(f"at({sequence.name}, {_row(sequence, i)})")
    start = scope.writer.let(_row(sequence, i))
    return Array(sequence.name, sequence.dims[1:], sequence.dtype, start)


def _write_row(scope: Scope, out: Array, i: str, value: Any) -> None:
    writer = scope.writer
    if not isinstance(value, Array):
        writer.line(f"put({out.name}, {i}, {value})")
        return
    for a, b in zip(out.dims[1:], value.dims, strict=True):
        if a != b:
            writer.check(f"{a} != {b}", ShapeError("scan: the rows to stack differ in length"))
    j = writer.fresh("i")
    start = writer.let(_row(out, i))
    with writer.block(f"for {j} in range({product(value.dims)}):"):
        source = j if value.offset == "0" else f"{value.offset} + {j}"
        writer.line(f"put({out.name}, {start} + {j}, at({value.name}, {source}))")


def _symbolic_rows(
    scope: Scope,
    node: Expr,
    n: str,
    carry: list[Any],
    sequences: list[Array],
    captures: list[Any],
    stacked: list[Array | None],
) -> list[Array | None]:
    """Make room for rows whose shape only a step of the body can tell.

    The first step is run once for its shapes; with no step the rows have no elements.
    """
    body, reverse, k = node.args[0], node.args[2], node.args[3]
    writer = scope.writer
    wanted = [j for j, s in enumerate(stacked) if s is None]
    dims = {
        j: tuple(
            writer.let(str(d) if isinstance(d, int) else "0", "n")
            for d in body.outputs[k + j].type.shape
        )
        for j in wanted
    }
    with writer.block(f"if {n} > 0:"):
        first = writer.let(f"{n} - 1" if reverse else "0", "i")
        elements = [_element(scope, s, first) for s in sequences]
        new = scope.inline(body, [*carry, *elements, *captures])
        for j in wanted:
            for name, code in zip(dims[j], new[k + j].dims, strict=True):
                writer.line(f"{name} = {code}")
    out = list(stacked)
    for j in wanted:
        t = body.outputs[k + j].type
        shape = tuple(
            str(d) if isinstance(d, int) else c for d, c in zip(t.shape, dims[j], strict=True)
        )
        out[j] = scope.empty((n, *shape), t.dtype)
    return out


def _while(scope: Scope, node: Expr) -> list[Any]:
    condition, body, n, *args = node.args
    given = [_given(scope, a) for a in args]
    own = updated_in_place(body, n)
    state = _held(scope, given[:n], own)
    with scope.writer.block("while True:"):
        test = scope.inline(condition, [*state, *given[n:]])[0]
        scope.writer.line(f"if not {test}:")
        scope.writer.line("    break")
        new = scope.inline(body, [*state, *given[n:]], free=own)
        _assign(scope, state, new, "while_loop")
    return state


def _needed(scope: Scope, branch: Subgraph, operands: Sequence[Expr]) -> list[Any]:
    """Give the operands that a branch reads; what it alone needs is computed here."""
    read = read_by(branch)
    late = [operands[i] for i in sorted(read) if operands[i] not in scope.values]
    limit, scope.limit = scope.limit, min(scope.limit, LONG_INSIDE)
    scope.run(late)
    scope.limit = limit
    return [_given(scope, a) if i in read else None for i, a in enumerate(operands)]


def _switch(scope: Scope, node: Expr) -> list[Any]:
    n, index, *rest = node.args
    branches, operands = rest[:n], rest[n:]
    if n == 1:
        return scope.inline(branches[0], _needed(scope, branches[0], operands))
    writer = scope.writer
    at = scope.scalar(index)
    assert isinstance(node.type, TupleType)
    # A branch with a cipher in it is no part of a SIMD loop, however long the loop.
    limit = min(scope.limit, LONG_INSIDE)
    results: list[Any] = []
    for t in node.type.items:
        if not t.shape:
            results.append(writer.fresh("s"))
            continue
        dims = tuple(str(d) if isinstance(d, int) else writer.fresh("n") for d in t.shape)
        result = Array(writer.fresh("a"), dims, t.dtype)  # type: ignore[union-attr]
        # A short one has room of its own, which may be on the stack.
        results.append(scope.empty(dims, result.dtype) if _is_short(result) else result)
    for j, branch in enumerate(branches):
        head = f"if {at} <= 0:" if j == 0 else "else:" if j == n - 1 else f"elif {at} == {j}:"
        with writer.block(head):
            needed = _needed(scope, branch, operands)
            values = scope.inline(branch, needed, limit=limit)
            for result, value in zip(results, values, strict=True):
                if not isinstance(result, Array):
                    writer.line(f"{result} = {value}")
                    continue
                for name, code in zip(result.dims, value.dims, strict=True):
                    if not name.isdigit():
                        writer.line(f"{name} = {code}")
                    elif name != code:
                        writer.check(
                            f"{name} != {code}", ShapeError("switch: branches differ in length")
                        )
                if result.owned:
                    _copy(scope, value, result.name)
                else:
                    writer.line(f"{result.name} = {scope.vector(value)}")
    return results


def _call(scope: Scope, node: Expr) -> list[Any]:
    body, *args = node.args
    return scope.inline(body, [_given(scope, a) for a in args], own=True)


LOWERINGS: dict[str, Lowering] = {
    "scan": _scan,
    "while_loop": _while,
    "switch": _switch,
    "call": _call,
}
