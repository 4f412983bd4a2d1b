"""Looking into the database: every table, its newest rows, no secret."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nocmesh.clock import SystemClock
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.store.database import Database, existing
from nocmesh.store.people import People
from nocmesh.store.showing import TABLES, Shown
from nocmesh.store.tables import IncidentRow

pytestmark = pytest.mark.real
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_every_table_is_listed_with_its_size_and_the_newest_rows_come_first(tmp_path: Path) -> None:
    async with await Database.open(f"sqlite:///{tmp_path / 'a.db'}") as database:
        async with database.writing() as session:
            for number in range(3):
                opened = NOON + timedelta(hours=number)
                session.add(IncidentRow(incident_id=f"i{number}", state="open", opened_at=opened))
            session.add(IncidentRow(tenant="other", incident_id="theirs"))
        shown = Shown(database)
        sizes = {each["table"]: each["rows"] for each in await shown.tables()}
        assert sizes == {**dict.fromkeys(TABLES, 0), "incidents": 3}
        assert [row["incident_id"] for row in await shown.rows("incidents", 2)] == ["i2", "i1"]


async def test_what_opens_doors_is_masked(tmp_path: Path) -> None:
    async with await Database.open(f"sqlite:///{tmp_path / 'a.db'}") as database:
        people = People(database, SystemClock())
        await people.ensure_users([_User()])
        token = await people.create_token("nina", ("read",), None)
        [row] = await Shown(database).rows("personal_tokens", 10)
        assert (row["user"], row["hash"]) == ("nina", "(masked)")
        assert token not in str(row)


async def test_an_unknown_table_and_an_odd_limit_are_answered_with_what_there_is(tmp_path: Path) -> None:
    async with await Database.open(f"sqlite:///{tmp_path / 'a.db'}") as database:
        with pytest.raises(NotFoundError, match="'incident'; known: alerts, incidents"):
            await Shown(database).rows("incident", 10)
        with pytest.raises(InvalidInputError, match="1 to 500"):
            await Shown(database).rows("incidents", 0)


def test_looking_for_a_database_makes_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no database .*b\.db"):
        existing(f"sqlite:///{tmp_path / 'b.db'}")
    assert list(tmp_path.iterdir()) == []
    assert existing("postgresql://nobody@nowhere/db").startswith("postgresql")


class _User:
    name = "nina"
    roles = ("operator",)
