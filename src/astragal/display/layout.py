"""Layered layout of a graph with plates, after Sugiyama, Tagawa & Toda (1981).

Nodes stand in layers, arrows point down. Within a layer the order comes from barycentres; the
horizontal places are the solution of a linear program, as in Gansner et al. (1993), in which
the borders of the plates are variables too: a plate holds its own nodes and no others.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Path = tuple[str, ...]  # plates, from the outermost to the innermost
GAP = 18.0  # between neighbours in a layer
PAD = 12.0  # between a plate and what it holds
LABEL = 18.0  # height of a plate's label


@dataclass(frozen=True)
class Box:
    """A node to be placed: its size, and the plates that it stands on."""

    width: float
    height: float
    plates: Path = ()


@dataclass(frozen=True)
class Placed:
    """A layout: centres of the boxes, way points of the arrows, rectangles of the plates."""

    centres: list[tuple[float, float]]
    routes: list[list[tuple[float, float]]]
    plates: dict[Path, tuple[float, float, float, float]]
    width: float
    height: float


def place(boxes: Sequence[Box], edges: Sequence[tuple[int, int]]) -> Placed:
    """Place boxes so that every edge points down.

    Parameters
    ----------
    boxes
        In an order in which every edge goes from an earlier box to a later one.
    edges
        Pairs of positions in ``boxes``.

    Examples
    --------
    >>> placed = place([Box(40, 20), Box(40, 20), Box(40, 20)], [(0, 2), (1, 2)])
    >>> [round(x) for x, _ in placed.centres]
    [22, 80, 51]
    """
    return _Layout(boxes, edges).placed()


class _Layout:
    def __init__(self, boxes: Sequence[Box], edges: Sequence[tuple[int, int]]) -> None:
        self.boxes = list(boxes)
        self.real = len(self.boxes)
        self.edges = list(edges)
        self.layer = self._layers()
        self.chains = [self._chain(a, b) for a, b in self.edges]
        self.spans = self._spans()
        self._fill()
        self.up: list[list[int]] = [[] for _ in self.boxes]
        self.down: list[list[int]] = [[] for _ in self.boxes]
        for chain in self.chains:
            for a, b in pairwise(chain):
                self.down[a].append(b)
                self.up[b].append(a)
        self.rows = self._order()

    def _layers(self) -> list[int]:
        """Each node below all its sources, and near to its users."""
        layer = [0] * len(self.boxes)
        for a, b in self.edges:
            layer[b] = max(layer[b], layer[a] + 1)
        # Edges may be listed in any order: repeat until nothing moves.
        moved = True
        while moved:
            moved = False
            for a, b in self.edges:
                if layer[b] <= layer[a]:
                    layer[b] = layer[a] + 1
                    moved = True
        # What has no more sources than users goes down to its users: their arrows get short.
        users: list[list[int]] = [[] for _ in self.boxes]
        sources = [0] * len(self.boxes)
        for a, b in self.edges:
            users[a].append(b)
            sources[b] += 1
        for a in sorted(range(len(layer)), key=lambda n: -layer[n]):
            if users[a] and len(users[a]) >= sources[a]:
                layer[a] = min(layer[b] for b in users[a]) - 1
        return layer

    def _chain(self, a: int, b: int) -> list[int]:
        """Give an edge's nodes: its ends, and an empty box in each layer between."""
        common = _common(self.boxes[a].plates, self.boxes[b].plates)
        chain = [a]
        for at in range(self.layer[a] + 1, self.layer[b]):
            self.boxes.append(Box(4.0, 0.0, common))
            self.layer.append(at)
            chain.append(len(self.boxes) - 1)
        return [*chain, b]

    def _spans(self) -> dict[Path, tuple[int, int]]:
        """First and last layer of each plate."""
        spans: dict[Path, tuple[int, int]] = {}
        for box, at in zip(self.boxes, self.layer, strict=True):
            for n in range(1, len(box.plates) + 1):
                low, high = spans.get(box.plates[:n], (at, at))
                spans[box.plates[:n]] = (min(low, at), max(high, at))
        return spans

    def _fill(self) -> None:
        """Put an empty box where a plate passes through a layer without a node in it."""
        shown = {
            (at, box.plates[:n])
            for box, at in zip(self.boxes, self.layer, strict=True)
            for n in range(1, len(box.plates) + 1)
        }
        for plate, (low, high) in self.spans.items():
            for at in range(low, high + 1):
                if (at, plate) not in shown:
                    shown.update((at, plate[:n]) for n in range(1, len(plate) + 1))
                    self.boxes.append(Box(0.0, 0.0, plate))
                    self.layer.append(at)

    # -- order -----------------------------------------------------------------------------

    def _order(self) -> list[list[int]]:
        rows: list[list[int]] = [[] for _ in range(max(self.layer, default=-1) + 1)]
        for node in self._depth_first():
            rows[self.layer[node]].append(node)
        at = {n: float(i) for row in rows for i, n in enumerate(row)}
        best = self._arranged(rows, at)
        fewest = self._crossings(best)
        rows = list(best)
        for sweep in range(12):
            at = {n: float(i) for row in rows for i, n in enumerate(row)}
            links = self.up if sweep % 2 == 0 else self.down
            order = range(len(rows)) if sweep % 2 == 0 else range(len(rows) - 1, -1, -1)
            for i in order:
                for n in rows[i]:
                    if links[n]:
                        at[n] = sum(at[m] for m in links[n]) / len(links[n])
                rows[i] = sorted(rows[i], key=lambda n: (at[n], n))
                at.update({n: float(j) for j, n in enumerate(rows[i])})
            rows = self._arranged(rows, at)
            count = self._crossings(rows)
            if count < fewest:
                best, fewest = list(rows), count
        return best

    def _depth_first(self) -> list[int]:
        seen: set[int] = set()
        out: list[int] = []
        for start in range(len(self.boxes)):
            stack = [start] if not self.up[start] else []
            while stack:
                node = stack.pop()
                if node not in seen:
                    seen.add(node)
                    out.append(node)
                    stack.extend(reversed(self.down[node]))
        return out

    def _arranged(self, rows: list[list[int]], at: dict[int, float]) -> list[list[int]]:
        """Put the nodes of a plate side by side, the plates in one order in all layers."""
        centre: dict[Path, float] = {}
        for plate in self.spans:
            inside = [at[n] for n in at if self.boxes[n].plates[: len(plate)] == plate]
            centre[plate] = sum(inside) / len(inside)

        def key(node: int) -> tuple[tuple[float, str], ...]:
            path = self.boxes[node].plates
            outer = [(centre[path[: n + 1]], path[n]) for n in range(len(path))]
            return (*outer, (at[node], ""))

        return [sorted(row, key=lambda n: (key(n), n)) for row in rows]

    def _crossings(self, rows: list[list[int]]) -> int:
        place = {n: i for row in rows for i, n in enumerate(row)}
        total = 0
        for row in rows:
            seen: list[int] = []
            for n in row:
                ends = sorted(place[m] for m in self.down[n])
                total += sum(len(seen) - bisect_left(seen, e + 1) for e in ends)
                for e in ends:
                    insort(seen, e)
        return total

    # -- places ----------------------------------------------------------------------------

    def _tokens(self, at: int) -> list[tuple[str, int | Path]]:
        """What stands in a layer from left to right: nodes, and borders of plates."""
        out: list[tuple[str, int | Path]] = []
        open_: list[Path] = []
        for node in self.rows[at]:
            path = self.boxes[node].plates
            while open_ and path[: len(open_[-1])] != open_[-1]:
                out.append(("right", open_.pop()))
            while len(open_) < len(path):
                open_.append(path[: len(open_) + 1])
                out.append(("left", open_[-1]))
            out.append(("node", node))
        out += [("right", p) for p in reversed(open_)]
        return out

    def _horizontal(self) -> tuple[np.ndarray[Any, Any], dict[Path, tuple[float, float]]]:
        from scipy.optimize import linprog
        from scipy.sparse import coo_array

        n = len(self.boxes)
        plates = list(self.spans)
        left = {p: n + 2 * i for i, p in enumerate(plates)}
        right = {p: n + 2 * i + 1 for i, p in enumerate(plates)}
        count = n + 2 * len(plates)
        cost: list[float] = [1e-4] * n + [0.0] * (2 * len(plates))
        entries: list[tuple[int, int, float]] = []
        bounds: list[float] = []

        def at_least(a: dict[int, float], value: float) -> None:
            entries.extend((len(bounds), j, -c) for j, c in a.items())
            bounds.append(-value)

        for at in range(len(self.rows)):
            tokens = self._tokens(at)
            for (sort_a, a), (sort_b, b) in pairwise(tokens):
                space = PAD if "node" not in (sort_a, sort_b) or sort_a != sort_b else GAP
                i, half_a = self._variable(sort_a, a, left, right)
                j, half_b = self._variable(sort_b, b, left, right)
                at_least({j: 1.0, i: -1.0}, half_a + half_b + space)
        for p in plates:
            at_least({right[p]: 1.0, left[p]: -1.0}, 44.0)
            cost[right[p]] += 0.05
            cost[left[p]] -= 0.05
        for terms, weight in self._pulls():
            t = count
            count += 1
            cost.append(weight)
            at_least({t: 1.0, **terms}, 0.0)
            at_least({t: 1.0, **{j: -c for j, c in terms.items()}}, 0.0)
        low: list[tuple[float, None]] = [(b.width / 2 + 2.0, None) for b in self.boxes]
        low += [(2.0, None)] * (2 * len(plates)) + [(0.0, None)] * (count - n - 2 * len(plates))
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = coo_array((values, (rows, columns)), shape=(len(bounds), count)).tocsr()
        if not bounds:
            return np.array([b.width / 2 + 2.0 for b in self.boxes]), {}
        solve: Any = linprog  # its types know no sparse matrices
        x = np.asarray(solve(cost, A_ub=matrix, b_ub=bounds, bounds=low, method="highs").x)
        return x[:n], {p: (float(x[left[p]]), float(x[right[p]])) for p in plates}

    def _variable(
        self, sort: str, what: int | Path, left: dict[Path, int], right: dict[Path, int]
    ) -> tuple[int, float]:
        if isinstance(what, int):
            return what, self.boxes[what].width / 2
        return (left if sort == "left" else right)[what], 0.0

    def _pulls(self) -> list[tuple[dict[int, float], float]]:
        """Linear forms that should be zero, with weights: edges straight, nodes centred."""
        pulls: list[tuple[dict[int, float], float]] = []
        for a, nexts in enumerate(self.down):
            for b in nexts:
                empty = (self.boxes[a].height == 0) + (self.boxes[b].height == 0)
                pulls.append(({a: 1.0, b: -1.0}, (1.0, 3.0, 9.0)[empty]))
        for links in (self.up, self.down):
            for v, others in enumerate(links):
                if len(others) > 1:
                    form = {v: 1.0}
                    for o in others:
                        form[o] = form.get(o, 0.0) - 1.0 / len(others)
                    pulls.append((form, 2.0))
        return pulls

    def placed(self) -> Placed:
        """Give the layout."""
        if not self.boxes:
            return Placed([], [], {}, 0.0, 0.0)
        x, borders = self._horizontal()
        depth = max((len(p) for p in self.spans), default=0)
        above, below = PAD * depth, (PAD / 2 + LABEL) * depth
        heights = [max((self.boxes[n].height for n in row), default=0.0) for row in self.rows]
        y, centre = 4.0 + (above if depth else 0.0), []
        for h in heights:
            centre.append(y + h / 2)
            y += h + 30.0 + above + below
        bottom = y - 30.0 - above
        plates = {}
        for p, (low, high) in self.spans.items():
            inner = depth - len(p)
            top = centre[low] - heights[low] / 2 - PAD * (inner + 1)
            end = centre[high] + heights[high] / 2 + (PAD / 2 + LABEL) * (inner + 1)
            plates[p] = (borders[p][0], top, borders[p][1], end)
        centres = [(float(x[i]), centre[self.layer[i]]) for i in range(len(self.boxes))]
        right = max(c[0] + b.width / 2 for c, b in zip(centres, self.boxes, strict=True))
        right = max([right, *(p[2] for p in plates.values())])
        routes = []
        for chain in self.chains:
            first, last = chain[0], chain[-1]
            points = [centres[i] for i in chain]
            points[0] = (points[0][0], points[0][1] + self.boxes[first].height / 2)
            points[-1] = (points[-1][0], points[-1][1] - self.boxes[last].height / 2)
            routes.append(points)
        return Placed(centres[: self.real], routes, plates, right + 4.0, bottom + 4.0)


def _common(a: Path, b: Path) -> Path:
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return a[:n]
