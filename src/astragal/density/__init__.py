"""Log densities of graphs, change of variables, and exponential-family form."""

from __future__ import annotations

from astragal.density.joint import Factor, Joint, factorise, logdensity

__all__ = ["Factor", "Joint", "factorise", "logdensity"]
