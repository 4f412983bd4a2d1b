"""Scores for people and programs: runs printed, listed, laid side by side; the cases of a suite."""

from pathlib import Path
from typing import Any

from nocmesh.cli.output import Format, as_json, as_yaml, put, say, show_list
from nocmesh.evaluation.kept import Comparison, Run, compare, load_run, run_names
from nocmesh.evaluation.run import line
from nocmesh.evaluation.suites import suite
from nocmesh.settings import Settings

COLUMNS = (
    "cases",
    "joint_f1",
    "localisation_f1",
    "fault_type_f1",
    "detection",
    "healthy",
    "repaired",
    "seconds_median",
    "seconds_p95",
    "commands_median",
)


def home_of(out: Path | None) -> Path:
    """Where runs are kept."""
    return (out or Settings().data / "eval").absolute()


def show(run: Run, form: Format) -> None:
    """Print a run: as a table its score by family, else everything."""
    if form is Format.NAME:
        put(run.info.run_id)
    elif form is not Format.TABLE:
        put(as_json(run) if form is Format.JSON else as_yaml(run))
    else:
        show_list(list(table(run)), ("family", *COLUMNS), "family", form)
        for text in endings(run):
            say(text)


def table(run: Run) -> list[dict[str, Any]]:
    """A row for each family, and one for all."""
    rows = [*run.score.families.items(), ("all", run.score.total)]
    return [{"family": name, **{key: _cell(getattr(scores, key)) for key in COLUMNS}} for name, scores in rows]


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def endings(run: Run) -> list[str]:
    """What a table does not tell: who was judged, what else there was."""
    score, info = run.score, run.info
    lines = [
        f"{info.run_id}: the reasoner {info.reasoner!r}; {score.total.cases} cases judged, {score.skipped} skipped"
    ]
    if score.invalid:
        lines.append(f"invalid, not judged: {', '.join(score.invalid)}")
    if score.total.unanswered:
        lines.append(f"no diagnosis in time: {score.total.unanswered}")
    lines.append(f"joint_f1_macro {_cell(score.joint_f1_macro)}; evidence found {_cell(score.total.evidence)}")
    if score.total.unread:
        lines.append(f"quotes of outputs that are too long for the timeline, not looked up: {score.total.unread}")
    if score.total.handed_over is not None:
        lines.append(f"handed to a person, with the right cause: {_cell(score.total.handed_over)}")
    return lines


def show_run(name: str, out: Path | None, form: Format) -> None:
    """Print a run that was kept. Raises NotFoundError."""
    run = load_run(home_of(out), name)
    if form is Format.TABLE:
        for result in run.results:
            say(line(result))
    show(run, form)


def list_runs(out: Path | None, form: Format) -> None:
    """Print the runs that were kept, the oldest first."""
    home = home_of(out)
    runs = [load_run(home, name) for name in run_names(home)]
    rows = [
        {
            "run": run.info.run_id,
            "what": run.info.what,
            "reasoner": run.info.reasoner,
            "cases": run.info.cases,
            "judged": run.score.total.cases,
            "joint_f1": _cell(run.score.total.joint_f1),
        }
        for run in runs
    ]
    show_list(rows, ("run", "what", "reasoner", "cases", "judged", "joint_f1"), "run", form)


def list_cases(name: str, form: Format) -> None:
    """Print the cases of a suite. Raises NotFoundError."""
    rows = [
        {
            "case": case.name,
            "family": case.family,
            "network": case.network,
            "options": " ".join(f"{key}={value}" for key, value in case.options.items()) or "-",
            "faults": [str(fault) for fault in case.faults],
        }
        for case in suite(name)
    ]
    show_list(rows, ("case", "family", "network", "options", "faults"), "case", form)


def compare_runs(first: str, second: str, out: Path | None, form: Format) -> None:
    """Print two runs side by side. Raises NotFoundError."""
    home = home_of(out)
    compared: Comparison = compare(load_run(home, first), load_run(home, second))
    if form is not Format.TABLE:
        put(as_yaml(compared) if form is Format.YAML else as_json(compared))
        return
    rows = [
        {key: value if isinstance(value, str) else _cell(value) for key, value in row.items()}
        for row in compared.figures
    ]
    show_list(rows, ("figure", "first", "second", "difference"), "figure", form)
    for moved in compared.moved:
        say(f"{moved.case}: {moved.before} -> {moved.after}")
    for label, names in (("first", compared.only_in_first), ("second", compared.only_in_second)):
        if names:
            say(f"only in the {label}: {', '.join(names)}")
