"""The settings of a run, checked once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from astragal.derive.nuts import DEEPEST
from astragal.graph.errors import DomainError, DTypeError, ModelError, require_count

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
    max_depth: int
    workers: int | None
    checkpoint: str | os.PathLike[str] | None

    def __post_init__(self) -> None:
        counts = {"draws": 1, "warmup": 0, "chains": 1, "thin": 1, "workers": 1}
        for name, least in counts.items():
            # Counts reach this place from files and command lines too.
            given: object = getattr(self, name)
            if name == "workers" and given is None:
                continue
            require_count("sample", name, given, least)
        _check_seed(self.seed)
        _check_depth(self.max_depth)
        _check_directory(self.checkpoint)
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


def names_of(groups: object) -> tuple[str, ...]:
    """Take the names of further groups as a tuple.

    Raises
    ------
    ModelError
        For what is no collection of names; a single name is none.
    """
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise ModelError(
            f"sample: groups is {groups!r:.60}, expected a list of names ({', '.join(FURTHER)})"
        )
    return tuple(groups)


def _check_seed(seed: object) -> None:
    from astragal.random.keys import key

    try:
        key(seed)  # type: ignore[arg-type]
    except (DTypeError, DomainError) as error:
        raise type(error)(f"sample: seed is {seed!r:.60}; {error}") from None


def _check_depth(depth: object) -> None:
    require_count("sample", "max_depth", depth, 1)
    if int(depth) > DEEPEST:  # type: ignore[call-overload]
        raise ModelError(f"sample: max_depth is {depth!r}, expected at most {DEEPEST}")


def _check_directory(given: object) -> None:
    if given is not None and not isinstance(given, (str, os.PathLike)):
        raise ModelError(f"sample: checkpoint is {given!r:.60}, expected the path of a directory")
