"""Expressions as text: infix where people write infix, shared parts named once."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator, Sequence
from typing import Any

from astragal.graph.errors import DTypeError
from astragal.graph.expr import Expr
from astragal.graph.literal import Literal, is_constant
from astragal.graph.traverse import children, toposort

# Operation to symbol and binding strength, as in Python.
INFIX: dict[str, tuple[str, int]] = {
    "less": ("<", 1),
    "less_equal": ("<=", 1),
    "greater": (">", 1),
    "greater_equal": (">=", 1),
    "equal": ("==", 1),
    "not_equal": ("!=", 1),
    "logical_or": ("|", 2),
    "bitwise_or": ("|", 2),
    "logical_and": ("&", 3),
    "bitwise_and": ("&", 3),
    "bitwise_left_shift": ("<<", 4),
    "bitwise_right_shift": (">>", 4),
    "add": ("+", 5),
    "subtract": ("-", 5),
    "multiply": ("*", 6),
    "divide": ("/", 6),
    "floor_divide": ("//", 6),
    "remainder": ("%", 6),
    "matmul": ("@", 6),
    "pow": ("**", 8),
}
_PREFIX = {"negative": "-", "logical_not": "~", "bitwise_invert": "~"}
_REDUCTIONS = {"sum", "prod", "max", "min", "any", "all", "logsumexp"}
_ATOM = 10
_UNARY = 7


def pprint(*exprs: Expr, names: dict[Expr, str] | None = None, limit: int = 200) -> str:
    """Write expressions as readable text.

    A node used more than once is written once, under a name of its own, on a line
    above its uses.

    Parameters
    ----------
    *exprs
        What to write, a line each.
    names
        Names for some nodes.
    limit
        Most lines to write; what is left out is said.

    Returns
    -------
    str
        Lines; the same for the same graph, in every process.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> print(ag.pprint(ag.exp(x) + 2.0))
    exp(x) + 2.0
    >>> y = ag.exp(x)
    >>> print(ag.pprint(y * (y + 1.0)))
    a = exp(x)
    a * (a + 1.0)
    """
    for x in exprs:
        if not isinstance(x, Expr):
            raise DTypeError(f"pprint takes expressions, got {type(x).__name__} {x!r:.60}")
    order = toposort(exprs)
    uses: dict[Expr, int] = {}
    for node in order:
        for c in children(node):
            uses[c] = uses.get(c, 0) + 1
    text: dict[Expr, tuple[str, int]] = {}
    given = dict(names or {})
    lines: list[str] = []
    roots = set(exprs)
    fresh = _letters({str(n.args[0]) for n in order if n.op.name == "input"} | set(given.values()))
    for node in order:
        shown = _show(node, text)
        name = given.get(node)
        if name is None and node not in roots and _worth_a_name(node, uses.get(node, 0), shown[0]):
            name = next(fresh)
        if name is not None:
            # A named constant stands for itself: its name says more than its numbers.
            if node in roots or not (is_constant(node) or node.op.name == "input"):
                lines.append(f"{name} = {shown[0]}")
            shown = (name, _ATOM)
        text[node] = shown
    lines += [text[root][0] for root in exprs if root not in given]
    if len(lines) > limit:
        cut = len(lines) - limit
        lines = [*lines[: limit // 2], f"... {cut} more lines ...", *lines[-(limit - limit // 2) :]]
    return "\n".join(lines)


def one_line(expr: Expr, width: int = 120) -> str:
    """Write an expression on one line, abridged where it is long or deep."""
    text: dict[Expr, tuple[str, int]] = {}
    stack: list[tuple[Expr, bool, int]] = [(expr, False, 0)]
    while stack:
        node, ready, level = stack.pop()
        if node in text:
            continue
        if ready:
            text[node] = _show(node, text)
        elif level >= 12:
            text[node] = (_show(node, {})[0] if not children(node) else "...", _ATOM)
        else:
            stack.append((node, True, level))
            stack.extend((c, False, level + 1) for c in children(node))
    whole = text[expr][0]
    return whole if len(whole) <= width else whole[: width - 3] + "..."


def _worth_a_name(node: Expr, uses: int, shown: str) -> bool:
    if is_constant(node) or not children(node):
        return False
    if node.op.name == "index" and node.args[0].op.name in {"input", "split"} and uses > 1:
        return len(shown) > 24
    return uses > 1 or len(shown) > 400


def _letters(taken: set[str]) -> Iterator[str]:
    for number in itertools.count():
        for letter in string.ascii_lowercase:
            name = letter + (str(number) if number else "")
            if name not in taken:
                yield name


MOST_ARGUMENTS = 24
"""Calls with more arguments are written with the first and the last of them."""


def _arguments(args: Sequence[Any], text: dict[Expr, tuple[str, int]]) -> list[str]:
    if len(args) <= MOST_ARGUMENTS:
        return [_argument(a, text) for a in args]
    head, tail = args[: MOST_ARGUMENTS // 2], args[-2:]
    cut = len(args) - len(head) - len(tail)
    return [*_arguments(head, text), f"... {cut} more ...", *_arguments(tail, text)]


def _argument(a: Any, text: dict[Expr, tuple[str, int]]) -> str:
    if isinstance(a, Expr):
        return text.get(a, ("...", _ATOM))[0]
    return repr(a)


def _show(node: Expr, text: dict[Expr, tuple[str, int]]) -> tuple[str, int]:
    """Text of a node, and how tightly it binds."""
    name, args = node.op.name, node.args
    if name in {"input", "dimension", "variable"}:
        return str(args[0]), _ATOM
    if name == "parameter":
        return f"%{args[0]}", _ATOM
    if name == "constant":
        literal = args[0]
        assert isinstance(literal, Literal)
        shown = repr(literal)
        return shown, _UNARY if shown.startswith("-") else _ATOM
    if name in INFIX and len(args) == 2:
        symbol, power = INFIX[name]
        # Powers group to the right, comparisons not at all, the rest to the left.
        right = power + (name != "pow")
        left = power + (name == "pow" or power == 1)
        a, b = (_wrap(x, text, p) for x, p in zip(args, (left, right), strict=True))
        return f"{a} {symbol} {b}" if name != "pow" else f"{a}**{b}", power
    if name in _PREFIX:
        return f"{_PREFIX[name]}{_wrap(args[0], text, _UNARY)}", _UNARY
    if name == "index":
        from astragal.ops.indexing import show_index

        rest = [_argument(a, text) for a in args[2:]]
        return f"{_wrap(args[0], text, _ATOM)}[{show_index(args[1], rest)}]", _ATOM
    if name == "item":
        return f"{_wrap(args[0], text, _ATOM)}[{args[1]}]", _ATOM
    if name in _REDUCTIONS:
        return f"{name}({_argument(args[0], text)}{_axes(*args)})", _ATOM
    if name in {"stack", "concatenate"}:
        axis = f", axis={args[0]}" if args[0] else ""
        return f"{name}([{', '.join(_arguments(args[1:], text))}]{axis})", _ATOM
    shown_args = _arguments(args, text)
    from astragal.graph.types import KeyType

    keyed = len(args) > 2 and isinstance(args[0], Expr) and isinstance(args[0].type, KeyType)
    if keyed and not isinstance(args[1], Expr):  # pyright: ignore[reportGeneralTypeIssues]
        # A random variable: the key, the parameters, and its size only where it has one.
        size = [] if args[1] is None else [f"size={args[1]!r}"]  # pyright: ignore[reportGeneralTypeIssues]
        return f"{name}({', '.join([shown_args[0], *shown_args[2:], *size])})", _ATOM
    return f"{name}({', '.join(shown_args)})", _ATOM


def _axes(x: Expr, axes: tuple[int, ...], keepdims: bool) -> str:
    """Arguments of a reduction, as far as they are not what is taken by default."""
    all_of_them = axes == tuple(range(x.ndim))
    axis = "" if all_of_them else f", axis={axes[0] if len(axes) == 1 else axes}"
    return axis + (", keepdims=True" if keepdims else "")


def _wrap(a: Any, text: dict[Expr, tuple[str, int]], power: int) -> str:
    if not isinstance(a, Expr):
        return repr(a)
    shown, binds = text.get(a, ("...", _ATOM))
    return shown if binds >= power else f"({shown})"
