"""From a model and its observed variables to a sampler: the search and its explanation."""

from __future__ import annotations

from astragal.derive.sampler import Conditional, Sampler, Step, UsedRelation

__all__ = ["Conditional", "Sampler", "Step", "UsedRelation"]
