"""From a model and its observed variables to a sampler: the search and its explanation."""

from __future__ import annotations

from astragal.derive.check import DerivationError
from astragal.derive.sampler import Conditional, Sampler, Step, UsedRelation
from astragal.derive.search import derive

__all__ = ["Conditional", "DerivationError", "Sampler", "Step", "UsedRelation", "derive"]
