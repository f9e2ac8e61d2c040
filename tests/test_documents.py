"""Nothing shown is unrun: the Python in README.md, CONTRIBUTING.md and docs/ runs as printed.

In a file, blocks marked ``python`` share one namespace, from top to bottom. A block
marked ``text`` right below one is what it prints. Blocks marked ``pycon`` are doctests.
"""

import contextlib
import doctest
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(p for p in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in p.parts),
]
BLOCK = re.compile(
    r"^```(?P<language>python|pycon)\n(?P<code>.*?)^```$(?:\n+^```text\n(?P<prints>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(text: str) -> Iterator[tuple[str, str, str | None, int]]:
    """Language, code, what it should print, and the line where it stands."""
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code"))
        yield match["language"], match["code"], match["prints"], line


def check_document(text: str, name: str) -> list[str]:
    """Run every block; return what differs from what is printed."""
    namespace: dict[str, Any] = {"__name__": "__document__"}
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    checker = doctest.OutputChecker()
    faults: list[str] = []
    for language, code, prints, line in blocks(text):
        if language == "pycon":
            test = doctest.DocTestParser().get_doctest(code, namespace, name, name, line)
            runner.run(test, out=faults.append, clear_globs=False)
            namespace = test.globs
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            # as many newlines as stand before the block, so that a traceback names its line
            exec(compile("\n" * line + code, name, "exec"), namespace)
        if prints is not None and not checker.check_output(prints, out.getvalue(), FLAGS):
            faults.append(f"{name}:{line}: prints\n{out.getvalue()}\nand not\n{prints}")
    return faults


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_what_a_document_shows_is_what_it_does(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert check_document(text, path.relative_to(ROOT).as_posix()) == []


def test_a_document_that_shows_something_else_is_caught() -> None:
    assert check_document("```python\nprint(2)\n```\n\n```text\n2\n```\n", "right") == []
    assert check_document("```pycon\n>>> 1 + 1\n2\n```\n", "right") == []
    [wrong] = check_document("```python\nprint(2)\n```\n\n```text\n3\n```\n", "wrong")
    assert wrong.startswith("wrong:1: prints\n2")
    assert check_document("```pycon\n>>> 1 + 1\n3\n```\n", "wrong") != []
