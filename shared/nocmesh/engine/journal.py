"""The journal of runs: one transition a message, appended only after the one that it was decided from."""

from nocmesh.bus import Bus
from nocmesh.engine.decide import advance
from nocmesh.engine.state import RunCommand, RunEvent, RunState, Transition
from nocmesh.errors import BusError, LostRaceError, NotFoundError
from nocmesh.failpoint import reached
from nocmesh.subjects import subject

JOURNAL = "ai.workflows.journal.<run_id>"
MAX_RACES = 50


class Journal:
    """Reads and appends transitions over a CORE connection; ``by`` is written into each."""

    def __init__(self, core: Bus, by: str) -> None:
        self._core = core
        self._by = by

    async def load(self, run_id: str) -> tuple[Transition | None, int]:
        """The last transition of the run and its stream sequence; None and 0 when there is none."""
        found = await self._core.last(subject(JOURNAL, run_id=run_id), Transition)
        return (found.body, found.sequence) if found else (None, 0)

    async def state(self, run_id: str) -> RunState:
        """The run as it stands. Raises NotFoundError."""
        last, _ = await self.load(run_id)
        if last is None:
            raise NotFoundError(f"there is no run {run_id!r}", run_id=run_id)
        return last.state

    async def take(self, run_id: str, event: RunEvent) -> list[RunCommand] | None:
        """Take ``event`` into the run; None when it changed nothing (a duplicate, or the run is not there).

        Raises BusError when the race is lost again and again.
        """
        for _ in range(MAX_RACES):
            last, sequence = await self.load(run_id)
            if (last is None) is not (event.kind == "run_started"):
                return None
            before = last.state if last else None
            state, events, commands = advance(before, event)
            if not events:
                return None
            index = last.index + 1 if last else 0
            transition = Transition(
                run_id=run_id, index=index, at=event.at, events=events, commands=commands, state=state, by=self._by
            )
            try:
                await self._append(transition, event, sequence)
            except LostRaceError:
                continue
            reached("engine.appended")
            return commands
        raise BusError(f"run {run_id}: lost the race {MAX_RACES} times; is an orchestrator looping?", run_id=run_id)

    async def _append(self, transition: Transition, event: RunEvent, sequence: int) -> None:
        """The id is a function of run, place and event: two orchestrators that take the same event write the same."""
        await self._core.publish(
            subject(JOURNAL, run_id=transition.run_id),
            transition,
            id=f"{transition.run_id}:{transition.index}:{event.id}",
            correlation_id=transition.state.correlation_id,
            expect_last=sequence,
        )
