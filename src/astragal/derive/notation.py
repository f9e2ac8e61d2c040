"""Expressions as people write them: sums collected, laws in statistics notation."""

from __future__ import annotations

import math
from collections.abc import Mapping

from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.text import pprint
from astragal.graph.traverse import rebuild, substitute, toposort
from astragal.graph.types import FLOATS, TensorType, tensor_type
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.manipulation import broadcast_to
from astragal.random.distribution import RandomOp, random_parts


def _number(x: Expr) -> float | None:
    if is_constant(x) and value_of(x).shape == ():
        return float(value_of(x))
    return None


def tidy(x: Expr, backwards: bool = False) -> Expr:
    """Collect an affine expression: equal terms and numbers are added up.

    Parameters
    ----------
    x
        Expression.
    backwards
        Whether to write the terms in reverse order: a gradient lists the prior last.

    Examples
    --------
    >>> import astragal as ag
    >>> a, y = ag.input("a"), ag.input("y")
    >>> tidy((a - 1.0) + y + 1.0)
    a + y
    """
    if x.dtype not in FLOATS:
        return x
    terms: dict[Expr, float] = {}
    numbers: list[float] = []
    stack: list[tuple[Expr, float]] = [(x, 1.0)]
    while stack:
        node, factor = stack.pop()
        name, args = node.op.name, node.args
        value = _number(node)
        if value is not None:
            numbers.append(factor * value)
        elif name == "add":
            stack += [(args[1], factor), (args[0], factor)]
        elif name == "subtract":
            stack += [(args[1], -factor), (args[0], factor)]
        elif name == "negative":
            stack.append((args[0], -factor))
        elif name == "multiply" and (v := _number(args[0])) is not None:
            stack.append((args[1], factor * v))
        elif name == "multiply" and (v := _number(args[1])) is not None:
            stack.append((args[0], factor * v))
        elif name == "divide" and (v := _number(args[1])) is not None and v:
            stack.append((args[0], factor / v))
        elif name == "sum" and (inner := _sum_of(node)) is not None:
            stack.append((inner, factor))
        elif name == "broadcast_to" and (v := _number(args[0])) is not None:
            # What is left of the shape is restored below.
            numbers.append(factor * v)
        else:
            terms[node] = terms.get(node, 0.0) + factor
    if backwards:
        terms = dict(reversed(terms.items()))
    # Summed exactly: 0.1 - 1 + 1 is 0.1.
    out = _rebuild(terms, math.fsum(numbers), x.dtype)
    return out if out.shape == x.shape else broadcast_to(out, x.shape)


def _sum_of(node: Expr) -> Expr | None:
    """Bring signs and numbers out of a sum."""
    inner, axes, keep = node.args
    name, args = inner.op.name, inner.args
    if name == "negative":
        return e.negative(r.sum(args[0], axes, keep))
    if name in ("add", "subtract") and all(a.shape == inner.shape for a in args):
        return inner.op(*(r.sum(a, axes, keep) for a in args))
    if name == "multiply":
        for c, rest in ((args[0], args[1]), (args[1], args[0])):
            if _number(c) is not None:
                return c * r.sum(rest, axes, keep)
    return None


def _rebuild(terms: Mapping[Expr, float], number: float, dtype: str) -> Expr:
    out: Expr | None = None
    negative: list[Expr] = []
    for t, c in terms.items():
        if c == 0:
            continue
        size = t if abs(c) == 1 else scalar(abs(c), dtype) * t
        if c < 0:
            negative.append(size)
        else:
            out = size if out is None else out + size
    if number > 0 or (number and out is None and not negative):
        out = scalar(number, dtype) if out is None else out + scalar(number, dtype)
    for t in negative:
        out = -t if out is None else out - t
    if number < 0 and out is not None and not (out.op.name == "constant"):
        out = out - scalar(-number, dtype) if terms else out
    return scalar(0.0, dtype) if out is None else out


_QUIET = frozenset({"astype", "broadcast_to"})


def write(x: Expr, labels: Mapping[Expr, str] | None = None) -> str:
    """Write an expression on one line, without conversions and repetitions that shapes imply."""
    image: dict[Expr, Expr] = {}
    for node in toposort([x]):
        if node.op.name in _QUIET and node.args[0] in image:
            image[node] = image[node.args[0]]
        elif node.op is INPUT and isinstance(node.type, TensorType):
            image[node] = INPUT(node.args[0], tensor_type("float64", node.type.shape))
        else:
            image[node] = _quiet(node, image)
    known = {c: INPUT(name, c.type) for c, name in (labels or {}).items()}
    (out,) = substitute([image[x]], known)
    return "; ".join(reversed(pprint(out).splitlines())).replace("(0,), False)", "axis=0)")


def _quiet(node: Expr, image: Mapping[Expr, Expr]) -> Expr:
    try:
        return rebuild(node, image)
    except (TypeError, ValueError, IndexError):
        return node


WORDS = {
    "normal": ("Normal", ("", "sd")),
    "gamma": ("Gamma", ("", "rate")),
    "inverse_gamma": ("InverseGamma", ("", "scale")),
    "exponential": ("Exponential", ("rate",)),
}


def family_word(name: str) -> str:
    """Name a distribution as in a formula: ``negative_binomial`` is NegativeBinomial."""
    return "".join(w.capitalize() for w in name.split("_"))


def write_law(law: Expr, labels: Mapping[Expr, str] | None = None) -> str:
    """Write a random variable's distribution: ``Gamma(alpha + failures, rate = beta + hours)``."""
    assert isinstance(law.op, RandomOp)
    d, _, _, parameters = random_parts(law)
    word, shown = WORDS.get(d.name, (family_word(d.name), ()))
    parts = []
    for i, p in enumerate(parameters):
        name = shown[i] if i < len(shown) else ""
        text = write(p, labels)
        parts.append(f"{name} = {text}" if name else text)
    return f"{word}({', '.join(parts)})"
