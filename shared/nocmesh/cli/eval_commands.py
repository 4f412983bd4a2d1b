"""``nocmesh eval``: labelled cases, run and scored; runs that were kept, shown and compared."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nocmesh.cli.options import Out
from nocmesh.cli.output import Format

group = typer.Typer(name="eval", help="Cases with a known answer: run, score, compare.", no_args_is_help=True)

Home = Annotated[Path | None, typer.Option("--out", help="Where runs are kept; default: eval in the data folder.")]


@group.command("run")
def run(
    suite: Annotated[
        list[str] | None, typer.Option(help="A suite that comes along: dev, smoke; may be given twice.")
    ] = None,
    case: Annotated[list[Path] | None, typer.Option(help="A case file of your own; may be given twice.")] = None,
    filter: Annotated[str, typer.Option(metavar="GLOB", help="Only cases of such a name.")] = "*",
    out: Home = None,
    no_repair: Annotated[
        bool, typer.Option("--no-repair", help="Stop at the diagnosis: changes are rejected.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep each mesh's data and logs too.")] = False,
    at_least: Annotated[
        list[str] | None, typer.Option(metavar="FIGURE=VALUE", help="End with 1 below it, as joint_f1=0.9.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long one incident may take.")] = 240.0,
    output: Out = Format.TABLE,
) -> None:
    """Run cases one after another, print the score, keep the reports.

    Cases on real routers need root on Linux with FRRouting; else they are skipped, and counted as such. Ends with 0
    when the run came to its end, whatever the score.
    """
    from nocmesh.cli.evaluating import Wish, evaluate

    wish = Wish(
        suites=suite or [],
        files=case or [],
        pattern=filter,
        out=out,
        repair=not no_repair,
        keep=keep,
        at_least=at_least or [],
        seconds=seconds,
        form=output,
    )
    sys.exit(evaluate(wish))


@group.command("list")
def list_(
    suite: Annotated[str | None, typer.Option(help="The cases of this suite.")] = None,
    out: Home = None,
    output: Out = Format.TABLE,
) -> None:
    """The runs that were kept; with --suite the cases of a suite."""
    from nocmesh.cli.scoreboard import list_cases, list_runs

    if suite is None:
        list_runs(out, output)
    else:
        list_cases(suite, output)


@group.command("show")
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Its name, or its folder.")],
    out: Home = None,
    output: Out = Format.TABLE,
) -> None:
    """The score of a run, and every case of it."""
    from nocmesh.cli.scoreboard import show_run

    show_run(run, out, output)


@group.command("compare")
def compare(
    first: Annotated[str, typer.Argument(metavar="RUN")],
    second: Annotated[str, typer.Argument(metavar="RUN")],
    out: Home = None,
    output: Out = Format.TABLE,
) -> None:
    """Two runs: what the second does better, what worse, case by case."""
    from nocmesh.cli.scoreboard import compare_runs

    compare_runs(first, second, out, output)
