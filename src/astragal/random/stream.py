"""Streams: random variables whose keys are made, and advanced at each call, for the user."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr
from astragal.random.keys import DEFAULT, key, split

if TYPE_CHECKING:
    from astragal.compile.function import Function

_serial = itertools.count()
_BITS = 20  # a stream has room for 2^20 variables


class RandomStream:
    """Makes random variables without the user handling keys.

    ``stream.NAME(...)`` is ``astragal.random.NAME(key, ...)`` with a key that belongs to the
    variable: it follows from the seed and the number of the variable in the stream alone. A
    compiled function holds keys of its own for the variables that it computes, and each call
    leaves them advanced; two functions of one stream do not disturb each other.

    Parameters
    ----------
    seed
        As for `astragal.key`.
    impl
        Key implementation.

    Examples
    --------
    >>> import astragal as ag
    >>> stream = ag.RandomStream(3)
    >>> f = ag.function([], stream.normal(size=2), backend="numpy")
    >>> first, second = f(), f()
    >>> stream.seed(f, 3)
    >>> bool((f() == first).all()), bool((f() == second).all())
    (True, True)
    """

    def __init__(self, seed: int = 0, impl: str = DEFAULT) -> None:
        self._root = key(seed, impl)
        self._impl = impl
        self._name = f"stream{next(_serial)}"
        self._variables: list[Expr] = []
        self._names: list[str] = []

    def _key_of(self, number: int, root: Expr) -> Any:
        """The key that a variable begins with: a leaf of a balanced tree over all of them."""
        from astragal.compile import evaluate

        k = root
        for bit in reversed(range(_BITS)):
            k = split(k)[number >> bit & 1]
        return evaluate(k)

    def key(self) -> Expr:
        """Give a key of its own, which each call of a function advances."""
        from astragal.compile.shared import shared

        number = len(self._names)
        if number >> _BITS:
            raise ModelError(f"a stream has at most {2**_BITS} variables")
        name = f"{self._name}.{number}"
        held = shared(self._key_of(number, self._root), name)
        held.cell.private = True
        now, later = split(held)
        held.default_update = later
        self._names.append(name)
        return now

    def __getattr__(self, name: str) -> Callable[..., Expr]:
        import astragal.random as random

        if name.startswith("_") or name not in {**random.RANDOM_OPS, **random.COMBINATORS}:
            raise AttributeError(f"a RandomStream has no {name!r}; astragal.random names its own")
        function = getattr(random, name)

        def draw(*args: Any, **named: Any) -> Expr:
            variable: Expr = function(self.key(), *args, **named)
            self._variables.append(variable)
            return variable

        draw.__name__ = name
        draw.__doc__ = function.__doc__
        return draw

    def __contains__(self, x: object) -> bool:
        return any(v is x for v in self._variables)

    def results(self) -> tuple[Expr, ...]:
        """Give the variables of the stream, in the order in which they were made."""
        return tuple(self._variables)

    def _mine(self, function: Function) -> list[str]:
        found = [n for n in function.state if n in set(self._names)]
        if not found:
            raise ModelError(f"{function!r} computes no variable of this stream")
        return found

    def seed(self, function: Function, seed: int) -> None:
        """Set the keys that a function holds to those that the stream would have with a seed.

        Raises
        ------
        ModelError
            Where the function computes no variable of this stream.
        """
        root = key(seed, self._impl)
        for name in self._mine(function):
            function.state[name] = self._key_of(self._names.index(name), root)

    def getstate(self, function: Function) -> dict[int, list[int]]:
        """Give the keys that a function holds: words by number of the variable.

        The result is plain data; `setstate` takes it back, in any process and backend.
        """
        return {
            self._names.index(n): [int(w) for w in function.state[n].words]
            for n in self._mine(function)
        }

    def setstate(self, function: Function, state: Mapping[int, list[int]]) -> None:
        """Set the keys that a function holds to those of `getstate`.

        Raises
        ------
        ModelError
            Where the state is of other variables than the function computes.
        """
        from astragal.compile.keyarray import KeyArray

        mine = self._mine(function)
        numbers = [self._names.index(n) for n in mine]
        # JSON makes text of the numbers.
        try:
            given = {int(number): words for number, words in state.items()}
        except (AttributeError, TypeError, ValueError):
            raise ModelError(
                f"setstate takes what getstate gave, words by number, not {state!r:.60}"
            ) from None
        if sorted(numbers) != sorted(given):
            raise ModelError(
                f"setstate: the function computes the variables {sorted(numbers)} of the stream, "
                f"the state is of {sorted(given)}"
            )
        for name, number in zip(mine, numbers, strict=True):
            function.state[name] = KeyArray(given[number], self._impl)

    def __repr__(self) -> str:
        return f"<{self._name}: {len(self._variables)} variables>"
