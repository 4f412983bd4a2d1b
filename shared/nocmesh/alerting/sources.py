"""Which source speaks which format; a new source is one file and one row."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from nocmesh.alerting import alertmanager, snmp
from nocmesh.errors import NotFoundError
from nocmesh.messages.alert import Alert

Parse = Callable[[bytes, datetime], list[Alert]]
"""A raw body and when it came, to its alerts; raises InvalidInputError."""

PARSERS: Mapping[str, Parse] = {
    "alertmanager": alertmanager.parse,
    "prometheus": partial(alertmanager.parse, source="prometheus"),
    "monitor": partial(alertmanager.parse, source="monitor"),
    "snmp": snmp.parse,
}
INTERNAL = frozenset({"monitor", "snmp"})
"""Sources that are the mesh's own: they publish with their own key, so no webhook speaks for them."""
WEBHOOKS = tuple(sorted(PARSERS.keys() - INTERNAL))


def parse(source: str, body: bytes, received_at: datetime) -> list[Alert]:
    """The alerts in ``body``.

    Raises NotFoundError that lists the known sources, InvalidInputError for a body that is not of this source.
    """
    if source not in PARSERS:
        raise NotFoundError(f"there is no alert source {source[:60]!r}; known: {', '.join(sorted(PARSERS))}")
    return PARSERS[source](body, received_at)
