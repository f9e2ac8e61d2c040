"""Two programs side by side: interleaved medians of the CPU time of this process.

Other work on a machine slows both sides alike, so they take turns, the first of
each pair alternating, and the ratio is of medians. CPU time counts every thread.

>>> import itertools
>>> ticks = itertools.count()
>>> result = compare("one tick each", lambda: None, lambda: None, clock=lambda: float(next(ticks)))
>>> print(result)
one tick each                             ours       1.00 s   peer       1.00 s   ratio  1.00
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True)
class Comparison:
    """Median CPU seconds of one call of each side; a ratio above 1 means that ours is faster."""

    name: str
    ours: float
    peer: float

    @property
    def ratio(self) -> float:
        """The peer's time over ours."""
        return self.peer / self.ours

    def __str__(self) -> str:
        return (
            f"{self.name:40s}  ours {readable(self.ours):>12s}   "
            f"peer {readable(self.peer):>12s}   ratio {self.ratio:5.2f}"
        )


def compare(
    name: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    rounds: int = 7,
    least: float = 0.05,
    clock: Callable[[], float] = time.process_time,
) -> Comparison:
    """Time two calls in turn.

    Parameters
    ----------
    name
        What is compared, for the printed line.
    ours, peer
        Calls without arguments. Each must wait for its own result
        (``block_until_ready`` with JAX) and must be warm or cold alike: each is
        called at least once before the timing starts.
    rounds
        Samples of each side.
    least
        CPU seconds that one sample takes at least; short calls are repeated.
    clock
        Where the time is read.
    """
    times: dict[str, list[float]] = {"ours": [], "peer": []}
    calls = {"ours": ours, "peer": peer}
    repeats = {side: repeats_for(call, least, clock) for side, call in calls.items()}
    for number in range(rounds):
        sides = ("ours", "peer") if number % 2 == 0 else ("peer", "ours")
        for side in sides:
            times[side].append(sample(calls[side], repeats[side], clock))
    return Comparison(name, statistics.median(times["ours"]), statistics.median(times["peer"]))


def sample(call: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    """Seconds a call, averaged over some calls."""
    start = clock()
    for _ in range(repeats):
        call()
    return (clock() - start) / repeats


def repeats_for(call: Callable[[], object], least: float, clock: Callable[[], float]) -> int:
    """How often a call must be repeated to take the least time, after one call to warm up."""
    call()
    repeats = 1
    while sample(call, repeats, clock) * repeats < least:
        repeats *= 2
    return repeats


def readable(seconds: float) -> str:
    """A time in the unit that suits it.

    >>> readable(0.00042)
    '420.00 us'
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds / 1e-9:.2f} ns"


def machine(*packages: str) -> str:
    """One line on where the figures come from, with the versions of the peers."""
    peers = ", ".join(f"{package} {version(package)}" for package in packages)
    line = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    return f"{line}, {peers}" if peers else line
