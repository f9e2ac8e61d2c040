"""Draws of the joint law of a model, and what is compared of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from astragal.compile import function
from astragal.density.joint import factorise
from astragal.derive.sampler import Sampler
from astragal.graph.errors import ModelError, require_count
from astragal.graph.expr import Expr, describe
from astragal.graph.literal import scalar
from astragal.graph.traverse import substitute
from astragal.ops.creation import input
from astragal.random.improper import FACTOR
from astragal.random.keys import fold_in, split
from astragal.sample.calibrate.verdict import Array, CalibrationError


def has_factor(sampler: Sampler) -> bool:
    """Whether the joint law is that of the random variables times something else."""
    return any(x.op is FACTOR for x in sampler.model.variables.values())


def log_weight(sampler: Sampler, values: Mapping[str, Expr]) -> Expr:
    """Log of what the factors of the model weigh a draw of its variables with."""
    joint = factorise(sampler.augmented or sampler.model, sampler.observed, name_all=True)
    total = scalar(0.0, "float64")
    for name, x in joint.model.variables.items():
        if x.op is FACTOR:
            total = total + joint.jacobians[name]
    return substitute([total], {c: values[n] for n, c in joint.coordinates.items()})[0]


def joint_draw(sampler: Sampler, k: Expr) -> dict[str, Expr]:
    """One draw of all variables, as expressions of a key."""
    model = sampler.augmented or sampler.model
    joint = factorise(model, sampler.observed, name_all=True)
    named = dict(joint.model.variables)
    sources = {f.name: f.source for f in joint.factors if f.name in sampler.latent_names}
    named = {**sources, **named}
    roots = model.keys
    keys = [k] if len(roots) == 1 else list(split(k, len(roots)))
    new = substitute(named.values(), dict(zip(roots, keys, strict=True)))
    return dict(zip(named, new, strict=True))


def quantities(
    sampler: Sampler, state: Mapping[str, Expr], data: Mapping[str, Expr]
) -> dict[str, Expr]:
    """What is compared: latent scalars, log prior, log likelihood, log joint."""
    joint = factorise(sampler.augmented or sampler.model, sampler.observed, name_all=True)
    whole = {**state, **data}
    mapping = {c: whole[n] for n, c in joint.coordinates.items()}
    observed = set(sampler.observed)
    prior = [f.total for f in joint.factors if f.name not in observed]
    likelihood = [f.total for f in joint.factors if f.name in observed]
    out = {n: _first(state[n]) for n in sampler.latent_names}
    sums = {"log prior": prior, "log likelihood": likelihood}
    for name, terms in sums.items():
        if terms:
            total = terms[0]
            for t in terms[1:]:
                total = total + t
            out[name] = substitute([total], mapping)[0]
    out["log joint"] = substitute([joint.total], mapping)[0]
    return out


def _first(x: Expr, most: int = 8) -> Expr:
    """The first scalars of an array: more would cost power and tell little."""
    return x.reshape(-1)[:most] if x.shape else x


MOST_TRIES = 1000
"""Draws of the joint law until the constraints of a model hold."""


def truths(sampler: Sampler) -> Callable[[Any], dict[str, Array]]:
    """Draw all variables given a key, again until the constraints hold."""
    root, attempt = input("key", dtype="key"), input("attempt", dtype="int64")
    whole = joint_draw(sampler, fold_in(root, attempt) if has_factor(sampler) else root)
    weight = log_weight(sampler, whole)
    draw = function([root, attempt], [whole, weight], backend="numpy")

    def truth(k: Any) -> dict[str, Array]:
        for i in range(MOST_TRIES):
            drawn, log_weight = draw(k, i)
            if log_weight == 0.0:
                return {n: np.asarray(v) for n, v in drawn.items()}
            if log_weight != -np.inf:
                raise ModelError(
                    "ranks: the model has a factor that is no constraint, and no draws of its "
                    "joint law are known; start_at_truth weighs draws of the model without it"
                )
        raise CalibrationError(f"no draw of {MOST_TRIES} meets the constraints of the model")

    return truth


def check(sampler: object, **counts: object) -> None:
    """Refuse what is no sampler, and counts that are none."""
    if not isinstance(sampler, Sampler):
        raise ModelError(
            f"a calibration takes the sampler that derive gives, got {describe(sampler)}"
        )
    for name, given in counts.items():
        require_count("calibration", name, given, 1)
