"""Who spent which key: the accounts of `astragal.random.check`, with numbers in place of keys."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.graph.errors import KeyReuseError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.text import one_line
from astragal.graph.types import INTEGERS, Shape
from astragal.random.places import place_of

Ids = np.ndarray[Any, Any]


class Keys:
    """Numbers of keys: arrays of one shape, any of which may be the one that is meant.

    ``varies`` says that within a loop each turn means other ones, by a counter; ``unknown``,
    that an element may occur more than once. One of two single keys is kept as such until it
    is spent, so that a chain of choices takes linear time.
    """

    __slots__ = ("_options", "either", "unknown", "varies")

    def __init__(
        self,
        options: tuple[Ids, ...] | None,
        varies: bool = False,
        unknown: bool = False,
        either: tuple[Keys, ...] = (),
    ) -> None:
        self._options = options
        self.varies = varies
        self.unknown = unknown
        self.either = either

    @property
    def options(self) -> tuple[Ids, ...]:
        """What may be meant: arrays of numbers."""
        if self._options is None:
            found: dict[int, Ids] = {}
            stack, seen = list(self.either), set(self.either)
            while stack:
                keys = stack.pop()
                if keys._options is not None:
                    found.update((int(o), o) for o in keys._options)
                new = [k for k in keys.either if k not in seen]
                seen.update(new)
                stack += new
            self._options = tuple(found.values())
            self.either = ()
        return self._options


@dataclass(frozen=True)
class Counter:
    """An integer that differs in every turn of a loop, between two bounds (None: not known)."""

    low: int | None
    high: int | None

    def times(self, factor: int) -> Counter | None:
        """Multiply by a number that is not zero."""
        ends = [None if b is None else b * factor for b in (self.low, self.high)]
        return bounded(*(ends if factor > 0 else ends[::-1]))

    def plus(self, term: int) -> Counter | None:
        """Add a number."""
        return bounded(*(None if b is None else b + term for b in (self.low, self.high)))

    def fits(self, dtype: str) -> bool:
        """Tell whether a data type holds all its values, so that they stay different."""
        if dtype in ("int64", "uint64"):
            return True  # nothing counts that far
        known = self.low is not None and self.high is not None and dtype in INTEGERS
        limits = np.iinfo(dtype) if known else None
        return limits is not None and limits.min <= self.low and self.high <= limits.max  # type: ignore[operator]

    def chooses(self, length: int | None) -> bool:
        """Tell whether it chooses different elements of an axis, counted from the end below 0."""
        low, high = self.low, self.high
        if low is None or (high is not None and length is not None and high >= length):
            return False
        return low >= 0 or (
            high is not None and length is not None and low >= -length and high - low < length
        )


def bounded(low: int | None, high: int | None) -> Counter | None:
    """Make a counter between two bounds; None where it might leave 64 bits."""
    # A loop without a known end turns fewer than 2**40 times.
    far = 2**62
    ok = all(b is None or abs(b) < far for b in (low, high))
    return Counter(low, high) if ok else None


Counters = Mapping[Expr, Counter]
Value = Any  # Keys, a list of values for a tuple, None for what is no key


class Ledger:
    """Who spent which number."""

    def __init__(self, stand_in: int) -> None:
        self.owner = np.zeros(64, np.int64)
        self.count = 1
        self.consumers: list[Expr | None] = [None]
        self.folds: dict[int, dict[int, Expr]] = {}
        self.folded: list[tuple[int, int, Expr]] = []
        self.log: list[Ids] = []
        self.barriers: list[int] = [0]
        self.stand_in = stand_in

    def fresh(self, shape: Shape) -> Keys:
        """Hand out numbers that nobody has."""
        dims = [self.length(d) for d in shape]
        start, self.count = self.count, self.count + math.prod(dims)
        if self.count > len(self.owner):
            self.owner = np.concatenate([self.owner, np.zeros(self.count, np.int64)])
        return Keys((np.arange(start, self.count).reshape(dims) if dims else np.array(start),))

    def length(self, dim: Any) -> int:
        """Give a length; of one that is not static, that of the stand-ins."""
        if isinstance(dim, int):
            return dim
        if is_constant(dim):
            return int(value_of(dim))
        rule = _LENGTHS.get(dim.op.name)
        if rule is not None:
            return max(0, int(rule(*(self.length(a) for a in dim.args))))
        return self.stand_in

    def spend(self, keys: Keys, consumer: Expr) -> None:
        """Record that a consumer spends keys."""
        if len(keys.options) == 1 and keys.options[0].size == 1 and not keys.unknown:
            # One key: the usual case, without arrays.
            i = int(keys.options[0].item())
            if i >= self.barriers[-1] and not self.owner[i]:
                self._take(keys.options[0].ravel(), consumer)
                return
        if keys.unknown:
            raise KeyReuseError(
                f"{name_of(consumer)} may use a key more than once: which keys an index selects "
                "is not known before the graph runs; split a key for each use instead"
            )
        for ids in keys.options:
            if len(np.unique(ids)) < ids.size:
                raise KeyReuseError(
                    f"{name_of(consumer)} uses one key for several elements; "
                    f"give each its own (astragal.split){_source(self, ids)}"
                )
        ids = np.unique(np.concatenate([o.ravel() for o in keys.options]))
        self._refuse_in_loop(ids, consumer, keys.varies)
        taken = ids[self.owner[ids] > 0]
        if taken.size:
            first = self.consumers[self.owner[taken[0]]]
            raise _twice(first, consumer)
        self._take(ids, consumer)

    def fold(self, keys: Keys, consumer: Expr, data: Ids | None, varies: bool) -> None:
        """Record that integers are folded into keys."""
        if data is None or keys.unknown or len(keys.options) > 1 or keys.varies:
            self.spend(Keys(keys.options, keys.varies or varies, keys.unknown), consumer)
            return
        ids, numbers = np.broadcast_arrays(keys.options[0], data)  # pyright: ignore[reportGeneralTypeIssues]
        self._refuse_in_loop(ids, consumer, False)
        for i, n in zip(ids.ravel().tolist(), numbers.ravel().tolist(), strict=True):
            known = self.folds.setdefault(i, {})
            other = known.get(n) if known else self.consumers[self.owner[i]]
            if other is not None:
                raise _twice(other, consumer)
            known[n] = consumer
            self.folded.append((i, n, consumer))
        self._take(np.unique(ids), consumer)

    def _take(self, ids: Ids, consumer: Expr) -> None:
        self.consumers.append(consumer)
        self.owner[ids] = len(self.consumers) - 1
        self.log.append(ids)

    def _refuse_in_loop(self, ids: Ids, consumer: Expr, varies: bool) -> None:
        # A counter tells the turns of the innermost loop apart, not those of the loops around.
        barrier = self.barriers[-2] if varies and len(self.barriers) > 1 else self.barriers[-1]
        if ids.size and ids.min() < barrier:
            raise KeyReuseError(
                f"{name_of(consumer)} spends a key from outside the loop again in every turn; "
                "carry the key and split it, scan over split keys, or fold in the loop's counter "
                "(astragal.fold_in)"
            )


_LENGTHS: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "floor_divide": lambda a, b: a // max(b, 1),
    "maximum": max,
    "minimum": min,
}


def name_of(x: Expr | None) -> str:
    """Name a consumer in an error: the term, and where it was built."""
    assert x is not None
    where = place_of(x)
    return one_line(x, 90) + (f" ({where})" if where else "")


def _source(ledger: Ledger, ids: Ids) -> str:
    return f" ({ids.size} elements, {len(np.unique(ids))} keys)"


def _twice(first: Expr | None, second: Expr) -> KeyReuseError:
    if first is second:
        return KeyReuseError(f"{name_of(first)} uses a key more than once")
    return KeyReuseError(
        f"a key is used twice, by\n  {name_of(first)}\nand by\n  {name_of(second)}\n"
        "Split it first: a, b = astragal.split(key)"
    )
