"""Loop nests: elements of lazy arrays computed where they are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from astragal.compile.numba import bits, stages
from astragal.compile.numba.elementwise import LANES, literal
from astragal.compile.numba.plan import LONG_INSIDE, NEVER, is_one, is_straight
from astragal.compile.numba.writer import Array, Bits, product
from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph
from astragal.graph.types import FLOATS

if TYPE_CHECKING:
    from astragal.compile.numba.scope import Scope


WIDE = 6  # elements from which a loop may be worth wide registers
MANY = 256  # elements from which a loop is worth long bodies in place


class Ix(NamedTuple):
    """A position along an axis: ``factor * name + shift``, known at a depth of loops."""

    name: str
    factor: int
    shift: int
    depth: int

    @property
    def code(self) -> str:
        """The position as code."""
        if not self.name or not self.factor:
            return str(self.shift)
        scaled = self.name if self.factor == 1 else f"{self.factor} * {self.name}"
        return scaled if not self.shift else f"({scaled} + {self.shift})"

    def along(self, start: int, step: int) -> Ix:
        """Position in the array behind a slice."""
        return Ix(self.name, self.factor * step, self.shift * step + start, self.depth)


def fixed(position: int) -> Ix:
    """A position known when the code is written."""
    return Ix("", 0, position, 0)


Index = tuple[Ix, ...]


class Nest:
    """Loops over some dimensions, with code before, inside and after each.

    Parameters
    ----------
    scope
        Where values and shapes are known.
    dims
        Length of each loop, outermost first, as code.
    shape
        Where the loop is one over all elements of a larger shape, that shape.
    """

    def __init__(
        self, scope: Scope, dims: Sequence[str], shape: tuple[str, ...] | None = None
    ) -> None:
        self.scope = scope
        self.writer = scope.writer
        self.dims = list(dims)
        self.shape = shape
        size = product(self.dims)
        self.wide = not size.isdigit() or int(size) >= WIDE
        self.many = not size.isdigit() or int(size) >= MANY
        self.before: list[list[str]] = [[] for _ in range(len(self.dims) + 1)]
        self.after: list[list[str]] = [[] for _ in range(len(self.dims) + 1)]
        self.names = [self.writer.fresh("i") for _ in self.dims]
        self.index: Index = tuple(Ix(v, 1, 0, d + 1) for d, v in enumerate(self.names))
        # Random bits that each part of the loop makes for itself, and where they are.
        self.parts: dict[Expr, tuple[Bits, list[str]]] = {}
        self.part = self.end = ""
        self.stages: list[str] = []  # what each part does once it has them
        self._elements: dict[tuple[object, Index], tuple[str, int]] = {}
        self._offsets: dict[object, tuple[str, int]] = {}

    def let(self, depth: int, code: str) -> str:
        """Name a value, inside ``depth`` loops."""
        name = self.writer.fresh()
        self.before[depth].append(f"{name} = {code}")
        return name

    def close(self) -> None:
        """Write the loops out."""
        lines = [*self.before[-1], *self.after[-1]]
        if self.parts:
            lines = self._in_parts(lines)
            for text in lines:
                self.writer.line(text)
            return
        for d in reversed(range(len(self.dims))):
            inner = ["    " + text for text in lines] or ["    pass"]
            lines = [
                *self.before[d],
                f"for {self.names[d]} in range({self.dims[d]}):",
                *inner,
                *self.after[d],
            ]
        for text in lines:
            self.writer.line(text)

    def share(self, found: Sequence[Bits]) -> None:
        """Let each part of the one loop make its own random bits."""
        self.part, self.end = self.writer.fresh("c"), self.writer.fresh("e")
        for b in found:
            if b.node not in self.parts:
                self.parts[b.node] = b, bits.buffers(self.scope, b, str(bits.PART))

    def _in_parts(self, inner: list[str]) -> list[str]:
        end = self.end
        fills = [
            bits.fill(b, self.part, end, [f"pointer({n}, 0)" for n in names])
            for b, names in self.parts.values()
        ]
        return [
            *self.before[0],
            f"for {self.part} in range(0, {self.dims[0]}, {bits.PART}):",
            f"    {end} = min({self.part} + {bits.PART}, {self.dims[0]})",
            *("    " + text for text in (*fills, *self.stages)),
            f"    for {self.names[0]} in range({self.part}, {end}):",
            *("        " + text for text in inner),
            *self.after[0],
        ]

    # -- elements ------------------------------------------------------------------------

    def offset(self, dims: tuple[str, ...], index: Index) -> tuple[str, int]:
        """Code of a flat position, and how deep it is known."""
        if self.shape is not None:
            return self.names[0], 1
        key = (dims, index)
        found = self._offsets.get(key)
        if found is not None:
            return found
        terms: dict[int, list[str]] = {}
        for axis, ix in enumerate(index):
            if ix.code == "0":
                continue
            stride = product(dims[axis + 1 :])
            if stride == "1":
                text = ix.code
            elif ix.code.isdigit() and stride.isdigit():
                text = str(int(ix.code) * int(stride))
            else:
                text = f"{ix.code} * {stride}" if stride.isdigit() else f"{ix.code} * ({stride})"
            terms.setdefault(ix.depth, []).append(text)
        code, at = "0", 0
        for depth in sorted(terms):
            parts = terms[depth] if code == "0" else [code, *terms[depth]]
            code, at = " + ".join(parts), depth
            if not code.isidentifier() and not code.isdigit():
                code = self.let(depth, code)
        self._offsets[key] = code, at
        return code, at

    def load(self, array: Array, index: Index) -> tuple[str, int]:
        """Read an element of an array in memory."""
        key = ((array.name, array.offset, array.dims), index)
        found = self._elements.get(key)
        if found is None:
            code, depth = self.offset(array.dims, index)
            if array.offset != "0":
                code = f"{array.offset} + {code}"
            found = self._elements[key] = (self.let(depth, f"at({array.name}, {code})"), depth)
        return found

    def element(self, node: Expr, index: Index) -> tuple[str, int]:
        """Code of an element of an expression, and how deep it is known."""
        scope = self.scope
        value = scope.values.get(node)
        if isinstance(value, Array):
            return self.load(value, index)
        if isinstance(value, Bits) and value.node not in self.parts:
            return self.load(scope.array(node), index)
        if isinstance(value, Bits):
            place = ((value.node, "bits", value.half), index)
            if place not in self._elements:
                buffer = self.parts[value.node][1][value.half]
                code = f"at({buffer}, {self.names[0]} - {self.part})"
                self._elements[place] = self.let(1, code), 1
            return self._elements[place]
        if not node.type.shape:
            return scope.scalar(node), 0
        key = (node, index)
        found = self._elements.get(key)
        if found is None:
            found = self._elements[key] = self._compute(node, index)
        return found

    def _compute(self, node: Expr, index: Index) -> tuple[str, int]:
        name = node.op.name
        if name == "full":
            return self.scope.scalar(node.args[1]), 0
        if name == "iota":
            i, depth = self.offset(self.scope.dims(node), index)
            dtype = node.args[1]
            return (i if dtype == "int64" else self.let(depth, f"{dtype}({i})")), depth
        if name == "item":
            codes, depth = self._mapped(node.args[0], index)
            return codes[node.args[1]], depth
        if name == "map":
            codes, depth = self._mapped(node, index)
            return codes[0], depth
        if name == "broadcast_to":
            return self.element(node.args[0], self._aligned(node.args[0], index))
        if name == "permute_dims":
            moved = dict(zip(node.args[1], index, strict=True))
            return self.element(node.args[0], tuple(moved[a] for a in range(len(moved))))
        if name == "index":
            return self.element(node.args[0], self.source(node, index))
        operands = [a for a in node.args if isinstance(a, Expr)]
        found = [self.element(a, self._aligned(a, index)) for a in operands]
        depth = max(d for _, d in found)
        codes = [c for c, _ in found]
        inside = depth and self.wide and all(d == "1" for d in self.dims[depth:])
        if inside and name in LANES and operands[0].dtype == "float64":
            return self.let(depth, f"lane_{name}({', '.join(codes)})"), depth
        return self.let(depth, self.scope.elementwise(node, codes)), depth

    def _aligned(self, operand: Expr, index: Index) -> Index:
        """Index of a broadcast operand."""
        if self.shape is not None:
            return index
        shape = operand.type.shape
        rest = index[len(index) - len(shape) :]
        return tuple(fixed(0) if is_one(n) else i for n, i in zip(shape, rest, strict=True))

    def _mapped(self, node: Expr, index: Index) -> tuple[list[str], int]:
        """Run the body of a map on one element."""
        key = ((node, "all"), index)
        found = self._elements.get(key)
        if found is None:
            body, *operands = node.args
            values = [self.element(a, self._aligned(a, index)) for a in operands]
            body, staged = self._staged(body, operands, [c for c, _ in values])
            values += staged
            depth = max((d for _, d in values), default=0)
            with self.writer.into(self.before[depth]):
                out = self.scope.inline(
                    body, [c for c, _ in values], own=not self.many, limit=self._limit(body)
                )
            found = self._elements[key] = (out, depth)  # type: ignore[assignment]
        return found  # type: ignore[return-value]

    def _staged(
        self, body: Subgraph, operands: Sequence[Expr], codes: Sequence[str]
    ) -> tuple[Subgraph, list[tuple[str, int]]]:
        """Let each part compute beforehand what it can; give what is left of a body."""
        if not self.parts:  # one element alone is read outside any loop
            return body, []
        made = list(codes)
        ready = []
        at_part = f"{self.names[0]} - {self.part}"
        for i, a in enumerate(operands):
            held = self.scope.values.get(a)
            if isinstance(held, Bits) and held.node in self.parts:
                ready.append(i)
                made[i] = f"at({self.parts[held.node][1][held.half]}, {at_part})"
        if not ready:
            return body, []
        rest, found = stages.split(body, ready)
        out = []
        for stage in found:
            rooms = [
                self.writer.let(f"empty({bits.PART}, np.uint64)", "a") for _ in range(stages.ROOMS)
            ]
            lines: list[str] = []
            with self.writer.into(lines):
                (given,) = self.scope.inline(stage.given, made, limit=NEVER)
                room = f"pointer({rooms[0]}, 0)"
                self.writer.line(f"poke_{stage.dtype}({room}, {at_part}, {given})")
            pointers = ", ".join(f"pointer({r}, 0)" for r in rooms)
            self.stages += [
                f"for {self.names[0]} in range({self.part}, {self.end}):",
                *("    " + text for text in lines),
                f"{stage.call}{self.end} - {self.part}, {pointers})",
            ]
            done = f"peek_{stage.dtype}(pointer({rooms[1]}, 0), {at_part})"
            out.append((self.let(1, done), 1))
        return rest, out

    def _limit(self, body: Subgraph) -> int | None:
        """From what size on bodies are called: long loops have them in place."""
        if not self.many:
            return None
        return NEVER if is_straight(body) else LONG_INSIDE

    def source(self, node: Expr, index: Index) -> Index:
        """Index of the array behind an index operation (also of an update's target)."""
        parts = self.scope.parts(node)
        block: Index = ()
        rest = index
        if parts.block_ndim is not None:
            a, b = parts.block_at, parts.block_at + parts.block_ndim
            block, rest = index[a:b], index[:a] + index[b:]
        kept = iter(rest)
        out: list[Ix] = []
        for part in parts.items:
            if part[0] == "new":
                next(kept)
            elif part[0] == "int":
                out.append(fixed(part[1]))
            elif part[0] == "at":
                out.append(Ix(part[1], 1, 0, 0))
            elif part[0] == "slice":
                start, step = part[1], part[2]
                i = next(kept)
                if isinstance(start, int):
                    out.append(i.along(start, step))
                else:
                    moved = i.along(0, step)
                    out.append(Ix(self.let(i.depth, f"{start} + {moved.code}"), 1, 0, i.depth))
            else:
                out.append(self._gathered(part[1], part[2], block))
        return tuple(out)

    def _gathered(self, operand: Expr, length: str, block: Index) -> Ix:
        known = self._known_places(operand, length)
        if known is not None:
            return self._at_known(operand, known, block)
        key = ((operand, "position", length), block)
        found = self._elements.get(key)
        if found is None:
            code, depth = self.element(operand, self._aligned(operand, block))
            if operand.dtype != "int64":
                code = f"int64({code})"
            name = self.let(depth, f"wrap({code}, {length})")
            with self.writer.into(self.before[depth]):
                self.writer.check(
                    f"{name} < 0 or {name} >= {length}",
                    IndexError(f"index: a position is outside its axis of {describe_dim(length)}"),
                )
            found = self._elements[key] = (name, depth)
        return Ix(found[0], 1, 0, found[1])

    def _known_places(self, operand: Expr, length: str) -> Any:
        """Give positions that are constant, and inside an axis of known length."""
        held = self.scope.values.get(operand)
        if not isinstance(held, Array) or held.offset != "0" or not length.isdigit():
            return None
        value = self.scope.writer.value_of(held.name)
        if value is None or not value.size or value.min() < 0 or value.max() >= int(length):
            return None
        return value.reshape([int(d) for d in held.dims])

    def _at_known(self, operand: Expr, known: Any, block: Index) -> Ix:
        """Read a position that needs no check; positions in even steps are not read at all."""
        at = self._aligned(operand, block)
        flat = known.ravel()
        if known.size == 1:
            return fixed(int(flat[0]))
        steps = set((flat[1:] - flat[:-1]).tolist())
        if known.ndim == 1 and len(steps) == 1:
            return at[0].along(int(flat[0]), steps.pop())
        code, depth = self.element(operand, at)
        return Ix(code if operand.dtype == "int64" else f"int64({code})", 1, 0, depth)


def describe_dim(code: str) -> str:
    """Name a length in an error."""
    return f"length {code}" if code.isdigit() else "a length known only at the call"


# -- groups of stores and reductions -----------------------------------------------------


def emit_group(scope: Scope, nodes: Sequence[Expr], dims: tuple[str, ...]) -> None:
    """Write one nest that computes several stored and reduced nodes of one space."""
    held = _bits_below(scope, nodes)
    flat = len(dims) > 1 and all(_is_flat(scope, n, dims) for n in nodes)
    size = product(dims)
    few = size.isdigit() and int(size) < 2 * bits.PART
    reduced = any(n.op.name in _FOLDS and n.type.shape for n in nodes)
    whole = few or reduced or not (flat or len(dims) == 1)
    for node in list(held):
        if whole or scope.dims(node) != dims:
            scope.array(node)
            del held[node]
    nest = Nest(scope, [size], dims) if flat else Nest(scope, dims)
    if held:
        scope.writer.wide = True
        nest.share(list(held.values()))
    results = [
        _reduce(nest, n, dims) if n.op.name in _FOLDS else _store(nest, n, dims) for n in nodes
    ]
    nest.close()
    for node, value in zip(nodes, results, strict=True):
        scope.values[node] = value


def _bits_below(scope: Scope, nodes: Sequence[Expr]) -> dict[Expr, Bits]:
    """Find the random bits that loops read which have not been made."""
    found: dict[Expr, Bits] = {}
    stack, seen = list(nodes), set(nodes)
    while stack:
        node = stack.pop()
        value = scope.values.get(node)
        if isinstance(value, Bits):
            found[node] = value
        if value is None:
            below = [a for a in node.args if isinstance(a, Expr) and a not in seen]
            seen.update(below)
            stack += below
    return found


def _is_flat(scope: Scope, root: Expr, dims: tuple[str, ...]) -> bool:
    """Tell whether all that a loop reads has the loop's own shape, or none."""
    if root.op.name in _FOLDS:
        x, axes, _ = root.args
        if len(axes) != len(dims):
            return False
        root = x
    stack, seen = [root], {root}
    while stack:
        node = stack.pop()
        if not node.type.shape:
            continue
        if scope.dims(node) != dims:
            return False
        if node in scope.values:
            continue
        if not (node.op.elementwise or node.op.name in ("item", "full")):
            return False
        if node.op.name == "full":
            continue
        below = node.args[0].args if node.op.name == "item" else node.args
        for a in below:
            if isinstance(a, Expr) and a not in seen:
                seen.add(a)
                stack.append(a)
    return True


def _store(nest: Nest, node: Expr, dims: tuple[str, ...]) -> Array:
    out = nest.scope.room(node, dims)
    code, _ = nest.element(node, nest.index)
    position, _ = nest.offset(dims, nest.index)
    nest.after[-1].append(f"put({out.name}, {position}, {code})")
    return out


def _lowest(dtype: str, sign: int) -> str:
    if dtype in FLOATS:
        return literal(-sign * float("inf"), dtype)
    if dtype == "bool":
        return literal(sign < 0, dtype)
    bits = int(dtype.lstrip("uint"))
    if dtype[0] == "u":
        return literal(0 if sign > 0 else 2**bits - 1, dtype)
    return literal(-(2 ** (bits - 1)) if sign > 0 else 2 ** (bits - 1) - 1, dtype)


Fold = Callable[[str, str, str], str]
"""From the data type, the total so far and a value to the new total."""


def _plus(t: str, a: str, x: str) -> str:
    return f"free_add({a}, {x})" if t in FLOATS else f"{a} + {x}"


def _times(t: str, a: str, x: str) -> str:
    return f"free_mul({a}, {x})" if t in FLOATS else f"{a} * {x}"


def _extreme(name: str, symbol: str, logic: str) -> Fold:
    def row(t: str, a: str, x: str) -> str:
        if t in FLOATS:
            return f"{name}({a}, {x})"
        return f"{a} {logic} {x}" if t == "bool" else f"{x} if {x} {symbol} {a} else {a}"

    return row


def _truth(t: str, x: str) -> str:
    return x if t == "bool" else f"({x} != 0)"


# fmt: off
_FOLDS: dict[str, tuple[Callable[[str], str], Fold]] = {
    "sum":  (lambda t: literal(0, t),    _plus),
    "prod": (lambda t: literal(1, t),    _times),
    "max":  (lambda t: _lowest(t, 1),    _extreme("fmax", ">", "|")),
    "greatest": (lambda t: _lowest(t, 1), _extreme("fmax", ">", "|")),
    "min":  (lambda t: _lowest(t, -1),   _extreme("fmin", "<", "&")),
    "any":  (lambda t: "False",          lambda t, a, x: f"{a} | {_truth(t, x)}"),
    "all":  (lambda t: "True",           lambda t, a, x: f"{a} & {_truth(t, x)}"),
}
# fmt: on


def _reduce(nest: Nest, node: Expr, dims: tuple[str, ...]) -> str | Array:
    scope, writer = nest.scope, nest.writer
    x, axes, _ = node.args
    start, fold = _FOLDS[node.op.name]
    initial = start(x.dtype)
    out_dims = scope.dims(node)
    kept = [a for a in range(len(dims)) if a not in axes]
    if node.op.name in ("max", "min"):
        for a in axes:
            if not dims[a].isdigit() or dims[a] == "0":
                writer.check(
                    f"{dims[a]} == 0",
                    ShapeError(f"{node.op.name}: axis {a} has no elements, so there is no result"),
                )
    value = nest.element(x, nest.index)[0]
    if not node.type.shape or kept == list(range(len(kept))):
        depth = len(kept) if nest.shape is None else 0
        total = nest.let(depth, initial)
        nest.after[-1].append(f"{total} = {fold(x.dtype, total, value)}")
        if not node.type.shape:
            return total
        out = scope.empty(out_dims, node.dtype)
        position, _ = nest.offset(tuple(dims[a] for a in kept), nest.index[:depth])
        nest.after[depth].append(f"put({out.name}, {position if kept else 0}, {total})")
        return out
    # Kept axes inside reduced ones: totals in memory, one a kept element.
    out = scope.filled(out_dims, node.dtype, initial)
    position, _ = nest.offset(tuple(dims[a] for a in kept), tuple(nest.index[a] for a in kept))
    old = writer.fresh()
    nest.after[-1] += [
        f"{old} = at({out.name}, {position})",
        f"put({out.name}, {position}, {fold(x.dtype, old, value)})",
    ]
    return out
