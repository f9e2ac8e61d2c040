"""Long bodies of scalars as modules of their own: compiled once a machine, called as C functions.

A sampler's kernels stand in many programs. Each becomes a small module in the cache, whose
compiled function other modules call through a symbol, so that a new program compiles its
own statements only.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from astragal.compile.numba import cache
from astragal.compile.numba.plan import LONG_INSIDE
from astragal.graph.subgraph import Subgraph
from astragal.graph.types import TensorType

_NAMES: weakref.WeakKeyDictionary[Subgraph, str] = weakref.WeakKeyDictionary()


def dtypes(types: Sequence[object]) -> list[str]:
    """Give the data types of scalars as C has them: truth values are bytes."""
    found = [t.dtype for t in types if isinstance(t, TensorType)]
    return ["uint8" if d == "bool" else d for d in found]


def unit(body: Subgraph) -> str:
    """Compile a body of scalars, or find it in the cache; give the name of its module."""
    found = _NAMES.get(body)
    if found is None:
        source = _source(body)
        found = _NAMES[body] = cache.name_of(source)
        cache.load(source)
    return found


def signature(body: Subgraph) -> str:
    """Write the data types of a unit: parameters, then results."""
    ins = dtypes([p.type for p in body.parameters])
    outs = dtypes([o.type for o in body.outputs])
    return f"{ins!r}, {outs!r}"


def _source(body: Subgraph) -> str:
    from astragal.compile.numba.codegen import module_of
    from astragal.compile.numba.scope import Scope
    from astragal.compile.numba.writer import Writer

    writer = Writer()
    parameters = [f"p{i}" for i in range(len(body.parameters))]
    values = {}
    for name, p in zip(parameters, body.parameters, strict=True):
        values[p] = f"({name} != 0)" if p.dtype == "bool" else name
    outs = Scope(writer, values, limit=LONG_INSIDE).run(body.outputs)
    kinds = dtypes([o.type for o in body.outputs])
    coded = [
        f"uint8({c})" if o.dtype == "bool" else c for c, o in zip(outs, body.outputs, strict=True)
    ]
    if len(coded) == 1:
        writer.line(f"return {coded[0]}")
    else:
        parameters.append("out")
        for k, (code, kind) in enumerate(zip(coded, kinds, strict=True)):
            writer.line(f"poke_{kind}(out, {k}, {code})")
    lines = [
        *writer.definitions,
        f"@unit_function({signature(body)})",
        f"def main({', '.join(parameters)}):",
        *("    " + text for text in writer.lines),
    ]
    return module_of("\n".join(lines) + "\n")
