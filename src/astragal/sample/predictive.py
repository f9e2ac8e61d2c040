"""Predictions: data drawn from the model, given posterior draws or given nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.compile import evaluate, function
from astragal.density.given import given, places
from astragal.density.joint import factorise
from astragal.derive.sampler import Sampler
from astragal.graph.errors import ModelError, ShapeError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import compatible
from astragal.graph.traverse import substitute
from astragal.graph.types import show_shape
from astragal.model import Model
from astragal.ops.control import scan
from astragal.ops.creation import arange, input
from astragal.random.keys import fold_in, key, split
from astragal.sample.groups import as_tree, with_groups

if TYPE_CHECKING:
    import xarray as xr

_PREDICTIONS = 0x70726564
"""Keeps the keys of predictions apart from those of chains."""


def predict(
    sampler: Sampler,
    draws: xr.DataTree,
    *,
    names: Iterable[str] | None = None,
    model: Model | None = None,
    seed: int = 0,
    backend: str = "numba",
) -> xr.DataTree:
    """Draw new data, one set for each posterior draw.

    Parameters
    ----------
    sampler
        What `astragal.derive` gave.
    draws
        What `Sampler.sample` gave.
    names
        Variables to draw; by default those that were observed.
    model
        Another model of the same latent variables, such as one of other covariates, or
        with an intervention (`Model.do`); by default the sampler's own.
    seed
        Equal seeds give equal predictions.
    backend
        Where to compute.

    Returns
    -------
    xarray.DataTree
        The draws, with a further group: ``posterior_predictive``, or ``predictions`` where
        another model is given.

    Raises
    ------
    ModelError
        For a name that the model has not, or a latent variable that it lacks.
    ShapeError
        For a latent variable of another shape in the other model.
    """
    target = sampler.model if model is None else model
    wanted = list(sampler.observed) if names is None else list(names)
    if model is None:
        joint = factorise(target, sampler.observed, name_all=True)
        target = joint.model
        sources = {f.name: f.source for f in joint.factors}
        where = {n: sources[n] for n in sampler.latent_names if n in sources}
    else:
        where = _places(sampler, target)
    outputs = {n: target[n] for n in wanted}
    posterior = draws["posterior"].dataset
    lacking = [n for n in where if n not in posterior]
    if lacking:
        raise ModelError(f"the draws lack {lacking[0]!r}, on which the predictions depend")
    latent = {n: np.asarray(posterior[n]) for n in where}
    chains, count = posterior.sizes["chain"], posterior.sizes["draw"]
    flat = {n: v.reshape(chains * count, *v.shape[2:]) for n, v in latent.items()}
    inputs = {n: input(n, (None, *x.shape), x.dtype) for n, x in where.items()}
    keys = input("keys", shape=(None,), dtype="key")

    def one(carry: Any, x: Any) -> tuple[Any, list[Expr]]:
        k, values = x[0], dict(zip(where, x[1:], strict=True))
        new = given(outputs.values(), places({where[n]: v for n, v in values.items()}))
        roots = target.keys
        own = [k] if len(roots) == 1 else list(split(k, len(roots)))
        return carry, list(substitute(new, dict(zip(roots, own, strict=True))))

    _, out = scan(one, [], [keys, *inputs.values()])
    run = function([keys, *inputs.values()], list(out), backend=backend)
    each = evaluate(fold_in(fold_in(key(seed), _PREDICTIONS), arange(chains * count)))
    drawn = [np.asarray(v) for v in run(each, *flat.values())]
    group = "posterior_predictive" if model is None else "predictions"
    arrays = {n: v.reshape(chains, count, *v.shape[1:]) for n, v in zip(wanted, drawn, strict=True)}
    return with_groups(draws, target, {group: arrays})


def _places(sampler: Sampler, target: Model) -> dict[str, Expr]:
    """Find where the values of latent variables stand in another model's graph."""
    out = {}
    for n in sampler.latent_names:
        if n not in target:
            raise ModelError(f"the other model lacks the latent variable {n!r}; name it there too")
        if not compatible(target[n].type, sampler.types[n]):
            raise ShapeError(
                f"{n!r} has shape {show_shape(target[n].shape)} in the other model, and its "
                f"draws have {show_shape(sampler.types[n].shape)}"
            )
        out[n] = target[n]
    return out


def prior(
    sampler: Sampler, *, draws: int = 500, seed: int = 0, backend: str = "numba"
) -> xr.DataTree:
    """Draw all variables from the model, as if nothing were observed.

    Parameters
    ----------
    sampler
        What `astragal.derive` gave.
    draws, seed, backend
        As for `astragal.Model.sample_prior`.

    Returns
    -------
    xarray.DataTree
        Groups ``prior``, and ``prior_predictive`` of what was observed.
    """
    drawn = sampler.model.sample_prior(seed=seed, draws=draws, backend=backend)
    groups: dict[str, dict[str, Any]] = {"prior": {}, "prior_predictive": {}}
    for n, v in drawn.items():
        groups["prior_predictive" if n in sampler.observed else "prior"][n] = v[None]
    return as_tree(sampler.model, groups)
