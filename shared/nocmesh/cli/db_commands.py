"""``nocmesh db``: what was recorded, straight from the database; no mesh needs to run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nocmesh.cli.options import Data
from nocmesh.cli.output import Format

group = typer.Typer(name="db", help="What was recorded.", no_args_is_help=True, rich_markup_mode=None)

COLUMNS = 6
"""A table has room for so many; the other forms show all."""


@group.callback()
def _db() -> None:
    """What was recorded."""


@group.command("show")
def show(
    table: Annotated[str, typer.Argument(help="Which table; without one all are listed, with their sizes.")] = "",
    limit: Annotated[int, typer.Option(help="How many rows at most, the newest.")] = 20,
    output: Annotated[Format, typer.Option("-o", "--output", help="table, json, yaml, name.")] = Format.TABLE,
    data: Data = None,
) -> None:
    """Look into the database of a data folder (or NOCMESH_DATABASE_URL): every table, or the rows of one."""
    import asyncio

    asyncio.run(_show(table, limit, output, data))


async def _show(table: str, limit: int, form: Format, data: Path | None) -> None:
    from nocmesh.cli.output import show_list
    from nocmesh.settings import Settings
    from nocmesh.store.database import Database, existing
    from nocmesh.store.showing import Shown

    # Only what is given: a None would hide the environment's value.
    settings = Settings(**({"data": data} if data else {}))
    async with await Database.open(existing(settings.database_url)) as database:
        shown = Shown(database)
        if not table:
            show_list(await shown.tables(), ("table", "rows"), "table", form)
            return
        rows = await shown.rows(table, limit)
    columns = _columns(rows)
    show_list(rows, columns, columns[0] if columns else "", form)


def _columns(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """The first ones that hold no nested data, for a table."""
    first = rows[0] if rows else {}
    return tuple(name for name, value in first.items() if not isinstance(value, dict))[:COLUMNS]
