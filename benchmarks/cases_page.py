"""Write the tables of docs/explanation/cases.md, from the files that these commands write.

    python -m astragal.examples.cases --data FOLDER --out CHECKS [--backend jax]
    python benchmarks/bench_cases.py --all --data FOLDER --peers PYTHON --out BENCH
    python benchmarks/cases_page.py --checks CHECKS ... --bench BENCH ...

Of several records of a case the last one counts; of several files of `bench_cases`, the last that
has the case, since only programs of one run are compared.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from astragal.examples.cases import CASES
from bench_cases import Records, read, table

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "cases.md"
BACKENDS = {"numba": "Numba", "jax": "JAX"}


def checks(paths: list[Path]) -> dict[str, dict[str, dict[str, Any]]]:
    """Take what draws were found to be, by case and backend."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for path in paths:
        for row in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(row)
            found.setdefault(record["case"], {})[record["backend"]] = record
    return found


def steps_table(found: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Write which steps were derived, and whether draws agree with the reference."""
    rows = [
        f"| case | steps | {' | '.join(BACKENDS.values())} |",
        "|---|---|" + "---|" * len(BACKENDS),
    ]
    for name in CASES:
        if not (by_backend := found.get(name)):
            continue
        cells = [
            "-" if (r := by_backend.get(b)) is None
            else f"{'agrees' if r['agrees'] else 'differs'}, {r['derive'] + r['run']:.0f} s"
            for b in BACKENDS
        ]  # fmt: skip
        steps = next(iter(by_backend.values()))["steps"]
        rows.append(f"| {name} | {steps} | {' | '.join(cells)} |")
    return "\n".join(rows)


def put(text: str, mark: str, content: str) -> str:
    """Replace what stands between the two comments that a mark names."""
    begin, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the page has no comments {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--checks", type=Path, nargs="*", default=[])
    parser.add_argument("--bench", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    if given.checks:
        text = put(text, "steps", steps_table(checks(given.checks)))
    if given.bench:
        records: Records = {}
        for path in given.bench:
            records |= read(path)
        text = put(text, "figures", table(records, [n for n in CASES if n in records]))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
