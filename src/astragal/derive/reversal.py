"""Conditionals by turning one arrow round with a reversal of the book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from astragal.density.joint import Factor, factorise, logdensity
from astragal.derive.bounds import both, conjuncts
from astragal.derive.conjugate import KEY, Found, Neighbourhood, Neighbourhoods, law_density
from astragal.derive.notation import write, write_law
from astragal.graph.expr import INPUT, Expr
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import KeyType, same_shape
from astragal.model import Model
from astragal.random.distribution import batch_shape, is_random
from astragal.random.keys import DEFAULT

if TYPE_CHECKING:
    from astragal.logic.relation import Relation

_OTHER = INPUT("key of the child", KeyType(DEFAULT, ()))


def by_reversal(
    near: Neighbourhood, reads: Neighbourhoods, relations: Callable[[], Mapping[str, Relation]]
) -> Found | str:
    """Find the law of a variable with one child by a relation of joint laws of pairs.

    The relations are asked for where one may apply.

    Returns
    -------
    Found, or str
        Why there is none.
    """
    z, own = near.z, near.own
    children = [f for f in near.factors if f is not own]
    if own is None or len(children) != 1 or near.extra:
        return "no reversal of the book applies to a variable with several children"
    (child,) = children
    if not is_random(child.rv) or z in toposort(own.parameters):
        return "no reversal of the book applies to it"
    paired = same_shape(batch_shape(child.rv), batch_shape(own.rv))
    if reads.depends(child.value, z) or not paired:
        return "no reversal of the book applies: it is not paired with its child one to one"
    parent = own.rv.op(KEY, batch_shape(own.rv), *own.parameters)
    parameters = substitute(child.parameters, {z: parent})
    below = child.rv.op(_OTHER, batch_shape(child.rv), *parameters)
    for relation in relations().values():
        if relation.kind != "reversal" or len(relation.left.roots) != 2:
            continue
        turned = relation.forward((parent, below))
        if turned is not None:
            return _found(near, child, relation, *turned)
    return "no reversal of the book applies to it and its child"


def _found(
    near: Neighbourhood, child: Factor, relation: Relation, parent: Expr, below: Expr
) -> Found | str:
    z = near.z
    (law,) = substitute([parent], {below: child.value})
    keys = [x for x in toposort([law]) if x in (KEY, _OTHER)]
    if keys == [_OTHER]:
        (law,) = substitute([law], {_OTHER: KEY})
    elif keys != [KEY]:
        return f"{relation.name} draws from more than one key"
    name = str(z.args[0])
    random = is_random(law)
    target = Model({"target": law})
    logq = law_density(law, z) if random else logdensity(target, {"target": z})
    marginal = _marginal(below, child)
    return Found(
        targets=(name,),
        family=law.op.name if random else near.own.family if near.own is not None else "",
        law=law if random else None,
        outputs={name: law},
        logq=logq,
        marginal=marginal,
        text=lambda labels: _text(law, labels),
        relation=relation.name,
        finder="reversal_of_the_book",
    )


def _marginal(below: Expr, child: Factor) -> Expr:
    """Log density of the child by itself, with what its support says besides what is kept."""
    joint = factorise(Model({"child": below}), [], name_all=True)
    (whole,) = joint.factors if len(joint.factors) == 1 and not joint.jacobians else (None,)
    if whole is None or whole.value.op is not INPUT:
        plain: Expr = logdensity(Model({"child": below}), {"child": child.value})
        return plain
    at = {whole.value: child.value}
    density, support = substitute([whole.density], at)[0], None
    known = set() if child.support is None else set(conjuncts(child.support))
    if whole.support is not None:
        for part in conjuncts(substitute([whole.support], at)[0]):
            if part not in known:
                support = both(support, part)
    return replace(whole, density=density, support=support).total


def _text(law: Expr, labels: Mapping[Expr, str]) -> str:
    """Write a law, or a function of one, with the random variable as its distribution."""
    if is_random(law):
        return write_law(law, labels)
    drawn = {n: INPUT(write_law(n, labels), n.type) for n in toposort([law]) if is_random(n)}
    return write(substitute([law], drawn)[0], labels)
