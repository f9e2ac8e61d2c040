"""The search for a sampler: closed forms first, then general moves, each checked."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from astragal.density.joint import Factor, factorise
from astragal.density.transforms import transform_of
from astragal.derive.augment import LEAVES, Augmented, augmentations, tilted
from astragal.derive.check import check_conditional, check_exact, check_same
from astragal.derive.conjugate import KEY, Neighbourhood, Neighbourhoods
from astragal.derive.exact import (
    Link,
    closed_forms,
    elementwise_law,
    exact_chain,
    integrate_out,
)
from astragal.derive.gaussian import size_of
from astragal.derive.moves import MOVES, Moved, able, choose
from astragal.derive.notation import write_family
from astragal.derive.points import Points, check_support, starting_values
from astragal.derive.relations import FORM, NORMAL_FORM, book, used_relations
from astragal.derive.sampler import Conditional, Program, Sampler, Step, UsedRelation, as_data
from astragal.derive.slice import TUNING
from astragal.graph.errors import ModelError, UnsupportedError
from astragal.graph.expr import INPUT, Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import TensorType
from astragal.model import Model
from astragal.random.check import check_keys
from astragal.random.keys import split


class Plan:
    """What the search knows: the joint law, the latents, and why each try failed."""

    def __init__(
        self,
        model: Model,
        observed: Mapping[str, np.ndarray[Any, Any]],
        prefer: Iterable[str] = (),
        augmented: Augmented | None = None,
    ) -> None:
        self.augmented = Augmented(model) if augmented is None else augmented
        self.model = self.augmented.model
        self.observed = observed
        plain = factorise(self.model, list(observed), name_all=True)
        plain, self.joint = tilted(plain, self.augmented.leaves)
        self.latent = [n for n in self.joint.coordinates if n not in observed]
        order = {n: i for i, n in enumerate(self.model.variables)}
        self.latent.sort(key=lambda n: order.get(n, len(order)))
        self.reads = Neighbourhoods(self.joint)
        self.points = Points(self.joint, self.latent, observed)
        if self.augmented.leaves:
            check_same(plain.total, self.joint.total, self.joint.coordinates, self.points)
        self.prefer = frozenset(prefer)
        self.why_not: dict[str, list[str]] = {}
        self.labels: dict[Expr, str] = dict(getattr(self.model, "labels", {}))

    def reject(self, name: str, kind: str, reason: str) -> None:
        """Keep the reason why a kind of step does not serve a variable."""
        self.why_not.setdefault(name, []).append(f"{kind}: {reason}")


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
        Kinds of steps (``"gibbs"``, ``"slice"``, ``"nuts"``) or names of relations that
        may not be used.
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
    if tune is not None:
        return _tuned(model, observed, forbid, prefer, tune)
    check_keys(*model.variables.values())
    data = _check_observed(model, observed)
    refused = _known_names(forbid, "forbid")
    plan = Plan(model, data, _known_names(prefer, "prefer"))
    check_support(plan.joint, data)
    if not plan.latent:
        raise ModelError("nothing is left to sample: every random variable is observed")
    chain = None
    if not {"gibbs", "exact"} & refused:
        chain = exact_chain(plan.joint, plan.latent, lambda link: not _refused(plan, link, refused))
    if chain is not None:
        return _exact(plan, *chain)
    steps = _collapsed(plan, refused)
    if steps is None:
        plan = _with_auxiliaries(plan, refused)
        steps = _steps(plan, refused)
    return _assemble(plan, steps, exact=False, whole=model)


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


def _with_auxiliaries(plan: Plan, refused: set[str]) -> Plan:
    """Add auxiliary variables while each brings more of the model into closed form."""
    if {"gibbs", "augment"} & refused:
        return plan
    best, left = plan, _stuck(plan)
    # One number is moved as well by itself: auxiliaries would slow it.
    while sum(left.values()) > 1:
        now, found = best, best
        for candidate in augmentations(now.augmented, set(left), plan.observed, refused):
            try:
                tried = Plan(plan.model, plan.observed, plan.prefer, candidate)
            except (UnsupportedError, ModelError):
                continue
            open_ones = _stuck(tried)
            if sum(open_ones.values()) < sum(left.values()):
                found, left = tried, open_ones
        if found is now:
            break
        best = found
    return best


def _stuck(plan: Plan) -> dict[str, int]:
    """Variables that have no closed form, with their numbers of elements."""
    links = closed_forms(plan.reads, plan.latent)
    closed = {n for link in links for n in link.found.targets}
    sizes = {n: size_of(plan.joint.coordinates[n]) or 1 for n in plan.latent}
    return {n: k for n, k in sizes.items() if n not in closed}


def _steps(plan: Plan, refused: set[str]) -> list[Step]:
    """One step a variable or block, in the order of the model."""
    steps: dict[str, Step] = {}
    if "gibbs" not in refused:
        for link in closed_forms(plan.reads, plan.latent):
            if name := _refused(plan, link, refused):
                for target in link.found.targets:
                    plan.reject(target, "gibbs", f"{name} is forbidden")
                continue
            plan.points.restart()
            step = _closed(plan, link, "gibbs", "...")
            check_conditional(
                link.found, step.conditional.logdensity, plan.points, plan.joint.coordinates
            )
            steps.update(dict.fromkeys(link.found.targets, step))
    rest = [n for n in plan.latent if n not in steps]
    for name in rest:
        _reject(plan, name, refused)
    for step in _general(plan, rest, refused):
        steps.update(dict.fromkeys(step.targets, step))
    return list(dict.fromkeys(steps[name] for name in plan.latent))


COLLAPSE = UsedRelation(
    "collapsing", "van Dyk & Park 2008, J. Am. Stat. Assoc. 103:790-796, section 3"
)
FEWEST = 4
"""Most coordinates that a collapsed step moves unless it is asked for: its density is dear."""


def _collapsed(plan: Plan, refused: set[str]) -> list[Step] | None:
    """Move what has no closed form with the normal variables below it integrated out.

    These are drawn afterwards, from their law given the rest, so that a scale and what it
    is the scale of do not hold each other.
    """
    if {"gibbs", "collapse"} & refused:
        return None
    wanted = "collapse" in plan.prefer

    def allowed(link: Link) -> bool:
        normal = link.found.family in {"normal", "multivariate_normal"}
        return (wanted or normal) and not _refused(plan, link, refused)

    order = {f.value: i for i, f in enumerate(plan.joint.factors)}
    ranked = sorted(plan.latent, key=lambda n: -order[plan.joint.coordinates[n]])
    for blocks in (False, True):
        links, joint, left = integrate_out(plan.joint, ranked, allowed, blocks)
        inner = Neighbourhoods(joint)
        if links and _worth_it(plan, inner, left, links, wanted):
            break
    else:
        return None
    left = [n for n in plan.latent if n in left]
    check_exact(
        [link.found for link in links],
        plan.joint.coordinates,
        plan.joint.total,
        joint.total,
        plan.points,
    )
    view = copy.copy(plan)
    view.joint, view.reads = joint, inner
    moves = _general(view, left, refused)
    draws = [_closed(plan, link, "gibbs", _given(plan, link)) for link in links[::-1]]
    plan.why_not.clear()
    return [_joined(plan, left, moves, draws)]


def _joined(plan: Plan, left: list[str], moves: list[Step], draws: list[Step]) -> Step:
    """One step: what is left moves, then what was integrated out is drawn.

    Neither half keeps the joint law by itself.
    """
    steps = [*moves, *draws]
    keys = split(KEY, len(steps))
    own = {n: x for s in steps for n, x in s.program.inputs.items()}
    state: dict[str, Expr] = dict(own)
    outputs: dict[str, Expr] = {}
    info: dict[str, Expr] = {}
    for i, s in enumerate(steps):
        new, told = s.move(keys[i], state, TUNING)
        state |= new
        outputs |= new
        info |= told if len(moves) == 1 else {f"{s.name}:{q}": v for q, v in told.items()}
    program = Program(KEY, _inputs([*outputs.values(), *info.values()]), TUNING, outputs, info)
    gone = ", ".join(n for n in plan.latent if n not in left)
    kinds = "/".join(dict.fromkeys(s.kind for s in moves))
    first = f"({', '.join(left)})" if len(left) > 1 else left[0]
    text = [f"{first} | {_data(plan)} by {kinds}, {gone} integrated out"]
    text += [s.conditional.text for s in draws]
    relations = {r.name: r for s in draws for r in s.relations}
    return Step(
        targets=tuple(t for s in steps for t in s.targets),
        kind="collapse",
        conditional=Conditional(
            text="\n     then ".join(text),
            law=None,
            logdensity=plan.joint.total,
            premises=tuple(dict.fromkeys(p for s in steps for p in s.conditional.premises)),
        ),
        relations=(COLLAPSE, *relations.values()),
        program=program,
        tuning={n: x for s in moves for n, x in s.tuning.items()},
    )


def _worth_it(
    plan: Plan, inner: Neighbourhoods, left: list[str], links: list[Link], wanted: bool
) -> bool:
    """Whether what is left can be moved, and nothing of it had a closed form before."""
    transforms = [t for n in left if (own := inner.of(n).own) and (t := transform_of(own))]
    if len(transforms) < len(left):
        return False
    if wanted:
        return True
    size = sum(math.prod(int(d) for d in t.shape) for t in transforms)
    closed = {n for link in closed_forms(plan.reads, plan.latent) for n in link.found.targets}
    return size <= FEWEST and closed.isdisjoint(left)


def _data(plan: Plan) -> str:
    return ", ".join(plan.observed) or "nothing"


def _refused(plan: Plan, link: Link, refused: set[str]) -> str:
    """Name a relation that a law rests on and that may not be used; empty for none."""
    used = used_relations(link.nears, link.found, plan.labels)
    return next((r.name for r in used if r.name in refused), "")


def _reject(plan: Plan, name: str, refused: set[str]) -> None:
    """Keep why a variable has no Gibbs step."""
    if name in plan.why_not:
        return
    near = plan.reads.of(name)
    why = "forbidden" if "gibbs" in refused else elementwise_law(near, plan.reads)
    plan.reject(name, "gibbs", why if isinstance(why, str) else "another block was better")


def _general(plan: Plan, names: list[str], refused: set[str]) -> list[Step]:
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
    chosen = choose(allowed, scalars, plan.prefer)
    steps: list[Step] = []
    for move in MOVES:
        mine = [n for n in names if chosen[n] == move.kind]
        if mine:
            steps += [_moved(plan, move.kind, m) for m in move.build(plan.reads, mine)]
    return steps


def _moved(plan: Plan, kind: str, m: Moved) -> Step:
    nears = tuple(plan.reads.of(n) for n in m.names)
    factors = dict.fromkeys(f for near in nears for f in near.factors)
    shown = m.names[0] if len(m.names) == 1 else f"({', '.join(m.names)})"
    text = f"{shown} | ... has log density {_sum_text(factors)}"
    conditional = Conditional(text, None, m.density, _premises(plan, nears))
    return Step(m.names, kind, conditional, (), m.program, m.tuning)


def _exact(plan: Plan, links: list[Link], evidence: Expr) -> Sampler:
    """Draw the links in reverse; check them all at once against the joint density."""
    check_exact(
        [link.found for link in links],
        plan.joint.coordinates,
        plan.joint.total,
        evidence,
        plan.points,
    )
    steps = [_closed(plan, link, "exact", _given(plan, link)) for link in links]
    return _assemble(plan, steps[::-1], exact=True, evidence=evidence)


def _given(plan: Plan, link: Link) -> str:
    """Names that the law of a link reads: later latents of the chain, then data."""
    names = _inputs(link.found.outputs.values())
    latent = [n for n in names if n not in plan.observed]
    return ", ".join([*latent, *(n for n in plan.observed if n in names)]) or "data"


def _closed(plan: Plan, link: Link, kind: str, given: str) -> Step:
    found = link.found
    names = ", ".join(found.targets)
    shown = f"({names})" if len(found.targets) > 1 else names
    density = link.nears[0].total if len(link.nears) == 1 else _joint_total(link)
    conditional = Conditional(
        text=f"{shown} | {given} ~ {found.text(plan.labels)}",
        law=found.law,
        logdensity=density,
        premises=_premises(plan, link.nears),
    )
    program = Program(KEY, _inputs(found.outputs.values()), TUNING, dict(found.outputs))
    relations = used_relations(link.nears, found, plan.labels)
    if set(found.targets) & set(plan.augmented.leaves):
        relations = plan.augmented.used
    return Step(found.targets, kind, conditional, relations, program)


def _premises(plan: Plan, nears: Iterable[Neighbourhood]) -> tuple[str, ...]:
    """The laws of the model that a step follows from: own ones first."""
    nears = tuple(nears)
    own = [near.own for near in nears if near.own is not None]
    rest = [f for near in nears for f in near.factors if f not in own]
    out = []
    for f in dict.fromkeys([*own, *rest]):
        out.append(f"{f.name} ~ {write_family(f.family, f.parameters, plan.labels)}")
    return tuple(out)


def _options(plan: Plan, steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """Kinds of step that could draw each variable, the chosen one first."""
    out: dict[str, tuple[str, ...]] = {}
    for step in steps:
        for name in step.targets:
            general = able(plan.reads.of(name))
            closed = ("gibbs",) if step.kind == "exact" else ()
            out[name] = tuple(dict.fromkeys([step.kind, *closed, *general]))
    return {n: out[n] for n in plan.latent}


def _joint_total(link: Link) -> Expr:
    """Everything that a block enters, each term once."""
    terms: dict[Expr, None] = {}
    for near in link.nears:
        terms.update(dict.fromkeys([*(f.total for f in near.factors), *near.extra]))
    first, *others = terms
    for t in others:
        first = first + t
    return first


KINDS = ("exact", "collapse", "augment", "gibbs", *(m.kind for m in MOVES))


def _known_names(names: Iterable[str], argument: str) -> set[str]:
    """Check that names are of kinds of steps, or of relations."""
    if isinstance(names, str):
        raise ModelError(f"{argument} is a sequence of names, got the string {names!r}")
    known = {*KINDS, *book(), FORM, NORMAL_FORM, *(leaf.name for leaf in LEAVES)}
    wanted = set(names)
    for name in names:
        if name not in known:
            raise ModelError(
                f"{argument}: {name!r} is neither a kind of step ({', '.join(KINDS)}) nor a "
                "relation of the book (astragal.rewrites.BOOK)"
            )
    return wanted


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


def _sum_text(factors: Iterable[Factor]) -> str:
    return " + ".join(f"log p({f.name} | ...)" for f in factors)


def _inputs(exprs: Iterable[Expr]) -> dict[str, Expr]:
    return {
        str(x.args[0]): x
        for x in toposort(exprs)
        if x.op is INPUT and x is not KEY and x is not TUNING
    }


def _assemble(
    plan: Plan,
    steps: list[Step],
    exact: bool,
    evidence: Expr | None = None,
    whole: Model | None = None,
) -> Sampler:
    joint = plan.joint
    start = starting_values(joint, plan.latent, KEY)
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
        target=Program(KEY, _inputs([joint.total]), TUNING, {"logdensity": joint.total}),
        augmented=plan.model,
        auxiliary=plan.augmented.used,
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
        options=_options(plan, steps),
        evidence=None
        if evidence is None
        else Program(KEY, _inputs([evidence]), TUNING, {"evidence": evidence}),
    )
