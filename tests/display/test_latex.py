"""Formulae say what the expression is: each is read back and compared with its value."""

import re
from xml.etree import ElementTree as ET

import pytest

import astragal as ag
from astragal.display.formula import math, name
from astragal.display.latex import as_formula, formula_of, latex, law, statements
from astragal.display.notation import HANDLERS
from astragal.display.show import model_formula
from astragal.examples.pumps import data, pumps
from astragal.graph.expr import Expr

x = ag.input("x", shape=(3,))
y = ag.input("y")
matrix = ag.input("X", shape=("n", 3))


def tidy(text: str) -> str:
    """LaTeX without the spaces and the fences that do not matter for its meaning."""
    text = re.sub(r"\\(left|right)(?![a-z])", "", text)
    return re.sub(r"\s+", " ", text).replace(" )", ")").replace("( ", "(").strip()


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (y + y * 2.0, r"y + 2y"),
        (y - (y - 1.0), r"y - (y - 1)"),
        ((y + 1.0) / (y * y), r"\frac{y + 1}{yy}"),
        (-(y + 1.0), r"- (y + 1)"),
        ((-y) ** 2.0, r"(- y)^{2}"),
        (ag.square(y + 1.0), r"(y + 1)^{2}"),
        (ag.exp(-y), r"e^{- y}"),
        (ag.sqrt(ag.abs(y)), r"\sqrt{\vert y \vert}"),
        (ag.log1p(y), r"\operatorname{log}(1 + y)"),
        (y * 1e-8, r"10^{-8}y"),
        (ag.sum(x), r"\sum_{i} x_{i}"),
        (ag.sum(x + y), r"\sum_{i} (x_{i} + y)"),
        (ag.logsumexp(x), r"\operatorname{log}\sum_{i} \operatorname{exp}(x_{i})"),
        (x[1], r"x_{1}"),
        (ag.sum(x[1:]), r"\sum_{i} x_{i + 1}"),
        (ag.sum(matrix, axis=0)[2], r"\sum_{j} X_{j, 2}"),
        (
            ag.where(y > 0.0, y, 1.0),
            r"\begin{cases} y & \text{if } y > 0 \\ 1 & \text{otherwise} \end{cases}",
        ),
    ],
)  # fmt: skip
def test_an_expression_is_written_as_on_paper(expr: Expr, expected: str) -> None:
    expected = tidy(expected)
    # Which letter a sum takes is not the matter.
    found = tidy(formula_of(expr).latex).replace("{j", "{i").replace(", j", ", i")
    assert found == expected.replace("{j", "{i").replace(", j", ", i")


def test_an_array_is_written_by_its_element_and_broadcasting_has_no_index() -> None:
    assert tidy(latex(x * y + 1.0)) == r"x_{i}y + 1, \quad i = 0, 1, 2"
    column, row = ag.input("c", shape=(4, 1)), ag.input("r", shape=(5,))
    assert tidy(latex(column + row)).startswith("c_{i, 0} + r_{j}")


def test_an_index_array_is_an_index_of_an_index() -> None:
    effect, group = ag.input("alpha", shape=(8,)), ag.input("g", shape=("n",), dtype="int64")
    assert tidy(latex(effect[group])) == r"\alpha_{g_{i}}, \quad i = 0, \dots , n - 1"


def test_sums_inside_sums_have_letters_of_their_own() -> None:
    text = formula_of(ag.sum(ag.square(x - ag.sum(x)))).latex
    assert set(re.findall(r"\\sum_\{(.)\}", text)) == {"i", "j"}


def test_a_draw_that_is_read_twice_has_one_letter() -> None:
    k = ag.split(ag.key(0))
    once = ag.random.normal(k[0], 1.0, 2.0)
    twice = [s.formula.latex for s in statements([once + once])]
    assert twice[0].strip() == "X + X"
    assert len(twice) == 2
    apart = [s.formula.latex for s in statements([once + ag.random.normal(k[1], 1.0, 2.0)])]
    assert apart[0].strip() == "X + Y"


def test_conventions_of_parameters_are_seen() -> None:
    k = ag.key(0)
    assert tidy(law(ag.random.gamma(k, 2.0, rate=3.0)).latex) == (
        r"\mathrm{Gamma}(2, \text{rate }3)"
    )
    assert r"\text{scale }3" in law(ag.random.inverse_gamma(k, 2.0, scale=3.0)).latex
    assert tidy(law(ag.random.normal(k, 1.0, y)).latex) == r"\mathcal{N}(1, y^{2})"
    # The square of a root is what stands below the root.
    assert tidy(law(ag.random.normal(k, 0.0, ag.sqrt(y))).latex) == r"\mathcal{N}(0, y)"


def test_a_model_is_its_generative_statements_in_order() -> None:
    lines = tidy(model_formula(pumps(data["hours"])).latex).split(r"\\")
    assert [line.split("&")[0].split()[-1] for line in lines] == [
        r"\alpha", r"\beta", r"\theta_{i}", r"\mathit{failures}_{i}"
    ]  # fmt: skip
    assert r"\mathrm{Poisson}(\theta_{i}\mathit{hours}_{i})" in lines[3]
    assert r"i = 0, \dots , 9" in lines[2]


def test_names_become_letters() -> None:
    shown = {n: name(n).latex for n in ("sigma2", "tau_obs", "x_i", "rate", "β", "a_b_c")}
    assert shown == {
        "sigma2": r"\sigma_{2}",
        "tau_obs": r"\tau_{\mathrm{obs}}",
        "x_i": "x_{i}",
        "rate": r"\mathit{rate}",
        "β": r"\beta",
        "a_b_c": r"\mathit{a\_b\_c}",
    }


@pytest.mark.parametrize("label", ["<script>", "a&b", "{x}", "a\\b", "50%", "$", "a_<b>", '"'])
def test_names_cannot_break_out_of_a_page_or_a_formula(label: str) -> None:
    v = ag.input(label)
    page = math(formula_of(v + 1.0), "block")
    ET.fromstring(page)
    assert "<script" not in page
    braces = re.sub(r"\\[{}]", "", latex(v + 1.0))
    assert braces.count("{") == braces.count("}")


def test_long_chains_and_shared_graphs_stay_short() -> None:
    chain, shared = y, y
    for _ in range(3_000):
        chain = ag.sin(chain) + 1.0
    for _ in range(100):
        shared = ag.sin(shared) * ag.cos(shared)
    for expr in (chain, shared):
        lines = statements([expr])
        assert len(lines) <= 40
        assert len(as_formula(lines).latex) < 60_000


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_every_operation_with_a_notation_is_in_the_vocabulary(operation: str) -> None:
    from astragal.ops import OPS

    assert operation in OPS


def test_the_mathematics_of_a_page_is_well_formed() -> None:
    k = ag.split(ag.key(0))
    exprs = [
        ag.where(x > 0.0, x, -(x**2)),
        ag.linalg.solve(matrix.T @ matrix, matrix.T @ ag.input("v", shape=("n",))),
        ag.random.normal(k[0], matrix @ x, 2.0),
        ag.logsumexp(matrix, axis=1),
    ]
    for expr in exprs:
        assert ET.fromstring(math(as_formula(statements([expr])), "block")).tag.endswith("math")
