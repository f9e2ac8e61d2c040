"""Continuous univariate distributions, by subject.

Log densities follow Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions.
"""

from __future__ import annotations

from astragal.random import augmentation, bounded, lifetimes, positive, powers, real
from astragal.random.distribution import Distribution

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    d
    for page in (real, bounded, positive, powers, lifetimes, augmentation)
    for d in page.DISTRIBUTIONS
)
