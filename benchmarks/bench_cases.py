"""Whole posteriors beside PyMC with nutpie, NumPyro and JAGS: time to the first draw, and ESS.

Each program runs in a process of its own, one after the other, with caches of compiled code
empty. For each: CPU seconds from the model to the first draw (imports not counted), and effective
draws a CPU second after the warm-up: the least bulk ESS of what is watched in four chains, divided
by the time that their draws took. Posterior means are compared, in Monte Carlo errors: a check
that programs have the same model. A program that is absent is skipped.

    python benchmarks/bench_cases.py [CASE ...] [--all] [--data FOLDER] [--peers PYTHON]
        [--draws 1000] [--limit 120] [--out FILE] [--programs numba jags ...]

A CASE is one of the models of this folder, whose data are simulated, or of
`astragal.examples.cases`, whose published data stand in FOLDER. PYTHON is an interpreter that has
pymc, nutpie and numpyro; JAGS is the program ``jags``. Results go to FILE, a line each; a run that
was interrupted goes on where it stopped. ``--table`` prints the rows of FILE, and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from _harness import machine
from _programs import EVERY, LABELS, OURS, PROGRAMS, apart, available, measured, work
from _published import PEERS, Published

Record = dict[str, Any]
Records = dict[str, dict[str, Record]]
"""By case and program."""
FAR = 5.0
"""Monte Carlo errors beyond which means of two programs are said to differ."""

CHOSEN = [
    "kidiq-kidscore_interaction", "kilpisjarvi_mod-kilpisjarvi", "stacks_t4", "rats", "equiv",
    "eight_schools-eight_schools_centered", "pumps", "bda_rat_tumors", "surgical", "salm",
    "gym_german_logistic", "low_dim_gauss_mix-low_dim_gauss_mix", "garch-garch11", "dugongs",
    "gp_pois_regr-gp_regr",
]  # fmt: skip
"""One or two published cases of each kind: what ``--chosen`` runs."""


def read(path: Path | None) -> Records:
    """Take records out of a file; of several for a case and a program, the last."""
    found: Records = {}
    if path is not None and path.exists():
        for row in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(row)
            found.setdefault(record["case"], {})[record["program"]] = record
    return found


def rate(record: Record) -> float:
    """Effective draws a CPU second; 0 where there is no result."""
    return 0.0 if "fault" in record else float(record["ess"] / record["after"])


def peers(case: dict[str, Record]) -> list[Record]:
    """Records of the peers that gave a result."""
    return [r for p, r in case.items() if p not in OURS and rate(r) > 0.0]


def ratio(case: dict[str, Record]) -> float:
    """Our best rate over the best of the peers; not a number where a side has none."""
    ours = max((rate(case[p]) for p in OURS if p in case), default=0.0)
    theirs = max((rate(r) for r in peers(case)), default=0.0)
    return ours / theirs if ours and theirs else math.nan


def agreement(case: dict[str, Record]) -> str:
    """Say which programs have other posterior means than ours."""
    ours = next((case[p] for p in OURS if p in case and rate(case[p]) > 0.0), None)
    if ours is None or not peers(case):
        return "-"
    gaps = {r["program"]: apart(ours, r) for r in case.values() if r is not ours and rate(r)}
    far = [f"{LABELS[p]} {gap:.0f}" for p, gap in gaps.items() if gap > FAR]
    return f"differ: {', '.join(far)}" if far else "agree"


def cell(case: dict[str, Record], program: str) -> str:
    """Effective draws a second, and seconds to the first one."""
    if program not in case:
        return "-"
    record = case[program]
    fault = str(record.get("fault", ""))
    if fault:
        return fault if len(fault) < 12 else "none"
    return f"{significant(rate(record))} ({record['first']:.1f} s)"


def significant(x: float) -> str:
    """Write a number by two digits that count, or whole from ten on.

    >>> significant(0.1234), significant(12345.6)
    ('0.12', '12,346')
    """
    return f"{x:.2g}" if x < 10 else f"{x:,.0f}"


def table(records: Records, names: Iterable[str]) -> str:
    """Write a table in Markdown, a row a case."""
    heads = [LABELS[p] for p in PROGRAMS]
    rows = [f"| case | {' | '.join(heads)} | ratio | means |", "|---|" + "---|" * (len(heads) + 2)]
    for name in names:
        if case := records.get(name):
            cells = " | ".join(cell(case, p) for p in PROGRAMS)
            best = ratio(case)
            shown = "-" if math.isnan(best) else significant(best)
            rows.append(f"| {name} | {cells} | {shown} | {agreement(case)} |")
    return "\n".join(rows)


def chosen(given: argparse.Namespace) -> list[str | Published]:
    """Find the cases to run; say which have no data."""
    names = list(given.cases)
    if given.chosen:
        names += CHOSEN
    if given.all:
        names += [*PEERS, *EVERY]
    found: list[str | Published] = []
    absent = []
    for name in dict.fromkeys(names or EVERY):
        if name in EVERY and not (name in PEERS and given.data):
            found.append(name)
        elif given.data is None:
            absent.append(name)
        else:
            found.append(Published.load(name, given.data))
    if absent:
        print(f"{len(absent)} cases are left out: --data names the folder of their data")
    return found


def line(record: Record, ours: Record | None) -> str:
    """Say what a program did."""
    label = f"  {LABELS[record['program']]:16s} "
    if "fault" in record:
        return f"{label}{record['fault']}"
    gap = "" if ours is None else f", means {apart(ours, record):.1f} errors apart"
    slow = f", R-hat {record['rhat']:.2f}" if record["rhat"] > 1.01 else ""
    return (
        f"{label}first draw {record['first']:6.2f} s   {rate(record):>11,.1f} effective draws a "
        f"second (ESS {record['ess']:,.0f} of {4 * record['draws']:,} in {record['after']:.2f} s"
        f", warm-up {record['warm']:.2f} s){slow}{gap}"
    )


def run(given: argparse.Namespace) -> Records:
    """Run what has no record yet."""
    records, absent, began = read(given.out), available(given.peers), time.monotonic()
    print(machine())
    for program, why in absent.items():
        print(f"{LABELS[program]} is left out: {why}")
    cases = chosen(given)
    for number, case in enumerate(cases):
        name = case if isinstance(case, str) else case.name
        done = records.setdefault(name, {})
        spent = time.monotonic() - began
        print(f"\n{name} ({number + 1} of {len(cases)}, {spent / 60:.1f} min)", flush=True)
        written = EVERY[case]() if isinstance(case, str) else case
        for program in given.programs:
            lacks = written.jags if program == "jags" else written.peer
            if program in absent or program in done or (program not in OURS and lacks is None):
                continue
            python = sys.executable if program in OURS else given.peers
            got = measured(python, program, case, given.draws, given.limit)
            record: Record = {"fault": got} if isinstance(got, str) else got
            done[program] = {"case": name, "program": program, **record}
            ours = next((done[p] for p in OURS if p in done and rate(done[p])), None)
            print(line(done[program], ours), flush=True)
            if given.out is not None:
                with given.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(done[program]) + "\n")
    return {n if isinstance(n, str) else n.name: records[n if isinstance(n, str) else n.name]
            for n in cases}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", choices=[*EVERY, *PEERS, []], default=[])
    parser.add_argument("--all", action="store_true", help="every case")
    parser.add_argument("--chosen", action="store_true", help="some published cases of each kind")
    parser.add_argument("--data", type=Path, help="folder of the published data")
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--programs", nargs="+", choices=list(PROGRAMS), default=list(PROGRAMS))
    parser.add_argument("--draws", type=int, default=1000, help="a chain; more where they are fast")
    parser.add_argument("--limit", type=float, default=math.inf, help="wall seconds a program")
    parser.add_argument("--out", type=Path, help="file of results, a line each")
    parser.add_argument("--table", action="store_true", help="print the rows of --out alone")
    parser.add_argument("--work", choices=list(PROGRAMS), help=argparse.SUPPRESS)
    parser.add_argument("--job", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.cases[0], given.draws, given.job, given.out)
        return
    records = read(given.out) if given.table else run(given)
    print("\n" + table(records, records))


if __name__ == "__main__":
    main()
