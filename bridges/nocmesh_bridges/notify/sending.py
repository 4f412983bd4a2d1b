"""The door to Apprise: one message to one target, in a thread of its own, within a bound.

Apprise is synchronous, and says why something failed in its log alone. What it says is told without any part of the
target's address, because that is where its tokens are.
"""

import asyncio
import logging
import re
import threading
from collections import defaultdict
from contextlib import suppress
from urllib.parse import unquote

import apprise

from nocmesh.errors import NocmeshError, PreconditionError, TooLateError
from nocmesh_bridges.notify.note import Note
from nocmesh_bridges.notify.targets import Target

SECONDS = 20.0
"""For connecting, the handshake and an answer; Apprise bounds each of them by 4 s itself, e-mail by 15 s."""
_LOGGER = "apprise"


class Sender:
    """Sends, to each target one after the other. Where a sending is stuck, none is begun before that ends."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._stuck: set[str] = set()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        logging.getLogger(_LOGGER).propagate = False  # its lines may hold addresses; `_Heard` takes them from it

    async def send(self, target: Target, note: Note) -> None:
        """Tell ``note`` to ``target``.

        Raises TooLateError when it took too long, PreconditionError with Apprise's reason when it was not taken.
        """
        async with self._turns[target.name]:
            await self._sent(target, note)

    async def _sent(self, target: Target, note: Note) -> None:
        if target.name in self._stuck:
            raise TooLateError(f"target {target.name}: the message before is still stuck there; look at the target")
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        failures: list[NocmeshError] = []

        def work() -> None:
            try:
                _tell(target, note)
            except PreconditionError as wrong:
                failures.append(wrong)
            except Exception as wrong:  # noqa: BLE001 - whatever a plugin raises is a message that did not go
                failures.append(_refused(target, f"{type(wrong).__name__}: {wrong}"))
            finally:
                self._stuck.discard(target.name)
                with suppress(RuntimeError):  # nobody waits any more: the loop is closed
                    loop.call_soon_threadsafe(done.set)

        self._stuck.add(target.name)
        # Not the loop's own executor: a thread that hangs there would keep the process from ending.
        threading.Thread(target=work, name=f"notify-{target.name}", daemon=True).start()
        try:
            async with asyncio.timeout(self._seconds):
                await done.wait()
        except TimeoutError as late:
            raise TooLateError(f"target {target.name}: no answer within {self._seconds:g} s") from late
        if failures:
            raise failures[0]


def problem(target: Target) -> str:
    """Why Apprise can make nothing of its address; an empty text: it can."""
    try:
        _plugin(target)
    except PreconditionError as wrong:
        return wrong.message
    return ""


def scrubbed(text: str, address: str) -> str:
    """``text`` without any part of ``address`` that could be a name, a token or a password."""
    scheme = address.partition(":")[0].lower()
    parts = {part for part in re.split(r"[/:@?&=#,\s]+", address) if len(part) >= 4 and part.lower() != scheme}
    for part in sorted(parts | {unquote(part) for part in parts}, key=len, reverse=True):
        text = text.replace(part, "…")
    return " ".join(text.split())[:300]


def _tell(target: Target, note: Note) -> None:
    plugin = _plugin(target)
    heard = _Heard()
    logger = logging.getLogger(_LOGGER)
    logger.addHandler(heard)
    try:
        taken = plugin.notify(
            title=note.title,
            body=note.text,
            notify_type=apprise.NotifyType(_KIND[note.severity]),
            body_format=apprise.NotifyFormat.TEXT,
        )
    finally:
        logger.removeHandler(heard)
    if not taken:
        raise _refused(target, "; ".join(dict.fromkeys(heard.lines)) or "no reason was given")


_KIND = {"info": "info", "warning": "warning", "critical": "failure"}


def _plugin(target: Target) -> apprise.NotifyBase:
    asset = apprise.AppriseAsset(
        app_id="nocmesh", app_desc="nocmesh", async_mode=False, storage_mode=apprise.PersistentStoreMode.MEMORY
    )
    heard = _Heard()
    logger = logging.getLogger(_LOGGER)
    logger.addHandler(heard)
    try:
        plugin = apprise.Apprise.instantiate(target.address, asset=asset)
    finally:
        logger.removeHandler(heard)
    if plugin is None:
        why = "; ".join(heard.lines) or "it knows no such scheme"
        raise PreconditionError(
            f"target {target.name}: Apprise makes nothing of its address: {scrubbed(why, target.address)}; "
            "correct NOCMESH_NOTIFY"
        )
    return plugin


def _refused(target: Target, why: str) -> PreconditionError:
    return PreconditionError(f"target {target.name}: not taken: {scrubbed(why, target.address)}")


class _Heard(logging.Handler):
    """What Apprise logs in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, when it is of this thread."""
        if record.thread == self._thread:
            self.lines.append(record.getMessage())
