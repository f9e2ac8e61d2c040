"""How each operation is written: one function an operation, or a family of them.

A function here writes a node at an index. It asks for the formulae of operands by yielding
``(operand, index)``, so that no graph is too deep, and gives a formula and how tightly it binds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias

import numpy as np

from astragal.display import formula as f
from astragal.display.formula import Formula
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.traverse import children, toposort
from astragal.graph.types import KeyType, TensorType, TupleType
from astragal.random.distribution import Parameter

OR, AND, COMPARE, ADD, MULTIPLY, UNARY, POWER, ATOM = 1, 2, 3, 5, 6, 7, 8, 10
Index: TypeAlias = "tuple[Formula, ...] | None"  # None: the whole array, not an element
Piece: TypeAlias = "tuple[Formula, int]"  # a formula, and how tightly it binds
Writing: TypeAlias = "Generator[tuple[Expr, Index], Piece, Piece]"

# fmt: off
INFIX: dict[str, tuple[str, int]] = {
    "logical_or": (r"\lor", OR), "logical_and": (r"\land", AND), "logical_xor": (r"\oplus", OR),
    "less": ("<", COMPARE), "less_equal": (r"\le", COMPARE), "greater": (">", COMPARE),
    "greater_equal": (r"\ge", COMPARE), "equal": ("=", COMPARE), "not_equal": (r"\ne", COMPARE),
    "add": ("+", ADD), "subtract": ("-", ADD), "remainder": (r"\bmod", MULTIPLY),
    "bitwise_left_shift": (r"\ll", COMPARE), "bitwise_right_shift": (r"\gg", COMPARE),
}
WORDS: dict[str, str] = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "isfinite": "finite", "digamma": "ψ",
    "ndtr": "Φ", "betaln": "log B", "gammaln": "log Γ", "cholesky": "chol",
}
FENCES: dict[str, tuple[str, str]] = {
    "abs": ("|", "|"), "floor": (r"\lfloor", r"\rfloor"), "ceil": (r"\lceil", r"\rceil"),
}
SUMS: dict[str, str] = {
    "sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min", "any": r"\exists",
    "all": r"\forall",
}
QUIET = frozenset({"astype", "broadcast_to", "positive"})
REDUCTIONS = frozenset({*SUMS, "logsumexp"})
# Parameters whose convention a reader must see. The others are told by their place.
SPOKEN = frozenset({"rate", "scale"})
# Families that are written with the square of their standard deviation.
DEVIATION = frozenset({"normal"})
# fmt: on


def constant_formula(x: Expr) -> Piece | None:
    """Write a constant by its value, where it is short enough."""
    value = value_of(x)
    if value.ndim == 0:
        return number(value.item())
    if value.size and value.size <= 4 and value.ndim == 1:
        return f.fenced(f.listed(*(number(v)[0] for v in value.tolist()))), ATOM
    if value.size and (value == value.flat[0]).all():
        return number(value.flat[0].item())
    return None


def number(v: bool | int | float) -> Piece:
    """Write a number."""
    if isinstance(v, bool):
        return f.word("true" if v else "false"), ATOM
    if isinstance(v, float) and not np.isfinite(v):
        shown = f.word("NaN") if v != v else f.sign(r"\infty")
        return (f.row(f.sign("-"), shown), UNARY) if v < 0 else (shown, ATOM)
    digits = f"{v:.6g}" if isinstance(v, float) else str(v)
    mantissa, e, exponent = digits.lstrip("-").partition("e")
    shown = f.number(mantissa)
    if e:
        power = f.sup(f.number("10"), f.number(str(int(exponent))))
        shown = power if mantissa == "1" else f.row(shown, f.sign(r"\cdot"), power)
    binds = ATOM if not e else MULTIPLY
    return (f.row(f.sign("-"), shown), UNARY) if digits.startswith("-") else (shown, binds)


def squared(inner: Formula) -> Formula:
    """Write a variance, given the standard deviation."""
    if inner.kind == "root":
        (inside,) = inner.parts
        assert isinstance(inside, Formula)
        return inside
    if inner.kind == "fraction" and any(_has_root(p) for p in inner.parts):
        above, below = inner.parts
        assert isinstance(above, Formula)
        assert isinstance(below, Formula)
        return f.fraction(squared(above), squared(below))
    plain = inner.kind in {"letter", "name", "number", "sub", "fenced"}
    if inner.kind == "number" and inner.parts == ("1",):
        return inner
    return f.sup(inner if plain else f.fenced(inner), f.number("2"))


def _has_root(part: Formula | str) -> bool:
    return isinstance(part, Formula) and part.kind == "root"


def spoken(p: Parameter) -> bool:
    """Tell whether a parameter is written with its name."""
    return p.name in SPOKEN and (p.keyword or bool(p.alternatives))


def abridged(node: Expr) -> Formula:
    """Write the first and the last elements of a constant."""
    value = value_of(node)
    flat = [number(v)[0] for v in value.reshape(-1)[:2].tolist()]
    last = [number(v)[0] for v in value.reshape(-1)[-1:].tolist()]
    size = f.row(*_between([f.number(str(d)) for d in value.shape], f.sign(r"\times")))
    array = f.fenced(f.listed(*flat, f.sign(r"\dots"), *last))
    return array if value.ndim == 1 else f.row(array, f.text(" of shape "), size)


def _between(parts: list[Formula], separator: Formula) -> list[Formula]:
    out: list[Formula] = []
    for p in parts:
        out += [separator, p] if out else [p]
    return out


def aligned(x: Expr, index: Index) -> Index:
    """Give the index of an operand that is broadcast to a result with this index."""
    if index is None or not isinstance(x.type, TensorType):
        return index
    shape = x.type.shape
    mine = index[len(index) - len(shape) :] if shape else ()
    zero = f.number("0")
    return tuple(
        zero if isinstance(d, int) and d == 1 else i for i, d in zip(mine, shape, strict=True)
    )


def _wrapped(piece: Piece, power: int) -> Formula:
    return piece[0] if piece[1] >= power else f.fenced(piece[0])


# -- one function an operation (or a family of them) ---------------------------------------


def generic(node: Expr, index: Index) -> Writing:
    """Write a function by its name; an elementwise one of its operands' elements."""
    name = node.op.name
    inner = index if node.op.elementwise else None
    shown = []
    for a in node.args:
        if isinstance(a, int) and name in {"key", "split"}:
            shown.append(f.number(str(a)))
        elif isinstance(a, Expr):
            shown.append((yield a, aligned(a, inner) if node.op.elementwise else None)[0])
    words = WORDS.get(name, name.replace("_", " "))
    head = f.text(words) if " " in words else f.function(words)
    if len(words) == 1:
        head = f.name(words)
    if name in FENCES and len(shown) == 1:
        return f.fenced(shown[0], *FENCES[name]), ATOM
    out = f.call(head, *shown)
    if index and not node.op.elementwise:
        out = f.sub(out, *index)
    return out, ATOM


def _infix(node: Expr, index: Index) -> Writing:
    symbol, power = INFIX[node.op.name]
    a, b = node.args
    left = yield a, aligned(a, index)
    right = yield b, aligned(b, index)
    # x + (-y) and x - (-y) need no second sign.
    signed = right[1] == UNARY and right[0].kind == "row" and right[0].parts[0] == f.sign("-")
    if node.op.name == "add" and signed:
        return f.row(_wrapped(left, power), right[0]), power
    return f.row(_wrapped(left, power), f.sign(symbol), _wrapped(right, power + 1)), power


def _multiply(node: Expr, index: Index) -> Writing:
    a, b = node.args
    left = yield a, aligned(a, index)
    right = yield b, aligned(b, index)
    if is_constant(b) and not is_constant(a) and not b.type.shape:
        left, right = right, left  # 2 x, not x 2
    first, second = _wrapped(left, MULTIPLY), _wrapped(right, MULTIPLY + 1)
    whole = index is None and all(isinstance(x.type, TensorType) and x.type.shape for x in (a, b))
    if whole:
        return f.row(first, f.sign(r"\odot"), second), MULTIPLY
    # Two numbers side by side would read as one; two words need a space.
    close = {"letter", "sub", "sup", "fenced", "number"}
    last = first.parts[-1] if first.kind == "row" else first
    begins = second.parts[0] if second.kind == "row" else second
    plain = isinstance(last, Formula) and isinstance(begins, Formula)
    easy = plain and last.kind in close and begins.kind in close - {"number"}  # type: ignore[union-attr]
    if easy:
        return f.row(first, second), MULTIPLY
    return f.row(first, f.sign(r"\cdot"), second), MULTIPLY


def _divide(node: Expr, index: Index) -> Writing:
    a, b = node.args
    above = yield a, aligned(a, index)
    below = yield b, aligned(b, index)
    return f.fraction(above[0], below[0]), MULTIPLY


def _reciprocal(node: Expr, index: Index) -> Writing:
    below = yield node.args[0], index
    return f.fraction(f.number("1"), below[0]), MULTIPLY


def _negative(node: Expr, index: Index) -> Writing:
    inner = yield node.args[0], index
    return f.row(f.sign("-"), _wrapped(inner, UNARY)), UNARY


def _not(node: Expr, index: Index) -> Writing:
    inner = yield node.args[0], index
    return f.row(f.sign(r"\lnot"), _wrapped(inner, UNARY)), UNARY


def _power(node: Expr, index: Index) -> Writing:
    base = yield node.args[0], aligned(node.args[0], index)
    if node.op.name == "square":
        return f.sup(_wrapped(base, ATOM), f.number("2")), POWER
    above = yield node.args[1], aligned(node.args[1], index)
    return f.sup(_wrapped(base, ATOM), above[0]), POWER


def _root(node: Expr, index: Index) -> Writing:
    inner = yield node.args[0], index
    return f.root(inner[0]), ATOM


def _exp(node: Expr, index: Index) -> Writing:
    inner = yield node.args[0], index
    if inner[0].size <= 8 and inner[0].depth <= 3:
        return f.sup(f.name("e"), inner[0]), POWER
    return f.call(f.function("exp"), inner[0]), ATOM


def _log1p(node: Expr, index: Index) -> Writing:
    inner = yield node.args[0], index
    return f.call(f.function("log"), f.row(f.number("1"), f.sign("+"), _wrapped(inner, ADD))), ATOM


def _expm1(node: Expr, index: Index) -> Writing:
    inner = yield node.args[0], index
    return f.row(f.sup(f.name("e"), inner[0]), f.sign("-"), f.number("1")), ADD


def _xlogy(node: Expr, index: Index) -> Writing:
    x, y = node.args
    left = yield x, aligned(x, index)
    right = yield y, aligned(y, index)
    inner = right[0]
    if node.op.name == "xlog1py":
        inner = f.row(f.number("1"), f.sign("+"), _wrapped(right, ADD))
    return f.row(_wrapped(left, MULTIPLY), f.call(f.function("log"), inner)), MULTIPLY


def _where(node: Expr, index: Index) -> Writing:
    test, a, b = node.args
    if _is_number(a, 1.0) and _is_number(b, 0.0):
        # Iverson's bracket.
        inner = yield test, aligned(test, index)
        return f.fenced(inner[0], "[", "]"), ATOM
    parts = []
    for a in node.args:
        parts.append((yield a, aligned(a, index))[0])
    return f.cases(*parts), ATOM


def _is_number(x: Expr, number: float) -> bool:
    while x.op.name in QUIET:
        x = x.args[0]
    return is_constant(x) and bool((value_of(x) == number).all())


def _group_sum(node: Expr, index: Index) -> Writing | None:
    """Write the elements whose index is this one, summed, and what they are added to."""
    whole, value, spec, *places = node.args
    if index is None or spec != (("expr",),) or places[0].ndim != 1 or len(index) != 1:
        return None
    return _sum_where(whole, value, places[0], index)


def _sum_where(whole: Expr, value: Expr, place: Expr, index: tuple[Formula, ...]) -> Writing:
    taken = {index[0].latex}
    letter = next(f.name(c) for c in "jklmn" if c not in taken)
    inner = yield value, aligned(value, (letter,))
    group = yield place, (letter,)
    condition = f.row(group[0], f.sign("="), index[0])
    body = _wrapped(inner, MULTIPLY)
    total = f.over(r"\sum", [f.row(letter, f.sign(":"), condition)], body)
    if _is_number(whole, 0.0):
        return total, MULTIPLY
    start = yield whole, aligned(whole, index)
    return f.row(start[0], f.sign("+"), total), ADD


def _quiet(node: Expr, index: Index) -> Writing:
    inner = node.args[0]
    return (yield inner, aligned(inner, index))


def _reduction(node: Expr, index: Index) -> Writing | None:
    x, axes, keep = node.args[:3]
    kept = [a for a in range(x.ndim) if a not in axes]
    if index is None:
        if kept or keep:
            return None
        index = ()
    return _over(node, x, axes, keep, index)


def _over(node: Expr, x: Expr, axes: tuple[int, ...], keep: bool, index: Index) -> Writing:
    assert index is not None
    bound = _bound_letters(x, axes, index)
    rest = [i for a, i in enumerate(index) if a not in axes] if keep else list(index)
    whole = tuple(bound[a] if a in axes else rest.pop(0) for a in range(x.ndim))
    inner = yield x, whole
    if node.op.name == "logsumexp":
        body = f.call(f.function("exp"), inner[0])
        total = f.over(r"\sum", list(bound.values()), body)
        return f.row(f.function("log"), total), MULTIPLY
    body = _wrapped(inner, MULTIPLY if node.op.name in {"sum", "prod"} else ATOM)
    return f.over(SUMS[node.op.name], list(bound.values()), body), MULTIPLY


def _bound_letters(
    x: Expr, axes: tuple[int, ...], index: tuple[Formula, ...]
) -> dict[int, Formula]:
    """Letters to sum over: none that is in use, and none of a sum inside."""
    taken = {part.latex for part in index}
    inside: dict[Expr, int] = {}
    for n in toposort([x]):
        below = max((inside[c] for c in children(n)), default=0)
        inside[n] = below + (len(n.args[1]) if n.op.name in REDUCTIONS else 0)
        if n.op.name in {"input", "dimension"}:
            taken.add(n.label)
    free = [f.name(c) for c in "ijklmnopqrstuvw" if c not in taken]
    return {a: free[(inside[x] + n) % len(free)] for n, a in enumerate(axes)}


def _index(node: Expr, index: Index) -> Writing:
    x, spec, *operands = node.args
    if index is None:
        return _whole_index(x, spec, operands)
    return _element_index(x, spec, operands, index)


def _whole_index(x: Expr, spec: tuple[tuple[object, ...], ...], operands: list[Expr]) -> Writing:
    from astragal.ops.indexing import show_index

    whole = yield x, None
    shown = []
    for o in operands:
        shown.append((yield o, None)[0])
    if all(item[0] == "expr" for item in spec):
        return f.sub(_wrapped(whole, ATOM), *shown), ATOM
    texts = show_index(spec, [s.latex for s in shown])
    return f.sub(_wrapped(whole, ATOM), f.number(texts)), ATOM


def _element_index(
    x: Expr, spec: tuple[tuple[object, ...], ...], operands: list[Expr], index: tuple[Formula, ...]
) -> Writing:
    arrays = [o for o in operands if isinstance(o.type, TensorType) and o.type.shape]
    slices = any("expr" in item[1:3] for item in spec if item[0] == "slice")
    places = [n for n, item in enumerate(spec) if item[0] in {"int", "expr"}]
    scattered = bool(arrays) and places != list(range(places[0], places[-1] + 1))
    if slices or scattered or isinstance(x.type, TupleType | KeyType):
        whole = yield x, None
        return f.sub(f.fenced(whole[0]), *index), ATOM
    width = max((len(a.type.shape) for a in arrays), default=0)
    rest = list(index)
    block: tuple[Formula, ...] | None = None
    own = list(operands)
    inner: list[Formula] = []
    for item in spec:
        if item[0] == "new":
            rest.pop(0)
        elif item[0] == "slice":
            inner.append(_shifted(rest.pop(0), item[1], item[3]))
        else:
            if arrays and block is None:
                block, rest = tuple(rest[:width]), rest[width:]
            if item[0] == "int":
                inner.append(f.number(str(item[1])))
            else:
                o = own.pop(0)
                inner.append((yield o, aligned(o, block or ()))[0])
    return (yield x, tuple(inner))


def _shifted(i: Formula, start: object, step: object) -> Formula:
    if step == 1 and not start:
        return i
    scaled = i if step == 1 else f.row(f.number(str(step)), i)
    return f.row(scaled, f.sign("+"), f.number(str(start))) if start else scaled


def _item(node: Expr, index: Index) -> Writing:
    x, place = node.args
    whole = yield x, None
    return f.sub(_wrapped(whole, ATOM), f.number(str(place)), *(index or ())), ATOM


def _matmul(node: Expr, index: Index) -> Writing:
    a, b = node.args
    left = yield a, None
    right = yield b, None
    product = f.row(_wrapped(left, MULTIPLY), _wrapped(right, MULTIPLY + 1))
    if all(p[0].kind == "name" for p in (left, right)):
        product = f.row(left[0], f.sign(r"\cdot"), right[0])
    return (f.sub(f.fenced(product), *index), ATOM) if index else (product, MULTIPLY)


def _solve(node: Expr, index: Index) -> Writing:
    a, b = node.args[:2]
    left = yield a, None
    right = yield b, None
    product = f.row(f.sup(_wrapped(left, ATOM), f.number("-1")), _wrapped(right, MULTIPLY + 1))
    return (f.sub(f.fenced(product), *index), ATOM) if index else (product, MULTIPLY)


def _permute(node: Expr, index: Index) -> Writing | None:
    x, axes = node.args
    if index is not None:
        inner: list[Formula] = [f.row()] * len(axes)
        for i, a in zip(index, axes, strict=True):
            inner[a] = i
        return _pass(x, tuple(inner))
    if axes == (1, 0):
        return _transposed(x)
    return None


def _pass(x: Expr, index: Index) -> Writing:
    return (yield x, index)


def _transposed(x: Expr) -> Writing:
    inner = yield x, None
    return f.sup(_wrapped(inner, ATOM), f.sign(r"\top")), POWER


def _full(node: Expr, index: Index) -> Writing:
    return (yield node.args[1], ())


HANDLERS: dict[str, Callable[[Expr, Index], Writing | None]] = {
    **dict.fromkeys(INFIX, _infix),
    **dict.fromkeys(QUIET, _quiet),
    **dict.fromkeys(SUMS, _reduction),
    "logsumexp": _reduction,
    "multiply": _multiply,
    "divide": _divide,
    "reciprocal": _reciprocal,
    "negative": _negative,
    "logical_not": _not,
    "pow": _power,
    "square": _power,
    "sqrt": _root,
    "exp": _exp,
    "expm1": _expm1,
    "log1p": _log1p,
    "xlogy": _xlogy,
    "xlog1py": _xlogy,
    "where": _where,
    "index": _index,
    "item": _item,
    "matmul": _matmul,
    "solve": _solve,
    "solve_triangular": _solve,
    "permute_dims": _permute,
    "full": _full,
    "add_index": _group_sum,
}
