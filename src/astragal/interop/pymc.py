"""PyMC models as models of Astragal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from astragal.compile import evaluate
from astragal.graph.errors import ModelError, UnsupportedError
from astragal.graph.expr import Expr
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
    becomes a constraint ``NAME_ordered``. Some variables are read as several, and what these make:
    a random walk or an autoregression ``x`` as its first values ``x_init`` and those after them
    ``x_steps``; the factor of an LKJ covariance as ``x_stds`` and ``x_corr``; a vector with sum
    zero as ``x_free``, one element shorter. Where such a variable is observed, the data are those
    of its parts. Names that are no words become words: ``sub::a`` is read as ``sub_a``.

    Examples
    --------
    .. code-block:: python

        reading = from_pymc(pymc_model)
        draws = ag.derive(reading.model, reading.observed).sample()
        draws["posterior"]["theta"].sel(school="A")  # dims and coords of the PyMC model
    """
    if not hasattr(model, "rvs_to_values"):
        raise ModelError(f"from_pymc takes a pymc.Model, got {type(model).__name__}")
    random = [*model.free_RVs, *model.observed_RVs]
    values = [model.rvs_to_values[v] for v in model.observed_RVs]
    reader = Reader([*random, *model.deterministics, *model.potentials, *values])
    place = {id(v): i for i, v in enumerate(o for n in reader.nodes for o in n.outputs)}
    known = _words([*model.named_vars, *(v.name for v in random)])
    named: dict[str, Expr] = {}
    data: dict[str, Any] = {}
    for v, value in zip(model.observed_RVs, values, strict=True):
        data |= reader.data(known[v.name], v, evaluate(reader[value]))
    for v in sorted([*random, *model.deterministics], key=lambda v: place[id(v)]):
        # PyMC computes x_stds and x_corr from a Cholesky factor x: here they are its parts.
        for name, x in reader.named(known[v.name], v).items():
            seen = name in named or any(x is other for other in named.values())
            made_of_data = v in model.observed_RVs and name not in data
            if not (seen or made_of_data):
                named[name] = x
    named |= _restrictions(model, reader)
    named |= {known[v.name]: factor(reader[v]) for v in model.potentials}
    constants = {known[v.name]: reader[v] for v in model.data_vars}
    shown = {*named, *constants}
    labels = {known.get(n, n): tuple(d) for n, d in model.named_vars_to_dims.items()}
    dims = {n: d for n, d in labels.items() if n in shown}
    coords = {n: tuple(c) for n, c in model.coords.items() if c is not None}
    made = Model(named, dims=dims, coords=coords, constants=constants)
    return Reading(made, data, made.dims, made.coords)


def _words(names: Iterable[str]) -> dict[str, str]:
    """Words for names, which in PyMC may have signs and blanks: ``sub::a`` becomes ``sub_a``.

    Raises
    ------
    ModelError
        Where two names become one.
    """
    out: dict[str, str] = {}
    for name in dict.fromkeys(names):
        word = name if name.isidentifier() else re.sub(r"\W+", "_", name).strip("_")
        word = word if word.isidentifier() else f"x_{word}"
        if word in out.values():
            raise ModelError(f"variable {name!r} would be called {word!r}, as another one is")
        out[name] = word
    return out


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
