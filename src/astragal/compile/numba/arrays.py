"""Operations that read whole arrays: indexing, updates, joins, products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from astragal.compile.numba.bits import NUMBER
from astragal.compile.numba.plan import is_one
from astragal.compile.numba.writer import Array, Bits, product
from astragal.graph.expr import Expr

if TYPE_CHECKING:
    from astragal.compile.numba.scope import Parts, Scope

Lowering = Callable[..., Any]


# -- indices -------------------------------------------------------------------------------


def index_parts(scope: Scope, node: Expr) -> Parts:
    """Resolve the bounds and positions of an index operation or an update."""
    from astragal.compile.numba.scope import Parts

    at = 1 if node.op.name == "index" else 2
    x, spec, operands = node.args[0], node.args[at], list(node.args[at + 1 :])
    source = scope.dims(x)
    arrays = [o for o, whole in _owners(spec, operands) if whole and o.type.shape]
    items: list[tuple[Any, ...]] = []
    kept: list[str] = []
    places: list[int] = []
    axis = 0
    before_block = 0
    for position, item in enumerate(spec):
        if item[0] == "new":
            items.append(("new",))
            kept.append("1")
            continue
        length = source[axis]
        axis += 1
        if item[0] == "slice":
            bounds = [scope.scalar(operands.pop(0)) if b == "expr" else b for b in item[1:3]]
            start, step, n = _slice(scope, bounds[0], bounds[1], item[3], length)
            items.append(("slice", start, step))
            kept.append(n)
            continue
        if arrays:
            if not places:
                before_block = len(kept)
            places.append(position)
        if item[0] == "int":
            items.append(("int", _static(scope, item[1], length)))
            if items[-1][1] is None:
                items[-1] = ("at", scope.writer.let(f"{length} - {-item[1]}"))
            continue
        operand = operands.pop(0)
        if operand.type.shape:
            items.append(("gather", operand, length))
        else:
            items.append(("at", _position(scope, operand, length)))
    if not arrays:
        return Parts(tuple(items), tuple(kept), 0, None)
    adjacent = places == list(range(places[0], places[-1] + 1))
    where = before_block if adjacent else 0
    block = _block(scope, arrays)
    return Parts(tuple(items), (*kept[:where], *block, *kept[where:]), where, len(block))


def _owners(spec: Any, operands: list[Expr]) -> list[tuple[Expr, bool]]:
    """Pair each operand with whether it is an index of its own, not a bound."""
    rest = list(operands)
    out = []
    for item in spec:
        if item[0] == "expr":
            out.append((rest.pop(0), True))
        elif item[0] == "slice":
            out += [(rest.pop(0), False) for b in item[1:3] if b == "expr"]
    return out


def _block(scope: Scope, arrays: list[Expr]) -> tuple[str, ...]:
    ndim = max(len(a.type.shape) for a in arrays)
    out = ["1"] * ndim
    for a in arrays:
        dims = scope.dims(a)
        for k, (d, t) in enumerate(zip(dims, a.type.shape, strict=True)):
            axis = ndim - len(dims) + k
            if is_one(t):
                continue
            if out[axis] != "1":
                scope.same("index", out[axis], d)
            out[axis] = d
    return tuple(out)


def _static(scope: Scope, i: int, length: str) -> int | None:
    """Check a static position against a length; ``None`` where it counts from a symbolic end."""
    if length.isdigit():
        return i % int(length) if int(length) else i
    error = IndexError(f"index {i} is outside its axis")
    scope.writer.check(f"{length} <= {i}" if i >= 0 else f"{length} < {-i}", error)
    return i if i >= 0 else None


def _position(scope: Scope, operand: Expr, length: str) -> str:
    code = scope.scalar(operand)
    if operand.dtype != "int64":
        code = f"int64({code})"
    name = scope.writer.let(f"wrap({code}, {length})")
    scope.writer.check(
        f"{name} < 0 or {name} >= {length}", IndexError("index: a position is outside its axis")
    )
    return name


def _slice(
    scope: Scope, start: Any, stop: Any, step: int, length: str
) -> tuple[int | str, int, str]:
    """Give first position, step and length of a slice."""
    static = all(b is None or isinstance(b, int) for b in (start, stop))
    if static and length.isdigit():
        r = range(*slice(start, stop, step).indices(int(length)))
        return r.start, step, str(len(r))
    if start is None and stop is None and step == 1:
        return 0, 1, length
    low, high = ("0", length) if step > 0 else ("-1", f"{length} - 1")
    first = low if step > 0 else high
    last = high if step > 0 else low
    let = scope.writer.let
    if start is not None:
        first = let(f"bound({start}, {length}, {low}, {high})")
    elif step < 0:
        first = let(first)
    if stop is not None:
        last = let(f"bound({stop}, {length}, {low}, {high})")
    if step > 0:
        n = let(f"max(({last} - {first} + {step - 1}) // {step}, 0)")
    else:
        n = let(f"max(({first} - {last} + {-step - 1}) // {-step}, 0)")
    return (0 if first == "0" else first), step, n


def _update(scope: Scope, node: Expr) -> Array:
    from astragal.compile.numba.loops import Nest

    x, value = node.args[0], node.args[1]
    old = scope.array(x)
    size = product(old.dims)
    if x in scope.free and old.owned and old.offset == "0":
        name = old.name
        if x in scope.lent:
            scope.writer.change()
    else:
        name = scope.writer.let(f"copied({old.name}, {old.offset}, {size})", "a")
    out = Array(name, old.dims, old.dtype, owned=True)
    parts = scope.parts(node)
    _check_fits(scope, node, value, parts.dims)
    nest = Nest(scope, parts.dims)
    target, _ = nest.offset(old.dims, nest.source(node, nest.index))
    code, _ = nest.element(value, nest._aligned(value, nest.index))
    if node.op.name == "add_index":
        from astragal.compile.numba.elementwise import narrow

        code = narrow(old.dtype, f"at({name}, {target}) + {code}")
        if old.dtype == "bool":
            code = f"at({name}, {target}) | {code}"
    nest.after[-1].append(f"put({name}, {target}, {code})")
    nest.close()
    return out


def _check_fits(scope: Scope, node: Expr, value: Expr, dims: tuple[str, ...]) -> None:
    given = scope.dims(value)
    for d, t, out in zip(reversed(given), reversed(value.type.shape), reversed(dims), strict=False):
        if not is_one(t):
            scope.same(node.op.name, d, out)


# -- joins -----------------------------------------------------------------------------------


def _concatenate(scope: Scope, node: Expr) -> Array:
    axis, *xs = node.args
    shapes = [scope.dims(x) for x in xs]
    first = shapes[0]
    for s in shapes[1:]:
        for k, (a, b) in enumerate(zip(first, s, strict=True)):
            if k != axis:
                scope.same("concatenate", a, b)
    lengths = [s[axis] for s in shapes]
    known = sum(int(d) for d in lengths if d.isdigit())
    rest = [d for d in lengths if not d.isdigit()]
    total = str(known) if not rest else scope.writer.let(" + ".join([str(known), *rest]))
    dims = (*first[:axis], total, *first[axis + 1 :])
    out = scope.empty(dims, node.dtype)
    at = "0"
    for x, s in zip(xs, shapes, strict=True):
        _copy_into(scope, out, x, (*first[:axis], s[axis], *first[axis + 1 :]), axis, at)
        if at.isdigit() and s[axis].isdigit():
            at = str(int(at) + int(s[axis]))
        else:
            at = scope.writer.let(f"{at} + {s[axis]}")
    return out


def _copy_into(
    scope: Scope, out: Array, x: Expr, dims: tuple[str, ...], axis: int, shift: str
) -> None:
    """Write an array into a part of another that starts further along one axis."""
    from astragal.compile.numba.loops import Ix, Nest

    nest = Nest(scope, dims)
    code, _ = nest.element(x, nest.index)
    target = list(nest.index)
    if shift.isdigit():
        target[axis] = target[axis].along(int(shift), 1)
    else:
        i = target[axis]
        target[axis] = Ix(nest.let(i.depth, f"{shift} + {i.code}"), 1, 0, i.depth)
    position, _ = nest.offset(out.dims, tuple(target))
    nest.after[-1].append(f"put({out.name}, {position}, {code})")
    nest.close()


def _stack(scope: Scope, node: Expr) -> Array:
    from astragal.compile.numba.loops import Nest, fixed

    axis, *xs = node.args
    first = scope.dims(xs[0])
    dims = (*first[:axis], str(len(xs)), *first[axis:])
    out = scope.empty(dims, node.dtype)
    for x in xs[1:]:
        for a, b in zip(first, scope.dims(x), strict=True):
            scope.same("stack", a, b)
    nest = Nest(scope, first)
    for k, x in enumerate(xs):
        code, _ = nest.element(x, nest.index)
        target = (*nest.index[:axis], fixed(k), *nest.index[axis:])
        position, _ = nest.offset(dims, target)
        nest.after[-1].append(f"put({out.name}, {position}, {code})")
    nest.close()
    return out


def _reshape(scope: Scope, node: Expr) -> Any:
    if not node.args[0].type.shape:
        value = scope.scalar(node.args[0])
        return scope.filled(scope.shape(node.args[1]), node.dtype, value)
    dims = scope.shape(node.args[1])
    held = scope.values[node.args[0]]
    if isinstance(held, Bits) and held.kind == NUMBER and not dims:
        return held.words[held.half]
    if isinstance(held, Bits) and dims:
        scope.same("reshape", product(held.dims), product(dims))
        return replace(held, dims=dims)
    x = scope.array(node.args[0])
    if not all(d.isdigit() for d in (*dims, *x.dims)):
        scope.same("reshape", product(x.dims), product(dims))
    if not dims:
        return scope.writer.let(f"at({x.name}, {x.offset})")
    return Array(x.name, dims, x.dtype, x.offset, x.owned)


LOWERINGS: dict[str, Lowering] = {
    "set_index": _update,
    "add_index": _update,
    "concatenate": _concatenate,
    "stack": _stack,
    "reshape": _reshape,
}
