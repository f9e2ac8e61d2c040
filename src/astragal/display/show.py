"""How objects show themselves in a notebook: mathematics first, pictures a click away."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

from astragal.display import formula as f
from astragal.display.formula import Formula, math
from astragal.display.latex import as_formula, formula_of, labels_in, statements
from astragal.display.picture import picture, unfolded
from astragal.display.style import details, page
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant
from astragal.graph.text import one_line, pprint
from astragal.graph.traverse import toposort
from astragal.model import Model
from astragal.random.distribution import is_random

if TYPE_CHECKING:
    from astragal.logic.pattern import Side
    from astragal.logic.relation import Relation, Step
    from astragal.logic.rewriting import Rewriting

LARGE = 2_000
"""More nodes than this are shown as text and counted, not drawn."""


def expr_latex(expr: Expr) -> str:
    """Give an expression's mathematics, in dollar signs."""
    if len(toposort([expr])) > LARGE:
        return ""
    return f"$$\n{as_formula(statements([expr])).latex}\n$$"


def expr_html(expr: Expr) -> str:
    """Give an expression's mathematics, with pictures of its graph to open."""
    nodes = len(toposort([expr]))
    if nodes > LARGE:
        return page(f"<code>{html.escape(one_line(expr))}</code> ({nodes} nodes)")
    body = math(as_formula(statements([expr])), "block")
    if nodes > 1:
        simple, whole = picture(expr), picture(expr, every=True)
        body += details("graph", simple.svg + unfolded(simple))
        if whole.svg != simple.svg:
            body += details(f"every operation ({nodes} nodes)", whole.svg + unfolded(whole))
    return page(body)


def model_formula(model: Model) -> Formula:
    """Write a model as its generative statements."""
    names = {x: n for n, x in model.variables.items()}
    roots = list(names)
    return as_formula(statements(roots, {**names, **labels_in(roots, model.labels)}))


def model_latex(model: Model) -> str:
    """Give a model's statements, in dollar signs."""
    return f"$$\n{model_formula(model).latex}\n$$"


def model_html(model: Model) -> str:
    """Give a model's statements beside its plate diagram."""
    shown = picture(model)
    body = (
        '<div style="display:flex;flex-wrap:wrap;gap:2em;align-items:center">'
        f"<div>{math(model_formula(model), 'block')}</div><div>{shown.svg}</div></div>"
        f"{unfolded(shown)}"
    )
    whole = picture(model, every=True, keys=True)
    return page(body + details("every operation, with keys", whole.svg + unfolded(whole)))


# -- relations -------------------------------------------------------------------------

_SIGNS = {
    "sure": "=", "in law": r"\overset{d}{=}", "reversal": r"\Longleftrightarrow",
    "conditional": r"\Longrightarrow",
}  # fmt: skip


def relation_formula(relation: Relation) -> Formula:
    """Write an identity: its two sides, and where it holds."""
    left, right = _side(relation.left, relation.kind), _side(relation.right, relation.kind)
    whole = f.row(left, f.sign(_SIGNS[relation.kind]), right)
    if relation.where:
        conditions = f.listed(*(formula_of(c) for c in relation.where))
        whole = f.row(whole, f.sign(r"\quad"), f.text("where "), conditions)
    if relation.choice.text:
        whole = f.row(whole, f.sign(r"\quad"), f.text(f"for {relation.choice.text}"))
    return whole


def _side(side: Side, kind: str) -> Formula:
    """Write a side: random variables that stand alone as their laws, others as statements."""
    uses: dict[Expr, int] = {}
    for x in side.order:
        for a in dict.fromkeys(a for a in x.args if isinstance(a, Expr)):
            uses[a] = uses.get(a, 0) + 1
    letters = iter("XYZWVUABCDEFGH")
    names: dict[Expr, str] = {}
    if len(side.roots) > 1:
        for x in side.roots:
            names[x] = next(letters)
    for x in side.draws:
        if x not in names and uses.get(x, 0) > 1:
            names[x] = next(letters)
    # Letters that stand for themselves are what a conditional law is given.
    given = [f.name(n) for x, n in names.items() if x.op.name == "variable"]
    lines = [
        f.row(
            *([f.name(n), f.sign(r"\mid"), f.listed(*given)] if given else [f.name(n)]),
            f.sign(r"\sim" if is_random(x) else "="),
            _own(x, names),
        )
        for x, n in names.items()
        if x.op.name != "variable"
    ]
    lines += [formula_of(r, names) for r in side.roots if r not in names]
    return f.row(*_spaced(lines))


def _own(x: Expr, names: Mapping[Expr, str]) -> Formula:
    return formula_of(x, {y: n for y, n in names.items() if y is not x})


def _spaced(lines: list[Formula]) -> list[Formula]:
    out: list[Formula] = []
    for line in lines:
        out += [f.sign(","), f.sign(r"\quad"), line] if out else [line]
    return out


def relation_html(relation: Relation) -> str:
    """Give an identity with its kind and its source."""
    return page(relation_body(relation))


def relation_body(relation: Relation) -> str:
    """Give the inside of `relation_html`."""
    return (
        f"<div><b>{html.escape(relation.name)}</b> "
        f'<span class="ag-kind">{html.escape(relation.kind)}</span></div>'
        f"{math(relation_formula(relation), 'block')}"
        f'<div class="ag-source">{html.escape(relation.source)}</div>'
    )


# -- rewrites --------------------------------------------------------------------------


def changes(before: tuple[Expr, ...], after: tuple[Expr, ...]) -> tuple[list[Expr], list[Expr]]:
    """Tell what went and what came, without the nodes that were only built again.

    Terms are shared, so a node of one graph that is in the other has not changed. Of the
    rest, nodes with the same operation in the same place are what stands above a change.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x"), ag.input("y")
    >>> gone, new = changes((ag.exp(x * 2.0) + y,), (ag.exp(x + x) + y,))
    >>> gone, new
    ([x * 2.0], [x + x])
    """
    old, new = set(toposort(before)), set(toposort(after))
    gone, come = old - new, new - old
    pairs = list(zip(before, after, strict=True))
    seen: set[tuple[Expr, Expr]] = set()
    while pairs:
        a, b = pairs.pop()
        if (a, b) in seen or a is b or a.op is not b.op or len(a.args) != len(b.args):
            continue
        seen.add((a, b))
        inner = list(zip(a.args, b.args, strict=True))
        static = [(p, q) for p, q in inner if not isinstance(p, Expr) or not isinstance(q, Expr)]
        below = [(p, q) for p, q in inner if isinstance(p, Expr) and isinstance(q, Expr)]
        if any(p is not q and p != q for p, q in static):
            continue
        if all(p is q or p.op is not q.op for p, q in below) and len(below) > 1:
            same = sum(p is q for p, q in below)
            if not same:
                continue
        gone.discard(a)
        come.discard(b)
        pairs += below
    return (
        [n for n in toposort(before) if n in gone and not is_constant(n)],
        [n for n in toposort(after) if n in come and not is_constant(n)],
    )


def rewrite_body(before: tuple[Expr, ...], after: tuple[Expr, ...]) -> str:
    """Give a graph before and after, what changed outlined."""
    gone, new = changes(before, after)
    cells = []
    for title, roots, changed, mark in (
        ("before", before, gone, "gone"),
        ("after", after, new, "new"),
    ):
        marks = {x: mark for x in changed if is_random(x) or x in roots}
        shown = picture(roots, marks=marks)
        text = math(as_formula(statements(roots)), "block")
        cells.append(f"<div><div><b>{title}</b></div>{text}{shown.svg}</div>")
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:2em;align-items:flex-start">'
        f"{''.join(cells)}</div>"
    )


def step_html(step: Step) -> str:
    """Give one rewriting: the relation, and the part before and after."""
    return page(relation_body(step.relation) + rewrite_body(step.old, step.new))


def rewriting_html(rewriting: Rewriting) -> str:
    """Give a rewriting: the whole before and after, and each step to open."""
    body = rewrite_body(roots_of(rewriting.before), roots_of(rewriting.after))
    for i, step in enumerate(rewriting.steps, 1):
        inner = relation_body(step.relation) + rewrite_body(step.old, step.new)
        body += details(f"step {i}: {step.relation.name}", inner)
    refused = "".join(
        f"<li>{html.escape(r.name)} at <code>{html.escape(one_line(x, 80))}</code>: "
        f"{html.escape(why)}</li>"
        for r, x, why in rewriting.refused
    )
    if refused:
        body += details("refused", f"<ul>{refused}</ul>")
    return page(f"{body}<div>{html.escape(rewriting.stopped)}</div>")


def roots_of(target: Expr | Model | tuple[Expr, ...]) -> tuple[Expr, ...]:
    """Give the roots of what was rewritten."""
    if isinstance(target, Expr):
        return (target,)
    return tuple(target.variables.values()) if isinstance(target, Model) else tuple(target)


def text_of(target: Expr | Model | tuple[Expr, ...]) -> str:
    """Give the text of what was rewritten."""
    return str(target) if isinstance(target, Model) else pprint(*roots_of(target))
