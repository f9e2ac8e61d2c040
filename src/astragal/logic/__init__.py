"""Relations on graphs: unification, search with kanren, rewriting, soundness, verification."""

from __future__ import annotations

from astragal.logic import terms

terms.install()
