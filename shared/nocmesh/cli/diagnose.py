"""``nocmesh diagnose``: one alert on a running network, from the alert to the report. It changes nothing."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from nocmesh.baseline_files import read_snapshots
from nocmesh.cli.client import Client, error_of
from nocmesh.cli.explaining import explanation_of, text_of
from nocmesh.cli.output import Format, put, say, show_one
from nocmesh.cli.passing import passing_mesh
from nocmesh.cli.stopping import INTERRUPTED, Stop
from nocmesh.clock import Clock, SystemClock
from nocmesh.errors import InvalidInputError, TooLateError
from nocmesh.yamlfile import read_document

SETTLED = ("awaiting_approval", "fixing", "verifying", "resolved", "closed", "escalated")
"""States in which the diagnosis is done, and the plan with it."""
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person asked for."""

    inventory: Path
    alert: Path
    baseline: Path | None = None
    keep: Path | None = None
    seconds: float = 300.0
    form: Format = Format.JSON


async def diagnose(wish: Wish, clock: Clock | None = None) -> int:
    """Start what it needs, post the alert, print the report, stop; gives the exit code.

    Raises InvalidInputError and NotFoundError about the alert and the baseline, TooLateError when no diagnosis comes
    in time, NocmeshError.
    """
    stop = Stop.on_signals()
    source, body = alert_in(wish.alert, (clock or SystemClock()).now().isoformat())
    if wish.baseline is not None:
        read_snapshots(wish.baseline)  # before anything starts: a mesh without them would diagnose something else
    async with passing_mesh(wish.inventory, stop, baselines=wish.baseline, keep=wish.keep) as mesh:
        taken = await post(mesh.url, source, body)
        say(f"the alert is in: {taken}; diagnosing")
        report = await _diagnosed(mesh.client, stop, wish.seconds)
        if report is None:
            return INTERRUPTED
        if wish.form is Format.TABLE:
            put(text_of(await explanation_of(mesh.client, str(report["incident_id"]))))
            return 0
    show_one(report, "incident_id", wish.form)
    return 0


def alert_in(path: Path, now: str) -> tuple[str, Any]:
    """The source and the body in ``path``: a monitoring system's own body, or {source, body}; JSON or YAML.

    An alert of Alertmanager's form without a time fires ``now``. Raises NotFoundError, InvalidInputError.
    """
    data = read_document(path).data
    if not isinstance(data, dict):
        raise InvalidInputError(f"{path}: expected a webhook's body, or a mapping of source and body", field="alert")
    source, body = "alertmanager", data
    if "body" in data and set(data) <= {"source", "body"}:
        source, body = data.get("source") or source, data["body"]
    if not isinstance(source, str) or not source.replace("-", "").replace("_", "").isalnum():
        raise InvalidInputError(f"{path}: source is {source!r}; expected a name such as alertmanager", field="source")
    if not isinstance(body, dict):
        raise InvalidInputError(f"{path}: body: expected a mapping, as the monitoring system sends it", field="body")
    return source, timed(body, now)


def timed(body: Mapping[str, Any], now: str) -> dict[str, Any]:
    """``body`` with `startsAt` filled in where an alert of Alertmanager's form has none."""
    alerts = body.get("alerts")
    if not isinstance(alerts, list):
        return dict(body)
    return {**body, "alerts": [{"startsAt": now, **one} if isinstance(one, dict) else one for one in alerts]}


async def post(url: str, source: str, body: Any) -> str:
    """Post as the monitoring system would; gives the ids of what was taken. Raises what the answer means."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as web:
        response = await web.post(f"/api/webhooks/{source}", json=body)
    if response.status_code != httpx2.codes.ACCEPTED:
        try:
            said = response.json()
        except ValueError:
            said = {"error": response.text[:300]}
        raise error_of(response.status_code, said)
    return ", ".join(response.json()["alert_ids"])


async def _diagnosed(client: Client, stop: Stop, seconds: float) -> dict[str, Any] | None:
    """The report as soon as the diagnosis and its plan are there; None when we were told to stop."""
    loop = asyncio.get_running_loop()
    deadline, state = loop.time() + seconds, "not there yet: the alert opened no incident"
    while not stop.event.is_set():
        items = (await client.get("/api/incidents"))["items"]
        state = items[0]["state"] if items else state
        if state in SETTLED:
            report: dict[str, Any] = await client.get("/api/incidents/{}", items[0]["incident_id"])
            return report
        if loop.time() > deadline:
            raise TooLateError(f"the incident is {state} after {seconds:g} s: give it longer (--timeout)")
        await asyncio.sleep(POLL_SECONDS)
    return None
