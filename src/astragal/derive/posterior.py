"""The posterior as a model: for predictions in closed form, and as a prior for more data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from astragal.density.given import given, places
from astragal.density.joint import factorise
from astragal.derive.sampler import Sampler
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import constant
from astragal.graph.traverse import substitute
from astragal.graph.types import KeyType
from astragal.model import ROOT, Model
from astragal.random.keys import DEFAULT, split


def posterior_model(sampler: Sampler, observed: Mapping[str, Any] | None = None) -> Model:
    """Write an exact posterior as a model of the same names.

    Parameters
    ----------
    sampler
        With independent draws.
    observed
        Other data of the same shapes, by name.

    Returns
    -------
    Model
        The latent variables follow their law given the data; what was observed is new data
        of the same kind.

    Raises
    ------
    UnsupportedError
        Where the posterior is not exact.
    """
    if not sampler.exact:
        raise UnsupportedError(
            "the posterior is a model where it is exact; this sampler's steps are "
            f"{', '.join(s.kind for s in sampler.steps)}"
        )
    root = INPUT(ROOT, KeyType(DEFAULT, ()))
    keys = split(root, len(sampler.steps) + 1)
    data: dict[str, Expr] = {n: constant(v) for n, v in sampler.check_data(observed or {}).items()}
    state: dict[str, Expr] = dict(data)
    for i, step in enumerate(sampler.steps):
        state |= step.update(keys[i], state)
    joint = factorise(sampler.model, sampler.observed, name_all=True)
    factors = [f for f in joint.factors if f.name in sampler.latent_names]
    roots = sampler.model.keys
    last = keys[len(sampler.steps)]
    own = [last] if len(roots) == 1 else list(split(last, len(roots)))
    # The model's keys first: what is put in place of the latents has keys of its own.
    mapping = dict(zip(roots, own, strict=True))
    model = substitute(joint.model.variables.values(), mapping)
    sources = substitute([f.source for f in factors], mapping)
    latent = {x: state[f.name] for x, f in zip(sources, factors, strict=True)}
    variables = dict(zip(sampler.model.variables, given(model, places(latent)), strict=True))
    return sampler.model.like(variables | {n: state[n] for n in sampler.latent_names})
