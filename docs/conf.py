"""Configuration of the documentation. It builds offline, and a warning is an error."""

import runpy
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from docutils.nodes import SkipNode, math, math_block
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator as HTMLTranslator

project = "Astragal"
author = "The Astragal developers"
project_copyright = author
version = release = version_of("astragal")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
# A public name is documented where it lives and where `astragal` lists it: a link to its short
# name then has two targets, and either will do.
suppress_warnings = ["ref.python"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
add_module_names = False

html_theme = "furo"
html_title = "Astragal"
html_show_sourcelink = False
html_math_renderer = "mathml"


HERE = Path(__file__).parent


def make_pages(app: Sphinx) -> None:
    """Write the pages that are made from the code."""
    sys.path.insert(0, str(HERE))  # its tables stand beside it
    make = runpy.run_path(str(HERE / "_generate.py"))["main"]
    make(HERE / "reference" / "generated")


def to_mathml(self: HTMLTranslator, node: math | math_block) -> None:
    """Write a formula as MathML: browsers show it by themselves, offline and without a script."""
    display = "block" if isinstance(node, math_block) else "inline"
    formula = convert(node.astext(), display=display)
    for wrong, right in (("<mi>&#x0007E;</mi>", "<mo>&#x223C;</mo>"), ("<mi>&</mi>", "")):
        formula = formula.replace(wrong, right)
    self.body.append(f"<div>{formula}</div>" if display == "block" else formula)
    raise SkipNode


def setup(app: Sphinx) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("builder-inited", make_pages)
    app.add_html_math_renderer("mathml", (to_mathml, None), (to_mathml, None))
