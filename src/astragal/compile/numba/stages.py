"""Parts of a loop's body that run for many elements at once, before the loop: stages.

A branch for each element keeps a loop from becoming SIMD. Where what a kernel draws passes through
a function of one number that is a branch and nothing else, as the normal quantile is, the function
is computed for a whole part of the loop first: by its usual branch for all elements, and by
the other one for those that need it, gathered. Both are SIMD.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from astragal.compile.numba import cache
from astragal.compile.numba.plan import NEVER, below, is_straight
from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph, placeholder
from astragal.graph.traverse import depends_on, substitute
from astragal.graph.types import tensor_type

_FLOATS = (tensor_type("float64"), tensor_type("float32"))
ROOMS = 4  # arrays that a stage works on: what is given, the result, positions, what is gathered


@dataclass(frozen=True)
class Stage:
    """A call that is computed beforehand.

    Attributes
    ----------
    call
        The call's code, up to its arguments.
    given
        From what is ready to the argument of the function.
    dtype
        Of argument and result.
    """

    call: str
    given: Subgraph
    dtype: str


_SPLIT: weakref.WeakKeyDictionary[Subgraph, dict[frozenset[int], tuple[Subgraph, list[Stage]]]] = (
    weakref.WeakKeyDictionary()
)


def split(body: Subgraph, ready: Collection[int]) -> tuple[Subgraph, list[Stage]]:
    """Take the calls out of a body that depend only on parameters that are ready.

    Parameters
    ----------
    body
        A map's, of scalars.
    ready
        Numbers of the parameters whose values are there before the loop.

    Returns
    -------
    tuple
        The body, with a further parameter for each stage, and the stages.
    """
    known = _SPLIT.setdefault(body, {})
    key = frozenset(ready)
    if key not in known:
        known[key] = _split(body, key)
    return known[key]


def _split(body: Subgraph, ready: frozenset[int]) -> tuple[Subgraph, list[Stage]]:
    order = below(body.outputs, ())
    rest = [p for i, p in enumerate(body.parameters) if i not in ready]
    late = depends_on(body.outputs, rest)
    inner = {n for n in order if any(isinstance(a, Subgraph) for a in n.args)}
    behind = depends_on(body.outputs, inner) - inner
    stages: list[Stage] = []
    new: dict[Expr, Expr] = {}
    for n in order:
        if n.op.name != "item" or n.args[0].op.name != "call" or n in late:
            continue
        function, *arguments = n.args[0].args
        if not _is_branch(function) or any(a in behind or a in inner for a in arguments):
            continue
        given = Subgraph(body.parameters, arguments)
        stages.append(Stage(_unit(function), given, arguments[0].dtype))
        new[n] = placeholder(arguments[0].type)
    if not stages:
        return body, []
    outputs = substitute(body.outputs, new)
    return Subgraph([*body.parameters, *new.values()], outputs), stages


def _is_branch(function: Subgraph) -> bool:
    """Tell whether a function of one number is a choice between two straight ones."""
    if len(function.parameters) != 1 or len(function.outputs) != 1:
        return False
    out = function.outputs[0]
    if out.op.name != "item" or out.args[0].op.name != "switch":
        return False
    count, _, *rest = out.args[0].args
    types = [function.parameters[0].type, out.type]
    known = types[0] in _FLOATS and types[0] == types[1]
    return count == 2 and known and all(map(is_straight, rest[:2]))


_UNITS: weakref.WeakKeyDictionary[Subgraph, str] = weakref.WeakKeyDictionary()


def _unit(function: Subgraph) -> str:
    """Compile a function for whole parts; give the code of its call."""
    found = _UNITS.get(function)
    if found is None:
        source = _source(function)
        cache.load(source)
        signature = f"['int64'], {ROOMS}"
        found = _UNITS[function] = f"unit_{cache.name_of(source)}<{signature}>("
    return found


def _source(function: Subgraph) -> str:
    from astragal.compile.numba.codegen import module_of
    from astragal.compile.numba.scope import Scope
    from astragal.compile.numba.writer import Writer

    writer = Writer()
    (parameter,) = function.parameters
    kind = parameter.dtype
    _, index, rare, usual, *operands = function.outputs[0].args[0].args

    def computed(code: str, wanted: Any) -> Any:
        scope = Scope(writer, {parameter: code}, limit=NEVER)
        if isinstance(wanted, Subgraph):
            return scope.inline(wanted, scope.run(operands), limit=NEVER)[0]
        return scope.run([wanted])[0]

    with writer.block("for i in range(n):"):
        x = writer.let(f"peek_{kind}(given, i)")
        writer.line(f"poke_{kind}(out, i, {computed(x, usual)})")
    writer.line("m = 0")
    with writer.block("for i in range(n):"):
        x = writer.let(f"peek_{kind}(given, i)")
        writer.line("poke_int64(places, m, i)")
        writer.line(f"m += int64({computed(x, index)} <= 0)")
    with writer.block("for i in range(m):"):
        writer.line(f"poke_{kind}(spare, i, peek_{kind}(given, peek_int64(places, i)))")
    with writer.block("for i in range(m):"):
        x = writer.let(f"peek_{kind}(spare, i)")
        writer.line(f"poke_{kind}(spare, i, {computed(x, rare)})")
    with writer.block("for i in range(m):"):
        writer.line(f"poke_{kind}(out, peek_int64(places, i), peek_{kind}(spare, i))")
    lines = [
        *writer.definitions,
        f"@unit_function(['int64'], {ROOMS})",
        "def main(n, given, out, places, spare):",
        "    wide()",
        *("    " + text for text in writer.lines),
    ]
    return module_of("\n".join(lines) + "\n")
