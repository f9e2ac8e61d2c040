"""XLA may merge two constants, invert a divisor, or fuse a product into a sum: nowhere here.

The program of every law is traced as it is handed to XLA, with parameters that it knows when it
compiles, and is searched for what XLA's simplifications could change by a last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from laws import CONTINUOUS, DISCRETE, OTHERS  # type: ignore[import-not-found]

import astragal as ag

jax = pytest.importorskip("jax")
core = pytest.importorskip("jax.extend.core")

SUMS = ("add", "sub")
# What XLA looks through: the number stays as it is.
THROUGH = ("broadcast_in_dim", "reshape", "squeeze", "neg", "copy")


class Search:
    """A search of a program for operations that XLA could merge."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def of(self, jaxpr: Any, known: set[Any]) -> None:
        """Search one program, of which some inputs are known when it is compiled."""
        made: dict[Any, Any] = {}
        for equation in jaxpr.eqns:
            inputs = equation.invars
            if all(self.is_known(v, known) for v in inputs) and equation.primitive.name != "while":
                known.update(equation.outvars)
            made.update(dict.fromkeys(equation.outvars, equation))
            self.judge(equation, made, known)
            for inner, given in self.inner(equation):
                pairs = zip(inner.invars, given, strict=True)
                self.of(inner, {a for a, b in pairs if b is not None and self.is_known(b, known)})

    @staticmethod
    def is_known(v: Any, known: set[Any]) -> bool:
        return isinstance(v, core.Literal) or v in known

    def judge(self, equation: Any, made: Any, known: set[Any]) -> None:
        """Look at an operation of floating point and at those that it uses."""
        user = equation.primitive.name
        if user not in ("mul", "div", *SUMS) or equation.outvars[0].aval.dtype.kind != "f":
            return
        if all(self.is_known(v, known) for v in equation.invars):
            return
        if user == "div" and self.is_known(equation.invars[1], known):
            self.found.append(f"division by a constant: {equation}")
        for v in equation.invars:
            used = None if isinstance(v, core.Literal) else made.get(v)
            while used is not None and used.primitive.name in THROUGH:
                inside = used.invars[0]
                used = None if isinstance(inside, core.Literal) else made.get(inside)
            if used is None or used.outvars[0] in known:
                continue
            name = used.primitive.name
            both = all(any(self.is_known(x, known) for x in q.invars) for q in (equation, used))
            if (
                (user in SUMS and (name in ("mul", "square") or (name in SUMS and both)))
                or (user == "mul" and (name in ("div", "sqrt") or (name == "mul" and both)))
                or (user == "div" and name in ("div", "sqrt", "mul"))
            ):
                self.found.append(f"{name} into {user}: {used} -> {equation}")

    @staticmethod
    def inner(equation: Any) -> list[tuple[Any, list[Any]]]:
        """Give the programs inside an operation, with what is known of their inputs."""
        parameters, name = equation.params, equation.primitive.name
        if name == "while":
            n, m = parameters["cond_nconsts"], parameters["body_nconsts"]
            carried = [None] * (len(equation.invars) - n - m)
            return [
                (parameters["cond_jaxpr"].jaxpr, [*equation.invars[:n], *carried]),
                (parameters["body_jaxpr"].jaxpr, [*equation.invars[n : n + m], *carried]),
            ]
        if name == "cond":
            return [(b.jaxpr, list(equation.invars[1:])) for b in parameters["branches"]]
        if name == "scan":
            n = parameters["num_consts"]
            rest = [None] * (len(equation.invars) - n)
            return [(parameters["jaxpr"].jaxpr, [*equation.invars[:n], *rest])]
        if "jaxpr" in parameters:
            closed = parameters["jaxpr"]
            return [(getattr(closed, "jaxpr", closed), list(equation.invars))]
        return []


def merged(draw: Callable[[Any], Any]) -> list[str]:
    """List what XLA could merge in the program of a draw."""
    data = ag.input("data", shape=(6,), dtype="uint32")
    key = ag.wrap_key_data(data, impl="threefry4x32")
    f = ag.function([data], draw(key), backend="jax")
    closed = jax.make_jaxpr(f.pure)(np.arange(1, 7, dtype="uint32"))
    search = Search()
    search.of(closed.jaxpr, set(closed.jaxpr.constvars))
    return search.found


CASES = {c.name: c for c in (*OTHERS, *CONTINUOUS, *DISCRETE)}
R = ag.random
# Not those with hats of steps (`random/staircase.py`): log densities, which are merged, only decide
# there which step is taken.
LAWS = {
    "mixture": R.mixture.law([0.3, 0.7], [R.normal.law(-1.0, 0.5), R.gamma.law(2.0, rate=3.0)]),
    "truncated": R.truncated.law(R.gamma.law(2.5, rate=4.0), 0.5, 3.0),
    "skewed": R.truncated.law(R.skew_normal.law(0.3, 1.2, 2.0), 4.0),
    "mixed": R.truncated.law(R.ex_gaussian.law(0.3, 1.2, 2.0), 4.0),
    "counts": R.truncated.law(R.poisson.law(2.5), 12),
    "censored": R.censored.law(R.logistic.law(1.0, 0.6), 0.2, 2.5),
    "transformed": R.transformed.law(R.student_t.law(3.5), "affine", 1.0, -2.0),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_in_a_sampler_can_be_merged(name: str) -> None:
    case = CASES[name]
    assert merged(lambda key: case.draw(key, 50)) == []


@pytest.mark.parametrize("name", ["uniform", "normal", "exponential", "gamma", "beta"])
def test_nor_in_one_of_float32(name: str) -> None:
    case = CASES[name]
    assert merged(lambda key: case.draw(key, 50, "float32")) == []


@pytest.mark.parametrize("name", LAWS)
def test_nor_in_a_law_of_laws(name: str) -> None:
    assert merged(lambda key: LAWS[name](key, 50)) == []


def test_what_could_be_merged_is_found() -> None:
    def program(x: Any) -> Any:
        y = 0.1 * (-(0.7 * x))
        z = jax.lax.while_loop(lambda s: s < 3.0, lambda s: s * s + 1.0, x[0])
        return (x + 0.1) - 0.3, y, x / 0.3, z, jax.lax.min(0.7 * x, 1e30) + 1.0

    search = Search()
    search.of(jax.make_jaxpr(program)(np.ones(3, "float32")).jaxpr, set())
    kinds = sorted(text.split(":")[0] for text in search.found)
    assert kinds == ["add into sub", "division by a constant", "mul into add", "mul into mul"]


def test_parameters_that_are_constants_change_no_bit() -> None:
    # XLA made one of the two constants that are factors of its random number.
    parameters = {"left": 0.1, "mode": 0.7, "right": 1.9}
    key = ag.input("key", dtype="key")
    x = R.triangular(key, size=5000, **parameters)
    first, second = (
        np.asarray(ag.function([key], x, backend=b)(ag.evaluate(ag.key(3))))
        for b in ("numpy", "jax")
    )
    assert np.array_equal(first, second)
