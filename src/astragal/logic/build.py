"""Building the other side of a match: keys that it frees, parameters in a short form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from astragal.graph.errors import AstragalError, DomainError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.traverse import children, substitute, toposort
from astragal.graph.types import Dim, KeyType
from astragal.logic.algebra import decide, number_of, simplify
from astragal.logic.match import Match, nonnegative_of, operands_of
from astragal.logic.pattern import Side, child_of, descend
from astragal.logic.variables import Variable
from astragal.ops.declare import as_expr
from astragal.random.distribution import (
    NON_NEGATIVE,
    POSITIVE,
    Domain,
    RandomOp,
    batch_shape,
    is_random,
)
from astragal.random.keys import SPLIT


def assign_keys(
    m: Match, target: Side, exact: bool, may_give_back: Any = None
) -> dict[Expr, Expr] | None:
    """Find a key for each random variable of the new side among those that the match frees.

    Parameters
    ----------
    exact
        Whether both sides must spend the very same keys (sure identities).
    may_give_back
        Tells of a split, all of whose children are freed, whether its parent is freed too.

    Returns
    -------
    dict or None
        From the new side's key expressions to keys of the graph.
    """
    wanted = {d.args[0]: path for d, path in zip(target.draws, target.keys, strict=True)}
    bound: dict[Expr, Expr] = {}
    held: dict[Expr, Expr] = {}
    if exact:
        for d, (root, path) in zip(m.side.draws, m.side.keys, strict=True):
            key = _ascend(m.env[d].args[0], path)
            if key is None or bound.setdefault(root, key) is not key:
                return None
        return (
            {k: descend(bound[r], path) for k, (r, path) in wanted.items() if r in bound}
            if all(r in bound for r, _ in wanted.values())
            else None
        )
    for d, (root, path) in zip(m.side.draws, m.side.keys, strict=True):
        held[d.args[0]] = m.env[d].args[0]
        if not path:
            bound[root] = m.env[d].args[0]
    pool = [k for p, k in held.items() if p not in wanted and p not in bound]
    pool = give_back(pool, may_give_back)
    out: dict[Expr, Expr] = {}
    for k, (root, path) in wanted.items():
        if k in held:
            out[k] = held[k]
            continue
        if root not in bound:
            if not pool:
                return None
            bound[root] = pool.pop(0)
        out[k] = descend(bound[root], path)
    return out


def _ascend(key: Expr, path: tuple[tuple[int, int], ...]) -> Expr | None:
    for n, i in reversed(path):
        found = child_of(key)
        if found is None or found[1:] != (n, i):
            return None
        key = found[0].args[0]
    return key


def give_back(keys: list[Expr], allowed: Any = None) -> list[Expr]:
    """Replace all children of one split by its parent, as often as it goes.

    Examples
    --------
    >>> import astragal as ag
    >>> a, b = ag.split(ag.key(3))
    >>> give_back([b, a]) == [ag.key(3)]
    True
    """
    keys = list(keys)
    while True:
        groups: dict[Expr, dict[int, Expr]] = {}
        for k in keys:
            found = child_of(k)
            if found is not None:
                groups.setdefault(found[0], {})[found[2]] = k
        for parent, freed in groups.items():
            if len(freed) == parent.args[1] and (allowed is None or allowed(parent, keys)):
                gone = set(freed.values())
                place = min(i for i, k in enumerate(keys) if k in gone)
                keys[place] = parent.args[0]
                keys = [k for k in keys if k not in gone]
                break
        else:
            return keys


def build_side(m: Match, target: Side, keys: Mapping[Expr, Expr]) -> tuple[Expr, ...] | None:
    """Build the new side; None where a parameter falls outside its domain."""
    lead = m.lead()
    known = nonnegative_of(m)
    out: dict[Expr, Any] = dict(m.env)
    for d, x in keys.items():
        out[d] = x
    try:
        for p in target.order:
            if p in target.random or p not in out:
                if is_random(p):
                    own = tuple(_length(d, out) for d in batch_shape(p))
                    out[p] = _build_draw(p, out, (*lead, *own), known, exact=m.solved)
                elif is_constant(p) and not p.type.shape:
                    out[p] = value_of(p).item()
                elif isinstance(p.type, KeyType) or p.op is SPLIT or isinstance(p, Variable):
                    if isinstance(p, Variable) and not isinstance(p.type, KeyType):
                        return None  # a free variable that nothing determines
                    continue
                else:
                    out[p] = p.op(*operands_of(p, out))
        # A root that is a number of the statement stays a constant.
        return tuple(x if isinstance(x := out[r], Expr) else r for r in target.roots)
    except AstragalError:
        return None


def _length(d: Dim, out: Mapping[Expr, Any]) -> Dim:
    """Give a length of the new side: a number where it is one."""
    if isinstance(d, int):
        return d
    if d not in out:
        [d] = substitute([d], {k: as_expr(v) for k, v in out.items() if isinstance(v, Expr)})
    else:
        d = as_expr(out[d])
    value = number_of(d)
    return d if value is None else int(value)


def _build_draw(p: Expr, out: Mapping[Expr, Any], size: Any, known: set[Expr], exact: bool) -> Expr:
    op = p.op
    assert isinstance(op, RandomOp)
    parameters = []
    for a, q in zip(p.args[2:], op.distribution.parameters, strict=True):
        value = out[a]
        if isinstance(value, Expr) and _worth_a_look(value):
            positive = q.domain in (POSITIVE, NON_NEGATIVE)
            value = simplify(value, known, fold=positive, exact=exact, known=exact)
        if isinstance(value, Expr) and _is_number(value) and _outside(q.domain, value):
            raise DomainError(f"{op.name}: {q.name} is {value!r}, expected {q.domain.words}")
        parameters.append(value)
    return op(out[p.args[0]], size or None, *parameters)


def _is_number(x: Expr) -> bool:
    """Whether an expression is made of constants alone, as a third is."""
    if not x.args or is_constant(x):
        return False  # a constant is checked where the new term is built
    return all(is_constant(y) for y in toposort([x]) if not children(y))


def _outside(domain: Domain, x: Expr) -> bool:
    from astragal.logic.numeric import evaluate_at

    verdict = decide(domain.contains(x))
    return not evaluate_at([domain.contains(x)], {})[0].all() if verdict is None else not verdict


def _worth_a_look(x: Expr) -> bool:
    """Whether something could cancel: an operation on operations, numbers or one thing twice."""
    args = [a for a in x.args if isinstance(a, Expr)]
    return len(set(args)) < len(args) or any(a.args and a.op.name not in _PLAIN for a in args)


_PLAIN = frozenset({"input", "parameter", "shared"})
