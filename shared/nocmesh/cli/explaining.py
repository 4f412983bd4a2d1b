"""Printing the explanation of an incident: as text for the terminal, as Markdown, or as data."""

import shutil
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from nocmesh.cli.asked import Asked
from nocmesh.cli.client import Client
from nocmesh.cli.output import Format, put, show_one
from nocmesh.errors import PreconditionError
from nocmesh.explaining.render import WIDTH, as_markdown, as_text
from nocmesh.messages.explanation import Explanation

PATH = "/api/incidents/{}/explanation"
NARROWEST = 40


async def explain_incident(asked: Asked, incident_id: str, *, markdown: bool) -> None:
    """Print the explanation of one incident."""
    async with asked.client() as client:
        found = await client.get(PATH, incident_id)
    if asked.form is not Format.TABLE:
        show_one(found, "incident_id", asked.form)
        return
    put(as_markdown(read(found)).rstrip() if markdown else text_of(read(found)))


async def explanation_of(client: Client, incident_id: str) -> Explanation:
    """The explanation as it stands now."""
    return read(await client.get(PATH, incident_id))


def text_of(explanation: Explanation) -> str:
    """``explanation`` as text, as wide as the terminal where somebody reads it there."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
    return as_text(explanation, max(NARROWEST, min(columns, WIDTH))).rstrip()


def read(body: Mapping[str, Any]) -> Explanation:
    """The explanation in ``body``. Raises PreconditionError: another version of the dashboard answered."""
    try:
        return msgspec.convert(body, Explanation)
    except msgspec.ValidationError as wrong:
        raise PreconditionError(
            f"the dashboard's explanation cannot be read ({wrong}): it is of another version; ask with its own commands"
        ) from wrong
