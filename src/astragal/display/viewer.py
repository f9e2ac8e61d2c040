"""The derivation viewer: a rewriting or a sampler, step by step, and what else applies there.

`viewer_page` gives a page that works offline, without a server and without Python. `viewer`
gives a widget for notebooks, in which another way can be taken; it needs the package anywidget.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astragal.display.formula import math
from astragal.display.latex import as_formula, statements
from astragal.display.picture import picture
from astragal.display.show import changes, relation_body, roots_of
from astragal.display.style import CSS
from astragal.graph.errors import DTypeError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.random.distribution import is_random

if TYPE_CHECKING:
    from astragal.derive.sampler import Sampler
    from astragal.logic.relation import Relation, Step
    from astragal.logic.rewriting import Rewriting

VIEWER_CSS = """
.ag-viewer{padding:.5em;outline:none}
.ag-bar{display:flex;gap:.6em;align-items:center;margin-bottom:.5em}
.ag-frame,.ag-result{overflow-x:auto}
.ag-others{margin-top:.8em;color:var(--ag-soft)}
.ag-result{color:var(--ag-ink);padding:.3em 1em}
.ag-viewer button{font:inherit;padding:.1em .6em}
"""


@cache
def _script() -> str:
    return Path(__file__).with_name("viewer.js").read_text(encoding="utf-8")


def frames(rewriting: Rewriting, relations: Iterable[Relation] = ()) -> list[dict[str, Any]]:
    """Give what the viewer shows: a frame before each step, and one at the end.

    Parameters
    ----------
    rewriting
        What ``astragal.rewrite(..., explain=True)`` gave.
    relations
        Relations to be tried at each frame, in both directions.

    Returns
    -------
    list of dict
        Each with ``html``, and ``others``: name, direction and result of what applies.
    """
    tried = tuple(dict.fromkeys(relations))
    steps = rewriting.steps
    out = []
    for number in range(len(steps) + 1):
        state = rewriting.replay(number)
        after = steps[number] if number < len(steps) else None
        before = steps[number - 1] if number else None
        out.append(
            {
                "html": _frame(roots_of(state), before, after),
                "others": [_other(o) for o in alternatives(state, tried)],
            }
        )
    return out


def alternatives(target: Any, relations: Sequence[Relation]) -> list[Rewriting]:
    """List single rewrites of a target that relations allow, in both directions."""
    from astragal.logic.rewriting import rewrite

    found = []
    for relation in relations:
        for direction in ("forward", "backward"):
            r = rewrite(target, relation, direction=direction, explain=True, limit=1)
            if r.steps:
                found.append(r)
    return found


def _frame(roots: tuple[Expr, ...], before: Step | None, after: Step | None) -> str:
    marks: dict[Expr, str] = {}
    if before is not None:
        _, new = changes(before.old, before.new)
        marks.update({x: "new" for x in new if is_random(x) or x in before.new})
    if after is not None:
        gone, _ = changes(after.old, after.new)
        marks.update({x: "match" for x in gone if is_random(x) or x in after.old})
    words = "The end: nothing is left to do."
    relation = ""
    if after is not None:
        arrow = "left to right" if after.direction == "forward" else "right to left"
        words = f"Next, read from {arrow}:"
        relation = relation_body(after.relation)
    shown = picture(roots, marks=marks)
    text = math(as_formula(statements(roots)), "block")
    return f"<div>{text}{shown.svg}</div><div>{html.escape(words)}</div>{relation}"


def _other(rewriting: Rewriting) -> dict[str, str]:
    (step, *_) = rewriting.steps
    text = math(as_formula(statements(roots_of(rewriting.after))), "block")
    name = step.relation.name
    return {
        "name": name if step.direction == "forward" else f"{name}, right to left",
        "html": text + f'<div class="ag-source">{html.escape(step.relation.source)}</div>',
    }


def _frames(
    shown: Rewriting | Sampler, relations: Sequence[Relation], forbid: Sequence[str] = ()
) -> list[dict[str, Any]]:
    from astragal.derive.sampler import Sampler
    from astragal.display.sweep import sampler_frames
    from astragal.logic.rewriting import Rewriting

    if isinstance(shown, Sampler):
        return sampler_frames(shown, forbid)
    if not isinstance(shown, Rewriting):
        raise DTypeError(
            f"the viewer shows a sampler, or what rewrite(..., explain=True) gives; "
            f"got {type(shown).__name__}"
        )
    return frames(shown, relations)


def viewer_page(
    rewriting: Rewriting | Sampler, relations: Iterable[Relation] = (), title: str = ""
) -> str:
    """Give the viewer as a page that works on its own.

    Parameters
    ----------
    rewriting
        What ``astragal.rewrite(..., explain=True)`` gave, or a sampler.
    relations
        Of a rewriting: relations to be tried at each step, such as ``astragal.rewrites.BOOK``.
        At a step of a sampler, what it would be without it is shown.
    title
        Of the page.

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.rewrites.convolutions import normal_convolution
    >>> a, b = ag.split(ag.key(0))
    >>> total = ag.random.normal(a, 1.0, 3.0) + ag.random.normal(b, 2.0, 4.0)
    >>> page = viewer_page(ag.rewrite(total, normal_convolution, explain=True))
    >>> page.startswith("<!DOCTYPE html>"), "http://" in page.replace("http://www.w3.org", "")
    (True, False)
    """
    # Inside a script element, only "</" could end it.
    data = json.dumps(_frames(rewriting, tuple(relations))).replace("</", "<\\/")
    script = _script().replace("export default { render };", "")
    shown = html.escape(title or "A derivation")
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{shown}</title>
<style>body{{margin:1em;background:Canvas;color-scheme:light dark}}{CSS}{VIEWER_CSS}</style></head>
<body class="astragal"><h1>{shown}</h1><div id="viewer"></div>
<script>
{script}
const state = {{frames: {data}, index: 0, live: false}};
render({{
  model: {{
    get: (name) => state[name],
    set: (name, value) => {{ state[name] = value; }},
    save_changes: () => {{}},
    on: () => {{}},
  }},
  el: document.getElementById("viewer"),
}});
</script></body></html>
"""


def viewer(rewriting: Rewriting | Sampler, relations: Iterable[Relation] = ()) -> Any:
    """Give the viewer as a widget for notebooks, in which another way can be taken.

    Parameters
    ----------
    rewriting
        What ``astragal.rewrite(..., explain=True)`` gave, or a sampler.
    relations
        Of a rewriting: relations to be tried at each step.

    Returns
    -------
    anywidget.AnyWidget
        Its ``rewriting`` is what has been chosen so far: a rewriting, or a sampler.

    Raises
    ------
    UnsupportedError
        Where the package anywidget is not installed.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise UnsupportedError(
            "the viewer widget needs the package anywidget: pip install anywidget; "
            "viewer_page gives a page without it"
        ) from None

    from astragal.derive.sampler import Sampler
    from astragal.display.sweep import without

    class Viewer(anywidget.AnyWidget):
        _esm = _script()
        _css = CSS + VIEWER_CSS
        frames: Any = traitlets.List().tag(sync=True)
        index = traitlets.Int(0).tag(sync=True)
        live = traitlets.Bool(True).tag(sync=True)
        chosen: Any = traitlets.List().tag(sync=True)

    tried = tuple(relations)
    forbidden: list[str] = []
    widget = Viewer(frames=_frames(rewriting, tried))
    widget.add_class("astragal")
    widget.rewriting = rewriting  # pyright: ignore[reportAttributeAccessIssue]

    def take(change: dict[str, Any]) -> None:
        if change["new"]:
            index, place, *_ = change["new"]
            now: Any = widget.rewriting  # pyright: ignore[reportAttributeAccessIssue]
            if isinstance(now, Sampler):
                ways = without(now, now.steps[index - 1], tuple(forbidden))
                name, taken = list(ways.items())[place]
                forbidden.append(name)
            else:
                taken = follow(now, index, place, tried)
            widget.rewriting = taken  # pyright: ignore[reportAttributeAccessIssue]
            widget.frames = _frames(taken, tried, forbidden)
            widget.index = min(index, len(widget.frames) - 1) if forbidden else index + 1

    widget.observe(take, names="chosen")
    return widget


def follow(
    rewriting: Rewriting, index: int, place: int, relations: Sequence[Relation]
) -> Rewriting:
    """Leave a rewriting after some steps, and take another way from there.

    Parameters
    ----------
    rewriting
        The way so far.
    index
        How many of its steps to keep.
    place
        Which of the `alternatives` at that point to take.
    relations
        Those that the alternatives are from.
    """
    from astragal.logic.rewriting import Rewriting as Way

    state = rewriting.replay(index)
    taken = alternatives(state, tuple(dict.fromkeys(relations)))[place]
    return Way(
        rewriting.before,
        taken.after,
        (*rewriting.steps[:index], *taken.steps),
        (),
        f"{taken.steps[0].relation.name} was chosen",
    )
