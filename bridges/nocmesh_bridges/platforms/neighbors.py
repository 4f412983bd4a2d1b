"""The view `neighbors` from two tables: who has which address, and who speaks LLDP. Pure."""

from collections.abc import Callable, Sequence

from nocmesh.messages.state import LldpNeighbor, NeighborEntry, Neighbors, Output, ViewStatus
from nocmesh_bridges.platforms.protocol import Parsed, Read, told
from nocmesh_bridges.platforms.tables import Line, Table


def neighbors_of(
    arp: Table, entry: Callable[[Line], NeighborEntry], lldp: Table, near: Callable[[Line], LldpNeighbor]
) -> Read:
    """The view from an answer in ``arp`` and, where the device speaks it, one in ``lldp``; each line by its reader."""

    def neighbors(answers: Sequence[Output], status: ViewStatus) -> Parsed:
        addresses, spoken = answers
        found = [near(line) for line in lldp.rows(spoken.text)] if told(spoken.status) else []
        value = Neighbors(entries=[entry(line) for line in arp.rows(addresses.text)], lldp=found)
        return Parsed(status="parsed" if found else status, value=value)

    return neighbors
