"""What the dashboard and the API read: plain dicts, ready for JSON, newest first."""

from collections.abc import Sequence
from typing import get_args

from sqlmodel import col

from nocmesh.engine.state import RunStatus
from nocmesh.messages.incident import IncidentState
from nocmesh.messages.report import Report
from nocmesh.store.database import Database
from nocmesh.store.pages import NO_TIME, Item, Page, Reader, equal, one_of, whole
from nocmesh.store.reports import report_of
from nocmesh.store.rows import DEFAULT_TENANT, Row
from nocmesh.store.tables import (
    AgentRow,
    AlertRow,
    ApprovalRow,
    IncidentRow,
    RunRow,
    SessionEventRow,
    SessionRow,
    TimelineRow,
)


class Records:
    """Questions to the read models of one tenant."""

    def __init__(self, database: Database, tenant: str = DEFAULT_TENANT) -> None:
        self._reader = Reader(database, tenant)

    async def incidents(self, state: str | None = None, limit: int = 50, after: str | None = None) -> Page:
        """Incidents; ``state`` may name several, separated by commas.

        Raises InvalidInputError for a state, a limit or an ``after`` that does not exist.
        """
        where = one_of(IncidentRow.state, state, get_args(IncidentState), "state")
        rows, follow = await self._reader.page(IncidentRow, IncidentRow.opened_at, where, limit, after)
        return Page(items=[_incident(row) for row in rows], next=follow)

    async def incident(self, incident_id: str) -> Item | None:
        """One incident with its report, or None."""
        row = await self._reader.one(IncidentRow, incident_id=incident_id)
        if row is None:
            return None
        report = await self.report(incident_id)
        return {**_incident(row), "report": report.to_dict() if report else None, "proposed": row.proposed}

    async def report(self, incident_id: str) -> Report | None:
        """The incident's report with its present state, its proposals and their outcome; None before there is one."""
        row = await self._reader.one(IncidentRow, incident_id=incident_id)
        if row is None or not row.report:
            return None
        where = [col(ApprovalRow.incident_id) == incident_id]
        return report_of(row, await self._reader.all(ApprovalRow, where, ApprovalRow.requested_at))

    async def timeline(self, incident_id: str) -> list[Item]:
        """Everything that happened, oldest first: the incident's events and what its agents thought, did and saw."""
        events = await self._reader.all(TimelineRow, [col(TimelineRow.incident_id) == incident_id])
        entries = await self._reader.all(SessionEventRow, [col(SessionEventRow.incident_id) == incident_id])
        rows: list[TimelineRow | SessionEventRow] = [*events, *entries]
        rows.sort(key=lambda row: (row.at or NO_TIME, row.stream, row.sequence))
        return [_entry(row) for row in rows]

    async def approvals(
        self,
        status: str | None = "pending",
        limit: int = 50,
        after: str | None = None,
        *,
        incident_id: str | None = None,
    ) -> Page:
        """Approvals; ``status`` is `pending`, `approved`, `rejected`, `expired`, several, or None for all."""
        where = one_of(ApprovalRow.status, status, ("pending", "approved", "rejected", "expired"), "status")
        where += equal(ApprovalRow.incident_id, incident_id)
        return _plain(await self._reader.page(ApprovalRow, ApprovalRow.requested_at, where, limit, after))

    async def approval(self, approval_id: str) -> Item | None:
        """One approval with its change and votes, or None."""
        return _item(await self._reader.one(ApprovalRow, approval_id=approval_id))

    async def alerts(
        self,
        limit: int = 50,
        after: str | None = None,
        *,
        kind: str | None = None,
        device: str | None = None,
        incident_id: str | None = None,
    ) -> Page:
        """Alerts, one item an episode; ``kind`` is what happened last."""
        where = one_of(AlertRow.kind, kind, ("opened", "repeated", "resolved", "suppressed", "expired"), "kind")
        where += equal(AlertRow.device, device) + equal(AlertRow.incident_id, incident_id)
        return _plain(await self._reader.page(AlertRow, AlertRow.first_at, where, limit, after))

    async def runs(
        self,
        status: str | None = None,
        limit: int = 50,
        after: str | None = None,
        *,
        type: str | None = None,
        incident_id: str | None = None,
    ) -> Page:
        """Workflow runs, without definition and steps."""
        where = one_of(RunRow.status, status, get_args(RunStatus), "status")
        where += equal(RunRow.type, type) + equal(RunRow.incident_id, incident_id)
        rows, follow = await self._reader.page(RunRow, RunRow.started_at, where, limit, after)
        return Page(items=[_without(whole(row), "definition", "steps", "result") for row in rows], next=follow)

    async def run(self, run_id: str) -> Item | None:
        """One run with definition and steps, or None."""
        return _item(await self._reader.one(RunRow, run_id=run_id))

    async def sessions(
        self,
        limit: int = 50,
        after: str | None = None,
        *,
        status: str | None = None,
        agent_type: str | None = None,
        incident_id: str | None = None,
    ) -> Page:
        """Agents' sessions."""
        where = one_of(SessionRow.status, status, ("running", "finished", "handed_off", "failed"), "status")
        where += equal(SessionRow.agent_type, agent_type) + equal(SessionRow.incident_id, incident_id)
        return _plain(await self._reader.page(SessionRow, SessionRow.started_at, where, limit, after))

    async def session(self, session_id: str) -> Item | None:
        """One session with every entry, oldest first, or None."""
        row = await self._reader.one(SessionRow, session_id=session_id)
        if row is None:
            return None
        where = [col(SessionEventRow.session_id) == session_id]
        events = await self._reader.all(SessionEventRow, where, SessionEventRow.sequence)
        return {**whole(row), "events": [whole(event) for event in events]}

    async def agents(self) -> list[Item]:
        """Every agent that was ever seen, by name: its card, and ``gone`` when that instance said farewell."""
        rows = await self._reader.all(AgentRow, [], AgentRow.agent_id)
        return [_agent(row) for row in rows]

    async def counts(self) -> dict[str, dict[str, int]]:
        """How many incidents by state, approvals and runs by status."""
        return {
            "incidents": await self._reader.count(IncidentRow, IncidentRow.state),
            "approvals": await self._reader.count(ApprovalRow, ApprovalRow.status),
            "runs": await self._reader.count(RunRow, RunRow.status),
        }


def _item(row: Row | None) -> Item | None:
    return whole(row) if row else None


def _plain(found: tuple[Sequence[Row], str | None]) -> Page:
    rows, follow = found
    return Page(items=[whole(row) for row in rows], next=follow)


def _without(item: Item, *names: str) -> Item:
    return {name: value for name, value in item.items() if name not in names}


def _incident(row: IncidentRow) -> Item:
    causes = row.report.get("root_causes")
    known = [cause for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []
    brief = [{name: cause.get(name) for name in ("resource", "fault_type", "summary")} for cause in known]
    return {**_without(whole(row), "report", "proposed"), "root_causes": brief}


def _entry(row: TimelineRow | SessionEventRow) -> Item:
    """An entry for people: typed device states are left out, ``session`` gives them."""
    item = whole(row)
    data = item["data"]
    if isinstance(row, SessionEventRow):
        seen = [_without(observation, "state") for observation in data.get("observations", [])]
        data = {**data, "session_id": row.session_id, "agent_type": row.agent_type}
        data |= {"observations": seen} if seen else {}
    return {"at": item["at"], "kind": row.kind, "actor": row.actor, "text": row.text, "data": data}


def _agent(row: AgentRow) -> Item:
    farewell = row.farewells.get(str(row.card.get("instance", "")))
    if not row.card:  # only a farewell is left of it
        farewell = farewell or next(iter(row.farewells.values()), None)
    told = {"gone": farewell is not None, "gone_at": None, "reason": ""}
    if farewell:
        told |= {"gone_at": farewell["at"], "reason": farewell["reason"]}
    return {**row.card, "agent_id": row.agent_id, "type": row.type, **told}
