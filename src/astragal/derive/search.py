"""The search for a sampler: closed forms first, then general moves, each checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from astragal.density.joint import Factor, Joint, factorise
from astragal.derive.check import check_exact, check_law, compiled
from astragal.derive.conjugate import KEY, Found, Neighbourhood, Neighbourhoods, conjugate
from astragal.derive.exact import Link, exact_chain
from astragal.derive.notation import write_law
from astragal.derive.points import Points, check_support, starting_values, transform_of
from astragal.derive.relations import used_relations
from astragal.derive.sampler import Conditional, Program, Sampler, Step, as_data
from astragal.derive.slice import TUNING, slice_program
from astragal.graph.errors import ModelError, UnsupportedError
from astragal.graph.expr import INPUT, Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, TensorType
from astragal.model import Model
from astragal.random.distribution import is_random


class Plan:
    """What the search knows: the joint law, the latents, and why each try failed."""

    def __init__(self, model: Model, observed: Mapping[str, np.ndarray[Any, Any]]) -> None:
        self.model = model
        self.observed = observed
        self.joint = factorise(model, list(observed), name_all=True)
        self.latent = [n for n in self.joint.coordinates if n not in observed]
        self.latent.sort(key=self._position)
        self.reads = Neighbourhoods(self.joint)
        self.points = Points(self.joint, self.latent, observed)
        self.why_not: dict[str, list[str]] = {}
        self.labels: dict[Expr, str] = dict(getattr(model, "labels", {}))

    def _position(self, name: str) -> tuple[int, int]:
        order = list(self.model.variables)
        return (order.index(name), 0) if name in order else (len(order), 0)

    def reject(self, name: str, kind: str, reason: str) -> None:
        """Keep the reason why a kind of step does not serve a variable."""
        self.why_not.setdefault(name, []).append(f"{kind}: {reason}")


def derive(
    model: Model,
    observed: Mapping[str, Any],
    *,
    forbid: Iterable[str] = (),
    prefer: Iterable[str] = (),
) -> Sampler:
    """Derive a sampler of a model's latent variables given observed ones.

    Parameters
    ----------
    model
        Named variables.
    observed
        Data, by name.
    forbid
        Kinds of steps (``"gibbs"``, ``"slice"``, ``"nuts"``) or names of relations that
        may not be used.
    prefer
        Kinds to try first.

    Returns
    -------
    Sampler

    Raises
    ------
    ModelError, ShapeError, DomainError
        For an unknown name, data of another shape, or data outside the support.
    UnsupportedError
        Where no step is known for a variable; the message says what was tried.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.input("key", dtype="key"))
    >>> rate = ag.random.gamma(k[0], 2.0, rate=4.0)
    >>> model = ag.Model({"rate": rate, "y": ag.random.poisson(k[1], rate)})
    >>> print(ag.derive(model, {"y": 3}).steps[0].conditional.text)
    rate | ... ~ Gamma(2.0 + y, rate = 5.0)
    """
    data = _check_observed(model, observed)
    refused = _known_kinds(forbid, "forbid")
    _known_kinds(prefer, "prefer")
    plan = Plan(model, data)
    check_support(plan.joint, data, plan.points)
    if not plan.latent:
        raise ModelError("nothing is left to sample: every random variable is observed")
    chain = None if {"gibbs", "exact"} & refused else exact_chain(plan.joint, plan.latent)
    if chain is not None:
        return _exact(plan, *chain)
    steps = [_step_for(plan, name, refused) for name in plan.latent]
    return _assemble(plan, steps, exact=False)


def _exact(plan: Plan, links: list[Link], evidence: Expr) -> Sampler:
    """Draw the links in reverse; check them all at once against the joint density."""
    steps = []
    for link in reversed(links):
        rest = [other.name for other in links[links.index(link) + 1 :]]
        given = ", ".join([*rest, *plan.observed])
        conditional = Conditional(
            text=f"{link.name} | {given} ~ {write_law(link.found.law, plan.labels)}",
            latex="",
            law=link.found.law,
            logdensity=link.near.total,
        )
        program = Program(KEY, _inputs([link.found.law]), TUNING, {link.name: link.found.law})
        relations = used_relations(link.near, link.found)
        steps.append(Step((link.name,), "exact", conditional, relations, program))
    check_exact(
        [(link.name, link.found.law) for link in links],
        plan.joint.coordinates,
        plan.joint.total,
        evidence,
        plan.points,
    )
    return _assemble(plan, steps, exact=True, evidence=evidence)


KINDS = ("exact", "gibbs", "slice", "nuts")


def _known_kinds(kinds: Iterable[str], argument: str) -> set[str]:
    if isinstance(kinds, str):
        raise ModelError(f"{argument} is a sequence of names, got the string {kinds!r}")
    return set(kinds)


def _check_observed(model: Model, observed: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    if not isinstance(model, Model):
        raise ModelError(f"derive takes a Model, got {type(model).__name__}")
    if not isinstance(observed, Mapping):
        raise ModelError(f"observed is a mapping from names to data, got {type(observed).__name__}")
    if model.inputs:
        missing = ", ".join(str(n.args[0]) for n in model.inputs)
        raise ModelError(f"the model reads the inputs {missing}: give their values first")
    out = {}
    for name, value in observed.items():
        if name not in model:
            raise ModelError(
                f"the model has no variable {name!r} to observe; it has "
                f"{', '.join(model.variables)}"
            )
        type = model[name].type
        assert isinstance(type, TensorType)
        out[name] = as_data(name, value, type)
    return out


def _step_for(plan: Plan, name: str, refused: set[str]) -> Step:
    near = plan.reads.of(name)
    if "gibbs" not in refused:
        found = conjugate(near, plan.reads)
        if isinstance(found, Found):
            return _gibbs(plan, name, near, found)
        plan.reject(name, "gibbs", found)
    else:
        plan.reject(name, "gibbs", "forbidden")
    if "slice" not in refused and near.own is not None:
        t = transform_of(near.own)
        if t is not None:
            return _slice(plan, name, near, t)
        plan.reject(name, "slice", f"the support of {near.own.family} has no coordinates")
    tried = "; ".join(plan.why_not.get(name, ()))
    raise UnsupportedError(f"no step is known for {name!r} ({tried})")


def _gibbs(plan: Plan, name: str, near: Neighbourhood, found: Found) -> Step:
    plan.points.restart()
    check_law(name, found.law, near.z, near.total, plan.points, plan.joint.coordinates)
    conditional = Conditional(
        text=f"{name} | ... ~ {write_law(found.law, plan.labels)}",
        latex="",
        law=found.law,
        logdensity=near.total,
    )
    inputs = _inputs([found.law])
    program = Program(KEY, inputs, TUNING, {name: found.law})
    return Step((name,), "gibbs", conditional, used_relations(near, found), program)


def _slice(plan: Plan, name: str, near: Neighbourhood, t: Any) -> Step:
    program, tuning = slice_program(name, near, t)
    conditional = Conditional(
        text=f"{name} | ... has log density {_sum_text(near.factors)}",
        latex="",
        law=None,
        logdensity=near.total,
    )
    return Step((name,), "slice", conditional, (), program, tuning)


def _sum_text(factors: Iterable[Factor]) -> str:
    return " + ".join(f"log p({f.name} | ...)" for f in factors)


def _inputs(exprs: Iterable[Expr]) -> dict[str, Expr]:
    return {
        str(x.args[0]): x
        for x in toposort(exprs)
        if x.op is INPUT and x is not KEY and x is not TUNING
    }


def _assemble(plan: Plan, steps: list[Step], exact: bool, evidence: Expr | None = None) -> Sampler:
    joint = plan.joint
    start = starting_values(joint, plan.latent, KEY)
    values = {n: x for n, x in joint.values.items() if n not in plan.observed}
    for n in plan.latent:
        values.setdefault(n, joint.coordinates[n])
    deterministic = tuple(n for n in values if n not in plan.latent)
    types: dict[str, TensorType] = {}
    for n, x in {**joint.coordinates, **plan.model.variables}.items():
        assert isinstance(x.type, TensorType)
        types[n] = x.type
    total = joint.total
    rejected = tuple(f"{n}: {w}" for n, ws in plan.why_not.items() for w in ws)
    return Sampler(
        model=plan.model,
        observed=dict(plan.observed),
        steps=tuple(steps),
        exact=exact,
        latent_names=tuple(plan.latent),
        deterministic_names=deterministic,
        types=types,
        start=Program(KEY, _inputs(start.values()), TUNING, start),
        outputs=Program(KEY, _inputs(values.values()), TUNING, values),
        density=Program(KEY, _inputs([total]), TUNING, {"logdensity": total}),
        rejected=rejected,
        evidence=None
        if evidence is None
        else Program(KEY, _inputs([evidence]), TUNING, {"evidence": evidence}),
    )


_ = (Callable, FLOATS, Joint, compiled, is_random)
