"""One message to each target, and what came of it: what `nocmesh notify test` runs. Prints JSON."""

import asyncio
import sys
from typing import Any

import msgspec

from nocmesh.clock import SystemClock
from nocmesh.errors import NocmeshError
from nocmesh.ids import new_id
from nocmesh.settings import Settings
from nocmesh_bridges.notify.note import Note
from nocmesh_bridges.notify.role import targets_in
from nocmesh_bridges.notify.sending import Sender
from nocmesh_bridges.notify.targets import Target


async def tried(settings: Settings) -> list[dict[str, Any]]:
    """A row a target. Raises InvalidInputError, PreconditionError for settings that make no sense."""
    now = SystemClock().now()
    note = Note(
        key=new_id(now),
        title="nocmesh: a test",
        text=f"This target is told by nocmesh.\n{settings.url}",
        severity="info",
        at=now,
    )
    sender = Sender()
    return list(await asyncio.gather(*(_row(sender, target, note) for target in targets_in(settings))))


async def _row(sender: Sender, target: Target, note: Note) -> dict[str, Any]:
    try:
        await sender.send(target, note)
    except NocmeshError as wrong:
        return {"target": target.name, "hears": target.word, "told": False, "reason": wrong.message}
    return {"target": target.name, "hears": target.word, "told": True, "reason": ""}


def main() -> int:
    """The rows on stdout; what is wrong with the settings on stderr."""
    try:
        rows = asyncio.run(tried(Settings()))
    except NocmeshError as wrong:
        sys.stderr.write(f"error: {wrong.message}\n")
        return wrong.exit_code
    sys.stdout.write(msgspec.json.encode(rows).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
