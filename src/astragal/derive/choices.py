"""Choosing among steps of draws in turn: the least expected work for an effective draw.

The work of a sweep is counted (`astragal.derive.work`), the number of sweeps that an effective
draw takes follows from how variables hold each other (`astragal.derive.coupling`). The latter
costs about a second, so it is computed only where a run could gain more than that.
"""

from __future__ import annotations

from collections.abc import Sequence

from astragal.derive.conjugate import Found
from astragal.derive.coupling import Coupling, coupling
from astragal.derive.exact import Link, closed_forms, elementwise_law
from astragal.derive.plan import Plan, refusal
from astragal.derive.work import work

BLOCK = "block"
"""What it is called to draw several variables by one law."""
RUN = 20_000
"""Sweeps of a usual run: four chains, with their warm-up, that forget in some sweeps."""
ESTIMATE = 5e8
"""Nanoseconds that estimating how variables hold each other may cost beside such a run."""
BESIDE = 1000.0
"""Nanoseconds of a sweep beside its draws."""
CREEP = 10.0
"""Sweeps an effective draw beyond which what forgets sooner may cost twice as much: of 4,000
draws fewer than 400 would be left."""
JOINT = 1.7
"""Sweeps that an effective draw takes of what moves all at once: trajectories, collapsed steps."""
LEAF = 300.0
"""Nanoseconds of a leapfrog step beside its gradient."""
START = 1500.0
"""Nanoseconds of a trajectory beside its steps."""


def chosen_links(plan: Plan, refused: set[str]) -> list[Link]:
    """Give laws in closed form to draw from in turn: of whole blocks, or of their variables.

    A jointly normal block forgets faster than its variables one after the other, and costs
    more.
    """
    now = list(closed_forms(plan.reads, plan.latent))
    if BLOCK in plan.prefer:
        return now
    parts = {link.name: p for link in now if (p := _parts(plan, link, refused))}
    saved = {x.name: _work(plan, [x]) - _work(plan, parts[x.name]) for x in now if x.name in parts}
    gains = {n: x for n, x in saved.items() if x > 0.0}
    if BLOCK in refused:
        gains = dict.fromkeys(parts, 1.0)
    elif RUN * sum(gains.values()) < ESTIMATE:
        return now
    known = None if BLOCK in refused else coupling(plan, now)
    for name in sorted(gains, key=lambda n: -gains[n]):
        tried = [x for link in now for x in (parts[name] if link.name == name else [link])]
        if BLOCK in refused or (known is not None and _better(plan, known, name, tried, now)):
            now = tried
    return now


def _better(
    plan: Plan, known: Coupling, name: str, tried: Sequence[Link], now: Sequence[Link]
) -> bool:
    """Whether draws of a block's variables one by one cost less, and say so."""
    work0, work1 = (BESIDE + _work(plan, x) for x in (now, tried))
    sweeps0, sweeps1 = (known.sweeps(_steps(plan, known, x)) for x in (now, tried))
    plan.compared.append(
        f"({name.replace('+', ', ')}) as one block: {say(work0, sweeps0)}; "
        f"one after the other: {say(work1, sweeps1)}"
    )
    dear = 1.0 if sweeps1 <= CREEP else 0.5
    return work1 * sweeps1 < dear * work0 * sweeps0


def say(nanoseconds: float, sweeps: float) -> str:
    """Write an expected cost."""
    shown = f"{sweeps:.2g}" if sweeps < 1000.0 else "over 1000"
    return f"{nanoseconds / 1000.0:.2g} us a sweep, {shown} sweeps an effective draw"


def _work(plan: Plan, links: Sequence[Link]) -> float:
    return sum(work(link.found.outputs.values(), plan.observed) for link in links)


def _steps(plan: Plan, known: Coupling, links: Sequence[Link]) -> list[list[int]]:
    """Coordinates that each step of a sweep draws; without a law, each by itself."""
    names = {n: link.found.targets for link in links for n in link.found.targets}
    out: dict[tuple[int, ...], None] = {}
    for n in plan.latent:
        if n in names:
            out[tuple(known.places(names[n]))] = None
        else:
            out.update(dict.fromkeys((i,) for i in known.places([n])))
    return [list(x) for x in out]


def _parts(plan: Plan, link: Link, refused: set[str]) -> list[Link]:
    """Laws of the variables of a block, each given the others; none where one has no such law."""
    if len(link.found.targets) < 2:
        return []
    out = []
    for n in link.found.targets:
        near = plan.reads.of(n)
        law = elementwise_law(near, plan.reads)
        if not isinstance(law, Found):
            return []
        out.append(Link(law, (near,)))
        if refusal(plan, out[-1], refused):
            return []
    return out
