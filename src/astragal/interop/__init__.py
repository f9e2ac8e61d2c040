"""Arriving from elsewhere: PyTensor graphs and PyMC models as models of Astragal."""

from __future__ import annotations

from astragal.interop.pymc import from_pymc
from astragal.interop.pytensor import from_pytensor
from astragal.interop.reader import Reading

__all__ = ["Reading", "from_pymc", "from_pytensor"]
