"""Real PostgreSQL: what only reads can only read, whatever is asked; a write is whole, fresh, and found again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from clusters import Cluster

from nocmesh.errors import DeviceError, DeviceUnreachableError, GuardError, InvalidInputError
from nocmesh.messages.change import Change
from nocmesh_bridges.connect.form import AccountEntry, DatabaseEntry
from nocmesh_bridges.connect.hand import Done
from nocmesh_bridges.connect.targets import Targets
from nocmesh_bridges.database.hand import DatabaseHand

pytestmark = pytest.mark.postgres

TABLES = """
CREATE TABLE sites (id int PRIMARY KEY, name text UNIQUE DEFERRABLE INITIALLY DEFERRED, address inet,
  secret_token text);
INSERT INTO sites VALUES (1, 'ams', '10.0.0.1', 'sesame-open'), (2, 'fra', '10.0.0.2', 'other-word');
CREATE SEQUENCE counted;
CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM sites RETURNING id';
CREATE FUNCTION liar() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN DELETE FROM sites; RETURN 1; END';
DROP ROLE IF EXISTS looker; CREATE ROLE looker LOGIN; GRANT SELECT ON sites TO looker;
"""


async def admin(url: str) -> Any:
    """A connection that may do everything, and that listens to no variable."""
    return await asyncpg.connect(url, target_session_attrs="any")  # type: ignore[no-untyped-call]


@dataclass
class Crm:
    """A database, and who may do what in it."""

    url: str
    targets: Targets

    def hand(self, **more: Any) -> DatabaseHand:
        [entry] = self.targets.databases
        changed = entry.model_copy(update=more)
        return DatabaseHand(Targets(databases=(changed,), folder=self.targets.folder), b"k")

    async def look(self, sql: str, *parameters: Any, **more: Any) -> dict[str, Any]:
        return await self.hand(**more).look({"target": "crm", "sql": sql, "parameters": list(parameters)})

    async def rows(self, sql: str = "SELECT id, name FROM sites ORDER BY id") -> list[tuple[Any, ...]]:
        connection = await admin(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    async def act(self, marks: list[str] | None = None, *, state: str = "", **arguments: Any) -> Done:
        hand = self.hand()
        ask = hand.asked({"target": "crm", **arguments})
        change = Change(change_id="c", device="crm", platform="postgresql", commands=ask.lines, rollback=[])
        assert hand.approved(change) == ask

        async def mark(xid: str) -> None:
            (marks if marks is not None else []).append(xid)

        return await hand.act(ask, state or await hand.state(ask), mark)


@pytest.fixture(scope="module")
def made(cluster: Cluster) -> str:
    return cluster.database()


@pytest.fixture
async def crm(made: str, cluster: Cluster, tmp_path: Path) -> Crm:
    connection = await admin(made)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")
    if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = 'looker'"):
        await connection.execute("DROP OWNED BY looker")
    await connection.execute(TABLES)
    await connection.close()
    (tmp_path / "password").write_text("not-asked-for\n")
    where = urlsplit(made)
    entry = DatabaseEntry.model_validate(
        {
            "name": "crm",
            "engine": "postgresql",
            "address": where.hostname,
            "port": where.port,
            "database": where.path[1:],
            "tls": "off",
            "seconds": 2,
            "rows": 10,
            "reader": {"user": "looker", "file": "password"},
            "writer": {"user": "postgres", "file": "password"},
        }
    )
    return Crm(made, Targets(databases=(entry,), folder=tmp_path))


@pytest.fixture
def superuser() -> dict[str, Any]:
    """The worst account to read with."""
    return {"reader": AccountEntry(user="postgres", file="password")}


async def test_a_query_gives_rows_in_their_order_with_secrets_masked(crm: Crm) -> None:
    found = await crm.look("SELECT id, name, address, secret_token FROM sites WHERE name = $1", "ams")
    [row] = found["rows"]
    assert list(row) == ["id", "name", "address", "secret_token"]
    assert row["id"] == 1
    assert row["address"] == "10.0.0.1"
    assert "sesame" not in str(found)
    assert (found["truncated"], found["account"]) == ("", "it can only read")


async def test_what_an_account_could_write_is_said(crm: Crm, superuser: dict[str, Any]) -> None:
    found = await crm.look("SELECT 1 AS one", **superuser)
    assert "it is a superuser" in found["account"]
    assert "it may write to tables of public" in found["account"]


HOSTILE = [
    "SELECT pg_terminate_backend(pg_backend_pid())",
    'SELECT "pg_terminate_backend"(pid) FROM pg_stat_activity',
    "SELECT pg_catalog.pg_cancel_backend(1)",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT setval('counted', 99)",
    "SELECT nextval('counted')",
    "SELECT pg_notify('a', 'b')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT lo_create(0)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_sleep(60)",
    "SELECT pg_reload_conf()",
    "SELECT query_to_xml('delete from sites', true, true, '')",
    "SELECT wipe()",
    "SELECT * FROM wipe()",
    "SELECT liar()",
    "WITH gone AS (DELETE FROM sites RETURNING id) SELECT * FROM gone",
    "WITH gone AS (INSERT INTO sites VALUES (9) RETURNING id) SELECT id FROM gone",
    "SELECT * INTO taken FROM sites",
    "SELECT id FROM sites FOR UPDATE",
    "SELECT 1 UNION SELECT wipe()",
    "VALUES ((SELECT wipe()))",
    "SELECT 1 LIMIT (SELECT wipe())",
    "SELECT 1 ORDER BY wipe()",
]


@pytest.mark.parametrize("sql", HOSTILE)
async def test_nothing_is_changed_by_what_is_asked_even_by_a_superuser(
    crm: Crm, superuser: dict[str, Any], sql: str
) -> None:
    with pytest.raises((GuardError, DeviceError)):
        await crm.look(sql, **superuser)
    assert await crm.rows() == [(1, "ams"), (2, "fra")]
    assert await crm.rows("SELECT last_value, is_called FROM counted") == [(1, False)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT generate_series(1, 11) AS n", "more than 10 rows"),
        ("SELECT repeat('x', 30000) AS x FROM generate_series(1, 10)", "more than 262144 bytes"),
    ],
)
async def test_more_than_the_target_allows_is_cut_off_and_said(crm: Crm, sql: str, said: str) -> None:
    found = await crm.look(sql)
    assert said in found["truncated"]
    assert 0 < len(found["rows"]) <= 10


async def test_rows_that_nobody_can_carry_and_names_that_are_two_are_refused(crm: Crm) -> None:
    with pytest.raises(InvalidInputError, match="a row has more"):
        await crm.look("SELECT repeat('x', 40000) AS x")
    with pytest.raises(InvalidInputError, match="two columns"):
        await crm.look("SELECT 1 AS a, 2 AS a")
    with pytest.raises(InvalidInputError, match=r"\$1"):
        await crm.look("SELECT * FROM sites WHERE id = $1", "one")


async def test_a_statement_ends_when_its_time_is_over(crm: Crm) -> None:
    slow = "SELECT count(*) FROM generate_series(1, 1000000000) AS a"
    with pytest.raises(DeviceError, match="statement timeout"):
        await crm.look(slow, seconds=0.2)


async def test_a_database_that_is_not_there_is_told(crm: Crm) -> None:
    with pytest.raises(DeviceUnreachableError, match=r"crm at 127\.0\.0\.1:1 cannot be reached"):
        await crm.look("SELECT 1", port=1)


# --- writes


async def test_a_write_is_one_transaction_and_says_what_it_changed(crm: Crm) -> None:
    marks: list[str] = []
    done = await crm.act(marks, sql="UPDATE sites SET name = $1 WHERE id = $2", parameters=["lon", 2], rows=1)
    assert (done.outcome, done.reason) == ("confirmed", "UPDATE 1")
    assert await crm.rows() == [(1, "ams"), (2, "lon")]
    ask = crm.hand().asked({"target": "crm", "sql": "UPDATE sites SET name = 'x' WHERE id = 1"})
    found = await crm.hand().past(ask, marks[0])
    assert found is not None
    assert found.outcome == "confirmed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sql": "UPDATE sites SET name = 'x' || id WHERE id > 0", "rows": 1}, "2 rows, not 1"),
        ({"sql": "UPDATE sites SET name = 'ams' WHERE id = 2"}, "unique"),
        ({"sql": "INSERT INTO sites VALUES (1, 'x')"}, "duplicate key"),
        ({"sql": "UPDATE sites SET name = 'x' WHERE wipe() = 1"}, "wipe may have effects"),
        ({"sql": "DELETE FROM nowhere WHERE id = 1"}, "does not exist"),
        ({"sql": "DELETE FROM sites WHERE id = $1", "parameters": ["one"]}, "invalid input"),
        ({"sql": "CREATE DATABASE more"}, "transaction block"),
    ],
)
async def test_a_write_that_fails_changes_nothing_and_says_so(crm: Crm, arguments: dict[str, Any], said: str) -> None:
    done = await crm.act(**arguments)
    assert done.outcome == "failed"
    assert said in done.reason
    assert await crm.rows() == [(1, "ams"), (2, "fra")]


async def test_what_a_write_depends_on_is_looked_at_in_its_own_transaction(crm: Crm) -> None:
    arguments: dict[str, Any] = {
        "sql": "DELETE FROM sites WHERE id = 2",
        "depends_on": "SELECT name FROM sites WHERE id = 2",
    }
    hand = crm.hand()
    state = await hand.state(hand.asked({"target": "crm", **arguments}))
    await crm.rows("UPDATE sites SET name = 'moved' WHERE id = 2 RETURNING id")
    done = await crm.act(state=state, **arguments)
    assert (done.outcome, "not as it was" in done.reason) == ("failed", True)
    assert len(await crm.rows()) == 2
    assert (await crm.act(**arguments)).outcome == "confirmed"


async def test_a_connection_that_breaks_in_the_commit_leaves_the_answer_to_the_database(
    crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is ended by the server itself, just before it would have committed."""

    async def mark(xid: str) -> None:
        await crm.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid IS NOT NULL")

    hand = crm.hand()
    ask = hand.asked({"target": "crm", "sql": "DELETE FROM sites WHERE id = 2"})
    done = await hand.act(ask, await hand.state(ask), mark)
    assert (done.outcome, "rolled back" in done.reason) == ("failed", True), done
    assert len(await crm.rows()) == 2


async def test_nothing_is_written_where_the_file_names_no_writer(crm: Crm) -> None:
    with pytest.raises(GuardError, match="no writer"):
        crm.hand(writer=None).asked({"target": "crm", "sql": "DELETE FROM sites WHERE id = 2"})


@pytest.fixture(autouse=True)
def _nobody_else_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says of another database is not listened to."""
    monkeypatch.setenv("PGHOST", "192.0.2.1")
    monkeypatch.setenv("PGUSER", "nobody")
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "standby")
