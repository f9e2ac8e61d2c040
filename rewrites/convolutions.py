r"""Convolutions: sums of independent variables that stay in their family.

    X ~ Normal(m₁, s₁)        Y ~ Normal(m₂, s₂)        independent
    ────────────────────────────────────────────────────────────────
    X + Y ~ Normal(m₁ + m₂, √(s₁² + s₂²))

Characteristic functions multiply: exp(i t m - s² t² / 2) has its exponents added, so
means and variances add.
"""

from astragal import Key, relation, split, sqrt
from astragal.random import normal


@relation("in law", source="Casella & Berger 2002, Thm 5.2.6")
def normal_convolution(k: Key, m1, s1, m2, s2):
    """The sum of two independent normals is normal: means add, and variances add."""
    k1, k2 = split(k)
    return (
        normal(k1, m1, s1) + normal(k2, m2, s2),
        normal(k, m1 + m2, sqrt(s1**2 + s2**2)),
    )
