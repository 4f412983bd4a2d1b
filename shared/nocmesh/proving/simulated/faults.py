"""A fault aimed at one place of a simulated network: inject it, see whether it shows, heal it.

The names and resources are those of the mesh's fault vocabulary. A fault knows its label, the alert that a monitoring
system would send, and how to tell that it shows.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.proving.simulated.alerts import webhook
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.mistakes import HEALTHY, KINDS, Kind, Plan
from nocmesh.proving.simulated.model import Cable, Configuration


@dataclass(slots=True)
class Fault:
    """A fault aimed at a place of one network, ready to be injected and healed."""

    kind: Kind
    plan: Plan
    _before: Configuration | None = field(default=None, init=False)

    @property
    def expect(self) -> dict[str, str] | None:
        """The label: resource and fault type; None for the healthy network."""
        if self.kind.name == HEALTHY:
            return None
        return {"resource": self.kind.resource(self.plan), "fault_type": self.kind.name}

    def alert(self, live: LiveNetwork) -> dict[str, Any]:
        """The body of Alertmanager's webhook, as of now."""
        plan, labels = self.plan, {"alertname": self.kind.alertname, "instance": self.plan.device}
        if self.kind.alertname == "BgpSessionDown":
            labels |= {"peer": plan.neighbor.address, "remote_as": str(plan.neighbor.remote_as)}
        elif self.kind.alertname == "InterfaceDown":
            labels["interface"] = plan.interface.name
        else:
            labels["prefix"] = plan.network
        about = plan.neighbor.description or plan.neighbor.address
        return webhook(labels, f"{plan.device}: {self.kind.summary} ({about})", live.clock.now())

    def inject(self, live: LiveNetwork) -> None:
        """Make the mistake."""
        self._before = deepcopy(live.model.node(self.plan.device).running)
        if self.kind.name == "link_down":
            self.plan.cable.up = False
            live.settle()
        lines = [line for line in self.kind.lines(self.plan) if _fits(live, self.plan.device, line)]
        live.configure(self.plan.device, lines, by="fault")

    def shows(self, live: LiveNetwork) -> bool:
        """Whether the network suffers from it now."""
        return self.kind.shows(live, self.plan)

    def heal(self, live: LiveNetwork) -> None:
        """Everything as it was before the fault."""
        if self._before is not None:
            live.model.node(self.plan.device).running = self._before
            self.plan.cable.up = True
            self._before = None
            live.pardon(self.plan.device)


def _fits(live: LiveNetwork, device: str, line: str) -> bool:
    """`network` is spelled by mask on IOS-XE and by length on FRRouting; each takes its own."""
    by_mask = " mask " in line
    if not line.startswith("no network"):
        return line != "end"
    return by_mask == (live.model.node(device).dialect == "cisco_iosxe")


def fault_named(live: LiveNetwork, name: str, device: str = "", target: str = "") -> Fault:
    """The fault called ``name`` on ``device`` towards ``target``, a neighbouring device; defaults where not given.

    Raises NotFoundError for an unknown name or device, InvalidInputError when the device has no such neighbour.
    """
    if name not in KINDS:
        raise NotFoundError(f"no fault {name!r}; there are {', '.join(KINDS)}", fault=name)
    kind = KINDS[name]
    if not device and kind.at[0] in live.model.nodes:
        device, target = kind.at[0], target or kind.at[1]
    device = device or next(iter(live.model.nodes))
    return Fault(kind, _plan(live, device, target))


def _plan(live: LiveNetwork, device: str, target: str) -> Plan:
    running = live.model.node(device).running
    neighbors = [] if running.bgp is None else list(running.bgp.neighbors.values())
    neighbor = next((n for n in neighbors if target in ("", n.description, n.address)), None)
    if running.bgp is None or neighbor is None:
        known = ", ".join(n.description or n.address for n in neighbors) or "none"
        raise InvalidInputError(f"{device} has no BGP neighbour {target!r}; it has {known}", field="target")
    session = live.sessions.get((device, neighbor.address))
    far = None if session is None else session.peer
    back = None if far is None else live.model.node(far[0]).running.bgp
    cable, interface = _wire(live, device, neighbor.description if far is None else far[0])
    return Plan(
        device=device,
        bgp=running.bgp,
        neighbor=deepcopy(neighbor),
        interface=running.interfaces[interface],
        cable=cable,
        network=next((n for n in running.bgp.networks if not n.endswith("/32")), running.bgp.networks[0]),
        waits=far is not None and back is not None and back.neighbors[far[1]].passive,
    )


def _wire(live: LiveNetwork, device: str, far: str) -> tuple[Cable, str]:
    for cable in live.model.cables:
        for end in (cable.a, cable.b):
            if end.device == device and cable.other(end).device == far:
                return cable, end.interface
    raise InvalidInputError(f"no cable joins {device} and {far}; choose two that are cabled", field="target")
