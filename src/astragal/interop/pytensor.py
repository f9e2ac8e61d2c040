"""PyTensor graphs as models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr
from astragal.interop.reader import Reader, Reading
from astragal.model import Model


def from_pytensor(
    variables: Mapping[str, Any] | Sequence[Any], observed: Mapping[Any, Any] | None = None
) -> Reading:
    """Read variables of a PyTensor graph, with the random variables that they depend on.

    Parameters
    ----------
    variables
        From name to variable, or variables that have names. Random variables among their
        ancestors come along, under their own name or that of their distribution.
    observed
        Data, by variable or by name.

    Returns
    -------
    Reading
        The model and the observed data, for `astragal.derive`.

    Raises
    ------
    UnsupportedError
        For an operation or a random variable that has no counterpart; the message names it.
    ModelError
        For a variable without a name, or data for one that is not in the model.

    Notes
    -----
    Shared variables become constants, with the value that they have now; inputs stay inputs.
    The generators are not read: a model draws from one key.
    """
    if isinstance(variables, Mapping):
        named = dict(variables)
    else:
        # A variable alone is taken too: one of PyTensor is no sequence.
        listed = list[Any](variables if isinstance(variables, (list, tuple)) else [variables])
        named = {getattr(v, "name", ""): v for v in listed}
        unnamed = next((v for v in listed if getattr(v, "name", "") is None), None)
        if unnamed is not None:
            raise ModelError(f"{unnamed} has no name: give variables by name")
    for name, v in named.items():
        if not (hasattr(v, "owner") and hasattr(v, "type")):
            what = f"variable {name!r}" if name else "a variable"
            raise ModelError(
                f"from_pytensor: {what} is a {type(v).__name__}, expected one of PyTensor"
            )
    given = dict(observed or {})
    extra = [v for v in given if not isinstance(v, str)]
    reader = Reader([*named.values(), *extra])
    known = {id(v): name for name, v in named.items()}
    for v in reader.random:
        if id(v) not in known:
            name = v.name or _fresh(v.owner.op, named)
            if name in named:
                raise ModelError(f"two variables are called {name!r}: give them names that differ")
            known[id(v)] = name
            named[name] = v
    # In the order in which they depend on each other.
    order = {id(v): i for i, v in enumerate(o for n in reader.nodes for o in n.outputs)}
    ordered = sorted(named.items(), key=lambda item: order.get(id(item[1]), -1))
    model = Model(_once({n: x for name, v in ordered for n, x in reader.named(name, v).items()}))
    data: dict[str, np.ndarray[Any, Any]] = {}
    for v, value in given.items():
        label = v if isinstance(v, str) else known.get(id(v))
        if label is None or label not in named:
            raise ModelError(f"data for {v}, which is no variable of the model")
        data |= reader.data(label, named[label], value)
    return Reading(model, data, {}, {})


def _fresh(op: Any, taken: Mapping[str, Any]) -> str:
    base = getattr(op, "name", None) or type(op).__name__
    return next(n for i in range(1, 1 + len(taken) + 1) if (n := f"{base}_{i}") not in taken)


def _once(variables: dict[str, Expr]) -> dict[str, Expr]:
    """Without further names of a variable that has one."""
    seen: set[Expr] = set()
    return {n: x for n, x in variables.items() if not (x in seen or seen.add(x))}  # type: ignore[func-returns-value]
