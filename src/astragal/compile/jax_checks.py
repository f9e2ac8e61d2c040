"""Checks on the JAX backend: which of them failed, carried through loops as a number.

JAX cannot raise while a program runs. So a program that has checks is traced with one result
more: zero, or the number of a check that failed. Loops carry it from turn to turn. Whoever
transforms the pure function traces it without; there wrong parameters show as NaN.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import jax.numpy as jnp

from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import toposort

Array = Any
T = TypeVar("T")


class Checks:
    """The checks of one program, by number, from 1 on."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self._failed: list[Array] = []

    def note(self, ok: Array, message: str) -> None:
        """Record a check while it is traced."""
        if message not in self.messages:
            self.messages.append(message)
        number = self.messages.index(message) + 1
        self._failed.append(jnp.where(jnp.all(ok), jnp.int32(0), jnp.int32(number)))

    def within(self, trace: Callable[[], T]) -> tuple[T, Array]:
        """Trace a part; give its result, and the number of the first check of it that failed."""
        kept, self._failed = self._failed, []
        try:
            result = trace()
            failed = jnp.int32(0)
            for f in self._failed:
                failed = first(failed, f)
        finally:
            self._failed = kept
        return result, failed

    def add(self, failed: Array) -> None:
        """Record what a part gave."""
        self._failed.append(failed)


def first(a: Array, b: Array) -> Array:
    """Give the number of the first of two checks that failed."""
    return jnp.where(a != 0, a, b)


_CURRENT: ContextVar[Checks | None] = ContextVar("checks", default=None)


@contextmanager
def checking(checks: Checks | None) -> Iterator[None]:
    """Record the checks that are traced meanwhile; None lets them be."""
    token = _CURRENT.set(checks)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def require(x: Array, ok: Array, message: str) -> Array:
    """Give a parameter, and record whether it is inside its domain."""
    checks = _CURRENT.get()
    if checks is not None:
        checks.note(ok, message)
    return x


_HAVE: weakref.WeakKeyDictionary[Subgraph, bool] = weakref.WeakKeyDictionary()


def have_checks(outputs: Sequence[Expr]) -> bool:
    """Tell whether a graph, its loops and branches included, has checks."""
    for node in toposort(outputs):
        if node.op.name == "require":
            return True
        for a in node.args:
            if isinstance(a, Subgraph):
                found = _HAVE.get(a)
                if found is None:
                    found = _HAVE[a] = have_checks(a.outputs)
                if found:
                    return True
    return False


def checks_of(*bodies: Subgraph) -> Checks | None:
    """Give what records the checks of bodies: None where they have none, or nobody asks."""
    checks = _CURRENT.get()
    if checks is None or not any(have_checks(b.outputs) for b in bodies):
        return None
    return checks
