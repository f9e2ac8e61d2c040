"""Pages that are made from the code when the documentation is built.

The gallery of relations from `astragal.rewrites.BOOK`, the distributions from their
declarations, and the vocabulary from the tables of operations.
"""

from __future__ import annotations

import html
import inspect
import sys
from pathlib import Path
from types import ModuleType

from _backends import table as backends_table

import astragal as ag
from astragal.display.formula import math
from astragal.display.latex import formula_of
from astragal.display.show import relation_formula
from astragal.display.style import page
from astragal.graph.expr import Op
from astragal.random.distribution import Distribution
from astragal.rewrites import BOOK, PAGES

# fmt: off
GROUPS: dict[str, tuple[str, ...]] = {
    "Keys": ("key", "split", "fold_in", "key_data", "wrap_key_data", "check_keys", "Key"),
    "Graphs": ("Expr", "input", "constant", "shared", "pprint", "save", "load", "subgraph"),
    "Models and samplers": ("model", "Model", "logdensity", "derive"),
    "Relations": (
        "relation", "Relation", "rewrite", "Rewriting", "equivalents", "path", "verify", "Verdict",
    ),
    "Compiling": ("function", "Function", "evaluate", "KeyArray"),
    "Derivatives": ("grad", "vjp", "jvp", "hvp", "jacobian", "hessian"),
    "Control flow": ("scan", "while_loop", "cond", "switch", "where"),
    "Errors": (
        "AstragalError", "ShapeError", "DTypeError", "DomainError", "KeyReuseError", "ModelError",
        "UnsupportedError", "FormatError",
    ),
}
# fmt: on


def main(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "gallery.md": gallery(),
        "distributions.md": distributions(),
        "vocabulary.md": vocabulary(),
        **{f"api-{_slug(title)}.rst": api(title, names) for title, names in GROUPS.items()},
    }
    for old in folder.iterdir():
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _slug(title: str) -> str:
    return title.lower().replace(" ", "-")


def _raw(body: str) -> str:
    return f"```{{raw}} html\n{body}\n```\n"


def gallery() -> str:
    """Each relation of the book: kind, statement, source, as mathematics and as text."""
    parts = [
        "# Gallery of relations\n",
        f"Relations of the book: {len(BOOK)}, in reading order. This page is made from the code.\n",
        _raw(page("")),
    ]
    for chapter in PAGES:
        title, _, rest = (inspect.getdoc(chapter) or chapter.__name__).partition("\n")
        parts.append(f"## {title.rstrip('.')}\n")
        if rest.strip():
            parts.append(f"```text\n{inspect.cleandoc(rest)}\n```\n")
        for relation in BOOK:
            if relation.module != chapter.__name__:
                continue
            name = relation.name.replace("_", " ")
            parts.append(f"### {name}\n\n{relation.doc}\n\n*{relation.kind}*\n")
            shown = math(relation_formula(relation), "block")
            parts.append(_raw(f'<div class="astragal">{shown}</div>'))
            parts.append(f"```text\n{relation.text}\n```\n\n{relation.source}\n")
    return "\n".join(parts)


def distributions() -> str:
    """Each distribution: parameters with their domains, support, conventions."""
    lines = [
        "# Distributions\n",
        "Each is `astragal.random.NAME(key, *parameters, size=None, dtype=None)`. A parameter in",
        "**bold** must be named. This page is made from the declarations.\n",
        "| name | parameters | values |",
        "|---|---|---|",
    ]
    for d in _declared():
        shown = []
        for p in d.parameters:
            name = f"**{p.name}**" if p.keyword else p.name
            others = "".join(f" or **{n}**" for n in p.alternatives)
            default = "" if p.default is None else f" = {p.default:g}"
            shown.append(f"{name}{others}{default}: {p.domain.words}")
        example = [ag.input(p.name, shape=("n",) * p.core) for p in d.parameters]
        try:
            support = d.support(*example).words
        except (AttributeError, TypeError, ValueError):
            support = ""
        lines.append(f"| `{d.name}` | {'; '.join(shown)} | {support} |")
    return "\n".join(lines) + "\n"


def _declared() -> list[Distribution]:
    found = []
    for name in sorted(vars(ag.random)):
        op = getattr(getattr(ag.random, name), "op", None)
        if op is not None and isinstance(getattr(op, "distribution", None), Distribution):
            found.append(op.distribution)
    return list(dict.fromkeys(found))


def vocabulary() -> str:
    """Functions of arrays, with the formula of those that act element by element."""
    parts = [
        "# Array vocabulary\n",
        "Names and meanings are those of the Python array API standard. This page is made from",
        "the code.\n",
    ]
    namespaces: tuple[tuple[str, ModuleType], ...] = (
        ("astragal", ag), ("astragal.linalg", ag.linalg), ("astragal.special", ag.special),
    )  # fmt: skip
    listed = {n for names in GROUPS.values() for n in names}
    for prefix, module in namespaces:
        rows = []
        for name in sorted(vars(module)):
            value = getattr(module, name)
            own = getattr(value, "__module__", "") or ""
            public = not name.startswith("_") and name not in listed and name.islower()
            if not public or not (isinstance(value, Op) or (callable(value) and "ops" in own)):
                continue
            rows.append(f"| `{name}` | {_formula(value)} | {_first_line(value)} |")
        if rows:
            parts += [f"## {prefix}\n", "| name | formula | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join([*parts, backends_table()])


def _formula(value: object) -> str:
    if not isinstance(value, Op) or not value.elementwise:
        return ""
    for n in (1, 2, 3):
        letters = [ag.input(c) for c in "xyz"[:n]]
        try:
            expr = value(*letters)
        except (TypeError, ValueError):
            continue
        return math(formula_of(expr)).replace("|", "&#124;")
    return ""


def _first_line(value: object) -> str:
    if isinstance(value, Op):
        return ""
    doc = inspect.getdoc(value) or ""
    line = doc.partition("\n\n")[0].replace("\n", " ")
    return html.escape(line, quote=False).replace("``", "`").replace("|", "\\|")


def api(title: str, names: tuple[str, ...]) -> str:
    """A page of the reference, from docstrings."""
    lines = [title, "=" * len(title), "", ".. currentmodule:: astragal", ""]
    for name in names:
        value = getattr(ag, name, None)
        if value is None:
            continue
        sort = "autoclass" if inspect.isclass(value) else "autofunction"
        if not inspect.isclass(value) and not inspect.isroutine(value):
            sort = "autodata"
        lines.append(f".. {sort}:: astragal.{name}")
        if isinstance(value, type) and issubclass(value, Exception):
            lines.append("   :no-members:")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
