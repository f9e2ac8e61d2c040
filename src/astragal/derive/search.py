"""The search for a sampler: closed forms first, then general moves, each checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from astragal.density.joint import factorise
from astragal.derive.augment import LEAVES, augmentations
from astragal.derive.check import Unchecked, check_conditional, check_exact
from astragal.derive.choices import BLOCK, chosen_links
from astragal.derive.collapsed import collapsed
from astragal.derive.conjugate import KEY
from astragal.derive.creeping import creeps
from astragal.derive.data import as_data
from astragal.derive.exact import (
    Link,
    closed_forms,
    exact_chain,
)
from astragal.derive.gaussian import size_of
from astragal.derive.interweave import KIND as INTERWEAVE
from astragal.derive.interweave import given_paths, interwoven
from astragal.derive.metric import FEW
from astragal.derive.moves import MOVES, able, alone
from astragal.derive.noncentred import KIND, PATH, WHITE
from astragal.derive.plan import Plan, closed_step, general_steps, given, inputs_of, refusal, reject
from astragal.derive.points import check_support, starting_values
from astragal.derive.relations import FINDERS, book
from astragal.derive.released import released
from astragal.derive.sampler import Sampler
from astragal.derive.scaled import FITTED
from astragal.derive.scaled import RELATION as PRODUCT
from astragal.derive.slice import TUNING
from astragal.derive.steps import Program, Step
from astragal.derive.ties import tied
from astragal.derive.together import all_at_once
from astragal.derive.windows import WINDOW, windowed
from astragal.graph.errors import ModelError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, TensorType
from astragal.model import Model, ModelFunction
from astragal.random.check import check_keys


def derive(
    model: Model,
    observed: Mapping[str, Any],
    *,
    forbid: Iterable[str] = (),
    prefer: Iterable[str] = (),
    tune: str | None = None,
) -> Sampler:
    """Derive a sampler of a model's latent variables given observed ones.

    Parameters
    ----------
    model
        Named variables.
    observed
        Data, by name.
    forbid
        Kinds of steps (``"gibbs"``, ``"slice"``, ``"nuts"``), ways to find a law
        (``"exponential_family_form"``, ``"finite_sum"``, ...) or names of relations that may
        not be used. An unknown name is refused, with a list of those that there are.
    prefer
        Kinds to try first.
    tune
        ``"pilot"`` runs the samplers that there are for a short time, and takes the one with
        most effective draws a second (`Sampler.trials` has the figures). By default the
        choice rests on the model alone.

    Returns
    -------
    Sampler

    Raises
    ------
    ModelError, ShapeError, DomainError
        For an unknown name, data of another shape, or data outside the support.
    KeyReuseError
        Where the model spends a key twice.
    UnsupportedError
        Where no step is known for a variable; the message says what was tried.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.input("key", dtype="key"))
    >>> rate = ag.random.gamma(k[0], 2.0, rate=4.0)
    >>> model = ag.Model({"rate": rate, "y": ag.random.poisson(k[1], rate)})
    >>> print(ag.derive(model, {"y": 3}).steps[0].conditional.text)
    rate | y ~ Gamma(y + 2.0, rate = 5.0)
    """
    if not isinstance(model, Model):
        call = "; call it with its data first" if isinstance(model, ModelFunction) else ""
        raise ModelError(f"derive takes a model, got {type(model).__name__}{call}")
    refused, wanted = _known_names(forbid, "forbid"), _known_names(prefer, "prefer")
    if tune is not None:
        return _tuned(model, observed, refused, wanted, tune)
    return search(model, observed, refused, wanted)[0]


def search(
    model: Model, observed: Mapping[str, Any], forbid: Iterable[str], prefer: Iterable[str]
) -> tuple[Sampler, Plan]:
    """Derive a sampler, and give what was known of the model."""
    check_keys(*model.variables.values())
    data = _check_observed(model, observed)
    refused = set(forbid)
    plan = Plan(model, data, prefer)
    check_support(plan.joint, data)
    if not plan.latent:
        raise ModelError("nothing is left to sample: every random variable is observed")
    chain = None
    if not {"gibbs", "exact"} & refused:
        chain = exact_chain(plan.reads, plan.latent, lambda link: not refusal(plan, link, refused))
    if chain is not None:
        sampler = _exact(plan, *chain)
    else:
        steps = collapsed(plan, refused) or windowed(plan, refused)
        if steps is None:
            plain, plan = plan, _with_auxiliaries(plan, refused)
            closed = refused
            if _moves_better(plain, plan, refused):
                why = _not_taken(plain, plan)
                plan, closed = plain, refused | {"gibbs"}
                for name in plan.latent:
                    plan.reject(name, "gibbs", why)
            steps = released(plain, plan, _steps(plan, closed), closed)
            steps += interwoven(plan, steps, closed)
            plan, steps = all_at_once(plain, plan, steps, closed, _steps)
            steps += given_paths(plan, steps, closed)
        sampler = _assemble(plan, steps, exact=False, whole=model)
    return replace(sampler, asked=(tuple(sorted(refused)), tuple(sorted(plan.prefer)))), plan


def _tuned(
    model: Model,
    observed: Mapping[str, Any],
    forbid: Iterable[str],
    prefer: Iterable[str],
    how: str,
) -> Sampler:
    if how != "pilot":
        raise ModelError(f"tune is {how!r}, expected 'pilot' or None")
    from astragal.sample.pilot import pilot

    sampler, trials = pilot(model, observed, forbid=forbid, prefer=prefer)
    return replace(sampler, trials=trials)


SLOW = ("generalized_inverse_gaussian",)
"""Families whose draws have loops of several kinds in them."""


def _with_auxiliaries(plan: Plan, refused: set[str]) -> Plan:
    """Add auxiliary variables while each brings more of the model into closed form."""
    if {"gibbs", "augment"} & refused:
        return plan
    best, left = plan, _stuck(plan)
    # One number is moved as well by itself: auxiliaries would slow it.
    while sum(left.values()) > 1:
        least = (sum(left.values()), 0)
        found: list[tuple[tuple[int, int], Plan, dict[str, int]]] = []
        for candidate in augmentations(best.augmented, set(left), plan.observed, refused):
            try:
                tried = Plan(plan.model, plan.observed, plan.prefer, candidate, plan)
            except (UnsupportedError, ModelError):
                continue
            open_ones = _stuck(tried)
            if _slowed(tried, best, open_ones):
                continue
            cost = (sum(open_ones.values()), _slow_laws(tried))
            if cost < least and not _holds_states(tried, best):
                found.append((cost, tried, open_ones))
        found.sort(key=lambda f: f[0])
        # Points to check at cost more than laws: only what is taken is checked.
        sound = next((f for f in found if _checked(f[1])), None)
        if sound is None:
            break
        _, best, left = sound
    # States beside which everything moves by slices are no help: trajectories go further.
    return best if best is plan or _lawful(best) - _lawful(plan) else plan


def _lawful(plan: Plan) -> set[str]:
    """Names of the real variables that have a law in closed form."""
    links = closed_forms(plan.reads, plan.latent)
    names = {n for link in links for n in link.found.targets}
    return {n for n in names if plan.joint.coordinates[n].dtype in FLOATS}


def _checked(plan: Plan) -> bool:
    """Tell whether a plan could be checked against the model."""
    try:
        plan.check()
    except UnsupportedError:
        return False
    return True


def _moves_better(plain: Plan, plan: Plan, refused: set[str]) -> bool:
    """Tell whether trajectories of everything do better than draws given added leaves.

    Given these, scales that need further auxiliary variables, or have no closed form even so, are
    held by what they are the scales of; a trajectory along all, in a metric that it can learn,
    is not. Where there is no scale, coefficients may be held by the leaves themselves.
    """
    leaves = {leaf.name for leaf in LEAVES}
    wanted = {"augment", "gibbs", *leaves} & plain.prefer
    if not plan.augmented.leaves or "nuts" in refused or wanted:
        return False
    sizes = [size_of(plain.joint.coordinates[n]) for n in plain.latent]
    if None in sizes or not all("nuts" in able(plain.reads.of(n)) for n in plain.latent):
        return False
    if leaves.issuperset(u.name for u in plan.augmented.used) and not _stuck(plan):
        return creeps(plain, plan)
    # Of many coordinates a metric holds few correlations, and scales turn trajectories early.
    return sum(k or 0 for k in sizes) <= FEW


def _not_taken(plain: Plan, plan: Plan) -> str:
    """Say why variables are not drawn in turn given auxiliary ones, and how they are."""
    added = ", ".join(n for n in plan.latent if n not in plain.latent)
    names = ", ".join(u.name for u in plan.augmented.used)
    return (
        f"drawn in turn given {added} ({names}) it would creep, or cost more; "
        'prefer=["augment"] takes them'
    )


def _slow_laws(plan: Plan) -> int:
    """Count the laws that cost more than others to draw from, and to compile."""
    links = closed_forms(plan.reads, plan.latent)
    return sum(link.found.family in SLOW for link in links)


def _slowed(plan: Plan, before: Plan, open_ones: Mapping[str, int]) -> bool:
    """Tell whether several numbers without a closed form would move given new auxiliaries.

    Given the auxiliaries these move in short steps only, so that what is freed beside them
    is paid for. One number is moved well enough.
    """
    new = set(plan.latent) - set(before.latent)
    near = {x for n in new for f in plan.reads.of(n).factors for x in toposort([f.total])}
    return sum(k for n, k in open_ones.items() if plan.joint.coordinates[n] in near) > 1


def _holds_states(plan: Plan, before: Plan) -> bool:
    """Tell whether a new auxiliary variable and another discrete one could never change.

    Counts of what is there are none where nothing is.
    """
    new = {n for n in plan.latent if n not in before.latent}
    if all(plan.joint.coordinates[n].dtype in FLOATS for n in new):
        return False
    return any(not new.isdisjoint(pair) for pair in tied(plan))


def _stuck(plan: Plan) -> dict[str, int]:
    """Variables that have no closed form and move with others, with their numbers of elements."""
    links = closed_forms(plan.reads, plan.latent)
    closed = {n for link in links for n in link.found.targets} | alone(plan.reads, plan.latent)
    sizes = {n: size_of(plan.joint.coordinates[n]) or 1 for n in plan.latent}
    return {n: k for n, k in sizes.items() if n not in closed}


def _steps(plan: Plan, refused: set[str]) -> list[Step]:
    """One step a variable or block, in the order of the model."""
    steps: dict[str, Step] = {}
    if "gibbs" not in refused:
        for link in chosen_links(plan, refused):
            if name := refusal(plan, link, refused):
                for target in link.found.targets:
                    plan.reject(target, "gibbs", f"{name} is forbidden")
                continue
            plan.points.restart()
            step = closed_step(plan, link, "gibbs", "...")
            density = step.conditional.logdensity
            try:
                check_conditional(link.found, density, plan.points, plan.joint.coordinates)
            except Unchecked as error:
                for target in link.found.targets:
                    plan.reject(target, "gibbs", str(error))
                continue
            steps.update(dict.fromkeys(link.found.targets, step))
    rest = [n for n in plan.latent if n not in steps]
    for name in rest:
        reject(plan, name, refused)
    for step in general_steps(plan, rest, refused):
        steps.update(dict.fromkeys(step.targets, step))
    return list(dict.fromkeys(steps[name] for name in plan.latent))


def _exact(plan: Plan, links: list[Link], evidence: Expr) -> Sampler:
    """Draw the links in reverse; check them all at once against the joint density."""
    check_exact(
        [link.found for link in links],
        plan.joint.coordinates,
        plan.joint.total,
        evidence,
        plan.points,
    )
    steps = [closed_step(plan, link, "exact", given(plan, link)) for link in links]
    return _assemble(plan, steps[::-1], exact=True, evidence=evidence)


def _options(plan: Plan, steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """Kinds of step that could draw each variable, the chosen one first."""
    out: dict[str, tuple[str, ...]] = {}
    for step in steps:
        for name in step.targets if step.kind != INTERWEAVE else ():
            general = able(plan.reads.of(name))
            closed = ("gibbs",) if step.kind == "exact" else ()
            further = (KIND,) if name in plan.recoordinated else ()
            out[name] = tuple(dict.fromkeys([step.kind, *closed, *further, *general]))
    return {n: out[n] for n in plan.latent}


KINDS = ("exact", "collapse", "augment", "gibbs", BLOCK, KIND, INTERWEAVE, *(m.kind for m in MOVES))


def _known_names(names: Iterable[str], argument: str) -> set[str]:
    """Check that names are of kinds of steps, or of relations."""
    if isinstance(names, str):
        raise ModelError(f"{argument} is a sequence of names, got the string {names!r}")
    if not isinstance(names, Iterable):
        raise ModelError(f"{argument} is a sequence of names, got {names!r:.60}")
    wanted = list(names)
    if not wanted:
        return set()  # the book is not read for nothing
    known = {
        *KINDS,
        *book(),
        *FINDERS,
        PATH,
        WHITE,
        PRODUCT,
        FITTED,
        WINDOW.name,
        *(leaf.name for leaf in LEAVES),
    }
    for name in wanted:
        if name not in known:
            raise ModelError(
                f"{argument}: {name!r} is no kind of step ({', '.join(KINDS)}), no "
                f"way to find a law ({', '.join(FINDERS)}), no relation of the book "
                f"(astragal.rewrites.BOOK){_nearest(name, known)}"
            )
    return set(wanted)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


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
        wanted = model[name].type
        assert isinstance(wanted, TensorType)
        out[name] = as_data(name, value, wanted)
    return out


def _assemble(
    plan: Plan,
    steps: list[Step],
    exact: bool,
    evidence: Expr | None = None,
    whole: Model | None = None,
) -> Sampler:
    joint = plan.joint
    start = starting_values(joint, plan.latent, KEY, TUNING)
    added = set(plan.augmented.leaves)
    values = {n: x for n, x in joint.values.items() if n not in plan.observed and n not in added}
    if not plan.augmented.used:
        for n in plan.latent:
            values.setdefault(n, joint.coordinates[n])
    deterministic = tuple(n for n in values if n not in plan.latent)
    types: dict[str, TensorType] = {}
    for n, x in {**joint.coordinates, **plan.model.variables}.items():
        assert isinstance(x.type, TensorType)
        types[n] = x.type
    total = joint.total
    if whole is not None and plan.augmented.used:
        # People ask for the density of their own model.
        own = factorise(whole, list(plan.observed), name_all=True)
        total = own.total
        types |= {n: x.type for n, x in own.coordinates.items() if isinstance(x.type, TensorType)}
    rejected = tuple(f"{n}: {w}" for n, ws in plan.why_not.items() for w in ws)
    return Sampler(
        model=plan.model if whole is None else whole,
        target=Program(KEY, inputs_of([joint.total]), TUNING, {"logdensity": joint.total}),
        augmented=plan.model,
        auxiliary=plan.augmented.used,
        observed=dict(plan.observed),
        steps=tuple(steps),
        exact=exact,
        latent_names=tuple(plan.latent),
        deterministic_names=deterministic,
        types=types,
        start=Program(KEY, inputs_of(start.values()), TUNING, start),
        outputs=Program(KEY, inputs_of(values.values()), TUNING, values),
        density=Program(KEY, inputs_of([total]), TUNING, {"logdensity": total}),
        rejected=rejected,
        options=_options(plan, steps),
        compared=tuple(plan.compared),
        evidence=None
        if evidence is None
        else Program(KEY, inputs_of([evidence]), TUNING, {"evidence": evidence}),
    )
