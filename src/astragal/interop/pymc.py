"""PyMC models as models of Astragal."""

from __future__ import annotations

from typing import Any

from astragal.compile import evaluate
from astragal.graph.expr import Expr
from astragal.interop.reader import Reader, Reading
from astragal.model import Model
from astragal.random.improper import factor


def from_pymc(model: Any) -> Reading:
    """Read a PyMC model: its random variables, deterministic ones, potentials and data.

    Parameters
    ----------
    model
        A ``pymc.Model``.

    Returns
    -------
    Reading
        The model and its observed data, for `astragal.derive`, and the names and labels of
        dimensions.

    Raises
    ------
    UnsupportedError
        For an operation or a distribution that has no counterpart; the message names it and
        the variable.

    Notes
    -----
    Data containers become constants, with the value that they have now. A potential becomes a
    factor. Transformations are not read: Astragal finds its own.
    """
    potentials = {v.name: v for v in model.potentials}
    random = [*model.free_RVs, *model.observed_RVs]
    values = [model.rvs_to_values[v] for v in model.observed_RVs]
    reader = Reader([*random, *model.deterministics, *potentials.values(), *values])
    place = {id(v): i for i, v in enumerate(o for n in reader.nodes for o in n.outputs)}
    named: dict[str, Expr] = {}
    for v in sorted([*random, *model.deterministics], key=lambda v: place[id(v)]):
        x = reader[v]
        if not any(x is other for other in named.values()):
            named[v.name] = x
    named |= {name: factor(reader[v]) for name, v in potentials.items()}
    data = {
        v.name: evaluate(reader[value]) for v, value in zip(model.observed_RVs, values, strict=True)
    }
    dims = {n: tuple(d) for n, d in model.named_vars_to_dims.items() if n in named}
    coords = {n: tuple(c) for n, c in model.coords.items() if c is not None}
    return Reading(Model(named), data, dims, coords)
