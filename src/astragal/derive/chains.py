"""Hidden Markov chains: a whole path of finite discrete states drawn at once.

The density of a path, given all else, is a product of terms that each read two neighbouring
states at most. Their tables are read off the terms at paths that alternate between two
values; the path is drawn by filtering forward and sampling backward (Chib 1996, J.
Econometrics 75:79-97; Scott 2002, J. Am. Stat. Assoc. 97:337-351). Which states an element of a
term reads, `astragal.derive.reach` tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.density.joint import Factor
from astragal.density.tables import finite_values
from astragal.derive.conjugate import KEY, Found, Natural, Neighbourhood, Neighbourhoods
from astragal.derive.reach import reach
from astragal.graph.expr import Expr
from astragal.graph.literal import constant
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import scan
from astragal.ops.creation import arange, zeros
from astragal.ops.manipulation import astype, concatenate, permute_dims, reshape
from astragal.ops.searching import where
from astragal.random import RANDOM_OPS

Array = np.ndarray[Any, Any]

MOST_STATES = 12
"""Tables are read off at the square of as many paths."""


@dataclass(frozen=True, eq=False)
class Chain:
    """A path of states.

    Attributes
    ----------
    first
        The state before the others, where it is a variable of its own.
    rest
        The others, a vector.
    values
        Of every state.
    """

    first: Neighbourhood | None
    rest: Neighbourhood
    values: range

    @property
    def nears(self) -> tuple[Neighbourhood, ...]:
        """What the joint density says of the path's variables."""
        return (self.rest,) if self.first is None else (self.first, self.rest)

    @property
    def length(self) -> int:
        """Number of states."""
        return int(self.rest.z.shape[0]) + (self.first is not None)


def hidden_chains(reads: Neighbourhoods, names: Sequence[str]) -> Iterator[tuple[Chain, Found]]:
    """Find the paths whose law given all else is a chain's."""
    for name in names:
        near = reads.of(name)
        if near.own is None or near.z.dtype in FLOATS or len(near.z.shape) != 1:
            continue
        n = near.z.shape[0]
        values = finite_values(near.own.rv)
        if values is None or not isinstance(n, int) or n < 2 or len(values) > MOST_STATES:
            continue
        # A chain's own law reads its states before.
        if near.z not in toposort(near.own.parameters):
            continue
        chain = Chain(_first(reads, names, near, values), near, values)
        found = _law(chain)
        if found is not None:
            yield chain, found


def _first(
    reads: Neighbourhoods, names: Sequence[str], rest: Neighbourhood, values: range
) -> Neighbourhood | None:
    """Find the variable that is the state before the others."""
    assert rest.own is not None
    below = set(toposort([rest.own.density]))
    for name in names:
        near = reads.of(name)
        if near.z not in below or near.z is rest.z or near.z.shape or near.own is None:
            continue
        if near.z.dtype not in FLOATS and finite_values(near.own.rv) == values:
            return near
    return None


def _law(chain: Chain) -> Found | None:
    terms = dict.fromkeys(f for near in chain.nears for f in near.factors)
    if any(near.extra for near in chain.nears):
        return None
    rows = [_rows(chain, f) for f in terms]
    placed = [row for row in rows if row is not None]
    if len(placed) < len(terms):
        return None
    n, k = chain.length, len(chain.values)
    start, pairs = _tables(chain, placed)

    last, before = _forward(start, pairs)
    normaliser = r.logsumexp(last)
    uniform = RANDOM_OPS["uniform"](KEY, (n,), 0.0, 1.0)
    end = _pick(last, uniform[n - 1])

    def back(state: Expr, x: tuple[Expr, Expr, Expr]) -> tuple[Expr, Expr]:
        alpha, table, u = x
        drawn = _pick(alpha + table[:, state], u)
        return drawn, drawn

    _, path = scan(back, end, (before, pairs, uniform[: n - 1]), reverse=True)
    places = concatenate([path, reshape(end, (1,))])
    states = places + chain.values.start
    outputs: dict[str, Expr] = {}
    if chain.first is not None:
        outputs[str(chain.first.z.args[0])] = astype(states[0], chain.first.z.dtype)
        states = states[1:]
    outputs[str(chain.rest.z.args[0])] = astype(states, chain.rest.z.dtype)
    places = _whole(chain) - chain.values.start
    flat = astype(places[:-1] * k + places[1:], "int64")
    chosen = e.equal(flat[:, None], arange(k * k))
    along = r.sum(where(chosen, reshape(pairs, (n - 1, k * k)), 0.0))
    first = r.sum(where(e.equal(places[0], arange(k)), start, 0.0))
    return Found(
        targets=tuple(outputs),
        family="hidden_markov_path",
        law=None,
        outputs=outputs,
        logq=first + along - normaliser,
        marginal=normaliser,
        text=_text,
        natural=Natural((start, pairs), lambda *eta: r.logsumexp(_forward(*eta)[0])),
    )


def _forward(start: Expr, pairs: Expr) -> tuple[Expr, Expr]:
    """Give the log weights of the last state, and of each state before it."""

    def filtered(alpha: Expr, table: Expr) -> tuple[Expr, Expr]:
        return r.logsumexp(alpha[:, None] + table, axis=0), alpha

    last, before = scan(filtered, start, pairs)
    return last, before


def _text(labels: Mapping[Expr, str]) -> str:
    return "a Markov chain, filtered forward and sampled backward"


def _pick(logs: Expr, u: Expr) -> Expr:
    """Draw a place from log weights."""
    p = e.exp(logs - r.max(logs))
    below = astype(r.CUMULATIVE_SUM(p, 0) <= u * r.sum(p), "int64")
    return e.minimum(r.sum(below), logs.shape[0] - 1)


@dataclass(frozen=True, eq=False)
class Rows:
    """A term of the log density, with the time to which each of its elements belongs.

    Attributes
    ----------
    term
        An array.
    at
        For each time the elements that belong to it, filled up with their number.
    free
        Elements that read no state.
    alone
        Whether each element reads one state at most.
    """

    term: Expr
    at: Array
    free: Array
    alone: bool

    def sums(self, term: Expr) -> Expr:
        """Sum the term's elements, as they are along some path, at each time."""
        flat = concatenate([reshape(term, (-1,)), zeros((1,))])
        n, most = self.at.shape
        if most == 1 and (self.at[:, 0] == np.arange(n)).all():
            return flat[:n]
        return r.sum(flat[constant(self.at)], 1)


def _rows(chain: Chain, f: Factor) -> Rows | None:
    """Give each element of a term the last state that it reads, if this is one of two neighbours.

    None where one reads others.
    """
    n = chain.length
    first = int(chain.first is not None)
    columns = {chain.rest.z: np.eye(n, dtype=bool)[first:]}
    if chain.first is not None:
        columns[chain.first.z] = np.eye(n, dtype=bool)[0]
    table = reach(f.guarded, columns)
    if table is None:
        return None
    table = table.reshape(-1, n)
    read = table.any(1)
    last = n - 1 - table[:, ::-1].argmax(1)
    apart = np.where(read, last - table.argmax(1), 0)
    if (apart > 1).any():
        return None
    counts = np.bincount(last[read], minlength=n)
    order = np.flatnonzero(read)[np.argsort(last[read], kind="stable")]
    at = np.full((n, max(int(counts.max(initial=0)), 1)), len(table))
    within = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    at[np.repeat(np.arange(n), counts), within] = order
    return Rows(f.guarded, at, np.flatnonzero(~read), bool((apart == 0).all()))


def _whole(chain: Chain) -> Expr:
    if chain.first is None:
        return chain.rest.z
    return concatenate([reshape(chain.first.z, (1,)), chain.rest.z])


def _tables(chain: Chain, terms: Sequence[Rows]) -> tuple[Expr, Expr]:
    """Log weights of the first state, (k,), and of pairs of neighbours, (n - 1, k, k).

    Terms that read one state a time are looked at along constant paths; the others along
    paths that alternate between two values.
    """
    n, k = chain.length, len(chain.values)
    alone = [t for t in terms if t.alone]
    others = [t for t in terms if not t.alone]
    first, values = zeros((k,)), np.array(chain.values)
    pairs: Expr = zeros((n - 1, k, k))
    # What reads no state has its value along any path.
    anywhere = _placed(chain, constant(np.full(n, values[0]), chain.rest.z.dtype))
    for t in terms:
        if t.free.size:
            (term,) = substitute([t.term], anywhere)
            first = first + r.sum(reshape(term, (-1,))[constant(t.free)])
    if others:
        grid = np.stack(np.meshgrid(values, values, indexing="ij"), -1).reshape(-1, 2)
        rows = reshape(_along(chain, others, grid[:, np.arange(n) % 2]), (k, k, n))
        at = constant(np.arange(k))
        first = first + rows[at, at, 0]
        forward = permute_dims(rows[:, :, 1:], (2, 0, 1))
        # At odd times the pair is (i, j), at even ones (j, i).
        odd = constant(np.arange(1, n)[:, None, None] % 2 == 1)
        pairs = where(odd, forward, permute_dims(forward, (0, 2, 1)))
    if alone:
        rows = _along(chain, alone, np.repeat(values[:, None], n, 1))
        first = first + rows[:, 0]
        pairs = pairs + permute_dims(rows[:, 1:], (1, 0))[:, None, :]
    return first, pairs


def _along(chain: Chain, terms: Sequence[Rows], paths: Array) -> Expr:
    """Sum terms at each time, along each of some paths."""

    def at(path: Expr) -> Expr:
        total: Expr = zeros((chain.length,))
        here = substitute([t.term for t in terms], _placed(chain, path))
        for x, t in zip(here, terms, strict=True):
            total = total + t.sums(x)
        return total

    along: tuple[Any, Expr]
    along = scan(lambda none, path: (none, at(path)), [], constant(paths, chain.rest.z.dtype))
    return along[1]


def _placed(chain: Chain, path: Expr) -> dict[Expr, Expr]:
    if chain.first is None:
        return {chain.rest.z: path}
    return {chain.first.z: astype(path[0], chain.first.z.dtype), chain.rest.z: path[1:]}
