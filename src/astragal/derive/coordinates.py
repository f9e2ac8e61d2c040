"""Which coordinates a hierarchy is moved on: how much the data tell of each variable.

Where the data tell more of a variable than its own law, it moves best as it is; where they tell
less, on standardised coordinates (Papaspiliopoulos, Roberts & Sköld 2007, Stat. Sci. 22,
section 2: the two rates of convergence add up to one).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from astragal.density.joint import Factor
from astragal.density.transforms import Transform
from astragal.derive.between import between
from astragal.derive.block import Block
from astragal.derive.check import Array, compiled
from astragal.derive.conjugate import Neighbourhoods
from astragal.derive.directions import along
from astragal.derive.fitted import Rooted, fitted, rooted, whitened
from astragal.derive.information import estimated, expanded, shares
from astragal.derive.noncentred import KIND, WHITE, Standard, check_standard
from astragal.derive.points import Points
from astragal.derive.scaled import FITTED, held_along, products
from astragal.derive.scaled import RELATION as PRODUCT
from astragal.derive.standards import standards
from astragal.graph.expr import Expr

_LEAST = 1e-9
STRONG = 30.0
"""Times as much as its own law that data tell of a variable that is moved as it is in any case:
below that its scale can be so small that its own law tells more."""
MOST = 200
"""Elements of a vector whose directions are looked at: each costs a slope of the data's part."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Coordinates for a variable that has standardised ones.

    Attributes
    ----------
    name
        Of the variable.
    standard
        The standardised coordinates; None where it is moved as it is.
    reason
        Why, in words.
    told
        What the data tell of it over what its own law tells: the median of its elements.
    """

    name: str
    standard: Standard | None
    reason: str
    told: float


def choose_coordinates(
    reads: Neighbourhoods,
    names: Sequence[str],
    transforms: Mapping[str, Transform],
    labels: Mapping[Expr, str],
    points: Points,
    *,
    block: Iterable[str],
    forced: bool,
    refused: Iterable[str],
) -> list[Choice]:
    """Choose the coordinates of those variables of a block that have standardised ones.

    Parameters
    ----------
    reads, names, transforms
        The block, with the parameters that others of its variables have elsewhere, in the order
        of the graph.
    block
        Names of the variables that coordinates are chosen for.
    labels
        Names of expressions, for what people read.
    points
        Generic values of all variables.
    forced
        Whether to standardise wherever that is possible.
    refused
        Names of relations that may not be used, or ``"noncentre"`` for all.
    """
    never = set(refused)
    found = {}
    mine = set(block)
    for s in standards(reads, names, labels):
        if s.name not in mine or {KIND, s.relation.name} & never:
            continue
        if all(_checked(x, reads, points) for x in (s, s.held) if x is not None):
            found[s.name] = s
    roots: dict[str, Rooted] = {}
    for x in () if {KIND, FITTED} & never else rooted(reads, names):
        if x.standard.name in mine and x.standard.name not in found:
            found[x.standard.name], roots[x.standard.name] = x.standard, x
    scales: dict[str, Expr] = {}
    for s, scale in () if {KIND, PRODUCT} & never else products(reads, names, labels):
        if s.name in mine and s.name not in found:
            found[s.name], scales[s.name] = s, scale
    if not found:
        return []
    # Moves of a part and of all at once may ask for the same.
    asked = (shares, reads.joint, tuple(names), tuple(found))
    if asked not in reads.blocks:
        reads.blocks[asked] = shares(Block(reads, names, transforms, found), transforms, points)
    at = Place(reads, points, *reads.blocks[asked])
    as_written = scales.keys() | roots.keys()
    chosen = [_choice(s, at.told[n], forced) for n, s in found.items() if n not in as_written]
    if not forced:
        chosen = [at.between(c, found[c.name]) for c in chosen]
        chosen += [at.product(found[n], scale) for n, scale in scales.items()]
        chosen += [at.fitted(x) for x in roots.values()]
    return chosen


def _checked(s: Standard, reads: Neighbourhoods, points: Points) -> bool:
    points.restart()
    return check_standard(s, _own(reads, s.name), reads.joint.coordinates, points)


def _own(reads: Neighbourhoods, name: str) -> Factor:
    own = reads.of(name).own
    assert own is not None
    return own


def _said(share: float) -> str:
    return f"the data tell {share:.1g} times as much of it as its own law"


def _choice(s: Standard, told: Array, forced: bool) -> Choice:
    share = float(np.median(told[1:] if s.held is not None else told))
    says = _said(share)
    if forced:
        says = "as preferred"
    elif not np.isfinite(share):
        says = "how much the data tell of it is not known"
    elif share >= 1.0:
        return Choice(s.name, None, says, share)
    first = s.held is not None and bool(told[0] >= 1.0)
    return Choice(s.name, s.held if first else s, says, share)


@dataclass(frozen=True, eq=False)
class Place:
    """A place of high density, where coordinates that depend on the data are laid.

    Attributes
    ----------
    reads
        Which factors read what.
    points
        Generic values of all variables, to check new coordinates at.
    told
        What the data tell of each variable's elements over what its own law tells.
    values
        Of all variables at this place.
    """

    reads: Neighbourhoods
    points: Points
    told: Mapping[str, Array]
    values: Mapping[str, Array]

    def between(self, c: Choice, s: Standard) -> Choice:
        """Take off what the data tell, where that is known and of a variable with a scale."""
        own = self.reads.of(c.name).own
        if s.relation.name == WHITE and own is not None:
            return self._along_directions(c, s, own)
        told = self.told[c.name]
        strong = c.standard is None and not float(np.median(told)) < STRONG
        if strong or own is None or s.held is not None or len(own.parameters) != 2:
            return c
        coordinates = self.reads.joint.coordinates
        run = compiled(list(coordinates.values()), list(own.parameters))
        loc, sd = (np.asarray(p) for p in run(*(self.values[n] for n in coordinates)))
        new = between(s, own, told, loc, sd, np.asarray(self.values[c.name]))
        if new is s or not self._checked(new):
            return c
        return replace(c, standard=new, reason=f"{c.reason}; what they tell is taken off")

    def _along_directions(self, c: Choice, s: Standard, own: Factor) -> Choice:
        """Take off what the data tell of a normal vector, along each of its directions."""
        if own.value.ndim != 1 or int(own.value.shape[0]) > MOST:
            return c
        told, _ = expanded(self.reads, c.name, s.transform)(self.values)
        new = along(s, own, told, self.reads.joint.coordinates, self.values)
        if new is s and (x := whitened(s, own)) is not None:
            better = fitted(x, self.reads, self.values)
            new = s if better is None else better[0]
        if new is s or not self._checked(new):
            return c
        reason = f"{c.reason}; what they tell of each of its directions is taken off"
        return replace(c, standard=new, reason=reason)

    def product(self, s: Standard, scale: Expr) -> Choice:
        """Choose coordinates of a variable that the model has standardised: of its product."""
        told = self.told[s.name]
        share = float(np.median(told))
        says = _said(share)
        against = 1.0 / max(share, _LEAST)
        read = (expanded if np.size(told) <= MOST else estimated)(self.reads, s.name, s.transform)
        own, coordinates = _own(self.reads, s.name), self.reads.joint.coordinates
        new = held_along(s, own, scale, *read(self.values), coordinates, self.values)
        if new is None or not self._checked(new):
            return Choice(s.name, None, says, against)
        return Choice(s.name, new, f"{says}; its products are held as far", against)

    def fitted(self, x: Rooted) -> Choice:
        """Choose coordinates of a vector that a matrix of parameters multiplies."""
        name = x.standard.name
        share = float(np.median(self.told[name]))
        new = fitted(x, self.reads, self.values)
        if new is None or not self._checked(new[0]):
            return Choice(name, None, _said(share), 1.0 / max(share, _LEAST))
        times = f"up to {new[1]:.1g} times as much of it as its own law, along a direction"
        return Choice(name, new[0], f"the data tell {times}; what they tell is taken off", 1.0)

    def _checked(self, s: Standard) -> bool:
        return _checked(s, self.reads, self.points)
