"""From a model and its observed variables to a sampler: the search and its explanation."""

from __future__ import annotations

from astragal.derive.check import DerivationError
from astragal.derive.sampler import Sampler
from astragal.derive.search import derive
from astragal.derive.steps import Conditional, Step, UsedRelation

__all__ = ["Conditional", "DerivationError", "Sampler", "Step", "UsedRelation", "derive"]
