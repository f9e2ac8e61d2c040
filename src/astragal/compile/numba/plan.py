"""What is computed where: which nodes are stored, which run inside the loops of others.

A node of a graph is

- *scalar*: a number, one statement;
- *lazy*: an array of which any element can be computed alone (elementwise operations,
  views); it lives inside the loops of its users;
- *stored*: a lazy array that is written to memory by a loop;
- *reduced*: the result of a loop that folds;
- *opaque*: everything else; it needs its operands in memory.

Stored and reduced nodes of one iteration space that do not wait for one another share
a loop. Levels order the work: a loop of level n runs after all loops below n.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Sequence

from astragal.compile.numba.elementwise import cost
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import children
from astragal.graph.types import Dim, TensorType, TupleType

REDUCTIONS = frozenset({"sum", "prod", "max", "min", "any", "all", "greatest"})
VIEWS = frozenset({"index", "broadcast_to", "permute_dims"})
SOURCES = frozenset({"full", "iota"})
# Operations that read elements of some operands one by one: those may stay lazy.
UPDATES = frozenset({"set_index", "add_index"})
ELEMENT_READERS = frozenset({"concatenate", "stack", "set_index", "add_index"})

SHORT = 8  # nodes from which a body of scalars that is called is a function of the module
LONG = 30  # nodes from which a body of scalars is compiled on its own
LONG_INSIDE = 250  # the same, inside such a body or a long loop: there it is faster in place
NEVER = 2**62
DEPTH = 40  # longest chain of operations inside one loop body
DEAR = 10  # cost from which an element is not computed twice
SHARED = 4  # cost from which an element is not computed in two loops


def below(outputs: Sequence[Expr], known: Collection[Expr]) -> list[Expr]:
    """List the nodes under the outputs, arguments first, down to those already known."""
    order: list[Expr] = []
    done: set[Expr] = set()
    for root in outputs:
        stack: list[tuple[Expr, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in done or node in known:
                continue
            if ready:
                done.add(node)
                order.append(node)
                continue
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args) if isinstance(a, Expr))
    return order


def is_lazy(node: Expr) -> bool:
    """Tell whether any element of an array can be computed alone."""
    if node.op.name == "item":
        return node.args[0].op.name == "map" and bool(node.type.shape)
    if isinstance(node.type, TupleType):
        return False
    name = node.op.name
    return bool(node.type.shape) and (node.op.elementwise or name in VIEWS or name in SOURCES)


def is_one(dim: Dim) -> bool:
    """Tell whether a dimension is known to be one, so that it broadcasts."""
    return isinstance(dim, int) and dim == 1


def expands(node: Expr, user: Expr) -> bool:
    """Tell whether a user reads elements of a node more than once each."""
    if user.op.name in ("index", "set_index", "add_index"):
        return any(s[0] == "expr" for s in user.args[1 if user.op.name == "index" else 2])
    if user.op.name == "broadcast_to" or user.op.elementwise:
        first = user.type.items[0] if isinstance(user.type, TupleType) else user.type
        shape = first.shape
        return len(shape) > len(node.type.shape) or any(
            is_one(a) and not is_one(b) for a, b in zip(node.type.shape, shape, strict=True)
        )
    return False


def bodies(nodes: Sequence[Expr]) -> list[Subgraph]:
    """List the subgraphs that nodes use directly."""
    return [a for n in nodes for a in n.args if isinstance(a, Subgraph)]


_SIZES: weakref.WeakKeyDictionary[Subgraph, int] = weakref.WeakKeyDictionary()


def body_size(body: Subgraph) -> int:
    """Count the nodes of a subgraph of scalars, inner bodies included.

    It is 0 if the body has arrays or checks: a C function can neither take the ones nor
    raise from the others.
    """
    found = _SIZES.get(body)
    if found is not None:
        return found
    order = below(body.outputs, ())
    inner = [body_size(b) for b in bodies(order)]
    types = [t for n in (*order, *body.parameters) for t in getattr(n.type, "items", (n.type,))]
    scalars = all(isinstance(t, TensorType) and not t.shape for t in types) and all(inner)
    scalars = scalars and not any(n.op.name == "require" for n in order)
    size = _SIZES[body] = len(order) + sum(inner) if scalars and order else 0
    return size


_STRAIGHT: weakref.WeakKeyDictionary[Subgraph, bool] = weakref.WeakKeyDictionary()


def is_straight(body: Subgraph) -> bool:
    """Tell whether a body has no loops, so that it can become SIMD."""
    found = _STRAIGHT.get(body)
    if found is None:
        order = below(body.outputs, ())
        found = not any(n.op.name in ("while_loop", "scan", "random_bits") for n in order)
        found = _STRAIGHT[body] = found and all(map(is_straight, bodies(order)))
    return found


_READ: weakref.WeakKeyDictionary[Subgraph, frozenset[int]] = weakref.WeakKeyDictionary()


def read_by(body: Subgraph) -> frozenset[int]:
    """Give the positions of the parameters that a body reads."""
    found = _READ.get(body)
    if found is None:
        nodes = set(below(body.outputs, ()))
        found = frozenset(i for i, p in enumerate(body.parameters) if p in nodes)
        _READ[body] = found
    return found


def updated_in_place(body: Subgraph, count: int) -> frozenset[int]:
    """Give the positions of state that a loop's body updates before anybody else reads it.

    Then nobody can see the array before the update, and the loop keeps one array. After the
    update the body may read it, where what is read is no part of the array itself.
    """
    found = set()
    users: dict[Expr, list[Expr]] = {}
    for n in below(body.outputs, ()):
        for c in children(n):
            users.setdefault(c, []).append(n)

    def private(x: Expr) -> bool:
        return len(users[x]) == 1 and x not in body.outputs

    for k in range(count):
        last = node = body.outputs[k]
        if body.outputs.count(last) > 1 or not all(map(_takes_no_part, users.get(last, ()))):
            continue
        while node.op.name in UPDATES and (node is last or private(node)):
            node = node.args[0]
        if node is body.parameters[k] and node is not last and private(node):
            found.add(k)
    return frozenset(found)


def _takes_no_part(reader: Expr) -> bool:
    """Tell whether a result shares no memory with the arrays that it is made from."""
    if isinstance(reader.type, TupleType):
        return all(not t.shape for t in reader.type.items)
    return reader.op.elementwise or not reader.type.shape


def branch_homes(
    order: Sequence[Expr], outputs: Collection[Expr], users: dict[Expr, list[Expr]]
) -> dict[Expr, tuple[Expr, int]]:
    """Find what only one branch of a switch needs: it is computed there, if it is taken.

    A branch is closed over nothing, so tracing put whatever does not depend on its
    parameters before the switch.
    """
    home: dict[Expr, tuple[Expr, int]] = {}
    if not any(n.op.name == "switch" for n in order):
        return home
    wanted = set(outputs)
    for n in reversed(order):
        if n in wanted or is_constant(n):
            continue
        places: set[tuple[Expr, int] | None] = set()
        for u in users[n]:
            if u in home:
                places.add(home[u])
            elif u.op.name == "switch" and n is not u.args[1]:
                count = u.args[0]
                at = {i for i, a in enumerate(u.args[2 + count :]) if a is n}
                reading = [j for j in range(count) if at & read_by(u.args[2 + j])]
                places.add((u, reading[0]) if len(reading) == 1 else None)
            else:
                places.add(None)
            if None in places or len(places) > 1:
                break
        if len(places) == 1 and None not in places:
            (place,) = places
            assert place is not None
            home[n] = place
    return home


class Plan:
    """The kinds, levels and loops of the nodes under some outputs.

    Attributes
    ----------
    order : list of Expr
        All nodes to compute, arguments first.
    stored : set of Expr
        Lazy nodes that are written to memory.
    level : dict of Expr to int
    home : dict of Expr
        For what only one branch of a switch needs, the switch and the branch.
    """

    def __init__(self, outputs: Sequence[Expr], known: Collection[Expr]) -> None:
        self.order = below(outputs, known)
        self.lazy = {n for n in self.order if is_lazy(n)}
        self.users: dict[Expr, list[Expr]] = {n: [] for n in self.order}
        for n in self.order:
            for c in children(n):
                if c in self.users:
                    self.users[c].append(n)
        self.home = branch_homes(self.order, outputs, self.users)
        self.stored: set[Expr] = {o for o in outputs if o in self.lazy}
        self._force()
        self.level = self._levels()
        if self.lazy - self.stored:
            self._share()
            self.level = self._levels()

    def is_loop(self, node: Expr) -> bool:
        """Tell whether a node is computed by a loop of its own or a shared one."""
        return node in self.stored or node.op.name in REDUCTIONS

    def space(self, node: Expr) -> tuple[object, ...]:
        """Give the iteration space of a loop."""
        return (node.args[0] if node.op.name in REDUCTIONS else node).type.shape

    def _force(self) -> None:
        """Store what opaque operations read, several results of one map, and long chains."""
        depth: dict[Expr, int] = {}
        for n in self.order:
            name = n.op.name
            if n in self.lazy:
                d = 1 + max((depth.get(c, 0) for c in children(n)), default=0)
                if name == "map" and isinstance(n.type, TupleType):
                    pass
                if d > DEPTH:
                    self.stored.add(n)
                depth[n] = 0 if n in self.stored else d
                if name == "item" and len(set(self.users[n.args[0]])) > 1:
                    self.stored.add(n)
            elif name not in REDUCTIONS and n.op.name != "index" and not n.op.elementwise:
                soft = set()
                if name in ELEMENT_READERS:
                    soft = set(children(n)[0 if name in ("stack", "concatenate") else 1 :])
                self.stored.update(c for c in children(n) if c in self.lazy and c not in soft)

    def _levels(self) -> dict[Expr, int]:
        level: dict[Expr, int] = {}
        for n in self.order:
            level[n] = max(
                (level[c] + self.is_loop(c) for c in children(n) if c in level), default=0
            )
        return level

    def _share(self) -> None:
        """Store what several loops would compute again, at a price."""
        inline: dict[Expr, int] = {}
        for n in self.order:
            if n in self.lazy or n.op.name == "map":
                own = cost(n.op.name)
                inline[n] = min(
                    own + sum(inline.get(c, 0) for c in children(n) if c not in self.stored),
                    10_000,
                )
        loops: dict[Expr, frozenset[object]] = {}
        for n in reversed(self.order):
            if n not in self.lazy and n.op.name != "map":
                continue
            found: set[object] = set()
            for u in self.users[n]:
                if self.is_loop(u):
                    found.add((self.level[u], self.space(u)))
                elif u in self.lazy or u.op.name == "map":
                    found |= loops.get(u, frozenset())
                else:
                    found.add(u)
            loops[n] = frozenset(list(found)[:8])
            if n in self.stored or n not in self.lazy or not inline[n]:
                continue
            users = self.users[n]
            viewed = any(u.op.name in VIEWS or expands(n, u) for u in users)
            if (
                (len(found) > 1 and inline[n] > SHARED)
                or (viewed and len(users) > 1 and inline[n] > 2)
                or (inline[n] >= DEAR and any(expands(n, u) for u in users))
            ):
                self.stored.add(n)
