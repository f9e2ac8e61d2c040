"""The command line: ``astragal demo``, ``derive``, ``sample`` and ``rules``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astragal.graph.errors import AstragalError

if TYPE_CHECKING:
    from astragal.derive.sampler import Sampler

EXAMPLES = """\
examples:
  astragal demo
  astragal derive examples/pumps.py
  astragal sample examples/pumps.py --out pumps.nc
  astragal rules
  astragal rules verify normal_convolution
"""

DATA = (
    "JSON file: an object with the model's arguments and observed values, such as "
    '{"hours": [94.3, 15.7], "failures": [5, 1]}; in place of `data` in the model file'
)


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="astragal",
        description="Rewrite random graphs, derive samplers from models, and run them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    from astragal import __version__

    top.add_argument("--version", action="version", version=f"astragal {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, help: str, example: str, run: Any) -> argparse.ArgumentParser:
        p = commands.add_parser(
            name,
            help=help,
            description=help,
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        p.set_defaults(run=run)
        return p

    demo = command(
        "demo",
        "derive a sampler for the pumps model, run it, and show the result",
        "astragal demo --backend jax --out my-demo",
        _demo,
    )
    demo.add_argument("--out", default="astragal-demo", help="directory for draws and picture")
    _sampling_options(demo)

    derive = command(
        "derive",
        "print the sampler that is derived for the model in a file",
        "astragal derive examples/pumps.py --explain",
        _derive,
    )
    derive.add_argument("file", help="Python file with one @astragal.model")
    derive.add_argument("--data", help=DATA)
    derive.add_argument("--explain", action="store_true", help="print the derivation as a proof")

    sample = command(
        "sample",
        "derive a sampler for the model in a file, and draw from the posterior",
        "astragal sample examples/pumps.py --out pumps.nc --draws 500 --group log_likelihood",
        _sample,
    )
    sample.add_argument("file", help="Python file with one @astragal.model")
    sample.add_argument("--data", help=DATA)
    sample.add_argument("--out", required=True, help="netCDF file to write")
    sample.add_argument("--checkpoint", help="directory that keeps draws as they come")
    sample.add_argument(
        "--group", action="append", default=[], metavar="NAME",
        help="a further group of the result, such as log_likelihood or posterior_predictive",
    )  # fmt: skip
    _sampling_options(sample)

    rules = command(
        "rules",
        "list the relations of the book, or verify them",
        "astragal rules verify normal_convolution",
        _rules,
    )
    rules.add_argument("action", nargs="?", choices=["list", "verify"], default="list")
    rules.add_argument("name", nargs="*", help="relations, or patterns such as 'normal_*'")
    rules.add_argument("--kind", help="only relations of this kind, such as 'in law'")
    rules.add_argument("--distribution", help="only relations about this distribution")
    rules.add_argument("--page", help="only relations of this page of the book")
    rules.add_argument("--seed", type=int, default=0, help="seed of the numerical checks")
    effort = rules.add_mutually_exclusive_group()
    effort.add_argument("--fast", action="store_true", help="fewer settings and draws")
    effort.add_argument("--thorough", action="store_true", help="many settings, many draws")
    return top


def _sampling_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--backend", default="numba", help="numba, jax or numpy (default: numba)")
    p.add_argument("--draws", type=_positive, default=2000, help="draws a chain (default: 2000)")
    p.add_argument("--warmup", type=_count, default=1000, help="iterations before (default: 1000)")
    p.add_argument("--chains", type=_positive, default=4, help="chains (default: 4)")
    p.add_argument("--thin", type=_positive, default=1, help="keep each n-th draw (default: 1)")
    p.add_argument("--seed", type=_count, default=0, help="seed (default: 0)")
    p.add_argument("--quiet", action="store_true", help="no progress bars")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no non-negative integer")
    return int(text)


def _positive(text: str) -> int:
    if _count(text) == 0:
        raise argparse.ArgumentTypeError("expected at least 1")
    return int(text)


def _derived(file: str | Path, data: str | None) -> Sampler:
    from astragal.derive import derive
    from astragal.files import build, load_model_file, read_data

    model, values = load_model_file(file)
    where = str(file)
    if data is not None:
        values.update(read_data(data))
        where = data
    built, observed = build(model, values, where)
    return derive(built, observed)


def _run_sampler(sampler: Sampler, args: argparse.Namespace, checkpoint: str | None) -> Any:
    return sampler.sample(
        seed=args.seed,
        draws=args.draws,
        warmup=args.warmup,
        chains=args.chains,
        thin=args.thin,
        backend=args.backend,
        progress=not args.quiet,
        checkpoint=checkpoint,
        groups=getattr(args, "group", ()),
    )


def _show_summary(tree: Any) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from astragal.sample.results import diagnose

    frame = diagnose(tree).drop(columns="mcse", errors="ignore")
    table = Table(title="posterior", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for column in frame.columns:
        table.add_column(str(column), justify="right", no_wrap=True)
    for name, row in frame.iterrows():
        table.add_row(str(name), *(_number(str(c), v) for c, v in row.items()))
    Console().print(table)


def _number(column: str, value: float) -> str:
    """Three figures say what a posterior can; R-hat is judged by its third decimal."""
    if column.startswith("ess"):
        return f"{value:,.0f}"
    return f"{value:.3f}" if column == "r_hat" else f"{value:.3g}"


def _demo(args: argparse.Namespace) -> int:
    from astragal.derive import derive
    from astragal.display.trace import save_trace
    from astragal.examples import pumps
    from astragal.files import build

    built, observed = build(pumps.pumps, pumps.data, "pumps")
    print("The model: failures of ten power-plant pumps\n")
    print(built)
    print("\nThe sampler that Astragal derives\n")
    sampler = derive(built, observed)
    print(sampler)
    print()
    tree = _run_sampler(sampler, args, None)
    _show_summary(tree)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    draws, picture = out / "pumps.nc", out / "pumps.png"
    tree.to_netcdf(draws, engine="h5netcdf")
    save_trace(tree, picture)
    print(f"\ndraws: {draws.resolve()}\npicture: {picture.resolve()}")
    return 0


def _derive(args: argparse.Namespace) -> int:
    sampler = _derived(args.file, args.data)
    print(sampler.explain() if args.explain else sampler)
    return 0


def _sample(args: argparse.Namespace) -> int:
    out = Path(args.out)
    if not out.resolve().parent.is_dir():
        raise AstragalError(f"{out}: the directory {out.resolve().parent} does not exist")
    sampler = _derived(args.file, args.data)
    print(sampler)
    tree = _run_sampler(sampler, args, args.checkpoint)
    _show_summary(tree)
    tree.to_netcdf(out, engine="h5netcdf")
    print(f"\ndraws: {out.resolve()}")
    return 0


def _rules(args: argparse.Namespace) -> int:
    from astragal.graph.errors import ModelError
    from astragal.logic.report import page_of, selected, statement

    try:
        chosen = selected(args.name, args.kind, args.distribution, args.page)
    except KeyError as error:
        raise ModelError(str(error.args[0])) from None
    if args.action == "list":
        page = None
        for r in chosen:
            if page_of(r) != page:
                page = page_of(r)
                print(f"-- {page} " + "-" * max(0, 60 - len(page)))
            print(f"{r.name}  [{r.kind}]\n    {statement(r)}\n    {r.source}")
        print(f"{len(chosen)} relations")
        return 0
    return _verified(chosen, args)


def _verified(chosen: Sequence[Any], args: argparse.Namespace) -> int:
    """Verify relations one after the other; failures are told in full, and again at the end."""
    import time

    from astragal.logic.verify import verify

    effort: Any = "thorough" if args.thorough else "fast" if args.fast else "usual"
    failed: list[str] = []
    start = time.perf_counter()
    for i, r in enumerate(chosen, 1):
        verdict = verify(r, seed=args.seed, effort=effort)
        sign = "holds" if verdict.holds else "FAILS"
        print(f"[{i}/{len(chosen)}] {sign}  {r.name}: {verdict.evidence}", flush=True)
        if not verdict.holds:
            failed.append(r.name)
            print(f"       {verdict.counterexample}")
    seconds = time.perf_counter() - start
    print(f"{len(chosen) - len(failed)} of {len(chosen)} relations hold ({seconds:.0f} s)")
    if failed:
        print(f"FAILS: {', '.join(failed)}")
    return 1 if failed else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; errors that a user can mend are one line, and exit status 2."""
    args = parser().parse_args(argv)
    try:
        status: int = args.run(args)
    except AstragalError as error:
        print(f"astragal: {error} [{error.page}]", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"astragal: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("astragal: interrupted", file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
