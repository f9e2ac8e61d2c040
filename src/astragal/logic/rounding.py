"""How much of a number is rounding: seen by computing it again with every step rounded otherwise.

Each operation of a graph rounds its result. Where `perturbed` holds, the result of each is moved
at random by some units in the last place, unless the operation is exact, and what has
underflowed or overflowed is put back at random into the range of floats. By how much the final
numbers then vary, and whether they stay finite, is what rounding may have made of them: digits
that cancel, points at the edge of a support, terms beyond the range are all seen alike
(Parker 1997, Monte Carlo arithmetic).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant

Array = np.ndarray[Any, np.dtype[Any]]
T = TypeVar("T")

TIMES = 8
"""So many times everything is computed again."""
SAFETY = 4.0
"""Rounding is taken to be so many times the largest change seen."""
UNIT = 2.0**-50
"""Results are moved by up to this fraction: four units in the last place."""
SERIES = 2.0**-45
"""Those of special functions, loops and factorisations, which take many steps."""

_generator: ContextVar[np.random.Generator | None] = ContextVar("perturbed", default=None)

# fmt: off
_ELEMENTARY = frozenset({
    "add", "subtract", "multiply", "divide", "sqrt", "square", "reciprocal", "exp", "expm1",
    "log", "log1p", "log2", "log10", "pow", "sin", "cos", "tan", "sinh", "cosh", "tanh", "hypot",
    "asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "expit", "logit", "logaddexp",
})
_ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "square", "reciprocal", "sqrt",
                         "pow", "remainder"})
_SUMS = frozenset({"sum", "prod", "cumulative_sum", "cumulative_prod", "matmul", "det", "cholesky",
                   "solve", "solve_triangular", "slogdet", "eigh", "qr", "svd", "logsumexp"})
_EXACT = frozenset({
    "abs", "negative", "positive", "sign", "floor", "ceil", "trunc", "round", "minimum", "maximum",
    "min", "max", "where", "astype", "copysign", "nextafter", "bitcast", "index", "set_index",
    "reshape", "permute_dims", "broadcast_to", "concatenate", "stack", "full", "iota", "sort",
    "item", "switch",
})
_SHRINKING = frozenset({"multiply", "divide", "exp", "pow", "square", "expit", "erfc", "ndtr",
                        "betainc", "gammainc", "gammaincc", "i0e", "i1e", "expm1", "prod"})
_GROWING = frozenset({"add", "subtract", "multiply", "divide", "exp", "expm1", "pow", "square",
                      "sinh", "cosh"})
# fmt: on


@contextmanager
def perturbed(rng: np.random.Generator) -> Iterator[None]:
    """Within it, graphs are computed with results that are moved at random."""
    token = _generator.set(rng)
    try:
        yield
    finally:
        _generator.reset(token)


def again(compute: Callable[[], T], times: int = TIMES) -> Iterator[T]:
    """Compute something several times, each time rounded otherwise; the same on every call."""
    rng = np.random.default_rng(20270)
    for _ in range(times):
        with perturbed(rng):
            found = compute()
        yield found


def perturbing() -> bool:
    """Tell whether graphs are computed with moved results."""
    return _generator.get() is not None


def moved(x: Any, size: float = UNIT) -> Any:
    """Move floats at random by some units in the last place."""
    rng = _generator.get()
    if rng is None or not _is_float(x):
        return x
    return x * (1.0 + size * rng.uniform(-1.0, 1.0, np.shape(x)))


def noisy(rule: Callable[[Expr], Callable[..., Any]]) -> Callable[[Expr], Callable[..., Any]]:
    """Make of the rule of a backend one whose results are moved."""

    def of_node(node: Expr) -> Callable[..., Any]:
        name, function = node.op.name, rule(node)
        constants = [isinstance(a, Expr) and is_constant(a) for a in node.args]
        if name in _EXACT:
            return function

        def compute(*args: Any) -> Any:
            given = [
                moved(a) if (c or name in _SUMS) and not _is_short(a) else a
                for a, c in zip(args, constants, strict=True)
            ]
            value = function(*given)
            if isinstance(value, tuple):
                return tuple(_rounded(name, v, given) for v in value)
            return _rounded(name, value, given)

        return compute

    return of_node


def _rounded(name: str, value: Any, args: Sequence[Any]) -> Any:
    rng = _generator.get()
    if rng is None or not _is_float(value):
        return value
    numbers = [a for a in args if _is_number(a)]
    if name in _ARITHMETIC and _is_short(value) and all(map(_is_short, numbers)):
        return value
    result = np.asarray(moved(value, UNIT if name in _ELEMENTARY else SERIES))
    return _in_range(name, result, numbers, rng)


def _in_range(name: str, value: Array, args: Sequence[Any], rng: np.random.Generator) -> Array:
    """Put what has left the range of floats back into it, at random."""
    tiny = (np.abs(value) < 1e-300) & (name in _SHRINKING)
    huge = np.isinf(value) & (name in _GROWING)
    if not (np.any(tiny) or np.any(huge)):
        return value
    sign: Any = 1.0
    for a in args:
        if np.ndim(a) > value.ndim or any(
            n not in (1, m) for n, m in zip(np.shape(a)[::-1], value.shape[::-1], strict=False)
        ):
            return value  # a reduction
        tiny = tiny & np.isfinite(a)
        huge = huge & np.isfinite(a)
        if name in ("multiply", "divide"):
            sign = sign * np.where(np.asarray(a) < 0, -1.0, 1.0)
            tiny = tiny & (np.asarray(a) != 0)
        if name in ("divide", "pow"):
            huge = huge & (np.asarray(a) != 0)
    value = np.where(tiny, sign * 10.0 ** rng.uniform(-320.0, -305.0, value.shape), value)
    back = np.sign(value) * 10.0 ** rng.uniform(300.0, 308.0, value.shape)
    return np.where(huge & (rng.random(value.shape) < 0.5), back, value)


def _is_number(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic, float, int)) and not isinstance(x, bool)


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or (
        isinstance(x, (np.ndarray, np.generic)) and np.asarray(x).dtype.kind == "f"
    )


def _is_short(x: Any) -> bool:
    """Tell whether numbers have few binary digits, so that arithmetic with them is exact."""
    if not _is_float(x):
        return True
    scaled = np.abs(np.asarray(x)) * 2.0**16
    return bool(np.all((scaled == np.floor(scaled)) & (scaled < 2.0**40)))
