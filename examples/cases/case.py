"""What a case is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import astragal as ag
from astragal.derive import Sampler

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A model of the literature.

    Attributes
    ----------
    name
        As in the collection that it is from.
    build
        From data to the model and its observed values.
    prefer, forbid
        Kinds of step to try first, and not to take, where the default is not the best.
    warmup, draws
        A run that is long enough for four chains.
    """

    name: str
    build: Callable[[Data], tuple[ag.Model, dict[str, Any]]]
    prefer: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    warmup: int = 1000
    draws: int = 2000

    def derive(self, data: Data) -> Sampler:
        """Derive the sampler of the case for its data."""
        model, observed = self.build(data)
        return ag.derive(model, observed, prefer=self.prefer, forbid=self.forbid)


def array(data: Data, *names: str) -> list[np.ndarray[Any, Any]]:
    """Take arrays of floating point out of the data."""
    return [np.asarray(data[n], dtype="float64") for n in names]


def integers(data: Data, *names: str) -> list[np.ndarray[Any, Any]]:
    """Take arrays of integers out of the data."""
    return [np.asarray(data[n], dtype="int64") for n in names]
