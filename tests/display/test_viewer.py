"""The derivation viewer, in a real browser: Chromium without a window, with clicks."""

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

import astragal as ag
from astragal.derive.sampler import Sampler
from astragal.display.sweep import sampler_frames
from astragal.display.viewer import alternatives, follow, frames, viewer, viewer_page
from astragal.rewrites.conjugacy import gamma_poisson
from astragal.rewrites.convolutions import normal_convolution

BROWSER = next(
    (
        p
        for n in ("chromium", "chromium-browser", "google-chrome", "chrome")
        if (p := shutil.which(n))
    ),
    None,
)
in_a_browser = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium here; on Debian: apt-get install chromium"
)


@pytest.fixture(scope="module")
def rewriting() -> ag.Rewriting:
    a, b, c = ag.split(ag.key(0), 3)
    normal = ag.random.normal
    total = normal(a, 1.0, 2.0) + normal(b, 2.0, 4.0) + normal(c, 3.0, 4.0)
    result = ag.rewrite(total, normal_convolution, explain=True)
    assert isinstance(result, ag.Rewriting)
    return result


def after_clicks(page: str, clicks: str, folder: Path) -> str:
    """The page's HTML after a script has clicked."""
    path = folder / "viewer.html"
    path.write_text(page.replace("</body>", f"<script>{clicks}</script></body>"), encoding="utf-8")
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            f"--user-data-dir={folder / 'profile'}", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


def title(dom: str) -> str:
    found = re.search(r'class="ag-title">([^<]*)<', dom)
    assert found is not None
    return found[1]


def press(name: str, times: int = 1) -> str:
    return f"document.querySelector('.{name}').click();" * times


def test_there_is_a_frame_before_each_step_and_one_at_the_end(rewriting: ag.Rewriting) -> None:
    shown = frames(rewriting, [normal_convolution, gamma_poisson])
    assert len(shown) == len(rewriting.steps) + 1 == 3
    assert "Casella" in shown[0]["html"]
    assert "node random match" in shown[0]["html"]
    assert "node random match" in shown[1]["html"]
    assert "node random new" in shown[2]["html"]
    assert "nothing is left" in shown[2]["html"]
    names = [[o["name"] for o in frame["others"]] for frame in shown]
    assert "normal_convolution" in names[0]
    assert "normal_convolution, right to left" in names[2]
    assert not any("gamma_poisson" in n for row in names for n in row)


def test_another_way_can_be_taken(rewriting: ag.Rewriting) -> None:
    rules = (normal_convolution,)
    ways = alternatives(rewriting.after, rules)
    other = follow(rewriting, 2, 0, rules)
    assert other.before is rewriting.before
    assert len(other.steps) == 3
    assert other.after is ways[0].after
    assert other.replay() is other.after


def test_a_page_is_complete_and_data_cannot_end_its_script() -> None:
    a, b = ag.split(ag.key(0))
    total = ag.random.normal(a, ag.input("</script><b>"), 2.0) + ag.random.normal(b, 1.0, 1.0)
    page = viewer_page(ag.rewrite(total, normal_convolution, explain=True), title="<i>")
    assert page.count("<script>") == page.count("</script>") == 1
    assert "<i>" not in page
    assert not re.search(r"(src|href)=", page)


def test_without_anywidget_the_error_says_what_to_do(
    rewriting: ag.Rewriting, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ag.UnsupportedError, match="pip install anywidget"):
        viewer(rewriting)


def test_the_widget_takes_the_way_that_is_clicked(rewriting: ag.Rewriting) -> None:
    pytest.importorskip("anywidget", reason="anywidget is an optional package")
    widget = viewer(rewriting, [normal_convolution])
    assert len(widget.frames) == 3
    widget.chosen = [2, 0, 1]
    assert widget.index == 3
    assert len(widget.frames) == 4
    assert len(widget.rewriting.steps) == 3


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    k = ag.split(ag.input("key", dtype="key"), 3)
    rate = ag.random.gamma(k[0], 2.0, rate=1.0)
    theta = ag.random.gamma(k[1], 3.0, rate=rate, size=2)
    model = ag.Model({"rate": rate, "theta": theta, "y": ag.random.poisson(k[2], theta)})
    return ag.derive(model, {"y": [1, 4]})


def test_a_sampler_has_a_frame_a_step_with_its_relation(sampler: Sampler) -> None:
    first, *steps, last = sampler_frames(sampler)
    assert "The model" in first["html"]
    assert len(steps) == len(sampler.steps) == 3
    assert "node random match" in steps[1]["html"]
    assert "gamma_poisson" in steps[1]["html"]
    assert [o["name"] for o in steps[1]["others"]] == ["without gibbs", "without gamma_poisson"]
    assert "nuts" in steps[1]["others"][0]["html"]
    assert last["html"].count("<tr>") == 3


def test_what_is_no_derivation_is_refused() -> None:
    with pytest.raises(ag.DTypeError, match=r"the viewer shows a sampler, or .* got int"):
        viewer_page(3)  # type: ignore[arg-type]


def test_the_widget_derives_a_sampler_the_way_that_is_clicked(sampler: Sampler) -> None:
    pytest.importorskip("anywidget", reason="anywidget is an optional package")
    widget = viewer(sampler)
    widget.chosen = [2, 0, 1]
    assert [s.kind for s in widget.rewriting.steps] == ["nuts"]
    assert widget.index == 2


@in_a_browser
def test_clicks_go_through_a_sampler(sampler: Sampler, tmp_path: Path) -> None:
    page = viewer_page(sampler)
    there = after_clicks(page, press("ag-forth", 2) + press("ag-other"), tmp_path)
    assert title(there) == "2 of 4"
    assert "another way" in there
    assert not there.split('class="ag-result"', 1)[1].startswith(" hidden")


@in_a_browser
def test_clicks_step_forwards_and_backwards(rewriting: ag.Rewriting, tmp_path: Path) -> None:
    page = viewer_page(rewriting, [normal_convolution])
    there = after_clicks(page, press("ag-forth", 2), tmp_path)
    assert title(there) == "2 of 2"
    assert "nothing is left" in unescape(there)
    assert re.search(r'<button class="ag-forth" disabled', there)
    back = after_clicks(page, press("ag-forth", 2) + press("ag-back"), tmp_path)
    assert title(back) == "1 of 2"
    assert "node random match" in back.split('class="ag-frame"')[1].split("ag-others")[0]


@in_a_browser
def test_a_click_opens_what_else_applies(rewriting: ag.Rewriting, tmp_path: Path) -> None:
    page = viewer_page(rewriting, [normal_convolution])
    closed = after_clicks(page, "", tmp_path)
    assert 'class="ag-result" hidden' in closed
    opened = after_clicks(page, press("ag-other"), tmp_path)
    first = opened.split('class="ag-result"', 1)[1]
    assert not first.startswith(" hidden")
    assert "<math" in first
