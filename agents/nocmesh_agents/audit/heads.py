"""The end of the chain, told regularly, signed, on the feed and in the log: whoever keeps it can check the chain."""

from nocmesh.errors import NocmeshError
from nocmesh.messages.people import AuditEntry, AuditHead
from nocmesh.runtime import Context, until
from nocmesh.subjects import Zone, subject

SECONDS = 60.0
ALL = "ai.audit.>"


class Heads:
    """Tells each new end once, also when several instances run."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told = -1

    async def run(self) -> None:
        """Every minute, and once more at the end."""
        while not await until(self._context.stopping, SECONDS):
            await self.tell()
        await self.tell()

    async def tell(self) -> None:
        """Tell where the chain ends, unless that was told. Never raises: the next minute tells it anew."""
        try:
            head = await self._head()
            if head is not None and head.index != self._told:
                self._context.log.info("audit_head", index=head.index, hash=head.hash)
                await self._publish(head)
                self._told = head.index
        except NocmeshError as wrong:
            self._context.log.warning("head_not_told", reason=wrong.message)

    async def _head(self) -> AuditHead | None:
        last = await self._context.mesh.core.last(ALL, AuditEntry)
        if last is None:
            return None
        return AuditHead(index=last.body.index, hash=last.body.hash, at=self._context.clock.now().isoformat())

    async def _publish(self, head: AuditHead) -> None:
        mesh = self._context.mesh
        if Zone.EXT not in mesh.zones:
            self._context.log.warning("head_only_logged", next="issue the credentials of the audit anew")
            return
        await mesh.ext.publish(subject("ai.feed.audit"), head, id=f"audit-head:{head.hash}")
