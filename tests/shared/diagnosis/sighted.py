"""A network in a few lines, and what was seen of it: for rules about where packets go."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_interface
from typing import Any

from nocmesh.diagnosis.facts import Facts
from nocmesh.messages.session import Observation
from nocmesh.messages.state import DeviceState, Interface, NeighborEntry, Neighbors, Output, Route, Stp, StpPort
from nocmesh.network import Device, End, IntendedInterface, Link, Network

PORTS = {
    "r1": {"r1-e0": "10.0.0.1/30", "r1-e1": "10.0.0.5/30", "r1-lan": "10.1.0.1/24"},
    "r2": {"r2-e0": "10.0.0.2/30", "r2-e1": "10.0.0.9/30"},
    "r3": {"r3-e0": "10.0.0.6/30", "r3-e1": "10.0.0.10/30", "r3-lan": "10.2.0.1/24"},
    "s1": {"s1-e0": "", "s1-e1": "", "s1-e2": ""},
    "s2": {"s2-e0": "", "s2-e1": "", "s2-e2": ""},
    "h1": {"h1-e0": "10.1.0.11/24"},
    "h2": {"h2-e0": "10.2.0.12/24"},
    "h3": {"h3-e0": "10.2.0.13/24"},
}
"""Three routers in a triangle; a host at r1; two switches behind r3 with a host each."""
CABLES = [
    *("r1-e0 r2-e0", "r1-e1 r3-e0", "r2-e1 r3-e1", "r1-lan h1-e0"),
    *("r3-lan s1-e0", "s1-e1 s2-e0", "s1-e2 h2-e0", "s2-e1 h3-e0"),
]


def end(port: str) -> End:
    return End(device=port.split("-")[0], interface=port)


def link(cable: str) -> Link:
    a, b = cable.split()
    return Link(a=end(a), b=end(b))


NETWORK = Network(
    devices=[
        Device(
            name=name,
            platform="frr" if name.startswith("r") else "linux",
            address=f"192.0.2.{place}",
            interfaces=[IntendedInterface(name=p, addresses=[a] if a else []) for p, a in ports.items()],
        )
        for place, (name, ports) in enumerate(PORTS.items())
    ],
    links=[link(cable) for cable in CABLES],
)

TABLES: Mapping[str, Mapping[str, str]] = {
    "r1": {"10.2.0.0/24": "10.0.0.6", "10.0.0.8/30": "10.0.0.2"},
    "r2": {"10.1.0.0/24": "10.0.0.1", "10.2.0.0/24": "10.0.0.10"},
    "r3": {"10.1.0.0/24": "10.0.0.5"},
    "h1": {"0.0.0.0/0": "10.1.0.1"},
    "h2": {"0.0.0.0/0": "10.2.0.1"},
    "h3": {"0.0.0.0/0": "10.2.0.1"},
    "s1": {},
    "s2": {},
}


def connected(name: str) -> list[Route]:
    return [
        Route(prefix=str(ip_interface(a).network), protocol="connected", interfaces=[p])
        for p, a in PORTS[name].items()
        if a
    ]


def interfaces(name: str, **moved: str | None) -> list[Interface]:
    """As planned; ``moved``: by port, with `_` for `-`, another address; None: the port is down."""
    found = []
    for port, address in PORTS[name].items():
        key = port.replace("-", "_")
        own = moved.get(key, address) or ""
        bridge = "br0" if name.startswith("s") else ""
        up = not (key in moved and moved[key] is None)
        found.append(
            Interface(name=port, enabled=True, oper_up=up, addresses=[own] if own else [], bridge=bridge, mtu=1500)
        )
    return found


def state(name: str, routes: Mapping[str, str] | None = None, **more: Any) -> DeviceState:
    """A device as it should be; ``routes``: by prefix, the next hops, or `drop`; an empty one takes a route away."""
    table = {**TABLES[name], **(routes or {})}
    listed = [
        Route(prefix=prefix, protocol="static", next_hops=hops.split(), discards=hops == "drop", interfaces=[])
        if hops != "drop"
        else Route(prefix=prefix, protocol="static", interfaces=["Null0"], discards=True)
        for prefix, hops in table.items()
        if hops
    ]
    fields: dict[str, Any] = {"interfaces": interfaces(name), "routes": [*connected(name), *listed], **more}
    return DeviceState(device=name, platform="x", **fields, status=dict.fromkeys(fields, "parsed"))


def silent(*addresses: str) -> Neighbors:
    return Neighbors(entries=[NeighborEntry(address=address, state="failed") for address in addresses])


def blocked(*ports: str) -> Stp:
    return Stp(ports=[StpPort(name=port, bridge="br0", state="blocking") for port in ports])


def facts(*changed: DeviceState, unseen: Iterable[str] = (), past: Iterable[DeviceState] = ()) -> Facts:
    """Everybody as they should be, but those that ``changed`` and those that nobody looked at."""
    states = {name: state(name) for name in PORTS if name not in set(unseen)}
    states |= {each.device: each for each in changed}
    seen = [_seen(each, "device_state") for each in states.values()]
    return Facts.gather(NETWORK, [*(_seen(each, "device_baseline") for each in past), *seen])


def _seen(told: DeviceState, tool: str) -> Observation:
    outputs = [Output(command=tool, text="hostname x\n!\n")]
    return Observation(
        observation_id=f"{tool}-{told.device}", tool=tool, device=told.device, state=told, outputs=outputs
    )
