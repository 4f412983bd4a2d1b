"""A database as a target of the mesh."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nocmesh.errors import DeviceError, GuardError, InvalidInputError, PreconditionError
from nocmesh.ids import digest
from nocmesh.messages.change import Change
from nocmesh_bridges.connect.form import DatabaseEntry
from nocmesh_bridges.connect.hand import Done, Mark, Rated
from nocmesh_bridges.connect.lines import lines_of, plain, values_in
from nocmesh_bridges.connect.targets import Targets, named
from nocmesh_bridges.connect.veil import Veil
from nocmesh_bridges.database.postgres import NotWrittenError, Postgres, StaleError
from nocmesh_bridges.database.statement import Statement, rated, reading, writing

MAX_PARAMETERS = 100
LOOKS, LOOK_AGAIN_SECONDS = 20, 0.25
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One statement that changes a database."""

    target: str
    statement: Statement
    parameters: tuple[Scalar, ...] = ()
    depends_on: Statement | None = None
    """A query whose rows must be the same when it is written as when it was proposed."""
    rows: int | None = None
    """How many rows it must change, no more and no fewer."""

    @property
    def lines(self) -> list[str]:
        """The statement, then what belongs to it."""
        values: dict[str, Any] = {f"${at}": value for at, value in enumerate(self.parameters, 1)}
        values |= {"depends on": self.depends_on.sql} if self.depends_on else {}
        values |= {} if self.rows is None else {"rows": self.rows}
        return lines_of(self.statement.sql, values)


class DatabaseHand:
    """PostgreSQL databases."""

    platform, looks, changes = "postgresql", "db_query", "db_write"

    def __init__(self, targets: Targets, key: bytes) -> None:
        """``key`` is that of the masks."""
        self._targets = targets
        self._key = key

    async def look(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The rows of a query: arguments ``target``, ``sql``, ``parameters``."""
        door = Postgres(self._entry(arguments), self._targets)
        veil = Veil(door.secrets, key=self._key)
        query, parameters = reading(str(arguments.get("sql", ""))), _parameters(arguments)
        try:
            found = await door.read(query, parameters)
        except DeviceError as wrong:
            raise type(wrong)(veil.text(wrong.message), device=wrong.device) from None
        account = "it could write: " + "; ".join(found.might_write) if found.might_write else "it can only read"
        rows = [veil.value(_row(row)) for row in found.rows]
        return {"rows": rows, "truncated": found.truncated, "account": account}

    def asked(self, arguments: Mapping[str, Any]) -> Write:
        """A write: arguments ``target``, ``sql``, ``parameters``, ``depends_on``, ``rows``."""
        entry = self._entry(arguments)
        if entry.writer is None:
            raise GuardError(f"{entry.name} has no writer in the target file", reason="no writer")
        depends_on, rows = arguments.get("depends_on"), arguments.get("rows")
        if rows is not None and (type(rows) is not int or rows < 0):
            raise InvalidInputError(f"'rows' is {rows!r}; expected how many rows change, a whole number", field="rows")
        return Write(
            target=entry.name,
            statement=writing(str(arguments.get("sql", ""))),
            parameters=_parameters(arguments),
            depends_on=reading(str(depends_on)) if depends_on else None,
            rows=rows,
        )

    def approved(self, change: Change) -> Write:
        """The write that its lines state."""
        values = values_in(change.commands)
        parameters = [values[name] for name in values if name.startswith("$")]
        more = {"depends_on": values.get("depends on"), "rows": values.get("rows")}
        return self.asked({"target": change.device, "sql": change.commands[0], "parameters": parameters, **more})

    def rated(self, ask: Write) -> Rated:
        """By its words."""
        return rated(ask.statement)

    async def state(self, ask: Write) -> str:
        """Of the rows that it depends on; with none, of which database it is."""
        door = self._door(ask.target)
        if ask.depends_on is None:
            return self._digest(door.entry, [])
        found = await door.read(ask.depends_on)
        if found.truncated:
            raise InvalidInputError(f"'depends_on' reads too much: {found.truncated}", field="depends_on")
        return self._digest(door.entry, found.rows)

    async def act(self, ask: Write, state: str, mark: Mark) -> Done:
        """In one transaction, marked by its id."""
        door, marked = self._door(ask.target), ""

        async def marking(xid: str) -> None:
            nonlocal marked
            await mark(xid)
            marked = xid

        try:
            said = await door.write(
                ask.statement,
                ask.parameters,
                fresh=lambda rows: self._digest(door.entry, rows) == state,
                depends_on=ask.depends_on,
                rows=ask.rows,
                mark=marking,
            )
        except (StaleError, NotWrittenError, PreconditionError) as wrong:
            return Done(outcome="failed", reason=Veil(door.secrets, key=self._key).text(wrong.message))
        except DeviceError as lost:
            if not marked:
                return Done(outcome="failed", reason=f"nothing was written: {lost.message}")
            known = await self.past(ask, marked)
            return replace(known, reason=f"{known.reason}: {lost.message}") if known else self._unknown(lost)
        return Done(outcome="confirmed", reason=said, answers=[said])

    async def _fate(self, ask: Write, mark: str) -> str:
        """Of a transaction whose session may just be ending: the server needs a moment to notice."""
        door, fate = self._door(ask.target), ""
        for _ in range(LOOKS):
            fate = await door.fate(mark)
            if fate != "in progress":
                break
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return fate

    def _unknown(self, lost: DeviceError) -> Done:
        return Done(outcome="unknown", reason=f"whether it was committed is not known: {lost.message}")

    async def past(self, ask: Write, mark: str) -> Done | None:
        """The database knows what became of a transaction."""
        fate = await self._fate(ask, mark)
        if fate == "committed":
            return Done(outcome="confirmed", reason=f"the database says that transaction {mark} was committed")
        if fate == "aborted":
            return Done(outcome="failed", reason=f"the database says that transaction {mark} was rolled back")
        return None

    def _entry(self, arguments: Mapping[str, Any]) -> DatabaseEntry:
        return named("database", self._targets.databases, str(arguments.get("target", "")))

    def _door(self, target: str) -> Postgres:
        return Postgres(self._entry({"target": target}), self._targets)

    def _digest(self, entry: DatabaseEntry, rows: list[str]) -> str:
        return digest([entry.address, entry.port, entry.database, entry.writer.user if entry.writer else "", rows])


def _parameters(arguments: Mapping[str, Any]) -> tuple[Scalar, ...]:
    """Raises InvalidInputError, GuardError."""
    given = arguments.get("parameters") or []
    if not isinstance(given, list) or len(given) > MAX_PARAMETERS:
        raise InvalidInputError(f"'parameters' is no list of at most {MAX_PARAMETERS} values", field="parameters")
    for at, value in enumerate(given, 1):
        if not isinstance(value, Scalar):
            raise InvalidInputError(f"${at} is no text, number, truth or null", field="parameters")
        plain(str(value), f"${at}")
    return tuple(given)


def _row(text: str) -> dict[str, Any]:
    def whole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise InvalidInputError("two columns have one name; give each its own with AS", field="sql")
        return dict(pairs)

    found: dict[str, Any] = json.loads(text, object_pairs_hook=whole)
    return found
