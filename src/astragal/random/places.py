"""Where in the user's program random variables and splits were built."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from astragal.graph.expr import Expr, Op
from astragal.graph.types import Type

_PLACES: weakref.WeakKeyDictionary[Expr, tuple[str, int]] = weakref.WeakKeyDictionary()
_NEAR = 6  # frames from an operation to the user's line; rewriting has more between them


class PlacedOp(Op):
    """An operation whose terms remember the line of the program that first built them."""

    __slots__ = ()

    def _intern(self, args: tuple[Any, ...], type: Type, *rest: Any) -> Expr:  # pyright: ignore[reportIncompatibleMethodOverride]
        node = super()._intern(args, type, *rest)
        frame = sys._getframe(2)
        for _ in range(_NEAR):
            if not str(frame.f_globals.get("__name__", "")).startswith("astragal."):
                _PLACES.setdefault(node, (frame.f_code.co_filename, frame.f_lineno))
                break
            if frame.f_back is None:
                break
            frame = frame.f_back
        return node

    def again(self, node: Expr, args: Sequence[Any]) -> Expr:
        """Apply the operation to other arguments; the term remembers the place of another."""
        new = self(*args)
        place = _PLACES.get(node)
        if place is not None:
            _PLACES[new] = place
        return new


def place_of(x: Expr) -> str:
    """Give file and line where a term was first built, or the empty text where unknown.

    Examples
    --------
    >>> import astragal as ag
    >>> place_of(ag.input("x"))
    ''
    """
    found = _PLACES.get(x)
    if found is None:
        return ""
    path = Path(found[0])
    near = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{near}:{found[1]}"
