"""Graphs as data: saved, loaded, pickled, copied; never as code."""

from __future__ import annotations

from astragal.graph.expr import Op


def op_by_name(name: str) -> Op:
    """Find an operation of the vocabulary.

    Raises
    ------
    KeyError
        Where no operation has that name.
    """
    from astragal import ops, random

    return ops.OPS.get(name) or random.OPS[name]
