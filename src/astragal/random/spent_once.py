"""A quick proof that no key is spent twice, for graphs without loops where it is plain to see.

`astragal.random.check` has the proof for all graphs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from astragal.graph.expr import Expr, Op
from astragal.graph.types import KeyType
from astragal.ops.indexing import INDEX
from astragal.ops.searching import where
from astragal.random.distribution import RandomOp
from astragal.random.keys import KEY, SPLIT

_PLAIN, _SPENDS, _INDEXES, _OTHER = range(4)


@lru_cache(maxsize=1024)
def _sort(op: Op) -> int:
    if isinstance(op, RandomOp) or op is SPLIT:
        return _SPENDS
    if op is INDEX:
        return _INDEXES
    return _PLAIN if op is KEY or (op.elementwise and op is not where) else _OTHER


def spent_once(order: Sequence[Expr], uses: Mapping[Expr, int]) -> bool:
    """Tell whether each key is plainly spent once; False where another proof is needed.

    Each key has one reader, which draws or splits, or it is an array all of whose readers
    take one element each, at different static places.

    Parameters
    ----------
    order
        All nodes of a graph that have arguments.
    uses
        How many times each node is taken as an argument.

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.logic.tally import survey
    >>> a, b = ag.split(ag.key(0))
    >>> def plainly(x):
    ...     found = survey([x])
    ...     return spent_once(found.order, found.uses)
    >>> plainly(ag.random.normal(a) + ag.random.uniform(b))
    True
    >>> plainly(ag.random.normal(a) + ag.random.uniform(a))
    False
    """
    indexed: dict[Expr, int] = {}
    sorts: dict[Op, int] = {}
    for x in order:
        op = x.op
        sort = sorts.get(op)
        if sort is None:
            sort = sorts[op] = _sort(op)
        if sort == _PLAIN:
            continue
        if sort == _SPENDS:
            if uses[x.args[0]] != 1:
                return False
        elif sort == _INDEXES:
            keys, spec = x.args[0], x.args[1]
            if keys.type.__class__ is not KeyType:
                continue
            if spec[0][0] != "int" or spec[0][1] < 0 or len(x.args) != 2:
                return False
            # Terms are unique: other terms take other elements, or other parts of one.
            if len(spec) > 1 and any(s != ("slice", None, None, 1) for s in spec[1:]):
                return False
            indexed[keys] = indexed.get(keys, 0) + 1
        elif isinstance(x.type, KeyType) or any(
            isinstance(a, Expr) and isinstance(a.type, KeyType) for a in x.args
        ):
            return False
    return all(uses[keys] == n for keys, n in indexed.items())
