"""Whether a condition is seen to hold."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.traverse import toposort
from astragal.graph.types import TensorType
from astragal.logic.algebra.normalizer import Normalizer
from astragal.logic.algebra.numbers import Large
from astragal.logic.algebra.poly import added
from astragal.logic.algebra.signs import positive


def decide(condition: Expr, nonnegative: Iterable[Expr] = ()) -> bool | None:
    """Tell whether a condition is seen to hold, or to fail; None where it is not known.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> decide(x <= x + 1.0), decide(ag.constant(2.0) < 1.0), decide(x <= 1.0)
    (True, False, None)
    """
    name = condition.op.name
    if name == "constant":
        value = value_of(condition)
        return True if value.all() else False if not value.any() else None
    if name == "logical_and":
        parts = [decide(a, nonnegative) for a in condition.args]
        return False if False in parts else None if None in parts else True
    if name == "logical_or":
        parts = [decide(a, nonnegative) for a in condition.args]
        return True if True in parts else None if None in parts else False
    if name == "logical_not":
        inner = decide(condition.args[0], nonnegative)
        return None if inner is None else not inner
    if name not in {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}:
        return None
    a, b = condition.args
    if name in {"less", "less_equal", "greater", "greater_equal"} and _of_constant_arrays(a, b):
        return _as_numbers(condition)
    n = Normalizer(nonnegative)
    try:
        d = added(n.poly(b), n.poly(a), -1)  # b - a
    except Large:
        return None
    c = d.constant()
    if c is not None:
        return {
            "less": c > 0, "less_equal": c >= 0, "greater": c < 0,
            "greater_equal": c <= 0, "equal": c == 0, "not_equal": c != 0,
        }[name]  # fmt: skip
    signs = [(c > 0) if all(n.certain(x, p) for x, p in m) else None for m, c in d.items()]
    if None in signs or len(set(signs)) > 1:
        return None
    up = signs[0]
    strict = any(all(positive(x) for x, _ in m) for m, _ in d.items())
    if strict:
        return {"less": up, "greater": not up, "less_equal": up, "greater_equal": not up,
                "equal": False, "not_equal": True}[name]  # fmt: skip
    if name in {"less_equal", "greater"} and up:
        return name == "less_equal"
    if name in {"greater_equal", "less"} and not up:
        return name == "greater_equal"
    return None


def _of_constant_arrays(*sides: Expr) -> bool:
    """Tell whether nothing is open below, and arrays are: polynomials are of numbers alone."""
    order = toposort(sides)
    leaves = [x for x in order if not any(isinstance(a, Expr) for a in x.args)]
    arrays = any(isinstance(x.type, TensorType) and x.type.shape for x in leaves)
    return arrays and all(is_constant(x) for x in leaves)


def _as_numbers(condition: Expr) -> bool | None:
    """Compute a closed condition; None where it holds in some places only."""
    from astragal.compile import evaluate

    value = np.asarray(evaluate(condition))
    return True if value.all() else False if not value.any() else None
