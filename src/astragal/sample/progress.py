"""Progress of long work: a bar a chain, with rate and time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class Report(Protocol):
    """What a chain calls as it goes on."""

    def __call__(self, chain: int, done: int, phase: str) -> None:
        """Say how many iterations a chain has done, and in which phase it is."""


class _Rate(ProgressColumn):
    """Iterations per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


@contextmanager
def chain_bars(
    chains: int, total: int, enabled: bool, console: Console | None = None
) -> Iterator[Report]:
    """Show a bar for each chain while the block runs; nothing where not enabled.

    Parameters
    ----------
    chains
        Number of chains.
    total
        Iterations of each.
    enabled
        Whether to show anything.
    console
        Where to; by default standard error.
    """
    if not enabled:
        yield lambda chain, done, phase: None
        return
    columns = (
        TextColumn("chain {task.fields[chain]}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console or Console(stderr=True)) as bars:
        tasks = [bars.add_task("compiling", total=total, chain=c) for c in range(chains)]

        def report(chain: int, done: int, phase: str) -> None:
            bars.update(tasks[chain], completed=done, description=phase)

        yield report
