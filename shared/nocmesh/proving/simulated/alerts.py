"""An alert as Prometheus Alertmanager posts it: webhook, payload version 4."""

from datetime import UTC, datetime
from typing import Any

from nocmesh.ids import short_digest

NEVER = "0001-01-01T00:00:00Z"
"""Go's zero time: Alertmanager's `endsAt` of an alert that still fires."""


def webhook(labels: dict[str, str], summary: str, now: datetime) -> dict[str, Any]:
    """The body for one firing alert (Alertmanager, "Webhook receiver configuration")."""
    labels = {**labels, "job": "network", "severity": "critical"}
    annotations = {"summary": summary}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "endsAt": NEVER,
        "generatorURL": "http://prometheus.simulated.example/graph",
        "fingerprint": short_digest(*(f"{key}={value}" for key, value in sorted(labels.items())))[:16],
    }
    group = {"alertname": labels["alertname"]}
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{labels["alertname"]}"}}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "nocmesh",
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "http://alertmanager.simulated.example",
        "alerts": [alert],
    }
