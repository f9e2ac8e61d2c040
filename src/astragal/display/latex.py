"""Expressions as mathematics: formulae of elements, and statements in the words of statistics.

An array is written by its element: a vector of rates is ``theta_i``, the sum of a vector is a
sum over i, and what broadcasting repeats has no index. Random variables have letters of their
own, so that a draw that is read twice is seen to be one draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from astragal.display import formula as f
from astragal.display import notation as nt
from astragal.display.formula import Formula
from astragal.display.notation import Index, Piece, Writing
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.traverse import children, toposort
from astragal.graph.types import Dim, TensorType
from astragal.random.distribution import RandomOp, random_parts


@dataclass(frozen=True)
class Statement:
    """A line of a model: what, in which relation, to what, and for which indices.

    Attributes
    ----------
    left, relation, right, range
        Parts of the line; ``range`` is None where nothing has an index.
    node
        The expression that the line states.
    """

    left: Formula | None
    relation: str
    right: Formula
    range: Formula | None
    node: Expr

    @property
    def formula(self) -> Formula:
        """The line as one formula."""
        whole = (
            [self.right] if self.left is None else [self.left, f.sign(self.relation), self.right]
        )
        return f.row(*whole, *([f.sign(","), f.sign(r"\quad"), self.range] if self.range else []))


def latex(expr: Expr, names: Mapping[Expr, str] | None = None) -> str:
    r"""Write an expression in LaTeX.

    Parameters
    ----------
    expr
        What to write. Random variables in it have letters, explained in lines of their own.
    names
        Names for some expressions.

    Returns
    -------
    str
        Without dollar signs; ``aligned`` where there is more than one line.

    Examples
    --------
    >>> import astragal as ag
    >>> x, s = ag.input("x", shape=(3,)), ag.input("sigma")
    >>> latex(ag.sum(ag.square(x / s)))
    '\\sum_{i} \\left(\\frac{x_{i}}{\\sigma} \\right)^{2}'
    >>> latex(ag.random.gamma(ag.key(0), ag.input("alpha"), rate=ag.input("beta")))
    '\\mathrm{Gamma}\\left(\\alpha, \\text{rate }\\beta \\right)'
    """
    return as_formula(statements([expr], names)).latex


def as_formula(lines: Sequence[Statement]) -> Formula:
    """Set statements below each other, or as they are where there is one."""
    if len(lines) == 1:
        return lines[0].formula
    blank = f.row()
    return f.table(
        [
            (s.left or blank, f.row(f.sign(s.relation), s.right) if s.left else s.right)
            + ((s.range,) if s.range is not None else ())
            for s in lines
        ]
    )


def law(rv: Expr, names: Mapping[Expr, str] | None = None) -> Formula:
    """Write the law of a random variable, with its conventions said: ``Gamma(a, rate b)``."""
    writer = _Writer([rv], names or {})
    return writer.run(lambda: writer.write_law(rv, writer.letters_of(rv)))[0]


def formula_of(expr: Expr, names: Mapping[Expr, str] | None = None) -> Formula:
    """Write one expression as one formula; random variables in it are written as their laws."""
    writer = _Writer([expr], names or {}, letters=False)
    return writer.piece(expr, None)[0]


def statements(
    exprs: Iterable[Expr], names: Mapping[Expr, str] | None = None, limit: int = 40
) -> list[Statement]:
    r"""Write expressions as lines; what they share, and each random variable, gets a line.

    Parameters
    ----------
    exprs
        What to state. Named ones become a line ``name = ..`` or ``name ~ ..``.
    names
        Names for some expressions.
    limit
        Most lines; what is left out is said.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.key(0))
    >>> x, y = ag.random.normal(k[0], 1.0, 2.0), ag.random.normal(k[1])
    >>> for line in statements([x + y]):
    ...     print(line.formula.latex)
    X + Y
    X \sim \mathcal{N}\left(1, 2^{2} \right)
    Y \sim \mathcal{N}\left(0, 1 \right)
    """
    roots = list(exprs)
    writer = _Writer(roots, names or {})
    lines = writer.all_lines(roots)
    if len(lines) > limit:
        more = f.text(f"and {len(lines) - limit + 1} more lines")
        lines = [*lines[: limit - 1], Statement(None, "", more, None, roots[0])]
    return lines


def _letters(alphabet: str, taken: set[str]) -> Callable[[], str]:
    def generate() -> Iterator[str]:
        number = 0
        while True:
            for letter in alphabet:
                label = letter + (str(number) if number else "")
                if label not in taken:
                    taken.add(label)
                    yield label
            number += 1

    return generate().__next__


def labels_of(roots: Sequence[Expr], names: Mapping[Expr, str]) -> dict[Expr, str]:
    """Give the names that formulae of these expressions use: those given, and letters."""
    labels = _Writer(roots, names).labels
    leaves = [n for n in toposort(roots) if n.op.name in {"input", "dimension", "variable"}]
    return {**{n: n.label for n in leaves}, **labels}


def labels_in(roots: Sequence[Expr], labels: Mapping[Expr, str]) -> dict[Expr, str]:
    """Keep the labels of nodes that stand below the roots, in the order of the graph."""
    return {n: labels[n] for n in toposort(roots) if n in labels}


class _Writer:
    """Writes nodes of one set of expressions, each (node, index) once and none by recursion."""

    def __init__(
        self, roots: Sequence[Expr], names: Mapping[Expr, str], *, letters: bool = True
    ) -> None:
        self.names: dict[Expr, Formula] = {x: f.name(n) for x, n in names.items()}
        self.labels = dict(names)
        self.given = set(names)
        self.memo: dict[tuple[Expr, Index], Piece] = {}
        self.axes: dict[tuple[Dim, int], Formula] = {}
        order = toposort(roots)
        taken = {n.label for n in order if n.op.name in {"input", "dimension", "variable"}}
        taken |= set(names.values())
        self.next_variable = _letters("XYZUVW", set(taken))
        self.next_part = _letters("abcdfghpqrst", taken)
        self.next_index = _letters("ijklmnopqr", taken)
        self.order = order
        self.roots = set(roots)
        if letters:
            uses: dict[Expr, int] = {}
            for node in order:
                for c in children(node):
                    uses[c] = uses.get(c, 0) + 1
            for node in order:
                if node not in self.names and node not in self.roots:
                    self._maybe_name(node, uses.get(node, 0))

    def _name(self, node: Expr, label: str) -> None:
        self.names[node] = f.name(label)
        self.labels[node] = label

    def _maybe_name(self, node: Expr, uses: int) -> None:
        if isinstance(node.op, RandomOp):
            self._name(node, self.next_variable())
        elif is_constant(node):
            if nt.constant_formula(node) is None:
                self._name(node, self.next_part())
        elif (
            uses > 1
            and isinstance(node.type, TensorType)
            and len(children(node)) > 1
            and node.op.name not in {*nt.QUIET, "index", "item"}
        ):
            self._name(node, self.next_part())

    # -- lines -----------------------------------------------------------------------------

    def all_lines(self, roots: Sequence[Expr]) -> list[Statement]:
        """Lines for the roots, and for everything that has a name by then."""
        lines: dict[Expr, Statement] = {}
        wanted: list[Expr] = [r for r in roots if r not in self.given]
        # Writing a line may give names to parts that are long: they get lines as well.
        anonymous = [self.line(r) for r in wanted]
        queue = [n for n in self.order if n in self.names]
        while queue:
            for node in queue:
                is_leaf = node.op is INPUT or node.op.name in {"dimension", "variable", "parameter"}
                if node not in lines and not is_leaf:
                    lines[node] = self.line(node)
            queue = [n for n in self.order if n in self.names and n not in lines]
            queue = [n for n in queue if children(n) or is_constant(n)]
        definitions = [lines[n] for n in self.order if n in lines and n not in self.given]
        named = [lines[n] for n in self.given if n in lines]
        if not named:
            return [*anonymous, *definitions]
        # In a model, a part is explained before the first line that reads it.
        place = {n: i for i, n in enumerate(self.order)}
        out: list[Statement] = []
        rest = definitions
        for s in (lines[r] for r in roots if r in lines):
            out += [d for d in rest if place[d.node] < place[s.node]]
            rest = [d for d in rest if place[d.node] >= place[s.node]]
            out.append(s)
        return [*out, *rest, *anonymous]

    def letters_of(self, node: Expr) -> Index:
        """Give an index letter to each dimension; equal lengths at equal turns share one."""
        if not isinstance(node.type, TensorType):
            return None
        seen: dict[Dim, int] = {}
        out = []
        for d in node.type.shape:
            seen[d] = seen.get(d, 0) + 1
            key = (d, seen[d])
            if key not in self.axes:
                self.axes[key] = f.name(self.next_index())
            out.append(self.axes[key])
        return tuple(out)

    def line(self, node: Expr) -> Statement:
        """State what a node is."""
        left = self.names.get(node)
        index = self.letters_of(node)
        if isinstance(node.op, RandomOp):
            d = node.op.distribution
            if d.core and index is not None:
                index = index[: len(index) - d.core]
            right = self.run(lambda: self.write_law(node, index))[0]
            shown = None if left is None else f.sub(left, *(index or ()))
            return Statement(shown, r"\sim", right, self._range(node, index), node)
        if is_constant(node) and nt.constant_formula(node) is None:
            return Statement(left, "=", nt.abridged(node), None, node)
        right = self.run(lambda: self.write(node, index))[0]
        shown = None if left is None else f.sub(left, *(index or ()))
        return Statement(shown, "=", right, self._range(node, index), node)

    def _range(self, node: Expr, index: Index) -> Formula | None:
        if not index:
            return None
        parts = []
        for letter, d in zip(index, node.type.shape, strict=False):
            if isinstance(d, int) and d <= 3:
                values = f.listed(*(f.number(str(v)) for v in range(d)))
            else:
                values = f.listed(f.number("0"), f.sign(r"\dots"), *self._last(d))
            parts.append(f.row(letter, f.sign("="), values))
        return f.listed(*parts)

    def _last(self, d: Dim) -> list[Formula]:
        """Write the last value of an index, where its length is a number or has a name."""
        if isinstance(d, int):
            return [f.number(str(d - 1))]
        if d.op.name != "dimension":
            return []
        return [f.row(f.name(d.label), f.sign("-"), f.number("1"))]

    # -- pieces ----------------------------------------------------------------------------

    def piece(self, node: Expr, index: Index) -> Piece:
        """Write a node at an index."""
        return self.run(lambda: self._asked(node, index))

    def _asked(self, node: Expr, index: Index) -> Writing:
        return (yield node, index)

    def run(self, start: Callable[[], Writing]) -> Piece:
        """Run a writing, and those that it asks for, on a stack of our own."""
        stack: list[tuple[tuple[Expr, Index] | None, Writing]] = [(None, start())]
        answer: Piece | None = None
        while True:
            key, writing = stack[-1]
            try:
                node, index = next(writing) if answer is None else writing.send(answer)
            except StopIteration as stop:
                answer = stop.value
                assert answer is not None
                stack.pop()
                if key is not None:
                    answer = self.memo[key] = self._shorten(key[0], key[1], answer)
                if not stack:
                    return answer
                continue
            if isinstance(node.type, TensorType) and not node.type.shape:
                index = ()
            answer = self._known(node, index)
            if answer is None:
                stack.append(((node, index), self.write(node, index)))

    def _known(self, node: Expr, index: Index) -> Piece | None:
        if node in self.names:
            return f.sub(self.names[node], *(index or ())), nt.ATOM
        return self.memo.get((node, index))

    def _shorten(self, node: Expr, index: Index, piece: Piece) -> Piece:
        """Give a name to what has grown too long, so that formulae stay readable."""
        shown, _ = piece
        if shown.size < 160 and shown.depth < 40:
            return piece
        if not isinstance(node.type, TensorType) or node in self.roots or not children(node):
            return piece
        self._name(node, self.next_part())
        return f.sub(self.names[node], *(index or ())), nt.ATOM

    def write_law(self, node: Expr, index: Index) -> Writing:
        """Write the family and the parameters of a random variable."""
        d, _, _, parameters = random_parts(node)
        shown = []
        for x, p in zip(parameters, d.parameters, strict=True):
            at: Index = None
            if not p.core:
                at = nt.aligned(x, index)
            elif index is not None and len(x.type.shape) == p.core:
                at = None
            inner, _ = yield x, at
            if d.name in nt.DEVIATION and p.name == "scale":
                inner = nt.squared(inner)
            shown.append(f.row(f.text(f"{p.name} "), inner) if nt.spoken(p) else inner)
        return f.call(f.family(d.latex, d.name), *shown), nt.ATOM

    def write(self, node: Expr, index: Index) -> Writing:
        """Write a node by its operation."""
        name, args = node.op.name, node.args
        if name in {"input", "dimension", "variable", "parameter"}:
            label = f"p{args[0]}" if name == "parameter" else str(args[0])
            return f.sub(f.name(label), *(index or ())), nt.ATOM
        if name == "constant":
            return self._constant(node, index)
        if isinstance(node.op, RandomOp):
            return (yield from self.write_law(node, index))
        handler = nt.HANDLERS.get(name)
        if handler is not None and (handled := handler(node, index)) is not None:
            return (yield from handled)
        return (yield from nt.generic(node, index))

    def _constant(self, node: Expr, index: Index) -> Piece:
        value = value_of(node)
        if index and all(part.kind == "number" for part in index):
            return nt.number(value[tuple(int(str(part.parts[0])) for part in index)].item())
        shown = nt.constant_formula(node)
        if shown is None:
            return nt.abridged(node), nt.ATOM
        if value.ndim and index and (value == value.flat[0]).all():
            return nt.number(value.flat[0].item())
        return (f.sub(shown[0], *index), nt.ATOM) if index else shown
