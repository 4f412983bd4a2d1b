"""The work of ``nocmesh eval run``: which cases, and what a run is made of on this machine."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from nocmesh.cli.client import Client
from nocmesh.cli.output import Format, say
from nocmesh.cli.scoreboard import home_of, show
from nocmesh.cli.stopping import INTERRUPTED, Stop
from nocmesh.cli.up import prepared_mesh, ready
from nocmesh.clock import SystemClock
from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.evaluation.case import Case
from nocmesh.evaluation.grounds import ground, unavailable
from nocmesh.evaluation.incident import Api
from nocmesh.evaluation.kept import Kept
from nocmesh.evaluation.reading import read_cases
from nocmesh.evaluation.result import CaseResult
from nocmesh.evaluation.run import Runner, Surroundings
from nocmesh.evaluation.score import Scores
from nocmesh.evaluation.suites import suite
from nocmesh.evaluation.trial import Patience
from nocmesh.inventory import load_inventory
from nocmesh.log import configure, logger
from nocmesh.ports import free_port
from nocmesh.settings import Settings

READY_SECONDS = 180.0
"""Some dozen devices, each with a baseline."""
APPROVERS = 2


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


async def _run(wish: Wish, cases: Sequence[Case], kept: Kept) -> list[CaseResult]:
    """The results, in the order in which they came; fewer than cases when the run was stopped."""
    stop = Stop.on_signals()

    def tell(text: str) -> None:
        say(text)
        kept.line(text)

    around = Surroundings(
        grounds=ground,
        meshes=mesh_of(stop),
        unavailable=unavailable,
        clock=SystemClock(),
        log=logger(role="eval"),
        tell=tell,
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
