"""The array vocabulary: names and meanings of the Python array API standard."""

from __future__ import annotations

from astragal.graph.expr import DIMENSION, INPUT, PARAMETER, Op
from astragal.graph.literal import CONSTANT
from astragal.ops import (
    control,
    creation,
    elementwise,
    indexing,
    linalg,
    manipulation,
    operators,
    reductions,
    searching,
    sorting,
    special,
)

MODULES = (
    elementwise,
    special,
    creation,
    searching,
    sorting,
    indexing,
    reductions,
    manipulation,
    linalg,
    control,
)

OPS: dict[str, Op] = {
    op.name: op
    for op in (INPUT, PARAMETER, DIMENSION, CONSTANT, *(o for m in MODULES for o in m.OPS))
}
"""Every operation of the vocabulary, by name."""


operators.install()
