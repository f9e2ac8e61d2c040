"""The book of identities: pages of relations, in reading order."""

from astragal import Relation
from astragal.rewrites import (
    affine,
    augmentation,
    building_blocks,
    circles,
    conditioning,
    conjugacy,
    conjugate_normals,
    conjugate_probabilities,
    conjugate_rates,
    conjugate_vectors,
    convolutions,
    counts,
    extremes,
    finite_mixtures,
    generalizations,
    linear_gaussian,
    mixtures,
    order_statistics,
    powers,
    quotients,
    random_sums,
    samples,
    shares_and_matrices,
    special_cases,
    squares,
    standard,
)

PAGES = (
    standard,
    special_cases,
    generalizations,
    affine,
    convolutions,
    random_sums,
    powers,
    squares,
    quotients,
    circles,
    counts,
    order_statistics,
    extremes,
    samples,
    mixtures,
    finite_mixtures,
    conditioning,
    building_blocks,
    conjugacy,
    conjugate_rates,
    conjugate_probabilities,
    conjugate_normals,
    conjugate_vectors,
    linear_gaussian,
    shares_and_matrices,
    augmentation,
)
"""The table of contents."""

BOOK = tuple(v for page in PAGES for v in vars(page).values() if isinstance(v, Relation))
"""Every relation, in reading order."""
