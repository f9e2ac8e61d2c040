"""Pages that are made from the code when the documentation is built.

The gallery of relations from `astragal.rewrites.BOOK`, the distributions from their
declarations, and the vocabulary from the tables of operations.
"""

from __future__ import annotations

import html
import inspect
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from _backends import table as backends_table

import astragal as ag
from astragal.display.chart import chart
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
    "Results": (
        "sample.run", "sample.log_likelihood", "sample.predict", "sample.prior", "sample.diagnose",
    ),
    "Other tools": ("interop.from_pymc", "interop.from_pytensor", "interop.Reading"),
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
        "map.md": chart_page(),
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


def _anchor(relation: str) -> str:
    return relation.replace("_", "-").lower()


def index() -> list[str]:
    """List for each distribution the relations that it stands in."""
    found: dict[str, dict[str, None]] = {}
    for relation in BOOK:
        for member in relation.members:
            for side in (member.left, member.right):
                for x in side.draws:
                    found.setdefault(x.op.name, {}).setdefault(relation.name)
    lines = [
        "## By distribution\n",
        _raw(_SEARCH),
        "| distribution | relations |",
        "|---|---|",
    ]
    for name in sorted(found):
        links = ", ".join(f'<a href="#{_anchor(r)}">{r.replace("_", " ")}</a>' for r in found[name])
        lines.append(f"| {name.replace('_', ' ')} | {links} |")
    return [*lines, ""]


# Rows that do not hold what is typed are hidden.
_SEARCH = """<input type="search" id="find" placeholder="a distribution or a relation"
 style="width:100%;padding:.4em" aria-label="Search the index">
<script>
document.getElementById("find").addEventListener("input", function (e) {
  var text = e.target.value.toLowerCase();
  var section = e.target.closest("section") || document;
  section.querySelectorAll("tbody tr").forEach(function (row) {
    row.hidden = row.textContent.toLowerCase().indexOf(text) < 0;
  });
});
</script>"""

# Distributions of the chart of Leemis & McQueston (2008), by the names that they have here,
# those of parameters included; None for what is not among the distributions.
# fmt: off
PUBLISHED: dict[str, str | None] = {
    "Benford": "benford", "Bernoulli": "bernoulli", "beta-binomial": "beta_binomial",
    "beta-Pascal": "beta_negative_binomial", "binomial": "binomial",
    "discrete uniform": "discrete_uniform", "discrete Weibull": None,
    "gamma-Poisson": "negative_binomial", "geometric": "geometric",
    "hypergeometric": "hypergeometric", "logarithm": "log_series",
    "negative hypergeometric": "negative_hypergeometric", "Pascal": "negative_binomial",
    "Poisson": "poisson", "Pólya": "beta_binomial", "power series": None,
    "rectangular": "discrete_uniform", "zeta": "zipf", "Zipf (finite)": None,
    "arcsine": "arcsine", "arctangent": None, "beta": "beta", "Cauchy": "cauchy", "chi": "chi",
    "chi-square": "chi_square", "doubly noncentral F": None, "doubly noncentral t": None,
    "Erlang": "gamma", "error": "generalized_normal", "exponential": "exponential",
    "exponential power": None, "extreme value": "gumbel_minimum", "F": "f", "gamma": "gamma",
    "generalized gamma": "generalized_gamma", "generalized Pareto": "generalized_pareto",
    "Gompertz": "gompertz", "hyperbolic secant": "hyperbolic_secant",
    "hyperexponential": "mixture", "hypoexponential": None, "IDB": None,
    "inverse Gaussian": "inverse_gaussian", "inverted beta": "beta_prime",
    "inverted gamma": "inverse_gamma", "Kolmogorov–Smirnov": None, "Laplace": "laplace",
    "log gamma": "log_gamma", "log logistic": "log_logistic", "log normal": "lognormal",
    "logistic": "logistic", "logistic-exponential": None, "Lomax": "lomax", "Makeham": None,
    "minimax": "kumaraswamy", "Muth": None, "noncentral beta": "noncentral_beta",
    "noncentral chi-square": "noncentral_chi_square", "noncentral F": "noncentral_f",
    "noncentral t": "noncentral_t", "normal": "normal", "Pareto": "pareto", "power": "power",
    "Rayleigh": "rayleigh", "t": "student_t", "triangular": "triangular",
    "two-sided power": None, "uniform": "uniform", "von Mises": "von_mises",
    "Wald": "inverse_gaussian", "Weibull": "weibull",
}
# fmt: on


def chart_page() -> str:
    """The chart of distributions, and what the published one has beside it."""
    drawn = chart(BOOK, link=lambda r: f"gallery.html#{_anchor(r)}")
    lines = [
        "# Map of distributions\n",
        f"{len(drawn.names)} distributions of one number and {len(drawn.arrows)} arrows between",
        "them, drawn from the relations of the book. Green arrows are special cases, blue ones",
        "transformations of one variable, brown ones combinations of several. Rest on an arrow",
        "for the relations behind it; click it for the first of them. What holds of every",
        "continuous law, as that it is a function of a uniform one, is not drawn. In a notebook,",
        '`astragal.display.chart.chart(BOOK)` shows the same picture, and `.about("gamma")`',
        "what is around one distribution.\n",
        _raw(f'<div class="astragal">{drawn.svg()}</div>'),
        "## Next to the published chart\n",
        "The distributions of Leemis & McQueston 2008, *Univariate distribution relationships*,",
        "with the number of arrows that each has here. A dash is what is lacking.\n",
        "| there | here | arrows |",
        "|---|---|---:|",
    ]
    for there, here in PUBLISHED.items():
        if here == "mixture":
            count = sum("mixture" in r.name for r in BOOK)
        else:
            count = sum(here in (a.source, a.target) for a in drawn.arrows)
        shown = here.replace("_", " ") if here else "–"
        lines.append(f"| {there} | {shown} | {count if here else '–'} |")
    own = [n for n in drawn.names if n not in set(PUBLISHED.values())]
    lines.append("\nOnly here: " + ", ".join(n.replace("_", " ") for n in own) + ".")
    return "\n".join(lines) + "\n"


def gallery() -> str:
    """Each relation of the book: kind, statement, source, as mathematics and as text."""
    parts = [
        "# Gallery of relations\n",
        f"Relations of the book: {len(BOOK)}, in reading order. This page is made from the code.\n",
        _raw(page("")),
        *index(),
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
        "Names and meanings are those of the Python array API standard (2024.12): every function",
        "of it is here, but those of complex numbers and `from_dlpack`. Each is compared with the",
        "standard's reference, `array_api_strict`, on special values, empty arrays and mixed data",
        "types (`tests/ops/test_array_api.py`). This page is made from the code.\n",
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
        module, _, last = name.rpartition(".")
        value = getattr(import_module(f"astragal.{module}") if module else ag, last, None)
        if value is None:
            continue
        sort = "autoclass" if inspect.isclass(value) else "autofunction"
        if not inspect.isclass(value) and not inspect.isroutine(value):
            sort = "autodata"
        lines.append(f".. {sort}:: astragal.{name}")
        if isinstance(value, type) and issubclass(value, (Exception, tuple)):
            lines.append("   :no-members:")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
