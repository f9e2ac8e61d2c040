"""The one style sheet of pictures and pages: light and dark, by the reader's setting."""

from __future__ import annotations

import html

LIGHT = {
    "ink": "#1f2328", "soft": "#59636e", "line": "#8c959f", "ground": "#ffffff",
    "random": "#ddf4ff", "random-line": "#0969da", "key": "#fff1c2", "key-line": "#9a6700",
    "input": "#dafbe1", "input-line": "#1a7f37", "constant": "#eef1f4", "more": "#fbefff",
    "gone": "#b3261e", "new": "#1a7f37", "match": "#9a6700",
}  # fmt: skip
DARK = {
    "ink": "#e6edf3", "soft": "#9198a1", "line": "#6e7681", "ground": "#0d1117",
    "random": "#0c2d6b", "random-line": "#4493f8", "key": "#3b2e00", "key-line": "#d29922",
    "input": "#033a16", "input-line": "#3fb950", "constant": "#21262d", "more": "#3c1e70",
    "gone": "#ff7b72", "new": "#3fb950", "match": "#d29922",
}  # fmt: skip


def variables(colours: dict[str, str]) -> str:
    """Write colours as variables of a style sheet."""
    return "".join(f"--ag-{name}:{value};" for name, value in colours.items())


# Every rule stands below `.astragal`, so that a picture in a notebook changes nothing else.
CSS = f"""
.astragal{{{variables(LIGHT)}color:var(--ag-ink);font:13px/1.45 system-ui,sans-serif;}}
@media (prefers-color-scheme:dark){{.astragal{{{variables(DARK)}}}}}
[data-jp-theme-light="true"] .astragal,[data-theme="light"] .astragal{{{variables(LIGHT)}}}
[data-jp-theme-light="false"] .astragal,[data-theme="dark"] .astragal{{{variables(DARK)}}}
.astragal details{{margin:.3em 0;}}
.astragal summary{{cursor:pointer;color:var(--ag-soft);}}
.astragal .ag-math{{font-size:1.15em;margin:.4em 0;}}
.astragal .ag-source{{color:var(--ag-soft);font-style:italic;}}
.astragal .ag-kind{{border:1px solid var(--ag-line);border-radius:8px;padding:0 .5em;}}
.astragal .ag-gone{{color:var(--ag-gone);}}
.astragal .ag-new{{color:var(--ag-new);}}
.astragal .ag-match{{color:var(--ag-match);}}
.astragal table.ag-steps{{border-collapse:collapse;}}
.astragal table.ag-steps td{{padding:.25em .7em;text-align:left;vertical-align:top;
border-top:1px solid var(--ag-line);}}
.astragal svg{{max-width:100%;height:auto;}}
"""

# The rules of a picture, which must also stand on its own as a file.
SVG_CSS = """
text{font:12px system-ui,sans-serif;fill:var(--ag-ink,#1f2328);text-anchor:middle}
.small{font-size:9.5px;fill:var(--ag-soft,#59636e)}
.edge{fill:none;stroke:var(--ag-line,#8c959f);stroke-width:1.2}
.edge.key{stroke:var(--ag-key-line,#9a6700);stroke-dasharray:3 3}
.tip{fill:var(--ag-line,#8c959f)} .tip.key{fill:var(--ag-key-line,#9a6700)}
.plate{fill:none;stroke:var(--ag-line,#8c959f);stroke-width:1;rx:6}
.node{stroke:var(--ag-line,#8c959f);stroke-width:1.2;fill:var(--ag-ground,#fff)}
.random{fill:var(--ag-random,#ddf4ff);stroke:var(--ag-random-line,#0969da)}
.observed{fill:var(--ag-random-line,#0969da);stroke:var(--ag-random-line,#0969da)}
text.on-observed{fill:var(--ag-ground,#fff)}
.keynode{fill:var(--ag-key,#fff1c2);stroke:var(--ag-key-line,#9a6700)}
.input{fill:var(--ag-input,#dafbe1);stroke:var(--ag-input-line,#1a7f37)}
.constant{fill:var(--ag-constant,#eef1f4);stroke:none}
.more{fill:var(--ag-more,#fbefff);stroke-dasharray:4 3}
.gone{stroke:var(--ag-gone,#b3261e);stroke-width:2.6}
.new{stroke:var(--ag-new,#1a7f37);stroke-width:2.6}
.match{stroke:var(--ag-match,#9a6700);stroke-width:2.6}
"""


def page(body: str) -> str:
    """Wrap a piece of HTML with the style sheet, for a notebook's cell."""
    return f'<div class="astragal"><style>{CSS}</style>{body}</div>'


def details(summary: str, body: str, *, open_: bool = False) -> str:
    """Give a part that opens with a click."""
    shown = " open" if open_ else ""
    return f"<details{shown}><summary>{html.escape(summary)}</summary>{body}</details>"
