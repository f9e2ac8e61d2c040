"""Bodies of scalars that only compute, as LLVM's instructions.

A cipher or a logarithm is some hundred operations on scalars. Numba takes half a millisecond to
type and to lower each; here they are written down at once, and LLVM is given the same ones.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing.templates import signature as signature_of

from astragal.compile.numba.plan import below
from astragal.compile.numba.runtime import intrinsic, scalar
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.subgraph import Subgraph
from astragal.graph.types import FLOATS, SIGNED

Emit = Callable[..., Any]
"""From a builder, the data type of the operands and their values to a value."""
Step = tuple[Any, ...]
"""Name and data type of the result, then the number of each operand, or a constant's value."""

# fmt: off
_LLVM = {
    "bool": ir.IntType(1), "float32": ir.FloatType(), "float64": ir.DoubleType(),
    **{f"{s}int{n}": ir.IntType(n) for s in ("", "u") for n in (8, 16, 32, 64)},
}
# fmt: on


def _arithmetic(of_floats: str, of_integers: str) -> Emit:
    return lambda b, t, x, y: getattr(b, of_floats if t in FLOATS else of_integers)(x, y)


def _compare(symbol: str) -> Emit:
    def emit(b: Any, t: str, x: Any, y: Any) -> Any:
        if t in FLOATS:
            return (b.fcmp_unordered if symbol == "!=" else b.fcmp_ordered)(symbol, x, y)
        return (b.icmp_signed if t in SIGNED else b.icmp_unsigned)(symbol, x, y)

    return emit


def _named(name: str) -> Emit:
    """Call a function of LLVM on floats."""

    def emit(b: Any, t: str, *args: Any) -> Any:
        kind = args[0].type
        whole = ir.FunctionType(kind, [kind] * len(args))
        return b.call(b.module.declare_intrinsic(f"llvm.{name}", [kind], whole), args)

    return emit


def _extreme(symbol: str) -> Emit:
    def emit(b: Any, t: str, x: Any, y: Any) -> Any:
        if t not in FLOATS:
            return b.select(_compare(symbol)(b, t, x, y), x, y)
        # A NaN wins, the first of two, as in NumPy.
        first = b.or_(b.fcmp_ordered(f"{symbol}=", x, y), b.fcmp_unordered("uno", x, x))
        return b.select(first, x, y)

    return emit


def _negative(b: Any, t: str, x: Any) -> Any:
    return b.fsub(ir.Constant(x.type, -0.0), x) if t in FLOATS else b.sub(ir.Constant(x.type, 0), x)


def _shift_right(b: Any, t: str, x: Any, n: Any) -> Any:
    return (b.ashr if t in SIGNED else b.lshr)(x, n)


_compute_abs = _named("fabs")

# fmt: off
_EMIT: Mapping[str, Emit] = {
    "add": _arithmetic("fadd", "add"), "subtract": _arithmetic("fsub", "sub"),
    "multiply": _arithmetic("fmul", "mul"), "divide": lambda b, t, x, y: b.fdiv(x, y),
    "square": lambda b, t, x: _arithmetic("fmul", "mul")(b, t, x, x),
    "negative": _negative,
    "reciprocal": lambda b, t, x: b.fdiv(ir.Constant(x.type, 1.0), x),
    "maximum": _extreme(">"), "minimum": _extreme("<"), "copysign": _named("copysign"),
    "abs": _compute_abs, "sqrt": _named("sqrt"), "floor": _named("floor"), "ceil": _named("ceil"),
    "round": _named("rint"), "trunc": _named("trunc"),
    "equal": _compare("=="), "not_equal": _compare("!="), "less": _compare("<"),
    "less_equal": _compare("<="), "greater": _compare(">"), "greater_equal": _compare(">="),
    "isnan": lambda b, t, x: b.fcmp_unordered("uno", x, x),
    "logical_and": lambda b, t, x, y: b.and_(x, y), "logical_or": lambda b, t, x, y: b.or_(x, y),
    "logical_xor": lambda b, t, x, y: b.xor(x, y), "logical_not": lambda b, t, x: b.not_(x),
    "bitwise_and": lambda b, t, x, y: b.and_(x, y), "bitwise_or": lambda b, t, x, y: b.or_(x, y),
    "bitwise_xor": lambda b, t, x, y: b.xor(x, y), "bitwise_invert": lambda b, t, x: b.not_(x),
    "bitwise_left_shift": lambda b, t, x, n: b.shl(x, n), "bitwise_right_shift": _shift_right,
    "where": lambda b, t, c, x, y: b.select(c, x, y),
}
_OF_FLOATS = frozenset({
    "divide", "reciprocal", "copysign", "abs", "sqrt", "floor", "ceil", "round", "trunc", "isnan",
})
_OF_NUMBERS = frozenset({
    "add", "subtract", "multiply", "square", "negative", "maximum", "minimum",
})
# fmt: on


def _cast(b: Any, source: str, target: str, x: Any) -> Any:
    """Convert a value to another data type, as Numba does."""
    wanted = _LLVM[target]
    if source == target:
        return x
    if target == "bool":
        return _compare("!=")(b, source, x, ir.Constant(x.type, 0))
    if source in FLOATS and target in FLOATS:
        return (b.fptrunc if target == "float32" else b.fpext)(x, wanted)
    if source in FLOATS:
        return (b.fptosi if target in SIGNED else b.fptoui)(x, wanted)
    if target in FLOATS:
        return (b.sitofp if source in SIGNED else b.uitofp)(x, wanted)
    if wanted.width == x.type.width:
        return x
    if wanted.width < x.type.width:
        return b.trunc(x, wanted)
    return (b.sext if source in SIGNED else b.zext)(x, wanted)


def _is_simple(node: Expr) -> bool:
    """Tell whether a node is one of the operations here, on data types that they are for."""
    name = node.op.name
    if name in ("astype", "bitcast"):
        # As bits a truth value is a byte.
        return name == "astype" or "bool" not in (node.dtype, node.args[0].dtype)
    if name not in _EMIT:
        return False
    dtype = node.args[0].dtype
    if name.endswith("_shift"):
        n = node.args[1]
        return is_constant(n) and dtype != "bool" and 0 <= int(value_of(n)) < _LLVM[dtype].width
    if name in _OF_FLOATS:
        return dtype in FLOATS
    return dtype != "bool" or name not in _OF_NUMBERS


def steps_of(body: Subgraph) -> tuple[list[Step], list[int]] | None:
    """Write a body of scalars as steps; None where it is more than such operations.

    Returns
    -------
    steps, results
        Values are numbered: the parameters first, then what each step computes.
    """
    number = {p: i for i, p in enumerate(body.parameters)}
    steps: list[Step] = []
    for node in below(body.outputs, number):
        if is_constant(node):
            steps.append(("constant", node.dtype, value_of(node)[()].item()))
        elif _is_simple(node):
            operands = (number[a] for a in node.args if isinstance(a, Expr))
            steps.append((node.op.name, node.dtype, *operands))
        else:
            return None
        number[node] = len(number)
    return steps, [number[o] for o in body.outputs]


def straight_lines(
    name: str, body: Subgraph, steps: Sequence[Step], results: Sequence[int]
) -> list[str]:
    """Write the definition of a function of steps."""
    ins = [p.dtype for p in body.parameters]
    outs = [o.dtype for o in body.outputs]
    return [
        f"{name} = straight(",
        f"    {ins!r},",
        f"    {outs!r},",
        "    [",
        *(f"        {step!r}," for step in steps),
        "    ],",
        f"    {results!r},",
        ")",
        "",
        "",
    ]


def straight(ins: Sequence[str], outs: Sequence[str], steps: Sequence[Step], results: Any) -> Any:
    """Make the function of generated code that computes some steps.

    Parameters
    ----------
    ins, outs
        Data types of parameters and results.
    steps, results
        What `steps_of` gives.
    """
    kinds = [scalar(t) for t in outs]
    whole = kinds[0] if len(outs) == 1 else types.Tuple.from_types(kinds)

    def codegen(context, builder, sig, args):
        values = list(zip(args, ins, strict=True))
        for name, dtype, *given in steps:
            if name == "constant":
                values.append((ir.Constant(_LLVM[dtype], given[0]), dtype))
                continue
            source = values[given[0]][1]
            operands = [values[g][0] for g in given]
            if name == "astype":
                new = _cast(builder, source, dtype, *operands)
            elif name == "bitcast":
                new = builder.bitcast(*operands, _LLVM[dtype])
            else:
                new = _EMIT[name](builder, source, *operands)
            values.append((new, dtype))
        found = [values[k][0] for k in results]
        return found[0] if len(found) == 1 else context.make_tuple(builder, sig.return_type, found)

    signature = signature_of(whole, *map(scalar, ins))
    # Numba counts the parameters of a function.
    names = ", ".join(f"p{i}" for i in range(len(ins)))
    return intrinsic(eval(f"lambda context, {names}: made", {"made": (signature, codegen)}))
