"""Numbers: incidents by state, agents by liveness, what waits, who listens. The one module that knows Prometheus."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from nocmesh_dashboard.looks import OVER, STATES
from nocmesh_dashboard.web import Web

_HELP = {
    "incidents": ("state", "Incidents by state."),
    "agents": ("liveness", "Agents by liveness."),
    "approvals": ("status", "Approvals by status."),
    "workflows": ("status", "Workflow runs by status."),
    "streams": ("kind", "Live streams to browsers, and changes told to them since the start."),
}


async def counts(web: Web) -> Mapping[str, Any]:
    """All counts, by family and label."""
    stored = await web.backend.records.counts()
    incidents = {state: stored["incidents"].get(state, 0) for state in STATES}
    return {
        "incidents": incidents,
        "incidents_open": sum(n for state, n in incidents.items() if state not in OVER),
        "agents": dict(Counter(str(a.get("liveness")) for a in web.backend.agents())),
        "approvals": {"pending": 0, **stored["approvals"]},
        "workflows": dict(stored["runs"]),
        "streams": {"open": web.hub.clients, "changes": web.hub.changes},
    }


def exposition(numbers: Mapping[str, Any]) -> tuple[bytes, str]:
    """``numbers`` in Prometheus' text format, with its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(numbers))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Families(Collector):
    """Hands finished numbers to a registry."""

    def __init__(self, numbers: Mapping[str, Any]) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[Metric]:
        for name, (label, text) in _HELP.items():
            family = GaugeMetricFamily(f"nocmesh_{name}", text, labels=[label])
            for value, count in sorted(self._numbers[name].items()):
                family.add_metric([value], count)
            yield family
