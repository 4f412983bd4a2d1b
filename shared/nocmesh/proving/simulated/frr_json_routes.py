"""FRRouting's JSON answers about routes and interfaces, with the key names and types that FRR 8.4 prints."""

from datetime import UTC, datetime

from nocmesh.proving.simulated.frr_json import Json, pretty
from nocmesh.proving.simulated.frr_text import uptime
from nocmesh.proving.simulated.live import InterfaceRecord
from nocmesh.proving.simulated.model import Interface
from nocmesh.proving.simulated.view import RouteEntry, View


def ip_route(view: View) -> str:
    """`show ip route json`."""
    indices = {interface.name: index for interface, _, index in view.interfaces()}
    table: dict[str, list[Json]] = {}
    for entry in view.routes():
        if entry.protocol != "local":
            table.setdefault(entry.prefix, []).append(_route(entry, indices))
    return pretty(table)


def _route(entry: RouteEntry, indices: dict[str, int]) -> Json:
    hop: Json = {"flags": 3, "fib": True}
    if entry.next_hop:
        hop |= {"ip": entry.next_hop, "afi": "ipv4"}
    else:
        hop["directlyConnected"] = True
    if not entry.recursive:
        hop |= {"interfaceIndex": indices[entry.interface], "interfaceName": entry.interface}
    hop["active"] = True
    hops = [hop]
    if entry.recursive:
        hop |= {"flags": 5, "recursive": True}
        hops.append({"flags": 3, "fib": True, "ip": entry.recursive, "afi": "ipv4"})
        hops[1] |= {"interfaceIndex": indices[entry.interface], "interfaceName": entry.interface}
        hops[1] |= {"resolver": True, "active": True}
    return {
        "prefix": entry.prefix,
        "prefixLen": int(entry.prefix.split("/")[1]),
        "protocol": entry.protocol,
        "vrfId": 0,
        "vrfName": "default",
        "selected": True,
        "destSelected": True,
        "distance": entry.distance,
        "metric": 0,
        "installed": True,
        "table": 254,
        "internalStatus": 16,
        "internalFlags": 8,
        "internalNextHopNum": len(hops),
        "internalNextHopActiveNum": len(hops),
        "nexthopGroupId": indices[entry.interface] + 10,
        "installedNexthopGroupId": indices[entry.interface] + 10,
        "uptime": uptime(entry.seconds),
        "nexthops": hops,
    }


def interfaces(view: View, name: str = "") -> str:
    """`show interface [X] json`."""
    found = {
        interface.name: _interface(view, interface, record, index)
        for interface, record, index in view.interfaces()
        if name in ("", interface.name)
    }
    return pretty(found)


def _interface(view: View, interface: Interface, record: InterfaceRecord, index: int) -> Json:
    out: Json = {"administrativeStatus": "up" if interface.enabled else "down"}
    if interface.enabled:
        out |= {"operationalStatus": "up" if record.up else "down", "linkDetection": True}
    out |= {"linkUps": record.ups, "linkDowns": record.downs}
    if record.ups:
        out["lastLinkUp"] = _stamp(record.changed if record.up else view.live.started)
    if record.downs:
        out["lastLinkDown"] = _stamp(record.changed)
    out["vrfName"] = "default"
    if interface.description:
        out["description"] = interface.description
    flags = "<UP,LOOPBACK,RUNNING>" if interface.loopback else "<UP,BROADCAST,RUNNING,MULTICAST>"
    flags = flags if record.up else flags.replace(",RUNNING", "") if interface.enabled else "<BROADCAST,MULTICAST>"
    out |= {
        "mplsEnabled": False,
        "linkDown": interface.enabled and not record.up,
        "linkDownV6": False,
        "mcForwardingV4": False,
        "mcForwardingV6": False,
        "pseudoInterface": False,
        "index": index,
        "metric": 0,
        "mtu": 65536 if interface.loopback else interface.mtu,
        "speed": 0 if interface.loopback else 10000,
        "flags": flags,
        "type": "Loopback" if interface.loopback else "Ethernet",
    }
    if not interface.loopback:
        out["hardwareAddress"] = view.hardware(interface)
    out["ipAddresses"] = [{"address": a, "secondary": False, "unnumbered": False} for a in interface.addresses]
    out |= {"interfaceType": "Other" if interface.loopback else "Veth", "interfaceSlaveType": "None"}
    return out | {"lacpBypass": False, "evpnMh": {}, "protodown": "off"}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y/%m/%d %H:%M:%S.%f")[:-4]
