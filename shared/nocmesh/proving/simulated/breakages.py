"""All that can be broken in a simulated network, whatever its kind, by one name and one place."""

import re
from typing import Any, Protocol

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.proving.simulated.faults import fault_named
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.mishap_kinds import CABLES, MISHAPS
from nocmesh.proving.simulated.mishaps import mishap_named
from nocmesh.proving.simulated.mistakes import KINDS

NAMES = (*KINDS, *MISHAPS)


class Breakage(Protocol):
    """A fault aimed at a place."""

    @property
    def expect(self) -> dict[str, str] | None:
        """The label; None for the healthy network."""

    def alert(self, live: LiveNetwork) -> dict[str, Any]:
        """What monitoring would send."""

    def inject(self, live: LiveNetwork) -> None:
        """Break it."""

    def shows(self, live: LiveNetwork) -> bool:
        """Whether the network suffers from it now."""

    def heal(self, live: LiveNetwork) -> None:
        """As it was."""


def breakage(live: LiveNetwork, name: str, device: str = "", target: str = "", at: str = "") -> Breakage:
    """The fault called ``name`` on ``device`` towards ``target``, or at the resource ``at``; defaults where not given.

    Raises NotFoundError for an unknown name or device, InvalidInputError when it cannot happen there.
    """
    if name in MISHAPS or (name in CABLES and _switched(live, device, at)):
        return mishap_named(live, name, device, target, at)
    if name not in KINDS:
        raise NotFoundError(f"no fault {name!r}; there are {', '.join(NAMES)}", fault=name)
    if not at:
        return fault_named(live, name, device, target)
    found = fault_named(live, name, *_aim(live, at))
    if found.expect is not None and found.expect["resource"] != at:
        raise InvalidInputError(f"{name} cannot happen at {at}; there it would be {found.expect['resource']}")
    return found


def _switched(live: LiveNetwork, device: str, at: str) -> bool:
    """Whether a switch is meant: it has no sessions whose fall would tell of it."""
    named = re.split(r"[/:]|--", at)
    switches = {node.name for node in live.model.nodes.values() if node.running.spanning is not None}
    return device in switches or bool(switches & set(named))


def possible(live: LiveNetwork) -> list[str]:
    """The names of the faults that can happen in this network, in alphabetical order."""
    routed = [name for name in KINDS if _fits_somewhere(live, name)]
    mishaps = [name for name, kind in MISHAPS.items() if next(iter(kind.where(live)), None) is not None]
    return sorted([*routed, *mishaps])


def _fits_somewhere(live: LiveNetwork, name: str) -> bool:
    """Whether a BGP neighbour exists towards which the fault breaks anything."""
    for device, node in live.model.nodes.items():
        for address in () if node.running.bgp is None else node.running.bgp.neighbors:
            found = fault_named(live, name, device, address)
            if found.kind.fits(found.plan):
                return True
    return False


def _aim(live: LiveNetwork, at: str) -> tuple[str, str]:
    """The device of a resource id, and the neighbour that it strikes towards; empty: any."""
    kind, _, rest = at.partition("/")
    if kind == "node":
        return rest, ""
    for cable in live.model.cables:
        for end in (cable.a, cable.b):
            if at in (cable.resource, f"interface/{end.device}/{end.interface}"):
                return end.device, cable.other(end).device
    raise InvalidInputError(f"no cable of the network meets {at}; expected a link of it or an end of one", field="at")
