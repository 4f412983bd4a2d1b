"""One alert and what comes of it: posted as a monitoring system would, followed and approved as people would.

It talks to the mesh over its API alone, like anybody from outside.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from nocmesh.diagnosis.evidence import stands
from nocmesh.errors import NocmeshError, NotFoundError, TooLateError
from nocmesh.evaluation.result import Evidenced
from nocmesh.messages.base import Message
from nocmesh.messages.report import Evidence, Report
from nocmesh.messages.session import Observation
from nocmesh.messages.state import Output

OVER = frozenset({"closed", "escalated"})
GOING_ON = frozenset({"pending", "running", "paused", "ending"})
POLL_SECONDS = 0.2
OPENING_SECONDS = 30.0
"""How long an accepted alert may take to open its incident."""


class Api(Protocol):
    """One conversation with the mesh's API, as one person."""

    async def get(self, path: str, *names: str, **query: Any) -> Any:
        """The JSON at ``path``. Raises NocmeshError."""
        ...

    async def post(self, path: str, *names: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer to ``body``. Raises NocmeshError."""
        ...


class Followed(Message, frozen=True, kw_only=True):
    """Where the incidents of one alert stand."""

    incidents: list[str]
    reports: list[Report]
    """As they are now, those of ``incidents`` that can be read."""
    seconds: float | None
    """From the alert's acceptance until all were diagnosed; None: not all are."""
    refused: list[str] = []
    """Votes that were not counted, and why."""

    @property
    def over(self) -> bool:
        """Nothing more will happen."""
        return len(self.reports) == len(self.incidents) and all(state in OVER for state in self.states)

    @property
    def states(self) -> list[str]:
        """Of the incidents that can be read."""
        return [report.state for report in self.reports]


class Conversation:
    """Everything that is said to one mesh about one case."""

    def __init__(self, approvers: Mapping[str, Api]) -> None:
        self._approvers = approvers
        self._api = next(iter(approvers.values()))
        self._refused: list[str] = []
        self._cancelled: set[str] = set()
        self._outputs: dict[str, str] = {}
        """Long outputs by their sha256: several quotes stand in one."""

    async def post(self, source: str, body: Mapping[str, Any]) -> list[str]:
        """Post an alert's body; the ids of the alerts that were taken. Raises NocmeshError."""
        accepted: list[str] = (await self._api.post("/api/webhooks/{}", source, body=body))["alert_ids"]
        return accepted

    async def known_incidents(self) -> dict[str, str]:
        """Every incident that there is, with its state."""
        found, after = dict[str, str](), None
        while True:
            page = await self._api.get("/api/incidents", limit=200, after=after)
            found |= {item["incident_id"]: item["state"] for item in page["items"]}
            after = page.get("next")
            if not after:
                return found

    async def quiet(self) -> bool:
        """Whether every incident is over; those that are not are called off."""
        going_on = [incident for incident, state in (await self.known_incidents()).items() if state not in OVER]
        for incident_id in going_on:
            if incident_id not in self._cancelled:
                self._cancelled.add(incident_id)
                await self._api.post(
                    "/api/workflows/{}/cancel", f"incident-{incident_id}", body={"reason": "the case is over"}
                )
        return not going_on

    async def incidents_of(self, alerts: Sequence[str], before: Collection[str]) -> list[str]:
        """The incidents that these alerts have opened; raises TooLateError when they open none.

        An incident in ``before`` is another case's: an alert that joined it is not judged by it.
        """
        wanted, deadline, found = set(alerts), self._time() + OPENING_SECONDS, dict[str, str]()
        while self._time() < deadline:
            rows = (await self._api.get("/api/alerts"))["items"]
            found = {row["alert_id"]: row["incident_id"] for row in reversed(rows) if row["alert_id"] in wanted}
            if wanted <= found.keys() and all(found.values()) and set(before).isdisjoint(found.values()):
                return sorted(set(found.values()))
            await asyncio.sleep(POLL_SECONDS)
        joined = sorted(set(before) & set(found.values()))
        what = f"joined the incident {joined[0]} of an earlier case" if joined else "opened no incident"
        raise TooLateError(f"the alert {what} within {OPENING_SECONDS:g} s; expected one of its own")

    async def follow(self, incidents: Sequence[str], since: float, *, repair: bool, seconds: float) -> Followed:
        """Until all are over, deciding on what they ask for; or until ``seconds`` have passed.

        Changes are approved by as many people as it takes, without ``repair`` rejected. ``since``: when the alert was
        accepted, by the loop's clock.
        """
        diagnosed: float | None = None
        self._refused.clear()
        while True:
            now = await self._look(incidents)
            if diagnosed is None and len(now.reports) == len(incidents) and all(map(_is_diagnosed, now.reports)):
                diagnosed = self._time() - since
            now = msgspec.structs.replace(now, seconds=diagnosed, refused=list(self._refused))
            if now.over or self._time() - since > seconds:
                return now
            if repair or diagnosed is not None:
                await self._decide(incidents, "approve" if repair else "reject")
            await asyncio.sleep(POLL_SECONDS)

    async def accept(self, devices: Sequence[str], seconds: float) -> bool:
        """Tell the mesh that ``devices`` are well as they are now; whether it could look at all of them in time."""
        waiting, deadline = list(devices), self._time() + seconds
        while waiting and self._time() < deadline:
            body = {"workflow_type": "baseline", "parameters": {"devices": waiting}}
            run_id = (await self._api.post("/api/workflows", body=body))["workflow_id"]
            run = await self._ended(run_id, deadline)
            taken = run.get("result", {}).get("baseline", {}).get("taken", {})
            waiting = [device for device in waiting if device not in taken]
        return not waiting

    async def _ended(self, run_id: str, deadline: float) -> Mapping[str, Any]:
        """The run when it is over, or nothing when it is not in time."""
        while self._time() < deadline:
            try:
                run: Mapping[str, Any] = await self._api.get("/api/workflows/{}", run_id)
            except NotFoundError:
                run = {"status": "pending"}  # the read model may be a moment behind
            if run["status"] not in GOING_ON:
                return run
            await asyncio.sleep(POLL_SECONDS)
        return {}

    async def evidence(self, followed: Followed) -> Evidenced:
        """The quotes of the reports' causes, each looked up in what was recorded of its incident."""
        found, unread, missing = 0, 0, []
        for report in followed.reports:
            timeline = (await self._api.get("/api/incidents/{}/timeline", report.incident_id))["items"]
            recorded = observations(timeline)
            for quote in (quote for cause in report.root_causes for quote in cause.evidence):
                seen = [await self._whole(quote, one) for one in recorded.get(quote.observation_id, [])]
                if any(stands(quote, observation) for observation in seen):
                    found += 1
                elif any(_is_elsewhere(quote, observation) for observation in seen):
                    unread += 1
                else:
                    missing.append(f"{quote.device}: {quote.command}: {quote.quote[:200]}")
        return Evidenced(quotes=found + unread + len(missing), found=found, unread=unread, missing=missing)

    async def _whole(self, quote: Evidence, observation: Observation) -> Observation:
        """The observation with the output that is quoted, where the timeline only names the object that holds it."""
        outputs = []
        for output in observation.outputs:
            if output.object and output.command == quote.command:
                output = await self._output(output)
            outputs.append(output)
        return msgspec.structs.replace(observation, outputs=outputs)

    async def _output(self, output: Output) -> Output:
        if output.object not in self._outputs:
            try:
                self._outputs[output.object] = str((await self._api.get("/api/outputs/{}", output.object))["text"])
            except NotFoundError:
                return output  # it has expired
        return msgspec.structs.replace(output, text=self._outputs[output.object], object="")

    async def _look(self, incidents: Sequence[str]) -> Followed:
        reports = []
        for incident_id in incidents:
            try:
                reports.append(msgspec.convert(await self._api.get("/api/incidents/{}", incident_id), Report))
            except NotFoundError:
                continue  # alerts and incidents are read models of their own: one may be ahead of the other
        return Followed(incidents=list(incidents), reports=reports, seconds=None)

    async def _decide(self, incidents: Sequence[str], decision: str) -> None:
        for waiting in (await self._api.get("/api/approvals", status="pending"))["items"]:
            if waiting["incident_id"] in incidents:
                await self._vote(waiting, decision)

    async def _vote(self, waiting: Mapping[str, Any], decision: str) -> None:
        voted = {vote["person"] for vote in waiting.get("votes") or []}
        needed = int(waiting.get("quorum") or 1) - len(voted) if decision == "approve" else 1
        body = {"decision": decision, "comment": "evaluation", "change_hash": waiting.get("change_hash") or ""}
        for name in [name for name in self._approvers if name not in voted][: max(needed, 0)]:
            try:
                await self._approvers[name].post("/api/approvals/{}/decisions", waiting["approval_id"], body=body)
            except NocmeshError as refused:  # it may have been decided or have expired since we looked
                self._refused.append(f"{name}: {refused.message}")

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


def observations(timeline: Sequence[Mapping[str, Any]]) -> dict[str, list[Observation]]:
    """What an incident's agents saw, by the observation's id."""
    seen: dict[str, list[Observation]] = {}
    for entry in timeline:
        for raw in (entry.get("data") or {}).get("observations") or []:
            observation = msgspec.convert(raw, Observation)
            seen.setdefault(observation.observation_id, []).append(observation)
    return seen


def _is_elsewhere(quote: Evidence, observation: Observation) -> bool:
    """Whether the output was too long for the timeline, and the object that holds it has expired."""
    return any(output.command == quote.command and output.object for output in observation.outputs)


def _is_diagnosed(report: Report) -> bool:
    return report.timing.diagnosed is not None or report.state in OVER
