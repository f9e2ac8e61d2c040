"""Pathwise gradients: random variables whose draws are smooth functions of their parameters.

Where a sampler is a sure transformation of noise that does not depend on a parameter, a
draw has a derivative by that parameter: the transformation's, at the noise that the draw
came from, which is recovered from the draw. Kingma & Welling (2014), Auto-encoding
variational Bayes, section 2.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops.gradient.engine import reverse
from astragal.ops.searching import where
from astragal.random.distribution import Distribution, Function, RandomOp, random_parts


@dataclass(frozen=True)
class Pathwise:
    """How draws follow some of the parameters.

    Attributes
    ----------
    parameters
        Names of the parameters that the noise does not depend on.
    transform
        From noise and those parameters to a draw.
    noise
        From a draw and those parameters back to the noise.
    """

    parameters: tuple[str, ...]
    transform: Function
    noise: Function


LOC_SCALE = Pathwise(("loc", "scale"), lambda u, m, s: m + s * u, lambda z, m, s: (z - m) / s)
LOC = Pathwise(("loc",), lambda u, m: m + u, lambda z, m: z - m)
SCALE = Pathwise(("scale",), lambda u, s: s * u, lambda z, s: z / s)
RATE = Pathwise(("rate",), lambda u, r: u / r, lambda z, r: z * r)
POWER = Pathwise(
    ("shape", "scale"),
    lambda u, a, s: s * e.exp(u / a),
    lambda z, a, s: a * e.log(z / s),
)


def _asymmetric(u: Expr, m: Expr, s: Expr, k: Expr) -> Expr:
    square = k * k
    below = square / (1.0 + square)
    upper = -e.log((1.0 - u) * (1.0 + square)) / k
    return m + s * where(u < below, k * e.log(u / below), upper)


def _asymmetric_noise(z: Expr, m: Expr, s: Expr, k: Expr) -> Expr:
    y, square = (z - m) / s, k * k
    lower = square / (1.0 + square) * e.exp(e.minimum(y, 0.0) / k)
    return where(y < 0.0, lower, 1.0 - e.exp(-k * e.maximum(y, 0.0)) / (1.0 + square))


def _triangular(u: Expr, a: Expr, c: Expr, b: Expr) -> Expr:
    width = b - a
    rising = u * width < c - a
    # Each root is taken only where it is used: that of the other side may be of 0.
    first = e.sqrt(where(rising, u * width * (c - a), 1.0))
    second = e.sqrt(where(rising, 1.0, (1.0 - u) * width * (b - c)))
    return where(rising, a + first, b - second)


def _triangular_noise(z: Expr, a: Expr, c: Expr, b: Expr) -> Expr:
    width = b - a
    below = e.square(z - a) / (width * where(z < c, c - a, 1.0))
    return where(z < c, below, 1.0 - e.square(b - z) / (width * where(z < c, 1.0, b - c)))


def _left(c: Expr, x: Expr) -> Expr:
    return linalg.SOLVE_TRIANGULAR(c, x, True, False)


def _vector(u: Expr, m: Expr, cov: Expr) -> Expr:
    return m + (linalg.cholesky(cov) @ u[..., None])[..., 0]


def _vector_noise(z: Expr, m: Expr, cov: Expr) -> Expr:
    return _left(linalg.cholesky(cov), (z - m)[..., None])[..., 0]


def _matrix(u: Expr, m: Expr, rows: Expr, columns: Expr) -> Expr:
    return m + linalg.cholesky(rows) @ u @ linalg.cholesky(columns).mT


def _matrix_noise(z: Expr, m: Expr, rows: Expr, columns: Expr) -> Expr:
    half = _left(linalg.cholesky(rows), z - m)
    return _left(linalg.cholesky(columns), half.mT).mT


def _covariance(u: Expr, scale: Expr) -> Expr:
    c = linalg.cholesky(scale)
    return c @ u @ c.mT


def _covariance_noise(z: Expr, scale: Expr) -> Expr:
    c = linalg.cholesky(scale)
    return _left(c, _left(c, z).mT).mT


# fmt: off
PATHWISE: dict[str, Pathwise] = {
    # Location and scale
    "normal":             LOC_SCALE,
    "laplace":            LOC_SCALE,
    "asymmetric_laplace": Pathwise(("loc", "scale", "kappa"), _asymmetric, _asymmetric_noise),
    "logistic":           LOC_SCALE,
    "gumbel":             LOC_SCALE,
    "cauchy":             LOC_SCALE,
    "student_t":          LOC_SCALE,
    "skew_normal":        LOC_SCALE,
    "levy":               LOC_SCALE,
    "uniform":            Pathwise(("low", "high"), lambda u, a, b: a + (b - a) * u,
                                   lambda z, a, b: (z - a) / (b - a)),
    "triangular":         Pathwise(("left", "mode", "right"), _triangular, _triangular_noise),
    "ex_gaussian":        LOC,
    # Scale or rate
    "half_normal":        SCALE,
    "half_cauchy":        SCALE,
    "rayleigh":           SCALE,
    "maxwell":            SCALE,
    "inverse_gamma":      SCALE,
    "half_student_t":     SCALE,
    "generalized_inverse_gaussian": SCALE,
    "exponential":        RATE,
    "gamma":              RATE,
    # Powers and exponentials of such
    "lognormal":          Pathwise(("mean", "sigma"), lambda u, m, s: e.exp(m + s * u),
                                   lambda z, m, s: (e.log(z) - m) / s),
    "weibull":            POWER,
    "pareto":             POWER,
    "log_logistic":       POWER,
    "lomax":              Pathwise(("shape", "scale"), lambda u, a, s: s * e.expm1(u / a),
                                   lambda z, a, s: a * e.log1p(z / s)),
    "kumaraswamy":        Pathwise(("a", "b"), lambda u, a, b: (-e.expm1(-u / b)) ** (1.0 / a),
                                   lambda z, a, b: -b * e.log1p(-(z**a))),
    # Through the Cholesky factor of a covariance
    "multivariate_normal": Pathwise(("mean", "cov"), _vector, _vector_noise),
    "multivariate_t":      Pathwise(("loc", "shape"), _vector, _vector_noise),
    "matrix_normal":       Pathwise(("mean", "rowcov", "colcov"), _matrix, _matrix_noise),
    "wishart":             Pathwise(("scale",), _covariance, _covariance_noise),
    "inverse_wishart":     Pathwise(("scale",), _covariance, _covariance_noise),
    # On the circle the draw turns with its mean, whatever the concentration
    "von_mises":          Pathwise(("mu",), lambda u, m: m + u, lambda z, m: z - m),
}
_REJECTION = "{} is sampled by rejection"
_THROUGH_GAMMA = "{} is made of gamma variables, which are sampled by rejection"
WHY: dict[str, str] = {
    **dict.fromkeys(("gamma", "inverse_gamma", "von_mises", "truncated_normal"), _REJECTION),
    **dict.fromkeys(("generalized_inverse_gaussian",), _REJECTION),
    **dict.fromkeys(("beta", "beta_prime", "chi_square", "f", "student_t"), _THROUGH_GAMMA),
    **dict.fromkeys(("half_student_t", "noncentral_chi_square", "dirichlet"), _THROUGH_GAMMA),
    **dict.fromkeys(("multivariate_t", "wishart", "inverse_wishart", "lkj"), _THROUGH_GAMMA),
    "ex_gaussian":      "a draw of {} is a sum of two noises, and does not tell them apart",
    "skew_normal":      "a draw of {} is a sum of two noises, and does not tell them apart",
    "inverse_gaussian": "a draw of {} is one of two roots, chosen at random",
}
# fmt: on
"""Why draws of a family do not follow its other parameters."""


def pathwise_rule(node: Expr, g: Any, needs: tuple[bool, ...]) -> Sequence[Expr | None]:
    """Pull a cotangent of a draw back to the parameters.

    Raises
    ------
    UnsupportedError
        Where the draws are no differentiable function of a parameter that matters.
    """
    d, _, _, values = random_parts(node)
    path = PATHWISE.get(d.name)
    smooth = path.parameters if path is not None else ()
    for p, need in zip(d.parameters, needs[2:], strict=True):
        if need and p.name not in smooth:
            raise no_pathwise_gradient(d, p.name)
    assert path is not None
    by_name = {p.name: v for p, v in zip(d.parameters, values, strict=True)}
    given = [by_name[name] for name in smooth]
    noise = placeholder(node.type)
    leaves = [placeholder(v.type) for v in given]
    draw = path.transform(noise, *leaves)
    wanted = [leaf for leaf, name in zip(leaves, smooth, strict=True) if _needed(d, name, needs)]
    found = dict(zip(wanted, reverse([draw], [g], wanted), strict=True))
    back = {noise: path.noise(node, *given), **dict(zip(leaves, given, strict=True))}
    parts: list[Expr | None] = [None, None]
    for p in d.parameters:
        ct = found.get(leaves[smooth.index(p.name)]) if p.name in smooth else None
        parts.append(None if ct is None else substitute([ct], back)[0])
    return parts


def _needed(d: Distribution, name: str, needs: tuple[bool, ...]) -> bool:
    return needs[2 + [p.name for p in d.parameters].index(name)]


def no_pathwise_gradient(d: Distribution, parameter: str) -> UnsupportedError:
    """Make the error for a draw that is no differentiable function of a parameter."""
    path = PATHWISE.get(d.name)
    smooth = [n for n in (path.parameters if path else ()) if n in {p.name for p in d.parameters}]
    if d.dtype != "float":
        why = f"{d.name} draws are not real numbers but steps"
    else:
        other_noise = "the sampler of {} is no sure, smooth transformation of noise"
        why = WHY.get(d.name, other_noise).format(d.name)
    other = f" With respect to {' and '.join(smooth)} they are one." if smooth else ""
    return UnsupportedError(
        f"no pathwise gradient of {d.name} by its {parameter}: {why}, so its draws are no "
        f"differentiable function of {parameter}.{other} For the gradient of an expectation use "
        f"the score: multiply by the gradient of the log density of the draw, held fixed"
    )


def random_rule(node: Expr) -> Any:
    """Give the reverse rule of a random variable, None for other nodes."""
    return pathwise_rule if isinstance(node.op, RandomOp) else None


def check_discrete(node: Expr, active: set[Expr]) -> None:
    """Refuse a draw that is no number to differentiate, but whose law moves.

    Raises
    ------
    UnsupportedError
        Naming the family and the parameter.
    """
    if isinstance(node.op, RandomOp):
        d, _, _, values = random_parts(node)
        for p, v in zip(d.parameters, values, strict=True):
            if v in active:
                raise no_pathwise_gradient(d, p.name)
