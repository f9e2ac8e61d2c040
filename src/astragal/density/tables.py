"""Finite discrete variables: a log density as a linear form in indicators.

Any function of a variable z with values v_1 .. v_K is a sum over k of f(v_k) [z = v_k], so
each node above z is read as a table of K values, element by element of a structural
image of z. Sums over elements of z are linear in indicators of the whole z; the natural
parameters are gradients with respect to these. A product of different elements of z has
no such form: then the elements are not independent, and there is no table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from astragal.density.algebra import simplify
from astragal.density.forms import plus
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, scalar, value_of
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import children, substitute, toposort
from astragal.graph.types import FLOATS, Shape, TensorType, same_shape, tensor_type
from astragal.ops import reductions as r
from astragal.ops.creation import ones
from astragal.ops.declare import broadcast_shapes
from astragal.ops.gradient import grad
from astragal.ops.manipulation import broadcast_to, stack
from astragal.ops.searching import where
from astragal.random.distribution import random_parts

MOST_VALUES = 128
MOST_OF_ONE = 10_000
"""Values of a single number, which are looked at one after the other."""


def finite_values(rv: Expr, most: int = MOST_VALUES) -> range | None:
    """Give the values of a discrete variable, where they are known and not more than some."""
    if rv.dtype in FLOATS or not isinstance(rv.type, TensorType):
        return None
    family, parameters = rv.op.name, random_parts(rv)[3]

    def number(i: int) -> int | None:
        p = parameters[i]
        if not is_constant(p):
            return None
        value = value_of(p)
        return int(value.flat[0]) if value.size and (value == value.flat[0]).all() else None

    if family == "bernoulli":
        return range(2)
    if family == "categorical":
        k = parameters[0].shape[-1]
        return range(k) if isinstance(k, int) and k <= most else None
    if family in ("binomial", "beta_binomial"):
        n = number(0)
        return range(n + 1) if n is not None and n < most else None
    if family == "discrete_uniform":
        low, high = number(0), number(1)
        if low is not None and high is not None and high - low <= most:
            return range(low, high)
    return None


@dataclass
class Table:
    """``sum over k of entries[k] [image = value k] + rest``; no image, no entries."""

    shape: Shape
    image: Expr | None = None
    entries: tuple[Expr, ...] = ()
    rest: Expr | None = None
    const: Expr | None = None


class Tables:
    """Reads expressions as tables over one discrete variable.

    Parameters
    ----------
    z
        Its input.
    values
        What each element can be.
    """

    def __init__(self, z: Expr, values: Sequence[int | Expr]) -> None:
        assert isinstance(z.type, TensorType)
        self.z = z
        self.values = tuple(v if isinstance(v, Expr) else constant(v, z.dtype) for v in values)
        # Indicators of the whole of z, one a value.
        self.stand_ins = tuple(placeholder(tensor_type("float64", z.shape)) for _ in values)
        self._above: set[Expr] = {z}
        self._seen: set[Expr] = set()
        self._partial: set[Expr] = set()
        self._tables: dict[Expr, Table | None] = {z: Table(z.shape, z, self.values)}

    def read(self, x: Expr) -> Table | None:
        """Give the table of an expression; None where it has none."""
        for node in toposort([x]):
            if node in self._seen:
                continue
            self._seen.add(node)
            if any(c in self._above for c in children(node)):
                self._above.add(node)
            if node in self._above and node not in self._tables:
                self._tables[node] = self._node(node)
        return self.get(x)

    def get(self, x: Expr) -> Table | None:
        """Look a node up."""
        return Table(x.shape, const=x) if x not in self._above else self._tables[x]

    def materialise(self, t: Table) -> Expr | None:
        """Write a table as an expression linear in the stand-ins."""
        out = t.rest
        if t.image is not None:
            # The image of z is made by operations that carry indicators along as well.
            for entry, indicator in zip(t.entries, self.stand_ins, strict=True):
                (part,) = substitute([t.image], {self.z: indicator})
                out = plus(out, entry * part)
        if out is not None and not same_shape(out.shape, t.shape):
            out = broadcast_to(out, t.shape)
        return out

    def _node(self, node: Expr) -> Table | None:
        if not isinstance(node.type, TensorType):
            return None
        inside = [isinstance(a, Expr) and a in self._above for a in node.args]
        tables = [self.get(a) for a, i in zip(node.args, inside, strict=True) if i]
        if any(t is None for t in tables):
            return None
        known = [t for t in tables if t is not None]
        if all(t.rest is None for t in known):
            found = self._pointwise(node, inside, known)
            if found is not None:
                return found
        return self._linear(node, inside, known)

    def _pointwise(self, node: Expr, inside: list[bool], known: list[Table]) -> Table | None:
        """Elementwise operations, selection by z, and structure: K times the operation."""
        images = {t.image for t in known if t.image is not None}
        if len(images) != 1:
            return None
        (image,) = images
        if node.op.elementwise:
            return Table(node.shape, image, self._each(node, inside))
        name = node.op.name
        if name == "stack":
            return self._stacked(node, inside, image)
        if name == "concatenate":
            return self._beside(node, inside, image) or self._joined(node, inside, image)
        if name == "index" and not inside[0]:
            return self._select(node, inside, image)
        if name in _STRUCTURAL and inside[0] and not any(inside[1:]):
            x = node.args[0]
            moved = node.op(broadcast_to(image, x.shape), *node.args[1:])
            return Table(node.shape, moved, self._each(node, inside, whole=True))
        if name in _REDUCTIONS and inside[0]:
            return self._reduced(node, image)
        return None

    def _each(self, node: Expr, inside: list[bool], whole: bool = False) -> tuple[Expr, ...]:
        """The node's operation, with the k-th entry for each operand that depends on z."""
        out = []
        for k in range(len(self.values)):
            args = []
            for a, i in zip(node.args, inside, strict=True):
                if not i:
                    args.append(a)
                    continue
                table = self.get(a)
                assert table is not None
                entry = table.entries[k]
                args.append(broadcast_to(entry, a.shape) if whole else entry)
            out.append(node.op(*args))
        return tuple(out)

    def _select(self, node: Expr, inside: list[bool], image: Expr) -> Table | None:
        """``x[z]``, ``x[z, j]``, ``x[i, z]``: entry k of x, repeated where z is k."""
        _, spec, *operands = node.args
        whole = ("slice", None, None, 1)
        slices = [i for i, item in enumerate(spec) if item == whole]
        arrays = [i for i, item in enumerate(spec) if item[0] in ("expr", "int")]
        if len(arrays) + len(slices) != len(spec) or slices != list(range(len(arrays), len(spec))):
            return None
        moved = image
        shape = broadcast_shapes([image.shape, *(o.shape for o in operands)], "index")
        for _ in node.shape[len(shape) :]:
            moved = moved[..., None]
        return Table(node.shape, moved, self._each(node, inside))

    def _joined(self, node: Expr, inside: list[bool], image: Expr) -> Table | None:
        """Arrays of which one depends on z: where the others stand, nothing is indicated."""
        if sum(inside) != 1 or any(d == 0 for d in self.z.shape):
            return None
        here = self.z[(0,) * self.z.ndim]
        nothing = here - here  # zero, as a number of z's kind or as an indicator
        axis, *parts = node.args
        moved = [
            broadcast_to(image if i else nothing, x.shape)
            for x, i in zip(parts, inside[1:], strict=True)
        ]
        joined = node.op(axis, *moved)
        self._partial.add(joined)
        return Table(node.shape, joined, self._each(node, inside, whole=True))

    def _stacked(self, node: Expr, inside: list[bool], image: Expr) -> Table:
        """Arrays along a new axis, as terms of a sum over another latent."""
        at = node.args[0] - (len(node.shape) - 1 - image.ndim)
        if at >= 0:
            image = image[(slice(None),) * at + (None,)]
        return Table(node.shape, image, self._each(node, inside, whole=True))

    def _beside(self, node: Expr, inside: list[bool], image: Expr) -> Table | None:
        """Arrays along an axis on which z does not vary."""
        axis = node.args[0]
        own = axis - (node.ndim - image.ndim)
        if own >= 0 and image.shape[own] != 1:
            return None
        return Table(node.shape, image, self._each(node, inside, whole=True))

    def constant(self, t: Table) -> Expr | None:
        """Give what a table adds whatever z is."""
        if t.image is None or self._partial.isdisjoint(toposort([t.image])):
            return t.const
        here = substitute([t.image], {self.z: ones(self.z.shape)})[0]
        out = plus(t.const, where(here > 0.0, 0.0, t.entries[0]))
        assert out is not None
        return out if same_shape(out.shape, t.shape) else broadcast_to(out, t.shape)

    def _reduced(self, node: Expr, image: Expr) -> Table | None:
        """A reduction over axes along which z does not vary."""
        x, axes, keep = node.args
        offset = len(x.shape) - len(image.shape)
        varying = [a for a in axes if a >= offset and image.shape[a - offset] != 1]
        if varying:
            return None
        moved = image
        own = [a - offset for a in axes if a >= offset]
        if own and not keep:
            moved = _without(image, own)
        if any(a < offset for a in axes) and moved.ndim > len(node.shape):
            return None
        inside = [True, False, False]
        return Table(node.shape, moved, self._each(node, inside, whole=True))

    def _linear(self, node: Expr, inside: list[bool], known: list[Table]) -> Table | None:
        """Linear operations on what has been summed already."""
        name = node.op.name
        if name in ("sum", *_STRUCTURAL) and inside[0] and not any(inside[1:]):
            inner = self.materialise(known[0])
            out = Table(node.shape)
            out.rest = None if inner is None else node.op(inner, *node.args[1:])
            const = self.constant(known[0])
            if const is not None:
                shape = node.args[0].shape
                out.const = node.op(broadcast_to(const, shape), *node.args[1:])
            return out
        if name in ("add", "subtract"):
            sign = scalar(-1.0 if name == "subtract" else 1.0, node.dtype)
            a, b = self.get(node.args[0]), self.get(node.args[1])
            assert a is not None
            assert b is not None
            p, q = self.materialise(a), self.materialise(b)
            q = None if q is None else sign * q
            other = self.constant(b)
            const = plus(self.constant(a), None if other is None else sign * other)
            return Table(node.shape, rest=plus(p, q), const=const)
        if name == "negative":
            inner = self.materialise(known[0])
            const = self.constant(known[0])
            return Table(
                node.shape,
                rest=None if inner is None else -inner,
                const=None if const is None else -const,
            )
        if name in ("multiply", "divide") and sum(inside) == 1 and (inside[0] or name != "divide"):
            factor = node.args[inside.index(False)]
            inner, const = self.materialise(known[0]), self.constant(known[0])
            return Table(
                node.shape,
                rest=None if inner is None else node.op(inner, factor),
                const=None if const is None else node.op(const, factor),
            )
        return None


def _without(image: Expr, axes: list[int]) -> Expr:
    """Drop axes of length one; those that were inserted give the array before."""
    spec = image.args[1] if image.op.name == "index" else ()
    new = [i for i, item in enumerate(spec) if item == ("new",)]
    plain = all(item in (("new",), ("slice", None, None, 1)) for item in spec)
    if spec and plain and new == axes:
        before: Expr = image.args[0]
        return before
    return image[tuple(0 if i in axes else slice(None) for i in range(image.ndim))]


_STRUCTURAL = ("index", "reshape", "permute_dims", "broadcast_to")
_REDUCTIONS = ("sum", "prod", "max", "min", "all", "any", "logsumexp")


def indicator_form(
    z: Expr, values: Sequence[int | Expr], terms: Sequence[Expr]
) -> tuple[Expr, Expr] | None:
    """Write a log density as a linear form in indicators of a discrete variable.

    Parameters
    ----------
    z
        The variable's input, of integers.
    values
        What each element can be: numbers, or expressions of them.
    terms
        The (elementwise) terms of the log density that depend on z.

    Returns
    -------
    (natural parameters, constant), or None
        The parameters have z's shape and a last dimension of one entry a value: log
        probabilities up to a constant. None where there is no such form.
    """
    reader = Tables(z, values)
    whole: Expr | None = None
    const: Expr = scalar(0.0, "float64")
    for t in terms:
        table = reader.read(r.sum(t))
        if table is None:
            return None
        whole = plus(whole, reader.materialise(table))
        more = reader.constant(table)
        const = const if more is None else const + more
    if whole is None:
        return None
    gradients = grad(whole, list(reader.stand_ins))
    left = set(toposort(gradients)) & set(reader.stand_ins)
    if left:
        return None
    full = [broadcast_to(simplify(g), z.shape) for g in gradients]
    return stack(full, axis=len(z.shape)), const
