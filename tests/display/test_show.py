"""Objects show themselves: mathematics, what changed, the derivation; and large ones stay small."""

import re
from xml.etree import ElementTree as ET

import pytest

import astragal as ag
from astragal.display.derivation import sampler_latex, step_formula
from astragal.display.show import relation_formula
from astragal.examples.pumps import data, pumps
from astragal.logic.relation import Relation
from astragal.rewrites import BOOK
from astragal.rewrites.convolutions import normal_convolution


def body_of(page: str) -> ET.Element:
    """The page as a tree: it must be well formed."""
    return ET.fromstring(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))


@pytest.mark.parametrize("relation", BOOK, ids=lambda r: r.name)
def test_every_relation_of_the_book_is_shown_with_its_source(relation: Relation) -> None:
    page = relation._repr_html_()
    tree = body_of(page)
    text = "".join(tree.itertext())
    assert relation.name in text
    assert relation.source in text
    assert relation.kind in text
    latex = relation_formula(relation).latex
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")


def test_expressions_models_and_samplers_show_well_formed_pages() -> None:
    model = pumps(data["hours"])
    sampler = ag.derive(model, {"failures": data["failures"]})
    for shown in (model, model["theta"], model["failures"], sampler):
        page = shown._repr_html_()
        body_of(page)
        assert "<math" in page
        assert "<svg" in page


def test_a_rewriting_shows_before_and_after_with_its_relation() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    total = ag.random.normal(k[0], 1.0, 3.0) + ag.random.normal(k[1], 2.0, 4.0)
    page = ag.rewrite(total + ag.input("b"), normal_convolution, explain=True)._repr_html_()
    tree = body_of(page)
    classes = [e.get("class", "") for e in tree.iter()]
    assert sum("random gone" in c for c in classes) >= 2
    assert sum("random new" in c for c in classes) >= 1
    assert "normal_convolution" in "".join(tree.itertext())


def test_a_refusal_is_shown_with_its_reason() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    x = ag.random.normal(k[0], 1.0, 3.0)
    total = x + ag.random.normal(k[1], 2.0, 4.0)
    page = ag.rewrite((total, x), normal_convolution, explain=True)._repr_html_()
    assert "would vanish" in "".join(body_of(page).itertext())


def test_a_step_is_written_with_what_it_is_given() -> None:
    sampler = ag.derive(pumps(data["hours"]), {"failures": data["failures"]})
    shown = step_formula(sampler, sampler.step("theta"))
    assert shown is not None
    text = re.sub(r"\s", "", shown.latex)
    assert text.startswith(r"\theta_{i}\mid\dots\sim\mathrm{Gamma}")
    assert r"\mathit{failures}_{i}" in text
    assert r"\mathit{hours}_{i}" in text
    assert sampler_latex(sampler).count(r"\\") == len(sampler.steps) - 1


def test_a_huge_expression_is_counted_and_not_drawn() -> None:
    x = ag.input("x")
    for _ in range(3000):
        x = ag.sin(x) + 1.0
    page = x._repr_html_()
    assert len(page) < 8_000
    assert "nodes" in page
    assert x._repr_latex_() == ""
