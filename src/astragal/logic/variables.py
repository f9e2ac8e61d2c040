"""Logic variables inside a graph: typed leaves that stand for any expression."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

from unification import Var

from astragal.graph.expr import Expr, Op
from astragal.graph.traverse import children
from astragal.graph.types import Type, tensor_type

_fresh = itertools.count()


class Variable(Expr):
    """A logic variable of a type. It is an expression, and kanren's ``isvar`` holds of it.

    Examples
    --------
    >>> from unification import isvar, unify
    >>> import astragal as ag
    >>> x, m = ag.input("x"), variable("m")
    >>> isvar(m), unify(m + 1.0, x + 1.0)[m] is x
    (True, True)
    """

    __slots__ = ()

    @property
    def token(self) -> Any:
        """What kanren names the variable by."""
        return self.args[0]


class _VariableOp(Op):
    __slots__ = ()

    def _intern(self, args: tuple[Any, ...], type: Type, sort: Any = None) -> Expr:
        return super()._intern(args, type, sort or Variable)


VARIABLE = _VariableOp("variable", lambda _name, type: type)
"""A logic variable: ``variable(name, type)``."""

# kanren asks `issubclass(type(x), Var)`: a variable of ours is one.
Var.register(Variable)


class _Name:
    """A name that equals no other, shown with a number."""

    __slots__ = ("number", "prefix")

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.number = next(_fresh)

    def __repr__(self) -> str:
        return f"{self.prefix}_{self.number}"


def variable(name: str | None = None, type: Type | None = None) -> Variable:
    """Make a logic variable; without a name, one that no other term holds.

    Parameters
    ----------
    name
        Two variables of one name and type are the same.
    type
        By default a float64 scalar.
    """
    made = VARIABLE(_Name("v") if name is None else name, type or tensor_type("float64"))
    assert isinstance(made, Variable)
    return made


def fresh(v: Variable) -> Variable:
    """Make a new variable of the same type, with a name that reminds of the old one."""
    made = VARIABLE(_Name(str(v.args[0])), v.type)
    assert isinstance(made, Variable)
    return made


_GROUND: weakref.WeakKeyDictionary[Expr, bool] = weakref.WeakKeyDictionary()


def is_ground(x: Expr) -> bool:
    """Tell whether an expression holds no logic variable. Each node is looked at once, ever."""
    known = _GROUND.get(x)
    if known is not None:
        return known
    stack = [x]
    while stack:
        node = stack[-1]
        if node in _GROUND:
            stack.pop()
            continue
        below = children(node)
        open_ = [c for c in below if c not in _GROUND]
        if open_:
            stack += open_
        else:
            _GROUND[node] = type(node) is not Variable and all(_GROUND[c] for c in below)
            stack.pop()
    return _GROUND[x]


def variables_of(*roots: Expr) -> list[Variable]:
    """List the logic variables below expressions, in order of first appearance."""
    found: dict[Variable, None] = {}
    done: set[Expr] = set()
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node in done or is_ground(node):
            continue
        done.add(node)
        if isinstance(node, Variable):
            found[node] = None
        stack.extend(reversed(children(node)))
    return list(found)
