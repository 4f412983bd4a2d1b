"""What a run leaves behind: its reports, its score, what it was; to be read again and laid beside another's.

RUN/run.json  RUN/cases/<case>.json  RUN/score.json  RUN/log
"""

import os
import platform
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from nocmesh import __version__
from nocmesh.clock import Clock
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.evaluation.result import CaseResult
from nocmesh.evaluation.score import Score, Scores, is_right, score
from nocmesh.messages.base import Message
from nocmesh.yamlfile import nearest


class RunInfo(Message, frozen=True, kw_only=True):
    """What was run, where, when."""

    run_id: str
    what: str
    """The suite, or the case files."""
    reasoner: str = "rules"
    """The reasoner under test: `rules`, or a model."""
    repair: bool = True
    cases: int = 0
    started: datetime
    ended: datetime | None = None
    version: str = __version__
    machine: str = ""


class Run(Message, frozen=True, kw_only=True):
    """A run that was kept."""

    info: RunInfo
    score: Score
    results: list[CaseResult]


class Kept:
    """The folder of a run while it goes on."""

    def __init__(self, folder: Path, info: RunInfo, clock: Clock) -> None:
        self.folder = folder
        self._info = info
        self._clock = clock

    @classmethod
    def begin(cls, home: Path, what: str, cases: int, clock: Clock, *, reasoner: str, repair: bool) -> "Kept":
        """Make the folder, named by time and ``what``."""
        now = clock.now()
        run_id = f"{now:%Y%m%d-%H%M%S}-{what}"
        folder = home / run_id
        number = 1
        while folder.exists():
            number += 1
            folder = home / f"{run_id}-{number}"
        (folder / "cases").mkdir(parents=True)
        info = RunInfo(
            run_id=folder.name, what=what, reasoner=reasoner, repair=repair, cases=cases, started=now, machine=machine()
        )
        kept = cls(folder, info, clock)
        _write(folder / "run.json", info)
        return kept

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._info.run_id

    def workspace(self, name: str) -> Path:
        """A folder for one network and its mesh; gone at the end unless it is to be kept."""
        folder = self.folder / "work" / name
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def case(self, result: CaseResult) -> None:
        """Keep one."""
        _write(self.folder / "cases" / f"{result.name}.json", result)

    def line(self, text: str) -> None:
        """Add a line to the log, with the time."""
        with (self.folder / "log").open("a", encoding="utf-8") as log:
            log.write(f"{self._clock.now():%H:%M:%S} {text}\n")

    def end(self, results: Sequence[CaseResult], *, keep: bool) -> Run:
        """Write the score; what networks and meshes left behind goes unless ``keep``."""
        info = msgspec.structs.replace(self._info, ended=self._clock.now())
        run = Run(info=info, score=score(results), results=list(results))
        _write(self.folder / "run.json", info)
        _write(self.folder / "score.json", run.score)
        if not keep:
            shutil.rmtree(self.folder / "work", ignore_errors=True)
        return run


def machine() -> str:
    """Where a figure was measured."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def load_run(home: Path, name: str) -> Run:
    """The run of that name in ``home``, or at that path; its score is worked out anew.

    Raises NotFoundError with the nearest name, InvalidInputError when its files cannot be read.
    """
    folder = next((path for path in (Path(name), home / name) if (path / "run.json").is_file()), None)
    if folder is None:
        raise NotFoundError(f"no run {name[:80]!r} in {home}; {nearest(name, run_names(home))}")
    try:
        info = msgspec.json.decode((folder / "run.json").read_bytes(), type=RunInfo)
        files = sorted((folder / "cases").glob("*.json"))
        results = [msgspec.json.decode(path.read_bytes(), type=CaseResult) for path in files]
    except (OSError, msgspec.DecodeError) as error:
        raise InvalidInputError(f"{folder}: not the record of a run: {error}") from error
    return Run(info=info, score=score(results), results=results)


def run_names(home: Path) -> list[str]:
    """The runs in ``home``, the oldest first."""
    return sorted(path.parent.name for path in home.glob("*/run.json"))


class Moved(Message, frozen=True, kw_only=True):
    """A case that came out otherwise."""

    case: str
    before: str
    after: str


class Comparison(Message, frozen=True, kw_only=True):
    """Two runs, the second against the first."""

    runs: list[str]
    figures: list[dict[str, Any]]
    moved: list[Moved]
    only_in_first: list[str]
    only_in_second: list[str]


def compare(first: Run, second: Run) -> Comparison:
    """What is better and what is worse in ``second``. Pure."""
    old, new = ({result.name: result for result in run.results} for run in (first, second))
    outcomes = [(name, outcome(old[name]), outcome(new[name])) for name in sorted(old.keys() & new.keys())]
    return Comparison(
        runs=[first.info.run_id, second.info.run_id],
        figures=[_figure(name, first.score.total, second.score.total) for name in Scores.__struct_fields__],
        moved=[Moved(case=name, before=a, after=b) for name, a, b in outcomes if a != b],
        only_in_first=sorted(old.keys() - new.keys()),
        only_in_second=sorted(new.keys() - old.keys()),
    )


def outcome(result: CaseResult) -> str:
    """A case's outcome in a few words."""
    if result.status != "judged":
        return result.status
    return (
        "right"
        if is_right(result)
        else f"wrong: {', '.join(map(str, result.predicted)) or result.verdict or 'nothing'}"
    )


def _figure(name: str, old: Scores, new: Scores) -> dict[str, Any]:
    a, b = getattr(old, name), getattr(new, name)
    moved = round(b - a, 4) if a is not None and b is not None else None
    return {"figure": name, "first": a, "second": b, "difference": moved}


def _write(path: Path, value: Message) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(value.to_json(), indent=1) + b"\n")
    draft.replace(path)
