"""The commands that read the audit: from the bus with a key that may do nothing else, or from a file."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from nocmesh.audit.anchors import line_of as anchor_line
from nocmesh.audit.anchors import read_anchors
from nocmesh.audit.chain import Examined, Verifier
from nocmesh.audit.reading import Stored, in_file, on_the_bus
from nocmesh.audit.telling import Wish, chooser, line_of
from nocmesh.bus import Authority, Credentials
from nocmesh.cli.output import Format, as_json, say, show_done, show_list, show_one
from nocmesh.clock import SystemClock
from nocmesh.errors import PreconditionError
from nocmesh.launch.home import Home
from nocmesh.launch.mesh import Identity, issue
from nocmesh.messages.people import AuditHead
from nocmesh.settings import Settings

COLUMNS = ("index", "at", "actor", "action", "target", "why", "evidence", "by")
AUDITOR = Identity("auditor", "auditor")
BROKEN = 1


@asynccontextmanager
async def reading(settings: Settings, file: Path | None) -> AsyncIterator[AsyncGenerator[Stored, None]]:
    """The chain: of ``file``, else of the mesh that the settings name or that runs in the data folder."""
    if file is not None:
        async with aclosing(in_file(file)) as stored:
            yield stored
        return
    credentials = auditor(settings)
    running = Home(settings.data).endpoint()
    url = settings.nats_url or (running.nats_url if running else credentials.url)
    if not url:
        raise PreconditionError("no broker is named: start a mesh with `nocmesh up`, or use --nats or NOCMESH_NATS_URL")
    async with on_the_bus(url, credentials) as stored:
        yield stored


def auditor(settings: Settings) -> Credentials:
    """The credentials of NOCMESH_CREDENTIALS, where it names a file; else an auditor's, issued by the mesh's own keys.

    Raises NotFoundError when there are no keys, PreconditionError.
    """
    if settings.credentials and settings.credentials.is_file():
        return Credentials.load(settings.credentials)
    home = Home(settings.data)
    issue(Authority.open(home.keys), home, [AUDITOR], settings.nats_url or "")
    return Credentials.load(home.credentials(AUDITOR.name))


async def examined(settings: Settings, file: Path | None, anchors: list[AuditHead]) -> Examined:
    """Walk along the whole chain, up to the first wrong entry."""
    verifier = Verifier(anchors)
    async with reading(settings, file) as stored:
        async for entry in stored:
            if verifier.take(entry):
                break
    return verifier.end()


async def verify(settings: Settings, file: Path | None, anchor: Path | None, form: Format) -> int:
    """Print whether it is whole; 1 when the chain is broken."""
    found = await examined(settings, file, _anchors(anchor))
    _tell(found)
    show_one(found.to_dict(), "state", form)
    return BROKEN if found.first_wrong else 0


async def anchor(settings: Settings, file: Path | None, out: Path | None, form: Format) -> int:
    """Print the end of the chain, and append it to ``out``; 1 when the chain is broken: then nothing is appended."""
    found = await examined(settings, file, _older(out))
    _tell(found)
    if found.first_wrong or found.head is None:
        return BROKEN
    head = AuditHead(index=found.head.index, hash=found.head.hash, at=SystemClock().now().isoformat())
    if out is not None:
        with out.open("a") as lines:
            lines.write(anchor_line(head) + "\n")
    show_one(head.to_dict(), "hash", form)
    return 0


async def show(settings: Settings, file: Path | None, wish: Wish, form: Format) -> None:
    """Print the entries that are asked for: each on a line, or whole."""
    wanted, strange, rows = chooser(wish, SystemClock().now()), 0, []
    async with reading(settings, file) as stored:
        async for entry in stored:
            if isinstance(entry, str) or "index" not in entry:
                strange += 1
            elif wanted(entry):
                rows.append(line_of(entry) if form is Format.TABLE else entry)
    if strange:
        say(f"{strange} more that are no entries: `nocmesh audit verify` tells where")
    show_list(rows, COLUMNS, "index", form)


async def export(settings: Settings, out: Path, form: Format) -> None:
    """Write the chain to ``out``; what is no entry becomes a line that is none either."""
    entries = 0
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        async with reading(settings, None) as stored:
            async for entry in stored:
                file.write(as_json(entry) + "\n")
                entries += 1
    show_done({"file": str(out), "entries": entries}, "file", form)


def _anchors(path: Path | None) -> list[AuditHead]:
    return read_anchors(path.read_bytes().splitlines(), str(path)) if path else []


def _older(path: Path | None) -> list[AuditHead]:
    """The anchors that ``path`` holds already: none, where it is to be begun."""
    return _anchors(path) if path and path.exists() and path.stat().st_size else []


def _tell(found: Examined) -> None:
    if found.first_wrong:
        say(f"the audit is broken: {found.first_wrong.text}")
        say(f"found {found.first_wrong.found}, expected {found.first_wrong.expected}")
    elif found.head is None:
        say("the audit is empty")
    elif found.anchors:
        say(f"the audit is whole: {found.entries} entries, and {found.anchors} anchors agree")
    else:
        say(f"the audit is whole in itself: {found.entries} entries; only --anchor shows whether its end was cut off")
