"""Opening a database."""

import asyncio
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlmodel import select

from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.store.database import Database, alembic_config
from nocmesh.store.tables import User

pytestmark = pytest.mark.real


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), User.metadata))


async def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    async with database.reading() as session:
        assert await (await session.connection()).run_sync(_differences) == []


async def test_opening_again_changes_nothing(fresh_url: str) -> None:
    async with await Database.open(fresh_url) as database, database.writing() as session:
        session.add(User(name="nina", roles=["operator"]))
    async with await Database.open(fresh_url) as database, database.reading() as session:
        assert (await session.exec(select(User))).one().roles == ["operator"]


@pytest.mark.mesh
async def test_processes_that_start_together_migrate_once(fresh_url: str) -> None:
    script = (
        "import asyncio, sys\n"
        "from nocmesh.store.database import Database, alembic_config\n"
        "async def main():\n"
        "    await (await Database.open(sys.argv[1])).close()\n"
        "asyncio.run(main())\n"
    )
    started = [await asyncio.create_subprocess_exec(sys.executable, "-c", script, fresh_url) for _ in range(2)]
    assert [await process.wait() for process in started] == [0, 0]


async def test_opening_many_times_at_once_is_safe(fresh_url: str) -> None:
    opened = await asyncio.gather(*(Database.open(fresh_url) for _ in range(4)))
    for database in opened:
        await database.close()


async def test_concurrent_writers_wait_for_each_other(database: Database) -> None:
    async def add(name: str) -> None:
        async with database.writing() as session:
            counter = await session.get(User, ("default", "counter"))
            assert counter is not None
            session.add(User(name=name))

    async with database.writing() as session:
        session.add(User(name="counter"))
    await asyncio.gather(*(add(f"u{n}") for n in range(10)))
    async with database.reading() as session:
        assert len((await session.exec(select(User))).all()) == 11


async def test_an_error_rolls_everything_back(database: Database) -> None:
    async def add_and_fail() -> None:
        async with database.writing() as session:
            session.add(User(name="ghost"))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await add_and_fail()
    async with database.reading() as session:
        assert (await session.exec(select(User))).all() == []


async def test_sqlite_is_in_wal_mode_and_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "mesh.db"
    async with await Database.open(f"sqlite:///{path}") as database, database.reading() as session:
        assert database.dialect == "sqlite"
        found = {
            name: (await (await session.connection()).execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 5000, "foreign_keys": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://u:hunter2@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://u:hunter2@h:x/d"]
)
async def test_a_url_that_we_do_not_speak_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidInputError, match="expected sqlite:///FILE or postgresql://") as caught:
        await Database.open(url)
    assert "hunter2" not in str(caught.value)


async def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(PreconditionError, match=r"127\.0\.0\.1:1/mesh cannot be opened") as caught:
        await Database.open("postgresql://u:hunter2@127.0.0.1:1/mesh")
    assert "hunter2" not in str(caught.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mesh.db"
    path.write_bytes(b"this is a letter, not a database" * 40)
    with pytest.raises(PreconditionError, match="file is not a database"):
        await Database.open(f"sqlite:///{path}")


async def test_a_database_of_a_newer_version_is_left_alone(fresh_url: str) -> None:
    async with await Database.open(fresh_url) as database, database.writing() as session:
        await (await session.connection()).execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(PreconditionError, match="newer version"):
        await Database.open(fresh_url)


async def test_the_migrations_lead_back_and_forth(fresh_url: str) -> None:
    async with await Database.open(fresh_url) as database, database.writing() as session:
        connection = await session.connection()
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert tables == ["alembic_version"]
    async with await Database.open(fresh_url) as again, again.reading() as session:
        assert await (await session.connection()).run_sync(_differences) == []


def _held(path: Path) -> sqlite3.Connection:
    """A file that is not in WAL mode yet, in the middle of another process's write."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE theirs (x)")
    other.execute("BEGIN IMMEDIATE")
    return other


async def test_opening_waits_for_a_file_that_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "mesh.db"
    with closing(_held(path)) as other:
        opening = asyncio.create_task(Database.open(f"sqlite:///{path}"))
        done, _ = await asyncio.wait({opening}, timeout=0.15)
        assert not done
        other.execute("ROLLBACK")
    await (await opening).close()


async def test_opening_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh.store.database.LOCKED_SECONDS", 0.1)
    path = tmp_path / "mesh.db"
    with closing(_held(path)), pytest.raises(PreconditionError, match=r"mesh\.db cannot be opened: database is locked"):
        await Database.open(f"sqlite:///{path}")


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError, match="cannot be opened"):
        await Database.open(f"sqlite:///{tmp_path}")
