"""The pages of `rewrites/` reach every user, whichever way Astragal is installed."""

import os
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from astragal.rewrites import BOOK

ROOT = Path(__file__).parents[1]
REWRITES = ROOT / "rewrites"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, and the wheel that was built from that sdist."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    [path] = built.glob("*.whl")
    return path


def pages() -> dict[str, bytes]:
    return {
        path.relative_to(REWRITES).as_posix(): path.read_bytes()
        for path in REWRITES.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_link_is_relative() -> None:
    link = ROOT / "src" / "astragal" / "rewrites"
    assert link.is_symlink()
    assert os.fspath(link.readlink()) == "../../rewrites"


def test_the_wheel_built_from_the_sdist_has_the_pages_of_the_folder(wheel: Path) -> None:
    prefix = "astragal/rewrites/"
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.startswith(prefix)]
        packed = {n.removeprefix(prefix): archive.read(n) for n in names}
    assert packed == pages()
    assert "__init__.py" in packed


def test_the_wheel_holds_one_package_with_its_types_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"astragal", f"astragal-{version('astragal')}.dist-info"}
    assert "astragal/py.typed" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name]


def test_the_sdist_has_no_second_copy_of_the_pages(built: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = archive.getnames()
    top = names[0].split("/")[0]
    assert f"{top}/rewrites/__init__.py" in names
    assert not [name for name in names if name.startswith(f"{top}/src/astragal/rewrites")]
    assert not {".git", ".venv"} & {part for name in names for part in name.split("/")}


def test_the_installed_wheel_imports_its_own_pages(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(install, check=True, capture_output=True, text=True)

    script = "import astragal.rewrites as r; print(r.__file__); print(len(r.BOOK))"
    environment = {**os.environ, "PYTHONPATH": str(target), "PYTHONDONTWRITEBYTECODE": "1"}
    run = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(
        run, check=True, capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    file, size = done.stdout.split()
    assert Path(file) == target / "astragal" / "rewrites" / "__init__.py"
    assert int(size) == len(BOOK) > 0
