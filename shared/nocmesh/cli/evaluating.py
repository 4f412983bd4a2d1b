"""The work of ``nocmesh eval``: what a run is made of on this machine, and how its score is printed."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from nocmesh.cli.client import Client
from nocmesh.cli.output import Format, as_json, as_yaml, put, say, show_list
from nocmesh.cli.stopping import INTERRUPTED, Stop
from nocmesh.cli.up import prepared_mesh, ready
from nocmesh.clock import SystemClock
from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.evaluation.case import Case
from nocmesh.evaluation.grounds import ground, unavailable
from nocmesh.evaluation.incident import Api
from nocmesh.evaluation.kept import Comparison, Kept, Run, compare, load_run, run_names
from nocmesh.evaluation.reading import read_cases
from nocmesh.evaluation.result import CaseResult
from nocmesh.evaluation.run import Runner, Surroundings, line
from nocmesh.evaluation.score import Scores
from nocmesh.evaluation.suites import suite
from nocmesh.evaluation.trial import Patience
from nocmesh.inventory import load_inventory
from nocmesh.launch.mesh import free_port
from nocmesh.log import configure, logger
from nocmesh.settings import Settings

READY_SECONDS = 180.0
"""Some dozen devices, each with a baseline."""
APPROVERS = 2
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person asked for."""

    suites: Sequence[str] = ()
    files: Sequence[Path] = ()
    pattern: str = "*"
    out: Path | None = None
    repair: bool = True
    keep: bool = False
    at_least: Sequence[str] = ()
    seconds: float = 240.0
    form: Format = Format.TABLE


def evaluate(wish: Wish) -> int:
    """Run the cases that were asked for, print the score; gives the exit code. Raises NocmeshError."""
    floors, cases = floors_of(wish.at_least), chosen(wish)
    kept = Kept.begin(
        home_of(wish.out),
        "-".join(wish.suites) or "cases",
        len(cases),
        SystemClock(),
        reasoner="rules",
        repair=wish.repair,
    )
    configure("error", "console")
    say(f"{len(cases)} cases; what comes of them is kept in {kept.folder}")
    results = asyncio.run(_run(wish, cases, kept))
    run = kept.end(results, keep=wish.keep)
    show(run, wish.form)
    return INTERRUPTED if len(results) < len(cases) else below(run.score.total, floors)


def chosen(wish: Wish) -> list[Case]:
    """The cases that were asked for. Raises NotFoundError, InvalidInputError."""
    if not wish.suites and not wish.files:
        raise InvalidInputError("no cases: name a suite with --suite (dev, smoke) or a file with --case", field="suite")
    cases = [case for name in wish.suites for case in suite(name)]
    cases += [case for path in wish.files for case in read_cases(path)]
    found = [case for case in cases if fnmatch(case.name, wish.pattern)]
    if not found:
        raise InvalidInputError(f"no case is called like {wish.pattern!r}; there are {len(cases)}", field="filter")
    twice = sorted({case.name for case in found if sum(other.name == case.name for other in found) > 1})
    if twice:
        raise InvalidInputError(f"more than one case is called {twice[0]!r}; rename one", field="name")
    return found


def floors_of(texts: Sequence[str]) -> dict[str, float]:
    """`joint_f1=0.9` as name and value; `F1` is short for `joint_f1`. Raises InvalidInputError."""
    floors: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        name = {"f1": "joint_f1"}.get(name.lower(), name.lower())
        try:
            floors[name] = float(value)
        except ValueError:
            name = ""
        if name not in Scores.__struct_fields__:
            known = ", ".join(Scores.__struct_fields__)
            raise InvalidInputError(f"{text!r}: expected FIGURE=VALUE, a figure of {known}", field="at_least")
    return floors


def below(scores: Scores, floors: Mapping[str, float]) -> int:
    """1 when a figure is below its floor, or not there at all; else 0."""
    failed = False
    for name, floor in floors.items():
        value = getattr(scores, name)
        if value is None or value < floor:
            say(f"{name} is {value}, and should be at least {floor:g}")
            failed = True
    return int(failed)


def home_of(out: Path | None) -> Path:
    """Where runs are kept."""
    return (out or Settings().data / "eval").absolute()


@dataclass
class _Watched:
    """Tells people and the run's log; ends the run when it is told to."""

    kept: Kept
    results: list[CaseResult] = field(default_factory=list)

    def tell(self, text: str) -> None:
        say(text)
        self.kept.line(text)


async def _run(wish: Wish, cases: Sequence[Case], kept: Kept) -> list[CaseResult]:
    """The results, in the order in which they came; fewer than cases when the run was stopped."""
    stop, watched = Stop.on_signals(), _Watched(kept)
    around = Surroundings(
        grounds=ground,
        meshes=mesh_of(stop),
        unavailable=unavailable,
        clock=SystemClock(),
        log=logger(role="eval"),
        tell=watched.tell,
    )
    runner = Runner(around, kept, Patience(case=wish.seconds), repair=wish.repair)
    running = asyncio.create_task(runner.run(cases))
    stopped = asyncio.create_task(stop.event.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not running.done():
        running.cancel()
        await asyncio.wait({running})
        return runner.results
    return running.result()


def mesh_of(stop: Stop) -> Any:
    """What starts a mesh for an inventory: a context manager that gives an API for each approver."""

    @asynccontextmanager
    async def mesh(inventory: Path, data: Path) -> AsyncIterator[Mapping[str, Api]]:
        settings = settings_of(inventory, data)
        approvers = [user.name for user in load_inventory(inventory).users if "approver" in user.roles]
        if len(approvers) < APPROVERS:
            raise PreconditionError(f"{inventory}: {len(approvers)} approvers; expected {APPROVERS} users of that role")
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(prepared_mesh(settings, logger(role="eval"), say))
            stop.hurry = running.mesh.supervisor.hurry
            url = running.mesh.endpoint.http
            missing = await ready(url, stop.event, READY_SECONDS)
            if missing:
                raise PreconditionError(f"the mesh was not ready after {READY_SECONDS:g} s: {missing}")
            clients = [await stack.enter_async_context(Client(url, user=name)) for name in approvers]
            yield dict(zip(approvers, clients, strict=True))

    return mesh


def settings_of(inventory: Path, data: Path) -> Settings:
    """A mesh of its own: ports that are free, and people by their names."""
    return Settings(
        data=data,
        inventory=inventory,
        http=f"127.0.0.1:{free_port()}",
        webhooks=f"127.0.0.1:{free_port()}",
        nats_port=free_port(),
        no_auth_for_loopback=True,
        log_level="warning",
    )


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
    for name in ("joint_f1_macro",):
        lines.append(f"{name} {_cell(score.joint_f1_macro)}; evidence found {_cell(score.total.evidence)}")
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
