"""When a match may be rewritten: each condition is one small function.

Each gives None where the condition holds, or a sentence that says why it does not.
`Place` knows how often each node of the graph is read, and what is named or an output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from astragal.graph.expr import Expr
from astragal.graph.traverse import children, toposort
from astragal.graph.types import KeyType, Shape, same_shape, show_shape
from astragal.logic.match import Match, lead_of
from astragal.logic.pattern import Side, child_of
from astragal.logic.views import read_as
from astragal.random.distribution import batch_shape, is_random, random_parts


@dataclass
class Place:
    """What stands around a match.

    Attributes
    ----------
    uses : dict
        For each node, how many times other nodes of the graph take it as an argument.
    pinned : dict
        Outputs and named variables, with their names: they must not vanish.
    readers : dict
        For each node, those that take it as an argument; needed where a side has several
        roots, of which none stands above the others.
    """

    uses: Mapping[Expr, int]
    pinned: Mapping[Expr, str] = field(default_factory=dict)
    readers: Mapping[Expr, Sequence[Expr]] = field(default_factory=dict)


def readers_of(order: Iterable[Expr]) -> dict[Expr, list[Expr]]:
    """List for each node those that take it as an argument, in the order of the graph."""
    readers: dict[Expr, list[Expr]] = {}
    for x in order:
        for c in dict.fromkeys(children(x)):
            readers.setdefault(c, []).append(x)
    return readers


def beside(p: Expr, m: Match, place: Place, limit: int = 200) -> Iterator[Expr]:
    """List nodes that another root of the match's side may fit: what reads its variables.

    They are looked for above the random variables that the match holds and the root shares,
    nearest first.
    """
    shared = [d for d in m.side.draws if d in m.env and d in m.side.below[p]]
    level = [m.env[d] for d in shared] or [m.env[d] for d in m.side.draws if d in m.env]
    ops = read_as(p)
    seen: dict[Expr, None] = dict.fromkeys(level)
    for _ in range(8):
        for x in level:
            if x.op.name in ops and (x is not m.env.get(p)):
                yield x
        above = (y for x in level for y in place.readers.get(x, ()))
        level = [y for y in dict.fromkeys(above) if y not in seen]
        seen.update(dict.fromkeys(level))
        if not level or len(seen) > limit:
            return


def count_uses(roots: Iterable[Expr]) -> dict[Expr, int]:
    """Count how many times each node is taken as an argument."""
    uses: dict[Expr, int] = {}
    for x in toposort(roots):
        uses.setdefault(x, 0)
        for c in children(x):
            uses[c] += 1
    return uses


def cone(m: Match, sources: Iterable[Expr], limit: int = 2_000) -> set[Expr] | None:
    """Collect the nodes of a match from its roots down to some random variables of it.

    Parameters and keys are not entered: `independent` has shown that they lead elsewhere.
    None where more nodes than the limit would have to be looked at.
    """
    reaching: dict[Expr, bool] = dict.fromkeys(m.parameters.values(), False)
    reaching.update((x.args[0], False) for x in m.draws)
    targets = set(sources)
    stack = [(x, False) for x in m.roots]
    while stack:
        x, ready = stack.pop()
        if x in reaching:
            continue
        if ready:
            reaching[x] = x in targets or any(reaching[c] for c in children(x))
        elif len(reaching) > limit:
            return None
        else:
            stack.append((x, True))
            stack.extend((c, False) for c in children(x))
    return {x for x, yes in reaching.items() if yes}


def vanishing(m: Match, kept: Iterable[Expr] = ()) -> list[Expr]:
    """List the random variables of a match that are gone after it is rewritten."""
    kept = {*kept, *m.roots}
    return [x for x in m.draws if x not in kept]


def private(m: Match, place: Place) -> str | None:
    """Check that whatever vanishes is read by the match alone.

    ``x + x + y`` is no convolution of x and y: another node reads x.
    """
    gone = vanishing(m)
    if not gone:
        return None
    inside = cone(m, gone)
    if inside is None:
        return "the match spans too many nodes to tell who reads its variables"
    roots = set(m.roots)
    reads: dict[Expr, int] = {}
    for x in inside:
        for c in children(x):
            reads[c] = reads.get(c, 0) + 1
    for x in inside - roots:
        if x in place.pinned:
            return f"{x!r} would vanish, but it is {place.pinned[x]}"
        if place.uses.get(x, 0) != reads.get(x, 0):
            return f"{x!r} would vanish, but something outside the match reads it"
    return None


def keys_fresh(m: Match, place: Place) -> str | None:
    """Check that every key of the match is spent once, by its random variable."""
    keys = [x.args[0] for x in m.draws]
    for x, k in zip(m.draws, keys, strict=True):
        if keys.count(k) > 1:
            return f"two random variables of the match draw from the key {k!r}"
        if place.uses.get(k, 0) != 1 or k in place.pinned:
            return f"the key {k!r} is not spent by {x.op.name} alone"
        found = child_of(k)
        if found is not None and found[0] in place.pinned:
            return f"the split that {k!r} comes from is an output"
    return None


def may_give_back(place: Place, parent: Expr, freed: list[Expr]) -> bool:
    """Tell whether the split whose children are all freed is used for nothing else."""
    return (
        place.uses.get(parent, 0) == parent.args[1]
        and parent not in place.pinned
        and place.uses.get(parent.args[0], 0) == 1
        and parent.args[0] not in place.pinned
    )


def same_batch(m: Match) -> str | None:
    """Check that random variables and roots have the same dimensions beside the statement's.

    A scalar drawn once and broadcast over a vector is no vector of independent draws.
    """
    first: tuple[str, Shape] | None = None
    for p in (*m.side.draws, *m.side.roots):
        x = m.env[p]
        if first is None:
            first = (x.op.name, lead_of(p, x))
        elif not same_shape(lead := lead_of(p, x), first[1]):
            shapes = show_shape(lead), show_shape(first[1])
            what = "batch shapes differ" if is_random(p) and m.draws else "shapes differ"
            return f"{what}: {x.op.name} has {shapes[0]} in front, {first[0]} has {shapes[1]}"
    return None


def lifts(m: Match, target: Side | None = None) -> str | None:
    """Check that a statement about arrays is not read along other axes.

    ``sum(x)`` of a matrix is no sum of its rows: what names axes holds of what is written.
    """
    lead = m.lead()
    if not lead:
        return None
    for side in (m.side, *([target] if target is not None else ())):
        for x in side.order:
            if side.bound_to_axes(x):
                return f"{x.op.name} of the statement names axes, but the match has a batch"
    return None


def plain_parameters(m: Match) -> str | None:
    """Check that no parameter has dimensions that the statement does not give it.

    In ``normal(k, m, s, size=(n,))`` all draws have one mean; a vector of means is another law.
    A vector of length 1 that is stretched by its surroundings is no vector of their length.
    """
    rank = len(m.lead())
    for v, x in m.parameters.items():
        own = len(v.type.shape)
        if len(x.type.shape) > rank + own:
            return f"the parameter {v!r} has shape {show_shape(x.type.shape)}, not one value a draw"
    for p in m.side.order:
        if p not in m.env or not (p.op.elementwise or is_random(p)):
            continue
        x = m.env[p]
        whole = batch_shape(x) if is_random(p) else x.type.shape
        args = p.args if p.op is x.op else ()
        for a in args:
            if not isinstance(a, Expr) or isinstance(a.type, KeyType) or a not in m.env:
                continue
            value = m.env[a]
            core = _core(p, a)
            wanted, given = (t.type.shape[: len(t.type.shape) - core] for t in (a, value))
            for i in range(1, len(wanted) + 1):
                if not (wanted[-i].__class__ is int or same_shape((given[-i],), (whole[-i],))):
                    return f"{value!r} is stretched from {show_shape(given)} to {show_shape(whole)}"
    return None


def _core(p: Expr, a: Expr) -> int:
    """Give the number of dimensions of one value of a parameter of a random variable."""
    if not is_random(p):
        return 0
    d = random_parts(p)[0]
    return max(q.core for x, q in zip(p.args[2:], d.parameters, strict=True) if x is a)


def independent(m: Match) -> str | None:
    """Check that no parameter depends on a random variable of the match.

    A second mean that depends on the first draw is not independent of it.
    """
    draws = set(m.draws)
    for v, x in m.parameters.items():
        if not x.args or x.op.name in {"input", "constant"}:
            continue
        if reaches(x, draws):
            return f"the parameter {v!r} = {x!r} depends on a random variable of the match"
    return None


def reaches(x: Expr, targets: set[Expr]) -> bool:
    """Tell whether an expression is, or depends on, one of the targets."""
    seen: set[Expr] = set()
    stack = [x]
    while stack:
        node = stack.pop()
        if node in targets:
            return True
        if node not in seen:
            seen.add(node)
            stack.extend(a for a in node.args if isinstance(a, Expr) and a not in seen)
    return False


def one_consumer(m: Match, new: Iterable[Expr], place: Place) -> str | None:
    """Check, for a sure identity, that no key comes to be spent by two random variables."""
    kept = set(new)
    for x in m.draws:
        if x in kept:
            continue
        if x in place.pinned and x not in m.roots:
            return f"{x!r} is {place.pinned[x]}: its key would be spent twice"
    return private(m, place)


def check(m: Match, kind: str, place: Place, target: Side | None = None) -> str | None:
    """Run the checks that a kind of identity needs."""
    shapes = same_batch(m) or lifts(m, target) or plain_parameters(m)
    if kind == "sure":
        return shapes
    if kind == "conditional":
        return shapes or independent(m)  # nothing vanishes: it is a law, not a rewriting
    return shapes or independent(m) or keys_fresh(m, place) or private(m, place)
