"""A chart of how distributions are related, drawn from relations themselves.

An arrow leads from the distributions on one side of a relation to the one distribution on the
other. What holds of every member of a family, with one and the same distribution at the other end,
tells nothing of the members, as that each is a function of a uniform variable: it is no arrow.
Nodes are placed by springs along the arrows, in the same way every time, and pushed apart until no
two overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from astragal.logic.pattern import Side
    from astragal.logic.relation import Relation

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Arrow:
    """What one relation says about two distributions.

    Attributes
    ----------
    source, target : str
        Names of distributions.
    sort : str
        ``"special case"``, ``"transformation"`` or ``"combination"`` of several variables.
    relation : str
        Its name.
    """

    source: str
    target: str
    sort: str
    relation: str


@dataclass(frozen=True)
class Chart:
    """Distributions and the arrows between them; a notebook shows it as a picture.

    Attributes
    ----------
    arrows : tuple of Arrow
    link : callable
        From the name of a relation to the address that its arrow leads to; None for none.
    """

    arrows: tuple[Arrow, ...]
    link: Callable[[str], str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The distributions, in order of first appearance."""
        ends = (n for a in self.arrows for n in (a.source, a.target))
        return tuple(dict.fromkeys(ends))

    def about(self, *names: str) -> Chart:
        """Give the part of the chart around some distributions."""
        kept = tuple(a for a in self.arrows if a.source in names or a.target in names)
        return Chart(kept, self.link)

    def svg(self, width: int = 1400, height: int = 1000) -> str:
        """Draw the chart."""
        return _draw(self, width, height)

    def _repr_html_(self) -> str:
        return f'<div class="astragal">{self.svg()}</div>'


def chart(relations: Iterable[Relation], link: Callable[[str], str] | None = None) -> Chart:
    """Draw how distributions of one number are related.

    Parameters
    ----------
    relations
        Each that has random variables of a single distribution on one side gives arrows.
    link
        From the name of a relation to an address.

    Returns
    -------
    Chart

    Examples
    --------
    >>> from astragal.display.chart import chart
    >>> from astragal.rewrites.special_cases import gamma_exponential_case
    >>> [arrow] = chart([gamma_exponential_case]).arrows
    >>> arrow.source, arrow.target, arrow.sort
    ('gamma', 'exponential', 'special case')
    """
    found: dict[Arrow, None] = {}
    for whole in relations:
        own = [a for r in whole.members for a in _arrows(whole.name, r)]
        if not _of_every_member(own):
            found.update(dict.fromkeys(own))
    return Chart(tuple(found), link)


def _of_every_member(arrows: Sequence[Arrow]) -> bool:
    """Tell whether the arrows of a statement lead from many distributions to one, or back."""
    sources, targets = {a.source for a in arrows}, {a.target for a in arrows}
    return max(len(sources), len(targets)) > _MANY and min(len(sources), len(targets)) == 1


_MANY = 3


def _arrows(name: str, r: Relation) -> Iterable[Arrow]:
    left, right = _names(r.left), _names(r.right)
    if left is None or right is None or r.kind == "conditional":
        return
    for sources, targets in ((left, right), (right, left)):
        if len(set(targets)) == 1 and set(sources) != set(targets):
            many = len(sources) > 1 or len(targets) > 1
            bare = all(x in side.draws for side in (r.left, r.right) for x in side.roots)
            sort = "combination" if many else "special case" if bare else "transformation"
            for source in dict.fromkeys(sources):
                if source != targets[0]:
                    yield Arrow(source, targets[0], sort, name)
            return


def _names(side: Side) -> list[str] | None:
    """List the distributions of a side, all of single numbers."""
    names = []
    for x in side.draws:
        d = x.op.distribution  # type: ignore[attr-defined]
        if d.core or any(p.core for p in d.parameters):
            return None
        names.append(x.op.name)
    return names or None


def _places(chart: Chart, width: float, height: float) -> Array:
    """Place the nodes: neighbours attract, all repel, and nothing leaves the frame."""
    names = chart.names
    n = len(names)
    index = {name: i for i, name in enumerate(names)}
    edges = {(index[a.source], index[a.target]) for a in chart.arrows}
    angle = np.arange(n) * 2.399963
    radius = np.sqrt((np.arange(n) + 0.5) / n)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    length = 1.6 / np.sqrt(max(n, 1))
    starts, ends = np.array(sorted(edges), dtype=int).reshape(-1, 2).T
    for step in range(400):
        d = x[:, None, :] - x[None, :, :]
        distance = np.maximum(np.linalg.norm(d, axis=-1), 1e-3)
        force = (d * (length**2 / distance**2)[..., None]).sum(axis=1)
        pull = x[ends] - x[starts]
        pull *= np.linalg.norm(pull, axis=1, keepdims=True) / length * 0.35
        np.add.at(force, starts, pull)
        np.subtract.at(force, ends, pull)
        size = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-9)
        x = x + force / size * np.minimum(size, 0.1 * (1 - step / 400))
        x = x - 0.01 * x
    boxes = np.array([[_width(name), _HEIGHT] for name in names]).reshape(-1, 2)
    # By rank rather than by place: the middle, where most are, gets as much room as the rim.
    order = x.argsort(axis=0).argsort(axis=0)
    low, high = x.min(axis=0), x.max(axis=0)
    spread: Array = (x - low) / np.maximum(high - low, 1e-9)
    spread = 0.35 * spread + 0.65 * order / max(n - 1, 1)
    frame = np.array([width, height - _LEGEND])
    return _apart(
        boxes.max(axis=0, initial=0) / 2 + spread * (frame - boxes.max(axis=0)), boxes, frame
    )


def _apart(x: Array, boxes: Array, frame: Array) -> Array:
    """Push boxes apart that overlap, along the side where they do so less, within the frame."""
    half = boxes / 2
    need = half[:, None, :] + half[None, :, :] + np.array([10.0, 8.0])
    n = np.arange(len(x))
    first = np.sign(n[:, None] - n)[..., None]  # who goes which way where two coincide
    for _ in range(300):
        d = x[:, None, :] - x[None, :, :]
        over = need - np.abs(d)
        both = (over > 0).all(axis=-1) & ~np.eye(len(x), dtype=bool)
        if not both.any():
            break
        along = over.argmin(axis=-1)
        way = np.where(d == 0, first, np.sign(d))
        push = way * np.where(both[..., None], over, 0) / 2
        push = np.where(np.arange(2) == along[..., None], push, 0)
        x = np.clip(x + 0.6 * push.sum(axis=1), half + 2, frame - half - 2)
    return x


def _width(name: str) -> float:
    return 6.6 * len(name) + 12


# Light enough for a dark page and dark enough for a light one.
_COLOURS = {"special case": "#1f9d5a", "transformation": "#3f83d6", "combination": "#c17a2a"}
_HEIGHT = 20.0
_LEGEND = 34.0
_STYLE = (
    "text{font:12px sans-serif;fill:currentColor;text-anchor:middle;dominant-baseline:central}"
    ".box{fill:var(--color-background-primary,Canvas);stroke:currentColor;stroke-width:.7}"
    ".arrow{stroke-width:1.1;opacity:.5;fill:none}"
    ".wide{stroke-width:9;stroke:transparent;fill:none}"
    "a:hover .arrow,g:hover>.arrow{stroke-width:3;opacity:1}"
)


def _draw(chart: Chart, width: int, height: int) -> str:
    names = chart.names
    at = dict(zip(names, _places(chart, width, height), strict=True))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        ' style="max-width:100%;height:auto" role="img" aria-label="Chart of distributions">',
        f"<style>{_STYLE}</style><defs>",
    ]
    for sort, colour in _COLOURS.items():
        parts.append(
            f'<marker id="{_marker(sort)}" viewBox="0 0 8 8" refX="7" refY="4" '
            f'markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0L8,4L0,8z" '
            f'fill="{colour}"/></marker>'
        )
    parts.append("</defs>")
    groups: dict[tuple[str, str, str], list[str]] = {}
    for a in chart.arrows:
        groups.setdefault((a.source, a.target, a.sort), []).append(a.relation)
    for (source, target, sort), relations in groups.items():
        parts.append(_arrow(chart, sort, relations, (source, target), at[source], at[target]))
    for name, (x, y) in at.items():
        w, h = _width(name), _HEIGHT
        parts.append(
            f'<rect class="box" x="{x - w / 2:.1f}" y="{y - h / 2:.1f}" width="{w:.1f}" '
            f'height="{h:g}" rx="5"/>'
            f'<text x="{x:.1f}" y="{y:.1f}">{escape(name.replace("_", " "))}</text>'
        )
    return "".join([*parts, _legend(width, height), "</svg>"])


def _legend(width: int, height: int) -> str:
    """Say which colour is which sort."""
    y = height - _LEGEND / 2 + 4
    parts = []
    for i, (sort, colour) in enumerate(_COLOURS.items()):
        x = width / 2 + (i - 1) * 180
        parts.append(
            f'<path d="M{x - 80:.0f},{y:.0f}H{x - 50:.0f}" stroke="{colour}" stroke-width="2" '
            f'marker-end="url(#{_marker(sort)})"/><text x="{x:.0f}" y="{y:.0f}">{sort}</text>'
        )
    return "".join(parts)


def _marker(sort: str) -> str:
    return sort.replace(" ", "-")


def _arrow(
    chart: Chart, sort: str, relations: list[str], ends: tuple[str, str], start: Array, end: Array
) -> str:
    """Draw the arrow of all relations of one sort between two distributions."""
    d = end - start
    unit = d / max(float(np.linalg.norm(d)), 1e-9)
    across = np.array([-unit[1], unit[0]])
    # Bent more for each sort, and from edge to edge of the boxes.
    bend = (start + end) / 2 + across * (14 + 12 * list(_COLOURS).index(sort))
    first, last = _edge(start, bend, ends[0]), _edge(end, bend, ends[1])
    title = ", ".join(r.replace("_", " ") for r in relations)
    route = (
        f'd="M{first[0]:.1f},{first[1]:.1f}Q{bend[0]:.1f},{bend[1]:.1f} '
        f'{last[0]:.1f},{last[1]:.1f}"'
    )
    # A wide path that is not seen is easier to rest on than the thin one.
    path = (
        f'<path class="wide" {route}/>'
        f'<path class="arrow" stroke="{_COLOURS[sort]}" '
        f'marker-end="url(#{_marker(sort)})" {route}/>'
        f"<title>{escape(title)}</title>"
    )
    if chart.link is None:
        return f"<g>{path}</g>"
    return f'<a href="{escape(chart.link(relations[0]), quote=True)}">{path}</a>'


def _edge(centre: Array, towards: Array, name: str) -> Array:
    """Find where the way from the middle of a box to a point leaves the box."""
    d = towards - centre
    half = np.array([_width(name) / 2 + 2, _HEIGHT / 2 + 2])
    found: Array = centre + d * min(1.0, float((half / np.maximum(np.abs(d), 1e-9)).min()))
    return found
