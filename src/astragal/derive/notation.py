"""Expressions as people write them: sums collected, laws in statistics notation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from astragal.graph.expr import INPUT, Expr
from astragal.graph.text import pprint
from astragal.graph.traverse import rebuild, substitute, toposort
from astragal.graph.types import TensorType, tensor_type
from astragal.random.distribution import random_parts

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
    d, _, _, parameters = random_parts(law)
    return write_family(d.name, parameters, labels)


def write_family(
    family: str, parameters: Sequence[Expr], labels: Mapping[Expr, str] | None = None
) -> str:
    """Write a distribution with its parameters."""
    word, shown = WORDS.get(family, (family_word(family), ()))
    parts = []
    for i, p in enumerate(parameters):
        name = shown[i] if i < len(shown) else ""
        text = write(p, labels)
        parts.append(f"{name} = {text}" if name else text)
    return f"{word}({', '.join(parts)})"
