"""The source `snmp`: traps as the SNMP bridge decoded them.

A trap is an event, and an alert has a beginning and an end. So linkUp ends what linkDown began: both have the same
fingerprint, made of the device and of what the trap is about, by numbers that it always carries, never of names.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from nocmesh.alerting import fields, normalise, traps
from nocmesh.alerting.traps import Meaning
from nocmesh.ids import short_digest
from nocmesh.messages.alert import Alert
from nocmesh.messages.trap import Bound, Traps, TrapSeen

SOURCE = "snmp"
MAX_TRAPS = 2_000
SHOWN = 40
"""Variables that the description of an unknown trap quotes."""


def parse(body: bytes, received_at: datetime) -> list[Alert]:
    """Every alert of one message of the bridge, in its order. Raises InvalidInputError that names the field."""
    if len(body) > fields.MAX_BYTES:
        fields.wrong("body", f"expected at most {fields.MAX_BYTES} bytes, it has {len(body)}")
    try:
        found = msgspec.json.decode(body, type=Traps)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        fields.wrong("body", f"expected traps as the SNMP bridge sends them: {error}")
    if not 1 <= len(found.traps) <= MAX_TRAPS:
        fields.wrong("traps", f"expected 1 to {MAX_TRAPS} traps, got {len(found.traps)}")
    return [alert_of(one, received_at) for one in found.traps]


def alert_of(seen: TrapSeen, received_at: datetime) -> Alert:
    """The alert that a trap is. Raises InvalidInputError for what no store can keep."""
    meaning = traps.MEANINGS.get(seen.trap, traps.ANYTHING_ELSE)
    key = _KEYS[meaning.about](seen)
    status = _status(seen, meaning)
    print_ = fingerprint(seen)
    told = {**key, **_names(seen, meaning)}
    labels = fields.labels(
        {"alertname": meaning.name, "device": seen.device, "severity": meaning.severity, **_cut(told)}, "traps.labels"
    )
    return Alert(
        alert_id=normalise.alert_id(SOURCE, print_),
        source=SOURCE,
        fingerprint=print_,
        name=meaning.name,
        status=status,
        severity=meaning.severity if status == "firing" else "info",
        summary=fields.prose(_summary(seen, meaning, told), "traps.summary"),
        description=fields.prose(_description(seen), "traps.description"),
        device=seen.device,
        labels=labels,
        annotations=fields.annotations({"trap": seen.trap, "source": seen.source}, "traps.annotations"),
        starts_at=seen.at if status == "firing" else None,
        ends_at=seen.at if status == "resolved" else None,
        received_at=received_at,
    )


def fingerprint(seen: TrapSeen) -> str:
    """What this trap has in common with others of the same trouble."""
    meaning = traps.MEANINGS.get(seen.trap, traps.ANYTHING_ELSE)
    return short_digest(
        meaning.name, seen.device, *(part for pair in _KEYS[meaning.about](seen).items() for part in pair)
    )


def status_of(seen: TrapSeen) -> Literal["firing", "resolved"]:
    """Whether it tells that trouble begins, or ends."""
    return _status(seen, traps.MEANINGS.get(seen.trap, traps.ANYTHING_ELSE))


def interface_index(seen: TrapSeen) -> str:
    """The ifIndex that a trap is about, by ifIndex itself or by the instance of another column; empty: none."""
    if index := _value(seen, traps.IF_INDEX):
        return index
    tables = (traps.IF_TABLE, traps.IF_X_TABLE)
    rows = [bind.oid for bind in seen.varbinds if bind.oid.startswith(tables)]
    return next((oid.rpartition(".")[2] for oid in rows), "")


def _status(seen: TrapSeen, meaning: Meaning) -> Literal["firing", "resolved"]:
    if meaning.about != "ospf":
        return meaning.status
    return "resolved" if _value(seen, traps.OSPF_NEIGHBOR_STATE) in traps.OSPF_WELL else "firing"


def _of_device(_seen: TrapSeen) -> dict[str, str]:
    return {}


def _of_interface(seen: TrapSeen) -> dict[str, str]:
    return {"if_index": interface_index(seen)}


def _of_bgp(seen: TrapSeen) -> dict[str, str]:
    """The peer is the instance of each variable: four arcs (RFC 4273, bgpPeerEntry)."""
    row = next((bind.oid for bind in seen.varbinds if bind.oid.startswith(traps.BGP_PEER)), "")
    return {"neighbor": ".".join(row.removeprefix(traps.BGP_PEER).split(".")[1:5])}


def _of_ospf(seen: TrapSeen) -> dict[str, str]:
    """The neighbour's address, or on an unnumbered link its ifIndex (RFC 4750, ospfNbrEntry)."""
    row = next((bind.oid for bind in seen.varbinds if bind.oid.startswith(traps.OSPF_NEIGHBOR)), "")
    arcs = row.removeprefix(traps.OSPF_NEIGHBOR).split(".")[1:]
    return {"neighbor": ".".join(arcs[:4]), "neighbor_if_index": ".".join(arcs[4:5])}


def _of_objects(seen: TrapSeen) -> dict[str, str]:
    return {"trap": seen.trap, "objects": short_digest(*(bind.oid for bind in seen.varbinds))}


_KEYS = {
    "device": _of_device,
    "interface": _of_interface,
    "bgp": _of_bgp,
    "ospf": _of_ospf,
    "objects": _of_objects,
}


def _names(seen: TrapSeen, meaning: Meaning) -> dict[str, str]:
    """What people, and whoever diagnoses, call it."""
    found: dict[str, str] = {}
    if meaning.about == "interface":
        found = {"interface": interface_name(seen), "if_descr": seen.description, "if_alias": seen.alias}
    elif meaning.about == "ospf":
        state = _value(seen, traps.OSPF_NEIGHBOR_STATE)
        found = {"neighbor_id": _value(seen, traps.OSPF_NEIGHBOR_ID), "state": traps.OSPF_STATES.get(state, state)}
    return {name: text for name, text in found.items() if text}


def interface_name(seen: TrapSeen) -> str:
    """What the interface is called: ifName, else ifDescr, else its number."""
    index = interface_index(seen)
    return seen.interface or seen.description or (f"ifIndex {index}" if index else "an interface")


def _summary(seen: TrapSeen, meaning: Meaning, told: Mapping[str, str]) -> str:
    if meaning.about == "interface":
        alias = f" ({seen.alias})" if seen.alias else ""
        return f"{interface_name(seen)}{alias} of {seen.device} {meaning.says}"
    if meaning.about == "bgp":
        return f"the BGP session of {seen.device} to {told['neighbor'] or 'a peer'} {meaning.says}"
    if meaning.about == "ospf":
        return f"the OSPF neighbor {told['neighbor']} of {seen.device} is {told.get('state', 'in a state not told')}"
    return f"{seen.device} {meaning.says}" + (f" {seen.trap}" if meaning.about == "objects" else "")


def _description(seen: TrapSeen) -> str:
    lines = [f"{bind.oid} = {bind.kind}: {bind.value}" for bind in seen.varbinds[:SHOWN]]
    more = len(seen.varbinds) - SHOWN
    repeats = [f"{seen.count} times"] if seen.count > 1 else []
    return "\n".join([*repeats, *lines, *([f"and {more} more"] if more > 0 else [])])


def _value(seen: TrapSeen, column: str) -> str:
    found: Bound | None = next((bind for bind in seen.varbinds if bind.oid.startswith(column)), None)
    return found.value if found else ""


def _cut(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: text[: fields.MAX_LABEL] for name, text in labels.items()}
