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


def steps_table(found: dict[str, dict[str, dict[str, Any]]], page: str) -> str:
    """Write which steps were derived, and whether draws agree with the reference.

    What has no record keeps what the page says of the same steps.

    >>> old = "| line | tau: gibbs | agrees | - |"
    >>> record = {"steps": "tau: gibbs", "agrees": True, "derive": 0.4, "run": 2.5}
    >>> print(steps_table({"line": {"jax": record}}, old))
    | case | steps | Numba | JAX |
    |---|---|---|---|
    | line | tau: gibbs | agrees | agrees, 3 s |
    """
    rows = [f"| case | steps | {' | '.join(BACKENDS.values())} |", "|---|---|---|---|"]
    rows_before = re.findall(
        r"^\| (\S+) \| ([^|]*: [^|]*) \| ([^|]*) \| ([^|]*) \|$", page, re.MULTILINE
    )
    before = {name: (steps, cells) for name, steps, *cells in rows_before}
    for name in CASES:
        if name not in found and name not in before:
            continue
        records = found.get(name, {})
        steps = next(iter(records.values()))["steps"] if records else before[name][0]
        told = before[name][1] if before.get(name, ("",))[0] == steps else ["-"] * len(BACKENDS)
        cells = [
            f"{'agrees' if records[b]['agrees'] else 'differs'}, {_seconds(records[b])}"
            if b in records
            else cell
            for b, cell in zip(BACKENDS, told, strict=True)
        ]
        rows.append(f"| {name} | {steps} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _seconds(record: dict[str, Any]) -> str:
    spent = record["derive"] + record["run"]
    return f"{spent:.0f} s" if spent >= 1 else "below 1 s"


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
        text = put(text, "steps", steps_table(checks(given.checks), text))
    if given.bench:
        records: Records = {}
        for path in given.bench:
            records |= read(path)
        text = put(text, "figures", table(records, [n for n in CASES if n in records]))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
