"""A sampler as its derivation: each step's law, and the relation that proves it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from astragal.derive.reading import readable_law
from astragal.display import formula as f
from astragal.display.formula import Formula, math
from astragal.display.latex import labels_in, statements
from astragal.display.picture import picture
from astragal.display.style import details, page

if TYPE_CHECKING:
    from astragal.derive.sampler import Sampler
    from astragal.derive.steps import Step


def step_formula(sampler: Sampler, step: Step) -> Formula | None:
    r"""Write a step's law given all others; None where it has no name.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.input("key", dtype="key"))
    >>> rate = ag.random.gamma(k[0], 2.0, rate=4.0)
    >>> model = ag.Model({"rate": rate, "y": ag.random.poisson(k[1], rate)})
    >>> sampler = ag.derive(model, {"y": 3})
    >>> print(step_formula(sampler, sampler.steps[0]).latex)
    \mathit{rate} \mid y \sim \mathrm{Gamma}\left(..., \text{rate }5 \right)
    """
    law = step.conditional.law
    if law is None:
        return None
    law = readable_law(law)
    names = {law: step.targets[0], **labels_in([law], sampler.model.labels)}
    *before, line = statements([law], names)
    assert line.left is not None
    others = [n for n in sampler.latent_names if n not in step.targets]
    # An exact step is given the data; a step of a chain is given everything else.
    given = f.listed(*map(f.name, sampler.observed)) if not others else f.sign(r"\dots")
    left = f.row(line.left, f.sign(r"\mid"), given, f.sign(line.relation), line.right)
    out = left if line.range is None else f.row(left, f.sign(","), f.sign(r"\quad"), line.range)
    for n, other in enumerate(other for other in before if other.left is not None):
        joint = f.text("where " if n == 0 else "and ")
        out = f.row(out, f.sign(","), f.sign(r"\quad"), joint, other.formula)
    return out


def sampler_latex(sampler: Sampler) -> str:
    """Give the derivation in LaTeX, a line a step."""
    lines = []
    for step in sampler.steps:
        shown = step_formula(sampler, step)
        lines.append((f.text(step.conditional.text) if shown is None else shown).latex)
    return "\\begin{gathered}\n" + "\\\\\n".join(lines) + "\n\\end{gathered}"


def sampler_html(sampler: Sampler) -> str:
    """Give the derivation as a table: the law of each step, its kind, and why it holds."""
    body = sampler_steps(sampler)
    if sampler.rejected:
        tried = "".join(f"<li>{html.escape(r)}</li>" for r in sampler.rejected)
        body += details("tried, and not possible", f"<ul>{tried}</ul>")
    body += details("model", picture(sampler.model, observed=sampler.observed).svg)
    return page(body)


def step_law(sampler: Sampler, step: Step) -> str:
    """Give the law of a step: a formula, or words where it has none."""
    shown = step_formula(sampler, step)
    return f"<code>{html.escape(step.conditional.text)}</code>" if shown is None else math(shown)


def sampler_steps(sampler: Sampler) -> str:
    """Give the table inside of `sampler_html`, with what it is of above it."""
    rows = []
    for number, step in enumerate(sampler.steps, 1):
        law = step_law(sampler, step)
        why = "".join(_why(r.name, r.source, r.bindings) for r in step.relations)
        rows.append(
            f'<tr><td>{number}</td><td>{law}</td><td><span class="ag-kind">'
            f"{html.escape(step.kind)}</span></td><td>{why}</td></tr>"
        )
    what = "independent draws" if sampler.exact else "one sweep of a chain"
    data = f" given {', '.join(sampler.observed)}" if sampler.observed else ""
    head = f"{', '.join(sampler.latent_names)}{data}: {what}"
    return f'<div><b>{html.escape(head)}</b></div><table class="ag-steps">{"".join(rows)}</table>'


def _why(name: str, source: str, bindings: tuple[tuple[str, str], ...]) -> str:
    out = f'<div>{html.escape(name)} <span class="ag-source">{html.escape(source)}</span></div>'
    if bindings:
        values = ", ".join(f"{k} = {v}" for k, v in bindings)
        out += details("with", f"<code>{html.escape(values)}</code>")
    return out
