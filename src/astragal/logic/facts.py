"""What compiled rules ask of the nodes of a graph, and how they make new ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from astragal.graph.expr import DIMENSION, INPUT, PARAMETER, Expr, Op
from astragal.graph.literal import CONSTANT, scalar, value_of
from astragal.graph.types import KeyType, tensor_type
from astragal.logic.algebra import simplify
from astragal.ops import elementwise
from astragal.ops.indexing import INDEX
from astragal.random.distribution import RandomOp
from astragal.random.keys import SPLIT

LEAVES = frozenset((INPUT, PARAMETER, DIMENSION, CONSTANT))
F64 = tensor_type("float64")
SQRT, POW = elementwise.sqrt, elementwise.pow


REPEATED = {"full": 1, "broadcast_to": 0}
"""Operations that write one value many times, and the place of the value among the arguments."""


def constant_of(x: Expr) -> Expr | None:
    """Give the constant that an array's elements are from: its own, or the one it repeats.

    Examples
    --------
    >>> import astragal as ag
    >>> constant_of(ag.zeros((ag.input("n", dtype="int64"),)))
    0.0
    """
    while x.op.name in REPEATED:
        x = x.args[REPEATED[x.op.name]]
    return x if x.op is CONSTANT else None


class Facts:
    """What has been found out about nodes in one run, each looked at once.

    Attributes
    ----------
    plain : set
        Expressions built on the way, in which no random variable stands and nothing cancels.
    still : dict
        Whether no random variable stands in an expression.
    tangled : dict
        Whether something in an expression may cancel against something outside it.
    """

    __slots__ = ("plain", "still", "tangled")

    def __init__(self) -> None:
        self.plain: set[Expr] = set()
        self.still: dict[Expr, bool] = {}
        self.tangled: dict[Expr, bool] = {}


def make(op: Op, *args: Any) -> Expr:
    """Look a term up, or make it: for canonical arguments of one type, the result's too."""
    ref = op._table.get(args)
    if ref is not None and (found := ref()) is not None:
        return found
    return Op._intern(op, args, F64)  # not through a subclass that notes where it was built


def square(x: Expr, two: Expr) -> Expr:
    """Give ``x**2``: of a root, what stands under it."""
    if x.op is SQRT:
        inner: Expr = x.args[0]
        return inner
    return make(POW, x, two)


def is_still(x: Expr, facts: Facts) -> bool:
    """Tell whether no random variable stands in an expression."""
    known = facts.still.get(x)
    if known is not None:
        return known
    stack = [x]
    memo = facts.still
    plain = facts.plain
    while stack:
        y = stack[-1]
        if y in memo:
            stack.pop()
            continue
        if y in plain:
            memo[y] = True
            continue
        if isinstance(y.op, RandomOp):
            memo[y] = False
            continue
        below = [a for a in y.args if isinstance(a, Expr)]
        unseen = [a for a in below if a not in memo]
        if unseen:
            stack += unseen
        else:
            memo[y] = all(memo[a] for a in below)
    return memo[x]


def is_live(x: Expr, facts: Facts) -> bool:
    """Tell whether a random variable stands below a node."""
    for a in x.args:
        if not isinstance(a, Expr) or a.op in LEAVES or a.type.__class__ is KeyType:
            continue
        if isinstance(a.op, RandomOp):
            return True
        if a not in facts.plain and not is_still(a, facts):
            return True
    return False


def is_tangled(x: Expr, facts: Facts) -> bool:
    """Tell whether a difference, a quotient, a product or a number stands in an expression."""
    known = facts.tangled.get(x)
    if known is not None:
        return known
    stack = [x]
    memo = facts.tangled
    plain = facts.plain
    while stack:
        y = stack[-1]
        if y in memo:
            stack.pop()
            continue
        if y in plain:
            memo[y] = False
            continue
        if y.op.name in _CANCELLING:
            memo[y] = True
            continue
        below = [a for a in y.args[:1] if isinstance(a, Expr)]
        if y.op.name == "add":
            below = list(y.args)
        elif y.op.name not in {"sqrt", "pow"}:
            below = []
        unseen = [a for a in below if a not in memo]
        if unseen:
            stack += unseen
        else:
            memo[y] = any(memo[a] for a in below)
    return memo[x]


_CANCELLING = frozenset(
    ["subtract", "negative", "divide", "multiply", "constant", "reciprocal", "exp", "log", "abs"]
)


def freed_key(keys: tuple[Expr, ...], uses: Mapping[Expr, int], pinned: Mapping[Expr, str]) -> Expr:
    """Give the parent of scalar keys that are all children of one split, else the first key."""
    first = keys[0]
    if first.op is not INDEX:
        return first
    parent = first.args[0]
    n = len(keys)
    # The keys differ from one another: n of n children are all of them.
    if parent.op is not SPLIT or parent.args[1] != n or uses[parent] != n or parent in pinned:
        return first
    for k in keys:
        if k.op is not INDEX or k.args[0] is not parent or k.args[1][0][0] != "int":
            return first
    key: Expr = parent.args[0]
    return first if uses[key] != 1 or key in pinned else key


def plain(xs: tuple[Expr, ...], facts: Facts) -> bool:
    """Tell whether nothing can cancel among parameters."""
    if len(xs) == 2 and xs[0] is xs[1]:
        return False
    tangled = 0
    for x in xs:
        if x.args and x.op not in LEAVES and is_tangled(x, facts):
            return False
        tangled += x.op is CONSTANT
    # One number alone has nothing to cancel against, but a sum may hold another.
    return tangled == 0 or (tangled == 1 and all(x.op in LEAVES for x in xs))


def constants(xs: tuple[Expr, ...]) -> tuple[float, ...] | None:
    """Give the numbers that parameters are, where all are constants."""
    out = []
    for x in xs:
        if x.op is not CONSTANT:
            return None
        out.append(value_of(x).item())
    return tuple(out)


def computed(
    build: Callable[..., Expr],
    number: Callable[..., float] | None,
    rooted: bool,
    positive: bool,
    xs: tuple[Expr, ...],
    known: tuple[Expr, ...],
    facts: Facts,
) -> Expr | None:
    """Compute a parameter of the new side; None where it lies outside its domain."""
    values = constants(xs) if number is not None else None
    if values is not None and number is not None:
        try:
            value = number(*values)
        except (ArithmeticError, ValueError):
            return None
        if rooted:
            root = math.sqrt(value) if value >= 0 else math.nan
            # A root that is no number of its own stays a root: its square is exact later.
            if root * root != value and value > 0:
                return make(SQRT, scalar(value, "float64"))
            value = root
        if not math.isfinite(value) or (positive and value <= 0):
            return None
        return scalar(value, "float64")
    x = build(*xs)
    return x if plain(xs, facts) else simplify(x, known, fold=positive, exact=False)
