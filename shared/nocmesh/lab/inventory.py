"""The inventory of a lab: how to reach its nodes, and what should be on them."""

from pathlib import Path
from typing import Any

from nocmesh.lab import scripts
from nocmesh.lab.plan import BgpPlan, LabPlan, Node
from nocmesh.yamlfile import dumped

CREDENTIAL = "lab"
PEOPLE = ("nina", "omar")
SSH_CONFIG, KNOWN_HOSTS = "ssh_config", "known_hosts"


def inventory_yaml(plan: LabPlan, folder: Path) -> str:
    """The inventory as text; key files are named by their whole path."""
    return dumped(
        {
            "version": 1,
            "credentials": {CREDENTIAL: {"username": "root", "private_key_file": str(folder / scripts.KEY_FILE)}},
            "devices": [_device(plan, node, folder) for node in plan.nodes],
            "links": [{"a": cable.a, "b": cable.b} for cable in plan.cables],
            "users": [{"name": name, "roles": ["operator", "approver"]} for name in PEOPLE],
        }
    )


def ssh_config(plan: LabPlan, folder: Path) -> str:
    """For `ssh -F`: every node by its name, every router's shell as `<name>-shell`."""
    lines = [
        "Host *",
        "  User root",
        f"  IdentityFile {folder / scripts.KEY_FILE}",
        "  IdentitiesOnly yes",
        f"  UserKnownHostsFile {folder / KNOWN_HOSTS}",
    ]
    for node in plan.nodes:
        ports = {node.name: scripts.CLI_PORT, f"{node.name}-shell": scripts.SHELL_PORT}
        for name, port in ports.items():
            lines += [f"Host {name}", f"  HostName {node.management}", f"  Port {port}", f"  HostKeyAlias {node.name}"]
    return "\n".join([*lines, ""])


def known_hosts(plan: LabPlan, folder: Path) -> str:
    """The nodes' host keys, for ssh."""
    return "".join(f"{node.name} {_host_key(folder, node.name)}\n" for node in plan.nodes)


def _device(plan: LabPlan, node: Node, folder: Path) -> dict[str, Any]:
    router = node.kind == "router"
    device = {
        "name": node.name,
        "platform": "frr" if router else "linux",
        "address": node.management,
        "port": scripts.CLI_PORT,
        "credential": CREDENTIAL,
        "host_key": _host_key(folder, node.name),
        "role": node.role,
        "site": node.site,
        "core": node.core,
        "snmp": {"version": "2c", "community": scripts.COMMUNITY, "port": 161},
        "interfaces": [_interface(port) for port in node.ports],
    }
    if router:
        device["shell"] = {"port": scripts.SHELL_PORT, "credential": CREDENTIAL}
        device["intent"] = _intent(plan, node)
    return device


def _host_key(folder: Path, node: str) -> str:
    path = folder / "nodes" / node / "host_key.pub"
    return " ".join(path.read_text("utf-8").split()[:2])


def _interface(port: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {"name": port.name, "addresses": list(port.addresses), "enabled": True}
    if port.kind != "loopback":
        kept["mtu"] = port.mtu
    if port.description:
        kept["description"] = port.description
    return kept


def _intent(plan: LabPlan, node: Node) -> dict[str, Any]:
    intent: dict[str, Any] = {"bgp": _bgp(node.bgp)} if node.bgp else {}
    if plan.options.igp == "isis":
        names = [port.name for port in node.ports if port.igp]
        intent["isis"] = {"net": node.net, "level": node.level.removeprefix("level-").removesuffix("-only")}
        intent["isis"]["interfaces"] = names
    else:
        areas: dict[str, list[str]] = {}
        for port in node.ports:
            if port.igp:
                areas.setdefault(port.area or node.area, []).append(port.name)
        intent["ospf"] = {"areas": areas}
    return intent


def _bgp(bgp: BgpPlan) -> dict[str, Any]:
    return {
        "asn": bgp.asn,
        "router_id": bgp.router_id,
        "neighbors": [{"address": peer.address, "remote_asn": peer.remote_asn} for peer in bgp.peers],
        "networks": list(bgp.networks),
    }
