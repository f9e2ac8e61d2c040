"""Which relations of the book a step rests on."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from astragal.density.joint import Factor
from astragal.derive.conjugate import Found, Neighbourhood
from astragal.derive.notation import write
from astragal.derive.steps import UsedRelation
from astragal.graph.expr import Expr
from astragal.random.distribution import is_random

if TYPE_CHECKING:
    from astragal.logic.relation import Relation

FORM = "exponential_family_form"
NORMAL_FORM = "jointly_normal_form"
MATRIX_FORM = "matrix_normal_form"
CHAIN_FORM = "forward_filtering_backward_sampling"
# fmt: off
FINDERS: dict[str, str] = {
    "own_law":              "what nothing else reads follows its own distribution",
    "reversal_of_the_book": "a relation of the book turns the arrow to its one child round",
    FORM:                   "Bernardo & Smith 1994, Bayesian Theory, section 5.2.2",
    "law_between_bounds":   "Bernardo & Smith 1994, section 5.2.2, restricted to an interval",
    "wishart_form":         "Gelman et al., BDA3, section 3.6",
    "finite_sum":           "Bayes' theorem, value by value",
    NORMAL_FORM:            "Gelman et al., BDA3, section 14.2",
    MATRIX_FORM:            "Rossi, Allenby & McCulloch 2005, section 2.8.5",
    CHAIN_FORM:             "Scott 2002, J. Am. Stat. Assoc. 97:337-351",
}
# fmt: on
"""Ways in which a law in closed form is found, with what each rests on."""
# Forms that are families of their own, by the name of the family.
FORMS: dict[str, str] = {
    "multivariate_normal": NORMAL_FORM,
    "matrix_normal": MATRIX_FORM,
    "hidden_markov_path": CHAIN_FORM,
}

PAGE = "conjugacy"
"""The page of the book that has the relations of `NAMES`."""
# Where several relations of the book join the same two families, the simplest comes first.
# fmt: off
NAMES: dict[tuple[str, str], str] = {
    ("gamma", "poisson"):               "gamma_poisson",
    ("gamma", "exponential"):           "gamma_exponential",
    ("gamma", "gamma"):                 "gamma_gamma_rate",
    ("gamma", "normal"):                "gamma_normal_precision",
    ("inverse_gamma", "normal"):        "inverse_gamma_normal",
    ("inverse_gamma", "exponential"):   "inverse_gamma_exponential",
    ("beta", "bernoulli"):              "beta_bernoulli",
    ("beta", "binomial"):               "beta_binomial_reversal",
    ("normal", "normal"):               "normal_normal",
    ("normal", "lognormal"):            "normal_lognormal",
    ("dirichlet", "categorical"):       "dirichlet_categorical",
    ("dirichlet", "multinomial"):       "dirichlet_multinomial_reversal",
}
# fmt: on


@functools.cache
def book() -> Mapping[str, Relation]:
    """Give the relations of the book, by name."""
    from astragal.rewrites import BOOK

    return {r.name: r for r in BOOK}


@functools.cache
def page(name: str) -> Mapping[str, Relation]:
    """Give the relations of one page of the book, by name, without reading the others."""
    from astragal.logic.relation import Relation

    module = importlib.import_module(f"astragal.rewrites.{name}")
    return {r.name: r for r in vars(module).values() if isinstance(r, Relation)}


def finder_of(found: Found) -> str:
    """Name the way in which a law was found."""
    return found.finder or FORMS.get(found.family, FORM)


def used_relations(
    nears: Sequence[Neighbourhood], found: Found, labels: Mapping[Expr, str]
) -> tuple[UsedRelation, ...]:
    """Name the identities by which a variable's children turn its prior into the conditional.

    A pair that no page of the book has rests on the exponential-family form alone.
    """
    out: dict[str, UsedRelation] = {}
    for near in nears:
        for f in near.factors:
            if any(f is other.own for other in nears):
                continue
            name = found.relation or NAMES.get((found.family, f.family), "")
            relation = (book() if found.relation else page(PAGE)).get(name)
            if relation is not None:
                new = UsedRelation(
                    relation.name, relation.source, _bindings(relation, near.own, f, labels)
                )
            else:
                new = _form(found)
            out.setdefault(new.name, new)
        if near.extra:  # what is left of variables that were integrated out
            new = _form(found)
            out.setdefault(new.name, new)
    return tuple(out.values())


def _form(found: Found) -> UsedRelation:
    name = finder_of(found)
    return UsedRelation(name, FINDERS[name])


def _bindings(
    relation: Relation, own: Factor | None, child: Factor, labels: Mapping[Expr, str]
) -> tuple[tuple[str, str], ...]:
    """What the letters of the identity stand for, where an operand is a letter."""
    letters = {str(v.args[0]): v for v in relation.variables}
    out: dict[str, str] = {}
    for root, factor in zip(relation.left.roots, (own, child), strict=False):
        if factor is None or not is_random(root) or root.op is not factor.rv.op:
            continue
        for a, b in zip(root.args[2:], factor.parameters, strict=True):
            letter = next((n for n, v in letters.items() if v is a), None)
            if letter is not None:
                out.setdefault(letter, write(b, labels))
    return tuple(out.items())
