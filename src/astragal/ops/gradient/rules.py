"""The tables: from the name of an operation to its reverse and forward rules.

A reverse rule ``(node, cotangent, needs)`` gives one contribution an argument, None where
there is none; it may leave sums over broadcast axes to the engine. A forward rule
``(node, tangents)`` gives the tangent of the node. An operation without a forward rule of
its own gets one by transposing its reverse rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from astragal.graph.expr import Expr
from astragal.ops.gradient import control, linear_algebra, shapes
from astragal.ops.gradient.build import Ct, add, expand
from astragal.ops.gradient.elementwise import ONE_OPERAND, PARTIALS
from astragal.ops.gradient.engine import Contribution, transposed, unsupported

Reverse = Callable[[Expr, Any, tuple[bool, ...]], Sequence[Contribution]]
Forward = Callable[[Expr, Sequence[Any]], Any]


def _elementwise_reverse(node: Expr, g: Expr, needs: tuple[bool, ...]) -> list[Contribution]:
    partials = PARTIALS[node.op.name]
    return [
        p(g, node, *node.args) if need else None for p, need in zip(partials, needs, strict=True)
    ]


def _elementwise_forward(node: Expr, tangents: Sequence[Ct]) -> Ct:
    out: Ct = None
    for p, t in zip(PARTIALS[node.op.name], tangents, strict=True):
        if t is not None:
            out = add(out, p(expand(t, node.shape), node, *node.args))
    return None if out is None else expand(out, node.shape)


def _one_operand_reverse(node: Expr, g: Expr, needs: tuple[bool, ...]) -> list[Contribution]:
    at, partial, why = ONE_OPERAND[node.op.name]
    for i, need in enumerate(needs):
        if need and i != at:
            raise unsupported(node, why.format(i))
    return [partial(g, node, *node.args) if i == at else None for i in range(len(needs))]


REVERSE: dict[str, Reverse] = {
    **dict.fromkeys(PARTIALS, _elementwise_reverse),
    **dict.fromkeys(ONE_OPERAND, _one_operand_reverse),
    **shapes.RULES,
    **linear_algebra.RULES,
    **control.RULES,
}
FORWARD: dict[str, Forward] = {
    **dict.fromkeys(PARTIALS, _elementwise_forward),
    **shapes.FORWARD,
    **control.FORWARD,
}
WITHOUT: dict[str, str] = {
    "nextafter": "its result is a step of the floating-point grid, not a function of the reals",
    "bitcast": "it reads the bits of a number, which are no smooth function of it",
}
"""Operations on floats that have no derivative, and why."""


def reverse_rule(node: Expr) -> Reverse:
    """Find the reverse rule of a node's operation.

    Raises
    ------
    UnsupportedError
        Where it has none; the message says why.
    """
    found = REVERSE.get(node.op.name)
    if found is not None:
        return found
    # A door: what a draw's derivative is, the layer of random variables knows.
    from astragal.random.pathwise import random_rule

    drawn: Reverse | None = random_rule(node)
    if drawn is None:
        raise _missing(node)
    return drawn


def forward_rule(node: Expr) -> Forward:
    """Find the forward rule of a node's operation: its own, or by transposition.

    Raises
    ------
    UnsupportedError
        Where it has none; the message says why.
    """
    found = FORWARD.get(node.op.name)
    if found is not None:
        return found
    reverse_rule(node)
    return transposed


def _missing(node: Expr) -> Exception:
    why = WITHOUT.get(node.op.name, "there is no rule for it in astragal.ops.gradient.rules")
    return unsupported(node, why)
