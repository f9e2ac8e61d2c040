"""The book of identities: pages of relations, in reading order."""

from astragal import Relation
from astragal.rewrites import (
    affine,
    circles,
    conjugacy,
    conjugate_rates,
    convolutions,
    counts,
    powers,
    quotients,
    samples,
    special_cases,
    squares,
    standard,
)

PAGES = (
    standard,
    special_cases,
    convolutions,
    conjugacy,
    powers,
    squares,
    quotients,
    circles,
    counts,
    affine,
    samples,
    conjugate_rates,
)
"""The table of contents."""

BOOK = tuple(v for page in PAGES for v in vars(page).values() if isinstance(v, Relation))
"""Every relation, in reading order."""
