"""Rewriting whole graphs: relations applied to a fixpoint, each step recorded.

`astragal.logic.run` has the engine, `astragal.logic.compiled` what finds the rules of a node.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from astragal.graph.expr import Expr
from astragal.logic.arguments import expression_given, rules_given
from astragal.logic.record import Record, replayed
from astragal.logic.relation import Relation, Step
from astragal.logic.run import Run
from astragal.logic.tally import survey
from astragal.random.check import check_keys
from astragal.random.spent_once import spent_once


@dataclass(frozen=True, eq=False)
class Rewriting:
    """A rewritten graph and how it came about.

    Attributes
    ----------
    before, after
        The target and the result: an expression, a tuple of them, or a model.
    steps : sequence of Step
    refused : tuple of (Relation, Expr, str)
        Matches that may not be rewritten, where, and why.
    stopped : str
        Why the search ended.
    """

    before: Any
    after: Any
    steps: Sequence[Step]
    refused: tuple[tuple[Relation, Expr, str], ...]
    stopped: str

    def replay(self, count: int | None = None) -> Any:
        """Apply the first steps again to the target; without a number, all of them."""
        roots, _, rebuild = _open(self.before)
        return rebuild(replayed(roots, self.steps[: len(self.steps) if count is None else count]))

    def undo(self, count: int = 1) -> Any:
        """Give the graph as it was before the last steps."""
        return self.replay(max(len(self.steps) - count, 0))

    def __str__(self) -> str:
        lines = [str(s) for s in self.steps]
        lines += [f"{r.name} refused at {x!r}: {why}" for r, x, why in self.refused]
        return "\n".join([*lines, self.stopped])

    def _repr_html_(self) -> str:
        from astragal.display.show import rewriting_html

        return rewriting_html(self)


def _open(target: Any) -> tuple[tuple[Expr, ...], tuple[str, ...], Any]:
    """Take a target apart: its roots, their names, and how to put others in their place."""
    if isinstance(target, Expr):
        return (target,), ("the output",), lambda roots: roots[0]
    if isinstance(target, (tuple, list)):
        names = tuple(f"output {i}" for i in range(len(target)))
        for x in target:
            expression_given(x, "a tuple for rewrite")
        return tuple(target), names, tuple
    variables = getattr(target, "variables", None)
    if not isinstance(variables, Mapping):
        expression_given(target, "rewrite, beside models and tuples,")
    assert isinstance(variables, Mapping)
    named = tuple(variables)

    def rebuild(roots: Sequence[Expr]) -> Any:
        return type(target)(dict(zip(named, roots, strict=True)))

    return tuple(variables.values()), tuple(f"named {n!r}" for n in named), rebuild


def rewrite(
    target: Any,
    relations: Relation | Iterable[Relation],
    *,
    direction: str = "forward",
    explain: bool = False,
    limit: int | None = None,
) -> Any:
    """Apply relations wherever they hold, until none applies.

    The joint law of all outputs (of a model: of all named variables) is kept.

    Parameters
    ----------
    target : Expr, tuple of Expr, or Model
    relations
        One relation or several. Of those that apply at a place, the one that removes the most
        random variables is taken, and of equals the first.
    direction
        ``"forward"`` or ``"backward"``. Where the new side is larger than the old one, what
        a relation has written is not rewritten by it again.
    explain
        Whether to give the whole `Rewriting`: steps, refused matches, undo.
    limit
        Most steps; by default some times the number of nodes.

    Returns
    -------
    The same sort of thing as the target, or a `Rewriting`.

    Raises
    ------
    KeyReuseError
        Where the graph spends a key twice: no law of it could be kept.

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.rewrites.convolutions import normal_convolution
    >>> a, b, c = ag.split(ag.key(0), 3)
    >>> normal = ag.random.normal
    >>> total = normal(a, 1.0, 2.0) + normal(b, 2.0, 4.0) + normal(c, 3.0, 4.0)
    >>> ag.rewrite(total, normal_convolution)
    normal(split(key(0, 'threefry4x32'), 3)[0], 6.0, 6.0)
    """
    rules = rules_given(relations, "rewrite")
    roots, names, rebuild = _open(target)
    with collector_paused():
        graph = survey(roots)
        # The whole proof is needed only where the plain one does not see it.
        if not spent_once(graph.order, graph.uses):
            check_keys(*roots)
        run = Run(rules, direction, roots, names, explain, limit, *graph)
        del graph  # the run lets go of what it has done with
        run.all()
    result = rebuild(run.roots)
    if not explain:
        return result
    return Rewriting(target, result, Record(run.steps), tuple(run.refused), run.stopped)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the collector of cycles from walking a large graph again and again; graphs have none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
