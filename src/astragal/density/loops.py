"""Loops with random variables inside: one factor a variable, over all steps at once.

Given the values of what a `scan` stacks, each random variable of its body has a value at
each step, and the loop is no loop any more where its state is made of those values: the
state before step t is a shifted sequence. What is left of the recursion, as in a moving
variance, stays a `scan` without random variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

import numpy as np

from astragal.density.batching import batched
from astragal.density.invert import invert
from astragal.density.vectors import positions
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph, close, placeholder
from astragal.graph.traverse import depends_on, substitute, toposort
from astragal.graph.types import Dim, TensorType
from astragal.ops.control import SCAN
from astragal.ops.creation import shape_dims
from astragal.ops.indexing import INDEX, ITEM
from astragal.ops.manipulation import broadcast_to, concatenate, reshape
from astragal.random.distribution import is_random, random_parts


def is_random_loop(node: Expr) -> bool:
    """Tell whether a node is a scan that draws."""
    return node.op is SCAN and any(map(is_random, toposort(node.args[0].outputs)))


@dataclass(frozen=True, eq=False)
class Drawn:
    """A random variable of a body, over all steps.

    Attributes
    ----------
    rv
        Inside the body.
    value, parameters
        Sequences, as expressions of the outer graph.
    output
        Place among what the loop stacks, where the variable itself is stacked.
    """

    rv: Expr
    value: Expr
    parameters: tuple[Expr, ...]
    output: int | None


@dataclass
class Unrolled:
    """A loop whose random variables have values.

    Attributes
    ----------
    items
        From ``item(loop, i)`` to what it is.
    drawn
        The random variables.
    jacobian
        Log |d variables / d outputs|, one array an output that was solved for a variable.
    """

    items: dict[Expr, Expr]
    drawn: list[Drawn]
    jacobians: dict[int, Expr] = field(default_factory=dict)


class Loop:
    """The parts of a scan, with placeholders for what the body reads."""

    def __init__(self, node: Expr) -> None:
        body, length, self.reverse, self.carries, self.sequences, *operands = node.args
        assert isinstance(body, Subgraph)
        self.node = node
        self.length: Dim = shape_dims((length,) if not isinstance(length, Expr) else length)[0]
        self._length = length
        self.operands: list[Expr] = operands
        n, m = self.carries, self.carries + self.sequences
        # Inside, what is captured is written as it is outside.
        self.states = [placeholder(p.type) for p in body.parameters[:n]]
        self.elements = [placeholder(p.type) for p in body.parameters[n:m]]
        outputs = body(*self.states, *self.elements, *operands[m:])
        self.next, self.stacked = list(outputs[:n]), list(outputs[n:])
        self.initial, self.given = operands[:n], operands[n:m]

    @property
    def rvs(self) -> list[Expr]:
        """Random variables of the body, in order; those captured are not its own."""
        inside = depends_on([*self.next, *self.stacked], [*self.states, *self.elements])
        order = toposort([*self.next, *self.stacked])
        return [n for n in order if is_random(n) and n in inside]

    def solve(self, values: Mapping[int, Expr]) -> tuple[dict[Expr, Expr], dict[int, Expr]]:
        """Express random variables of one step by elements of given outputs.

        Parameters
        ----------
        values
            Placeholders for one element of outputs, by place.

        Returns
        -------
        (values of random variables, log Jacobians by output)
        """
        found: dict[Expr, Expr] = {}
        slopes: dict[int, Expr] = {}
        own = self.rvs
        for j, v in values.items():
            x = self.stacked[j]
            if is_random(x) and x in own and x not in found:
                found[x] = v
        for j, v in values.items():
            x = self.stacked[j]
            if is_random(x) and found.get(x) is v:
                continue
            (x,) = substitute([x], found)
            left = [w for w in toposort([x]) if w in own and w not in found]
            for w in reversed(left):
                solved = invert(x, v, w)
                if solved is not None:
                    found[w], slopes[j] = solved
                    break
        for _ in found:  # values that hold other variables
            found = {w: substitute([v], found)[0] for w, v in found.items()}
        return found, slopes

    def used(self, values: Mapping[int, Expr]) -> list[int]:
        """Find the outputs whose values determine random variables; the rest follows."""
        elements = {j: placeholder(self.stacked[j].type) for j in values}
        found, _ = self.solve(elements)
        read = set(toposort(found.values()))
        return [j for j, x in elements.items() if x in read]

    def undetermined(self, values: Iterable[int]) -> list[Expr]:
        """Find the draws that given outputs do not determine."""
        found, _ = self.solve({j: placeholder(self.stacked[j].type) for j in values})
        return [w for w in self.rvs if w not in found]

    def missing(self, values: Iterable[int]) -> list[int]:
        """Find further outputs that are such draws."""
        first = {x: j for j, x in reversed(list(enumerate(self.stacked)))}
        return [first[w] for w in self.undetermined(values) if w in first]

    def hidden(self, values: Iterable[int]) -> list[Expr]:
        """Find such draws that are no outputs."""
        return [w for w in self.undetermined(values) if w not in self.stacked]

    def showing(self, rvs: Sequence[Expr]) -> Expr:
        """Build the loop that stacks some draws as well."""
        return self.with_outputs((*self.next, *self.stacked, *rvs))

    def with_outputs(self, outputs: tuple[Expr, ...]) -> Expr:
        """Build the loop of other states and outputs."""
        whole: Expr = self._scan(outputs, [], [])[0].args[0]
        return whole

    def rebuilt(self, values: Mapping[int, Expr]) -> dict[Expr, Expr]:
        """Put values in place of some outputs: the loop draws the rest given them."""
        elements = {j: placeholder(self.stacked[j].type) for j in values}
        found, _ = self.solve(elements)
        outputs = substitute([*self.next, *self.stacked], found)
        items = self._scan(outputs, list(elements.values()), list(values.values()))
        out = {ITEM(self.node, i): x for i, x in enumerate(items)}
        return out | {ITEM(self.node, self.carries + j): v for j, v in values.items()}

    def replayed(
        self, output: int, draws: Mapping[Expr, Expr], sequences: Mapping[Expr, Expr]
    ) -> Expr:
        """Build the loop that stacks one output, with expressions in place of draws.

        Parameters
        ----------
        output
            Its place among what is stacked.
        draws
            From random variables of the body to expressions of one step.
        sequences
            From placeholders in these to their values at all steps.
        """
        draws = {w: substitute([x], draws)[0] for w, x in draws.items()}
        again = copy(self)
        wanted, *again.next = substitute([self.stacked[output], *self.next], draws)
        return again._kept([wanted], [*sequences], [*sequences.values()])[wanted]

    def _scan(
        self, outputs: tuple[Expr, ...], elements: list[Expr], sequences: list[Expr]
    ) -> list[Expr]:
        """Build the loop of other outputs, with further sequences."""
        sub, captured = close([*self.states, *self.elements, *elements], outputs)
        node = SCAN(
            sub, self._length, self.reverse, self.carries, self.sequences + len(sequences),
            *self.initial, *self.given, *sequences, *captured,
        )  # fmt: skip
        return [node[i] for i in range(len(node))]

    def unroll(self, values: Mapping[int, Expr]) -> Unrolled:
        """Write the loop for all steps at once, given sequences of some outputs.

        Raises
        ------
        UnsupportedError
            Where the outputs do not determine all random variables.
        """
        elements = {j: placeholder(self.stacked[j].type) for j in values}
        found, slopes = self.solve(elements)
        rvs = self.rvs
        for w in rvs:
            if w not in found:
                raise UnsupportedError(
                    f"a random variable ({w.op.name}) inside a scan has no value: stack it among "
                    "the scan's outputs, and name it in the model"
                )
        self.next = list(substitute(self.next, found))
        self.stacked = list(substitute(self.stacked, found))
        images = dict(zip(self.elements, self.given, strict=True))
        images |= {elements[j]: v for j, v in values.items()}
        self._shift_states(images)
        parameters = [substitute(random_parts(w)[3], found) for w in rvs]
        tensors = [x for x in (*self.next, *self.stacked) if isinstance(x.type, TensorType)]
        flat = [p for ps in parameters for p in ps]
        whole = self._sequences([*flat, *found.values(), *slopes.values(), *tensors], images)
        items: dict[Expr, Expr] = {}
        for i, x in enumerate(self.next):
            if x in whole:
                items[ITEM(self.node, i)] = whole[x][0 if self.reverse else -1]
        for j, x in enumerate(self.stacked):
            if x in whole:
                items[ITEM(self.node, self.carries + j)] = values.get(j, whole[x])
        places = {v: j for j, v in elements.items()}
        drawn = []
        for w, ps in zip(rvs, parameters, strict=True):
            place = places.get(found[w])
            value = whole[found[w]] if place is None else values[place]
            actual = tuple(_aligned(w, i, whole[p]) for i, p in enumerate(ps))
            drawn.append(Drawn(w, value, actual, place))
        return Unrolled(items, drawn, {j: whole[x] for j, x in slopes.items()})

    def _shift_states(self, images: dict[Expr, Expr]) -> None:
        """Add the sequences of states that are made of known sequences."""
        left = [i for i, s in enumerate(self.states) if isinstance(s.type, TensorType)]
        grown = True
        while grown:
            grown = False
            for i in list(left):
                unknown = {s for s in self.states if s not in images}
                if unknown.isdisjoint(toposort([self.next[i]])):
                    sequence = self._shifted(i, images)
                else:
                    sequence = self._register(i, unknown, images)
                if sequence is not None:
                    images[self.states[i]] = sequence
                    left.remove(i)
                    grown = True

    def _shifted(self, i: int, images: Mapping[Expr, Expr]) -> Expr | None:
        """The sequence of a state that known sequences give."""
        made = batched(self.next[i], self.length, images)
        if made is None:
            return None
        first = broadcast_to(self.initial[i][None], (1, *made.shape[1:]))
        return concatenate([made[1:], first] if self.reverse else [first, made[:-1]], 0)

    def _register(self, i: int, unknown: set[Expr], images: Mapping[Expr, Expr]) -> Expr | None:
        """The sequence of a state that keeps its last values, and takes known ones at one end."""
        s, x = self.states[i], self.next[i]
        static = isinstance(self.length, int) and s.ndim == 1 and isinstance(s.shape[0], int)
        if self.reverse or not static or x.op.name != "concatenate":
            return None
        p = int(s.shape[0])
        for way, (kept, *new) in ((1, x.args[1:]), (-1, x.args[:0:-1])):
            if kept.op is not INDEX or kept.args[0] is not s:
                continue
            at = positions(kept)
            k = 0 if at is None else p - at.size
            if at is None or k < 1 or not np.array_equal(at, np.arange(p)[::way][k:][::way]):
                continue
            if not unknown.isdisjoint(toposort(new)):
                continue
            made = batched(concatenate(new[::way]), self.length, images)
            if made is None:
                continue
            # In the order in which the values came.
            whole = concatenate([self.initial[i][::way], reshape(made[:, ::way], (-1,))])
            steps = np.arange(int(self.length))[:, None]
            return whole[k * steps + np.arange(p)[::way]]
        return None

    def _sequences(self, xs: Iterable[Expr], images: Mapping[Expr, Expr]) -> dict[Expr, Expr]:
        """Write expressions of one step for all steps: at once, or else by a loop."""
        unknown = {s for s in self.states if s not in images}
        out: dict[Expr, Expr] = {}
        rest: list[Expr] = []
        for x in dict.fromkeys(xs):
            open_state = not unknown.isdisjoint(toposort([x]))
            made = None if open_state else batched(x, self.length, images)
            if made is None:
                rest.append(x)
            else:
                out[x] = made
        if rest:
            extra = [s for s in images if s not in self.elements]
            out |= self._kept(rest, extra, [images[s] for s in extra])
        return out

    def _kept(
        self, wanted: list[Expr], extra: list[Expr], sequences: list[Expr]
    ) -> dict[Expr, Expr]:
        """Build a loop that stacks expressions, with the part of the state that they read."""
        read, needed = set(toposort(wanted)), set[int]()
        while True:
            more = {
                i
                for i, s in enumerate(self.states)
                if i not in needed and s in read and s not in extra
            }
            if not more:
                break
            needed |= more
            read |= set(toposort([self.next[i] for i in more]))
        at = sorted(needed)
        # A key that no one reads any more stays outside.
        inside = [(s, x) for s, x in zip(self.elements, self.given, strict=True) if s in read]
        inside += [(s, x) for s, x in zip(extra, sequences, strict=True) if s in read]
        parameters = [*(self.states[i] for i in at), *(s for s, _ in inside)]
        body, captured = close(parameters, [*(self.next[i] for i in at), *wanted])
        node = SCAN(
            body, self._length, self.reverse, len(at), len(inside),
            *(self.initial[i] for i in at), *(x for _, x in inside), *captured,
        )  # fmt: skip
        return {x: node[len(at) + j] for j, x in enumerate(wanted)}


def _aligned(w: Expr, i: int, p: Expr) -> Expr:
    """A sequence of a parameter, so that its batch dimensions meet those of the draws."""
    d = random_parts(w)[0]
    missing = (w.ndim - d.core) - (p.ndim - 1 - d.parameters[i].core)
    return p if missing <= 0 else reshape(p, (p.shape[0], *(1,) * missing, *p.shape[1:]))
