"""Special functions, under SciPy's names and with its conventions."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr, Op
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops.declare import ArrayLike, as_expr, cast, elementwise, tensor_of
from astragal.ops.reductions import Axis, logsumexp
from astragal.ops.reductions import sum as sum_

# fmt: off
# Gamma and beta functions
gammaln      = elementwise("gammaln", 1, to_float=True, accepts=FLOATS)
digamma      = elementwise("digamma", 1, to_float=True, accepts=FLOATS)
polygamma    = elementwise("polygamma", 2, to_float=True, accepts=FLOATS)
zeta         = elementwise("zeta", 2, to_float=True, accepts=FLOATS)
betaln       = elementwise("betaln", 2, to_float=True, accepts=FLOATS)
betainc      = elementwise("betainc", 3, to_float=True, accepts=FLOATS)
betaincinv   = elementwise("betaincinv", 3, to_float=True, accepts=FLOATS)
gammainc     = elementwise("gammainc", 2, to_float=True, accepts=FLOATS)
gammaincc    = elementwise("gammaincc", 2, to_float=True, accepts=FLOATS)
gammaincinv  = elementwise("gammaincinv", 2, to_float=True, accepts=FLOATS)
gammainccinv = elementwise("gammainccinv", 2, to_float=True, accepts=FLOATS)
# (a - 1) log x - x - log Gamma(a), and (a - 1) log p + (b - 1) log q - log B(a, b) where
# p + q = 1 (plus (a + b) (1 - p - q)): nothing cancels in them, however large a and b are
log_gamma_density = elementwise("log_gamma_density", 2, to_float=True, accepts=FLOATS)
log_beta_density  = elementwise("log_beta_density", 4, to_float=True, accepts=FLOATS)
# The normal distribution and error functions
erf          = elementwise("erf", 1, to_float=True, accepts=FLOATS)
erfc         = elementwise("erfc", 1, to_float=True, accepts=FLOATS)
erfinv       = elementwise("erfinv", 1, to_float=True, accepts=FLOATS)
ndtr         = elementwise("ndtr", 1, to_float=True, accepts=FLOATS)
ndtri        = elementwise("ndtri", 1, to_float=True, accepts=FLOATS)
log_ndtr     = elementwise("log_ndtr", 1, to_float=True, accepts=FLOATS)
owens_t      = elementwise("owens_t", 2, to_float=True, accepts=FLOATS)
# Logistic functions and logarithms
expit        = elementwise("expit", 1, to_float=True, accepts=FLOATS)
logit        = elementwise("logit", 1, to_float=True, accepts=FLOATS)
xlogy        = elementwise("xlogy", 2, to_float=True, accepts=FLOATS)
xlog1py      = elementwise("xlog1py", 2, to_float=True, accepts=FLOATS)
log1mexp     = elementwise("log1mexp", 1, to_float=True, accepts=FLOATS)
# Bessel functions, scaled by exponentials so that they neither overflow nor vanish
i0e          = elementwise("i0e", 1, to_float=True, accepts=FLOATS)
i1e          = elementwise("i1e", 1, to_float=True, accepts=FLOATS)
log_kve      = elementwise("log_kve", 2, to_float=True, accepts=FLOATS)
# fmt: on

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
"""What the normal log density takes off: the logarithm of the root of 2 pi."""

OPS: tuple[Op, ...] = tuple(
    v for v in globals().values() if isinstance(v, Op) and v not in (logsumexp, sum_)
)


def _float(x: ArrayLike, name: str) -> Expr:
    x = as_expr(x)
    return x if tensor_of(x, name).dtype in FLOATS else cast(x, "float64")


def softplus(x: ArrayLike) -> Expr:
    """Logarithm of 1 + exp(x), without overflow.

    Examples
    --------
    >>> import astragal as ag
    >>> float(ag.evaluate(ag.special.softplus(1000.0)))
    1000.0
    """
    return e.logaddexp(x, 0.0)


def log_expit(x: ArrayLike) -> Expr:
    """Logarithm of the logistic function 1 / (1 + exp(-x))."""
    return e.negative(softplus(e.negative(_float(x, "log_expit"))))


def softmax(x: ArrayLike, axis: Axis = None) -> Expr:
    """Exponentials over their sum along axes.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.special.softmax([0.0, 1000.0])).tolist()
    [0.0, 1.0]
    """
    return e.exp(log_softmax(x, axis))


def log_softmax(x: ArrayLike, axis: Axis = None) -> Expr:
    """Logarithm of `softmax`, without underflow."""
    x = _float(x, "log_softmax")
    return e.subtract(x, logsumexp(x, axis, True))


def erfcinv(x: ArrayLike) -> Expr:
    """Inverse of the complementary error function, on (0, 2)."""
    x = _float(x, "erfcinv")
    return e.multiply(ndtri(e.multiply(x, 0.5)), -math.sqrt(0.5))


def i0(x: ArrayLike) -> Expr:
    """Modified Bessel function of the first kind, of order 0."""
    x = _float(x, "i0")
    return e.multiply(e.exp(e.abs(x)), i0e(x))


def i1(x: ArrayLike) -> Expr:
    """Modified Bessel function of the first kind, of order 1."""
    x = _float(x, "i1")
    return e.multiply(e.exp(e.abs(x)), i1e(x))


def log_kv(v: ArrayLike, x: ArrayLike) -> Expr:
    """Logarithm of the modified Bessel function of the second kind, of real order v."""
    x = _float(x, "log_kv")
    return e.subtract(log_kve(v, x), x)


def kv(v: ArrayLike, x: ArrayLike) -> Expr:
    """Modified Bessel function of the second kind, of real order v.

    Examples
    --------
    >>> import astragal as ag
    >>> round(float(ag.evaluate(ag.special.kv(0.5, 2.0))), 12)
    0.119937771968
    """
    return e.exp(log_kv(v, x))


def kve(v: ArrayLike, x: ArrayLike) -> Expr:
    """`kv` times exp(x)."""
    return e.exp(log_kve(v, x))


def gamma(x: ArrayLike) -> Expr:
    """Gamma function; `gammaln` is its logarithm.

    Examples
    --------
    >>> import astragal as ag
    >>> round(float(ag.evaluate(ag.special.gamma(5.0))), 9)
    24.0
    """
    from astragal.ops.searching import where

    x = _float(x, "gamma")
    size = e.exp(gammaln(x))
    # Between two poles below 0 the sign alternates: it is negative on (-1, 0).
    odd = e.equal(e.remainder(e.floor(x), 2.0), 1.0)
    return where(e.logical_and(e.less(x, 0.0), odd), e.negative(size), size)


def beta(a: ArrayLike, b: ArrayLike) -> Expr:
    """Beta function of positive arguments."""
    return e.exp(betaln(a, b))


def trigamma(x: ArrayLike) -> Expr:
    """Second derivative of `gammaln`."""
    return polygamma(1.0, x)


def multigammaln(a: ArrayLike, d: int) -> Expr:
    """Logarithm of the multivariate gamma function of dimension d.

    Examples
    --------
    >>> import astragal as ag
    >>> round(float(ag.evaluate(ag.special.multigammaln(3.5, 2))), 12)
    2.466485725832
    """
    a = _float(a, "multigammaln")
    out = as_expr(d * (d - 1) / 4 * math.log(math.pi), a.dtype)
    for j in range(d):
        out = e.add(out, gammaln(e.subtract(a, j / 2)))
    return out


def binomln(n: ArrayLike, k: ArrayLike) -> Expr:
    """Logarithm of the binomial coefficient n over k."""
    n, k = _float(n, "binomln"), _float(k, "binomln")
    ones = e.add(e.subtract(n, k), 1.0), e.add(k, 1.0)
    return e.negative(e.add(betaln(*ones), e.log1p(n)))


def entr(x: ArrayLike) -> Expr:
    """Entropy of a probability: -x log(x), and 0 at 0."""
    return e.negative(xlogy(x, x))


def rel_entr(x: ArrayLike, y: ArrayLike) -> Expr:
    """Relative entropy of two probabilities: x log(x / y), and 0 where x is 0."""
    return e.subtract(xlogy(x, x), xlogy(x, y))
