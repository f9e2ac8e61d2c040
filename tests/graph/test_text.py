"""Text of expressions: Python's own precedence, shared parts named, long graphs abridged."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import astragal as ag

x, y = ag.input("x"), ag.input("y")
v, m = ag.input("v", (3,)), ag.input("m", (2, 3))


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        ((x + y) * y - (y - x), "(x + y) * y - (y - x)"),
        (x - (y - x), "x - (y - x)"),
        (x / (y / x), "x / (y / x)"),
        (-(x**2), "-x**2.0"),
        ((-x) ** 2, "(-x)**2.0"),
        (x ** (y**x), "x**y**x"),
        ((x**y) ** x, "(x**y)**x"),
        (2.0**-x, "2.0**(-x)"),
        (x * -2.0, "x * -2.0"),
        ((x < 1) & (y > 2), "(x < 1.0) & (y > 2.0)"),
        (~((x < 1) | (y > 2)), "~((x < 1.0) | (y > 2.0))"),
        (ag.equal(x < 1, y < 1), "(x < 1.0) == (y < 1.0)"),
        (ag.sum(v), "sum(v)"),
        (ag.sum(m, axis=1, keepdims=True), "sum(m, axis=1, keepdims=True)"),
        (ag.stack([v, v], axis=1), "stack([v, v], axis=1)"),
        (m[1, 1:, None], "m[1, 1:, None]"),
        (m[:, ::-1], "m[:, ::-1]"),
        (ag.random.normal(ag.key(3), x, 2.0), "normal(key(3, 'threefry4x32'), x, 2.0)"),
        (ag.exp(np.arange(20.0)), "exp(array(20,))"),
    ],
    ids=str,
)
def test_an_expression_is_written_as_python_would_read_it(expr: ag.Expr, text: str) -> None:
    assert ag.pprint(expr) == text


def test_what_is_used_twice_is_written_once_above() -> None:
    z = ag.exp(x)
    assert ag.pprint(z * (z + 1.0)).splitlines() == ["a = exp(x)", "a * (a + 1.0)"]


def test_letters_of_inputs_are_not_taken_for_parts() -> None:
    a = ag.input("a")
    z = ag.exp(a)
    assert ag.pprint(z * (z + 1.0)).splitlines() == ["b = exp(a)", "b * (b + 1.0)"]


def test_given_names_are_used() -> None:
    z = ag.exp(x)
    assert ag.pprint(z * y, names={z: "rate"}).splitlines() == ["rate = exp(x)", "rate * y"]


@given(
    st.recursive(
        st.sampled_from(["x", "y", "1.5"]),
        lambda t: st.one_of(
            st.tuples(st.sampled_from(["+", "-", "*", "/", "**"]), t, t),
            st.tuples(st.just("neg"), t),
        ),
        max_leaves=14,
    )
)
def test_python_reads_back_what_was_written(tree: Any) -> None:
    def build(t: Any) -> Any:
        if isinstance(t, str):
            return {"x": x, "y": y, "1.5": ag.constant(1.5)}[t]
        if t[0] == "neg":
            return ag.negative(build(t[1]))
        a, b = build(t[1]), build(t[2])
        return {
            "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b,
            "/": lambda: a / b, "**": lambda: a**b,
        }[t[0]]()  # fmt: skip

    expr = build(tree)
    # Numbers alone are Python's to compute, so each is read as the graph's constant.
    names: dict[str, Any] = {"x": x, "y": y, "number": ag.constant(1.5)}
    *lines, last = ag.pprint(expr).replace("1.5", "number").splitlines()
    for line in lines:
        name, _, right = line.partition(" = ")
        names[name] = eval(right, names)
    assert eval(last, names) is expr


def test_a_long_graph_is_abridged_and_says_so() -> None:
    z = x
    for _ in range(50_000):
        z = ag.sin(z) * y
    lines = ag.pprint(z, limit=40).splitlines()
    assert len(lines) == 41
    assert any("more lines" in line for line in lines)
    assert max(map(len, lines)) < 1000
    assert len(repr(z)) <= 120


def test_a_call_of_many_arguments_is_abridged() -> None:
    text = ag.pprint(ag.stack([x * float(i) for i in range(1000)]))
    assert "... 986 more ..." in text
    assert len(text) < 1000


def test_text_does_not_depend_on_the_order_of_building() -> None:
    def build() -> str:
        z = ag.input("new") * 3.0
        return ag.pprint(ag.exp(z) + z, z / 2.0)

    assert build() == build()
