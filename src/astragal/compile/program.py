"""Graphs as straight-line programs: what the backends without code generation run.

A program is a list of steps over numbered slots. Each step calls the lowering of one
node on the values of its arguments; static arguments and constants lie in slots of
their own, filled beforehand. A slot is emptied after its last use, so that a long
chain holds few arrays at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from astragal.graph.errors import ModelError
from astragal.graph.expr import DIMENSION, INPUT, PARAMETER, Expr, describe
from astragal.graph.literal import Literal, is_constant, value_of
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import toposort

Rule = Callable[[Expr], Callable[..., Any]]
"""From a node to the function that computes it."""

Step = tuple[Callable[..., Any], tuple[int, ...], int, tuple[int, ...]]
"""Function, slots of its arguments, slot of its result, slots that are then empty."""


class Program:
    """A graph in the order in which it is computed.

    Parameters
    ----------
    inputs
        Leaves (inputs, dimensions, parameters) in the order of the values of a call.
    outputs
        What to compute.
    rule
        Gives the function that computes a node.

    Raises
    ------
    ModelError
        Where the outputs read a leaf that is not among the inputs.
    """

    __slots__ = ("_blank", "_inputs", "_outputs", "_steps", "nodes")

    def __init__(self, inputs: Sequence[Expr], outputs: Sequence[Expr], rule: Rule) -> None:
        slot: dict[Expr, int] = {leaf: i for i, leaf in enumerate(inputs)}
        blank: list[Any] = [None] * len(slot)
        order = toposort(outputs)
        raw: list[tuple[Callable[..., Any], tuple[int, ...], int]] = []
        self.nodes: list[Expr] = []
        for node in order:
            if node in slot:
                continue
            if is_constant(node):
                slot[node] = len(blank)
                blank.append(value_of(node))
                continue
            if node.op in (INPUT, DIMENSION, PARAMETER):
                raise ModelError(
                    f"the outputs read {describe(node)}, which is not among the inputs"
                )
            function = rule(node)
            args = []
            for a in node.args:
                if isinstance(a, Expr):
                    args.append(slot[a])
                else:
                    args.append(len(blank))
                    blank.append(a)
            slot[node] = len(blank)
            raw.append((function, tuple(args), len(blank)))
            blank.append(None)
            self.nodes.append(node)
        self._inputs = len(inputs)
        self._outputs = [slot[o] for o in outputs]
        self._blank = blank
        self._steps = _with_last_uses(raw, blank, set(self._outputs), len(inputs))

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Compute the outputs from values for the inputs."""
        slots = self._blank.copy()
        slots[: self._inputs] = values
        for function, args, out, dead in self._steps:
            slots[out] = function(*[slots[i] for i in args])
            for i in dead:
                slots[i] = None
        return [slots[i] for i in self._outputs]

    def text(self, name: str = "program") -> str:
        """Write the program as Python: a line a step, a function a subgraph."""
        functions: dict[Subgraph, str] = {}
        body: list[str] = []
        for (_, args, out, _), node in zip(self._steps, self.nodes, strict=True):
            shown = ", ".join(
                f"v{i}" if isinstance(a, Expr) and not is_constant(a) else _show(a, functions, name)
                for i, a in zip(args, node.args, strict=True)
            )
            body.append(f"    v{out} = {node.op.name}({shown})")
        outs = ", ".join(
            f"v{i}" if self._blank[i] is None else _show_value(self._blank[i])
            for i in self._outputs
        )
        heads = [
            Program(s.parameters, s.outputs, lambda node: _unused).text(n)
            for s, n in functions.items()
        ]
        params = ", ".join(f"v{i}" for i in range(self._inputs))
        return "\n".join([*heads, f"def {name}({params}):", *body, f"    return [{outs}]", ""])


def _unused(*args: Any) -> Any:
    raise AssertionError("a program made to be read is not run")


def _show(a: Any, functions: dict[Subgraph, str], name: str) -> str:
    if isinstance(a, Subgraph):
        return functions.setdefault(a, f"{name}_{len(functions)}")
    if isinstance(a, Expr):
        return _show_value(value_of(a))
    return repr(a)


def _show_value(value: Any) -> str:
    return repr(Literal(value))


def _with_last_uses(
    raw: Sequence[tuple[Callable[..., Any], tuple[int, ...], int]],
    blank: Sequence[Any],
    kept: set[int],
    inputs: int,
) -> list[Step]:
    seen = set(kept)
    steps: list[Step] = []
    for function, args, out in reversed(raw):
        computed = (i for i in args if i < inputs or blank[i] is None)
        dead = tuple(i for i in dict.fromkeys(computed) if i not in seen)
        seen.update(dead)
        steps.append((function, args, out, dead))
    steps.reverse()
    return steps
