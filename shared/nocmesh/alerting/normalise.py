"""What all sources share: severity, device and fingerprint, each from a table, and the alert's id."""

from collections.abc import Mapping

from nocmesh import ids
from nocmesh.messages.alert import Severity

SEVERITIES: Mapping[str, Severity] = {
    "critical": "critical",
    "crit": "critical",
    "disaster": "critical",
    "emergency": "critical",
    "emerg": "critical",
    "fatal": "critical",
    "page": "critical",
    "major": "major",
    "error": "major",
    "err": "major",
    "high": "major",
    "minor": "minor",
    "average": "minor",
    "medium": "minor",
    "warning": "warning",
    "warn": "warning",
    "low": "warning",
    "info": "info",
    "information": "info",
    "informational": "info",
    "notice": "info",
    "debug": "info",
    "none": "info",
    "ok": "info",
}
"""Words of the field for X.733's five; any other word is a warning: somebody thought it worth sending."""

SEVERITY_LABELS = ("severity", "level", "priority")

DEVICE_LABELS = (
    "device",
    "hostname",
    "host",
    "instance",
    "node",
    "router",
    "target",
    "switch",
    "device_name",
    "sysName",
    "nodename",
    "exported_instance",
)
"""Labels that name the device, the most telling first. `instance` is what Prometheus scraped, often with its port."""

VOLATILE_LABELS = frozenset(
    {
        *SEVERITY_LABELS,
        "alertstate",
        "value",
        "timestamp",
        "replica",
        "__replica__",
        "prometheus_replica",
        "ruler_replica",
    }
)
"""What may change while the trouble stays the same, so it is no part of the fingerprint."""


def severity(labels: Mapping[str, str]) -> Severity:
    """How bad it is, by the first severity label there is."""
    for name in SEVERITY_LABELS:
        if labels.get(name):
            return SEVERITIES.get(labels[name].strip().lower(), "warning")
    return "warning"


def device(labels: Mapping[str, str]) -> str:
    """The device that the labels name, without a port; empty when they name none."""
    for name in DEVICE_LABELS:
        found = labels.get(name, "").strip()
        if found:
            return without_port(found)
    return ""


def without_port(name: str) -> str:
    """``r1:9100`` and ``[2001:db8::1]:9100`` without port and brackets; a bare IPv6 address stays whole."""
    if name.startswith("[") and "]" in name:
        return name[1 : name.index("]")]
    host, colon, port = name.rpartition(":")
    if colon and host and port.isascii() and port.isdigit() and ":" not in host:
        return host
    return name


def fingerprint(labels: Mapping[str, str]) -> str:
    """A name for the trouble: the hash of its labels, without what is volatile."""
    lasting = sorted((name, value) for name, value in labels.items() if name not in VOLATILE_LABELS)
    return ids.digest(lasting)[:32]


def alert_id(source: str, fingerprint: str) -> str:
    """The id that this trouble of this source has for ever."""
    return ids.short_digest(source, fingerprint)
