"""Other readings of a node: ``x - -y`` is a sum, and ``x / 0.5`` a product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar
from astragal.graph.types import FLOATS
from astragal.logic.algebra import HALF, number_of, simplify
from astragal.ops import elementwise as e
from astragal.random.distribution import (
    is_random,
)

COMMUTATIVE = frozenset(
    [
        "add",
        "multiply",
        "maximum",
        "minimum",
        "equal",
        "not_equal",
        "logical_and",
        "logical_or",
        "logical_xor",
        "logaddexp",
        "hypot",
    ]
)


ASSOCIATIVE = frozenset({"add", "multiply"})


def views(name: str, x: Expr) -> Iterator[tuple[Any, ...]]:
    """List the ways to read an expression as an application of an operation.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x"), ag.input("y")
    >>> list(views("multiply", x / 0.5)), list(views("add", x - -y))
    ([(x, 2.0)], [(x, y)])
    """
    op = x.op.name
    if op == name:
        yield x.args
        if name == "index":
            whole = _to_the_ends(*x.args)
            read = [x.args, whole] if whole[1] != x.args[1] else [x.args]
            yield from (y for args in read if (y := _with_places(*args)) is not None)
        return
    made = VIEWS.get((name, op))
    args = None if made is None else made(*x.args)
    if isinstance(args, list):
        yield from args
    elif args is not None:
        yield args


def _to_the_ends(x: Expr, spec: tuple[Any, ...], *rest: Expr) -> tuple[Any, ...]:
    """Read ``x[0:2]`` as ``x[:2]``, and ``x[2:4]`` of four entries as ``x[2:]``."""
    dims = x.type.shape
    new = tuple(
        ("slice", None if s[1] == 0 else s[1], None if s[2] == d else s[2], s[3])
        if s[0] == "slice" and s[3] == 1 else s
        for s, d in zip(spec, dims, strict=False)
    )  # fmt: skip
    plain = all(s[0] in ("slice", "int") for s in spec)
    return (x, new if plain else spec, *rest)


def _with_places(x: Expr, spec: tuple[Any, ...], *rest: Expr) -> tuple[Any, ...] | None:
    """Read the numbers in an index as values: ``x[1]`` is ``x[i]`` at i = 1."""
    if rest:
        return None
    places: list[Expr] = []

    def value(i: Any) -> Any:
        if not isinstance(i, int):
            return i
        places.append(scalar(i, "int64"))
        return "expr"

    # What is written as an item of its own has a mark of its own; a step stays a number.
    new = tuple(
        ("expr",) if s[0] == "int" and value(s[1])
        else (s[0], value(s[1]), value(s[2]), s[3]) if s[0] == "slice" else s
        for s in spec
    )  # fmt: skip
    return (x, new, *places) if places else None


def read_as(p: Expr) -> frozenset[str]:
    """List the names of the operations that a node which fits a pattern can have."""
    name = p.op.name
    if is_random(p):
        return frozenset([name])
    return frozenset([name, *(found for wanted, found in VIEWS if wanted == name)])


def _negated(x: Expr) -> Expr:
    if x.op is e.negative:
        inner: Expr = x.args[0]
        return inner
    if is_constant(x):
        return simplify(e.negative(x), exact=False)
    if x.op is e.multiply and is_constant(x.args[0]):
        return e.multiply(simplify(e.negative(x.args[0]), exact=False), x.args[1])
    return e.negative(x)


def _inverse(x: Expr) -> Expr | None:
    if x.op.name == "reciprocal":
        inner: Expr = x.args[0]
        return inner
    value = number_of(x)
    if value is not None:
        return scalar(float(1 / value), x.dtype) if value else None
    return 1.0 / x


def _power_two(x: Expr, k: Expr) -> tuple[Any, ...] | None:
    return (x, x) if number_of(k) == 2 else None


def _quotient(x: Expr, y: Expr) -> tuple[Any, ...] | None:
    inverse = _inverse(y)
    return None if inverse is None else (x, inverse)


def _like(x: Expr, value: float) -> Expr:
    return scalar(value, x.dtype) if x.dtype in FLOATS else scalar(int(value), x.dtype)


def _difference(x: Expr, y: Expr) -> list[tuple[Any, ...]]:
    """Read a sum as a difference: first what is written as a negative, then other numbers."""
    found = []
    for a, b in ((x, y), (y, x)):
        new = _negated(b)
        if new.op is not e.negative or b.op is e.negative:
            found.append((b.op is not e.negative, (a, new)))
    return [args for _, args in sorted(found, key=lambda pair: pair[0])]


def _divisor(x: Expr) -> Expr | None:
    """Give what a factor divides by, where it is seen to: of ``y**-2``, the square of y."""
    if x.op is e.divide:
        top = number_of(x.args[0])
        if top is None or top == 0:
            return None
        inner: Expr = x.args[1]
        return inner if top == 1 else e.divide(inner, x.args[0])
    if x.op is e.pow:
        k = number_of(x.args[1])
        if k is None or k >= 0:
            return None
        base: Expr = x.args[0]
        return base if k == -1 else e.pow(base, _like(x.args[1], float(-k)))
    return _inverse(x) if x.op.name == "reciprocal" or is_constant(x) else None


def _ratio(x: Expr, y: Expr) -> list[tuple[Any, ...]]:
    """Read a product as a quotient, by either factor."""
    pairs = ((a, _divisor(b)) for a, b in ((x, y), (y, x)))
    return [(a, d) for a, d in pairs if d is not None]


# From (operation wanted, operation found) to the operands, or a list of such readings.
VIEWS: dict[tuple[str, str], Any] = {
    ("add", "subtract"): lambda x, y: (x, _negated(y)),
    ("subtract", "add"): _difference,
    ("multiply", "divide"): _quotient,
    ("multiply", "negative"): lambda x: (_like(x, -1.0), x),
    ("multiply", "square"): lambda x: (x, x),
    ("multiply", "pow"): _power_two,
    ("divide", "multiply"): _ratio,
    ("divide", "pow"): lambda x, k: (_like(x, 1.0), x) if number_of(k) == -1 else None,
    ("reciprocal", "pow"): lambda x, k: (x,) if number_of(k) == -1 else None,
    ("divide", "reciprocal"): lambda x: (_like(x, 1.0), x),
    ("negative", "multiply"): lambda x, y: (
        (y,) if number_of(x) == -1 else (x,) if number_of(y) == -1 else None
    ),
    ("negative", "subtract"): lambda x, y: (y,) if number_of(x) == 0 else None,
    ("square", "multiply"): lambda x, y: (x,) if x is y else None,
    ("square", "pow"): lambda x, k: (x,) if number_of(k) == 2 else None,
    ("pow", "square"): lambda x: (x, _like(x, 2.0)),
    ("pow", "multiply"): lambda x, y: (x, _like(x, 2.0)) if x is y else None,
    ("pow", "sqrt"): lambda x: (x, _like(x, 0.5)),
    ("pow", "reciprocal"): lambda x: (x, _like(x, -1.0)),
    ("sqrt", "pow"): lambda x, k: (x,) if number_of(k) == HALF else None,
    ("reciprocal", "divide"): lambda x, y: (y,) if number_of(x) == 1 else None,
    ("pow", "divide"): lambda x, y: (y, _like(y, -1.0)) if number_of(x) == 1 else None,
    **{
        pair: lambda x, y: (y, x)
        for a, b in (("less", "greater"), ("less_equal", "greater_equal"))
        for pair in ((a, b), (b, a))
    },
}
