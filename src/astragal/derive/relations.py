"""Which relations of the book a conjugate step rests on."""

from __future__ import annotations

from collections.abc import Sequence

from astragal.derive.conjugate import Found, Neighbourhood
from astragal.derive.sampler import UsedRelation

# (family of the conditional, distribution of the child): relation, source.
# fmt: off
PAGES: dict[tuple[str, str], tuple[str, str]] = {
    ("gamma", "poisson"):           ("gamma_poisson", "Gelman et al., BDA3, section 2.6"),
    ("gamma", "exponential"):       ("gamma_exponential", "Gelman et al., BDA3, section 2.6"),
    ("gamma", "gamma"):             ("gamma_gamma_rate", "Fink 1997, section 1.2.3"),
    ("gamma", "normal"):            ("gamma_normal_precision", "Gelman et al., BDA3, section 2.6"),
    ("beta", "bernoulli"):          ("beta_bernoulli", "Gelman et al., BDA3, section 2.1"),
    ("beta", "binomial"):           ("beta_binomial", "Gelman et al., BDA3, section 2.1"),
    ("beta", "geometric"):          ("beta_geometric", "Fink 1997, section 1.1"),
    ("beta", "negative_binomial"):  ("beta_negative_binomial", "Fink 1997, section 1.1"),
    ("normal", "normal"):           ("normal_normal", "Gelman et al., BDA3, section 2.5"),
    ("multivariate_normal", "normal"): ("normal_linear", "Gelman et al., BDA3, section 14.2"),
    ("normal", "lognormal"):        ("normal_lognormal", "Gelman et al., BDA3, section 2.5"),
    ("inverse_gamma", "normal"):    ("inverse_gamma_normal", "Gelman et al., BDA3, section 2.6"),
    ("dirichlet", "categorical"):   ("dirichlet_categorical", "Gelman et al., BDA3, section 3.4"),
    ("dirichlet", "multinomial"):   ("dirichlet_multinomial", "Gelman et al., BDA3, section 3.4"),
}
# fmt: on


def used_relations(nears: Sequence[Neighbourhood], found: Found) -> tuple[UsedRelation, ...]:
    """Name the identities by which a variable's children turn its prior into the conditional."""
    out: dict[str, UsedRelation] = {}
    for near in nears:
        for f in near.factors:
            if any(f is other.own for other in nears):
                continue
            page = PAGES.get((found.family, f.family))
            name, source = page or (f"{found.family} exponential family", "DESIGN, section 6")
            out.setdefault(name, UsedRelation(name, source, (("y", f.name),)))
    return tuple(out.values())
