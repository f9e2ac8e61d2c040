"""The book of identities: pages of relations, in reading order.

A page is read when it is first asked for: a derivation needs few of them.
"""

import importlib
from types import ModuleType
from typing import Any

from astragal import Relation

CONTENTS = (
    "standard",
    "special_cases",
    "generalizations",
    "affine",
    "convolutions",
    "random_sums",
    "powers",
    "squares",
    "folds",
    "combinations",
    "norms",
    "quotients",
    "circles",
    "counts",
    "trials",
    "dualities",
    "order_statistics",
    "extremes",
    "races",
    "spacings",
    "samples",
    "mixtures",
    "compounds",
    "finite_mixtures",
    "conditioning",
    "totals",
    "truncation",
    "building_blocks",
    "conjugacy",
    "conjugate_rates",
    "conjugate_gig",
    "conjugate_each",
    "conjugate_ends",
    "conjugate_probabilities",
    "conjugate_normals",
    "conjugate_vectors",
    "conjugate_matrices",
    "components",
    "shrinkage",
    "linear_gaussian",
    "processes",
    "shares",
    "matrices",
    "augmentation",
    "latent_variables",
    "flexible",
)
"""The table of contents."""

PAGES: tuple[ModuleType, ...]
"""The pages, all of them read."""
BOOK: tuple[Relation, ...]
"""Every relation, in reading order."""


def __getattr__(name: str) -> Any:
    if name in CONTENTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "PAGES":
        globals()[name] = tuple(importlib.import_module(f"{__name__}.{p}") for p in CONTENTS)
    elif name == "BOOK":
        found = (v for p in __getattr__("PAGES") for v in vars(p).values())
        globals()[name] = tuple(v for v in found if isinstance(v, Relation))
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals()[name]
