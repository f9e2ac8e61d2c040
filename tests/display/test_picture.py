"""Pictures: what is in them, that plates hold what is theirs, that equal graphs look equal."""

import itertools
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import astragal as ag
from astragal.display.layout import Box, place
from astragal.display.picture import picture
from astragal.display.show import changes
from astragal.examples.eight_schools import data as schools
from astragal.examples.eight_schools import eight_schools
from astragal.examples.pumps import data, pumps

SVG = "{http://www.w3.org/2000/svg}"


def test_a_model_is_a_plate_diagram() -> None:
    tree = ET.fromstring(picture(pumps(data["hours"]), observed=["failures"]).svg)
    kinds = [e.get("class") for e in tree.iter() if e.get("class")]
    assert kinds.count("node random") == 3
    assert kinds.count("node observed") == 1
    assert kinds.count("plate") == 1
    assert not [k for k in kinds if k and "keynode" in k]
    texts = [e.text for e in tree.iter(f"{SVG}text")]
    assert {"α", "β", "θ", "failures", "10"} <= set(texts)


def test_keys_and_data_have_shapes_of_their_own() -> None:
    tree = ET.fromstring(picture(eight_schools(schools["sigma"]), keys=True).svg)
    assert len(list(tree.iter(f"{SVG}ellipse"))) == 4
    assert len(list(tree.iter(f"{SVG}polygon"))) == 2  # the root key and its split
    constants = [e for e in tree.iter(f"{SVG}rect") if e.get("class") == "node constant"]
    assert len(constants) == 1


def test_equal_graphs_give_equal_bytes_under_any_hash_seed() -> None:
    code = (
        "from astragal.display.picture import picture\n"
        "from astragal.examples.pumps import data, pumps\n"
        "import hashlib\n"
        "m = pumps(data['hours'])\n"
        "svg = picture(m, keys=True).svg + picture(m, every=True, keys=True).svg\n"
        "svg += m._repr_html_()\n"
        "print(hashlib.sha256(svg.encode()).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_large_graph_is_folded_and_can_be_opened() -> None:
    x = ag.input("x")
    for i in range(120):
        x = ag.random.normal(ag.fold_in(ag.key(0), i), ag.sin(x), 1.0)
    shown = picture(x)
    assert shown.svg.count('class="ag-node"') <= 62
    assert shown.folded
    assert "more" in shown.svg
    assert "<details>" in shown._repr_html_()
    near = picture(x, depth=2)
    assert near.svg.count('class="ag-node"') < 12
    assert not picture(ag.sin(ag.input("x"))).folded


def test_a_picture_cannot_be_broken_by_a_name() -> None:
    expr = ag.random.normal(ag.key(0), ag.input("<b>&\"'"), 1.0)
    ET.fromstring(picture(expr).svg)
    assert "<b>" not in picture(expr).svg


def test_marks_outline_what_changed() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    m, b = ag.input("m"), ag.input("b")
    old = ag.random.normal(k[0], m, 3.0) + b
    new = ag.random.normal(k[0], m, 3.0) * 2.0 + b
    gone, come = changes((old,), (new,))
    assert gone == []
    assert [x.op.name for x in come] == ["multiply"]
    svg = picture(new, marks=dict.fromkeys(come, "new"), every=True).svg
    assert "node deterministic new" in svg


boxes_and_edges = st.integers(1, 14).flatmap(
    lambda n: st.tuples(
        st.lists(
            st.builds(
                Box,
                st.floats(10, 90),
                st.floats(10, 40),
                st.sampled_from([(), ("a",), ("b",), ("a", "c"), ("d", "c")]),
            ),
            min_size=n,
            max_size=n,
        ),
        st.lists(
            st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda e: e[0] < e[1]),
            max_size=2 * n,
            unique=True,
        )
        if n > 1
        else st.just([]),
    )
)


@settings(max_examples=40)
@given(boxes_and_edges)
def test_boxes_do_not_overlap_and_arrows_point_down(
    graph: tuple[list[Box], list[tuple[int, int]]],
) -> None:
    boxes, edges = graph
    placed = place(boxes, edges)
    for (i, a), (j, b) in itertools.combinations(enumerate(boxes), 2):
        (xa, ya), (xb, yb) = placed.centres[i], placed.centres[j]
        apart = abs(xa - xb) >= (a.width + b.width) / 2 - 1e-6
        assert apart or abs(ya - yb) >= (a.height + b.height) / 2 - 1e-6
    for a_, b_ in edges:
        assert placed.centres[a_][1] < placed.centres[b_][1]


@settings(max_examples=40)
@given(boxes_and_edges)
def test_a_plate_holds_its_own_nodes_and_no_others(
    graph: tuple[list[Box], list[tuple[int, int]]],
) -> None:
    boxes, edges = graph
    placed = place(boxes, edges)
    for plate, (x0, y0, x1, y1) in placed.plates.items():
        for box, (x, y) in zip(boxes, placed.centres, strict=True):
            if box.plates[: len(plate)] == plate:
                assert x0 <= x - box.width / 2 + 1e-6
                assert x + box.width / 2 <= x1 + 1e-6
                assert y0 <= y - box.height / 2 + 1e-6
                assert y + box.height / 2 <= y1 + 1e-6
            else:
                beside = x + box.width / 2 <= x0 + 1e-6 or x - box.width / 2 >= x1 - 1e-6
                assert beside or y + box.height / 2 <= y0 + 1e-6 or y - box.height / 2 >= y1 - 1e-6


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_chain_is_straight(n: int) -> None:
    placed = place([Box(30.0, 20.0)] * n, [(i, i + 1) for i in range(n - 1)])
    assert np.ptp([x for x, _ in placed.centres]) < 1e-6


def test_the_picture_of_the_readme_is_the_one_that_the_code_draws(tmp_path: Path) -> None:
    path = tmp_path / "pumps.svg"
    picture(pumps(data["hours"]), observed=["failures"]).save(path)
    stored = Path(__file__).parents[2] / "docs" / "images" / "pumps.svg"

    def seen(file: Path) -> list[tuple[str | None, str | None]]:
        tree = ET.fromstring(file.read_text(encoding="utf-8"))
        return [(e.get("class"), e.text) for e in tree.iter()]

    assert seen(path) == seen(stored)
