"""Checking a conditional against the joint log density, before it is used.

At generic values of everything else, the log ratio of a conditional and the joint
density must be the same at all values of the variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from astragal.derive.conjugate import Found
from astragal.graph.errors import AstragalError, DomainError, UnsupportedError
from astragal.graph.expr import Expr

Array = np.ndarray[Any, Any]
Draw = Callable[[np.random.Generator], Array]


class DerivationError(AstragalError, AssertionError):
    """A derived conditional does not agree with the joint density: a defect of ours."""


class Unchecked(DerivationError):
    """No point was found where a derived conditional could be checked, so that it is not used."""


def compiled(inputs: Sequence[Expr], outputs: Sequence[Expr]) -> Callable[..., list[Any]]:
    """Compile graphs for a few calls, with the reference backend.

    Simplified as a function is: ``log1p(-expit(x))`` as written loses its digits at 33 and is
    minus infinity from 37 on, so that two right densities would differ.
    """
    from astragal.compile.numpy import compile_numpy
    from astragal.compile.simplify import simplify

    run = compile_numpy(list(inputs), list(simplify(outputs)))

    def call(*values: Any) -> list[Any]:
        with np.errstate(all="ignore"):
            return list(run(*values))

    return call


def check_conditional(
    found: Found,
    joint: Expr,
    point: Callable[[np.random.Generator], Mapping[str, Array]],
    coordinates: Mapping[str, Expr],
    *,
    tolerance: float = 1e-7,
) -> None:
    """Compare a conditional law with the joint log density.

    Parameters
    ----------
    found
        The conditional.
    joint
        Log density of its targets and everything else, up to terms free of the targets.
    point
        Gives generic values of all coordinates.
    coordinates
        The inputs, by name.

    Raises
    ------
    DerivationError
        Naming the step, where the log ratio varies.
    Unchecked
        Where no point of positive density was found.
    """
    step = "+".join(found.targets)
    names = list(coordinates)
    run = compiled([coordinates[n] for n in names], [joint, found.logq])
    rng = np.random.default_rng(20_03)
    compared = 0
    draw: Callable[[Mapping[str, Array]], Mapping[str, Array]] | None = None
    for i in range(20):
        rest = point(rng)
        ratios, sizes = [], []
        if i == _GENERIC and not compared:
            draw = _drawn(found, coordinates, rng)
        for _ in range(4):
            try:
                moved = point(rng) if draw is None else draw(rest)
            except DomainError:  # the point is one that the law has no parameters at
                break
            values = [(moved if n in found.targets else rest)[n] for n in names]
            p, q = (float(v) for v in run(*values))
            if np.isfinite(p) and np.isfinite(q):
                ratios.append(q - p)
                sizes.append(abs(p) + abs(q))
        if len(ratios) < 2:
            continue
        compared += 1
        gap = max(ratios) - min(ratios)
        if not gap <= _within(tolerance, joint, found.logq) * (1.0 + max(sizes)):
            raise DerivationError(
                f"the step for {step} was derived as {found.family}, but its log density differs "
                f"from the joint one by {gap:.3g} between two points; please report this model"
            )
        if compared == 3:
            return
    raise Unchecked(
        f"the step for {step} was derived as {found.family}, but no point was found where it "
        "could be checked against the joint density"
    )


def _within(tolerance: float, *densities: Expr) -> float:
    """Give the tolerance that a comparison of densities of these types can hold."""
    return SINGLE if any(x.dtype == "float32" for x in densities) else tolerance


SINGLE = 1e-4
"""Relative tolerance in single precision: a thousand roundings of 2**-23."""

_GENERIC = 10
"""Points without a density above zero, after which values are drawn from the law that is checked:
of states that data tie down hardly any generic ones are possible."""


def _drawn(
    found: Found, coordinates: Mapping[str, Expr], rng: np.random.Generator
) -> Callable[[Mapping[str, Array]], Mapping[str, Array]]:
    """Draw the targets of a law given a point."""
    from astragal.compile import function
    from astragal.derive.conjugate import KEY
    from astragal.random.keys import key

    run = function([KEY, *coordinates.values()], list(found.outputs.values()), backend="numpy")

    def draw(rest: Mapping[str, Array]) -> Mapping[str, Array]:
        new = run(key(int(rng.integers(2**31))), *(rest[n] for n in coordinates))
        return {**rest, **dict(zip(found.outputs, new, strict=True))}

    return draw


def check_exact(
    laws: Sequence[Found],
    coordinates: Mapping[str, Expr],
    joint: Expr,
    evidence: Expr,
    point: Callable[[np.random.Generator], Mapping[str, Array]],
    *,
    tolerance: float = 1e-7,
) -> None:
    """Check an exact posterior: log joint = log evidence + log laws, at generic points.

    Raises
    ------
    DerivationError
        Where they differ.
    """
    total = evidence
    for found in laws:
        total = total + found.logq
    shown = ", ".join(f"{'+'.join(f.targets)} ~ {f.family}" for f in laws)
    what = f"the exact posterior ({shown}) times the evidence differs from the joint density"
    if not _compare(joint, total, coordinates, point, what, tolerance):
        raise Unchecked("no point was found where the exact posterior could be checked")


def check_same(
    before: Expr,
    after: Expr,
    coordinates: Mapping[str, Expr],
    point: Callable[[np.random.Generator], Mapping[str, Array]],
    *,
    what: str = "with auxiliary variables",
    tolerance: float = 1e-7,
) -> None:
    """Check that a joint density written in another way is the same, at generic points.

    ``what`` says in which way.

    Raises
    ------
    DerivationError
        Where they differ.
    UnsupportedError
        Where no point of positive density was found.
    """
    differs = f"the joint density {what} differs from what it was"
    if not _compare(before, after, coordinates, point, differs, tolerance):
        raise UnsupportedError(
            f"no point was found where the joint density {what} could be checked"
        )


def _compare(
    one: Expr,
    other: Expr,
    coordinates: Mapping[str, Expr],
    point: Callable[[np.random.Generator], Mapping[str, Array]],
    what: str,
    tolerance: float,
) -> int:
    """Compare two log densities at generic points, and count those where both are finite."""
    names = list(coordinates)
    run = compiled([coordinates[n] for n in names], [one, other])
    rng = np.random.default_rng(20_04)
    compared = 0
    for _ in range(60):
        values = point(rng)
        p, q = (float(v) for v in run(*(values[n] for n in names)))
        if not (np.isfinite(p) and np.isfinite(q)):
            continue
        if not abs(p - q) <= _within(tolerance, one, other) * (1.0 + abs(p) + abs(q)):
            gap = abs(p - q)
            raise DerivationError(f"{what} by {gap:.3g} on the log scale; please report this model")
        compared += 1
        if compared == 4:
            break
    return compared
