"""Where chains start, for users who know a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from astragal.derive.data import as_data
from astragal.derive.sampler import Sampler
from astragal.graph.errors import DomainError, ModelError

Start: TypeAlias = "Mapping[str, Any] | Sequence[Mapping[str, Any]] | None"
Arrays = dict[str, np.ndarray[Any, Any]]


def starts_of(sampler: Sampler, start: object, chains: int) -> list[Arrays]:
    """Check the values that chains are to start at, and give them for each chain.

    Raises
    ------
    ModelError
        For what is no mapping, a list of another length than there are chains, or a name that
        is no latent variable.
    ShapeError, DomainError
        For values of another shape than the variable's, or that it cannot have.
    """
    if start is None:
        return [{} for _ in range(chains)]
    if isinstance(start, Mapping):
        return [_checked(sampler, start)] * chains
    if not isinstance(start, Sequence) or not all(isinstance(s, Mapping) for s in start):
        raise ModelError(
            f"sample: start is {start!r:.60}, expected values by name, or a list of them"
        )
    if len(start) != chains:
        raise ModelError(f"sample: start has {len(start)} mappings, expected one a chain, {chains}")
    return [_checked(sampler, values) for values in start]


def _checked(sampler: Sampler, values: Mapping[str, Any]) -> Arrays:
    from astragal.density.joint import factorise
    from astragal.derive.points import check_support

    out: Arrays = {}
    for name, value in values.items():
        if name not in sampler.latent_names:
            raise ModelError(
                f"sample: start has {name!r}, which no step draws; they draw "
                f"{', '.join(sampler.latent_names)}"
            )
        out[name] = as_data(name, value, sampler.types[name], "start values")
        if not np.isfinite(out[name]).all():
            raise DomainError(
                f"sample: start has {name!r} at {value!r:.60}, expected finite numbers"
            )
    own = {n: v for n, v in out.items() if n in sampler.model}
    check_support(
        factorise(sampler.model, [*sampler.observed, *own], name_all=True), own, "start values"
    )
    return out
