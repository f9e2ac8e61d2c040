"""How much work a graph is, counted from its operations and the shapes of their results.

Nothing is compiled or run. The unit is a nanosecond of compiled code on one core, roughly:
what is compared are steps of one posterior, and for these ratios matter.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping

from astragal.graph.expr import DIMENSION, INPUT, PARAMETER, Expr
from astragal.graph.literal import CONSTANT
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import toposort
from astragal.graph.types import TensorType, TupleType, Type
from astragal.ops import control, linalg, products
from astragal.random.distribution import is_random

GRADIENT = 2.0
"""Work of a density with its gradient, beside that of the density."""
USUAL_SIZE = 10
"""Elements along a dimension that is not known."""
TURNS = 3.0
"""Turns of a loop whose end is not known."""

# fmt: off
_PRICES: Mapping[float, str] = {
    0.0: """reshape permute_dims broadcast_to item shape full iota positive bitcast""",
    1.0: """divide remainder floor_divide reciprocal sqrt hypot searchsorted concatenate stack
            index set_index add_index where cumulative_sum cumulative_prod""",
    6.0: """exp expm1 log log1p log2 log10 pow sin cos tan tanh expit logit logaddexp logsumexp
            xlogy xlog1py log1mexp sinh cosh atan atan2 asin acos""",
    15.0: """gammaln betaln erf erfc ndtr log_ndtr ndtri erfinv digamma polygamma sort argsort
             log_gamma_density log_beta_density asinh acosh atanh""",
    150.0: """gammainc gammaincc betainc zeta i0e i1e owens_t""",
    1000.0: """gammaincinv gammainccinv betaincinv log_kve""",
}
_PRICE = {op: price for price, ops in _PRICES.items() for op in ops.split()}
_DRAWS: Mapping[float, str] = {
    6.0: """uniform bernoulli discrete_uniform bits point_mass""",
    12.0: """normal exponential laplace logistic gumbel half_normal lognormal cauchy half_cauchy
             weibull pareto lomax rayleigh geometric multivariate_normal random_walk ar1
             stationary_ar1 categorical""",
    300.0: """negative_binomial hypergeometric von_mises wishart inverse_wishart lkj""",
    500.0: """generalized_inverse_gaussian""",
    700.0: """polya_gamma""",
}
_DRAW = {op: price for price, ops in _DRAWS.items() for op in ops.split()}
# fmt: on
_OTHER_DRAW = 45.0
_PLAIN = 0.3
"""Of plain arithmetic, several elements at once."""
_LANES = ("exp", "expm1", "log", "log1p", "tanh", "expit", "xlogy", "xlog1py")
_LANE = 1.3
"""Of exponentials and logarithms of an array, several elements at once."""
_ARRAY = 10.0
"""Of an array that has to be made."""
_FREE = (INPUT, PARAMETER, DIMENSION, CONSTANT)


def work(outputs: Iterable[Expr], data: Container[str] = ()) -> float:
    """Count the work of computing some expressions again and again, in nanoseconds each time.

    Parameters
    ----------
    outputs
        The expressions.
    data
        Names of inputs that stay the same: what reads nothing else is computed once.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x", (1000,)), ag.input("y", (1000,))
    >>> work([ag.sum(ag.exp(x) * y)]) > 100 * work([ag.sum(ag.exp(x) * y)], data={"x", "y"})
    True
    """
    return _Counter(data).of(outputs)


class _Counter:
    """Counts, with the bodies of loops counted once."""

    def __init__(self, data: Container[str]) -> None:
        self.data = data
        self.bodies: dict[Subgraph, float] = {}

    def of(self, outputs: Iterable[Expr]) -> float:
        order = toposort(outputs)
        fixed: set[Expr] = set()
        total = 0.0
        for x in order:
            read = [a for a in x.args if isinstance(a, Expr)]
            same = x.op is CONSTANT or (x.op is INPUT and x.args[0] in self.data)
            if same or (x.op not in _FREE and read and fixed.issuperset(read)):
                fixed.add(x)  # folded before anything runs
            elif x.op not in _FREE:
                total += self.node(x)
        return total

    def body(self, sub: Subgraph) -> float:
        if sub not in self.bodies:
            self.bodies[sub] = self.of(sub.outputs)
        return self.bodies[sub]

    def node(self, x: Expr) -> float:
        if x.op is control.SCAN:
            length = x.args[1]
            return (length if isinstance(length, int) else USUAL_SIZE) * self.body(x.args[0])
        if x.op is control.WHILE:
            return TURNS * sum(self.body(s) for s in x.args if isinstance(s, Subgraph))
        bodies = [self.body(s) for s in x.args if isinstance(s, Subgraph)]
        if x.op is control.MAP:
            return size_of_type(x.type) * sum(bodies)
        if bodies:
            return max(bodies)
        n = float(size_of_type(x.type))
        if is_random(x):
            return n * _DRAW.get(x.op.name, _OTHER_DRAW) + _ARRAY
        if x.op in _MATRICES:
            return _matrix(x) + _ARRAY
        price = _LANE if n > 1.0 and x.op.name in _LANES else _PRICE.get(x.op.name, _PLAIN)
        widest = max([n, *(size_of_type(a.type) for a in x.args if isinstance(a, Expr))])
        read = n if x.op.name in _PLACES else widest
        return read * price + (_ARRAY if n > 1.0 and price > 0.0 else 0.0)


_PLACES = ("item", "index")
_MATRICES = (
    linalg.CHOLESKY, linalg.SOLVE, linalg.SOLVE_TRIANGULAR, linalg.DET, linalg.SLOGDET,
    linalg.EIGH, linalg.QR, linalg.SVD, products.matmul,
)  # fmt: skip


def size_of_type(t: Type) -> int:
    """Count the elements of a value of some type."""
    if isinstance(t, TupleType):
        return sum(size_of_type(x) for x in t.items)
    shape = t.shape if isinstance(t, TensorType) else getattr(t, "shape", ())
    return math.prod(d if isinstance(d, int) else USUAL_SIZE for d in shape)


def _matrix(x: Expr) -> float:
    a, *rest = (y for y in x.args if isinstance(y, Expr))
    shape = [d if isinstance(d, int) else USUAL_SIZE for d in a.type.shape]
    n, size = shape[-1], float(size_of_type(x.type))
    if x.op is products.matmul:
        return 0.12 * size * n
    stacks = math.prod(shape[:-2])
    columns = size_of_type(rest[0].type) / max(n * stacks, 1) if rest else 0.0
    cubic = {linalg.CHOLESKY: 1.0 / 6.0, linalg.SOLVE: 1.0 / 3.0, linalg.SOLVE_TRIANGULAR: 0.0,
             linalg.EIGH: 9.0, linalg.SVD: 20.0}.get(x.op, 1.0)  # fmt: skip
    return stacks * (300.0 + cubic * n**3 + n * n * columns)
