"""However a side is written, a relation of the book finds it; where keys are shared, none does."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import astragal as ag
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import KeyType, TensorType
from astragal.random.distribution import is_random

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "logic")]
from book_coverage import same  # type: ignore[import-not-found]  # noqa: E402
from instances import BOOK, apply, instance  # type: ignore[import-not-found]  # noqa: E402

Roots = tuple[Expr, ...]
Rewriting = Callable[[str, Any], Expr | None]
TURNED = {"less": ag.greater, "greater": ag.less,
          "less_equal": ag.greater_equal, "greater_equal": ag.less_equal}  # fmt: skip


def number(x: Expr) -> float | None:
    """Give a constant that is one number, and not zero."""
    return float(value_of(x)) or None if is_constant(x) and not x.shape else None


def rescaled(name: str, a: Any) -> Expr | None:
    c = number(a[0]) if name == "multiply" else None
    return None if c is None else a[1] / (1 / c)


def unscaled(name: str, a: Any) -> Expr | None:
    c = number(a[1]) if name == "divide" else None
    return None if c is None else a[0] * (1 / c)


# fmt: off
VARIANTS: dict[str, Rewriting] = {
    "commuted": lambda name, a:
        getattr(ag, name)(a[1], a[0])
        if name in ("add", "multiply", "maximum", "minimum") and a[0] is not a[1] else None,
    "2 * x as x / 0.5": rescaled,
    "x / 2 as x * 0.5": unscaled,
    "x + y as x - -y": lambda name, a: a[0] - (-a[1]) if name == "add" else None,
    "x - y as x + -y": lambda name, a: a[0] + (-a[1]) if name == "subtract" else None,
    "x - y as -y + x": lambda name, a: -a[1] + a[0] if name == "subtract" else None,
    "-x as -1 * x": lambda name, a: -1.0 * a[0] if name == "negative" else None,
    "x / y as x * y**-1": lambda name, a: a[0] * a[1] ** -1.0 if name == "divide" else None,
    "x / y as (1 / y) * x": lambda name, a: (1 / a[1]) * a[0] if name == "divide" else None,
    "square(x) as x * x": lambda name, a: a[0] * a[0] if name == "square" else None,
    "square(x) as x**2": lambda name, a: a[0] ** 2.0 if name == "square" else None,
    "sqrt(x) as x**0.5": lambda name, a: a[0] ** 0.5 if name == "sqrt" else None,
    "x < y as y > x": lambda name, a: TURNED[name](a[1], a[0]) if name in TURNED else None,
}
# fmt: on

# What stands in a vector comes back in another order, which is the same law in another form.
REORDERED = {"binomials_of_two_probabilities", "poisson_binomial_pair", "poisson_binomial_sum"}
# The letter that is solved for stands under an exponential, or twice, or in a matrix.
BY_FORM = {
    "asymmetric_laplace_variance",
    "polya_gamma_by_acceptance",
    "truncated_exponential_of_uniform",
    "wishart_inverse_form_written_out",
}


def rewritten(roots: Roots, rewriting: Rewriting) -> Roots:
    """Write every node of a graph of real numbers anew."""
    made: dict[Expr, Expr] = {}
    for x in toposort(roots):
        args = tuple(made.get(a, a) if isinstance(a, Expr) else a for a in x.args)
        y = x if all(a is b for a, b in zip(args, x.args, strict=True)) else x.op(*args)
        real = isinstance(x.type, TensorType) and x.type.dtype in ("float64", "bool")
        z = rewriting(x.op.name, args) if real else None
        made[x] = z if z is not None and z.type == x.type else y
    return tuple(made[r] for r in roots)


@pytest.mark.slow
@pytest.mark.parametrize("how", VARIANTS)
def test_a_side_is_found_however_it_is_written(how: str) -> None:
    fired, missed = 0, []
    for relation in BOOK:
        found = instance(relation)
        assert found is not None
        left = rewritten(found.left, VARIANTS[how])
        if left == found.left:
            continue
        new = apply(relation, left, "forward")
        fired += new is not None
        law = relation.kind != "conditional" and relation.name not in REORDERED
        if new is None or (law and not same(new, found.right, {})):
            missed.append(relation.name)
    assert set(missed) <= BY_FORM
    assert fired >= 10


def one_key(roots: Roots) -> Roots | None:
    """Let all draws of a graph spend one key; None where there are not two of them."""
    keys = {x.args[0] for x in toposort(roots) if is_random(x) and isinstance(x.args[0], Expr)}
    if len(keys) < 2 or not all(isinstance(k.type, KeyType) and not k.type.shape for k in keys):
        return None
    mapping = dict.fromkeys(keys, ag.key(9))
    shared: Roots = substitute(roots, mapping)
    return shared


def test_draws_that_share_a_key_are_left_alone() -> None:
    """Two draws of one law with one key are one number, not two that are independent."""
    tried, fired = 0, []
    for relation in BOOK:
        found = instance(relation)
        assert found is not None
        shared = one_key(found.left)
        if shared is None or relation.kind == "sure":
            continue
        tried += 1
        try:
            new = apply(relation, shared, "forward")
        except ag.KeyReuseError:
            continue
        if new is not None:
            fired.append(relation.name)
    assert fired == []
    assert tried >= 100
