"""Special functions, under SciPy's names."""

from __future__ import annotations

from astragal.graph.expr import Op
from astragal.graph.types import FLOATS
from astragal.ops.declare import elementwise

# fmt: off
gammaln  = elementwise("gammaln", 1, to_float=True, accepts=FLOATS)
digamma  = elementwise("digamma", 1, to_float=True, accepts=FLOATS)
betaln   = elementwise("betaln", 2, to_float=True, accepts=FLOATS)
erf      = elementwise("erf", 1, to_float=True, accepts=FLOATS)
erfc     = elementwise("erfc", 1, to_float=True, accepts=FLOATS)
ndtr     = elementwise("ndtr", 1, to_float=True, accepts=FLOATS)
ndtri    = elementwise("ndtri", 1, to_float=True, accepts=FLOATS)
log_ndtr = elementwise("log_ndtr", 1, to_float=True, accepts=FLOATS)
expit    = elementwise("expit", 1, to_float=True, accepts=FLOATS)
logit    = elementwise("logit", 1, to_float=True, accepts=FLOATS)
xlogy    = elementwise("xlogy", 2, to_float=True, accepts=FLOATS)
xlog1py  = elementwise("xlog1py", 2, to_float=True, accepts=FLOATS)
betainc  = elementwise("betainc", 3, to_float=True, accepts=FLOATS)
gammainc = elementwise("gammainc", 2, to_float=True, accepts=FLOATS)
gammaincc = elementwise("gammaincc", 2, to_float=True, accepts=FLOATS)
# fmt: on

OPS: tuple[Op, ...] = tuple(v for v in globals().values() if isinstance(v, Op))
