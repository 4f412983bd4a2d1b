"""The inventory file of a simulated network: the devices, their intent, the cables, two people who may approve."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nocmesh.proving.simulated.model import Configuration, Interface, Network, Node, Software


def inventory(network: Network, addresses: Mapping[str, tuple[str, int]], access: Mapping[str, Any]) -> dict[str, Any]:
    """The inventory as data. ``access``: the credential, and the `host_keys` by device."""
    credential = {key: value for key, value in access.items() if key != "host_keys"}
    return {
        "version": 1,
        "credentials": {"simulated": credential},
        "devices": [
            _device(node, addresses[node.name], access["host_keys"][node.name]) for node in network.nodes.values()
        ],
        "users": [{"name": name, "roles": ["operator", "approver"]} for name in ("nina", "omar")],
        "links": [{"a": str(cable.a), "b": str(cable.b)} for cable in network.cables],
    }


def written(data: dict[str, Any]) -> str:
    """``data`` as YAML: blocks, with scalars and short lists as JSON, which YAML 1.2 contains."""
    return "\n".join(_block(data, "")) + "\n"


def _block(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if _nested(inner):
                yield f"{indent}{key}:"
                yield from _block(inner, f"{indent}  ")
            else:
                yield f"{indent}{key}: {json.dumps(inner)}"
        return
    for item in value:
        first, *rest = _block(item, "")
        yield f"{indent}- {first}"
        yield from (f"{indent}  {line}" for line in rest)


def _nested(value: Any) -> bool:
    """Whether ``value`` deserves lines of its own."""
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _device(node: Node, address: tuple[str, int], host_key: str) -> dict[str, Any]:
    # What is meant is what was saved, not what somebody typed since.
    meant = node.startup or node.running
    return {
        "name": node.name,
        "platform": node.dialect,
        "address": address[0],
        "port": address[1],
        "credential": "simulated",
        "host_key": host_key,
        "role": node.role,
        "site": node.site,
        "core": node.core,
        "simulated": True,
        "interfaces": [_interface(interface) for interface in meant.interfaces.values()],
        "intent": {
            **({"bgp": _bgp(meant)} if meant.bgp is not None else {}),
            **({"software": _software(node.meant)} if node.meant is not None else {}),
        },
    }


def _software(meant: Software) -> dict[str, Any]:
    return {"version": meant.version, "packages": dict(meant.packages), "services": list(meant.services)}


def _interface(interface: Interface) -> dict[str, Any]:
    entry = {
        "name": interface.name,
        "addresses": list(interface.addresses),
        "enabled": interface.enabled,
        "description": interface.description,
    }
    # A loopback's MTU is the vendor's own business, nobody means one.
    return entry if interface.loopback else {**entry, "mtu": interface.mtu}


def _bgp(meant: Configuration) -> dict[str, Any]:
    assert meant.bgp is not None
    neighbors = meant.bgp.neighbors.values()
    return {
        "asn": meant.bgp.asn,
        "router_id": meant.bgp.router_id,
        "neighbors": [{"address": n.address, "remote_asn": n.remote_as} for n in neighbors if not n.shutdown],
        "networks": list(meant.bgp.networks),
    }
