"""Log densities linear in a positive definite matrix, its inverse and its log determinant.

With ``C = cholesky(M)``, the squared length of ``C^-1 b`` is ``b' M^-1 b``, and the sum of
the logarithms of C's diagonal is half of log |M|. Where every reading of a matrix Z is one
of these, of M a multiple of Z or of its inverse, or a linear function of either, the log
density is linear in fresh inputs that stand for Z, its inverse and log |Z|. The natural
parameters are the gradients with respect to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from astragal.density.affine import fold
from astragal.density.forms import ONE, plus, times
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import children, rebuild, substitute, toposort
from astragal.graph.types import TensorType, tensor_type
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.creation import zeros_like
from astragal.ops.gradient import grad
from astragal.ops.manipulation import broadcast_to, matrix_transpose

WHOLE = ("slice", None, None, 1)


@dataclass(frozen=True, eq=False)
class Matrix:
    """``c Z^power``, where leading dimensions of Z may have been indexed or repeated.

    ``images`` stand for Z, its inverse and log |Z|.
    """

    c: Expr
    power: int
    images: tuple[Expr, Expr, Expr]

    @property
    def value(self) -> Expr:
        """What stands for the matrix."""
        return times(self.c, self.images[0 if self.power > 0 else 1])

    @property
    def inverse(self) -> Matrix:
        """The inverse matrix."""
        return Matrix(self.c if self.c is ONE else e.divide(1.0, self.c), -self.power, self.images)

    @property
    def log_det(self) -> Expr:
        """Its log determinant."""
        out = scalar(float(self.power), "float64") * self.images[2]
        n = float(self.images[0].shape[-1])
        return out if self.c is ONE else out + n * e.log(self.c)


@dataclass(frozen=True, eq=False)
class Root:
    """A Cholesky factor; ``logs`` of its diagonal where that was read."""

    of: Matrix
    stage: str = "factor"


@dataclass(frozen=True, eq=False)
class Whitened:
    """``C^-1 b`` or ``b^-1 C``, whose squares sum up to a linear form; ``total`` is that sum.

    The parts of ``C^-1 b`` are the inverse of C C', and b; it may have been transposed.
    """

    total: Expr
    columns: int
    axes: int
    squared: bool = False
    parts: tuple[Matrix, Expr] | None = None
    turned: bool = False


Value = Matrix | Root | Whitened


class Determinants:
    """Reads expressions as linear forms in stand-ins of a matrix.

    Parameters
    ----------
    z
        Input for a stack of positive definite matrices.
    """

    def __init__(self, z: Expr) -> None:
        assert isinstance(z.type, TensorType)
        batch = z.shape[:-2]
        self.stand_ins = (
            placeholder(z.type),
            placeholder(z.type),
            placeholder(tensor_type(z.dtype, batch)),
        )
        self._values: dict[Expr, Value | None] = {z: Matrix(ONE, 1, self.stand_ins)}
        self._above: set[Expr] = {z}
        self._image: dict[Expr, Expr] = {z: self.stand_ins[0]}
        self._done: set[Expr] = {z}

    def read(self, x: Expr) -> Expr | None:
        """Write an expression in the stand-ins; None where that is not known."""
        for node in toposort([x]):
            if node in self._done:
                continue
            self._done.add(node)
            if self._above.isdisjoint(children(node)):
                self._image[node] = node
                continue
            self._above.add(node)
            self._node(node)
        return self._image.get(x)

    def _node(self, node: Expr) -> None:
        rule = _RULES.get(node.op.name)
        found = None if rule is None else rule(self, node)
        if isinstance(found, Expr):
            self._image[node] = found
            return
        if found is not None:
            self._values[node] = found
            if isinstance(found, Matrix):
                self._image[node] = found.value
            return
        # Any other operation, on what stands for its operands.
        if all(c in self._image for c in children(node)):
            self._image[node] = rebuild(node, self._image)

    def get(self, x: object) -> Value | None:
        """Look up a value that is not an expression in the stand-ins."""
        return self._values.get(x) if isinstance(x, Expr) else None

    def matrix(self, x: object) -> Matrix | None:
        """Look a node up that must be a matrix."""
        value = self.get(x)
        return value if isinstance(value, Matrix) else None

    def free(self, x: object) -> bool:
        """Tell whether an operand does not read the matrix."""
        return x not in self._above


def _is_identity(x: Expr) -> bool:
    value = fold(x)
    if not is_constant(value):
        return False
    n = value.shape[-1]
    return bool((value_of(value) == np.eye(int(n))).all()) if isinstance(n, int) else False


Rule = Callable[[Determinants, Expr], "Value | Expr | None"]


def _solve(s: Determinants, node: Expr) -> Value | Expr | None:
    a, b = node.args
    m = s.matrix(a)
    if m is None or not s.free(b):
        return None
    if _is_identity(b) and node.shape == a.shape:
        return m.inverse
    return linalg.matmul(m.inverse.value, b)


def _scaled(s: Determinants, node: Expr) -> Value | None:
    x, y = node.args
    for a, b in ((x, y), (y, x)) if node.op is e.multiply else ((x, y),):
        m = s.matrix(a)
        # A negative multiple has no root: its logarithm says so.
        if m is not None and s.free(b) and b.shape == ():
            c = b if node.op is e.multiply else e.divide(1.0, b)
            return replace(m, c=times(m.c, c))
    return None


def _cholesky(s: Determinants, node: Expr) -> Value | None:
    m = s.matrix(node.args[0])
    return None if m is None else Root(m)


def _log(s: Determinants, node: Expr) -> Value | None:
    root = s.get(node.args[0])
    if isinstance(root, Root) and root.stage == "diagonal":
        return replace(root, stage="logs")
    return None


def _triangular(s: Determinants, node: Expr) -> Value | None:
    a, b, lower, unit = node.args
    if not lower or unit:
        return None
    left, right = s.get(a), s.get(b)
    if isinstance(left, Root) and left.stage == "factor" and s.free(b):
        return _whitened(left.of.inverse, b)
    if isinstance(right, Whitened) and right.turned and right.parts and s.free(a):
        by, b = right.parts
        solved = matrix_transpose(node.op(a, matrix_transpose(b), lower, unit))
        return replace(_whitened(by, solved), turned=True)
    if isinstance(right, Root) and right.stage == "factor" and s.free(a):
        precision = linalg.inv(linalg.matmul(a, matrix_transpose(a)))
        total = r.sum(fold(precision) * right.of.value, (-2, -1))
    else:
        return None
    columns = node.shape[-1]
    return Whitened(total, columns, 2) if isinstance(columns, int) else None


def _whitened(by: Matrix, b: Expr) -> Whitened:
    columns = b.shape[-1]
    total = r.sum(b * linalg.matmul(by.value, b), (-2, -1))
    return Whitened(total, columns if isinstance(columns, int) else 0, 2, parts=(by, b))


def _permuted(s: Determinants, node: Expr) -> Value | None:
    x, axes = node.args
    value = s.get(x)
    plain = axes == (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
    if not isinstance(value, Whitened) or value.parts is None or value.axes != 2 or not plain:
        return None
    return replace(value, turned=not value.turned)


def _square(s: Determinants, node: Expr) -> Value | None:
    x = s.get(node.args[0])
    if isinstance(x, Whitened) and not x.squared:
        return replace(x, squared=True, parts=None)
    return None


def _sum(s: Determinants, node: Expr) -> Value | Expr | None:
    x, axes, keep = node.args
    value = s.get(x)
    if keep or value is None:
        return None
    if isinstance(value, Root) and value.stage == "logs" and axes == (x.ndim - 1,):
        return 0.5 * broadcast_to(value.of.log_det, node.shape)
    if isinstance(value, Whitened) and value.squared:
        last = tuple(range(x.ndim - value.axes, x.ndim))
        if axes[-value.axes :] != last:
            return None
        rest = broadcast_to(value.total, x.shape[: x.ndim - value.axes])
        return r.sum(rest, axes[: -value.axes]) if len(axes) > value.axes else rest
    return None


def _index(s: Determinants, node: Expr) -> Value | None:
    x, spec, *operands = node.args
    value = s.get(x)
    if value is None or not all(map(s.free, operands)):
        return None
    lead, tail = spec[:-2], spec[-2:]
    if isinstance(value, Matrix) and tail == (WHOLE, WHOLE):
        z, inverse, log_det = value.images
        whole = (node.op(z, spec, *operands), node.op(inverse, spec, *operands))
        return replace(value, images=(*whole, node.op(log_det, lead, *operands)))
    plain = all(item == WHOLE for item in lead)
    if isinstance(value, Root) and value.stage == "factor" and plain and len(operands) == 2:
        n = int(x.shape[-1])
        ends = [fold(o) for o in operands]
        if all(is_constant(o) and np.array_equal(value_of(o), np.arange(n)) for o in ends):
            return replace(value, stage="diagonal")
    one = tail == (WHOLE, ("int", 0)) and value_columns(value) == 1
    if isinstance(value, Whitened) and one and plain:
        return replace(value, axes=1, parts=None)
    return None


def value_columns(value: Value) -> int:
    """Columns of what was whitened; 0 for another value."""
    if not isinstance(value, Whitened) or value.turned or value.axes != 2:
        return 0
    return value.columns


# fmt: off
_RULES: dict[str, Rule] = {
    "solve":            _solve,
    "multiply":         _scaled,
    "divide":           _scaled,
    "cholesky":         _cholesky,
    "log":              _log,
    "solve_triangular": _triangular,
    "square":           _square,
    "sum":              _sum,
    "index":            _index,
    "permute_dims":     _permuted,
}
# fmt: on


@dataclass(frozen=True, eq=False)
class Linear:
    """A scalar that is linear in stand-ins for Z, its inverse and log |Z|."""

    whole: Expr
    stand_ins: tuple[Expr, Expr, Expr]
    slopes: dict[Expr, Expr]


def linear_in(z: Expr, terms: Iterable[Expr]) -> Linear | None:
    """Write the sum of some terms in stand-ins for a matrix, its inverse and log determinant.

    Parameters
    ----------
    z
        Input for a stack of positive definite matrices.
    terms
        (Elementwise) terms.

    Returns
    -------
    Linear or None
        None where it is not linear in these.
    """
    reader = Determinants(z)
    whole: Expr | None = None
    for t in terms:
        part = reader.read(t)
        if part is None:
            return None
        whole = plus(whole, r.sum(part))
    if whole is None:
        return None
    below = set(toposort([whole]))
    used = [t for t in reader.stand_ins if t in below]
    if z in below or reader.stand_ins[2] not in below:
        return None
    slopes = dict(zip(used, grad(whole, used), strict=True))
    # The gradient of a linear form holds none of what it is linear in.
    if not set(toposort(slopes.values())).isdisjoint(used):
        return None
    return Linear(whole, reader.stand_ins, slopes)


@dataclass(frozen=True, eq=False)
class MatrixForm:
    """Natural parameters of Z, of its inverse and of log |Z|; None where nothing reads it."""

    linear: Expr | None
    inverse: Expr | None
    log_det: Expr
    const: Expr


def matrix_form(z: Expr, terms: Iterable[Expr]) -> MatrixForm | None:
    """Write a log density as a linear form in a matrix, its inverse and its log determinant.

    Parameters
    ----------
    z
        Input for a stack of positive definite matrices.
    terms
        The (elementwise) terms of the log density that depend on it.

    Returns
    -------
    MatrixForm or None
        None where it is not linear in these.
    """
    found = linear_in(z, terms)
    if found is None:
        return None
    (const,) = substitute([found.whole], {t: zeros_like(t) for t in found.slopes})
    first, second, log_det = (found.slopes.get(t) for t in found.stand_ins)
    assert log_det is not None
    return MatrixForm(first, second, log_det, const)
