"""Relations in words and in LaTeX, and the reports of the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.text import INFIX, pprint
from astragal.random.conditional import GIVEN
from astragal.random.distribution import is_random

if TYPE_CHECKING:
    from astragal.logic.pattern import Side
    from astragal.logic.relation import Relation
    from astragal.logic.verify import Verdict

_SIGN = {"sure": "==", "in law": "~", "reversal": "<=>", "conditional": "=>"}

_REDUCTIONS = frozenset({"sum", "prod", "max", "min"})


def _letters(side: Side) -> dict[Expr, str]:
    """Name the random variables of a side: a reversal's roots X and Y, others Z, W, ..."""
    names = iter("XYZWVU" + "".join(chr(c) for c in range(ord("A"), ord("U"))))
    out: dict[Expr, str] = {}
    for x in (*side.roots, *side.draws):
        if is_random(x) and x not in out and (x in side.roots or len(side.roots) > 1):
            out[x] = next(names)
    for x in side.draws:
        if x not in out:
            out[x] = next(names)
    return out


def side_text(side: Side, one_root_bare: bool = True) -> str:
    """Write one side: ``X ~ gamma(a, b), Y ~ poisson(X)``, or the expression itself."""
    uses: dict[Expr, int] = {}
    for x in side.order:
        for a in x.args:
            if isinstance(a, Expr):
                uses[a] = uses.get(a, 0) + 1
    names = _letters(side)
    held = [str(r.args[0]) for r in side.roots if r.op.name == "variable" and len(side.roots) > 1]
    if len(side.roots) == 1:
        # An anonymous draw is written in its place; one that is read twice has a name.
        names = {x: n for x, n in names.items() if uses.get(x, 0) > 1}
    shown = {x: _written(x, names, own=True) for x in side.draws}
    given = f" | {', '.join(held)}" if held else ""
    lines = [f"{n}{given} ~ {shown[x]}" for x, n in names.items()]
    rest = [_written(r, names) for r in side.roots if r not in names and str(r) not in held]
    if not rest:
        return ", ".join(lines)
    return "; ".join([*([", ".join(lines)] if lines else []), ", ".join(rest)])


def _written(x: Expr, names: dict[Expr, str], own: bool = False) -> str:
    """Write an expression without keys."""
    if x in names and not own:
        return names[x]
    if is_random(x):
        return f"{x.op.name}({', '.join(_written(a, names) for a in x.args[2:])})"
    if is_constant(x) and not x.type.shape:
        value = value_of(x).item()
        plain = isinstance(value, float) and not value.is_integer()
        return repr(value) if plain else str(int(value))
    name = x.op.name
    if name == "astype":
        return _written(x.args[0], names)
    if name in INFIX and len(x.args) == 2:
        symbol, power = INFIX[name]
        a = _in_brackets(x.args[0], names, power + (name == "pow"))
        b = _in_brackets(x.args[1], names, power + (name != "pow"))
        return f"{a}**{b}" if name == "pow" else f"{a} {symbol} {b}"
    if x.op is GIVEN:
        return " | ".join(_written(a, names) for a in x.args)
    if name == "negative":
        return f"-{_in_brackets(x.args[0], names, 7)}"
    if x.op.name == "variable":
        return str(x.args[0])
    if not any(isinstance(a, Expr) for a in x.args):
        return pprint(x)
    if name in _REDUCTIONS and x.args[1:] == (tuple(range(x.args[0].ndim)), False):
        return f"{name}({_written(x.args[0], names)})"
    if name == "solve" and x.args[1].op.name == "equal":
        return f"inv({_written(x.args[0], names)})"  # against the identity matrix
    args = [_written(a, names) if isinstance(a, Expr) else repr(a) for a in x.args]
    return f"{name}({', '.join(args)})"


def _in_brackets(x: Expr, names: dict[Expr, str], power: int) -> str:
    text = _written(x, names)
    inner = x.args[0] if x.op.name == "astype" else x
    low = inner not in names and INFIX.get(inner.op.name, ("", 10))[1] < power
    return f"({text})" if low or (text.startswith("-") and power > 6) else text


def statement(relation: Relation) -> str:
    """Write an identity on one line.

    Examples
    --------
    >>> from astragal.rewrites.convolutions import normal_convolution
    >>> statement(normal_convolution)
    'normal(m1, s1) + normal(m2, s2)  ~  normal(m1 + m2, sqrt(s1**2 + s2**2))'
    """
    sides = f"  {_SIGN[relation.kind]}  ".join(map(side_text, (relation.left, relation.right)))
    conditions = ", ".join(_written(c, {}) for c in relation.where)
    sides = f"{sides}  where {conditions}" if conditions else sides
    return f"{sides}  for {relation.choice.text}" if relation.choice.text else sides


def latex(relation: Relation) -> str:
    """Write an identity in LaTeX."""
    from astragal.display.show import relation_formula

    return relation_formula(relation).latex


def rules(names: Iterable[str] | None = None) -> Iterator[Relation]:
    """List the relations of the book, or those named.

    Raises
    ------
    KeyError
        For a name that the book lacks.
    """
    import importlib

    book = {r.name: r for r in importlib.import_module("astragal.rewrites").BOOK}
    if names is None:
        yield from book.values()
        return
    for name in names:
        if name not in book:
            raise KeyError(f"no relation {name!r}; there are {', '.join(book)}")
        yield book[name]


def verify_all(
    names: Iterable[str] | None = None, seed: int = 0
) -> Iterator[tuple[Relation, Verdict]]:
    """Verify the relations of the book, or those named, one after the other."""
    from astragal.logic.verify import verify

    for relation in rules(names):
        yield relation, verify(relation, seed=seed)


def page_of(relation: Relation) -> str:
    """Name the page of the book that a relation stands on."""
    return relation.module.rsplit(".", 1)[-1]


def selected(
    names: Iterable[str] = (),
    kind: str | None = None,
    distribution: str | None = None,
    page: str | None = None,
) -> list[Relation]:
    """List the relations of the book that fit, in reading order.

    Parameters
    ----------
    names
        Names or patterns of the shell's sort, such as ``normal_*``; by default all.
    kind, page
        Only relations of this kind, on this page.
    distribution
        Only relations in whose statement this distribution stands.

    Raises
    ------
    KeyError
        Where nothing fits, with what there is.

    Examples
    --------
    >>> [r.name for r in selected(["gamma_pois*"], kind="reversal")]
    ['gamma_poisson', 'gamma_poisson_exposure']
    """
    from fnmatch import fnmatchcase

    book = list(rules())
    wanted = list(names)
    for name in wanted:
        if not any(fnmatchcase(r.name, name) for r in book):
            close = difflib.get_close_matches(name, [r.name for r in book], 5, 0.5)
            near = f"; the nearest are {', '.join(close)}" if close else ""
            raise KeyError(f"no relation {name!r} among the {len(book)} of the book{near}")
    found = [
        r
        for r in book
        if (not wanted or any(fnmatchcase(r.name, n) for n in wanted))
        and (kind is None or r.kind == kind)
        and (page is None or page_of(r) == page)
        and (distribution is None or distribution in _distributions(r))
    ]
    if not found:
        kinds = ", ".join(repr(k) for k in dict.fromkeys(r.kind for r in book))
        pages = ", ".join(dict.fromkeys(map(page_of, book)))
        raise KeyError(f"no relation fits; kinds are {kinds}, pages are {pages}")
    return found


def _distributions(relation: Relation) -> set[str]:
    return {x.op.name for s in (relation.left, relation.right) for x in s.draws}
