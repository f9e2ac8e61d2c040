"""Deterministic operations of PyTensor: one row a class, with ours.

`ELEMENTWISE` is by the class of the scalar operation and takes operands of one data type;
`OPERATIONS` is by the class of the operation and takes the operation and its operands.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

from astragal.compile import evaluate
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant
from astragal.graph.types import TensorType
from astragal.ops import creation, linalg, sorting, special
from astragal.ops import elementwise as e
from astragal.ops import manipulation as m
from astragal.ops import reductions as r
from astragal.ops.products import kron
from astragal.ops.searching import clip, where


def _erfcx(x: Expr) -> Expr:
    """exp(x^2) erfc(x): by the asymptotic series where the two factors would not be numbers."""
    far, large = x > 50.0, e.maximum(x, 50.0)
    s = 1.0 / (2.0 * e.square(large))
    series = (1.0 - s * (1.0 - 3.0 * s * (1.0 - 5.0 * s))) / (large * math.sqrt(math.pi))
    near = where(far, 0.0, x)
    return where(far, series, 2.0 * e.exp(e.square(near) + special.log_ndtr(-math.sqrt(2) * near)))


# fmt: off
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    # arithmetic; a sum and a product may have many operands
    "Add": lambda *x: functools.reduce(e.add, x), "Mul": lambda *x: functools.reduce(e.multiply, x),
    "Sub": e.subtract, "TrueDiv": e.divide, "IntDiv": e.floor_divide, "Mod": e.remainder,
    "Pow": e.pow, "Neg": e.negative, "Reciprocal": e.reciprocal, "Sqr": e.square,
    "Sqrt": e.sqrt, "Abs": e.abs, "Sign": e.sign, "Maximum": e.maximum, "Minimum": e.minimum,
    "ScalarMaximum": e.maximum, "ScalarMinimum": e.minimum, "Clip": clip,
    "Identity": lambda x: x, "Second": lambda x, y: m.broadcast_arrays(x, y)[1],
    # rounding
    "Floor": e.floor, "Ceil": e.ceil, "Trunc": e.trunc, "RoundHalfToEven": e.round,
    # exponentials, logarithms, angles
    "Exp": e.exp, "Exp2": lambda x: e.pow(2.0, x), "Expm1": e.expm1, "Log": e.log,
    "Log1p": e.log1p, "Log2": e.log2, "Log10": e.log10,
    "Sin": e.sin, "Cos": e.cos, "Tan": e.tan, "ArcSin": e.asin, "ArcCos": e.acos, "ArcTan": e.atan,
    "ArcTan2": e.atan2, "Sinh": e.sinh, "Cosh": e.cosh, "Tanh": e.tanh, "ArcSinh": e.asinh,
    "ArcCosh": e.acosh, "ArcTanh": e.atanh,
    # special functions
    "Sigmoid": special.expit, "Softplus": special.softplus, "Log1mexp": special.log1mexp,
    "Erf": special.erf, "Erfc": special.erfc, "Erfinv": special.erfinv,
    "Erfcinv": special.erfcinv, "Erfcx": _erfcx, "OwensT": special.owens_t,
    "GammaLn": special.gammaln, "Psi": special.digamma, "BetaInc": special.betainc,
    "GammaInc": special.gammainc, "GammaIncC": special.gammaincc, "Gamma": special.gamma,
    "TriGamma": special.trigamma, "PolyGamma": special.polygamma,
    "GammaIncInv": special.gammaincinv, "GammaIncCInv": special.gammainccinv,
    "BetaIncInv": special.betaincinv, "I0": special.i0, "I1": special.i1, "Kv": special.kv,
    "XlogX": lambda x: special.xlogy(x, x), "XlogY0": special.xlogy,
    "Deg2Rad": lambda x: x * (math.pi / 180), "Rad2Deg": lambda x: x * (180 / math.pi),
    # comparison and logic
    "EQ": e.equal, "NEQ": e.not_equal, "LT": e.less, "LE": e.less_equal, "GT": e.greater,
    "GE": e.greater_equal, "IsNan": e.isnan, "IsInf": e.isinf,
    "AND": e.bitwise_and, "OR": e.bitwise_or, "XOR": e.bitwise_xor, "Invert": e.bitwise_invert,
}
COMPARISONS = {"EQ", "NEQ", "LT", "LE", "GT", "GE", "IsNan", "IsInf"}
"""Operations whose operands are made equal among themselves, whatever the result is."""
# fmt: on


def whole(x: Expr) -> list[int]:
    """Integers that a graph without inputs and random variables has, in a list."""
    return [int(v) for v in evaluate(x).reshape(-1)]


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, (tuple, list)) else axis


def _shuffle(op: Any, x: Expr) -> Expr:
    kept = [d for d in op.new_order if d != "x"]
    dropped = [d for d in range(op.input_ndim) if d not in kept]
    x = m.squeeze(x, axis=tuple(dropped)) if dropped else x
    # The dimensions that are left, numbered anew.
    order = [sorted(kept).index(d) for d in kept]
    x = x if order == sorted(order) else m.permute_dims(x, tuple(order))
    for at, d in enumerate(op.new_order):
        x = m.expand_dims(x, axis=at) if d == "x" else x
    return x


def _index(op: Any, x: Expr, *parts: Any) -> Expr:
    return x[_entries(op, parts)]


def _update(op: Any, x: Expr, value: Expr, *parts: Any) -> Expr:
    place = x.at[_entries(op, parts)]
    new: Expr = place.set(value) if op.set_instead_of_inc else place.add(value)
    return new


def _entries(op: Any, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """What stands between the brackets of an index."""
    rest = iter(parts)

    # A static pattern says where operands stand: by number in PyTensor 3, in order before.
    def operand(place: Any) -> Any:
        if place is None:
            return None
        value = parts[place] if isinstance(place, int) else next(rest)
        fixed = isinstance(value, Expr) and is_constant(value) and value.shape == ()
        return whole(value)[0] if fixed else value

    def bound(place: Any) -> Any:
        value = operand(place)
        return whole(value)[0] if isinstance(value, Expr) else value

    def entry(place: Any) -> Any:
        if isinstance(place, slice):
            return slice(bound(place.start), bound(place.stop), bound(place.step))
        return operand(place)

    pattern = getattr(op, "idx_list", None)
    return tuple(parts if pattern is None else [entry(p) for p in pattern])


def _slice(op: Any, *ends: Any) -> slice:
    return slice(*(whole(v)[0] if isinstance(v, Expr) else v for v in ends))


def _blockwise(op: Any, *x: Expr) -> Any:
    core = type(op.core_op).__name__
    if core not in OPERATIONS:
        raise UnsupportedError(core)
    return OPERATIONS[core](op.core_op, *x)


def _alloc(op: Any, x: Expr, *shape: Expr) -> Expr:
    return m.broadcast_to(x, tuple(whole(s)[0] for s in shape))


def _empty(op: Any, *shape: Expr) -> Expr:
    # Whatever it holds is written over.
    return creation.zeros(tuple(whole(s)[0] for s in shape), dtype=op.dtype)


def _shape(x: Expr) -> Expr:
    assert isinstance(x.type, TensorType)
    return m.stack([creation.asarray(d, dtype="int64") for d in x.type.shape])


def _join(op: Any, axis: Expr, *x: Expr) -> Expr:
    return m.concat(x, axis=whole(axis)[0])


def _cumulative(op: Any, x: Expr) -> Expr:
    f = r.cumulative_sum if op.mode == "add" else r.cumulative_prod
    return f(m.ravel(x), axis=0) if op.axis is None else f(x, axis=op.axis)


def _eye(op: Any, n: Expr, k: Expr, offset: Expr) -> Expr:
    return creation.eye(whole(n)[0], whole(k)[0], k=whole(offset)[0], dtype=op.dtype)


def _arange(op: Any, *ends: Expr) -> Expr:
    a, b, step = (whole(x)[0] for x in ends)
    return creation.arange(a, b, step, dtype=op.dtype)


def _solve(op: Any, a: Expr, b: Expr) -> Expr:
    column = op.b_ndim == 1
    b = b[..., None] if column else b
    name = type(op).__name__
    if name == "SolveTriangular":
        if getattr(op, "unit_diagonal", False):
            raise UnsupportedError("SolveTriangular with a unit diagonal is not read")
        x = linalg.solve_triangular(a, b, lower=op.lower)
    elif name == "CholeskySolve":
        x = linalg.cho_solve(a if op.lower else m.matrix_transpose(a), b)
    else:
        how = getattr(op, "assume_a", "gen")
        if how not in ("gen", "sym", "her", "pos"):
            raise UnsupportedError(f"Solve with assume_a={how!r} is not read")
        if how != "gen":  # one triangle counts
            half = creation.tril(a) if op.lower else creation.triu(a)
            a = half + m.matrix_transpose(half) - half * creation.eye(a.shape[-1])
        x = linalg.solve(a, b)
    return x[..., 0] if column else x


def _diagonal(op: Any, x: Expr) -> Expr:
    return linalg.diagonal(m.moveaxis(x, (op.axis1, op.axis2), (-2, -1)), offset=op.offset)


def _along(x: Expr, axis: Any) -> tuple[Expr, int]:
    """An array and the axis along which it is sorted; all of its elements where there is none."""
    return (m.ravel(x), 0) if axis is None else (x, whole(axis)[0])


def _ordered(f: Callable[..., Expr]) -> Callable[..., Expr]:
    def row(op: Any, x: Expr, axis: Any = None) -> Expr:
        x, at = _along(x, axis)
        return f(x, axis=at)

    return row


def _argmax(op: Any, x: Expr) -> Expr:
    axis = op.axis
    if axis is None or len(axis) == x.ndim:
        return sorting.argmax(m.ravel(x))
    if len(axis) != 1:
        raise UnsupportedError("argmax along several axes is not read")
    return sorting.argmax(x, axis=axis[0])


def _filled(op: Any, x: Expr, value: Expr) -> Expr:
    if x.ndim != 2:
        raise UnsupportedError("FillDiagonal is read for matrices")
    on = e.equal(creation.arange(x.shape[0])[:, None], creation.arange(x.shape[1]))
    return where(on, m.astype(value, x.dtype), x)


def _split(op: Any, x: Expr, axis: Expr, lengths: Expr) -> list[Expr]:
    at, ends = whole(axis)[0] % x.ndim, [0]
    for n in whole(lengths):
        ends.append(ends[-1] + n)
    lead = (slice(None),) * at
    return [x[(*lead, slice(a, b))] for a, b in itertools.pairwise(ends)]


# fmt: off
OPERATIONS: dict[str, Callable[..., Any]] = {
    "Dot": lambda op, x, y: linalg.matmul(x, y),
    "Cholesky": lambda op, x: linalg.cholesky(x),
    "MatrixInverse": lambda op, x: linalg.inv(x), "MatrixPinv": lambda op, x: linalg.pinv(x),
    "Det": lambda op, x: linalg.det(x), "SLogDet": lambda op, x: list(linalg.slogdet(x)),
    "Solve": _solve, "SolveTriangular": _solve, "CholeskySolve": _solve,
    "BatchedDot": lambda op, x, y: linalg.matmul(x, y),
    "KroneckerProduct": lambda op, x, y: kron(x, y),
    "ExtractDiag": _diagonal, "FillDiagonal": _filled,
    "Blockwise": _blockwise, "Matmul": _blockwise,
    "DimShuffle": _shuffle,
    "Reshape": lambda op, x, shape: m.reshape(x, tuple(whole(shape))),
    "Subtensor": _index, "AdvancedSubtensor": _index, "AdvancedSubtensor1": _index,
    "IncSubtensor": _update, "AdvancedIncSubtensor": _update, "AdvancedIncSubtensor1": _update,
    "MakeSlice": _slice,
    "Join": _join, "Split": _split,
    "Repeat": lambda op, x, n: m.repeat(x, whole(n) if n.type.shape else whole(n)[0], axis=op.axis),
    "SortOp": _ordered(sorting.sort), "ArgSortOp": _ordered(sorting.argsort), "Argmax": _argmax,
    "MakeVector": lambda op, *x: m.stack([m.astype(v, op.dtype) for v in x]),
    "Alloc": _alloc, "AllocEmpty": _empty, "Eye": _eye, "ARange": _arange,
    "Shape": lambda op, x: _shape(x),
    "Shape_i": lambda op, x: _shape(x)[op.i],
    "SpecifyShape": lambda op, x, *shape: x,
    "Assert": lambda op, x, *conditions: x, "CheckAndRaise": lambda op, x, *conditions: x,
    "CheckParameterValue": lambda op, x, *conditions: x,
    "TensorFromScalar": lambda op, x: x, "ScalarFromTensor": lambda op, x: x,
    "ViewOp": lambda op, x: x,
    "Sum": lambda op, x: r.sum(m.astype(x, op.dtype or x.dtype), axis=_axes(op.axis)),
    "Prod": lambda op, x: r.prod(m.astype(x, op.dtype or x.dtype), axis=_axes(op.axis)),
    "Max": lambda op, x: r.max(x, axis=_axes(op.axis)),
    "Min": lambda op, x: r.min(x, axis=_axes(op.axis)),
    "All": lambda op, x: r.all(x, axis=_axes(op.axis)),
    "Any": lambda op, x: r.any(x, axis=_axes(op.axis)),
    "CumOp": _cumulative,
    "Softmax": lambda op, x: special.softmax(x, axis=op.axis),
    "LogSoftmax": lambda op, x: special.log_softmax(x, axis=op.axis),
}
# fmt: on
