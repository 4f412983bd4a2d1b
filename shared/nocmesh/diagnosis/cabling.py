"""Links as both of their ends see them: shut down, gone, without carrier, or well."""

from dataclasses import dataclass
from functools import cached_property

from nocmesh.diagnosis.facts import Facts
from nocmesh.messages.state import Interface
from nocmesh.network import End, Link


@dataclass(frozen=True)
class Cable:
    """One link of the inventory, with what was seen of its ends."""

    link: Link
    facts: Facts

    @property
    def ends(self) -> tuple[End, End]:
        """Its two ends, as the inventory lists them."""
        return self.link.a, self.link.b

    def seen(self, end: End) -> Interface | None:
        """The interface at ``end``; None when nobody looked, or it is not there."""
        return self.facts.interface(end)

    @property
    def intended_off(self) -> bool:
        """Somebody says that one end at least shall be down, or may be: then silence on the link is as it should be."""
        return any(self.facts.intended_off(end) for end in self.ends)

    @cached_property
    def shut(self) -> list[End]:
        """Ends that are shut down by configuration, against the inventory."""
        return [e for e in self.ends if _enabled(self.seen(e)) is False and not self.facts.intended_off(e)]

    @cached_property
    def gone(self) -> list[End]:
        """Ends whose device was seen without that interface."""
        return [e for e in self.ends if self._listed(e) and self.seen(e) is None and not self.facts.intended_off(e)]

    @cached_property
    def dark(self) -> list[End]:
        """Ends that are up administratively and have no carrier; a member that its bundle suspends has one."""
        silent = [e for e in self.ends if _enabled(self.seen(e)) is not False and _up(self.seen(e)) is False]
        return [e for e in silent if not self._suspended(e)]

    def _suspended(self, end: End) -> bool:
        """LACP keeps the member out (flag `s` of Cisco and Arista): the link itself carries its frames."""
        sight = self.facts.sight(end.device)
        lags = sight.switching.lags if sight and sight.switching else []
        return any("s" in m.flags for lag in lags for m in lag.members if m.interface == end.interface)

    @cached_property
    def misaddressed(self) -> list[tuple[End, str]]:
        """Ends whose IPv4 address is not the inventory's, each with the fault type that says how."""
        return [(end, fault) for end in self.ends if (fault := self.facts.misaddressed(end))]

    @property
    def unreachable(self) -> bool:
        """One of its devices does not answer, so that a dark end proves nothing about the cable."""
        sights = [self.facts.sight(end.device) for end in self.ends]
        return any(sight is not None and sight.unreachable for sight in sights)

    @property
    def broken(self) -> bool:
        """It carries nothing, whoever is to blame; a link that is meant to be off is not broken."""
        return not self.intended_off and bool(self.shut or self.gone or self.dark)

    @property
    def down(self) -> bool:
        """No carrier, and no end explains it by its configuration: the medium itself."""
        return self.broken and not (self.shut or self.gone or self.unreachable)

    def _listed(self, end: End) -> bool:
        sight = self.facts.sight(end.device)
        return bool(sight and not sight.unreachable and sight.interfaces)


def cables_of(facts: Facts) -> list[Cable]:
    """The links with an end on a device that was looked at."""
    return [Cable(link, facts) for link in facts.network.links if {link.a.device, link.b.device} & set(facts.sights)]


def _enabled(interface: Interface | None) -> bool | None:
    return interface.enabled if interface else None


def _up(interface: Interface | None) -> bool | None:
    return interface.oper_up if interface else None
