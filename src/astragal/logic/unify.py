"""Unification and reification of terms: iterative, sharing kept, with an occurs check.

kanren's streams and goals call `unification.unify` and `reify`; `astragal.logic.terms`
lets those calls arrive here. What is no term of ours (sets, mappings, other libraries'
objects) goes on to the rules that are registered for it.
"""

from __future__ import annotations

import weakref
from collections.abc import Generator, Mapping
from typing import Any

import numpy as np
from cons.core import ConsError, ConsPair, car, cdr, cons
from etuples.core import ExpressionTuple
from unification import Var, isvar
from unification.core import _reify, _unify, stream_eval

from astragal.graph.expr import INPUT, PARAMETER, Expr
from astragal.graph.literal import CONSTANT, Literal, is_constant, value_of
from astragal.graph.subgraph import compatible
from astragal.graph.types import FLOATS, INTEGERS, TensorType
from astragal.logic.variables import Variable, is_ground

Substitution = Mapping[Any, Any]

LEAVES = frozenset({"input", "parameter", "constant", "dimension", "variable"})
NUMBERS = (bool, int, float, np.generic, np.ndarray)
_NOTHING = ExpressionTuple.null


def is_leaf(x: Expr) -> bool:
    """Tell whether an expression is an atom of a term: an input, a constant, a variable."""
    return x.op.name in LEAVES or x.op is INPUT or x.op is PARAMETER or x.op is CONSTANT


def evaluated(x: Any) -> Any:
    """Give the expression that an expression tuple is known to be, or the thing itself."""
    if isinstance(x, ExpressionTuple):
        known = x._evaled_obj
        if isinstance(known, Expr):
            return known
    return x


def walk(x: Any, s: Substitution) -> Any:
    """Follow the bindings of a variable to its end."""
    while isvar(x):
        try:
            x = s[x]
        except KeyError:
            return x
    return x


def same_number(constant: Expr, number: Any) -> bool:
    """Tell whether a number is the value of a constant, without confusing 1, 1.0 and True.

    Examples
    --------
    >>> import astragal as ag
    >>> one = ag.constant(1.0)
    >>> same_number(one, 1.0), same_number(one, 1), same_number(one, True)
    (True, False, False)
    """
    value = value_of(constant)
    dtype = value.dtype.name
    if isinstance(number, (np.ndarray, np.generic)):
        return bool(Literal(np.asarray(number)) == constant.args[0])
    if value.shape:
        return False
    kind = {bool: {"bool"}, int: INTEGERS, float: FLOATS}.get(type(number))
    if kind is None or dtype not in kind:
        return False
    if isinstance(number, float):
        # By bits, as constants compare: NaN is NaN, and 0.0 is not -0.0.
        return value.tobytes() == np.asarray(number, dtype=dtype).tobytes()
    return bool(value == number)


def may_bind(v: Any, value: Any) -> bool:
    """Tell whether a typed variable may stand for a value."""
    if not isinstance(v, Variable):
        return True
    value = evaluated(value)
    if isinstance(value, Expr):
        return compatible(value.type, v.type)
    if isinstance(value, NUMBERS):
        t = v.type
        if not isinstance(t, TensorType) or np.shape(value) != t.shape:
            return False
        kind = np.asarray(value).dtype.kind
        return kind == {"f": "f", "b": "b"}.get(np.dtype(t.dtype).kind, kind) and kind in "fiub"
    return isinstance(value, ExpressionTuple) or bool(isvar(value))


def _open_parts(x: Any) -> list[Any] | tuple[Any, ...] | None:
    """Parts of a term that may hold variables; None for an atom."""
    x = evaluated(x)
    if isinstance(x, Expr):
        return None if is_ground(x) else x.args
    if type(x) is tuple or type(x) is list:
        return x
    if isinstance(x, ExpressionTuple):
        parts: tuple[Any, ...] = x._tuple
        return parts
    if type(x) is ConsPair:
        return [x.car, x.cdr]
    return None


def occurs(v: Any, term: Any, s: Substitution) -> bool:
    """Tell whether a variable stands inside a term, under a substitution."""
    stack = [term]
    seen: set[int] = set()
    while stack:
        x = walk(stack.pop(), s)
        if x is v:
            return True
        parts = _open_parts(x)
        if parts and id(x) not in seen:
            seen.add(id(x))
            stack.extend(parts)
    return False


def unify(u: Any, v: Any, s: Substitution) -> Any:
    """Find the bindings that make two terms one.

    Parameters
    ----------
    u, v
        Expressions, expression tuples, tuples, lists, cons pairs, logic variables, or
        anything that `unification` knows.
    s
        Bindings so far; it is not changed.

    Returns
    -------
    dict or False
    """
    if u is v:
        return s
    out: Any = s
    stack: list[tuple[Any, Any]] = [(u, v)]
    # Addresses name terms only while these live, which the values see to.
    seen: dict[tuple[int, int], tuple[Any, Any]] = {}
    while stack:
        u, v = (walk(x, out) for x in stack.pop())
        if u is v:
            continue
        if isvar(u) or isvar(v):
            bound = _binding(u, v, out)
            if bound is None:
                return False
            if out is s:
                out = dict(s)
            out.update(bound)
            continue
        a, b = evaluated(u), evaluated(v)
        if a is b or (id(a), id(b)) in seen:
            continue
        if not _has_parts(a, b):
            take_in_new_sorts()
            out = stream_eval(_unify(a, b, out))
            if out is False:
                return False
            continue
        if isinstance(a, Expr) or isinstance(b, Expr):
            seen[id(a), id(b)] = a, b
        more = _pairs(a, b)
        if more is None:
            return False
        stack.extend(reversed(more))
    return out


def _binding(u: Any, v: Any, s: Substitution) -> Substitution | None:
    """What makes a variable and another term one; None where nothing does."""
    if not isvar(u) or (not isinstance(u, Variable) and isinstance(v, Variable)):
        u, v = v, u
    if isvar(v) and not isinstance(v, Variable):
        if u == v:
            return {}
        # A typed variable may be bound to an untyped one only the other way round.
        if isinstance(u, Variable):
            u, v = v, u
    return {u: v} if may_bind(u, v) and not occurs(u, v, s) else None


def _has_parts(a: Any, b: Any) -> bool:
    """Whether two terms are compared part by part; of others, registered rules know."""
    ours = (Expr, ExpressionTuple, ConsPair)
    return isinstance(a, ours) or isinstance(b, ours) or type(a) is type(b) in (tuple, list)


def _pairs(a: Any, b: Any) -> list[tuple[Any, Any]] | None:
    """Pairs that must unify for two terms with parts to unify; None where none can."""
    if isinstance(a, Expr):
        return _open_pairs(a, b)
    if isinstance(b, Expr):
        return _open_pairs(b, a)
    x, y = (t._tuple if isinstance(t, ExpressionTuple) else t for t in (a, b))
    if type(x) is type(y) in (tuple, list):
        return list(zip(x, y, strict=True)) if len(x) == len(y) else None
    return _cons_pairs(a, b)


def take_in_new_sorts() -> None:
    """Say which rule serves expressions and numbers beside another library's sort of variable.

    Such a sort has a rule with anything, expressions have another: the dispatcher asks which is
    meant. It is that of the variable, which may have conditions of its own.
    """
    sorts = Var.__subclasses__()
    if len(sorts) == len(_SORTS):
        return
    for sort in sorts:
        if sort in _SORTS:
            continue
        _SORTS.add(sort)
        for at, other in ((0, 1), (1, 0)):
            pair: list[Any] = [object, object]
            pair[at] = sort
            rule = _unify.funcs.get((*pair, Mapping))
            for type_ in (Expr, *NUMBERS) if rule is not None else ():
                pair[other] = type_
                if (*pair, Mapping) not in _unify.funcs:
                    _unify.add((*pair, Mapping), rule)


_SORTS: weakref.WeakSet[type] = weakref.WeakSet()


def _cons_pairs(a: Any, b: Any) -> list[tuple[Any, Any]] | None:
    if not (type(a) is ConsPair or type(b) is ConsPair):
        return None
    try:
        return [(car(a), car(b)), (cdr(a), cdr(b))]
    except (ConsError, TypeError):
        return None


def _open_pairs(a: Expr, b: Any) -> list[tuple[Any, Any]] | None:
    """Pairs that must unify for an expression to unify with something; None where none can."""
    if isinstance(b, Expr):
        if is_ground(a) and is_ground(b):
            return None  # equal terms are one object
        if a.op is not b.op or len(a.args) != len(b.args) or is_leaf(a):
            return None
        pairs = []
        for x, y in zip(a.args, b.args, strict=True):
            if isinstance(x, Expr) or isinstance(y, Expr):
                pairs.append((x, y))
            elif not _same_static(x, y):
                return None
        return pairs
    if isinstance(b, NUMBERS):
        return [] if is_constant(a) and same_number(a, b) else None
    if is_leaf(a):
        return None
    if isinstance(b, ExpressionTuple):
        b = b._tuple
    if type(b) is tuple:
        if len(b) != 1 + len(a.args):
            return None
        pairs = [(a.op, b[0])]
        for x, y in zip(a.args, b[1:], strict=True):
            if not isinstance(x, Expr) and not isvar(y):
                if not _same_static(x, y):
                    return None
            else:
                pairs.append((x, y))  # pyright: ignore[reportArgumentType]
        return pairs
    if type(b) is ConsPair:
        return [(a.op, b.car), (ExpressionTuple(a.args), b.cdr)]
    return None


def _same_static(x: Any, y: Any) -> bool:
    """Compare static arguments; True is not 1 there."""
    return type(x) is type(y) and bool(x == y)


def reify(x: Any, s: Substitution) -> Any:
    """Put the bindings of a substitution into a term, sharing kept.

    An expression stays one: its operation is applied to the new arguments. Where an
    argument is a variable that no graph can hold, the result is an expression tuple.
    """
    if not s:
        return x
    memo: dict[int, Any] = {}
    alive: list[Any] = []
    stack: list[tuple[Any, bool]] = [(x, False)]

    def known(y: Any) -> Any:
        return memo.get(id(y), y)

    while stack:
        y, ready = stack.pop()
        if id(y) in memo:
            continue
        if isvar(y):
            end = walk(y, s)
            if isvar(end):
                memo[id(y)] = _unbound(end, s)
                alive.append(y)
            elif ready:
                memo[id(y)] = known(end)
                alive.append(y)
            else:
                alive.append(end)
                stack += [(y, True), (end, False)]
            continue
        parts = _open_parts(y)
        if parts is None:
            if not isinstance(y, (Expr, ExpressionTuple)):
                new = _reify(y, s)
                if isinstance(new, Generator):
                    new = stream_eval(new)
                memo[id(y)] = new
                alive.append(y)
            continue
        if not ready:
            stack.append((y, True))
            alive.append(y)
            stack.extend((p, False) for p in reversed(parts))
            alive.extend(parts)
            continue
        memo[id(y)] = _rebuild(y, [known(p) for p in parts], parts)
    return known(x)


def _unbound(v: Any, s: Any) -> Any:
    if isinstance(v, Variable) or isinstance(s, dict):
        return v
    # A state with constraints shows them on the variables that it leaves open.
    from kanren.constraints import ConstrainedState, ConstrainedVar

    if isinstance(s, ConstrainedState):
        return ConstrainedVar(v, s)  # type: ignore[no-untyped-call]
    return v


def _rebuild(y: Any, new: list[Any], old: Any) -> Any:
    if type(y) is ConsPair:
        return cons(*new)
    if all(a is b for a, b in zip(new, old, strict=True)):
        return y
    y = evaluated(y)
    if isinstance(y, Expr):
        new = [as_graph(a) for a in new]
        if any(isinstance(a, (ExpressionTuple, ConsPair)) or _is_plain(a) for a in new):
            return ExpressionTuple((y.op, *new))
        return y.op(*new)
    if isinstance(y, ExpressionTuple):
        return ExpressionTuple(new)
    return type(y)(new)


def _is_plain(x: Any) -> bool:
    """Whether it is a logic variable that no graph can hold."""
    return not isinstance(x, Expr) and isvar(x)


def as_graph(x: Any) -> Any:
    """Evaluate an expression tuple that holds no untyped variable; leave the rest as it is."""
    if not isinstance(x, ExpressionTuple):
        return x
    if isinstance(known := evaluated(x), Expr):
        return known
    stack: list[Any] = [x]
    seen: set[int] = set()
    while stack:
        y = stack.pop()
        if _is_plain(y) or type(y) is ConsPair:
            return x
        if isinstance(y, (ExpressionTuple, tuple, list)) and id(y) not in seen:
            seen.add(id(y))
            if not (isinstance(y, ExpressionTuple) and isinstance(y._evaled_obj, Expr)):
                stack.extend(y)
    return x.evaled_obj
