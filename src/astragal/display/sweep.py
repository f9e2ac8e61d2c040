"""What the viewer shows of a sampler: its steps one by one, and how it would do without each."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from astragal.derive.relations import book
from astragal.derive.search import derive
from astragal.display.derivation import sampler_steps, step_law
from astragal.display.formula import math
from astragal.display.latex import as_formula, statements
from astragal.display.picture import picture
from astragal.display.show import relation_body
from astragal.graph.errors import UnsupportedError

if TYPE_CHECKING:
    from astragal.derive.sampler import Sampler
    from astragal.derive.steps import Step


def sampler_frames(sampler: Sampler, forbid: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Give what the viewer shows: the model, each step of the sampler, and all of them.

    Parameters
    ----------
    sampler
        What `astragal.derive` gave.
    forbid
        What it was derived without.

    Returns
    -------
    list of dict
        Each with ``html``, and ``others``: what is left out, and the sampler without it.
    """
    variables = sampler.model.variables
    text = math(as_formula(statements(tuple(variables.values()), names_of(sampler))), "block")
    shown = picture(sampler.model, observed=sampler.observed)
    out: list[dict[str, Any]] = [
        {"html": f"<div>{text}{shown.svg}</div><div>The model. Each step comes next.</div>",
         "others": []},
    ]  # fmt: skip
    for step in sampler.steps:
        ways = without(sampler, step, tuple(forbid))
        others = [{"name": f"without {n}", "html": sampler_steps(s)} for n, s in ways.items()]
        asked = "The same model, another way:"
        out.append({"html": _frame(sampler, step), "others": others, "asked": asked})
    return [*out, {"html": f"<div>The sampler:</div>{sampler_steps(sampler)}", "others": []}]


def names_of(sampler: Sampler) -> dict[Any, str]:
    """Names of the variables of a sampler's model, by expression."""
    named = {x: n for n, x in sampler.model.variables.items()}
    return {**named, **sampler.model.labels}


def without(sampler: Sampler, step: Step, forbid: tuple[str, ...] = ()) -> dict[str, Sampler]:
    """Derive what would be there without the kind of a step, or a relation that it rests on."""
    out: dict[str, Sampler] = {}
    for name in dict.fromkeys([step.kind, *(r.name for r in step.relations)]):
        try:
            out[name] = derive(sampler.model, sampler.observed, forbid=(*forbid, name))
        except (UnsupportedError, ValueError):
            continue  # nothing else is known for it, or it cannot be forbidden
    return out


def _frame(sampler: Sampler, step: Step) -> str:
    marks = {x: "match" for t in step.targets if (x := sampler.model.variables.get(t)) is not None}
    shown = picture(sampler.model, observed=sampler.observed, marks=marks)
    rules = ""
    for used in step.relations:
        relation = book().get(used.name)
        source = f'<span class="ag-source">{html.escape(used.source)}</span>'
        rules += (
            f"<div><b>{html.escape(used.name)}</b> {source}</div>"
            if relation is None
            else relation_body(relation)
        )
    kind = f'<span class="ag-kind">{html.escape(step.kind)}</span>'
    return f"<div>{shown.svg}</div><div>{step_law(sampler, step)} {kind}</div>{rules}"
