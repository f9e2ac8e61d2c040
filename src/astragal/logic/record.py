"""The record of a rewriting: its steps, which can be read and applied again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute
from astragal.logic.compiled import Record as FastRecord
from astragal.logic.relation import Step
from astragal.logic.tally import survey


class Record(Sequence[Step]):
    """The steps of a rewriting; those of the fast path are written out when they are read."""

    __slots__ = ("_kept",)

    def __init__(self, kept: Sequence[Step | FastRecord]) -> None:
        self._kept = kept

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, index: int | slice) -> Step | tuple[Step, ...]:
        if isinstance(index, slice):
            return tuple(map(_written, self._kept[index]))
        return _written(self._kept[index])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Record):
            return self._kept is other._kept
        return isinstance(other, tuple) and tuple(self) == other

    __hash__ = None  # type: ignore[assignment]


def _written(step: Step | FastRecord) -> Step:
    return step[0].step(step) if isinstance(step, tuple) else step


def replayed(roots: Sequence[Expr], steps: Sequence[Step]) -> tuple[Expr, ...]:
    """Apply steps one after the other, each wherever its old nodes stand.

    Steps at single nodes came about arguments first: one walk in that order applies all of
    them, as long as each is met in its turn. What several nodes have become is substituted.
    """
    roots = tuple(roots)
    done = 0
    while done < len(steps):
        roots, met = _walked(roots, steps, done)
        if met == done:
            step = steps[done]
            roots = substitute(roots, dict(zip(step.old, step.new, strict=True)))
            met += 1
        done = met
    return roots


def _walked(
    roots: tuple[Expr, ...], steps: Sequence[Step], done: int
) -> tuple[tuple[Expr, ...], int]:
    """Apply the steps that one walk meets in their turn; give how many have been applied.

    A term that was rewritten and comes about again, elsewhere, is what it has become.
    """
    image: dict[Expr, Expr] = {}
    became: dict[Expr, Expr] = {}
    for x in survey(roots).order:
        y = x
        if any(isinstance(a, Expr) and a in image for a in x.args):
            y = x.op(*(image.get(a, a) if isinstance(a, Expr) else a for a in x.args))
        while True:
            if done < len(steps) and steps[done].old == (y,):
                old, [y] = y, steps[done].new
                became.pop(y, None)  # it was rewritten before, and is back
                became[old] = y
                done += 1
            elif y in became:
                y = became[y]
            else:
                break
        if y is not x:
            image[x] = y
    return tuple(image.get(r, r) for r in roots), done
