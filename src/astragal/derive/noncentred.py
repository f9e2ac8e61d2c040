"""Coordinates in which a variable's own law has no latent parameters.

A hierarchy x ~ D(m, s) whose location or scale moves with x is narrow where s is small. With
x = m + s u the law of u is free of both (Papaspiliopoulos, Roberts & Sköld 2007, Stat. Sci. 22;
Betancourt & Girolami 2015, arXiv:1312.0906). The book's relations about standard draws say
which laws have such a form; paths are moved by the noise of their steps. The model's law is
what it was: only coordinates change, and the density with its Jacobian is compared before use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from astragal.density.invert import invert
from astragal.density.joint import Factor
from astragal.density.transforms import Transform, transform_of
from astragal.derive.check import Array, DerivationError, compiled
from astragal.derive.conjugate import KEY
from astragal.derive.notation import write
from astragal.derive.relations import page
from astragal.derive.steps import UsedRelation
from astragal.graph.errors import AstragalError
from astragal.graph.expr import INPUT, Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import TensorType
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.creation import zeros_like
from astragal.ops.manipulation import broadcast_to, matrix_transpose, reshape
from astragal.ops.special import HALF_LOG_2PI
from astragal.random.distribution import batch_shape, is_random, random_parts

KIND = "noncentre"
RELATIONS = (
    "standard_location_scale",
    "standard_log_location_scale",
    "standard_scale",
    "standard_rate",
)
"""Of the book: a draw is a function of one whose parameters are constants."""
PAGE = "standard"
"""The page of the book that has them."""
PATH = "innovations_of_a_path"
WHITE = "whitened_normal_vector"
"""A normal vector as a root of its covariance times standard normal numbers."""
STEPS = "by the noise of its steps"
SOURCE = (
    "Papaspiliopoulos, Roberts & Sköld 2007, Stat. Sci. 22; Betancourt & Girolami 2015, "
    "arXiv:1312.0906"
)


@dataclass(frozen=True, eq=False)
class Standard:
    """Coordinates of one variable.

    Attributes
    ----------
    name
        Of the variable.
    transform
        Between coordinates and values.
    density
        From coordinates to the log density of the variable's own law, the Jacobian included.
    relation
        The identity behind it.
    held
        Gives the same with the first step of a path in its place; None where that is all.
    reason
        Why these coordinates were chosen.
    """

    name: str
    transform: Transform
    density: Callable[[Expr], Expr]
    relation: UsedRelation
    held: Standard | None = None
    reason: str = ""


Form = tuple[Expr, Expr, UsedRelation]
"""A draw as a function of a standard one, that one, and the identity behind it."""


def standard_draw(rv: Expr, given: Sequence[Expr]) -> Form | None:
    """By a relation of the book, between a draw and one with constants for parameters."""
    d = random_parts(rv)[0]
    # The book asks that a scale be positive. A model's is, wherever its density is.
    back: dict[Expr, Expr] = {}
    parameters = []
    for declared, p in zip(d.parameters, given, strict=True):
        fixed = not any(x.op is INPUT or is_random(x) for x in toposort([p]))
        if not fixed and isinstance(p.type, TensorType):
            leaf = placeholder(p.type)
            stand_in = e.exp(leaf) if declared.domain.bounds == (0.0, None) else leaf
            back[stand_in] = p
            parameters.append(stand_in)
        else:
            parameters.append(p)
    node = rv.op(KEY, batch_shape(rv), *parameters)
    for rule in (page(PAGE)[n] for n in RELATIONS):
        for direction in ("backward", "forward"):
            try:
                form = rule.apply(node, direction, {})
            except AstragalError:
                continue
            if not isinstance(form, Expr) or form is node or form.type != rv.type:
                continue
            made = [x for x in toposort([form]) if is_random(x)]
            if len(made) != 1 or made[0].type != rv.type:
                continue
            if any(x.op is INPUT for x in toposort(made[0].args[2:])):
                continue
            (form,) = substitute([form], back)
            return form, made[0], UsedRelation(rule.name, SOURCE)
    return None


def affine(
    name: str,
    own: Factor,
    found: Form,
    labels: Mapping[Expr, str],
    replay: Callable[[Expr], Expr] | None = None,
) -> Standard | None:
    """Coordinates in which the standard draw is unconstrained.

    Of a path the parameters read the variable itself, at the steps before: its values come from
    the loop with standard draws in it, and back from all of them at once.
    """
    form, made, relation = found
    value = placeholder(own.value.type)
    solved = invert(form, value, made)
    leaf = placeholder(made.type)
    standard = replace(
        own, rv=made, value=leaf, parameters=tuple(made.args[2:]), source=made, support=None
    )
    inner = transform_of(standard)
    if solved is None or inner is None or inner.shape != own.value.shape:
        return None
    inverse, slope = solved
    law = random_parts(made)[0].logdensity
    if law is None:
        return None

    def forward(u: Expr) -> Expr:
        draws = inner.forward(u)
        return substitute([form], {made: draws})[0] if replay is None else replay(draws)

    def at(x: Expr, z: Expr) -> Expr:
        return substitute([x], {value: z, own.value: z})[0]

    def log_jacobian(u: Expr) -> Expr:
        return inner.log_jacobian(u) - at(slope, forward(u))

    def density(u: Expr) -> Expr:
        return r.sum(law(inner.forward(u), *made.args[2:]) + inner.log_jacobian(u))

    transform = Transform(
        forward, lambda z: inner.backward(at(inverse, z)), log_jacobian, inner.shape
    )
    if replay is None:
        shown = write(substitute([form], {made: INPUT("u", made.type)})[0], labels)
    else:
        shown, relation = STEPS, UsedRelation(PATH, SOURCE)
    return Standard(name, transform, density, replace(relation, bindings=((name, shown),)))


def white(name: str, own: Factor) -> Standard:
    """A normal vector by standard normal numbers: m + L u, with L L' its covariance.

    Its elements may be so close to each other, as those of a smooth function are, that on
    themselves a trajectory would take thousands of steps.
    """
    mean, covariance = own.parameters
    root = linalg.cholesky(covariance)
    shape = own.value.shape

    def times(u: Expr) -> Expr:
        return mean + linalg.matmul(root, u[..., None])[..., 0]

    def solved(z: Expr) -> Expr:
        away = broadcast_to(z - mean, shape)
        if root.ndim > 2:
            wide = broadcast_to(root, (*shape, shape[-1]))
            return linalg.solve_triangular(wide, away[..., None], lower=True)[..., 0]
        columns = matrix_transpose(reshape(away, (-1, shape[-1])))
        return reshape(matrix_transpose(linalg.solve_triangular(root, columns, lower=True)), shape)

    transform = Transform(
        times, solved, lambda u: e.log(linalg.diagonal(root)) + zeros_like(u), shape
    )
    return Standard(
        name,
        transform,
        lambda u: r.sum(-0.5 * e.square(u) - HALF_LOG_2PI),
        UsedRelation(WHITE, SOURCE, ((name, "mean + root of covariance times u"),)),
    )


def check_standard(
    s: Standard,
    own: Factor,
    coordinates: Mapping[str, Expr],
    point: Callable[[np.random.Generator], Mapping[str, Array]],
    *,
    tolerance: float = 1e-7,
) -> bool:
    """Compare the density in new coordinates with the model's own, at generic points.

    Returns
    -------
    bool
        Whether there was a point to compare at.

    Raises
    ------
    DerivationError
        Where they differ, or the coordinates do not lead back.
    """
    u = placeholder(s.transform.backward(own.value).type)
    z = s.transform.forward(u)
    (before,) = substitute([own.total], {own.value: z})
    before = before + r.sum(s.transform.log_jacobian(u))
    names = [n for n in coordinates if coordinates[n] is not own.value]
    run = compiled(
        [u, *(coordinates[n] for n in names)], [before, s.density(u), s.transform.backward(z)]
    )
    rng = np.random.default_rng(20_05)
    # Roots of covariances of smooth functions keep half of the digits.
    tolerance, apart = (tolerance, 1e-5) if own.value.dtype == "float64" else (1e-2, 1e-2)
    compared = 0
    for _ in range(20):
        values = point(rng)
        at = rng.normal(size=[int(d) for d in u.shape])
        p, q, back = run(at, *(values[n] for n in names))
        if not (np.isfinite(p) and np.isfinite(q)):
            continue
        gap = abs(float(p) - float(q))
        if not gap <= tolerance * (1.0 + abs(float(p))) or not np.allclose(back, at, atol=apart):
            raise DerivationError(
                f"{s.name} in the coordinates of {s.relation.name} has another density, by "
                f"{gap:.3g} on the log scale; please report this model"
            )
        compared += 1
        if compared == 3:
            return True
    return compared > 0
