"""Expressions as people write them: sums collected, laws in statistics notation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from astragal.density.joint import Factor
from astragal.derive.reading import readable, with_words
from astragal.graph.expr import INPUT, Expr
from astragal.graph.text import pprint
from astragal.graph.traverse import rebuild, substitute, toposort
from astragal.graph.types import TensorType, tensor_type
from astragal.random.distribution import is_random, random_parts

_QUIET = frozenset({"astype", "broadcast_to"})


def write(x: Expr, labels: Mapping[Expr, str] | None = None) -> str:
    """Write an expression on one line, without conversions and repetitions that shapes imply."""
    known = {c: INPUT(name, c.type) for c, name in (labels or {}).items()}
    image: dict[Expr, Expr] = {}
    shown = readable(x)
    for node in toposort([shown]):
        if node in known:
            image[node] = known[node]
        elif node.op.name in _QUIET and node.args[0] in image:
            image[node] = image[node.args[0]]
        elif node.op is INPUT and isinstance(node.type, TensorType):
            image[node] = INPUT(node.args[0], tensor_type("float64", node.type.shape))
        else:
            words = with_words(node, lambda a: _line(image[a]))
            image[node] = _quiet(node, image) if words is None else words
    return _line(image[shown])


def _line(x: Expr) -> str:
    return "; ".join(reversed(pprint(x).splitlines())).replace("(0,), False)", "axis=0)")


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


# Parameters by derivatives of the log density in x, where their own expressions are long.
DEFINITIONS = {
    "normal": ("m", "1 / sqrt(-d2 log p / dx2), d log p / dx = 0 at x = m"),
    "gamma": ("1 + d log p / d log x", "-d log p / dx"),
    "inverse_gamma": ("-1 - d log p / d log x", "-d log p / d (1 / x)"),
    "beta": ("1 + d log p / d log x", "1 + d log p / d log (1 - x)"),
    "dirichlet": ("1 + d log p / d log x",),
}
LONGEST = 150
"""Most letters of a parameter."""


def write_law(law: Expr, labels: Mapping[Expr, str] | None = None) -> str:
    """Write a random variable's distribution: ``Gamma(alpha + failures, rate = beta + hours)``."""
    d, _, _, parameters = random_parts(law)
    return write_family(d.name, parameters, labels, DEFINITIONS.get(d.name, ()))


def write_family(
    family: str,
    parameters: Sequence[Expr],
    labels: Mapping[Expr, str] | None = None,
    definitions: Sequence[str] = (),
) -> str:
    """Write a distribution with its parameters.

    Parameters
    ----------
    family, parameters
        Name and operands.
    labels
        Names of constants.
    definitions
        What stands for a parameter that is long.
    """
    made = re.fullmatch(r"(truncated|transformed)\[(?:affine, )?(.+)\]", family)
    if made is not None:
        *inner, a, b = parameters
        base = made[2]
        law = write_family(base, inner, labels, DEFINITIONS.get(base, ()))
        a_, b_ = write(a, labels), write(b, labels)
        if made[1] == "truncated":
            return f"{law} between {a_} and {b_}"
        if "affine" in family:
            return f"{a_} + {b_} * {law}".removeprefix("0.0 + ")
    word, shown = WORDS.get(family, (family_word(family), ()))
    texts = [write(p, labels) for p in parameters]
    short = [len(t) <= LONGEST and ";" not in t for t in texts]
    if not all(short) and len(definitions) == len(texts):
        # The mean and the deviation of a normal law are defined together.
        together = family == "normal"
        pairs = zip(texts, definitions, short, strict=True)
        texts = [t if ok and not together else words for t, words, ok in pairs]
    parts = []
    for i, text in enumerate(texts):
        name = shown[i] if i < len(shown) else ""
        parts.append(f"{name} = {text}" if name else text)
    return f"{word}({', '.join(parts)})"


def write_factor(f: Factor, labels: Mapping[Expr, str] | None = None) -> str:
    """Write the law of a variable; of a function of one, with its law in place of the one."""
    if is_random(f.rv):
        return write_family(f.family, f.parameters, labels)
    inside = {n: INPUT(write_law(n, labels), n.type) for n in toposort([f.rv]) if is_random(n)}
    return write(substitute([f.rv], inside)[0], labels)
