"""The process that tells people: targets out of the settings, the watch, the outbox."""

import asyncio
from pathlib import Path

from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.runtime import Context, Role
from nocmesh.settings import Settings
from nocmesh_bridges.notify.outbox import Outbox
from nocmesh_bridges.notify.sending import Sender, problem
from nocmesh_bridges.notify.targets import Target, targets_of
from nocmesh_bridges.notify.watching import Watch

BUCKET = "notified"
LARGEST = 100_000
"""Letters of a file of targets."""


def targets_in(settings: Settings) -> list[Target]:
    """The targets that ``settings`` name. Raises InvalidInputError, PreconditionError for a file that is not there."""
    text = settings.notify.get_secret_value() if settings.notify else ""
    return targets_of(text, _read)


async def run(context: Context) -> None:
    """Tell until the context says stop. Raises InvalidInputError, PreconditionError for settings that make no sense."""
    targets = _usable(context, targets_in(context.settings))
    if not targets:
        context.log.warning("nobody_is_told", next="set NOCMESH_NOTIFY to one address of Apprise's or several")
        await context.stopping.wait()
        return
    settings, core = context.settings, context.mesh.core
    outbox = Outbox(
        core.bucket(BUCKET),
        Sender(),
        targets,
        most=settings.notify_per_minute,
        url=settings.url,
        clock=context.clock,
        log=context.log,
    )
    await outbox.open()
    context.log.info("notifying", targets=[target.name for target in targets], per_minute=settings.notify_per_minute)
    telling = asyncio.create_task(outbox.run(context.stopping, settings.shutdown_seconds / 2))
    try:
        watch = Watch(core, outbox, url=settings.url, clock=context.clock, log=context.log)
        await watch.run(context.stopping)
        await telling
    finally:
        telling.cancel()


def _usable(context: Context, targets: list[Target]) -> list[Target]:
    """One address that is wrong keeps nobody else from being told."""
    reasons = {target.name: problem(target) for target in targets}
    for name, reason in reasons.items():
        if reason:
            context.log.error("target_unusable", target=name, reason=reason)
    return [target for target in targets if not reasons[target.name]]


def _read(path: Path) -> str:
    try:
        text = path.expanduser().read_text("utf-8")
    except (OSError, ValueError, RuntimeError) as wrong:  # the last two: no UTF-8, no such home
        reason = wrong.strerror if isinstance(wrong, OSError) else str(wrong)
        raise PreconditionError(
            f"notify: {str(path)[:80]!r} is no address (SCHEME://…) and no file that can be read: {reason}"
        ) from wrong
    if len(text) > LARGEST:
        raise InvalidInputError(f"notify: {path} is larger than {LARGEST} letters", field="notify")
    return text


role = Role(name="notify", bus_role="notify", run=run)
