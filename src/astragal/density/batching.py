"""One expression for all steps of a loop: operations with a leading dimension."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from astragal.graph.expr import Expr
from astragal.graph.traverse import children, toposort
from astragal.graph.types import Dim, TensorType
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.creation import arange
from astragal.ops.manipulation import broadcast_to, permute_dims, reshape


class NotBatched(Exception):
    """An operation has no rule here."""


class Batch:
    """Expressions of one step, written for all steps at once.

    Parameters
    ----------
    length
        Number of steps.
    images
        From leaves of the step to their sequences, with a leading dimension.
    """

    def __init__(self, length: Dim, images: Mapping[Expr, Expr]) -> None:
        self.length = length
        self._images: dict[Expr, Expr] = dict(images)
        self._moving = set(images)
        self._seen: set[Expr] = set(images)

    def __call__(self, x: Expr) -> Expr:
        """Give the sequence of an expression.

        Raises
        ------
        NotBatched
            Naming an operation that has no rule.
        """
        for node in toposort([x]):
            if node in self._seen:
                continue
            self._seen.add(node)
            if any(c in self._moving for c in children(node)):
                self._images[node] = self._node(node)
                self._moving.add(node)
        return self.sequence(x)

    def sequence(self, x: Expr) -> Expr:
        """Give the sequence of a node that has been visited, or of what does not move."""
        if x in self._moving:
            return self._images[x]
        return broadcast_to(x, (self.length, *x.shape))

    def _node(self, node: Expr) -> Expr:
        if not isinstance(node.type, TensorType):
            raise NotBatched(node.op.name)
        if node.op.elementwise:
            args = [self._aligned(a, node.ndim) if isinstance(a, Expr) else a for a in node.args]
            return node.op(*args)
        rule = _RULES.get(node.op.name)
        if rule is None:
            raise NotBatched(node.op.name)
        return rule(self, node)

    def _aligned(self, x: Expr, ndim: int) -> Expr:
        """An operand whose step dimensions stand at the end, so that it broadcasts."""
        if x not in self._moving:
            return x
        image = self._images[x]
        missing = ndim - x.ndim
        if missing <= 0:
            return image
        return reshape(image, (image.shape[0], *(1,) * missing, *image.shape[1:]))


Rule = Callable[[Batch, Expr], Expr]


def _over_axes(b: Batch, node: Expr) -> Expr:
    x, axes, keep = node.args
    return node.op(b.sequence(x), tuple(a + 1 for a in axes), keep)


def _along(b: Batch, node: Expr) -> Expr:
    x, axis, *rest = node.args
    return node.op(b.sequence(x), axis + 1, *rest)


def _reshape(b: Batch, node: Expr) -> Expr:
    return reshape(b.sequence(node.args[0]), (b.length, *node.shape))


def _broadcast(b: Batch, node: Expr) -> Expr:
    return broadcast_to(b._aligned(node.args[0], node.ndim), (b.length, *node.shape))


def _permute(b: Batch, node: Expr) -> Expr:
    x, axes = node.args
    return permute_dims(b.sequence(x), (0, *(a + 1 for a in axes)))


def _join(b: Batch, node: Expr) -> Expr:
    axis, *xs = node.args
    return node.op(axis + 1, *(b.sequence(x) for x in xs))


def _index(b: Batch, node: Expr) -> Expr:
    x, spec, *operands = node.args
    whole = ("slice", None, None, 1)
    if all(o not in b._moving for o in operands):
        places = [i for i, s in enumerate(spec) if s[0] in ("expr", "int")]
        arrays = any(o.ndim for o in operands)
        if arrays and places != list(range(places[0], places[-1] + 1)):
            raise NotBatched("index")
        return node.op(b.sequence(x), (whole, *spec), *operands)
    # x[i], x[i, :] with an index that moves.
    if spec[0] != ("expr",) or any(s != whole for s in spec[1:]) or operands[0].ndim:
        raise NotBatched("index")
    if x in b._moving:
        return node.op(b.sequence(x), (("expr",), *spec), arange(b.length), b.sequence(operands[0]))
    return node.op(x, spec, b.sequence(operands[0]))


def _matmul(b: Batch, node: Expr) -> Expr:
    x, y = node.args
    if y not in b._moving and x.ndim == 1:
        return linalg.matmul(b.sequence(x), y)
    if x not in b._moving and x.ndim == 2 and y.ndim == 1:
        return linalg.matmul(b.sequence(y), permute_dims(x))
    if x.ndim == y.ndim == 1:
        return r.sum(b.sequence(x) * b.sequence(y), -1)
    left, right = b._aligned(x, x.ndim), b._aligned(y, y.ndim)
    left = left[..., None, :] if x.ndim == 1 else left
    right = right[..., None] if y.ndim == 1 else right
    out = linalg.matmul(left, right)
    if x.ndim == 1:
        return out[..., 0, :]
    return out[..., 0] if y.ndim == 1 else out


# fmt: off
_RULES: dict[str, Rule] = {
    **dict.fromkeys(("sum", "prod", "max", "min", "all", "any", "logsumexp"), _over_axes),
    **dict.fromkeys(("cumulative_sum", "cumulative_prod", "sort", "argsort"), _along),
    "reshape":      _reshape,
    "broadcast_to": _broadcast,
    "permute_dims": _permute,
    "stack":        _join,
    "concatenate":  _join,
    "index":        _index,
    "matmul":       _matmul,
}
# fmt: on


def batched(x: Expr, length: Dim, images: Mapping[Expr, Expr]) -> Expr | None:
    """Write an expression of one step for all steps; None where an operation has no rule."""
    try:
        return Batch(length, images)(x)
    except NotBatched:
        return None
