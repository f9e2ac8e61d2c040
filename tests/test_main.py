"""The command line: what it prints and writes, and one line for each mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from astragal.__main__ import main, parser

EXAMPLES = Path(__file__).parents[1] / "examples"
MODEL = """
import astragal as ag

@ag.model
def coin(key, tosses):
    k = ag.split(key)
    p = ag.random.beta(k[0], 2.0, 1.0)
    return {"p": p, "heads": ag.random.binomial(k[1], tosses, p)}
"""


@pytest.fixture
def coin(tmp_path: Path) -> Path:
    path = tmp_path / "coin.py"
    path.write_text(MODEL)
    (tmp_path / "coin.json").write_text(json.dumps({"tosses": [10, 20], "heads": [7, 9]}))
    return path


def fails(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The one line that a mistake gives."""
    assert main([str(a) for a in arguments]) == 2
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    assert said.startswith("astragal: ")
    return said


@pytest.mark.parametrize("name", ["pumps", "eight_schools", "placenta_previa"])
def test_each_example_derives(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", str(EXAMPLES / f"{name}.py")]) == 0
    assert capsys.readouterr().out.startswith("Sampler of")


def test_sample_writes_draws(coin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import xarray as xr

    out = coin.with_suffix(".nc")
    arguments = ["--data", str(coin.with_suffix(".json")), "--out", str(out), "--draws", "500"]
    assert main(["sample", str(coin), *arguments, "--quiet", "--group", "log_likelihood"]) == 0
    assert str(out) in capsys.readouterr().out
    with xr.open_datatree(out, engine="h5netcdf") as tree:
        p = tree["posterior"]["p"]
        assert p.shape == (4, 500)
        assert abs(float(p.mean()) - 18 / 33) < 0.01
        assert tree["log_likelihood"]["heads"].shape == (4, 500, 2)


@pytest.mark.slow
def test_the_demo_shows_model_derivation_and_summary(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "astragal", "demo", "--out", str(tmp_path), "--quiet"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for part in ("poisson", "gamma_poisson", "Gamma(alpha + failures", "theta[9]", "r_hat"):
        assert part in done.stdout
    assert (tmp_path / "pumps.nc").stat().st_size > 10_000
    assert (tmp_path / "pumps.png").read_bytes()[:4] == b"\x89PNG"


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere.py: no such file" in fails(capsys, "derive", "nowhere.py")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1 / 0", "line 1: ZeroDivisionError"),
        ("x = (", "line 1: "),
        ("x = 1", "defines no model"),
        (MODEL + MODEL.replace("coin", "other"), "defines 2 models (coin, other)"),
        (MODEL + "data = 3", "`data` is a int"),
    ],
)
def test_a_bad_model_file_is_explained(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    assert says in fails(capsys, "derive", path)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ('{"heads": [7, 9]}', "no value for tosses"),
        ('{"tosses": [10, 20], "tails": 1}', "tails is neither an argument"),
        ('{"tosses": [10, 20], "heads": [7]}', "'heads' have shape (1,), expected (2,)"),
        ('{"tosses": [10, 20], "heads": [7, 21]}', "heads"),
        ('{"tosses": [10, 20], "heads": [7, 2.5]}', "2.5"),
        ('{"tosses": [[1], [2, 3]]}', "tosses is no rectangular array"),
        ("{", "is no JSON"),
        ("[1]", "expected an object"),
    ],
)
def test_bad_data_are_named(
    coin: Path, data: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = coin.with_suffix(".json")
    path.write_text(data)
    assert says in fails(capsys, "derive", coin, "--data", path)


def test_bad_options_are_named(coin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = coin.with_suffix(".json"), coin.with_suffix(".nc")
    said = fails(capsys, "sample", coin, "--data", data, "--out", out, "--backend", "torch")
    assert "torch" in said
    assert "numba" in said
    said = fails(capsys, "sample", coin, "--data", data, "--out", coin.parent / "no" / "x.nc")
    assert "does not exist" in said
    with pytest.raises(SystemExit) as stopped:
        main(["sample", str(coin), "--out", "x.nc", "--draws", "-3"])
    assert stopped.value.code == 2


def test_a_group_that_there_is_not_is_named(coin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = coin.with_suffix(".json"), coin.with_suffix(".nc")
    said = fails(capsys, "sample", coin, "--data", data, "--out", out, "--group", "likelihood")
    assert "no group 'likelihood'; there are log_likelihood" in said


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ([], ["demo"], ["derive"], ["sample"], ["rules"]):
        with pytest.raises(SystemExit):
            main([*command, "--help"])
        said = capsys.readouterr().out
        shown = [line.split()[1:] for line in said.splitlines() if line.startswith("  astragal ")]
        assert shown
        for words in shown:  # understood, and about files that are there
            given = parser().parse_args(words)
            assert not hasattr(given, "file") or (EXAMPLES.parent / given.file).is_file()
            assert getattr(given, "data", None) is None
