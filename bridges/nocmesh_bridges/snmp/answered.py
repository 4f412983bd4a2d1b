"""What a device answered for one table, with the line in which each fact stands. Pure."""

from collections.abc import Mapping

from nocmesh.messages.state import Quote
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.value import VarBind


class Answered:
    """What a device answered for one table: single objects, and columns by instance."""

    def __init__(self, commands: Mapping[str, str], scalars: Mapping[str, VarBind], columns: Mapping[str, "Column"]):
        self._commands = commands
        self._scalars = scalars
        self.columns = columns

    def scalar(self, name: str) -> VarBind | None:
        """A single object's value; None where the device has none."""
        bind = self._scalars.get(name)
        return None if bind is None or bind.value.kind in v.ABSENT else bind

    def cell(self, name: str, row: str) -> VarBind | None:
        """A column's value in a row."""
        return self.columns.get(name, {}).get(row)

    def number(self, name: str, row: str) -> int | None:
        """Likewise, as a number."""
        bind = self.cell(name, row)
        return bind.value.number if bind else None

    def words(self, name: str, row: str) -> str:
        """Likewise, as text."""
        bind = self.cell(name, row)
        return bind.value.words if bind else ""

    def quote(self, name: str, row: str) -> Quote | None:
        """Where the fact stands."""
        bind = self.cell(name, row)
        return Quote(command=self._commands[name], text=bind.line) if bind else None

    def quotes(self, *names: str) -> list[Quote]:
        """Where single objects stand."""
        found = [(name, self.scalar(name)) for name in names]
        return [Quote(command=self._commands[name], text=bind.line) for name, bind in found if bind]

    @property
    def known(self) -> bool:
        """Whether the device knows any of it at all."""
        return any(self.columns.values()) or any(self.scalar(name) for name in self._scalars)


Column = Mapping[str, VarBind]
"""By instance: the arcs after the column's."""
