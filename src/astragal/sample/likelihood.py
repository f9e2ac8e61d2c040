"""Pointwise log likelihoods and log priors of posterior draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from astragal.compile.function import function
from astragal.compile.simplify import simplify
from astragal.density.factors import Factor, Joint
from astragal.density.joint import factorise
from astragal.derive.sampler import Sampler
from astragal.graph.errors import ModelError, UnsupportedError
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.traverse import substitute, toposort
from astragal.ops.control import scan
from astragal.ops.creation import input
from astragal.sample.groups import with_groups

if TYPE_CHECKING:
    import xarray as xr

GROUPS = ("log_likelihood", "log_prior")


class Pointwise(NamedTuple):
    """Log densities element by element, as expressions of the coordinates of a joint law."""

    joint: Joint
    log_likelihood: dict[str, Expr]
    log_prior: dict[str, Expr]


def pointwise(sampler: Sampler) -> Pointwise:
    """Write the log density of every observed and every latent variable, element by element.

    Raises
    ------
    UnsupportedError
        For data that are a function of random variables whose change of volume is no sum over
        the data: it belongs to none of them.
    """
    joint = factorise(sampler.model, sampler.observed, name_all=True)
    data = {joint.coordinates[n]: n for n in sampler.observed if n in joint.coordinates}
    parts: dict[str, list[tuple[Factor, Expr]]] = {}
    prior: dict[str, Expr] = {}
    for f in joint.factors:
        seen = [data[x] for x in toposort([f.value]) if x in data]
        if not seen:
            prior[f.name] = f.guarded
            continue
        label = seen[0] if len(seen) == 1 else f.name
        parts.setdefault(label, []).append((f, f.guarded))
    likelihood: dict[str, Expr] = {}
    for label, terms in parts.items():
        for f, x in terms:
            likelihood[label if len(terms) == 1 else f.name] = _with_volume(joint, label, x)
    return Pointwise(joint, likelihood, prior)


def _with_volume(joint: Joint, name: str, density: Expr) -> Expr:
    """The density of data that are a function of a random variable, each with its own slope."""
    if name not in joint.jacobians:
        return density
    (slope,) = simplify([joint.jacobians[name]])
    if is_constant(slope) and not value_of(slope).any():
        return density
    if slope.op.name == "sum" and slope.args[0].shape == density.shape:
        each: Expr = slope.args[0]
        return density + each
    if density.shape == ():
        return density + slope
    raise UnsupportedError(
        f"the log likelihood of {name!r} has a term that belongs to no single element of the data"
    )


def log_likelihood(
    sampler: Sampler,
    draws: xr.DataTree,
    *,
    backend: str = "numba",
    groups: Iterable[str] = ("log_likelihood",),
) -> xr.DataTree:
    """Compute the log likelihood of every observation at every posterior draw.

    Parameters
    ----------
    sampler
        What `astragal.derive` gave.
    draws
        What `Sampler.sample` gave; the data are those that it was run with.
    backend
        Where to compute.
    groups
        ``"log_likelihood"``; ``"log_prior"`` for the log densities of the latent variables.

    Returns
    -------
    xarray.DataTree
        The draws, with the groups ``log_likelihood`` (and ``log_prior``), which
        ``arviz_stats.loo``, ``compare`` and ``psense`` read. A vector that is one draw, such
        as a multivariate normal one, is one observation. Weights (`astragal.factor`) belong
        to neither.

    Raises
    ------
    ModelError
        Where the draws lack a variable that the likelihood depends on.
    UnsupportedError
        Where the likelihood is no sum over observations.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.key(0))
    >>> rate = ag.random.gamma(k[0], 2.0, rate=4.0)
    >>> model = ag.Model({"rate": rate, "y": ag.random.poisson(k[1], rate, size=3)})
    >>> sampler = ag.derive(model, {"y": [0, 1, 3]})
    >>> draws = sampler.sample(draws=100, backend="numpy", progress=False)
    >>> draws = sampler.log_likelihood(draws, backend="numpy")
    >>> draws["log_likelihood"]["y"].shape
    (4, 100, 3)
    """
    written = pointwise(sampler)
    unknown = [g for g in groups if g not in GROUPS]
    if unknown:
        raise ModelError(f"no group {unknown[0]!r}; there are {', '.join(GROUPS)}")
    wanted: dict[str, dict[str, Expr]] = {g: getattr(written, g) for g in groups}
    outputs = [x for part in wanted.values() for x in part.values()]
    names = {x: n for n, x in written.joint.coordinates.items()}
    reads = [x for x in toposort(outputs) if x in names]
    unread = [x for x in toposort(outputs) if x.op is INPUT and x not in names]
    if unread:
        raise ModelError(f"the likelihood reads {unread[0].args[0]!r}, which has no value")
    data = dict(sampler.observed)
    if "observed_data" in draws.children:
        group = draws["observed_data"].dataset
        data |= {n: np.asarray(group[n]) for n in data if n in group}
    latent = {x: names[x] for x in reads if names[x] not in data}
    given = {x: data[names[x]] for x in reads if names[x] in data}
    found = iter(_over_draws(outputs, latent, given, draws, backend))
    made = {g: {n: next(found) for n in part} for g, part in wanted.items()}
    return with_groups(draws, sampler.model, made)


def _over_draws(
    outputs: list[Expr],
    latent: Mapping[Expr, str],
    data: Mapping[Expr, Any],
    draws: xr.DataTree,
    backend: str,
) -> list[np.ndarray[Any, Any]]:
    """Evaluate expressions at every draw."""
    posterior = draws["posterior"].dataset
    missing = [n for n in latent.values() if n not in posterior]
    if missing:
        raise ModelError(f"the draws lack {missing[0]!r}, on which the likelihood depends")
    chains, count = posterior.sizes["chain"], posterior.sizes["draw"]
    # A sequence of its own, so that the number of draws is no part of the graph.
    places = input("places", (None,), "int64")
    inputs = {x: input(f"draws {n}", (None, *x.shape), x.dtype) for x, n in latent.items()}
    flat = [np.asarray(posterior[n]) for n in latent.values()]
    flat = [v.reshape(chains * count, *v.shape[2:]) for v in flat]

    def one(carry: Any, x: Any) -> tuple[Any, list[Expr]]:
        return carry, list(substitute(outputs, dict(zip(inputs, x[1:], strict=True))))

    _, out = scan(one, [], [places, *inputs.values()])
    run = function([places, *inputs.values(), *data], list(out), backend=backend)
    values = [np.asarray(v) for v in run(np.arange(chains * count), *flat, *data.values())]
    return [v.reshape(chains, count, *v.shape[1:]) for v in values]
