"""The explanation of an incident, out of the read models: for pages, for programs, and as text for people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.responses import Response

from nocmesh.explaining.explain import explain
from nocmesh.explaining.render import as_markdown, as_text
from nocmesh.explaining.told import Ballot, Happened, Looked, Told
from nocmesh.messages.explanation import Explanation
from nocmesh.messages.report import Report
from nocmesh_dashboard import looks
from nocmesh_dashboard.api import blank_report, found
from nocmesh_dashboard.backend import Row
from nocmesh_dashboard.web import Call, answer

MOST_APPROVALS = 100
KINDS = ("application/json", "text/markdown", "text/plain")
NOT_ASKED = frozenset({"device_baseline", "device_history"})
"""The tools that answer from memory: no device was asked."""


async def explanation(call: Call) -> Response:
    """The explanation as JSON, or as Markdown or text where the header Accept wants that."""
    records, name = call.web.backend.records, call.path("id")
    row = found(await records.incident(name), "incident", name)
    listed = await records.approvals(None, MOST_APPROVALS, incident_id=name)
    report = await records.report(name) or blank_report(row)
    told = explained(row, report, await records.timeline(name), listed.items, call.web.clock.now())
    kind = preferred(call.request.headers.get("accept", ""), KINDS)
    if kind == "application/json":
        return answer(told.to_dict())
    text = as_markdown(told) if kind == "text/markdown" else as_text(told)
    return Response(text, headers={"cache-control": "no-store"}, media_type=f"{kind}; charset=utf-8")


def explained(
    row: Row, report: Report, timeline: Sequence[Row], approvals: Iterable[Row], now: datetime
) -> Explanation:
    """The explanation of the incident in ``row``. Pure."""
    return explain(
        Told(
            report=report,
            title=str(row.get("title") or ""),
            severity=str(row.get("severity") or ""),
            devices=[str(device) for device in row.get("devices") or ()],
            opened_at=looks.moment(row.get("opened_at")),
            ballots=[_ballot(approval, now) for approval in approvals],
            happened=list(_happened(timeline)),
            looked=list(_looked(timeline)),
        )
    )


def preferred(accept: str, kinds: Sequence[str]) -> str:
    """Which of ``kinds`` the header wants most (RFC 9110, section 12.5.1); the first where it does not say."""
    wanted: dict[str, float] = {}
    for part in accept.split(","):
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        quality = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
        wanted[kind] = float(quality) if quality.replace(".", "", 1).isdecimal() and quality.isascii() else 0.0
    best = max(kinds, key=lambda kind: wanted.get(kind, 0.0))
    return best if wanted.get(best, 0.0) > 0 else kinds[0]


def _ballot(approval: Row, now: datetime) -> Ballot:
    change: Mapping[str, Any] = approval.get("change") or {}
    status: Any = looks.status_of(approval, now)
    rejected = [v for v in approval.get("votes") or () if v.get("decision") == "reject"]
    return Ballot(
        change_id=str(change.get("change_id", "")),
        device=str(change.get("device") or approval.get("device") or "the device"),
        status=status,
        risk=str(approval.get("risk") or ""),
        quorum=int(approval.get("quorum") or 1),
        goes_at=looks.moment(approval.get("goes_at")),
        yes=[str(vote.get("person")) for vote in looks.votes_for(approval)],
        no=[str(vote.get("person")) for vote in rejected],
        expires_at=looks.moment(approval.get("expires_at")),
        summary=str(approval.get("summary") or change.get("summary") or ""),
        reasons=[str(reason) for reason in change.get("reasons") or ()],
        reason=str(approval.get("reason") or ""),
    )


def _happened(timeline: Iterable[Row]) -> Iterator[Happened]:
    """The incident's own entries; those of agents' sessions are thoughts and looks."""
    for row in timeline:
        at = looks.moment(row.get("at"))
        if at is not None and "session_id" not in (row.get("data") or {}):
            yield Happened(kind=str(row.get("kind") or ""), at=at, text=str(row.get("text") or ""))


def _looked(timeline: Iterable[Row]) -> Iterator[Looked]:
    for row in timeline:
        for seen in (row.get("data") or {}).get("observations") or ():
            if seen.get("tool") not in NOT_ASKED:
                device = str(seen.get("device") or "")
                yield from (Looked(device=device, command=str(out.get("command"))) for out in seen.get("outputs") or ())
