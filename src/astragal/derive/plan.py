"""What a derivation knows of a model, and steps made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from astragal.density.joint import Factor, factorise
from astragal.density.transforms import transform_of
from astragal.derive.augment import Augmented, tilted
from astragal.derive.bounds import condition_of
from astragal.derive.check import check_same
from astragal.derive.conjugate import KEY, Neighbourhood, Neighbourhoods
from astragal.derive.coordinates import Choice, choose_coordinates
from astragal.derive.exact import (
    Link,
    elementwise_law,
)
from astragal.derive.moves import MOVES, Moved, able, alone, choose, coordinates
from astragal.derive.noncentred import KIND, Standard
from astragal.derive.notation import write, write_factor
from astragal.derive.points import Points
from astragal.derive.relations import NORMAL_FORM, finder_of, used_relations
from astragal.derive.slice import ADAPTING, TUNING
from astragal.derive.steps import Conditional, Program, Step, UsedRelation
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import INPUT, Expr
from astragal.graph.traverse import toposort
from astragal.model import Model
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.manipulation import stack
from astragal.ops.searching import where


class Plan:
    """What the search knows: the joint law, the latents, and why each try failed."""

    def __init__(
        self,
        model: Model,
        observed: Mapping[str, np.ndarray[Any, Any]],
        prefer: Iterable[str] = (),
        augmented: Augmented | None = None,
        before: Plan | None = None,
    ) -> None:
        self.augmented = Augmented(model) if augmented is None else augmented
        self.model = self.augmented.model
        self.observed = observed
        plain = factorise(self.model, list(observed), name_all=True)
        self._plain, self.joint = tilted(plain, self.augmented.leaves)
        self.latent = [n for n in self.joint.coordinates if n not in observed]
        order = {n: i for i, n in enumerate(self.model.variables)}
        self.latent.sort(key=lambda n: order.get(n, len(order)))
        # What was found of the same terms without the auxiliary variables holds still.
        known = None if before is None else before.reads.blocks
        self.reads: Neighbourhoods = Neighbourhoods(self.joint, blocks=known)
        self.points = Points(self.joint, self.latent, observed)
        self.prefer = frozenset(prefer)
        self.why_not: dict[str, list[str]] = {}
        self.recoordinated: dict[str, float] = {}
        self.standardised: dict[str, Standard] = {}
        self.compared: list[str] = []
        self.labels: dict[Expr, str] = dict(getattr(self.model, "labels", {}))

    def check(self) -> None:
        """Compare the joint density with that of the model, of which added leaves are no part.

        Raises
        ------
        DerivationError
            Where they differ.
        UnsupportedError
            Where no point was found to compare them at.
        """
        if self.augmented.leaves:
            check_same(self._plain.total, self.joint.total, self.joint.coordinates, self.points)

    def reject(self, name: str, kind: str, reason: str) -> None:
        """Keep the reason why a kind of step does not serve a variable."""
        self.why_not.setdefault(name, []).append(f"{kind}: {reason}")


def refusal(plan: Plan, link: Link, refused: set[str]) -> str:
    """Name a relation that a law rests on and that may not be used; empty for none."""
    used = used_relations(link.nears, link.found, plan.labels)
    names = [*(r.name for r in used), finder_of(link.found)]
    return next((n for n in names if n in refused), "")


def reject(plan: Plan, name: str, refused: set[str]) -> None:
    """Keep why a variable has no Gibbs step."""
    if name in plan.why_not:
        return
    near = plan.reads.of(name)
    why = "forbidden" if "gibbs" in refused else elementwise_law(near, plan.reads)
    plan.reject(name, "gibbs", why if isinstance(why, str) else "another block was better")


def general_steps(plan: Plan, names: list[str], refused: set[str]) -> list[Step]:
    """Steps that need no closed form: `astragal.derive.moves` lists them."""
    allowed: dict[str, tuple[str, ...]] = {}
    for name in names:
        kinds = able(plan.reads.of(name))
        if not kinds:
            own = plan.reads.of(name).own
            family = "" if own is None else f" ({own.family})"
            tried = "; ".join(plan.why_not.get(name, ()))
            raise UnsupportedError(
                f"no step is known for {name!r}{family}: it has no unconstrained coordinates, "
                f"and {tried}"
            )
        allowed[name] = tuple(k for k in kinds if k not in refused)
        if not allowed[name]:
            raise UnsupportedError(
                f"every step for {name} is forbidden; it could be moved by {', '.join(kinds)}"
            )
    scalars = [n for n in names if plan.reads.of(n).z.shape == ()]
    left = [n for n in plan.latent if n in plan.joint.coordinates]  # not integrated out
    chosen = choose(allowed, scalars, plan.prefer, alone(plan.reads, left))
    steps: list[Step] = []
    for move in MOVES:
        mine = [n for n in names if chosen[n] == move.kind]
        if mine:
            choices = _coordinates(plan, mine, refused) if move.together else []
            standards = {c.name: c.standard for c in choices if c.standard is not None}
            built = move.build(plan.reads, mine, standards)
            steps += [_moved(plan, move.kind, m, choices) for m in built]
    return steps


def _coordinates(plan: Plan, names: list[str], refused: set[str]) -> list[Choice]:
    """Choose coordinates of variables that move together, and keep why not others.

    Where a scale is drawn by another step, what it is the scale of still moves with it from
    sweep to sweep, and steps of one size fit its standardised coordinates only.
    """
    ordered, transforms = coordinates(plan.reads, [*names, *_hyperparameters(plan, names)])
    forced = KIND in plan.prefer
    choices = choose_coordinates(
        plan.reads, ordered, transforms, plan.labels, plan.points,
        block=names, forced=forced, refused=refused,
    )  # fmt: skip
    for c in choices:
        plan.standardised.pop(c.name, None)
        if c.standard is None:
            plan.reject(c.name, KIND, c.reason)
        else:
            plan.standardised[c.name] = c.standard
        plan.recoordinated[c.name] = c.told
    return choices


def _hyperparameters(plan: Plan, names: list[str]) -> list[str]:
    """Other variables, free to move in steps, that the laws of some have for parameters."""
    laws = [own for n in names if (own := plan.reads.of(n).own) is not None]
    read = set(toposort([p for own in laws for p in own.parameters]))
    place = plan.joint.coordinates  # without what is integrated out
    others = [n for n in plan.latent if n not in names and n in place and place[n] in read]
    return [n for n in others if (own := plan.reads.of(n).own) and transform_of(own) is not None]


def _moved(plan: Plan, kind: str, m: Moved, choices: Sequence[Choice]) -> Step:
    nears = tuple(plan.reads.of(n) for n in m.names)
    factors = dict.fromkeys(f for near in nears for f in near.factors)
    shown = m.names[0] if len(m.names) == 1 else f"({', '.join(m.names)})"
    text = f"{shown} | ... has log density {_sum_text(factors)}"
    relations: dict[str, UsedRelation] = {}
    for c in choices:
        if c.standard is not None:
            text += f"; {c.name} on standardised coordinates: {c.reason}"
            used = relations.setdefault(c.standard.relation.name, c.standard.relation)
            bindings = dict.fromkeys([*used.bindings, *c.standard.relation.bindings])
            relations[used.name] = replace(used, bindings=tuple(bindings))
    conditional = Conditional(text, None, m.density, premises(plan, nears))
    return Step(m.names, kind, conditional, tuple(relations.values()), m.program, m.tuning)


def given(plan: Plan, link: Link) -> str:
    """Names that the law of a link reads: later latents of the chain, then data."""
    names = inputs_of(link.found.outputs.values())
    latent = [n for n in names if n not in plan.observed]
    return ", ".join([*latent, *(n for n in plan.observed if n in names)]) or "data"


def closed_step(plan: Plan, link: Link, kind: str, given: str) -> Step:
    """Make the step that draws from a law in closed form."""
    found = link.found
    names = ", ".join(found.targets)
    shown = f"({names})" if len(found.targets) > 1 else names
    density = link.nears[0].total if len(link.nears) == 1 else _joint_total(link)
    conditional = Conditional(
        text=f"{shown} | {given} ~ {found.text(plan.labels)}",
        law=found.law,
        logdensity=density,
        premises=premises(plan, link.nears),
    )
    outputs = dict(found.outputs)
    read = inputs_of(outputs.values())
    if kind == "gibbs" and finder_of(found) == NORMAL_FORM:
        outputs = _held_without_digits(outputs, link.nears)
    inputs = inputs_of(outputs.values())
    program = Program(KEY, inputs, TUNING, outputs, held=frozenset(inputs.keys() - read.keys()))
    relations = used_relations(link.nears, found, plan.labels)
    if set(found.targets) & set(plan.augmented.leaves):
        relations = plan.augmented.used
    return Step(found.targets, kind, conditional, relations, program)


def _held_without_digits(
    outputs: Mapping[str, Expr], nears: Iterable[Neighbourhood]
) -> dict[str, Expr]:
    """Keep the values of a block in the warm-up where rounding leaves no draw of it.

    On its way from a far start a chain may pass scales so small that a precision matrix is
    singular to all its digits. Other steps lead it on; of draws that are kept it is an error.
    """
    drawn = r.all(stack([r.all(e.isfinite(x)) for x in outputs.values()]))
    kept = drawn | ~ADAPTING
    now = {str(near.z.args[0]): near.z for near in nears}
    return {n: where(kept, x, now[n]) for n, x in outputs.items()}


def premises(plan: Plan, nears: Iterable[Neighbourhood]) -> tuple[str, ...]:
    """The laws of the model that a step follows from: own ones first."""
    nears = tuple(nears)
    own = [near.own for near in nears if near.own is not None]
    rest = [f for near in nears for f in near.factors if f not in own]
    out = []
    for f in dict.fromkeys([*own, *rest]):
        out.append(f"{f.name} ~ {write_factor(f, plan.labels)}")
    read = {x for near in nears for x in near.extra}
    for name, term in plan.joint.jacobians.items():
        if term in read and name in plan.model:
            test = condition_of(term)
            said = "log weight " if test is None else ""
            out.append(f"{name}: {said}{write(term if test is None else test, plan.labels)}")
    return tuple(out)


def _joint_total(link: Link) -> Expr:
    """Everything that a block enters, each term once."""
    terms: dict[Expr, None] = {}
    for near in link.nears:
        terms.update(dict.fromkeys([*(f.total for f in near.factors), *near.extra]))
    first, *others = terms
    for t in others:
        first = first + t
    return first


def _sum_text(factors: Iterable[Factor]) -> str:
    return " + ".join(f"log p({f.name} | ...)" for f in factors)


def inputs_of(exprs: Iterable[Expr]) -> dict[str, Expr]:
    """Collect the placeholders of the state below expressions, by name."""
    return {
        str(x.args[0]): x
        for x in toposort(exprs)
        if x.op is INPUT and x is not KEY and x is not TUNING
    }


def data_names(plan: Plan) -> str:
    """Name the data, for what people read."""
    return ", ".join(plan.observed) or "nothing"
