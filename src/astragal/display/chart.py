"""A chart of how distributions are related, drawn from relations themselves.

An arrow leads from the distributions on one side of a relation to the one distribution on the
other. Nodes are placed by springs along the arrows, in the same way every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

    def svg(self, width: int = 1200, height: int = 900) -> str:
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
        for r in whole.members:
            for a in _arrows(whole.name, r):
                found.setdefault(a)
    return Chart(tuple(found), link)


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
    pairs = np.array(sorted(edges), dtype=int).reshape(-1, 2)
    for step in range(400):
        d = x[:, None, :] - x[None, :, :]
        distance = np.maximum(np.linalg.norm(d, axis=-1), 1e-3)
        force = (d * (length**2 / distance**2)[..., None]).sum(axis=1)
        for i, j in pairs:
            pull = (x[j] - x[i]) * np.linalg.norm(x[j] - x[i]) / length * 0.35
            force[i] += pull
            force[j] -= pull
        size = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-9)
        x = x + force / size * np.minimum(size, 0.1 * (1 - step / 400))
        x = x - 0.01 * x
    low, high = x.min(axis=0), x.max(axis=0)
    spread: Array = (x - low) / np.maximum(high - low, 1e-9)
    margin = np.array([75.0, 25.0])
    placed: Array = margin + spread * (np.array([width, height]) - 2 * margin)
    return placed


_COLOURS = {"special case": "#2a6", "transformation": "#26a", "combination": "#a62"}
_STYLE = (
    "text{font:11px sans-serif;fill:currentColor;text-anchor:middle;dominant-baseline:central}"
    "rect{fill:var(--color-background-primary,#fff);stroke:currentColor;stroke-width:.6}"
    ".arrow{stroke-width:1;opacity:.45;fill:none}.arrow:hover{stroke-width:3;opacity:1}"
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
            f'<marker id="{sort.replace(" ", "-")}" viewBox="0 0 8 8" refX="7" refY="4" '
            f'markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0L8,4L0,8z" '
            f'fill="{colour}"/></marker>'
        )
    parts.append("</defs>")
    groups: dict[tuple[str, str, str], list[str]] = {}
    for a in chart.arrows:
        groups.setdefault((a.source, a.target, a.sort), []).append(a.relation)
    for (source, target, sort), relations in groups.items():
        parts.append(_arrow(chart, sort, relations, at[source], at[target]))
    for name, (x, y) in at.items():
        label = name.replace("_", " ")
        w = 6.2 * len(label) + 10
        parts.append(
            f'<rect x="{x - w / 2:.1f}" y="{y - 9:.1f}" width="{w:.1f}" height="18" rx="5"/>'
            f'<text x="{x:.1f}" y="{y:.1f}">{escape(label)}</text>'
        )
    parts.append("</svg>")
    return "".join(parts)


def _arrow(chart: Chart, sort: str, relations: list[str], start: Array, end: Array) -> str:
    """Draw the arrow of all relations of one sort between two distributions."""
    d = end - start
    size = max(float(np.linalg.norm(d)), 1e-9)
    unit = d / size
    # From edge to edge of the boxes, bent more for each sort.
    first, last = start + unit * min(16.0, size / 3), end - unit * min(16.0, size / 3)
    bend = (first + last) / 2 + np.array([-unit[1], unit[0]]) * (
        8 + 10 * list(_COLOURS).index(sort)
    )
    title = ", ".join(r.replace("_", " ") for r in relations)
    path = (
        f'<path class="arrow" stroke="{_COLOURS[sort]}" '
        f'marker-end="url(#{sort.replace(" ", "-")})" '
        f'd="M{first[0]:.1f},{first[1]:.1f}Q{bend[0]:.1f},{bend[1]:.1f} '
        f'{last[0]:.1f},{last[1]:.1f}"><title>{escape(title)}</title></path>'
    )
    if chart.link is None:
        return path
    return f'<a href="{escape(chart.link(relations[0]), quote=True)}">{path}</a>'
