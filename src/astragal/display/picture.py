"""Pictures of graphs, as SVG: what is random, what is a key, what follows from what.

A picture shows random variables (ellipses), keys (hexagons), inputs (rounded boxes), data
(grey boxes) and the names and results in between; the arithmetic that joins them is folded into
arrows and told by tooltips. With ``every=True`` each operation is a node. Equal graphs give
equal bytes.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from astragal.display.formula import GREEK
from astragal.display.latex import labels_in, labels_of
from astragal.display.layout import LABEL, Box, Placed, place
from astragal.display.style import DARK, SVG_CSS, details, page, variables
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.text import one_line
from astragal.graph.traverse import children, toposort
from astragal.graph.types import Dim, KeyType, TensorType, TupleType, show_shape
from astragal.model import Model
from astragal.random.distribution import RandomOp, batch_shape

MOST = 60
"""Most nodes that a picture shows without being asked for more."""

_HIDDEN_KEYS = frozenset({"index", "reshape"})


@dataclass(frozen=True)
class Picture:
    """A drawn graph.

    Attributes
    ----------
    svg
        The picture as text: a complete SVG file.
    folded
        Expressions whose arguments are left out, in order.
    """

    svg: str
    folded: tuple[Expr, ...] = field(default=(), repr=False)

    def save(self, path: str | Path) -> None:
        """Write the SVG file; on its own it follows the reader's setting of light or dark."""
        dark = f"@media (prefers-color-scheme:dark){{.astragal-graph{{{variables(DARK)}}}}}"
        alone = self.svg.replace("<style>", f"<style>{dark}", 1)
        Path(path).write_text(alone + "\n", encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return page(self.svg + unfolded(self))


@dataclass
class _Node:
    """What is known about a node of a picture before it has a place."""

    expr: Expr
    sort: str
    lines: list[str]
    tip: str
    plates: tuple[str, ...] = ()
    marks: str = ""

    @property
    def width(self) -> float:
        widest = max((_measure(t, small=i > 0) for i, t in enumerate(self.lines)), default=0.0)
        room = {"random": 26.0, "observed": 26.0, "key": 22.0}.get(self.sort, 14.0)
        return max(26.0, widest + room)

    @property
    def height(self) -> float:
        return 24.0 + 12.0 * (len(self.lines) - 1) + (6.0 if self.sort == "random" else 0.0)


def _measure(text: str, *, small: bool) -> float:
    wide = sum(1.35 if c in "mwMW@" else 0.6 if c in "iljtf.,()[] '" else 1.0 for c in text)
    return wide * (5.6 if small else 7.0)


def picture(
    target: Expr | Sequence[Expr] | Mapping[str, Expr] | Model,
    *,
    depth: int | None = None,
    every: bool = False,
    keys: bool | None = None,
    observed: Iterable[str] = (),
    marks: Mapping[Expr, str] | None = None,
) -> Picture:
    """Draw a graph.

    Parameters
    ----------
    target
        An expression, several, named ones, or a model.
    depth
        How many steps above the target to show; what is left out is a node that says how much.
        By default as many as give at most 60 nodes.
    every
        Whether each operation is a node, and not only variables.
    keys
        Whether to show keys; by default they are shown for expressions and not for models.
    observed
        Names of variables to be shaded.
    marks
        Nodes to be outlined, as ``"gone"``, ``"new"`` or ``"match"``.

    Returns
    -------
    Picture
        Shown by a notebook; ``save`` writes a file.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.key(0))
    >>> z = ag.random.gamma(k[0], 2.0, rate=1.0)
    >>> picture({"z": z, "y": ag.random.poisson(k[1], z)}).svg.count("<ellipse")
    2
    """
    if isinstance(target, Model):
        names = {x: n for n, x in target.variables.items()}
        roots = list(names)
        names.update(labels_in(roots, target.labels))
        keys = bool(keys)
    elif isinstance(target, Mapping):
        names = {x: n for n, x in target.items()}
        roots = list(names)
    else:
        roots = [target] if isinstance(target, Expr) else list(target)
        names = {}
    drawing = _Drawing(roots, names, every, keys is None or keys, set(observed), marks or {})
    return drawing.draw(depth)


def unfolded(shown: Picture, most: int = 8) -> str:
    """Give what a picture has folded, each part to be opened with a click."""
    parts = []
    for x in shown.folded[:most]:
        inner = picture(x, every=True)
        n = len(toposort([x]))
        parts.append(details(f"{one_line(x, 70)}  ({n} nodes)", inner.svg))
    return "".join(parts)


class _Drawing:
    def __init__(
        self,
        roots: Sequence[Expr],
        names: Mapping[Expr, str],
        every: bool,
        keys: bool,
        observed: set[str],
        marks: Mapping[Expr, str],
    ) -> None:
        self.roots = list(dict.fromkeys(roots))
        self.every, self.keys, self.observed, self.marks = every, keys, observed, marks
        self.names = names
        self.labels = labels_of(self.roots, names)
        self.order = toposort(self.roots)
        self.kept = {n for n in self.order if self._important(n)}

    def _important(self, node: Expr) -> bool:
        if isinstance(node.type, KeyType):
            # k[0] is a place in k, not a node: the arrow says it.
            return self.keys and node.op.name not in _HIDDEN_KEYS
        if node.op.name in {"shape", "dimension"} and node not in self.roots:
            return False
        if self.every:
            return not (is_constant(node) and value_of(node).ndim == 0)
        if is_constant(node):
            return node in self.labels
        named = node in self.roots or node in self.names or node in self.marks
        return named or isinstance(node.op, RandomOp) or node.op is INPUT

    def _links(self) -> dict[Expr, dict[Expr, str]]:
        """Map each kept node to those that it is made from, with the label of the arrow."""
        nearest: dict[Expr, dict[Expr, str]] = {}
        links: dict[Expr, dict[Expr, str]] = {}
        for node in self.order:
            found: dict[Expr, str] = {}
            for c in children(node):
                label = ""
                if isinstance(c.type, KeyType) and c.op.name == "index":
                    label = one_line(c, 40).rpartition("[")[2].rstrip("]") or ""
                for source, old in nearest[c].items():
                    found.setdefault(source, label or old)
            if node in self.kept:
                links[node] = found
                nearest[node] = {node: ""}
            else:
                nearest[node] = found
        return links

    def _cut(self, links: dict[Expr, dict[Expr, str]], depth: int | None) -> set[Expr]:
        """Nodes to show: those near the roots, by steps or until there are enough."""
        shown: dict[Expr, None] = {}
        level = [r for r in self.roots if r in links]
        steps = 0
        while level and (steps <= depth if depth is not None else True):
            fresh = [n for n in dict.fromkeys(level) if n not in shown]
            if depth is None and shown and len(shown) + len(fresh) > MOST:
                break
            shown.update(dict.fromkeys(fresh))
            level = [c for n in fresh for c in links[n]]
            steps += 1
        return set(shown)

    def draw(self, depth: int | None) -> Picture:
        """Choose the nodes, place them, write them."""
        links = self._links()
        shown = self._cut(links, depth)
        nodes: list[_Node] = []
        place_of: dict[Expr, int] = {}
        edges: list[tuple[int, int]] = []
        texts: list[tuple[str, bool]] = []
        folded = []
        for x in self.order:
            if x not in shown:
                continue
            hidden = [c for c in links[x] if c not in shown]
            stub = None
            if hidden:
                behind = len([n for n in toposort(hidden) if n in links and n not in shown])
                folded.append(x)
                tip = f"{behind} nodes are folded; picture(expr, depth=...) opens them"
                nodes.append(_Node(x, "more", [f"… {behind} more"], tip))
                stub = len(nodes) - 1
            place_of[x] = len(nodes)
            nodes.append(self._node(x))
            if stub is not None:
                edges.append((stub, place_of[x]))
                texts.append(("", False))
            for c, label in links[x].items():
                if c in place_of:
                    edges.append((place_of[c], place_of[x]))
                    texts.append((label, isinstance(c.type, KeyType)))
        boxes = [Box(n.width, n.height, n.plates) for n in nodes]
        return Picture(_svg(nodes, texts, place(boxes, edges)), tuple(folded))

    def _node(self, x: Expr) -> _Node:
        sort = self._sort(x)
        label = self.labels.get(x)
        tip = f"{x.type!r}\n{one_line(x, 300)}"
        plates = self._plates(x)
        if isinstance(x.op, RandomOp):
            word = x.op.distribution.name.replace("_", " ")
            lines = [plain(label), word] if label else [word]
        elif label:
            lines = [plain(label)]
        elif sort == "key":
            lines = [x.op.name if x.op.name != "key" else f"key {x.args[0]}"]
        elif self.every:
            lines = [_short(x)]
        else:
            known = {n: s for n, s in self.labels.items() if n is not x}
            lines = [_formula_text(x, known)]
        shape = () if isinstance(x.type, TupleType) else x.type.shape
        if shape and not plates:
            lines.append(show_shape(shape))
        return _Node(x, sort, lines, tip, plates, self.marks.get(x, ""))

    def _sort(self, x: Expr) -> str:
        if isinstance(x.type, KeyType):
            return "key"
        if isinstance(x.op, RandomOp):
            return "observed" if self.names.get(x, "") in self.observed else "random"
        if x.op is INPUT:
            return "input"
        return "constant" if is_constant(x) else "deterministic"

    def _plates(self, x: Expr) -> tuple[str, ...]:
        """One plate a batch dimension; those that are nested come from the last dimension."""
        if self.every or not isinstance(x.type, TensorType):
            return ()
        shape = batch_shape(x) if isinstance(x.op, RandomOp) else x.type.shape
        if not (isinstance(x.op, RandomOp) or x in self.names or is_constant(x)):
            return ()
        return tuple(_dim(d) for d in reversed(shape) if not (isinstance(d, int) and d == 1))


def _dim(d: Dim) -> str:
    return str(d) if isinstance(d, int) else d.label


def plain(label: str) -> str:
    """Write a name with Greek letters as such: ``tau_x`` is τ_x."""
    first, _, rest = label.partition("_")
    head = first.rstrip("0123456789")
    shown = GREEK.get(head, head) + first[len(head) :]
    return f"{shown}_{rest}" if rest else shown


def _short(x: Expr) -> str:
    if is_constant(x):
        return one_line(x, 16)
    operands = [a for a in x.args if is_constant(a) and value_of(a).ndim == 0]
    if len(operands) == 1 and len(children(x)) == 2:
        left = operands[0] is x.args[0]
        value = one_line(operands[0], 8)
        return f"{value} {_symbol(x)} ·" if left else f"· {_symbol(x)} {value}"
    if x.op.name in {"index", "item"}:
        return "· [" + one_line(x, 200).rpartition("[")[2][:14]
    return _symbol(x)


def _symbol(x: Expr) -> str:
    from astragal.graph.text import INFIX

    return INFIX[x.op.name][0] if x.op.name in INFIX else x.op.name.replace("_", " ")


def _formula_text(x: Expr, known: Mapping[Expr, str]) -> str:
    from astragal.graph.text import pprint

    last = pprint(x, names=dict(known)).splitlines()[-1]
    return last if len(last) <= 34 else last[:33] + "…"


# -- SVG -------------------------------------------------------------------------------


def _n(v: float) -> str:
    return f"{v:.1f}".removesuffix(".0")


def _svg(
    nodes: Sequence[_Node],
    texts: Sequence[tuple[str, bool]],
    placed: Placed,
) -> str:
    w, h = placed.width, placed.height
    size = f'width="{_n(w)}" height="{_n(h)}" viewBox="0 0 {_n(w)} {_n(h)}"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="astragal-graph" {size} role="img">',
        f"<style>{_scoped(SVG_CSS)}</style>",
    ]
    for path, (x0, y0, x1, y1) in placed.plates.items():
        out.append(
            f'<rect class="plate" x="{_n(x0)}" y="{_n(y0)}" width="{_n(x1 - x0)}" '
            f'height="{_n(y1 - y0)}"/>'
        )
        out.append(
            f'<text class="small" x="{_n(x1 - 6)}" y="{_n(y1 - LABEL / 3)}" '
            f'style="text-anchor:end">{html.escape(path[-1])}</text>'
        )
    for route, (label, is_key) in zip(placed.routes, texts, strict=True):
        out.append(_edge(route, is_key, label))
    for node, (x, y) in zip(nodes, placed.centres, strict=True):
        out.append(_shape(node, x, y))
    return "".join([*out, "</svg>"])


def _scoped(css: str) -> str:
    """Put every rule below the picture's class: a style element in a page is not its own."""
    rules = [r.strip() for r in css.replace("\n", "").split("}") if r.strip()]
    return "".join(f".astragal-graph {r}}}" for r in rules)


def _edge(route: Sequence[tuple[float, float]], is_key: bool, label: str) -> str:
    (x, y), sort = route[0], " key" if is_key else ""
    d = f"M{_n(x)},{_n(y)}"
    end = route[-1]
    points = [*route[1:-1], (end[0], end[1] - 6.0)]
    for x1, y1 in points:
        middle = (y + y1) / 2
        d += f"C{_n(x)},{_n(middle)} {_n(x1)},{_n(middle)} {_n(x1)},{_n(y1)}"
        x, y = x1, y1
    tip = f"M{_n(end[0])},{_n(end[1])}l-3.5,-7h7z"
    out = f'<path class="edge{sort}" d="{d}"/><path class="tip{sort}" d="{tip}"/>'
    if label:
        at = (end[0] * 3 + route[-2][0]) / 4, (end[1] * 3 + route[-2][1]) / 4
        out += (
            f'<text class="small" x="{_n(at[0] + 8)}" y="{_n(at[1])}">{html.escape(label)}</text>'
        )
    return out


def _shape(node: _Node, x: float, y: float) -> str:
    w, h = node.width, node.height
    mark = f" {node.marks}" if node.marks else ""
    box = f'x="{_n(x - w / 2)}" y="{_n(y - h / 2)}" width="{_n(w)}" height="{_n(h)}"'
    if node.sort in {"random", "observed"}:
        size = f'cx="{_n(x)}" cy="{_n(y)}" rx="{_n(w / 2)}" ry="{_n(h / 2)}"'
        shape = f'<ellipse class="node {node.sort}{mark}" {size}/>'
    elif node.sort == "key":
        left, right, top, bottom = x - w / 2, x + w / 2, y - h / 2, y + h / 2
        corners = [
            (left, y), (left + 8, top), (right - 8, top), (right, y), (right - 8, bottom),
            (left + 8, bottom),
        ]  # fmt: skip
        points = " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)
        shape = f'<polygon class="node keynode{mark}" points="{points}"/>'
    else:
        radius = {"input": h / 2, "more": 8.0}.get(node.sort, 3.0)
        shape = f'<rect class="node {node.sort}{mark}" {box} rx="{_n(radius)}"/>'
    lines = []
    first = y + 4.2 - 6.0 * (len(node.lines) - 1)
    on = " on-observed" if node.sort == "observed" else ""
    for i, line in enumerate(node.lines):
        size = "small" if i else "name"
        at = f'x="{_n(x)}" y="{_n(first + 12.5 * i)}"'
        lines.append(f'<text class="{size}{on}" {at}>{html.escape(line)}</text>')
    tip = html.escape(node.tip)
    return f'<g class="ag-node"><title>{tip}</title>{shape}{"".join(lines)}</g>'
