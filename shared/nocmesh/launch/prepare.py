"""What must be right before roles begin: policy and inventory are sound, the database is there, its users can come in.

It happens in a process of its own that ends, because SQL and YAML would double the memory of the one that stays.
"""

import asyncio
import os
import sys
from collections.abc import Mapping

import msgspec

from nocmesh.clock import SystemClock
from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError, NotFoundError, PreconditionError
from nocmesh.settings import Settings

SCOPES = ("read", "approve")
_KINDS: Mapping[int, type[NocmeshError]] = {
    kind.exit_code: kind for kind in (InvalidInputError, PreconditionError, NotFoundError, DeniedError)
}


async def prepare(settings: Settings) -> dict[str, str]:
    """Check and make all that; gives a token for each user of the inventory that has none yet: shown only now.

    Raises NotFoundError or InvalidInputError about policy or inventory, PreconditionError about the database or a key's
    file.
    """
    from nocmesh.inventory import Inventory, check_keys, load_inventory
    from nocmesh.policy.policy import policy_of
    from nocmesh.safe.store import names_stored
    from nocmesh.store.database import Database
    from nocmesh.store.people import People

    policy_of(settings.policy)
    none = Inventory(devices=[], links=[], users=[])
    inventory = load_inventory(settings.inventory, stored=names_stored(settings)) if settings.inventory else none
    check_keys(inventory)
    users = inventory.users
    async with await Database.open(settings.database_url) as database:
        people = People(database, SystemClock())
        if settings.inventory:
            await people.ensure_users(users)
        without = [user.name for user in users if not await people.tokens(user.name)]
        return {name: await people.create_token(name, SCOPES, None) for name in without}


class Preparation:
    """The process: it loads at once, and does its work when ``tokens`` is called."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, environment: Mapping[str, str]) -> "Preparation":
        """Start it, told by ``environment`` what the settings are."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "nocmesh.cli",
            "prepare",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        return cls(process)

    async def tokens(self) -> dict[str, str]:
        """The first tokens. Raises what ``prepare`` raises."""
        out, told = await self._process.communicate(b"go\n")
        if self._process.returncode:
            text = told.decode(errors="replace").strip().removeprefix("error: ")
            raise _KINDS.get(self._process.returncode, NocmeshError)(text)
        return msgspec.json.decode(out, type=dict[str, str])

    async def end(self) -> None:
        """End it where it did not come to its work."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()
