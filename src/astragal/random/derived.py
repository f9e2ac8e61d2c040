"""What declarations made from others share.

The result is a `Distribution` like any other: its parameters are those of what it is made of,
and everything else (sampler, log density, moments, checks) is derived from theirs. Nothing
here knows a family by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.random.distribution import (
    Distribution,
    Joint,
    Tails,
)
from astragal.random.sampler import Kernel, Source
from astragal.random.tails import (
    is_discrete,
    tails_of,
)

if TYPE_CHECKING:
    from astragal.random.lower import Draws

Params = Sequence[Expr]


def is_scalar(d: Distribution) -> bool:
    """Tell whether the values are single numbers."""
    return not d.core and d.dtype in ("float", "int64")


def require_scalar(d: Distribution, what: str) -> None:
    """Refuse laws whose values are no single numbers."""
    if not is_scalar(d) or d.sampler is None:
        raise UnsupportedError(f"{what} takes laws of single numbers, {d.name} is none")


def is_atom(d: Distribution, x: Expr, p: Params) -> Expr | bool:
    """Whether a value of the support has a probability of its own; False where none has."""
    if is_discrete(d):
        return True
    return False if d.atoms is None else d.atoms(x, *p)


def has_atoms(d: Distribution) -> bool:
    """Tell whether some value may have a probability of its own."""
    return is_discrete(d) or d.atoms is not None


def sample(d: Distribution, draws: Draws, p: Params) -> Expr:
    """Draw with the sampler of another distribution."""
    if isinstance(d.sampler, Kernel):
        return draws.values(d.sampler, *p)  # type: ignore[no-any-return]
    x: Expr = d.sampler.draw(draws, *p)
    return x


def part(source: Source, kernel: Kernel) -> Source:
    """The bits of an element as a kernel expects them: a block, or half of one."""
    return source if kernel.block else replace(source, first=source.first[:1])


def joint_of(
    d: Distribution, own: Callable[[Params], Params], names: Callable[[str], str] = str
) -> tuple[Joint, ...]:
    """Give what the parameters of a law must fulfil together, of those of a law made of it."""

    def of(j: Joint) -> Joint:
        return Joint(names(j.name), lambda *args: j.holds(*own(args)), j.words)

    return tuple(map(of, d.joint))


def word(d: Distribution) -> str:
    """Write the name of a distribution in a formula."""
    return "".join(w.capitalize() for w in d.name.split("_"))


def tails_if_any(laws: Sequence[Distribution], tails: Tails) -> Tails | None:
    """Give tails that need those of some laws, None where a law has none."""
    try:
        for d in laws:
            tails_of(d)
    except UnsupportedError:
        return None
    return tails
