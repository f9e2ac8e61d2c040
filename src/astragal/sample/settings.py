"""The settings of a run, checked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astragal.graph.errors import ModelError, require_count

FURTHER = ("log_likelihood", "log_prior", "posterior_predictive", "prior", "prior_predictive")
"""Groups that a run computes where it is asked to."""


@dataclass(frozen=True)
class Settings:
    """What `astragal.sample.run` was asked for.

    Raises
    ------
    ModelError
        For a count that is none, or a group that there is not.
    """

    seed: int
    draws: int
    warmup: int
    chains: int
    thin: int
    backend: str
    keep_warmup: bool
    groups: tuple[str, ...]
    target_accept: float
    workers: int | None

    def __post_init__(self) -> None:
        counts = {"draws": 1, "warmup": 0, "chains": 1, "thin": 1, "workers": 1}
        for name, least in counts.items():
            # Counts reach this place from files and command lines too.
            given: object = getattr(self, name)
            if name == "workers" and given is None:
                continue
            require_count("sample", name, given, least)
        target: object = self.target_accept
        if not isinstance(target, (int, float, np.floating)) or not 0.0 < float(target) < 1.0:
            raise ModelError(
                f"sample: target_accept is {target!r}, expected a number between 0 and 1"
            )
        for group in self.groups:
            if group not in FURTHER:
                raise ModelError(f"sample: no group {group!r}; there are {', '.join(FURTHER)}")

    @property
    def total(self) -> int:
        """Iterations of a chain."""
        return int(self.warmup + self.draws * self.thin)
