"""Configuration of the documentation. It builds offline, and a warning is an error."""

from importlib.metadata import version as version_of

from sphinx.application import Sphinx

project = "Astragal"
author = "The Astragal developers"
project_copyright = author
version = release = version_of("astragal")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
# A public name is documented where it lives and where `astragal` lists it: a link to its short
# name then has two targets, and either will do.
suppress_warnings = ["ref.python"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_ignore_module_all = True  # list every module; `__all__` still rules its page
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


def show_identities(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep the layout of the identity at the head of a page of the book.

    It is written in plain characters, as an indented block, and shown as it stands.
    """
    if what != "module" or not name.startswith("astragal.rewrites"):
        return
    for number in range(len(lines) - 1, 0, -1):
        starts = lines[number].startswith("    ") and not lines[number - 1].strip()
        before = next((line for line in reversed(lines[:number]) if line.strip()), "")
        if starts and not before.startswith("    "):
            lines[number:number] = ["::", ""]


def setup(app: Sphinx) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("autodoc-process-docstring", show_identities)
