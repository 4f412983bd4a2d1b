"""Prometheus Alertmanager's webhook body, versions 3 and 4, and whatever else sends that shape.

The format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Old senders give `groupKey` as
a number and no `fingerprint`; hand-made ones give little more than labels. What is missing is left open, what is
there must be of its kind.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from nocmesh.alerting import fields, normalise
from nocmesh.messages.alert import Alert

SOURCE = "alertmanager"
MAX_ALERTS = 2_000
"""Alertmanager groups before it sends: a body with more is a mistake, or meant to hurt."""


def parse(body: bytes | Mapping[str, Any], received_at: datetime, *, source: str = SOURCE) -> list[Alert]:
    """Every alert of one webhook body, in its order; ``source`` is who sends this shape.

    Raises InvalidInputError that names the field and says why; then no alert of the body counts.
    """
    whole = fields.document(body) if isinstance(body, bytes) else fields.mapping(body, "body")
    alerts = fields.items(whole.get("alerts"), "alerts")
    if not 1 <= len(alerts) <= MAX_ALERTS:
        fields.wrong("alerts", f"expected 1 to {MAX_ALERTS} alerts, got {len(alerts)}")
    shared = _Shared(whole)
    return [_alert(one, f"alerts[{index}]", shared, received_at, source) for index, one in enumerate(alerts)]


class _Shared:
    """What the body says for all of its alerts."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self.status = _status(whole.get("status"), "status", "firing")
        group = fields.labels(whole.get("groupLabels"), "groupLabels")
        self.labels = {**group, **fields.labels(whole.get("commonLabels"), "commonLabels")}
        self.annotations = fields.annotations(whole.get("commonAnnotations"), "commonAnnotations")


def _alert(value: object, at: str, shared: _Shared, received_at: datetime, source: str) -> Alert:
    one = fields.mapping(_present(value, at), at)
    labels = {**shared.labels, **fields.labels(one.get("labels"), f"{at}.labels")}
    annotations = {**shared.annotations, **fields.annotations(one.get("annotations"), f"{at}.annotations")}
    fingerprint = fields.text(one.get("fingerprint"), f"{at}.fingerprint")[:200] or normalise.fingerprint(labels)
    return Alert(
        alert_id=normalise.alert_id(source, fingerprint),
        source=source,
        fingerprint=fingerprint,
        name=labels.get("alertname") or "unnamed",
        status=_status(one.get("status"), f"{at}.status", shared.status),
        severity=normalise.severity(labels),
        summary=annotations.get("summary") or annotations.get("message") or annotations.get("title") or "",
        description=annotations.get("description", ""),
        device=normalise.device(labels),
        labels=labels,
        annotations=annotations,
        starts_at=fields.moment(one.get("startsAt"), f"{at}.startsAt"),
        ends_at=fields.moment(one.get("endsAt"), f"{at}.endsAt"),
        received_at=received_at,
        url=fields.text(one.get("generatorURL"), f"{at}.generatorURL")[: fields.MAX_LABEL],
    )


def _present(value: object, at: str) -> object:
    if value is None:
        fields.wrong(at, "expected an object, got null")
    return value


def _status(value: object, field: str, default: Literal["firing", "resolved"]) -> Literal["firing", "resolved"]:
    if value is None or value == "":
        return default
    found = fields.text(value, field)
    if found == "firing":
        return "firing"
    if found == "resolved":
        return "resolved"
    return fields.wrong(field, f"expected firing or resolved, got {found[:40]!a}")
