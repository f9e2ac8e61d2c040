"""PyMC models as models of Astragal."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from astragal.compile import evaluate
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.interop.compound import Series
from astragal.interop.reader import Reader, Reading
from astragal.model import Model
from astragal.random.improper import constrain, factor


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
    factor. Astragal finds transformations of its own; one that makes a variable ordered
    becomes a constraint ``NAME_ordered``. A random walk or an autoregression ``x`` is read as its
    first values ``x_init``, those after them ``x_steps``, and both joined, ``x``; where it is
    observed, the data are those of the two parts.

    Examples
    --------
    .. code-block:: python

        reading = from_pymc(pymc_model)
        draws = ag.derive(reading.model, reading.observed).sample()
        draws["posterior"]["theta"].sel(school="A")  # dims and coords of the PyMC model
    """
    potentials = {v.name: v for v in model.potentials}
    random = [*model.free_RVs, *model.observed_RVs]
    values = [model.rvs_to_values[v] for v in model.observed_RVs]
    reader = Reader([*random, *model.deterministics, *potentials.values(), *values])
    place = {id(v): i for i, v in enumerate(o for n in reader.nodes for o in n.outputs)}
    named: dict[str, Expr] = {}
    data = {
        v.name: evaluate(reader[value]) for v, value in zip(model.observed_RVs, values, strict=True)
    }
    for v in sorted([*random, *model.deterministics], key=lambda v: place[id(v)]):
        x = reader[v]
        if (series := reader.series.get(id(v))) is not None:
            named |= {f"{v.name}_init": series.init, f"{v.name}_steps": series.steps}
            if v.name in data:
                _split(data, v.name, series)
                continue
        if not any(x is other for other in named.values()):
            named[v.name] = x
    named |= _restrictions(model, reader)
    named |= {name: factor(reader[v]) for name, v in potentials.items()}
    constants = {v.name: reader[v] for v in model.data_vars}
    known = {**named, **constants}
    dims = {n: tuple(d) for n, d in model.named_vars_to_dims.items() if n in known}
    coords = {n: tuple(c) for n, c in model.coords.items() if c is not None}
    made = Model(named, dims=dims, coords=coords, constants=constants)
    return Reading(made, data, made.dims, made.coords)


def _split(data: dict[str, Any], name: str, series: Series) -> None:
    """Give the data of a path to its first values and those after them."""
    whole = data.pop(name)
    first = series.init.shape[0] if series.init.shape else 1
    head = whole[:first] if series.init.shape else whole[0]
    data |= {f"{name}_init": head, f"{name}_steps": whole[first:]}


def _restrictions(model: Any, reader: Reader) -> dict[str, Expr]:
    """What transformations say beside a change of coordinates: that values are ordered.

    Raises
    ------
    UnsupportedError
        For a transformation of another kind than the variable's own: it may leave out values.
    """
    # PyMC is there, since the model is its own; type checkers need not have it.
    own_transform = import_module("pymc.distributions.transforms")._default_transform
    out: dict[str, Expr] = {}
    for v in model.free_RVs:
        own = {type(None), type(own_transform(v.owner.op, v))}
        transform = model.rvs_to_transforms.get(v)
        for t in getattr(transform, "transform_list", [transform]):
            name = type(t).__name__
            if name == "Ordered":
                x = reader[v] if getattr(t, "ascending", True) else -reader[v]
                rising = x[..., 1:] > x[..., :-1]
                out[f"{v.name}_ordered"] = constrain(rising)
                if t.positive:
                    out[f"{v.name}_positive"] = constrain(reader[v] > 0.0)
            elif type(t) not in own:
                raise UnsupportedError(
                    f"variable {v.name!r} has the transformation {name}, which is not read"
                )
    return out
