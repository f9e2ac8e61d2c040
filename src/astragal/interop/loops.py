"""Operations of PyTensor that hold a graph of their own: functions and loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.interop.operations import whole
from astragal.ops.control import scan
from astragal.ops.manipulation import concatenate, stack

if TYPE_CHECKING:
    from astragal.interop.reader import Reader


def inline(
    read: Reader, inputs: Sequence[Any], outputs: Sequence[Any], values: Sequence[Any]
) -> list[Any]:
    """Read an inner graph, whose inputs have the given expressions."""
    with read.scope(dict(zip(map(id, inputs), values, strict=True))):
        read.read(outputs)
        return [read[v] for v in outputs]


def function(read: Reader, node: Any) -> list[Any]:
    """Read an operation that stands for a graph."""
    values = [read[v] for v in node.inputs]
    return inline(read, node.op.inner_inputs, node.op.inner_outputs, values)


def loop(read: Reader, node: Any) -> list[Expr]:
    """Read a loop over sequences, with values that it carries along.

    Raises
    ------
    UnsupportedError
        For a loop that stops by a condition, or carries a generator.
    """
    op, info, given = node.op, node.op.info, node.inputs
    if info.as_while or info.n_mit_mot or info.n_untraced_sit_sot:
        why = "stops by a condition" if info.as_while else "carries a generator"
        raise UnsupportedError(f"a scan that {why} is not read")
    n = whole(read[given[0]])[0]
    sequences = [read[v][:n] for v in op.outer_seqs(given)]
    fixed = [read[v] for v in op.outer_non_seqs(given)]
    taps = [*info.mit_sot_in_slices, *info.sit_sot_in_slices]
    # A buffer begins with as many values as the loop looks back.
    back = [-min(t) for t in taps]
    buffers = [read[v] for v in (*op.outer_mitsot(given), *op.outer_sitsot(given))]
    starts = [tuple(b[i] for i in range(k)) for b, k in zip(buffers, back, strict=True)]

    def step(past: list[Any], xs: list[Expr]) -> tuple[list[Any], list[Expr]]:
        seen = [p[k + t] for p, k, ts in zip(past, back, taps, strict=True) for t in ts]
        values = [*(xs or ()), *seen, *fixed]
        made = inline(read, op.inner_inputs, op.inner_outputs, values)
        return [(*p[1:], v) for p, v in zip(past, made, strict=False)], made

    _, outs = scan(step, starts, sequences or None, length=None if sequences else n)
    after = [concatenate([stack(s), o]) for s, o in zip(starts, outs, strict=False)]
    return [*after, *outs[len(starts) :]]
