"""General steps: what moves a variable that has no closed form, one row a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from astragal.density.algebra import simplify
from astragal.density.transforms import Transform, interval_of, to_line, transform_of
from astragal.derive.block import Block
from astragal.derive.bounds import above_zero, condition_of, conjuncts, joined, limits
from astragal.derive.conjugate import Neighbourhood, Neighbourhoods
from astragal.derive.elements import within
from astragal.derive.jumps import jumps
from astragal.derive.noncentred import Standard
from astragal.derive.nuts import nuts_program
from astragal.derive.scaled import behind
from astragal.derive.sites import site_program
from astragal.derive.slice import slice_program
from astragal.derive.steps import Program
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, TensorType


@dataclass(frozen=True, eq=False)
class Moved:
    """The step of some variables: its graph, its tuning's initial values, its log density."""

    names: tuple[str, ...]
    program: Program
    tuning: dict[str, Expr]
    density: Expr


@dataclass(frozen=True)
class Move:
    """A kind of general step.

    Attributes
    ----------
    kind
        Its name, by which it is forbidden or preferred.
    able
        Whether it can move a variable.
    build
        From the joint law, the names of variables and standardised coordinates of some to
        their steps.
    together
        Whether all variables move at once, on coordinates that may read one another.
    """

    kind: str
    able: Callable[[Neighbourhood], bool]
    build: Callable[[Neighbourhoods, Sequence[str], Mapping[str, Standard]], list[Moved]]
    together: bool = False


def _is_continuous(near: Neighbourhood) -> bool:
    return near.own is not None and transform_of(near.own) is not None


def _is_smooth(near: Neighbourhood) -> bool:
    return _is_continuous(near) and not jumps(near) and not _is_level(near)


def _is_level(near: Neighbourhood) -> bool:
    """Tell whether a density is level wherever conditions hold that are no ends of a variable.

    Trajectories have no slope there that would turn them before a wall.
    """
    events = [condition_of(x) for x in near.extra]
    if not events or any(test is None for test in events):
        return False
    if near.z in toposort([simplify(f.density, keep_shape=False) for f in near.factors]):
        return False
    assert near.own is not None
    plain, narrowed = transform_of(near.own), _narrowed(near, {near.z})
    # Of the same graph, unless an end was found.
    return (
        plain is not None
        and narrowed is not None
        and (plain.backward(near.z) is narrowed.backward(near.z))
    )


def _is_discrete(near: Neighbourhood) -> bool:
    own = near.own
    whole = isinstance(near.z.type, TensorType) and near.z.dtype not in FLOATS
    return whole and own is not None and not own.distribution.core


def _sites(
    reads: Neighbourhoods, names: Sequence[str], standards: Mapping[str, Standard]
) -> list[Moved]:
    return [Moved((n,), *site_program(n, reads.of(n)), reads.of(n).total) for n in names]


def _slices(
    reads: Neighbourhoods, names: Sequence[str], standards: Mapping[str, Standard]
) -> list[Moved]:
    out = []
    for n in names:
        near = reads.of(n)
        t = None if near.own is None else transform_of(near.own)
        assert t is not None
        out.append(Moved((n,), *slice_program(n, near, t), near.total))
    return out


def coordinates(
    reads: Neighbourhoods, names: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, Transform]]:
    """Give continuous variables in an order and on coordinates in which they move together."""
    # A bound comes before the variable that it bounds: the order of the graph.
    position = [f.value for f in reads.joint.factors]
    ordered = sorted(names, key=lambda n: position.index(reads.joint.coordinates[n]))
    transforms = {}
    for i, n in enumerate(ordered):
        t = _narrowed(reads.of(n), {reads.joint.coordinates[m] for m in ordered[i:]})
        assert t is not None
        transforms[n] = t
    return tuple(ordered), transforms


def _narrowed(near: Neighbourhood, later: set[Expr]) -> Transform | None:
    """Give a variable's coordinates within what constraints and the supports of others leave it.

    A trajectory that meets an end of what is possible is thrown away; on these it meets none.
    Ends that read the variable itself, or what comes later in the order, are left to that.
    """
    own = near.own
    if own is None:
        return None
    interval = interval_of(own)
    tests = [f.support for f in near.factors if f is not own and f.support is not None]
    tests += [event for x in near.extra if (event := condition_of(x)) is not None]
    parts = [x for test in tests for x in conjuncts(test) if near.z in toposort([x])]
    if interval is None or not parts or own.family == "von_mises":
        return transform_of(own)
    known = [one for x in parts if (one := limits(x, near.z, above_zero(own))) is not None]
    if len(known) < len(parts) and (t := within(near.z, interval, parts, later)) is not None:
        return t
    kept = [one for one in known if later.isdisjoint(toposort([*one.lows, *one.highs]))]
    if not any((*one.lows, *one.highs) for one in kept):
        return transform_of(own)
    return to_line(joined(interval, kept), near.z.shape)


def _block(
    reads: Neighbourhoods, names: Sequence[str], standards: Mapping[str, Standard]
) -> list[Moved]:
    ordered, transforms = coordinates(reads, names)
    ordered = behind(ordered, standards)
    block = Block(reads, ordered, transforms, standards)
    return [Moved(ordered, *nuts_program(block), block.target)]


MOVES: tuple[Move, ...] = (
    Move("sites", _is_discrete, _sites),
    Move("slice", _is_continuous, _slices),
    Move("nuts", _is_smooth, _block, together=True),
)
"""Every general step; a new one is a row here."""


def able(near: Neighbourhood) -> tuple[str, ...]:
    """List the kinds that can move a variable."""
    return tuple(m.kind for m in MOVES if m.able(near))


def alone(reads: Neighbourhoods, latent: Sequence[str]) -> frozenset[str]:
    """Find the numbers that nothing reads together with another continuous latent.

    Discrete ones may hold them. No trajectory gains by moving such a number with others, and no
    auxiliary variable by giving it a closed form: a slice update draws it almost anew.
    """
    continuous = {reads.joint.coordinates[n]: n for n in latent if _is_continuous(reads.of(n))}
    return frozenset(
        n for z, n in continuous.items() if z.shape == () and not reads.beside(n) & set(continuous)
    )


def choose(
    near: dict[str, tuple[str, ...]],
    scalar: Iterable[str],
    prefer: frozenset[str],
    apart: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Choose a kind for each variable among those allowed.

    Parameters
    ----------
    near
        From name to the kinds allowed.
    scalar
        Names of scalar variables.
    prefer
        Kinds to take where they are allowed.
    apart
        Names of those that no other continuous one holds (`alone`).

    Returns
    -------
    dict
        From name to kind: what is preferred; a slice update for a continuous scalar alone,
        one block for several.
    """
    together = [n for n, kinds in near.items() if "sites" not in kinds and n not in apart]
    single = apart.union(together if len(together) == 1 else ()).intersection(scalar)
    out = {}
    for n, kinds in near.items():
        wanted = [k for k in kinds if k in prefer]
        usual = [k for k in kinds if k != ("nuts" if n in single else "slice")]
        out[n] = (wanted or usual or list(kinds))[0]
    return out
