"""Formulae as data, written out as LaTeX and as MathML.

LaTeX is for papers and for pages that load a typesetter; MathML is what browsers show by
themselves, offline, without a script. Names are escaped here, once for each form.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

GREEK = {
    name: chr(code)
    for code, name in enumerate(
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "omicron",
            "pi",
            "rho",
            "varsigma",
            "sigma",
            "tau",
            "upsilon",
            "phi",
            "chi",
            "psi",
            "omega",
        ],
        start=0x3B1,
    )
} | dict(
    zip(
        (
            "Gamma",
            "Delta",
            "Theta",
            "Lambda",
            "Xi",
            "Pi",
            "Sigma",
            "Upsilon",
            "Phi",
            "Psi",
            "Omega",
        ),
        "ΓΔΘΛΞΠΣΥΦΨΩ",
        strict=True,
    )
)
_LETTER = {char: name for name, char in GREEK.items()}

# LaTeX command to the character that MathML shows.
SYMBOLS = {
    r"\sim": "∼", r"\le": "≤", r"\ge": "≥", r"\ne": "≠", r"\cdot": "⋅", r"\odot": "⊙",
    r"\land": "∧", r"\lor": "∨", r"\lnot": "¬", r"\oplus": "⊕", r"\top": "⊤", r"\mid": "∣",
    r"\sum": "∑", r"\prod": "∏", r"\dots": "…", r"\infty": "∞", r"\ll": "≪", r"\gg": "≫",
    r"\bmod": "mod", r"\exists": "∃", r"\forall": "∀", r"\lfloor": "⌊", r"\rfloor": "⌋",
    r"\lceil": "⌈", r"\rceil": "⌉", r"\lbrace": "{", r"\rbrace": "}", r"\times": "×",
    r"\max": "max", r"\min": "min", r"\lt": "<", r"\gt": ">", r"\Longleftrightarrow": "⟺",
    r"\vdots": "⋮", r"\in": "∈", r"\Phi": "Φ", r"\psi": "ψ", r"\Gamma": "Γ", r"\pi": "π",
    r"\overset{d}{=}": "≗", r"\quad": "\u2003", "-": "−", r"\Longrightarrow": "⟹",
}  # fmt: skip
_RELATIONS = frozenset("∼=<>≤≥≠∣⟺⟹∈")
_CALLIGRAPHIC = {"N": "𝒩", "U": "𝒰", "B": "ℬ", "W": "𝒲"}


@dataclass(frozen=True)
class Formula:
    """A formula: a kind, and parts that are formulae or text.

    Attributes
    ----------
    kind, parts
        See the functions of this module, which make them.
    size, depth
        How much there is to write, and how deeply it is nested.
    """

    kind: str
    parts: tuple[Formula | str, ...]
    size: int = field(init=False)
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        inner = [p for p in self.parts if isinstance(p, Formula)]
        text = sum(len(p) for p in self.parts if isinstance(p, str))
        object.__setattr__(self, "size", text + sum(p.size for p in inner))
        object.__setattr__(self, "depth", 1 + max((p.depth for p in inner), default=0))

    @property
    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs."""
        return _latex(self)

    @property
    def mathml(self) -> str:
        """The formula as the inside of a ``math`` element."""
        return _mathml(self)

    def __add__(self, other: Formula) -> Formula:
        return row(self, other)


def row(*parts: Formula) -> Formula:
    """Put formulae beside each other."""
    flat: list[Formula | str] = []
    for p in parts:
        flat += p.parts if p.kind == "row" else [p]
    return Formula("row", tuple(flat)) if len(flat) != 1 else parts[0]


def sign(command: str) -> Formula:
    """Give an operator or a relation sign, by its LaTeX command or its character."""
    return Formula("sign", (command,))


def number(text: str) -> Formula:
    """Write a number."""
    return Formula("number", (text,))


def word(text: str) -> Formula:
    """Write an upright name, as of a function or a family."""
    return Formula("word", (text,))


def function(text: str) -> Formula:
    """Write the name of a function."""
    return Formula("function", (text,))


def family(symbol: str, name: str) -> Formula:
    r"""Write the symbol of a family, given as ``\mathrm{..}`` or ``\mathcal{.}``."""
    found = re.fullmatch(r"\\(mathrm|mathcal|mathbf|operatorname)\{(.+)\}", symbol)
    if found is None:
        return word("".join(part.capitalize() for part in name.split("_")))
    return Formula("calligraphic" if found[1] == "mathcal" else "word", (found[2],))


def text(words: str) -> Formula:
    """Write plain words inside a formula."""
    return Formula("text", (words,))


def sub(base: Formula, *indices: Formula) -> Formula:
    """Write indices below."""
    if not indices:
        return base
    if base.kind == "sub":
        first, below = base.parts
        assert isinstance(first, Formula)
        assert isinstance(below, Formula)
        return Formula("sub", (first, listed(below, *indices)))
    return Formula("sub", (base, listed(*indices)))


def sup(base: Formula, above: Formula) -> Formula:
    """Write an exponent."""
    return Formula("sup", (base, above))


def fraction(over: Formula, under: Formula) -> Formula:
    """Write a fraction."""
    return Formula("fraction", (over, under))


def root(inside: Formula) -> Formula:
    """Write a square root."""
    return Formula("root", (inside,))


def fenced(inside: Formula, left: str = "(", right: str = ")") -> Formula:
    """Put brackets round, as high as what they hold."""
    return Formula("fenced", (left, inside, right))


def listed(*items: Formula) -> Formula:
    """Write items with commas between them."""
    parts: list[Formula] = []
    for i, item in enumerate(items):
        parts += [sign(","), item] if i else [item]
    return row(*parts)


def call(function: Formula, *arguments: Formula) -> Formula:
    """Write a function of arguments."""
    return row(function, fenced(listed(*arguments)))


def over(operator: str, letters: Sequence[Formula], body: Formula) -> Formula:
    """Write a sum, a product or a maximum over letters."""
    return row(Formula("under", (sign(operator), listed(*letters))), body)


def cases(condition: Formula, yes: Formula, no: Formula) -> Formula:
    """Write a choice between two values."""
    return Formula("cases", (yes, condition, no))


def marked(inside: Formula, sort: str) -> Formula:
    """Mark a part: ``"gone"``, ``"new"`` or ``"match"``."""
    return Formula("marked", (sort, inside))


def table(rows: Iterable[Sequence[Formula]]) -> Formula:
    """Set lines below each other, the columns aligned as right, left, left."""
    return Formula("table", tuple(Formula("line", tuple(r)) for r in rows))


_INDEXED = re.compile(r"([^\W\d_]+)(\d+)")


def name(label: str) -> Formula:
    r"""Write a variable's name: Greek names as letters, ``tau_x`` and ``m1`` with an index.

    Examples
    --------
    >>> [name(n).latex for n in ("alpha", "m1", "tau_obs", "failures", "λ")]
    ['\\alpha', 'm_{1}', '\\tau_{\\mathrm{obs}}', '\\mathit{failures}', '\\lambda']
    """
    first, _, rest = label.partition("_")
    short = len(first) == 1 or first in GREEK
    if rest and short and re.fullmatch(r"[^\W_]+", rest):
        return sub(name(first), number(rest) if rest.isdigit() else _index_word(rest))
    if (found := _INDEXED.fullmatch(label)) and (len(found[1]) == 1 or found[1] in GREEK):
        return sub(name(found[1]), number(found[2]))
    if label in GREEK:
        return Formula("letter", (GREEK[label],))
    if len(label) == 1:
        return Formula("letter", (label,))
    return Formula("name", (label,))


def _index_word(rest: str) -> Formula:
    return name(rest) if len(rest) == 1 or rest in GREEK else word(rest)


# -- LaTeX -----------------------------------------------------------------------------

_ESCAPES = {
    "\\": r"\backslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\hat{}", "~": r"\sim{}", "<": r"\lt{}", ">": r"\gt{}",
}  # fmt: skip
MARKS = {"gone": "#b3261e", "new": "#1a7f37", "match": "#9a6700"}
_FENCES = {"{": r"\lbrace", "}": r"\rbrace", "|": r"\vert"}


def _escape(words: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in words)


def _latex(f: Formula | str) -> str:
    if isinstance(f, str):
        return f
    p = f.parts
    match f.kind:
        case "row":
            return _join([_latex(x) for x in p])
        case "sign":
            return f" {p[0]} " if str(p[0]) not in {",", ":", "!"} else f"{p[0]} "
        case "number":
            return str(p[0])
        case "letter":
            c = str(p[0])
            return f"\\{_LETTER[c]}" if c in _LETTER and c != "ο" else _escape(c)
        case "name":
            return rf"\mathit{{{_escape(str(p[0]))}}}"
        case "word":
            return rf"\mathrm{{{_escape(str(p[0]))}}}"
        case "function":
            return rf"\operatorname{{{_escape(str(p[0]))}}}"
        case "calligraphic":
            return rf"\mathcal{{{_escape(str(p[0]))}}}"
        case "text":
            return rf"\text{{{_escape(str(p[0]))}}}"
        case "sub":
            return f"{_latex(p[0])}_{{{_latex(p[1]).strip()}}}"
        case "sup":
            return f"{_latex(p[0])}^{{{_latex(p[1]).strip()}}}"
        case "under":
            return f"{_latex(p[0]).strip()}_{{{_latex(p[1]).strip()}}} "
        case "fraction":
            return rf"\frac{{{_latex(p[0]).strip()}}}{{{_latex(p[1]).strip()}}}"
        case "root":
            return rf"\sqrt{{{_latex(p[0]).strip()}}}"
        case "fenced":
            left, right = (_FENCES.get(str(b), str(b)) for b in (p[0], p[2]))
            space = " " if left.startswith("\\") else ""
            return rf"\left{left}{space}{_latex(p[1]).strip()} \right{right}"
        case "cases":
            yes, condition, no = (_latex(x).strip() for x in p)
            return (
                rf"\begin{{cases}} {yes} & \text{{if }} {condition} \\ {no} & \text{{otherwise}} "
                r"\end{cases}"
            )
        case "marked":
            return rf"{{\color{{{MARKS[str(p[0])]}}} {_latex(p[1]).strip()}}}"
        case "line":
            first, *rest = (_latex(x).strip() for x in p)
            return " & ".join(
                [first, *(r if i == 0 else rf"\quad {r}" for i, r in enumerate(rest))]
            )
        case "table":
            lines = "\\\\\n".join(_latex(x) for x in p)
            return f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"
    raise AssertionError(f.kind)


def _join(parts: list[str]) -> str:
    """Join, with a space after a command that a letter would otherwise lengthen."""
    out = ""
    for p in parts:
        if re.search(r"\\[A-Za-z]+$", out) and p[:1].isalpha():
            out += " "
        out += p.lstrip() if not out else p
    return re.sub(r"  +", " ", out)


# -- MathML ----------------------------------------------------------------------------


def _tag(tag: str, *inner: str, **attributes: str) -> str:
    given = "".join(f' {k.rstrip("_")}="{html.escape(v)}"' for k, v in attributes.items())
    return f"<{tag}{given}>{''.join(inner)}</{tag}>"


def _mathml(f: Formula | str) -> str:
    if isinstance(f, str):
        return html.escape(f)
    p = f.parts
    match f.kind:
        case "row":
            return _tag("mrow", *map(_mathml, p))
        case "sign":
            shown = SYMBOLS.get(str(p[0]), str(p[0]))
            if shown == "\u2003":
                return '<mspace width="1em"/>'
            if shown == "≗":
                return "<mover><mo>=</mo><mi>d</mi></mover>"
            if shown in _RELATIONS:
                return _tag("mo", html.escape(shown), lspace="0.28em", rspace="0.28em")
            return _tag("mo", html.escape(shown))
        case "number":
            return _tag("mn", html.escape(str(p[0])))
        case "letter":
            return _tag("mi", html.escape(str(p[0])))
        case "name":
            return _tag("mi", html.escape(str(p[0])), style="font-style:italic")
        case "word" | "function":
            return _tag("mi", html.escape(str(p[0])), mathvariant="normal")
        case "calligraphic":
            return _tag("mi", _CALLIGRAPHIC.get(str(p[0]), html.escape(str(p[0]))))
        case "text":
            return _tag("mtext", html.escape(str(p[0])).replace(" ", "\u00a0"))
        case "sub":
            return _tag("msub", *map(_mathml, p))
        case "sup":
            return _tag("msup", *map(_mathml, p))
        case "under":
            return _tag("munder", *map(_mathml, p))
        case "fraction":
            return _tag("mfrac", *map(_mathml, p))
        case "root":
            return _tag("msqrt", _mathml(p[0]))
        case "fenced":
            left, right = (SYMBOLS.get(str(b), str(b)) for b in (p[0], p[2]))
            return _tag(
                "mrow",
                _tag("mo", html.escape(left), fence="true"),
                _mathml(p[1]),
                _tag("mo", html.escape(right), fence="true"),
            )
        case "cases":
            yes, condition, no = map(_mathml, p)
            cells = ((yes, _tag("mtext", "if\u00a0") + condition), (no, _tag("mtext", "otherwise")))
            left = "text-align:left"
            rows = (_tag("mtr", *(_tag("mtd", c, style=left) for c in r)) for r in cells)
            return _tag("mrow", _tag("mo", "{", fence="true"), _tag("mtable", *rows))
        case "marked":
            return _tag("mrow", _mathml(p[1]), class_=f"ag-{p[0]}")
        case "line":
            sides = ("right", "left", "left")
            cells_ = (
                _tag("mtd", _mathml(x), style=f"text-align:{side};padding:0.25em 0.3em")
                for x, side in zip(p, sides, strict=False)
            )
            return _tag("mtr", *cells_)
        case "table":
            return _tag("mtable", *map(_mathml, p), displaystyle="true")
    raise AssertionError(f.kind)


def math(formula: Formula, display: str = "inline") -> str:
    """Give a ``math`` element for a page."""
    return (
        f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="{display}" class="ag-math">'
        f"{formula.mathml}</math>"
    )
