"""A mishap aimed at one place of a network: inject it, see whether it shows, heal it. The twin of a routing fault."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.proving.simulated.alerts import webhook
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.mishap_kinds import CABLES, MISHAPS, MishapKind
from nocmesh.proving.simulated.model import Node
from nocmesh.proving.simulated.places import Place


@dataclass(slots=True)
class Mishap:
    """A mishap aimed at a place of one network, ready to be injected and healed."""

    kind: MishapKind
    plan: Place
    _before: Node | None = field(default=None, init=False)
    _plugged: bool = field(default=True, init=False)

    @property
    def expect(self) -> dict[str, str] | None:
        """The label: resource and fault type."""
        return {"resource": self.plan.resource(self.kind.on), "fault_type": self.kind.name}

    def alert(self, live: LiveNetwork) -> dict[str, Any]:
        """The body of Alertmanager's webhook, as of now."""
        labels = {"alertname": self.kind.alertname, "instance": self.plan.device, **self.kind.labels(live, self.plan)}
        return webhook(labels, f"{self.plan.device}: {self.kind.summary}", live.clock.now())

    def inject(self, live: LiveNetwork) -> None:
        """Make it happen."""
        self._before = deepcopy(live.model.node(self.plan.device))
        self._plugged = self.plan.cable is None or self.plan.cable.up
        lines = self.kind.lines(live, self.plan)
        self.kind.act(live, self.plan)
        if lines:
            live.configure(self.plan.device, lines, by="fault")
        live.settle(self.plan.device)

    def shows(self, live: LiveNetwork) -> bool:
        """Whether the network suffers from it now."""
        return self.kind.shows(live, self.plan)

    def heal(self, live: LiveNetwork) -> None:
        """Everything of the device and the cable as it was before."""
        if self._before is None:
            return
        node, before = live.model.node(self.plan.device), self._before
        node.running, node.version, node.hog = before.running, before.version, before.hog
        node.packages, node.daemons = before.packages, before.daemons
        if self.plan.cable is not None:
            self.plan.cable.noise.pop(self.plan.port, None)
            self.plan.cable.up = self._plugged
        self._before = None
        live.settle(self.plan.device)


def mishap_named(live: LiveNetwork, name: str, device: str = "", target: str = "", at: str = "") -> Mishap:
    """The mishap called ``name`` at the first place that fits.

    ``device`` is where; ``target`` an interface, the neighbouring device, or what else there is to choose; ``at`` a
    resource id. Raises NotFoundError for an unknown name, InvalidInputError when it cannot happen there.
    """
    kind = MISHAPS.get(name) or CABLES.get(name)
    if kind is None:
        raise NotFoundError(f"no fault {name!r}; there are {', '.join((*MISHAPS, *CABLES))}", fault=name)
    if device:
        live.model.node(device)
    every = list(kind.where(live))
    for place in every:
        fits = device in ("", place.device) and target in ("", place.interface, place.far, place.detail)
        if fits and at in ("", place.resource(kind.on)):
            return Mishap(kind, place)
    known = ", ".join(dict.fromkeys(place.resource(kind.on) for place in every)) or "no place of this network"
    raise InvalidInputError(f"{name} cannot happen at {at or ' '.join((device, target)).strip()}; it can at {known}")
