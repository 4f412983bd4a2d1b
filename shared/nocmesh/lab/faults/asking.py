"""What nodes of a lab say when they are asked: carrier, addresses, neighbours, and whether one reaches another."""

import json
import re
from typing import Any, NamedTuple

from nocmesh.lab.faults.kinds import Ground

_RECEIVED = re.compile(r"(\d+) packets transmitted, (\d+) received")
_TIMES = re.compile(r"= [\d.]+/([\d.]+)/[\d.]+/")
_STATUS = re.compile(r"HTTP/1\.[01] \d{3}")


class Probe(NamedTuple):
    """What a row of pings came to."""

    sent: int
    received: int
    average: float
    """Milliseconds there and back; 0: nothing came back."""

    @property
    def lost(self) -> float:
        """The share that did not come back; 1 when nothing could be sent."""
        return 1 - self.received / self.sent if self.sent else 1.0


def read_probe(text: str) -> Probe:
    """The last lines of iputils ping; nothing sent when they are not there."""
    counts, times = _RECEIVED.search(text), _TIMES.search(text)
    if counts is None:
        return Probe(0, 0, 0.0)
    return Probe(int(counts[1]), int(counts[2]), float(times[1]) if times else 0.0)


async def pinged(
    lab: Ground, node: str, address: str, *, count: int = 3, interval: float = 0.2, size: int = 56, whole: bool = False
) -> Probe:
    """Pings `address` from a node; `whole`: never in fragments."""
    options = ["-M", "do"] if whole else []
    argv = ["ping", "-n", "-q", "-c", f"{count}", "-i", f"{interval}", "-s", f"{size}", "-W", "1", *options, address]
    answer = await lab.exec(node, *argv, check=False)
    return read_probe(answer.stdout)


async def reaches(lab: Ground, node: str, address: str) -> bool:
    """True: at least one of three pings comes back."""
    return (await pinged(lab, node, address)).received > 0


async def listed(lab: Ground, node: str, *argv: str) -> list[dict[str, Any]]:
    """What an `ip -j` or `bridge -j` command prints; empty when it fails, as for an interface that is gone."""
    answer = await lab.exec(node, *argv, check=False)
    rows: list[dict[str, Any]] = json.loads(answer.stdout or "[]") if answer.code == 0 else []
    return [row for row in rows if row]


async def link(lab: Ground, node: str, port: str) -> dict[str, Any]:
    """An interface as the kernel has it; empty: there is none of that name."""
    rows = await listed(lab, node, "ip", "-j", "-d", "link", "show", "dev", port)
    return rows[0] if rows else {}


async def addresses(lab: Ground, node: str, port: str) -> set[str]:
    """Its IPv4 addresses, with prefix length."""
    rows = await listed(lab, node, "ip", "-j", "-4", "addr", "show", "dev", port)
    return {f"{one['local']}/{one['prefixlen']}" for row in rows for one in row.get("addr_info", [])}


async def resolved(lab: Ground, node: str, address: str) -> str:
    """The MAC address that a node has for a neighbour; empty: it could not resolve it."""
    rows = await listed(lab, node, "ip", "-j", "neigh", "show", "to", address)
    return next((str(row["lladdr"]) for row in rows if "FAILED" not in row.get("state", []) and "lladdr" in row), "")


async def number(lab: Ground, node: str, path: str) -> int:
    """A number out of /sys or /proc; 0 when it is not there."""
    text = (await lab.exec(node, "cat", path, check=False)).stdout.strip()
    return int(text) if text.isdigit() else 0


async def served(lab: Ground, node: str, address: str) -> bool:
    """True: a web server at `address` answers a request from `node`, whatever its status."""
    request = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; timeout 2 head -n 1 <&3"
    script = f"exec 3<>/dev/tcp/{address}/80 && {request}"
    answer = await lab.exec(node, "timeout", "3", "bash", "-c", script, check=False)
    return _STATUS.match(answer.stdout) is not None


async def adjacencies(lab: Ground, node: str) -> set[str]:
    """The interfaces of a router over which its IGP has a neighbour in full state."""
    if lab.plan.options.igp == "ospf":
        return full_ospf(json.loads(await lab.vtysh(node, "show ip ospf neighbor json") or "{}"))
    return up_isis(json.loads(await lab.vtysh(node, "show isis neighbor json") or "{}"))


def full_ospf(data: dict[str, Any]) -> set[str]:
    """Interfaces with a full neighbour in `show ip ospf neighbor json`."""
    rows = [row for found in data.get("neighbors", data).values() for row in found]
    states = [(row.get("state") or row.get("nbrState", ""), row.get("ifaceName", "")) for row in rows]
    return {name.partition(":")[0] for state, name in states if state.startswith("Full")}


def up_isis(data: dict[str, Any]) -> set[str]:
    """Interfaces with a neighbour that is up in `show isis neighbor json`."""
    circuits = [circuit for area in data.get("areas", []) for circuit in area.get("circuits", [])]
    return {circuit.get("interface", "") for circuit in circuits if circuit.get("state") == "Up"}


async def sessions(lab: Ground, node: str) -> dict[str, str]:
    """BGP sessions of a router: the neighbour's address and the session's state."""
    data = json.loads(await lab.vtysh(node, "show bgp ipv4 unicast summary json") or "{}")
    return {address: peer.get("state", "") for address, peer in data.get("peers", {}).items()}
