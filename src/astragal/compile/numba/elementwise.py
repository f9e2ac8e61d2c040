"""Elementwise operations as expressions of generated code: one row an operation.

A row takes the operands' data type and their code, and gives the code of the
result in the exact data type. Numba widens small integers, so their arithmetic is
brought back.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from astragal.graph.types import FLOATS, SIGNED

Template = Callable[..., str]

WIDE = frozenset({"int64", "float32", "float64", "uint64"})


def narrow(dtype: str, code: str) -> str:
    """Bring the result of integer arithmetic back to its data type."""
    return f"({code})" if dtype in WIDE else f"{dtype}({code})"


def infix(symbol: str, name: str) -> Template:
    """Make the row of an arithmetic operator."""
    return lambda t, x, y: (
        f"({x} {symbol} {y})" if t in WIDE or t == "bool" else f"{name}({x}, {y})"
    )


def compare(symbol: str) -> Template:
    """Make the row of an operator whose result needs no narrowing."""
    return lambda t, x, y: f"({x} {symbol} {y})"


def by_name(name: str) -> Template:
    """Make the row of a function of the same type as its operands."""
    return lambda t, *args: f"{name}({', '.join(args)})"


def in_double(name: str) -> Template:
    """Make the row of a function that exists in double precision alone."""

    def row(t: str, *args: str) -> str:
        if t == "float64":
            return f"{name}({', '.join(args)})"
        return f"{t}({name}({', '.join(f'float64({a})' for a in args)}))"

    return row


def one(dtype: str) -> str:
    """Write the number one of a data type."""
    return literal(1, dtype)


def literal(value: object, dtype: str) -> str:
    """Write a scalar exactly."""
    if dtype == "bool":
        return "True" if value else "False"
    if dtype in FLOATS:
        x = float(value)  # type: ignore[arg-type]
        text = "nan" if x != x else "inf" if x == float("inf") else repr(x)
        text = "(-inf)" if x == float("-inf") else f"({text})" if text[0] == "-" else text
        return text if dtype == "float64" else f"float32({text})"
    n = int(value)  # type: ignore[call-overload]
    if dtype == "int64":
        if n == -(2**63):
            return "int64(-9223372036854775807 - 1)"
        return str(n) if n >= 0 else f"({n})"
    return f"{dtype}({n})"


def _extreme(name: str, symbol: str) -> Template:
    return lambda t, x, y: (
        f"{name}({x}, {y})" if t in FLOATS else f"({x} if {x} {symbol} {y} else {y})"
    )


def _sign(t: str, x: str) -> str:
    if t in FLOATS:
        return f"({x} if {x} == 0 or {x} != {x} else copysign({one(t)}, {x}))"
    if t in SIGNED:
        return f"{t}(int64({x} > 0) - int64({x} < 0))"
    return f"{t}({x} != 0)"


def _abs(t: str, x: str) -> str:
    if t in FLOATS:
        return f"fabs({x})"
    return narrow(t, f"-{x} if {x} < 0 else {x}") if t in SIGNED else x


def _negative(t: str, x: str) -> str:
    # Minus an unsigned number, modulo the word: Numba's own unary minus makes it signed.
    return f"{t}(0) - {x}" if t == "uint64" else narrow(t, f"-{x}")


def _power(t: str, x: str, y: str) -> str:
    if t in FLOATS:
        exponent = y.removeprefix("float32(").rstrip(")")
        return f"({x} * {x})" if exponent == "2.0" else f"power({x}, {y})"
    return f"{t}(integer_power({x}, {y}, {one(t)}))"


def _round(name: str) -> Template:
    return lambda t, x: f"{name}({x})" if t in FLOATS else x


def _divide_integers(symbol: str, name: str) -> Template:
    return lambda t, x, y: f"{name}({x}, {y})" if t in FLOATS else narrow(t, f"{x} {symbol} {y}")


_xor = infix("^", "word_xor")
_CONSTANT = re.compile(r"\w+\((\d+)\)|(\d+)")


def _shift(name: str) -> Template:
    def row(t: str, x: str, y: str) -> str:
        known = _CONSTANT.fullmatch(y)
        if known and int(known[1] or known[2]) < int(t.lstrip("uint")):
            return f"word_{name}({x}, {y})"
        return f"{t}({name}({x}, {y}, {literal(0, t)}))"

    return row


def cast(source: str, target: str, x: str) -> str:
    """Write a conversion of data types."""
    if source == target:
        return x
    if target == "bool":
        return f"({x} != 0)"
    if source == "bool":
        return f"({one(target)} if {x} else {literal(0, target)})"
    return f"{target}({x})"


def _invert(t: str, x: str) -> str:
    return f"(not {x})" if t == "bool" else f"{t}(~{x})"


# fmt: off
TEMPLATES: dict[str, Template] = {
    "add": infix("+", "word_add"), "subtract": infix("-", "word_sub"),
    "multiply": infix("*", "word_mul"), "divide": compare("/"),
    "floor_divide": _divide_integers("//", "floor_divide"),
    "remainder": _divide_integers("%", "remainder"),
    "pow": _power,
    "negative": _negative, "positive": lambda t, x: x, "abs": _abs, "sign": _sign,
    "square": lambda t, x: narrow(t, f"{x} * {x}"),
    "reciprocal": lambda t, x: f"({one(t)} / {x})",
    "maximum": _extreme("fmax", ">"), "minimum": _extreme("fmin", "<"),
    "sqrt": by_name("sqrt"), "exp": by_name("exp"), "expm1": by_name("math.expm1"),
    "log": by_name("log"), "log1p": by_name("math.log1p"), "log2": by_name("log2"),
    "log10": by_name("log10"), "logaddexp": by_name("logaddexp"), "hypot": by_name("math.hypot"),
    "copysign": by_name("copysign"), "nextafter": by_name("nextafter"),
    "sin": by_name("sin"), "cos": by_name("cos"), "tan": by_name("math.tan"),
    "asin": by_name("math.asin"), "acos": by_name("math.acos"), "atan": by_name("math.atan"),
    "atan2": by_name("math.atan2"), "sinh": by_name("math.sinh"), "cosh": by_name("math.cosh"),
    "tanh": by_name("math.tanh"), "asinh": by_name("math.asinh"), "acosh": by_name("math.acosh"),
    "atanh": by_name("math.atanh"),
    "floor": _round("floor"), "ceil": _round("ceil"), "round": _round("rint"),
    "trunc": _round("trunc"),
    "equal": compare("=="), "not_equal": compare("!="), "less": compare("<"),
    "less_equal": compare("<="), "greater": compare(">"), "greater_equal": compare(">="),
    "isfinite": lambda t, x: f"({x} - {x} == 0)" if t in FLOATS else "True",
    "isinf": lambda t, x: f"(fabs({x}) == inf)" if t in FLOATS else "False",
    "isnan": lambda t, x: f"({x} != {x})" if t in FLOATS else "False",
    "signbit": lambda t, x: f"(copysign({one(t)}, {x}) < 0)",
    "logical_and": lambda t, x, y: f"({x} & {y})", "logical_or": lambda t, x, y: f"({x} | {y})",
    "logical_xor": lambda t, x, y: f"({x} != {y})", "logical_not": lambda t, x: f"(not {x})",
    "bitwise_and": infix("&", "word_and"), "bitwise_or": infix("|", "word_or"),
    "bitwise_xor": lambda t, x, y: f"({x} != {y})" if t == "bool" else _xor(t, x, y),
    "bitwise_invert": _invert,
    "bitwise_left_shift": _shift("shift_left"), "bitwise_right_shift": _shift("shift_right"),
}
# fmt: on

# Those that have a form for loops over float64 (`astragal.compile.numba.lanes`).
LANES: frozenset[str] = frozenset(
    {"exp", "expm1", "log", "log1p", "logaddexp", "log1mexp", "expit", "tanh", "xlogy", "xlog1py"}
)

# What recomputing an operation costs, in additions; those not named cost 1.
COSTS: dict[str, int] = {
    **dict.fromkeys(
        ["positive", "broadcast_to", "permute_dims", "index", "full", "iota", "item", "reshape"], 0
    ),
    **dict.fromkeys(["divide", "sqrt", "reciprocal", "remainder", "floor_divide"], 4),
    "map": 100,
}
CHEAP: frozenset[str] = frozenset(
    {
        "add", "subtract", "multiply", "negative", "abs", "sign", "square", "maximum", "minimum",
        "copysign", "floor", "ceil", "round", "trunc", "equal", "not_equal", "less", "less_equal",
        "greater", "greater_equal", "isfinite", "isinf", "isnan", "signbit", "logical_and",
        "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor",
        "bitwise_invert", "bitwise_left_shift", "bitwise_right_shift", "where", "astype", "bitcast",
    }
)  # fmt: skip


def cost(name: str) -> int:
    """Tell what computing an element again costs, in additions."""
    found = COSTS.get(name)
    return found if found is not None else 1 if name in CHEAP else 20
