r"""Priors that are generalised inverse Gaussian laws under another name.

    θ has density ∝ θ^(p-1) exp(-(a θ + b / θ) / 2)
    ───────────────────────────────────────────────────────────────────────
    y_i | θ ∝ θ^c exp(-θ T(y_i))        θ | y ~ GIG(p + n c, a + 2 Σ T, b)
    y_i | θ ∝ θ^-c exp(-T(y_i) / θ)     θ | y ~ GIG(p - n c, a, b + 2 Σ T)

Gamma, exponential and chi-square laws have b = 0, inverse gamma laws have a = 0, an inverse
Gaussian law has p = -1/2: a prior of any of these names, of a rate or of a scale, leads to a
posterior with both a and b. The laws of the data are those of the table in `conjugate_rates`
that are met most.

Example: an inverse Gaussian prior on a variance.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_gig import disguised_scale_once
>>> k1, k2 = ag.split(ag.key(1))
>>> v = ag.random.inverse_gaussian(k1, 2.0, 3.0)
>>> y = ag.random.normal(k2, 0.0, ag.sqrt(v))
>>> posterior, _ = disguised_scale_once.forward((v, y))
>>> posterior.op.name
'generalized_inverse_gaussian'
"""

from collections.abc import Callable
from typing import Any

from astragal import Expr, Family, Integer, Key, relation, sum
from astragal.random import (
    chi_square,
    exponential,
    gamma,
    generalized_inverse_gaussian,
    inverse_gamma,
    inverse_gaussian,
    laplace,
    lognormal,
    normal,
    poisson,
    rayleigh,
    weibull,
)
from astragal.rewrites.conjugate_rates import OfRate, OfScale, gig

JORGENSEN = "Jorgensen 1982, section 3"

MET_MOST = (
    (normal, "scale"),
    (exponential, "rate"),
    (gamma, "rate"),
    (weibull, "scale"),
    (laplace, "scale"),
    (lognormal, "sigma"),
    (rayleigh, "scale"),
)


class CommonRate(OfRate):
    """Laws of a rate that are met most."""

    words = "a common law of a rate θ"
    listed = MET_MOST


class CommonScale(OfScale):
    """The same laws, of a scale."""

    words = "a common law of a scale θ"
    listed = MET_MOST


# p, a and b of each.
POWERS: dict[str, Callable[..., tuple[Any, Any, Any]]] = {
    "generalized_inverse_gaussian": lambda p, c, s: (p, c / s, c * s),
    "inverse_gaussian": lambda m, s: (-0.5, s / m**2, s),
    "gamma": lambda α, β: (α, 2 * β, 0.0),
    "exponential": lambda r: (1.0, 2 * r, 0.0),
    "chi_square": lambda d: (d / 2, 1.0, 0.0),
    "inverse_gamma": lambda α, s: (-α, 0.0, 2 * s),
}


class Disguised(Family):
    """Laws of density θ^(p-1) exp(-(a θ + b / θ) / 2)."""

    words = "a generalised inverse Gaussian law"

    def power(self, i: int) -> Any:
        """Give p, a or b."""
        name = self.member.name if self.member else "gamma"
        return self.written("pab"[i], lambda *own: POWERS[name](*own)[i])

    def updated(self, more: Any, rate: Any, scale: Any) -> tuple[Expr, Expr, Expr]:
        """Add to the power and to the two rates."""
        return self.power(0) + more, self.power(1) + 2 * rate, self.power(2) + 2 * scale


class DisguisedWithRate(Disguised):
    """Those that have an a."""

    words = "a generalised inverse Gaussian law with a > 0"
    listed = (
        (inverse_gaussian, ""),
        (exponential, ""),
        (chi_square, ""),
    )


class DisguisedWithScale(Disguised):
    """Those that have a b."""

    words = "a generalised inverse Gaussian law with b > 0"
    listed = ((inverse_gaussian, ""),)


class AnyWithRate(Disguised):
    """All of them that have an a."""

    words = "a generalised inverse Gaussian law with a > 0"
    listed = (
        (generalized_inverse_gaussian, ""),
        (gamma, ""),
        *DisguisedWithRate.listed,
    )


class AnyWithScale(Disguised):
    """All of them that have a b."""

    words = "a generalised inverse Gaussian law with b > 0"
    listed = (
        (generalized_inverse_gaussian, ""),
        (inverse_gamma, ""),
        *DisguisedWithScale.listed,
    )


@relation("conditional", source=JORGENSEN)
def disguised_scale_sample(kθ: Key, ky: Key, P: DisguisedWithRate, D: CommonScale, n: Integer):
    """A prior of this form on a scale, and a sample."""
    θ = P(kθ)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, *P.updated(-n * D.count(), 0.0, sum(D.statistic(y)))), y


@relation("conditional", source=JORGENSEN)
def disguised_scale_once(kθ: Key, ky: Key, P: AnyWithRate, D: CommonScale):
    """The same of one observation."""
    θ = P(kθ)
    y = D(ky, θ)
    yield θ, y
    yield gig(kθ, *P.updated(-1 * D.count(), 0.0, D.statistic(y))), y


@relation("conditional", source=JORGENSEN)
def disguised_rate_sample(kθ: Key, ky: Key, P: DisguisedWithScale, D: CommonRate, n: Integer):
    """A prior of this form on a rate, and a sample."""
    θ = P(kθ)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, *P.updated(n * D.count(), sum(D.statistic(y)), 0.0)), y


@relation("conditional", source=JORGENSEN)
def disguised_rate_once(kθ: Key, ky: Key, P: AnyWithScale, D: CommonRate):
    """The same of one observation."""
    θ = P(kθ)
    y = D(ky, θ)
    yield θ, y
    yield gig(kθ, *P.updated(1 * D.count(), D.statistic(y), 0.0)), y


@relation("conditional", source="Sichel 1974, J. R. Stat. Soc. A 137; Jorgensen 1982, section 3")
def disguised_poisson_sample(kθ: Key, ky: Key, P: AnyWithScale, n: Integer):
    """Counts whose mean has a prior of this form."""
    θ = P(kθ)
    y = poisson(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, *P.updated(sum(y), n, 0.0)), y


@relation("conditional", source="Sichel 1974, J. R. Stat. Soc. A 137; Jorgensen 1982, section 3")
def disguised_poisson_once(kθ: Key, ky: Key, P: AnyWithScale):
    """The same of one count."""
    θ = P(kθ)
    y = poisson(ky, θ)
    yield θ, y
    yield gig(kθ, *P.updated(y, 1.0, 0.0)), y
