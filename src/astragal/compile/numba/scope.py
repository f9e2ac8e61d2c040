"""One graph written as code: values, shapes, and the statements in order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from astragal.compile.numba import arrays, bits, control, matrices, sequential
from astragal.compile.numba.elementwise import TEMPLATES, cast, literal
from astragal.compile.numba.expand import expanded
from astragal.compile.numba.loops import Nest, emit_group
from astragal.compile.numba.plan import LONG, REDUCTIONS, SHORT, UPDATES, Plan, body_size, is_one
from astragal.compile.numba.special import row as special_row
from astragal.compile.numba.straight import steps_of, straight_lines
from astragal.compile.numba.units import signature, unit
from astragal.compile.numba.writer import Array, Bits, Writer, product
from astragal.graph.errors import ShapeError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.subgraph import Subgraph
from astragal.graph.types import TensorType, TupleType

Lowering = Any

OPAQUE: dict[str, Lowering] = {
    **arrays.LOWERINGS,
    **bits.LOWERINGS,
    **control.LOWERINGS,
    **matrices.LOWERINGS,
    **sequential.LOWERINGS,
}
"""Operations that read whole arrays, or run bodies: name to function of scope and node."""


@dataclass(frozen=True, slots=True)
class Parts:
    """How an index operation finds its source, with all bounds known.

    Attributes
    ----------
    items : tuple
        ``("new",)``, ``("int", i)``, ``("at", code)``, ``("slice", start, step)``,
        ``("gather", operand, length)``.
    dims : tuple of str
        Lengths of the result.
    block_at, block_ndim
        Where the dimensions of index arrays stand in the result; ``None`` where there are none.
    """

    items: tuple[tuple[Any, ...], ...]
    dims: tuple[str, ...]
    block_at: int
    block_ndim: int | None


class Scope:
    """Values of the nodes of one graph, as code.

    Parameters
    ----------
    writer
        Where statements go.
    values
        What is known at the start: parameters and arguments.
    outer
        The scope around, for lengths that it knows.
    limit
        Nodes from which a body of scalars that is called is compiled on its own.
    """

    def __init__(
        self,
        writer: Writer,
        values: Mapping[Expr, Any],
        outer: Scope | None = None,
        limit: int = LONG,
    ) -> None:
        self.writer = writer
        self.values: dict[Expr, Any] = dict(values)
        self.outer = outer
        self.limit = limit
        # Arrays that an update may change, since it is the only one to read them.
        self.free: set[Expr] = set()
        # Arguments whose memory results take, and from such results to them.
        self.lent: set[Expr] = set()
        self.takes: dict[Expr, Expr] = {}
        self._dims: dict[Expr, tuple[str, ...]] = {}
        self._parts: dict[Expr, Parts] = {}

    # -- running a graph -----------------------------------------------------------------

    def run(self, outputs: Sequence[Expr]) -> list[Any]:
        """Write the statements that compute expressions; give their values."""
        outputs = expanded(outputs, self.values.keys())
        plan = Plan(outputs, self.values.keys())
        for n in plan.order:
            x = n.args[0] if n.op.name in UPDATES else n
            if x is not n and x.op.name in UPDATES and x not in outputs:
                self.free.update([x] if plan.users.get(x) == [n] else [])
        levels: dict[int, list[Expr]] = {}
        for n in plan.order:
            if n in plan.home:
                continue
            levels.setdefault(plan.level[n], []).append(n)
        for level in sorted(levels):
            loops: dict[Any, list[Expr]] = {}
            for n in levels[level]:
                if n in plan.lazy or n.op.name in REDUCTIONS:
                    space = self.prepare(n)
                    if plan.is_loop(n):
                        loops.setdefault(space, []).append(n)
                elif not (n.op.name == "map" and isinstance(n.type, TupleType)) or not (
                    n.type.items[0].shape
                ):
                    self.values[n] = self.statement(n)
                else:
                    self._dims[n] = self.merged(n, list(n.args[1:]))
            for space, nodes in loops.items():
                emit_group(self, nodes, space)
        return [self.value(o) for o in outputs]

    def value(self, node: Expr) -> Any:
        """Give the value of a node that has been computed."""
        if _tuple(node):
            return self.values[node]
        return self.array(node) if node.type.shape else self.scalar(node)

    def scalar(self, node: Expr) -> str:
        """Give the code of a scalar."""
        if is_constant(node):
            return literal(value_of(node)[()], node.dtype)
        found = self.values.get(node)
        if found is None and node.op.name == "dimension" and self.outer is not None:
            return self.outer.scalar(node)
        assert isinstance(found, str), node
        return found

    def array(self, node: Expr) -> Array:
        """Give an array that is in memory."""
        found = self.values[node]
        if isinstance(found, Bits):
            whole = self.values.get((found.node, "made"))  # type: ignore[call-overload]
            if whole is None:
                whole = bits.made(self, found)
                self.values[(found.node, "made")] = whole  # type: ignore[index]
            found = self.values[node] = replace(whole[found.half], dims=found.dims)
        assert isinstance(found, Array), node
        return found

    def vector(self, array: Array) -> str:
        """Give a variable that holds exactly the elements of an array."""
        if array.offset == "0" and array.owned:
            return array.name
        return self.writer.let(f"span({array.name}, {array.offset}, {product(array.dims)})", "a")

    def shaped(self, node: Expr) -> str:
        """Give code of an array with its shape, for functions of whole arrays."""
        a = self.array(node)
        name = self.vector(a)
        return name if len(a.dims) == 1 else f"shaped({name}, ({', '.join(a.dims)},))"

    def empty(self, dims: tuple[str, ...], dtype: str) -> Array:
        """Make room for an array."""
        name = self.writer.let(f"empty({product(dims)}, {_numpy(dtype)})", "a")
        return Array(name, dims, dtype, owned=True)

    def room(self, node: Expr, dims: tuple[str, ...]) -> Array:
        """Make room for a node, or take that of the argument that it replaces."""
        taken = self.takes.get(node)
        if taken is None:
            return self.empty(dims, node.dtype)
        self.writer.change()
        return self.array(taken)

    def filled(self, dims: tuple[str, ...], dtype: str, value: str) -> Array:
        """Make an array of one value."""
        out = self.empty(dims, dtype)
        i = self.writer.fresh("i")
        with self.writer.block(f"for {i} in range({product(dims)}):"):
            self.writer.line(f"put({out.name}, {i}, {value})")
        return out

    def result(self, code: str, dims: tuple[str, ...], dtype: str) -> Array:
        """Name what a function of whole arrays gives."""
        name = self.writer.let(code if len(dims) == 1 else f"flat({code})", "a")
        return Array(name, dims, dtype, owned=True)

    # -- statements ----------------------------------------------------------------------

    def statement(self, node: Expr) -> Any:
        """Write what computes a node that is no loop; give its value."""
        name = node.op.name
        if name == "constant":
            if not node.type.shape:
                return literal(value_of(node)[()], node.dtype)
            dims = tuple(str(d) for d in node.type.shape)
            return Array(self.writer.constant(node.args[0]), dims, node.dtype)
        if name == "dimension":
            return self.scalar(node)
        if name == "shape":
            return [self.scalar(d) for d in node.args]
        if name == "item":
            return self.values[node.args[0]][node.args[1]]
        if name == "map":
            out = self.inline(node.args[0], [self.scalar(a) for a in node.args[1:]], own=True)
            return out if isinstance(node.type, TupleType) else out[0]
        if name == "index":
            return self._element(node)
        found = OPAQUE.get(name)
        if found is not None:
            return found(self, node)
        codes = [self.scalar(a) for a in node.args if isinstance(a, Expr)]
        return self.writer.let(self.elementwise(node, codes))

    def _element(self, node: Expr) -> str:
        """Read one element of an array."""
        self.prepare(node)
        nest = Nest(self, [])
        code, _ = nest.element(node.args[0], nest.source(node, ()))
        nest.close()
        return code

    def inline(
        self,
        body: Subgraph,
        arguments: Sequence[Any],
        own: bool = False,
        limit: int | None = None,
        free: Collection[int] = (),
    ) -> list[Any]:
        """Write the statements of a subgraph here; give its outputs.

        Parameters
        ----------
        own
            Whether the body may be a unit of its own, which is called.
        limit
            Nodes from which a body that is called is a unit, inside too; by default as here.
        free
            Positions of arguments that the body may change.
        """
        limit = self.limit if limit is None else limit
        if own and body_size(body) >= limit:
            return self._called(body, arguments)
        if own and body_size(body) >= SHORT:
            return self.local(body, arguments, limit)
        values = {}
        for p, a in zip(body.parameters, arguments, strict=True):
            values[p] = self.fitted(p, a) if isinstance(a, Array) else a
        scope = Scope(self.writer, values, self, limit)
        scope.free.update(body.parameters[k] for k in free)
        return scope.run(body.outputs)

    def local(self, body: Subgraph, arguments: Sequence[str], limit: int) -> list[str]:
        """Call a subgraph of scalars that is a function of this module.

        Numba compiles it once; LLVM writes it in place, as if it had stood there.
        """
        writer = self.writer
        found = writer.functions.get((body, limit))
        if found is None and (steps := steps_of(body)) is not None:
            found = writer.functions[body, limit] = writer.fresh("function_")
            writer.definitions += straight_lines(found, body, *steps)
        if found is None:
            found = writer.fresh("function_")
            lines: list[str] = []
            parameters = {p: writer.fresh("p") for p in body.parameters}
            with writer.into(lines):
                outs = Scope(writer, parameters, limit=limit).run(body.outputs)
            # What it calls itself has been named before it, and stands above.
            writer.functions[body, limit] = found
            writer.definitions += [
                "@njit(**inlined)",
                f"def {found}({', '.join(parameters.values())}):",
                *("    " + text for text in lines),
                f"    return {', '.join(outs)}",
                "",
                "",
            ]
        names = [writer.fresh() for _ in body.outputs]
        writer.line(f"{', '.join(names)} = {found}({', '.join(arguments)})")
        return names

    def _called(self, body: Subgraph, arguments: Sequence[str]) -> list[str]:
        """Call a subgraph of scalars that is compiled as a module of its own."""
        writer = self.writer
        given = [
            f"uint8({a})" if p.dtype == "bool" else a
            for p, a in zip(body.parameters, arguments, strict=True)
        ]
        # The signature goes to the head of the module, where the unit is named.
        call = f"unit_{unit(body)}<{signature(body)}>("
        outs = body.outputs
        if len(outs) == 1:
            code = f"{call}{', '.join(given)})"
            return [writer.let(f"({code} != 0)" if outs[0].dtype == "bool" else code)]
        room = writer.let(f"room({len(outs)})")
        writer.line(f"{call}{', '.join([*given, room])})")
        return [
            writer.let(
                f"(peek_uint8({room}, {k}) != 0)"
                if o.dtype == "bool"
                else f"peek_{o.dtype}({room}, {k})"
            )
            for k, o in enumerate(outs)
        ]

    def fitted(self, parameter: Expr, a: Array) -> Array:
        """Check the lengths that a parameter fixes, and take them as known."""
        dims = []
        for d, code in zip(parameter.type.shape, a.dims, strict=True):
            if isinstance(d, int) and code != str(d):
                self.writer.check(
                    f"{code} != {d}", ShapeError(f"an argument of length {d} has another length")
                )
            dims.append(str(d) if isinstance(d, int) else code)
        return Array(a.name, tuple(dims), a.dtype, a.offset, a.owned)

    def elementwise(self, node: Expr, codes: Sequence[str]) -> str:
        """Write an elementwise operation on codes of its operands."""
        name = node.op.name
        if name == "where":
            return f"({codes[1]} if {codes[0]} else {codes[2]})"
        if name == "astype":
            return cast(node.args[0].dtype, node.args[1], codes[0])
        if name == "bitcast":
            source, target = node.args[0].dtype, node.args[1]
            return codes[0] if source == target else f"bits_{target}({codes[0]})"
        row = TEMPLATES.get(name) or special_row(name)
        if row is None:
            raise UnsupportedError(unsupported(name))
        dtype = next(a.dtype for a in node.args if isinstance(a, Expr))
        return row(dtype, *codes)

    # -- shapes --------------------------------------------------------------------------

    def dims(self, node: Expr) -> tuple[str, ...]:
        """Give the lengths of an array, as code."""
        value = self.values.get(node)
        if isinstance(value, (Array, Bits)):
            return value.dims
        return self._dims[node] if node.type.shape else ()

    def length(self, dim: Any) -> str:
        """Give the code of a static or symbolic dimension of a shape argument."""
        return str(dim) if isinstance(dim, int) else self.scalar(dim)

    def shape(self, argument: Any) -> tuple[str, ...]:
        """Give the lengths of a shape argument."""
        if not isinstance(argument, Expr):
            return tuple(str(d) for d in argument)
        codes: list[str] = self.values[argument]
        return tuple(
            str(int(value_of(d))) if is_constant(d) else c
            for d, c in zip(argument.args, codes, strict=True)
        )

    def same(self, op: str, a: str, b: str) -> None:
        """Check that two lengths are equal."""
        if a != b:
            known = sorted(d for d in (a, b) if d.isdigit())
            words = f"; one is {known[0]}" if known else ""
            self.writer.check(f"{a} != {b}", ShapeError(f"{op}: lengths differ{words}"))

    def merged(self, node: Expr, operands: Sequence[Expr]) -> tuple[str, ...]:
        """Give the lengths of broadcast operands, and check them."""
        type = node.type.items[0] if isinstance(node.type, TupleType) else node.type
        ndim = len(type.shape)
        out: list[str | None] = [None] * ndim
        for a in operands:
            dims = self.dims(a)
            for k, (d, t) in enumerate(zip(dims, a.type.shape, strict=True)):
                axis = ndim - len(dims) + k
                if is_one(t):
                    continue
                known = out[axis]
                if known is None:
                    out[axis] = d
                elif known != d:
                    self.same(node.op.name, known, d)
                    out[axis] = d if d.isdigit() else known
        return tuple("1" if d is None else d for d in out)

    def prepare(self, node: Expr) -> tuple[str, ...]:
        """Find the lengths of a lazy or reduced node; give its iteration space."""
        name = node.op.name
        if node in self._dims and name not in REDUCTIONS:
            return self._dims[node]
        if name in REDUCTIONS:
            x, axes, keepdims = node.args
            space = self.dims(x)
            self._dims[node] = tuple(
                "1" if i in axes else d for i, d in enumerate(space) if keepdims or i not in axes
            )
            return space
        if name == "full":
            dims = self.shape(node.args[0])
        elif name == "iota":
            dims = (self.length(node.args[0]),)
        elif name == "item":
            dims = self._dims[node.args[0]]
        elif name == "permute_dims":
            source = self.dims(node.args[0])
            dims = tuple(source[a] for a in node.args[1])
        elif name == "broadcast_to":
            dims = self.shape(node.args[1])
            source = self.dims(node.args[0])
            for d, t, out in zip(
                reversed(source), reversed(node.args[0].type.shape), reversed(dims), strict=False
            ):
                if not is_one(t):
                    self.same(name, d, out)
        elif name == "index":
            dims = self.parts(node).dims
        else:
            dims = self.merged(node, [a for a in node.args if isinstance(a, Expr)])
        self._dims[node] = dims
        return dims

    def parts(self, node: Expr) -> Parts:
        """Resolve the bounds of an index or an update, once."""
        found = self._parts.get(node)
        if found is None:
            found = self._parts[node] = arrays.index_parts(self, node)
        return found


def _tuple(node: Expr) -> bool:
    return isinstance(node.type, TupleType)


def _numpy(dtype: str) -> str:
    return "np.bool_" if dtype == "bool" else f"np.{dtype}"


def unsupported(name: str) -> str:
    """Say which backends have an operation that this one lacks."""
    from astragal.compile import numpy as reference

    others = []
    try:
        reference.lowering(name)
        others.append("numpy")
    except UnsupportedError:
        pass
    where = f"; backend {' and '.join(map(repr, others))} has it" if others else ""
    return (
        f"the Numba backend has no rule for {name}{where}; "
        "add one in astragal/compile/numba (TEMPLATES, SPECIAL or LOWERINGS)"
    )


__all__ = ["Parts", "Scope", "TensorType"]
