"""Expressions as terms of etuples, cons, unification and kanren.

All of it happens at the dispatch points which those libraries offer for this purpose.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cons.core import ConsError, NonCons, _car, _cdr
from etuples import apply, etuplize, rands, rator
from etuples.core import ExpressionTuple
from kanren.assoccomm import associative
from unification import Var
from unification import reify as library_reify
from unification import unify as library_unify
from unification.core import _reify, _unify, construction_sentinel

from astragal.graph.expr import Expr, Op, describe
from astragal.logic import unify as core
from astragal.logic.variables import Variable, is_ground, variables_of


class Term(ExpressionTuple):  # type: ignore[misc]
    """The expression tuple of an expression.

    It equals the plain tuple of the same parts, and hashes like it, but knows its
    expression: comparing two takes one step, however deep or shared they are.
    """

    __slots__ = ("__weakref__", "_hash")

    def __new__(cls, parts: Any = None, **known: Any) -> Any:
        """Goals make a tuple like another by calling its type: then no expression is known."""
        return super().__new__(cls) if known else ExpressionTuple(parts)

    def __init__(self, parts: Sequence[Any], *, evaled_obj: Expr) -> None:
        super().__init__(parts, evaled_obj=evaled_obj)
        self._hash = hash(self._tuple)

    def __getitem__(self, key: Any) -> Any:
        part = self._tuple[key]
        return ExpressionTuple(part) if isinstance(key, slice) else part

    def __add__(self, other: Any) -> ExpressionTuple:
        return ExpressionTuple((*self._tuple, *other))

    def __radd__(self, other: Any) -> ExpressionTuple:
        return ExpressionTuple((*other, *self._tuple))

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Term):
            return self._evaled_obj is other._evaled_obj
        return super().__eq__(other)

    def __hash__(self) -> int:
        return self._hash

    # Copies and pickles keep the identity of the expression.

    def __copy__(self) -> Term:
        return self

    def __deepcopy__(self, memo: object) -> Term:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (etuplize_expr, (self._evaled_obj,))


_TERMS: weakref.WeakKeyDictionary[Expr, weakref.ref[Term]] = weakref.WeakKeyDictionary()


def _kept(x: Expr) -> Term | None:
    ref = _TERMS.get(x)
    return None if ref is None else ref()


def etuplize_expr(
    x: Expr,
    shallow: bool = False,
    return_bad_args: bool = False,
    convert_ConsPairs: bool = True,
    rator_transform_fn: Callable[[Any], Any] | None = None,
    rands_transform_fn: Callable[[Any], Any] | None = None,
) -> Any:
    """Give the expression tuple of an expression; shared parts are shared there too.

    Raises
    ------
    TypeError
        For a leaf (an input, a constant), which is an atom, unless ``return_bad_args``.
    """
    if core.is_leaf(x):
        if return_bad_args:
            return x
        raise TypeError(f"{describe(x)} is an atom: it has no operator and no operands")
    if shallow or rator_transform_fn is not None or rands_transform_fn is not None:
        return _transformed(x, shallow, rator_transform_fn, rands_transform_fn)
    held: dict[Expr, Any] = {}
    stack = [x]
    while stack:
        node = stack[-1]
        if node in held:
            stack.pop()
            continue
        if core.is_leaf(node):
            held[node] = node
        elif (term := _kept(node)) is not None:
            held[node] = term
        else:
            below = [a for a in node.args if isinstance(a, Expr) and a not in held]
            if below:
                stack += reversed(below)
                continue
            parts = [held[a] if isinstance(a, Expr) else a for a in node.args]
            held[node] = term = Term((node.op, *parts), evaled_obj=node)
            _TERMS[node] = weakref.ref(term)
        stack.pop()
    return held[x]


def _transformed(x: Expr, shallow: bool, on_rator: Any, on_rands: Any) -> ExpressionTuple:
    def step(node: Expr, parts: list[Any]) -> ExpressionTuple:
        op = node.op if on_rator is None else on_rator(node.op)
        return ExpressionTuple((op, *parts), evaled_obj=node)

    def args_of(node: Expr) -> list[Any]:
        return [a if on_rands is None else on_rands(a) for a in node.args]

    if shallow:
        return step(x, args_of(x))
    held: dict[Expr, Any] = {}
    stack = [x]
    while stack:
        node = stack[-1]
        args = args_of(node)
        below = [a for a in args if isinstance(a, Expr) and a not in held]
        if core.is_leaf(node):
            held[node] = node
        elif below and node not in held:
            stack += reversed(below)
            continue
        elif node not in held:
            held[node] = step(node, [held[a] if isinstance(a, Expr) else a for a in args])
        stack.pop()
    result = held[x]
    assert isinstance(result, ExpressionTuple)
    return result


def operator(x: Expr) -> Op:
    """Give the operation of an expression.

    Raises
    ------
    ConsError
        For an atom, as kanren's goals expect.
    """
    if core.is_leaf(x):
        raise ConsError(f"{describe(x)} is an atom")
    return x.op


def operands(x: Expr) -> ExpressionTuple:
    """Give the arguments of an expression as an expression tuple.

    Where kanren knows the operation to be associative, arguments with the same operation are
    expression tuples too: its goals flatten what is a sequence.
    """
    if core.is_leaf(x):
        raise ConsError(f"{describe(x)} is an atom")
    if (x.op,) in associative.facts and _few_terms(x):
        return ExpressionTuple([_opened(a, x.op) for a in x.args])
    return ExpressionTuple(x.args)


MOST_TERMS = 64


def _few_terms(x: Expr) -> bool:
    """Tell whether a sum of sums has no more terms than a goal can try to group."""
    count, stack = 0, [x]
    while stack:
        y = stack.pop()
        if y.op is x.op:
            stack += [a for a in y.args if isinstance(a, Expr)]
        else:
            count += 1
        if count + len(stack) > MOST_TERMS:
            return False
    return True


def _opened(x: Any, op: Op) -> Any:
    """Write sums inside a sum as tuples, and leave their terms as they are."""
    if not isinstance(x, Expr) or x.op is not op:
        return x
    return ExpressionTuple((op, *(_opened(a, op) for a in x.args)), evaled_obj=x)


def no_parts(x: object) -> Any:
    """Refuse to take an atom apart.

    Raises
    ------
    ConsError
        Always.
    """
    raise ConsError(f"{x!r} is an atom")


def apply_op(op: Op, args: Sequence[Any]) -> Any:
    """Apply an operation to arguments: an expression, or a tuple where some are unknown."""
    return core.as_graph(ExpressionTuple((op, *args)))


def _unify_step(u: Any, v: Any, s: Mapping[Any, Any]) -> Any:
    return core.unify(u, v, s)


def _reify_step(x: Expr, s: Mapping[Any, Any]) -> Any:
    if is_ground(x):
        return x
    return _reify_open(x, s)


def _reify_open(x: Expr, s: Mapping[Any, Any]) -> Any:
    # The library asks this stream for the variables inside, before the term is built.
    for v in variables_of(x):
        end = core.walk(v, s)
        yield end if end is v else _reify(end, s)
    yield construction_sentinel
    yield core.reify(x, s)


def install() -> None:
    """Make expressions known to the four libraries."""
    from kanren.constraints import ConstrainedState

    NonCons.register(Expr)  # the length of an array is not the length of a list
    _car.add((Expr,), operator)
    _cdr.add((Expr,), operands)
    for text in (str, bytes):  # sequences and atoms: which of both cons sees is up to the order
        _car.add((text,), no_parts)
        _cdr.add((text,), no_parts)
    rator.add((Expr,), operator)
    rands.add((Expr,), operands)
    apply.add((Op, Sequence), apply_op)
    apply.add((Op, ExpressionTuple), apply_op)
    etuplize.add((Expr,), etuplize_expr)
    library_unify.add((object, object, dict), core.unify)
    library_reify.add((object, dict), core.reify)
    library_reify.add((object, ConstrainedState), core.reify)
    # Reached through containers that have rules of their own (mappings, sets, slices).
    for pair in [(Expr, Expr), (Expr, object), (object, Expr), (Expr, Var), (Var, Expr)]:
        _unify.add((*pair, Mapping), _unify_step)
    _unify.add((Var, core.NUMBERS, Mapping), _unify_step)
    _unify.add((core.NUMBERS, Var, Mapping), _unify_step)
    for type_ in (Expr, Variable):
        _reify.add((type_, Mapping), _reify_step)
    _reify.add((Variable, ConstrainedState), _reify_step)
