"""Exact posteriors: one latent after the other is integrated out, then drawn in reverse.

If z given the rest is a known law q, the density of the rest is joint / q, which is the
reversal of z's arrows: it holds no z. Where this can be repeated until nothing latent is
left, what remains is the evidence, and drawing in the reverse order gives independent
draws of the posterior.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from astragal.density.joint import Factor, Joint
from astragal.derive.bounds import above_zero, free_part
from astragal.derive.centres import settled
from astragal.derive.chains import hidden_chains
from astragal.derive.conjugate import (
    KEY,
    Found,
    Neighbourhood,
    Neighbourhoods,
    centre_of,
    conjugate,
    law_density,
)
from astragal.derive.covariances import matrix_law
from astragal.derive.designs import by_orthogonal_columns
from astragal.derive.discrete import enumerated
from astragal.derive.gaussian import LARGEST_BLOCK, Block, gaussian, gaussian_blocks, terms_of
from astragal.derive.matrix_normal import covariances, matrix_normal
from astragal.derive.notation import write_law
from astragal.derive.relations import book
from astragal.derive.reversal import by_reversal
from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS
from astragal.ops import reductions as r
from astragal.ops.manipulation import broadcast_to
from astragal.random.distribution import batch_shape


@dataclass(frozen=True, eq=False)
class Link:
    """Some latents of a chain: their law given those after it, and how it was found."""

    found: Found
    nears: tuple[Neighbourhood, ...]

    @property
    def name(self) -> str:
        """The names of its variables, joined."""
        return "+".join(self.found.targets)


def closed_forms(
    reads: Neighbourhoods, names: list[str], blocks: bool = True, dense_to: int = 0
) -> Iterator[Link]:
    """Give the conditionals in closed form, jointly normal blocks first."""
    blocked: set[str] = set()
    for block in gaussian_blocks(reads, names) if blocks else ():
        single = len(block.names) == 1
        if single and isinstance(conjugate(reads.of(block.names[0]), reads), Found):
            continue  # its elements are independent: no matrix is needed
        blocked.update(block.names)
        yield Link(_block_law(block, reads, dense_to), tuple(reads.of(n) for n in block.names))
    for chain, law in hidden_chains(reads, names):
        if blocked.isdisjoint(law.targets):
            blocked.update(law.targets)
            yield Link(law, chain.nears)
    for name in names:
        if name not in blocked:
            near = reads.of(name)
            found = elementwise_law(near, reads)
            if isinstance(found, Found):
                yield Link(found, (near,))


def _block_law(block: Block, reads: Neighbourhoods, dense_to: int) -> Found:
    """Give the law of a jointly normal block, found once for the same terms."""
    terms = terms_of([reads.of(n) for n in block.names])
    key = (_block_law, block.names, terms, tuple(covariances(block.names, reads)), dense_to)
    if key not in reads.blocks:
        reads.blocks[key] = (
            matrix_normal(block.names, reads)
            or by_orthogonal_columns(block, reads, dense_to)
            or gaussian(block, reads, dense_to)
        )
    law: Found = reads.blocks[key]
    return law


def elementwise_law(near: Neighbourhood, reads: Neighbourhoods) -> Found | str:
    """Find the law of a variable whose elements are independent, or say why there is none."""
    if near.seen not in reads.laws:
        reads.laws[near.seen] = _elementwise_law(near, reads)
    return reads.laws[near.seen]


def _elementwise_law(near: Neighbourhood, reads: Neighbourhoods) -> Found | str:
    own = near.own
    alone = own is not None and near.factors == (own,) and not near.extra and own.sampled
    # All steps of a loop at once have parameters that read the variable itself.
    if alone and own is not None and near.z not in toposort(own.parameters):
        return _own_law(near, own)
    found = matrix_law(near, reads)
    if found is None:
        found = conjugate(near, reads) if near.z.dtype in FLOATS else enumerated(near)
    if isinstance(found, Found):
        return found
    turned = by_reversal(near, reads, book)
    return turned if isinstance(turned, Found) else found


def _own_law(near: Neighbourhood, own: Factor) -> Found:
    """What nothing else reads is drawn from its own distribution."""
    name = str(near.z.args[0])
    law = own.rv.op(KEY, batch_shape(own.rv), *own.parameters)
    return Found(
        targets=(name,),
        family=own.family,
        law=law,
        outputs={name: law},
        logq=law_density(law, near.z) if own.relative is None else r.sum(own.relative),
        marginal=scalar(0.0, "float64"),
        text=lambda labels: write_law(law, labels),
        finder="own_law",
        centre=centre_of(law, name),
    )


def collapse(reads: Neighbourhoods, links: list[Link], latent: list[str]) -> Joint:
    """Integrate variables that share no term out of a joint law, beside other latents."""
    joint = reads.joint
    nears = [near for link in links for near in link.nears]
    zs = [near.z for near in nears]
    touched = {f: near.z for near in nears for f in near.factors}
    near_of = {near.z: near for near in nears}
    own = {near.own for near in nears}
    gone = {str(z.args[0]) for z in zs}
    zero = scalar(0.0, "float64")

    def without(f: Factor) -> Factor:
        if f not in touched:
            return f
        # A condition on what is summed out has been summed over.
        support = f.support
        for z in toposort([] if support is None else [support]):
            near = near_of.get(z)
            if near is not None and support is not None:
                support = free_part(support, z, above_zero(near.own))
        # Elements outside a support that is left are looked at one by one.
        density = zero if support is None else broadcast_to(zero, f.density.shape)
        return replace(f, density=density, support=support)

    spent = {j for near in nears for j in near.extra}
    jacobians = {n: j for n, j in joint.jacobians.items() if j not in spent}
    for link in links:
        at_centre = settled(link, reads, latent)
        jacobians[f"without {link.name}"] = link.found.marginal if at_centre is None else at_centre
    return Joint(
        joint.model,
        {n: x for n, x in joint.coordinates.items() if n not in gone},
        tuple(without(f) for f in joint.factors if f not in own),
        jacobians,
        joint.values,
    )


Chain = tuple[list[Link], Expr]
Allowed = Callable[[Link], bool]


def exact_chain(
    reads: Neighbourhoods, latent: list[str], allowed: Allowed, tries: int = 24
) -> Chain | None:
    """Integrate all latents out.

    Parameters
    ----------
    reads
        The joint law.
    latent
        Names to integrate out.
    allowed
        Whether a law may be used.
    tries
        Most ways to go on that are tried, beyond one a latent, where a few latents
        are taken one by one.

    Returns
    -------
    (links, log evidence), or None
        Links in the order in which they were integrated out; None where no order among
        those tried reached the end.
    """
    joint = reads.joint
    order = {f.value: i for i, f in enumerate(joint.factors)}
    ranked = sorted(latent, key=lambda n: -order[joint.coordinates[n]])
    # Elementwise laws are cheaper than a matrix, and read better.
    for blocks in (False, True):
        found = _in_bulk(reads, ranked, allowed, blocks)
        if found is None and 1 < len(latent) <= _FEW:
            found = _one_by_one(reads, ranked, allowed, blocks, [tries + len(latent)])
        if found is not None:
            return found
    return None


_FEW = 8


def _in_bulk(
    reads: Neighbourhoods, left: list[str], allowed: Allowed, blocks: bool
) -> Chain | None:
    """At each turn integrate out all that share no term, the last of the graph first."""
    links, now, kept = integrate_out(reads, left, allowed, blocks)
    return None if kept else (links, now.total)


def integrate_out(
    reads: Neighbourhoods, left: list[str], allowed: Allowed, blocks: bool
) -> tuple[list[Link], Joint, list[str]]:
    """Integrate latents out as far as it goes.

    Returns
    -------
    links, joint, left
        The laws of what was integrated out, in that order; the joint law of the rest; and
        the latents that are left in it.
    """
    links: list[Link] = []
    now = reads.joint
    while left:
        batch: list[Link] = []
        taken: set[object] = set()
        for link in closed_forms(reads, left, blocks, LARGEST_BLOCK):
            parts = {x for near in link.nears for x in (*near.factors, *near.extra)}
            if taken.isdisjoint(parts) and allowed(link):
                batch.append(link)
                taken |= parts
        if not batch:
            break
        now = collapse(reads, batch, left)
        reads = reads.after(now)
        done = {n for link in batch for n in link.found.targets}
        left = [n for n in left if n not in done]
        links += batch
    return links, now, left


def _one_by_one(
    reads: Neighbourhoods, left: list[str], allowed: Allowed, blocks: bool, budget: list[int]
) -> Chain | None:
    """Try the orders, one latent at a time."""
    if not left:
        return [], reads.joint.total
    for link in closed_forms(reads, left, blocks, LARGEST_BLOCK):
        if budget[0] <= 0:
            return None
        budget[0] -= 1
        if not allowed(link):
            continue
        rest = [n for n in left if n not in link.found.targets]
        after = reads.after(collapse(reads, [link], rest))
        chain = _one_by_one(after, rest, allowed, blocks, budget)
        if chain is not None:
            return [link, *chain[0]], chain[1]
    return None
