"""What monitoring would send of a fault: an Alertmanager body that tells a symptom, and not its cause."""

from typing import Any

from nocmesh.lab.faults.catalogue import kind
from nocmesh.lab.faults.journal import Injected
from nocmesh.lab.faults.kinds import Alarm
from nocmesh.lab.plan import LabPlan


def alarm_of(plan: LabPlan, fault: Injected) -> Alarm:
    """The symptom as monitoring words it."""
    return kind(fault.fault_type).alarm(plan, fault.resource, fault.params)


def alert_of(plan: LabPlan, fault: Injected) -> dict[str, Any]:
    """The webhook body, without times: who sends it fills them in."""
    alarm = alarm_of(plan, fault)
    labels = {"alertname": alarm.name, "instance": alarm.instance, "severity": alarm.severity, **alarm.labels}
    return {
        "version": "4",
        "receiver": "nocmesh",
        "status": "firing",
        "groupLabels": {"alertname": alarm.name},
        "commonLabels": labels,
        "commonAnnotations": {},
        "alerts": [{"status": "firing", "labels": labels, "annotations": {"summary": alarm.summary}}],
    }
