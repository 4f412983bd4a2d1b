"""Case after case: break the network, send the alert, watch what the mesh makes of it, heal.

Cases that want the same network run on it one after another, with one mesh. What one case leaves behind must not help
or hurt the next: where the network or the mesh does not come to rest, both are made anew.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nocmesh.clock import Clock
from nocmesh.evaluation.case import Case
from nocmesh.evaluation.ground import Ground, Grounds
from nocmesh.evaluation.incident import Api, Conversation
from nocmesh.evaluation.kept import Kept
from nocmesh.evaluation.networks import ground_of
from nocmesh.evaluation.result import CaseResult
from nocmesh.evaluation.score import is_right
from nocmesh.evaluation.trial import Patience, Trial, blank
from nocmesh.log import Log

Meshes = Callable[[Path, Path], AbstractAsyncContextManager[Mapping[str, Api]]]
"""An inventory and a data folder, to a mesh that is ready: an API for each of its approvers."""
Unavailable = Callable[[Case], str]
"""Why the ground of a case is not to be had here; empty: it is."""
TRIES = 2
"""How often a network may fail to start before its cases are given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run is made of."""

    grounds: Grounds
    meshes: Meshes
    unavailable: Unavailable
    clock: Clock
    log: Log
    tell: Callable[[str], None]
    """Hears a line a case."""


def grouped(cases: Sequence[Case]) -> list[list[Case]]:
    """Cases of the same network together, in the order in which each network is named first."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(network_key(case), []).append(case)
    return list(groups.values())


def network_key(case: Case) -> str:
    """The same for two cases that may run on one network."""
    return json.dumps([ground_of(case), case.network, case.chosen.to_dict()], sort_keys=True)


class Runner:
    """One run."""

    def __init__(self, around: Surroundings, kept: Kept, patience: Patience, *, repair: bool) -> None:
        self._around = around
        self._kept = kept
        self._patience = patience
        self._repair = repair
        self.results: list[CaseResult] = []
        """So far."""
        self._of = 0
        self._networks = 0

    async def run(self, cases: Sequence[Case]) -> list[CaseResult]:
        """Every case once; a result for each, whatever happens to it."""
        self._of = len(cases)
        for group in grouped(cases):
            why_not = self._around.unavailable(group[0])
            if why_not:
                for case in group:
                    self._done(blank(case, "skipped", why_not))
                continue
            async for result in self._group(group):
                self._done(result)
        return self.results

    async def _group(self, cases: Sequence[Case]) -> AsyncIterator[CaseResult]:
        waiting, failures = list(cases), 0
        while waiting:
            before = len(waiting)
            try:
                async with self._stage(waiting[0]) as trial:
                    clean = True
                    while waiting and clean:
                        result, clean = await trial.run(waiting[0])
                        waiting.pop(0)
                        yield result
            except Exception as wrong:
                self._around.log.warning("network_failed", error=str(wrong), exc_info=wrong)
                self._around.tell(f"the network or its mesh failed: {wrong}")
                failures += len(waiting) == before
                if failures >= TRIES:
                    for case in waiting:
                        yield blank(case, "invalid", f"its network did not start: {wrong}")
                    return

    @asynccontextmanager
    async def _stage(self, case: Case) -> AsyncIterator[Trial]:
        """A network, and a mesh that knows it."""
        self._networks += 1
        folder = self._kept.workspace(f"{self._networks:02}-{Path(case.network).stem}")
        around, started = self._around, asyncio.get_running_loop().time()
        around.tell(f"starting {case.network} ({ground_of(case)}) and a mesh for it")
        async with (
            around.grounds(case, folder) as ground,
            around.meshes(ground.inventory, folder / "mesh") as approvers,
        ):
            around.tell(f"ready after {asyncio.get_running_loop().time() - started:.0f} s")
            yield self._trial(ground, approvers)

    def _trial(self, ground: Ground, approvers: Mapping[str, Api]) -> Trial:
        talk = Conversation(approvers)
        return Trial(ground, talk, self._around.clock, self._around.log, self._patience, repair=self._repair)

    def _done(self, result: CaseResult) -> None:
        self.results.append(result)
        self._kept.case(result)
        self._around.tell(f"[{len(self.results)}/{self._of}] {line(result)}")


def line(result: CaseResult) -> str:
    """A case in a line, for who watches."""
    if result.status != "judged":
        return f"{result.name}: {result.status}: {result.reason}"
    named = ", ".join(map(str, result.predicted)) or "no cause"
    right = is_right(result)
    timed = "no diagnosis" if result.seconds is None else f"{result.seconds:.1f} s, {result.commands} commands"
    wanted = "" if right else f"; expected {', '.join(map(str, result.expected)) or 'no cause'}"
    reason = f" ({result.reason})" if result.reason else ""
    judged = "right" if right else "WRONG"
    return f"{result.name}: {judged}: {result.verdict or 'no verdict'}, {named}; {timed}{wanted}{reason}"
